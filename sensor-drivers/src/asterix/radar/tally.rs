//! What became of every record that was the radar's and no second copy: each ends in exactly one counter.

use super::plot::Dismissal;

/// Counters of a radar driver, from the beginning on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Target reports that became returns.
    pub plots: u64,
    /// Service messages understood.
    pub service_messages: u64,
    /// Target reports of which the radar itself saw nothing.
    pub no_detections: u64,
    /// Simulated targets.
    pub simulated: u64,
    /// Test targets.
    pub test_targets: u64,
    /// Fixed transponders.
    pub field_monitors: u64,
    /// Target reports that do not tell how or where.
    pub incomplete: u64,
    /// Target reports sent while the radar says that it must not be used.
    pub out_of_use: u64,
}

impl Tally {
    /// Records accounted for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.plots
            + self.service_messages
            + self.no_detections
            + self.simulated
            + self.test_targets
            + self.field_monitors
            + self.incomplete
            + self.out_of_use
    }

    pub(super) const fn count_dismissed(&mut self, dismissal: Dismissal) {
        *match dismissal {
            Dismissal::NoDetection => &mut self.no_detections,
            Dismissal::Simulated => &mut self.simulated,
            Dismissal::Test => &mut self.test_targets,
            Dismissal::FieldMonitor => &mut self.field_monitors,
            Dismissal::Incomplete => &mut self.incomplete,
        } += 1;
    }

    /// Names every counter, in a fixed order.
    pub(super) fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named = [
            ("plots", self.plots),
            ("service_messages", self.service_messages),
            ("no_detections", self.no_detections),
            ("simulated", self.simulated),
            ("test_targets", self.test_targets),
            ("field_monitors", self.field_monitors),
            ("incomplete", self.incomplete),
            ("out_of_use", self.out_of_use),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
    }
}
