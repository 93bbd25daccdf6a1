//! What a look can concern at all: tracks that are certainly outside are passed over, without being predicted.
//!
//! A scan of one sector, or a single report, concerns few of many tracks. Most of the rest can be told by a coarse test
//! on the state as it lies: outside of the sector, and no measurement within the gate even if the track were known as
//! badly as it can be. The test never passes over a track that the exact way would look at ([`Reach::is_beyond`]), so
//! the result is the same to the bit, and which tracks are passed over in what order does not matter.
//!
//! Measurements of each kind lie in a plane of their own: places on the map as they are, ranges with bearings at (r sin
//! α, r cos α) in the sensor's axes. There a raster of [`CELLS`]² cells remembers where any are. A track is beyond it if
//! no occupied cell meets the square about it whose half side is the farthest that the gate can reach: by component
//! ν² ≤ γ (h P hᵀ + R), and no h P hᵀ is larger than what P has in the direction of h.

use heapless::Vec;
use nalgebra::Vector3;

use super::look::Look;
use crate::association::gate::{Gate, Group};
use crate::maths::{cos, sin, sqrt};
use crate::measurement::{Coverage, Pose};
use crate::model::constant_velocity::NearlyConstantVelocity;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::time::Timestamp;
use crate::track::Track;

/// What one look can concern.
pub(super) struct Reach<'a> {
    pose: &'a Pose,
    time: Timestamp,
    motion: &'a NearlyConstantVelocity,
    swept: Swept,
    /// One for each kind of measurement in the scan.
    fields: Vec<Field, { Kind::COUNT }>,
}

/// Where silence may say something.
enum Swept {
    /// Anywhere.
    All,
    /// Between two directions, clockwise, in the sensor's axes: (sin, cos) of both.
    Between([f64; 2], [f64; 2]),
    /// Nowhere.
    Nothing,
}

/// Where the measurements of one kind are.
struct Field {
    plane: Plane,
    /// √γ.
    gate: f64,
    /// The largest variances of the first two components.
    variance: [f64; 2],
    raster: Raster,
}

/// Which plane they lie in.
#[derive(Clone, Copy, PartialEq)]
enum Plane {
    Map,
    Polar,
    /// A line of bearing has no place.
    None,
}

/// Cells along either side of a raster.
const CELLS: usize = 64;
/// [`CELLS`].
const CELLS_REAL: f64 = 64.0;

/// Which cells of a rectangle are occupied.
struct Raster {
    from: [f64; 2],
    /// Cells per metre.
    scale: [f64; 2],
    /// A bit for each cell of a row.
    rows: [u64; CELLS],
}

/// What is known of where a track is, without predicting it: its place, and how surely, at the most.
struct Rough {
    place: Vector3<f64>,
    /// Standard deviations across and up.
    across: f64,
    up: f64,
}

impl<'a> Reach<'a> {
    /// What a look can concern; `None` if that may be everything, as a full turn does.
    pub(super) fn of(look: &'a Look<'a>, gate: &Gate, motion: &'a NearlyConstantVelocity) -> Option<Self> {
        let pose = &look.scan.pose;
        let swept = Swept::of(&look.scan.coverage);
        if matches!(swept, Swept::All) {
            return None;
        }
        let field = |group: &Group<'_>| visit(group.kind(), pose, Draw { group, gate });
        let fields: Vec<Field, { Kind::COUNT }> = look.groups.iter().map(field).collect();
        let told = fields.iter().all(|field| field.plane != Plane::None);
        told.then_some(Self { pose, time: look.scan.time, motion, swept, fields })
    }

    /// Whether the look certainly neither sees a track with one state nor has a measurement in its gate.
    ///
    /// Written so that numbers which are none leave it open.
    pub(super) fn is_beyond(&self, track: &Track) -> bool {
        let rough = Rough::of(track, self.time, self.motion);
        let away = rough.place - self.pose.origin.vector();
        let d = self.pose.axes.tr_mul(&away);
        self.swept.leaves_out(&d) && self.fields.iter().all(|field| field.leaves_out(&rough, &away, &d, self.pose))
    }
}

impl Swept {
    fn of(coverage: &Coverage) -> Self {
        match coverage {
            Coverage::Full => Self::All,
            Coverage::Reports => Self::Nothing,
            // What lies outside of more than half a turn may be doubted on both sides at once.
            Coverage::Sector { width_rad, .. } if !(*width_rad > 0.0 && *width_rad <= HALF_TURN) => Self::All,
            Coverage::Sector { from, width_rad } => {
                let edge = |azimuth: f64| [sin(azimuth), cos(azimuth)];
                Self::Between(edge(from.radians()), edge(from.radians() + width_rad))
            }
        }
    }

    /// Whether a target in this direction is certainly not swept.
    fn leaves_out(&self, d: &Vector3<f64>) -> bool {
        match self {
            Self::All => false,
            Self::Nothing => true,
            Self::Between(first, last) => {
                let slack = -SLACK * (d.x.abs() + d.y.abs());
                let (after_first, before_last) = (d.x * first[1] - d.y * first[0], d.y * last[0] - d.x * last[1]);
                after_first < slack || before_last < slack
            }
        }
    }
}

/// A little less than half a turn, radians.
const HALF_TURN: f64 = 3.141;
/// By which share of itself a bound is widened, so that rounding cannot make it too narrow.
const SLACK: f64 = 1e-9;

