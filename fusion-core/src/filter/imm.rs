//! Interacting multiple models: one filter per way to move, and how likely each of them is.
//!
//! One cycle (Blom & Bar-Shalom, "The interacting multiple model algorithm for systems with Markovian switching
//! coefficients", IEEE Trans. AC 33 (1988); Bar-Shalom, Li & Kirubarajan 2001, §11.6.6), with modes i and j, their
//! probabilities μ and the probabilities of change π over dt:
//!
//! 1. mixing: cⱼ = Σᵢ πᵢⱼ μᵢ; each mode begins with the mixture of all by wᵢ|ⱼ = πᵢⱼ μᵢ / cⱼ, reduced to one Gaussian;
//! 2. prediction of each mode by its own motion ([`Modes::predict`]);
//! 3. update of each mode by the same measurements, in whatever way ([`Modes::states_mut`]);
//! 4. μⱼ ← cⱼ Λⱼ / Σ, with Λⱼ the likelihood of what was seen ([`Modes::reweigh`]).
//!
//! Modes differ in dimension. What a mode knows beside the kinematics, and another does not, it keeps in the other's
//! share of the mixture: its own mean and covariance, independent of the other's kinematics. To take zeros instead
//! would pull it to zero (Yuan, Bar-Shalom, Willett, Mozeson, Pollak & Hardiman, "A multiple IMM estimation approach
//! with unbiased mixing for thrusting projectiles", IEEE Trans. AES 48 (2012)).

mod blend;

use core::array;

use heapless::Vec;
use nalgebra::{SMatrix, SVector};

use super::extended;
use super::{Prediction, Whereabouts};
use crate::gaussian::{Covariance, GaussianState, KINEMATIC, NotPositiveDefinite, StateVector, mirror};
use crate::maths::exp;
use crate::measurement::Reading;
use crate::model::motion::{MOTIONS_MAX, Motion, MotionSet};
use crate::model::{MeasurementModel, TransitionModel};
use crate::time::Timestamp;
use crate::track::packed::{Packer, Unpacker};
use blend::{AddFirstMean, AddFirstSpread, AddVariance, Blend, Numbers};

/// The state of one mode.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nothing is allocated: there must be room for the largest")]
pub enum ModeState {
    /// Kinematics: constant velocity and hover.
    Six(GaussianState<6>),
    /// Kinematics and a rate of turn: coordinated turn.
    Seven(GaussianState<7>),
    /// Kinematics and an acceleration: constant acceleration.
    Nine(GaussianState<9>),
}

/// By mode and mode, how probably the one became the other: [`MotionSet::change_over`].
pub(crate) type Change = [[f64; MOTIONS_MAX]; MOTIONS_MAX];

/// The modes of one target, in the order of their [`MotionSet`]: 2992 bytes, of which the modes that are there are
/// used.
#[derive(Clone, Debug, PartialEq)]
pub struct Modes {
    /// μ: each at least [`PROBABILITY_MIN`], and summing to one.
    probabilities: Vec<f64, MOTIONS_MAX>,
    /// As many.
    states: Vec<ModeState, MOTIONS_MAX>,
}

/// No mode is believed less than this, so that each can come back.
pub const PROBABILITY_MIN: f64 = 1e-6;

/// No mode explains what was seen: the likelihoods are zero or not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexplained;

impl core::fmt::Display for Unexplained {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no mode explains what was seen: their likelihoods are zero or not finite")
    }
}

impl core::error::Error for Unexplained {}

/// Something to be learned from the state of a mode, whose dimension is only known at run time.
pub trait ModeVisitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<const N: usize>(self, state: &GaussianState<N>) -> Self::Output;
}

/// Something to be done to the state of a mode, whose dimension is only known at run time.
pub trait ModeVisitorMut {
    /// What comes of it.
    type Output;

    /// Does it. Whatever is done, the time of validity must remain.
    fn visit<const N: usize>(self, state: &mut GaussianState<N>) -> Self::Output;
}

