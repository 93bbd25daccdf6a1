//! docs/FORMATS.md is true where the shell writes: tracks files, console messages, protobuf, recordings.
//!
//! The shape of every example is compared with the shape of what is really written: the same keys at every level, the
//! same kind of value under each.
#![cfg(feature = "shell")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edge_node::board::{Board, Declared, Mode, Remark};
use edge_node::clock::Monotonic;
use edge_node::config::Config;
use edge_node::mesh::Reach;
use edge_node::neighbour_health::{NeighbourHealth, NeighbourState};
use edge_node::node::mesh::Heard;
use edge_node::node::sensor_clock::ClockState;
use edge_node::node::trails::{TrailPoint, TrailPoints};
use edge_node::node::{Arrival, Bearing, Link};
use edge_node::outputs::console_json::{self, Hello};
use edge_node::outputs::release::Released;
use edge_node::outputs::web::stream::Stream;
use edge_node::picture::{PictureChange, SystemTrack, text_id};
use edge_node::recording::recorder::Recorder;
use edge_node::recording::{self, Entry, Form};
use edge_node::registration_health::RegistrationHealth;
use edge_node::sensor_health::{SensorHealth, SensorState};
use edge_node::tracks_file::TracksFile;
use fusion_core::angle::Angle;
use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Affiliation, Identity, ObjectClass};
use fusion_core::label::Label;
use fusion_core::measurement::SensorId;
use fusion_core::nalgebra::{SVector, Vector3};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use fusion_core::track::number::{NodeId, Origin, TrackId, TrackNumber};
use prost::Message;
use proto::pb;
use proto::record::{Estimate, InCommon, Seq, TrackRecord};
use proto::replica::{LinkId, Registered};
use proto::row::Registration;
use proto::row::registration::Bias;
use serde_json::Value;

// --- The document ---

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn chapter(title: &str) -> String {
    let text = document("FORMATS.md");
    let after = text.split(&format!("\n## {title}\n")).nth(1).unwrap_or_else(|| panic!("no chapter \"{title}\""));
    after.split("\n## ").next().expect("a split has a first part").to_owned()
}

fn blocks(chapter: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    chapter.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A value without its content: every path in it, with the kind of value at its end. Of a list, all elements alike.
fn shape(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Null => BTreeSet::from([" null".into()]),
        Value::Bool(_) => BTreeSet::from([" truth value".into()]),
        Value::Number(_) => BTreeSet::from([" number".into()]),
        Value::String(_) => BTreeSet::from([" text".into()]),
        Value::Array(all) => all.iter().flat_map(shape).map(|path| format!("[]{path}")).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, v)| shape(v).into_iter().map(move |path| format!(".{key}{path}"))).collect()
        }
    }
}

// --- Something to write ---

const NOW: Timestamp = Timestamp::from_nanos(1_717_235_001_250_000_000);

/// The whole configuration of docs/CONFIG.md.
fn config() -> Config {
    Config::parse(&blocks(&document("CONFIG.md"), "toml")[1]).expect("a good example")
}

fn record() -> TrackRecord {
    let place = Geodetic::from_degrees(52.1657, 20.9671, 3048.0).expect("a place");
    let velocity = place.enu_axes().transpose() * Vector3::new(120.0, -35.5, 0.0);
    let label = config().sensors[0].label.label("").expect("a label");
    TrackRecord {
        id: TrackId { origin: Origin { node: NodeId(1), incarnation: 2 }, number: TrackNumber(3) },
        version: Seq(1),
        status: Some(TrackStatus::Confirmed),
        estimate: Estimate {
            time: NOW,
            position: place.to_ecef(),
            velocity: Velocity::from_vector(velocity),
            covariance: Covariance::from_sigmas(&SVector::from([5.0, 6.0, 20.0, 1.0, 1.0, 2.0])).expect("positive"),
        },
        identity: Identity {
            address: Some(Address::Icao(0x48_AD01)),
            name: "LOT3PX".parse().ok(),
            mode_3a: Some(0o2301),
            class: ObjectClass::Air,
            affiliation: Affiliation::Neutral,
            ..Identity::UNKNOWN
        },
        label,
        sensors: vec!["radar-north".into(), "adsb".into()],
        updates: 17,
        source_track: false,
        in_common: InCommon::UNKNOWN,
    }
}

