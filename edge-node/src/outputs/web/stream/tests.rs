//! A page that looks at a part of the picture is told of that part, and of nothing twice.

use std::sync::Arc;

use fusion_core::label::Level;
use fusion_core::time::Span;
use proto::record::Seq;

use super::*;
use crate::board::{Board, Mode};
use crate::outputs::samples::{NOW, board, hello, track, whole};

/// A track at a place, in its so-manieth version.
fn at(number: u64, version: u64, latitude_deg: f64, longitude_deg: f64) -> SystemTrack {
    let mut track = track(number, Level::Restricted);
    let place = Geodetic::from_degrees(latitude_deg, longitude_deg, 300.0).expect("a place");
    track.record.estimate.position = place.to_ecef();
    track.record.version = Seq(version);
    track
}

fn told(page: &mut Stream, tracks: impl IntoIterator<Item = SystemTrack>) -> Vec<Value> {
    page.advance(&hello(Mode::Live), &whole(board(tracks)))
}

fn ids(value: &Value) -> Vec<String> {
    let of = |each: &Value| each.as_str().or_else(|| each["id"].as_str()).expect("an id").to_owned();
    value.as_array().expect("a list").iter().map(of).collect()
}

fn id(number: u64) -> String {
    text_id(track(number, Level::Restricted).id())
}

#[test]
fn a_page_that_asks_for_nothing_is_told_whole_tracks_everywhere() {
    let mut page = Stream::default();
    let first = told(&mut page, [at(1, 1, 52.0, 21.0), at(2, 1, -33.0, -70.0)]);
    let kinds: Vec<&str> = first.iter().filter_map(|message| message["type"].as_str()).collect();
    assert_eq!((kinds, ids(&first[1]["tracks"])), (vec!["hello", "snapshot"], vec![id(1), id(2)]));
    let next = told(&mut page, [at(1, 2, 52.1, 21.0)]).remove(0);
    assert_eq!((ids(&next["tracks"]), ids(&next["gone"])), (vec![id(1)], vec![id(2)]));
    assert!(next.get("moves").is_none() && next.get("left").is_none() && next["tracks"][0].get("n").is_none());
}

