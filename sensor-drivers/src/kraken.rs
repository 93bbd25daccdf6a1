//! KrakenSDR: lines of bearing, as its page `DOA_value.html` tells them (one line of CSV for each channel) and as its
//! push sends them (a JSON object each).
//!
//! The bearing that it tells is clockwise *from the array's own forward direction*, not from north: the heading of
//! the array is configured, or told by its GPS or compass. Its time is that of the end of the frame of samples, whose
//! length it calls latency: the bearing is that of the middle.
//!
//! The page is rewritten in place, so a poll can catch it torn or empty: a line with too few fields is counted and
//! passed over, and the same line again is nothing new.

mod line;

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use crate::decoder::{
    Decoder, Measured, NAVIGATION_ERROR_LASTS, OwnedScan, Place, Platform, Polar, Report, Return, TimeQuality,
};
use crate::emission::{CHANNEL_CONFUSION, fingerprint};
use crate::error::{DecodeError, Reason};
use crate::heard::Heard;
use crate::lines::{Framed, LINE_BYTES_MAX, LineFramer};
use crate::outbox::Outbox;
use line::{Array, Said};

/// Channels remembered at once; a receiver has sixteen.
///
/// Counter: `evicted`; the one silent longest is forgotten.
pub const CHANNELS_MAX: usize = 64;

/// One sigma of a place by satellite navigation, horizontal and vertical, metres.
const PLACE_SIGMA_M: (f64, f64) = (5.0, 10.0);
/// Frequencies that differ by less are one channel: receivers differ by parts per million.
const CHANNEL_HZ: f64 = 12_500.0;

/// Where the heading of the array comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heading {
    /// It stands still: azimuth of its forward direction, degrees clockwise from true north.
    Fixed(f64),
    /// What its GPS tells (course while it drives).
    Gps,
    /// What its compass tells, with the declination to add, degrees.
    Compass(f64),
}

/// How to read a KrakenSDR.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KrakenConfig {
    /// One sigma of a bearing, radians.
    pub azimuth_sigma: f64,
    /// Where the heading comes from.
    pub heading: Heading,
    /// Bearings with less confidence are not taken, 0 to 99.
    pub confidence_min: f64,
    /// Whether the place is the one that it tells, rather than the configured one.
    pub mobile: bool,
}

/// Counters of a KrakenSDR driver. Each line ends in exactly one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines taken in, blank ones aside.
    pub lines: u64,
    /// Bearings reported.
    pub bearings: u64,
    /// The same line as before: the page has not changed since the last poll.
    pub unchanged: u64,
    /// Lines with too few fields: the page was caught while being rewritten.
    pub torn: u64,
    /// Lines that are none of its.
    pub refused: u64,
    /// Bearings below the confidence wanted.
    pub uncertain: u64,
    /// Bearings of a linear array, which cannot tell its front from its back.
    pub ambiguous: u64,
    /// Bearings without a heading or a place that the configuration expects to be told.
    pub unplaced: u64,
    /// Lines longer than the bound.
    pub long_lines: u64,
}

/// The driver. See [`crate::decoder::Decoder`].
#[derive(Debug)]
pub struct KrakenDecoder {
    framer: LineFramer,
    listener: Listener,
}

#[derive(Debug)]
struct Listener {
    config: KrakenConfig,
    /// When each channel's last bearing was true.
    channels: Heard<u64, Timestamp>,
    outbox: Outbox,
    tally: Tally,
}

/// What became of a line.
enum Fate {
    Unchanged,
    Uncertain,
    Ambiguous,
    Unplaced,
    Bearing(OwnedScan),
}

impl KrakenDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: KrakenConfig) -> Self {
        let listener =
            Listener { config, channels: Heard::new(CHANNELS_MAX), outbox: Outbox::default(), tally: Tally::default() };
        Self { framer: LineFramer::default(), listener }
    }

    /// What became of every line.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.listener.tally
    }
}

