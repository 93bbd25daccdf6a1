//! The best course through time of a small set of pairs: dynamic programming over every one-to-one set of them.
//!
//! The states are the one-to-one sets of the given pairs, smallest first. Going from one to another costs λ for each
//! pair that is made or broken, and the cheapest way is always to break first and then make: their intersection is a
//! state too. So one instant needs no comparison of every state with every other, but two passes over the states, from
//! each to those with one pair fewer and back: O(states · pairs per state).

use std::collections::BTreeMap;

use super::super::average::count;
use super::piece::Edge;

/// The most one-to-one sets of pairs that are followed at once; four truths and four tracks that all came near one
/// another have 209. A larger set is not solved as a whole.
///
/// No counter: the gap between the figure and its lower bound says what it cost.
pub(super) const STATES_MAX: usize = 1024;

/// Every one-to-one set of some pairs.
#[derive(Clone, Debug)]
pub(super) struct Lattice {
    pairs: usize,
    /// By state: its pairs, ascending.
    states: Vec<Vec<usize>>,
    /// By state: the states with one pair fewer.
    fewer: Vec<Vec<usize>>,
}

/// What happens to a pair at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// If it stands now, so much is gained.
    Gain(f64),
    /// From now on it cannot stand, because another holds its track (one reason more).
    Taken,
    /// One such reason less.
    Freed,
}

/// A change of one of the pairs, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) step: u32,
    pub(super) pair: usize,
    pub(super) change: Change,
}

/// The best course: what it is worth, and from which step on which state holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Course {
    pub(super) worth: f64,
    pub(super) legs: Vec<(u32, usize)>,
}

impl Lattice {
    /// `None` if there are more than [`STATES_MAX`] states.
    pub(super) fn new(pairs: &[Edge]) -> Option<Self> {
        let mut lattice = Self { pairs: pairs.len(), states: vec![Vec::new()], fewer: Vec::new() };
        let mut place = 0;
        while place < lattice.states.len() {
            let state = lattice.states[place].clone();
            for (more, edge) in pairs.iter().enumerate().skip(state.last().map_or(0, |last| last + 1)) {
                if state.iter().all(|&pair| !pairs[pair].clashes(edge)) {
                    if lattice.states.len() == STATES_MAX {
                        return None;
                    }
                    lattice.states.push(state.iter().copied().chain([more]).collect());
                }
            }
            place += 1;
        }
        lattice.link();
        Some(lattice)
    }

    fn link(&mut self) {
        let places: BTreeMap<&[usize], usize> = self.states.iter().enumerate().map(|(at, s)| (&**s, at)).collect();
        let without = |state: &[usize], gone: usize| -> Vec<usize> {
            state.iter().copied().filter(|&pair| pair != gone).collect()
        };
        let fewer = |state: &Vec<usize>| state.iter().map(|&gone| places[&*without(state, gone)]).collect();
        self.fewer = self.states.iter().map(fewer).collect();
    }

    /// The pairs of a state.
    pub(super) fn pairs_of(&self, state: usize) -> &[usize] {
        &self.states[state]
    }

    /// How much work one instant is.
    pub(super) fn work(&self) -> u64 {
        count(&self.states)
    }

    /// The course of greatest worth = gains − `toggle` for each pair made or broken, where `start` tells the worth of
    /// beginning in a state. Events are sorted by step. Among equals, a pair is left as it is.
    pub(super) fn best(&self, events: &[Event], toggle: f64, start: impl Fn(&[usize]) -> f64) -> Course {
        let mut worth: Vec<f64> = self.states.iter().map(|state| start(state)).collect();
        let mut now = Now { taken: vec![0; self.pairs], gain: vec![0.0; self.pairs] };
        let mut came_from: Vec<Vec<u16>> = Vec::new();
        let mut steps = Vec::new();
        for instant in events.chunk_by(|a, b| a.step == b.step) {
            if !steps.is_empty() {
                came_from.push(self.pass(&mut worth, toggle));
            }
            steps.push(instant[0].step);
            now.handle(instant);
            for (state, worth) in self.states.iter().zip(&mut worth) {
                *worth += state.iter().map(|&pair| now.worth(pair)).sum::<f64>();
            }
            now.end();
        }
        if steps.is_empty() {
            steps.push(0);
        }
        let last = best_of(&worth);
        Course { worth: worth[last], legs: legs(&steps, &came_from, last) }
    }

