//! AIS beside pyais, on the sentences that pyais itself is tested with: at least as many messages, of the same values.

use std::path::Path;
use std::process::Command;

use fusion_core::time::Timestamp;
use sensor_drivers::ais::bits::Bits;
use sensor_drivers::ais::message::{Content, KNOT_M_S, Message};
use sensor_drivers::ais::sentence::{self, Line};
use sensor_drivers::ais::{AisConfig, AisDecoder};
use sensor_drivers::decoder::Decoder as _;
use serde_json::Value;

const TEST: &str = "at_least_as_many_messages_as_pyais_with_the_same_values";

/// Sentences in a text of another kind.
fn sentences(text: &str) -> Vec<&str> {
    let starts = text.match_indices('!').map(|(at, _)| &text[at..]);
    let whole = starts.filter_map(|rest| {
        let end = rest.find('*')? + 3;
        let sentence = rest.get(..end)?;
        let formatter = sentence.get(3..6)?;
        let plain = sentence.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'"' && octet != b'\\');
        (plain && (formatter == "VDM" || formatter == "VDO")).then_some(sentence)
    });
    whole.collect()
}

/// What pyais makes of a file of sentences.
fn theirs(python: &Path, file: &Path) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/ais_oracle.py");
    let output = Command::new(python).arg(script).arg(file).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Our message of one sentence; `None` if it needs several.
fn ours(raw: &str) -> Option<Message> {
    let Ok(Line::Sentence(sentence)) = sentence::read(raw.as_bytes()) else { panic!("{raw}: not read") };
    if sentence.total > 1 {
        return None;
    }
    let mut bits = Bits::new();
    bits.extend(sentence.payload, sentence.fill).expect("pyais has read it");
    Message::read(&bits)
}

/// Compares what both say of one sentence; true if it was a position.
fn same(ours: &Message, theirs: &Value) -> bool {
    assert_eq!(u64::from(ours.kind), theirs["type"], "{theirs}");
    assert_eq!(u64::from(ours.mmsi), theirs["mmsi"], "{theirs}");
    let Content::Position(position) = &ours.content else { return false };
    let number = |key: &str| theirs[key].as_f64().expect("a number");
    match position.latitude_longitude_deg {
        Some((latitude, longitude)) => {
            assert!((latitude - number("lat")).abs() < 1e-6, "{theirs}");
            assert!((longitude - number("lon")).abs() < 1e-6, "{theirs}");
        }
        None => assert!(number("lat").abs() > 90.0 || number("lon").abs() > 180.0, "{theirs}"),
    }
    if let Some(speed) = position.speed_m_s {
        assert!((speed / KNOT_M_S - number("speed")).abs() < 1e-6, "{theirs}");
    }
    if let Some(course) = position.course_deg {
        assert!((course - number("course")).abs() < 1e-6, "{theirs}");
    }
    true
}

#[test]
fn at_least_as_many_messages_as_pyais_with_the_same_values() {
    let Some(python) = tests::oracle_python(TEST) else { return };
    for file in ["ais_decode.txt", "ais_stream.txt"] {
        let Some(path) = tests::recording(TEST, file) else { return };
        let text = std::fs::read_to_string(path).expect("text");
        let lines = sentences(&text).join("\n") + "\n";
        let plain = std::env::temp_dir().join(format!("copmesh-{}-{file}", std::process::id()));
        std::fs::write(&plain, &lines).expect("a temporary file");
        let theirs = theirs(&python, &plain);
        std::fs::remove_file(&plain).expect("it was written");
        let mut decoder = AisDecoder::new(AisConfig::default());
        decoder.handle_bytes(lines.as_bytes(), Timestamp::from_secs(1_700_000_000));
        let whole: Vec<_> = theirs.iter().filter_map(|t| Some((ours(t["raw"].as_str()?)?, t))).collect();
        let positions = whole.iter().filter(|(ours, theirs)| same(ours, theirs)).count();
        let messages = decoder.tally().messages;
        println!("{file}: ours {messages}, pyais {}, positions compared {positions}", theirs.len());
        assert!(messages >= theirs.len() as u64, "{:?}", decoder.tally());
        assert!(positions > 10 || file != "ais_decode.txt");
    }
}
