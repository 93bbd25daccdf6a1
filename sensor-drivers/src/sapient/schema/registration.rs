//! What a node says of itself when it comes.

use super::Kind::{Bool, Enum, Float, Int, Message, Text, Word};
use super::common::{ENU_VELOCITY_UNITS, LOCATION_OR_RANGE_BEARING, RANGE_BEARING_DATUM};
use super::common::{LOCATION_COORDINATE_SYSTEM, LOCATION_DATUM, RANGE_BEARING_COORDINATE_SYSTEM};
use super::{Numbers, Schema, any, may, must, one, some};

pub(super) const OPERATOR: Numbers = Numbers::up_to(4);
pub(super) const REGISTRATION_NODE_TYPE: Numbers = Numbers::up_to(20);
pub(super) const REGISTRATION_TIME_UNITS: Numbers = Numbers::up_to(7);
pub(super) const REGISTRATION_STATUS_REPORT_CATEGORY: Numbers = Numbers::up_to(4);
pub(super) const REGISTRATION_MODE_TYPE: Numbers = Numbers::up_to(3);
pub(super) const REGISTRATION_SCAN_TYPE: Numbers = Numbers::up_to(3);
pub(super) const REGISTRATION_TRACKING_TYPE: Numbers = Numbers::up_to(4);
pub(super) const REGISTRATION_DETECTION_REPORT_CATEGORY: Numbers = Numbers::up_to(4);
pub(super) const REGISTRATION_CONFIDENCE_DEFINITION: Numbers = Numbers::up_to(2);
pub(super) const REGISTRATION_COMMAND_TYPE: Numbers = Numbers::up_to(9);
pub(super) const REGISTRATION_REGION_TYPE: Numbers = Numbers::up_to(5);

