//! What is true: every live target's place and motion at any time, in bounded memory.

mod course;
mod manoeuvre;
mod recorded;

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::ObjectClass;
use fusion_core::maths::floor;
use fusion_core::time::{Span, Timestamp};

use super::scenario::{AdsbOut, AisOut, Emitter, RemoteIdOut, Scenario, Target, TargetClass};
use course::Course;
use recorded::Recorded;

pub(super) use course::{Kinematics, along_the_ground};
pub(super) use manoeuvre::{LegFault, segments};

/// A target of the simulation: which entry of the scenario, and its how-many-th appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TruthId {
    /// Its place in the scenario.
    pub target: u16,
    /// Its appearance, from 0.
    pub instance: u32,
}

impl core::fmt::Display for TruthId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "T{}.{}", self.target, self.instance)
    }
}

/// Where a target truly is at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruthSample {
    /// Which.
    pub id: TruthId,
    /// When.
    pub time: Timestamp,
    /// Where.
    pub position: Geodetic,
    /// East, north, up at the target; metres per second.
    pub velocity_enu_m_s: [f64; 3],
    /// What it is.
    pub class: ObjectClass,
    /// The ICAO address that it transmits, if any.
    pub icao: Option<u32>,
}

/// All targets.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    start: Timestamp,
    /// When time last passed.
    remembered: Timestamp,
    targets: Vec<Actor>,
}

/// A target that sensors can see and hear.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    place: u16,
    class: TargetClass,
    appears_s: f64,
    lasts_s: f64,
    again_every_s: Option<f64>,
    way: Way,
    pub(super) transponder: Option<Answering>,
    pub(super) adsb: Option<AdsbOut>,
    pub(super) ais: Option<AisOut>,
    pub(super) remote_id: Option<RemoteIdOut>,
    pub(super) emitter: Option<Emitter>,
}

/// How a target gets about.
#[derive(Clone, Debug)]
enum Way {
    /// By legs.
    Flown(Box<Course>),
    /// Along a recording.
    Recorded(Recorded),
}

impl Way {
    fn at(&self, seconds: f64) -> Kinematics {
        match self {
            Self::Flown(course) => course.at(seconds),
            Self::Recorded(path) => path.at(seconds),
        }
    }

    fn advance(&mut self, seconds: f64) {
        if let Self::Flown(course) = self {
            course.advance(seconds);
        }
    }
}

/// A transponder, its texts understood.
#[derive(Clone, Debug)]
pub(super) struct Answering {
    icao: u32,
    callsign: String,
    pub(super) mode_3a: u16,
    /// In quarters of a flight level (25 ft).
    pub(super) altitude_quarters: u32,
}

/// One appearance of a target at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live<'a> {
    pub(super) id: TruthId,
    pub(super) actor: &'a Actor,
    pub(super) kinematics: Kinematics,
}

/// A target's motion is remembered up to this long before the present: longer than any sensor looks back.
const LOOK_BACK: Span = Span::from_secs(90);

/// Time passes in such steps: a thousand targets need not hear of every message.
const REMEMBER_EVERY: Span = Span::from_secs(1);

impl Truth {
    /// The targets of a scenario that has been checked.
    pub(super) fn new(scenario: &Scenario, start: Timestamp) -> Self {
        let actors = scenario.targets.iter().zip(0..);
        let targets = actors.map(|(target, place)| Actor::new(scenario, target, place)).collect();
        Self { start, remembered: start - LOOK_BACK, targets }
    }

