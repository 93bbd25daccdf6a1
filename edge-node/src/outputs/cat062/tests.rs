//! What receivers get to read of a picture.

use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::label::{Clearance, Codes, Level};
use fusion_core::nalgebra::Vector6;
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::asterix::cat062::{Status, SystemTrack as Record};
use sensor_drivers::asterix::cat065::ServiceReport;
use sensor_drivers::asterix::common::DataSource;
use sensor_drivers::asterix::wire::TypedRecord as _;
use sensor_drivers::asterix::{CATALOGUE, records};

use super::describe::Describer;
use super::feed::Feed;
use crate::board::Mode;
use crate::outputs::samples::{NOW, board, codes, track};

const US: DataSource = DataSource { sac: 25, sic: 200 };

fn feed(mode: Mode, records_max: usize) -> Feed {
    let clearance = Clearance { level: Level::Restricted, communities: codes("POL"), caveats: Codes::EMPTY };
    Feed::new(Describer { source: US, service: 1, mode }, clearance, records_max)
}

fn at(seconds: i64) -> Timestamp {
    NOW + Span::from_secs(seconds)
}

/// Tracks and reports of a period.
fn read(datagrams: &[Vec<u8>]) -> (Vec<Record>, Vec<ServiceReport>) {
    let (mut tracks, mut reports) = (Vec::new(), Vec::new());
    for record in datagrams.iter().flat_map(|datagram| records(datagram, CATALOGUE)) {
        let record = record.expect("sound");
        tracks.extend(Record::of(&record));
        reports.extend(ServiceReport::of(&record));
    }
    (tracks, reports)
}

#[test]
fn a_track_tells_where_how_well_and_who_it_is() {
    let (tracks, _) = read(&feed(Mode::Live, 100).advance(&board([track(1, Level::Restricted)]), NOW));
    let [told] = tracks[..] else { panic!("one track") };
    assert_eq!((told.source, told.service, told.number), (Some(US), Some(1), Some(1)));
    let [latitude, longitude] = told.position_deg.expect("told");
    assert!((latitude - 52.1).abs() < 3e-6 && (longitude - 20.9).abs() < 3e-6, "to its resolution");
    assert_eq!(told.velocity, Some([10.0, 10.0]));
    assert!((told.geometric_height_m.expect("told") - 120.0).abs() < 1.0);
    assert!((told.climb_m_s.expect("told") + 1.0).abs() < 0.02);
    assert_eq!(told.accuracy.position, Some([20.0, 10.0]));
    assert_eq!(told.accuracy.velocity, Some([1.0, 2.0]));
    assert!((told.accuracy.geometric_height.expect("told") - 30.0).abs() < 1.0);
    assert_eq!((told.address, told.mode_3a, told.emitter), (Some(0x48_1000), Some(0o7000), Some(13)));
    assert_eq!(told.identification.map(|name| name.to_string()).as_deref(), Some("DRONE 1"));
    assert_eq!(told.time_of_day.expect("told").since_midnight(), (NOW - Span::from_secs(2)).time_of_day());
    assert_eq!(told.status, Status { monosensor: true, geometric: true, first: true, ..Status::default() });
}

#[test]
fn a_height_that_nobody_knows_is_not_told() {
    let mut flat = track(1, Level::Restricted);
    let sigmas = Vector6::new(20.0, 10.0, 3_000.0, 1.0, 2.0, 50.0);
    flat.record.estimate.covariance = Covariance::from_sigmas(&sigmas).expect("positive");
    let (tracks, _) = read(&feed(Mode::Live, 100).advance(&board([flat]), NOW));
    let told = tracks[0];
    assert_eq!((told.geometric_height_m, told.climb_m_s, told.status.geometric), (None, None, false));
    assert_eq!((told.accuracy.geometric_height, told.accuracy.climb), (None, None));
}

#[test]
fn what_is_not_the_world_is_told_as_simulated_and_a_replay_as_now() {
    for mode in [Mode::Sim, Mode::Replay] {
        let late = at(1_000);
        let mut feed = feed(mode, 100);
        let (tracks, _) = read(&feed.advance(&board([track(1, Level::Restricted)]), late));
        let age = late.time_of_day() - tracks[0].time_of_day.expect("told").since_midnight();
        assert_eq!(age, Span::from_secs(if mode == Mode::Replay { 2 } else { 1_002 }));
        let (ends, _) = read(&feed.advance(&board([]), late));
        assert!(tracks[0].status.simulated && ends[0].status.simulated);
    }
}

