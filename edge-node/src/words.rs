//! The words for statuses, classes and affiliations: one spelling in JSON, in files and on screens.

use fusion_core::identity::{Affiliation, ObjectClass};
use fusion_core::track::TrackStatus;

/// The word for a status.
#[must_use]
pub const fn status(status: Option<TrackStatus>) -> &'static str {
    match status {
        Some(TrackStatus::Tentative) => "tentative",
        Some(TrackStatus::Confirmed) => "confirmed",
        Some(TrackStatus::Coasted) => "coasted",
        None => "deleted",
    }
}

/// The word for a class.
#[must_use]
pub const fn class(class: ObjectClass) -> &'static str {
    match class {
        ObjectClass::Unknown => "unknown",
        ObjectClass::Air => "air",
        ObjectClass::Rotary => "rotary",
        ObjectClass::Uav => "uav",
        ObjectClass::Surface => "surface",
        ObjectClass::Ground => "ground",
        ObjectClass::Emitter => "emitter",
    }
}

/// The word for an affiliation.
#[must_use]
pub const fn affiliation(affiliation: Affiliation) -> &'static str {
    match affiliation {
        Affiliation::Pending => "pending",
        Affiliation::Unknown => "unknown",
        Affiliation::AssumedFriend => "assumed_friend",
        Affiliation::Friend => "friend",
        Affiliation::Neutral => "neutral",
        Affiliation::Suspect => "suspect",
        Affiliation::Hostile => "hostile",
    }
}
