//! Whether the node does its work, in one word and with every reason, for those who look after many.

use fusion_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::board::{Board, Mode};
use crate::neighbour_health::NeighbourState;
use crate::sensor_health::SensorState;

/// A live picture that is older than this stands still.
const STILL_AFTER: Span = Span::from_secs(10);

/// How a node is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wellbeing {
    /// Why it does not do its work.
    pub failing: Vec<String>,
    /// What is amiss while it does.
    pub degraded: Vec<String>,
}

impl Wellbeing {
    /// By what the board shows at a time of our clock.
    #[must_use]
    pub fn of(mode: Mode, board: &Board, now: Timestamp) -> Self {
        let mut state = Self::default();
        let age = now - board.time;
        if mode == Mode::Live && age > STILL_AFTER {
            state.failing.push(format!("the picture has stood still for {:.0} s", age.as_secs_f64()));
        }
        for sensor in board.sensors.iter().filter(|sensor| sensor.state != SensorState::Ok) {
            let reasons =
                if sensor.reasons.is_empty() { String::new() } else { format!(" ({})", sensor.reasons.join(", ")) };
            state.degraded.push(format!("sensor {} is {}{reasons}", sensor.name, sensor.state.as_str()));
        }
        for neighbour in board.neighbours.iter().filter(|neighbour| neighbour.state != NeighbourState::Ready) {
            state.degraded.push(format!("neighbour {} is {}", neighbour.reach.name, neighbour.state.as_str()));
        }
        state.degraded.extend(board.recorder_trouble.as_ref().map(|why| format!("nothing is recorded: {why}")));
        let unkept = |why| format!("nothing is kept for the next start: {why}");
        state.degraded.extend(board.journal_trouble.as_ref().map(unkept));
        state
    }

    /// Whether it does its work.
    #[must_use]
    pub const fn works(&self) -> bool {
        self.failing.is_empty()
    }

    /// `ok`, `degraded` or `failing`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (self.works(), self.degraded.is_empty()) {
            (false, _) => "failing",
            (true, false) => "degraded",
            (true, true) => "ok",
        }
    }

    /// Why it is not ok.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        self.failing.iter().chain(&self.degraded).cloned().collect()
    }

    /// `status` is that word.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "status": self.word(), "reasons": self.reasons() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn board(age_s: i64) -> Board {
        Board { time: NOW - Span::from_secs(age_s), ..Board::default() }
    }

    #[test]
    fn a_live_picture_that_stands_still_is_a_failure_and_a_replay_may_be_of_any_time() {
        let live = Wellbeing::of(Mode::Live, &board(12), NOW);
        assert_eq!(live.json(), json!({ "status": "failing", "reasons": ["the picture has stood still for 12 s"] }));
        assert!(Wellbeing::of(Mode::Live, &board(1), NOW).works());
        assert!(Wellbeing::of(Mode::Replay, &board(1_000_000), NOW).works());
    }

    #[test]
    fn what_is_amiss_is_told_while_the_work_is_done() {
        let silent = Board { recorder_trouble: Some("the disk is full".to_owned()), ..board(0) };
        let state = Wellbeing::of(Mode::Live, &silent, NOW);
        assert!(state.works());
        assert_eq!(state.json(), json!({ "status": "degraded", "reasons": ["nothing is recorded: the disk is full"] }));
        assert_eq!(Wellbeing::of(Mode::Live, &board(0), NOW).json()["status"], "ok");
    }
}
