//! Why two recordings could not be scored.

use core::fmt;
use std::io;
use std::path::PathBuf;

use fusion_core::time::Timestamp;

use super::input::LineFault;
use super::params::ParamFault;
use super::timeline::{LIVE_MAX, SAMPLES_MAX};
use super::{FRAMES_MAX, FrameRefused};

/// Why two recordings could not be scored. There is no summary then: half a score would be read as a whole one.
#[derive(Debug)]
pub enum ScoreError {
    /// A parameter makes no sense.
    Params(ParamFault),
    /// A file cannot be opened (line 0) or read on.
    Read {
        /// Which file.
        path: PathBuf,
        /// The last line that was read.
        line: u64,
        /// What the operating system says.
        source: io::Error,
    },
    /// A line is at fault.
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// The truth has no line at all.
    NoTruth {
        /// Which file.
        path: PathBuf,
    },
    /// No track was alive at any time for which there is truth.
    Disjoint {
        /// The first and the last time of truth.
        truth: [Timestamp; 2],
        /// The first and the last time of tracks that was read.
        tracks: [Timestamp; 2],
    },
    /// More instants than [`FRAMES_MAX`].
    TooManyFrames,
    /// More samples of truth to hold than [`SAMPLES_MAX`].
    TooManySamples(Timestamp),
    /// More tracks alive than [`LIVE_MAX`].
    TooManyLive(Timestamp),
    /// An instant cannot be scored.
    Frame {
        /// When.
        time: Timestamp,
        /// Why.
        refused: FrameRefused,
    },
}

impl fmt::Display for ScoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Params(fault) => write!(f, "{fault}"),
            Self::Read { path, line: 0, source } => write!(f, "cannot open {}: {source}", path.display()),
            Self::Read { path, line, source } => {
                write!(f, "cannot read {} beyond line {line}: {source}", path.display())
            }
            Self::Line { path, line, fault } => write!(f, "{} line {line}: {fault}", path.display()),
            Self::NoTruth { path } => write!(f, "{} holds no line: there is nothing to score against", path.display()),
            Self::Disjoint { truth, tracks } => write!(
                f,
                "truth from {} to {} ns and tracks from {} to {} ns do not meet: are both of the same recording?",
                truth[0].as_nanos(),
                truth[1].as_nanos(),
                tracks[0].as_nanos(),
                tracks[1].as_nanos()
            ),
            Self::TooManyFrames => write!(
                f,
                "the truth spans more than {FRAMES_MAX} scoring instants: choose a longer interval, or look for a \
                 `time_ns` that is wrong"
            ),
            Self::TooManySamples(time) => write!(
                f,
                "at {} ns more than {SAMPLES_MAX} samples of truth are in the gap: shorten it, or thin the file out",
                time.as_nanos()
            ),
            Self::TooManyLive(time) => write!(
                f,
                "at {} ns more than {LIVE_MAX} tracks are alive: write `deleted` lines, or shorten the coast limit",
                time.as_nanos()
            ),
            Self::Frame { time, refused } => write!(f, "at {} ns: {refused}", time.as_nanos()),
        }
    }
}

impl core::error::Error for ScoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Params(fault) => Some(fault),
            Self::Read { source, .. } => Some(source),
            Self::Line { fault, .. } => Some(fault),
            Self::Frame { refused, .. } => Some(refused),
            Self::NoTruth { .. }
            | Self::Disjoint { .. }
            | Self::TooManyFrames
            | Self::TooManySamples(_)
            | Self::TooManyLive(_) => None,
        }
    }
}
