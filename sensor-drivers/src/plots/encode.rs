//! A scan as one line of text, the way the decoder reads it back.

use core::fmt::{self, Display, Formatter, Write};

use fusion_core::angle::Angle;
use fusion_core::identity::{Address, Affiliation, Fingerprint, Identity, ObjectClass};
use fusion_core::measurement::Coverage;

use super::LINE_BYTES_MAX;
use super::identity::{AFFILIATIONS, CLASSES, signal};
use super::number::Number;
use super::time::Rfc3339;
use crate::decoder::{Measured, OwnedScan, Place, Point, Polar, Return};
use crate::emission::{CHANNEL_CONFUSION, middle_hz};

/// What of a fingerprint's number is its own.
const FINGERPRINT_BITS: u64 = (1 << 56) - 1;

/// Why a scan cannot be written. Nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unencodable {
    /// A value is one that the decoder would refuse: not finite, or outside what the key allows.
    OutOfRange {
        /// Its key.
        field: &'static str,
    },
    /// The line would be longer than [`LINE_BYTES_MAX`].
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// A plot has no place for where a moving sensor was.
    Moving,
}

impl Display for Unencodable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { field } => write!(f, "plots: {field} is outside the range that a plot may carry"),
            Self::TooLong { bytes } => {
                write!(f, "plots: the scan takes {bytes} bytes, a line has at most {LINE_BYTES_MAX}; split the scan")
            }
            Self::Moving => write!(f, "plots: no plot tells where a moving sensor was"),
        }
    }
}

impl core::error::Error for Unencodable {}

/// Appends a scan as one line, newline included: one report as a plain plot, all else as a scan with its returns.
///
/// Where a value's time comes from does not travel: the reader takes it for the sensor's own.
///
/// # Errors
/// See [`Unencodable`].
pub fn encode(scan: &OwnedScan, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    if scan.from.is_some() {
        return Err(Unencodable::Moving);
    }
    let mut line = Line::default();
    line.text.push('{');
    match (&scan.coverage, &scan.returns[..]) {
        (Coverage::Reports, [only]) => {
            line.member("time", format_args!("\"{}\"", Rfc3339(scan.time)));
            line.target(only)?;
        }
        (coverage, returns) => {
            line.head(scan, coverage);
            line.returns(returns)?;
        }
    }
    line.text.push_str("}\n");
    if line.text.len() > LINE_BYTES_MAX + 1 {
        return Err(Unencodable::TooLong { bytes: line.text.len() - 1 });
    }
    out.extend_from_slice(line.text.as_bytes());
    Ok(())
}

#[derive(Default)]
struct Line {
    text: String,
}

