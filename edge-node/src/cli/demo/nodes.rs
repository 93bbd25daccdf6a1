//! `copmesh demo --nodes N`: several whole nodes with real zenoh between them, over cables that are cut and healed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::time::Span;
use sensor_drivers::sim::Simulation;
use sensor_drivers::sim::scenario::{Scenario, Spell};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::abreast::{self, Pane, Screen};
use super::cable::Cable;
use super::layout::{Layout, Line, Party};
use super::referee::{Referee, Stage};
use super::station::Station;
use super::wiring::{self, Outlet};
use crate::board::Board;
use crate::cli::{DemoArgs, Failure, say, say_json};
use crate::clock::Clock;
use crate::config::mesh::{BearerConfig, ClearanceConfig, NeighbourConfig, Profile, WayConfig};
use crate::config::{Config, MeshConfig};
use crate::engine::Sinks;
use crate::neighbour_health::NeighbourState;
use crate::score::Score;

/// Runs the nodes and prints their tables. Cuts come again after `usual_s` seconds.
///
/// # Errors
/// [`Failure`] if something cannot be started or a file cannot be written.
pub fn run(args: &DemoArgs, scenario: &Scenario, usual_s: f64) -> Result<(), Failure> {
    if args.record.is_some() || args.tracks.is_some() {
        return Err(Failure::refused("--record and --tracks are of one node: leave --nodes away"));
    }
    let clock = Clock::start();
    let seed = args.seed.unwrap_or(scenario.seed);
    let layout = Layout::of(scenario, args.nodes.into())?;
    let cables = Runtime::new().map_err(Failure::failed)?;
    let links = cables.block_on(lay(&layout)).map_err(Failure::failed)?;
    let (mut stage, outlets) = Nodes::start(args, scenario, layout, links, clock, usual_s)?;
    stage.show(args, &cables)?;

    let start = clock.now().validity + super::LEAD;
    let simulate = || Simulation::new(scenario.clone(), seed, start).map_err(Failure::failed);
    let emission = cables.spawn(wiring::emit(simulate()?, outlets, clock));
    let referee = Referee::new(args, simulate()?, start, stage.stations.len())?;
    let judged = referee.watch(&mut stage, clock);
    emission.abort();
    let report = stage.stop(&scenario.name, seed);
    let (scores, duration_s) = judged?;
    let report = Report { duration_s, ..report? }.with_scores(&scores);
    if args.json { say_json(&report) } else { say(&report) }
}

/// A link that is laid.
struct Laid {
    line: Line,
    cable: Cable,
    /// Where the second of its ends listens.
    far: SocketAddr,
    healing: Option<Healing>,
    heals: Vec<Heal>,
    /// How often it was cut again before both ends showed the same.
    broken_off: usize,
}

/// A link that is whole again, and whose ends do not show the same yet.
struct Healing {
    since: Span,
    carried: u64,
}

/// How a link healed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Heal {
    /// From when it was whole until both ends showed the same tracks, seconds.
    pub seconds: f64,
    /// What it carried meanwhile, both ways, bytes.
    pub bytes: u64,
    #[serde(skip)]
    at: Span,
}

async fn lay(layout: &Layout) -> std::io::Result<Vec<Laid>> {
    let mut laid = Vec::with_capacity(layout.links.len());
    for line in &layout.links {
        // Free now, and a moment later the node's; nothing else on loopback hunts for it.
        let far = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let cable = Cable::lay(far, line.quality).await?;
        laid.push(Laid { line: line.clone(), cable, far, healing: None, heals: Vec::new(), broken_off: 0 });
    }
    Ok(laid)
}

/// All nodes, and what connects them.
struct Nodes {
    parties: Vec<Party>,
    stations: Vec<Station>,
    links: Vec<Laid>,
    usual_s: f64,
    screen: Arc<Mutex<Screen>>,
}

impl Nodes {
    fn start(
        args: &DemoArgs,
        scenario: &Scenario,
        layout: Layout,
        links: Vec<Laid>,
        clock: Clock,
        usual_s: f64,
    ) -> Result<(Self, Vec<Vec<Outlet>>), Failure> {
        let mut outlets: Vec<Vec<Outlet>> = scenario.sensors.iter().map(|_| Vec::new()).collect();
        let mut stations = Vec::with_capacity(layout.nodes.len());
        for (k, party) in layout.nodes.iter().enumerate() {
            let config = config(args, scenario, &layout.nodes, k, &links)?;
            let open = |_: &Config, services: &crate::cli::live::Services| {
                Ok(Sinks { records: services.records.clone(), counts: services.counts.clone(), ..Sinks::default() })
            };
            let (station, own) = Station::start(config, clock, open)?;
            party.sensors.iter().zip(own).for_each(|(sensor, outlet)| outlets[*sensor].push(outlet));
            stations.push(station);
        }
        let screen = Arc::new(Mutex::new(Screen::default()));
        Ok((Self { parties: layout.nodes, stations, links, usual_s, screen }, outlets))
    }

