//! What time it is, here and in the picture, for receivers who take what they are told for the present.

use fusion_core::time::{Span, Timestamp};

use crate::board::Mode;

/// What time it is, here and in the picture.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Receivers compare what they are told with their own clocks, which should agree with this.
    pub now: Timestamp,
    /// How far back the picture lies: of a replay, years perhaps; else nothing.
    pub back: Span,
}

impl Moment {
    /// Of a picture of some time, shown now.
    #[must_use]
    pub fn of(mode: Mode, picture: Timestamp, now: Timestamp) -> Self {
        Self { now, back: if mode == Mode::Replay { now - picture } else { Span::ZERO } }
    }

    /// When a receiver is to believe that something was.
    #[must_use]
    pub fn shown(&self, time: Timestamp) -> Timestamp {
        time + self.back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_is_shown_as_if_it_were_now_and_nothing_else_is() {
        let (picture, now) = (Timestamp::from_secs(1_000), Timestamp::from_secs(9_000));
        let earlier = Timestamp::from_secs(997);
        assert_eq!(Moment::of(Mode::Replay, picture, now).shown(earlier), Timestamp::from_secs(8_997));
        for mode in [Mode::Live, Mode::Sim] {
            assert_eq!(Moment::of(mode, picture, now).shown(earlier), earlier);
        }
    }
}
