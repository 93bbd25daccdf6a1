//! What is known of a track beside its motion: the row that binds a handle to a track's number.

use fusion_core::identity::{
    Address, Affiliation, ClassBelief, Fingerprint, Identity, NAME_BYTES_MAX, ObjectClass, Serial,
};
use fusion_core::maths::{exp, ln, round};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber};

use super::bits::{BitReader, BitWriter};
use super::lifetime::Lifetime;
use super::text;

/// Sensors that contributed to one track and are told at the most.
///
/// No counter: the rest are left out, the latest stay.
pub const SENSORS_MAX: usize = 7;

/// Classes in the order of their codes, three bits.
pub const CLASSES: [ObjectClass; 7] = [
    ObjectClass::Unknown,
    ObjectClass::Air,
    ObjectClass::Rotary,
    ObjectClass::Uav,
    ObjectClass::Surface,
    ObjectClass::Ground,
    ObjectClass::Emitter,
];

/// Affiliations in the order of their codes, three bits.
pub(super) const AFFILIATIONS: [Affiliation; 7] = [
    Affiliation::Pending,
    Affiliation::Unknown,
    Affiliation::AssumedFriend,
    Affiliation::Friend,
    Affiliation::Neutral,
    Affiliation::Suspect,
    Affiliation::Hostile,
];

/// Steps in which the logarithm of a class's likelihood is told: 31 of them down to e⁻⁷.
const BELIEF_STEP: f64 = 7.0 / 31.0;

/// How likely each class is, as told: −ln P(said | class) in 31 steps down to e⁻⁷.
pub type ToldBelief = [u8; 5];

/// What changes slowly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The track's number.
    pub number: TrackNumber,
    /// Who it is; its probabilities of class are told in [`Attributes::belief`].
    pub identity: Identity,
    /// How likely it is each class, if more is known than the word.
    pub belief: Option<ToldBelief>,
    /// Which sensors of the origin contributed lately, by number.
    pub sensors: heapless::Vec<u8, SENSORS_MAX>,
    /// How many measurements it has had: the power of two not above.
    pub updates_log2: u8,
    /// Whether a sensor reported it as an estimate of its own.
    pub source_track: bool,
    /// Whether the object's own word is in it; assumed where nothing is known.
    pub own_word: bool,
    /// The system track that its writer takes it for.
    pub claim: Option<TrackId>,
}

impl Attributes {
    /// Attributes of a track, its probabilities of class rounded to what can be told.
    #[must_use]
    pub fn new(number: TrackNumber, identity: &Identity) -> Self {
        let belief = (identity.belief != ClassBelief::UNKNOWN).then(|| told(identity.belief));
        let identity = Identity { belief: belief.map_or(ClassBelief::UNKNOWN, believed), ..identity.clone() };
        Self {
            number,
            identity,
            belief,
            sensors: heapless::Vec::new(),
            updates_log2: 0,
            source_track: false,
            own_word: true,
            claim: None,
        }
    }

    /// How long a track of this class may be held.
    #[must_use]
    pub const fn lifetime(&self) -> Lifetime {
        // Never below that of any motion row of the same track, whose class may have been another.
        Lifetime::Ground
    }

    pub(super) fn put(&self, w: &mut BitWriter) {
        w.put(self.number.0, 64);
        w.put(code(&CLASSES, self.identity.class), 3);
        w.put(code(&AFFILIATIONS, self.identity.affiliation), 3);
        w.put_bit(self.source_track);
        w.put_bit(self.own_word);
        w.put(u64::from(self.updates_log2.min(31)), 5);
        w.put(self.sensors.len() as u64, 3);
        self.sensors.iter().for_each(|&sensor| w.put(u64::from(sensor & 63), 6));
        put_option(w, self.identity.address.as_ref(), put_address);
        put_option(w, self.identity.name.as_ref(), |w, name| text::put(w, name, 5));
        put_option(w, self.identity.mode_3a.as_ref(), |w, mode| w.put(u64::from(mode & 0o7777), 12));
        put_option(w, self.identity.fingerprint.as_ref(), put_fingerprint);
        put_option(w, self.belief.as_ref(), |w, belief| belief.iter().for_each(|&b| w.put(u64::from(b & 31), 5)));
        put_option(w, self.claim.as_ref(), put_track);
    }

