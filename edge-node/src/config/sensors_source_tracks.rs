//! How estimates made elsewhere are taken: how good they are where they do not say, and how long they last in silence.

use fusion_core::time::Span;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// How estimates made elsewhere are taken.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SourceTracksSection {
    /// A source track is shown as coasted after this long without a report, seconds.
    pub coast_after_s: f64,
    /// It ends after this long, seconds.
    pub lifetime_s: f64,
    /// Spectral density of the white-noise acceleration by which its error grows in silence, m²/s³.
    pub acceleration_m2_s3: f64,
    /// One sigma along each axis of a position that tells no error, metres.
    pub horizontal_sigma_m: f64,
    /// One sigma along each axis of a velocity that tells no error, m/s.
    pub velocity_sigma_m_s: f64,
    /// Whether simulated tracks are taken for real ones.
    pub keep_simulated: bool,
}

impl Default for SourceTracksSection {
    fn default() -> Self {
        Self {
            coast_after_s: 10.0,
            lifetime_s: 30.0,
            acceleration_m2_s3: 1.0,
            horizontal_sigma_m: 150.0,
            velocity_sigma_m_s: 5.0,
            keep_simulated: false,
        }
    }
}

impl SourceTracksSection {
    /// After how long without a report a source track is coasted.
    #[must_use]
    pub fn coast_after(&self) -> Span {
        Span::from_secs_f64(self.coast_after_s)
    }

    /// After how long it ends.
    #[must_use]
    pub fn lifetime(&self) -> Span {
        Span::from_secs_f64(self.lifetime_s)
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        within(key, "source-tracks.coast-after-s", self.coast_after_s, 0.1, 3600.0)?;
        within(key, "source-tracks.lifetime-s", self.lifetime_s, 0.1, 3600.0)?;
        within(key, "source-tracks.acceleration-m2-s3", self.acceleration_m2_s3, 0.0, 1e4)?;
        within(key, "source-tracks.horizontal-sigma-m", self.horizontal_sigma_m, 0.01, 1e5)?;
        within(key, "source-tracks.velocity-sigma-m-s", self.velocity_sigma_m_s, 0.01, 1e3)
    }
}
