//! Motion over the curved earth, in closed form: where a target is at any time, and how it moves there.
//!
//! A segment starts at a point G with a heading. Its way is first drawn on flat paper, p(τ) = (east, north) in metres
//! along the ground; then the paper is laid on the sphere that touches the ellipsoid at G (azimuthal equidistant), at
//! height h:
//!
//! P = (R + h) (û sin θ + ẑ cos θ) − R ẑ, with û = p/|p|, θ = |p| / (R + h₀), in east, north, up at G.
//!
//! R is the radius of curvature of the ellipsoid: on a straight way in its direction (Euler), on a turn the mean
//! (Gauss). The velocity is the derivative of that, so the two never disagree. A new segment starts where the last one
//! ended.

use fusion_core::angle::wrap;
use fusion_core::frame::{Ecef, Enu, Position, Velocity};
use fusion_core::geodesy::{FLATTENING, Geodetic, SEMI_MAJOR_AXIS_M, TangentPlane, course_and_speed};
use fusion_core::maths::{cos, hypot, sin, sqrt};

use super::manoeuvre::Segment;

/// Where a target is and how it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Kinematics {
    /// Where.
    pub(in super::super) position: Position<Ecef>,
    /// How.
    pub(in super::super) velocity: Velocity<Ecef>,
}

/// The way of one target from its appearance on.
#[derive(Clone, Debug)]
pub(super) struct Course {
    segments: Vec<Segment>,
    looped: bool,
    start: Stage,
    /// The stage that the present lies in, so that nobody walks from the start each time.
    present: Stage,
}

/// A segment about to be flown.
#[derive(Clone, Copy, Debug)]
struct Stage {
    /// How many segments were flown before.
    number: u64,
    /// When it begins, seconds from the target's appearance.
    begins_s: f64,
    /// Where it begins.
    from: Anchor,
}

/// Where a segment begins.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    point: Geodetic,
    /// East, north, up at the foot of the point, height zero.
    plane: TangentPlane,
    heading: f64,
    speed: f64,
}

/// Some way into a segment.
struct Flown {
    kinematics: Kinematics,
    /// Straight ahead, in the anchor's plane: known even when standing still.
    forward: [f64; 3],
    speed: f64,
}

impl Course {
    pub(super) fn new(segments: Vec<Segment>, looped: bool, start: Geodetic, heading: f64, speed: f64) -> Self {
        let stage = Stage { number: 0, begins_s: 0.0, from: Anchor::new(start, heading, speed) };
        Self { looped: looped && !segments.is_empty(), segments, start: stage, present: stage }
    }

    /// Where the target is so many seconds after its appearance.
    pub(super) fn at(&self, seconds: f64) -> Kinematics {
        let stage = self.stage_at(seconds);
        stage.from.fly(&self.segment(stage.number), seconds - stage.begins_s).kinematics
    }

    /// Remembers the stage of a time before which nobody will ask any more (who does is answered, but slowly).
    pub(super) fn advance(&mut self, seconds: f64) {
        self.present = self.stage_at(seconds);
    }

    fn stage_at(&self, seconds: f64) -> Stage {
        let mut stage = if seconds >= self.present.begins_s { self.present } else { self.start };
        loop {
            let segment = self.segment(stage.number);
            if seconds < stage.begins_s + segment.seconds {
                return stage;
            }
            let from = stage.from.after(&segment);
            stage = Stage { number: stage.number + 1, begins_s: stage.begins_s + segment.seconds, from };
        }
    }

    fn segment(&self, number: u64) -> Segment {
        let count = self.segments.len() as u64;
        let place = if self.looped { number % count } else { number };
        let planned = usize::try_from(place).ok().and_then(|place| self.segments.get(place));
        planned.copied().unwrap_or(Segment::CRUISE)
    }
}

impl Anchor {
    fn new(point: Geodetic, heading: f64, speed: f64) -> Self {
        Self { point, plane: TangentPlane::at(Geodetic { height_m: 0.0, ..point }), heading, speed }
    }

