//! The ways out beside the web console, over the same scenes: what each writes, octet by octet.

use proto::record::TrackRecord;
use sensor_drivers::asterix::common::DataSource;
use sensor_drivers::sapient::Uuid;
use sensor_drivers::sapient::encode::framed;
use tokio::sync::mpsc;
use zenoh::Wait as _;
use zenoh::query::QueryTarget;

use super::*;
use crate::clock::Clock;
use crate::config::MeshConfig;
use crate::config::tak::Dimension;
use crate::mesh::{self, Publisher, Teller};
use crate::outputs::samples::place;
use crate::outputs::{cat062, sapient, tak};
use crate::pulse::Beat;

/// A way out: its name, all that leaves by it, the octets in which it says a mark, whether it tells of sensors.
type Way = (&'static str, fn(&Scene) -> Vec<u8>, fn(&str) -> Vec<u8>, bool);

const WAYS: [Way; 4] = [
    ("CoT XML", |scene| events(scene).iter().map(tak::xml::write).collect::<String>().into_bytes(), as_text, true),
    ("TAK protobuf", |scene| events(scene).iter().flat_map(tak::protobuf::datagram).collect(), as_text, true),
    ("CAT062", cat062, six_bits, false),
    ("SAPIENT", sapient, as_text, false),
];

fn as_text(mark: &str) -> Vec<u8> {
    mark.as_bytes().to_vec()
}

/// A callsign as ASTERIX has it: eight characters of six bits.
fn six_bits(mark: &str) -> Vec<u8> {
    let characters = mark.bytes().chain(std::iter::repeat(b' ')).take(8);
    let packed = characters.fold(0_u64, |packed, character| packed << 6 | u64::from(character & 0x3F));
    packed.to_be_bytes()[2..].to_vec()
}

fn events(scene: &Scene) -> Vec<tak::event::Event> {
    let clearance = scene.clearance();
    let settings =
        tak::feed::FeedSettings { clearance, period: Span::from_secs(1), events_max: 1000, area_above_m: 1.0 };
    let (node, mode, unknown) = ("alpha".to_owned(), Mode::Live, Dimension::Air);
    let by = tak::describe::Describer { node, place: place(), mode, unknown };
    let listener = |sensor: &SensorConfig| tak::feed::Listener {
        name: sensor.name.clone(),
        place: Some(place()),
        range_m: 1000.0,
    };
    let listeners: Vec<_> = scene.config.sensors.iter().map(listener).collect();
    let mut feed = tak::feed::Feed::new(settings);
    scene.boards.iter().flat_map(|board| feed.advance(board, &listeners, &by, board.time)).collect()
}

fn cat062(scene: &Scene) -> Vec<u8> {
    let by = cat062::describe::Describer { source: DataSource { sac: 25, sic: 200 }, service: 1, mode: Mode::Live };
    let mut feed = cat062::feed::Feed::new(by, scene.clearance(), 1000);
    scene.boards.iter().flat_map(|board| feed.advance(board, board.time)).flatten().collect()
}

fn sapient(scene: &Scene) -> Vec<u8> {
    let (node, me) = ("alpha".to_owned(), Uuid::of_name("alpha").as_version_4());
    let by = sapient::describe::Describer { node, me, place: place(), reach_m: None, mode: Mode::Live };
    let (clearance, period) = (scene.clearance(), Span::from_secs(1));
    let settings = sapient::feed::FeedSettings { clearance, period, detections_max: 1000 };
    let mut feed = sapient::feed::Feed::new(settings, me);
    let messages = scene.boards.iter().flat_map(|board| feed.advance(board, &by, board.time));
    messages.flat_map(|message| framed(&message)).collect()
}

/// All that a console on zenoh is sent, and all that it can ask for, at each state of the board.
fn zenoh(scene: &Scene) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let alone = MeshConfig { listen: vec![], ..MeshConfig::default() };
    let session = runtime.block_on(mesh::open(&alone)).expect("a session");
    let all = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&all);
    let keep = move |octets: &[u8]| kept.lock().expect("nobody panics").extend_from_slice(octets);
    let hear = keep.clone();
    let told = session.declare_subscriber("copmesh/**").callback(move |sample| {
        hear(sample.key_expr().as_str().as_bytes());
        hear(&sample.payload().to_bytes());
    });
    let _told = told.wait().expect("declared");
    let hear = keep.clone();
    let alive = session.liveliness().declare_subscriber("copmesh/**");
    let alive = alive.callback(move |sample| hear(sample.key_expr().as_str().as_bytes()));
    let _alive = alive.wait().expect("declared");
    let (sender, board) = watch::channel(Arc::default());
    let receiver = Receiver::new(&scene.config, Some(scene.clearance()), true).expect("sound");
    let (node, mode, clock) = ("alpha".to_owned(), Mode::Live, Clock::start());
    let teller = Teller { node, mode, receiver: Arc::new(receiver), clock };
    let (history, tally, beat) = (Some(history(scene)), Arc::default(), Beat::default());
    let (records, waiting) = mpsc::channel::<TrackRecord>(64);
    let publisher = Publisher { teller, board, history, tally, beat };
    let publishing = publisher.spawn(session.clone(), waiting, runtime.handle().clone()).expect("a thread");
    let ask = |key: &str| {
        let replies = session.get(format!("copmesh/1/alpha/{key}")).target(QueryTarget::All).wait().expect("asked");
        let mut answers = 0;
        while let Ok(reply) = replies.recv() {
            answers += 1;
            match reply.result() {
                Ok(sample) => keep(&sample.payload().to_bytes()),
                Err(why) => keep(&why.payload().to_bytes()),
            }
        }
        answers
    };
    while ask("history/span") == 0 {
        std::thread::yield_now();
    }
    for board in &scene.boards {
        sender.send_replace(Arc::clone(board));
        board.tracks.values().for_each(|track| records.try_send(track.record.clone()).expect("room"));
        assert!(ask("*") >= 3, "picture, sensors, health");
        ask(&format!("history/picture?at={}", board.time.as_nanos()));
        board.tracks.keys().for_each(|id| assert_eq!(ask(&format!("history/track/{}", text_id(*id))), 1));
    }
    drop(records);
    publishing.join().expect("it ends when nobody brings records");
    std::mem::take(&mut all.lock().expect("nobody panics"))
}

