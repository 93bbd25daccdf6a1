//! The messages that are listened to, read where they lie. They have been checked; what is absent is `None`.

use fusion_core::time::Timestamp;

use super::ident::{Ulid, Uuid};
use super::view::Region;
use crate::protobuf::{Part, Parts};

/// The outside of a message, and what is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope<'a> {
    pub time: Timestamp,
    pub node: Uuid,
    /// The number of the content's field, and the content.
    pub content: (u32, &'a [u8]),
}

/// Where something is, seen from the node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RangeBearing {
    pub elevation: Option<f64>,
    pub azimuth: Option<f64>,
    pub range: Option<f64>,
    pub elevation_error: Option<f64>,
    pub azimuth_error: Option<f64>,
    pub range_error: Option<f64>,
    pub units: u32,
    pub datum: u32,
}

/// Where something is, on the earth.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Location<'a> {
    pub x: f64,
    pub y: f64,
    pub z: Option<f64>,
    pub x_error: Option<f64>,
    pub y_error: Option<f64>,
    pub z_error: Option<f64>,
    pub system: u32,
    pub datum: u32,
    pub zone: Option<&'a str>,
}

/// Where something is, in either form.
#[derive(Clone, Copy, Debug)]
pub(super) enum Where<'a> {
    Seen(RangeBearing),
    At(Location<'a>),
}

/// A velocity in the units that were registered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Velocity {
    /// East, north, up.
    pub rates: [Option<f64>; 3],
    pub errors: [Option<f64>; 3],
}

/// One thing seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detection<'a> {
    pub object: Ulid,
    pub place: Where<'a>,
    /// Offset of the place within the detection.
    pub place_at: usize,
    pub velocity: Option<Velocity>,
    pub name: Option<&'a str>,
    /// Frequency of the strongest signal.
    pub frequency: Option<f64>,
    pub classified: bool,
    pub associated: u64,
    pub derived: u64,
    whole: &'a [u8],
}

/// How a node is doing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Status<'a> {
    pub system: u32,
    pub info: u32,
    pub mode: &'a str,
    pub location: Option<Location<'a>>,
    pub field_of_view: Option<Region>,
    /// What it can cover, if that is told as one region.
    pub coverage: Option<Region>,
    pub obscured: bool,
}

/// An alert, as far as it is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Alert {
    pub kind: u32,
    pub status: u32,
}

/// `StatusReport.system`: it cannot work.
pub(super) const SYSTEM_ERROR: u32 = 3;
/// `StatusReport.system`: it leaves.
pub(super) const SYSTEM_GOODBYE: u32 = 5;

impl<'a> Envelope<'a> {
    /// The envelope of a message that has been checked.
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let (mut time, mut node, mut content) = (None, None, None);
        for part in Parts::checked(message) {
            match part.number {
                1 => time = part.value.octets().map(instant),
                2 => node = part.value.octets().and_then(Uuid::parse),
                4..=12 => content = part.value.octets().map(|octets| (part.number, octets)),
                _ => {}
            }
        }
        Some(Self { time: time?, node: node?, content: content? })
    }

    /// Who sent a message that was refused, if that can be read.
    pub(super) fn sender(message: &[u8]) -> Option<Uuid> {
        Parts::checked(message).find(|part| part.number == 2).and_then(|part| Uuid::parse(part.value.octets()?))
    }
}

