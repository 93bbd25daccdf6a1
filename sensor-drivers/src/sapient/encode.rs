//! What is sent: registrations, reports and answers, framed as on the wire.
//!
//! The simulator speaks as a sensor node through this, the driver answers through it, and so does a node that shows
//! its picture to a SAPIENT middleware. Identifiers come from time, seed and count: the same calls give the same bytes.

use fusion_core::angle::Angle;
use fusion_core::measurement::Cone;
use fusion_core::time::{Span, Timestamp};
use prost::Message as _;
use proto::pb::sapient as pb;
use proto::pb::sapient::sapient_message::Content;

use super::ident::{Ulid, Uuid};
use crate::decoder::{Place, Point, Polar};

/// The edition that a registration names.
pub const EDITION: &str = "BSI Flex 335 v2.0";

/// What the envelope of a message about the picture bears as additional information: whoever hears it through
/// somebody's middleware knows that it is a picture, and takes nothing of it in.
pub const PICTURE_MARK: &str = "copmesh picture";

/// One that speaks SAPIENT.
#[derive(Clone, Debug)]
pub struct Sender {
    node: Uuid,
    seed: u64,
    count: u64,
}

/// What a node registers of itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Its name.
    pub name: &'a str,
    /// `NodeType`: 2 radar, 4 camera, 6 acoustic, 8 passive radio, 20 fusion.
    pub node_type: i32,
    /// Whether its reports are states of tracks.
    pub tracks: bool,
    /// Whether it stares: each of its looks holds all that it detects in its field of view.
    pub stares: bool,
    /// Whether its reports are directions seen from the node rather than points on the earth.
    pub seen: bool,
    /// How often it says how it is.
    pub status_period: Span,
}

/// One thing seen, or one state of a track.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// Which object; the same for the same track.
    pub object: Ulid,
    /// Where.
    pub place: &'a Place,
    /// What it may be, in the words of the taxonomy, and with what probability.
    pub class: Option<(&'a str, f32)>,
    /// Centre frequency of what it transmits, Hz, and amplitude.
    pub signal: Option<(f32, f32)>,
    /// Its own name, as a callsign.
    pub name: Option<&'a str>,
}

impl Default for About<'_> {
    fn default() -> Self {
        Self {
            name: "copmesh",
            node_type: 2,
            tracks: false,
            stares: false,
            seen: true,
            status_period: Span::from_secs(5),
        }
    }
}

impl Sender {
    /// One that speaks as `node`; two of the same name are told apart by their seeds.
    #[must_use]
    pub const fn new(node: Uuid, seed: u64) -> Self {
        Self { node, seed, count: 0 }
    }

    /// Says what the node is.
    pub fn registration(&mut self, about: &About<'_>, time: Timestamp) -> Vec<u8> {
        self.frame(Content::Registration(sample_registration(about)), None, time)
    }

    /// Answers a registration.
    pub fn registration_ack(&mut self, to: Uuid, accepted: bool, reasons: Vec<String>, time: Timestamp) -> Vec<u8> {
        let ack = pb::RegistrationAck { acceptance: Some(accepted), ack_response_reason: reasons };
        self.frame(Content::RegistrationAck(ack), Some(to), time)
    }

    /// Says how the node is: well, or about to leave; and where it is, if it stands anywhere.
    pub fn status(&mut self, place: Option<&Point>, leaving: bool, time: Timestamp) -> Vec<u8> {
        self.status_with(place, None, leaving, time)
    }

    /// Says that the node is well, where it stands, and what it looks at.
    pub fn status_of_view(&mut self, place: &Point, view: &Cone, time: Timestamp) -> Vec<u8> {
        self.status_with(Some(place), Some(view), false, time)
    }

    fn status_with(&mut self, place: Option<&Point>, view: Option<&Cone>, leaving: bool, time: Timestamp) -> Vec<u8> {
        let system = if leaving { pb::status_report::System::Goodbye } else { pb::status_report::System::Ok };
        let report = pb::StatusReport {
            report_id: Some(self.ulid(time).to_string()),
            system: Some(system.into()),
            info: Some(pb::status_report::Info::New.into()),
            mode: Some(MODE.into()),
            node_location: place.map(location),
            field_of_view: view.map(field_of_view),
            ..pb::StatusReport::default()
        };
        self.frame(Content::StatusReport(report), None, time)
    }

