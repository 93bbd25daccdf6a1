//! One scan made ready for association: what is implausible dropped, the rest sorted so that a track finds its
//! neighbours, and what the sensor's model says worked out once.

use core::ops::Range;

use heapless::Vec;

use crate::angle::Angle;
use crate::association::gate::{Group, Plot};
use crate::clutter::{ClutterMap, Place};
use crate::filter::Whereabouts;
use crate::gaussian::Covariance;
use crate::identity::Address;
use crate::label::Label;
use crate::maths::{ln, sin, sqrt};
use crate::measurement::{Coverage, Measurement, Observation, Reading, Scan};
use crate::model::polar::azimuth_and_distance;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::sensor::{FieldOfView, SensorModel};
use crate::tally::{Tally, count};
use crate::trail::Trail;

/// What becomes of one measurement of the scan; its place is the column of the association.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// ln λ, for a measurement that takes part.
    pub(super) log_clutter: Option<f64>,
    /// λ over the even density.
    density_factor: f64,
    /// The odds that it is a new target if no track explains it.
    pub(super) newcomer: f64,
    /// The track whose address it carries.
    pub(super) owner: Option<Owner>,
    /// Σᵢ βᵢⱼ: how much of it the tracks explain.
    pub(super) explained: f64,
    /// The two rows that explain most of it.
    pub(super) claims: [Claim; 2],
}

/// A track that a measurement belongs to by its address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) slot: u16,
    pub(super) distance_squared: f64,
    pub(super) weight: f64,
}

/// A row's share in a measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) row: u16,
    pub(super) beta: f64,
}

impl Column {
    /// A place in memory for one.
    pub const EMPTY: Self = Self {
        log_clutter: None,
        density_factor: 1.0,
        newcomer: 0.0,
        owner: None,
        explained: 0.0,
        claims: [Claim { row: 0, beta: 0.0 }; 2],
    };

    /// Sets the odds of a newcomer from those where clutter is even.
    pub(super) fn expect_newcomer(&mut self, even: f64) {
        self.newcomer = even / self.density_factor;
    }

    /// Notes how much of the measurement a row explains.
    pub(super) fn explain(&mut self, row: u16, beta: f64) {
        self.explained += beta;
        let claim = Claim { row, beta };
        if beta > self.claims[0].beta {
            self.claims = [claim, self.claims[0]];
        } else if beta > self.claims[1].beta {
            self.claims[1] = claim;
        }
    }
}

/// A measurement's address and its column, for finding a track's own measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addressed {
    address: Option<Address>,
    column: u16,
}

impl Addressed {
    /// A place in memory for one.
    pub const EMPTY: Self = Self { address: None, column: 0 };
}

/// How a target stands to a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Whether it was looked at, so that silence would say something.
    pub(super) covered: bool,
    /// P_D at its range.
    pub(super) detection: f64,
    /// ln P_D.
    pub(super) log_detection: f64,
}

impl View {
    /// The same where only a share of the plots is the target's own.
    pub(super) fn shared(self, share: f64) -> Self {
        if share >= 1.0 {
            return self;
        }
        let detection = self.detection * share;
        Self { detection, log_detection: ln(detection), ..self }
    }
}

/// A scan made ready.
pub(super) struct Look<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) sensor: &'a SensorModel,
    /// The join of what the scan and its sensor demand.
    pub(super) label: Label,
    /// ln P_D where it is the same everywhere.
    log_detection: f64,
    /// The factor on the sensor's R that its innovations ask for.
    noise_scale: f64,
    /// How far it looked, and the sines of its lowest and highest elevation.
    farthest: f64,
    lowest: f64,
    highest: f64,
    /// Those that are looked at.
    pub(super) measurements: &'a [Measurement],
    pub(super) groups: Vec<Group<'a>, { Kind::COUNT }>,
    addressed: &'a [Addressed],
    /// Whether no measurement says who it is of.
    pub(super) is_anonymous: bool,
    /// Whether objects themselves told their places, under addresses of their own.
    pub(super) is_own_word: bool,
    /// Where decisions are noted.
    pub(super) trail: Trail<'a>,
}

/// What is known of its sensor beside its model.
#[derive(Clone, Copy)]
pub(super) struct Learnt<'a> {
    pub(super) clutter: Option<&'a ClutterMap>,
    pub(super) noise_scale: f64,
}

/// Memory for one.
pub(super) struct LookMemory<'a> {
    pub(super) columns: &'a mut [Column],
    pub(super) plots: &'a mut [Plot],
    pub(super) addressed: &'a mut [Addressed],
    pub(super) trail: Trail<'a>,
}

