//! MISB ST 0903, video moving target indication (VMTI): the targets that a tracker found in one frame, by place or by
//! pixel. As the standard has it from edition 4 on; earlier editions map places otherwise.

use fusion_core::identity::{ClassBelief, Identity, ObjectClass};
use fusion_core::time::Timestamp;

use super::ber::{Imapb, Item, Items, oid, unsigned};
use super::st0601::timestamp;
use crate::error::Reason;

/// The universal key of a set that stands alone.
pub const KEY: [u8; 16] = [0x06, 0x0E, 0x2B, 0x34, 0x02, 0x0B, 0x01, 0x01, 0x0E, 0x01, 0x03, 0x03, 0x06, 0, 0, 0];

/// Classes of an ontology series that are remembered for one frame; more are not looked up, and their targets have no
/// class.
///
/// Counter: `classes_beyond_bound`.
pub const CLASSES_MAX: usize = 32;

pub(super) const LATITUDE: Imapb = Imapb::new(-90.0, 90.0);
pub(super) const LONGITUDE: Imapb = Imapb::new(-180.0, 180.0);
pub(super) const HEIGHT: Imapb = Imapb::new(-900.0, 19_000.0);
pub(super) const SIGMA: Imapb = Imapb::new(0.0, 650.0);
pub(super) const CORRELATION: Imapb = Imapb::new(-1.0, 1.0);
pub(super) const VELOCITY: Imapb = Imapb::new(-900.0, 900.0);
pub(super) const OFFSET: Imapb = Imapb::new(-19.2, 19.2);
const FIELD: Imapb = Imapb::new(0.0, 180.0);
const PERCENT: Imapb = Imapb::new(0.0, 100.0);

/// What is read of a set, its targets aside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vmti<'a> {
    /// 2: when it held, if not when the set around it did.
    pub time: Option<Timestamp>,
    /// 4: edition of ST 0903.
    pub version: Option<u64>,
    /// 8: width of the frame, pixels.
    pub frame_width: Option<u64>,
    /// 9: height of the frame, pixels.
    pub frame_height: Option<u64>,
    /// 11: width of the field of view, degrees.
    pub field_width_deg: Option<f64>,
    /// 12: height of the field of view, degrees.
    pub field_height_deg: Option<f64>,
    /// 101: the targets, and where they begin in the set.
    pub targets: (usize, &'a [u8]),
    classes: [(u64, ObjectClass); CLASSES_MAX],
    class_count: usize,
    /// Classes beyond the bound.
    pub classes_beyond_bound: u64,
}

impl<'a> Vmti<'a> {
    /// Reads a set.
    ///
    /// # Errors
    /// Offset in the set, and why.
    pub fn read(set: &'a [u8]) -> Result<Self, (usize, Reason)> {
        let mut vmti = Self::default();
        for item in Items::new(set) {
            let item = item?;
            if !item.value.is_empty() {
                vmti.take(&item).map_err(|reason| (item.offset, reason))?;
            }
        }
        Ok(vmti)
    }

    fn take(&mut self, item: &Item<'a>) -> Result<(), Reason> {
        match item.tag {
            2 => self.time = timestamp(item.value),
            4 => self.version = unsigned(item.value),
            8 => self.frame_width = unsigned(item.value),
            9 => self.frame_height = unsigned(item.value),
            11 => self.field_width_deg = FIELD.read(item.value)?,
            12 => self.field_height_deg = FIELD.read(item.value)?,
            101 => self.targets = (item.offset, item.value),
            103 => Items::series(item.value).flatten().for_each(|ontology| self.learn(ontology.value)),
            _ => {}
        }
        Ok(())
    }

    /// Remembers what one ontology of the series calls its number.
    fn learn(&mut self, ontology: &[u8]) {
        let (mut number, mut class) = (None, ObjectClass::Unknown);
        for item in Items::new(ontology).flatten() {
            match item.tag {
                1 => number = unsigned(item.value),
                4 => class = class_of(item.value),
                _ => {}
            }
        }
        let Some(number) = number else { return };
        match self.classes.get_mut(self.class_count) {
            Some(slot) => {
                *slot = (number, class);
                self.class_count += 1;
            }
            None => self.classes_beyond_bound += 1,
        }
    }

    fn class(&self, number: u64) -> ObjectClass {
        let known = &self.classes[..self.class_count];
        known.iter().find(|&&(known, _)| known == number).map_or(ObjectClass::Unknown, |&(_, class)| class)
    }

