//! `copmesh run`: a node as configured, until somebody stops it.

use std::sync::Arc;

use fusion_core::track::Origin;
use tokio::sync::watch;
use tracing::info;

use super::live::Services;
use super::{Failure, RunArgs, check};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::engine::{Engine, STOP_PERIOD, Sinks, on_mesh_clock};
use crate::inbox::Inbox;
use crate::mesh::threads;
use crate::node::{Node, node_id};
use crate::recording::recorder::Recorder;
use crate::store;

/// Runs a node.
///
/// # Errors
/// [`Failure`] if it cannot start, or a file could not be completed at the end.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let config = check::read(&args.config)?;
    threads::settle(&config.mesh).map_err(Failure::failed)?;
    let clock = Clock::start();
    let now = clock.now().validity;
    let directory = config.node.state_directory.as_deref();
    let incarnation = store::next_incarnation(directory, now).map_err(Failure::failed)?;
    let node =
        Node::new(&config, Origin { node: node_id(&config.node.name), incarnation }).map_err(Failure::refused)?;
    let node = match config.mesh.replica() {
        Some(replica) => node.with_mesh(replica, on_mesh_clock(clock.now())),
        None => node,
    };
    let (sender, receiver) = watch::channel(Arc::new(Board::default()));
    let services = Services::start(&config, Mode::Live, receiver)?;
    let recorder = match &config.recorder.file {
        Some(path) => Some(Recorder::create(path, &config, now).map_err(Failure::failed)?),
        None => None,
    };
    let inbox = Arc::new(Inbox::new(config.sensors.len()));
    let links = services.ingest(&config, &inbox, clock)?;
    let carrier = services.carry(&config, &inbox, clock)?;
    let sinks =
        Sinks { records: services.records.clone(), recorder, links, carrier: carrier.clone(), ..Sinks::default() };
    let engine = Engine::new(node, sender, sinks);
    if let Some(address) = services.console {
        info!("console on http://{address}/");
    }
    let fusion = engine.spawn_live(Arc::clone(&inbox), clock).map_err(Failure::failed)?;
    while !services.stopping() && !fusion.is_finished() {
        std::thread::sleep(STOP_PERIOD);
    }
    info!("stopping");
    inbox.close();
    let ended = fusion.join().map_err(|_| Failure::failed("the fusion thread died"))?;
    if let Some(carrier) = carrier {
        services.runtime().block_on(carrier.close());
    }
    services.shut_down();
    ended.map(|_| ()).map_err(Failure::failed)
}
