//! The numbers a plot may carry: their keys, the values they may have, and what each is meaningless without.

use super::fault;
use super::json::{Key, Reader};
use crate::error::{DecodeError, Reason};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident $key:literal in $least:literal ..= $most:literal $(with $needs:ident)?;)*) => {
        /// A number of a plot.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Number {
            $($(#[$doc])* $name,)*
        }

        impl Number {
            /// All of them, in the order in which they are written.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The key in JSON.
            pub(super) const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// Whether the value can be one.
            pub(super) fn allows(self, value: f64) -> bool {
                match self { $(Self::$name => ($least..=$most).contains(&value),)* }
            }

            /// The number without which this one means nothing.
            const fn needs(self) -> Option<Self> {
                match self { $(Self::$name => numbers!(@needs $($needs)?),)* }
            }
        }
    };
    (@needs $needs:ident) => { Some(Self::$needs) };
    (@needs) => { None };
}

numbers! {
    /// Slant range.
    Range "range_m" in 0.0 ..= 1e9 with Azimuth;
    RangeSigma "range_sigma_m" in 1e-6 ..= 1e9 with Range;
    /// Clockwise from true north.
    Azimuth "azimuth_deg" in -180.0 ..= 360.0;
    AzimuthSigma "azimuth_sigma_deg" in 1e-6 ..= 360.0 with Azimuth;
    Elevation "elevation_deg" in -90.0 ..= 90.0 with Azimuth;
    ElevationSigma "elevation_sigma_deg" in 1e-6 ..= 180.0 with Elevation;
    RangeRate "range_rate_m_s" in -1e5 ..= 1e5 with Range;
    RangeRateSigma "range_rate_sigma_m_s" in 1e-6 ..= 1e5 with RangeRate;
    Latitude "latitude_deg" in -90.0 ..= 90.0;
    Longitude "longitude_deg" in -180.0 ..= 360.0 with Latitude;
    HorizontalSigma "horizontal_sigma_m" in 1e-6 ..= 1e9 with Latitude;
    Height "height_m" in -12e3 ..= 1e8;
    HeightSigma "height_sigma_m" in 1e-6 ..= 1e9 with Height;
    VelocityEast "velocity_east_m_s" in -1e5 ..= 1e5 with Latitude;
    VelocityNorth "velocity_north_m_s" in -1e5 ..= 1e5 with VelocityEast;
    VelocityUp "velocity_up_m_s" in -1e5 ..= 1e5 with VelocityEast;
    VelocitySigma "velocity_sigma_m_s" in 1e-6 ..= 1e5 with VelocityEast;
    VelocityUpSigma "velocity_up_sigma_m_s" in 1e-6 ..= 1e5 with VelocityUp;
    /// Where in the spectrum it was heard.
    Frequency "frequency_mhz" in 1e-3 ..= 1e6;
}

impl Number {
    /// The number of this key.
    pub(super) fn of(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|number| number.key() == key)
    }

    /// Whether it can only belong to something seen from a sensor.
    const fn is_polar(self) -> bool {
        matches!(
            self,
            Self::Range
                | Self::RangeSigma
                | Self::Azimuth
                | Self::AzimuthSigma
                | Self::Elevation
                | Self::ElevationSigma
                | Self::RangeRate
                | Self::RangeRateSigma
        )
    }

    /// Whether it is told of what is seen and of points alike.
    const fn is_either(self) -> bool {
        matches!(self, Self::Height | Self::HeightSigma | Self::Frequency)
    }
}

/// The numbers that one plot gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    given: [Option<Given>; Number::ALL.len()],
}

#[derive(Clone, Copy, Debug)]
struct Given {
    value: f64,
    offset: usize,
}

/// What a plot tells, by the numbers it gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Seen from the sensor.
    Polar,
    /// A point on the earth.
    Position,
}

impl Numbers {
    /// Reads the value of `key`, if that is the key of a number; `null` is as good as absent.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>, key: Key<'_>) -> Result<Known, DecodeError> {
        let Some(number) = Number::of(key.name) else { return Ok(Known::No) };
        let slot = &mut self.given[number as usize];
        if slot.is_some() {
            return Err(fault(key.offset, number.key(), Reason::Repeated));
        }
        if reader.null() {
            return Ok(Known::Yes);
        }
        let numeral = reader.numeral(number.key())?;
        let value = numeral.text.parse().unwrap_or(f64::NAN);
        if !number.allows(value) {
            return Err(fault(numeral.offset, number.key(), Reason::OutOfRange));
        }
        *slot = Some(Given { value, offset: key.offset });
        Ok(Known::Yes)
    }

    /// The value, if it was given.
    pub(super) fn value(&self, number: Number) -> Option<f64> {
        self.given[number as usize].map(|given| given.value)
    }

    /// The value of a plot that starts at `offset`, which must have been given.
    pub(super) fn required(&self, number: Number, offset: usize) -> Result<f64, DecodeError> {
        self.value(number).ok_or_else(|| fault(offset, number.key(), Reason::Missing))
    }

    /// What kind of plot these numbers make, once it is sure that they make one: the plot starts at `offset`.
    pub(super) fn kind(&self, offset: usize) -> Result<Kind, DecodeError> {
        let polar = self.first(Number::is_polar);
        let position = self.first(|number| !number.is_polar() && !number.is_either());
        let kind = match (polar, position) {
            (Some(_), None) => Kind::Polar,
            (None, Some(_)) => Kind::Position,
            (None, None) => return Err(fault(offset, "azimuth_deg or latitude_deg", Reason::Missing)),
            (Some((polar, _)), Some((position, at))) => {
                return Err(fault(at, position.key(), Reason::Contradicts { other: polar.key() }));
            }
        };
        self.check_needs().map(|()| kind)
    }

    /// The first number given that is of a kind, and where.
    pub(super) fn first(&self, is: impl Fn(Number) -> bool) -> Option<(Number, usize)> {
        self.all_given().find(|(number, _)| is(*number))
    }

    /// No number may stand without the one that gives it a meaning.
    fn check_needs(&self) -> Result<(), DecodeError> {
        let lonely = self.all_given().find_map(|(number, offset)| {
            let needed = number.needs()?;
            self.value(needed).is_none().then_some((needed, offset))
        });
        lonely.map_or(Ok(()), |(needed, offset)| Err(fault(offset, needed.key(), Reason::Missing)))
    }

    fn all_given(&self) -> impl Iterator<Item = (Number, usize)> {
        Number::ALL.iter().zip(&self.given).filter_map(|(&number, given)| Some((number, given.as_ref()?.offset)))
    }
}

/// Whether a key was known, and its value therefore read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It was, and the value has been read.
    Yes,
    /// It was not; the value is still to be read.
    No,
}
