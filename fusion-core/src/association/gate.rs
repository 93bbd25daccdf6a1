//! Which measurements a track could have given: the ellipsoidal gate ν ᵀS⁻¹ν ≤ γ, and the coarse test before it.
//!
//! γ is the χ² quantile of the gate probability P_G for each dimension. The coarse test looks at single components:
//! νₖ² ≤ γ Sₖₖ is necessary for the ellipsoid, so it never refuses what the gate would admit, and with the measurements
//! sorted by their first component it looks only at the neighbours.

use core::f64::consts::TAU;

use nalgebra::{SMatrix, SVector};

use crate::capacity::DIMENSIONS;
use crate::filter::consistency::chi_square_quantile;
use crate::gaussian::Covariance;
use crate::maths::sqrt;
use crate::model::{Kind, ObservationModel};

/// Thresholds γ by dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    probability: f64,
    thresholds: [f64; DIMENSIONS],
}

impl Gate {
    /// The gate that a true measurement passes with this probability; taken into [0.5, 1 − 10⁻⁹].
    #[must_use]
    pub fn new(probability: f64) -> Self {
        let probability = probability.clamp(0.5, 1.0 - 1e-9);
        let mut thresholds = [0.0; DIMENSIONS];
        for (freedom, threshold) in (1..).zip(&mut thresholds) {
            *threshold = chi_square_quantile(probability, freedom);
        }
        Self { probability, thresholds }
    }

    /// P_G.
    #[must_use]
    pub const fn probability(&self) -> f64 {
        self.probability
    }

    /// γ for a measurement of M dimensions.
    #[must_use]
    pub const fn threshold<const M: usize>(&self) -> f64 {
        self.thresholds[M - 1]
    }
}

/// A measurement as the coarse test sees it: its first two components and their variances.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    /// Its kind.
    pub kind: Kind,
    /// Its place in the scan.
    pub column: u16,
    z: [f64; 2],
    variance: [f64; 2],
}

impl Plot {
    /// A place in memory for one.
    pub const EMPTY: Self = Self { kind: Kind::Position, column: 0, z: [0.0; 2], variance: [0.0; 2] };

    /// From z and the diagonal of R.
    #[must_use]
    pub fn new<const M: usize>(kind: Kind, column: u16, z: &SVector<f64, M>, noise: &Covariance<M>) -> Self {
        let mut plot = Self { kind, column, z: [0.0; 2], variance: [0.0; 2] };
        for k in 0..M.min(2) {
            plot.z[k] = z[k];
            plot.variance[k] = noise.matrix()[(k, k)];
        }
        plot
    }

    /// The order for [`Group::candidates`]: by kind, then by the first component, then by place.
    pub(crate) fn order(&self, other: &Self) -> core::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }

    /// Sorts plots by [`order`](Self::order), in place. Those of one kind are dealt out to even steps first, which
    /// leaves little to compare.
    pub(crate) fn sort(plots: &mut [Self]) {
        let Some(first) = plots.first() else { return };
        let kind = first.kind;
        if plots.len() < WORTH_DEALING || plots.iter().any(|plot| plot.kind != kind) {
            plots.sort_unstable_by(Self::order);
            return;
        }
        let ends = deal(plots);
        let mut from = 0;
        for to in ends.map(usize::from) {
            if to - from > 1 {
                plots[from..to].sort_unstable_by(Self::order);
            }
            from = to;
        }
    }

    /// The order in one number, which is compared at once.
    fn rank(&self) -> u128 {
        // As `f64::total_cmp` has it: what is below zero turned round, and then below the rest.
        let bits = self.z[0].to_bits();
        let place = bits ^ if bits >> 63 == 0 { 1 << 63 } else { u64::MAX };
        u128::from(self.kind as u8) << 80 | u128::from(place) << 16 | u128::from(self.column)
    }
}

/// Fewer plots are sorted at once.
const WORTH_DEALING: usize = 32;

