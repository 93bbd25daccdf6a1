//! What two identities tell of whether they are of one target: a likelihood ratio for association.
//!
//! Each part that both speak of adds ln P(what one says | one target, what the other says) − ln P(what it says |
//! another target); a part of which one is silent adds nothing. False measurements are taken to say what targets in
//! general say, so the weight of a track–measurement pair is multiplied by exp of the sum. Names are not compared: they
//! are respelt too freely to speak against anything, and where they are right an address comes with them.

use super::{Affiliation, Fingerprint, Identity};
use crate::maths::ln;

/// What identities say never counts for more than a factor of a thousand, for or against: equipment is mislabelled and
/// addresses are misread, and where a thing is must be able to prevail. Only contradictory addresses forbid.
pub const EVIDENCE_LIMIT: f64 = 6.907_755_278_982_137;

/// Probability that a Mode 3/A code is read or dialled otherwise than before.
const CODE_CHANGED: f64 = 0.02;
/// Probability that another aircraft has the same discrete code.
const CODE_SHARED: f64 = 0.01;
/// Probability that a side is told wrongly, for each of the two others.
const SIDE_CONFUSED: f64 = 0.05;
/// Probability that a platform shows another of its emitters than before.
const OTHER_EMITTER: f64 = 0.3;

impl Identity {
    /// How much likelier the two are of one target than of two: the logarithm of the ratio, within ±[`EVIDENCE_LIMIT`];
    /// zero if nothing is known of either. `None` if their addresses contradict each other, so that they cannot be one.
    #[must_use]
    pub fn evidence(&self, other: &Self) -> Option<f64> {
        if !self.compatible_with(other) {
            return None;
        }
        let address = if self.same_address(other) { EVIDENCE_LIMIT } else { 0.0 };
        let code = both(self.mode_3a, other.mode_3a, code_evidence);
        let fingerprint = both(self.fingerprint, other.fingerprint, fingerprint_evidence);
        let side = both(Side::of(self.affiliation), Side::of(other.affiliation), side_evidence);
        let class = self.class_belief().agreement(other.class_belief());
        Some((address + code + fingerprint + side + class).clamp(-EVIDENCE_LIMIT, EVIDENCE_LIMIT))
    }
}

fn both<T>(one: Option<T>, other: Option<T>, evidence: impl Fn(T, T) -> f64) -> f64 {
    one.zip(other).map_or(0.0, |(one, other)| evidence(one, other))
}

fn code_evidence(one: u16, other: u16) -> f64 {
    if one == other {
        if COMMON_CODES.contains(&one) { 0.0 } else { ln((1.0 - CODE_CHANGED) / CODE_SHARED) }
    } else if EMERGENCIES.contains(&one) || EMERGENCIES.contains(&other) {
        0.0
    } else {
        ln(CODE_CHANGED / (1.0 - CODE_SHARED))
    }
}

/// Codes that many aircraft have at once: not set, visual flight, no code assigned, conspicuity by Mode S.
const COMMON_CODES: [u16; 5] = [0o0000, 0o1200, 0o7000, 0o2000, 0o1000];
/// Codes that a pilot dials in the middle of a flight: unlawful interference, loss of radio, emergency.
const EMERGENCIES: [u16; 3] = [0o7500, 0o7600, 0o7700];

fn fingerprint_evidence(one: Fingerprint, other: Fingerprint) -> f64 {
    let confusion = one.confusion().max(other.confusion());
    if one.kind() != other.kind() {
        // Seen by a camera and heard on the radio: no two ways to be known can differ.
        0.0
    } else if one.hash == other.hash {
        ln((1.0 - confusion) / confusion)
    } else {
        ln(confusion.max(OTHER_EMITTER) / (1.0 - confusion)).min(0.0)
    }
}

/// Whose a thing is, as far as it speaks for or against.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Friend,
    Neutral,
    Hostile,
}

impl Side {
    const fn of(affiliation: Affiliation) -> Option<Self> {
        match affiliation {
            Affiliation::Pending | Affiliation::Unknown => None,
            Affiliation::AssumedFriend | Affiliation::Friend => Some(Self::Friend),
            Affiliation::Neutral => Some(Self::Neutral),
            Affiliation::Suspect | Affiliation::Hostile => Some(Self::Hostile),
        }
    }
}

