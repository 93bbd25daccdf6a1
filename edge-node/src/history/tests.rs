//! What is read back is what was shown, as far as there was room.

use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::label::{Codes, Level};
use fusion_core::nalgebra::{Vector3, Vector6};
use fusion_core::track::{NodeId, Origin, TrackNumber};

use super::*;

mod kept;

const START: i64 = 1_700_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(START + second)
}

fn id(number: u64) -> TrackId {
    TrackId { origin: Origin { node: NodeId(1), incarnation: 1 }, number: TrackNumber(number) }
}

fn label(level: Level) -> Label {
    Label { level, releasable_to: Codes::EMPTY, caveats: Codes::EMPTY, originators: Codes::EMPTY }
}

/// Something that flies at 100 m/s, east for five minutes and then north in turn; told four times a second.
fn flying(number: u64, quarter: i64) -> SystemTrack {
    let (mut east, mut north) = (0.0, 1_000.0 * f64::from(u32::try_from(number).expect("small")));
    let mut way = Vector3::zeros();
    for k in 0..=quarter {
        way = if (k / 1_200) % 2 == 0 { Vector3::new(100.0, 0.0, 0.0) } else { Vector3::new(0.0, 100.0, 0.0) };
        if k > 0 {
            (east, north) = (east + 0.25 * way.x, north + 0.25 * way.y);
        }
    }
    let plane = fusion_core::geodesy::TangentPlane::at(Geodetic::from_degrees(52.0, 21.0, 100.0).expect("a place"));
    let place = plane.to_ecef(fusion_core::frame::Position::from_vector(Vector3::new(east, north, 1_000.0)));
    let velocity = plane.velocity_to_ecef(Velocity::from_vector(way));
    let sigmas = Vector6::new(20.0, 10.0, 30.0, 1.0, 1.0, 1.0);
    let record = TrackRecord {
        id: id(number),
        version: Seq(u64::try_from(quarter).expect("forward") + 1),
        status: Some(TrackStatus::Confirmed),
        estimate: Estimate {
            time: Timestamp::from_nanos(at(0).as_nanos() + quarter * 250_000_000),
            position: place,
            velocity,
            covariance: Covariance::from_sigmas(&sigmas).expect("positive"),
        },
        identity: Identity::UNKNOWN,
        label: label(Level::Restricted),
        sensors: vec!["radar".into()],
        updates: 7,
        source_track: false,
        in_common: InCommon::UNKNOWN,
    };
    SystemTrack { record, members: vec![], formerly: vec![], own: None, stale: false }
}

fn picture(tracks: impl IntoIterator<Item = SystemTrack>) -> BTreeMap<TrackId, SystemTrack> {
    tracks.into_iter().map(|track| (track.id(), track)).collect()
}

fn history(bytes: usize) -> History {
    History::new(Limits { bytes, age: Span::from_secs(86_400) })
}

fn read(history: &History, second: i64) -> BTreeMap<TrackId, SystemTrack> {
    history.picture(at(second), |_| true).expect("something is kept").1
}

fn distance(a: &SystemTrack, b: &SystemTrack) -> f64 {
    (a.record.estimate.position - b.record.estimate.position).length()
}

#[test]
fn what_flies_straight_costs_a_point_a_minute_and_is_read_back_where_it_was() {
    let mut history = history(1 << 20);
    for second in 0..900 {
        history.handle_picture(at(second), &picture([flying(1, 4 * second)]));
    }
    assert!((15..=24).contains(&history.points.len()), "{} points", history.points.len());
    for second in [0, 1, 59, 60, 299, 301, 450, 899] {
        let (then, was) = (read(&history, second), flying(1, 4 * second));
        let then = &then[&id(1)];
        assert_eq!(then.record.estimate.time, was.record.estimate.time, "{second}");
        assert!(distance(then, &was) < 20.0, "{} m off after {second} s", distance(then, &was));
        assert_eq!((then.record.status, &then.record.sensors), (was.record.status, &was.record.sensors));
    }
}

#[test]
fn a_track_is_there_from_its_first_picture_to_its_last() {
    let mut history = history(1 << 20);
    for second in 0..30 {
        let second_one = (10..20).contains(&second).then(|| flying(2, 4 * second));
        history.handle_picture(at(second), &picture([flying(1, 4 * second)].into_iter().chain(second_one)));
    }
    let seen = |second| read(&history, second).into_keys().map(|id| id.number.0).collect::<Vec<_>>();
    assert_eq!([seen(9), seen(10), seen(19), seen(20)], [vec![1], vec![1, 2], vec![1, 2], vec![1]]);
}

#[test]
fn a_coasted_track_is_as_old_as_it_was() {
    let mut history = history(1 << 20);
    for second in 0..100 {
        history.handle_picture(at(second), &picture([flying(1, 4 * second.min(10))]));
    }
    assert_eq!(read(&history, 90)[&id(1)].record.estimate.time, at(10));
}

