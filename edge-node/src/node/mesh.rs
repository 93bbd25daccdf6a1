//! The node's side of the mesh: what it says goes into its replica, and what the replica holds goes into the picture.
//!
//! The replica has two readings of the clock, told with every packet, link and timeout. What sensors bring is published
//! at the last of them, or at the sensor's time where that is later. Nothing flows back: neither rows nor the mesh's
//! time reach the tracker, so own tracks come of own sensors' bytes and times alone, and a replay of these gives the
//! same with and without a mesh. The one exception has to be asked for: a sensor with `registration = "correct"` is
//! also corrected for what other nodes' tracks say that it is off by. A node that is never told the mesh's time writes
//! its rows and sends nothing.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Identity;
use fusion_core::label::Label;
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId};
use proto::passport::{DenyList, Passport, PassportError};
use proto::record::TrackRecord;
use proto::replica::{Change, Keys, LinkEvent, LinkId, Now, Registered, Replica, ReplicaConfig};
use proto::row::{EMITTER_BITS, Registration};

use crate::picture::{Picture, SystemTrack};

use super::registration::NEWS_PERIOD;
use super::{Bearing, Node, Output, TIMEOUT_PERIOD};

/// From here on a row's emitter says only that it is not another of the same look; below, it is the same number for the
/// same fingerprint on every node. Another fingerprint has that number with a probability of one in 65,504: then
/// the line that is heard later takes the place of the other's, and where several nodes hear both, they are fitted as
/// what they may be, two emitters of one key (`TriangulationConfig::key_shared`).
pub const UNNAMED_FROM: u32 = (1 << EMITTER_BITS) - 32;

/// Lines of emitters without a fingerprint that are told apart within one look of a sensor.
///
/// Counter: `lines_over`. A further one takes the number of an earlier one, and its place.
pub const UNNAMED_LINES_MAX: u32 = (1 << EMITTER_BITS) - UNNAMED_FROM;

/// A line of bearing that another node heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// By whom.
    pub origin: Origin,
    /// From where, in which direction, how surely.
    pub line: proto::row::Bearing,
    /// When.
    pub time: Timestamp,
    /// Who may know.
    pub label: Label,
}

/// The replica, and what is kept beside it.
pub(super) struct Mesh {
    replica: Replica,
    now: Now,
    /// Own tracks that are alive, and the system tracks that the picture takes them for.
    claims: BTreeMap<TrackId, Option<TrackId>>,
    /// Links that may have something to send, since something came in.
    asking: BTreeSet<LinkId>,
    /// When the picture is looked at next, whether anything came in or not.
    look_at: Span,
    /// What was told last of own sensors, and when.
    registered: BTreeMap<usize, (Registration, Span)>,
    lines_over: u64,
}

impl Mesh {
    fn new(me: Origin, config: ReplicaConfig, keys: &Keys, now: Now) -> Self {
        let replica = Replica::new(me, config, now).with_keys(keys);
        let (claims, asking, registered) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { replica, now, claims, asking, look_at: now.elapsed, registered, lines_over: 0 }
    }

    /// Does something with the replica at a time; afterwards any link may have something to send.
    fn with(&mut self, now: Now, act: impl FnOnce(&mut Replica, Now)) {
        self.now = now;
        act(&mut self.replica, now);
        self.asking.extend(self.replica.links());
    }

    /// The last time told, or that of a sensor's input where it is later.
    fn now_at_least(&self, validity: Timestamp) -> Now {
        Now { validity: self.now.validity.max(validity), ..self.now }
    }

    /// An own record, at the time of a sensor's input, and which numbers may be told with it: a label may have become
    /// another since the track was claimed to be what it is.
    pub(super) fn handle_own(&mut self, record: &TrackRecord, time: Timestamp, may_bear: impl Fn(TrackId) -> bool) {
        let claim = if record.status.is_some() {
            *self.claims.entry(record.id).or_default()
        } else {
            self.claims.remove(&record.id).flatten()
        };
        let now = self.now_at_least(time);
        self.replica.handle_publish(record, claim.filter(|number| may_bear(*number)), now);
        self.asking.extend(self.replica.links());
    }

    /// What the picture takes an own track for. Told with the track's next record.
    pub(super) fn handle_claim(&mut self, own: TrackId, system: TrackId) {
        if let Some(claim) = self.claims.get_mut(&own) {
            *claim = Some(system);
        }
    }

