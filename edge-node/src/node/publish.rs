//! From the tracker's table to records: what changed since it was last published, and what is gone.

use std::collections::BTreeMap;

use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::TangentPlane;
use fusion_core::nalgebra::Matrix6;
use fusion_core::time::Timestamp;
use fusion_core::track::{Track, TrackId, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};

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
        sensors: &[String],
        now: Timestamp,
        mut each: impl FnMut(TrackRecord),
    ) {
        self.generation += 1;
        for track in tracks.filter(|t| t.is_confirmed()) {
            if let Some(record) = self.changed(track, plane, sensors) {
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

    fn changed(&mut self, track: &Track, plane: &TangentPlane, sensors: &[String]) -> Option<TrackRecord> {
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
        let record = record(track, Seq(self.version), plane, sensors);
        let (updates, status, last_update) = (track.updates, track.status, track.last_update);
        self.tracks.insert(track.id, Shown { updates, status, last_update, generation, record: record.clone() });
        Some(record)
    }
}

fn record(track: &Track, version: Seq, plane: &TangentPlane, sensors: &[String]) -> TrackRecord {
    let name = |s: u16| sensors.get(usize::from(s)).cloned();
    TrackRecord {
        id: track.id,
        version,
        status: Some(track.status),
        estimate: estimate(track, plane),
        identity: track.identity.clone(),
        label: track.label,
        sensors: track.contributors.as_slice().iter().filter_map(|(sensor, _)| name(sensor.0)).collect(),
        updates: track.updates,
        source_track: false,
        in_common: InCommon { word: track.own_word, motion: !is_steady(track) },
    }
}

/// Whether it has gone straight on for so long that its filter has forgotten whatever it did before. One that settles
/// (Kalman–Bucy) forgets as exp(−ω t/√2), ω = σ_v/σ_p: after 3/ω an eighth is left.
fn is_steady(track: &Track) -> bool {
    let p = track.state.covariance.matrix();
    let (place, speed) = (p[(0, 0)] + p[(1, 1)], p[(3, 3)] + p[(4, 4)]);
    let straight_s = (track.last_update - track.swerved).as_secs_f64();
    straight_s * straight_s * speed > STEADY_AFTER * STEADY_AFTER * place
}

/// In units of 1/ω.
const STEADY_AFTER: f64 = 3.0;

fn estimate(track: &Track, plane: &TangentPlane) -> Estimate {
    let position = plane.to_ecef(track.state.position());
    let turn = plane.local_axes_at(plane.to_geodetic(track.state.position()));
    let mut both = Matrix6::zeros();
    both.fixed_view_mut::<3, 3>(0, 0).copy_from(&turn);
    both.fixed_view_mut::<3, 3>(3, 3).copy_from(&turn);
    let p = both * track.state.covariance.matrix() * both.transpose();
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
