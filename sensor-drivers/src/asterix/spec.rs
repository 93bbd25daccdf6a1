//! What items look like on the wire: the vocabulary in which a category is written down as a static table.
//!
//! A category is its user application profile (UAP): a list of items in the order of their field reference numbers,
//! each with its shape. The seven shapes below are all that the standard has (SPEC-0149 part 1, §5.2); from them the
//! length of any item follows without knowing what it means. Adding a category is adding a table: see `spec/cat034.rs`.

mod cat010;
mod cat015;
mod cat019;
mod cat020;
mod cat021;
mod cat021_early;
mod cat034;
mod cat048;
mod cat062;
mod cat063;
mod cat065;
mod cat205;

use super::fault::Reason;
use super::fspec::Fspec;

pub use cat010::CAT010;
pub use cat015::CAT015;
pub use cat019::CAT019;
pub use cat020::CAT020;
pub use cat021::CAT021;
pub use cat021_early::{CAT021_0_23, CAT021_0_26};
pub use cat034::CAT034;
pub use cat048::CAT048;
pub use cat062::CAT062;
pub use cat063::CAT063;
pub use cat065::CAT065;
pub use cat205::CAT205;

/// The tables a receiver goes by, one per category. A source of another edition gets another list.
pub type Catalogue = &'static [&'static Spec];

/// Every category that this crate knows, in its newest edition.
pub const CATALOGUE: Catalogue =
    &[&CAT010, &CAT015, &CAT019, &CAT020, &CAT021, &CAT034, &CAT048, &CAT062, &CAT063, &CAT065, &CAT205];

/// The table of this category, if the catalogue has one.
#[must_use]
pub fn find(catalogue: Catalogue, category: u8) -> Option<&'static Spec> {
    catalogue.iter().copied().find(|spec| spec.category == category)
}

/// Most entries of a UAP (CAT021 has 49); sizes the index of a [`super::Record`].
pub const FRNS: usize = 49;

/// One category in one edition.
#[derive(Debug)]
pub struct Spec {
    /// Category number, the first octet of a block.
    pub category: u8,
    /// What messages call it.
    pub title: &'static str,
    /// Edition of the standard that the table follows.
    pub edition: &'static str,
    /// Items by field reference number, from 1; `None` where the number is not in use.
    pub uap: &'static [Option<Item>],
}

/// A data item, or a subfield of a compound item: its name and how it lies on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Name in the standard: `250`, `RE`, or a mnemonic such as `SRL`.
    pub name: &'static str,
    /// Wire shape.
    pub shape: Shape,
}

/// How an item lies on the wire.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Always the same number of octets.
    Fixed(Fixed),
    /// Parts in order, each ending in an FX bit that says whether the next part follows. Parts unknown to the table
    /// (a later edition) are taken to be one octet each.
    Extended(&'static [Part]),
    /// One octet with a count, then that many contents.
    Repeated(Fixed),
    /// Contents each ending in an FX bit that says whether another follows.
    Chained(Part),
    /// One octet with the length including itself, then contents private to the source (RE, SP).
    Explicit,
    /// A field specification of its own, then the subfields that it names.
    Compound(&'static [Option<Item>]),
}

/// Content of whole octets.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// The bits, most significant first.
    pub content: Content,
    /// Length on the wire.
    pub octets: usize,
}

/// Content that fills whole octets together with the FX bit after it.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The bits before FX, most significant first.
    pub content: Content,
    /// Length on the wire with FX.
    pub octets: usize,
}

/// Bits with or without names inside.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// A single number of so many bits (at most 64).
    Element(u8),
    /// Named fields and spare bits.
    Group(&'static [Field]),
}

/// A piece of a group.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// A named number of so many bits (at most 64).
    Bits(&'static str, u8),
    /// Bits that are sent as zero and not looked at.
    Spare(u8),
    /// Named fields under a common name.
    Group(&'static str, &'static [Field]),
}

/// A field reference number, or a subfield number, not in use.
pub(super) const UNUSED: Option<Item> = None;

/// A table entry.
pub(super) const fn item(name: &'static str, shape: Shape) -> Option<Item> {
    Some(Item { name, shape })
}

