//! Connections that were refused for want of a good certificate, in words that an operator can act on.
//!
//! zenoh retries in silence. What its TLS says appears in its log alone, below what is printed: a layer of the log
//! hears it there, whatever the log prints, and keeps the last word on each endpoint that is dialled, and on whoever
//! dials us. The words recognised are those of TLS itself (names and numbers of alerts, RFC 8446 section 6), not
//! zenoh's; a fault in other words is told as it is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use fusion_core::time::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;

/// Endpoints that are remembered at the most; reasons count as such for whoever dials us. The oldest is forgotten.
///
/// No counter: more than neighbours and reasons together there are not.
const REFUSALS_MAX: usize = 128;

/// What was refused: the endpoint that we dialled; of whoever dialled us the address is not told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// We dialled.
    Dialled(String),
    /// We were dialled.
    Door,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It showed no certificate.
    None,
    /// Its certificate is of another authority.
    OtherAuthority,
    /// Its certificate has expired.
    Expired,
    /// Its certificate does not count yet.
    NotYet,
    /// Its certificate is no good in another way.
    Bad,
    /// It wants a certificate, and we show none.
    WantsOne,
    /// Ours is of another authority than its.
    OursOtherAuthority,
    /// Ours has expired.
    OursExpired,
    /// It does not accept ours.
    OursBad,
    /// It broke off at the moment when it judges us. Over QUIC more is not told.
    BrokeOff,
}

impl Why {
    /// Whether it was the other side that refused.
    #[must_use]
    pub const fn is_theirs(self) -> bool {
        matches!(self, Self::WantsOne | Self::OursOtherAuthority | Self::OursExpired | Self::OursBad | Self::BrokeOff)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "it showed no certificate: it must be enrolled with our authority",
            Self::OtherAuthority => "its certificate is of another authority: it must be enrolled with ours",
            Self::Expired => "its certificate has expired: it must renew it, or our clock is ahead",
            Self::NotYet => "its certificate does not count yet: a clock is wrong, ours or that of its authority",
            Self::Bad => "its certificate is no good: it must be enrolled anew",
            Self::WantsOne => "it wants a certificate and we show none: enrol this node, and write [keys]",
            Self::OursOtherAuthority => "it does not know the authority of our certificate: enrol with its authority",
            Self::OursExpired => "it says that our certificate has expired: copmesh renew, or its clock is ahead",
            Self::OursBad => "it does not accept our certificate: enrol this node anew",
            Self::BrokeOff => "it broke off when it saw our certificate, or that we have none: its own status says why",
        })
    }
}

/// What is known of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The last reason.
    pub why: Why,
    /// How often.
    pub count: u64,
    /// When last.
    pub at: Timestamp,
}

/// All that were refused.
pub struct Refusals(Mutex<BTreeMap<(Where, Why), Refusal>>);

/// Those of this process: there is one log.
static REFUSALS: Refusals = Refusals::new();

impl Refusals {
    const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Those of this process.
    #[must_use]
    pub fn of_process() -> &'static Self {
        &REFUSALS
    }

    fn handle(&self, place: Where, why: Why, at: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REFUSALS_MAX && !all.contains_key(&(place.clone(), why)) {
            let oldest = all.iter().min_by_key(|(_, refusal)| refusal.at).map(|(key, _)| key.clone());
            oldest.and_then(|key| all.remove(&key));
        }
        let refusal = all.entry((place, why)).or_insert(Refusal { why, count: 0, at });
        (refusal.count, refusal.at) = (refusal.count + 1, at);
    }

    /// All since a time, the latest first.
    #[must_use]
    pub fn since(&self, since: Timestamp) -> Vec<(Where, Refusal)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh: Vec<_> = all.iter().filter(|(_, refusal)| refusal.at >= since).collect();
        fresh.sort_by_key(|(_, refusal)| core::cmp::Reverse(refusal.at));
        fresh.into_iter().map(|((place, _), refusal)| (place.clone(), *refusal)).collect()
    }
}

/// Hears what zenoh's links say, whatever else the log is told to print.
pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    let heard = Targets::new()
        .with_target(DIALLING, LevelFilter::DEBUG)
        .with_target("zenoh_link_tls", LevelFilter::WARN)
        .with_target("zenoh_link_quic", LevelFilter::WARN)
        .with_target("zenoh_link_commons", LevelFilter::WARN);
    Ear(Clock::start()).with_filter(heard)
}

/// Where zenoh says that it could not connect.
const DIALLING: &str = "zenoh::net::runtime::orchestrator";