#[test]
fn messages_are_numbered_without_a_gap() {
    let mut page = Stream::default();
    let mut all = told(&mut page, [at(1, 1, 52.0, 21.0)]);
    all.extend(page.status(&whole(board([]))));
    all.extend(told(&mut page, [at(1, 2, 52.0, 21.0)]));
    let numbers: Vec<u64> = all.iter().filter_map(|message| message["seq"].as_u64()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}

#[test]
fn a_track_that_leaves_what_a_page_looks_at_is_told_as_left_and_not_as_gone() {
    let mut page = Stream::asked("bbox=20,51,22,53").expect("sound");
    let first = told(&mut page, [at(1, 1, 52.0, 21.0), at(2, 1, 52.0, 30.0), at(3, 1, 53.15, 21.0)]);
    assert_eq!(ids(&first[1]["tracks"]), [id(1), id(3)], "with a margin of a tenth");
    let next = told(&mut page, [at(1, 2, 52.0, 25.0), at(2, 1, 52.0, 30.0)]).remove(0);
    assert_eq!((ids(&next["left"]), ids(&next["gone"])), (vec![id(1)], vec![id(3)]));
    page.handle(r#"{"type":"view","bbox":[24,51,31,53]}"#);
    let next = told(&mut page, [at(1, 2, 52.0, 25.0), at(2, 1, 52.0, 30.0)]).remove(0);
    assert_eq!(ids(&next["tracks"]), [id(1), id(2)], "though neither has changed");
}

#[test]
fn a_view_may_lie_across_the_date_line() {
    let mut page = Stream::asked("bbox=170,-10,-170,10").expect("sound");
    let first = told(&mut page, [at(1, 1, 0.0, 179.0), at(2, 1, 0.0, -179.0), at(3, 1, 0.0, 0.0)]);
    assert_eq!(ids(&first[1]["tracks"]), [id(1), id(2)]);
}

#[test]
fn a_selected_track_is_told_wherever_it_is() {
    let mut page = Stream::asked("bbox=20,51,22,53").expect("sound");
    let _ = told(&mut page, [at(1, 1, 0.0, 0.0)]);
    page.handle(&format!(r#"{{"type":"select","track":"{}"}}"#, id(1)));
    assert_eq!(ids(&told(&mut page, [at(1, 1, 0.0, 0.0)])[0]["tracks"]), [id(1)]);
    page.handle(r#"{"type":"select","track":null}"#);
    assert_eq!(ids(&told(&mut page, [at(1, 1, 0.0, 0.0)])[0]["left"]), [id(1)]);
}

#[test]
fn with_deltas_a_track_that_only_moves_is_told_by_its_number() {
    let mut page = Stream::asked("deltas").expect("sound");
    let first = told(&mut page, [at(1, 1, 52.0, 21.0)]);
    let number = first[1]["tracks"][0]["n"].as_u64().expect("a number");
    let next = told(&mut page, [at(1, 2, 52.123_456_7, 21.0)]).remove(0);
    assert_eq!(next["tracks"], json!([]));
    assert_eq!(next["moves"], json!([[number, -2000, 52.123_457, 21, 300, 45.1, 14.1, 20, 10, 90]]));
    let mut renamed = at(1, 3, 52.2, 21.0);
    renamed.record.identity.class = fusion_core::identity::ObjectClass::Rotary;
    let next = told(&mut page, [renamed]).remove(0);
    assert_eq!((ids(&next["tracks"]), &next["moves"]), (vec![id(1)], &json!([])), "whole: it is something else");
    assert_eq!(next["tracks"][0]["n"], json!(number));
}

#[test]
fn what_a_page_holds_after_deltas_is_what_it_would_hold_without() {
    let (mut whole, mut deltas) = (Stream::default(), Stream::asked("deltas").expect("sound"));
    let mut held = BTreeMap::new();
    for step in 0..40_u32 {
        let tracks = || {
            (1..6_u64).filter(move |k| (u64::from(step) + k) % 7 > 1).map(move |k| {
                let version = u64::from(step) / k + 1;
                let mut track = at(k, version, 50.0 + f64::from(step / u32::try_from(k).expect("small")), 21.0);
                track.stale = (version + k).is_multiple_of(5);
                track
            })
        };
        let _ = told(&mut whole, tracks());
        for message in told(&mut deltas, tracks()) {
            for track in message["tracks"].as_array().into_iter().flatten() {
                held.insert(track["n"].as_u64(), (track["id"].clone(), track["lat_deg"].as_f64().expect("there")));
            }
            for gone in message["gone"].as_array().into_iter().flatten() {
                held.retain(|_, (id, _)| id != gone);
            }
            for moved in message["moves"].as_array().into_iter().flatten() {
                held.get_mut(&moved[0].as_u64()).expect("told whole before").1 = moved[2].as_f64().expect("a number");
            }
        }
        let mut now: Vec<_> = held.values().cloned().collect();
        now.sort_by_key(|(id, _)| id.to_string());
        let expected: Vec<_> =
            tracks().map(|t| (text_id(t.id()), Geodetic::from_ecef(t.record.estimate.position))).collect();
        assert_eq!(now.len(), expected.len(), "step {step}");
        for ((id, latitude), (expected, place)) in now.iter().zip(&expected) {
            assert_eq!(id, expected);
            assert!((latitude - place.latitude_deg()).abs() < 1e-6, "step {step}: {id}");
        }
    }
}

#[test]
fn nobody_is_told_while_nobody_looks_and_then_what_changed() {
    let mut page = Stream::default();
    let _ = told(&mut page, [at(1, 1, 52.0, 21.0), at(2, 1, 52.0, 21.0)]);
    page.handle(r#"{"type":"pause"}"#);
    assert!(told(&mut page, [at(1, 2, 52.0, 21.0)]).is_empty() && page.status(&whole(board([]))).is_empty());
    page.handle(r#"{"type":"resume"}"#);
    let next = told(&mut page, [at(1, 3, 52.0, 21.0)]).remove(0);
    assert_eq!((ids(&next["tracks"]), ids(&next["gone"])), (vec![id(1)], vec![id(2)]));
}

#[test]
fn a_page_that_missed_something_gets_everything_anew() {
    let mut page = Stream::default();
    let _ = told(&mut page, [at(1, 1, 52.0, 21.0)]);
    page.handle(r#"{"type":"resync"}"#);
    page.handle(r#"{"type":"resync"}"#);
    let again = told(&mut page, [at(1, 1, 52.0, 21.0)]);
    assert_eq!((again.len(), &again[0]["type"]), (1, &json!("snapshot")), "once, however often it asks");
}

#[test]
fn what_makes_no_sense_is_answered_with_what_would() {
    let mut page = Stream::default();
    let _ = told(&mut page, []);
    for nonsense in [
        "{}",
        "[]",
        r#"{"type":"view","bbox":[0,10,0,-10]}"#,
        r#"{"type":"view","bbox":[0,0,1e9,1]}"#,
        r#"{"type":"view","hz":1000}"#,
        r#"{"type":"view","hz":0}"#,
    ] {
        page.handle(nonsense);
        let answer = told(&mut page, []).into_iter().find(|message| message["type"] == "refused").expect(nonsense);
        assert!(answer["why"].as_str().expect("text").contains("write"), "{answer}");
    }
    for query in ["bbox=1,2,3", "hz=often", "colour=red", "bbox=nan,0,0,0"] {
        assert!(Stream::asked(query).expect_err(query).contains("write"));
    }
}

/// Octets of one update of one track, of five thousand that all move once a second.
#[test]
fn an_update_takes_a_tenth_of_the_octets_with_deltas() {
    const TRACKS: u64 = 5_000;
    let mut sizes = Vec::new();
    for query in ["", "deltas"] {
        let mut page = Stream::asked(query).expect("sound");
        let shown = |version: u64, shift: f64| {
            let tracks = (0..TRACKS).map(move |k| {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let k_deg = k as f64;
                at(k, version, 50.0 + k_deg * 0.000_791 + shift, 20.0 + (k_deg * 0.013_71) % 4.0)
            });
            let tracks: BTreeMap<_, _> = tracks.map(|t| (t.id(), Arc::new(t))).collect();
            whole(Board { time: NOW + Span::from_millis(17), tracks: Arc::new(tracks), ..Board::default() })
        };
        let _ = page.advance(&hello(Mode::Live), &shown(1, 0.0));
        let update = page.advance(&hello(Mode::Live), &shown(2, 0.000_123_4)).remove(0);
        let octets = update.to_string().len() as u64;
        println!(
            "{:>8} {octets:>9} octets a frame {:>5} octets a track",
            if query.is_empty() { "whole" } else { query },
            octets / TRACKS
        );
        sizes.push(octets);
    }
    assert!(sizes[1] * 8 < sizes[0], "{sizes:?}");
}
