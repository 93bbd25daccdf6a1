//! What receivers get to read of a picture.

use fusion_core::angle::Angle;
use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::label::{Clearance, Codes, Label, Level};
use fusion_core::measurement::SensorId;
use fusion_core::nalgebra::{Vector3, Vector6};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber, TrackStatus};
use proptest::prelude::*;
use proto::record::{Estimate, InCommon, Seq, TrackRecord};

use super::describe::{Describer, area_uid, uid};
use super::event::{Element, Event, Marks, Point, UNKNOWN_M};
use super::feed::{Feed, FeedSettings, Listener};
use super::{protobuf, xml};
use crate::board::{Board, Mode};
use crate::config::tak::Dimension;
use crate::node::Bearing;
use crate::node::mesh::Heard;
use crate::outputs::moment::Moment;
pub(super) use crate::outputs::samples::board;
use crate::outputs::samples::{NOW, codes, place};
use crate::picture::SystemTrack;

fn label(level: Level) -> Label {
    Label { level, releasable_to: codes("POL"), caveats: Codes::EMPTY, originators: codes("POL") }
}

fn describer(mode: Mode) -> Describer {
    Describer { node: "alpha".to_owned(), place: place(), mode, unknown: Dimension::Air }
}

fn settings() -> FeedSettings {
    let clearance = Clearance { level: Level::Restricted, communities: codes("POL"), caveats: Codes::EMPTY };
    FeedSettings { clearance, period: Span::from_secs(2), events_max: 100, area_above_m: 500.0 }
}

/// A drone that flies north-east at 14 m/s and is known to so many metres.
pub(super) fn track(number: u64, seconds: i64, sigma_m: f64) -> SystemTrack {
    let sigmas = Vector6::new(sigma_m, 0.5 * sigma_m, 30.0, 1.0, 1.0, 1.0);
    let covariance = Covariance::from_sigmas(&sigmas).expect("positive");
    let velocity = place().enu_axes().transpose() * Vector3::new(10.0, 10.0, 0.0);
    let identity = Identity { address: Some(Address::Icao(0x48_1000)), class: ObjectClass::Uav, ..Identity::UNKNOWN };
    let record = TrackRecord {
        id: TrackId { origin: Origin { node: NodeId(7), incarnation: 3 }, number: TrackNumber(number) },
        version: Seq(u64::try_from(seconds).expect("small") + 1),
        status: Some(TrackStatus::Confirmed),
        estimate: Estimate {
            time: NOW + Span::from_secs(seconds),
            position: place().to_ecef(),
            velocity: Velocity::from_vector(velocity),
            covariance,
        },
        identity,
        label: label(Level::Restricted),
        sensors: vec!["radar-north".to_owned(), "adsb".to_owned()],
        updates: 12,
        source_track: false,
        in_common: InCommon::UNKNOWN,
    };
    SystemTrack { record, members: vec![], formerly: vec![], own: None, stale: false }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    NOW + Span::from_secs(seconds)
}

/// Uids of what is told, but of the node itself.
fn uids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.uid.as_str()).filter(|uid| *uid != "copmesh.alpha").collect()
}

#[test]
fn a_track_tells_type_time_errors_and_who_may_know() {
    let track = track(1, 0, 40.0);
    let event = describer(Mode::Live).track(&track, Span::from_secs(10), Moment::of(Mode::Live, NOW, at(1)));
    assert_eq!((event.kind.as_str(), event.how.as_str()), ("a-p-A-M-F-Q", "m-f"));
    assert_eq!((event.time, event.start, event.stale), (at(1), at(0), at(10)));
    assert!((event.point.circular_error_m - 40.0).abs() < 1e-9 && (event.point.linear_error_m - 30.0).abs() < 1e-9);
    assert_eq!(event.marks.access.as_deref(), Some("RESTRICTED"));
    assert_eq!((event.marks.releasable_to.as_deref(), event.marks.opex.as_deref()), (Some("POL"), None));
    let motion = event.element("track").expect("it moves");
    assert_eq!((motion.attribute("speed"), motion.attribute("course")), (Some("14.14"), Some("45.0")));
    let remarks = &event.element("remarks").expect("words").text;
    assert!(remarks.contains("icao:481000") && remarks.contains("radar-north, adsb"), "{remarks}");
    for persistent in ["archive", "__group"] {
        assert!(event.element(persistent).is_none(), "{persistent} would keep a track for ever, or make it a person");
    }
    assert_eq!(event.element("contact").and_then(|contact| contact.attribute("endpoint")), None);
}

