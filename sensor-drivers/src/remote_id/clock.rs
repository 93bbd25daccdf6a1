//! The time of a location: tenths of a second since a full hour, of the hour that is nearest to when it was heard.

use fusion_core::time::{Span, Timestamp};

/// An hour.
const HOUR: Span = Span::from_secs(3600);

/// The time meant by `tenths` since an hour, within half an hour of `received`.
#[must_use]
pub fn near(tenths: u16, received: Timestamp) -> Timestamp {
    let into = Span::from_millis(100 * i64::from(tenths));
    let since_hour = Span::from_nanos(received.as_nanos().rem_euclid(HOUR.as_nanos()));
    let told = received - since_hour + into;
    let ahead = told - received;
    if ahead > Span::from_secs(1800) {
        told - HOUR
    } else if ahead < Span::from_secs(-1800) {
        told + HOUR
    } else {
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-15T00:00:00Z.
    const HOUR_BEGINS: i64 = 1_700_006_400;

    #[test]
    fn a_location_from_before_the_hour_heard_after_it_is_of_the_hour_before() {
        let heard = Timestamp::from_secs(HOUR_BEGINS) + Span::from_millis(300);
        assert_eq!(near(35_998, heard), Timestamp::from_secs(HOUR_BEGINS) - Span::from_millis(200));
        assert_eq!(near(2, heard), Timestamp::from_secs(HOUR_BEGINS) + Span::from_millis(200));
    }

    #[test]
    fn a_clock_that_runs_ahead_over_the_hour_is_of_the_hour_to_come() {
        let heard = Timestamp::from_secs(HOUR_BEGINS) - Span::from_millis(100);
        assert_eq!(near(1, heard), Timestamp::from_secs(HOUR_BEGINS) + Span::from_millis(100));
        assert_eq!(near(36_000, heard), Timestamp::from_secs(HOUR_BEGINS));
    }
}