    /// The state after `tau` seconds of a segment.
    fn fly(&self, segment: &Segment, tau: f64) -> Flown {
        let speed = (self.speed + segment.acceleration * tau).max(0.0);
        let turned = self.heading + segment.turn_rate * tau;
        let height = self.point.height_m + segment.climb_rate * tau;
        let paper = self.on_paper(segment, tau);
        let radius = if is_turning(segment) {
            mean_radius(self.point.latitude)
        } else {
            radius_along(self.point.latitude, self.heading)
        };
        let laid = Laid::on_sphere(paper, radius, self.point.height_m, height);
        let forward = laid.along([sin(turned), cos(turned)]);
        let up = laid.up;
        let velocity = |k: usize| forward[k] * speed + up[k] * segment.climb_rate;
        let kinematics = Kinematics {
            position: self.plane.to_ecef(Position::new(laid.position[0], laid.position[1], laid.position[2])),
            velocity: self.plane.velocity_to_ecef(Velocity::new(velocity(0), velocity(1), velocity(2))),
        };
        Flown { kinematics, forward, speed }
    }

    /// Where the next segment starts.
    fn after(&self, segment: &Segment) -> Self {
        let Flown { kinematics, forward, speed } = self.fly(segment, segment.seconds);
        let point = Geodetic::from_ecef(kinematics.position);
        let ahead = self.plane.velocity_to_ecef(Velocity::new(forward[0], forward[1], forward[2]));
        let (heading, _) = course_and_speed(&(point.enu_axes() * ahead.vector()));
        Self::new(point, heading.radians(), speed)
    }

    /// East and north along the ground after `tau` seconds.
    fn on_paper(&self, segment: &Segment, tau: f64) -> [f64; 2] {
        let way = self.speed * tau + 0.5 * segment.acceleration * tau * tau;
        if !is_turning(segment) {
            return [way * sin(self.heading), way * cos(self.heading)];
        }
        // A chord of the circle: half the turn aside, shorter than the arc.
        let half = 0.5 * segment.turn_rate * tau;
        let chord = way * if half.abs() > 1e-9 { sin(half) / half } else { 1.0 };
        [chord * sin(self.heading + half), chord * cos(self.heading + half)]
    }
}

fn is_turning(segment: &Segment) -> bool {
    segment.turn_rate.abs() > 0.0
}

/// A point of the paper, laid on the sphere; east, north, up at the anchor's foot.
struct Laid {
    position: [f64; 3],
    up: [f64; 3],
    u: [f64; 2],
    sin_theta: f64,
    /// Stretch towards û and across.
    towards: f64,
    across: f64,
}

impl Laid {
    fn on_sphere(paper: [f64; 2], radius: f64, height_0: f64, height: f64) -> Self {
        let length = hypot(paper[0], paper[1]);
        let u = if length > 0.0 { [paper[0] / length, paper[1] / length] } else { [0.0, 1.0] };
        let theta = length / (radius + height_0);
        let (sin_theta, cos_theta) = (sin(theta), cos(theta));
        let up = [u[0] * sin_theta, u[1] * sin_theta, cos_theta];
        let out = radius + height;
        let position = [out * up[0], out * up[1], out * cos_theta - radius];
        let towards = out / (radius + height_0);
        let across = if length > 0.0 { out * sin_theta / length } else { towards };
        Self { position, up, u, sin_theta, towards, across }
    }

    /// Where a direction of the paper points once laid.
    fn along(&self, direction: [f64; 2]) -> [f64; 3] {
        let radial = direction[0] * self.u[0] + direction[1] * self.u[1];
        let aside = [direction[0] - radial * self.u[0], direction[1] - radial * self.u[1]];
        let forward = radial * self.towards;
        [
            forward * self.u[0] * self.up[2] + self.across * aside[0],
            forward * self.u[1] * self.up[2] + self.across * aside[1],
            -forward * self.sin_theta,
        ]
    }
}

/// The point reached from `ground` (height zero) by so many metres east and north along the ground, in the plane there.
pub(in super::super) fn along_the_ground(ground: &Geodetic, east: f64, north: f64) -> Position<Enu> {
    let [x, y, z] = Laid::on_sphere([east, north], mean_radius(ground.latitude), 0.0, 0.0).position;
    Position::new(x, y, z)
}

/// Radii of curvature in the meridian (M) and across it (N).
pub(super) fn radii(latitude: f64) -> (f64, f64) {
    let e2 = FLATTENING * (2.0 - FLATTENING);
    let s = sin(latitude);
    let w2 = 1.0 - e2 * s * s;
    let n = SEMI_MAJOR_AXIS_M / sqrt(w2);
    (n * (1.0 - e2) / w2, n)
}

