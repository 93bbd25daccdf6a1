//! How messages travel: what a receiver heard, down to the message or pack in it.
//!
//! | carrier | begins with |
//! |---|---|
//! | Bluetooth service data, with or without its header | `[length 16] FA FF 0D counter` |
//! | Wi-Fi beacon, vendor element, with or without its header | `[DD length] FA 0B BC 0D counter` |
//! | nothing around it | a message or a pack |
//!
//! 0xFFFA is ASTM's UUID in Bluetooth (little-endian on the air), FA-0B-BC its identifier in Wi-Fi, 0x0D its
//! application code for Remote ID. The counter only tells copies apart and is not used. Wi-Fi NAN is not read.

use super::message::MESSAGE_BYTES;
use crate::error::Reason;

const BLUETOOTH: &[u8] = &[0xFA, 0xFF, 0x0D];
const WIFI: &[u8] = &[0xFA, 0x0B, 0xBC, 0x0D];

/// What was sent, without its carrier.
///
/// # Errors
/// If it is no carrier of Remote ID.
pub fn opened(heard: &[u8]) -> Result<&[u8], Reason> {
    let inner = match heard {
        [_, 0x16, inner @ ..] if inner.starts_with(BLUETOOTH) => inner,
        [0xDD, _, inner @ ..] if inner.starts_with(WIFI) => inner,
        bare => bare,
    };
    for prefix in [BLUETOOTH, WIFI] {
        if let Some(rest) = inner.strip_prefix(prefix) {
            return rest.get(1..).ok_or(Reason::Truncated { missing: 1 });
        }
    }
    match inner.first() {
        Some(first) if matches!(first >> 4, 0..=5 | 0xF) => Ok(inner),
        Some(_) => Err(Reason::NotThisFormat),
        None => Err(Reason::Truncated { missing: MESSAGE_BYTES }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_carrier_is_opened_with_and_without_its_header() {
        for header in [
            &[29, 0x16, 0xFA, 0xFF, 0x0D, 7][..],
            &[0xFA, 0xFF, 0x0D, 7],
            &[0xDD, 30, 0xFA, 0x0B, 0xBC, 0x0D, 7],
            &[0xFA, 0x0B, 0xBC, 0x0D, 7],
            &[],
        ] {
            let heard = [header, &[0x12; 25]].concat();
            assert_eq!(opened(&heard), Ok(&[0x12; 25][..]), "{header:02x?}");
        }
    }

    #[test]
    fn what_is_something_else_is_refused() {
        assert_eq!(opened(&[]), Err(Reason::Truncated { missing: 25 }));
        assert_eq!(opened(&[0x80, 0, 0]), Err(Reason::NotThisFormat));
        assert_eq!(opened(&[0xFA, 0xFF, 0x0D]), Err(Reason::Truncated { missing: 1 }));
    }
}
