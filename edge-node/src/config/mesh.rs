//! The mesh as an operator writes it: where consoles subscribe, what carries packets to neighbours, who they are, and
//! what each may see.
//!
//! A *bearer* is a means of reaching neighbours, with a zenoh session of its own; a neighbour is reached by one or
//! several of them. What a profile sets ([`Profile::settings`]) can be overridden for each bearer.

use core::fmt;

use fusion_core::label::{Clearance, Level};
use proto::replica::ReplicaConfig;
use serde::{Deserialize, Serialize};

use super::keys::Protection;
use super::label::{LevelName, codes};
use super::sensors::within;
use super::{ConfigError, is_name};

/// Neighbours in the configuration at the most: the links that a replica has.
///
/// No counter: a configuration with more is refused.
pub const NEIGHBOURS_MAX: usize = proto::replica::LINKS_MAX;

/// Bearers of a node at the most: each is a zenoh session, some eight megabytes.
///
/// No counter: a configuration with more is refused.
pub const BEARERS_MAX: usize = 8;

/// zenoh: for consoles, and for the mesh between nodes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MeshConfig {
    /// Whether anything is published to consoles.
    pub enabled: bool,
    /// zenoh endpoints where consoles may connect, e.g. `tcp/127.0.0.1:7447`.
    pub listen: Vec<String>,
    /// zenoh endpoints to connect to for consoles.
    pub connect: Vec<String>,
    /// Whether consoles are looked for by multicast.
    pub scouting: bool,
    /// What consoles may see; those on this machine, without it, everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_clearance: Option<ClearanceConfig>,
    /// What carries packets to neighbours.
    pub bearers: Vec<BearerConfig>,
    /// The nodes that this one exchanges rows with.
    pub neighbours: Vec<NeighbourConfig>,
}

impl Default for MeshConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: vec!["tcp/127.0.0.1:7447".into()],
            connect: vec![],
            scouting: false,
            console_clearance: None,
            bearers: vec![],
            neighbours: vec![],
        }
    }
}

/// A means of reaching neighbours.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BearerConfig {
    /// Its name, by which neighbours refer to it.
    pub name: String,
    /// What its numbers begin with.
    pub profile: Profile,
    /// What keeps strangers off it.
    #[serde(default)]
    pub protection: Protection,
    /// zenoh endpoints where neighbours may connect.
    #[serde(default)]
    pub listen: Vec<String>,
    /// Whether neighbours are looked for by multicast and gossip; without it as the profile says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scouting: Option<bool>,
    /// What nodes that were found so, and are not configured, may see; without it they are not spoken to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<ClearanceConfig>,
    /// What it carries, bits per second; measured from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_bit_s: Option<f64>,
    /// The largest packet, octets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_bytes: Option<u16>,
    /// What it adds to each packet, octets; without it by the protocol of the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overhead_bytes: Option<u16>,
    /// The highest layer of streams that it is fast enough for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<u8>,
    /// After so long without a word a neighbour counts as not reached over it, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_s: Option<f64>,
    /// After so long without a word the connection is given up, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_s: Option<f64>,
    /// How long one attempt to connect may take, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_timeout_s: Option<f64>,
    /// Pause after the first attempt that failed, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_first_s: Option<f64>,
    /// The longest such pause, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_longest_s: Option<f64>,
    /// What may wait in the system's send buffer of a stream, octets; 0: as the system has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_buffer_bytes: Option<u32>,
}

/// A node to exchange rows with.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NeighbourConfig {
    /// Its `node.name`.
    pub name: String,
    /// What it may see.
    pub clearance: ClearanceConfig,
    /// How it is reached, the preferred way first.
    pub ways: Vec<WayConfig>,
}

/// One way to a neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WayConfig {
    /// Over which bearer: one of `mesh.bearers`, or the name of a profile for one that is as the profile says.
    pub bearer: String,
    /// Its zenoh endpoint; without one it is waited for or, where the bearer looks around, found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// What a neighbour may see.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClearanceConfig {
    /// The highest level.
    pub level: LevelName,
    /// Communities that it belongs to.
    pub communities: Vec<String>,
    /// Caveats that it is cleared for.
    #[serde(default)]
    pub caveats: Vec<String>,
}

