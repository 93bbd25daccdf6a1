//! Generic plots as NDJSON: one JSON object per line, for any sensor that has no driver of its own (docs/FORMATS.md).
//!
//! A line is a plot (polar, bearing or position, told apart by its keys) or a scan: a whole look with its returns.
//! Keys carry their units, sigmas travel with values. A line is understood as a whole or refused as a whole: unknown,
//! missing, repeated and contradictory keys are named with their byte, so that a sensor's author finds the fault in
//! one reading.

mod encode;
mod identity;
mod json;
mod number;
mod parse;
mod time;

use fusion_core::time::{Span, Timestamp};

use crate::decoder::{Decoder, OwnedScan, Report};
use crate::error::{DecodeError, Reason};
use crate::lines::{Framed, LineFramer};
use crate::outbox::Outbox;
use json::Key;

pub use crate::lines::LINE_BYTES_MAX;
pub use encode::{Unencodable, encode};
pub use time::{Rfc3339, from_rfc3339, from_unix_seconds};

/// How long the beginning of a line waits for the rest before it is taken for a whole line.
const LINE_WAIT: Span = Span::from_secs(1);

/// Name of the format in errors.
const FORMAT: &str = "plots";

/// What the lines of one sensor leave out.
///
/// A sigma that a line gives wins over the one here. Without either, the line is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlotsConfig {
    /// One sigma of the slant range, metres.
    pub range_sigma_m: Option<f64>,
    /// One sigma of the azimuth, degrees.
    pub azimuth_sigma_deg: Option<f64>,
    /// One sigma of the elevation, degrees.
    pub elevation_sigma_deg: Option<f64>,
    /// One sigma of the range rate, metres per second.
    pub range_rate_sigma_m_s: Option<f64>,
    /// One sigma of a position along east and along north, metres.
    pub horizontal_sigma_m: Option<f64>,
    /// One sigma of a height, metres.
    pub height_sigma_m: Option<f64>,
    /// One sigma of each component of a velocity, metres per second.
    pub velocity_sigma_m_s: Option<f64>,
    /// Whether every piece handed in is a whole datagram, whose end ends a line with or without a newline.
    pub datagrams: bool,
}

/// The driver. See [`crate::decoder::Decoder`].
#[derive(Debug, Default)]
pub struct PlotsDecoder {
    config: PlotsConfig,
    framer: LineFramer,
    last_received: Timestamp,
    out: Outbox,
    tally: Tally,
}

/// What has been seen. Every line is in exactly one of the first four.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    scans: u64,
    blank_lines: u64,
    refused_lines: u64,
    long_lines: u64,
    returns: u64,
    returns_beyond_bound: u64,
    // Refused lines by cause.
    malformed: u64,
    unknown_keys: u64,
    missing: u64,
    contradictions: u64,
    bad_values: u64,
}

impl PlotsDecoder {
    /// A driver for one sensor.
    ///
    /// # Errors
    /// The key of the first sigma of the configuration that a line would not be allowed to give either.
    pub fn new(config: PlotsConfig) -> Result<Self, &'static str> {
        config.check()?;
        Ok(Self { config, ..Self::default() })
    }
}

impl PlotsConfig {
    fn check(&self) -> Result<(), &'static str> {
        use number::Number;
        let sigmas = [
            (Number::RangeSigma, self.range_sigma_m),
            (Number::AzimuthSigma, self.azimuth_sigma_deg),
            (Number::ElevationSigma, self.elevation_sigma_deg),
            (Number::RangeRateSigma, self.range_rate_sigma_m_s),
            (Number::HorizontalSigma, self.horizontal_sigma_m),
            (Number::HeightSigma, self.height_sigma_m),
            (Number::VelocitySigma, self.velocity_sigma_m_s),
        ];
        let wrong = sigmas.iter().find(|(number, sigma)| sigma.is_some_and(|sigma| !number.allows(sigma)));
        wrong.map_or(Ok(()), |(number, _)| Err(number.key()))
    }
}

impl Decoder for PlotsDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { config, framer, out, tally, .. } = self;
        let mut each = |framed: Framed<'_>| handle_line(framed, config, tally, out);
        framer.split(bytes, &mut each);
        if config.datagrams {
            framer.finish(&mut each);
        }
        self.last_received = received;
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        let Self { config, framer, out, tally, last_received } = self;
        if framer.is_waiting() && now - *last_received >= LINE_WAIT {
            framer.finish(|framed| handle_line(framed, config, tally, out));
        }
    }

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.out.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.out.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let tally = &self.tally;
        each("scans", tally.scans);
        each("returns", tally.returns);
        each("blank_lines", tally.blank_lines);
        each("refused_lines", tally.refused_lines);
        each("refused_malformed", tally.malformed);
        each("refused_unknown_key", tally.unknown_keys);
        each("refused_missing", tally.missing);
        each("refused_contradiction", tally.contradictions);
        each("refused_bad_value", tally.bad_values);
        each("long_lines", tally.long_lines);
        each("long_line_bytes", self.framer.skipped());
        each("returns_beyond_bound", tally.returns_beyond_bound);
        self.out.counters(each);
    }
}

