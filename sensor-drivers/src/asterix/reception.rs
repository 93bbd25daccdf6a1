//! What the drivers of all ASTERIX stations share: framing, whose records they are, on which day, which came twice, and
//! the queues. What a record says is the business of a [`Listener`].
//!
//! Assumed: one station per driver, named by SAC and SIC (I…/010, always the first item) or else the first that is
//! heard; datagrams with whole blocks, or one byte stream.

mod clock;
mod duplicates;

use fusion_core::time::{Span, Timestamp};

use super::common::{DataSource, TimeOfDay};
use super::fault::{Fault, Reason};
use super::framer::Framer;
use super::record::{Record, records};
use super::spec::Catalogue;
use crate::decoder::{Decoder, OwnedScan, Report, TimeQuality};
use crate::error::DecodeError;
use crate::outbox::Outbox;
use clock::StationClock;
use duplicates::Duplicates;

/// How the bytes of a station come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Whole blocks, as UDP carries them.
    #[default]
    Datagrams,
    /// A stream cut anywhere, as TCP and files carry them.
    Stream,
}

/// What a station's clock is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Its times are told as they are; whoever is told judges them.
    #[default]
    Told,
    /// Its times are not used: a record counts as true when it was received, less the latency.
    Receipt,
}

/// How a station is received, whatever it reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReceptionConfig {
    /// How its bytes come.
    pub framing: Framing,
    /// Who it is. Without it, the first source heard is the one, and all others are counted and dropped.
    pub source: Option<DataSource>,
    /// What its clock is worth.
    pub clock: Clock,
    /// Taken off the time of receipt, where that stands in for the time of validity.
    pub latency: Span,
    /// The same record within this time is a second copy.
    pub duplicate_window: Span,
}

impl Default for ReceptionConfig {
    fn default() -> Self {
        Self {
            framing: Framing::Datagrams,
            source: None,
            clock: Clock::Told,
            latency: Span::ZERO,
            duplicate_window: Span::from_secs(5),
        }
    }
}

/// Who sent a record, and the time of day that it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Who.
    pub source: Option<DataSource>,
    /// When it was true.
    pub time_of_day: Option<TimeOfDay>,
}

impl Header {
    /// That of a record whose time of day has this field reference number.
    #[must_use]
    pub fn of(record: &Record<'_>, time_frn: usize) -> Self {
        Self { source: source(record), time_of_day: record.typed(time_frn) }
    }
}

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

/// Reads a record's time when it is wanted: one that is dismissed leaves the clock alone.
#[derive(Debug)]
pub struct Timing<'a> {
    clock: &'a mut StationClock,
    untimed: &'a mut u64,
    told: Option<TimeOfDay>,
    received: Timestamp,
}

impl Timing<'_> {
    /// The record's time, as it tells it if that is so trusted.
    pub fn read(self, trusted: bool) -> When {
        let (time, quality) = self.clock.read(self.told.filter(|_| trusted), self.received);
        *self.untimed += u64::from(quality == TimeQuality::Received);
        When { time, quality, received: self.received }
    }
}

/// What a station's records mean.
pub trait Listener: Send {
    /// The tables that it reads by.
    fn catalogue(&self) -> Catalogue;

    /// Who sent a record, and the time of day that it tells.
    fn header(&self, record: &Record<'_>) -> Header;

    /// Takes a record that is the station's and no second copy.
    fn handle_record(&mut self, record: &Record<'_>, timing: Timing<'_>, out: &mut Outbox);

    /// A datagram has ended.
    fn handle_end_of_datagram(&mut self, out: &mut Outbox);

    /// Time passes; nothing waits for it by default.
    fn handle_timeout(&mut self, _now: Timestamp, _out: &mut Outbox) {}

    /// Takes back a scan whose memory serves again; by default for the lists that the outbox lends.
    fn recycle(&mut self, scan: OwnedScan, out: &mut Outbox) {
        out.recycle(scan);
    }

    /// How many records it has accounted for: of those that it took, all.
    fn records(&self) -> u64;

    /// Names its counters, in a fixed order.
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64));
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
    /// Records without a time of day that could be used.
    pub untimed: u64,
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
    clock: StationClock,
    duplicates: Duplicates,
    tally: Tally,
    outbox: Outbox,
    listener: L,
}

impl<L: Listener> Station<L> {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn listening(config: ReceptionConfig, listener: L) -> Self {
        let framer = match config.framing {
            Framing::Datagrams => None,
            Framing::Stream => Some(Framer::new(listener.catalogue())),
        };
        let reception = Reception {
            source: config.source,
            clock: StationClock::new(config.clock, config.latency),
            duplicates: Duplicates::new(config.duplicate_window),
            tally: Tally::default(),
            outbox: Outbox::default(),
            listener,
        };
        Self { framer, reception }
    }

    /// What became of the bytes.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.reception.tally
    }

    /// What hears the records.
    #[must_use]
    pub const fn listener(&self) -> &L {
        &self.reception.listener
    }

    /// Whether every record is accounted for exactly once.
    #[must_use]
    pub fn balances(&self) -> bool {
        let Tally { records, duplicates, other_sources, .. } = self.reception.tally;
        records == self.reception.listener.records() + duplicates + other_sources
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
        self.reception.outbox.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.reception.listener.recycle(scan, &mut self.reception.outbox);
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
            ("duplicates_forgotten_early", self.reception.duplicates.forgotten_early()),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
        self.reception.outbox.counters(each);
        self.reception.listener.counters(each);
    }
}

impl<L: Listener> Reception<L> {
    fn handle_datagram(&mut self, bytes: &[u8], received: Timestamp) {
        self.listener.handle_timeout(received, &mut self.outbox);
        for record in records(bytes, self.listener.catalogue()) {
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
        let Header { source, time_of_day: told } = self.listener.header(record);
        if !self.is_ours(source) {
            self.tally.other_sources += 1;
        // A record without a time cannot be told from its repetition.
        } else if told.is_some() && self.duplicates.seen(record.octets, received) {
            self.tally.duplicates += 1;
        } else {
            let timing = Timing { clock: &mut self.clock, untimed: &mut self.tally.untimed, told, received };
            self.listener.handle_record(record, timing, &mut self.outbox);
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
    record.typed(1)
}
