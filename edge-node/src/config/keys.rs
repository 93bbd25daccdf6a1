//! Where a node's keys are, and which bearers may do without them.
//!
//! One rule: what leaves the machine is protected by keys, or the configuration says that it is not.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// Where a node's keys are (`docs/KEYS.md`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeysConfig {
    /// The folder that `copmesh enrol install` fills; without it, systemd's credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// With fewer days left than this, it is said that they expire.
    #[serde(default = "default_warning")]
    pub warning_days: u16,
}

impl KeysConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("keys", "warning-days", f64::from(self.warning_days), 0.0, 365.0)
    }
}

const fn default_warning() -> u16 {
    14
}

/// What keeps strangers off a bearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Both sides show certificates of the mission's authority.
    #[default]
    Keys,
    /// Nothing: whoever reaches it may read along, and speak in anybody's name.
    None,
}

impl Protection {
    /// Refuses an endpoint that would not be protected as it should be. `has_keys` tells whether there are `[keys]`.
    pub(super) fn check(self, key: &str, endpoint: &str, has_keys: bool) -> Result<(), ConfigError> {
        let (protocol, address) = endpoint.split_once('/').unwrap_or((endpoint, ""));
        let is_secure = matches!(protocol, "tls" | "quic");
        let stays_here = protocol == "unixsock-stream" || (!is_secure && is_loopback(address));
        match self {
            Self::None => Ok(()),
            Self::Keys if stays_here || (is_secure && has_keys && !address.contains('#')) => Ok(()),
            Self::Keys if is_secure && has_keys => Err(ConfigError::at(
                key,
                format!("\"{endpoint}\": certificates are those of [keys]; leave out what stands behind '#'"),
            )),
            Self::Keys if is_secure => Err(ConfigError::at(
                key,
                format!(
                    "\"{endpoint}\" wants keys: enrol this node and write [keys] (docs/KEYS.md), or write \
                     protection = \"none\" in the bearer, and anyone may read along and speak in anybody's name"
                ),
            )),
            Self::Keys => Err(ConfigError::at(
                key,
                format!(
                    "\"{endpoint}\" is in the open: write tls/ or quic/ with [keys] (docs/KEYS.md), or write \
                     protection = \"none\" in the bearer, and anyone may read along and speak in anybody's name"
                ),
            )),
        }
    }
}

/// Whether an address with a port is one that nobody else can reach.
fn is_loopback(address: &str) -> bool {
    let host = address.split(['#', '?']).next().unwrap_or_default().rsplit_once(':').map_or("", |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_has_keys_or_says_that_it_has_none() {
        let refused = |endpoint: &str, keys| Protection::Keys.check("k", endpoint, keys).is_err();
        for here in ["tcp/127.0.0.1:1", "udp/[::1]:1", "tcp/localhost:1", "unixsock-stream/x"] {
            assert!(!refused(here, false), "{here}");
        }
        for open in ["tcp/10.0.0.1:1", "udp/0.0.0.0:1", "tcp/[::]:1", "serial//dev/ttyS0", "tcp/127.0.0.1.example:1"] {
            assert!(refused(open, true) && Protection::None.check("k", open, false).is_ok(), "{open}");
        }
        for secure in ["tls/10.0.0.1:1", "quic/10.0.0.1:1", "tls/127.0.0.1:1"] {
            assert!(refused(secure, false) && !refused(secure, true), "{secure}");
        }
        assert!(refused("tls/10.0.0.1:1#verify_name_on_connect=false", true), "not past the keys");
    }
}