/// Every key that a plot or its identity may have, as docs/FORMATS.md lists them.
pub fn keys() -> impl Iterator<Item = &'static str> {
    number::Number::ALL.iter().map(|number| number.key()).chain(identity::KEYS)
}

fn handle_line(framed: Framed<'_>, config: &PlotsConfig, tally: &mut Tally, out: &mut Outbox) {
    match framed {
        Framed::Line(line) if line.iter().all(u8::is_ascii_whitespace) => tally.blank_lines += 1,
        Framed::Line(line) => {
            let mut list = out.list();
            match parse::read_line(line, config, &mut list) {
                Ok((scan, beyond)) => {
                    tally.understood(&scan, beyond);
                    out.push(Report::Scan(scan));
                }
                Err(error) => {
                    tally.refused(error.reason);
                    out.refuse(error);
                    out.recycle_list(list);
                }
            }
        }
        Framed::TooLong => {
            tally.long_lines += 1;
            out.refuse(fault(LINE_BYTES_MAX, "line", Reason::TooLarge { bound: LINE_BYTES_MAX }));
        }
    }
}

impl Tally {
    const fn understood(&mut self, scan: &OwnedScan, beyond: u64) {
        self.scans += 1;
        self.returns += scan.returns.len() as u64;
        self.returns_beyond_bound += beyond;
    }

    fn refused(&mut self, reason: Reason) {
        self.refused_lines += 1;
        let cause = match reason {
            Reason::UnknownKey { .. } => &mut self.unknown_keys,
            Reason::Missing => &mut self.missing,
            Reason::Contradicts { .. } | Reason::Repeated => &mut self.contradictions,
            Reason::OutOfRange | Reason::TooLarge { .. } | Reason::Unsupported { .. } => &mut self.bad_values,
            Reason::Truncated { .. }
            | Reason::BadLength { .. }
            | Reason::BadChecksum
            | Reason::NotThisFormat
            | Reason::BadText => &mut self.malformed,
        };
        *cause += 1;
    }
}

const fn fault(offset: usize, field: &'static str, reason: Reason) -> DecodeError {
    DecodeError { format: FORMAT, offset, field, reason }
}

/// Refuses a key that is none of those `allowed` there.
fn unknown_key(key: Key<'_>, allowed: impl Iterator<Item = &'static str>) -> DecodeError {
    fault(key.offset, "key", Reason::UnknownKey { nearest: nearest(key.name, allowed) })
}

