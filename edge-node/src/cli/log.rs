//! The log, on standard error: how much is said in it, from the start and while the node runs. `RUST_LOG` overrides
//! everything.
//!
//! Where standard error is the journal's (`JOURNAL_STREAM`, systemd.exec(5)), each line begins with its priority as
//! sd-daemon(3) writes it, so that `journalctl --priority warning` finds it, and the time is left to the journal.

use core::fmt;
use std::env;
use std::io::stderr;
use std::os::fd::AsFd;

use tracing::{Event, Level, Subscriber, warn};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
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
        let lines = Lines { for_journal: is_journal(stderr(), env::var("JOURNAL_STREAM").ok().as_deref()) };
        let printed = tracing_subscriber::fmt::layer().event_format(lines);
        let printed = printed.with_ansi(wants_colours(&stderr())).with_writer(stderr);
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

/// Whether that is the stream, device and inode, that systemd says goes to the journal.
fn is_journal(output: impl AsFd, stream: Option<&str>) -> bool {
    let file = rustix::fs::fstat(output).ok();
    file.is_some_and(|file| stream == Some(&format!("{}:{}", file.st_dev, file.st_ino)))
}

/// The last words of this process, with a priority where they go to the journal.
pub fn last_words(text: impl fmt::Display) {
    let text = format!("copmesh: {text}");
    if is_journal(stderr(), env::var("JOURNAL_STREAM").ok().as_deref()) {
        eprintln!("{}", with_priority(Level::ERROR, &text));
    } else {
        eprintln!("{text}");
    }
}

/// How an event is written.
struct Lines {
    for_journal: bool,
}

impl<S, F> FormatEvent<S, F> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, about: &FmtContext<'_, S, F>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if !self.for_journal {
            return Format::default().format_event(about, to, event);
        }
        let mut text = String::new();
        Format::default().without_time().format_event(about, Writer::new(&mut text), event)?;
        writeln!(to, "{}", with_priority(*event.metadata().level(), text.trim_end()))
    }
}

/// Each line with its priority: for the journal every line is an entry of its own.
fn with_priority(level: Level, text: &str) -> String {
    let priority = match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    };
    format!("{priority}{}", text.replace('\n', &format!("\n{priority}")))
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing::{debug, error, info, trace};

    use super::*;

    /// What is logged while this runs, as it is written.
    fn logged(lines: Lines, say: impl FnOnce()) -> String {
        #[derive(Clone, Default)]
        struct Held(Arc<Mutex<Vec<u8>>>);

        impl std::io::Write for Held {
            fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).write(octets)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        let held = Held::default();
        let writer = held.clone();
        let printed = tracing_subscriber::fmt::layer().event_format(lines).with_ansi(false);
        let printed = printed.with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(printed), say);
        let octets = held.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(octets).expect("text")
    }

    #[test]
    fn each_line_tells_the_journal_its_priority_and_no_time() {
        let text = logged(Lines { for_journal: true }, || {
            error!("the disk is full");
            warn!(sensor = "radar", "silent");
            info!("ready");
            debug!("two\nlines");
            trace!("a pass");
        });
        let wanted = "<3>ERROR edge_node::cli::log::tests: the disk is full\n\
                      <4> WARN edge_node::cli::log::tests: silent sensor=\"radar\"\n\
                      <6> INFO edge_node::cli::log::tests: ready\n\
                      <7>DEBUG edge_node::cli::log::tests: two\n<7>lines\n\
                      <7>TRACE edge_node::cli::log::tests: a pass\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn people_are_told_the_time_and_no_priority() {
        let text = logged(Lines { for_journal: false }, || info!("ready"));
        assert!(text.starts_with("20") && text.ends_with(" INFO edge_node::cli::log::tests: ready\n"), "{text}");
    }

    #[test]
    fn only_the_stream_that_systemd_named_is_the_journal() {
        let path = std::env::temp_dir().join(format!("copmesh-journal-{}", std::process::id()));
        let file = File::create(&path).expect("a temporary file");
        let about = rustix::fs::fstat(&file).expect("it is open");
        let named = format!("{}:{}", about.st_dev, about.st_ino);
        assert!(is_journal(&file, Some(&named)));
        assert!(!is_journal(&file, None), "nobody has named one");
        assert!(!is_journal(File::open("/dev/null").expect("there"), Some(&named)), "redirected since");
        std::fs::remove_file(path).expect("ours");
    }
}
