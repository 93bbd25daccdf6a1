//! The field specification: which items of a record, or subfields of a compound item, are present.
//!
//! Seven flags per octet from the most significant bit down, numbered (FRN) from 1; the least significant bit, FX, says
//! that another octet follows (SPEC-0149 part 1, §5.2.6).

use super::fault::Reason;

/// A set of field reference numbers, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fspec {
    present: u64,
}

/// Flags in one octet beside FX.
const FLAGS: usize = 7;

impl Fspec {
    /// Reads a field specification for a table of `slots` entries (at most 63); returns it and its length in octets.
    ///
    /// # Errors
    /// [`Reason::FspecTruncated`] when the octets end before FX is zero; [`Reason::FspecTooLong`] when FX is one in
    /// the last octet that the table has entries for.
    pub(super) fn read(octets: &[u8], slots: usize) -> Result<(Self, usize), Reason> {
        let allowed = slots.div_ceil(FLAGS);
        let mut present = 0;
        for (index, &octet) in octets.iter().take(allowed).enumerate() {
            // Reversed, the first flag is the lowest bit.
            let flags = (octet >> 1).reverse_bits() >> 1;
            present |= u64::from(flags) << (FLAGS * index);
            if octet & 1 == 0 {
                return Ok((Self { present }, index + 1));
            }
        }
        Err(if octets.len() < allowed { Reason::FspecTruncated } else { Reason::FspecTooLong { allowed } })
    }

    /// Whether this field reference number is set.
    pub(super) const fn has(self, frn: usize) -> bool {
        self.present >> (frn - 1) & 1 == 1
    }

    /// The same set with this field reference number (1 to 63).
    pub(super) const fn with(self, frn: usize) -> Self {
        Self { present: self.present | 1 << (frn - 1) }
    }

    /// Whether every number of this set is in the other one too.
    pub(super) const fn is_within(self, other: Self) -> bool {
        self.present & !other.present == 0
    }

    /// The numbers that are set, ascending.
    pub(super) fn frns(self) -> impl Iterator<Item = usize> {
        let mut rest = self.present;
        std::iter::from_fn(move || {
            let lowest = (rest != 0).then_some(rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(lowest + 1)
        })
    }

    /// Appends the shortest form; the empty set is one zero octet.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let mut rest = self.present;
        loop {
            let flags = (rest & 0x7F).to_le_bytes()[0].reverse_bits();
            rest >>= FLAGS;
            out.push(flags | u8::from(rest != 0));
            if rest == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn first_flag_of_an_octet_is_its_top_bit() {
        let (fspec, octets) = Fspec::read(&[0b1000_0001, 0b0100_0000, 0xFF], 14).expect("two octets");
        assert_eq!((fspec.frns().collect::<Vec<_>>(), octets), (vec![1, 9], 2));
    }

    #[test]
    fn a_chain_longer_than_the_table_is_refused() {
        assert_eq!(Fspec::read(&[1, 1, 0], 14), Err(Reason::FspecTooLong { allowed: 2 }));
        assert_eq!(Fspec::read(&[1], 14), Err(Reason::FspecTruncated));
        assert_eq!(Fspec::read(&[], 14), Err(Reason::FspecTruncated));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(present in 0_u64..1 << 49) {
            let fspec = Fspec { present };
            let mut octets = Vec::new();
            fspec.write(&mut octets);
            prop_assert_eq!(Fspec::read(&octets, 49), Ok((fspec, octets.len())));
            let again = fspec.frns().fold(Fspec::default(), Fspec::with);
            prop_assert_eq!(again, fspec);
        }
    }
}
