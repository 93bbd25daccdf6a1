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
    /// Write a page for each command, and for each step of one, to this folder, instead of one to standard output.
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
        return say(String::from_utf8_lossy(&page(whole())?));
    };
    for (name, text) in pages()? {
        let path = folder.join(name);
        let write = || std::fs::File::create(&path)?.write_all(&text);
        write().map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
    }
    Ok(())
}

/// All commands, without `help`: pages would refer to one of its own, and the manual is help enough.
fn whole() -> clap::Command {
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    whole
}

/// File names and texts: of the whole, of each command, and of each step of those that have steps.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let (whole, mut pages) = (whole(), Vec::new());
    let mut waiting = vec![&whole];
    while let Some(command) = waiting.pop() {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        pages.push((format!("{name}.1"), page(command.clone())?));
        waiting.extend(command.get_subcommands());
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
    fn every_command_and_step_has_a_page_with_its_examples() {
        let pages = pages().expect("written");
        let steps = |command: &clap::Command| command.get_subcommands().count();
        let whole = Cli::command();
        assert_eq!(pages.len(), 1 + steps(&whole) + whole.get_subcommands().map(steps).sum::<usize>());
        for (name, text) in &pages {
            let text = String::from_utf8_lossy(text);
            assert!(text.contains(".TH ") && text.contains("xample"), "{name}: {text}");
        }
    }

    #[test]
    fn a_page_refers_to_no_page_that_is_not_there() {
        let pages = pages().expect("written");
        let is_there = |name: &str| pages.iter().any(|(file, _)| file.strip_suffix(".1") == Some(name));
        assert!(is_there("copmesh-enrol-sign") && is_there("copmesh-deny-list-install"));
        let mut references = 0;
        for (file, text) in &pages {
            let text = String::from_utf8_lossy(text).replace("\\-", "-");
            for name in text.split_whitespace().filter_map(|word| word.strip_suffix("(1)")) {
                references += 1;
                assert!(is_there(name), "{file} refers to {name}(1)");
            }
        }
        assert_eq!(references, pages.len() - 1, "each page but the first is referred to once");
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
