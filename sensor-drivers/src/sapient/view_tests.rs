//! Promises of what a node's silence says, with messages as another node sends them.

#![allow(clippy::unwrap_used, reason = "tests")]

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::measurement::Cone;
use fusion_core::time::Span;

use super::encode::{About, Sender, Sighting};
use super::*;
use crate::decoder::{HorizontalError, Measured, Point, Polar};

const CONE: Cone =
    Cone { from: Angle::ZERO, width_rad: 2.0, range_max_m: 9_000.0, elevation_min_rad: -0.2, elevation_max_rad: 0.6 };

fn at(ms: i64) -> Timestamp {
    Timestamp::from_secs(1_717_236_000) + Span::from_millis(ms)
}

/// A driver and a node that has registered, stares if asked to, and has told what it looks at.
fn heard(stares: bool) -> (SapientDecoder, Sender) {
    let mut decoder = SapientDecoder::new(SapientConfig::default());
    let mut sender = Sender::new(Uuid::of_name("radar"), 7);
    let site = Point {
        position: Geodetic::from_degrees(52.0, 5.0, 10.0).unwrap(),
        horizontal: HorizontalError::round(3.0),
        vertical_sigma_m: Some(5.0),
        velocity: None,
    };
    decoder.handle_bytes(&sender.registration(&About { stares, ..About::default() }, at(0)), at(0));
    decoder.handle_bytes(&sender.status_of_view(&site, &CONE, at(0)), at(0));
    while decoder.poll_report().is_some() {}
    (decoder, sender)
}

/// Feeds one detection, seen and received at such times; the scans that are out then, as coverage and size.
fn see(decoder: &mut SapientDecoder, sender: &mut Sender, seen_ms: i64, received_ms: i64) -> Vec<(Coverage, usize)> {
    let measured = |value| Measured { value, sigma: 0.01 };
    let polar =
        Polar { azimuth: measured(1.0), range: Some(measured(1e3)), elevation: None, height: None, range_rate: None };
    let place = Place::Polar(polar);
    let sighting = Sighting { object: Ulid(1), place: &place, class: None, signal: None, name: None };
    decoder.handle_bytes(&sender.detection(&sighting, at(seen_ms)), at(received_ms));
    scans(decoder)
}

fn scans(decoder: &mut SapientDecoder) -> Vec<(Coverage, usize)> {
    let scan = |report| match report {
        Ok(Report::Scan(scan)) => Some((scan.coverage, scan.returns.len())),
        _ => None,
    };
    std::iter::from_fn(|| decoder.poll_report()).filter_map(scan).collect()
}

fn is_cone((coverage, _): &(Coverage, usize)) -> bool {
    let Coverage::Cone(cone) = coverage else { return false };
    (cone.from - CONE.from).radians().abs() < 1e-9
        && (cone.width_rad - CONE.width_rad).abs() < 1e-9
        && (cone.range_max_m - CONE.range_max_m).abs() < 1e-9
        && (cone.elevation_min_rad - CONE.elevation_min_rad).abs() < 1e-9
        && (cone.elevation_max_rad - CONE.elevation_max_rad).abs() < 1e-9
}

#[test]
fn what_a_node_that_stares_does_not_detect_in_its_field_of_view_is_missed() {
    let (mut decoder, mut sender) = heard(true);
    let mut all = Vec::new();
    for second in 0..5 {
        all.extend(see(&mut decoder, &mut sender, 1_000 * second, 1_000 * second + 50));
        // The rest of the look comes in a piece of its own.
        all.extend(see(&mut decoder, &mut sender, 1_000 * second, 1_000 * second + 90));
    }
    decoder.handle_timeout(at(4_100));
    assert_eq!(all.iter().filter(|scan| is_cone(scan)).count(), 2, "the last one may go on: {all:?}");
    decoder.handle_timeout(at(4_300));
    all.extend(scans(&mut decoder));
    let looks: Vec<_> = all.iter().filter(|scan| is_cone(scan)).collect();
    assert!(looks.len() == 3 && looks.iter().all(|(_, size)| *size == 2), "{all:?}");
    assert_eq!(all.iter().map(|(_, size)| size).sum::<usize>(), 10);
}

#[test]
fn what_comes_after_its_look_was_given_out_is_only_a_report() {
    let (mut decoder, mut sender) = heard(true);
    (0..4).for_each(|second| drop(see(&mut decoder, &mut sender, 1_000 * second, 1_000 * second)));
    decoder.handle_timeout(at(3_500));
    assert!(scans(&mut decoder).iter().all(is_cone));
    assert_eq!(see(&mut decoder, &mut sender, 3_000, 3_600), [(Coverage::Reports, 1)]);
}

#[test]
fn silence_of_a_node_that_does_not_stare_or_keeps_no_rhythm_says_nothing() {
    let reports = |stares: bool, times: &[i64]| {
        let (mut decoder, mut sender) = heard(stares);
        let mut all: Vec<_> = times.iter().flat_map(|ms| see(&mut decoder, &mut sender, *ms, *ms)).collect();
        decoder.handle_timeout(at(60_000));
        all.extend(scans(&mut decoder));
        assert_eq!(all.len(), times.len());
        (all.iter().all(|(coverage, _)| *coverage == Coverage::Reports), decoder.tally().looks_out_of_rhythm)
    };
    assert_eq!(reports(false, &[0, 1_000, 2_000, 3_000]), (true, 0));
    let (silent, counted) = reports(true, &[0, 40, 1_000, 1_040, 2_000, 2_040]);
    assert!(silent && counted == 6, "{counted}");
}

#[test]
fn a_look_that_is_being_gathered_ends_with_its_connection() {
    let (mut decoder, mut sender) = heard(true);
    (0..4).for_each(|second| drop(see(&mut decoder, &mut sender, 1_000 * second, 1_000 * second)));
    decoder.handle_connection(false);
    decoder.handle_timeout(at(9_000));
    assert_eq!(scans(&mut decoder), []);
}