/// Brings plots of one kind into the order of their steps; returns where each step ends.
///
/// Each plot is swapped to the next free place of its own step until the one that belongs here comes ("American flag
/// sort": P. McIlroy, K. Bostic & M. D. McIlroy, "Engineering radix sort", Computing Systems 6 (1993)).
fn deal(plots: &mut [Plot]) -> [u16; STEPS] {
    let (from, to) = plots.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), plot| {
        (if plot.z[0] < from { plot.z[0] } else { from }, if plot.z[0] > to { plot.z[0] } else { to })
    });
    let steps = Steps::over(from, to);
    let mut ends = [0_u16; STEPS];
    plots.iter().for_each(|plot| ends[steps.of(plot.z[0])] += 1);
    let mut next = [0_u16; STEPS];
    let mut sum = 0;
    for (next, end) in next.iter_mut().zip(&mut ends) {
        *next = sum;
        sum += *end;
        *end = sum;
    }
    for step in 0..STEPS {
        while next[step] < ends[step] {
            let here = usize::from(next[step]);
            let own = steps.of(plots[here].z[0]);
            if own != step {
                plots.swap(here, usize::from(next[own]));
            }
            next[own] += 1;
        }
    }
    ends
}

/// The measurements of one kind in a scan, sorted.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    plots: &'a [Plot],
    /// Largest variances of the first two components.
    variance: [f64; 2],
    steps: Steps,
}

/// Where to begin to look for a place among sorted ones: the way from the first to the last is cut into steps of equal
/// length, and of each is known where it begins. So a search need not halve the whole.
#[derive(Clone, Copy, Debug)]
struct Steps {
    from: f64,
    /// Steps per unit; zero if all are in one place.
    scale: f64,
    /// The first plot of each step or beyond it.
    first: [u16; STEPS + 1],
}

/// Steps: as many as make them short where a scan is full, and few enough to lie at hand.
const STEPS: usize = 256;

impl Steps {
    /// Equal steps from the first place to the last, with nothing in them.
    fn over(from: f64, to: f64) -> Self {
        let scale = STEPS_REAL / (to - from);
        Self { from, scale: if scale.is_finite() { scale } else { 0.0 }, first: [0; STEPS + 1] }
    }

    fn new(plots: &[Plot]) -> Self {
        let mut steps = Self::over(plots[0].z[0], plots[plots.len() - 1].z[0]);
        let mut next = 0;
        for (place, plot) in (0..).zip(plots) {
            let own = steps.of(plot.z[0]);
            if own >= next {
                steps.first[next..=own].fill(place);
                next = own + 1;
            }
        }
        let end = u16::try_from(plots.len()).expect("plots are numbered in 16 bits");
        steps.first[next..].fill(end);
        steps
    }

    /// The step that a place lies in: never smaller for a larger place.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
    fn of(&self, place: f64) -> usize {
        // By way of 32 bits, which takes fewer steps.
        (((place - self.from) * self.scale) as u32 as usize).min(STEPS - 1)
    }

    /// The plots among which the first is that is not before a place.
    fn around(&self, place: f64) -> (usize, usize) {
        let own = self.of(place);
        (usize::from(self.first[own]), usize::from(self.first[own + 1]))
    }
}

/// [`STEPS`].
const STEPS_REAL: f64 = 256.0;

impl<'a> Group<'a> {
    /// Plots of one kind, sorted by their first component; `None` if there are none.
    fn new(plots: &'a [Plot]) -> Option<Self> {
        let largest = |k: usize| plots.iter().fold(0.0, |v, p| if p.variance[k] > v { p.variance[k] } else { v });
        let variance = [largest(0), largest(1)];
        (!plots.is_empty()).then(|| Self { plots, variance, steps: Steps::new(plots) })
    }

    /// Splits sorted plots into one group per kind.
    pub(crate) fn split(plots: &'a [Plot]) -> impl Iterator<Item = Self> {
        plots.chunk_by(|a, b| a.kind == b.kind).filter_map(Self::new)
    }

