//! NEES: is the error as large as the covariance says? (Bar-Shalom, Li and Kirubarajan, 2001, §5.4.)
//!
//! ε = eᵀ P⁻¹ e is χ²-distributed with as many degrees of freedom as e has components if the tracker is consistent. Its
//! mean over all samples, divided by that number, is the ANEES: 1 is consistent, above 1 overconfident, below 1 too
//! modest.
//!
//! Pairs are those of T-GOSPA ([`trajectory`](super::trajectory)), whose assignment runs through the whole of the run
//! and pays for every change. The nearest track of each frame would flatter the tracker. Pairs that stay together while
//! they are within a gate, as [`identity`](super::identity) has them, would charge the covariance with numbers: where
//! objects fly closer together than the gate is wide, a track that was taken for the neighbour's when it was new, or
//! that has gone over to the neighbour, would be off by their distance for as long as they fly together. That it is
//! another's is no error of its state, and counted as a switch. The cut-off of GOSPA cuts errors beyond it off; it
//! should be many standard deviations wide.
//!
//! Two bands are given, within which the ANEES of a consistent tracker lies with 95 %: one as though all samples were
//! independent, one as though each track were a single sample. Errors along a track are correlated, so the truth lies
//! between. The χ² quantiles of a band are Wilson and Hilferty's (PNAS 17, 1931), within 1 % from 10 degrees of
//! freedom, fewer of which yield no band; those of a single sample are exact to 7 digits.

use serde::Serialize;

use fusion_core::frame::Velocity;
use fusion_core::geodesy::TangentPlane;

use super::average::{Average, ratio, real};
use super::covariance::{Matrix6, block, from_upper, squared_distance};
use super::point::{Dimensions, TrackPoint, TruthPoint};

/// The 97.5 % point of the standard normal distribution.
const Z_975: f64 = 1.959_963_984_540_054;

/// The fewest degrees of freedom for which a band is given.
const BAND_FREEDOM_MIN: u64 = 10;

/// NEES over many frames: of position, and of position with velocity.
#[derive(Clone, Debug)]
pub(super) struct NeesTotals {
    position: Consistency,
    state: Consistency,
}

/// What one pair says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    position: Epsilon,
    state: Epsilon,
}

/// ε of one kind of error.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Epsilon {
    /// The truth does not know so much of itself.
    Unknown,
    /// The covariance is not positive definite.
    Refused,
    /// ε.
    Is(f64),
}

impl Sample {
    /// Of a truth and a track; a track without a covariance says nothing here.
    pub(super) fn of(dimensions: Dimensions, truth: &TruthPoint<'_>, track: &TrackPoint<'_>) -> Option<Self> {
        let (p, e) = (from_upper(&track.covariance_enu?), error(truth, track));
        let position = match dimensions {
            Dimensions::Horizontal => of_axes(&p, &e, [0, 1]),
            Dimensions::Spatial => of_axes(&p, &e, [0, 1, 2]),
        };
        let state = || match dimensions {
            Dimensions::Horizontal => of_axes(&p, &e, [0, 1, 3, 4]),
            Dimensions::Spatial => Epsilon::of(squared_distance(&p, &e)),
        };
        Some(Self { position, state: truth.velocity_enu_m_s.map_or(Epsilon::Unknown, |_| state()) })
    }
}

impl Epsilon {
    fn of(epsilon: Option<f64>) -> Self {
        epsilon.map_or(Self::Refused, Self::Is)
    }
}

/// What NEES says about a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NeesSummary {
    /// Of the position alone.
    pub position: ConsistencySummary,
    /// Of position and velocity, over truths whose velocity is known.
    pub state: ConsistencySummary,
}

/// NEES of one kind of error over a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ConsistencySummary {
    /// Components of the error: the degrees of freedom of one sample.
    pub freedom: u8,
    /// Pairs with a covariance.
    pub samples: u64,
    /// Tracks that they belong to.
    pub tracks: u64,
    /// Mean of ε / freedom; 1 is consistent.
    pub anees: Option<f64>,
    /// Where the ANEES should lie if all samples were independent.
    pub band_by_sample: Option<[f64; 2]>,
    /// Where the ANEES should lie if each track were one sample.
    pub band_by_track: Option<[f64; 2]>,
    /// The share of samples inside their own central 95 %; 0.95 is consistent.
    pub inside: Option<f64>,
    /// Covariances that were not positive definite and told nothing.
    pub refused: u64,
}

