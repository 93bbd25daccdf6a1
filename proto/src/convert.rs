//! From our own types to the schema's. One way for now: nothing foreign comes in through protobuf yet.

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Affiliation, Identity, ObjectClass};
use fusion_core::label::{Codes, Label};
use fusion_core::track::TrackStatus;

use crate::pb;
use crate::record::{Estimate, TrackRecord};

/// A record as consoles see it.
#[must_use]
pub fn track_record(record: &TrackRecord) -> pb::TrackRecord {
    pb::TrackRecord {
        origin: Some(pb::Origin { node: record.id.origin.node.0, incarnation: record.id.origin.incarnation }),
        track_number: record.id.number.0,
        version: record.version.0,
        status: status(record.status).into(),
        estimate: Some(estimate(&record.estimate)),
        identity: Some(identity(&record.identity)),
        label: Some(label(&record.label)),
        sensors: record.sensors.clone(),
        updates: record.updates,
        source_track: record.source_track,
    }
}

/// One entry of the picture, under the id and name that consoles know it by.
#[must_use]
pub fn system_track(record: &TrackRecord, id: String, name: String) -> pb::SystemTrack {
    pb::SystemTrack {
        id,
        name,
        status: status(record.status).into(),
        estimate: Some(estimate(&record.estimate)),
        identity: Some(identity(&record.identity)),
        label: Some(label(&record.label)),
        sensors: record.sensors.clone(),
        updates: record.updates,
        source_track: record.source_track,
        formerly: Vec::new(),
        stale: false,
        remark: None,
    }
}

/// The status; `None` means that the track is gone.
#[must_use]
pub const fn status(status: Option<TrackStatus>) -> pb::Status {
    match status {
        Some(TrackStatus::Tentative) => pb::Status::Tentative,
        Some(TrackStatus::Confirmed) => pb::Status::Confirmed,
        Some(TrackStatus::Coasted) => pb::Status::Coasted,
        None => pb::Status::Deleted,
    }
}

/// An estimate in geodetic coordinates and local axes.
#[must_use]
pub fn estimate(estimate: &Estimate) -> pb::Estimate {
    let geodetic = Geodetic::from_ecef(estimate.position);
    let velocity = geodetic.enu_axes() * estimate.velocity.vector();
    let p = estimate.covariance.matrix();
    pb::Estimate {
        time_ns: estimate.time.as_nanos(),
        position: Some(pb::Geodetic {
            latitude_deg: geodetic.latitude_deg(),
            longitude_deg: geodetic.longitude_deg(),
            height_m: geodetic.height_m,
        }),
        velocity_east_m_s: velocity.x,
        velocity_north_m_s: velocity.y,
        velocity_up_m_s: velocity.z,
        covariance: (0..6).flat_map(|i| (i..6).map(move |j| p[(i, j)])).collect(),
    }
}

/// An identity; absent parts are empty.
#[must_use]
pub fn identity(identity: &Identity) -> pb::Identity {
    pb::Identity {
        address: identity.address.map(|a| a.to_string()).unwrap_or_default(),
        name: identity.name.as_ref().map(ToString::to_string).unwrap_or_default(),
        mode_3a: identity.mode_3a.map(u32::from),
        object_class: object_class(identity.class).into(),
        affiliation: affiliation(identity.affiliation).into(),
    }
}

/// A label, its codes in order.
#[must_use]
pub fn label(label: &Label) -> pb::Label {
    let codes = |codes: &Codes| codes.as_slice().iter().map(|c| c.as_str().to_owned()).collect();
    pb::Label {
        level: label.level.as_str().to_owned(),
        releasable_to: codes(&label.releasable_to),
        caveats: codes(&label.caveats),
        originators: codes(&label.originators),
    }
}

fn object_class(class: ObjectClass) -> pb::ObjectClass {
    match class {
        ObjectClass::Air => pb::ObjectClass::Air,
        ObjectClass::Rotary => pb::ObjectClass::Rotary,
        ObjectClass::Uav => pb::ObjectClass::Uav,
        ObjectClass::Surface => pb::ObjectClass::Surface,
        ObjectClass::Ground => pb::ObjectClass::Ground,
        ObjectClass::Emitter => pb::ObjectClass::Emitter,
        ObjectClass::Unknown => pb::ObjectClass::Unknown,
    }
}

fn affiliation(affiliation: Affiliation) -> pb::Affiliation {
    match affiliation {
        Affiliation::Pending => pb::Affiliation::Pending,
        Affiliation::Unknown => pb::Affiliation::Unknown,
        Affiliation::AssumedFriend => pb::Affiliation::AssumedFriend,
        Affiliation::Friend => pb::Affiliation::Friend,
        Affiliation::Neutral => pb::Affiliation::Neutral,
        Affiliation::Suspect => pb::Affiliation::Suspect,
        Affiliation::Hostile => pb::Affiliation::Hostile,
    }
}
