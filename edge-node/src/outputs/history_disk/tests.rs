//! What was written is there at the next start, within its bound, and damage costs what is damaged.

use std::collections::BTreeMap;
use std::fs;

use fusion_core::label::Level;
use fusion_core::time::Span;
use fusion_core::track::{TrackId, TrackStatus};
use proto::record::Seq;

use super::*;
use crate::outputs::history_keeper;
use crate::outputs::samples::{NOW, hello, track};
use crate::picture::SystemTrack;

const LIMITS: Limits = Limits { bytes: 4 << 20, age: Span::from_secs(86_400 * 365 * 100) };

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("copmesh-history-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn open(&self, bytes: u64) -> (HistoryDisk, History) {
        let (disk, parts) =
            HistoryDisk::open(&self.0, settings(bytes), LIMITS, Clock::start()).expect("a temporary folder");
        let mut history = History::new(LIMITS);
        history.restore(&parts);
        history.keep_closed();
        (disk, history)
    }

    fn segments(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&self.0).expect("it was opened").map(|entry| entry.expect("readable").path()).collect();
        paths.sort();
        paths
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn at(second: i64) -> Timestamp {
    NOW + Span::from_secs(second)
}

/// So many tracks, each of which gives a point a second.
fn picture(second: i64, tracks: u64) -> BTreeMap<TrackId, SystemTrack> {
    let one = |number| {
        let mut one = track(number, Level::Restricted);
        one.record.version = Seq(u64::try_from(second).expect("forward") + 1);
        one.record.status = Some(if second % 2 == 0 { TrackStatus::Confirmed } else { TrackStatus::Coasted });
        one.record.estimate.time = at(second);
        (one.id(), one)
    };
    (0..tracks).map(one).collect()
}

fn count(disk: &HistoryDisk, history: &History, wanted: &str) -> u64 {
    let mut found = None;
    let mut each = |name, count| found = if name == wanted { Some(count) } else { found };
    disk.counters(&mut each);
    history.counters(&mut each);
    found.expect("there is such a counter")
}

/// A life of so many seconds with an orderly end.
fn live(folder: &Folder, bytes: u64, seconds: core::ops::Range<i64>, tracks: u64) {
    let (mut disk, mut history) = folder.open(bytes);
    for second in seconds {
        history.handle_picture(at(second), &picture(second, tracks));
        disk.write(&mut history);
    }
    history.hand_out_open();
    disk.write(&mut history);
    disk.finish();
}

#[test]
fn lives_follow_one_another() {
    let folder = Folder::new("lives");
    live(&folder, 1 << 20, 0..20, 3);
    live(&folder, 1 << 20, 100..120, 2);
    let (disk, history) = folder.open(1 << 20);
    let then = |second| history.picture(at(second), |_| true).expect("kept").1.len();
    assert_eq!([then(0), then(19), then(21), then(100), then(119), then(121)], [3, 3, 0, 2, 2, 0]);
    assert_eq!(history.span(), Some((at(0), at(119) + Span::from_millis(1))));
    assert_eq!(count(&disk, &history, "history_restored"), 3 * 20 + 2 * 20);
    assert_eq!(count(&disk, &history, "history_disk_damaged"), 0);
}

#[test]
fn a_cut_tail_costs_what_was_in_it_and_is_counted() {
    let folder = Folder::new("tail");
    live(&folder, 1 << 20, 0..20, 1);
    let path = folder.segments().pop().expect("one was written");
    let octets = fs::read(&path).expect("readable");
    let end = octets.iter().rposition(|octet| *octet != 0).expect("records");
    let mut cut = octets;
    cut[end - 20..=end].fill(0);
    fs::write(&path, cut).expect("writable");
    let (disk, history) = folder.open(1 << 20);
    assert_eq!(count(&disk, &history, "history_disk_damaged"), 1);
    assert_eq!(count(&disk, &history, "history_restored"), 19, "the last part held the last point");
    disk.finish();
    fs::write(&path, [0xA5; 4096]).expect("writable");
    let (disk, history) = folder.open(1 << 20);
    assert!(count(&disk, &history, "history_disk_damaged") > 0);
    assert_eq!(count(&disk, &history, "history_restored"), 0);
}

#[test]
fn the_bound_of_the_disk_holds_the_oldest_segment_goes_and_the_rest_is_known() {
    const BYTES: u64 = 1 << 20;
    let folder = Folder::new("bound");
    let (mut disk, mut history) = folder.open(BYTES);
    for second in 0..240 {
        history.handle_picture(at(second), &picture(second, 100));
        disk.write(&mut history);
        // The thread is given the time that it has in a node.
        let (handed, health) = (u64::try_from(second).expect("forward"), disk.keeper.health());
        while health.kept.load(Ordering::Relaxed) + 32 < handed {
            std::thread::yield_now();
        }
    }
    assert_eq!(count(&disk, &history, "history_disk_dropped"), 0);
    disk.finish();
    let segments = folder.segments();
    let octets: u64 = segments.iter().map(|path| fs::metadata(path).expect("readable").len()).sum();
    assert!(segments.len() == 8 && octets <= BYTES, "{octets} octets in {} segments", segments.len());
    let (disk, history) = folder.open(BYTES);
    let (from, to) = history.span().expect("kept");
    assert!(from > at(60) && to > at(235), "from {from:?} to {to:?}");
    let (restored, unknown) =
        (count(&disk, &history, "history_restored"), count(&disk, &history, "history_restored_unknown"));
    assert!(restored > 5_000 && unknown * 20 < restored, "{restored} known, {unknown} not");
    let then = history.picture(at(200), |_| true).expect("kept").1;
    assert_eq!(then.len(), 100);
}

#[test]
fn lives_in_which_nothing_happened_push_nothing_out() {
    let folder = Folder::new("empty");
    live(&folder, 1 << 20, 0..5, 1);
    (0..20).for_each(|_| folder.open(1 << 20).0.finish());
    let (disk, history) = folder.open(1 << 20);
    assert_eq!(count(&disk, &history, "history_restored"), 5);
    assert!(folder.segments().len() <= 2, "{:?}", folder.segments());
}

#[test]
fn a_folder_that_cannot_be_had_leaves_the_history_in_memory() {
    let folder = Folder::new("file");
    fs::write(&folder.0, "a file").expect("writable");
    let keeper = history_keeper::Keeper::on_disk(LIMITS, &folder.0, settings(1 << 20), Clock::start());
    keeper.read().handle_picture(at(0), &picture(0, 1));
    assert!(keeper.read().span().is_some());
    keeper.finish();
    let _ = fs::remove_file(&folder.0);
}

#[test]
fn only_what_was_of_the_world_is_kept_and_only_where_a_node_keeps_state() {
    let mut config = hello(Mode::Live).config;
    let places = |config: &Config| [Mode::Live, Mode::Replay, Mode::Sim].map(|mode| place(config, mode).is_some());
    config.node.state_directory = None;
    assert_eq!(places(&config), [false; 3]);
    config.node.state_directory = Some("/var/lib/copmesh".into());
    assert_eq!(places(&config), [true, false, false]);
    assert_eq!(place(&config, Mode::Live).map(|(folder, _)| folder), Some("/var/lib/copmesh/history".into()));
    config.history.disk_mib = 0;
    assert_eq!(places(&config), [false; 3]);
}
