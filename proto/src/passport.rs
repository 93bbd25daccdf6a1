//! Who a node is, and whose keys no longer count: statements that a mission's authority signed, verified without asking
//! it.
//!
//! A *passport* binds a node's name to the key that it signs with, for a while. A *deny-list* names keys that no longer
//! count, whatever their passports say; of two lists the one with the higher version holds. Both are signed with
//! Ed25519 over a string that names what is signed and then exactly the octets that are sent, least significant first:
//!
//! | passport | octets | deny-list | octets |
//! |---|---|---|---|
//! | form, 1 | 1 | form, 1 | 1 |
//! | node | 8 | version | 8 |
//! | counts from, until: ns since 1970 | 8, 8 | how many keys | 2 |
//! | key | 32 | their ids, ascending | 8 each |
//! | length of the name, name | 1, n | | |
//! | signature | 64 | signature | 64 |
//!
//! There is one way to write each, and nothing may follow. Signatures are verified strictly (no weak keys, one form).

use core::fmt;

use fusion_core::time::Timestamp;
use fusion_core::track::NodeId;
use heapless::{String, Vec as Bounded};

use crate::packet::octets::{Octets, Reader};

pub use ed25519_dalek::{SigningKey, VerifyingKey};

/// Octets in a name. No counter: a passport with a longer one is refused as [`PassportError::Malformed`].
pub const NAME_BYTES_MAX: usize = 64;

/// Keys on a deny-list. No counter: whoever wants to deny more is refused with [`PassportError::TooMany`]; a mission
/// that lost so many boxes needs a new authority.
pub const DENIED_MAX: usize = 256;

/// Octets of a signature.
pub const SIGNATURE_BYTES: usize = 64;

const FORM: u8 = 1;
const PASSPORT: &[u8] = b"copmesh passport 1\0";
const DENY_LIST: &[u8] = b"copmesh deny-list 1\0";

/// A key in short: its first eight octets. Whoever enrols proves to have the key, so nobody can choose these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// Of a public key.
    #[must_use]
    pub const fn of(key: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *key;
        Self([a, b, c, d, e, f, g, h])
    }

    /// From sixteen hexadecimal digits, as it is displayed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hexadecimal = text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hexadecimal.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(|id| Self(id.to_be_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// Why a passport or a deny-list is not believed, and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassportError {
    /// At this octet it ends, or says what cannot be.
    Malformed(usize),
    /// Of another form.
    Form(u8),
    /// Not a key that anybody should use.
    Key,
    /// Not signed by this authority, or changed since.
    Signature,
    /// It counts from this time on.
    NotYet(Timestamp),
    /// It counted until this time.
    Expired(Timestamp),
    /// The key in it is on the deny-list.
    Denied(KeyId),
    /// No name: 1 to 64 of a–z, 0–9 and '-'.
    Name,
    /// More keys than a deny-list holds.
    TooMany,
}

impl fmt::Display for PassportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(at) => write!(f, "octet {at} ends it or says what cannot be: fetch the file again"),
            Self::Form(form) => write!(f, "form {form}, this program reads {FORM}: update the older side"),
            Self::Key => f.write_str("the key in it is weak or none: make new keys"),
            Self::Signature => {
                f.write_str("not signed by this mission's authority, or changed since: enrol with the right authority")
            }
            Self::NotYet(from) => {
                write!(f, "counts only from {} s since 1970 on: set the clock", from.as_millis().div_euclid(1000))
            }
            Self::Expired(until) => {
                write!(f, "expired at {} s since 1970: renew it, or set the clock", until.as_millis().div_euclid(1000))
            }
            Self::Denied(key) => write!(f, "key {key} is on the deny-list: enrol anew with new keys"),
            Self::Name => write!(f, "no name: 1 to {NAME_BYTES_MAX} of a–z, 0–9 and '-'"),
            Self::TooMany => write!(f, "more than {DENIED_MAX} keys: a new authority is due"),
        }
    }
}

impl core::error::Error for PassportError {}

