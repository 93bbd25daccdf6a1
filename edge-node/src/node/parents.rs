//! Which objects of other systems this node's tracks were made from: for those who are told the picture and know those
//! objects by name, so that they need not show one thing twice.
//!
//! A sensor's own system may have names for what it sees ([`ObjectName`]). The tracker knows measurements and no names;
//! its trail ([`fusion_core::trail`]) tells which measurement was more likely a track's than all else together. An
//! object is a parent of the track that took it last, for as long as the object is heard of. What a late scan has done
//! again shows with the object's next report.

use std::collections::BTreeMap;

use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId};
use fusion_core::trail::{Decision, Entry, TrailView};
use sensor_drivers::decoder::ObjectName;

/// Objects that are remembered at the most. The one that was silent longest is forgotten for a new one.
///
/// Counter: `parents_forgotten`.
pub const PARENTS_MAX: usize = 4_096;

/// Entries that a node lends its tracker when parents are wanted: the decisions of one scan, and of those behind it
/// that are done again when it comes late. What is overrun is counted as `parents_overrun`.
pub const PARENT_TRAIL_ENTRIES: usize = 1 << 14;

/// An object that was not heard of for so long is a parent no more.
const LASTS: Span = Span::from_secs(30);

/// From this share on a measurement is more likely the track's than all the rest together.
const CERTAIN: f32 = 0.5;

/// An object of another system that a track was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// What that system calls it.
    pub name: ObjectName,
    /// When it was there, as was told last.
    pub time: Timestamp,
}

/// The parents of all tracks of this node.
#[derive(Clone, Debug, Default)]
pub struct Parents {
    children: BTreeMap<ObjectName, Child>,
    /// How far the tracker's trail was read.
    read: u64,
    parents_forgotten: u64,
    parents_overrun: u64,
}

/// What became of an object's latest report.
#[derive(Clone, Copy, Debug)]
struct Child {
    track: TrackId,
    time: Timestamp,
    heard: Timestamp,
}

/// A scan whose measurements have names, each at its measurement's place.
#[derive(Clone, Copy, Debug)]
pub struct NamedScan<'a> {
    /// Whose.
    pub sensor: SensorId,
    /// The sensor's count of its scans.
    pub sequence: u64,
    /// When it was true.
    pub time: Timestamp,
    /// The names.
    pub names: &'a [Option<ObjectName>],
}

impl Parents {
    /// Takes in what the tracker has just decided of a scan.
    pub fn handle_scan(&mut self, scan: &NamedScan<'_>, trail: TrailView<'_>, origin: Origin, now: Timestamp) {
        if scan.names.iter().any(Option::is_some) {
            let mut overrun = trail.noted() - self.read;
            for entry in trail.since(self.read) {
                overrun -= 1;
                if (entry.sensor, entry.sequence) != (Some(scan.sensor), scan.sequence) {
                    continue;
                }
                let named = taken(entry).and_then(|place| scan.names.get(usize::from(place)).copied().flatten());
                if let Some((name, number)) = named.zip(entry.track) {
                    self.note(name, TrackId { origin, number }, scan.time, now);
                }
            }
            self.parents_overrun += overrun;
        }
        self.read = trail.noted();
    }

    /// An object was told of, and this is its track.
    pub fn note(&mut self, name: ObjectName, track: TrackId, time: Timestamp, now: Timestamp) {
        if self.children.len() >= PARENTS_MAX && !self.children.contains_key(&name) {
            let silent = self.children.iter().min_by_key(|(name, child)| (child.heard, **name)).map(|(name, _)| *name);
            silent.and_then(|name| self.children.remove(&name));
            self.parents_forgotten += 1;
        }
        self.children.insert(name, Child { track, time, heard: now });
    }

    /// Lets time pass: what is silent is forgotten.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.children.retain(|_, child| now - child.heard <= LASTS);
    }

    /// The parents of each track that has any, those told of last first.
    #[must_use]
    pub fn by_track(&self) -> BTreeMap<TrackId, Vec<Parent>> {
        let mut by_track: BTreeMap<TrackId, Vec<Parent>> = BTreeMap::new();
        for (name, child) in &self.children {
            by_track.entry(child.track).or_default().push(Parent { name: *name, time: child.time });
        }
        by_track.values_mut().for_each(|parents| parents.sort_by_key(|parent| core::cmp::Reverse(parent.time)));
        by_track
    }

    /// Names every counter, in a fixed order.
    pub fn each_counter(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("parents", self.children.len() as u64);
        each("parents_forgotten", self.parents_forgotten);
        each("parents_overrun", self.parents_overrun);
    }
}

