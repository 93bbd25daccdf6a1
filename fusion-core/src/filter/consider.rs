//! Errors that many measurements have in common, considered though nobody estimates them (Schmidt, "Application of
//! state-space methods to navigation problems", 1966; Jazwinski, *Stochastic Processes and Filtering Theory* (1970),
//! §8.4).
//!
//! Each error is a scalar ξ of variance one: a sensor's bias, the direction in which a platform is not where it says.
//! A measurement is z = h(x) + g ξ + v, with g one sigma of the error as it appears in z. What the estimate has of it
//! is a column a = E[x̃ ξ], beside P. With k over the errors of the scan,
//!
//! - S = H P Hᵀ + Σₖ (H aₖ gₖᵀ + gₖ aₖᵀ Hᵀ + gₖ gₖᵀ) + R and K = (P Hᵀ + Σₖ aₖ gₖᵀ) S⁻¹; P is updated in Joseph's form;
//! - a ← a − K (H a + g) for every error that is known of, g being zero for those of other sensors;
//! - on the way to another time a ← ρ F a, with ρ = exp(−dt / T) for an error that is forgotten in T.
//!
//! So P holds the whole error, S stays as sharp as before between measurements of one sensor (H a = −g: what they have
//! in common cancels), and two sensors are weighed by what they do not share. An error averages out no faster than it
//! is forgotten.
//!
//! The column of a target with several motions is one for all of them ([`Pull`] mixes what each motion makes of it).
//! This is sound because what an update leaves does not depend on the gain where it matters: H a = −g is where every
//! gain leads, for a − K (H a + g) then stays a; and from its first measurement on a track is there.

use heapless::Vec;
use nalgebra::{SMatrix, SVector, Vector3};

use super::extended::{Expectation, Outlook, Tangent};
use super::linearise::Linearisation;
use crate::capacity::{COMMON_ERRORS_MAX, CONSIDERED_MAX};
use crate::gaussian::{GaussianState, KINEMATIC, NotPositiveDefinite, StateVector, kinematic_part};
use crate::maths::exp;
use crate::measurement::{Pose, SensorId};
use crate::model::ObservationModel;
use crate::time::{Span, Timestamp};
use crate::track::packed::{Packer, Unpacker};

/// Which error it is: the same of two scans is one and the same, no other is related.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The sensor.
    pub sensor: SensorId,
    /// Its platform.
    pub platform: u16,
    /// Which of their errors.
    pub part: u8,
}

/// What one sigma of an error does to measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// Slant ranges are longer by so many metres.
    Range(f64),
    /// Azimuths are larger by so many radians.
    Azimuth(f64),
    /// Elevations are larger by so many radians.
    Elevation(f64),
    /// The sensor stands elsewhere, by so many metres in the node's plane: what is seen from it appears moved back.
    Standing(Vector3<f64>),
    /// The sensor, which stands at a place of the node's plane, is turned about an axis through it: what is seen from
    /// there appears turned by the length of that axis in radians.
    Turned {
        /// The axis in the node's plane.
        about: Vector3<f64>,
        /// The sensor's place.
        at: Vector3<f64>,
    },
    /// Reported places are moved by so many metres in the node's plane.
    Place(Vector3<f64>),
    /// What is measured was true so many seconds later.
    Time(f64),
}

/// An error that all measurements of a scan have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommonError {
    /// Which it is.
    pub cause: Cause,
    /// What it does.
    pub effect: Effect,
    /// The time in which it is forgotten down to e⁻¹; `None` if it stays.
    pub lasts: Option<Span>,
}

impl Effect {
    /// Whether it does anything.
    #[must_use]
    pub fn is_any(&self) -> bool {
        match self {
            Self::Range(sigma) | Self::Azimuth(sigma) | Self::Elevation(sigma) | Self::Time(sigma) => *sigma > 0.0,
            Self::Standing(way) | Self::Place(way) => way.norm_squared() > 0.0,
            Self::Turned { about, .. } => about.norm_squared() > 0.0,
        }
    }

