//! The tables of CAT010, CAT019, CAT020 and CAT021 in three editions agree with libasterix, item by item and both ways,
//! and so does every value in SI units that the drivers use.
//!
//! Needs a Python interpreter with `libasterix` 0.36.3. The script generates records and asks; this test answers (see
//! `oracle/asterix_targets_oracle.py` for the questions).

use sensor_drivers::asterix::cat010::SurfaceReport;
use sensor_drivers::asterix::cat019::SystemReport;
use sensor_drivers::asterix::cat020::MlatReport;
use sensor_drivers::asterix::cat021::AdsbReport;
use sensor_drivers::asterix::cat021_early::EarlyReport;
use sensor_drivers::asterix::spec::{CAT010, CAT019, CAT020, CAT021, CAT021_0_23, CAT021_0_26};
use sensor_drivers::asterix::{Catalogue, Fault, Record, compose_block_by, describe_by, records};
use serde_json::{Map, Value};
use tests::{hex, unhex};

#[test]
fn targets_agree_with_libasterix_in_structure_and_in_si_units() {
    tests::oracle::ask("oracle_asterix_targets", "asterix_targets_oracle", answer);
}

fn answer(question: &str) -> Result<String, String> {
    let mut words = question.splitn(3, ' ');
    let [Some(verb), Some(table), Some(rest)] = [words.next(), words.next(), words.next()] else {
        return Err("three words are needed".into());
    };
    let catalogue = catalogue(table).ok_or("no such table")?;
    match verb {
        "D" => {
            let shown: Result<Vec<Value>, Fault> =
                describe_by(catalogue, &unhex(rest)?).map(|record| Ok(record?["items"].take())).collect();
            shown.map(|records| Value::Array(records).to_string()).map_err(|fault| fault.to_string())
        }
        "C" => {
            let items: Value = serde_json::from_str(rest).map_err(|error| error.to_string())?;
            compose_block_by(catalogue[0], &[items]).map(|block| hex(&block)).map_err(|error| error.to_string())
        }
        "V" => {
            let block = unhex(rest)?;
            let record = records(&block, catalogue).next().ok_or("no record")?.map_err(|fault| fault.to_string())?;
            values(&record).map(|values| Value::Object(values.0).to_string()).ok_or_else(|| "no excerpt".into())
        }
        _ => Err(format!("unknown verb {verb}")),
    }
}

fn catalogue(table: &str) -> Option<Catalogue> {
    const TABLES: [(&str, Catalogue); 6] = [
        ("010", &[&CAT010]),
        ("019", &[&CAT019]),
        ("020", &[&CAT020]),
        ("021-0.23", &[&CAT021_0_23]),
        ("021-0.26", &[&CAT021_0_26]),
        ("021-2.7", &[&CAT021]),
    ];
    TABLES.iter().find(|(name, _)| *name == table).map(|(_, catalogue)| *catalogue)
}

/// Values by their path in the specification.
struct Values(Map<String, Value>);

impl Values {
    fn put(&mut self, path: &str, value: impl Into<f64>) {
        self.0.insert(path.to_owned(), value.into().into());
    }

    fn pair(&mut self, [a, b]: [&str; 2], [x, y]: [f64; 2]) {
        self.put(a, x);
        self.put(b, y);
    }
}

fn values(record: &Record<'_>) -> Option<Values> {
    let mut values = Values(Map::new());
    let known = surface(record, &mut values)
        .or_else(|| system(record, &mut values))
        .or_else(|| multilateration(record, &mut values))
        .or_else(|| adsb(record, &mut values))
        .or_else(|| early(record, &mut values));
    known.map(|()| values)
}

