//! Lines made ready: checked, in an order of their own, with the axes of their finders.

use core::cmp::Ordering;

use heapless::Vec;
use nalgebra::{Matrix3, Vector3};

use super::{FINDERS_MAX, LINES_MAX, Line, TriangulationTally};
use crate::angle::wrap;
use crate::frame::Position;
use crate::geodesy::Geodetic;
use crate::maths::{atan2, cos, sin};
use crate::time::{Span, Timestamp};

/// A line in the form that is reckoned with.
pub(super) struct Ray {
    /// Its place in what was given.
    pub(super) index: u16,
    /// Its finder, counted from zero.
    pub(super) finder: u8,
    pub(super) time: Timestamp,
    pub(super) key: Option<u64>,
    /// Where it starts, ECEF.
    pub(super) start: Vector3<f64>,
    /// Rows are east, north and up there.
    axes: Matrix3<f64>,
    pub(super) azimuth: f64,
    /// Of the azimuth, all errors together, rad².
    pub(super) variance: f64,
}

/// What a ray has to say of a place.
pub(super) struct Sight {
    /// The azimuth measured less that of the place, radians.
    pub(super) residual: f64,
    /// How the azimuth of the place changes with it, radians per metre along the axes of ECEF.
    pub(super) gradient: Vector3<f64>,
}

impl Ray {
    fn new(index: u16, finder: u8, line: &Line) -> Self {
        Self {
            index,
            finder,
            time: line.time,
            key: line.key,
            start: *line.place.vector(),
            axes: Geodetic::from_ecef(line.place).enu_axes(),
            azimuth: line.azimuth.radians(),
            variance: line.sigma_rad * line.sigma_rad + line.bias_rad * line.bias_rad,
        }
    }

    /// What the ray says of a place; `None` right above or below its start, where there is no azimuth.
    pub(super) fn sight(&self, place: &Vector3<f64>) -> Option<Sight> {
        let local = self.axes * (place - self.start);
        let squared = local.x * local.x + local.y * local.y;
        if squared < NEAREST_M * NEAREST_M {
            return None;
        }
        let across = Vector3::new(local.y / squared, -local.x / squared, 0.0);
        let residual = wrap(self.azimuth - atan2(local.x, local.y));
        Some(Sight { residual, gradient: self.axes.tr_mul(&across) })
    }

    /// The horizontal direction of the ray, ECEF, of length one.
    pub(super) fn along(&self) -> Vector3<f64> {
        self.axes.tr_mul(&Vector3::new(sin(self.azimuth), cos(self.azimuth), 0.0))
    }

    /// The normal of the vertical plane that it lies in, ECEF, of length one.
    pub(super) fn across(&self) -> Vector3<f64> {
        self.axes.tr_mul(&Vector3::new(cos(self.azimuth), -sin(self.azimuth), 0.0))
    }

    /// Up at its start, ECEF, of length one.
    pub(super) fn up(&self) -> Vector3<f64> {
        self.axes.row(2).transpose()
    }

    /// Whether one emitter may have given both.
    pub(super) fn may_be_one_with(&self, other: &Self) -> bool {
        self.finder != other.finder && self.key.zip(other.key).is_none_or(|(a, b)| a == b)
    }

    /// How long before another time it was heard, seconds.
    pub(super) fn age_at(&self, time: Timestamp) -> f64 {
        let age: Span = time - self.time;
        age.as_secs_f64()
    }
}

/// Nearer to a finder than this, nothing has an azimuth.
const NEAREST_M: f64 = 1.0;

/// The rays of one call, in an order that does not depend on that in which they were given.
pub(super) struct Rays {
    rays: Vec<Ray, LINES_MAX>,
    finders: u8,
}

impl Rays {
    /// Takes what is sound, the newest if there are too many, and puts it in order.
    pub(super) fn sorted(lines: &[Line], tally: &mut TriangulationTally) -> Self {
        let mut newest: Vec<u16, LINES_MAX> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            match u16::try_from(index) {
                Ok(_) if !is_sound(line) => tally.lines_refused += 1,
                Ok(index) => tally.lines_over_limit += keep_newest(&mut newest, index, lines),
                Err(_) => tally.lines_over_limit += 1,
            }
        }
        newest.sort_unstable_by(|a, b| by_finder(&lines[usize::from(*a)], &lines[usize::from(*b)]));
        Self::numbered(&newest, lines, tally)
    }

    fn numbered(order: &[u16], lines: &[Line], tally: &mut TriangulationTally) -> Self {
        let (mut rays, mut finders) = (Vec::new(), 0_u8);
        let mut last = None;
        for index in order {
            let line = &lines[usize::from(*index)];
            if last != Some(line.finder) && usize::from(finders) < FINDERS_MAX {
                finders += 1;
                last = Some(line.finder);
            }
            let fits = last == Some(line.finder) && rays.push(Ray::new(*index, finders - 1, line)).is_ok();
            tally.lines_over_limit += u32::from(!fits);
        }
        Self { rays, finders }
    }

    pub(super) fn all(&self) -> &[Ray] {
        &self.rays
    }

    pub(super) const fn finders(&self) -> u8 {
        self.finders
    }
}

fn is_sound(line: &Line) -> bool {
    let place = line.place.vector();
    let sigmas = line.sigma_rad > 0.0 && line.bias_rad >= 0.0 && line.sigma_rad + line.bias_rad < SIGMA_MAX_RAD;
    sigmas
        && line.azimuth.radians().is_finite()
        && (NEAREST_GEOCENTRIC_M..FARTHEST_GEOCENTRIC_M).contains(&place.norm())
}

/// A line less certain than this has no direction.
const SIGMA_MAX_RAD: f64 = 0.5;
/// Finders are on the earth or fly above it.
const NEAREST_GEOCENTRIC_M: f64 = 6.3e6;
const FARTHEST_GEOCENTRIC_M: f64 = 6.6e6;

/// Keeps the newest lines, newest first; returns how many found no room.
fn keep_newest(newest: &mut Vec<u16, LINES_MAX>, index: u16, lines: &[Line]) -> u32 {
    let line = &lines[usize::from(index)];
    let order = |other: &u16| line.time.cmp(&lines[usize::from(*other)].time).reverse();
    let before = |other: &u16| order(other).then_with(|| by_finder(line, &lines[usize::from(*other)])).is_lt();
    let at = newest.iter().position(before).unwrap_or(newest.len());
    let full = newest.is_full();
    if full {
        if at == newest.len() {
            return 1;
        }
        newest.pop();
    }
    newest.insert(at, index).expect("there is room");
    u32::from(full)
}

/// An order of all that a line says, so that only lines that are alike may change places.
fn by_finder(a: &Line, b: &Line) -> Ordering {
    let place = |p: &Position<_>| [p.vector().x, p.vector().y, p.vector().z];
    let numbers = |l: &Line| [l.azimuth.radians(), l.sigma_rad, l.bias_rad];
    a.finder
        .cmp(&b.finder)
        .then_with(|| a.key.cmp(&b.key))
        .then_with(|| a.time.cmp(&b.time))
        .then_with(|| in_order(numbers(a), numbers(b)))
        .then_with(|| in_order(place(&a.place), place(&b.place)))
}

fn in_order(a: [f64; 3], b: [f64; 3]) -> Ordering {
    let each = a.iter().zip(&b).map(|(a, b)| a.total_cmp(b));
    each.fold(Ordering::Equal, Ordering::then)
}
