//! What a node is asked to do, and whether it will. Checked, counted, never acted upon.

use super::Kind::{Enum, Float, Message, Text, Time, Ulid, Word};
use super::common::{ASSOCIATED_FILE, LOCATION_LIST, LOCATION_OR_RANGE_BEARING};
use super::registration::OPERATOR;
use super::{Numbers, Schema, any, may, must, one};

pub(super) const TASK_CONTROL: Numbers = Numbers::up_to(3);
pub(super) const TASK_DISCRETE_THRESHOLD: Numbers = Numbers::up_to(3);
pub(super) const TASK_REGION_TYPE: Numbers = Numbers::up_to(5);
pub(super) const TASK_ACK_TASK_STATUS: Numbers = Numbers::up_to(4);

pub(super) static FOLLOW_OBJECT: Schema =
    Schema { fields: &[must(1, "FollowObject.follow_object_id", Word)], choices: &[] };

pub(super) static TASK: Schema = Schema {
    fields: &[
        must(1, "Task.task_id", Ulid),
        may(2, "Task.task_name", Text),
        may(3, "Task.task_description", Text),
        may(4, "Task.task_start_time", Time),
        may(5, "Task.task_end_time", Time),
        must(6, "Task.control", Enum(TASK_CONTROL)),
        any(7, "Task.region", Message(&TASK_REGION)),
        may(8, "Task.command", Message(&TASK_COMMAND)),
    ],
    choices: &[],
};

pub(super) static TASK_COMMAND: Schema = Schema {
    fields: &[
        one(1, "Task.Command.request", Text, 0),
        one(2, "Task.Command.detection_threshold", Enum(TASK_DISCRETE_THRESHOLD), 0),
        one(3, "Task.Command.detection_report_rate", Enum(TASK_DISCRETE_THRESHOLD), 0),
        one(4, "Task.Command.classification_threshold", Enum(TASK_DISCRETE_THRESHOLD), 0),
        one(5, "Task.Command.mode_change", Text, 0),
        one(6, "Task.Command.look_at", Message(&LOCATION_OR_RANGE_BEARING), 0),
        one(9, "Task.Command.move_to", Message(&LOCATION_LIST), 0),
        one(10, "Task.Command.patrol", Message(&LOCATION_LIST), 0),
        one(11, "Task.Command.follow", Message(&FOLLOW_OBJECT), 0),
        may(8, "Task.Command.command_parameter", Text),
    ],
    choices: &[("Task.Command.command", true)],
};

pub(super) static TASK_REGION: Schema = Schema {
    fields: &[
        must(1, "Task.Region.type", Enum(TASK_REGION_TYPE)),
        must(2, "Task.Region.region_id", Ulid),
        must(3, "Task.Region.region_name", Text),
        must(4, "Task.Region.region_area", Message(&LOCATION_OR_RANGE_BEARING)),
        any(5, "Task.Region.class_filter", Message(&TASK_CLASS_FILTER)),
        any(6, "Task.Region.behaviour_filter", Message(&TASK_BEHAVIOUR_FILTER)),
    ],
    choices: &[],
};

pub(super) static TASK_CLASS_FILTER: Schema = Schema {
    fields: &[
        must(1, "Task.ClassFilter.parameter", Message(&TASK_PARAMETER)),
        must(2, "Task.ClassFilter.type", Text),
        any(3, "Task.ClassFilter.sub_class_filter", Message(&TASK_SUB_CLASS_FILTER)),
        may(4, "Task.ClassFilter.priority", Enum(TASK_DISCRETE_THRESHOLD)),
    ],
    choices: &[],
};

pub(super) static TASK_SUB_CLASS_FILTER: Schema = Schema {
    fields: &[
        must(1, "Task.SubClassFilter.parameter", Message(&TASK_PARAMETER)),
        must(2, "Task.SubClassFilter.type", Text),
        any(3, "Task.SubClassFilter.sub_class_filter", Message(&TASK_SUB_CLASS_FILTER)),
        may(4, "Task.SubClassFilter.priority", Enum(TASK_DISCRETE_THRESHOLD)),
    ],
    choices: &[],
};

pub(super) static TASK_BEHAVIOUR_FILTER: Schema = Schema {
    fields: &[
        must(1, "Task.BehaviourFilter.parameter", Message(&TASK_PARAMETER)),
        may(2, "Task.BehaviourFilter.type", Text),
        may(3, "Task.BehaviourFilter.priority", Enum(TASK_DISCRETE_THRESHOLD)),
    ],
    choices: &[],
};

pub(super) static TASK_PARAMETER: Schema = Schema {
    fields: &[
        must(1, "Task.Parameter.name", Text),
        must(2, "Task.Parameter.operator", Enum(OPERATOR)),
        must(3, "Task.Parameter.value", Float),
    ],
    choices: &[],
};

pub(super) static TASK_ACK: Schema = Schema {
    fields: &[
        must(1, "TaskAck.task_id", Ulid),
        must(2, "TaskAck.task_status", Enum(TASK_ACK_TASK_STATUS)),
        may(4, "TaskAck.associated_file", Message(&ASSOCIATED_FILE)),
        any(5, "TaskAck.reason", Text),
    ],
    choices: &[],
};