    /// g: how it appears in measurements of a state, by the slope H of h there.
    fn slope<const M: usize, H: ObservationModel<M>>(
        &self,
        h: &SMatrix<f64, M, 6>,
        x: &StateVector,
    ) -> SVector<f64, M> {
        let seen_from = H::AZIMUTH.is_some();
        let place = h.fixed_columns::<3>(0);
        match *self {
            Self::Range(sigma) => unit(H::RANGE, sigma),
            Self::Azimuth(sigma) => unit(H::AZIMUTH, sigma),
            Self::Elevation(sigma) => unit(H::ELEVATION, sigma),
            Self::Standing(way) if seen_from => place * -way,
            Self::Turned { about, at } if seen_from => place * about.cross(&(x.fixed_rows::<3>(0) - at)),
            Self::Place(way) if !seen_from => place * way,
            Self::Standing(_) | Self::Turned { .. } | Self::Place(_) => SVector::zeros(),
            Self::Time(sigma) => place * (x.fixed_rows::<3>(3) * sigma),
        }
    }
}

fn unit<const M: usize>(place: Option<usize>, sigma: f64) -> SVector<f64, M> {
    let mut g = SVector::zeros();
    if let Some(place) = place {
        g[place] = sigma;
    }
    g
}

/// What an estimate has of one error.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    cause: Cause,
    lasts: Option<Span>,
    /// a.
    a: StateVector,
}

impl Column {
    /// a at a later time: the kinematics go on as they are.
    fn after(&self, dt: Span) -> StateVector {
        let t = dt.as_secs_f64();
        let kept = self.lasts.map_or(1.0, |lasts| exp(-t.abs() / lasts.as_secs_f64()));
        let a = &self.a;
        StateVector::new(a[0] + t * a[3], a[1] + t * a[4], a[2] + t * a[5], a[3], a[4], a[5]) * kept
    }
}

/// What an estimate has of the errors that its measurements had in common.
#[derive(Debug, Default, PartialEq)]
pub struct Considered {
    columns: Vec<Column, CONSIDERED_MAX>,
    time: Timestamp,
}

impl Clone for Considered {
    fn clone(&self) -> Self {
        Self { columns: self.columns.clone(), time: self.time }
    }

    /// Copies no more than there is.
    fn clone_from(&mut self, other: &Self) {
        self.columns.clear();
        self.columns.extend(other.columns.iter().copied());
        self.time = other.time;
    }
}

/// As words, where it is copied.
impl Considered {
    /// Words that it takes at the most.
    pub(crate) const MOST_WORDS: usize = 2 + CONSIDERED_MAX * COLUMN_WORDS;

    /// Words that it takes.
    pub(crate) fn words(&self) -> usize {
        2 + self.columns.len() * COLUMN_WORDS
    }

    /// Writes as many.
    pub(crate) fn pack(&self, packer: &mut Packer<'_>) {
        packer.word(self.time.as_nanos().cast_unsigned());
        packer.word(self.columns.len() as u64);
        for Column { cause, lasts, a } in &self.columns {
            let Cause { sensor, platform, part } = *cause;
            let forgotten = u64::from(lasts.is_some());
            packer.word(u64::from(sensor.0) | u64::from(platform) << 16 | u64::from(part) << 32 | forgotten << 40);
            packer.word(lasts.map_or(0, |lasts| lasts.as_nanos().cast_unsigned()));
            a.iter().for_each(|component| packer.real(*component));
        }
    }

    /// Becomes what was written.
    pub(crate) fn unpack(&mut self, unpacker: &mut Unpacker<'_>) {
        self.time = Timestamp::from_nanos(unpacker.word().cast_signed());
        self.columns.clear();
        for _ in 0..unpacker.word() {
            let [s0, s1, p0, p1, part, forgotten, ..] = unpacker.word().to_le_bytes();
            let sensor = SensorId(u16::from_le_bytes([s0, s1]));
            let cause = Cause { sensor, platform: u16::from_le_bytes([p0, p1]), part };
            let lasts = Span::from_nanos(unpacker.word().cast_signed());
            let lasts = (forgotten != 0).then_some(lasts);
            let a = StateVector::from_fn(|_, _| unpacker.real());
            self.columns.push(Column { cause, lasts, a }).expect("no more than there were");
        }
    }
}

/// Its cause, how long it lasts, a.
const COLUMN_WORDS: usize = 2 + KINEMATIC;

impl Considered {
    /// Nothing is in common with anything.
    pub const NONE: Self = Self { columns: Vec::new(), time: Timestamp::EPOCH };

