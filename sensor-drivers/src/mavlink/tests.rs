//! Whole links: what drones say, and what becomes of it.

use super::*;
use crate::decoder::{Place, Polar};
use crate::mavlink::encode::Sender;
use ::mavlink::dialects::common::*;
use fusion_core::maths::{cos, hypot, sin, sqrt, tan};

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A drone and how long ago it was switched on.
struct Drone {
    system: u8,
    bytes: Vec<u8>,
}

impl Drone {
    fn new(system: u8) -> Self {
        Self { system, bytes: Vec::new() }
    }

    fn says<D: MessageData>(mut self, message: &D) -> Self {
        encode::frame(Sender { system: self.system, component: 1, sequence: 0 }, message, &mut self.bytes);
        self
    }

    fn heard(self, decoder: &mut MavlinkDecoder, received: Timestamp) -> Vec<Report> {
        decoder.handle_bytes(&self.bytes, received);
        core::iter::from_fn(|| decoder.poll_report()).map(|report| report.unwrap()).collect()
    }
}

fn position(boot_ms: u32) -> GLOBAL_POSITION_INT_DATA {
    GLOBAL_POSITION_INT_DATA {
        time_boot_ms: boot_ms,
        lat: 522_000_000,
        lon: 210_000_000,
        alt: 250_000,
        vx: 1_000,
        ..GLOBAL_POSITION_INT_DATA::DEFAULT
    }
}

fn attitude(boot_ms: u32, yaw: f32) -> ATTITUDE_DATA {
    ATTITUDE_DATA { time_boot_ms: boot_ms, yaw, ..ATTITUDE_DATA::DEFAULT }
}

/// A gimbal that looks 0.5 rad down and `yaw` to the right of north or of the nose.
fn gimbal(boot_ms: u32, yaw: f32, flags: GimbalDeviceFlags) -> GIMBAL_DEVICE_ATTITUDE_STATUS_DATA {
    let half = f64::from(yaw) / 2.0;
    #[expect(clippy::cast_possible_truncation, reason = "the message has 32 bits")]
    let [sp, cp, sy, cy] = [sin(-0.25), cos(-0.25), sin(half), cos(half)].map(|value| value as f32);
    let q = [cp * cy, -sp * sy, sp * cy, cp * sy];
    GIMBAL_DEVICE_ATTITUDE_STATUS_DATA {
        time_boot_ms: boot_ms,
        q,
        flags,
        ..GIMBAL_DEVICE_ATTITUDE_STATUS_DATA::DEFAULT
    }
}

fn view(boot_ms: u32) -> CAMERA_FOV_STATUS_DATA {
    CAMERA_FOV_STATUS_DATA { time_boot_ms: boot_ms, hfov: 60.0, vfov: 40.0, ..CAMERA_FOV_STATUS_DATA::DEFAULT }
}

fn boxed(left: f32, right: f32) -> CAMERA_TRACKING_IMAGE_STATUS_DATA {
    CAMERA_TRACKING_IMAGE_STATUS_DATA {
        rec_top_x: left,
        rec_bottom_x: right,
        rec_top_y: 0.45,
        rec_bottom_y: 0.55,
        tracking_status: CameraTrackingStatusFlags::CAMERA_TRACKING_STATUS_FLAGS_ACTIVE,
        tracking_mode: CameraTrackingMode::CAMERA_TRACKING_MODE_RECTANGLE,
        ..CAMERA_TRACKING_IMAGE_STATUS_DATA::DEFAULT
    }
}

fn decoder() -> MavlinkDecoder {
    MavlinkDecoder::new(MavlinkConfig { own_position: OwnPosition::Ignored, ..MavlinkConfig::default() })
}

const NORTH: GimbalDeviceFlags = GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME;
const NOSE: GimbalDeviceFlags = GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME;

/// What a drone that flies on heading 1 rad sees in the middle of its image.
fn sees(gimbal: &GIMBAL_DEVICE_ATTITUDE_STATUS_DATA, target: &CAMERA_TRACKING_IMAGE_STATUS_DATA) -> Vec<Report> {
    Drone::new(1)
        .says(&position(10_000))
        .says(&attitude(10_000, 1.0))
        .says(&view(10_000))
        .says(gimbal)
        .says(target)
        .heard(&mut decoder(), START)
}

