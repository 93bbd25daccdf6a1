//! Messages of several sentences, put together: parts come in order, but parts of different messages mix.

use fusion_core::time::{Span, Timestamp};

use super::bits::{Bits, NotBits};
use super::sentence::Sentence;

/// Messages that wait for further parts at a time.
///
/// Counter: `parts_lost`; the one begun first is given up.
pub const PARTIAL_MESSAGES_MAX: usize = 16;

/// How long a message waits for its next part.
const PATIENCE: Span = Span::from_secs(10);

/// A message of which parts are missing.
#[derive(Clone, Debug)]
struct Partial {
    key: Key,
    next: u8,
    begun: Timestamp,
    tagged: Option<Timestamp>,
    bits: Bits,
}

/// What the parts of one message share.
type Key = (Option<u8>, u8, u8);

/// What a sentence led to.
#[derive(Debug)]
pub enum Assembled {
    /// A whole message, and the time that its first part told.
    Whole(Bits, Option<Timestamp>),
    /// More parts must come.
    Waiting,
    /// A part without its beginning.
    Lost,
}

/// The messages that wait.
#[derive(Debug)]
pub struct Assembly {
    waiting: Vec<Partial>,
    lost: u64,
}

impl Default for Assembly {
    fn default() -> Self {
        Self { waiting: Vec::with_capacity(PARTIAL_MESSAGES_MAX + 1), lost: 0 }
    }
}

impl Assembly {
    /// Takes a sentence.
    ///
    /// # Errors
    /// [`NotBits`] if its payload is none; the message is given up.
    pub fn handle(&mut self, sentence: &Sentence<'_>, now: Timestamp) -> Result<Assembled, NotBits> {
        let fill = if sentence.number == sentence.total { sentence.fill } else { 0 };
        if sentence.total == 1 {
            let mut bits = Bits::new();
            bits.extend(sentence.payload, fill)?;
            return Ok(Assembled::Whole(bits, sentence.tagged));
        }
        let key = (sentence.message_id, sentence.channel, sentence.total);
        self.give_up(now);
        let place = self.waiting.iter().position(|partial| partial.key == key);
        let mut partial = match (place, sentence.number) {
            (place, 1) => {
                if let Some(place) = place {
                    self.waiting.remove(place);
                    self.lost += 1;
                }
                Partial { key, next: 1, begun: now, tagged: sentence.tagged, bits: Bits::new() }
            }
            (Some(place), number) if self.waiting[place].next == number => self.waiting.remove(place),
            (Some(place), _) => {
                self.waiting.remove(place);
                self.lost += 1;
                return Ok(Assembled::Lost);
            }
            (None, _) => return Ok(Assembled::Lost),
        };
        partial.bits.extend(sentence.payload, fill).inspect_err(|_| self.lost += 1)?;
        if sentence.number == sentence.total {
            return Ok(Assembled::Whole(partial.bits, partial.tagged));
        }
        partial.next += 1;
        self.hold(partial);
        Ok(Assembled::Waiting)
    }

    /// Messages given up because a part did not come.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    fn hold(&mut self, partial: Partial) {
        if self.waiting.len() >= PARTIAL_MESSAGES_MAX {
            self.waiting.remove(0);
            self.lost += 1;
        }
        self.waiting.push(partial);
    }

    fn give_up(&mut self, now: Timestamp) {
        let before = self.waiting.len();
        self.waiting.retain(|partial| (now - partial.begun).abs() <= PATIENCE);
        self.lost += (before - self.waiting.len()) as u64;
    }
}

#[cfg(test)]
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
            Assembled::Waiting | Assembled::Lost => None,
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
    fn what_never_comes_is_given_up_and_counted() {
        let mut assembly = Assembly::default();
        outcome(&mut assembly, &part(1, 3, 1), 0);
        assert_eq!(outcome(&mut assembly, &part(3, 3, 1), 1), None, "the second part is missing");
        outcome(&mut assembly, &part(1, 2, 2), 2);
        assert_eq!(outcome(&mut assembly, &part(2, 2, 2), 60), None, "too late");
        assert_eq!(assembly.lost(), 2);
        for id in 0..100 {
            outcome(&mut assembly, &part(1, 2, id), 61);
        }
        assert_eq!(assembly.waiting.len(), PARTIAL_MESSAGES_MAX);
    }
}
