//! Whole octets, least significant first: written to the end, read from the front, [`None`] past it.

/// Octets on their way into a packet.
#[derive(Clone, Debug, Default)]
pub struct Octets(Vec<u8>);

impl Octets {
    /// One octet.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Two octets.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    /// Four octets.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    /// Eight octets.
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// The lowest five octets.
    pub fn u40(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes()[..5]);
    }

    /// One octet below 128, else two: the lower seven bits with the top bit set, then the rest.
    pub fn index(&mut self, value: u16) {
        match u8::try_from(value) {
            Ok(small) if small < 0x80 => self.u8(small),
            _ => self.bytes(&[value.to_le_bytes()[0] | 0x80, (value >> 7).to_le_bytes()[0]]),
        }
    }

    /// Octets as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What there is.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// All of them.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Octets being read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.rest().first_chunk::<N>()?;
        self.at += N;
        Some(taken)
    }

    /// One octet.
    pub fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// Two octets.
    pub fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    /// Four octets.
    pub fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// Eight octets.
    pub fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// Five octets.
    pub fn u40(&mut self) -> Option<u64> {
        let [a, b, c, d, e] = self.take()?;
        Some(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
    }

    /// One octet or two, see [`Octets::index`].
    pub fn index(&mut self) -> Option<u16> {
        let low = self.u8()?;
        if low < 0x80 {
            return Some(low.into());
        }
        Some(u16::from(low & 0x7F) | u16::from(self.u8()?) << 7)
    }

    /// So many octets as they are.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..count)?;
        self.at += count;
        Some(taken)
    }

    /// How many were read.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// What was not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let mut out = Octets::default();
        for index in [0, 127, 128, 300, 0x7FFF] {
            out.index(index);
        }
        out.u40(0x01_0203_0405);
        let mut reader = Reader::new(out.as_slice());
        for index in [0, 127, 128, 300, 0x7FFF] {
            assert_eq!(reader.index(), Some(index));
        }
        assert_eq!((reader.u40(), reader.u8(), reader.rest()), (Some(0x01_0203_0405), None, &[][..]));
    }
}
