//! Cursor on Target: own forces and others as their handhelds and servers tell them, in XML or as TAK protocol version
//! 1, in datagrams or over a stream.
//!
//! | module | holds |
//! |---|---|
//! | `framing` | where events begin and end |
//! | `xml`, `tak` | the two ways to write an event, read where they lie |
//! | `event` | what an event tells |
//! | `kind`, `track` | what its type says, and what is made of the rest |
//!
//! Whoever reports its own place has filtered it: such a report is an estimate made elsewhere and never enters the
//! tracker. Nothing is signed; what is told is a claim.
//!
//! Assumed: `ce` and `le` are one sigma, as the schema by MITRE has it; some programs tell larger ones. A thing that
//! tells how it moves was there at `start`; one that does not is still there when it says so, at `time`.

mod event;
pub mod framing;
mod kind;
mod tak;
mod track;
mod xml;

#[cfg(test)]
mod tests;

use fusion_core::identity::Affiliation;
use fusion_core::source_track::{SourceTrack, SourceTrackEnd};
use fusion_core::time::{Span, Timestamp};

use crate::decoder::{Decoder, OwnedScan, Report};
use crate::error::{DecodeError, Reason};
use crate::heard::Heard;
use crate::outbox::Outbox;
use event::{Event, Told};
use framing::{Framed, Framer};
use kind::Kind;
use xml::{Fault, Scanner, Text};

pub use framing::EVENT_BYTES_MAX;

/// With this begin the uids of all events that copmesh itself sends. They are never taken in.
pub const OWN_UID_PREFIX: &str = "copmesh.";

/// Senders remembered at once. Beyond it the one that was silent longest is forgotten, and counted.
///
/// Counter: `evicted`.
pub const SENDERS_MAX: usize = 2048;

/// Characters of a uid at the most.
///
/// Counter: `refused`; the event is not taken.
pub const UID_CHARACTERS_MAX: usize = 256;

/// Which things are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Take {
    /// Friends and assumed friends.
    #[default]
    OwnForces,
    /// Whatever is somewhere.
    All,
}

/// How to read Cursor on Target.
#[derive(Clone, Debug, PartialEq)]
pub struct CotConfig {
    /// Whether an event ends with its datagram.
    pub datagrams: bool,
    /// Which things are taken.
    pub take: Take,
    /// Beginnings of further uids that are never taken in, beside [`OWN_UID_PREFIX`].
    pub refuse_uids: Vec<String>,
    /// Whether simulated things are taken for real.
    pub keep_simulated: bool,
    /// One sigma of a horizontal position that tells none, metres along each axis.
    pub horizontal_sigma_m: f64,
    /// One sigma of a height that tells none, metres.
    pub height_sigma_m: f64,
    /// One sigma of a velocity, m/s along each axis.
    pub velocity_sigma_m_s: f64,
    /// Whether the times that are told count; else that of receipt does.
    pub trust_times: bool,
    /// How far ahead of ours a sender's clock may run.
    pub ahead_max: Span,
    /// How old a position may be: as long as a source track lasts in silence.
    pub age_max: Span,
    /// From being there to being received, where told times do not count.
    pub latency: Span,
}

impl Default for CotConfig {
    fn default() -> Self {
        Self {
            datagrams: true,
            take: Take::OwnForces,
            refuse_uids: vec![],
            keep_simulated: false,
            horizontal_sigma_m: 150.0,
            height_sigma_m: 150.0,
            velocity_sigma_m_s: 2.0,
            trust_times: true,
            ahead_max: Span::from_secs(1),
            age_max: Span::from_secs(30),
            latency: Span::ZERO,
        }
    }
}

