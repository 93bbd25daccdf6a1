//! Packets of MISB ST 0601 are read as klvdata reads them, an independent implementation.
//!
//! Needs a Python interpreter with `klvdata` 0.0.3, which knows what the driver uses of ST 0601 but nothing of ST 0903.

use std::process::Command;

use sensor_drivers::klv::st0601::{self, Uas};
use serde_json::{Map, Value};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/klv_oracle.py");

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
