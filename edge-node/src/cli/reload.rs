//! SIGHUP: the configuration is read again, and what of it can change while the node runs is changed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{Failure, check};
use crate::config::reload::changed_endpoints;
use crate::config::{Config, Endpoint, SensorConfig};

/// Where a sensor's bytes come from, now and from the next change on: its endpoint and its second one.
pub type Endpoints = [watch::Sender<Endpoint>; 2];

/// What a running node can change.
#[derive(Debug)]
pub struct Reload {
    config: Config,
    endpoints: Vec<Endpoints>,
    asked: Arc<AtomicBool>,
}

impl Reload {
    /// From now on SIGHUP no longer ends the process.
    #[must_use]
    pub fn new(runtime: &Runtime, config: Config, endpoints: Vec<Endpoints>) -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked);
        runtime.spawn(async move {
            let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
            while hangup.recv().await.is_some() {
                flag.store(true, Ordering::Relaxed);
            }
        });
        Self { config, endpoints, asked }
    }

    /// Reads the configuration again if somebody asked for it. A bad one changes nothing.
    pub fn tend(&mut self, path: &Path) {
        if self.asked.swap(false, Ordering::Relaxed) {
            match self.change(path) {
                Ok(count) => info!("configuration read again: {count} sensor(s) listen elsewhere"),
                Err(failure) => warn!("the configuration stays as it was: {}", failure.message),
            }
        }
    }

    fn change(&mut self, path: &Path) -> Result<usize, Failure> {
        let wanted = check::read(path)?;
        let changed = changed_endpoints(&self.config, &wanted).map_err(Failure::refused)?;
        for &place in &changed {
            let parsed = parsed(place, &wanted.sensors[place])?;
            for (sender, endpoint) in self.endpoints[place].iter().zip(parsed) {
                sender.send_if_modified(|before| {
                    let is_other = *before != endpoint;
                    *before = endpoint;
                    is_other
                });
            }
        }
        self.config = wanted;
        Ok(changed.len())
    }
}

/// A sensor's endpoint and its second one, which may be none.
///
/// # Errors
/// [`Failure`] for an endpoint that is none.
pub fn parsed(place: usize, sensor: &SensorConfig) -> Result<[Endpoint; 2], Failure> {
    let key = format!("sensors[{place}]");
    let first = sensor.parsed_endpoint(&key).map_err(Failure::refused)?;
    let second = sensor.parsed_endpoint_b(&key).map_err(Failure::refused)?;
    Ok([first, second.unwrap_or(Endpoint::None)])
}
