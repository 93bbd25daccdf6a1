//! The driver of an ADS-B ground station: CAT021, in the edition that it speaks.
//!
//! A station passes on what aircraft and vehicles say of themselves. Their positions come of their own navigation, so
//! that the errors of one target hang together for minutes; what the reports of a target share belongs into the shared
//! error of the sensor's configuration, as for `mode_s`. Sigmas follow from what the target tells of its accuracy, and
//! a position that the station itself doubts is refused.

mod quality;
mod target;

use fusion_core::time::Span;

use super::cat021::AdsbReport;
use super::cat021_early::EarlyReport;
use super::common::TimeOfDay;
use super::ground_station::{GroundStation, GroundStationConfig, Meaning, Said};
use super::reception::{Header, Station, source};
use super::record::Record;
use super::spec::{CAT021, CAT021_0_23, CAT021_0_26, Catalogue};
use target::Target;

/// What a station speaks. The editions differ on the wire and nothing in a record tells them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// 0.23.
    V0_23,
    /// 0.24, 0.25 or 0.26.
    V0_26,
    /// 2.1 or any later one.
    #[default]
    V2,
}

/// How a station is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdsbConfig {
    /// What every station has.
    pub station: GroundStationConfig,
    /// What it speaks.
    pub edition: Edition,
    /// One sigma of the time between being at a position and the time that is told for it: multiplied with the speed, a
    /// part of the sigma of every position.
    pub latency_sigma: Span,
    /// One sigma of a flight level taken for a height, metres.
    pub flight_level_sigma_m: f64,
}

impl Default for AdsbConfig {
    fn default() -> Self {
        Self {
            station: GroundStationConfig::default(),
            edition: Edition::V2,
            latency_sigma: Span::from_millis(100),
            flight_level_sigma_m: 150.0,
        }
    }
}

/// What the records of such a station mean.
#[derive(Debug)]
pub struct Adsb {
    config: AdsbConfig,
}

/// The driver of one station.
pub type AdsbDecoder = Station<GroundStation<Adsb>>;

impl AdsbDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: AdsbConfig) -> Self {
        GroundStation::decoder(Adsb { config }, config.station)
    }
}

impl Edition {
    /// The tables of this edition.
    #[must_use]
    pub const fn catalogue(self) -> Catalogue {
        const V0_23: Catalogue = &[&CAT021_0_23];
        const V0_26: Catalogue = &[&CAT021_0_26];
        const V2: Catalogue = &[&CAT021];
        match self {
            Self::V0_23 => V0_23,
            Self::V0_26 => V0_26,
            Self::V2 => V2,
        }
    }
}

impl Meaning for Adsb {
    fn catalogue(&self) -> Catalogue {
        self.config.edition.catalogue()
    }

    /// The time at which the position was true; without it, at which it was received; without that, at which the report
    /// was sent, as later by what the station took for it.
    fn header(&self, record: &Record<'_>) -> Header {
        let source = source(record);
        let time = |frn| record.typed::<TimeOfDay>(frn);
        let time_of_day = match self.config.edition {
            Edition::V0_23 | Edition::V0_26 => time(3),
            Edition::V2 => time(5).or_else(|| time(12)).or_else(|| time(28)),
        };
        Header { source, time_of_day }
    }

    fn read(&mut self, record: &Record<'_>) -> Said {
        let target = match self.config.edition {
            Edition::V0_23 | Edition::V0_26 => Target::from(&EarlyReport::of(record).unwrap_or_default()),
            Edition::V2 => Target::from(&AdsbReport::of(record).unwrap_or_default()),
        };
        target.measured(&self.config).map_or_else(Said::Dismissed, Said::Seen)
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose_block_by;
    use super::super::ground_station::Dismissal;
    use super::*;
    use crate::decoder::{Decoder, Place, Point, Report};
    use fusion_core::identity::{Address, Identity, ObjectClass};
    use fusion_core::maths::hypot;
    use fusion_core::time::Timestamp;
    use serde_json::{Value, json};

    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);
    const EDITIONS: [Edition; 3] = [Edition::V0_23, Edition::V0_26, Edition::V2];

