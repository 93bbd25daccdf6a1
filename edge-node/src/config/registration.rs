//! What becomes of a sensor's systematic errors.

use serde::{Deserialize, Serialize};

/// Whether a sensor's errors of range, azimuth and time are estimated, and what is done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegistrationMode {
    /// They are not estimated.
    Off,
    /// They are estimated and told.
    #[default]
    Report,
    /// What is known well of them is taken off what the sensor says.
    Correct,
}
