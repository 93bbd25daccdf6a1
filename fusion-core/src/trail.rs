//! Why: the tracker's latest decisions, one entry each, for whoever asks what became of a measurement or of a track.
//!
//! A ring in lent memory. Without memory it is off and costs a branch; nothing the tracker does depends on it, so the
//! same scans give the same bits with and without. Nothing is allocated, and an entry holds numbers only.
//!
//! Every refusal that the [`tally`](crate::tally) counts has its entry ([`Decision::counter`]). The tally is the sum,
//! the trail the single case.
//!
//! # When scans are replayed
//!
//! The trail is no part of what is replayed: it tells what was done, and what was done again. When a scan comes late, a
//! [`Decision::Rewound`] says from where on the past is done anew; what follows is marked
//! [`replayed`](Entry::replayed). The earlier entries of that time stay, but no longer hold
//! ([`Entry::is_superseded_by`]).

mod display;
mod notes;

pub use display::{ClockTime, What};
pub(crate) use notes::{Book, Trail, few, narrow};
use notes::{place, wide};

use crate::maths::sqrt;
use crate::measurement::SensorId;
use crate::time::Timestamp;
use crate::track::TrackNumber;
use crate::track::deleter::Deletion;
use crate::track::initiator::Unfounded;
use crate::tracker::ScanError;

/// One decision and whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Time of validity of the scan, or the time that passed without one.
    pub time: Timestamp,
    /// The sensor's count of its scans; zero without a scan.
    pub sequence: u64,
    /// Whose scan it was; none where only time passed.
    pub sensor: Option<SensorId>,
    /// Which measurement: its place in the scan.
    pub ordinal: Option<u16>,
    /// Which track.
    pub track: Option<TrackNumber>,
    /// Whether that track was not yet confirmed.
    pub tentative: bool,
    /// Whether it was decided again because an earlier scan came late.
    pub replayed: bool,
    /// What was decided.
    pub decision: Decision,
}

/// What was decided. Distances are squared Mahalanobis distances νᵀ S⁻¹ ν, gates their thresholds γ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// The gate admitted the pair of measurement and track; β is how much of the track's update it was.
    Weighed {
        /// νᵀ S⁻¹ ν.
        distance_squared: f32,
        /// γ.
        gate: f32,
        /// β, 0 to 1.
        beta: f32,
        /// Dimension of the measurement.
        dimension: u8,
    },
    /// No track gated the measurement; this one was nearest, a confirmed one if there is any.
    OutsideGate(Apart),
    /// The track was looked for and not seen; the measurement, if there is one, was nearest.
    Missed(Apart),
    /// The gate would have admitted the pair, but the addresses contradict each other.
    Contradicted(Apart),
    /// The gate would have admitted the pair, but the measurement carries the address of another track.
    Owned(Apart),
    /// The measurement carries the track's own address, but is too far from it to be believed.
    AddressImplausible(Apart),
    /// The sensor has seen the track before; now it is outside its field of view, and silence says nothing.
    OutOfView,
    /// Pairs of the track that found no room.
    PairsDropped(u32),
    /// The numbers of an update overflowed; the prediction stays.
    UpdateNotFinite,
    /// The track has more contributors than it can remember.
    ContributorForgotten,
    /// Of the errors that its sensors have in common so many are no longer known of, for want of room.
    CommonErrorsForgotten(u32),
    /// The measurement founded the track.
    Founded {
        /// Its probability of existence.
        existence: f32,
    },
    /// The measurement, or a split, founded no track.
    NotFounded(NotFounded),
    /// A second measurement split the track off from another.
    Branched {
        /// The other.
        from: TrackNumber,
    },
    /// The track is believed from now on.
    Confirmed {
        /// Its probability of existence.
        existence: f32,
    },
    /// The track ended.
    Deleted {
        /// Why.
        ending: Ending,
        /// Its probability of existence.
        existence: f32,
    },
    /// The track ended because it was the same target as an older one.
    Merged {
        /// The older one.
        into: TrackNumber,
    },
    /// The measurement has numbers that are not finite or beyond all reason.
    Implausible,
    /// So many measurements at the end of the scan were not looked at.
    OverLimit(u32),
    /// So many clusters were solved without their unlikely pairs.
    ClustersCut(u32),
    /// So many clusters were left to belief propagation.
    ClustersApproximate(u32),
    /// So many tracks were associated alone.
    RowsAlone(u32),
    /// The scan was refused.
    ScanRefused(Refusal),
    /// The scan is older than what can be done again; so many of its measurements were taken by retrodiction.
    Retrodicted {
        /// Taken.
        taken: u32,
        /// Not taken.
        left: u32,
    },
    /// A scan came late: everything after the scan of this entry is done again.
    Rewound,
    /// So many scans were released early for want of room and can no longer be done again.
    ReleasedEarly(u32),
    /// The scan has more measurements than can be held; it cannot be done again.
    TooLargeToHold,
}

