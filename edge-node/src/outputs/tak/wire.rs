//! The sockets of the ways out to TAK: one task per endpoint, one per client that connects here.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fusion_core::geodesy::Geodetic;
use fusion_core::time::Span;
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::conversation::{Conversation, ConversationTally, Role};
use super::describe::Describer;
use super::event::Event;
use super::feed::{Feed, FeedSettings, Listener};
use super::room::{Room, Said, Seat};
use super::{protobuf, tls, xml};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::endpoint::UdpEndpoint;
use crate::config::tak::{TakEndpoint, TakLanguage};
use crate::config::{Config, ConfigError, SensorConfig, TakConfig};
use crate::outputs::datagrams;
use crate::outputs::output_health::{OutputHealth, add};
use crate::streams::{self, Backoff, WRITE_PATIENCE, patiently, write_pieces};

/// Clients of one endpoint at once at the most.
///
/// Counter: `refused`; a further one is not accepted.
const CLIENTS_MAX: usize = 32;

/// The longest datagram, octets: what every network carries whole.
///
/// Counter: `too_long`; a longer event is not sent.
const DATAGRAM_BYTES_MAX: usize = 1400;

/// When so much waits to be written, octets, what others said waits in the room.
///
/// Counter: `lost`, which is that of the room.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// What a receiver has not taken lies here, octets: what is said behind it is so much older when it is read.
///
/// No counter: what finds no room here is not made before there is.
const SEND_BUFFER_BYTES_MAX: usize = 128 * 1024;

/// How often a receiver's feed is looked at.
const TICK: Duration = Duration::from_millis(250);
const TICKS_PER_SECOND: u32 = 4;

const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_LAST: Duration = Duration::from_secs(15);

/// How a way out is doing.
#[derive(Debug, Default)]
pub struct TakHealth {
    output: OutputHealth,
    receivers: AtomicU64,
    heard: AtomicU64,
    faults: AtomicU64,
    garbage_bytes: AtomicU64,
    unanswered: AtomicU64,
    too_long: AtomicU64,
    refused: AtomicU64,
    echoes: AtomicU64,
    lost: AtomicU64,
    stuck: AtomicU64,
}

impl TakHealth {
    /// For programs. `receivers`: connections that stand, or one for datagrams; `trouble`: why there is no connection.
    #[must_use]
    pub fn json(&self) -> Value {
        let counters = [
            ("heard", &self.heard),
            ("faults", &self.faults),
            ("garbage_bytes", &self.garbage_bytes),
            ("unanswered", &self.unanswered),
            ("too_long", &self.too_long),
            ("refused", &self.refused),
            ("echoes", &self.echoes),
            ("lost", &self.lost),
            ("stuck", &self.stuck),
        ];
        self.output.json(&[("receivers", json!(self.receivers.load(Ordering::Relaxed)))], &counters)
    }

    /// Adds what a conversation counted since `before`; what it has counted by now.
    fn count(&self, now: ConversationTally, before: ConversationTally) -> ConversationTally {
        add(&self.heard, now.events - before.events);
        add(&self.faults, now.refused - before.refused);
        add(&self.garbage_bytes, now.garbage - before.garbage);
        add(&self.unanswered, now.unanswered - before.unanswered);
        now
    }
}

/// Counts a receiver for as long as it is there.
struct Present<'a>(&'a AtomicU64);

