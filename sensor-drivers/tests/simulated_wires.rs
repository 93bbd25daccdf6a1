//! Every wire of the simulator goes through its real driver, and what comes out lies about the truth as its own sigmas
//! say: the normalised squared error of each component is one on average.

use fusion_core::angle::Angle;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::identity::{Address, Identity, ObjectClass, Serial};
use fusion_core::maths::{atan2, hypot};
use fusion_core::source_track::SourceTrack;
use fusion_core::time::Timestamp;
use sensor_drivers::asterix::direction_finder::{DirectionFinder, DirectionFinderConfig};
use sensor_drivers::asterix::drone_radar::{ClassMeaning, DroneRadar, DroneRadarConfig};
use sensor_drivers::asterix::radar::Doppler;
use sensor_drivers::decoder::{Decoder, Measured, OwnedScan, Place, Point, Polar, Report};
use sensor_drivers::emission;
use sensor_drivers::klv::{KlvConfig, KlvDecoder};
use sensor_drivers::mavlink::{MavlinkConfig, MavlinkDecoder};
use sensor_drivers::plots::{PlotsConfig, PlotsDecoder};
use sensor_drivers::remote_id::{RemoteIdConfig, RemoteIdDecoder};
use sensor_drivers::sapient::{SapientConfig, SapientDecoder};
use sensor_drivers::sim::scenario::Scenario;
use sensor_drivers::sim::{Simulation, TruthSample};

const START: Timestamp = Timestamp::from_secs(1_717_236_000);

/// What a driver made of one sensor's bytes.
struct Heard {
    scans: Vec<OwnedScan>,
    tracks: Vec<SourceTrack>,
    /// Mean of the normalised squared error of each kind of component, and of how many.
    errors: Vec<(&'static str, f64, f64)>,
}

/// Where the sensor of every scenario here stands.
fn site() -> Geodetic {
    Geodetic::from_degrees(52.0, 21.0, 150.0).expect("a place")
}

/// A drone that weaves a few kilometres away, a vehicle on a road below, and one sensor.
fn scenario(sensor: &str) -> Scenario {
    let text = format!(
        r#"
name = "one"
duration-s = 300
origin = {{ latitude-deg = 52, longitude-deg = 21, height-m = 150 }}

[[target]]
name = "Drone"
class = "small-drone"
start = {{ east-m = 1500, north-m = 900, height-m = 420 }}
heading-deg = 40
speed-m-s = 14
loop-legs = true
legs = [
    {{ kind = "straight", seconds = 20 }}, {{ kind = "turn", by-deg = 200, rate-deg-s = 9 }},
    {{ kind = "straight", seconds = 20 }}, {{ kind = "turn", by-deg = 160, rate-deg-s = 9 }},
]
remote-id = {{ serial = "1KRZ9TEST0001", position-sigma-m = 4.08 }}
emitter = {{ frequency-mhz = 2437 }}

[[target]]
name = "Truck"
class = "ground-vehicle"
start = {{ east-m = 900, north-m = 1300, height-m = 152 }}
heading-deg = 70
speed-m-s = 3

[[sensor]]
name = "sensor"
{sensor}
"#
    );
    Scenario::from_toml(&text).unwrap_or_else(|error| panic!("{sensor}: {error}"))
}

const PLACED: &str = "position = { latitude-deg = 52, longitude-deg = 21, height-m = 150 }\n";

/// Runs a scenario of one sensor through a driver; whatever is not understood fails the test.
fn hear(sensor: &str, target: &str, driver: impl Fn() -> Box<dyn Decoder>) -> Heard {
    let mut heard = Heard { scans: Vec::new(), tracks: Vec::new(), errors: Vec::new() };
    let mut sums: Vec<(&'static str, f64, f64)> = Vec::new();
    for seed in 1..=SEEDS {
        let mut simulation = Simulation::new(scenario(sensor), seed, START).expect("sound");
        let mut decoder = driver();
        let place = simulation.scenario().targets.iter().position(|one| one.name == target).expect("a target");
        while let Some(emission) = simulation.next_emission() {
            decoder.handle_bytes(&emission.bytes, emission.time);
            while let Some(report) = decoder.poll_report() {
                match report.expect("the simulator's bytes are understood") {
                    Report::Scan(scan) => {
                        compare(&scan, &simulation, place, &mut sums);
                        heard.scans.push(scan);
                    }
                    Report::SourceTrack(track) => heard.tracks.push(track),
                    Report::SourceTrackEnd(_) | Report::Status(_) => {}
                }
            }
            while decoder.poll_transmit().is_some() {}
        }
    }
    heard.errors = sums.into_iter().map(|(name, sum, count)| (name, sum / count, count)).collect();
    heard
}

/// Errors that wander over minutes are hardly more than one in one run.
const SEEDS: u64 = 480;

fn compare(scan: &OwnedScan, simulation: &Simulation, place: usize, sums: &mut Vec<(&'static str, f64, f64)>) {
    let truth = simulation.truth(scan.time);
    let sample = truth.iter().find(|sample| usize::from(sample.id.target) == place).expect("it exists");
    let from = scan.from.map_or(site(), |from| from.position);
    let turn = scan.from.map_or((0.0, 0.0), |from| (from.heading_sigma, from.tilt_sigma));
    for one in &scan.returns {
        let squares = match &one.place {
            Place::Polar(polar) => seen(polar, from, turn, sample),
            Place::Geodetic(point) => told(point, sample),
        };
        for (name, square) in squares.into_iter().flatten() {
            match sums.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, sum, count)) => (*sum, *count) = (*sum + square, *count + 1.0),
                None => sums.push((name, square, 1.0)),
            }
        }
    }
}

