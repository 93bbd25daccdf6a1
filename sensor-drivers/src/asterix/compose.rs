//! Records from JSON by the names of the standard: the inverse of [`super::describe`].

use std::fmt;

use serde_json::{Map, Value};

use super::fspec::Fspec;
use super::spec::{CATALOGUE, Content, Field, Fixed, Item, Part, Shape, Spec, find, named};
use super::wire::seal_block;

/// What in a JSON record cannot be put on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeError {
    /// Where in the record: `020/ADSB/EP`.
    pub path: String,
    /// Why not.
    pub reason: ComposeReason,
}

/// Why a JSON record cannot be put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComposeReason {
    /// There is no table for the category.
    UnknownCategory,
    /// The table has no such name here.
    UnknownName,
    /// The group has this field, the JSON does not.
    Missing,
    /// An unsigned number was expected.
    NotANumber,
    /// An object was expected.
    NotAnObject,
    /// An array was expected.
    NotAnArray,
    /// Pairs of hexadecimal digits were expected.
    NotHex,
    /// The number needs more bits than there are.
    TooWide {
        /// Bits there are.
        bits: u8,
    },
    /// The list or the record is longer than its length field can tell.
    TooLong,
    /// A chained list must have an entry.
    Empty,
}

impl ComposeError {
    const fn new(reason: ComposeReason) -> Self {
        Self { path: String::new(), reason }
    }

    /// The same, seen from one level further out.
    fn inside(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { "/" };
        self.path.insert_str(0, &format!("{name}{separator}"));
        self
    }
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match self.reason {
            ComposeReason::UnknownCategory => f.write_str("no table for this category"),
            ComposeReason::UnknownName => f.write_str("no such name in the table"),
            ComposeReason::Missing => f.write_str("missing, a group needs all its fields"),
            ComposeReason::NotANumber => f.write_str("an unsigned number was expected"),
            ComposeReason::NotAnObject => f.write_str("an object was expected"),
            ComposeReason::NotAnArray => f.write_str("an array was expected"),
            ComposeReason::NotHex => f.write_str("pairs of hexadecimal digits were expected"),
            ComposeReason::TooWide { bits } => write!(f, "does not fit {bits} bits"),
            ComposeReason::TooLong => f.write_str("longer than its length field can tell"),
            ComposeReason::Empty => f.write_str("must have an entry"),
        }
    }
}

impl std::error::Error for ComposeError {}

type Composed = Result<(), ComposeError>;

/// A whole data block of this category from its records' items.
///
/// # Errors
/// As [`compose`]; also when the block exceeds 65,535 octets.
pub fn compose_block(category: u8, records: &[Value]) -> Result<Vec<u8>, ComposeError> {
    let unknown = ComposeError::new(ComposeReason::UnknownCategory);
    compose_block_by(find(CATALOGUE, category).ok_or(unknown)?, records)
}

/// The same by this table: an edition that is not the newest.
///
/// # Errors
/// As [`compose_block`].
pub fn compose_block_by(spec: &'static Spec, records: &[Value]) -> Result<Vec<u8>, ComposeError> {
    let mut out = vec![spec.category, 0, 0];
    for items in records {
        put_compound(spec.uap, items, &mut out)?;
    }
    seal_block(0, &mut out).map_err(|_| ComposeError::new(ComposeReason::TooLong))?;
    Ok(out)
}

/// One record from its items as [`super::describe()`] shows them: `{"040": {"RHO": 1, "THETA": 2}}`.
///
/// # Errors
/// [`ComposeError`] with the path to the first thing that the table does not have or has no room for.
pub fn compose(category: u8, items: &Value) -> Result<Vec<u8>, ComposeError> {
    let unknown = ComposeError::new(ComposeReason::UnknownCategory);
    let spec: &Spec = find(CATALOGUE, category).ok_or(unknown)?;
    let mut out = Vec::new();
    put_compound(spec.uap, items, &mut out)?;
    Ok(out)
}

