//! What an AIS receiver hears, as the sentences that it sends on.

use fusion_core::geodesy::course_and_speed;
use fusion_core::nalgebra::Vector3;

use super::{Heard, ReportEncoder};
use crate::ais::encode::{Sentences, Transponder, VesselState};
use crate::sim::scenario::{AisOut, AisType};

/// AIVDM sentences of one receiver.
#[derive(Debug, Default)]
pub(super) struct Nmea {
    sentences: Sentences,
}

impl ReportEncoder for Nmea {
    fn report(&mut self, heard: &Heard<'_>, out: &mut Vec<u8>) {
        let Some(ais) = &heard.live.actor.ais else { return };
        let vessel = transponder(ais, ais.mmsi + heard.live.id.instance);
        self.sentences.send(&vessel.position(&state(heard)), out);
        if heard.particulars {
            vessel.particulars(|message| self.sentences.send(message, out));
        }
    }
}

fn transponder(ais: &AisOut, mmsi: u32) -> Transponder<'_> {
    Transponder {
        mmsi,
        name: &ais.name,
        callsign: &ais.callsign,
        ship_type: type_number(ais.ship_type),
        length_beam_m: (ais.length_m, ais.beam_m),
        class_b: ais.class_b,
    }
}

fn state(heard: &Heard<'_>) -> VesselState {
    let [east, north, _] = heard.point.velocity.map_or([0.0; 3], |velocity| velocity.east_north_up);
    let (course, speed_m_s) = course_and_speed(&Vector3::new(east, north, 0.0));
    VesselState {
        time: heard.time,
        latitude_deg: heard.point.position.latitude_deg(),
        longitude_deg: heard.point.position.longitude_deg(),
        speed_m_s,
        course_deg: course.compass_degrees(),
    }
}

const fn type_number(ship_type: AisType) -> u8 {
    match ship_type {
        AisType::Unknown => 0,
        AisType::Fishing => 30,
        AisType::Pleasure => 37,
        AisType::Pilot => 50,
        AisType::Rescue => 51,
        AisType::Tug => 52,
        AisType::Passenger => 60,
        AisType::Cargo => 70,
        AisType::Tanker => 80,
    }
}
