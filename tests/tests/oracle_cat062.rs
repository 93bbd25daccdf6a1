//! What the daemon tells as ASTERIX is what its picture has, as libasterix reads it and asterix-decoder: the same
//! tracks at the same times at the same places, to the resolution of the items.

use std::cell::{Cell, RefCell};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fusion_core::maths::hypot;
use serde_json::Value;
use tests::daemon::{Daemon, Target};
use tests::{copmesh_binary, hex, oracle_python};

const NAME: &str = "oracle_cat062";

const TARGETS: [Target; 3] = [
    Target { callsign: "KILO 1", icao: "48AD01", latitude_deg: 52.05, longitude_deg: 21.02 },
    Target { callsign: "LIMA 2", icao: "48AD02", latitude_deg: 52.02, longitude_deg: 20.95 },
    Target { callsign: "MIKE 3", icao: "48AD03", latitude_deg: -33.9, longitude_deg: -151.2 },
];

/// Half a step of I062/105, degrees, and what JSON rounds.
const POSITION_TOLERANCE_DEG: f64 = 0.5 * 180.0 / 33_554_432.0 + 1e-9;

/// Half a step of I062/070, seconds, and what milliseconds round.
const TIME_TOLERANCE_S: f64 = 0.5 / 128.0 + 0.001;

/// What the daemon sends, and what its console shows meanwhile.
fn listen(daemon: &Daemon, socket: &UdpSocket) -> (Vec<Vec<u8>>, Vec<Value>) {
    let (mut datagrams, mut pictures, done) = (Vec::new(), Vec::new(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let page = daemon.page("/picture.json").and_then(|(_, body)| serde_json::from_str(&body).ok());
                pictures.extend(page);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let mut buffer = [0; 65_536];
        while datagrams.len() < 24 {
            let length = socket.recv(&mut buffer).unwrap_or_else(|e| panic!("nothing comes: {e}\n{}", daemon.log()));
            datagrams.push(buffer[..length].to_vec());
        }
        std::thread::sleep(Duration::from_millis(500));
        done.store(true, Ordering::Relaxed);
    });
    (datagrams, pictures)
}

#[test]
fn every_track_that_is_told_is_in_the_picture_at_that_time_and_place() {
    let (Some(_), Some(binary)) = (oracle_python(NAME), copmesh_binary(NAME)) else { return };
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
    let port = socket.local_addr().expect("bound").port();
    let way_out = format!(
        "[[cat062]]\nname = \"atc\"\nendpoint = \"udp://127.0.0.1:{port}\"\nsac = 25\nsic = 200\nperiod-s = 0.25\n\
         clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
    );
    let daemon = Daemon::start(&binary, "cat062", &TARGETS, &way_out);
    let _ = daemon.picture_of(TARGETS.len());
    // What was sent while the picture was still empty is of no interest.
    socket.set_nonblocking(true).expect("a socket");
    while socket.recv(&mut [0; 65_536]).is_ok() {}
    socket.set_nonblocking(false).expect("a socket");
    let (datagrams, pictures) = listen(&daemon, &socket);
    agree("cat062_oracle", &datagrams, &pictures);
    let decoder = oracle_python(NAME).and_then(|python| Some(python.parent()?.parent()?.join("decoder")));
    if decoder.is_some_and(|folder| folder.is_dir()) {
        agree("cat062_decoder_oracle", &datagrams, &pictures);
    } else {
        tests::skip("oracle_cat062_decoder", "no asterix-decoder; tests/run builds it where python3-dev is installed");
    }
}

/// What a decoder of other people's making reads is in the pictures.
fn agree(script: &str, datagrams: &[Vec<u8>], pictures: &[Value]) {
    let (rest, agreed) = (RefCell::new(datagrams.iter()), Cell::new(0));
    tests::oracle::ask(NAME, script, |question| match question.split_once(' ') {
        None => Ok(rest.borrow_mut().next().map_or_else(|| "end".to_owned(), |datagram| hex(datagram))),
        Some((_, track)) => {
            let track: Value = serde_json::from_str(track).map_err(|e| e.to_string())?;
            agreed.set(agreed.get() + 1);
            compare(&track, pictures).map(|()| "ok".to_owned())
        }
    });
    assert!(agreed.get() >= 3 * TARGETS.len(), "{} tracks were told", agreed.get());
}

/// A track as a decoder reads it with the picture that had it.
fn compare(track: &Value, pictures: &[Value]) -> Result<(), String> {
    let number = |path: &str| track[path].as_f64().ok_or_else(|| format!("no {path} in {track}"));
    let (time_s, address) = (number("070")?, number("380/ADR")?);
    let mut shown = pictures.iter().flat_map(|picture| picture["tracks"].as_array().into_iter().flatten());
    let is_it = |shown: &&Value| {
        let of_day_s = shown["time_ms"].as_f64().unwrap_or(f64::NAN).rem_euclid(86_400_000.0) / 1000.0;
        let named = shown["address"].as_str().and_then(|text| text.strip_prefix("icao:"));
        let shown_address = named.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        (of_day_s - time_s).abs() <= TIME_TOLERANCE_S && shown_address.map(f64::from) == Some(address)
    };
    let shown = shown.rfind(is_it).ok_or_else(|| format!("no picture had {track}"))?;
    for (path, key) in [("105/LAT", "lat_deg"), ("105/LON", "lon_deg")] {
        let (told, wanted) = (number(path)?, shown[key].as_f64().unwrap_or(f64::NAN));
        if (told - wanted).abs() > POSITION_TOLERANCE_DEG {
            return Err(format!("{path} is {told}, the picture has {wanted}"));
        }
    }
    let speed = hypot(number("185/VX")?, number("185/VY")?);
    let wanted = shown["speed_m_s"].as_f64().unwrap_or(f64::NAN);
    if (speed - wanted).abs() > 0.25 {
        return Err(format!("the speed is {speed} m/s, the picture has {wanted}"));
    }
    if (number("010/SAC")?, number("010/SIC")?) != (25.0, 200.0) {
        return Err(format!("SAC and SIC are not ours: {track}"));
    }
    Ok(())
}
