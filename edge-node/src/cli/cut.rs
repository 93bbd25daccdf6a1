//! `copmesh cut` and `copmesh merge`: recordings out of recordings, with their configuration.

use std::path::Path;

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::plots::from_rfc3339;

use super::answers::{Copied, answer};
use super::replay::merge::Merged;
use super::{CutArgs, Failure, MergeArgs};
use crate::recording::copier::Copier;

/// A moment of a recording, as people tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A time of receipt.
    At(Timestamp),
    /// So long after the first entry.
    After(Span),
}

impl Moment {
    fn from(self, first: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::After(span) => first + span,
        }
    }
}

/// A moment from the command line: RFC 3339, or `+SECONDS`.
///
/// # Errors
/// If it is neither.
pub fn parse_moment(text: &str) -> Result<Moment, String> {
    let wrong =
        || format!("\"{text}\" is no moment; write 2024-06-01T10:00:00Z, or +90 for seconds after the first entry");
    match text.strip_prefix('+') {
        Some(seconds) => {
            let seconds: f64 = seconds.parse().map_err(|_| wrong())?;
            if !(0.0..=1e9).contains(&seconds) {
                return Err(wrong());
            }
            Ok(Moment::After(Span::from_secs_f64(seconds)))
        }
        None => from_rfc3339(text).map(Moment::At).ok_or_else(wrong),
    }
}

/// Copies what was received from one moment on and before another.
///
/// # Errors
/// [`Failure`] if the recording is refused, or the new one cannot be written.
pub fn run(args: &CutArgs) -> Result<(), Failure> {
    let file = std::slice::from_ref(&args.file);
    let merged = Merged::open(file, args.config.as_deref(), args.import.date, args.import.port)?;
    answer(&copy(merged, args.from, args.to, &args.out)?, args.json)
}

/// Copies several recordings into one, by time of receipt.
///
/// # Errors
/// [`Failure`] if a recording is refused, two do not fit, or the new one cannot be written.
pub fn merge(args: &MergeArgs) -> Result<(), Failure> {
    let merged = Merged::open(&args.files, args.config.as_deref(), args.import.date, args.import.port)?;
    answer(&copy(merged, None, None, &args.out)?, args.json)
}

