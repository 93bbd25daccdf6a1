//! What a look can concern at all: tracks that are certainly outside are passed over, without being predicted; and what
//! certainly gates nothing is spared the gate.
//!
//! A scan of one sector, or a single report, concerns few of many tracks; and a full turn says of most tentative
//! tracks, which clutter founded, only that nothing is where they are. Most of either can be told by a coarse test on
//! the state as it lies: outside of the sector, and no measurement within the gate even if the track were known as
//! badly as it can be. The test never passes over what the exact way would look at ([`Reach::concern`]), so the result
//! is the same to the bit, and which tracks are passed over in what order does not matter.
//!
//! Measurements of each kind lie in a plane of their own, by their first two components: places on the map, ranges with
//! azimuths. There a raster of [`CELLS`]² cells remembers where any are. A track is beyond it if no occupied cell meets
//! the rectangle about it whose half sides are the farthest that the gate can reach: by component ν² ≤ γ (h P hᵀ + R),
//! and no h P hᵀ is larger than what P has in the direction of h.

use core::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};

use heapless::Vec;
use nalgebra::Vector3;

use super::roam;
use crate::angle::wrap;
use crate::association::gate::{Gate, Group};
use crate::filter::consider::{CommonError, reach_of};
use crate::filter::imm::Modes;
use crate::filter::linearise::BEND;
use crate::maths::{cos, sin, sqrt};
use crate::measurement::{Cone, Coverage, Pose, Scan};
use crate::model::constant_velocity::NearlyConstantVelocity;
use crate::model::motion::MotionSet;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::time::Timestamp;
use crate::track::Track;

/// What one look can concern.
pub(super) struct Reach<'a> {
    pose: &'a Pose,
    time: Timestamp,
    motion: &'a NearlyConstantVelocity,
    /// What all measurements of the scan have in common.
    errors: &'a [CommonError],
    swept: Swept,
    fields: &'a Fields,
}

/// One for each kind of measurement in the scan.
pub(super) type Fields = Vec<Field, { Kind::COUNT }>;

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
pub(super) struct Field {
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
const CELLS: usize = 128;
/// [`CELLS`].
const CELLS_REAL: f64 = 128.0;

/// Which cells of a rectangle are occupied; of a plane of ranges and azimuths the second side goes round.
struct Raster {
    from: [f64; 2],
    to: [f64; 2],
    /// Cells per unit.
    scale: [f64; 2],
    round: bool,
    /// By cell of the first side, a bit for each cell of the second.
    rows: [u128; CELLS],
}

/// What a look may have to do with a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    /// Nothing: it neither sees the track nor has a measurement in its gate.
    Nothing,
    /// It has no measurement in the track's gate, but may have looked.
    Silence,
    /// Anything.
    Perhaps,
}

/// What is known of where a track is, without predicting it: its place, and how surely, at the most.
pub(super) struct Rough {
    pub(super) place: Vector3<f64>,
    /// Standard deviations across and up.
    pub(super) across: f64,
    pub(super) up: f64,
    /// How far from the place the mean of a mode can be; zero of a track with one state.
    pub(super) roam: f64,
    /// How fast it is at the most, squared.
    pub(super) speed_squared: f64,
}

