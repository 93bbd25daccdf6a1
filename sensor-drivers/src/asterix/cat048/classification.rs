//! What the codes of I048/030 tell of the kind of a target; most of them warn of other things.

use crate::asterix::excerpt::Excerpt;

/// The kinds of target among the warnings and errors (030).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classification {
    /// Code 24.
    pub helicopter: bool,
    /// Code 6.
    pub terrestrial_vehicle: bool,
}

impl Excerpt for Classification {
    fn of_item(octets: &[u8]) -> Option<Self> {
        const TERRESTRIAL_VEHICLE: u8 = 6;
        const HELICOPTER: u8 = 24;
        let warned = |code| octets.iter().any(|octet| octet >> 1 == code);
        Some(Self { helicopter: warned(HELICOPTER), terrestrial_vehicle: warned(TERRESTRIAL_VEHICLE) })
    }
}