impl ClearanceConfig {
    /// The clearance.
    ///
    /// # Errors
    /// [`ConfigError`] at the code that is none, or where there are too many.
    pub fn clearance(&self, key: &str) -> Result<Clearance, ConfigError> {
        Ok(Clearance {
            level: Level::from(self.level),
            communities: codes(&self.communities, &format!("{key}.communities"))?,
            caveats: codes(&self.caveats, &format!("{key}.caveats"))?,
        })
    }
}

/// Kinds of bearers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Profile {
    /// A cable, or a radio as good as one.
    #[default]
    #[serde(rename = "lan")]
    Lan,
    /// A shared radio of some Mbit/s.
    #[serde(rename = "wifi")]
    Wifi,
    /// A radio of 64 kbit/s.
    #[serde(rename = "radio-64k")]
    Radio64k,
    /// A radio of 9.6 kbit/s.
    #[serde(rename = "radio-9k6")]
    Radio9k6,
}

/// The numbers of a bearer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BearerSettings {
    /// What it is believed to carry, bits per second.
    pub rate_bit_s: f64,
    /// The largest packet, octets.
    pub packet_bytes: u16,
    /// The highest layer of streams that it is fast enough for: 0 or 1.
    pub layer: u8,
    /// After so long without a word a neighbour counts as not reached over it, seconds. Beats are four times as
    /// frequent.
    pub silence_s: f64,
    /// After so long without a word a connection over a stream is given up, seconds.
    pub lease_s: f64,
    /// How long one attempt to connect may take, seconds.
    pub open_timeout_s: f64,
    /// Pause after the first attempt that failed, seconds.
    pub retry_first_s: f64,
    /// The longest such pause, seconds.
    pub retry_longest_s: f64,
    /// What may wait in the system's send buffer of a stream, octets; 0: as the system has it.
    pub send_buffer_bytes: u32,
    /// Whether neighbours are looked for by multicast and gossip.
    pub scouting: bool,
}

/// A link that is back is noticed within a second; neighbours are found by themselves.
const LAN: BearerSettings = BearerSettings {
    rate_bit_s: 10e6,
    packet_bytes: 1400,
    layer: 1,
    silence_s: 1.6,
    lease_s: 1.5,
    open_timeout_s: 0.6,
    retry_first_s: 0.1,
    retry_longest_s: 0.1,
    send_buffer_bytes: 0,
    scouting: true,
};

/// As a LAN, but with more patience, and nobody is invited.
const WIFI: BearerSettings = BearerSettings {
    rate_bit_s: 2e6,
    packet_bytes: 1200,
    layer: 1,
    silence_s: 2.0,
    lease_s: 2.0,
    open_timeout_s: 0.8,
    retry_first_s: 0.1,
    retry_longest_s: 0.2,
    send_buffer_bytes: 16_384,
    scouting: false,
};

/// A handshake takes some 300 ms of the air.
const RADIO_64K: BearerSettings = BearerSettings {
    rate_bit_s: 64e3,
    packet_bytes: 600,
    layer: 0,
    silence_s: 4.0,
    lease_s: 6.0,
    open_timeout_s: 1.5,
    retry_first_s: 0.2,
    retry_longest_s: 0.5,
    send_buffer_bytes: 4096,
    scouting: false,
};

