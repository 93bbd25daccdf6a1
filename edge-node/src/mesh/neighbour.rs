//! One neighbour: on each bearer a wire to it, and which of them is used.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use fusion_core::time::Span;
use proto::replica::{Bearer, LinkId};
use tracing::{debug, info, warn};
use zenoh::bytes::ZBytes;
use zenoh::pubsub::{Publisher, Subscriber};
use zenoh::qos::CongestionControl;
use zenoh::{Session, Wait};

use super::carrier::PREFIX;
use super::choice::Choice;
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
#[derive(Debug, Default)]
struct Traffic {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    heard: AtomicU64,
    /// When the neighbour's subscription became known last.
    matched: AtomicU64,
    sent: AtomicU64,
    /// How often the wire was declared anew since anything was heard.
    tries: AtomicU32,
}

/// What is declared on one bearer for one neighbour.
pub(super) struct Wire {
    bearer: String,
    lease: Duration,
    session: Session,
    publisher: Publisher<'static>,
    subscriber: tokio::sync::Mutex<Option<Subscriber<()>>>,
    declared: AtomicU64,
}

/// A wire that is silent for so many leases is declared anew.
const SILENT_LEASES: u32 = 3;
/// One that was never heard since it was declared, sooner: whoever knows of it greets at once. Each time that changes
/// nothing, twice as much later, until it is as for the others.
const FIRST_PATIENCE: Duration = Duration::from_secs(2);

/// After so many declarations anew that changed nothing, the session is at fault.
const DEAF_AFTER: u32 = 2;

impl Wire {
    /// How long it may be silent before it is declared anew.
    fn patience(&self, traffic: &Traffic) -> Duration {
        let longest = self.lease * SILENT_LEASES;
        if traffic.heard.load(Ordering::Relaxed) > self.declared.load(Ordering::Relaxed) {
            return longest;
        }
        let doublings = traffic.tries.load(Ordering::Relaxed).min(8);
        (FIRST_PATIENCE * (1 << doublings)).min(longest)
    }
}

impl Neighbour {
    pub(super) fn new(place: Place, bearers: impl Iterator<Item = Bearer>, inbox: Arc<Inbox>) -> Arc<Self> {
        let bearers: Vec<Bearer> = bearers.collect();
        let traffic = bearers.iter().map(|_| Traffic::default()).collect();
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
        wire.is_some_and(|(way, wire)| self.put(way, &wire, packet))
    }

    fn put(&self, way: usize, wire: &Wire, packet: Vec<u8>) -> bool {
        let traffic = &self.traffic[way];
        traffic.bytes_out.fetch_add(packet.len() as u64, Ordering::Relaxed);
        traffic.sent.store(self.place.clock.now().monotonic.0, Ordering::Relaxed);
        wire.publisher.put(packet).wait().is_ok()
    }

