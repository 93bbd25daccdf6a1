//! Numbers out of the octets of items and into them, for categories of which the tables say how items lie and only some
//! items are wanted.
//!
//! Reading never fails: the tables have measured every item before, and what is not there reads as zero. Writing
//! rounds to the nearest step and refuses what the octets have no room for.

use fusion_core::maths::round;

use super::fspec::Fspec;
use super::record::Record;
use super::spec::Shape;
use super::wire::{Unencodable, put};

/// The octets `from..from + length` of an item.
pub(super) fn part(octets: &[u8], from: usize, length: usize) -> &[u8] {
    octets.get(from..from + length).unwrap_or_default()
}

/// The number that at most four octets are.
pub(super) fn unsigned(octets: &[u8]) -> u32 {
    octets.iter().take(4).fold(0, |word, &octet| word << 8 | u32::from(octet))
}

/// The number in two's complement that one to four octets are.
pub(super) fn signed(octets: &[u8]) -> i32 {
    let spare = 32 - 8 * octets.len().clamp(1, 4);
    (unsigned(octets) << spare).cast_signed() >> spare
}

/// An unsigned quantity in steps.
pub(super) fn quantity(octets: &[u8], step: f64) -> f64 {
    f64::from(unsigned(octets)) * step
}

/// A signed quantity in steps.
pub(super) fn signed_quantity(octets: &[u8], step: f64) -> f64 {
    f64::from(signed(octets)) * step
}

/// The subfields that are present in a compound item of a record, with their numbers from 1; none if the item is absent
/// or of another shape.
pub(super) fn subfields<'a>(record: &Record<'a>, frn: usize) -> impl Iterator<Item = (usize, &'a [u8])> {
    let table = match record.spec.item(frn).map(|item| item.shape) {
        Some(Shape::Compound(table)) => table,
        _ => &[],
    };
    let octets = record.item(frn).unwrap_or_default();
    let (fspec, mut at) = Fspec::read(octets, table.len()).unwrap_or_default();
    fspec.frns().map_while(move |number| {
        let rest = octets.get(at..)?;
        let length = table.get(number - 1)?.as_ref()?.shape.measure(rest).ok()?;
        at += length;
        rest.get(..length).map(|subfield| (number, subfield))
    })
}

/// The step count nearest to a value, in two's complement or not, as wide as the octets.
///
/// # Errors
/// [`Unencodable`] with the field's name when the value is not finite or the octets have no room for it.
#[expect(clippy::cast_possible_truncation, reason = "a whole number within the bits, at most 32, fits")]
fn steps(value: f64, step: f64, low: i64, high: i64, field: &'static str) -> Result<i64, Unencodable> {
    let count = round(value / step);
    // Both bounds are below 2³² and so exact.
    let within = count >= f64_of(low) && count <= f64_of(high);
    if within { Ok(count as i64) } else { Err(Unencodable::field(field)) }
}

#[expect(clippy::cast_precision_loss, reason = "below 2³³")]
const fn f64_of(whole: i64) -> f64 {
    whole as f64
}

/// Appends a quantity as `N` octets (at most 4) without a sign.
pub(super) fn put_quantity<const N: usize>(
    value: f64,
    step: f64,
    field: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), Unencodable> {
    let count = steps(value, step, 0, (1 << (8 * N)) - 1, field)?;
    put::<N>(count.cast_unsigned(), out);
    Ok(())
}

/// Appends a quantity as `N` octets (at most 4) in two's complement.
pub(super) fn put_signed<const N: usize>(
    value: f64,
    step: f64,
    field: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), Unencodable> {
    let half = 1_i64 << (8 * N - 1);
    let count = steps(value, step, -half, half - 1, field)?;
    put::<N>(count.cast_unsigned(), out);
    Ok(())
}

/// A correlation in 1/128, which octets hold up to 127/128.
pub(super) const CORRELATION_STEP: f64 = 1.0 / 128.0;

/// Appends a correlation as one octet; ±1 becomes the nearest that there is room for.
pub(super) fn put_correlation(value: f64, field: &'static str, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    put_signed::<1>(value.clamp(-1.0, 127.0 / 128.0), CORRELATION_STEP, field, out)
}

/// What starts with a field specification, as it is being written: items in ascending order.
#[derive(Debug, Default)]
pub(super) struct Composer {
    fspec: Fspec,
    body: Vec<u8>,
}

impl Composer {
    /// Writes an item if its value is there.
    pub(super) fn item<T>(
        &mut self,
        frn: usize,
        name: &'static str,
        value: Option<T>,
        write: impl FnOnce(T, &mut Vec<u8>) -> Result<(), Unencodable>,
    ) -> Result<(), Unencodable> {
        let Some(value) = value else { return Ok(()) };
        self.fspec = self.fspec.with(frn);
        write(value, &mut self.body).map_err(|error| if error.item.is_empty() { error.in_item(name) } else { error })
    }

    /// Appends the whole.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        self.fspec.write(out);
        out.extend(self.body);
    }

    /// The whole if anything was written, for an item of a record.
    pub(super) fn some(self) -> Option<Self> {
        (self.fspec != Fspec::default()).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_come_from_the_top_bit_of_what_is_there() {
        assert_eq!((signed(&[0xFF]), signed(&[0x80, 0, 0]), signed(&[0, 0xFF]), signed(&[])), (-1, -8_388_608, 255, 0));
        assert_eq!((unsigned(&[0xFF, 0xFF, 0xFF, 0xFF]), signed(&[0xFF; 4])), (u32::MAX, -1));
    }

    #[test]
    fn what_there_is_no_room_for_is_refused_by_name() {
        let mut out = Vec::new();
        put_signed::<1>(-12.8, 0.1, "speed", &mut out).expect("the lowest");
        put_quantity::<2>(6553.5, 0.1, "range", &mut out).expect("the highest");
        assert_eq!(out, [0x80, 0xFF, 0xFF]);
        assert_eq!(put_signed::<1>(12.8, 0.1, "speed", &mut out), Err(Unencodable::field("speed")));
        assert_eq!(put_quantity::<2>(-0.1, 0.1, "range", &mut out), Err(Unencodable::field("range")));
        assert_eq!(put_quantity::<2>(f64::NAN, 0.1, "range", &mut out), Err(Unencodable::field("range")));
        assert_eq!(out.len(), 3);
    }

    #[test]
    fn a_full_correlation_is_written_as_nearly_full() {
        let mut out = Vec::new();
        put_correlation(1.0, "correlation", &mut out).expect("clamped");
        put_correlation(-1.0, "correlation", &mut out).expect("exact");
        assert_eq!(out, [0x7F, 0x80]);
    }
}
