//! What real captures do to time: clocks that are off, drift and step, days that end, records that come late, twice or
//! not at all. Through the whole node in virtual time: whatever happens, no track is where its target was not.

use edge_node::config::Config;
use edge_node::node::sensor_clock::ClockState;
use edge_node::node::{Node, Output, node_id};
use fusion_core::geodesy::Geodetic;
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use proto::record::TrackRecord;
use sensor_drivers::sim::Simulation;
use sensor_drivers::sim::scenario::{self, SensorSpec};

const START: Timestamp = Timestamp::from_secs(1_717_236_000);
const SENSOR: SensorId = SensorId(0);
/// The target flies east.
const SPEED_M_S: f64 = 100.0;
/// The least delay of every report.
const DELAY_S: f64 = 0.1;

fn at(seconds: f64) -> Timestamp {
    START + Span::from_secs_f64(seconds)
}

// --- A node, fed ---

fn node(settings: &str) -> Node {
    let text = format!(
        "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n[[sensors]]\nname = \"beacon\"\n\
         kind = \"plots\"\nendpoint = \"udp://127.0.0.1:9001\"\n{settings}\n\
         label = {{ level = \"unclassified\", originator = \"TEST\" }}\n"
    );
    let config = Config::parse(&text).expect("a valid configuration");
    Node::new(&config, Origin { node: node_id("alpha"), incarnation: 1 }).expect("a valid configuration")
}

/// A report and when it is received.
struct Sent {
    received: Timestamp,
    bytes: Vec<u8>,
}

fn longitude_deg(seconds: f64) -> f64 {
    let metres_per_degree = 111_412.84 * 0.615_661_475 - 93.5 * -0.241_921_9;
    21.0 + SPEED_M_S * seconds / metres_per_degree
}

/// The report of where the target is at a true time, by a clock that is off, received after a delay.
fn report(true_s: f64, error_s: f64, delay_s: f64) -> Sent {
    let told = at(true_s + error_s);
    let (seconds, nanos) = (told.as_nanos() / 1_000_000_000, told.as_nanos() % 1_000_000_000);
    let longitude = longitude_deg(true_s);
    let line = format!(
        "{{\"time\":{seconds}.{nanos:09},\"latitude_deg\":52.0,\"longitude_deg\":{longitude:.9},\
         \"horizontal_sigma_m\":5,\"height_m\":0,\"height_sigma_m\":5}}\n"
    );
    Sent { received: at(true_s + delay_s), bytes: line.into_bytes() }
}

/// A report a second.
fn reports(from_s: u32, until_s: u32, error_s: impl Fn(f64) -> f64) -> Vec<Sent> {
    let seconds = (from_s..until_s).map(f64::from);
    seconds.map(|true_s| report(true_s, error_s(true_s), DELAY_S)).collect()
}

/// Feeds in the order of receipt, letting time pass before each, and gives the records that came out with the time.
fn feed(node: &mut Node, mut sent: Vec<Sent>) -> Vec<(Timestamp, TrackRecord)> {
    sent.sort_by_key(|report| report.received);
    let mut records = Vec::new();
    for report in sent {
        while let Some(due) = node.deadline_before(report.received) {
            node.handle_timeout(due);
            drain(node, due, &mut records);
        }
        node.handle_bytes(SENSOR, &report.bytes, report.received);
        drain(node, report.received, &mut records);
    }
    records
}

fn drain(node: &mut Node, now: Timestamp, records: &mut Vec<(Timestamp, TrackRecord)>) {
    while let Some(output) = node.poll() {
        if let Output::Record(record) = output
            && record.status.is_some()
        {
            records.push((now, *record));
        }
    }
}

// --- What is looked at ---

fn counter(node: &Node, wanted: &str) -> u64 {
    let mut found = None;
    node.sensor_counters(SENSOR, &mut |name, count| found = found.or((name == wanted).then_some(count)));
    found.unwrap_or_else(|| panic!("no counter {wanted}"))
}

/// How far a record is from where its target was at the record's time; the target flies as told by `true_s` of it.
fn error_m(record: &TrackRecord) -> f64 {
    let true_s = (record.estimate.time - START).as_secs_f64();
    let truth = Geodetic::from_degrees(52.0, longitude_deg(true_s), 0.0).expect("a place").to_ecef();
    (record.estimate.position.vector() - truth.vector()).norm()
}