impl Decoder for KrakenDecoder {
    /// A page or a push ends a line, whether or not it ends in a newline.
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { framer, listener } = self;
        framer.split(bytes, |framed| listener.handle_line(framed, received));
        framer.finish(|framed| listener.handle_line(framed, received));
    }

    fn handle_timeout(&mut self, _now: Timestamp) {}

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.listener.outbox.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.listener.outbox.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let tally = &self.listener.tally;
        each("lines", tally.lines);
        each("bearings", tally.bearings);
        each("unchanged", tally.unchanged);
        each("torn", tally.torn);
        each("refused", tally.refused);
        each("uncertain", tally.uncertain);
        each("ambiguous", tally.ambiguous);
        each("unplaced", tally.unplaced);
        each("long_lines", tally.long_lines);
        each("channels", self.listener.channels.len() as u64);
        each("channels_evicted", self.listener.channels.evicted());
        self.listener.outbox.counters(each);
    }
}

impl Listener {
    fn handle_line(&mut self, framed: Framed<'_>, received: Timestamp) {
        let line = match framed {
            Framed::Line(line) => line.trim_ascii(),
            Framed::TooLong => {
                self.tally.lines += 1;
                self.tally.long_lines += 1;
                return self.refuse(LINE_BYTES_MAX, "line", Reason::TooLarge { bound: LINE_BYTES_MAX });
            }
        };
        if line.is_empty() {
            return;
        }
        self.tally.lines += 1;
        match line::read(line) {
            Ok(said) => match self.judge(&said, received) {
                Fate::Unchanged => self.tally.unchanged += 1,
                Fate::Uncertain => self.tally.uncertain += 1,
                Fate::Ambiguous => self.tally.ambiguous += 1,
                Fate::Unplaced => self.tally.unplaced += 1,
                Fate::Bearing(scan) => {
                    self.tally.bearings += 1;
                    self.outbox.push(Report::Scan(scan));
                }
            },
            Err(line::Fault::Torn) => self.tally.torn += 1,
            Err(line::Fault::Field(offset, field, reason)) => {
                self.tally.refused += 1;
                self.refuse(offset, field, reason);
            }
        }
    }

    fn judge(&mut self, said: &Said, received: Timestamp) -> Fate {
        let channel = channel(said.frequency_hz);
        let last = self.channels.hear(channel, received, || Timestamp::EPOCH);
        if *last == said.time {
            return Fate::Unchanged;
        }
        *last = said.time;
        if said.confidence < self.config.confidence_min {
            return Fate::Uncertain;
        }
        if said.array == Array::Linear {
            return Fate::Ambiguous;
        }
        let Some(heading) = self.heading(said) else { return Fate::Unplaced };
        let from = match (self.config.mobile, said.place) {
            (true, None) => return Fate::Unplaced,
            (true, Some(place)) => Some(place),
            (false, _) => None,
        };
        let polar = Polar {
            azimuth: Measured { value: (heading + said.bearing_deg).to_radians(), sigma: self.config.azimuth_sigma },
            range: None,
            elevation: None,
            height: None,
            range_rate: None,
        };
        let fingerprint = fingerprint(said.frequency_hz, CHANNEL_CONFUSION);
        let identity = Identity { fingerprint, class: ObjectClass::Emitter, ..Identity::UNKNOWN };
        let mut returns = self.outbox.list();
        returns.push(Return::unnamed(Place::Polar(polar), identity));
        Fate::Bearing(OwnedScan {
            time: said.time - Span::from_secs_f64(said.frame_s / 2.0),
            time_quality: TimeQuality::Sensor,
            from: from.map(platform),
            coverage: Coverage::Reports,
            returns,
        })
    }

    /// Degrees clockwise from true north to the array's forward direction.
    fn heading(&self, said: &Said) -> Option<f64> {
        match self.config.heading {
            Heading::Fixed(heading) => Some(heading),
            Heading::Gps => said.gps_heading_deg,
            Heading::Compass(declination) => said.compass_heading_deg.map(|magnetic| magnetic + declination),
        }
    }

    fn refuse(&mut self, offset: usize, field: &'static str, reason: Reason) {
        self.outbox.refuse(DecodeError { format: "kraken", offset, field, reason });
    }
}

const fn platform(position: Geodetic) -> Platform {
    let (horizontal_sigma_m, vertical_sigma_m) = PLACE_SIGMA_M;
    // What its heading is off by is part of the sigma that its bearings are configured with.
    Platform {
        position,
        horizontal_sigma_m,
        vertical_sigma_m,
        heading_sigma: 0.0,
        tilt_sigma: 0.0,
        lasts: Some(NAVIGATION_ERROR_LASTS),
        number: 0,
    }
}

