//! Why a neighbour is not reached, where keys are the reason: said once in the log, and for as long as it lasts in
//! `copmesh status`. Also notices keys and deny-lists that were replaced.
//!
//! Three things are looked at: what TLS refused ([`super::refusals`]); whose certificates those show who are
//! connected, since the access rules drop in silence what the wrong ones say; and whether one with the right
//! certificate speaks to us at all, since from its side the same silence may be meant for us.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fusion_core::time::{Span, Timestamp};
use serde_json::Value;
use tracing::warn;
use zenoh::Session;

use super::bearer::BearerSession;
use super::carrier::Carrier;
use super::gate::Verdict;
use super::refusals::{Refusal, Refusals, Where, Why};
use crate::keys::in_use::Papers;

/// How often it is looked.
const PERIOD: Duration = Duration::from_secs(2);
/// A refusal is told for so long after it happened last.
const FRESH: Span = Span::from_secs(30);
/// Whoever is connected with the right certificate speaks sooner than this.
const MUTE: Span = Span::from_secs(4);
/// The same is logged again after so long.
const AGAIN: Span = Span::from_secs(600);
/// Sentences of which it is known that they were logged.
///
/// No counter: when they are too many, they may be logged again.
const LOGGED_MAX: usize = 256;
/// How long zenoh may take to tell who is connected.
const ASKING: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Default)]
pub(super) struct Watch {
    papers: Option<Arc<Papers>>,
    /// By neighbour, where it is dialled.
    endpoints: BTreeMap<String, Vec<String>>,
    troubles: Mutex<BTreeMap<String, String>>,
    logged: Mutex<BTreeMap<String, Timestamp>>,
    /// By bearer and name, since when somebody is connected and not heard, and when it was seen so last.
    mute: Mutex<BTreeMap<(String, String), (Timestamp, Timestamp)>>,
}

impl Watch {
    pub(super) fn new(papers: Option<Arc<Papers>>, endpoints: BTreeMap<String, Vec<String>>) -> Self {
        Self { papers, endpoints, ..Self::default() }
    }

    /// Why a neighbour is not reached, if keys are the reason.
    pub(super) fn trouble(&self, name: &str) -> Option<String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn log(&self, text: &str, now: Timestamp) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.get(text).is_some_and(|at| now - *at < AGAIN) {
            return;
        }
        if logged.len() >= LOGGED_MAX {
            logged.clear();
        }
        logged.insert(text.to_owned(), now);
        warn!("{text}");
    }

    fn is_dialled(&self, name: &str, endpoint: &str) -> bool {
        let all = self.endpoints.get(name).into_iter().flatten();
        all.filter_map(|known| known.split('#').next()).any(|known| known == endpoint)
    }

    /// Whether a neighbour's endpoint is at the same host as an address.
    fn is_at(&self, name: &str, address: &str) -> bool {
        self.endpoints.get(name).is_some_and(|all| all.iter().any(|endpoint| host(endpoint) == host(address)))
    }
}

/// The host of `tls/10.0.0.2:7450`.
fn host(endpoint: &str) -> &str {
    let address = endpoint.split_once('/').map_or(endpoint, |(_, address)| address);
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

/// Who is connected: the address, and the name in the certificate.
async fn links(session: &Session) -> Vec<(String, Option<String>)> {
    let key = format!("@/{}/session/transport/unicast/*/link/*", session.zid());
    let Ok(replies) = session.get(key).timeout(ASKING).await else { return vec![] };
    let mut all = Vec::new();
    while let Ok(reply) = replies.recv_async().await {
        let link = reply.result().ok().and_then(|sample| {
            let link: Value = serde_json::from_slice(&sample.payload().to_bytes()).ok()?;
            Some((link["dst"].as_str()?.to_owned(), link["auth_identifier"].as_str().map(str::to_owned)))
        });
        all.extend(link);
    }
    all
}

/// Looks again and again, for as long as the carrier is there.
pub(super) async fn run(carrier: std::sync::Weak<Carrier>) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tick.tick().await;
        let Some(carrier) = carrier.upgrade() else { return };
        carrier.look_for_new_keys();
        carrier.watch().await;
    }
}

impl Carrier {
    /// Opens sessions anew if there are other keys, or a newer deny-list, from whichever side it came.
    fn look_for_new_keys(self: &Arc<Self>) {
        if let Some(Err(e)) = self.watch.papers.as_ref().map(|papers| papers.look()) {
            warn!("{e}; the keys read before stay in use");
        }
        self.open_changed_anew();
    }

