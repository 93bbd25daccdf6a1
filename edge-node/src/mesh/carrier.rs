//! What carries packets between this node and its neighbours: zenoh over one hop, one session for each bearer.
//!
//! | key | payload | who |
//! |---|---|---|
//! | `m/1/DST/SRC` | a packet, or a beat | `SRC` publishes, `DST` subscribes |
//! | `copmesh/1/l/NAME` (liveliness) | – | nodes on a bearer that looks around |
//!
//! A link carries when the neighbour's subscription to what we send is known, and the neighbour is heard and says that
//! it hears us ([`super::hearing`]). A declaration lost on a bearer that loses packets would never come again: so who
//! hears nothing declares anew.
//!
//! Nothing here waits for the fusion thread, nor it for this: packets to be sent lie in a bounded queue, a thread gives
//! them to zenoh, which drops what it cannot send at once; what was received is laid into the inbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use fusion_core::label::Clearance;
use fusion_core::time::Span;
use proto::replica::LinkId;
use tokio::sync::Notify;
use tracing::{info, warn};
use zenoh::sample::SampleKind;

use super::bearer::BearerSession;
use super::gate::Gate;
use super::hearing::Hearing;
use super::lookout::{self, Watch};
use super::neighbour::{Neighbour, Place, Reach, Wire, elapsed, key};
use super::{MeshError, error, session};
use crate::clock::{Clock, Now};
use crate::config::MeshConfig;
use crate::config::mesh::{NEIGHBOURS_MAX, WayConfig};
use crate::inbox::Inbox;
use crate::keys::in_use::Papers;
use crate::pulse::Beat;

/// Packets that wait to be given to zenoh at the most.
///
/// Counter: `carrier_dropped`; the packet is lost, and what it told is told again.
pub const PACKETS_WAITING_MAX: usize = 512;

/// How often bearers are chosen anew and silence is looked for; also whenever something wants an answer.
const TEND_PERIOD: Duration = Duration::from_millis(100);

/// A packet, and whom it is for.
type Outgoing = (LinkId, Vec<u8>);

/// The way to all neighbours.
pub struct Carrier {
    me: String,
    clock: Clock,
    inbox: Arc<Inbox>,
    bearers: Vec<BearerSession>,
    neighbours: RwLock<BTreeMap<LinkId, Arc<Neighbour>>>,
    outgoing: Mutex<Option<SyncSender<Outgoing>>>,
    carrier_dropped: AtomicU64,
    neighbours_full: AtomicU64,
    wake: Arc<Notify>,
    pub(super) watch: Watch,
}

impl Carrier {
    /// Opens a session for each bearer, and declares what each neighbour needs. Links that come up are told to the
    /// inbox. Bearers that keys protect want papers; `beat` tells that the ways to neighbours are tended.
    ///
    /// # Errors
    /// [`MeshError`] that names the bearer at fault.
    pub async fn open(
        me: &str,
        config: &MeshConfig,
        papers: Option<Arc<Papers>>,
        inbox: Arc<Inbox>,
        clock: Clock,
        beat: Beat,
    ) -> Result<Arc<Self>, MeshError> {
        let mut bearers = Vec::new();
        for bearer in config.all_bearers() {
            let all = config.neighbours.iter().flat_map(|other| other.ways.iter().map(|way| (&other.name, way)));
            let here = all.filter(|(_, way)| way.bearer == bearer.name);
            let (names, ends): (Vec<_>, Vec<_>) = here.map(|(name, way)| (name.clone(), way.endpoint.clone())).unzip();
            let connect: Vec<String> = ends.into_iter().flatten().collect();
            let gate = Gate::new(&bearer, &connect, papers.as_ref(), names);
            let _ = gate.as_ref().map(|gate| gate.has_changed(&bearer));
            bearers.push(BearerSession::open(bearer, connect, gate).await?);
        }
        let (sender, receiver) = sync_channel(PACKETS_WAITING_MAX);
        let carrier = Arc::new(Self {
            me: me.to_owned(),
            clock,
            inbox,
            bearers,
            neighbours: RwLock::default(),
            outgoing: Mutex::new(Some(sender)),
            carrier_dropped: AtomicU64::new(0),
            neighbours_full: AtomicU64::new(0),
            wake: Arc::default(),
            watch: Watch::new(papers, endpoints(config)),
        });
        for neighbour in &config.neighbours {
            let clearance = neighbour.clearance.clearance("mesh.neighbours").map_err(|e| MeshError(e.to_string()))?;
            let ways: Vec<(&str, Option<&str>)> =
                neighbour.ways.iter().map(|way| (way.bearer.as_str(), way.endpoint.as_deref())).collect();
            carrier.add(&neighbour.name, clearance, &ways).await?;
        }
        carrier.spawn_sender(receiver)?;
        for index in 0..carrier.bearers.len() {
            carrier.look_around(index).await?;
        }
        tokio::spawn(lookout::run(Arc::downgrade(&carrier)));
        tokio::spawn(tend(Arc::clone(&carrier), beat));
        Ok(carrier)
    }

