//! What there is to see, and who sees it: a scenario drawn from a seed, its sensors divided among nodes.

use std::fmt::Write;

use edge_node::config::{Config, NodeConfig};
use edge_node::simulated;
use sensor_drivers::sim::scenario::Scenario;

use crate::world::random::Random;

/// A scenario and the nodes in it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What is simulated.
    pub scenario: Scenario,
    /// The nodes.
    pub posts: Vec<Post>,
}

/// What the nodes of a shared scene look with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Rotating radars, one turn in four seconds; targets answer with height and address.
    Turning,
    /// Radars against drones, a look in two seconds, in three dimensions; targets are dark.
    Staring,
}

/// How much there is in a scene that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// Sensors that a node has at the most.
    pub sensors: usize,
    /// Things that move.
    pub targets: usize,
}

/// A node as it is set up.
#[derive(Clone, Debug)]
pub struct Post {
    /// Its configuration, with its own sensors alone.
    pub config: Config,
    /// Its sensors, by their places in the scenario.
    pub sensors: Vec<usize>,
}

/// Tracks that a node of a mission has room for: few, so that a world fits into little memory.
const TRACKS_MAX: usize = 96;

impl Scene {
    /// A scene of so many nodes, a sensor or some more each, and a few things that move among them.
    ///
    /// # Panics
    /// If what is drawn is no sound scenario: a bug here.
    pub fn draw(size: Size, duration_s: f64, random: &mut Random) -> Self {
        let (mut text, mut of) = (head(duration_s), Vec::new());
        for node in 0..size.nodes {
            let count = 1 + random.index(size.sensors);
            of.extend((0..count).map(|_| node));
        }
        for sensor in 0..of.len() {
            text += &some_sensor(sensor, random);
        }
        for target in 0..size.targets {
            text += &some_target(target, duration_s, random);
        }
        Self::of(&text, &of)
    }

    /// Four nodes with a sensor each, around eight objects that all of them see; smooth ones fly straight on.
    ///
    /// # Panics
    /// Never: the scenario is sound.
    #[must_use]
    pub fn shared(look: Look, smooth: bool, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut text = head(190.0) + &format!("seed = {seed}\n");
        let mut line = |args: core::fmt::Arguments<'_>| writeln!(text, "{args}").expect("memory does not refuse");
        for (k, (east, north)) in [(-7e3, -6e3), (8e3, -5e3), (6e3, 7e3), (-6e3, 8e3)].into_iter().enumerate() {
            line(format_args!("[[sensor]]\nname = \"s{k}\"\nsac = 41\nsic = {}", 60 + k));
            line(format_args!(
                "position = {{ east-m = {east}, north-m = {north}, height-m = 150 }}\nclutter-per-scan = 1"
            ));
            match look {
                Look::Turning => line(format_args!("kind = \"radar\"\nperiod-s = 4\nrange-max-m = 40_000")),
                Look::Staring => line(format_args!(
                    "kind = \"drone-radar\"\nperiod-s = 2\nrange-max-m = 25_000\nelevation-min-deg = 0\n\
                 azimuth-sigma-deg = 0.5\nelevation-sigma-deg = 0.5"
                )),
            }
        }
        for k in 0..8 {
            let step = f64::from(k);
            let (east, north) = (-5e3 + 1.2e3 * step, random.between(-4e3, 4e3));
            line(format_args!("[[target]]\nname = \"t{k}\"\nclass = \"light-aircraft\"\nspeed-m-s = 45"));
            line(format_args!(
                "start = {{ east-m = {east}, north-m = {north:.0}, height-m = {} }}",
                700.0 + 120.0 * step
            ));
            line(format_args!("heading-deg = {:.0}", random.between(0.0, 360.0)));
            if !smooth {
                line(format_args!(
                    "loop-legs = true\nlegs = [{{ kind = \"straight\", seconds = 15 }}, \
                     {{ kind = \"turn\", by-deg = 120, rate-deg-s = 4 }}]"
                ));
            }
            if matches!(look, Look::Turning) {
                line(format_args!(
                    "transponder = {{ icao = \"44020{k}\", callsign = \"S{k}\", mode-3a = \"000{k}\" }}"
                ));
            }
        }
        Self::of(&text, &[0, 1, 2, 3])
    }

    /// A scene from the text of a scenario; `of` gives the node of each sensor.
    ///
    /// # Panics
    /// If the scenario is not sound: a bug of the caller.
    #[must_use]
    pub fn of(text: &str, of: &[usize]) -> Self {
        let scenario = Scenario::from_toml(text).expect("a sound scenario");
        let whole = simulated::config(&scenario).expect("drivers for all sensors");
        let nodes = of.iter().max().map_or(0, |last| last + 1);
        let post = |node: usize| {
            let sensors: Vec<usize> = (0..of.len()).filter(|sensor| of[*sensor] == node).collect();
            Post { config: part(&whole, node, &sensors), sensors }
        };
        Self { posts: (0..nodes).map(post).collect(), scenario }
    }

