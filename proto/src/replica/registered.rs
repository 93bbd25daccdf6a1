//! What all nodes say that their sensors are off by, read from the rows that are held.

use fusion_core::label::Label;
use fusion_core::time::Timestamp;
use fusion_core::track::Origin;

use super::change::name;
use super::table::Table;
use crate::row::{Body, Kind, Registration, RowKey};

/// One sensor of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Whose it is.
    pub origin: Origin,
    /// Its name there.
    pub sensor: String,
    /// What it is off by.
    pub registration: Registration,
    /// When this was told last.
    pub time: Timestamp,
    /// Who may know.
    pub label: Label,
}

/// All of them whose names are held too.
pub(super) fn registered(table: &Table) -> impl Iterator<Item = Registered> {
    // Kinds stand behind one another in a stream, and this one is the last.
    let before = RowKey { kind: Kind::Assertion, handle: u16::MAX };
    table.streams().flat_map(move |(key, stream)| {
        stream.rows_after(Some(before)).filter_map(move |(row, held)| {
            let Body::Registration(registration) = held.body else { return None };
            let sensor = name(stream, u8::try_from(row.handle).ok()?)?;
            Some(Registered { origin: key.origin, sensor, registration, time: held.tick.time(), label: stream.label })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::{Now, Replica, ReplicaConfig};
    use crate::row::registration::Bias;
    use fusion_core::geodesy::Geodetic;
    use fusion_core::time::Span;
    use fusion_core::track::NodeId;

    fn at(seconds: i64) -> Now {
        let elapsed = Span::from_secs(seconds);
        Now { validity: Timestamp::from_secs(1_750_000_000) + elapsed, elapsed }
    }

    fn off_by(range_m: f64) -> Registration {
        let site = Geodetic::from_degrees(52.0, 20.0, 0.0).expect("plausible");
        let range = Bias { value: range_m, sigma: 5.0, ..Bias::default() };
        Registration::new(1, site, &[range, Bias::default(), Bias::default()], 40, 4)
    }

    #[test]
    fn what_was_told_last_of_a_sensor_is_read_under_its_name_and_told_again_while_the_node_lives() {
        let me = Origin { node: NodeId(1), incarnation: 1 };
        let mut replica = Replica::new(me, ReplicaConfig::default(), at(0));
        for (second, range_m) in [(0, 80.0), (20, 90.0)] {
            replica.handle_registration("radar", off_by(range_m), Label::STRICTEST, at(second));
        }
        replica.handle_registration("lidar", off_by(7.0), Label::STRICTEST, at(20));
        for second in 21..3000 {
            replica.handle_timeout(at(second));
        }
        let held: Vec<(String, f64)> =
            replica.registered().map(|held| (held.sensor, held.registration.biases()[0].value)).collect();
        assert_eq!(held, [("radar".to_owned(), 90.0), ("lidar".to_owned(), 7.0)]);
        assert!(replica.registered().all(|held| at(3000).validity - held.time <= Span::from_secs(601)));
    }
}
