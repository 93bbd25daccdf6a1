//! What reaches a neighbour: every bit of every packet, held against what its clearance does not permit. Updates, ends,
//! what is caught up after a cut, labels that change, signed and unsigned, over a relay.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use fusion_core::angle::Angle;
use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::label::{Clearance, Code, Codes, Label, Level};
use fusion_core::nalgebra::{Vector3, Vector6};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber, TrackStatus};
use proptest::prelude::*;
use proto::passport::{Passport, SigningKey};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};
use proto::replica::{Bearer, Identity, Keys, LinkEvent, LinkId, Now, Replica, ReplicaConfig, Signatures};
use proto::row::assertion::Hybrid;
use proto::row::{Assertion, Bearing};

/// A level below the third, and which of two communities and one caveat.
type Drawn = (usize, [bool; 2], bool);

fn drawn() -> impl Strategy<Value = Drawn> {
    (0..3_usize, any::<[bool; 2]>(), any::<bool>())
}

fn codes(chosen: &[(&str, bool)]) -> Codes {
    let mut codes = Codes::EMPTY;
    let wanted = chosen.iter().filter(|(_, is)| *is);
    wanted.for_each(|(text, _)| assert!(codes.insert(Code::new(text).unwrap())));
    codes
}

fn clearance((level, communities, caveat): Drawn) -> Clearance {
    let communities = codes(&[("POL", communities[0]), ("GBR", communities[1])]);
    Clearance { level: Level::ALL[level], communities, caveats: codes(&[("NOFORN", caveat)]) }
}

/// A label in which codes stand that no other has.
fn label((level, communities, caveat): Drawn, mark: usize) -> Label {
    Label {
        level: Level::ALL[level],
        releasable_to: codes(&[("POL", communities[0]), ("GBR", communities[1]), (&text("REL", mark), true)]),
        caveats: codes(&[("NOFORN", caveat)]),
        originators: codes(&[(&text("ORG", mark), true)]),
    }
}

/// Seven octets that stand nowhere else.
fn text(what: &str, mark: usize) -> String {
    format!("Z{what}-{mark:02}")
}

const NUMBER: u64 = 0xABCD_EF00_0000_0000;

/// All by which something with this mark could be known, as octets of packets or bits of rows.
fn marks(mark: usize) -> Vec<Vec<u8>> {
    let texts = ["REL", "ORG", "NAM", "SEN", "SAY", "WHO"].map(|what| text(what, mark).into_bytes());
    let number = (NUMBER + mark as u64).to_be_bytes()[1..].to_vec();
    texts.into_iter().chain([number]).collect()
}

/// What of the marks stands in a packet, at any bit.
fn note(packet: &[u8], found: &mut BTreeSet<Vec<u8>>) {
    for shift in 0..8 {
        let pair = |two: &[u8]| (u16::from_be_bytes([two[0], two[1]]) >> (8 - shift)).to_be_bytes()[1];
        let shifted: Vec<u8> = if shift == 0 { packet.to_vec() } else { packet.windows(2).map(pair).collect() };
        let windows = shifted.windows(7);
        found.extend(windows.filter(|seven| seven[0] == b'Z' || seven[..2] == [0xCD, 0xEF]).map(<[u8]>::to_vec));
    }
}

fn at(millis: i64) -> Now {
    let elapsed = Span::from_millis(millis);
    Now { validity: Timestamp::from_secs(1_750_000_000) + elapsed, elapsed }
}

fn keys(node: u64) -> Keys {
    let authority = SigningKey::from_bytes(&[1; 32]);
    let signing_key = SigningKey::from_bytes(&[10 + u8::try_from(node).unwrap(); 32]);
    let (from, until) = (at(-3_600_000).validity, at(86_400_000).validity);
    let key = signing_key.verifying_key().to_bytes();
    let passport = Passport::sign(&authority, (NodeId(node), "node"), key, (from, until)).unwrap();
    Keys { identity: Some(Identity { signing_key, passport }), authority: Some(authority.verifying_key()) }
}

