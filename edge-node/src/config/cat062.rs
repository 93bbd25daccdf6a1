//! Who is told the picture as system tracks of ASTERIX, and how.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::endpoint::{Endpoint, UdpEndpoint};
use super::mesh::ClearanceConfig;
use super::sensors::within;
use super::{ConfigError, is_name};

/// Ways out as ASTERIX at the most.
///
/// No counter: a configuration with more is refused.
pub const CAT062_OUTPUTS_MAX: usize = 16;

/// One way out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cat062Config {
    /// Its name, for the log and the status.
    pub name: String,
    /// Where to: datagrams to an address or a group.
    pub endpoint: String,
    /// What those who read there may see.
    pub clearance: ClearanceConfig,
    /// System area code that this node goes by.
    pub sac: u8,
    /// System identification code that this node goes by.
    pub sic: u8,
    /// The service that is provided.
    #[serde(default = "default_service")]
    pub service: u8,
    /// All tracks are told anew so often, seconds.
    #[serde(default = "default_period")]
    pub period_s: f64,
    /// Tracks a second at the most.
    #[serde(default = "default_rate")]
    pub tracks_per_second: u32,
}

impl Cat062Config {
    /// The endpoint.
    ///
    /// # Errors
    /// [`ConfigError`] if it is none for datagrams.
    pub fn parsed_endpoint(&self, key: &str) -> Result<UdpEndpoint, ConfigError> {
        match self.endpoint.parse() {
            Ok(Endpoint::Udp(endpoint)) => Ok(endpoint),
            _ => Err(ConfigError::at(
                format!("{key}.endpoint"),
                format!(
                    "\"{}\" is no endpoint for ASTERIX; write udp://ADDRESS:PORT or udp://GROUP:PORT?interface=NAME",
                    self.endpoint
                ),
            )),
        }
    }

    /// Time between two tellings.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs_f64(self.period_s)
    }

    /// Tracks within one period at the most.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 0.1 to 6e8")]
    pub fn records_per_period(&self) -> usize {
        (f64::from(self.tracks_per_second) * self.period_s).max(1.0) as usize
    }

    fn check(&self, key: &str) -> Result<(), ConfigError> {
        if !is_name(&self.name) {
            return Err(ConfigError::at(format!("{key}.name"), "must be 1 to 32 of a–z, 0–9 and '-'"));
        }
        self.parsed_endpoint(key)?;
        self.clearance.clearance(&format!("{key}.clearance"))?;
        within(key, "period-s", self.period_s, 0.1, 60.0)?;
        within(key, "tracks-per-second", f64::from(self.tracks_per_second), 1.0, 100_000.0)
    }
}

/// Checks all ways out: how many, each by itself, and that their names differ.
///
/// # Errors
/// The first [`ConfigError`].
pub fn check(outputs: &[Cat062Config]) -> Result<(), ConfigError> {
    if outputs.len() > CAT062_OUTPUTS_MAX {
        let found = outputs.len();
        return Err(ConfigError::at("cat062", format!("{found} ways out; at most {CAT062_OUTPUTS_MAX} fit one node")));
    }
    for (i, output) in outputs.iter().enumerate() {
        output.check(&format!("cat062[{i}]"))?;
        if let Some(j) = outputs[..i].iter().position(|other| other.name == output.name) {
            let message = format!("\"{}\" is already the name of cat062[{j}]; names must differ", output.name);
            return Err(ConfigError::at(format!("cat062[{i}].name"), message));
        }
    }
    Ok(())
}

const fn default_service() -> u8 {
    1
}

const fn default_period() -> f64 {
    4.0
}

const fn default_rate() -> u32 {
    1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str) -> Cat062Config {
        let clearance = "clearance = { level = \"restricted\", communities = [\"POL\"] }";
        toml::from_str(&format!("name = \"atc\"\nsac = 25\nsic = 200\n{clearance}\n{text}")).expect("of this form")
    }

    fn refusal(outputs: &[Cat062Config]) -> String {
        check(outputs).map_or_else(|e| e.to_string(), |()| String::new())
    }

    #[test]
    fn a_way_out_is_an_address_or_a_group() {
        for endpoint in ["udp://239.255.1.2:8600?interface=eth0", "udp://10.0.0.7:8600"] {
            assert_eq!(refusal(&[output(&format!("endpoint = \"{endpoint}\""))]), "");
        }
        let refused = refusal(&[output("endpoint = \"tcp://atc:8600\"")]);
        assert!(refused.starts_with("cat062[0].endpoint: \"tcp://atc:8600\" is no endpoint for ASTERIX"), "{refused}");
    }

    #[test]
    fn ranges_and_names_are_checked() {
        let good = || output("endpoint = \"udp://10.0.0.7:8600\"");
        let slow = Cat062Config { period_s: 61.0, ..good() };
        assert_eq!(refusal(&[slow]), "cat062[0].period-s: 61 is not within 0.1 to 60");
        assert!(refusal(&[good(), good()]).starts_with("cat062[1].name: \"atc\" is already the name of cat062[0]"));
    }

    #[test]
    fn a_period_tells_at_least_one_track() {
        let thin = Cat062Config { period_s: 0.1, tracks_per_second: 1, ..output("endpoint = \"udp://10.0.0.7:8600\"") };
        assert_eq!(thin.records_per_period(), 1);
    }
}
