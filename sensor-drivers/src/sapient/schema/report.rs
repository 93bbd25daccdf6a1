//! What a node reports: what it sees, how it is, what somebody should look at, and what it refused.

use super::Kind::{Bytes, Enum, Float, Int, Message, Text, Time, Ulid, Uuid};
use super::common::{ASSOCIATED_DETECTION, ASSOCIATED_FILE, ENU_VELOCITY, LOCATION};
use super::common::{LOCATION_OR_RANGE_BEARING, RANGE_BEARING};
use super::{Numbers, Schema, any, may, must, one};

pub(super) const ALERT_ALERT_TYPE: Numbers = Numbers::up_to(6);
pub(super) const ALERT_ALERT_STATUS: Numbers = Numbers::up_to(5);
pub(super) const ALERT_DISCRETE_PRIORITY: Numbers = Numbers::up_to(3);
pub(super) const ALERT_ACK_ALERT_ACK_STATUS: Numbers = Numbers::up_to(3);
pub(super) const STATUS_REPORT_SYSTEM: Numbers = Numbers::these(&[0, 1, 2, 3, 5]);
pub(super) const STATUS_REPORT_POWER_SOURCE: Numbers = Numbers::up_to(8);
pub(super) const STATUS_REPORT_POWER_STATUS: Numbers = Numbers::up_to(2);
pub(super) const STATUS_REPORT_INFO: Numbers = Numbers::up_to(2);
pub(super) const STATUS_REPORT_STATUS_TYPE: Numbers = Numbers::up_to(13);
pub(super) const STATUS_REPORT_STATUS_LEVEL: Numbers = Numbers::these(&[0, 2, 3, 4]);

pub(super) static ALERT: Schema = Schema {
    fields: &[
        must(1, "Alert.alert_id", Ulid),
        may(2, "Alert.alert_type", Enum(ALERT_ALERT_TYPE)),
        may(3, "Alert.status", Enum(ALERT_ALERT_STATUS)),
        may(4, "Alert.description", Text),
        one(5, "Alert.range_bearing", Message(&RANGE_BEARING), 0),
        one(6, "Alert.location", Message(&LOCATION), 0),
        may(7, "Alert.region_id", Ulid),
        may(8, "Alert.priority", Enum(ALERT_DISCRETE_PRIORITY)),
        may(9, "Alert.ranking", Float),
        may(10, "Alert.confidence", Float),
        any(11, "Alert.associated_file", Message(&ASSOCIATED_FILE)),
        any(12, "Alert.associated_detection", Message(&ASSOCIATED_DETECTION)),
        may(13, "Alert.additional_information", Text),
    ],
    choices: &[("Alert.location_oneof", false)],
};

pub(super) static ALERT_ACK: Schema = Schema {
    fields: &[
        must(1, "AlertAck.alert_id", Ulid),
        any(4, "AlertAck.reason", Text),
        must(5, "AlertAck.alert_ack_status", Enum(ALERT_ACK_ALERT_ACK_STATUS)),
    ],
    choices: &[],
};

pub(super) static DETECTION_REPORT: Schema = Schema {
    fields: &[
        must(1, "DetectionReport.report_id", Ulid),
        must(2, "DetectionReport.object_id", Ulid),
        may(3, "DetectionReport.task_id", Ulid),
        may(4, "DetectionReport.state", Text),
        one(5, "DetectionReport.range_bearing", Message(&RANGE_BEARING), 0),
        one(6, "DetectionReport.location", Message(&LOCATION), 0),
        may(7, "DetectionReport.detection_confidence", Float),
        any(8, "DetectionReport.track_info", Message(&DETECTION_REPORT_TRACK_OBJECT_INFO)),
        may(9, "DetectionReport.prediction_location", Message(&DETECTION_REPORT_PREDICTED_LOCATION)),
        any(10, "DetectionReport.object_info", Message(&DETECTION_REPORT_TRACK_OBJECT_INFO)),
        any(11, "DetectionReport.classification", Message(&DETECTION_CLASSIFICATION)),
        any(12, "DetectionReport.behaviour", Message(&DETECTION_REPORT_BEHAVIOUR)),
        any(13, "DetectionReport.associated_file", Message(&ASSOCIATED_FILE)),
        any(14, "DetectionReport.signal", Message(&DETECTION_REPORT_SIGNAL)),
        any(15, "DetectionReport.associated_detection", Message(&ASSOCIATED_DETECTION)),
        any(16, "DetectionReport.derived_detection", Message(&DETECTION_REPORT_DERIVED_DETECTION)),
        one(19, "DetectionReport.enu_velocity", Message(&ENU_VELOCITY), 1),
        may(22, "DetectionReport.colour", Text),
        may(23, "DetectionReport.id", Text),
    ],
    choices: &[("DetectionReport.location_oneof", true), ("DetectionReport.velocity_oneof", false)],
};

