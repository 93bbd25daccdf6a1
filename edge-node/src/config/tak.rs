//! Who is told the picture in Cursor on Target, and how: TAK servers, handhelds that connect here, a network.

use core::str::FromStr;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::endpoint::{Endpoint, UdpEndpoint};
use super::mesh::ClearanceConfig;
use super::sensors::within;
use super::{ConfigError, is_name};

/// Ways out to TAK at the most.
///
/// No counter: a configuration with more is refused.
pub const TAK_OUTPUTS_MAX: usize = 16;

/// One way out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TakConfig {
    /// Its name, for the log and the status.
    pub name: String,
    /// Where to.
    pub endpoint: String,
    /// What those who read there may see.
    pub clearance: ClearanceConfig,
    /// The language.
    #[serde(default)]
    pub language: TakLanguage,
    /// A track is told no more often than this, seconds.
    #[serde(default = "default_period")]
    pub period_s: f64,
    /// Events a second at the most, to each receiver.
    #[serde(default = "default_rate")]
    pub events_per_second: u32,
    /// Tracks less certain than this are drawn with the area where they may be, metres (one sigma).
    #[serde(default = "default_area")]
    pub area_above_m: f64,
    /// Where things are that nobody said a kind of.
    #[serde(default)]
    pub unknown: Dimension,
    /// Whoever is on the other side must show a certificate from one of these authorities: a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    /// This node's certificate, a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The key to it, a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The name in the server's certificate, where it is not the host in `endpoint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// In which language events are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakLanguage {
    /// XML, and over a connection protobuf where both sides agree on it.
    #[default]
    Auto,
    /// XML alone.
    Xml,
    /// TAK protocol version 1. Of datagrams only: over a connection it is never spoken unasked.
    Protobuf,
}

/// Where things are that nobody said a kind of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// In the air: what most sensors look for.
    #[default]
    Air,
    /// On the ground.
    Ground,
    /// On the water.
    Surface,
}

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakEndpoint {
    /// Datagrams, to one address or to a group.
    Udp(UdpEndpoint),
    /// A TAK server.
    Tcp(String),
    /// A TAK server that both sides show certificates to.
    Tls(String),
    /// Handhelds that connect here.
    TcpListen(SocketAddr),
    /// The same with certificates.
    TlsListen(SocketAddr),
}

const REMEDY: &str = "write tls://HOST:PORT or tcp://HOST:PORT for a TAK server, tls-listen://ADDRESS:PORT or \
                      tcp-listen://ADDRESS:PORT for handhelds, udp://GROUP:PORT?interface=NAME or udp://ADDRESS:PORT";

impl TakEndpoint {
    /// Whether both sides show certificates.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::TlsListen(_))
    }
}

impl FromStr for TakEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no endpoint for TAK; {REMEDY}");
        let (plain, is_secure) = match text.split_once("://") {
            Some(("tls", rest)) => (format!("tcp://{rest}"), true),
            Some(("tls-listen", rest)) => (format!("tcp-listen://{rest}"), true),
            _ => (text.to_owned(), false),
        };
        match plain.parse().map_err(|_| wrong())? {
            Endpoint::Udp(endpoint) => Ok(Self::Udp(endpoint)),
            Endpoint::Tcp(server) if is_secure => Ok(Self::Tls(server)),
            Endpoint::Tcp(server) => Ok(Self::Tcp(server)),
            Endpoint::TcpListen(address) if is_secure => Ok(Self::TlsListen(address)),
            Endpoint::TcpListen(address) => Ok(Self::TcpListen(address)),
            Endpoint::None | Endpoint::Serial(_) | Endpoint::Http(_) | Endpoint::HttpListen(_) | Endpoint::File(_) => {
                Err(wrong())
            }
        }
    }
}

impl TakConfig {
    /// One without certificates, with what is usual.
    #[must_use]
    pub fn new(name: &str, endpoint: &str, clearance: ClearanceConfig) -> Self {
        Self {
            name: name.to_owned(),
            endpoint: endpoint.to_owned(),
            clearance,
            language: TakLanguage::default(),
            period_s: default_period(),
            events_per_second: default_rate(),
            area_above_m: default_area(),
            unknown: Dimension::default(),
            authority: None,
            certificate: None,
            key: None,
            server_name: None,
        }
    }

    /// The endpoint.
    ///
    /// # Errors
    /// [`ConfigError`] if it is none.
    pub fn parsed_endpoint(&self, key: &str) -> Result<TakEndpoint, ConfigError> {
        self.endpoint.parse().map_err(|message: String| ConfigError::at(format!("{key}.endpoint"), message))
    }