    /// Says what was seen, and where it was at this time.
    pub fn detection(&mut self, sighting: &Sighting<'_>, time: Timestamp) -> Vec<u8> {
        use pb::detection_report::{DetectionReportClassification, LocationOneof, Signal, VelocityOneof};
        let (place, velocity) = match sighting.place {
            Place::Polar(polar) => (LocationOneof::RangeBearing(range_bearing(polar)), None),
            Place::Geodetic(point) => (LocationOneof::Location(location(point)), velocity(point)),
        };
        let class = sighting.class.map(|(word, confidence)| DetectionReportClassification {
            r#type: Some(word.into()),
            confidence: Some(confidence),
            sub_class: vec![],
        });
        let signal = sighting.signal.map(|(frequency, amplitude)| Signal {
            amplitude: Some(amplitude),
            centre_frequency: Some(frequency),
            ..Signal::default()
        });
        let report = pb::DetectionReport {
            report_id: Some(self.ulid(time).to_string()),
            object_id: Some(sighting.object.to_string()),
            location_oneof: Some(place),
            velocity_oneof: velocity.map(VelocityOneof::EnuVelocity),
            classification: class.into_iter().collect(),
            signal: signal.into_iter().collect(),
            id: sighting.name.map(str::to_owned),
            ..pb::DetectionReport::default()
        };
        self.frame(Content::DetectionReport(report), None, time)
    }

    /// Says that somebody should look.
    pub fn alert(&mut self, description: &str, time: Timestamp) -> Vec<u8> {
        let alert = pb::Alert {
            alert_id: Some(self.ulid(time).to_string()),
            alert_type: Some(pb::alert::AlertType::Warning.into()),
            status: Some(pb::alert::AlertStatus::Active.into()),
            description: Some(description.into()),
            ..pb::Alert::default()
        };
        self.frame(Content::Alert(alert), None, time)
    }

    /// Sends back what was refused, and says why.
    pub fn error(&mut self, to: Option<Uuid>, packet: &[u8], reason: String, time: Timestamp) -> Vec<u8> {
        let error = pb::Error { packet: Some(packet.to_vec()), error_message: vec![reason] };
        self.frame(Content::Error(error), to, time)
    }

    /// An identifier that was not used before.
    pub fn ulid(&mut self, time: Timestamp) -> Ulid {
        self.count = self.count.wrapping_add(1);
        Ulid::new(time, self.seed, self.count)
    }

    fn frame(&self, content: Content, to: Option<Uuid>, time: Timestamp) -> Vec<u8> {
        framed(&pb::SapientMessage {
            timestamp: Some(instant(time)),
            node_id: Some(self.node.to_string()),
            destination_id: to.map(|to| to.to_string()),
            content: Some(content),
            additional_information: None,
        })
    }
}

/// A message behind its length.
#[must_use]
pub fn framed(message: &pb::SapientMessage) -> Vec<u8> {
    let length = message.encoded_len();
    let mut bytes = Vec::with_capacity(length + 4);
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    message.encode(&mut bytes).expect("a vector grows");
    bytes
}

/// The only mode of a node that registers here.
const MODE: &str = "Default";

/// A registration as [`Sender::registration`] sends it, without its envelope.
#[must_use]
pub fn sample_registration(about: &About<'_>) -> pb::Registration {
    use pb::registration as r;
    let duration =
        |span: Span| r::Duration { units: Some(r::TimeUnits::Seconds.into()), value: Some(single(span.as_secs_f64())) };
    let tracking = if about.tracks { r::TrackingType::Track } else { r::TrackingType::None };
    let mode = r::ModeDefinition {
        mode_name: Some(MODE.into()),
        mode_type: Some(r::ModeType::Permanent.into()),
        settle_time: Some(duration(Span::ZERO)),
        scan_type: about.stares.then_some(r::ScanType::Fixed.into()),
        tracking_type: Some(tracking.into()),
        detection_definition: vec![r::DetectionDefinition {
            location_type: Some(location_type(about.seen)),
            velocity_type: Some(velocity_type()),
            ..r::DetectionDefinition::default()
        }],
        task: Some(r::TaskDefinition {
            region_definition: Some(r::RegionDefinition {
                region_type: vec![r::RegionType::AreaOfInterest.into()],
                region_area: vec![location_type(false)],
                ..r::RegionDefinition::default()
            }),
            ..r::TaskDefinition::default()
        }),
        ..r::ModeDefinition::default()
    };
    pb::Registration {
        node_definition: vec![r::NodeDefinition { node_type: Some(about.node_type), node_sub_type: vec![] }],
        icd_version: Some(EDITION.into()),
        name: Some(about.name.into()),
        short_name: None,
        capabilities: vec![r::Capability {
            category: Some("Detection".into()),
            r#type: Some(about.name.into()),
            ..r::Capability::default()
        }],
        status_definition: Some(r::StatusDefinition {
            status_interval: Some(duration(about.status_period)),
            ..r::StatusDefinition::default()
        }),
        mode_definition: vec![mode],
        config_data: vec![r::ConfigurationData {
            manufacturer: "copmesh".into(),
            model: about.name.into(),
            ..r::ConfigurationData::default()
        }],
        ..pb::Registration::default()
    }
}