    /// The targets in their order; after an error within the series there are no more. Offsets are those in the set.
    pub fn targets(&self) -> impl Iterator<Item = Result<Target, (usize, Reason)>> + use<'_, 'a> {
        let (begin, series) = self.targets;
        Items::series(series).map(move |pack| {
            let pack = pack.map_err(|(offset, reason)| (begin + offset, reason))?;
            Target::read(pack.value, self).map_err(|(offset, reason)| (begin + pack.offset + offset, reason))
        })
    }
}

/// A place with its errors; lengths in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// Longitude, degrees.
    pub longitude_deg: f64,
    /// Height above the ellipsoid, if it is known.
    pub height_m: Option<f64>,
    /// One sigma along east, north and up.
    pub sigma_m: Option<[f64; 3]>,
    /// Correlation of east and north.
    pub correlation: f64,
}

/// One target of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Target {
    /// Its number, the same from frame to frame as far as the tracker can tell.
    pub number: u32,
    /// 1: the pixel of its middle, counted from 1 along the rows.
    pub pixel: Option<u64>,
    /// 19 and 20: row and column of that pixel, from 1.
    pub row_column: [Option<u64>; 2],
    /// 5: how sure the tracker is, percent.
    pub confidence: Option<u64>,
    /// 10 and 11: how far from the middle of the frame, degrees of latitude and longitude.
    pub offset_deg: [Option<f64>; 2],
    /// 12: height above the ellipsoid, metres.
    pub height_m: Option<f64>,
    /// 17: where.
    pub location: Option<Location>,
    /// 102, else the first of 107: what.
    pub class: ObjectClass,
    /// How sure of that, percent.
    pub class_confidence: Option<f64>,
    /// 104: the track's UUID.
    pub track: Option<[u8; 16]>,
    /// 104: velocity in east, north, up, and its one sigma; metres per second.
    pub velocity: Option<([f64; 3], Option<[f64; 3]>)>,
}

impl Target {
    /// Reads a pack: the number, then a local set.
    fn read(pack: &[u8], vmti: &Vmti<'_>) -> Result<Self, (usize, Reason)> {
        let (number, begin) = oid(pack).map_err(|reason| (0, reason))?;
        let mut target = Self { number, ..Self::default() };
        for item in Items::new(&pack[begin..]) {
            let item = item.map_err(|(offset, reason)| (begin + offset, reason))?;
            if !item.value.is_empty() {
                target.take(&item, vmti).map_err(|reason| (begin + item.offset, reason))?;
            }
        }
        Ok(target)
    }

