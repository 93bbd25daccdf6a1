//! The conversation over one stream between a TAK server and its client, of which this node is either: who speaks which
//! language, who still lives. Octets and time in, octets and events out.
//!
//! A stream begins in XML. A server may offer version 1 of the protobuf protocol once (`t-x-takp-v`); a client that
//! wants it asks (`t-x-takp-q`), is then silent until it is answered (`t-x-takp-r`), and from a yes on both speak it.
//! Nobody speaks it who was not asked. A client pings (`t-x-c-t`) when it hears nothing, and gives a server up that
//! does not answer. Source: `protocol.txt` of ATAK's commo library.

use core::time::Duration;
use std::collections::VecDeque;

use fusion_core::time::Span;
use sensor_drivers::cot::framing::{Framed, Framer};

use super::event::{Element, Event, Marks, Point};
use super::{protobuf, xml};
use crate::clock::{Monotonic, Now};

/// A client that has heard nothing for so long pings.
const SILENCE: Duration = Duration::from_secs(15);
/// It repeats that so often.
const PING_PERIOD: Duration = Duration::from_millis(4_500);
/// After so long without a word a server is given up.
const PATIENCE: Duration = Duration::from_secs(25);
/// After so long without an answer to its question a client gives up.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// Answers that wait to be sent at the most.
///
/// Counter: `unanswered`; whoever asks faster than it reads gets no further answers.
const ANSWERS_MAX: usize = 16;

/// Which side of a conversation this node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Connects to a TAK server.
    Client {
        /// Whether it asks for protobuf where that is offered.
        asks: bool,
    },
    /// Is the server of handhelds.
    Server {
        /// Whether it offers protobuf.
        offers: bool,
    },
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Xml,
    /// Asked for at that time; nothing may be said until the answer.
    Asked(Monotonic),
    Protobuf,
}

/// Why a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The other side has said nothing for too long.
    Silent,
    /// It did not answer whether it speaks protobuf.
    Unanswered,
}

impl core::fmt::Display for Farewell {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Silent => "said nothing for 25 s, not even to pings",
            Self::Unanswered => "offered the protobuf protocol, and did not answer for 60 s that it was wanted",
        })
    }
}

impl core::error::Error for Farewell {}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationTally {
    /// Events that came in.
    pub events: u64,
    /// What came in and was none.
    pub refused: u64,
    /// Octets between events.
    pub garbage: u64,
    /// Questions that were not answered because too many answers waited already.
    pub unanswered: u64,
}

/// One conversation.
#[derive(Debug)]
pub struct Conversation {
    role: Role,
    uid: String,
    language: Language,
    framer: Framer,
    heard: Monotonic,
    pinged: Option<Monotonic>,
    answers: VecDeque<Vec<u8>>,
    tally: ConversationTally,
}

impl Conversation {
    /// One that begins now, of the node with this uid.
    #[must_use]
    pub fn new(role: Role, uid: String, now: Now) -> Self {
        let mut begun = Self {
            role,
            uid,
            language: Language::Xml,
            framer: Framer::new(),
            heard: now.monotonic,
            pinged: None,
            answers: VecDeque::new(),
            tally: ConversationTally::default(),
        };
        if role == (Role::Server { offers: true }) {
            let support = Element::new("TakProtocolSupport").with("version", "1");
            begun.control("protouid", "t-x-takp-v", support, now);
        }
        begun
    }

    /// What is counted.
    #[must_use]
    pub const fn tally(&self) -> ConversationTally {
        ConversationTally { garbage: self.framer.garbage(), ..self.tally }
    }

    /// Whether anything may be said: not while an answer is awaited.
    #[must_use]
    pub const fn may_speak(&self) -> bool {
        !matches!(self.language, Language::Asked(_))
    }

    /// Writes an event in the language that is spoken; `None` while nothing may be said.
    #[must_use]
    pub fn write(&self, event: &Event) -> Option<Vec<u8>> {
        match self.language {
            Language::Xml => Some([xml::DECLARATION, &xml::write(event)].concat().into_bytes()),
            Language::Asked(_) => None,
            Language::Protobuf => Some(protobuf::framed(event)),
        }
    }

