//! One neighbour: on each bearer a wire to it, and which of them is used.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use fusion_core::time::Span;
use proto::replica::{Bearer, LinkId};
use tokio::sync::Notify;
use tracing::{debug, info, warn};
use zenoh::bytes::ZBytes;
use zenoh::pubsub::{Publisher, Subscriber};
use zenoh::qos::CongestionControl;
use zenoh::{Session, Wait};

use super::choice::Choice;
use super::hearing::{Hearing, Word};
use crate::clock::{Clock, Monotonic};
use crate::config::mesh::BearerConfig;
use crate::inbox::{FromLink, Heard, Inbox};

/// Who and where a neighbour is.
pub(super) struct Place {
    /// The link to it.
    pub(super) link: LinkId,
    /// This node.
    pub(super) me: String,
    /// The neighbour.
    pub(super) name: String,
    /// What time it is.
    pub(super) clock: Clock,
    /// Wakes who tends the neighbours, where something wants an answer.
    pub(super) wake: Arc<Notify>,
}

/// One neighbour.
pub(super) struct Neighbour {
    place: Place,
    inbox: Arc<Inbox>,
    choice: Mutex<Choice>,
    wires: RwLock<Vec<Arc<Wire>>>,
    traffic: Vec<Traffic>,
}

/// What went over one wire.
struct Traffic {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    hearing: Mutex<Hearing>,
}

impl Traffic {
    fn hearing(&self) -> MutexGuard<'_, Hearing> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is declared on one bearer for one neighbour.
pub(super) struct Wire {
    bearer: String,
    session: Session,
    publisher: Publisher<'static>,
    subscription: tokio::sync::Mutex<Subscription>,
}

/// What we subscribe to, and in which form: every other time in the one, every other in the other, so that the old is
/// taken back when the new is there.
struct Subscription {
    form: usize,
    subscriber: Subscriber<()>,
}

/// Forms of the key that we subscribe to. They begin with a wildcard, since zenoh then spells them out: of any other
/// key it tells a number, which a neighbour that lost the datagram with its meaning, or has forgotten it, never learns.
const FORMS: [&str; 2] = ["*", "**"];

impl Neighbour {
    /// By these bearers, each with the silence after which it counts as lost.
    pub(super) fn new(place: Place, ways: impl Iterator<Item = (Bearer, Span)>, inbox: Arc<Inbox>) -> Arc<Self> {
        let (bearers, silences): (Vec<Bearer>, Vec<Span>) = ways.unzip();
        let now = elapsed(place.clock.now().monotonic);
        let traffic = silences.into_iter().map(|silence| Traffic {
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            hearing: Mutex::new(Hearing::new(silence, now)),
        });
        let traffic = traffic.collect();
        Arc::new(Self { place, inbox, choice: Mutex::new(Choice::new(bearers)), wires: RwLock::default(), traffic })
    }

    pub(super) fn name(&self) -> &str {
        &self.place.name
    }

    pub(super) fn push(&self, wire: Wire) {
        self.wires.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(wire));
    }

    /// Gives a packet to the bearer in use; whether there was one.
    pub(super) fn send(&self, packet: Vec<u8>) -> bool {
        let used = self.choice().used();
        let wire = used.and_then(|way| Some((way, self.wire(way)?)));
        wire.is_some_and(|(way, wire)| {
            self.traffic[way].bytes_out.fetch_add(packet.len() as u64, Ordering::Relaxed);
            self.put(way, &wire, packet)
        })
    }

    fn put(&self, way: usize, wire: &Wire, payload: Vec<u8>) -> bool {
        self.traffic[way].hearing().handle_sent(self.now());
        wire.publisher.put(payload).wait().is_ok()
    }

    fn now(&self) -> Span {
        elapsed(self.place.clock.now().monotonic)
    }