fn put(shape: &Shape, value: &Value, out: &mut Vec<u8>) -> Composed {
    match shape {
        Shape::Fixed(Fixed { content, .. }) => put_content(*content, value, None, out),
        Shape::Extended(parts) => put_extended(parts, value, out),
        Shape::Repeated(fixed) => {
            let entries = array(value)?;
            out.push(u8::try_from(entries.len()).map_err(|_| ComposeError::new(ComposeReason::TooLong))?);
            entries.iter().try_for_each(|entry| put_content(fixed.content, entry, None, out))
        }
        Shape::Chained(part) => put_chain(part.content, array(value)?, out),
        Shape::Explicit => put_explicit(value, out),
        Shape::Compound(subfields) => put_compound(subfields, value, out),
    }
}

fn put_content(content: Content, value: &Value, fx: Option<bool>, out: &mut Vec<u8>) -> Composed {
    let mut bits = BitWriter { out, filled: 0 };
    match content {
        Content::Element(width) => bits.put(number(value, width)?, width),
        Content::Group(fields) => {
            let object = object(value)?;
            no_other_names(object, &|name| has_field(fields, name))?;
            put_fields(fields, object, &mut bits)?;
        }
    }
    if let Some(fx) = fx {
        bits.put(u64::from(fx), 1);
    }
    Ok(())
}

fn put_fields(fields: &[Field], object: &Map<String, Value>, bits: &mut BitWriter<'_>) -> Composed {
    for field in fields {
        match *field {
            Field::Spare(width) => bits.put(0, width),
            Field::Bits(name, width) => {
                let value = object.get(name).ok_or(missing(name))?;
                bits.put(number(value, width).map_err(|error| error.inside(name))?, width);
            }
            Field::Group(name, inner) => {
                let nested = self::object(object.get(name).ok_or(missing(name))?);
                let nested = nested.map_err(|error| error.inside(name))?;
                no_other_names(nested, &|name| has_field(inner, name)).map_err(|error| error.inside(name))?;
                put_fields(inner, nested, bits).map_err(|error| error.inside(name))?;
            }
        }
    }
    Ok(())
}

/// Parts up to the last one of which a field is named.
fn put_extended(parts: &[Part], value: &Value, out: &mut Vec<u8>) -> Composed {
    let object = object(value)?;
    let is_in = |part: &Part, name: &str| matches!(part.content, Content::Group(fields) if has_field(fields, name));
    no_other_names(object, &|name| parts.iter().any(|part| is_in(part, name)))?;
    let last = parts.iter().rposition(|part| object.keys().any(|name| is_in(part, name))).unwrap_or(0);
    for (index, part) in parts.iter().enumerate().take(last + 1) {
        if let Content::Group(fields) = part.content {
            let mut bits = BitWriter { out, filled: 0 };
            put_fields(fields, object, &mut bits)?;
            bits.put(u64::from(index < last), 1);
        }
    }
    Ok(())
}

fn put_chain(content: Content, entries: &[Value], out: &mut Vec<u8>) -> Composed {
    let (last, before) = entries.split_last().ok_or(ComposeError::new(ComposeReason::Empty))?;
    before.iter().try_for_each(|entry| put_content(content, entry, Some(true), out))?;
    put_content(content, last, Some(false), out)
}

fn put_explicit(value: &Value, out: &mut Vec<u8>) -> Composed {
    let contents = value.as_str().and_then(unhex).ok_or(ComposeError::new(ComposeReason::NotHex))?;
    out.push(u8::try_from(contents.len() + 1).map_err(|_| ComposeError::new(ComposeReason::TooLong))?);
    out.extend(contents);
    Ok(())
}

fn put_compound(subfields: &'static [Option<Item>], value: &Value, out: &mut Vec<u8>) -> Composed {
    let object = object(value)?;
    no_other_names(object, &|name| named(subfields).any(|(_, item)| item.name == name))?;
    let present = || named(subfields).filter_map(|(frn, item)| Some((frn, item, object.get(item.name)?)));
    present().fold(Fspec::default(), |fspec, (frn, ..)| fspec.with(frn)).write(out);
    for (_, item, value) in present() {
        put(&item.shape, value, out).map_err(|error| error.inside(item.name))?;
    }
    Ok(())
}

