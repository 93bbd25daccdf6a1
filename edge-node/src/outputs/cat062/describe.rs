//! A track of the picture as a record of CAT062.
//!
//! What is not known is left out, not filled in: a height, or a rate of climb, that is more uncertain than the item of
//! accuracies can tell. Callsigns that are none of ICAO's, and addresses other than ICAO's, have no item.

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::maths::sqrt;
use fusion_core::track::TrackStatus;
use sensor_drivers::asterix::cat062::{
    Accuracy, CLIMB_SIGMA_MAX_M_S, HEIGHT_SIGMA_MAX_M, Status, SystemTrack as Record,
};
use sensor_drivers::asterix::common::{AircraftIdentification, DataSource, TimeOfDay};

use crate::board::Mode;
use crate::outputs::moment::Moment;
use crate::picture::SystemTrack;

/// Who tells, and of what kind of world.
#[derive(Clone, Copy, Debug)]
pub struct Describer {
    /// What this node goes by.
    pub source: DataSource,
    /// The service.
    pub service: u8,
    /// Whether the world is real. What is not is told as simulated.
    pub mode: Mode,
}

impl Describer {
    /// A track under a number; `first`: it was never told of before.
    #[must_use]
    pub fn track(&self, track: &SystemTrack, number: u16, first: bool, moment: Moment) -> Record {
        let record = &track.record;
        let estimate = &record.estimate;
        let place = Geodetic::from_ecef(estimate.position);
        let velocity = place.enu_axes() * estimate.velocity.vector();
        let p = estimate.covariance.matrix();
        let sigma = |axis: usize| sqrt(p[(axis, axis)]);
        let height = (sigma(2) <= HEIGHT_SIGMA_MAX_M).then_some((place.height_m, sigma(2)));
        let climb = (sigma(5) <= CLIMB_SIGMA_MAX_M_S).then_some((velocity.z, sigma(5)));
        Record {
            time_of_day: Some(TimeOfDay::at(moment.shown(estimate.time))),
            position_deg: Some([place.latitude_deg(), place.longitude_deg()]),
            velocity: Some([velocity.x, velocity.y]),
            climb_m_s: climb.map(|(climb, _)| climb),
            geometric_height_m: height.map(|(height, _)| height),
            status: Status {
                monosensor: record.sensors.len() == 1,
                geometric: height.is_some(),
                tentative: record.status == Some(TrackStatus::Tentative),
                first,
                coasted: track.stale || record.status == Some(TrackStatus::Coasted),
                ..self.status()
            },
            accuracy: Accuracy {
                position: Some([sigma(0), sigma(1)]),
                covariance_root: Some(sqrt(p[(0, 1)].abs()).copysign(p[(0, 1)])),
                geometric_height: height.map(|(_, sigma)| sigma),
                velocity: Some([sigma(3), sigma(4)]),
                climb: climb.map(|(_, sigma)| sigma),
                ..Accuracy::default()
            },
            ..self.named(&record.identity, number)
        }
    }

    /// That there will be no more of a number.
    #[must_use]
    pub fn end(&self, number: u16, moment: Moment) -> Record {
        Record {
            time_of_day: Some(TimeOfDay::at(moment.now)),
            status: Status { last: true, ..self.status() },
            ..self.named(&Identity::UNKNOWN, number)
        }
    }

    fn status(&self) -> Status {
        Status { simulated: self.mode != Mode::Live, ..Status::default() }
    }

    fn named(&self, identity: &Identity, number: u16) -> Record {
        Record {
            source: Some(self.source),
            service: Some(self.service),
            number: Some(number),
            mode_3a: identity.mode_3a,
            address: match identity.address {
                Some(Address::Icao(address)) => Some(address),
                Some(Address::NonIcao(_) | Address::Mmsi(_) | Address::RemoteId(_)) | None => None,
            },
            identification: identity.name.as_deref().and_then(|name| AircraftIdentification::from_text(name.trim())),
            emitter: emitter(identity.class),
            ..Record::default()
        }
    }
}

/// The emitter category of I062/380 for the kinds that have one of their own.
const fn emitter(class: ObjectClass) -> Option<u8> {
    match class {
        ObjectClass::Rotary => Some(10),
        ObjectClass::Uav => Some(13),
        ObjectClass::Unknown | ObjectClass::Air | ObjectClass::Surface | ObjectClass::Ground | ObjectClass::Emitter => {
            None
        }
    }
}
