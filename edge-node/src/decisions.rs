//! Why a track is what it is: a node's decisions, gathered while it is fed, for `copmesh trail`.
//!
//! The tracker's own ring ([`fusion_core::trail`]) forgets after some thousand entries, so it is read after every scan.
//! What a late scan had done again is kept in its final form only. The innovations of confirmed tracks go to one
//! monitor for each sensor and each track, so that a sensor that claims too much, or a track that turns harder than its
//! model, is seen at the end.

pub mod report;

use std::collections::{BTreeMap, VecDeque};

use fusion_core::filter::monitor::{SensorMonitor, TrackMonitor};
use fusion_core::measurement::SensorId;
use fusion_core::track::TrackNumber;
use fusion_core::trail::{Decision, Entry};

use crate::node::Node;
use crate::picture::{SystemTrack, short_name, text_id};

/// Entries that a node lends its tracker when it is to be followed: the decisions of some scans.
pub const TRAIL_ENTRIES: usize = 1 << 16;

/// Decisions kept at the most: 64 MB. The oldest are forgotten.
///
/// Counter: `forgotten`.
pub const DECISIONS_MAX: usize = 1 << 20;

/// Which decisions are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this sensor.
    pub sensor: Option<SensorId>,
    /// Of a track: its number, its id, its name on the map, or an address that it transmits.
    pub track: Option<String>,
}

/// A monitor and how many innovations it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told<M> {
    /// The monitor.
    pub monitor: M,
    /// Innovations.
    pub hits: u64,
}

/// What was decided, as far as it is wanted.
#[derive(Debug, Default)]
pub struct Decisions {
    wanted: Wanted,
    /// The tracks that [`Wanted::track`] turned out to mean.
    numbers: Vec<TrackNumber>,
    held: VecDeque<Entry>,
    /// How far the tracker's ring has been read.
    read: u64,
    forgotten: u64,
    sensors: BTreeMap<SensorId, Told<SensorMonitor>>,
    tracks: BTreeMap<TrackNumber, Told<TrackMonitor>>,
}

impl Decisions {
    /// Nothing yet.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        let numbers = wanted.track.as_deref().and_then(number).into_iter().collect();
        Self { wanted, numbers, ..Self::default() }
    }

    /// Takes in what a node has decided since the last time. To miss nothing, after every [`Node::poll`].
    pub fn follow(&mut self, node: &Node) {
        let trail = node.decisions();
        let oldest = trail.noted() - trail.entries().map(|_| 1).sum::<u64>();
        self.forgotten += oldest.saturating_sub(self.read);
        for entry in trail.since(self.read) {
            self.take(entry);
        }
        if trail.noted() > self.read {
            self.recognise(node.picture());
        }
        self.read = trail.noted();
    }

    fn take(&mut self, entry: &Entry) {
        if entry.decision == Decision::Rewound {
            self.take_back(entry);
        }
        self.monitor(entry);
        if self.held.len() == DECISIONS_MAX {
            self.held.pop_front();
            self.forgotten += 1;
        }
        if self.may_concern(entry) {
            self.held.push_back(*entry);
        }
    }

    /// Forgets what is done again. What the tracker decided is held in the order of its scans, so the search ends at
    /// the first decision that stands.
    fn take_back(&mut self, rewound: &Entry) {
        let stands = |entry: &Entry| !entry.decision.is_of_the_sequencer() && !entry.is_superseded_by(rewound);
        let doubtful = self.held.iter().rposition(stands).map_or(0, |last| last + 1);
        let tail = self.held.split_off(doubtful);
        self.held.extend(tail.into_iter().filter(|entry| !entry.is_superseded_by(rewound)));
    }

    /// Each innovation counts once, as it was first judged: a replay adds no evidence.
    fn monitor(&mut self, entry: &Entry) {
        let Some((nis, dimension, beta)) = entry.innovation().filter(|_| !entry.replayed) else { return };
        if let Some(sensor) = entry.sensor {
            let told = self.sensors.entry(sensor).or_default();
            told.monitor.handle(nis, dimension, beta);
            told.hits += 1;
        }
        if let Some(track) = entry.track {
            let told = self.tracks.entry(track).or_default();
            told.monitor.handle(nis, dimension, beta);
            told.hits += 1;
        }
    }

    /// Which tracks are meant shows only while they live; until then, all are kept.
    fn may_concern(&self, entry: &Entry) -> bool {
        let of_sensor = self.wanted.sensor.is_none_or(|sensor| entry.sensor.is_none_or(|of| of == sensor));
        let known = self.wanted.track.as_deref().is_some_and(|track| number(track).is_some());
        of_sensor && (!known || self.concerns(entry))
    }

    fn recognise<'a>(&mut self, tracks: impl Iterator<Item = &'a SystemTrack>) {
        let Some(wanted) = &self.wanted.track else { return };
        for track in tracks {
            let address = track.record.identity.address.map(|address| address.to_string());
            let told = address.iter().any(|a| is_address(a, wanted));
            let is_called =
                |id| wanted.eq_ignore_ascii_case(&text_id(id)) || wanted.eq_ignore_ascii_case(&short_name(id));
            let (own, named) = (track.own_id(), is_called(track.id()) || is_called(track.own_id()));
            if (told || named) && !self.numbers.contains(&own.number) {
                self.numbers.push(own.number);
            }
        }
    }

    fn concerns(&self, entry: &Entry) -> bool {
        let (Decision::Branched { from: other } | Decision::Merged { into: other }) = entry.decision else {
            return self.wanted.track.is_none() || entry.track.is_some_and(|track| self.numbers.contains(&track));
        };
        self.wanted.track.is_none() || [entry.track, Some(other)].iter().flatten().any(|n| self.numbers.contains(n))
    }

    /// The latest decisions that are wanted, at most so many, oldest first.
    pub fn latest(&self, most: usize) -> impl Iterator<Item = &Entry> {
        let count = self.held.iter().filter(|entry| self.concerns(entry)).count();
        self.held.iter().filter(|entry| self.concerns(entry)).skip(count.saturating_sub(most))
    }

    /// Decisions that were forgotten, for want of room or because the tracker's ring was overrun.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// What the innovations say of each sensor that is wanted.
    pub fn sensors(&self) -> impl Iterator<Item = (SensorId, &Told<SensorMonitor>)> {
        let wanted = self.wanted.sensor;
        self.sensors.iter().map(|(id, told)| (*id, told)).filter(move |(id, _)| wanted.is_none_or(|of| of == *id))
    }

    /// What the innovations say of each track that is wanted.
    pub fn tracks(&self) -> impl Iterator<Item = (TrackNumber, &Told<TrackMonitor>)> {
        let all = self.wanted.track.is_none();
        let tracks = self.tracks.iter().map(|(number, told)| (*number, told));
        tracks.filter(move |(number, _)| all || self.numbers.contains(number))
    }
}

