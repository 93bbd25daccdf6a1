//! Looking at many rows, a slice at a time.
//!
//! Whatever needs a look at all rows of a stream, or at all that wait for a neighbour, does it in slices: no call takes
//! longer for a table of fifty thousand rows than for one of some hundred. What fits into one slice is done at once.

use fusion_core::time::Span;

/// Rows that one call looks at: a fraction of a millisecond's work, on a busy machine too.
pub(super) const ROWS_AT_ONCE: usize = 512;

/// Between two slices of a pass. Fifty thousand rows are looked at within a second.
pub(super) const SLICE_PAUSE: Span = Span::from_millis(10);

/// How far a pass over what is ordered by a key has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pass<K> {
    /// There is none under way.
    #[default]
    Over,
    /// It has still to look at what lies behind this key; at everything, if there is none.
    Behind(Option<K>),
}

impl<K: Ord> Pass<K> {
    /// One that is about to begin.
    pub(super) const BEGUN: Self = Self::Behind(None);

    /// Whether none is under way.
    #[must_use]
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Whether it has still to look at this key.
    #[must_use]
    pub(super) fn is_before(&self, key: &K) -> bool {
        match self {
            Self::Over => false,
            Self::Behind(last) => last.as_ref().is_none_or(|last| last < key),
        }
    }
}
