//! Whoever was heard, by address, in a table of fixed size: the one silent longest makes room.

use fusion_core::time::Timestamp;

/// What is known of those who were heard, by key. Memory is taken once; nothing here depends on where in memory a thing
/// lies.
#[derive(Clone, Debug)]
pub struct Heard<K, V> {
    slots: Vec<V>,
    /// When each slot was last heard; apart from the slots so that the longest silent is found quickly.
    heard: Vec<Timestamp>,
    /// (key, slot) in the order of keys.
    index: Vec<(K, u16)>,
    /// How many may be remembered; not the vector's capacity, which the allocator may round up.
    room: usize,
    evicted: u64,
}

impl<K: Copy + Ord, V> Heard<K, V> {
    /// An empty table with room for `capacity`, at least one and at most 65,536.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, 1 << 16);
        Self {
            slots: Vec::with_capacity(capacity),
            heard: Vec::with_capacity(capacity),
            index: Vec::with_capacity(capacity),
            room: capacity,
            evicted: 0,
        }
    }

    /// What is known of this one, who was heard just now; `new` if nothing is.
    pub fn hear(&mut self, key: K, now: Timestamp, new: impl FnOnce() -> V) -> &mut V {
        let slot = match self.find(key) {
            Ok(at) => usize::from(self.index[at].1),
            Err(_) => self.add(key, new()),
        };
        self.heard[slot] = now;
        &mut self.slots[slot]
    }

    /// What is known of this one, whenever it was heard.
    #[must_use]
    pub fn get(&self, key: K) -> Option<&V> {
        self.find(key).ok().map(|at| &self.slots[usize::from(self.index[at].1)])
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing was ever heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many were forgotten for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// All, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.index.iter().map(|&(_, slot)| &self.slots[usize::from(slot)])
    }

    /// All with their keys, in the order of these.
    pub fn entries(&self) -> impl Iterator<Item = (&K, &V)> {
        self.index.iter().map(|(key, slot)| (key, &self.slots[usize::from(*slot)]))
    }

    fn find(&self, key: K) -> Result<usize, usize> {
        self.index.binary_search_by_key(&key, |&(known, _)| known)
    }

    /// Makes a slot for a key that is not in the table.
    fn add(&mut self, key: K, value: V) -> usize {
        let slot = if self.slots.len() < self.room {
            self.slots.push(value);
            self.heard.push(Timestamp::EPOCH);
            self.slots.len() - 1
        } else {
            let slot = self.longest_silent();
            self.forget(slot);
            self.slots[slot] = value;
            slot
        };
        let at = self.find(key).expect_err("only unknown keys are added");
        self.index.insert(at, (key, u16::try_from(slot).expect("the room fits sixteen bits")));
        slot
    }

    /// Of several equally silent, the one in the lowest slot.
    fn longest_silent(&self) -> usize {
        let by_time = self.heard.iter().enumerate().min_by_key(|&(_, heard)| heard);
        by_time.map_or(0, |(slot, _)| slot)
    }

    fn forget(&mut self, slot: usize) {
        self.evicted += 1;
        self.index.retain(|&(_, taken)| usize::from(taken) != slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::time::Span;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::EPOCH + Span::from_millis(millis)
    }

    #[test]
    fn a_full_table_forgets_the_longest_silent_and_counts_it() {
        let mut table = Heard::new(2);
        for (time, key) in (0..).zip([1, 2, 1, 3]) {
            table.hear(key, at(time), || key);
        }
        assert_eq!(table.iter().copied().collect::<Vec<_>>(), [1, 3]);
        assert_eq!((table.len(), table.evicted()), (2, 1));
        assert_eq!((table.get(1), table.get(2)), (Some(&1), None));
    }

    proptest! {
        #[test]
        fn the_table_never_grows_beyond_its_room_and_stays_in_order(
            keys in proptest::collection::vec(0..40u32, 0..200),
        ) {
            let mut table = Heard::new(16);
            for (time, &key) in (0i64..).zip(&keys) {
                let held = table.hear(key, at(time), || key);
                prop_assert_eq!(*held, key);
            }
            let held: Vec<_> = table.iter().copied().collect();
            prop_assert!(held.is_sorted() && held.len() <= 16);
            // The sixteen that were heard last are there.
            let mut expected: Vec<_> = keys.iter().rev().fold(Vec::new(), |mut seen, &key| {
                if seen.len() < 16 && !seen.contains(&key) {
                    seen.push(key);
                }
                seen
            });
            expected.sort();
            prop_assert_eq!(held, expected);
        }
    }
}
