//! One node of a demo, running: its fusion thread and everything around it.

use std::sync::Arc;
use std::thread::JoinHandle;

use fusion_core::track::Origin;
use tokio::sync::watch;

use super::wiring::{self, Outlet};
use crate::board::{Board, Mode};
use crate::cli::Failure;
use crate::cli::live::Services;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Engine, Sinks, on_mesh_clock};
use crate::inbox::Inbox;
use crate::journal::incarnation_after;
use crate::mesh::carrier::Carrier;
use crate::node::{Node, node_id};

/// A node that runs.
pub struct Station {
    /// What is around it.
    pub services: Services,
    inbox: Arc<Inbox>,
    carrier: Option<Arc<Carrier>>,
    fusion: JoinHandle<Result<Node, String>>,
}

impl Station {
    /// Starts a node with sensors to be simulated: where the bytes of each are to be sent is given back, in the order
    /// of the configuration.
    ///
    /// # Errors
    /// [`Failure`] if the configuration asks for what cannot be had.
    pub fn start(
        mut config: Config,
        clock: Clock,
        sinks: impl FnOnce(&Config, &Services) -> Result<Sinks, Failure>,
    ) -> Result<(Self, Vec<Outlet>), Failure> {
        let (sender, receiver) = watch::channel(Arc::new(Board::default()));
        let inbox = Arc::new(Inbox::new(config.sensors.len()));
        let mut services = Services::start(&config, Mode::Sim, receiver, Some(&inbox))?;
        let outlets = services.runtime().block_on(wiring::outlets(&mut config)).map_err(Failure::failed)?;
        // Every demo is a life of its own, so that a console that stayed does not take its tracks for the last one's.
        let incarnation = incarnation_after(0, clock.now().validity);
        let origin = Origin { node: node_id(&config.node.name), incarnation };
        let mut node = Node::new(&config, origin).map_err(Failure::failed)?;
        if let Some(replica) = config.mesh.replica() {
            node = node.with_mesh(replica, on_mesh_clock(clock.now()));
        }
        let (links, _) = services.ingest(&config, &inbox, clock)?;
        services.runtime().block_on(wiring::until_listening(&links));
        let carrier = services.carry(&config, &inbox, clock)?;
        let sinks = Sinks { links, carrier: carrier.clone(), ..sinks(&config, &services)? };
        let engine = Engine::new(node, sender, sinks);
        let fusion = engine.spawn_live(Arc::clone(&inbox), clock).map_err(Failure::failed)?;
        Ok((Self { services, inbox, carrier, fusion }, outlets))
    }

    /// The picture as it is now.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        self.services.board.borrow().clone()
    }

    /// Stops it, and gives its last picture.
    ///
    /// # Errors
    /// [`Failure`] if the node did not end well.
    pub fn stop(self) -> Result<Arc<Board>, Failure> {
        self.inbox.close();
        let ended = self.fusion.join().map_err(|_| Failure::failed("the fusion thread died"))?;
        if let Some(carrier) = self.carrier {
            self.services.runtime().block_on(carrier.close());
        }
        let board = self.services.board.borrow().clone();
        self.services.shut_down();
        ended.map(|_| board).map_err(Failure::failed)
    }
}
