//! What runs a node: bytes and time in, its outputs out to whoever is connected. The live loop and the replay loop are
//! this with different sources.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, TrackId};
use proto::record::TrackRecord;
use sensor_drivers::error::DecodeError;
use tokio::sync::{mpsc, watch};
use tracing::{debug, info, warn};

use crate::addresses::{AddressSummary, Addresses};
use crate::board::{BEARINGS_SHOWN_MAX, BOARD_PERIOD, Board, Counts, Declared, Remark, node_name};
use crate::clock::{Clock, Monotonic, Now};
use crate::inbox::{FromLink, Heard, Inbox, Received, Taken};
use crate::ingest::links::Links;
use crate::journal::keeper::Keeper;
use crate::keys::exchange::Exchange;
use crate::latency::Latency;
use crate::mesh::carrier::Carrier;
use crate::neighbour_health::NeighbourHealth;
use crate::node::sayings::Saying;
use crate::node::{Bearing, Node, Output, mesh, node_id};
use crate::picture::PictureChange;
use crate::pulse::Beat;
use crate::recording::Entry;
use crate::recording::recorder::Recorder;
use crate::registration_health::RegistrationHealth;
use crate::sensor_health::{SensorHealth, SensorState};
use crate::tracks_file::TracksFile;

/// Where outputs go. Absent ones cost nothing.
#[derive(Default)]
pub struct Sinks {
    /// Records for zenoh.
    pub records: Option<mpsc::Sender<TrackRecord>>,
    /// Every update of the picture, as JSON lines.
    pub tracks: Option<TracksFile>,
    /// What came in, as it came.
    pub recorder: Option<Recorder>,
    /// Tracks against the addresses that targets transmit.
    pub addresses: Option<Addresses>,
    /// By sensor: where answers to it go, and what its tasks count; none in a replay.
    pub links: Vec<Arc<Links>>,
    /// What is kept for the next life.
    pub journal: Option<Keeper>,
    /// The way to the neighbours.
    pub carrier: Option<Arc<Carrier>>,
    /// Between the keys in use and the replica.
    pub exchange: Option<Exchange>,
    /// Those who count beside.
    pub counts: Vec<Arc<dyn Counts>>,
    /// Beats with every pass of the live loop.
    pub beat: Beat,
}

/// A node and everything around it that is not a socket.
pub struct Engine {
    node: Node,
    board: watch::Sender<Arc<Board>>,
    shown: Monotonic,
    sinks: Sinks,
    latency: Latency,
    bearings: VecDeque<Bearing>,
    heard: VecDeque<mesh::Heard>,
    records_dropped: u64,
    sayings_dropped: u64,
    progress: Option<f64>,
    newest: Timestamp,
    ended_by: Option<String>,
}

/// A clock that is set back by less is waited for.
const CLOCK_STEP_MAX: Span = Span::from_secs(2);

impl Engine {
    /// An engine that shows its states on this board.
    #[must_use]
    pub fn new(node: Node, board: watch::Sender<Arc<Board>>, sinks: Sinks) -> Self {
        Self {
            node,
            board,
            shown: Monotonic::default(),
            sinks,
            latency: Latency::default(),
            bearings: VecDeque::with_capacity(BEARINGS_SHOWN_MAX),
            heard: VecDeque::with_capacity(BEARINGS_SHOWN_MAX),
            records_dropped: 0,
            sayings_dropped: 0,
            progress: None,
            newest: Timestamp::EPOCH,
            ended_by: None,
        }
    }

    /// Runs live on a thread of its own, and ends everything that has an end when the inbox is closed.
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub fn spawn_live(mut self, inbox: Arc<Inbox>, clock: Clock) -> std::io::Result<JoinHandle<Result<Node, String>>> {
        std::thread::Builder::new().name("copmesh-fusion".into()).spawn(move || {
            self.run_live(&inbox, &clock);
            self.finish()
        })
    }

