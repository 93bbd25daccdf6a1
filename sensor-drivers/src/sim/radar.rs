//! A rotating surveillance radar that speaks ASTERIX: CAT048 plots sector by sector, CAT034 north markers and sector
//! crossings between them.
//!
//! The beam is a half plane that turns steadily. A target is seen when the beam passes it: between two sector
//! crossings its azimuth falls from ahead of the beam to behind it. Both ends of a sector are computed the same way by
//! the sector before and the sector after, so nobody is seen twice or slips between. What is measured is slant range
//! and azimuth in the radar's own tangent plane; a height is known only from a transponder, in its steps.
//!
//! The reports are not marked as simulated (SIM in I048/020): a driver that is used in earnest drops those that are.

use core::f64::consts::TAU;

use fusion_core::angle::Angle;
use fusion_core::time::{Span, Timestamp};

use super::clutter::Clutter;
use super::random::{Random, Stream};
use super::scenario::{Radar, Scenario, TargetClass};
use super::site::{Site, View};
use super::truth::{Live, Truth};
use super::{Instrument, span_of_millis};
use crate::asterix::cat034::{MessageType, Rotation, Sector, ServiceMessage, SourcePosition};
use crate::asterix::cat048::{Descriptor, FlightLevel, Mode3A, PolarPosition, TargetReport};
use crate::asterix::common::{AircraftAddress, AircraftIdentification, DataSource, FOOT_M, TimeOfDay};
use crate::asterix::write_block;

/// Sectors of a turn.
const SECTORS: u8 = 32;
/// Above this, the antenna is blind.
const ELEVATION_MAX_DEG: f64 = 50.0;
/// A quarter of a flight level, the unit of transmitted heights.
const QUARTER_LEVEL_M: f64 = 25.0 * FOOT_M;

/// The radar at work.
#[derive(Debug)]
pub(super) struct RotatingRadar {
    spec: Radar,
    site: Site,
    source: DataSource,
    start: Timestamp,
    period: Span,
    latency: Span,
    /// Sector crossings told so far; the antenna now enters sector `crossings` of all turns.
    crossings: i64,
    random: Random,
}

impl RotatingRadar {
    pub(super) fn new(spec: &Radar, scenario: &Scenario, sensor: u16, seed: u64, start: Timestamp) -> Self {
        let position = scenario.locate(&spec.position).expect("a checked scenario has places on earth");
        Self {
            site: Site::at(position),
            source: DataSource { sac: spec.sac, sic: spec.sic },
            start,
            period: Span::from_secs_f64(spec.period_s),
            latency: span_of_millis(spec.latency_ms),
            crossings: 0,
            random: Random::new(seed, Stream::Sensor(sensor)),
            spec: spec.clone(),
        }
    }

    /// When the antenna enters a sector, counted through all turns.
    const fn crossing(&self, number: i64) -> Timestamp {
        let nanos = self.start.as_nanos() + self.period.as_nanos() * number / SECTORS as i64;
        Timestamp::from_nanos(nanos)
    }

    /// The plots between two crossings, in the order of time.
    fn sweep(&mut self, truth: &Truth, sector: i64) -> Vec<TargetReport> {
        let (entry, exit) = (self.crossing(sector), self.crossing(sector + 1));
        let mut seen: Vec<(Timestamp, TargetReport)> = Vec::new();
        for live in truth.live_at(entry) {
            if let Some(time) = self.passes(truth, &live, sector, entry, exit) {
                seen.extend(self.observe(truth, &live, time).map(|report| (time, report)));
            }
        }
        seen.extend(self.false_alarms(sector, entry, exit));
        seen.sort_by_key(|(time, _)| *time);
        seen.into_iter().map(|(_, report)| report).collect()
    }

    /// When the beam passes a target in a sector, if it does.
    fn passes(
        &self,
        truth: &Truth,
        live: &Live<'_>,
        sector: i64,
        entry: Timestamp,
        exit: Timestamp,
    ) -> Option<Timestamp> {
        let at_exit = truth.one_at(live.id, exit)?;
        let ahead = (self.site.view(&live.kinematics).azimuth - beam(sector)).radians();
        let behind = (self.site.view(&at_exit.kinematics).azimuth - beam(sector + 1)).radians();
        let passed = ahead >= 0.0 && behind < 0.0 && ahead - behind < 0.5 * TAU;
        let share = ahead / (ahead - behind);
        passed.then(|| entry + Span::from_secs_f64((exit - entry).as_secs_f64() * share))
    }

    /// The plot of a target in the beam, if the radar sees it.
    fn observe(&mut self, truth: &Truth, live: &Live<'_>, time: Timestamp) -> Option<TargetReport> {
        let live = truth.one_at(live.id, time)?;
        let view = self.site.view(&live.kinematics);
        let answers = live.actor.transponder.is_some();
        let spec = &self.spec;
        let (detection, range_sigma_m, azimuth_sigma_deg) = if answers {
            (spec.detection_probability, spec.range_sigma_m, spec.azimuth_sigma_deg)
        } else {
            (spec.primary_detection_probability, spec.primary_range_sigma_m, spec.primary_azimuth_sigma_deg)
        };
        let primary_too = spec.primary_detection_probability;
        if !self.can_see(live.actor.class(), &view) || !self.random.happens(detection) {
            return None;
        }
        let range_m = view.range_m + range_sigma_m * self.random.normal();
        let azimuth = view.azimuth.radians() + azimuth_sigma_deg.to_radians() * self.random.normal();
        let plot = self.plot(time, range_m.max(0.0), azimuth, TYP_PRIMARY);
        Some(if answers { answered(plot, &live, self.random.happens(primary_too)) } else { plot })
    }

