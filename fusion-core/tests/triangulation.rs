//! Emitters from lines of bearing alone, over thousands of random geometries: how many are found, how well, and that
//! none is told where there is none. Prints a table.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts of a test are small")]
#![allow(clippy::cast_sign_loss, reason = "seeds and counts are not negative")]

mod common;

use common::Chance;
use fusion_core::angle::Angle;
use fusion_core::frame::{Ecef, Enu, Position};
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{atan2, sqrt};
use fusion_core::nalgebra::{Matrix2, Vector2, Vector3};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin};
use fusion_core::triangulation::{
    CANDIDATES_DEFAULT, Candidate, Emitter, Finder, LINES_MAX, Line, Located, Standing, TriangulationConfig, locate,
};

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Squared distance in sigmas beyond which a place is wrong: of 170,000 right ones, one lies there.
const WRONG: f64 = 24.0;

fn plane() -> TangentPlane {
    TangentPlane::at(Geodetic::from_degrees(52.0, 21.0, 0.0).unwrap())
}

/// A point at so many metres east and north, on the ellipsoid's height 100 m.
fn ground(plane: &TangentPlane, east: f64, north: f64) -> Position<Ecef> {
    let on_plane = plane.to_ecef(Position::<Enu>::new(east, north, 0.0));
    Geodetic { height_m: 100.0, ..Geodetic::from_ecef(on_plane) }.to_ecef()
}

/// Azimuth from true north at `from`.
fn azimuth(from: Position<Ecef>, to: Position<Ecef>) -> f64 {
    let local = Geodetic::from_ecef(from).enu_axes() * (to - from).vector();
    atan2(local.x, local.y)
}

fn finder(number: u64) -> Finder {
    Finder { origin: Origin { node: NodeId(number), incarnation: 1 }, sensor: 0 }
}

fn line(number: u64, from: Position<Ecef>, azimuth_rad: f64, sigma_deg: f64) -> Line {
    Line {
        finder: finder(number),
        time: T0,
        place: from,
        azimuth: Angle::from_radians(azimuth_rad),
        sigma_rad: sigma_deg.to_radians(),
        bias_rad: 0.0,
        key: None,
    }
}

fn located(config: &TriangulationConfig, lines: &[Line]) -> Located {
    locate(config, lines, &mut vec![Candidate::EMPTY; CANDIDATES_DEFAULT])
}

fn plain(lines: &[Line]) -> Located {
    located(&TriangulationConfig::PLAIN, lines)
}

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    emitters: usize,
    finders: usize,
    sigma_deg: f64,
    bias_deg: f64,
    keyed: bool,
    detection: f64,
    alone: f64,
    speed: f64,
    runs: u64,
}

const CASE: Case = Case {
    name: "",
    emitters: 1,
    finders: 3,
    sigma_deg: 1.0,
    bias_deg: 0.5,
    keyed: false,
    detection: 0.9,
    alone: 0.3,
    speed: 0.0,
    runs: 300,
};

struct World {
    plane: TangentPlane,
    /// Where the emitters are at [`T0`].
    truth: Vec<Position<Ecef>>,
    lines: Vec<Line>,
    /// Which emitter each line is of.
    of: Vec<Option<usize>>,
}

fn world(case: &Case, seed: u64) -> World {
    let mut chance = Chance::new(seed);
    let plane = plane();
    let (places, homes) = (scattered(&mut chance, case.finders, 15_000.0), scattered(&mut chance, case.emitters, 20_000.0));
    let speeds: Vec<_> = homes.iter().map(|_| (chance.normal() * case.speed, chance.normal() * case.speed)).collect();
    let truth = homes.iter().map(|(e, n)| ground(&plane, *e, *n)).collect();
    let (mut lines, mut of) = (Vec::new(), Vec::new());
    for (number, (e, n)) in places.iter().enumerate() {
        let from = ground(&plane, *e, *n);
        let bias = chance.normal() * case.bias_deg.to_radians();
        for (k, (home, speed)) in homes.iter().zip(&speeds).enumerate() {
            let age = if case.speed > 0.0 { chance.uniform() * 5.0 } else { 0.0 };
            let there = ground(&plane, home.0 - speed.0 * age, home.1 - speed.1 * age);
            if chance.uniform() < case.detection {
                let off = bias + chance.normal() * case.sigma_deg.to_radians();
                lines.push(Line {
                    time: T0 + Span::from_secs_f64(-age),
                    bias_rad: case.bias_deg.to_radians(),
                    key: case.keyed.then_some(k as u64),
                    ..line(number as u64, from, azimuth(from, there) + off, case.sigma_deg)
                });
                of.push(Some(k));
            }
        }
        while chance.uniform() < case.alone / (1.0 + case.alone) {
            let key = case.keyed.then(|| 1_000 + lines.len() as u64);
            let any = (chance.uniform() - 0.5) * core::f64::consts::TAU;
            lines.push(Line { key, bias_rad: case.bias_deg.to_radians(), ..line(number as u64, from, any, case.sigma_deg) });
            of.push(None);
        }
    }
    World { plane, truth, lines, of }
}

fn scattered(chance: &mut Chance, count: usize, half: f64) -> Vec<(f64, f64)> {
    (0..count).map(|_| ((2.0 * chance.uniform() - 1.0) * half, (2.0 * chance.uniform() - 1.0) * half)).collect()
}