    /// The first two components of each, with their variances.
    pub(crate) fn first_two(&self) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        self.plots.iter().map(|plot| (plot.z, plot.variance))
    }

    /// Their kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.plots[0].kind
    }

    /// The columns of those measurements that pass the coarse test against ẑ and H P Hᵀ.
    pub fn candidates<const M: usize, H: ObservationModel<M>>(
        &self,
        model: &H,
        z_hat: &SVector<f64, M>,
        spread: &SMatrix<f64, M, M>,
        threshold: f64,
    ) -> impl Iterator<Item = u16> {
        let own = [spread[(0, 0)], if M > 1 { spread[(1, 1)] } else { 0.0 }];
        let (from, to) = if H::FIRST_IS_ANGLE {
            (0, f64::INFINITY)
        } else {
            self.window(z_hat[0], threshold * (own[0] + self.variance[0]))
        };
        let aside = self.aside::<M>(threshold * (own[1] + self.variance[1]));
        let second = if M > 1 { z_hat[1] } else { 0.0 };
        self.plots[from..]
            .iter()
            .take_while(move |plot| plot.z[0] <= to)
            .filter(move |plot| {
                let near = |k: usize, nu: f64| nu * nu <= threshold * (own[k] + plot.variance[k]);
                // What lies in the window of the first component is mostly far off in the second.
                let apart = (plot.z[1] - second).abs();
                if apart > aside.0 && apart < aside.1 {
                    return false;
                }
                let mut z = *z_hat;
                for k in 0..M.min(2) {
                    z[k] = plot.z[k];
                }
                let nu = model.residual(&z, z_hat);
                (0..M.min(2)).all(|k| near(k, nu[k]))
            })
            .map(|plot| plot.column)
    }

    /// Between which two differences of the second component a plot certainly lies beyond √`reach_squared`: of an angle
    /// a difference may be as near to a whole turn.
    fn aside<const M: usize>(&self, reach_squared: f64) -> (f64, f64) {
        if M < 2 {
            return (f64::INFINITY, 0.0);
        }
        let reach = widened(sqrt(reach_squared));
        match self.kind() {
            Kind::Position | Kind::HorizontalPosition | Kind::PositionVelocity => (reach, f64::INFINITY),
            Kind::RangeBearing
            | Kind::RangeBearingRate
            | Kind::RangeBearingElevation
            | Kind::RangeBearingElevationRate
            | Kind::Bearing
            | Kind::BearingElevation => (reach, TAU - reach),
        }
    }

    /// The first of the plots whose first component lies within √`reach_squared` of `centre`, and where they end.
    fn window(&self, centre: f64, reach_squared: f64) -> (usize, f64) {
        let reach = widened(sqrt(reach_squared));
        let (from, to) = self.steps.around(centre - reach);
        (from + self.plots[from..to].partition_point(|plot| plot.z[0] < centre - reach), centre + reach)
    }
}

