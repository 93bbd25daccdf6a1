//! The driver from bytes to reports.

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Affiliation, ObjectClass};
use fusion_core::source_track::SourceTrack;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use prost::Message as _;
use proto::pb::tak;

use super::{CotConfig, CotDecoder, Take};
use crate::decoder::{Decoder, Report};
use crate::error::Reason;

/// 2024-06-01T10:00:05Z, five seconds after the start of the events below.
const NOW: Timestamp = Timestamp::from_secs(1_717_236_005);

const HANDHELD: &str = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n\
    <event version='2.0' uid='ANDROID-589520ccfcd20f01' type='a-f-G-U-C' how='m-g' time='2024-06-01T10:00:00.500Z' \
    start='2024-06-01T10:00:00.000Z' stale='2024-06-01T10:06:15Z'>\
    <point lat='52.1657' lon='20.9671' hae='140.5' ce='9.9' le='12.5'/>\
    <detail><takv os='29' version='4.5' device='X' platform='ATAK'/><contact endpoint='*:-1:stcp' callsign='KILO 1'/>\
    <uid Droid='KILO 1'/><__group role='Team Member' name='Cyan'/><status battery='78'/>\
    <track course='90.0' speed='1.5'/></detail></event>";

fn decoder() -> CotDecoder {
    CotDecoder::new(CotConfig::default())
}

fn with(from: &str, to: &str) -> String {
    assert!(HANDHELD.contains(from), "{from}");
    HANDHELD.replace(from, to)
}

fn reports(decoder: &mut CotDecoder) -> Vec<Report> {
    std::iter::from_fn(|| decoder.poll_report()).filter_map(Result::ok).collect()
}

fn hear(decoder: &mut CotDecoder, bytes: &[u8]) -> Vec<Report> {
    decoder.handle_bytes(bytes, NOW);
    let heard = reports(decoder);
    assert!(decoder.tally().balances(), "{:?}", decoder.tally());
    heard
}

fn track(bytes: &[u8]) -> SourceTrack {
    match hear(&mut decoder(), bytes).pop() {
        Some(Report::SourceTrack(track)) => track,
        other => panic!("a source track, not {other:?}"),
    }
}

fn count(decoder: &CotDecoder, name: &str) -> u64 {
    let mut found = None;
    decoder.counters(&mut |counter, value| {
        if counter == name {
            found = Some(value);
        }
    });
    found.expect("a counter of that name")
}

