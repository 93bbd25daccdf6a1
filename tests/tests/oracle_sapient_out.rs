//! What the built daemon tells a SAPIENT middleware, as sapient-msg reads it: it registers, waits until it is taken,
//! comes back as the same after the connection was lost, tells every target where it is, and refuses tasks; no message
//! breaks a rule of the edition or is of another time than now.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use fusion_core::maths::{cos, hypot};
use serde_json::Value;
use tests::daemon::{Daemon, Target};
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

#[test]
fn a_middleware_reads_the_picture_without_one_fault() {
    let (Some(_), Some(binary)) = (oracle_python(NAME), copmesh_binary(NAME)) else { return };
    let (daemon, seen, told) = (RefCell::new(None), RefCell::new(BTreeMap::new()), Cell::new(0));
    tests::oracle::ask(NAME, "sapient_out_oracle", |question| match question.split_once(' ') {
        Some(("P", port)) => {
            let way_out = format!(
                "[[sapient-out]]\nname = \"hq\"\nendpoint = \"tcp://127.0.0.1:{port}\"\nperiod-s = 0.5\n\
                 clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
            );
            *daemon.borrow_mut() = Some(Daemon::start(&binary, "sapient-out", &TARGETS, &way_out));
            Ok("ok".to_owned())
        }
        Some(("T", said)) => {
            let said: Value = serde_json::from_str(said).map_err(|e| e.to_string())?;
            told.set(told.get() + 1);
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
