//! The clock of a sensor: what it reads when it is truly another time.

use fusion_core::time::{Span, Timestamp};

use super::scenario::Faults;

/// A sensor's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    start: Timestamp,
    offset: Span,
    drift: f64,
    step: Option<(Timestamp, Span)>,
}

impl Watch {
    pub(super) fn new(faults: &Faults, start: Timestamp) -> Self {
        let span = Span::from_secs_f64;
        Self {
            start,
            offset: span(faults.clock_offset_s),
            drift: faults.clock_drift_ppm * 1e-6,
            step: faults.clock_step.map(|step| (start + span(step.at_s), span(step.by_s))),
        }
    }

    /// What it reads at a time.
    pub(super) fn reads(&self, time: Timestamp) -> Timestamp {
        let gained = Span::from_secs_f64((time - self.start).as_secs_f64() * self.drift);
        let jumped = self.step.filter(|(at, _)| time >= *at).map_or(Span::ZERO, |(_, by)| by);
        time + self.offset + gained + jumped
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::ClockStep;
    use super::*;

    #[test]
    fn a_clock_is_ahead_gains_and_jumps_as_told() {
        let start = Timestamp::from_secs(1000);
        let reads = |faults: Faults, after| {
            (Watch::new(&faults, start).reads(start + Span::from_secs(after)) - start).as_secs_f64()
        };
        let read = |faults: &Faults, after: i64| reads(faults.clone(), after);
        assert!((read(&Faults::default(), 50) - 50.0).abs() < 1e-9);
        let behind = Faults { clock_offset_s: -1581.0, ..Faults::default() };
        assert!((read(&behind, 50) + 1531.0).abs() < 1e-9);
        let gaining = Faults { clock_drift_ppm: 100.0, ..Faults::default() };
        assert!((read(&gaining, 10_000) - 10_001.0).abs() < 1e-6);
        let jumping = Faults { clock_step: Some(ClockStep { at_s: 20.0, by_s: -5.0 }), ..Faults::default() };
        assert!((read(&jumping, 19) - 19.0).abs() < 1e-9 && (read(&jumping, 20) - 15.0).abs() < 1e-9);
    }
}
