//! The log, on standard error: how much is said in it, from the start and while the node runs. `RUST_LOG` overrides
//! everything.

use std::env;
use std::io::stderr;

use tracing::warn;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::reload::{Handle, Layer};

use super::wants_colours;
use crate::config::LogLevel;

/// The log of this process.
#[derive(Debug)]
pub struct Log {
    usual: LogLevel,
    /// None where `RUST_LOG` has said it.
    filter: Option<Handle<Targets, Registry>>,
}

impl Log {
    /// Begins it: `verbose` is how often the command line asks for more, `daemon` whether it is of a node.
    #[must_use]
    pub fn start(verbose: u8, daemon: bool) -> Self {
        let usual = match (verbose, daemon) {
            (0, false) => LogLevel::Warn,
            (0, true) => LogLevel::Info,
            (1, _) => LogLevel::Debug,
            _ => LogLevel::Trace,
        };
        let told = env::var("RUST_LOG").ok().filter(|text| !text.is_empty()).map(|text| text.parse::<Targets>());
        let (told, wrong) = match told.transpose() {
            Ok(told) => (told, None),
            Err(wrong) => (None, Some(wrong)),
        };
        let is_told = told.is_some();
        let (filter, handle) = Layer::new(told.unwrap_or_else(|| filter(usual)));
        let printed = tracing_subscriber::fmt::layer().with_ansi(wants_colours(&stderr())).with_writer(stderr);
        tracing_subscriber::registry().with(printed.with_filter(filter)).with(crate::mesh::refusals::layer()).init();
        if let Some(wrong) = wrong {
            warn!(%wrong, "RUST_LOG is not of the form LEVEL,TARGET=LEVEL,... and is passed over");
        }
        Self { usual, filter: (!is_told).then_some(handle) }
    }

    /// Says from now on as much as the configuration wants, or the command line if that wants nothing.
    pub fn set(&self, wanted: Option<LogLevel>) {
        if let Some(handle) = &self.filter {
            // It fails only where the log is gone, and then nobody could be told.
            let _ = handle.reload(filter(wanted.unwrap_or(self.usual)));
        }
    }
}

/// zenoh says less.
fn filter(level: LogLevel) -> Targets {
    let (all, zenoh) = match level {
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::ERROR),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::ERROR),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::WARN),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::INFO),
        LogLevel::Trace => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    // Also of its crates, whose names begin so.
    Targets::new().with_default(all).with_target("zenoh", zenoh)
}