/// The number in a track's number or id: sixteen hexadecimal digits.
fn number(text: &str) -> Option<TrackNumber> {
    let digits = text.rsplit('-').next()?;
    let whole = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| u64::from_str_radix(digits, 16).ok().map(TrackNumber)).flatten()
}

/// Whether an address, such as `icao:48AD01`, is meant by a text, with its kind or without.
fn is_address(address: &str, text: &str) -> bool {
    address.eq_ignore_ascii_case(text)
        || address.split_once(':').is_some_and(|(_, bare)| bare.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::report::Report;
    use super::*;
    use crate::config::Config;
    use crate::node::node_id;
    use fusion_core::time::{Span, Timestamp};
    use fusion_core::track::Origin;

    const CONFIG: &str = r#"
        [node]
        name = "test"
        latitude-deg = 52.0
        longitude-deg = 21.0

        [[sensors]]
        name = "radar-n"
        kind = "plots"
        endpoint = "udp://127.0.0.1:0"
        latitude-deg = 52.0
        longitude-deg = 21.0
        height-m = 0.0
        detection-probability = 0.9
        clutter-per-scan = 0.5
        scan-period-s = 1.0
        range-max-m = 20_000.0
        sigma = { range-m = 10.0, azimuth-deg = 0.2, elevation-deg = 0.5 }
        label = { level = "restricted", originator = "POL" }
    "#;

    const START: Timestamp = Timestamp::from_secs(1_717_236_000);

    fn look(second: i64, range_m: f64) -> String {
        let time = START.as_nanos() / 1_000_000_000 + second;
        let identity = if second < 15 { r#","identity":{"icao":"48AD01"}"# } else { "" };
        let seen = format!(r#"{{"range_m":{range_m},"azimuth_deg":45,"elevation_deg":5{identity}}}"#);
        format!("{{\"scan\":{{\"time\":{time},\"coverage\":\"full\"}},\"returns\":[{seen}]}}\n")
    }

    fn follow(wanted: Wanted, lines: &[String]) -> (Decisions, Node) {
        let config = Config::parse(CONFIG).expect("a good configuration");
        let origin = Origin { node: node_id("test"), incarnation: 1 };
        let mut node = Node::listening(&config, origin, TRAIL_ENTRIES).expect("good");
        let mut decisions = Decisions::new(wanted);
        for (second, line) in (0..).zip(lines) {
            let received = START + Span::from_secs(second);
            while let Some(due) = node.deadline_before(received) {
                node.handle_timeout(due);
                decisions.follow(&node);
            }
            node.handle_bytes(SensorId(0), line.as_bytes(), received);
            while node.poll().is_some() {
                decisions.follow(&node);
            }
            decisions.follow(&node);
        }
        (decisions, node)
    }

    /// A target that flies away at 50 m/s, and at the end a plot 900 m beyond it.
    fn recording() -> Vec<String> {
        let range = |second: i64| 5_000.0 + 50.0 * f64::from(i32::try_from(second).expect("small"));
        let mut lines: Vec<String> = (0..20).map(|second| look(second, range(second))).collect();
        lines.push(look(20, 6_900.0));
        lines
    }

    #[test]
    fn a_refused_plot_is_explained_with_its_distance() {
        let (decisions, node) = follow(Wanted::default(), &recording());
        assert_eq!(node.sensor_name(SensorId(0)), "radar-n");
        let report = Report::of(&decisions, &node, 3);
        let [refused, missed, founded] = &report.decisions[..] else { panic!("three lines: {report}") };
        let (sigmas, gate) = (refused.sigmas.expect("a distance"), refused.gate_sigmas.expect("a gate"));
        assert!((30.0..150.0).contains(&sigmas) && (4.1..4.3).contains(&gate), "{sigmas} {gate}");
        let track = refused.track.as_deref().expect("a track");
        assert_eq!(refused.what, format!("refused by track {track}: {sigmas:.1} sigma away, gate {gate:.1}"));
        assert_eq!((refused.plot, refused.sensor.as_deref()), (Some(0), Some("radar-n")));
        assert!(missed.what.contains("was not seen") && founded.what.contains("founded tentative track"));
    }

    #[test]
    fn a_line_tells_when_who_and_why_and_the_tables_follow() {
        let (decisions, node) = follow(Wanted::default(), &recording());
        let text = Report::of(&decisions, &node, 3).to_string();
        let first = text.lines().next().expect("a line");
        assert!(first.starts_with("10:00:20.000  radar-n  plot 0     refused by track "), "{text}");
        let row = text.lines().find(|line| line.starts_with("radar-n ")).expect("a row");
        // A track without noise is better than its sensor claims.
        assert!(row.ends_with("errs less than it claims"), "{text}");
    }

    #[test]
    fn a_track_is_found_by_number_id_name_and_address() {
        let (all, node) = follow(Wanted::default(), &recording());
        let record = &node.picture().next().expect("a confirmed track").record;
        let of_track = all.latest(usize::MAX).filter(|entry| entry.track == Some(record.id.number)).count();
        assert!(of_track > 20);
        let number = record.id.number.to_string();
        for name in [&number, &text_id(record.id), &short_name(record.id), "icao:48AD01", "48ad01"] {
            let wanted = Wanted { track: Some(name.to_owned()), ..Wanted::default() };
            let (found, _) = follow(wanted, &recording());
            assert_eq!(found.latest(usize::MAX).count(), of_track, "{name}");
            assert_eq!(found.tracks().count(), 1, "{name}");
        }
        let (nobody, _) = follow(Wanted { track: Some("icao:000001".into()), ..Wanted::default() }, &recording());
        assert_eq!(nobody.latest(usize::MAX).count(), 0);
    }

    #[test]
    fn only_the_sensor_that_is_asked_for_is_told_of() {
        let (decisions, _) = follow(Wanted { sensor: Some(SensorId(7)), ..Wanted::default() }, &recording());
        assert_eq!((decisions.latest(usize::MAX).count(), decisions.sensors().count()), (0, 0));
    }

    #[test]
    fn what_is_done_again_is_told_once() {
        let mut late = recording();
        late.swap(10, 11);
        let (decisions, _) = follow(Wanted::default(), &late);
        let (in_order, _) = follow(Wanted::default(), &recording());
        let plain = |d: &Decisions| -> Vec<_> {
            let own = d.latest(usize::MAX).filter(|entry| entry.decision != Decision::Rewound);
            own.map(|entry| (entry.time, entry.track, entry.decision)).collect()
        };
        assert!(decisions.latest(usize::MAX).any(|entry| entry.decision == Decision::Rewound));
        assert_eq!(plain(&decisions), plain(&in_order));
    }
}
