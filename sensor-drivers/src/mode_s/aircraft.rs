//! One aircraft: what is remembered from one message to the next, and the point that a position message gives.

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::maths::{cos, sin};
use fusion_core::time::{Span, Timestamp};
use heapless::String;

use super::accuracy::{self, HeightSource, Quality};
use super::adsb::{
    AirbornePosition, Identification, Me, Message, OperationalStatus, SurfacePosition, Velocity, VelocityOverWhat,
};
use super::cpr::LatLon;
use super::fix::{PositionHistory, Receiver, Refusal};
use crate::decoder::{HorizontalError, Point, PointVelocity};

/// What a driver knows beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circumstances {
    /// Where the receiver stands, if told.
    pub receiver: Option<Receiver>,
    /// One sigma of the time from being there to being heard.
    pub latency_sigma: Span,
}

/// What becomes of a position message.
pub type Fate = Result<Point, Refusal>;

/// One aircraft's memory.
#[derive(Clone, Debug)]
pub struct Aircraft {
    identity: Identity,
    positions: PositionHistory,
    velocity: Option<Held<GroundVelocity>>,
    /// Metres.
    gnss_minus_baro: Option<Held<f64>>,
    quality: Held<Quality>,
    /// The last few messages, in a ring.
    recent: [Held<Me>; RECENT_MAX],
    oldest: usize,
}

/// A value and when it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Held<T> {
    value: T,
    time: Timestamp,
}

/// A velocity over the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
struct GroundVelocity {
    /// East and north, metres per second.
    east_north: [f64; 2],
    /// Up, metres per second, if told.
    climb: Option<f64>,
    nac_v: u8,
}

impl<T: Copy> Held<T> {
    /// The value, unless it is older than `age_max`. A clock that was set back makes things old, not young.
    fn fresh(&self, now: Timestamp, age_max: Span) -> Option<T> {
        ((now - self.time).abs() <= age_max).then_some(self.value)
    }
}

impl Circumstances {
    /// The sigma that was told, and how far the aircraft may have come since.
    fn horizontal_sigma_m(&self, told_m: f64, speed_m_s: f64) -> f64 {
        length([told_m, speed_m_s * self.latency_sigma.as_secs_f64()]).max(HORIZONTAL_SIGMA_MIN_M)
    }
}

impl GroundVelocity {
    /// The velocity `age` after it was told: in that time the aircraft may have turned or changed its speed.
    fn point_velocity(self, age: Span) -> PointVelocity {
        let [east, north] = self.east_north;
        let age_s = age.abs().as_secs_f64() + MEASURED_BEFORE_S;
        let climb_sigma = if self.climb.is_some() { CLIMB_SIGMA_M_S } else { UNTOLD_CLIMB_SIGMA_M_S };
        PointVelocity {
            east_north_up: [east, north, self.climb.unwrap_or(0.0)],
            horizontal_sigma: length([accuracy::velocity_sigma_m_s(self.nac_v), MANOEUVRE_M_S2 * age_s]),
            vertical_sigma: length([climb_sigma, CLIMB_CHANGE_M_S2 * age_s]),
        }
    }
}

