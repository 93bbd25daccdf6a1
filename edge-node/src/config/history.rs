//! How much of what the picture was is kept in memory, and on the disk.

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
    /// What is kept in `node.state-directory` for the next life at the most, MiB; 0: nothing.
    pub disk_mib: u32,
}

impl Default for HistoryConfig {
    /// See `docs/CONFIG.md` for what was seen to fit.
    fn default() -> Self {
        Self { enabled: true, memory_mib: 8, age_s: 14_400.0, disk_mib: 64 }
    }
}

impl HistoryConfig {
    /// What is to be kept; nothing if nothing is.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        let bytes = usize::try_from(self.memory_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        self.enabled.then(|| Limits { bytes, age: Span::from_secs_f64(self.age_s) })
    }

    /// How much of the disk it may take; nothing if nothing is kept there.
    #[must_use]
    pub fn disk_bytes(&self) -> Option<u64> {
        (self.enabled && self.disk_mib > 0).then(|| u64::from(self.disk_mib) << 20)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("history", "memory-mib", f64::from(self.memory_mib), 1.0, 4096.0)?;
        within("history", "age-s", self.age_s, 120.0, 604_800.0)?;
        within("history", "disk-mib", f64::from(self.disk_mib), 0.0, 16_384.0)
    }
}
