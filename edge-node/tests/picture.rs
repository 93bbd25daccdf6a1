//! The picture of several nodes: what they agree on, under which numbers, and what is told when that changes.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use edge_node::picture::{Picture, PictureChange, SystemTrack};
use fusion_core::frame::Velocity;
use fusion_core::gaussian::{Covariance, StateVector};
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::identity::{Address, Affiliation, Identity, ObjectClass};
use fusion_core::label::{Code, Codes, Label, Level};
use fusion_core::nalgebra::Vector3;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};
use proto::replica::Change;
use proto::row::assertion::{Hybrid, Said, Saying};
use proto::row::gate::GateWidth;

const NOON: Timestamp = Timestamp::from_secs(1_700_049_600);

fn at(seconds: i64) -> Timestamp {
    NOON + Span::from_secs(seconds)
}

fn origin(node: u64) -> Origin {
    Origin { node: NodeId(node), incarnation: 1 }
}

/// The track of a node with this number: the lower, the older.
fn id(node: u64, number: u64) -> TrackId {
    TrackId { origin: origin(node), number: TrackNumber(number) }
}

fn plane() -> TangentPlane {
    TangentPlane::at(Geodetic::from_degrees(52.0, 21.0, 0.0).unwrap())
}

/// A track at a place (east, north, up; m), with a velocity, known to 10 m and 1 m/s.
fn record(id: TrackId, seconds: i64, place: [f64; 3], velocity: [f64; 3]) -> TrackRecord {
    let sigmas = StateVector::new(10.0, 10.0, 20.0, 1.0, 1.0, 1.0);
    TrackRecord {
        id,
        version: Seq(u64::try_from(seconds + 1_000).unwrap()),
        status: Some(TrackStatus::Confirmed),
        estimate: Estimate {
            time: at(seconds),
            position: plane().to_ecef(fusion_core::frame::Position::from_vector(place.into())),
            velocity: Velocity::from_vector(plane().rotation().tr_mul(&Vector3::from(velocity))),
            covariance: Covariance::from_sigmas(&sigmas).unwrap(),
        },
        identity: Identity { class: ObjectClass::Uav, ..Identity::UNKNOWN },
        label: Label::STRICTEST,
        sensors: vec![format!("radar-{}", id.origin.node.0)],
        updates: 1,
        source_track: false,
        in_common: InCommon { word: false, motion: true },
    }
}

fn row(record: TrackRecord, claim: Option<TrackId>) -> Change {
    Change::Track { record: Box::new(record), claim, gate: GateWidth::Two }
}

fn with_address(mut record: TrackRecord, address: u32) -> TrackRecord {
    record.identity.address = Some(Address::Icao(address));
    record
}

/// Numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// Nearly normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        let sum: u64 = (0..12).map(|_| self.below(1_000_000)).sum();
        f64::from(u32::try_from(sum).unwrap()) / 1e6 - 6.0
    }
}

/// Nodes that hear each other at once, and what each claims.
struct Mesh {
    nodes: BTreeMap<u64, (Picture, BTreeMap<TrackId, TrackId>)>,
    /// What each node told consoles.
    told: BTreeMap<u64, Vec<PictureChange>>,
}

impl Mesh {
    fn of(nodes: impl IntoIterator<Item = u64>) -> Self {
        let picture = |node| (node, (Picture::shared(origin(node)), BTreeMap::new()));
        Self { nodes: nodes.into_iter().map(picture).collect(), told: BTreeMap::new() }
    }

    /// Each record becomes a row with its writer's claim and reaches every node; its writer refines it.
    fn tell(&mut self, record: &TrackRecord) {
        let node = record.id.origin.node.0;
        let claim = self.nodes.get(&node).and_then(|(_, claims)| claims.get(&record.id).copied());
        for (name, (picture, _)) in &mut self.nodes {
            picture.handle_change(&row(record.clone(), claim));
            if *name == node {
                picture.handle_own(record);
            }
        }
    }

    fn gone(&mut self, id: TrackId, time: Timestamp) {
        self.nodes.values_mut().for_each(|(picture, _)| picture.handle_change(&Change::Gone { id, time }));
    }

