//! What cannot be is refused here, by the name of its key.

use super::super::truth::{LegFault, segments};
use super::{
    COPIES_MAX, DURATION_S_MAX, LEGS_MAX, SENSORS_MAX, Scenario, ScenarioError, SensorSpec, SpotSpec, TARGETS_MAX,
    Target, Transponder,
};

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
        at_most("target", self.targets.len(), TARGETS_MAX)?;
        at_most("sensor", self.sensors.len(), SENSORS_MAX)?;
        for (place, target) in self.targets.iter().enumerate() {
            self.check_target(target).map_err(|error| error.under(&format!("target[{place}] ({})", target.name)))?;
        }
        for (place, sensor) in self.sensors.iter().enumerate() {
            self.check_sensor(sensor).map_err(|error| error.under(&format!("sensor[{place}] ({})", sensor.name())))?;
        }
        Ok(())
    }

    fn check_target(&self, target: &Target) -> Checked {
        let most = target.class.performance();
        let height_m = self.check_place("start", &target.start)?;
        within("heading-deg", target.heading_deg, -360.0, 360.0)?;
        within("speed-m-s", target.speed_m_s, 0.0, most.speed_m_s_max)?;
        check_times(target)?;
        at_most("legs", target.legs.len(), LEGS_MAX)?;
        segments(target, height_m).map_err(ScenarioError::from)?;
        if let Some(transponder) = &target.transponder {
            check_transponder(transponder)?;
        }
        if let Some(adsb) = &target.adsb {
            that(target.transponder.is_some(), "adsb", "a target with adsb needs a transponder")?;
            within("adsb.nac-p", f64::from(adsb.nac_p), 1.0, 11.0)?;
            within("adsb.latency-ms", adsb.latency_ms, 0.0, 10_000.0)?;
        }
        Ok(())
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

    fn check_sensor(&self, sensor: &SensorSpec) -> Checked {
        let namesakes = self.sensors.iter().filter(|other| other.name() == sensor.name()).count();
        that(namesakes == 1, "name", "another sensor has the same name")?;
        self.check_place("position", sensor.position())?;
        match sensor {
            SensorSpec::Radar(radar) => all(&[
                ("period-s", radar.period_s, 0.5, 60.0),
                ("range-max-m", radar.range_max_m, 1.0, 470e3),
                ("detection-probability", radar.detection_probability, 0.0, 1.0),
                ("primary-detection-probability", radar.primary_detection_probability, 0.0, 1.0),
                ("range-sigma-m", radar.range_sigma_m, 1e-3, 1e5),
                ("azimuth-sigma-deg", radar.azimuth_sigma_deg, 1e-4, 90.0),
                ("primary-range-sigma-m", radar.primary_range_sigma_m, 1e-3, 1e5),
                ("primary-azimuth-sigma-deg", radar.primary_azimuth_sigma_deg, 1e-4, 90.0),
                ("clutter-per-scan", radar.clutter_per_scan, 0.0, 1000.0),
                ("latency-ms", radar.latency_ms, 0.0, 10_000.0),
            ]),
            SensorSpec::AdsbReceiver(receiver) => all(&[
                ("range-max-m", receiver.range_max_m, 1.0, 1e6),
                ("message-loss", receiver.message_loss, 0.0, 1.0),
                ("latency-ms", receiver.latency_ms, 0.0, 10_000.0),
            ]),
            SensorSpec::DroneRadar(radar) => {
                if let Some(sector) = radar.field_of_view {
                    within("field-of-view.from-deg", sector.from_deg, -360.0, 360.0)?;
                    within("field-of-view.width-deg", sector.width_deg, 0.1, 360.0)?;
                }
                all(&[
                    ("period-s", radar.period_s, 0.05, 60.0),
                    ("range-max-m", radar.range_max_m, 1.0, 1e6),
                    ("detection-probability", radar.detection_probability, 0.0, 1.0),
                    ("range-sigma-m", radar.range_sigma_m, 1e-3, 1e5),
                    ("azimuth-sigma-deg", radar.azimuth_sigma_deg, 1e-4, 90.0),
                    ("elevation-sigma-deg", radar.elevation_sigma_deg, 1e-4, 90.0),
                    ("range-rate-sigma-m-s", radar.range_rate_sigma_m_s, 1e-3, 1e3),
                    ("clutter-per-scan", radar.clutter_per_scan, 0.0, 100.0),
                    ("latency-ms", radar.latency_ms, 0.0, 10_000.0),
                ])
            }
            SensorSpec::DirectionFinder(finder) => all(&[
                ("period-s", finder.period_s, 0.05, 60.0),
                ("range-max-m", finder.range_max_m, 1.0, 1e6),
                ("detection-probability", finder.detection_probability, 0.0, 1.0),
                ("azimuth-sigma-deg", finder.azimuth_sigma_deg, 1e-4, 90.0),
                ("outlier-share", finder.outlier_share, 0.0, 1.0),
                ("latency-ms", finder.latency_ms, 0.0, 10_000.0),
            ]),
        }
    }
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
            ("transponder = ", "radio-emitter = true #", "target[0] (ONE).adsb: a target with adsb needs"),
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
