//! What became of every record. Each ends in exactly one counter: `targets`, one of the next four, or a dismissal.

/// Why a target report is no measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dismissal {
    /// A simulated target.
    Simulated,
    /// A test target.
    Test,
    /// A fixed transponder that monitors the station.
    FieldMonitor,
    /// The system saw nothing and extrapolated.
    Extrapolated,
    /// The system takes it for a reflection.
    Ghost,
    /// What the target says of itself, from a station that is to measure.
    SelfReported,
    /// The station itself doubts the position.
    Doubted,
    /// How or where is not told.
    Incomplete,
    /// The position is relative to a point that nobody told.
    Unplaced,
    /// Nothing is known of the accuracy.
    AccuracyUnknown,
    /// No place on earth, or latitude and longitude zero, which stands for unknown.
    Nowhere,
    /// Farther away than the station can see.
    BeyondRange,
}

/// Names of the dismissals as counters, in their order.
const DISMISSALS: [&str; 12] = [
    "simulated",
    "test_targets",
    "field_monitors",
    "extrapolated",
    "ghosts",
    "self_reported",
    "doubted",
    "incomplete",
    "unplaced",
    "accuracy_unknown",
    "nowhere",
    "beyond_range",
];

/// Counters of a station's driver, from the beginning on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records of whole structure, of every kind.
    pub records: u64,
    /// Target reports that became returns.
    pub targets: u64,
    /// Messages of the station about itself.
    pub service_messages: u64,
    /// Records that came before within seconds, over another network.
    pub duplicates: u64,
    /// Records of another station.
    pub other_sources: u64,
    /// Target reports sent while the station says that it must not be used.
    pub out_of_use: u64,
    dismissed: [u64; DISMISSALS.len()],

    /// Datagrams handed in, or pieces of a stream.
    pub datagrams: u64,
    /// Blocks and records that could not be read.
    pub faults: u64,
    /// Blocks of categories that are none of this driver's.
    pub other_categories: u64,
    /// Octets of a stream that belong to no block.
    pub stray_octets: u64,
    /// Records without a time of day that could be used.
    pub untimed: u64,
    /// Reports, the oldest first, for which the queue had no room.
    pub reports_dropped: u64,
    /// Errors for which the queue had no room; each is counted as a fault as well.
    pub errors_dropped: u64,
}

impl Tally {
    /// How many target reports were dismissed for this reason.
    #[must_use]
    pub const fn dismissed(&self, dismissal: Dismissal) -> u64 {
        self.dismissed[dismissal as usize]
    }

    pub(super) const fn count_dismissed(&mut self, dismissal: Dismissal) {
        self.dismissed[dismissal as usize] += 1;
    }

    /// Whether every record is accounted for exactly once.
    #[must_use]
    pub fn balances(&self) -> bool {
        let kept = self.targets + self.service_messages + self.duplicates + self.other_sources + self.out_of_use;
        self.records == kept + self.dismissed.iter().sum::<u64>()
    }

    /// Names every counter, in a fixed order.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named = [
            ("datagrams", self.datagrams),
            ("records", self.records),
            ("targets", self.targets),
            ("service_messages", self.service_messages),
            ("duplicates", self.duplicates),
            ("other_sources", self.other_sources),
            ("out_of_use", self.out_of_use),
        ];
        let dismissed = DISMISSALS.into_iter().zip(self.dismissed);
        let others = [
            ("faults", self.faults),
            ("other_categories", self.other_categories),
            ("stray_octets", self.stray_octets),
            ("untimed", self.untimed),
            ("reports_dropped", self.reports_dropped),
            ("errors_dropped", self.errors_dropped),
        ];
        named.into_iter().chain(dismissed).chain(others).for_each(|(name, value)| each(name, value));
    }
}
