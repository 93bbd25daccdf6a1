//! Short texts in rows: a length in octets, then UTF-8.

use super::bits::{BitReader, BitWriter};

/// A sensor's name.
pub type SensorName = heapless::String<SENSOR_NAME_BYTES_MAX>;

/// Octets of a sensor's name that are told; what is longer is cut at a character's end. No counter: it shows.
pub const SENSOR_NAME_BYTES_MAX: usize = 31;

/// Writes a text whose length in octets has so many bits.
pub fn put(writer: &mut BitWriter, text: &str, length_bits: u32) {
    writer.put(text.len() as u64, length_bits);
    writer.put_bytes(text.as_bytes());
}

/// Reads a text; `None` if it ends early, is too long for its place, or is no UTF-8.
#[must_use]
pub fn get<const N: usize>(reader: &mut BitReader<'_>, length_bits: u32) -> Option<heapless::String<N>> {
    let length = reader.narrow::<usize>(length_bits)?;
    let mut bytes = heapless::Vec::<u8, N>::new();
    for _ in 0..length {
        bytes.push(reader.narrow(8)?).ok()?;
    }
    heapless::String::from_utf8(bytes).ok()
}

/// As much of a text as fits, ending where a character does.
#[must_use]
pub fn cut<const N: usize>(text: &str) -> heapless::String<N> {
    let mut cut = heapless::String::new();
    for character in text.chars() {
        if cut.push(character).is_err() {
            break;
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut::<4>("aäöü").as_str(), "aä");
        assert_eq!(cut::<31>("radar").as_str(), "radar");
    }
}
