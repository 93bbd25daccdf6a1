//! What became of every frame. Each ends in exactly one counter, so that their sum is the number of frames taken in;
//! each decoded position ends in exactly one of a second set.

use super::adsb::Message;
use super::fix::Refusal;
use super::frame::Damage;

/// Counters of a Mode S driver, from the beginning on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames taken in, of every kind.
    pub frames: u64,
    /// Decoded: callsign and category (type codes 1 to 4).
    pub identifications: u64,
    /// Decoded: surface positions (5 to 8).
    pub surface_positions: u64,
    /// Decoded: airborne positions with barometric altitude (9 to 18).
    pub barometric_positions: u64,
    /// Decoded: airborne positions with GNSS height (20 to 22).
    pub geometric_positions: u64,
    /// Decoded: velocities (19).
    pub velocities: u64,
    /// Decoded: Mode A code and emergency (28).
    pub emergencies: u64,
    /// Decoded: accuracy from the target state (29).
    pub target_states: u64,
    /// Decoded: version and accuracy from the operational status (31).
    pub operational_statuses: u64,
    /// Ignored: Mode A/C replies, which carry no address.
    pub ignored_mode_ac: u64,
    /// Ignored: status messages of the receiver.
    pub ignored_receiver_status: u64,
    /// Ignored by downlink format; formats 17 and 18 are never here.
    pub ignored_by_format: [u64; 25],
    /// Ignored by control field (format 18): coarse TIS-B, management, reserved.
    pub ignored_by_control: [u64; 8],
    /// Ignored by type code: reserved, of no use, or a reserved subtype of a code in use.
    pub ignored_by_type_code: [u64; 32],
    /// The same message of the same aircraft, again within the window of repeats.
    pub duplicates: u64,
    /// Damaged: a format of the other length.
    pub damaged_length: u64,
    /// Damaged: wrong parity.
    pub damaged_parity: u64,

    /// Positions reported.
    pub positions_reported: u64,
    /// Positions that wait for the other half of their first pair.
    pub positions_awaiting_pair: u64,
    /// Positions of a pair across a transition of zones.
    pub positions_zone_straddled: u64,
    /// Positions of a pair that does not belong together.
    pub positions_beyond_pole: u64,
    /// Surface positions without anything to tell the quadrant by.
    pub positions_no_reference: u64,
    /// Positions farther away than the receiver can hear.
    pub positions_out_of_range: u64,
    /// Positions that nothing could have flown to.
    pub positions_too_fast: u64,
    /// Positions of which no accuracy is known at all.
    pub positions_without_accuracy: u64,
}

