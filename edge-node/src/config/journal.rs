//! The journal as an operator writes it: how large it may be, and how often it is written.

use fusion_core::time::Span;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;
use crate::journal::Settings;

/// What a node keeps for its next life, in `node.state-directory`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct JournalConfig {
    /// All segments together, MiB.
    pub total_mib: u32,
    /// A segment, MiB.
    pub segment_mib: u32,
    /// What changes again and again is kept once in so many seconds.
    pub keep_every_s: f64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self { total_mib: 64, segment_mib: 4, keep_every_s: 15.0 }
    }
}

impl JournalConfig {
    /// The bounds of its segments.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let octets = |mib: u32| u64::from(mib) << 20;
        Settings { segment_bytes: octets(self.segment_mib), total_bytes: octets(self.total_mib) }
    }

    /// How often a row is kept at the most.
    #[must_use]
    pub fn keep_every(&self) -> Span {
        Span::from_secs_f64(self.keep_every_s)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let ranges = [
            ("segment-mib", f64::from(self.segment_mib), 1.0, 64.0),
            ("total-mib", f64::from(self.total_mib), f64::from(self.segment_mib), 1024.0),
            ("keep-every-s", self.keep_every_s, 1.0, 60.0),
        ];
        ranges.into_iter().try_for_each(|(name, value, low, high)| within("journal", name, value, low, high))
    }
}