fn has_field(fields: &[Field], wanted: &str) -> bool {
    fields.iter().any(|field| match field {
        Field::Bits(name, _) | Field::Group(name, _) => *name == wanted,
        Field::Spare(_) => false,
    })
}

fn no_other_names(object: &Map<String, Value>, known: &dyn Fn(&str) -> bool) -> Composed {
    let stranger = object.keys().find(|name| !known(name));
    stranger.map_or(Ok(()), |name| Err(ComposeError::new(ComposeReason::UnknownName).inside(name)))
}

fn missing(name: &str) -> ComposeError {
    ComposeError::new(ComposeReason::Missing).inside(name)
}

fn object(value: &Value) -> Result<&Map<String, Value>, ComposeError> {
    value.as_object().ok_or(ComposeError::new(ComposeReason::NotAnObject))
}

fn array(value: &Value) -> Result<&[Value], ComposeError> {
    value.as_array().map(Vec::as_slice).ok_or(ComposeError::new(ComposeReason::NotAnArray))
}

fn number(value: &Value, bits: u8) -> Result<u64, ComposeError> {
    let number = value.as_u64().ok_or(ComposeError::new(ComposeReason::NotANumber))?;
    let fits = number <= u64::MAX >> (64 - u32::from(bits));
    fits.then_some(number).ok_or(ComposeError::new(ComposeReason::TooWide { bits }))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}

/// Puts numbers after one another, most significant bit first, and starts octets as needed.
struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    filled: usize,
}