/// What an authority says of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passport {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: String<NAME_BYTES_MAX>,
    /// What it signs with: an Ed25519 public key.
    pub key: [u8; 32],
    /// It counts from then on.
    pub not_before: Timestamp,
    /// It no longer counts from then on.
    pub not_after: Timestamp,
    /// The authority's, over all of this.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Passport {
    /// A passport, signed.
    ///
    /// # Errors
    /// [`PassportError::Name`] and [`PassportError::Key`] for what nobody would believe.
    pub fn sign(
        authority: &SigningKey,
        (node, name): (NodeId, &str),
        key: [u8; 32],
        (not_before, not_after): (Timestamp, Timestamp),
    ) -> Result<Self, PassportError> {
        let name = named(name.as_bytes()).ok_or(PassportError::Name)?;
        verifying(&key)?;
        let mut passport = Self { node, name, key, not_before, not_after, signature: [0; SIGNATURE_BYTES] };
        passport.signature = sign(authority, PASSPORT, passport.body().as_slice());
        Ok(passport)
    }

    /// The id of the key in it.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        KeyId::of(&self.key)
    }

    /// Whether the authority signed it, and whether it counts now. Whether the key is denied, the list knows.
    ///
    /// # Errors
    /// [`PassportError::Signature`], [`PassportError::NotYet`] or [`PassportError::Expired`].
    pub fn verify(&self, authority: &VerifyingKey, now: Timestamp) -> Result<(), PassportError> {
        if !is_signed(authority, PASSPORT, self.body().as_slice(), &self.signature) {
            return Err(PassportError::Signature);
        }
        match now {
            now if now < self.not_before => Err(PassportError::NotYet(self.not_before)),
            now if now >= self.not_after => Err(PassportError::Expired(self.not_after)),
            _ => Ok(()),
        }
    }

    /// The key in it, ready to verify with.
    ///
    /// # Errors
    /// [`PassportError::Key`] if it is weak or none.
    pub fn verifying_key(&self) -> Result<VerifyingKey, PassportError> {
        verifying(&self.key)
    }

    /// In octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        with_signature(self.body(), &self.signature)
    }

    /// Reads one, which must take all the octets. Nothing of it is to be believed before it is verified.
    ///
    /// # Errors
    /// [`PassportError::Form`] and [`PassportError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, PassportError> {
        read_whole(bytes, read_passport)
    }

    fn body(&self) -> Octets {
        let mut out = Octets::default();
        out.u8(FORM);
        out.u64(self.node.0);
        out.u64(self.not_before.as_nanos().cast_unsigned());
        out.u64(self.not_after.as_nanos().cast_unsigned());
        out.bytes(&self.key);
        out.u8(u8::try_from(self.name.len()).expect("at most 64"));
        out.bytes(self.name.as_bytes());
        out
    }
}

fn read_passport(r: &mut Reader<'_>) -> Option<Passport> {
    let node = NodeId(r.u64()?);
    let (not_before, not_after) = (time(r)?, time(r)?);
    let key = array(r)?;
    let length = usize::from(r.u8()?);
    let name = named(r.bytes(length)?)?;
    Some(Passport { node, name, key, not_before, not_after, signature: array(r)? })
}

/// Keys that no longer count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyList {
    /// Counts its issues; the highest holds.
    pub version: u64,
    denied: Bounded<KeyId, DENIED_MAX>,
    signature: [u8; SIGNATURE_BYTES],
}

impl DenyList {
    /// A list of these keys, in any order, signed.
    ///
    /// # Errors
    /// [`PassportError::TooMany`].
    pub fn sign(authority: &SigningKey, version: u64, keys: &[KeyId]) -> Result<Self, PassportError> {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys.dedup();
        let denied = Bounded::from_slice(&keys).map_err(|_| PassportError::TooMany)?;
        let mut list = Self { version, denied, signature: [0; SIGNATURE_BYTES] };
        list.signature = sign(authority, DENY_LIST, list.body().as_slice());
        Ok(list)
    }

    /// The denied keys, ascending.
    #[must_use]
    pub fn denied(&self) -> &[KeyId] {
        &self.denied
    }

    /// Whether a key no longer counts.
    #[must_use]
    pub fn denies(&self, key: KeyId) -> bool {
        self.denied.binary_search(&key).is_ok()
    }

    /// Refuses a passport whose key no longer counts.
    ///
    /// # Errors
    /// [`PassportError::Denied`].
    pub fn permits(&self, passport: &Passport) -> Result<(), PassportError> {
        let key = passport.key_id();
        if self.denies(key) { Err(PassportError::Denied(key)) } else { Ok(()) }
    }

    /// Whether the authority signed it. A list never expires: an old one is better than none.
    ///
    /// # Errors
    /// [`PassportError::Signature`].
    pub fn verify(&self, authority: &VerifyingKey) -> Result<(), PassportError> {
        let signed = is_signed(authority, DENY_LIST, self.body().as_slice(), &self.signature);
        if signed { Ok(()) } else { Err(PassportError::Signature) }
    }