    fn pass(&mut self, now: Timestamp) {
        for (name, (picture, claims)) in &mut self.nodes {
            for quarter in 0..20 {
                picture.handle_timeout(now + Span::from_millis(50 * quarter));
            }
            claims.extend(std::iter::from_fn(|| picture.poll_claim()));
            let told = self.told.entry(*name).or_default();
            told.extend(std::iter::from_fn(|| picture.poll_change()));
        }
    }

    fn picture(&self, node: u64) -> &Picture {
        &self.nodes[&node].0
    }

    /// What all agree on; they do.
    fn agreed(&self, now: Timestamp) -> BTreeMap<TrackId, SystemTrack> {
        let mut all = self.nodes.values().map(|(picture, _)| picture.agreed(now));
        let first = all.next().unwrap();
        assert!(all.all(|other| other == first));
        first
    }
}

fn members(picture: &BTreeMap<TrackId, SystemTrack>) -> BTreeSet<Vec<TrackId>> {
    picture.values().map(|track| track.members.clone()).collect()
}

/// Objects 400 m apart that fly east, each seen by each of the nodes with its own errors.
fn fly(mesh: &mut Mesh, nodes: &[u64], objects: u64, seconds: std::ops::Range<i64>, chance: &mut Chance) {
    for second in seconds {
        for &node in nodes {
            for object in 0..objects {
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let (n, t) = (object as f64, second as f64);
                let mut error = |sigma: f64| sigma * chance.normal();
                let place = [20.0 * t + error(8.0), 400.0 * n + error(8.0), 100.0 + error(15.0)];
                let velocity = [20.0 + error(0.8), error(0.8), error(0.8)];
                mesh.tell(&record(id(node, 100 * object + node), second, place, velocity));
            }
        }
        mesh.pass(at(second));
    }
}

#[test]
fn the_same_objects_seen_by_three_nodes_are_one_system_track_each() {
    let mut mesh = Mesh::of([1, 2, 3]);
    fly(&mut mesh, &[1, 2, 3], 5, 0..12, &mut Chance(1));
    let agreed = mesh.agreed(at(12));
    assert_eq!(agreed.len(), 5);
    for (object, (number, track)) in (0..).zip(&agreed) {
        assert_eq!(*number, id(1, 100 * object + 1), "the oldest");
        assert_eq!(track.members, [1, 2, 3].map(|node| id(node, 100 * object + node)));
        assert_eq!(track.record.sensors, ["radar-1", "radar-2", "radar-3"]);
        assert!(track.record.estimate.covariance.sigma(0) < 10.0);
    }
    for node in 1..=3 {
        assert_eq!(mesh.picture(node).len(), 5);
        assert!(
            mesh.picture(node)
                .entries()
                .all(|track| track.own == track.members.iter().copied().find(|m| m.origin == origin(node)))
        );
    }
}

#[test]
fn a_number_survives_the_loss_of_its_first_holder() {
    let mut mesh = Mesh::of([1, 2, 3]);
    let mut chance = Chance(2);
    fly(&mut mesh, &[1, 2, 3], 1, 0..12, &mut chance);
    mesh.gone(id(1, 1), at(12));
    mesh.nodes.remove(&1);
    fly(&mut mesh, &[2, 3], 1, 12..30, &mut chance);
    let agreed = mesh.agreed(at(30));
    assert_eq!(agreed.keys().copied().collect::<Vec<_>>(), [id(1, 1)]);
    assert_eq!(agreed[&id(1, 1)].members, [id(2, 2), id(3, 3)]);
    let gone = mesh
        .told
        .get(&2)
        .unwrap()
        .iter()
        .filter(|change| matches!(change, PictureChange::Gone { id: gone, .. } if *gone == id(1, 1)));
    assert_eq!(gone.count(), 0);
}

