//! The recorder: what comes in goes to the disk within a second, in files of bounded size and age, within a bounded
//! part of the disk.
//!
//! Writing is done where the bytes come in, into the system's cache; whatever may wait for the disk (syncing, removing
//! old files, asking for room) is done by a thread that each file has of its own. So a slow disk does not hold up the
//! node, and a full one does not end it. What the disk refuses ends the file, not the recording: another is begun after
//! a pause, which grows from a second to a minute while that fails too.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use fusion_core::time::Timestamp;
use mcap::McapResult;
use tracing::{info, warn};

use super::mcap_file::FileWriter;
use super::series::Series;
use super::{Entry, RecordingError};
use crate::clock::Monotonic;
use crate::config::{Config, RecorderConfig};

/// Chunks in one file at the most, for its index grows in memory by one entry a chunk (a second of traffic, or
/// 256 KiB): with 64 sensors some 20 MB when a file is full.
///
/// No counter: the next file is begun.
pub const CHUNKS_MAX: u64 = 16_384;

const FLUSH_PERIOD: Duration = Duration::from_secs(1);
/// After the disk has refused something, and at the most.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LAST: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;

/// Writes a series of recordings.
pub struct Recorder {
    series: Series,
    config: Config,
    /// None while the disk is too full, or refuses.
    current: Option<Current>,
    disk: Arc<Disk>,
    sequence: u32,
    flushed: Monotonic,
    now: Monotonic,
    begun: u64,
    skipped: u64,
    failed: u64,
    refusal: Option<Refusal>,
}

/// What the disk refused last. Forgotten when it has taken something again.
struct Refusal {
    cause: String,
    at: Monotonic,
    pause: Duration,
}

/// The file being written.
struct Current {
    writer: FileWriter,
    since: Monotonic,
    keeper: Keeper,
}

/// What keepers find out.
#[derive(Debug, Default)]
struct Disk {
    free_bytes: AtomicU64,
    removed: AtomicU64,
}