/// A shape of one number.
pub(super) const fn element(bits: u8) -> Shape {
    Shape::Fixed(fixed(Content::Element(bits)))
}

/// A shape of named fields.
pub(super) const fn group(fields: &'static [Field]) -> Shape {
    Shape::Fixed(fixed(Content::Group(fields)))
}

/// A shape of a count and that many contents.
pub(super) const fn repeated(content: Content) -> Shape {
    Shape::Repeated(fixed(content))
}

/// A shape of contents, each followed by FX.
pub(super) const fn chained(content: Content) -> Shape {
    Shape::Chained(with_fx(content))
}

/// A part of an extended item.
pub(super) const fn part(fields: &'static [Field]) -> Part {
    with_fx(Content::Group(fields))
}

const fn fixed(content: Content) -> Fixed {
    let bits = content.bits();
    assert!(bits > 0 && bits.is_multiple_of(8), "a fixed content fills whole octets");
    Fixed { content, octets: bits / 8 }
}

const fn with_fx(content: Content) -> Part {
    let bits = content.bits() + 1;
    assert!(bits.is_multiple_of(8), "a part and its FX bit fill whole octets");
    Part { content, octets: bits / 8 }
}

impl Spec {
    /// A table; wrong ones do not compile.
    #[must_use]
    pub const fn new(category: u8, title: &'static str, edition: &'static str, uap: &'static [Option<Item>]) -> Self {
        assert!(uap.len() <= FRNS, "the record index has room for every field reference number");
        Self { category, title, edition, uap }
    }

    /// The item with this field reference number (from 1), if the number is in use.
    #[must_use]
    pub fn item(&self, frn: usize) -> Option<&'static Item> {
        self.uap.get(frn.checked_sub(1)?)?.as_ref()
    }

    /// The field reference number (from 1) and the item of this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<(usize, &'static Item)> {
        named(self.uap).find(|(_, item)| item.name == name)
    }
}

/// The entries of a table that are in use, with their field reference numbers.
pub(super) fn named(table: &'static [Option<Item>]) -> impl Iterator<Item = (usize, &'static Item)> {
    (1..).zip(table).filter_map(|(frn, entry)| entry.as_ref().map(|item| (frn, item)))
}

impl Content {
    /// Width without FX.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::Element(bits) => bits as usize,
            Self::Group(fields) => width(fields),
        }
    }
}

/// Total width of fields in bits. A loop by index, because it runs at compile time.
const fn width(fields: &[Field]) -> usize {
    let (mut total, mut index) = (0, 0);
    while index < fields.len() {
        total += match fields[index] {
            Field::Bits(_, bits) | Field::Spare(bits) => bits as usize,
            Field::Group(_, inner) => width(inner),
        };
        index += 1;
    }
    total
}

/// Where an item does not fit the octets, counted from the start of the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Octets from the start of the item.
    pub at: usize,
    /// What is wrong there.
    pub reason: Reason,
}

impl Shape {
    /// Length in octets of the item that starts `octets`.
    ///
    /// # Errors
    /// [`Misfit`] when it does not end inside `octets` or cannot be of this shape.
    pub fn measure(&self, octets: &[u8]) -> Result<usize, Misfit> {
        match self {
            Self::Fixed(fixed) => fits(fixed.octets, octets),
            Self::Extended(parts) => measure_extended(parts, octets),
            Self::Repeated(fixed) => {
                let count = *octets.first().ok_or(cut_off(1, octets))?;
                fits(1 + usize::from(count) * fixed.octets, octets)
            }
            Self::Chained(part) => measure_chain(part.octets, 0, octets),
            Self::Explicit => match octets.first() {
                None => Err(cut_off(1, octets)),
                Some(0) => Err(Misfit { at: 0, reason: Reason::ExplicitZero }),
                Some(&length) => fits(usize::from(length), octets),
            },
            Self::Compound(subfields) => measure_compound(subfields, octets),
        }
    }
}

fn fits(needs: usize, octets: &[u8]) -> Result<usize, Misfit> {
    if needs <= octets.len() { Ok(needs) } else { Err(cut_off(needs, octets)) }
}

const fn cut_off(needs: usize, octets: &[u8]) -> Misfit {
    Misfit { at: 0, reason: Reason::ItemTruncated { needs, have: octets.len() } }
}

