//! What a reader predicts from gated rows: over seconds of silence its errors are no larger than it says.

use edge_node::picture::predict::predict;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::nalgebra::{Matrix6, Vector3};
use fusion_core::time::{Span, Timestamp};
use proto::record::{Estimate, TrackRecord};
use proto::replica::{ReplicaConfig, change};
use proto::row::Kind;
use proto::row::gate::GateWidth;
use sensor_drivers::sim::TruthSample;
use tests::mission::Mission;
use tests::mission::scene::{Look, Scene};
use tests::mission::station::BEGIN;
use tests::world::random::Random;
use tests::world::resident::Resident;

/// Sums of εᵀ P⁻¹ ε over three components of place.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    nees: f64,
    count: u32,
}

impl Sum {
    fn take(&mut self, error: &Vector3<f64>, covariance: &Covariance<6>) {
        let place = covariance.matrix().fixed_view::<3, 3>(0, 0).into_owned();
        let place = Covariance::new(place).expect("a part of what is positive definite");
        self.nees += place.factor().mahalanobis_squared(error) / 3.0;
        self.count += 1;
    }

    fn mean(&self) -> f64 {
        self.nees / f64::from(self.count)
    }
}

/// F P Fᵀ, in the axes in which it came.
fn moved(covariance: &Covariance<6>, seconds: f64) -> Covariance<6> {
    let mut f = Matrix6::identity();
    (0..3).for_each(|k| f[(k, k + 3)] = seconds);
    Covariance::new(f * covariance.matrix() * f.transpose()).expect("a congruence")
}

/// The error of a straight line from an estimate, in the axes at its place, if the truth is near.
fn error(estimate: &Estimate, truth: &[TruthSample], at: Timestamp) -> Option<Vector3<f64>> {
    let seconds = (at - estimate.time).as_secs_f64();
    let plane = TangentPlane::at(Geodetic::from_ecef(estimate.position));
    let way = plane.velocity_to_enu(estimate.velocity).vector() * seconds;
    let errors = truth.iter().map(|sample| way - plane.geodetic_to_enu(sample.position).vector());
    errors.min_by(|a, b| a.norm().total_cmp(&b.norm())).filter(|error| error.norm() < 400.0)
}

/// NEES of what readers predict, of the same under the covariance that the row told, and of what the writer knows.
fn of(look: Look, smooth: bool) -> [Sum; 3] {
    let mut sums = [Sum::default(); 3];
    for seed in 1..=2 {
        let scene = Scene::shared(look, smooth, seed);
        let mut mission = Mission::new(scene, ReplicaConfig::default(), Vec::new(), Random::new(seed));
        for second in 1..150 {
            mission.run_until(Span::from_secs(second));
            if second > 50 {
                look_at(&mission, &mut sums);
            }
        }
    }
    sums
}

fn look_at(mission: &Mission, sums: &mut [Sum; 3]) {
    let (at, truth) = (BEGIN + mission.now, mission.truth());
    for station in &mission.nodes {
        let table = station.replica().expect("it runs").table();
        for (key, stream) in table.streams() {
            for (row, _) in stream.rows().filter(|(row, _)| row.kind == Kind::Track) {
                let Some((record, _, gate)) = change::record(table, key, row.handle) else { continue };
                read(&record, gate, &truth, at, sums);
            }
        }
        for track in station.picture() {
            let record = &track.record;
            if let Some(error) = error(&record.estimate, &truth, at) {
                sums[2].take(&error, &moved(&record.estimate.covariance, (at - record.estimate.time).as_secs_f64()));
            }
        }
    }
}

fn read(record: &TrackRecord, gate: GateWidth, truth: &[TruthSample], at: Timestamp, sums: &mut [Sum; 3]) {
    let estimate = &record.estimate;
    let Some(error) = error(estimate, truth, at) else { return };
    sums[0].take(&error, &predict(estimate, record.identity.class, gate, at).covariance);
    sums[1].take(&error, &estimate.covariance);
}

#[test]
fn a_prediction_from_a_gated_row_is_as_good_as_it_says() {
    println!("ANEES of place           predicted    told    known");
    for (look, smooth) in [(Look::Turning, true), (Look::Staring, true), (Look::Turning, false), (Look::Staring, false)]
    {
        let [predicted, told, known] = of(look, smooth);
        let name = format!("{look:?}, {}", if smooth { "smooth" } else { "turning" });
        println!("  {name:18} {:13.2} {:7.2} {:8.2}", predicted.mean(), told.mean(), known.mean());
        // Stricter than χ²: sixteen targets that four nodes see are 64 independent samples at the most, of which it
        // allows 1.21. Below is loose: what is told within a gate has the gate's width, and rows are rounded outwards.
        assert!(predicted.count > 3000, "{} samples", predicted.count);
        assert!((0.05..1.15).contains(&predicted.mean()) && predicted.mean() < told.mean(), "{name}");
    }
}
