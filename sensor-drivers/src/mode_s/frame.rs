//! Mode S downlink frames of 56 and 112 bits: format, parity, address.
//!
//! The first five bits are the downlink format (DF). The last 24 are a cyclic redundancy check, overlaid with nothing
//! in an extended squitter (DF 17, 18), with the interrogator's code in an all-call reply (DF 11), and with the
//! aircraft's address everywhere else: those frames cannot be told from damaged ones without already knowing who is
//! there, and carry nothing that a tracker needs, so they are noted and not used.
//! Source: ICAO Annex 10 Vol. IV, 3.1.2.3.3 (parity) and 3.1.2.8.7 (DF 18); Doc 9871 (2nd ed.), A.2 and B.3 (CF,
//! IMF).

use fusion_core::identity::Address;

use super::adsb::Me;

/// A Mode S frame as received, nothing checked but its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeSFrame {
    bytes: [u8; LONG_BYTES],
    long: bool,
}

/// What a whole frame turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// DF 17 or 18 with good parity and a message in a form that we know: the only frames that give positions.
    ExtendedSquitter(ExtendedSquitter),
    /// DF 18 with good parity whose control field says that the message has another form (coarse TIS-B, management).
    OtherControl(u8),
    /// DF 11 with good parity: there is an aircraft with this address, somewhere.
    AllCallReply(Address),
    /// Any other format. Its parity cannot be judged, see above.
    OtherFormat(u8),
}

/// Why a frame is refused. Nothing in it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The downlink format belongs to a frame of the other length.
    Length,
    /// DF 11, 17 or 18 with a wrong check.
    Parity,
}

/// The contents of a DF 17 or DF 18 frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedSquitter {
    /// Who says where it is.
    pub source: Source,
    /// Whom it is about.
    pub address: Address,
    /// The message.
    pub me: Me,
}

/// Who sends an extended squitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The aircraft itself.
    Adsb,
    /// A ground station, about an aircraft seen by its radar.
    Tisb,
    /// A ground station, repeating what an aircraft said on another link.
    Rebroadcast,
}

impl ModeSFrame {
    /// A frame of 56 bits.
    #[must_use]
    pub const fn short(bytes: [u8; SHORT_BYTES]) -> Self {
        let [b0, b1, b2, b3, b4, b5, b6] = bytes;
        Self { bytes: [b0, b1, b2, b3, b4, b5, b6, 0, 0, 0, 0, 0, 0, 0], long: false }
    }

    /// A frame of 112 bits.
    #[must_use]
    pub const fn long(bytes: [u8; LONG_BYTES]) -> Self {
        Self { bytes, long: true }
    }