type Squares = Vec<Option<(&'static str, f64)>>;

fn square(error: f64, sigma: f64) -> f64 {
    (error / sigma) * (error / sigma)
}

/// Against the truth as seen from a place; `turn` is one sigma of heading and of tilt, which turn all that is
/// seen from there.
fn seen(polar: &Polar, from: Geodetic, (heading, tilt): (f64, f64), sample: &TruthSample) -> Squares {
    let plane = TangentPlane::at(from);
    let way = plane.geodetic_to_enu(sample.position);
    let way = *way.vector();
    let azimuth = Angle::from_radians(atan2(way.x, way.y));
    let axes = sample.position.enu_axes();
    let velocity = axes.transpose() * fusion_core::nalgebra::Vector3::from(sample.velocity_enu_m_s);
    let rate =
        plane.velocity_to_enu(fusion_core::frame::Velocity::from_vector(velocity)).vector().dot(&way) / way.norm();
    let part = |name, told: Option<Measured>, truth: f64| told.map(|m| (name, square(m.value - truth, m.sigma)));
    let turned = (Angle::from_radians(polar.azimuth.value) - azimuth).radians();
    let turn = hypot(heading, tilt * way.z / hypot(way.x, way.y));
    let tilted = polar.elevation.map(|one| Measured { sigma: hypot(one.sigma, tilt), ..one });
    vec![
        Some(("azimuth", square(turned, hypot(polar.azimuth.sigma, turn)))),
        part("range", polar.range, way.norm()),
        part("elevation", tilted, atan2(way.z, hypot(way.x, way.y))),
        part("range rate", polar.range_rate, rate),
    ]
}

fn told(point: &Point, sample: &TruthSample) -> Squares {
    let plane = TangentPlane::at(sample.position);
    let error = plane.geodetic_to_enu(Geodetic { height_m: sample.position.height_m, ..point.position });
    let error = error.vector();
    let up = point
        .vertical_sigma_m
        .map(|sigma| ("height", square(point.position.height_m - sample.position.height_m, sigma)));
    let velocity = point.velocity.map(|velocity| {
        let error = velocity.east_north_up[0] - sample.velocity_enu_m_s[0];
        ("velocity", square(error, velocity.horizontal_sigma))
    });
    vec![
        Some(("east", square(error.x, point.horizontal.east_sigma_m))),
        Some(("north", square(error.y, point.horizontal.north_sigma_m))),
        up,
        velocity,
    ]
}

impl Heard {
    /// Every component of every kind lies about the truth as it says, within a band about one.
    fn assert_consistent(&self, kinds: &[&str], count_min: f64, band: std::ops::Range<f64>) {
        let found: Vec<&str> = self.errors.iter().map(|(name, ..)| *name).collect();
        assert_eq!(found, kinds, "{:?}", self.errors);
        for (name, mean, count) in &self.errors {
            assert!(band.contains(mean) && *count >= count_min, "{name}: {mean:.3} over {count}, {:?}", self.errors);
        }
    }

    fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.scans.iter().flat_map(|scan| &scan.returns).map(|one| &one.identity)
    }
}

