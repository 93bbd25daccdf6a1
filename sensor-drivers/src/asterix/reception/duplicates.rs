//! Records that came twice: stations send over two networks at once, and a record counts once.

use fusion_core::time::{Span, Timestamp};

/// Records remembered. At 5 s this covers 800 records a second; beyond, an older one is forgotten early. Counter:
/// `forgotten_early`.
pub(super) const REMEMBERED_MAX: usize = 4096;

/// Remembers the records of the last seconds by a hash of their octets, time of day included.
#[derive(Debug)]
pub(super) struct Duplicates {
    window: Span,
    /// Hash and time of the last record in each place; the place follows from the hash.
    places: Box<[Option<(u64, Timestamp)>]>,
    forgotten_early: u64,
}

impl Duplicates {
    /// Nothing remembered; records are alike only within `window`.
    pub(super) fn new(window: Span) -> Self {
        Self { window, places: vec![None; REMEMBERED_MAX].into_boxed_slice(), forgotten_early: 0 }
    }

    /// Whether these octets came before within the window; remembers them.
    pub(super) fn seen(&mut self, octets: &[u8], now: Timestamp) -> bool {
        let hash = fnv1a(octets);
        let index = usize::try_from(hash % REMEMBERED_MAX as u64).unwrap_or_default();
        let before = self.places[index].filter(|&(_, time)| (now - time).abs() <= self.window);
        if before.is_some_and(|(other, _)| other == hash) {
            return true;
        }
        self.forgotten_early += u64::from(before.is_some());
        self.places[index] = Some((hash, now));
        false
    }

    /// Records that another one pushed out within the window: a duplicate of theirs would pass.
    pub(super) const fn forgotten_early(&self) -> u64 {
        self.forgotten_early
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo), folded so that the low bits depend on all octets alike.
fn fnv1a(octets: &[u8]) -> u64 {
    let hash = octets
        .iter()
        .fold(0xCBF2_9CE4_8422_2325, |hash, &octet| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3_u64));
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_counts_once_within_the_window_only() {
        let mut duplicates = Duplicates::new(Span::from_secs(5));
        let at = Timestamp::from_secs;
        assert!(!duplicates.seen(b"a", at(100)));
        assert!(!duplicates.seen(b"b", at(100)));
        assert!(duplicates.seen(b"a", at(104)) && duplicates.seen(b"b", at(105)));
        assert!(!duplicates.seen(b"a", at(106)));
    }

    #[test]
    fn memory_stays_bounded_and_what_is_pushed_out_is_counted() {
        let mut duplicates = Duplicates::new(Span::from_secs(5));
        let total = 3 * REMEMBERED_MAX as u64;
        let alike = (0..total).filter(|n| duplicates.seen(&n.to_be_bytes(), Timestamp::EPOCH)).count();
        assert_eq!((alike, duplicates.places.len()), (0, REMEMBERED_MAX));
        let kept = duplicates.places.iter().flatten().count() as u64;
        assert_eq!(duplicates.forgotten_early() + kept, total);
    }
}
