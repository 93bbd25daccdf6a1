//! Where a sensor's false measurements come from: its clutter density by region, learnt while it works.
//!
//! The surroundings of the sensor are cut into [`SECTORS`] of azimuth and [`RINGS`] of range. Rings have the edges
//! R (k / K)²: narrow where the ground and the sea return, wide where they do not. In each cell false measurements are
//! taken as Poisson with an unknown rate whose prior is a gamma density, and what was counted `MEMORY_SCANS` ago weighs
//! e⁻¹. With e the false measurements that one scan would give there if clutter were even, n the scans that covered the
//! cell and m the mass that no track explained (both forgetting),
//!
//! > factor = (a g + m) / (a + e n), a = max(`PRIOR_SCANS` · e, `PRIOR_COUNTS`),
//!
//! is the posterior mean of the rate over e. It multiplies the even density in whatever space the measurement lives
//! ([`SensorModel::clutter_density`]). The prior mean g is the same quantity over all cells together, and its own prior
//! mean is one: a sensor whose configured clutter is wrong everywhere is corrected soon, a region that differs from the
//! rest as soon as its counts say so. Bearings have no range; they are counted by sector alone, apart from the others.
//!
//! Only a look that covers something tells of clutter: a report ([`Coverage::Reports`]) teaches nothing. The estimate
//! is a function of the scans in their order, so whoever replays scans goes back to the map as it was.

use core::f64::consts::TAU;

use crate::angle::Angle;
use crate::maths::{atan2, sqrt};
use crate::measurement::{Cone, Coverage, Observation, Pose};
use crate::sensor::{FieldOfView, SensorModel};
use nalgebra::Vector3;

/// Sectors of azimuth.
pub const SECTORS: usize = 12;
/// Rings of range.
pub const RINGS: usize = 8;
/// The factor is never less: nowhere can a plot be known not to be false.
pub const FACTOR_FLOOR: f64 = 0.05;
/// The factor is never more: nowhere is a target lost altogether.
pub const FACTOR_CEILING: f64 = 100.0;

/// Scans after which what was counted weighs e⁻¹.
const MEMORY_SCANS: f64 = 50.0;
/// The prior weighs as much as so many scans …
const PRIOR_SCANS: f64 = 5.0;
/// … and as so many false measurements at least, or a single one would change the density of a quiet cell manifold.
const PRIOR_COUNTS: f64 = 1.0;

/// What has been learnt of the clutter of one sensor. It knows nothing of the sensor itself, so one without evidence
/// serves any.
#[derive(Clone, Debug, PartialEq)]
pub struct ClutterMap {
    /// m by ring and sector; the last row counts what has no range.
    mass: [[f64; SECTORS]; RINGS + 1],
    /// n by sector.
    scans: [f64; SECTORS],
    /// Σ m of those with a range, and of those without.
    mass_in_all: [f64; 2],
    /// The mean of n over the sectors.
    scans_in_all: f64,
}

/// Where a measurement lies, as far as clutter is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Azimuth in the sensor's own axes.
    pub azimuth: Angle,
    /// How far out, and what even clutter would mean there.
    pub reach: Reach,
}

/// How far out a measurement lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// Nobody knows: a bearing.
    Unknown,
    /// Range in metres, measured: even clutter is even in range.
    Range(f64),
    /// Range in metres, reckoned from a position: even clutter is even in area.
    Ground(f64),
}

impl Place {
    /// Where an observation lies, seen from a sensor.
    #[must_use]
    pub fn of(observation: &Observation, pose: &Pose) -> Self {
        let polar = |azimuth, reach| Self { azimuth: Angle::from_radians(azimuth), reach };
        match observation {
            Observation::Position(r) => Self::of_position(r.z, pose),
            Observation::PositionVelocity(r) => Self::of_position(r.z.fixed_rows::<3>(0).into(), pose),
            Observation::HorizontalPosition(r) => {
                Self::of_position(Vector3::new(r.z[0], r.z[1], pose.origin.vector().z), pose)
            }
            Observation::RangeBearing(r) => polar(r.z[1], Reach::Range(r.z[0])),
            Observation::RangeBearingRate(r) | Observation::RangeBearingElevation(r) => {
                polar(r.z[1], Reach::Range(r.z[0]))
            }
            Observation::RangeBearingElevationRate(r) => polar(r.z[1], Reach::Range(r.z[0])),
            Observation::Bearing(r) => polar(r.z[0], Reach::Unknown),
            Observation::BearingElevation(r) => polar(r.z[0], Reach::Unknown),
        }
    }

