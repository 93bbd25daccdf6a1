//! Drone radars (CAT015), direction finders (CAT205) and system tracks (CAT062, CAT063, CAT065) agree with
//! libasterix: every item and element, decoded and encoded; and what the structs keep, in the standard's units.
//!
//! Needs a Python interpreter with `libasterix` 0.36.3. The script generates records and asks; this test answers with
//! the codec (see `oracle/asterix_stations_oracle.py` for the questions).

use sensor_drivers::asterix::cat015::{self, TargetReport};
use sensor_drivers::asterix::cat062::SystemTrack;
use sensor_drivers::asterix::cat065::ServiceReport;
use sensor_drivers::asterix::cat205::BearingReport;
use sensor_drivers::asterix::common::TimeOfDay;
use sensor_drivers::asterix::wire::TypedRecord;
use sensor_drivers::asterix::{CATALOGUE, Record, compose_block, describe, records, write_block};
use serde_json::{Map, Value};
use tests::{hex, unhex};

#[test]
fn stations_agree_with_libasterix_both_ways_and_in_their_units() {
    tests::oracle::ask("oracle_asterix_stations", "asterix_stations_oracle", answer);
}

fn answer(question: &str) -> Result<String, String> {
    let (verb, rest) = question.split_once(' ').ok_or("no verb")?;
    match verb {
        "D" => shown(&unhex(rest)?),
        "C" => composed(rest),
        "T" => Ok(rest.to_owned()),
        "Q" => valued(&unhex(rest)?),
        "E" => encoded(&unhex(rest)?),
        _ => Err(format!("unknown verb {verb}")),
    }
}

fn shown(block: &[u8]) -> Result<String, String> {
    let records: Result<Vec<Value>, _> = describe(block).map(|record| Ok(record?["items"].take())).collect();
    records
        .map(|records| Value::Array(records).to_string())
        .map_err(|fault: sensor_drivers::asterix::Fault| fault.to_string())
}

fn composed(request: &str) -> Result<String, String> {
    let (category, items) = request.split_once(' ').ok_or("no items")?;
    let category = category.parse().map_err(|_| "no category")?;
    let items: Value = serde_json::from_str(items).map_err(|error| error.to_string())?;
    compose_block(category, &[items]).map(|block| hex(&block)).map_err(|error| error.to_string())
}

fn first(block: &[u8]) -> Result<Record<'_>, String> {
    records(block, CATALOGUE).next().ok_or("no record")?.map_err(|fault| fault.to_string())
}

fn encoded(block: &[u8]) -> Result<String, String> {
    let record = first(block)?;
    let mut out = Vec::new();
    let written = if let Some(report) = TargetReport::of(&record) {
        write_block(&[report], &mut out)
    } else if let Some(report) = BearingReport::of(&record) {
        write_block(&[report], &mut out)
    } else if let Some(track) = SystemTrack::of(&record) {
        write_block(&[track], &mut out)
    } else {
        let report = ServiceReport::of(&record).ok_or("no struct encodes this category")?;
        write_block(&[report], &mut out)
    };
    written.map_err(|error| error.to_string())?;
    Ok(hex(&out))
}

fn valued(block: &[u8]) -> Result<String, String> {
    let record = first(block)?;
    let mut values = Values(Map::new());
    if let Some(report) = TargetReport::of(&record) {
        values.target_report(&report);
    } else if let Some(report) = BearingReport::of(&record) {
        values.bearing_report(&report);
    } else if let Some(track) = SystemTrack::of(&record) {
        values.system_track(&track);
    } else {
        values.service_report(&ServiceReport::of(&record).ok_or("no struct for this category")?);
    }
    Ok(Value::Object(values.0).to_string())
}

/// Values by the path of their element.
struct Values(Map<String, Value>);

