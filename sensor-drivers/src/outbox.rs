//! What a decoder has understood, or could not, until it is polled: two bounded queues, and lists that serve again.

use std::collections::VecDeque;

use crate::decoder::{OwnedScan, Report, Return, Spare};
use crate::error::DecodeError;

/// Reports that wait at the most.
///
/// Counter: `reports_dropped`; the oldest goes.
pub const REPORTS_MAX: usize = 4096;

/// Errors that wait at the most.
///
/// Counter: `errors_dropped`; the newest is not kept, but counted by its cause as well.
pub const ERRORS_MAX: usize = 64;

/// Reports and errors on their way out.
#[derive(Debug)]
pub struct Outbox {
    reports: VecDeque<Report>,
    errors: VecDeque<DecodeError>,
    spare: Spare,
    reports_dropped: u64,
    errors_dropped: u64,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            reports: VecDeque::with_capacity(REPORTS_MAX),
            errors: VecDeque::with_capacity(ERRORS_MAX),
            spare: Spare::default(),
            reports_dropped: 0,
            errors_dropped: 0,
        }
    }
}

impl Outbox {
    /// An empty list for a scan.
    #[must_use]
    pub fn list(&mut self) -> Vec<Return> {
        self.spare.take()
    }

    /// Leaves a report.
    pub fn push(&mut self, report: Report) {
        if self.reports.len() >= REPORTS_MAX {
            self.reports_dropped += 1;
            if let Some(Report::Scan(scan)) = self.reports.pop_front() {
                self.spare.give(scan);
            }
        }
        self.reports.push_back(report);
    }

    /// Leaves an error.
    pub fn refuse(&mut self, error: DecodeError) {
        if self.errors.len() >= ERRORS_MAX {
            self.errors_dropped += 1;
        } else {
            self.errors.push_back(error);
        }
    }

    /// What waits: reports first.
    #[must_use]
    pub fn poll(&mut self) -> Option<Result<Report, DecodeError>> {
        let report = self.reports.pop_front().map(Ok);
        report.or_else(|| self.errors.pop_front().map(Err))
    }

    /// Takes back a scan that has been worked off.
    pub fn recycle(&mut self, scan: OwnedScan) {
        self.spare.give(scan);
    }

    /// Takes back a list that came to nothing.
    pub fn recycle_list(&mut self, list: Vec<Return>) {
        self.spare.give_list(list);
    }

    /// Names its counters.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("reports_dropped", self.reports_dropped);
        each("errors_dropped", self.errors_dropped);
    }
}
