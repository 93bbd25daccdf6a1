//! What cannot be is refused here, by the name of its key.

use fusion_core::identity::Serial;

use super::super::truth::{LegFault, segments};
use super::{
    AisOut, COPIES_MAX, DURATION_S_MAX, Emitter, LEGS_MAX, SENSORS_MAX, Scenario, ScenarioError, SpotSpec, TARGETS_MAX,
    Target, Traffic, Transponder,
};
use crate::plots::from_rfc3339;
use sensors::check_spells;

mod sensors;

type Checked = Result<(), ScenarioError>;

impl Scenario {
    /// Refuses what cannot be simulated.
    ///
    /// # Errors
    /// [`ScenarioError::Value`] for the first thing found.
    pub fn check(&self) -> Checked {
        within("duration-s", self.duration_s, 0.001, DURATION_S_MAX)?;
        let on_earth = self.origin.place().is_some();
        that(on_earth, "origin.latitude-deg", "the origin is no place on earth: latitude-deg ±90, longitude-deg ±180")?;
        let start = self.start.as_deref().is_none_or(|start| from_rfc3339(start).is_some());
        that(start, "start", "wants a time as 2024-06-01T23:59:30Z")?;
        within("usual-height-m", self.usual_height_m.unwrap_or(0.0), -500.0, 30_000.0)?;
        within("usual-height-sigma-m", self.usual_height_sigma_m.unwrap_or(1.0), 0.1, 30_000.0)?;
        let drawn: usize = self.traffic.iter().map(|traffic| usize::from(traffic.count)).sum();
        at_most("target", self.targets.len() + drawn, TARGETS_MAX)?;
        at_most("sensor", self.sensors.len(), SENSORS_MAX)?;
        for (place, traffic) in self.traffic.iter().enumerate() {
            self.check_traffic(traffic)
                .map_err(|error| error.under(&format!("traffic[{place}] ({})", traffic.name)))?;
        }
        for (place, target) in self.targets.iter().enumerate() {
            self.check_target(target).map_err(|error| error.under(&format!("target[{place}] ({})", target.name)))?;
        }
        for (place, sensor) in self.sensors.iter().enumerate() {
            self.check_sensor(sensor).map_err(|error| error.under(&format!("sensor[{place}] ({})", sensor.name())))?;
        }
        self.check_network()
    }

    fn check_target(&self, target: &Target) -> Checked {
        let most = target.class.performance();
        within("heading-deg", target.heading_deg, -360.0, 360.0)?;
        within("speed-m-s", target.speed_m_s, 0.0, most.speed_m_s_max)?;
        check_times(target)?;
        self.check_way(target)?;
        if let Some(transponder) = &target.transponder {
            check_transponder(transponder)?;
        }
        if let Some(adsb) = &target.adsb {
            that(target.transponder.is_some(), "adsb", "a target with adsb needs a transponder")?;
            within("adsb.nac-p", f64::from(adsb.nac_p), 1.0, 11.0)?;
            within("adsb.latency-ms", adsb.latency_ms, 0.0, 10_000.0)?;
        }
        if let Some(remote_id) = &target.remote_id {
            let serial = Serial::new(&remote_id.serial).is_some();
            that(serial, "remote-id.serial", "wants 1 to 20 visible ASCII characters")?;
            within("remote-id.position-sigma-m", remote_id.position_sigma_m, 0.01, 1e4)?;
        }
        target.ais.as_ref().map_or(Ok(()), check_ais)?;
        target.emitter.as_ref().map_or(Ok(()), check_emitter)
    }

    /// Either a start with legs, or a path.
    fn check_way(&self, target: &Target) -> Checked {
        let Some(path) = &target.path else {
            let start = target.start.as_ref().ok_or_else(|| value("start", "give a start, or a path"))?;
            let height_m = self.check_place("start", start)?;
            at_most("legs", target.legs.len(), LEGS_MAX)?;
            return segments(target, height_m).map_err(ScenarioError::from).map(|_| ());
        };
        that(target.start.is_none(), "start", "cannot stand together with path, which begins where it begins")?;
        let steered = !target.legs.is_empty() || target.loop_legs;
        that(!steered, "legs", "cannot stand together with path")?;
        that(path.waypoints.len() >= 2, "path", "has not been read")
    }

    fn check_traffic(&self, traffic: &Traffic) -> Checked {
        let most = traffic.class.performance();
        let pair = |key: &str, [low, high]: [f64; 2], least: f64, greatest: f64| {
            within(key, low, least, greatest)?;
            within(key, high, least, greatest)?;
            that(low <= high, key, "wants the lesser first")
        };
        pair("speed-m-s", traffic.speed_m_s, 0.0, most.speed_m_s_max)?;
        pair("heading-deg", traffic.heading_deg, -360.0, 360.0)?;
        pair("area.east-m", traffic.area.east_m, -2e6, 2e6)?;
        pair("area.north-m", traffic.area.north_m, -2e6, 2e6)?;
        pair("area.height-m", traffic.area.height_m, -500.0, 30_000.0)?;
        within("equipped-share", traffic.equipped_share, 0.0, 1.0)?;
        within("adsb-share", traffic.adsb_share, 0.0, 1.0)?;
        within("first-address", f64::from(traffic.first_address), 0.0, 999_990_000.0)
    }

