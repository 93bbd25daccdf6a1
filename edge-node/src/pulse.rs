//! Whether every loop of the daemon moves: each counts its passes, one place looks.
//!
//! A process that is there may still have stopped working: one thread waits for ever, one task spins. So whoever keeps
//! it alive from outside hears of it only while *every* loop has made a pass since it heard last. A loop is known by
//! the name under which it was registered; that name is what an operator reads when the loop stands still.
//!
//! No clock is read here: how long is too long, whoever calls [`Pulse::feel`] decides by when he calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One loop's counter of passes. The loop keeps it; by default nobody looks at it.
#[derive(Clone, Debug, Default)]
pub struct Beat(Arc<AtomicU64>);

impl Beat {
    /// The loop made a pass. Costs an addition, and is never waited for.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All loops that must move.
#[derive(Debug, Default)]
pub struct Pulse {
    loops: Vec<Loop>,
}

#[derive(Debug)]
struct Loop {
    name: &'static str,
    beat: Beat,
    felt: u64,
}

impl Pulse {
    /// Registers a loop by the name that an operator is to read. From now on it has to move.
    #[must_use]
    pub fn watch(&mut self, name: &'static str) -> Beat {
        let beat = Beat::default();
        self.watch_beat(name, beat.clone());
        beat
    }

    /// Registers a loop that has a beat already.
    pub fn watch_beat(&mut self, name: &'static str, beat: Beat) {
        let felt = beat.count();
        self.loops.push(Loop { name, beat, felt });
    }

    /// The loops that have not moved since all of them last had; from there on what is asked is asked anew. None stands
    /// still: the pulse is there.
    pub fn feel(&mut self) -> Vec<&'static str> {
        let still: Vec<_> = self.loops.iter().filter(|l| l.beat.count() == l.felt).map(|l| l.name).collect();
        if still.is_empty() {
            self.loops.iter_mut().for_each(|l| l.felt = l.beat.count());
        }
        still
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_pulse_only_when_every_loop_has_moved() {
        let mut pulse = Pulse::default();
        let (fusion, mesh) = (pulse.watch("fusion"), pulse.watch("mesh"));
        assert_eq!(pulse.feel(), ["fusion", "mesh"], "nothing has moved yet");
        fusion.beat();
        assert_eq!(pulse.feel(), ["mesh"]);
        mesh.beat();
        assert!(pulse.feel().is_empty());
    }

    #[test]
    fn a_loop_that_stands_still_is_named_however_much_the_others_move() {
        let mut pulse = Pulse::default();
        let (fusion, mesh) = (pulse.watch("fusion"), pulse.watch("mesh"));
        fusion.beat();
        mesh.beat();
        assert!(pulse.feel().is_empty());
        for _ in 0..100 {
            mesh.beat();
            assert_eq!(pulse.feel(), ["fusion"]);
        }
    }

    #[test]
    fn a_slow_loop_need_not_move_at_the_same_time_as_the_others() {
        let mut pulse = Pulse::default();
        let (fusion, journal) = (pulse.watch("fusion"), pulse.watch("journal"));
        fusion.beat();
        assert_eq!(pulse.feel(), ["journal"]);
        journal.beat();
        assert!(pulse.feel().is_empty(), "both have moved since there was a pulse");
    }

    #[test]
    fn a_pass_counts_for_one_pulse_only() {
        let mut pulse = Pulse::default();
        let fusion = pulse.watch("fusion");
        fusion.beat();
        assert!(pulse.feel().is_empty());
        assert_eq!(pulse.feel(), ["fusion"]);
    }

    #[test]
    fn a_loop_registered_later_has_to_move_too() {
        let mut pulse = Pulse::default();
        let fusion = pulse.watch("fusion");
        fusion.beat();
        assert!(pulse.feel().is_empty());
        let _journal = pulse.watch("journal");
        fusion.beat();
        assert_eq!(pulse.feel(), ["journal"]);
    }
}