    fn of_position(position: Vector3<f64>, pose: &Pose) -> Self {
        let d = pose.axes.tr_mul(&(position - pose.origin.vector()));
        Self { azimuth: Angle::from_radians(atan2(d.x, d.y)), reach: Reach::Ground(d.norm()) }
    }

    fn cell(self, view: &FieldOfView) -> Cell {
        let sectors = self.azimuth.turn() / SECTOR_RAD;
        let row = match self.reach {
            Reach::Unknown => RINGS,
            Reach::Range(range_m) | Reach::Ground(range_m) => ring(range_m, view),
        };
        Cell { row, sector: below(SECTORS, sectors) }
    }

    /// The share of even clutter that falls into a cell of this row.
    fn share(self, row: usize) -> f64 {
        let edge = |k: usize| RING_EDGES[k.min(RINGS)];
        let ring = match self.reach {
            Reach::Unknown => 1.0,
            Reach::Range(_) => edge(row + 1) - edge(row),
            Reach::Ground(_) => edge(row + 1) * edge(row + 1) - edge(row) * edge(row),
        };
        ring / WHOLE_SECTORS
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    row: usize,
    sector: usize,
}

const WHOLE_SECTORS: f64 = 12.0;
const WHOLE_RINGS: f64 = 8.0;
const _: () = assert!(SECTORS == 12 && RINGS == 8, "as whole numbers and as reals they are the same");
const SECTOR_RAD: f64 = TAU / WHOLE_SECTORS;

/// (k / K)², the edges of the rings over the largest range.
const RING_EDGES: [f64; RINGS + 1] =
    [0.0, 1.0 / 64.0, 4.0 / 64.0, 9.0 / 64.0, 16.0 / 64.0, 25.0 / 64.0, 36.0 / 64.0, 49.0 / 64.0, 1.0];

/// The ring of a range; what lies beyond the last belongs to it.
fn ring(range_m: f64, view: &FieldOfView) -> usize {
    below(RINGS, WHOLE_RINGS * sqrt((range_m / view.range_max_m).max(0.0)))
}

/// The whole part of a number, as an index below a bound; NaN is the first.
fn below(bound: usize, x: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and that is meant")]
    let whole = x as usize;
    whole.min(bound - 1)
}

impl ClutterMap {
    /// Without evidence: clutter is as configured, everywhere.
    pub const EMPTY: Self =
        Self { mass: [[0.0; SECTORS]; RINGS + 1], scans: [0.0; SECTORS], mass_in_all: [0.0; 2], scans_in_all: 0.0 };

    /// Learns from one scan: what it covered, and of each of its measurements how much (0 to 1) no track explains.
    ///
    /// Mass that a track of doubtful existence explains should count as unexplained by that doubt, or clutter that
    /// founded a track would hide itself.
    pub fn handle_scan(
        &mut self,
        sensor: &SensorModel,
        coverage: &Coverage,
        unexplained: impl IntoIterator<Item = (Place, f64)>,
    ) {
        if *coverage == Coverage::Reports {
            return;
        }
        let mut covered = [0.0; SECTORS];
        for (number, share) in (0_u32..).zip(&mut covered) {
            *share = covered_share(coverage, f64::from(number) * SECTOR_RAD);
        }
        self.forget(&covered);
        for (place, mass) in unexplained {
            let cell = place.cell(&sensor.field_of_view);
            // NaN becomes zero.
            if covered[cell.sector] > 0.0 && mass > 0.0 {
                self.mass[cell.row][cell.sector] += mass.min(1.0);
            }
        }
        self.add_up();
    }

    /// The density of clutter at a place over the even density that is configured, from [`FACTOR_FLOOR`] to
    /// [`FACTOR_CEILING`].
    #[must_use]
    pub fn density_factor(&self, sensor: &SensorModel, place: Place) -> f64 {
        self.posterior(sensor, place).mean().clamp(FACTOR_FLOOR, FACTOR_CEILING)
    }

    /// The posterior mean of that factor, without bounds, and its standard deviation.
    #[must_use]
    pub fn believed_factor(&self, sensor: &SensorModel, place: Place) -> (f64, f64) {
        let posterior = self.posterior(sensor, place);
        (posterior.mean(), sqrt(posterior.shape) / posterior.rate)
    }