/// Counters of the driver. Each event ends in exactly one of the first group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Became a source track.
    pub source_tracks: u64,
    /// Told the end of a source track.
    pub track_ends: u64,
    /// Not of a thing that is somewhere: pings, drawings, chat, versions.
    pub others: u64,
    /// Our own, come back.
    pub own: u64,
    /// Of things that are not taken.
    pub not_taken: u64,
    /// Of simulated things.
    pub simulated: u64,
    /// The same as before of that sender, or older.
    pub repeated: u64,
    /// Their time was over when they came, or they are older than a source track lasts.
    pub stale: u64,
    /// Told to be from the future.
    pub future: u64,
    /// At latitude and longitude zero, or nowhere on earth.
    pub nowhere: u64,
    /// Of another sender whose uid cannot be told from this one's.
    pub clashes: u64,
    /// Not understood.
    pub refused: u64,

    /// Events, however they ended.
    pub events: u64,
    /// Names that were cut to the length that is kept.
    pub names_shortened: u64,
    /// Speeds or courses that cannot be; the rest of the event is used.
    pub motions_unknown: u64,
}

impl Tally {
    /// Whether every event is accounted for.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.events
            == self.source_tracks
                + self.track_ends
                + self.others
                + self.own
                + self.not_taken
                + self.simulated
                + self.repeated
                + self.stale
                + self.future
                + self.nowhere
                + self.clashes
                + self.refused
    }
}

/// The driver. See [`crate::decoder::Decoder`].
#[derive(Debug)]
pub struct CotDecoder {
    datagrams: bool,
    framer: Framer,
    last_received: Timestamp,
    listener: Listener,
}

#[derive(Debug)]
struct Listener {
    config: CotConfig,
    senders: Heard<u32, Sender>,
    outbox: Outbox,
    tally: Tally,
}

/// Whoever was heard.
#[derive(Clone, Copy, Debug)]
struct Sender {
    /// Of its whole uid.
    hash: u64,
    /// When it was where it was last.
    last: Timestamp,
}

/// Why an event became nothing, and in which counter that shows.
#[derive(Clone, Copy, Debug)]
enum Why {
    Other,
    Own,
    NotTaken,
    Simulated,
    Repeated,
    Stale(Fault),
    Future(Fault),
    Nowhere(Fault),
    Clash(Fault),
    Refused(Fault),
}

impl From<Fault> for Why {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl CotDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: CotConfig) -> Self {
        Self {
            datagrams: config.datagrams,
            framer: Framer::new(),
            last_received: Timestamp::EPOCH,
            listener: Listener {
                config,
                senders: Heard::new(SENDERS_MAX),
                outbox: Outbox::default(),
                tally: Tally::default(),
            },
        }
    }

    /// What became of every event.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.listener.tally
    }

    fn finish(&mut self) {
        let Self { framer, listener, last_received, .. } = self;
        framer.finish(|framed| listener.handle(framed, *last_received));
    }
}

impl Decoder for CotDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { datagrams, framer, listener, .. } = self;
        let each = |framed: Framed<'_>| listener.handle(framed, received);
        if *datagrams {
            framer.handle_datagram(bytes, each)
        } else {
            framer.handle_stream(bytes, each)
        }
        self.last_received = received;
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        if self.framer.is_waiting() && now - self.last_received >= WAIT {
            self.finish();
        }
    }

    fn handle_connection(&mut self, _open: bool) {
        self.finish();
    }

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.listener.outbox.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.listener.outbox.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let tally = &self.listener.tally;
        each("events", tally.events);
        each("source_tracks", tally.source_tracks);
        each("track_ends", tally.track_ends);
        each("others", tally.others);
        each("own", tally.own);
        each("not_taken", tally.not_taken);
        each("simulated", tally.simulated);
        each("repeated", tally.repeated);
        each("stale", tally.stale);
        each("future", tally.future);
        each("nowhere", tally.nowhere);
        each("clashes", tally.clashes);
        each("refused", tally.refused);
        each("oversized", self.framer.oversized());
        each("garbage_bytes", self.framer.garbage());
        each("names_shortened", tally.names_shortened);
        each("motions_unknown", tally.motions_unknown);
        each("senders", self.listener.senders.len() as u64);
        each("senders_evicted", self.listener.senders.evicted());
        self.listener.outbox.counters(each);
    }
}