#[test]
fn a_track_keeps_its_uid_whatever_is_learnt_of_it() {
    let by = describer(Mode::Live);
    let told = |track: &SystemTrack| by.track(track, Span::from_secs(10), Moment::of(Mode::Live, NOW, at(9)));
    let (first, mut later) = (track(1, 0, 40.0), track(1, 8, 900.0));
    later.record.identity.name = Some("KILO".chars().collect());
    later.record.identity.class = ObjectClass::Rotary;
    later.record.status = Some(TrackStatus::Coasted);
    assert_eq!(told(&first).uid, told(&later).uid);
    assert_ne!(told(&first).kind, told(&later).kind);
    assert_ne!(told(&first).uid, told(&track(2, 0, 40.0)).uid);
}

#[test]
fn what_is_predicted_says_so() {
    let mut coasted = track(1, 0, 40.0);
    coasted.record.status = Some(TrackStatus::Coasted);
    let how = |mode| describer(mode).track(&coasted, Span::from_secs(10), Moment::of(mode, NOW, NOW)).how;
    assert_eq!((how(Mode::Live).as_str(), how(Mode::Sim).as_str(), how(Mode::Replay).as_str()), ("m-p", "m-s", "m-s"));
}

#[test]
fn a_track_goes_stale_after_three_of_its_usual_pauses() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let lives: Vec<Span> = (0..10)
        .map(|k| 12 * k)
        .flat_map(|second| feed.advance(&board([track(1, second, 40.0)]), &[], &by, at(second)))
        .filter(|event| event.uid != "copmesh.alpha")
        .map(|event| event.stale - event.start)
        .collect();
    assert_eq!((lives[0], lives[1], lives[9]), (Span::from_secs(10), Span::from_secs(36), Span::from_secs(36)));
}

#[test]
fn an_error_that_says_nothing_is_told_as_unknown() {
    let event = describer(Mode::Live).track(&track(1, 0, 2e6), Span::from_secs(10), Moment::of(Mode::Live, NOW, NOW));
    assert!((event.point.circular_error_m - UNKNOWN_M).abs() < 1e-9);
    assert!(xml::write(&event).contains("ce=\"9999999.0\""));
}

#[test]
fn a_course_is_below_360_even_when_it_is_rounded() {
    let mut north = track(1, 0, 40.0);
    north.record.estimate.velocity =
        Velocity::from_vector(place().enu_axes().transpose() * Vector3::new(-1e-4, 10.0, 0.0));
    let event = describer(Mode::Live).track(&north, Span::from_secs(10), Moment::of(Mode::Live, NOW, NOW));
    assert_eq!(event.element("track").and_then(|motion| motion.attribute("course")), Some("0.0"));
}

#[test]
fn a_label_is_told_whole_in_both_languages() {
    let mut labelled = track(1, 0, 40.0);
    labelled.record.label.caveats = codes("NOFORN");
    let event = describer(Mode::Live).track(&labelled, Span::from_secs(10), Moment::of(Mode::Live, NOW, NOW));
    let text = xml::write(&event);
    assert!(text.contains("access=\"RESTRICTED\" caveat=\"NOFORN\" releasableTo=\"POL\""), "{text}");
    let read = protobuf::read(&protobuf::datagram(&event)[3..]).expect("sound").expect("an event");
    assert_eq!(read.marks, event.marks);
}

#[test]
fn what_is_not_the_world_says_so_in_every_event() {
    for mode in [Mode::Replay, Mode::Sim] {
        let by = describer(mode);
        let moment = Moment::of(mode, NOW, at(1_000_000));
        let events = [by.own(moment), by.track(&track(1, 0, 40.0), Span::from_secs(10), moment), by.gone("x", NOW)];
        for event in events {
            assert_eq!(event.how, "m-s");
            assert!(event.marks.opex.as_deref().is_some_and(|opex| opex.starts_with("s-")), "{:?}", event.marks);
        }
    }
}

#[test]
fn a_replay_is_shown_as_of_now() {
    let moment = Moment::of(Mode::Replay, at(5), at(1_000_005));
    let event = describer(Mode::Replay).track(&track(1, 3, 40.0), Span::from_secs(10), moment);
    assert_eq!((event.start, event.stale), (at(1_000_003), at(1_000_013)));
}

