//! `copmesh completions` and `copmesh man`: what is known of the commands, for shells and for `man`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Failure, say};

/// Arguments of `completions`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh completions bash > /etc/bash_completion.d/copmesh
  copmesh completions zsh > ~/.zfunc/_copmesh
  copmesh completions fish > ~/.config/fish/completions/copmesh.fish")]
pub struct CompletionsArgs {
    /// For which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh man | man -l -
  copmesh man --out /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Write a page for each command to this folder, instead of the one for all to standard output.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Prints completions.
///
/// # Errors
/// [`Failure`] if standard output cannot be written.
pub fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "copmesh", &mut text);
    say(String::from_utf8_lossy(&text))
}

/// Prints or writes the manual.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub fn run(args: &ManArgs) -> Result<(), Failure> {
    let Some(folder) = &args.out else {
        return say(String::from_utf8_lossy(&page(Cli::command())?));
    };
    for (name, text) in pages()? {
        let path = folder.join(name);
        let write = || std::fs::File::create(&path)?.write_all(&text);
        write().map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
    }
    Ok(())
}

/// File names and texts: of the whole, and of each command.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut whole = Cli::command();
    whole.build();
    let mut pages = vec![("copmesh.1".to_owned(), page(whole.clone())?)];
    for command in whole.get_subcommands().filter(|command| command.get_name() != "help") {
        pages.push((format!("copmesh-{}.1", command.get_name()), page(command.clone())?));
    }
    Ok(pages)
}

fn page(command: clap::Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    Man::new(command).render(&mut text).map_err(Failure::failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples() {
        let pages = pages().expect("written");
        let commands = Cli::command().get_subcommands().count();
        assert_eq!(pages.len(), commands + 1);
        for (name, text) in &pages {
            let text = String::from_utf8_lossy(text);
            assert!(text.contains(".TH ") && text.contains("xample"), "{name}: {text}");
        }
    }

    #[test]
    fn every_command_that_answers_answers_programs_too() {
        // These run until they are stopped, or print what has a form of its own.
        const OTHERS: [&str; 4] = ["run", "export", "completions", "man"];
        let has_json = |command: &clap::Command| command.get_arguments().any(|arg| arg.get_long() == Some("json"));
        let whole = Cli::command();
        let without = whole.get_subcommands().filter(|command| !has_json(command)).map(clap::Command::get_name);
        assert_eq!(without.collect::<Vec<_>>(), OTHERS.to_vec());
    }

    #[test]
    fn the_commands_hang_together() {
        Cli::command().debug_assert();
    }
}
