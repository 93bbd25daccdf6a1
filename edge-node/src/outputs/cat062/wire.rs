//! The sockets of the ways out as ASTERIX: one task each.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sensor_drivers::asterix::common::DataSource;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::describe::Describer;
use super::feed::{Feed, Tally};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::endpoint::UdpEndpoint;
use crate::config::{Cat062Config, Config, ConfigError};
use crate::outputs::datagrams;

/// After a socket could not be had.
const RETRY: Duration = Duration::from_secs(5);

/// How a way out is doing.
#[derive(Debug, Default)]
pub struct Cat062Health {
    name: String,
    endpoint: String,
    tally: Mutex<Tally>,
    datagrams: AtomicU64,
    octets: AtomicU64,
    failed: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Cat062Health {
    /// For programs. `trouble`: why nothing leaves, `null` if all is well.
    #[must_use]
    pub fn json(&self) -> Value {
        let tally = *self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({
            "name": self.name, "endpoint": self.endpoint,
            "trouble": *self.trouble.lock().unwrap_or_else(PoisonError::into_inner),
            "counters": {
                "told": tally.told, "deferred": tally.deferred, "unencodable": tally.unencodable,
                "withheld": tally.withheld, "datagrams": count(&self.datagrams), "octets": count(&self.octets),
                "failed": count(&self.failed),
            },
        })
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn sent(&self, octets: usize) {
        self.datagrams.fetch_add(1, Ordering::Relaxed);
        self.octets.fetch_add(octets as u64, Ordering::Relaxed);
    }
}

/// One way out.
#[derive(Debug)]
pub struct Cat062Output {
    config: Cat062Config,
    endpoint: UdpEndpoint,
    feed: Feed,
    board: watch::Receiver<Arc<Board>>,
    clock: Clock,
    health: Arc<Cat062Health>,
}

impl Cat062Output {
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
        let one = |(i, output): (usize, &Cat062Config)| {
            let key = format!("cat062[{i}]");
            let source = DataSource { sac: output.sac, sic: output.sic };
            let by = Describer { source, service: output.service, mode };
            let clearance = output.clearance.clearance(&format!("{key}.clearance"))?;
            let health = Cat062Health {
                name: output.name.clone(),
                endpoint: output.endpoint.clone(),
                ..Cat062Health::default()
            };
            Ok(Self {
                endpoint: output.parsed_endpoint(&key)?,
                feed: Feed::new(by, clearance, output.records_per_period()),
                config: output.clone(),
                board: board.clone(),
                clock,
                health: Arc::new(health),
            })
        };
        config.cat062.iter().enumerate().map(one).collect()
    }

    /// How it is doing.
    #[must_use]
    pub const fn health(&self) -> &Arc<Cat062Health> {
        &self.health
    }

    /// Tells the picture until the task is dropped.
    pub async fn run(mut self) {
        loop {
            let Err(e) = self.send().await;
            warn!(output = %self.config.name, "{e}; trying again in {RETRY:?}");
            self.health.failed.fetch_add(1, Ordering::Relaxed);
            self.health.set_trouble(Some(e.to_string()));
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn send(&mut self) -> io::Result<std::convert::Infallible> {
        let socket = datagrams::sender(&self.endpoint)?;
        info!(output = %self.config.name, endpoint = %self.config.endpoint, "open");
        let mut tick = tokio::time::interval(self.config.period());
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tick.tick().await;
            let board = self.board.borrow().clone();
            let mut trouble = None;
            for datagram in self.feed.advance(&board, self.clock.now().validity) {
                // A network that is away for a while is none that would have to be opened anew.
                match socket.send_to(&datagram, self.endpoint.address).await {
                    Ok(octets) => self.health.sent(octets),
                    Err(e) => trouble = Some(e.to_string()),
                }
            }
            *self.health.tally.lock().unwrap_or_else(PoisonError::into_inner) = *self.feed.tally();
            self.health.set_trouble(trouble);
        }
    }
}