/// How places are told: points on the earth in degrees and metres, or directions seen from the node.
#[must_use]
pub fn location_type(seen: bool) -> pb::registration::LocationType {
    use pb::registration::location_type::{CoordinatesOneof, DatumOneof};
    let (units, datum) = if seen {
        (
            CoordinatesOneof::RangeBearingUnits(pb::RangeBearingCoordinateSystem::DegreesM.into()),
            DatumOneof::RangeBearingDatum(pb::RangeBearingDatum::True.into()),
        )
    } else {
        (
            CoordinatesOneof::LocationUnits(pb::LocationCoordinateSystem::LatLngDegM.into()),
            DatumOneof::LocationDatum(pb::LocationDatum::Wgs84E.into()),
        )
    };
    pb::registration::LocationType { coordinates_oneof: Some(units), datum_oneof: Some(datum), zone: None }
}

fn velocity_type() -> pb::registration::VelocityType {
    use pb::registration::velocity_type::{DatumOneof, VelocityUnitsOneof};
    let units = pb::EnuVelocityUnits {
        east_north_rate_units: Some(pb::SpeedUnits::Ms.into()),
        up_rate_units: Some(pb::SpeedUnits::Ms.into()),
    };
    pb::registration::VelocityType {
        velocity_units_oneof: Some(VelocityUnitsOneof::EnuVelocityUnits(units)),
        datum_oneof: Some(DatumOneof::LocationDatum(pb::LocationDatum::Wgs84E.into())),
        zone: None,
    }
}

/// In degrees and metres from true north.
fn range_bearing(polar: &Polar) -> pb::RangeBearing {
    pb::RangeBearing {
        azimuth: Some(polar.azimuth.value.to_degrees()),
        azimuth_error: Some(polar.azimuth.sigma.to_degrees()),
        range: polar.range.map(|range| range.value),
        range_error: polar.range.map(|range| range.sigma),
        elevation: polar.elevation.map(|elevation| elevation.value.to_degrees()),
        elevation_error: polar.elevation.map(|elevation| elevation.sigma.to_degrees()),
        coordinate_system: Some(pb::RangeBearingCoordinateSystem::DegreesM.into()),
        datum: Some(pb::RangeBearingDatum::True.into()),
    }
}

/// A cone about its middle, in degrees and metres from true north.
fn field_of_view(cone: &Cone) -> pb::LocationOrRangeBearing {
    let middle = Angle::from_radians(cone.from.radians() + 0.5 * cone.width_rad);
    let (low, high) = (cone.elevation_min_rad, cone.elevation_max_rad);
    let told = pb::RangeBearingCone {
        azimuth: Some(middle.compass_degrees()),
        horizontal_extent: Some(cone.width_rad.to_degrees()),
        elevation: Some(f64::midpoint(low, high).to_degrees()),
        vertical_extent: Some((high - low).to_degrees()),
        range: Some(cone.range_max_m),
        coordinate_system: Some(pb::RangeBearingCoordinateSystem::DegreesM.into()),
        datum: Some(pb::RangeBearingDatum::True.into()),
        ..pb::RangeBearingCone::default()
    };
    pb::LocationOrRangeBearing { fov_oneof: Some(pb::location_or_range_bearing::FovOneof::RangeBearing(told)) }
}

/// In degrees and metres above the ellipsoid; errors in the same units.
#[must_use]
pub fn location(point: &Point) -> pb::Location {
    let metre = (1.0 / fusion_core::geodesy::SEMI_MAJOR_AXIS_M).to_degrees();
    let across = fusion_core::maths::cos(point.position.latitude).max(1e-9);
    pb::Location {
        x: Some(point.position.longitude_deg()),
        y: Some(point.position.latitude_deg()),
        z: point.vertical_sigma_m.map(|_| point.position.height_m),
        x_error: Some(point.horizontal.east_sigma_m * metre / across),
        y_error: Some(point.horizontal.north_sigma_m * metre),
        z_error: point.vertical_sigma_m,
        coordinate_system: Some(pb::LocationCoordinateSystem::LatLngDegM.into()),
        datum: Some(pb::LocationDatum::Wgs84E.into()),
        utm_zone: None,
    }
}

/// In metres per second, if one is known.
#[must_use]
pub fn velocity(point: &Point) -> Option<pb::EnuVelocity> {
    let velocity = point.velocity?;
    let [east, north, up] = velocity.east_north_up;
    Some(pb::EnuVelocity {
        east_rate: Some(east),
        north_rate: Some(north),
        up_rate: Some(up),
        east_rate_error: Some(velocity.horizontal_sigma),
        north_rate_error: Some(velocity.horizontal_sigma),
        up_rate_error: Some(velocity.vertical_sigma),
    })
}

/// A time as it is told.
#[must_use]
pub fn instant(time: Timestamp) -> pb::Time {
    let nanos = time.as_nanos();
    pb::Time {
        seconds: nanos.div_euclid(1_000_000_000),
        nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).expect("below 10⁹"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of an interval")]
const fn single(value: f64) -> f32 {
    value as f32
}
