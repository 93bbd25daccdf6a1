//! A part of a block whose truths and tracks never came near any other: it is solved by itself.

use super::super::average::{count, real};
use super::super::nees::Sample;
use super::lattice::{Change, Course, Event, Lattice};

/// A truth and a track by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) truth: usize,
    pub(super) track: usize,
}

impl Edge {
    /// Can the two not stand at the same time?
    pub(super) fn clashes(&self, other: &Self) -> bool {
        self.truth == other.truth || self.track == other.track
    }
}

/// A pair's past before the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// It stood at the end.
    Held,
    /// Neither of the two was ever assigned: the pair may have stood all along, which costs nothing.
    Open,
    /// One of the two was: to make the pair is a change.
    Apart,
}

/// A pair that came near, or that stood before.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) edge: Edge,
    pub(super) past: Past,
    /// When it is near, in order of time, and what assigning it then is worth: cᵖ − dᵖ.
    pub(super) gains: Vec<Gain>,
}

/// What a pair is worth at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gain {
    pub(super) step: u32,
    pub(super) worth: f64,
    /// Does the best assignment of this step alone hold the pair?
    pub(super) chosen: bool,
    /// What the pair says of the track's covariance.
    pub(super) sample: Option<Sample>,
}

/// From which step on a pair stands, and the step before which it ends.
pub(super) type Stand = (u32, u32);

/// The end of a stand that lasts to the end of the block.
pub(super) const OPEN_END: u32 = u32::MAX;

/// When each pair of a piece stands; one truth and one track are never in two pairs at once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan(pub(super) Vec<Vec<Stand>>);

/// A piece.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// By truth and then by track.
    pub(super) pairs: Vec<Candidate>,
    /// λ: what making or breaking a pair costs, half of a switch.
    pub(super) toggle: f64,
}

impl Candidate {
    /// What it costs to begin the block in or out of this pair.
    fn start(&self, stands: bool, toggle: f64) -> f64 {
        match (self.past, stands) {
            (Past::Held, true) | (Past::Open, _) | (Past::Apart, false) => 0.0,
            (Past::Held, false) | (Past::Apart, true) => toggle,
        }
    }

    /// Makings and breakings, and the gains collected.
    pub(super) fn tally(&self, stands: &[Stand]) -> Tally {
        let at_start = stands.first().is_some_and(|&(from, _)| from == 0);
        let begins = u64::from(self.start(at_start, 1.0) > 0.0);
        let changes = |&(from, to): &Stand| u64::from(from > 0) + u64::from(to < OPEN_END);
        let mut tally = Tally { toggles: begins + stands.iter().map(changes).sum::<u64>(), ..Tally::default() };
        for gain in self.collected(stands) {
            tally.gain += gain.worth;
            tally.assigned += 1;
        }
        tally
    }

    /// When the pair stands and is near.
    pub(super) fn collected<'a>(&'a self, stands: &'a [Stand]) -> impl Iterator<Item = &'a Gain> {
        stands.iter().flat_map(|&(from, to)| {
            let first = self.gains.partition_point(|gain| gain.step < from);
            self.gains[first..].iter().take_while(move |gain| gain.step < to)
        })
    }
}

/// What a plan comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) gain: f64,
    /// Pairs nearer than the cut-off, summed over the steps.
    pub(super) assigned: u64,
    /// Pairs made or broken.
    pub(super) toggles: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.gain += other.gain;
        self.assigned += other.assigned;
        self.toggles += other.toggles;
    }
}

impl Piece {
    /// Nothing stands (a pair that stood before is broken).
    pub(super) fn empty(&self) -> Plan {
        Plan(vec![Vec::new(); self.pairs.len()])
    }

    /// Each step by itself, as GOSPA assigns it.
    pub(super) fn stepwise(&self) -> Plan {
        Plan(self.pairs.iter().map(stepwise).collect())
    }

    /// What the best assignments of each step by itself gain: no plan gains more.
    pub(super) fn stepwise_gain(&self) -> f64 {
        self.pairs.iter().flat_map(|pair| &pair.gains).filter(|gain| gain.chosen).map(|gain| gain.worth).sum()
    }

    pub(super) fn tally(&self, plan: &Plan) -> Tally {
        let mut all = Tally::default();
        self.pairs.iter().zip(&plan.0).for_each(|(pair, stands)| all.add(pair.tally(stands)));
        all
    }

    /// Gains less changes.
    pub(super) fn worth(&self, plan: &Plan) -> f64 {
        self.worth_of(plan, 0..self.pairs.len())
    }

    fn worth_of(&self, plan: &Plan, pairs: impl Iterator<Item = usize>) -> f64 {
        let worth = |tally: Tally| tally.gain - self.toggle * real(tally.toggles);
        pairs.map(|pair| worth(self.pairs[pair].tally(&plan.0[pair]))).sum()
    }

