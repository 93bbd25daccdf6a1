//! Runs trackers over the scenarios and judges them: one row of a table for each.
//!
//! After each look of a scenario's first sensor, every believed track (confirmed, coasted ones too) is predicted to the
//! time of the look; tracks and truths that the sensor covers then are compared. A track holds a truth as in the
//! identity metrics of the score: partners stay partners while they are within the gate; the others are paired so that
//! the sum of squared distances is least. Over all pairs so found:
//!
//! * position and velocity RMSE over the ground; the former also over those pairs only whose truth accelerates harder
//!   than the scenario's limit ("turning");
//! * ANEES of the position: the mean of (x − x̂)ᵀ P⁻¹ (x − x̂) divided by its dimensions, 2 over the ground and 3 in
//!   space. Its band holds a consistent tracker's with 95 % if every truth of every run is one independent sample; as
//!   errors along a track are correlated, but not wholly, the right band is narrower.
//!
//! GOSPA (p = 2, α = 2), missed and false are those of its own best assignment, over the ground.

use std::collections::BTreeMap;

use edge_node::score::{Cut, Order, Pair, Point, gospa, one_to_one, within};
use fusion_core::association::Edge;
use fusion_core::association::gate::Plot;
use fusion_core::filter::consistency::anees_bounds;
use fusion_core::gaussian::{Covariance, GaussianState};
use fusion_core::maths::sqrt;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::nalgebra::Vector3;
use fusion_core::track::{ModeSlot, NodeId, Origin, Slot, Track, TrackNumber};
use fusion_core::tracker::{Addressed, Buffers, Column, Row as TrackerRow, Sizes, Tracker, TrackerConfig};

use super::Moment;
use super::scenarios::Scenario;
use super::sensors::{Look, looks, time};

/// A tracker that competes.
#[derive(Clone, Debug)]
pub struct Contender {
    /// Its name in the table.
    pub name: String,
    /// Whether it mixes several models of motion.
    pub is_imm: bool,
    /// Its settings.
    pub config: TrackerConfig,
}

/// The trackers that compete in a scenario. Whoever adds one adds it here.
#[must_use]
pub fn trackers(scenario: &Scenario) -> Vec<Contender> {
    let single = |&q: &f64| Contender {
        name: format!("q = {q}"),
        is_imm: false,
        config: TrackerConfig {
            motion: NearlyConstantVelocity { horizontal: q, vertical: scenario.vertical_density },
            ..scenario.config
        },
    };
    let several = Contender {
        name: "several".into(),
        is_imm: true,
        config: TrackerConfig {
            motion: NearlyConstantVelocity { horizontal: scenario.start_density, vertical: scenario.vertical_density },
            motions: Some(scenario.motions),
            ..scenario.config
        },
    };
    scenario.densities.iter().map(single).chain([several]).collect()
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The tracker's name.
    pub tracker: String,
    /// Whether it mixes several models of motion.
    pub is_imm: bool,
    /// How it did.
    pub figures: Figures,
}

/// How a tracker did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Horizontal position, m.
    pub position_rmse_m: f64,
    /// Horizontal velocity, m/s.
    pub velocity_rmse_m_s: f64,
    /// Horizontal position of truths that manoeuvre, m.
    pub manoeuvre_rmse_m: f64,
    /// The share of pairs whose truth manoeuvres.
    pub manoeuvre_share: f64,
    /// Average NEES per dimension of the horizontal position.
    pub anees_horizontal: f64,
    /// The same of truths that manoeuvre.
    pub anees_manoeuvre: f64,
    /// The same of the position in space.
    pub anees_spatial: f64,
    /// Where the former lies with 95 % if a truth of a run is one sample.
    pub anees_band: (f64, f64),
    /// Mean over the looks, m.
    pub gospa_m: f64,
    /// Truths without a track per look.
    pub missed: f64,
    /// Tracks without a truth per look.
    pub false_tracks: f64,
    /// Times that a truth went over to another track, over all runs.
    pub switches: u32,
}

