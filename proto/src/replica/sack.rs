//! Which packets came, and which of those sent did: numbers of sixteen bits, a window of 33, selective
//! acknowledgement.

use std::collections::VecDeque;

use fusion_core::time::Span;

use crate::packet::Acks;

/// Packets that may be under way at once: what the acknowledgements can tell apart.
///
/// No counter: sending waits until one is told or given up.
pub(super) const FLIGHT_MAX: usize = 32;

/// A packet counts as lost when so many sent after it have come.
const REORDER: u16 = 3;

/// What has come from the other side.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Received {
    acks: Option<Acks>,
}

impl Received {
    /// Whether a packet is new. It counts as come only by [`Received::note`].
    #[must_use]
    pub(super) fn is_new(&self, number: u16) -> bool {
        let Some(acks) = self.acks else { return true };
        match ahead(number, acks.newest) {
            0 => false,
            d if d > 0 => true,
            d => d >= -32 && acks.mask >> (-d - 1) & 1 == 0,
        }
    }

    /// Notes that a packet has come and was taken in.
    pub(super) fn note(&mut self, number: u16) {
        let Some(acks) = &mut self.acks else {
            self.acks = Some(Acks { newest: number, mask: 0 });
            return;
        };
        match ahead(number, acks.newest) {
            0 => {}
            d @ 1..=32 => {
                let d = u32::try_from(d).unwrap_or(32);
                acks.mask = acks.mask.checked_shl(d).unwrap_or(0) | 1 << (d - 1);
                acks.newest = number;
            }
            d if d > 0 => *acks = Acks { newest: number, mask: 0 },
            d @ -32..0 => acks.mask |= 1 << (-d - 1),
            _ => {}
        }
    }

    /// What to tell the other side.
    #[must_use]
    pub(super) const fn acks(&self) -> Option<Acks> {
        self.acks
    }
}

/// How far `a` is ahead of `b`, the short way round.
fn ahead(a: u16, b: u16) -> i32 {
    i32::from(a.wrapping_sub(b).cast_signed())
}

/// A packet under way.
#[derive(Clone, Debug)]
pub(super) struct Sent<C> {
    /// Its number.
    pub number: u16,
    /// When it was sent.
    pub time: Span,
    /// Its size with what carries it.
    pub bytes: u32,
    /// What was in it.
    pub content: C,
    /// For the pace: what had been resolved when it was sent, and when that was.
    pub resolved: (u64, Span),
    /// Whether there was nothing more to send.
    pub idle: bool,
}

/// Packets under way, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Flight<C> {
    next: u16,
    sent: VecDeque<Sent<C>>,
    bytes: u32,
}

impl<C> Default for Flight<C> {
    fn default() -> Self {
        Self { next: 0, sent: VecDeque::new(), bytes: 0 }
    }
}

impl<C> Flight<C> {
    /// The number of the next packet.
    #[must_use]
    pub(super) const fn next_number(&self) -> u16 {
        self.next
    }

    /// Notes a packet as sent; its number must be the next.
    pub(super) fn push(&mut self, sent: Sent<C>) {
        self.next = self.next.wrapping_add(1);
        self.bytes += sent.bytes;
        self.sent.push_back(sent);
    }

    /// Bytes under way.
    #[must_use]
    pub(super) const fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Packets under way.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// Whether none is.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// When the oldest was sent.
    #[must_use]
    pub(super) fn oldest(&self) -> Option<Span> {
        self.sent.front().map(|sent| sent.time)
    }

    /// Takes out what the other side has, first, and then what must be lost.
    pub(super) fn handle_acks(&mut self, acks: Acks) -> (Vec<Sent<C>>, Vec<Sent<C>>) {
        let came = self.take(|number| match ahead(acks.newest, number) {
            0 => true,
            d @ 1..=32 => acks.mask >> (d - 1) & 1 == 1,
            _ => false,
        });
        let newest = came.last().map(|sent| sent.number);
        let overtaken = |number| newest.is_some_and(|newest| ahead(newest, number) >= REORDER.into());
        let beyond = |number| ahead(acks.newest, number) > 32;
        let lost = self.take(|number| overtaken(number) || beyond(number));
        (came, lost)
    }

    /// Takes out what was sent before a time.
    pub(super) fn sent_before(&mut self, time: Span) -> Vec<Sent<C>> {
        let old: Vec<u16> = self.sent.iter().filter(|sent| sent.time < time).map(|sent| sent.number).collect();
        self.take(|number| old.contains(&number))
    }

    /// Takes out everything.
    pub(super) fn take_all(&mut self) -> Vec<Sent<C>> {
        self.take(|_| true)
    }

    fn take(&mut self, which: impl Fn(u16) -> bool) -> Vec<Sent<C>> {
        let (taken, kept): (Vec<_>, VecDeque<_>) = {
            let (mut taken, mut kept) = (Vec::new(), VecDeque::new());
            for sent in self.sent.drain(..) {
                if which(sent.number) {
                    taken.push(sent);
                } else {
                    kept.push_back(sent);
                }
            }
            (taken, kept)
        };
        self.sent = kept;
        self.bytes = self.sent.iter().map(|sent| sent.bytes).sum();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flight(count: u16) -> Flight<()> {
        let mut flight = Flight { next: u16::MAX - 2, ..Flight::default() };
        for _ in 0..count {
            let number = flight.next_number();
            let resolved = (0, Span::ZERO);
            flight.push(Sent { number, time: Span::ZERO, bytes: 10, content: (), resolved, idle: false });
        }
        flight
    }

    #[test]
    fn what_was_overtaken_by_three_is_lost_and_nothing_else() {
        let mut flight = flight(6);
        let mut received = Received::default();
        for number in [u16::MAX - 2, 0, 1] {
            assert!(received.is_new(number));
            received.note(number);
            assert!(!received.is_new(number));
        }
        let (came, lost) = flight.handle_acks(received.acks().expect("some came"));
        assert_eq!(came.iter().map(|sent| sent.number).collect::<Vec<_>>(), [u16::MAX - 2, 0, 1]);
        assert_eq!(lost.iter().map(|sent| sent.number).collect::<Vec<_>>(), [u16::MAX - 1]);
        assert_eq!((flight.len(), flight.bytes()), (2, 20), "overtaken by two, and the latest: both may be under way");
    }

    proptest! {
        #[test]
        fn what_is_acknowledged_has_come(numbers in prop::collection::vec(0_u16..60, 1..80), start in any::<u16>()) {
            let (mut received, mut came) = (Received::default(), std::collections::BTreeSet::new());
            for number in numbers {
                if received.is_new(number.wrapping_add(start)) {
                    received.note(number.wrapping_add(start));
                    came.insert(number);
                }
            }
            let acks = received.acks().expect("at least one");
            prop_assert!(came.contains(&acks.newest.wrapping_sub(start)));
            for k in 0..32 {
                let number = acks.newest.wrapping_sub(start).wrapping_sub(k + 1);
                prop_assert_eq!(acks.mask >> k & 1 == 1, came.contains(&number));
            }
        }
    }
}