impl ModeState {
    /// Opens the door from a dimension known at run time to the state.
    pub fn visit<V: ModeVisitor>(&self, visitor: V) -> V::Output {
        match self {
            Self::Six(state) => visitor.visit(state),
            Self::Seven(state) => visitor.visit(state),
            Self::Nine(state) => visitor.visit(state),
        }
    }

    /// The same, to change it.
    pub fn visit_mut<V: ModeVisitorMut>(&mut self, visitor: V) -> V::Output {
        match self {
            Self::Six(state) => visitor.visit(state),
            Self::Seven(state) => visitor.visit(state),
            Self::Nine(state) => visitor.visit(state),
        }
    }

    /// Position and velocity alone.
    #[must_use]
    pub fn kinematics(&self) -> GaussianState {
        match self {
            Self::Six(state) => *state,
            Self::Seven(state) => state.kinematics(),
            Self::Nine(state) => state.kinematics(),
        }
    }

    /// When it holds.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        match self {
            Self::Six(state) => state.time,
            Self::Seven(state) => state.time,
            Self::Nine(state) => state.time,
        }
    }

    fn start(motion: &Motion, state: &GaussianState) -> Result<Self, NotPositiveDefinite> {
        Ok(match motion {
            Motion::ConstantVelocity(model) => Self::Six(model.start(state)?),
            Motion::ConstantAcceleration(model) => Self::Nine(model.start(state)?),
            Motion::CoordinatedTurn(model) => Self::Seven(model.start(state)?),
            Motion::Hover(model) => Self::Six(model.start(state)?),
        })
    }

    /// Becomes the mixture of all modes that belongs to `own`, moved by its motion; not proven.
    fn take(
        &mut self,
        own: &Self,
        motion: &Motion,
        blend: &Blend<'_>,
        to: Timestamp,
    ) -> Result<(), NotPositiveDefinite> {
        match (self, own, motion) {
            (Self::Six(next), Self::Six(own), Motion::ConstantVelocity(model)) => blend.predict(model, own, to, next),
            (Self::Six(next), Self::Six(own), Motion::Hover(model)) => blend.predict(model, own, to, next),
            (Self::Seven(next), Self::Seven(own), Motion::CoordinatedTurn(model)) => {
                blend.predict(model, own, to, next)
            }
            (Self::Nine(next), Self::Nine(own), Motion::ConstantAcceleration(model)) => {
                blend.predict(model, own, to, next)
            }
            _ => unreachable!("modes are predicted by the set that started them"),
        }
    }

    /// Copies no more than the state that is there.
    fn copy_from(&mut self, other: &Self) {
        match (self, other) {
            (Self::Six(state), Self::Six(other)) => *state = *other,
            (Self::Seven(state), Self::Seven(other)) => *state = *other,
            (Self::Nine(state), Self::Nine(other)) => *state = *other,
            (state, other) => *state = other.clone(),
        }
    }

    /// x̂ and P, column by column, if it has this dimension.
    #[inline]
    fn numbers<const N: usize>(&self) -> Option<Numbers<'_, N>> {
        let (mean, p) = match self {
            Self::Six(state) => (state.mean.as_slice(), state.covariance.matrix().as_slice()),
            Self::Seven(state) => (state.mean.as_slice(), state.covariance.matrix().as_slice()),
            Self::Nine(state) => (state.mean.as_slice(), state.covariance.matrix().as_slice()),
        };
        Some((mean.try_into().ok()?, p.as_chunks().0))
    }

    /// Words that a state takes: its time, x̂ and half of P.
    const fn words(&self) -> usize {
        match self {
            Self::Six(_) => state_words(6),
            Self::Seven(_) => state_words(7),
            Self::Nine(_) => state_words(9),
        }
    }

    fn pack(&self, packer: &mut Packer<'_>) {
        match self {
            Self::Six(state) => pack_state(state, packer),
            Self::Seven(state) => pack_state(state, packer),
            Self::Nine(state) => pack_state(state, packer),
        }
    }

    /// Which it is, in two bits.
    const fn kind(&self) -> u64 {
        match self {
            Self::Six(_) => 0,
            Self::Seven(_) => 1,
            Self::Nine(_) => 2,
        }
    }

    fn unpack(kind: u64, unpacker: &mut Unpacker<'_>) -> Self {
        match kind {
            0 => Self::Six(unpack_state(unpacker)),
            1 => Self::Seven(unpack_state(unpacker)),
            _ => Self::Nine(unpack_state(unpacker)),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }
}

