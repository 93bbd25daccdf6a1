//! Files of keys: written whole or not at all, private ones for nobody else to read, and refused where others may.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::KeysError;

/// The largest file that is read; a whole deny-list with its passports takes some 120 kB.
///
/// No counter: a larger one is refused as [`KeysError::NotOurs`].
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone: there is a private key in it.
    Owner,
    /// Everybody.
    All,
}

/// Reads a file of ours.
///
/// # Errors
/// [`KeysError`] if it is not there, if it is private and others may read it, or if it is not what it should be.
pub fn read<T: DeserializeOwned>(path: &Path, readers: Readers) -> Result<T, KeysError> {
    let io = |e| KeysError::Io(path.to_owned(), e);
    let file = fs::metadata(path).map_err(io)?;
    if readers == Readers::Owner && file.permissions().mode() & 0o077 != 0 && !is_credential(path) {
        return Err(KeysError::Exposed(path.to_owned(), file.permissions().mode() & 0o777));
    }
    let not_ours = |why: String| KeysError::NotOurs(path.to_owned(), why);
    if file.len() > FILE_BYTES_MAX {
        return Err(not_ours(format!("larger than {FILE_BYTES_MAX} octets")));
    }
    toml::from_str(&fs::read_to_string(path).map_err(io)?).map_err(|e| not_ours(e.message().to_owned()))
}

/// Systemd guards its credentials itself; what it grants to a service user shows as the mode of the group.
fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.starts_with(folder))
}

/// Writes a file: beside, synced, renamed over. A power cut leaves the old one or the new one.
///
/// # Errors
/// [`KeysError::Io`].
pub fn write(path: &Path, content: &impl Serialize, readers: Readers) -> Result<(), KeysError> {
    let io = |e| KeysError::Io(path.to_owned(), e);
    let text = toml::to_string(content).expect("plain tables and strings");
    let beside = path.with_extension("new");
    let mode = if readers == Readers::Owner { 0o600 } else { 0o644 };
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(e)),
        _ => {}
    }
    // Made anew, so that nobody else holds it open or has chosen its mode.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&beside, path).map_err(io)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

/// Writes a file that must not be there yet.
///
/// # Errors
/// [`KeysError::There`] if it is, else [`KeysError::Io`].
pub fn write_new(path: &Path, content: &impl Serialize, readers: Readers) -> Result<(), KeysError> {
    if path.exists() { Err(KeysError::There(path.to_owned())) } else { write(path, content, readers) }
}

/// Makes a folder that nobody else may look into, if it is not there.
///
/// # Errors
/// [`KeysError::Io`].
pub fn private_folder(path: &Path) -> Result<(), KeysError> {
    let io = |e| KeysError::Io(path.to_owned(), e);
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(io)?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(io)
}
