//! ASTERIX CAT048 plots of a sector, CAT034 north markers and sector crossings between them.
//!
//! The reports are not marked as simulated (SIM in I048/020): a driver that is used in earnest drops those that are.

use fusion_core::identity::Address;

use super::{Crossing, Look, LookEncoder, Means, Seen};
use crate::asterix::cat034::{MessageType, Rotation, Sector, ServiceMessage, SourcePosition};
use crate::asterix::cat048::{Descriptor, FlightLevel, Mode3A, PolarPosition, TargetReport};
use crate::asterix::common::{AircraftAddress, AircraftIdentification, DataSource, FOOT_M, TimeOfDay};
use crate::asterix::write_block;
use crate::decoder::Place;
use crate::sim::scenario::Radar;
use crate::sim::site::Site;

/// A quarter of a flight level, the unit of transmitted heights.
const QUARTER_LEVEL_M: f64 = 25.0 * FOOT_M;
/// Plots of one block: far below what its length can count, and a datagram can carry.
const PLOTS_A_BLOCK: usize = 200;
/// Primary radar alone.
const TYP_PRIMARY: u8 = 1;
/// Mode S roll-call, without and with primary.
const TYP_ROLL_CALL: u8 = 5;
const TYP_ROLL_CALL_PRIMARY: u8 = 7;

/// CAT048 and CAT034 of one radar.
#[derive(Debug)]
pub(super) struct Cat048 {
    source: DataSource,
    period_s: f64,
    position: SourcePosition,
}

impl Cat048 {
    pub(super) fn new(spec: &Radar, site: &Site) -> Self {
        let source = DataSource { sac: spec.sac, sic: spec.sic };
        Self { source, period_s: spec.period_s, position: source_position(site) }
    }

    fn report(&self, seen: &Seen) -> TargetReport {
        let Place::Polar(polar) = &seen.what.place else { return TargetReport::default() };
        let typ = match seen.means {
            Means::Echo | Means::Emission(_) => TYP_PRIMARY,
            Means::Answer => TYP_ROLL_CALL,
            Means::EchoAndAnswer => TYP_ROLL_CALL_PRIMARY,
        };
        let identity = &seen.what.identity;
        let icao = identity.address.and_then(|address| match address {
            Address::Icao(icao) => Some(icao),
            Address::NonIcao(_) | Address::Mmsi(_) | Address::RemoteId(_) => None,
        });
        let range_m = polar.range.map_or(0.0, |range| range.value);
        TargetReport {
            source: Some(self.source),
            time_of_day: Some(TimeOfDay::at(seen.time)),
            descriptor: Some(Descriptor { typ, ..Descriptor::default() }),
            position: PolarPosition::from_si(range_m, polar.azimuth.value),
            mode_3a: identity.mode_3a.map(|mode3a| Mode3A { mode3a, ..Mode3A::default() }),
            flight_level: polar
                .height
                .map(|height| FlightLevel { fl: quarter_levels(height.value), ..FlightLevel::default() }),
            address: icao.map(|address| AircraftAddress { address }),
            identification: identity.name.as_ref().and_then(|name| AircraftIdentification::from_text(name)),
            ..TargetReport::default()
        }
    }
}

impl LookEncoder for Cat048 {
    fn look(&mut self, look: &Look, out: &mut Vec<u8>) {
        for part in look.seen.chunks(PLOTS_A_BLOCK) {
            let plots: Vec<TargetReport> = part.iter().map(|seen| self.report(seen)).collect();
            write_block(&plots, out).expect("so many plots fit a block, and their values are bounded");
        }
    }

    /// North marker and sector crossing, as the antenna enters a sector.
    fn crossing(&mut self, crossing: Crossing, out: &mut Vec<u8>) {
        let message = |message_type| ServiceMessage {
            source: Some(self.source),
            message_type: Some(message_type),
            time_of_day: Some(TimeOfDay::at(crossing.time)),
            ..ServiceMessage::default()
        };
        let azimuth = crossing.sector * (u8::MAX / crossing.sectors + 1);
        let entered = ServiceMessage { sector: Some(Sector { azimuth }), ..message(MessageType::SECTOR_CROSSING) };
        let north = ServiceMessage {
            rotation: Some(Rotation { period: ticks_128(self.period_s) }),
            position: Some(self.position),
            ..message(MessageType::NORTH_MARKER)
        };
        let both = [north, entered];
        let said = if crossing.sector == 0 { &both[..] } else { &both[1..] };
        write_block(said, out).expect("two short messages fit a block");
    }
}

/// A height in quarters of a flight level.
#[expect(clippy::cast_possible_truncation, reason = "rounded; heights of scenarios are far within 16 bits")]
fn quarter_levels(height_m: f64) -> i16 {
    fusion_core::maths::round(height_m / QUARTER_LEVEL_M) as i16
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a period is at most 60 s")]
fn ticks_128(seconds: f64) -> u16 {
    fusion_core::maths::round(seconds * 128.0) as u16
}

#[expect(clippy::cast_possible_truncation, reason = "degrees over the step fit 24 bits, the height of an antenna 16")]
fn source_position(site: &Site) -> SourcePosition {
    const STEP_DEG: f64 = 180.0 / (1 << 23) as f64;
    let steps = |degrees: f64| fusion_core::maths::round(degrees / STEP_DEG) as i32;
    SourcePosition {
        hgt: fusion_core::maths::round(site.position.height_m) as i16,
        lat: steps(site.position.latitude_deg()),
        lon: steps(site.position.longitude_deg()),
    }
}
