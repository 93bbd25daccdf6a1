//! Sets of lines that may be of one emitter: pairs that cross, and what else passes through the crossing.
//!
//! Every pair of lines is a seed. A third line is tried whichever agrees, since two crossings near each other must both
//! be there to choose from; from three on, the set takes in the best line of each finder that is left, and every set on
//! the way is kept. A true set is reached from each of its pairs, so one bad seed loses nothing.

use core::f64::consts::{PI, TAU};

use nalgebra::{Matrix3, Vector3};

use super::fit::Fit;
use super::ray::{Ray, Rays};
use super::{LINES_MAX, TriangulationConfig, TriangulationTally};
use crate::frame::Position;
use crate::gaussian::Factor;
use crate::geodesy::Geodetic;
use crate::maths::{ln, sqrt};

/// A set of lines and the place that explains them. Memory to lend: what it holds means nothing outside.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// One bit for each ray.
    pub(super) mask: u128,
    /// Logarithm of the likelihood ratio of the set.
    pub(super) score: f64,
    /// Left out of the search.
    pub(super) barred: bool,
    /// How much more its lines are worth than it.
    pub(super) slack: f64,
    /// How likely it is to be what an emitter gave, compared with the set chosen for that.
    pub(super) weight: f64,
    position: Vector3<f64>,
    covariance: Matrix3<f64>,
    chi_squared: f64,
}

impl Candidate {
    /// No lines.
    pub const EMPTY: Self = Self {
        mask: 0,
        score: 0.0,
        barred: false,
        slack: 0.0,
        weight: 0.0,
        position: Vector3::new(0.0, 0.0, 0.0),
        covariance: Matrix3::new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        chi_squared: 0.0,
    };

    /// How many lines it has.
    pub(super) const fn count(&self) -> u32 {
        self.mask.count_ones()
    }

    /// Its place, ECEF.
    pub(super) const fn position(&self) -> Vector3<f64> {
        self.position
    }

    /// Of its place, ECEF axes, as far as the linear model goes.
    pub(super) const fn covariance(&self) -> Matrix3<f64> {
        self.covariance
    }

    pub(super) const fn chi_squared(&self) -> f64 {
        self.chi_squared
    }

    /// Its lines in order.
    pub(super) fn members<'a>(&self, rays: &'a Rays) -> impl Iterator<Item = &'a Ray> + Clone + use<'a> {
        members(self.mask, rays)
    }

    /// Whether two of its lines have one key.
    pub(super) fn shares_key(&self, rays: &Rays) -> bool {
        self.members(rays).filter(|ray| ray.key.is_some()).count() > 1
    }

    /// The factor of its covariance, for [`is_place_of`](Self::is_place_of).
    pub(super) fn factor(&self) -> Option<Factor<3>> {
        Factor::of(self.covariance).ok()
    }

    /// Whether a place is this one as far as can be told.
    pub(super) fn is_place_of(&self, factor: &Factor<3>, place: &Vector3<f64>) -> bool {
        factor.mahalanobis_squared(&(place - self.position)) < SAME_PLACE
    }
}

/// Squared distance in sigmas up to which two crossings may be of one emitter: 97 % of an ellipsoid.
const SAME_PLACE: f64 = 9.0;

fn members(mask: u128, rays: &Rays) -> impl Iterator<Item = &Ray> + Clone {
    rays.all().iter().enumerate().filter(move |(bit, _)| mask >> bit & 1 == 1).map(|(_, ray)| ray)
}

/// Fills the lent memory with sets of lines.
pub(super) struct Growth<'a> {
    config: &'a TriangulationConfig,
    rays: &'a Rays,
    found: &'a mut [Candidate],
    count: usize,
    dropped: u32,
    /// What each set earns for being one emitter at all, and for each line.
    each_set: f64,
    each_line: f64,
}

