//! A seal: its writer's signature over a batch of rows, itself a row of the same stream.
//!
//! Of each row that it covers it tells which, in which version, and a mark: the first eight octets of a hash over all
//! that the row says and where it says it ([`proof`](crate::replica::proof)). So rows and seals may come apart, late,
//! by different ways and in any order, and who holds one row of a batch and its seal needs no other row.
//!
//! Seals are counted. One that says `oldest` ends all that were counted before: what was still alive of theirs is
//! covered by later ones. Hence from `oldest` to the newest they cover every row that is alive in the stream, and
//! whoever holds all of these and all that they cover holds everything.

use super::bits::{BitReader, BitWriter, Classes};
use super::{Kind, Lifetime, RowKey};

/// Rows that one seal covers: what seven bits count.
///
/// No counter: further rows go into another seal.
pub const COVERED_MAX: usize = 127;

/// Seals alive in a stream at the most.
///
/// No counter: of more, the oldest are written anew together, which makes them fewer.
pub const ALIVE_MAX: u32 = 0xFFFF;

/// Octets of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// Widths of a version's distance from the one before.
const GAP: Classes<4> = Classes([2, 6, 14, 32]);

/// What a seal says of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Which row.
    pub key: RowKey,
    /// Which version of it.
    pub version: u32,
    /// What it says, in short.
    pub mark: u64,
}

/// A seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Counts the seals of a stream.
    pub count: u32,
    /// The first that is still alive.
    pub oldest: u32,
    /// Whether it is the last of those that were written together: with it all that was written before is covered.
    pub last: bool,
    /// How long it may be held: as long as anything that it covers.
    pub lifetime: Lifetime,
    /// What it covers, by version.
    pub covered: Vec<Covered>,
    /// Over all of this and where it stands.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Seal {
    /// How many of some rows, by version, a seal may cover that is to fit, with what goes around it, into packets of so
    /// many octets. One at the least.
    #[must_use]
    pub fn fitting(versions: impl Iterator<Item = u32>, packet: usize) -> usize {
        // 15 of the packet, 13 of the list, some 30 of the declaration, 9 of the row's opening, 75 of the seal.
        let mut left = packet.saturating_sub(142) * 8;
        let (mut count, mut before) = (0, None);
        for version in versions.take(COVERED_MAX) {
            let mut bits = BitWriter::new();
            GAP.put(&mut bits, version.saturating_sub(before.unwrap_or(version)).into());
            let Some(rest) = left.checked_sub(3 + 16 + bits.len() + 64) else { break };
            (left, count, before) = (rest, count + 1, Some(version));
        }
        count.max(1)
    }

    /// All but the signature: what is signed.
    pub fn put_body(&self, w: &mut BitWriter) {
        w.put(self.count.into(), 32);
        w.put((self.count.wrapping_sub(self.oldest) & ALIVE_MAX).into(), 16);
        w.put_bit(self.last);
        w.put(self.lifetime.code().into(), 2);
        w.put((self.covered.len() & COVERED_MAX) as u64, 7);
        let mut before = self.covered.first().map_or(0, |first| first.version);
        w.put(before.into(), 32);
        for covered in &self.covered {
            w.put(covered.key.kind as u64, 3);
            w.put(covered.key.handle.into(), 16);
            GAP.put(w, covered.version.saturating_sub(before).into());
            w.put(covered.mark, 64);
            before = covered.version;
        }
    }

    pub(super) fn put(&self, w: &mut BitWriter) {
        self.put_body(w);
        w.put_bytes(&self.signature);
    }

    pub(super) fn get(r: &mut BitReader<'_>) -> Option<Self> {
        let (count, span) = (r.narrow::<u32>(32)?, r.narrow::<u32>(16)?);
        let (last, lifetime, rows) = (r.bit()?, Lifetime::of_code(r.narrow(2)?), r.get(7)?);
        let mut before = r.narrow::<u32>(32)?;
        let mut covered = Vec::new();
        for _ in 0..rows {
            let kind = *Kind::ALL.get(r.narrow::<usize>(3)?).filter(|kind| **kind != Kind::Seal)?;
            let key = RowKey { kind, handle: r.narrow(16)? };
            let version = before.checked_add(u32::try_from(GAP.get(r)?).ok()?)?;
            covered.push(Covered { key, version, mark: r.get(64)? });
            before = version;
        }
        let mut signature = [0; SIGNATURE_BYTES];
        for octet in &mut signature {
            *octet = r.narrow(8)?;
        }
        Some(Self { count, oldest: count.checked_sub(span)?, last, lifetime, covered, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_are_covered_as_fit_into_the_packet() {
        for packet in [200, 240, 300, 600, 1200, 1400] {
            let key = RowKey { kind: Kind::Track, handle: 1 };
            let rows = u32::try_from(Seal::fitting(1..500, packet)).expect("few");
            assert!(Seal::fitting((1..500).map(|version| version * 30_000), packet) < Seal::fitting(1..500, packet));
            let covered = (1..=rows).map(|version| Covered { key, version, mark: 7 }).collect();
            let seal = Seal {
                count: 1,
                oldest: 1,
                last: true,
                lifetime: Lifetime::Ground,
                covered,
                signature: [0; SIGNATURE_BYTES],
            };
            let mut w = BitWriter::new();
            seal.put(&mut w);
            let octets = w.len().div_ceil(8) + 15 + 13 + 30 + 9;
            println!("packets of {packet}: {rows} rows, {octets} octets");
            assert!(octets <= packet && (octets + 12 > packet || seal.covered.len() == COVERED_MAX), "{octets}");
        }
    }
}