/// Three nodes in a line, and what the packets to each told.
struct Line {
    nodes: Vec<Replica>,
    clearances: Vec<Clearance>,
    told: Vec<BTreeSet<Vec<u8>>>,
}

impl Line {
    fn new(clearances: &[Drawn], signed: bool) -> Self {
        let signatures = if signed { Signatures::Required } else { Signatures::Off };
        let config = ReplicaConfig { signatures, ..ReplicaConfig::default() };
        let node = |k: u64| {
            let replica = Replica::new(Origin { node: NodeId(k), incarnation: 1 }, config, at(0));
            if signed { replica.with_keys(&keys(k)) } else { replica }
        };
        let (nodes, told) = ((1..=3).map(node).collect(), vec![BTreeSet::new(); 3]);
        Self { nodes, clearances: clearances.iter().copied().map(clearance).collect(), told }
    }

    /// The link between a node and the next one comes up or goes down.
    fn link(&mut self, k: usize, up: bool, millis: i64) {
        for (node, link, other) in [(k, 1, k + 1), (k + 1, 0, k)] {
            let clearance = self.clearances[other];
            let bearer = Bearer { rate_hint: 1e5, mtu: 300, overhead: 41, clearance, layer: 1 };
            let event = if up { LinkEvent::Up(bearer) } else { LinkEvent::Down };
            self.nodes[node].handle_link(LinkId(link), event, at(millis));
        }
    }

    /// Links 0 and 1 of each lead to the one before and the one behind it; packets take no time.
    fn run(&mut self, millis: core::ops::Range<i64>) {
        for now in millis.step_by(50).map(at) {
            for k in 0..3 {
                self.nodes[k].handle_timeout(now);
                for (link, to) in [(0, k.checked_sub(1)), (1, Some(k + 1).filter(|to| *to < 3))] {
                    while let Some(bytes) = self.nodes[k].poll_transmit(LinkId(link)) {
                        let to = to.expect("no other link is up");
                        note(&bytes, &mut self.told[to]);
                        let _ = self.nodes[to].handle_packet(LinkId(1 - link), &bytes, now);
                    }
                }
            }
        }
    }

    /// A node publishes its tracks as they are now: each a kilometre from the next, turning every second.
    fn publish(&mut self, k: usize, tracks: &[(usize, Label)], status: Option<TrackStatus>, millis: i64) {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let (seconds, north) = (millis as f64 / 1000.0, |i: usize| 52.0 + 0.01 * i as f64);
        for (i, (mark, label)) in tracks.iter().enumerate() {
            let place = Geodetic::from_degrees(north(i), 21.0, 300.0).unwrap();
            let turning = if millis / 1000 % 2 == 0 { 40.0 } else { -40.0 };
            let estimate = Estimate {
                time: at(millis).validity,
                position: Position::from_vector(place.to_ecef().vector() + Vector3::new(10.0 * seconds, 0.0, 0.0)),
                velocity: Velocity::from_vector(Vector3::new(turning, 10.0, 0.0)),
                covariance: Covariance::from_sigmas(&Vector6::new(9.0, 9.0, 9.0, 1.0, 1.0, 1.0)).unwrap(),
            };
            let origin = Origin { node: NodeId(k as u64 + 1), incarnation: 1 };
            let mut identity = fusion_core::identity::Identity::UNKNOWN;
            identity.name = text("NAM", *mark).parse().ok();
            let record = TrackRecord {
                id: TrackId { origin, number: TrackNumber(NUMBER + (10 * k + i) as u64) },
                version: Seq(u64::try_from(millis).unwrap() + 1),
                status,
                estimate,
                identity,
                label: *label,
                sensors: vec![text("SEN", *mark)],
                updates: 1,
                source_track: false,
                in_common: InCommon::UNKNOWN,
            };
            self.nodes[k].handle_publish(&record, None, at(millis));
        }
    }