impl Recorder {
    /// Begins a file with the configuration, and keeps to the bounds that stand in its `[recorder]`. A recording that
    /// is there already is kept: the new one is called `x-2.mcap` and so on, so that a restart loses nothing.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn create(path: &Path, config: &Config, now: Timestamp) -> Result<Self, RecordingError> {
        let mut recorder = Self {
            series: Series::new(path, &config.node.name),
            config: config.clone(),
            current: None,
            disk: Arc::default(),
            sequence: 0,
            flushed: Monotonic::default(),
            now: Monotonic::default(),
            begun: 0,
            skipped: 0,
            failed: 0,
            refusal: None,
        };
        let refused = |message: String| RecordingError::new(path, message);
        recorder.disk.measure(recorder.series.folder()).map_err(|e| refused(e.to_string()))?;
        if recorder.has_room() {
            recorder.begin(now).map_err(|e| refused(e.to_string()))?;
        } else {
            warn!("nothing is recorded until the disk has {} MiB free", config.recorder.disk_reserve_mib);
        }
        Ok(recorder)
    }

    /// Appends what came in. Bytes of a sensor that is not in the configuration are a bug of the caller and ignored.
    ///
    /// # Errors
    /// If the disk refuses. Recording goes on with another file after a pause.
    pub fn write(&mut self, entry: &Entry, now: Monotonic) -> McapResult<()> {
        self.now = self.now.max(now);
        let outcome = self.append(entry);
        self.note(outcome)
    }

    fn append(&mut self, entry: &Entry) -> McapResult<()> {
        let kept = self.rotate(entry.received).and_then(|()| self.keep(entry));
        self.skipped += u64::from(kept.is_err());
        kept?;
        self.tend_at(entry.received)
    }

    fn rotate(&mut self, time: Timestamp) -> McapResult<()> {
        if self.current.as_ref().is_some_and(|current| current.is_full(&self.config.recorder, self.now)) {
            self.end()?;
            self.begin(time)?;
        }
        Ok(())
    }

    fn keep(&mut self, entry: &Entry) -> McapResult<()> {
        let Some(current) = &mut self.current else {
            self.skipped += 1;
            return Ok(());
        };
        self.sequence = self.sequence.wrapping_add(1);
        current.writer.write(entry, self.sequence)
    }

    /// What is to be done though nothing comes in: the last entries before a silence go to the disk too.
    ///
    /// # Errors
    /// If the disk refuses. Recording goes on with another file after a pause.
    pub fn tend(&mut self, time: Timestamp, now: Monotonic) -> McapResult<()> {
        self.now = self.now.max(now);
        let outcome = self.tend_at(time);
        self.note(outcome)
    }

    /// Why nothing is being written; `None` while something is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if self.current.is_some() {
            return None;
        }
        let reserve = self.config.recorder.disk_reserve_mib;
        let full = || format!("the disk has less than {reserve} MiB free (recorder.disk-reserve-mib)");
        Some(self.refusal.as_ref().map_or_else(full, |refusal| refusal.cause.clone()))
    }

    /// The file ends with what the disk refused; what it holds stays.
    fn note(&mut self, outcome: McapResult<()>) -> McapResult<()> {
        let Err(e) = &outcome else { return outcome };
        self.failed += 1;
        self.current = None;
        let pause = self.refusal.as_ref().map_or(PAUSE_FIRST, |before| (before.pause * 2).min(PAUSE_LAST));
        let cause = cause(e);
        warn!("recording stops: {cause}; another file is begun in {pause:?}");
        self.refusal = Some(Refusal { cause, at: self.now, pause });
        outcome
    }

    /// Calls for each counter with its name.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("recorder_skipped", self.skipped);
        each("recorder_files_begun", self.begun);
        each("recorder_files_removed", self.disk.removed.load(Ordering::Relaxed));
        each("recorder_failed", self.failed);
    }

    /// Ends the file with its summary, and waits until the disk has it.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self) -> McapResult<()> {
        let Some(Current { writer, keeper, .. }) = self.current.take() else { return Ok(()) };
        writer.finish()?;
        keeper.finish();
        Ok(())
    }

    fn tend_at(&mut self, time: Timestamp) -> McapResult<()> {
        if self.now.since(self.flushed) < FLUSH_PERIOD {
            return Ok(());
        }
        self.flushed = self.now;
        let reserve = self.config.recorder.disk_reserve_mib;
        if let Some(current) = &mut self.current {
            current.writer.flush()?;
            current.keeper.ask();
            self.refusal = None;
            if !self.has_room() {
                warn!("recording stops: the disk has less than {reserve} MiB free (recorder.disk-reserve-mib)");
                self.end()?;
            }
        } else if self.may_try_again() {
            // Nothing is being written: to ask here holds nothing up.
            self.disk.measure(self.series.folder())?;
            if self.has_room() {
                self.begin(time)?;
                info!("recording goes on");
            }
        }
        Ok(())
    }

    fn may_try_again(&self) -> bool {
        self.refusal.as_ref().is_none_or(|refusal| self.now.since(refusal.at) >= refusal.pause)
    }

    fn has_room(&self) -> bool {
        self.disk.free_bytes.load(Ordering::Relaxed) >= u64::from(self.config.recorder.disk_reserve_mib) * MIB
    }

    fn begin(&mut self, time: Timestamp) -> McapResult<()> {
        let (number, file) = self.series.create_next()?;
        let synced = file.try_clone()?;
        let begun = FileWriter::begin(file, Some(&self.series.mark()), &self.config, time);
        if begun.is_err() {
            // A full disk still has room for empty files: they would pile up.
            let _ = self.series.discard(number);
        }
        let writer = begun?;
        let keeper = Keeper::start(synced, self.series.clone(), number, &self.config.recorder, &self.disk)?;
        self.begun += 1;
        self.current = Some(Current { writer, since: self.now, keeper });
        Ok(())
    }

    fn end(&mut self) -> McapResult<()> {
        // Its keeper syncs once more when nobody can ask it any longer, and ends.
        self.current.take().map_or(Ok(()), |current| current.writer.finish())
    }
}

/// What the system said, which an error of the format only wraps.
fn cause(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |&outer| outer.source()).last().unwrap_or(error).to_string()
}