impl<'a> Reach<'a> {
    /// What a look can concern; `None` if that may be everything, as a line of bearing does. The fields, which are
    /// large, are drawn where they lie.
    pub(super) fn of(
        scan: &'a Scan<'a>,
        groups: &[Group<'_>],
        gate: &Gate,
        motion: &'a NearlyConstantVelocity,
        errors: &'a [CommonError],
        blur: [f64; 2],
        fields: &'a mut Fields,
    ) -> Option<Self> {
        let swept = Swept::of(&scan.coverage);
        let field = |group: &Group<'_>| visit(group.kind(), &scan.pose, Draw { group, gate, errors, blur });
        fields.extend(groups.iter().map(field));
        let told = fields.iter().all(|field| field.plane != Plane::None);
        told.then_some(Self { pose: &scan.pose, time: scan.time, motion, errors, swept, fields })
    }

    /// What the look has to do with a track with one state.
    ///
    /// Written so that numbers which are none leave it open.
    pub(super) fn concern(&self, track: &Track) -> Concern {
        self.concern_of(Rough::of(track, self.time, self.motion))
    }

    /// The same of a track with several ways to move. Most are seen, so that nobody asks whether they gate nothing.
    pub(super) fn concern_of_all(&self, modes: &Modes, set: &MotionSet) -> Concern {
        if matches!(self.swept, Swept::All) {
            return Concern::Perhaps;
        }
        self.concern_of(roam::rough(modes, set, self.time))
    }

    fn concern_of(&self, mut rough: Rough) -> Concern {
        if !self.errors.is_empty() {
            rough.widen(self.errors);
        }
        let away = rough.place - self.pose.origin.vector();
        let d = self.pose.axes.tr_mul(&away);
        if !self.fields.iter().all(|field| field.leaves_out(&rough, &away, &d, self.pose)) {
            Concern::Perhaps
        } else if self.swept.leaves_out(&d, rough.roam) {
            Concern::Nothing
        } else {
            Concern::Silence
        }
    }
}

impl Swept {
    fn of(coverage: &Coverage) -> Self {
        match coverage {
            Coverage::Full => Self::All,
            Coverage::Reports => Self::Nothing,
            // What lies outside of more than half a turn may be doubted on both sides at once.
            Coverage::Sector { width_rad, .. } | Coverage::Cone(Cone { width_rad, .. })
                if !(*width_rad > 0.0 && *width_rad <= PI) =>
            {
                Self::All
            }
            Coverage::Sector { from, width_rad } | Coverage::Cone(Cone { from, width_rad, .. }) => {
                let edge = |azimuth: f64| [sin(azimuth), cos(azimuth)];
                Self::Between(edge(from.radians()), edge(from.radians() + width_rad))
            }
        }
    }