    fn choice(&self) -> MutexGuard<'_, Choice> {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wire(&self, way: usize) -> Option<Arc<Wire>> {
        self.wires.read().unwrap_or_else(PoisonError::into_inner).get(way).cloned()
    }

    /// zenoh knows the neighbour's subscription now, or does no longer.
    fn handle_matching(&self, way: usize, matched: bool) {
        debug!("{} over its way {way}: {}", self.name(), if matched { "subscribed" } else { "gone" });
        self.traffic[way].hearing().handle_matching(matched, self.now());
        self.judge(way);
    }

    /// Looks whether a way carries, and whether something wants an answer.
    fn judge(&self, way: usize) {
        let hearing = || *self.traffic[way].hearing();
        self.tell(|choice, now| choice.handle(way, hearing().carries(now), now));
        if hearing().due_beat(self.now()).is_some() {
            self.place.wake.notify_one();
        }
    }

    /// Changes the choice, and tells the fusion thread what follows. Within one lock, so that events stay in order.
    fn tell(&self, change: impl FnOnce(&mut Choice, Span) -> Option<proto::replica::LinkEvent>) {
        let mut choice = self.choice();
        let at = self.place.clock.now();
        let Some(event) = change(&mut choice, elapsed(at.monotonic)) else { return };
        match choice.used().and_then(|way| self.wire(way)) {
            Some(wire) => info!("{} is reached over bearer {}", self.name(), wire.bearer),
            None if choice.used().is_none() => info!("{} is not reached", self.name()),
            None => {}
        }
        self.inbox.push_heard(Heard { link: self.place.link, at, what: FromLink::Event(event) });
    }

    /// The neighbour sent this.
    fn handle_payload(&self, way: usize, payload: &ZBytes) {
        let at = self.place.clock.now();
        let word = Word::of(payload.len());
        self.traffic[way].hearing().handle_word(word, elapsed(at.monotonic));
        self.judge(way);
        if word == Word::Understood && !payload.is_empty() {
            self.traffic[way].bytes_in.fetch_add(payload.len() as u64, Ordering::Relaxed);
            let what = FromLink::Packet(payload.to_bytes().into_owned());
            self.inbox.push_heard(Heard { link: self.place.link, at, what });
        }
    }

    /// The way over a bearer, if there is one.
    fn way(&self, bearer: &str) -> Option<usize> {
        let wires = self.wires.read().unwrap_or_else(PoisonError::into_inner);
        wires.iter().position(|wire| wire.bearer == bearer)
    }

    /// What is known of the wire over a bearer, if there is one.
    pub(super) fn hearing_on(&self, bearer: &str) -> Option<Hearing> {
        self.way(bearer).map(|way| *self.traffic[way].hearing())
    }

    /// Somebody connected to a bearer. Whoever does not hear the neighbour there soon declares anew.
    pub(super) fn handle_connected(&self, bearer: &str) {
        if let Some(way) = self.way(bearer) {
            self.traffic[way].hearing().handle_declared(false, self.now());
        }
    }

    /// Goes back to a better bearer, leaves one that is silent, beats where nothing else is sent, and declares anew
    /// where nothing is heard. `stranger` tells whether somebody is connected to a bearer whose subscriptions are
    /// unknown.
    pub(super) async fn tend(self: &Arc<Self>, stranger: &impl Fn(&str) -> bool) {
        let wires: Vec<Arc<Wire>> = self.wires.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (way, wire) in wires.iter().enumerate() {
            self.judge(way);
            let hearing = *self.traffic[way].hearing();
            if let Some(word) = hearing.due_beat(self.now()) {
                let (neighbour, wire) = (Arc::clone(self), Arc::clone(wire));
                let _ = tokio::task::spawn_blocking(move || neighbour.put(way, &wire, word.beat().to_vec())).await;
            }
            if hearing.is_declaration_due(stranger(&wire.bearer), self.now()) {
                self.declare_anew(way, wire).await;
            }
        }
    }

    /// Declares everything on a bearer whose session is a new one.
    pub(super) async fn declare_all(self: &Arc<Self>, config: &BearerConfig, session: &Session) -> zenoh::Result<()> {
        let Some(way) = self.way(&config.name) else { return Ok(()) };
        self.handle_matching(way, false);
        self.handle_connected(&config.name);
        let wire = Arc::new(Wire::declare(self, way, config, session).await?);
        self.wires.write().unwrap_or_else(PoisonError::into_inner)[way] = wire;
        Ok(())
    }

    async fn declare_anew(self: &Arc<Self>, way: usize, wire: &Wire) {
        debug!("{} is silent on bearer {}: declaring anew", self.name(), wire.bearer);
        let mut subscription = wire.subscription.lock().await;
        self.traffic[way].hearing().handle_declared(true, self.now());
        match Subscription::declare(self, way, &wire.session, subscription.form + 1).await {
            Ok(new) => {
                let old = std::mem::replace(&mut *subscription, new);
                let _ = old.subscriber.undeclare().await;
            }
            Err(e) => warn!("{} on bearer {}: {e}", self.name(), wire.bearer),
        }
    }

    /// How it is reached.
    pub(super) fn reach(&self, now: Monotonic) -> Reach {
        let wires = self.wires.read().unwrap_or_else(PoisonError::into_inner);
        let choice = self.choice();
        let sum = |count: fn(&Traffic) -> &AtomicU64| {
            self.traffic.iter().map(|traffic| count(traffic).load(Ordering::Relaxed)).sum::<u64>()
        };
        let bearer = |way: usize| wires.get(way).map(|wire| wire.bearer.clone());
        let heard = self.traffic.iter().filter_map(|traffic| traffic.hearing().heard()).max();
        Reach {
            name: self.place.name.clone(),
            link: self.place.link,
            bearer: choice.used().and_then(bearer),
            kept: (0..wires.len())
                .filter(|&w| choice.is_up(w) && choice.used() != Some(w))
                .filter_map(bearer)
                .collect(),
            age_s: heard.map(|heard| (elapsed(now) - heard).as_secs_f64().max(0.0)),
            bytes_in: sum(|traffic| &traffic.bytes_in),
            bytes_out: sum(|traffic| &traffic.bytes_out),
            trouble: None,
        }
    }
}