impl Current {
    fn is_full(&self, limits: &RecorderConfig, now: Monotonic) -> bool {
        self.writer.bytes() >= u64::from(limits.file_size_mib) * MIB
            || self.writer.chunks() >= CHUNKS_MAX
            || now.since(self.since).as_secs_f64() >= limits.file_age_s
    }
}

impl Disk {
    fn measure(&self, folder: &Path) -> std::io::Result<()> {
        let known = rustix::fs::statvfs(folder)?;
        self.free_bytes.store(known.f_bavail.saturating_mul(known.f_frsize), Ordering::Relaxed);
        Ok(())
    }
}

/// The thread that sees to it that the disk has what was written.
struct Keeper {
    asked: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Keeper {
    fn start(
        file: File,
        series: Series,
        number: u64,
        limits: &RecorderConfig,
        disk: &Arc<Disk>,
    ) -> std::io::Result<Self> {
        let others = u64::from(limits.disk_total_mib.saturating_sub(limits.file_size_mib)) * MIB;
        let (asked, asks) = sync_channel(1);
        let disk = Arc::clone(disk);
        let work = move || keep(&file, &series, number, others, &disk, &asks);
        let thread = std::thread::Builder::new().name("copmesh-sync".into()).spawn(work)?;
        Ok(Self { asked, thread })
    }

    /// If a sync is still under way, the next one covers this second too.
    fn ask(&self) {
        let _ = self.asked.try_send(());
    }

    fn finish(self) {
        drop(self.asked);
        if self.thread.join().is_err() {
            warn!("the recording may not survive a power cut: its thread died");
        }
    }
}

fn keep(file: &File, series: &Series, number: u64, others: u64, disk: &Disk, asks: &Receiver<()>) {
    let complain = |what: &str, e: std::io::Error| warn!("{what}: {e}");
    // A file survives a power cut by its name only once its folder was synced.
    if let Err(e) = File::open(series.folder()).and_then(|folder| folder.sync_all()) {
        complain("the recording may not survive a power cut", e);
    }
    match series.prune(number, others) {
        Ok(removed) => _ = disk.removed.fetch_add(removed, Ordering::Relaxed),
        Err(e) => complain("old recordings could not be removed", e),
    }
    loop {
        let more = asks.recv().is_ok();
        if let Err(e) = file.sync_data() {
            complain("the recording may not survive a power cut", e);
        }
        if let Err(e) = disk.measure(series.folder()) {
            complain("how full the disk is, is not known", e);
        }
        if !more {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use fusion_core::measurement::SensorId;

    use super::*;

    const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
                        [[sensors]]\nname = \"adsb\"\nkind = \"beast\"\n\
                        label = { level = \"unclassified\", originator = \"TEST\" }\n";

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("copmesh-recorder-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }

        fn recorder(&self, limits: &str) -> Recorder {
            let text = format!("{NODE}[recorder]\ndisk-reserve-mib = 0\n{limits}");
            let config = Config::parse(&text).expect("valid");
            Recorder::create(&self.0.join("x.mcap"), &config, Timestamp::EPOCH).expect("a new file")
        }

        /// The seconds of the entries of each file, oldest first.
        fn entries(&self) -> Vec<Vec<i64>> {
            let files = Series::new(&self.0.join("x.mcap"), "alpha").files().expect("listed");
            let seconds = |e: Result<Entry, RecordingError>| e.expect("whole").received.as_nanos() / 1_000_000_000;
            let read = |path: &Path| {
                let recording = super::super::open(path, Timestamp::EPOCH).expect("one of ours");
                assert!(recording.config.is_some(), "each file has the configuration");
                recording.entries.map(seconds).collect()
            };
            files.iter().map(|file| read(&file.path)).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn at(second: u32) -> Monotonic {
        Monotonic(u64::from(second) * 1_000_000_000)
    }

    fn write(recorder: &mut Recorder, second: u32, bytes: usize) {
        let entry = Entry::of(Timestamp::from_secs(i64::from(second)), SensorId(0), vec![7; bytes]);
        recorder.write(&entry, at(second)).expect("written");
    }

    #[test]
    fn a_file_that_is_old_enough_is_followed_by_another() {
        let folder = Folder::new("age");
        let mut recorder = folder.recorder("file-age-s = 10.0\n");
        (0..25).for_each(|second| write(&mut recorder, second, 10));
        recorder.finish().expect("completed");
        let seconds: Vec<Vec<i64>> = vec![(0..10).collect(), (10..20).collect(), (20..25).collect()];
        assert_eq!(folder.entries(), seconds);
    }

    #[test]
    fn rotation_keeps_the_newest_within_the_total() {
        let folder = Folder::new("total");
        let mut recorder = folder.recorder("file-size-mib = 1\ndisk-total-mib = 3\n");
        (0..40).for_each(|second| write(&mut recorder, second, 300_000));
        let mut removed = 0;
        recorder.finish().expect("completed");
        recorder = folder.recorder("file-size-mib = 1\ndisk-total-mib = 3\n");
        write(&mut recorder, 40, 10);
        recorder.current.take().expect("there is room").keeper.finish();
        recorder.counters(&mut |name, count| removed += if name == "recorder_files_removed" { count } else { 0 });
        let held: u64 =
            Series::new(&folder.0.join("x.mcap"), "alpha").files().expect("listed").iter().map(|file| file.bytes).sum();
        assert!(removed > 0 && held <= 3 * MIB, "{removed} removed, {held} bytes held");
    }

    #[test]
    fn the_last_entries_before_a_silence_reach_the_file_within_a_second() {
        let folder = Folder::new("silence");
        let mut recorder = folder.recorder("");
        write(&mut recorder, 5, 10);
        write(&mut recorder, 5, 10);
        recorder.tend(Timestamp::EPOCH, at(6)).expect("flushed");
        let bytes = std::fs::read(folder.0.join("x.mcap")).expect("there");
        let copy = folder.0.join("cut.mcap");
        std::fs::write(&copy, bytes).expect("written");
        let cut = super::super::open(&copy, Timestamp::EPOCH).expect("readable");
        assert_eq!(cut.entries.filter(Result::is_ok).count(), 2);
    }

    #[test]
    fn a_disk_below_its_reserve_stops_the_recording_and_counts() {
        let folder = Folder::new("reserve");
        // No disk has this much.
        let mut recorder = folder.recorder("");
        write(&mut recorder, 1, 10);
        recorder.config.recorder.disk_reserve_mib = 16_777_216;
        (2..6).for_each(|second| write(&mut recorder, second, 10));
        let mut skipped = 0;
        recorder.counters(&mut |name, count| skipped += if name == "recorder_skipped" { count } else { 0 });
        assert_eq!(skipped, 3, "the entry that found it out was still written");
        recorder.config.recorder.disk_reserve_mib = 0;
        write(&mut recorder, 6, 10);
        write(&mut recorder, 7, 10);
        recorder.finish().expect("completed");
        assert_eq!(folder.entries(), [vec![1, 2], vec![7]]);
    }

    fn count(recorder: &Recorder, wanted: &str) -> u64 {
        let mut found = 0;
        recorder.counters(&mut |name, count| found += if name == wanted { count } else { 0 });
        found
    }

    #[test]
    fn what_the_disk_refuses_ends_a_file_and_not_the_recording() {
        let folder = Folder::new("refused");
        let mut recorder = folder.recorder("file-age-s = 10.0\n");
        write(&mut recorder, 1, 10);
        std::fs::remove_dir_all(&folder.0).expect("removed");
        let entry = |second: u32| Entry::of(Timestamp::from_secs(second.into()), SensorId(0), vec![7; 10]);
        assert!(recorder.write(&entry(12), at(12)).is_err(), "no folder for the next file");
        assert!(recorder.trouble().is_some_and(|cause| !cause.is_empty()));
        assert!(recorder.write(&entry(13), at(13)).is_err(), "tried again after a second");
        (14..15).for_each(|second| write(&mut recorder, second, 10));
        assert_eq!((count(&recorder, "recorder_failed"), count(&recorder, "recorder_skipped")), (2, 3));
        std::fs::create_dir_all(&folder.0).expect("a folder");
        (15..18).for_each(|second| write(&mut recorder, second, 10));
        assert_eq!(recorder.trouble(), None);
        recorder.finish().expect("completed");
        assert_eq!(folder.entries(), [vec![16, 17]], "the second pause is of two seconds");
    }
}