impl<'a> Growth<'a> {
    pub(super) fn new(config: &'a TriangulationConfig, rays: &'a Rays, found: &'a mut [Candidate]) -> Self {
        let finders = f64::from(rays.finders());
        let lines = f64::from(u8::try_from(rays.all().len()).expect("LINES_MAX fits"));
        let missed = ln(1.0 - config.detection);
        let area = PI * config.range_max_m * config.range_max_m;
        // As many emitters as lines that one finder has of them.
        let expected = (lines / finders.max(1.0) - config.alone_per_finder).max(1.0);
        Self {
            config,
            rays,
            found,
            count: 0,
            dropped: 0,
            each_set: ln(expected / area) + finders * missed,
            each_line: ln(config.detection) - missed - ln(config.alone_per_finder / TAU),
        }
    }

    /// Finds the sets; returns how many.
    pub(super) fn run(mut self, tally: &mut TriangulationTally) -> usize {
        let rays = self.rays.all();
        for (i, a) in rays.iter().enumerate() {
            for (j, b) in rays.iter().enumerate().skip(i + 1) {
                let Some(place) = crossing(self.config, a, b).filter(|_| !is_shallow(a, b)) else { continue };
                let pair = 1_u128 << i | 1_u128 << j;
                if let Some(fit) = self.keep(pair, place) {
                    self.grow_pair(pair, &fit);
                }
            }
        }
        tally.candidates_dropped += self.dropped;
        self.count
    }

    fn grow_pair(&mut self, pair: u128, fit: &Fit) {
        for k in 0..self.rays.all().len() {
            let set = pair | 1_u128 << k;
            if self.distance_squared(pair, fit, k).is_some_and(|d| d < GATE) && !self.is_kept(set) {
                self.extend(set, fit.position);
            }
        }
    }

