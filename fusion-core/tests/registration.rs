//! What radars are off by, learnt from aircraft that tell their own place: how near, how soon, how honestly. Prints
//! tables.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts of a test are small")]

mod common;

use common::Chance;
use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::maths::{atan2, cos, sin, sqrt};
use fusion_core::measurement::Pose;
use fusion_core::nalgebra::{Matrix3, Vector3};
use fusion_core::registration::{
    BIASES, Biases, Outcome, Pair, Reference, Registration, RegistrationConfig, SOURCES_MAX, Seen, Shared, TARGETS_MAX,
};
use fusion_core::time::{Span, Timestamp};

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const TURN_S: f64 = 4.0;

/// What a radar is off by and how well it measures.
#[derive(Clone, Copy)]
struct Radar {
    at: (f64, f64),
    bias: [f64; 3],
    sigmas: (f64, f64),
}

const EAST: Radar = Radar { at: (20_000.0, 5_000.0), bias: [120.0, 0.026_179_9, 0.4], sigmas: (60.0, 0.002) };
const WEST: Radar = Radar { at: (-30_000.0, -10_000.0), bias: [-80.0, -0.008_726_6, -0.2], sigmas: (40.0, 0.003) };

/// An aircraft that flies straight, or in circles.
#[derive(Clone, Copy)]
struct Aircraft {
    from: Vector3<f64>,
    heading: f64,
    speed: f64,
    turn: f64,
}

impl Aircraft {
    fn any(chance: &mut Chance) -> Self {
        Self {
            from: Vector3::new(chance.between(-60e3, 60e3), chance.between(-60e3, 60e3), chance.between(2e3, 11e3)),
            heading: chance.between(0.0, core::f64::consts::TAU),
            speed: chance.between(80.0, 250.0),
            turn: if chance.uniform() < 0.5 { 0.0 } else { chance.between(-0.01, 0.01) },
        }
    }

    fn at(&self, t: f64) -> (Vector3<f64>, Vector3<f64>) {
        let heading = self.heading + self.turn * t;
        let velocity = Vector3::new(sin(heading), cos(heading), 0.0) * self.speed;
        let way = if self.turn == 0.0 {
            velocity * t
        } else {
            let radius = self.speed / self.turn;
            Vector3::new(cos(self.heading) - cos(heading), sin(heading) - sin(self.heading), 0.0) * radius
        };
        (self.from + way, velocity)
    }
}

/// A source of references: what all its places share, one sigma and as drawn.
#[derive(Clone, Copy)]
struct Teller {
    number: u64,
    sigma_m: f64,
    shared_place_m: f64,
    shared_time_s: f64,
    off: (f64, f64, f64),
}

impl Teller {
    fn any(number: u64, shared_place_m: f64, shared_time_s: f64, chance: &mut Chance) -> Self {
        let off = (chance.normal() * shared_place_m, chance.normal() * shared_place_m, chance.normal() * shared_time_s);
        Self { number, sigma_m: 20.0, shared_place_m, shared_time_s, off }
    }

    /// Told a while before `t`, at a time that is off as all of its times are.
    fn tell(&self, aircraft: &Aircraft, t: f64, chance: &mut Chance) -> Reference {
        let told = t - chance.uniform();
        let (place, velocity) = aircraft.at(told - self.off.2);
        let noise = Vector3::new(chance.normal(), chance.normal(), chance.normal()) * self.sigma_m;
        Reference {
            source: self.number,
            time: T0 + Span::from_secs_f64(told),
            position: Position::from_vector(place + noise + Vector3::new(self.off.0, self.off.1, 0.0)),
            velocity: Velocity::from_vector(velocity),
            covariance: Covariance::new(Matrix3::from_diagonal_element(self.sigma_m * self.sigma_m)).unwrap(),
            velocity_sigma_m_s: 1.0,
            shared: Shared::Moved { place_m: self.shared_place_m },
            shared_time_s: self.shared_time_s,
        }
    }
}

fn see(radar: &Radar, aircraft: &Aircraft, t: f64, chance: &mut Chance) -> Seen {
    let origin = Vector3::new(radar.at.0, radar.at.1, 100.0);
    let v = aircraft.at(t).0 - origin;
    let (range, azimuth) = (v.norm(), atan2(v.x, v.y));
    Seen {
        time: T0 + Span::from_secs_f64(t + radar.bias[2]),
        pose: Pose { origin: Position::from_vector(origin), ..Pose::AT_ORIGIN },
        range: Some((range + radar.bias[0] + radar.sigmas.0 * chance.normal(), radar.sigmas.0)),
        azimuth: (azimuth + radar.bias[1] + radar.sigmas.1 * chance.normal(), radar.sigmas.1),
    }
}

