//! Typed items: structs that know their octets, declared by the bit numbers of the standard.
//!
//! `packed!` declares an item of named bit fields, `part!` one octet of an extended item with the part after it,
//! `compound!` whatever starts with a field specification: a compound item or a whole record. A field is declared
//! once, and both directions follow from that, so they cannot drift apart. The bits are numbered as in the standard,
//! most significant first and down to 1; those not declared are spare and sent as zero.

use std::fmt;

use super::block::HEADER_OCTETS;
use super::record::Record;
use super::spec::Spec;

/// A typed item, subfield or record.
pub trait Wire: Sized {
    /// Takes the value off the front of `octets`; `None` when they end too soon or cannot be one.
    fn decode(octets: &mut &[u8]) -> Option<Self>;

    /// Appends the value.
    ///
    /// # Errors
    /// [`Unencodable`] when a number is too large for its bits or a list for its count.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable>;
}

/// A record as a struct.
pub trait TypedRecord: Wire {
    /// The table that the struct follows.
    const SPEC: &'static Spec;

    /// The record as a struct; `None` when it is of another category.
    #[must_use]
    fn of(record: &Record<'_>) -> Option<Self> {
        let mut octets = record.octets;
        (record.spec.category == Self::SPEC.category).then(|| Self::decode(&mut octets))?
    }
}

/// A value that the wire has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unencodable {
    /// Name of the item, empty outside of records.
    pub item: &'static str,
    /// The field, as the struct names it.
    pub field: &'static str,
}

impl Unencodable {
    /// A field that is too large.
    #[must_use]
    pub const fn field(field: &'static str) -> Self {
        Self { item: "", field }
    }

    /// The same, placed in an item.
    #[must_use]
    pub const fn in_item(self, item: &'static str) -> Self {
        Self { item, ..self }
    }
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}: {} exceeds what the item has room for", self.item, self.field)
    }
}

impl std::error::Error for Unencodable {}

