//! This node and its tracks as SAPIENT messages.
//!
//! A message has one time, that of its envelope, and middlewares refuse what is not of now (0.9 s back at the most). So
//! a state that is older is carried along its straight line to what is still accepted, and its errors grow with that.
//! The standard has no labels; ours stands among what is told of the object.

use fusion_core::frame::Position;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::class::KINDS;
use fusion_core::identity::{ClassBelief, ObjectClass};
use fusion_core::maths::sqrt;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackId;
use proto::pb::sapient as pb;
use proto::pb::sapient::registration as r;
use proto::pb::sapient::sapient_message::Content;
use proto::record::Estimate;
use sensor_drivers::decoder::{HorizontalError, Point, PointVelocity};
use sensor_drivers::fnv::{fnv1a, fnv1a_after};
use sensor_drivers::sapient::encode::{self, About, PICTURE_MARK};
use sensor_drivers::sapient::{Ulid, Uuid};

use crate::board::{Board, Mode};
use crate::node::parents::Parent;
use crate::outputs::moment::Moment;
use crate::picture::predict::{grown, restlessness};
use crate::picture::{SystemTrack, short_name};
use crate::sensor_health::SensorState;
use crate::words;

/// So often this node says how it is.
pub const STATUS_PERIOD: Span = Span::from_secs(5);

/// A report is of no earlier time than this before now: leaves the way to the middleware some of its 0.9 s.
pub const LAG: Span = Span::from_millis(500);

/// A state is carried along its line for so long at the most; what is older is told no more.
pub const CARRIED: Span = Span::from_secs(60);

/// What is no more.
const LOST: &str = "lost";

const FUSION_NODE: i32 = 20;
const MODE: &str = "Default";

/// Kinds less likely than this are not named.
const UNLIKELY: f64 = 0.01;

/// What is told of an object beside where it is: type, and its unit as registered.
const OBJECT_INFO: [(&str, &str); 8] = [
    ("track", "text"),
    ("callsign", "text"),
    ("address", "text"),
    ("squawk", "octal"),
    ("affiliation", "text"),
    ("sensors", "names"),
    ("label", "text"),
    ("mode", "text"),
];

/// Says what messages say of this node's picture.
#[derive(Clone, Debug)]
pub struct Describer {
    /// The node's name.
    pub node: String,
    /// Who it is to the middleware.
    pub me: Uuid,
    /// Where it is.
    pub place: Geodetic,
    /// How far from there its sensors see, metres; `None` without sensors.
    pub reach_m: Option<f64>,
    /// Whether the world is real.
    pub mode: Mode,
}

/// What a status says beside what never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    sensors: usize,
    unwell: usize,
}

impl Condition {
    /// Of the node that shows this board.
    #[must_use]
    pub fn of(board: &Board) -> Self {
        let unwell = board.sensors.iter().filter(|sensor| sensor.state != SensorState::Ok).count();
        Self { sensors: board.sensors.len(), unwell }
    }
}

impl Describer {
    /// What this node is.
    #[must_use]
    pub fn registration(&self, now: Timestamp) -> pb::SapientMessage {
        let name = format!("copmesh {}", self.node);
        let about = About {
            name: &name,
            node_type: FUSION_NODE,
            tracks: true,
            seen: false,
            stares: false,
            status_period: STATUS_PERIOD,
        };
        let mut registration = encode::sample_registration(&about);
        registration.short_name = Some(self.node.clone());
        registration.capabilities = vec![r::Capability {
            category: Some("Detection".into()),
            r#type: Some("Fused tracks".into()),
            ..r::Capability::default()
        }];
        registration.reporting_region = self.coverage();
        registration.status_definition = Some(status_definition());
        for mode in &mut registration.mode_definition {
            mode.mode_name = Some(MODE.into());
            mode.mode_description = Some("Tracks fused from several sensors. Takes no tasks.".into());
            mode.task.get_or_insert_default().concurrent_tasks = Some(0);
            for definition in &mut mode.detection_definition {
                definition.detection_report = OBJECT_INFO.iter().map(|(name, units)| report(name, units)).collect();
                definition.detection_class_definition = vec![classes()];
            }
        }
        self.message(Content::Registration(registration), None, now)
    }

