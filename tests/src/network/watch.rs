//! Nodes that are watched until something holds of them all.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use edge_node::clock::Clock;

use super::Node;

/// Longer than anything here takes, on any machine: a handshake of four datagrams, of which a fifth is lost each, may
/// fail many times.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long it waits between one look and the next.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until something holds; after how long it did.
///
/// # Panics
/// If it does not, with all that helps to see why.
pub fn until(what: &str, clock: &Clock, nodes: &[Node], mut holds: impl FnMut() -> bool) -> Duration {
    let since = clock.now().monotonic;
    while !holds() {
        if clock.now().monotonic.since(since) > PATIENCE {
            panic!("not within {PATIENCE:?}: {what}\n{}", told(nodes));
        }
        sleep(LOOK);
    }
    clock.now().monotonic.since(since)
}

fn told(nodes: &[Node]) -> String {
    let of = |node: &Node| {
        let log: Vec<String> = node.log().lines().rev().take(12).map(str::to_owned).collect();
        let log: Vec<String> = log.into_iter().rev().collect();
        let neighbours = node.ask("status").map(|status| status["neighbours"].clone());
        format!("--- {}: {:#?}\n{neighbours:?}\n{}\n", node.name, node.picture(), log.join("\n"))
    };
    nodes.iter().map(of).collect()
}

/// All show the same, and all that there is.
#[must_use]
pub fn agree(nodes: &[Node], targets: usize) -> bool {
    let mut pictures = nodes.iter().map(Node::picture);
    let first: BTreeMap<String, String> = pictures.next().unwrap_or_default();
    first.len() == targets && pictures.all(|picture| picture == first)
}
