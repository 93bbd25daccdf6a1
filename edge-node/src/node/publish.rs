//! From the tracker's table to records: what changed since it was last published, and what is gone.

use std::collections::BTreeMap;

use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::TangentPlane;
use fusion_core::nalgebra::{Matrix3, Matrix6, Vector3};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Track, TrackId, TrackStatus};
use proto::record::{Estimate, Seq, TrackRecord};

/// What a node knows of a sensor when it publishes a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// One sigma of the position error that all its reports of a target share, metres.
    pub shared_error_m: f64,
    /// One sigma of the time error that they share, seconds.
    pub shared_time_error_s: f64,
}

/// For so long after its last report a sensor's shared error stays in a track.
const SHARED_FOR: Span = Span::from_secs(30);

/// What has been published of each track that is alive.
#[derive(Clone, Debug, Default)]
pub struct Published {
    tracks: BTreeMap<TrackId, Shown>,
    generation: u64,
    version: u64,
    ever: u64,
}

#[derive(Clone, Debug)]
struct Shown {
    updates: u32,
    status: TrackStatus,
    last_update: Timestamp,
    generation: u64,
    record: TrackRecord,
}

impl Published {
    /// Compares the confirmed tracks with what was published and hands out a record for each difference, tracks first,
    /// then tombstones of what is gone, each in the order of their ids.
    pub fn compare<'a>(
        &mut self,
        tracks: impl Iterator<Item = &'a Track>,
        plane: &TangentPlane,
        sources: &[Source],
        now: Timestamp,
        mut each: impl FnMut(TrackRecord),
    ) {
        self.generation += 1;
        for track in tracks.filter(|t| t.is_confirmed()) {
            if let Some(record) = self.changed(track, plane, sources) {
                each(record);
            }
        }
        let (generation, version) = (self.generation, &mut self.version);
        self.tracks.retain(|_, shown| {
            let alive = shown.generation == generation;
            if !alive {
                *version += 1;
                each(tombstone(&shown.record, Seq(*version), now));
            }
            alive
        });
    }

    /// The version of the next record that is not made from the tracker's table; versions count over all records.
    pub const fn next_version(&mut self) -> Seq {
        self.version += 1;
        Seq(self.version)
    }

    /// How many tracks were ever published.
    #[must_use]
    pub const fn ever(&self) -> u64 {
        self.ever
    }

    fn changed(&mut self, track: &Track, plane: &TangentPlane, sources: &[Source]) -> Option<TrackRecord> {
        let generation = self.generation;
        match self.tracks.get_mut(&track.id) {
            Some(shown)
                if (shown.updates, shown.status, shown.last_update)
                    == (track.updates, track.status, track.last_update) =>
            {
                shown.generation = generation;
                return None;
            }
            Some(_) => {}
            None => self.ever += 1,
        }
        self.version += 1;
        let record = record(track, Seq(self.version), plane, sources);
        let (updates, status, last_update) = (track.updates, track.status, track.last_update);
        self.tracks.insert(track.id, Shown { updates, status, last_update, generation, record: record.clone() });
        Some(record)
    }
}

fn record(track: &Track, version: Seq, plane: &TangentPlane, sources: &[Source]) -> TrackRecord {
    let name = |s: u16| sources.get(usize::from(s)).map(|source| source.name.clone());
    TrackRecord {
        id: track.id,
        version,
        status: Some(track.status),
        estimate: estimate(track, plane, sources),
        identity: track.identity.clone(),
        label: track.label,
        sensors: track.contributors.as_slice().iter().filter_map(|(sensor, _)| name(sensor.0)).collect(),
        updates: track.updates,
        source_track: false,
    }
}

/// The filter takes errors for independent from report to report. What a source's reports share does not average out,
/// so it is put back here: B = σ² I + (τ v)(τ v)ᵀ over the ground, of the worst source that contributed lately.
/// Association stays sharp; whoever reads the record is told the whole error.
fn shared_error(track: &Track, velocity: &Vector3<f64>, sources: &[Source]) -> Matrix3<f64> {
    let recent = track.contributors.as_slice().iter().filter(|(_, last)| track.last_update - *last <= SHARED_FOR);
    let known = recent.filter_map(|(sensor, _)| sources.get(usize::from(sensor.0)));
    let (place, time) = known.fold((0.0_f64, 0.0_f64), |(place, time), source| {
        (place.max(source.shared_error_m), time.max(source.shared_time_error_s))
    });
    let along = Vector3::new(velocity.x, velocity.y, 0.0) * time;
    Matrix3::from_diagonal(&Vector3::new(place * place, place * place, 0.0)) + along * along.transpose()
}

fn estimate(track: &Track, plane: &TangentPlane, sources: &[Source]) -> Estimate {
    let position = plane.to_ecef(track.state.position());
    let turn = plane.local_axes_at(plane.to_geodetic(track.state.position()));
    let mut both = Matrix6::zeros();
    both.fixed_view_mut::<3, 3>(0, 0).copy_from(&turn);
    both.fixed_view_mut::<3, 3>(3, 3).copy_from(&turn);
    let mut p = both * track.state.covariance.matrix() * both.transpose();
    let shared = shared_error(track, &(turn * track.state.velocity().vector()), sources);
    let position_block = p.fixed_view::<3, 3>(0, 0) + shared;
    p.fixed_view_mut::<3, 3>(0, 0).copy_from(&position_block);
    Estimate {
        time: track.state.time,
        position,
        velocity: plane.velocity_to_ecef(track.state.velocity()),
        // A rotation keeps a matrix positive definite up to rounding; if rounding wins, the unturned one is honest too.
        covariance: Covariance::new(p).unwrap_or(track.state.covariance),
    }
}

fn tombstone(last: &TrackRecord, version: Seq, now: Timestamp) -> TrackRecord {
    let estimate = Estimate { time: now, ..last.estimate };
    TrackRecord { version, status: None, estimate, ..last.clone() }
}