const WEST_OF_IT: &str = "field-of-view = { from-deg = 30, width-deg = 60 }\n";

fn drone_radar(encoder: &str) -> String {
    format!(
        "kind = \"drone-radar\"\nencoder = \"{encoder}\"\n{PLACED}{WEST_OF_IT}clutter-per-scan = 0\nsac = 41\nsic = 5\n\
         sees = [\"small-drone\"]\nclassified-share = 0.6\n"
    )
}

#[test]
fn cat015_plots_lie_about_the_truth_as_they_say_and_name_classes() {
    let config = || DroneRadarConfig {
        doppler: Doppler::Opening,
        classes: vec![ClassMeaning { class: 3, meaning: ObjectClass::Uav }],
        ..DroneRadarConfig::default()
    };
    let heard = hear(&drone_radar("asterix-cat015"), "Drone", || Box::new(DroneRadar::decoder(config())));
    heard.assert_consistent(&["azimuth", "range", "elevation", "range rate"], 1000.0, 0.9..1.1);
    assert_classified(&heard);
}

#[test]
fn sapient_detections_of_a_radar_lie_about_the_truth_as_they_say_and_name_classes() {
    let driver = || Box::new(SapientDecoder::new(SapientConfig::default()));
    let heard = hear(&drone_radar("sapient"), "Drone", || driver());
    heard.assert_consistent(&["azimuth", "range", "elevation"], 1000.0, 0.9..1.1);
    assert_classified(&heard);
    // Where the node stands is told by its status.
    assert!(heard.scans.iter().all(|scan| scan.from.is_some()));
}

/// Three in five are said to be drones, and nothing else is.
fn assert_classified(heard: &Heard) {
    let (mut drones, mut all) = (0.0, 0.0);
    for identity in heard.identities() {
        assert!(matches!(identity.class, ObjectClass::Uav | ObjectClass::Unknown), "{identity:?}");
        all += 1.0;
        drones += f64::from(u8::from(identity.class == ObjectClass::Uav));
    }
    assert!((drones / all - 0.6).abs() < 0.05, "{drones} of {all}");
}

#[test]
fn a_sapient_node_registers_before_it_detects() {
    let mut simulation = Simulation::new(scenario(&drone_radar("sapient")), 1, START).expect("sound");
    let mut decoder = SapientDecoder::new(SapientConfig::default());
    let mut answers = 0;
    while let Some(emission) = simulation.next_emission() {
        decoder.handle_bytes(&emission.bytes, emission.time);
        answers += std::iter::from_fn(|| decoder.poll_transmit()).count();
    }
    let tally = decoder.tally();
    assert_eq!((tally.unregistered, tally.refused, answers), (0, 0, 5), "a registration a minute");
    assert_eq!(tally.status_reports, 60);
}

fn finder(encoder: &str) -> String {
    format!("kind = \"direction-finder\"\nencoder = \"{encoder}\"\n{PLACED}outlier-share = 0\nazimuth-sigma-deg = 2\n")
}