fn entry(record: TrackRecord) -> SystemTrack {
    SystemTrack { members: vec![record.id], formerly: vec![], own: Some(record.id), stale: false, record }
}

fn board() -> Board {
    let track = record();
    let sensor = SensorHealth {
        state: SensorState::Degraded,
        reasons: vec!["its clock is off, and corrected"],
        rate_hz: 12.5,
        expected_hz: 0.25,
        age_s: Some(0.08),
        clock: ClockState::Corrected,
        clock_offset_s: Some(-1581.7),
        clock_drift_ppm: Some(20.4),
        counters: vec![("scans", 900)],
        ..SensorHealth::unknown("radar-north".into())
    };
    let label = track.label;
    let place = Geodetic::from_ecef(track.estimate.position);
    let trail: TrailPoints = Arc::from([TrailPoint { time: NOW, place }]);
    let azimuth = Angle::from_radians(1.5);
    let bearing = Bearing { sensor: SensorId(0), time: NOW, from: None, azimuth, sigma_rad: 0.04, label };
    Board {
        sequence: 1,
        time: NOW,
        trails: Arc::new(BTreeMap::from([(track.id, trail)])),
        tracks: Arc::new(BTreeMap::from([(track.id, Arc::new(entry(track)))])),
        sensors: vec![sensor],
        neighbours: vec![neighbour()],
        registrations: vec![registration(label)],
        counters: vec![("picture_tracks", 1)],
        bearings: vec![bearing],
        ..Board::default()
    }
}

fn registration(label: Label) -> RegistrationHealth {
    let place = Geodetic::from_degrees(52.0, 20.0, 100.0).expect("plausible");
    let registration = Registration::new(2, place, &[Bias::default(); 3], 256, 8);
    let known = Registered { origin: Origin::default(), sensor: "radar".into(), registration, time: NOW, label };
    RegistrationHealth { node: "bravo".into(), own: false, known }
}

fn neighbour() -> NeighbourHealth {
    let reach = Reach {
        name: "bravo".into(),
        link: LinkId(0),
        bearer: Some("mast".into()),
        kept: vec!["vhf".into()],
        age_s: Some(0.2),
        bytes_in: 40_000,
        bytes_out: 52_000,
        trouble: None,
    };
    let (waiting, withheld, rate_bytes_s, clock_ahead_s) = (3, Some(0), Some(250_000.0), Some(-0.012));
    NeighbourHealth { reach, state: NeighbourState::Ready, waiting, withheld, rate_bytes_s, clock_ahead_s, forged: 0 }
}

/// A folder of this test's own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("copmesh-formats-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

// --- The promises ---

#[test]
fn a_tracks_file_is_written_as_its_example() {
    let folder = Folder::new("tracks");
    let path = folder.file("t.jsonl");
    let mut file = TracksFile::create(&path).expect("a new file");
    let record = record();
    file.write(&PictureChange::Updated(Box::new(entry(record.clone()))));
    file.write(&PictureChange::Gone { id: record.id, time: NOW });
    file.finish().expect("written");
    let written = fs::read_to_string(&path).expect("just written");
    let example = &blocks(&chapter("Tracks file (JSON lines)"), "jsonl")[0];
    assert_eq!(written.lines().count(), example.lines().count());
    for (written, example) in written.lines().zip(example.lines()) {
        // An empty list has no elements to compare.
        let example = example.replace("\"caveats\":[]", "\"caveats\":[\"NOFORN\"]");
        let written = written.replace("\"caveats\":[]", "\"caveats\":[\"NOFORN\"]");
        assert_eq!(shape(&json(&written)), shape(&json(&example)), "{written}");
        assert_eq!(keys_in_order(&written), keys_in_order(&example), "keys stand in a fixed order");
    }
}

/// The keys of an object as they stand in the text; no value of these files looks like a key.
fn keys_in_order(line: &str) -> Vec<&str> {
    line.split("\":").filter_map(|before| before.rsplit('"').next()).filter(|key| !key.contains('}')).collect()
}

