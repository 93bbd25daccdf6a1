//! Nodes and the links between them. They are read and checked here; what a link does to what crosses it is the
//! business of whoever simulates a mesh.

use serde::Deserialize;

use super::{Spell, SpotSpec};

/// A node: it fuses what its sensors say.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NodeSpec {
    /// What people call it: 1 to 32 of `a–z 0–9 -`.
    pub name: String,
    /// Where it is.
    pub position: SpotSpec,
    /// The sensors that it hears, by name.
    #[serde(default)]
    pub sensors: Vec<String>,
}

/// What connects two nodes, the same both ways.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkSpec {
    /// The two, by name.
    pub between: [String; 2],
    /// How much it carries, kilobits per second; without it, as much as there is.
    pub rate_kbit_s: Option<f64>,
    /// How long a message is under way, milliseconds.
    #[serde(default)]
    pub delay_ms: f64,
    /// Share of messages that are lost, 0 to 1.
    #[serde(default)]
    pub loss: f64,
    /// When it is down.
    #[serde(default)]
    pub cuts: Vec<Spell>,
}