impl Tally {
    /// Frames of which something was used.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.identifications
            + self.positions()
            + self.velocities
            + self.emergencies
            + self.target_states
            + self.operational_statuses
    }

    /// Frames that were whole but of no use.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        let by_kind = [&self.ignored_by_format[..], &self.ignored_by_control, &self.ignored_by_type_code];
        self.ignored_mode_ac + self.ignored_receiver_status + by_kind.into_iter().flatten().sum::<u64>()
    }

    /// Frames that were refused.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged_length + self.damaged_parity
    }

    /// Position messages decoded.
    #[must_use]
    pub fn positions(&self) -> u64 {
        self.surface_positions + self.barometric_positions + self.geometric_positions
    }

    /// Whether every frame, and every position, is accounted for exactly once.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.frames == self.decoded() + self.ignored() + self.duplicates + self.damaged()
            && self.positions() == self.positions_reported + self.positions_refused()
    }

    fn positions_refused(&self) -> u64 {
        self.positions_awaiting_pair
            + self.positions_zone_straddled
            + self.positions_beyond_pole
            + self.positions_no_reference
            + self.positions_out_of_range
            + self.positions_too_fast
            + self.positions_without_accuracy
    }

    pub(super) fn count_decoded(&mut self, message: &Message) {
        *match message {
            Message::Identification(_) => &mut self.identifications,
            Message::SurfacePosition(_) => &mut self.surface_positions,
            Message::AirbornePosition(position) if position.height_is_geometric() => &mut self.geometric_positions,
            Message::AirbornePosition(_) => &mut self.barometric_positions,
            Message::Velocity(_) => &mut self.velocities,
            Message::Emergency(_) => &mut self.emergencies,
            Message::TargetState(_) => &mut self.target_states,
            Message::OperationalStatus(_) => &mut self.operational_statuses,
        } += 1;
    }

    pub(super) fn count_damaged(&mut self, damage: Damage) {
        *match damage {
            Damage::Length => &mut self.damaged_length,
            Damage::Parity => &mut self.damaged_parity,
        } += 1;
    }

    pub(super) fn count_refused(&mut self, refusal: Refusal) {
        *match refusal {
            Refusal::AwaitsPair => &mut self.positions_awaiting_pair,
            Refusal::ZoneStraddled => &mut self.positions_zone_straddled,
            Refusal::BeyondPole => &mut self.positions_beyond_pole,
            Refusal::NoReference => &mut self.positions_no_reference,
            Refusal::OutOfRange => &mut self.positions_out_of_range,
            Refusal::TooFast => &mut self.positions_too_fast,
            Refusal::AccuracyUnknown => &mut self.positions_without_accuracy,
        } += 1;
    }

    /// Names every counter, in a fixed order. Of the counters by number, those that the standards reserve are told only
    /// once they are not zero.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        for (name, value) in self.named() {
            each(name, value);
        }
        let numbered = (FORMAT_NAMES.iter().zip(&self.ignored_by_format))
            .chain(CONTROL_NAMES.iter().zip(&self.ignored_by_control))
            .chain(TYPE_CODE_NAMES.iter().zip(&self.ignored_by_type_code));
        for (name, &value) in numbered.filter(|&(_, &value)| value > 0) {
            each(name, value);
        }
    }

    fn named(&self) -> [(&'static str, u64); 22] {
        [
            ("frames", self.frames),
            ("decoded_identifications", self.identifications),
            ("decoded_surface_positions", self.surface_positions),
            ("decoded_barometric_positions", self.barometric_positions),
            ("decoded_geometric_positions", self.geometric_positions),
            ("decoded_velocities", self.velocities),
            ("decoded_emergencies", self.emergencies),
            ("decoded_target_states", self.target_states),
            ("decoded_operational_statuses", self.operational_statuses),
            ("ignored_mode_ac", self.ignored_mode_ac),
            ("ignored_receiver_status", self.ignored_receiver_status),
            ("duplicates", self.duplicates),
            ("damaged_length", self.damaged_length),
            ("damaged_parity", self.damaged_parity),
            ("positions_reported", self.positions_reported),
            ("positions_awaiting_pair", self.positions_awaiting_pair),
            ("positions_zone_straddled", self.positions_zone_straddled),
            ("positions_beyond_pole", self.positions_beyond_pole),
            ("positions_no_reference", self.positions_no_reference),
            ("positions_out_of_range", self.positions_out_of_range),
            ("positions_too_fast", self.positions_too_fast),
            ("positions_without_accuracy", self.positions_without_accuracy),
        ]
    }
}

/// Names that differ in a number.
macro_rules! numbered {
    ($stem:literal: $($number:literal)*) => { [$(concat!($stem, $number)),*] };
}

#[rustfmt::skip]
const TYPE_CODE_NAMES: [&str; 32] = numbered!("ignored_tc":
    "00" "01" "02" "03" "04" "05" "06" "07" "08" "09" "10" "11" "12" "13" "14" "15"
    "16" "17" "18" "19" "20" "21" "22" "23" "24" "25" "26" "27" "28" "29" "30" "31");
#[rustfmt::skip]
const FORMAT_NAMES: [&str; 25] = numbered!("ignored_df":
    "00" "01" "02" "03" "04" "05" "06" "07" "08" "09" "10" "11" "12" "13" "14" "15"
    "16" "17" "18" "19" "20" "21" "22" "23" "24");
const CONTROL_NAMES: [&str; 8] = numbered!("ignored_df18_cf": "0" "1" "2" "3" "4" "5" "6" "7");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_counters_have_one_name() {
        let mut tally = Tally { ignored_by_format: [1; 25], ..Tally::default() };
        (tally.ignored_by_control, tally.ignored_by_type_code) = ([1; 8], [1; 32]);
        let mut names = Vec::new();
        tally.each(&mut |name, _| names.push(name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