    /// The targets that exist at a time, in the order of the scenario.
    pub(super) fn live_at(&self, time: Timestamp) -> impl Iterator<Item = Live<'_>> {
        self.targets.iter().flat_map(move |actor| {
            actor.instances_at(self.seconds(time)).map(move |instance| self.appearance(actor, instance, time))
        })
    }

    /// One target at a time, if it exists then.
    pub(super) fn one_at(&self, id: TruthId, time: Timestamp) -> Option<Live<'_>> {
        let actor = self.targets.get(usize::from(id.target))?;
        let exists = actor.instances_at(self.seconds(time)).any(|instance| instance == id.instance);
        exists.then(|| self.appearance(actor, id.instance, time))
    }

    /// Lets time pass; what is long gone is answered slowly from then on.
    pub(super) fn advance(&mut self, now: Timestamp) {
        if now < self.remembered + REMEMBER_EVERY {
            return;
        }
        self.remembered = now;
        let seconds = self.seconds(now - LOOK_BACK);
        for actor in &mut self.targets {
            let oldest = actor.instances_at(seconds).next();
            if let Some(age) = oldest.map(|instance| actor.age(instance, seconds)) {
                actor.way.advance(age);
            }
        }
    }

    fn appearance<'a>(&'a self, actor: &'a Actor, instance: u32, time: Timestamp) -> Live<'a> {
        let kinematics = actor.way.at(actor.age(instance, self.seconds(time)));
        Live { id: TruthId { target: actor.place, instance }, actor, kinematics }
    }

    /// Seconds from the start of the scenario.
    pub(super) fn seconds(&self, time: Timestamp) -> f64 {
        (time - self.start).as_secs_f64()
    }
}

impl Actor {
    fn new(scenario: &Scenario, target: &Target, place: u16) -> Self {
        let way = way(scenario, target);
        let told_s = target.disappear_s.map_or(f64::INFINITY, |end| end - target.appear_s);
        let lasts_s = match &way {
            Way::Flown(_) => told_s,
            Way::Recorded(path) => told_s.min(path.lasts_s()),
        };
        Self {
            place,
            class: target.class,
            appears_s: target.appear_s,
            lasts_s,
            again_every_s: target.again_every_s,
            way,
            transponder: target.transponder.as_ref().map(Answering::new),
            adsb: target.adsb,
            ais: target.ais.clone(),
            remote_id: target.remote_id.clone(),
            emitter: target.emitter,
        }
    }

    pub(super) const fn class(&self) -> TargetClass {
        self.class
    }

    /// How long ago an appearance was, so many seconds from the start.
    fn age(&self, instance: u32, seconds: f64) -> f64 {
        seconds - self.appears_s - self.again_every_s.unwrap_or(0.0) * f64::from(instance)
    }

    /// The appearances that exist so many seconds from the start.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; `as` saturates")]
    fn instances_at(&self, seconds: f64) -> core::ops::Range<u32> {
        let since = seconds - self.appears_s;
        if since < 0.0 {
            return 0..0;
        }
        match self.again_every_s {
            None => 0..u32::from(since < self.lasts_s),
            Some(every) => {
                let newest = floor(since / every);
                let gone = floor((since - self.lasts_s) / every) + 1.0;
                (gone.max(0.0) as u32)..(newest as u32 + 1)
            }
        }
    }
}

fn way(scenario: &Scenario, target: &Target) -> Way {
    if let Some(path) = &target.path {
        return Way::Recorded(Recorded::new(&path.waypoints));
    }
    let start = target.start.and_then(|spot| scenario.locate(&spot)).expect("a checked scenario has places on earth");
    let planned = segments(target, start.height_m).expect("a checked scenario has legs that can be flown");
    let heading = target.heading_deg.to_radians();
    Way::Flown(Box::new(Course::new(planned, target.loop_legs, start, heading, target.speed_m_s)))
}

impl Answering {
    fn new(written: &super::scenario::Transponder) -> Self {
        Self {
            icao: u32::from_str_radix(&written.icao, 16).expect("a checked scenario has addresses"),
            callsign: written.callsign.clone(),
            mode_3a: u16::from_str_radix(&written.mode_3a, 8).expect("a checked scenario has codes"),
            altitude_quarters: written.altitude_step_ft / 25,
        }
    }

    /// The address of an appearance: each has its own.
    pub(super) const fn icao(&self, instance: u32) -> u32 {
        (self.icao + instance) & 0xFF_FFFF
    }

