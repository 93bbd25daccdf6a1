//! SAPIENT: a node that registers, says every five seconds how it is, and sends a detection for each thing seen.
//!
//! It registers anew each minute, for whoever came later. What it sees are detections of a look, not tracks: each has
//! an object of its own.

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::ObjectClass;
use fusion_core::measurement::Cone;
use fusion_core::time::{Span, Timestamp};

use super::{CLASS_PERCENT, Look, LookEncoder, Means, Seen};
use crate::decoder::{HorizontalError, Point};
use crate::sapient::Uuid;
use crate::sapient::encode::{About, Sender, Sighting};
use crate::sim::scenario::DroneRadar;
use crate::sim::site::Site;

const STATUS_EVERY: Span = Span::from_secs(5);
const REGISTRATION_EVERY: Span = Span::from_secs(60);
/// `NodeType` of a radar and of a passive radio.
const RADAR: i32 = 2;
const PASSIVE_RADIO: i32 = 8;
/// How well the node knows where it stands, metres.
const SITE_SIGMA_M: f64 = 1.0;
/// Nobody measures amplitudes here.
const AMPLITUDE: f32 = 1.0;

/// One node.
#[derive(Debug)]
pub(super) struct Sapient {
    sender: Sender,
    name: String,
    node_type: i32,
    site: Geodetic,
    /// What it stares at, if its silence says anything.
    view: Option<Cone>,
    registration_due: Timestamp,
    status_due: Timestamp,
}

impl Sapient {
    pub(super) fn radar(spec: &DroneRadar, site: &Site) -> Self {
        let (from_deg, width_deg) =
            spec.field_of_view.map_or((0.0, 360.0), |sector| (sector.from_deg, sector.width_deg));
        let view = Cone {
            from: Angle::from_degrees(from_deg),
            width_rad: width_deg.to_radians(),
            range_max_m: spec.range_max_m,
            elevation_min_rad: spec.elevation_min_deg.to_radians(),
            elevation_max_rad: spec.elevation_max_deg.to_radians(),
        };
        Self { view: Some(view), ..Self::new(&spec.name, RADAR, site) }
    }

    pub(super) fn passive_radio(name: &str, site: &Site) -> Self {
        Self::new(name, PASSIVE_RADIO, site)
    }

    fn new(name: &str, node_type: i32, site: &Site) -> Self {
        Self {
            // Not its name alone: a node that listens may have an identifier made from the same.
            sender: Sender::new(Uuid::of_name(&format!("simulated {name}")), 0),
            name: name.to_owned(),
            node_type,
            site: site.position,
            view: None,
            registration_due: Timestamp::EPOCH,
            status_due: Timestamp::EPOCH,
        }
    }

    /// What is due of what it says of itself.
    fn introduce(&mut self, now: Timestamp, out: &mut Vec<u8>) {
        if now >= self.registration_due {
            self.registration_due = now + REGISTRATION_EVERY;
            let about = About {
                name: &self.name,
                node_type: self.node_type,
                tracks: false,
                stares: self.view.is_some(),
                seen: true,
                status_period: STATUS_EVERY,
            };
            out.extend(self.sender.registration(&about, now));
        }
        if now >= self.status_due {
            self.status_due = now + STATUS_EVERY;
            let point = Point {
                position: self.site,
                horizontal: HorizontalError::round(SITE_SIGMA_M),
                vertical_sigma_m: Some(SITE_SIGMA_M),
                velocity: None,
            };
            out.extend(match &self.view {
                Some(view) => self.sender.status_of_view(&point, view, now),
                None => self.sender.status(Some(&point), false, now),
            });
        }
    }

    fn detection(&mut self, seen: &Seen) -> Vec<u8> {
        let object = self.sender.ulid(seen.time);
        let class = class_word(seen.what.identity.class);
        let sighting = Sighting {
            object,
            place: &seen.what.place,
            class: class.map(|word| (word, f32::from(CLASS_PERCENT) / 100.0)),
            signal: hertz(seen.means).map(|hz| (hz, AMPLITUDE)),
            name: None,
        };
        self.sender.detection(&sighting, seen.time)
    }
}

impl LookEncoder for Sapient {
    fn look(&mut self, look: &Look, out: &mut Vec<u8>) {
        self.introduce(look.time, out);
        for seen in &look.seen {
            out.extend(self.detection(seen));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a centre frequency is told in single precision")]
const fn hertz(means: Means) -> Option<f32> {
    match means {
        Means::Emission(mhz) => Some((mhz * 1e6) as f32),
        Means::Echo | Means::Answer | Means::EchoAndAnswer => None,
    }
}

/// In the words of the standard's taxonomy.
const fn class_word(class: ObjectClass) -> Option<&'static str> {
    match class {
        ObjectClass::Unknown | ObjectClass::Emitter => None,
        ObjectClass::Air => Some("Air Vehicle"),
        ObjectClass::Rotary => Some("Helicopter"),
        ObjectClass::Uav => Some("UAV Rotary Wing"),
        ObjectClass::Surface => Some("Sea Vessel"),
        ObjectClass::Ground => Some("Land Vehicle"),
    }
}
