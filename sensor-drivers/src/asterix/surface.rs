//! The driver of a surface movement radar or a multilateration system: CAT010, or CAT020 with CAT019.
//!
//! Such a system sends the tracks of its own tracker, yet most of its positions are measured: where it says that a
//! position was extrapolated there is no measurement; where it says that it was smoothed, the errors of successive
//! positions hang together, so that each counts for no more than a measurement of the configured sigma would. Its
//! velocities are its tracker's and are not used. What a target says of itself (ADS-B through CAT010) is no measurement
//! of the system.

mod target;

use fusion_core::geodesy::{Geodetic, TangentPlane};

use super::cat010::{self, SurfaceReport};
use super::cat019::SystemReport;
use super::cat020::MlatReport;
use super::common::TimeOfDay;
use super::ground_station::{GroundStation, GroundStationConfig, Meaning, OwnState, Said};
use super::reception::{Header, Station, source};
use super::record::Record;
use super::spec::{CAT010, CAT019, CAT020, Catalogue};
use target::Target;

/// How such a system is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceConfig {
    /// What every station has; its position is the reference point of Cartesian and polar coordinates. Without one, the
    /// point that CAT019 tells stands in.
    pub station: GroundStationConfig,
    /// One sigma of a position by echo along each axis, metres. The default was measured at an airport, against
    /// multilateration: 8.4 m and 7.9 m.
    pub echo_sigma_m: f64,
    /// One sigma of a position by multilateration along each axis, metres, and of the ranges that a told dilution of
    /// precision multiplies. The default was measured at an airport, against ADS-B: 4.5 m together.
    pub multilateration_sigma_m: f64,
    /// One sigma of a flight level taken for a height, metres.
    pub flight_level_sigma_m: f64,
    /// One sigma of a height that the system measures, metres.
    pub height_sigma_m: f64,
    /// Takes what targets say of themselves for measurements of the system.
    pub keep_self_reports: bool,
}

impl Default for SurfaceConfig {
    fn default() -> Self {
        Self {
            station: GroundStationConfig::default(),
            echo_sigma_m: 8.5,
            multilateration_sigma_m: 4.0,
            flight_level_sigma_m: 150.0,
            height_sigma_m: 30.0,
            keep_self_reports: false,
        }
    }
}

/// What the records of such a system mean.
#[derive(Debug)]
pub struct Surface {
    config: SurfaceConfig,
    reference: Option<Reference>,
}

/// The point to which positions are relative.
#[derive(Clone, Debug)]
struct Reference {
    point: Geodetic,
    plane: TangentPlane,
}

impl Reference {
    fn at(point: Geodetic) -> Self {
        Self { point, plane: TangentPlane::at(point) }
    }
}

/// The driver of one system.
pub type SurfaceDecoder = Station<GroundStation<Surface>>;

impl SurfaceDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: SurfaceConfig) -> Self {
        let reference = config.station.position.map(Reference::at);
        GroundStation::decoder(Surface { config, reference }, config.station)
    }
}

impl Surface {
    /// Takes a reference point that the system tells, where none was configured.
    fn learn(&mut self, told: Option<Geodetic>) {
        let known = self.reference.as_ref().map(|reference| reference.point);
        if let Some(point) = told.filter(|_| self.config.station.position.is_none())
            && known != told
        {
            self.reference = Some(Reference::at(point));
        }
    }

    fn say(&self, target: Target) -> Said {
        target.measured(&self.config, self.reference.as_ref()).map_or_else(Said::Dismissed, Said::Seen)
    }
}

/// The tables that it reads by.
const TABLES: Catalogue = &[&CAT010, &CAT019, &CAT020];

/// The number by which a system says that it must not be used.
const NO_GO: u8 = 2;

impl Meaning for Surface {
    fn catalogue(&self) -> Catalogue {
        TABLES
    }