struct Scene {
    radar: Radar,
    aircraft: Vec<Aircraft>,
    tellers: Vec<Teller>,
    chance: Chance,
    t: f64,
}

impl Scene {
    fn new(radar: Radar, count: usize, tellers: &[(f64, f64)], seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let aircraft = (0..count).map(|_| Aircraft::any(&mut chance)).collect();
        let tellers = (0..).zip(tellers).map(|(k, (m, s))| Teller::any(k, *m, *s, &mut chance)).collect();
        Self { radar, aircraft, tellers, chance, t: 0.0 }
    }

    /// One turn of the radar: a pair of every aircraft.
    fn turn(&mut self) -> Vec<Pair> {
        self.t += TURN_S;
        let (t, chance) = (self.t, &mut self.chance);
        let pair = |(k, aircraft): (u64, &Aircraft)| {
            let seen = see(&self.radar, aircraft, t, chance);
            let teller = self.tellers[k as usize % self.tellers.len()];
            // References are told at times of their own, which the radar's clock knows nothing of.
            let reference = teller.tell(aircraft, t, chance);
            Pair { target: k, seen, reference, reference_lasts: Span::ZERO }
        };
        (0..).zip(&self.aircraft).map(pair).collect()
    }

    fn run(&mut self, registration: &mut Registration, turns: u32) {
        for _ in 0..turns {
            self.turn().iter().for_each(|pair| _ = registration.handle_pair(pair));
        }
    }
}

fn nees(biases: &Biases, truth: &[f64; 3]) -> f64 {
    let p: Matrix3<f64> = biases.covariance.fixed_view::<3, 3>(0, 0).into();
    let off = Vector3::from_fn(|k, _| biases.mean[k] - truth[k]);
    off.dot(&(p.try_inverse().unwrap() * off))
}

/// A config whose prior the biases above are drawn from as well as not.
const CONFIG: RegistrationConfig = RegistrationConfig::RADAR;

struct Row {
    mean: [f64; 3],
    squares: [f64; 3],
    variance: [f64; 3],
    nees: f64,
}

/// Many runs of one case; biases are drawn from the prior unless the radar's own are kept.
fn runs(radar: Radar, drawn: bool, tellers: &[(f64, f64)], turns: u32) -> Row {
    let mut row = Row { mean: [0.0; 3], squares: [0.0; 3], variance: [0.0; 3], nees: 0.0 };
    for seed in 0..RUNS {
        let mut chance = Chance::new(1_000 + seed);
        let bias = if drawn { core::array::from_fn(|k| chance.normal() * CONFIG.prior[k]) } else { radar.bias };
        let mut registration = Registration::new(CONFIG);
        Scene::new(Radar { bias, ..radar }, 8, tellers, seed).run(&mut registration, turns);
        let biases = registration.estimate();
        for (k, bias) in bias.iter().enumerate() {
            row.mean[k] += biases.mean[k] / RUNS as f64;
            row.squares[k] += (biases.mean[k] - bias) * (biases.mean[k] - bias) / RUNS as f64;
            row.variance[k] += biases.covariance[(k, k)] / RUNS as f64;
        }
        row.nees += nees(&biases, &bias) / RUNS as f64;
    }
    row
}

const RUNS: u64 = 100;

#[test]
fn biases_come_out_as_they_are_and_no_better_known_than_they_are() {
    println!("| radar, references, turns | bias m, °, s | mean estimate | RMS error | sigma | NEES/3 |");
    println!("|---|---|---|---|---|---|");
    let exact = [(0.0, 0.0)];
    let late = [(0.0, 0.15)];
    let moved = [(150.0, 0.15)];
    let three = [(150.0, 0.15), (150.0, 0.15), (150.0, 0.15)];
    let cases: [(_, _, &[_], _); 7] = [
        ("east, exact, 5", EAST, &exact, 5),
        ("east, exact, 50", EAST, &exact, 50),
        ("east, late, 50", EAST, &late, 50),
        ("west, exact, 50", WEST, &exact, 50),
        ("west, late, 50", WEST, &late, 50),
        ("east, late and moved, 50", EAST, &moved, 50),
        ("east, three late and moved, 50", EAST, &three, 50),
    ];
    for (name, radar, tellers, turns) in cases {
        let row = runs(radar, false, tellers, turns);
        let show = |x: [f64; 3]| format!("{:.1}, {:.3}, {:.3}", x[0], x[1].to_degrees(), x[2]);
        let drawn = runs(radar, true, tellers, turns);
        println!(
            "| {name} | {} | {} | {} | {} | {:.2} |",
            show(radar.bias),
            show(row.mean),
            show(row.squares.map(sqrt)),
            show(row.variance.map(sqrt)),
            drawn.nees / 3.0
        );
        // A hundred runs of three degrees of freedom: ±0.25 are three sigmas.
        assert!((0.7..1.3).contains(&(drawn.nees / 3.0)), "{name}: {}", drawn.nees / 3.0);
        for k in 0..3 {
            let (rms, sigma) = (sqrt(row.squares[k]), sqrt(row.variance[k]));
            assert!(rms < 1.5 * sigma, "{name}, {k}: {rms} against {sigma}");
        }
    }
}

