//! From a stream to messages: a length in four octets, lowest first, then as many octets of one message.
//!
//! Nothing marks where a message begins. A length that cannot be means that the place was lost; then the stream is
//! searched for what the beginning of every message looks like, a length, a time and a UUID, and read on from there.

use super::ident::Uuid;

/// Octets of a message at the most, as the reference middleware has it. A length beyond is none.
///
/// Counter: `lost_places`.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Octets of the length.
pub(super) const PREFIX: usize = 4;

/// A key and a length, the time, a key and a length, the UUID: as far as the beginning of a message is looked at.
const LOOK: usize = PREFIX + 2 + TIME_MAX + 2 + 36;

/// Octets of a time in the envelope: two numbers with their keys.
///
/// No counter: more do not fit.
const TIME_MAX: usize = 17;

/// A stream, put together from pieces.
#[derive(Debug, Default)]
pub(super) struct Framer {
    held: Vec<u8>,
    lost: bool,
}

/// What comes out of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed<'a> {
    /// A message whole, without its length.
    Message(&'a [u8]),
    /// A length that cannot be.
    Lost {
        /// What it told.
        told: usize,
    },
    /// So many octets belong to no message.
    Stray(usize),
}

impl Framer {
    /// Takes a piece of the stream and gives out what is whole.
    pub(super) fn split(&mut self, piece: &[u8], each: &mut dyn FnMut(Framed<'_>)) {
        if self.held.is_empty() {
            let rest = piece.len() - scan(piece, &mut self.lost, each);
            self.held.extend_from_slice(&piece[piece.len() - rest..]);
            return;
        }
        self.held.extend_from_slice(piece);
        let held = core::mem::take(&mut self.held);
        let used = scan(&held, &mut self.lost, each);
        self.held = held;
        self.held.drain(..used);
    }

    /// Gives up what is not whole: the connection ended. Its length.
    pub(super) fn reset(&mut self) -> usize {
        let given_up = self.held.len();
        self.held.clear();
        self.lost = false;
        given_up
    }
}

/// Gives out all that is whole; how many octets are done with.
fn scan(stream: &[u8], lost: &mut bool, each: &mut dyn FnMut(Framed<'_>)) -> usize {
    let mut at = 0;
    loop {
        let rest = &stream[at..];
        if *lost {
            let (stray, found) = hunt(rest);
            at += stray;
            if stray > 0 {
                each(Framed::Stray(stray));
            }
            if !found {
                return at;
            }
            *lost = false;
            continue;
        }
        let Some(prefix) = rest.first_chunk::<PREFIX>() else { return at };
        let told = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
        if !(1..=MESSAGE_BYTES_MAX).contains(&told) {
            each(Framed::Lost { told });
            each(Framed::Stray(1));
            at += 1;
            *lost = true;
            continue;
        }
        let Some(message) = rest.get(PREFIX..PREFIX + told) else { return at };
        each(Framed::Message(message));
        at += PREFIX + told;
    }
}

/// How many octets lie before what looks like a beginning, and whether that was found. What is too short to tell stays.
fn hunt(stream: &[u8]) -> (usize, bool) {
    let enough = stream.len().saturating_sub(LOOK - 1);
    match (0..enough).find(|at| begins(&stream[*at..])) {
        Some(at) => (at, true),
        None => (enough, false),
    }
}

/// Whether this looks like a length and a message behind it: field 1 is a time, field 2 a UUID.
fn begins(stream: &[u8]) -> bool {
    let Some((prefix, message)) = stream.split_first_chunk::<PREFIX>() else { return false };
    let told = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
    let [0x0a, length, rest @ ..] = message else { return false };
    let length = usize::from(*length);
    if !(1..=MESSAGE_BYTES_MAX).contains(&told) || length > TIME_MAX {
        return false;
    }
    rest.get(length..length + 38).is_some_and(|id| id.starts_with(&[0x12, 36]) && Uuid::parse(&id[2..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(filler: usize) -> Vec<u8> {
        let mut message = vec![0x0a, 2, 0x08, 1, 0x12, 36];
        message.extend_from_slice(b"a8654cdf-4328-47de-81fa-c495589e30c8");
        message.extend(std::iter::repeat_n(0x55, filler));
        message
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(message.len()).expect("small").to_le_bytes().to_vec();
        bytes.extend_from_slice(message);
        bytes
    }

    /// The messages, and how often the place was lost.
    fn split(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, usize, usize) {
        let (mut framer, mut messages, mut lost, mut stray) = (Framer::default(), vec![], 0, 0);
        for piece in stream.chunks(piece) {
            framer.split(piece, &mut |framed| match framed {
                Framed::Message(message) => messages.push(message.to_vec()),
                Framed::Lost { .. } => lost += 1,
                Framed::Stray(octets) => stray += octets,
            });
        }
        (messages, lost, stray)
    }

    #[test]
    fn messages_come_out_whole_however_they_were_cut() {
        let sent = [message(0), message(300), message(7)];
        let stream: Vec<u8> = sent.iter().flat_map(|message| framed(message)).collect();
        for piece in [1, 2, 3, 50, 1_000] {
            assert_eq!(split(&stream, piece), (sent.to_vec(), 0, 0), "in pieces of {piece}");
        }
    }

    #[test]
    fn after_garbage_the_next_message_is_found_again_and_what_was_passed_over_counted() {
        let mut stream = framed(&message(20));
        stream.extend_from_slice(&[0xff; 77]);
        stream.extend(framed(&message(30)));
        for piece in [1, 13, 1_000] {
            let (messages, lost, stray) = split(&stream, piece);
            assert_eq!((messages, lost, stray), (vec![message(20), message(30)], 1, 77), "in pieces of {piece}");
        }
    }

    #[test]
    fn half_a_message_of_a_closed_connection_is_not_completed_by_the_next() {
        let mut framer = Framer::default();
        framer.split(&framed(&message(9))[..20], &mut |_| panic!("it is not whole"));
        assert_eq!(framer.reset(), 20);
        let mut whole = 0;
        framer.split(&framed(&message(9)), &mut |framed| whole += usize::from(framed == Framed::Message(&message(9))));
        assert_eq!(whole, 1);
    }
}
