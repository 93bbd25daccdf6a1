//! Where events begin and end: datagrams with one or more of them, or a stream that is cut anywhere; XML and protobuf,
//! told apart by their first octet.
//!
//! | octets | what follows |
//! |---|---|
//! | `<` | XML up to and with `</event>`; a declaration may stand before each, nothing need stand between two |
//! | `BF length` | a `TakMessage` of that length, as servers send them |
//! | `BF 01 BF` | a `TakMessage` to the end of the datagram, or of the connection |
//!
//! A length of one would leave `BF` for a message, which none begins with: the last two cannot be taken for each other.
//! What begins with none of these is passed over, and counted, up to where something may begin.

use crate::error::Reason;
use crate::protobuf::varint;

/// Octets of one event. A longer one is passed over.
///
/// Counter: `oversized`.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;

/// First octet of what is protobuf.
const MAGIC: u8 = 0xBF;
/// The only version that is known.
const VERSION: u64 = 1;
/// The longest head: magic, ten octets of a number, magic.
const HEAD_BYTES: usize = 12;
const END: &[u8] = b"</event>";

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed<'a> {
    /// XML with an event, or with something that ends like one.
    Xml(&'a [u8]),
    /// A `TakMessage`, and how many octets of its frame stand before it.
    Message(&'a [u8], usize),
    /// An event that is not taken, by what is wrong with it.
    Fault(&'static str, Reason),
}

/// What stands at the beginning of some octets.
enum Head {
    Nothing,
    /// Octets that belong to no event, and those of them that are not blank.
    Between(usize, usize),
    Xml(usize),
    Message(usize, usize),
    /// More must come.
    Unfinished,
    /// Octets to pass over, and why.
    Fault(usize, &'static str, Reason),
}

/// Holds the beginning of an event whose end has not come yet.
#[derive(Debug)]
pub struct Framer {
    held: Vec<u8>,
    /// So far into what is held no end was found.
    searched: usize,
    /// The event was too long: its rest is passed over.
    skipping: bool,
    garbage: u64,
    oversized: u64,
}

impl Framer {
    /// One that has heard nothing yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "its buffer is allocated: nothing is made by default")]
    pub fn new() -> Self {
        Self {
            held: Vec::with_capacity(2 * EVENT_BYTES_MAX + HEAD_BYTES),
            searched: 0,
            skipping: false,
            garbage: 0,
            oversized: 0,
        }
    }

    /// Octets that belonged to no event.
    pub const fn garbage(&self) -> u64 {
        self.garbage
    }

    /// Events that were too long.
    pub const fn oversized(&self) -> u64 {
        self.oversized
    }

    /// Whether part of an event is held.
    pub fn is_waiting(&self) -> bool {
        !self.held.is_empty() || self.skipping
    }

    /// Takes a datagram.
    pub fn handle_datagram(&mut self, bytes: &[u8], mut each: impl FnMut(Framed<'_>)) {
        self.cut(bytes, 0, true, &mut each);
    }

    /// Takes a piece of a stream.
    pub fn handle_stream(&mut self, bytes: &[u8], mut each: impl FnMut(Framed<'_>)) {
        for piece in bytes.chunks(EVENT_BYTES_MAX) {
            self.held.extend_from_slice(piece);
            self.work_off(false, &mut each);
        }
    }

    /// The stream ends or pauses here: what is held is all there will be.
    pub fn finish(&mut self, mut each: impl FnMut(Framed<'_>)) {
        self.work_off(true, &mut each);
        self.held.clear();
        (self.searched, self.skipping) = (0, false);
    }

    fn work_off(&mut self, ended: bool, each: &mut impl FnMut(Framed<'_>)) {
        let mut held = core::mem::take(&mut self.held);
        self.skip(&mut held);
        if !self.skipping {
            let done = self.cut(&held, self.searched, ended, each);
            held.drain(..done);
            self.searched = held.len().saturating_sub(END.len() - 1);
            self.bound(&mut held, each);
        }
        self.held = held;
    }

    /// Passes over what is left of an event that was too long.
    fn skip(&mut self, held: &mut Vec<u8>) {
        if !self.skipping {
            return;
        }
        let end = find_end(held, 0);
        self.skipping = end.is_none();
        held.drain(..end.unwrap_or(held.len().saturating_sub(END.len() - 1)));
        self.searched = 0;
    }

    fn bound(&mut self, held: &mut Vec<u8>, each: &mut impl FnMut(Framed<'_>)) {
        if held.len() > EVENT_BYTES_MAX + HEAD_BYTES {
            self.oversized += 1;
            each(TOO_LARGE);
            self.skipping = held.first() == Some(&b'<');
            held.drain(..if self.skipping { held.len() - (END.len() - 1) } else { held.len() });
            self.searched = 0;
        }
    }

    /// Hands out what is whole; how many octets are done with. No end lies before `searched`.
    fn cut(&mut self, bytes: &[u8], searched: usize, ended: bool, each: &mut impl FnMut(Framed<'_>)) -> usize {
        let (mut at, mut searched) = (0, searched);
        loop {
            let rest = &bytes[at..];
            at += match head(rest, searched, ended) {
                Head::Nothing | Head::Unfinished => return at,
                Head::Between(length, garbage) => {
                    self.garbage += garbage as u64;
                    length
                }
                Head::Xml(length) | Head::Message(_, length) if length > EVENT_BYTES_MAX + HEAD_BYTES => {
                    self.oversized += 1;
                    each(TOO_LARGE);
                    length
                }
                Head::Xml(length) => {
                    each(Framed::Xml(&rest[..length]));
                    length
                }
                Head::Message(begin, end) => {
                    each(Framed::Message(&rest[begin..end], begin));
                    end
                }
                Head::Fault(length, field, reason) => {
                    each(Framed::Fault(field, reason));
                    length
                }
            };
            searched = 0;
        }
    }
}

const TOO_LARGE: Framed<'static> = Framed::Fault("event", Reason::TooLarge { bound: EVENT_BYTES_MAX });

fn head(bytes: &[u8], searched: usize, ended: bool) -> Head {
    match bytes.first() {
        None => Head::Nothing,
        Some(b'<') => match find_end(bytes, searched) {
            Some(length) => Head::Xml(length),
            None if ended => Head::Xml(bytes.len()),
            None => Head::Unfinished,
        },
        Some(&MAGIC) => message(bytes, ended),
        Some(_) if !ended && bytes.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(bytes) => {
            Head::Unfinished
        }
        Some(_) if bytes.starts_with(BYTE_ORDER_MARK) => Head::Between(BYTE_ORDER_MARK.len(), 0),
        Some(_) => {
            // A byte order mark holds the magic octet, which begins nothing there: the search stops before the mark.
            let begins = |octet: &u8| matches!(*octet, b'<' | MAGIC) || *octet == BYTE_ORDER_MARK[0];
            let length = bytes[1..].iter().position(begins).map_or(bytes.len(), |behind| behind + 1);
            Head::Between(length, bytes[..length].iter().filter(|octet| !octet.is_ascii_whitespace()).count())
        }
    }
}

/// What some programs put before XML in UTF-8.
const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// What a magic octet begins.
fn message(bytes: &[u8], ended: bool) -> Head {
    let missing = |missing| {
        if ended { Head::Fault(bytes.len(), "TakMessage", Reason::Truncated { missing }) } else { Head::Unfinished }
    };
    let (number, length) = match varint(&bytes[1..]) {
        Ok(read) => read,
        Err(Reason::Truncated { .. }) => return missing(1),
        Err(reason) => return Head::Fault(1, "length", reason),
    };
    let behind = 1 + length;
    match bytes.get(behind) {
        Some(&MAGIC) if number != VERSION => {
            let kind = u32::try_from(number).unwrap_or(u32::MAX);
            Head::Fault(if ended { bytes.len() } else { behind }, "version", Reason::Unsupported { kind })
        }
        Some(&MAGIC) if ended => Head::Message(behind + 1, bytes.len()),
        Some(&MAGIC) => Head::Unfinished,
        next => match usize::try_from(number).ok().filter(|number| *number <= EVENT_BYTES_MAX) {
            None => Head::Fault(1, "length", Reason::TooLarge { bound: EVENT_BYTES_MAX }),
            Some(told) if bytes.len() - behind >= told && (next.is_some() || ended) => {
                Head::Message(behind, behind + told)
            }
            Some(told) => missing(told - (bytes.len() - behind).min(told)),
        },
    }
}

/// Where the first event ends, if it does; no end begins before `from`.
fn find_end(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.min(bytes.len());
    let found = bytes[from..].windows(END.len()).position(|window| window == END);
    found.map(|at| from + at + END.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &[u8] = b"<?xml version='1.0'?>\n<event uid='1'></event>";
    const TWO: &[u8] = b"<event uid='2'></event>";

    /// What was cut out, and what is wrong with it.
    type Cut = (Vec<u8>, Option<Reason>);

    fn owned(framed: Framed<'_>) -> Cut {
        match framed {
            Framed::Xml(bytes) | Framed::Message(bytes, _) => (bytes.to_vec(), None),
            Framed::Fault(_, reason) => (vec![], Some(reason)),
        }
    }

    fn stream(pieces: &[&[u8]]) -> (Vec<Cut>, u64) {
        let (mut framer, mut out) = (Framer::new(), Vec::new());
        for piece in pieces {
            framer.handle_stream(piece, |framed| out.push(owned(framed)));
            assert!(framer.held.len() <= EVENT_BYTES_MAX + HEAD_BYTES, "what is held is bounded");
        }
        framer.finish(|framed| out.push(owned(framed)));
        (out, framer.garbage())
    }

    fn datagram(bytes: &[u8]) -> Vec<Cut> {
        let mut out = Vec::new();
        Framer::new().handle_datagram(bytes, |framed| out.push(owned(framed)));
        out
    }

    fn sound(events: &[&[u8]]) -> Vec<Cut> {
        events.iter().map(|event| (event.to_vec(), None)).collect()
    }

    #[test]
    fn events_follow_one_another_with_or_without_a_declaration_and_nothing_between() {
        assert_eq!(datagram(&[ONE, TWO, b"\n", ONE].concat()), sound(&[ONE, TWO, ONE]));
        assert_eq!(datagram(&[BYTE_ORDER_MARK, ONE].concat()), sound(&[ONE]));
    }

    #[test]
    fn protobuf_in_a_datagram_goes_to_its_end_and_in_a_stream_by_its_length() {
        assert_eq!(datagram(b"\xBF\x01\xBF\x0a\x02\x10\x01"), sound(&[b"\x0a\x02\x10\x01"]));
        assert_eq!(datagram(b"\xBF\x02\x0a\x00\xBF\x00"), sound(&[b"\x0a\x00", b""]));
        let mixed = [b"\xBF\x02\x0a\x00", TWO, b"\xBF\x02\x0a\x01"].concat();
        assert_eq!(stream(&[&mixed]).0, sound(&[b"\x0a\x00", TWO, b"\x0a\x01"]));
        assert_eq!(stream(&[b"\xBF\x01\xBF\x0a\x00"]).0, sound(&[b"\x0a\x00"]), "to the end of the connection");
    }

    #[test]
    fn another_version_and_a_length_that_cannot_be_are_refused() {
        let reasons = |bytes| datagram(bytes).into_iter().filter_map(|(_, reason)| reason).collect::<Vec<_>>();
        assert_eq!(reasons(b"\xBF\x02\xBF\x0a\x00"), [Reason::Unsupported { kind: 2 }]);
        assert_eq!(reasons(b"\xBF\xFF\xFF\x7F\x00"), [Reason::TooLarge { bound: EVENT_BYTES_MAX }]);
        assert_eq!(reasons(b"\xBF\x05\x0a\x00"), [Reason::Truncated { missing: 3 }]);
        assert_eq!(reasons(b"\xBF"), [Reason::Truncated { missing: 1 }]);
    }

    #[test]
    fn an_event_of_a_megabyte_is_passed_over_and_the_next_is_taken() {
        let large = [b"<event>", &vec![b' '; 1 << 20][..], END, TWO].concat();
        let too_large = (vec![], Some(Reason::TooLarge { bound: EVENT_BYTES_MAX }));
        let expected = [too_large, (TWO.to_vec(), None)];
        assert_eq!(stream(&[&large]).0, expected);
        assert_eq!(stream(&large.chunks(1_000).collect::<Vec<_>>()).0, expected);
    }

    #[test]
    fn what_belongs_to_no_event_is_counted() {
        assert_eq!(stream(&[b"abc ", TWO, b"\r\n", b"d", TWO]), (sound(&[TWO, TWO]), 4));
    }

    proptest! {
        #[test]
        fn a_stream_may_be_cut_anywhere(step in 1..40_usize, order in proptest::collection::vec(0..7_usize, 1..12)) {
            let (short, long) = (b"\xBF\x03\x0a\x01\x07", b"\xBF\xFF\xFF\xFF\xFF\x0f!");
            let parts: [&[u8]; 7] = [BYTE_ORDER_MARK, ONE, TWO, short, b" \n", b"junk", long];
            let whole: Vec<u8> = order.iter().flat_map(|part| parts[*part].to_vec()).collect();
            let pieces: Vec<&[u8]> = whole.chunks(step).collect();
            prop_assert_eq!(stream(&pieces), stream(&[&whole]));
        }
    }
}