    /// The height of a place that exists.
    fn check_place(&self, key: &str, spot: &SpotSpec) -> Result<f64, ScenarioError> {
        let text = "give either latitude-deg and longitude-deg or east-m and north-m, on earth, and height-m";
        that(self.locate(spot).is_some(), key, text)?;
        let far = [spot.east_m, spot.north_m].into_iter().flatten().any(|metres| metres.abs() > 2e6);
        that(!far, key, "east-m and north-m reach to 2,000,000; beyond, give latitude-deg and longitude-deg")?;
        within(&format!("{key}.height-m"), spot.height_m, -500.0, 30_000.0)?;
        Ok(spot.height_m)
    }
}

fn check_ais(ais: &AisOut) -> Checked {
    that((100_000_000..=999_999_999).contains(&ais.mmsi), "ais.mmsi", "wants nine digits, the first not 0")?;
    let spoken = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
    let name = ais.name.len() <= 20 && !ais.name.is_empty() && ais.name.chars().all(|c| spoken(c) || c == '-');
    that(name, "ais.name", "wants one to twenty of A–Z, 0–9, blank and '-'")?;
    let callsign = ais.callsign.len() <= 7 && ais.callsign.chars().all(spoken);
    that(callsign, "ais.callsign", "wants at most seven of A–Z and 0–9")?;
    within("ais.length-m", ais.length_m, 0.0, 500.0)?;
    within("ais.beam-m", ais.beam_m, 0.0, 120.0)?;
    check_spells("ais.silent", &ais.silent)
}

fn check_emitter(emitter: &Emitter) -> Checked {
    within("emitter.frequency-mhz", emitter.frequency_mhz, 0.001, 300_000.0)?;
    within("emitter.on-s", emitter.on_s.unwrap_or(1.0), 0.01, DURATION_S_MAX)?;
    within("emitter.off-s", emitter.off_s, 0.0, DURATION_S_MAX)
}

fn check_times(target: &Target) -> Checked {
    within("appear-s", target.appear_s, 0.0, DURATION_S_MAX)?;
    if let Some(end) = target.disappear_s {
        within("disappear-s", end, target.appear_s, DURATION_S_MAX)?;
    }
    let Some(every) = target.again_every_s else { return Ok(()) };
    within("again-every-s", every, 1.0, DURATION_S_MAX)?;
    that(!target.loop_legs, "loop-legs", "cannot stand together with again-every-s")?;
    let end = target.disappear_s.ok_or_else(|| value("disappear-s", "needed with again-every-s"))?;
    let copies = (end - target.appear_s) / every;
    let bound = u16::try_from(COPIES_MAX).expect("a small bound");
    within("again-every-s: copies under way at once", copies, 0.0, f64::from(bound))
}

fn check_transponder(transponder: &Transponder) -> Checked {
    let digits = |text: &str, count, base| text.len() == count && text.chars().all(|c| c.is_digit(base));
    that(digits(&transponder.icao, 6, 16), "transponder.icao", "wants six hexadecimal digits")?;
    that(digits(&transponder.mode_3a, 4, 8), "transponder.mode-3a", "wants four octal digits")?;
    let callsign = transponder.callsign.as_bytes();
    let plain = callsign.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    that((1..=8).contains(&callsign.len()) && plain, "transponder.callsign", "wants one to eight of A–Z and 0–9")?;
    let steps = matches!(transponder.altitude_step_ft, 25 | 100);
    that(steps, "transponder.altitude-step-ft", "is 25 or 100")
}

fn all(ranges: &[(&str, f64, f64, f64)]) -> Checked {
    ranges.iter().try_for_each(|&(key, value, low, high)| within(key, value, low, high))
}

fn within(key: &str, found: f64, low: f64, high: f64) -> Checked {
    that((low..=high).contains(&found), key, &format!("{found} is not within {low} to {high}"))
}

fn at_most(key: &str, count: usize, bound: usize) -> Checked {
    that(count <= bound, key, &format!("there are {count}, the bound is {bound}"))
}

fn that(holds: bool, key: &str, reason: &str) -> Checked {
    if holds { Ok(()) } else { Err(value(key, reason)) }
}

fn value(key: &str, reason: &str) -> ScenarioError {
    ScenarioError::Value { key: key.to_owned(), reason: reason.to_owned() }
}

impl ScenarioError {
    /// The same, one level up.
    fn under(self, parent: &str) -> Self {
        match self {
            Self::Value { key, reason } => Self::Value { key: format!("{parent}.{key}"), reason },
            toml @ Self::Toml(_) => toml,
        }
    }
}