    /// Whether it knows of no error.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.columns.clear();
    }

    /// Goes on to a later time.
    pub fn advance(&mut self, time: Timestamp) {
        let dt = time - self.time;
        self.time = time;
        if dt != Span::ZERO {
            self.columns.iter_mut().for_each(|column| column.a = column.after(dt));
        }
    }

    /// Makes room for the errors of a scan at whose time it already is; tells how many were forgotten or refused. What
    /// is forgotten is the error of which least is left in the position. A refused one counts as noise.
    pub fn admit(&mut self, errors: &[CommonError]) -> usize {
        let mut lost = 0;
        for error in errors.iter().filter(|error| self.of(error.cause).is_none()).collect::<Vec<_, COMMON_ERRORS_MAX>>()
        {
            if self.columns.is_full() {
                lost += 1;
                let others = |column: &Column| errors.iter().all(|error| error.cause != column.cause);
                let left = self.columns.iter().enumerate().filter(|(_, column)| others(column));
                let weight = |column: &Column| column.a.fixed_rows::<3>(0).norm_squared();
                let Some((least, _)) = left.min_by(|a, b| weight(a.1).total_cmp(&weight(b.1))) else { continue };
                self.columns.remove(least);
            }
            let column = Column { cause: error.cause, lasts: error.lasts, a: StateVector::zeros() };
            self.columns.push(column).expect("room was made");
        }
        lost
    }

    /// a of one error, if it is known of.
    fn of(&self, cause: Cause) -> Option<&Column> {
        self.columns.iter().find(|column| column.cause == cause)
    }

    /// What a track founded by one measurement with such errors has of them, where its state so far knows of R alone:
    /// its place follows the measurement, H a = −g. The state's covariance grows by a aᵀ for each.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    pub fn found<const M: usize, H: ObservationModel<M>>(
        model: &H,
        state: &mut GaussianState,
        errors: &[CommonError],
    ) -> Result<Self, NotPositiveDefinite> {
        let p = state.covariance.matrix();
        let expectation = Expectation::of(model, &state.mean, p);
        let known = crate::gaussian::Factor::of(expectation.spread)?.solve_rows(&expectation.cross);
        let (mut considered, mut p) = (Self { time: state.time, ..Self::NONE }, *p);
        for error in errors.iter().take(CONSIDERED_MAX) {
            let a = -(known * error.effect.slope::<M, H>(&expectation.h, &state.mean));
            p += a * a.transpose();
            let column = Column { cause: error.cause, lasts: error.lasts, a };
            considered.columns.push(column).expect("no more than fit");
        }
        state.covariance = crate::gaussian::Covariance::new(p)?;
        Ok(considered)
    }
}

/// What the errors of a scan are to one estimate.
#[derive(Clone, Copy, Debug)]
pub struct Consideration<'a> {
    /// Those of the scan.
    pub errors: &'a [CommonError],
    /// What the estimate has of them, at whatever time.
    pub considered: &'a Considered,
    /// When the scan is.
    pub time: Timestamp,
    /// By how much R grows in slant range (m²) and azimuth (rad²), where a plot may be a neighbour's too.
    pub blur: [f64; 2],
    /// From where it was measured.
    pub pose: &'a Pose,
    /// How models are made linear.
    pub filter: Linearisation,
}

impl Consideration<'_> {
    /// What gating and likelihoods need of a state, with what the scan's errors make of it.
    #[inline]
    pub fn outlook<const M: usize, const N: usize, H: ObservationModel<M>>(
        &self,
        model: &H,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
    ) -> Outlook<M> {
        self.outlook_by(model, &Tangent::at(model, x), x, p)
    }

    /// The same of a state whose tangent is known.
    #[inline]
    pub(crate) fn outlook_by<const M: usize, const N: usize, H: ObservationModel<M>>(
        &self,
        model: &H,
        tangent: &Tangent<M>,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
    ) -> Outlook<M> {
        let mut outlook = self.filter.outlook(model, self.pose, tangent, x, p);
        self.widen::<M, N, H>(&tangent.h, x, &mut outlook);
        outlook
    }

    /// What an update needs of a state, whose tangent may be known, with what the scan's errors make of it.
    #[inline]
    pub fn expectation<const M: usize, const N: usize, H: ObservationModel<M>>(
        &self,
        model: &H,
        tangent: impl FnOnce() -> Tangent<M>,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
    ) -> Expectation<M, N> {
        let mut expectation = self.filter.expectation(model, self.pose, tangent, x, p);
        self.widen_all(model, x, &mut expectation);
        expectation
    }

    /// What the estimate has of one of the scan's errors, at its time.
    fn known(&self, error: &CommonError) -> Option<StateVector> {
        Some(self.considered.of(error.cause)?.after(self.time - self.considered.time))
    }

    /// Adds to H P Hᵀ what the errors make of it.
    fn widen<const M: usize, const N: usize, H: ObservationModel<M>>(
        &self,
        h: &SMatrix<f64, M, KINEMATIC>,
        x: &SVector<f64, N>,
        outlook: &mut Outlook<M>,
    ) {
        blur::<M, H>(&mut outlook.spread, self.blur);
        if self.errors.is_empty() {
            return;
        }
        let x = kinematic_part(x);
        for error in self.errors {
            let g = error.effect.slope::<M, H>(h, &x);
            add_error(&mut outlook.spread, &g, self.known(error).map(|a| h * a).as_ref());
        }
    }

    /// Adds to H P Hᵀ and to P Hᵀ what the errors make of them.
    fn widen_all<const M: usize, const N: usize, H: ObservationModel<M>>(
        &self,
        _: &H,
        x: &SVector<f64, N>,
        expectation: &mut Expectation<M, N>,
    ) {
        blur::<M, H>(&mut expectation.spread, self.blur);
        let x = kinematic_part(x);
        for error in self.errors {
            let g = error.effect.slope::<M, H>(&expectation.h, &x);
            let a = self.known(error);
            add_error(&mut expectation.spread, &g, a.map(|a| expectation.h * a).as_ref());
            let Some(a) = a else { continue };
            for m in 0..M {
                (0..KINEMATIC).for_each(|i| expectation.cross[(i, m)] += a[i] * g[m]);
            }
        }
    }
}

