//! Emitters that no node can locate alone: what the lines of bearing of several nodes come to.
//!
//! The newest line of each finder and emitter is kept while it may be of what is heard now; all that are held are
//! given to [`triangulation`](fusion_core::triangulation), which tells places and no ghosts. The answer is a pure
//! function of the lines and of a time, as all of the picture.
//!
//! What one node hears alone its own tracker locates. So an emitter is told only of lines of several nodes, and
//! only where no object is that it may be: a known drone that transmits is no second thing. Its number is made of
//! the first of its lines by finder, and lasts as long as that finder hears it.

use std::collections::BTreeMap;

use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::nalgebra::Matrix3;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId, TrackNumber, TrackStatus};
use fusion_core::triangulation::{
    CANDIDATES_DEFAULT, Candidate, Emitter, Finder, LINES_MAX, Line, Standing, TriangulationConfig, locate,
};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};
use proto::row::{Bearing, EMITTER_BITS};

use super::SystemTrack;
use super::predict::axes_at;
use crate::node::mesh::UNNAMED_FROM;

/// Lines held at the most: what one triangulation looks at.
///
/// Counter: `Emitters::full`; the oldest is given up.
pub const LINES_HELD_MAX: usize = LINES_MAX;

/// What is older was of what was heard then.
pub const LINE_LIFETIME: Span = Span::from_secs(30);

/// One sigma of what a finder's lines are off by together, as nobody tells better.
const FINDER_BIAS_RAD: f64 = 0.01;

/// d² in place up to which an emitter may be a known object: 99.9 % (χ² of three degrees).
const KNOWN: f64 = 16.3;

/// Numbers of emitters are apart from those of tracks, and younger than all of them.
const NUMBERED_FROM: u64 = 0xFFFF_FFFF_0000_0000;

/// A line by who heard it, with which sensor, of which emitter.
type LineKey = (Origin, u8, u32);

/// All lines that are held.
#[derive(Clone, Debug, Default)]
pub struct Emitters {
    lines: BTreeMap<LineKey, (Timestamp, Bearing, fusion_core::label::Label)>,
    full: u64,
}

impl Emitters {
    /// Takes a line in, in the place of an older one of the same finder and emitter.
    pub fn handle(&mut self, origin: Origin, bearing: Bearing, time: Timestamp, label: fusion_core::label::Label) {
        let key = (origin, bearing.sensor, bearing.emitter);
        if self.lines.get(&key).is_some_and(|(held, ..)| *held > time) {
            return;
        }
        if self.lines.len() >= LINES_HELD_MAX && !self.lines.contains_key(&key) {
            self.full += 1;
            let oldest = self.lines.iter().min_by_key(|(key, (time, ..))| (*time, **key)).map(|(key, _)| *key);
            oldest.and_then(|oldest| self.lines.remove(&oldest));
        }
        self.lines.insert(key, (time, bearing, label));
    }

    /// Forgets what is over.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.lines.retain(|_, (time, ..)| now - *time <= LINE_LIFETIME + LINE_LIFETIME);
    }

    /// How many lines found no room.
    #[must_use]
    pub const fn full(&self) -> u64 {
        self.full
    }

    /// The emitters at a time, by number; `objects` are where known things are.
    #[must_use]
    pub fn located<'a>(
        &self,
        at: Timestamp,
        objects: impl Iterator<Item = &'a Estimate> + Clone,
    ) -> BTreeMap<TrackId, SystemTrack> {
        let fresh = |time: Timestamp| at - time <= LINE_LIFETIME;
        let keys: Vec<&LineKey> =
            self.lines.iter().filter(|(_, (time, ..))| fresh(*time)).map(|(key, _)| key).collect();
        if keys.iter().all(|key| key.0 == keys[0].0) {
            return BTreeMap::new();
        }
        let lines: Vec<Line> = keys.iter().map(|key| self.line(**key)).collect();
        let mut scratch = vec![Candidate::EMPTY; CANDIDATES_DEFAULT];
        let located = locate(&TriangulationConfig::PLAIN, &lines, &mut scratch);
        let told = located.emitters.iter().filter(|emitter| emitter.standing == Standing::Confirmed);
        told.filter(|emitter| !objects.clone().any(|object| may_be(emitter, object)))
            .filter_map(|emitter| {
                let of: Vec<LineKey> = emitter.lines.iter().map(|line| *keys[usize::from(*line)]).collect();
                let several = of.iter().any(|key| key.0 != of[0].0);
                several.then(|| self.system_track(emitter, &of)).flatten()
            })
            .map(|track| (track.id(), track))
            .collect()
    }

    fn line(&self, key: LineKey) -> Line {
        let (origin, sensor, emitter) = key;
        let (time, bearing, _) = &self.lines[&key];
        Line {
            finder: Finder { origin, sensor: sensor.into() },
            time: *time,
            place: bearing.place().to_ecef(),
            azimuth: bearing.azimuth(),
            sigma_rad: bearing.sigma_rad(),
            bias_rad: FINDER_BIAS_RAD,
            key: (emitter < UNNAMED_FROM).then_some(emitter.into()),
        }
    }

    fn system_track(&self, emitter: &Emitter, of: &[LineKey]) -> Option<SystemTrack> {
        let (origin, sensor, number) = *of.iter().min()?;
        let number = TrackNumber(NUMBERED_FROM | u64::from(sensor) << EMITTER_BITS | u64::from(number));
        let labels = of.iter().map(|key| self.lines[key].2);
        let speed = TriangulationConfig::PLAIN.speed_sigma_m_s;
        let speeds = Covariance::new(Matrix3::from_diagonal_element(speed * speed)).ok()?;
        let record = TrackRecord {
            id: TrackId { origin, number },
            version: Seq(emitter.time.as_nanos().cast_unsigned()),
            status: Some(TrackStatus::Confirmed),
            estimate: Estimate {
                time: emitter.time,
                position: emitter.position,
                velocity: Velocity::ZERO,
                covariance: Covariance::of_independent(&emitter.covariance, &speeds),
            },
            identity: Identity { class: ObjectClass::Emitter, ..Identity::UNKNOWN },
            label: labels.reduce(fusion_core::label::Label::join)?,
            sensors: Vec::new(),
            updates: u32::try_from(of.len()).unwrap_or(u32::MAX),
            source_track: false,
            in_common: InCommon::UNKNOWN,
        };
        Some(SystemTrack { record, members: Vec::new(), formerly: Vec::new(), own: None, stale: false })
    }
}

