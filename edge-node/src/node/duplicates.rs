//! What came over two networks counts once: datagrams that are the same, octet for octet, within a short while.

use std::collections::VecDeque;

use fusion_core::time::{Span, Timestamp};

/// Datagrams remembered. Beyond, the oldest is forgotten early, and a second copy of it would pass.
///
/// Counter: `Duplicates::forgotten`.
pub const DATAGRAMS_MAX: usize = 1024;

/// The datagrams of the last while, each as its hash and its length.
#[derive(Debug)]
pub struct Duplicates {
    window: Span,
    /// Oldest first.
    recent: VecDeque<(Timestamp, u64, usize)>,
    /// Second copies so far.
    pub seen: u64,
    /// Forgotten before their time.
    pub forgotten: u64,
}

impl Duplicates {
    /// Nothing remembered. A window of nothing lets everything pass.
    #[must_use]
    pub const fn new(window: Span) -> Self {
        Self { window, recent: VecDeque::new(), seen: 0, forgotten: 0 }
    }

    /// Whether the same datagram came before within the window; remembers it.
    pub fn is_second(&mut self, datagram: &[u8], received: Timestamp) -> bool {
        if self.window <= Span::ZERO || datagram.is_empty() {
            return false;
        }
        while self.recent.front().is_some_and(|(at, _, _)| (received - *at).abs() > self.window) {
            self.recent.pop_front();
        }
        let (hash, length) = (proto::codec::fnv1a(proto::codec::FNV_BASIS, datagram), datagram.len());
        let second = self.recent.iter().rev().any(|&(_, h, l)| (h, l) == (hash, length));
        self.seen += u64::from(second);
        if !second {
            if self.recent.len() == DATAGRAMS_MAX {
                self.recent.pop_front();
                self.forgotten += 1;
            }
            self.recent.push_back((received, hash, length));
        }
        second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_secs(1_717_236_000) + Span::from_millis(millis)
    }

    #[test]
    fn the_second_copy_within_the_window_does_not_count_and_a_later_one_does() {
        let mut duplicates = Duplicates::new(Span::from_secs(1));
        assert!(!duplicates.is_second(b"one", at(0)));
        assert!(duplicates.is_second(b"one", at(3)));
        assert!(!duplicates.is_second(b"two", at(4)));
        assert!(!duplicates.is_second(b"one", at(1_001)), "a second is long over");
        assert_eq!((duplicates.seen, duplicates.forgotten), (1, 0));
    }

    #[test]
    fn without_a_window_everything_passes() {
        let mut duplicates = Duplicates::new(Span::ZERO);
        assert!(!duplicates.is_second(b"one", at(0)) && !duplicates.is_second(b"one", at(0)));
    }

    #[test]
    fn memory_is_bounded_and_what_it_forgets_is_counted() {
        let mut duplicates = Duplicates::new(Span::from_secs(1));
        for number in 0..=DATAGRAMS_MAX {
            assert!(!duplicates.is_second(&number.to_le_bytes(), at(0)));
        }
        assert_eq!((duplicates.recent.len(), duplicates.forgotten), (DATAGRAMS_MAX, 1));
        assert!(!duplicates.is_second(&0_usize.to_le_bytes(), at(0)), "the oldest was forgotten");
    }
}