#[test]
fn a_receiver_is_told_what_is_new_once_and_then_what_is_gone() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let one = track(1, 0, 40.0);
    let (name, shown) = (uid(one.id()), board([one]));
    assert_eq!(uids(&feed.advance(&shown, &[], &by, at(0))), [name.as_str()]);
    assert!(uids(&feed.advance(&shown, &[], &by, at(5))).is_empty(), "no news of it");
    let gone = feed.advance(&board([]), &[], &by, at(6));
    assert_eq!((gone.len(), gone[0].kind.as_str()), (1, "t-x-d-d"));
    assert_eq!(gone[0].element("link").and_then(|link| link.attribute("uid")), Some(name.as_str()));
    assert!(gone[0].element("__forcedelete").is_some());
    assert!(feed.advance(&board([]), &[], &by, at(7)).is_empty());
}

#[test]
fn a_track_is_told_no_more_often_than_agreed_and_then_its_newest_state() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let told: Vec<Timestamp> = (0..10)
        .flat_map(|second| feed.advance(&board([track(1, second, 40.0)]), &[], &by, at(second)))
        .filter(|event| event.uid != "copmesh.alpha")
        .map(|event| event.start)
        .collect();
    assert_eq!(told, [at(0), at(2), at(4), at(6), at(8)]);
}

#[test]
fn what_a_receiver_may_not_see_it_is_not_told_of_and_loses_when_it_may_no_longer() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let secret = |seconds| {
        let mut secret = track(1, seconds, 40.0);
        secret.record.label = label(Level::Secret);
        board([secret])
    };
    assert!(uids(&feed.advance(&secret(0), &[], &by, at(0))).is_empty());
    assert_eq!(feed.withheld(), 1);
    assert_eq!(feed.advance(&board([track(1, 3, 40.0)]), &[], &by, at(3)).len(), 1);
    let gone = feed.advance(&secret(6), &[], &by, at(6));
    assert_eq!((gone.len(), gone[0].kind.as_str()), (1, "t-x-d-d"));
}

#[test]
fn within_a_rate_what_waited_longest_comes_first_and_all_have_their_turn() {
    let (mut feed, by) = (Feed::new(FeedSettings { events_max: 3, ..settings() }), describer(Mode::Live));
    let mut turns = std::collections::BTreeMap::new();
    for second in 0..20 {
        let shown = board((1..=10).map(|number| track(number, second, 40.0)));
        let events = feed.advance(&shown, &[], &by, at(second));
        uids(&events).into_iter().for_each(|uid| *turns.entry(uid.to_owned()).or_insert(0) += 1);
    }
    assert_eq!(turns.len(), 10);
    assert!(turns.values().all(|turns| (5..=7).contains(turns)), "{turns:?}");
    assert!(feed.deferred() > 0);
}

#[test]
fn where_a_track_hardly_known_may_be_is_drawn_and_taken_away_when_it_is_known() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let id = track(1, 0, 40.0).id();
    let events = feed.advance(&board([track(1, 0, 800.0)]), &[], &by, at(0));
    assert_eq!(uids(&events), [uid(id), area_uid(id)]);
    let area = events.last().expect("told");
    let corners: Vec<_> = area.detail.iter().filter(|element| element.name == "link").collect();
    assert_eq!((corners.first(), corners.len()), (corners.last(), 25), "a closed polygon");
    let corners = self::corners(area);
    let reach = |of: fn(&(f64, f64)) -> f64| corners.iter().map(of).fold(0.0, f64::max);
    // 95 %: 2.448 sigmas of 800 m to the east and of 400 m to the north.
    assert!((reach(|c| c.0) - 1958.0).abs() < 3.0 && (reach(|c| c.1) - 979.0).abs() < 3.0, "{corners:?}");
    let events = feed.advance(&board([track(1, 3, 40.0)]), &[], &by, at(3));
    assert_eq!(uids(&events), [uid(id), format!("{}.gone", area_uid(id))]);
}

/// What a direction finder heard in the west.
fn heard(seconds: i64, degrees: f64) -> Bearing {
    Bearing {
        sensor: SensorId(0),
        time: at(seconds),
        from: None,
        azimuth: Angle::from_degrees(degrees),
        sigma_rad: 0.05,
        label: label(Level::Unclassified),
    }
}

fn finder() -> [Listener; 1] {
    [Listener { name: "finder".to_owned(), place: Some(place()), range_m: 20_000.0 }]
}

/// The corners of a drawing, metres east and north of the place.
fn corners(event: &Event) -> Vec<(f64, f64)> {
    let plane = fusion_core::geodesy::TangentPlane::at(place());
    let links = event.detail.iter().filter(|element| element.name == "link");
    links
        .filter_map(|link| link.attribute("point")?.split_once(','))
        .map(|(lat, lon)| {
            let degrees = |text: &str| text.parse::<f64>().expect("a number");
            let corner = Geodetic::from_degrees(degrees(lat), degrees(lon), place().height_m).expect("a place");
            let corner = *plane.geodetic_to_enu(corner).vector();
            (corner.x, corner.y)
        })
        .collect()
}

