//! What goes wrong in simulated worlds, and how it is drawn from a seed.

use std::collections::VecDeque;

use fusion_core::time::Span;

use super::random::Random;

/// Something that happens to a world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// A direction of a link carries nothing from now on.
    Cut {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
    },
    /// It carries again.
    Heal {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
    },
    /// A node's carrier tells it that a link is down.
    Lower {
        /// Which node.
        node: usize,
        /// The link to this one.
        to: usize,
    },
    /// A node's carrier tells it that a link is up.
    Raise {
        /// Which node.
        node: usize,
        /// The link to this one.
        to: usize,
    },
    /// A node stops.
    Stop {
        /// Which.
        node: usize,
        /// Whether its disk survives.
        keep_disk: bool,
    },
    /// It starts again.
    Start {
        /// Which.
        node: usize,
    },
    /// A node's clock is set.
    Clock {
        /// Which.
        node: usize,
        /// So far ahead.
        offset_s: f64,
    },
    /// The line of a sensor takes so long from now on. Whole nodes have sensors.
    Delay {
        /// Which sensor of the scenario.
        sensor: usize,
        /// How long.
        delay_s: f64,
    },
    /// A node finds a track. Of replicas alone, as all that follows.
    Found {
        /// Which node.
        node: usize,
        /// Whether only some may know.
        close: bool,
    },
    /// A node's track ends.
    End {
        /// Which node.
        node: usize,
    },
    /// A node's track may be seen by others than before.
    Relabel {
        /// Which node.
        node: usize,
    },
}

/// What befalls a world, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// When, what.
    pub faults: VecDeque<(Span, Fault)>,
}

impl Plan {
    /// Faults, which are put in order.
    #[must_use]
    pub fn new(mut faults: Vec<(Span, Fault)>) -> Self {
        faults.sort_by_key(|(time, _)| *time);
        Self { faults: faults.into() }
    }
}

/// A time at which something goes wrong, and when all of it has to be over; seconds.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When it begins.
    pub at_s: f64,
    /// When everything has an end.
    pub end_s: f64,
}

/// What goes wrong from a moment on, in its parts.
pub type Faults = Vec<(Span, Fault)>;

impl Moment {
    /// As time since the beginning.
    #[must_use]
    pub fn now(&self) -> Span {
        Span::from_secs_f64(self.at_s)
    }

    /// When it is over, if it lasts so long on average.
    pub fn until(&self, mean_s: f64, random: &mut Random) -> Span {
        Span::from_secs_f64((self.at_s + random.exponential(mean_s)).min(self.end_s))
    }

    /// A whole cut, of which the carriers may know or not.
    #[must_use]
    pub fn cut(&self, a: usize, b: usize, mean_s: f64, random: &mut Random) -> Faults {
        let (now, end, mut faults) = (self.now(), self.until(mean_s, random), Vec::new());
        for (from, to) in [(a, b), (b, a)] {
            faults.push((now, Fault::Cut { from, to }));
            faults.push((end, Fault::Heal { from, to }));
            if random.chance(0.6) {
                let noticed = now + Span::from_secs_f64(random.between(0.1, 10.0));
                faults.push((noticed.min(end), Fault::Lower { node: from, to }));
                faults.push((end + Span::from_secs_f64(random.between(0.0, 3.0)), Fault::Raise { node: from, to }));
            }
        }
        faults
    }

    /// One direction of a link is cut, and nobody knows.
    #[must_use]
    pub fn one_way(&self, a: usize, b: usize, mean_s: f64, random: &mut Random) -> Faults {
        let (from, to) = if random.chance(0.5) { (a, b) } else { (b, a) };
        vec![(self.now(), Fault::Cut { from, to }), (self.until(mean_s, random), Fault::Heal { from, to })]
    }

    /// A node stops and starts again, with its disk or without.
    #[must_use]
    pub fn reboot(&self, node: usize, mean_s: f64, random: &mut Random) -> Faults {
        let stop = (self.now(), Fault::Stop { node, keep_disk: random.chance(0.5) });
        vec![stop, (self.until(mean_s, random), Fault::Start { node })]
    }

    /// A clock is set, which ends the node: it starts again.
    #[must_use]
    pub fn reset_clock(&self, node: usize, offset_s: f64) -> Faults {
        let (now, set) = (self.now(), Fault::Clock { node, offset_s });
        let again = now + Span::from_millis(1500);
        vec![(now, Fault::Stop { node, keep_disk: true }), (now, set), (again, Fault::Start { node })]
    }
}

/// Links that hang all nodes together, and as many more as chance wants.
#[must_use]
pub fn edges(nodes: usize, more: f64, random: &mut Random) -> Vec<(usize, usize)> {
    let mut edges: Vec<(usize, usize)> = (1..nodes).map(|k| (random.index(k), k)).collect();
    for a in 0..nodes {
        for b in a + 1..nodes {
            if !edges.contains(&(a, b)) && random.chance(more) {
                edges.push((a, b));
            }
        }
    }
    edges
}
