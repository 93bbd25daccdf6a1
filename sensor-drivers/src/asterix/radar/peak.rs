//! The largest span noted lately.

use fusion_core::time::{Span, Timestamp};

/// The largest span noted over one to two windows: old ones are forgotten without being kept one by one.
#[derive(Debug)]
pub(super) struct Peak {
    window: Span,
    began: Option<Timestamp>,
    current: Span,
    previous: Span,
}

/// Smaller than any span that is noted.
const NOTHING: Span = Span::from_nanos(i64::MIN / 4);

impl Peak {
    /// Nothing noted yet.
    pub(super) const fn new(window: Span) -> Self {
        Self { window, began: None, current: NOTHING, previous: NOTHING }
    }

    /// Notes a span and tells the largest, this one included.
    pub(super) fn note(&mut self, span: Span, now: Timestamp) -> Span {
        let age = self.began.map(|began| now - began);
        if age.is_none_or(|age| age > self.window || age < Span::ZERO) {
            let adjacent = age.is_some_and(|age| age <= self.window + self.window);
            self.previous = if adjacent { self.current } else { NOTHING };
            self.current = NOTHING;
            self.began = Some(now);
        }
        self.current = self.current.max(span);
        self.largest()
    }

    /// The largest span noted; very negative if none was.
    pub(super) fn largest(&self) -> Span {
        self.current.max(self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_700_006_400 + seconds)
    }

    #[test]
    fn a_peak_is_forgotten_after_two_windows() {
        let mut peak = Peak::new(Span::from_secs(10));
        let second = Span::from_secs;
        assert_eq!(peak.note(second(3), at(0)), second(3));
        assert_eq!(peak.note(second(1), at(11)), second(3));
        assert_eq!(peak.note(second(1), at(22)), second(1));
        assert_eq!(peak.note(second(0), at(50)), second(0));
    }
}