const fn state_words(dimensions: usize) -> usize {
    1 + dimensions + dimensions * (dimensions + 1) / 2
}

fn pack_state<const N: usize>(state: &GaussianState<N>, packer: &mut Packer<'_>) {
    packer.word(state.time.as_nanos().cast_unsigned());
    state.mean.iter().for_each(|component| packer.real(*component));
    state.covariance.lower().for_each(|entry| packer.real(entry));
}

fn unpack_state<const N: usize>(unpacker: &mut Unpacker<'_>) -> GaussianState<N> {
    let time = Timestamp::from_nanos(unpacker.word().cast_signed());
    let mean = SVector::from_fn(|_, _| unpacker.real());
    GaussianState { mean, covariance: Covariance::of_lower(|| unpacker.real()), time }
}

/// As words, where they are copied.
impl Modes {
    /// Words that they take at the most.
    pub(crate) const MOST_WORDS: usize = 1 + MOTIONS_MAX * (1 + state_words(9));

    /// Words that these take, if there are any.
    pub(crate) fn words(modes: Option<&Self>) -> usize {
        1 + modes.map_or(0, |modes| modes.states.iter().map(|state| 1 + state.words()).sum())
    }

    /// Writes as many.
    pub(crate) fn pack(modes: Option<&Self>, packer: &mut Packer<'_>) {
        let Some(Self { probabilities, states }) = modes else { return packer.word(0) };
        // Two bits for each kind, behind a one.
        packer.word(states.iter().fold(1, |kinds, state| kinds << 2 | state.kind()));
        for (probability, state) in probabilities.iter().zip(states) {
            packer.real(*probability);
            state.pack(packer);
        }
    }

    /// What was written.
    pub(crate) fn unpack(unpacker: &mut Unpacker<'_>) -> Option<Self> {
        let kinds = unpacker.word();
        let count = kinds.checked_ilog2()? / 2;
        let mut modes = Self { probabilities: Vec::new(), states: Vec::new() };
        for place in (0..count).rev() {
            modes.probabilities.push(unpacker.real()).expect("no more than there were");
            let state = ModeState::unpack(kinds >> (2 * place) & 3, unpacker);
            modes.states.push(state).map_err(drop).expect("no more than there were");
        }
        Some(modes)
    }
}

impl Modes {
    /// Begins with kinematics alone: the same in each mode, each as likely as its share, and beyond the kinematics what
    /// its motion says of a target of which nothing else is known.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers of state and motion lie too far apart to be held together.
    pub fn start(set: &MotionSet, state: &GaussianState) -> Result<Self, NotPositiveDefinite> {
        let mut modes = Self { probabilities: set.prior().collect(), states: Vec::new() };
        for manner in set.manners() {
            modes.push(ModeState::start(&manner.motion, state)?);
        }
        modes.settle();
        Ok(modes)
    }

    /// μ: how likely each mode is. They sum to one.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The states, each under the assumption that its mode is on.
    #[must_use]
    pub fn states(&self) -> &[ModeState] {
        &self.states
    }

    /// How probably it goes straight on or stands.
    #[must_use]
    pub fn straightness(&self, set: &MotionSet) -> f64 {
        let both = set.manners().iter().zip(&self.probabilities);
        both.filter(|(manner, _)| manner.motion.is_straight()).map(|(_, probability)| probability).sum()
    }

    /// The same, to be updated; all with the same measurements, and then [`reweigh`](Self::reweigh)ed.
    pub fn states_mut(&mut self) -> &mut [ModeState] {
        &mut self.states
    }

