//! Signed rows as they are deployed: real daemons with keys over real zenoh in network namespaces, a captured relay
//! between them, and a deny-list that the mesh carries to where no authority reaches.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use edge_node::clock::Clock;
use proto::replica::LinkId;
use tests::network::captured::Captured;
use tests::network::keys::Mission;
use tests::network::{Network, Node, Way};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(250);
/// A console is told later than a neighbour, by so many looks at the most however busy the machine is.
const LAG: u32 = 20;

/// So many lies are told before it is judged.
const LIES: u64 = 8;
/// Targets that appear one after another, so that there is always something to tell, and to lie about.
const TARGETS: u8 = 100;

/// Where the target of node a stands; forgers move it by kilometres.
const PLACE: (f64, f64) = (52.05, 21.05);

/// Nodes in a line with keys of one mission; `None` after saying that the test is skipped.
fn line(test: &str, nodes: usize) -> Option<(Network, Mission)> {
    let mut network = Network::new(test, nodes)?;
    let mission = Mission::new(&tests::copmesh_binary(test)?, network.folder().join("mission"));
    for k in 0..nodes {
        network.nodes[k].keys = Some(mission.enrol(&network.nodes[k].name.clone()));
    }
    for k in 1..nodes {
        network.join(k - 1, k, [Way::new("lan", "tls", 7450)]);
    }
    Some((network, mission))
}

/// Waits until something holds; all that helps to see why it does not.
fn until(what: &str, nodes: &[Node], mut holds: impl FnMut() -> bool) {
    let clock = Clock::start();
    let since = clock.now().monotonic;
    while !holds() {
        if clock.now().monotonic.since(since) > PATIENCE {
            let of = |node: &Node| {
                let status = node.ask("status").map(|s| format!("{} {} {}", s["neighbours"], s["keys"], s["counters"]));
                format!("--- {}: {:?}\n{status:?}\n{}", node.name, node.picture(), node.log())
            };
            panic!("not within {PATIENCE:?}: {what}\n{}", nodes.iter().map(of).collect::<Vec<_>>().join("\n"));
        }
        sleep(LOOK);
    }
}

fn counter(node: &Node, name: &str) -> u64 {
    node.ask("status").and_then(|status| status["counters"][name].as_u64()).unwrap_or(0)
}

fn shows(node: &Node, callsign: &str) -> bool {
    node.picture().values().any(|track| track.starts_with(callsign))
}

#[test]
fn what_one_node_signs_reaches_another_over_a_third_and_nobody_is_suspected() {
    let Some((mut network, _)) = line("mesh_signatures_line", 3) else { return };
    network.nodes[0].show("target", PLACE.0, PLACE.1, true);
    network.nodes.iter_mut().for_each(Node::start);
    until("the target at the end of the line", &network.nodes, || shows(&network.nodes[2], "target"));
    let status = network.nodes[2].ask("status").expect("it runs");
    assert_eq!(status["keys"]["signatures"], "required");
    assert!(counter(&network.nodes[2], "mesh_seals_verified") > 0);
    for node in &network.nodes {
        assert_eq!(counter(node, "mesh_forged") + counter(node, "mesh_papers_refused"), 0, "{}", node.name);
    }
}

/// A line of three whose middle was captured and lies to the last; which other tracks that one showed, while so many
/// lies were told. `None` after saying that the test is skipped.
fn lied_to(test: &str, believes: bool) -> Option<(Network, BTreeSet<String>)> {
    let (mut network, _) = line(test, 3)?;
    network.nodes[2].believes = believes;
    let relay = Captured::start(test, &mut network.nodes[1], LinkId(1))?;
    network.nodes[0].start();
    network.nodes[2].start();
    let [a, _, c] = &network.nodes[..] else { panic!("three nodes") };
    let (mut told, mut seen, mut appeared) = (BTreeSet::new(), BTreeSet::new(), 0..TARGETS);
    let mut strange_for = 0;
    // Who it is comes with another row than where it is.
    let look = |seen: &mut BTreeSet<String>| {
        for track in a.picture().into_values() {
            if let Some((_, place)) = track.split_once(' ') {
                seen.insert(format!("? {place}"));
            }
            seen.insert(track);
        }
    };
    until("lies enough, and what comes of them", &network.nodes, || {
        told.extend(c.picture().into_values());
        look(&mut seen);
        strange_for = if told.is_subset(&seen) { 0 } else { strange_for + 1 };
        let came = if believes { strange_for > 0 } else { shows(c, "target") && counter(c, "mesh_forged") > 0 };
        if relay.lies().values().sum::<u64>() >= LIES && came {
            return strange_for > LAG || strange_for == 0;
        }
        if let Some(k) = appeared.next() {
            let [row, column] = [k / 10, k % 10].map(|steps| f64::from(steps) / 50.0);
            a.show(&format!("target{k}"), PLACE.0 + row, PLACE.1 + column, false);
        }
        false
    });
    let strange = told.difference(&seen).cloned().collect();
    println!("{test}: {} packets, lies {:?}, c showed {strange:?}", relay.sent(), relay.lies());
    Some((network, strange))
}

#[test]
fn a_captured_relay_can_neither_move_nor_invent_tracks_and_is_named() {
    let Some((network, strange)) = lied_to("mesh_signatures_captured", false) else { return };
    assert_eq!(strange, BTreeSet::new());
    let c = &network.nodes[2];
    let forged = c.neighbour("b").and_then(|b| b["forged"].as_u64()).unwrap_or(0);
    println!("{forged} forgeries named, {} counted", counter(c, "mesh_forged"));
    assert!(forged > 0 && counter(c, "mesh_forged") > 0);
    assert!(c.log().contains("neighbour b brought what its writer never signed"), "{}", c.log());
}

#[test]
fn whoever_believes_its_neighbours_shows_what_a_captured_relay_forges() {
    let Some((_, strange)) = lied_to("mesh_signatures_believing", true) else { return };
    assert_ne!(strange, BTreeSet::new(), "else the test of those who do not believe shows nothing");
}

#[test]
fn a_deny_list_installed_at_one_node_shuts_the_denied_out_where_no_authority_reaches() {
    let Some((mut network, mission)) = line("mesh_signatures_denied", 4) else { return };
    network.nodes[3].show("lost", PLACE.0, PLACE.1, true);
    network.nodes.iter_mut().for_each(Node::start);
    until("the lost one's track at the far end", &network.nodes, || shows(&network.nodes[0], "lost"));
    let denied = mission.revoke("d");
    mission.run(&["deny-list", "install", &denied, "--keys", &mission.at("a.keys")]);
    let [a, _, c, d] = &network.nodes[..] else { panic!("four nodes") };
    let told = |node: &Node, other: &str| {
        node.neighbour(other).and_then(|neighbour| neighbour["trouble"].as_str().map(str::to_owned)).unwrap_or_default()
    };
    until("c tells that d is denied, and nobody shows its track", &network.nodes, || {
        told(c, "d").contains("its key is on the deny-list (version 1)") && !shows(a, "lost") && !shows(c, "lost")
    });
    until("d is told nothing", &network.nodes, || told(d, "c").contains("it does not speak to this node"));
    let kept = mission.run(&["keys", "--keys", &mission.at("c.keys")]);
    assert!(kept.contains("version 1: d"), "kept for the next start: {kept}");
}