#[test]
fn every_direction_finder_tells_bearings_as_it_says_and_the_same_emitter_by_the_same_fingerprint() {
    let plots = hear(&finder("plots"), "Drone", || Box::new(PlotsDecoder::new(PlotsConfig::default()).expect("sound")));
    let cat205 = hear(&finder("asterix-cat205"), "Drone", || {
        Box::new(DirectionFinder::decoder(DirectionFinderConfig::default()))
    });
    let sapient = hear(&finder("sapient"), "Drone", || Box::new(SapientDecoder::new(SapientConfig::default())));
    let channel = emission::channel(2437e6).expect("a frequency");
    for heard in [plots, cat205, sapient] {
        heard.assert_consistent(&["azimuth"], 1000.0, 0.9..1.1);
        for identity in heard.identities() {
            assert_eq!(identity.class, ObjectClass::Emitter);
            assert_eq!(identity.fingerprint.map(|print| print.hash), Some(channel));
        }
    }
}

fn remote_id(encoder: &str) -> String {
    format!("kind = \"remote-id-receiver\"\nencoder = \"{encoder}\"\n{PLACED}range-max-m = 9000\n")
}

/// Accuracies are told in classes, so the errors of height and velocity may be smaller than told.
fn assert_drone_tells_itself(heard: &Heard) {
    heard.assert_consistent(&["east", "north", "height", "velocity"], 1000.0, 0.1..1.5);
    for (name, mean, _) in &heard.errors[..2] {
        assert!(*mean > 0.6, "{name}: {mean}");
    }
    let serial = Serial::new("1KRZ9TEST0001").map(Address::RemoteId);
    assert!(heard.identities().all(|identity| identity.address == serial && identity.class == ObjectClass::Uav));
}

#[test]
fn remote_id_packs_tell_where_the_drone_is_as_accurately_as_they_say() {
    let driver = || Box::new(RemoteIdDecoder::new(RemoteIdConfig::default()).expect("sound"));
    assert_drone_tells_itself(&hear(&remote_id("remote-id"), "Drone", || driver()));
}

#[test]
fn open_drone_id_over_mavlink_tells_the_same() {
    let driver = || Box::new(MavlinkDecoder::new(MavlinkConfig::default()));
    assert_drone_tells_itself(&hear(&remote_id("mavlink"), "Drone", || driver()));
}

fn camera(encoder: &str) -> String {
    format!(
        "kind = \"drone-camera\"\ncarrier = \"Drone\"\nencoder = \"{encoder}\"\nwatches = [\"ground-vehicle\"]\n\
         position-sigma-m = 0.3\n"
    )
}

#[test]
fn a_drones_camera_on_mavlink_sees_a_vehicle_where_it_is() {
    let config = MavlinkConfig {
        heading_sigma: 1.5_f64.to_radians(),
        tilt_sigma: 0.4_f64.to_radians(),
        gimbal_sigma: 0.2_f64.to_radians(),
        ..MavlinkConfig::default()
    };
    let heard = hear(&camera("mavlink"), "Truck", || Box::new(MavlinkDecoder::new(config)));
    // Heading and tilt wander slowly: few of so many errors are independent. The driver allows for time between
    // attitude and image, of which there is none here.
    heard.assert_consistent(&["azimuth", "elevation"], 1000.0, 0.7..1.2);
    assert!(heard.scans.iter().all(|scan| scan.from.is_some()));
    assert!(heard.tracks.len() > 1000 && heard.tracks.iter().all(|track| track.identity.class == ObjectClass::Uav));
}

#[test]
fn a_drones_camera_on_klv_sees_a_vehicle_where_it_is_and_says_what_it_is() {
    let mut config = KlvConfig { platform_sigma_m: (0.3, 0.45), ..KlvConfig::default() };
    config.sight.heading = 1.5_f64.to_radians();
    config.sight.tilt = 0.4_f64.to_radians();
    config.sight.pointing = 0.2_f64.to_radians();
    let heard = hear(&camera("klv"), "Truck", || Box::new(KlvDecoder::new(config)));
    heard.assert_consistent(&["azimuth", "elevation"], 1000.0, 0.8..1.2);
    assert!(heard.identities().all(|identity| identity.class == ObjectClass::Ground && identity.fingerprint.is_some()));
}