#[test]
fn a_line_of_bearing_is_told_once_with_its_spread_from_true_north() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let shown = Board { bearings: vec![heard(0, -90.0)], ..board([]) };
    let events = feed.advance(&shown, &finder(), &by, at(1));
    assert_eq!(uids(&events), ["copmesh.alpha.finder.0", "copmesh.alpha.finder.0.w"]);
    let value = |name: &str| events[1].element(name).and_then(|element| element.attribute("value"));
    assert_eq!((value("bearing"), value("range"), value("northRef")), (Some("270.00"), Some("20000"), Some("0")));
    let wedge = corners(&events[2]);
    assert_eq!((wedge.len(), wedge.first()), (4, wedge.last()));
    // One sigma to each side at 20 km: 20 000 m · sin 0.05.
    for ((east, north), side) in wedge[1..3].iter().zip([-1.0, 1.0]) {
        assert!((east + 19_975.0).abs() < 5.0 && (north - side * 999.6).abs() < 5.0, "{east} {north}");
    }
    assert!(feed.advance(&shown, &finder(), &by, at(2)).is_empty());
}

#[test]
fn all_lines_of_one_moment_are_told_and_none_that_has_faded() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let shown = Board { bearings: vec![heard(-60, 10.0), heard(0, 20.0), heard(0, 30.0)], ..board([]) };
    let events = feed.advance(&shown, &finder(), &by, at(1));
    let lines: Vec<&str> = uids(&events).into_iter().filter(|uid| !uid.ends_with(".w")).collect();
    assert_eq!(lines, ["copmesh.alpha.finder.0", "copmesh.alpha.finder.1"]);
}

#[test]
fn lines_that_other_nodes_heard_are_told_in_their_name_to_those_who_may_know() {
    let (mut feed, by) = (Feed::new(settings()), describer(Mode::Live));
    let origin = Origin { node: NodeId(9), incarnation: 1 };
    let line = proto::row::Bearing::new(place(), Angle::from_degrees(45.0), 0.05, 2, 6);
    let theirs = Heard { origin, line, time: at(0), label: label(Level::Restricted) };
    let secret = Heard { label: label(Level::Secret), time: at(1), ..theirs };
    let nodes = [(NodeId(9), "bravo".to_owned())].into();
    let shown = Board { heard: vec![theirs, secret], nodes, ..board([]) };
    let events = feed.advance(&shown, &finder(), &by, at(1));
    assert_eq!(uids(&events), ["copmesh.bravo.2.6.0", "copmesh.bravo.2.6.0.w"]);
}

#[test]
fn whatever_is_told_fits_a_datagram() {
    let by = describer(Mode::Replay);
    let mut long = track(u64::MAX, 0, 900_000.0);
    long.record.sensors = (0..64).map(|k| format!("radar-with-a-long-name-{k}")).collect();
    long.record.identity.name = Some("&<>\"'&<>\"'&<>\"'&<>\"'&<>\"".chars().take(24).collect());
    let moment = Moment::of(Mode::Replay, NOW, at(9));
    let listener = Listener { name: "direction-finder-with-32-letters".to_owned(), ..finder()[0].clone() };
    let shown = Board { bearings: vec![heard(0, 123.456)], ..board([long.clone()]) };
    let mut events = Feed::new(settings()).advance(&shown, &[listener], &by, at(9));
    events.push(by.area(&long, Span::from_secs(10), moment));
    events.push(by.gone(&area_uid(long.id()), NOW));
    assert_eq!(events.len(), 7);
    for event in events {
        let (text, octets) = (xml::write(&event), protobuf::datagram(&event));
        assert!(text.len() <= 1400 && octets.len() <= 1400, "{} and {}: {text}", text.len(), octets.len());
    }
}

#[test]
fn nothing_stands_behind_an_event_and_no_octet_is_zero() {
    let mut event = describer(Mode::Live).gone("a\0b\u{1}c\nd", NOW);
    event.uid.push('\0');
    let text = xml::write(&event);
    assert!(text.ends_with("</event>") && !text.contains(['\0', '\u{1}', '\n']), "{text}");
    assert!(text.contains("uid=\"abc&#10;d\""), "{text}");
}