/// Whether an emitter may be a known object, by its place.
fn may_be(emitter: &Emitter, object: &Estimate) -> bool {
    let age = (emitter.time - object.time).as_secs_f64();
    let there = object.position.vector() + object.velocity.vector() * age;
    let nu = axes_at(&there) * (emitter.position.vector() - there);
    let sum = Covariance::new(emitter.covariance.matrix() + object.covariance.leading::<3>().matrix());
    sum.is_ok_and(|sum| sum.factor().mahalanobis_squared(&nu) <= KNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::angle::Angle;
    use fusion_core::geodesy::{Geodetic, TangentPlane};
    use fusion_core::label::Label;
    use fusion_core::track::NodeId;

    const NOW: Timestamp = Timestamp::from_secs(1_700_049_600);

    fn place(east_m: f64, north_m: f64) -> Geodetic {
        let plane = TangentPlane::at(Geodetic::from_degrees(52.0, 21.0, 100.0).expect("plausible"));
        plane.to_geodetic(fusion_core::frame::Position::new(east_m, north_m, 0.0))
    }

    /// A line from a node towards a place.
    fn line(node: u64, emitter: u32, from: [f64; 2], to: [f64; 2]) -> (Origin, Bearing) {
        let azimuth = fusion_core::maths::atan2(to[0] - from[0], to[1] - from[1]);
        let origin = Origin { node: NodeId(node), incarnation: 1 };
        (origin, Bearing::new(place(from[0], from[1]), Angle::from_radians(azimuth), 0.02, 0, emitter))
    }

    fn heard_by(nodes: &[u64], emitter: u32) -> Emitters {
        let mut emitters = Emitters::default();
        for node in nodes {
            let from = [[-8e3, -6e3], [7e3, -7e3], [0.0, 9e3]][usize::try_from(*node - 1).expect("of three")];
            let (origin, bearing) = line(*node, emitter, from, [500.0, 300.0]);
            emitters.handle(origin, bearing, NOW, Label::STRICTEST);
        }
        emitters
    }

    #[test]
    fn what_three_nodes_hear_is_one_entry_near_where_it_is() {
        let located = heard_by(&[1, 2, 3], 7).located(NOW, [].iter());
        let (_, track) = located.first_key_value().expect("one emitter");
        let off = track.record.estimate.position - place(500.0, 300.0).to_ecef();
        assert!(off.length() < 400.0, "{}", off.length());
        assert_eq!((located.len(), track.record.identity.class), (1, ObjectClass::Emitter));
        assert_eq!(located, heard_by(&[3, 1, 2], 7).located(NOW, [].iter()), "whatever the order");
    }

    #[test]
    fn what_crosses_twice_and_what_is_old_is_none() {
        assert!(heard_by(&[1, 2], UNNAMED_FROM).located(NOW, [].iter()).is_empty());
        assert!(heard_by(&[1, 2, 3], 7).located(NOW + Span::from_secs(31), [].iter()).is_empty());
    }

    #[test]
    fn an_object_that_transmits_is_not_two() {
        let emitters = heard_by(&[1, 2, 3], 7);
        let known: Vec<Estimate> =
            emitters.located(NOW, [].iter()).values().map(|track| track.record.estimate).collect();
        assert!(emitters.located(NOW, known.iter()).is_empty());
    }
}
