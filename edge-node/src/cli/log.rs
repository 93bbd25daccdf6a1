//! The log, on standard error: how much is said in it, from the start and while the node runs. `RUST_LOG` overrides
//! everything.

use tracing_subscriber::Registry;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::reload::{Handle, Layer};

use crate::config::LogLevel;

/// The log of this process.
#[derive(Debug)]
pub struct Log {
    usual: LogLevel,
    /// None where `RUST_LOG` has said it.
    filter: Option<Handle<EnvFilter, Registry>>,
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
        let told = EnvFilter::try_from_default_env();
        let is_told = told.is_ok();
        let (filter, handle) = Layer::new(told.unwrap_or_else(|_| filter(usual)));
        let printed = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter);
        tracing_subscriber::registry().with(printed).with(crate::mesh::refusals::layer()).init();
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
fn filter(level: LogLevel) -> EnvFilter {
    EnvFilter::new(match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn,zenoh=error",
        LogLevel::Info => "info,zenoh=warn",
        LogLevel::Debug => "debug,zenoh=info,zenoh_transport=info",
        LogLevel::Trace => "trace",
    })
}