    fn header(&self, record: &Record<'_>) -> Header {
        // CAT010 has its time in the fourth place, the others in the third.
        let time = if record.spec.category == CAT010.category { 4 } else { 3 };
        Header { source: source(record), time_of_day: record.typed::<TimeOfDay>(time) }
    }

    fn read(&mut self, record: &Record<'_>) -> Said {
        if let Some(report) = MlatReport::of(record) {
            self.say(Target::from(&report))
        } else if let Some(report) = SurfaceReport::of(record) {
            match report.message_type {
                Some(cat010::MessageType::TARGET) | None => self.say(Target::from(&report)),
                Some(_) => Said::Own(own_state(report.status)),
            }
        } else {
            let report = SystemReport::of(record).unwrap_or_default();
            let position = report.reference_point();
            self.learn(position);
            let out_of_use = report.status.map(|status| status.nogo == NO_GO);
            Said::Own(OwnState { out_of_use, time_invalid: report.status.map(|status| status.tsv), position })
        }
    }
}

fn own_state(status: Option<cat010::SystemStatus>) -> OwnState {
    OwnState {
        out_of_use: status.map(|status| status.nogo == NO_GO),
        time_invalid: status.map(|status| status.tsv),
        position: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose_block;
    use super::super::ground_station::Dismissal;
    use super::*;
    use crate::decoder::{Decoder, Place, Point, Report, TimeQuality};
    use fusion_core::identity::{Address, Identity, ObjectClass};
    use fusion_core::time::{Span, Timestamp};
    use serde_json::{Value, json};

    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);

    fn reference() -> Geodetic {
        Geodetic::from_degrees(41.297, 2.078, 50.0).expect("a place")
    }

    fn placed() -> SurfaceConfig {
        let station = GroundStationConfig { position: Some(reference()), ..GroundStationConfig::default() };
        SurfaceConfig { station, ..SurfaceConfig::default() }
    }

    /// A multilateration plot of CAT010 at the reference point, changed as wanted.
    fn smr(changes: &Value) -> Value {
        let mut items = json!({
            "010": { "SAC": 0, "SIC": 7 }, "000": 1, "140": 128,
            "020": { "TYP": 1, "DCR": 0, "CHN": 0, "GBS": 0, "CRT": 0 },
            "041": { "LAT": 492_692_401, "LON": 24_791_506 },
        });
        merge(&mut items, changes);
        items
    }

    /// The same of CAT020.
    fn mlat(changes: &Value) -> Value {
        let mut items = json!({
            "010": { "SAC": 0, "SIC": 7 }, "140": 128,
            "020": { "SSR": 1, "MS": 0, "HF": 1, "VDL4": 1, "UAT": 1, "DME": 1, "OT": 1 },
            "041": { "LAT": 7_698_319, "LON": 387_367 },
        });
        merge(&mut items, changes);
        items
    }

    /// Null takes an item away.
    fn merge(items: &mut Value, changes: &Value) {
        for (name, value) in changes.as_object().expect("items by name") {
            if value.is_null() {
                let _ = items.as_object_mut().expect("an object").remove(name);
            } else {
                items[name] = value.clone();
            }
        }
    }

    fn feed(decoder: &mut SurfaceDecoder, category: u8, items: &Value) -> Vec<Report> {
        let block = compose_block(category, std::slice::from_ref(items)).expect("by the table");
        decoder.handle_bytes(&block, MIDNIGHT + Span::from_secs(1));
        assert!(decoder.balances());
        std::iter::from_fn(|| decoder.poll_report()).map(|report| report.expect("sound")).collect()
    }

    fn seen(config: SurfaceConfig, category: u8, items: &Value) -> (Point, Identity) {
        let reports = feed(&mut SurfaceDecoder::new(config), category, items);
        let [Report::Scan(scan)] = &reports[..] else { panic!("one scan: {reports:?}") };
        let Place::Geodetic(point) = scan.returns[0].place else { panic!("a place on earth") };
        (point, scan.returns[0].identity.clone())
    }

    fn dismissal(config: SurfaceConfig, category: u8, items: &Value) -> Option<Dismissal> {
        let mut decoder = SurfaceDecoder::new(config);
        let _ = feed(&mut decoder, category, items);
        let all = [
            Dismissal::Simulated,
            Dismissal::Test,
            Dismissal::FieldMonitor,
            Dismissal::Extrapolated,
            Dismissal::Ghost,
            Dismissal::SelfReported,
            Dismissal::Incomplete,
            Dismissal::Unplaced,
            Dismissal::Nowhere,
            Dismissal::BeyondRange,
        ];
        all.into_iter().find(|&dismissal| decoder.listener().tally().dismissed(dismissal) == 1)
    }

    fn is_at_reference(point: &Point) -> bool {
        let apart = TangentPlane::at(reference()).geodetic_to_enu(point.position);
        apart.vector().x.abs() < 1.0 && apart.vector().y.abs() < 1.0
    }

    #[test]
    fn both_categories_place_a_target_where_it_is() {
        for (category, items) in [(10, smr(&json!({}))), (20, mlat(&json!({})))] {
            let (point, _) = seen(placed(), category, &items);
            assert!(is_at_reference(&point), "{category}: {point:?}");
            assert!((point.horizontal.east_sigma_m - 4.0).abs() < 0.01);
            assert_eq!((point.vertical_sigma_m, point.velocity), (None, None));
        }
    }

    #[test]
    fn local_coordinates_start_at_the_reference_point_and_lie_on_the_earth() {
        let local = json!({ "041": null, "042": { "X": 30_000, "Y": 0 } });
        let polar = json!({ "041": null, "040": { "RHO": 30_000, "TH": 16_384 } });
        let wide = json!({ "041": null, "042": { "X": 60_000, "Y": 0 } });
        for (category, items) in [(10, smr(&local)), (10, smr(&polar)), (20, mlat(&wide))] {
            let (point, _) = seen(placed(), category, &items);
            let east = TangentPlane::at(reference()).geodetic_to_enu(point.position);
            assert!((east.vector().x - 30_000.0).abs() < 0.1 && east.vector().y.abs() < 0.1, "{east:?}");
            assert!((point.position.height_m - 50.0).abs() < 1e-9);
            assert_eq!(dismissal(SurfaceConfig::default(), category, &items), Some(Dismissal::Unplaced));
        }
    }

    #[test]
    fn the_reference_point_that_the_system_tells_stands_in() {
        let mut decoder = SurfaceDecoder::new(SurfaceConfig::default());
        let status = json!({
            "010": { "SAC": 0, "SIC": 7 }, "000": 2, "140": 128,
            "600": { "LAT": 246_346_201, "LON": 12_395_753 }, "610": 12, "620": 47,
        });
        let told = feed(&mut decoder, 19, &status);
        let [Report::Status(told)] = &told[..] else { panic!("a status: {told:?}") };
        assert!((told.position.expect("told").height_m - 50.0).abs() < 1e-9);
        let reports = feed(&mut decoder, 20, &mlat(&json!({ "041": null, "042": { "X": 0, "Y": 0 } })));
        let [Report::Scan(scan)] = &reports[..] else { panic!("one scan: {reports:?}") };
        let Place::Geodetic(point) = scan.returns[0].place else { panic!("a place on earth") };
        assert!(is_at_reference(&point));
    }

    #[test]
    fn what_is_no_measurement_is_dismissed_unless_wanted() {
        let second = |flag: &str| {
            let mut items = json!({ "TYP": 1, "DCR": 0, "CHN": 0, "GBS": 0, "CRT": 0 });
            merge(&mut items, &json!({ "SIM": 0, "TST": 0, "RAB": 0, "LOP": 0, "TOT": 0 }));
            merge(&mut items, &json!({ flag: 1 }));
            smr(&json!({ "020": items }))
        };
        let own = smr(&json!({ "020": { "TYP": 2, "DCR": 0, "CHN": 0, "GBS": 0, "CRT": 0 } }));
        let cases = [
            (second("SIM"), Dismissal::Simulated),
            (second("TST"), Dismissal::Test),
            (second("RAB"), Dismissal::FieldMonitor),
            (own, Dismissal::SelfReported),
        ];
        let station = GroundStationConfig {
            keep_simulated: true,
            keep_test_targets: true,
            keep_field_monitors: true,
            ..GroundStationConfig::default()
        };
        let wanted = SurfaceConfig { station, keep_self_reports: true, ..SurfaceConfig::default() };
        for (items, expected) in cases {
            assert_eq!(dismissal(placed(), 10, &items), Some(expected));
            assert_eq!(dismissal(wanted, 10, &items), None);
        }
        assert_eq!(dismissal(placed(), 10, &smr(&json!({ "020": null }))), Some(Dismissal::Incomplete));
        assert_eq!(dismissal(placed(), 10, &smr(&json!({ "041": null }))), Some(Dismissal::Incomplete));
        let nowhere = json!({ "041": { "LAT": 0, "LON": 0 } });
        assert_eq!(dismissal(placed(), 20, &mlat(&nowhere)), Some(Dismissal::Nowhere));
        let far = json!({ "041": { "LAT": 0, "LON": 387_367 } });
        assert_eq!(dismissal(placed(), 20, &mlat(&far)), Some(Dismissal::BeyondRange));
    }

    #[test]
    fn extrapolated_positions_and_ghosts_are_never_measurements() {
        let coasted = json!({ "CNF": 0, "TRE": 0, "CST": 2, "MAH": 0, "TCC": 0, "STH": 0 });
        assert_eq!(dismissal(placed(), 10, &smr(&json!({ "170": coasted }))), Some(Dismissal::Extrapolated));
        let ghost = json!({ "CNF": 0, "TRE": 0, "CST": 0, "CDM": 0, "MAH": 0, "STH": 0, "GHO": 1 });
        assert_eq!(dismissal(placed(), 20, &mlat(&json!({ "170": ghost }))), Some(Dismissal::Ghost));
    }

    #[test]
    fn a_told_error_is_believed_but_not_of_a_smoothed_position() {
        let told = json!({ "500": { "DEVX": 4, "DEVY": 8, "COVXY": 4 } });
        let (point, _) = seen(placed(), 10, &smr(&told));
        assert!((point.horizontal.east_sigma_m - 1.0).abs() < 0.01);
        assert!((point.horizontal.north_sigma_m - 2.0).abs() < 0.01);
        assert!((point.horizontal.correlation - 0.5).abs() < 1e-9);
        let smoothed = json!({ "CNF": 0, "TRE": 0, "CST": 0, "MAH": 0, "TCC": 0, "STH": 1 });
        let (point, _) = seen(placed(), 10, &smr(&json!({ "500": told["500"], "170": smoothed })));
        assert!((point.horizontal.worst_sigma_m() - 4.0).abs() < 0.01);
        let deviation = json!({ "500": { "SDP": { "X": 20, "Y": 40, "XY": 0 }, "DOP": { "X": 1, "Y": 1, "XY": 0 } } });
        let (point, _) = seen(placed(), 20, &mlat(&deviation));
        assert!((point.horizontal.east_sigma_m - 5.0).abs() < 0.01 && (point.horizontal.north_sigma_m - 10.0) < 0.01);
        let (point, _) = seen(placed(), 20, &mlat(&json!({ "500": { "DOP": { "X": 8, "Y": 4, "XY": 0 } } })));
        assert!((point.horizontal.east_sigma_m - 8.0).abs() < 0.01 && (point.horizontal.north_sigma_m - 4.0) < 0.01);
    }

    #[test]
    fn an_echo_is_less_sharp_than_a_reply() {
        let echo = smr(&json!({ "020": { "TYP": 3, "DCR": 0, "CHN": 0, "GBS": 0, "CRT": 0 } }));
        assert!((seen(placed(), 10, &echo).0.horizontal.east_sigma_m - 8.5).abs() < 0.01);
    }

    #[test]
    fn height_is_the_best_that_was_told_of_a_target_in_the_air() {
        let height = |changes| {
            let (point, _) = seen(placed(), 20, &mlat(&changes));
            point.vertical_sigma_m.map(|sigma| (point.position.height_m, sigma))
        };
        let level = json!({ "V": 0, "G": 0, "FL": 40 });
        assert_eq!(height(json!({ "090": level })), Some((304.8, 150.0)));
        assert_eq!(height(json!({ "090": level, "105": 320, "500": { "SDH": 14 } })), Some((609.6, 7.0)));
        assert_eq!(height(json!({ "090": level, "110": 160 })), Some((354.8, 30.0)));
        let mut ground = mlat(&json!({}))["020"].clone();
        merge(&mut ground, &json!({ "RAB": 0, "SPI": 0, "CHN": 0, "GBS": 1, "CRT": 0, "SIM": 0, "TST": 0 }));
        assert_eq!(height(json!({ "090": level, "020": ground })), None);
    }

    #[test]
    fn identity_is_what_was_said_clearly() {
        let said = json!({
            "220": 0x34_1234, "070": { "V": 0, "G": 0, "L": 0, "MODE3A": 0o2301 }, "300": 16,
            "245": { "STI": 2, "CHR": 0x2CC3_71C3_2CE0_u64 },
        });
        let (_, identity) = seen(placed(), 20, &mlat(&said));
        assert_eq!((identity.address, identity.mode_3a), (Some(Address::Icao(0x34_1234)), Some(0o2301)));
        assert_eq!((identity.name.as_deref(), identity.class), (Some("KLM1023"), ObjectClass::Ground));
        let doubtful = json!({ "060": { "V": 0, "G": 1, "L": 0, "MODE3A": 0o2301 } });
        assert_eq!(seen(placed(), 10, &smr(&doubtful)).1.mode_3a, None);
    }

    #[test]
    fn a_system_that_must_not_be_used_is_not() {
        let mut decoder = SurfaceDecoder::new(placed());
        let state = |nogo: u8| {
            let status = json!({ "NOGO": nogo, "OVL": 0, "TSV": 0, "DIV": 0, "TTF": 0 });
            smr(&json!({ "000": 3, "140": u32::from(nogo), "020": null, "041": null, "550": status }))
        };
        let told = feed(&mut decoder, 10, &state(2));
        assert!(matches!(told[..], [Report::Status(told)] if told.out_of_use));
        assert_eq!(feed(&mut decoder, 10, &smr(&json!({}))), []);
        assert_eq!((decoder.listener().tally().out_of_use, decoder.listener().tally().targets), (1, 0));
        assert_eq!(feed(&mut decoder, 10, &state(1)).len(), 1);
        assert_eq!(feed(&mut decoder, 10, &smr(&json!({ "140": 130 }))).len(), 1);
    }

    #[test]
    fn an_invalid_source_of_time_leaves_the_time_received() {
        let mut decoder = SurfaceDecoder::new(placed());
        let status = json!({ "NOGO": 0, "OVL": 0, "TSV": 1, "TTF": 0 });
        let _ = feed(&mut decoder, 19, &json!({ "010": { "SAC": 0, "SIC": 7 }, "140": 5, "550": status }));
        let reports = feed(&mut decoder, 20, &mlat(&json!({ "140": 7_000_000 })));
        let [Report::Scan(scan)] = &reports[..] else { panic!("one scan: {reports:?}") };
        assert_eq!((scan.time, scan.time_quality), (MIDNIGHT + Span::from_secs(1), TimeQuality::Received));
    }
}
