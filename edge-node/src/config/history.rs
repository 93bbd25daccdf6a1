//! How much of what the picture was is kept in memory.

use fusion_core::time::Span;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;
use crate::history::Limits;

/// What the picture was, for the time slider and for where tracks have been.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct HistoryConfig {
    /// Whether it is kept at all.
    pub enabled: bool,
    /// Memory for it at the most, MiB.
    pub memory_mib: u32,
    /// Nothing is kept for longer, seconds.
    pub age_s: f64,
}

impl Default for HistoryConfig {
    /// See `docs/CONFIG.md` for what was seen to fit.
    fn default() -> Self {
        Self { enabled: true, memory_mib: 8, age_s: 14_400.0 }
    }
}

impl HistoryConfig {
    /// What is to be kept; nothing if nothing is.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        let bytes = usize::try_from(self.memory_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        self.enabled.then(|| Limits { bytes, age: Span::from_secs_f64(self.age_s) })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("history", "memory-mib", f64::from(self.memory_mib), 1.0, 4096.0)?;
        within("history", "age-s", self.age_s, 120.0, 604_800.0)
    }
}