    /// How this node is; `is_new`: otherwise than it was told before.
    #[must_use]
    pub fn status(&self, condition: Condition, is_new: bool, report: Ulid, now: Timestamp) -> pb::SapientMessage {
        use pb::status_report::{Info, Status, StatusLevel, StatusType, System};
        let Condition { sensors, unwell } = condition;
        let say = |level: StatusLevel, value: String| Status {
            status_level: Some(level.into()),
            status_value: Some(value),
            status_type: Some(StatusType::Other.into()),
        };
        let mut status = Vec::new();
        if unwell > 0 {
            status.push(say(
                StatusLevel::WarningStatus,
                format!("{unwell} of {sensors} sensors are not as they should be"),
            ));
        }
        if let Some(word) = self.unreal() {
            let what = format!("{word}: this is not the present; times are moved to now");
            status.push(say(StatusLevel::InformationStatus, what));
        }
        let system = if unwell > 0 { System::Warning } else { System::Ok };
        let at = Point { position: self.place, horizontal: HorizontalError::round(10.0), ..NOWHERE };
        let content = pb::StatusReport {
            report_id: Some(report.to_string()),
            system: Some(system.into()),
            info: Some(if is_new { Info::New } else { Info::Unchanged }.into()),
            mode: Some(MODE.into()),
            node_location: Some(encode::location(&Point { vertical_sigma_m: Some(10.0), ..at })),
            coverage: self.coverage(),
            status,
            ..pb::StatusReport::default()
        };
        self.message(Content::StatusReport(content), None, now)
    }

    /// A track as it is, with the objects that it was made from, at a time that middlewares accept.
    #[must_use]
    pub fn detection(
        &self,
        track: &SystemTrack,
        parents: &[Parent],
        report: Ulid,
        moment: Moment,
    ) -> pb::SapientMessage {
        let record = &track.record;
        let (time, point) = carried(&record.estimate, record.identity.class, moment);
        let content = pb::DetectionReport {
            state: Some(words::status(record.status).into()),
            object_info: self.object_info(track),
            classification: classification(record.identity.class, record.identity.class_belief()),
            id: record.identity.name.as_ref().map(|name| name.trim().to_owned()),
            associated_detection: parents.iter().map(|parent| self.parent(parent, moment)).collect(),
            ..located(record.id, report, &point)
        };
        self.message(Content::DetectionReport(content), None, time)
    }

    fn parent(&self, parent: &Parent, moment: Moment) -> pb::AssociatedDetection {
        pb::AssociatedDetection {
            timestamp: Some(encode::instant(moment.shown(parent.time))),
            node_id: Some(parent.name.node.to_string()),
            object_id: Some(parent.name.object.to_string()),
            association_type: Some(pb::AssociationRelation::Parent.into()),
        }
    }

    /// That an object is no longer in the picture, and where it would be by what was told of it last.
    #[must_use]
    pub fn lost(
        &self,
        id: TrackId,
        last: &Estimate,
        class: ObjectClass,
        report: Ulid,
        moment: Moment,
    ) -> pb::SapientMessage {
        let (time, point) = carried(last, class, moment);
        let content = pb::DetectionReport { state: Some(LOST.into()), ..located(id, report, &point) };
        self.message(Content::DetectionReport(content), None, time)
    }

    /// That a task will not be done.
    #[must_use]
    pub fn task_refusal(&self, task: Ulid, to: Uuid, now: Timestamp) -> pb::SapientMessage {
        let ack = pb::TaskAck {
            task_id: Some(task.to_string()),
            task_status: Some(pb::task_ack::TaskStatus::Rejected.into()),
            reason: vec!["this node shows a picture and takes no tasks".to_owned()],
            ..pb::TaskAck::default()
        };
        self.message(Content::TaskAck(ack), Some(to), now)
    }

    fn message(&self, content: Content, to: Option<Uuid>, time: Timestamp) -> pb::SapientMessage {
        pb::SapientMessage {
            timestamp: Some(encode::instant(time)),
            node_id: Some(self.me.to_string()),
            destination_id: to.map(|to| to.to_string()),
            content: Some(content),
            additional_information: Some(PICTURE_MARK.to_owned()),
        }
    }