    /// A frame of 7 or 14 bytes; `None` for any other number.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(bytes) = <[u8; LONG_BYTES]>::try_from(bytes) {
            return Some(Self::long(bytes));
        }
        <[u8; SHORT_BYTES]>::try_from(bytes).ok().map(Self::short)
    }

    /// The frame of an extended squitter, with its parity: what [`check`](Self::check) takes apart.
    /// TIS-B and rebroadcast frames are built as for an address of the given kind.
    #[must_use]
    pub fn extended_squitter(squitter: &ExtendedSquitter) -> Self {
        let mut bytes = [0; LONG_BYTES];
        bytes[0] = first_byte(squitter.source, matches!(squitter.address, Address::Icao(_)));
        bytes[1..4].copy_from_slice(&bits_of(squitter.address).to_be_bytes()[1..]);
        bytes[4..11].copy_from_slice(&squitter.me.0.to_be_bytes()[1..]);
        let parity = remainder(&bytes[..LONG_BYTES - PARITY_BYTES]);
        bytes[11..].copy_from_slice(&parity.to_be_bytes()[1..]);
        Self::long(bytes)
    }

    /// The 7 or 14 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        if self.long { &self.bytes } else { &self.bytes[..SHORT_BYTES] }
    }

    /// Whether the frame has 112 bits.
    #[must_use]
    pub const fn is_long(&self) -> bool {
        self.long
    }

    /// DF: 0 to 23 as the five bits say, and 24 for everything that begins with two ones.
    #[must_use]
    pub const fn downlink_format(&self) -> u8 {
        let format = self.bytes[0] >> 3;
        if format > 24 { 24 } else { format }
    }

    /// What the check leaves: zero for a good extended squitter, the interrogator's code for a good all-call reply,
    /// and for other formats the address of the aircraft, if the frame is undamaged, which nothing here can tell.
    #[must_use]
    pub fn residual(&self) -> u32 {
        let bytes = self.bytes();
        let (message, parity) = bytes.split_at(bytes.len() - PARITY_BYTES);
        remainder(message) ^ parity.iter().fold(0, |all, &byte| all << 8 | u32::from(byte))
    }

    /// Takes the frame apart, as far as its parity allows.
    ///
    /// # Errors
    /// See [`Damage`].
    pub fn check(&self) -> Result<Checked, Damage> {
        let format = self.downlink_format();
        if self.long != (format >= FIRST_LONG_FORMAT) {
            return Err(Damage::Length);
        }
        match format {
            11 => self.all_call_reply(),
            17 | 18 => self.squitter(format),
            _ => Ok(Checked::OtherFormat(format)),
        }
    }

    fn all_call_reply(&self) -> Result<Checked, Damage> {
        if self.residual() >= INTERROGATOR_CODES {
            return Err(Damage::Parity);
        }
        Ok(Checked::AllCallReply(Address::Icao(self.announced_address())))
    }

    fn squitter(&self, format: u8) -> Result<Checked, Damage> {
        if self.residual() != 0 {
            return Err(Damage::Parity);
        }
        let me = self.me();
        let control = self.bytes[0] & 7;
        let (source, icao) = match (format, control) {
            (17, _) | (_, 0) => (Source::Adsb, true),
            (_, 1) => (Source::Adsb, false),
            (_, 2) => (Source::Tisb, !me.is_non_icao()),
            (_, 5) => (Source::Tisb, false),
            (_, 6) => (Source::Rebroadcast, !me.is_non_icao()),
            _ => return Ok(Checked::OtherControl(control)),
        };
        let bits = self.announced_address();
        let address = if icao { Address::Icao(bits) } else { Address::NonIcao(bits) };
        Ok(Checked::ExtendedSquitter(ExtendedSquitter { source, address, me }))
    }

    /// The AA field: the address in clear, where the format has one.
    fn announced_address(&self) -> u32 {
        let [_, a, b, c, ..] = self.bytes;
        u32::from_be_bytes([0, a, b, c])
    }

    /// The 56 bits of the ME field.
    fn me(&self) -> Me {
        let [_, _, _, _, m0, m1, m2, m3, m4, m5, m6, ..] = self.bytes;
        Me(u64::from_be_bytes([0, m0, m1, m2, m3, m4, m5, m6]))
    }
}

/// What goes into the AA field: the 24 bits of whatever kind of address; a serial number has none.
const fn bits_of(address: Address) -> u32 {
    match address {
        Address::Icao(bits) | Address::NonIcao(bits) | Address::Mmsi(bits) => bits & 0xFF_FFFF,
        Address::RemoteId(_) => 0,
    }
}

/// DF with CA 5 (airborne) or CF.
const fn first_byte(source: Source, icao: bool) -> u8 {
    match (source, icao) {
        (Source::Adsb, true) => 17 << 3 | 5,
        (Source::Adsb, false) => 18 << 3 | 1,
        (Source::Tisb, true) => 18 << 3 | 2,
        (Source::Tisb, false) => 18 << 3 | 5,
        (Source::Rebroadcast, _) => 18 << 3 | 6,
    }
}

/// Remainder of the division of `message · x²⁴` by the generator.
fn remainder(message: &[u8]) -> u32 {
    message.iter().fold(0, |remainder, &byte| {
        let [_, top, ..] = remainder.to_be_bytes();
        (remainder << 8 ^ REMAINDERS[usize::from(top ^ byte)]) & 0xFF_FFFF
    })
}

const fn remainders() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut value = (byte as u32) << 16;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x80_0000 != 0 { value << 1 ^ GENERATOR } else { value << 1 } & 0xFF_FFFF;
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

