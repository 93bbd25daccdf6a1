//! Which SAPIENT middlewares are told the picture, and how.

use sensor_drivers::sapient::Uuid;
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::mesh::ClearanceConfig;
use super::sensors::within;
use super::{ConfigError, is_name};

/// Ways out to SAPIENT at the most.
///
/// No counter: a configuration with more is refused.
pub const SAPIENT_OUTPUTS_MAX: usize = 16;

/// One way out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SapientOutConfig {
    /// Its name, for the log and the status.
    pub name: String,
    /// The middleware.
    pub endpoint: String,
    /// What those who read there may see.
    pub clearance: ClearanceConfig,
    /// Who this node is to the middleware: a UUID of version 4. Without it, one made of the node's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// A track is told no more often than this, seconds.
    #[serde(default = "default_period")]
    pub period_s: f64,
    /// Detections a second at the most.
    #[serde(default = "default_rate")]
    pub detections_per_second: u32,
}

impl SapientOutConfig {
    /// Host and port of the middleware.
    ///
    /// # Errors
    /// [`ConfigError`] if the endpoint is none for this.
    pub fn server(&self, key: &str) -> Result<String, ConfigError> {
        match self.endpoint.parse() {
            Ok(Endpoint::Tcp(server)) => Ok(server),
            _ => Err(ConfigError::at(
                format!("{key}.endpoint"),
                format!("\"{}\" is no endpoint for SAPIENT; write tcp://HOST:PORT", self.endpoint),
            )),
        }
    }

    /// Who the node of this name is to the middleware.
    #[must_use]
    pub fn id(&self, node: &str) -> Uuid {
        let told = self.node_id.as_ref().and_then(|id| Uuid::parse(id.as_bytes()));
        told.unwrap_or_else(|| Uuid::of_name(&format!("copmesh {node}")).as_version_4())
    }

    fn check(&self, key: &str) -> Result<(), ConfigError> {
        if !is_name(&self.name) {
            return Err(ConfigError::at(format!("{key}.name"), "must be 1 to 32 of a–z, 0–9 and '-'"));
        }
        self.server(key)?;
        self.clearance.clearance(&format!("{key}.clearance"))?;
        if let Some(id) = &self.node_id
            && Uuid::parse(id.as_bytes()).is_none_or(|told| told != told.as_version_4())
        {
            let example = Uuid::of_name(id).as_version_4();
            let message = format!("\"{id}\" is no UUID of version 4; write e.g. \"{example}\"");
            return Err(ConfigError::at(format!("{key}.node-id"), message));
        }
        within(key, "period-s", self.period_s, 0.1, 3600.0)?;
        within(key, "detections-per-second", f64::from(self.detections_per_second), 1.0, 10_000.0)
    }
}

/// Checks all ways out: how many, each by itself, and that their names differ.
///
/// # Errors
/// The first [`ConfigError`].
pub fn check(outputs: &[SapientOutConfig]) -> Result<(), ConfigError> {
    if outputs.len() > SAPIENT_OUTPUTS_MAX {
        let message = format!("{} ways out; at most {SAPIENT_OUTPUTS_MAX} fit one node", outputs.len());
        return Err(ConfigError::at("sapient-out", message));
    }
    for (i, output) in outputs.iter().enumerate() {
        output.check(&format!("sapient-out[{i}]"))?;
        if let Some(j) = outputs[..i].iter().position(|other| other.name == output.name) {
            let message = format!("\"{}\" is already the name of sapient-out[{j}]; names must differ", output.name);
            return Err(ConfigError::at(format!("sapient-out[{i}].name"), message));
        }
    }
    Ok(())
}

const fn default_period() -> f64 {
    1.0
}

const fn default_rate() -> u32 {
    200
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str) -> SapientOutConfig {
        let clearance = "clearance = { level = \"restricted\", communities = [\"POL\"] }";
        toml::from_str(&format!("name = \"hq\"\n{clearance}\n{text}")).expect("of this form")
    }

    fn refusal(text: &str) -> String {
        check(&[output(text)]).map_or_else(|e| e.to_string(), |()| String::new())
    }

    #[test]
    fn a_way_out_is_a_middleware_over_tcp() {
        assert_eq!(refusal("endpoint = \"tcp://apex:5020\""), "");
        for wrong in ["udp://127.0.0.1:5020", "tcp-listen://0.0.0.0:5020", "apex"] {
            let said = refusal(&format!("endpoint = \"{wrong}\""));
            assert!(said.starts_with("sapient-out[0].endpoint") && said.contains("tcp://HOST:PORT"), "{said}");
        }
    }

    #[test]
    fn a_node_is_somebody_else_only_by_another_name_and_never_of_another_version() {
        let output = output("endpoint = \"tcp://apex:5020\"");
        assert_eq!(output.id("alpha"), output.id("alpha"));
        assert_ne!(output.id("alpha"), output.id("bravo"));
        assert_eq!(output.id("alpha"), output.id("alpha").as_version_4());
        let told = |id| refusal(&format!("endpoint = \"tcp://apex:5020\"\nnode-id = \"{id}\""));
        assert_eq!(told("a8654cdf-4328-47de-81fa-c495589e30c8"), "");
        assert!(told("a8654cdf-4328-17de-81fa-c495589e30c8").contains("version 4"));
        assert!(told("alpha").starts_with("sapient-out[0].node-id"));
    }
}