    /// Serves the page with all consoles on it, and says where.
    fn show(&self, args: &DemoArgs, runtime: &Runtime) -> Result<(), Failure> {
        let panes = self.parties.iter().zip(&self.stations).filter_map(|(party, station)| {
            let address = station.services.console?;
            Some(Pane { name: party.name.clone(), url: format!("http://{address}/"), tracks: 0 })
        });
        let panes: Vec<Pane> = panes.collect();
        if panes.is_empty() {
            return Ok(());
        }
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).panes = panes;
        let screen = Arc::clone(&self.screen);
        let address = runtime.block_on(abreast::serve(&args.console, screen)).map_err(|e| {
            Failure::failed(format!("console: cannot listen on {}: {e}; give another with --console", args.console))
        })?;
        eprintln!("all consoles on http://{address}/ (Ctrl-C ends the demo and prints the tables)");
        Ok(())
    }

    fn stop(self, scenario: &str, seed: u64) -> Result<Report, Failure> {
        let links = self.links.iter().map(|link| LinkLine {
            between: [link.line.ends.0, link.line.ends.1].map(|end| self.parties[end].name.clone()),
            carried_bytes: link.cable.carried(),
            heals: link.heals.clone(),
            broken_off: link.broken_off,
        });
        let links = links.collect();
        let mut nodes = Vec::with_capacity(self.stations.len());
        let mut boards = Vec::with_capacity(self.stations.len());
        for (party, station) in self.parties.iter().zip(self.stations) {
            let board = station.stop()?;
            nodes.push(NodeLine { name: party.name.clone(), sensors: party.sensors.len(), ..NodeLine::of(&board) });
            boards.push(board);
        }
        let (common, all) = shared(&boards);
        Ok(Report { scenario: scenario.to_owned(), seed, duration_s: 0.0, nodes, links, common, all })
    }

    /// Both ends of a link can reach each other and show the same tracks.
    fn agrees(&self, link: &Laid, boards: &[Arc<Board>]) -> bool {
        let reaches = |from: usize, to: usize| {
            let mut ready = boards[from].neighbours.iter().filter(|other| other.state == NeighbourState::Ready);
            ready.any(|other| other.reach.name == self.parties[to].name)
        };
        let (a, b) = link.line.ends;
        reaches(a, b) && reaches(b, a) && boards[a].tracks.keys().eq(boards[b].tracks.keys())
    }
}

impl Stage for Nodes {
    fn boards(&self) -> Vec<Arc<Board>> {
        self.stations.iter().map(Station::board).collect()
    }

    fn stopping(&self) -> bool {
        self.stations.iter().any(|station| station.services.stopping())
    }

    fn tend(&mut self, since: Span) {
        let second = since.as_secs_f64() % self.usual_s;
        let boards = self.boards();
        let agreed: Vec<bool> = self.links.iter().map(|link| self.agrees(link, &boards)).collect();
        for (link, agreed) in self.links.iter_mut().zip(agreed) {
            link.tend(since, second, agreed);
        }
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        screen.panes.iter_mut().zip(&boards).for_each(|(pane, board)| pane.tracks = board.tracks.len());
        screen.links = self.links.iter().map(|link| link.row(&self.parties)).collect();
        screen.common = shared(&boards);
    }

    fn message(&self, boards: &[Arc<Board>], scores: &[Score]) -> String {
        let (common, all) = shared(boards);
        let whole = self.links.iter().filter(|link| link.cable.is_whole()).count();
        let kilobytes = self.links.iter().map(|link| link.cable.carried()).sum::<u64>() / 1000;
        let healed = last_healed(&self.links);
        let healed =
            healed.map_or_else(String::new, |heal| format!(", healed in {:.1} s with {} B", heal.seconds, heal.bytes));
        let gospa = scores.iter().filter_map(|score| score.gospa().mean_m).fold(0.0, f64::max);
        let links = self.links.len();
        format!(
            "{common}/{all} tracks on all nodes, {whole}/{links} links, {kilobytes} kB{healed}, GOSPA ≤ {gospa:.0} m"
        )
    }
}

impl Laid {
    fn tend(&mut self, since: Span, second: f64, agreed: bool) {
        let whole = !self.line.cuts.iter().any(|cut: &Spell| cut.holds(second));
        if whole != self.cable.is_whole() {
            self.cable.set_whole(whole);
            self.broken_off += usize::from(self.healing.is_some());
            self.healing = whole.then(|| Healing { since, carried: self.cable.carried() });
            return;
        }
        if let Some(healing) = self.healing.take_if(|_| agreed) {
            let bytes = self.cable.carried() - healing.carried;
            self.heals.push(Heal { seconds: (since - healing.since).as_secs_f64(), bytes, at: since });
        }
    }