/// A handshake takes a second, half of it on the air.
const RADIO_9K6: BearerSettings = BearerSettings {
    rate_bit_s: 9600.0,
    packet_bytes: 300,
    layer: 0,
    silence_s: 8.0,
    lease_s: 10.0,
    open_timeout_s: 2.5,
    retry_first_s: 0.25,
    retry_longest_s: 0.5,
    send_buffer_bytes: 2048,
    scouting: false,
};

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lan, Self::Wifi, Self::Radio64k, Self::Radio9k6];

    /// Its name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Wifi => "wifi",
            Self::Radio64k => "radio-64k",
            Self::Radio9k6 => "radio-9k6",
        }
    }

    /// Its numbers.
    #[must_use]
    pub const fn settings(self) -> BearerSettings {
        match self {
            Self::Lan => LAN,
            Self::Wifi => WIFI,
            Self::Radio64k => RADIO_64K,
            Self::Radio9k6 => RADIO_9K6,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl BearerConfig {
    /// A bearer that is as its profile says.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        Self { name: profile.as_str().into(), profile, ..Self::default() }
    }

    /// The profile's numbers, and what overrides them.
    #[must_use]
    pub fn settings(&self) -> BearerSettings {
        let profile = self.profile.settings();
        BearerSettings {
            rate_bit_s: self.rate_bit_s.unwrap_or(profile.rate_bit_s),
            packet_bytes: self.packet_bytes.unwrap_or(profile.packet_bytes),
            layer: self.layer.unwrap_or(profile.layer),
            silence_s: self.silence_s.unwrap_or(profile.silence_s),
            lease_s: self.lease_s.unwrap_or(profile.lease_s),
            open_timeout_s: self.open_timeout_s.unwrap_or(profile.open_timeout_s),
            retry_first_s: self.retry_first_s.unwrap_or(profile.retry_first_s),
            retry_longest_s: self.retry_longest_s.unwrap_or(profile.retry_longest_s),
            send_buffer_bytes: self.send_buffer_bytes.unwrap_or(profile.send_buffer_bytes),
            scouting: self.scouting.unwrap_or(profile.scouting && self.protection == Protection::None),
        }
    }

    fn check(&self, key: &str, has_keys: bool) -> Result<(), ConfigError> {
        if !is_name(&self.name) {
            return Err(ConfigError::at(format!("{key}.name"), "must be 1 to 32 of a–z, 0–9 and '-'"));
        }
        let s = self.settings();
        let ranges = [
            ("rate-bit-s", s.rate_bit_s, 300.0, 1e10),
            ("packet-bytes", f64::from(s.packet_bytes), 200.0, 1500.0),
            ("overhead-bytes", f64::from(self.overhead_bytes.unwrap_or(0)), 0.0, 1000.0),
            ("layer", f64::from(s.layer), 0.0, 1.0),
            ("silence-s", s.silence_s, 0.4, 600.0),
            ("lease-s", s.lease_s, 0.5, 600.0),
            ("open-timeout-s", s.open_timeout_s, 0.1, 60.0),
            ("retry-first-s", s.retry_first_s, 0.05, 60.0),
            ("retry-longest-s", s.retry_longest_s, s.retry_first_s, 600.0),
            ("send-buffer-bytes", f64::from(s.send_buffer_bytes), 0.0, 67_108_864.0),
        ];
        ranges.into_iter().try_for_each(|(name, value, low, high)| within(key, name, value, low, high))?;
        self.check_endpoints(&format!("{key}.listen"), &self.listen, has_keys)?;
        if s.scouting && self.protection == Protection::Keys && !has_keys {
            let message = "whoever is found must show a certificate: write [keys] (docs/KEYS.md), or protection = \
                           \"none\"";
            return Err(ConfigError::at(format!("{key}.scouting"), message));
        }
        self.found.as_ref().map_or(Ok(()), |found| found.clearance(&format!("{key}.found")).map(|_| ()))
    }
}

impl BearerConfig {
    fn check_endpoints(&self, key: &str, endpoints: &[String], has_keys: bool) -> Result<(), ConfigError> {
        check_endpoints(key, endpoints)?;
        endpoints.iter().try_for_each(|endpoint| self.protection.check(key, endpoint, has_keys))
    }
}

impl MeshConfig {
    /// Whether this node exchanges rows with others.
    #[must_use]
    pub fn has_neighbours(&self) -> bool {
        !self.neighbours.is_empty() || self.bearers.iter().any(|bearer| bearer.found.is_some())
    }

    /// What the replica of this node is to be like; `None` if it has no neighbours.
    #[must_use]
    pub fn replica(&self) -> Option<ReplicaConfig> {
        let fast = self.all_bearers().iter().any(|bearer| bearer.settings().layer > 0);
        let packets = self.all_bearers().into_iter().map(|bearer| usize::from(bearer.settings().packet_bytes));
        let seal_packet = packets.min().unwrap_or(ReplicaConfig::default().seal_packet);
        self.has_neighbours().then_some(ReplicaConfig { refine: fast, seal_packet, ..ReplicaConfig::default() })
    }

    /// The bearer of this name, which may be the name of a profile.
    #[must_use]
    pub fn bearer(&self, name: &str) -> Option<BearerConfig> {
        let configured = self.bearers.iter().find(|bearer| bearer.name == name).cloned();
        let profile = || Profile::ALL.into_iter().find(|profile| profile.as_str() == name).map(BearerConfig::of);
        configured.or_else(profile)
    }

    /// Every bearer that is configured or named by a neighbour.
    #[must_use]
    pub fn all_bearers(&self) -> Vec<BearerConfig> {
        let mut all = self.bearers.clone();
        for way in self.neighbours.iter().flat_map(|neighbour| &neighbour.ways) {
            if !all.iter().any(|bearer| bearer.name == way.bearer) {
                all.extend(self.bearer(&way.bearer));
            }
        }
        all
    }

    pub(super) fn check(&self, me: &str, has_keys: bool) -> Result<(), ConfigError> {
        for (i, bearer) in self.bearers.iter().enumerate() {
            let key = format!("mesh.bearers[{i}]");
            bearer.check(&key, has_keys)?;
            unique(&key, &bearer.name, self.bearers[..i].iter().map(|other| &other.name))?;
        }
        for (i, neighbour) in self.neighbours.iter().enumerate() {
            let key = format!("mesh.neighbours[{i}]");
            self.check_neighbour(&key, neighbour, me, has_keys)?;
            unique(&key, &neighbour.name, self.neighbours[..i].iter().map(|other| &other.name))?;
        }
        let (bearers, neighbours) = (self.all_bearers().len(), self.neighbours.len());
        if bearers > BEARERS_MAX {
            return Err(ConfigError::at("mesh.bearers", format!("{bearers} bearers; at most {BEARERS_MAX}")));
        }
        if neighbours > NEIGHBOURS_MAX {
            return Err(ConfigError::at("mesh.neighbours", format!("{neighbours}; at most {NEIGHBOURS_MAX}")));
        }
        Ok(())
    }

    fn check_neighbour(
        &self,
        key: &str,
        neighbour: &NeighbourConfig,
        me: &str,
        has_keys: bool,
    ) -> Result<(), ConfigError> {
        if !is_name(&neighbour.name) || neighbour.name == me {
            let message = "must be the node.name of another node: 1 to 32 of a–z, 0–9 and '-'";
            return Err(ConfigError::at(format!("{key}.name"), message));
        }
        neighbour.clearance.clearance(&format!("{key}.clearance"))?;
        if neighbour.ways.is_empty() {
            return Err(ConfigError::at(format!("{key}.ways"), "is empty; write { bearer = \"…\", endpoint = \"…\" }"));
        }
        for (i, way) in neighbour.ways.iter().enumerate() {
            let key = format!("{key}.ways[{i}]");
            let Some(bearer) = self.bearer(&way.bearer) else {
                let names: Vec<&str> = Profile::ALL.into_iter().map(Profile::as_str).collect();
                let message = format!("\"{}\" must be a bearer of mesh.bearers or {}", way.bearer, names.join(", "));
                return Err(ConfigError::at(format!("{key}.bearer"), message));
            };
            unique(&key, &way.bearer, neighbour.ways[..i].iter().map(|other| &other.bearer))?;
            bearer.check_endpoints(&format!("{key}.endpoint"), way.endpoint.as_slice(), has_keys)?;
        }
        Ok(())
    }
}

fn unique<'a>(key: &str, name: &str, mut before: impl Iterator<Item = &'a String>) -> Result<(), ConfigError> {
    match before.any(|other| other == name) {
        true => Err(ConfigError::at(key, format!("\"{name}\" is there already; each must be named once"))),
        false => Ok(()),
    }
}