#[test]
fn who_comes_late_has_the_picture_after_one_period() {
    let mut feed = feed(Mode::Live, 100);
    let picture = board((1..=60).map(|number| track(number, Level::Restricted)));
    feed.advance(&picture, at(0));
    let (again, _) = read(&feed.advance(&picture, at(4)));
    assert_eq!(again.len(), 60);
    assert!(again.iter().all(|track| !track.status.first), "each was told before");
}

#[test]
fn the_end_of_a_track_is_told_once_and_its_number_rests_for_as_long_as_there_are_others() {
    let mut feed = feed(Mode::Live, 100);
    feed.advance(&board([track(1, Level::Restricted)]), at(0));
    let (ends, _) = read(&feed.advance(&board([]), at(4)));
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].number, ends[0].status), (Some(1), Status { last: true, ..Status::default() }));
    assert!(read(&feed.advance(&board([]), at(8))).0.is_empty());
    for round in 0..70_000_u64 {
        let number = 2 + round;
        let (tracks, _) = read(&feed.advance(&board([track(number, Level::Restricted)]), at(12)));
        let told = tracks.iter().find(|track| !track.status.last).and_then(|track| track.number).expect("told");
        assert_eq!(u64::from(told), (number - 1) % 65_535 + 1);
    }
}

#[test]
fn nothing_of_a_track_leaves_to_who_may_not_see_it() {
    let mut feed = feed(Mode::Live, 100);
    let (tracks, _) = read(&feed.advance(&board([track(1, Level::Secret)]), at(0)));
    assert_eq!((tracks.len(), feed.tally().withheld), (0, 1));
    feed.advance(&board([track(1, Level::Restricted)]), at(4));
    let (raised, _) = read(&feed.advance(&board([track(1, Level::Secret)]), at(8)));
    let [end] = raised[..] else { panic!("one end") };
    assert!(end.status.last && end.position_deg.is_none() && end.address.is_none());
}

#[test]
fn those_told_longest_ago_come_first_where_not_all_have_room() {
    let mut feed = feed(Mode::Live, 2);
    let picture = board((1..=4).map(|number| track(number, Level::Restricted)));
    let numbers = |datagrams: &[Vec<u8>]| read(datagrams).0.iter().filter_map(|t| t.number).collect::<Vec<_>>();
    assert_eq!(numbers(&feed.advance(&picture, at(0))), [1, 2]);
    assert_eq!(numbers(&feed.advance(&picture, at(4))), [3, 4]);
    assert_eq!(numbers(&feed.advance(&picture, at(8))), [1, 2]);
    assert_eq!((feed.tally().told, feed.tally().deferred), (6, 6));
}

#[test]
fn a_value_that_no_item_holds_keeps_its_track_back_and_no_other() {
    let mut feed = feed(Mode::Live, 100);
    let mut high = track(1, Level::Restricted);
    high.record.estimate.position = Geodetic::from_degrees(52.1, 20.9, 1e6).expect("a place").to_ecef();
    let (tracks, _) = read(&feed.advance(&board([high, track(2, Level::Restricted)]), NOW));
    assert_eq!((tracks.len(), feed.tally().unencodable), (1, 1));
}

#[test]
fn every_datagram_passes_a_network_whole_and_every_batch_ends_with_the_state_of_the_system() {
    let datagrams = feed(Mode::Live, 1_000).advance(&board((1..=500).map(|n| track(n, Level::Restricted))), NOW);
    assert!(datagrams.iter().all(|datagram| datagram.len() <= 1_400), "{:?}", datagrams.iter().map(Vec::len).max());
    let (tracks, reports) = read(&datagrams);
    assert_eq!(tracks.len(), 500);
    let kinds: Vec<_> = reports.iter().map(|report| report.message_type).collect();
    assert_eq!(kinds, [Some(2), Some(1)]);
    assert_eq!((reports[0].batch, reports[1].status.map(|status| status.nogo)), (Some(0), Some(0)));
}
