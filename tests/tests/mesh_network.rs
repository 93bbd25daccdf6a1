//! The mesh as it is deployed: real daemons over real zenoh in network namespaces, links cut and healed. After each
//! heal all pictures agree. Times are printed; judged are they with five times the patience, since machines are busy.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::sync::{PoisonError, RwLock};
use std::thread::sleep;
use std::time::Duration;

use edge_node::clock::Clock;
use tests::network::cable::Cable;
use tests::network::radio::Radio;
use tests::network::{Desk, Network, Node, Way};
use tests::world::channel::Quality;

/// Cuts of each shape.
const CYCLES: usize = 5;
/// Longer than the lease of the profile: what was connected over a stream is not.
const CUT: Duration = Duration::from_millis(2500);
/// Longer than anything here takes, on any machine: a handshake of four datagrams, of which a fifth is lost each, may
/// fail many times.
const PATIENCE: Duration = Duration::from_secs(180);

/// Those whose figures have bars have the machine for themselves; the others share it.
static MACHINE: RwLock<()> = RwLock::new(());
/// Machines are busy: a bar is missed for sure by so much only.
const SLACK: f64 = 5.0;

fn lan(protocol: &str) -> Way {
    Way::new("lan", protocol, 7450)
}

/// How often it is looked whether something holds.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until something holds; after how long it did.
fn until(what: &str, clock: &Clock, nodes: &[Node], mut holds: impl FnMut() -> bool) -> Duration {
    let since = clock.now().monotonic;
    while !holds() {
        if clock.now().monotonic.since(since) > PATIENCE {
            panic!("not within {PATIENCE:?}: {what}\n{}", told(nodes));
        }
        sleep(LOOK);
    }
    clock.now().monotonic.since(since)
}

/// All that helps to see why.
fn told(nodes: &[Node]) -> String {
    let of = |node: &Node| {
        let log: Vec<String> = node.log().lines().rev().take(12).map(str::to_owned).collect();
        let log: Vec<String> = log.into_iter().rev().collect();
        let neighbours = node.ask("status").map(|status| status["neighbours"].clone());
        format!("--- {}: {:#?}\n{neighbours:?}\n{}\n", node.name, node.picture(), log.join("\n"))
    };
    nodes.iter().map(of).collect()
}

/// Every sensor sees one target more.
fn show(nodes: &[Node], round: usize) {
    for (k, node) in nodes.iter().enumerate() {
        let degrees = |index: usize| f64::from(u32::try_from(index).expect("few")) / 10.0;
        node.show(&format!("{}{round}", node.name), 52.0 + degrees(k), 21.0 + degrees(round), false);
    }
}

/// All show the same, and all that there is.
fn agree(nodes: &[Node], targets: usize) -> bool {
    let mut pictures = nodes.iter().map(Node::picture);
    let first: BTreeMap<String, String> = pictures.next().expect("a node");
    first.len() == targets && pictures.all(|picture| picture == first)
}

/// Cuts these links, round by round, lets news come up meanwhile, heals them, and waits until all pictures agree.
fn campaign(name: &str, network: &mut Network, cuts: &[&[usize]]) {
    let clock = Clock::start();
    show(&network.nodes, 0);
    network.nodes.iter_mut().for_each(Node::start);
    let count = network.nodes.len();
    let first = until("a first picture", &clock, &network.nodes, || agree(&network.nodes, count));
    let mut line =
        format!("{name}, {count} nodes: all agree {:.1} s after the start; after each heal", first.as_secs_f64());
    for round in 1..=CYCLES {
        let cut = cuts[round % cuts.len()];
        cut.iter().for_each(|&link| network.cut(link));
        show(&network.nodes, round);
        sleep(CUT);
        assert!(cut.is_empty() || !agree(&network.nodes, count * (round + 1)), "a cut that cuts nothing shows nothing");
        cut.iter().for_each(|&link| network.heal(link));
        let took = until("the same picture", &clock, &network.nodes, || agree(&network.nodes, count * (round + 1)));
        line += &format!(" {:.1}", took.as_secs_f64());
    }
    println!("{line} s");
}

#[test]
fn what_a_hears_c_shows_through_b() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_line", 3) else { return };
    let links = [(0, 1), (1, 2)].map(|(a, b)| network.join(a, b, [lan("tcp")])[0]);
    campaign("line", &mut network, &[&links, &links[..1], &links[1..]]);
}

#[test]
fn a_ring_goes_on_the_other_way_round() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_ring", 4) else { return };
    let links = [(0, 1), (1, 2), (2, 3), (3, 0)].map(|(a, b)| network.join(a, b, [lan("tcp")])[0]);
    campaign("ring", &mut network, &[&[links[0], links[2]], &[links[1], links[3]]]);
}