#[derive(Default)]
struct Sums {
    emitters: usize,
    /// Heard by three finders or more.
    heard: usize,
    found: usize,
    possible: usize,
    possible_wrong: usize,
    wrong: usize,
    mixed: usize,
    nees: f64,
    squares: f64,
    bound: f64,
    cut: u32,
    dropped: u32,
    counted: usize,
}

fn horizontal(plane: &TangentPlane, point: Position<Ecef>, other: Position<Ecef>) -> Vector2<f64> {
    let (a, b) = (plane.to_enu(point), plane.to_enu(other));
    Vector2::new(a.vector().x - b.vector().x, a.vector().y - b.vector().y)
}

fn nees(world: &World, emitter: &Emitter, truth: Position<Ecef>) -> f64 {
    let p: Matrix2<f64> = emitter.covariance.matrix().fixed_view::<2, 2>(0, 0).into();
    let off = horizontal(&world.plane, emitter.position, truth);
    off.dot(&(p.try_inverse().unwrap() * off))
}

/// The least variance of a place that such lines allow (Cramér and Rao), both directions together.
fn bound(world: &World, emitter: &Emitter, truth: Position<Ecef>) -> f64 {
    let mut information = Matrix2::zeros();
    for index in &emitter.lines {
        let line = &world.lines[usize::from(*index)];
        let away = horizontal(&world.plane, truth, line.place);
        let g = Vector2::new(away.y, -away.x) / away.norm_squared();
        information += g * g.transpose() / (line.sigma_rad * line.sigma_rad + line.bias_rad * line.bias_rad);
    }
    information.try_inverse().map_or(f64::NAN, |p| p.trace())
}

fn run(case: &Case, config: &TriangulationConfig) -> Sums {
    let mut sums = Sums::default();
    for seed in 0..case.runs {
        let world = world(case, seed);
        let answer = located(config, &world.lines);
        sums.emitters += case.emitters;
        let hearers = |k| world.of.iter().filter(|of| **of == Some(k)).count();
        sums.heard += (0..case.emitters).filter(|k| hearers(*k) >= if case.keyed { 2 } else { 3 }).count();
        sums.cut += answer.tally.searches_cut;
        sums.dropped += answer.tally.candidates_dropped;
        answer.emitters.iter().for_each(|emitter| judge(&mut sums, &world, emitter));
    }
    sums
}

fn judge(sums: &mut Sums, world: &World, emitter: &Emitter) {
    let nearest = world.truth.iter().map(|truth| nees(world, emitter, *truth)).fold(f64::INFINITY, f64::min);
    if emitter.standing == Standing::Possible {
        sums.possible += 1;
        sums.possible_wrong += usize::from(nearest > WRONG);
        return;
    }
    sums.wrong += usize::from(nearest > WRONG);
    if nearest > WRONG && std::env::var_os("SHOW").is_some() {
        let of: Vec<_> = emitter.lines.iter().map(|i| world.of[usize::from(*i)]).collect();
        println!("wrong {nearest:.1} odds {:.1} χ² {:.1} of {of:?}", emitter.log_odds, emitter.chi_squared);
    }
    let of = world.of[usize::from(emitter.lines[0])];
    match of.filter(|_| emitter.lines.iter().all(|index| world.of[usize::from(*index)] == of)) {
        Some(k) => {
            let truth = world.truth[k];
            sums.found += 1;
            sums.nees += nees(world, emitter, truth);
            sums.squares += horizontal(&world.plane, emitter.position, truth).norm_squared();
            sums.bound += bound(world, emitter, truth);
        }
        None => sums.mixed += 1,
    }
}

#[test]
fn no_emitter_is_told_where_there_is_none_over_thousands_of_geometries() {
    let cases = [
        Case { name: "one, two finders", finders: 2, ..CASE },
        Case { name: "one, three finders", ..CASE },
        Case { name: "three, two finders", emitters: 3, finders: 2, ..CASE },
        Case { name: "three, three finders", emitters: 3, ..CASE },
        Case { name: "three, three finders, 3°", emitters: 3, sigma_deg: 3.0, ..CASE },
        Case { name: "three, four finders", emitters: 3, finders: 4, ..CASE },
        Case { name: "five, five finders", emitters: 5, finders: 5, ..CASE },
        Case { name: "ten, five finders", emitters: 10, finders: 5, runs: 100, ..CASE },
        Case { name: "ten, eight finders", emitters: 10, finders: 8, runs: 40, ..CASE },
        Case { name: "ten, five finders, keys", emitters: 10, finders: 5, keyed: true, runs: 100, ..CASE },
        Case { name: "three, two finders, keys", emitters: 3, finders: 2, keyed: true, ..CASE },
        Case { name: "three moving, four finders", emitters: 3, finders: 4, speed: 2.0, ..CASE },
    ];
    println!("| emitters, finders | heard enough | found | told wrong | with a wrong line | possible | of them wrong | RMS error m | CRLB m | NEES/2 | cut | dropped |");
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut wrong = 0;
    for case in cases {
        let s = run(&case, &TriangulationConfig::PLAIN);
        let n = (s.found as f64).max(1.0);
        println!(
            "| {} | {} of {} | {} | {} | {} | {} | {} | {:.0} | {:.0} | {:.2} | {} | {} |",
            case.name, s.heard, s.emitters, s.found, s.wrong, s.mixed, s.possible, s.possible_wrong,
            sqrt(s.squares / n), sqrt(s.bound / n), s.nees / n / 2.0, s.cut, s.dropped,
        );
        wrong += s.wrong;
    }
    assert_eq!(wrong, 0);
}
