//! Messages of several sentences, put together: parts come in order, but parts of different messages mix.

use fusion_core::time::{Span, Timestamp};

use super::bits::{Bits, NotBits};
use super::sentence::Sentence;

/// Messages that wait for further parts at a time.
///
/// Counter: `lost`; the one begun first is given up.
pub(super) const PARTIAL_MESSAGES_MAX: usize = 16;

/// How long a message waits for its next part.
const PATIENCE: Span = Span::from_secs(10);

/// Characters of payload that fit into a sentence of 82.
const PART_CHARACTERS: usize = 82;

/// A message of which parts are missing.
#[derive(Clone, Debug)]
struct Partial {
    key: Key,
    begun: Timestamp,
    tagged: Option<Timestamp>,
    /// By the number of the part, from 1.
    parts: [Option<Part>; 9],
}

/// The payload of one sentence.
#[derive(Clone, Debug)]
struct Part {
    characters: heapless::Vec<u8, PART_CHARACTERS>,
    fill: usize,
}

/// What the parts of one message share: its number, the channel, how many they are.
type Key = (Option<u8>, u8, u8);

/// What a sentence led to.
#[derive(Debug)]
pub(super) enum Assembled {
    /// A whole message, and the time that its first part told.
    Whole(Bits, Option<Timestamp>),
    /// More parts must come.
    Waiting,
}

/// The messages that wait.
#[derive(Debug)]
pub(super) struct Assembly {
    waiting: Vec<Partial>,
    lost: u64,
}

impl Default for Assembly {
    fn default() -> Self {
        Self { waiting: Vec::with_capacity(PARTIAL_MESSAGES_MAX + 1), lost: 0 }
    }
}

impl Assembly {
    /// Takes a sentence; datagrams may bring the parts of a message in any order.
    ///
    /// # Errors
    /// [`NotBits`] if a payload is none; the message is given up.
    pub(super) fn handle(&mut self, sentence: &Sentence<'_>, now: Timestamp) -> Result<Assembled, NotBits> {
        if sentence.total == 1 {
            let mut bits = Bits::new();
            bits.extend(sentence.payload, sentence.fill)?;
            return Ok(Assembled::Whole(bits, sentence.tagged));
        }
        let characters = heapless::Vec::from_slice(sentence.payload).map_err(|_| NotBits::TooLong)?;
        let part = Part { characters, fill: sentence.fill };
        let mut partial = self.take((sentence.message_id, sentence.channel, sentence.total), now);
        let slot = &mut partial.parts[usize::from(sentence.number) - 1];
        if slot.is_some() {
            // A part that came already begins the next message of that number.
            self.lost += 1;
            partial.parts = Default::default();
        }
        partial.parts[usize::from(sentence.number) - 1] = Some(part);
        partial.tagged = partial.tagged.or(sentence.tagged);
        if partial.parts[..usize::from(sentence.total)].iter().all(Option::is_some) {
            return partial.bits().map(|bits| Assembled::Whole(bits, partial.tagged));
        }
        self.hold(partial);
        Ok(Assembled::Waiting)
    }

    /// Messages given up because a part did not come.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// The message with this key, or a new one; what has waited too long is given up.
    fn take(&mut self, key: Key, now: Timestamp) -> Partial {
        let before = self.waiting.len();
        self.waiting.retain(|partial| (now - partial.begun).abs() <= PATIENCE);
        self.lost += (before - self.waiting.len()) as u64;
        match self.waiting.iter().position(|partial| partial.key == key) {
            Some(place) => self.waiting.remove(place),
            None => Partial { key, begun: now, tagged: None, parts: Default::default() },
        }
    }

    fn hold(&mut self, partial: Partial) {
        if self.waiting.len() >= PARTIAL_MESSAGES_MAX {
            self.waiting.remove(0);
            self.lost += 1;
        }
        self.waiting.push(partial);
    }
}

impl Partial {
    fn bits(&self) -> Result<Bits, NotBits> {
        let mut bits = Bits::new();
        for (number, part) in (1..).zip(self.parts.iter().flatten()) {
            bits.extend(&part.characters, if number == self.key.2 { part.fill } else { 0 })?;
        }
        Ok(bits)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn part(number: u8, total: u8, id: u8) -> Sentence<'static> {
        Sentence {
            total,
            number,
            message_id: Some(id),
            channel: b'A',
            payload: b"55",
            fill: 2,
            own: false,
            tagged: None,
        }
    }

    fn outcome(assembly: &mut Assembly, sentence: &Sentence<'_>, seconds: i64) -> Option<usize> {
        match assembly.handle(sentence, Timestamp::from_secs(seconds)).unwrap() {
            Assembled::Whole(bits, _) => Some(bits.len()),
            Assembled::Waiting => None,
        }
    }

    #[test]
    fn parts_of_two_messages_may_mix_and_only_the_last_part_is_filled() {
        let mut assembly = Assembly::default();
        assert_eq!(outcome(&mut assembly, &part(1, 2, 1), 0), None);
        assert_eq!(outcome(&mut assembly, &part(1, 2, 2), 0), None);
        assert_eq!(outcome(&mut assembly, &part(2, 2, 1), 1), Some(22));
        assert_eq!(outcome(&mut assembly, &part(2, 2, 2), 1), Some(22));
        assert_eq!(assembly.lost(), 0);
    }

    #[test]
    fn parts_may_come_in_any_order() {
        let mut assembly = Assembly::default();
        assert_eq!(outcome(&mut assembly, &part(3, 3, 1), 0), None);
        assert_eq!(outcome(&mut assembly, &part(1, 3, 1), 0), None);
        assert_eq!(outcome(&mut assembly, &part(2, 3, 1), 0), Some(34));
    }

    #[test]
    fn what_never_comes_is_given_up_and_counted() {
        let mut assembly = Assembly::default();
        outcome(&mut assembly, &part(1, 2, 2), 2);
        assert_eq!(outcome(&mut assembly, &part(2, 2, 2), 60), None, "too late");
        assert_eq!(outcome(&mut assembly, &part(2, 2, 2), 61), None, "another one's");
        assert_eq!(assembly.lost(), 2);
        for id in 0..100 {
            outcome(&mut assembly, &part(1, 2, id), 61);
        }
        assert_eq!(assembly.waiting.len(), PARTIAL_MESSAGES_MAX);
    }
}