    fn row(&self, parties: &[Party]) -> abreast::LinkRow {
        abreast::LinkRow {
            between: [self.line.ends.0, self.line.ends.1].map(|end| parties[end].name.clone()),
            state: match (self.cable.is_whole(), &self.healing) {
                (false, _) => "cut",
                (true, Some(_)) => "healing",
                (true, None) => "whole",
            },
            carried_bytes: self.cable.carried(),
            healed_s: self.heals.last().map(|heal| heal.seconds),
        }
    }
}

/// How a link healed last, whichever it was.
fn last_healed(links: &[Laid]) -> Option<&Heal> {
    links.iter().filter_map(|link| link.heals.last()).max_by_key(|heal| heal.at)
}

/// How many system tracks all boards have, and how many any has.
fn shared(boards: &[Arc<Board>]) -> (usize, usize) {
    let mut all: Vec<_> = boards.iter().flat_map(|board| board.tracks.keys()).collect();
    all.sort_unstable();
    let runs = all.chunk_by(|a, b| a == b);
    runs.fold((0, 0), |(common, all), run| (common + usize::from(run.len() == boards.len()), all + 1))
}

/// The configuration of the k-th node: its sensors, its neighbours, a console on a port of its own.
fn config(
    args: &DemoArgs,
    scenario: &Scenario,
    parties: &[Party],
    k: usize,
    links: &[Laid],
) -> Result<Config, Failure> {
    let mut config = wiring::config(scenario, args)?;
    let party = &parties[k];
    let mut sensors: Vec<_> = config.sensors.into_iter().map(Some).collect();
    config.sensors = party.sensors.iter().filter_map(|sensor| sensors[*sensor].take()).collect();
    config.node.name.clone_from(&party.name);
    config.tak.truncate(if k == 0 { 1 } else { 0 });
    if let Some(place) = party.place {
        config.node.latitude_deg = place.latitude_deg();
        config.node.longitude_deg = place.longitude_deg();
        config.node.height_m = place.height_m;
    }
    if config.console.enabled {
        let base: SocketAddr = args
            .console
            .parse()
            .map_err(|e| Failure::refused(format!("--console \"{}\": {e}; write e.g. 127.0.0.1:8477", args.console)))?;
        config.console.framed_by = Some(framing(base));
        config.console.listen = beyond(base, k).to_string();
    }
    if k > 0 {
        config.mesh = MeshConfig { enabled: false, ..config.mesh };
    }
    for (number, link) in links.iter().enumerate() {
        connect(&mut config.mesh, number, link, parties, k);
    }
    config.check().map(|()| config).map_err(Failure::refused)
}

/// Adds a link to the configuration of one of its ends; a third node's stays as it is.
fn connect(mesh: &mut MeshConfig, number: usize, link: &Laid, parties: &[Party], k: usize) {
    let (near, far) = link.line.ends;
    let other = match k {
        k if k == near => far,
        k if k == far => near,
        _ => return,
    };
    let rate = link.line.quality.rate_bit_s;
    let profile = match rate {
        Some(rate) if rate < 32e3 => Profile::Radio9k6,
        Some(rate) if rate < 1e6 => Profile::Radio64k,
        Some(_) => Profile::Wifi,
        None => Profile::Lan,
    };
    let bearer = format!("cable-{number}");
    mesh.bearers.push(BearerConfig {
        name: bearer.clone(),
        profile,
        listen: if k == far { vec![format!("tcp/{}", link.far)] } else { vec![] },
        scouting: Some(false),
        rate_bit_s: rate,
        ..BearerConfig::default()
    });
    let endpoint = (k == near).then(|| format!("tcp/{}", link.cable.near));
    let everything = ClearanceConfig {
        level: crate::config::label::LevelName::Unclassified,
        communities: vec!["NATO".into()],
        caveats: vec![],
    };
    mesh.neighbours.push(NeighbourConfig {
        name: parties[other].name.clone(),
        clearance: everything,
        ways: vec![WayConfig { bearer, endpoint }],
    });
}

/// The k-th port after a base, or any free one if that is 0.
fn beyond(base: SocketAddr, k: usize) -> SocketAddr {
    let after = u16::try_from(k + 1).ok().and_then(|step| base.port().checked_add(step)).unwrap_or(0);
    SocketAddr::new(base.ip(), if base.port() == 0 { 0 } else { after })
}

/// The page that may frame a console; of a port that is not known yet, any on this machine.
fn framing(base: SocketAddr) -> String {
    if base.port() == 0 { format!("http://{}:*", base.ip()) } else { format!("http://{base}") }
}