    /// Checks ranges, and that whoever wants certificates has them.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        if !is_name(&self.name) {
            return Err(ConfigError::at(format!("{key}.name"), "must be 1 to 32 of a–z, 0–9 and '-'"));
        }
        let endpoint = self.parsed_endpoint(key)?;
        self.clearance.clearance(&format!("{key}.clearance"))?;
        within(key, "period-s", self.period_s, 0.1, 3600.0)?;
        within(key, "events-per-second", f64::from(self.events_per_second), 1.0, 10_000.0)?;
        within(key, "area-above-m", self.area_above_m, 1.0, 1e7)?;
        if self.language == TakLanguage::Protobuf && !matches!(endpoint, TakEndpoint::Udp(_)) {
            let message = "over a connection protobuf is agreed upon, never spoken unasked: write \"auto\"";
            return Err(ConfigError::at(format!("{key}.language"), message));
        }
        self.check_certificates(key, &endpoint)
    }

    fn check_certificates(&self, key: &str, endpoint: &TakEndpoint) -> Result<(), ConfigError> {
        let files = [("authority", &self.authority), ("certificate", &self.certificate), ("key", &self.key)];
        for (name, file) in files {
            if file.is_some() != endpoint.is_secure() {
                let message = if endpoint.is_secure() {
                    "is missing: with tls both sides show certificates; name a PEM file"
                } else {
                    "is of no use without tls; write tls:// or tls-listen:// in the endpoint"
                };
                return Err(ConfigError::at(format!("{key}.{name}"), message));
            }
        }
        if self.server_name.is_some() && !matches!(endpoint, TakEndpoint::Tls(_)) {
            let message = "is of no use without a server that shows a certificate; write tls:// in the endpoint";
            return Err(ConfigError::at(format!("{key}.server-name"), message));
        }
        Ok(())
    }
}

/// Checks all ways out: how many, each by itself, and that their names differ.
///
/// # Errors
/// The first [`ConfigError`].
pub fn check(outputs: &[TakConfig]) -> Result<(), ConfigError> {
    if outputs.len() > TAK_OUTPUTS_MAX {
        let found = outputs.len();
        return Err(ConfigError::at("tak", format!("{found} ways out; at most {TAK_OUTPUTS_MAX} fit one node")));
    }
    for (i, output) in outputs.iter().enumerate() {
        output.check(&format!("tak[{i}]"))?;
        if let Some(j) = outputs[..i].iter().position(|other| other.name == output.name) {
            let message = format!("\"{}\" is already the name of tak[{j}]; names must differ", output.name);
            return Err(ConfigError::at(format!("tak[{i}].name"), message));
        }
    }
    Ok(())
}

const fn default_period() -> f64 {
    2.0
}

const fn default_rate() -> u32 {
    200
}

const fn default_area() -> f64 {
    500.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let clearance = "clearance = { level = \"restricted\", communities = [\"POL\"] }";
        let output: TakConfig = toml::from_str(&format!("name = \"hq\"\n{clearance}\n{text}")).expect("of this form");
        output.check("tak[0]").map_or_else(|e| e.to_string(), |()| String::new())
    }

    #[test]
    fn a_way_out_is_a_server_handhelds_or_a_network() {
        for endpoint in ["tcp://tak:8087", "tcp-listen://0.0.0.0:8087", "udp://239.2.3.1:6969?interface=eth0"] {
            assert_eq!(refusal(&format!("endpoint = \"{endpoint}\"")), "");
        }
        assert!(refusal("endpoint = \"file:///x\"").starts_with("tak[0].endpoint: \"file:///x\" is no endpoint"));
    }

    #[test]
    fn tls_wants_certificates_and_nothing_else_has_use_for_them() {
        let files = "authority = \"ca.pem\"\ncertificate = \"me.pem\"\nkey = \"me.key\"";
        assert_eq!(refusal(&format!("endpoint = \"tls://tak:8089\"\n{files}")), "");
        assert!(refusal("endpoint = \"tls://tak:8089\"").starts_with("tak[0].authority: is missing"));
        assert!(refusal(&format!("endpoint = \"tcp://tak:8087\"\n{files}")).contains("of no use"));
    }

    #[test]
    fn protobuf_is_never_spoken_unasked() {
        assert!(refusal("endpoint = \"tcp://tak:8087\"\nlanguage = \"protobuf\"").starts_with("tak[0].language"));
        assert_eq!(refusal("endpoint = \"udp://239.2.3.1:6969\"\nlanguage = \"protobuf\""), "");
    }
}
