//! Whole nodes in a simulated world, in virtual time, from one seed.
//!
//! Where [`world`](crate::world) torments replicas, this runs what the daemon runs, on the same links and under the
//! same faults: each node decodes the bytes of its own simulated sensors, tracks, publishes and composes its picture. A
//! [`plan`] says what goes wrong; an [`oracle`] compares what nodes hold and show, and [`against`] measures the picture
//! by the truth. One line per event; the seed reproduces the run.

pub mod against;
pub mod ledger;
pub mod oracle;
pub mod plan;
pub mod scene;
pub mod station;

use fusion_core::time::Span;
use proto::replica::ReplicaConfig;
use sensor_drivers::sim::{Emission, Simulation, TruthSample};

use crate::world::fault::{Fault, Faults, Plan};
use crate::world::random::Random;
use crate::world::realm::Realm;
use scene::Scene;
use station::{BEGIN, Station};

/// A world of whole nodes.
pub type Mission = Realm<Station>;

/// What whole nodes have around them.
pub struct Stage {
    /// Delay of the line of each sensor.
    pub delays: Vec<Span>,
    /// Whether sensors are heard and time passes for them.
    pub sensing: bool,
    simulation: Simulation,
    next: Option<Emission>,
}

/// What happens to sensors and nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A sensor's bytes come to a node, after the delay of its line.
    Sense(usize, usize, Vec<u8>),
    /// The next emission of the simulation is due.
    Emit,
    /// A node lets time pass, as its loop does.
    Turn(usize),
}

/// How often a node's loop lets time pass when nothing comes.
const TURN: Span = Span::from_millis(125);

impl Mission {
    /// Nodes of a scene without links.
    ///
    /// # Panics
    /// If the scenario is not sound: a bug of the scene.
    #[must_use]
    pub fn new(scene: Scene, config: ReplicaConfig, faults: Faults, random: Random) -> Self {
        let seed = scene.scenario.seed;
        let delays = vec![Span::ZERO; scene.scenario.sensors.len()];
        let simulation = Simulation::new(scene.scenario, seed, BEGIN).expect("a sound scenario");
        let nodes = scene.posts.into_iter().map(|post| Station::new(post, config)).collect();
        let stage = Stage { delays, sensing: true, simulation, next: None };
        Self::begin(nodes, stage, Plan::new(faults), random, true)
    }

    /// Where everything truly is.
    #[must_use]
    pub fn truth(&self) -> Vec<TruthSample> {
        self.stage.simulation.truth(BEGIN + self.now)
    }

    /// The simulation.
    #[must_use]
    pub const fn simulation(&self) -> &Simulation {
        &self.stage.simulation
    }

    fn begin_turns(&mut self) {
        for k in 0..self.nodes.len() {
            let first = Span::from_secs_f64(self.random.between(0.0, 0.1));
            self.at_own(first, Event::Turn(k));
        }
        self.fetch();
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Emit => self.emit(),
            Event::Sense(k, sensor, bytes) if self.stage.sensing => {
                self.with(k, |station, now| station.hear(sensor, &bytes, now));
            }
            Event::Sense(..) => {}
            Event::Turn(k) => {
                self.at_own(self.now + TURN, Event::Turn(k));
                self.wake(k);
            }
        }
    }

    /// Sends the emission that is due on its way, and fetches the next.
    fn emit(&mut self) {
        if let Some(emission) = self.stage.next.take() {
            let heard = self.nodes.iter().position(|station| station.post.sensors.contains(&emission.sensor));
            let comes = self.now + self.stage.delays[emission.sensor];
            if let Some(k) = heard {
                self.at_own(comes, Event::Sense(k, emission.sensor, emission.bytes));
            }
        }
        self.fetch();
    }

    fn fetch(&mut self) {
        self.stage.next = self.stage.simulation.next_emission();
        if let Some(emission) = &self.stage.next {
            let due = emission.time - BEGIN;
            self.at_own(due, Event::Emit);
        }
    }

    fn delay(&mut self, fault: Fault) {
        if let Fault::Delay { sensor, delay_s } = fault {
            self.stage.delays[sensor] = Span::from_secs_f64(delay_s);
        }
    }
}
