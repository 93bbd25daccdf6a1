//! What a person says of a track: the one thing that several writers may say of one subject.
//!
//! Each node writes its own assertions, in rows of its own; nobody changes another's. What holds is a pure function of
//! all that are there: for each part the latest said, by a hybrid logical clock (Kulkarni et al. 2014), and of two said
//! at once that of the higher node.

use fusion_core::identity::Affiliation;
use fusion_core::track::{NodeId, TrackId};

use super::attributes::{AFFILIATIONS, code, get_option, get_track, put_option, put_track};
use super::bits::{BitReader, BitWriter};
use super::text;

/// Octets of a remark. No counter: what is longer is cut where it is entered, and shows.
pub const REMARK_BYTES_MAX: usize = 120;

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
    pub remark: Option<heapless::String<REMARK_BYTES_MAX>>,
}

impl Assertion {
    pub(super) fn put(&self, w: &mut BitWriter) {
        put_track(w, &self.subject);
        w.put(self.said.0, 64);
        put_option(w, self.affiliation.as_ref(), |w, affiliation| w.put(code(&AFFILIATIONS, *affiliation), 3));
        put_option(w, self.remark.as_ref(), |w, remark| text::put(w, remark, 7));
    }

    pub(super) fn get(r: &mut BitReader<'_>) -> Option<Self> {
        Some(Self {
            subject: get_track(r)?,
            said: Hybrid(r.get(64)?),
            affiliation: get_option(r, |r| AFFILIATIONS.get(r.narrow::<usize>(3)?).copied())?,
            remark: get_option(r, |r| text::get(r, 7))?,
        })
    }
}

/// What all nodes together say of one track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Whose it is, and who said so.
    pub affiliation: Option<(Affiliation, NodeId)>,
    /// What is remarked, and by whom.
    pub remark: Option<(heapless::String<REMARK_BYTES_MAX>, NodeId)>,
    /// When that was remarked.
    pub remarked: Option<Hybrid>,
}

/// What holds of all sayings about one subject, whatever their order.
#[must_use]
pub fn merge<'a>(sayings: impl Iterator<Item = (NodeId, &'a Assertion)>) -> Said {
    let (mut affiliation, mut remark) = (None, None);
    for (node, assertion) in sayings {
        let stamp = (assertion.said, node);
        later(&mut affiliation, stamp, assertion.affiliation.as_ref());
        later(&mut remark, stamp, assertion.remark.as_ref());
    }
    Said {
        remarked: remark.as_ref().map(|((said, _), _): &(Stamp, _)| *said),
        affiliation: affiliation.map(|((_, node), affiliation)| (*affiliation, node)),
        remark: remark.map(|((_, node), remark): (_, &heapless::String<_>)| (remark.clone(), node)),
    }
}

type Stamp = (Hybrid, NodeId);

fn later<'a, T: Ord>(held: &mut Option<(Stamp, &'a T)>, stamp: Stamp, said: Option<&'a T>) {
    let Some(said) = said else { return };
    // Two different sayings under one stamp are a fault of their writer; the greater is taken, so that all agree.
    if held.as_ref().is_none_or(|(held_stamp, value)| (*held_stamp, *value) < (stamp, said)) {
        *held = Some((stamp, said));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::track::{Origin, TrackNumber};

    fn said(at: u64, affiliation: Option<Affiliation>, remark: Option<&str>) -> Assertion {
        let subject = TrackId { origin: Origin::default(), number: TrackNumber(1) };
        Assertion { subject, said: Hybrid(at), affiliation, remark: remark.map(text::cut) }
    }

    #[test]
    fn of_each_part_the_latest_saying_holds_in_any_order() {
        let all = [
            (NodeId(1), said(5, Some(Affiliation::Hostile), None)),
            (NodeId(2), said(4, Some(Affiliation::Friend), Some("lost"))),
            (NodeId(3), said(5, Some(Affiliation::Neutral), None)),
        ];
        let forth = merge(all.iter().map(|(node, saying)| (*node, saying)));
        let back = merge(all.iter().rev().map(|(node, saying)| (*node, saying)));
        assert_eq!(forth, back);
        assert_eq!(forth.remarked, Some(Hybrid(4)));
        assert_eq!(forth.affiliation, Some((Affiliation::Neutral, NodeId(3))));
        assert_eq!(forth.remark.map(|(text, node)| (text.as_str().to_owned(), node)), Some(("lost".into(), NodeId(2))));
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