    /// When they hold.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.states[0].time()
    }

    /// The modes mixed by what may have changed since, and each moved to another time by its motion.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; the modes are then beyond use at that time.
    ///
    /// # Panics
    /// If `set` is of other motions than the one that started the modes: a bug of the caller.
    pub fn predict(&self, set: &MotionSet, to: Timestamp) -> Result<Self, NotPositiveDefinite> {
        let mut predicted = self.clone();
        self.predict_into(set, to, &mut predicted)?;
        Ok(predicted)
    }

    /// The same into modes that are there already, whatever they are: copies nothing needlessly.
    ///
    /// # Errors
    /// As [`predict`](Self::predict); the other modes then mean nothing.
    ///
    /// # Panics
    /// As [`predict`](Self::predict).
    pub fn predict_into(
        &self,
        set: &MotionSet,
        to: Timestamp,
        predicted: &mut Self,
    ) -> Result<(), NotPositiveDefinite> {
        self.foresee_into(set, &set.change_over(to - self.time()), to, predicted)?;
        predicted.prove()
    }

    /// The same by a change that is known already, and not proven: enough to gate with, and most predictions end there.
    /// What comes of it is proven when it is updated, or else by [`prove`](Self::prove).
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; the other modes then mean nothing.
    pub(crate) fn foresee_into(
        &self,
        set: &MotionSet,
        change: &Change,
        to: Timestamp,
        predicted: &mut Self,
    ) -> Result<(), NotPositiveDefinite> {
        let mut alike = predicted.states.iter().zip(&self.states);
        if predicted.states.len() != self.states.len() || !alike.all(|(one, other)| one.is_like(other)) {
            predicted.clone_from(self);
        }
        // Those that there are not have probability zero, so that the loops have a length that the compiler knows.
        let before: [f64; MOTIONS_MAX] = array::from_fn(|i| self.probabilities.get(i).copied().unwrap_or(0.0));
        for (j, ((own, manner), next)) in self.states.iter().zip(set.manners()).zip(&mut predicted.states).enumerate() {
            let mut weights: [f64; MOTIONS_MAX] = array::from_fn(|i| change[i][j] * before[i]);
            let total: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= total);
            next.take(own, &manner.motion, &Blend { weights: &weights, states: &self.states }, to)?;
            predicted.probabilities[j] = total;
        }
        predicted.settle();
        Ok(())
    }

    /// Proves the covariances of all modes.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if one is not a covariance; the modes then mean nothing.
    pub(crate) fn prove(&mut self) -> Result<(), NotPositiveDefinite> {
        self.states.iter_mut().try_for_each(|state| state.visit_mut(Proven))
    }

    /// Becomes the other, of the same set: cheaper than a clone, which makes room for the largest states.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.probabilities.copy_from_slice(&other.probabilities);
        for (state, other) in self.states.iter_mut().zip(&other.states) {
            state.copy_from(other);
        }
    }

    /// Moves the means of all modes by as much; what they claim to know stays.
    pub fn translate(&mut self, way: &StateVector) {
        for state in &mut self.states {
            state.visit_mut(Translation(way));
        }
    }

    /// Position and velocity by all modes together: mean and covariance of their mixture, not yet proven.
    #[must_use]
    pub fn combined(&self) -> Prediction {
        let (mut mean, mut p) = (SVector::zeros(), SMatrix::zeros());
        self.mix_lower(&mut mean, &mut p);
        mirror(&mut p.data.0);
        Prediction { mean, p, time: self.time() }
    }

    /// The same of modes that are proven, where it will lie: then their mixture need not be.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; then the state is as it was.
    pub(crate) fn combine_into(&self, state: &mut GaussianState) -> Result<(), NotPositiveDefinite> {
        let (mut mean, mut p) = (SVector::zeros(), SMatrix::zeros());
        self.mix_lower(&mut mean, &mut p);
        state.covariance.become_sum_of(&p)?;
        (state.mean, state.time) = (mean, self.time());
        Ok(())
    }

    fn mix_lower(&self, mean: &mut StateVector, p: &mut SMatrix<f64, KINEMATIC, KINEMATIC>) {
        let blend = Blend { weights: &self.probabilities, states: &self.states };
        match &self.states[0] {
            ModeState::Six(own) => blend.reduce_lower(own, mean, p),
            ModeState::Seven(own) => blend.reduce_lower(&own.kinematics(), mean, p),
            ModeState::Nine(own) => blend.reduce_lower(&own.kinematics(), mean, p),
        }
    }

    /// The first `K` components of [`combined`](Self::combined), K up to six: mean and covariance.
    #[must_use]
    pub fn combined_first<const K: usize>(&self) -> (SVector<f64, K>, SMatrix<f64, K, K>) {
        const { assert!(K <= KINEMATIC, "beyond the kinematics modes differ") };
        let (mut mean, mut p) = (SVector::zeros(), SMatrix::zeros());
        for (&weight, state) in self.probabilities.iter().zip(&self.states) {
            state.visit(AddFirstMean { weight, mean: &mut mean });
        }
        for (&weight, state) in self.probabilities.iter().zip(&self.states) {
            state.visit(AddFirstSpread { weight, mean: &mean, p: &mut p });
        }
        (mean, p)
    }

    /// Where the target is by all modes together.
    #[must_use]
    pub fn whereabouts(&self) -> Whereabouts {
        let (mut place, mut variance) = (SVector::zeros(), SVector::zeros());
        for (&weight, state) in self.probabilities.iter().zip(&self.states) {
            state.visit(AddFirstMean { weight, mean: &mut place });
        }
        for (&weight, state) in self.probabilities.iter().zip(&self.states) {
            state.visit(AddVariance { weight, mean: &place, variance: &mut variance });
        }
        Whereabouts { place, variance }
    }

    /// μⱼ ← μⱼ Λⱼ / Σ: Bayes' rule, with the likelihood of what was seen under each mode, on any common scale.
    ///
    /// # Errors
    /// [`Unexplained`] if no mode explains it; then nothing is changed.
    pub fn reweigh(&mut self, likelihoods: &[f64]) -> Result<(), Unexplained> {
        let pairs = self.probabilities.iter().zip(likelihoods);
        let total: f64 = pairs.map(|(probability, likelihood)| probability * likelihood).sum();
        if !(total > 0.0 && total < f64::INFINITY) || likelihoods.iter().any(|likelihood| *likelihood < 0.0) {
            return Err(Unexplained);
        }
        for (probability, likelihood) in self.probabilities.iter_mut().zip(likelihoods) {
            *probability *= likelihood / total;
        }
        self.settle();
        Ok(())
    }

    /// One measurement known to be the target's: each mode updated with it, and weighed by N(ν; 0, S).
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; the predicted modes are then the best there are.
    pub fn update<const M: usize>(
        &self,
        model: &impl MeasurementModel<M>,
        reading: &Reading<M>,
    ) -> Result<Self, NotPositiveDefinite> {
        let mut updated = self.clone();
        let mut logs = [f64::NEG_INFINITY; MOTIONS_MAX];
        for (state, log) in updated.states.iter_mut().zip(&mut logs) {
            *log = state.visit_mut(Updated { model, reading })?;
        }
        // Only their ratios count: the largest becomes one, so that they cannot all vanish.
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let likelihoods = logs.map(|log| exp(log - largest));
        updated.reweigh(&likelihoods[..self.states.len()]).map_err(|Unexplained| NotPositiveDefinite)?;
        Ok(updated)
    }

    fn push(&mut self, state: ModeState) {
        assert!(self.states.push(state).is_ok(), "a set has no more motions than fit");
    }

    /// Holds each probability above the least, and their sum at one.
    fn settle(&mut self) {
        match self.probabilities.as_mut_slice() {
            // Mostly there are two: that is straight code.
            [one, other] => {
                let (a, b) = (one.max(PROBABILITY_MIN), other.max(PROBABILITY_MIN));
                (*one, *other) = (a / (a + b), b / (a + b));
            }
            several => {
                several.iter_mut().for_each(|probability| *probability = probability.max(PROBABILITY_MIN));
                let total: f64 = several.iter().sum();
                several.iter_mut().for_each(|probability| *probability /= total);
            }
        }
    }
}