/// Appends one data block with these records; on error `out` is as it was.
///
/// # Errors
/// [`Unencodable`] when a value does not fit its item, or all of them the 65,535 octets of a block.
pub fn write_block<R: TypedRecord>(records: &[R], out: &mut Vec<u8>) -> Result<(), Unencodable> {
    let start = out.len();
    out.extend_from_slice(&[R::SPEC.category, 0, 0]);
    let written = records.iter().try_for_each(|record| record.encode(out)).and_then(|()| seal_block(start, out));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Records of a category, each encoded by itself, as one data block.
///
/// # Errors
/// [`Unencodable`] when they exceed the 65,535 octets of a block.
pub fn block_of(category: u8, records: &[Vec<u8>]) -> Result<Vec<u8>, Unencodable> {
    let mut out = [&[category, 0, 0][..], &records.concat()].concat();
    seal_block(0, &mut out).map(|()| out)
}

/// Writes the length of the block that starts at `start` into its header.
pub(super) fn seal_block(start: usize, out: &mut [u8]) -> Result<(), Unencodable> {
    let length = u16::try_from(out.len() - start).map_err(|_| Unencodable::field("block length"))?;
    out[start + 1..start + HEADER_OCTETS].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// A number kept in some bits of an item.
pub trait Bits: Copy {
    /// The value of the lowest `width` bits of `word`, whatever stands above them.
    fn from_word(word: u64, width: u32) -> Self;
    /// The value as `width` bits; `None` when it needs more.
    fn to_word(self, width: u32) -> Option<u64>;
}

impl Bits for bool {
    fn from_word(word: u64, _: u32) -> Self {
        word & 1 == 1
    }
    fn to_word(self, _: u32) -> Option<u64> {
        Some(u64::from(self))
    }
}

macro_rules! unsigned_bits {
    ($($type:ty)+) => {$(
        impl Bits for $type {
            #[expect(clippy::cast_possible_truncation, reason = "masked to the width, which the type has")]
            fn from_word(word: u64, width: u32) -> Self {
                (word & (u64::MAX >> (64 - width))) as $type
            }
            fn to_word(self, width: u32) -> Option<u64> {
                let word = u64::from(self);
                (word <= u64::MAX >> (64 - width)).then_some(word)
            }
        }
    )+};
}
unsigned_bits!(u8 u16 u32);

impl Bits for u64 {
    fn from_word(word: u64, width: u32) -> Self {
        word & (Self::MAX >> (64 - width))
    }
    fn to_word(self, width: u32) -> Option<u64> {
        (self <= Self::MAX >> (64 - width)).then_some(self)
    }
}

macro_rules! signed_bits {
    ($($type:ty)+) => {$(
        impl Bits for $type {
            #[expect(clippy::cast_possible_truncation, reason = "sign-extended from the width, which the type has")]
            fn from_word(word: u64, width: u32) -> Self {
                ((word << (64 - width)).cast_signed() >> (64 - width)) as $type
            }
            fn to_word(self, width: u32) -> Option<u64> {
                let word = i64::from(self).cast_unsigned();
                (Self::from_word(word, width) == self).then_some(word & (u64::MAX >> (64 - width)))
            }
        }
    )+};
}
signed_bits!(i8 i16 i32);

/// Takes `N` octets (at most 8) as one big-endian number.
pub(super) fn take<const N: usize>(octets: &mut &[u8]) -> Option<u64> {
    let (chunk, rest) = octets.split_first_chunk::<N>()?;
    *octets = rest;
    Some(chunk.iter().fold(0, |word, &octet| word << 8 | u64::from(octet)))
}

/// Appends the lowest `N` octets (at most 8), big-endian.
pub(super) fn put<const N: usize>(word: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&word.to_be_bytes()[8 - N..]);
}

/// Declares an item of at most eight octets: `field: type = highest bit..lowest bit`.
macro_rules! packed {
    ($(#[$doc:meta])* $name:ident: $octets:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $high:literal..$low:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $crate::asterix::wire::Wire for $name {
            #[inline]
            fn decode(octets: &mut &[u8]) -> Option<Self> {
                use $crate::asterix::wire::{Bits, take};
                let word = take::<$octets>(octets)?;
                Some(Self { $($field: Bits::from_word(word >> ($low - 1), $high - $low + 1),)+ })
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), $crate::asterix::wire::Unencodable> {
                use $crate::asterix::wire::{Bits, Unencodable, put};
                let mut word = 0;
                $(
                    let bits = Bits::to_word(self.$field, $high - $low + 1);
                    word |= bits.ok_or(Unencodable::field(stringify!($field)))? << ($low - 1);
                )+
                put::<$octets>(word, out);
                Ok(())
            }
        }

        #[cfg(test)]
        impl $crate::asterix::wire::layout::Layout for $name {
            const FIELDS: &[(&str, usize, usize)] = &[$((stringify!($field), $high, $low),)+];
        }
    };
}
pub(super) use packed;

/// Declares one octet of an extended item, bits 8 to 2, and the part that follows when FX (bit 1) is set; after the
/// last part that is known, [`LaterParts`].
macro_rules! part {
    ($(#[$doc:meta])* $name:ident then $next:ty {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $high:literal..$low:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
            /// The part after this one, if it was sent.
            pub more: Option<$next>,
        }

        impl $crate::asterix::wire::Wire for $name {
            #[inline]
            fn decode(octets: &mut &[u8]) -> Option<Self> {
                use $crate::asterix::wire::{Bits, take};
                let word = take::<1>(octets)?;
                let more = if word & 1 == 1 { Some(<$next>::decode(octets)?) } else { None };
                Some(Self { $($field: Bits::from_word(word >> ($low - 1), $high - $low + 1),)+ more })
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), $crate::asterix::wire::Unencodable> {
                use $crate::asterix::wire::{Bits, Unencodable, put};
                let mut word = u64::from(self.more.is_some());
                $(
                    let bits = Bits::to_word(self.$field, $high - $low + 1);
                    word |= bits.ok_or(Unencodable::field(stringify!($field)))? << ($low - 1);
                )+
                put::<1>(word, out);
                self.more.as_ref().map_or(Ok(()), |more| more.encode(out))
            }
        }

        #[cfg(test)]
        impl $crate::asterix::wire::layout::Layout for $name {
            const FIELDS: &[(&str, usize, usize)] = &[$((stringify!($field), $high, $low),)+];
        }
    };
}
pub(super) use part;

/// Parts of an extended item that a later edition appended: skipped, and sent again as one empty part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaterParts;

impl Wire for LaterParts {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        while take::<1>(octets)? & 1 == 1 {}
        Some(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        out.push(0);
        Ok(())
    }
}

/// Declares what starts with a field specification of `slots` entries: `number "name" field: type`, ascending.
macro_rules! compound {
    ($(#[$doc:meta])* $name:ident of $slots:literal {
        $($(#[$field_doc:meta])* $frn:literal $item:literal $field:ident: $type:ty,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)+
        }

        impl $crate::asterix::wire::Wire for $name {
            fn decode(octets: &mut &[u8]) -> Option<Self> {
                use $crate::asterix::fspec::Fspec;
                let known = Fspec::default()$(.with($frn))+;
                let (fspec, length) = Fspec::read(octets, $slots).ok()?;
                *octets = octets.get(length..)?;
                if !fspec.is_within(known) {
                    return None;
                }
                Some(Self {
                    $($field: if fspec.has($frn) { Some($crate::asterix::wire::Wire::decode(octets)?) } else { None },)+
                })
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), $crate::asterix::wire::Unencodable> {
                use $crate::asterix::fspec::Fspec;
                let mut fspec = Fspec::default();
                $(if self.$field.is_some() {
                    fspec = fspec.with($frn);
                })+
                fspec.write(out);
                $(if let Some(value) = &self.$field {
                    $crate::asterix::wire::Wire::encode(value, out).map_err(|error| error.in_item($item))?;
                })+
                Ok(())
            }
        }

        #[cfg(test)]
        impl $name {
            /// Number of slots, then number and name of every field.
            pub(crate) const SLOTS: (usize, &[(usize, &str)]) = ($slots, &[$(($frn, $item),)+]);
        }
    };
}
pub(super) use compound;

macro_rules! whole_octets {
    ($($type:ty, $octets:literal;)+) => {$(
        impl Wire for $type {
            fn decode(octets: &mut &[u8]) -> Option<Self> {
                take::<$octets>(octets).map(|word| Bits::from_word(word, 8 * $octets))
            }
            fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
                out.extend_from_slice(&self.to_be_bytes());
                Ok(())
            }
        }
    )+};
}
whole_octets! { u8, 1; i8, 1; }

/// A list with its length before it, in one octet.
impl<T: Wire> Wire for Vec<T> {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        let count = take::<1>(octets)?;
        (0..count).map(|_| T::decode(octets)).collect()
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        out.push(u8::try_from(self.len()).map_err(|_| Unencodable::field("count"))?);
        self.iter().try_for_each(|entry| entry.encode(out))
    }
}

/// Checks that the structs say the same as the tables.
#[cfg(test)]
pub(super) mod layout {
    use crate::asterix::spec::{Content, Field, Item, named};

    /// Name, highest and lowest bit of every declared field.
    pub(crate) trait Layout {
        const FIELDS: &[(&str, usize, usize)];
    }

    /// Panics unless every field of `T` covers exactly one named element of the content, by that name in lower case, or
    /// several whole ones; a mnemonic that cannot be a name in Rust is exempt. `tail` is 1 where an FX bit follows.
    pub(crate) fn check<T: Layout>(content: Content, tail: usize) {
        let mut elements = Vec::new();
        let mut top = content.bits() + tail;
        match content {
            Content::Element(bits) => elements.push((String::new(), top, top + 1 - usize::from(bits))),
            Content::Group(fields) => flatten("", fields, &mut top, &mut elements),
        }
        let mut covered = 0;
        for &(field, high, low) in T::FIELDS {
            let inside: Vec<_> = elements.iter().filter(|(_, h, l)| *h <= high && *l >= low).collect();
            let (first, last) = (inside.first().expect(field), inside.last().expect(field));
            assert_eq!((first.1, last.2), (high, low), "{field} starts and ends with elements");
            let free = inside.len() > 1 || first.0.is_empty() || first.0.starts_with(|c: char| c.is_ascii_digit());
            assert!(free || first.0 == field, "{field} is called {}", first.0);
            covered += inside.len();
        }
        assert_eq!(covered, elements.len(), "every element is in a field");
    }

    fn flatten(prefix: &str, fields: &[Field], top: &mut usize, out: &mut Vec<(String, usize, usize)>) {
        for field in fields {
            match *field {
                Field::Spare(bits) => *top -= usize::from(bits),
                Field::Group(name, inner) => flatten(&format!("{prefix}{}_", name.to_lowercase()), inner, top, out),
                Field::Bits(name, bits) => {
                    let bits = usize::from(bits);
                    out.push((format!("{prefix}{}", name.to_lowercase()), *top, *top + 1 - bits));
                    *top -= bits;
                }
            }
        }
    }

    /// Panics unless the slots of a compound are those of its table, all of them.
    pub(crate) fn check_slots((slots, fields): (usize, &[(usize, &str)]), table: &'static [Option<Item>]) {
        assert_eq!(slots, table.len());
        let listed: Vec<_> = named(table).map(|(frn, item)| (frn, item.name)).collect();
        assert_eq!(fields, listed);
    }
}

#[cfg(test)]
mod tests {
    #![expect(unreachable_pub, reason = "the macro makes public items, which these are not")]

    use super::*;

    packed! {
        /// A number of each sign around spare bits.
        Sample: 2 {
            /// Signed.
            low: i16 = 14..5,
            /// Flag.
            flag: bool = 1..1,
        }
    }

    #[test]
    fn signs_survive_and_spare_bits_are_zero() {
        let sample = Sample { low: -512, flag: true };
        let mut octets = Vec::new();
        sample.encode(&mut octets).expect("fits");
        assert_eq!(octets, [0b0010_0000, 0b0000_0001]);
        assert_eq!(Sample::decode(&mut [0b1110_0000, 0b0000_1111].as_slice()), Some(sample));
    }

    #[test]
    fn a_number_too_large_for_its_bits_is_refused_by_name() {
        for low in [-513, 512] {
            let error = Sample { low, flag: false }.encode(&mut Vec::new());
            assert_eq!(error, Err(Unencodable::field("low")));
        }
        assert_eq!(vec![0_u8; 256].encode(&mut Vec::new()), Err(Unencodable::field("count")));
    }

    #[test]
    fn later_parts_are_skipped() {
        let mut octets = [1, 3, 0, 9].as_slice();
        assert_eq!(LaterParts::decode(&mut octets), Some(LaterParts));
        assert_eq!(octets, [9]);
        assert_eq!(LaterParts::decode(&mut [1, 3].as_slice()), None);
    }
}
