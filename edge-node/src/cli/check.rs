//! `copmesh check`: is this configuration sound?

use std::path::Path;

use super::answers::{Checked, answer};
use super::{CheckArgs, Failure, say, say_json};
use crate::config::Config;

/// Validates a configuration and says so.
///
/// # Errors
/// [`Failure`] with the file, the key and the remedy.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let config = read(&args.config)?;
    if args.print {
        return if args.json { say_json(&config) } else { say(config.to_toml()) };
    }
    let (file, sensors) = (args.config.display().to_string(), config.sensors.len());
    answer(&Checked { file, node: config.node.name, sensors }, args.json)
}

/// Reads a configuration file.
///
/// # Errors
/// [`Failure`] with the file, the key and the remedy.
pub fn read(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))?;
    Config::parse(&text).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))
}