#[test]
fn two_islands_that_meet_agree_on_the_older_number_and_say_what_it_was_formerly() {
    let (mut west, mut east) = (Mesh::of([1, 2]), Mesh::of([3, 4]));
    let (mut chance, mut other) = (Chance(3), Chance(4));
    fly(&mut west, &[1, 2], 2, 0..12, &mut chance);
    fly(&mut east, &[3, 4], 2, 0..12, &mut other);
    assert_eq!(east.agreed(at(12)).keys().copied().collect::<Vec<_>>(), [id(3, 3), id(3, 103)]);
    west.nodes.append(&mut east.nodes);
    fly(&mut west, &[1, 2, 3, 4], 2, 12..30, &mut chance);
    let agreed = west.agreed(at(30));
    assert_eq!(agreed.keys().copied().collect::<Vec<_>>(), [id(1, 1), id(1, 101)]);
    for node in 1..=4 {
        let told = &west.told[&node];
        let formerly = told.iter().any(|change| {
            let PictureChange::Updated(track) = change else { return false };
            track.id() == id(1, 1) && track.formerly.contains(&id(3, 3))
        });
        let gone =
            told.iter().any(|change| matches!(change, PictureChange::Gone { id: gone, .. } if *gone == id(3, 3)));
        assert!(formerly && gone, "node {node}");
    }
}

#[test]
fn targets_that_cross_do_not_swap() {
    let mut mesh = Mesh::of([1, 2]);
    let mut chance = Chance(5);
    for second in 0..60_i32 {
        let t = f64::from(second) - 30.0;
        for node in 1..=2 {
            let mut error = |sigma: f64| sigma * chance.normal();
            let a = record(
                id(node, 10 + node),
                second.into(),
                [15.0 * t + error(8.0), 6.0 * t + error(8.0), 100.0],
                [15.0, 6.0, 0.0],
            );
            let b = record(
                id(node, 20 + node),
                second.into(),
                [15.0 * t + error(8.0), -6.0 * t + error(8.0), 100.0],
                [15.0, -6.0, 0.0],
            );
            mesh.tell(&a);
            mesh.tell(&b);
        }
        mesh.pass(at(second.into()));
        if second > 8 {
            let together = members(&mesh.agreed(at(second.into())));
            assert_eq!(together, BTreeSet::from([vec![id(1, 11), id(2, 12)], vec![id(1, 21), id(2, 22)]]), "{second}");
        }
    }
}

#[test]
fn targets_of_different_nodes_that_only_pass_each_other_stay_two() {
    let mut mesh = Mesh::of([1, 2]);
    for second in 0..60_i32 {
        let t = f64::from(second) - 30.0;
        mesh.tell(&record(id(1, 1), second.into(), [15.0 * t, 6.0 * t, 100.0], [15.0, 6.0, 0.0]));
        mesh.tell(&record(id(2, 2), second.into(), [15.0 * t, -6.0 * t, 100.0], [15.0, -6.0, 0.0]));
        mesh.pass(at(second.into()));
        assert_eq!(mesh.agreed(at(second.into())).len(), 2, "{second}");
    }
}

#[test]
fn contradictory_addresses_never_join_and_equal_ones_do_at_once() {
    let mut mesh = Mesh::of([1, 2, 3]);
    for second in 0..20 {
        mesh.tell(&with_address(record(id(1, 1), second, [0.0; 3], [0.0; 3]), 0xA1));
        mesh.tell(&with_address(record(id(2, 2), second, [0.0; 3], [0.0; 3]), 0xA2));
        mesh.tell(&with_address(record(id(3, 3), second, [0.0; 3], [0.0; 3]), 0xA2));
        if second == 0 {
            assert_eq!(members(&mesh.agreed(at(0))), BTreeSet::from([vec![id(1, 1)], vec![id(2, 2), id(3, 3)]]));
        }
        mesh.pass(at(second));
    }
    let agreed = mesh.agreed(at(20));
    assert_eq!(agreed.keys().copied().collect::<Vec<_>>(), [id(1, 1), id(2, 2)]);
    assert_eq!(mesh.nodes[&3].1.get(&id(3, 3)), Some(&id(2, 2)), "what an address tells is claimed");
}

