//! Promises of the driver as a whole, with messages as another node sends them.

#![allow(clippy::unwrap_used, reason = "tests")]

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::ObjectClass;
use fusion_core::time::Span;
use prost::Message as _;
use proto::pb::sapient as pb;
use proto::pb::sapient::sapient_message::Content;

use super::encode::{About, Sender, Sighting};
use super::*;
use crate::decoder::{HorizontalError, Measured, Point, Polar};

const T0: i64 = 1_717_236_000;

fn now() -> Timestamp {
    Timestamp::from_secs(T0)
}

fn node() -> Sender {
    Sender::new(Uuid::of_name("radar"), 7)
}

fn drone_at(azimuth_deg: f64) -> Place {
    Place::Polar(Polar {
        azimuth: Measured { value: azimuth_deg.to_radians(), sigma: 0.01 },
        range: Some(Measured { value: 1_234.5, sigma: 4.0 }),
        elevation: Some(Measured { value: 0.1, sigma: 0.02 }),
        height: None,
        range_rate: None,
    })
}

fn site() -> Point {
    Point {
        position: Geodetic::from_degrees(52.0, 5.0, 10.0).unwrap(),
        horizontal: HorizontalError::round(3.0),
        vertical_sigma_m: Some(5.0),
        velocity: None,
    }
}

fn sighting(place: &Place) -> Sighting<'_> {
    Sighting { object: Ulid(42), place, class: Some(("UAV Rotary Wing", 0.9)), signal: None, name: None }
}

fn feed(decoder: &mut SapientDecoder, bytes: &[u8]) -> Vec<Result<Report, DecodeError>> {
    decoder.handle_bytes(bytes, now());
    std::iter::from_fn(|| decoder.poll_report()).collect()
}

fn server() -> SapientDecoder {
    SapientDecoder::new(SapientConfig::default())
}

/// What is answered, as the other side reads it.
fn answers(decoder: &mut SapientDecoder) -> Vec<pb::SapientMessage> {
    let answers: Vec<_> = std::iter::from_fn(|| decoder.poll_transmit()).collect();
    answers.iter().map(|bytes| pb::SapientMessage::decode(&bytes[4..]).unwrap()).collect()
}

fn read(bytes: &[u8]) -> pb::SapientMessage {
    pb::SapientMessage::decode(&bytes[4..]).unwrap()
}

#[test]
fn all_that_we_send_keeps_the_rules() {
    let mut sender = node();
    let place = drone_at(10.0);
    let point = Place::Geodetic(site());
    let sent = [
        sender.registration(&About::default(), now()),
        sender.registration(&About { tracks: true, seen: false, node_type: 20, ..About::default() }, now()),
        sender.registration_ack(Uuid(5), false, vec!["no".into()], now()),
        sender.status(Some(&site()), false, now()),
        sender.status(None, true, now()),
        sender.detection(&sighting(&place), now()),
        sender.detection(&Sighting { signal: Some((433e6, 0.5)), name: Some("ABC1"), ..sighting(&point) }, now()),
        sender.alert("look", now()),
        sender.error(None, b"junk", "it is junk".into(), now()),
    ];
    for bytes in sent {
        assert_eq!(check(&bytes[4..]), Ok(()), "{:?}", read(&bytes));
    }
}

#[test]
fn the_same_calls_send_the_same_bytes() {
    let say = || node().detection(&sighting(&drone_at(1.0)), now());
    assert_eq!(say(), say());
}

#[test]
fn a_detection_becomes_a_measurement_with_its_errors_and_class() {
    let mut decoder = server();
    let place = drone_at(123.0);
    let reports = feed(&mut decoder, &node().detection(&sighting(&place), now()));
    let [Ok(Report::Scan(scan))] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((scan.time, scan.time_quality, scan.coverage), (now(), TimeQuality::Sensor, Coverage::Reports));
    let (Place::Polar(read), Place::Polar(sent)) = (&scan.returns[0].place, &place) else { panic!("{scan:?}") };
    for (read, sent) in [(read.azimuth, sent.azimuth), (read.range.unwrap(), sent.range.unwrap())] {
        assert!((read.value - sent.value).abs() < 1e-9 && (read.sigma - sent.sigma).abs() < 1e-9);
    }
    assert_eq!(scan.returns[0].identity.class, ObjectClass::Uav);
}

