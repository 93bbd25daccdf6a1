//! Where a node's keys are, what they are used for, and which bearers may do without them.
//!
//! One rule: what leaves the machine is protected by keys, or the configuration says that it is not. A node with keys
//! signs what it writes and believes nobody who speaks for others without their signature, or says that it does.

use std::net::IpAddr;
use std::path::PathBuf;

use fusion_core::time::Span;
use proto::replica::{ReplicaConfig, Signatures};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// Where a node's keys are (`docs/KEYS.md`).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeysConfig {
    /// The folder that `copmesh enrol install` fills; without it, systemd's credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// With fewer days left than this, it is said that they expire.
    #[serde(default = "default_warning")]
    pub warning_days: u16,
    /// Whose rows count.
    #[serde(default)]
    pub signatures: RowSignatures,
    /// What this node writes is gathered and signed once in so long, seconds.
    #[serde(default = "default_interval")]
    pub seal_interval_s: f64,
    /// The smallest packet of any bearer of the mission, octets: a signature with what it covers is to fit.
    #[serde(default = "default_packet")]
    pub seal_packet_bytes: u16,
}

/// Whose rows count, and whether this node signs its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowSignatures {
    /// Those that their writers have signed, whoever passes them on; this node signs its own.
    #[default]
    Required,
    /// All: neighbours are believed in what they say of others. This node signs nothing.
    Off,
}

impl RowSignatures {
    /// The word in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Off => "off",
        }
    }
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self {
            directory: None,
            warning_days: default_warning(),
            signatures: RowSignatures::default(),
            seal_interval_s: default_interval(),
            seal_packet_bytes: default_packet(),
        }
    }
}

impl KeysConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("keys", "warning-days", f64::from(self.warning_days), 0.0, 365.0)?;
        within("keys", "seal-interval-s", self.seal_interval_s, 0.2, 60.0)?;
        within("keys", "seal-packet-bytes", f64::from(self.seal_packet_bytes), 200.0, 1500.0)
    }

    /// Whether this node signs what it writes, and takes in from others what is signed.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.signatures == RowSignatures::Required
    }

    /// A replica that does as is said here.
    #[must_use]
    pub fn applied_to(&self, replica: ReplicaConfig) -> ReplicaConfig {
        ReplicaConfig {
            signatures: if self.signs() { Signatures::Required } else { Signatures::Off },
            seal_interval: Span::from_secs_f64(self.seal_interval_s),
            seal_packet: replica.seal_packet.min(self.seal_packet_bytes.into()),
            ..replica
        }
    }
}

const fn default_warning() -> u16 {
    14
}

const fn default_interval() -> f64 {
    1.0
}

const fn default_packet() -> u16 {
    300
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
    use crate::config::Config;

    const NODE: &str = "[node]\nname = \"a\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";

    fn parsed(keys: &str, more: &str) -> Result<Config, ConfigError> {
        Config::parse(&format!("{NODE}[keys]\n{keys}\n{more}"))
    }

    #[test]
    fn a_node_with_keys_signs_and_requires_signatures_unless_it_says_that_it_does_not() {
        let replica = |keys: &str| {
            let keys = parsed(keys, "").expect("good").keys.expect("told");
            (keys.signs(), keys.applied_to(ReplicaConfig::default()).signatures)
        };
        assert_eq!(replica(""), (true, Signatures::Required));
        assert_eq!(replica("signatures = \"off\""), (false, Signatures::Off));
        assert!(parsed("signatures = \"none\"", "").is_err());
    }

    #[test]
    fn signatures_are_cut_for_the_smallest_packet_of_the_mission_or_of_an_own_bearer() {
        let packet = |keys: &str, packet: u16| {
            let bearer = format!(
                "[[mesh.bearers]]\nname = \"hf\"\nprofile = \"radio-9k6\"\nprotection = \"none\"\n\
                 packet-bytes = {packet}\n\
                 found = {{ level = \"secret\", communities = [] }}\n"
            );
            let config = parsed(keys, &bearer).expect("good");
            config.keys.expect("told").applied_to(config.mesh.replica().expect("has neighbours")).seal_packet
        };
        assert_eq!((packet("", 1200), packet("", 220)), (300, 220));
        assert_eq!(packet("seal-packet-bytes = 1200", 1400), 1200);
    }

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