    /// Sensors are named, a line is heard, and somebody says something of each track, all under its label.
    fn say(&mut self, k: usize, tracks: &[(usize, Label)], millis: i64) {
        let origin = Origin { node: NodeId(k as u64 + 1), incarnation: 1 };
        for (i, (mark, label)) in tracks.iter().enumerate() {
            self.nodes[k].handle_sensor(&text("SEN", *mark), *label, at(millis));
            let from = Geodetic::from_degrees(52.0, 20.0, 0.0).unwrap();
            let line = Bearing::new(from, Angle::from_degrees(40.0), 0.02, 1, u32::try_from(*mark).unwrap());
            self.nodes[k].handle_bearing(line, at(millis).validity, *label, at(millis));
            let subject = TrackId { origin, number: TrackNumber(NUMBER + (10 * k + i) as u64) };
            let (remark, by) = (text("SAY", *mark).parse().ok(), text("WHO", *mark).parse().ok());
            let said = Assertion { subject, said: Hybrid::default(), affiliation: None, remark, by };
            self.nodes[k].handle_assertion(said, *label, at(millis));
        }
    }

    /// Whether what one node writes under a label comes to another over nodes that may have it.
    fn may_reach(&self, label: &Label, from: usize, to: usize) -> bool {
        let way = if from < to { from + 1..=to } else { to..=from - 1 };
        way.into_iter().all(|k| label.permits(&self.clearances[k]))
    }
}

/// What is withheld from everybody from some time on.
const RAISED: usize = 50;

fn all(tracks: &[Vec<Drawn>], k: usize) -> Vec<(usize, Label)> {
    let marked = tracks[k].iter().enumerate().map(|(i, drawn)| (10 * k + i, *drawn));
    marked.map(|(mark, drawn)| (mark, label(drawn, mark))).collect()
}

/// Everything that can happen to a record on its way, and what each node was told by it.
fn told(clearances: &[Drawn], tracks: &[Vec<Drawn>], signed: bool) -> Line {
    let mut line = Line::new(clearances, signed);
    type Act<'a> = &'a dyn Fn(&mut Line, usize, &[(usize, Label)]);
    let everybody = |line: &mut Line, act: Act<'_>| {
        (0..3).for_each(|k| act(line, k, &all(tracks, k)));
    };
    let confirmed = Some(TrackStatus::Confirmed);
    (0..2).for_each(|k| line.link(k, true, 0));
    everybody(&mut line, &|line, k, own| line.say(k, own, 0));
    for second in 0..16 {
        let millis = 1000 * second;
        // For five seconds the first is cut off from the others; what it missed it catches up.
        if second == 5 || second == 10 {
            line.link(0, second == 10, millis);
        }
        everybody(&mut line, &|line, k, own| line.publish(k, own, confirmed, millis));
        line.run(millis..millis + 1000);
    }
    let raised =
        |own: &[(usize, Label)]| -> Vec<_> { own.iter().map(|(mark, _)| (RAISED + mark, Label::STRICTEST)).collect() };
    everybody(&mut line, &|line, k, own| line.publish(k, &raised(own), confirmed, 16_000));
    everybody(&mut line, &|line, k, own| line.say(k, &raised(own), 16_000));
    line.run(16_000..19_000);
    everybody(&mut line, &|line, k, own| line.publish(k, &raised(own), None, 19_000));
    line.run(19_000..22_000);
    line
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_bit_of_what_a_label_does_not_permit_reaches_a_neighbour(
        clearances in proptest::collection::vec(drawn(), 3),
        tracks in proptest::collection::vec(proptest::collection::vec(drawn(), 1..4), 3),
        signed in any::<bool>(),
    ) {
        let line = told(&clearances, &tracks, signed);
        for (from, to) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 1), (2, 0)] {
            for (mark, label) in all(&tracks, from) {
                let (permitted, reaches) = (label.permits(&line.clearances[to]), line.may_reach(&label, from, to));
                for sign in marks(mark) {
                    let is_told = line.told[to].contains(&sign);
                    prop_assert!(permitted || !is_told, "{} to {to}", String::from_utf8_lossy(&sign));
                    prop_assert!(!reaches || is_told, "{:x?} is for {to}, signed {signed}", sign);
                }
                let later = marks(RAISED + mark).into_iter().find(|sign| line.told[to].contains(sign));
                prop_assert!(later.is_none(), "{later:x?} of what is for nobody, to {to}");
            }
        }
    }
}