#[test]
fn detections_of_one_node_at_one_moment_are_one_look_as_far_as_they_come_together() {
    let (mut one, mut other) = (node(), Sender::new(Uuid::of_name("second"), 8));
    let seen = |sender: &mut Sender, azimuth, time| sender.detection(&sighting(&drone_at(azimuth)), time);
    let later = now() + Span::from_secs(1);
    let bytes = [
        seen(&mut one, 1.0, now()),
        seen(&mut one, 90.0, now()),
        seen(&mut one, 1.0, later),
        seen(&mut other, 1.0, later),
    ];
    let sizes = |reports: Vec<Result<Report, DecodeError>>| -> Vec<usize> {
        let size = |report| if let Ok(Report::Scan(scan)) = report { scan.returns.len() } else { 0 };
        reports.into_iter().map(size).collect()
    };
    assert_eq!(sizes(feed(&mut server(), &bytes.concat())), [2, 1, 1]);
    let mut decoder = server();
    let apart: Vec<_> = bytes.iter().flat_map(|bytes| feed(&mut decoder, bytes)).collect();
    assert_eq!(sizes(apart), [1, 1, 1, 1]);
}

#[test]
fn a_point_comes_back_with_its_errors() {
    let mut decoder = server();
    let reports = feed(&mut decoder, &node().detection(&sighting(&Place::Geodetic(site())), now()));
    let [Ok(Report::Scan(scan))] = &reports[..] else { panic!("{reports:?}") };
    let Place::Geodetic(point) = &scan.returns[0].place else { panic!("{scan:?}") };
    assert!((point.horizontal.east_sigma_m - 3.0).abs() < 1e-6 && (point.horizontal.north_sigma_m - 3.0).abs() < 1e-6);
    assert!((point.position.latitude_deg() - 52.0).abs() < 1e-9 && point.vertical_sigma_m == Some(5.0));
}

#[test]
fn a_registration_is_answered_on_the_connection_that_it_came_by() {
    let mut decoder = server();
    feed(&mut decoder, &node().registration(&About::default(), now()));
    let answers = answers(&mut decoder);
    let [pb::SapientMessage { destination_id: Some(to), content: Some(Content::RegistrationAck(ack)), .. }] =
        &answers[..]
    else {
        panic!("{answers:?}")
    };
    assert_eq!((to.as_str(), ack.acceptance), (Uuid::of_name("radar").to_string().as_str(), Some(true)));
}

#[test]
fn what_breaks_a_rule_is_sent_back_with_the_field_that_does() {
    let mut decoder = server();
    let mut message = read(&node().detection(&sighting(&drone_at(1.0)), now()));
    let Some(Content::DetectionReport(report)) = &mut message.content else { panic!() };
    report.object_id = Some("AAA".into());
    let reports = feed(&mut decoder, &encode::framed(&message));
    let [Err(error)] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((error.field, error.reason), ("DetectionReport.object_id", Reason::BadText));
    let answers = answers(&mut decoder);
    let [pb::SapientMessage { content: Some(Content::Error(answer)), .. }] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!(answer.packet.as_deref(), Some(&message.encode_to_vec()[..]));
    assert!(answer.error_message[0].contains("DetectionReport.object_id"), "{answer:?}");
}

#[test]
fn a_bad_registration_is_refused_and_told_so() {
    let mut decoder = server();
    let mut message = read(&node().registration(&About::default(), now()));
    let Some(Content::Registration(registration)) = &mut message.content else { panic!() };
    registration.icd_version = None;
    feed(&mut decoder, &encode::framed(&message));
    let answers = answers(&mut decoder);
    assert!(matches!(&answers[0].content, Some(Content::Error(_))));
    let Some(Content::RegistrationAck(ack)) = &answers[1].content else { panic!("{answers:?}") };
    assert_eq!(ack.acceptance, Some(false));
    assert!(ack.ack_response_reason[0].contains("Registration.icd_version"), "{ack:?}");
}

#[test]
fn two_that_refuse_each_others_errors_do_not_go_on_for_ever() {
    let mut decoder = server();
    let mut message = read(&node().error(None, b"", "why".into(), now()));
    let Some(Content::Error(error)) = &mut message.content else { panic!() };
    error.packet = None;
    assert!(feed(&mut decoder, &encode::framed(&message))[0].is_err());
    assert_eq!(answers(&mut decoder), []);
}

