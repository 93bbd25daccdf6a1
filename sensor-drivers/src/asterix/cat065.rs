//! CAT065, the state of a surveillance data processing system and its services, editions 1.4 to 1.6.

use super::common::{DataSource, TimeOfDay};
use super::octets::{Composer, unsigned};
use super::reception::source;
use super::record::{Record, Records};
use super::spec::{CAT065, Spec};
use super::wire::{TypedRecord, Unencodable, Wire};

/// What a system says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceReport {
    /// The system (010).
    pub source: Option<DataSource>,
    /// 1 status of the system, 2 end of a batch, 3 status of a service (000).
    pub message_type: Option<u8>,
    /// The service (015).
    pub service: Option<u8>,
    /// Count of the batch that ends, cyclic (020).
    pub batch: Option<u8>,
    /// When it was sent, UTC (030).
    pub time_of_day: Option<TimeOfDay>,
    /// Status of the system (040).
    pub status: Option<SystemStatus>,
    /// What happened to the service, by the numbers of the standard (050).
    pub event: Option<u8>,
}

/// Status of a system (040).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemStatus {
    /// 0 operational, 1 degraded, 2 not connected, 3 unknown (NOGO).
    pub nogo: u8,
    /// Overloaded (OVL).
    pub overloaded: bool,
    /// Its source of time is invalid (TSV).
    pub time_invalid: bool,
    /// Turns over whenever all tracks are numbered anew (STTN).
    pub numbering: bool,
}

impl TypedRecord for ServiceReport {
    const SPEC: &'static Spec = &CAT065;

    fn of(record: &Record<'_>) -> Option<Self> {
        (record.spec.category == CAT065.category).then(|| Self::read(record))
    }
}

impl Wire for ServiceReport {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        let record = Records::new(&CAT065, octets, 0).next()?.ok()?;
        *octets = octets.get(record.octets.len()..)?;
        Some(Self::read(&record))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let mut record = Composer::default();
        record.item(1, "010", self.source, |source, out| source.encode(out))?;
        record.item(2, "000", self.message_type, |kind, out| kind.encode(out))?;
        record.item(3, "015", self.service, |service, out| service.encode(out))?;
        record.item(4, "030", self.time_of_day, |time, out| time.encode(out))?;
        record.item(5, "020", self.batch, |batch, out| batch.encode(out))?;
        record.item(6, "040", self.status, put_status)?;
        record.item(7, "050", self.event, |event, out| event.encode(out))?;
        record.finish(out);
        Ok(())
    }
}

impl ServiceReport {
    fn read(record: &Record<'_>) -> Self {
        let octet = |frn| record.item(frn).and_then(|octets| octets.first().copied());
        Self {
            source: source(record),
            message_type: octet(2),
            service: octet(3),
            batch: octet(5),
            time_of_day: record.item(4).map(|octets| TimeOfDay { ticks: unsigned(octets) }),
            status: octet(6).map(status),
            event: octet(7),
        }
    }
}

fn put_status(status: SystemStatus, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    if status.nogo > 3 {
        return Err(Unencodable::field("nogo"));
    }
    let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
    let flags = bit(status.overloaded, 0x20) | bit(status.time_invalid, 0x10) | bit(status.numbering, 0x02);
    (status.nogo << 6 | flags).encode(out)
}

const fn status(octet: u8) -> SystemStatus {
    SystemStatus {
        nogo: octet >> 6,
        overloaded: octet & 0x20 != 0,
        time_invalid: octet & 0x10 != 0,
        numbering: octet & 0x02 != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::{CATALOGUE, compose_block, records, write_block};
    use serde_json::json;

    #[test]
    fn a_system_tells_its_state() {
        let items = json!({
            "010": { "SAC": 1, "SIC": 2 }, "000": 1, "015": 9, "050": 5,
            "040": { "NOGO": 2, "OVL": 0, "TSV": 1, "PSS": 3, "STTN": 1 },
        });
        let block = compose_block(65, &[items]).expect("by the table");
        let report = ServiceReport::of(&records(&block, CATALOGUE).next().expect("one").expect("sound")).expect("065");
        assert_eq!((report.message_type, report.service, report.event), (Some(1), Some(9), Some(5)));
        let wanted = SystemStatus { nogo: 2, overloaded: false, time_invalid: true, numbering: true };
        assert_eq!(report.status, Some(wanted));
    }

    #[test]
    fn what_is_written_reads_back() {
        let report = ServiceReport {
            source: Some(DataSource { sac: 25, sic: 9 }),
            message_type: Some(2),
            service: Some(1),
            batch: Some(255),
            time_of_day: Some(TimeOfDay { ticks: 11_059_199 }),
            status: Some(SystemStatus { nogo: 1, overloaded: true, time_invalid: false, numbering: true }),
            event: Some(16),
        };
        let mut block = Vec::new();
        write_block(&[report], &mut block).expect("fits");
        let record = records(&block, CATALOGUE).next().expect("one").expect("sound");
        assert_eq!(ServiceReport::of(&record), Some(report));
        for (name, frn) in [("000", 2), ("015", 3), ("030", 4), ("020", 5), ("040", 6), ("050", 7)] {
            assert_eq!(CAT065.by_name(name).map(|found| found.0), Some(frn), "{name}");
        }
    }
}
