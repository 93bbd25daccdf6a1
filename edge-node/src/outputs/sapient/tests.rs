//! What middlewares get to read of a picture.

use std::sync::Arc;
use std::time::Duration;

use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::class::KINDS;
use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::label::{Clearance, Codes, Level};
use fusion_core::nalgebra::{Vector3, Vector6};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use proptest::prelude::*;
use prost::Message as _;
use proto::pb::sapient as pb;
use proto::pb::sapient::detection_report::LocationOneof;
use proto::pb::sapient::sapient_message::Content;
use proto::record::Seq;
use sensor_drivers::decoder::{Decoder as _, ObjectName, Report};
use sensor_drivers::sapient::encode::{Sender, framed};
use sensor_drivers::sapient::{Reporting, Role, SapientConfig, SapientDecoder, Ulid, Uuid, check};

use super::conversation::{ANSWERS_MAX, Conversation, PATIENCE, REFUSED_PAUSE};
use super::describe::{CARRIED, Describer, LAG, STATUS_PERIOD, object};
use super::feed::{Feed, FeedSettings};
use crate::board::{Board, Mode};
use crate::clock::{Monotonic, Now};
use crate::node::parents::Parent;
use crate::outputs::moment::Moment;
use crate::outputs::samples::{NOW, board, codes, place, track};
use crate::picture::SystemTrack;

fn me() -> Uuid {
    Uuid::of_name("alpha").as_version_4()
}

fn by(mode: Mode) -> Describer {
    Describer { node: "alpha".to_owned(), me: me(), place: place(), reach_m: Some(40_000.0), mode }
}

fn feed(detections_max: usize) -> Feed {
    let clearance = Clearance { level: Level::Restricted, communities: codes("POL"), caveats: Codes::EMPTY };
    Feed::new(FeedSettings { clearance, period: Span::from_secs(1), detections_max }, me())
}

fn after(ms: i64) -> Timestamp {
    NOW + Span::from_millis(ms)
}

/// The same track, as it was told at another time.
fn anew(track: &SystemTrack, version: u64, time: Timestamp) -> SystemTrack {
    let mut track = track.clone();
    (track.record.version, track.record.estimate.time) = (Seq(version), time);
    track
}

fn told(message: &pb::SapientMessage) -> Timestamp {
    let time = message.timestamp.as_ref().expect("every message has its time");
    Timestamp::from_nanos(time.seconds * 1_000_000_000 + i64::from(time.nanos))
}

fn detection(message: &pb::SapientMessage) -> Option<&pb::DetectionReport> {
    match &message.content {
        Some(Content::DetectionReport(report)) => Some(report),
        _ => None,
    }
}

fn status(message: &pb::SapientMessage) -> Option<&pb::StatusReport> {
    match &message.content {
        Some(Content::StatusReport(report)) => Some(report),
        _ => None,
    }
}

fn detections(messages: &[pb::SapientMessage]) -> Vec<&pb::DetectionReport> {
    messages.iter().filter_map(detection).collect()
}

fn located(report: &pb::DetectionReport) -> &pb::Location {
    match &report.location_oneof {
        Some(LocationOneof::Location(location)) => location,
        other => panic!("{other:?}"),
    }
}

fn info<'a>(report: &'a pb::DetectionReport, name: &str) -> Option<&'a str> {
    let info = report.object_info.iter().find(|info| info.r#type.as_deref() == Some(name))?;
    info.value.as_deref()
}

/// The first fault of a message, in words.
fn fault(message: &pb::SapientMessage) -> String {
    check(&framed(message)[4..]).map_or_else(|e| e.to_string(), |()| String::new())
}

#[test]
fn whatever_is_said_keeps_the_rules_of_the_edition() {
    for mode in [Mode::Live, Mode::Replay, Mode::Sim] {
        let (by, mut alone) = (by(mode), feed(10));
        let task = Sender::new(me(), 1).ulid(NOW);
        let mut said = vec![by.registration(NOW), by.task_refusal(task, Uuid::of_name("hq"), NOW)];
        said.extend(alone.advance(&board([track(1, Level::Restricted)]), &by, NOW));
        said.extend(alone.advance(&board([]), &by, after(2_000)));
        for message in &said {
            assert_eq!(fault(message), "", "{message:?}");
        }
        assert!(said.len() >= 5, "a registration, an answer, a status, a track, its end");
    }
    let nowhere = Describer { reach_m: None, ..by(Mode::Live) };
    assert_eq!(fault(&nowhere.registration(NOW)), "");
}