#[test]
fn a_node_that_registered_tracks_gives_source_tracks_that_keep_their_number() {
    let mut decoder = server();
    let mut sender = node();
    feed(&mut decoder, &sender.registration(&About { tracks: true, ..About::default() }, now()));
    feed(&mut decoder, &sender.status(Some(&site()), false, now()));
    let mut number = |azimuth, object| {
        let place = drone_at(azimuth);
        let reports =
            feed(&mut decoder, &sender.detection(&Sighting { object: Ulid(object), ..sighting(&place) }, now()));
        let [Ok(Report::SourceTrack(track))] = &reports[..] else { panic!("{reports:?}") };
        track.number
    };
    let first = number(10.0, 1);
    assert_ne!(number(20.0, 2), first);
    assert_eq!(number(11.0, 1), first);
}

#[test]
fn a_track_of_a_node_whose_place_nobody_told_is_refused_by_name() {
    let config = SapientConfig { reporting: Reporting::Tracks, ..SapientConfig::default() };
    let mut decoder = SapientDecoder::new(config);
    let reports = feed(&mut decoder, &node().detection(&sighting(&drone_at(1.0)), now()));
    let [Err(error)] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((error.field, decoder.tally().unusable), ("StatusReport.node_location", 1));
}

#[test]
fn where_a_node_says_it_stands_is_from_where_it_sees_unless_it_is_configured() {
    let mut sender = node();
    let (status, seen) =
        (sender.status(Some(&site()), false, now()), sender.detection(&sighting(&drone_at(1.0)), now()));
    let from = |config| {
        let mut decoder = SapientDecoder::new(config);
        feed(&mut decoder, &status);
        let reports = feed(&mut decoder, &seen);
        let [Ok(Report::Scan(scan))] = &reports[..] else { panic!("{reports:?}") };
        scan.from
    };
    let told = from(SapientConfig::default()).unwrap();
    assert!((told.position.latitude_deg() - 52.0).abs() < 1e-9 && (told.horizontal_sigma_m - 3.0).abs() < 1e-6);
    assert_eq!(from(SapientConfig { site: Some(site().position), ..SapientConfig::default() }), None);
}

#[test]
fn a_node_that_leaves_is_out_of_use() {
    let mut decoder = server();
    let reports = feed(&mut decoder, &node().status(None, true, now()));
    assert!(matches!(&reports[..], [Ok(Report::Status(SensorStatus { out_of_use: true, .. }))]), "{reports:?}");
}

#[test]
fn an_effector_may_come_and_is_asked_for_nothing() {
    let mut decoder = server();
    for node_type in 1..=20 {
        feed(&mut decoder, &node().registration(&About { node_type, ..About::default() }, now()));
    }
    assert_eq!((decoder.tally().registrations, decoder.tally().effectors, decoder.tally().refused), (20, 5, 0));
    let only_answers = |message: &pb::SapientMessage| matches!(message.content, Some(Content::RegistrationAck(_)));
    assert!(answers(&mut decoder).iter().all(only_answers));
}

#[test]
fn tasks_are_counted_and_nothing_acts_on_them() {
    let mut decoder = server();
    let task = pb::Task {
        task_id: Some(Ulid(1).to_string()),
        control: Some(pb::task::Control::Start.into()),
        ..pb::Task::default()
    };
    let mut message = read(&node().alert("", now()));
    message.content = Some(Content::Task(task));
    assert_eq!(feed(&mut decoder, &encode::framed(&message)), []);
    assert_eq!((decoder.tally().tasks, decoder.poll_transmit()), (1, None));
}

#[test]
fn a_client_registers_when_the_connection_opens_and_then_says_how_it_is() {
    let config = SapientConfig { role: Role::Client, ..SapientConfig::default() };
    let mut decoder = SapientDecoder::new(config);
    decoder.handle_timeout(now());
    assert_eq!(answers(&mut decoder), [], "nobody listens yet");
    decoder.handle_connection(true);
    let mut said = vec![];
    for quarter in 0..44 {
        decoder.handle_timeout(now() + Span::from_millis(250 * quarter));
        said.extend(answers(&mut decoder));
    }
    assert!(said.iter().all(|message| check(&message.encode_to_vec()).is_ok()));
    assert!(matches!(said[0].content, Some(Content::Registration(_))));
    let statuses = said.iter().filter(|message| matches!(message.content, Some(Content::StatusReport(_)))).count();
    assert_eq!((said.len(), statuses), (4, 3), "at 0, 5 and 10 seconds");
}

