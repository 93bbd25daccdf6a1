//! What became of every frame, by cause.

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each is shown by its name, and docs/SENSORS.md says what they mean")]
pub struct Tally {
    pub frames: u64,
    pub frames_signed: u64,
    pub messages_of_other_dialects: u64,
    pub messages_unused: u64,
    pub messages_refused: u64,
    pub boot_times_refused: u64,
    pub clock_jumps: u64,
    pub unix_times_zero: u64,
    pub unix_times_refused: u64,
    pub null_islands: u64,
    pub positions: u64,
    pub attitudes: u64,
    pub pointings: u64,
    pub pointings_refused: u64,
    pub sightings: u64,
    pub sightings_idle: u64,
    pub sightings_predicted: u64,
    pub sightings_without_target: u64,
    pub sightings_without_view: u64,
    pub sightings_without_pointing: u64,
    pub sightings_without_position: u64,
    pub sightings_straight_down: u64,
    pub ground_points: u64,
    pub relayed: u64,
    pub relayed_invalid: u64,
    pub relayed_old: u64,
    pub relayed_repeated: u64,
    pub relayed_evicted: u64,
    pub components_beyond_bound: u64,
}

impl Tally {
    /// Each with its name.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("frames", self.frames);
        each("frames_signed", self.frames_signed);
        each("messages_of_other_dialects", self.messages_of_other_dialects);
        each("messages_unused", self.messages_unused);
        each("messages_refused", self.messages_refused);
        each("boot_times_refused", self.boot_times_refused);
        each("clock_jumps", self.clock_jumps);
        each("unix_times_zero", self.unix_times_zero);
        each("unix_times_refused", self.unix_times_refused);
        each("null_islands", self.null_islands);
        each("positions", self.positions);
        each("attitudes", self.attitudes);
        each("pointings", self.pointings);
        each("pointings_refused", self.pointings_refused);
        each("sightings", self.sightings);
        each("sightings_idle", self.sightings_idle);
        each("sightings_predicted", self.sightings_predicted);
        each("sightings_without_target", self.sightings_without_target);
        each("sightings_without_view", self.sightings_without_view);
        each("sightings_without_pointing", self.sightings_without_pointing);
        each("sightings_without_position", self.sightings_without_position);
        each("sightings_straight_down", self.sightings_straight_down);
        each("ground_points", self.ground_points);
        each("relayed", self.relayed);
        each("relayed_invalid", self.relayed_invalid);
        each("relayed_old", self.relayed_old);
        each("relayed_repeated", self.relayed_repeated);
        each("relayed_evicted", self.relayed_evicted);
        each("components_beyond_bound", self.components_beyond_bound);
    }
}
