//! CRC-32C (Castagnoli), as in RFC 3720: finds every burst of up to 32 bits and every error of up to three bits in a
//! packet. Against noise, not against an adversary.

/// The polynomial 0x1EDC6F41, its bits reversed.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// What an octet adds to the sum when so many others come after it, of eight.
const TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let (mut octet, mut k) = (0_u32, 0_usize);
    while k < 256 {
        let (mut sum, mut bit) = (octet, 0);
        while bit < 8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][k] = sum;
        (octet, k) = (octet + 1, k + 1);
    }
    let mut after = 1;
    while after < 8 {
        k = 0;
        while k < 256 {
            let sum = tables[after - 1][k];
            tables[after][k] = sum >> 8 ^ tables[0][(sum & 0xFF) as usize];
            k += 1;
        }
        after += 1;
    }
    tables
}

/// The checksum of some octets, eight at a time: a start reads a whole journal.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let sum = eights.iter().fold(u32::MAX, |sum, eight| {
        let mixed = (u64::from_le_bytes(*eight) ^ u64::from(sum)).to_le_bytes();
        mixed.iter().zip(TABLES.iter().rev()).fold(0, |sum, (&octet, table)| sum ^ table[usize::from(octet)])
    });
    !rest.iter().fold(sum, |sum, &octet| sum >> 8 ^ TABLES[0][usize::from(sum.to_le_bytes()[0] ^ octet)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, B.4, and the usual check value.
    #[test]
    fn it_is_that_of_the_standard() {
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn octets_taken_eight_at_a_time_count_as_one_by_one() {
        let octets: Vec<u8> = (0..200_u32).map(|k| k.wrapping_mul(0x9E37_79B9).to_le_bytes()[3]).collect();
        for (from, to) in (0..16).flat_map(|from| (from..octets.len()).map(move |to| (from, to))) {
            let bits = octets[from..to].iter().fold(u32::MAX, |sum, octet| {
                (0..8).fold(sum ^ u32::from(*octet), |sum, _| sum >> 1 ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 })
            });
            assert_eq!(crc32c(&octets[from..to]), !bits, "{from} to {to}");
        }
    }
}