/// The known key that was probably meant by `given`, if any is near enough.
fn nearest(given: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // No key is longer; what is, was no slip of the finger, and comparing takes the product of the lengths.
    /// No counter: beyond it no suggestion is made.
    const COMPARED_BYTES_MAX: usize = 40;
    const NEAR: f64 = 0.8;
    if given.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let scored = known.map(|key| (strsim::jaro_winkler(given, key), key));
    scored.filter(|(score, _)| *score >= NEAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::decoder::{Measured, Place, SCAN_RETURNS_MAX};
    use crate::outbox::{ERRORS_MAX, REPORTS_MAX};
    use fusion_core::identity::{Address, Affiliation, ObjectClass};
    use fusion_core::measurement::Coverage;

    const POLAR: &str = r#""range_m":100,"range_sigma_m":5,"azimuth_deg":270,"azimuth_sigma_deg":0.5"#;

    fn decode(decoder: &mut PlotsDecoder, bytes: &[u8]) -> Vec<Result<Report, DecodeError>> {
        decoder.handle_bytes(bytes, Timestamp::EPOCH);
        core::iter::from_fn(|| decoder.poll_report()).collect()
    }

    fn scan(line: &str) -> OwnedScan {
        let reports = decode(&mut PlotsDecoder::default(), format!("{line}\n").as_bytes());
        match &reports[..] {
            [Ok(Report::Scan(scan))] => scan.clone(),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        match &decode(&mut PlotsDecoder::default(), format!("{line}\n").as_bytes())[..] {
            [Err(error)] => error.to_string(),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn counter(decoder: &PlotsDecoder, wanted: &str) -> u64 {
        let mut found = None;
        decoder.counters(&mut |name, count| {
            if name == wanted {
                found = Some(count);
            }
        });
        found.unwrap()
    }

    #[test]
    fn a_plot_is_a_report_of_one() {
        let scan = scan(&format!(r#"{{"time":1717236000.25,{POLAR},"range_rate_m_s":-3,"range_rate_sigma_m_s":0.5}}"#));
        assert_eq!((scan.time.as_nanos(), scan.coverage), (1_717_236_000_250_000_000, Coverage::Reports));
        let Place::Polar(polar) = scan.returns[0].place else { panic!("a polar plot") };
        assert_eq!(polar.range, Some(Measured { value: 100.0, sigma: 5.0 }));
        assert_eq!(polar.range_rate, Some(Measured { value: -3.0, sigma: 0.5 }));
        assert!((polar.azimuth.value - 270_f64.to_radians()).abs() < 1e-12);
        assert_eq!((polar.elevation, polar.height), (None, None));
    }

    #[test]
    fn defaults_fill_in_what_a_line_leaves_out_and_never_overrule_it() {
        let config = PlotsConfig { azimuth_sigma_deg: Some(3.0), ..PlotsConfig::default() };
        let mut decoder = PlotsDecoder::new(config).unwrap();
        let lines = "{\"time\":1,\"azimuth_deg\":5}\n{\"time\":1,\"azimuth_deg\":5,\"azimuth_sigma_deg\":1}\n";
        let sigmas: Vec<f64> = decode(&mut decoder, lines.as_bytes())
            .into_iter()
            .map(|report| match report {
                Ok(Report::Scan(scan)) => match &scan.returns[0].place {
                    Place::Polar(polar) => polar.azimuth.sigma.to_degrees(),
                    Place::Geodetic(_) => panic!("a bearing"),
                },
                other => panic!("{other:?}"),
            })
            .collect();
        assert!((sigmas[0] - 3.0).abs() < 1e-12 && (sigmas[1] - 1.0).abs() < 1e-12, "{sigmas:?}");
        let zero = PlotsConfig { range_sigma_m: Some(0.0), ..PlotsConfig::default() };
        assert_eq!(PlotsDecoder::new(zero).err(), Some("range_sigma_m"));
    }

    #[test]
    fn every_refusal_names_the_byte_the_key_and_the_remedy() {
        let cases = [
            (r#"{"time":1,"range":5}"#, r#"plots: key at byte 10: no such key here, did you mean "range_m"?"#),
            (r#"{"time":1,"xyz":5}"#, "plots: key at byte 10: no such key here"),
            (r#"{"azimuth_deg":5,"azimuth_sigma_deg":1}"#, "plots: time at byte 0: a required field is absent"),
            (r#"{"time":1,"azimuth_deg":5}"#, "plots: azimuth_sigma_deg at byte 0: a required field is absent"),
            (r#"{"time":1}"#, "plots: azimuth_deg or latitude_deg at byte 0: a required field is absent"),
            (
                r#"{"time":1,"range_m":5,"range_sigma_m":1}"#,
                "plots: azimuth_deg at byte 10: a required field is absent",
            ),
            (
                r#"{"time":1,"azimuth_deg":5,"azimuth_sigma_deg":1,"latitude_deg":52}"#,
                r#"plots: latitude_deg at byte 48: cannot stand together with "azimuth_deg""#,
            ),
            (r#"{"time":1,"azimuth_deg":5,"azimuth_deg":5}"#, "plots: azimuth_deg at byte 26: given twice"),
            (
                r#"{"time":1,"azimuth_deg":365}"#,
                "plots: azimuth_deg at byte 24: the value is outside the allowed range",
            ),
            (r#"{"time":1,"azimuth_deg":"5"}"#, "plots: azimuth_deg at byte 24: the text is malformed"),
            (r#"{"time":"noon","azimuth_deg":5}"#, "plots: time at byte 8: the text is malformed"),
            (r#"{"time":1,"identity":{"icao":"4B12"}}"#, "plots: icao at byte 29: the text is malformed"),
            (
                r#"{"time":1,"identity":{"icao":"4B1234","mmsi":"211000000"}}"#,
                r#"plots: mmsi at byte 38: cannot stand together with "icao""#,
            ),
            (r#"{"scan":{"time":1},"returns":[]}"#, "plots: coverage at byte 8: a required field is absent"),
            (r#"{"scan":{"time":1,"coverage":"full"}}"#, "plots: returns at byte 0: a required field is absent"),
            (
                r#"{"scan":{"time":1,"coverage":"full"},"returns":[{"time":1}]}"#,
                r#"plots: time at byte 49: cannot stand together with "scan""#,
            ),
            (r#"{"time":1,"returns":[]}"#, "plots: scan at byte 20: a required field is absent"),
            (r#"{"time":1} 7"#, "plots: end of line at byte 11: the text is malformed"),
            (r#"{"time":1"#, "plots: plot at byte 9: ends 1 byte(s) too early"),
        ];
        for (line, told) in cases {
            assert_eq!(refusal(line), told, "{line}");
        }
    }

    #[test]
    fn a_velocity_without_climb_says_nothing_of_climb() {
        let scan = scan(
            r#"{"time":1,"latitude_deg":52,"longitude_deg":21,"horizontal_sigma_m":10,
                "velocity_east_m_s":3,"velocity_north_m_s":4,"velocity_sigma_m_s":1}"#
                .replace('\n', " ")
                .as_str(),
        );
        let Place::Geodetic(point) = &scan.returns[0].place else { panic!("a position") };
        let velocity = point.velocity.unwrap();
        assert!(velocity.vertical_sigma > 20.0 && velocity.horizontal_sigma < 2.0 && point.vertical_sigma_m.is_none());
    }

    #[test]
    fn every_line_is_accounted_for_once() {
        let long = vec![b'x'; LINE_BYTES_MAX + 1];
        let good = format!("{{\"time\":1,{POLAR}}}\n");
        let mut decoder = PlotsDecoder::default();
        let input = [good.as_bytes(), b"\n \r\n", b"{\n", &long, b"\n", good.as_bytes()].concat();
        assert_eq!(decode(&mut decoder, &input).len(), 4);
        let names = ["scans", "blank_lines", "refused_lines", "long_lines", "refused_malformed", "returns"];
        assert_eq!(names.map(|name| counter(&decoder, name)), [2, 2, 1, 1, 1, 2]);
    }

    #[test]
    fn reports_and_returns_beyond_their_bounds_are_counted_and_dropped() {
        let mut decoder = PlotsDecoder::default();
        let lines: Vec<String> = (0..REPORTS_MAX + 3).map(|k| format!("{{\"time\":{k},{POLAR}}}\nx\n")).collect();
        let reports = decode(&mut decoder, lines.concat().as_bytes());
        assert_eq!(reports.len(), REPORTS_MAX + ERRORS_MAX);
        assert!(matches!(&reports[0], Ok(Report::Scan(scan)) if scan.time == Timestamp::from_secs(3)), "the oldest go");
        assert_eq!(counter(&decoder, "reports_dropped"), 3);
        assert_eq!(counter(&decoder, "errors_dropped"), (REPORTS_MAX + 3 - ERRORS_MAX) as u64);
        let config = PlotsConfig { azimuth_sigma_deg: Some(1.0), ..PlotsConfig::default() };
        let mut decoder = PlotsDecoder::new(config).unwrap();
        let returns = vec!["{\"azimuth_deg\":1}"; SCAN_RETURNS_MAX + 2].join(",");
        let line = format!("{{\"scan\":{{\"time\":1,\"coverage\":\"full\"}},\"returns\":[{returns}]}}\n");
        let reports = decode(&mut decoder, line.as_bytes());
        assert!(matches!(&reports[..], [Ok(Report::Scan(scan))] if scan.returns.len() == SCAN_RETURNS_MAX));
        assert_eq!(counter(&decoder, "returns_beyond_bound"), 2);
    }

    #[test]
    fn the_end_of_a_datagram_or_a_pause_ends_a_line() {
        let line = format!("{{\"time\":1,{POLAR}}}");
        let mut stream = PlotsDecoder::default();
        assert!(decode(&mut stream, line.as_bytes()).is_empty());
        stream.handle_timeout(Timestamp::EPOCH + LINE_WAIT);
        assert!(matches!(stream.poll_report(), Some(Ok(_))));
        let mut datagrams = PlotsDecoder::new(PlotsConfig { datagrams: true, ..PlotsConfig::default() }).unwrap();
        assert_eq!(decode(&mut datagrams, line.as_bytes()).len(), 1);
    }

    #[test]
    fn words_of_identity_read_as_they_are_written() {
        let identity = r#"{"icao":"4b1234","name":null,"class":"uav","affiliation":"suspect","mode_3a":"7700"}"#;
        let scan = scan(&format!(r#"{{"time":1,{POLAR},"identity":{identity}}}"#));
        let identity = &scan.returns[0].identity;
        assert_eq!(identity.address, Some(Address::Icao(0x4B_1234)));
        assert_eq!((identity.class, identity.affiliation), (ObjectClass::Uav, Affiliation::Suspect));
        assert_eq!((identity.mode_3a, &identity.name), (Some(0o7700), &None));
    }
    #[test]
    fn an_address_may_stand_behind_other_keys() {
        let scan = scan(&format!(r#"{{"time":1,{POLAR},"identity":{{"name":"KILO","icao":"4b1234"}}}}"#));
        let identity = &scan.returns[0].identity;
        assert_eq!(identity.address, Some(Address::Icao(0x4B_1234)));
        assert_eq!(identity.name.as_ref().map(|name| name.as_str()), Some("KILO"));
    }
}
