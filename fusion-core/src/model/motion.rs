//! How a kind of target may move: a few motions, how long each lasts, and the chain by which one follows another.
//!
//! Which motion is on is a Markov chain in continuous time. Motion i ends at the rate 1/τᵢ, and what follows is drawn
//! from the others by their shares. With its generator G the probabilities of change over dt are exp(G dt): exact for
//! any dt, so that it does not matter how often sensors look.

mod presets;

use super::constant_acceleration::NearlyConstantAcceleration;
use super::constant_velocity::NearlyConstantVelocity;
use super::coordinated_turn::CoordinatedTurn;
use super::hover::Hover;
use crate::maths::exp;
use crate::time::Span;

/// Motions in one set. No counter: a set of more is refused as [`MotionFault::Count`].
pub const MOTIONS_MAX: usize = 4;

/// One way to move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motion {
    /// Straight on: six components.
    ConstantVelocity(NearlyConstantVelocity),
    /// Pushed for a while: nine components.
    ConstantAcceleration(NearlyConstantAcceleration),
    /// Turning about the vertical: seven components.
    CoordinatedTurn(CoordinatedTurn),
    /// Staying about where it is: six components.
    Hover(Hover),
}

/// A motion with its place in the chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// How it moves.
    pub motion: Motion,
    /// τ: how long it lasts on average.
    pub sojourn: Span,
    /// How likely it is at first, and to follow another, against the shares of the others; any scale.
    pub share: f64,
}

/// One to [`MOTIONS_MAX`] motions and the chain between them, checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionSet {
    /// The first `count` are meant, the rest repeat the first.
    manners: [Manner; MOTIONS_MAX],
    count: usize,
    /// G, in 1/s: rows sum to zero.
    generator: Square,
}

/// Row i, column j: from motion i to motion j.
type Square = [[f64; MOTIONS_MAX]; MOTIONS_MAX];

/// Why a set of motions makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MotionFault {
    /// There are none, or more than [`MOTIONS_MAX`].
    Count(usize),
    /// A number that must be above zero, and finite, is not.
    NotPositive {
        /// Which motion of the set, counted from zero.
        motion: usize,
        /// The field.
        field: &'static str,
    },
}

impl core::fmt::Display for MotionFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count} motions in a set: it must have 1 to {MOTIONS_MAX}"),
            Self::NotPositive { motion, field } => {
                write!(f, "motion {motion}: {field} must be above 0, and not so far from 1 that its square is 0 or ∞")
            }
        }
    }
}

impl core::error::Error for MotionFault {}

impl Motion {
    /// Whether it leads where a straight line does, but for noise.
    #[must_use]
    pub const fn is_straight(&self) -> bool {
        matches!(self, Self::ConstantVelocity(_) | Self::Hover(_))
    }

    /// The first field whose number makes no sense.
    fn fault(&self) -> Option<&'static str> {
        match self {
            Self::ConstantVelocity(m) => not_positive(&[("horizontal", m.horizontal), ("vertical", m.vertical)]),
            Self::ConstantAcceleration(m) => not_positive(&[
                ("sigma_horizontal_m_s2", m.sigma_horizontal_m_s2),
                ("sigma_vertical_m_s2", m.sigma_vertical_m_s2),
                ("time_constant", m.time_constant.as_secs_f64()),
            ]),
            Self::CoordinatedTurn(m) => not_positive(&[
                ("horizontal", m.horizontal),
                ("vertical", m.vertical),
                ("sigma_turn_rad_s", m.sigma_turn_rad_s),
                ("time_constant", m.time_constant.as_secs_f64()),
            ]),
            Self::Hover(m) => not_positive(&[
                ("sigma_horizontal_m_s", m.sigma_horizontal_m_s),
                ("sigma_vertical_m_s", m.sigma_vertical_m_s),
                ("time_constant", m.time_constant.as_secs_f64()),
            ]),
        }
    }
}

impl Manner {
    fn fault(&self) -> Option<&'static str> {
        let chain = [("sojourn", self.sojourn.as_secs_f64()), ("share", self.share)];
        self.motion.fault().or_else(|| not_positive(&chain))
    }
}

