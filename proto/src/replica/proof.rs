//! What seals are made of and judged by: what a row says in short, and what is signed.
//!
//! A *mark* is the first eight octets of SHA-512 over a string that names what is hashed, the stream (its writer, life,
//! number, layer and label), the row's version and time, and the row whole, as it lies alone in a list. The marks of a
//! batch are signed once (Ed25519). To put another row in the place of one that was sealed takes 2⁶⁴ hashes, within its
//! lifetime.

use sha2::{Digest as _, Sha512};

use fusion_core::label::Label;

use crate::packet::item::StreamKey;
use crate::packet::octets::Octets;
use crate::passport::{self, SigningKey, VerifyingKey};
use crate::row::bits::BitWriter;
use crate::row::seal::{SIGNATURE_BYTES, Seal};
use crate::row::wire::{self, Packed};
use crate::row::{Row, RowKey, Tick};

const STREAM: &[u8] = b"copmesh stream 1\0";
const ROW: &[u8] = b"copmesh row 1\0";
const SEAL: &[u8] = b"copmesh seal 1\0";

/// Everything that a stream is, in short: rows of one say nothing in another, nor under another label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamProof([u8; 32]);

impl StreamProof {
    /// Of a stream.
    #[must_use]
    pub fn of(stream: StreamKey, layer: u8, label: &Label) -> Self {
        let mut out = Octets::default();
        out.bytes(STREAM);
        out.u64(stream.origin.node.0);
        out.u32(stream.origin.incarnation);
        out.bytes(&[stream.number, layer]);
        crate::packet::label::put(&mut out, label);
        Self(*Sha512::digest(out.as_slice()).first_chunk::<32>().expect("64 octets"))
    }

    /// What a row says, in short.
    #[must_use]
    pub fn mark(&self, row: &Row) -> u64 {
        let (.., bits) = wire::encode(vec![Packed::new(row, None)]);
        let mut out = Octets::default();
        out.bytes(ROW);
        out.bytes(&self.0);
        out.bytes(&[row.key.kind as u8]);
        out.u32(row.version);
        out.u40(row.tick.number());
        out.bytes(&bits);
        u64::from_le_bytes(*Sha512::digest(out.as_slice()).first_chunk::<8>().expect("64 octets"))
    }

    /// Signs a seal that is to stand there.
    #[must_use]
    pub fn sign(&self, key: &SigningKey, place: (RowKey, u32, Tick), seal: &Seal) -> [u8; SIGNATURE_BYTES] {
        passport::sign(key, SEAL, &self.signed(place, seal))
    }

    /// Whether a seal that stands there was signed with this key.
    #[must_use]
    pub fn is_signed(&self, key: &VerifyingKey, place: (RowKey, u32, Tick), seal: &Seal) -> bool {
        passport::is_signed(key, SEAL, &self.signed(place, seal), &seal.signature)
    }

    fn signed(&self, (key, version, tick): (RowKey, u32, Tick), seal: &Seal) -> Vec<u8> {
        let mut out = Octets::default();
        out.bytes(&self.0);
        out.u16(key.handle);
        out.u32(version);
        out.u40(tick.number());
        let mut bits = BitWriter::new();
        seal.put_body(&mut bits);
        out.bytes(&bits.into_bytes());
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Body, Kind, Lifetime};
    use fusion_core::track::{NodeId, Origin};

    fn stream(incarnation: u32) -> StreamKey {
        StreamKey { origin: Origin { node: NodeId(2), incarnation }, number: 0 }
    }

    #[test]
    fn a_mark_is_of_all_that_the_row_says_and_of_where_it_says_it() {
        let key = RowKey { kind: Kind::Track, handle: 1 };
        let row = Row { key, version: 7, tick: Tick::new(9), body: Body::Gone(Lifetime::Air) };
        let mark =
            |incarnation, layer, label: &Label, row: &Row| StreamProof::of(stream(incarnation), layer, label).mark(row);
        let mut open = Label::STRICTEST;
        open.level = fusion_core::label::Level::Unclassified;
        let all = [
            mark(1, 0, &Label::STRICTEST, &row),
            mark(2, 0, &Label::STRICTEST, &row),
            mark(1, 1, &Label::STRICTEST, &row),
            mark(1, 0, &open, &row),
            mark(1, 0, &Label::STRICTEST, &Row { version: 8, ..row.clone() }),
            mark(1, 0, &Label::STRICTEST, &Row { tick: Tick::new(8), ..row.clone() }),
            mark(1, 0, &Label::STRICTEST, &Row { body: Body::Gone(Lifetime::Ground), ..row.clone() }),
            mark(1, 0, &Label::STRICTEST, &Row { key: RowKey { handle: 2, ..key }, ..row.clone() }),
        ];
        let different: std::collections::BTreeSet<u64> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
        // The protocol: a change here is a new version of it.
        assert_eq!(format!("{:016x}", all[0]), "3be67504ddc73a0a");
    }

    #[test]
    fn a_seal_counts_where_it_was_put_and_nowhere_else() {
        let (signing, proof) = (SigningKey::from_bytes(&[3; 32]), StreamProof::of(stream(1), 0, &Label::STRICTEST));
        let place = |version| (RowKey { kind: Kind::Seal, handle: 4 }, version, Tick::new(9));
        let mut seal = Seal {
            count: 4,
            oldest: 1,
            last: true,
            lifetime: Lifetime::Ground,
            covered: Vec::new(),
            signature: [0; SIGNATURE_BYTES],
        };
        seal.signature = proof.sign(&signing, place(5), &seal);
        let key = signing.verifying_key();
        assert!(proof.is_signed(&key, place(5), &seal));
        assert!(!proof.is_signed(&key, place(6), &seal));
        assert!(!proof.is_signed(&key, place(5), &Seal { oldest: 2, ..seal.clone() }));
        assert!(!StreamProof::of(stream(2), 0, &Label::STRICTEST).is_signed(&key, place(5), &seal));
        assert!(!proof.is_signed(&SigningKey::from_bytes(&[4; 32]).verifying_key(), place(5), &seal));
    }
}