    fn take(&mut self, item: &Item<'_>, vmti: &Vmti<'_>) -> Result<(), Reason> {
        match item.tag {
            1 => self.pixel = unsigned(item.value),
            5 => self.confidence = unsigned(item.value),
            10 => self.offset_deg[0] = OFFSET.read(item.value)?,
            11 => self.offset_deg[1] = OFFSET.read(item.value)?,
            12 => self.height_m = HEIGHT.read(item.value)?,
            17 => self.location = location(item.value)?,
            19 => self.row_column[0] = unsigned(item.value),
            20 => self.row_column[1] = unsigned(item.value),
            102 => self.take_object(item.value, vmti),
            104 => self.take_tracker(item.value)?,
            107 => {
                if let Some(Ok(first)) = Items::series(item.value).next() {
                    self.take_object(first.value, vmti);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn take_object(&mut self, object: &[u8], vmti: &Vmti<'_>) {
        for item in Items::new(object).flatten() {
            match item.tag {
                2 => self.class = class_of(item.value),
                3 => self.class = unsigned(item.value).map_or(self.class, |number| vmti.class(number)),
                4 => self.class_confidence = PERCENT.read(item.value).ok().flatten(),
                _ => {}
            }
        }
    }

    fn take_tracker(&mut self, tracker: &[u8]) -> Result<(), Reason> {
        for item in Items::new(tracker) {
            let item = item.map_err(|(_, reason)| reason)?;
            match item.tag {
                1 => self.track = item.value.try_into().ok(),
                10 => self.velocity = velocity(item.value)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Row and column of its middle, from 1; either told, or counted from the number of the pixel.
    #[must_use]
    pub fn row_and_column(&self, frame_width: u64) -> Option<(u64, u64)> {
        match (self.row_column, self.pixel) {
            ([Some(row), Some(column)], _) => Some((row, column)),
            (_, Some(pixel)) => {
                let before = pixel.checked_sub(1)?;
                Some((before.checked_div(frame_width)? + 1, before % frame_width + 1))
            }
            _ => None,
        }
    }

    /// Adds what it is to an identity.
    pub fn classify(&self, identity: &mut Identity) {
        identity.class = self.class;
        if let Some(percent) = self.class_confidence {
            identity.belief = ClassBelief::declared(self.class, 1.0 - percent / 100.0);
        }
    }
}

/// A location pack of 10 octets, 16 with sigmas, 22 with correlations. What is special is not known; without latitude
/// and longitude there is none.
fn location(pack: &[u8]) -> Result<Option<Location>, Reason> {
    if ![10, 16, 22].contains(&pack.len()) {
        return Err(Reason::BadLength { told: pack.len() });
    }
    let (latitude, longitude) = (LATITUDE.read(&pack[..4])?, LONGITUDE.read(&pack[4..8])?);
    let height_m = HEIGHT.read(&pack[8..10])?;
    let correlation = pack.get(16..18).map(|octets| CORRELATION.read(octets)).transpose()?.flatten();
    let sigma_m = three(pack.get(10..16).unwrap_or(&[]), SIGMA)?;
    Ok(latitude.zip(longitude).map(|(latitude_deg, longitude_deg)| Location {
        latitude_deg,
        longitude_deg,
        height_m,
        sigma_m,
        correlation: correlation.unwrap_or(0.0),
    }))
}

/// A velocity pack of 6 octets, 12 with sigmas, 18 with correlations.
#[expect(clippy::type_complexity, reason = "a value and its sigma, each of three axes")]
fn velocity(pack: &[u8]) -> Result<Option<([f64; 3], Option<[f64; 3]>)>, Reason> {
    if ![6, 12, 18].contains(&pack.len()) {
        return Err(Reason::BadLength { told: pack.len() });
    }
    let sigma = three(pack.get(6..12).unwrap_or(&[]), SIGMA)?;
    Ok(three(&pack[..6], VELOCITY)?.map(|velocity| (velocity, sigma)))
}

/// Three values of two octets; `None` if there are none, or one is special.
fn three(octets: &[u8], map: Imapb) -> Result<Option<[f64; 3]>, Reason> {
    let mut values = [None; 3];
    for (value, two) in values.iter_mut().zip(octets.chunks_exact(2)) {
        *value = map.read(two)?;
    }
    Ok(match values {
        [Some(a), Some(b), Some(c)] => Some([a, b, c]),
        _ => None,
    })
}

/// Words for what is on the ground.
#[rustfmt::skip] // as a text
const GROUND: &[&str] = &[
    "vehicle", "car", "truck", "bus", "van", "tank", "motorcycle", "bicycle", "person", "people", "pedestrian",
    "dismount", "human",
];

/// Words of an ontology, in lower case, that name a class. The last that fits counts: the most special comes last.
const WORDS: &[(ObjectClass, &[&str])] = &[
    (ObjectClass::Ground, GROUND),
    (ObjectClass::Surface, &["vessel", "ship", "boat", "watercraft"]),
    (ObjectClass::Air, &["aircraft", "airplane", "aeroplane", "plane"]),
    (ObjectClass::Rotary, &["helicopter", "rotorcraft"]),
    (ObjectClass::Uav, &["uav", "uas", "drone", "quadcopter", "suas"]),
];

/// The class that a name or URI of an ontology's class means.
fn class_of(name: &[u8]) -> ObjectClass {
    let words = name.split(|octet| !octet.is_ascii_alphanumeric());
    let class = |word: &[u8]| {
        let is = |known: &&str| known.as_bytes().eq_ignore_ascii_case(word);
        WORDS.iter().find(|(_, known)| known.iter().any(&is)).map(|&(class, _)| class)
    };
    words.rev().find_map(class).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_known_word_of_a_class_counts() {
        assert_eq!(class_of(b"http://example.org/vehicle#Drone"), ObjectClass::Uav);
        assert_eq!(class_of(b"Vehicle/Truck"), ObjectClass::Ground);
        assert_eq!(class_of(b"thing"), ObjectClass::Unknown);
        assert_eq!(class_of(b"\xFF\x00"), ObjectClass::Unknown);
    }

    #[test]
    fn the_first_pixel_is_number_one_and_the_second_row_begins_after_a_width() {
        let pixel = |number| Target { pixel: Some(number), ..Target::default() }.row_and_column(1920);
        assert_eq!(pixel(1), Some((1, 1)));
        assert_eq!(pixel(1920), Some((1, 1920)));
        assert_eq!(pixel(1921), Some((2, 1)));
        assert_eq!(pixel(0), None);
        assert_eq!(Target { pixel: Some(5), ..Target::default() }.row_and_column(0), None);
    }
}
