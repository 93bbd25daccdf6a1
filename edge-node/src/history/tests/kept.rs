//! What was kept for the next life is what the next life shows, and no more of it to anybody.

use proptest::prelude::*;
use proto::codec::{KeptPast, decode_past, encode_past};

use super::*;
use crate::journal::segment::{Kind, put};

/// Draws numbers from a seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn kept(bytes: usize) -> History {
    let mut history = history(bytes);
    history.keep_closed();
    history
}

fn polled(history: &mut History) -> Vec<KeptPast> {
    std::iter::from_fn(|| history.poll_kept()).collect()
}

/// All of a life, which nothing of was lost, through its octets.
fn parts(pasts: impl IntoIterator<Item = KeptPast>) -> Vec<Part> {
    let through = |(k, past): (usize, KeptPast)| {
        let octets = encode_past(&past).expect("small");
        assert!(octets.len() < crate::journal::segment::CONTENT_BYTES_MAX, "{} octets in a part", octets.len());
        Part { follows: k > 0 && !past.gap, past: decode_past(&octets).expect("just written") }
    };
    pasts.into_iter().enumerate().map(through).collect()
}

fn restored(parts: &[Part]) -> History {
    let mut history = history(1 << 20);
    history.restore(parts);
    history
}

/// The points of a track, oldest first, without where they lie.
fn points(history: &History, id: TrackId) -> Vec<Point> {
    let Some(life) = history.lives.get(&id) else { return vec![] };
    let alone = |point: &Point| {
        let mut point = *point;
        (point.track, point.back) = (0, 0);
        point
    };
    let mut points: Vec<Point> = history.way_back(life).map(alone).collect();
    points.reverse();
    points
}

/// A track that gives a point in every picture.
fn blinking(number: u64, second: i64) -> SystemTrack {
    let mut track = flying(number, 0);
    track.record.version = Seq(u64::try_from(second).expect("forward") + 1);
    track.record.status = Some(if second % 2 == 0 { TrackStatus::Confirmed } else { TrackStatus::Coasted });
    track
}

