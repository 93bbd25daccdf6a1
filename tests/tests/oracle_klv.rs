//! Packets of MISB ST 0601 are read as klvdata reads them, sets of ST 0903 as stanag4609 does: two independent
//! implementations.
//!
//! Needs a Python interpreter with `klvdata` 0.0.3, which knows what the driver uses of ST 0601 but nothing of ST 0903,
//! and `stanag4609` 0.4.0, which knows both but is younger.

use std::process::Command;

use fusion_core::identity::ObjectClass;
use sensor_drivers::klv::st0601::{self, Uas};
use sensor_drivers::klv::st0903::{Target, Vmti};
use serde_json::{Map, Value};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/klv_oracle.py");
const VMTI_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/vmti_oracle.py");

#[test]
fn every_number_of_a_packet_is_the_one_that_klvdata_reads() {
    let Some(python) = tests::oracle_python("oracle_klv") else { return };
    let said = Command::new(python).arg(SCRIPT).output().expect("a Python interpreter");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let (mut packets, mut values) = (0, 0);
    for line in String::from_utf8(said.stdout).expect("text").lines() {
        let told: Value = serde_json::from_str(line).expect("JSON");
        let packet = tests::unhex(told["packet"].as_str().expect("text")).expect("hexadecimal");
        // Sixteen octets of key and two of length.
        let set = packet.strip_prefix(&st0601::KEY).and_then(|rest| rest.get(2..)).expect("a packet");
        assert_eq!(st0601::verify(&packet), Ok(()), "the checksum is right");
        let theirs = told["values"].as_object().expect("by tag");
        values += agree(&Uas::read(set), theirs);
        packets += 1;
    }
    eprintln!("oracle_klv: {packets} packets, {values} values alike");
    assert!(packets == 500 && values > 10_000);
}

#[test]
fn every_target_of_a_set_is_the_one_that_stanag4609_wrote() {
    let Some(python) = tests::oracle_python("oracle_vmti") else { return };
    let said = Command::new(python).arg(VMTI_SCRIPT).output().expect("a Python interpreter");
    let why = String::from_utf8_lossy(&said.stderr);
    if why.contains("No module named 'stanag4609'") {
        return tests::skip("oracle_vmti", "stanag4609 is not installed: tests/run does it");
    }
    assert!(said.status.success(), "{why}");
    let (mut sets, mut values) = (0, 0);
    for line in String::from_utf8(said.stdout).expect("text").lines() {
        let told: Value = serde_json::from_str(line).expect("JSON");
        let set = tests::unhex(told["set"].as_str().expect("text")).expect("hexadecimal");
        let vmti = Vmti::read(&set).expect("a set");
        values += frame_agrees(&vmti, told["frame"].as_object().expect("by tag"));
        let targets: Vec<Target> = vmti.targets().map(|target| target.expect("a target")).collect();
        let theirs = told["targets"].as_array().expect("a list");
        assert_eq!(targets.len(), theirs.len());
        values += targets.iter().zip(theirs).map(|(ours, theirs)| target_agrees(ours, theirs)).sum::<usize>();
        sets += 1;
    }
    eprintln!("oracle_vmti: {sets} sets, {values} values alike");
    assert!(sets == 400 && values > 20_000);
}

fn frame_agrees(vmti: &Vmti<'_>, theirs: &Map<String, Value>) -> usize {
    same(whole(vmti.version), &theirs["4"], "version");
    same(whole(vmti.frame_width), &theirs["8"], "width");
    same(whole(vmti.frame_height), &theirs["9"], "height");
    same(vmti.field_width_deg, &theirs["11"], "width of view");
    same(vmti.field_height_deg, &theirs["12"], "height of view");
    theirs.len()
}