    /// The best course of all pairs together, and the best if nothing had gone before; `None` if they are too many.
    pub(super) fn exact(&self) -> Option<(Plan, f64)> {
        let all: Vec<usize> = (0..self.pairs.len()).collect();
        let lattice = self.lattice(&all)?;
        let events = self.events(&all, &[]);
        let mut plan = self.empty();
        self.follow(&lattice, &lattice.best(&events, self.toggle, |state| self.start(&all, state)), &all, &mut plan);
        Some((plan, lattice.best(&events, self.toggle, |_| 0.0).worth))
    }

    pub(super) fn lattice(&self, pairs: &[usize]) -> Option<Lattice> {
        let edges: Vec<Edge> = pairs.iter().map(|&pair| self.pairs[pair].edge).collect();
        Lattice::new(&edges)
    }

    /// Gives these pairs the best course that the others leave room for, if it is better than what they have. `others`
    /// are the pairs outside whose tracks these share. Tells the work done and whether the plan changed.
    pub(super) fn improve(&self, plan: &mut Plan, pairs: &[usize], lattice: &Lattice, others: &[usize]) -> (u64, bool) {
        let blocked: Vec<(usize, Stand)> = others
            .iter()
            .flat_map(|&other| plan.0[other].iter().map(move |&stand| (self.pairs[other].edge.track, stand)))
            .collect();
        let events = self.events(pairs, &blocked);
        let course = lattice.best(&events, self.toggle, |state| self.start(pairs, state));
        let before = self.worth_of(plan, pairs.iter().copied());
        let better = course.worth > before + 1e-9 * (1.0 + before.abs());
        if better {
            self.follow(lattice, &course, pairs, plan);
        }
        (lattice.work() * count(&events), better)
    }

    /// What beginning in a state of these pairs is worth.
    fn start(&self, pairs: &[usize], state: &[usize]) -> f64 {
        let cost = |(place, &pair): (usize, &usize)| self.pairs[pair].start(state.contains(&place), self.toggle);
        -pairs.iter().enumerate().map(cost).sum::<f64>()
    }

    /// All that happens to these pairs, by step; `blocked` are tracks that others hold, and when.
    fn events(&self, pairs: &[usize], blocked: &[(usize, Stand)]) -> Vec<Event> {
        let mut events = Vec::new();
        for (place, &pair) in pairs.iter().enumerate() {
            let gain = |gain: &Gain| Event { step: gain.step, pair: place, change: Change::Gain(gain.worth) };
            events.extend(self.pairs[pair].gains.iter().map(gain));
            for &(_, (from, to)) in blocked.iter().filter(|(track, _)| *track == self.pairs[pair].edge.track) {
                events.push(Event { step: from, pair: place, change: Change::Taken });
                if to < OPEN_END {
                    events.push(Event { step: to, pair: place, change: Change::Freed });
                }
            }
        }
        // Taken before freed, so that the count of reasons never falls below zero in between.
        events.sort_by_key(|event| (event.step, event.pair, event.change == Change::Freed));
        events
    }

    /// Writes a course of these pairs into the plan.
    fn follow(&self, lattice: &Lattice, course: &Course, pairs: &[usize], plan: &mut Plan) {
        pairs.iter().for_each(|&pair| plan.0[pair].clear());
        let mut before: &[usize] = &[];
        for (place, &(step, state)) in course.legs.iter().enumerate() {
            let now = lattice.pairs_of(state);
            let step = if place == 0 { 0 } else { step };
            for &gone in before.iter().filter(|pair| !now.contains(pair)) {
                plan.0[pairs[gone]].last_mut().expect("it stood").1 = step;
            }
            for &come in now.iter().filter(|pair| !before.contains(pair)) {
                plan.0[pairs[come]].push((step, OPEN_END));
            }
            before = now;
        }
    }

    /// The truths of the piece, each with its pairs.
    pub(super) fn by_truth(&self) -> Vec<Vec<usize>> {
        let all: Vec<usize> = (0..self.pairs.len()).collect();
        all.chunk_by(|&a, &b| self.pairs[a].edge.truth == self.pairs[b].edge.truth).map(<[usize]>::to_vec).collect()
    }
}

/// The steps at which a pair is chosen, as stands.
fn stepwise(pair: &Candidate) -> Vec<Stand> {
    let mut stands: Vec<Stand> = Vec::new();
    for gain in pair.gains.iter().filter(|gain| gain.chosen) {
        match stands.last_mut() {
            Some((_, to)) if *to == gain.step => *to = gain.step + 1,
            _ => stands.push((gain.step, gain.step + 1)),
        }
    }
    stands
}
