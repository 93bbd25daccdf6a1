//! The bits of an AIS message, from the six-bit characters of a sentence and back (ITU-R M.1371-5; IEC 61162-1 §8).

/// Bits of the longest message: five slots of transmission.
///
/// Counter: `refused_payload`.
pub const MESSAGE_BITS_MAX: usize = 1_064;

const OCTETS: usize = MESSAGE_BITS_MAX.div_ceil(8);

/// A message as it was transmitted, bit by bit, the most significant first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    octets: [u8; OCTETS],
    length: usize,
}

/// Why a payload is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBits {
    /// A character that stands for no six bits, at this place.
    Character(usize),
    /// More bits than any message has.
    TooLong,
}

impl Bits {
    /// No bits yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: [0; OCTETS], length: 0 }
    }

    /// How many bits there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends what characters of a sentence stand for, less the bits that only fill up the last one.
    ///
    /// # Errors
    /// [`NotBits`]; what was there before is then of no use.
    pub fn extend(&mut self, characters: &[u8], fill: usize) -> Result<(), NotBits> {
        for (place, &character) in characters.iter().enumerate() {
            let six = dearmoured(character).ok_or(NotBits::Character(place))?;
            self.push(u32::from(six), 6).ok_or(NotBits::TooLong)?;
        }
        self.length = self.length.saturating_sub(fill);
        Ok(())
    }

    /// Appends the lowest bits of a number; `None` if there is no room.
    pub fn push(&mut self, value: u32, width: usize) -> Option<()> {
        if self.length + width > MESSAGE_BITS_MAX {
            return None;
        }
        for bit in (0..width).rev() {
            let (octet, place) = (self.length / 8, 7 - self.length % 8);
            let one = u8::from(value >> bit & 1 == 1);
            self.octets[octet] = self.octets[octet] & !(1 << place) | one << place;
            self.length += 1;
        }
        Some(())
    }

    /// An unsigned number of at most 32 bits; `None` if the message ends before it does.
    #[must_use]
    pub fn unsigned(&self, from: usize, width: usize) -> Option<u32> {
        if from + width > self.length {
            return None;
        }
        let (first, last) = (from / 8, (from + width).div_ceil(8));
        let window = self.octets[first..last].iter().fold(0_u64, |window, &octet| window << 8 | u64::from(octet));
        let below = last * 8 - from - width;
        u32::try_from(window >> below & ((1 << width) - 1)).ok()
    }

    /// A number in two's complement.
    #[must_use]
    pub fn signed(&self, from: usize, width: usize) -> Option<i32> {
        let unused = 32 - width;
        self.unsigned(from, width).map(|value| (value << unused).cast_signed() >> unused)
    }

    /// A flag.
    #[must_use]
    pub fn flag(&self, at: usize) -> Option<bool> {
        self.unsigned(at, 1).map(|bit| bit == 1)
    }

    /// A text of six-bit characters, without the `@` and blanks that fill it; `None` if nothing is left or the message
    /// ends before it begins. A text that a transponder cut short is read as far as it goes.
    #[must_use]
    pub fn text<const N: usize>(&self, from: usize, characters: usize) -> Option<heapless::String<N>> {
        let mut text = heapless::String::new();
        for place in 0..characters {
            match self.unsigned(from + 6 * place, 6) {
                None | Some(0) => break,
                Some(six) => text.push(character(six)).ok()?,
            }
        }
        let kept = text.trim_end().len();
        text.truncate(kept);
        (!text.is_empty()).then_some(text)
    }

    /// The characters that stand for these bits, and how many bits fill up the last one.
    pub fn armoured(&self) -> (impl Iterator<Item = u8> + '_, usize) {
        let fill = (6 - self.length % 6) % 6;
        let symbols = (0..self.length.div_ceil(6)).map(|place| {
            let (from, width) = (place * 6, (self.length - place * 6).min(6));
            armoured(self.unsigned(from, width).unwrap_or(0) << (6 - width))
        });
        (symbols, fill)
    }
}

impl Default for Bits {
    fn default() -> Self {
        Self::new()
    }
}

/// The six bits that a character of a sentence stands for.
const fn dearmoured(character: u8) -> Option<u8> {
    match character {
        0x30..=0x57 => Some(character - 0x30),
        0x60..=0x77 => Some(character - 0x38),
        _ => None,
    }
}

/// The other way.
fn armoured(six: u32) -> u8 {
    let six = u8::try_from(six & 0x3F).expect("six bits");
    if six < 40 { six + 0x30 } else { six + 0x38 }
}

/// The six-bit character set of names and callsigns.
fn character(six: u32) -> char {
    let six = u8::try_from(six & 0x3F).expect("six bits");
    char::from(if six < 32 { six + 0x40 } else { six })
}

/// The six bits of a character of a name; what has none becomes a question mark.
#[must_use]
pub fn six_bits(character: char) -> u32 {
    match u32::from(character.to_ascii_uppercase()) {
        code @ 0x40..=0x5F => code - 0x40,
        code @ 0x20..=0x3F => code,
        _ => u32::from(b'?'),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_or_foreign_payload_is_no_number() {
        let mut bits = Bits::new();
        bits.extend(b"15", 0).unwrap();
        assert_eq!((bits.unsigned(0, 6), bits.unsigned(6, 7), bits.signed(0, 12)), (Some(1), None, Some(69)));
        assert_eq!(bits.extend(b"1X", 0), Err(NotBits::Character(1)));
        assert_eq!(bits.extend(&[b'0'; 400], 0), Err(NotBits::TooLong));
    }

    #[test]
    fn a_name_ends_at_its_filling() {
        let mut bits = Bits::new();
        "EVER GIVEN @@@@".chars().for_each(|c| bits.push(six_bits(c), 6).unwrap());
        assert_eq!(bits.text::<20>(0, 20).as_deref(), Some("EVER GIVEN"));
        assert_eq!(bits.text::<20>(66, 4), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(values in proptest::collection::vec((any::<u32>(), 1..=32_usize), 0..30)) {
            let mut bits = Bits::new();
            for &(value, width) in &values {
                bits.push(value, width).unwrap();
            }
            let (symbols, fill) = bits.armoured();
            let symbols: Vec<u8> = symbols.collect();
            let mut read = Bits::new();
            read.extend(&symbols, fill).unwrap();
            let mut from = 0;
            for (value, width) in values {
                let mask = u32::try_from((1_u64 << width) - 1).unwrap();
                prop_assert_eq!(read.unsigned(from, width), Some(value & mask));
                from += width;
            }
            prop_assert_eq!(read.len(), from);
        }
    }
}
