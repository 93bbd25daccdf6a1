//! The way from a sensor to the node, and what goes wrong on it: nothing comes, things come twice, late, cut short, or
//! are noise. By default everything comes through as it is.
//!
//! Its chance is a stream of its own, of which every message takes the same draws: a fault more or less changes nothing
//! of what the sensor measures, nor of the other faults.

use std::collections::BTreeMap;

use fusion_core::time::{Span, Timestamp};

use super::random::{Random, Stream};
use super::scenario::{Faults, SensorSpec};
use super::span_of_millis;

/// Messages under way at the most. Beyond, the earliest arrives at once.
///
/// No counter: what is simulated is bounded by the scenario, and nothing is lost.
const UNDER_WAY_MAX: usize = 65_536;
/// Noise is at most so many bytes.
///
/// No counter: it is drawn below it.
const GARBAGE_BYTES_MAX: u32 = 64;

/// The way of one sensor.
#[derive(Debug)]
pub(super) struct Line {
    faults: Faults,
    start: Timestamp,
    random: Random,
    /// By the time of arrival, then in the order of sending.
    under_way: BTreeMap<(Timestamp, u64), Vec<u8>>,
    sent: u64,
}

/// What chance has in store for one message.
struct Fate {
    twice: bool,
    late: Option<Span>,
    noise_before: Option<Vec<u8>>,
    /// The share of it that arrives.
    kept: Option<f64>,
}

impl Line {
    pub(super) fn new(spec: &SensorSpec, seed: u64, start: Timestamp) -> Self {
        let random = Random::new(seed, Stream::line(spec.name()));
        Self { faults: spec.faults().clone(), start, random, under_way: BTreeMap::new(), sent: 0 }
    }

    /// When the next message arrives.
    pub(super) fn next_time(&self) -> Option<Timestamp> {
        self.under_way.first_key_value().map(|((time, _), _)| *time)
    }

    /// The next message.
    pub(super) fn arrive(&mut self) -> Option<Vec<u8>> {
        self.under_way.pop_first().map(|(_, bytes)| bytes)
    }

    /// Takes what the sensor sends at a time.
    pub(super) fn send(&mut self, time: Timestamp, mut bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let fate = self.fate();
        let seconds = (time - self.start).as_secs_f64();
        if self.faults.outages.iter().any(|outage| outage.holds(seconds)) {
            return;
        }
        if let Some(noise) = fate.noise_before {
            self.lay(time, noise);
        }
        if let Some(share) = fate.kept {
            bytes.truncate(part(bytes.len(), share));
        }
        let arrival = fate.late.map_or(time, |delay| time + delay);
        if fate.twice {
            self.lay(arrival + span_of_millis(self.faults.duplicate_after_ms), bytes.clone());
        }
        self.lay(arrival, bytes);
    }

    fn fate(&mut self) -> Fate {
        let (faults, random) = (&self.faults, &mut self.random);
        let twice = random.happens(faults.duplicate_share);
        let late = random.happens(faults.reorder_share);
        let delay = Span::from_secs_f64(faults.reorder_by_s * random.unit());
        let noise = random.happens(faults.garbage_share);
        let kept = (random.happens(faults.truncated_share), random.unit());
        let bytes = 1 + random.below(GARBAGE_BYTES_MAX);
        // Drawn only where there is any: a stream of bytes would be most of all that is drawn.
        let noise_before = noise.then(|| (0..bytes).map(|_| random.byte()).collect());
        Fate { twice, late: late.then_some(delay), noise_before, kept: kept.0.then_some(kept.1) }
    }

    fn lay(&mut self, arrival: Timestamp, bytes: Vec<u8>) {
        let arrival = match self.next_time() {
            Some(earliest) if self.under_way.len() >= UNDER_WAY_MAX => earliest,
            _ => arrival,
        };
        self.sent += 1;
        self.under_way.insert((arrival, self.sent), bytes);
    }
}

/// At least one byte of so many, and not all, where there is more than one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "few bytes")]
fn part(length: usize, share: f64) -> usize {
    1 + ((length.saturating_sub(1)) as f64 * share) as usize
}