/// Runs every tracker over a scenario.
#[must_use]
pub fn assess(scenario: &Scenario) -> Vec<Row> {
    let contenders = trackers(scenario);
    let mut totals = vec![Totals::default(); contenders.len()];
    for seed in 1..=scenario.runs {
        let looks = looks(&scenario.sensors, &scenario.paths, scenario.seconds.clone(), seed);
        for (contender, totals) in contenders.iter().zip(&mut totals) {
            run(scenario, &contender.config, &looks, totals);
        }
    }
    let row = |(contender, totals): (Contender, Totals)| Row {
        scenario: scenario.name,
        tracker: contender.name,
        is_imm: contender.is_imm,
        figures: totals.figures(),
    };
    contenders.into_iter().zip(totals).map(row).collect()
}

type Memory =
    Buffers<Vec<Slot>, Vec<ModeSlot>, Vec<TrackerRow>, Vec<Column>, Vec<Plot>, Vec<Addressed>, Vec<Edge>, Vec<f64>, Vec<u32>>;

/// Room for every scenario here.
const TRACKS: usize = 1_024;
const MEASUREMENTS: usize = 1_024;

fn memory() -> Memory {
    let sizes = Sizes::new(TRACKS, MEASUREMENTS);
    Buffers {
        slots: vec![Slot::EMPTY; sizes.tracks],
        modes: vec![ModeSlot::EMPTY; sizes.tracks],
        rows: vec![TrackerRow::EMPTY; sizes.tracks],
        columns: vec![Column::EMPTY; sizes.measurements],
        plots: vec![Plot::EMPTY; sizes.measurements],
        addressed: vec![Addressed::EMPTY; sizes.measurements],
        edges: vec![Edge { row: 0, column: 0, weight: 0.0 }; sizes.edges],
        probabilities: vec![0.0; sizes.probabilities],
        reals: vec![0.0; sizes.reals],
        words: vec![0; sizes.words],
        trail: [],
    }
}

fn run(scenario: &Scenario, config: &TrackerConfig, looks: &[Look], totals: &mut Totals) {
    let origin = Origin { node: NodeId(1), incarnation: 1 };
    let mut tracker = Tracker::new(origin, *config, memory());
    let mut partners = Partners::default();
    for (k, look) in looks.iter().enumerate() {
        tracker.handle_scan(&look.scan(), &look.sensor.model()).expect("looks come in order, of sound sensors");
        // Sensors that look at the same second are heard before anything is compared.
        let is_last_of_second = looks.get(k + 1).is_none_or(|next| next.second > look.second);
        if is_last_of_second && scenario.sensors[0].looks_at(look.second) {
            let frame = Frame::new(scenario, &tracker, look.second);
            totals.handle(scenario, &frame, &mut partners);
        }
    }
    totals.lives += u32::try_from(partners.seen()).unwrap_or(u32::MAX);
}

/// Truths and tracks at one look.
struct Frame<'a> {
    truths: Vec<(&'a str, Moment)>,
    tracks: Vec<(TrackNumber, GaussianState)>,
}

impl<'a> Frame<'a> {
    fn new(scenario: &'a Scenario, tracker: &Tracker<Memory>, second: i64) -> Self {
        let there = scenario.paths.iter().filter_map(|path| Some((path.id.as_str(), *path.at(second)?)));
        let truths = there.filter(|(_, moment)| scenario.sensors[0].covers(&moment.position)).collect();
        let believed = tracker.states_at(time(second)).filter(|(track, _)| track.is_confirmed());
        let at = |(track, state): (&Track, GaussianState)| (track.id.number, state);
        let is_covered = |state: &GaussianState| scenario.sensors[0].covers(state.position().vector());
        Self { truths, tracks: believed.map(at).filter(|(_, state)| is_covered(state)).collect() }
    }

    fn truth_points(&self) -> Vec<Point> {
        self.truths.iter().map(|(_, moment)| on_the_ground(&moment.position)).collect()
    }

    fn track_points(&self) -> Vec<Point> {
        self.tracks.iter().map(|(_, state)| on_the_ground(state.position().vector())).collect()
    }
}

fn on_the_ground(position: &Vector3<f64>) -> Point {
    [position.x, position.y, 0.0]
}

/// Which track holds which truth, and which held it last.
#[derive(Default)]
struct Partners<'a> {
    track_of: BTreeMap<&'a str, TrackNumber>,
    truth_of: BTreeMap<TrackNumber, &'a str>,
    switches: u32,
}