    /// Adds the line that agrees best for as long as there is one.
    fn extend(&mut self, mut set: u128, mut place: Vector3<f64>) {
        for _ in 0..LINES_MAX {
            let Some(fit) = self.keep(set, place) else { return };
            let agreeing = (0..self.rays.all().len())
                .filter_map(|k| self.distance_squared(set, &fit, k).filter(|d| *d < GATE).map(|d| (k, d)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((k, _)) = agreeing else { return };
            set |= 1_u128 << k;
            place = fit.position;
            if self.is_kept(set) {
                return;
            }
        }
    }

    /// How well a line would go with a set; `None` if it cannot belong to it.
    fn distance_squared(&self, set: u128, fit: &Fit, line: usize) -> Option<f64> {
        let ray = &self.rays.all()[line];
        let may_join = members(set, self.rays).all(|member| member.may_be_one_with(ray));
        if may_join { fit.distance_squared(self.config, ray) } else { None }
    }

    fn is_kept(&self, set: u128) -> bool {
        self.found[..self.count].iter().any(|candidate| candidate.mask == set)
    }

    /// Fits a set, and keeps it if it is likelier than not having it; `None` if its lines do not agree.
    fn keep(&mut self, set: u128, start: Vector3<f64>) -> Option<Fit> {
        let fit = Fit::of(self.config, members(set, self.rays), start)?;
        let lines = f64::from(set.count_ones());
        let in_front = |ray: &Ray| ray.along().dot(&(fit.position - ray.start)) > 0.0;
        if fit.chi_squared > chi_squared_limit(lines - 2.0) || !members(set, self.rays).all(in_front) {
            return None;
        }
        let keyed = members(set, self.rays).filter(|ray| ray.key.is_some()).count().saturating_sub(1);
        let keys = (0..keyed).fold(0.0, |sum, _| sum - ln(self.config.key_shared));
        let score = fit.log_evidence + self.each_set + lines * self.each_line + keys;
        if score > 0.0 {
            self.insert(Candidate {
                mask: set,
                score,
                barred: false,
                slack: 0.0,
                weight: 0.0,
                position: fit.position,
                covariance: fit.covariance,
                chi_squared: fit.chi_squared,
            });
        }
        Some(fit)
    }

    /// Keeps a set; without room, in the place of the least likely.
    fn insert(&mut self, candidate: Candidate) {
        if let Some(free) = self.found.get_mut(self.count) {
            *free = candidate;
            self.count += 1;
            return;
        }
        self.dropped = self.dropped.saturating_add(1);
        if let Some(least) =
            self.found.iter_mut().min_by(|a, b| by_score(a, b)).filter(|l| by_score(l, &candidate).is_lt())
        {
            *least = candidate;
        }
    }
}

/// An order without ties.
fn by_score(a: &Candidate, b: &Candidate) -> core::cmp::Ordering {
    a.score.total_cmp(&b.score).then_with(|| b.mask.cmp(&a.mask))
}

/// Three sigmas.
const GATE: f64 = 9.0;

/// χ² that is exceeded once in a thousand times (Wilson & Hilferty 1931); without degrees of freedom, next to nothing
/// but what the priors add.
fn chi_squared_limit(degrees: f64) -> f64 {
    if degrees < 0.5 {
        return GATE;
    }
    let spread = 2.0 / (9.0 * degrees);
    let root = 1.0 - spread + ONE_IN_A_THOUSAND * sqrt(spread);
    degrees * root * root * root
}

/// The normal deviate that is exceeded once in a thousand times.
const ONE_IN_A_THOUSAND: f64 = 3.090_232_306_167_813;

/// Where the vertical planes of two lines meet, at the height of the prior: a x = b with the normals of both planes and
/// of the horizontal. `None` unless that is in front of both and no farther than anything is heard.
fn crossing(config: &TriangulationConfig, a: &Ray, b: &Ray) -> Option<Vector3<f64>> {
    if !a.may_be_one_with(b) {
        return None;
    }
    let (na, nb, up) = (a.across(), b.across(), a.up());
    let determinant = up.dot(&na.cross(&nb));
    if determinant.abs() < PARALLEL {
        return None;
    }
    let way = up.cross(&na) * (nb.dot(&(b.start - a.start)) / determinant);
    let place = at_height(config.height_mean_m, a.start + way);
    let reached = |ray: &Ray| {
        let ahead = ray.along().dot(&(place - ray.start));
        ahead > 0.0 && ahead <= config.range_max_m
    };
    (reached(a) && reached(b)).then_some(place)
}

/// A sine of the angle of crossing below which two planes are one.
const PARALLEL: f64 = 1e-9;

fn at_height(height_m: f64, place: Vector3<f64>) -> Vector3<f64> {
    let geodetic = Geodetic::from_ecef(Position::from_vector(place));
    *Geodetic { height_m, ..geodetic }.to_ecef().vector()
}

/// Whether two lines cross at an angle that may as well be none.
fn is_shallow(a: &Ray, b: &Ray) -> bool {
    let sine = a.up().dot(&a.across().cross(&b.across()));
    sine * sine < SHALLOW * (a.variance + b.variance)
}

/// In squared sigmas of the angle of crossing.
const SHALLOW: f64 = 9.0;

/// Whether no line of a pair can be of any other emitter: neither crosses any other line elsewhere, or might do so far
/// away.
pub(super) fn stands_alone(config: &TriangulationConfig, rays: &Rays, pair: &Candidate) -> bool {
    let Some(factor) = pair.factor() else { return false };
    let goes_elsewhere = |member: &Ray, other: &Ray| {
        if is_shallow(member, other) {
            return member.may_be_one_with(other) && member.along().dot(&other.along()) > 0.0;
        }
        crossing(config, member, other).is_some_and(|place| !pair.is_place_of(&factor, &place))
    };
    let others = || rays.all().iter().enumerate().filter(|(bit, _)| pair.mask >> bit & 1 == 0).map(|(_, ray)| ray);
    pair.members(rays).all(|member| others().all(|other| !goes_elsewhere(member, other)))
}