#[test]
fn the_console_is_told_what_the_examples_say() {
    let (shown, empty) = (whole(board()), whole(Board { tracks: Arc::default(), bearings: vec![], ..board() }));
    let hello = hello();
    let mut page = Stream::default();
    let mut told = page.advance(&hello, &shown);
    told.extend(page.advance(&hello, &empty).pop());
    told.extend(page.status(&empty));
    let mut other = Stream::asked("bbox=20,50,22,54&deltas").expect("sound");
    let _ = other.advance(&hello, &shown);
    let mut moved = Board { bearings: vec![], ..board() };
    Arc::make_mut(&mut moved.tracks)
        .values_mut()
        .for_each(|track| Arc::make_mut(track).record.version = Seq(1_000_000));
    told.extend(other.advance(&hello, &whole(moved)));
    let examples = blocks(&chapter("Web console messages (JSON over WebSocket)"), "json");
    assert_eq!(examples.len(), told.len());
    for (told, example) in told.iter().zip(&examples) {
        let example = json(example);
        assert_eq!(told["type"], example["type"]);
        assert_eq!(shape(told), shape(&example), "{told}");
    }
}

fn hello() -> Hello {
    let config = Config { sensors: config().sensors[..1].to_vec(), ..config() };
    Hello { config, mode: Mode::Live, keys: None, ways_out: Arc::default(), console: Arc::default() }
}

fn whole(board: Board) -> Released {
    Released::whole(Arc::new(board))
}

#[test]
fn the_fields_of_tracks_and_bearings_are_all_explained() {
    let chapter = chapter("Web console messages (JSON over WebSocket)");
    let mut board = board();
    for track in Arc::make_mut(&mut board.tracks).values_mut() {
        let track = Arc::make_mut(track);
        (track.formerly, track.stale) = (vec![track.id()], true);
        let (who, by, time_ms, label) =
            (Some("ops".to_owned()), "bravo".to_owned(), NOW.as_millis(), track.record.label);
        let affiliation = Affiliation::Friend;
        board.declared.insert(track.id(), Declared { affiliation, who: who.clone(), by: by.clone(), time_ms, label });
        board.remarks.insert(track.id(), Remark { text: "ours".into(), who, by, time_ms, label });
    }
    // A line of another node has all that one of an own sensor has.
    let own = board.bearings.pop().expect("one");
    let place = Geodetic::from_degrees(52.0, 20.0, 100.0).expect("plausible");
    let line = proto::row::Bearing::new(place, own.azimuth, own.sigma_rad, 0, 0);
    board.heard.push(Heard { origin: Origin::default(), line, time: NOW, label: own.label });
    let mut page = Stream::asked("deltas").expect("sound");
    page.handle(&format!("{{\"type\":\"select\",\"track\":\"{}\"}}", text_id(record().id)));
    let snapshot = page.advance(&hello(), &whole(board)).pop().expect("a snapshot");
    for (list, thing) in [("tracks", "track"), ("bearings", "bearing")] {
        let table = chapter.split(&format!("| field of a {thing} |")).nth(1).expect("a table");
        let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
        let cells = rows.filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
        let explained: BTreeSet<&str> =
            cells.flat_map(|cell| cell.split(['`', ',', ' '])).filter(|w| !w.is_empty()).collect();
        let written = snapshot[list][0].as_object().expect("one of them").keys().map(String::as_str).collect();
        assert_eq!(explained, written);
    }
}

#[test]
fn whoever_asks_for_the_status_is_told_what_the_example_says() {
    let chapter = chapter("Status (JSON over HTTP)");
    let (told, example) = (console_json::node_status(&hello(), &whole(board())), json(&blocks(&chapter, "json")[0]));
    assert_eq!(told["sensors"], example["sensors"]);
    assert_eq!(shape(&told), shape(&example));
    assert_eq!(told["neighbours"], example["neighbours"]);
    for (list, thing) in [("sensors", "sensor"), ("neighbours", "neighbour"), ("registrations", "registration")] {
        let table = chapter.split(&format!("| field of a {thing} |")).nth(1).expect("a table");
        let explained: BTreeSet<&str> = table
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
            .flat_map(|cell| cell.split(['`', ',', ' ']))
            .filter(|word| !word.is_empty())
            .collect();
        assert_eq!(explained, told[list][0].as_object().expect("one").keys().map(String::as_str).collect());
    }
}