#[test]
fn a_track_is_where_it_is_by_now_and_says_how_sure_that_is() {
    let moment = Moment::of(Mode::Live, NOW, NOW);
    // Two seconds old, so it is carried for a second and a half.
    let track = track(1, Level::Restricted);
    let message = by(Mode::Live).detection(&track, &[], Sender::new(me(), 1).ulid(NOW), moment);
    assert_eq!(told(&message), NOW - LAG);
    let report = detection(&message).expect("a detection");
    let location = located(report);
    let metre_deg = (1.0 / 6_371_000.0_f64).to_degrees();
    let north_m = (location.y.expect("it is told") - place().latitude_deg()) / metre_deg;
    assert!((north_m - 15.0).abs() < 0.2, "{north_m}");
    let north_sigma_m = location.y_error.expect("it is told") / metre_deg;
    // 10 m, and 2 m/s for 1.5 s, and what a drone may do meanwhile (q = 2 m²/s³): √(100 + 9 + 2.25).
    assert!((north_sigma_m - 10.55).abs() < 0.05, "{north_sigma_m}");
    assert_eq!(report.classification[0].r#type.as_deref(), Some("Air Vehicle"));
    assert_eq!(report.id.as_deref(), Some("DRONE 1"));
    assert_eq!((info(report, "squawk"), info(report, "address")), (Some("7000"), Some("icao:481000")));
    assert!(info(report, "label").is_some_and(|label| label.contains("RESTRICTED")), "{report:?}");
    assert_eq!(info(report, "mode"), None);
}

#[test]
fn a_replay_is_told_as_of_now_and_says_that_it_is_none() {
    let now = NOW + Span::from_secs(86_400);
    let messages = feed(10).advance(&board([track(1, Level::Restricted)]), &by(Mode::Replay), now);
    assert!(messages.iter().all(|message| (now - LAG..=now).contains(&told(message))));
    assert_eq!(info(detections(&messages)[0], "mode"), Some("REPLAY"));
    let said = &status(&messages[0]).expect("a status first").status[0];
    assert!(said.status_value.as_deref().is_some_and(|value| value.contains("not the present")), "{said:?}");
}

#[test]
fn our_own_driver_reads_what_is_told_but_for_the_mark_that_it_is_a_picture() {
    let moment = Moment::of(Mode::Live, NOW, NOW);
    let message = by(Mode::Live).detection(&track(1, Level::Restricted), &[], Sender::new(me(), 1).ulid(NOW), moment);
    let config = SapientConfig { role: Role::Client, ..SapientConfig::default() };
    let mut driver = SapientDecoder::new(SapientConfig { reporting: Reporting::Tracks, ..config });
    driver.handle_bytes(&framed(&message), NOW);
    assert!(driver.poll_report().is_none(), "a picture that came back must not be fused with itself");
    assert_eq!(driver.tally().own, 1);
    driver.handle_bytes(&framed(&pb::SapientMessage { additional_information: None, ..message }), NOW);
    let Some(Ok(Report::SourceTrack(read))) = driver.poll_report() else { panic!("no track") };
    assert_eq!(read.identity.name.as_deref(), Some("DRONE 1"));
    assert_eq!(read.identity.class_belief().word(), ObjectClass::Uav);
}

#[test]
fn an_object_keeps_its_identifier_and_shares_it_with_none() {
    let ids: Vec<_> = (0..1_000).map(|number| object(track(number, Level::Restricted).id())).collect();
    assert_eq!(ids[7], object(track(7, Level::Restricted).id()));
    let mut other = track(7, Level::Restricted).id();
    other.origin.incarnation += 1;
    assert_ne!(ids[7], object(other));
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 1_000);
}