    /// Whether a target in this direction, or so far beside it, is certainly not swept.
    fn leaves_out(&self, d: &Vector3<f64>, roam: f64) -> bool {
        match self {
            Self::All => false,
            Self::Nothing => true,
            Self::Between(first, last) => {
                let slack = -SLACK * (d.x.abs() + d.y.abs()) - roam * (1.0 + SLACK);
                let (after_first, before_last) = (d.x * first[1] - d.y * first[0], d.y * last[0] - d.x * last[1]);
                after_first < slack || before_last < slack
            }
        }
    }
}

/// By which share of itself a bound is widened, so that rounding cannot make it too narrow.
const SLACK: f64 = 1e-9;

impl Rough {
    /// x + v t, and σ² + 2 |cov| t + σᵥ² t² + q t³ / 3: what nearly constant velocity makes of it, or more. Each number
    /// waits for the one before, so what is slow, a division or a root, is spared where a bound will do.
    fn of(track: &Track, time: Timestamp, motion: &NearlyConstantVelocity) -> Self {
        /// √2 − 1, rounded up: √(a² + b²) is at most the larger and so much of the smaller.
        const OF_SMALLER: f64 = 0.414_214;
        let (x, p) = (&track.state.mean, track.state.covariance.matrix());
        let t = (time - track.state.time).nearly_secs_f64();
        let variance = |k: usize, q: f64| {
            p[(k, k)] + t * (2.0 * p[(k, k + 3)].abs() + t * (p[(k + 3, k + 3)] + t * (q * (1.0 / 3.0))))
        };
        let (east, north) = (variance(0, motion.horizontal), variance(1, motion.horizontal));
        let both = p[(0, 1)].abs() + t.abs() * (p[(0, 4)].abs() + p[(1, 3)].abs() + t.abs() * p[(3, 4)].abs());
        let (half, apart) = (0.5 * (east + north), 0.5 * (east - north).abs());
        let (larger, smaller) = if apart > both { (apart, both) } else { (both, apart) };
        Self {
            place: Vector3::new(x[0] + t * x[3], x[1] + t * x[4], x[2] + t * x[5]),
            // No less than the larger root of the horizontal block, which has no more in any direction.
            across: sqrt(half + larger + OF_SMALLER * smaller),
            up: sqrt(variance(2, motion.vertical)),
            roam: 0.0,
            speed_squared: x.fixed_rows::<3>(3).norm_squared(),
        }
    }
}

impl Rough {
    /// Farther by what the scan's common errors can do: S grows by 2 H a g + g², which is no more than H P Hᵀ + 2 g².
    fn widen(&mut self, errors: &[CommonError]) {
        let (place, _) = reach_of(errors, sqrt(self.speed_squared), &self.place);
        self.across = sqrt(2.0 * (self.across * self.across + place));
        self.up = sqrt(2.0 * (self.up * self.up + place));
    }
}

impl Rough {
    /// How far a range taken by points may lie from that by its slope: σ² / 2r; its uncertainty grows by √3 times that.
    fn bend(&self, range: f64) -> f64 {
        (self.across * self.across + self.up * self.up) / (2.0 * (1.0 - BEND) * range)
    }
}

impl Field {
    /// Whether none of these measurements can be in the gate of a track there.
    fn leaves_out(&self, rough: &Rough, away: &Vector3<f64>, d: &Vector3<f64>, pose: &Pose) -> bool {
        let far = |sigma: f64, k: usize| self.gate * sqrt(sigma * sigma + self.variance[k]) * (1.0 + SLACK) + SLACK;
        match self.plane {
            Plane::None => false,
            Plane::Map => {
                let reach = [0, 1].map(|k| far(rough.across, k) + rough.roam);
                self.raster.is_empty_about([rough.place.x, rough.place.y], reach)
            }
            Plane::Polar => {
                let (ground, range) = (sqrt(d.x * d.x + d.y * d.y), d.norm());
                if ground.is_nan() || ground < NEAR_M {
                    return false;
                }
                if rough.roam > 0.0 {
                    return self.leaves_out_roaming(rough, d, pose);
                }
                if rough.across > BEND * ground {
                    return false;
                }
                let bend = rough.bend(range);
                // The slopes of range and of azimuth in the node's axes: a share of each is upwards.
                let rise = (away.z / range).abs();
                let tilt = ((pose.axes[(2, 0)] * d.y - pose.axes[(2, 1)] * d.x) / ground).abs();
                let along = far(rough.across + rise * rough.up + 2.0 * bend, 0) + bend;
                let turn = (rough.across + tilt * rough.up) / ground;
                self.raster.is_empty_about([range, about_azimuth(d)], [along, far(BENT * turn, 1) + turned(turn)])
            }
        }
    }
}

impl Field {
    /// The same in polar axes for whatever lies within `roam` of the place: by the worst range, slope and tilt there.
    fn leaves_out_roaming(&self, rough: &Rough, d: &Vector3<f64>, pose: &Pose) -> bool {
        let far = |sigma: f64, k: usize| self.gate * sqrt(sigma * sigma + self.variance[k]) * (1.0 + SLACK) + SLACK;
        let (ground, range) = (sqrt(d.x * d.x + d.y * d.y), d.norm());
        let nearest = ground - rough.roam;
        // So near, or if the number is none, it may lie in any direction.
        if nearest.is_nan() || nearest < NEAR_M.max(rough.roam) || rough.across > BEND * nearest {
            return false;
        }
        let bend = rough.bend(nearest);
        let tilt = pose.axes[(2, 0)].abs() + pose.axes[(2, 1)].abs();
        let along = far(rough.across + rough.up + 2.0 * bend, 0) + bend + rough.roam;
        let turn = (rough.across + tilt * rough.up) / nearest;
        // The sine of the angle beside is at most roam / ground, and an angle at most π/2 of its sine.
        let beside = FRAC_PI_2 * rough.roam / ground;
        let sideways = far(BENT * turn, 1) + turned(turn) + beside;
        self.raster.is_empty_about([range, about_azimuth(d)], [along, sideways].map(|reach| reach * (1.0 + SLACK)))
    }
}

/// How far an azimuth taken by points may lie from that by its slope, in radians, where it is known within so many: the
/// covariance along and across is at most half the sum of both variances, taken twice for what is smaller still.
fn turned(sigma: f64) -> f64 {
    sigma * sigma
}

/// The azimuth of what lies there, in radians, within [`ABOUT`].
///
/// atan z = z (π/4 + (1 − z) (0.2447 + 0.0663 z)) for z from 0 to 1, within 0.0016 (Rajan, Wang, Inkol & Joyal,
/// "Efficient approximations for the arctangent function", IEEE Signal Processing Magazine 23 (2006)).
fn about_azimuth(d: &Vector3<f64>) -> f64 {
    let (x, y) = (d.x.abs(), d.y.abs());
    let steep = x > y;
    let z = if steep { y / x } else { x / y };
    let angle = z * (FRAC_PI_4 + (1.0 - z) * (0.2447 + 0.0663 * z));
    let from_axis = if steep { FRAC_PI_2 - angle } else { angle };
    (if d.y < 0.0 { PI - from_axis } else { from_axis }).copysign(d.x)
}

/// Error of [`about_azimuth`] in radians, and some more for what is lost where angles are wound up.
const ABOUT: f64 = 0.002;

/// What an azimuth taken by points may be more uncertain than by its slope, where the place is known within [`BEND`] of
/// its distance.
const BENT: f64 = 1.25;

/// Nearer to the sensor, metres, directions are doubtful.
const NEAR_M: f64 = 10.0;

/// Draws the raster of the measurements of one kind.
struct Draw<'a> {
    group: &'a Group<'a>,
    gate: &'a Gate,
    errors: &'a [CommonError],
    /// By how much R may grow beside a neighbour.
    blur: [f64; 2],
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
        let places = || self.group.first_two().map(|(z, _)| z);
        let variance = self
            .group
            .first_two()
            .fold([0.0_f64; 2], |most, (_, variance)| [most[0].max(variance[0]), most[1].max(variance[1])]);
        let (_, polar) = reach_of(self.errors, 0.0, &Vector3::zeros());
        let variance = [0, 1].map(|k| variance[k] + 2.0 * polar[k] + self.blur[k]);
        Field {
            plane,
            gate: sqrt(self.gate.threshold::<M>()),
            variance,
            raster: Raster::of(places, plane == Plane::Polar),
        }
    }
}