/// Tracks that come, turn, go, come again, and are called something else at times, for five minutes; what was asked for
/// meanwhile, at uneven times.
fn walk(seed: u64) -> (History, Vec<KeptPast>) {
    let (mut draw, mut history, mut pasts) = (Draw(seed), kept(1 << 20), vec![]);
    let mut there = [true; 10];
    let mut names = [0; 10];
    for second in 0..300 {
        let tracks = (0..10_usize).filter_map(|k| {
            there[k] ^= draw.below(60) == 0;
            names[k] += u64::from(draw.below(40) == 0);
            let mut track = flying(k as u64, 4 * second + i64::try_from(draw.below(2) * 400).expect("small"));
            track.record.estimate.time = at(second);
            track.record.identity.name = format!("N{}", names[k] % 3).parse().ok();
            track.record.label = label(Level::ALL[usize::try_from(names[k] % 5).expect("small")]);
            track.stale = draw.below(30) == 0;
            there[k].then_some(track)
        });
        let tracks: Vec<SystemTrack> = tracks.collect();
        history.handle_picture(at(second), &picture(tracks));
        if draw.below(12) == 0 {
            pasts.extend(polled(&mut history));
        }
    }
    (history, pasts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn after_an_orderly_end_every_way_is_what_it_was(seed in any::<u64>()) {
        let (mut before, mut pasts) = walk(seed);
        before.hand_out_open();
        pasts.extend(polled(&mut before));
        let after = restored(&parts(pasts));
        prop_assert!(after.tally.restored > 100 && after.tally.unknown == 0, "{:?}", after.tally);
        for level in Level::ALL {
            let permits = |label: &Label| label.level <= level;
            for number in 0..10 {
                let way = |history: &History| history.way(id(number), (at(0), at(299)), 10_000, permits);
                prop_assert_eq!(way(&after), way(&before), "{} to {:?}", number, level);
            }
            for second in (0..300).step_by(7) {
                let then = |history: &History| history.picture(at(second), permits).expect("known").1;
                prop_assert_eq!(then(&after), then(&before), "after {} s", second);
            }
        }
        prop_assert_eq!(after.span().map(|(from, _)| from), Some(at(0)));
    }

    #[test]
    fn after_a_power_cut_only_the_last_point_of_each_track_is_missing(seed in any::<u64>()) {
        let (mut before, mut pasts) = walk(seed);
        pasts.extend(polled(&mut before));
        let after = restored(&parts(pasts));
        for number in 0..10 {
            let (was, mut is) = (points(&before, id(number)), points(&after, id(number)));
            let open = was.last().is_some_and(|point| point.status.is_some());
            if open && is.last().is_some_and(|point| point.status.is_none()) && is.len() == was.len() {
                is.pop();
            }
            prop_assert_eq!(&is, &was[..was.len() - usize::from(open)], "{}", number);
        }
    }
}

#[test]
fn nothing_is_drawn_over_the_time_when_nobody_looked() {
    let mut before = kept(1 << 20);
    (0..30).for_each(|second| before.handle_picture(at(second), &picture([flying(1, 4 * second), flying(2, 0)])));
    before.hand_out_open();
    let mut after = restored(&parts(polled(&mut before)));
    (100..110).for_each(|second| after.handle_picture(at(second), &picture([flying(1, 4 * second)])));
    let seen = |second| read(&after, second).into_keys().map(|id| id.number.0).collect::<Vec<_>>();
    assert_eq!([seen(29), seen(30), seen(99), seen(100)], [vec![1, 2], vec![], vec![], vec![1]]);
    let way = after.way(id(1), (at(0), at(110)), 100, |_| true).expect("known");
    let gone = way.points.iter().filter(|point| point.status.is_none());
    assert_eq!(gone.map(|point| point.shown.as_millis()).collect::<Vec<_>>(), [at(29).as_millis() + 1]);
    assert_eq!(after.span(), Some((at(0), at(109))));
    assert_eq!(after.tally.restarts, 0);
}

#[test]
fn a_point_whose_label_was_lost_is_shown_to_nobody_and_the_one_before_not_in_its_stead() {
    let mut before = kept(1 << 20);
    for second in 0..30 {
        let mut track = flying(1, 4 * second);
        track.record.label = label(if second < 10 { Level::Unclassified } else { Level::Secret });
        before.handle_picture(at(second), &picture([track]));
    }
    before.hand_out_open();
    let mut parts = parts(polled(&mut before));
    assert_eq!(restored(&parts).tally.unknown, 0);
    for part in &mut parts {
        part.past.said.retain(|said| said.since_ms < at(10).as_millis());
    }
    let after = restored(&parts);
    assert!(after.tally.unknown > 0, "{:?}", after.tally);
    assert_eq!([read(&after, 9).len(), read(&after, 10).len(), read(&after, 29).len()], [1, 0, 0]);
}

#[test]
fn what_was_kept_is_taken_in_within_the_budget_and_the_oldest_goes() {
    let mut before = kept(1 << 20);
    for second in 0..600 {
        before.handle_picture(at(second), &picture((0..5).map(|number| blinking(number, second))));
    }
    before.hand_out_open();
    let mut after = history(60_000);
    after.restore(&parts(polled(&mut before)));
    assert!(after.bytes() <= 60_000 && after.tally.crowded_out > 0, "{:?}", after.tally);
    assert_eq!((read(&after, 599), after.lives.len()), (read(&before, 599), 5));
    assert!(after.span().expect("known").0 > at(300), "{:?}", after.span());
}

#[test]
fn of_a_life_whose_begin_is_not_there_the_first_minute_is_not_told_as_whole() {
    let mut before = kept(1 << 20);
    let mut pasts = vec![];
    for second in 0..300 {
        before.handle_picture(at(second), &picture([flying(1, 4 * second)]));
        pasts.extend(polled(&mut before));
    }
    assert_eq!(restored(&parts(pasts.clone())).span().map(|(from, _)| from), Some(at(0)));
    let rest = parts(pasts).split_off(2);
    let oldest = rest[0].past.until_ms - i64::from(rest[0].past.ways[0].points[0].ago_ms);
    let (from, to) = restored(&rest).span().expect("known");
    assert!(from.as_millis() >= oldest && to < at(300), "{from:?} to {to:?}");
}

#[test]
fn a_life_whose_clock_stood_before_the_end_of_the_last_one_begins_a_new_history() {
    let life = |begin: i64, number| {
        let mut history = kept(1 << 20);
        (begin..begin + 5).for_each(|second| history.handle_picture(at(second), &picture([flying(number, 0)])));
        history.hand_out_open();
        polled(&mut history)
    };
    let all: Vec<Part> = [life(1_000, 1), life(0, 2)].into_iter().flat_map(parts).collect();
    let after = restored(&all);
    assert_eq!((after.tally.restarts, after.span().map(|(from, _)| from)), (1, Some(at(0))));
    assert_eq!(read(&after, 4).into_keys().collect::<Vec<_>>(), [id(2)]);
}

#[test]
fn who_a_returned_track_is_is_told_anew() {
    let mut before = kept(1 << 20);
    (0..5).for_each(|second| before.handle_picture(at(second), &picture([flying(1, 0)])));
    before.hand_out_open();
    let mut after = restored(&parts(polled(&mut before)));
    after.keep_closed();
    (50..55).for_each(|second| after.handle_picture(at(second), &picture([flying(1, 0)])));
    after.hand_out_open();
    // The segments of the life before may have gone by then.
    let later = restored(&parts(polled(&mut after)));
    assert_eq!((later.tally.unknown, read(&later, 54).len()), (0, 1));
}

#[test]
fn what_nobody_asks_for_is_bounded_counted_and_leaves_a_gap() {
    let mut history = kept(64 << 20);
    for second in 0..120 {
        history.handle_picture(at(second), &picture((0..300).map(|number| blinking(number, second))));
    }
    let closed = 300 * 119;
    let pasts = polled(&mut history);
    let kept: usize = pasts.iter().flat_map(|past| &past.ways).map(|way| way.points.len()).sum();
    let said: usize = pasts.iter().map(|past| past.said.len()).sum();
    assert_eq!((kept + said, said), (WAITING_MAX, 300));
    assert_eq!(history.tally.unkept, u64::try_from(closed + said - WAITING_MAX).expect("positive"));
    assert!(pasts[0].gap && pasts[1..].iter().all(|past| !past.gap));
}

/// What docs/CONFIG.md says that a point takes on the disk.
#[test]
fn a_point_takes_so_many_octets_on_the_disk() {
    let (mut history, mut octets, mut points) = (kept(16 << 20), Vec::new(), 0);
    for second in 0..300 {
        let tracks = (0..200).map(|number| {
            let mut track = flying(number, 4 * second);
            // Twelve points a minute, as of a track that radars tell of.
            track.stale = (second + i64::try_from(number).expect("small")) / 5 % 2 == 0;
            track
        });
        history.handle_picture(at(second), &picture(tracks));
        if second % 10 == 9 {
            for past in polled(&mut history) {
                points += past.ways.iter().map(|way| way.points.len()).sum::<usize>();
                put(&mut octets, 0, Kind::Past, &encode_past(&past).expect("small"));
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2⁵²")]
    let each = octets.len() as f64 / points as f64;
    println!(
        "{points} points, {each:.1} octets each, {:.0} MB a day of 200 tracks",
        each * 12.0 * 1440.0 * 200.0 / 1e6
    );
    assert!((55.0..70.0).contains(&each), "{each} octets a point");
}