fn copy(mut merged: Merged, from: Option<Moment>, to: Option<Moment>, out: &Path) -> Result<Copied, Failure> {
    merged.config.check().map_err(Failure::refused)?;
    let mut copier = Copier::create(out, merged.config.clone()).map_err(Failure::refused)?;
    let (mut read, mut written, mut first) = (0_u64, 0_u64, None);
    for entry in &mut merged {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                // What can be read of it is copied; the other recordings go on.
                eprintln!("copmesh: {e}");
                continue;
            }
        };
        read += 1;
        let first = *first.get_or_insert(entry.received);
        let early = from.is_some_and(|from| entry.received < from.from(first));
        let late = to.is_some_and(|to| entry.received >= to.from(first));
        // Receipts may step back a little, so the reading goes on behind the end too.
        if !early && !late {
            copier.write(&entry).map_err(Failure::failed)?;
            written += 1;
        }
    }
    copier.finish().map_err(Failure::failed)?;
    Ok(Copied { file: out.display().to_string(), written, read })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use fusion_core::measurement::SensorId;

    use super::*;
    use crate::cli::ImportArgs;
    use crate::clock::Monotonic;
    use crate::config::Config;
    use crate::recording::recorder::Recorder;
    use crate::recording::{self, Entry};

    const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
    const DAY: Timestamp = Timestamp::EPOCH;
    const IMPORT: ImportArgs = ImportArgs { port: None, date: DAY };

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("copmesh-cut-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }

        /// A recording of one sensor, with an entry at each of the seconds.
        fn recording(&self, name: &str, sensor: &str, seconds: &[i64]) -> PathBuf {
            let path = self.0.join(name);
            let config = Config::parse(&format!("{NODE}[recorder]\ndisk-reserve-mib = 0\n{sensor}")).expect("valid");
            let mut recorder = Recorder::create(&path, &config, DAY).expect("a new file");
            for &second in seconds {
                let entry = Entry::of(Timestamp::from_secs(second), SensorId(0), second.to_string().into_bytes());
                recorder.write(&entry, Monotonic::default()).expect("written");
            }
            recorder.finish().expect("completed");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn sensor(name: &str, range_m: &str) -> String {
        format!(
            "[[sensors]]\nname = \"{name}\"\nkind = \"beast\"\nrange-max-m = {range_m}\n\
             label = {{ level = \"unclassified\", originator = \"TEST\" }}\n"
        )
    }

    /// Sensor, second and bytes of every entry.
    fn read(path: &Path) -> (Config, Vec<Entry>) {
        let opened = recording::open(path, DAY).expect("one of ours");
        (opened.config.expect("kept"), opened.entries.map(|e| e.expect("whole")).collect())
    }

    fn cut(file: &Path, from: &str, to: &str, out: &Path) -> Result<(), Failure> {
        let moment = |text: &str| parse_moment(text).expect("a moment");
        let (from, to) = (Some(moment(from)), Some(moment(to)));
        run(&CutArgs {
            file: file.to_owned(),
            from,
            to,
            out: out.to_owned(),
            config: None,
            import: IMPORT,
            json: false,
        })
    }

    fn merged(files: &[PathBuf], out: &Path) -> Result<(), Failure> {
        merge(&MergeArgs { files: files.to_vec(), out: out.to_owned(), config: None, import: IMPORT, json: false })
    }

    #[test]
    fn what_is_cut_apart_and_merged_again_is_what_it_was() {
        let folder = Folder::new("round");
        let whole = folder.recording("whole.mcap", &sensor("adsb", "300000.0"), &[100, 101, 103, 102, 104, 105]);
        let [a, b, again] = ["a.mcap", "b.mcap", "again.mcap"].map(|name| folder.0.join(name));
        cut(&whole, "+0", "1970-01-01T00:01:43Z", &a).expect("cut");
        cut(&whole, "+3", "+1000", &b).expect("cut");
        assert_eq!((read(&a).1.len(), read(&b).1.len()), (3, 3));
        merged(&[b, a], &again).expect("merged");
        let (config, mut entries) = read(&whole);
        entries.sort_by_key(|entry| entry.received);
        assert_eq!(read(&again), (config, entries));
    }

    #[test]
    fn sensors_are_united_by_name_and_strangers_kept_apart() {
        let folder = Folder::new("unite");
        let (adsb, other) = (sensor("adsb", "300000.0"), sensor("other", "300000.0"));
        let files = [("a", &adsb, 1), ("b", &other, 2), ("c", &adsb, 3)]
            .map(|(name, sensor, second)| folder.recording(&format!("{name}.mcap"), sensor, &[second]));
        let out = folder.0.join("out.mcap");
        merged(&files, &out).expect("merged");
        let (config, entries) = read(&out);
        assert_eq!(config.sensors.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["adsb", "other"]);
        assert_eq!(entries.iter().map(|e| e.sensor.0).collect::<Vec<_>>(), [0, 1, 0]);
    }

    #[test]
    fn a_clash_and_a_file_that_is_there_are_refused_with_what_to_do() {
        let folder = Folder::new("clash");
        let near = folder.recording("near.mcap", &sensor("adsb", "1000.0"), &[1]);
        let far = folder.recording("far.mcap", &sensor("adsb", "2000.0"), &[2]);
        let clash = merged(&[near.clone(), far.clone()], &folder.0.join("out.mcap")).expect_err("two sensors");
        assert!(clash.message.contains("\"adsb\"") && clash.message.contains("--config"), "{}", clash.message);
        let there = cut(&near, "+0", "+1", &far).expect_err("it is there");
        assert!(there.message.contains("give another --out"), "{}", there.message);
        assert_eq!(read(&far).1.len(), 1, "and left as it was");
    }

    #[test]
    fn moments_are_told_as_times_or_as_seconds() {
        assert_eq!(parse_moment("+1.5"), Ok(Moment::After(Span::from_secs_f64(1.5))));
        assert_eq!(parse_moment("1970-01-01T00:00:10Z"), Ok(Moment::At(Timestamp::from_secs(10))));
        for wrong in ["10", "+", "+-1", "+NaN", "noon"] {
            assert!(parse_moment(wrong).expect_err(wrong).contains("write 2024"));
        }
    }
}
