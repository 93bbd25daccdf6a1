//! Returns gathered into looks: what a sensor saw at one time is one scan, however it was split into records and
//! datagrams.
//!
//! Two kinds of sensor. Of one that only reports, silence says nothing: what a datagram holds at one time is a scan of
//! [`Coverage::Reports`]. One that stares at a sector tells at each of its updates all that is there: returns within
//! half its update period are one look, given out when the next begins or when the period is over. A look without any
//! return goes unnoticed, since nothing is sent then: misses are counted only while the sensor sees something.

use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::reception::When;
use crate::decoder::{OwnedScan, Platform, Return, SCAN_RETURNS_MAX, Spare};

/// How the returns of a sensor are gathered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gathering {
    /// What a look covers.
    pub(super) coverage: Coverage,
    /// Returns that lie closer in time than this are of one look.
    pub(super) window: Span,
}

/// The look that is being gathered.
#[derive(Debug)]
pub(super) struct Looks {
    gathering: Gathering,
    open: Option<Open>,
    spare: Spare,
    /// Looks that were full.
    overflowed: u64,
}

#[derive(Debug)]
struct Open {
    scan: OwnedScan,
    /// Sum of the times of its returns since the first.
    since_first: Span,
    received: Timestamp,
}

impl Looks {
    pub(super) fn new(gathering: Gathering) -> Self {
        Self { gathering, open: None, spare: Spare::default(), overflowed: 0 }
    }

    /// Takes a return; gives out the look before it, if this one begins another.
    pub(super) fn take(&mut self, seen: Return, when: When, from: Option<Platform>) -> Option<OwnedScan> {
        let before = if self.belongs(when, from) { None } else { self.close() };
        let open = self.open.get_or_insert_with(|| Open {
            scan: OwnedScan {
                time: when.time,
                time_quality: when.quality,
                from,
                coverage: self.gathering.coverage,
                returns: self.spare.take(),
            },
            since_first: Span::ZERO,
            received: when.received,
        });
        open.since_first = open.since_first + (when.time - open.scan.time);
        open.scan.returns.push(seen);
        before
    }

    /// Whether a return is of the open look.
    fn belongs(&mut self, when: When, from: Option<Platform>) -> bool {
        let Some(open) = &self.open else { return true };
        let full = open.scan.returns.len() >= SCAN_RETURNS_MAX;
        self.overflowed += u64::from(full);
        !full && open.scan.from == from && (when.time - open.scan.time).abs() <= self.gathering.window
    }

    /// The open look, at the mean time of its returns.
    pub(super) fn close(&mut self) -> Option<OwnedScan> {
        let Open { mut scan, since_first, .. } = self.open.take()?;
        let count = i64::try_from(scan.returns.len().max(1)).unwrap_or(i64::MAX);
        scan.time = scan.time + Span::from_nanos(since_first.as_nanos() / count);
        Some(scan)
    }

    /// A datagram has ended: of a sensor that only reports, so has the look.
    pub(super) fn handle_end_of_datagram(&mut self) -> Option<OwnedScan> {
        if self.gathering.coverage == Coverage::Reports { self.close() } else { None }
    }

    /// Time passes: nothing waits for longer than two windows.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) -> Option<OwnedScan> {
        let open = self.open.as_ref()?;
        if now - open.received > self.gathering.window + self.gathering.window { self.close() } else { None }
    }

    /// Takes back the memory of a scan.
    pub(super) fn recycle(&mut self, scan: OwnedScan) {
        self.spare.give(scan);
    }

    /// Looks that had as many returns as there is room for, and were continued in another.
    pub(super) const fn overflowed(&self) -> u64 {
        self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::{Measured, Place, Polar, TimeQuality};
    use fusion_core::angle::Angle;
    use fusion_core::identity::Identity;

    const STARING: Gathering =
        Gathering { coverage: Coverage::Sector { from: Angle::ZERO, width_rad: 1.5 }, window: Span::from_millis(500) };

    fn when(millis: i64) -> When {
        let time = Timestamp::from_secs(1_700_000_000) + Span::from_millis(millis);
        When { time, quality: TimeQuality::Sensor, received: time }
    }

    fn seen() -> Return {
        let azimuth = Measured { value: 0.1, sigma: 0.01 };
        let polar = Polar { azimuth, range: None, elevation: None, height: None, range_rate: None };
        Return::unnamed(Place::Polar(polar), Identity::UNKNOWN)
    }

    #[test]
    fn a_staring_look_is_whole_however_it_was_split() {
        let mut looks = Looks::new(STARING);
        assert_eq!(looks.take(seen(), when(0), None), None);
        assert_eq!(looks.handle_end_of_datagram(), None);
        assert_eq!(looks.take(seen(), when(200), None), None);
        let look = looks.take(seen(), when(1_000), None).expect("the next look begins");
        assert_eq!((look.returns.len(), look.time), (2, when(100).time));
        assert_eq!(looks.handle_timeout(when(1_900).time), None);
        assert_eq!(looks.handle_timeout(when(2_100).time).map(|look| look.returns.len()), Some(1));
    }

    #[test]
    fn what_only_reports_waits_for_nothing() {
        let mut looks = Looks::new(Gathering { coverage: Coverage::Reports, window: Span::from_millis(8) });
        assert_eq!(looks.take(seen(), when(0), None), None);
        assert_eq!(looks.take(seen(), when(300), None).map(|look| look.returns.len()), Some(1));
        assert_eq!(looks.handle_end_of_datagram().map(|look| look.coverage), Some(Coverage::Reports));
    }

    #[test]
    fn a_full_look_is_continued_in_another_and_counted() {
        let mut looks = Looks::new(STARING);
        let given: Vec<_> = (0..=SCAN_RETURNS_MAX).filter_map(|_| looks.take(seen(), when(0), None)).collect();
        assert_eq!((given.len(), given[0].returns.len(), looks.overflowed()), (1, SCAN_RETURNS_MAX, 1));
    }
}
