//! `copmesh replay`: recordings through the same drivers and the same node as the field.
//!
//! One thread reads, paces and feeds, so the order of everything is that of the input: the same input gives the same
//! tracks, at any speed and on every machine. Time, as the node sees it, is the recording's.

use std::sync::Arc;
use std::time::Duration;

use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use super::live::Services;
use super::{Failure, ReplayArgs};
use crate::addresses::Addresses;
use crate::board::{BOARD_PERIOD, Board, Mode};
use crate::clock::{Clock, Monotonic};
use crate::config::{Config, ConsoleConfig, MeshConfig};
use crate::engine::{Engine, STOP_PERIOD, Sinks};
use crate::node::feed::SILENCE_MAX;
use crate::node::{Node, node_id};
use crate::tracks_file::TracksFile;

pub mod merge;
pub mod report;
pub mod wire;

use merge::Merged;
use report::Replayed;

/// Replays recordings and prints what became of them.
///
/// # Errors
/// [`Failure`] if an input is refused, or a file cannot be read or written.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    if !(args.rate > 0.0 && args.rate.is_finite()) {
        return Err(Failure::refused(format!("--rate {}: choose a number above zero", args.rate)));
    }
    let mut merged = Merged::open(&args.files, args.config.as_deref(), args.import.date, args.import.port)?;
    if !args.to.is_empty() {
        return wire::run(args, &mut merged);
    }
    let config = adapted(&merged.config, args)?;
    config.check().map_err(Failure::refused)?;
    let (board, receiver) = watch::channel(Arc::new(Board::default()));
    let services = Services::start(&config, Mode::Replay, receiver, None)?;
    if let Some(address) = services.console {
        eprintln!("console on http://{address}/");
    }
    loop {
        let replayed = replay_once(args, &config, &mut merged, &services, board.clone())?;
        report::print(args, &replayed)?;
        if !args.again || services.stopping() {
            services.shut_down();
            return Ok(());
        }
        merged = Merged::open(&args.files, args.config.as_deref(), args.import.date, args.import.port)?;
    }
}

fn replay_once(
    args: &ReplayArgs,
    config: &Config,
    merged: &mut Merged,
    services: &Services,
    board: watch::Sender<Arc<Board>>,
) -> Result<Replayed, Failure> {
    let clock = Clock::start();
    // A replay is the same life every time: its track numbers must not depend on when it is replayed.
    let origin = Origin { node: node_id(&config.node.name), incarnation: 1 };
    let node = Node::new(config, origin).map_err(Failure::refused)?;
    let tracks = match &args.tracks {
        Some(path) => Some(TracksFile::create(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?),
        None => None,
    };
    let addresses = Some(Addresses::default());
    let (records, counts) = (services.records.clone(), services.counts.clone());
    let sinks = Sinks { records, tracks, addresses, counts, ..Sinks::default() };
    let engine = Engine::new(node, board, sinks);
    let mut player =
        Player { args, clock, engine, services, pace: None, window: Window::of(args), fed: Fed::default() };
    player.play(merged);
    let Player { engine, fed, .. } = player;
    report::collect(engine, fed, merged, clock.now().monotonic, args)
}

/// The configuration as the command line bends it.
fn adapted(config: &Config, args: &ReplayArgs) -> Result<Config, Failure> {
    let mut config = config.clone();
    let quiet = args.fast || args.deterministic;
    let console = args.console.as_deref().unwrap_or(if quiet { "none" } else { "127.0.0.1:8477" });
    let enabled = console != "none" && !args.deterministic;
    config.console = ConsoleConfig { enabled, listen: console.to_owned(), lan: None, ..config.console };
    config.mesh = match &args.zenoh {
        Some(endpoint) if !args.deterministic => MeshConfig {
            listen: vec![endpoint.clone()],
            console_clearance: config.mesh.console_clearance,
            ..MeshConfig::default()
        },
        _ => MeshConfig { enabled: false, ..MeshConfig::default() },
    };
    if let Some(name) = args.tak.iter().find(|name| config.tak.iter().all(|output| output.name != **name)) {
        return Err(Failure::refused(format!("--tak {name}: the configuration has no [[tak]] of that name")));
    }
    config.tak.retain(|output| args.tak.contains(&output.name));
    if let Some(name) = args.cat062.iter().find(|name| config.cat062.iter().all(|output| output.name != **name)) {
        return Err(Failure::refused(format!("--cat062 {name}: the configuration has no [[cat062]] of that name")));
    }
    config.cat062.retain(|output| args.cat062.contains(&output.name));
    if let Some(name) = args.sapient.iter().find(|name| config.sapient_out.iter().all(|output| output.name != **name)) {
        let message = format!("--sapient {name}: the configuration has no [[sapient-out]] of that name");
        return Err(Failure::refused(message));
    }
    config.sapient_out.retain(|output| args.sapient.contains(&output.name));
    config.tracker.use_identity &= !args.blind;
    Ok(config)
}

/// What has been fed.
#[derive(Clone, Debug, Default)]
pub struct Fed {
    /// Entries.
    pub entries: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Receipt of the first and the last.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Recordings that could not be read to their end, and why.
    pub broken: Vec<String>,
}

struct Player<'a> {
    args: &'a ReplayArgs,
    clock: Clock,
    engine: Engine,
    services: &'a Services,
    pace: Option<Pace>,
    window: Window,
    fed: Fed,
}

