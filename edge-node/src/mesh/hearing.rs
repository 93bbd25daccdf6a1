//! Whether one wire to a neighbour carries: what is heard over it, and whether the neighbour says that it hears us.
//!
//! Nodes say something at least every beat, a quarter of the silence after which a wire counts as lost. zenoh's own
//! word on a connection may come late: where datagrams are lost, connections are kept through cuts so that nothing has
//! to be agreed anew, and the beats tell what carries.
//!
//! A beat says whether its sender hears us. So a wire that carries one way only is given up by both, though the one
//! hears the other.

use fusion_core::time::Span;

/// Beats in a silence: where a fifth of all datagrams is lost, one silence in six hundred is none.
const BEATS: i64 = 4;
/// The longest pause between two declarations, in silences.
const LONGEST_PAUSE: i64 = 3;
/// What asks for an answer is not answered sooner than so after the last word, in parts of a beat.
const ANSWER_PARTS: i64 = 8;
/// Doublings of the pause between declarations at the most; the longest pause ends them before.
///
/// No counter: a bound of arithmetic only.
const DOUBLINGS_MAX: u32 = 8;

/// What came over a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A packet, or a beat of one who hears us.
    Understood,
    /// A beat of one who does not hear us.
    Deaf,
}

impl Word {
    /// What a beat that says this is made of.
    #[must_use]
    pub const fn beat(self) -> &'static [u8] {
        match self {
            Self::Understood => &[],
            Self::Deaf => &[0],
        }
    }

    /// What a payload says; packets are longer than beats.
    #[must_use]
    pub const fn of(payload_bytes: usize) -> Self {
        if payload_bytes == Self::Deaf.beat().len() { Self::Deaf } else { Self::Understood }
    }
}

/// What is known of one wire. Times are on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Hearing {
    silence: Span,
    /// Since when zenoh knows the neighbour's subscription.
    matched: Option<Span>,
    /// When the neighbour said last that it hears us; at first, when its subscription became known.
    understood: Option<Span>,
    heard: Option<Span>,
    sent: Option<Span>,
    /// When our own subscription was declared last, or somebody connected who did not know it.
    declared: Span,
    /// Declarations since anything was heard.
    tries: u32,
    /// Something was said that wants an answer before the next beat.
    answer: bool,
}

impl Hearing {
    /// A wire declared now, which is lost after such a silence.
    #[must_use]
    pub const fn new(silence: Span, now: Span) -> Self {
        Self {
            silence,
            matched: None,
            understood: None,
            heard: None,
            sent: None,
            declared: now,
            tries: 0,
            answer: false,
        }
    }

    /// zenoh knows the neighbour's subscription now, or does no longer.
    pub const fn handle_matching(&mut self, matched: bool, now: Span) {
        self.matched = if matched { Some(now) } else { None };
        self.understood = self.matched;
        self.answer |= matched;
    }

    /// The neighbour said this.
    pub fn handle_word(&mut self, word: Word, now: Span) {
        self.answer |= word == Word::Deaf || !self.hears(now);
        self.heard = Some(now);
        self.tries = 0;
        if word == Word::Understood {
            self.understood = Some(now);
        }
    }

    /// Something is sent.
    pub const fn handle_sent(&mut self, now: Span) {
        self.sent = Some(now);
        self.answer = false;
    }

    /// Somebody connected, or our subscription was declared in vain.
    pub const fn handle_declared(&mut self, by_us: bool, now: Span) {
        self.declared = now;
        self.tries = if by_us { self.tries.saturating_add(1) } else { 0 };
    }

    /// Whether packets may be sent, and probably arrive.
    #[must_use]
    pub fn carries(&self, now: Span) -> bool {
        self.is_matched() && within(self.understood, self.silence, now)
    }

    /// Whether zenoh knows where what we send is to go.
    #[must_use]
    pub const fn is_matched(&self) -> bool {
        self.matched.is_some()
    }

    /// Whether anything was heard lately.
    #[must_use]
    pub fn hears(&self, now: Span) -> bool {
        within(self.heard, self.silence, now)
    }

    /// When anything was heard last.
    #[must_use]
    pub const fn heard(&self) -> Option<Span> {
        self.heard
    }

    /// The beat that has to be sent now, if any.
    #[must_use]
    pub fn due_beat(&self, now: Span) -> Option<Word> {
        let pause = if self.answer { part(self.beat(), ANSWER_PARTS) } else { self.beat() };
        let due = self.is_matched() && !within(self.sent, pause, now);
        due.then(|| if self.hears(now) { Word::Understood } else { Word::Deaf })
    }