#[test]
fn the_bytes_of_the_picture_are_read_as_told() {
    let hex = blocks(&chapter("zenoh keys and protobuf"), "hex").remove(0);
    let bytes: Vec<u8> =
        hex.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect();
    let picture = pb::Picture::decode(&bytes[..]).expect("a picture");
    let expected = pb::Picture {
        node: "alpha".into(),
        mode: pb::Mode::Live.into(),
        time_ns: 1_717_236_000_250_000_000,
        sequence: 7,
        snapshot: true,
        tracks: vec![],
        gone: vec![],
    };
    assert_eq!(picture, expected);
}

#[test]
fn a_recording_has_the_channels_of_the_table_and_reads_back_as_it_was_written() {
    let folder = Folder::new("mcap");
    let path = folder.file("r.mcap");
    let config = config();
    // Times of receipt may step back; the order is that of the writing.
    let received = |s: i64| Timestamp::from_secs(1_700_000_000 + s);
    let mut entries = [(0, 5, &b"one"[..]), (1, 4, b"two"), (0, 6, b"")]
        .map(|(sensor, s, bytes)| Entry::of(received(s), SensorId(sensor), bytes.to_vec()))
        .to_vec();
    for (arrival, link) in [(Arrival::Opened, 0), (Arrival::Bytes(vec![7]), 1), (Arrival::Closed, 1)] {
        entries.push(Entry { link: Link(link), arrival, ..Entry::of(received(7), SensorId(1), vec![]) });
    }
    let mut recorder = Recorder::create(&path, &config, NOW).expect("a new file");
    for entry in &entries {
        recorder.write(entry, Monotonic::default()).expect("written");
    }
    recorder.finish().expect("completed");

    let bytes = fs::read(&path).expect("just written");
    let messages: Vec<_> = mcap::MessageStream::new(&bytes).expect("MCAP").map(|m| m.expect("whole")).collect();
    let channel = |i: usize| (messages[i].channel.topic.as_str(), messages[i].channel.message_encoding.as_str());
    assert_eq!(channel(0), ("/node/config", "toml"));
    assert_eq!(channel(1), ("/raw/radar-north", "asterix"));
    assert_eq!(channel(2), ("/raw/adsb", "beast"));
    assert_eq!(messages[0].data, config.to_toml().as_bytes());
    assert_eq!(messages.iter().map(|m| m.sequence).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!([4, 5, 6].map(|i| channel(i).0), ["/link/adsb", "/raw/adsb/1", "/link/adsb/1"]);
    let table = chapter("Recordings (MCAP)");
    for cell in
        ["| `/node/config` | `toml` |", "| `/raw/SENSOR` | the sensor's `kind` |", "| `/link/SENSOR` | `text` |"]
    {
        assert!(table.contains(cell), "{cell}");
    }

    let read = recording::open(&path, Timestamp::EPOCH).expect("one of ours");
    assert_eq!(read.config, Some(config));
    assert_eq!(read.entries.map(|entry| entry.expect("whole")).collect::<Vec<_>>(), entries);
}

#[test]
fn a_recording_is_never_written_over() {
    let folder = Folder::new("twice");
    let path = folder.file("r.mcap");
    Recorder::create(&path, &config(), NOW).expect("a new file").finish().expect("completed");
    let first = fs::read(&path).expect("written");
    Recorder::create(&path, &config(), NOW + Span::from_secs(1)).expect("another name").finish().expect("completed");
    assert_eq!(fs::read(&path).expect("still there"), first);
    assert!(folder.file("r-2.mcap").is_file());
}

#[test]
fn every_ending_that_is_known_is_in_the_table_and_no_other() {
    let chapter = chapter("Imported recordings");
    let cells = chapter.lines().filter_map(|line| line.strip_prefix("| `.")?.split(" | ").next());
    let listed: BTreeSet<&str> =
        cells.flat_map(|cell| cell.split(['`', ',', ' ', '.'])).filter(|w| !w.is_empty()).collect();
    for ending in &listed {
        for packed in ["", ".gz"] {
            let name = format!("x.{ending}{packed}");
            assert!(Form::of(Path::new(&name)).is_some_and(|form| form != Form::Mcap), "{name}");
        }
    }
    let refusal = recording::open(Path::new("x"), Timestamp::EPOCH).err().expect("no ending").to_string();
    let told = refusal.split("known endings:").nth(1).and_then(|rest| rest.split(',').next()).expect("the endings");
    let told: BTreeSet<&str> = told.split(['.', ' ']).filter(|w| !w.is_empty() && *w != "mcap").collect();
    assert!(told.is_subset(&listed), "{told:?}");
}
