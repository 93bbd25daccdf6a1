//! Filters, covariance intersection and GOSPA agree with Stone Soup, the reference of the field, on random cases.
//!
//! Needs a Python interpreter with `stonesoup` 1.9.1; `oracle/stonesoup_oracle.py` puts our questions to it. Each kind
//! of case has a tolerance with a reason, and the table that is printed shows how much of it is used. A state is
//! compared in sigmas: a mean by its component's, an element of a covariance by those of its row and its column.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use edge_node::score::{Cut, Order, gospa};
use fusion_core::filter::intersection::{Weight, intersect};
use fusion_core::filter::unscented::{Spread, Unscented};
use fusion_core::filter::{extended, predict};
use fusion_core::frame;
use fusion_core::gaussian::{Covariance, GaussianState, StateVector};
use fusion_core::maths::{cos, exp, ln, sin, sqrt};
use fusion_core::measurement::{Pose, Reading};
use fusion_core::model::MeasurementModel;
use fusion_core::model::bearing::{Bearing, BearingElevation};
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::polar::{RangeBearing, RangeBearingElevation, RangeBearingElevationRate, RangeBearingRate};
use fusion_core::model::position::Position;
use fusion_core::nalgebra::{Rotation3, SMatrix, SVector};
use fusion_core::time::{Span, Timestamp};
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/stonesoup_oracle.py");
const CASES: usize = 60;
const SPOILT_CASES: usize = 5;
const SEED: u64 = 1_997;

/// The same algorithm: what differs is rounding alone.
const ROUNDING: f64 = 1e-9;
/// As it ships, Stone Soup averages the angles of sigma points on the circle, we along the tangent. The two part in the
/// third order of the spread of an angle, here hundredths of a radian. Where its angles are told to average our way,
/// rounding is all that remains.
const CIRCLE: f64 = 1e-4;

const KINDS: [Kind; 15] = [
    Kind { name: "KF, 20 predictions and updates", make: kalman, lever: "/mean/0", tolerance: ROUNDING },
    update("EKF, position", |c| fix(c, Filter::Extended), ROUNDING),
    update("EKF, range bearing", |c| range_bearing(c, Filter::Extended), ROUNDING),
    update("EKF, range bearing rate", |c| range_bearing_rate(c, Filter::Extended), ROUNDING),
    update("EKF, range bearing elevation", |c| range_bearing_elevation(c, Filter::Extended), ROUNDING),
    update("EKF, all four", |c| all_four(c, FAR, Filter::Extended), ROUNDING),
    update("EKF, bearing", |c| bearing(c, Filter::Extended), ROUNDING),
    update("EKF, bearing elevation", |c| bearing_elevation(c, Filter::Extended), ROUNDING),
    update("UKF, position", |c| fix(c, Filter::Unscented), ROUNDING),
    update("UKF, range bearing rate", |c| range_bearing_rate(c, Filter::Unscented), ROUNDING),
    update("UKF, bearing", |c| bearing(c, Filter::Unscented), ROUNDING),
    update("UKF, all four, near", |c| all_four(c, NEAR, Filter::Unscented), ROUNDING),
    update("UKF, all four, as shipped", |c| all_four(c, FAR, Filter::UnscentedAsShipped), CIRCLE),
    Kind { name: "covariance intersection", make: intersection, lever: "/first/mean/0", tolerance: ROUNDING },
    Kind { name: "GOSPA and its parts", make: gospa_case, lever: "/c", tolerance: ROUNDING },
];

/// A kind of case: how one is made, and how far the answers may differ.
struct Kind {
    name: &'static str,
    make: fn(&mut Chance) -> Case,
    /// A number in the question whose change must show in the answer: the control.
    lever: &'static str,
    tolerance: f64,
}

const fn update(name: &'static str, make: fn(&mut Chance) -> Case, tolerance: f64) -> Kind {
    Kind { name, make, lever: "/mean/0", tolerance }
}

