//! What every command that shows a picture starts around its engine: the tokio runtime, the console page, zenoh.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use proto::record::TrackRecord;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tracing::warn;

use super::reload::{self, Endpoints};
use super::{Failure, stop};
use crate::board::{Board, Counts, Mode};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::audience::Audience;
use crate::config::console::no_loopback;
use crate::engine::sensor_id;
use crate::inbox::Inbox;
use crate::ingest::Ingest;
use crate::ingest::links::Links;
use crate::keys::in_use::Papers;
use crate::keys::{KeysError, KeysHealth};
use crate::mesh::carrier::Carrier;
use crate::mesh::{self, Publisher, RECORDS_WAITING_MAX, Tally, Teller};
use crate::outputs::console_json::Hello;
use crate::outputs::history_disk;
use crate::outputs::history_keeper::Keeper;
use crate::outputs::release::Receiver;
use crate::outputs::ways_out::{Way, WaysOut};
use crate::outputs::web::Console;
use crate::pulse::Pulse;

/// Worker threads of the runtime: sensors, mesh and viewers need little; the fusion thread needs a core of its own.
const WORKERS: usize = 2;
const SHUTDOWN: Duration = Duration::from_secs(2);
const SHUTDOWN_LOOKS: u32 = 100;
/// How often the workers show that they move.
const BEAT_PERIOD: Duration = Duration::from_millis(250);

/// Everything around an engine that has a socket.
pub struct Services {
    runtime: Runtime,
    /// The picture as readers see it.
    pub board: watch::Receiver<Arc<Board>>,
    /// Where the console page is, if it is served.
    pub console: Option<SocketAddr>,
    /// Where it is for others on the network, likewise.
    pub lan: Option<SocketAddr>,
    /// Where records go, if anything is published.
    pub records: Option<mpsc::Sender<TrackRecord>>,
    /// Who counts something for the board to show.
    pub counts: Vec<Arc<dyn Counts>>,
    history: Option<Arc<Keeper>>,
    publishing: Option<JoinHandle<()>>,
    /// What the page and what others fetch is served by.
    pages: Option<Arc<Console>>,
    /// The ways out beside the consoles.
    ways_out: WaysOut,
    /// The keys in use, if it has any.
    pub papers: Option<Arc<Papers>>,
    /// Loops that must move: those started here, and whatever the caller adds.
    pub pulse: Pulse,
    stop: Arc<AtomicBool>,
}