    /// One node in the place of all, which hears every sensor.
    ///
    /// # Panics
    /// If a sensor has no driver: not of a scene that was made.
    #[must_use]
    pub fn centralised(&self) -> Self {
        let whole = simulated::config(&self.scenario).expect("drivers for all sensors");
        let sensors: Vec<usize> = (0..self.scenario.sensors.len()).collect();
        let post = Post { config: part(&whole, 0, &sensors), sensors };
        Self { scenario: self.scenario.clone(), posts: vec![post] }
    }
}

/// The configuration of one node: it stands somewhere else than the others and hears its own sensors.
fn part(whole: &Config, node: usize, sensors: &[usize]) -> Config {
    let mut config = whole.clone();
    let step = f64::from(u32::try_from(node).expect("a few nodes"));
    config.node = NodeConfig {
        name: format!("node-{node}"),
        latitude_deg: whole.node.latitude_deg + 0.03 * step,
        longitude_deg: whole.node.longitude_deg - 0.05 * step,
        ..whole.node.clone()
    };
    config.sensors = sensors.iter().map(|sensor| whole.sensors[*sensor].clone()).collect();
    config.tracker.tracks_max = TRACKS_MAX;
    config
}

/// The head of a scenario in the middle of this world.
#[must_use]
pub fn head(duration_s: f64) -> String {
    format!(
        "name = \"mission\"\nabout = \"drawn\"\nduration-s = {duration_s}\nusual-height-m = 800\n\
         usual-height-sigma-m = 700\norigin = {{ latitude-deg = 48.3, longitude-deg = 14.2, height-m = 100 }}\n"
    )
}

fn some_sensor(number: usize, random: &mut Random) -> String {
    let (east, north) = (random.between(-9e3, 9e3), random.between(-9e3, 9e3));
    let place =
        format!("name = \"s{number}\"\nposition = {{ east-m = {east:.1}, north-m = {north:.1}, height-m = 150 }}");
    let system = format!("sac = 41\nsic = {}", 50 + number);
    match random.below(6) {
        0 | 1 => format!(
            "[[sensor]]\nkind = \"radar\"\n{place}\n{system}\nperiod-s = {}\nrange-max-m = 40_000\n\
             clutter-per-scan = 1\n",
            [2, 4][random.index(2)]
        ),
        2 => format!("[[sensor]]\nkind = \"adsb-receiver\"\n{place}\n"),
        3 | 4 => {
            let encoder = ["plots", "asterix-cat015", "sapient"][random.index(3)];
            format!(
                "[[sensor]]\nkind = \"drone-radar\"\n{place}\n{system}\nencoder = \"{encoder}\"\nperiod-s = 2\n\
                 range-max-m = 20_000\nelevation-min-deg = 0\nclutter-per-scan = 1\n"
            )
        }
        _ => format!("[[sensor]]\nkind = \"direction-finder\"\n{place}\nperiod-s = 2\nrange-max-m = 30_000\n"),
    }
}

fn some_target(number: usize, duration_s: f64, random: &mut Random) -> String {
    let mut text = String::from("[[target]]\n");
    let flies = random.chance(0.6);
    let (class, speed) = if flies { ("light-aircraft", 70.0) } else { ("small-drone", 15.0) };
    let (east, north) = (random.between(-6e3, 6e3), random.between(-6e3, 6e3));
    let height = if flies { random.between(600.0, 2000.0) } else { random.between(300.0, 600.0) };
    let (heading, turn_s) = (random.between(0.0, 360.0), random.between(20.0, 60.0));
    let mut line = |args: core::fmt::Arguments<'_>| {
        text.write_fmt(args).expect("memory does not refuse");
        text.push('\n');
    };
    line(format_args!("name = \"t{number}\"\nclass = \"{class}\"\nheading-deg = {heading:.1}"));
    line(format_args!("start = {{ east-m = {east:.1}, north-m = {north:.1}, height-m = {height:.1} }}"));
    line(format_args!("speed-m-s = {:.1}", speed * random.between(0.8, 1.2)));
    if random.chance(0.3) {
        line(format_args!("disappear-s = {:.1}", duration_s * random.between(0.5, 0.9)));
    }
    if random.chance(0.4) {
        let by = random.between(-120.0, 120.0);
        line(format_args!(
            "legs = [{{ kind = \"straight\", seconds = {turn_s:.1} }}, \
             {{ kind = \"turn\", by-deg = {by:.1}, rate-deg-s = 3 }}]"
        ));
    }
    if flies && random.chance(0.7) {
        let icao = 0x44_0100 + number;
        line(format_args!(
            "transponder = {{ icao = \"{icao:06X}\", callsign = \"T{number}\", mode-3a = \"44{number:02o}\" }}"
        ));
        if random.chance(0.7) {
            line(format_args!("adsb = {{ nac-p = 9 }}"));
        }
    }
    if random.chance(0.4) {
        line(format_args!("emitter = {{ frequency-mhz = {} }}", 2412 + 25 * number));
    }
    text
}
