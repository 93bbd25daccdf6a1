//! Records as JSON by the names of the standard: for tools, and for comparison with other implementations.
//!
//! A record is `{"category": 48, "offset": 3, "items": {"040": {"RHO": 25665, "THETA": 61920}, …}}`. Inside an item:
//! an element is its bits as an unsigned number, whatever it means; a group and a compound item are objects by
//! mnemonic; an extended item is one object over all parts that are present; a list is an array; RE and SP are their
//! contents in hexadecimal. Spare bits and parts of later editions are not shown.

use serde_json::{Map, Value};

use super::fault::Fault;
use super::fspec::Fspec;
use super::record::{Record, records};
use super::spec::{CATALOGUE, Catalogue, Content, Field, Item, Part, Shape, named};

/// Every record of a datagram as JSON; what cannot be read comes as its fault, in place.
pub fn describe(bytes: &[u8]) -> impl Iterator<Item = Result<Value, Fault>> {
    describe_by(CATALOGUE, bytes)
}

/// The same by these tables: editions that are not the newest.
pub fn describe_by(catalogue: Catalogue, bytes: &[u8]) -> impl Iterator<Item = Result<Value, Fault>> {
    records(bytes, catalogue).map(|record| record.map(|record| record_value(&record)))
}

fn record_value(record: &Record<'_>) -> Value {
    let items = record.items().map(|(item, octets)| (item.name.to_owned(), show(&item.shape, octets)));
    let items: Map<_, _> = items.collect();
    serde_json::json!({ "category": record.spec.category, "offset": record.offset, "items": items })
}

/// The value of an item whose octets were measured by the same shape.
fn show(shape: &Shape, octets: &[u8]) -> Value {
    match shape {
        Shape::Fixed(fixed) => show_content(fixed.content, octets),
        Shape::Extended(parts) => show_extended(parts, octets),
        Shape::Repeated(fixed) => {
            let entries = octets.get(1..).unwrap_or_default().chunks_exact(fixed.octets);
            entries.map(|entry| show_content(fixed.content, entry)).collect()
        }
        Shape::Chained(part) => {
            octets.chunks_exact(part.octets).map(|entry| show_content(part.content, entry)).collect()
        }
        Shape::Explicit => Value::String(hex(octets.get(1..).unwrap_or_default())),
        Shape::Compound(subfields) => show_compound(subfields, octets),
    }
}

fn show_content(content: Content, octets: &[u8]) -> Value {
    let mut bits = BitReader { octets, at: 0 };
    match content {
        Content::Element(width) => bits.take(width).into(),
        Content::Group(fields) => {
            let mut shown = Map::new();
            show_fields(fields, &mut bits, &mut shown);
            Value::Object(shown)
        }
    }
}

fn show_fields(fields: &[Field], bits: &mut BitReader<'_>, shown: &mut Map<String, Value>) {
    for field in fields {
        match *field {
            Field::Spare(width) => bits.at += usize::from(width),
            Field::Bits(name, width) => {
                shown.insert(name.to_owned(), bits.take(width).into());
            }
            Field::Group(name, inner) => {
                let mut nested = Map::new();
                show_fields(inner, bits, &mut nested);
                shown.insert(name.to_owned(), Value::Object(nested));
            }
        }
    }
}

fn show_extended(parts: &[Part], mut octets: &[u8]) -> Value {
    let mut shown = Map::new();
    for part in parts {
        let Some((head, rest)) = octets.split_at_checked(part.octets) else { break };
        if let Content::Group(fields) = part.content {
            show_fields(fields, &mut BitReader { octets: head, at: 0 }, &mut shown);
        }
        octets = rest;
    }
    Value::Object(shown)
}

fn show_compound(subfields: &'static [Option<Item>], octets: &[u8]) -> Value {
    let mut shown = Map::new();
    let (fspec, mut at) = Fspec::read(octets, subfields.len()).unwrap_or_default();
    for (_, subfield) in named(subfields).filter(|&(frn, _)| fspec.has(frn)) {
        let rest = octets.get(at..).unwrap_or_default();
        let length = subfield.shape.measure(rest).unwrap_or_default();
        shown.insert(subfield.name.to_owned(), show(&subfield.shape, &rest[..length]));
        at += length;
    }
    Value::Object(shown)
}

/// Takes numbers off octets bit by bit; beyond the end come zeros.
struct BitReader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    fn take(&mut self, width: u8) -> u64 {
        (0..width).fold(0, |word, _| word << 1 | self.bit())
    }

    fn bit(&mut self) -> u64 {
        let octet = self.octets.get(self.at / 8).copied().unwrap_or_default();
        let bit = octet >> (7 - self.at % 8) & 1;
        self.at += 1;
        u64::from(bit)
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
