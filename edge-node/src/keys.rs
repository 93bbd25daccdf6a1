//! This node's keys: what is installed, whom it names, until when it counts. `docs/KEYS.md` tells how it came there.
//!
//! A node has two: one for TLS, whose certificate carries its name, and one that it signs with, which its passport
//! carries. Both lie with the authority's answer in one file, [`INSTALLED`]; the deny-list beside it, [`DENIED`], is
//! public and may be newer.

pub mod authority;
pub mod enrolment;
pub mod exchange;
pub mod files;
pub mod in_use;
pub mod papers;
pub mod text;

use core::fmt;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fusion_core::time::Timestamp;
use proto::passport::{DenyList, KeyId, Passport, PassportError, SigningKey, VerifyingKey};
use proto::replica::Identity;
use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

use crate::config::KeysConfig;
use enrolment::Installed;
use files::Readers;
use papers::Denied;

/// Private keys, certificate and passport: the name of the file.
pub const INSTALLED: &str = "keys.toml";

/// A deny-list that came after enrolment.
pub const DENIED: &str = "deny-list.toml";

/// Why keys are not used, and what helps.
#[derive(Debug)]
pub enum KeysError {
    /// A file cannot be read or written.
    Io(PathBuf, io::Error),
    /// Others may read or write what is secret; the mode.
    Exposed(PathBuf, u32),
    /// A file is there already.
    There(PathBuf),
    /// A file is not what it should be.
    NotOurs(PathBuf, String),
    /// What was asked for is not done; why, and what helps.
    Refused(String),
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, e) if e.kind() == io::ErrorKind::NotFound => {
                write!(f, "{}: not there; enrol this node first (docs/KEYS.md)", path.display())
            }
            Self::Io(path, e) if e.kind() == io::ErrorKind::PermissionDenied => write!(
                f,
                "{}: {e}; root may read it, and the service what LoadCredential= hands it: for its keys write [keys] \
                 without `directory` (docs/KEYS.md, With systemd)",
                path.display()
            ),
            Self::Io(path, e) => write!(f, "{}: {e}", path.display()),
            Self::Exposed(path, mode) => {
                let path = path.display();
                write!(f, "{path} is secret, and others may read or write it (mode {mode:04o}): chmod 600 {path}")
            }
            Self::There(path) => {
                write!(f, "{} is there already and is not overwritten: move it away first", path.display())
            }
            Self::NotOurs(path, why) => write!(f, "{}: {why}; fetch it again", path.display()),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for KeysError {}

/// A node's keys, with all that was signed for them.
#[derive(Clone)]
pub struct Keys {
    /// What it signs with.
    pub signing: SigningKey,
    /// Who it is.
    pub passport: Passport,
    /// Verifies passports and deny-lists.
    pub authority: VerifyingKey,
    /// Whose keys no longer count.
    pub deny_list: DenyList,
    /// Their passports, as far as they are known: they tell the names.
    pub denied: Vec<Passport>,
    /// The key of its certificate, PEM.
    pub(crate) certificate_key: String,
    /// Its certificate, PEM.
    pub(crate) certificate: String,
    /// The authority's, PEM.
    pub(crate) authority_certificate: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys of {}", self.passport.name)
    }
}

