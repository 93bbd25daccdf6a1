//! Where emitters are, from lines of bearing alone, heard at different places.
//!
//! One line says nothing of the range; two always cross, and say nothing of whether they are of one emitter; only a
//! third that passes through the same place speaks for it. So with two finders every crossing of several emitters is as
//! good as its ghost, and none is told; with three and more, the crossings are sorted out by what explains all lines at
//! once:
//!
//! 1. Pairs of lines that cross in front of both are refined to the most likely place, Gauss-Newton on the differences
//!    of azimuth (`fit`), and grow by further lines that agree with them (`growth`).
//! 2. Each set of lines has a likelihood ratio: that one emitter explains them (and that the other finders missed it)
//!    against each line being of something heard once (Pattipati, Deb, Bar-Shalom & Washburn, "A new relaxation
//!    algorithm and passive sensor data association", IEEE TAC 37, 1992). The likelihood is that of the set with the
//!    place integrated out, so that two lines earn nothing by crossing.
//! 3. Sets without common lines are packed for the greatest sum, exactly, by branch and bound (`packing`).
//! 4. The place told is the mean over all versions of the set that are likely enough, with their spread (`place`).
//! 5. An emitter is told only if the best explanation *without* an emitter at that place is so many times less likely:
//!    a ghost has a rival, and so has a true crossing that cannot be told from one.
//!
//! Assumed: an emitter gives each finder one line at most; it is slow, its velocity a matter of the prior; its height
//! is known to within that of the prior. A finder's own error in azimuth, common to all its lines, widens each line.
//! Azimuths are those of the vertical plane at the finder, so the earth's curvature and the convergence of meridians
//! are in the model. The order of the lines given changes no bit of the answer.

mod fit;
mod growth;
mod packing;
mod place;
mod prices;
mod ray;

use heapless::Vec;

use crate::angle::Angle;
use crate::frame::{Ecef, Position};
use crate::gaussian::Covariance;
use crate::time::Timestamp;
use crate::track::Origin;

pub use growth::Candidate;
use growth::Growth;
use packing::Packing;
use place::Place;
use ray::Rays;

/// Lines looked at in one call; the newest are kept. Counter: `TriangulationTally::lines_over_limit`.
pub const LINES_MAX: usize = 128;

/// Finders looked at in one call; the lines of those beyond, in the order of their origins, are left out. Counter:
/// `TriangulationTally::lines_over_limit`.
pub const FINDERS_MAX: usize = 32;

/// Emitters told by one call. No counter: there are no more disjoint pairs of lines.
pub const EMITTERS_MAX: usize = LINES_MAX / 2;

/// Sets of lines for which memory should be lent: what ten emitters heard by five finders without any fingerprint need.
pub const CANDIDATES_DEFAULT: usize = 1_024;

/// Who hears: one direction finder of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finder {
    /// Its node, in this life of it.
    pub origin: Origin,
    /// Which of that node's sensors.
    pub sensor: u16,
}

/// One line of bearing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Who heard it.
    pub finder: Finder,
    /// When.
    pub time: Timestamp,
    /// Where the finder was.
    pub place: Position<Ecef>,
    /// The direction, clockwise from true north at the finder.
    pub azimuth: Angle,
    /// One sigma of the direction, radians, of what is independent from line to line.
    pub sigma_rad: f64,
    /// One sigma of what all lines of the finder are off by together, radians.
    pub bias_rad: f64,
    /// What tells the emitter from others, alike for all finders: a fingerprint, a channel. Lines of different keys are
    /// never of one emitter.
    pub key: Option<u64>,
}

/// What is taken for granted about emitters and finders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TriangulationConfig {
    /// How far an emitter is heard at the most, metres.
    pub range_max_m: f64,
    /// Height above the ellipsoid at which emitters are looked for, metres.
    pub height_mean_m: f64,
    /// One sigma of it, metres; above zero.
    pub height_sigma_m: f64,
    /// One sigma of an emitter's velocity along each axis, metres per second; above zero.
    pub speed_sigma_m_s: f64,
    /// Probability that a finder hears an emitter that another one hears.
    pub detection: f64,
    /// Lines that a finder is expected to have of what no other one hears, its false ones among them.
    pub alone_per_finder: f64,
    /// Probability that two emitters have the same key.
    pub key_shared: f64,
    /// Logarithm of how many times likelier an emitter must make the lines to be confirmed.
    pub log_odds_confirmed: f64,
    /// The same to be told as possible.
    pub log_odds_possible: f64,
    /// The long half-axis of the one-sigma ellipse as a part of the distance to the nearest of its finders, above which
    /// a place is too vague to be an ellipse.
    pub vagueness_max: f64,
}

impl TriangulationConfig {
    /// Emitters on the ground, at rest or walking, within fifty kilometres.
    pub const PLAIN: Self = Self {
        range_max_m: 50_000.0,
        height_mean_m: 100.0,
        height_sigma_m: 300.0,
        speed_sigma_m_s: 2.0,
        detection: 0.8,
        alone_per_finder: 0.3,
        key_shared: 0.02,
        log_odds_confirmed: 11.0,
        log_odds_possible: 3.0,
        vagueness_max: 0.2,
    };