struct Translation<'a>(&'a StateVector);

impl ModeVisitorMut for Translation<'_> {
    type Output = ();

    fn visit<const N: usize>(self, state: &mut GaussianState<N>) {
        for (component, way) in state.mean.iter_mut().zip(self.0) {
            *component += way;
        }
    }
}

struct Proven;

impl ModeVisitorMut for Proven {
    type Output = Result<(), NotPositiveDefinite>;

    fn visit<const N: usize>(self, state: &mut GaussianState<N>) -> Self::Output {
        state.covariance = Covariance::new(*state.covariance.matrix())?;
        Ok(())
    }
}

struct Updated<'a, T, const M: usize> {
    model: &'a T,
    reading: &'a Reading<M>,
}

impl<T: MeasurementModel<M>, const M: usize> ModeVisitorMut for Updated<'_, T, M> {
    type Output = Result<f64, NotPositiveDefinite>;

    /// Updates, and gives the log-likelihood less what is common to all modes.
    fn visit<const N: usize>(self, state: &mut GaussianState<N>) -> Result<f64, NotPositiveDefinite> {
        let (updated, innovation) = extended::update(self.model, state, self.reading)?;
        *state = updated;
        let distance_squared = innovation.factor.mahalanobis_squared(&innovation.nu);
        Ok(-0.5 * (distance_squared + innovation.factor.log_determinant()))
    }
}

