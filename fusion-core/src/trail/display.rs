//! Entries in words: who, when, and why, for somebody who knows sensors and not this code. Distances in sigmas.

use core::fmt::{Display, Formatter, Result};

use super::{Apart, Decision, Ending, Entry, NotFounded, Refusal};
use crate::time::Timestamp;
use crate::track::TrackNumber;

impl Display for Entry {
    /// One line: time of day, sensor, measurement, what was decided.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}  ", ClockTime(self.time))?;
        match self.sensor {
            Some(sensor) => write!(f, "sensor {:<3}", sensor.0)?,
            None => f.write_str("time passed")?,
        }
        match self.ordinal {
            Some(ordinal) => write!(f, "  plot {ordinal:<4}")?,
            None => f.write_str("           ")?,
        }
        write!(f, "  {}", self.what())?;
        f.write_str(if self.replayed { " (done again)" } else { "" })
    }
}

impl Entry {
    /// What was decided, in words, with the track that it concerns.
    #[must_use]
    pub const fn what(&self) -> What<'_> {
        What(self)
    }
}

/// What an entry tells, in words.
#[derive(Clone, Copy, Debug)]
pub struct What<'a>(&'a Entry);

/// A time of day, UTC, to the millisecond: `12:03:04.120`.
#[derive(Clone, Copy, Debug)]
pub struct ClockTime(pub Timestamp);

impl Display for ClockTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let millis = self.0.time_of_day().as_nanos() / 1_000_000;
        let (seconds, minutes, hours) = (millis / 1_000, millis / 60_000, millis / 3_600_000);
        write!(f, "{hours:02}:{:02}:{:02}.{:03}", minutes % 60, seconds % 60, millis % 1_000)
    }
}

impl Display for Apart {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:.1} sigma away, gate {:.1}", self.sigmas(), self.gate_sigmas())
    }
}

/// A track by its number.
struct Named(Option<TrackNumber>, bool);

impl Display for Named {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(if self.1 { "tentative track" } else { "track" })?;
        self.0.map_or(Ok(()), |number| write!(f, " {number}"))
    }
}

impl Display for What<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let track = Named(self.0.track, self.0.tentative);
        match self.0.decision {
            Decision::Weighed { distance_squared, gate, beta, .. } => {
                weighed(f, &track, Apart { distance_squared, gate }, beta)
            }
            Decision::OutsideGate(apart) => write!(f, "refused by {track}: {apart}"),
            Decision::Missed(apart) if apart.distance_squared.is_finite() => {
                write!(f, "{track} was not seen; this plot is nearest: {apart}")
            }
            Decision::Missed(_) => write!(f, "{track} was not seen, and there is no plot to compare"),
            Decision::Contradicted(apart) => write!(f, "refused by {track}: another address ({apart})"),
            Decision::Owned(apart) => write!(f, "refused by {track}: it carries another track's address ({apart})"),
            Decision::AddressImplausible(apart) => write!(f, "has the address of {track}, but not believed: {apart}"),
            Decision::OutOfView => write!(f, "{track} is out of the field of view"),
            Decision::PairsDropped(count) => write!(f, "{track}: {count} pairs with plots dropped for want of room"),
            Decision::UpdateNotFinite => write!(f, "{track} not updated: the numbers overflowed"),
            Decision::ContributorForgotten => write!(f, "{track} forgot its longest silent sensor for want of room"),
            Decision::CommonErrorsForgotten(count) => {
                write!(f, "{track} forgot {count} of the errors that its sensors have in common, for want of room")
            }
            Decision::Founded { existence } => write!(f, "founded {track}, {} a target", Percent(existence)),
            Decision::NotFounded(reason) => write!(f, "founded no track: {reason}"),
            Decision::Branched { from } => write!(f, "split {track} off from {from}"),
            Decision::Confirmed { existence } => write!(f, "{track} confirmed, {} a target", Percent(existence)),
            Decision::Deleted { ending, existence } => {
                write!(f, "{track} deleted: {ending} ({} a target)", Percent(existence))
            }
            Decision::Merged { into } => write!(f, "{track} deleted: the same target as the older {into}"),
            Decision::Implausible => f.write_str("refused: its numbers are not finite, or beyond all reason"),
            Decision::OverLimit(count) => write!(f, "{count} plots not looked at: the scan has too many"),
            Decision::ClustersCut(count) => write!(f, "{count} crowds solved without their unlikeliest pairs"),
            Decision::ClustersApproximate(count) => {
                write!(f, "{count} crowds too dense to solve exactly: approximated")
            }
            Decision::RowsAlone(count) => write!(f, "{count} tracks taken one by one for want of memory"),
            Decision::ScanRefused(refusal) => write!(f, "scan refused: {refusal}"),
            Decision::Retrodicted { taken, left } => {
                write!(f, "scan older than the horizon: {taken} plots taken, {left} too late")
            }
            Decision::Rewound => f.write_str("a scan came late: all that follows this one is done again"),
            Decision::ReleasedEarly(count) => write!(f, "{count} scans released early for want of room"),
            Decision::TooLargeToHold => f.write_str("the scan is too large to be held, and cannot be done again"),
        }
    }
}

fn weighed(f: &mut Formatter<'_>, track: &Named, apart: Apart, beta: f32) -> Result {
    let how = match beta {
        beta if beta >= super::CERTAIN => "taken by",
        beta if beta >= 0.01 => "in part taken by",
        _ => "better explained otherwise than by",
    };
    write!(f, "{how} {track}: {apart}, {} likely", Percent(beta))
}

/// A probability.
struct Percent(f32);

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let percent = f64::from(self.0) * 100.0;
        if percent > 0.0 && percent < 1.0 { write!(f, "{percent:.2} %") } else { write!(f, "{percent:.0} %") }
    }
}

impl Display for NotFounded {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NoPosition => "a bearing alone fixes no position",
            Self::TooUncertain => "its position is too uncertain",
            Self::NotFinite => "no position could be worked out",
            Self::TooUnlikely => "more likely clutter than a target",
            Self::TableFull => "the table of tracks is full",
            Self::NoNumber => "the scan has no more track numbers",
        })
    }
}

impl Display for Ending {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Unlikely => "too unlikely to exist after what was seen and missed",
            Self::Looks => "too few hits among its looks",
            Self::Silent => "silent for too long",
            Self::Uncertain => "its place is no longer known well enough",
        })
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::OutOfOrder => "earlier than the one before",
            Self::TooLate => "too late, older than the horizon",
            Self::Repeated => "heard before",
            Self::SensorModel => "the sensor's model is not usable",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::SensorId;
    use crate::time::Span;

    extern crate std;
    use std::string::ToString as _;

    #[test]
    fn a_refusal_is_told_with_its_distance_in_sigmas() {
        let entry = Entry {
            time: Timestamp::EPOCH + Span::from_millis(((12 * 60 + 3) * 60 + 4) * 1_000 + 120),
            sensor: Some(SensorId(2)),
            ordinal: Some(17),
            track: Some(TrackNumber(0x0A1B)),
            decision: Decision::OutsideGate(Apart { distance_squared: 6.2 * 6.2, gate: 3.9 * 3.9 }),
            ..Entry::EMPTY
        };
        let line = "12:03:04.120  sensor 2    plot 17    refused by track 0000000000000a1b: 6.2 sigma away, gate 3.9";
        assert_eq!(entry.to_string(), line);
        assert_eq!(Entry { replayed: true, ..entry }.to_string(), std::format!("{line} (done again)"));
    }
}