    /// λ of a measurement: expected false measurements per unit of its own space, where it is.
    #[must_use]
    pub fn density(&self, sensor: &SensorModel, observation: &Observation, pose: &Pose) -> f64 {
        let even = sensor.clutter_density(observation);
        if sensor.learn_clutter { even * self.density_factor(sensor, Place::of(observation, pose)) } else { even }
    }

    /// What is believed of the factor of a cell.
    fn posterior(&self, sensor: &SensorModel, place: Place) -> Gamma {
        let cell = place.cell(&sensor.field_of_view);
        let kind = usize::from(cell.row == RINGS);
        let level = Gamma::prior(1.0, sensor.clutter_per_scan).counted(self.mass_in_all[kind], self.scans_in_all);
        let even = sensor.clutter_per_scan * place.share(cell.row);
        Gamma::prior(level.mean(), even).counted(self.mass[cell.row][cell.sector], self.scans[cell.sector])
    }

    fn forget(&mut self, covered: &[f64; SECTORS]) {
        for (sector, share) in covered.iter().enumerate() {
            let kept = 1.0 - share / MEMORY_SCANS;
            self.scans[sector] = kept * self.scans[sector] + share;
            self.mass.iter_mut().for_each(|row| row[sector] *= kept);
        }
    }

    fn add_up(&mut self) {
        let with_range: f64 = self.mass[..RINGS].iter().flatten().sum();
        self.mass_in_all = [with_range, self.mass[RINGS].iter().sum()];
        self.scans_in_all = self.scans.iter().sum::<f64>() / WHOLE_SECTORS;
    }
}

impl Default for ClutterMap {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// A gamma density of a rate, over the even rate.
#[derive(Clone, Copy, Debug)]
struct Gamma {
    /// The even rate: counts a scan.
    even: f64,
    shape: f64,
    rate: f64,
}

impl Gamma {
    fn prior(mean: f64, even: f64) -> Self {
        let rate = (PRIOR_SCANS * even).max(PRIOR_COUNTS);
        Self { even, shape: rate * mean, rate }
    }

    /// After so many counts in so many scans.
    fn counted(self, counts: f64, scans: f64) -> Self {
        Self { shape: self.shape + counts, rate: self.rate + self.even * scans, ..self }
    }

