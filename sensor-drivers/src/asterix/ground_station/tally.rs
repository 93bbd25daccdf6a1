//! What became of every record that was the station's and no second copy: each ends in exactly one counter.

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

/// Counters of what hears a ground station, from the beginning on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Target reports that became returns.
    pub targets: u64,
    /// Messages of the station about itself.
    pub service_messages: u64,
    /// Target reports sent while the station says that it must not be used.
    pub out_of_use: u64,
    dismissed: [u64; DISMISSALS.len()],
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

    /// Records accounted for.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.targets + self.service_messages + self.out_of_use + self.dismissed.iter().sum::<u64>()
    }

    /// Names every counter, in a fixed order.
    pub(super) fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named =
            [("targets", self.targets), ("service_messages", self.service_messages), ("out_of_use", self.out_of_use)];
        let dismissed = DISMISSALS.into_iter().zip(self.dismissed);
        named.into_iter().chain(dismissed).for_each(|(name, value)| each(name, value));
    }
}
