//! What waits to be polled: reports, errors, and what the other side is to be told. Every queue is bounded.

use std::collections::VecDeque;

use super::tally::Tally;
use crate::decoder::{OwnedScan, Report};
use crate::error::DecodeError;

/// Reports that wait to be polled. More than any read from a socket holds; beyond, the oldest is dropped and counted.
///
/// Counter: `reports_dropped`.
pub const REPORTS_MAX: usize = 8192;

/// Errors that wait to be polled. Beyond, the newest is dropped and counted.
///
/// Counter: `errors_dropped`.
pub const ERRORS_MAX: usize = 16;

/// Octets that wait to be sent. Beyond, the newest answer is dropped: not every fault of many gets its copy back.
///
/// Counter: `transmits_dropped`.
pub const TRANSMIT_BYTES_MAX: usize = 4 << 20;

/// Answers that wait to be sent.
///
/// Counter: `transmits_dropped`.
pub const TRANSMITS_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Out {
    reports: VecDeque<Report>,
    errors: VecDeque<DecodeError>,
    transmits: VecDeque<Vec<u8>>,
    waiting: usize,
}

impl Out {
    pub(super) fn new() -> Self {
        Self {
            reports: VecDeque::with_capacity(64),
            errors: VecDeque::with_capacity(ERRORS_MAX),
            transmits: VecDeque::new(),
            waiting: 0,
        }
    }

    pub(super) fn report(&mut self, report: Report, tally: &mut Tally) {
        if self.reports.len() >= REPORTS_MAX {
            self.reports.pop_front();
            tally.reports_dropped += 1;
        }
        self.reports.push_back(report);
    }

    /// The scan that was left last, while nothing came after it and nobody has polled it.
    pub(super) fn last_look(&mut self) -> Option<&mut OwnedScan> {
        match self.reports.back_mut() {
            Some(Report::Scan(scan)) => Some(scan),
            _ => None,
        }
    }

    pub(super) fn error(&mut self, error: DecodeError, tally: &mut Tally) {
        if self.errors.len() >= ERRORS_MAX {
            tally.errors_dropped += 1;
        } else {
            self.errors.push_back(error);
        }
    }

    pub(super) fn transmit(&mut self, message: Vec<u8>, tally: &mut Tally) {
        if self.transmits.len() >= TRANSMITS_MAX || self.waiting + message.len() > TRANSMIT_BYTES_MAX {
            tally.transmits_dropped += 1;
            return;
        }
        self.waiting += message.len();
        self.transmits.push_back(message);
    }

    /// Reports first.
    pub(super) fn poll(&mut self) -> Option<Result<Report, DecodeError>> {
        let report = self.reports.pop_front().map(Ok);
        report.or_else(|| self.errors.pop_front().map(Err))
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        let message = self.transmits.pop_front()?;
        self.waiting -= message.len();
        Some(message)
    }

    /// Gives up what was for a connection that is no more.
    pub(super) fn hang_up(&mut self) {
        self.transmits.clear();
        self.waiting = 0;
    }
}
