//! Where a track is, how it moves and how well that is known, in whole numbers.
//!
//! The covariance is told as three independent axes: the major and the minor axis of the horizontal ellipse, and up.
//! Along each, the standard deviations of place and speed and their correlation. That family does not hold every
//! covariance, so a member is sought that is **not below** the true one (in the sense of Löwner: the difference is
//! positive definite), with the rounding of place and speed already in: nobody believes a row more than its writer
//! believed its track. Where the axes are those of the motion, as with radar tracks, little is lost; the
//! [`Refinement`](super::refinement) tells the rest where links can afford it.

use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::{Covariance, ellipse};
use fusion_core::geodesy::Geodetic;
use fusion_core::maths::{cos, sin};
use fusion_core::nalgebra::{Matrix6, Vector3};
use fusion_core::track::TrackStatus;

use super::bound;
use super::gate::GateWidth;
use super::lifetime::Lifetime;
use super::quantise::{Tick, place_sigma_m, rate_sigma_m_s, units};
use crate::record::Estimate;

/// Bits of latitude: units of 180°/2²⁵, 0.6 m.
pub const LATITUDE_BITS: u32 = 25;
/// Bits of longitude: units of 360°/2²⁶, 0.6 m at the equator.
pub const LONGITUDE_BITS: u32 = 26;
/// Bits of height: units of 2 m, or 8 m of what is fast or high, from −1000 m.
pub const HEIGHT_BITS: u32 = 13;
/// Bits of speed to the east and to the north: units of 0.25 m/s, or 1 m/s of what is fast.
pub const RATE_BITS: u32 = 11;
/// Bits of vertical speed: units of 0.5 m/s, or 2 m/s of what is fast.
pub const CLIMB_BITS: u32 = 8;
/// Bits of the direction of the ellipse: parts of half a turn.
pub const AZIMUTH_BITS: u32 = 5;
/// Bits of a place's standard deviation, along each axis.
pub const PLACE_BITS: u32 = 6;
/// Bits of a speed's standard deviation: along the horizontal axes, and up.
pub const SPEED_BITS: [u32; 3] = [6, 6, 5];
/// Bits of a correlation.
pub const CORRELATION_BITS: u32 = 3;

/// Correlations of place and speed along an axis that a row can tell.
pub const CORRELATIONS: [f64; 8] = [-0.5, 0.0, 0.3, 0.5, 0.65, 0.8, 0.9, 0.96];

const HEIGHT_LOWEST_M: f64 = -1000.0;
const LATITUDE_UNIT: f64 = core::f64::consts::PI / 33_554_432.0;
const LONGITUDE_UNIT: f64 = core::f64::consts::TAU / 67_108_864.0;
/// Metres in a radian of latitude or, at the equator, of longitude: near enough for what prediction leaves is sent.
const RADIUS_M: f64 = 6_371_000.0;

/// What is known along one axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Step of the place's standard deviation.
    pub place: u8,
    /// Step of the speed's standard deviation; of the vertical axis in double steps.
    pub speed: u8,
    /// Which of the [`CORRELATIONS`].
    pub correlation: u8,
}

/// The numbers of one version of a track's motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kinematic {
    /// Units of latitude, from the south pole.
    pub latitude: u32,
    /// Units of longitude, from the antimeridian, eastward.
    pub longitude: u32,
    /// Units of height.
    pub height: u16,
    /// Whether heights and speeds are told in the coarse units.
    pub fast: bool,
    /// Units of speed to the east.
    pub east: i16,
    /// Units of speed to the north.
    pub north: i16,
    /// Units of vertical speed.
    pub up: i16,
    /// Direction of the major axis, clockwise from north, in parts of half a turn.
    pub azimuth: u8,
    /// Major, minor, up.
    pub axes: [Axis; 3],
    /// Confirmed or coasted: what is not believed is not told.
    pub status: TrackStatus,
    /// How long it may be shown.
    pub lifetime: Lifetime,
    /// How far the track may have strayed from what this row predicts before the next is written.
    pub gate: GateWidth,
    /// Whether it has been going straight on for so long that its tracker has forgotten anything else. Of coasted
    /// tracks that is not told.
    pub steady: bool,
}

