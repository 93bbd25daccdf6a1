//! The probability that a track is a target at all.
//!
//! Joint *integrated* probabilistic data association (Mušicki & Evans 2004; the track-oriented multi-Bernoulli filter
//! of Williams 2015 is the same recursion) carries r, the probability of existence, beside the state. With β₀ the
//! probability that a look did not see the track, and d = P_D P_G the probability that it would have if it is there,
//!
//! r ← (1 − β₀) + β₀ · r (1 − d) / (1 − r d),
//!
//! because whatever was seen exists, and what was not seen is either gone or was missed. Between looks targets leave:
//! r decays with a mean lifetime. What is left of the odds "target against clutter" is all in this one number: it
//! confirms tracks, deletes them, and weighs them in association.

use crate::time::Span;

/// Probability of existence r, in [0, 1 − 10⁻⁶].
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Existence(f64);

/// No evidence makes a target more certain than this: it must stay possible to lose one.
const CERTAINTY: f64 = 1.0 - 1e-6;

impl Existence {
    /// From a probability; what is none counts as zero.
    #[must_use]
    pub const fn new(r: f64) -> Self {
        Self(if r > 0.0 { r.min(CERTAINTY) } else { 0.0 })
    }

    /// r.
    #[must_use]
    pub const fn probability(self) -> f64 {
        self.0
    }

    /// Lets time pass: r decays as things leave at a rate of one per `lifetime`.
    ///
    /// By 1 / (1 + dt / lifetime), which is the exponential to first order and needs no elementary function.
    #[must_use]
    pub fn after(self, dt: Span, lifetime: Span) -> Self {
        Fading::over(dt, lifetime).of(self)
    }

    /// Takes in one look: `missed` is β₀, `detection` is P_D P_G, zero if the look could not have seen it.
    #[must_use]
    pub fn look(self, missed: f64, detection: f64) -> Self {
        Self::new(1.0 - missed + missed * self.if_missed(detection))
    }

    /// The probability of existence of what a look did not see: r (1 − d) / (1 − r d).
    #[must_use]
    pub fn if_missed(self, detection: f64) -> f64 {
        self.0 * (1.0 - detection) / (1.0 - self.0 * detection)
    }
}

/// How existence decays over one span: worked out once for all tracks that the last look concerned too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fading {
    span: Span,
    lifetime: Span,
    divisor: f64,
}

impl Fading {
    pub(crate) fn over(span: Span, lifetime: Span) -> Self {
        let share = span.as_secs_f64().max(0.0) / lifetime.as_secs_f64();
        Self { span, lifetime, divisor: 1.0 + share }
    }

    /// The same over another span, if it is another.
    #[inline]
    pub(crate) fn set_span(&mut self, span: Span) {
        if span != self.span {
            *self = Self::over(span, self.lifetime);
        }
    }

    #[inline]
    pub(crate) fn of(&self, r: Existence) -> Existence {
        Existence::new(r.0 / self.divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_divides_the_odds_by_what_it_was_unlikely() {
        let after = Existence::new(0.5).look(1.0, 0.9).probability();
        assert!((after - 0.1 / 1.1).abs() < 1e-12);
    }

    #[test]
    fn what_was_surely_seen_exists() {
        assert!(Existence::new(0.01).look(0.0, 0.9).probability() > 0.999_998);
    }

    #[test]
    fn a_look_that_could_not_see_changes_nothing() {
        assert!((Existence::new(0.3).look(1.0, 0.0).probability() - 0.3).abs() < 1e-15);
    }

    #[test]
    fn time_lets_existence_fade_and_never_grow() {
        let r = Existence::new(0.9);
        let later = r.after(Span::from_secs(60), Span::from_secs(600));
        assert!((later.probability() - 0.9 / 1.1).abs() < 1e-12);
        assert_eq!(r.after(Span::from_secs(-5), Span::from_secs(600)), r);
    }

    #[test]
    fn impossible_numbers_leave_a_probability() {
        for r in [f64::NAN, f64::INFINITY, -1.0, 2.0] {
            for missed in [0.0, 1.0, f64::NAN] {
                let r = Existence::new(r).look(missed, 1.0).probability();
                assert!((0.0..1.0).contains(&r));
            }
        }
    }
}
