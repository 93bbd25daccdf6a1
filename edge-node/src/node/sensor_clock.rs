//! A sensor's clock against ours: how far it is off, how it drifts, whether it stepped; and what a time is worth.
//!
//! A report is received after what it reports, by a delay of which only this much is known: it is not negative, and
//! often it is small. So the least of *received − told* over a while is the error of the sensor's clock, with its sign
//! changed, plus the least delay. The least of each window is kept; the median of the slopes between all pairs of
//! windows (Theil 1950, Sen 1968) is the drift, which neither a late burst nor a silence can bend.
//!
//! A least delay within limits is no error: nobody can tell a slow network from a slow clock. Beyond them it is one,
//! and the rule of the sensor says what becomes of its times (docs/decisions/0011-wrong-clocks.md). A step is believed
//! when several reports in a row agree on it: forwards soon, since nothing is received before it is told; backwards
//! only after a while, since what waited somewhere comes late as well.

use std::collections::VecDeque;

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::TimeQuality;

/// Windows remembered: half an hour.
///
/// No counter: the oldest leaves as a new one comes.
pub const WINDOWS_MAX: usize = 64;

/// How far ahead of ours a sensor's clock may run before its times are not believed.
pub const AHEAD_MAX: Span = Span::from_secs(1);

/// How long a window is at the least.
const WINDOW: Span = Span::from_secs(30);
/// How many reports it holds at the least.
const WINDOW_SAMPLES: u32 = 8;
/// The latest closed windows from which, with the open one, the offset is taken.
const RECENT: usize = 3;
/// Windows that a drift needs: four minutes.
const DRIFT_WINDOWS: usize = 8;
/// A quartz a hundred times worse than usual: a steeper slope is no drift.
const SLOPE_MAX: f64 = 2e-3;
/// Two windows in a row that are off by more than this are a step too small to be refused at once.
const SMALL_STEP: Span = Span::from_secs(1);
/// Reports that have to agree on a step forwards, or on the error of a clock that was wrong from the start.
const AGREEING: u32 = 3;
/// Reports that have to agree on a step backwards, and for how long.
const AGREEING_LATE: u32 = 5;
const AGREEING_LATE_FOR: Span = Span::from_secs(10);
/// A clock that was beyond limits is believed again within this part of them, so that one on the edge does not flap.
const BELIEVED_AGAIN: f64 = 0.8;
/// Reports after a beginning or a step within which an earlier one is only a smaller delay.
const SETTLING: u32 = 16;

/// What is done with the times of a sensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// They are taken as told, or not at all: scans of a clock beyond limits are refused.
    Trust,
    /// A clock beyond limits is corrected by its estimated error.
    #[default]
    Correct,
    /// They are not used: a scan counts as true when it was received, less the latency.
    ReceiveTime,
}

/// How a sensor's clock is judged.
#[derive(Clone, Copy, Debug)]
pub struct ClockRules {
    /// What is done with its times.
    pub rule: Rule,
    /// A least delay beyond this is an error of the clock.
    pub error_max: Span,
    /// The least delay that the sensor is known to have.
    pub latency: Span,
}

/// Whether a sensor's clock can be believed; the worse, the larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockState {
    /// No time was told yet, or the times told do not agree yet.
    #[default]
    Unknown,
    /// It agrees with ours within limits.
    Good,
    /// It does not, and its times are not used anyhow.
    Unused,
    /// It does not, and its times are corrected.
    Corrected,
    /// It does not, and its scans are refused.
    Refused,
}

impl ClockState {
    /// The word in interfaces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "good",
            Self::Corrected => "corrected",
            Self::Refused => "refused",
            Self::Unused => "unused",
        }
    }
}

/// What is known of a sensor's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockReport {
    /// Whether it can be believed.
    pub state: ClockState,
    /// The sensor's clock less ours, less the least delay: negative if it is behind.
    pub offset: Option<Span>,
    /// How fast the offset grows, parts per million.
    pub drift_ppm: Option<f64>,
    /// Steps that were noticed.
    pub steps: u64,
}

/// A scan whose time cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disbelieved {
    /// It was told to be from the future.
    pub future: bool,
}

/// The clock of one sensor.
#[derive(Debug)]
pub struct SensorClock {
    rules: ClockRules,
    line: Option<Line>,
    doubt: Option<Doubt>,
    /// Its least delay is an error.
    wrong: bool,
    steps: u64,
}

/// The least of a stretch of time: what *received − told* was, and when.
#[derive(Clone, Copy, Debug)]
struct Least {
    at: Timestamp,
    gap: Span,
}