    /// The word for a world that is not the present one.
    fn unreal(&self) -> Option<&'static str> {
        (self.mode != Mode::Live).then(|| self.mode.as_str())
    }

    /// All around, as far as the sensors see.
    fn coverage(&self) -> Vec<pb::LocationOrRangeBearing> {
        use pb::location_or_range_bearing::FovOneof;
        let around = |reach_m: f64| pb::RangeBearingCone {
            azimuth: Some(0.0),
            range: Some(reach_m),
            horizontal_extent: Some(360.0),
            coordinate_system: Some(pb::RangeBearingCoordinateSystem::DegreesM.into()),
            datum: Some(pb::RangeBearingDatum::True.into()),
            ..pb::RangeBearingCone::default()
        };
        let cone = self.reach_m.map(around).map(FovOneof::RangeBearing);
        cone.into_iter().map(|cone| pb::LocationOrRangeBearing { fov_oneof: Some(cone) }).collect()
    }

    fn object_info(&self, track: &SystemTrack) -> Vec<pb::detection_report::TrackObjectInfo> {
        let record = &track.record;
        let identity = &record.identity;
        let values = [
            Some(short_name(record.id)),
            identity.name.as_ref().map(|name| name.trim().to_owned()),
            identity.address.map(|address| address.to_string()),
            identity.mode_3a.map(|code| format!("{code:04o}")),
            Some(words::affiliation(identity.affiliation).to_owned()),
            (!record.sensors.is_empty()).then(|| record.sensors.join(", ")),
            Some(record.label.to_string()),
            self.unreal().map(str::to_owned),
        ];
        let told = OBJECT_INFO.iter().zip(values).filter_map(|((name, _), value)| Some((name, value?)));
        let info = |(name, value): (&&str, String)| pb::detection_report::TrackObjectInfo {
            r#type: Some((*name).to_owned()),
            value: Some(value),
            error: None,
        };
        told.map(info).collect()
    }
}

/// The identifier of a track: when it was founded, and a hash of who made it and of its number. The same on all nodes,
/// as long as the object has this number.
#[must_use]
pub fn object(id: TrackId) -> Ulid {
    /// 2020-01-01T00:00:00Z, from which numbers count milliseconds in all but their lowest 22 bits.
    const MILLIS_2020: u64 = 1_577_836_800_000;
    let (node, incarnation) = (id.origin.node.0.to_be_bytes(), id.origin.incarnation.to_be_bytes());
    let number = id.number.0.to_be_bytes();
    let low = [&incarnation[..], &number].iter().fold(fnv1a(&node), |hash, octets| fnv1a_after(hash, octets));
    let high = fnv1a_after(low, &number) & 0xffff;
    let millis = (id.number.0 >> 22) + MILLIS_2020;
    Ulid(u128::from(millis) << 80 | u128::from(high) << 64 | u128::from(low))
}

/// Whether a state is too old to be carried to now.
#[must_use]
pub fn is_old(estimate: &Estimate, moment: Moment) -> bool {
    moment.now - moment.shown(estimate.time) > CARRIED
}

/// When a state is told to be, and what it is then.
fn carried(estimate: &Estimate, class: ObjectClass, moment: Moment) -> (Timestamp, Point) {
    let shown = moment.shown(estimate.time);
    let time = shown.clamp(moment.now - LAG, moment.now);
    let age_s = (time - shown).as_secs_f64().clamp(-CARRIED.as_secs_f64(), CARRIED.as_secs_f64());
    let place = Position::from_vector(estimate.position.vector() + estimate.velocity.vector() * age_s);
    let position = Geodetic::from_ecef(place);
    let covariance = grown(&estimate.covariance, age_s, restlessness(class));
    let p = covariance.matrix();
    let sigma = |axis: usize| sqrt(p[(axis, axis)]);
    let velocity = position.enu_axes() * estimate.velocity.vector();
    let velocity = PointVelocity {
        east_north_up: [velocity.x, velocity.y, velocity.z],
        horizontal_sigma: sigma(3).max(sigma(4)),
        vertical_sigma: sigma(5),
    };
    let horizontal = HorizontalError { east_sigma_m: sigma(0), north_sigma_m: sigma(1), correlation: 0.0 };
    (time, Point { position, horizontal, vertical_sigma_m: Some(sigma(2)), velocity: Some(velocity) })
}

/// A report of where and how fast an object is.
fn located(id: TrackId, report: Ulid, point: &Point) -> pb::DetectionReport {
    use pb::detection_report::{LocationOneof, VelocityOneof};
    pb::DetectionReport {
        report_id: Some(report.to_string()),
        object_id: Some(object(id).to_string()),
        location_oneof: Some(LocationOneof::Location(encode::location(point))),
        velocity_oneof: encode::velocity(point).map(VelocityOneof::EnuVelocity),
        ..pb::DetectionReport::default()
    }
}

const NOWHERE: Point = Point {
    position: Geodetic { latitude: 0.0, longitude: 0.0, height_m: 0.0 },
    horizontal: HorizontalError::round(0.0),
    vertical_sigma_m: None,
    velocity: None,
};

