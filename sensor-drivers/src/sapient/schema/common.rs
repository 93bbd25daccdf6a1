//! Places, directions, velocities and links that several messages share.

use super::Kind::{Double, Enum, Message, Text, Time, Ulid, Uuid};
use super::{Numbers, Schema, may, must, one, some};

pub(super) const ASSOCIATION_RELATION: Numbers = Numbers::up_to(4);
pub(super) const LOCATION_COORDINATE_SYSTEM: Numbers = Numbers::these(&[0, 1, 2, 5]);
pub(super) const LOCATION_DATUM: Numbers = Numbers::up_to(2);
pub(super) const RANGE_BEARING_COORDINATE_SYSTEM: Numbers = Numbers::up_to(4);
pub(super) const RANGE_BEARING_DATUM: Numbers = Numbers::up_to(4);
pub(super) const SPEED_UNITS: Numbers = Numbers::up_to(2);

pub(super) static ASSOCIATED_DETECTION: Schema = Schema {
    fields: &[
        may(1, "AssociatedDetection.timestamp", Time),
        must(2, "AssociatedDetection.node_id", Uuid),
        must(3, "AssociatedDetection.object_id", Ulid),
        may(4, "AssociatedDetection.association_type", Enum(ASSOCIATION_RELATION)),
    ],
    choices: &[],
};

pub(super) static ASSOCIATED_FILE: Schema =
    Schema { fields: &[must(1, "AssociatedFile.type", Text), must(2, "AssociatedFile.url", Text)], choices: &[] };

pub(super) static LOCATION_LIST: Schema =
    Schema { fields: &[some(1, "LocationList.locations", Message(&LOCATION))], choices: &[] };

pub(super) static LOCATION: Schema = Schema {
    fields: &[
        must(1, "Location.x", Double),
        must(2, "Location.y", Double),
        may(3, "Location.z", Double),
        may(4, "Location.x_error", Double),
        may(5, "Location.y_error", Double),
        may(6, "Location.z_error", Double),
        must(7, "Location.coordinate_system", Enum(LOCATION_COORDINATE_SYSTEM)),
        must(8, "Location.datum", Enum(LOCATION_DATUM)),
        may(9, "Location.utm_zone", Text),
    ],
    choices: &[],
};

pub(super) static RANGE_BEARING: Schema = Schema {
    fields: &[
        may(1, "RangeBearing.elevation", Double),
        may(2, "RangeBearing.azimuth", Double),
        may(3, "RangeBearing.range", Double),
        may(4, "RangeBearing.elevation_error", Double),
        may(5, "RangeBearing.azimuth_error", Double),
        may(6, "RangeBearing.range_error", Double),
        must(7, "RangeBearing.coordinate_system", Enum(RANGE_BEARING_COORDINATE_SYSTEM)),
        must(8, "RangeBearing.datum", Enum(RANGE_BEARING_DATUM)),
    ],
    choices: &[],
};

pub(super) static RANGE_BEARING_CONE: Schema = Schema {
    fields: &[
        may(1, "RangeBearingCone.elevation", Double),
        may(2, "RangeBearingCone.azimuth", Double),
        may(3, "RangeBearingCone.range", Double),
        may(4, "RangeBearingCone.horizontal_extent", Double),
        may(5, "RangeBearingCone.vertical_extent", Double),
        may(6, "RangeBearingCone.horizontal_extent_error", Double),
        may(7, "RangeBearingCone.vertical_extent_error", Double),
        may(8, "RangeBearingCone.elevation_error", Double),
        may(9, "RangeBearingCone.azimuth_error", Double),
        may(10, "RangeBearingCone.range_error", Double),
        must(11, "RangeBearingCone.coordinate_system", Enum(RANGE_BEARING_COORDINATE_SYSTEM)),
        must(12, "RangeBearingCone.datum", Enum(RANGE_BEARING_DATUM)),
    ],
    choices: &[],
};

pub(super) static LOCATION_OR_RANGE_BEARING: Schema = Schema {
    fields: &[
        one(1, "LocationOrRangeBearing.range_bearing", Message(&RANGE_BEARING_CONE), 0),
        one(2, "LocationOrRangeBearing.location_list", Message(&LOCATION_LIST), 0),
    ],
    choices: &[("LocationOrRangeBearing.fov_oneof", true)],
};

pub(super) static ENU_VELOCITY: Schema = Schema {
    fields: &[
        must(1, "ENUVelocity.east_rate", Double),
        must(2, "ENUVelocity.north_rate", Double),
        may(3, "ENUVelocity.up_rate", Double),
        may(4, "ENUVelocity.east_rate_error", Double),
        may(5, "ENUVelocity.north_rate_error", Double),
        may(6, "ENUVelocity.up_rate_error", Double),
    ],
    choices: &[],
};

pub(super) static ENU_VELOCITY_UNITS: Schema = Schema {
    fields: &[
        must(1, "ENUVelocityUnits.east_north_rate_units", Enum(SPEED_UNITS)),
        may(2, "ENUVelocityUnits.up_rate_units", Enum(SPEED_UNITS)),
    ],
    choices: &[],
};
