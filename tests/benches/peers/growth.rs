//! How the cost of a scan grows with the number of targets when their density stays the same.
//!
//! One target and half a false measurement to a square kilometre, measured in place once a second. What is more than
//! one scan can hold is swept in sectors, each a scan of its own; all sectors of a second are one revolution and are
//! counted together.

use std::f64::consts::TAU;

use fusion_core::angle::Angle;
use fusion_core::maths::{atan2, sqrt};
use fusion_core::measurement::{Coverage, Measurement, Scan, SensorId};
use fusion_core::nalgebra::Vector3;
use fusion_core::time::Span;

use crate::common::{Chance, fleet, scan};
use crate::drive::{BEGIN, LIFETIME_S, NEW_PER_SCAN, Terms, position, sensor_for, tracker_for};
use crate::measure::{Times, real, timed_cpu};
use crate::options::Options;
use crate::table::{Table, fixed, unknown};

const TARGETS: [u32; 8] = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const CLUTTER_PER_TARGET: f64 = 0.5;
const DETECTION: f64 = 0.9;
const SIGMA_M: f64 = 10.0;
/// By how much the sensor reaches beyond the field.
const MARGIN_M: f64 = 5_000.0;
/// Measurements of a sector at the most, well below what a scan may hold.
const SECTOR: f64 = 2_500.0;
/// Revolutions before the clock counts, and those that are timed.
const WARM: usize = 10;
const TIMED: usize = 20;

pub fn table(_: &Options) -> Table {
    let mut table = Table::new(
        "growth",
        "cost of a revolution at constant density",
        &["targets", "sectors", "measurements", "confirmed", "ms mean", "p50", "max", "ns/(n log₂ n)", "exponent"],
    );
    let mut before: Option<(f64, f64)> = None;
    for targets in TARGETS {
        let field = Field::new(targets);
        let (times, confirmed, measurements) = field.run();
        let n = f64::from(targets);
        let exponent = before.map(|(m, ms)| log2(times.mean / ms) / log2(n / m));
        before = Some((n, times.mean));
        table.row([
            targets.to_string(),
            field.sectors.to_string(),
            fixed(measurements, 0),
            confirmed.to_string(),
            fixed(times.mean, 3),
            fixed(times.p50, 3),
            fixed(times.max, 3),
            fixed(1e6 * times.mean / (n * log2(n)), 1),
            exponent.map_or_else(unknown, |exponent| fixed(exponent, 2)),
        ]);
    }
    table.note("exponent: e of a cost like nᵉ since the row above; n log n has 1.1 to 1.2 here");
    table
}

fn log2(x: f64) -> f64 {
    fusion_core::maths::ln(x) / std::f64::consts::LN_2
}

struct Field {
    targets: Vec<(Vector3<f64>, Vector3<f64>)>,
    terms: Terms,
    sectors: u16,
    seed: u64,
}

impl Field {
    fn new(targets: u32) -> Self {
        let n = f64::from(targets);
        let range_max_m = 1_000.0 * sqrt(n / std::f64::consts::PI);
        let clutter_per_scan = CLUTTER_PER_TARGET * n;
        let seed = u64::from(targets);
        let mut chance = Chance::new(seed);
        let mut targets = fleet(targets, range_max_m, &mut chance);
        // Even over the whole disc.
        for (place, _) in &mut targets {
            *place *= range_max_m * sqrt(chance.uniform()) / place.norm();
        }
        let sectors = (1..).find(|sectors| 1.5 * n < SECTOR * f64::from(*sectors)).expect("some number is enough");
        let terms = Terms {
            detection: DETECTION,
            clutter_per_scan,
            // Nobody leaves.
            range_min_m: 0.0,
            range_max_m: range_max_m + MARGIN_M,
            acceleration: 0.5,
            steady_acceleration: None,
            new_per_scan: NEW_PER_SCAN,
            lifetime_s: LIFETIME_S,
            velocity_sigma_m_s: 50.0,
            tracks: 16_384,
        };
        Self { targets, terms, sectors, seed }
    }

    /// Times of revolutions, confirmed tracks at the end, measurements per revolution.
    fn run(&self) -> (Times, usize, f64) {
        let (mut tracker, sensor) = (tracker_for(&self.terms), sensor_for(&self.terms));
        let (mut times_ms, mut measurements) = (Vec::new(), 0);
        let mut chance = Chance::new(self.seed);
        for second in 0..WARM + TIMED {
            let mut ms = 0.0;
            for sector in 0..self.sectors {
                let look = self.look(second, sector, &mut chance);
                let (outcome, seconds) = timed_cpu(|| tracker.handle_scan(&look.scan(), &sensor));
                outcome.expect("in order");
                ms += 1e3 * seconds;
                measurements += look.seen.len();
            }
            if second >= WARM {
                times_ms.push(ms);
            }
        }
        let confirmed = tracker.tracks().filter(|track| track.is_confirmed()).count();
        (Times::of(times_ms), confirmed, real(measurements) / real(WARM + TIMED))
    }

    /// What one sector of one revolution sees.
    fn look(&self, second: usize, sector: u16, chance: &mut Chance) -> Look {
        let width_rad = TAU / f64::from(self.sectors);
        let from = f64::from(sector) * width_rad;
        let after = real(second) + f64::from(sector) / f64::from(self.sectors);
        let is_inside = |azimuth: f64| (from..from + width_rad).contains(&((azimuth + TAU) % TAU));
        let mut seen = Vec::new();
        for (place, velocity) in &self.targets {
            let at = place + velocity * after;
            if is_inside(atan2(at.x, at.y)) && chance.uniform() < DETECTION {
                let (east, north) = (at.x + SIGMA_M * chance.normal(), at.y + SIGMA_M * chance.normal());
                seen.push(position(north, east, SIGMA_M));
            }
        }
        let radius = self.terms.range_max_m - MARGIN_M;
        let clutter = self.terms.clutter_per_scan / f64::from(self.sectors);
        for _ in (0..).map(f64::from).take_while(|&count| count < clutter) {
            let (range, azimuth) = (radius * sqrt(chance.uniform()), from + width_rad * chance.uniform());
            let (sin, cos) = (fusion_core::maths::sin(azimuth), fusion_core::maths::cos(azimuth));
            seen.push(position(range * cos, range * sin, SIGMA_M));
        }
        let coverage = match self.sectors {
            1 => Coverage::Full,
            _ => Coverage::Sector { from: Angle::from_radians(from), width_rad },
        };
        Look { time: Span::from_secs_f64(after), coverage, seen }
    }
}

struct Look {
    time: Span,
    coverage: Coverage,
    seen: Vec<Measurement>,
}

impl Look {
    fn scan(&self) -> Scan<'_> {
        Scan { coverage: self.coverage, ..scan(SensorId(0), BEGIN + self.time, &self.seen) }
    }
}