/// The channel of a frequency, by its number from 0 Hz.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a frequency is positive and below 2⁵³")]
fn channel(frequency_hz: f64) -> u64 {
    fusion_core::maths::round(frequency_hz / CHANNEL_HZ) as u64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_001);

    fn config() -> KrakenConfig {
        KrakenConfig { azimuth_sigma: 0.05, heading: Heading::Fixed(0.0), confidence_min: 0.0, mobile: false }
    }

    /// A line as the page has it: 17 fields, then the spectrum.
    fn line(millis: i64, bearing: f64, array: &str) -> String {
        let spectrum = ",0.1".repeat(360);
        format!(
            "{millis}, {bearing}, 12.5, -40.1, 433920000, {array}, 100, alpha, 52.1, 21.2, 90, 85, GPS, R, R, R, R\
             {spectrum}"
        )
    }

    fn fed(config: KrakenConfig, text: &str) -> (KrakenDecoder, Vec<OwnedScan>) {
        let mut decoder = KrakenDecoder::new(config);
        decoder.handle_bytes(text.as_bytes(), NOW);
        let scans = core::iter::from_fn(|| decoder.poll_report())
            .filter_map(|report| match report {
                Ok(Report::Scan(scan)) => Some(scan),
                _ => None,
            })
            .collect();
        (decoder, scans)
    }

    fn azimuth_deg(scan: &OwnedScan) -> f64 {
        let [Return { place: Place::Polar(polar), .. }] = &scan.returns[..] else { panic!("{scan:?}") };
        polar.azimuth.value.to_degrees()
    }

    #[test]
    fn a_bearing_is_turned_by_the_heading_and_dated_to_the_middle_of_its_frame() {
        let text = line(1_700_000_000_500, 30.0, "UCA");
        for (heading, expected) in [(Heading::Fixed(10.0), 40.0), (Heading::Gps, 120.0), (Heading::Compass(5.0), 120.0)]
        {
            let (_, scans) = fed(KrakenConfig { heading, ..config() }, &text);
            assert!((azimuth_deg(&scans[0]) - expected).abs() < 1e-9, "{heading:?}");
            assert_eq!(scans[0].time, Timestamp::from_secs(1_700_000_000) + Span::from_millis(450));
            assert_eq!(scans[0].from, None);
        }
    }

    #[test]
    fn a_vehicle_measures_from_where_it_says_it_is() {
        let (_, scans) = fed(KrakenConfig { mobile: true, ..config() }, &line(1_700_000_000_500, 30.0, "UCA"));
        let place = scans[0].from.unwrap().position;
        assert!((place.latitude_deg() - 52.1).abs() < 1e-9 && (place.longitude_deg() - 21.2).abs() < 1e-9);
    }

    #[test]
    fn a_torn_page_an_unchanged_one_and_a_linear_array_are_counted_apart() {
        let whole = line(1_700_000_000_500, 30.0, "UCA");
        let text = format!("{whole}\n{whole}\n{}\n\n{}", &whole[..200], line(1_700_000_000_600, 30.0, "ULA"));
        let (decoder, scans) = fed(config(), &text);
        let tally = decoder.tally();
        assert_eq!((tally.lines, tally.bearings, tally.unchanged, tally.torn, tally.ambiguous), (4, 1, 1, 1, 1));
        assert_eq!(scans.len(), 1);
    }

    #[test]
    fn one_channel_is_one_emitter_whatever_the_receivers_crystal_says() {
        assert_eq!(channel(433_920_000.0), channel(433_920_400.0));
        assert_ne!(channel(433_920_000.0), channel(433_945_000.0));
    }

    #[test]
    fn a_push_in_json_says_the_same() {
        let text = r#"{"station_id":"a","latitude":52.1,"longitude":21.2,"gpsBearing":"90","radioBearing":30.0,
            "conf":12.5,"power":-40.1,"freq":433920000,"antType":"UCA","latency":100,"tStamp":1700000000500,
            "doaArray":[0.1,0.2]}"#
            .replace('\n', "");
        let (decoder, scans) = fed(KrakenConfig { heading: Heading::Gps, ..config() }, &text);
        assert_eq!(decoder.tally().bearings, 1, "{:?}", decoder.tally());
        assert!((azimuth_deg(&scans[0]) - 120.0).abs() < 1e-9);
    }
}
