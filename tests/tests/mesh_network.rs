//! The mesh as it is deployed: real daemons over real zenoh in network namespaces, links cut and healed. After each heal
//! all pictures agree. Times are printed, not judged.

use std::collections::BTreeMap;
use std::process::Command;
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
        node.show(&format!("{}{round}", node.name), 52.0 + degrees(k), 21.0 + degrees(round), false);
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

#[test]
fn a_ring_goes_on_the_other_way_round() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_ring", 4) else { return };
    let links = [(0, 1), (1, 2), (2, 3), (3, 0)].map(|(a, b)| network.join(a, b, &[lan("tcp")]));
    campaign("ring", &mut network, &[&[links[0], links[2]], &[links[1], links[3]]]);
}

#[test]
fn two_islands_that_meet_come_to_show_the_same() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_islands", 6) else { return };
    for (a, b) in [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)] {
        network.join(a, b, &[lan("udp")]);
    }
    let between = [network.join(2, 3, &[lan("tcp")]), network.join(0, 5, &[lan("udp")])];
    campaign("islands", &mut network, &[&between]);
}

/// How long a link may be silent after it is back, by protocol, seconds.
const BARS: [(&str, f64); 4] = [("tcp", 1.0), ("udp", 2.0), ("tls", 1.0), ("quic", 1.0)];
/// Of different lengths, so that attempts to connect are met at different moments.
const CUTS_MS: [u64; 5] = [1000, 2600, 3400, 4300, 5500];

#[test]
fn flow_comes_back_by_itself_over_every_protocol() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let clock = Clock::start();
    println!("seconds from the link's return to the first packet, both ways (profile lan)");
    println!("{:<6} {} {:>6}", "", CUTS_MS.map(|ms| format!("{:>9}", format!("{ms} ms"))).join(""), "bar");
    for (protocol, bar) in BARS {
        let Some(mut network) = Network::new("mesh_network_flow", 2) else { return };
        let Some(options) = options(protocol, &network) else { continue };
        let link = network.join(0, 1, &[Way { options, ..lan(protocol) }]);
        for node in &mut network.nodes {
            node.show(&node.name, 52.0, if node.name == "a" { 21.0 } else { 21.1 }, true);
            node.start();
        }
        until("two tracks on both", &clock, &network, || agree(&network, 2));
        let row = CUTS_MS.map(|ms| {
            network.cut(link);
            sleep(Duration::from_millis(ms));
            let before = heard(&network);
            network.heal(link);
            let took = until("packets both ways", &clock, &network, || {
                heard(&network).iter().zip(&before).all(|(now, before)| now > before)
            });
            format!("{:>9.2}", took.as_secs_f64())
        });
        println!("{protocol:<6} {} {bar:>6.1}", row.join(""));
    }
}

/// What each of two nodes has heard of the other.
fn heard(network: &Network) -> [Option<u64>; 2] {
    [network.nodes[0].bytes_in("b"), network.nodes[1].bytes_in("a")]
}

/// What stands behind an endpoint of this protocol: for TLS and QUIC, where certificates are. `None` after saying that
/// there are none.
fn options(protocol: &str, network: &Network) -> Option<String> {
    if protocol == "tcp" || protocol == "udp" {
        return Some(String::new());
    }
    let file = |name: &str| network.folder().join(name).display().to_string();
    let (ca, ca_key, key, request) = (file("ca.pem"), file("ca.key"), file("node.key"), file("node.csr"));
    let (certificate, extensions) = (file("node.pem"), file("node.ext"));
    std::fs::write(&extensions, "subjectAltName=IP:10.200.0.1,IP:10.200.0.2\n").expect("a file");
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let made = [
        format!("req -x509 {new} -days 2 -subj /CN=ca -keyout {ca_key} -out {ca}"),
        format!("req {new} -subj /CN=node -keyout {key} -out {request}"),
        format!(
            "x509 -req -in {request} -CA {ca} -CAkey {ca_key} -CAcreateserial -days 2 -extfile {extensions} \
             -out {certificate}"
        ),
    ]
    .iter()
    .all(|arguments| Command::new("openssl").args(arguments.split(' ')).output().is_ok_and(|o| o.status.success()));
    if !made {
        tests::skip(&format!("mesh_network_flow, {protocol}"), "openssl made no certificates");
        return None;
    }
    Some(format!(
        "#root_ca_certificate_file={ca};listen_private_key_file={key};listen_certificate_file={certificate}"
    ))
}