    fn choice(&self) -> MutexGuard<'_, Choice> {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wire(&self, way: usize) -> Option<Arc<Wire>> {
        self.wires.read().unwrap_or_else(PoisonError::into_inner).get(way).cloned()
    }

    /// zenoh knows the neighbour's subscription now, or does no longer.
    fn handle_matching(&self, way: usize, up: bool) {
        debug!("{} over its way {way}: {}", self.name(), if up { "up" } else { "down" });
        let now = self.place.clock.now().monotonic;
        // Silence counts from here.
        self.traffic[way].matched.fetch_max(if up { now.0 } else { 0 }, Ordering::Relaxed);
        self.tell(|choice, now| choice.handle(way, up, now));
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

    /// The neighbour sent this; nothing is a beat.
    fn handle_payload(&self, way: usize, payload: &ZBytes) {
        let at = self.place.clock.now();
        let traffic = &self.traffic[way];
        traffic.heard.store(at.monotonic.0, Ordering::Relaxed);
        traffic.tries.store(0, Ordering::Relaxed);
        traffic.bytes_in.fetch_add(payload.len() as u64, Ordering::Relaxed);
        if !payload.is_empty() {
            let what = FromLink::Packet(payload.to_bytes().into_owned());
            self.inbox.push_heard(Heard { link: self.place.link, at, what });
        }
    }

    /// Whether this bearer reaches it.
    pub(super) fn is_reached_by(&self, bearer: &str) -> bool {
        let wires = self.wires.read().unwrap_or_else(PoisonError::into_inner);
        let choice = self.choice();
        wires.iter().enumerate().any(|(way, wire)| wire.bearer == bearer && choice.is_up(way))
    }

    /// Goes back to a better bearer, beats where nothing else is sent, and declares anew where nothing is heard.
    /// `unknown` tells whether somebody is connected to a bearer of whom no subscription is known.
    pub(super) async fn tend(self: &Arc<Self>, unknown: &impl Fn(&str) -> bool) {
        self.tell(Choice::choose);
        let wires: Vec<Arc<Wire>> = self.wires.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (way, wire) in wires.iter().enumerate() {
            let now = self.place.clock.now().monotonic;
            let up = self.choice().is_up(way);
            let since = |time: &AtomicU64| now.since(Monotonic(time.load(Ordering::Relaxed)));
            if up && since(&self.traffic[way].sent) >= wire.lease {
                let (neighbour, wire) = (Arc::clone(self), Arc::clone(wire));
                let _ = tokio::task::spawn_blocking(move || neighbour.put(way, &wire, Vec::new())).await;
            }
            let patience = wire.patience(&self.traffic[way]);
            let traffic = &self.traffic[way];
            let silent = [&traffic.heard, &traffic.matched, &wire.declared].iter().all(|time| since(time) >= patience);
            if silent && (up || unknown(&wire.bearer)) {
                self.declare_anew(way, wire).await;
            }
        }
    }

    /// Whether a bearer that carries what we send, as far as is known, has brought nothing however often we declared
    /// anew.
    pub(super) fn is_deaf_on(&self, bearer: &str) -> bool {
        let wires = self.wires.read().unwrap_or_else(PoisonError::into_inner);
        let choice = self.choice();
        let deaf = |way: usize, wire: &Wire| {
            let tries = self.traffic[way].tries.load(Ordering::Relaxed);
            wire.bearer == bearer && choice.is_up(way) && tries >= DEAF_AFTER
        };
        wires.iter().enumerate().any(|(way, wire)| deaf(way, wire))
    }

    /// Declares everything on a bearer whose session is a new one.
    pub(super) async fn declare_all(self: &Arc<Self>, config: &BearerConfig, session: &Session) -> zenoh::Result<()> {
        let wires: Vec<Arc<Wire>> = self.wires.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (way, _) in wires.iter().enumerate().filter(|(_, wire)| wire.bearer == config.name) {
            self.handle_matching(way, false);
            self.traffic[way].tries.store(0, Ordering::Relaxed);
            let wire = Arc::new(Wire::declare(self, way, config, session).await?);
            self.wires.write().unwrap_or_else(PoisonError::into_inner)[way] = wire;
        }
        Ok(())
    }

    async fn declare_anew(self: &Arc<Self>, way: usize, wire: &Wire) {
        debug!("{} is silent on bearer {}: declaring anew", self.name(), wire.bearer);
        let mut subscriber = wire.subscriber.lock().await;
        if let Some(old) = subscriber.take() {
            let _ = old.undeclare().await;
        }
        wire.declared.store(self.place.clock.now().monotonic.0, Ordering::Relaxed);
        self.traffic[way].tries.fetch_add(1, Ordering::Relaxed);
        match subscribe(self, way, &wire.session).await {
            Ok(new) => *subscriber = Some(new),
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
        let heard = self.traffic.iter().map(|traffic| traffic.heard.load(Ordering::Relaxed)).max().unwrap_or(0);
        Reach {
            name: self.place.name.clone(),
            link: self.place.link,
            bearer: choice.used().and_then(bearer),
            kept: (0..wires.len())
                .filter(|&w| choice.is_up(w) && choice.used() != Some(w))
                .filter_map(bearer)
                .collect(),
            age_s: (heard > 0).then(|| now.since(Monotonic(heard)).as_secs_f64()),
            bytes_in: sum(|traffic| &traffic.bytes_in),
            bytes_out: sum(|traffic| &traffic.bytes_out),
        }
    }
}

/// On the monotonic clock.
fn elapsed(at: Monotonic) -> Span {
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
        let Place { me, name, clock, .. } = &neighbour.place;
        let publisher = session.declare_publisher(format!("{PREFIX}/{name}/{me}"));
        let publisher = publisher.congestion_control(CongestionControl::Drop).express(true).await?;
        let told = Arc::downgrade(neighbour);
        let matched = move |status: zenoh::matching::MatchingStatus| {
            if let Some(neighbour) = told.upgrade() {
                neighbour.handle_matching(way, status.matching());
            }
        };
        publisher.matching_listener().callback(matched).background().await?;
        let subscriber = subscribe(neighbour, way, session).await?;
        Ok(Self {
            bearer: config.name.clone(),
            lease: Duration::from_secs_f64(config.settings().lease_s),
            session: session.clone(),
            publisher,
            subscriber: tokio::sync::Mutex::new(Some(subscriber)),
            declared: AtomicU64::new(clock.now().monotonic.0),
        })
    }
}

async fn subscribe(neighbour: &Arc<Neighbour>, way: usize, session: &Session) -> zenoh::Result<Subscriber<()>> {
    let Place { me, name, .. } = &neighbour.place;
    let told = Arc::downgrade(neighbour);
    let heard = move |sample: zenoh::sample::Sample| {
        if let Some(neighbour) = told.upgrade() {
            neighbour.handle_payload(way, sample.payload());
        }
    };
    session.declare_subscriber(format!("{PREFIX}/{me}/{name}")).callback(heard).await
}

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
}
