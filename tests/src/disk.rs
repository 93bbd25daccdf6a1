//! A disk that fails on purpose, from a seed: for what must survive a power cut.
//!
//! What is written lies in a cache, in sectors of 512 octets, until it is synced. A cut keeps a random part of the
//! sectors that were not, and of the files that were made or removed since the folder was synced. Beside that any call
//! can be made to fail, room can end, and the medium can become read-only.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use edge_node::journal::Storage;

use crate::world::random::Random;

/// What the drive writes at once.
const SECTOR: usize = 512;

/// A file, as whoever asks sees it and as the medium has it.
#[derive(Clone, Debug, Default)]
struct File {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors in which the two differ.
    dirty: BTreeSet<usize>,
}

/// The disk.
#[derive(Clone, Debug, Default)]
pub struct FakeDisk {
    files: BTreeMap<String, File>,
    /// Files that were removed since the folder was synced.
    removed: BTreeMap<String, File>,
    /// Files that were made since then.
    made: BTreeSet<String>,
    /// Calls so far.
    pub calls: u64,
    /// The call that fails, counted from one.
    pub fails_at: Option<u64>,
    /// Octets that fit.
    pub room: Option<usize>,
    /// Whether nothing can be changed.
    pub read_only: bool,
    /// Whether it says that it has made durable what it has not: a disk on which no journal is safe.
    pub lies: bool,
}

impl FakeDisk {
    /// The power is cut, and comes back.
    pub fn cut(&mut self, random: &mut Random) {
        for (name, file) in core::mem::take(&mut self.removed) {
            if random.chance(0.5) {
                self.files.entry(name).or_insert(file);
            }
        }
        for name in core::mem::take(&mut self.made) {
            if random.chance(0.5) {
                self.files.remove(&name);
            }
        }
        for file in self.files.values_mut() {
            for sector in core::mem::take(&mut file.dirty) {
                if random.chance(0.5) {
                    file.keep(sector);
                }
            }
            file.seen.clone_from(&file.durable);
        }
    }

    /// Lays a file there, durable.
    pub fn lay(&mut self, name: &str, octets: &[u8]) {
        let file = File { seen: octets.to_vec(), durable: octets.to_vec(), ..File::default() };
        self.files.insert(name.to_owned(), file);
    }

    /// The octets of a file, to be damaged.
    pub fn octets_mut(&mut self, name: &str) -> Option<&mut Vec<u8>> {
        self.files.get_mut(name).map(|file| &mut file.seen)
    }

    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        if self.fails_at == Some(self.calls) { Err(io::Error::other("a fault, on purpose")) } else { Ok(()) }
    }

    fn change(&mut self) -> io::Result<()> {
        self.call()?;
        if self.read_only { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }

    fn file(&mut self, name: &str) -> io::Result<&mut File> {
        self.files.get_mut(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl File {
    /// Makes a sector durable.
    fn keep(&mut self, sector: usize) {
        let (begin, end) = (sector * SECTOR, ((sector + 1) * SECTOR).min(self.seen.len()));
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[begin..end].copy_from_slice(&self.seen[begin..end]);
    }
}

impl Storage for FakeDisk {
    fn list(&mut self) -> io::Result<Vec<String>> {
        self.call()?;
        Ok(self.files.keys().cloned().collect())
    }

    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        self.call()?;
        self.file(name).map(|file| file.seen.clone())
    }

    fn create(&mut self, name: &str, octets: u64) -> io::Result<()> {
        self.change()?;
        let octets = usize::try_from(octets).map_err(io::Error::other)?;
        let used: usize = self.files.values().map(|file| file.seen.len()).sum();
        let has_room = self.room.is_none_or(|room| used + octets <= room);
        let file = File { seen: vec![0; if has_room { octets } else { 0 }], ..File::default() };
        self.files.insert(name.to_owned(), file);
        self.made.insert(name.to_owned());
        if has_room { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn write(&mut self, name: &str, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.change()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let file = self.file(name)?;
        let end = offset + octets.len();
        if file.seen.len() < end {
            file.seen.resize(end, 0);
        }
        file.seen[offset..end].copy_from_slice(octets);
        file.dirty.extend(offset / SECTOR..end.div_ceil(SECTOR));
        Ok(())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.change()?;
        let lies = self.lies;
        let file = self.file(name)?;
        if !lies {
            core::mem::take(&mut file.dirty).into_iter().for_each(|sector| file.keep(sector));
        }
        Ok(())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.change()?;
        self.made.clear();
        self.removed.clear();
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.change()?;
        let file = self.files.remove(name).ok_or(io::ErrorKind::NotFound)?;
        if !self.made.remove(name) {
            self.removed.insert(name.to_owned(), file);
        }
        Ok(())
    }
}