    /// Gives a packet to the neighbour of a link, or drops and counts it. Never waits.
    pub fn send(&self, link: LinkId, packet: Vec<u8>) {
        let outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
        if outgoing.as_ref().is_none_or(|outgoing| outgoing.try_send((link, packet)).is_err()) {
            self.carrier_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How each neighbour is reached, by link.
    #[must_use]
    pub fn reach(&self) -> Vec<Reach> {
        let now = self.clock.now().monotonic;
        let told = |neighbour: &Arc<Neighbour>| {
            let reach = neighbour.reach(now);
            Reach { trouble: self.watch.trouble(&reach.name), ..reach }
        };
        self.all().iter().map(told).collect()
    }

    pub(super) fn me(&self) -> &str {
        &self.me
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(super) fn bearers(&self) -> &[BearerSession] {
        &self.bearers
    }

    /// Opens the sessions of those bearers anew whose keys were replaced, or that let in others now.
    pub(super) fn open_changed_anew(self: &Arc<Self>) {
        for (index, bearer) in self.bearers.iter().enumerate() {
            if bearer.gate.as_ref().is_some_and(|gate| gate.has_changed(&bearer.config)) {
                info!("keys or deny-list replaced: opening bearer {} anew", bearer.config.name);
                tokio::spawn(Arc::clone(self).open_anew(index));
            }
        }
    }

    /// What is counted, by name.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("carrier_dropped", self.carrier_dropped.load(Ordering::Relaxed));
        each("neighbours_full", self.neighbours_full.load(Ordering::Relaxed));
        each("packets_dropped", self.inbox.packets_dropped());
    }

    /// Ends the sessions: neighbours learn at once that the links are down.
    pub async fn close(&self) {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.neighbours.write().unwrap_or_else(PoisonError::into_inner).clear();
        for bearer in &self.bearers {
            if let Err(e) = bearer.session().close().await {
                warn!("bearer {} did not close: {e}", bearer.config.name);
            }
        }
    }

    fn all(&self) -> Vec<Arc<Neighbour>> {
        self.neighbours.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn knows(&self, name: &str) -> bool {
        self.all().iter().any(|neighbour| neighbour.name() == name)
    }

    /// Declares what a neighbour needs on each bearer by which it may be reached.
    async fn add(&self, name: &str, clearance: Clearance, ways: &[(&str, Option<&str>)]) -> Result<(), MeshError> {
        let Some(link) = self.free_link() else {
            self.neighbours_full.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let (me, wake) = (self.me.clone(), Arc::clone(&self.wake));
        let place = Place { link, me, name: name.to_owned(), clock: self.clock, wake };
        let found = |way: &str| self.bearers.iter().find(|bearer| bearer.config.name == way);
        let wanted: Vec<_> = ways.iter().filter_map(|&(way, endpoint)| Some((found(way)?, endpoint))).collect();
        let ways = wanted.iter().map(|(bearer, endpoint)| {
            let any = endpoint.or(bearer.config.listen.first().map(String::as_str));
            let protocol = any.and_then(|endpoint| endpoint.split('/').next()).unwrap_or("tcp");
            let told = session::bearer(&bearer.config, protocol, key(&self.me, name).len(), clearance);
            (told, Span::from_secs_f64(bearer.config.settings().silence_s))
        });
        let neighbour = Neighbour::new(place, ways, Arc::clone(&self.inbox));
        for (way, (bearer, _)) in wanted.iter().enumerate() {
            let wire = Wire::declare(&neighbour, way, &bearer.config, &bearer.session()).await;
            neighbour.push(wire.map_err(error(&format!("neighbour {name} on bearer {}", bearer.config.name)))?);
        }
        self.neighbours.write().unwrap_or_else(PoisonError::into_inner).insert(link, neighbour);
        Ok(())
    }

    fn free_link(&self) -> Option<LinkId> {
        let count = self.neighbours.read().unwrap_or_else(PoisonError::into_inner).len();
        (count < NEIGHBOURS_MAX).then(|| u16::try_from(count).ok().map(LinkId)).flatten()
    }

    /// A thread of its own gives packets to zenoh: where a bearer is slower than its packets, that takes a millisecond.
    fn spawn_sender(self: &Arc<Self>, packets: Receiver<(LinkId, Vec<u8>)>) -> Result<(), MeshError> {
        let carrier = Arc::downgrade(self);
        let run = move || {
            for (link, packet) in packets {
                let Some(carrier) = carrier.upgrade() else { return };
                let neighbours = carrier.neighbours.read().unwrap_or_else(PoisonError::into_inner);
                let neighbour = neighbours.get(&link).cloned();
                drop(neighbours);
                if neighbour.is_none_or(|neighbour| !neighbour.send(packet)) {
                    carrier.carrier_dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let spawned = std::thread::Builder::new().name("copmesh-carrier".into()).spawn(run);
        spawned.map(|_| ()).map_err(|e| MeshError(format!("no thread for the carrier: {e}")))
    }

    /// On a bearer that looks around: tells who we are, and speaks to those who are found.
    async fn look_around(self: &Arc<Self>, index: usize) -> Result<(), MeshError> {
        let bearer = &self.bearers[index];
        if !bearer.config.settings().scouting {
            return Ok(());
        }
        let (name, session) = (&bearer.config.name, bearer.session());
        let token = session.liveliness().declare_token(format!("{PREFIX}/{}", self.me)).await;
        *bearer.token.lock().await = Some(token.map_err(error(&format!("bearer {name}, liveliness")))?);
        let Some(found) = &bearer.config.found else { return Ok(()) };
        let clearance = found.clearance("mesh.bearers").map_err(|e| MeshError(e.to_string()))?;
        let others = session.liveliness().declare_subscriber(format!("{PREFIX}/*")).history(true).await;
        let others = others.map_err(error(&format!("bearer {name}, looking around")))?;
        let carrier = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok(sample) = others.recv_async().await {
                let key = sample.key_expr().as_str();
                let name = key.strip_prefix(PREFIX).map_or("", |rest| rest.trim_start_matches('/'));
                if sample.kind() == SampleKind::Put {
                    carrier.meet(name, index, clearance).await;
                }
            }
        });
        Ok(())
    }

    /// Closes the session of a bearer and opens another, under a new name in zenoh's network.
    async fn open_anew(self: Arc<Self>, index: usize) {
        let bearer = &self.bearers[index];
        let session = bearer.open_anew(elapsed(self.clock.now().monotonic)).await;
        for neighbour in self.all() {
            if let Err(e) = neighbour.declare_all(&bearer.config, &session).await {
                warn!("neighbour {} on bearer {}: {e}", neighbour.name(), bearer.config.name);
            }
        }
        if let Err(e) = self.look_around(index).await {
            warn!("{e}");
        }
    }

    async fn tend(self: &Arc<Self>) {
        let all = self.all();
        let mut strangers = Vec::with_capacity(self.bearers.len());
        for (index, bearer) in self.bearers.iter().enumerate() {
            let name = bearer.config.name.as_str();
            let hearings: Vec<Hearing> = all.iter().filter_map(|neighbour| neighbour.hearing_on(name)).collect();
            let now = elapsed(self.clock.now().monotonic);
            let seen = bearer.look(&hearings, now).await;
            if seen.grown {
                all.iter().for_each(|neighbour| neighbour.handle_connected(name));
            }
            if seen.deaf {
                warn!("bearer {name}: connected, but nothing is heard; opening its session anew");
                tokio::spawn(Arc::clone(self).open_anew(index));
            }
            strangers.push((name, seen.connected > hearings.iter().filter(|hearing| hearing.is_matched()).count()));
        }
        let stranger = |name: &str| strangers.iter().any(|&(bearer, there)| bearer == name && there);
        for neighbour in &all {
            neighbour.tend(&stranger).await;
        }
    }

    /// A node was found that the configuration does not name.
    async fn meet(&self, name: &str, bearer: usize, clearance: Clearance) {
        if name == self.me || self.knows(name) || !crate::config::is_name(name) {
            return;
        }
        let bearer = &self.bearers[bearer].config.name;
        info!("found {name} on bearer {bearer}");
        if let Err(e) = self.add(name, clearance, &[(bearer, None)]).await {
            warn!("{e}");
        }
    }
}

/// Where each neighbour is dialled.
fn endpoints(config: &MeshConfig) -> BTreeMap<String, Vec<String>> {
    let of = |ways: &[WayConfig]| ways.iter().filter_map(|way| way.endpoint.clone()).collect();
    config.neighbours.iter().map(|neighbour| (neighbour.name.clone(), of(&neighbour.ways))).collect()
}

/// Names of nodes stand below this.
const PREFIX: &str = "copmesh/1/l";

/// Chooses bearers anew, beats, and declares anew where nothing is heard, for as long as the carrier is there.
async fn tend(carrier: Arc<Carrier>, beat: Beat) {
    let carrier = {
        let weak = Arc::downgrade(&carrier);
        drop(carrier);
        weak
    };
    let mut tick = tokio::time::interval(TEND_PERIOD);
    let wake = match carrier.upgrade() {
        Some(carrier) => Arc::clone(&carrier.wake),
        None => return,
    };
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = wake.notified() => {}
        }
        let Some(carrier) = carrier.upgrade() else { return };
        carrier.tend().await;
        beat.beat();
    }
}