/// Units of height, of horizontal and of vertical speed.
const fn unit(fast: bool) -> (f64, f64, f64) {
    if fast { (8.0, 1.0, 2.0) } else { (2.0, 0.25, 0.5) }
}

impl Kinematic {
    /// The numbers nearest to an estimate, at the nearest tick. A tentative track, which nobody publishes, would be
    /// told as coasted.
    #[must_use]
    pub fn of(estimate: &Estimate, status: TrackStatus, lifetime: Lifetime, gate: GateWidth) -> (Tick, Self) {
        let tick = Tick::nearest(estimate.time);
        let moved = estimate.velocity.vector() * (tick.time() - estimate.time).as_secs_f64().clamp(-0.01, 0.01);
        let place = Geodetic::from_ecef(Position::from_vector(estimate.position.vector() + moved));
        let velocity = place.enu_axes() * estimate.velocity.vector();
        let mut row = Self {
            latitude: latitude_units(place.latitude),
            longitude: longitude_units(place.longitude),
            height: 0,
            fast: velocity.x.abs().max(velocity.y.abs()) > 250.0 || velocity.z.abs() > 60.0 || place.height_m > 15e3,
            east: 0,
            north: 0,
            up: 0,
            azimuth: 0,
            axes: [Axis::default(); 3],
            status: if status == TrackStatus::Confirmed { status } else { TrackStatus::Coasted },
            lifetime,
            gate,
            steady: false,
        };
        let (height_unit, rate_unit, climb_unit) = unit(row.fast);
        row.height = narrow(units(place.height_m - HEIGHT_LOWEST_M, height_unit, 0, (1 << HEIGHT_BITS) - 1));
        (row.east, row.north) = (signed(velocity.x, rate_unit, RATE_BITS), signed(velocity.y, rate_unit, RATE_BITS));
        row.up = signed(velocity.z, climb_unit, CLIMB_BITS);
        let p = estimate.covariance.matrix() + row.rounding(&place, &velocity);
        row.azimuth = azimuth_units(&p);
        row.axes = bound::axes(&(turn(row.azimuth) * p * turn(row.azimuth).transpose()));
        (tick, row)
    }