impl<'a> Partners<'a> {
    /// Truths that were ever held.
    fn seen(&self) -> usize {
        self.track_of.len()
    }

    /// The pairs of a frame: old partners first, then the least squares of the rest.
    fn pair(&mut self, frame: &Frame<'a>, gate_m: f64) -> Vec<Pair> {
        let near = within(&frame.truth_points(), &frame.track_points(), gate_m).expect("some hundreds of things");
        let are_partners = |pair: &Pair| {
            let (truth, track) = (frame.truths[pair.truth].0, frame.tracks[pair.track].0);
            self.track_of.get(truth) == Some(&track) && self.truth_of.get(&track) == Some(&truth)
        };
        let (mut pairs, others): (Vec<Pair>, Vec<Pair>) = near.into_iter().partition(are_partners);
        let is_free = |pair: &Pair| pairs.iter().all(|kept| kept.truth != pair.truth && kept.track != pair.track);
        let free: Vec<Pair> = others.into_iter().filter(is_free).collect();
        pairs.extend(one_to_one(&free, gate_m, Order::TWO));
        for pair in &pairs {
            self.remember(frame.truths[pair.truth].0, frame.tracks[pair.track].0);
        }
        pairs
    }

    fn remember(&mut self, truth: &'a str, track: TrackNumber) {
        let before = self.track_of.insert(truth, track);
        self.switches += u32::from(before.is_some_and(|before| before != track));
        self.truth_of.insert(track, truth);
    }
}

/// A mean in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    terms: u32,
}

impl Mean {
    fn add(&mut self, x: f64) {
        self.sum += x;
        self.terms += 1;
    }

    /// NaN of nothing, so that no comparison holds of it.
    fn value(&self) -> f64 {
        self.sum / f64::from(self.terms)
    }

    fn root(&self) -> f64 {
        sqrt(self.value())
    }
}

/// Figures in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    position: Mean,
    velocity: Mean,
    manoeuvre: Mean,
    horizontal: Mean,
    turning: Mean,
    spatial: Mean,
    gospa: Mean,
    missed: Mean,
    false_tracks: Mean,
    switches: u32,
    /// Truths that were held, summed over the runs.
    lives: u32,
}

impl Totals {
    fn handle<'a>(&mut self, scenario: &Scenario, frame: &Frame<'a>, partners: &mut Partners<'a>) {
        let cut = Cut { order: Order::TWO, cutoff_m: scenario.cutoff_m };
        let whole = gospa(&frame.truth_points(), &frame.track_points(), cut).expect("some hundreds of things");
        self.gospa.add(whole.distance_m);
        self.missed.add(count(whole.missed));
        self.false_tracks.add(count(whole.false_tracks));
        let before = partners.switches;
        for pair in partners.pair(frame, scenario.gate_m) {
            self.compare(&frame.truths[pair.truth].1, &frame.tracks[pair.track].1, scenario.manoeuvre_m_s2);
        }
        self.switches += partners.switches - before;
    }

    fn compare(&mut self, truth: &Moment, state: &GaussianState, manoeuvre_m_s2: f64) {
        let off = truth.position - state.position().vector();
        let velocity_off = truth.velocity - state.velocity().vector();
        let error = off.xy().norm_squared();
        self.position.add(error);
        self.velocity.add(velocity_off.xy().norm_squared());
        let p = state.position_covariance();
        let over_ground = Covariance::new(p.fixed_view::<2, 2>(0, 0).into_owned()).expect("a block of a covariance");
        let in_space = Covariance::new(p).expect("a block of a covariance");
        let nees = over_ground.factor().mahalanobis_squared(&off.xy()) / 2.0;
        self.horizontal.add(nees);
        if truth.acceleration.xy().norm() > manoeuvre_m_s2 {
            self.manoeuvre.add(error);
            self.turning.add(nees);
        }
        self.spatial.add(in_space.factor().mahalanobis_squared(&off) / 3.0);
    }

    fn figures(&self) -> Figures {
        Figures {
            position_rmse_m: self.position.root(),
            velocity_rmse_m_s: self.velocity.root(),
            manoeuvre_rmse_m: self.manoeuvre.root(),
            manoeuvre_share: f64::from(self.manoeuvre.terms) / f64::from(self.position.terms),
            anees_horizontal: self.horizontal.value(),
            anees_manoeuvre: self.turning.value(),
            anees_spatial: self.spatial.value(),
            anees_band: anees_bounds(2, self.lives.max(1), 0.95),
            gospa_m: self.gospa.value(),
            missed: self.missed.value(),
            false_tracks: self.false_tracks.value(),
            switches: self.switches,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds of things")]
fn count(things: u64) -> f64 {
    things as f64
}

/// The rows as a table of fixed width.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let line = |texts: Vec<&str>| {
        let (names, numbers) = texts.split_at(2);
        let numbers: String = numbers.iter().map(|text| format!(" {text:>9}")).collect();
        format!("{:<10} {:<12}{numbers}\n", names[0], names[1])
    };
    let cells: Vec<_> = rows.iter().map(cells).collect();
    let head = cells.first().map(|cells| line(cells.iter().map(|(title, _)| *title).collect()));
    let lines = cells.iter().map(|cells| line(cells.iter().map(|(_, text)| text.as_str()).collect()));
    head.into_iter().chain(lines).collect()
}

