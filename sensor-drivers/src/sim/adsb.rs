//! An ADS-B receiver that speaks Beast, and the aircraft that it hears.
//!
//! What an aircraft transmits, when, and with which position error follows from the aircraft's own stream of chance,
//! not the receiver's: two receivers hear the very same messages, each less what it misses. The error of a satellite
//! position wanders slowly (first-order Gauss-Markov), as real ones do: it is not white, whatever a filter assumes.

use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::identity::Address;
use fusion_core::maths::{exp, sqrt};
use fusion_core::time::{Span, Timestamp};

use super::random::{Random, Stream};
use super::scenario::{AdsbReceiver, Scenario, TargetClass};
use super::site::Site;
use super::truth::{Live, Truth, TruthId, along_the_ground};
use super::watch::Watch;
use super::{Instrument, span_of_millis};
use crate::mode_s::accuracy::epu_m;
use crate::mode_s::adsb::Category;
use crate::mode_s::beast::{BeastFrame, Payload};
use crate::mode_s::transponder::{Motion, Transponder};

/// Aircraft transmit twice a second, each at its own moment of the half second.
const HALF_SECOND: Span = Span::from_millis(500);
/// The moment is somewhere in the first four fifths and varies by up to a fifth: 0.4 to 0.6 s between messages.
const JITTER_S: f64 = 0.1;
/// How fast the error of a satellite position wanders, seconds.
const WANDER_S: f64 = 60.0;
/// EPU is a 95 % radius: that of a circular normal error of this many sigmas.
const SIGMAS_IN_EPU: f64 = 2.448;
/// One sigma of each component of the velocity that an aircraft tells, metres per second.
const VELOCITY_SIGMA_M_S: f64 = 0.3;
/// The receiver's clock.
const COUNTER_HZ: i128 = 12_000_000;
const COUNTER_MASK: i128 = (1 << 48) - 1;

/// The receiver at work.
#[derive(Debug)]
pub(super) struct Receiver {
    spec: AdsbReceiver,
    site: Site,
    watch: Watch,
    seed: u64,
    start: Timestamp,
    /// The half second to be heard next.
    window: Timestamp,
    speakers: Vec<Speaker>,
    /// Who speaks in the half second under way, the last first.
    due: Vec<(Timestamp, TruthId)>,
    random: Random,
}

/// An aircraft as it transmits.
#[derive(Debug)]
struct Speaker {
    id: TruthId,
    transponder: Transponder,
    latency: Span,
    sigma_m: f64,
    /// Position error, east and north; metres.
    error_m: [f64; 2],
    phase_s: f64,
    random: Random,
}

impl Receiver {
    pub(super) fn new(spec: &AdsbReceiver, scenario: &Scenario, seed: u64, start: Timestamp) -> Self {
        Self {
            spec: spec.clone(),
            site: Site::new(scenario, &spec.position, &spec.faults),
            watch: Watch::new(&spec.faults, start),
            seed,
            start,
            window: start,
            speakers: Vec::new(),
            due: Vec::new(),
            random: Random::new(seed, Stream::sensor(&spec.name)),
        }
    }

    /// Prepares the next half second: who has come, who has gone, who speaks when.
    fn begin_window(&mut self, truth: &Truth) {
        let live: Vec<Live<'_>> = truth.live_at(self.window).filter(|live| live.actor.adsb.is_some()).collect();
        self.speakers.retain(|speaker| live.iter().any(|live| live.id == speaker.id));
        for live in &live {
            if !self.speakers.iter().any(|speaker| speaker.id == live.id) {
                self.speakers.extend(Speaker::new(live, self.seed));
            }
        }
        let window = self.window;
        self.due = self.speakers.iter_mut().map(|speaker| (speaker.next_time(window), speaker.id)).collect();
        self.due.sort_by(|a, b| b.cmp(a));
        self.window = window + HALF_SECOND;
    }

    fn hear(&mut self, truth: &Truth, time: Timestamp, id: TruthId, out: &mut Vec<u8>) {
        let Some(speaker) = self.speakers.iter_mut().find(|speaker| speaker.id == id) else { return };
        // It speaks whether or not anybody hears it.
        let frames = speaker.speak(truth, time);
        let Some(live) = truth.one_at(id, time) else { return };
        let view = self.site.view(&live.kinematics);
        if view.range_m > self.spec.range_max_m || view.elevation < 0.0 {
            return;
        }
        let signal = signal_level(view.range_m / self.spec.range_max_m);
        for frame in frames {
            if !self.random.happens(self.spec.message_loss) {
                let counter = counter(self.watch.reads(time) - self.start);
                BeastFrame { counter, signal, payload: Payload::ModeS(frame) }.encode_into(out);
            }
        }
    }
}

impl Instrument for Receiver {
    fn next_time(&self) -> Timestamp {
        self.due.last().map_or(self.window, |(time, _)| *time) + span_of_millis(self.spec.latency_ms)
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        match self.due.pop() {
            None => self.begin_window(truth),
            Some((time, id)) => self.hear(truth, time, id, out),
        }
    }
}

