//! False alarms: as many as chance has it, evenly over what the sensor measures.
//!
//! Even in range and azimuth, not over the ground: that is the density that a tracker assumes which counts false
//! measurements per unit of measurement space.

use fusion_core::angle::Angle;

use super::random::Random;

/// Where false alarms fall.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clutter {
    /// How many are expected.
    pub(super) mean: f64,
    /// Slant ranges up to this, metres.
    pub(super) range_max_m: f64,
    /// Azimuths clockwise from here.
    pub(super) from: Angle,
    /// By so much, radians.
    pub(super) width_rad: f64,
}

/// A place where nothing is.
#[derive(Clone, Copy, Debug)]
pub(super) struct FalseAlarm {
    /// Slant range, metres.
    pub(super) range_m: f64,
    /// How far into the azimuths it lies, 0 to 1.
    pub(super) share: f64,
    /// Clockwise from true north at the sensor.
    pub(super) azimuth: Angle,
}

impl Clutter {
    /// The false alarms of one look.
    pub(super) fn draw(&self, random: &mut Random) -> Vec<FalseAlarm> {
        let count = random.poisson(self.mean);
        (0..count).map(|_| self.one(random)).collect()
    }

    fn one(&self, random: &mut Random) -> FalseAlarm {
        let range_m = random.uniform(0.0, self.range_max_m);
        let share = random.unit();
        FalseAlarm { range_m, share, azimuth: self.from + Angle::from_radians(share * self.width_rad) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Stream;
    use super::*;

    #[test]
    fn false_alarms_are_as_many_as_expected_and_lie_where_they_may() {
        let mut random = Random::new(5, Stream::Sensor(0));
        let from = Angle::from_degrees(350.0);
        let clutter = Clutter { mean: 2.5, range_max_m: 1000.0, from, width_rad: 0.5 };
        let all: Vec<FalseAlarm> = (0..4000).flat_map(|_| clutter.draw(&mut random)).collect();
        // Four sigmas of a Poisson count of 10,000.
        assert!(all.len().abs_diff(10_000) < 400, "{}", all.len());
        assert!(all.iter().all(|one| one.range_m < 1000.0 && (one.azimuth - from).turn() <= 0.5));
        let far = all.iter().filter(|one| one.range_m > 500.0).count();
        assert!(far.abs_diff(all.len() / 2) < 250, "even in range: {far}");
    }
}