/// What the nodes showed.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What was simulated.
    pub scenario: String,
    /// Seed of the simulated noise.
    pub seed: u64,
    /// How long it ran, seconds.
    pub duration_s: f64,
    /// Each node.
    pub nodes: Vec<NodeLine>,
    /// Each link.
    pub links: Vec<LinkLine>,
    /// System tracks that all nodes showed at the end.
    pub common: usize,
    /// System tracks that any of them showed.
    pub all: usize,
}

/// One node at the end.
#[derive(Debug, Default, Serialize)]
pub struct NodeLine {
    /// Its name.
    pub name: String,
    /// How many sensors it hears itself.
    pub sensors: usize,
    /// Entries of its picture.
    pub tracks: usize,
    /// Rows that it holds, its own and others'.
    pub rows: u64,
    /// Mean GOSPA of its picture against everything that any sensor could see, metres.
    pub gospa_m: Option<f64>,
    /// From receipt of bytes to the changed picture: 99 of 100 took no longer, microseconds.
    pub p99_us: u64,
}

/// One link at the end.
#[derive(Debug, Serialize)]
pub struct LinkLine {
    /// Which two nodes.
    pub between: [String; 2],
    /// What it carried, both ways, bytes.
    pub carried_bytes: u64,
    /// How it healed, each time.
    pub heals: Vec<Heal>,
    /// How often it was cut again before its ends showed the same tracks.
    pub broken_off: usize,
}

impl NodeLine {
    fn of(board: &Board) -> Self {
        let rows = board.counters.iter().find(|(name, _)| *name == "mesh_rows").map_or(0, |(_, count)| *count);
        let p99_us = u64::try_from(board.latency.p99.as_micros()).unwrap_or(u64::MAX);
        Self { tracks: board.tracks.len(), rows, p99_us, ..Self::default() }
    }
}

impl Report {
    fn with_scores(mut self, scores: &[Score]) -> Self {
        for (node, score) in self.nodes.iter_mut().zip(scores) {
            node.gospa_m = score.gospa().mean_m;
        }
        self
    }
}

impl core::fmt::Display for Report {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { scenario, seed, duration_s, nodes, links, common, all } = self;
        writeln!(f, "copmesh {scenario}, {} nodes, seed {seed}, {duration_s:.0} s", nodes.len())?;
        writeln!(
            f,
            "\n{:<16} {:>8} {:>7} {:>7} {:>8} {:>8}",
            "node", "sensors", "tracks", "rows", "GOSPA m", "p99 µs"
        )?;
        for node in nodes {
            let gospa = node.gospa_m.map_or_else(|| "-".to_owned(), |gospa| format!("{gospa:.0}"));
            let NodeLine { name, sensors, tracks, rows, p99_us, .. } = node;
            writeln!(f, "{name:<16} {sensors:>8} {tracks:>7} {rows:>7} {gospa:>8} {p99_us:>8}")?;
        }
        writeln!(f, "\n{:<33} {:>10}  healed", "link", "carried B")?;
        for LinkLine { between: [a, b], carried_bytes, heals, broken_off } in links {
            let mut heals: Vec<String> =
                heals.iter().map(|heal| format!("in {:.1} s with {} B", heal.seconds, heal.bytes)).collect();
            if *broken_off > 0 {
                heals.push(format!("{broken_off} times cut again before"));
            }
            writeln!(f, "{:<33} {carried_bytes:>10}  {}", format!("{a} - {b}"), heals.join(", "))?;
        }
        writeln!(f, "\n{common} of {all} tracks are on all nodes")
    }
}

#[cfg(test)]
mod tests {
    use super::super::cable::Quality;
    use super::*;

    #[tokio::test]
    async fn what_healed_last_is_told_and_what_was_cut_before_it_agreed_is_counted() {
        let secs = Span::from_secs;
        let cuts = vec![Spell { from_s: 2.0, to_s: 4.0 }, Spell { from_s: 6.0, to_s: 7.0 }];
        let line = |cuts| Line { ends: (0, 1), quality: Quality::default(), cuts };
        let mut links =
            lay(&Layout { nodes: Vec::new(), links: vec![line(cuts), line(Vec::new())] }).await.expect("loopback");
        // Whole again from the fourth second on, agreed in the fifth; from the seventh on, and cut before it agrees.
        for (second, agreed) in [(1, true), (2, true), (4, false), (5, true), (6, false), (7, false), (12, false)] {
            links[0].tend(secs(second), f64::from(u8::try_from(second % 10).expect("small")), agreed);
        }
        assert_eq!(last_healed(&links).map(|heal| heal.seconds), Some(1.0));
        assert_eq!((links[0].heals.len(), links[0].broken_off), (1, 1));
        links[1].heals.push(Heal { seconds: 9.0, bytes: 1, at: secs(3) });
        assert_eq!(last_healed(&links).map(|heal| heal.seconds), Some(1.0), "not the last in the list");
    }
}
