//! The files of one recorder in their folder: `x.mcap`, then `x-2.mcap`, `x-3.mcap` and so on, over all runs. A number
//! once used is not used again while a higher one is there, so the numbers tell the order.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Files of one name in a folder at the most.
///
/// Counter: `removed`; the oldest go.
pub const RECORDINGS_MAX: usize = 10_000;

/// The files of one recorder.
#[derive(Clone, Debug)]
pub struct Series {
    first: PathBuf,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numbered {
    /// Its place in the series; the file without a number is the first.
    pub number: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
}

impl Series {
    /// The series that begins with this file.
    #[must_use]
    pub fn new(first: &Path) -> Self {
        Self { first: first.to_owned() }
    }

    /// The folder that the files are in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self.first.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// The files that are there, oldest first.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn files(&self) -> io::Result<Vec<Numbered>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.folder())? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(number) = name.to_str().and_then(|name| self.number(name)) {
                // One that was moved away meanwhile is none of ours any more.
                let Ok(known) = entry.metadata() else { continue };
                files.push(Numbered { number, path: entry.path(), bytes: known.len() });
            }
        }
        files.sort();
        Ok(files)
    }

    /// Creates the next file. What is there is never written over.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn create_next(&self) -> io::Result<(u64, File)> {
        let mut number = self.files()?.last().map_or(1, |last| last.number + 1);
        loop {
            match File::create_new(self.path(number)) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
                other => return other.map(|file| (number, file)),
            }
        }
    }

    /// Removes the oldest files below `current` until the others hold no more than `bytes`; how many went.
    ///
    /// # Errors
    /// If the folder cannot be read, or a file not be removed.
    pub fn prune(&self, current: u64, bytes: u64) -> io::Result<u64> {
        let files = self.files()?;
        let mut before: Vec<&Numbered> = files.iter().filter(|file| file.number < current).collect();
        let mut held: u64 = before.iter().map(|file| file.bytes).sum();
        let mut removed = 0;
        while !before.is_empty() && (held > bytes || before.len() >= RECORDINGS_MAX) {
            let oldest = before.remove(0);
            fs::remove_file(&oldest.path)?;
            held -= oldest.bytes;
            removed += 1;
        }
        Ok(removed)
    }

    fn stem(&self) -> &str {
        self.first.file_stem().and_then(|stem| stem.to_str()).unwrap_or("recording")
    }

    fn path(&self, number: u64) -> PathBuf {
        if number == 1 {
            self.first.clone()
        } else {
            self.first.with_file_name(format!("{}-{number}.mcap", self.stem()))
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        if self.first.file_name().and_then(|first| first.to_str()) == Some(name) {
            return Some(1);
        }
        let digits = name.strip_prefix(self.stem())?.strip_prefix('-')?.strip_suffix(".mcap")?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse().ok().filter(|number| plain && *number > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("copmesh-series-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn only_files_of_its_own_name_and_number_belong_to_a_series() {
        let series = Series::new(Path::new("d/x.mcap"));
        let number = |name: &str| series.number(name);
        assert_eq!((number("x.mcap"), number("x-2.mcap"), number("x-11.mcap")), (Some(1), Some(2), Some(11)));
        for other in ["x-1.mcap", "x-02.mcap", "x-.mcap", "x-2.mcap.bak", "y-2.mcap", "xy.mcap", "x-+3.mcap"] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn the_oldest_go_first_and_neither_the_current_nor_a_stranger_ever() {
        let folder = folder("oldest");
        let series = Series::new(&folder.join("x.mcap"));
        fs::write(folder.join("precious.mcap"), [0; 500]).expect("written");
        for number in 1..=4 {
            assert_eq!(series.create_next().expect("created").0, number);
            fs::write(series.path(number), [0; 100]).expect("written");
        }
        assert_eq!(series.prune(4, 250).expect("pruned"), 1);
        assert_eq!(series.prune(4, 0).expect("pruned"), 2);
        let left: Vec<u64> = series.files().expect("listed").iter().map(|file| file.number).collect();
        assert!(left == [4] && folder.join("precious.mcap").is_file());
        // The number of a file that is gone does not come back.
        assert_eq!(series.create_next().expect("created").0, 5);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
