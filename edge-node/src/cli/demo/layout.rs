//! Who hears what, and who is connected with whom: as a scenario says, or dealt out.

use std::time::Duration;

use fusion_core::geodesy::Geodetic;
use sensor_drivers::sim::scenario::{LinkSpec, NodeSpec, Scenario, Spell};

use super::cable::Quality;
use crate::cli::Failure;

/// Nodes of a demo at the most: each is a whole node with its sessions, and all of them share this machine.
///
/// No counter: more are refused.
pub const NODES_MAX: usize = 8;

/// Nodes and what connects them.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The nodes.
    pub nodes: Vec<Party>,
    /// The links.
    pub links: Vec<Line>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// Its name.
    pub name: String,
    /// Where it is; with none, at the scenario's origin.
    pub place: Option<Geodetic>,
    /// Which of the scenario's sensors it hears.
    pub sensors: Vec<usize>,
}

/// A link between two nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which two.
    pub ends: (usize, usize),
    /// What it is like.
    pub quality: Quality,
    /// When it is cut.
    pub cuts: Vec<Spell>,
}

impl Layout {
    /// So many nodes: the scenario's own if it has as many, else its sensors are dealt out in turn to nodes in a ring
    /// whose links are cut one after the other.
    ///
    /// # Errors
    /// [`Failure`] for more nodes than sensors, or than [`NODES_MAX`].
    pub fn of(scenario: &Scenario, count: usize) -> Result<Self, Failure> {
        if count > NODES_MAX || count > scenario.sensors.len() {
            let most = NODES_MAX.min(scenario.sensors.len());
            let name = &scenario.name;
            return Err(Failure::refused(format!("--nodes {count}: {name} has sensors for {most} at the most")));
        }
        Ok(if scenario.nodes.len() == count { Self::written(scenario) } else { Self::dealt(scenario, count) })
    }

    fn written(scenario: &Scenario) -> Self {
        let index = |name: &String| scenario.nodes.iter().position(|node| node.name == *name);
        let line = |link: &LinkSpec| {
            let [a, b] = &link.between;
            let quality = Quality {
                rate_bit_s: link.rate_kbit_s.map(|rate| rate * 1e3),
                delay: Duration::from_secs_f64(link.delay_ms / 1e3),
            };
            Some(Line { ends: (index(a)?, index(b)?), quality, cuts: link.cuts.clone() })
        };
        Self {
            nodes: scenario.nodes.iter().map(|node| party(scenario, node)).collect(),
            links: scenario.links.iter().filter_map(line).collect(),
        }
    }

    fn dealt(scenario: &Scenario, count: usize) -> Self {
        let node = |k: usize| Party {
            name: format!("node-{}", k + 1),
            place: None,
            sensors: (k..scenario.sensors.len()).step_by(count).collect(),
        };
        // Two nodes need one link and not two.
        let links = if count == 2 { 1 } else { count };
        let line = |k: u32| {
            let quality = Quality { rate_bit_s: Some(64e3), delay: Duration::from_millis(40) };
            let begin = 15.0 + 15.0 * f64::from(k);
            let (a, b) = (k as usize, (k as usize + 1) % count);
            Line { ends: (a, b), quality, cuts: vec![Spell { from_s: begin, to_s: begin + 20.0 }] }
        };
        Self { nodes: (0..count).map(node).collect(), links: (0_u32..).map(line).take(links).collect() }
    }
}

fn party(scenario: &Scenario, node: &NodeSpec) -> Party {
    let heard = |name: &String| scenario.sensors.iter().position(|sensor| sensor.name() == name);
    Party {
        name: node.name.clone(),
        place: scenario.locate(&node.position),
        sensors: node.sensors.iter().filter_map(heard).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sensor_drivers::sim::scenario::demo;

    #[test]
    fn every_sensor_is_heard_once_by_nodes_that_are_all_connected() {
        let scenario = demo();
        for count in 2..=scenario.sensors.len() {
            let layout = Layout::of(&scenario, count).expect("sensors for all");
            let mut heard: Vec<usize> = layout.nodes.iter().flat_map(|node| node.sensors.clone()).collect();
            heard.sort_unstable();
            assert_eq!(heard, (0..scenario.sensors.len()).collect::<Vec<_>>(), "{count} nodes");
            let mut reached = vec![0];
            for _ in 0..count {
                for line in &layout.links {
                    let (a, b) = line.ends;
                    for (from, to) in [(a, b), (b, a)] {
                        if reached.contains(&from) && !reached.contains(&to) {
                            reached.push(to);
                        }
                    }
                }
            }
            assert_eq!(reached.len(), count, "{count} nodes");
        }
    }

    #[test]
    fn the_demonstration_has_four_nodes_of_its_own_and_links_that_are_cut() {
        let layout = Layout::of(&demo(), 4).expect("four nodes");
        assert_eq!(layout.nodes[0].name, demo().nodes[0].name);
        assert!(layout.links.iter().any(|line| !line.cuts.is_empty()));
    }

    #[test]
    fn more_nodes_than_sensors_are_refused_with_the_number_that_would_do() {
        let refused = Layout::of(&demo(), 6).expect_err("five sensors");
        assert!(refused.code == 2 && refused.message.contains("5 at the most"), "{}", refused.message);
    }
}