/// The counter that an event ends in, and why it was refused.
fn fate(text: &str, counter: &str) -> (u64, Option<(&'static str, Reason)>) {
    let mut decoder = decoder();
    decoder.handle_bytes(text.as_bytes(), NOW);
    let error = decoder.poll_report().map(|report| report.expect_err("nothing is made of it"));
    assert!(decoder.tally().balances());
    (count(&decoder, counter), error.map(|error| (error.field, error.reason)))
}

#[test]
fn a_handheld_becomes_a_source_track_with_its_own_errors() {
    let track = track(HANDHELD.as_bytes());
    assert_eq!(track.time, NOW - Span::from_secs(5), "where it was at the start");
    let place = Geodetic::from_ecef(track.position);
    assert!((place.height_m - 140.5).abs() < 1e-6 && (place.latitude.to_degrees() - 52.1657).abs() < 1e-9);
    assert!((track.covariance.sigma(0) - 9.9).abs() < 1e-9 && (track.covariance.sigma(2) - 12.5).abs() < 1e-9);
    let velocity = place.enu_axes() * track.velocity.expect("told").vector();
    assert!((velocity.x - 1.5).abs() < 1e-9 && velocity.y.abs() < 1e-9, "due east");
    assert_eq!((track.identity.affiliation, track.identity.class), (Affiliation::Friend, ObjectClass::Ground));
    assert_eq!(track.identity.name.as_deref(), Some("KILO 1"));
    assert_eq!(track.status, TrackStatus::Confirmed);
}

#[test]
fn a_thing_that_does_not_move_is_still_there_when_it_says_so() {
    let standing = with("<track course='90.0' speed='1.5'/>", "");
    assert_eq!(track(standing.as_bytes()).time, NOW - Span::from_millis(4_500));
}

#[test]
fn what_is_not_known_is_not_made_up() {
    let vague = with("hae='140.5' ce='9.9' le='12.5'", "hae='9999999.0' ce='9999999.0' le='9999999.0'")
        .replace("speed='1.5'", "speed='NaN'");
    let mut decoder = decoder();
    let heard = hear(&mut decoder, vague.as_bytes());
    let [Report::SourceTrack(track)] = heard.as_slice() else { panic!("a source track") };
    assert!((track.covariance.sigma(0) - 150.0).abs() < 1e-9, "as configured");
    assert!((track.covariance.sigma(2) - 1_000.0).abs() < 1e-9, "no height");
    assert_eq!((track.velocity, track.velocity_covariance), (None, None));
    assert_eq!(count(&decoder, "motions_unknown"), 1);
}

#[test]
fn protobuf_says_the_same_as_xml_and_what_it_quotes_of_xml_wins() {
    let millis = 1_717_236_000_000_u64;
    let message = tak::TakMessage {
        cot_event: Some(tak::CotEvent {
            r#type: "a-f-G-U-C".into(),
            uid: "ANDROID-589520ccfcd20f01".into(),
            send_time: millis + 500,
            start_time: millis,
            stale_time: millis + 375_000,
            how: "m-g".into(),
            lat: 52.1657,
            lon: 20.9671,
            hae: 140.5,
            ce: 9.9,
            le: 12.5,
            detail: Some(tak::Detail {
                xml_detail: "<remarks>x</remarks><contact callsign='KILO 1'/>".into(),
                contact: Some(tak::Contact { callsign: "old".into(), ..tak::Contact::default() }),
                track: Some(tak::Track { speed: 1.5, course: 90.0 }),
                ..tak::Detail::default()
            }),
            ..tak::CotEvent::default()
        }),
        ..tak::TakMessage::default()
    };
    let octets = message.encode_to_vec();
    let expected = track(HANDHELD.as_bytes());
    assert_eq!(track(&[b"\xBF\x01\xBF", octets.as_slice()].concat()), expected, "in a datagram");
    let mut stream = CotDecoder::new(CotConfig { datagrams: false, ..CotConfig::default() });
    let length = [0xBF, u8::try_from(octets.len() & 0x7f).unwrap() | 0x80, u8::try_from(octets.len() >> 7).unwrap()];
    let heard = hear(&mut stream, &[&length, octets.as_slice()].concat());
    assert_eq!(heard, [Report::SourceTrack(expected)], "in a stream");
}

#[test]
fn a_message_that_only_tells_versions_is_no_thing() {
    let control = tak::TakControl { max_proto_version: 1, contact_uid: "X".into(), ..tak::TakControl::default() };
    let message = tak::TakMessage { tak_control: Some(control), ..tak::TakMessage::default() };
    let mut decoder = decoder();
    assert!(hear(&mut decoder, &[b"\xBF\x01\xBF", message.encode_to_vec().as_slice()].concat()).is_empty());
    assert_eq!((count(&decoder, "others"), count(&decoder, "refused")), (1, 0));
}

#[test]
fn a_stream_cut_anywhere_gives_the_same_reports() {
    let later = with("start='2024-06-01T10:00:00.000Z'", "start='2024-06-01T10:00:01.000Z'");
    let stream = [HANDHELD, &later, "\n", HANDHELD].concat();
    let hear_in = |step: usize| {
        let mut decoder = CotDecoder::new(CotConfig { datagrams: false, ..CotConfig::default() });
        stream.as_bytes().chunks(step).for_each(|piece| decoder.handle_bytes(piece, NOW));
        (reports(&mut decoder), *decoder.tally())
    };
    let (whole, tally) = hear_in(stream.len());
    assert_eq!((whole.len(), tally.repeated), (2, 1), "the third is older than the second");
    for step in [1, 2, 7, 100, 512] {
        assert_eq!(hear_in(step), (whole.clone(), tally), "{step}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    let deep = format!("<detail>{}", "<x>".repeat(20));
    let cases = [
        (with("stale='2024-06-01T10:06:15Z'", "stale='2024-06-01T10:00:04Z'"), "stale", "stale", Reason::OutOfRange),
        (
            with("start='2024-06-01T10:00:00.000Z'", "start='2023-06-01T00:00:00Z'"),
            "stale",
            "start",
            Reason::OutOfRange,
        ),
        (
            with("start='2024-06-01T10:00:00.000Z'", "start='2024-06-01T10:01:00Z'"),
            "future",
            "start",
            Reason::OutOfRange,
        ),
        (with("lat='52.1657' lon='20.9671'", "lat='0.0' lon='0.0'"), "nowhere", "point", Reason::OutOfRange),
        (with("lat='52.1657'", "lat='NaN'"), "nowhere", "point", Reason::OutOfRange),
        (with("ce='9.9'", "ce='200000'"), "refused", "ce", Reason::OutOfRange),
        (with("ce='9.9'", "ce='-1'"), "refused", "ce", Reason::OutOfRange),
        (with("ce='9.9'", "ce='NaN'"), "refused", "ce", Reason::OutOfRange),
        (with("uid='ANDROID-589520ccfcd20f01'", ""), "refused", "uid", Reason::Missing),
        (with("ANDROID-589520ccfcd20f01", "A&#10;B"), "refused", "uid", Reason::BadText),
        (with("ANDROID-589520ccfcd20f01", &"x".repeat(300)), "refused", "uid", Reason::TooLarge { bound: 256 }),
        (with("<event", "<!DOCTYPE e [<!ENTITY a 'b'>]><event"), "refused", "<!DOCTYPE", Reason::NotThisFormat),
        (with("KILO 1'/>", "&a;'/>"), "refused", "entity", Reason::BadText),
        (with("<detail>", &deep), "refused", "element", Reason::TooLarge { bound: 16 }),
        (
            with("<detail>", &format!("<detail>{}", " ".repeat(1 << 20))),
            "refused",
            "event",
            Reason::TooLarge { bound: 65_536 },
        ),
        (HANDHELD.replace("</event>", ""), "refused", "element", Reason::Truncated { missing: 1 }),
        (
            with("<point lat='52.1657' lon='20.9671' hae='140.5' ce='9.9' le='12.5'/>", ""),
            "refused",
            "point",
            Reason::Missing,
        ),
    ];
    for (text, counter, field, reason) in cases {
        assert_eq!(fate(&text, counter), (1, Some((field, reason))), "{counter} {field}");
    }
}

#[test]
fn what_is_not_ours_to_take_is_counted_without_a_fault() {
    let cases = [
        (with("type='a-f-G-U-C'", "type='t-x-c-t'"), "others"),
        (with("type='a-f-G-U-C'", "type='a-h-G'"), "not_taken"),
        (with("how='m-g'", "how='m-s'"), "simulated"),
        (with("how='m-g'", "how='m-g' opex='s-drill'"), "simulated"),
        (with("ANDROID-589520ccfcd20f01", "copmesh.8ac625bb85ed202b"), "own"),
        (with("ANDROID-589520ccfcd20f01", "&#99;opmesh.8ac625bb85ed202b"), "own"),
    ];
    for (text, counter) in cases {
        assert_eq!(fate(&text, counter), (1, None), "{counter}");
    }
}

#[test]
fn who_takes_all_takes_others_and_still_not_what_it_refuses_by_name() {
    let config = CotConfig { take: Take::All, refuse_uids: vec!["gateway-7.".into()], ..CotConfig::default() };
    let mut decoder = CotDecoder::new(config);
    assert_eq!(hear(&mut decoder, with("type='a-f-G-U-C'", "type='a-h-A-M-F-Q'").as_bytes()).len(), 1);
    assert!(hear(&mut decoder, with("ANDROID-589520ccfcd20f01", "gateway-7.x").as_bytes()).is_empty());
    assert_eq!(count(&decoder, "own"), 1);
}

#[test]
fn a_thing_that_is_deleted_or_withdrawn_ends_and_an_unknown_one_does_not() {
    let delete = with("type='a-f-G-U-C'", "type='t-x-d-d'")
        .replace("ANDROID-589520ccfcd20f01", "server")
        .replace("<detail>", "<detail><link uid='ANDROID-589520ccfcd20f01' relation='none' type='none'/>");
    let withdrawn = with("stale='2024-06-01T10:06:15Z'", "stale='2024-06-01T10:00:00Z'");
    for end in [delete, withdrawn] {
        let mut decoder = decoder();
        assert!(hear(&mut decoder, end.as_bytes()).is_empty(), "nothing was heard of it");
        let Some(Report::SourceTrack(track)) = hear(&mut decoder, HANDHELD.as_bytes()).pop() else { panic!("a track") };
        let ended = hear(&mut decoder, end.as_bytes());
        assert!(matches!(&ended[..], [Report::SourceTrackEnd(end)] if end.number == track.number), "{ended:?}");
    }
}

#[test]
fn a_sender_has_one_number_over_any_connection_and_a_long_name_is_cut() {
    let named = with("callsign='KILO 1'", "callsign='Zwölf lange Buchstaben &amp; mehr'");
    let (first, second) = (track(HANDHELD.as_bytes()), track(named.as_bytes()));
    assert_eq!(first.number, second.number);
    assert_eq!(second.identity.name.as_deref(), Some("Zwölf lange Buchstaben "));
}

#[test]
fn where_times_are_not_trusted_that_of_receipt_counts() {
    let config = CotConfig { trust_times: false, latency: Span::from_secs(1), ..CotConfig::default() };
    let mut decoder = CotDecoder::new(config);
    let old = with("stale='2024-06-01T10:06:15Z'", "stale='2024-06-01T10:00:02Z'");
    let heard = hear(&mut decoder, old.as_bytes());
    assert!(matches!(&heard[..], [Report::SourceTrack(track)] if track.time == NOW - Span::from_secs(1)));
}

#[test]
fn half_an_event_is_given_up_after_a_while_and_with_its_connection() {
    let (half, _) = HANDHELD.split_at(200);
    let mut decoder = CotDecoder::new(CotConfig { datagrams: false, ..CotConfig::default() });
    decoder.handle_bytes(half.as_bytes(), NOW);
    decoder.handle_timeout(NOW + Span::from_secs(4));
    assert_eq!(decoder.tally().refused, 0);
    decoder.handle_timeout(NOW + Span::from_secs(5));
    assert_eq!(decoder.tally().refused, 1);
    decoder.handle_bytes(half.as_bytes(), NOW);
    decoder.handle_connection(true);
    assert_eq!((decoder.tally().refused, hear(&mut decoder, HANDHELD.as_bytes()).len()), (2, 1));
}

#[test]
fn the_table_of_senders_is_bounded() {
    let mut decoder = decoder();
    for sender in 0..super::SENDERS_MAX + 3 {
        hear(&mut decoder, with("ANDROID-589520ccfcd20f01", &format!("unit-{sender}")).as_bytes());
    }
    assert_eq!((count(&decoder, "senders"), count(&decoder, "senders_evicted")), (2_048, 3));
}
