//! What the service manager is told: that the node is ready, how it is, that all of it still moves, that it ends.
//!
//! systemd listens where `NOTIFY_SOCKET` says; without it nothing is told. Readiness means that the addresses of this
//! machine are bound, or were tried, and that every loop has made a pass: whoever is started after this unit finds its
//! sockets. The watchdog hears of us only when every loop of [`crate::pulse`] has moved since it heard last.

use core::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::warn;

use crate::board::Board;
use crate::clock::Monotonic;
use crate::ingest::links::Links;
use crate::neighbour_health::NeighbourState;
use crate::pulse::Pulse;
use crate::sensor_health::SensorState;

/// How often the pulse is felt if no watchdog asks for it.
const USUAL_PERIOD: Duration = Duration::from_secs(3);
/// A socket that can neither be bound nor refused by then does not hold the start of others up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The conversation with the service manager.
pub struct Service {
    pulse: Pulse,
    /// Ways in that are bound here, until they were tried.
    binding: Vec<Arc<Links>>,
    period: Duration,
    ready: bool,
    felt: Monotonic,
    status: String,
}

impl Service {
    /// Begins with loops that have to move, and ways in that have to be bound.
    #[must_use]
    pub fn new(pulse: Pulse, binding: Vec<Arc<Links>>) -> Self {
        // Three times within the watchdog's patience: a ping may be late.
        let period = sd_notify::watchdog_enabled().map_or(USUAL_PERIOD, |patience| patience / 3);
        Self { pulse, binding, period, ready: false, felt: Monotonic::default(), status: String::new() }
    }

    /// Tells what there is to tell; to be called several times a second.
    pub fn tend(&mut self, board: &Board, now: Monotonic) {
        if !self.ready {
            self.begin(board, now);
        } else if now.since(self.felt) >= self.period {
            self.felt = now;
            self.feel(board);
        }
    }

    /// Tells that the node ends.
    pub fn stop(&self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    fn begin(&mut self, board: &Board, now: Monotonic) {
        let bound = self.binding.iter().all(|links| links.counters.tried());
        let bound = bound || now.since(Monotonic::default()) >= PATIENCE;
        // The first board is shown by the first pass of the loop that knows the sensors.
        if bound && board.sequence > 0 && self.pulse.feel().is_empty() {
            (self.ready, self.felt) = (true, now);
            self.status = summary(board);
            tell(&[NotifyState::Ready, NotifyState::Status(&self.status)]);
        }
    }

    fn feel(&mut self, board: &Board) {
        let still = self.pulse.feel();
        let status = if still.is_empty() { summary(board) } else { standing_still(&still) };
        if still.is_empty() {
            tell(&[NotifyState::Watchdog]);
        } else if status != self.status {
            warn!("{status}");
        }
        if status != self.status {
            tell(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }
}

/// The one line that `systemctl status` shows.
fn summary(board: &Board) -> String {
    let well = board.sensors.iter().filter(|sensor| sensor.state == SensorState::Ok).count();
    let mut text = format!("{} tracks, {well} of {} sensors well", board.tracks.len(), board.sensors.len());
    if !board.neighbours.is_empty() {
        let ready = board.neighbours.iter().filter(|neighbour| neighbour.state == NeighbourState::Ready).count();
        let _ = write!(text, ", {ready} of {} neighbours reached", board.neighbours.len());
    }
    if board.latency.count > 0 {
        let _ = write!(text, ", 99 % of input seen within {:.0} ms", board.latency.p99.as_secs_f64() * 1e3);
    }
    if let Some(trouble) = &board.recorder_trouble {
        let _ = write!(text, "; nothing is recorded: {trouble}");
    }
    if let Some(trouble) = &board.journal_trouble {
        let _ = write!(text, "; nothing is kept for the next start: {trouble}");
    }
    text
}

fn standing_still(loops: &[&str]) -> String {
    format!("standing still: {}", loops.join(", "))
}

/// Without a service manager, or when it does not listen, the node runs all the same.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(e) = sd_notify::notify(states) {
        warn!("the service manager does not listen: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Summary;
    use crate::sensor_health::SensorHealth;

    #[test]
    fn the_status_tells_what_an_operator_asks_first() {
        let p99 = Duration::from_millis(12);
        let board = Board {
            sensors: vec![SensorHealth::unknown("radar".to_owned())],
            latency: Summary { count: 9, p99, ..Summary::default() },
            recorder_trouble: Some("the disk is full".to_owned()),
            journal_trouble: Some("read-only file system".to_owned()),
            ..Board::default()
        };
        let told = "0 tracks, 0 of 1 sensors well, 99 % of input seen within 12 ms; nothing is recorded: the disk is \
                    full; nothing is kept for the next start: read-only file system";
        assert_eq!(summary(&board), told);
    }

    /// What the first pass of the fusion loop leaves.
    fn shown() -> Board {
        Board { sequence: 1, ..Board::default() }
    }

    #[test]
    fn a_loop_that_stands_still_is_named_in_the_status_until_it_moves() {
        let mut pulse = Pulse::default();
        let (fusion, mesh) = (pulse.watch("fusion"), pulse.watch("mesh"));
        let mut service = Service::new(pulse, vec![]);
        let at = |seconds: u64| Monotonic(seconds * 1_000_000_000);
        fusion.beat();
        service.tend(&shown(), at(1));
        assert!(!service.ready, "the mesh has made no pass");
        mesh.beat();
        service.tend(&shown(), at(2));
        assert!(service.ready);
        fusion.beat();
        service.tend(&shown(), at(10));
        assert_eq!(service.status, "standing still: mesh");
        mesh.beat();
        service.tend(&shown(), at(20));
        assert_eq!(service.status, summary(&Board::default()));
    }

    #[test]
    fn a_way_in_that_was_never_tried_holds_the_start_up_for_a_while_only() {
        let mut pulse = Pulse::default();
        pulse.watch("fusion").beat();
        let mut service = Service::new(pulse, vec![Arc::default()]);
        service.tend(&shown(), Monotonic(1_000_000));
        assert!(!service.ready);
        service.tend(&shown(), Monotonic(6_000_000_000));
        assert!(service.ready);
    }
}
