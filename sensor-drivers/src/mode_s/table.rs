//! Aircraft by address, in a table of fixed size.

use fusion_core::identity::Address;
use fusion_core::time::Timestamp;

use super::aircraft::Aircraft;

/// Aircraft remembered at once. A receiver on a mountain in the busiest airspace hears some 600. Beyond it, the one
/// that was silent longest is forgotten, and counted.
///
/// Counter: `evicted`.
pub const AIRCRAFT_MAX: usize = 2048;

/// Aircraft by address. Memory is taken once; nothing here depends on where in memory a thing lies.
#[derive(Clone, Debug)]
pub struct AircraftTable {
    slots: Vec<Aircraft>,
    /// When each slot was last heard; apart from the slots so that the longest silent is found quickly.
    heard: Vec<Timestamp>,
    /// (address, slot) in the order of addresses.
    index: Vec<(Address, u16)>,
    /// How many aircraft may be remembered; not the vector's capacity, which the allocator may round up.
    room: usize,
    evicted: u64,
}

impl AircraftTable {
    /// An empty table with room for `capacity` aircraft, at most [`AIRCRAFT_MAX`] and at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, AIRCRAFT_MAX);
        Self {
            slots: Vec::with_capacity(capacity),
            heard: Vec::with_capacity(capacity),
            index: Vec::with_capacity(capacity),
            room: capacity,
            evicted: 0,
        }
    }

    /// The aircraft with this address, which was heard just now; a new one if it is not known.
    pub fn hear(&mut self, address: Address, now: Timestamp) -> &mut Aircraft {
        let slot = match self.find(address) {
            Ok(at) => usize::from(self.index[at].1),
            Err(_) => self.add(address),
        };
        self.heard[slot] = now;
        &mut self.slots[slot]
    }

    /// How many aircraft are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing was ever heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many aircraft were forgotten for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// All aircraft, in the order of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = &Aircraft> {
        self.index.iter().map(|&(_, slot)| &self.slots[usize::from(slot)])
    }

    fn find(&self, address: Address) -> Result<usize, usize> {
        self.index.binary_search_by_key(&address, |&(known, _)| known)
    }

    /// Makes a slot for an address that is not in the table.
    fn add(&mut self, address: Address) -> usize {
        let slot = if self.slots.len() < self.room {
            self.slots.push(Aircraft::new(address));
            self.heard.push(Timestamp::EPOCH);
            self.slots.len() - 1
        } else {
            let slot = self.longest_silent();
            self.forget(slot);
            self.slots[slot] = Aircraft::new(address);
            slot
        };
        let at = self.find(address).expect_err("only unknown addresses are added");
        self.index.insert(at, (address, u16::try_from(slot).expect("AIRCRAFT_MAX fits sixteen bits")));
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
        let mut table = AircraftTable::new(2);
        table.hear(Address::Icao(1), at(0));
        table.hear(Address::Icao(2), at(1));
        table.hear(Address::Icao(1), at(2));
        table.hear(Address::Icao(3), at(3));
        let addresses: Vec<_> = table.iter().filter_map(|aircraft| aircraft.identity().address).collect();
        assert_eq!(addresses, [Address::Icao(1), Address::Icao(3)]);
        assert_eq!((table.len(), table.evicted()), (2, 1));
    }

    #[test]
    fn the_same_number_of_another_kind_is_another_aircraft() {
        let mut table = AircraftTable::new(8);
        table.hear(Address::Icao(7), at(0));
        table.hear(Address::NonIcao(7), at(0));
        assert_eq!(table.len(), 2);
    }

    proptest! {
        #[test]
        fn the_table_never_grows_beyond_its_room_and_stays_in_order(
            addresses in proptest::collection::vec(0..40u32, 0..200),
        ) {
            let mut table = AircraftTable::new(16);
            for (time, &address) in (0i64..).zip(&addresses) {
                let aircraft = table.hear(Address::Icao(address), at(time));
                prop_assert_eq!(aircraft.identity().address, Some(Address::Icao(address)));
            }
            let held: Vec<_> = table.iter().filter_map(|aircraft| aircraft.identity().address).collect();
            prop_assert!(held.is_sorted() && held.len() <= 16);
            // The sixteen that were heard last are there.
            let mut expected: Vec<_> = addresses.iter().rev().fold(Vec::new(), |mut seen, &a| {
                if seen.len() < 16 && !seen.contains(&Address::Icao(a)) {
                    seen.push(Address::Icao(a));
                }
                seen
            });
            expected.sort();
            prop_assert_eq!(held, expected);
        }
    }
}