    /// An aircraft at 45° N 22.5° W, 3,048 m above the ellipsoid, eastward at 0.1 NM/s, position within 30 m.
    fn report(edition: Edition, changes: &Value) -> Value {
        let early = json!({ "DCR": 0, "GBS": 0, "SIM": 0, "TST": 0, "RAB": 0, "SAA": 0, "SPI": 0, "ATP": 1, "ARC": 1 });
        let merit = json!({ "AC": 0, "MN": 0, "DC": 0, "PA": 8 });
        let (descriptor, quality) = match edition {
            Edition::V0_23 | Edition::V0_26 => (early, merit),
            Edition::V2 => (
                json!({ "ATP": 0, "ARC": 0, "RC": 0, "RAB": 0 }),
                json!({ "NUCRNACV": 2, "NUCPNIC": 8, "NICBARO": 1, "SIL": 3, "NACP": 9 }),
            ),
        };
        let degree = if edition == Edition::V0_26 { 1 << 25 } else { 1 << 23 };
        let mut items = json!({
            "010": { "SAC": 20, "SIC": 219 }, "040": descriptor, "090": quality, "140": 1600, "080": 0x34_1234,
            "130": { "LAT": degree / 4, "LON": if degree == 1 << 25 { 0xFFC0_0000_u32 } else { 0xF0_0000 } },
            "160": { "GS": 1638, "TA": 16_384 }, "170": 0x2CC3_71C3_2CE0_u64, "020": 5,
        });
        match edition {
            Edition::V0_23 | Edition::V0_26 => items["030"] = 128.into(),
            Edition::V2 => {
                items["073"] = 128.into();
                items["160"]["RE"] = 0.into();
                items["210"] = json!({ "VNS": 0, "VN": 2, "LTT": 2 });
            }
        }
        for (name, value) in changes.as_object().expect("items by name") {
            if value.is_null() {
                let _ = items.as_object_mut().expect("an object").remove(name);
            } else {
                items[name] = value.clone();
            }
        }
        items
    }

    fn feed(edition: Edition, items: &Value) -> (AdsbDecoder, Vec<Report>) {
        let mut decoder = AdsbDecoder::new(AdsbConfig { edition, ..AdsbConfig::default() });
        let block = compose_block_by(edition.catalogue()[0], std::slice::from_ref(items)).expect("by the table");
        decoder.handle_bytes(&block, MIDNIGHT + Span::from_secs(2));
        assert!(decoder.balances());
        let reports = std::iter::from_fn(|| decoder.poll_report()).map(|report| report.expect("sound")).collect();
        (decoder, reports)
    }

    fn seen(edition: Edition, changes: &Value) -> (Timestamp, Point, Identity) {
        let (_, reports) = feed(edition, &report(edition, changes));
        let [Report::Scan(scan)] = &reports[..] else { panic!("one scan: {reports:?}") };
        let Place::Geodetic(point) = scan.returns[0].place else { panic!("a place on earth") };
        (scan.time, point, scan.returns[0].identity.clone())
    }

    fn refused(edition: Edition, changes: &Value, dismissal: Dismissal) -> bool {
        feed(edition, &report(edition, changes)).0.listener().tally().dismissed(dismissal) == 1
    }

    #[test]
    fn every_edition_says_the_same_of_the_same_aircraft() {
        for edition in EDITIONS {
            let (time, point, identity) = seen(edition, &json!({}));
            assert_eq!(time, MIDNIGHT + Span::from_secs(1));
            assert!((point.position.latitude_deg() - 45.0).abs() < 1e-9, "{edition:?}");
            assert!((point.position.longitude_deg() + 22.5).abs() < 1e-9, "{edition:?}");
            assert!((point.position.height_m - 3048.0).abs() < 1e-9);
            let [east, north, up] = point.velocity.expect("told").east_north_up;
            assert!((east - 185.15).abs() < 0.1 && north.abs() < 1e-6 && up.abs() < 1e-12);
            assert_eq!((identity.address, identity.class), (Some(Address::Icao(0x34_1234)), ObjectClass::Air));
            assert_eq!(identity.name.as_deref(), Some("KLM1023"));
        }
    }

    #[test]
    fn sigmas_follow_from_what_the_aircraft_tells() {
        let sigma = |edition, changes| seen(edition, &changes).1.horizontal.east_sigma_m;
        let untimed = json!({ "160": { "RE": 0, "GS": 0, "TA": 0 } });
        assert!((sigma(Edition::V2, untimed) - 30.0 / 2.448).abs() < 0.1);
        // 185 m/s for 0.1 s come on top.
        assert!((sigma(Edition::V2, json!({})) - hypot(30.0 / 2.448, 18.5)).abs() < 0.1);
        assert!((sigma(Edition::V0_26, json!({})) - hypot(10.0 / 2.448, 18.5)).abs() < 0.1);
        assert!(refused(Edition::V2, &json!({ "090": null }), Dismissal::AccuracyUnknown));
        let unknown = json!({ "090": { "AC": 0, "MN": 0, "DC": 0, "PA": 0 } });
        assert!(refused(Edition::V0_23, &unknown, Dismissal::AccuracyUnknown));
    }