    /// In octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        with_signature(self.body(), &self.signature)
    }

    /// Reads one, which must take all the octets. Nothing of it is to be believed before it is verified.
    ///
    /// # Errors
    /// [`PassportError::Form`] and [`PassportError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, PassportError> {
        read_whole(bytes, read_deny_list)
    }

    fn body(&self) -> Octets {
        let mut out = Octets::default();
        out.u8(FORM);
        out.u64(self.version);
        out.u16(u16::try_from(self.denied.len()).expect("at most 256"));
        self.denied.iter().for_each(|key| out.bytes(&key.0));
        out
    }
}

fn read_deny_list(r: &mut Reader<'_>) -> Option<DenyList> {
    let version = r.u64()?;
    let mut denied = Bounded::new();
    for _ in 0..r.u16()? {
        let key = KeyId(array(r)?);
        if denied.last().is_some_and(|last| *last >= key) {
            return None;
        }
        denied.push(key).ok()?;
    }
    Some(DenyList { version, denied, signature: array(r)? })
}

/// Signs octets as what the domain says that they are.
#[must_use]
pub fn sign(key: &SigningKey, domain: &[u8], octets: &[u8]) -> [u8; SIGNATURE_BYTES] {
    use ed25519_dalek::Signer as _;
    key.sign(&[domain, octets].concat()).to_bytes()
}

/// Whether octets were signed so.
#[must_use]
pub fn is_signed(key: &VerifyingKey, domain: &[u8], octets: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    key.verify_strict(&[domain, octets].concat(), &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
}

/// A public key that may be used.
///
/// # Errors
/// [`PassportError::Key`] if it is weak or none.
pub fn verifying(key: &[u8; 32]) -> Result<VerifyingKey, PassportError> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| PassportError::Key)?;
    if key.is_weak() { Err(PassportError::Key) } else { Ok(key) }
}

/// A statement in octets.
fn with_signature(mut body: Octets, signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
    body.bytes(signature);
    body.into_bytes()
}

/// Reads a statement of our form, behind which nothing may follow.
fn read_whole<'a, T>(bytes: &'a [u8], read: fn(&mut Reader<'a>) -> Option<T>) -> Result<T, PassportError> {
    let mut r = Reader::new(bytes);
    match r.u8() {
        Some(FORM) => {}
        Some(form) => return Err(PassportError::Form(form)),
        None => return Err(PassportError::Malformed(0)),
    }
    read(&mut r).filter(|_| r.rest().is_empty()).ok_or(PassportError::Malformed(r.at()))
}

fn time(r: &mut Reader<'_>) -> Option<Timestamp> {
    r.u64().map(|nanos| Timestamp::from_nanos(nanos.cast_signed()))
}

fn array<const N: usize>(r: &mut Reader<'_>) -> Option<[u8; N]> {
    r.bytes(N)?.try_into().ok()
}

