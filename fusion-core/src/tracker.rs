//! The tracker: predict, gate, associate, update, merge, found, delete, once per scan.
//!
//! It takes scans of any sensors in the order of their times and keeps a table of tracks. What it knows of time it
//! knows from scans and from [`Tracker::handle_timeout`]; the result is a function of those calls alone. It assumes
//! that errors of measurements are white and their clutter even; estimates of other trackers do not belong here
//! ([`SourceTrack`](crate::source_track::SourceTrack)).
//!
//! A track's state stays at the time of the last measurement that touched it. Whoever shows it predicts it to the time
//! wanted ([`filter::predict`](crate::filter::predict) with [`TrackerConfig::motion`]).

mod associate;
mod branch;
mod clutter_maps;
mod config;
mod consider;
mod explain;
mod families;
mod founding;
mod look;
mod memory;
mod newcomers;
mod noise;
mod reach;
mod resolve;
mod roam;
mod sharpen;
mod shift;
mod update;
mod watch;

pub use associate::Row;
pub use config::{ConfigFault, LooksRule, SHARPNESS_MAX, TrackerConfig};
pub use look::{Addressed, Column};
pub use memory::{Buffers, Lent, Sizes, TrackerMemory};

use core::cell::Cell;

use crate::association::gate::Gate;
use crate::association::{Outcome, marginals_twice};
use crate::filter::imm::Modes;
use crate::filter::monitor::NoiseScale;
use crate::filter::predict;
use crate::gaussian::GaussianState;
use crate::label::Label;
use crate::measurement::{Scan, SensorId};
use crate::room::Room;
use crate::sensor::SensorModel;
use crate::sequencer::Key;
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::track::deleter::{Deletion, judge_by_time, lives_until, safe_until};
use crate::track::table::{Occupancy, TrackTable};
use crate::track::{ModeSlot, Origin, Slot, SlotCopy, Track, TrackStatus};
use crate::trail::{Book, Decision, Trail, TrailView};
use associate::{Gating, Pairing};
use clutter_maps::ClutterMaps;
use consider::Common;
use explain::Explaining;
use founding::Foundings;
use look::{Learnt, Look, LookMemory};
use newcomers::Newcomers;
use noise::SensorNoise;
use resolve::Crowd;
use sharpen::Sharpening;
use update::{Solution, Updating};

/// Why a scan was refused. Nothing changed but the tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanError {
    /// It is earlier than the scan before.
    OutOfOrder {
        /// The time that was reached.
        reached: Timestamp,
    },
    /// It is older than a sequencer remembers.
    TooLate {
        /// The oldest time that can still be inserted.
        horizon: Timestamp,
    },
    /// The same sensor, time and sequence were heard already.
    Repeated,
    /// Probability of detection, clutter or field of view of the sensor are out of range.
    SensorModel,
}

impl core::fmt::Display for ScanError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::OutOfOrder { reached } => {
                write!(f, "the scan is earlier than {} ns, where the tracker already is", reached.as_nanos())
            }
            Self::TooLate { horizon } => {
                write!(f, "the scan is earlier than {} ns; lengthen the horizon to admit it", horizon.as_nanos())
            }
            Self::Repeated => f.write_str("the scan was heard before: same sensor, time and sequence"),
            Self::SensorModel => {
                f.write_str("the sensor needs a probability of detection in (0, 1), clutter and a range above 0")
            }
        }
    }
}

impl core::error::Error for ScanError {}

/// What one scan did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanOutcome {
    /// Tracks that took part: looked at, or near a measurement.
    pub rows: usize,
    /// Pairs of track and measurement that the gate admitted.
    pub edges: usize,
    /// Tracks in the table afterwards.
    pub tracks: usize,
}

