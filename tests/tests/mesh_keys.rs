//! Who gets onto the mesh with which keys, and what the operators of both sides read: real daemons over real zenoh in
//! network namespaces, keys made by the commands that an operator types.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::Duration;

use edge_node::clock::Clock;
use tests::network::keys::Mission;
use tests::network::{Network, Node, Way};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(500);

/// What node b has in its hands.
#[derive(Clone, Copy, Debug)]
enum Case {
    Right,
    None,
    WrongAuthority,
    Expired,
    Revoked,
    WrongName,
}

/// Each with what the operator of a, who has good keys, reads of it, and what the operator of b does.
const CASES: [(Case, &str, &str); 6] = [
    (Case::Right, "ready", "ready"),
    (Case::None, "it showed no certificate", "it wants a certificate and we show none"),
    (Case::WrongAuthority, "its certificate is of another authority", "its certificate is of another authority"),
    (Case::Expired, "its certificate has expired", "it says that our certificate has expired"),
    (Case::Revoked, "its key is on the deny-list (version 1)", "connected, but it does not speak to this node"),
    (Case::WrongName, "the certificate there names c, not b", "connected, but it does not speak to this node"),
];

#[test]
fn who_has_no_good_keys_is_refused_and_both_sides_say_why() {
    let clock = Clock::start();
    let mut table = format!("{:<9} {:<15} {:<3} what its operator reads\n", "protocol", "b's keys", "on");
    for protocol in ["tls", "quic"] {
        for (case, at_a, at_b) in CASES {
            // Who dials over QUIC is not told what the other side minds.
            let at_b = if protocol == "quic" && matches!(case, Case::None) { "it broke off" } else { at_b };
            let name = format!("{case:?}");
            let Some(mut network) = network(protocol, case) else { return };
            network.nodes.iter_mut().for_each(Node::start);
            let [a, b] = read(&clock, &network, [at_a, at_b]);
            let _ = writeln!(table, "{protocol:<9} {name:<15} a   {a}\n{:<25} b   {b}", "");
        }
    }
    println!("{table}");
}

/// Two nodes with a link between them; `None` after saying that the test is skipped.
fn network(protocol: &str, case: Case) -> Option<Network> {
    let mut network = Network::new("mesh_keys", 2)?;
    let binary = tests::copmesh_binary("mesh_keys")?;
    let mission = Mission::new(&binary, network.folder().join("mission"));
    let way = Way::new("lan", protocol, 7450);
    network.nodes[0].keys = Some(mission.enrol("a"));
    let open = Way { options: blind(&mission.certificate()), ..way.clone() };
    match case {
        Case::None => network.join_apart(0, 1, [way, open]),
        Case::Right | Case::WrongAuthority | Case::Expired | Case::Revoked | Case::WrongName => {
            network.join(0, 1, [way]);
        }
    }
    let b = &mut network.nodes[1];
    match case {
        Case::Right => b.keys = Some(mission.enrol("b")),
        Case::None => b.listen(None),
        Case::WrongAuthority => {
            let other = Mission::new(&binary, network.folder().join("other"));
            network.nodes[1].keys = Some(other.enrol("b"));
        }
        Case::Expired => b.keys = Some(mission.expired("b")),
        Case::Revoked => {
            b.keys = Some(mission.enrol("b"));
            let denied = mission.revoke("b");
            mission.run(&["deny-list", "install", &denied, "--keys", &mission.at("a.keys")]);
        }
        Case::WrongName => {
            b.name = "c".into();
            b.keys = Some(mission.enrol("c"));
        }
    }
    Some(network)
}

/// Endpoint options of one who trusts the authority and shows nothing.
fn blind(authority: &str) -> String {
    format!("#root_ca_certificate_file={authority};verify_name_on_connect=false")
}

/// Waits until the operators of a and of the other node read this; what they read then.
fn read(clock: &Clock, network: &Network, expected: [&str; 2]) -> [String; 2] {
    let since = clock.now().monotonic;
    loop {
        let read = [(0, "b"), (1, "a")].map(|(node, other)| told(&network.nodes[node], other));
        if read.iter().zip(expected).all(|(read, expected)| read.contains(expected)) {
            return read;
        }
        if clock.now().monotonic.since(since) > PATIENCE {
            let logs: Vec<String> = network.nodes.iter().map(Node::log).collect();
            panic!("not read within {PATIENCE:?}: {expected:?}, but {read:?}\n{}", logs.join("\n---\n"));
        }
        sleep(LOOK);
    }
}

/// What a node tells of a neighbour, its trouble if it has one.
fn told(node: &Node, other: &str) -> String {
    let neighbour = node.neighbour(other).unwrap_or_default();
    let text = neighbour["trouble"].as_str().or_else(|| neighbour["state"].as_str());
    text.unwrap_or_default().to_owned()
}

#[test]
fn a_bearer_in_the_open_is_refused_before_anything_runs() {
    let Some(mut network) = Network::new("mesh_keys_open", 2) else { return };
    let Some(binary) = tests::copmesh_binary("mesh_keys_open") else { return };
    let mission = Mission::new(&binary, network.folder().join("mission"));
    network.nodes[0].keys = Some(mission.enrol("a"));
    network.join(0, 1, [Way::new("lan", "tcp", 7450)]);
    let said = network.nodes[0].check();
    println!("{said}");
    assert!(said.contains("\"tcp/0.0.0.0:7450\" is in the open") && said.contains("protection = \"none\""), "{said}");
    assert!(network.nodes[1].check().contains("good"), "it says that it is open");
}

#[test]
fn a_deny_list_that_is_installed_shuts_a_running_neighbour_out() {
    let clock = Clock::start();
    let Some(mut network) = network("tls", Case::Right) else { return };
    network.nodes.iter_mut().for_each(Node::start);
    let _ = read(&clock, &network, ["ready", "ready"]);
    let folder = network.folder().join("mission");
    let mission = Mission::of(&tests::copmesh_binary("mesh_keys_running").expect("it runs"), folder);
    let denied = mission.revoke("b");
    mission.run(&["deny-list", "install", &denied, "--keys", &mission.at("a.keys")]);
    let [a, b] = read(&clock, &network, ["its key is on the deny-list", "connected, but it does not speak"]);
    println!("revoked while running: a reads \"{a}\", b \"{b}\"");
}