    /// The estimate that the numbers tell: the same bits wherever they are held.
    #[must_use]
    pub fn estimate(&self, tick: Tick) -> Estimate {
        let place = self.place();
        let velocity = place.enu_axes().tr_mul(&self.velocity_east_north_up());
        let turn = turn(self.azimuth);
        let covariance = Covariance::new(turn.transpose() * bound::matrix(&self.axes) * turn);
        Estimate {
            time: tick.time(),
            position: place.to_ecef(),
            velocity: Velocity::from_vector(velocity),
            covariance: covariance.expect("every step is above zero, every correlation below one"),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Geodetic {
        Geodetic {
            latitude: f64::from(self.latitude) * LATITUDE_UNIT - core::f64::consts::FRAC_PI_2,
            longitude: f64::from(self.longitude) * LONGITUDE_UNIT - core::f64::consts::PI,
            height_m: f64::from(self.height) * unit(self.fast).0 + HEIGHT_LOWEST_M,
        }
    }

    /// How it moves: east, north, up; m/s.
    #[must_use]
    pub fn velocity_east_north_up(&self) -> Vector3<f64> {
        let (_, rate, climb) = unit(self.fast);
        Vector3::new(f64::from(self.east) * rate, f64::from(self.north) * rate, f64::from(self.up) * climb)
    }

    /// The same numbers, moved on in a straight line for so long: what a difference is told against.
    #[must_use]
    pub fn predicted(&self, seconds: f64) -> Self {
        let v = self.velocity_east_north_up();
        let latitude = self.place().latitude;
        let shrink = cos(latitude).max(0.01);
        let (height_unit, ..) = unit(self.fast);
        let north = units(v.y * seconds, RADIUS_M * LATITUDE_UNIT, -(1 << 28), 1 << 28);
        let east = units(v.x * seconds, RADIUS_M * LONGITUDE_UNIT * shrink, -(1 << 28), 1 << 28);
        let up = units(v.z * seconds, height_unit, -(1 << 14), 1 << 14);
        Self {
            latitude: self.latitude.saturating_add_signed(north).min((1 << LATITUDE_BITS) - 1),
            longitude: self.longitude.wrapping_add_signed(east) & ((1 << LONGITUDE_BITS) - 1),
            height: narrow((i32::from(self.height) + up).clamp(0, (1 << HEIGHT_BITS) - 1)),
            ..*self
        }
    }

    /// Whether every number lies in its range: what is read from bits is asked, what is made here is.
    #[must_use]
    pub fn is_in_range(&self) -> bool {
        let place = self.latitude >> LATITUDE_BITS == 0 && self.longitude >> LONGITUDE_BITS == 0;
        let (rate, climb) = (1 << (RATE_BITS - 1), 1 << (CLIMB_BITS - 1));
        let speeds = self.east.abs() < rate && self.north.abs() < rate && self.up.abs() < climb;
        place && self.height >> HEIGHT_BITS == 0 && speeds
    }

    /// The squared standard deviations summed along the ground, m².
    #[must_use]
    pub fn spread_m2(&self) -> f64 {
        self.axes[..2].iter().map(|axis| place_sigma_m(axis.place)).map(|sigma| sigma * sigma).sum()
    }

    /// What rounding, and the ends of the ranges, took away: a covariance of independent errors.
    fn rounding(&self, place: &Geodetic, velocity: &Vector3<f64>) -> Matrix6<f64> {
        let (height, rate, climb) = unit(self.fast);
        let across = RADIUS_M * LONGITUDE_UNIT * cos(place.latitude).abs();
        let steps = [across, RADIUS_M * LATITUDE_UNIT, height, rate, rate, climb];
        let (told, moves) = (self.place(), self.velocity_east_north_up());
        let missed = [
            0.0,
            0.0,
            place.height_m - told.height_m,
            velocity.x - moves.x,
            velocity.y - moves.y,
            velocity.z - moves.z,
        ];
        Matrix6::from_diagonal(
            &core::array::from_fn::<_, 6, _>(|k| {
                // Within a step the error is evenly spread; beyond, the value was cut off, and is wrong by that much.
                let beyond = (missed[k].abs() - 0.5 * steps[k]).max(0.0);
                steps[k] * steps[k] / 12.0 + 4.0 * beyond * beyond
            })
            .into(),
        )
    }
}

/// From (east, north, up, and their rates) to (major, minor, up, and their rates).
pub(super) fn turn(azimuth: u8) -> Matrix6<f64> {
    let angle = f64::from(azimuth) * core::f64::consts::PI / f64::from(1_u32 << AZIMUTH_BITS);
    let (s, c) = (sin(angle), cos(angle));
    let mut turn = Matrix6::identity();
    for k in [0, 3] {
        (turn[(k, k)], turn[(k, k + 1)]) = (s, c);
        (turn[(k + 1, k)], turn[(k + 1, k + 1)]) = (c, -s);
    }
    turn
}

fn azimuth_units(p: &Matrix6<f64>) -> u8 {
    let (.., azimuth) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
    let turns = super::quantise::turn_units(azimuth / core::f64::consts::PI, AZIMUTH_BITS);
    u8::try_from(turns).unwrap_or(0)
}

/// Units of latitude, from the south pole.
pub(super) fn latitude_units(latitude: f64) -> u32 {
    let from_pole = units(latitude + core::f64::consts::FRAC_PI_2, LATITUDE_UNIT, 0, (1 << LATITUDE_BITS) - 1);
    from_pole.cast_unsigned()
}

/// Units of longitude, from the antimeridian.
pub(super) fn longitude_units(longitude: f64) -> u32 {
    super::quantise::turn_units(longitude / core::f64::consts::TAU + 0.5, LONGITUDE_BITS)
}

fn signed(value: f64, unit: f64, bits: u32) -> i16 {
    let limit = (1 << (bits - 1)) - 1;
    i16::try_from(units(value, unit, -limit, limit)).expect("eleven bits at the most")
}

fn narrow(value: i32) -> u16 {
    u16::try_from(value).expect("clamped to thirteen bits")
}

/// Standard deviation of a speed along an axis: the vertical one goes in double steps.
pub(super) fn speed_sigma_m_s(axis: usize, step: u8) -> f64 {
    rate_sigma_m_s(if axis == 2 { step.saturating_mul(2).min(62) } else { step })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::frame::Ecef;
    use fusion_core::nalgebra::Vector6;
    use fusion_core::time::{Span, Timestamp};
    use proptest::prelude::*;

    pub(crate) fn covariance(places: [f64; 3], speeds: [f64; 3], mix: &[f64; 36]) -> Covariance<6> {
        let sigmas = Vector6::new(places[0], places[1], places[2], speeds[0], speeds[1], speeds[2]);
        let mixed = Matrix6::identity() + Matrix6::from_row_slice(mix);
        let l = Matrix6::from_diagonal(&sigmas) * mixed;
        Covariance::new(l * l.transpose() + Matrix6::from_diagonal(&(sigmas.component_mul(&sigmas) * 0.02)))
            .expect("a square and more")
    }

    fn at(place: Geodetic, velocity: Vector3<f64>, covariance: Covariance<6>) -> Estimate {
        Estimate {
            time: Timestamp::from_nanos(1_700_000_000_123_456_789),
            position: place.to_ecef(),
            velocity: Velocity::from_vector(place.enu_axes().tr_mul(&velocity)),
            covariance,
        }
    }

    /// What a row told is off by, in local axes: place, then speed.
    fn off(row: &Estimate, truth: &Estimate) -> Vector6<f64> {
        let axes = Geodetic::from_ecef(truth.position).enu_axes();
        let moved = truth.velocity.vector() * (row.time - truth.time).as_secs_f64();
        let place = axes * (row.position.vector() - truth.position.vector() - moved);
        let speed = axes * (row.velocity.vector() - truth.velocity.vector());
        Vector6::new(place.x, place.y, place.z, speed.x, speed.y, speed.z)
    }

    prop_compose! {
        fn any_estimate()(
            (lat, lon, height) in (-89.0..89.0, -180.0..180.0, -400.0..14_000.0),
            velocity in prop::array::uniform3(-240.0..240.0),
            places in prop::array::uniform3(0.5..3000.0), speeds in prop::array::uniform3(0.1..100.0),
            mix in prop::collection::vec(-0.7..0.7, 36),
        ) -> Estimate {
            let place = Geodetic::from_degrees(lat, lon, height).expect("plausible");
            let mix: [f64; 36] = mix.try_into().expect("as many");
            let v = Vector3::new(velocity[0], velocity[1], velocity[2] * 0.2);
            at(place, v, covariance(places, speeds, &mix))
        }
    }

    proptest! {
        #[test]
        fn no_row_claims_to_know_more_than_its_writer(estimate in any_estimate()) {
            let (tick, row) = Kinematic::of(&estimate, TrackStatus::Confirmed, Lifetime::Air, GateWidth::Two);
            prop_assert!(row.is_in_range());
            let told = row.estimate(tick);
            let more = told.covariance.matrix() - estimate.covariance.matrix();
            prop_assert!(Covariance::new(more).is_ok(), "{}", more);
            let off = off(&told, &estimate);
            let limits = if row.fast { [0.5, 0.5, 4.1, 0.6, 0.6, 1.1] } else { [0.5, 0.5, 1.1, 0.2, 0.2, 0.3] };
            for k in 0..6 {
                prop_assert!(off[k].abs() <= limits[k], "{k}: {}", off[k]);
            }
        }

        #[test]
        fn what_goes_beyond_the_ranges_is_told_as_hardly_known(
            height in 20_000.0..200_000.0, east in 1200.0..3000.0, climb in 300.0..900.0,
        ) {
            let place = Geodetic::from_degrees(10.0, 20.0, height).expect("plausible");
            let truth = at(place, Vector3::new(east, 0.0, climb), covariance([10.0; 3], [1.0; 3], &[0.0; 36]));
            let (tick, row) = Kinematic::of(&truth, TrackStatus::Confirmed, Lifetime::Air, GateWidth::Two);
            let told = row.estimate(tick);
            let nees = told.covariance.factor().mahalanobis_squared(&off(&told, &truth));
            prop_assert!(nees < 6.0, "{nees}");
        }
    }

    /// Mean over many, of errors drawn from the writer's covariance: at most six, and not needlessly less.
    #[test]
    fn readers_are_told_an_error_that_is_true() {
        let mut random = Random(1);
        let (mut sum, mut inflation, rounds) = (0.0, 0.0, 2000);
        for _ in 0..rounds {
            let places = [random.between(3.0, 300.0), random.between(3.0, 300.0), random.between(10.0, 300.0)];
            let speeds = [random.between(0.5, 20.0), random.between(0.5, 20.0), random.between(0.5, 10.0)];
            let place = Geodetic::from_degrees(52.0, 21.0, 1000.0).expect("plausible");
            let truth = at(place, Vector3::new(80.0, -30.0, 2.0), tracked(places, speeds, &mut random));
            let error = truth.covariance.factor().matrix() * Vector6::from_fn(|_, _| random.normal());
            let axes = place.enu_axes();
            let mut estimate = truth;
            let shift = axes.tr_mul(&Vector3::new(error[0], error[1], error[2]));
            estimate.position = Position::<Ecef>::from_vector(truth.position.vector() + shift);
            let faster = axes.tr_mul(&Vector3::new(error[3], error[4], error[5]));
            estimate.velocity = Velocity::from_vector(truth.velocity.vector() + faster);
            let (tick, row) = Kinematic::of(&estimate, TrackStatus::Confirmed, Lifetime::Air, GateWidth::Two);
            let told = row.estimate(tick);
            sum += told.covariance.factor().mahalanobis_squared(&off(&told, &truth));
            inflation += told.covariance.matrix().trace() / estimate.covariance.matrix().trace();
        }
        let (nees, inflation) = (sum / f64::from(rounds) / 6.0, inflation / f64::from(rounds));
        println!("NEES/6 {nees:.2}, trace told / true {inflation:.2}");
        assert!((0.55..=1.0).contains(&nees), "{nees}");
        assert!(inflation < 1.8, "{inflation}");
    }

    /// A covariance as trackers have: an ellipse over the ground, speeds correlated with places along its axes.
    fn tracked(places: [f64; 3], speeds: [f64; 3], random: &mut Random) -> Covariance<6> {
        let mut p = Matrix6::zeros();
        for k in 0..3 {
            let cross = random.between(0.2, 0.9) * places[k] * speeds[k];
            (p[(k, k)], p[(k + 3, k + 3)]) = (places[k] * places[k], speeds[k] * speeds[k]);
            (p[(k, k + 3)], p[(k + 3, k)]) = (cross, cross);
        }
        let angle = random.between(0.0, core::f64::consts::PI);
        let mut turn = Matrix6::identity();
        for k in [0, 3] {
            (turn[(k, k)], turn[(k, k + 1)]) = (cos(angle), -sin(angle));
            (turn[(k + 1, k)], turn[(k + 1, k + 1)]) = (sin(angle), cos(angle));
        }
        Covariance::new(turn * p * turn.transpose()).expect("turned and positive definite")
    }

    #[test]
    fn a_time_between_ticks_is_no_error_in_place() {
        let place = Geodetic::from_degrees(0.0, 0.0, 0.0).expect("plausible");
        let mut truth = at(place, Vector3::new(240.0, 0.0, 0.0), covariance([5.0; 3], [1.0; 3], &[0.0; 36]));
        truth.time = truth.time + Span::from_millis(4);
        let (tick, row) = Kinematic::of(&truth, TrackStatus::Confirmed, Lifetime::Air, GateWidth::Two);
        assert!(off(&row.estimate(tick), &truth)[0].abs() < 0.31);
    }

    /// A small generator of numbers: the same on every run.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(self.0 >> 33).expect("31 bits")) / f64::from(1_u32 << 31)
        }

        fn between(&mut self, low: f64, high: f64) -> f64 {
            low + (high - low) * self.next()
        }

        /// Nearly normal: twelve even ones.
        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.next()).sum::<f64>() - 6.0
        }
    }
}
