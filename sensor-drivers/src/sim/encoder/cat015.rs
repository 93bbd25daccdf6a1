//! ASTERIX CAT015 plots of a drone radar: range, azimuth, elevation and Doppler velocity with their errors.
//!
//! The Doppler velocity is opening positive. A class is told by a number: 1 air, 2 rotary, 3 unmanned, 4 surface,
//! 5 ground. A look that saw nothing says nothing.

use fusion_core::angle::Angle;
use fusion_core::identity::ObjectClass;

use super::{CLASS_PERCENT, Look, LookEncoder, Seen};
use crate::asterix::cat015::{Class, Descriptor, MessageType, TargetReport, Told};
use crate::asterix::common::{DataSource, TimeOfDay};
use crate::asterix::write_block;
use crate::decoder::{Measured, Place};

/// Plots of one block: far below what its length can count, and a datagram can carry.
const PLOTS_A_BLOCK: usize = 200;

/// CAT015 of one radar.
#[derive(Debug)]
pub(super) struct Cat015 {
    source: DataSource,
}

impl Cat015 {
    pub(super) const fn new(sac: u8, sic: u8) -> Self {
        Self { source: DataSource { sac, sic } }
    }

    fn report(&self, seen: &Seen) -> TargetReport {
        let Place::Polar(polar) = &seen.what.place else { return TargetReport::default() };
        let azimuth = Measured { value: Angle::from_radians(polar.azimuth.value).turn(), ..polar.azimuth };
        let class = class_number(seen.what.identity.class);
        TargetReport {
            source: Some(self.source),
            message_type: MessageType::SensorPlot,
            descriptor: Some(Descriptor::default()),
            time_of_day: Some(TimeOfDay::at(seen.time)),
            classes: class.into_iter().map(|class| Class { class, percent: CLASS_PERCENT }).collect(),
            range: polar.range.map(told),
            doppler: polar.range_rate.map(told),
            azimuth: Some(told(azimuth)),
            elevation: polar.elevation.map(told),
            ..TargetReport::default()
        }
    }
}

impl LookEncoder for Cat015 {
    fn look(&mut self, look: &Look, out: &mut Vec<u8>) {
        for part in look.seen.chunks(PLOTS_A_BLOCK) {
            let plots: Vec<TargetReport> = part.iter().map(|seen| self.report(seen)).collect();
            write_block(&plots, out).expect("so many plots fit a block, and their values are bounded");
        }
    }
}

const fn told(measured: Measured) -> Told {
    Told { value: measured.value, sigma: Some(measured.sigma) }
}

const fn class_number(class: ObjectClass) -> Option<u16> {
    match class {
        ObjectClass::Unknown | ObjectClass::Emitter => None,
        ObjectClass::Air => Some(1),
        ObjectClass::Rotary => Some(2),
        ObjectClass::Uav => Some(3),
        ObjectClass::Surface => Some(4),
        ObjectClass::Ground => Some(5),
    }
}