    /// Octets that wait to be sent: answers, offers, pings.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.answers.pop_front()
    }

    /// Takes in octets; hands out events, but those of the conversation itself.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Now, mut each: impl FnMut(Event)) {
        (self.heard, self.pinged) = (now.monotonic, None);
        let mut found = Vec::new();
        self.framer.handle_stream(bytes, |framed| found.push(read(framed)));
        for read in found {
            match read {
                Ok(Some(event)) => {
                    self.tally.events += 1;
                    if !self.take(&event, now) {
                        each(event);
                    }
                }
                Ok(None) => {}
                Err(_) => self.tally.refused += 1,
            }
        }
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// [`Farewell`] if the other side is to be given up.
    pub fn handle_timeout(&mut self, now: Now) -> Result<(), Farewell> {
        if let Language::Asked(since) = self.language
            && now.monotonic.since(since) >= ANSWER_PATIENCE
        {
            return Err(Farewell::Unanswered);
        }
        let silence = now.monotonic.since(self.heard);
        if matches!(self.role, Role::Server { .. }) || silence < SILENCE {
            return Ok(());
        }
        if silence >= PATIENCE {
            return Err(Farewell::Silent);
        }
        if self.pinged.is_none_or(|last| now.monotonic.since(last) >= PING_PERIOD) {
            self.pinged = Some(now.monotonic);
            let uid = format!("{}-ping", self.uid);
            self.say(&message(uid, "t-x-c-t", None, now));
        }
        Ok(())
    }

    /// Takes what is of the conversation itself; whether it was.
    fn take(&mut self, event: &Event, now: Now) -> bool {
        match (event.kind.as_str(), self.role) {
            ("t-x-c-t", _) => {
                self.say(&message("takPong".to_owned(), "t-x-c-t-r", None, now));
            }
            ("t-x-c-t-r", _) => {}
            ("t-x-takp-v", Role::Client { asks }) => {
                let request = || Element::new("TakRequest").with("version", "1");
                if asks
                    && self.language == Language::Xml
                    && names_version_1(event, "TakProtocolSupport")
                    && self.control(&event.uid, "t-x-takp-q", request(), now)
                {
                    self.language = Language::Asked(now.monotonic);
                }
            }
            ("t-x-takp-r", Role::Client { .. }) => {
                if let Language::Asked(_) = self.language {
                    self.language = if is_yes(event) { Language::Protobuf } else { Language::Xml };
                }
            }
            ("t-x-takp-q", Role::Server { offers }) => {
                let agrees = offers && names_version_1(event, "TakRequest");
                let answer = Element::new("TakResponse").with("status", agrees);
                if self.control(&event.uid, "t-x-takp-r", answer, now) && agrees {
                    self.language = Language::Protobuf;
                }
            }
            (kind, _) => return kind.starts_with("t-x-takp"),
        }
        true
    }

    fn control(&mut self, uid: &str, kind: &str, what: Element, now: Now) -> bool {
        let control = Element::new("TakControl").containing(what);
        self.say(&message(uid.to_owned(), kind, Some(control), now))
    }

    /// Whether it will be sent.
    fn say(&mut self, event: &Event) -> bool {
        let octets = self.write(event).filter(|_| self.answers.len() < ANSWERS_MAX);
        self.tally.unanswered += u64::from(octets.is_none());
        let is_said = octets.is_some();
        self.answers.extend(octets);
        is_said
    }
}

fn read(framed: Framed<'_>) -> Result<Option<Event>, String> {
    match framed {
        Framed::Xml(text) => {
            let text = core::str::from_utf8(text).map_err(|e| e.to_string())?;
            xml::read(text).map(Some)
        }
        Framed::Message(bytes, _) => protobuf::read(bytes),
        Framed::Fault(field, reason) => Err(format!("{field}: {reason}")),
    }
}

/// A message about messages.
fn message(uid: String, kind: &str, what: Option<Element>, now: Now) -> Event {
    Event {
        uid,
        kind: kind.to_owned(),
        how: "m-g".to_owned(),
        time: now.validity,
        start: now.validity,
        stale: now.validity + Span::from_secs(60),
        point: Point::NOWHERE,
        marks: Marks::default(),
        detail: what.into_iter().collect(),
    }
}

fn names_version_1(event: &Event, element: &str) -> bool {
    let control = event.element("TakControl");
    let mut offers = control.into_iter().flat_map(|control| &control.children);
    offers.any(|offer| offer.name == element && offer.attribute("version") == Some("1"))
}