#[test]
fn the_budget_holds_the_oldest_go_first_and_what_is_left_is_whole() {
    const BYTES: usize = 200_000;
    let mut history = history(BYTES);
    for second in 0..1_500 {
        // Some stay, and one comes and goes every two seconds.
        let passing = 1_000 + u64::try_from(second / 2).expect("forward");
        let tracks = (0..40).chain([passing]).map(|number| flying(number, 4 * (second % 300)));
        let tracks = tracks.map(|mut track| {
            track.record.version = Seq(u64::try_from(second).expect("forward") + 1);
            track.record.estimate.time = at(second);
            track
        });
        history.handle_picture(at(second), &picture(tracks));
        assert!(history.bytes() <= BYTES, "{} after {second} s", history.bytes());
    }
    assert!(history.tally.crowded_out > 0 && history.tally.refused == 0, "{:?}", history.tally);
    assert!(history.points.capacity() * POINT_BYTES <= BYTES);
    let (from, to) = history.span().expect("kept");
    assert_eq!(to, at(1_499));
    assert!(from > at(60) && to - from > KEY_PERIOD, "from {:.0} s", (from - at(0)).as_secs_f64());
    for second in (from.as_millis() / 1_000 - START + 1)..1_500 {
        assert_eq!(read(&history, second).len(), 41, "after {second} s");
    }
    assert!(history.lives.len() < 900, "those whose points have gone are forgotten: {}", history.lives.len());
}

#[test]
fn tracks_beyond_the_room_are_refused_and_counted() {
    let mut history = history(30_000);
    history.handle_picture(at(0), &picture((0..200).map(|number| flying(number, 0))));
    assert!(history.tally.refused > 0 && !history.lives.is_empty());
    assert_eq!(read(&history, 0).len(), history.lives.len());
    assert!(history.bytes() <= 30_000);
}

#[test]
fn who_may_not_see_a_track_sees_it_at_no_time_when_it_was_so_labelled() {
    let mut history = history(1 << 20);
    for second in 0..30 {
        let mut track = flying(1, 4 * second);
        track.record.label = label(if second < 10 { Level::Secret } else { Level::Unclassified });
        history.handle_picture(at(second), &picture([track]));
    }
    let open = |label: &Label| label.level == Level::Unclassified;
    let seen = |second| history.picture(at(second), open).expect("kept").1.len();
    assert_eq!((seen(9), seen(10)), (0, 1));
    let way = history.way(id(1), (at(0), at(30)), 100, open).expect("it is seen since");
    assert!(way.points.iter().all(|point| point.shown >= at(10)), "{way:?}");
    let cleared = |label: &Label| label.level == Level::Secret;
    let before = history.way(id(1), (at(0), at(30)), 100, cleared).expect("it was seen then");
    assert!(before.points.iter().all(|point| point.estimate.time < at(10)), "{before:?}");
    assert!(way.said.iter().all(|(_, said)| open(&said.label)));
    assert_eq!(history.way(id(1), (at(0), at(9)), 100, open), None);
}

#[test]
fn what_nobody_knows_the_label_of_any_more_is_not_shown() {
    let mut history = history(1 << 20);
    for second in 0..200 {
        let mut track = flying(1, 4 * second);
        track.record.sensors = vec![format!("sensor {second}")];
        history.handle_picture(at(second), &picture([track]));
    }
    assert_eq!(history.tally.said_dropped, 200 - u64::try_from(SAID_MAX).expect("small"));
    assert_eq!((read(&history, 100).len(), read(&history, 199).len()), (0, 1));
}

#[test]
fn a_way_has_its_turns_its_end_and_no_more_points_than_asked_for() {
    let mut history = history(1 << 20);
    for second in 0..1_800 {
        history.handle_picture(at(second), &picture([flying(1, 4 * second)]));
    }
    let way = |from, to, max| history.way(id(1), (at(from), at(to)), max, |_| true);
    let all = way(0, 1_800, 1_000).expect("known");
    assert_eq!(all.points.last().expect("an end").estimate.time, at(1_799));
    assert!(all.kept >= 30 && all.said.len() == 1, "{} points", all.kept);
    assert!(all.points.is_sorted_by_key(|point| point.shown));
    let few = way(0, 1_800, 10).expect("known");
    assert!(few.points.len() <= 10 && few.kept == all.kept && few.points.last() == all.points.last());
    let part = way(600, 900, 1_000).expect("known");
    assert!(part.points.iter().all(|point| point.shown <= at(900)) && part.points.len() < all.points.len());
    assert_eq!(history.way(id(2), (at(0), at(9)), 10, |_| true), None);
}

#[test]
fn a_clock_that_goes_back_begins_a_new_history() {
    let mut history = history(1 << 20);
    history.handle_picture(at(100), &picture([flying(1, 0)]));
    history.handle_picture(at(50), &picture([flying(2, 0)]));
    assert_eq!((history.span(), history.tally.restarts), (Some((at(50), at(50))), 1));
    assert_eq!(read(&history, 50).into_keys().collect::<Vec<_>>(), [id(2)]);
}

#[test]
fn before_the_first_picture_there_is_nothing() {
    assert_eq!(history(1 << 20).span(), None);
    assert!(history(1 << 20).picture(at(0), |_| true).is_none());
}
