//! What a message may hold, must hold, and in which form: the 121 rules of BSI Flex 335 v2.0, as tables, and the walk
//! that compares a message with them.
//!
//! One pass over the octets where they lie. A message is taken as a whole or refused as a whole, with the field and its
//! offset. Fields that this edition does not know are passed over: a later one may add some. Two values in a field
//! that holds one are refused; protobuf would merge them, and no encoder writes them.

pub(super) mod common;
pub(super) mod envelope;
pub(super) mod registration;
pub(super) mod report;
pub(super) mod task;

use super::FORMAT;
use super::ident::{Ulid, Uuid};
use crate::error::{DecodeError, Reason};
use crate::protobuf::{Part, Parts, Value, varint};

/// Messages within messages at the most: classes may have sub-classes without end.
///
/// Counter: `refused`.
pub const DEPTH_MAX: usize = 64;

/// Seconds since the Unix epoch, to the year 2255: what 64 bits of nanoseconds hold, with room.
const SECONDS: core::ops::Range<i64> = 0..9_000_000_000;

/// What a message is made of.
pub(super) struct Schema {
    /// Its fields, by rising number.
    pub fields: &'static [Field],
    /// Its choices, of which at most one field each is there: the name, and whether one must be.
    pub choices: &'static [(&'static str, bool)],
}

/// A field.
pub(super) struct Field {
    number: u32,
    name: &'static str,
    kind: Kind,
    must: bool,
    many: bool,
    choice: Option<usize>,
}

/// What a field holds.
pub(super) enum Kind {
    Double,
    Float,
    Int,
    Bool,
    Bytes,
    /// Text of any length, if it be none.
    Text,
    /// Text that is absent when it is empty.
    Word,
    Ulid,
    Uuid,
    Time,
    Enum(Numbers),
    Message(&'static Schema),
}

/// The numbers of an enumeration, all below 32: one bit each.
#[derive(Clone, Copy)]
pub(super) struct Numbers(u32);

impl Numbers {
    pub(super) const fn up_to(last: u32) -> Self {
        Self(u32::MAX >> (31 - last))
    }

    pub(super) const fn these(numbers: &[u32]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < numbers.len() {
            bits |= 1 << numbers[at];
            at += 1;
        }
        Self(bits)
    }

    fn hold(self, number: u64) -> bool {
        number < 32 && self.0 >> number & 1 == 1
    }
}

const fn field(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, must: false, many: false, choice: None }
}

/// A field that may be there.
pub(super) const fn may(number: u32, name: &'static str, kind: Kind) -> Field {
    field(number, name, kind)
}

/// A field that must be there.
pub(super) const fn must(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { must: true, ..field(number, name, kind) }
}

/// Any number of values.
pub(super) const fn any(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { many: true, ..field(number, name, kind) }
}

/// One value at least.
pub(super) const fn some(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { must: true, many: true, ..field(number, name, kind) }
}

/// One of the fields of a choice.
pub(super) const fn one(number: u32, name: &'static str, kind: Kind, choice: usize) -> Field {
    Field { choice: Some(choice), ..field(number, name, kind) }
}

/// Compares a whole message with the tables; the number of fields that they do not know.
///
/// # Errors
/// The first fault, with its field and offset.
pub(super) fn check(message: &[u8]) -> Result<u64, DecodeError> {
    let mut walk = Walk { unknown: 0 };
    walk.message(&envelope::SAPIENT_MESSAGE, "SapientMessage", message, 0, DEPTH_MAX)?;
    Ok(walk.unknown)
}

struct Walk {
    unknown: u64,
}

