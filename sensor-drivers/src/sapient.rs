//! SAPIENT, BSI Flex 335 v2.0: sensor nodes and fusion nodes over TCP, in protobuf.
//!
//! As a server we take registrations and answer them; as a client we register as a fusion node and hear the nodes
//! behind a middleware. Either way a message is compared with the rules of the edition before anything of it is used:
//! what breaks them is sent back with the field that does. What is heard is shown; tasks and nodes that act upon
//! targets are counted, and nothing acts on them.
//!
//! | module | holds |
//! |---|---|
//! | `framing` | messages out of a stream, and the way back after garbage |
//! | `schema` | the rules as tables, over protobuf read where it lies |
//! | `message` | what of a message is listened to |
//! | `place`, `utm`, `class` | units, datums and words, turned to ours |
//! | `nodes`, `objects` | what is remembered of whom |
//! | `view` | what a node looks at, and what its silence says |
//! | [`encode`] | all that is sent |
//! | [`answers`] | what a middleware says to a node that tells it something |
//!
//! Reading is done here rather than by generated code: that would allocate for each text of each message, would not
//! tell the offset of a fault, and knows nothing of what is mandatory. Sending is rare, so there prost serves.

pub mod answers;
mod class;
mod config;
pub mod encode;
mod framing;
mod ident;
mod message;
mod nodes;
mod objects;
mod out;
mod place;
mod schema;
mod sighting;
mod tally;
pub mod utm;
mod view;

use fusion_core::measurement::Coverage;
use fusion_core::time::Timestamp;

use crate::decoder::{
    Decoder, ObjectName, OwnedScan, Place, Platform, Report, Return, SCAN_RETURNS_MAX, SensorStatus, Spare, TimeQuality,
};
use crate::error::{DecodeError, Reason};
use framing::{Framed, Framer};
use message::{Alert, Detection, Envelope, Status, Where};
use nodes::{Node, Nodes, Told};
use objects::Objects;
use out::Out;

pub use config::{Reporting, Role, SapientConfig, Sigmas};
pub use framing::MESSAGE_BYTES_MAX;
pub use ident::{Ulid, Uuid};
pub use nodes::{MODES_MAX, NODES_MAX};
pub use objects::OBJECTS_MAX;
pub use out::{ERRORS_MAX, REPORTS_MAX, TRANSMIT_BYTES_MAX, TRANSMITS_MAX};
pub use schema::DEPTH_MAX;
pub use tally::Tally;

/// Name of the format in errors.
const FORMAT: &str = "sapient";

/// One sigma of a node's place that tells no height, metres.
const NODE_HEIGHT_SIGMA_M: f64 = 100.0;

/// Compares a message, without its length, with the rules of the edition.
///
/// # Errors
/// The first fault: its field, its offset within the message, and what is wrong.
pub fn check(message: &[u8]) -> Result<(), DecodeError> {
    schema::check(message).map(|_| ())
}

/// The driver of one connection. See [`Decoder`].
#[derive(Debug)]
pub struct SapientDecoder {
    framer: Framer,
    ear: Ear,
}

/// What happens to a message once it is whole.
#[derive(Debug)]
struct Ear {
    config: SapientConfig,
    sender: encode::Sender,
    nodes: Nodes,
    objects: Objects,
    out: Out,
    spare: Spare,
    tally: Tally,
    /// Of which node the last measurement was.
    looking: Option<Uuid>,
    /// The latest time that was told, until it is polled.
    told: Option<Timestamp>,
    /// As a client: whether the connection is open, whether we have registered, when we next say how we are.
    open: bool,
    introduced: bool,
    status_due: Timestamp,
}

impl SapientDecoder {
    /// A driver for one connection.
    #[must_use]
    pub fn new(config: SapientConfig) -> Self {
        let seed = u64::try_from(config.node_id.0 & u128::from(u64::MAX)).expect("64 bits");
        let ear = Ear {
            sender: encode::Sender::new(config.node_id, seed),
            config,
            nodes: Nodes::default(),
            objects: Objects::default(),
            out: Out::new(),
            spare: Spare::default(),
            tally: Tally::default(),
            looking: None,
            told: None,
            open: false,
            introduced: false,
            status_due: Timestamp::EPOCH,
        };
        Self { framer: Framer::default(), ear }
    }

