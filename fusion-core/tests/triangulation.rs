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
use fusion_core::nalgebra::{Matrix2, Vector2};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin};
use fusion_core::triangulation::{
    CANDIDATES_DEFAULT, Candidate, Emitter, Finder, LINES_MAX, Line, Located, Standing, TriangulationConfig, locate,
};

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Squared distance in sigmas beyond which a place is wrong: six of them.
const WRONG: f64 = 36.0;

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
    let (places, homes) =
        (scattered(&mut chance, case.finders, 15_000.0), scattered(&mut chance, case.emitters, 20_000.0));
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
            lines.push(Line {
                key,
                bias_rad: case.bias_deg.to_radians(),
                ..line(number as u64, from, any, case.sigma_deg)
            });
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
    /// Heard by three finders or more (two, with a key), from where the ellipse is no longer than is told.
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
    farthest: f64,
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

/// The least covariance of a place that such lines allow (Cramér and Rao).
fn bound<'a>(world: &World, lines: impl Iterator<Item = &'a Line>, truth: Position<Ecef>) -> Option<Matrix2<f64>> {
    let mut information = Matrix2::zeros();
    for line in lines {
        let away = horizontal(&world.plane, truth, line.place);
        let g = Vector2::new(away.y, -away.x) / away.norm_squared();
        information += g * g.transpose() / (line.sigma_rad * line.sigma_rad + line.bias_rad * line.bias_rad);
    }
    information.try_inverse()
}

fn is_locatable(config: &TriangulationConfig, world: &World, emitter: usize, least: usize) -> bool {
    let lines = || world.lines.iter().zip(&world.of).filter(|(_, of)| **of == Some(emitter)).map(|(line, _)| line);
    let truth = world.truth[emitter];
    let nearest = lines().map(|line| (line.place - truth).length()).fold(f64::INFINITY, f64::min);
    let long = bound(world, lines(), truth).map_or(f64::INFINITY, |p| sqrt(p.symmetric_eigenvalues().max()));
    lines().count() >= least && long < config.vagueness_max * nearest
}