/// Which part of the recording is wanted, in seconds of the recording.
#[derive(Clone, Copy)]
struct Window {
    start: Span,
    end: Option<Span>,
}

impl Window {
    fn of(args: &ReplayArgs) -> Self {
        Self { start: Span::from_secs_f64(args.start), end: args.end.map(Span::from_secs_f64) }
    }
}

/// When the recording's time meets the clock's.
#[derive(Clone, Copy)]
struct Pace {
    recorded: Timestamp,
    played: Monotonic,
    rate: f64,
}

impl Pace {
    fn due(&self, received: Timestamp) -> Monotonic {
        let after = Duration::from_secs_f64(((received - self.recorded).as_secs_f64() / self.rate).max(0.0));
        Monotonic(self.played.0.saturating_add(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Player<'_> {
    fn play(&mut self, merged: &mut Merged) {
        let bar = progress_bar(self.args);
        let mut began = None;
        let mut shown = Monotonic::default();
        let mut newest = Timestamp::EPOCH;
        while let Some(entry) = merged.next() {
            if self.services.stopping() {
                break;
            }
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    // What can be read of it was; the other recordings go on.
                    bar.suspend(|| eprintln!("copmesh: {e}"));
                    self.fed.broken.push(e.to_string());
                    continue;
                }
            };
            let offset = entry.received - *began.get_or_insert(entry.received);
            if offset < self.window.start {
                continue;
            }
            if self.window.end.is_some_and(|end| offset > end) {
                break;
            }
            self.wait_for(entry.received);
            // Receipts may step back by a little where files are merged or clocks corrected; time itself does not.
            newest = newest.max(entry.received);
            self.engine.pass_time_to(newest);
            let now = self.clock.now().monotonic;
            self.engine.handle(&entry, now);
            self.fed.entries += 1;
            self.fed.bytes += entry.arrival.bytes().len() as u64;
            self.fed.span = Some((self.fed.span.map_or(entry.received, |(first, _)| first), entry.received));
            if now.since(shown) >= BOARD_PERIOD {
                shown = now;
                bar.set_position(merged.permille());
                bar.set_message(format!(
                    "{} entries, {} tracks",
                    self.fed.entries,
                    self.engine.node().picture().count()
                ));
                self.engine.set_progress(merged.permille());
                self.engine.show(newest, now);
            }
        }
        self.engine.show(newest, self.clock.now().monotonic);
        bar.finish_and_clear();
    }

    fn wait_for(&mut self, received: Timestamp) {
        if self.args.fast || self.args.deterministic {
            return;
        }
        // Nobody sits through a silence longer than this: it is a damaged time, or not worth waiting for.
        if self.fed.span.is_some_and(|(_, last)| (received - last).abs() > SILENCE_MAX) {
            self.pace = None;
        }
        let now = self.clock.now().monotonic;
        let pace = *self.pace.get_or_insert(Pace { recorded: received, played: now, rate: self.args.rate });
        loop {
            let left = pace.due(received).since(self.clock.now().monotonic);
            if left.is_zero() || self.services.stopping() {
                return;
            }
            std::thread::sleep(left.min(STOP_PERIOD));
            self.engine.show(self.fed.span.map_or(received, |(_, last)| last), self.clock.now().monotonic);
        }
    }
}

fn progress_bar(args: &ReplayArgs) -> ProgressBar {
    let target = if args.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(1000), target);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} % {elapsed} (left {eta}) {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Midnight of a day written YYYY-MM-DD.
///
/// # Errors
/// If it is no day.
pub fn parse_date(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("\"{text}\" is no date; write YYYY-MM-DD");
    let mut parts = text.split('-').map(|p| p.parse::<i64>().ok());
    let (Some(Some(y)), Some(Some(m)), Some(Some(d)), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    if !(1970..=2200).contains(&y) || !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return Err(wrong());
    }
    // Days since 1970-01-01 in the Gregorian calendar, counting years from March (Hinnant, "chrono-compatible dates").
    let (year, month) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month + 2) / 5 + d - 1;
    Ok(Timestamp::from_secs((era * 146_097 + day_of_era - 719_468) * 86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_1970() {
        assert_eq!(parse_date("1970-01-01"), Ok(Timestamp::EPOCH));
        assert_eq!(parse_date("2023-10-24"), Ok(Timestamp::from_secs(1_698_105_600)));
        assert_eq!(parse_date("2000-02-29"), Ok(Timestamp::from_secs(951_782_400)));
        assert!(parse_date("2023-13-01").is_err() && parse_date("today").is_err());
    }
}