/// A question, and our own answer to it.
struct Case {
    question: Value,
    ours: Vec<Figure>,
}

/// A number of ours: where theirs stands in their answer, and what a difference is measured by.
struct Figure {
    place: String,
    value: f64,
    scale: f64,
}

#[test]
fn estimates_and_metrics_agree_with_stone_soup() {
    let Some(mut oracle) = Oracle::start("oracle_stonesoup") else { return };
    let mut table = String::from("largest differences to Stone Soup 1.9.1, in sigmas or of the whole\n");
    let mut faults = 0;
    for kind in &KINDS {
        let (largest, place) = largest_difference(kind, CASES, |question| oracle.ask(question));
        let verdict = if largest <= kind.tolerance { "" } else { "  TOO FAR" };
        faults += usize::from(!verdict.is_empty());
        writeln!(table, "{:36} {largest:9.2e} of {:7.0e}  at {place}{verdict}", kind.name, kind.tolerance)
            .expect("a string");
    }
    eprint!("{table}");
    oracle.finish();
    assert_eq!(faults, 0, "\n{table}");
}

#[test]
fn a_question_that_is_one_percent_off_is_noticed() {
    let Some(mut oracle) = Oracle::start("oracle_stonesoup_control") else { return };
    for kind in &KINDS {
        let (largest, _) = largest_difference(kind, SPOILT_CASES, |question| {
            let mut spoilt = question.clone();
            let lever = spoilt.pointer_mut(kind.lever).expect("the lever is in the question");
            *lever = json!(1.01 * lever.as_f64().expect("a number"));
            oracle.ask(&spoilt)
        });
        assert!(largest > kind.tolerance, "{}: {largest} is within {}", kind.name, kind.tolerance);
    }
    oracle.finish();
}

/// Over this many cases, how far the answers differ at the most, and where.
fn largest_difference(kind: &Kind, cases: usize, mut ask: impl FnMut(&Value) -> Value) -> (f64, String) {
    let mut chance = Chance(SEED);
    let mut worst = (0.0, String::from("nothing"));
    for _ in 0..cases {
        let case = (kind.make)(&mut chance);
        let theirs = ask(&case.question);
        for figure in case.ours {
            let their_value = theirs.pointer(&figure.place).and_then(Value::as_f64).expect("a number in the answer");
            let difference = (figure.value - their_value).abs() / figure.scale;
            // Nothing is worse than NaN.
            if difference.is_nan() || difference > worst.0 {
                worst = (difference, figure.place);
            }
        }
    }
    worst
}

/// The Python process.
struct Oracle {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    fn start(test: &str) -> Option<Self> {
        let python = tests::oracle_python(test)?;
        if !has_stone_soup(&python) {
            tests::skip(test, "the Python oracles lack stonesoup 1.9.1; tests/run installs it");
            return None;
        }
        let mut process = Command::new(python)
            .arg(SCRIPT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a Python interpreter");
        let questions = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped"));
        Some(Self { process, questions, answers })
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").expect("the oracle listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("text");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error} in {answer:?} to {question}"))
    }

    fn finish(mut self) {
        drop(self.questions);
        assert!(self.process.wait().expect("a child").success(), "the oracle failed, see above");
    }
}