    /// Whether the numbers make sense together.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let probability = |p: f64| p > 0.0 && p < 1.0;
        positive(self.range_max_m)
            && self.height_mean_m.is_finite()
            && positive(self.height_sigma_m)
            && positive(self.speed_sigma_m_s)
            && probability(self.detection)
            && positive(self.alone_per_finder)
            && probability(self.key_shared)
            && self.log_odds_possible >= 0.0
            && self.log_odds_confirmed >= self.log_odds_possible
            && positive(self.vagueness_max)
    }
}

/// How an emitter is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By three lines or more, or by two with one key, against every other explanation.
    Confirmed,
    /// By less than that, or by two lines that cross each other and nothing else: whether those are of one emitter,
    /// nobody can know.
    Possible,
}

/// One emitter and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitter {
    /// Time of the newest of its lines; the place holds then.
    pub time: Timestamp,
    /// Where it is.
    pub position: Position<Ecef>,
    /// How well that is known: local east, north, up; m².
    pub covariance: Covariance<3>,
    /// Its lines, by their place in what was given, in the order of their finders: one of each.
    pub lines: Vec<u16, FINDERS_MAX>,
    /// What told it from others, if any of its lines did.
    pub key: Option<u64>,
    /// How well it is supported.
    pub standing: Standing,
    /// Logarithm of how many times likelier the lines are with an emitter there than without.
    pub log_odds: f64,
    /// Sum of the squared differences of its lines in sigmas; with n lines it should be about n − 2.
    pub chi_squared: f64,
}

/// What was left out or not told, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TriangulationTally {
    /// Lines that are no lines: not finite, or a sigma not above zero or above half a radian.
    pub lines_refused: u32,
    /// Lines beyond [`LINES_MAX`] or of finders beyond [`FINDERS_MAX`].
    pub lines_over_limit: u32,
    /// Sets of lines that found no room in the memory lent; the least likely are dropped.
    pub candidates_dropped: u32,
    /// Searches that were given up; what they should have confirmed is not told.
    pub searches_cut: u32,
    /// Places that have a rival.
    pub ambiguous: u32,
    /// Places known too vaguely to be an ellipse.
    pub vague: u32,
}

/// The answer to one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Located {
    /// The emitters that are told, in the order of their lines.
    pub emitters: Vec<Emitter, EMITTERS_MAX>,
    /// What is not.
    pub tally: TriangulationTally,
}

/// Locates emitters from lines of about the same time. `scratch` holds sets of lines ([`CANDIDATES_DEFAULT`] of them);
/// what it held before does not matter. Without a usable configuration nothing is located.
#[must_use]
pub fn locate(config: &TriangulationConfig, lines: &[Line], scratch: &mut [Candidate]) -> Located {
    let mut located = Located::default();
    if !config.is_usable() {
        return located;
    }
    let rays = Rays::sorted(lines, &mut located.tally);
    let room = scratch.len().min(usize::from(u16::MAX));
    let scratch = &mut scratch[..room];
    let found = Growth::new(config, &rays, scratch).run(&mut located.tally);
    let candidates = &mut scratch[..found];
    let packing = Packing::of(candidates, &mut located.tally);
    for chosen in &packing.chosen {
        let candidate = candidates[chosen.candidate];
        packing.weigh(candidates, chosen, &mut located.tally);
        let place = Place::of(candidates, &candidate, &rays);
        let log_odds = chosen.sum - packing.rival(candidates, chosen, &place, &mut located.tally);
        match judge(config, &rays, &candidate, &place, log_odds) {
            Ok((standing, covariance)) => {
                let emitter = told(&rays, &candidate, &place, covariance);
                located.emitters.push(Emitter { standing, log_odds, ..emitter }).expect("as many as can be chosen");
            }
            Err(Untold::Vague) => located.tally.vague += 1,
            Err(Untold::Ambiguous) => located.tally.ambiguous += 1,
        }
    }
    located
}

/// Why a place is not told.
enum Untold {
    Vague,
    Ambiguous,
}

fn judge(
    config: &TriangulationConfig,
    rays: &Rays,
    candidate: &Candidate,
    place: &Place,
    log_odds: f64,
) -> Result<(Standing, Covariance<3>), Untold> {
    let covariance = place.covariance().map_err(|_| Untold::Vague)?;
    if place.vagueness.is_nan() || place.vagueness > config.vagueness_max {
        return Err(Untold::Vague);
    }
    let standing = if candidate.count() > 2 {
        let standing = if log_odds >= config.log_odds_confirmed { Standing::Confirmed } else { Standing::Possible };
        (log_odds >= config.log_odds_possible).then_some(standing)
    } else {
        let standing = if candidate.shares_key(rays) { Standing::Confirmed } else { Standing::Possible };
        growth::stands_alone(config, rays, candidate).then_some(standing)
    };
    standing.map(|standing| (standing, covariance)).ok_or(Untold::Ambiguous)
}

fn told(rays: &Rays, candidate: &Candidate, place: &Place, covariance: Covariance<3>) -> Emitter {
    let members = || candidate.members(rays);
    Emitter {
        time: members().map(|ray| ray.time).max().unwrap_or_default(),
        position: place.position,
        covariance,
        lines: members().map(|ray| ray.index).take(FINDERS_MAX).collect(),
        key: members().find_map(|ray| ray.key),
        standing: Standing::Possible,
        log_odds: 0.0,
        chi_squared: candidate.chi_squared(),
    }
}
