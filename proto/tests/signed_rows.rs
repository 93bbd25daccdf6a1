//! Signed rows between replicas: what counts, what does not, what goes when keys do.

#![allow(clippy::unwrap_used, reason = "tests")]

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::label::{Clearance, Codes, Label, Level};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber};
use proto::passport::{DenyList, KeyId, Passport, PassportError, SigningKey};
use proto::replica::{Bearer, Identity, Keys, LinkEvent, LinkId, Now, Replica, ReplicaConfig, Signatures};
use proto::row::assertion::Hybrid;
use proto::row::{Assertion, Bearing, Kind};

fn at(millis: i64) -> Now {
    let elapsed = Span::from_millis(millis);
    Now { validity: Timestamp::from_secs(1_750_000_000) + elapsed, elapsed }
}

fn authority() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn signing_key(node: u64) -> SigningKey {
    let mut secret = [2; 32];
    secret[..8].copy_from_slice(&node.to_le_bytes());
    SigningKey::from_bytes(&secret)
}

/// A passport of a node for a key, good for so many seconds from the beginning; one that is good for longer is newer.
fn passport(node: u64, key: &SigningKey, seconds: i64) -> Passport {
    let begin = at(0).validity;
    let times = (begin - Span::from_secs(3600) + Span::from_secs(seconds / 1000), begin + Span::from_secs(seconds));
    Passport::sign(&authority(), (NodeId(node), "node"), key.verifying_key().to_bytes(), times).unwrap()
}

fn keys(node: u64, seconds: i64) -> Keys {
    let signing_key = signing_key(node);
    let passport = passport(node, &signing_key, seconds);
    Keys { identity: Some(Identity { signing_key, passport }), authority: Some(authority().verifying_key()) }
}

fn node(node: u64, keys: &Keys) -> Replica {
    node_in(1, node, keys)
}

fn node_in(incarnation: u32, node: u64, keys: &Keys) -> Replica {
    let config = ReplicaConfig { signatures: Signatures::Required, journal: true, ..ReplicaConfig::default() };
    Replica::new(Origin { node: NodeId(node), incarnation }, config, at(0)).with_keys(keys)
}

fn all() -> Codes {
    let mut codes = Codes::EMPTY;
    assert!(codes.insert(fusion_core::label::Code::new("ALL").unwrap()));
    codes
}

fn open() -> Label {
    Label { level: Level::Unclassified, releasable_to: all(), caveats: Codes::EMPTY, originators: Codes::EMPTY }
}

/// A line of nodes that have keys for a day, linked.
fn line<const N: usize>() -> [Replica; N] {
    let mut line = std::array::from_fn(|k| node(k as u64 + 1, &keys(k as u64 + 1, 86_400)));
    link(&mut line);
    line
}

fn link(line: &mut [Replica]) {
    let clearance = Clearance { level: Level::Unclassified, communities: all(), caveats: Codes::EMPTY };
    let bearer = Bearer { rate_hint: 1e5, mtu: 300, overhead: 41, clearance, layer: 0 };
    for k in 1..line.len() {
        line[k - 1].handle_link(LinkId(1), LinkEvent::Up(bearer), at(0));
        line[k].handle_link(LinkId(0), LinkEvent::Up(bearer), at(0));
    }
}

/// Links 0 and 1 of each lead to the one before and the one behind it in the line; packets take no time. What passes
/// between node `cut` and the next is lost.
fn run(line: &mut [Replica], cut: Option<usize>, millis: core::ops::Range<i64>) {
    for now in millis.step_by(50).map(at) {
        for k in 0..line.len() {
            line[k].handle_timeout(now);
            for (link, to) in [(0, k.checked_sub(1)), (1, Some(k + 1))] {
                while let Some(bytes) = line[k].poll_transmit(LinkId(link)) {
                    let lost = cut.is_some() && cut == to.map(|to| to.min(k));
                    if let Some(there) = to.filter(|_| !lost).and_then(|to| line.get_mut(to)) {
                        let _ = there.handle_packet(LinkId(1 - link), &bytes, now);
                    }
                }
            }
        }
    }
}

fn hear(replica: &mut Replica, emitter: u16, millis: i64) {
    let from = Geodetic::from_degrees(52.0, 20.0, 0.0).unwrap();
    let line = Bearing::new(from, Angle::from_degrees(40.0), 0.02, 1, emitter.into());
    replica.handle_bearing(line, at(millis).validity, open(), at(millis));
}

/// How many lines of bearing of a node are held.
fn held(replica: &Replica, node: u64) -> usize {
    let of = replica.table().streams().filter(|(key, _)| key.origin.node == NodeId(node));
    of.map(|(_, stream)| stream.rows_of(Kind::Bearing).count()).sum()
}