/// Another radar whose tracks are the references: where it stands, and what is left of its own errors, one sigma.
#[derive(Clone, Copy)]
struct Other {
    site: (f64, f64),
    range_m: f64,
    azimuth_rad: f64,
}

/// Many runs against another radar's tracks, with everything drawn: NEES per degree of freedom, mean sigmas.
fn runs_against(other: &Other, turns: u32) -> (f64, [f64; 3]) {
    let (mut squares, mut sigmas) = (0.0, [0.0; 3]);
    for seed in 0..RUNS {
        let mut chance = Chance::new(5_000 + seed);
        let bias: [f64; 3] = core::array::from_fn(|k| chance.normal() * CONFIG.prior[k]);
        let off = (chance.normal() * other.range_m, chance.normal() * other.azimuth_rad);
        let site = Vector3::new(other.site.0, other.site.1, 50.0);
        let shared =
            Shared::Seen { site: Position::from_vector(site), range_m: other.range_m, azimuth_rad: other.azimuth_rad };
        let mut registration = Registration::new(CONFIG);
        let mut scene = Scene::new(Radar { bias, ..EAST }, 8, &[(0.0, 0.15)], seed);
        for _ in 0..turns {
            for mut pair in scene.turn() {
                let arm = pair.reference.position.vector() - site;
                let moved = arm.normalize() * off.0 + Vector3::new(arm.y, -arm.x, 0.0) * off.1;
                pair.reference.position = Position::from_vector(pair.reference.position.vector() + moved);
                registration.handle_pair(&Pair { reference: Reference { shared, ..pair.reference }, ..pair });
            }
        }
        let biases = registration.estimate();
        squares += nees(&biases, &bias) / (3.0 * RUNS as f64);
        (0..3).for_each(|k| sigmas[k] += biases.sigma(k) / RUNS as f64);
    }
    (squares, sigmas)
}

#[test]
fn tracks_of_another_radar_teach_no_more_than_its_own_errors_allow() {
    println!("| other radar at, range m, azimuth ° | sigma m, °, s | NEES/3 |");
    println!("|---|---|---|");
    for (name, site, range_m, azimuth_rad) in [
        ("the same place", EAST.at, 30.0, 0.004),
        ("40 km west", (-20_000.0, 5_000.0), 30.0, 0.004),
        ("40 km west, well known", (-20_000.0, 5_000.0), 3.0, 0.000_2),
    ] {
        let (nees, sigmas) = runs_against(&Other { site, range_m, azimuth_rad }, 50);
        let degrees = azimuth_rad.to_degrees();
        let [range, azimuth, time] = [sigmas[0], sigmas[1].to_degrees(), sigmas[2]];
        println!("| {name}, {range_m}, {degrees:.3} | {range:.1}, {azimuth:.3}, {time:.3} | {nees:.2} |");
        assert!((0.7..1.3).contains(&nees), "{name}: {nees}");
        // From one place a turn of either looks alike; from two, a turn of the other displaces what it shows.
        assert_eq!(sigmas[1] > 0.95 * azimuth_rad, site == EAST.at, "{name}: {}", sigmas[1]);
    }
}

fn settled(radar: Radar, turns: u32, seed: u64) -> (Scene, Registration) {
    let (mut scene, mut registration) = (Scene::new(radar, 8, &[(0.0, 0.0)], seed), Registration::new(CONFIG));
    scene.run(&mut registration, turns);
    (scene, registration)
}

fn is_right(biases: &Biases, truth: &[f64; 3]) -> bool {
    (0..3).all(|k| (biases.mean[k] - truth[k]).abs() < 4.0 * biases.sigma(k))
}

#[test]
fn a_bias_is_never_known_better_than_the_references_are() {
    let mut registration = Registration::new(CONFIG);
    Scene::new(EAST, 8, &[(0.0, 0.15)], 1).run(&mut registration, 300);
    assert!((0.14..0.16).contains(&registration.estimate().sigma(2)), "{}", registration.estimate().sigma(2));
}