/// The place of the measurement that a track took, if a decision says so.
fn taken(entry: &Entry) -> Option<u16> {
    let is_certain = matches!(entry.decision, Decision::Weighed { beta, .. } if beta >= CERTAIN);
    let is_founder = matches!(entry.decision, Decision::Founded { .. } | Decision::Branched { .. });
    entry.ordinal.filter(|_| is_certain || is_founder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::node::{Link, Node, node_id};
    use fusion_core::geodesy::Geodetic;
    use fusion_core::track::{NodeId, TrackNumber};
    use sensor_drivers::decoder::{HorizontalError, Place, Point};
    use sensor_drivers::sapient::encode::{About, Sender, Sighting};
    use sensor_drivers::sapient::{Ulid, Uuid};

    const START: Timestamp = Timestamp::from_secs(1_717_236_000);

    fn name(object: u128) -> ObjectName {
        ObjectName { node: Uuid::of_name("drone-radar").as_version_4(), object: Ulid(object) }
    }

    fn track(number: u64) -> TrackId {
        TrackId { origin: Origin { node: NodeId(1), incarnation: 1 }, number: TrackNumber(number) }
    }

    #[test]
    fn an_object_is_a_parent_of_whoever_took_it_last_until_it_is_silent() {
        let mut parents = Parents::default();
        parents.note(name(7), track(1), START, START);
        parents.note(name(8), track(1), START + Span::from_secs(1), START);
        parents.note(name(7), track(2), START + Span::from_secs(2), START + Span::from_secs(20));
        let of = |parents: &Parents, number| -> Vec<u128> {
            let all = parents.by_track().remove(&track(number)).unwrap_or_default();
            all.iter().map(|parent| parent.name.object.0).collect()
        };
        assert_eq!((of(&parents, 1), of(&parents, 2)), (vec![8], vec![7]));
        parents.handle_timeout(START + Span::from_secs(31));
        assert_eq!((of(&parents, 1), of(&parents, 2)), (vec![], vec![7]));
    }

    #[test]
    fn without_end_of_objects_the_memory_ends_and_it_is_counted() {
        let mut parents = Parents::default();
        for (object, second) in (0..).zip(0..).take(PARENTS_MAX + 10) {
            parents.note(name(object), track(1), START, START + Span::from_millis(second));
        }
        let mut counters = Vec::new();
        parents.each_counter(&mut |name, count| counters.push((name, count)));
        let full = [("parents", PARENTS_MAX as u64), ("parents_forgotten", 10), ("parents_overrun", 0)];
        assert_eq!(counters, full);
        assert!(!parents.children.contains_key(&name(0)), "the oldest went");
    }

    const CONFIG: &str = r#"
        [node]
        name = "alpha"
        latitude-deg = 52.0
        longitude-deg = 21.0

        [[sensors]]
        name = "drones"
        kind = "sapient"
        endpoint = "tcp-listen://127.0.0.1:0"
        label = { level = "unclassified", originator = "POL" }
    "#;

    const OUT: &str = r#"
        [[sapient-out]]
        name = "hq"
        endpoint = "tcp://127.0.0.1:9"
        clearance = { level = "unclassified", communities = ["POL"] }
    "#;

    /// A node that hears a sensor node tell of two objects that stand two kilometres apart, twice a second.
    fn told(config: &str, about: &About<'_>) -> Node {
        let config = Config::parse(config).expect("a good configuration");
        let mut node = Node::new(&config, Origin { node: node_id("alpha"), incarnation: 1 }).expect("good");
        let mut sender = Sender::new(name(0).node, 1);
        let point = |north_deg: f64| Point {
            position: Geodetic::from_degrees(52.0 + north_deg, 21.02, 200.0).expect("a place"),
            horizontal: HorizontalError::round(5.0),
            vertical_sigma_m: Some(10.0),
            velocity: None,
        };
        node.handle_arrival(SensorId(0), Link::default(), &crate::node::Arrival::Opened, START);
        for look in 0..20 {
            let now = START + Span::from_millis(500 * look);
            let mut bytes = Vec::new();
            if look == 0 {
                bytes.extend(sender.registration(about, now));
            }
            for (object, north_deg) in [(7, 0.01), (8, 0.03)] {
                let place = Place::Geodetic(point(north_deg));
                let sighting = Sighting { object: Ulid(object), place: &place, class: None, signal: None, name: None };
                bytes.extend(sender.detection(&sighting, now));
            }
            node.handle_bytes(SensorId(0), &bytes, now);
            while node.poll().is_some() {}
            node.handle_timeout(now);
            while node.poll().is_some() {}
        }
        node
    }

    /// Of each entry of the picture, how far north it is and what its parents are called.
    fn seen(node: &Node) -> Vec<(i64, Vec<u128>)> {
        let parents = node.parents();
        let seen = node.picture().map(|track| {
            let place = Geodetic::from_ecef(track.record.estimate.position);
            let names = parents.get(&track.own_id()).into_iter().flatten().map(|parent| parent.name.object.0);
            #[expect(clippy::cast_possible_truncation, reason = "hundredths of a degree")]
            let north = (100.0 * (place.latitude_deg() - 52.0)).round() as i64;
            (north, names.collect())
        });
        let mut seen: Vec<_> = seen.collect();
        seen.sort();
        seen
    }

    #[test]
    fn a_track_knows_which_objects_of_a_sapient_node_it_was_made_from() {
        let text = format!("{CONFIG}{OUT}");
        for tracks in [false, true] {
            let node = told(&text, &About { tracks, ..About::default() });
            assert_eq!(seen(&node), [(1, vec![7]), (3, vec![8])], "of a node that tells tracks: {tracks}");
        }
    }

    #[test]
    fn where_nobody_is_told_nothing_is_remembered() {
        let node = told(CONFIG, &About::default());
        assert_eq!(seen(&node), [(1, vec![]), (3, vec![])]);
        assert_eq!(node.decisions().noted(), 0, "and the tracker keeps no trail");
    }
}
