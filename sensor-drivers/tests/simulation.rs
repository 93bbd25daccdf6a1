//! The simulator against the real drivers: what it emits is understood, and says what is true within its errors.

use std::collections::BTreeMap;

use fusion_core::angle::Angle;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::identity::{Address, ObjectClass};
use fusion_core::maths::{atan2, hypot};
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::asterix::cat048::{Detection, TargetReport};
use sensor_drivers::asterix::common::NAUTICAL_MILE_M;
use sensor_drivers::asterix::radar::{RadarConfig, RadarDecoder};
use sensor_drivers::asterix::records;
use sensor_drivers::asterix::spec::CATALOGUE;
use sensor_drivers::asterix::wire::TypedRecord;
use sensor_drivers::decoder::{Decoder, OwnedScan, Place, Polar, Report};
use sensor_drivers::mode_s::beast::{BeastFramer, Payload};
use sensor_drivers::mode_s::{ModeSConfig, ModeSDecoder};
use sensor_drivers::plots::PlotsDecoder;
use sensor_drivers::sim::scenario::{SHIPPED, Scenario, SensorSpec, demo};
use sensor_drivers::sim::{Emission, Simulation, TruthSample};

const START: Timestamp = Timestamp::from_secs(1_717_236_000);

fn run(scenario: Scenario, seed: u64) -> (Simulation, Vec<Emission>) {
    let mut simulation = Simulation::new(scenario, seed, START).expect("a sound scenario");
    let emissions = std::iter::from_fn(|| simulation.next_emission()).collect();
    (simulation, emissions)
}

fn decoder(spec: &SensorSpec) -> Box<dyn Decoder> {
    match spec {
        SensorSpec::Radar(_) => Box::new(RadarDecoder::new(RadarConfig::default())),
        SensorSpec::AdsbReceiver(_) => Box::new(ModeSDecoder::new(ModeSConfig::default())),
        SensorSpec::DroneRadar(_)
        | SensorSpec::DirectionFinder(_)
        | SensorSpec::AisReceiver(_)
        | SensorSpec::RemoteIdReceiver(_)
        | SensorSpec::DroneCamera(_) => Box::new(PlotsDecoder::default()),
    }
}

/// The scans of one sensor, each with the time its bytes came; whatever is not understood fails the test.
fn scans(simulation: &Simulation, emissions: &[Emission], sensor: usize) -> Vec<(Timestamp, OwnedScan)> {
    let mut decoder = decoder(&simulation.scenario().sensors[sensor]);
    let mut scans = Vec::new();
    for emission in emissions.iter().filter(|emission| emission.sensor == sensor) {
        decoder.handle_bytes(&emission.bytes, emission.time);
        while let Some(report) = decoder.poll_report() {
            if let Report::Scan(scan) = report.expect("the simulator's bytes are understood") {
                scans.push((emission.time, scan));
            }
        }
    }
    scans
}

/// A sensor's view of the truth: range, azimuth, elevation.
struct Eye(TangentPlane);

impl Eye {
    fn of(simulation: &Simulation, sensor: usize) -> Self {
        let scenario = simulation.scenario();
        Self(TangentPlane::at(
            scenario.locate(scenario.sensors[sensor].position().expect("it stands")).expect("a place on earth"),
        ))
    }

    fn see(&self, position: Geodetic) -> (f64, Angle, f64) {
        let way = self.0.geodetic_to_enu(position);
        let way = way.vector();
        (way.norm(), Angle::from_radians(atan2(way.x, way.y)), atan2(way.z, hypot(way.x, way.y)))
    }
}

fn by_address(truth: &[TruthSample], address: Option<Address>) -> Option<TruthSample> {
    let Some(Address::Icao(icao)) = address else { return None };
    truth.iter().copied().find(|sample| sample.icao == Some(icao))
}