impl Keys {
    /// Those that the configuration names, with the newest deny-list there or beside the journal.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn load(config: &KeysConfig, state: Option<&Path>) -> Result<Self, KeysError> {
        let mut keys = Self::read(&folder(config)?)?;
        if let Some(state) = state {
            keys.read_denied(&state.join(DENIED))?;
        }
        Ok(keys)
    }

    /// Those in a folder, with the newest deny-list there.
    ///
    /// # Errors
    /// [`KeysError`] if something is missing, is exposed or does not fit together. That they have expired is none: see
    /// [`Keys::check`].
    pub fn read(folder: &Path) -> Result<Self, KeysError> {
        let installed: Installed = files::read(&held(folder, INSTALLED), Readers::Owner)?;
        let mut keys = Self::of(&installed)?;
        keys.read_denied(&held(folder, DENIED))?;
        Ok(keys)
    }

    /// Takes over the deny-list in a file, if there is one.
    fn read_denied(&mut self, path: &Path) -> Result<(), KeysError> {
        if path.exists() {
            let file: Denied = files::read(path, Readers::All)?;
            let verified = file.verified(&self.authority);
            let (list, denied) = verified.map_err(|e| KeysError::NotOurs(path.into(), e.to_string()))?;
            self.deny(list, denied);
        }
        Ok(())
    }

    /// Takes over a list that was verified, with passports of those on it, unless a newer one is here.
    pub fn deny(&mut self, list: DenyList, denied: impl IntoIterator<Item = Passport>) {
        if list.version < self.deny_list.version {
            return;
        }
        self.denied.retain(|passport| list.denies(passport.key_id()));
        self.deny_list = list;
        for passport in denied {
            if self.deny_list.denies(passport.key_id()) && !self.denied.contains(&passport) {
                self.denied.push(passport);
            }
        }
    }

    /// Whether a name was denied.
    #[must_use]
    pub fn denies(&self, name: &str) -> bool {
        self.denied.iter().any(|passport| passport.name == name)
    }

    /// The names that were denied.
    #[must_use]
    pub fn denied_names(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.denied.iter().map(|passport| passport.name.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// What a replica signs and verifies with; it signs if it is to.
    #[must_use]
    pub fn of_replica(&self, signs: bool) -> proto::replica::Keys {
        let identity = || Identity { signing_key: self.signing.clone(), passport: self.passport.clone() };
        proto::replica::Keys { identity: signs.then(identity), authority: Some(self.authority) }
    }

    fn of(installed: &Installed) -> Result<Self, KeysError> {
        let (private, bundle) = (&installed.private, &installed.bundle);
        let refused = |e: PassportError| KeysError::Refused(e.to_string());
        let authority = bundle.authority_key().map_err(refused)?;
        let passport = bundle.passport().map_err(refused)?;
        let signing = private.signing_key().ok_or_else(|| KeysError::Refused("no signing key is installed".into()))?;
        let misfit = |what: &str| {
            Err(KeysError::Refused(format!("{what}: not the answer to what this box asked for last; ask anew")))
        };
        if passport.name != private.name.as_str() {
            return misfit(&format!("the passport names {}, this box is {}", passport.name, private.name));
        }
        if passport.key != signing.verifying_key().to_bytes() {
            return misfit("the passport is for another key");
        }
        let (deny_list, denied) = bundle.denied.verified(&authority).map_err(refused)?;
        let keys = Self {
            signing,
            passport,
            authority,
            deny_list,
            denied,
            certificate_key: private.certificate_key.clone(),
            certificate: bundle.certificate.clone(),
            authority_certificate: bundle.authority.clone(),
        };
        if keys.client().is_err() { misfit("the certificate is for another key") } else { Ok(keys) }
    }

    /// The authority's key in short.
    #[must_use]
    pub fn authority_id(&self) -> KeyId {
        KeyId::of(self.authority.as_bytes())
    }

    /// Whether others will accept this node now.
    ///
    /// # Errors
    /// [`KeysError::Refused`] with what they will say.
    pub fn check(&self, now: Timestamp) -> Result<(), KeysError> {
        let refused = |e: PassportError| KeysError::Refused(format!("the passport of {}: {e}", self.passport.name));
        self.passport.verify(&self.authority, now).map_err(refused)?;
        self.deny_list.permits(&self.passport).map_err(refused)?;
        self.check_certificate(now).map_err(|e| {
            let of_another = e == rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
            let why = if of_another { "is of another authority".to_owned() } else { e.to_string() };
            KeysError::Refused(format!("the certificate of {} {why}: renew it", self.passport.name))
        })
    }

    fn check_certificate(&self, now: Timestamp) -> Result<(), rustls::Error> {
        let seconds = u64::try_from(now.as_millis().div_euclid(1000)).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()?), Arc::new(ring::default_provider()));
        let verifier = builder.build().map_err(|e| rustls::Error::General(e.to_string()))?;
        let chain = chain(&self.certificate)?;
        let first = chain.first().ok_or(rustls::Error::NoCertificatesPresented)?;
        verifier.verify_client_cert(first, &chain[1..], at).map(|_| ())
    }

    fn roots(&self) -> Result<RootCertStore, rustls::Error> {
        let mut roots = RootCertStore::empty();
        chain(&self.authority_certificate)?.into_iter().try_for_each(|root| roots.add(root))?;
        Ok(roots)
    }

    /// rustls refuses a key that does not fit the certificate.
    fn client(&self) -> Result<ClientConfig, rustls::Error> {
        let key = PrivateKeyDer::from_pem_slice(self.certificate_key.as_bytes());
        let key = key.map_err(|e| rustls::Error::General(e.to_string()))?;
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots()?)
            .with_client_auth_cert(chain(&self.certificate)?, key)
    }

    /// How they are doing.
    #[must_use]
    pub fn health(&self, now: Timestamp, warning_days: u16) -> KeysHealth {
        let left = self.passport.not_after - now;
        let days_left = left.as_secs_f64() / 86_400.0;
        let soon = (days_left < f64::from(warning_days))
            .then(|| format!("expires in {days_left:.1} days: copmesh renew, before it does"));
        KeysHealth {
            name: self.passport.name.as_str().to_owned(),
            key: self.passport.key_id(),
            authority: self.authority_id(),
            expires: self.passport.not_after,
            days_left,
            deny_list_version: self.deny_list.version,
            denied: self.denied_names(),
            trouble: self.check(now).err().map(|e| e.to_string()).or(soon),
        }
    }
}