fn cells(row: &Row) -> [(&'static str, String); 14] {
    let f = &row.figures;
    [
        ("scenario", row.scenario.to_owned()),
        ("tracker", row.tracker.clone()),
        ("pos m", format!("{:.1}", f.position_rmse_m)),
        ("vel m/s", format!("{:.2}", f.velocity_rmse_m_s)),
        ("turning m", format!("{:.1}", f.manoeuvre_rmse_m)),
        ("turning %", format!("{:.0}", 100.0 * f.manoeuvre_share)),
        ("ANEES", format!("{:.2}", f.anees_horizontal)),
        ("of χ²", format!("{:.2}-{:.2}", f.anees_band.0, f.anees_band.1)),
        ("turning", format!("{:.2}", f.anees_manoeuvre)),
        ("3-D", format!("{:.2}", f.anees_spatial)),
        ("GOSPA m", format!("{:.1}", f.gospa_m)),
        ("missed", format!("{:.2}", f.missed)),
        ("false", format!("{:.2}", f.false_tracks)),
        ("switches", f.switches.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(x: f64) -> Moment {
        Moment { position: Vector3::new(x, 0.0, 0.0), velocity: Vector3::zeros(), acceleration: Vector3::zeros() }
    }

    fn state(x: f64) -> GaussianState {
        let covariance = Covariance::from_sigmas(&[10.0, 20.0, 30.0, 1.0, 1.0, 1.0].into()).expect("positive");
        GaussianState { mean: [x, 0.0, 0.0, 0.0, 0.0, 0.0].into(), covariance, time: time(0) }
    }

    fn number(k: u16) -> TrackNumber {
        TrackNumber::founding(time(0), fusion_core::measurement::SensorId(0), k)
    }

    #[test]
    fn partners_stay_together_though_another_is_nearer() {
        let mut partners = Partners::default();
        let first = Frame { truths: vec![("a", moment(0.0))], tracks: vec![(number(1), state(5.0))] };
        assert_eq!(partners.pair(&first, 100.0).len(), 1);
        let tracks = vec![(number(1), state(50.0)), (number(2), state(1.0))];
        let pairs = partners.pair(&Frame { truths: vec![("a", moment(0.0))], tracks }, 100.0);
        assert_eq!((pairs.len(), pairs[0].track, partners.switches), (1, 0, 0));
        let later = Frame { truths: vec![("a", moment(0.0))], tracks: vec![(number(2), state(1.0))] };
        partners.pair(&later, 100.0);
        assert_eq!(partners.switches, 1);
    }

    #[test]
    fn an_error_of_one_sigma_on_one_axis_of_two_is_half() {
        let mut totals = Totals::default();
        totals.compare(&moment(10.0), &state(0.0), 1.0);
        let figures = totals.figures();
        assert!((figures.anees_horizontal - 0.5).abs() < 1e-12 && (figures.anees_spatial - 1.0 / 3.0).abs() < 1e-12);
        assert!((figures.position_rmse_m - 10.0).abs() < 1e-12 && figures.manoeuvre_rmse_m.is_nan());
    }
}