/// How long the beginning of an event waits for its end.
const WAIT: Span = Span::from_secs(5);

impl Listener {
    fn handle(&mut self, framed: Framed<'_>, received: Timestamp) {
        match framed {
            Framed::Xml(text) => self.handle_xml(text, received),
            Framed::Message(message, base) => {
                let read = tak::read(message, base);
                self.handle_event(read.map_err(Why::Refused).and_then(|event| event.ok_or(Why::Other)), received);
            }
            Framed::Fault(field, reason) => {
                self.handle_event(Err(Why::Refused(Fault { at: 0, field, reason })), received);
            }
        }
    }

    fn handle_xml(&mut self, text: &[u8], received: Timestamp) {
        let mut scanner = Scanner::new(text);
        loop {
            match Event::next(&mut scanner) {
                Ok(Some(event)) => self.handle_event(Ok(event), received),
                Ok(None) => return,
                Err(fault) => return self.handle_event(Err(Why::Refused(fault)), received),
            }
        }
    }

    fn handle_event(&mut self, event: Result<Event<'_>, Why>, received: Timestamp) {
        self.tally.events += 1;
        match event.and_then(|event| self.judge(&event, received)) {
            Ok(report) => {
                let ends = matches!(report, Report::SourceTrackEnd(_));
                self.tally.track_ends += u64::from(ends);
                self.tally.source_tracks += u64::from(!ends);
                self.outbox.push(report);
            }
            Err(why) => self.count(why),
        }
    }

    fn count(&mut self, why: Why) {
        let tally = &mut self.tally;
        let (counter, fault) = match why {
            Why::Other => (&mut tally.others, None),
            Why::Own => (&mut tally.own, None),
            Why::NotTaken => (&mut tally.not_taken, None),
            Why::Simulated => (&mut tally.simulated, None),
            Why::Repeated => (&mut tally.repeated, None),
            Why::Stale(fault) => (&mut tally.stale, Some(fault)),
            Why::Future(fault) => (&mut tally.future, Some(fault)),
            Why::Nowhere(fault) => (&mut tally.nowhere, Some(fault)),
            Why::Clash(fault) => (&mut tally.clashes, Some(fault)),
            Why::Refused(fault) => (&mut tally.refused, Some(fault)),
        };
        *counter += 1;
        if let Some(Fault { at, field, reason }) = fault {
            self.outbox.refuse(DecodeError { format: "cot", offset: at, field, reason });
        }
    }

    /// What an event says, if it is to be used.
    fn judge(&mut self, event: &Event<'_>, received: Timestamp) -> Result<Report, Why> {
        let uid = event.uid.ok_or(missing("uid"))?;
        if self.is_own(uid.value) {
            return Err(Why::Own);
        }
        let kind = event.kind.ok_or(missing("type"))?;
        if kind == DELETED {
            let of = event.detail.link.and_then(|link| hash(Told::new(link, 0)).ok());
            return of.and_then(|hash| self.end(hash, received)).ok_or(Why::Other);
        }
        let kind = Kind::of(kind).ok_or(Why::Other)?;
        if self.config.take == Take::OwnForces && !is_ours(kind.affiliation) {
            return Err(Why::NotTaken);
        }
        if !self.config.keep_simulated && is_simulated(event) {
            return Err(Why::Simulated);
        }
        let hash = hash(uid)?;
        if let Some(end) = is_over(event).then(|| self.end(hash, received)).flatten() {
            return Ok(end);
        }
        let time = self.time(event, received)?;
        let told = track::source_track(event, kind, &self.config)?;
        self.hear(uid, hash, time, received)?;
        self.tally.names_shortened += u64::from(told.name_shortened);
        self.tally.motions_unknown += u64::from(told.motion_unknown);
        Ok(Report::SourceTrack(SourceTrack { number: number(hash), time, ..told.track }))
    }

