//! The sockets of the ways out as ASTERIX: one task each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sensor_drivers::asterix::common::DataSource;
use serde_json::Value;
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
use crate::outputs::output_health::{OutputHealth, add};

/// After a socket could not be had.
const RETRY: Duration = Duration::from_secs(5);

/// How a way out is doing.
#[derive(Debug, Default)]
pub struct Cat062Health {
    output: OutputHealth,
    unencodable: AtomicU64,
    datagrams: AtomicU64,
}

impl Cat062Health {
    /// For programs. `trouble`: why nothing leaves, `null` if all is well.
    #[must_use]
    pub fn json(&self) -> Value {
        self.output.json(&[], &[("unencodable", &self.unencodable), ("datagrams", &self.datagrams)])
    }

    fn sent(&self, octets: usize) {
        add(&self.datagrams, 1);
        add(&self.output.octets, octets as u64);
    }

    fn set_tally(&self, tally: &Tally) {
        self.output.told.store(tally.told, Ordering::Relaxed);
        self.output.deferred.store(tally.deferred, Ordering::Relaxed);
        self.output.withheld.store(tally.withheld, Ordering::Relaxed);
        self.unencodable.store(tally.unencodable, Ordering::Relaxed);
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
            let health =
                Cat062Health { output: OutputHealth::new(&output.name, &output.endpoint), ..Cat062Health::default() };
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
            self.health.output.fail(&e.to_string());
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
            self.health.set_tally(self.feed.tally());
            self.health.output.set_trouble(trouble.as_deref());
        }
    }
}