    /// Lets every state be reached from every other; tells from which each is reached best.
    fn pass(&self, worth: &mut [f64], toggle: f64) -> Vec<u16> {
        let mut from: Vec<u16> = (0..u16::try_from(worth.len()).expect("STATES_MAX fits")).collect();
        let mut offer = |giver: usize, taker: usize| {
            if worth[giver] - toggle > worth[taker] {
                worth[taker] = worth[giver] - toggle;
                from[taker] = from[giver];
            }
        };
        for (state, fewer) in self.fewer.iter().enumerate().rev() {
            fewer.iter().for_each(|&less| offer(state, less));
        }
        for (state, fewer) in self.fewer.iter().enumerate() {
            fewer.iter().for_each(|&less| offer(less, state));
        }
        from
    }
}

/// What the pairs are worth at one instant.
struct Now {
    taken: Vec<u32>,
    gain: Vec<f64>,
}

impl Now {
    fn handle(&mut self, instant: &[Event]) {
        for event in instant {
            match event.change {
                Change::Gain(gain) => self.gain[event.pair] = gain,
                Change::Taken => self.taken[event.pair] += 1,
                Change::Freed => self.taken[event.pair] -= 1,
            }
        }
    }

    fn worth(&self, pair: usize) -> f64 {
        if self.taken[pair] > 0 { f64::NEG_INFINITY } else { self.gain[pair] }
    }

    /// A gain is for one instant only.
    fn end(&mut self) {
        self.gain.fill(0.0);
    }
}

fn best_of(worth: &[f64]) -> usize {
    (1..worth.len()).fold(0, |best, state| if worth[state] > worth[best] { state } else { best })
}

/// The states back from the last, as (step from which it holds, state), in order of time.
fn legs(steps: &[u32], came_from: &[Vec<u16>], last: usize) -> Vec<(u32, usize)> {
    let mut state = last;
    let mut legs = Vec::new();
    for (place, &step) in steps.iter().enumerate().rev() {
        legs.push((step, state));
        state = if place > 0 { usize::from(came_from[place - 1][state]) } else { state };
    }
    legs.reverse();
    legs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(truth: usize, track: usize) -> Edge {
        Edge { truth, track }
    }

    #[test]
    fn a_complete_four_by_four_has_209_states() {
        let pairs: Vec<Edge> = (0..16).map(|place| edge(place / 4, place % 4)).collect();
        assert_eq!(Lattice::new(&pairs).expect("few").states.len(), 209);
    }

    #[test]
    fn too_many_states_are_refused() {
        let pairs: Vec<Edge> = (0..11).map(|place| edge(place, place)).collect();
        assert!(Lattice::new(&pairs).is_none(), "2¹¹ subsets");
    }

    #[test]
    fn going_from_one_pair_to_another_costs_two_toggles() {
        let lattice = Lattice::new(&[edge(0, 0), edge(0, 1)]).expect("few");
        let event = |step, pair| Event { step, pair, change: Change::Gain(10.0) };
        let course = lattice.best(&[event(0, 0), event(1, 1)], 1.0, |_| 0.0);
        assert!((course.worth - 18.0).abs() < 1e-12);
        assert_eq!(course.legs, [(0, 1), (1, 2)]);
        let stays = lattice.best(&[event(0, 0), event(1, 1)], 6.0, |_| 0.0);
        assert!((stays.worth - 10.0).abs() < 1e-12, "a switch would cost more than it gains");
    }
}