fn surface(record: &Record<'_>, values: &mut Values) -> Option<()> {
    let report = SurfaceReport::of(record)?;
    if let Some(time) = report.time_of_day {
        values.put("140", time.seconds());
    }
    if let Some(place) = report.position {
        values.pair(["041/LAT", "041/LON"], [place.latitude_deg(), place.longitude_deg()]);
    }
    if let Some(polar) = report.polar {
        values.pair(["040/RHO", "040/TH"], [polar.range_m(), polar.azimuth_rad().to_degrees()]);
    }
    if let Some(place) = report.cartesian {
        values.pair(["042/X", "042/Y"], place.east_north_m());
    }
    if let Some(velocity) = report.polar_velocity {
        values.pair(["200/GSP", "200/TRA"], [velocity.speed_m_s(), velocity.track_rad().to_degrees()]);
    }
    if let Some(velocity) = report.velocity {
        values.pair(["202/VX", "202/VY"], velocity.east_north_m_s());
    }
    if let Some(descriptor) = report.descriptor {
        values.put("020/TYP", descriptor.typ);
        if let Some(second) = descriptor.more {
            values.put("020/SIM", second.sim);
            values.put("020/TOT", second.tot);
        }
    }
    if let Some(status) = report.track_status {
        values.put("170/CST", status.cst);
        values.put("170/STH", status.sth);
        values.0.extend(status.more.and_then(|more| more.more).map(|_| ("170/GHO".into(), flag(status.is_ghost()))));
    }
    if let Some(level) = report.flight_level {
        values.put("090/FL", level.altitude_m());
    }
    if let Some(height) = report.height {
        values.put("091", height.metres());
    }
    if let Some(error) = report.deviation.filter(|told| told.devx > 0 && told.devy > 0) {
        let told = error.horizontal_error()?;
        values.pair(["500/DEVX", "500/DEVY"], [told.east_sigma_m, told.north_sigma_m]);
    }
    whole(values, "161/TRK", report.track_number.map(|number| number.trk));
    whole(values, "220", report.address.map(|address| address.address));
    whole(values, "060/MODE3A", report.mode_3a.map(|code| code.mode3a));
    Some(())
}

fn system(record: &Record<'_>, values: &mut Values) -> Option<()> {
    let report = SystemReport::of(record)?;
    if let Some(time) = report.time_of_day {
        values.put("140", time.seconds());
    }
    if let Some(place) = report.reference {
        values.pair(["600/LAT", "600/LON"], [place.latitude_deg(), place.longitude_deg()]);
    }
    if let Some(height) = report.height {
        values.put("610", height.metres());
    }
    whole(values, "620", report.undulation.map(|sea| sea.undulation));
    whole(values, "550/NOGO", report.status.map(|status| status.nogo));
    whole(values, "550/TSV", report.status.map(|status| u8::from(status.tsv)));
    Some(())
}

fn multilateration(record: &Record<'_>, values: &mut Values) -> Option<()> {
    let report = MlatReport::of(record)?;
    if let Some(time) = report.time_of_day {
        values.put("140", time.seconds());
    }
    if let Some(place) = report.position {
        values.pair(["041/LAT", "041/LON"], [place.latitude_deg(), place.longitude_deg()]);
    }
    if let Some(place) = report.cartesian {
        values.pair(["042/X", "042/Y"], place.east_north_m());
    }
    if let Some(velocity) = report.velocity {
        values.pair(["202/VX", "202/VY"], velocity.east_north_m_s());
    }
    if let Some(level) = report.flight_level {
        values.put("090/FL", level.altitude_m());
    }
    if let Some(height) = report.geometric_height {
        values.put("105", height.metres());
    }
    if let Some(height) = report.local_height {
        values.put("110", height.metres());
    }
    let accuracy = report.accuracy.unwrap_or_default();
    if let Some(told) = accuracy.deviation.and_then(|told| told.horizontal_error()) {
        values.pair(["500/SDP/X", "500/SDP/Y"], [told.east_sigma_m, told.north_sigma_m]);
    }
    if let Some(told) = accuracy.dilution.and_then(|told| told.horizontal_error(1.0)) {
        values.pair(["500/DOP/X", "500/DOP/Y"], [told.east_sigma_m, told.north_sigma_m]);
    }
    if let Some(height) = accuracy.height {
        values.put("500/SDH", height.metres());
    }
    if let Some(status) = report.track_status {
        values.put("170/CST", status.cst);
        values.0.extend(status.more.map(|_| ("170/GHO".into(), flag(status.is_ghost()))));
    }
    if let Some(second) = report.descriptor.and_then(|first| first.more) {
        values.put("020/GBS", second.gbs);
        values.put("020/SIM", second.sim);
        values.put("020/RAB", second.rab);
    }
    whole(values, "161/TRN", report.track_number.map(|number| number.trn));
    whole(values, "220", report.address.map(|address| address.address));
    whole(values, "070/MODE3A", report.mode_3a.map(|code| code.mode3a));
    Some(())
}