/// What packets are carried over.
const PROTOCOLS: [&str; 6] = ["tcp", "udp", "tls", "quic", "serial", "unixsock-stream"];

fn check_endpoints(key: &str, endpoints: &[String]) -> Result<(), ConfigError> {
    let known = |e: &str| e.split_once('/').is_some_and(|(p, rest)| PROTOCOLS.contains(&p) && !rest.is_empty());
    match endpoints.iter().find(|endpoint| !known(endpoint)) {
        Some(endpoint) => {
            let message =
                format!("\"{endpoint}\" must be PROTOCOL/ADDRESS, the protocol one of {}", PROTOCOLS.join(", "));
            Err(ConfigError::at(key, message))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const MESH: &str = "[keys]\n[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n
[[mesh.bearers]]\nname = \"hf\"\nprofile = \"radio-9k6\"\nprotection = \"none\"
listen = [\"serial//dev/ttyS0#baudrate=9600\"]\nlease-s = 20.0
[[mesh.neighbours]]\nname = \"bravo\"\nclearance = { level = \"secret\", communities = [\"POL\"] }
ways = [{ bearer = \"lan\", endpoint = \"tls/10.0.0.2:7450\" }, { bearer = \"hf\" }]\n";

    #[test]
    fn a_bearer_has_the_numbers_of_its_profile_but_for_those_that_it_sets() {
        let mesh = Config::parse(MESH).expect("valid").mesh;
        let hf = mesh.bearer("hf").expect("configured").settings();
        assert_eq!(hf, BearerSettings { lease_s: 20.0, ..RADIO_9K6 });
        assert_eq!(
            mesh.bearer("lan").expect("a profile").settings(),
            BearerSettings { scouting: false, ..LAN },
            "nobody is invited over keys"
        );
        assert_eq!(mesh.all_bearers().iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["hf", "lan"]);
    }

    #[test]
    fn nobody_but_the_lan_is_looked_for_unless_asked_to() {
        assert_eq!(Profile::ALL.map(|profile| profile.settings().scouting), [true, false, false, false]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_key() {
        let cases = [
            ("bearer = \"lan\"", "bearer = \"wire\"", "mesh.neighbours[0].ways[0].bearer: \"wire\" must be a bearer"),
            ("bearer = \"hf\" }", "bearer = \"lan\" }", "mesh.neighbours[0].ways[1]: \"lan\" is there already"),
            ("name = \"bravo\"", "name = \"alpha\"", "mesh.neighbours[0].name: must be the node.name of another"),
            ("tls/10", "http/10", "mesh.neighbours[0].ways[0].endpoint: \"http/10.0.0.2:7450\" must be PROTOCOL"),
            ("lease-s = 20.0", "lease-s = 0.1", "mesh.bearers[0].lease-s: 0.1 is not within 0.5 to 600"),
            ("tls/10", "tcp/10", "mesh.neighbours[0].ways[0].endpoint: \"tcp/10.0.0.2:7450\" is in the open"),
            (
                "protection = \"none\"\n",
                "",
                "mesh.bearers[0].listen: \"serial//dev/ttyS0#baudrate=9600\" is in the open",
            ),
            ("[\"POL\"]", "[\"pol\"]", "mesh.neighbours[0].clearance.communities: \"pol\" is no code"),
        ];
        for (good, bad, refusal) in cases {
            let said = Config::parse(&MESH.replacen(good, bad, 1)).expect_err(bad).to_string();
            assert!(said.starts_with(refusal), "{said}");
        }
    }
}
