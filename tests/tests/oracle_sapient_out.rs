//! What the built daemon tells a SAPIENT middleware, as sapient-msg reads it: it registers, waits until it is taken,
//! comes back as the same after the connection was lost, tells every target where it is, which object of a SAPIENT node
//! it was made from, and refuses tasks; no message breaks a rule of the edition or is of another time than now.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use edge_node::clock::Clock;
use fusion_core::geodesy::Geodetic;
use fusion_core::maths::{cos, hypot};
use sensor_drivers::decoder::{HorizontalError, Place, Point};
use sensor_drivers::sapient::encode::{About, Sender, Sighting};
use sensor_drivers::sapient::{Ulid, Uuid};
use serde_json::Value;
use tests::daemon::{Daemon, Target, free_port};
use tests::{copmesh_binary, oracle_python};

const NAME: &str = "oracle_sapient_out";

const TARGETS: [Target; 3] = [
    Target { callsign: "KILO 1", icao: "48AD01", latitude_deg: 52.05, longitude_deg: 21.02 },
    Target { callsign: "LIMA 2", icao: "48AD02", latitude_deg: 52.02, longitude_deg: 20.95 },
    Target { callsign: "MIKE 3", icao: "48AD03", latitude_deg: -33.9, longitude_deg: -151.2 },
];

/// The sensor's noise, and what half a second of its speed may do.
const TOLERANCE_M: f64 = 25.0;

const METRES_PER_DEGREE: f64 = 111_200.0;

/// What the SAPIENT node calls the first target.
const PARENT: Ulid = Ulid(0x018f_d2c4_0000_0000_0000_0000_0000_0007);

fn sapient_node() -> Uuid {
    Uuid::of_name("drone-radar").as_version_4()
}

/// A SAPIENT node that tells the daemon of the first target, four times a second. It ends with the value.
struct Node {
    stop: Arc<AtomicBool>,
    telling: Option<JoinHandle<()>>,
}

impl Node {
    fn tell(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let telling = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || tell(port, &stop)
        });
        Self { stop, telling: Some(telling) }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.telling.take().map(JoinHandle::join);
    }
}

fn tell(port: u16, stop: &AtomicBool) {
    let (clock, mut sender) = (Clock::start(), Sender::new(sapient_node(), 1));
    let target = TARGETS[0];
    let point = Point {
        position: Geodetic::from_degrees(target.latitude_deg, target.longitude_deg, 300.0).expect("a place"),
        horizontal: HorizontalError::round(5.0),
        vertical_sigma_m: Some(10.0),
        velocity: None,
    };
    let place = Place::Geodetic(point);
    let sighting = Sighting { object: PARENT, place: &place, class: None, signal: None, name: None };
    let mut connection: Option<TcpStream> = None;
    while !stop.load(Ordering::Relaxed) {
        let now = clock.now().validity;
        match &mut connection {
            None => {
                connection = TcpStream::connect(("127.0.0.1", port)).ok();
                let about = sender.registration(&About::default(), now);
                if let Some(stream) = &mut connection {
                    stream.write_all(&about).expect("it listens");
                }
            }
            Some(stream) => stream.write_all(&sender.detection(&sighting, now)).expect("it listens"),
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn a_middleware_reads_the_picture_without_one_fault() {
    let (Some(_), Some(binary)) = (oracle_python(NAME), copmesh_binary(NAME)) else { return };
    let (daemon, seen, told) = (RefCell::new(None), RefCell::new(BTreeMap::new()), Cell::new(0));
    let (sensor, with_parent) = (free_port(), Cell::new(0));
    let node = Node::tell(sensor);
    tests::oracle::ask(NAME, "sapient_out_oracle", |question| match question.split_once(' ') {
        Some(("P", port)) => {
            let way_out = format!(
                "[[sensors]]\nname = \"drones\"\nkind = \"sapient\"\n\
                 endpoint = \"tcp-listen://127.0.0.1:{sensor}\"\n\
                 label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n\
                 [[sapient-out]]\nname = \"hq\"\nendpoint = \"tcp://127.0.0.1:{port}\"\nperiod-s = 0.5\n\
                 clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
            );
            *daemon.borrow_mut() = Some(Daemon::start(&binary, "sapient-out", &TARGETS, &way_out));
            Ok("ok".to_owned())
        }
        Some(("T", said)) => {
            let said: Value = serde_json::from_str(said).map_err(|e| e.to_string())?;
            told.set(told.get() + 1);
            with_parent.set(with_parent.get() + parents(&said)?);
            compare(&said, &mut seen.borrow_mut()).map(|()| "ok".to_owned())
        }
        _ => {
            let page = daemon.borrow().as_ref().and_then(|daemon| daemon.page("/status.json"));
            let (_, status) = page.ok_or("no status")?;
            let status: Value = serde_json::from_str(&status).map_err(|e| e.to_string())?;
            Ok(status["sapient_out"][0].to_string())
        }
    });
    assert_eq!(seen.borrow().len(), TARGETS.len(), "{seen:?}");
    assert!(told.get() >= 10 * TARGETS.len(), "{} detections", told.get());
    println!("{NAME}: {} detections, {} of them name their parent", told.get(), with_parent.get());
    assert!(with_parent.get() >= 10, "{} of {} name it", with_parent.get(), told.get());
    drop((daemon, node));
}

/// How many parents are named: of the first target the one that there is, of the others none.
fn parents(said: &Value) -> Result<u32, String> {
    let parents = said["parents"].as_array().ok_or("no list")?;
    let [parent] = &parents[..] else {
        return if parents.is_empty() { Ok(0) } else { Err(format!("one object told of it: {said}")) };
    };
    let is_it = parent["node"] == sapient_node().to_string()
        && parent["object"] == PARENT.to_string()
        && parent["is"] == "ASSOCIATION_RELATION_PARENT"
        && parent["age_s"].as_f64().is_some_and(|age_s| (-2.0..5.0).contains(&age_s));
    let is_first = said["name"] == TARGETS[0].callsign;
    if is_it && is_first { Ok(1) } else { Err(format!("not its parent: {said}")) }
}

/// An object is where its target is, and keeps its number.
fn compare(said: &Value, seen: &mut BTreeMap<&'static str, String>) -> Result<(), String> {
    let address = said["info"]["address"].as_str().unwrap_or_default().to_lowercase();
    let is_it = |target: &&Target| address.ends_with(&target.icao.to_lowercase());
    let target = TARGETS.iter().find(is_it).ok_or_else(|| format!("nobody's address: {said}"))?;
    let number = |key: &str| said[key].as_f64().unwrap_or(f64::NAN);
    let north_m = METRES_PER_DEGREE * (number("lat_deg") - target.latitude_deg);
    let across = METRES_PER_DEGREE * cos(target.latitude_deg.to_radians());
    let off_m = hypot(north_m, across * (number("lon_deg") - target.longitude_deg));
    if !(off_m < TOLERANCE_M && (number("height_m") - 300.0).abs() < 60.0) {
        return Err(format!("{} is {off_m:.1} m off: {said}", target.callsign));
    }
    let sigma_m = METRES_PER_DEGREE * number("lat_sigma_deg");
    if !(0.1..50.0).contains(&sigma_m) || said["name"] != target.callsign {
        return Err(format!("known to {sigma_m:.2} m: {said}"));
    }
    let object = said["object"].as_str().unwrap_or_default().to_owned();
    if *seen.entry(target.callsign).or_insert_with(|| object.clone()) != object {
        return Err(format!("{} has changed its number to {object}", target.callsign));
    }
    Ok(())
}
