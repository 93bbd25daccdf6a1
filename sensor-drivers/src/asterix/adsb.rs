//! The driver of an ADS-B ground station: CAT021, in the edition that it speaks.
//!
//! A station passes on what aircraft and vehicles say of themselves. Their positions come of their own navigation, so
//! that the errors of one target hang together for minutes; what the reports of a target share belongs into the shared
//! error of the sensor's configuration, as for `mode_s`. Sigmas follow from what the target tells of its accuracy, and
//! a position that the station itself doubts is refused.

mod quality;
mod target;

use fusion_core::time::Span;

use super::cat021::AdsbReport;
use super::cat021_early::EarlyReport;
use super::common::{DataSource, TimeOfDay};
use super::record::Record;
use super::spec::{CAT021, CAT021_0_23, CAT021_0_26, Catalogue};
use super::station::{Header, Meaning, Said, Station, StationConfig};
use target::Target;

/// What a station speaks. The editions differ on the wire and nothing in a record tells them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// 0.23.
    V0_23,
    /// 0.24, 0.25 or 0.26.
    V0_26,
    /// 2.1 or any later one.
    #[default]
    V2,
}

/// How a station is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdsbConfig {
    /// What every station has.
    pub station: StationConfig,
    /// What it speaks.
    pub edition: Edition,
    /// One sigma of the time between being at a position and the time that is told for it: multiplied with the speed, a
    /// part of the sigma of every position.
    pub latency_sigma: Span,
    /// One sigma of a flight level taken for a height, metres.
    pub flight_level_sigma_m: f64,
}

impl Default for AdsbConfig {
    fn default() -> Self {
        Self {
            station: StationConfig::default(),
            edition: Edition::V2,
            latency_sigma: Span::from_millis(100),
            flight_level_sigma_m: 150.0,
        }
    }
}

/// What the records of such a station mean.
#[derive(Debug)]
pub struct Adsb {
    config: AdsbConfig,
}

/// The driver of one station.
pub type AdsbDecoder = Station<Adsb>;

impl AdsbDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: AdsbConfig) -> Self {
        Self::of(Adsb { config }, config.station)
    }
}

impl Edition {
    /// The tables of this edition.
    #[must_use]
    pub const fn catalogue(self) -> Catalogue {
        const V0_23: Catalogue = &[&CAT021_0_23];
        const V0_26: Catalogue = &[&CAT021_0_26];
        const V2: Catalogue = &[&CAT021];
        match self {
            Self::V0_23 => V0_23,
            Self::V0_26 => V0_26,
            Self::V2 => V2,
        }
    }
}

impl Meaning for Adsb {
    fn catalogue(&self) -> Catalogue {
        self.config.edition.catalogue()
    }

    /// The time at which the position was true; without it, at which it was received; without that, at which the report
    /// was sent, as later by what the station took for it.
    fn header(&self, record: &Record<'_>) -> Header {
        let source = record.typed::<DataSource>(1);
        let time = |frn| record.typed::<TimeOfDay>(frn);
        let time_of_day = match self.config.edition {
            Edition::V0_23 | Edition::V0_26 => time(3),
            Edition::V2 => time(5).or_else(|| time(12)).or_else(|| time(28)),
        };
        Header { source, time_of_day }
    }

    fn read(&mut self, record: &Record<'_>) -> Said {
        let target = match self.config.edition {
            Edition::V0_23 | Edition::V0_26 => Target::from(&EarlyReport::of(record).unwrap_or_default()),
            Edition::V2 => Target::from(&AdsbReport::of(record).unwrap_or_default()),
        };
        target.measured(&self.config).map_or_else(Said::Dismissed, Said::Seen)
    }
}
