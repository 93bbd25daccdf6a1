//! How much of a sensor is taken in, how often it is asked, and what its clock is worth.

use fusion_core::time::Span;
use serde::{Deserialize, Serialize};

use super::sensors::within;
use super::{ConfigError, Endpoint, SensorConfig};
use crate::node::sensor_clock::Rule;

/// What is done with the times that a sensor tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockConfig {
    /// They are taken as told; of a clock that is off, scans are refused.
    Trust,
    /// A clock that is off is corrected.
    #[default]
    Correct,
    /// They are not used: what counts is when bytes were received.
    ReceiveTime,
}

impl From<ClockConfig> for Rule {
    fn from(config: ClockConfig) -> Self {
        match config {
            ClockConfig::Trust => Self::Trust,
            ClockConfig::Correct => Self::Correct,
            ClockConfig::ReceiveTime => Self::ReceiveTime,
        }
    }
}

/// How much is taken in, and how often is asked.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct IntakeConfig {
    /// Bytes taken in a second, on average over some seconds.
    pub bytes_max: u32,
    /// Datagrams, pages or pieces of a stream taken in a second, on average over some seconds.
    pub messages_max: u32,
    /// A datagram that is the same as one within this time counts once, seconds; 0 for none. By default 1 s for
    /// datagrams and pages, 0 for streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_window_s: Option<f64>,
    /// Time from one fetch of a page to the next, seconds.
    pub poll_period_s: f64,
    /// Clients of a listening endpoint at once.
    pub clients_max: u8,
}

impl Default for IntakeConfig {
    /// Ten times a dense radar feed, and a page a second.
    fn default() -> Self {
        Self {
            bytes_max: 8_000_000,
            messages_max: 20_000,
            duplicate_window_s: None,
            poll_period_s: 1.0,
            clients_max: 4,
        }
    }
}

/// As far as slow networks go.
pub(super) const fn default_clock_error() -> f64 {
    5.0
}

/// What is taken for a second copy where nobody says otherwise.
const DUPLICATE_WINDOW_S: f64 = 1.0;

impl SensorConfig {
    /// The endpoint of the second network, if the sensor sends over two.
    ///
    /// # Errors
    /// [`ConfigError`] if it is none, or no datagrams.
    pub fn parsed_endpoint_b(&self, key: &str) -> Result<Option<Endpoint>, ConfigError> {
        let Some(text) = &self.endpoint_b else { return Ok(None) };
        let key = format!("{key}.endpoint-b");
        let endpoint = text.parse().map_err(|e: String| ConfigError::at(&key, e))?;
        match (&endpoint, self.endpoint.parse()) {
            (Endpoint::Udp(_), Ok(Endpoint::Udp(_))) => Ok(Some(endpoint)),
            _ => Err(ConfigError::at(key, "must be udp://ADDRESS:PORT, and so must endpoint")),
        }
    }

    /// Within which time a datagram that is the same as another counts once.
    #[must_use]
    pub fn duplicate_window(&self) -> Span {
        let whole = self.endpoint.parse().is_ok_and(|endpoint: Endpoint| endpoint.is_whole());
        let default = if whole { DUPLICATE_WINDOW_S } else { 0.0 };
        Span::from_secs_f64(self.intake.duplicate_window_s.unwrap_or(default))
    }

    pub(super) fn check_intake(&self, key: &str) -> Result<(), ConfigError> {
        self.parsed_endpoint_b(key)?;
        within(key, "clock-error-max-s", self.clock_error_max_s, 0.01, 600.0)?;
        let intake = &self.intake;
        within(key, "intake.bytes-max", f64::from(intake.bytes_max), 1000.0, 1e9)?;
        within(key, "intake.messages-max", f64::from(intake.messages_max), 1.0, 1e6)?;
        within(key, "intake.duplicate-window-s", intake.duplicate_window_s.unwrap_or_default(), 0.0, 60.0)?;
        within(key, "intake.poll-period-s", intake.poll_period_s, 0.05, 3600.0)?;
        within(key, "intake.clients-max", f64::from(intake.clients_max), 1.0, 8.0)
    }
}
