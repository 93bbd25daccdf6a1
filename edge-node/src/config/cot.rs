//! What only a feed of Cursor on Target has: whose events are taken.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Beginnings of uids that are refused, at the most.
///
/// No counter: a configuration with more is refused.
pub const REFUSED_UIDS_MAX: usize = 16;

/// What only a feed of Cursor on Target has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CotConfig {
    /// Which things are taken.
    pub take: TakeConfig,
    /// Beginnings of uids whose events are never taken, beside those that copmesh itself sends.
    pub refuse_uids: Vec<String>,
}

/// Which things are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakeConfig {
    /// Friends and assumed friends.
    #[default]
    OwnForces,
    /// Whatever is somewhere.
    All,
}

impl CotConfig {
    /// Checks how many and how long.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        let sound = |uid: &String| (1..=64).contains(&uid.len());
        if self.refuse_uids.len() <= REFUSED_UIDS_MAX && self.refuse_uids.iter().all(sound) {
            return Ok(());
        }
        let message = format!("must be at most {REFUSED_UIDS_MAX} texts of 1 to 64 bytes");
        Err(ConfigError::at(format!("{key}.cot.refuse-uids"), message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_beginning_would_refuse_everybody_and_is_refused() {
        let check = |uids: &[&str]| {
            let refuse_uids = uids.iter().map(|&uid| uid.to_owned()).collect();
            CotConfig { refuse_uids, ..CotConfig::default() }.check("sensors[0]")
        };
        assert_eq!(check(&["gateway-7."]), Ok(()));
        assert!(check(&[""]).is_err_and(|e| e.key == "sensors[0].cot.refuse-uids"));
        assert!(check(&["x"; REFUSED_UIDS_MAX + 1]).is_err());
    }
}