#[test]
fn a_client_passes_over_its_own_words() {
    let config = SapientConfig { role: Role::Client, node_id: Uuid::of_name("radar"), ..SapientConfig::default() };
    let mut decoder = SapientDecoder::new(config);
    assert_eq!(feed(&mut decoder, &node().detection(&sighting(&drone_at(1.0)), now())), []);
    assert_eq!(decoder.tally().own, 1);
}

#[test]
fn fields_of_a_later_edition_are_passed_over() {
    let mut decoder = server();
    let bytes = node().detection(&sighting(&drone_at(1.0)), now());
    let mut message = bytes[4..].to_vec();
    message.extend_from_slice(&[0xfa, 0x06, 1, 9]);
    let mut framed = u32::try_from(message.len()).unwrap().to_le_bytes().to_vec();
    framed.extend(message);
    assert!(feed(&mut decoder, &framed)[0].is_ok());
    assert_eq!(decoder.tally().unknown_fields, 1);
}

#[test]
fn a_class_within_a_class_without_end_is_refused_and_not_followed() {
    let mut class = pb::detection_report::SubClass { r#type: Some("a".into()), level: Some(1), ..Default::default() };
    for _ in 0..200 {
        class = pb::detection_report::SubClass { sub_class: vec![class.clone()], ..class };
        class.sub_class[0].confidence = None;
    }
    let outer = pb::detection_report::DetectionReportClassification {
        r#type: Some("a".into()),
        confidence: None,
        sub_class: vec![class],
    };
    let mut message = read(&node().detection(&sighting(&drone_at(1.0)), now()));
    let Some(Content::DetectionReport(report)) = &mut message.content else { panic!() };
    report.classification = vec![outer];
    let reports = feed(&mut server(), &encode::framed(&message));
    assert_eq!(
        reports[0].as_ref().map(|_| ()).map_err(|error| error.reason),
        Err(Reason::TooLarge { bound: DEPTH_MAX })
    );
}

fn returns(reports: &[Result<Report, DecodeError>]) -> usize {
    let scans = reports.iter().filter_map(|report| report.as_ref().ok());
    scans.map(|report| if let Report::Scan(scan) = report { scan.returns.len() } else { 0 }).sum()
}

#[test]
fn every_message_ends_in_one_counter_and_the_pieces_do_not_matter() {
    let mut sender = node();
    let mut stream = sender.registration(&About::default(), now());
    stream.extend(sender.status(Some(&site()), false, now()));
    (0..20).for_each(|n| stream.extend(sender.detection(&sighting(&drone_at(f64::from(n))), now())));
    stream.extend([0xee; 40]);
    stream.extend(sender.alert("look", now()));
    stream.extend(sender.detection(&sighting(&Place::Geodetic(site())), now()));
    let split = |size: usize| {
        let mut decoder = server();
        let reports: Vec<_> = stream.chunks(size).flat_map(|piece| feed(&mut decoder, piece)).collect();
        assert!(decoder.tally().balances(), "{:?}", decoder.tally());
        (reports, *decoder.tally())
    };
    let whole = split(stream.len());
    assert_eq!((whole.1.detections, whole.1.alerts, whole.1.stray_octets), (21, 1, 40));
    for size in [1, 7, 100] {
        let cut = split(size);
        assert_eq!(cut.1, whole.1, "in pieces of {size}");
        // What comes together is one look; how much is seen in all does not depend on it.
        assert_eq!(returns(&cut.0), returns(&whole.0));
    }
}

#[test]
fn who_sends_nothing_but_faults_fills_no_memory() {
    let mut decoder = server();
    let mut message = read(&node().alert("x", now()));
    message.additional_information = Some("y".repeat(500_000));
    message.node_id = None;
    let bytes = encode::framed(&message);
    (0..50).for_each(|_| drop(feed(&mut decoder, &bytes)));
    assert!(decoder.tally().transmits_dropped > 30, "{:?}", decoder.tally());
    let waiting: usize = std::iter::from_fn(|| decoder.poll_transmit()).map(|message| message.len()).sum();
    assert!(waiting <= TRANSMIT_BYTES_MAX);
}