    /// A line that an own sensor heard, from where it stood, at the time of its input.
    pub(super) fn handle_bearing(&mut self, bearing: &Bearing, from: Geodetic, emitter: u32, time: Timestamp) {
        let now = self.now_at_least(time);
        let Some(sensor) = sensor_number(bearing.sensor) else { return };
        let line = proto::row::Bearing::new(from, bearing.azimuth, bearing.sigma_rad, sensor, emitter);
        self.replica.handle_bearing(line, bearing.time, bearing.label, now);
        self.asking.extend(self.replica.links());
    }

    /// What an own sensor is off by: told if it is news.
    pub(super) fn handle_registered(&mut self, sensor: usize, own: &Registered, now: Span) {
        let news = self
            .registered
            .get(&sensor)
            .is_none_or(|(told, when)| now - *when >= NEWS_PERIOD && own.registration.is_news(told));
        if news {
            self.registered.insert(sensor, (own.registration, now));
            self.replica.handle_registration(&own.sensor, own.registration, own.label, self.now);
            self.asking.extend(self.replica.links());
        }
    }

    /// The replica.
    pub(super) const fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The number that tells an emitter's lines apart from others; `unnamed` counts those without a fingerprint.
    pub(super) fn emitter(&mut self, identity: &Identity, unnamed: &mut u32) -> u32 {
        let Some(fingerprint) = identity.fingerprint else {
            let number = UNNAMED_FROM + *unnamed % UNNAMED_LINES_MAX;
            self.lines_over += u64::from(*unnamed >= UNNAMED_LINES_MAX);
            *unnamed = unnamed.saturating_add(1);
            return number;
        };
        u32::try_from(fingerprint.hash % u64::from(UNNAMED_FROM)).expect("less than that")
    }

    /// Whether the picture is to be looked at: now and then, however often the links want to be served.
    fn is_look_due(&mut self, now: Span) -> bool {
        let due = now >= self.look_at;
        if due {
            self.look_at = now + TIMEOUT_PERIOD;
        }
        due
    }

    /// The next change of what is held.
    fn poll_change(&mut self) -> Option<Change> {
        self.replica.poll_change()
    }

    /// What is to be kept or sent next.
    fn poll(&mut self) -> Option<Output> {
        if let Some(entry) = self.replica.poll_journal() {
            return Some(Output::Journal(entry));
        }
        while let Some(&link) = self.asking.first() {
            if let Some(bytes) = self.replica.poll_transmit(link) {
                return Some(Output::Packet { link, bytes });
            }
            self.asking.remove(&link);
        }
        None
    }

    pub(super) fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.replica.tally().each(each);
        each("mesh_lines_over", self.lines_over);
        each("mesh_rows", self.replica.table().len() as u64);
        each("mesh_waiting_for_seals", self.replica.unsealed() as u64);
        each("mesh_remembered", self.replica.remembered() as u64);
    }
}

/// Node and neighbours.
impl Node {
    /// The same node with a replica, in which it names its sensors at once, so that others know of this life.
    ///
    /// Whoever has the node tells it packets, links and the mesh's time, keeps what is to be kept ([`Output::Journal`])
    /// and sends what is to be sent ([`Output::Packet`]).
    #[must_use]
    pub fn with_mesh(self, config: ReplicaConfig, now: Now) -> Self {
        self.with_signed_mesh(config, &Keys::default(), now)
    }

    /// The same, with keys: what it writes is signed, and what others write is verified if the configuration says so.
    #[must_use]
    pub fn with_signed_mesh(mut self, config: ReplicaConfig, keys: &Keys, now: Now) -> Self {
        self.picture = Picture::shared(self.origin);
        let mut mesh = Mesh::new(self.origin, config, keys, now);
        for (name, sensor) in self.names.iter().zip(&self.sensors) {
            mesh.replica.handle_sensor(name, sensor.model.label, now);
        }
        self.mesh = Some(Box::new(mesh));
        self
    }