    async fn watch(&self) {
        let now = self.now().validity;
        let unreached: Vec<String> =
            self.reach().into_iter().filter(|reach| reach.bearer.is_none()).map(|reach| reach.name).collect();
        let mut found = BTreeMap::new();
        self.watch_tls(&unreached, now, &mut found);
        for bearer in self.bearers() {
            self.watch_links(bearer, &unreached, now, &mut found).await;
        }
        for (name, trouble) in &found {
            self.watch.log(&format!("neighbour {name}: {trouble}"), now);
        }
        *self.watch.troubles.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// What TLS refused.
    fn watch_tls(&self, unreached: &[String], now: Timestamp, found: &mut BTreeMap<String, String>) {
        let mut all = Refusals::of_process().since(now - FRESH);
        // What says most comes first, and is not replaced: what we dialled, then whoever dialled us, then silence.
        all.sort_by_key(|(place, refusal)| (refusal.why == Why::BrokeOff, *place == Where::Door));
        for (place, Refusal { why, .. }) in all {
            let (text, whom): (String, Vec<&String>) = match place {
                Where::Door => {
                    let what = if why.is_theirs() { "broke off" } else { "was refused" };
                    self.watch.log(&format!("somebody who connected {what}: {why}"), now);
                    (format!("not reached; somebody who connected {what}: {why}"), unreached.iter().collect())
                }
                Where::Dialled(endpoint) => {
                    let dialled = unreached.iter().filter(|name| self.watch.is_dialled(name, &endpoint)).collect();
                    (format!("refused at {endpoint}: {why}"), dialled)
                }
            };
            for name in whom {
                found.entry(name.clone()).or_insert_with(|| text.clone());
            }
        }
    }

    /// Whose certificates those show who are connected.
    async fn watch_links(
        &self,
        bearer: &BearerSession,
        unreached: &[String],
        now: Timestamp,
        found: &mut BTreeMap<String, String>,
    ) {
        let Some(gate) = &bearer.gate else { return };
        let (mut mute, mut strangers) = (Vec::new(), 0);
        for (address, name) in links(&bearer.session()).await {
            let name = name.unwrap_or_else(|| "nobody".into());
            let verdict = gate.judge(&name, &bearer.config);
            strangers += usize::from(verdict != Verdict::Welcome);
            match verdict {
                Verdict::Welcome if unreached.contains(&name) => mute.push(name),
                Verdict::Welcome => {}
                Verdict::Denied(version) => {
                    let text = format!("refused at {address}: its key is on the deny-list (version {version})");
                    found.insert(name, text);
                }
                Verdict::Stranger => {
                    let there = unreached.iter().filter(|other| self.watch.is_at(other, &address));
                    let there: Vec<&String> = there.collect();
                    if there.is_empty() {
                        let on = &bearer.config.name;
                        self.watch.log(&format!("refused {name} at {address}: no neighbour on bearer {on}"), now);
                    }
                    for other in there {
                        let text = format!(
                            "refused at {address}: the certificate there names {name}, not {other}: correct the \
                             address, or the name in mesh.neighbours"
                        );
                        found.insert(other.clone(), text);
                    }
                }
            }
        }
        self.watch_mute(&bearer.config.name, (&mute, unreached), now, found);
        bearer.strangers.store(strangers, Ordering::Relaxed);
    }

    /// Those with the right certificate who do not speak to us. Sessions are opened anew meanwhile: they are not
    /// connected at every look.
    fn watch_mute(
        &self,
        bearer: &str,
        (names, unreached): (&[String], &[String]),
        now: Timestamp,
        found: &mut BTreeMap<String, String>,
    ) {
        let mut mute = self.watch.mute.lock().unwrap_or_else(PoisonError::into_inner);
        mute.retain(|(_, name), (_, seen)| unreached.contains(name) && now - *seen < FRESH);
        for name in names {
            mute.entry((bearer.to_owned(), name.clone())).or_insert((now, now)).1 = now;
        }
        for ((_, name), _) in mute.iter().filter(|(_, (since, seen))| *seen - *since >= MUTE) {
            let me = self.me();
            let text = format!(
                "connected, but it does not speak to this node: {me} must be among its neighbours under this name, \
                 and not on its deny-list"
            );
            found.entry(name.clone()).or_insert(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_known_by_its_host_whatever_port_it_dials_from() {
        let endpoints = BTreeMap::from([("b".to_owned(), vec!["tls/10.0.0.2:7450".to_owned()])]);
        let watch = Watch::new(None, endpoints);
        assert!(watch.is_at("b", "tls/10.0.0.2:40123") && !watch.is_at("b", "tls/10.0.0.21:7450"));
        assert!(!watch.is_at("c", "tls/10.0.0.2:40123"));
    }
}
