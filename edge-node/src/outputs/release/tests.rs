//! What leaves to whom: every route and every way out, held against what was withheld.

use std::fmt::Write as _;

use fusion_core::label::{Code, Codes, Level};
use fusion_core::measurement::SensorId;
use fusion_core::time::Span;
use fusion_core::track::TrackNumber;
use proptest::prelude::*;
use proto::record::Seq;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::board::Mode;
use crate::config::console::ConsoleConfig;
use crate::config::label::{LabelConfig, LevelName};
use crate::config::mesh::ClearanceConfig;
use crate::config::{SensorConfig, SensorKind};
use crate::history::{History, Limits, Part};
use crate::ingest::http;
use crate::outputs::console_json::Hello;
use crate::outputs::history_keeper::Keeper;
use crate::outputs::samples::{NOW, board, name, track};
use crate::outputs::web::Console;
use crate::outputs::web::stream::Stream;
use crate::picture::text_id;
use crate::sensor_health::SensorHealth;

mod ways;

const COMMUNITIES: [&str; 3] = ["POL", "GBR", "USA"];
const CAVEATS: [&str; 2] = ["NOFORN", "ORCON"];
const LEVELS: [LevelName; 5] =
    [LevelName::Unclassified, LevelName::Restricted, LevelName::Confidential, LevelName::Secret, LevelName::TopSecret];
const ROUTES: [&str; 9] = [
    "/history/span",
    "/picture.json",
    "/status.json",
    "/picture.geojson",
    "/picture.geojson?areas",
    "/picture.kml",
    "/link.kml",
    "/metrics",
    "/health",
];

/// Marks of what the tracks become once nobody may have them, counted from here.
const RAISED: usize = 20;
/// Marks of sensors and their lines, likewise.
const SENSORS: usize = 50;

/// A level, and which of the communities and caveats.
type Drawn = (usize, [bool; 3], [bool; 2]);

fn drawn() -> impl Strategy<Value = Drawn> {
    (0..5_usize, any::<[bool; 3]>(), any::<[bool; 2]>())
}

fn chosen(all: &[&str], which: &[bool]) -> Vec<String> {
    all.iter().zip(which).filter(|(_, is)| **is).map(|(code, _)| (*code).to_owned()).collect()
}

fn set(texts: &[String]) -> Codes {
    let mut codes = Codes::EMPTY;
    for text in texts {
        assert!(codes.insert(Code::new(text).expect("a code")));
    }
    codes
}

/// A label in which a code stands that no other has.
fn label(drawn: &Drawn, mark: usize) -> Label {
    let mut releasable_to = chosen(&COMMUNITIES, &drawn.1);
    releasable_to.push(format!("ZR{mark:02}"));
    Label {
        level: Level::ALL[drawn.0],
        releasable_to: set(&releasable_to),
        caveats: set(&chosen(&CAVEATS, &drawn.2)),
        originators: set(&[format!("ZO{mark:02}")]),
    }
}

fn sensor(drawn: &Drawn, mark: usize) -> SensorConfig {
    let mut sensor = SensorConfig::imported(format!("zsensor{mark:02}"), SensorKind::Kraken);
    let label = label(drawn, mark);
    sensor.label = LabelConfig {
        level: LEVELS[drawn.0],
        releasable_to: label.releasable_to.as_slice().iter().map(|code| code.as_str().to_owned()).collect(),
        caveats: chosen(&CAVEATS, &drawn.2),
        originator: format!("ZO{mark:02}"),
    };
    sensor
}

/// Everything that a thing could be known by, wherever it stands.
fn marks(mark: usize) -> [String; 7] {
    [
        format!("ZNAME{mark:02}"),
        format!("ZREMARK{mark:02}"),
        format!("ZWHO{mark:02}"),
        format!("zsensor{mark:02}"),
        format!("ZR{mark:02}"),
        format!("ZO{mark:02}"),
        format!("abcdef00000000{mark:02x}"),
    ]
}

struct Scene {
    config: Config,
    /// What is shown first.
    board: Arc<Board>,
    /// All that is shown, one after another: tracks, the same later, withheld from everybody, gone, there again.
    boards: Vec<Arc<Board>>,
    /// Of each mark, whether those who look may know.
    permitted: Vec<bool>,
}