fn named(name: &[u8]) -> Option<String<NAME_BYTES_MAX>> {
    let fits = |octet: &u8| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let text = core::str::from_utf8(name).ok().filter(|_| !name.is_empty() && name.iter().all(fits))?;
    String::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn authority() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn node_key() -> [u8; 32] {
        SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes()
    }

    fn passport() -> Passport {
        let span = (Timestamp::from_secs(1000), Timestamp::from_secs(2000));
        Passport::sign(&authority(), (NodeId(0x0102_0304), "north-1"), node_key(), span).expect("a good one")
    }

    fn deny_list() -> DenyList {
        let keys = [KeyId([2; 8]), KeyId::of(&node_key()), KeyId([1; 8]), KeyId([2; 8])];
        DenyList::sign(&authority(), 3, &keys).expect("few")
    }

    fn hex(bytes: &[u8]) -> std::string::String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_passport_counts_for_its_time_under_its_authority() {
        let (passport, key) = (passport(), authority().verifying_key());
        assert_eq!(Passport::decode(&passport.encode()), Ok(passport.clone()));
        let at = |seconds| passport.verify(&key, Timestamp::from_secs(seconds));
        assert_eq!((at(1000), at(1999)), (Ok(()), Ok(())));
        assert_eq!(at(999), Err(PassportError::NotYet(Timestamp::from_secs(1000))));
        assert_eq!(at(2000), Err(PassportError::Expired(Timestamp::from_secs(2000))));
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(passport.verify(&other, Timestamp::from_secs(1500)), Err(PassportError::Signature));
    }

    #[test]
    fn a_deny_list_denies_what_is_on_it_and_nothing_else() {
        let list = deny_list();
        assert_eq!(DenyList::decode(&list.encode()), Ok(list.clone()));
        assert_eq!(list.verify(&authority().verifying_key()), Ok(()));
        assert_eq!(list.denied().len(), 3);
        assert_eq!(list.permits(&passport()), Err(PassportError::Denied(KeyId::of(&node_key()))));
        assert!(!list.denies(KeyId([3; 8])));
        let many: Vec<KeyId> = (0..=DENIED_MAX as u64).map(|id| KeyId(id.to_be_bytes())).collect();
        assert_eq!(DenyList::sign(&authority(), 1, &many), Err(PassportError::TooMany));
    }

    #[test]
    fn the_octets_are_those_of_the_table_for_ever() {
        let (passport, list) = (hex(&passport().encode()), hex(&deny_list().encode()));
        let key = hex(&node_key());
        let times = "0010a5d4e8000000".to_owned() + "00204aa9d1010000";
        let head = format!("01{}{times}{key}07{}", "0403020100000000", hex(b"north-1"));
        assert!(passport.starts_with(&head), "{passport}");
        assert_eq!(passport.len() / 2, head.len() / 2 + SIGNATURE_BYTES);
        assert!(list.starts_with("0103000000000000000300010101010101010102020202020202"), "{list}");
        assert_eq!(passport[head.len()..], *PASSPORT_SIGNATURE);
        assert_eq!(list[list.len() - 2 * SIGNATURE_BYTES..], *DENY_LIST_SIGNATURE);
    }

    /// Both as OpenSSL signs the same octets.
    const PASSPORT_SIGNATURE: &str = "44ab6bd623e8876c35180c84f3e694f0570d5b865b1052cb0b07766abc1f3326\
        a1fe36491db57bbd95c43b6cae1892745a0fe870aeefe2fbc9d28ac75accf509";
    const DENY_LIST_SIGNATURE: &str = "76191b3973eaeb27a8388181d4e21711826647d8e168e3590abd1e4cbf375937\
        6de7c6a5dae908dbf238a51cd0c4a19db7cc1f72a0c455c366bdcdac63a04205";

    #[test]
    fn one_kind_of_statement_is_never_taken_for_another() {
        let body = passport().body();
        let as_list = sign(&authority(), DENY_LIST, body.as_slice());
        assert!(!is_signed(&authority().verifying_key(), PASSPORT, body.as_slice(), &as_list));
    }

    #[test]
    fn no_flipped_bit_and_no_cut_is_believed() {
        let key = authority().verifying_key();
        let (passport, list) = (passport().encode(), deny_list().encode());
        let believed = |bytes: &[u8]| {
            Passport::decode(bytes).is_ok_and(|p| p.verify(&key, Timestamp::from_secs(1500)).is_ok())
                || DenyList::decode(bytes).is_ok_and(|l| l.verify(&key).is_ok())
        };
        for whole in [&passport, &list] {
            assert!(believed(whole));
            for bit in 0..whole.len() * 8 {
                let mut bad = whole.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(!believed(&bad), "bit {bit}");
            }
            assert!((0..whole.len()).all(|end| !believed(&whole[..end])));
            assert!(!believed(&[whole.as_slice(), &[0]].concat()), "something follows");
        }
    }

    #[test]
    fn a_weak_key_and_a_name_that_is_none_are_not_signed() {
        let span = (Timestamp::EPOCH, Timestamp::MAX);
        let signed = |name: &str, key| Passport::sign(&authority(), (NodeId(1), name), key, span).map(|_| ());
        // The neutral element: every signature would fit it.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(signed("a", neutral), Err(PassportError::Key));
        for name in ["", "A", "a b", "é", &"a".repeat(65)] {
            assert_eq!(signed(name, node_key()), Err(PassportError::Name), "{name}");
        }
        assert_eq!(signed(&"a".repeat(64), node_key()), Ok(()));
    }

    #[test]
    fn a_key_id_reads_as_it_is_shown() {
        let id = KeyId::of(&node_key());
        assert_eq!(KeyId::parse(&id.to_string()), Some(id));
        for bad in ["", "+123456789abcdef", "0123456789abcdef0", "0123456789abcdeg"] {
            assert_eq!(KeyId::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), form in 0_u8..3) {
            let formed = [&[form][..], &bytes].concat();
            for bytes in [&bytes, &formed] {
                if let Ok(passport) = Passport::decode(bytes) {
                    prop_assert_eq!(&passport.encode(), bytes);
                }
                if let Ok(list) = DenyList::decode(bytes) {
                    prop_assert_eq!(&list.encode(), bytes);
                }
            }
        }
    }
}