/// How far a measurement and a track are apart, and how far they might be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// νᵀ S⁻¹ ν; not finite if there is nothing to compare with.
    pub distance_squared: f32,
    /// γ.
    pub gate: f32,
}

/// Why a track was not founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFounded {
    /// The measurement fixes no position.
    NoPosition,
    /// It fixes a position too vaguely.
    TooUncertain,
    /// No state could be made from it.
    NotFinite,
    /// No track explains it, but clutter does well enough.
    TooUnlikely,
    /// The table is full.
    TableFull,
    /// The scan has no more numbers to give.
    NoNumber,
}

/// Why a track ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It hardly existed any more.
    Unlikely,
    /// The rule of M of N was against it.
    Looks,
    /// Nothing was heard of it for too long.
    Silent,
    /// It was no longer known well enough where it was.
    Uncertain,
}

/// Why a scan was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Earlier than the one before.
    OutOfOrder,
    /// Older than all that can be done again.
    TooLate,
    /// Heard before.
    Repeated,
    /// The model of its sensor is not usable.
    SensorModel,
}

impl Entry {
    /// A place in memory for one.
    pub const EMPTY: Self = Self {
        time: Timestamp::EPOCH,
        sequence: 0,
        sensor: None,
        ordinal: None,
        track: None,
        tentative: false,
        replayed: false,
        decision: Decision::Rewound,
    };

    /// Whether a later [`Decision::Rewound`] took this back: what the tracker decided after the scan that was gone back
    /// to is decided again. What was refused before it came to the tracker stays refused.
    #[must_use]
    pub fn is_superseded_by(&self, later: &Self) -> bool {
        let key = |entry: &Self| (entry.time, entry.sensor, entry.sequence);
        later.decision == Decision::Rewound && !self.decision.is_of_the_sequencer() && key(self) > key(later)
    }

    /// The innovation of a certain hit of a confirmed track, for a consistency monitor
    /// ([`NisMonitor::handle`](crate::filter::monitor::NisMonitor::handle)): NIS, dimension, β.
    #[must_use]
    pub fn innovation(&self) -> Option<(f64, u32, f64)> {
        let Decision::Weighed { distance_squared, beta, dimension, .. } = self.decision else { return None };
        (beta >= CERTAIN && !self.tentative).then(|| (distance_squared.into(), dimension.into(), beta.into()))
    }
}

/// From this β on a measurement is more likely the track's than all the rest together.
const CERTAIN: f32 = 0.5;

impl Decision {
    /// The counter of [`Tally`](crate::tally::Tally) or [`SequencerTally`](crate::tally::SequencerTally) that counted
    /// the same; none for what no counter counts.
    #[must_use]
    pub const fn counter(&self) -> Option<&'static str> {
        Some(match self {
            Self::Weighed { .. } => "edges",
            Self::OutsideGate(_) | Self::Missed(_) | Self::Owned(_) | Self::OutOfView | Self::Rewound => return None,
            Self::Contradicted(_) => "edges_contradicted",
            Self::AddressImplausible(_) => "addresses_implausible",
            Self::PairsDropped(_) => "edges_dropped",
            Self::UpdateNotFinite => "updates_not_finite",
            Self::ContributorForgotten => "contributors_forgotten",
            Self::CommonErrorsForgotten(_) => "common_errors_forgotten",
            Self::Founded { .. } => "tracks_founded",
            Self::NotFounded(reason) => return reason.counter(),
            Self::Branched { .. } => "tracks_branched",
            Self::Confirmed { .. } => "tracks_confirmed",
            Self::Deleted { ending, .. } => ending.counter(),
            Self::Merged { .. } => "deleted_merged",
            Self::Implausible => "measurements_implausible",
            Self::OverLimit(_) => "measurements_over_limit",
            Self::ClustersCut(_) => "clusters_cut",
            Self::ClustersApproximate(_) => "clusters_approximate",
            Self::RowsAlone(_) => "rows_alone",
            Self::ScanRefused(refusal) => refusal.counter(),
            Self::Retrodicted { taken: 0, .. } => "measurements_too_late",
            Self::Retrodicted { .. } => "scans_retrodicted",
            Self::ReleasedEarly(_) => "scans_released_early",
            Self::TooLargeToHold => "scans_too_large",
        })
    }

    /// Whether it is about the order of scans, and therefore never taken back.
    #[must_use]
    pub const fn is_of_the_sequencer(&self) -> bool {
        matches!(
            self,
            Self::ScanRefused(_)
                | Self::Retrodicted { .. }
                | Self::Rewound
                | Self::ReleasedEarly(_)
                | Self::TooLargeToHold
        )
    }
}

