//! A mission's own authority: signs what boxes ask for and denies what was lost. It needs no network, and nobody else.
//!
//! Its folder holds `authority.toml` (private), `issued.toml` (every passport ever signed) and `deny-list.toml`. A name
//! that was denied is never signed for again: certificates are told apart by it alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fusion_core::time::{Span, Timestamp};
use proto::passport::{DenyList, KeyId, Passport, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use serde::{Deserialize, Serialize};

use super::files::{self, Readers};
use super::papers::{Bundle, Denied, Request, passport_in};
use super::text::{array_from_hex, hex};
use super::{KeysError, new_signing_key};
use crate::config::is_name;
use crate::node::node_id;

const AUTHORITY: &str = "authority.toml";
const ISSUED: &str = "issued.toml";
/// The file in the authority's folder that is carried to boxes after something was denied.
pub const DENY_LIST: &str = "deny-list.toml";

/// How long an authority's own certificate counts, days.
const AUTHORITY_DAYS: u32 = 3650;
/// Certificates count from so long before they are signed, since clocks differ.
const BEFORE: Span = Span::from_secs(3600);

/// The longest that a node may be enrolled for, days. No counter: more is refused.
pub const DAYS_MAX: u32 = 825;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Secrets {
    mission: String,
    signing_key: String,
    certificate_key: String,
    certificate: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Issued {
    passports: Vec<String>,
}

/// An authority.
pub struct Authority {
    folder: PathBuf,
    secrets: Secrets,
    key: SigningKey,
}

impl Authority {
    /// Makes a new one in a folder.
    ///
    /// # Errors
    /// [`KeysError::There`] if there is one already.
    pub fn create(folder: &Path, mission: &str, now: Timestamp) -> Result<Self, KeysError> {
        if !is_name(mission) {
            return Err(KeysError::Refused("the mission's name must be 1 to 32 of a–z, 0–9 and '-'".into()));
        }
        files::private_folder(folder)?;
        let (key, certificate_key) = (new_signing_key()?, new_key_pair()?);
        let mut params = named(&format!("copmesh authority {mission}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        limit(&mut params, (now - BEFORE, after(now, AUTHORITY_DAYS)));
        let certificate = params.self_signed(&certificate_key).map_err(made)?.pem();
        let secrets = Secrets {
            mission: mission.into(),
            signing_key: hex(key.as_bytes()),
            certificate_key: certificate_key.serialize_pem(),
            certificate,
        };
        files::write_new(&folder.join(AUTHORITY), &secrets, Readers::Owner)?;
        files::write(&folder.join(ISSUED), &Issued::default(), Readers::All)?;
        let authority = Self { folder: folder.into(), secrets, key };
        let list = DenyList::sign(&authority.key, 0, &[]).expect("none");
        files::write(&authority.deny_list(), &Denied::new(&list, &[]), Readers::All)?;
        Ok(authority)
    }

    /// Opens the one in a folder.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn open(folder: &Path) -> Result<Self, KeysError> {
        let path = folder.join(AUTHORITY);
        let secrets: Secrets = files::read(&path, Readers::Owner)?;
        let key = array_from_hex(&secrets.signing_key).ok_or_else(|| KeysError::NotOurs(path, "no key".into()))?;
        Ok(Self { folder: folder.into(), secrets, key: SigningKey::from_bytes(&key) })
    }

    /// The mission.
    #[must_use]
    pub fn mission(&self) -> &str {
        &self.secrets.mission
    }

    /// Its key in short.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(self.key.verifying_key().as_bytes())
    }

    /// Where its deny-list is.
    #[must_use]
    pub fn deny_list(&self) -> PathBuf {
        self.folder.join(DENY_LIST)
    }

    /// Signs what a box asks for, and remembers it.
    ///
    /// # Errors
    /// [`KeysError::Refused`] for a name that is none, was denied, or would be taken for another.
    pub fn sign(&self, request: &Request, days: u32, now: Timestamp) -> Result<(Bundle, Passport), KeysError> {
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(KeysError::Refused(format!("{days} days: must be 1 to {DAYS_MAX}")));
        }
        let key = request.proven_key()?;
        let denied = self.denied()?;
        let mut issued = self.issued()?;
        self.permit(&request.name, &issued, &denied)?;
        let span = (now - BEFORE, after(now, days));
        let passport = Passport::sign(&self.key, (node_id(&request.name), &request.name), key, span)
            .map_err(|e| KeysError::Refused(e.to_string()))?;
        let certificate = self.certificate(request, span)?;
        // Remembered first: what nobody knows of cannot be denied.
        issued.push(passport.clone());
        self.keep_issued(&issued)?;
        let authority = (&self.key, self.secrets.certificate.clone());
        Ok((Bundle::new(authority, (&passport, certificate), denied), passport))
    }

    fn permit(&self, name: &str, issued: &[Passport], denied: &Denied) -> Result<(), KeysError> {
        let refused = |why: String| Err(KeysError::Refused(why));
        if !is_name(name) {
            return refused(format!("\"{name}\" is no name of a node: 1 to 32 of a–z, 0–9 and '-'"));
        }
        let (_, gone) = denied.verified(&self.key.verifying_key()).map_err(|e| self.not_ours(DENY_LIST, &e))?;
        if gone.iter().any(|denied| denied.name == name) {
            return refused(format!("\"{name}\" was revoked, and is not given again: name the box {name}-2"));
        }
        match issued.iter().find(|other| other.node == node_id(name) && other.name != name) {
            Some(other) => refused(format!("\"{name}\" would be taken for {}: choose another name", other.name)),
            None => Ok(()),
        }
    }

    fn certificate(&self, request: &Request, span: (Timestamp, Timestamp)) -> Result<String, KeysError> {
        let mut asked = CertificateSigningRequestParams::from_pem(&request.certificate_request)
            .map_err(|e| KeysError::Refused(format!("the request of {}: {e}; ask for it anew", request.name)))?;
        // Of what was asked for, nothing is taken but the key.
        let mut params = named(&request.name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        limit(&mut params, span);
        asked.params = params;
        let key = KeyPair::from_pem(&self.secrets.certificate_key).map_err(made)?;
        let issuer = Issuer::from_ca_cert_pem(&self.secrets.certificate, key).map_err(made)?;
        Ok(asked.signed_by(&issuer).map_err(made)?.pem())
    }

    /// Denies every key that was ever signed for under a name, and the name.
    ///
    /// # Errors
    /// [`KeysError::Refused`] if nobody of that name was enrolled, or there are too many.
    pub fn revoke(&self, name: &str) -> Result<DenyList, KeysError> {
        let issued = self.issued()?;
        if !issued.iter().any(|passport| passport.name == name) {
            return Err(KeysError::Refused(format!("no node \"{name}\" was enrolled here")));
        }
        let (old, _) = self.denied()?.verified(&self.key.verifying_key()).map_err(|e| self.not_ours(DENY_LIST, &e))?;
        let of_name = issued.iter().filter(|passport| passport.name == name).map(Passport::key_id);
        let keys: Vec<KeyId> = old.denied().iter().copied().chain(of_name).collect();
        let list = DenyList::sign(&self.key, old.version + 1, &keys).map_err(|e| KeysError::Refused(e.to_string()))?;
        let mut about: Vec<Passport> = issued.into_iter().filter(|passport| list.denies(passport.key_id())).collect();
        // One for each name and key, however often it was renewed.
        about.dedup_by_key(|passport| (passport.name.clone(), passport.key_id()));
        files::write(&self.deny_list(), &Denied::new(&list, &about), Readers::All)?;
        Ok(list)
    }

    fn denied(&self) -> Result<Denied, KeysError> {
        files::read(&self.deny_list(), Readers::All)
    }

    fn issued(&self) -> Result<Vec<Passport>, KeysError> {
        let path = self.folder.join(ISSUED);
        let issued: Issued = files::read(&path, Readers::All)?;
        issued.passports.iter().map(|text| passport_in(&path, text)).collect()
    }

    fn keep_issued(&self, issued: &[Passport]) -> Result<(), KeysError> {
        let passports = issued.iter().map(|passport| hex(&passport.encode())).collect();
        files::write(&self.folder.join(ISSUED), &Issued { passports }, Readers::All)
    }

    fn not_ours(&self, file: &str, why: &dyn core::fmt::Display) -> KeysError {
        KeysError::NotOurs(self.folder.join(file), why.to_string())
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A new key for certificates.
pub(super) fn new_key_pair() -> Result<KeyPair, KeysError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(made)
}

pub(super) fn made(e: rcgen::Error) -> KeysError {
    KeysError::Refused(format!("certificate: {e}"))
}

fn after(now: Timestamp, days: u32) -> Timestamp {
    now + Span::from_secs(i64::from(days) * 86_400)
}

/// To the second, as certificates have it.
fn limit(params: &mut CertificateParams, (from, until): (Timestamp, Timestamp)) {
    let [from, until] = [from, until].map(|at| {
        let seconds = u64::try_from(at.as_millis().div_euclid(1000)).unwrap_or(0);
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    });
    (params.not_before, params.not_after) = (from, until);
}