/// The first field that is not above zero, or cannot be squared.
fn not_positive(numbers: &[(&'static str, f64)]) -> Option<&'static str> {
    let makes_sense = |x: f64| x > 0.0 && x * x > 0.0 && x * x < f64::INFINITY;
    numbers.iter().find(|(_, number)| !makes_sense(*number)).map(|(field, _)| *field)
}

impl MotionSet {
    /// A set of motions, checked.
    ///
    /// # Errors
    /// The first [`MotionFault`].
    pub fn new(manners: &[Manner]) -> Result<Self, MotionFault> {
        let count = manners.len();
        let first = manners.first().filter(|_| count <= MOTIONS_MAX).ok_or(MotionFault::Count(count))?;
        for (motion, manner) in manners.iter().enumerate() {
            if let Some(field) = manner.fault() {
                return Err(MotionFault::NotPositive { motion, field });
            }
        }
        let mut all = [*first; MOTIONS_MAX];
        all[..count].copy_from_slice(manners);
        Ok(Self { manners: all, count, generator: generator(manners) })
    }

    /// A single motion that never ends.
    ///
    /// # Errors
    /// [`MotionFault::NotPositive`] if one of its numbers makes no sense.
    pub fn single(motion: Motion) -> Result<Self, MotionFault> {
        Self::new(&[Manner { motion, sojourn: Span::from_secs(1), share: 1.0 }])
    }

    /// The motions, in the order in which they were given.
    #[must_use]
    pub fn manners(&self) -> &[Manner] {
        &self.manners[..self.count]
    }

    /// How likely each motion is when nothing was seen yet: the shares, summing to one.
    pub fn prior(&self) -> impl Iterator<Item = f64> {
        let total: f64 = self.manners().iter().map(|manner| manner.share).sum();
        self.manners().iter().map(move |manner| manner.share / total)
    }

    /// exp(G dt): row i, column j is the probability that j is on after dt if i was before. Rows sum to one; rows and
    /// columns beyond the motions are those of the unit matrix. No time, or time run backwards, changes nothing.
    #[must_use]
    pub fn change_over(&self, dt: Span) -> [[f64; MOTIONS_MAX]; MOTIONS_MAX] {
        let t = dt.as_secs_f64().max(0.0);
        match self.count {
            0 | 1 => UNIT,
            2 => self.change_of_two(t),
            _ => self.change_of_many(t),
        }
    }

    /// With the rates a and b of the two: from the first to the second a/(a + b) (1 − e^(−(a + b) t)).
    fn change_of_two(&self, t: f64) -> Square {
        let (a, b) = (self.generator[0][1], self.generator[1][0]);
        let settled = (1.0 - exp(-(a + b) * t)) / (a + b);
        let mut change = UNIT;
        change[0][..2].copy_from_slice(&[1.0 - a * settled, a * settled]);
        change[1][..2].copy_from_slice(&[b * settled, 1.0 - b * settled]);
        change
    }

    /// G is shifted by its fastest rate Λ so that the series has no negative term, t is halved until six terms are
    /// enough, and what comes of them is squared as often (uniformisation, with scaling and squaring: C. Moler & C. Van
    /// Loan, "Nineteen dubious ways to compute the exponential of a matrix", SIAM Review 45 (2003), method 3).
    fn change_of_many(&self, mut t: f64) -> Square {
        let fastest = (0..self.count).map(|i| -self.generator[i][i]).fold(0.0, f64::max);
        let mut halvings = 0;
        while fastest * t > SERIES_REACH {
            t *= 0.5;
            halvings += 1;
        }
        let mut positive = self.generator;
        for (i, row) in positive.iter_mut().enumerate() {
            row[i] += fastest;
            row.iter_mut().for_each(|entry| *entry *= t);
        }
        // Σₖ positiveᵏ / k!, from the innermost factor out.
        let mut change = UNIT;
        for divisor in [6.0, 5.0, 4.0, 3.0, 2.0, 1.0] {
            change = product(&positive, &change);
            for (i, row) in change.iter_mut().enumerate() {
                row.iter_mut().for_each(|entry| *entry /= divisor);
                row[i] += 1.0;
            }
        }
        normalise(&mut change);
        for _ in 0..halvings {
            change = product(&change, &change);
            normalise(&mut change);
        }
        change
    }
}

fn product(a: &Square, b: &Square) -> Square {
    let mut c = [[0.0; MOTIONS_MAX]; MOTIONS_MAX];
    for i in 0..MOTIONS_MAX {
        for k in 0..MOTIONS_MAX {
            for j in 0..MOTIONS_MAX {
                c[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    c
}

/// Makes rows sum to one.
fn normalise(a: &mut Square) {
    for row in a {
        let inverse = 1.0 / row.iter().sum::<f64>();
        row.iter_mut().for_each(|entry| *entry *= inverse);
    }
}

/// G: off the diagonal shareⱼ / (Σ share − shareᵢ) / τᵢ.
fn generator(manners: &[Manner]) -> Square {
    let mut g = [[0.0; MOTIONS_MAX]; MOTIONS_MAX];
    for (i, from) in manners.iter().enumerate() {
        let others = || manners.iter().enumerate().filter(move |(j, _)| *j != i);
        let total: f64 = others().map(|(_, to)| to.share).sum();
        for (j, to) in others() {
            g[i][j] = to.share / total / from.sojourn.as_secs_f64();
        }
        g[i][i] = -g[i].iter().sum::<f64>();
    }
    g
}

const UNIT: Square = {
    let mut unit = [[0.0; MOTIONS_MAX]; MOTIONS_MAX];
    let mut i = 0;
    while i < MOTIONS_MAX {
        unit[i][i] = 1.0;
        i += 1;
    }
    unit
};

/// Λ t for which the seventh term of the series is below 10⁻¹⁴.
const SERIES_REACH: f64 = 1.0 / 32.0;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const STRAIGHT: Motion =
        Motion::ConstantVelocity(NearlyConstantVelocity { horizontal: 0.5, vertical: 0.2 });
    pub(crate) const TURN: Motion = Motion::CoordinatedTurn(CoordinatedTurn {
        horizontal: 0.5,
        vertical: 0.2,
        sigma_turn_rad_s: 0.15,
        time_constant: Span::from_secs(30),
    });
    pub(crate) const PUSH: Motion = Motion::ConstantAcceleration(NearlyConstantAcceleration {
        sigma_horizontal_m_s2: 4.0,
        sigma_vertical_m_s2: 1.0,
        time_constant: Span::from_secs(10),
    });
    pub(crate) const STAY: Motion =
        Motion::Hover(Hover { sigma_horizontal_m_s: 0.5, sigma_vertical_m_s: 0.3, time_constant: Span::from_secs(3) });

    pub(crate) fn set_of<const K: usize>(manners: [(Motion, i64, f64); K]) -> MotionSet {
        let manners =
            manners.map(|(motion, seconds, share)| Manner { motion, sojourn: Span::from_secs(seconds), share });
        MotionSet::new(&manners).expect("the numbers of the tests make sense")
    }

    fn four() -> MotionSet {
        set_of([(STRAIGHT, 60, 5.0), (TURN, 15, 2.0), (PUSH, 5, 1.0), (STAY, 600, 0.5)])
    }

    fn gap(a: &Square, b: &Square) -> f64 {
        a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn rows_sum_to_one_over_any_span() {
        for nanos in [0, 1, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000, i64::MAX] {
            for row in four().change_over(Span::from_nanos(nanos)) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-14 && row.iter().all(|p| (0.0..=1.0).contains(p)));
            }
        }
        assert_eq!(four().change_over(Span::from_secs(-5)), UNIT);
    }

    #[test]
    fn two_motions_have_the_closed_form() {
        let set = set_of([(STRAIGHT, 40, 1.0), (TURN, 10, 7.0)]);
        for seconds in [0.01, 1.0, 25.0, 400.0] {
            let (a, b) = (1.0 / 40.0, 1.0 / 10.0);
            let left = a / (a + b) * (1.0 - exp(-(a + b) * seconds));
            let change = set.change_over(Span::from_secs_f64(seconds));
            assert!((change[0][1] - left).abs() < 1e-12, "{seconds} s: {} not {left}", change[0][1]);
        }
    }

    #[test]
    fn two_half_spans_are_one() {
        let (set, dt) = (four(), Span::from_millis(1_700));
        let half = set.change_over(dt);
        assert!(gap(&product(&half, &half), &set.change_over(dt + dt)) < 1e-13);
    }

    #[test]
    fn a_short_span_ends_a_motion_at_its_rate() {
        let change = four().change_over(Span::from_millis(1));
        assert!((change[2][2] - (1.0 - 1e-3 / 5.0)).abs() < 1e-7);
        // To straight against to hover as their shares.
        assert!((change[2][0] / change[2][3] - 10.0).abs() < 1e-2);
    }

    #[test]
    fn after_long_it_does_not_matter_what_was() {
        let change = four().change_over(Span::from_secs(1_000_000));
        for row in change {
            assert!(row.iter().zip(change[0]).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        let manner = Manner { motion: STRAIGHT, sojourn: Span::from_secs(10), share: 1.0 };
        assert_eq!(MotionSet::new(&[]), Err(MotionFault::Count(0)));
        assert_eq!(MotionSet::new(&[manner; 5]), Err(MotionFault::Count(5)));
        let fault = |motion, field| Err(MotionFault::NotPositive { motion, field });
        let hasty = Manner { sojourn: Span::ZERO, ..manner };
        assert_eq!(MotionSet::new(&[manner, hasty]), fault(1, "sojourn"));
        assert_eq!(MotionSet::new(&[Manner { share: f64::NAN, ..manner }]), fault(0, "share"));
        let Motion::Hover(hover) = STAY else { unreachable!("it is one") };
        let frozen = Motion::Hover(Hover { sigma_vertical_m_s: 1e-200, ..hover });
        assert_eq!(MotionSet::single(frozen), fault(0, "sigma_vertical_m_s"));
        let forgetful = Motion::Hover(Hover { time_constant: Span::ZERO, ..hover });
        assert_eq!(MotionSet::single(forgetful), fault(0, "time_constant"));
    }
}
