//! The other way round: an aircraft's state to the frames that its transponder would send, for the simulator and
//! tests.
//!
//! A version 2 transponder sends its position and its velocity twice a second, its status every 2.5 s and its callsign
//! every 5 s. Real ones spread these at random so that aircraft do not keep talking over each other; here the order of
//! one half second is fixed, and whoever needs the spread adds it to the time.

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Address;
use fusion_core::maths::atan2;
use heapless::String;

use super::accuracy;
use super::adsb::{
    AirbornePosition, CALLSIGN_BYTES_MAX, Category, Identification, Message, OperationalStatus, SurfacePosition,
    Velocity, VelocityOverWhat,
};
use super::cpr::{self, Format, LatLon, Parity};
use super::frame::{ExtendedSquitter, ModeSFrame, Source};

/// Frames in one half second at the most.
///
/// No counter: the schedule has no more.
pub const FRAMES_MAX: usize = 4;

/// Who an aircraft is and how well it knows where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Transponder {
    /// The address it sends.
    pub address: Address,
    /// The callsign it sends.
    pub callsign: Option<String<CALLSIGN_BYTES_MAX>>,
    /// The category it sends.
    pub category: Category,
    /// NACp, 1 to 11.
    pub nac_p: u8,
    /// NACv, 0 to 4.
    pub nac_v: u8,
    /// GVA, 0 to 3.
    pub gva: u8,
    half_seconds: u64,
}

/// Where an aircraft is and how it moves, as its own instruments tell it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Where, with the height above the ellipsoid.
    pub position: Geodetic,
    /// Pressure altitude minus that height, metres: the weather.
    pub baro_minus_gnss_m: f64,
    /// Velocity in local east, north, up; metres per second.
    pub east_north_up: [f64; 3],
    /// Whether it is on the ground.
    pub on_ground: bool,
}

impl Transponder {
    /// A transponder just switched on: NACp 10, NACv 2, GVA 2.
    #[must_use]
    pub const fn new(address: Address, callsign: Option<String<CALLSIGN_BYTES_MAX>>, category: Category) -> Self {
        Self { address, callsign, category, nac_p: 10, nac_v: 2, gva: 2, half_seconds: 0 }
    }

    /// The frames of the next half second: a position, even and odd in turn; in the air a velocity; every fifth time
    /// the status and every tenth the callsign, beginning with the first.
    pub fn next_half_second(&mut self, motion: &Motion) -> heapless::Vec<ModeSFrame, FRAMES_MAX> {
        let n = self.half_seconds;
        self.half_seconds += 1;
        let parity = if n.is_multiple_of(2) { Parity::Even } else { Parity::Odd };
        let due = [
            n.is_multiple_of(5).then(|| self.status(motion)),
            n.is_multiple_of(10).then(|| self.identification()),
            (!motion.on_ground).then(|| self.velocity(motion)),
            Some(self.position(motion, parity)),
        ];
        due.into_iter().flatten().collect()
    }

    /// Type code 5 to 8 or 9 to 18: the position.
    #[must_use]
    pub fn position(&self, motion: &Motion, parity: Parity) -> ModeSFrame {
        let type_code = accuracy::type_code_of(self.nac_p, motion.on_ground);
        let place =
            LatLon { latitude_deg: motion.position.latitude_deg(), longitude_deg: motion.position.longitude_deg() };
        self.frame(&if motion.on_ground {
            let [east, north, _] = motion.east_north_up;
            Message::SurfacePosition(SurfacePosition {
                type_code,
                speed_m_s: Some((east * east + north * north).sqrt()),
                track: Some(Angle::from_radians(atan2(east, north))),
                cpr: cpr::encode(place, Format::Surface, parity),
            })
        } else {
            Message::AirbornePosition(AirbornePosition {
                type_code,
                nic_supplement_b: false,
                altitude_m: Some(motion.position.height_m + motion.baro_minus_gnss_m),
                cpr: cpr::encode(place, Format::Airborne, parity),
            })
        })
    }

    /// Type code 19: the velocity, with a barometric rate of climb and the difference of heights.
    #[must_use]
    pub fn velocity(&self, motion: &Motion) -> ModeSFrame {
        let [east, north, up] = motion.east_north_up;
        self.frame(&Message::Velocity(Velocity {
            horizontal: VelocityOverWhat::Ground(Some([east, north])),
            climb_m_s: Some(up),
            climb_is_barometric: true,
            gnss_minus_baro_m: Some(-motion.baro_minus_gnss_m),
            nac_v: self.nac_v,
        }))
    }

    /// Type code 1 to 4: callsign and category.
    #[must_use]
    pub fn identification(&self) -> ModeSFrame {
        self.frame(&Message::Identification(Identification {
            category: self.category,
            callsign: self.callsign.clone(),
        }))
    }

    /// Type code 31: version 2 and the accuracy.
    #[must_use]
    pub fn status(&self, motion: &Motion) -> ModeSFrame {
        self.frame(&Message::OperationalStatus(OperationalStatus {
            on_ground: motion.on_ground,
            version: 2,
            nac_p: self.nac_p,
            nic_supplement_a: false,
            nic_supplement_c: false,
            gva: self.gva,
            sil: 3,
        }))
    }

    fn frame(&self, message: &Message) -> ModeSFrame {
        let squitter = ExtendedSquitter { source: Source::Adsb, address: self.address, me: message.encode() };
        ModeSFrame::extended_squitter(&squitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_half_seconds_carry_what_a_version_2_transponder_sends_in_five_seconds() {
        let mut transponder = Transponder::new(Address::Icao(1), None, Category::LARGE);
        let motion = Motion {
            position: Geodetic::from_degrees(10.0, 20.0, 3000.0).expect("a place on earth"),
            baro_minus_gnss_m: 0.0,
            east_north_up: [100.0, 0.0, 0.0],
            on_ground: false,
        };
        let mut counts = [0; 32];
        for _ in 0..10 {
            for frame in transponder.next_half_second(&motion) {
                counts[usize::from(frame.bytes()[4] >> 3)] += 1;
            }
        }
        let nonzero: Vec<_> = counts.iter().enumerate().filter(|&(_, &count)| count > 0).collect();
        assert_eq!(nonzero, [(4, &1), (10, &10), (19, &10), (31, &2)]);
    }
}