#[test]
fn sealed_rows_come_over_relays_and_everybody_knows_that_it_holds_all_of_them() {
    let mut line = line::<3>();
    (0..40).for_each(|emitter| hear(&mut line[0], emitter, 0));
    run(&mut line, None, 0..5_000);
    assert_eq!([held(&line[0], 1), held(&line[1], 1), held(&line[2], 1)], [40; 3]);
    for replica in &line[1..] {
        let (_, stream) = replica.table().streams().find(|(key, _)| key.origin.node == NodeId(1)).unwrap();
        assert_eq!((stream.floor, replica.unsealed()), (stream.top, 0), "floors follow from seals");
        assert!((3..=4).contains(&replica.tally().seals_verified), "{:?}", replica.tally());
    }
}

#[test]
fn what_changes_often_is_written_once_in_an_interval_and_the_ring_of_seals_does_not_grow() {
    let mut line = line::<2>();
    for tenth in 0..1000 {
        (0..3).for_each(|emitter| hear(&mut line[0], emitter, tenth * 100));
        run(&mut line, None, tenth * 100..(tenth + 1) * 100);
    }
    run(&mut line, None, 100_000..103_000);
    let written = line[0].tally().rows_written - line[0].tally().seals_written;
    assert!((290..=306).contains(&written), "{written}");
    let seals = |replica: &Replica| {
        replica.table().streams().map(|(_, stream)| stream.rows_of(Kind::Seal).count()).sum::<usize>()
    };
    assert!(seals(&line[0]) <= 12 && seals(&line[0]) == seals(&line[1]), "{} {}", seals(&line[0]), seals(&line[1]));
}

#[test]
fn rows_without_seals_are_never_taken_in_and_in_time_let_go() {
    let unsigned = Keys { identity: None, ..keys(1, 86_400) };
    let mut line = [node(1, &unsigned), node(2, &keys(2, 86_400))];
    link(&mut line);
    hear(&mut line[0], 1, 0);
    run(&mut line, None, 0..5_000);
    assert_eq!((held(&line[1], 1), line[1].unsealed()), (0, 1));
    run(&mut line, None, 5_000..125_000);
    assert_eq!((held(&line[1], 1), line[1].unsealed(), line[1].tally().unsealed), (0, 0, 1));
}

#[test]
fn after_a_passport_has_expired_new_seals_are_refused_and_what_is_held_lives_on() {
    let mut line = [node(1, &keys(1, 10)), node(2, &keys(2, 86_400))];
    link(&mut line);
    hear(&mut line[0], 1, 0);
    run(&mut line, None, 0..9_000);
    hear(&mut line[0], 2, 10_500);
    run(&mut line, None, 10_500..15_000);
    assert_eq!((held(&line[1], 1), line[1].tally().seals_expired), (1, 1));
    let renewed = passport(1, &signing_key(1), 86_400);
    line[0].handle_passport(renewed, at(15_000)).unwrap();
    hear(&mut line[0], 3, 15_000);
    run(&mut line, None, 15_000..20_000);
    assert!(held(&line[1], 1) >= 2, "the renewed one counts");
}

#[test]
fn a_deny_list_spreads_in_a_part_that_is_cut_off_and_what_the_denied_said_goes() {
    let mut line = line::<4>();
    line.iter_mut().for_each(|replica| hear(replica, 1, 0));
    run(&mut line, None, 0..5_000);
    assert!(line.iter().all(|replica| (1..=4).all(|node| held(replica, node) == 1)));
    let denied = KeyId::of(&signing_key(4).verifying_key().to_bytes());
    let list = DenyList::sign(&authority(), 1, &[denied]).unwrap();
    line[0].handle_deny_list(list, at(5_000)).unwrap();
    run(&mut line, Some(1), 5_000..10_000);
    let of_denied: Vec<usize> = line.iter().map(|replica| held(replica, 4)).collect();
    assert_eq!(of_denied, [0, 0, 1, 1], "in the part of nodes 1 and 2 alone");
    run(&mut line, None, 10_000..20_000);
    hear(&mut line[3], 2, 20_000);
    run(&mut line, None, 20_000..30_000);
    assert_eq!(line.iter().map(|replica| held(replica, 4)).collect::<Vec<_>>(), [0, 0, 0, 2]);
    assert!((1..=3).all(|node| held(&line[2], node) == 1), "others' rows stay");
    assert!(!line[2].is_ready(LinkId(1)), "the denied is no neighbour any more");
    // With new keys it may come back.
    let fresh = SigningKey::from_bytes(&[77; 32]);
    assert_eq!(line[2].handle_passport(passport(4, &fresh, 90_000), at(30_000)), Ok(()));
    assert_eq!(line[2].passport(NodeId(4)).map(|passport| passport.key), Some(fresh.verifying_key().to_bytes()));
}