#[test]
fn a_track_is_told_when_there_is_news_and_no_more_often_than_asked_for() {
    let (by, mut feed, first) = (by(Mode::Live), feed(10), track(1, Level::Restricted));
    assert_eq!(detections(&feed.advance(&board([first.clone()]), &by, NOW)).len(), 1);
    assert!(detections(&feed.advance(&board([first.clone()]), &by, after(5_000))).is_empty(), "no news");
    let mut times = Vec::new();
    for k in 0..40 {
        let now = after(5_000 + 50 * k);
        let version = u64::try_from(k).expect("small") + 2;
        let messages = feed.advance(&board([anew(&first, version, now)]), &by, now);
        times.extend(messages.iter().filter(|message| detection(message).is_some()).map(told));
    }
    assert_eq!(times, [after(5_000), after(6_000)]);
}

#[test]
fn a_track_names_the_objects_that_it_was_made_from_and_those_told_last_if_they_are_many() {
    let (by, mut feed) = (by(Mode::Live), feed(10));
    let (first, second) = (track(1, Level::Restricted), track(2, Level::Restricted));
    let radar = Uuid::of_name("drone-radar").as_version_4();
    let parent =
        |k: u32| Parent { name: ObjectName { node: radar, object: Ulid(k.into()) }, time: after(-i64::from(k)) };
    let parents = Arc::new([(first.own_id(), (0..20).map(parent).collect())].into());
    let messages = feed.advance(&Board { parents, ..board([first, second]) }, &by, NOW);
    assert!(messages.iter().all(|message| fault(message).is_empty()));
    let told = detections(&messages);
    let all = &told[0].associated_detection;
    let names: Vec<_> = all.iter().map(|one| (one.node_id.clone(), one.object_id.clone())).collect();
    let expected = (0..8).map(|k| (Some(radar.to_string()), Some(Ulid(k).to_string())));
    assert_eq!(names, expected.collect::<Vec<_>>());
    assert!(all.iter().all(|one| one.association_type() == pb::AssociationRelation::Parent));
    let time = all[1].timestamp.as_ref().expect("it is told");
    assert_eq!(Timestamp::from_nanos(time.seconds * 1_000_000_000 + i64::from(time.nanos)), after(-1));
    assert!(told[1].associated_detection.is_empty());
}

#[test]
fn what_leaves_the_picture_or_may_no_longer_be_seen_is_lost_once() {
    for after_that in [vec![], vec![track(1, Level::Secret)]] {
        let (by, mut feed) = (by(Mode::Live), feed(10));
        let first = feed.advance(&board([track(1, Level::Restricted)]), &by, NOW);
        let soon = feed.advance(&board(after_that.clone()), &by, after(50));
        assert!(detections(&soon).is_empty(), "reports of one object are apart");
        let gone = feed.advance(&board(after_that.clone()), &by, after(300));
        let (first, gone) = (detections(&first), detections(&gone));
        assert_eq!((first[0].object_id.as_ref(), gone.len()), (gone[0].object_id.as_ref(), 1));
        assert_eq!((gone[0].state.as_deref(), gone[0].object_info.len()), (Some("lost"), 0));
        assert!(detections(&feed.advance(&board(after_that), &by, after(900))).is_empty());
    }
}

#[test]
fn nobody_is_told_what_he_may_not_see() {
    let (by, mut feed) = (by(Mode::Live), feed(10));
    let board = board([track(1, Level::Secret), track(2, Level::Restricted)]);
    let messages = feed.advance(&board, &by, NOW);
    let told: Vec<_> = detections(&messages).iter().filter_map(|report| report.object_id.clone()).collect();
    assert_eq!((told, feed.withheld()), (vec![object(track(2, Level::Secret).id()).to_string()], 1));
}

#[test]
fn of_more_than_fits_everybody_has_his_turn() {
    let (by, mut feed) = (by(Mode::Live), feed(3));
    let tracks: Vec<_> = (1..=7).map(|number| track(number, Level::Restricted)).collect();
    let mut seen = Vec::new();
    for k in 0..3 {
        let messages = feed.advance(&board(tracks.clone()), &by, after(250 * k));
        assert!(detections(&messages).len() <= 3);
        seen.extend(detections(&messages).iter().filter_map(|report| report.object_id.clone()));
    }
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), feed.deferred()), (7, 4 + 1));
    assert!(detections(&feed.advance(&board([]), &by, after(5_000))).len() == 3, "ends wait likewise");
}