impl Scene {
    fn clearance(&self) -> Clearance {
        self.config.console.clearance.as_ref().expect("there is one").clearance("").expect("sound")
    }
}

/// Puts a track up with these marks, and what people said of it.
fn put_up(shown: &mut Board, entries: &mut BTreeMap<TrackId, Arc<SystemTrack>>, k: usize, mark: usize, label: Label) {
    let mut entry = track(0, Level::Restricted);
    entry.record.id.number = TrackNumber(0xABCD_EF00_0000_0000 + k as u64);
    entry.record.version = Seq(1 + shown.sequence);
    entry.record.estimate.time = shown.time - Span::from_secs(2);
    entry.record.identity.name = name(&format!("ZNAME{mark:02}"));
    entry.record.label = label;
    entry.record.sensors = vec![format!("zsensor{mark:02}")];
    let (id, who, by, time_ms) = (entry.id(), Some(format!("ZWHO{mark:02}")), "alpha".to_owned(), 0);
    let text = format!("ZREMARK{mark:02}");
    shown.remarks.insert(id, Remark { text, who: who.clone(), by: by.clone(), time_ms, label });
    let affiliation = fusion_core::identity::Affiliation::Hostile;
    shown.declared.insert(id, Declared { affiliation, who, by, time_ms, label });
    entries.insert(id, Arc::new(entry));
}

/// Tracks as they are at one of the moments.
fn moment(moment: u64, tracks: &[Drawn]) -> Board {
    let mut shown = board([]);
    (shown.sequence, shown.time) = (1 + moment, NOW + Span::from_secs(10 * i64::try_from(moment).expect("few")));
    let mut entries = BTreeMap::new();
    for (k, drawn) in tracks.iter().enumerate() {
        match moment {
            2 => put_up(&mut shown, &mut entries, k, RAISED + k, Label::STRICTEST),
            3 => {}
            _ => put_up(&mut shown, &mut entries, k, k, label(drawn, k)),
        }
    }
    shown.tracks = Arc::new(entries);
    shown
}

/// Tracks with marks from 0, sensors and their lines with marks from [`SENSORS`].
fn scene(viewer: &Drawn, tracks: &[Drawn], sensors: &[Drawn]) -> Scene {
    let clearance = ClearanceConfig {
        level: LEVELS[viewer.0],
        communities: chosen(&COMMUNITIES, &viewer.1),
        caveats: chosen(&CAVEATS, &viewer.2),
    };
    let cleared = clearance.clearance("").expect("sound");
    let mut config = crate::outputs::samples::hello(Mode::Live).config;
    config.console = ConsoleConfig { clearance: Some(clearance), ..ConsoleConfig::default() };
    config.sensors = sensors.iter().enumerate().map(|(k, drawn)| sensor(drawn, SENSORS + k)).collect();
    let mut permitted = vec![false; 100];
    tracks.iter().enumerate().for_each(|(k, drawn)| permitted[k] = label(drawn, k).permits(&cleared));
    let mut boards: Vec<Board> = (0..5).map(|when| moment(when, tracks)).collect();
    for (k, drawn) in sensors.iter().enumerate() {
        let label = label(drawn, SENSORS + k);
        permitted[SENSORS + k] = label.permits(&cleared);
        for shown in &mut boards {
            shown.sensors.push(SensorHealth::unknown(format!("zsensor{:02}", SENSORS + k)));
            let sensor = SensorId(u16::try_from(k).expect("few"));
            let azimuth = fusion_core::angle::Angle::from_degrees(40.0);
            let (from, time) = (Some(crate::outputs::samples::place()), shown.time);
            shown.bearings.push(Bearing { sensor, time, from, azimuth, sigma_rad: 0.02, label });
        }
    }
    let boards: Vec<Arc<Board>> = boards.into_iter().map(Arc::new).collect();
    Scene { config, board: Arc::clone(&boards[0]), boards, permitted }
}

/// What the picture was, as it is kept by a node that was started anew in the middle of it.
fn history(scene: &Scene) -> Arc<Keeper> {
    let limits = Limits { bytes: 1 << 20, age: Span::from_secs(3600) };
    let (before, after) = scene.boards.split_at(3);
    let mut former = History::new(limits);
    former.keep_closed();
    before.iter().for_each(|board| former.handle_picture(board.time, &board.tracks));
    former.hand_out_open();
    let kept = std::iter::from_fn(|| former.poll_kept()).map(|past| Part { follows: true, past });
    let keeper = Keeper::new(limits);
    keeper.read().restore(&kept.collect::<Vec<_>>());
    after.iter().for_each(|board| keeper.read().handle_picture(board.time, &board.tracks));
    Arc::new(keeper)
}