/// How many values a target has, once they are found alike.
fn target_agrees(ours: &Target, theirs: &Value) -> usize {
    let pairs = [
        ("number", Some(f64::from(ours.number))),
        ("1", whole(ours.pixel)),
        ("5", whole(ours.confidence)),
        ("10", ours.offset_deg[0]),
        ("11", ours.offset_deg[1]),
        ("12", ours.height_m),
        ("19", whole(ours.row_column[0])),
        ("20", whole(ours.row_column[1])),
        ("class_confidence", ours.class_confidence),
    ];
    pairs.iter().for_each(|(name, value)| same(*value, &theirs[*name], name));
    let numbers = |name: &str| theirs[name].as_array().cloned().unwrap_or_default();
    let place = ours.location.map(|location| {
        let sigma = location.sigma_m.map_or([None; 3], |sigma| sigma.map(Some));
        let where_ = [Some(location.latitude_deg), Some(location.longitude_deg), location.height_m];
        // Without correlations ours is none, zero.
        [&where_[..], &sigma, &[Some(location.correlation)]].concat()
    });
    let velocity = ours
        .velocity
        .map(|(velocity, sigma)| [velocity.map(Some), sigma.map_or([None; 3], |sigma| sigma.map(Some))].concat());
    let lists = [("17", place.unwrap_or_default()), ("104", velocity.unwrap_or_default())];
    for (name, ours) in &lists {
        let zero = Value::from(0.0);
        let theirs = numbers(name);
        assert_eq!(ours.is_empty(), theirs.is_empty(), "{name}");
        for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            same(*ours, if at == 6 && theirs.is_null() { &zero } else { theirs }, name);
        }
    }
    let track = theirs["track"].as_str().map(|text| tests::unhex(text).expect("a UUID"));
    assert_eq!(ours.track.map(Vec::from), track);
    assert_eq!(ours.class, class_of(theirs["class"].as_str().unwrap_or_default()));
    pairs.len() + lists.iter().map(|(_, list)| list.len()).sum::<usize>()
}

/// What the driver is to make of the classes that the script has.
fn class_of(iri: &str) -> ObjectClass {
    match iri.rsplit('#').next() {
        Some("Truck" | "Car") => ObjectClass::Ground,
        Some("Boat") => ObjectClass::Surface,
        Some("Helicopter") => ObjectClass::Rotary,
        Some("Quadcopter") => ObjectClass::Uav,
        _ => ObjectClass::Unknown,
    }
}

#[expect(clippy::cast_precision_loss, reason = "below 2⁵³")]
fn whole(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn same(ours: Option<f64>, theirs: &Value, what: &str) {
    match (ours, theirs.as_f64()) {
        (Some(ours), Some(theirs)) => {
            assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours}, not {theirs}");
        }
        (ours, theirs) => assert_eq!(ours, theirs, "{what}"),
    }
}

/// How many values there are, once they are found alike.
fn agree(uas: &Uas<'_>, theirs: &Map<String, Value>) -> usize {
    let ours = |tag: &str| match tag {
        "5" => uas.heading_deg,
        "6" | "90" => uas.pitch_deg,
        "7" | "91" => uas.roll_deg,
        "13" => uas.latitude_deg,
        "14" => uas.longitude_deg,
        "15" => uas.altitude_m,
        "16" => uas.field_width_deg,
        "17" => uas.field_height_deg,
        "18" => uas.relative_azimuth_deg,
        "19" => uas.relative_elevation_deg,
        "20" => uas.relative_roll_deg,
        "21" => uas.slant_range_m,
        "23" => uas.frame_centre_deg[0],
        "24" => uas.frame_centre_deg[1],
        "25" => uas.frame_centre_altitude_m,
        "40" => uas.target_deg[0],
        "41" => uas.target_deg[1],
        "42" => uas.target_altitude_m,
        "45" => uas.target_ce90_m,
        "46" => uas.target_le90_m,
        "75" => uas.height_m,
        "78" => uas.frame_centre_height_m,
        _ => None,
    };
    for (tag, value) in theirs {
        let (ours, theirs) = (ours(tag).expect("read"), value.as_f64().expect("a number"));
        assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0), "tag {tag}: {ours}, not {theirs}");
    }
    theirs.len()
}