/// On the monotonic clock.
pub(super) fn elapsed(at: Monotonic) -> Span {
    Span::from_nanos(i64::try_from(at.0).unwrap_or(i64::MAX))
}

impl Wire {
    /// Declares what we send and what we hear on one bearer.
    pub(super) async fn declare(
        neighbour: &Arc<Neighbour>,
        way: usize,
        config: &BearerConfig,
        session: &Session,
    ) -> zenoh::Result<Self> {
        let Place { me, name, .. } = &neighbour.place;
        let publisher = session.declare_publisher(key(me, name));
        let publisher = publisher.congestion_control(CongestionControl::Drop).express(true).await?;
        let told = Arc::downgrade(neighbour);
        let matched = move |status: zenoh::matching::MatchingStatus| {
            if let Some(neighbour) = told.upgrade() {
                neighbour.handle_matching(way, status.matching());
            }
        };
        publisher.matching_listener().callback(matched).background().await?;
        let subscription = Subscription::declare(neighbour, way, session, 0).await?;
        Ok(Self {
            bearer: config.name.clone(),
            session: session.clone(),
            publisher,
            subscription: tokio::sync::Mutex::new(subscription),
        })
    }
}

impl Subscription {
    async fn declare(neighbour: &Arc<Neighbour>, way: usize, session: &Session, form: usize) -> zenoh::Result<Self> {
        let Place { me, name, .. } = &neighbour.place;
        let told = Arc::downgrade(neighbour);
        let heard = move |sample: zenoh::sample::Sample| {
            if let Some(neighbour) = told.upgrade() {
                neighbour.handle_payload(way, sample.payload());
            }
        };
        let any = FORMS[form % FORMS.len()];
        let subscriber = session.declare_subscriber(format!("{any}/{VERSION}/{me}/{name}")).callback(heard).await?;
        Ok(Self { form, subscriber })
    }
}

/// The key of what one node has for another. It is told with every packet, and so is short.
pub(super) fn key(from: &str, to: &str) -> String {
    format!("m/{VERSION}/{to}/{from}")
}

/// Of the packets, and who may send them.
const VERSION: u32 = 1;

/// How a neighbour is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Its name.
    pub name: String,
    /// The link to it.
    pub link: LinkId,
    /// The bearer in use; `None` if it is not reached.
    pub bearer: Option<String>,
    /// Bearers that would carry, and are kept.
    pub kept: Vec<String>,
    /// Since anything was heard of it, seconds; `None` before.
    pub age_s: Option<f64>,
    /// Octets of packets received.
    pub bytes_in: u64,
    /// Octets of packets given to zenoh.
    pub bytes_out: u64,
    /// Why it is not reached, where keys are the reason.
    pub trouble: Option<String>,
}
