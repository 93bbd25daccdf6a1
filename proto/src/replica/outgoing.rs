//! What a neighbour is known to hold of one stream, and what it is still to be told.
//!
//! Of each row the newest version that the neighbour acknowledged is known. A row of which we hold a newer one is
//! *due*. With it stands a bound below the first version that the neighbour may lack: from it follows up to where the
//! neighbour holds everything, which is what it is told as its floor, see [`Outgoing::floor_for_peer`].

use std::collections::BTreeMap;

use fusion_core::time::Span;

use crate::row::RowKey;

/// A row that the neighbour is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// No version of this row below this one is lacking.
    lacking: u32,
    /// The same, once the version under way has come.
    lacking_then: Option<u32>,
    /// Since when.
    pub since: Span,
    /// The newest version under way.
    pub under_way: Option<u32>,
    /// How often it was lost: after the second time it is told whole.
    pub losses: u8,
}

/// Whether the neighbour knows our index for the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// Not told.
    No,
    /// Told and acknowledged.
    Yes,
}

/// One stream towards one neighbour.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// Our index for it on this link.
    pub index: u16,
    /// Whether the neighbour knows it.
    pub declared: Declared,
    /// The neighbour asked not to be sent this stream.
    pub pruned: bool,
    /// The neighbour holds everything up to here.
    floor: u32,
    /// What it was last told of that, and acknowledged.
    pub told: u32,
    acked: BTreeMap<RowKey, u32>,
    due: BTreeMap<RowKey, Due>,
}

impl Outgoing {
    /// Nothing known of the neighbour.
    #[must_use]
    pub(super) const fn new(index: u16) -> Self {
        Self {
            index,
            declared: Declared::No,
            pruned: false,
            floor: 0,
            told: 0,
            acked: BTreeMap::new(),
            due: BTreeMap::new(),
        }
    }

    /// The newest version of a row that the neighbour certainly holds or has outgrown.
    #[must_use]
    pub(super) fn known(&self, key: RowKey) -> u32 {
        self.acked(key).unwrap_or(0).max(self.floor)
    }

    /// The version of a row that the neighbour acknowledged: one that it had itself.
    #[must_use]
    pub(super) fn acked(&self, key: RowKey) -> Option<u32> {
        self.acked.get(&key).copied()
    }

    /// A row has a new version, before which we lacked none below `lacking`.
    pub(super) fn handle_changed(&mut self, key: RowKey, version: u32, lacking: u32, now: Span) {
        let known = self.known(key);
        if version <= known {
            return;
        }
        match self.due.get_mut(&key) {
            Some(due) if due.under_way.is_some() => {
                due.lacking_then.get_or_insert(lacking);
            }
            Some(_) => {}
            None => {
                let lacking = lacking.max(known + 1);
                let due = Due { lacking, lacking_then: None, since: now, under_way: None, losses: 0 };
                self.due.insert(key, due);
            }
        }
    }

    /// A version was sent.
    pub(super) fn handle_sent(&mut self, key: RowKey, version: u32) {
        if let Some(due) = self.due.get_mut(&key) {
            (due.under_way, due.lacking_then) = (Some(version), None);
        }
    }

    /// A version has come, or the neighbour sent it to us itself; `current` is the one we hold.
    pub(super) fn handle_acked(&mut self, key: RowKey, version: u32, current: Option<u32>) {
        let acked = self.acked.entry(key).or_default();
        *acked = version.max(*acked);
        let Some(due) = self.due.get_mut(&key) else { return };
        if current.is_none_or(|current| current <= version) {
            self.due.remove(&key);
            return;
        }
        let then = if due.under_way == Some(version) { due.lacking_then.take() } else { None };
        due.lacking = due.lacking.max(then.unwrap_or(0)).max(version + 1);
        if due.under_way == Some(version) {
            due.under_way = None;
        }
    }

    /// A version did not come.
    pub(super) fn handle_lost(&mut self, key: RowKey, version: u32) {
        if let Some(due) = self.due.get_mut(&key).filter(|due| due.under_way == Some(version)) {
            (due.under_way, due.lacking_then, due.losses) = (None, None, due.losses.saturating_add(1));
        }
    }

    /// We hold no row of this key any more: it ended everywhere.
    pub(super) fn handle_removed(&mut self, key: RowKey) {
        self.acked.remove(&key);
        self.due.remove(&key);
    }