impl NotFounded {
    const fn counter(self) -> Option<&'static str> {
        match self {
            Self::NoPosition => Some("bearings_unexplained"),
            Self::TooUncertain => Some("foundings_too_uncertain"),
            Self::NotFinite => Some("foundings_not_finite"),
            Self::TooUnlikely => None,
            Self::TableFull => Some("tracks_table_full"),
            Self::NoNumber => Some("branches_dropped"),
        }
    }
}

impl Ending {
    const fn counter(self) -> &'static str {
        match self {
            Self::Unlikely | Self::Looks => "deleted_missed",
            Self::Silent => "deleted_silent",
            Self::Uncertain => "deleted_uncertain",
        }
    }
}

impl Refusal {
    const fn counter(self) -> &'static str {
        match self {
            Self::OutOfOrder => "scans_out_of_order",
            Self::TooLate => "scans_too_late",
            Self::Repeated => "scans_repeated",
            Self::SensorModel => "scans_without_sensor_model",
        }
    }
}

impl From<Unfounded> for NotFounded {
    fn from(unfounded: Unfounded) -> Self {
        match unfounded {
            Unfounded::NoPosition => Self::NoPosition,
            Unfounded::TooUncertain => Self::TooUncertain,
            Unfounded::NotFinite => Self::NotFinite,
        }
    }
}

impl From<Deletion> for Ending {
    fn from(deletion: Deletion) -> Self {
        match deletion {
            Deletion::Missed => Self::Unlikely,
            Deletion::Silent => Self::Silent,
            Deletion::Uncertain => Self::Uncertain,
        }
    }
}

impl From<ScanError> for Refusal {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::OutOfOrder { .. } => Self::OutOfOrder,
            ScanError::TooLate { .. } => Self::TooLate,
            ScanError::Repeated => Self::Repeated,
            ScanError::SensorModel => Self::SensorModel,
        }
    }
}

impl Decision {
    /// How far measurement and track are apart, if that decided.
    #[must_use]
    pub const fn apart(&self) -> Option<Apart> {
        if let Self::Weighed { distance_squared, gate, .. } = *self {
            return Some(Apart { distance_squared, gate });
        }
        let (Self::OutsideGate(apart)
        | Self::Missed(apart)
        | Self::Contradicted(apart)
        | Self::Owned(apart)
        | Self::AddressImplausible(apart)) = *self
        else {
            return None;
        };
        Some(apart)
    }
}

impl Apart {
    /// The distance in standard deviations.
    #[must_use]
    pub fn sigmas(self) -> f64 {
        sqrt(self.distance_squared.into())
    }

    /// The gate in standard deviations.
    #[must_use]
    pub fn gate_sigmas(self) -> f64 {
        sqrt(self.gate.into())
    }
}

/// The trail for reading.
#[derive(Clone, Copy, Debug)]
pub struct TrailView<'a> {
    entries: &'a [Entry],
    noted: u64,
}

impl<'a> TrailView<'a> {
    /// How many entries there have ever been: where a reader goes on next time ([`Self::since`]).
    #[must_use]
    pub const fn noted(&self) -> u64 {
        self.noted
    }