    /// The callsign of an appearance: the number at its end counts up, if it has one.
    pub(super) fn callsign(&self, instance: u32) -> String {
        let letters = self.callsign.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &self.callsign[letters.len()..];
        let Ok(number) = digits.parse::<u32>() else { return self.callsign.clone() };
        let room = digits.bytes().fold(1, |room: u64, _| room * 10);
        let wrapped = (u64::from(number) + u64::from(instance)) % room;
        format!("{letters}{wrapped:0width$}", width = digits.len())
    }
}

impl Live<'_> {
    pub(super) fn icao(&self) -> Option<u32> {
        self.actor.transponder.as_ref().map(|transponder| transponder.icao(self.id.instance))
    }

    /// Whether its emitter is on, if it has one.
    pub(super) fn emission(&self, truth: &Truth, time: Timestamp) -> Option<Emitter> {
        let emitter = self.actor.emitter?;
        emitter.is_on(self.actor.age(self.id.instance, truth.seconds(time))).then_some(emitter)
    }

    pub(super) fn sample(&self, time: Timestamp) -> TruthSample {
        let position = Geodetic::from_ecef(self.kinematics.position);
        let v = position.enu_axes() * self.kinematics.velocity.vector();
        let class = self.object_class();
        TruthSample { id: self.id, time, position, velocity_enu_m_s: [v.x, v.y, v.z], class, icao: self.icao() }
    }

    /// What it is, in the words of tracks.
    pub(super) const fn object_class(&self) -> ObjectClass {
        match self.actor.class {
            TargetClass::Airliner | TargetClass::LightAircraft => ObjectClass::Air,
            TargetClass::Helicopter => ObjectClass::Rotary,
            TargetClass::SmallDrone => ObjectClass::Uav,
            TargetClass::Vessel => ObjectClass::Surface,
            TargetClass::GroundVehicle => ObjectClass::Ground,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(appears_s: f64, disappear_s: Option<f64>, again: Option<f64>) -> Actor {
        let mut scenario = super::super::scenario::demo();
        let target = &mut scenario.targets[0];
        (target.appear_s, target.disappear_s, target.again_every_s) = (appears_s, disappear_s, again);
        let target = target.clone();
        Actor::new(&scenario, &target, 0)
    }

    #[test]
    fn a_target_exists_from_its_appearance_to_its_end() {
        let once = actor(10.0, Some(30.0), None);
        assert_eq!([9.9, 10.0, 29.9, 30.0].map(|t| once.instances_at(t)), [0..0, 0..1, 0..1, 0..0]);
        assert_eq!(actor(0.0, None, None).instances_at(1e9), 0..1);
    }

    #[test]
    fn copies_come_at_their_beat_and_overlap_as_long_as_they_last() {
        let again = actor(10.0, Some(40.0), Some(20.0));
        assert_eq!(
            [10.0, 29.9, 30.0, 39.9, 40.0, 50.0].map(|t| again.instances_at(t)),
            [0..1, 0..1, 0..2, 0..2, 1..2, 1..3]
        );
    }

    #[test]
    fn remembering_the_present_changes_no_truth() {
        let scenario = super::super::scenario::demo();
        let (plain, mut advancing) = (Truth::new(&scenario, Timestamp::EPOCH), Truth::new(&scenario, Timestamp::EPOCH));
        for now in (0..2000).step_by(7).map(Timestamp::from_secs) {
            advancing.advance(now);
            for time in [now, now - Span::from_secs(40)] {
                let samples = |truth: &Truth| truth.live_at(time).map(|live| live.sample(time)).collect::<Vec<_>>();
                assert_eq!(samples(&advancing), samples(&plain));
            }
        }
    }

    #[test]
    fn copies_have_addresses_and_callsigns_of_their_own() {
        let written = super::super::scenario::Transponder {
            icao: "48AF09".into(),
            callsign: "LOT3899".into(),
            mode_3a: "2301".into(),
            altitude_step_ft: 100,
        };
        let transponder = Answering::new(&written);
        assert_eq!(
            (transponder.icao(1), transponder.callsign(0), transponder.callsign(1)),
            (0x48_AF0A, "LOT3899".into(), "LOT3900".into())
        );
        assert_eq!(transponder.callsign(101), "LOT4000");
    }
}
