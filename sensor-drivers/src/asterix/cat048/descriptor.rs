//! How a target was seen: I048/020, which grew part by part with the editions.

use crate::asterix::wire::{LaterParts, part};

part! {
    /// How the target was seen (020), first part.
    Descriptor then Descriptor2 {
        /// Sensors that saw it, see [`Descriptor::detection`].
        typ: u8 = 8..6,
        /// Simulated target.
        sim: bool = 5..5,
        /// Radar data processor chain 2 instead of 1.
        rdp: bool = 4..4,
        /// Special position identification pressed by the pilot.
        spi: bool = 3..3,
        /// Fixed transponder that monitors the radar.
        rab: bool = 2..2,
    }
}

part! {
    /// Second part of 020.
    Descriptor2 then Descriptor3 {
        /// Test target.
        tst: bool = 8..8,
        /// Extended range.
        err: bool = 7..7,
        /// X-pulse in the reply.
        xpp: bool = 6..6,
        /// Military emergency.
        me: bool = 5..5,
        /// Military identification.
        mi: bool = 4..4,
        /// Mode 4: 0 no interrogation, 1 friendly, 2 unknown, 3 no reply.
        foefri: u8 = 3..2,
    }
}

part! {
    /// Third part of 020: each value counts only where its populated bit is set.
    Descriptor3 then Descriptor4 {
        /// Populated bit of ADS-B.
        adsb_ep: bool = 8..8,
        /// On-site ADS-B information is available.
        adsb_val: bool = 7..7,
        /// Populated bit of SCN.
        scn_ep: bool = 6..6,
        /// Surveillance cluster network information is available.
        scn_val: bool = 5..5,
        /// Populated bit of PAI.
        pai_ep: bool = 4..4,
        /// Passive acquisition interface information is available.
        pai_val: bool = 3..3,
    }
}

part! {
    /// Fourth part of 020.
    Descriptor4 then Descriptor5 {
        /// Populated bit of ACASXV.
        acasxv_ep: bool = 8..8,
        /// ACAS extended version: 1 Xa version 1, 2 Xu version 1.
        acasxv_val: u8 = 7..4,
        /// Populated bit of POXPR.
        poxpr_ep: bool = 3..3,
        /// Transponder supports phase overlay.
        poxpr_val: bool = 2..2,
    }
}

part! {
    /// Fifth part of 020.
    Descriptor5 then Descriptor6 {
        /// Populated bit of POACT.
        poact_ep: bool = 8..8,
        /// Phase overlay is active for this plot.
        poact_val: bool = 7..7,
        /// Populated bit of DTFXPR.
        dtfxpr_ep: bool = 6..6,
        /// Transponder supports basic dataflash.
        dtfxpr_val: bool = 5..5,
        /// Populated bit of DTFACT.
        dtfact_ep: bool = 4..4,
        /// Basic dataflash is active for this plot.
        dtfact_val: bool = 3..3,
    }
}

part! {
    /// Sixth part of 020.
    Descriptor6 then LaterParts {
        /// Populated bit of IRMXPR.
        irmxpr_ep: bool = 8..8,
        /// Transponder is IRM capable.
        irmxpr_val: bool = 7..7,
        /// Populated bit of IRMACT.
        irmact_ep: bool = 6..6,
        /// IRM is active for this plot.
        irmact_val: bool = 5..5,
    }
}

/// What saw the target (TYP in 020).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// Nothing: the report is an extrapolation and must not be taken for a measurement.
    None,
    /// Primary radar alone.
    Primary,
    /// Secondary radar alone.
    Secondary,
    /// Primary and secondary; the position is that of the secondary.
    PrimarySecondary,
    /// Mode S all-call.
    ModeSAllCall,
    /// Mode S roll-call.
    ModeSRollCall,
    /// Mode S all-call and primary.
    ModeSAllCallPrimary,
    /// Mode S roll-call and primary.
    ModeSRollCallPrimary,
}

impl Descriptor {
    /// What saw the target.
    #[must_use]
    pub const fn detection(&self) -> Detection {
        match self.typ {
            0 => Detection::None,
            1 => Detection::Primary,
            2 => Detection::Secondary,
            3 => Detection::PrimarySecondary,
            4 => Detection::ModeSAllCall,
            5 => Detection::ModeSRollCall,
            6 => Detection::ModeSAllCallPrimary,
            _ => Detection::ModeSRollCallPrimary,
        }
    }

    /// Whether it is a test target.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.more.is_some_and(|second| second.tst)
    }
}
