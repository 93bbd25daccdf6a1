//! The table of tracks, over lent memory.
//!
//! A track stays in its slot for life; a new one takes the lowest free slot. So the order of tracks is a function of
//! the scans alone, which is what makes a replay end in the same bits.

use super::packed::{Packer, Unpacker};
use super::{Track, TrackNumber};
use crate::capacity::TRACKS_MAX;
use crate::filter::consider::Considered;
use crate::filter::imm::Modes;
use crate::gaussian::GaussianState;
use crate::room::Room;

/// Room for one track.
///
/// It begins on a cache line, so that what every look asks of a track is one.
#[derive(Clone, Debug, Default, PartialEq)]
#[repr(align(64))]
pub struct Slot(Place);

impl Slot {
    /// A free slot.
    pub const EMPTY: Self = Self(Place::EMPTY);

    /// The track in it.
    #[must_use]
    pub const fn track(&self) -> Option<&Track> {
        self.0.track()
    }
}

/// Where a track is made, over what is left of the one before: most are founded by clutter and deleted by the next
/// look, and of their kilobyte only what differs is written.
#[derive(Debug)]
#[repr(C)]
struct Place {
    used: bool,
    /// If it is not used, nobody's.
    track: Track,
}

impl Default for Place {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.track() == other.track()
    }
}

impl Clone for Place {
    fn clone(&self) -> Self {
        Self { used: self.used, track: self.track.clone() }
    }

    /// Copies no more than there is.
    fn clone_from(&mut self, other: &Self) {
        self.used = other.used;
        if other.used {
            self.track.clone_from(&other.track);
        }
    }
}

impl Place {
    const EMPTY: Self = Self { used: false, track: Track::BLANK };

    const fn track(&self) -> Option<&Track> {
        if self.used { Some(&self.track) } else { None }
    }

    const fn track_mut(&mut self) -> Option<&mut Track> {
        if self.used { Some(&mut self.track) } else { None }
    }
}

/// Room for the modes of one track, which it has once it is believed, and for what it knows of common errors. They lie
/// apart from the tracks because they are large and most tracks have neither.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModeSlot {
    /// Nothing unless the track is believed.
    modes: Option<Modes>,
    considered: Considered,
}

impl ModeSlot {
    /// Nothing.
    pub const EMPTY: Self = Self { modes: None, considered: Considered::NONE };

    /// The modes.
    #[must_use]
    pub const fn modes(&self) -> Option<&Modes> {
        self.modes.as_ref()
    }

    fn clear(&mut self) {
        self.modes = None;
        self.considered.clear();
    }

    /// Words that a copy of it takes.
    fn words(&self) -> usize {
        Modes::words(self.modes.as_ref()) + self.considered.words()
    }

    fn pack(&self, packer: &mut Packer<'_>) {
        Modes::pack(self.modes.as_ref(), packer);
        self.considered.pack(packer);
    }

    /// Becomes what lies in a copy from a word on.
    fn unpack(&mut self, words: &[u64], at: usize) {
        let mut unpacker = Unpacker::new(words, at);
        self.modes = Modes::unpack(&mut unpacker);
        self.considered.unpack(&mut unpacker);
    }
}

/// What lies apart from a track.
pub(crate) struct Beside<'a> {
    pub(crate) modes: &'a mut Option<Modes>,
    pub(crate) considered: &'a mut Considered,
}

/// Room for a copy of a track. What lies apart from it lies apart here too, as words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlotCopy {
    place: Place,
    /// Where its words begin.
    beside: usize,
}

impl SlotCopy {
    /// Nothing.
    pub const EMPTY: Self = Self { place: Place::EMPTY, beside: 0 };

    /// The track.
    #[must_use]
    pub const fn track(&self) -> Option<&Track> {
        self.place.track()
    }

    /// Gives the track another state at the same time; its modes, which lie among these words, go the same way.
    pub(crate) fn set_state(&mut self, words: &mut [u64], state: GaussianState) -> Option<&mut Track> {
        let track = self.place.track_mut()?;
        let modes = Modes::unpack(&mut Unpacker::new(words, self.beside));
        if let Some(mut modes) = modes {
            modes.translate(&(state.mean - track.state.mean));
            // As many words as before.
            Modes::pack(Some(&modes), &mut Packer::new(words, self.beside));
        }
        track.state = state;
        Some(track)
    }
}

