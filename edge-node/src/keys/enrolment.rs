//! A box's side of enrolment: it makes its keys itself, asks, and installs what it was answered. Private keys never
//! leave it.

use std::fs;
use std::path::Path;

use fusion_core::time::Timestamp;
use proto::passport::SigningKey;
use rcgen::{CertificateParams, KeyPair};
use serde::{Deserialize, Serialize};

use super::files::{self, Readers};
use super::papers::{Bundle, Denied, Request};
use super::text::{array_from_hex, hex};
use super::{DENIED, INSTALLED, Keys, KeysError, new_signing_key};
use crate::config::is_name;

/// Keys that a certificate was asked for, and that none came for yet.
const PENDING: &str = "pending.toml";

/// A box's private keys.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Private {
    pub(super) name: String,
    signing_key: String,
    pub(super) certificate_key: String,
}

impl Private {
    fn new(name: &str) -> Result<Self, KeysError> {
        let key = super::authority::new_key_pair()?;
        let signing_key = hex(new_signing_key()?.as_bytes());
        Ok(Self { name: name.into(), signing_key, certificate_key: key.serialize_pem() })
    }

    pub(super) fn signing_key(&self) -> Option<SigningKey> {
        array_from_hex(&self.signing_key).map(|key| SigningKey::from_bytes(&key))
    }

    fn request(&self) -> Result<Request, KeysError> {
        let key = self.signing_key().ok_or_else(|| KeysError::Refused("no signing key is installed".into()))?;
        let pair = KeyPair::from_pem(&self.certificate_key).map_err(super::authority::made)?;
        let request = CertificateParams::default().serialize_request(&pair).map_err(super::authority::made)?;
        let pem = request.pem().map_err(super::authority::made)?;
        Ok(Request::new(&self.name, pem, &key))
    }
}

/// What is installed: one file, so that it is replaced whole.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Installed {
    pub(super) private: Private,
    pub(super) bundle: Bundle,
}

/// Makes keys in a folder and asks for a certificate.
///
/// # Errors
/// [`KeysError::There`] if the box has keys, or has asked already.
pub fn request(folder: &Path, name: &str) -> Result<Request, KeysError> {
    if !is_name(name) {
        return Err(KeysError::Refused(format!("\"{name}\" is no node.name: 1 to 32 of a–z, 0–9 and '-'")));
    }
    if folder.join(INSTALLED).exists() {
        return Err(KeysError::There(folder.join(INSTALLED)));
    }
    files::private_folder(folder)?;
    ask(folder, &Private::new(name)?)
}

/// Asks for another certificate, for the same keys or for new ones.
///
/// # Errors
/// [`KeysError`] if none are installed, or it was asked already.
pub fn renew(folder: &Path, new_keys: bool) -> Result<Request, KeysError> {
    let installed: Installed = files::read(&folder.join(INSTALLED), Readers::Owner)?;
    let private = if new_keys { Private::new(&installed.private.name)? } else { installed.private };
    ask(folder, &private)
}

fn ask(folder: &Path, private: &Private) -> Result<Request, KeysError> {
    let request = private.request()?;
    files::write_new(&folder.join(PENDING), private, Readers::Owner)?;
    Ok(request)
}

/// Installs what the authority answered, if it fits the keys that it was asked for.
///
/// # Errors
/// [`KeysError::Refused`] with what does not fit. What was installed before stays as it was.
pub fn install(folder: &Path, bundle: Bundle, now: Timestamp) -> Result<Keys, KeysError> {
    let pending = folder.join(PENDING);
    let private: Private = files::read(&pending, Readers::Owner)?;
    let installed = Installed { private, bundle };
    let keys = Keys::of(&installed)?;
    keys.check(now)?;
    if let Ok(before) = Keys::read(folder)
        && before.authority != keys.authority
    {
        return Err(KeysError::Refused(format!(
            "the bundle is of authority {}, this box belongs to {}: for another mission use another folder",
            keys.authority_id(),
            before.authority_id()
        )));
    }
    files::write(&folder.join(INSTALLED), &installed, Readers::Owner)?;
    fs::remove_file(&pending).map_err(|e| KeysError::Io(pending, e))?;
    Keys::read(folder)
}

/// Installs a deny-list; whether it was newer than what is there.
///
/// # Errors
/// [`KeysError::Refused`] if it is not of this box's authority.
pub fn install_deny_list(folder: &Path, denied: &Denied) -> Result<bool, KeysError> {
    let keys = Keys::read(folder)?;
    let (list, _) = denied.verified(&keys.authority).map_err(|e| KeysError::Refused(e.to_string()))?;
    if list.version <= keys.deny_list.version {
        return Ok(false);
    }
    files::write(&folder.join(DENIED), denied, Readers::All).map(|()| true)
}
