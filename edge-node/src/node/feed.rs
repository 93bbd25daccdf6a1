//! Feeding a node. Time passes deadline by deadline before each receipt, so that what comes out depends on what was
//! received when, and not on how fast it is fed.

use fusion_core::time::{Span, Timestamp};

use super::Node;

/// Silence that is lived through deadline by deadline; of a longer one only the end is. By then every track is long
/// gone, and a damaged time in a recording cannot keep a replay busy for years.
pub const SILENCE_MAX: Span = Span::from_secs(600);

impl Node {
    /// The next deadline to let pass, with [`Node::handle_timeout`], before what was received at a time is taken in;
    /// `None` when none is left. The first receipt is a deadline itself: with it a node's time begins.
    #[must_use]
    pub fn deadline_before(&self, received: Timestamp) -> Option<Timestamp> {
        let Some(due) = self.poll_timeout() else { return Some(received) };
        // Not the one at that very time: at the end of all time it would be due again for ever.
        (due < received).then(|| due.max(received - SILENCE_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::node::{TIMEOUT_PERIOD, node_id};
    use fusion_core::track::Origin;

    const START: Timestamp = Timestamp::from_secs(1_717_236_000);

    fn node() -> Node {
        Node::new(&Config::default(), Origin { node: node_id("a"), incarnation: 1 }).expect("the default is valid")
    }

    /// The deadlines that pass on the way to each receipt.
    fn deadlines(receipts: &[Timestamp]) -> Vec<Timestamp> {
        let mut node = node();
        let mut passed = Vec::new();
        for received in receipts {
            while let Some(due) = node.deadline_before(*received) {
                node.handle_timeout(due);
                passed.push(due);
            }
        }
        passed
    }

    #[test]
    fn the_first_receipt_begins_time_and_deadlines_follow_one_by_one() {
        let later = START + Span::from_millis(600);
        let second = START + TIMEOUT_PERIOD;
        let expected = [START, second, second + TIMEOUT_PERIOD];
        assert_eq!(deadlines(&[START, later]), expected);
    }

    #[test]
    fn receipts_in_between_do_not_move_deadlines() {
        let end = START + Span::from_secs(3);
        let dense: Vec<_> = (0..=300).map(|i| START + Span::from_millis(10 * i)).collect();
        assert_eq!(deadlines(&dense), deadlines(&[START, end]));
    }

    #[test]
    fn a_receipt_that_steps_back_passes_no_deadline() {
        assert_eq!(deadlines(&[START, START - Span::from_secs(5)]), [START]);
    }

    #[test]
    fn no_gap_however_long_is_lived_through_beyond_the_bound() {
        let passed = deadlines(&[START, Timestamp::MAX]);
        assert_eq!(passed[1], Timestamp::MAX - SILENCE_MAX);
        assert!(passed.len() < 3_000, "{}", passed.len());
    }
}