    fn mean(self) -> f64 {
        self.shape / self.rate
    }
}

/// How much of the sector that begins at `start` was covered, 0 to 1.
fn covered_share(coverage: &Coverage, start: f64) -> f64 {
    match *coverage {
        Coverage::Full => 1.0,
        Coverage::Reports => 0.0,
        Coverage::Sector { from, width_rad } | Coverage::Cone(Cone { from, width_rad, .. }) => {
            // The sweep begins `ahead` after the sector does and may come round to it again.
            let ahead = (from - Angle::from_radians(start)).turn();
            let end = ahead + width_rad.clamp(0.0, TAU);
            let first = (end.min(SECTOR_RAD) - ahead).max(0.0);
            let round_again = (end - TAU).clamp(0.0, SECTOR_RAD);
            // NaN becomes zero.
            ((first + round_again) / SECTOR_RAD).max(0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Enu, Position};
    use crate::gaussian::Covariance;
    use crate::measurement::Reading;
    use nalgebra::Matrix3;

    const SENSOR: SensorModel = SensorModel { clutter_per_scan: 24.0, learn_clutter: true, ..SensorModel::PLAIN };

    fn plot(azimuth_deg: f64, range_m: f64) -> Place {
        Place { azimuth: Angle::from_degrees(azimuth_deg), reach: Reach::Range(range_m) }
    }

    fn bearing(azimuth_deg: f64) -> Place {
        Place { azimuth: Angle::from_degrees(azimuth_deg), reach: Reach::Unknown }
    }

    fn sector(from_deg: f64, width_deg: f64) -> Coverage {
        Coverage::Sector { from: Angle::from_degrees(from_deg), width_rad: width_deg.to_radians() }
    }

    /// A map after so many full looks with these false plots in each.
    fn after(scans: u32, each: &[(Place, f64)]) -> ClutterMap {
        let mut map = ClutterMap::EMPTY;
        (0..scans).for_each(|_| map.handle_scan(&SENSOR, &Coverage::Full, each.iter().copied()));
        map
    }

    #[test]
    fn a_map_takes_less_than_a_kilobyte() {
        assert!(size_of::<ClutterMap>() < 1_024, "{}", size_of::<ClutterMap>());
    }

    #[test]
    fn without_evidence_clutter_is_as_configured() {
        for place in [plot(10.0, 5.0), plot(200.0, 399e3), plot(0.0, 1e9), bearing(77.0)] {
            assert!((ClutterMap::EMPTY.density_factor(&SENSOR, place) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_shares_of_all_cells_make_one() {
        for reach in [Reach::Range(0.0), Reach::Ground(0.0)] {
            let place = Place { azimuth: Angle::ZERO, reach };
            let rings: f64 = (0..RINGS).map(|row| place.share(row)).sum();
            assert!((rings * WHOLE_SECTORS - 1.0).abs() < 1e-12);
        }
        assert!((bearing(0.0).share(RINGS) * WHOLE_SECTORS - 1.0).abs() < 1e-12);
    }

    #[test]
    fn every_place_has_its_cell() {
        let view = FieldOfView { range_max_m: 64_000.0, ..FieldOfView::WIDE };
        let cell = |place: Place| (place.cell(&view).row, place.cell(&view).sector);
        assert_eq!(cell(plot(0.0, 0.0)), (0, 0));
        assert_eq!(cell(plot(29.9, 999.0)), (0, 0));
        assert_eq!(cell(plot(30.1, 1_000.0)), (1, 1));
        assert_eq!(cell(plot(-0.1, 63_999.0)), (7, 11));
        assert_eq!(cell(plot(180.1, 1e9)), (7, 6));
        assert_eq!(cell(bearing(359.9)), (RINGS, 11));
        assert_eq!(cell(plot(f64::NAN, f64::NAN)), (0, 0));
    }

    #[test]
    fn a_position_lies_where_the_sensor_sees_it() {
        let east = Position::<Enu>::new(1_000.0, 0.0, 0.0);
        let pose =
            Pose { origin: east, axes: Matrix3::new(0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0), ..Pose::AT_ORIGIN };
        let noise = Covariance::from_sigmas(&Vector3::repeat(1.0)).expect("positive");
        let fix = Observation::Position(Reading { z: Vector3::new(1_000.0, 3_000.0, 4_000.0), noise });
        let place = Place::of(&fix, &pose);
        assert!((place.azimuth.degrees() + 90.0).abs() < 1e-9, "{place:?}");
        assert_eq!(place.reach, Reach::Ground(5_000.0));
    }

    #[test]
    fn even_clutter_of_the_configured_density_leaves_the_factor_at_one() {
        // What even clutter gives on average: its share in every cell.
        let cells = (0..SECTORS).flat_map(|sector| (0..=RINGS).map(move |row| (row, sector)));
        let mut map = ClutterMap::EMPTY;
        for (row, sector) in cells {
            let share = if row == RINGS { 1.0 } else { RING_EDGES[row + 1] - RING_EDGES[row] } / WHOLE_SECTORS;
            map.mass[row][sector] = 40.0 * 24.0 * share;
        }
        map.scans = [40.0; SECTORS];
        map.add_up();
        for place in [plot(5.0, 100.0), plot(185.0, 200e3), bearing(300.0)] {
            let (factor, sigma) = map.believed_factor(&SENSOR, place);
            assert!((factor - 1.0).abs() < 1e-12 && sigma < 1.0, "{factor} ± {sigma}");
        }
    }

    #[test]
    fn a_missing_scan_and_a_report_change_nothing() {
        let map = after(20, &[(plot(45.0, 50e3), 1.0)]);
        let mut same = map.clone();
        same.handle_scan(&SENSOR, &Coverage::Reports, [(plot(45.0, 50e3), 1.0)]);
        assert_eq!(same, map);
    }

    #[test]
    fn what_tracks_explain_does_not_raise_it() {
        let (target, elsewhere) = (plot(45.0, 50e3), plot(225.0, 50e3));
        let map = after(100, &[(target, 0.0)]);
        let factors = [target, elsewhere].map(|place| map.density_factor(&SENSOR, place));
        assert!((factors[0] - factors[1]).abs() < 1e-15 && factors[0] < 0.2, "{factors:?}");
    }

    #[test]
    fn an_empty_region_goes_low_but_never_to_nothing() {
        let map = after(10_000, &[]);
        let factor = map.density_factor(&SENSOR, plot(0.0, 390e3));
        assert!((FACTOR_FLOOR..0.2).contains(&factor), "{factor}");
        assert!(map.believed_factor(&SENSOR, plot(0.0, 390e3)).0 > 0.0);
    }

    #[test]
    fn one_false_plot_of_a_quiet_sensor_is_no_storm() {
        let quiet = SensorModel { clutter_per_scan: 0.01, ..SENSOR };
        let mut map = ClutterMap::EMPTY;
        map.handle_scan(&quiet, &Coverage::Full, [(plot(0.0, 100e3), 1.0)]);
        let factor = map.density_factor(&quiet, plot(0.0, 100e3));
        assert!((1.0..4.0).contains(&factor), "{factor}");
    }

    #[test]
    fn a_sensor_that_is_wrong_everywhere_is_corrected_in_a_few_scans() {
        // One false plot a scan, each in another direction, where one in a hundred was configured.
        let quiet = SensorModel { clutter_per_scan: 0.01, ..SENSOR };
        let mut map = ClutterMap::EMPTY;
        for scan in 0..20 {
            map.handle_scan(&quiet, &Coverage::Full, [(plot(f64::from(scan) * 77.0, 100e3), 1.0)]);
        }
        let unseen = map.density_factor(&quiet, plot(f64::from(20 * 77), 390e3));
        assert!((10.0..100.0).contains(&unseen), "{unseen}");
    }

    #[test]
    fn bearings_and_plots_are_counted_apart() {
        let map = after(100, &[(bearing(45.0), 1.0), (bearing(45.0), 1.0), (bearing(45.0), 1.0), (bearing(45.0), 1.0)]);
        assert!(map.density_factor(&SENSOR, bearing(45.0)) > 1.5);
        assert!(map.density_factor(&SENSOR, bearing(225.0)) < 0.3);
        assert!(map.density_factor(&SENSOR, plot(45.0, 390e3)) < 0.3);
    }

    #[test]
    fn a_sweep_covers_the_sectors_that_it_crosses() {
        let share = |coverage: &Coverage, number: f64| covered_share(coverage, number * SECTOR_RAD);
        let across_north = sector(345.0, 30.0);
        assert!((share(&across_north, 11.0) - 0.5).abs() < 1e-9 && (share(&across_north, 0.0) - 0.5).abs() < 1e-9);
        assert!(share(&across_north, 1.0).abs() < 1e-9 && share(&across_north, 6.0).abs() < 1e-9);
        let whole = sector(17.0, 360.0);
        assert!((0..12).all(|number| (share(&whole, f64::from(number)) - 1.0).abs() < 1e-9));
        assert!((share(&sector(40.0, 10.0), 1.0) - 1.0 / 3.0).abs() < 1e-9);
        let nonsense = Coverage::Sector { from: Angle::ZERO, width_rad: f64::NAN };
        assert!(share(&nonsense, 0.0).abs() < 1e-15);
    }

    #[test]
    fn sweeps_that_make_a_turn_teach_what_one_look_does() {
        let plots = [(plot(45.0, 100e3), 1.0), (plot(200.0, 300e3), 0.4)];
        let whole = after(30, &plots);
        let mut swept = ClutterMap::EMPTY;
        for number in 0..30 * 32 {
            let from = f64::from(number % 32) * 11.25;
            let coverage = sector(from, 11.25);
            let seen = plots.into_iter().filter(|(place, _)| coverage.includes(place.azimuth));
            swept.handle_scan(&SENSOR, &coverage, seen);
        }
        for place in [plot(45.0, 100e3), plot(200.0, 300e3), plot(300.0, 10e3)] {
            let factors = [&whole, &swept].map(|map| map.density_factor(&SENSOR, place));
            assert!((factors[0] / factors[1] - 1.0).abs() < 0.02, "{factors:?}");
        }
    }

    #[test]
    fn nonsense_leaves_the_map_sound() {
        let seen = [(plot(f64::NAN, f64::NAN), f64::NAN), (plot(0.0, -1.0), 1e300), (bearing(1e300), -5.0)];
        let mut map = ClutterMap::EMPTY;
        for coverage in [Coverage::Full, sector(f64::NAN, 90.0), sector(0.0, f64::INFINITY), sector(0.0, -3.0)] {
            map.handle_scan(&SENSOR, &coverage, seen);
        }
        for place in [plot(f64::NAN, f64::NAN), plot(0.0, 1e3), bearing(f64::INFINITY)] {
            assert!((FACTOR_FLOOR..=FACTOR_CEILING).contains(&map.density_factor(&SENSOR, place)));
        }
    }
}