    /// Whether our subscription is to be declared anew, since the neighbour seems not to know it. `stranger`: somebody
    /// is connected whose subscriptions are unknown.
    #[must_use]
    pub fn is_declaration_due(&self, stranger: bool, now: Span) -> bool {
        let last = [Some(self.declared), self.heard, self.matched].into_iter().flatten().max();
        let pause = match self.heard {
            Some(heard) if heard > self.declared => self.silence,
            _ => {
                let doubled = times(self.beat(), 1 << self.tries.min(DOUBLINGS_MAX));
                doubled.min(times(self.silence, LONGEST_PAUSE))
            }
        };
        (self.is_matched() || stranger) && !within(last, pause, now)
    }

    const fn beat(&self) -> Span {
        part(self.silence, BEATS)
    }
}

fn within(time: Option<Span>, span: Span, now: Span) -> bool {
    time.is_some_and(|time| now - time < span)
}

const fn part(span: Span, parts: i64) -> Span {
    Span::from_nanos(span.as_nanos() / parts)
}

/// So many times a span; saturates.
pub(super) const fn times(span: Span, count: i64) -> Span {
    Span::from_nanos(span.as_nanos().saturating_mul(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Span = Span::from_millis(1600);

    const fn at(ms: i64) -> Span {
        Span::from_millis(ms)
    }

    /// Matched at zero.
    fn matched() -> Hearing {
        let mut hearing = Hearing::new(SILENCE, at(0));
        hearing.handle_matching(true, at(0));
        hearing
    }

    #[test]
    fn a_wire_carries_from_the_match_until_a_silence_and_again_from_the_first_word() {
        let mut hearing = matched();
        assert!(hearing.carries(at(1599)) && !hearing.carries(at(1600)));
        hearing.handle_word(Word::Understood, at(9000));
        assert!(hearing.carries(at(9000)) && hearing.carries(at(10_599)) && !hearing.carries(at(10_600)));
        hearing.handle_matching(false, at(9100));
        assert!(!hearing.carries(at(9100)), "nowhere to send to");
    }

    #[test]
    fn a_wire_that_carries_one_way_is_given_up_by_who_hears_too() {
        let mut hearing = matched();
        (0..5).for_each(|beat| hearing.handle_word(Word::Deaf, at(400 * beat)));
        assert!(hearing.hears(at(1700)) && !hearing.carries(at(1700)));
        assert_eq!(hearing.due_beat(at(1700)), Some(Word::Understood), "it is told that we hear it");
    }

    #[test]
    fn beats_fill_pauses_and_say_whether_the_other_is_heard() {
        let mut hearing = matched();
        hearing.handle_sent(at(0));
        assert_eq!(hearing.due_beat(at(399)), None);
        assert_eq!(hearing.due_beat(at(400)), Some(Word::Deaf));
        hearing.handle_word(Word::Understood, at(420));
        hearing.handle_sent(at(420));
        assert_eq!(hearing.due_beat(at(820)), Some(Word::Understood));
    }

    #[test]
    fn the_first_word_after_a_silence_is_answered_before_the_next_beat() {
        let mut hearing = matched();
        hearing.handle_sent(at(5000));
        assert_eq!(hearing.due_beat(at(5050)), None);
        hearing.handle_word(Word::Deaf, at(5050));
        assert_eq!(hearing.due_beat(at(5050)), Some(Word::Understood));
    }

    #[test]
    fn who_is_not_heard_is_told_of_us_again_less_and_less_often() {
        let mut hearing = matched();
        let mut at_ms = Vec::new();
        for ms in 0..20_000 {
            if hearing.is_declaration_due(false, at(ms)) {
                hearing.handle_declared(true, at(ms));
                at_ms.push(ms);
            }
        }
        assert_eq!(at_ms, [400, 1200, 2800, 6000, 10_800, 15_600]);
        hearing.handle_declared(false, at(20_000));
        assert!(!hearing.is_declaration_due(false, at(20_399)) && hearing.is_declaration_due(false, at(20_400)));
    }

    #[test]
    fn nobody_is_told_of_us_where_nobody_is_connected() {
        let hearing = Hearing::new(SILENCE, at(0));
        assert!(!hearing.is_declaration_due(false, at(99_000)) && hearing.is_declaration_due(true, at(99_000)));
    }

    #[test]
    fn a_beat_is_told_from_a_packet_by_its_length() {
        assert_eq!([0, 1, 14].map(Word::of), [Word::Understood, Word::Deaf, Word::Understood]);
        assert_eq!(Word::of(Word::Deaf.beat().len()), Word::Deaf);
    }
}