impl NeesTotals {
    pub(super) fn new(dimensions: Dimensions) -> Self {
        let (position, state) = match dimensions {
            Dimensions::Horizontal => (CHI_SQUARE_2, CHI_SQUARE_4),
            Dimensions::Spatial => (CHI_SQUARE_3, CHI_SQUARE_6),
        };
        Self { position: Consistency::new(position), state: Consistency::new(state) }
    }

    /// Takes in what one pair says; `who` is the track's number.
    pub(super) fn add(&mut self, who: usize, sample: &Sample) {
        self.position.add(who, sample.position);
        self.state.add(who, sample.state);
    }

    pub(super) fn summary(&self) -> NeesSummary {
        NeesSummary { position: self.position.summary(), state: self.state.summary() }
    }
}

fn of_axes<const N: usize>(p: &Matrix6, e: &[f64; 6], axes: [usize; N]) -> Epsilon {
    Epsilon::of(squared_distance(&block(p, axes), &axes.map(|axis| e[axis])))
}

/// Track less truth in the axes at the track: metres, then m/s (zero where the truth's velocity is not known).
fn error(truth: &TruthPoint<'_>, track: &TrackPoint<'_>) -> [f64; 6] {
    let (at_truth, at_track) = (TangentPlane::at(truth.position), TangentPlane::at(track.position));
    let p = at_track.to_enu(truth.position.to_ecef());
    let [east, north, up] = track.velocity_enu_m_s;
    let v = truth.velocity_enu_m_s.map_or([0.0; 3], |[e, n, u]| {
        let v = at_track.velocity_to_enu(at_truth.velocity_to_ecef(Velocity::new(e, n, u)));
        [east - v.vector().x, north - v.vector().y, up - v.vector().z]
    });
    [-p.vector().x, -p.vector().y, -p.vector().z, v[0], v[1], v[2]]
}

/// The central 95 % of χ² with a few degrees of freedom.
#[derive(Clone, Copy, Debug)]
struct ChiSquare {
    freedom: u8,
    central: [f64; 2],
}

const CHI_SQUARE_2: ChiSquare = ChiSquare { freedom: 2, central: [0.050_635_62, 7.377_758_9] };
const CHI_SQUARE_3: ChiSquare = ChiSquare { freedom: 3, central: [0.215_795_3, 9.348_403_6] };
const CHI_SQUARE_4: ChiSquare = ChiSquare { freedom: 4, central: [0.484_418_6, 11.143_286_8] };
const CHI_SQUARE_6: ChiSquare = ChiSquare { freedom: 6, central: [1.237_344_2, 14.449_375_3] };

/// Samples of one kind of NEES.
#[derive(Clone, Debug)]
struct Consistency {
    chi_square: ChiSquare,
    nees: Average,
    inside: u64,
    refused: u64,
    /// By track: has it given a sample?
    has_sample: Vec<bool>,
}

impl Consistency {
    fn new(chi_square: ChiSquare) -> Self {
        Self { chi_square, nees: Average::default(), inside: 0, refused: 0, has_sample: Vec::new() }
    }

    fn add(&mut self, who: usize, epsilon: Epsilon) {
        let nees = match epsilon {
            Epsilon::Unknown => return,
            Epsilon::Refused => {
                self.refused += 1;
                return;
            }
            Epsilon::Is(nees) => nees,
        };
        let [low, high] = self.chi_square.central;
        self.nees.add(nees);
        self.inside += u64::from((low..=high).contains(&nees));
        if self.has_sample.len() <= who {
            self.has_sample.resize(who + 1, false);
        }
        self.has_sample[who] = true;
    }

    fn summary(&self) -> ConsistencySummary {
        let freedom = self.chi_square.freedom;
        let tracks = self.has_sample.iter().map(|&has| u64::from(has)).sum();
        ConsistencySummary {
            freedom,
            samples: self.nees.terms,
            tracks,
            anees: self.nees.mean().map(|mean| mean / f64::from(freedom)),
            band_by_sample: band(self.nees.terms * u64::from(freedom)),
            band_by_track: band(tracks * u64::from(freedom)),
            inside: ratio(self.inside, self.nees.terms),
            refused: self.refused,
        }
    }
}

