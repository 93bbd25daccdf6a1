//! What every command that shows a picture starts around its engine: the tokio runtime, the console page, zenoh.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proto::record::TrackRecord;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tracing::{error, info};

use super::{Failure, stop};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::sensor_id;
use crate::inbox::Inbox;
use crate::ingest::Ingest;
use crate::ingest::links::Links;
use crate::mesh::carrier::Carrier;
use crate::mesh::{self, Publisher, RECORDS_WAITING_MAX};
use crate::outputs::cat062::{Cat062Health, Cat062Output};
use crate::outputs::console_json::Hello;
use crate::outputs::sapient::{SapientHealth, SapientOutput};
use crate::outputs::tak::{TakHealth, TakOutput};
use crate::outputs::web;

/// Worker threads of the runtime: sensors, mesh and viewers need little; the fusion thread needs a core of its own.
const WORKERS: usize = 2;
const SHUTDOWN: Duration = Duration::from_secs(2);

/// Everything around an engine that has a socket.
pub struct Services {
    runtime: Runtime,
    /// The picture as readers see it.
    pub board: watch::Receiver<Arc<Board>>,
    /// Where the console page is, if it is served.
    pub console: Option<SocketAddr>,
    /// Where records go, if anything is published.
    pub records: Option<mpsc::Sender<TrackRecord>>,
    stop: Arc<AtomicBool>,
}

impl Services {
    /// Starts what the configuration asks for.
    ///
    /// # Errors
    /// [`Failure`] if the console's address or zenoh's endpoints cannot be had.
    pub fn start(config: &Config, mode: Mode, board: watch::Receiver<Arc<Board>>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("copmesh-io")
            .enable_all()
            .build()
            .map_err(Failure::failed)?;
        let stop = stop::on_signal(&runtime);
        let mut services = Self { runtime, board, console: None, records: None, stop };
        let tak = services.tell_tak(config, mode)?;
        let cat062 = services.tell_cat062(config, mode)?;
        let sapient_out = services.tell_sapient(config, mode)?;
        if config.console.enabled {
            services.serve_console(Hello { config: config.clone(), mode, tak, cat062, sapient_out })?;
        }
        if config.mesh.enabled {
            services.publish(config, mode)?;
        }
        Ok(services)
    }

    /// Starts one task per endpoint. What it gives is by sensor.
    ///
    /// # Errors
    /// [`Failure`] for an endpoint that is none.
    pub fn ingest(&self, config: &Config, inbox: &Arc<Inbox>, clock: Clock) -> Result<Vec<Arc<Links>>, Failure> {
        let mut all = Vec::with_capacity(config.sensors.len());
        for (i, sensor) in config.sensors.iter().enumerate() {
            let key = format!("sensors[{i}]");
            let endpoint = sensor.parsed_endpoint(&key).map_err(Failure::refused)?;
            let second = sensor.parsed_endpoint_b(&key).map_err(Failure::refused)?;
            let ingest = Ingest::new(sensor_id(i), sensor.name.clone(), sensor.intake, Arc::clone(inbox), clock);
            all.push(Arc::clone(ingest.links()));
            for endpoint in std::iter::once(endpoint).chain(second) {
                self.runtime.spawn(ingest.clone().run(endpoint));
            }
        }
        Ok(all)
    }

    /// Opens the way to the neighbours, if there are to be any.
    ///
    /// # Errors
    /// [`Failure`] for an endpoint that cannot be had.
    pub fn carry(&self, config: &Config, inbox: &Arc<Inbox>, clock: Clock) -> Result<Option<Arc<Carrier>>, Failure> {
        if !config.mesh.has_neighbours() {
            return Ok(None);
        }
        let open = Carrier::open(&config.node.name, &config.mesh, Arc::clone(inbox), clock);
        self.runtime.block_on(open).map(Some).map_err(Failure::failed)
    }

    /// Whether somebody asked us to stop.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Where tasks run.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Ends all tasks.
    pub fn shut_down(self) {
        drop(self.records);
        self.runtime.shutdown_timeout(SHUTDOWN);
    }

    /// Starts a task for each way out to TAK.
    fn tell_tak(&self, config: &Config, mode: Mode) -> Result<Vec<Arc<TakHealth>>, Failure> {
        let outputs = TakOutput::all(config, mode, &self.board, Clock::start()).map_err(Failure::refused)?;
        let health = outputs.iter().map(|output| Arc::clone(output.health())).collect();
        for output in outputs {
            self.runtime.spawn(output.run());
        }
        Ok(health)
    }

    /// Starts a task for each way out as ASTERIX.
    fn tell_cat062(&self, config: &Config, mode: Mode) -> Result<Vec<Arc<Cat062Health>>, Failure> {
        let outputs = Cat062Output::all(config, mode, &self.board, Clock::start()).map_err(Failure::refused)?;
        let health = outputs.iter().map(|output| Arc::clone(output.health())).collect();
        for output in outputs {
            self.runtime.spawn(output.run());
        }
        Ok(health)
    }

    /// Starts a task for each way out to SAPIENT.
    fn tell_sapient(&self, config: &Config, mode: Mode) -> Result<Vec<Arc<SapientHealth>>, Failure> {
        let outputs = SapientOutput::all(config, mode, &self.board, Clock::start()).map_err(Failure::refused)?;
        let health = outputs.iter().map(|output| Arc::clone(output.health())).collect();
        for output in outputs {
            self.runtime.spawn(output.run());
        }
        Ok(health)
    }

    fn serve_console(&mut self, hello: Hello) -> Result<(), Failure> {
        let address = &hello.config.console.listen;
        let listener = self.runtime.block_on(TcpListener::bind(address)).map_err(|e| {
            Failure::failed(format!(
                "console: cannot listen on {address}: {e}; give another address with console.listen or --console"
            ))
        })?;
        self.console = listener.local_addr().ok();
        let board = self.board.clone();
        self.runtime.spawn(async move {
            if let Err(e) = web::serve(listener, hello, board).await {
                error!("the console stopped: {e}");
            }
        });
        Ok(())
    }

    fn publish(&mut self, config: &Config, mode: Mode) -> Result<(), Failure> {
        let session = self.runtime.block_on(mesh::open(&config.mesh)).map_err(Failure::failed)?;
        let (sender, receiver) = mpsc::channel(RECORDS_WAITING_MAX);
        self.records = Some(sender);
        let publisher = Publisher { node: config.node.name.clone(), mode, board: self.board.clone() };
        self.runtime.spawn(async move {
            match publisher.run(session, receiver).await {
                Ok(()) => info!("nothing more to publish"),
                Err(e) => error!("{e}"),
            }
        });
        Ok(())
    }
}
