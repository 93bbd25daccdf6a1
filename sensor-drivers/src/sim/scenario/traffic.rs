//! Targets in numbers: a block stands for many of one kind, each drawn by chance within what the block allows.

use serde::Deserialize;

use super::super::random::{Random, Stream};
use super::target::{AdsbOut, AisOut, Leg, RemoteIdOut, Target, TargetClass, Transponder};
use super::{AisType, SpotSpec};

/// Many targets of one kind.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Traffic {
    /// What people call them: each with its number behind it.
    pub name: String,
    /// What they are.
    pub class: TargetClass,
    /// How many.
    pub count: u16,
    /// Where they are at the start.
    pub area: Area,
    /// Least and greatest heading, degrees clockwise from true north.
    #[serde(default = "any_heading")]
    pub heading_deg: [f64; 2],
    /// Least and greatest speed over ground, metres per second.
    pub speed_m_s: [f64; 2],
    /// Whether they fly racetracks and stay, instead of going straight on.
    #[serde(default)]
    pub racetrack: bool,
    /// Share that answers secondary radar, or, of vessels, has AIS, or, of small drones, Remote ID; 0 to 1.
    #[serde(default)]
    pub equipped_share: f64,
    /// Of those that answer secondary radar, the share with ADS-B.
    #[serde(default)]
    pub adsb_share: f64,
    /// The ICAO address or MMSI of the first; the others count up.
    #[serde(default = "first_address")]
    pub first_address: u32,
}

/// A rectangle of the ground with heights, in metres from the origin: least and greatest each.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Area {
    /// East of the origin.
    pub east_m: [f64; 2],
    /// North of the origin.
    pub north_m: [f64; 2],
    /// Above the ellipsoid.
    pub height_m: [f64; 2],
}

const fn any_heading() -> [f64; 2] {
    [0.0, 360.0]
}

const fn first_address() -> u32 {
    0x49_0000
}

/// Straight sides of a racetrack, least and greatest, seconds.
const SIDE_S: [f64; 2] = [40.0, 120.0];

impl Traffic {
    /// The targets themselves.
    pub(super) fn draw(&self, seed: u64, block: u16) -> Vec<Target> {
        let mut random = Random::new(seed, Stream::Traffic(block));
        (0..self.count).map(|number| self.one(number, &mut random)).collect()
    }

    /// Every target takes the same draws, whatever the block asks for: one key changed moves nobody else.
    fn one(&self, number: u16, random: &mut Random) -> Target {
        let mut within = |[low, high]: [f64; 2]| random.uniform(low, high);
        let start = SpotSpec {
            east_m: Some(within(self.area.east_m)),
            north_m: Some(within(self.area.north_m)),
            height_m: within(self.area.height_m),
            ..SpotSpec::default()
        };
        let (heading_deg, speed_m_s) = (within(self.heading_deg), within(self.speed_m_s));
        let (side_s, hand) = (within(SIDE_S), within([-1.0, 1.0]));
        let (equipped, with_adsb) = (random.happens(self.equipped_share), random.happens(self.adsb_share));
        let bare = Target {
            name: format!("{} {}", self.name, number + 1),
            class: self.class,
            start: Some(start),
            heading_deg,
            speed_m_s,
            legs: if self.racetrack { self.racetrack(side_s, hand) } else { Vec::new() },
            loop_legs: self.racetrack,
            ..Target::standing(self.class)
        };
        if equipped { self.equip(bare, number, with_adsb) } else { bare }
    }

    fn racetrack(&self, side_s: f64, hand: f64) -> Vec<Leg> {
        let rate = match self.class {
            TargetClass::Airliner => 1.5,
            TargetClass::LightAircraft | TargetClass::Helicopter => 3.0,
            TargetClass::SmallDrone | TargetClass::GroundVehicle => 12.0,
            TargetClass::Vessel => 1.0,
        };
        let side = Leg::Straight { seconds: side_s, climb_m_s: 0.0 };
        let turn = Leg::Turn { by_deg: 180.0 * hand.signum(), rate_deg_s: Some(rate), bank_deg: None, climb_m_s: 0.0 };
        vec![side, turn, side, turn]
    }

    fn equip(&self, bare: Target, number: u16, with_adsb: bool) -> Target {
        let address = self.first_address + u32::from(number);
        match self.class {
            TargetClass::Airliner | TargetClass::LightAircraft | TargetClass::Helicopter => Target {
                transponder: Some(Transponder {
                    icao: format!("{:06X}", address & 0xFF_FFFF),
                    callsign: callsign(&self.name, number),
                    mode_3a: format!("{:04o}", 0o2000 + number % 0o1000),
                    altitude_step_ft: 25,
                }),
                adsb: with_adsb.then_some(AdsbOut { nac_p: 9, latency_ms: 150.0 }),
                ..bare
            },
            TargetClass::SmallDrone => {
                let remote_id = RemoteIdOut { serial: format!("SIM1F{address:08X}"), position_sigma_m: 3.0 };
                Target { remote_id: Some(remote_id), ..bare }
            }
            TargetClass::Vessel => Target {
                ais: Some(AisOut {
                    mmsi: address,
                    name: bare.name.to_uppercase().chars().take(20).collect(),
                    callsign: String::new(),
                    ship_type: AisType::Unknown,
                    length_m: 30.0,
                    beam_m: 8.0,
                    class_b: false,
                    silent: Vec::new(),
                }),
                ..bare
            },
            TargetClass::GroundVehicle => bare,
        }
    }
}

/// Three letters of the block's name and the number.
fn callsign(name: &str, number: u16) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).take(3).collect();
    format!("{}{number}", letters.to_ascii_uppercase())
}