fn adsb(record: &Record<'_>, values: &mut Values) -> Option<()> {
    let report = AdsbReport::of(record)?;
    let times = [("071", report.position_time), ("073", report.reception_time), ("077", report.transmission_time)];
    for (path, time) in times {
        values.0.extend(time.map(|time| (path.to_owned(), time.seconds().into())));
    }
    if let Some(place) = report.position {
        values.pair(["130/LAT", "130/LON"], place.degrees());
    }
    if let Some(place) = report.fine_position {
        values.pair(["131/LAT", "131/LON"], place.degrees());
    }
    values.0.extend(report.height.and_then(|height| height.metres()).map(|metres| ("140".to_owned(), metres.into())));
    if let Some(level) = report.flight_level {
        values.put("145", level.altitude_m());
    }
    if let Some(climb) = report.barometric_rate.and_then(|rate| rate.climb_m_s()) {
        values.put("155/BVR", climb);
    }
    if let Some(climb) = report.geometric_rate.and_then(|rate| rate.climb_m_s()) {
        values.put("157/GVR", climb);
    }
    if let Some(vector) = report.ground_vector {
        values.put("160/TA", vector.track_rad().to_degrees());
        values.0.extend(vector.speed_m_s().map(|speed| ("160/GS".to_owned(), speed.into())));
    }
    if let Some(quality) = report.quality {
        values.put("090/NUCRNACV", quality.nucrnacv);
        values.put("090/NUCPNIC", quality.nucpnic);
        whole(values, "090/NACP", quality.nac_p());
        whole(values, "090/GVA", quality.gva());
        whole(values, "090/PIC", quality.pic());
    }
    if let Some(descriptor) = report.descriptor {
        values.put("040/ATP", descriptor.atp);
        values.put("040/RAB", descriptor.rab);
    }
    whole(values, "161/TRNUM", report.track_number.map(|number| number.trnum));
    whole(values, "080", report.address.map(|address| address.address));
    whole(values, "070/MODE3A", report.mode_3a.map(|code| code.mode3a));
    whole(values, "210/VN", report.version.map(|version| version.vn));
    whole(values, "020", report.emitter.map(|emitter| emitter.ecat));
    Some(())
}

fn early(record: &Record<'_>, values: &mut Values) -> Option<()> {
    let report = EarlyReport::of(record)?;
    if let Some(time) = report.time_of_day {
        values.put("030", time.seconds());
    }
    if let Some(place) = report.position {
        values.pair(["130/LAT", "130/LON"], place.degrees());
    }
    values.0.extend(report.height.and_then(|height| height.metres()).map(|metres| ("140".to_owned(), metres.into())));
    if let Some(level) = report.flight_level {
        values.put("145", level.altitude_m());
    }
    if let Some(rate) = report.barometric_rate {
        values.put("155", rate.climb_m_s());
    }
    if let Some(rate) = report.geometric_rate {
        values.put("157", rate.climb_m_s());
    }
    if let Some(vector) = report.ground_vector {
        values.put("160/TA", vector.track_rad().to_degrees());
        values.0.extend(vector.speed_m_s().map(|speed| ("160/GS".to_owned(), speed.into())));
    }
    if let Some(descriptor) = report.descriptor {
        values.put("040/ATP", descriptor.atp);
        values.put("040/GBS", descriptor.gbs);
        values.put("040/SIM", descriptor.sim);
    }
    whole(values, "080", report.address.map(|address| address.address));
    whole(values, "070/MODE3A", report.mode_3a.map(|code| code.mode3a));
    whole(values, "095", report.velocity_accuracy.map(|accuracy| accuracy.va));
    whole(values, "020", report.emitter.map(|emitter| emitter.ecat));
    Some(())
}

fn whole(values: &mut Values, path: &str, number: Option<impl Into<f64>>) {
    if let Some(number) = number {
        values.put(path, number);
    }
}

fn flag(set: bool) -> Value {
    f64::from(u8::from(set)).into()
}
