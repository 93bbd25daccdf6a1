//! What became of every record. Each ends in exactly one counter of the first group.

use super::plot::Dismissal;

/// Counters of a radar driver, from the beginning on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records of whole structure, of every kind.
    pub records: u64,
    /// Target reports that became returns.
    pub plots: u64,
    /// Service messages understood.
    pub service_messages: u64,
    /// Records that came before within seconds, over another network.
    pub duplicates: u64,
    /// Records of another radar.
    pub other_sources: u64,
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

    /// Datagrams handed in, or pieces of a stream.
    pub datagrams: u64,
    /// Blocks and records that could not be read.
    pub faults: u64,
    /// Blocks of categories that are none of this driver's.
    pub other_categories: u64,
    /// Octets of a stream that belong to no block.
    pub stray_octets: u64,
    /// Records without a time of day of their own.
    pub untimed: u64,
    /// Reports, the oldest first, for which the queue had no room.
    pub reports_dropped: u64,
    /// Errors for which the queue had no room; each is counted as a fault as well.
    pub errors_dropped: u64,
}

impl Tally {
    /// Whether every record is accounted for exactly once.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.records
            == self.plots
                + self.service_messages
                + self.duplicates
                + self.other_sources
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
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named = [
            ("datagrams", self.datagrams),
            ("records", self.records),
            ("plots", self.plots),
            ("service_messages", self.service_messages),
            ("duplicates", self.duplicates),
            ("other_sources", self.other_sources),
            ("no_detections", self.no_detections),
            ("simulated", self.simulated),
            ("test_targets", self.test_targets),
            ("field_monitors", self.field_monitors),
            ("incomplete", self.incomplete),
            ("out_of_use", self.out_of_use),
            ("faults", self.faults),
            ("other_categories", self.other_categories),
            ("stray_octets", self.stray_octets),
            ("untimed", self.untimed),
            ("reports_dropped", self.reports_dropped),
            ("errors_dropped", self.errors_dropped),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
    }
}