    /// What became of every message.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.ear.tally
    }
}

impl Decoder for SapientDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { framer, ear } = self;
        framer.split(bytes, &mut |framed| match framed {
            Framed::Message(message) => ear.handle_message(message, received),
            Framed::Stray(octets) => ear.tally.stray_octets += octets as u64,
            Framed::Lost { told } => {
                ear.tally.lost_places += 1;
                ear.refuse(0, "length", Reason::BadLength { told });
            }
        });
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.ear.close_looks(now);
        self.ear.speak(now);
    }

    fn poll_told_time(&mut self) -> Option<Timestamp> {
        self.ear.told.take()
    }

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.ear.out.poll()
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.ear.out.poll_transmit()
    }

    fn object(&self, number: u32) -> Option<ObjectName> {
        self.ear.objects.name(number)
    }

    fn handle_connection(&mut self, open: bool) {
        self.ear.tally.unfinished_octets += self.framer.reset() as u64;
        self.ear.out.hang_up();
        self.ear.nodes.clear();
        self.ear.open = open;
        self.ear.introduced = false;
        self.ear.status_due = Timestamp::EPOCH;
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.ear.spare.give(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let ear = &self.ear;
        ear.tally.each(each);
        let (nodes, registered) = ear.nodes.count();
        each("nodes", nodes);
        each("nodes_registered", registered);
        each("nodes_forgotten", ear.nodes.nodes_forgotten);
        each("objects_forgotten", ear.objects.objects_forgotten);
    }
}

impl Ear {
    fn handle_message(&mut self, message: &[u8], received: Timestamp) {
        self.tally.messages += 1;
        match schema::check(message) {
            Ok(unknown) => self.tally.unknown_fields += unknown,
            Err(fault) => return self.send_back(message, fault, received),
        }
        let envelope = Envelope::of(message).expect("a checked message has time, node and content");
        let mark = message::along(message, &[13]).and_then(|part| part.value.text());
        if envelope.node == self.config.node_id || mark == Some(encode::PICTURE_MARK) {
            self.tally.own += 1;
            return;
        }
        self.told = self.told.max(Some(envelope.time));
        let (content, body) = envelope.content;
        match content {
            4 => self.handle_registration(envelope, body, received),
            5 => self.handle_registration_ack(body),
            6 => self.handle_status(envelope, body, received),
            7 => self.handle_detection(envelope, body, received),
            8 => self.tally.tasks += 1,
            9 => self.tally.task_acks += 1,
            10 => self.handle_alert(envelope, body),
            11 => self.tally.alert_acks += 1,
            _ => self.tally.errors_told += 1,
        }
    }

    /// Refuses a message and says why, unless it is itself such an answer: two that refuse each other would not end.
    fn send_back(&mut self, message: &[u8], fault: DecodeError, now: Timestamp) {
        self.tally.refused += 1;
        self.out.error(fault, &mut self.tally);
        if message::along(message, &[12]).is_some() {
            return;
        }
        let to = Envelope::sender(message);
        let answer = self.sender.error(to, message, fault.to_string(), now);
        self.out.transmit(answer, &mut self.tally);
        if let (Some(to), Role::Server) = (to, self.config.role)
            && message::along(message, &[4]).is_some()
        {
            let answer = self.sender.registration_ack(to, false, vec![fault.to_string()], now);
            self.out.transmit(answer, &mut self.tally);
        }
    }

    fn handle_registration(&mut self, envelope: Envelope<'_>, body: &[u8], now: Timestamp) {
        self.tally.registrations += 1;
        let edition = message::along(body, &[2]).and_then(|part| part.value.text()).unwrap_or_default();
        self.tally.other_editions += u64::from(!edition.contains("v2"));
        let node = self.nodes.hear(envelope.node, now);
        self.tally.modes_beyond_bound += node.register(body);
        self.tally.effectors += u64::from(node.is_effector());
        if self.config.role == Role::Server {
            let answer = self.sender.registration_ack(envelope.node, true, vec![], now);
            self.out.transmit(answer, &mut self.tally);
        }
    }