/// Everything that leaves: all routes over a real socket, and all messages of a page.
fn everything(scene: &Scene, health: bool) -> String {
    let (config, console) = (scene.config.clone(), Arc::default());
    let hello = Hello { config, mode: Mode::Live, ways_out: Arc::default(), console, keys: None };
    let receiver = Receiver::new(&scene.config, Some(scene.clearance()), health).expect("sound");
    let mut all = String::new();
    let mut page = Stream::asked("deltas&bbox=-180,-90,180,90").expect("sound");
    for shown in &scene.boards {
        let released = receiver.released(shown);
        for message in page.advance(&hello, &released).into_iter().chain(page.status(&released)) {
            write!(all, "{message}").expect("a string");
        }
    }
    let (_sender, receiver) = watch::channel(Arc::clone(&scene.board));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound").to_string();
        let console = Console::new(hello, receiver, Some(history(scene)), None).expect("sound");
        let serving = console.serve_here(listener);
        let past = scene.boards.iter().map(|board| format!("/history/picture?at={}", board.time.as_millis()));
        let ways = scene.board.tracks.keys().map(|id| format!("/history/track/{}", text_id(*id)));
        let routes: Vec<String> = ROUTES.map(str::to_owned).into_iter().chain(past).chain(ways).collect();
        let asking = async {
            for route in &routes {
                match http::get(&address, route, 1 << 20).await {
                    Ok(page) => all.push_str(&String::from_utf8_lossy(&page)),
                    // The sample stands still, as it is of 2023.
                    Err(http::NoPage::Refused(status)) if route == "/health" => assert_eq!(status, 503),
                    // That it was there is as little told as that it is.
                    Err(http::NoPage::Refused(status)) if status == 404 && route.starts_with("/history/track/") => {}
                    Err(e) => panic!("{route}: {e}"),
                }
            }
        };
        tokio::select! {
            () = serving => panic!("it serves for ever"),
            () = asking => {}
        }
    });
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_octet_of_what_a_label_does_not_permit_leaves_by_any_route(
        viewer in drawn(),
        tracks in proptest::collection::vec(drawn(), 0..8),
        sensors in proptest::collection::vec(drawn(), 0..4),
        health in any::<bool>(),
    ) {
        let scene = scene(&viewer, &tracks, &sensors);
        let all = everything(&scene, health);
        for (k, permitted) in scene.permitted.iter().enumerate() {
            for mark in marks(k) {
                prop_assert!(*permitted || !all.contains(&mark), "{mark} of {k}");
            }
            if *permitted {
                let known_by = &marks(k)[if k < SENSORS { 0 } else { 3 }];
                prop_assert!(all.contains(known_by), "{known_by} is permitted");
            }
        }
    }
}

#[test]
fn how_many_are_withheld_is_told_only_to_those_who_see_the_nodes_health() {
    let viewer = (0, [true, false, false], [false; 2]);
    let scene = scene(&viewer, &[(4, [true; 3], [true; 2]), (0, [true; 3], [false; 2])], &[]);
    let clearance = Some(scene.clearance());
    for (health, withheld) in [(true, Some(1)), (false, None)] {
        let receiver = Receiver::new(&scene.config, clearance, health).expect("sound");
        let released = receiver.released(&scene.board);
        assert_eq!((released.tracks.len(), released.withheld()), (1, withheld));
    }
}

/// Whoever else held labels against clearances could do it otherwise.
#[test]
fn no_other_output_decides_by_itself() {
    fn look(folder: &std::path::Path) {
        for entry in std::fs::read_dir(folder).expect("the sources").map(|entry| entry.expect("readable").path()) {
            if entry.file_stem().is_some_and(|name| name == "release") {
                continue;
            }
            if entry.is_dir() {
                look(&entry);
            } else {
                let text = std::fs::read_to_string(&entry).unwrap_or_default();
                assert!(!text.contains(".permits("), "{}: ask release", entry.display());
            }
        }
    }
    look(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/outputs"));
}
