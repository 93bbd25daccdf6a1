//! What each sensor's innovations say of its R.

use crate::capacity::SENSORS_MAX;
use crate::filter::monitor::NoiseScale;
use crate::measurement::SensorId;

/// One monitor with its correction for each sensor, and one for all that are numbered beyond the bound: their R is
/// never corrected by more than its limits, but together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SensorNoise {
    scales: [NoiseScale; SENSORS_MAX],
    others: NoiseScale,
}

impl Default for SensorNoise {
    fn default() -> Self {
        Self { scales: [NoiseScale::CLAIMED; SENSORS_MAX], others: NoiseScale::CLAIMED }
    }
}

impl SensorNoise {
    pub(super) fn of(&mut self, sensor: SensorId) -> &mut NoiseScale {
        self.scales.get_mut(usize::from(sensor.0)).unwrap_or(&mut self.others)
    }

    pub(super) fn get(&self, sensor: SensorId) -> Option<&NoiseScale> {
        self.scales.get(usize::from(sensor.0))
    }
}
