//! `copmesh check`: is this configuration sound?

use std::path::Path;

use super::{CheckArgs, Failure, say};
use crate::config::Config;

/// Validates a configuration and says so.
///
/// # Errors
/// [`Failure`] with the file, the key and the remedy.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let config = read(&args.config)?;
    if args.print {
        say(config.to_toml())
    } else {
        let (path, count) = (args.config.display(), config.sensors.len());
        say(format_args!("{path}: good, node \"{}\" with {count} sensor(s)\n", config.node.name))
    }
}

/// Reads a configuration file.
///
/// # Errors
/// [`Failure`] with the file, the key and the remedy.
pub fn read(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))?;
    Config::parse(&text).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))
}