impl Rough {
    /// x + v t, and σ² + 2 |cov| t + σᵥ² t² + q t³ / 3: what nearly constant velocity makes of it, or more.
    fn of(track: &Track, time: Timestamp, motion: &NearlyConstantVelocity) -> Self {
        let (x, p) = (&track.state.mean, track.state.covariance.matrix());
        let t = (time - track.state.time).as_secs_f64();
        let variance = |k: usize, q: f64| {
            p[(k, k)] + t * (2.0 * p[(k, k + 3)].abs() + t * (p[(k + 3, k + 3)] + t * q / 3.0))
        };
        Self {
            place: Vector3::new(x[0] + t * x[3], x[1] + t * x[4], x[2] + t * x[5]),
            across: sqrt(variance(0, motion.horizontal) + variance(1, motion.horizontal)),
            up: sqrt(variance(2, motion.vertical)),
        }
    }
}

impl Field {
    /// Whether none of these measurements can be in the gate of a track there.
    fn leaves_out(&self, rough: &Rough, away: &Vector3<f64>, d: &Vector3<f64>, pose: &Pose) -> bool {
        let far = |sigma: f64, k: usize| self.gate * sqrt(sigma * sigma + self.variance[k]) * (1.0 + SLACK) + SLACK;
        match self.plane {
            Plane::None => false,
            Plane::Map => {
                let reach = far(rough.across, 0).max(far(rough.across, 1));
                self.raster.is_empty_about([rough.place.x, rough.place.y], reach)
            }
            Plane::Polar => {
                let (ground, range) = (sqrt(d.x * d.x + d.y * d.y), d.norm());
                if !(ground >= NEAR_M) {
                    return false;
                }
                // The slopes of range and of azimuth in the node's axes: a share of each is upwards.
                let rise = (away.z / range).abs();
                let tilt = ((pose.axes[(2, 0)] * d.y - pose.axes[(2, 1)] * d.x) / ground).abs();
                let along = far(rough.across + rise * rough.up, 0);
                let sideways = range * far((rough.across + tilt * rough.up) / ground, 1);
                let scale = range / ground;
                self.raster.is_empty_about([d.x * scale, d.y * scale], along + sideways)
            }
        }
    }
}

/// Nearer to the sensor, metres, directions are doubtful.
const NEAR_M: f64 = 10.0;

/// Draws the raster of the measurements of one kind.
struct Draw<'a> {
    group: &'a Group<'a>,
    gate: &'a Gate,
}

impl KindVisitor for Draw<'_> {
    type Output = Field;

    fn visit<const M: usize>(self, _: &impl ObservationModel<M>) -> Field {
        let plane = match self.group.kind() {
            Kind::Position | Kind::HorizontalPosition | Kind::PositionVelocity => Plane::Map,
            Kind::RangeBearing
            | Kind::RangeBearingRate
            | Kind::RangeBearingElevation
            | Kind::RangeBearingElevationRate => Plane::Polar,
            Kind::Bearing | Kind::BearingElevation => Plane::None,
        };
        let place = |z: [f64; 2]| match plane {
            Plane::Map | Plane::None => z,
            Plane::Polar => [z[0] * sin(z[1]), z[0] * cos(z[1])],
        };
        let places = || self.group.first_two().map(|(z, _)| place(z));
        let variance = self.group.first_two().fold([0.0_f64; 2], |most, (_, variance)| {
            [most[0].max(variance[0]), most[1].max(variance[1])]
        });
        Field { plane, gate: sqrt(self.gate.threshold::<M>()), variance, raster: Raster::of(places) }
    }
}

impl Raster {
    fn of<I: Iterator<Item = [f64; 2]>>(places: impl Fn() -> I) -> Self {
        let (mut from, mut to) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for place in places() {
            for k in 0..2 {
                (from[k], to[k]) = (from[k].min(place[k]), to[k].max(place[k]));
            }
        }
        let scale = [0, 1].map(|k| if to[k] > from[k] { CELLS_REAL / (to[k] - from[k]) } else { 0.0 });
        let mut raster = Self { from, scale, rows: [0; CELLS] };
        for place in places() {
            raster.rows[raster.cell(1, place[1])] |= 1 << raster.cell(0, place[0]);
        }
        raster
    }

    /// The cell of a place along one axis, never smaller for a larger place; what lies outside has the cell at the
    /// border.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
    fn cell(&self, axis: usize, place: f64) -> usize {
        (((place - self.from[axis]) * self.scale[axis]) as usize).min(CELLS - 1)
    }

    /// Whether nothing is in the square about a place; false if the numbers are none.
    fn is_empty_about(&self, place: [f64; 2], reach: f64) -> bool {
        if !(reach < f64::INFINITY && place[0].is_finite() && place[1].is_finite()) {
            return false;
        }
        let [columns, rows] = [0, 1].map(|k| (self.cell(k, place[k] - reach), self.cell(k, place[k] + reach)));
        let mask = u64::MAX << columns.0 & u64::MAX >> (CELLS - 1 - columns.1);
        let outside = (0..2).any(|k| place[k] + reach < self.from[k] || self.ends_before(k, place[k] - reach));
        outside || self.rows[rows.0..=rows.1].iter().all(|row| row & mask == 0)
    }

    /// Whether the raster ends before a place; one that is as narrow as a line is taken to have no end.
    fn ends_before(&self, axis: usize, place: f64) -> bool {
        (place - self.from[axis]) * self.scale[axis] > CELLS_REAL * (1.0 + SLACK)
    }
}