/// What a scan's errors do at the most to a target of this speed at this place, as variances: to the place in m², and
/// to range (m²) and azimuth (rad²) beside.
#[must_use]
pub fn reach_of(errors: &[CommonError], speed: f64, whereabouts: &Vector3<f64>) -> (f64, [f64; 2]) {
    let (mut place, mut polar) = (0.0, [0.0; 2]);
    for error in errors {
        match error.effect {
            Effect::Range(sigma) => polar[0] += sigma * sigma,
            Effect::Azimuth(sigma) => polar[1] += sigma * sigma,
            Effect::Elevation(_) => {}
            Effect::Standing(way) | Effect::Place(way) => place += way.norm_squared(),
            Effect::Turned { about, at } => place += about.norm_squared() * (whereabouts - at).norm_squared(),
            Effect::Time(sigma) => place += sigma * speed * (sigma * speed),
        }
    }
    (place, polar)
}

fn blur<const M: usize, H: ObservationModel<M>>(spread: &mut SMatrix<f64, M, M>, variances: [f64; 2]) {
    for (place, variance) in [H::RANGE, H::AZIMUTH].into_iter().zip(variances) {
        if let Some(k) = place {
            spread[(k, k)] += variance;
        }
    }
}

/// H P Hᵀ + (H a) gᵀ + g (H a)ᵀ + g gᵀ.
fn add_error<const M: usize>(spread: &mut SMatrix<f64, M, M>, g: &SVector<f64, M>, ha: Option<&SVector<f64, M>>) {
    *spread += g * g.transpose();
    if let Some(ha) = ha {
        *spread += ha * g.transpose() + g * ha.transpose();
    }
}

/// How an update draws on what an estimate has of common errors: Σ w K (H a + g), collected over measurements and
/// motions.
#[derive(Debug)]
pub struct Pull<'a> {
    consideration: Consideration<'a>,
    sums: [StateVector; CONSIDERED_MAX],
    /// How probable the motion is that is updated at present, on any scale.
    weight: f64,
    total: f64,
}

impl<'a> Pull<'a> {
    /// Nothing was drawn yet. What is considered must be at the time of the scan, and have admitted its errors.
    #[must_use]
    pub fn new(consideration: Consideration<'a>) -> Self {
        Self { consideration, sums: [StateVector::zeros(); CONSIDERED_MAX], weight: 1.0, total: 0.0 }
    }