/// A little wider than the test behind it, so that rounding cannot cut off what that would admit.
fn widened(reach: f64) -> f64 {
    reach * (1.0 + 1e-9) + 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Pose;
    use crate::model::MeasurementModel;
    use crate::model::polar::RangeBearing;
    use nalgebra::{Matrix2, Vector2};
    use std::vec::Vec;

    extern crate std;

    #[test]
    fn a_search_by_steps_finds_what_halving_finds() {
        let noise = Covariance::from_sigmas(&Vector2::new(1.0, 1.0)).expect("positive");
        let plots = |count: u16, place: &dyn Fn(f64) -> f64| -> Vec<Plot> {
            let z = |k: u16| Vector2::new(place(f64::from(k)), 0.0);
            let mut plots: Vec<Plot> =
                (0..count).map(|k| Plot::new(Kind::HorizontalPosition, k, &z(k), &noise)).collect();
            plots.sort_unstable_by(Plot::order);
            plots
        };
        let even = plots(700, &|k| 13.0 * k - 3_000.0);
        let crowded = plots(700, &|k| if k < 650.0 { 5.0 + 1e-9 * k } else { -1e9 * k });
        for plots in [even, crowded, plots(300, &|_| 7.0), plots(1, &|_| -7.0)] {
            let group = Group::new(&plots).expect("not empty");
            for plot in &plots {
                for place in [plot.z[0], plot.z[0] - 1e-10, plot.z[0] + 1e-10, plot.z[0] - 6.0, 0.0, f64::NAN, 1e300] {
                    let halved = plots.partition_point(|other| other.z[0] < place - 1e-9);
                    assert_eq!(group.window(place, 0.0).0, halved, "{place}");
                }
            }
        }
    }

    #[test]
    fn plots_that_are_dealt_out_are_sorted() {
        let noise = Covariance::from_sigmas(&Vector2::new(1.0, 1.0)).expect("positive");
        let place = |k: u16| match k % 4 {
            0 => f64::from(k % 7),
            1 => -0.0,
            2 => 1e3 * f64::from(k) * f64::from(k),
            _ => 0.25 * f64::from(k) - 300.0,
        };
        for length in [1_u32, 31, 32, 700] {
            for kinds in [1, 2] {
                let kind = |k: u16| if k.is_multiple_of(kinds) { Kind::HorizontalPosition } else { Kind::RangeBearing };
                let mixed = (0..length).map(|k| k * 577 % length);
                let mixed = mixed.map(|k| u16::try_from(k).expect("few"));
                let plot = |k: u16| Plot::new(kind(k), k, &Vector2::new(place(k), 0.0), &noise);
                let mut plots: Vec<Plot> = mixed.map(plot).collect();
                let mut compared = plots.clone();
                Plot::sort(&mut plots);
                compared.sort_by(Plot::order);
                let columns = |plots: &[Plot]| plots.iter().map(|plot| plot.column).collect::<Vec<u16>>();
                assert_eq!(columns(&plots), columns(&compared));
            }
        }
    }

    #[test]
    fn thresholds_are_those_of_the_printed_tables() {
        let gate = Gate::new(0.9995);
        assert!((gate.threshold::<1>() - 12.1157).abs() < 1e-4);
        assert!((gate.threshold::<2>() - 15.2018).abs() < 1e-4);
        assert!((gate.threshold::<3>() - 17.7300).abs() < 1e-4);
        assert!((gate.threshold::<6>() - 24.1028).abs() < 1e-4);
    }

    #[test]
    fn the_coarse_test_admits_all_that_the_gate_admits() {
        let noise = Covariance::from_sigmas(&Vector2::new(10.0, 0.01)).expect("positive");
        let (z_hat, spread) = (Vector2::new(5_000.0, 3.13), Matrix2::new(400.0, 0.1, 0.1, 4e-4));
        let gate = Gate::new(0.99);
        let factor = Covariance::new(spread + noise.matrix()).expect("positive").factor();
        let readings: Vec<Vector2<f64>> = (0..2_000)
            .map(|k| Vector2::new(4_700.0 + f64::from(k % 50) * 12.0, f64::from(k / 50) * 0.16 - 3.2))
            .collect();
        let mut plots: Vec<Plot> =
            (0..).zip(&readings).map(|(column, z)| Plot::new(Kind::RangeBearing, column, z, &noise)).collect();
        plots.sort_by(Plot::order);
        let model = RangeBearing(&Pose::AT_ORIGIN);
        let group = Group::new(&plots).expect("not empty");
        let coarse: Vec<u16> = group.candidates(&model, &z_hat, &spread, gate.threshold::<2>()).collect();
        let exact: Vec<u16> = (0..2_000)
            .filter(|&k| {
                let nu = model.residual(&readings[usize::from(k)], &z_hat);
                factor.mahalanobis_squared(&nu) <= gate.threshold::<2>()
            })
            .collect();
        assert!(exact.len() > 5 && exact.iter().all(|column| coarse.contains(column)));
        assert!(coarse.len() < 3 * exact.len());
    }
}
