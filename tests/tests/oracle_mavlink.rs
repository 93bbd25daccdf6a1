//! Frames and messages of MAVLink agree with pymavlink, an independent implementation: those of a recorded bench, and
//! one of each kind that the driver uses with values from a seed.
//!
//! Needs a Python interpreter with `pymavlink` 2.4.50. The script tells, for each piece, its frames and their values;
//! this test compares with the framer and with the messages as Rust shows them.

use std::process::Command;

use sensor_drivers::mavlink::framer::Framer;
use serde_json::Value;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/mavlink_oracle.py");

#[test]
fn every_message_of_a_recording_and_of_each_kind_has_the_same_values_as_pymavlink_reads() {
    let Some(python) = tests::oracle_python("oracle_mavlink") else { return };
    let mut command = Command::new(python);
    command.arg(SCRIPT);
    let recording = tests::recording("oracle_mavlink", "log.tlog");
    command.args(&recording);
    let said = command.output().expect("a Python interpreter");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let (mut frames, mut valued) = (0, 0);
    for line in String::from_utf8(said.stdout).expect("text").lines() {
        let told: Value = serde_json::from_str(line).expect("JSON");
        let bytes = tests::unhex(told["frame"].as_str().expect("text")).expect("hexadecimal");
        let mut framer = Framer::default();
        let frame = framer.next(&mut &bytes[..]).expect("a frame");
        let header = [frame.id, frame.system, u32::from(frame.component), u32::from(frame.sequence)];
        assert_eq!(Value::from(header.to_vec()), told["header"]);
        frames += 1;
        if let Some(values) = told["values"].as_array() {
            let shown = format!("{:?}", frame.message().expect("a message"));
            for pair in values {
                let (field, value) = (pair[0].as_str().expect("a name"), pair[1].as_f64());
                // Told with the digits that 32 bits need; what is read from them may differ in its last of 64.
                #[expect(clippy::cast_possible_truncation, reason = "it is one of 32 bits")]
                let value = value.map(|value| value as f32);
                assert_eq!(number(&shown, field), value, "{field} of {shown}");
            }
            valued += 1;
        }
    }
    eprintln!("oracle_mavlink: {frames} frames, {valued} of them with the same values");
    assert!(frames >= if recording.is_some() { 1426 } else { 0 } + 17 && valued >= 17);
}

/// A number as `Debug` shows it behind the name of its field.
fn number(shown: &str, field: &str) -> Option<f32> {
    let (_, rest) = shown.split_once(&format!(" {field}: "))?;
    rest.split([',', ' ', '}']).next()?.parse().ok().filter(|value: &f32| !value.is_nan())
}