#[test]
fn papers_of_another_authority_are_refused_and_those_of_ours_survive_a_restart() {
    let mut replica = node(1, &keys(1, 86_400));
    let list = |authority: &SigningKey, version| DenyList::sign(authority, version, &[KeyId([9; 8])]).unwrap();
    let other = SigningKey::from_bytes(&[5; 32]);
    assert_eq!(replica.handle_deny_list(list(&other, 9), at(0)), Err(PassportError::Signature));
    replica.handle_deny_list(list(&authority(), 2), at(0)).unwrap();
    replica.handle_deny_list(list(&authority(), 1), at(0)).unwrap();
    replica.handle_passport(passport(3, &signing_key(3), 500), at(0)).unwrap();
    let journal: Vec<Vec<u8>> = std::iter::from_fn(|| replica.poll_journal()).collect();
    let mut next = node(1, &keys(1, 86_400));
    next.restore(journal.iter().map(Vec::as_slice));
    assert_eq!(next.deny_list().map(|list| list.version), Some(2));
    assert!(next.passport(NodeId(3)).is_some());
}

fn kept(replica: &mut Replica) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| replica.poll_journal()).collect()
}

#[test]
fn what_is_kept_anew_holds_the_papers_too_so_that_nobody_denied_comes_back_with_a_restart() {
    let mut line = line::<3>();
    line.iter_mut().for_each(|replica| hear(replica, 1, 0));
    let denied = KeyId::of(&signing_key(3).verifying_key().to_bytes());
    line[0].handle_deny_list(DenyList::sign(&authority(), 1, &[denied]).unwrap(), at(0)).unwrap();
    run(&mut line, None, 0..20_000);
    let _all_before = kept(&mut line[0]);
    line[0].keep_all();
    assert!(line[0].is_keeping_all());
    let anew = kept(&mut line[0]);
    assert!(!line[0].is_keeping_all());
    let mut next = node_in(2, 1, &keys(1, 86_400));
    assert!(next.restore(anew.iter().map(Vec::as_slice)) > 0);
    assert!(next.deny_list().is_some_and(|list| list.denies(denied)) && next.passport(NodeId(2)).is_some());
    assert_eq!((held(&next, 2), held(&next, 3)), (1, 0));
}

#[test]
fn what_was_said_just_before_a_stop_is_said_again_in_the_next_life_sealed() {
    let subject = TrackId { origin: Origin { node: NodeId(9), incarnation: 1 }, number: TrackNumber(1) };
    let (remark, by) = ("grey van".parse().ok(), "ops".parse().ok());
    let said = Assertion { subject, said: Hybrid::default(), affiliation: None, remark, by };
    let mut before = node(1, &keys(1, 86_400));
    before.handle_assertion(said, open(), at(0));
    before.keep_now();
    let mut line = [node_in(2, 1, &keys(1, 86_400)), node(2, &keys(2, 86_400))];
    line[0].restore(kept(&mut before).iter().map(Vec::as_slice));
    link(&mut line);
    run(&mut line, None, 0..5_000);
    let [remark, told] = [&before, &line[1]].map(|replica| replica.said_of(subject).remark);
    assert!(remark.is_some_and(|remark| remark.what == "grey van"));
    assert_eq!(told.map(|told| (told.what, told.by, told.said.millis())), {
        Some(("grey van".parse().unwrap(), "ops".parse().ok(), at(0).validity.as_millis()))
    });
    run(&mut line, None, 5_000..70_000);
    let lives: Vec<u32> = line[1].table().streams().map(|(key, _)| key.origin.incarnation).collect();
    assert_eq!(lives, [2], "the former life's rows are gone");
}

#[test]
fn a_restarted_node_goes_on_with_the_seals_that_it_kept_and_needs_no_row_again() {
    let mut line = line::<2>();
    (0..40).for_each(|emitter| hear(&mut line[0], emitter, 0));
    run(&mut line, None, 0..20_000);
    let entries = kept(&mut line[1]);
    let mut next = node_in(2, 2, &keys(2, 86_400));
    next.restore(entries.iter().map(Vec::as_slice));
    let (_, stream) = next.table().streams().find(|(key, _)| key.origin.node == NodeId(1)).unwrap();
    assert_eq!((held(&next, 1), stream.floor), (40, stream.top));
    line[1] = next;
    line[0].handle_link(LinkId(1), LinkEvent::Down, at(20_000));
    link(&mut line);
    let before = line[0].tally().rows_written;
    hear(&mut line[0], 50, 20_000);
    run(&mut line, None, 20_000..25_000);
    assert_eq!((held(&line[1], 1), line[1].unsealed()), (41, 0));
    assert_eq!(line[1].tally().rows_taken, line[0].tally().rows_written - before, "what is new, and its seal");
}