impl Walk {
    /// `at` is where the message begins in the whole, `depth` how many more it may hold within each other.
    fn message(
        &mut self,
        schema: &Schema,
        name: &'static str,
        message: &[u8],
        at: usize,
        depth: usize,
    ) -> Result<(), DecodeError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(fault(at, name, Reason::TooLarge { bound: DEPTH_MAX }));
        };
        let mut seen = Seen::default();
        for part in Parts::of(message) {
            let part = part.map_err(|(begin, reason)| fault(at + begin, name, reason))?;
            let Some(field) = schema.fields.iter().find(|field| field.number == part.number) else {
                self.unknown += 1;
                continue;
            };
            seen.note(schema, field).map_err(|reason| fault(at + part.at, field.name, reason))?;
            self.value(field, part, at, depth)?;
        }
        seen.complete(schema).map_err(|name| fault(at, name, Reason::Missing))
    }

    fn value(&mut self, field: &Field, part: Part<'_>, at: usize, depth: usize) -> Result<(), DecodeError> {
        let begin = at + part.at;
        if let (Kind::Message(schema), Value::Octets(octets)) = (&field.kind, part.value) {
            return self.message(schema, field.name, octets, begin, depth);
        }
        let reason = match (&field.kind, part.value) {
            (Kind::Double, Value::Eight(_)) | (Kind::Float, Value::Four(_)) => finite(part.value),
            (Kind::Int | Kind::Bool, Value::Varint(_)) | (Kind::Bytes, Value::Octets(_)) => Ok(()),
            (Kind::Enum(numbers), Value::Varint(number)) => known(*numbers, number, field.must),
            (Kind::Enum(numbers), Value::Octets(packed)) if field.many => all_known(*numbers, packed, field.must),
            (Kind::Text, Value::Octets(text)) => readable(text),
            (Kind::Word, Value::Octets(text)) if !text.is_empty() => readable(text),
            (Kind::Word, Value::Octets(_)) => Err(Reason::Missing),
            (Kind::Ulid, Value::Octets(text)) => identifier(text, field.must, Ulid::parse(text).is_some()),
            (Kind::Uuid, Value::Octets(text)) => identifier(text, field.must, Uuid::parse(text).is_some()),
            (Kind::Time, Value::Octets(octets)) => time(octets),
            _ => Err(Reason::NotThisFormat),
        };
        reason.map_err(|reason| fault(begin, field.name, reason))
    }
}

/// Which fields and choices of a message have been met.
#[derive(Default)]
struct Seen {
    fields: u32,
    choices: u32,
}

impl Seen {
    fn note(&mut self, schema: &Schema, field: &Field) -> Result<(), Reason> {
        let bit = 1 << field.number;
        if self.fields & bit != 0 && !field.many {
            return Err(Reason::Repeated);
        }
        self.fields |= bit;
        let Some(choice) = field.choice else { return Ok(()) };
        if self.choices & 1 << choice != 0 {
            return Err(Reason::Contradicts { other: schema.choices[choice].0 });
        }
        self.choices |= 1 << choice;
        Ok(())
    }

    /// Whether all is there that must be; else what is not.
    fn complete(&self, schema: &Schema) -> Result<(), &'static str> {
        let field = schema.fields.iter().find(|field| field.must && self.fields & 1 << field.number == 0);
        if let Some(field) = field {
            return Err(field.name);
        }
        let mut choices = schema.choices.iter().enumerate();
        let choice = choices.find(|(choice, (_, must))| *must && self.choices & 1 << choice == 0);
        choice.map_or(Ok(()), |(_, (name, _))| Err(name))
    }
}

fn fault(offset: usize, field: &'static str, reason: Reason) -> DecodeError {
    DecodeError { format: FORMAT, offset, field, reason }
}

fn finite(value: Value<'_>) -> Result<(), Reason> {
    value.real().filter(|real| real.is_finite()).map(|_| ()).ok_or(Reason::OutOfRange)
}

/// Zero is "unspecified" in every enumeration: as good as nothing.
fn known(numbers: Numbers, number: u64, must: bool) -> Result<(), Reason> {
    match number {
        0 if must => Err(Reason::Missing),
        _ if numbers.hold(number) => Ok(()),
        _ => Err(Reason::Unsupported { kind: u32::try_from(number).unwrap_or(u32::MAX) }),
    }
}

fn all_known(numbers: Numbers, mut packed: &[u8], must: bool) -> Result<(), Reason> {
    if packed.is_empty() && must {
        return Err(Reason::Missing);
    }
    while !packed.is_empty() {
        let (number, length) = varint(packed)?;
        known(numbers, number, must)?;
        packed = &packed[length..];
    }
    Ok(())
}

fn readable(text: &[u8]) -> Result<(), Reason> {
    core::str::from_utf8(text).map(|_| ()).map_err(|_| Reason::BadText)
}

/// An identifier that need not be there may be empty: some senders leave it so.
fn identifier(text: &[u8], must: bool, sound: bool) -> Result<(), Reason> {
    if sound || text.is_empty() && !must { Ok(()) } else { Err(Reason::BadText) }
}

fn time(octets: &[u8]) -> Result<(), Reason> {
    for part in Parts::of(octets) {
        let part = part.map_err(|(_, reason)| reason)?;
        let within = match (part.number, part.value.integer()) {
            (1, Some(seconds)) => SECONDS.contains(&seconds),
            (2, Some(nanos)) => (0..1_000_000_000).contains(&nanos),
            (1 | 2, None) => return Err(Reason::NotThisFormat),
            _ => true,
        };
        if !within {
            return Err(Reason::OutOfRange);
        }
    }
    Ok(())
}