#[test]
fn times_have_three_decimals_whatever_they_are() {
    let of = |nanos| xml::utc(Timestamp::from_nanos(nanos));
    assert_eq!(of(1_700_000_000_000_000_000), "2023-11-14T22:13:20.000Z");
    assert_eq!(of(1_700_000_000_020_999_999), "2023-11-14T22:13:20.020Z");
}

#[test]
fn a_track_takes_fewer_octets_in_protobuf() {
    let event = describer(Mode::Live).track(&track(1, 0, 40.0), Span::from_secs(10), Moment::of(Mode::Live, NOW, NOW));
    let (text, octets) = (xml::write(&event).len(), protobuf::framed(&event).len());
    println!("a track: {text} octets of XML, {octets} of protobuf");
    assert!(octets < text);
}

#[test]
fn what_is_made_to_be_laborious_is_refused() {
    let within = |detail: String| {
        let mut text = xml::write(&describer(Mode::Live).gone("x", NOW));
        text.insert_str(text.find("<__force").expect("there"), &detail);
        xml::read(&text)
    };
    assert!(within(String::new()).is_ok());
    let deep = within("<a>".repeat(9_000) + &"</a>".repeat(9_000));
    let many = within("<a/>".repeat(9_000));
    let attributes: String = (0..9_000).map(|k| format!(" a{k}=\"\"")).collect();
    let wide = within(format!("<a{attributes}/>"));
    let entities = xml::read("<!DOCTYPE event [<!ENTITY a \"b\">]><event/>");
    assert!([&deep, &many, &wide, &entities].iter().all(|read| read.is_err()), "{deep:?} {many:?} {wide:?}");
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_.-]{0,8}"
}

/// Any text that XML can hold, without blanks around it.
fn text() -> impl Strategy<Value = String> {
    "[ -~à-ž€😀]{0,12}".prop_map(|text| text.trim().to_owned())
}

fn element() -> impl Strategy<Value = Element> {
    let attributes = || prop::collection::btree_map(name(), text(), 0..4).prop_map(|map| map.into_iter().collect());
    let leaf = (name(), attributes(), text()).prop_map(|(name, attributes, text)| Element {
        name,
        attributes,
        text,
        children: vec![],
    });
    leaf.prop_recursive(3, 12, 3, move |inner| {
        (name(), attributes(), prop::collection::vec(inner, 0..3)).prop_map(|(name, attributes, children)| Element {
            name,
            attributes,
            text: String::new(),
            children,
        })
    })
}

fn event() -> impl Strategy<Value = Event> {
    let known = prop_oneof![
        Just(Element::new("contact").with("callsign", "Kilo")),
        Just(Element::new("track").with("speed", "3.5").with("course", "12")),
        Just(Element::new("status").with("battery", "80")),
        Just(Element::new("takv").with("device", "x").with("platform", "y")),
    ];
    let details = prop::collection::vec(prop_oneof![element(), known], 0..5);
    (text(), text(), 0_i64..4_000_000_000_000, -90.0..90.0, -180.0..180.0, details).prop_map(
        |(uid, remark, millis, lat, lon, mut detail)| {
            // Where an element is told twice, the order between the kinds of telling is not kept.
            detail.sort_by(|a, b| a.name.cmp(&b.name));
            detail.dedup_by(|a, b| a.name == b.name);
            let time = Timestamp::from_nanos(millis * 1_000_000);
            let round = |x: f64| (x * 1e7).round() / 1e7;
            Event {
                uid,
                kind: "a-u-A".to_owned(),
                how: "m-f".to_owned(),
                time,
                start: time,
                stale: time,
                point: Point { latitude_deg: round(lat), longitude_deg: round(lon), ..Point::NOWHERE },
                marks: Marks { opex: (!remark.is_empty()).then_some(remark), ..Marks::default() },
                detail,
            }
        },
    )
}

fn sorted(mut event: Event) -> Event {
    event.detail.sort_by(|a, b| a.name.cmp(&b.name));
    event
}

proptest! {
    #[test]
    fn an_event_is_the_same_in_either_language(event in event()) {
        prop_assert_eq!(xml::read(&xml::write(&event)), Ok(event.clone()));
        let octets = protobuf::datagram(&event);
        let read = protobuf::read(&octets[3..]).map(|read| read.map(sorted));
        prop_assert_eq!(read, Ok(Some(sorted(event))));
    }

    #[test]
    fn no_octets_are_beyond_reading(octets in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = protobuf::read(&octets);
        let _ = xml::read(&String::from_utf8_lossy(&octets));
    }
}
