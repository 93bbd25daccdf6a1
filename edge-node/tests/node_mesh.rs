//! Nodes with neighbours: what one sees the other shows, and nothing of it flows back.

use std::collections::BTreeSet;

use edge_node::config::Config;
use edge_node::node::mesh::{Heard, UNNAMED_FROM};
use edge_node::node::{Node, Output, node_id};
use edge_node::picture::SystemTrack;
use fusion_core::label::{Clearance, Code, Codes, Level};
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId};
use proto::record::TrackRecord;
use proto::replica::{Bearer, LinkEvent, LinkId, Now, ReplicaConfig};

const START: Timestamp = Timestamp::from_secs(1_717_236_000);
const LINK: LinkId = LinkId(3);

fn config(name: &str) -> Config {
    let text = format!(
        "[node]\nname = \"{name}\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n[[sensors]]\nname = \"gps\"\n\
         kind = \"plots\"\nendpoint = \"none\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
         label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n"
    );
    Config::parse(&text).expect("a good configuration")
}

fn now(seconds: f64) -> Now {
    let elapsed = Span::from_secs_f64(seconds);
    Now { validity: START + elapsed, elapsed }
}

fn bearer() -> Bearer {
    let mut communities = Codes::EMPTY;
    assert!(communities.insert(Code::new("POL").expect("a code")));
    let clearance = Clearance { level: Level::Secret, communities, caveats: Codes::EMPTY };
    Bearer { rate_hint: 1e6, mtu: 1200, overhead: 41, clearance, layer: 0 }
}

/// A node and what came out of it.
struct Party {
    node: Node,
    records: Vec<TrackRecord>,
    heard: Vec<Heard>,
    packets: Vec<Vec<u8>>,
    journal: Vec<Vec<u8>>,
    lines: usize,
}

impl Party {
    fn of(node: Node) -> Self {
        let (records, heard, packets, journal) = (vec![], vec![], vec![], vec![]);
        Self { node, records, heard, packets, journal, lines: 0 }
    }

    fn alone(name: &str, incarnation: u32) -> Node {
        Node::new(&config(name), Origin { node: node_id(name), incarnation }).expect("a node")
    }

    fn new(name: &str, incarnation: u32) -> Self {
        let replica = ReplicaConfig { journal: true, ..ReplicaConfig::default() };
        Self::of(Self::alone(name, incarnation).with_mesh(replica, now(0.0)))
    }

    fn drain(&mut self) {
        while let Some(output) = self.node.poll() {
            match output {
                Output::Record(record) => self.records.push(*record),
                Output::Heard(heard) => self.heard.push(*heard),
                Output::Packet { link, bytes } => {
                    assert_eq!(link, LINK);
                    self.packets.push(bytes);
                }
                Output::Journal(entry) => self.journal.push(entry),
                Output::Bearing(_) => self.lines += 1,
                Output::Refused { error, .. } => panic!("{error}"),
                Output::Picture(_) | Output::Transmit { .. } => {}
            }
        }
    }

    fn see(&mut self, line: &str, at: Timestamp) {
        while let Some(due) = self.node.deadline_before(at) {
            self.node.handle_timeout(due);
            self.drain();
        }
        self.node.handle_bytes(SensorId(0), line.as_bytes(), at);
        self.drain();
    }

    fn shown(&self) -> BTreeSet<TrackId> {
        self.node.picture().map(SystemTrack::id).collect()
    }

    fn counter(&self, wanted: &str) -> Option<u64> {
        let mut found = None;
        self.node.counters(&mut |name, count| found = if name == wanted { Some(count) } else { found });
        found
    }
}

/// A plot of a target that goes north with 20 m/s, at a second.
fn plot(second: u32, latitude_deg: f64) -> String {
    let (time, latitude) = (START + Span::from_secs(second.into()), latitude_deg + 1.8e-4 * f64::from(second));
    format!(
        "{{\"time\":{},\"latitude_deg\":{latitude},\"longitude_deg\":21.1,\"horizontal_sigma_m\":5,\
         \"height_m\":300,\"height_sigma_m\":10}}\n",
        time.as_nanos() / 1_000_000_000
    )
}

/// Carries what either says to the other, from one second to another, in steps of a tenth.
fn talk(one: &mut Party, other: &mut Party, from_s: u32, to_s: u32) {
    for tenth in 10 * from_s..10 * to_s {
        let now = now(f64::from(tenth) / 10.0);
        for k in 0..2 {
            let (here, there) = if k == 0 { (&mut *one, &mut *other) } else { (&mut *other, &mut *one) };
            here.node.handle_mesh_timeout(now);
            here.drain();
            for bytes in here.packets.drain(..) {
                there.node.handle_packet(LINK, &bytes, now);
                there.drain();
            }
        }
    }
}

fn met(one: &mut Party, other: &mut Party, at_s: f64) {
    for party in [one, other] {
        party.node.handle_link(LINK, LinkEvent::Up(bearer()), now(at_s));
        party.drain();
    }
}

/// Alpha sees a target for some seconds; both talk meanwhile.
fn alpha_sees(alpha: &mut Party, bravo: &mut Party, seconds: u32) {
    for second in 0..seconds {
        alpha.see(&plot(second, 52.1), START + Span::from_secs(second.into()));
        talk(alpha, bravo, second, second + 1);
    }
}