    fn handle_registration_ack(&mut self, body: &[u8]) {
        self.tally.registration_acks += 1;
        let accepted = message::along(body, &[1]).and_then(|part| part.value.word()) == Some(1);
        self.tally.rejected_us += u64::from(!accepted);
    }

    fn handle_status(&mut self, envelope: Envelope<'_>, body: &[u8], now: Timestamp) {
        self.tally.status_reports += 1;
        let status = Status::of(body);
        let node = self.nodes.hear(envelope.node, now);
        node.set_mode(status.mode);
        if let Some(location) = status.location {
            match place::point(&location, &self.config, None) {
                Ok(point) => {
                    node.stand(Told {
                        position: point.position,
                        horizontal_sigma_m: point.horizontal.worst_sigma_m(),
                        vertical_sigma_m: point.vertical_sigma_m.unwrap_or(NODE_HEIGHT_SIGMA_M),
                    });
                }
                Err(_) => self.tally.node_places_unusable += 1,
            }
        }
        let alone = self.config.role == Role::Server;
        let site = self.config.site.filter(|_| alone).or(node.place.map(|told| told.position));
        self.tally.views_unusable += u64::from(node.view.tell(&status, &self.config, site));
        let unfit = matches!(status.system, message::SYSTEM_ERROR | message::SYSTEM_GOODBYE);
        let position = node.place.filter(|_| alone).map(|told| told.position);
        let report = SensorStatus { time: envelope.time, position, period_s: None, out_of_use: alone && unfit };
        self.out.report(Report::Status(report), &mut self.tally);
    }

    fn handle_alert(&mut self, envelope: Envelope<'_>, body: &[u8]) {
        self.tally.alerts += 1;
        let alert = Alert::of(body);
        // Critical, error, fatal; and it is active.
        let grave = matches!(alert.kind, 3..=5) && alert.status <= 1;
        self.tally.grave_alerts += u64::from(grave);
        let fatal = grave && alert.kind == 5 && self.config.role == Role::Server;
        let report = SensorStatus { time: envelope.time, out_of_use: fatal, ..SensorStatus::default() };
        self.out.report(Report::Status(report), &mut self.tally);
    }

    fn handle_detection(&mut self, envelope: Envelope<'_>, body: &[u8], now: Timestamp) {
        let detection = Detection::of(body).expect("a checked detection has an object and a place");
        self.tally.associated += detection.associated;
        self.tally.derived += detection.derived;
        let node = self.nodes.hear(envelope.node, now);
        self.tally.unregistered += u64::from(!node.registered);
        let tracks = match self.config.reporting {
            Reporting::Declared => node.tells_tracks(),
            Reporting::Detections => false,
            Reporting::Tracks => true,
        };
        match sight(&detection, node, &self.config) {
            Err((field, reason)) => {
                self.tally.unusable += 1;
                self.refuse(detection.place_at, field, reason);
            }
            Ok(seen) if tracks => self.track(seen, envelope, &detection, now),
            Ok(seen) => self.measurement(seen, envelope, &detection, now),
        }
    }

    /// Detections of one node at one moment are one look: no two of them are one target. What a node that stares did
    /// not detect in it is missed; of others a look is what came together.
    fn measurement(&mut self, seen: Seen, envelope: Envelope<'_>, detection: &Detection<'_>, now: Timestamp) {
        let (identity, cut) = sighting::identity(detection);
        self.tally.names_cut += u64::from(cut);
        self.tally.detections += 1;
        let object = Some(ObjectName { node: envelope.node, object: detection.object });
        let found = Return { place: seen.place, identity, object };
        let same_node = self.looking.replace(envelope.node) == Some(envelope.node);
        let node = self.nodes.hear(envelope.node, now);
        let is_of = |look: &OwnedScan| {
            (look.time, look.from) == (envelope.time, seen.from) && look.returns.len() < SCAN_RETURNS_MAX
        };
        if let Some((look, heard)) = node.view.open.as_mut().filter(|(look, _)| is_of(look)) {
            *heard = now;
            return look.returns.push(found);
        }
        if let Some((before, _)) = node.view.open.take() {
            self.out.report(Report::Scan(before), &mut self.tally);
        }
        if let Some(look) = self.out.last_look().filter(|look| same_node && is_of(look)) {
            return look.returns.push(found);
        }
        let mut returns = self.spare.take();
        returns.push(found);
        let cone = if node.stares() { node.view.begin(envelope.time, self.config.look_period) } else { None };
        self.tally.looks_out_of_rhythm += u64::from(node.stares() && node.view.is_unsteady());
        let scan = OwnedScan {
            time: envelope.time,
            time_quality: TimeQuality::Sensor,
            from: seen.from,
            coverage: cone.map_or(Coverage::Reports, Coverage::Cone),
            returns,
        };
        if cone.is_some() {
            node.view.open = Some((scan, now));
        } else {
            self.out.report(Report::Scan(scan), &mut self.tally);
        }
    }