    fn can_see(&self, class: TargetClass, view: &View) -> bool {
        let in_beam = (0.0..ELEVATION_MAX_DEG.to_radians()).contains(&view.elevation);
        in_beam && view.range_m <= self.spec.range_max_m && self.spec.sees.contains(&class)
    }

    fn false_alarms(&mut self, sector: i64, entry: Timestamp, exit: Timestamp) -> Vec<(Timestamp, TargetReport)> {
        let share = 1.0 / f64::from(SECTORS);
        let clutter = Clutter {
            mean: self.spec.clutter_per_scan * share,
            range_max_m: self.spec.range_max_m,
            from: beam(sector),
            width_rad: TAU * share,
        };
        let alarms = clutter.draw(&mut self.random).into_iter();
        let placed = alarms.map(|alarm| {
            let time = entry + Span::from_secs_f64((exit - entry).as_secs_f64() * alarm.share);
            (time, self.plot(time, alarm.range_m, alarm.azimuth.radians(), TYP_PRIMARY))
        });
        placed.collect()
    }

    fn plot(&self, time: Timestamp, range_m: f64, azimuth: f64, typ: u8) -> TargetReport {
        TargetReport {
            source: Some(self.source),
            time_of_day: Some(TimeOfDay::at(time)),
            descriptor: Some(Descriptor { typ, ..Descriptor::default() }),
            position: PolarPosition::from_si(range_m, azimuth),
            ..TargetReport::default()
        }
    }

    /// North marker and sector crossing, as the antenna enters a sector.
    fn service(&self, sector: i64, time: Timestamp) -> Vec<ServiceMessage> {
        let message = |message_type| ServiceMessage {
            source: Some(self.source),
            message_type: Some(message_type),
            time_of_day: Some(TimeOfDay::at(time)),
            ..ServiceMessage::default()
        };
        let number = sector_of_turn(sector);
        let crossing = ServiceMessage {
            sector: Some(Sector { azimuth: number * (u8::MAX / SECTORS + 1) }),
            ..message(MessageType::SECTOR_CROSSING)
        };
        let north = ServiceMessage {
            rotation: Some(Rotation { period: ticks_128(self.spec.period_s) }),
            position: Some(source_position(&self.site)),
            ..message(MessageType::NORTH_MARKER)
        };
        if number == 0 { vec![north, crossing] } else { vec![crossing] }
    }
}

impl Instrument for RotatingRadar {
    fn next_time(&self) -> Timestamp {
        self.crossing(self.crossings) + self.latency
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        let entered = self.crossings;
        self.crossings += 1;
        let plots = if entered > 0 { self.sweep(truth, entered - 1) } else { Vec::new() };
        if !plots.is_empty() {
            write_block(&plots, out).expect("plots of one sector fit a block: their number and values are bounded");
        }
        let service = self.service(entered, self.crossing(entered));
        write_block(&service, out).expect("two short messages fit a block");
    }
}

/// Primary radar alone.
const TYP_PRIMARY: u8 = 1;
/// Mode S roll-call, without and with primary.
const TYP_ROLL_CALL: u8 = 5;
const TYP_ROLL_CALL_PRIMARY: u8 = 7;

/// Adds what the transponder answered.
fn answered(plot: TargetReport, live: &Live<'_>, primary_too: bool) -> TargetReport {
    let Some(transponder) = &live.actor.transponder else { return plot };
    let typ = if primary_too { TYP_ROLL_CALL_PRIMARY } else { TYP_ROLL_CALL };
    let height_m = live.sample(Timestamp::EPOCH).position.height_m;
    TargetReport {
        descriptor: Some(Descriptor { typ, ..Descriptor::default() }),
        mode_3a: Some(Mode3A { mode3a: transponder.mode_3a, ..Mode3A::default() }),
        flight_level: Some(FlightLevel {
            fl: quarter_levels(height_m, transponder.altitude_quarters),
            ..FlightLevel::default()
        }),
        address: live.icao().map(|address| AircraftAddress { address }),
        identification: AircraftIdentification::from_text(&transponder.callsign(live.id.instance)),
        ..plot
    }
}

/// A height in quarters of a flight level, in steps of so many of them.
#[expect(clippy::cast_possible_truncation, reason = "rounded; heights of scenarios are far within 16 bits")]
fn quarter_levels(height_m: f64, step: u32) -> i16 {
    let step = f64::from(step);
    (fusion_core::maths::round(height_m / (QUARTER_LEVEL_M * step)) * step) as i16
}

/// Where the beam points as it enters a sector.
fn beam(sector: i64) -> Angle {
    Angle::from_radians(TAU * f64::from(sector_of_turn(sector)) / f64::from(SECTORS))
}

fn sector_of_turn(sector: i64) -> u8 {
    u8::try_from(sector.rem_euclid(i64::from(SECTORS))).expect("a remainder of 32")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a period is at most 60 s")]
fn ticks_128(seconds: f64) -> u16 {
    fusion_core::maths::round(seconds * 128.0) as u16
}

#[expect(clippy::cast_possible_truncation, reason = "degrees over the step fit 24 bits, the height of an antenna 16")]
fn source_position(site: &Site) -> SourcePosition {
    const STEP_DEG: f64 = 180.0 / (1 << 23) as f64;
    let steps = |degrees: f64| fusion_core::maths::round(degrees / STEP_DEG) as i32;
    SourcePosition {
        hgt: fusion_core::maths::round(site.position.height_m) as i16,
        lat: steps(site.position.latitude_deg()),
        lon: steps(site.position.longitude_deg()),
    }
}
