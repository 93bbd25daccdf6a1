//! `copmesh check`: is this configuration sound?

use std::path::Path;

use super::{CheckArgs, Failure};
use crate::config::Config;

/// Validates a configuration and says so.
///
/// # Errors
/// [`Failure`] with the file, the key and the remedy.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let config = read(&args.config)?;
    if args.print {
        print!("{}", config.to_toml());
    } else {
        println!(
            "{}: good, node \"{}\" with {} sensor(s)",
            args.config.display(),
            config.node.name,
            config.sensors.len()
        );
    }
    Ok(())
}

/// Reads a configuration file.
///
/// # Errors
/// [`Failure`] with the file, the key and the remedy.
pub fn read(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))?;
    Config::parse(&text).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))
}
