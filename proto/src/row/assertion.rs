//! What a person says of a track: the one thing that several writers may say of one subject.
//!
//! Each node writes its own assertions, in rows of its own; nobody changes another's. What holds is a pure function of
//! all that are there: for each part the latest said, by a hybrid logical clock (Kulkarni et al. 2014), and of two said
//! at once that of the higher node.

use fusion_core::identity::Affiliation;
use fusion_core::label::Label;
use fusion_core::track::{NodeId, TrackId};

use super::attributes::{AFFILIATIONS, code, get_option, get_track, put_option, put_track};
use super::bits::{BitReader, BitWriter};
use super::text;

/// Octets of a remark. No counter: what is longer is cut where it is entered, and shows.
pub const REMARK_BYTES_MAX: usize = 120;

/// Octets of a person's name. No counter: what is longer is cut where it is entered, and shows.
pub const PERSON_BYTES_MAX: usize = 31;

/// What is remarked. Empty: what was remarked before is taken back.
pub type RemarkText = heapless::String<REMARK_BYTES_MAX>;

/// What a person is called, or the post they speak for.
pub type PersonName = heapless::String<PERSON_BYTES_MAX>;

/// A hybrid logical clock's reading: milliseconds since the Unix epoch in 48 bits, then a count in 16. Never below any
/// reading that its node has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hybrid(pub u64);

impl Hybrid {
    /// Its time, milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        (self.0 >> 16).cast_signed()
    }

    /// The reading after this one, at a time told in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn next(self, millis: i64) -> Self {
        let millis = if millis < 0 { 0 } else { millis.cast_unsigned() };
        let now = if millis >> 48 == 0 { millis << 16 } else { u64::MAX << 16 };
        if now > self.0 { Self(now) } else { Self(self.0.saturating_add(1)) }
    }
}

/// One node's saying about one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// About which track.
    pub subject: TrackId,
    /// When it was said, by the hybrid clock.
    pub said: Hybrid,
    /// Whose it is said to be.
    pub affiliation: Option<Affiliation>,
    /// What is remarked.
    pub remark: Option<RemarkText>,
    /// Who says so.
    pub by: Option<PersonName>,
}

impl Assertion {
    pub(super) fn put(&self, w: &mut BitWriter) {
        put_track(w, &self.subject);
        w.put(self.said.0, 64);
        put_option(w, self.affiliation.as_ref(), |w, affiliation| w.put(code(&AFFILIATIONS, *affiliation), 3));
        put_option(w, self.remark.as_ref(), |w, remark| text::put(w, remark, 7));
        put_option(w, self.by.as_ref(), |w, by| text::put(w, by, 5));
    }

    pub(super) fn get(r: &mut BitReader<'_>) -> Option<Self> {
        Some(Self {
            subject: get_track(r)?,
            said: Hybrid(r.get(64)?),
            affiliation: get_option(r, |r| AFFILIATIONS.get(r.narrow::<usize>(3)?).copied())?,
            remark: get_option(r, |r| text::get(r, 7))?,
            by: get_option(r, |r| text::get(r, 5))?,
        })
    }
}

/// What holds of one part of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying<T> {
    /// It.
    pub what: T,
    /// At which node it was said.
    pub node: NodeId,
    /// By whom.
    pub by: Option<PersonName>,
    /// When.
    pub said: Hybrid,
    /// Who may know.
    pub label: Label,
}

/// What all nodes together say of one track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Whose it is.
    pub affiliation: Option<Saying<Affiliation>>,
    /// What is remarked.
    pub remark: Option<Saying<RemarkText>>,
}

impl Said {
    /// Takes another saying in, of which each part holds if it is the later one.
    pub fn hear(&mut self, node: NodeId, label: &Label, assertion: &Assertion) {
        later(&mut self.affiliation, node, label, assertion, assertion.affiliation.as_ref());
        later(&mut self.remark, node, label, assertion, assertion.remark.as_ref());
    }
}

/// What holds of all sayings about one subject, whatever their order.
#[must_use]
pub fn merge<'a>(sayings: impl Iterator<Item = (NodeId, &'a Label, &'a Assertion)>) -> Said {
    let mut said = Said::default();
    sayings.for_each(|(node, label, assertion)| said.hear(node, label, assertion));
    said
}

fn later<T: Ord + Clone>(
    held: &mut Option<Saying<T>>,
    node: NodeId,
    label: &Label,
    told: &Assertion,
    what: Option<&T>,
) {
    let Some(what) = what else { return };
    // Two different sayings under one stamp are a fault of their writer; the greater is taken, so that all agree.
    let is_later = |held: &Saying<T>| (held.said, held.node, &held.what, &held.by) < (told.said, node, what, &told.by);
    if held.as_ref().is_none_or(is_later) {
        let (what, by) = (what.clone(), told.by.clone());
        *held = Some(Saying { what, node, by, said: told.said, label: *label });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::track::{Origin, TrackNumber};

    fn said(at: u64, affiliation: Option<Affiliation>, remark: Option<&str>) -> Assertion {
        let subject = TrackId { origin: Origin::default(), number: TrackNumber(1) };
        Assertion { subject, said: Hybrid(at), affiliation, remark: remark.map(text::cut), by: Some(text::cut("ops")) }
    }

    #[test]
    fn of_each_part_the_latest_saying_holds_in_any_order() {
        let all = [
            (NodeId(1), said(5, Some(Affiliation::Hostile), None)),
            (NodeId(2), said(4, Some(Affiliation::Friend), Some("lost"))),
            (NodeId(3), said(5, Some(Affiliation::Neutral), None)),
        ];
        let label = Label::STRICTEST;
        let forth = merge(all.iter().map(|(node, saying)| (*node, &label, saying)));
        let back = merge(all.iter().rev().map(|(node, saying)| (*node, &label, saying)));
        assert_eq!(forth, back);
        let affiliation = forth.affiliation.expect("said");
        assert_eq!((affiliation.what, affiliation.node), (Affiliation::Neutral, NodeId(3)));
        let remark = forth.remark.expect("said");
        assert_eq!((remark.what.as_str(), remark.node, remark.said), ("lost", NodeId(2), Hybrid(4)));
        assert_eq!((remark.by.as_deref(), remark.label), (Some("ops"), label));
    }

    #[test]
    fn a_hybrid_clock_never_goes_back() {
        let mut clock = Hybrid::default();
        for millis in [1000, 900, 900, 1001, -5] {
            let next = clock.next(millis);
            assert!(next > clock);
            clock = next;
        }
        assert_eq!(Hybrid::default().next(1000), Hybrid(1000 << 16));
    }
}