/// ln 3 Σ p(s) q(s) over three sides, all as common, each told wrongly in the same way.
fn side_evidence(one: Side, other: Side) -> f64 {
    let (right, wrong) = (1.0 - 2.0 * SIDE_CONFUSED, SIDE_CONFUSED);
    let same = if one == other { right * right + 2.0 * wrong * wrong } else { 2.0 * right * wrong + wrong * wrong };
    ln(3.0 * same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Address, ObjectClass, Serial};
    use crate::maths::exp;
    use proptest::prelude::*;

    const UNKNOWN: Identity = Identity::UNKNOWN;

    fn address(address: Address) -> Identity {
        Identity { address: Some(address), ..UNKNOWN }
    }

    fn code(code: u16) -> Identity {
        Identity { mode_3a: Some(code), ..UNKNOWN }
    }

    fn class(class: ObjectClass) -> Identity {
        Identity { class, ..UNKNOWN }
    }

    fn fingerprint(hash: u64, confusion: f64) -> Identity {
        Identity { fingerprint: Some(Fingerprint::new(hash, confusion)), ..UNKNOWN }
    }

    fn side(affiliation: Affiliation) -> Identity {
        Identity { affiliation, ..UNKNOWN }
    }

    fn evidence(one: &Identity, other: &Identity) -> f64 {
        one.evidence(other).expect("compatible")
    }

    #[test]
    fn the_unknown_says_nothing() {
        let known = Identity {
            mode_3a: Some(0o2301),
            fingerprint: Some(Fingerprint::new(1, 0.01)),
            class: ObjectClass::Uav,
            affiliation: Affiliation::Hostile,
            ..address(Address::Icao(1))
        };
        for silent in [UNKNOWN, class(ObjectClass::Emitter), side(Affiliation::Unknown)] {
            assert!((exp(evidence(&known, &silent)) - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn contradictory_addresses_forbid_and_equal_ones_speak_loudest() {
        let serial = |text| address(Address::RemoteId(Serial::new(text).expect("a serial")));
        assert_eq!(address(Address::Icao(1)).evidence(&address(Address::Icao(2))), None);
        assert_eq!(serial("A").evidence(&serial("B")), None);
        assert!((evidence(&serial("A"), &serial("A")) - EVIDENCE_LIMIT).abs() < 1e-15);
        assert!(evidence(&address(Address::Icao(1)), &serial("A")).abs() < 1e-15);
    }

    #[test]
    fn a_shared_code_says_nothing_and_a_discrete_one_much() {
        assert!(evidence(&code(0o7000), &code(0o7000)).abs() < 1e-15);
        assert!(evidence(&code(0o2301), &code(0o2301)) > 4.0);
        assert!(evidence(&code(0o2301), &code(0o2302)) < -3.0);
        assert!(evidence(&code(0o2301), &code(0o7700)).abs() < 1e-15);
    }

    #[test]
    fn a_video_track_says_nothing_of_a_channel() {
        use crate::identity::FingerprintKind::{Channel, VideoTrack};
        let marked = |kind, hash| Identity { fingerprint: Some(Fingerprint::of(kind, hash, 0.01)), ..UNKNOWN };
        assert!(evidence(&marked(VideoTrack, 7), &marked(Channel, 8)).abs() < 1e-12);
        assert!(evidence(&marked(VideoTrack, 7), &marked(Channel, 7)).abs() < 1e-12);
        assert!(evidence(&marked(VideoTrack, 7), &marked(VideoTrack, 8)) < -1.0);
    }

    #[test]
    fn a_fingerprint_counts_as_it_errs() {
        let odds = exp(evidence(&fingerprint(7, 0.1), &fingerprint(7, 0.01)));
        assert!((odds - 9.0).abs() < 1e-3, "{odds}");
        assert!(evidence(&fingerprint(7, 0.5), &fingerprint(7, 0.5)).abs() < 1e-12);
        assert!(evidence(&fingerprint(7, 0.5), &fingerprint(8, 0.5)).abs() < 1e-12);
        let another = evidence(&fingerprint(7, 0.001), &fingerprint(8, 0.001));
        assert!((-1.5..-1.0).contains(&another), "a platform may have two emitters: {another}");
    }

    #[test]
    fn sides_and_classes_speak_for_and_against() {
        assert!(evidence(&side(Affiliation::Friend), &side(Affiliation::AssumedFriend)) > 0.5);
        assert!(evidence(&side(Affiliation::Friend), &side(Affiliation::Hostile)) < -1.0);
        assert!(evidence(&class(ObjectClass::Uav), &class(ObjectClass::Uav)) > 1.0);
        assert!(evidence(&class(ObjectClass::Uav), &class(ObjectClass::Surface)) < -0.9);
    }

    prop_compose! {
        fn any_identity()(
            number in prop::option::of(0..4_u32), mode_3a in prop::option::of(0..8_u16), hash in 0..3_u64,
            confusion in 0.0..1.0, kind in 0..7_usize, whose in 0..7_usize,
        ) -> Identity {
            use {Affiliation as A, ObjectClass as C};
            let kinds = [C::Unknown, C::Air, C::Rotary, C::Uav, C::Surface, C::Ground, C::Emitter];
            let sides = [A::Pending, A::Unknown, A::AssumedFriend, A::Friend, A::Neutral, A::Suspect, A::Hostile];
            Identity {
                address: number.map(|n| if n < 2 { Address::Icao(n) } else { Address::Mmsi(n) }),
                mode_3a,
                fingerprint: (hash > 0).then(|| Fingerprint::new(hash, confusion)),
                class: kinds[kind],
                affiliation: sides[whose],
                ..UNKNOWN
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_mutual_and_bounded(one in any_identity(), other in any_identity()) {
            let (forth, back) = (one.evidence(&other), other.evidence(&one));
            prop_assert_eq!(forth.is_some(), one.compatible_with(&other));
            if let Some((forth, back)) = forth.zip(back) {
                prop_assert!((forth - back).abs() < 1e-12 && forth.abs() <= EVIDENCE_LIMIT);
            }
        }
    }
}