/// √(M N), Gauss.
fn mean_radius(latitude: f64) -> f64 {
    let (m, n) = radii(latitude);
    sqrt(m * n)
}

/// 1/R = cos²α/M + sin²α/N, Euler.
fn radius_along(latitude: f64, heading: f64) -> f64 {
    let (m, n) = radii(latitude);
    let (s, c) = (sin(wrap(heading)), cos(wrap(heading)));
    1.0 / (c * c / m + s * s / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENTS: [Segment; 4] = [
        Segment { seconds: 40.0, acceleration: 0.0, turn_rate: 0.0, climb_rate: 5.0 },
        Segment { seconds: 50.0, acceleration: 0.0, turn_rate: 0.05, climb_rate: -3.0 },
        Segment { seconds: 30.0, acceleration: -1.5, turn_rate: 0.0, climb_rate: 0.0 },
        Segment { seconds: 60.0, acceleration: 0.0, turn_rate: -0.03, climb_rate: 0.0 },
    ];

    fn course(looped: bool) -> Course {
        let start = Geodetic::from_degrees(52.0, 21.0, 1000.0).expect("a place");
        Course::new(SEGMENTS.to_vec(), looped, start, 1.0, 120.0)
    }

    #[test]
    fn velocity_is_the_derivative_of_position_throughout() {
        let course = course(false);
        for k in 0..400 {
            let t = f64::from(k) + 0.37;
            let (before, after, here) = (course.at(t - 0.01), course.at(t + 0.01), course.at(t));
            let mean = (after.position - before.position).vector() / 0.02;
            assert!((mean - here.velocity.vector()).norm() < 0.08, "{t}: {:?}", mean - here.velocity.vector());
        }
    }

    #[test]
    fn nothing_jumps_where_segments_meet() {
        let course = course(true);
        let mut joint = 0.0;
        for k in 0..12 {
            joint += SEGMENTS[k % 4].seconds;
            let (before, after) = (course.at(joint - 1e-6), course.at(joint));
            assert!((after.position - before.position).length() < 1e-3, "joint {k}");
        }
    }

    #[test]
    fn an_hour_of_cruise_keeps_height_and_speed_and_follows_a_great_circle() {
        let start = Geodetic::from_degrees(52.0, 21.0, 11_000.0).expect("a place");
        let course = Course::new(Vec::new(), false, start, 80_f64.to_radians(), 240.0);
        let end = course.at(3600.0);
        let point = Geodetic::from_ecef(end.position);
        assert!((point.height_m - 11_000.0).abs() < 1.0, "height {}", point.height_m);
        assert!((end.velocity.speed() - 240.0).abs() < 1e-3);
        // A great circle stays in its plane: no motion along the normal of the first position and velocity.
        let first = course.at(0.0);
        let normal = first.position.vector().cross(first.velocity.vector()).normalize();
        assert!(end.position.vector().dot(&normal).abs() < 5_000.0, "the ellipsoid alone bends it");
        // Ground distance 864 km at height: the chord of that arc on a sphere of mean radius.
        let radius = 6_371_000.0 + 11_000.0;
        let chord = 2.0 * radius * sin(0.5 * 864_000.0 / radius);
        assert!(((end.position - first.position).length() - chord).abs() < 3_000.0);
    }

    #[test]
    fn a_full_turn_comes_back_and_a_right_turn_goes_right() {
        let start = Geodetic::from_degrees(52.0, 21.0, 500.0).expect("a place");
        let rate = 3_f64.to_radians();
        let turn = Segment { seconds: 120.0, acceleration: 0.0, turn_rate: rate, climb_rate: 0.0 };
        let course = Course::new(vec![turn], true, start, 0.0, 60.0);
        assert!((course.at(119.999_999).position - course.at(0.0).position).length() < 0.01);
        let quarter = TangentPlane::at(start).to_enu(course.at(30.0).position);
        let radius = 60.0 / rate;
        assert!((quarter.vector().x - radius).abs() < 0.1 && (quarter.vector().y - radius).abs() < 0.1);
    }

    #[test]
    fn remembering_the_present_changes_no_answer() {
        let (plain, mut advancing) = (course(true), course(true));
        for k in 0..100 {
            let t = f64::from(k) * 17.3;
            advancing.advance(t);
            assert_eq!(advancing.at(t + 5.0), plain.at(t + 5.0));
            assert_eq!(advancing.at(t * 0.5), plain.at(t * 0.5));
        }
    }
}