#[test]
fn one_address_at_two_distant_places_is_two_objects() {
    let mut mesh = Mesh::of([1, 2]);
    mesh.tell(&with_address(record(id(1, 1), 0, [0.0; 3], [0.0; 3]), 0xA1));
    mesh.tell(&with_address(record(id(2, 2), 0, [5e3, 0.0, 0.0], [0.0; 3]), 0xA1));
    mesh.pass(at(1));
    assert_eq!(mesh.agreed(at(1)).len(), 2);
}

#[test]
fn two_tracks_of_one_tracker_are_two_objects_however_near() {
    let mut mesh = Mesh::of([1]);
    for second in 0..10 {
        mesh.tell(&record(id(1, 1), second, [0.0; 3], [0.0; 3]));
        mesh.tell(&record(id(1, 2), second, [0.0; 3], [0.0; 3]));
        mesh.pass(at(second));
    }
    assert_eq!(mesh.agreed(at(10)).len(), 2);
}

#[test]
fn a_part_that_leaves_takes_a_new_number_and_says_what_it_was() {
    let mut mesh = Mesh::of([1, 2]);
    for second in 0..40_i32 {
        let apart = f64::from((second - 15).max(0)) * 12.0;
        mesh.tell(&record(id(1, 1), second.into(), [0.0; 3], [0.0; 3]));
        mesh.tell(&record(
            id(2, 2),
            second.into(),
            [apart, 0.0, 0.0],
            [if apart > 0.0 { 12.0 } else { 0.0 }, 0.0, 0.0],
        ));
        mesh.pass(at(second.into()));
        if second == 12 {
            assert_eq!(mesh.agreed(at(12)).keys().copied().collect::<Vec<_>>(), [id(1, 1)]);
        }
    }
    assert_eq!(mesh.agreed(at(40)).keys().copied().collect::<Vec<_>>(), [id(1, 1), id(2, 2)]);
    let told = mesh.told[&1].iter().any(|change| {
        matches!(change, PictureChange::Updated(track) if track.id() == id(2, 2) && track.formerly == [id(1, 1)])
    });
    assert!(told);
}

#[test]
fn ten_thousand_arrivals_in_any_order_give_the_same_bits() {
    let mut chance = Chance(7);
    // Of each track, its versions in their order; the last of some is that they went.
    let mut histories: Vec<Vec<Change>> = (0..1_000_u64)
        .map(|n| {
            let track = id(1 + n % 7, 1 + n);
            let object = f64::from(u32::try_from(n / 5).unwrap());
            let mut history = Vec::new();
            for second in 0..10 {
                let mut error = |sigma: f64| sigma * chance.normal();
                let place = [90.0 * object + error(10.0), error(10.0), 100.0];
                let mut record = record(track, second, place, [error(1.0), 0.0, 0.0]);
                if n % 3 == 0 {
                    record = with_address(record, u32::try_from(n / 6).unwrap());
                }
                record.source_track = n % 11 == 0;
                let claimed = 1 + n - n % 5 + chance.below(5);
                history.push(row(record, (chance.below(3) > 0).then(|| id(1 + claimed % 7, claimed))));
            }
            if n % 13 == 0 {
                history.push(Change::Gone { id: track, time: at(10) });
            }
            history.reverse();
            history
        })
        .collect();
    let newest: Vec<Change> = histories.iter().map(|history| history[0].clone()).collect();
    let mut straight = Picture::shared(origin(99));
    newest.iter().for_each(|change| straight.handle_change(change));
    let mut mixed = Picture::shared(origin(98));
    let (mut arrivals, mut seconds) = (0, 0);
    while !histories.is_empty() {
        let k = usize::try_from(chance.below(u64::try_from(histories.len()).unwrap())).unwrap();
        if let Some(change) = histories[k].pop() {
            mixed.handle_change(&change);
            arrivals += 1;
        } else {
            histories.swap_remove(k);
        }
        if arrivals % 400 == 0 {
            seconds += 1;
            mixed.handle_timeout(at(seconds / 10));
        }
        while mixed.poll_change().is_some() {}
    }
    assert!(arrivals > 10_000);
    let (one, other) = (straight.agreed(at(60)), mixed.agreed(at(60)));
    assert!(one.len() < 900 && one.len() > 200, "{}", one.len());
    assert!(one == other, "what is agreed differs");
    // What was composed step by step is what is composed at once.
    (0..400).for_each(|_| mixed.handle_timeout(at(60)));
    let shown: BTreeMap<TrackId, Vec<TrackId>> =
        mixed.entries().map(|track| (track.id(), track.members.clone())).collect();
    let whole: BTreeMap<TrackId, Vec<TrackId>> =
        other.into_iter().map(|(number, track)| (number, track.members)).collect();
    let differing = shown.iter().find(|entry| whole.get(entry.0) != Some(entry.1));
    assert!(differing.is_none() && shown.len() == whole.len(), "{differing:?}");
}

