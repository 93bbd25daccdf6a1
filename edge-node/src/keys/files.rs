//! Files of keys: written whole or not at all, private ones for nobody else to read, and refused where others may.
//! Whatever else of a node is secret ([`secret`]) is read here, too.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::KeysError;

/// The largest file that is read; a whole deny-list with its passports takes some 120 kB.
///
/// No counter: a larger one is refused as [`KeysError::NotOurs`].
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where systemd says that the credentials of a service are.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Below this they are, in a folder for each service.
const HANDED: &str = "/run/credentials";

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
    let octets = octets(path, readers, std::env::var_os(CREDENTIALS).as_deref().map(Path::new))?;
    toml::from_slice(&octets).map_err(|e| KeysError::NotOurs(path.to_owned(), e.message().to_owned()))
}

/// The content of a file with a private key or a token, which nobody but its owner may read or write.
///
/// # Errors
/// Which file, what is wrong with it, and the remedy.
pub fn secret(path: &Path) -> Result<Vec<u8>, String> {
    let read = octets(path, Readers::Owner, std::env::var_os(CREDENTIALS).as_deref().map(Path::new));
    read.map_err(|e| {
        // What else is not there is made by enrolling, and the error says so.
        let is_away = matches!(&e, KeysError::Io(_, e) if e.kind() == ErrorKind::NotFound);
        if is_away { format!("{}: not there", path.display()) } else { e.to_string() }
    })
}

/// The content of a file. Systemd guards its `credentials` itself; what it grants to a service user shows as the mode
/// of the group.
fn octets(path: &Path, readers: Readers, credentials: Option<&Path>) -> Result<Vec<u8>, KeysError> {
    let io = |e| KeysError::Io(path.to_owned(), e);
    let file = File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
    let is_guarded = credentials.is_some_and(|folder| path.starts_with(folder));
    if readers == Readers::Owner && mode & 0o077 != 0 && !is_guarded {
        return Err(KeysError::Exposed(path.to_owned(), mode));
    }
    let mut octets = Vec::new();
    let length = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut octets).map_err(io)?;
    if length as u64 > FILE_BYTES_MAX {
        return Err(KeysError::NotOurs(path.to_owned(), format!("larger than {FILE_BYTES_MAX} octets")));
    }
    Ok(octets)
}

/// Whether a file is a copy that systemd hands to a service, and this process is not that service.
#[must_use]
pub fn is_handed_to_another(path: &Path) -> bool {
    let is_ours = std::env::var_os(CREDENTIALS).is_some_and(|folder| path.starts_with(folder));
    path.starts_with(HANDED) && !is_ours
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
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(io(e)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_may_read_is_no_secret_but_where_systemd_guards_it() {
        let folder = std::env::temp_dir().join(format!("copmesh-secret-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        let path = folder.join("console.key");
        for (mode, open) in [(0o600, false), (0o400, false), (0o440, true), (0o604, true), (0o620, true)] {
            fs::write(&path, "secret")
                .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
                .expect("ours");
            let read = secret(&path);
            assert_eq!(read.is_err(), open, "{mode:o}: {read:?}");
            if let Err(fault) = read {
                assert!(fault.contains(&format!("{mode:04o}")) && fault.contains("chmod 600"), "{fault}");
            }
            let elsewhere = octets(&path, Readers::Owner, Some(Path::new("/run/credentials/copmesh.service")));
            assert_eq!(elsewhere.is_err(), open, "{mode:o}: {elsewhere:?}");
            assert_eq!(octets(&path, Readers::Owner, Some(&folder)).expect("a credential"), b"secret");
            fs::remove_file(&path).expect("ours");
        }
        assert!(secret(&path).expect_err("it is gone").ends_with("console.key: not there"));
        fs::remove_dir_all(&folder).expect("ours");
    }
}