/// What is wrong with what left by a way, if anything is.
fn fault(scene: &Scene, (name, leaving, written, tells_sensors): Way) -> Option<String> {
    let octets = leaving(scene);
    let holds = |mark: &str| [written(mark), as_text(mark)].iter().any(|mark| contains(&octets, mark));
    for (k, permitted) in scene.permitted.iter().enumerate() {
        let is_sensor = k >= SENSORS;
        let known_by = &marks(k)[if is_sensor { 3 } else { 0 }];
        if *permitted && (tells_sensors || !is_sensor) && !holds(known_by) {
            return Some(format!("{name}: {known_by} is permitted"));
        }
        if let Some(mark) = marks(k).iter().find(|mark| !permitted && holds(mark)) {
            return Some(format!("{name}: {mark} of {k}"));
        }
    }
    None
}

fn contains(octets: &[u8], mark: &[u8]) -> bool {
    octets.windows(mark.len()).any(|window| window == mark)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_octet_of_what_a_label_does_not_permit_leaves_by_any_way_out(
        viewer in drawn(),
        tracks in proptest::collection::vec(drawn(), 0..8),
        sensors in proptest::collection::vec(drawn(), 0..4),
    ) {
        let scene = scene(&viewer, &tracks, &sensors);
        let faults: Vec<String> = WAYS.into_iter().filter_map(|way| fault(&scene, way)).collect();
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn no_octet_of_what_a_label_does_not_permit_reaches_a_console_on_zenoh(
        viewer in drawn(),
        tracks in proptest::collection::vec(drawn(), 1..8),
        sensors in proptest::collection::vec(drawn(), 0..4),
    ) {
        let scene = scene(&viewer, &tracks, &sensors);
        let found = fault(&scene, ("zenoh", zenoh, as_text, true));
        prop_assert!(found.is_none(), "{:?}", found);
    }
}

/// A remark may be for fewer people than its track.
#[test]
fn a_remark_that_is_for_fewer_than_its_track_stays_behind_where_the_track_goes() {
    let viewer = (0, [true, false, false], [false; 2]);
    let mut scene = scene(&viewer, &[(0, [true; 3], [false; 2])], &[]);
    for board in &mut scene.boards {
        let strict = |remark: &mut Remark| remark.label = Label::STRICTEST;
        Arc::make_mut(board).remarks.values_mut().for_each(strict);
    }
    for (name, leaving, ..) in WAYS.into_iter().chain([("zenoh", zenoh as fn(&Scene) -> _, as_text as _, true)]) {
        let octets = leaving(&scene);
        assert!(!contains(&octets, b"ZREMARK00") && !octets.is_empty(), "{name}");
    }
}