    /// The neighbour says, or has acknowledged being told, that it holds everything up to here.
    pub(super) fn handle_floor(&mut self, floor: u32, mut current: impl FnMut(RowKey) -> Option<u32>) {
        self.floor = self.floor.max(floor);
        let floor = self.floor;
        self.due.retain(|key, due| {
            due.lacking = due.lacking.max(floor + 1);
            current(*key).is_some_and(|version| version > floor)
        });
    }

    /// The neighbour's digest: everything is reckoned anew from its floor, and from what it acknowledged unless that
    /// is to be forgotten.
    pub(super) fn handle_digest(
        &mut self,
        floor: u32,
        forget: bool,
        rows: impl Iterator<Item = (RowKey, u32)>,
        now: Span,
    ) {
        (self.floor, self.told) = (floor, 0);
        if forget {
            self.acked.clear();
        }
        self.due.clear();
        for (key, version) in rows {
            self.handle_changed(key, version, 0, now);
        }
    }

    /// Up to where the neighbour holds everything, if we do up to `own`: below the first version that any row due may
    /// lack.
    #[must_use]
    pub(super) fn floor_for_peer(&self, own: u32) -> u32 {
        self.due.values().map(|due| due.lacking - 1).fold(own, u32::min).max(self.floor)
    }

    /// What is due, by key.
    pub(super) fn due(&self) -> impl Iterator<Item = (RowKey, &Due)> {
        self.due.iter().map(|(key, due)| (*key, due))
    }

    /// One row that is due.
    #[must_use]
    pub(super) fn due_row(&self, key: RowKey) -> Option<&Due> {
        self.due.get(&key)
    }

    /// How many rows are due.
    #[must_use]
    pub(super) fn waiting(&self) -> usize {
        self.due.len()
    }

    /// Whether nothing is.
    #[must_use]
    pub(super) fn is_clean(&self) -> bool {
        self.due.is_empty()
    }

    /// Rows remembered, for the bound on memory.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.acked.len() + self.due.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Kind;

    const T: Span = Span::ZERO;

    const fn key(handle: u16) -> RowKey {
        RowKey { kind: Kind::Track, handle }
    }

    #[test]
    fn a_floor_never_covers_what_may_be_lacking() {
        let mut out = Outgoing::new(0);
        out.handle_digest(4, false, [(key(1), 3), (key(2), 6), (key(3), 9)].into_iter(), T);
        assert_eq!(out.floor_for_peer(9), 4, "rows 2 and 3 may have had versions from 5 on");
        out.handle_sent(key(2), 6);
        out.handle_acked(key(2), 6, Some(6));
        assert_eq!(out.floor_for_peer(9), 4);
        out.handle_sent(key(3), 9);
        out.handle_acked(key(3), 9, Some(9));
        assert_eq!((out.floor_for_peer(9), out.is_clean()), (9, true));
    }

    #[test]
    fn a_row_that_changed_under_way_stays_due_from_its_change_on() {
        let mut out = Outgoing::new(0);
        out.handle_changed(key(1), 1, 1, T);
        out.handle_sent(key(1), 1);
        out.handle_changed(key(1), 5, 5, T);
        assert_eq!(out.floor_for_peer(5), 0);
        out.handle_acked(key(1), 1, Some(5));
        assert_eq!((out.floor_for_peer(5), out.known(key(1))), (4, 1));
        out.handle_sent(key(1), 5);
        out.handle_lost(key(1), 5);
        assert!(out.due_row(key(1)).is_some_and(|due| due.losses == 1 && due.under_way.is_none()));
        assert_eq!(out.floor_for_peer(5), 4);
    }

    #[test]
    fn a_late_acknowledgement_of_an_older_version_clears_nothing_newer() {
        let mut out = Outgoing::new(0);
        out.handle_changed(key(1), 1, 1, T);
        out.handle_sent(key(1), 1);
        out.handle_changed(key(1), 2, 2, T);
        out.handle_sent(key(1), 2);
        out.handle_changed(key(1), 3, 3, T);
        out.handle_acked(key(1), 1, Some(3));
        assert_eq!(out.floor_for_peer(3), 1);
        out.handle_acked(key(1), 2, Some(3));
        assert_eq!(out.floor_for_peer(3), 2);
    }

    #[test]
    fn what_the_neighbour_forgot_is_due_again() {
        let mut out = Outgoing::new(0);
        out.handle_acked(key(1), 7, Some(7));
        out.handle_digest(0, false, [(key(1), 7)].into_iter(), T);
        assert!(out.is_clean());
        out.handle_digest(0, true, [(key(1), 7)].into_iter(), T);
        assert!(!out.is_clean());
    }
}