#[test]
fn what_stands_still_tells_nothing_of_the_clock() {
    let (mut scene, mut registration) = (Scene::new(EAST, 8, &[(0.0, 0.0)], 2), Registration::new(CONFIG));
    scene.aircraft.iter_mut().for_each(|aircraft| aircraft.speed = 0.0);
    scene.run(&mut registration, 50);
    let biases = registration.estimate();
    assert!((biases.sigma(2) - CONFIG.prior[2]).abs() < 1e-6 && biases.mean[2].abs() < 1e-6);
    assert!(biases.sigma(1) < 0.001 && (biases.mean[1] - EAST.bias[1]).abs() < 0.003);
}

#[test]
fn an_aircraft_in_orbit_around_the_radar_does_not_tell_the_clock_from_north() {
    let mut registration = Registration::new(CONFIG);
    let mut chance = Chance::new(3);
    let (omega, radius) = (0.01, 15_000.0);
    for k in 1..200 {
        let t = f64::from(k) * TURN_S;
        // Flown clockwise about the radar: heading is azimuth plus a right angle, always.
        let around = |t: f64| Vector3::new(sin(omega * t), cos(omega * t), 0.0) * radius;
        let velocity = Vector3::new(cos(omega * t), -sin(omega * t), 0.0) * (omega * radius);
        let azimuth = omega * t + EAST.bias[1] + 0.002 * chance.normal();
        let seen = Seen {
            time: T0 + Span::from_secs_f64(t + EAST.bias[2]),
            pose: Pose::AT_ORIGIN,
            range: Some((radius + EAST.bias[0] + 60.0 * chance.normal(), 60.0)),
            azimuth: (fusion_core::angle::wrap(azimuth), 0.002),
        };
        let teller = Teller { number: 1, sigma_m: 20.0, shared_place_m: 0.0, shared_time_s: 0.0, off: (0.0, 0.0, 0.0) };
        let told = Aircraft { from: around(t), heading: 0.0, speed: 0.0, turn: 0.0 };
        let reference = Reference {
            time: T0 + Span::from_secs_f64(t),
            velocity: Velocity::from_vector(velocity),
            ..teller.tell(&told, t, &mut chance)
        };
        registration.handle_pair(&Pair { target: 1, seen, reference, reference_lasts: Span::ZERO });
    }
    let biases = registration.estimate();
    assert!(biases.sigma(2) > 0.8 && biases.sigma(1) > 0.005, "{} {}", biases.sigma(2), biases.sigma(1));
    // Their sum, as it appears in azimuth, is known well: late by bias means less azimuth.
    let sum = biases.mean[1] - omega * biases.mean[2];
    assert!((sum - (EAST.bias[1] - omega * EAST.bias[2])).abs() < 0.002, "{sum}");
}

#[test]
fn wrong_pairs_are_refused_and_move_nothing() {
    let (mut scene, mut registration) = settled(EAST, 10, 4);
    for turn in 0..40 {
        let mut pairs = scene.turn();
        // Every turn two aircraft are taken for each other.
        let (a, b) = (turn % 8, (turn + 1) % 8);
        (pairs[a].seen, pairs[b].seen) = (pairs[b].seen, pairs[a].seen);
        pairs.iter().for_each(|pair| _ = registration.handle_pair(pair));
    }
    assert!(registration.tally().refused >= 70 && registration.tally().begun_anew == 0);
    assert!(is_right(&registration.estimate(), &EAST.bias));
}

#[test]
fn a_radar_that_was_put_right_is_learnt_anew() {
    let (mut scene, mut registration) = settled(EAST, 30, 5);
    scene.radar.bias = [120.0, 0.0, 0.4];
    scene.run(&mut registration, 30);
    assert_eq!(registration.tally().begun_anew, 1);
    assert!(is_right(&registration.estimate(), &scene.radar.bias));
}

#[test]
fn one_object_that_is_wrong_again_and_again_does_not_end_an_estimate() {
    let (mut scene, mut registration) = settled(EAST, 30, 6);
    for _ in 0..100 {
        let mut pair = scene.turn()[0];
        pair.seen.azimuth.0 += 0.3;
        assert_eq!(registration.handle_pair(&pair), Outcome::Refused);
    }
    assert!(is_right(&registration.estimate(), &EAST.bias));
}

