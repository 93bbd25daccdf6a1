//! Chance from a seed, the same on every machine: SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).

use core::f64::consts::TAU;

use fusion_core::maths::{cos, exp, ln, sqrt};

/// A stream of chance.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream of one user of a seed.
    #[must_use]
    pub fn new(seed: u64, user: u64) -> Self {
        let mut chance = Self(seed);
        chance.0 = chance.next() ^ user.wrapping_mul(0xD605_BBB5_8C8A_BBF5);
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.next() >> 11) as f64 * STEP
    }

    /// Evenly in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Normally, with mean 0 and standard deviation 1 (Box & Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = sqrt(-2.0 * ln(1.0 - self.unit()));
        radius * cos(TAU * self.unit())
    }

    /// How many happen where `mean` are expected, up to some hundreds (Knuth's product of uniforms).
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = (exp(-mean), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_mean_and_variance() {
        const DRAWS: u32 = 100_000;
        let mut chance = Chance::new(7, 1);
        let mut moments = |draw: &dyn Fn(&mut Chance) -> f64| {
            let drawn: Vec<f64> = (0..DRAWS).map(|_| draw(&mut chance)).collect();
            let mean = drawn.iter().sum::<f64>() / f64::from(DRAWS);
            (mean, drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(DRAWS))
        };
        // Four standard errors.
        let (mean, variance) = moments(&|chance| chance.normal());
        assert!(mean.abs() < 0.013 && (variance - 1.0).abs() < 0.018, "{mean} {variance}");
        let (mean, variance) = moments(&|chance| f64::from(chance.poisson(20.0)));
        assert!((mean - 20.0).abs() < 0.057 && (variance - 20.0).abs() < 0.4, "{mean} {variance}");
    }

    #[test]
    fn users_of_a_seed_are_strangers_to_one_another() {
        let first = |seed, user| Chance::new(seed, user).next();
        assert!(first(1, 0) != first(1, 1) && first(1, 0) != first(2, 0));
    }
}