/// Words of the map of used slots.
const MAP_WORDS: usize = TRACKS_MAX / 64;

impl Beside<'_> {
    /// All of it goes over from another track.
    pub(crate) fn become_that_of(&mut self, other: ModeSlot) {
        *self.modes = other.modes;
        *self.considered = other.considered;
    }
}

/// Which part of the lent slots is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Tracks in the table.
    live: u16,
    /// One past the highest slot in use.
    top: u16,
    /// A bit for each slot: whether it is in use. So nobody has to look at the slots themselves.
    used: [u64; MAP_WORDS],
}

impl Default for Occupancy {
    fn default() -> Self {
        Self { live: 0, top: 0, used: [0; MAP_WORDS] }
    }
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

    /// The lowest free slot.
    fn first_free(&self) -> usize {
        let word = self.used.iter().position(|word| *word != u64::MAX).unwrap_or(MAP_WORDS);
        self.used.get(word).map_or(TRACKS_MAX, |bits| word * 64 + bits.trailing_ones() as usize)
    }

    fn take(&mut self, slot: u16) {
        self.used[usize::from(slot / 64)] |= 1 << (slot % 64);
        self.live += 1;
        self.top = self.top.max(slot + 1);
    }

    fn free(&mut self, slot: u16) {
        self.used[usize::from(slot / 64)] &= !(1 << (slot % 64));
        self.live -= 1;
        while self.top > 0 && !self.is_used(self.top - 1) {
            self.top -= 1;
        }
    }

    const fn is_used(&self, slot: u16) -> bool {
        self.used[(slot / 64) as usize] >> (slot % 64) & 1 == 1
    }

    /// The slots in use, in order, as they are now.
    fn indices(&self) -> impl Iterator<Item = u16> + use<> {
        let used = *self;
        (0..self.top).filter(move |slot| used.is_used(*slot))
    }
}

/// Tracks with their modes and the bookkeeping of their slots.
pub(crate) struct TrackTable<'a> {
    slots: &'a mut [Slot],
    modes: &'a mut [ModeSlot],
    occupancy: &'a mut Occupancy,
}

impl<'a> TrackTable<'a> {
    pub(crate) fn new(slots: &'a mut [Slot], modes: &'a mut [ModeSlot], occupancy: &'a mut Occupancy) -> Self {
        let capacity = slots.len().min(modes.len()).min(TRACKS_MAX);
        Self { slots: &mut slots[..capacity], modes: &mut modes[..capacity], occupancy }
    }