#[test]
fn what_is_too_old_is_not_told() {
    let (by, mut feed) = (by(Mode::Live), feed(3));
    let old = anew(&track(1, Level::Restricted), 1, NOW - CARRIED - Span::from_secs(1));
    assert!(detections(&feed.advance(&board([old]), &by, NOW)).is_empty());
}

#[test]
fn how_the_node_is_comes_first_then_regularly_and_says_whether_it_is_news() {
    let (by, mut feed) = (by(Mode::Live), feed(3));
    let mut heard = Vec::new();
    for k in 0..60 {
        let now = after(250 * k);
        for message in &feed.advance(&board([]), &by, now) {
            heard.push((told(message) - NOW, status(message).expect("nothing else").info()));
        }
    }
    use pb::status_report::Info::{New, Unchanged};
    assert_eq!(heard, [(Span::ZERO, New), (STATUS_PERIOD, Unchanged), (STATUS_PERIOD + STATUS_PERIOD, Unchanged)]);
}

// --- The conversation ---

fn now(ms: u64) -> Now {
    Now { validity: after(i64::try_from(ms).expect("small")), monotonic: Monotonic(ms * 1_000_000) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("small")
}

fn middleware() -> Sender {
    Sender::new(Uuid::of_name("middleware").as_version_4(), 1)
}

#[test]
fn nothing_is_told_before_the_registration_is_accepted() {
    let (by, mut conversation) = (by(Mode::Live), Conversation::new(me()));
    assert_eq!(
        conversation.poll_transmit(&by, now(0)).expect("an answer may still come"),
        framed(&by.registration(NOW))
    );
    assert!(!conversation.may_tell());
    assert_eq!(
        conversation.poll_transmit(&by, now(1_000)).expect("an answer may still come"),
        [0_u8; 0],
        "once is enough"
    );
    conversation.handle_bytes(&middleware().registration_ack(me(), true, vec![], NOW), now(1_001));
    assert!(conversation.may_tell());
}

#[test]
fn who_is_refused_says_why_and_asks_again_after_a_while() {
    let (by, mut conversation) = (by(Mode::Live), Conversation::new(me()));
    let _ = conversation.poll_transmit(&by, now(0));
    let refusal = middleware().registration_ack(me(), false, vec!["unknown edition".to_owned()], NOW);
    conversation.handle_bytes(&refusal, now(10));
    assert_eq!(conversation.trouble(), Some("the registration was refused: unknown edition"));
    let again = 10 + millis(REFUSED_PAUSE);
    assert!(conversation.poll_transmit(&by, now(again - 1)).expect("an answer may still come").is_empty());
    assert!(!conversation.poll_transmit(&by, now(again)).expect("an answer may still come").is_empty());
    conversation.handle_bytes(&middleware().registration_ack(me(), true, vec![], NOW), now(again + 1));
    assert_eq!((conversation.may_tell(), conversation.trouble()), (true, None));
}

#[test]
fn who_never_answers_is_left() {
    let (by, mut conversation) = (by(Mode::Live), Conversation::new(me()));
    let _ = conversation.poll_transmit(&by, now(0));
    assert!(conversation.poll_transmit(&by, now(millis(PATIENCE) - 1)).is_ok());
    assert!(conversation.poll_transmit(&by, now(millis(PATIENCE))).is_err());
}

fn hq() -> Uuid {
    Uuid::of_name("hq").as_version_4()
}

/// A task for this node.
fn task(sender: &mut Sender) -> (String, Vec<u8>) {
    let id = sender.ulid(NOW).to_string();
    let task =
        pb::Task { task_id: Some(id.clone()), control: Some(pb::task::Control::Start.into()), ..pb::Task::default() };
    let message = pb::SapientMessage {
        timestamp: Some(sensor_drivers::sapient::encode::instant(NOW)),
        node_id: Some(hq().to_string()),
        destination_id: Some(me().to_string()),
        content: Some(Content::Task(task)),
        additional_information: None,
    };
    (id, framed(&message))
}

#[test]
fn every_task_is_refused_and_no_crowd_of_them_is_kept() {
    let (by, mut conversation, mut sender) = (by(Mode::Live), Conversation::new(me()), middleware());
    let _ = conversation.poll_transmit(&by, now(0));
    let (id, octets) = task(&mut sender);
    conversation.handle_bytes(&octets, now(1));
    let answer = conversation.poll_transmit(&by, now(2)).expect("an answer may still come");
    let read = pb::SapientMessage::decode(&answer[4..]).expect("protobuf");
    let Some(Content::TaskAck(ack)) = &read.content else { panic!("{read:?}") };
    assert_eq!((ack.task_id.as_deref(), ack.task_status()), (Some(id.as_str()), pb::task_ack::TaskStatus::Rejected));
    assert_eq!((ack.reason.len(), read.destination_id), (1, Some(hq().to_string())));
    for _ in 0..=ANSWERS_MAX {
        conversation.handle_bytes(&task(&mut sender).1, now(3));
    }
    let tally = conversation.tally();
    assert_eq!((tally.tasks, tally.unanswered, tally.faults), (ANSWERS_MAX as u64 + 2, 1, 0));
    let many = conversation.poll_transmit(&by, now(2)).expect("an answer may still come");
    assert_eq!(many.len(), ANSWERS_MAX * answer.len());
}

#[test]
fn garbage_is_counted_and_heard_over() {
    let (by, mut conversation) = (by(Mode::Live), Conversation::new(me()));
    let _ = conversation.poll_transmit(&by, now(0));
    conversation.handle_bytes(&[3, 0, 0, 0, 0xff, 0xff, 0xff], now(1));
    conversation.handle_bytes(&middleware().registration_ack(me(), true, vec![], NOW), now(2));
    assert_eq!((conversation.tally().faults, conversation.may_tell()), (1, true));
}

// --- Whatever the picture is ---

prop_compose! {
    fn any_track()(
        number in any::<u64>(), incarnation in any::<u32>(), version in any::<u64>(),
        latitude in -90.0..=90.0_f64, longitude in -180.0..=180.0_f64, height in -1e3..1e5_f64,
        velocity in prop::array::uniform3(-3e3..3e3_f64), sigmas in prop::array::uniform6(1e-3..1e6_f64),
        age_ms in -5_000_i64..70_000, class in 0_usize..7, name in prop::option::of(".{0,8}"),
        squawk in prop::option::of(0_u16..0o10000),
        status in 0_usize..3, secret in any::<bool>(),
    ) -> SystemTrack {
        let class = KINDS.into_iter().chain([ObjectClass::Emitter, ObjectClass::Unknown]).nth(class).expect("seven");
        let statuses = [TrackStatus::Tentative, TrackStatus::Confirmed, TrackStatus::Coasted];
        let mut track = track(number, if secret { Level::Secret } else { Level::Unclassified });
        let place = Geodetic::from_degrees(latitude, longitude, height).expect("a place");
        let record = &mut track.record;
        record.id.origin.incarnation = incarnation;
        record.version = Seq(version);
        record.status = Some(statuses[status]);
        record.estimate.time = NOW - Span::from_millis(age_ms);
        record.estimate.position = Position::from_vector(*place.to_ecef().vector());
        record.estimate.velocity = Velocity::from_vector(Vector3::from(velocity));
        record.estimate.covariance = Covariance::from_sigmas(&Vector6::from(sigmas)).expect("positive");
        let name = name.and_then(|name| heapless::String::try_from(name.as_str()).ok());
        record.identity = Identity { class, name, mode_3a: squawk, ..Identity::UNKNOWN };
        track
    }
}

proptest! {
    #[test]
    fn whatever_the_picture_every_message_keeps_the_rules_and_is_of_now(
        pictures in prop::collection::vec(prop::collection::vec(any_track(), 0..6), 1..5), replay in any::<bool>(),
    ) {
        let (by, mut feed) = (by(if replay { Mode::Replay } else { Mode::Live }), feed(4));
        for (k, tracks) in pictures.into_iter().enumerate() {
            let now = after(i64::try_from(k).expect("small") * 700);
            for message in feed.advance(&board(tracks), &by, now) {
                prop_assert_eq!(fault(&message), "");
                prop_assert!((now - LAG..=now).contains(&told(&message)));
                if let Some(report) = detection(&message) {
                    let location = located(report);
                    let errors = [location.x_error, location.y_error, location.z_error];
                    let numbers = [location.x, location.y, location.z].into_iter().chain(errors);
                    prop_assert!({ numbers }.all(|number| number.is_some_and(f64::is_finite)), "{:?}", location);
                }
            }
        }
    }
}