impl<'a> Present<'a> {
    fn new(counter: &'a AtomicU64) -> Self {
        add(counter, 1);
        Self(counter)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One way out.
#[derive(Clone, Debug)]
pub struct TakOutput {
    config: TakConfig,
    endpoint: TakEndpoint,
    settings: FeedSettings,
    by: Arc<Describer>,
    listeners: Arc<[Listener]>,
    board: watch::Receiver<Arc<Board>>,
    clock: Clock,
    health: Arc<TakHealth>,
    /// Who takes nothing for so long is left.
    patience: Duration,
}

impl TakOutput {
    /// All ways out of a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] for what [`Config::check`] would refuse.
    pub fn all(
        config: &Config,
        mode: Mode,
        board: &watch::Receiver<Arc<Board>>,
        clock: Clock,
    ) -> Result<Vec<Self>, ConfigError> {
        let listener = |sensor: &SensorConfig| Listener {
            name: sensor.name.clone(),
            place: placed(sensor),
            range_m: sensor.range_max_m,
        };
        let listeners: Arc<[Listener]> = config.sensors.iter().map(listener).collect();
        let place = config.node.origin()?;
        let one = |(i, output): (usize, &TakConfig)| {
            let key = format!("tak[{i}]");
            let by = Describer { node: config.node.name.clone(), place, mode, unknown: output.unknown };
            let health =
                TakHealth { output: OutputHealth::new(&output.name, &output.endpoint), ..TakHealth::default() };
            Ok(Self {
                endpoint: output.parsed_endpoint(&key)?,
                settings: FeedSettings {
                    clearance: output.clearance.clearance(&key)?,
                    period: Span::from_secs_f64(output.period_s),
                    events_max: usize::try_from(output.events_per_second.div_ceil(TICKS_PER_SECOND)).unwrap_or(1),
                    area_above_m: output.area_above_m,
                },
                config: output.clone(),
                by: Arc::new(by),
                listeners: Arc::clone(&listeners),
                board: board.clone(),
                clock,
                health: Arc::new(health),
                patience: WRITE_PATIENCE,
            })
        };
        config.tak.iter().enumerate().map(one).collect()
    }

    /// How it is doing.
    #[must_use]
    pub const fn health(&self) -> &Arc<TakHealth> {
        &self.health
    }

    /// The same with less patience for those who take nothing.
    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Tells the picture until the task is dropped.
    pub async fn run(self) {
        let mut backoff = Backoff::new(BACKOFF_FIRST, BACKOFF_LAST);
        loop {
            let begun = self.clock.now().monotonic;
            let outcome = match &self.endpoint {
                TakEndpoint::Udp(endpoint) => self.datagrams(endpoint).await,
                TakEndpoint::Tcp(server) => self.server(server, false).await,
                TakEndpoint::Tls(server) => self.server(server, true).await,
                TakEndpoint::TcpListen(address) => self.listen(*address, false).await,
                TakEndpoint::TlsListen(address) => self.listen(*address, true).await,
            };
            backoff.stood(self.clock.now().monotonic.since(begun));
            let trouble = outcome.map_or_else(|e| e.to_string(), |()| "the connection was closed".to_owned());
            warn!(output = %self.config.name, "{trouble}; trying again in {:?}", backoff.next());
            self.health.output.fail(&trouble);
            backoff.pause().await;
        }
    }

    fn opened(&self) {
        info!(output = %self.config.name, endpoint = %self.config.endpoint, "open");
        self.health.output.set_trouble(None);
    }

    /// What a receiver is to be told now.
    fn advance(&self, feed: &mut Feed) -> Vec<Event> {
        let board = self.board.borrow().clone();
        let deferred = feed.deferred();
        let events = feed.advance(&board, &self.listeners, &self.by, self.clock.now().validity);
        add(&self.health.output.deferred, feed.deferred() - deferred);
        self.health.output.withheld.store(feed.withheld() as u64, Ordering::Relaxed);
        events
    }

    fn count(&self, octets: usize) {
        add(&self.health.output.told, 1);
        add(&self.health.output.octets, octets as u64);
    }

    async fn datagrams(&self, endpoint: &UdpEndpoint) -> io::Result<()> {
        let socket = datagrams::sender(endpoint)?;
        self.opened();
        let _present = Present::new(&self.health.receivers);
        let mut feed = Feed::new(self.settings);
        let mut tick = ticks();
        loop {
            tick.tick().await;
            for event in self.advance(&mut feed) {
                let octets = match self.config.language {
                    TakLanguage::Protobuf => protobuf::datagram(&event),
                    TakLanguage::Auto | TakLanguage::Xml => xml::write(&event).into_bytes(),
                };
                if octets.len() > DATAGRAM_BYTES_MAX {
                    add(&self.health.too_long, 1);
                    continue;
                }
                let sent = socket.send_to(&octets, endpoint.address).await;
                if sent.is_ok() {
                    self.count(octets.len());
                }
                // A network that is away for a while is none that would have to be opened anew.
                self.health.output.set_trouble(sent.err().map(|e| e.to_string()).as_deref());
            }
        }
    }

    async fn server(&self, server: &str, is_secure: bool) -> io::Result<()> {
        let role = Role::Client { asks: self.config.language == TakLanguage::Auto };
        let stream = patiently(TcpStream::connect(server)).await?;
        prepare(&stream)?;
        if !is_secure {
            self.opened();
            return self.converse(stream, role, None).await;
        }
        let (connector, name) = tls::connector(&self.config, server).map_err(io::Error::other)?;
        let stream = patiently(connector.connect(name, stream)).await.map_err(tls::refused)?;
        self.opened();
        // A server that does not like our certificate says so only after the greeting.
        self.converse(stream, role, None).await.map_err(tls::refused)
    }

    async fn listen(&self, address: SocketAddr, is_secure: bool) -> io::Result<()> {
        let papers = || is_secure.then(|| tls::acceptor(&self.config)).transpose();
        let mut acceptor = papers().map_err(io::Error::other)?;
        let listener = TcpListener::bind(address).await?;
        self.opened();
        let (room, seats) = (Arc::new(Room::new()), Arc::new(Semaphore::new(CLIENTS_MAX)));
        let mut clients = JoinSet::new();
        loop {
            while clients.try_join_next().is_some() {}
            let (stream, peer) = streams::accept(&listener, &self.config.name).await;
            let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
                add(&self.health.refused, 1);
                warn!(output = %self.config.name, %peer, "refused: {CLIENTS_MAX} clients are there already");
                continue;
            };
            // Renewed while it listens. What cannot be used stands in the way of nobody who could come before.
            match papers() {
                Ok(renewed) => acceptor = renewed,
                Err(trouble) => warn!(output = %self.config.name, "{trouble}; the papers read before stay in use"),
            }
            let (output, room, acceptor) = (self.clone(), Arc::clone(&room), acceptor.clone());
            clients.spawn(async move {
                info!(output = %output.config.name, %peer, "a client came");
                match output.serve(stream, acceptor, &room).await {
                    Ok(()) => info!(output = %output.config.name, %peer, "a client left"),
                    Err(e) => warn!(output = %output.config.name, %peer, "a client was lost: {e}"),
                }
                drop(seat);
            });
        }
    }

    async fn serve(&self, stream: TcpStream, acceptor: Option<TlsAcceptor>, room: &Room) -> io::Result<()> {
        let role = Role::Server { offers: self.config.language == TakLanguage::Auto };
        prepare(&stream)?;
        let Some(acceptor) = acceptor else { return self.converse(stream, role, Some(room)).await };
        let stream = patiently(acceptor.accept(stream)).await.map_err(|e| {
            add(&self.health.refused, 1);
            tls::refused(e)
        })?;
        self.converse(stream, role, Some(room)).await
    }

    /// Speaks over a connection until it ends.
    async fn converse<S>(&self, stream: S, role: Role, room: Option<&Room>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite,
    {
        let _present = Present::new(&self.health.receivers);
        let (reader, writer) = tokio::io::split(stream);
        // One piece waits at the most: what was said is written before more is said.
        let (sender, receiver) = mpsc::channel(1);
        tokio::select! {
            ended = self.speak(reader, role, room, sender) => ended,
            ended = write_pieces(writer, receiver, self.patience, &self.health.stuck) => ended,
        }
    }

    async fn speak<S: AsyncRead>(
        &self,
        mut reader: ReadHalf<S>,
        role: Role,
        room: Option<&Room>,
        sender: mpsc::Sender<Vec<u8>>,
    ) -> io::Result<()> {
        let mut conversation = Conversation::new(role, self.by.own_uid(), self.clock.now());
        let mut feed = Feed::new(self.settings);
        let (mut seat, mut counted) = (room.map(Room::enter), conversation.tally());
        let (mut buffer, mut tick) = (vec![0; 16 * 1024], ticks());
        loop {
            tokio::select! {
                read = reader.read(&mut buffer) => {
                    let length = read?;
                    if length == 0 {
                        return Ok(());
                    }
                    conversation.handle_bytes(&buffer[..length], self.clock.now(), |event| {
                        if seat.as_ref().is_some_and(|seat| !seat.say(event)) {
                            add(&self.health.echoes, 1);
                        }
                    });
                    counted = self.health.count(conversation.tally(), counted);
                }
                _ = tick.tick() => {
                    conversation.handle_timeout(self.clock.now()).map_err(io::Error::other)?;
                    counted = self.health.count(conversation.tally(), counted);
                    let Ok(permit) = sender.try_reserve() else { continue };
                    let octets = self.next_octets(&mut conversation, &mut feed, seat.as_mut());
                    if !octets.is_empty() {
                        permit.send(octets);
                    }
                }
            }
        }
    }

    /// Answers, what others said, what changed.
    fn next_octets(&self, conversation: &mut Conversation, feed: &mut Feed, seat: Option<&mut Seat<'_>>) -> Vec<u8> {
        let mut octets = Vec::new();
        while let Some(answer) = conversation.poll_transmit() {
            octets.extend(answer);
        }
        if !conversation.may_speak() {
            return octets;
        }
        let mut say = |event: &Event| {
            let written = conversation.write(event).unwrap_or_default();
            self.count(written.len());
            octets.extend(written);
            octets.len()
        };
        let mut waiting = self.advance(feed).iter().map(&mut say).last().unwrap_or(0);
        let Some(seat) = seat else { return octets };
        while waiting < PIECE_BYTES_MAX {
            let Some(said) = seat.hear() else { break };
            waiting = match said.as_ref() {
                Said::Event(event) => say(event),
                Said::Left(uid) => say(&self.by.gone(uid, self.clock.now().validity)),
            };
        }
        add(&self.health.lost, seat.missed());
        octets
    }
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    streams::prepare(stream)?;
    SockRef::from(stream).set_send_buffer_size(SEND_BUFFER_BYTES_MAX)
}

/// Where a sensor stands, if the configuration tells.
fn placed(sensor: &SensorConfig) -> Option<Geodetic> {
    Geodetic::from_degrees(sensor.latitude_deg?, sensor.longitude_deg?, sensor.height_m)
}