/// The words of the standard's taxonomy for our kinds; those in the air are of one class.
const fn class_word(kind: ObjectClass) -> &'static str {
    match kind {
        ObjectClass::Air => "Manned Fixed Wing",
        ObjectClass::Rotary => "Manned Rotary Wing",
        ObjectClass::Uav => "UAV",
        ObjectClass::Surface => "Sea Vessel",
        ObjectClass::Ground => "Land Vehicle",
        ObjectClass::Emitter => "Other",
        ObjectClass::Unknown => "Unknown",
    }
}

const IN_THE_AIR: &str = "Air Vehicle";

const fn flies(kind: ObjectClass) -> bool {
    matches!(kind, ObjectClass::Air | ObjectClass::Rotary | ObjectClass::Uav)
}

/// How likely an object is what. Of one that nobody said anything of, that.
fn classification(word: ObjectClass, belief: ClassBelief) -> Vec<pb::detection_report::DetectionReportClassification> {
    use pb::detection_report::{DetectionReportClassification as Class, SubClass};
    if belief == ClassBelief::UNKNOWN {
        return vec![Class { r#type: Some(class_word(word).into()), confidence: None, sub_class: vec![] }];
    }
    let kinds = || KINDS.into_iter().zip(belief.probabilities());
    let likely = || kinds().filter(|(_, p)| *p >= UNLIKELY);
    let finer = |(kind, p): (ObjectClass, f64)| SubClass {
        r#type: Some(class_word(kind).into()),
        confidence: Some(single(p)),
        level: Some(1),
        sub_class: vec![],
    };
    let class =
        |word: &str, p: f64, sub_class| Class { r#type: Some(word.into()), confidence: Some(single(p)), sub_class };
    let in_the_air: Vec<SubClass> = likely().filter(|(kind, _)| flies(*kind)).map(finer).collect();
    let flying: f64 = kinds().filter(|(kind, _)| flies(*kind)).map(|(_, p)| p).sum();
    let air = (flying >= UNLIKELY).then(|| class(IN_THE_AIR, flying, in_the_air));
    let others = likely().filter(|(kind, _)| !flies(*kind)).map(|(kind, p)| class(class_word(kind), p, vec![]));
    air.into_iter().chain(others).collect()
}

fn status_definition() -> r::StatusDefinition {
    let interval =
        r::Duration { units: Some(r::TimeUnits::Seconds.into()), value: Some(single(STATUS_PERIOD.as_secs_f64())) };
    let said = |category: r::StatusReportCategory, what: &str| r::StatusReport {
        category: Some(category.into()),
        r#type: Some(what.into()),
        units: None,
        on_change: Some(false),
    };
    r::StatusDefinition {
        status_interval: Some(interval),
        location_definition: Some(encode::location_type(false)),
        coverage_definition: Some(encode::location_type(true)),
        status_report: vec![
            said(r::StatusReportCategory::Sensor, "Sensor location"),
            said(r::StatusReportCategory::Status, "Other"),
        ],
        ..r::StatusDefinition::default()
    }
}

fn report(name: &str, units: &str) -> r::DetectionReport {
    r::DetectionReport {
        category: Some(r::DetectionReportCategory::Object.into()),
        r#type: Some(name.into()),
        units: Some(units.into()),
        on_change: Some(false),
    }
}

fn classes() -> r::DetectionClassDefinition {
    const UNITS: &str = "probability";
    let finer = |kind: ObjectClass| r::SubClass {
        r#type: Some(class_word(kind).into()),
        units: Some(UNITS.into()),
        level: Some(1),
        sub_class: vec![],
    };
    let class =
        |word: &str, sub_class| r::ClassDefinition { r#type: Some(word.into()), units: Some(UNITS.into()), sub_class };
    let air = class(IN_THE_AIR, KINDS.into_iter().filter(|kind| flies(*kind)).map(finer).collect());
    let others = KINDS.into_iter().filter(|kind| !flies(*kind)).chain([ObjectClass::Emitter, ObjectClass::Unknown]);
    r::DetectionClassDefinition {
        confidence_definition: Some(r::ConfidenceDefinition::MultiClass.into()),
        class_definition: core::iter::once(air).chain(others.map(|kind| class(class_word(kind), vec![]))).collect(),
        ..r::DetectionClassDefinition::default()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a probability, or seconds of an interval")]
const fn single(value: f64) -> f32 {
    value as f32
}
