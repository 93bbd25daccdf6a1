//! A recording made of others: one file, ended when all is in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::mcap_file::FileWriter;
use super::{Entry, RecordingError};
use crate::config::Config;

/// Writes one recording of any length.
pub struct Copier {
    path: PathBuf,
    file: File,
    config: Config,
    /// Begun with the first entry, whose time the configuration gets.
    writer: Option<FileWriter>,
    sequence: u32,
}

impl Copier {
    /// Creates the file. One that is there is not written over.
    ///
    /// # Errors
    /// [`RecordingError`] if it is there, or cannot be written.
    pub fn create(path: &Path, config: Config) -> Result<Self, RecordingError> {
        let file = File::create_new(path).map_err(|e| {
            let there = e.kind() == std::io::ErrorKind::AlreadyExists;
            let message = if there { "is there already; give another --out".to_owned() } else { e.to_string() };
            RecordingError::new(path, message)
        })?;
        Ok(Self { path: path.to_owned(), file, config, writer: None, sequence: 0 })
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// [`RecordingError`] if the disk refuses.
    pub fn write(&mut self, entry: &Entry) -> Result<(), RecordingError> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        self.writer(entry.received)?.write(entry, sequence).map_err(|e| self.refused(&e))
    }

    /// Ends the file, and waits until the disk has it.
    ///
    /// # Errors
    /// [`RecordingError`] if the disk refuses.
    pub fn finish(mut self) -> Result<(), RecordingError> {
        self.writer(fusion_core::time::Timestamp::EPOCH)?;
        let ended = self.writer.take().map_or(Ok(()), FileWriter::finish);
        ended.map_err(|e| self.refused(&e))?;
        self.file.sync_all().map_err(|e| self.refused(&e.into()))
    }

    fn writer(&mut self, time: fusion_core::time::Timestamp) -> Result<&mut FileWriter, RecordingError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let begun = self.file.try_clone().map_err(mcap::McapError::from);
                let begun = begun.and_then(|file| FileWriter::begin(file, None, &self.config, time));
                begun.map_err(|e| self.refused(&e))?
            }
        };
        Ok(self.writer.insert(writer))
    }

    fn refused(&self, cause: &mcap::McapError) -> RecordingError {
        RecordingError::new(&self.path, cause.to_string())
    }
}