/// The least of *received − told* as it went lately.
#[derive(Debug)]
struct Line {
    open: Window,
    closed: VecDeque<Least>,
    /// Growth of the gap, seconds per second.
    slope: Option<f64>,
    samples: u32,
    /// The last window was off, and nobody knows yet why.
    strayed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Timestamp,
    samples: u32,
    least: Least,
}

/// Reports in a row that contradict the line, or come before there is one.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    since: Timestamp,
    least: Least,
    largest: Span,
    samples: u32,
}

impl SensorClock {
    /// A clock that nobody has read yet.
    #[must_use]
    pub const fn new(rules: ClockRules) -> Self {
        Self { rules, line: None, doubt: None, wrong: false, steps: 0 }
    }

    /// Notes a time that the sensor told in something received at `received`.
    pub fn note(&mut self, told: Timestamp, received: Timestamp) {
        let sample = Least { at: received, gap: received - told - self.rules.latency };
        let ((low, high), good) = (self.bounds(received), self.is_good(sample.gap));
        match &mut self.line {
            Some(line) if low <= sample.gap && sample.gap <= high => {
                self.doubt = None;
                self.steps += u64::from(line.note(sample));
            }
            None if good => self.line = Some(Line::new(sample)),
            Some(_) | None => self.doubt_by(sample, sample.gap > high),
        }
        let edge = if self.wrong { BELIEVED_AGAIN } else { 1.0 };
        self.wrong = self.line.as_ref().is_some_and(|line| !self.is_within(line.at(received), edge));
    }

    /// The time that a scan of this sensor counts as, and where that comes from. `time` is what the scan tells, and
    /// `now` when the node has it.
    ///
    /// # Errors
    /// [`Disbelieved`] if the scan must not be used.
    pub fn read(
        &self,
        time: Timestamp,
        quality: TimeQuality,
        now: Timestamp,
    ) -> Result<(Timestamp, TimeQuality), Disbelieved> {
        let believed = match (quality, self.rules.rule, self.state()) {
            (TimeQuality::Received, _, _) => (time, quality),
            (_, Rule::ReceiveTime, _) => (now - self.rules.latency, TimeQuality::Received),
            (_, Rule::Trust, ClockState::Refused) => return Err(Disbelieved { future: false }),
            (_, _, ClockState::Unknown) if !self.is_good(now - time - self.rules.latency) => {
                return Err(Disbelieved { future: time > now + AHEAD_MAX });
            }
            (_, Rule::Correct, ClockState::Corrected) => (time + self.gap(now), TimeQuality::Corrected),
            (_, _, _) => (time, quality),
        };
        let (time, _) = believed;
        let future = time > now + AHEAD_MAX;
        let astray = self.doubt.is_some() && now - time - self.rules.latency > self.rules.error_max;
        if future || (astray && believed.1 != TimeQuality::Received) {
            return Err(Disbelieved { future });
        }
        Ok(believed)
    }

    /// What is known of the clock.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> ClockReport {
        let offset = self.line.as_ref().map(|line| -line.at(now));
        let drift_ppm = self.line.as_ref().and_then(|line| line.slope).map(|slope| -slope * 1e6);
        ClockReport { state: self.state(), offset, drift_ppm, steps: self.steps }
    }

    const fn state(&self) -> ClockState {
        match (&self.line, self.wrong, self.rules.rule) {
            (None, _, _) => ClockState::Unknown,
            (Some(_), false, _) => ClockState::Good,
            (Some(_), true, Rule::Trust) => ClockState::Refused,
            (Some(_), true, Rule::Correct) => ClockState::Corrected,
            (Some(_), true, Rule::ReceiveTime) => ClockState::Unused,
        }
    }

    fn gap(&self, now: Timestamp) -> Span {
        self.line.as_ref().map_or(Span::ZERO, |line| line.at(now))
    }

    /// Whether this can be a delay and no error.
    fn is_good(&self, gap: Span) -> bool {
        self.is_within(gap, 1.0)
    }

    /// The same, for a part of the limits.
    fn is_within(&self, gap: Span, part: f64) -> bool {
        let (early, late) = (AHEAD_MAX.min(self.rules.error_max), self.rules.error_max);
        -scaled(early, part) <= gap && gap <= scaled(late, part)
    }

    /// The least and the largest gap that fit the line.
    fn bounds(&self, now: Timestamp) -> (Span, Span) {
        let Some(line) = &self.line else { return (Span::ZERO, Span::ZERO) };
        let (least, early) = (line.at(now), AHEAD_MAX.min(self.rules.error_max));
        let low = least - if line.samples < SETTLING { self.rules.error_max } else { early };
        // What is no error as it stands is at the most a smaller delay than the least so far.
        (if self.wrong { low } else { low.min(-early) }, least + self.rules.error_max)
    }

    fn doubt_by(&mut self, sample: Least, late: bool) {
        let agrees = |doubt: &Doubt| {
            let (low, high) = (doubt.least.gap.min(sample.gap), doubt.largest.max(sample.gap));
            high - low <= self.rules.error_max
        };
        let before = self.doubt.filter(agrees);
        let doubt = before.map_or_else(|| Doubt::new(sample), |doubt| doubt.and(sample));
        let step_back = late && self.line.is_some();
        let (samples, time) = if step_back { (AGREEING_LATE, AGREEING_LATE_FOR) } else { (AGREEING, Span::ZERO) };
        if doubt.samples < samples || sample.at - doubt.since < time {
            self.doubt = Some(doubt);
            return;
        }
        self.steps += u64::from(self.line.is_some());
        self.doubt = None;
        self.line = Some(Line { samples: doubt.samples, ..Line::new(doubt.least) });
    }
}