impl Aircraft {
    /// An aircraft of which only the address is known.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            identity: Identity { address: Some(address), ..Identity::UNKNOWN },
            positions: PositionHistory::default(),
            velocity: None,
            gnss_minus_baro: None,
            quality: Held::default(),
            recent: [Held { value: NO_MESSAGE, time: Timestamp::EPOCH }; RECENT_MAX],
            oldest: 0,
        }
    }

    /// Address, callsign, Mode A code and class, as far as they were told.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the same message came within `window` before; if not, it is remembered.
    pub fn is_repeat(&mut self, me: Me, now: Timestamp, window: Span) -> bool {
        if self.recent.iter().any(|held| held.fresh(now, window) == Some(me)) {
            return true;
        }
        self.recent[self.oldest] = Held { value: me, time: now };
        self.oldest = (self.oldest + 1) % RECENT_MAX;
        false
    }

    /// Takes a message. A position message gives a point, or the reason why not; others are remembered.
    pub fn handle(&mut self, message: &Message, now: Timestamp, around: &Circumstances) -> Option<Fate> {
        match message {
            Message::AirbornePosition(position) => return Some(self.airborne(position, now, around)),
            Message::SurfacePosition(position) => return Some(self.on_ground(position, now, around)),
            Message::Identification(identification) => self.identify(identification),
            Message::Emergency(emergency) => self.identity.mode_3a = Some(emergency.mode_3a),
            Message::Velocity(velocity) => self.remember_velocity(velocity, now),
            Message::TargetState(state) => {
                self.quality = Held { value: Quality { nac_p: Some(state.nac_p), ..self.quality.value }, time: now };
            }
            Message::OperationalStatus(status) => self.quality = Held { value: quality_of(status), time: now },
        }
        None
    }

    fn airborne(&mut self, said: &AirbornePosition, now: Timestamp, around: &Circumstances) -> Fate {
        let place = self.positions.handle(said.cpr, now, around.receiver.as_ref())?;
        let told = self.told_sigma_m(said.type_code, said.nic_supplement_b, now)?;
        let held = self.velocity.filter(|held| held.fresh(now, VELOCITY_AGE_MAX).is_some());
        let speed = held.map_or(UNTOLD_SPEED_M_S, |held| length(held.value.east_north));
        let (height, vertical_sigma_m) = self.height(said, now).unzip();
        Ok(Point {
            position: geodetic(place, height.unwrap_or(0.0))?,
            horizontal: HorizontalError::round(around.horizontal_sigma_m(told, speed)),
            vertical_sigma_m,
            velocity: held.map(|held| held.value.point_velocity(now - held.time)),
        })
    }

    fn on_ground(&mut self, said: &SurfacePosition, now: Timestamp, around: &Circumstances) -> Fate {
        let place = self.positions.handle(said.cpr, now, around.receiver.as_ref())?;
        let told = self.told_sigma_m(said.type_code, false, now)?;
        Ok(Point {
            position: geodetic(place, 0.0)?,
            horizontal: HorizontalError::round(around.horizontal_sigma_m(told, said.speed_m_s.unwrap_or(0.0))),
            vertical_sigma_m: None,
            velocity: surface_velocity(said),
        })
    }

    /// One sigma of the horizontal position, from what the aircraft tells of it.
    fn told_sigma_m(&self, type_code: u8, nic_supplement_b: bool, now: Timestamp) -> Result<f64, Refusal> {
        let quality = self.believed(now);
        accuracy::horizontal_sigma_m(type_code, nic_supplement_b, &quality).ok_or(Refusal::AccuracyUnknown)
    }

    /// Height above the ellipsoid and its sigma, from the best source at hand.
    fn height(&self, position: &AirbornePosition, now: Timestamp) -> Option<(f64, f64)> {
        let told = position.altitude_m?;
        let difference = self.gnss_minus_baro.and_then(|held| held.fresh(now, DIFFERENCE_AGE_MAX));
        let (height, source) = match difference {
            _ if position.height_is_geometric() => (told, HeightSource::Geometric),
            Some(difference) => (told + difference, HeightSource::BarometricCorrected),
            None => (told, HeightSource::Barometric),
        };
        Some((height, accuracy::vertical_sigma_m(source, &self.quality.value)))
    }

    /// What it said of its accuracy, less what it said too long ago.
    fn believed(&self, now: Timestamp) -> Quality {
        let nac_p = self.quality.fresh(now, QUALITY_AGE_MAX).and_then(|quality| quality.nac_p);
        Quality { nac_p, ..self.quality.value }
    }

    fn identify(&mut self, said: &Identification) {
        if said.category.class() != ObjectClass::Unknown {
            self.identity.class = said.category.class();
        }
        if let Some(callsign) = &said.callsign {
            self.identity.name = String::try_from(callsign.as_str()).ok();
        }
    }

    fn remember_velocity(&mut self, said: &Velocity, now: Timestamp) {
        if let VelocityOverWhat::Ground(Some(east_north)) = said.horizontal {
            let value = GroundVelocity { east_north, climb: said.climb_m_s, nac_v: said.nac_v };
            self.velocity = Some(Held { value, time: now });
        }
        if let Some(value) = said.gnss_minus_baro_m {
            self.gnss_minus_baro = Some(Held { value, time: now });
        }
    }
}