pub(super) static DETECTION_REPORT_PREDICTED_LOCATION: Schema = Schema {
    fields: &[
        one(1, "DetectionReport.PredictedLocation.range_bearing", Message(&RANGE_BEARING), 0),
        one(2, "DetectionReport.PredictedLocation.location", Message(&LOCATION), 0),
        may(3, "DetectionReport.PredictedLocation.predicted_timestamp", Time),
    ],
    choices: &[("DetectionReport.PredictedLocation.predicted_location_oneof", false)],
};

pub(super) static DETECTION_REPORT_TRACK_OBJECT_INFO: Schema = Schema {
    fields: &[
        must(1, "DetectionReport.TrackObjectInfo.type", Text),
        must(2, "DetectionReport.TrackObjectInfo.value", Text),
        may(3, "DetectionReport.TrackObjectInfo.error", Float),
    ],
    choices: &[],
};

pub(super) static DETECTION_CLASSIFICATION: Schema = Schema {
    fields: &[
        must(1, "DetectionReport.DetectionReportClassification.type", Text),
        may(2, "DetectionReport.DetectionReportClassification.confidence", Float),
        any(3, "DetectionReport.DetectionReportClassification.sub_class", Message(&DETECTION_REPORT_SUB_CLASS)),
    ],
    choices: &[],
};

pub(super) static DETECTION_REPORT_SUB_CLASS: Schema = Schema {
    fields: &[
        must(1, "DetectionReport.SubClass.type", Text),
        may(2, "DetectionReport.SubClass.confidence", Float),
        must(3, "DetectionReport.SubClass.level", Int),
        any(4, "DetectionReport.SubClass.sub_class", Message(&DETECTION_REPORT_SUB_CLASS)),
    ],
    choices: &[],
};

pub(super) static DETECTION_REPORT_BEHAVIOUR: Schema = Schema {
    fields: &[must(1, "DetectionReport.Behaviour.type", Text), may(2, "DetectionReport.Behaviour.confidence", Float)],
    choices: &[],
};

pub(super) static DETECTION_REPORT_SIGNAL: Schema = Schema {
    fields: &[
        must(1, "DetectionReport.Signal.amplitude", Float),
        may(2, "DetectionReport.Signal.start_frequency", Float),
        must(3, "DetectionReport.Signal.centre_frequency", Float),
        may(4, "DetectionReport.Signal.stop_frequency", Float),
        may(5, "DetectionReport.Signal.pulse_duration", Float),
    ],
    choices: &[],
};

pub(super) static DETECTION_REPORT_DERIVED_DETECTION: Schema = Schema {
    fields: &[
        may(1, "DetectionReport.DerivedDetection.timestamp", Time),
        must(2, "DetectionReport.DerivedDetection.node_id", Uuid),
        must(3, "DetectionReport.DerivedDetection.object_id", Ulid),
    ],
    choices: &[],
};

pub(super) static ERROR: Schema =
    Schema { fields: &[must(1, "Error.packet", Bytes), any(3, "Error.error_message", Text)], choices: &[] };

pub(super) static STATUS_REPORT: Schema = Schema {
    fields: &[
        must(1, "StatusReport.report_id", Ulid),
        must(2, "StatusReport.system", Enum(STATUS_REPORT_SYSTEM)),
        must(3, "StatusReport.info", Enum(STATUS_REPORT_INFO)),
        may(4, "StatusReport.active_task_id", Ulid),
        must(5, "StatusReport.mode", Text),
        may(6, "StatusReport.power", Message(&STATUS_REPORT_POWER)),
        may(7, "StatusReport.node_location", Message(&LOCATION)),
        may(8, "StatusReport.field_of_view", Message(&LOCATION_OR_RANGE_BEARING)),
        any(10, "StatusReport.obscuration", Message(&LOCATION_OR_RANGE_BEARING)),
        any(11, "StatusReport.status", Message(&STATUS_REPORT_STATUS)),
        any(12, "StatusReport.coverage", Message(&LOCATION_OR_RANGE_BEARING)),
    ],
    choices: &[],
};

pub(super) static STATUS_REPORT_POWER: Schema = Schema {
    fields: &[
        may(3, "StatusReport.Power.level", Int),
        may(4, "StatusReport.Power.source", Enum(STATUS_REPORT_POWER_SOURCE)),
        may(5, "StatusReport.Power.status", Enum(STATUS_REPORT_POWER_STATUS)),
    ],
    choices: &[],
};

pub(super) static STATUS_REPORT_STATUS: Schema = Schema {
    fields: &[
        may(1, "StatusReport.Status.status_level", Enum(STATUS_REPORT_STATUS_LEVEL)),
        may(3, "StatusReport.Status.status_value", Text),
        must(4, "StatusReport.Status.status_type", Enum(STATUS_REPORT_STATUS_TYPE)),
    ],
    choices: &[],
};