fn instant(time: &[u8]) -> Timestamp {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    for part in Parts::checked(time) {
        match part.number {
            1 => seconds = part.value.integer().unwrap_or_default(),
            2 => nanos = part.value.integer().unwrap_or_default(),
            _ => {}
        }
    }
    Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

impl RangeBearing {
    fn of(octets: &[u8]) -> Self {
        let mut read = Self::default();
        for part in Parts::checked(octets) {
            let real = part.value.real();
            match part.number {
                1 => read.elevation = real,
                2 => read.azimuth = real,
                3 => read.range = real,
                4 => read.elevation_error = real,
                5 => read.azimuth_error = real,
                6 => read.range_error = real,
                7 => read.units = part.value.word().unwrap_or_default(),
                8 => read.datum = part.value.word().unwrap_or_default(),
                _ => {}
            }
        }
        read
    }
}

impl<'a> Location<'a> {
    fn of(octets: &'a [u8]) -> Self {
        let mut read = Self::default();
        for part in Parts::checked(octets) {
            let real = part.value.real();
            match part.number {
                1 => read.x = real.unwrap_or_default(),
                2 => read.y = real.unwrap_or_default(),
                3 => read.z = real,
                4 => read.x_error = real,
                5 => read.y_error = real,
                6 => read.z_error = real,
                7 => read.system = part.value.word().unwrap_or_default(),
                8 => read.datum = part.value.word().unwrap_or_default(),
                9 => read.zone = part.value.text(),
                _ => {}
            }
        }
        read
    }
}

impl Velocity {
    fn of(octets: &[u8]) -> Self {
        let mut read = Self::default();
        for part in Parts::checked(octets) {
            let real = part.value.real();
            match part.number {
                1 => read.rates[0] = real,
                2 => read.rates[1] = real,
                3 => read.rates[2] = real,
                4 => read.errors[0] = real,
                5 => read.errors[1] = real,
                6 => read.errors[2] = real,
                _ => {}
            }
        }
        read
    }
}

impl<'a> Detection<'a> {
    /// A detection report that has been checked.
    pub(super) fn of(whole: &'a [u8]) -> Option<Self> {
        let (mut object, mut place, mut loudest) = (None, None, f64::NEG_INFINITY);
        let mut read = Self { whole, ..Self::EMPTY };
        for part in Parts::checked(whole) {
            let octets = part.value.octets();
            match part.number {
                2 => object = octets.and_then(Ulid::parse),
                5 => place = octets.map(|octets| (part.at, Where::Seen(RangeBearing::of(octets)))),
                6 => place = octets.map(|octets| (part.at, Where::At(Location::of(octets)))),
                11 => read.classified = true,
                14 => {
                    let (amplitude, frequency) = octets.map(signal)?;
                    if amplitude > loudest {
                        (loudest, read.frequency) = (amplitude, Some(frequency));
                    }
                }
                15 => read.associated += 1,
                16 => read.derived += 1,
                19 => read.velocity = octets.map(Velocity::of),
                23 => read.name = part.value.text(),
                _ => {}
            }
        }
        let (place_at, place) = place?;
        Some(Self { object: object?, place, place_at, ..read })
    }

    /// What it may be: the values of the field `classification`.
    pub(super) fn classifications(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        Parts::checked(self.whole).filter(|part| part.number == 11).filter_map(|part| part.value.octets())
    }

    const EMPTY: Self = Self {
        object: Ulid(0),
        place: Where::Seen(RangeBearing {
            elevation: None,
            azimuth: None,
            range: None,
            elevation_error: None,
            azimuth_error: None,
            range_error: None,
            units: 0,
            datum: 0,
        }),
        place_at: 0,
        velocity: None,
        name: None,
        frequency: None,
        classified: false,
        associated: 0,
        derived: 0,
        whole: &[],
    };
}

/// Amplitude and centre frequency of a signal, as told.
fn signal(octets: &[u8]) -> (f64, f64) {
    Parts::checked(octets).fold((0.0, 0.0), |(amplitude, frequency), part| match part.number {
        1 => (part.value.real().unwrap_or_default(), frequency),
        3 => (amplitude, part.value.real().unwrap_or_default()),
        _ => (amplitude, frequency),
    })
}

impl<'a> Status<'a> {
    /// A status report that has been checked.
    pub(super) fn of(octets: &'a [u8]) -> Self {
        let (mut read, mut regions) = (Self::default(), 0);
        for part in Parts::checked(octets) {
            match part.number {
                2 => read.system = part.value.word().unwrap_or_default(),
                3 => read.info = part.value.word().unwrap_or_default(),
                5 => read.mode = part.value.text().unwrap_or_default(),
                7 => read.location = part.value.octets().map(Location::of),
                8 => read.field_of_view = part.value.octets().map(Region::of),
                10 => read.obscured = true,
                12 => (read.coverage, regions) = (part.value.octets().map(Region::of), regions + 1),
                _ => {}
            }
        }
        read.coverage = read.coverage.filter(|_| regions == 1);
        read
    }
}

impl Alert {
    /// An alert that has been checked.
    pub(super) fn of(octets: &[u8]) -> Self {
        let mut read = Self::default();
        for part in Parts::checked(octets) {
            match part.number {
                2 => read.kind = part.value.word().unwrap_or_default(),
                3 => read.status = part.value.word().unwrap_or_default(),
                _ => {}
            }
        }
        read
    }
}

/// The first value along a path of field numbers, each within the one before.
pub(super) fn along<'a>(message: &'a [u8], path: &[u32]) -> Option<Part<'a>> {
    let (first, rest) = path.split_first()?;
    let part = Parts::checked(message).find(|part| part.number == *first)?;
    if rest.is_empty() { Some(part) } else { along(part.value.octets()?, rest) }
}
