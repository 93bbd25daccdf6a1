//! Which of several bearers to a neighbour is used: the best that carries; the others are kept.
//!
//! One that fails is left at once. One that comes back is trusted again when it has held for [`SETTLED`], so that a
//! bearer at the edge of its reach does not pull the link to and fro.

use fusion_core::time::Span;
use proto::replica::{Bearer, LinkEvent};

/// A better bearer is used again when it has held for so long.
pub const SETTLED: Span = Span::from_secs(2);

/// The bearers to one neighbour, the preferred one first.
#[derive(Clone, Debug)]
pub struct Choice {
    ways: Vec<Way>,
    used: Option<usize>,
}

#[derive(Clone, Debug)]
struct Way {
    bearer: Bearer,
    up_since: Option<Span>,
}

impl Choice {
    /// All of them down.
    #[must_use]
    pub fn new(bearers: impl IntoIterator<Item = Bearer>) -> Self {
        let ways = bearers.into_iter().map(|bearer| Way { bearer, up_since: None }).collect();
        Self { ways, used: None }
    }

    /// One of them carries now, or no longer does. What the link is to be told follows.
    pub fn handle(&mut self, way: usize, up: bool, now: Span) -> Option<LinkEvent> {
        let way = self.ways.get_mut(way)?;
        if way.up_since.is_some() != up {
            way.up_since = up.then_some(now);
        }
        self.choose(now)
    }

    /// Chooses anew. What the link is to be told: nothing if the two bearers are alike, since packets know no bearer.
    pub fn choose(&mut self, now: Span) -> Option<LinkEvent> {
        let before = self.used;
        self.used = self.best(now);
        match (before, self.used) {
            (before, used) if before == used => None,
            (Some(before), Some(used)) if self.ways[before].bearer == self.ways[used].bearer => None,
            (_, Some(used)) => Some(LinkEvent::Up(self.ways[used].bearer)),
            (_, None) => Some(LinkEvent::Down),
        }
    }

    /// The one that is used.
    #[must_use]
    pub const fn used(&self) -> Option<usize> {
        self.used
    }

    /// Whether one of them carries.
    #[must_use]
    pub fn is_up(&self, way: usize) -> bool {
        self.ways.get(way).is_some_and(|way| way.up_since.is_some())
    }

    fn best(&self, now: Span) -> Option<usize> {
        let kept = self.used.filter(|&used| self.is_up(used));
        let may_be_used = |way: &Way| match way.up_since {
            Some(since) => kept.is_none() || now - since >= SETTLED,
            None => false,
        };
        let best = self.ways.iter().position(may_be_used);
        match (best, kept) {
            (Some(best), Some(kept)) => Some(best.min(kept)),
            (best, kept) => best.or(kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::label::{Clearance, Codes, Level};

    fn bearer(rate_hint: f64) -> Bearer {
        let clearance = Clearance { level: Level::Secret, communities: Codes::EMPTY, caveats: Codes::EMPTY };
        Bearer { rate_hint, mtu: 300, overhead: 41, clearance, layer: 0 }
    }

    const fn at(ms: i64) -> Span {
        Span::from_millis(ms)
    }

    #[test]
    fn the_first_that_comes_up_is_used_at_once_and_a_better_one_when_it_has_settled() {
        let mut choice = Choice::new([bearer(1e6), bearer(1e3)]);
        assert_eq!(choice.handle(1, true, at(0)), Some(LinkEvent::Up(bearer(1e3))));
        assert_eq!(choice.handle(0, true, at(100)), None);
        assert_eq!(choice.choose(at(2000)), None, "up for 1.9 s");
        assert_eq!(choice.choose(at(2100)), Some(LinkEvent::Up(bearer(1e6))));
    }

    #[test]
    fn one_that_fails_is_left_at_once_and_the_last_takes_the_link_down() {
        let mut choice = Choice::new([bearer(1e6), bearer(1e3)]);
        let _ = (choice.handle(0, true, at(0)), choice.handle(1, true, at(1)));
        assert_eq!(choice.used(), Some(0));
        assert_eq!(choice.handle(0, false, at(2)), Some(LinkEvent::Up(bearer(1e3))));
        assert_eq!(choice.handle(1, false, at(3)), Some(LinkEvent::Down));
        assert_eq!(choice.used(), None);
    }

    #[test]
    fn between_bearers_that_are_alike_the_link_is_not_cut() {
        let mut choice = Choice::new([bearer(1e6), bearer(1e6)]);
        let _ = (choice.handle(0, true, at(0)), choice.handle(1, true, at(1)));
        assert_eq!(choice.handle(0, false, at(2)), None);
        assert_eq!(choice.used(), Some(1));
    }

    #[test]
    fn one_that_flaps_is_not_gone_back_to() {
        let mut choice = Choice::new([bearer(1e6), bearer(1e3)]);
        let _ = (choice.handle(0, true, at(0)), choice.handle(1, true, at(0)), choice.handle(0, false, at(1)));
        for ms in (1000..20_000).step_by(1000) {
            assert_eq!(choice.handle(0, true, at(ms)), None);
            assert_eq!(choice.handle(0, false, at(ms + 900)), None);
        }
        assert_eq!(choice.used(), Some(1));
    }
}