impl Line {
    fn member(&mut self, key: &str, value: impl Display) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        write!(self.text, "\"{key}\":{value}").expect("a string takes all text");
    }

    fn head(&mut self, scan: &OwnedScan, coverage: &Coverage) {
        self.text.push_str("\"scan\":{");
        self.member("time", format_args!("\"{}\"", Rfc3339(scan.time)));
        match coverage {
            Coverage::Full => self.member("coverage", "\"full\""),
            // Lines know no cones: that silence says nothing is not too much.
            Coverage::Reports | Coverage::Cone(_) => self.member("coverage", "\"reports\""),
            Coverage::Sector { from, width_rad } => {
                self.text.push_str(",\"coverage\":{");
                self.member("from_deg", from.compass_degrees());
                self.member("width_deg", width_rad.to_degrees());
                self.text.push('}');
            }
        }
        self.text.push('}');
    }

    fn returns(&mut self, returns: &[Return]) -> Result<(), Unencodable> {
        self.text.push_str(",\"returns\":[");
        for (place, one) in returns.iter().enumerate() {
            self.text.push_str(if place == 0 { "{" } else { ",{" });
            self.target(one)?;
            self.text.push('}');
        }
        self.text.push(']');
        Ok(())
    }

    fn target(&mut self, one: &Return) -> Result<(), Unencodable> {
        match &one.place {
            Place::Polar(polar) => self.polar(polar)?,
            Place::Geodetic(point) => self.point(point)?,
        }
        let channel =
            one.identity.fingerprint.filter(|print| *print == Fingerprint::new(print.hash, CHANNEL_CONFUSION));
        if let Some(hz) = channel.and_then(|print| middle_hz(print.hash)) {
            self.number(Number::Frequency, hz * 1e-6)?;
        }
        self.identity(&one.identity);
        Ok(())
    }

    fn number(&mut self, number: Number, value: f64) -> Result<(), Unencodable> {
        if !number.allows(value) {
            return Err(Unencodable::OutOfRange { field: number.key() });
        }
        self.member(number.key(), value);
        Ok(())
    }

    fn measured(&mut self, value: Number, sigma: Number, measured: Measured) -> Result<(), Unencodable> {
        self.number(value, measured.value)?;
        self.number(sigma, measured.sigma)
    }

    fn polar(&mut self, polar: &Polar) -> Result<(), Unencodable> {
        if let Some(range) = polar.range {
            self.measured(Number::Range, Number::RangeSigma, range)?;
        }
        let azimuth = Angle::from_radians(polar.azimuth.value).compass_degrees();
        let azimuth = Measured { value: azimuth, sigma: polar.azimuth.sigma.to_degrees() };
        self.measured(Number::Azimuth, Number::AzimuthSigma, azimuth)?;
        if let Some(elevation) = polar.elevation {
            let degrees = Measured { value: elevation.value.to_degrees(), sigma: elevation.sigma.to_degrees() };
            self.measured(Number::Elevation, Number::ElevationSigma, degrees)?;
        }
        if let Some(rate) = polar.range_rate {
            self.measured(Number::RangeRate, Number::RangeRateSigma, rate)?;
        }
        polar.height.map_or(Ok(()), |height| self.measured(Number::Height, Number::HeightSigma, height))
    }

    fn point(&mut self, point: &Point) -> Result<(), Unencodable> {
        self.number(Number::Latitude, point.position.latitude_deg())?;
        self.number(Number::Longitude, point.position.longitude_deg())?;
        self.number(Number::HorizontalSigma, point.horizontal.worst_sigma_m())?;
        if let Some(sigma) = point.vertical_sigma_m {
            self.measured(Number::Height, Number::HeightSigma, Measured { value: point.position.height_m, sigma })?;
        }
        let Some(velocity) = point.velocity else { return Ok(()) };
        let [east, north, up] = velocity.east_north_up;
        self.number(Number::VelocityEast, east)?;
        self.number(Number::VelocityNorth, north)?;
        self.number(Number::VelocitySigma, velocity.horizontal_sigma)?;
        self.measured(
            Number::VelocityUp,
            Number::VelocityUpSigma,
            Measured { value: up, sigma: velocity.vertical_sigma },
        )
    }

    fn identity(&mut self, identity: &Identity) {
        if *identity == Identity::UNKNOWN {
            return;
        }
        self.text.push_str(",\"identity\":{");
        match identity.address {
            Some(Address::Icao(address)) => self.member("icao", format_args!("\"{address:06X}\"")),
            Some(Address::NonIcao(address)) => self.member("non_icao", format_args!("\"{address:06X}\"")),
            Some(Address::Mmsi(address)) => self.member("mmsi", format_args!("\"{address:09}\"")),
            Some(Address::RemoteId(serial)) => self.member("remote_id", Quoted(serial.as_str())),
            None => {}
        }
        if let Some(name) = &identity.name {
            self.member("name", Quoted(name));
        }
        if identity.class != ObjectClass::Unknown {
            self.member("class", Quoted(word(&CLASSES, identity.class)));
        }
        if identity.affiliation != Affiliation::Pending {
            self.member("affiliation", Quoted(word(&AFFILIATIONS, identity.affiliation)));
        }
        if let Some(code) = identity.mode_3a {
            self.member("mode_3a", format_args!("\"{code:04o}\""));
        }
        if let Some(print) = &identity.fingerprint
            && *print == signal(print.hash)
        {
            self.member("fingerprint", format_args!("\"{:x}\"", print.hash & FINGERPRINT_BITS));
        }
        self.text.push('}');
    }
}