impl Speaker {
    fn new(live: &Live<'_>, seed: u64) -> Option<Self> {
        let (adsb, answering) = (live.actor.adsb?, live.actor.transponder.as_ref()?);
        let TruthId { target, instance } = live.id;
        let mut random = Random::new(seed, Stream::Target { target, instance });
        let callsign = answering.callsign(instance).as_str().try_into().ok();
        let mut transponder =
            Transponder::new(Address::Icao(answering.icao(instance)), callsign, category(live.actor.class()));
        transponder.nac_p = adsb.nac_p;
        let sigma_m = epu_m(adsb.nac_p)? / SIGMAS_IN_EPU;
        Some(Self {
            id: live.id,
            transponder,
            latency: span_of_millis(adsb.latency_ms),
            sigma_m,
            error_m: [sigma_m * random.normal(), sigma_m * random.normal()],
            phase_s: random.uniform(0.0, HALF_SECOND.as_secs_f64() - JITTER_S),
            random,
        })
    }

    fn next_time(&mut self, window: Timestamp) -> Timestamp {
        window + Span::from_secs_f64(self.phase_s + JITTER_S * self.random.unit())
    }

    /// The messages of a half second, telling where it was a latency ago.
    fn speak(
        &mut self,
        truth: &Truth,
        time: Timestamp,
    ) -> impl Iterator<Item = crate::mode_s::frame::ModeSFrame> + use<> {
        self.wander();
        let told = truth.one_at(self.id, time - self.latency).or_else(|| truth.one_at(self.id, time));
        let motion = told.map(|live| self.motion(&live));
        motion.map(|motion| self.transponder.next_half_second(&motion)).into_iter().flatten()
    }

    fn wander(&mut self) {
        let kept = exp(-HALF_SECOND.as_secs_f64() / WANDER_S);
        let fresh = self.sigma_m * sqrt(1.0 - kept * kept);
        for error in &mut self.error_m {
            *error = kept * *error + fresh * self.random.normal();
        }
    }

    fn motion(&mut self, live: &Live<'_>) -> Motion {
        let sample = live.sample(Timestamp::EPOCH);
        let mut noisy = |component: f64| component + VELOCITY_SIGMA_M_S * self.random.normal();
        let east_north_up = sample.velocity_enu_m_s.map(&mut noisy);
        let ground = Geodetic { height_m: 0.0, ..sample.position };
        let [east, north] = self.error_m;
        let shifted = TangentPlane::at(ground).to_geodetic(along_the_ground(&ground, east, north));
        Motion {
            position: Geodetic { height_m: sample.position.height_m, ..shifted },
            baro_minus_gnss_m: 0.0,
            east_north_up,
            on_ground: false,
        }
    }
}

const fn category(class: TargetClass) -> Category {
    match class {
        TargetClass::Airliner => Category::LARGE,
        TargetClass::LightAircraft => Category { type_code: 4, number: 1 },
        TargetClass::Helicopter => Category::ROTORCRAFT,
        TargetClass::SmallDrone => Category::UNMANNED,
        TargetClass::Vessel | TargetClass::GroundVehicle => Category::SERVICE_VEHICLE,
    }
}

fn counter(since: Span) -> u64 {
    let ticks = i128::from(since.as_nanos()) * COUNTER_HZ / 1_000_000_000;
    u64::try_from(ticks & COUNTER_MASK).expect("48 bits")
}

/// Strong when near; 255 is full scale.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share from 0 to 1 gives 40 to 240")]
fn signal_level(share_of_range: f64) -> u8 {
    (240.0 - 200.0 * share_of_range) as u8
}

#[cfg(test)]
mod tests {
    use super::super::scenario::{SensorSpec, demo};
    use super::*;

    #[test]
    fn whoever_has_gone_is_forgotten() {
        let scenario = demo();
        #[expect(clippy::wildcard_enum_match_arm, reason = "one kind is looked for")]
        let found = scenario.sensors.iter().find_map(|sensor| match sensor {
            SensorSpec::AdsbReceiver(spec) => Some(spec),
            _ => None,
        });
        let mut truth = Truth::new(&scenario, Timestamp::EPOCH);
        let mut receiver = Receiver::new(found.expect("the demo has one"), &scenario, 1, Timestamp::EPOCH);
        let transmitting = scenario.targets.iter().filter(|target| target.adsb.is_some()).count();
        let mut heard = std::collections::BTreeSet::new();
        while receiver.next_time() < Timestamp::from_secs(3600) {
            truth.advance(receiver.next_time());
            receiver.step(&truth, &mut Vec::new());
            assert!(receiver.speakers.len() <= transmitting && receiver.due.len() <= receiver.speakers.len());
            heard.extend(receiver.speakers.iter().map(|speaker| speaker.id));
        }
        assert!(heard.len() > 4 * transmitting, "in an hour many come and go: {}", heard.len());
    }

    #[test]
    fn the_counter_wraps_at_48_bits() {
        assert_eq!((counter(Span::ZERO), counter(Span::from_secs(1))), (0, 12_000_000));
        assert!(counter(Span::from_secs(400 * 86_400)) < 1 << 48);
    }
}