impl Raster {
    fn of<I: Iterator<Item = [f64; 2]>>(places: impl Fn() -> I, round: bool) -> Self {
        let (mut from, mut to) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for place in places() {
            for k in 0..2 {
                (from[k], to[k]) = (from[k].min(place[k]), to[k].max(place[k]));
            }
        }
        if round {
            // So far back that whatever is within half a turn of an azimuth lies ahead.
            (from[1], to[1]) = (-2.0 * TAU, -TAU);
        }
        let scale = [0, 1].map(|k| if to[k] > from[k] { CELLS_REAL / (to[k] - from[k]) } else { 0.0 });
        let mut raster = Self { from, to, scale, round, rows: [0; CELLS] };
        for place in places() {
            let column = if round { raster.step(1, wrap(place[1])) % CELLS } else { raster.cell(1, place[1]) };
            raster.rows[raster.cell(0, place[0])] |= 1 << column;
        }
        raster
    }

    /// The cell of a place along one side, never smaller for a larger place; what lies outside has the cell at the
    /// border.
    fn cell(&self, side: usize, place: f64) -> usize {
        self.step(side, place).min(CELLS - 1)
    }

    /// The same without the border at the end.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
    fn step(&self, side: usize, place: f64) -> usize {
        // By way of 32 bits, which takes fewer steps.
        ((place - self.from[side]) * self.scale[side]) as u32 as usize
    }

    /// Whether nothing is in the rectangle about a place; false if the numbers are none.
    fn is_empty_about(&self, place: [f64; 2], reach: [f64; 2]) -> bool {
        if !(0..2).all(|k| reach[k] < f64::INFINITY && place[k].is_finite()) {
            return false;
        }
        let outside = |k: usize| place[k] + reach[k] < self.from[k] || place[k] - reach[k] > self.to[k];
        if outside(0) || (!self.round && outside(1)) {
            return true;
        }
        let columns = if self.round { self.arc(place[1], reach[1] + ABOUT) } else { self.stretch(place[1], reach[1]) };
        let (first, last) = (self.cell(0, place[0] - reach[0]), self.cell(0, place[0] + reach[0]));
        self.rows[first..=last].iter().all(|row| row & columns == 0)
    }

