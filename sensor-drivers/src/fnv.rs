//! A short name for a long one: FNV-1a in 64 bits (draft-eastlake-fnv), good for telling apart, not against malice.

/// The hash of no octets.
const BASIS: u64 = 0xCBF2_9CE4_8422_2325;

/// The hash of some octets.
#[must_use]
pub fn fnv1a(octets: &[u8]) -> u64 {
    fnv1a_after(BASIS, octets)
}

/// The hash of what `hash` is of, followed by some octets.
#[must_use]
pub fn fnv1a_after(hash: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(hash, |hash, &octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that the draft gives.
    #[test]
    fn the_examples_of_the_draft_come_out() {
        assert_eq!(fnv1a(b""), BASIS);
        assert_eq!(fnv1a(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_F739_67E8);
        assert_eq!(fnv1a_after(fnv1a(b"foo"), b"bar"), fnv1a(b"foobar"));
    }
}