#[test]
fn a_silent_origin_grows_uncertain_then_stale_and_goes() {
    let mut mesh = Mesh::of([1, 2]);
    mesh.tell(&record(id(1, 1), 0, [0.0; 3], [0.0; 3]));
    let mut last = 0.0;
    for second in [10, 30, 60, 120, 300] {
        mesh.pass(at(second));
        let agreed = mesh.agreed(at(second));
        let track = &agreed[&id(1, 1)];
        let sigma = track.record.estimate.covariance.sigma(0);
        assert!(sigma > last && track.stale == (second > 75), "{second}: {sigma}");
        last = sigma;
        let shown = mesh.picture(2).entries().next().unwrap();
        assert_eq!((shown.stale, shown.record.estimate.time), (track.stale, at(second)));
    }
    mesh.gone(id(1, 1), at(600));
    mesh.pass(at(600));
    assert!(mesh.agreed(at(600)).is_empty() && mesh.picture(2).is_empty());
    assert!(matches!(mesh.told[&2].last(), Some(PictureChange::Gone { .. })));
}

#[test]
fn what_is_a_nodes_alone_is_shown_as_its_own_track_to_the_last_bit() {
    let mut picture = Picture::shared(origin(1));
    let coarse = record(id(1, 1), 0, [3.0, 1.0, 0.0], [0.0; 3]);
    let exact = record(id(1, 1), 1, [2.9, 1.1, 0.2], [0.1, 0.0, 0.0]);
    picture.handle_change(&row(coarse.clone(), None));
    let agreed = picture.agreed(at(1));
    picture.handle_own(&exact);
    assert_eq!(picture.entries().next().unwrap().record.estimate, exact.estimate);
    assert_eq!(picture.agreed(at(1)), agreed, "what is agreed is as the rows say");
}

#[test]
fn without_a_mesh_an_own_track_and_a_source_track_of_one_object_become_one_entry() {
    let mut picture = Picture::default();
    let mut changes = Vec::new();
    for second in 0..12 {
        let mut reported = record(id(1, 1), second, [5.0, 0.0, 0.0], [0.0; 3]);
        (reported.source_track, reported.sensors) = (true, vec!["adsb".into()]);
        picture.handle_own(&reported);
        if second > 2 {
            picture.handle_own(&record(id(1, 2), second, [0.0; 3], [0.0; 3]));
        }
        picture.handle_timeout(at(second));
        changes.extend(std::iter::from_fn(|| picture.poll_change()));
    }
    let entries: Vec<&SystemTrack> = picture.entries().collect();
    let [one] = entries[..] else { panic!("{} entries", entries.len()) };
    assert_eq!((one.id(), one.own, one.own_id()), (id(1, 1), Some(id(1, 2)), id(1, 2)));
    assert!(!one.record.source_track, "a track of our own is in it");
    assert_eq!(one.record.estimate, record(id(1, 2), 11, [0.0; 3], [0.0; 3]).estimate);
    assert!(changes.iter().any(|change| matches!(change, PictureChange::Gone { id: gone, .. } if *gone == id(1, 2))));
    // When the report ends, its number stays with the track.
    picture.handle_own(&TrackRecord { version: Seq(5_000), status: None, ..record(id(1, 1), 12, [0.0; 3], [0.0; 3]) });
    assert_eq!(
        picture.entries().map(|track| (track.id(), track.members.clone())).collect::<Vec<_>>(),
        [(id(1, 1), vec![id(1, 2)])]
    );
}

