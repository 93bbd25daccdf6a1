//! How soon flow comes back after a link does: two real daemons over real zenoh, a link between them that is cut again
//! and again, and packets that both hear after each cut.

use std::panic::resume_unwind;
use std::process::Command;
use std::thread::{scope, sleep};
use std::time::Duration;

use edge_node::clock::Clock;

use super::cable::Cable;
use super::watch::until;
use super::{Desk, Network, Node, Way};

/// A kind of link, and how long it may be silent after it is back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// What is spoken over it.
    pub protocol: &'static str,
    /// The profile of the bearers.
    pub profile: &'static str,
    /// Seconds.
    pub bar_s: f64,
}

/// All kinds. A serial line carries neither the packets of a LAN nor as many.
pub const LINKS: [Link; 5] = [
    Link { protocol: "tcp", profile: "lan", bar_s: 1.0 },
    Link { protocol: "udp", profile: "lan", bar_s: 2.0 },
    Link { protocol: "serial", profile: "radio-64k", bar_s: 2.0 },
    Link { protocol: "tls", profile: "lan", bar_s: 1.0 },
    Link { protocol: "quic", profile: "lan", bar_s: 1.0 },
];
/// Of different lengths, so that attempts to connect, and what streams repeat, are met at different moments.
pub const CUTS_MS: [u64; 10] = [1000, 1450, 1800, 2200, 2600, 3000, 3400, 3900, 4300, 5500];
/// They wait most of the time, and so hardly disturb each other.
const AT_ONCE: usize = 3;

/// What was measured on a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Which.
    pub link: Link,
    /// From the return to packets heard both ways, by cut, seconds. What a look takes is in them.
    pub took_s: [f64; CUTS_MS.len()],
    /// How long the longest of those looks took that were timed by themselves, seconds.
    pub look_s: f64,
}

impl Flow {
    /// Half of the cuts were over sooner.
    #[must_use]
    pub fn p50_s(&self) -> f64 {
        let sorted = self.sorted_s();
        f64::midpoint(sorted[(CUTS_MS.len() - 1) / 2], sorted[CUTS_MS.len() / 2])
    }

    /// After the cut that it took longest after.
    #[must_use]
    pub fn longest_s(&self) -> f64 {
        self.sorted_s()[CUTS_MS.len() - 1]
    }

    fn sorted_s(&self) -> [f64; CUTS_MS.len()] {
        let mut sorted = self.took_s;
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Measures all kinds of links, in their order; `None` where it was said that one is skipped.
///
/// # Panics
/// If a link does not come back at all.
#[must_use]
pub fn measured(test: &str) -> Vec<(Link, Option<Flow>)> {
    let some = |links: &[Link]| -> Vec<_> {
        scope(|scope| {
            let started: Vec<_> = links.iter().map(|&link| (link, scope.spawn(move || measure(test, link)))).collect();
            started.into_iter().map(|(link, it)| (link, it.join().unwrap_or_else(|e| resume_unwind(e)))).collect()
        })
    };
    LINKS.chunks(AT_ONCE).flat_map(some).collect()
}

fn measure(test: &str, link: Link) -> Option<Flow> {
    let test = format!("{test}_{}", link.protocol);
    if link.protocol == "serial" { over_a_serial_line(&test, link) } else { over_a_network(&test, link) }
}

fn over_a_network(test: &str, link: Link) -> Option<Flow> {
    let mut network = Network::new(test, 2)?;
    let options = options(test, link.protocol, &network)?;
    let [wire] = network.join(0, 1, [Way { options, ..Way::new(link.profile, link.protocol, 7450) }]);
    start(&mut network.nodes);
    if link.protocol == "tls" {
        network.nodes.iter().for_each(assert_takes_turns);
    }
    Some(cut_and_heal(link, &network.nodes, |open| if open { network.heal(wire) } else { network.cut(wire) }))
}

fn over_a_serial_line(test: &str, link: Link) -> Option<Flow> {
    let (mut desk, line) = serial_desk(test, link.profile)?;
    start(&mut desk.nodes);
    Some(cut_and_heal(link, &desk.nodes, |open| line.set_open(open)))
}

/// Two nodes, not yet running, and a serial line of 115200 baud between them. `None` after saying that `test` is
/// skipped.
#[must_use]
pub fn serial_desk(test: &str, profile: &str) -> Option<(Desk, Cable)> {
    let mut desk = Desk::new(test, 2)?;
    let line = Cable::new(11_520);
    let way = Way { options: "#baudrate=115200;exclusive=false".into(), ..Way::new(profile, "serial", 0) };
    desk.nodes[0].add_neighbour("b", &[(way.clone(), Some(line.end(0)))]);
    desk.nodes[0].listen(None);
    desk.nodes[1].add_neighbour("a", &[(way.clone(), None)]);
    desk.nodes[1].listen(Some(&way.endpoint(&line.end(1))));
    Some((desk, line))
}

/// Starts both, with a target each that gives rise to news, and waits until both have heard of both.
fn start(nodes: &mut [Node]) {
    for node in &mut *nodes {
        node.show(&node.name, 52.0, if node.name == "a" { 21.0 } else { 21.1 }, true);
        node.start();
    }
    // What sways may be two tracks.
    let shows = |node: &Node, name: &str| node.picture().values().any(|target| target.starts_with(name));
    let all = || nodes.iter().all(|node| shows(node, "a ") && shows(node, "b "));
    until("both targets on both", &Clock::start(), nodes, all);
}

fn cut_and_heal(link: Link, nodes: &[Node], set_open: impl Fn(bool)) -> Flow {
    let clock = Clock::start();
    let mut look_s = 0.0_f64;
    let took_s = CUTS_MS.map(|ms| {
        set_open(false);
        sleep(Duration::from_millis(ms));
        let since = clock.now().monotonic;
        let before = heard(nodes);
        look_s = look_s.max(clock.now().monotonic.since(since).as_secs_f64());
        set_open(true);
        let both_more = || heard(nodes).iter().zip(&before).all(|(now, before)| now > before);
        until("packets both ways", &clock, nodes, both_more).as_secs_f64()
    });
    Flow { link, took_s, look_s }
}

/// What each of two nodes has heard of the other.
fn heard(nodes: &[Node]) -> [Option<u64>; 2] {
    [nodes[0].bytes_in("b"), nodes[1].bytes_in("a")]
}

/// zenoh reads and writes a TLS stream on one thread, and on no other.
fn assert_takes_turns(node: &Node) {
    let threads = node.threads();
    let of = |prefix: &str| threads.iter().filter(|name| name.starts_with(prefix)).count();
    assert_eq!((of("rx-"), of("tx-")), (1, 0), "{threads:?}");
}

/// What stands behind an endpoint of this protocol: for TLS and QUIC, where certificates are. `None` after saying that
/// there are none.
fn options(test: &str, protocol: &str, network: &Network) -> Option<String> {
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
        crate::skip(test, "openssl made no certificates");
        return None;
    }
    Some(format!("#root_ca_certificate_file={ca};listen_private_key_file={key};listen_certificate_file={certificate}"))
}