impl Doubt {
    const fn new(sample: Least) -> Self {
        Self { since: sample.at, least: sample, largest: sample.gap, samples: 1 }
    }

    fn and(self, sample: Least) -> Self {
        let least = if sample.gap < self.least.gap { sample } else { self.least };
        let largest = self.largest.max(sample.gap);
        Self { least, largest, samples: self.samples.saturating_add(1), ..self }
    }
}

impl Line {
    fn new(sample: Least) -> Self {
        let open = Window { began: sample.at, samples: 1, least: sample };
        Self { open, closed: VecDeque::with_capacity(WINDOWS_MAX), slope: None, samples: 1, strayed: false }
    }

    /// The least gap at a time, carried there by the drift.
    fn at(&self, time: Timestamp) -> Span {
        let recent = self.closed.iter().rev().take(RECENT).chain([&self.open.least]);
        let carried = recent.map(|least| self.carried(*least, time));
        carried.min().expect("the open window is one of them")
    }

    fn carried(&self, least: Least, time: Timestamp) -> Span {
        let drift = self.slope.map_or(0.0, |slope| slope * (time - least.at).as_secs_f64());
        least.gap + Span::from_secs_f64(drift)
    }

    /// Takes a sample that fits. Says whether a window showed a step.
    fn note(&mut self, sample: Least) -> bool {
        self.samples = self.samples.saturating_add(1);
        let open = &mut self.open;
        open.samples += 1;
        if sample.gap <= open.least.gap {
            open.least = sample;
        }
        let age = sample.at - open.began;
        if age < Span::ZERO {
            open.began = sample.at;
        }
        if age < WINDOW || open.samples < WINDOW_SAMPLES {
            return false;
        }
        let stepped = self.close();
        self.open = Window { began: sample.at, samples: 1, least: sample };
        stepped
    }

    /// Puts the open window to the closed ones. Says whether it and the one before show a step.
    fn close(&mut self) -> bool {
        let least = self.open.least;
        let expected = self.closed.iter().rev().skip(usize::from(self.strayed)).take(RECENT);
        let expected = expected.map(|window| self.carried(*window, least.at)).min();
        let strays = expected.is_some_and(|expected| (least.gap - expected).abs() > SMALL_STEP);
        if self.closed.len() == WINDOWS_MAX {
            self.closed.pop_front();
        }
        self.closed.push_back(least);
        let stepped = strays && self.strayed;
        if stepped {
            self.closed.drain(..self.closed.len() - 2);
        }
        self.strayed = strays && !stepped;
        self.slope = slope(&self.closed);
        stepped
    }
}

fn scaled(span: Span, part: f64) -> Span {
    Span::from_secs_f64(span.as_secs_f64() * part)
}

/// The median of the slopes between all pairs of windows, if there are enough for one.
fn slope(windows: &VecDeque<Least>) -> Option<f64> {
    if windows.len() < DRIFT_WINDOWS {
        return None;
    }
    let later = |i: usize| windows.iter().skip(i + 1);
    let between = |a: &Least, b: &Least| (b.gap - a.gap).as_secs_f64() / (b.at - a.at).as_secs_f64();
    let pairs = windows.iter().enumerate().flat_map(|(i, a)| later(i).map(move |b| between(a, b)));
    let mut slopes: Vec<f64> = pairs.filter(|slope| slope.is_finite()).collect();
    slopes.sort_unstable_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied().filter(|slope| slope.abs() <= SLOPE_MAX)
}

#[cfg(test)]
mod tests;
