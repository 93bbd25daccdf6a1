//! The ways out beside the consoles: those that run, and how each is doing.
//!
//! When the configuration becomes another, what it no longer has is ended before anything else begins, so that an
//! address is free for whoever takes it over; what it still has in the same words goes on and notices nothing.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cat062::{Cat062Health, Cat062Output};
use super::sapient::{SapientHealth, SapientOutput};
use super::tak::{TakHealth, TakOutput};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};

/// What tells how a way out is doing.
pub trait WayHealth: core::fmt::Debug + Send + Sync {
    /// For programs.
    fn json(&self) -> Value;
}

impl WayHealth for TakHealth {
    fn json(&self) -> Value {
        Self::json(self)
    }
}

impl WayHealth for Cat062Health {
    fn json(&self) -> Value {
        Self::json(self)
    }
}

impl WayHealth for SapientHealth {
    fn json(&self) -> Value {
        Self::json(self)
    }
}

/// What receivers understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Cursor on Target.
    Tak,
    /// ASTERIX.
    Cat062,
    /// SAPIENT.
    SapientOut,
}

/// A way out that does not run yet.
pub struct Way {
    kind: Kind,
    /// Its configuration, whatever that is of.
    config: toml::Value,
    health: Arc<dyn WayHealth>,
    run: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Way {
    /// All ways out of a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] for what [`Config::check`] would refuse.
    pub fn all(config: &Config, mode: Mode, board: &watch::Receiver<Arc<Board>>) -> Result<Vec<Self>, ConfigError> {
        let clock = Clock::start();
        let mut ways = Vec::new();
        for (output, of) in TakOutput::all(config, mode, board, clock)?.into_iter().zip(&config.tak) {
            ways.push(Self::new(Kind::Tak, of, output.health().clone(), output.run()));
        }
        for (output, of) in Cat062Output::all(config, mode, board, clock)?.into_iter().zip(&config.cat062) {
            ways.push(Self::new(Kind::Cat062, of, output.health().clone(), output.run()));
        }
        for (output, of) in SapientOutput::all(config, mode, board, clock)?.into_iter().zip(&config.sapient_out) {
            ways.push(Self::new(Kind::SapientOut, of, output.health().clone(), output.run()));
        }
        Ok(ways)
    }

    fn new(
        kind: Kind,
        config: &impl Serialize,
        health: Arc<dyn WayHealth>,
        run: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let config = toml::Value::try_from(config).expect("a configuration is plain tables, strings and numbers");
        Self { kind, config, health, run: Box::pin(run) }
    }
}

/// How all ways out that run are doing.
#[derive(Debug, Default)]
pub struct WaysHealth(Mutex<Vec<(Kind, Arc<dyn WayHealth>)>>);

impl WaysHealth {
    /// For programs: those of one kind, in the order of the configuration.
    #[must_use]
    pub fn json(&self, kind: Kind) -> Vec<Value> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(of, _)| *of == kind).map(|(_, health)| health.json()).collect()
    }
}

struct Running {
    kind: Kind,
    config: toml::Value,
    health: Arc<dyn WayHealth>,
    task: JoinHandle<()>,
}

impl Running {
    fn is(&self, way: &Way) -> bool {
        self.kind == way.kind && self.config == way.config
    }
}

/// The ways out that run.
#[derive(Default)]
pub struct WaysOut {
    running: Vec<Running>,
    health: Arc<WaysHealth>,
}

impl WaysOut {
    /// How all that run are doing, now and whenever they are others.
    #[must_use]
    pub const fn health(&self) -> &Arc<WaysHealth> {
        &self.health
    }

    /// From now on these run and no others; how many began and how many ended. Not to be called from a task.
    pub fn settle(&mut self, wanted: Vec<Way>, runtime: &Handle) -> (usize, usize) {
        let (stay, over): (Vec<_>, Vec<_>) =
            self.running.drain(..).partition(|running| wanted.iter().any(|way| running.is(way)));
        let (mut stay, ended) = (stay, over.len());
        for running in over {
            running.task.abort();
            // That it was ended is all that it can say.
            let _ = runtime.block_on(running.task);
        }
        let mut begun = 0;
        for way in wanted {
            let running = stay.iter().position(|running| running.is(&way)).map(|at| stay.swap_remove(at));
            begun += usize::from(running.is_none());
            self.running.push(running.unwrap_or_else(|| {
                let Way { kind, config, health, run } = way;
                Running { kind, config, health, task: runtime.spawn(run) }
            }));
        }
        let all = self.running.iter().map(|running| (running.kind, Arc::clone(&running.health)));
        *self.health.0.lock().unwrap_or_else(PoisonError::into_inner) = all.collect();
        (begun, ended)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::outputs::samples;

    fn config(outputs: &[(&str, u16, f64)]) -> Config {
        let node = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
        let output = |(name, port, period_s): &(&str, u16, f64)| {
            format!(
                "[[tak]]\nname = \"{name}\"\nendpoint = \"udp://127.0.0.1:{port}\"\nperiod-s = {period_s:?}\n\
                 clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
            )
        };
        Config::parse(&(node.to_owned() + &outputs.iter().map(output).collect::<String>())).expect("sound")
    }

    fn heard(socket: &UdpSocket) -> bool {
        socket.recv(&mut [0; 2000]).is_ok()
    }

    #[test]
    fn what_is_new_begins_what_is_gone_ends_and_what_stays_keeps_its_counts() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("loopback"));
        sockets.iter().for_each(|s| s.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket"));
        let [one, other] = [0, 1].map(|k: usize| sockets[k].local_addr().expect("bound").port());
        let (_sender, board) = watch::channel(Arc::new(samples::board([])));
        let mut ways = WaysOut::default();
        let mut settle = |outputs: &[(&str, u16, f64)]| {
            let wanted = Way::all(&config(outputs), Mode::Live, &board).expect("sound");
            let changed = ways.settle(wanted, runtime.handle());
            (changed, ways.health().json(Kind::Tak))
        };
        let told = |way: &Value| way["counters"]["told"].as_u64().expect("a count");
        assert_eq!(settle(&[("a", one, 1.0)]).0, (1, 0));
        assert!(heard(&sockets[0]));
        // It is counted a moment after it was sent.
        assert!((0..5000).any(|_| {
            thread::sleep(Duration::from_millis(1));
            told(&settle(&[("a", one, 1.0)]).1[0]) == 1
        }));
        let (changed, health) = settle(&[("b", other, 1.0), ("a", one, 1.0)]);
        assert_eq!((changed, health[1]["name"].as_str(), told(&health[1])), ((1, 0), Some("a"), 1));
        assert!(heard(&sockets[1]));
        let (changed, health) = settle(&[("a", one, 2.0)]);
        assert_eq!((changed, health.len()), ((1, 2), 1), "one is gone, one is another");
        assert!(heard(&sockets[0]), "it tells anew");
        assert_eq!(settle(&[]), ((0, 1), vec![]));
    }
}