#[test]
fn what_people_say_holds_above_what_sensors_tell() {
    let mut mesh = Mesh::of([1, 2]);
    mesh.tell(&record(id(1, 1), 0, [0.0; 3], [0.0; 3]));
    let label = record(id(1, 1), 0, [0.0; 3], [0.0; 3]).label;
    let (what, node, said) = (Affiliation::Hostile, NodeId(2), Hybrid(1));
    let said = Said { affiliation: Some(Saying { what, node, by: None, said, label }), remark: None };
    for (picture, _) in mesh.nodes.values_mut() {
        picture.handle_change(&Change::Said { subject: id(1, 1), said: Box::new(said.clone()) });
    }
    assert_eq!(mesh.agreed(at(0))[&id(1, 1)].record.identity.affiliation, Affiliation::Hostile);
    assert_eq!(mesh.picture(2).entries().next().unwrap().record.identity.affiliation, Affiliation::Hostile);
}

/// Like [`fly`], one object, seen by each node under a label of its own.
fn fly_labelled(mesh: &mut Mesh, nodes: &[(u64, Label)], seconds: std::ops::Range<i64>, chance: &mut Chance) {
    for second in seconds {
        for (node, label) in nodes {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let place = [20.0 * second as f64 + 8.0 * chance.normal(), 8.0 * chance.normal(), 100.0];
            let record = record(id(*node, *node), second, place, [20.0, 0.0, 0.0]);
            mesh.tell(&TrackRecord { label: *label, ..record });
        }
        mesh.pass(at(second));
    }
}

fn released(level: Level, communities: &[&str]) -> Label {
    let codes = |texts: &[&str]| {
        let mut codes = Codes::EMPTY;
        texts.iter().for_each(|text| assert!(codes.insert(Code::new(text).unwrap())));
        codes
    };
    Label { level, releasable_to: codes(communities), caveats: Codes::EMPTY, originators: codes(&["POL"]) }
}

#[test]
fn nobody_learns_of_a_number_that_he_may_not_know_so_the_stricter_gives_way_though_it_is_older() {
    let (open, secret) = (released(Level::Unclassified, &["POL"]), released(Level::Secret, &["POL"]));
    let mut mesh = Mesh::of([1, 2]);
    fly_labelled(&mut mesh, &[(1, secret), (2, open)], 0..20, &mut Chance(5));
    assert_eq!(mesh.agreed(at(20)).keys().copied().collect::<Vec<_>>(), [id(2, 2)], "one, under what both may know");
    assert_eq!(mesh.nodes[&2].1.get(&id(2, 2)), None, "it claims nothing");
    // What was one with what is withheld does not say so once it stands alone.
    mesh.gone(id(1, 1), at(20));
    mesh.nodes.remove(&1);
    fly_labelled(&mut mesh, &[(2, open)], 20..24, &mut Chance(6));
    let told = mesh.told[&2].iter().filter_map(|change| match change {
        PictureChange::Updated(track) if track.record.label == open => Some(track),
        PictureChange::Updated(_) | PictureChange::Gone { .. } => None,
    });
    assert!(told.clone().count() > 0 && told.into_iter().all(|track| track.formerly.is_empty()));
}

#[test]
fn of_labels_of_which_neither_covers_the_other_each_keeps_its_number() {
    let (pol, gbr) = (released(Level::Restricted, &["POL"]), released(Level::Restricted, &["GBR"]));
    let mut mesh = Mesh::of([1, 2]);
    fly_labelled(&mut mesh, &[(1, pol), (2, Label { originators: gbr.releasable_to, ..gbr })], 0..20, &mut Chance(7));
    assert_eq!(mesh.agreed(at(20)).len(), 2);
    assert!(mesh.nodes.values().all(|(_, claims)| claims.is_empty()));
}
