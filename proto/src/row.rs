//! A row: one version of one thing that one writer says, in whole numbers, packed in bits.
//!
//! What a writer says of a track is told in two rows: [`kinematic`], which changes all the time, and [`attributes`],
//! which hardly ever does. Both carry the track's *handle*, sixteen bits that stand for it in its stream; the
//! attributes bind the handle to the track's number. A handle is used again only when everything that was said under
//! it has outlived its [`lifetime`], so whatever comes late finds nothing that it could be taken for.
//!
//! A row is a value: what is read is what was written, bit for bit, and the writer goes by it too. Conversion to an
//! [`Estimate`](crate::record::Estimate) is the same on every machine. The bits stand in `docs/WIRE.md`.

pub mod assertion;
pub mod attributes;
pub mod bearing;
pub mod bits;
pub mod bound;
pub mod delta;
pub mod gate;
pub mod kinematic;
pub mod lifetime;
pub mod quantise;
pub mod refinement;
pub mod registration;
pub mod seal;
pub mod text;
pub mod wire;

pub use assertion::Assertion;
pub use attributes::Attributes;
pub use bearing::{Bearing, EMITTER_BITS};
pub use kinematic::Kinematic;
pub use lifetime::Lifetime;
pub use quantise::Tick;
pub use refinement::Refinement;
pub use registration::Registration;
pub use seal::Seal;

use text::SensorName;

/// What kind of thing a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A track's motion, or its end.
    Track,
    /// What else is known of a track.
    Attributes,
    /// A track's full covariance.
    Refinement,
    /// A line of bearing.
    Bearing,
    /// The name of a sensor.
    Sensor,
    /// What a person says of a track.
    Assertion,
    /// What a sensor is off by.
    Registration,
    /// What its writer signed.
    Seal,
}

impl Kind {
    /// All, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Track,
        Self::Attributes,
        Self::Refinement,
        Self::Bearing,
        Self::Sensor,
        Self::Assertion,
        Self::Registration,
        Self::Seal,
    ];

    /// A word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Attributes => "attributes",
            Self::Refinement => "refinement",
            Self::Bearing => "bearing",
            Self::Sensor => "sensor",
            Self::Assertion => "assertion",
            Self::Registration => "registration",
            Self::Seal => "seal",
        }
    }
}

/// Which row of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// Its kind.
    pub kind: Kind,
    /// Which of that kind; attributes and refinement of a track have the track's, the errors of a sensor have its
    /// name's, a seal the lower half of its count.
    pub handle: u16,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Where a track is.
    Track(Kinematic),
    /// What it is.
    Attributes(Box<Attributes>),
    /// How well it is known.
    Refinement(Box<Refinement>),
    /// A line of bearing.
    Bearing(Bearing),
    /// A sensor's name.
    Sensor(Box<SensorName>),
    /// What a person says.
    Assertion(Box<Assertion>),
    /// What a sensor is off by.
    Registration(Registration),
    /// What its writer signed.
    Seal(Box<Seal>),
    /// It is over. Of a track, this ends its attributes and its refinement too.
    Gone(Lifetime),
}

impl Body {
    /// The kind of row that has such a body; `None` for the end, which any kind can come to.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Track(_) => Kind::Track,
            Self::Attributes(_) => Kind::Attributes,
            Self::Refinement(_) => Kind::Refinement,
            Self::Bearing(_) => Kind::Bearing,
            Self::Sensor(_) => Kind::Sensor,
            Self::Assertion(_) => Kind::Assertion,
            Self::Registration(_) => Kind::Registration,
            Self::Seal(_) => Kind::Seal,
            Self::Gone(_) => return None,
        })
    }

    /// The seal that it is.
    #[must_use]
    pub const fn seal(&self) -> Option<&Seal> {
        if let Self::Seal(seal) = self { Some(seal) } else { None }
    }

    /// How long it may be held after its time.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        match self {
            Self::Track(kinematic) => kinematic.lifetime,
            Self::Attributes(attributes) => attributes.lifetime(),
            Self::Refinement(_) | Self::Bearing(_) => Lifetime::Brief,
            Self::Sensor(_) | Self::Registration(_) => Lifetime::Ground,
            Self::Assertion(_) => Lifetime::Day,
            Self::Seal(seal) => seal.lifetime,
            Self::Gone(lifetime) => *lifetime,
        }
    }
}

/// One version of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which row.
    pub key: RowKey,
    /// Which version: counted over all rows of the stream.
    pub version: u32,
    /// When it was true, by its writer's clock.
    pub tick: Tick,
    /// What it says.
    pub body: Body,
}