fn has_stone_soup(python: &Path) -> bool {
    let check = "import importlib.metadata as m; assert m.version('stonesoup') == '1.9.1'";
    Command::new(python).args(["-c", check]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

// --- Cases ---

#[derive(Clone, Copy)]
enum Filter {
    Extended,
    /// With the angles of theirs averaged as ours are.
    Unscented,
    UnscentedAsShipped,
}

impl Filter {
    fn name(self) -> &'static str {
        match self {
            Self::Extended => "extended",
            Self::Unscented | Self::UnscentedAsShipped => "unscented",
        }
    }

    fn update<const M: usize>(
        self,
        spread: Spread,
        model: &impl MeasurementModel<M>,
        before: &GaussianState,
        reading: &Reading<M>,
    ) -> GaussianState {
        let updated = match self {
            Self::Extended => extended::update(model, before, reading),
            Self::Unscented | Self::UnscentedAsShipped => {
                Unscented::new(spread).expect("a proper spread").update(model, before, reading)
            }
        };
        updated.expect("finite numbers").0
    }
}

/// Distance from the sensor and sigma of the position, at the most; a quarter of them at the least.
#[derive(Clone, Copy)]
struct Scale {
    distance_m: f64,
    sigma_m: f64,
}

const FAR: Scale = Scale { distance_m: 40_000.0, sigma_m: 300.0 };
const NEAR: Scale = Scale { distance_m: 1_200.0, sigma_m: 40.0 };

/// A state before its update, and the sensor that sees it.
struct Scene {
    before: GaussianState,
    pose: Pose,
    truth: StateVector,
}

impl Scene {
    /// A target all round a sensor, whose axes lean if it is not `level`.
    fn new(chance: &mut Chance, scale: Scale, level: bool) -> Self {
        let lean = if level { 0.0 } else { 0.05 };
        let (roll, pitch, yaw) = (lean * chance.normal(), lean * chance.normal(), 0.5 * chance.normal());
        let origin = frame::Position::new(500.0 * chance.normal(), 500.0 * chance.normal(), 20.0 * chance.normal());
        let pose =
            Pose { origin, axes: Rotation3::from_euler_angles(roll, pitch, yaw).into_inner(), ..Pose::AT_ORIGIN };
        let (azimuth, distance) = (chance.between(-4.0, 4.0), scale.distance_m * chance.between(0.25, 1.0));
        let height = if level { 0.0 } else { distance * chance.between(-0.1, 0.4) };
        let away = SVector::<f64, 3>::new(distance * sin(azimuth), distance * cos(azimuth), height);
        let mut mean = StateVector::from_fn(|_, _| 60.0 * chance.normal());
        mean.fixed_rows_mut::<3>(0).copy_from(&(origin.vector() + away));
        let sigma = scale.sigma_m;
        let covariance = chance.covariance([sigma, sigma, sigma, 20.0, 20.0, 10.0]);
        let before = GaussianState { mean, covariance, time: Timestamp::EPOCH };
        let truth = mean + covariance.factor().matrix() * StateVector::from_fn(|_, _| chance.normal());
        Self { before, pose, truth }
    }

    /// An update by a measurement of the truth; `z` as the model of that name has it.
    fn update<const M: usize>(
        &self,
        chance: &mut Chance,
        filter: Filter,
        (name, model): (&str, impl MeasurementModel<M>),
        sigmas: [f64; M],
    ) -> Case {
        let noise = chance.covariance(sigmas);
        let error = noise.factor().matrix() * SVector::from_fn(|_, _| chance.normal());
        let z = model.residual(&(model.predict(&self.truth) + error), &SVector::zeros());
        let reading = Reading { z, noise };
        let spread = chance.spread();
        let after = filter.update(spread, &model, &self.before, &reading);
        let question = json!({
            "kind": filter.name(), "model": name, "tangent": matches!(filter, Filter::Unscented),
            "mean": self.before.mean.as_slice(),
            "covariance": rows(self.before.covariance.matrix()), "origin": self.pose.origin.vector().as_slice(),
            "axes": rows(&self.pose.axes), "z": z.as_slice(), "noise": rows(noise.matrix()),
            "alpha": spread.alpha, "beta": spread.beta, "kappa": spread.kappa,
        });
        Case { question, ours: figures(0, &after) }
    }
}

fn fix(chance: &mut Chance, filter: Filter) -> Case {
    let scene = Scene::new(chance, FAR, false);
    scene.update(chance, filter, ("position", Position), [80.0, 60.0, 40.0])
}

fn range_bearing(chance: &mut Chance, filter: Filter) -> Case {
    let scene = Scene::new(chance, FAR, true);
    scene.update(chance, filter, ("range_bearing", RangeBearing(&scene.pose)), [20.0, 0.003])
}

fn range_bearing_rate(chance: &mut Chance, filter: Filter) -> Case {
    let scene = Scene::new(chance, FAR, false);
    let model = RangeBearingRate(&scene.pose);
    scene.update(chance, filter, ("range_bearing_rate", model), [20.0, 0.003, 2.0])
}

fn range_bearing_elevation(chance: &mut Chance, filter: Filter) -> Case {
    let scene = Scene::new(chance, FAR, false);
    let model = RangeBearingElevation(&scene.pose);
    scene.update(chance, filter, ("range_bearing_elevation", model), [20.0, 0.003, 0.004])
}

fn all_four(chance: &mut Chance, scale: Scale, filter: Filter) -> Case {
    let scene = Scene::new(chance, scale, false);
    let model = RangeBearingElevationRate(&scene.pose);
    scene.update(chance, filter, ("range_bearing_elevation_rate", model), [20.0, 0.003, 0.004, 2.0])
}

fn bearing(chance: &mut Chance, filter: Filter) -> Case {
    let scene = Scene::new(chance, FAR, true);
    scene.update(chance, filter, ("bearing", Bearing(&scene.pose)), [0.01])
}

fn bearing_elevation(chance: &mut Chance, filter: Filter) -> Case {
    let scene = Scene::new(chance, FAR, false);
    scene.update(chance, filter, ("bearing_elevation", BearingElevation(&scene.pose)), [0.01, 0.02])
}

fn kalman(chance: &mut Chance) -> Case {
    let Scene { mut before, .. } = Scene::new(chance, FAR, false);
    let model = NearlyConstantVelocity { horizontal: chance.between(0.01, 9.0), vertical: chance.between(0.01, 1.0) };
    let (start, mut steps, mut ours) = (before, Vec::new(), Vec::new());
    for step in 0..20 {
        let milliseconds = chance.below(8_000);
        let to = before.time + Span::from_millis(i64::from(milliseconds));
        before = predict(&model, &before, to).expect("finite");
        ours.extend(figures(2 * step, &before));
        let noise = chance.covariance([80.0, 60.0, 40.0]);
        let error = noise.factor().matrix() * SVector::from_fn(|_, _| chance.normal());
        let z = before.position().vector() + error;
        steps.push(json!({ "milliseconds": milliseconds, "z": z.as_slice(), "noise": rows(noise.matrix()) }));
        before = extended::update(&Position, &before, &Reading { z, noise }).expect("finite").0;
        ours.extend(figures(2 * step + 1, &before));
    }
    let question = json!({
        "kind": "kalman", "density": [model.horizontal, model.vertical], "mean": start.mean.as_slice(),
        "covariance": rows(start.covariance.matrix()), "steps": steps,
    });
    Case { question, ours }
}

fn intersection(chance: &mut Chance) -> Case {
    let Scene { before: a, truth, .. } = Scene::new(chance, FAR, false);
    let covariance = chance.covariance([200.0, 100.0, 300.0, 30.0, 10.0, 10.0]);
    let b = GaussianState { mean: truth, covariance, time: a.time };
    let least = Weight::of_least_determinant(&a.covariance, &b.covariance);
    let smallest = intersect(&a, &b, least).expect("finite").covariance.factor().log_determinant();
    let weights =
        [least, Weight::by_traces(&a.covariance, &b.covariance), Weight::by_determinants(&a.covariance, &b.covariance)];
    let weight = weights[usize::try_from(chance.below(3)).expect("small")];
    let mut ours = figures(0, &intersect(&a, &b, weight).expect("finite"));
    ours.push(Figure { place: "/least_log_determinant".to_owned(), value: smallest, scale: 1.0 });
    let estimate =
        |state: &GaussianState| json!({ "mean": state.mean.as_slice(), "covariance": rows(state.covariance.matrix()) });
    let question = json!({
        "kind": "intersection", "first": estimate(&a), "second": estimate(&b), "omega": weight.first(),
    });
    Case { question, ours }
}

fn gospa_case(chance: &mut Chance) -> Case {
    let (truths, tracks) = (chance.points(1), chance.points(0));
    let p = 1 + u8::try_from(chance.below(3)).expect("below three");
    let cut = Cut { order: Order::new(p).expect("in range"), cutoff_m: chance.between(10.0, 200.0) };
    let ours = gospa(&truths, &tracks, cut).expect("few pairs");
    let whole = cut.order.raise(ours.distance_m);
    let figures = [
        ("/distance", ours.distance_m, ours.distance_m),
        ("/localisation", ours.localisation_cost, whole),
        ("/missed", ours.missed_cost, whole),
        ("/false", ours.false_cost, whole),
    ];
    let question = json!({ "kind": "gospa", "truths": truths, "tracks": tracks, "p": p, "c": cut.cutoff_m });
    let figure = |(place, value, scale): (&str, f64, f64)| Figure { place: place.to_owned(), value, scale };
    Case { question, ours: figures.map(figure).into() }
}

/// Every number of the n-th state of an answer.
fn figures(n: usize, state: &GaussianState) -> Vec<Figure> {
    let sigma = |k| state.covariance.sigma(k);
    let mean = (0..6).map(|i| Figure { place: format!("/states/{n}/mean/{i}"), value: state.mean[i], scale: sigma(i) });
    let covariance = (0..36).map(|k| (k / 6, k % 6)).map(|(i, j)| Figure {
        place: format!("/states/{n}/covariance/{i}/{j}"),
        value: state.covariance.matrix()[(i, j)],
        scale: sigma(i) * sigma(j),
    });
    mean.chain(covariance).collect()
}

fn rows<const R: usize, const C: usize>(m: &SMatrix<f64, R, C>) -> Vec<Vec<f64>> {
    m.row_iter().map(|row| row.iter().copied().collect()).collect()
}

/// Chance from a seed: a linear congruential generator (Knuth's constants).
struct Chance(u64);

impl Chance {
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).expect("32 bits")
    }

    fn below(&mut self, end: u32) -> u32 {
        u32::try_from((u64::from(self.bits()) * u64::from(end)) >> 32).expect("below a u32")
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (f64::from(self.bits()) + 0.5) / 4_294_967_296.0
    }

    /// Box and Muller's normal variate.
    fn normal(&mut self) -> f64 {
        let radius = sqrt(-2.0 * ln(self.between(0.0, 1.0)));
        radius * cos(self.between(0.0, core::f64::consts::TAU))
    }

    /// A covariance with about these sigmas, its errors correlated at random.
    fn covariance<const N: usize>(&mut self, sigmas: [f64; N]) -> Covariance<N> {
        let mut l = SMatrix::<f64, N, N>::zeros();
        for i in 0..N {
            for j in 0..i {
                l[(i, j)] = 0.3 * sigmas[i] * self.normal();
            }
            l[(i, i)] = sigmas[i] * exp(self.between(-1.4, 0.0));
        }
        Covariance::new(l * l.transpose()).expect("positive definite")
    }

    fn spread(&mut self) -> Spread {
        let common = Spread { alpha: 0.5, beta: 2.0, kappa: -3.0 };
        let all = [common, Spread::STANDARD, Spread { alpha: 1.0, ..common }, Spread { kappa: 0.0, ..common }];
        all[usize::try_from(self.below(4)).expect("small")]
    }

    fn points(&mut self, least: u32) -> Vec<[f64; 3]> {
        let count = least + self.below(20);
        (0..count).map(|_| [0; 3].map(|_| self.between(0.0, 300.0))).collect()
    }
}