#[cfg(test)]
mod scenarios;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter;
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::motion::tests::{PUSH, STAY, STRAIGHT, TURN, set_of};
    use crate::model::position::Position;
    use crate::time::Span;

    fn state() -> GaussianState {
        GaussianState {
            mean: StateVector::new(1_000.0, 2_000.0, 300.0, 60.0, -80.0, 1.0),
            covariance: Covariance::from_sigmas(&StateVector::new(20.0, 20.0, 30.0, 10.0, 10.0, 5.0))
                .expect("positive"),
            time: Timestamp::EPOCH,
        }
    }

    fn seen_at(east: f64, north: f64) -> Reading<3> {
        let noise = Covariance::from_sigmas(&[20.0, 20.0, 30.0].into()).expect("positive");
        Reading { z: [east, north, 300.0].into(), noise }
    }

    fn four() -> MotionSet {
        set_of([(STRAIGHT, 60, 5.0), (TURN, 15, 2.0), (PUSH, 5, 1.0), (STAY, 600, 0.5)])
    }

    /// A few looks at a target that bends away to the left.
    fn after_some_looks(set: &MotionSet) -> Modes {
        let mut modes = Modes::start(set, &state()).expect("positive");
        for (second, (east, north)) in (1..).zip([(1_065.0, 1_925.0), (1_130.0, 1_860.0), (1_215.0, 1_805.0)]) {
            modes = modes.predict(set, Timestamp::from_secs(second)).expect("finite");
            modes = modes.update(&Position, &seen_at(east, north)).expect("finite");
        }
        modes
    }

    fn assert_near(a: &Prediction, b: &Prediction, tolerance: f64) {
        assert!((a.mean - b.mean).norm() <= tolerance * b.mean.norm(), "{} against {}", a.mean, b.mean);
        assert!((a.p - b.p).norm() <= tolerance * b.p.norm(), "{} against {}", a.p, b.p);
    }

    #[test]
    fn the_memory_of_a_target_is_bounded() {
        assert_eq!(size_of::<Modes>(), 2_992);
    }

    #[test]
    fn as_words_modes_come_back_to_the_bit_and_take_half_as_much() {
        let modes = after_some_looks(&four());
        let mut words = [0; Modes::MOST_WORDS + 1];
        let mut packer = Packer::new(&mut words, 1);
        Modes::pack(Some(&modes), &mut packer);
        let end = packer.at();
        assert_eq!(end - 1, Modes::words(Some(&modes)));
        assert!(2 * (end - 1) * size_of::<u64>() < size_of::<Modes>(), "{end} words");
        let back = Modes::unpack(&mut Unpacker::new(&words, 1)).expect("there were some");
        assert_eq!(back, modes);
        // Bit for bit: the same words again.
        let mut again = [0; Modes::MOST_WORDS + 1];
        Modes::pack(Some(&back), &mut Packer::new(&mut again, 1));
        assert_eq!(again, words);
        Modes::pack(None, &mut Packer::new(&mut words, 0));
        assert_eq!((Modes::unpack(&mut Unpacker::new(&words, 0)), Modes::words(None)), (None, 1));
    }

    #[test]
    fn no_modes_take_more_words_than_are_reckoned_with() {
        let modes = Modes::start(&set_of([(PUSH, 5, 1.0), (PUSH, 6, 1.0), (PUSH, 7, 1.0), (PUSH, 8, 1.0)]), &state());
        assert_eq!(Modes::words(modes.ok().as_ref()), Modes::MOST_WORDS);
    }

    const LIVELY: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 2.0, vertical: 0.5 };

    /// The same looks by one filter alone and by modes.
    fn alone_and_together(set: &MotionSet) -> (GaussianState, Modes) {
        let (mut alone, mut modes) = (state(), Modes::start(set, &state()).expect("positive"));
        for second in 1..20 {
            let (to, z) = (Timestamp::from_secs(second), seen_at(1_100.0, 1_900.0));
            let predicted = filter::predict(&LIVELY, &alone, to).expect("finite");
            alone = extended::update(&Position, &predicted, &z).expect("finite").0;
            modes = modes.predict(set, to).expect("finite").update(&Position, &z).expect("finite");
        }
        (alone, modes)
    }

    fn prediction(state: &GaussianState) -> Prediction {
        Prediction { mean: state.mean, p: *state.covariance.matrix(), time: state.time }
    }

    #[test]
    fn one_mode_is_the_filter_alone_bit_for_bit() {
        let set = MotionSet::single(Motion::ConstantVelocity(LIVELY)).expect("makes sense");
        let (alone, modes) = alone_and_together(&set);
        assert_eq!(modes.combined().prove(), Ok(alone));
        assert_eq!(modes.probabilities(), [1.0]);
    }

    #[test]
    fn equal_modes_are_the_filter_alone() {
        let motion = Motion::ConstantVelocity(LIVELY);
        let (alone, modes) = alone_and_together(&set_of([(motion, 10, 1.0), (motion, 30, 2.0), (motion, 90, 3.0)]));
        assert_near(&modes.combined(), &prediction(&alone), 1e-12);
    }

    #[test]
    fn a_target_begins_in_every_mode_where_it_was_found() {
        let modes = Modes::start(&four(), &state()).expect("positive");
        assert!(modes.states().iter().all(|mode| mode.kinematics() == state()));
        assert_near(&modes.combined(), &prediction(&state()), 1e-14);
        assert!((modes.probabilities()[0] - 5.0 / 8.5).abs() < 1e-12);
    }

    #[test]
    fn the_order_of_the_modes_does_not_matter() {
        let there = after_some_looks(&four());
        let back = after_some_looks(&set_of([(STAY, 600, 0.5), (PUSH, 5, 1.0), (TURN, 15, 2.0), (STRAIGHT, 60, 5.0)]));
        assert_near(&there.combined(), &back.combined(), 1e-10);
        for (a, b) in there.probabilities().iter().zip(back.probabilities().iter().rev()) {
            assert!((a - b).abs() < 1e-10);
        }
    }

    #[test]
    fn probabilities_sum_to_one_and_none_vanishes() {
        let mut modes = after_some_looks(&four());
        for likelihoods in [[1.0, 0.0, 0.0, 0.0], [1e-300, 1e-250, 1e-310, 0.0], [0.0, 0.0, 0.0, 1e300]] {
            modes.reweigh(&likelihoods).expect("one explains it");
            assert!((modes.probabilities().iter().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!(modes.probabilities().iter().all(|probability| *probability > 0.99 * PROBABILITY_MIN));
        }
    }

    #[test]
    fn what_no_mode_explains_changes_nothing() {
        let mut modes = after_some_looks(&four());
        let before = modes.clone();
        for likelihoods in [[0.0; 4], [f64::NAN; 4], [f64::INFINITY; 4], [1.0, 1.0, 1.0, -0.1]] {
            assert_eq!(modes.reweigh(&likelihoods), Err(Unexplained));
        }
        assert_eq!(modes, before);
    }

    #[test]
    fn numbers_that_overflow_are_refused() {
        let modes = after_some_looks(&four());
        assert!(modes.update(&Position, &seen_at(f64::NAN, 0.0)).is_err());
        assert!(modes.update(&Position, &seen_at(f64::INFINITY, 0.0)).is_err());
        assert!(modes.update(&Position, &seen_at(1e200, 0.0)).is_err());
    }

    #[test]
    fn a_mode_keeps_what_only_it_knows() {
        // The turning mode knows ω; mixing with modes that do not must not pull it to zero.
        let (set, mut modes) = (four(), after_some_looks(&four()));
        let ModeState::Seven(turning) = &mut modes.states_mut()[1] else { unreachable!("it turns") };
        turning.mean[6] = 0.2;
        let before = turning.covariance.sigma(6);
        let mixed = modes.predict(&set, modes.time()).expect("finite");
        let ModeState::Seven(turning) = &mixed.states()[1] else { unreachable!("it turns") };
        assert!((turning.mean[6] - 0.2).abs() < 1e-15 && (turning.covariance.sigma(6) - before).abs() < 1e-15);
        let later = modes.predict(&set, modes.time() + Span::from_secs(3)).expect("finite");
        let ModeState::Seven(turning) = &later.states()[1] else { unreachable!("it turns") };
        assert!((turning.mean[6] - 0.2 * exp(-0.1)).abs() < 1e-12);
    }

    #[test]
    fn mixing_keeps_mean_and_spread_of_the_whole() {
        let set = set_of([(STRAIGHT, 5, 1.0), (STAY, 5, 1.0)]);
        let mut apart = Modes::start(&set, &state()).expect("positive");
        let ModeState::Six(second) = &mut apart.states_mut()[1] else { unreachable!("it stays") };
        second.mean[0] += 100.0;
        // Half of what each becomes after ten seconds, before anything moves, has come from the other.
        let change = set.change_over(Span::from_secs(10));
        let mixed = [0, 1].map(|j| {
            let weights = [change[0][j], change[1][j]];
            let blend = Blend { weights: &weights, states: apart.states() };
            let (mean, p) = reduced(&blend, &apart.states()[j].kinematics());
            ModeState::Six(GaussianState {
                mean,
                covariance: Covariance::new(p).expect("positive"),
                time: apart.time(),
            })
        });
        let (mean, p) = reduced(&Blend { weights: &[0.5, 0.5], states: &mixed }, &state());
        let before = apart.combined();
        assert!(mixed[0].kinematics().mean[0] > apart.states()[0].kinematics().mean[0] + 40.0);
        assert!((mean - before.mean).norm() < 1e-9 && (p - before.p).norm() < 1e-9 * before.p.norm());
    }

    fn reduced(blend: &Blend<'_>, own: &GaussianState) -> (StateVector, SMatrix<f64, 6, 6>) {
        let (mut mean, mut p) = (StateVector::zeros(), SMatrix::zeros());
        blend.reduce_lower(own, &mut mean, &mut p);
        mirror(&mut p.data.0);
        (mean, p)
    }

    #[test]
    fn over_no_time_nothing_is_mixed() {
        let modes = after_some_looks(&four());
        let same = modes.predict(&four(), modes.time()).expect("finite");
        assert_near(&same.combined(), &modes.combined(), 1e-12);
        assert!(same.probabilities().iter().zip(modes.probabilities()).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