const SHORT_BYTES: usize = 7;
const LONG_BYTES: usize = 14;
const PARITY_BYTES: usize = 3;
const FIRST_LONG_FORMAT: u8 = 16;
/// An all-call reply's parity is overlaid with a seven-bit interrogator code.
const INTERROGATOR_CODES: u32 = 128;
/// The generator polynomial without its leading x²⁴.
const GENERATOR: u32 = 0xFF_F409;
static REMAINDERS: [u32; 256] = remainders();

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(hex: &str) -> ModeSFrame {
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")).collect();
        ModeSFrame::from_bytes(&bytes).expect("7 or 14 bytes")
    }

    #[test]
    fn published_squitters_have_no_residual() {
        for hex in ["8D4840D6202CC371C32CE0576098", "8D406B902015A678D4D220AA4BDA", "8D485020994409940838175B284F"] {
            assert_eq!(frame(hex).residual(), 0, "{hex}");
        }
    }

    #[test]
    fn a_squitter_gives_its_address_and_message() {
        let checked = frame("8D4840D6202CC371C32CE0576098").check().expect("undamaged");
        let Checked::ExtendedSquitter(squitter) = checked else { panic!("{checked:?}") };
        assert_eq!(squitter.address, Address::Icao(0x48_40D6));
        assert_eq!((squitter.source, squitter.me.0), (Source::Adsb, 0x20_2CC3_71C3_2CE0));
    }

    #[test]
    fn any_flipped_bit_of_a_squitter_is_seen() {
        let good = frame("8D40621D58C382D690C8AC2863A7");
        for bit in 0..112 {
            let mut bytes = good.bytes;
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            let checked = ModeSFrame::long(bytes).check();
            // The first five bits turn it into another format; all others must be caught by the parity.
            assert!(checked.is_err() || bit < 5 && matches!(checked, Ok(Checked::OtherFormat(_))), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_the_wrong_length_for_its_format_is_damaged() {
        assert_eq!(ModeSFrame::short([0x8D, 0, 0, 0, 0, 0, 0]).check(), Err(Damage::Length));
        assert_eq!(ModeSFrame::long([0x5D; 14]).check(), Err(Damage::Length));
    }

    #[test]
    fn an_all_call_reply_may_carry_an_interrogator_code_but_no_other_residual() {
        let (mut bytes, address) = ([0x5D, 0x48, 0x62, 0x57, 0, 0, 0], Address::Icao(0x48_6257));
        let parity = remainder(&bytes[..4]);
        for (code, expected) in [
            (0, Ok(Checked::AllCallReply(address))),
            (0x7F, Ok(Checked::AllCallReply(address))),
            (0x80, Err(Damage::Parity)),
        ] {
            bytes[4..].copy_from_slice(&(parity ^ code).to_be_bytes()[1..]);
            assert_eq!(ModeSFrame::short(bytes).check(), expected);
        }
    }

    #[test]
    fn the_control_field_says_what_kind_of_address_it_is() {
        // ME 58…: an airborne position; its eighth bit is the IMF of ground station messages.
        for (cf, me_bit_8, expected) in [
            (0, 0, Some((Source::Adsb, true))),
            (1, 0, Some((Source::Adsb, false))),
            (2, 0, Some((Source::Tisb, true))),
            (2, 1, Some((Source::Tisb, false))),
            (3, 0, None),
            (4, 0, None),
            (5, 0, Some((Source::Tisb, false))),
            (6, 0, Some((Source::Rebroadcast, true))),
            (6, 1, Some((Source::Rebroadcast, false))),
            (7, 0, None),
        ] {
            let mut bytes = frame("8D40621D58C382D690C8AC2863A7").bytes;
            bytes[0] = 18 << 3 | cf;
            bytes[4] = 0x58 | me_bit_8;
            let parity = remainder(&bytes[..11]);
            bytes[11..].copy_from_slice(&parity.to_be_bytes()[1..]);
            let seen = match ModeSFrame::long(bytes).check() {
                Ok(Checked::ExtendedSquitter(squitter)) => {
                    Some((squitter.source, matches!(squitter.address, Address::Icao(_))))
                }
                Ok(Checked::OtherControl(control)) => {
                    assert_eq!(control, cf);
                    None
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(seen, expected, "CF {cf}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_checked_without_panic(bytes: [u8; 14], long: bool) {
            let frame = if long { ModeSFrame::long(bytes) } else {
                ModeSFrame::from_bytes(&bytes[..7]).expect("seven")
            };
            let _ = frame.check();
            prop_assert!(frame.downlink_format() <= 24);
        }

        #[test]
        fn what_is_built_is_what_is_taken_apart(bits in 0..1u32 << 24, icao: bool, message in 0..1u64 << 56) {
            let address = if icao { Address::Icao(bits) } else { Address::NonIcao(bits) };
            let squitter = ExtendedSquitter { source: Source::Adsb, address, me: Me(message) };
            let built = ModeSFrame::extended_squitter(&squitter);
            prop_assert_eq!(built.check(), Ok(Checked::ExtendedSquitter(squitter)));
        }
    }
}