pub(super) static REGISTRATION: Schema = Schema {
    fields: &[
        some(1, "Registration.node_definition", Message(&REGISTRATION_NODE_DEFINITION)),
        must(2, "Registration.icd_version", Text),
        may(3, "Registration.name", Text),
        may(4, "Registration.short_name", Text),
        some(5, "Registration.capabilities", Message(&REGISTRATION_CAPABILITY)),
        must(6, "Registration.status_definition", Message(&REGISTRATION_STATUS_DEFINITION)),
        some(7, "Registration.mode_definition", Message(&REGISTRATION_MODE_DEFINITION)),
        any(8, "Registration.dependent_nodes", Text),
        any(9, "Registration.reporting_region", Message(&LOCATION_OR_RANGE_BEARING)),
        some(10, "Registration.config_data", Message(&REGISTRATION_CONFIGURATION_DATA)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_NODE_DEFINITION: Schema = Schema {
    fields: &[
        must(1, "Registration.NodeDefinition.node_type", Enum(REGISTRATION_NODE_TYPE)),
        any(2, "Registration.NodeDefinition.node_sub_type", Text),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_CAPABILITY: Schema = Schema {
    fields: &[
        must(1, "Registration.Capability.category", Text),
        must(2, "Registration.Capability.type", Text),
        may(3, "Registration.Capability.value", Text),
        may(4, "Registration.Capability.units", Text),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_STATUS_DEFINITION: Schema = Schema {
    fields: &[
        must(1, "Registration.StatusDefinition.status_interval", Message(&REGISTRATION_DURATION)),
        may(2, "Registration.StatusDefinition.location_definition", Message(&REGISTRATION_LOCATION_TYPE)),
        may(3, "Registration.StatusDefinition.coverage_definition", Message(&REGISTRATION_LOCATION_TYPE)),
        may(4, "Registration.StatusDefinition.obscuration_definition", Message(&REGISTRATION_LOCATION_TYPE)),
        any(5, "Registration.StatusDefinition.status_report", Message(&REGISTRATION_STATUS_REPORT)),
        may(6, "Registration.StatusDefinition.field_of_view_definition", Message(&REGISTRATION_LOCATION_TYPE)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_DURATION: Schema = Schema {
    fields: &[
        must(1, "Registration.Duration.units", Enum(REGISTRATION_TIME_UNITS)),
        must(3, "Registration.Duration.value", Float),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_MODE_PARAMETER: Schema = Schema {
    fields: &[must(1, "Registration.ModeParameter.type", Text), must(2, "Registration.ModeParameter.value", Text)],
    choices: &[],
};

pub(super) static REGISTRATION_LOCATION_TYPE: Schema = Schema {
    fields: &[
        one(1, "Registration.LocationType.location_units", Enum(LOCATION_COORDINATE_SYSTEM), 0),
        one(2, "Registration.LocationType.range_bearing_units", Enum(RANGE_BEARING_COORDINATE_SYSTEM), 0),
        one(3, "Registration.LocationType.location_datum", Enum(LOCATION_DATUM), 1),
        one(4, "Registration.LocationType.range_bearing_datum", Enum(RANGE_BEARING_DATUM), 1),
        may(5, "Registration.LocationType.zone", Text),
    ],
    choices: &[("Registration.LocationType.coordinates_oneof", true), ("Registration.LocationType.datum_oneof", true)],
};

pub(super) static REGISTRATION_VELOCITY_TYPE: Schema = Schema {
    fields: &[
        one(4, "Registration.VelocityType.enu_velocity_units", Message(&ENU_VELOCITY_UNITS), 0),
        one(6, "Registration.VelocityType.location_datum", Enum(LOCATION_DATUM), 1),
        one(7, "Registration.VelocityType.range_bearing_datum", Enum(RANGE_BEARING_DATUM), 1),
        may(8, "Registration.VelocityType.zone", Text),
    ],
    choices: &[
        ("Registration.VelocityType.velocity_units_oneof", true),
        ("Registration.VelocityType.datum_oneof", true),
    ],
};

pub(super) static REGISTRATION_STATUS_REPORT: Schema = Schema {
    fields: &[
        must(1, "Registration.StatusReport.category", Enum(REGISTRATION_STATUS_REPORT_CATEGORY)),
        must(2, "Registration.StatusReport.type", Text),
        may(3, "Registration.StatusReport.units", Text),
        may(4, "Registration.StatusReport.on_change", Bool),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_MODE_DEFINITION: Schema = Schema {
    fields: &[
        must(1, "Registration.ModeDefinition.mode_name", Text),
        must(2, "Registration.ModeDefinition.mode_type", Enum(REGISTRATION_MODE_TYPE)),
        may(3, "Registration.ModeDefinition.mode_description", Text),
        must(4, "Registration.ModeDefinition.settle_time", Message(&REGISTRATION_DURATION)),
        may(5, "Registration.ModeDefinition.maximum_latency", Message(&REGISTRATION_DURATION)),
        may(6, "Registration.ModeDefinition.scan_type", Enum(REGISTRATION_SCAN_TYPE)),
        may(7, "Registration.ModeDefinition.tracking_type", Enum(REGISTRATION_TRACKING_TYPE)),
        may(8, "Registration.ModeDefinition.duration", Message(&REGISTRATION_DURATION)),
        any(9, "Registration.ModeDefinition.mode_parameter", Message(&REGISTRATION_MODE_PARAMETER)),
        any(10, "Registration.ModeDefinition.detection_definition", Message(&REGISTRATION_DETECTION_DEFINITION)),
        must(11, "Registration.ModeDefinition.task", Message(&REGISTRATION_TASK_DEFINITION)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_DETECTION_DEFINITION: Schema = Schema {
    fields: &[
        must(1, "Registration.DetectionDefinition.location_type", Message(&REGISTRATION_LOCATION_TYPE)),
        any(2, "Registration.DetectionDefinition.detection_performance", Message(&REGISTRATION_PERFORMANCE_VALUE)),
        any(3, "Registration.DetectionDefinition.detection_report", Message(&REGISTRATION_DETECTION_REPORT)),
        any(
            4,
            "Registration.DetectionDefinition.detection_class_definition",
            Message(&REGISTRATION_DETECTION_CLASS_DEFINITION),
        ),
        any(5, "Registration.DetectionDefinition.behaviour_definition", Message(&REGISTRATION_BEHAVIOUR_DEFINITION)),
        may(6, "Registration.DetectionDefinition.velocity_type", Message(&REGISTRATION_VELOCITY_TYPE)),
        may(7, "Registration.DetectionDefinition.geometric_error", Message(&REGISTRATION_GEOMETRIC_ERROR)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_GEOMETRIC_ERROR: Schema = Schema {
    fields: &[
        must(1, "Registration.GeometricError.type", Text),
        must(2, "Registration.GeometricError.units", Text),
        must(3, "Registration.GeometricError.variation_type", Text),
        any(4, "Registration.GeometricError.performance_value", Message(&REGISTRATION_PERFORMANCE_VALUE)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_PERFORMANCE_VALUE: Schema = Schema {
    fields: &[
        must(1, "Registration.PerformanceValue.type", Text),
        must(2, "Registration.PerformanceValue.units", Text),
        must(3, "Registration.PerformanceValue.unit_value", Text),
        may(4, "Registration.PerformanceValue.variation_type", Text),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_DETECTION_REPORT: Schema = Schema {
    fields: &[
        must(1, "Registration.DetectionReport.category", Enum(REGISTRATION_DETECTION_REPORT_CATEGORY)),
        must(2, "Registration.DetectionReport.type", Text),
        must(3, "Registration.DetectionReport.units", Text),
        may(4, "Registration.DetectionReport.on_change", Bool),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_DETECTION_CLASS_DEFINITION: Schema = Schema {
    fields: &[
        may(1, "Registration.DetectionClassDefinition.confidence_definition", Enum(REGISTRATION_CONFIDENCE_DEFINITION)),
        any(2, "Registration.DetectionClassDefinition.class_performance", Message(&REGISTRATION_PERFORMANCE_VALUE)),
        any(3, "Registration.DetectionClassDefinition.class_definition", Message(&REGISTRATION_CLASS_DEFINITION)),
        any(
            4,
            "Registration.DetectionClassDefinition.taxonomy_dock_definition",
            Message(&REGISTRATION_TAXONOMY_DOCK_DEFINITION),
        ),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_CLASS_DEFINITION: Schema = Schema {
    fields: &[
        must(1, "Registration.ClassDefinition.type", Text),
        may(2, "Registration.ClassDefinition.units", Text),
        any(3, "Registration.ClassDefinition.sub_class", Message(&REGISTRATION_SUB_CLASS)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_SUB_CLASS: Schema = Schema {
    fields: &[
        must(1, "Registration.SubClass.type", Text),
        may(2, "Registration.SubClass.units", Text),
        must(3, "Registration.SubClass.level", Int),
        any(4, "Registration.SubClass.sub_class", Message(&REGISTRATION_SUB_CLASS)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_BEHAVIOUR_DEFINITION: Schema = Schema {
    fields: &[
        must(1, "Registration.BehaviourDefinition.type", Text),
        may(2, "Registration.BehaviourDefinition.units", Text),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_TASK_DEFINITION: Schema = Schema {
    fields: &[
        may(1, "Registration.TaskDefinition.concurrent_tasks", Int),
        must(2, "Registration.TaskDefinition.region_definition", Message(&REGISTRATION_REGION_DEFINITION)),
        any(3, "Registration.TaskDefinition.command", Message(&REGISTRATION_COMMAND)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_CLASS_FILTER_DEFINITION: Schema = Schema {
    fields: &[
        any(1, "Registration.ClassFilterDefinition.filter_parameter", Message(&REGISTRATION_FILTER_PARAMETER)),
        any(
            2,
            "Registration.ClassFilterDefinition.sub_class_definition",
            Message(&REGISTRATION_SUB_CLASS_FILTER_DEFINITION),
        ),
        must(3, "Registration.ClassFilterDefinition.type", Text),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_SUB_CLASS_FILTER_DEFINITION: Schema = Schema {
    fields: &[
        any(1, "Registration.SubClassFilterDefinition.filter_parameter", Message(&REGISTRATION_FILTER_PARAMETER)),
        must(2, "Registration.SubClassFilterDefinition.level", Int),
        must(3, "Registration.SubClassFilterDefinition.type", Text),
        any(
            4,
            "Registration.SubClassFilterDefinition.sub_class_definition",
            Message(&REGISTRATION_SUB_CLASS_FILTER_DEFINITION),
        ),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_FILTER_PARAMETER: Schema = Schema {
    fields: &[
        must(1, "Registration.FilterParameter.parameter", Text),
        some(2, "Registration.FilterParameter.operators", Enum(OPERATOR)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_BEHAVIOUR_FILTER_DEFINITION: Schema = Schema {
    fields: &[
        any(1, "Registration.BehaviourFilterDefinition.filter_parameter", Message(&REGISTRATION_FILTER_PARAMETER)),
        must(2, "Registration.BehaviourFilterDefinition.type", Text),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_COMMAND: Schema = Schema {
    fields: &[
        must(2, "Registration.Command.units", Text),
        must(3, "Registration.Command.completion_time", Message(&REGISTRATION_DURATION)),
        must(4, "Registration.Command.type", Enum(REGISTRATION_COMMAND_TYPE)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_REGION_DEFINITION: Schema = Schema {
    fields: &[
        some(1, "Registration.RegionDefinition.region_type", Enum(REGISTRATION_REGION_TYPE)),
        may(2, "Registration.RegionDefinition.settle_time", Message(&REGISTRATION_DURATION)),
        some(3, "Registration.RegionDefinition.region_area", Message(&REGISTRATION_LOCATION_TYPE)),
        any(4, "Registration.RegionDefinition.class_filter_definition", Message(&REGISTRATION_CLASS_FILTER_DEFINITION)),
        any(
            5,
            "Registration.RegionDefinition.behaviour_filter_definition",
            Message(&REGISTRATION_BEHAVIOUR_FILTER_DEFINITION),
        ),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_TAXONOMY_DOCK_DEFINITION: Schema = Schema {
    fields: &[
        must(1, "Registration.TaxonomyDockDefinition.Dock_class_namespace", Text),
        must(2, "Registration.TaxonomyDockDefinition.Dock_class", Text),
        any(3, "Registration.TaxonomyDockDefinition.Extension_subclass", Message(&REGISTRATION_EXTENSION_SUBCLASS)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_EXTENSION_SUBCLASS: Schema = Schema {
    fields: &[
        must(1, "Registration.ExtensionSubclass.Subclass_namespace", Text),
        must(2, "Registration.ExtensionSubclass.Subclass_name", Text),
        may(3, "Registration.ExtensionSubclass.units", Text),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_CONFIGURATION_DATA: Schema = Schema {
    fields: &[
        must(1, "Registration.ConfigurationData.manufacturer", Word),
        must(2, "Registration.ConfigurationData.model", Word),
        may(3, "Registration.ConfigurationData.serial_number", Text),
        may(4, "Registration.ConfigurationData.hardware_version", Text),
        may(5, "Registration.ConfigurationData.software_version", Text),
        any(6, "Registration.ConfigurationData.sub_components", Message(&REGISTRATION_CONFIGURATION_DATA)),
    ],
    choices: &[],
};

pub(super) static REGISTRATION_ACK: Schema = Schema {
    fields: &[must(1, "RegistrationAck.acceptance", Bool), any(3, "RegistrationAck.ack_response_reason", Text)],
    choices: &[],
};
