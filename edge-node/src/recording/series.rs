//! The files of one recorder in their folder: `x.mcap`, then `x-2.mcap`, `x-3.mcap` and so on, over all runs. A number
//! once used is not used again while a higher one is there, so the numbers tell the order.
//!
//! A name proves nothing: somebody may put a recording of another node there, or a part of one that `copmesh cut` made.
//! So each file says at its very beginning, in an MCAP metadata record, of which node's series it is. Only what says
//! so is ever removed; whatever else has such a name is left alone, and only its number is not used.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mcap::read::{LinearReader, Options};
use mcap::records::{Metadata, Record};

/// Files of one series in a folder at the most.
///
/// Counter: `removed`; the oldest go.
pub const RECORDINGS_MAX: usize = 10_000;

/// Name of the metadata record that says of which series a file is.
const MARK: &str = "copmesh-series";
/// As far as is read to find it: it stands behind the header, and names are short.
const MARK_WITHIN_BYTES: u64 = 1024;

/// The files of one recorder.
#[derive(Clone, Debug)]
pub struct Series {
    first: PathBuf,
    node: String,
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
    /// The series of a node that begins with this file.
    #[must_use]
    pub fn new(first: &Path, node: &str) -> Self {
        Self { first: first.to_owned(), node: node.to_owned() }
    }

    /// What each of its files says of itself.
    #[must_use]
    pub fn mark(&self) -> Metadata {
        let said = [("node", self.node.as_str()), ("series", self.stem())];
        let metadata: BTreeMap<_, _> = said.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Metadata { name: MARK.to_owned(), metadata }
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

    /// Gives up a file that was created and could not be begun.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn discard(&self, number: u64) -> io::Result<()> {
        fs::remove_file(self.path(number))
    }

    /// Removes the oldest of its files below `current` until the others hold no more than `bytes`; how many went.
    ///
    /// # Errors
    /// If the folder cannot be read, or a file not be removed.
    pub fn prune(&self, current: u64, bytes: u64) -> io::Result<u64> {
        let files = self.files()?;
        let ours = |file: &&Numbered| file.number < current && self.is_marked(&file.path);
        let mut before: Vec<&Numbered> = files.iter().filter(ours).collect();
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

    /// Whether a file says that it is of this series. What cannot be read says nothing.
    fn is_marked(&self, path: &Path) -> bool {
        let mut head = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MARK_WITHIN_BYTES).read_to_end(&mut head));
        let records = LinearReader::new_with_options(&head, Options::IgnoreEndMagic.into());
        let (Ok(_), Ok(mut records)) = (read, records) else { return false };
        let (header, mark) = (records.next(), records.next());
        matches!(header, Some(Ok(Record::Header(_))))
            && matches!(mark, Some(Ok(Record::Metadata(mark))) if mark == self.mark())
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

    /// A file of some bytes that says of which series it is.
    fn write(series: &Series, number: u64, bytes: usize) {
        let mut writer = mcap::Writer::new(File::create(series.path(number)).expect("a file")).expect("begun");
        writer.write_metadata(&series.mark()).expect("marked");
        writer.finish().expect("ended");
        let file = fs::OpenOptions::new().append(true).open(series.path(number)).expect("there");
        let length = file.metadata().expect("known").len();
        file.set_len(length.max(bytes as u64)).expect("longer");
    }

    #[test]
    fn only_files_of_its_own_name_and_number_belong_to_a_series() {
        let series = Series::new(Path::new("d/x.mcap"), "alpha");
        let number = |name: &str| series.number(name);
        assert_eq!((number("x.mcap"), number("x-2.mcap"), number("x-11.mcap")), (Some(1), Some(2), Some(11)));
        for other in ["x-1.mcap", "x-02.mcap", "x-.mcap", "x-2.mcap.bak", "y-2.mcap", "xy.mcap", "x-+3.mcap"] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn the_oldest_go_first_and_never_the_current() {
        let folder = folder("oldest");
        let series = Series::new(&folder.join("x.mcap"), "alpha");
        for number in 1..=4 {
            assert_eq!(series.create_next().expect("created").0, number);
            write(&series, number, 10_000);
        }
        assert_eq!(series.prune(4, 25_000).expect("pruned"), 1);
        assert_eq!(series.prune(4, 0).expect("pruned"), 2);
        let left: Vec<u64> = series.files().expect("listed").iter().map(|file| file.number).collect();
        assert_eq!(left, [4]);
        // The number of a file that is gone does not come back.
        assert_eq!(series.create_next().expect("created").0, 5);
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_stranger_is_never_removed_whatever_its_name_is() {
        let folder = folder("stranger");
        let series = Series::new(&folder.join("x.mcap"), "alpha");
        fs::write(folder.join("precious.mcap"), [0; 500]).expect("written");
        fs::write(series.path(1), [0; 500]).expect("written");
        fs::write(series.path(2), []).expect("written");
        write(&Series::new(&folder.join("x.mcap"), "bravo"), 3, 500);
        write(&Series::new(&folder.join("y.mcap"), "alpha"), 4, 500);
        fs::rename(folder.join("y-4.mcap"), series.path(4)).expect("renamed");
        write(&series, 5, 500);
        assert_eq!(series.prune(9, 0).expect("pruned"), 1);
        let left: Vec<u64> = series.files().expect("listed").iter().map(|file| file.number).collect();
        assert!(left == [1, 2, 3, 4] && folder.join("precious.mcap").is_file(), "{left:?}");
        fs::remove_dir_all(&folder).expect("removed");
    }
}