/// There were tracks, and each was within so many seconds' flight of its target.
fn assert_true(records: &[(Timestamp, TrackRecord)], at_least: usize, within_s: f64) {
    assert!(records.len() >= at_least, "{} records", records.len());
    for (now, record) in records {
        let error_m = error_m(record);
        assert!(error_m < SPEED_M_S * within_s + 20.0, "{error_m} m at {now:?}");
        assert!(record.estimate.time <= *now + Span::from_secs(1));
    }
}

// --- A clock that is off ---

#[test]
fn a_clock_1581_s_behind_is_corrected_by_default_and_said_so() {
    for settings in ["", "clock = \"correct\"", "clock = \"correct\"\nlatency-s = 0.1"] {
        let mut node = node(settings);
        let records = feed(&mut node, reports(0, 120, |_| -1581.7));
        assert_true(&records, 100, 0.15);
        let health = node.health(SENSOR, at(120.0)).expect("a sensor");
        assert_eq!(health.clock.state, ClockState::Corrected);
        assert!((health.clock.offset.expect("estimated").as_secs_f64() + 1581.7).abs() < 0.2);
        assert_eq!((counter(&node, "clock_corrected"), counter(&node, "clock_refused")), (118, 2));
    }
}

#[test]
fn a_clock_1581_s_behind_that_is_to_be_trusted_is_refused_and_said_so() {
    let mut node = node("clock = \"trust\"");
    let records = feed(&mut node, reports(0, 120, |_| -1581.7));
    assert_eq!((records.len(), counter(&node, "clock_refused"), counter(&node, "measurements")), (0, 120, 0));
    assert_eq!(node.health(SENSOR, at(120.0)).expect("a sensor").clock.state, ClockState::Refused);
}

#[test]
fn a_clock_1581_s_behind_does_not_matter_where_the_time_of_receipt_counts() {
    let mut node = node("clock = \"receive-time\"\nlatency-s = 0.1");
    let records = feed(&mut node, reports(0, 120, |_| -1581.7));
    assert_true(&records, 100, 0.01);
    assert_eq!((counter(&node, "clock_received"), counter(&node, "clock_refused")), (120, 0));
    assert_eq!(node.health(SENSOR, at(120.0)).expect("a sensor").clock.state, ClockState::Unused);
}

#[test]
fn a_clock_1581_s_ahead_holds_up_nobody() {
    let mut node = node("");
    let records = feed(&mut node, reports(0, 120, |_| 1581.7));
    assert_true(&records, 100, 0.15);
    assert_eq!(counter(&node, "scans_from_the_future"), 2, "before three reports agreed");
}

// --- Drift and steps ---

#[test]
fn drifts_of_20_to_200_ppm_are_told_and_followed() {
    for ppm in [20.0, 100.0, 200.0, -200.0] {
        let mut node = node("");
        let records = feed(&mut node, reports(0, 900, |true_s| -1581.7 + true_s * ppm * 1e-6));
        assert_true(&records, 800, 0.2);
        let clock = node.health(SENSOR, at(900.0)).expect("a sensor").clock;
        assert!((clock.drift_ppm.expect("a quarter of an hour is enough") - ppm).abs() < 0.5, "{clock:?}");
        assert_eq!(clock.steps, 0);
    }
}

#[test]
fn a_step_of_the_clock_costs_some_reports_and_moves_no_track() {
    for step_s in [-60.0, 60.0] {
        let mut node = node("");
        let records = feed(&mut node, reports(0, 300, |true_s| if true_s < 150.0 { 0.0 } else { step_s }));
        assert_true(&records, 250, 0.15);
        let clock = node.health(SENSOR, at(300.0)).expect("a sensor").clock;
        assert_eq!((clock.state, clock.steps), (ClockState::Corrected, 1));
        let refused = counter(&node, "clock_refused");
        assert!((2..=11).contains(&refused), "{refused}");
    }
}

// --- Late, silent, twice ---

#[test]
fn thirty_in_a_hundred_reports_up_to_2_s_late_are_no_error_of_the_clock() {
    for error_s in [0.0, -1581.7] {
        let mut node = node("");
        let late_s = |k: u32| if k % 10 < 3 { 0.5 + 0.1 * f64::from(k * 7 % 16) } else { 0.0 };
        let sent = (0..1200_u32).map(|k| report(f64::from(k) * 0.25, error_s, DELAY_S + late_s(k))).collect();
        let records = feed(&mut node, sent);
        assert_true(&records, 1000, 0.15);
        let clock = node.health(SENSOR, at(300.0)).expect("a sensor").clock;
        assert_eq!(clock.steps, 0);
        assert!((clock.offset.expect("estimated").as_secs_f64() - error_s + DELAY_S).abs() < 0.01, "{clock:?}");
        assert!(counter(&node, "clock_refused") <= 3, "only before the first agreed");
        assert_eq!(counter(&node, "scans_too_late"), 0);
    }
}

