//! Who is let in on a bearer: certificates of the mission's authority on both sides, and from each neighbour only what
//! it may say.
//!
//! zenoh checks the certificates. Who shows one may do nothing but what the access rules grant to the name in it: a
//! neighbour may send on `m/1/ME/ITS-NAME` and subscribe to what is for it, whoever else it says to be. A name on the
//! deny-list is granted nothing. Where strangers are to be found ([`BearerConfig::found`]), whoever the authority
//! enrolled may speak, and only denied names may not.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::config::keys::Protection;
use crate::config::mesh::BearerConfig;
use crate::keys::in_use::Papers;
use crate::keys::text::base64;

/// What a bearer's session is opened with.
pub(super) struct Gate {
    papers: Arc<Papers>,
    /// Neighbours that are reached over it.
    names: Vec<String>,
    /// What the session was opened with.
    opened: Mutex<Vec<Setting>>,
}

/// A setting of zenoh.
type Setting = (&'static str, String);

/// What becomes of somebody who has shown a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// May say what it has to say.
    Welcome,
    /// Its key is on the deny-list of this version.
    Denied(u64),
    /// Nobody whom this bearer is for.
    Stranger,
}

impl Gate {
    /// For a bearer that connects to these endpoints; `None` if it needs none.
    pub(super) fn new(
        bearer: &BearerConfig,
        connect: &[String],
        papers: Option<&Arc<Papers>>,
        names: Vec<String>,
    ) -> Option<Self> {
        let secure = bearer.listen.iter().chain(connect).any(|e| e.starts_with("tls/") || e.starts_with("quic/"));
        // Whoever is found might be in the open, too.
        let wanted = bearer.protection == Protection::Keys && (secure || bearer.settings().scouting);
        papers.filter(|_| wanted).map(|papers| Self { papers: Arc::clone(papers), names, opened: Mutex::default() })
    }

    /// What becomes of whoever's certificate has this name.
    pub(super) fn judge(&self, name: &str, bearer: &BearerConfig) -> Verdict {
        let keys = self.papers.keys();
        if keys.denies(name) {
            Verdict::Denied(keys.deny_list.version)
        } else if bearer.found.is_some() || self.names.iter().any(|known| known == name) {
            Verdict::Welcome
        } else {
            Verdict::Stranger
        }
    }

    /// Whether a session would be opened otherwise now than when this was asked last: with other keys, or letting in
    /// others.
    pub(super) fn has_changed(&self, bearer: &BearerConfig) -> bool {
        let now = [self.settings(bearer), self.secrets()].concat();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *opened != now;
        *opened = now;
        changed
    }

    /// Settings of zenoh that may be told in errors.
    pub(super) fn settings(&self, bearer: &BearerConfig) -> Vec<Setting> {
        vec![
            ("transport/link/protocols", "[\"tls\", \"quic\"]".into()),
            ("transport/link/tls/enable_mtls", "true".into()),
            // Addresses change in the field; who it is, the name in the certificate says.
            ("transport/link/tls/verify_name_on_connect", "false".into()),
            ("transport/link/tls/close_link_on_expiration", "true".into()),
            ("access_control", self.access(bearer).to_string()),
        ]
    }

    /// Those that may not.
    pub(super) fn secrets(&self) -> Vec<Setting> {
        let keys = self.papers.keys();
        let coded = |pem: &str| format!("\"{}\"", base64(pem.as_bytes()));
        vec![
            ("transport/link/tls/root_ca_certificate_base64", coded(&keys.authority_certificate)),
            ("transport/link/tls/listen_private_key_base64", coded(&keys.certificate_key)),
            ("transport/link/tls/listen_certificate_base64", coded(&keys.certificate)),
            ("transport/link/tls/connect_private_key_base64", coded(&keys.certificate_key)),
            ("transport/link/tls/connect_certificate_base64", coded(&keys.certificate)),
        ]
    }

    fn access(&self, bearer: &BearerConfig) -> Value {
        let keys = self.papers.keys();
        if bearer.found.is_some() {
            return denying(&keys.denied_names());
        }
        let me = self.papers.me();
        let granted: Vec<&String> = self.names.iter().filter(|name| !keys.denies(name)).collect();
        let mut rules = vec![json!({ "id": "out", "permission": "allow", "flows": ["egress"], "messages": MESSAGES,
                                     "key_exprs": ["**"] })];
        let mut subjects = vec![json!({ "id": "anyone" })];
        let mut policies = vec![json!({ "rules": ["out"], "subjects": ["anyone"] })];
        for name in granted {
            rules.push(json!({ "id": format!("from-{name}"), "permission": "allow", "flows": ["ingress"],
                               "messages": ["put", "declare_subscriber"],
                               "key_exprs": [format!("m/1/{me}/{name}"), format!("*/1/{name}/{me}"),
                                             format!("**/1/{name}/{me}")] }));
            subjects.push(json!({ "id": name, "cert_common_names": [name] }));
            policies.push(json!({ "rules": [format!("from-{name}")], "subjects": [name] }));
        }
        json!({ "enabled": true, "default_permission": "deny", "rules": rules, "subjects": subjects,
                "policies": policies })
    }
}

/// Everybody may do everything, but these nothing.
fn denying(names: &[String]) -> Value {
    if names.is_empty() {
        return json!({ "enabled": false });
    }
    let rule = json!({ "id": "denied", "permission": "deny", "flows": ["ingress", "egress"], "messages": MESSAGES,
                       "key_exprs": ["**"] });
    json!({ "enabled": true, "default_permission": "allow", "rules": [rule],
            "subjects": [{ "id": "denied", "cert_common_names": names }],
            "policies": [{ "rules": ["denied"], "subjects": ["denied"] }] })
}

/// All that zenoh's access rules know.
const MESSAGES: [&str; 9] = [
    "put",
    "delete",
    "declare_subscriber",
    "query",
    "declare_queryable",
    "reply",
    "liveliness_token",
    "declare_liveliness_subscriber",
    "liveliness_query",
];