    /// Runs on what sensors leave in the inbox, until it is closed.
    pub fn run_live(&mut self, inbox: &Inbox, clock: &Clock) {
        loop {
            self.sinks.beat.beat();
            match inbox.take(self.patience(clock.now())) {
                Taken::Entry(Received { sensor, at, link, arrival }) => {
                    self.pass_time_to(at.validity);
                    self.handle(&Entry { received: at.validity, sensor, link, arrival }, at.monotonic);
                    let waits = duration(self.node.patience());
                    self.latency.record(clock.now().monotonic.since(at.monotonic) + waits);
                }
                // Only when nothing waits: what was received before a deadline is taken in before it, as in a replay.
                // Time begins with the first receipt.
                Taken::TimedOut if self.node.poll_timeout().is_some() => self.pass_time_to(clock.now().validity),
                Taken::Heard(heard) => self.handle_heard(heard, clock.now()),
                Taken::Saying(saying) => self.handle_saying(&saying, clock.now()),
                Taken::TimedOut => {}
                Taken::Closed => break,
            }
            let now = clock.now();
            self.pass_mesh_time_to(now);
            if self.clock_stepped_back(now.validity) {
                break;
            }
            if now.monotonic.since(self.shown) >= BOARD_PERIOD {
                self.show_live(inbox, now);
            }
        }
        self.show_live(inbox, clock.now());
    }

    /// How long to wait for input: a while, but not beyond what the mesh has to do next.
    fn patience(&self, now: Now) -> Duration {
        let usual = BOARD_PERIOD / 2;
        let Some(due) = self.node.poll_mesh_timeout() else { return usual };
        usual.min(duration(due - on_mesh_clock(now).elapsed))
    }

    /// Takes in what a neighbour sent, or that it can be reached or not.
    fn handle_heard(&mut self, heard: Heard, now: Now) {
        match heard.what {
            FromLink::Packet(bytes) => self.node.handle_packet(heard.link, &bytes, on_mesh_clock(now)),
            FromLink::Event(event) => self.node.handle_link(heard.link, event, on_mesh_clock(now)),
        }
        self.drain();
    }

    /// Takes in what a person said of a track.
    fn handle_saying(&mut self, saying: &Saying, now: Now) {
        self.node.handle_saying(saying, on_mesh_clock(now));
        self.drain();
    }

    /// Lets the mesh do what is due.
    fn pass_mesh_time_to(&mut self, now: Now) {
        let now = on_mesh_clock(now);
        if self.node.poll_mesh_timeout().is_some_and(|due| due <= now.elapsed) {
            self.node.handle_mesh_timeout(now);
            self.drain();
        }
    }

    /// Has the journal say what it wants.
    fn tend_journal(&mut self) {
        if let Some(journal) = &mut self.sinks.journal {
            journal.tend(&mut self.node);
        }
    }

    /// Has the keys in use and the replica tell each other what is new.
    fn tend_keys(&mut self, now: Now) {
        if let Some(exchange) = &mut self.sinks.exchange {
            exchange.tend(&mut self.node, on_mesh_clock(now));
            self.drain();
        }
    }

    fn show_live(&mut self, inbox: &Inbox, now: Now) {
        if let Some(recorder) = &mut self.sinks.recorder {
            // What the disk refuses the recorder has counted and told; fusion goes on without.
            let _ = recorder.tend(now.validity, now.monotonic);
        }
        self.tend_journal();
        self.tend_keys(now);
        for sensor in 0..self.node.sensors() {
            self.node.set_dropped(sensor_id(sensor), inbox.dropped(sensor_id(sensor)));
        }
        self.sayings_dropped = inbox.sayings_dropped();
        self.show(now.validity, now.monotonic);
    }

    /// Tracks cannot follow a clock backwards: all that comes would be too late for as long as the step was. Better to
    /// end, and to be started anew as the next incarnation.
    fn clock_stepped_back(&mut self, now: Timestamp) -> bool {
        self.newest = self.newest.max(now);
        let step = self.newest - now;
        if step > CLOCK_STEP_MAX {
            self.ended_by = Some(format!("the clock stepped back by {:.1} s; start again", step.as_secs_f64()));
        }
        self.ended_by.is_some()
    }

    /// Takes bytes in and passes everything on that follows from them.
    pub fn handle(&mut self, entry: &Entry, now: Monotonic) {
        if let Some(recorder) = &mut self.sinks.recorder {
            let _ = recorder.write(entry, now);
        }
        self.node.handle_arrival(entry.sensor, entry.link, &entry.arrival, entry.received);
        self.drain();
    }