    pub(super) fn get(r: &mut BitReader<'_>) -> Option<Self> {
        let number = TrackNumber(r.get(64)?);
        let class = *CLASSES.get(r.narrow::<usize>(3)?)?;
        let affiliation = *AFFILIATIONS.get(r.narrow::<usize>(3)?)?;
        let (source_track, own_word, updates_log2) = (r.bit()?, r.bit()?, r.narrow(5)?);
        let mut sensors = heapless::Vec::new();
        for _ in 0..r.get(3)? {
            sensors.push(r.narrow(6)?).ok()?;
        }
        let address = get_option(r, get_address)?;
        let name = get_option(r, |r| text::get::<NAME_BYTES_MAX>(r, 5))?;
        let mode_3a = get_option(r, |r| r.narrow(12))?;
        let fingerprint = get_option(r, get_fingerprint)?;
        let belief = get_option(r, get_belief)?;
        let claim = get_option(r, get_track)?;
        let told = belief.map_or(ClassBelief::UNKNOWN, believed);
        let identity = Identity { address, name, mode_3a, fingerprint, class, belief: told, affiliation };
        Some(Self { number, identity, belief, sensors, updates_log2, source_track, own_word, claim })
    }
}

pub(super) fn put_option<T>(w: &mut BitWriter, value: Option<&T>, put: impl FnOnce(&mut BitWriter, &T)) {
    w.put_bit(value.is_some());
    if let Some(value) = value {
        put(w, value);
    }
}

/// `None` if the bits end; `Some(None)` if the value is absent.
pub(super) fn get_option<'a, T>(
    r: &mut BitReader<'a>,
    get: impl FnOnce(&mut BitReader<'a>) -> Option<T>,
) -> Option<Option<T>> {
    if r.bit()? { get(r).map(Some) } else { Some(None) }
}

pub(super) fn code<T: PartialEq>(all: &[T], value: T) -> u64 {
    all.iter().position(|each| *each == value).unwrap_or(0) as u64
}

pub(super) fn put_track(w: &mut BitWriter, id: &TrackId) {
    w.put(id.origin.node.0, 64);
    w.put(id.origin.incarnation.into(), 32);
    w.put(id.number.0, 64);
}

pub(super) fn get_track(r: &mut BitReader<'_>) -> Option<TrackId> {
    let origin = Origin { node: NodeId(r.get(64)?), incarnation: r.narrow(32)? };
    Some(TrackId { origin, number: TrackNumber(r.get(64)?) })
}

fn put_address(w: &mut BitWriter, address: &Address) {
    let (kind, number, bits) = match address {
        Address::Icao(a) => (0, *a & 0xFF_FFFF, 24),
        Address::NonIcao(a) => (1, *a & 0xFF_FFFF, 24),
        Address::Mmsi(a) => (2, *a & 0x3FFF_FFFF, 30),
        Address::RemoteId(_) => (3, 0, 0),
    };
    w.put(kind, 2);
    w.put(number.into(), bits);
    if let Address::RemoteId(serial) = address {
        text::put(w, serial.as_str(), 5);
    }
}

fn get_address(r: &mut BitReader<'_>) -> Option<Address> {
    Some(match r.get(2)? {
        0 => Address::Icao(r.narrow(24)?),
        1 => Address::NonIcao(r.narrow(24)?),
        2 => Address::Mmsi(r.narrow(30)?),
        _ => Address::RemoteId(Serial::new(&text::get::<32>(r, 5)?)?),
    })
}

fn put_fingerprint(w: &mut BitWriter, fingerprint: &Fingerprint) {
    w.put(fingerprint.hash, 64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a half")]
    w.put(round(fingerprint.confusion() * 65_536.0) as u64, 16);
}

fn get_fingerprint(r: &mut BitReader<'_>) -> Option<Fingerprint> {
    let hash = r.get(64)?;
    Some(Fingerprint::new(hash, f64::from(r.narrow::<u16>(16)?) / 65_536.0))
}

fn get_belief(r: &mut BitReader<'_>) -> Option<ToldBelief> {
    let mut belief = [0; 5];
    for steps in &mut belief {
        *steps = r.narrow(5)?;
    }
    Some(belief)
}

fn told(belief: ClassBelief) -> ToldBelief {
    let p = belief.probabilities();
    let best = p.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to five bits")]
    p.map(|p| round(-ln(p.max(f64::MIN_POSITIVE) / best) / BELIEF_STEP).clamp(0.0, 31.0) as u8)
}

fn believed(told: ToldBelief) -> ClassBelief {
    ClassBelief::from_likelihoods(told.map(|steps| exp(-f64::from(steps) * BELIEF_STEP)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_told_nearly_and_then_exactly() {
        let said = ClassBelief::from_likelihoods([0.02, 0.1, 1.0, 0.3, 0.001]);
        let once = believed(told(said));
        assert_eq!(believed(told(once)), once);
        for (a, b) in said.probabilities().into_iter().zip(once.probabilities()) {
            assert!((a - b).abs() < 0.05, "{a} {b}");
        }
        assert_eq!(said.word(), once.word());
    }
}
