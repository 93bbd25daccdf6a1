//! Counters: one per thing that was refused and per bound that was met, so that nothing is lost in silence.

macro_rules! tally {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $field:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$what])* pub $field: u64,)*
        }

        impl $name {
            /// Hands out every counter with its name.
            pub fn each(&self, f: &mut dyn FnMut(&'static str, u64)) {
                $(f(stringify!($field), self.$field);)*
            }
        }
    };
}

tally! {
    /// What a tracker did and refused since it began.
    Tally {
        /// Scans processed.
        scans,
        /// Scans refused: earlier than the one before.
        scans_out_of_order,
        /// Scans refused: the model of their sensor is not usable.
        scans_without_sensor_model,
        /// Measurements looked at.
        measurements,
        /// Measurements dropped: more in one scan than are looked at (`SCAN_MEASUREMENTS_MAX` or the lent memory).
        measurements_over_limit,
        /// Measurements dropped: numbers that are not finite or beyond all reason.
        measurements_implausible,
        /// Measurements left over that fix no position.
        bearings_unexplained,
        /// Measurements left over that fix a position too vaguely to found a track.
        foundings_too_uncertain,
        /// Measurements left over from which no state could be made.
        foundings_not_finite,
        /// Pairs of track and measurement that the gate admitted.
        edges,
        /// Pairs dropped for want of room (`ROW_EDGES_MAX`, `EDGES_PER_TRACK`): the most likely of a track are kept.
        edges_dropped,
        /// Pairs that the gate refused because the addresses contradict each other.
        edges_contradicted,
        /// Measurements given to the track of the same address.
        addresses_matched,
        /// Measurements with a track's own address, but too far from it to be believed.
        addresses_implausible,
        /// Updates not taken because their numbers overflowed; the prediction stays.
        updates_not_finite,
        /// Tracks founded.
        tracks_founded,
        /// Tracks that a second measurement split off from tracks of one.
        tracks_branched,
        /// Tracks not split off, and hypotheses not founded, for want of numbers (`SCAN_MEASUREMENTS_MAX`).
        branches_dropped,
        /// Families of hypotheses founded by lines of bearing.
        families_founded,
        /// Tracks taken as independent though they are of a family, for want of room (`FAMILIES_MAX`).
        families_over_limit,
        /// Scans of sensors whose clutter was not learnt, for want of room (`CLUTTER_MAPS_MAX`).
        clutter_maps_full,
        /// Tracks confirmed.
        tracks_confirmed,
        /// Tracks not founded: the table is full (`TRACKS_MAX` or the lent memory).
        tracks_table_full,
        /// Track numbers that were taken, so that the next free one was used.
        numbers_bumped,
        /// Tracks deleted after too many misses.
        deleted_missed,
        /// Tracks deleted after too long a silence.
        deleted_silent,
        /// Tracks deleted because their place was no longer known well enough.
        deleted_uncertain,
        /// Tracks deleted because they were the same target as an older one.
        deleted_merged,
        /// Contributors forgotten for want of room (`CONTRIBUTORS_MAX`).
        contributors_forgotten,
        /// Common errors of sensors that a track no longer knows of, for want of room (`CONSIDERED_MAX`).
        common_errors_forgotten,
        /// Clusters of tracks that competed for measurements.
        clusters,
        /// Of these, clusters whose unlikely pairs were cut to make exact marginals affordable.
        clusters_cut,
        /// Of these, clusters left to belief propagation (`SEPARATOR_MAX`, the budget).
        clusters_approximate,
        /// Tracks that were associated alone, for want of memory.
        rows_alone,
    }
}

tally! {
    /// What a sequencer did and refused since it began.
    SequencerTally {
        /// Scans that came late and were put into their place.
        scans_late,
        /// Scans refused: older than the horizon, and nothing in them was of use to retrodiction.
        scans_too_late,
        /// Scans older than the horizon of which something was taken by retrodiction.
        scans_retrodicted,
        /// Measurements taken by retrodiction.
        measurements_retrodicted,
        /// Measurements older than the horizon that were not: no single confirmed track gates them, or they are too
        /// old, or too many (`AMENDING_MEASUREMENTS_MAX`, `HEARD_MAX`).
        measurements_too_late,
        /// Scans refused: the same sensor, time and sequence as one that is held.
        scans_repeated,
        /// Scans processed again because an earlier one came late.
        scans_replayed,
        /// Scans released before the horizon passed, for want of room (`HELD_SCANS_MAX` or the lent memory).
        scans_released_early,
        /// Scans refused: the model of their sensor is not usable.
        scans_without_sensor_model,
        /// Scans not held because they have more measurements than the whole ring; they cannot be replayed.
        scans_too_large,
    }
}

/// A number of things as a counter counts them.
pub(crate) fn count(things: usize) -> u64 {
    u64::try_from(things).expect("a count fits 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    extern crate std;

    #[test]
    fn every_counter_is_told_by_its_name() {
        let tally = SequencerTally { scans_too_late: 3, ..SequencerTally::default() };
        let mut told = Vec::new();
        tally.each(&mut |name, count| told.push((name, count)));
        assert!(told.contains(&("scans_too_late", 3)) && told.contains(&("scans_late", 0)));
    }
}
