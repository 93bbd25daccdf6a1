//! What goes out in one period: the tracks that the receivers may see, those told longest ago first, under numbers of
//! sixteen bits; the ends of tracks; then the state of the service.
//!
//! Datagrams are lost, and nobody asks for what was lost: so everything is told anew in every period, also what has not
//! changed, and a receiver that comes late has the picture after one.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::label::Clearance;
use fusion_core::time::Timestamp;
use fusion_core::track::TrackId;
use sensor_drivers::asterix::cat062::SystemTrack as Record;
use sensor_drivers::asterix::cat065::{ServiceReport, SystemStatus};
use sensor_drivers::asterix::common::TimeOfDay;
use sensor_drivers::asterix::wire::{TypedRecord as _, Wire as _};
use sensor_drivers::asterix::{block_of, write_block};

use super::describe::Describer;
use crate::board::Board;
use crate::outputs::moment::Moment;
use crate::outputs::release;

/// Records in one datagram at the most: with every item that is ever written one has 57 octets, and a datagram of 1,400
/// octets passes every network whole.
///
/// No counter: what is left goes into the next one.
const RECORDS_MAX: usize = 24;

/// CAT065: status of the system, end of a batch.
const SYSTEM_STATUS: u8 = 1;
const END_OF_BATCH: u8 = 2;

/// What the receivers were told of a track.
#[derive(Clone, Copy, Debug)]
struct Told {
    number: u16,
    at: Timestamp,
}

/// What the receivers were told.
#[derive(Debug)]
pub struct Feed {
    by: Describer,
    clearance: Clearance,
    /// Tracks in one period at the most.
    records_max: usize,
    told: BTreeMap<TrackId, Told>,
    taken: BTreeSet<u16>,
    newest: u16,
    batch: u8,
    tally: Tally,
}

/// What became of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tracks told, each time that they were.
    pub told: u64,
    /// Tracks that had to wait for a later period, because others filled this one.
    pub deferred: u64,
    /// Tracks with a value that its item has no room for: not told.
    pub unencodable: u64,
    /// Tracks of the picture that the receivers may not see, in the latest period.
    pub withheld: u64,
}

impl Feed {
    /// To receivers who know nothing yet.
    #[must_use]
    pub fn new(by: Describer, clearance: Clearance, records_max: usize) -> Self {
        Self {
            by,
            clearance,
            records_max,
            told: BTreeMap::new(),
            taken: BTreeSet::new(),
            newest: 0,
            batch: 0,
            tally: Tally::default(),
        }
    }

    /// What became of the picture.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The datagrams of one period.
    pub fn advance(&mut self, board: &Board, now: Timestamp) -> Vec<Vec<u8>> {
        let moment = Moment::of(self.by.mode, board.time, now);
        let mut records = self.ends(board, moment);
        self.tell(board, moment, &mut records);
        let block = |records| block_of(Record::SPEC.category, records).expect("so many are no longer than a datagram");
        let mut datagrams: Vec<Vec<u8>> = records.chunks(RECORDS_MAX).map(block).collect();
        datagrams.extend(self.service(now));
        datagrams
    }

    /// Of what was told and is no longer there, or no longer for these receivers.
    fn ends(&mut self, board: &Board, moment: Moment) -> Vec<Vec<u8>> {
        let mut ends = Vec::new();
        let (by, clearance, taken) = (self.by, self.clearance, &mut self.taken);
        self.told.retain(|id, told| {
            let stays = release::is_there_for(&clearance, board, *id);
            if !stays {
                taken.remove(&told.number);
                ends.push(by.end(told.number, moment));
            }
            stays
        });
        ends.iter().filter_map(|record| self.encoded(record)).collect()
    }

    /// A record's octets, unless it has a value that its item has no room for.
    fn encoded(&mut self, record: &Record) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        let encoded = record.encode(&mut octets);
        self.tally.unencodable += u64::from(encoded.is_err());
        encoded.ok().map(|()| octets)
    }

    fn tell(&mut self, board: &Board, moment: Moment, records: &mut Vec<Vec<u8>>) {
        let (permitted, withheld) = release::tracks_for(&self.clearance, board);
        self.tally.withheld = withheld as u64;
        let mut due: Vec<_> =
            permitted.into_iter().map(|track| (self.told.get(&track.id()).map(|told| told.at), track)).collect();
        due.sort_by_key(|(at, track)| (*at, track.id()));
        self.tally.deferred += due.len().saturating_sub(self.records_max) as u64;
        for (at, track) in due.into_iter().take(self.records_max) {
            let before = self.told.get(&track.id()).map(|told| told.number);
            let number = before.unwrap_or_else(|| self.free_number());
            let Some(record) = self.encoded(&self.by.track(track, number, at.is_none(), moment)) else { continue };
            self.taken.insert(number);
            self.told.insert(track.id(), Told { number, at: moment.now });
            self.tally.told += 1;
            records.push(record);
        }
    }

    /// The one that has been free for longest. There is always one: a picture holds fewer tracks.
    fn free_number(&mut self) -> u16 {
        const { assert!(crate::picture::PICTURE_TRACKS_MAX < u16::MAX as usize, "numbers suffice") };
        loop {
            // Some take a number of zero for none.
            self.newest = self.newest.checked_add(1).unwrap_or(1);
            if !self.taken.contains(&self.newest) {
                return self.newest;
            }
        }
    }

    /// The end of a batch, and that the system is in operation.
    fn service(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        let report = ServiceReport {
            source: Some(self.by.source),
            service: Some(self.by.service),
            time_of_day: Some(TimeOfDay::at(now)),
            ..ServiceReport::default()
        };
        let ended = ServiceReport { message_type: Some(END_OF_BATCH), batch: Some(self.batch), ..report };
        let state =
            ServiceReport { message_type: Some(SYSTEM_STATUS), status: Some(SystemStatus::default()), ..report };
        self.batch = self.batch.wrapping_add(1);
        let mut out = Vec::new();
        write_block(&[ended, state], &mut out).ok().map(|()| out)
    }
}