fn polar(reports: &[Report]) -> (&OwnedScan, Polar) {
    let [Report::Scan(scan)] = reports else { panic!("one scan, not {reports:?}") };
    let Place::Polar(polar) = scan.returns[0].place else { panic!("a line of sight") };
    (scan, polar)
}

#[test]
fn gimbal_frames_all_give_the_same_line_of_sight() {
    let legacy = GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_LOCK;
    let none = GimbalDeviceFlags::empty();
    for (yaw, flags) in [(1.3, NORTH), (0.3, NOSE), (1.3, legacy), (0.3, none), (0.3, NOSE | legacy)] {
        let reports = sees(&gimbal(10_000, yaw, flags), &boxed(0.45, 0.55));
        let (scan, polar) = polar(&reports);
        assert!((polar.azimuth.value - 1.3).abs() < 1e-6, "{flags:?}: {}", polar.azimuth.value);
        assert!((polar.elevation.unwrap().value + 0.5).abs() < 1e-6);
        assert_eq!(polar.range, None);
        let platform = scan.from.unwrap();
        assert!((platform.position.latitude_deg() - 52.2).abs() < 1e-9);
    }
    assert!(sees(&gimbal(10_000, 0.3, NORTH | NOSE), &boxed(0.45, 0.55)).is_empty());
}

#[test]
fn the_sigma_of_a_sighting_holds_gimbal_box_and_time_and_its_platform_tells_the_rest() {
    let config = MavlinkConfig::default();
    let reports = sees(&gimbal(10_000, 1.3, NORTH), &boxed(0.45, 0.55));
    let elevation = polar(&reports).1.elevation.unwrap();
    let in_image = 2.0 * tan(30_f64.to_radians()) * 0.01;
    let expected = [config.gimbal_sigma, in_image];
    let expected = sqrt(expected.iter().map(|sigma| sigma * sigma).sum());
    assert!((elevation.sigma - expected).abs() < 1e-7, "{} {expected}", elevation.sigma);
    // Where the drone may be otherwise than it says, and its heading, stand beside: every sighting shares them.
    let platform = polar(&reports).0.from.unwrap();
    assert!((platform.vertical_sigma_m - 5.0 - crate::geoid::SIGMA_M).abs() < 1e-9);
    assert!((platform.heading_sigma - config.heading_sigma).abs() < 1e-12 && platform.number == 1);
    assert!((platform.tilt_sigma - config.tilt_sigma).abs() < 1e-12);
    let turning = GIMBAL_DEVICE_ATTITUDE_STATUS_DATA { angular_velocity_z: 1.0, ..gimbal(10_000, 1.3, NORTH) };
    let reports = sees(&turning, &boxed(0.45, 0.55));
    let expected = hypot(expected, 0.1);
    assert!((polar(&reports).1.elevation.unwrap().sigma - expected).abs() < 1e-7);
}

#[test]
fn a_box_at_the_image_edge_is_told_with_a_large_sigma() {
    let inside = sees(&gimbal(10_000, 1.3, NORTH), &boxed(0.88, 0.98));
    let cut = sees(&gimbal(10_000, 1.3, NORTH), &boxed(0.9, 1.0));
    let sigma = |reports: &[Report]| polar(reports).1.azimuth.sigma;
    assert!(sigma(&cut) > 2.0 * sigma(&inside));
}

#[test]
fn a_target_that_is_idle_predicted_or_nowhere_gives_no_sighting() {
    let mut decoder = decoder();
    let status = |flags| CAMERA_TRACKING_IMAGE_STATUS_DATA { tracking_status: flags, ..boxed(0.45, 0.55) };
    let active = CameraTrackingStatusFlags::CAMERA_TRACKING_STATUS_FLAGS_ACTIVE;
    let reports = Drone::new(1)
        .says(&status(CameraTrackingStatusFlags::empty()))
        .says(&status(active | CameraTrackingStatusFlags::CAMERA_TRACKING_STATUS_FLAGS_COASTING))
        .says(&boxed(f32::NAN, 0.5))
        .says(&boxed(0.45, 0.55))
        .says(&view(10_000))
        .says(&boxed(0.45, 0.55))
        .says(&gimbal(10_000, 1.3, NORTH))
        .says(&boxed(0.45, 0.55))
        .heard(&mut decoder, START);
    assert!(reports.is_empty());
    let t = decoder.tally();
    let counts = [t.sightings_idle, t.sightings_predicted, t.sightings_without_target, t.sightings_without_view];
    assert_eq!(counts, [1; 4]);
    assert_eq!((t.sightings_without_pointing, t.sightings_without_position, t.sightings), (1, 1, 0));
}