    /// The scan's errors to this estimate.
    #[must_use]
    pub const fn consideration(&self) -> &Consideration<'a> {
        &self.consideration
    }

    /// Begins with the next motion, of this probability.
    pub fn begin(&mut self, weight: f64) {
        self.weight = weight;
        self.total += weight;
    }

    /// Draws by a gain that was used with this share.
    pub fn draw<const M: usize, const N: usize, H: ObservationModel<M>>(
        &mut self,
        _: &H,
        x: &SVector<f64, N>,
        h: &SMatrix<f64, M, 6>,
        k: &SMatrix<f64, N, M>,
        share: f64,
    ) {
        let x = kinematic_part(x);
        let Consideration { errors, considered, .. } = self.consideration;
        for (sum, column) in self.sums.iter_mut().zip(&considered.columns) {
            let mut seen = h * column.a;
            if let Some(error) = errors.iter().find(|error| error.cause == column.cause) {
                seen += error.effect.slope::<M, H>(h, &x);
            }
            seen *= self.weight * share;
            for m in 0..M {
                (0..KINEMATIC).for_each(|i| sum[i] += k[(i, m)] * seen[m]);
            }
        }
    }

    /// The sums, by column.
    #[must_use]
    pub fn sums(&self) -> [StateVector; CONSIDERED_MAX] {
        // Of one motion nobody said how probable it is.
        let total = if self.total > 0.0 { self.total } else { self.weight };
        self.sums.map(|sum| sum / total)
    }
}