    fn close_looks(&mut self, now: Timestamp) {
        for scan in self.nodes.close_looks(now) {
            self.out.report(Report::Scan(scan), &mut self.tally);
        }
    }

    /// A line of bearing has no place on the earth, so it stays a measurement even if a tracker told it.
    fn track(&mut self, seen: Seen, envelope: Envelope<'_>, detection: &Detection<'_>, now: Timestamp) {
        let state = match &seen.place {
            Place::Geodetic(point) => sighting::of_point(point),
            Place::Polar(polar) if polar.range.is_none() => {
                self.tally.track_bearings += 1;
                return self.measurement(seen, envelope, detection, now);
            }
            Place::Polar(polar) => match seen.site.and_then(|site| sighting::of_polar(polar, site)) {
                Some(state) => state,
                None => Err(("StatusReport.node_location", Reason::Missing)),
            },
        };
        match state {
            Ok(state) => {
                let (identity, cut) = sighting::identity(detection);
                self.tally.names_cut += u64::from(cut);
                self.tally.track_states += 1;
                let number = self.objects.number(envelope.node, detection.object, now);
                let track = state.track(number, envelope.time, identity);
                self.out.report(Report::SourceTrack(track), &mut self.tally);
            }
            Err((field, reason)) => {
                self.tally.unusable += 1;
                self.refuse(detection.place_at, field, reason);
            }
        }
    }

    fn refuse(&mut self, offset: usize, field: &'static str, reason: Reason) {
        self.out.error(DecodeError { format: FORMAT, offset, field, reason }, &mut self.tally);
    }

    /// As a client: registers once the connection is open, then says regularly how we are.
    fn speak(&mut self, now: Timestamp) {
        if self.config.role == Role::Server || !self.open {
            return;
        }
        if !self.introduced {
            self.introduced = true;
            let status_period = self.config.status_period;
            let about = encode::About {
                node_type: FUSION_NODE,
                tracks: true,
                seen: false,
                status_period,
                ..Default::default()
            };
            let message = self.sender.registration(&about, now);
            self.out.transmit(message, &mut self.tally);
        }
        if now >= self.status_due {
            self.status_due = now + self.config.status_period;
            let message = self.sender.status(None, false, now);
            self.out.transmit(message, &mut self.tally);
        }
    }
}

/// `NodeType` of what we are.
const FUSION_NODE: i32 = 20;

/// A detection in our terms.
struct Seen {
    place: Place,
    /// From where it was seen, if the node told and the configuration does not.
    from: Option<Platform>,
    site: Option<fusion_core::geodesy::Geodetic>,
}

fn sight(detection: &Detection<'_>, node: &Node, config: &SapientConfig) -> Result<Seen, place::Unusable> {
    let configured = config.site.filter(|_| config.role == Role::Server);
    let told = node.place.filter(|_| configured.is_none());
    let site = configured.or(told.map(|told| told.position));
    let place = match &detection.place {
        Where::Seen(seen) => Place::Polar(place::polar(seen, config, site)?),
        Where::At(location) => {
            let mut point = place::point(location, config, site)?;
            point.velocity =
                detection.velocity.and_then(|velocity| place::velocity(&velocity, node.speed_units(), config));
            Place::Geodetic(point)
        }
    };
    let from = told.map(|told| Platform {
        position: told.position,
        horizontal_sigma_m: told.horizontal_sigma_m,
        vertical_sigma_m: told.vertical_sigma_m,
        heading_sigma: 0.0,
        tilt_sigma: 0.0,
        lasts: node.place_error_lasts(),
        number: node.number(),
    });
    Ok(Seen { place, from, site })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod view_tests;