#[test]
fn a_ground_point_keeps_its_accuracy_and_takes_the_newest_boot_time() {
    let ground = CAMERA_TRACKING_GEO_STATUS_DATA {
        lat: 522_100_000,
        lon: 210_100_000,
        alt: 110.0,
        h_acc: 7.0,
        v_acc: 9.0,
        vel_acc: f32::NAN,
        tracking_status: CameraTrackingStatusFlags::CAMERA_TRACKING_STATUS_FLAGS_ACTIVE,
        ..CAMERA_TRACKING_GEO_STATUS_DATA::DEFAULT
    };
    let unix = SYSTEM_TIME_DATA { time_unix_usec: 1_700_000_000_000_000, time_boot_ms: 9_000 };
    let drone = Drone::new(1).says(&unix).says(&attitude(9_900, 0.0)).says(&ground);
    let reports = drone.heard(&mut decoder(), START + Span::from_secs(1));
    let [Report::Scan(scan)] = &reports[..] else { panic!("one scan") };
    assert_eq!((scan.time, scan.time_quality), (START + Span::from_millis(900), TimeQuality::Sensor));
    let Place::Geodetic(point) = &scan.returns[0].place else { panic!("a point") };
    assert!((point.horizontal.east_sigma_m - 7.0).abs() < 1e-9 && point.velocity.is_none());
    // 9 m, and the geoid that nobody told.
    assert!((point.vertical_sigma_m.unwrap() - 9.0 - crate::geoid::SIGMA_M).abs() < 1e-9);
}

#[test]
fn null_island_is_no_place() {
    let mut decoder = MavlinkDecoder::new(MavlinkConfig::default());
    let nowhere = GLOBAL_POSITION_INT_DATA { lat: 0, lon: 0, ..position(10_000) };
    assert!(Drone::new(1).says(&nowhere).says(&GPS_RAW_INT_DATA::DEFAULT).heard(&mut decoder, START).is_empty());
    assert_eq!((decoder.tally().null_islands, decoder.tally().positions), (2, 0));
}

#[test]
fn a_clock_jump_of_632_s_gives_no_report_at_a_wrong_time() {
    let mut decoder = MavlinkDecoder::new(MavlinkConfig { own_period: Span::ZERO, ..MavlinkConfig::default() });
    let mut now = START;
    let mut times = Vec::new();
    for boot_ms in [76_673_747, 76_673_997, 77_305_245, 77_305_247, 77_305_500] {
        for report in Drone::new(1).says(&position(boot_ms)).heard(&mut decoder, now) {
            let Report::SourceTrack(track) = report else { panic!("a source track") };
            times.push((track.time - START).as_secs_f64());
        }
        now = now + Span::from_millis(250);
    }
    assert_eq!(times.len(), 4);
    assert!(times.iter().all(|time| (-0.1..1.5).contains(time)), "{times:?}");
    assert_eq!((decoder.tally().clock_jumps, decoder.tally().boot_times_refused), (1, 1));
}

#[test]
fn unix_time_zero_is_counted_and_the_time_of_receipt_stands_in() {
    let mut decoder = MavlinkDecoder::new(MavlinkConfig::default());
    let unset = SYSTEM_TIME_DATA { time_unix_usec: 0, time_boot_ms: 10_000 };
    let reports = Drone::new(1).says(&unset).says(&position(10_000)).heard(&mut decoder, START);
    let [Report::SourceTrack(track)] = &reports[..] else { panic!("a source track") };
    assert_eq!((track.time, decoder.tally().unix_times_zero), (START, 1));
}