fn run(case: &Case, config: &TriangulationConfig) -> Sums {
    let mut sums = Sums::default();
    for seed in 0..case.runs {
        let world = world(case, seed);
        let answer = located(config, &world.lines);
        sums.emitters += case.emitters;
        let least = if case.keyed { 2 } else { 3 };
        sums.heard += (0..case.emitters).filter(|k| is_locatable(config, &world, *k, least)).count();
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
    sums.farthest = sums.farthest.max(nearest);
    let of = world.of[usize::from(emitter.lines[0])];
    match of.filter(|_| emitter.lines.iter().all(|index| world.of[usize::from(*index)] == of)) {
        Some(k) => {
            let truth = world.truth[k];
            sums.found += 1;
            sums.nees += nees(world, emitter, truth);
            sums.squares += horizontal(&world.plane, emitter.position, truth).norm_squared();
            let lines = emitter.lines.iter().map(|index| &world.lines[usize::from(*index)]);
            sums.bound += bound(world, lines, truth).unwrap().trace();
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
        Case { name: "ten, five finders", emitters: 10, finders: 5, runs: 20, ..CASE },
        Case { name: "ten, eight finders", emitters: 10, finders: 8, runs: 4, ..CASE },
        Case { name: "ten, five finders, keys", emitters: 10, finders: 5, keyed: true, runs: 100, ..CASE },
        Case { name: "three, two finders, keys", emitters: 3, finders: 2, keyed: true, ..CASE },
        Case { name: "three moving, four finders", emitters: 3, finders: 4, speed: 2.0, ..CASE },
    ];
    println!(
        "| emitters, finders | locatable | confirmed | of them wrong | with a wrong line | possible | of them wrong |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut second =
        String::from("| emitters, finders | RMS error m | bound m | NEES/2 | farthest σ² | cut | dropped |\n");
    let (mut wrong, mut found) = (0, 0);
    for case in cases {
        let s = run(&case, &TriangulationConfig::PLAIN);
        let n = (s.found as f64).max(1.0);
        let confirmed = s.found + s.mixed;
        println!(
            "| {} | {} of {} | {confirmed} | {} | {} | {} | {} |",
            case.name, s.heard, s.emitters, s.wrong, s.mixed, s.possible, s.possible_wrong
        );
        let (rms, bound, nees) = (sqrt(s.squares / n), sqrt(s.bound / n), s.nees / n / 2.0);
        second += &format!(
            "| {} | {rms:.0} | {bound:.0} | {nees:.2} | {:.0} | {} | {} |\n",
            case.name, s.farthest, s.cut, s.dropped
        );
        found += s.found;
        assert!(s.found < 100 || (0.6..1.3).contains(&nees), "{}: NEES {nees}", case.name);
        wrong += s.wrong;
    }
    println!("\n{second}");
    assert!(wrong == 0 && found > 1_500, "{wrong} wrong, {found} found");
}

#[test]
fn the_order_of_the_lines_changes_no_bit() {
    for seed in 0..60 {
        let case = Case { emitters: 4, finders: 4, keyed: seed % 2 == 0, speed: 1.0, ..CASE };
        let world = world(&case, seed);
        let mut order: Vec<usize> = (0..world.lines.len()).collect();
        let straight = plain(&world.lines);
        Chance::new(seed).shuffle(&mut order);
        let shuffled: Vec<Line> = order.iter().map(|k| world.lines[*k]).collect();
        let mut other = plain(&shuffled);
        for emitter in &mut other.emitters {
            emitter.lines.iter_mut().for_each(|k| *k = order[usize::from(*k)] as u16);
        }
        assert_eq!(straight, other, "seed {seed}");
    }
}

/// Three finders around an emitter, their lines off by nothing.
fn around(emitter: (f64, f64)) -> (TangentPlane, Position<Ecef>, Vec<Line>) {
    let plane = plane();
    let target = ground(&plane, emitter.0, emitter.1);
    let places = [(0.0, 0.0), (12_000.0, 1_000.0), (5_000.0, -9_000.0)];
    let lines = places.iter().enumerate().map(|(k, (e, n))| {
        let from = ground(&plane, *e, *n);
        line(k as u64, from, azimuth(from, target), 0.5)
    });
    (plane, target, lines.collect())
}

#[test]
fn lines_without_error_meet_where_the_emitter_is() {
    let (_, target, lines) = around((4_000.0, 7_000.0));
    let answer = plain(&lines);
    assert_eq!((answer.emitters.len(), answer.emitters[0].lines.len()), (1, 3));
    assert!((answer.emitters[0].position - target).length() < 1.0);
}

#[test]
fn an_emitter_due_north_is_found_whichever_side_of_north_its_lines_are() {
    let (plane, _, mut lines) = around((0.0, 9_000.0));
    for off_deg in [-0.4, -0.01, 0.0, 0.01, 0.4] {
        lines[0].azimuth = Angle::from_degrees(360.0 + off_deg);
        let answer = plain(&lines);
        let off = horizontal(&plane, answer.emitters[0].position, ground(&plane, 0.0, 9_000.0));
        assert!(answer.emitters[0].lines.len() == 3 && off.norm() < 100.0, "{off_deg}: {off}");
    }
}

#[test]
fn lines_that_cross_behind_a_finder_locate_nothing() {
    let (_, _, mut lines) = around((4_000.0, 7_000.0));
    lines[0].azimuth = lines[0].azimuth + Angle::from_degrees(180.0);
    lines.truncate(2);
    assert_eq!(plain(&lines), Located::default());
    lines[1].azimuth = lines[1].azimuth + Angle::from_degrees(180.0);
    assert_eq!(plain(&lines), Located::default());
}

#[test]
fn parallel_and_opposite_lines_locate_nothing() {
    let plane = plane();
    let places = [(0.0, 0.0), (8_000.0, 0.0), (16_000.0, 0.0)].map(|(e, n)| ground(&plane, e, n));
    for azimuths in [[0.0, 0.0, 0.0], [90.0, 90.0, 90.0], [90.0, 270.0, 90.0], [90.0, 270.0, 270.0]] {
        let of = |k: usize| line(k as u64, places[k], f64::to_radians(azimuths[k]), 1.0);
        assert!(plain(&[of(0), of(1), of(2)]).emitters.is_empty(), "{azimuths:?}");
    }
}

/// Two emitters heard by two finders: the true crossings are as good as the ghosts.
fn two_by_two(keys: [Option<u64>; 2]) -> (Vec<Position<Ecef>>, Vec<Line>) {
    let plane = plane();
    let targets = [(-4_000.0, 9_000.0), (4_000.0, 10_000.0)].map(|(e, n)| ground(&plane, e, n));
    let finders = [(-6_000.0, 0.0), (6_000.0, 0.0)].map(|(e, n)| ground(&plane, e, n));
    let mut lines = Vec::new();
    for (k, from) in finders.iter().enumerate() {
        for (target, key) in targets.iter().zip(keys) {
            lines.push(Line { key, ..line(k as u64, *from, azimuth(*from, *target), 1.0) });
        }
    }
    (targets.to_vec(), lines)
}

#[test]
fn two_finders_locate_none_of_two_emitters_that_nothing_tells_apart() {
    let answer = plain(&two_by_two([None, None]).1);
    assert!(answer.emitters.is_empty() && answer.tally.ambiguous > 0);
    assert!(plain(&two_by_two([Some(7), Some(7)]).1).emitters.is_empty());
}

#[test]
fn two_finders_locate_emitters_that_keys_tell_apart() {
    let (targets, lines) = two_by_two([Some(7), Some(8)]);
    let answer = plain(&lines);
    assert_eq!(answer.emitters.len(), 2);
    for (emitter, target) in answer.emitters.iter().zip(&targets) {
        assert!(emitter.standing == Standing::Confirmed && (emitter.position - *target).length() < 1.0);
    }
}

#[test]
fn two_lines_alone_are_possible_and_no_more() {
    let lines = two_by_two([None, None]).1;
    let answer = plain(&[lines[0], lines[2]]);
    assert_eq!(answer.emitters.len(), 1);
    assert_eq!(answer.emitters[0].standing, Standing::Possible);
}

#[test]
fn lines_of_one_finder_never_make_an_emitter() {
    let mut lines = two_by_two([None, None]).1;
    lines.iter_mut().for_each(|line| line.finder = finder(1));
    assert!(plain(&lines).emitters.is_empty());
}

#[test]
fn an_older_line_counts_for_less_if_the_emitter_may_have_moved() {
    let (_, _, mut lines) = around((4_000.0, 7_000.0));
    let fresh = plain(&lines);
    lines[0].time = T0 + Span::from_secs(-60);
    let aged = plain(&lines);
    assert!(aged.emitters[0].covariance.matrix().trace() > 1.05 * fresh.emitters[0].covariance.matrix().trace());
    assert_eq!(aged.emitters[0].time, T0);
}

#[test]
fn what_is_no_line_is_counted_and_left_out() {
    let (_, _, mut lines) = around((4_000.0, 7_000.0));
    let bad = [f64::NAN, 0.0, -1.0, f64::INFINITY, 1.0].map(|sigma_rad| Line { sigma_rad, ..lines[0] });
    lines.extend(bad);
    lines.push(Line { place: Position::new(f64::NAN, 0.0, 0.0), ..lines[0] });
    lines.push(Line { place: Position::ZERO, ..lines[0] });
    lines.push(Line { azimuth: Angle::from_radians(f64::NAN), ..lines[0] });
    let answer = plain(&lines);
    assert_eq!((answer.tally.lines_refused, answer.emitters.len()), (8, 1));
}

#[test]
fn of_too_many_lines_the_newest_are_taken() {
    let (_, _, newest) = around((4_000.0, 7_000.0));
    let mut chance = Chance::new(1);
    let old = (0..2 * LINES_MAX).map(|_| Line {
        finder: finder(chance.index(40) as u64),
        time: T0 + Span::from_secs(-9),
        azimuth: Angle::from_radians(6.0 * chance.uniform()),
        key: Some(chance.index(1_000) as u64),
        ..newest[0]
    });
    let lines: Vec<Line> = old.chain(newest.iter().map(|line| Line { key: Some(5_000), ..*line })).collect();
    let answer = plain(&lines);
    assert!(answer.tally.lines_over_limit as usize >= LINES_MAX + 3);
    assert!(answer.emitters.iter().any(|emitter| emitter.key == Some(5_000)));
}

#[test]
fn little_memory_loses_the_least_likely_sets_and_counts_them() {
    let world = world(&Case { emitters: 4, finders: 5, keyed: true, ..CASE }, 3);
    let (roomy, tight) =
        (plain(&world.lines), locate(&TriangulationConfig::PLAIN, &world.lines, &mut [Candidate::EMPTY; 8]));
    assert!(roomy.tally.candidates_dropped == 0 && tight.tally.candidates_dropped > 0);
    assert!(!tight.emitters.is_empty() && tight.emitters.len() <= roomy.emitters.len());
    assert!(locate(&TriangulationConfig::PLAIN, &world.lines, &mut []).emitters.is_empty());
}

#[test]
fn an_unusable_configuration_locates_nothing() {
    let config = TriangulationConfig { detection: 1.0, ..TriangulationConfig::PLAIN };
    assert_eq!(located(&config, &around((4_000.0, 7_000.0)).2), Located::default());
}