    /// Lets the deadlines pass that lie before a time, one by one.
    pub fn pass_time_to(&mut self, time: Timestamp) {
        while let Some(due) = self.node.deadline_before(time) {
            self.node.handle_timeout(due);
            self.drain();
        }
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// From receipt of bytes to the changed picture.
    #[must_use]
    pub const fn latency(&self) -> &Latency {
        &self.latency
    }

    /// Tracks against addresses so far; empty if nobody asked for it.
    #[must_use]
    pub fn addresses(&self) -> AddressSummary {
        self.sinks.addresses.as_ref().map(Addresses::summary).unwrap_or_default()
    }

    /// How far a replay has come, 0 to 1,000.
    pub fn set_progress(&mut self, permille: u64) {
        self.progress = u16::try_from(permille).ok().map(|p| f64::from(p) / 1000.0);
    }

    /// Swaps in a new state of the board.
    pub fn show(&mut self, now: Timestamp, monotonic: Monotonic) {
        let (sequence, before) = {
            let board = self.board.borrow();
            (board.sequence + 1, Arc::clone(&board))
        };
        let mut counters = Vec::new();
        self.node.counters(&mut |name, count| counters.push((name, count)));
        counters.push(("records_dropped", self.records_dropped));
        if let Some(recorder) = &self.sinks.recorder {
            recorder.counters(&mut |name, count| counters.push((name, count)));
        }
        if let Some(journal) = &self.sinks.journal {
            journal.health().counters(&mut |name, count| counters.push((name, count)));
        }
        if let Some(carrier) = &self.sinks.carrier {
            carrier.counters(&mut |name, count| counters.push((name, count)));
        }
        counters.push(("sayings_dropped", self.sayings_dropped));
        for counts in &self.sinks.counts {
            counts.counters(&mut |name, count| counters.push((name, count)));
        }
        let (neighbours, nodes) = self.neighbours();
        let (remarks, declared) = self.said(&nodes);
        let board = Board {
            sequence,
            time: now,
            tracks: Arc::new(self.node.picture_to_keep().map(|t| (t.id(), Arc::clone(t))).collect()),
            trails: Arc::new(self.node.trails()),
            bearings: self.bearings.iter().copied().collect(),
            heard: self.heard.iter().copied().collect(),
            parents: Arc::new(self.node.parents()),
            told: self.told(),
            remarks,
            declared,
            sensors: (0..self.node.sensors()).map(|i| self.health(sensor_id(i), now)).collect(),
            neighbours,
            registrations: self.registrations(&nodes, now),
            nodes,
            counters,
            journal_trouble: self.sinks.journal.as_ref().and_then(|journal| journal.health().trouble()),
            recorder_trouble: self.sinks.recorder.as_ref().and_then(Recorder::trouble),
            latency: self.latency.summary(),
            progress: self.progress,
        };
        tell_changes(&before.sensors, &board.sensors);
        tell_forgers(&before.neighbours, &board.neighbours);
        self.board.send_replace(Arc::new(board));
        self.shown = monotonic;
    }

    /// Ends everything that has an end: files are completed.
    ///
    /// # Errors
    /// What the disk refused, or why the engine ended by itself.
    pub fn finish(mut self) -> Result<Node, String> {
        self.node.handle_end();
        self.node.keep_now();
        self.drain();
        let Sinks { recorder, tracks, journal, .. } = self.sinks;
        if let Some(journal) = journal {
            journal.finish();
        }
        if let Some(recorder) = recorder {
            recorder.finish().map_err(|e| format!("the recording could not be completed: {e}"))?;
        }
        if let Some(tracks) = tracks {
            tracks.finish().map_err(|e| format!("the tracks file could not be completed: {e}"))?;
        }
        self.ended_by.map_or(Ok(self.node), Err)
    }

    fn health(&self, id: SensorId, now: Timestamp) -> SensorHealth {
        let mut counters = Vec::new();
        self.node.sensor_counters(id, &mut |name, count| counters.push((name, count)));
        let links = self.sinks.links.get(usize::from(id.0));
        if let Some(links) = links {
            links.counters.each(&mut |name, count| counters.push((name, count)));
        }
        let name = self.node.sensor_name(id).to_owned();
        let health = self.node.health(id, now);
        health.map_or_else(|| SensorHealth::unknown(name.clone()), |h| SensorHealth::of(name.clone(), &h, counters))
    }

    /// The neighbours, and the names of all nodes that have one.
    fn neighbours(&self) -> (Vec<NeighbourHealth>, BTreeMap<NodeId, String>) {
        let reached = self.sinks.carrier.iter().flat_map(|carrier| carrier.reach());
        let neighbours: Vec<_> = reached.map(|reach| NeighbourHealth::of(reach, self.node.replica())).collect();
        let names = neighbours.iter().map(|neighbour| neighbour.reach.name.as_str()).chain([self.node.name()]);
        let nodes = names.map(|name| (node_id(name), name.to_owned())).collect();
        (neighbours, nodes)
    }

    fn registrations(&self, nodes: &BTreeMap<NodeId, String>, now: Timestamp) -> Vec<RegistrationHealth> {
        let me = node_id(self.node.name());
        let health = |known: proto::replica::Registered| RegistrationHealth {
            node: node_name(nodes, known.origin.node),
            own: known.origin.node == me,
            known,
        };
        self.node.registered(now).into_iter().map(health).collect()
    }

    fn told(&self) -> BTreeMap<TrackId, Timestamp> {
        let stale = self.node.picture().filter(|track| track.stale);
        stale.filter_map(|track| Some((track.id(), self.node.told(track)?))).collect()
    }

    /// What people remarked, and whose they said that tracks are.
    fn said(&self, nodes: &BTreeMap<NodeId, String>) -> (BTreeMap<TrackId, Remark>, BTreeMap<TrackId, Declared>) {
        let (mut remarks, mut declared) = (BTreeMap::new(), BTreeMap::new());
        for (id, said) in self.node.picture().filter_map(|track| Some((track.id(), self.node.said_of(track)?))) {
            if let Some(remark) = said.remark.filter(|remark| !remark.what.is_empty()) {
                let (text, who) = (remark.what.as_str().to_owned(), remark.by.map(|by| by.as_str().to_owned()));
                let (by, time_ms) = (node_name(nodes, remark.node), remark.said.millis());
                remarks.insert(id, Remark { text, who, by, time_ms, label: remark.label });
            }
            if let Some(saying) = said.affiliation {
                let (affiliation, who) = (saying.what, saying.by.map(|by| by.as_str().to_owned()));
                let (by, time_ms) = (node_name(nodes, saying.node), saying.said.millis());
                declared.insert(id, Declared { affiliation, who, by, time_ms, label: saying.label });
            }
        }
        (remarks, declared)
    }

    fn drain(&mut self) {
        while let Some(output) = self.node.poll() {
            match output {
                Output::Record(record) => self.send(*record),
                Output::Picture(change) => self.write(&change),
                Output::Bearing(bearing) => keep_latest(&mut self.bearings, *bearing),
                Output::Heard(line) => keep_latest(&mut self.heard, *line),
                Output::Transmit { sensor, link, bytes } => {
                    if let Some(links) = self.sinks.links.get(usize::from(sensor.0)) {
                        links.reply(link, bytes);
                    }
                }
                Output::Refused { sensor, error } => self.complain(sensor, error),
                Output::Packet { link, bytes } => {
                    if let Some(carrier) = &self.sinks.carrier {
                        carrier.send(link, bytes);
                    }
                }
                Output::Journal(entry) => {
                    if let Some(journal) = &mut self.sinks.journal {
                        journal.keep(entry);
                    }
                }
            }
        }
    }

    fn send(&mut self, record: TrackRecord) {
        if let Some(records) = &self.sinks.records
            && records.try_send(record).is_err()
        {
            self.records_dropped += 1;
        }
    }

    fn write(&mut self, change: &PictureChange) {
        if let Some(addresses) = &mut self.sinks.addresses {
            addresses.handle(change);
        }
        if let Some(tracks) = &mut self.sinks.tracks {
            tracks.write(change);
        }
    }

    fn complain(&self, sensor: SensorId, error: DecodeError) {
        debug!(sensor = self.node.sensor_name(sensor), "{error}");
    }
}

/// Puts a line behind those that are shown; the oldest makes room.
/// A span as the system's clocks count; none if it is negative.
fn duration(span: Span) -> Duration {
    u64::try_from(span.as_nanos()).map_or(Duration::ZERO, Duration::from_nanos)
}

fn keep_latest<T>(lines: &mut VecDeque<T>, line: T) {
    if lines.len() == BEARINGS_SHOWN_MAX {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// What became of a sensor is said in the log when it changes.
fn tell_changes(before: &[SensorHealth], now: &[SensorHealth]) {
    for (before, now) in before.iter().zip(now).filter(|(before, now)| before.state != now.state) {
        let (was, is, reasons) = (before.state.as_str(), now.state.as_str(), now.reasons.join("; "));
        match now.clock_offset_s {
            Some(offset_s) if now.state == SensorState::Degraded => {
                warn!(sensor = %now.name, "was {was}, is {is}: {reasons}; clock {offset_s:+.3} s");
            }
            _ => info!(sensor = %now.name, "was {was}, is {is}"),
        }
    }
}

/// Who brought a forgery for the first time is named in the log.
fn tell_forgers(before: &[NeighbourHealth], now: &[NeighbourHealth]) {
    let had = |name: &str| before.iter().any(|neighbour| neighbour.reach.name == name && neighbour.forged > 0);
    for neighbour in now.iter().filter(|neighbour| neighbour.forged > 0 && !had(&neighbour.reach.name)) {
        warn!(
            "neighbour {} brought what its writer never signed, and it was refused: it, or one behind it that believes \
             its neighbours, is captured",
            neighbour.reach.name
        );
    }
}

/// Both readings as the mesh takes them.
#[must_use]
pub fn on_mesh_clock(now: Now) -> proto::replica::Now {
    let elapsed = Span::from_nanos(i64::try_from(now.monotonic.0).unwrap_or(i64::MAX));
    proto::replica::Now { validity: now.validity, elapsed }
}

/// Patience of loops that must also notice a stop.
pub const STOP_PERIOD: Duration = Duration::from_millis(100);

/// The id of the sensor at a place in the configuration.
///
/// # Panics
/// Never: a configuration holds at most `SENSORS_MAX` sensors.
#[must_use]
pub fn sensor_id(index: usize) -> SensorId {
    SensorId(u16::try_from(index).expect("a configuration holds far fewer sensors than 65,536"))
}

#[cfg(test)]
mod tests {
    use fusion_core::track::{NodeId, Origin};

    use super::*;
    use crate::config::Config;

    fn engine() -> Engine {
        let text = "[node]\nname = \"box\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
        let config: Config = toml::from_str(text).expect("a configuration");
        let node = Node::new(&config, Origin { node: NodeId(1), incarnation: 1 }).expect("accepted");
        Engine::new(node, watch::channel(Arc::new(Board::default())).0, Sinks::default())
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_is_waited_for_and_one_that_is_set_back_further_ends_the_life() {
        let (mut engine, begin) = (engine(), Timestamp::from_secs(1_800_000_000));
        assert!(!engine.clock_stepped_back(begin));
        assert!(!engine.clock_stepped_back(begin - CLOCK_STEP_MAX), "waited for");
        assert!(engine.clock_stepped_back(begin - CLOCK_STEP_MAX - Span::from_millis(100)));
        assert_eq!(engine.ended_by.as_deref(), Some("the clock stepped back by 2.1 s; start again"));
    }

    #[test]
    fn a_clock_that_is_set_forward_by_a_day_ends_nothing() {
        let (mut engine, begin) = (engine(), Timestamp::from_secs(1_800_000_000));
        for time in [begin, begin + Span::from_secs(86_400), begin + Span::from_secs(86_401)] {
            assert!(!engine.clock_stepped_back(time));
            engine.pass_time_to(time);
        }
        assert_eq!((engine.ended_by, engine.newest), (None, begin + Span::from_secs(86_401)));
    }
}