#[test]
fn an_own_drone_is_a_source_track_or_a_measurement_as_configured() {
    let heard = |own_position| {
        let mut decoder = MavlinkDecoder::new(MavlinkConfig { own_position, ..MavlinkConfig::default() });
        let gps = GPS_RAW_INT_DATA {
            fix_type: GpsFixType::GPS_FIX_TYPE_3D_FIX,
            lat: 522_000_000,
            lon: 210_000_000,
            alt: 250_000,
            alt_ellipsoid: 281_500,
            h_acc: 800,
            v_acc: 1_200,
            ..GPS_RAW_INT_DATA::DEFAULT
        };
        Drone::new(7).says(&gps).says(&position(10_000)).says(&position(10_200)).heard(&mut decoder, START)
    };
    let reports = heard(OwnPosition::SourceTrack);
    let [Report::SourceTrack(track)] = &reports[..] else { panic!("one source track, not {reports:?}") };
    assert_eq!((track.number, track.identity.name.as_deref()), (7, Some("mavlink 7")));
    let reports = heard(OwnPosition::Measurement);
    let [Report::Scan(scan)] = &reports[..] else { panic!("one scan") };
    let Place::Geodetic(point) = &scan.returns[0].place else { panic!("a point") };
    // Its height above the sea, and the geoid as its own receiver told it.
    assert!((point.position.height_m - 281.5).abs() < 1e-9 && point.vertical_sigma_m == Some(1.2));
    assert!((point.velocity.unwrap().east_north_up[1] - 10.0).abs() < 1e-9);
    assert!(heard(OwnPosition::Ignored).is_empty());
}

#[test]
fn systems_on_one_link_are_kept_apart() {
    let mut decoder = decoder();
    let first = Drone::new(1).says(&position(10_000)).says(&view(10_000)).says(&gimbal(10_000, 1.3, NORTH));
    assert!(first.heard(&mut decoder, START).is_empty());
    assert!(Drone::new(2).says(&boxed(0.45, 0.55)).heard(&mut decoder, START).is_empty());
    assert_eq!(decoder.tally().sightings_without_view, 1);
    assert_eq!(Drone::new(1).says(&boxed(0.45, 0.55)).heard(&mut decoder, START).len(), 1);
    for system in 0..=u8::MAX {
        let _ = Drone::new(system).says(&attitude(1, 0.0)).heard(&mut decoder, START);
    }
    assert_eq!(decoder.link.systems.len(), SYSTEMS_MAX);
    assert_eq!(decoder.link.systems.evicted(), 256 - SYSTEMS_MAX as u64);
}

#[test]
fn a_relayed_aircraft_is_as_old_as_it_says_and_told_once() {
    let mut decoder = decoder();
    let vehicle = |tslc, lat| ADSB_VEHICLE_DATA {
        ICAO_address: 0x4B_1234,
        lat,
        lon: 210_000_000,
        altitude: 1_000_000,
        hor_velocity: 10_000,
        heading: 9_000,
        squawk: 7_700,
        tslc,
        flags: AdsbFlags::from_bits_retain(0b11_1111),
        ..ADSB_VEHICLE_DATA::DEFAULT
    };
    let drone = Drone::new(1).says(&vehicle(2, 522_000_000)).says(&vehicle(3, 522_000_000));
    let nowhere = ADSB_VEHICLE_DATA { lon: 0, ..vehicle(0, 0) };
    let reports = drone.says(&vehicle(9, 523_000_000)).says(&nowhere).heard(&mut decoder, START);
    let [Report::Scan(scan)] = &reports[..] else { panic!("one scan, not {reports:?}") };
    assert_eq!(scan.time, START - Span::from_millis(2_500));
    assert_eq!(scan.returns[0].identity.mode_3a, Some(0o7700));
    let t = decoder.tally();
    assert_eq!((t.relayed, t.relayed_repeated, t.relayed_old, t.relayed_invalid), (1, 1, 1, 1));
}

#[test]
fn relayed_remote_id_is_that_of_the_drone_that_was_heard() {
    let mut decoder = decoder();
    let mut id = OPEN_DRONE_ID_BASIC_ID_DATA::DEFAULT;
    (id.id_or_mac[0], id.id_type) = (9, MavOdidIdType::MAV_ODID_ID_TYPE_SERIAL_NUMBER);
    id.uas_id = *b"1581F5BKD239A00DK4RT";
    let mut location = OPEN_DRONE_ID_LOCATION_DATA {
        latitude: 522_000_000,
        longitude: 210_000_000,
        timestamp: 800.0,
        ..OPEN_DRONE_ID_LOCATION_DATA::DEFAULT
    };
    location.id_or_mac[0] = 9;
    let reports = Drone::new(1).says(&id).says(&location).heard(&mut decoder, START);
    let [Report::Scan(scan)] = &reports[..] else { panic!("one scan, not {reports:?}") };
    assert_eq!(scan.returns[0].identity.address.unwrap().to_string(), "remote-id:1581F5BKD239A00DK4RT");
    // 1,700,000,000 s is 800 s after the full hour.
    assert_eq!((scan.time, scan.time_quality), (START, TimeQuality::Sensor));
}