#[test]
fn what_one_sees_the_other_shows_under_the_same_number() {
    let (mut alpha, mut bravo) = (Party::new("alpha", 1), Party::new("bravo", 1));
    met(&mut alpha, &mut bravo, 0.0);
    alpha_sees(&mut alpha, &mut bravo, 20);
    assert_eq!((alpha.shown().len(), alpha.shown()), (1, bravo.shown()));
    let (own, told) = (alpha.node.picture().next().expect("one"), bravo.node.picture().next().expect("one"));
    let (own, told) = (&own.record, &told.record);
    // The one who sees shows what it knows, the other what it was told: within the gate, and no surer.
    let seconds = (own.estimate.time - told.estimate.time).as_secs_f64();
    let predicted = told.estimate.position.vector() + told.estimate.velocity.vector() * seconds;
    let off = (own.estimate.position.vector() - predicted).norm();
    assert!(off > 1e-6 && off < 30.0, "{off} m after {seconds} s");
    assert_eq!((own.label, &own.sensors), (told.label, &told.sensors));
    assert_eq!(own.estimate, alpha.records.last().expect("published").estimate);
    assert_eq!(bravo.records.len(), 0);
    assert!(bravo.counter("mesh_rows_taken").is_some_and(|taken| taken > 2));
}

#[test]
fn a_track_that_ends_goes_everywhere() {
    let (mut alpha, mut bravo) = (Party::new("alpha", 1), Party::new("bravo", 1));
    met(&mut alpha, &mut bravo, 0.0);
    alpha_sees(&mut alpha, &mut bravo, 10);
    assert_eq!(bravo.shown().len(), 1);
    let later = START + Span::from_secs(400);
    alpha.see("", later);
    talk(&mut alpha, &mut bravo, 400, 402);
    assert_eq!((alpha.shown().len(), bravo.shown().len()), (0, 0));
}

#[test]
fn own_records_are_the_same_with_a_mesh_and_without() {
    let (mut alpha, mut bravo) = (Party::new("alpha", 1), Party::new("bravo", 1));
    let mut alone = Party::of(Party::alone("alpha", 1));
    met(&mut alpha, &mut bravo, 0.0);
    for second in 0..30 {
        let at = START + Span::from_secs(second.into());
        bravo.see(&plot(second, 52.1), at);
        talk(&mut alpha, &mut bravo, second, second + 1);
        // Bytes that waited: the mesh's time is ahead of theirs.
        alpha.see(&plot(second, 52.1), at + Span::from_millis(300));
        alone.see(&plot(second, 52.1), at + Span::from_millis(300));
    }
    assert!(alpha.records.len() > 10 && alpha.records == alone.records);
    assert!(alone.packets.is_empty() && alone.journal.is_empty() && alone.node.poll_mesh_timeout().is_none());
    assert!(alone.node.replica().is_none() && alone.counter("mesh_rows").is_none());
}

#[test]
fn a_line_of_bearing_is_heard_by_the_other_and_not_by_oneself() {
    let (mut alpha, mut bravo) = (Party::new("alpha", 1), Party::new("bravo", 1));
    met(&mut alpha, &mut bravo, 0.0);
    talk(&mut alpha, &mut bravo, 0, 2);
    let at = START + Span::from_secs(2);
    let time = at.as_nanos() / 1_000_000_000;
    let line = |more: &str| format!("{{\"time\":{time},\"azimuth_deg\":84.2,\"azimuth_sigma_deg\":3{more}}}\n");
    alpha.see(&line(""), at);
    alpha.see(&line(",\"frequency_mhz\":2437"), at);
    talk(&mut alpha, &mut bravo, 2, 4);
    assert_eq!((alpha.heard.len(), alpha.lines, bravo.heard.len(), bravo.lines), (0, 2, 2, 0));
    assert!(bravo.heard.iter().all(|heard| (heard.line.azimuth().radians().to_degrees() - 84.2).abs() < 0.1));
    assert!(bravo.heard.iter().all(|heard| heard.origin.node == node_id("alpha") && heard.time == at));
    let named = bravo.heard.iter().filter(|heard| heard.line.emitter < UNNAMED_FROM).count();
    assert_eq!(named, 1);
}

#[test]
fn lines_of_thirty_emitters_do_not_take_each_others_place() {
    let mut alpha = Party::new("alpha", 1);
    let at = START + Span::from_secs(2);
    let time = at.as_nanos() / 1_000_000_000;
    let rows = |party: &Party| party.counter("mesh_rows").expect("it has a mesh");
    let mut hear = |channel: u32| {
        let mhz = 400 + 10 * channel;
        let line = format!("{{\"time\":{time},\"azimuth_deg\":84,\"azimuth_sigma_deg\":3,\"frequency_mhz\":{mhz}}}\n");
        alpha.see(&line, at);
        rows(&alpha)
    };
    let first = hear(0);
    let all = (1..30).map(&mut hear).last().expect("there are some");
    assert_eq!(all - first, 29);
}

#[test]
fn a_node_that_comes_back_shows_what_the_others_had_said() {
    let (mut alpha, mut bravo) = (Party::new("alpha", 1), Party::new("bravo", 1));
    met(&mut alpha, &mut bravo, 0.0);
    alpha_sees(&mut alpha, &mut bravo, 10);
    bravo.node.keep_now();
    bravo.drain();
    let kept = core::mem::take(&mut bravo.journal);
    let mut again = Party::new("bravo", 2);
    assert!(again.node.restore(kept.iter().map(Vec::as_slice)) > 0);
    again.drain();
    assert_eq!((again.shown().len(), again.shown()), (1, alpha.shown()));
}
