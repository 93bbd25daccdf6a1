//! A line of bearing: from where, in which direction, how surely, to which emitter.

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::maths::sqrt;

use super::bits::{BitReader, BitWriter};
use super::kinematic::{LATITUDE_BITS, LONGITUDE_BITS, latitude_units, longitude_units};
use super::quantise::{step_above, turn_units, units};

/// Bits of a direction: 0.044°.
const AZIMUTH_BITS: u32 = 13;
const AZIMUTH_UNIT: f64 = core::f64::consts::TAU / 8192.0;
/// Bits of its standard deviation: 0.05° · 2^(step/3).
const SIGMA_BITS: u32 = 5;
/// Bits of the height that the line starts at: units of 32 m from −1000 m.
const HEIGHT_BITS: u32 = 9;
const HEIGHT_UNIT_M: f64 = 32.0;
const HEIGHT_LOWEST_M: f64 = -1000.0;
/// Bits of an emitter's number: of ten emitters that one sensor hears, some two share one with probability 0.07 %; of
/// thirty, 0.7 %. With more a line would not fit sixteen octets.
pub const EMITTER_BITS: u32 = 16;
/// Places are told to within 5 m, in sixteen units of a track's: no line is so sharp that this would matter.
const COARSER: u32 = 4;
/// Half a unit: the middle of where it may be.
const MIDDLE: u32 = 1 << (COARSER - 1);

/// The numbers of one line of bearing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bearing {
    /// Units of latitude of the sensor.
    latitude: u32,
    /// Units of longitude of the sensor.
    longitude: u32,
    height: u16,
    azimuth: u16,
    sigma: u8,
    /// Which sensor of the origin.
    pub sensor: u8,
    /// Told apart by this from other emitters that the same origin hears: [`EMITTER_BITS`] bits.
    pub emitter: u32,
}

impl Bearing {
    /// The numbers nearest to a line: from a place, in a direction clockwise from true north there, with one sigma in
    /// radians, which takes in the rounding of the direction.
    #[must_use]
    pub fn new(place: Geodetic, azimuth: Angle, sigma_rad: f64, sensor: u8, emitter: u32) -> Self {
        let sigma = sqrt(sigma_rad * sigma_rad + AZIMUTH_UNIT * AZIMUTH_UNIT / 12.0);
        let height = units(place.height_m - HEIGHT_LOWEST_M, HEIGHT_UNIT_M, 0, (1 << HEIGHT_BITS) - 1);
        let azimuth = turn_units(azimuth.turn() / core::f64::consts::TAU, AZIMUTH_BITS);
        Self {
            latitude: latitude_units(place.latitude) >> COARSER,
            longitude: longitude_units(place.longitude) >> COARSER,
            height: u16::try_from(height).unwrap_or(0),
            azimuth: u16::try_from(azimuth).unwrap_or(0),
            sigma: step_above(sigma, 1 << SIGMA_BITS, sigma_rad_of),
            sensor: sensor & 63,
            emitter: emitter & ((1 << EMITTER_BITS) - 1),
        }
    }

    /// Where the line starts.
    #[must_use]
    pub fn place(&self) -> Geodetic {
        let latitude = f64::from((self.latitude << COARSER) + MIDDLE) / f64::from(1_u32 << LATITUDE_BITS) - 0.5;
        let longitude = f64::from((self.longitude << COARSER) + MIDDLE) / f64::from(1_u32 << LONGITUDE_BITS) - 0.5;
        Geodetic {
            latitude: latitude * core::f64::consts::PI,
            longitude: longitude * core::f64::consts::TAU,
            height_m: f64::from(self.height) * HEIGHT_UNIT_M + HEIGHT_LOWEST_M,
        }
    }

    /// Where it goes, clockwise from true north.
    #[must_use]
    pub fn azimuth(&self) -> Angle {
        Angle::from_radians(f64::from(self.azimuth) * AZIMUTH_UNIT)
    }

    /// One sigma of the direction, radians.
    #[must_use]
    pub fn sigma_rad(&self) -> f64 {
        sigma_rad_of(self.sigma)
    }

    pub(super) fn put(&self, w: &mut BitWriter) {
        w.put(self.latitude.into(), LATITUDE_BITS - COARSER);
        w.put(self.longitude.into(), LONGITUDE_BITS - COARSER);
        w.put(self.height.into(), HEIGHT_BITS);
        w.put(self.azimuth.into(), AZIMUTH_BITS);
        w.put(self.sigma.into(), SIGMA_BITS);
        w.put(self.sensor.into(), 6);
        w.put(self.emitter.into(), EMITTER_BITS);
    }

    pub(super) fn get(r: &mut BitReader<'_>) -> Option<Self> {
        Some(Self {
            latitude: r.narrow(LATITUDE_BITS - COARSER)?,
            longitude: r.narrow(LONGITUDE_BITS - COARSER)?,
            height: r.narrow(HEIGHT_BITS)?,
            azimuth: r.narrow(AZIMUTH_BITS)?,
            sigma: r.narrow(SIGMA_BITS)?,
            sensor: r.narrow(6)?,
            emitter: r.narrow(EMITTER_BITS)?,
        })
    }
}

fn sigma_rad_of(step: u8) -> f64 {
    // 0.05° is to 1/8 m as any step of a bearing is to the same step of a place.
    super::quantise::place_sigma_m(step) * 0.4_f64.to_radians()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_to_within_its_units() {
        let place = Geodetic::from_degrees(52.2, 20.9, 120.0).expect("plausible");
        let line = Bearing::new(place, Angle::from_degrees(271.3), 2.0_f64.to_radians(), 3, 9);
        assert!((line.azimuth() - Angle::from_degrees(271.3)).radians().abs() <= 0.5 * AZIMUTH_UNIT);
        assert!((line.sigma_rad().to_degrees() - 2.0).abs() < 0.6 && line.sigma_rad().to_degrees() >= 2.0);
        let off = line.place().to_ecef() - place.to_ecef();
        assert!(off.length() < 20.0, "{}", off.length());
    }
}
