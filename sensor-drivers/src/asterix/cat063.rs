//! CAT063, the state of one sensor of a surveillance data processing system, edition 1.7; 1.6 lacks its third part.

use super::common::DataSource;
use super::octets::signed;
use super::reception::source;
use super::record::Record;
use super::spec::CAT063;

/// What the system says of one of its sensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SensorReport {
    /// The system (010).
    pub source: Option<DataSource>,
    /// The sensor (050).
    pub sensor: Option<DataSource>,
    /// Its state (060).
    pub state: Option<SensorState>,
    /// Error of its clock that the system corrects, milliseconds (070).
    pub time_bias_ms: Option<i32>,
}

/// State of a sensor (CON in 060).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorState {
    /// Operational.
    Operational,
    /// Degraded.
    Degraded,
    /// Starting.
    Initialising,
    /// Not connected at present.
    Disconnected,
}

impl SensorReport {
    /// The report in a record; `None` if it is of another category.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Option<Self> {
        let sensor = |octets: &[u8]| match *octets {
            [sac, sic] => Some(DataSource { sac, sic }),
            _ => None,
        };
        (record.spec.category == CAT063.category).then(|| Self {
            source: source(record),
            sensor: record.item(4).and_then(sensor),
            state: record.item(5).and_then(|octets| octets.first()).map(|&first| state(first)),
            time_bias_ms: record.item(6).map(signed),
        })
    }
}

const fn state(first: u8) -> SensorState {
    match first >> 6 {
        0 => SensorState::Operational,
        1 => SensorState::Degraded,
        2 => SensorState::Initialising,
        _ => SensorState::Disconnected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::{CATALOGUE, compose_block, records};
    use serde_json::json;

    #[test]
    fn a_sensor_is_named_with_its_state() {
        let items = json!({
            "010": { "SAC": 1, "SIC": 2 }, "050": { "SAC": 3, "SIC": 4 }, "070": 65_536 - 1_581,
            "060": { "CON": 3, "PSR": 1, "SSR": 1, "MDS": 1, "ADS": 1, "MLT": 1 },
        });
        let block = compose_block(63, &[items]).expect("by the table");
        let report = SensorReport::of(&records(&block, CATALOGUE).next().expect("one").expect("sound"));
        assert_eq!(
            report,
            Some(SensorReport {
                source: Some(DataSource { sac: 1, sic: 2 }),
                sensor: Some(DataSource { sac: 3, sic: 4 }),
                state: Some(SensorState::Disconnected),
                time_bias_ms: Some(-1_581),
            })
        );
    }
}
