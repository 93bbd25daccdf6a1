//! Records for tests: made from the tables by a seed, so that they cover every item and every element.

use serde_json::{Map, Value};

use super::spec::{Content, Field, Item, Shape, Spec, named};

/// A target report and a sector crossing as radars send them (hand-made): CAT048 with two BDS registers, CAT034.
pub(super) const DATAGRAM: &[u8] = &[
    48, 0, 56, 0xFF, 0xF6, // FRN 1 to 7, FX; 8 to 11, 13, 14
    0x19, 0x0D, // 010
    0x35, 0x6D, 0xEE, // 140
    0xA0, // 020 roll-call
    0xC2, 0xD3, 0x5B, 0x90, // 040
    0x04, 0xC3, // 070
    0x05, 0xA0, // 090 FL 360
    0xE0, 0x56, 0x0B, 0xB8, // 130 SRL, SRR, SAM
    0x4B, 0xAA, 0x11, // 220
    0x24, 0x21, 0x73, 0xD0, 0x10, 0xA0, // 240 IBE34AB
    2, 1, 2, 3, 4, 5, 6, 7, 0x40, 8, 9, 10, 11, 12, 13, 14, 0x50, // 250
    0x00, 0x2A, // 161
    0x07, 0x00, 0x80, 0x00, // 200
    0x40, // 170
    34, 0, 11, 0xF0, 0x19, 0x0D, 2, 0x35, 0x6E, 0x10, 96, // 010 000 030 020
];

/// A small generator with a fixed sequence (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).expect("below a usize")
    }
}

/// The items of one record: each present with probability a half.
pub(super) fn record(spec: &'static Spec, dice: &mut Dice) -> Value {
    compound(spec.uap, dice)
}

fn compound(table: &'static [Option<Item>], dice: &mut Dice) -> Value {
    let mut items = Map::new();
    for (_, item) in named(table) {
        if dice.below(2) == 0 {
            items.insert(item.name.to_owned(), value(&item.shape, dice));
        }
    }
    Value::Object(items)
}

fn value(shape: &Shape, dice: &mut Dice) -> Value {
    match shape {
        Shape::Fixed(fixed) => content(fixed.content, dice),
        Shape::Extended(parts) => {
            let mut object = Map::new();
            for part in &parts[..=dice.below(parts.len())] {
                if let Value::Object(fields) = content(part.content, dice) {
                    object.extend(fields);
                }
            }
            Value::Object(object)
        }
        Shape::Repeated(fixed) => (0..dice.below(5)).map(|_| content(fixed.content, dice)).collect(),
        Shape::Chained(part) => (0..=dice.below(4)).map(|_| content(part.content, dice)).collect(),
        Shape::Explicit => (0..dice.below(9)).map(|_| format!("{:02x}", dice.below(256))).collect::<String>().into(),
        Shape::Compound(table) => compound(table, dice),
    }
}

fn content(content: Content, dice: &mut Dice) -> Value {
    match content {
        Content::Element(bits) => number(bits, dice),
        Content::Group(fields) => fields_of(fields, dice),
    }
}

fn fields_of(fields: &[Field], dice: &mut Dice) -> Value {
    let mut object = Map::new();
    for field in fields {
        match *field {
            Field::Bits(name, bits) => object.insert(name.to_owned(), number(bits, dice)),
            Field::Group(name, inner) => object.insert(name.to_owned(), fields_of(inner, dice)),
            Field::Spare(_) => None,
        };
    }
    Value::Object(object)
}

/// Zero, all ones, or anything between.
fn number(bits: u8, dice: &mut Dice) -> Value {
    let mask = u64::MAX >> (64 - u32::from(bits));
    match dice.below(4) {
        0 => 0,
        1 => mask,
        _ => dice.roll() & mask,
    }
    .into()
}