/// Everything about a tracker's past but the tracks themselves, in one piece for copying.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    pub(crate) occupancy: Occupancy,
    /// Time of the last scan.
    pub(crate) reached: Option<Timestamp>,
    pub(crate) tally: Tally,
    /// Targets not found yet, by sensor.
    newcomers: Newcomers,
    /// What their innovations say of the sensors' R.
    noise: SensorNoise,
    /// Where false measurements come from, by sensor.
    clutter: ClutterMaps,
    /// Whether any scan had errors in common.
    considering: bool,
    labels: Labels,
}

/// Which label all scans so far had, and whether any had another.
#[derive(Clone, Debug, Default, PartialEq)]
struct Labels {
    common: Option<Label>,
    differ: bool,
}

impl Labels {
    /// Whether all had this one.
    fn are_all(&mut self, label: Label) -> bool {
        self.differ |= *self.common.get_or_insert(label) != label;
        !self.differ
    }
}

/// A tracker over lent memory.
pub struct Tracker<M: TrackerMemory> {
    origin: Origin,
    config: TrackerConfig,
    gate: Gate,
    progress: Progress,
    /// Until then no track ends of silence or uncertainty, so nobody need look.
    safe_until: Timestamp,
    book: Book,
    memory: M,
}

impl<M: TrackerMemory> Tracker<M> {
    /// A tracker without tracks. Settings that make no sense ([`TrackerConfig::check`]) give tracks that make none.
    #[must_use]
    pub fn new(origin: Origin, config: TrackerConfig, mut memory: M) -> Self {
        memory.lend().slots.reaching(0).fill(Slot::EMPTY);
        memory.lend().modes.reaching(0).fill(ModeSlot::EMPTY);
        let gate = Gate::new(config.gate_probability);
        let (progress, book) = (Progress::default(), Book::default());
        Self { origin, config, gate, progress, safe_until: NEVER, book, memory }
    }

    /// Takes one scan, no earlier than the one before.
    ///
    /// # Errors
    /// [`ScanError::OutOfOrder`] or [`ScanError::SensorModel`]; counted, nothing else changed.
    pub fn handle_scan(&mut self, scan: &Scan<'_>, sensor: &SensorModel) -> Result<ScanOutcome, ScanError> {
        self.admit(scan, sensor)
            .inspect_err(|error| self.note(Key::of(scan), Decision::ScanRefused((*error).into())))?;
        let Progress { occupancy, tally, newcomers, noise, clutter, considering, labels, .. } = &mut self.progress;
        let common = Common::of(scan, sensor, self.config.filter, considering);
        let mut lent = self.memory.lend();
        let mut table = TrackTable::reaching(lent.slots, lent.modes, occupancy, 0);
        let trail = self.book.at_scan(lent.trail, scan);
        pass_time(&mut table, scan.time, &mut self.safe_until, &self.config, tally, &trail);

        let memory = LookMemory { columns: lent.columns, plots: lent.plots, addressed: lent.addressed, trail };
        let noise = noise.of(scan.sensor);
        let learnt = Learnt { clutter: clutter.of(scan.sensor), noise_scale: noise.scale() };
        let (look, columns) = Look::new(scan, sensor, learnt, memory, tally);
        let gating = Gating { look: &look, gate: &self.gate, config: &self.config, common: &common };
        let mut pairing = Pairing::new(lent.rows, lent.nulls, lent.edges, lent.explained, lent.tangents);
        gating.match_addresses(&table, columns, tally);
        let crowd = Crowd::of(&look, &table, lent.beta);
        gating.pair(&mut table, columns, &crowd, &mut pairing, tally);

        let newcomer = newcomers::odds(newcomers, &look, pairing.known, self.config.new_per_scan);
        let (rows, nulls, edges, explained, tangents) = pairing.finish();
        columns.iter_mut().for_each(|column| column.expect_newcomer(newcomer));
        edges.iter_mut().for_each(|edge| edge.weight /= 1.0 + columns[usize::from(edge.column)].newcomer);
        let (beta, missed) = (&mut lent.beta[..edges.len()], &mut lent.missed[..rows.len()]);
        let (sharpened, missed_sharpened) =
            (&mut lent.sharpened[..edges.len()], &mut lent.missed_sharpened[..rows.len()]);
        Sharpening { nulls, edges, kappa: self.config.sharpness }.sharpen(rows, missed_sharpened, sharpened);
        let outcome = marginals_twice(
            nulls,
            edges,
            columns.len(),
            &self.config.budget,
            &mut lent.workspace,
            [beta, sharpened],
            [missed, missed_sharpened],
        );
        note(&outcome, tally);
        trail.solved(&outcome);
        if trail.is_on() {
            Explaining { gating: &gating, columns, rows, edges, beta, missed }.explain(&table);
        }

        let solution = Solution { rows, edges, beta, sharpened, explained, tangents, missed, missed_sharpened };
        let clash = newcomers.may_clash(scan.sensor, scan.time);
        let safe_until = Cell::new(self.safe_until);
        let (look, config) = (&look, &self.config);
        let one_label = labels.are_all(look.label);
        let updating = Updating { look, config, common: &common, origin: self.origin, one_label, clash, safe_until };
        let branches = Updating::branches(&table, rows);
        let mut table = TrackTable::reaching(lent.slots, lent.modes, occupancy, branches);
        let extra = updating.update(&mut table, &solution, columns, noise, tally);
        newcomers.learn(scan, rows.iter().filter_map(|row| table.get(row.slot)));
        updating.merge_twins(&mut table, &solution, columns, tally);
        updating.delete_missed(&mut table, rows, tally);
        clutter.learn(look, columns, tally);
        let mut table = TrackTable::reaching(lent.slots, lent.modes, occupancy, updating.foundings(columns));
        Foundings { updating: &updating, table: &mut table, tally, extra }.found_all(columns);
        self.safe_until = updating.safe_until.get();
        Ok(ScanOutcome { rows: rows.len(), edges: edges.len(), tracks: table.live() })
    }

