//! The table of tracks, over lent memory.
//!
//! A track stays in its slot for life; a new one takes the lowest free slot. So the order of tracks is a function of
//! the scans alone, which is what makes a replay end in the same bits.

use super::{Track, TrackNumber};
use crate::capacity::TRACKS_MAX;
use crate::filter::imm::Modes;

/// Room for one track and, once it is believed, for the modes in which it may move.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slot {
    track: Option<Track>,
    modes: Option<Modes>,
}

impl Slot {
    /// A free slot.
    pub const EMPTY: Self = Self { track: None, modes: None };

    /// The track in it.
    #[must_use]
    pub const fn track(&self) -> Option<&Track> {
        self.track.as_ref()
    }

    /// The modes of that track, if it has more than its state.
    #[must_use]
    pub const fn modes(&self) -> Option<&Modes> {
        self.modes.as_ref()
    }
}

/// Which part of the lent slots is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Tracks in the table.
    live: u16,
    /// One past the highest slot in use.
    top: u16,
    /// No slot below this one is free.
    first_free: u16,
}

impl Occupancy {
    /// Tracks in the table.
    pub(crate) const fn live(&self) -> usize {
        self.live as usize
    }

    /// One past the highest slot in use.
    pub(crate) const fn top(&self) -> usize {
        self.top as usize
    }
}

/// Tracks and the bookkeeping of their slots.
pub(crate) struct TrackTable<'a> {
    slots: &'a mut [Slot],
    occupancy: &'a mut Occupancy,
}

impl<'a> TrackTable<'a> {
    pub(crate) fn new(slots: &'a mut [Slot], occupancy: &'a mut Occupancy) -> Self {
        let capacity = slots.len().min(TRACKS_MAX);
        Self { slots: &mut slots[..capacity], occupancy }
    }

    /// All slots that could hold a track, in order.
    pub(crate) fn indices(&self) -> core::ops::Range<u16> {
        0..self.occupancy.top
    }

    pub(crate) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.slots[..self.occupancy.top()].iter().filter_map(Slot::track)
    }

    pub(crate) fn live(&self) -> usize {
        self.occupancy.live()
    }

    pub(crate) fn get(&self, slot: u16) -> Option<&Track> {
        self.slots[usize::from(slot)].track.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: u16) -> Option<&mut Track> {
        self.slots[usize::from(slot)].track.as_mut()
    }

    /// A track with its modes.
    pub(crate) fn parts_mut(&mut self, slot: u16) -> Option<(&mut Track, &mut Option<Modes>)> {
        let Slot { track, modes } = &mut self.slots[usize::from(slot)];
        track.as_mut().map(|track| (track, modes))
    }

    /// Puts a track into the lowest free slot; gives it back if there is none.
    #[expect(clippy::result_large_err, reason = "the refused track is the error")]
    pub(crate) fn insert(&mut self, track: Track) -> Result<(), Track> {
        let from = usize::from(self.occupancy.first_free);
        let Some(free) = self.slots[from..].iter().position(|slot| slot.track.is_none()) else { return Err(track) };
        let slot = u16::try_from(from + free).expect("slots are numbered in 16 bits");
        self.slots[usize::from(slot)].track = Some(track);
        self.occupancy.live += 1;
        self.occupancy.first_free = slot + 1;
        self.occupancy.top = self.occupancy.top.max(slot + 1);
        Ok(())
    }

    /// Frees a slot.
    pub(crate) fn remove(&mut self, slot: u16) -> Option<Track> {
        let track = self.slots[usize::from(slot)].track.take()?;
        self.slots[usize::from(slot)].modes = None;
        self.occupancy.live -= 1;
        self.occupancy.first_free = self.occupancy.first_free.min(slot);
        while self.occupancy.top > 0 && self.slots[self.occupancy.top() - 1].track.is_none() {
            self.occupancy.top -= 1;
        }
        Some(track)
    }

    /// The first number from `wanted` upwards that no live track carries.
    pub(crate) fn free_number(&self, wanted: TrackNumber) -> TrackNumber {
        let mut number = wanted;
        // As many steps as there are tracks are enough: each rules out one number.
        for _ in 0..=self.live() {
            if self.tracks().all(|track| track.id.number != number) {
                break;
            }
            number = number.next();
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::tests::any_track;

    fn numbered(number: u64) -> Track {
        let mut track = any_track();
        track.id.number = TrackNumber(number);
        track
    }

    #[test]
    fn a_new_track_takes_the_lowest_free_slot() {
        let (mut slots, mut occupancy) = ([Slot::EMPTY, Slot::EMPTY, Slot::EMPTY], Occupancy::default());
        let mut table = TrackTable::new(&mut slots, &mut occupancy);
        assert!((0..3).all(|k| table.insert(numbered(k)).is_ok()));
        assert!(table.insert(numbered(3)).is_err());
        assert_eq!(table.remove(1).map(|t| t.id.number), Some(TrackNumber(1)));
        assert_eq!((table.live(), table.indices()), (2, 0..3));
        assert!(table.insert(numbered(4)).is_ok());
        assert_eq!(table.get(1).map(|t| t.id.number), Some(TrackNumber(4)));
        (0..3).for_each(|slot| assert!(table.remove(slot).is_some()));
        assert_eq!(*table.occupancy, Occupancy::default());
    }

    #[test]
    fn a_number_in_use_gives_way_to_the_next() {
        let (mut slots, mut occupancy) = ([Slot::EMPTY, Slot::EMPTY, Slot::EMPTY], Occupancy::default());
        let mut table = TrackTable::new(&mut slots, &mut occupancy);
        assert!(table.insert(numbered(7)).is_ok() && table.insert(numbered(8)).is_ok());
        assert_eq!(table.free_number(TrackNumber(7)), TrackNumber(9));
        assert_eq!(table.free_number(TrackNumber(6)), TrackNumber(6));
    }
}
