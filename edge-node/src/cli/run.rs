//! `copmesh run`: a node as configured, until somebody stops it.

use std::sync::Arc;

use fusion_core::track::Origin;
use proto::replica::ReplicaConfig;
use tokio::sync::watch;
use tracing::{info, warn};

use super::live::Services;
use super::log::Log;
use super::reload::Reload;
use super::service::Service;
use super::{Failure, RunArgs, check};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::{Config, SensorConfig};
use crate::engine::{Engine, STOP_PERIOD, Sinks, on_mesh_clock};
use crate::inbox::Inbox;
use crate::ingest::links::Links;
use crate::journal::incarnation_after;
use crate::journal::keeper::Keeper;
use crate::journal::recovery::Recovered;
use crate::keys::exchange::Exchange;
use crate::keys::in_use::Papers;
use crate::mesh::threads;
use crate::node::{Node, node_id};
use crate::recording::recorder::Recorder;

/// Much memory is set aside for bounds that few come near: by whole huge pages it would become resident untouched.
fn keep_pages_small() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        warn!("more memory may be resident than is used: the system does not let its pages be small ({error})");
    }
}

/// Runs a node.
///
/// # Errors
/// [`Failure`] if it cannot start, or a file could not be completed at the end.
pub fn run(args: &RunArgs, log: Log) -> Result<(), Failure> {
    let config = check::read(&args.config)?;
    log.set(config.node.log);
    keep_pages_small();
    threads::settle(&config.mesh).map_err(Failure::failed)?;
    let clock = Clock::start();
    let now = clock.now().validity;
    let (journal, incarnation, former) = open_journal(&config, clock)?;
    let beat_of_journal = journal.as_ref().map(|keeper| keeper.health().beat.clone());
    info!("node {}, incarnation {incarnation}", config.node.name);
    let node =
        Node::new(&config, Origin { node: node_id(&config.node.name), incarnation }).map_err(Failure::refused)?;
    let (sender, receiver) = watch::channel(Arc::new(Board::default()));
    let inbox = Arc::new(Inbox::new(config.sensors.len()));
    let mut services = Services::start(&config, Mode::Live, receiver, Some(&inbox))?;
    let (node, exchange) = meshed(node, &config, (journal.is_some(), &former), services.papers.clone(), clock);
    let recorder = match &config.recorder.file {
        Some(path) => Some(Recorder::create(path, &config, now).map_err(Failure::failed)?),
        None => None,
    };
    let (links, endpoints) = services.ingest(&config, &inbox, clock)?;
    let carrier = services.carry(&config, &inbox, clock)?;
    let binding = bound_here(&config, &links);
    let (records, beat) = (services.records.clone(), services.pulse.watch("fusion"));
    let counts = services.counts.clone();
    let carried = carrier.clone();
    let sinks =
        Sinks { records, recorder, journal, links, carrier: carried, exchange, counts, beat, ..Sinks::default() };
    let engine = Engine::new(node, sender, sinks);
    if let Some(address) = services.console {
        info!("console on http://{address}/");
    }
    if let Some(address) = services.lan {
        info!("console for the network on https://{address}/");
    }
    if let Some(beat) = beat_of_journal {
        services.pulse.watch_beat("journal", beat);
    }
    let mut service = Service::new(std::mem::take(&mut services.pulse), binding);
    let fusion = engine.spawn_live(Arc::clone(&inbox), clock).map_err(Failure::failed)?;
    let mut reload = Reload::new(services.runtime(), config, endpoints, log);
    while !services.stopping() && !fusion.is_finished() {
        reload.tend(&args.config, &mut services);
        std::thread::sleep(STOP_PERIOD);
        let board = Arc::clone(&services.board.borrow());
        service.tend(&board, clock.now().monotonic);
    }
    info!("stopping");
    service.stop();
    inbox.close();
    let ended = fusion.join().map_err(|_| Failure::failed("the fusion thread died"))?;
    if let Some(carrier) = carrier {
        services.runtime().block_on(carrier.close());
    }
    services.shut_down();
    ended.map(|_| ()).map_err(Failure::failed)
}

/// The journal, if one is to be kept; this life's incarnation, and what former lives left.
fn open_journal(config: &Config, clock: Clock) -> Result<(Option<Keeper>, u32, Recovered), Failure> {
    let now = clock.now().validity;
    let Some(folder) = &config.node.state_directory else {
        return Ok((None, incarnation_after(0, now), Recovered::default()));
    };
    let opened = Keeper::open(folder, config.journal.settings(), now, clock).map_err(Failure::failed)?;
    let (keeper, incarnation, recovered) = opened;
    Ok((Some(keeper), incarnation, recovered))
}

/// The node with a replica, if it has neighbours: one that signs and verifies, if it has keys.
fn meshed(
    node: Node,
    config: &Config,
    (is_kept, former): (bool, &Recovered),
    papers: Option<Arc<Papers>>,
    clock: Clock,
) -> (Node, Option<Exchange>) {
    let Some(replica) = config.mesh.replica() else { return (node, None) };
    let replica = ReplicaConfig { journal: is_kept, keep_every: config.journal.keep_every(), ..replica };
    let now = on_mesh_clock(clock.now());
    let Some(papers) = papers else { return (restored(node.with_mesh(replica, now), former), None) };
    let replica = papers.config().applied_to(replica);
    let keys = papers.keys().of_replica(papers.config().signs());
    let mut node = restored(node.with_signed_mesh(replica, &keys, now), former);
    let mut exchange = Exchange::new(papers);
    exchange.tend(&mut node, now);
    (node, Some(exchange))
}

/// The node, as far as the journal tells knowing what it knew.
fn restored(mut node: Node, former: &Recovered) -> Node {
    let (sure, unsure) = former.entries.split_at(former.believed);
    let sure = node.restore(sure.iter().map(|(_, entry)| entry.as_slice()));
    let rows = sure + node.restore_rows(unsure.iter().map(|(_, entry)| entry.as_slice()));
    if !former.segments.is_empty() {
        info!("{rows} rows of former lives are still good");
    }
    node
}

/// The ways in whose addresses are of this machine.
fn bound_here(config: &Config, links: &[Arc<Links>]) -> Vec<Arc<Links>> {
    let is_bound = |sensor: &SensorConfig| sensor.parsed_endpoint("endpoint").is_ok_and(|at| at.is_bound_here());
    let both = config.sensors.iter().zip(links);
    both.filter(|(sensor, _)| is_bound(sensor)).map(|(_, links)| Arc::clone(links)).collect()
}