    /// What the node's last life kept, in the order in which it was kept; how many rows of it are still good. To be
    /// called before anything else is taken in.
    pub fn restore<'a>(&mut self, entries: impl Iterator<Item = &'a [u8]>) -> usize {
        self.mesh.as_mut().map_or(0, |mesh| mesh.replica.restore(entries))
    }

    /// A passport of this node or another: taken in and passed on if it is news.
    ///
    /// # Errors
    /// If it is not of this mission's authority.
    pub fn handle_passport(&mut self, passport: Passport, now: Now) -> Result<(), PassportError> {
        let mut done = Ok(());
        self.with_replica(now, |replica, now| done = replica.handle_passport(passport, now));
        done
    }

    /// A deny-list: acted on and passed on if it is news.
    ///
    /// # Errors
    /// If it is not of this mission's authority.
    pub fn handle_deny_list(&mut self, list: DenyList, now: Now) -> Result<(), PassportError> {
        let mut done = Ok(());
        self.with_replica(now, |replica, now| done = replica.handle_deny_list(list, now));
        done
    }

    /// Likewise where something may be missing before or between entries.
    pub fn restore_rows<'a>(&mut self, entries: impl Iterator<Item = &'a [u8]>) -> usize {
        self.mesh.as_mut().map_or(0, |mesh| mesh.replica.restore_rows(entries))
    }

    /// What waits to be kept comes out now: the node is about to stop.
    pub fn keep_now(&mut self) {
        if let Some(mesh) = &mut self.mesh {
            mesh.replica.keep_now();
        }
    }

    /// Begins to hand out every row anew to be kept, some with each second.
    pub fn keep_all(&mut self) {
        if let Some(mesh) = &mut self.mesh {
            mesh.replica.keep_all();
        }
    }

    /// Whether rows are still being handed out anew.
    #[must_use]
    pub fn is_keeping_all(&self) -> bool {
        self.mesh.as_ref().is_some_and(|mesh| mesh.replica.is_keeping_all())
    }

    /// A packet came from a neighbour. What is wrong with it is counted.
    pub fn handle_packet(&mut self, link: LinkId, bytes: &[u8], now: Now) {
        self.with_replica(now, |replica, now| {
            let _ = replica.handle_packet(link, bytes, now);
        });
    }

    /// A link to a neighbour is there, or no longer.
    pub fn handle_link(&mut self, link: LinkId, event: LinkEvent, now: Now) {
        self.with_replica(now, |replica, now| replica.handle_link(link, event, now));
    }

    /// Lets the mesh's time pass: at [`Node::poll_mesh_timeout`], or sooner. Nodes without a mesh have none.
    pub fn handle_mesh_timeout(&mut self, now: Now) {
        self.with_replica(now, Replica::handle_timeout);
        if self.mesh.as_mut().is_some_and(|mesh| mesh.is_look_due(now.elapsed)) {
            self.picture.handle_timeout(now.validity);
            self.take_picture();
            self.exchange_registrations(now.elapsed, now.validity);
        }
    }

    /// When the mesh's time has to pass next, on the monotonic clock; `None` without a mesh.
    #[must_use]
    pub fn poll_mesh_timeout(&self) -> Option<Span> {
        let mesh = self.mesh.as_ref()?;
        mesh.replica.poll_timeout().into_iter().chain([mesh.look_at]).min()
    }

    /// What the node holds of all nodes' rows, and how its links are doing; `None` without a mesh.
    #[must_use]
    pub fn replica(&self) -> Option<&Replica> {
        self.mesh.as_ref().map(|mesh| &mesh.replica)
    }

    /// What all nodes that hold the same rows show at a time, bit for bit: what this node shows, without what it alone
    /// knows of its own tracks.
    #[must_use]
    pub fn agreed(&self, at: Timestamp) -> BTreeMap<TrackId, SystemTrack> {
        self.picture.agreed(at)
    }

    pub(super) fn with_replica(&mut self, now: Now, act: impl FnOnce(&mut Replica, Now)) {
        if let Some(mesh) = &mut self.mesh {
            mesh.with(now, act);
        }
    }

    /// Takes one thing out of the replica: changes into the picture first, then what is to be kept, then packets.
    pub(super) fn poll_mesh(&mut self) -> Option<Output> {
        while let Some(change) = self.mesh.as_mut()?.poll_change() {
            self.take_change(&change);
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
        }
        self.mesh.as_mut()?.poll()
    }

    fn take_change(&mut self, change: &Change) {
        self.picture.handle_change(change);
        if let Change::Track { record, .. } = change {
            self.learn_of(record);
        }
        if let Change::Bearing { origin, bearing: line, time, label } = *change
            && origin != self.origin
        {
            self.outputs.push_back(Output::Heard(Box::new(Heard { origin, line, time, label })));
        }
        self.take_picture();
    }
}

/// The number of a sensor in rows: a configuration holds no more than fit.
fn sensor_number(sensor: SensorId) -> Option<u8> {
    u8::try_from(sensor.0).ok().filter(|number| *number < 64)
}
