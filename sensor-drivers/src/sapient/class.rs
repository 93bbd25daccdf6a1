//! From the words of a classification to how likely each kind is.
//!
//! The words are free; the standard's taxonomy ("Air Vehicle", "UAV Rotary Wing", "Human") is only recommended. So each
//! word of a text is looked up by itself. What is not known says nothing.

use fusion_core::identity::class::KINDS;
use fusion_core::identity::{ClassBelief, ObjectClass};

use crate::protobuf::Parts;

/// Sub-classes that are followed; further ones would be finer than our words.
///
/// No counter: the schema bounds how deep they go, and what is finer changes nothing.
const NARROWER_MAX: usize = 4;

/// Classes of one report that are taken in. Reports have a handful.
///
/// No counter: what is beyond is the least likely by custom, and adds next to nothing.
const CLASSES_MAX: usize = 32;

/// A probability that was not told.
const UNTOLD: f64 = 0.9;

/// Words, the narrowest kinds first: a text is what its first of these says.
const WORDS: [(ObjectClass, &[&str]); 5] = [
    (
        ObjectClass::Uav,
        &["uav", "uavs", "uas", "suas", "drone", "drones", "rpas", "unmanned", "quadcopter", "multirotor"],
    ),
    (ObjectClass::Rotary, &["helicopter", "helicopters", "rotary", "rotorcraft"]),
    (ObjectClass::Surface, &["vessel", "boat", "ship", "sea", "surface", "maritime", "yacht", "rhib", "watercraft"]),
    (ObjectClass::Air, &["air", "aircraft", "airplane", "aeroplane", "jet", "manned"]),
    (
        ObjectClass::Ground,
        &[
            "human",
            "person",
            "people",
            "pedestrian",
            "vehicle",
            "car",
            "truck",
            "van",
            "bus",
            "motorbike",
            "bicycle",
            "land",
            "ground",
            "tank",
            "male",
            "female",
        ],
    ),
];

/// What the classifications of a detection report say, given the values of its field 11.
pub(super) fn belief<'a>(classifications: impl Iterator<Item = &'a [u8]>) -> ClassBelief {
    let mut masses = [0.0; KINDS.len()];
    let mut told = 0.0;
    for classification in classifications.take(CLASSES_MAX) {
        told += narrowed(classification, None, 1.0, NARROWER_MAX, &mut masses);
    }
    if masses.iter().all(|mass| *mass <= 0.0) {
        return ClassBelief::UNKNOWN;
    }
    // What no class was given may be any of them.
    let rest = (1.0 - told).max(0.02) / 5.0;
    ClassBelief::from_likelihoods(masses.map(|mass| mass + rest))
}

/// Lays the probability of a class and of its sub-classes on their kinds; how much that was. `outer` is what the class
/// around it is called.
fn narrowed(
    class: &[u8],
    outer: Option<ObjectClass>,
    bound: f64,
    depth: usize,
    masses: &mut [f64; KINDS.len()],
) -> f64 {
    let (mut word, mut confidence) = (None, UNTOLD);
    for part in Parts::checked(class) {
        match part.number {
            1 => word = part.value.text().and_then(kind),
            2 => confidence = part.value.real().unwrap_or(UNTOLD),
            _ => {}
        }
    }
    // Some senders tell percent.
    let p = if confidence > 1.0 { confidence / 100.0 } else { confidence }.clamp(0.0, bound);
    let word = word.or(outer);
    let mut finer = 0.0;
    if depth > 0 {
        let inner = Parts::checked(class).filter(|part| matches!((part.number, outer), (3, None) | (4, Some(_))));
        for part in inner.take(CLASSES_MAX) {
            let Some(sub) = part.value.octets() else { continue };
            finer += narrowed(sub, word.or(Some(ObjectClass::Unknown)), p, depth - 1, masses);
        }
    }
    let own = (p - finer).max(0.0);
    KINDS.into_iter().zip(masses).filter(|(kind, _)| says(word, *kind)).for_each(|(_, mass)| *mass += own);
    if word.is_some_and(|word| word != ObjectClass::Unknown) { p } else { finer.min(p) }
}

/// Whether a word may be meant for a kind: of an "air vehicle" nobody knows whether somebody sits in it.
fn says(word: Option<ObjectClass>, kind: ObjectClass) -> bool {
    match word {
        Some(ObjectClass::Air) => matches!(kind, ObjectClass::Air | ObjectClass::Rotary | ObjectClass::Uav),
        Some(ObjectClass::Unknown | ObjectClass::Emitter) | None => false,
        Some(word) => word == kind,
    }
}

fn kind(text: &str) -> Option<ObjectClass> {
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric());
    let named = |known: &&str| words().any(|word| word.eq_ignore_ascii_case(known));
    WORDS.into_iter().find(|(_, known)| known.iter().any(named)).map(|(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;
    use proto::pb::sapient::detection_report::{DetectionReportClassification, SubClass};

    fn class(text: &str, confidence: f32, sub_class: Vec<SubClass>) -> Vec<u8> {
        DetectionReportClassification { r#type: Some(text.into()), confidence: Some(confidence), sub_class }
            .encode_to_vec()
    }

    fn sub(text: &str, confidence: f32) -> SubClass {
        SubClass { r#type: Some(text.into()), confidence: Some(confidence), level: Some(1), sub_class: vec![] }
    }

    fn word(classes: &[Vec<u8>]) -> ObjectClass {
        belief(classes.iter().map(Vec::as_slice)).word()
    }

    #[test]
    fn the_taxonomys_words_find_their_kinds() {
        for (text, expected) in [
            ("Human", ObjectClass::Ground),
            ("Land Vehicle", ObjectClass::Ground),
            ("Sea Vehicle", ObjectClass::Surface),
            ("UAV Rotary Wing", ObjectClass::Uav),
            ("Air Vehicle.UAV Fixed Wing", ObjectClass::Uav),
            ("helicopter", ObjectClass::Rotary),
            ("Cargo", ObjectClass::Unknown),
            ("Bird", ObjectClass::Unknown),
        ] {
            assert_eq!(word(&[class(text, 0.9, vec![])]), expected, "{text}");
        }
    }

    #[test]
    fn an_air_vehicle_becomes_a_drone_by_its_sub_class() {
        assert_eq!(word(&[class("Air Vehicle", 0.9, vec![sub("UAV Rotary Wing", 0.8)])]), ObjectClass::Uav);
        assert_ne!(word(&[class("Air Vehicle", 0.9, vec![])]), ObjectClass::Uav);
    }

    #[test]
    fn several_classes_share_the_probability_as_told() {
        let classes = [class("UAV", 0.5, vec![]), class("Human", 0.3, vec![]), class("Bird", 0.2, vec![])];
        let p = belief(classes.iter().map(Vec::as_slice)).probabilities();
        assert!(p[2] > p[4] && p[4] > p[3], "{p:?}");
        assert_eq!(word(&classes), ObjectClass::Unknown, "not sure enough for a word");
    }

    #[test]
    fn without_a_known_word_nothing_is_said() {
        assert_eq!(belief(core::iter::empty()), ClassBelief::UNKNOWN);
        assert_eq!(belief([class("Equipment", 0.9, vec![])].iter().map(Vec::as_slice)), ClassBelief::UNKNOWN);
    }
}
