//! The envelope of every message.

use super::Kind::{Message, Text, Time, Uuid};
use super::registration::{REGISTRATION, REGISTRATION_ACK};
use super::report::{ALERT, ALERT_ACK, DETECTION_REPORT, ERROR, STATUS_REPORT};
use super::task::{TASK, TASK_ACK};
use super::{Schema, may, must, one};

pub(super) static SAPIENT_MESSAGE: Schema = Schema {
    fields: &[
        must(1, "SapientMessage.timestamp", Time),
        must(2, "SapientMessage.node_id", Uuid),
        may(3, "SapientMessage.destination_id", Uuid),
        one(4, "SapientMessage.registration", Message(&REGISTRATION), 0),
        one(5, "SapientMessage.registration_ack", Message(&REGISTRATION_ACK), 0),
        one(6, "SapientMessage.status_report", Message(&STATUS_REPORT), 0),
        one(7, "SapientMessage.detection_report", Message(&DETECTION_REPORT), 0),
        one(8, "SapientMessage.task", Message(&TASK), 0),
        one(9, "SapientMessage.task_ack", Message(&TASK_ACK), 0),
        one(10, "SapientMessage.alert", Message(&ALERT), 0),
        one(11, "SapientMessage.alert_ack", Message(&ALERT_ACK), 0),
        one(12, "SapientMessage.error", Message(&ERROR), 0),
        may(13, "SapientMessage.additional_information", Text),
    ],
    choices: &[("SapientMessage.content", true)],
};