/// A surface message tells its own velocity, if it tells speed and course; standing still needs no course.
fn surface_velocity(said: &SurfacePosition) -> Option<PointVelocity> {
    let speed = said.speed_m_s?;
    let towards = match said.track {
        Some(track) => [sin(track.radians()), cos(track.radians()), 0.0],
        None if speed == 0.0 => [0.0; 3],
        None => return None,
    };
    Some(PointVelocity {
        east_north_up: towards.map(|component| component * speed),
        horizontal_sigma: SURFACE_VELOCITY_SIGMA_M_S + TRACK_SIGMA_RAD * speed,
        vertical_sigma: SURFACE_VELOCITY_SIGMA_M_S,
    })
}

fn geodetic(place: LatLon, height_m: f64) -> Result<Geodetic, Refusal> {
    Geodetic::from_degrees(place.latitude_deg, place.longitude_deg, height_m).ok_or(Refusal::BeyondPole)
}

const fn quality_of(status: &OperationalStatus) -> Quality {
    Quality {
        version: status.version,
        nac_p: Some(status.nac_p),
        nic_supplement_a: status.nic_supplement_a,
        nic_supplement_c: status.nic_supplement_c,
        gva: status.gva,
    }
}

fn length([x, y]: [f64; 2]) -> f64 {
    (x * x + y * y).sqrt()
}

/// How fast a velocity over the ground changes in an ordinary turn (3° a second at 60 m/s), m/s².
const MANOEUVRE_M_S2: f64 = 3.0;
/// How fast a rate of climb changes, m/s².
const CLIMB_CHANGE_M_S2: f64 = 1.0;
/// A velocity was measured this long before it was told, seconds (DO-260B allows 1.5).
const MEASURED_BEFORE_S: f64 = 0.5;
/// A velocity older than this is not joined to a position.
const VELOCITY_AGE_MAX: Span = Span::from_secs(2);
/// The difference between pressure altitude and height changes slowly, with height and weather.
const DIFFERENCE_AGE_MAX: Span = Span::from_secs(60);
/// Accuracy is told every 2.5 s at the least.
const QUALITY_AGE_MAX: Span = Span::from_secs(60);
/// An aircraft sends six messages a second, so this spans more than half a second.
///
/// No counter: older messages leave as newer ones come.
const RECENT_MAX: usize = 4;
/// No message has more than 56 bits.
const NO_MESSAGE: Me = Me(u64::MAX);