fn measure_extended(parts: &[Part], octets: &[u8]) -> Result<usize, Misfit> {
    let mut end = 0;
    for part in parts {
        end += part.octets;
        if !fx_at(end, octets)? {
            return Ok(end);
        }
    }
    measure_chain(1, end, octets)
}

/// End of a chain of `step` octets each that starts at `end`.
fn measure_chain(step: usize, mut end: usize, octets: &[u8]) -> Result<usize, Misfit> {
    loop {
        end += step;
        if !fx_at(end, octets)? {
            return Ok(end);
        }
    }
}

/// The FX bit of the part that ends before `end`.
fn fx_at(end: usize, octets: &[u8]) -> Result<bool, Misfit> {
    octets.get(end - 1).map(|octet| octet & 1 == 1).ok_or(cut_off(end, octets))
}

fn measure_compound(subfields: &'static [Option<Item>], octets: &[u8]) -> Result<usize, Misfit> {
    let (fspec, mut end) = Fspec::read(octets, subfields.len()).map_err(|reason| Misfit { at: 0, reason })?;
    for frn in fspec.frns() {
        let Some(Some(subfield)) = subfields.get(frn - 1) else {
            return Err(Misfit { at: 0, reason: Reason::UnusedFrn { frn } });
        };
        let length = subfield.shape.measure(&octets[end..]);
        end += length.map_err(|misfit| Misfit { at: end + misfit.at, ..misfit })?;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: Shape = Shape::Extended(&[part(&[Field::Bits("A", 7)]), part(&[Field::Bits("B", 15)])]);
    const COMPOUND: Shape = Shape::Compound(&[item("X", element(16)), UNUSED, item("RE", Shape::Explicit)]);

    fn truncated(needs: usize, have: usize) -> Result<usize, Misfit> {
        Err(Misfit { at: 0, reason: Reason::ItemTruncated { needs, have } })
    }

    #[test]
    fn every_shape_is_measured_by_its_own_octets() {
        assert_eq!(element(24).measure(&[0; 5]), Ok(3));
        assert_eq!(repeated(Content::Element(16)).measure(&[2, 0, 0, 0, 0, 9]), Ok(5));
        assert_eq!(repeated(Content::Element(16)).measure(&[0, 9]), Ok(1));
        assert_eq!(chained(Content::Element(7)).measure(&[1, 3, 2, 9]), Ok(3));
        assert_eq!(Shape::Explicit.measure(&[3, 1, 1, 9]), Ok(3));
        assert_eq!(COMPOUND.measure(&[0b1010_0000, 1, 2, 2, 7, 9]), Ok(5));
    }

    #[test]
    fn parts_of_a_later_edition_are_skipped_by_their_fx() {
        assert_eq!(PARTS.measure(&[0, 9]), Ok(1));
        assert_eq!(PARTS.measure(&[1, 0, 0, 9]), Ok(3));
        assert_eq!(PARTS.measure(&[1, 0, 1, 1, 0, 9]), Ok(5));
        assert_eq!(PARTS.measure(&[1, 0, 1, 1]), truncated(5, 4));
    }

    #[test]
    fn an_item_that_does_not_end_is_refused() {
        assert_eq!(element(24).measure(&[0; 2]), truncated(3, 2));
        assert_eq!(Shape::Explicit.measure(&[3, 0]), truncated(3, 2));
        assert_eq!(Shape::Explicit.measure(&[0]), Err(Misfit { at: 0, reason: Reason::ExplicitZero }));
        assert_eq!(COMPOUND.measure(&[0x40]), Err(Misfit { at: 0, reason: Reason::UnusedFrn { frn: 2 } }));
        assert_eq!(
            COMPOUND.measure(&[0x80, 1]),
            Err(Misfit { at: 1, reason: Reason::ItemTruncated { needs: 2, have: 1 } })
        );
    }

    #[test]
    fn no_table_names_an_item_twice() {
        for spec in CATALOGUE {
            for (frn, item) in named(spec.uap) {
                assert_eq!(spec.by_name(item.name).map(|found| found.0), Some(frn), "{}/{}", spec.category, item.name);
            }
        }
    }
}
