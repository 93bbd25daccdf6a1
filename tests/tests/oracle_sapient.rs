//! The SAPIENT codec agrees with sapient-msg, an independent binding of BSI Flex 335 v2.0: each of the 121 rules is
//! kept and each is missed by its name when it is broken; detections are read as they were written; what we send is
//! read there.
//!
//! Needs a Python interpreter with `sapient-msg` 0.2.1. The script makes the messages and asks; this test answers with
//! the codec (see `oracle/sapient_oracle.py` for the questions). The standard's own test messages are no part of any
//! package; whoever has them as wire bytes names their folder in `COPMESH_SAPIENT_CORPUS` and has them judged too.

use std::path::Path;

use fusion_core::geodesy::Geodetic;
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::{Decoder, HorizontalError, Measured, OwnedScan, Place, Point, Polar, Report};
use sensor_drivers::sapient::encode::{About, Sender, Sighting};
use sensor_drivers::sapient::{SapientConfig, SapientDecoder, Ulid, Uuid, check};
use serde_json::{Map, Value, json};
use tests::{hex, unhex};

#[test]
fn sapient_agrees_with_sapient_msg_both_ways() {
    let sent = sent();
    tests::oracle::ask("oracle_sapient", "sapient_oracle", |question| answer(question, &sent));
}

fn answer(question: &str, sent: &[Vec<u8>]) -> Result<String, String> {
    let (verb, rest) = question.split_once(' ').ok_or("no verb")?;
    match verb {
        "C" => Ok(judged(&unhex(rest)?)),
        "D" => read(&unhex(rest)?),
        "E" => {
            let number: usize = rest.parse().map_err(|_| "no number")?;
            Ok(sent.get(number).map(|message| hex(&message[4..])).unwrap_or_default())
        }
        _ => Err(format!("unknown verb {verb}")),
    }
}

fn judged(message: &[u8]) -> String {
    check(message).map_or_else(|error| format!("{}: {}", error.field, error.reason), |()| "ok".to_owned())
}

/// What the driver makes of a detection.
fn read(message: &[u8]) -> Result<String, String> {
    let mut decoder = SapientDecoder::new(SapientConfig::default());
    let length = u32::try_from(message.len()).map_err(|_| "too long")?;
    decoder.handle_bytes(&[&length.to_le_bytes(), message].concat(), Timestamp::EPOCH);
    match decoder.poll_report() {
        Some(Ok(Report::Scan(scan))) => Ok(told(&scan)?.to_string()),
        other => Err(format!("{other:?}")),
    }
}

fn told(scan: &OwnedScan) -> Result<Value, String> {
    let Place::Polar(polar) = &scan.returns[0].place else { return Err(format!("{scan:?}")) };
    let mut told = Map::new();
    told.insert("time".into(), json!((scan.time - Timestamp::EPOCH).as_secs_f64()));
    told.insert("azimuth".into(), json!(polar.azimuth.value));
    told.insert("azimuth_sigma".into(), json!(polar.azimuth.sigma));
    if let Some(range) = polar.range {
        told.insert("range".into(), json!(range.value));
        told.insert("range_sigma".into(), json!(range.sigma));
    }
    if let Some(elevation) = polar.elevation {
        told.insert("elevation".into(), json!(elevation.value));
    }
    Ok(Value::Object(told))
}

/// Some of everything that we send, each behind its length.
fn sent() -> Vec<Vec<u8>> {
    let time = Timestamp::from_secs(1_717_236_000) + Span::from_millis(250);
    let mut sender = Sender::new(Uuid::of_name("oracle"), 1);
    let measured = |value, sigma| Measured { value, sigma };
    let position = Geodetic::from_degrees(52.0, 5.0, 10.0).expect("a place");
    let point =
        Point { position, horizontal: HorizontalError::round(3.0), vertical_sigma_m: Some(5.0), velocity: None };
    let line = Polar { azimuth: measured(1.0, 0.01), range: None, elevation: None, height: None, range_rate: None };
    let seen = Place::Polar(Polar { range: Some(measured(900.0, 5.0)), elevation: Some(measured(0.1, 0.01)), ..line });
    let mut sent = vec![
        sender.registration(&About::default(), time),
        sender.registration(&About { node_type: 20, tracks: true, seen: false, ..About::default() }, time),
        sender.registration_ack(Uuid(7), true, vec![], time),
        sender.status(Some(&point), false, time),
        sender.status(None, true, time),
        sender.alert("look", time),
        sender.error(Some(Uuid(7)), b"junk", "it is junk".into(), time),
    ];
    for place in [Place::Polar(line), seen, Place::Geodetic(point)] {
        sent.push(sender.detection(&radio(&place), time));
        let drone = Sighting { class: Some(("UAV", 0.8)), signal: None, name: Some("D1"), ..radio(&place) };
        sent.push(sender.detection(&drone, time));
    }
    sent
}

fn radio(place: &Place) -> Sighting<'_> {
    Sighting { object: Ulid(1), place, class: None, signal: Some((433e6, 1.0)), name: None }
}

/// The standard's own messages, named `NAME.ok.bin` and `NAME.bad.bin`, with or without their length.
#[test]
fn the_official_messages_are_accepted_and_refused_as_by_the_reference() {
    let Some(folder) = std::env::var_os("COPMESH_SAPIENT_CORPUS") else {
        tests::skip("sapient_corpus", "no COPMESH_SAPIENT_CORPUS; it names a folder of NAME.ok.bin and NAME.bad.bin");
        return;
    };
    let (mut accepted, mut valid, mut refused, mut invalid) = (0, 0, 0, 0);
    for entry in std::fs::read_dir(Path::new(&folder)).expect("a folder") {
        let path = entry.expect("readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let bytes = std::fs::read(&path).expect("readable");
        let answer = judged(message(&bytes));
        if name.ends_with(".ok.bin") {
            valid += 1;
            accepted += usize::from(answer == "ok");
            assert_eq!(answer, "ok", "{name}");
        } else if name.ends_with(".bad.bin") {
            invalid += 1;
            refused += usize::from(answer != "ok");
            eprintln!("sapient_corpus {name}: {answer}");
        }
    }
    eprintln!("sapient_corpus: {accepted} of {valid} valid accepted, {refused} of {invalid} invalid refused");
    assert!(valid > 0 && accepted == valid);
    // The reference refuses 151 of 158: the others break what only a harness's wording asks for.
    assert!(refused + 7 >= invalid, "{refused} of {invalid}");
}

fn message(bytes: &[u8]) -> &[u8] {
    match bytes.split_first_chunk::<4>() {
        Some((prefix, rest)) if u32::from_le_bytes(*prefix) as usize == rest.len() => rest,
        _ => bytes,
    }
}
