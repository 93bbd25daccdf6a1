//! Chance from a seed: the same numbers on every machine.
//!
//! ChaCha8 in counter mode gives every user a stream of its own, so that one sensor more, or one look more of one
//! sensor, changes nothing for the others. Distributions are written out here, over software elementary functions.

use core::f64::consts::TAU;

use fusion_core::maths::{cos, exp, ln, sqrt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Whose chance it is: each has its own stream of the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// The errors, misses and false alarms of a sensor.
    Sensor(u32),
    /// What goes wrong on the way from a sensor.
    Line(u32),
    /// A block of targets.
    Traffic(u16),
    /// What a target tells of itself by AIS or Remote ID.
    Beacon {
        /// Its place in the scenario.
        target: u16,
        /// Its how-many-th appearance.
        instance: u32,
    },
    /// When and with which errors a target transmits, whoever hears it.
    Target {
        /// Its place in the scenario.
        target: u16,
        /// Its how-many-th appearance.
        instance: u32,
    },
}

/// A stream of chance.
#[derive(Clone, Debug)]
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// A stream from its beginning.
    pub(super) fn new(seed: u64, stream: Stream) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut chacha = ChaCha8Rng::from_seed(key);
        chacha.set_stream(stream.number());
        Self(chacha)
    }

    /// Evenly in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub(super) fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 * STEP
    }

    /// Evenly in [low, high).
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Evenly of the whole numbers below a bound.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a bound of 32 bits")]
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        (f64::from(bound) * self.unit()) as u32
    }

    /// Evenly of all bytes.
    #[expect(clippy::cast_possible_truncation, reason = "the lowest byte is wanted")]
    pub(super) fn byte(&mut self) -> u8 {
        self.0.next_u64() as u8
    }

    /// True with a probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Normally, mean 0 and standard deviation 1 (Box and Muller 1958). The second of the pair is not kept: then what
    /// is drawn depends on nothing but how much was drawn before.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = sqrt(-2.0 * ln(1.0 - self.unit()));
        radius * cos(TAU * self.unit())
    }

    /// How many events happen where `mean` are expected (Knuth 1969, by products of uniforms, in steps that keep
    /// e^−mean far from zero).
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        const STEP_MEAN: f64 = 30.0;
        let (mut rest, mut count) = (mean, 0);
        while rest > STEP_MEAN {
            count += self.poisson_small(STEP_MEAN);
            rest -= STEP_MEAN;
        }
        count + self.poisson_small(rest)
    }

    fn poisson_small(&mut self, mean: f64) -> u32 {
        let limit = exp(-mean);
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

impl Stream {
    /// Of a sensor by its name, so that it does not matter which others there are.
    pub(super) fn sensor(name: &str) -> Self {
        Self::Sensor(hash(name))
    }

    /// Of the way from a sensor, by its name.
    pub(super) fn line(name: &str) -> Self {
        Self::Line(hash(name))
    }

    const fn number(self) -> u64 {
        match self {
            Self::Line(line) => 3 << 48 | line as u64,
            Self::Traffic(block) => 4 << 48 | block as u64,
            Self::Beacon { target, instance } => 5 << 48 | (target as u64) << 32 | instance as u64,
            Self::Sensor(sensor) => 1 << 48 | sensor as u64,
            Self::Target { target, instance } => 2 << 48 | (target as u64) << 32 | instance as u64,
        }
    }
}

/// FNV-1a, 32 bits.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 100_000;

    fn mean_and_variance(mut draw: impl FnMut(&mut Random) -> f64) -> (f64, f64) {
        let mut random = Random::new(7, Stream::Sensor(3));
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..DRAWS {
            let x = draw(&mut random);
            sum += x;
            squares += x * x;
        }
        let mean = sum / f64::from(DRAWS);
        (mean, squares / f64::from(DRAWS) - mean * mean)
    }

    #[test]
    fn distributions_have_their_mean_and_variance() {
        // Four standard errors of 100,000 draws.
        let (mean, variance) = mean_and_variance(Random::unit);
        assert!((mean - 0.5).abs() < 0.004 && (variance - 1.0 / 12.0).abs() < 0.001);
        let (mean, variance) = mean_and_variance(Random::normal);
        assert!(mean.abs() < 0.013 && (variance - 1.0).abs() < 0.018);
        for expected in [0.3, 5.0, 30.0, 75.0] {
            let (mean, variance) = mean_and_variance(|random| f64::from(random.poisson(expected)));
            let error = 4.0 * (expected / f64::from(DRAWS)).sqrt();
            assert!((mean - expected).abs() < error, "{expected}: {mean}");
            assert!((variance / expected - 1.0).abs() < 0.03, "{expected}: {variance}");
        }
    }

    #[test]
    fn a_seed_gives_these_numbers_for_ever() {
        let mut random = Random::new(1, Stream::Target { target: 2, instance: 3 });
        let drawn = [random.unit(), random.normal(), random.uniform(-1.0, 1.0)].map(f64::to_bits);
        assert_eq!(drawn, [4_605_662_321_204_450_831, 4_600_010_372_909_385_957, 13_827_044_652_756_671_894]);
        assert_eq!(random.poisson(4.0), 3);
    }

    #[test]
    fn streams_are_strangers_to_one_another() {
        let first = |seed, stream| Random::new(seed, stream).unit().to_bits();
        let a = first(1, Stream::Sensor(0));
        assert_ne!(a, first(1, Stream::Sensor(1)));
        assert_ne!(a, first(2, Stream::Sensor(0)));
        assert_ne!(a, first(1, Stream::Target { target: 0, instance: 0 }));
    }
}
