//! What a neighbour is known to hold of one stream, and what it is still to be told.
//!
//! Of each row the newest version that the neighbour acknowledged is known. A row of which we hold a newer one is
//! *due*. With it stands a bound below the first version that the neighbour may lack: from it follows up to where the
//! neighbour holds everything, which is what it is told as its floor, see [`Outgoing::floor_for_peer`].
//!
//! Digests and floors concern all rows of a stream. They are reckoned in [slices](super::pass): until a pass is over
//! less is due than might be, what is due may be known by then, and the neighbour's floor is told too low.

use std::collections::BTreeMap;
use std::ops::Bound;

use fusion_core::time::Span;

use super::pass::{Pass, ROWS_AT_ONCE};
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
    /// Over all rows of the stream: which of them the neighbour lacks.
    reckoning: Pass<RowKey>,
    /// Over the rows that are due: which of them its floor covers by now.
    sweep: Sweep,
    /// No row that is due lacks a version below this one.
    least: u32,
}

/// A look at all rows that are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sweep {
    pass: Pass<RowKey>,
    /// Whether there is reason for another one after it.
    again: bool,
    /// The least version that may be lacking, as far as it has come.
    least: u32,
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
            reckoning: Pass::Over,
            sweep: Sweep { pass: Pass::Over, again: false, least: u32::MAX },
            least: 1,
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
                // An earlier version may be lacking as long as that has not been reckoned.
                let lacking = if self.reckoning.is_before(&key) { 0 } else { lacking };
                let lacking = lacking.max(known + 1);
                (self.least, self.sweep.least) = (self.least.min(lacking), self.sweep.least.min(lacking));
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

    /// The neighbour says, or has acknowledged being told, that it holds everything up to here. What is due is to be
    /// [swept](Self::sweep) for it.
    pub(super) fn handle_floor(&mut self, floor: u32) {
        self.floor = self.floor.max(floor);
        self.begin_sweep();
    }

    /// The neighbour's digest: everything is to be [reckoned](Self::reckon) anew from its floor, and from what it
    /// acknowledged unless that is to be forgotten.
    pub(super) fn handle_digest(&mut self, floor: u32, forget: bool) {
        (self.floor, self.told) = (floor, 0);
        if forget {
            self.acked.clear();
        }
        self.due.clear();
        self.reckoning = Pass::BEGUN;
        self.sweep.pass = Pass::Over;
        // Whoever has the last version there can be lacks none.
        self.least = floor.saturating_add(1);
    }

    /// Behind which row the reckoning goes on; `None` if it is over.
    #[must_use]
    pub(super) const fn reckoned_to(&self) -> Option<Option<RowKey>> {
        match self.reckoning {
            Pass::Over => None,
            Pass::Behind(last) => Some(last),
        }
    }

    /// Reckons which rows the neighbour lacks: `rows` are those behind [`Self::reckoned_to`], `left` is how many may
    /// still be looked at.
    pub(super) fn reckon(&mut self, rows: impl Iterator<Item = (RowKey, u32)>, now: Span, left: &mut usize) {
        for (key, version) in rows {
            if *left == 0 {
                return;
            }
            *left -= 1;
            self.handle_changed(key, version, 0, now);
            self.reckoning = Pass::Behind(Some(key));
        }
        self.reckoning = Pass::Over;
    }

    /// Asks for a look at all that is due.
    pub(super) const fn begin_sweep(&mut self) {
        match self.sweep.pass {
            Pass::Over => self.sweep = Sweep { pass: Pass::BEGUN, again: false, least: u32::MAX },
            Pass::Behind(last) => self.sweep.again = last.is_some(),
        }
    }

    /// Looks at what is due for what the neighbour's floor covers by now.
    pub(super) fn sweep(&mut self, mut current: impl FnMut(RowKey) -> Option<u32>, left: &mut usize) {
        let Pass::Behind(last) = self.sweep.pass else { return };
        let (mut covered, mut last, mut over) = (Vec::new(), last, true);
        for (key, due) in self.due.range((last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)) {
            if *left == 0 {
                over = false;
                break;
            }
            *left -= 1;
            last = Some(*key);
            if current(*key).is_some_and(|version| version > self.floor) {
                self.sweep.least = self.sweep.least.min(due.lacking);
            } else {
                covered.push(*key);
            }
        }
        for key in covered {
            self.due.remove(&key);
        }
        self.sweep.pass = if over { Pass::Over } else { Pass::Behind(last) };
        if over {
            self.least = self.sweep.least;
            if core::mem::take(&mut self.sweep.again) {
                self.begin_sweep();
            }
        }
    }

    /// Whether a pass over rows is under way.
    #[must_use]
    pub(super) const fn has_passes(&self) -> bool {
        !self.reckoning.is_over() || !self.sweep.pass.is_over()
    }

    /// Up to where the neighbour holds everything, if we do up to `own`: below the first version that any row due may
    /// lack. Where much is due, as of the last look at all of it.
    #[must_use]
    pub(super) fn floor_for_peer(&self, own: u32) -> u32 {
        if !self.reckoning.is_over() {
            return self.floor;
        }
        let exact = !self.is_long();
        let least = if exact { self.due.values().map(|due| due.lacking).fold(u32::MAX, u32::min) } else { self.least };
        own.min(least - 1).max(self.floor)
    }

    /// Whether more is due than one call looks at.
    #[must_use]
    pub(super) fn is_long(&self) -> bool {
        self.due.len() > ROWS_AT_ONCE
    }

    /// What is due behind a key, in order.
    pub(super) fn due_after(&self, key: Option<RowKey>) -> impl Iterator<Item = (RowKey, &Due)> {
        let after = key.map_or(Bound::Unbounded, Bound::Excluded);
        self.due.range((after, Bound::Unbounded)).map(|(key, due)| (*key, due))
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
        self.due.is_empty() && self.reckoning.is_over()
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

    /// A digest of the neighbour's, and all that follows from it.
    fn digest(out: &mut Outgoing, floor: u32, forget: bool, rows: &[(RowKey, u32)]) {
        out.handle_digest(floor, forget);
        out.reckon(rows.iter().copied(), T, &mut ROWS_AT_ONCE.clone());
    }

    const fn key(handle: u16) -> RowKey {
        RowKey { kind: Kind::Track, handle }
    }

    #[test]
    fn a_floor_never_covers_what_may_be_lacking() {
        let mut out = Outgoing::new(0);
        digest(&mut out, 4, false, &[(key(1), 3), (key(2), 6), (key(3), 9)]);
        assert_eq!(out.floor_for_peer(9), 4, "rows 2 and 3 may have had versions from 5 on");
        out.handle_sent(key(2), 6);
        out.handle_acked(key(2), 6, Some(6));
        assert_eq!(out.floor_for_peer(9), 4);
        out.handle_sent(key(3), 9);
        out.handle_acked(key(3), 9, Some(9));
        assert_eq!((out.floor_for_peer(9), out.is_clean()), (9, true));
    }

    #[test]
    fn whoever_claims_to_hold_everything_lacks_nothing() {
        let mut out = Outgoing::new(0);
        digest(&mut out, u32::MAX, true, &[(key(1), 3), (key(2), u32::MAX)]);
        assert_eq!((out.waiting(), out.is_clean()), (0, true));
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
        digest(&mut out, 0, false, &[(key(1), 7)]);
        assert!(out.is_clean());
        digest(&mut out, 0, true, &[(key(1), 7)]);
        assert!(!out.is_clean());
    }

    #[test]
    fn a_digest_of_many_rows_is_reckoned_in_slices_and_no_floor_is_told_before() {
        let mut out = Outgoing::new(0);
        let rows: Vec<(RowKey, u32)> = (0..100).zip(10..).map(|(handle, version)| (key(handle), version)).collect();
        out.handle_digest(5, false);
        out.reckon(rows[..].iter().copied(), T, &mut 40);
        assert_eq!((out.waiting(), out.reckoned_to()), (40, Some(Some(key(39)))));
        // A row that was not reckoned yet changes: versions before may be lacking too.
        out.handle_changed(key(70), 120, 120, T);
        assert_eq!((out.floor_for_peer(120), out.is_clean()), (5, false));
        out.reckon(rows[40..].iter().copied(), T, &mut 40);
        out.reckon(rows[80..].iter().copied(), T, &mut 40);
        assert_eq!((out.waiting(), out.reckoned_to(), out.floor_for_peer(120)), (100, None, 5));
        for &(key, version) in rows.iter().filter(|(other, _)| *other != key(70)) {
            out.handle_acked(key, version, Some(version));
        }
        assert_eq!(out.floor_for_peer(120), 5, "version 80 of row 70 may be lacking");
    }

    #[test]
    fn a_floor_is_swept_for_in_slices_and_rows_that_come_meanwhile_are_not_claimed() {
        let mut out = Outgoing::new(0);
        let many = u16::try_from(2 * ROWS_AT_ONCE).unwrap_or(u16::MAX);
        let rows: Vec<(RowKey, u32)> = (0..many).zip(10..).map(|(handle, version)| (key(handle), version)).collect();
        let version = |key: RowKey| Some(10 + u32::from(key.handle));
        out.handle_digest(0, false);
        out.reckon(rows.iter().copied(), T, &mut rows.len());
        out.handle_floor(100);
        let left = &mut 64;
        out.sweep(version, left);
        assert_eq!((*left, out.waiting(), out.has_passes()), (0, rows.len() - 64, true));
        out.handle_changed(key(0), 5000, 300, T);
        out.sweep(version, &mut usize::MAX.clone());
        assert_eq!((out.waiting(), out.has_passes()), (rows.len() - 91 + 1, false));
        assert_eq!(out.floor_for_peer(9000), 100);
        rows[1..].iter().for_each(|&(key, version)| out.handle_acked(key, version, Some(version)));
        out.begin_sweep();
        out.sweep(|key| if key.handle == 0 { Some(5000) } else { version(key) }, &mut usize::MAX.clone());
        assert_eq!(out.floor_for_peer(9000), 299);
    }
}
