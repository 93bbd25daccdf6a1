//! CAT065, the state of a surveillance data processing system and its services, editions 1.4 to 1.6.

use super::common::DataSource;
use super::reception::source;
use super::record::Record;
use super::spec::CAT065;

/// What a system says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceReport {
    /// The system (010).
    pub source: Option<DataSource>,
    /// 1 status of the system, 2 end of a batch, 3 status of a service (000).
    pub message_type: Option<u8>,
    /// The service (015).
    pub service: Option<u8>,
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

impl ServiceReport {
    /// The report in a record; `None` if it is of another category.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Option<Self> {
        let octet = |frn| record.item(frn).and_then(|octets| octets.first().copied());
        (record.spec.category == CAT065.category).then(|| Self {
            source: source(record),
            message_type: octet(2),
            service: octet(3),
            status: octet(6).map(status),
            event: octet(7),
        })
    }
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
    use crate::asterix::{CATALOGUE, compose_block, records};
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
}