fn fnv(emissions: &[Emission]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for emission in emissions {
        let head = emission.time.as_nanos().to_le_bytes().into_iter().chain([emission.sensor.to_le_bytes()[0]]);
        for byte in head.chain(emission.bytes.iter().copied()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
    hash
}

fn demo_of(duration_s: f64) -> Scenario {
    Scenario { duration_s, ..demo() }
}

/// One aircraft in a holding pattern before one radar, and whatever else is appended.
fn one_before_a_radar(duration_s: u32, more: &str) -> Scenario {
    let text = format!(
        r#"
name = "one"
duration-s = {duration_s}
origin = {{ latitude-deg = -33.9, longitude-deg = 151.2, height-m = 0 }}

[[target]]
name = "Holding"
class = "light-aircraft"
start = {{ east-m = 30_000, north-m = 20_000, height-m = 3000 }}
heading-deg = 90
speed-m-s = 80
loop-legs = true
legs = [{{ kind = "straight", seconds = 100 }}, {{ kind = "turn", by-deg = 180, rate-deg-s = 3 }}]
transponder = {{ icao = "7C1234", callsign = "VHABC" }}
adsb = {{ nac-p = 9 }}

[[sensor]]
kind = "radar"
name = "radar"
position = {{ east-m = 0, north-m = 0, height-m = 50 }}
period-s = 4
clutter-per-scan = 5
sac = 1
sic = 1
{more}"#
    );
    Scenario::from_toml(&text).expect("a sound scenario")
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_machine_and_another_seed_others() {
    let (_, first) = run(demo_of(30.0), 1);
    let (_, again) = run(demo_of(30.0), 1);
    assert!(first == again);
    assert_ne!(fnv(&first), fnv(&run(demo_of(30.0), 2).1));
    // Changes with the scenario or an encoder, on purpose; never with the machine.
    assert_eq!(fnv(&first), 0xfe14_ad34_fb55_795f, "{:#x}", fnv(&first));
}

#[test]
fn a_longer_run_begins_with_the_shorter_one() {
    let (_, short) = run(demo_of(20.0), 1);
    let (_, long) = run(demo_of(40.0), 1);
    assert!(long[..short.len()] == short[..]);
}

#[test]
fn one_sensor_less_changes_nothing_for_the_others() {
    let mut scenario = demo_of(30.0);
    // Which node hears what has no part in it.
    (scenario.nodes, scenario.links) = (vec![], vec![]);
    let (_, all) = run(scenario.clone(), 1);
    let gone = 1;
    scenario.sensors.remove(gone);
    let (_, fewer) = run(scenario, 1);
    let renumbered = all.into_iter().filter(|emission| emission.sensor != gone).map(|emission| {
        let sensor = emission.sensor - usize::from(emission.sensor > gone);
        Emission { sensor, ..emission }
    });
    assert!(renumbered.eq(fewer));
}

#[test]
fn emissions_come_in_the_order_of_time_and_end_with_the_scenario() {
    let (simulation, emissions) = run(demo_of(60.0), 3);
    assert!(emissions.is_sorted_by_key(|emission| emission.time));
    assert!(emissions.iter().all(|emission| emission.time >= START && emission.time <= simulation.end()));
    let heard = |sensor| emissions.iter().filter(|emission| emission.sensor == sensor).count();
    assert!((0..simulation.scenario().sensors.len()).all(|sensor| heard(sensor) > 50));
}

#[test]
fn every_byte_of_the_demo_is_understood() {
    let (simulation, emissions) = run(demo(), 1);
    for sensor in 0..simulation.scenario().sensors.len() {
        assert!(scans(&simulation, &emissions, sensor).len() > 100, "sensor {sensor}");
    }
}

#[test]
fn the_demo_keeps_its_density_for_hours() {
    let simulation = Simulation::new(demo_of(7200.0), 1, START).expect("a sound scenario");
    let middle = TangentPlane::at(demo().origin.place().expect("a place on earth"));
    let mut population = BTreeMap::new();
    for sample in simulation.truth_samples(Span::from_secs(10)) {
        *population.entry(sample.time).or_insert(0) += 1;
        assert!((150.0..12_000.0).contains(&sample.position.height_m), "{sample:?}");
        let way = middle.geodetic_to_enu(sample.position);
        let far = hypot(way.vector().x, way.vector().y);
        assert!(far < if sample.class == ObjectClass::Uav { 8e3 } else { 130e3 }, "{sample:?}");
    }
    assert_eq!(population.len(), 721);
    assert!(population.values().all(|count| (22..=24).contains(count)), "{population:?}");
}

#[test]
fn radar_plots_of_cooperative_targets_lie_where_they_are() {
    let (simulation, emissions) = run(demo(), 1);
    for sensor in [0, 1] {
        let eye = Eye::of(&simulation, sensor);
        let mut compared = 0;
        for (_, scan) in scans(&simulation, &emissions, sensor) {
            let truth = simulation.truth(scan.time);
            for one in &scan.returns {
                let Place::Polar(polar) = &one.place else { panic!("a radar measures from where it stands") };
                if let Some(sample) = by_address(&truth, one.identity.address) {
                    assert_near(&eye, polar, &sample);
                    compared += 1;
                }
            }
        }
        assert!(compared > 400, "sensor {sensor}: {compared}");
    }
}

/// Within five sigmas, and what a target flies while the antenna crosses a sector.
fn assert_near(eye: &Eye, polar: &Polar, sample: &TruthSample) {
    let (range_m, azimuth, _) = eye.see(sample.position);
    let [east, north, up] = sample.velocity_enu_m_s;
    let moved_m = hypot(hypot(east, north), up) * 0.17;
    let range = polar.range.expect("a range");
    assert!((range.value - range_m).abs() < 5.0 * range.sigma + moved_m, "{sample:?} {polar:?}");
    let aside = (Angle::from_radians(polar.azimuth.value) - azimuth).radians().abs();
    assert!(aside < 5.0 * polar.azimuth.sigma + moved_m / range_m, "{sample:?} {polar:?}");
    let height = polar.height.expect("a transponder tells a height");
    assert!((height.value - sample.position.height_m).abs() < 15.5 + moved_m, "{sample:?} {polar:?}");
}

/// All CAT048 reports with the times that their times of day mean.
fn reports(emissions: &[Emission]) -> Vec<(Timestamp, TargetReport)> {
    let of = |emission: &Emission| -> Vec<(Timestamp, TargetReport)> {
        let sound = records(&emission.bytes, CATALOGUE).map(|record| record.expect("sound"));
        let typed = sound.filter_map(|record| TargetReport::of(&record));
        typed.map(|report| (report.time_of_day.expect("140").near(emission.time).expect("a day"), report)).collect()
    };
    emissions.iter().filter(|emission| emission.sensor == 0).flat_map(of).collect()
}

#[test]
fn radar_detections_clutter_and_errors_have_the_statistics_of_the_scenario() {
    const TURNS: f64 = 1000.0;
    let (simulation, emissions) = run(one_before_a_radar(4000, ""), 11);
    let eye = Eye::of(&simulation, 0);
    let (mut seen, mut clutter, mut with_primary) = (0.0, 0.0, 0.0);
    let (mut range_squares, mut azimuth_squares, mut range_sum, mut azimuth_sum) = (0.0, 0.0, 0.0, 0.0);
    for (time, report) in reports(&emissions) {
        let detection = report.descriptor.as_ref().expect("020").detection();
        if report.address.is_none() {
            assert_eq!(detection, Detection::Primary);
            clutter += 1.0;
            continue;
        }
        let sample = by_address(&simulation.truth(time), report.address.map(|a| Address::Icao(a.address)));
        let (range_m, azimuth, _) = eye.see(sample.expect("the only target").position);
        let position = report.position.expect("040");
        let range_error = (position.range_m() - range_m) / 70.0;
        let azimuth_error = (Angle::from_radians(position.azimuth_rad()) - azimuth).degrees() / 0.08;
        (seen, range_sum, azimuth_sum) = (seen + 1.0, range_sum + range_error, azimuth_sum + azimuth_error);
        range_squares += range_error * range_error;
        azimuth_squares += azimuth_error * azimuth_error;
        with_primary += f64::from(u8::from(detection == Detection::ModeSRollCallPrimary));
    }
    // Four standard errors each.
    assert!((seen - 0.97 * TURNS).abs() < 4.0 * (TURNS * 0.97 * 0.03_f64).sqrt(), "detections {seen}");
    assert!((clutter - 5.0 * TURNS).abs() < 4.0 * (5.0 * TURNS).sqrt(), "clutter {clutter}");
    assert!((with_primary / seen - 0.9).abs() < 4.0 * (0.09 / seen).sqrt(), "with primary {with_primary}");
    assert!((range_sum / seen).abs() < 4.0 / seen.sqrt() && (azimuth_sum / seen).abs() < 4.0 / seen.sqrt());
    for mean_square in [range_squares / seen, azimuth_squares / seen] {
        assert!((mean_square - 1.0).abs() < 4.0 * (2.0 / seen).sqrt(), "{mean_square}");
    }
    let step_m = NAUTICAL_MILE_M / 256.0;
    assert!(step_m < 70.0 / 5.0, "rounding to the wire is small beside the error");
}

#[test]
fn adsb_positions_lie_within_the_accuracy_that_they_tell() {
    let (simulation, emissions) = run(demo(), 1);
    let receiver_latency = Span::from_millis(5);
    let latency_of = |sample: &TruthSample| {
        let adsb = simulation.scenario().targets[usize::from(sample.id.target)].adsb.expect("it transmits");
        Span::from_secs_f64(adsb.latency_ms * 1e-3)
    };
    let (mut compared, mut squares) = (0.0, 0.0);
    for (received, scan) in scans(&simulation, &emissions, 2) {
        let one = &scan.returns[0];
        let Place::Geodetic(point) = &one.place else { panic!("ADS-B tells coordinates") };
        let now = by_address(&simulation.truth(received), one.identity.address).expect("a live target");
        let then = received - receiver_latency - latency_of(&now);
        let Some(told) = by_address(&simulation.truth(then), one.identity.address) else { continue };
        let error = TangentPlane::at(told.position).geodetic_to_enu(point.position);
        let horizontal = hypot(error.vector().x, error.vector().y);
        assert!(horizontal < 5.0 * point.horizontal.east_sigma_m + 10.0, "{told:?} {point:?}");
        compared += 1.0;
        squares += horizontal * horizontal / (point.horizontal.east_sigma_m * point.horizontal.east_sigma_m);
    }
    assert!(compared > 2500.0, "{compared}");
    // Two axes. The decoder widens its sigma for latency, and errors wander: ten aircraft are ten draws, not thousands.
    assert!((0.2..4.0).contains(&(squares / compared)), "{}", squares / compared);
}

#[test]
fn two_receivers_hear_the_same_messages() {
    let receiver = |name: &str, east: &str| {
        format!(
            "\n[[sensor]]\nkind = \"adsb-receiver\"\nname = \"{name}\"\nmessage-loss = 0\n\
             position = {{ east-m = {east}, north-m = 0, height-m = 50 }}\n"
        )
    };
    let (_, emissions) = run(one_before_a_radar(60, &(receiver("a", "0") + &receiver("b", "9000"))), 5);
    let heard = |sensor| -> Vec<Payload> {
        let bytes: Vec<u8> = emissions.iter().filter(|e| e.sensor == sensor).flat_map(|e| e.bytes.clone()).collect();
        let (mut framer, mut rest) = (BeastFramer::new(), &bytes[..]);
        std::iter::from_fn(|| framer.next_frame(&mut rest)).map(|frame| frame.payload).collect()
    };
    assert!(heard(1).len() > 200);
    assert_eq!(heard(1), heard(2));
}

/// For each true target: in how many scans it was present and could be seen, and in how many a return lay near it.
fn drone_radar_hits(
    simulation: &Simulation,
    emissions: &[Emission],
    near: impl Fn(&Eye, &Polar, &TruthSample) -> bool,
) -> (f64, f64, f64) {
    let eye = Eye::of(simulation, 3);
    let (mut looks, mut hits, mut returns) = (0.0, 0.0, 0.0);
    for (_, scan) in scans(simulation, emissions, 3) {
        returns += f64::from(u16::try_from(scan.returns.len()).expect("few"));
        for sample in simulation.truth(scan.time) {
            let (range_m, _, elevation) = eye.see(sample.position);
            if range_m > 7_900.0 || elevation.to_degrees() < 0.0 || elevation.to_degrees() > 70.0 {
                continue;
            }
            looks += 1.0;
            let polars = scan.returns.iter().filter_map(|one| match &one.place {
                Place::Polar(polar) => Some(polar),
                Place::Geodetic(_) => None,
            });
            hits += f64::from(u8::from(polars.into_iter().any(|polar| near(&eye, polar, &sample))));
        }
    }
    (looks, hits, returns)
}

#[test]
fn drone_radar_returns_have_the_statistics_of_the_scenario() {
    let (simulation, emissions) = run(demo_of(600.0), 1);
    let within_five_sigmas = |eye: &Eye, polar: &Polar, sample: &TruthSample| {
        let (range_m, azimuth, elevation) = eye.see(sample.position);
        let measured = [polar.range.expect("range"), polar.azimuth, polar.elevation.expect("elevation")];
        let errors = [
            measured[0].value - range_m,
            (Angle::from_radians(measured[1].value) - azimuth).radians(),
            measured[2].value - elevation,
        ];
        errors.iter().zip(measured).all(|(error, measured)| error.abs() < 5.0 * measured.sigma)
    };
    let (looks, hits, returns) = drone_radar_hits(&simulation, &emissions, within_five_sigmas);
    assert!(looks > 3000.0, "{looks}");
    assert!((hits / looks - 0.9).abs() < 4.0 * (0.09 / looks).sqrt() + 0.002, "{hits} of {looks}");
    // What is left is clutter, two a look (and the few targets between 7.9 and 8 km).
    let clutter = (returns - hits) / 600.0;
    assert!((clutter - 2.0).abs() < 4.0 * (2.0 / 600.0_f64).sqrt() + 0.05, "{clutter}");
}

#[test]
fn bearings_point_at_emitters_but_for_the_reflected_share() {
    let (simulation, emissions) = run(demo_of(1200.0), 4);
    let eye = Eye::of(&simulation, 4);
    let (mut bearings, mut astray) = (0.0, 0.0);
    for (_, scan) in scans(&simulation, &emissions, 4) {
        let emitting =
            |sample: &TruthSample| simulation.scenario().targets[usize::from(sample.id.target)].emitter.is_some();
        let azimuths: Vec<Angle> =
            simulation.truth(scan.time).iter().filter(|s| emitting(s)).map(|s| eye.see(s.position).1).collect();
        assert!(scan.returns.len() <= azimuths.len());
        for one in &scan.returns {
            let Place::Polar(polar) = &one.place else { panic!("a bearing") };
            assert!(polar.range.is_none());
            let bearing = Angle::from_radians(polar.azimuth.value);
            let near = azimuths.iter().any(|azimuth| (bearing - *azimuth).radians().abs() < 4.0 * polar.azimuth.sigma);
            bearings += 1.0;
            astray += f64::from(u8::from(!near));
        }
    }
    // A reflection may by chance point at some emitter: four of them cover up to a quarter of the horizon.
    let share = astray / bearings;
    assert!(bearings > 3000.0 && (0.07 * 0.6..0.07 * 1.1).contains(&share), "{share} of {bearings}");
}

#[test]
fn every_shipped_scenario_gives_the_same_bytes_for_the_same_seed() {
    for one in SHIPPED.iter().filter(|one| one.name != "border") {
        let scenario = || Scenario { duration_s: 10.0, ..one.scenario() };
        let first = run(scenario(), 1).1;
        assert!(first == run(scenario(), 1).1, "{}", one.name);
        assert!(first != run(scenario(), 2).1, "{}", one.name);
    }
}

#[test]
fn a_recorded_path_is_flown_as_recorded() {
    let text = "name = \"path\"\nduration-s = 60\norigin = { latitude-deg = 52, longitude-deg = 21, height-m = 0 }\n\
                [[target]]\nname = \"T\"\nclass = \"small-drone\"\nappear-s = 5\npath = { file = \"t.csv\" }\n";
    let csv = "time,lat,lon,h\n100,52.0,21.0,300\n110,52.001,21.002,310\n125.5,52.002,21.001,320\n";
    let mut read = |name: &str| if name == "t.csv" { Ok(csv.to_owned()) } else { Err("no such file".to_owned()) };
    let scenario = Scenario::from_toml_with(text, &mut read).expect("sound");
    let simulation = Simulation::new(scenario, 1, START).expect("sound");
    let at = |seconds: f64| simulation.truth(START + Span::from_secs_f64(seconds));
    for (seconds, latitude, longitude, height) in [(5.0, 52.0, 21.0, 300.0), (15.0, 52.001, 21.002, 310.0)] {
        let recorded = Geodetic::from_degrees(latitude, longitude, height).expect("a place");
        let error = (at(seconds)[0].position.to_ecef() - recorded.to_ecef()).length();
        assert!(error < 1e-6, "{error} m at {seconds} s");
    }
    assert!(at(4.9).is_empty() && at(30.6).is_empty(), "it is there from its first point to its last");
}

#[test]
fn a_fault_changes_nothing_of_what_is_measured() {
    let plain = demo_of(20.0);
    let mut spoilt = plain.clone();
    spoilt.sensors[0].faults_mut().duplicate_share = 0.5;
    let (_, clean) = run(plain, 1);
    let (_, doubled) = run(spoilt, 1);
    let distinct = |emissions: Vec<Emission>| {
        let mut bytes: Vec<Vec<u8>> = emissions.into_iter().filter(|e| e.sensor == 0).map(|e| e.bytes).collect();
        bytes.dedup();
        bytes
    };
    assert!(doubled.len() > clean.len() + 30);
    assert_eq!(distinct(doubled), distinct(clean));
}
