//! Who a plot is about: words and addresses, both ways.

use fusion_core::identity::{
    Address, Affiliation, Fingerprint, FingerprintKind, Identity, NAME_BYTES_MAX, ObjectClass, Serial,
};

use super::json::{Key, Reader};
use super::{fault, unknown_key};
use crate::error::{DecodeError, Reason};

/// The keys of `identity`.
pub(super) const KEYS: [&str; 9] =
    ["icao", "non_icao", "mmsi", "remote_id", "name", "class", "affiliation", "mode_3a", "fingerprint"];
/// How often two emitters have the same fingerprint, or one another than before.
pub(super) const FINGERPRINT_CONFUSION: f64 = 0.05;

/// The words for classes.
pub(super) const CLASSES: [(&str, ObjectClass); 7] = [
    ("unknown", ObjectClass::Unknown),
    ("air", ObjectClass::Air),
    ("rotary", ObjectClass::Rotary),
    ("uav", ObjectClass::Uav),
    ("surface", ObjectClass::Surface),
    ("ground", ObjectClass::Ground),
    ("emitter", ObjectClass::Emitter),
];

/// The words for affiliations.
pub(super) const AFFILIATIONS: [(&str, Affiliation); 7] = [
    ("pending", Affiliation::Pending),
    ("unknown", Affiliation::Unknown),
    ("assumed-friend", Affiliation::AssumedFriend),
    ("friend", Affiliation::Friend),
    ("neutral", Affiliation::Neutral),
    ("suspect", Affiliation::Suspect),
    ("hostile", Affiliation::Hostile),
];

/// Reads an identity. `null` values are as good as absent.
pub(super) fn read_identity(reader: &mut Reader<'_>) -> Result<Identity, DecodeError> {
    let mut identity = Identity::UNKNOWN;
    let mut seen = [false; KEYS.len()];
    let mut addressed = None;
    reader.object("identity", |reader, key| {
        let place = known(key)?;
        let field = KEYS[place];
        if core::mem::replace(&mut seen[place], true) {
            return Err(fault(key.offset, field, Reason::Repeated));
        }
        if reader.null() {
            return Ok(());
        }
        if matches!(field, "icao" | "non_icao" | "mmsi" | "remote_id")
            && let Some(other) = addressed.replace(field)
        {
            return Err(fault(key.offset, field, Reason::Contradicts { other }));
        }
        let offset = reader.offset();
        let text = reader.string(field)?;
        apply(&mut identity, field, &text).map_err(|reason| fault(offset, field, reason))
    })?;
    Ok(identity)
}

fn known(key: Key<'_>) -> Result<usize, DecodeError> {
    let place = KEYS.iter().position(|known| *known == key.name);
    place.ok_or_else(|| unknown_key(key, KEYS.into_iter()))
}

fn apply(identity: &mut Identity, field: &'static str, text: &str) -> Result<(), Reason> {
    match field {
        "icao" => identity.address = Some(Address::Icao(hex_24(text)?)),
        "non_icao" => identity.address = Some(Address::NonIcao(hex_24(text)?)),
        "mmsi" => identity.address = Some(Address::Mmsi(digits(text, 9, 10)?)),
        "remote_id" => identity.address = Some(Address::RemoteId(Serial::new(text).ok_or(Reason::BadText)?)),
        "mode_3a" => identity.mode_3a = Some(u16::try_from(digits(text, 4, 8)?).map_err(|_| Reason::BadText)?),
        "class" => identity.class = word(&CLASSES, text)?,
        "affiliation" => identity.affiliation = word(&AFFILIATIONS, text)?,
        "fingerprint" => identity.fingerprint = Some(signal(hex_64(text)?)),
        _ => identity.name = Some(text.try_into().map_err(|_| Reason::TooLarge { bound: NAME_BYTES_MAX })?),
    }
    Ok(())
}

/// A fingerprint by a number that was told.
pub(super) fn signal(hash: u64) -> Fingerprint {
    Fingerprint::of(FingerprintKind::Signal, hash, FINGERPRINT_CONFUSION)
}

fn hex_24(text: &str) -> Result<u32, Reason> {
    digits(text, 6, 16)
}

/// One to sixteen digits.
fn hex_64(text: &str) -> Result<u64, Reason> {
    let well_formed = (1..=16).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if well_formed { u64::from_str_radix(text, 16).map_err(|_| Reason::BadText) } else { Err(Reason::BadText) }
}

/// Exactly so many digits of a base.
fn digits(text: &str, count: usize, base: u32) -> Result<u32, Reason> {
    let well_formed = text.len() == count && text.chars().all(|digit| digit.is_digit(base));
    if well_formed { u32::from_str_radix(text, base).map_err(|_| Reason::BadText) } else { Err(Reason::BadText) }
}

fn word<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, Reason> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or(Reason::BadText)
}
