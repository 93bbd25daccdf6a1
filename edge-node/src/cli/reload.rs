//! SIGHUP: the configuration is read again, with the files that it names, and what of it can change while the node runs
//! is changed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

use super::live::Services;
use super::log::Log;
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
    log: Log,
    asked: Arc<AtomicBool>,
}

impl Reload {
    /// From now on SIGHUP no longer ends the process.
    #[must_use]
    pub fn new(runtime: &Runtime, config: Config, endpoints: Vec<Endpoints>, log: Log) -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked);
        runtime.spawn(async move {
            let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
            while hangup.recv().await.is_some() {
                flag.store(true, Ordering::Relaxed);
            }
        });
        Self { config, endpoints, log, asked }
    }

    /// Reads the configuration again if somebody asked for it. A bad one changes nothing.
    pub fn tend(&mut self, path: &Path, services: &mut Services) {
        if self.asked.swap(false, Ordering::Relaxed) {
            match self.change(path, services) {
                Ok((sensors, begun, ended)) => info!(
                    "configuration, certificates and tokens read again: {sensors} sensor(s) listen elsewhere, {begun} \
                     way(s) out begun, {ended} ended"
                ),
                Err(failure) => warn!("the configuration stays as it was: {}", failure.message),
            }
        }
    }

    /// Whatever can be refused comes before the first change.
    fn change(&mut self, path: &Path, services: &mut Services) -> Result<(usize, usize, usize), Failure> {
        let wanted = check::read(path)?;
        let changed = changed_endpoints(&self.config, &wanted).map_err(Failure::refused)?;
        let elsewhere = changed.iter().map(|&place| Ok((place, parsed(place, &wanted.sensors[place])?)));
        let elsewhere: Vec<_> = elsewhere.collect::<Result<_, Failure>>()?;
        let (begun, ended) = services.settle(&wanted)?;
        for (place, parsed) in elsewhere {
            for (sender, endpoint) in self.endpoints[place].iter().zip(parsed) {
                sender.send_if_modified(|before| {
                    let is_other = *before != endpoint;
                    *before = endpoint;
                    is_other
                });
            }
        }
        self.log.set(wanted.node.log);
        self.config = wanted;
        Ok((changed.len(), begun, ended))
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
