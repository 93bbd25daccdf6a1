//! The sockets of the ways out to SAPIENT: one task each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fusion_core::geodesy::Geodetic;
use fusion_core::time::Span;
use sensor_drivers::sapient::encode::framed;
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::conversation::Conversation;
use super::describe::Describer;
use super::feed::{Feed, FeedSettings};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, SapientOutConfig, SensorConfig};
use crate::outputs::output_health::{OutputHealth, add};
use crate::streams::{self, Backoff, WRITE_PATIENCE, patiently, write_pieces};

/// What a middleware has not taken lies here, octets: what is said behind it is so much older when it is read.
///
/// No counter: what finds no room here is not made before there is.
const SEND_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// How often the feed is looked at.
const TICK: Duration = Duration::from_millis(250);
const TICKS_PER_SECOND: u32 = 4;

const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_LAST: Duration = Duration::from_secs(15);

/// How a way out is doing.
#[derive(Debug, Default)]
pub struct SapientHealth {
    output: OutputHealth,
    node_id: String,
    registered: AtomicBool,
    heard: AtomicU64,
    faults: AtomicU64,
    tasks: AtomicU64,
    unanswered: AtomicU64,
    sent_back: AtomicU64,
    stuck: AtomicU64,
}

impl SapientHealth {
    /// For programs. `registered`: whether the middleware has taken this node; `trouble`: why it has not, or what it
    /// sent back last.
    #[must_use]
    pub fn json(&self) -> Value {
        let registered = self.registered.load(Ordering::Relaxed);
        let counters = [
            ("heard", &self.heard),
            ("faults", &self.faults),
            ("tasks", &self.tasks),
            ("unanswered", &self.unanswered),
            ("sent_back", &self.sent_back),
            ("stuck", &self.stuck),
        ];
        self.output.json(&[("node_id", json!(self.node_id)), ("registered", json!(registered))], &counters)
    }
}

/// One way out.
#[derive(Debug)]
pub struct SapientOutput {
    config: SapientOutConfig,
    server: String,
    settings: FeedSettings,
    by: Describer,
    board: watch::Receiver<Arc<Board>>,
    clock: Clock,
    health: Arc<SapientHealth>,
}

impl SapientOutput {
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
        let place = config.node.origin()?;
        let reach_m = config.sensors.iter().map(|sensor| reach(sensor, &place)).reduce(f64::max);
        let one = |(i, output): (usize, &SapientOutConfig)| {
            let key = format!("sapient-out[{i}]");
            let me = output.id(&config.node.name);
            let health = SapientHealth {
                output: OutputHealth::new(&output.name, &output.endpoint),
                node_id: me.to_string(),
                ..SapientHealth::default()
            };
            Ok(Self {
                server: output.server(&key)?,
                settings: FeedSettings {
                    clearance: output.clearance.clearance(&key)?,
                    period: Span::from_secs_f64(output.period_s),
                    detections_max: usize::try_from(output.detections_per_second.div_ceil(TICKS_PER_SECOND))
                        .unwrap_or(1),
                },
                by: Describer { node: config.node.name.clone(), me, place, reach_m, mode },
                config: output.clone(),
                board: board.clone(),
                clock,
                health: Arc::new(health),
            })
        };
        config.sapient_out.iter().enumerate().map(one).collect()
    }

    /// How it is doing.
    #[must_use]
    pub const fn health(&self) -> &Arc<SapientHealth> {
        &self.health
    }

    /// Tells the picture until the task is dropped.
    pub async fn run(self) {
        let mut backoff = Backoff::new(BACKOFF_FIRST, BACKOFF_LAST);
        loop {
            let begun = self.clock.now().monotonic;
            let outcome = self.connect().await;
            self.health.registered.store(false, Ordering::Relaxed);
            backoff.stood(self.clock.now().monotonic.since(begun));
            let trouble = outcome.map_or_else(|e| e.to_string(), |()| "the connection was closed".to_owned());
            warn!(output = %self.config.name, "{trouble}; trying again in {:?}", backoff.next());
            self.health.output.fail(&trouble);
            backoff.pause().await;
        }
    }

    async fn connect(&self) -> io::Result<()> {
        let stream = patiently(TcpStream::connect(&self.server)).await?;
        streams::prepare(&stream)?;
        SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES_MAX)?;
        info!(output = %self.config.name, endpoint = %self.config.endpoint, "open");
        let (reader, writer) = stream.into_split();
        // One piece waits at the most: what was said is written before more is said.
        let (sender, receiver) = mpsc::channel(1);
        tokio::select! {
            ended = self.speak(reader, sender) => ended,
            ended = write_pieces(writer, receiver, WRITE_PATIENCE, &self.health.stuck) => ended,
        }
    }

    async fn speak(&self, mut reader: OwnedReadHalf, sender: mpsc::Sender<Vec<u8>>) -> io::Result<()> {
        let mut conversation = Conversation::new(self.by.me);
        let mut feed = Feed::new(self.settings, self.by.me);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            tokio::select! {
                read = reader.read(&mut buffer) => {
                    let length = read?;
                    if length == 0 {
                        return Ok(());
                    }
                    self.hear(&mut conversation, &buffer[..length]);
                }
                _ = tick.tick() => {
                    let Ok(permit) = sender.try_reserve() else { continue };
                    let octets = self.next_octets(&mut conversation, &mut feed).map_err(io::Error::other)?;
                    if !octets.is_empty() {
                        permit.send(octets);
                    }
                }
            }
        }
    }

    fn hear(&self, conversation: &mut Conversation, octets: &[u8]) {
        let before = conversation.tally();
        conversation.handle_bytes(octets, self.clock.now());
        let after = conversation.tally();
        let health = &self.health;
        add(&health.heard, after.heard - before.heard);
        add(&health.faults, after.faults - before.faults);
        add(&health.tasks, after.tasks - before.tasks);
        add(&health.unanswered, after.unanswered - before.unanswered);
        add(&health.sent_back, after.sent_back - before.sent_back);
        let is_taken = conversation.may_tell();
        if is_taken && !health.registered.swap(is_taken, Ordering::Relaxed) {
            info!(output = %self.config.name, "registered");
        }
        health.registered.store(is_taken, Ordering::Relaxed);
        if (is_taken || conversation.trouble().is_some())
            && health.output.set_trouble(conversation.trouble())
            && let Some(trouble) = conversation.trouble()
        {
            warn!(output = %self.config.name, "{trouble}");
        }
    }

    /// The registration, answers, what changed.
    fn next_octets(&self, conversation: &mut Conversation, feed: &mut Feed) -> Result<Vec<u8>, String> {
        let now = self.clock.now();
        let mut octets = conversation.poll_transmit(&self.by, now)?;
        if conversation.may_tell() {
            let board = self.board.borrow().clone();
            let deferred = feed.deferred();
            let messages = feed.advance(&board, &self.by, now.validity);
            add(&self.health.output.told, messages.len() as u64);
            octets.extend(messages.iter().flat_map(framed));
            add(&self.health.output.deferred, feed.deferred() - deferred);
            self.health.output.withheld.store(feed.withheld() as u64, Ordering::Relaxed);
        }
        add(&self.health.output.octets, octets.len() as u64);
        Ok(octets)
    }
}

/// How far from the node a sensor sees, metres.
fn reach(sensor: &SensorConfig, node: &Geodetic) -> f64 {
    let place = sensor.position("").ok().flatten();
    let away = place.map_or(0.0, |place| (place.to_ecef().vector() - node.to_ecef().vector()).norm());
    away + sensor.range_max_m
}
