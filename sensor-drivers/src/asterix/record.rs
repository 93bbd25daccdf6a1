//! A record: which items are present and where each one lies, found without knowing what any of them means.

use super::block::{Blocks, blocks};
use super::fault::{Fault, Reason};
use super::fspec::Fspec;
use super::spec::{Catalogue, FRNS, Item, Misfit, Spec, find};

/// A view of one record: nothing is copied out of the datagram.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The table it was read by.
    pub spec: &'static Spec,
    /// Octet of the datagram at which its field specification starts.
    pub offset: usize,
    /// All its octets, field specification included.
    pub octets: &'a [u8],
    present: Fspec,
    /// Start and end of each item that is present, from the start of the record, by field reference number less one.
    places: [(u16, u16); FRNS],
}

impl<'a> Record<'a> {
    /// Reads the record that starts `octets`, which lie at `offset` in the datagram.
    fn read(spec: &'static Spec, octets: &'a [u8], offset: usize) -> Result<Self, Fault> {
        let fault = |at, item, reason| Fault { offset: offset + at, category: Some(spec.category), item, reason };
        let (present, mut end) = Fspec::read(octets, spec.uap.len()).map_err(|reason| fault(0, None, reason))?;
        let mut places = [(0, 0); FRNS];
        for frn in present.frns() {
            let item = spec.item(frn).ok_or(fault(0, None, Reason::UnusedFrn { frn }))?;
            let measured = item.shape.measure(octets.get(end..).unwrap_or_default());
            let length = measured.map_err(|Misfit { at, reason }| fault(end + at, Some(item.name), reason))?;
            places[frn - 1] = (short(end), short(end + length));
            end += length;
        }
        Ok(Self { spec, offset, octets: octets.get(..end).unwrap_or_default(), present, places })
    }

    /// Octets of the item with this field reference number (from 1), if present.
    #[must_use]
    pub fn item(&self, frn: usize) -> Option<&'a [u8]> {
        let &(start, end) = self.places.get(frn.checked_sub(1)?)?;
        if end == 0 { None } else { self.octets.get(usize::from(start)..usize::from(end)) }
    }

    /// Octets of the item of this name, if present.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&'a [u8]> {
        self.item(self.spec.by_name(name)?.0)
    }

    /// The items that are present, with their octets, in wire order.
    pub fn items(&self) -> impl Iterator<Item = (&'static Item, &'a [u8])> {
        self.present.frns().filter_map(|frn| Some((self.spec.item(frn)?, self.item(frn)?)))
    }
}

/// A place inside a block, whose length is a 16-bit number.
fn short(place: usize) -> u16 {
    u16::try_from(place).expect("a block is at most 65,535 octets")
}

/// Iterator over the records of one block; ends after the first fault, because nothing marks where the next one starts.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    spec: &'static Spec,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Records<'a> {
    /// Records by this table in the body of a block that lies at `offset` in the datagram. No block is longer than
    /// 65,535 octets; what is beyond is not looked at.
    pub(super) fn new(spec: &'static Spec, body: &'a [u8], offset: usize) -> Self {
        let rest = &body[..body.len().min(usize::from(u16::MAX))];
        Self { spec, rest, offset }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = Record::read(self.spec, self.rest, self.offset);
        let length = record.as_ref().map_or(self.rest.len(), |record| record.octets.len());
        self.rest = &self.rest[length..];
        self.offset += length;
        Some(record)
    }
}

/// All records of all blocks of a datagram. A block that goes wrong loses its records from there on; one without a
/// table in the catalogue is a fault of its own; either way the next block is read.
pub fn records(bytes: &[u8], catalogue: Catalogue) -> impl Iterator<Item = Result<Record<'_>, Fault>> {
    Walk { catalogue, blocks: blocks(bytes), records: None }
}

struct Walk<'a> {
    catalogue: Catalogue,
    blocks: Blocks<'a>,
    records: Option<Records<'a>>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Record<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.records.as_mut().and_then(Iterator::next) {
                return Some(record);
            }
            let block = match self.blocks.next()? {
                Ok(block) => block,
                Err(fault) => return Some(Err(fault)),
            };
            let Some(spec) = find(self.catalogue, block.category) else {
                let (offset, category) = (block.offset, Some(block.category));
                return Some(Err(Fault { offset, category, item: None, reason: Reason::UnknownCategory }));
            };
            self.records = Some(block.records(spec));
        }
    }
}