fn is_yes(event: &Event) -> bool {
    let control = event.element("TakControl");
    let mut answers = control.into_iter().flat_map(|control| &control.children);
    answers.any(|answer| answer.name == "TakResponse" && answer.attribute("status") == Some("true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::time::Timestamp;

    fn now(seconds: u64) -> Now {
        let validity = Timestamp::from_secs(1_700_000_000 + i64::try_from(seconds).expect("small"));
        Now { validity, monotonic: Monotonic(seconds * 1_000_000_000) }
    }

    fn talk(from: &mut Conversation, to: &mut Conversation, at: Now) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(octets) = from.poll_transmit() {
            to.handle_bytes(&octets, at, |event| events.push(event));
        }
        events
    }

    fn pair(asks: bool, offers: bool) -> (Conversation, Conversation) {
        let client = Conversation::new(Role::Client { asks }, "copmesh.c".to_owned(), now(0));
        let server = Conversation::new(Role::Server { offers }, "copmesh.s".to_owned(), now(0));
        (client, server)
    }

    fn track() -> Event {
        message("copmesh.x".to_owned(), "a-u-A", Some(Element::new("contact").with("callsign", "T0\"<&1")), now(1))
    }

    #[test]
    fn both_speak_protobuf_when_one_offers_and_the_other_asks() {
        let (mut client, mut server) = pair(true, true);
        assert!(talk(&mut server, &mut client, now(0)).is_empty());
        assert_eq!(client.write(&track()), None, "nothing may be said before the answer");
        assert!(talk(&mut client, &mut server, now(0)).is_empty());
        assert!(talk(&mut server, &mut client, now(0)).is_empty());
        let written = client.write(&track()).expect("may speak");
        assert_eq!(written[0], 0xBF);
        let mut heard = Vec::new();
        server.handle_bytes(&written, now(1), |event| heard.push(event));
        assert_eq!(heard, [track()]);
    }

    #[test]
    fn who_does_not_ask_goes_on_in_xml() {
        for (asks, offers) in [(false, true), (true, false), (false, false)] {
            let (mut client, mut server) = pair(asks, offers);
            talk(&mut server, &mut client, now(0));
            talk(&mut client, &mut server, now(0));
            assert_eq!(server.write(&track()).expect("may speak")[0], b'<', "{asks} {offers}");
            assert_eq!(client.write(&track()).expect("may speak")[0], b'<', "{asks} {offers}");
        }
    }

    #[test]
    fn a_version_that_was_not_offered_is_refused_and_xml_goes_on() {
        let (_, mut server) = pair(false, true);
        server.poll_transmit().expect("the offer");
        let request = Element::new("TakControl").containing(Element::new("TakRequest").with("version", "2"));
        let request = message("protouid".to_owned(), "t-x-takp-q", Some(request), now(0));
        server.handle_bytes(xml::write(&request).as_bytes(), now(0), |_| ());
        let answer = String::from_utf8(server.poll_transmit().expect("an answer")).expect("XML");
        assert!(answer.contains("<TakResponse status=\"false\"/>"), "{answer}");
        assert_eq!(server.write(&track()).expect("may speak")[0], b'<');
    }

    #[test]
    fn who_floods_a_server_with_questions_does_not_make_it_change_its_language_unsaid() {
        let (_, mut server) = pair(false, true);
        let ping = xml::write(&message("p".to_owned(), "t-x-c-t", None, now(0)));
        (0..100).for_each(|_| server.handle_bytes(ping.as_bytes(), now(0), |_| ()));
        let request = Element::new("TakControl").containing(Element::new("TakRequest").with("version", "1"));
        let request = message("protouid".to_owned(), "t-x-takp-q", Some(request), now(0));
        server.handle_bytes(xml::write(&request).as_bytes(), now(0), |_| ());
        assert_eq!(server.write(&track()).expect("may speak")[0], b'<');
    }

    #[test]
    fn a_silent_server_is_pinged_and_then_given_up() {
        let (mut client, mut server) = pair(true, false);
        assert_eq!(client.handle_timeout(now(14)), Ok(()));
        assert_eq!(client.poll_transmit(), None);
        assert_eq!(client.handle_timeout(now(15)), Ok(()));
        talk(&mut client, &mut server, now(15));
        talk(&mut server, &mut client, now(16));
        assert_eq!(client.handle_timeout(now(40)), Ok(()), "the answer to the ping counts");
        assert_eq!(client.handle_timeout(now(41)), Err(Farewell::Silent));
    }

    #[test]
    fn an_offer_that_is_never_confirmed_ends_the_conversation() {
        let (mut client, mut server) = pair(true, true);
        talk(&mut server, &mut client, now(0));
        for second in 1..60 {
            client.handle_bytes(b"\n", now(second), |_| ());
            assert_eq!(client.handle_timeout(now(second)), Ok(()));
        }
        assert_eq!(client.handle_timeout(now(60)), Err(Farewell::Unanswered));
    }

    #[test]
    fn who_asks_without_reading_is_answered_only_so_often() {
        let (_, mut server) = pair(false, false);
        let ping = xml::write(&message("p".to_owned(), "t-x-c-t", None, now(0)));
        (0..100).for_each(|_| server.handle_bytes(ping.as_bytes(), now(0), |_| ()));
        assert_eq!((server.answers.len(), server.tally().unanswered), (ANSWERS_MAX, 100 - 16));
    }

    #[test]
    fn what_is_no_event_is_counted_and_the_next_one_is_read() {
        let (_, mut server) = pair(false, false);
        let mut heard = 0;
        let octets = [b"<event>oh</event>".as_slice(), xml::write(&track()).as_bytes()].concat();
        server.handle_bytes(&octets, now(0), |_| heard += 1);
        assert_eq!((heard, server.tally().refused), (1, 1));
    }
}