    #[test]
    fn what_the_station_doubts_is_refused() {
        let pending = json!({ "040": { "ATP": 0, "ARC": 0, "RC": 1, "RAB": 0 } });
        assert!(refused(Edition::V2, &pending, Dismissal::Doubted));
        let monitor = json!({ "040": { "ATP": 0, "ARC": 0, "RC": 0, "RAB": 1 } });
        assert!(refused(Edition::V2, &monitor, Dismissal::FieldMonitor));
        for edition in EDITIONS {
            assert!(refused(edition, &json!({ "130": { "LAT": 0, "LON": 0 } }), Dismissal::Nowhere));
            assert!(refused(edition, &json!({ "130": null }), Dismissal::Incomplete));
            assert!(refused(edition, &json!({ "040": null }), Dismissal::Incomplete));
        }
    }

    #[test]
    fn the_time_is_that_of_the_position_before_that_of_its_reception() {
        let time = |changes| seen(Edition::V2, &changes).0 - MIDNIGHT;
        assert_eq!(time(json!({ "071": 64, "077": 200 })), Span::from_millis(500));
        assert_eq!(time(json!({ "077": 200 })), Span::from_secs(1));
        assert_eq!(time(json!({ "073": null, "077": 192 })), Span::from_millis(1500));
        assert_eq!(time(json!({ "073": null })), Span::from_secs(2));
    }

    #[test]
    fn the_finer_position_counts() {
        let (_, point, _) = seen(Edition::V2, &json!({ "131": { "LAT": 1 << 27, "LON": 1 << 28 } }));
        assert!((point.position.latitude_deg() - 22.5).abs() < 1e-9);
        assert!((point.position.longitude_deg() - 45.0).abs() < 1e-9);
    }

    #[test]
    fn the_height_is_geometric_else_by_pressure_and_on_the_ground_none() {
        let height = |changes| seen(Edition::V2, &changes).1;
        let pressure = height(json!({ "140": null, "145": 40 }));
        assert_eq!((pressure.position.height_m, pressure.vertical_sigma_m), (304.8, Some(150.0)));
        let beyond = height(json!({ "140": 0x7FFF, "145": 40 }));
        assert_eq!(beyond.vertical_sigma_m, Some(150.0));
        let ground = json!({
            "ATP": 2, "ARC": 0, "RC": 0, "RAB": 0, "DCR": 0, "GBS": 1, "SIM": 0, "TST": 0, "SAA": 0, "CL": 0,
        });
        let (_, vehicle, identity) = seen(Edition::V2, &json!({ "040": ground, "020": null }));
        assert_eq!((vehicle.vertical_sigma_m, identity.class), (None, ObjectClass::Ground));
    }

    #[test]
    fn what_is_older_than_the_position_is_less_sure_and_at_last_not_used() {
        let aged = |ages: Value| seen(Edition::V2, &json!({ "295": ages })).1;
        let (fresh, old) = (aged(json!({})), aged(json!({ "AOS": 7, "GH": 50, "GV": 50 })));
        let (sigma, velocity) = (|point: &Point| point.vertical_sigma_m.expect("told"), |point: &Point| point.velocity);
        // 10 m/s of climb that nobody told, for 5 s; 3 m/s² for as long.
        assert!((sigma(&old) - hypot(sigma(&fresh), 50.0)).abs() < 1e-9);
        let turned = velocity(&old).expect("told").horizontal_sigma;
        assert!(turned > 18.0 && velocity(&fresh).expect("told").horizontal_sigma < turned / 2.0);
        let forgotten = aged(json!({ "GH": 101, "GV": 255 }));
        assert_eq!((forgotten.vertical_sigma_m, velocity(&forgotten)), (None, None));
    }

    #[test]
    fn an_address_that_is_not_everybodys_own_is_told_apart() {
        let anonymous = json!({ "040": { "ATP": 3, "ARC": 0, "RC": 0, "RAB": 0 } });
        assert_eq!(seen(Edition::V2, &anonymous).2.address, Some(Address::NonIcao(0x34_1234)));
    }

    #[test]
    fn the_wrong_edition_is_refused_or_counted_but_never_a_panic() {
        for (spoken, configured) in EDITIONS.into_iter().flat_map(|a| EDITIONS.map(|b| (a, b))) {
            let block = compose_block_by(spoken.catalogue()[0], &[report(spoken, &json!({}))]).expect("by the table");
            let mut decoder = AdsbDecoder::new(AdsbConfig { edition: configured, ..AdsbConfig::default() });
            decoder.handle_bytes(&block, MIDNIGHT);
            assert!(decoder.balances());
            if (spoken == Edition::V2) != (configured == Edition::V2) {
                assert_eq!(decoder.listener().tally().targets, 0);
            }
        }
    }
}