    /// All entries that are still held, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.since(0)
    }

    /// The entries from the one of this count on, as far as they are still held, oldest first.
    pub fn since(&self, noted: u64) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let entries = self.entries;
        let room = wide(entries.len());
        let from = noted.max(self.noted.saturating_sub(room));
        (from..self.noted).filter_map(move |count| entries.get(place(count, room)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::{SequencerTally, Tally};
    use std::vec::Vec;

    extern crate std;

    /// What counters count that is no refusal: things done, and sums of what has entries of its own.
    const DONE: [&str; 15] = [
        "scans",
        "measurements",
        "addresses_matched",
        "numbers_bumped",
        "clusters",
        "scans_late",
        "scans_replayed",
        "measurements_retrodicted",
        "scans_retrodicted",
        "tracks_founded",
        "tracks_branched",
        "families_founded",
        "families_over_limit",
        "clutter_maps_full",
        "tracks_confirmed",
    ];

    fn decisions() -> Vec<Decision> {
        let apart = Apart { distance_squared: 38.44, gate: 15.21 };
        let mut all = std::vec![
            Decision::Weighed { distance_squared: 1.44, gate: 15.21, beta: 0.97, dimension: 2 },
            Decision::OutsideGate(apart),
            Decision::Missed(apart),
            Decision::Contradicted(apart),
            Decision::Owned(apart),
            Decision::AddressImplausible(apart),
            Decision::OutOfView,
            Decision::PairsDropped(3),
            Decision::UpdateNotFinite,
            Decision::ContributorForgotten,
            Decision::CommonErrorsForgotten(1),
            Decision::Founded { existence: 0.1 },
            Decision::Branched { from: TrackNumber(7) },
            Decision::Confirmed { existence: 0.99 },
            Decision::Merged { into: TrackNumber(7) },
            Decision::Implausible,
            Decision::OverLimit(4),
            Decision::ClustersCut(1),
            Decision::ClustersApproximate(1),
            Decision::RowsAlone(1),
            Decision::Retrodicted { taken: 0, left: 2 },
            Decision::Retrodicted { taken: 1, left: 1 },
            Decision::Rewound,
            Decision::ReleasedEarly(1),
            Decision::TooLargeToHold,
        ];
        use NotFounded::{NoNumber, NoPosition, NotFinite, TableFull, TooUncertain, TooUnlikely};
        let reasons = [NoPosition, TooUncertain, NotFinite, TooUnlikely, TableFull, NoNumber];
        all.extend(reasons.map(Decision::NotFounded));
        let endings = [Ending::Unlikely, Ending::Looks, Ending::Silent, Ending::Uncertain];
        all.extend(endings.map(|ending| Decision::Deleted { ending, existence: 0.01 }));
        let refusals = [Refusal::OutOfOrder, Refusal::TooLate, Refusal::Repeated, Refusal::SensorModel];
        all.extend(refusals.map(Decision::ScanRefused));
        all
    }

    #[test]
    fn an_entry_is_a_line_of_cache() {
        assert!(size_of::<Entry>() <= 64, "{}", size_of::<Entry>());
    }

    #[test]
    fn every_refusal_that_is_counted_has_an_entry() {
        let explained: Vec<&str> = decisions().iter().filter_map(Decision::counter).collect();
        let mut check = |name: &'static str, _: u64| {
            assert!(explained.contains(&name) || DONE.contains(&name), "{name} is counted but never explained");
        };
        Tally::default().each(&mut check);
        SequencerTally::default().each(&mut check);
    }

    #[test]
    fn every_counter_that_an_entry_names_exists() {
        let mut names = Vec::new();
        Tally::default().each(&mut |name, _| names.push(name));
        SequencerTally::default().each(&mut |name, _| names.push(name));
        let unknown = decisions().into_iter().find(|d| d.counter().is_some_and(|name| !names.contains(&name)));
        assert_eq!(unknown, None);
    }

    #[test]
    fn every_decision_is_told_in_a_line() {
        for decision in decisions() {
            let entry = Entry { track: Some(TrackNumber(0xA)), ordinal: Some(3), decision, ..Entry::EMPTY };
            let line = std::format!("{entry}");
            assert!(line.len() > 30 && line.len() < 160 && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn what_is_done_again_supersedes_what_was_done_but_a_refusal_stands() {
        let at = |second, sensor, decision| Entry {
            time: Timestamp::from_secs(second),
            sensor: Some(SensorId(sensor)),
            decision,
            ..Entry::EMPTY
        };
        let rewound = at(10, 1, Decision::Rewound);
        assert!(at(10, 2, Decision::Implausible).is_superseded_by(&rewound));
        assert!(
            !at(10, 1, Decision::Implausible).is_superseded_by(&rewound),
            "it is in the copy that was gone back to"
        );
        assert!(!at(11, 0, Decision::ScanRefused(Refusal::Repeated)).is_superseded_by(&rewound));
        assert!(!at(11, 0, Decision::Implausible).is_superseded_by(&at(10, 1, Decision::OutOfView)));
    }

    #[test]
    fn only_certain_hits_of_confirmed_tracks_are_told_to_monitors() {
        let weighed = |beta| Decision::Weighed { distance_squared: 2.0, gate: 15.0, beta, dimension: 2 };
        let entry = Entry { decision: weighed(0.75), ..Entry::EMPTY };
        assert_eq!(entry.innovation(), Some((2.0, 2, 0.75)));
        assert_eq!(Entry { tentative: true, ..entry }.innovation(), None);
        assert_eq!(Entry { decision: weighed(0.25), ..entry }.innovation(), None);
    }
}
