//! Segments as files of a folder.
//!
//! Room is taken when a file is made, so that what is written later changes no more of the file system than the data
//! and, once, that it is in use; `fdatasync` then makes an append durable. The folder is locked while it is in use.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, FlockOperation};

use super::Storage;

/// A folder.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
    folder: File,
    /// The file that was made last.
    current: Option<(String, File)>,
}

impl Disk {
    /// Opens a folder to write in, and makes it if it is not there. Nobody else may write in it meanwhile.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::ResourceBusy`] if another process writes in it.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let disk = Self::look_at(path)?;
        rustix::fs::flock(&disk.folder, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => {
                io::Error::new(io::ErrorKind::ResourceBusy, "another node keeps its state there")
            }
            error => error.into(),
        })?;
        Ok(disk)
    }

    /// Opens a folder to read from.
    ///
    /// # Errors
    /// What the system says.
    pub fn look_at(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), folder: File::open(path)?, current: None })
    }

    fn file(&mut self, name: &str) -> io::Result<&File> {
        let current = self.current.as_ref().filter(|(current, _)| current == name);
        current.map(|(_, file)| file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Storage for Disk {
    fn list(&mut self) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.path)?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
        names.filter_map(Result::transpose).collect()
    }

    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        File::open(self.path.join(name))?.read_to_end(&mut octets)?;
        Ok(octets)
    }

    fn create(&mut self, name: &str, octets: u64) -> io::Result<()> {
        self.current = None;
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(self.path.join(name))?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, octets) {
            // A file system that cannot take room in advance takes it when it is written.
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        self.current = Some((name.to_owned(), file));
        Ok(())
    }

    fn write(&mut self, name: &str, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.file(name)?.write_all_at(octets, offset)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.file(name)?.sync_data()
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }
}
