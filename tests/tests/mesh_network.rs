//! The mesh as it is deployed: real daemons over real zenoh in network namespaces, links cut and healed. After each heal
//! all pictures agree. Times are printed, not judged.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use edge_node::clock::Clock;
use tests::network::{Network, Node, Way};

/// Cuts of each shape.
const CYCLES: usize = 5;
/// Longer than the lease of the profile: what was connected is not.
const CUT: Duration = Duration::from_millis(3000);
/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// They share two cores, and time them.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn lan(protocol: &str) -> Way {
    Way::new("lan", protocol, 7450)
}

/// Waits until something holds; after how long it did.
fn until(what: &str, clock: &Clock, network: &Network, mut holds: impl FnMut() -> bool) -> Duration {
    let since = clock.now().monotonic;
    while !holds() {
        if clock.now().monotonic.since(since) > PATIENCE {
            panic!("not within {PATIENCE:?}: {what}\n{}", told(network));
        }
        sleep(Duration::from_millis(20));
    }
    clock.now().monotonic.since(since)
}

/// All that helps to see why.
fn told(network: &Network) -> String {
    let of = |node: &Node| {
        let log: Vec<String> = node.log().lines().rev().take(12).map(str::to_owned).collect();
        let log: Vec<String> = log.into_iter().rev().collect();
        let neighbours = node.ask("status").map(|status| status["neighbours"].clone());
        format!("--- {}: {:#?}\n{neighbours:?}\n{}\n", node.name, node.picture(), log.join("\n"))
    };
    network.nodes.iter().map(of).collect()
}

/// Every sensor sees one target more.
fn show(network: &Network, round: usize) {
    for (k, node) in network.nodes.iter().enumerate() {
        let degrees = |index: usize| f64::from(u32::try_from(index).expect("few")) / 10.0;
        node.show(&format!("{}{round}", node.name), 52.0 + degrees(k), 21.0 + degrees(round));
    }
}

/// All show the same, and all that there is.
fn agree(network: &Network, targets: usize) -> bool {
    let mut pictures = network.nodes.iter().map(Node::picture);
    let first: BTreeMap<String, String> = pictures.next().expect("a node");
    first.len() == targets && pictures.all(|picture| picture == first)
}

/// Cuts these links, round by round, lets news come up meanwhile, heals them, and waits until all pictures agree.
fn campaign(name: &str, network: &mut Network, cuts: &[&[usize]]) {
    let clock = Clock::start();
    show(network, 0);
    network.nodes.iter_mut().for_each(Node::start);
    let count = network.nodes.len();
    let first = until("a first picture", &clock, network, || agree(network, count));
    let mut line = format!("{name}, {count} nodes: all agree {:.1} s after the start; after each heal", first.as_secs_f64());
    for round in 1..=CYCLES {
        let cut = cuts[round % cuts.len()];
        cut.iter().for_each(|&link| network.cut(link));
        show(network, round);
        sleep(CUT);
        assert!(cut.is_empty() || !agree(network, count * (round + 1)), "a cut that cuts nothing shows nothing");
        cut.iter().for_each(|&link| network.heal(link));
        let took = until("the same picture", &clock, network, || agree(network, count * (round + 1)));
        line += &format!(" {:.1}", took.as_secs_f64());
    }
    println!("{line} s");
}

#[test]
fn what_a_hears_c_shows_through_b() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_line", 3) else { return };
    let links = [network.join(0, 1, &[lan("tcp")]), network.join(1, 2, &[lan("tcp")])];
    campaign("line", &mut network, &[&links, &links[..1], &links[1..]]);
}