impl Considered {
    /// a ← a − Σ K (H a + g).
    pub fn subtract(&mut self, sums: &[StateVector; CONSIDERED_MAX]) {
        for (column, sum) in self.columns.iter_mut().zip(sums) {
            column.a -= sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::Covariance;
    use crate::model::MeasurementModel;
    use crate::model::polar::RangeBearingElevation;
    use crate::model::position::Position;

    fn error(part: u8, effect: Effect) -> CommonError {
        CommonError { cause: Cause { sensor: SensorId(0), platform: 0, part }, effect, lasts: None }
    }

    fn state() -> GaussianState {
        let covariance = Covariance::from_sigmas(&StateVector::repeat(5.0)).expect("positive");
        let mean = StateVector::new(3_000.0, 4_000.0, 900.0, 40.0, -20.0, 3.0);
        GaussianState { mean, covariance, time: Timestamp::EPOCH }
    }

    /// The slope of h over an error, by differences: what the error does is done to the state or to the pose.
    fn by_differences(effect: Effect) -> Vector3<f64> {
        let (x, step) = (state().mean, 1e-3);
        let seen = |t: f64| {
            let (mut x, mut pose, mut shift) = (x, crate::model::tests::leaning_pose(), Vector3::zeros());
            match effect {
                Effect::Range(sigma) => shift.x = t * sigma,
                Effect::Azimuth(sigma) => shift.y = t * sigma,
                Effect::Elevation(sigma) => shift.z = t * sigma,
                Effect::Standing(way) => {
                    pose.origin = crate::frame::Position::from_vector(pose.origin.vector() + way * t);
                }
                Effect::Turned { about, at } => {
                    let turn = nalgebra::Rotation3::new(about * t);
                    let seen = at + turn * (x.fixed_rows::<3>(0) - at);
                    x.fixed_rows_mut::<3>(0).copy_from(&seen);
                }
                Effect::Place(_) => {}
                Effect::Time(sigma) => (0..3).for_each(|k| x[k] += t * sigma * x[k + 3]),
            }
            RangeBearingElevation(&pose).predict(&x) + shift
        };
        (seen(step) - seen(-step)) / (2.0 * step)
    }

    #[test]
    fn as_words_common_errors_come_back_to_the_bit() {
        let column = |part: u8| {
            let cause = Cause { sensor: SensorId(0x0102), platform: 0x0304, part };
            let lasts = part.is_multiple_of(2).then_some(Span::from_millis(-1 - i64::from(part)));
            Column { cause, lasts, a: StateVector::new(-0.0, 1e-310, 0.1, f64::MAX, -3.0, f64::from(part)) }
        };
        for count in [0, 1, CONSIDERED_MAX] {
            let columns = (0..=u8::MAX).take(count).map(column).collect();
            let considered = Considered { columns, time: Timestamp::from_nanos(-7) };
            let mut words = [0; Considered::MOST_WORDS + 1];
            let mut packer = Packer::new(&mut words, 1);
            considered.pack(&mut packer);
            assert_eq!(packer.at(), 1 + considered.words());
            let mut back = Considered { columns: [column(9)].into_iter().collect(), time: Timestamp::EPOCH };
            back.unpack(&mut Unpacker::new(&words, 1));
            assert_eq!(back, considered);
            let bits = |known: &Considered| -> Vec<u64, 72> {
                known.columns.iter().flat_map(|column| column.a.iter().map(|entry| entry.to_bits())).collect()
            };
            assert_eq!(bits(&back), bits(&considered));
        }
    }

    #[test]
    fn slopes_of_errors_are_those_of_displaced_measurements() {
        let pose = crate::model::tests::leaning_pose();
        let (model, x) = (RangeBearingElevation(&pose), state().mean);
        let way = Vector3::new(20.0, -30.0, 10.0);
        let effects = [
            Effect::Range(40.0),
            Effect::Azimuth(0.01),
            Effect::Elevation(0.02),
            Effect::Standing(way),
            Effect::Turned { about: Vector3::new(0.01, -0.02, 0.0), at: *pose.origin.vector() },
            Effect::Place(way),
            Effect::Time(0.3),
        ];
        for effect in effects {
            let g = effect.slope::<3, RangeBearingElevation<'_>>(&model.jacobian(&x), &x);
            let difference = g - by_differences(effect);
            assert!(difference.norm() < 1e-6 * (1.0 + g.norm()), "{effect:?}: {difference}");
        }
    }

    #[test]
    fn a_reported_place_knows_nothing_of_where_the_receiver_stands() {
        let (h, x) = (Position.jacobian(&state().mean), state().mean);
        assert!(Effect::Standing(Vector3::x()).slope::<3, Position>(&h, &x).norm() < 1e-15);
        assert!((Effect::Place(Vector3::x()).slope::<3, Position>(&h, &x) - Vector3::x()).norm() < 1e-15);
    }

    fn consideration<'a>(errors: &'a [CommonError], considered: &'a Considered) -> Consideration<'a> {
        let (pose, filter) = (&Pose::AT_ORIGIN, Linearisation::Extended);
        Consideration { errors, considered, time: considered.time, blur: [0.0; 2], pose, filter }
    }

    #[test]
    fn what_one_sensor_has_in_common_cancels_between_its_measurements() {
        let errors = [error(0, Effect::Range(50.0)), error(1, Effect::Azimuth(0.01))];
        let (model, mut state) = (RangeBearingElevation(&Pose::AT_ORIGIN), state());
        let sharp = Outlook::of(&model, &state.mean, state.covariance.matrix());
        let considered = Considered::found(&model, &mut state, &errors).expect("sound");
        let (x, p) = (&state.mean, state.covariance.matrix());
        assert!(Outlook::of(&model, x, p).spread[(0, 0)] > 2_500.0);
        let own = consideration(&errors, &considered).outlook(&model, x, p);
        assert!((own.spread - sharp.spread).norm() < 1e-9 * sharp.spread.norm());
        // To another sensor the same track is as uncertain as it is.
        let others = errors.map(|e| CommonError { cause: Cause { sensor: SensorId(1), ..e.cause }, ..e });
        let other = consideration(&others, &considered).outlook(&model, x, p);
        assert!(other.spread[(0, 0)] > 2.0 * 2_500.0);
    }

    #[test]
    fn an_error_is_forgotten_in_its_time() {
        let lasts = Some(Span::from_secs(60));
        let errors = [CommonError { lasts, ..error(0, Effect::Place(Vector3::x() * 10.0)) }];
        let mut considered = Considered::found(&Position, &mut state(), &errors).expect("sound");
        assert!((considered.columns[0].a[0] + 10.0).abs() < 1e-12);
        considered.advance(Timestamp::from_secs(60));
        assert!((considered.columns[0].a[0] + 10.0 * exp(-1.0)).abs() < 1e-12);
    }

    #[test]
    fn where_room_is_short_what_matters_least_is_forgotten() {
        let mut considered = Considered::NONE;
        let of = |sensor: u16| {
            let size = if sensor == 2 { 1.0 } else { 10.0 };
            [Vector3::x(), Vector3::y(), Vector3::z()].map(|axis| CommonError {
                cause: Cause { sensor: SensorId(sensor), ..error(0, Effect::Range(0.0)).cause },
                ..error(0, Effect::Place(axis * size))
            })
        };
        let mut number = 0;
        for sensor in 0..4 {
            let parts = of(sensor).map(|e| {
                number += 1;
                CommonError { cause: Cause { part: number, ..e.cause }, ..e }
            });
            assert_eq!(considered.admit(&parts), 0);
            let first = usize::from(sensor) * 3;
            for (column, part) in considered.columns[first..].iter_mut().zip(&parts) {
                let Effect::Place(way) = part.effect else { panic!("a place") };
                column.a.fixed_rows_mut::<3>(0).copy_from(&way);
            }
        }
        assert_eq!(considered.admit(&[error(99, Effect::Range(1.0))]), 1);
        let weak = considered.columns.iter().filter(|column| column.cause.sensor == SensorId(2)).count();
        assert_eq!((weak, considered.columns.len()), (2, CONSIDERED_MAX));
    }
}
