//! What kind of thing a target is: the word for it, and how likely each kind is, combined by Bayes.
//!
//! A saying s has a likelihood P(s | c) under each kind c; independent sayings multiply. Their logarithms are kept in
//! whole steps, relative to the likeliest kind, so a sum is exact and its order does not matter. No kind is ever less
//! likely than e⁻⁷ of the likeliest: the sayings of one sensor are not independent for ever, and a track that was
//! called a vessel a thousand times must still be able to turn out to be a drone. Where that floor is met, order does
//! matter: what was said later counts.

use crate::maths::{exp, ln, round};

/// What kind of thing it is. The words of consoles, coarse on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectClass {
    /// Nobody said.
    #[default]
    Unknown,
    /// An aircraft with people aboard, fixed wing or not told.
    Air,
    /// A helicopter.
    Rotary,
    /// An unmanned aircraft.
    Uav,
    /// A vessel.
    Surface,
    /// A ground vehicle or person.
    Ground,
    /// A radio emitter of which no more is known.
    Emitter,
}

/// The kinds of which a target is exactly one, as far as these words go.
pub const KINDS: [ObjectClass; 5] =
    [ObjectClass::Air, ObjectClass::Rotary, ObjectClass::Uav, ObjectClass::Surface, ObjectClass::Ground];

/// How often a sensor that says one word sees something for which there is another, unless it tells.
pub const CONFUSION: f64 = 0.05;

/// A kind, or two kinds that share a word, must be this likely to lend the target its word.
const WORD: f64 = 0.6;

impl ObjectClass {
    /// Whether a thing of a kind may rightly be called by this word. A helicopter is an aircraft, and everything may
    /// emit.
    const fn describes(self, kind: Self) -> bool {
        match self {
            Self::Unknown | Self::Emitter => true,
            Self::Air => matches!(kind, Self::Air | Self::Rotary),
            Self::Rotary | Self::Uav | Self::Surface | Self::Ground => self as u8 == kind as u8,
        }
    }
}

/// How likely each of the [`KINDS`] makes what was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClassBelief {
    /// ln P(said | kind) in steps of 2⁻¹¹, that of the likeliest kind zero.
    logs: [i16; KINDS.len()],
}

const STEPS_PER_NAT: f64 = 2_048.0;
const FLOOR: i16 = -7 * 2_048;

impl ClassBelief {
    /// Nothing was said.
    pub const UNKNOWN: Self = Self { logs: [0; KINDS.len()] };

    /// What a word tells from a sensor that uses it wrongly with probability `confusion`.
    #[must_use]
    pub fn declared(class: ObjectClass, confusion: f64) -> Self {
        if matches!(class, ObjectClass::Unknown | ObjectClass::Emitter) || confusion.is_nan() {
            return Self::UNKNOWN;
        }
        let confusion = confusion.clamp(0.0, 0.5);
        let wrong = in_steps(ln(confusion / (1.0 - confusion)));
        Self { logs: KINDS.map(|kind| if class.describes(kind) { 0 } else { wrong }) }
    }

    /// What a classifier tells by probabilities in the order of [`KINDS`], all kinds having been as likely to it
    /// before. They need not sum to one; what is no probability is taken for zero.
    #[must_use]
    pub fn from_likelihoods(likelihoods: [f64; KINDS.len()]) -> Self {
        // NaN becomes zero.
        let likelihoods = likelihoods.map(|p| p.max(0.0));
        let best = likelihoods.iter().copied().fold(0.0, f64::max);
        if best <= 0.0 || !best.is_finite() {
            return Self::UNKNOWN;
        }
        Self { logs: likelihoods.map(|p| in_steps(ln(p / best))) }
    }

    /// What both tell together.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        let mut sums = self.logs.map(i32::from);
        sums.iter_mut().zip(other.logs).for_each(|(sum, log)| *sum += i32::from(log));
        let best = sums.iter().copied().max().unwrap_or_default();
        Self { logs: sums.map(|sum| i16::try_from((sum - best).max(FLOOR.into())).unwrap_or(FLOOR)) }
    }

    /// The probability of each of the [`KINDS`], all having been as likely before anything was said.
    #[must_use]
    pub fn probabilities(self) -> [f64; KINDS.len()] {
        let likelihoods = self.logs.map(|log| exp(f64::from(log) / STEPS_PER_NAT));
        let sum: f64 = likelihoods.iter().sum();
        likelihoods.map(|likelihood| likelihood / sum)
    }

    /// The word for it: the narrowest that is likely enough.
    #[must_use]
    pub fn word(self) -> ObjectClass {
        let p = self.probabilities();
        let likely = |word: ObjectClass| {
            let described = KINDS.into_iter().zip(p).filter(|(kind, _)| word.describes(*kind));
            described.map(|(_, p)| p).sum::<f64>() >= WORD
        };
        let narrow = KINDS.into_iter().zip(p).find(|(_, p)| *p >= WORD).map(|(kind, _)| kind);
        narrow.or(likely(ObjectClass::Air).then_some(ObjectClass::Air)).unwrap_or_default()
    }

    /// ln Σ p(c) q(c) / π(c): how much likelier the two sayings are of one target than of two, all kinds π being as
    /// common.
    #[must_use]
    pub fn agreement(self, other: Self) -> f64 {
        if self == Self::UNKNOWN || other == Self::UNKNOWN {
            return 0.0;
        }
        let (p, q) = (self.probabilities(), other.probabilities());
        let kinds: f64 = p.iter().map(|_| 1.0).sum();
        ln(kinds * p.iter().zip(q).map(|(p, q)| p * q).sum::<f64>())
    }
}

