//! What only a direction finder with ASTERIX CAT205 has.

use fusion_core::geodesy::Geodetic;
use sensor_drivers::asterix::direction_finder::{Site, Take};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// What only a direction finder with ASTERIX CAT205 has.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DirectionFinderSection {
    /// Which of its reports are taken.
    pub take: TakeConfig,
    /// The factor of the sigmas at the worst quality of the signal.
    pub worst_quality_factor: f64,
    /// How many sigma the radius of a position's uncertainty is.
    pub radius_sigmas: f64,
    /// One sigma of a position without such a radius, metres.
    pub position_sigma_m: f64,
    /// How probably two emitters share a channel.
    pub channel_confusion: f64,
    /// Where its sensors stand, each as `NUMBER LATITUDE LONGITUDE HEIGHT`.
    pub sites: Vec<String>,
}

impl Default for DirectionFinderSection {
    fn default() -> Self {
        Self {
            take: TakeConfig::Rawest,
            worst_quality_factor: 1.0,
            radius_sigmas: 2.0,
            position_sigma_m: 1_000.0,
            channel_confusion: 0.2,
            sites: vec![],
        }
    }
}

/// Which reports are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakeConfig {
    /// The rawest that have been heard of late.
    #[default]
    Rawest,
    /// Those of its sensors.
    SensorBearings,
    /// The lines of bearing of the system.
    SystemBearings,
    /// The positions.
    Positions,
}

impl DirectionFinderSection {
    /// Which reports are taken.
    #[must_use]
    pub const fn take(&self) -> Take {
        match self.take {
            TakeConfig::Rawest => Take::Rawest,
            TakeConfig::SensorBearings => Take::SensorBearings,
            TakeConfig::SystemBearings => Take::SystemBearings,
            TakeConfig::Positions => Take::Positions,
        }
    }

    /// Where its sensors stand; what is no site is left out, and refused by [`Self::check`].
    #[must_use]
    pub fn sites(&self) -> Vec<Site> {
        self.sites.iter().filter_map(|text| site(text)).collect()
    }

    /// Checks ranges and sites.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        within(key, "direction-finder.worst-quality-factor", self.worst_quality_factor, 1.0, 100.0)?;
        within(key, "direction-finder.radius-sigmas", self.radius_sigmas, 0.1, 10.0)?;
        within(key, "direction-finder.position-sigma-m", self.position_sigma_m, 1.0, 1e5)?;
        within(key, "direction-finder.channel-confusion", self.channel_confusion, 0.0, 0.5)?;
        match self.sites.iter().position(|text| site(text).is_none()) {
            None => Ok(()),
            Some(index) => Err(ConfigError::at(
                format!("{key}.direction-finder.sites[{index}]"),
                "must be NUMBER LATITUDE LONGITUDE HEIGHT, such as \"4 52.166 21.012 131\"",
            )),
        }
    }
}

fn site(text: &str) -> Option<Site> {
    let mut words = text.split_whitespace();
    let sensor = words.next()?.parse().ok()?;
    let mut number = || words.next().and_then(|word| word.parse::<f64>().ok());
    let position = Geodetic::from_degrees(number()?, number()?, number()?)?;
    words.next().is_none().then_some(Site { sensor, position })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_number_and_a_place() {
        let read = site("4 52.166 21.012 131").expect("a site");
        assert_eq!((read.sensor, read.position.height_m), (4, 131.0));
        for bad in ["", "4", "4 52 21", "256 52 21 0", "4 91 21 0", "4 52 21 0 0", "x 52 21 0"] {
            assert!(site(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_site_is_refused_by_its_place_in_the_list() {
        let section = DirectionFinderSection { sites: vec!["4 52 21 0".into(), "5".into()], ..Default::default() };
        let error = section.check("sensors[0]").expect_err("refused").to_string();
        assert!(error.starts_with("sensors[0].direction-finder.sites[1]: must be NUMBER"), "{error}");
    }
}