impl BitWriter<'_> {
    fn put(&mut self, word: u64, width: u8) {
        for shift in (0..width).rev() {
            if self.filled.is_multiple_of(8) {
                self.out.push(0);
            }
            let bit = (word >> shift & 1).to_le_bytes()[0];
            let last = self.out.last_mut().expect("an octet was started");
            *last |= bit << (7 - self.filled % 8);
            self.filled += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cat034::ServiceMessage;
    use super::super::cat048::TargetReport;
    use super::super::samples::{self, DATAGRAM, Dice};
    use super::super::wire::{TypedRecord, write_block};
    use super::super::{Fault, blocks, describe, records};
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn shown(bytes: &[u8]) -> Vec<Value> {
        describe(bytes).map(|record| record.expect("sound")["items"].take()).collect()
    }

    /// Decodes a block into structs and encodes them again.
    fn retyped(block: &[u8]) -> Vec<u8> {
        fn again<R: TypedRecord + PartialEq>(block: &[u8]) -> Vec<u8> {
            let typed: Vec<R> = records(block, CATALOGUE).map(|r| R::of(&r.expect("sound")).expect("typed")).collect();
            let mut out = Vec::new();
            write_block(&typed, &mut out).expect("fits");
            let back: Vec<R> = records(&out, CATALOGUE).map(|r| R::of(&r.expect("sound")).expect("typed")).collect();
            assert!(typed == back, "decode(encode(x)) == x");
            out
        }
        match block[0] {
            48 => again::<TargetReport>(block),
            34 => again::<ServiceMessage>(block),
            // The structs of the others hold what is wanted of their items, not all of it.
            _ => block.to_vec(),
        }
    }

    #[test]
    fn a_datagram_is_shown_by_the_names_of_the_standard() {
        let records = shown(DATAGRAM);
        assert_eq!(records[0]["040"], json!({ "RHO": 0xC2D3, "THETA": 0x5B90 }));
        assert_eq!(records[0]["250"][1], json!({ "MBDATA": 0x0008_090A_0B0C_0D0E_u64, "BDS1": 5, "BDS2": 0 }));
        assert_eq!(records[0]["020"], json!({ "TYP": 5, "SIM": 0, "RDP": 0, "SPI": 0, "RAB": 0 }));
        assert_eq!(records[1], json!({ "010": { "SAC": 0x19, "SIC": 13 }, "000": 2, "030": 0x35_6E10, "020": 96 }));
    }

    #[test]
    fn what_the_table_lacks_is_refused_with_its_path() {
        let refuse = |items: Value| compose(48, &items).expect_err("refused").to_string();
        assert_eq!(refuse(json!({ "041": 1 })), "041: no such name in the table");
        assert_eq!(refuse(json!({ "040": { "RHO": 1 } })), "040/THETA: missing, a group needs all its fields");
        assert_eq!(refuse(json!({ "040": { "RHO": 65_536, "THETA": 0 } })), "040/RHO: does not fit 16 bits");
        assert_eq!(
            refuse(json!({ "120": { "CAL": { "D": 0, "CAL": -1 } } })),
            "120/CAL/CAL: an unsigned number was expected"
        );
        assert_eq!(refuse(json!({ "030": [] })), "030: must have an entry");
        assert_eq!(refuse(json!({ "250": vec![json!({}); 256] })), "250: longer than its length field can tell");
        assert_eq!(refuse(json!({ "SP": "0" })), "SP: pairs of hexadecimal digits were expected");
        assert_eq!(compose(1, &json!({})).expect_err("refused").reason, ComposeReason::UnknownCategory);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn all_that_the_tables_allow_survives_both_ways(seed in any::<u64>()) {
            let mut dice = Dice(seed);
            for spec in CATALOGUE {
                let items: Vec<_> = (0..4).map(|_| samples::record(spec, &mut dice)).collect();
                let block = compose_block(spec.category, &items).expect("generated by the table");
                prop_assert_eq!(&shown(&block), &items);
                prop_assert_eq!(compose_block(spec.category, &shown(&block)).expect("shown"), block.clone());
                prop_assert_eq!(retyped(&block), block);
            }
        }

        #[test]
        fn truncation_anywhere_keeps_the_records_before(seed in any::<u64>()) {
            let mut dice = Dice(seed);
            for spec in CATALOGUE {
                let items: Vec<_> = (0..3).map(|_| samples::record(spec, &mut dice)).collect();
                let block = compose_block(spec.category, &items).expect("generated by the table");
                for end in 0..block.len() {
                    let mut cut = block[..end].to_vec();
                    let faults: Vec<Fault> = describe(&cut).filter_map(Result::err).collect();
                    prop_assert!(faults.len() == usize::from(end > 0), "the block header tells");
                    if end >= 3 {
                        cut[1..3].copy_from_slice(&u16::try_from(end).expect("short").to_be_bytes());
                        let kept = describe(&cut).map_while(Result::ok).map(|mut record| record["items"].take());
                        let kept: Vec<_> = kept.collect();
                        prop_assert!(items.starts_with(&kept));
                        for fault in describe(&cut).filter_map(Result::err) {
                            prop_assert!(fault.offset <= end && fault.category == Some(spec.category));
                        }
                    }
                }
            }
        }

        #[test]
        fn noise_is_refused_or_read_but_never_a_panic(
            mut bytes in prop::collection::vec(any::<u8>(), 3..600), spec in prop::sample::select(CATALOGUE),
        ) {
            let length = u16::try_from(bytes.len()).expect("short");
            let category = spec.category;
            bytes[0] = category;
            bytes[1..3].copy_from_slice(&length.to_be_bytes());
            for record in records(&bytes, CATALOGUE) {
                match record {
                    Ok(record) if category == 48 => prop_assert!(TargetReport::of(&record).is_some()),
                    Ok(record) if category == 34 => prop_assert!(ServiceMessage::of(&record).is_some()),
                    Ok(_) => {}
                    Err(fault) => prop_assert!(fault.offset <= bytes.len()),
                }
            }
            prop_assert!(describe(&bytes).count() < bytes.len());
        }
    }

    #[test]
    fn a_megabyte_in_one_datagram_is_walked_to_its_end() {
        let copies = 1_048_576 / DATAGRAM.len();
        assert_eq!(records(&DATAGRAM.repeat(copies), CATALOGUE).filter(Result::is_ok).count(), 2 * copies);
        assert_eq!(blocks(&vec![0xFF; 1_048_576]).filter(Result::is_ok).count(), 16);
        assert_eq!(describe(&vec![0; 1_048_576]).count(), 1);
    }
}