fn word<T: Copy + PartialEq>(words: &'static [(&str, T)], value: T) -> &'static str {
    words.iter().find(|(_, named)| *named == value).map_or("unknown", |(word, _)| word)
}

/// Text between quotes, its quotes, backslashes and control characters escaped.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                '\0'..='\u{1F}' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::decoder::{Decoder, HorizontalError, PointVelocity, Report, TimeQuality};
    use crate::error::DecodeError;
    use crate::plots::PlotsDecoder;
    use core::f64::consts::TAU;
    use fusion_core::geodesy::Geodetic;
    use fusion_core::identity::Serial;
    use fusion_core::time::Timestamp;
    use proptest::prelude::*;

    fn decode(decoder: &mut PlotsDecoder, bytes: &[u8]) -> Vec<Result<Report, DecodeError>> {
        decoder.handle_bytes(bytes, Timestamp::EPOCH);
        core::iter::from_fn(|| decoder.poll_report()).collect()
    }

    fn measured(values: core::ops::Range<f64>) -> impl Strategy<Value = Measured> {
        (values, 1e-3..1e2).prop_map(|(value, sigma)| Measured { value, sigma })
    }

    fn maybe(values: core::ops::Range<f64>) -> impl Strategy<Value = Option<Measured>> {
        proptest::option::of(measured(values))
    }

    prop_compose! {
        fn any_polar()(
            azimuth in (0.0..TAU, 1e-4..1.0), range in maybe(0.0..5e5),
            elevation in proptest::option::of((-1.5..1.5, 1e-4..1.0)),
            range_rate in maybe(-400.0..400.0), height in maybe(0.0..2e4),
        ) -> Place {
            let angle = |(value, sigma)| Measured { value, sigma };
            Place::Polar(Polar {
                azimuth: angle(azimuth), range, elevation: elevation.map(angle),
                range_rate: range_rate.filter(|_| range.is_some()), height: height.filter(|_| range.is_some()),
            })
        }
    }

    prop_compose! {
        fn any_point()(
            lat in -90.0..90.0, lon in -180.0..180.0, height in maybe(0.0..2e4), sigma in 1e-3..1e4,
            velocity in proptest::option::of(([-300.0..300.0, -300.0..300.0, -30.0..30.0], 1e-3..1e2, 1e-3..1e2)),
        ) -> Place {
            Place::Geodetic(Point {
                position: Geodetic::from_degrees(lat, lon, height.map_or(0.0, |height| height.value)).unwrap(),
                horizontal: HorizontalError::round(sigma), vertical_sigma_m: height.map(|height| height.sigma),
                velocity: velocity.map(|(east_north_up, horizontal_sigma, vertical_sigma)| PointVelocity {
                    east_north_up, horizontal_sigma, vertical_sigma,
                }),
            })
        }
    }

    prop_compose! {
        fn any_identity()(
            address in proptest::option::of((0..4, 0..0xFF_FFFF_u32)), name in proptest::option::of(".{0,6}"),
            mode_3a in proptest::option::of(0..0o7777_u16), class in 0..7_usize, affiliation in 0..7_usize,
            print in proptest::option::of(prop_oneof![
                (1..200_000_u64).prop_map(|channel| Fingerprint::new(channel, CHANNEL_CONFUSION)),
                any::<u64>().prop_map(signal),
            ]),
        ) -> Identity {
            Identity {
                address: address.map(|(kind, number)| match kind {
                    0 => Address::Icao(number), 1 => Address::NonIcao(number), 2 => Address::Mmsi(number),
                    _ => Address::RemoteId(Serial::new(&format!("\"{number}\\")).unwrap()),
                }),
                name: name.map(|name| name.as_str().try_into().unwrap()), mode_3a,
                class: CLASSES[class].1, affiliation: AFFILIATIONS[affiliation].1, fingerprint: print,
                ..Identity::UNKNOWN
            }
        }
    }

    fn any_scan() -> impl Strategy<Value = OwnedScan> {
        let coverage = prop_oneof![
            Just(Coverage::Full),
            Just(Coverage::Reports),
            (0.0..360.0, 0.0..TAU)
                .prop_map(|(from, width_rad)| Coverage::Sector { from: Angle::from_degrees(from), width_rad }),
        ];
        let one = (prop_oneof![any_polar(), any_point()], any_identity())
            .prop_map(|(place, identity)| Return::unnamed(place, identity));
        (any::<i64>(), coverage, proptest::collection::vec(one, 0..4)).prop_map(|(nanos, coverage, returns)| {
            OwnedScan {
                time: Timestamp::from_nanos(nanos),
                time_quality: TimeQuality::Sensor,
                from: None,
                coverage,
                returns,
            }
        })
    }

    /// The same but for the last bits that degrees cost.
    fn near(a: &OwnedScan, b: &OwnedScan) -> bool {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + a.abs());
        let measured = |a: &Measured, b: &Measured| close(a.value, b.value) && close(a.sigma, b.sigma);
        let maybe = |a: &Option<Measured>, b: &Option<Measured>| match (a, b) {
            (Some(a), Some(b)) => measured(a, b),
            _ => a == b,
        };
        let place = |a: &Place, b: &Place| match (a, b) {
            (Place::Polar(a), Place::Polar(b)) => {
                measured(&a.azimuth, &b.azimuth)
                    && maybe(&a.elevation, &b.elevation)
                    && (a.range, a.range_rate, a.height) == (b.range, b.range_rate, b.height)
            }
            (Place::Geodetic(a), Place::Geodetic(b)) => {
                close(a.position.latitude, b.position.latitude)
                    && close(a.position.longitude, b.position.longitude)
                    && (a.horizontal, a.vertical_sigma_m, a.velocity) == (b.horizontal, b.vertical_sigma_m, b.velocity)
            }
            _ => false,
        };
        let coverage = match (a.coverage, b.coverage) {
            (Coverage::Sector { from: a, width_rad: c }, Coverage::Sector { from: b, width_rad: d }) => {
                close((a - b).radians(), 0.0) && close(c, d)
            }
            (a, b) => a == b,
        };
        let both = || a.returns.iter().zip(&b.returns);
        a.time == b.time
            && coverage
            && a.returns.len() == b.returns.len()
            && both().all(|(a, b)| place(&a.place, &b.place) && a.identity == b.identity)
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same_scan(scan in any_scan()) {
            let mut line = Vec::new();
            encode(&scan, &mut line).unwrap();
            let reports = decode(&mut PlotsDecoder::default(), &line);
            match &reports[..] {
                [Ok(Report::Scan(read))] => prop_assert!(near(&scan, read), "{scan:?}\n{read:?}"),
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn a_stream_may_be_split_anywhere(scans in proptest::collection::vec(any_scan(), 1..4), step in 1..50_usize) {
            let mut stream = Vec::new();
            for scan in &scans {
                encode(scan, &mut stream).unwrap();
            }
            let whole = decode(&mut PlotsDecoder::default(), &stream);
            let mut decoder = PlotsDecoder::default();
            let pieces: Vec<_> = stream.chunks(step).flat_map(|piece| decode(&mut decoder, piece)).collect();
            prop_assert_eq!(pieces, whole);
        }

        #[test]
        fn damaged_lines_are_refused_without_a_panic(scan in any_scan(), at in 0..300_usize, byte in any::<u8>()) {
            let mut line = Vec::new();
            encode(&scan, &mut line).unwrap();
            for cut in 0..line.len() - 1 {
                let cut_line = [&line[..cut], b"\n"].concat();
                prop_assert!(decode(&mut PlotsDecoder::default(), &cut_line).iter().all(Result::is_err));
            }
            let at = at % line.len();
            line[at] = byte;
            let _ = decode(&mut PlotsDecoder::default(), &line);
        }
    }

    #[test]
    fn what_the_decoder_would_refuse_is_not_written() {
        let azimuth = Measured { value: 1.0, sigma: 0.1 };
        let polar = Polar {
            azimuth,
            range: Some(Measured { value: f64::NAN, sigma: 1.0 }),
            elevation: None,
            height: None,
            range_rate: None,
        };
        let one = Return::unnamed(Place::Polar(polar), Identity::UNKNOWN);
        let mut scan = OwnedScan {
            time: Timestamp::EPOCH,
            time_quality: TimeQuality::Sensor,
            from: None,
            coverage: Coverage::Reports,
            returns: vec![one],
        };
        let mut out = Vec::new();
        assert_eq!(encode(&scan, &mut out), Err(Unencodable::OutOfRange { field: "range_m" }));
        scan.returns[0].place = Place::Polar(Polar { range: None, ..polar });
        scan.returns = vec![scan.returns[0].clone(); 2000];
        assert!(matches!(encode(&scan, &mut out), Err(Unencodable::TooLong { .. })));
        assert!(out.is_empty());
    }
}
