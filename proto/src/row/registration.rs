//! What a sensor is known to be off by: its range, its north, its clock, each with one sigma, and what becomes of it.
//!
//! The row of a sensor bears the number that its name has in the same stream. It also tells the *grade* of the sensor,
//! how many times the truth was passed on before it came there: what targets tell of themselves is of grade 0, a sensor
//! that was registered against such is of grade 1, one registered against tracks of that one of grade 2. Whoever takes
//! references of lower grades alone never learns its own errors back, however the nodes hear each other.

use fusion_core::geodesy::Geodetic;
use fusion_core::maths::{floor, sqrt};

use super::bits::{BitReader, BitWriter};
use super::quantise::{place_sigma_m, step_above, units};

/// Errors that are told: of range, azimuth, time.
pub const BIASES: usize = 3;

/// The highest grade that is told: nobody learns from it.
///
/// No counter: a sensor that could only be of a higher one is not registered.
pub const GRADE_MAX: u8 = 3;

/// Where the sensor stands, in parts of half a turn: 300 m.
const PLACE_BITS: u32 = 16;
/// Values, two's complement, in metres, radians and seconds.
const VALUE_BITS: [u32; BIASES] = [13, 13, 12];
const UNITS: [f64; BIASES] = [0.5, core::f64::consts::TAU / 131_072.0, 0.005];
/// A sigma is told in steps of a place's, 1/8 m · 2^(step/3), times this.
const SIGMA_SCALES: [f64; BIASES] = [1.0, core::f64::consts::TAU / 36_000.0, 0.01];
const SIGMA_BITS: u32 = 6;
const PAIRS_BITS: u32 = 5;
const TARGETS_BITS: u32 = 6;
/// An error that has moved by as many sigmas as it was told with is news.
const NEWS_SIGMAS: f64 = 0.5;
/// A sigma that has changed by so many steps is news: a factor of 1.6.
const NEWS_STEPS: u8 = 2;

/// What has become of an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BiasState {
    /// Too few pairs, or it still moves.
    #[default]
    Estimating,
    /// It is known, and at rest; what the sensor says has it.
    Settled,
    /// It is taken off what the sensor says.
    Applied,
}

impl BiasState {
    /// All, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Estimating, Self::Settled, Self::Applied];

    /// The word in interfaces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Estimating => "estimating",
            Self::Settled => "settled",
            Self::Applied => "applied",
        }
    }
}

/// One error: measured less true, in metres, radians or seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bias {
    /// The estimate.
    pub value: f64,
    /// One sigma of it.
    pub sigma: f64,
    /// What has become of it.
    pub state: BiasState,
}

