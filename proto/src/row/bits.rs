//! Bits in a row, most significant first: numbers of any width up to 64, with no padding between them.
//!
//! Whoever reads asks for as many bits as were written; past the end there is [`None`], never a panic. Lengths that
//! are mostly small are written in classes ([`Classes`]): a unary prefix chooses how many bits follow.

/// Writes bits to the end of a vector of octets.
#[derive(Clone, Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    bits: usize,
}

impl BitWriter {
    /// Nothing written yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), bits: 0 }
    }

    /// Appends the lowest `width` bits of a value.
    ///
    /// # Panics
    /// If the value has more bits than that: a bug of the caller, who clamps.
    pub fn put(&mut self, value: u64, width: u32) {
        assert!(width <= 64 && (width == 64 || value >> width == 0), "{value} has more than {width} bits");
        for place in (0..width).rev() {
            self.put_bit(value >> place & 1 == 1);
        }
    }

    /// Appends one bit.
    pub fn put_bit(&mut self, bit: bool) {
        if self.bits % 8 == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.bits % 8);
        }
        self.bits += 1;
    }

    /// Appends whole octets, wherever the last one ended.
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.put(byte.into(), 8);
        }
    }

    /// Appends what another has written.
    pub fn append(&mut self, other: &Self) {
        let mut reader = BitReader::new(&other.bytes);
        for _ in 0..other.bits {
            self.put_bit(reader.bit().expect("as many bits as were written"));
        }
    }

    /// How many bits there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bits
    }

    /// Whether nothing is written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// The octets, the last one filled up with zeros.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads bits from the front of a slice of octets.
#[derive(Clone, Copy, Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Begins at the first bit.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bit.
    pub fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(bit)
    }

    /// The next `width` bits as a number; 64 at the most.
    pub fn get(&mut self, width: u32) -> Option<u64> {
        (0..width.min(64)).try_fold(0, |value, _| Some(value << 1 | u64::from(self.bit()?)))
    }

    /// The next bits as a number of a narrower type; `None` as well if it does not fit there.
    pub fn narrow<T: TryFrom<u64>>(&mut self, width: u32) -> Option<T> {
        T::try_from(self.get(width)?).ok()
    }

    /// How many bits were read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }
}

/// Widths by class, narrowest first: class k is told by k ones and, unless it is the last, a zero.
#[derive(Clone, Copy, Debug)]
pub struct Classes<const N: usize>(pub [u32; N]);

impl<const N: usize> Classes<N> {
    /// Writes a number in the narrowest class that holds it, or as much of it as the widest does.
    pub fn put(self, writer: &mut BitWriter, value: u64) {
        let fits = |width: &u32| *width >= 64 || value >> width == 0;
        let class = self.0.iter().position(fits).unwrap_or(N - 1);
        for _ in 0..class {
            writer.put_bit(true);
        }
        if class + 1 < N {
            writer.put_bit(false);
        }
        let width = self.0[class];
        writer.put(value & u64::MAX.checked_shr(64 - width).unwrap_or(0), width);
    }

    /// Reads a number.
    pub fn get(self, reader: &mut BitReader<'_>) -> Option<u64> {
        let mut class = 0;
        while class + 1 < N && reader.bit()? {
            class += 1;
        }
        reader.get(self.0[class])
    }
}

/// Folds a signed number into an unsigned one whose size is that of its magnitude: 0, −1, 1, −2, 2 …
#[must_use]
pub const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// The signed number that [`zigzag`] folded.
#[must_use]
pub const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_stand_most_significant_first_without_gaps() {
        let mut writer = BitWriter::new();
        writer.put(0b101, 3);
        writer.put(0xFF, 8);
        writer.put_bit(false);
        assert_eq!((writer.len(), writer.into_bytes()), (12, vec![0b1011_1111, 0b1110_0000]));
    }

    #[test]
    fn past_the_end_there_is_nothing() {
        let mut reader = BitReader::new(&[0xA5]);
        assert_eq!((reader.get(4), reader.get(5), reader.bit()), (Some(0xA), None, None));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(numbers in prop::collection::vec((any::<u64>(), 1_u32..=64), 0..40)) {
            let mut writer = BitWriter::new();
            let numbers: Vec<_> = numbers.into_iter().map(|(value, width)| (value >> (64 - width), width)).collect();
            numbers.iter().for_each(|&(value, width)| writer.put(value, width));
            let mut copy = BitWriter::new();
            copy.put_bit(true);
            copy.append(&writer);
            let bytes = copy.into_bytes();
            let mut reader = BitReader::new(&bytes);
            prop_assert_eq!(reader.bit(), Some(true));
            for (value, width) in numbers {
                prop_assert_eq!(reader.get(width), Some(value));
            }
        }

        #[test]
        fn classes_and_signs_come_back(value in any::<u32>(), shift in 0_u32..32, signed in any::<i32>()) {
            let (classes, mut writer) = (Classes([4, 8, 33]), BitWriter::new());
            classes.put(&mut writer, (value >> shift).into());
            classes.put(&mut writer, zigzag(signed.into()));
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            prop_assert_eq!(classes.get(&mut reader), Some((value >> shift).into()));
            prop_assert_eq!(classes.get(&mut reader).map(unzigzag), Some(signed.into()));
        }
    }
}