    /// Lets time pass without a scan: deletes what has been silent or uncertain for too long. Tells whether anything
    /// changed. A later scan would have done the same, so it does not matter how often this is called.
    pub fn handle_timeout(&mut self, now: Timestamp) -> bool {
        let lent = self.memory.lend();
        let mut table = TrackTable::reaching(lent.slots, lent.modes, &mut self.progress.occupancy, 0);
        let trail = self.book.at_time(lent.trail, now);
        pass_time(&mut table, now, &mut self.safe_until, &self.config, &mut self.progress.tally, &trail)
    }

    /// The tracks, in the order of their slots.
    pub fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.memory.slots()[..self.progress.occupancy.top()].iter().filter_map(Slot::track)
    }

    /// The tracks with their states at another time: by all the ways in which each may move. One whose state would
    /// overflow is left out.
    pub fn states_at(&self, time: Timestamp) -> impl Iterator<Item = (&Track, GaussianState)> {
        let top = self.progress.occupancy.top();
        let slots = self.memory.slots()[..top].iter().zip(&self.memory.modes()[..top]);
        slots.filter_map(move |(slot, modes)| {
            let track = slot.track()?;
            Some((track, self.state_at(track, modes.modes(), time)?))
        })
    }

    fn state_at(&self, track: &Track, modes: Option<&Modes>, time: Timestamp) -> Option<GaussianState> {
        let (Some(modes), Some(set)) = (modes, &self.config.motions) else {
            return predict(&self.config.motion, &track.state, time).ok();
        };
        modes.predict(set, time).ok()?.combined().prove().ok()
    }

    /// How well the innovations of a sensor keep what its R promises, since R was last corrected; and the correction.
    /// `None` for a sensor numbered beyond what is remembered.
    #[must_use]
    pub fn sensor_noise(&self, sensor: SensorId) -> Option<&NoiseScale> {
        self.progress.noise.get(sensor)
    }

    /// What was done and refused.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.progress.tally
    }

    /// Why: the latest decisions, as many as there is memory lent for.
    #[must_use]
    pub fn trail(&self) -> TrailView<'_> {
        self.book.view(self.memory.trail())
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &TrackerConfig {
        &self.config
    }

    /// How many tracks there is room for.
    pub(crate) fn slots(&mut self) -> usize {
        self.memory.lend().slots.bound()
    }

    /// Notes something about a scan in the trail.
    pub(crate) fn note(&mut self, key: Key, decision: Decision) {
        let trail = self.memory.lend().trail;
        self.book.open(trail, key.time, Some(key.sensor), key.sequence).scan(decision);
    }

    /// Tells the trail whether what follows is done again.
    pub(crate) const fn set_replaying(&mut self, replaying: bool) {
        self.book.replaying = replaying;
    }

    /// All but the tracks.
    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Copies the tracks out.
    pub(crate) fn save(&mut self, copy: &mut impl Room<SlotCopy>, words: &mut impl Room<u64>) {
        let lent = self.memory.lend();
        let table = TrackTable::reaching(lent.slots, lent.modes, &mut self.progress.occupancy, 0);
        table.save(copy.reaching(table.top()), words.reaching(table.words()));
    }

    /// Goes back to what was saved.
    pub(crate) fn restore(&mut self, copy: &[SlotCopy], words: &[u64], progress: Progress) {
        let lent = self.memory.lend();
        let occupancy = &mut self.progress.occupancy;
        let reach = occupancy.top().max(progress.occupancy.top());
        let mut table = TrackTable::new(lent.slots.reaching(reach), lent.modes.reaching(reach), occupancy);
        table.restore(copy, words, progress.occupancy);
        self.progress = progress;
        self.safe_until = NEVER;
    }

    fn admit(&mut self, scan: &Scan<'_>, sensor: &SensorModel) -> Result<(), ScanError> {
        let Progress { reached, tally, .. } = &mut self.progress;
        if let Some(reached) = reached.filter(|reached| scan.time < *reached) {
            tally.scans_out_of_order += 1;
            return Err(ScanError::OutOfOrder { reached });
        }
        if !sensor.is_usable() {
            tally.scans_without_sensor_model += 1;
            return Err(ScanError::SensorModel);
        }
        tally.scans += 1;
        *reached = Some(scan.time);
        Ok(())
    }
}

