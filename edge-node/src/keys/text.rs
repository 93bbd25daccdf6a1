//! Octets as text: hexadecimal in our own files, base64 for zenoh.

/// Two digits for each octet.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().flat_map(|octet| [octet >> 4, octet & 0xF]).map(|half| char::from(HEX[usize::from(half)])).collect()
}

/// What was written so; `None` if it was not.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect())?
}

/// A fixed number of octets written so.
#[must_use]
pub fn array_from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    from_hex(text)?.try_into().ok()
}

/// As RFC 4648, section 4.
#[must_use]
pub fn base64(octets: &[u8]) -> String {
    let quartet = |chunk: &[u8]| {
        let at = |k: usize| u32::from(chunk.get(k).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let sign = |k: usize| {
            let index = usize::try_from(bits >> (18 - 6 * k) & 0x3F).expect("six bits");
            if k <= chunk.len() { char::from(BASE64[index]) } else { '=' }
        };
        [0, 1, 2, 3].map(sign)
    };
    octets.chunks(3).flat_map(quartet).collect()
}

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_nothing_else_does() {
        assert_eq!((hex(&[0, 0x7F, 0xA0]).as_str(), from_hex("007fa0")), ("007fa0", Some(vec![0, 0x7F, 0xA0])));
        for bad in ["0", "0g", "é", "+1"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        let vectors = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xFB, 0xFF]), "+/8=");
    }
}