/// Whether a measurement is a place, with an address: what transponders broadcast. Radars that hear an address measure
/// the place themselves, in range and azimuth.
const fn tells_its_place(measurement: &Measurement) -> bool {
    let is_place = match measurement.observation {
        Observation::Position(_) | Observation::HorizontalPosition(_) | Observation::PositionVelocity(_) => true,
        Observation::RangeBearing(_)
        | Observation::RangeBearingRate(_)
        | Observation::RangeBearingElevation(_)
        | Observation::RangeBearingElevationRate(_)
        | Observation::Bearing(_)
        | Observation::BearingElevation(_) => false,
    };
    is_place && measurement.identity.address.is_some()
}

impl<'a> Look<'a> {
    /// Makes a scan ready; its columns come back beside it.
    pub(super) fn new(
        scan: &'a Scan<'a>,
        sensor: &'a SensorModel,
        Learnt { clutter, noise_scale }: Learnt<'_>,
        memory: LookMemory<'a>,
        tally: &mut Tally,
    ) -> (Self, &'a mut [Column]) {
        let LookMemory { columns, plots, addressed, trail } = memory;
        let room = columns.len().min(plots.len()).min(addressed.len()).min(crate::capacity::SCAN_MEASUREMENTS_MAX);
        let measurements = &scan.measurements[..scan.measurements.len().min(room)];
        let (columns, plots) = (&mut columns[..measurements.len()], &mut plots[..measurements.len()]);
        tally.measurements += count(measurements.len());
        tally.measurements_over_limit += count(scan.measurements.len() - measurements.len());
        let (admitted, is_anonymous) =
            admit(scan, sensor, Learnt { clutter, noise_scale }, measurements, columns, plots);
        tally.measurements_implausible += count(measurements.len() - admitted);
        trail.admission(columns.iter().map(|column| column.log_clutter.is_some()), scan.measurements.len());
        let plots = &mut plots[..admitted];
        Plot::sort(plots);
        let view = looked_at(sensor, &scan.coverage);
        let look = Self {
            scan,
            sensor,
            label: scan.label.join(sensor.label),
            log_detection: ln(sensor.detection),
            noise_scale,
            farthest: view.range_max_m,
            lowest: sin(view.elevation_min_rad),
            highest: sin(view.elevation_max_rad),
            measurements,
            groups: Group::split(plots).collect(),
            addressed: if is_anonymous { &[] } else { index_addresses(measurements, columns, addressed) },
            is_anonymous,
            is_own_word: scan.coverage == Coverage::Reports && measurements.iter().any(tells_its_place),
            trail,
        };
        (look, columns)
    }

    /// How a target with this state stands to the look.
    ///
    /// Near the edge of a swept sector nobody can tell in which sweep it will be seen: there silence says nothing.
    pub(super) fn view_of(&self, target: &Whereabouts) -> View {
        let range = self.range_to(target);
        let detection = self.sensor.detection_at(range);
        let covered = self.scan.coverage != Coverage::Reports && self.sees(target, range) && self.sweeps(target);
        View { covered, detection, log_detection: self.log_detection(detection) }
    }

    /// R as it is believed: what the measurement claims, times what the sensor's innovations ask for.
    pub(super) fn noise<const M: usize>(&self, reading: &Reading<M>) -> Covariance<M> {
        reading.noise.scaled(self.noise_scale)
    }

    /// ln P_D.
    pub(super) fn log_detection(&self, detection: f64) -> f64 {
        #[expect(clippy::float_cmp, reason = "the same number or not: it saves a logarithm")]
        let usual = detection == self.sensor.detection;
        if usual { self.log_detection } else { ln(detection) }
    }

    /// Whether it is within the field of view: by its range, and by what is known of its height.
    fn sees(&self, target: &Whereabouts, range: f64) -> bool {
        let view = &self.sensor.field_of_view;
        let away = target.place - self.scan.pose.origin.vector();
        let (up, sigma) = (self.scan.pose.axes.column(2).dot(&away), sqrt(target.variance.z));
        (view.range_min_m..=self.farthest).contains(&range)
            && up + sigma >= range * self.lowest
            && up - sigma <= range * self.highest
    }

    fn sweeps(&self, target: &Whereabouts) -> bool {
        let Some((_, width_rad)) = self.scan.coverage.sector() else { return true };
        let (azimuth, distance) = azimuth_and_distance(&self.scan.pose, &target.place);
        let sigma = sqrt(0.5 * (target.variance.x + target.variance.y));
        let margin = EDGE_SIGMAS * sigma / distance.max(1.0);
        if 2.0 * margin >= width_rad {
            return false;
        }
        let included = |offset: f64| self.scan.coverage.includes(Angle::from_radians(azimuth + offset));
        included(-margin) && included(margin)
    }

    /// Whether a target with this state could be within the sensor's range.
    pub(super) fn may_reach(&self, target: &Whereabouts) -> bool {
        let sigma = sqrt(target.variance.x + target.variance.y);
        self.range_to(target) - EDGE_SIGMAS * sigma <= self.sensor.field_of_view.range_max_m
    }

    fn range_to(&self, target: &Whereabouts) -> f64 {
        (target.place - self.scan.pose.origin.vector()).norm()
    }