    /// The table as far as it is used, and as so many newcomers would use it.
    pub(crate) fn reaching(
        slots: &'a mut (dyn Room<Slot> + '_),
        modes: &'a mut (dyn Room<ModeSlot> + '_),
        occupancy: &'a mut Occupancy,
        newcomers: usize,
    ) -> Self {
        // A newcomer takes the lowest free slot.
        let reach = occupancy.top().max(occupancy.live() + newcomers);
        Self::new(slots.reaching(reach), modes.reaching(reach), occupancy)
    }

    /// Whether there is no room for another.
    pub(crate) fn is_full(&self) -> bool {
        self.live() >= self.slots.len()
    }

    /// All slots that hold a track now, in order.
    pub(crate) fn indices(&self) -> impl Iterator<Item = u16> + use<> {
        self.occupancy.indices()
    }

    pub(crate) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.indices().filter_map(|slot| self.get(slot))
    }

    pub(crate) fn live(&self) -> usize {
        self.occupancy.live()
    }

    /// One past the highest slot in use.
    pub(crate) fn top(&self) -> usize {
        self.occupancy.top()
    }

    pub(crate) fn get(&self, slot: u16) -> Option<&Track> {
        self.slots[usize::from(slot)].track()
    }

    pub(crate) fn get_mut(&mut self, slot: u16) -> Option<&mut Track> {
        self.slots[usize::from(slot)].0.track_mut()
    }

    /// A track with all that belongs to it.
    pub(crate) fn whole_mut(&mut self, slot: u16) -> Option<(&mut Track, Beside<'_>)> {
        let ModeSlot { modes, considered } = &mut self.modes[usize::from(slot)];
        self.slots[usize::from(slot)].0.track_mut().map(|track| (track, Beside { modes, considered }))
    }

    /// The modes of a track, if it has any.
    pub(crate) fn modes(&self, slot: u16) -> Option<&Modes> {
        self.modes[usize::from(slot)].modes()
    }

    /// What a track knows of common errors.
    pub(crate) fn considered(&self, slot: u16) -> &Considered {
        &self.modes[usize::from(slot)].considered
    }

    /// Puts a track into the lowest free slot; false if there is none.
    #[cfg(test)]
    pub(crate) fn insert(&mut self, track: Track) -> bool {
        self.insert_with(None, |place| *place = track).is_some()
    }

    /// The same with a track that is made where it will lie, of whatever is there, and what it knows of common errors;
    /// and there it is.
    #[inline]
    pub(crate) fn insert_with(&mut self, known: Option<&Considered>, make: impl FnOnce(&mut Track)) -> Option<&Track> {
        let place = self.occupancy.first_free();
        let Slot(free) = self.slots.get_mut(place)?;
        make(&mut free.track);
        free.used = true;
        if let Some(known) = known {
            self.modes[place].considered.clone_from(known);
        }
        self.occupancy.take(u16::try_from(place).expect("slots are numbered in 16 bits"));
        Some(&free.track)
    }

    /// Frees a slot whose track nobody wants any more.
    pub(crate) fn delete(&mut self, slot: u16) {
        let Slot(place) = &mut self.slots[usize::from(slot)];
        if place.used {
            place.used = false;
            self.modes[usize::from(slot)].clear();
            self.occupancy.free(slot);
        }
    }

    /// Frees a slot and hands out its track.
    pub(crate) fn remove(&mut self, slot: u16) -> Option<Track> {
        let track = self.get(slot)?.clone();
        self.delete(slot);
        Some(track)
    }

    /// Frees a slot and hands out all that was in it.
    pub(crate) fn take(&mut self, slot: u16) -> Option<(Track, ModeSlot)> {
        let modes = core::mem::take(&mut self.modes[usize::from(slot)]);
        self.remove(slot).map(|track| (track, modes))
    }

    /// Words that a copy of what lies apart from the tracks takes.
    pub(crate) fn words(&self) -> usize {
        self.indices().map(|slot| self.modes[usize::from(slot)].words()).sum()
    }

    /// Copies everything out.
    pub(crate) fn save(&self, copy: &mut [SlotCopy], words: &mut [u64]) {
        let mut packer = Packer::new(words, 0);
        let slots = self.slots.iter().zip(self.modes.iter()).take(self.occupancy.top());
        for (copy, (slot, modes)) in copy.iter_mut().zip(slots) {
            copy.place.clone_from(&slot.0);
            copy.beside = packer.at();
            if slot.0.used {
                modes.pack(&mut packer);
            }
        }
    }

    /// Goes back to what was saved when the slots were used like this.
    pub(crate) fn restore(&mut self, copy: &[SlotCopy], words: &[u64], occupancy: Occupancy) {
        let top = self.occupancy.top().max(occupancy.top());
        for (place, (slot, modes)) in self.slots.iter_mut().zip(self.modes.iter_mut()).enumerate().take(top) {
            let saved = copy.get(place).filter(|saved| place < occupancy.top() && saved.place.used);
            slot.0.clone_from(saved.map_or(&Place::EMPTY, |saved| &saved.place));
            match saved {
                Some(saved) => modes.unpack(words, saved.beside),
                None => modes.clear(),
            }
        }
        *self.occupancy = occupancy;
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
    use crate::model::motion::MotionSet;
    use crate::track::packed::PACKED_WORDS;
    use crate::track::tests::any_track;

    fn numbered(number: u64) -> Track {
        let mut track = any_track();
        track.id.number = TrackNumber(number);
        track
    }

    #[test]
    fn a_new_track_takes_the_lowest_free_slot() {
        let (mut slots, mut occupancy) = ([Slot::EMPTY, Slot::EMPTY, Slot::EMPTY], Occupancy::default());
        let mut modes = [ModeSlot::EMPTY, ModeSlot::EMPTY, ModeSlot::EMPTY];
        let mut table = TrackTable::new(&mut slots, &mut modes, &mut occupancy);
        assert!((0..3).all(|k| table.insert(numbered(k))));
        assert!(!table.insert(numbered(3)));
        assert_eq!(table.remove(1).map(|t| t.id.number), Some(TrackNumber(1)));
        assert_eq!((table.live(), table.indices().sum::<u16>()), (2, 2));
        table.delete(1);
        assert!(table.insert(numbered(4)));
        assert_eq!(table.get(1).map(|t| t.id.number), Some(TrackNumber(4)));
        (0..3).for_each(|slot| table.delete(slot));
        assert_eq!(*table.occupancy, Occupancy::default());
    }

    #[test]
    fn what_lies_in_a_free_slot_is_nobodys() {
        let (mut slots, mut occupancy) = ([Slot::EMPTY, Slot::EMPTY], Occupancy::default());
        let mut modes = [ModeSlot::EMPTY, ModeSlot::EMPTY];
        let mut table = TrackTable::new(&mut slots, &mut modes, &mut occupancy);
        assert!(table.insert(numbered(7)));
        table.delete(0);
        assert!(table.get(0).is_none() && table.get_mut(0).is_none() && table.whole_mut(0).is_none());
        let mut copies = [SlotCopy::EMPTY, SlotCopy::EMPTY];
        table.save(&mut copies, &mut []);
        assert_eq!((slots[0].track(), &slots[0], &copies[0]), (None, &Slot::EMPTY, &SlotCopy::EMPTY));
        // Nor does a copy of it bring anything back.
        let mut other = Place { used: true, track: numbered(8) };
        other.clone_from(&slots[0].0);
        assert!(other.track().is_none());
    }

    #[test]
    fn a_copy_brings_back_each_track_with_what_lies_apart_from_it() {
        let (mut slots, mut occupancy) = ([const { Slot::EMPTY }; 4], Occupancy::default());
        let mut modes = [const { ModeSlot::EMPTY }; 4];
        let mut table = TrackTable::new(&mut slots, &mut modes, &mut occupancy);
        assert!((0..4).all(|number| table.insert(numbered(number))));
        for slot in [1, 3] {
            let (track, beside) = table.whole_mut(slot).expect("there");
            *beside.modes = Modes::start(&MotionSet::mixed(), &track.state).ok();
        }
        table.delete(0);
        let mut copies = [const { SlotCopy::EMPTY }; 4];
        let mut words = [0; 4 * PACKED_WORDS];
        let (saved, used) = (*table.occupancy, table.words());
        table.save(&mut copies, &mut words[..used]);
        let before: [_; 4] = [0, 1, 2, 3].map(|slot| (table.get(slot).cloned(), table.modes(slot).cloned()));
        // Another's track with modes where there was none, none where there was one.
        assert!(table.insert(numbered(9)));
        *table.whole_mut(0).expect("there").1.modes = Modes::start(&MotionSet::drones(), &any_track().state).ok();
        table.delete(1);
        table.delete(3);
        table.restore(&copies, &words, saved);
        let after = [0, 1, 2, 3].map(|slot| (table.get(slot).cloned(), table.modes(slot).cloned()));
        assert_eq!((after, *table.occupancy), (before, saved));
    }

    #[test]
    fn what_every_look_asks_of_a_track_is_one_cache_line() {
        let slot = Slot(Place { used: true, track: any_track() });
        let (begin, history) = (core::ptr::from_ref(&slot).addr(), &slot.0.track.history);
        let end = core::ptr::from_ref(history).addr() + size_of_val(history);
        assert_eq!((begin % 64, end - begin), (0, 64));
    }

    #[test]
    fn a_number_in_use_gives_way_to_the_next() {
        let (mut slots, mut occupancy) = ([Slot::EMPTY, Slot::EMPTY, Slot::EMPTY], Occupancy::default());
        let mut modes = [ModeSlot::EMPTY, ModeSlot::EMPTY, ModeSlot::EMPTY];
        let mut table = TrackTable::new(&mut slots, &mut modes, &mut occupancy);
        assert!(table.insert(numbered(7)) && table.insert(numbered(8)));
        assert_eq!(table.free_number(TrackNumber(7)), TrackNumber(9));
        assert_eq!(table.free_number(TrackNumber(6)), TrackNumber(6));
    }
}