    /// The cells of the second side about a place.
    fn stretch(&self, place: f64, reach: f64) -> u128 {
        let (first, last) = (self.cell(1, place - reach), self.cell(1, place + reach));
        u128::MAX << first & u128::MAX >> (CELLS - 1 - last)
    }

    /// The same where it goes round.
    fn arc(&self, azimuth: f64, reach: f64) -> u128 {
        if reach >= PI {
            return u128::MAX;
        }
        let (first, last) = (self.step(1, azimuth - reach), self.step(1, azimuth + reach));
        let count = last - first + 1;
        if count >= CELLS { u128::MAX } else { (u128::MAX >> (CELLS - count)).rotate_left(word(first % CELLS)) }
    }
}

fn word(n: usize) -> u32 {
    u32::try_from(n).expect("a raster has few cells")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::angle::Angle;
    use crate::association::gate::Plot;
    use crate::filter::Prediction;
    use crate::filter::consider::{Cause, Consideration, Considered, Effect};
    use crate::filter::imm::{ModeVisitor, ModeVisitorMut};
    use crate::filter::linearise::Linearisation;
    use crate::gaussian::{Covariance, GaussianState, StateVector};
    use crate::label::Label;
    use crate::measurement::SensorId;
    use crate::model::polar::azimuth_and_distance;
    use crate::model::tests::leaning_pose;
    use crate::time::Span;
    use crate::track::tests::any_track;
    use nalgebra::{SMatrix, SVector};

    extern crate std;

    const MOTION: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 3.0, vertical: 1.0 };
    const KINDS: [Kind; 5] = [
        Kind::HorizontalPosition,
        Kind::Position,
        Kind::RangeBearing,
        Kind::RangeBearingElevation,
        Kind::RangeBearingRate,
    ];

    /// Numbers in [0, 1) that fall evenly: multiples of the golden section.
    struct Even(u64);

    impl Even {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.0 ^ self.0 >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            f64::from(u32::try_from(mixed >> 32).expect("32 bits")) / 4_294_967_296.0
        }

        fn within(&mut self, reach: f64) -> f64 {
            reach * (2.0 * self.next() - 1.0)
        }

        fn track(&mut self) -> Track {
            let place = [self.within(3e4), self.within(3e4), self.within(3e3)];
            let speed = [self.within(300.0), self.within(300.0), self.within(20.0)];
            let size = 1.0 + 200.0 * self.next() * self.next();
            let l = SMatrix::<f64, 6, 6>::from_fn(|i, k| match i.cmp(&k) {
                core::cmp::Ordering::Less => 0.0,
                core::cmp::Ordering::Equal => size * (0.1 + self.next()),
                core::cmp::Ordering::Greater => self.within(0.5 * size),
            });
            let mean = StateVector::from_iterator(place.into_iter().chain(speed));
            let covariance = Covariance::new(l * l.transpose()).expect("positive definite");
            Track { state: GaussianState { mean, covariance, time: Timestamp::EPOCH }, ..any_track() }
        }

        fn coverage(&mut self) -> Coverage {
            if self.next() < 0.3 {
                return Coverage::Reports;
            }
            Coverage::Sector { from: Angle::from_radians(self.within(PI)), width_rad: PI * (1.0 - 0.9 * self.next()) }
        }
    }

    /// The measurement that a target gives at a place, give or take what the gate allows and a little more.
    struct Near<'a>(StateVector, &'a mut Even, Kind);

    impl KindVisitor for Near<'_> {
        type Output = Plot;

        fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Plot {
            let Self(x, even, kind) = self;
            Plot::new(kind, 0, &model.predict(&x), &noise(even.next()))
        }
    }

    fn noise<const M: usize>(size: f64) -> Covariance<M> {
        let sigmas = SVector::from_fn(|k, _| if k == 0 { 10.0 + 50.0 * size } else { 0.002 + 0.01 * size });
        Covariance::from_sigmas(&sigmas).expect("positive")
    }

    /// Errors of which an estimate knows nothing.
    fn unknown(errors: &[CommonError], time: Timestamp) -> Consideration<'_> {
        static NOTHING: Considered = Considered::NONE;
        let (pose, filter) = (&Pose::AT_ORIGIN, Linearisation::Extended);
        Consideration { errors, considered: &NOTHING, time, blur: [0.0; 2], pose, filter }
    }

    /// Whether a plot is inside the gate of a track, as far as its first two components tell.
    struct Admits<'a>(&'a Prediction, Plot, &'a Gate, &'a [CommonError], Linearisation);

    impl KindVisitor for Admits<'_> {
        type Output = bool;

        fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> bool {
            let Self(predicted, plot, gate, errors, filter) = self;
            let common = Consideration { filter, ..unknown(errors, predicted.time) };
            let outlook = common.outlook(model, &predicted.mean, &predicted.p);
            let plots = [plot];
            let groups: std::vec::Vec<Group<'_>> = Group::split(&plots).collect();
            groups[0].candidates(model, &outlook.z_hat, &outlook.spread, gate.threshold::<M>()).next().is_some()
        }
    }

    /// Errors that all measurements of a scan have in common, of every sort.
    fn errors() -> std::vec::Vec<CommonError> {
        let effects = [
            Effect::Range(150.0),
            Effect::Azimuth(0.02),
            Effect::Standing(Vector3::new(100.0, 50.0, 20.0)),
            Effect::Place(Vector3::new(0.0, 200.0, 0.0)),
            Effect::Time(0.5),
        ];
        let cause = |part| Cause { sensor: SensorId(0), platform: 0, part };
        (0..).zip(effects).map(|(part, effect)| CommonError { cause: cause(part), effect, lasts: None }).collect()
    }

    #[test]
    fn nobody_is_passed_over_whom_the_look_concerns() {
        let (mut even, gate) = (Even(7), Gate::new(0.9995));
        let (mut passed, mut spared, mut admitted) = (0, 0, 0);
        for round in 0..4_000 {
            let pose = if round % 2 == 0 { Pose::AT_ORIGIN } else { leaning_pose() };
            let coverage = even.coverage();
            let time = Timestamp::EPOCH + Span::from_secs_f64(8.0 * even.next());
            let (sensor, label) = (SensorId(0), Label::STRICTEST);
            let scan = Scan { sensor, pose, time, sequence: 0, label, coverage, measurements: &[] };
            let track = even.track();
            let predicted = Prediction::of(&MOTION, &track.state, time);
            let kind = KINDS[round % KINDS.len()];
            // Mostly within some sigmas of the track, so that the border is tried, not the void.
            let spread = predicted.p[(0, 0)].max(predicted.p[(1, 1)]).sqrt() * 6.0 + 100.0;
            let mut plots: std::vec::Vec<Plot> = std::vec::Vec::new();
            for _ in 0..1 + round % 7 {
                let mut x = predicted.mean;
                let way = if even.next() < 0.7 { spread } else { 2e4 };
                (x[0], x[1]) = (x[0] + even.within(way), x[1] + even.within(way));
                plots.push(visit(kind, &pose, Near(x, &mut even, kind)));
            }
            plots.sort_unstable_by(Plot::order);
            let groups: std::vec::Vec<Group<'_>> = Group::split(&plots).collect();
            let errors = if round % 3 == 0 { errors() } else { std::vec![] };
            let mut fields = Vec::new();
            let Some(reach) = Reach::of(&scan, &groups, &gate, &MOTION, &errors, [0.0; 2], &mut fields) else {
                panic!("every such look has a reach")
            };
            let (azimuth, _) = azimuth_and_distance(&pose, &predicted.mean.fixed_rows::<3>(0).into());
            let swept = coverage.includes(Angle::from_radians(azimuth));
            let filter = if round % 4 < 2 { Linearisation::Unscented } else { Linearisation::Extended };
            let gated = plots.iter().any(|plot| visit(kind, &pose, Admits(&predicted, *plot, &gate, &errors, filter)));
            let concern = reach.concern(&track);
            let (beyond, silent) = (concern == Concern::Nothing, concern != Concern::Perhaps);
            assert!(!(beyond && swept || silent && gated), "round {round}: swept {swept}, gated {gated}");
            passed += usize::from(beyond);
            spared += usize::from(silent && swept);
            admitted += usize::from(gated && !swept);
        }
        // The test would be worth little if one or the other hardly happened.
        assert!(passed > 200 && spared > 50 && admitted > 400, "{passed} {spared} {admitted}");
    }

    /// Whether any plot is inside the gate of a mode, as far as its first two components tell.
    struct Holds<'a, H, const M: usize>(&'a H, &'a [Plot], f64, &'a Consideration<'a>);

    impl<const M: usize, H: ObservationModel<M>> ModeVisitor for Holds<'_, H, M> {
        type Output = bool;

        fn visit<const N: usize>(self, state: &GaussianState<N>) -> bool {
            let Self(model, plots, threshold, common) = self;
            let outlook = common.outlook(model, &state.mean, state.covariance.matrix());
            let groups: std::vec::Vec<Group<'_>> = Group::split(plots).collect();
            groups[0].candidates(model, &outlook.z_hat, &outlook.spread, threshold).next().is_some()
        }
    }

    /// Whether any plot is inside the gate of any mode.
    struct AnyHolds<'a>(&'a Modes, &'a [Plot], &'a Gate, &'a [CommonError]);

    impl KindVisitor for AnyHolds<'_> {
        type Output = bool;

        fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> bool {
            let Self(modes, plots, gate, errors) = self;
            let common = unknown(errors, modes.time());
            let holds = || Holds::<_, M>(model, plots, gate.threshold::<M>(), &common);
            modes.states().iter().any(|state| state.visit(holds()))
        }
    }

    /// Moves the mean of a mode by as much as it is unsure, and what it knows beside the kinematics.
    struct Disturb<'a>(&'a mut Even);

    impl ModeVisitorMut for Disturb<'_> {
        type Output = ();

        fn visit<const N: usize>(self, state: &mut GaussianState<N>) {
            for k in 0..N {
                let sigma = sqrt(state.covariance.matrix()[(k, k)]);
                state.mean[k] += self.0.within(2.0 * sigma);
            }
        }
    }

    fn modes(even: &mut Even, set: &MotionSet) -> Modes {
        let track = even.track();
        let mut modes = Modes::start(set, &track.state).expect("sound");
        modes.states_mut().iter_mut().for_each(|state| state.visit_mut(Disturb(even)));
        let likelihoods: std::vec::Vec<f64> = set.manners().iter().map(|_| even.next() * even.next()).collect();
        modes.reweigh(&likelihoods).expect("likely enough");
        modes
    }

    #[test]
    fn nobody_with_several_ways_to_move_is_passed_over_whom_the_look_concerns() {
        let (mut even, gate) = (Even(11), Gate::new(0.9995));
        let (mut passed, mut admitted) = (0, 0);
        for round in 0..6_000 {
            let set = [MotionSet::mixed(), MotionSet::aircraft(), MotionSet::drones()][round % 3];
            let pose = if round % 2 == 0 { Pose::AT_ORIGIN } else { leaning_pose() };
            let coverage = even.coverage();
            let time = Timestamp::EPOCH + Span::from_secs_f64(6.0 * even.next());
            let (sensor, label) = (SensorId(0), Label::STRICTEST);
            let scan = Scan { sensor, pose, time, sequence: 0, label, coverage, measurements: &[] };
            let modes = modes(&mut even, &set);
            let predicted = modes.predict(&set, time).expect("sound");
            let kind = KINDS[round % KINDS.len()];
            let mode = predicted.states()[round % predicted.states().len()].kinematics();
            let spread = mode.covariance.sigma(0).max(mode.covariance.sigma(1)) * 6.0 + 100.0;
            let mut plots: std::vec::Vec<Plot> = std::vec::Vec::new();
            for _ in 0..1 + round % 5 {
                let mut x = mode.mean;
                let way = if even.next() < 0.5 { spread } else { 1e5 };
                (x[0], x[1]) = (x[0] + even.within(way), x[1] + even.within(way));
                plots.push(visit(kind, &pose, Near(x, &mut even, kind)));
            }
            plots.sort_unstable_by(Plot::order);
            let groups: std::vec::Vec<Group<'_>> = Group::split(&plots).collect();
            let errors = if round % 4 == 0 { errors() } else { std::vec![] };
            let mut fields = Vec::new();
            let Some(reach) = Reach::of(&scan, &groups, &gate, &MOTION, &errors, [0.0; 2], &mut fields) else {
                panic!("every such look has a reach")
            };
            let (azimuth, _) = azimuth_and_distance(&pose, &predicted.whereabouts().place);
            let swept = coverage != Coverage::Reports && coverage.includes(Angle::from_radians(azimuth));
            let gated = visit(kind, &pose, AnyHolds(&predicted, &plots, &gate, &errors));
            let concern = reach.concern_of_all(&modes, &set);
            let (beyond, silent) = (concern == Concern::Nothing, concern != Concern::Perhaps);
            assert!(!(beyond && swept || silent && gated), "round {round}: swept {swept}, gated {gated}");
            passed += usize::from(beyond);
            admitted += usize::from(gated && !swept);
        }
        assert!(passed > 200 && admitted > 400, "{passed} {admitted}");
    }

    #[test]
    fn what_spans_the_sky_or_has_no_place_concerns_all() {
        let (gate, measurements) = (Gate::new(0.9), []);
        let look = |coverage| Scan {
            sensor: SensorId(0),
            pose: Pose::AT_ORIGIN,
            time: Timestamp::EPOCH,
            sequence: 0,
            label: Label::STRICTEST,
            coverage,
            measurements: &measurements,
        };
        let wide = Coverage::Sector { from: Angle::ZERO, width_rad: 4.0 };
        for coverage in [Coverage::Full, wide] {
            let look = look(coverage);
            let mut fields = Vec::new();
            let reach = Reach::of(&look, &[], &gate, &MOTION, &[], [0.0; 2], &mut fields).expect("no bearing is there");
            assert_eq!(reach.concern(&any_track()), Concern::Silence);
        }
        let plots = [Plot::new(Kind::Bearing, 0, &SVector::from([0.5]), &noise::<1>(0.5))];
        let groups: std::vec::Vec<Group<'_>> = Group::split(&plots).collect();
        let look = look(Coverage::Reports);
        assert!(Reach::of(&look, &groups, &gate, &MOTION, &[], [0.0; 2], &mut Vec::new()).is_none());
    }

    #[test]
    fn numbers_that_are_none_leave_it_open() {
        let raster = Raster::of(|| [[0.0, 0.0], [10.0, 10.0]].into_iter(), false);
        let is_empty_about = |place, reach| raster.is_empty_about(place, [reach; 2]);
        assert!(!is_empty_about([f64::NAN, 0.0], 1.0) && !is_empty_about([0.0, 0.0], f64::NAN));
        assert!(!is_empty_about([500.0, 0.0], f64::INFINITY));
        assert!(is_empty_about([500.0, 0.0], 5.0) && !is_empty_about([-3.0, 1.0], 4.0));
        assert!(is_empty_about([5.0, 5.0], 2.0));
    }

    #[test]
    fn a_single_measurement_leaves_out_what_is_far_on_every_side() {
        let raster = Raster::of(|| [[10.0, 20.0]].into_iter(), false);
        for away in [[50.0, 20.0], [-30.0, 20.0], [10.0, 60.0], [10.0, -20.0]] {
            let is_empty = |reach| raster.is_empty_about(away, [reach; 2]);
            assert!(is_empty(39.0) && !is_empty(41.0), "{away:?}");
        }
    }

    #[test]
    fn azimuths_go_round() {
        for azimuth in [-3.1, 0.0, 1.6, 3.1, 3.1 + 4.0 * TAU] {
            let raster = Raster::of(|| [[10.0, azimuth]].into_iter(), true);
            for beside in [-3.0, -0.2, 0.2, 2.5] {
                let is_empty = |reach| raster.is_empty_about([10.0, wrap(azimuth + beside)], [1.0, reach]);
                assert!(is_empty(beside.abs() - 0.1) && !is_empty(beside.abs()), "{azimuth} {beside}");
                assert!(!is_empty(4.0));
            }
        }
    }

    #[test]
    fn an_azimuth_is_about_right_all_round() {
        for step in 0..10_000 {
            let azimuth = PI * (f64::from(step) - 5_000.0) / 5_000.0;
            let about = about_azimuth(&Vector3::new(3.0 * sin(azimuth), 3.0 * cos(azimuth), 1.0));
            assert!(wrap(about - azimuth).abs() < 0.0016, "{azimuth} {about}");
        }
    }
}