fn in_steps(log: f64) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
    let steps = round((log * STEPS_PER_NAT).clamp(f64::from(FLOOR), 0.0)) as i16;
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use ObjectClass::{Air, Emitter, Ground, Rotary, Surface, Uav, Unknown};
    use proptest::prelude::*;

    fn said(class: ObjectClass) -> ClassBelief {
        ClassBelief::declared(class, CONFUSION)
    }

    fn all(sayings: &[ClassBelief]) -> ClassBelief {
        sayings.iter().fold(ClassBelief::UNKNOWN, |belief, saying| belief.combine(*saying))
    }

    #[test]
    fn who_says_a_word_is_believed() {
        for class in KINDS {
            assert_eq!(said(class).word(), class);
        }
        assert_eq!((said(Unknown), said(Emitter)), (ClassBelief::UNKNOWN, ClassBelief::UNKNOWN));
        assert_eq!(ClassBelief::UNKNOWN.word(), Unknown);
    }

    #[test]
    fn two_sayings_are_combined_by_bayes() {
        let (p, q) = ([0.5, 0.1, 0.3, 0.05, 0.05], [0.2, 0.1, 0.6, 0.05, 0.05]);
        let belief = ClassBelief::from_likelihoods(p).combine(ClassBelief::from_likelihoods(q));
        let products: [f64; 5] = core::array::from_fn(|k| p[k] * q[k]);
        let sum: f64 = products.iter().sum();
        for (k, probability) in belief.probabilities().into_iter().enumerate() {
            assert!((probability - products[k] / sum).abs() < 1e-3, "{k}: {probability}");
        }
        assert_eq!(belief.word(), Uav);
    }

    #[test]
    fn nothing_said_changes_nothing() {
        let belief = all(&[said(Air), said(Surface)]);
        assert_eq!(belief.combine(ClassBelief::UNKNOWN), belief);
        assert_eq!(ClassBelief::UNKNOWN.combine(belief), belief);
    }

    #[test]
    fn agreement_is_more_for_one_kind_and_less_for_another_and_nothing_for_unknown() {
        assert!(said(Uav).agreement(said(Uav)) > 1.0);
        assert!(said(Uav).agreement(said(Ground)) < -0.9);
        assert!(said(Air).agreement(said(Rotary)) > 0.0);
        assert!(said(Uav).agreement(ClassBelief::UNKNOWN).abs() < 1e-15);
        let sure = all(&[said(Uav); 100]);
        let contrary = sure.agreement(all(&[said(Ground); 100]));
        assert!((-7.0..-4.0).contains(&contrary), "unlikely, never impossible: {contrary}");
    }

    #[test]
    fn nonsense_says_nothing() {
        let nan = f64::NAN;
        let cases = [[nan; 5], [0.0; 5], [-1.0; 5], [f64::INFINITY, 0.0, 0.0, 0.0, 0.0]];
        assert!(cases.into_iter().all(|case| ClassBelief::from_likelihoods(case) == ClassBelief::UNKNOWN));
        assert_eq!(ClassBelief::declared(Uav, nan), ClassBelief::UNKNOWN);
        assert_eq!(ClassBelief::from_likelihoods([nan, 1.0, nan, nan, nan]).word(), Rotary);
    }

    fn any_saying() -> impl Strategy<Value = ClassBelief> {
        prop::array::uniform5(0.3..1.0).prop_map(ClassBelief::from_likelihoods)
    }

    proptest! {
        #[test]
        fn the_order_of_sayings_does_not_matter(
            sayings in prop::collection::vec(any_saying(), 1..6), turn in 0..6_usize,
        ) {
            // Five sayings of likelihoods above 0.3 stay above the floor.
            let (forth, mut other) = (all(&sayings), sayings.clone());
            other.reverse();
            other.rotate_left(turn % sayings.len());
            prop_assert_eq!(all(&other), forth);
            let halves = sayings.split_at(sayings.len() / 2);
            prop_assert_eq!(all(halves.0).combine(all(halves.1)), forth);
        }

        #[test]
        fn probabilities_are_some(sayings in prop::collection::vec(prop::array::uniform5(any::<f64>()), 0..20)) {
            let beliefs: std::vec::Vec<_> = sayings.into_iter().map(ClassBelief::from_likelihoods).collect();
            let p = all(&beliefs).probabilities();
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12 && p.iter().all(|p| *p > 0.0));
        }
    }

    extern crate std;
}