    fn is_own(&self, uid: Text<'_>) -> bool {
        let told = self.config.refuse_uids.iter().map(String::as_str);
        core::iter::once(OWN_UID_PREFIX).chain(told).any(|prefix| uid.starts_with(prefix))
    }

    /// The end of what a sender told; none if nothing was heard of it.
    fn end(&self, hash: u64, time: Timestamp) -> Option<Report> {
        let number = number(hash);
        let known = self.senders.get(number).is_some_and(|sender| sender.hash == hash);
        known.then_some(Report::SourceTrackEnd(SourceTrackEnd { number, time }))
    }

    /// When the thing was where it is told to be.
    fn time(&self, event: &Event<'_>, received: Timestamp) -> Result<Timestamp, Why> {
        if !self.config.trust_times {
            return Ok(received - self.config.latency);
        }
        let stale = event.stale.ok_or(missing("stale"))?;
        let start = event.start.or(event.time).ok_or(missing("start"))?;
        let sent = event.time.filter(|sent| sent.value > start.value).unwrap_or(start);
        let moves = event.detail.speed.is_some_and(|speed| speed > 0.0);
        let told = if moves { start } else { sent };
        if stale.value < received {
            return Err(Why::Stale(stale.out_of_range("stale")));
        }
        if told.value > received + self.config.ahead_max {
            return Err(Why::Future(told.out_of_range("start")));
        }
        if told.value < received - self.config.age_max {
            return Err(Why::Stale(told.out_of_range("start")));
        }
        Ok(told.value)
    }

    /// Notes a sender, unless what it tells is nothing new.
    fn hear(&mut self, uid: Told<Text<'_>>, hash: u64, time: Timestamp, received: Timestamp) -> Result<(), Why> {
        let new = Sender { hash, last: Timestamp::from_nanos(i64::MIN) };
        let sender = self.senders.hear(number(hash), received, || new);
        if sender.hash != hash {
            return Err(Why::Clash(Fault { at: uid.at, field: "uid", reason: Reason::Repeated }));
        }
        if time <= sender.last {
            return Err(Why::Repeated);
        }
        sender.last = time;
        Ok(())
    }
}

/// The type of an event that deletes another.
const DELETED: &str = "t-x-d-d";

const fn missing(field: &'static str) -> Why {
    Why::Refused(Fault { at: 0, field, reason: Reason::Missing })
}

const fn is_ours(affiliation: Affiliation) -> bool {
    matches!(affiliation, Affiliation::Friend | Affiliation::AssumedFriend)
}

fn is_simulated(event: &Event<'_>) -> bool {
    event.how == Some("m-s") || event.opex.is_some_and(|opex| opex.starts_with("s-"))
}

/// Whether it is told to be over as soon as it begins: so some programs withdraw what they told.
fn is_over(event: &Event<'_>) -> bool {
    event.stale.zip(event.start).is_some_and(|(stale, start)| stale.value <= start.value)
}

/// FNV-1a, 64 bits, of a uid that can be one.
fn hash(uid: Told<Text<'_>>) -> Result<u64, Fault> {
    let fault = |reason| Fault { at: uid.at, field: "uid", reason };
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut length = 0;
    for character in uid.value {
        length += 1;
        if length > UID_CHARACTERS_MAX {
            return Err(fault(Reason::TooLarge { bound: UID_CHARACTERS_MAX }));
        }
        if character.is_control() {
            return Err(fault(Reason::BadText));
        }
        let mut octets = [0; 4];
        for octet in character.encode_utf8(&mut octets).bytes() {
            hash = (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    if length > 0 { Ok(hash) } else { Err(fault(Reason::Missing)) }
}

/// The number of a sender's source track: the same over whichever connection it speaks, and after it was forgotten.
fn number(hash: u64) -> u32 {
    u32::try_from((hash ^ (hash >> 32)) & 0xFFFF_FFFF).expect("32 bits are left")
}