impl Services {
    /// Starts what the configuration asks for. What people say of tracks goes into the inbox, if there is one.
    ///
    /// # Errors
    /// [`Failure`] if the console's address or zenoh's endpoints cannot be had.
    pub fn start(
        config: &Config,
        mode: Mode,
        board: watch::Receiver<Arc<Board>>,
        inbox: Option<&Arc<Inbox>>,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("copmesh-io")
            .enable_all()
            .build()
            .map_err(Failure::failed)?;
        let stop = stop::on_signal(&runtime);
        let papers = papers(config, mode).map_err(Failure::refused)?;
        let mut services = Self {
            runtime,
            board,
            console: None,
            lan: None,
            records: None,
            counts: vec![],
            history: None,
            publishing: None,
            pages: None,
            ways_out: WaysOut::default(),
            papers,
            pulse: Pulse::default(),
            stop,
        };
        services.show_life();
        if config.console.enabled || config.mesh.enabled {
            services.remember(config, mode);
        }
        let wanted = Way::all(config, mode, &services.board).map_err(Failure::refused)?;
        services.ways_out.settle(wanted, services.runtime.handle());
        if config.console.enabled {
            let keys = services.papers.clone();
            let (config, console, ways_out) = (config.clone(), Arc::default(), Arc::clone(services.ways_out.health()));
            services.serve_console(Hello { config, mode, keys, ways_out, console }, inbox.cloned())?;
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
    pub fn ingest(
        &self,
        config: &Config,
        inbox: &Arc<Inbox>,
        clock: Clock,
    ) -> Result<(Vec<Arc<Links>>, Vec<Endpoints>), Failure> {
        let mut all = (Vec::new(), Vec::new());
        for (i, sensor) in config.sensors.iter().enumerate() {
            let endpoints = reload::parsed(i, sensor)?.map(|endpoint| watch::channel(endpoint).0);
            let ingest = Ingest::new(sensor_id(i), sensor.name.clone(), sensor.intake, Arc::clone(inbox), clock);
            all.0.push(Arc::clone(ingest.links()));
            for endpoint in &endpoints {
                self.runtime.spawn(ingest.clone().follow(endpoint.subscribe()));
            }
            all.1.push(endpoints);
        }
        Ok(all)
    }

    /// Opens the way to the neighbours, if there are to be any.
    ///
    /// # Errors
    /// [`Failure`] for an endpoint that cannot be had.
    pub fn carry(
        &mut self,
        config: &Config,
        inbox: &Arc<Inbox>,
        clock: Clock,
    ) -> Result<Option<Arc<Carrier>>, Failure> {
        if !config.mesh.has_neighbours() {
            return Ok(None);
        }
        let (papers, beat) = (self.papers.clone(), self.pulse.watch("mesh"));
        let open = Carrier::open(&config.node.name, &config.mesh, papers, Arc::clone(inbox), clock, beat);
        self.runtime.block_on(open).map(Some).map_err(Failure::failed)
    }

    /// What serves and tells as the configuration has it now, unless something in that cannot be used: then all stays
    /// as it is. How many ways out began and how many ended.
    ///
    /// # Errors
    /// [`Failure`] for a file that cannot be used.
    pub fn settle(&mut self, config: &Config) -> Result<(usize, usize), Failure> {
        let wanted = Way::all(config, Mode::Live, &self.board).map_err(Failure::refused)?;
        let admission =
            self.pages.as_ref().map(|pages| pages.admission(config)).transpose().map_err(Failure::refused)?;
        if let Some((pages, admission)) = self.pages.as_ref().zip(admission) {
            pages.admit(admission);
        }
        Ok(self.ways_out.settle(wanted, self.runtime.handle()))
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

    /// Ends all tasks, once what was to be published has been, and the history is on the disk.
    pub fn shut_down(self) {
        if let Some(history) = &self.history {
            history.finish();
        }
        drop(self.records);
        for _ in 0..SHUTDOWN_LOOKS {
            if self.publishing.as_ref().is_none_or(JoinHandle::is_finished) {
                break;
            }
            std::thread::sleep(SHUTDOWN / SHUTDOWN_LOOKS);
        }
        self.runtime.shutdown_timeout(SHUTDOWN);
    }

    /// Keeps what the picture was, if it is to be kept.
    fn remember(&mut self, config: &Config, mode: Mode) {
        let Some(limits) = config.history.limits() else { return };
        let keeper = Arc::new(match history_disk::place(config, mode) {
            Some((folder, settings)) => Keeper::on_disk(limits, &folder, settings, Clock::start()),
            None => Keeper::new(limits),
        });
        self.runtime.spawn(Arc::clone(&keeper).keep(self.board.clone()));
        self.counts.push(keeper.clone());
        self.history = Some(keeper);
    }

    /// The workers, on which sensors, viewers and ways out depend, show that none of them is held up for ever.
    fn show_life(&mut self) {
        let beat = self.pulse.watch("io");
        self.runtime.spawn(async move {
            let mut tick = tokio::time::interval(BEAT_PERIOD);
            loop {
                tick.tick().await;
                beat.beat();
            }
        });
    }

    fn serve_console(&mut self, hello: Hello, inbox: Option<Arc<Inbox>>) -> Result<(), Failure> {
        let settings = hello.config.console.clone();
        if !settings.listen.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback()) {
            return Err(Failure::refused(format!("console: {}", no_loopback(&settings.listen))));
        }
        let console = Console::new(hello, self.board.clone(), self.history.clone(), inbox).map_err(Failure::refused)?;
        let console = Arc::new(console);
        self.pages = Some(Arc::clone(&console));
        let here = self.listen(&settings.listen, "console.listen or --console")?;
        self.console = here.local_addr().ok();
        let served = Arc::clone(&console);
        self.runtime.spawn(async move { served.serve_here(here).await });
        if let Some(lan) = &settings.lan {
            let listener = self.listen(&lan.listen, "console.lan.listen")?;
            self.lan = listener.local_addr().ok();
            self.runtime.spawn(async move { console.serve_lan(listener).await });
        }
        Ok(())
    }

    fn listen(&self, address: &str, keys: &str) -> Result<TcpListener, Failure> {
        self.runtime.block_on(TcpListener::bind(address)).map_err(|e| {
            Failure::failed(format!("console: cannot listen on {address}: {e}; give another address with {keys}"))
        })
    }

    fn publish(&mut self, config: &Config, mode: Mode) -> Result<(), Failure> {
        let session = self.runtime.block_on(mesh::open(&config.mesh)).map_err(Failure::failed)?;
        let audience = config.mesh.audience().map_err(Failure::refused)?;
        if audience == Audience::Nobody {
            warn!("consoles of other machines may see no track: set mesh.console-clearance");
        }
        let (sender, receiver) = mpsc::channel(RECORDS_WAITING_MAX);
        self.records = Some(sender);
        let tally = Arc::new(Tally::default());
        self.counts.push(tally.clone());
        let viewers = Receiver::new(config, audience.clearance(), true).map_err(Failure::refused)?;
        let (node, viewers) = (config.node.name.clone(), Arc::new(viewers));
        let teller = Teller { node, mode, receiver: viewers, clock: Clock::start() };
        let (history, beat) = (self.history.clone(), self.pulse.watch("zenoh"));
        let publisher = Publisher { teller, board: self.board.clone(), history, tally, beat };
        let publishing = publisher.spawn(session, receiver, self.runtime.handle().clone());
        self.publishing = Some(publishing.map_err(Failure::failed)?);
        Ok(())
    }
}

/// The keys of a node that is live. That they have expired ends nothing: its own sensors are tracked all the same.
fn papers(config: &Config, mode: Mode) -> Result<Option<Arc<Papers>>, KeysError> {
    let opened = if mode == Mode::Live { Papers::open(config)? } else { None };
    let Some(papers) = opened else { return Ok(None) };
    let health = papers.keys().health(Clock::start().now().validity, papers.config().warning_days);
    if let KeysHealth { trouble: Some(trouble), .. } = &health {
        warn!("keys: {trouble}");
    }
    Ok(Some(Arc::new(papers)))
}