/// All that a node holds of another: rows and their versions.
fn versions(replica: &Replica, node: u64) -> Vec<(proto::row::RowKey, u32)> {
    let of = replica.table().streams().filter(|(key, _)| key.origin.node == NodeId(node));
    of.flat_map(|(_, stream)| stream.rows().map(|(key, held)| (key, held.version)).collect::<Vec<_>>()).collect()
}

/// Runs a line of two in which packets to the second are kept, greetings aside; they come to it as well unless `held`.
fn capture(line: &mut [Replica; 2], held: bool, millis: core::ops::Range<i64>) -> Vec<Vec<u8>> {
    let mut captured = Vec::new();
    for now in millis.step_by(50).map(at) {
        for k in 0..2 {
            line[k].handle_timeout(now);
            while let Some(bytes) = line[k].poll_transmit([LinkId(1), LinkId(0)][k]) {
                let is_kept = k == 0 && matches!(bytes[0], 0x31 | 0x32);
                if !(is_kept && held) {
                    let _ = line[1 - k].handle_packet([LinkId(0), LinkId(1)][k], &bytes, now);
                }
                captured.extend(is_kept.then_some(bytes));
            }
        }
    }
    captured
}

#[test]
fn packets_that_are_sent_again_change_nothing_and_are_counted() {
    let mut line = line::<2>();
    hear(&mut line[0], 1, 0);
    let captured = capture(&mut line, false, 0..5_000);
    let (before, tally) = (versions(&line[1], 1), *line[1].tally());
    assert!(before.len() > 1 && !captured.is_empty());
    let replay = |receiver: &mut Replica, packets: &[Vec<u8>], now| {
        for packet in packets {
            let _ = receiver.handle_packet(LinkId(0), packet, now);
        }
    };
    replay(&mut line[1], &captured, at(5_000));
    let doubled = line[1].tally().packets_doubled - tally.packets_doubled;
    assert_eq!((versions(&line[1], 1), doubled), (before, captured.len() as u64), "in the same session");
    // What was held back comes when its writer has long said something newer.
    hear(&mut line[0], 1, 5_000);
    let late = capture(&mut line, true, 5_000..6_500);
    hear(&mut line[0], 1, 6_500);
    capture(&mut line, false, 6_500..8_000);
    let (before, older) = (versions(&line[1], 1), line[1].tally().rows_older);
    replay(&mut line[1], &late, at(8_000));
    assert_eq!(versions(&line[1], 1), before);
    assert!(line[1].tally().rows_older > older, "{:?}", line[1].tally());
    for (node, down) in [(0, 1), (1, 0)] {
        line[node].handle_link(LinkId(down), LinkEvent::Down, at(8_000));
    }
    link(&mut line);
    run(&mut line, None, 8_000..12_000);
    let (before, strange) = (versions(&line[1], 1), line[1].tally().packets_strange);
    replay(&mut line[1], &captured, at(12_000));
    let strange = line[1].tally().packets_strange - strange;
    assert_eq!((versions(&line[1], 1), strange), (before, captured.len() as u64), "in a later session");
    assert_eq!(line[1].tally().forged, 0, "its writer did write it");
}

#[test]
fn sealed_rows_that_a_captured_relay_says_again_after_their_lifetime_are_refused_and_counted() {
    let mut before = line::<2>();
    (0..5).for_each(|emitter| hear(&mut before[0], emitter, 0));
    run(&mut before, None, 0..3_000);
    let [_, mut relay] = before;
    assert_eq!(held(&relay, 1), 5);
    // Who holds nothing yet believes seals alone, and these are good; the relay lives in the past.
    let mut fresh = node(3, &keys(3, 86_400));
    let clearance = Clearance { level: Level::Unclassified, communities: all(), caveats: Codes::EMPTY };
    let bearer = Bearer { rate_hint: 1e5, mtu: 300, overhead: 41, clearance, layer: 0 };
    let late = 3_600_000;
    relay.handle_link(LinkId(1), LinkEvent::Up(bearer), at(3_000));
    fresh.handle_link(LinkId(0), LinkEvent::Up(bearer), at(late));
    for millis in (0..5_000).step_by(50) {
        relay.handle_timeout(at(3_000 + millis));
        fresh.handle_timeout(at(late + millis));
        while let Some(bytes) = relay.poll_transmit(LinkId(1)) {
            let _ = fresh.handle_packet(LinkId(0), &bytes, at(late + millis));
        }
        while let Some(bytes) = fresh.poll_transmit(LinkId(0)) {
            let _ = relay.handle_packet(LinkId(1), &bytes, at(3_000 + millis));
        }
    }
    // Five rows, and their seal.
    assert_eq!((held(&fresh, 1), fresh.tally().rows_expired, fresh.tally().forged), (0, 6, 0), "{:?}", fresh.tally());
    assert!(fresh.tally().seals_verified > 0);
}