/// The central 95 % of χ²/k with k degrees of freedom: where a mean of k squared unit errors should lie.
fn band(freedom: u64) -> Option<[f64; 2]> {
    (freedom >= BAND_FREEDOM_MIN).then(|| [-Z_975, Z_975].map(|z| wilson_hilferty(real(freedom), z)))
}

/// The quantile of χ²/k at the normal quantile z: (1 − 2/(9k) + z √(2/(9k)))³.
fn wilson_hilferty(k: f64, z: f64) -> f64 {
    let a = 2.0 / (9.0 * k);
    let root = 1.0 - a + z * a.sqrt();
    root * root * root
}

#[cfg(test)]
mod tests {
    use fusion_core::frame::Position;
    use fusion_core::geodesy::Geodetic;

    use super::super::point::Status;
    use super::*;

    /// A truth, and a track off by the error (in the axes at the track), with the same standard deviations on all axes.
    fn run(dimensions: Dimensions, error: [f64; 6], sigmas: [f64; 2], velocity: bool) -> NeesSummary {
        let [e, n, u, ve, vn, vu] = error;
        let position = Geodetic::from_degrees(47.0, 8.0, 3000.0).expect("plausible");
        let truth_position = TangentPlane::at(position).to_ecef(Position::new(-e, -n, -u));
        let truth_velocity = velocity.then_some([50.0 - ve, 20.0 - vn, 1.0 - vu]);
        let truth =
            TruthPoint { id: "t", position: Geodetic::from_ecef(truth_position), velocity_enu_m_s: truth_velocity };
        let mut upper = [0.0; 21];
        [0, 6, 11].iter().for_each(|&i| upper[i] = sigmas[0] * sigmas[0]);
        [15, 18, 20].iter().for_each(|&i| upper[i] = sigmas[1] * sigmas[1]);
        let track = TrackPoint {
            id: "k",
            status: Status::Confirmed,
            position,
            velocity_enu_m_s: [50.0, 20.0, 1.0],
            covariance_enu: Some(upper),
        };
        let mut totals = NeesTotals::new(dimensions);
        totals.add(4, &Sample::of(dimensions, &truth, &track).expect("a covariance"));
        totals.summary()
    }

    #[test]
    fn a_sample_worked_by_hand() {
        // σ 10 m and 2 m/s. Position (10, −20, 30): 1 + 4 + 9 = 14. Velocity (2, 0, −4): 1 + 0 + 4 = 5.
        let error = [10.0, -20.0, 30.0, 2.0, 0.0, -4.0];
        let spatial = run(Dimensions::Spatial, error, [10.0, 2.0], true);
        let horizontal = run(Dimensions::Horizontal, error, [10.0, 2.0], true);
        let found = [spatial.position, spatial.state, horizontal.position, horizontal.state];
        let by_hand = [14.0 / 3.0, 19.0 / 6.0, 5.0 / 2.0, 6.0 / 4.0];
        for (summary, anees) in found.iter().zip(by_hand) {
            // The truth's east and north are turned against the track's by its distance over the earth's radius.
            assert!((summary.anees.expect("one sample") - anees).abs() < 1e-3, "{summary:?} against {anees}");
        }
        assert_eq!(found.map(|summary| summary.inside), [Some(0.0), Some(0.0), Some(1.0), Some(1.0)]);
        assert_eq!(spatial.position.tracks, 1);
    }

    #[test]
    fn without_a_true_velocity_only_the_position_is_judged() {
        let summary = run(Dimensions::Spatial, [1.0; 6], [1.0, 1.0], false);
        assert_eq!((summary.position.samples, summary.state.samples), (1, 0));
    }

    #[test]
    fn a_covariance_that_is_none_is_counted_and_left_out() {
        let summary = run(Dimensions::Spatial, [1.0; 6], [0.0, 1.0], true);
        assert_eq!((summary.position.samples, summary.position.refused, summary.position.anees), (0, 1, None));
    }

    #[test]
    fn the_band_is_within_one_percent_of_exact_quantiles() {
        // scipy.stats.chi2.ppf([0.025, 0.975], k) / k.
        let exact = [(10, [0.324_697, 2.048_318]), (40, [0.610_826, 1.483_543]), (400, [0.866_204, 1.143_264])];
        for (k, quantiles) in exact {
            for (found, exact) in band(k).expect("enough").iter().zip(quantiles) {
                assert!((found / exact - 1.0).abs() < 0.01, "{k}: {found} against {exact}");
            }
        }
        assert_eq!(band(9), None);
    }
}