struct Ear(Clock);

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        if let Some((place, why)) = understand(event.metadata().target(), &text.0) {
            REFUSALS.handle(place, why, self.0.now().validity);
        }
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// What a line of zenoh's log tells of a refusal, if anything.
fn understand(target: &str, text: &str) -> Option<(Where, Why)> {
    let why = why(text)?;
    if target != DIALLING {
        return Some((Where::Door, why));
    }
    // "Unable to connect to configured peer tls/10.0.0.2:7450! …"
    let endpoint = text.split_whitespace().find(|word| word.starts_with("tls/") || word.starts_with("quic/"))?;
    let endpoint = endpoint.split('#').next()?.trim_end_matches('!');
    Some((Where::Dialled(endpoint.to_owned()), why))
}

fn why(text: &str) -> Option<Why> {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["Read error on QUIC link"]) && says(&["connection lost"]) || says(&["Cannot initialize QUIC streams"]) {
        return Some(Why::BrokeOff);
    }
    // What the other side sent; else it is our own verdict on what it showed.
    if says(&["received fatal alert", "aborted by peer", "ConnectionClosed", "closed by peer"]) {
        return match text {
            _ if says(&["CertificateRequired", "error 116", "crypto(74)"]) => Some(Why::WantsOne),
            _ if says(&["UnknownCA", "error 48", "crypto(30)"]) => Some(Why::OursOtherAuthority),
            _ if says(&["CertificateExpired", "error 45", "crypto(2d)"]) => Some(Why::OursExpired),
            _ if says(&["Certificate", "DecryptError", "error 4", "crypto(2"]) => Some(Why::OursBad),
            _ => None,
        };
    }
    match text {
        _ if says(&["peer sent no certificates"]) => Some(Why::None),
        _ if says(&["UnknownIssuer", "BadSignature"]) => Some(Why::OtherAuthority),
        _ if says(&["certificate expired", "Expired"]) => Some(Why::Expired),
        _ if says(&["not valid yet", "NotValidYet"]) => Some(Why::NotYet),
        _ if says(&["invalid peer certificate"]) => Some(Why::Bad),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tls_says_is_understood_on_both_sides_and_nothing_else_is() {
        let dialled = |text: &str| {
            let line = format!("Unable to connect to configured peer tls/10.0.0.2:7450! {text}. Retry in 100ms.");
            understand(DIALLING, &line)
        };
        let at = |why| Some((Where::Dialled("tls/10.0.0.2:7450".into()), why));
        assert_eq!(dialled("invalid peer certificate: UnknownIssuer"), at(Why::OtherAuthority));
        assert_eq!(dialled("received fatal alert: CertificateRequired"), at(Why::WantsOne));
        assert_eq!(dialled("aborted by peer: the cryptographic handshake failed: error 45"), at(Why::OursExpired));
        assert_eq!(dialled("Connection refused (os error 111)"), None);
        let over_quic = "Unable to connect to configured peer quic/10.0.0.2:1#root_ca_certificate_file=x! Read error \
                         on QUIC link 0.0.0.0:2 => 10.0.0.2:1: connection lost at x.rs:1.. Retry";
        let broke_off = Some((Where::Dialled("quic/10.0.0.2:1".into()), Why::BrokeOff));
        assert_eq!(understand(DIALLING, over_quic), broke_off);
        let door = |text: &str| understand("zenoh_link_tls::unicast", text);
        assert_eq!(door("peer sent no certificates. Hint: increase …"), Some((Where::Door, Why::None)));
        assert_eq!(door("received fatal alert: UnknownCA. Hint"), Some((Where::Door, Why::OursOtherAuthority)));
        assert_eq!(door("Too many open files"), None);
    }

    #[test]
    fn the_latest_is_told_first_and_the_oldest_forgotten() {
        let all = Refusals::new();
        let second = |k: usize| Timestamp::from_secs(i64::try_from(k).expect("few"));
        for k in 0..=REFUSALS_MAX {
            all.handle(Where::Dialled(format!("tls/{k}")), Why::None, second(k));
        }
        all.handle(Where::Dialled("tls/5".into()), Why::None, second(1000));
        let told = all.since(Timestamp::EPOCH);
        assert_eq!((told.len(), &told[0].0), (REFUSALS_MAX, &Where::Dialled("tls/5".into())));
        assert_eq!(told[0].1.count, 2);
        assert!(!told.iter().any(|(place, _)| *place == Where::Dialled("tls/0".into())));
    }
}