const HORIZONTAL_SIGMA_MIN_M: f64 = 5.0;
/// What the uncertainty of time is multiplied with where no speed was told.
const UNTOLD_SPEED_M_S: f64 = 250.0;
const CLIMB_SIGMA_M_S: f64 = 1.0;
const UNTOLD_CLIMB_SIGMA_M_S: f64 = 10.0;
const SURFACE_VELOCITY_SIGMA_M_S: f64 = 0.5;
/// Ground track comes in steps of 2.8°, and turns on the spot.
const TRACK_SIGMA_RAD: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode_s::cpr::{self, Format, Parity};

    fn at(millis: i64) -> Timestamp {
        Timestamp::EPOCH + Span::from_millis(millis)
    }

    const AROUND: Circumstances = Circumstances { receiver: None, latency_sigma: Span::ZERO };

    fn position(second: i64, type_code: u8) -> Message {
        let parity = if second % 2 == 0 { Parity::Even } else { Parity::Odd };
        let cpr = cpr::encode(LatLon { latitude_deg: 1.0, longitude_deg: 2.0 }, Format::Airborne, parity);
        Message::AirbornePosition(AirbornePosition {
            type_code,
            nic_supplement_b: false,
            altitude_m: Some(3048.0),
            cpr,
        })
    }

    fn velocity() -> Message {
        Message::Velocity(Velocity {
            horizontal: VelocityOverWhat::Ground(Some([100.0, 0.0])),
            climb_m_s: None,
            climb_is_barometric: true,
            gnss_minus_baro_m: Some(-60.0),
            nac_v: 2,
        })
    }

    fn status(version: u8, nac_p: u8) -> Message {
        Message::OperationalStatus(OperationalStatus {
            on_ground: false,
            version,
            nac_p,
            nic_supplement_a: false,
            nic_supplement_c: false,
            gva: 2,
            sil: 3,
        })
    }

    /// An aircraft that has told two positions, and what became of the second.
    fn after(messages: &[Message], type_code: u8, wait: i64) -> Fate {
        let mut aircraft = Aircraft::new(Address::Icao(1));
        for message in messages {
            let _ = aircraft.handle(message, at(0), &AROUND);
        }
        let fates = [wait, wait + 1].map(|s| aircraft.handle(&position(s, type_code), at(1000 * s), &AROUND));
        fates[1].expect("a position message")
    }

    #[test]
    fn pressure_altitude_is_corrected_while_the_difference_is_fresh() {
        let told =
            |wait| after(&[status(2, 9), velocity()], 11, wait).map(|p| (p.position.height_m, p.vertical_sigma_m));
        assert_eq!(told(30), Ok((2988.0, Some(45.0 / 1.96))));
        assert_eq!(told(100), Ok((3048.0, Some(150.0))));
        let geometric = after(&[status(2, 9), velocity()], 21, 0).expect("a point");
        assert_eq!((geometric.position.height_m, geometric.vertical_sigma_m), (3048.0, Some(45.0 / 1.96)));
    }

    #[test]
    fn velocity_is_joined_while_it_is_fresh() {
        assert!(after(&[status(2, 9), velocity()], 11, 1).expect("a point").velocity.is_some());
        assert!(after(&[status(2, 9), velocity()], 11, 2).expect("a point").velocity.is_none());
    }

    #[test]
    fn what_an_aircraft_said_of_its_accuracy_holds_for_a_minute() {
        let sigma = |wait| after(&[status(2, 7)], 11, wait).expect("a point").horizontal.east_sigma_m;
        assert!((sigma(10) - 185.2 / 2.448).abs() < 1e-9);
        assert!(
            (after(&[status(2, 9)], 11, 100).expect("a point").horizontal.east_sigma_m - 185.2 / 2.448).abs() < 1e-9
        );
    }

    #[test]
    fn a_position_of_unknown_accuracy_is_refused() {
        assert_eq!(after(&[status(2, 0)], 18, 0), Err(Refusal::AccuracyUnknown));
    }

    #[test]
    fn a_time_that_is_uncertain_makes_a_fast_aircraft_uncertain() {
        let mut aircraft = Aircraft::new(Address::Icao(1));
        let around = Circumstances { latency_sigma: Span::from_millis(500), ..AROUND };
        for message in [status(2, 10), velocity(), position(0, 10)] {
            let _ = aircraft.handle(&message, at(0), &around);
        }
        let point = aircraft.handle(&position(1, 10), at(500), &around).expect("a position").expect("a point");
        assert!((point.horizontal.east_sigma_m - length([10.0 / 2.448, 50.0])).abs() < 1e-9);
    }

    #[test]
    fn a_repeat_is_told_apart_from_the_next_message_with_the_same_contents() {
        let mut aircraft = Aircraft::new(Address::Icao(1));
        let window = Span::from_millis(300);
        assert!(!aircraft.is_repeat(Me(5), at(0), window));
        assert!(!aircraft.is_repeat(Me(6), at(100), window));
        assert!(aircraft.is_repeat(Me(5), at(200), window));
        assert!(!aircraft.is_repeat(Me(5), at(400), window));
    }
}