#[test]
fn an_outage_of_460_s_is_a_silence_and_no_step() {
    for error_s in [0.0, -1581.7] {
        let mut node = node("");
        let mut sent = reports(0, 200, |_| error_s);
        sent.extend(reports(660, 900, |_| error_s));
        let records = feed(&mut node, sent);
        assert_true(&records, 400, 0.15);
        let health = node.health(SENSOR, at(900.0)).expect("a sensor");
        assert_eq!((health.clock.steps, counter(&node, "clock_refused") <= 2), (0, true));
    }
}

#[test]
fn what_waited_through_an_outage_comes_too_late_and_moves_no_track() {
    let mut node = node("");
    let mut sent = reports(0, 200, |_| 0.0);
    sent.extend((200..660_u32).map(|k| report(k.into(), 0.0, 660.0 - f64::from(k) + 0.01 * f64::from(k - 200))));
    sent.extend(reports(665, 900, |_| 0.0));
    let records = feed(&mut node, sent);
    assert_true(&records, 400, 0.15);
    assert_eq!(node.health(SENSOR, at(900.0)).expect("a sensor").clock.steps, 0);
}

#[test]
fn a_network_that_is_doubled_changes_nothing_but_a_counter() {
    let twice = |sent: Vec<Sent>| {
        let copy =
            |report: &Sent| Sent { received: report.received + Span::from_millis(3), bytes: report.bytes.clone() };
        sent.iter()
            .map(copy)
            .chain(sent.iter().map(|r| Sent { received: r.received, bytes: r.bytes.clone() }))
            .collect()
    };
    let (mut one, mut two) = (node(""), node(""));
    let expected = feed(&mut one, reports(0, 120, |_| 0.0));
    let records = feed(&mut two, twice(reports(0, 120, |_| 0.0)));
    assert_eq!((counter(&two, "datagrams_duplicate"), counter(&two, "scans")), (120, 120));
    let only = |records: Vec<(Timestamp, TrackRecord)>| records.into_iter().map(|(_, r)| r).collect::<Vec<_>>();
    assert_eq!(only(records), only(expected));
}

// --- Midnight ---

/// A radar of the demonstration, over midnight. Its clock is off by so much, which is the same as everybody else's
/// being off the other way.
fn over_midnight(error_s: i64) -> Node {
    let scenario = scenario::demo();
    let (sensor, radar) =
        scenario.sensors.iter().enumerate().find(|(_, s)| matches!(s, SensorSpec::Radar(_))).expect("a radar");
    let place = radar.position().and_then(|spot| scenario.locate(spot)).expect("a place");
    let text = format!(
        "[node]\nname = \"alpha\"\nlatitude-deg = 52.17\nlongitude-deg = 20.97\n[[sensors]]\nname = \"radar\"\n\
         kind = \"asterix\"\nscan-period-s = 4\nlatitude-deg = {}\nlongitude-deg = {}\nheight-m = {}\n\
         label = {{ level = \"unclassified\", originator = \"TEST\" }}\n",
        place.latitude_deg(),
        place.longitude_deg(),
        place.height_m
    );
    let config = Config::parse(&text).expect("a valid configuration");
    let mut node = Node::new(&config, Origin { node: node_id("a"), incarnation: 1 }).expect("valid");
    let midnight = START.midnight();
    let mut simulation = Simulation::new(scenario, 7, midnight - Span::from_secs(60)).expect("it runs");
    let mut sent = Vec::new();
    while let Some(emission) = simulation.next_emission() {
        if emission.sensor == sensor {
            sent.push(Sent { received: emission.time - Span::from_secs(error_s), bytes: emission.bytes });
        }
    }
    let records = feed(&mut node, sent);
    assert!(records.len() > 100, "{} records", records.len());
    node
}

#[test]
fn a_day_that_ends_is_no_step_of_a_radars_clock() {
    for (error_s, state) in [(0, ClockState::Good), (-1581, ClockState::Corrected), (1581, ClockState::Corrected)] {
        let node = over_midnight(error_s);
        let clock = node.health(SENSOR, START.midnight() + Span::from_secs(120 - error_s)).expect("a radar").clock;
        assert_eq!((clock.state, clock.steps), (state, 0), "{clock:?}");
        assert!(counter(&node, "clock_refused") <= 2, "{}", counter(&node, "clock_refused"));
    }
}
