//! What the drivers of all ASTERIX stations share: framing, whose records they are, on which day, which came twice, and
//! the queues. What a record says is the business of a [`Listener`].
//!
//! Assumed: one station per driver, named by SAC and SIC (I…/010, always the first item) or else the first that is
//! heard; datagrams with whole blocks, or one byte stream.

use std::collections::VecDeque;

use fusion_core::time::{Span, Timestamp};

use super::common::{DataSource, TimeOfDay};
use super::fault::{Fault, Reason};
use super::framer::Framer;
use super::octets::unsigned;
use super::radar::clock::RadarClock;
use super::radar::duplicates::Duplicates;
use super::radar::{Clock, Framing};
use super::record::{Record, records};
use super::spec::Catalogue;
use crate::decoder::{Decoder, OwnedScan, Report, TimeQuality};
use crate::error::DecodeError;

/// Reports that wait to be polled. More than any datagram yields; beyond, the oldest is dropped. Counter:
/// `Tally::reports_dropped`.
pub const REPORTS_MAX: usize = 1024;

/// Errors that wait to be polled. Beyond, the newest is dropped. Counter: `Tally::errors_dropped`.
pub const ERRORS_MAX: usize = 16;

/// When a record is true and when it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct When {
    /// Time of validity.
    pub time: Timestamp,
    /// Where that comes from.
    pub quality: TimeQuality,
    /// Time of receipt.
    pub received: Timestamp,
}

/// What a station's records mean.
pub trait Listener: Send {
    /// The categories it understands.
    const CATALOGUE: Catalogue;

    /// Field reference number of the time of day in a category of the catalogue.
    fn time_frn(category: u8) -> usize;

    /// Takes a record that is the station's and no second copy.
    fn handle_record(&mut self, record: &Record<'_>, when: When, out: &mut Outbox);

    /// A datagram has ended.
    fn handle_end_of_datagram(&mut self, out: &mut Outbox);

    /// Time passes.
    fn handle_timeout(&mut self, now: Timestamp, out: &mut Outbox);

    /// Takes back a scan whose memory serves again.
    fn recycle(&mut self, scan: OwnedScan);

    /// Names its counters, in a fixed order.
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64));
}

/// How a station is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StationConfig {
    /// How its bytes come.
    pub framing: Framing,
    /// Who it is. Without it, the first source heard is the one, and all others are counted and dropped.
    pub source: Option<DataSource>,
    /// What its clock is worth.
    pub clock: Clock,
    /// The same record within this time is a second copy.
    pub duplicate_window: Span,
}

impl Default for StationConfig {
    fn default() -> Self {
        Self { framing: Framing::Datagrams, source: None, clock: Clock::Told, duplicate_window: Span::from_secs(5) }
    }
}

/// What became of the bytes of a station, as far as that does not depend on its category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Datagrams handed in, or pieces of a stream.
    pub datagrams: u64,
    /// Records of whole structure.
    pub records: u64,
    /// Records that came before within seconds, over another network.
    pub duplicates: u64,
    /// Records of another station.
    pub other_sources: u64,
    /// Blocks and records that could not be read.
    pub faults: u64,
    /// Blocks of categories that are none of this driver's.
    pub other_categories: u64,
    /// Octets of a stream that belong to no block.
    pub stray_octets: u64,
    /// Records without a time of day of their own.
    pub untimed: u64,
    /// Reports, the oldest first, for which the queue had no room.
    pub reports_dropped: u64,
    /// Errors for which the queue had no room; each is counted as a fault as well.
    pub errors_dropped: u64,
}

/// What waits to be polled.
#[derive(Debug, Default)]
pub struct Outbox {
    reports: VecDeque<Report>,
    errors: VecDeque<DecodeError>,
    reports_dropped: u64,
    errors_dropped: u64,
}

impl Outbox {
    /// Lays a report down.
    pub fn push(&mut self, report: Report) {
        if self.reports.len() >= REPORTS_MAX {
            self.reports.pop_front();
            self.reports_dropped += 1;
        }
        self.reports.push_back(report);
    }

    fn refuse(&mut self, error: DecodeError) {
        if self.errors.len() >= ERRORS_MAX {
            self.errors_dropped += 1;
        } else {
            self.errors.push_back(error);
        }
    }
}

/// The driver of one station.
///
/// An error's offset counts from the start of the datagram; in a stream, from the start of the block.
#[derive(Debug)]
pub struct Station<L> {
    framer: Option<Framer>,
    reception: Reception<L>,
}