impl From<LegFault> for ScenarioError {
    fn from(fault: LegFault) -> Self {
        let key =
            if fault.key == "loop-legs" { fault.key.into() } else { format!("legs[{}].{}", fault.leg, fault.key) };
        Self::Value { key, reason: fault.reason }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "test"
duration-s = 60
origin = { latitude-deg = 52, longitude-deg = 21, height-m = 100 }

[[target]]
name = "ONE"
class = "airliner"
start = { east-m = 1000, north-m = -2000, height-m = 3000 }
heading-deg = 90
speed-m-s = 150
legs = [{ kind = "straight", seconds = 20 }, { kind = "turn", by-deg = -90, bank-deg = 25 }]
transponder = { icao = "48AE21", callsign = "LOT3811" }
adsb = {}

[[sensor]]
kind = "radar"
name = "north"
position = { latitude-deg = 52.1, longitude-deg = 21, height-m = 130 }
sac = 25
sic = 1
"#;

    fn refusal(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        Scenario::from_toml(&GOOD.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn a_sound_scenario_is_read() {
        let scenario = Scenario::from_toml(GOOD).unwrap();
        assert_eq!((scenario.targets.len(), scenario.sensors.len()), (1, 1));
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name_and_line() {
        let cases = [
            ("duration-s", "duration", "unknown field `duration`", "line 3"),
            ("speed-m-s = 150", "speed-m-s = 150\nspeed = 3", "unknown field `speed`", "line 12"),
            ("seconds = 20", "seconds = 20, secs = 2", "unknown field `secs`", "line 12"),
            ("sac = 25", "sac = 25\nsigma = 1", "unknown field `sigma`", ""),
            ("callsign", "call-sign", "unknown field `call-sign`", "line 13"),
            ("\"straight\"", "\"strait\"", "unknown variant `strait`", "line 12"),
            ("\"radar\"", "\"lidar\"", "unknown variant `lidar`", ""),
        ];
        for (from, to, told, line) in cases {
            let text = refusal(from, to);
            assert!(text.contains(told) && text.contains(line), "{to}: {text}");
        }
    }

    #[test]
    fn an_impossible_value_is_refused_by_its_key() {
        let cases = [
            ("duration-s = 60", "duration-s = -1", "duration-s: -1 is not within"),
            ("duration-s = 60", "duration-s = nan", "duration-s: NaN is not within"),
            ("latitude-deg = 52,", "latitude-deg = 95,", "origin.latitude-deg: the origin is no place on earth"),
            ("speed-m-s = 150", "speed-m-s = 5000", "target[0] (ONE).speed-m-s: 5000 is not within 0 to 350"),
            ("east-m = 1000", "longitude-deg = 21", "target[0] (ONE).start: give either"),
            ("seconds = 20", "seconds = 0", "target[0] (ONE).legs[0].seconds: 0 is not within"),
            ("bank-deg = 25", "bank-deg = 25, rate-deg-s = 3", "legs[1].rate-deg-s: a turn needs either"),
            ("\"straight\", seconds = 20", "\"hover\", seconds = 20", "legs[0].kind: only a helicopter"),
            (
                "\"straight\", seconds = 20",
                "\"climb\", to-height-m = 9000, rate-m-s = 90",
                "legs[0].rate-m-s: 90 is not",
            ),
            ("48AE21", "48AE2", "target[0] (ONE).transponder.icao: wants six"),
            ("LOT3811", "lot", "target[0] (ONE).transponder.callsign: wants one to eight"),
            ("adsb = {}", "adsb = { nac-p = 12 }", "target[0] (ONE).adsb.nac-p: 12 is not within 1 to 11"),
            (
                "transponder = ",
                "emitter = { frequency-mhz = 5800 } #",
                "target[0] (ONE).adsb: a target with adsb needs",
            ),
            ("adsb = {}", "again-every-s = 60", "disappear-s: needed with again-every-s"),
            (
                "sac = 25",
                "detection-probability = 1.2\nsac = 25",
                "sensor[0] (north).detection-probability: 1.2 is not",
            ),
            ("sac = 25", "period-s = 0\nsac = 25", "sensor[0] (north).period-s: 0 is not within"),
        ];
        for (from, to, told) in cases {
            let text = refusal(from, to);
            assert!(text.contains(told), "{to}: {text}");
        }
    }

    #[test]
    fn legs_that_are_flown_again_must_lead_back_to_their_height_and_speed() {
        let looped = |leg: &str| {
            refusal("legs = [{ kind = \"straight\", seconds = 20 }", &format!("loop-legs = true\nlegs = [{leg}"))
        };
        let climbing = looped("{ kind = \"climb\", to-height-m = 4000, rate-m-s = 10 }");
        assert!(climbing.contains("loop-legs: the legs end at height 4000 m"), "{climbing}");
        let slowing = looped("{ kind = \"speed\", to-m-s = 100, seconds = 10 }");
        assert!(slowing.contains("loop-legs: the legs end at 100 m/s"), "{slowing}");
    }
}