#[test]
fn without_pairs_an_estimate_fades_to_its_prior_and_no_farther() {
    let (mut scene, mut registration) = settled(EAST, 50, 7);
    let known = registration.estimate();
    scene.t += 3_600.0;
    scene.run(&mut registration, 1);
    scene.t += 3.6e9;
    let mut pair = scene.turn()[0];
    pair.seen.azimuth.0 += 1.0;
    assert_eq!(registration.handle_pair(&pair), Outcome::Refused);
    let faded = registration.estimate();
    for k in 0..3 {
        assert!(faded.sigma(k) > 10.0 * known.sigma(k) && faded.sigma(k) <= CONFIG.prior[k] * (1.0 + 1e-9), "{k}");
    }
}

#[test]
fn a_slow_drift_is_followed() {
    let (mut scene, mut registration) = settled(EAST, 50, 8);
    for _ in 0..900 {
        scene.radar.bias[1] += 0.000_5 / 900.0;
        scene.run(&mut registration, 1);
    }
    let off = registration.estimate().mean[1] - scene.radar.bias[1];
    assert!(off.abs() < 0.000_3, "{off}");
}

#[test]
fn a_lasting_error_of_references_counts_once_and_not_every_turn() {
    let (mut scene, mut white) = (Scene::new(EAST, 1, &[(0.0, 0.0)], 9), Registration::new(CONFIG));
    let mut lasting = white.clone();
    for _ in 0..50 {
        let pair = scene.turn()[0];
        white.handle_pair(&pair);
        lasting.handle_pair(&Pair { reference_lasts: Span::from_secs(60), ..pair });
    }
    assert!(lasting.estimate().sigma(0) > 1.3 * white.estimate().sigma(0));
}

#[test]
fn a_direction_finder_learns_its_north_alone() {
    let (mut scene, mut registration) = (Scene::new(WEST, 8, &[(0.0, 0.0)], 10), Registration::new(CONFIG));
    for _ in 0..50 {
        for mut pair in scene.turn() {
            pair.seen.range = None;
            registration.handle_pair(&pair);
        }
    }
    let biases = registration.estimate();
    assert!((biases.sigma(0) - CONFIG.prior[0]).abs() < 1e-6 && is_right(&biases, &[0.0, WEST.bias[1], WEST.bias[2]]));
    assert!(biases.sigma(1) < 0.001);
}

#[test]
fn what_cannot_be_a_pair_is_refused_and_counted() {
    let (mut scene, mut registration) = settled(EAST, 1, 11);
    let pair = scene.turn()[0];
    let seen = |seen: Seen| Pair { seen, ..pair };
    let reference = |reference: Reference| Pair { reference, ..pair };
    let overhead = pair.seen.pose.origin + fusion_core::frame::Displacement::new(0.0, 0.0, 5_000.0);
    let unusable = [
        seen(Seen { range: Some((f64::NAN, 1.0)), ..pair.seen }),
        seen(Seen { azimuth: (1.0, 0.0), ..pair.seen }),
        reference(Reference { shared_time_s: -1.0, ..pair.reference }),
        reference(Reference { position: Position::new(f64::INFINITY, 0.0, 0.0), ..pair.reference }),
        reference(Reference { position: overhead, velocity: Velocity::ZERO, ..pair.reference }),
    ];
    let before = registration.estimate();
    assert!(unusable.iter().all(|pair| registration.handle_pair(pair) == Outcome::Unusable));
    let late = Reference { time: pair.reference.time + Span::from_secs(60), ..pair.reference };
    assert_eq!(registration.handle_pair(&reference(late)), Outcome::TooFarApart);
    assert_eq!(registration.handle_pair(&pair), Outcome::Used);
    assert_eq!(registration.handle_pair(&pair), Outcome::TooSoon);
    assert_eq!(registration.estimate().pairs, before.pairs + 1);
    let tally = registration.tally();
    assert_eq!((tally.unusable, tally.too_far_apart, tally.too_soon), (5, 1, 1));
}

#[test]
fn more_sources_and_objects_than_there_is_room_for_are_forgotten_and_counted() {
    let mut registration = Registration::new(CONFIG);
    let mut scene = Scene::new(EAST, TARGETS_MAX + 5, &[(10.0, 0.1); SOURCES_MAX + 2], 12);
    scene.run(&mut registration, 10);
    let tally = registration.tally();
    assert!(tally.sources_forgotten > 0 && tally.targets_forgotten > 0);
    assert!(is_right(&registration.estimate(), &EAST.bias));
}

#[test]
fn every_bias_that_has_a_prior_has_an_estimate_and_no_other() {
    let (_, registration) = settled(EAST, 20, 13);
    let biases = registration.estimate();
    assert!(biases.sigma(3) <= 0.0);
    assert!((0..BIASES - 1).all(|k| biases.sigma(k) > 0.0 && biases.sigma(k) < CONFIG.prior[k]));
}