    /// The columns whose measurements carry this address.
    pub(super) fn with_address(&self, address: Address) -> impl Iterator<Item = u16> {
        let from = self.addressed.partition_point(|entry| entry.address < Some(address));
        self.addressed[from..].iter().take_while(move |e| e.address == Some(address)).map(|entry| entry.column)
    }

    /// Whether any measurement carries an address.
    pub(super) fn has_addresses(&self) -> bool {
        !self.addressed.is_empty()
    }
}

/// Distance from the edge of a sector, in standard deviations, within which a target may turn up on either side.
const EDGE_SIGMAS: f64 = 2.0;

/// The field of view of a look: the sensor's, or what of it a cone covered.
fn looked_at(sensor: &SensorModel, coverage: &Coverage) -> FieldOfView {
    let view = sensor.field_of_view;
    let Coverage::Cone(cone) = coverage else { return view };
    FieldOfView {
        range_max_m: view.range_max_m.min(cone.range_max_m),
        elevation_min_rad: view.elevation_min_rad.max(cone.elevation_min_rad),
        elevation_max_rad: view.elevation_max_rad.min(cone.elevation_max_rad),
        ..view
    }
}

/// Fills in the columns, and the plots of those measurements that are plausible; tells how many those are, and whether
/// no measurement says who it is of. All at once, because each is a long way from the next.
fn admit(
    scan: &Scan<'_>,
    sensor: &SensorModel,
    Learnt { clutter, noise_scale }: Learnt<'_>,
    measurements: &[Measurement],
    columns: &mut [Column],
    plots: &mut [Plot],
) -> (usize, bool) {
    let (mut admitted, mut is_anonymous) = (0, true);
    // Where clutter is even, one logarithm serves all.
    let (mut known, mut log_known) = (f64::NAN, 0.0);
    for (number, (measurement, column)) in (0..).zip(measurements.iter().zip(columns)) {
        let observation = &measurement.observation;
        is_anonymous &= measurement.identity.is_unknown();
        let factor = clutter.map_or(1.0, |map| map.density_factor(sensor, Place::of(observation, &scan.pose)));
        let density = factor * sensor.clutter_density(observation);
        *column = Column::EMPTY;
        if let Some(plot) = visit(Kind::of(observation), &scan.pose, Index { observation, column: number, noise_scale })
            && density > 0.0
            && density.is_finite()
        {
            if density.to_bits() != known.to_bits() {
                (known, log_known) = (density, ln(density));
            }
            column.log_clutter = Some(log_known);
            column.density_factor = factor;
            plots[admitted] = plot;
            admitted += 1;
        }
    }
    (admitted, is_anonymous)
}

fn index_addresses<'a>(
    measurements: &[Measurement],
    columns: &[Column],
    addressed: &'a mut [Addressed],
) -> &'a [Addressed] {
    let mut length = 0;
    for (number, (measurement, column)) in (0..).zip(measurements.iter().zip(columns)) {
        if measurement.identity.address.is_some() && column.log_clutter.is_some() {
            addressed[length] = Addressed { address: measurement.identity.address, column: number };
            length += 1;
        }
    }
    let addressed = &mut addressed[..length];
    addressed.sort_unstable();
    addressed
}

/// Turns an observation into a plot, if its numbers are plausible.
struct Index<'a> {
    observation: &'a Observation,
    column: u16,
    noise_scale: f64,
}

impl KindVisitor for Index<'_> {
    type Output = Option<Plot>;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Option<Plot> {
        let reading = model.reading(self.observation)?;
        let certain = reading.noise.matrix().diagonal().iter().all(|v| *v <= SANE * SANE);
        // Written so that NaN is not plausible.
        let plausible = reading.z.iter().all(|v| v.abs() <= SANE) && certain && has_range(self.observation);
        plausible.then(|| {
            Plot::new(Kind::of(self.observation), self.column, &reading.z, &reading.noise.scaled(self.noise_scale))
        })
    }
}

/// Metres, metres per second or radians beyond which a number is a fault: ten times the way to the moon squared away.
const SANE: f64 = 1e9;

/// A range must be above zero where there is one.
fn has_range(observation: &Observation) -> bool {
    match observation {
        Observation::RangeBearing(r) => r.z[0] > 0.0,
        Observation::RangeBearingRate(r) | Observation::RangeBearingElevation(r) => r.z[0] > 0.0,
        Observation::RangeBearingElevationRate(r) => r.z[0] > 0.0,
        Observation::Position(_)
        | Observation::HorizontalPosition(_)
        | Observation::PositionVelocity(_)
        | Observation::Bearing(_)
        | Observation::BearingElevation(_) => true,
    }
}

/// The part of a slice that a row owns.
pub(super) fn span(first: u32, length: u16) -> Range<usize> {
    let first = usize::try_from(first).expect("pairs are numbered in 32 bits");
    first..first + usize::from(length)
}