impl Bias {
    /// What the sensor's measurements are off by after all that is done about it, one sigma: where it is taken off,
    /// what is not known of it; else all of it.
    #[must_use]
    pub fn left(&self) -> f64 {
        match self.state {
            BiasState::Applied => self.sigma,
            BiasState::Estimating | BiasState::Settled => sqrt(self.value * self.value + self.sigma * self.sigma),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Steps {
    value: i16,
    sigma: u8,
    state: BiasState,
}

/// The numbers of one sensor's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Registration {
    grade: u8,
    latitude: u16,
    longitude: u32,
    biases: [Steps; BIASES],
    pairs_log2: u8,
    targets: u8,
}

impl Registration {
    /// The numbers nearest to what is known of a sensor that stands at a place; sigmas take in the rounding, and are
    /// not below the truth.
    #[must_use]
    pub fn new(grade: u8, site: Geodetic, biases: &[Bias; BIASES], pairs: u32, targets: u32) -> Self {
        let parts = f64::from(1_u32 << PLACE_BITS);
        let south = (site.latitude / core::f64::consts::PI + 0.5).clamp(0.0, 1.0);
        let west = site.longitude / core::f64::consts::TAU + 0.5;
        let steps = |k: usize| {
            let Bias { value, sigma, state } = biases[k];
            let limit = (1 << (VALUE_BITS[k] - 1)) - 1;
            let told = units(value, UNITS[k], -limit, limit);
            let missed = value - f64::from(told) * UNITS[k];
            let whole = sqrt(sigma * sigma + missed * missed);
            let sigma = step_above(whole, 1 << SIGMA_BITS, |step| sigma_of(k, step));
            Steps { value: i16::try_from(told).unwrap_or(0), sigma, state }
        };
        Self {
            grade: grade.min(GRADE_MAX),
            latitude: u16::try_from(units(floor(south * parts), 1.0, 0, i32::from(u16::MAX))).unwrap_or(0),
            // Half a part less: the part in which it lies, not the nearest border.
            longitude: super::quantise::turn_units(west - 0.25 / parts, PLACE_BITS + 1),
            biases: core::array::from_fn(steps),
            pairs_log2: u8::try_from(pairs.max(1).ilog2()).unwrap_or(0),
            targets: u8::try_from(targets).unwrap_or(u8::MAX).min((1 << TARGETS_BITS) - 1),
        }
    }

    /// How many times the truth was passed on before it came here.
    #[must_use]
    pub const fn grade(&self) -> u8 {
        self.grade
    }

    /// Where the sensor stands, to within 300 m, at height zero.
    #[must_use]
    pub fn site(&self) -> Geodetic {
        let parts = f64::from(1_u32 << PLACE_BITS);
        Geodetic {
            latitude: ((f64::from(self.latitude) + 0.5) / parts - 0.5) * core::f64::consts::PI,
            longitude: ((f64::from(self.longitude) + 0.5) / (2.0 * parts) - 0.5) * core::f64::consts::TAU,
            height_m: 0.0,
        }
    }

    /// The errors of range, azimuth and time.
    #[must_use]
    pub fn biases(&self) -> [Bias; BIASES] {
        core::array::from_fn(|k| {
            let Steps { value, sigma, state } = self.biases[k];
            Bias { value: f64::from(value) * UNITS[k], sigma: sigma_of(k, sigma), state }
        })
    }

    /// Pairs at the least that the estimate was made from; less than twice as many.
    #[must_use]
    pub fn pairs(&self) -> u32 {
        1 << self.pairs_log2.min(31)
    }

    /// Objects that they were of.
    #[must_use]
    pub const fn targets(&self) -> u8 {
        self.targets
    }

    /// Whether a range and an azimuth are known and at rest: then tracks of this sensor tell others about theirs.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.biases[..2].iter().all(|steps| steps.state != BiasState::Estimating)
    }

    /// Whether it says something that what was told before does not. More pairs alone do not.
    #[must_use]
    pub fn is_news(&self, told: &Self) -> bool {
        let (now, before) = (self.biases(), told.biases());
        let news = |k: usize| {
            let moved = (now[k].value - before[k].value).abs() > NEWS_SIGMAS * before[k].sigma;
            let steps = self.biases[k].sigma.abs_diff(told.biases[k].sigma);
            moved || steps >= NEWS_STEPS || now[k].state != before[k].state
        };
        self.grade != told.grade || (0..BIASES).any(news)
    }

    pub(super) fn put(&self, w: &mut BitWriter) {
        w.put(self.grade.into(), 2);
        w.put(self.latitude.into(), PLACE_BITS);
        w.put(self.longitude.into(), PLACE_BITS + 1);
        for (steps, bits) in self.biases.iter().zip(VALUE_BITS) {
            super::wire::put_signed(w, steps.value, bits);
            w.put(steps.sigma.into(), SIGMA_BITS);
            w.put(steps.state as u64, 2);
        }
        w.put(self.pairs_log2.into(), PAIRS_BITS);
        w.put(self.targets.into(), TARGETS_BITS);
    }

    pub(super) fn get(r: &mut BitReader<'_>) -> Option<Self> {
        let (grade, latitude, longitude) = (r.narrow(2)?, r.narrow(PLACE_BITS)?, r.narrow(PLACE_BITS + 1)?);
        let mut biases = [Steps::default(); BIASES];
        for (steps, bits) in biases.iter_mut().zip(VALUE_BITS) {
            let (value, sigma) = (super::wire::get_signed(r, bits)?, r.narrow(SIGMA_BITS)?);
            *steps = Steps { value, sigma, state: *BiasState::ALL.get(r.narrow::<usize>(2)?)? };
        }
        let (pairs_log2, targets) = (r.narrow(PAIRS_BITS)?, r.narrow(TARGETS_BITS)?);
        Some(Self { grade, latitude, longitude, biases, pairs_log2, targets })
    }
}

fn sigma_of(bias: usize, step: u8) -> f64 {
    SIGMA_SCALES[bias] * place_sigma_m(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Geodetic {
        Geodetic::from_degrees(52.2, 20.9, 120.0).expect("plausible")
    }

    fn known(values: [f64; BIASES], sigmas: [f64; BIASES], state: BiasState) -> Registration {
        let biases = core::array::from_fn(|k| Bias { value: values[k], sigma: sigmas[k], state });
        Registration::new(1, site(), &biases, 41, 5)
    }

    #[test]
    fn errors_are_told_to_within_their_units_and_never_surer_than_they_are() {
        let (values, sigmas) = ([-80.2, 0.008_73, 0.4], [10.6, 0.000_35, 0.072]);
        let told = known(values, sigmas, BiasState::Settled);
        for (k, bias) in told.biases().into_iter().enumerate() {
            assert!((bias.value - values[k]).abs() <= 0.5 * UNITS[k], "{k}: {bias:?}");
            assert!(bias.sigma >= sigmas[k] && bias.sigma < 1.3 * sigmas[k], "{k}: {bias:?}");
        }
        assert_eq!((told.grade(), told.pairs(), told.targets()), (1, 32, 5));
        let off = told.site().to_ecef() - Geodetic { height_m: 0.0, ..site() }.to_ecef();
        assert!(off.length() < 230.0, "{} m", off.length());
    }

    #[test]
    fn what_is_beyond_the_widest_value_is_told_as_uncertain() {
        let bias = known([5000.0, 0.0, 0.0], [1.0, 1e-4, 0.01], BiasState::Estimating).biases()[0];
        assert!(bias.value < 2048.0 && bias.sigma > 2900.0, "{bias:?}");
    }

    #[test]
    fn what_is_left_of_an_error_is_all_of_it_until_it_is_taken_off() {
        let bias = |state| Bias { value: -3.0, sigma: 4.0, state };
        assert!((bias(BiasState::Settled).left() - 5.0).abs() < 1e-12);
        assert!((bias(BiasState::Applied).left() - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_step_of_rounding_is_no_news_and_half_a_sigma_is() {
        let (values, sigmas) = ([80.0, 0.008, 0.4], [10.0, 0.0004, 0.1]);
        let told = known(values, sigmas, BiasState::Settled);
        let slightly = known([80.4, 0.008_02, 0.41], [9.5, 0.000_39, 0.1], BiasState::Settled);
        assert!(!slightly.is_news(&told));
        for other in [
            known([90.0, 0.008, 0.4], sigmas, BiasState::Settled),
            known(values, [5.0, 0.0004, 0.1], BiasState::Settled),
            known(values, sigmas, BiasState::Applied),
        ] {
            assert!(other.is_news(&told), "{other:?}");
        }
    }
}