/// Earlier than any time.
const NEVER: Timestamp = Timestamp::from_nanos(i64::MIN);

/// Counts how the marginals were come by.
fn note(outcome: &Outcome, tally: &mut Tally) {
    tally.clusters += u64::from(outcome.clusters);
    tally.clusters_cut += u64::from(outcome.cut);
    tally.clusters_approximate += u64::from(outcome.belief);
    tally.rows_alone += u64::from(outcome.alone);
}

/// Deletes what has been silent or uncertain for too long, and marks as coasted what reports have left alone; nothing
/// before `safe`, which is set anew.
fn pass_time(
    table: &mut TrackTable<'_>,
    now: Timestamp,
    safe: &mut Timestamp,
    config: &TrackerConfig,
    tally: &mut Tally,
    trail: &Trail<'_>,
) -> bool {
    let mut changed = false;
    if now < *safe {
        return changed;
    }
    *safe = Timestamp::MAX;
    for slot in table.indices() {
        let Some(track) = table.get_mut(slot) else { continue };
        if let Some(until) = lives_until(track, now, config, *safe) {
            *safe = until;
            continue;
        }
        let silent = track.reported && now - track.last_update > config.report_coast_after;
        if silent && track.status == TrackStatus::Confirmed {
            track.status = TrackStatus::Coasted;
            changed = true;
        }
        let Some(deletion) = judge_by_time(track, now, config) else {
            *safe = safe_until(track, now, config, *safe);
            continue;
        };
        let counter = match deletion {
            Deletion::Silent => &mut tally.deleted_silent,
            Deletion::Uncertain | Deletion::Missed => &mut tally.deleted_uncertain,
        };
        *counter += 1;
        trail.deleted(table.get(slot), deletion);
        table.delete(slot);
        changed = true;
    }
    changed
}
