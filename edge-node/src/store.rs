//! What a node must remember across restarts: its incarnation, so that no reboot reuses a track number.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use fusion_core::time::Timestamp;
use proto::codec::{self, CodecError, NodeState};

const FILE: &str = "node.state";
const FORMAT_VERSION: u16 = 1;

/// Why the state could not be read or kept.
#[derive(Debug)]
pub enum StoreError {
    /// The file could not be read or written.
    Io(PathBuf, std::io::Error),
    /// The file is there but not believed. Nothing was changed.
    Refused(PathBuf, CodecError),
}

impl core::fmt::Display for StoreError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io(path, e) => write!(f, "{}: {e}", path.display()),
            Self::Refused(path, e) => {
                write!(f, "{}: {e}; move it away to begin a new incarnation", path.display())
            }
        }
    }
}

impl core::error::Error for StoreError {}

/// Begins a new life: one incarnation after the last one kept, and never below the Unix time in seconds, so that a
/// lost state cannot bring an old one back.
///
/// # Errors
/// [`StoreError`] if the state is there and cannot be believed, or the new one cannot be kept.
pub fn next_incarnation(directory: Option<&Path>, now: Timestamp) -> Result<u32, StoreError> {
    let by_clock = u32::try_from(now.as_nanos() / 1_000_000_000).unwrap_or(0).max(1);
    let Some(directory) = directory else { return Ok(by_clock) };
    let path = directory.join(FILE);
    let before = match fs::read(&path) {
        Ok(bytes) => {
            codec::decode::<NodeState>(FORMAT_VERSION, &bytes).map_err(|e| StoreError::Refused(path.clone(), e))?
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => NodeState::default(),
        Err(e) => return Err(StoreError::Io(path, e)),
    };
    let incarnation = before.incarnation.saturating_add(1).max(by_clock);
    keep(&path, &NodeState { incarnation, ..before })?;
    Ok(incarnation)
}

/// Written beside, synced, renamed over: a power cut leaves the old state or the new one.
fn keep(path: &Path, state: &NodeState) -> Result<(), StoreError> {
    let io = |e| StoreError::Io(path.to_owned(), e);
    let bytes = codec::encode(FORMAT_VERSION, state).map_err(|e| StoreError::Refused(path.to_owned(), e))?;
    let beside = path.with_extension("new");
    let mut file = fs::File::create(&beside).map_err(io)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&beside, path).map_err(io)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|f| f.sync_all()).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("copmesh-store-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        path
    }

    #[test]
    fn every_life_has_a_larger_number_even_if_the_clock_steps_back() {
        let folder = folder("lives");
        let (later, earlier) = (Timestamp::from_secs(2_000_000_000), Timestamp::from_secs(1_000_000_000));
        assert_eq!(next_incarnation(Some(&folder), later).expect("kept"), 2_000_000_000);
        assert_eq!(next_incarnation(Some(&folder), earlier).expect("kept"), 2_000_000_001);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_damaged_state_is_refused_and_left_alone() {
        let folder = folder("damaged");
        fs::write(folder.join(FILE), b"CPMSgarbage-garbage-garbage").expect("written");
        let error = next_incarnation(Some(&folder), Timestamp::EPOCH).expect_err("refused");
        assert!(error.to_string().contains("node.state"), "{error}");
        assert!(fs::read(folder.join(FILE)).expect("still there").starts_with(b"CPMSgarbage"));
        fs::remove_dir_all(folder).expect("removed");
    }
}