impl Values {
    fn put(&mut self, path: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.0.insert(path.to_owned(), value.into());
        }
    }

    fn both(&mut self, paths: [&str; 2], values: Option<[f64; 2]>) {
        for (index, path) in paths.into_iter().enumerate() {
            self.put(path, values.map(|values| values[index]));
        }
    }

    fn told(&mut self, [value, sigma]: [&str; 2], told: Option<cat015::Told>, unit: fn(f64) -> f64) {
        self.put(value, told.map(|told| unit(told.value)));
        self.put(sigma, told.and_then(|told| told.sigma).map(unit));
    }

    fn errors(&mut self, paths: [&str; 3], error: Option<cat015::PairError>) {
        self.put(paths[0], error.map(|error| error.x));
        self.put(paths[1], error.map(|error| error.y));
        self.put(paths[2], error.map(|error| error.correlation));
    }

    fn target_report(&mut self, report: &TargetReport) {
        let same = |value| value;
        self.put("015", report.service.map(f64::from));
        self.put("161", report.number.map(f64::from));
        self.put("145", report.time_of_day.map(|time| time.seconds()));
        self.put("050/UPD", report.update_period_s);
        self.put("020/MOMU", report.descriptor.map(|d| f64::from(d.momu)));
        self.put("020/TTAX", report.descriptor.map(|d| f64::from(d.ttax)));
        self.put("170/CSTP", report.status.map(|s| f64::from(s.cstp)));
        self.put("170/CNF", report.status.map(|s| f64::from(s.cnf)));
        for (path, size) in ["270/LEN", "270/WDT", "270/HGT"].into_iter().zip(report.size_m) {
            self.put(path, size);
        }
        self.both(["600/P84/LATITUDE", "600/P84/LONGITUDE"], report.position_deg);
        self.errors(["600/HPP/SDHPX", "600/HPP/SDHPY", "600/HPP/COSDHPXY"], report.position_error);
        self.told(["601/GH", "601/SDGH"], report.height, same);
        self.both(["601/COGHHP/X", "601/COGHHP/Y"], report.height_correlation);
        self.both(["602/HV/X", "602/HV/Y"], report.velocity);
        self.errors(["602/SDHV/X", "602/SDHV/Y", "602/SDHV/COHVXY"], report.velocity_error);
        self.told(["604/VV", "604/SDVV/SDVV"], report.vertical_velocity, same);
        self.told(["625/R", "625/SDR"], report.range, same);
        self.told(["625/RR", "625/SDRR/SDRR"], report.range_rate, same);
        self.told(["626/DV", "626/SDDV"], report.doppler, same);
        self.put("626/CODVR", report.doppler_range_correlation);
        self.told(["627/AZ", "627/SDASZ"], report.azimuth, f64::to_degrees);
        self.told(["628/EL", "628/SDEL"], report.elevation, f64::to_degrees);
        self.put("630/RPS", report.snr_db.map(f64::from));
    }

    fn bearing_report(&mut self, report: &BearingReport) {
        self.put("015", report.service.map(f64::from));
        self.put("030", report.time_of_day.map(|time| time.seconds()));
        self.put("040", report.number.map(f64::from));
        self.both(["050/LAT", "050/LON"], report.position_deg);
        self.both(["060/X", "060/Y"], report.position_m);
        self.put("070", report.local_bearing.map(f64::to_degrees));
        self.put("080", report.system_bearing.map(f64::to_degrees));
        self.put("100", report.quality.map(f64::from));
        self.put("110", report.uncertainty_m);
        self.put("160", report.track.map(f64::from));
        self.put("170", report.sensor.map(f64::from));
        self.put("180", report.level_dbuv);
        self.put("190", report.signal_quality.map(f64::from));
        self.put("200", report.elevation.map(f64::to_degrees));
    }

    fn system_track(&mut self, track: &SystemTrack) {
        const FOOT_M: f64 = 0.3048;
        let feet = |metres: f64| metres / FOOT_M;
        let levels = |metres: f64| metres / (100.0 * FOOT_M);
        self.put("015", track.service.map(f64::from));
        self.put("070", track.time_of_day.map(TimeOfDay::seconds));
        self.put("040", track.number.map(f64::from));
        self.both(["105/LAT", "105/LON"], track.position_deg);
        self.both(["185/VX", "185/VY"], track.velocity);
        self.put("220", track.climb_m_s.map(|climb| feet(climb) * 60.0));
        self.put("130", track.geometric_height_m.map(feet));
        self.put("135/CTB", track.barometric_height_m.map(levels));
        self.put("136", track.flight_level_m.map(levels));
        self.put("060/MODE3A", track.mode_3a.map(f64::from));
        self.put("380/ADR", track.address.map(f64::from));
        self.put("380/EMC", track.emitter.map(f64::from));
        self.put("300", track.vehicle.map(f64::from));
        let told = &track.accuracy;
        self.both(["500/APC/X", "500/APC/Y"], told.position);
        self.put("500/COV", told.covariance_root);
        self.both(["500/APW/LAT", "500/APW/LON"], told.position_deg);
        self.put("500/AGA", told.geometric_height.map(feet));
        self.put("500/ABA", told.barometric_height.map(levels));
        self.both(["500/ATV/X", "500/ATV/Y"], told.velocity);
        self.put("500/ARC", told.climb.map(|climb| feet(climb) * 60.0));
    }

    fn service_report(&mut self, report: &ServiceReport) {
        self.put("000", report.message_type.map(f64::from));
        self.put("015", report.service.map(f64::from));
        self.put("020", report.batch.map(f64::from));
        self.put("030", report.time_of_day.map(TimeOfDay::seconds));
        self.put("050", report.event.map(f64::from));
        let Some(status) = report.status else { return };
        self.put("040/NOGO", Some(f64::from(status.nogo)));
        self.put("040/OVL", Some(f64::from(status.overloaded)));
        self.put("040/TSV", Some(f64::from(status.time_invalid)));
        self.put("040/STTN", Some(f64::from(status.numbering)));
    }
}
