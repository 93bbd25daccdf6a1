//! Type codes 28, 29 and 31: Mode A code, and how far the aircraft trusts its own position.

use super::Me;

/// Type code 28, subtype 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// 0 none, 1 general, 2 medical, 3 minimum fuel, 4 no communications, 5 unlawful interference, 6 downed.
    pub state: u8,
    /// Mode A code, four octal digits as a number.
    pub mode_3a: u16,
}

/// Type code 29, the subtypes of versions 1 and 2: of what the autopilot is set to, nothing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetState {
    /// 0 in version 1, 1 from version 2 on.
    pub subtype: u8,
    /// NACp, 0 to 15.
    pub nac_p: u8,
    /// SIL, 0 to 3.
    pub sil: u8,
}

/// Type code 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationalStatus {
    /// Whether this is the form for aircraft on the ground.
    pub on_ground: bool,
    /// Version of the standard it speaks: 0 (DO-260), 1 (-A), 2 (-B), 3 (-C).
    pub version: u8,
    /// NACp, 0 to 15; means nothing in version 0.
    pub nac_p: u8,
    /// NIC supplement A.
    pub nic_supplement_a: bool,
    /// NIC supplement C; only on the ground, from version 2 on.
    pub nic_supplement_c: bool,
    /// GVA, 0 (unknown) to 3; only in the air, from version 2 on.
    pub gva: u8,
    /// SIL, 0 to 3.
    pub sil: u8,
}

impl Emergency {
    pub(super) fn decode(me: Me) -> Option<Self> {
        (me.bits(6, 8) == 1).then(|| Self { state: me.small(9, 11), mode_3a: mode_3a_of(me.bits(12, 24)) })
    }

    pub(super) fn encode(self) -> Me {
        Me::of_type(28).with(6, 8, 1).with(9, 11, u32::from(self.state)).with(12, 24, pulses_of(self.mode_3a))
    }
}

impl TargetState {
    pub(super) fn decode(me: Me) -> Option<Self> {
        let subtype = me.small(6, 7);
        (subtype <= 1).then(|| Self { subtype, nac_p: me.small(40, 43), sil: me.small(45, 46) })
    }

    pub(super) fn encode(self) -> Me {
        let me = Me::of_type(29).with(6, 7, u32::from(self.subtype));
        me.with(40, 43, u32::from(self.nac_p)).with(45, 46, u32::from(self.sil))
    }
}

impl OperationalStatus {
    pub(super) fn decode(me: Me) -> Option<Self> {
        let on_ground = match me.bits(6, 8) {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Self {
            on_ground,
            version: me.small(41, 43),
            nac_p: me.small(45, 48),
            nic_supplement_a: me.bit(44),
            nic_supplement_c: on_ground && me.bit(20),
            gva: if on_ground { 0 } else { me.small(49, 50) },
            sil: me.small(51, 52),
        })
    }

    pub(super) fn encode(self) -> Me {
        let me = Me::of_type(31)
            .with(6, 8, u32::from(self.on_ground))
            .with(41, 43, u32::from(self.version))
            .with(44, 44, u32::from(self.nic_supplement_a))
            .with(45, 48, u32::from(self.nac_p))
            .with(51, 52, u32::from(self.sil));
        if self.on_ground {
            me.with(20, 20, u32::from(self.nic_supplement_c))
        } else {
            me.with(49, 50, u32::from(self.gva))
        }
    }
}

/// Thirteen pulses C1 A1 C2 A2 C4 A4 X B1 D1 B2 D2 B4 D4 to the digits A B C D.
fn mode_3a_of(pulses: u32) -> u16 {
    MODE_A_PULSES.iter().fold(0, |code, &position| code << 1 | u16::from(pulses >> position & 1 == 1))
}

fn pulses_of(mode_3a: u16) -> u32 {
    let bits = MODE_A_PULSES.iter().rev().enumerate();
    bits.fold(0, |pulses, (index, &position)| pulses | u32::from(mode_3a >> index & 1) << position)
}

/// Positions (0 the last bit) of A4 A2 A1 B4 B2 B1 C4 C2 C1 D4 D2 D1.
const MODE_A_PULSES: [u32; 12] = [7, 9, 11, 1, 3, 5, 8, 10, 12, 0, 2, 4];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_a_code_comes_back() {
        assert!((0..0o10000).all(|code| mode_3a_of(pulses_of(code)) == code));
    }

    #[test]
    fn the_published_emergency_is_read() {
        // 8DA2C1B6E112B600000000760759: emergency state 0, squawk 6513.
        let message = Emergency::decode(Me(0xE1_12B6_0000_0000)).expect("subtype 1");
        assert_eq!(message, Emergency { state: 0, mode_3a: 0o6513 });
    }

    #[test]
    fn the_published_target_state_is_read() {
        // 8DA05629EA21485CBF3F8CADAEEB: NACp 9, SIL 3.
        let message = TargetState::decode(Me(0xEA_2148_5CBF_3F8C)).expect("subtype 1");
        assert_eq!(message, TargetState { subtype: 1, nac_p: 9, sil: 3 });
    }

    #[test]
    fn the_published_operational_status_is_read() {
        // 8DA2C1BEF82300020049B8EE1D6D, airborne, version 2, NACp 9, GVA 2, SIL 3.
        let me = Me(0xF8_2300_0200_49B8);
        let message = OperationalStatus::decode(me).expect("subtype 0");
        assert!(!message.on_ground && !message.nic_supplement_a);
        assert_eq!((message.version, message.nac_p, message.gva, message.sil), (2, 9, 2, 3));
    }
}
