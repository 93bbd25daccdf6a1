//! What is carried between a box and the authority: requests, bundles, deny-lists, as TOML that people can look into.

use std::path::Path;

use proto::passport::{DenyList, Passport, PassportError, SigningKey, VerifyingKey, is_signed, sign, verifying};
use serde::{Deserialize, Serialize};

use super::KeysError;
use super::text::{array_from_hex, from_hex, hex};

/// Said before what proves that a box has the key that it asks a passport for.
const REQUEST: &[u8] = b"copmesh enrolment request 1\0";

/// What a box asks the authority for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// The node's name.
    pub name: String,
    /// The key that it signs with, and the proof that it has it.
    key: String,
    proof: String,
    /// For its TLS key, PEM.
    pub certificate_request: String,
}

impl Request {
    /// Asks.
    #[must_use]
    pub fn new(name: &str, certificate_request: String, key: &SigningKey) -> Self {
        let proof = hex(&sign(key, REQUEST, format!("{name}\n{certificate_request}").as_bytes()));
        Self { name: name.into(), key: hex(key.verifying_key().as_bytes()), proof, certificate_request }
    }

    /// The key, if whoever asked has it.
    ///
    /// # Errors
    /// [`KeysError::Refused`].
    pub fn proven_key(&self) -> Result<[u8; 32], KeysError> {
        let refused = |why: &str| KeysError::Refused(format!("the request of {}: {why}; ask for it anew", self.name));
        let key: [u8; 32] = array_from_hex(&self.key).ok_or_else(|| refused("no key in it"))?;
        let proof = array_from_hex(&self.proof).ok_or_else(|| refused("no proof in it"))?;
        let said = format!("{}\n{}", self.name, self.certificate_request);
        let verifying = verifying(&key).map_err(|e| refused(&e.to_string()))?;
        if is_signed(&verifying, REQUEST, said.as_bytes(), &proof) {
            Ok(key)
        } else {
            Err(refused("it was changed on the way"))
        }
    }
}

/// What the authority answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bundle {
    /// The authority's key for passports and deny-lists.
    authority_key: String,
    passport: String,
    /// The node's certificate, PEM.
    pub certificate: String,
    /// The authority's, PEM.
    pub authority: String,
    /// Who no longer counts.
    pub denied: Denied,
}

impl Bundle {
    /// An answer.
    #[must_use]
    pub fn new(authority: (&SigningKey, String), (passport, certificate): (&Passport, String), denied: Denied) -> Self {
        Self {
            authority_key: hex(authority.0.verifying_key().as_bytes()),
            passport: hex(&passport.encode()),
            certificate,
            authority: authority.1,
            denied,
        }
    }

    /// The authority's key.
    ///
    /// # Errors
    /// [`PassportError::Key`].
    pub fn authority_key(&self) -> Result<VerifyingKey, PassportError> {
        verifying(&array_from_hex(&self.authority_key).ok_or(PassportError::Key)?)
    }

    /// The passport, not yet verified.
    ///
    /// # Errors
    /// [`PassportError`].
    pub fn passport(&self) -> Result<Passport, PassportError> {
        passport(&self.passport)
    }
}

fn passport(text: &str) -> Result<Passport, PassportError> {
    Passport::decode(&from_hex(text).ok_or(PassportError::Malformed(0))?)
}

/// A deny-list, and the passports of those on it: they tell the names.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Denied {
    /// Counts issues, for people; the list itself says it too.
    version: u64,
    /// Names, for people.
    names: Vec<String>,
    list: String,
    passports: Vec<String>,
}

impl Denied {
    /// A list with the passports that it is about.
    #[must_use]
    pub fn new(list: &DenyList, passports: &[Passport]) -> Self {
        Self {
            version: list.version,
            names: passports.iter().map(|passport| passport.name.as_str().to_owned()).collect(),
            list: hex(&list.encode()),
            passports: passports.iter().map(|passport| hex(&passport.encode())).collect(),
        }
    }

    /// The list, and the passports of those on it, all verified.
    ///
    /// # Errors
    /// [`PassportError`].
    pub fn verified(&self, authority: &VerifyingKey) -> Result<(DenyList, Vec<Passport>), PassportError> {
        let list = DenyList::decode(&from_hex(&self.list).ok_or(PassportError::Malformed(0))?)?;
        list.verify(authority)?;
        let mut denied = Vec::new();
        for text in &self.passports {
            let passport = passport(text)?;
            // Expired or not: a name that was denied stays so.
            match passport.verify(authority, passport.not_before) {
                Ok(()) | Err(PassportError::Expired(_)) if list.denies(passport.key_id()) => denied.push(passport),
                Ok(()) | Err(PassportError::Expired(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok((list, denied))
    }
}

/// A passport's text in a file.
///
/// # Errors
/// [`KeysError::NotOurs`].
pub fn passport_in(path: &Path, text: &str) -> Result<Passport, KeysError> {
    passport(text).map_err(|e| KeysError::NotOurs(path.to_owned(), e.to_string()))
}