#[test]
fn two_islands_that_meet_come_to_show_the_same() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_islands", 6) else { return };
    for (a, b) in [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)] {
        network.join(a, b, [lan("udp")]);
    }
    let between = [network.join(2, 3, [lan("tcp")])[0], network.join(0, 5, [lan("udp")])[0]];
    campaign("islands", &mut network, &[&between]);
}

#[test]
fn who_is_found_on_a_cable_is_spoken_to() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_camp", 3) else { return };
    let cable = network.camp(&[0, 1, 2]);
    campaign("camp", &mut network, &[&[cable]]);
}

#[test]
fn the_second_bearer_takes_over_and_the_first_is_gone_back_to() {
    let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    let Some(mut network) = Network::new("mesh_network_bearers", 2) else { return };
    let clock = Clock::start();
    let [cable, _radio] = network.join(0, 1, [lan("tcp"), Way::new("radio-64k", "udp", 7451)]);
    let uses = |network: &Network, bearer: &str, kept: usize| {
        let used = |node: usize, other: &str| {
            let neighbour = network.nodes[node].neighbour(other).unwrap_or_default();
            neighbour["bearer"] == bearer
                && neighbour["state"] == "ready"
                && neighbour["kept"].as_array().is_some_and(|all| all.len() == kept)
        };
        used(0, "b") && used(1, "a")
    };
    show(&network.nodes, 0);
    network.nodes.iter_mut().for_each(Node::start);
    until("the cable in use, the radio kept", &clock, &network.nodes, || uses(&network, "lan-tcp", 1));
    until("a first picture", &clock, &network.nodes, || agree(&network.nodes, 2));
    network.cut(cable);
    show(&network.nodes, 1);
    let over = until("news over the radio", &clock, &network.nodes, || agree(&network.nodes, 4));
    assert!(uses(&network, "radio-64k-udp", 0));
    network.heal(cable);
    let back = until("the cable in use again", &clock, &network.nodes, || uses(&network, "lan-tcp", 1));
    show(&network.nodes, 2);
    until("news over the cable", &clock, &network.nodes, || agree(&network.nodes, 6));
    let [over, back] = [over, back].map(|took| took.as_secs_f64());
    println!("bearers: news over the other {over:.1} s after the cut; back {back:.1} s after the heal");
    assert!(over <= TAKEN_OVER_S * SLACK, "{over:.1} s until the second bearer brought news");
}

/// How soon the second bearer brings what the first would have, seconds.
const TAKEN_OVER_S: f64 = 3.0;

#[test]
fn a_radio_that_loses_a_fifth_carries_the_picture() {
    if tests::copmesh_binary("mesh_network_radio").is_none() {
        return;
    }
    println!("9.6 kbit/s, 0.4 s there and back, 20 % loss: seconds until both show the same");
    println!("{:>5} {:>14} {:>14} {:>14}", "", "after start", "cut of 12 s", "cut of 25 s");
    // They wait most of the time, and so disturb nobody whose figures have bars.
    std::thread::scope(|scope| (7..10).for_each(|seed| drop(scope.spawn(move || radio(seed)))));
}

/// How often it is looked at what is told in seconds.
const RADIO_LOOK: Duration = Duration::from_millis(250);

/// Two nodes over such a radio, which is cut for less than any connection is kept, and for longer.
fn radio(seed: u64) {
    let clock = Clock::start();
    let test = format!("mesh_network_radio_{seed}");
    let Some(mut desk) = Desk::new(&test, &[free_port(), free_port()]) else { return };
    let listener = UdpSocket::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound");
    let quality = Quality {
        rate: 9600.0,
        queue: 2400.0,
        delay_s: 0.2,
        jitter_s: 0.02,
        loss: 0.2,
        burst: 1.0,
        doubled: 0.0,
        damaged: 0.0,
        overhead: 28.0,
    };
    let radio = Radio::new(listener, quality, seed);
    let way = Way::new("radio-9k6", "udp", radio.address().port());
    desk.nodes[0].add_neighbour("b", &[(way.clone(), Some("127.0.0.1".into()))]);
    desk.nodes[0].listen(Some("udp/127.0.0.1:0"));
    desk.nodes[1].add_neighbour("a", &[(way, None)]);
    desk.nodes[1].listen(Some(&format!("udp/{listener}")));
    let nodes = &mut desk.nodes;
    show(nodes, 0);
    nodes.iter_mut().for_each(Node::start);
    let agreed = |nodes: &[Node], targets: usize| {
        let looked = || {
            sleep(RADIO_LOOK);
            agree(nodes, targets)
        };
        until("the same picture", &clock, nodes, looked).as_secs_f64()
    };
    let first = agreed(nodes, 2);
    let [short, long] = [(1, 12), (2, 25)].map(|(round, cut_s)| {
        radio.set_open(false);
        show(nodes, round);
        sleep(Duration::from_secs(cut_s));
        radio.set_open(true);
        agreed(nodes, 2 * (round + 1))
    });
    println!("{seed:>5} {first:>14.1} {short:>14.1} {long:>14.1}");
}