/// How a node's keys are doing, for people and programs.
#[derive(Clone, Debug, PartialEq)]
pub struct KeysHealth {
    /// Whom they name.
    pub name: String,
    /// The key that it signs with, in short.
    pub key: KeyId,
    /// The authority's.
    pub authority: KeyId,
    /// Until when they count.
    pub expires: Timestamp,
    /// So many days are left; below zero, they have expired.
    pub days_left: f64,
    /// The version of the deny-list.
    pub deny_list_version: u64,
    /// Names on it.
    pub denied: Vec<String>,
    /// What is wrong, or soon will be, and what helps.
    pub trouble: Option<String>,
}

impl KeysHealth {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "key": self.key.to_string(), "authority": self.authority.to_string(),
                "expires_ms": self.expires.as_millis(), "days_left": self.days_left,
                "deny_list_version": self.deny_list_version, "denied": self.denied, "trouble": self.trouble })
    }
}

/// Where the configuration says that keys are.
///
/// # Errors
/// [`KeysError::Refused`] if it says nothing and systemd neither.
pub fn folder(config: &KeysConfig) -> Result<PathBuf, KeysError> {
    let given = config.directory.clone().or_else(|| std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from));
    given.ok_or_else(|| {
        KeysError::Refused(
            "keys.directory is missing: write where the keys are, or give them to the service with \
             LoadCredential=keys:/etc/copmesh/keys"
                .to_owned(),
        )
    })
}

/// Where a file is. Of a folder that systemd was given as the credential `keys`, each file is a credential of its own
/// whose name begins with that of the folder.
fn held(folder: &Path, file: &str) -> PathBuf {
    let credential = folder.join(format!("keys_{file}"));
    if credential.exists() { credential } else { folder.join(file) }
}

fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, rustls::Error> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    all.map_err(|e| rustls::Error::General(e.to_string()))
}

/// A new key to sign with, from the system's randomness.
fn new_signing_key() -> Result<SigningKey, KeysError> {
    let mut seed = [0; 32];
    let random = ring::default_provider().secure_random;
    random.fill(&mut seed).map_err(|_| KeysError::Refused("the system has no randomness to give".into()))?;
    Ok(SigningKey::from_bytes(&seed))
}

#[cfg(test)]
mod tests;