/// All but the framing.
#[derive(Debug)]
struct Reception<L> {
    source: Option<DataSource>,
    clock: RadarClock,
    duplicates: Duplicates,
    tally: Tally,
    outbox: Outbox,
    listener: L,
}

impl<L: Listener> Station<L> {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn listening(config: StationConfig, listener: L) -> Self {
        let framer = match config.framing {
            Framing::Datagrams => None,
            Framing::Stream => Some(Framer::new(L::CATALOGUE)),
        };
        let reception = Reception {
            source: config.source,
            clock: RadarClock::new(config.clock),
            duplicates: Duplicates::new(config.duplicate_window),
            tally: Tally::default(),
            outbox: Outbox::default(),
            listener,
        };
        Self { framer, reception }
    }

    /// What became of the bytes.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let Outbox { reports_dropped, errors_dropped, .. } = self.reception.outbox;
        Tally { reports_dropped, errors_dropped, ..self.reception.tally }
    }

    /// What hears the records.
    #[must_use]
    pub const fn listener(&self) -> &L {
        &self.reception.listener
    }
}

impl<L: Listener> Decoder for Station<L> {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        self.reception.tally.datagrams += 1;
        let Some(framer) = &mut self.framer else {
            self.reception.handle_datagram(bytes, received);
            return;
        };
        framer.push(bytes);
        while let Some(block) = framer.next_block() {
            self.reception.handle_datagram(block, received);
        }
        self.reception.tally.stray_octets = framer.dropped();
        if let Some(fault) = framer.take_fault() {
            self.reception.refuse(fault);
        }
    }

    fn poll_told_time(&mut self) -> Option<Timestamp> {
        self.reception.clock.take_told()
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.reception.listener.handle_timeout(now, &mut self.reception.outbox);
    }

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        let outbox = &mut self.reception.outbox;
        let report = outbox.reports.pop_front().map(Ok);
        report.or_else(|| outbox.errors.pop_front().map(Err))
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.reception.listener.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let tally = self.tally();
        let named = [
            ("datagrams", tally.datagrams),
            ("records", tally.records),
            ("duplicates", tally.duplicates),
            ("other_sources", tally.other_sources),
            ("faults", tally.faults),
            ("other_categories", tally.other_categories),
            ("stray_octets", tally.stray_octets),
            ("untimed", tally.untimed),
            ("reports_dropped", tally.reports_dropped),
            ("errors_dropped", tally.errors_dropped),
            ("duplicates_forgotten_early", self.reception.duplicates.forgotten_early()),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
        self.reception.listener.counters(each);
    }
}

impl<L: Listener> Reception<L> {
    fn handle_datagram(&mut self, bytes: &[u8], received: Timestamp) {
        self.listener.handle_timeout(received, &mut self.outbox);
        for record in records(bytes, L::CATALOGUE) {
            match record {
                Ok(record) => self.handle_record(&record, received),
                Err(Fault { reason: Reason::UnknownCategory, .. }) => self.tally.other_categories += 1,
                Err(fault) => self.refuse(fault),
            }
        }
        self.listener.handle_end_of_datagram(&mut self.outbox);
    }

    fn handle_record(&mut self, record: &Record<'_>, received: Timestamp) {
        self.tally.records += 1;
        let told = record.item(L::time_frn(record.spec.category)).map(|octets| TimeOfDay { ticks: unsigned(octets) });
        if !self.is_ours(source(record)) {
            self.tally.other_sources += 1;
        // A record without a time cannot be told from its repetition.
        } else if told.is_some() && self.duplicates.seen(record.octets, received) {
            self.tally.duplicates += 1;
        } else {
            let (time, quality) = self.clock.read(told, received);
            self.tally.untimed += u64::from(quality == TimeQuality::Received);
            self.listener.handle_record(record, When { time, quality, received }, &mut self.outbox);
        }
    }

    /// Whether a record is of this driver's station; the first that is heard is, if none was configured.
    fn is_ours(&mut self, source: Option<DataSource>) -> bool {
        let Some(source) = source else { return true };
        *self.source.get_or_insert(source) == source
    }

    fn refuse(&mut self, fault: Fault) {
        self.tally.faults += 1;
        self.outbox.refuse(fault.into());
    }
}

/// Who sent a record.
#[must_use]
pub fn source(record: &Record<'_>) -> Option<DataSource> {
    let &[sac, sic] = record.item(1)? else { return None };
    Some(DataSource { sac, sic })
}