#[test]
fn a_serial_line_carries_the_picture_and_comes_back() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let clock = Clock::start();
    let Some(mut desk) = Desk::new("mesh_network_serial", &[free_port(), free_port()]) else { return };
    let line = Cable::new(11_520);
    let way = Way { options: "#baudrate=115200;exclusive=false".into(), ..Way::new("radio-64k", "serial", 0) };
    desk.nodes[0].add_neighbour("b", &[(way.clone(), Some(line.end(0)))]);
    desk.nodes[0].listen(None);
    desk.nodes[1].add_neighbour("a", &[(way.clone(), None)]);
    desk.nodes[1].listen(Some(&way.endpoint(&line.end(1))));
    let nodes = &mut desk.nodes;
    show(nodes, 0);
    nodes.iter_mut().for_each(Node::start);
    let first = until("a first picture", &clock, nodes, || agree(nodes, 2)).as_secs_f64();
    let mut told = format!("serial, 115200 baud: all agree {first:.1} s after the start; after each heal");
    for round in 1..=CYCLES {
        line.set_open(false);
        show(nodes, round);
        sleep(CUT);
        assert!(!agree(nodes, 2 * (round + 1)), "a cut that cuts nothing shows nothing");
        line.set_open(true);
        let took = until("the same picture", &clock, nodes, || agree(nodes, 2 * (round + 1)));
        told += &format!(" {:.1}", took.as_secs_f64());
    }
    println!("{told} s");
}

/// An address that nobody has now.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").to_string()
}

/// How long a link may be silent after it is back, by protocol, seconds.
const BARS: [(&str, f64); 4] = [("tcp", 1.0), ("udp", 2.0), ("tls", 1.0), ("quic", 1.0)];
/// Of different lengths, so that attempts to connect, and what streams repeat, are met at different moments.
const CUTS_MS: [u64; 10] = [1000, 1450, 1800, 2200, 2600, 3000, 3400, 3900, 4300, 5500];

#[test]
fn flow_comes_back_by_itself_over_every_protocol() {
    let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    println!("seconds from the link's return to the first packet, both ways (profile lan)");
    println!("{:<6} {} median worst   bar", "", CUTS_MS.map(|ms| format!("{:>8}", format!("{ms} ms"))).join(""));
    // Two at a time: they wait most of the time, and so hardly disturb each other.
    for pair in BARS.chunks(2) {
        std::thread::scope(|scope| {
            pair.iter().for_each(|&(protocol, bar)| drop(scope.spawn(move || flow(protocol, bar))))
        });
    }
}

/// Cuts a link of this protocol again and again.
fn flow(protocol: &str, bar: f64) {
    let clock = Clock::start();
    let Some(mut network) = Network::new("mesh_network_flow", 2) else { return };
    let Some(options) = options(protocol, &network) else { return };
    let [link] = network.join(0, 1, [Way { options, ..lan(protocol) }]);
    for node in &mut network.nodes {
        node.show(&node.name, 52.0, if node.name == "a" { 21.0 } else { 21.1 }, true);
        node.start();
    }
    until("two tracks on both", &clock, &network.nodes, || agree(&network.nodes, 2));
    if protocol == "tls" {
        network.nodes.iter().for_each(assert_takes_turns);
    }
    let took = CUTS_MS.map(|ms| {
        network.cut(link);
        sleep(Duration::from_millis(ms));
        let before = heard(&network);
        network.heal(link);
        let took = until("packets both ways", &clock, &network.nodes, || {
            heard(&network).iter().zip(&before).all(|(now, before)| now > before)
        });
        took.as_secs_f64()
    });
    let mut sorted = took;
    sorted.sort_by(f64::total_cmp);
    let (median, worst) = (f64::midpoint(sorted[4], sorted[5]), sorted[9]);
    let row = took.map(|took| format!("{took:>8.2}")).join("");
    println!("{protocol:<6} {row} {median:>6.2} {worst:>5.2} {bar:>5.1}");
    assert!(worst <= bar * SLACK, "{protocol}: {worst:.1} s until the link was used again");
}

/// zenoh reads and writes a TLS stream on one thread, and on no other.
fn assert_takes_turns(node: &Node) {
    let threads = node.threads();
    let of = |prefix: &str| threads.iter().filter(|name| name.starts_with(prefix)).count();
    assert_eq!((of("rx-"), of("tx-")), (1, 0), "{threads:?}");
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
    Some(format!("#root_ca_certificate_file={ca};listen_private_key_file={key};listen_certificate_file={certificate}"))
}
