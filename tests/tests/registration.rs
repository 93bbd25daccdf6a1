//! What nodes teach each other of their sensors' errors: a node whose targets tell their own place knows what its radar
//! is off by, and its neighbours learn theirs from its tracks. Whole nodes in virtual time. Prints tables.

use edge_node::config::registration::RegistrationMode;
use edge_node::node::node_id;
use fusion_core::time::Span;
use proto::replica::{Registered, ReplicaConfig};
use proto::row::registration::{Bias, BiasState};
use tests::mission::Mission;
use tests::mission::against::{self, Figures};
use tests::mission::scene::Scene;
use tests::world::channel::Quality;
use tests::world::random::Random;

/// What both radars are off by.
const AZIMUTH_DEG: f64 = 0.5;
const RANGE_M: f64 = 80.0;

/// Skies that pictures are judged in.
const SEEDS: u64 = 2;

const QUALITY: Quality = Quality {
    rate: 64_000.0,
    queue: 16_000.0,
    delay_s: 0.05,
    jitter_s: 0.0,
    loss: 0.05,
    burst: 1.0,
    doubled: 0.0,
    damaged: 0.0,
    overhead: 41.0,
};

/// Who has what.
#[derive(Clone, Copy, PartialEq)]
enum Sky {
    /// Everything answers with its address and tells its place, which the first node alone hears.
    Told,
    /// The same, but half of it neither answers nor tells anything.
    HalfDark,
    /// Nothing tells its place.
    Silent,
}

/// Two nodes with a radar each, the first with a receiver of what aircraft tell; targets between them.
fn scene(sky: Sky, seed: u64) -> Scene {
    let mut text = format!(
        "name = \"registration\"\nduration-s = 400\nseed = {seed}\n\
         [origin]\nlatitude-deg = 52\nlongitude-deg = 20\nheight-m = 100\n"
    );
    for (k, east) in [-9e3, 9e3].into_iter().enumerate() {
        text += &format!(
            "[[sensor]]\nname = \"radar{k}\"\nkind = \"radar\"\nsac = 41\nsic = {}\nperiod-s = 4\n\
             range-max-m = 60_000\nclutter-per-scan = 1\nazimuth-sigma-deg = 0.08\nrange-sigma-m = 40\n\
             position = {{ east-m = {east}, north-m = -4_000, height-m = 150 }}\n\
             faults = {{ azimuth-bias-deg = {AZIMUTH_DEG}, range-bias-m = {RANGE_M} }}\n",
            60 + k
        );
    }
    if sky != Sky::Silent {
        text += "[[sensor]]\nname = \"ears\"\nkind = \"adsb-receiver\"\n\
                 position = { east-m = -9_000, north-m = -4_000, height-m = 150 }\n";
    }
    let mut random = Random::new(seed);
    for k in 0..8 {
        let (east, north) = (-14e3 + 4e3 * f64::from(k), random.between(6e3, 24e3));
        text += &format!(
            "[[target]]\nname = \"t{k}\"\nclass = \"light-aircraft\"\nspeed-m-s = 70\nheading-deg = {:.0}\n\
             start = {{ east-m = {east}, north-m = {north:.0}, height-m = {} }}\n",
            random.between(0.0, 360.0),
            1500 + 200 * k
        );
        if sky != Sky::HalfDark || k % 2 == 0 {
            text += &format!("transponder = {{ icao = \"44030{k}\", callsign = \"R{k}\", mode-3a = \"020{k}\" }}\n");
            if sky != Sky::Silent {
                text += "adsb = { nac-p = 9 }\n";
            }
        }
    }
    Scene::of(&text, if sky == Sky::Silent { &[0, 1] } else { &[0, 1, 0] })
}

/// The same with two radars that do with their errors what is asked.
fn mission(sky: Sky, mode: RegistrationMode, seed: u64) -> Mission {
    let mut scene = scene(sky, seed);
    for sensor in scene.posts.iter_mut().flat_map(|post| &mut post.config.sensors) {
        sensor.registration = mode;
        // What the scenario knows of its own faults a node in the field does not.
        sensor.north_sigma_deg = 0.0;
    }
    let mut mission = Mission::new(scene, ReplicaConfig::default(), Vec::new(), Random::new(seed));
    mission.link(0, 1, QUALITY, 600);
    mission
}

/// What a node knows of a sensor of a node.
fn known(mission: &Mission, at: usize, of: usize, sensor: &str) -> Option<Registered> {
    let station = &mission.nodes[at];
    let node = node_id(&mission.nodes[of].post.config.node.name);
    let all = station.node.as_ref()?.registered(station.site.now(mission.now).validity);
    all.into_iter().find(|known| known.origin.node == node && known.sensor == sensor)
}

fn show(what: &str, known: &Registered) {
    let [range, azimuth, time] = known.registration.biases();
    println!(
        "| {what} | {} | {} | {:.1} ± {:.1} {} | {:.3} ± {:.3} {} | {:.2} ± {:.2} {} |",
        known.registration.grade(),
        known.registration.pairs(),
        range.value,
        range.sigma,
        range.state.as_str(),
        azimuth.value.to_degrees(),
        azimuth.sigma.to_degrees(),
        azimuth.state.as_str(),
        time.value,
        time.sigma,
        time.state.as_str(),
    );
}

fn is_right(known: &Registered) -> bool {
    let truth = [RANGE_M, AZIMUTH_DEG.to_radians(), 0.0];
    let near = |(bias, truth): (Bias, f64)| (bias.value - truth).abs() < 3.5 * bias.sigma;
    known.registration.biases().into_iter().zip(truth).all(near)
}

fn head() {
    println!("| sensor, as known by | grade | pairs | range m | azimuth ° | time s |\n|---|---|---|---|---|---|");
}

#[test]
fn a_radar_without_references_of_its_own_learns_from_its_neighbours_tracks() {
    head();
    for (sky, name) in [(Sky::Told, "all tell"), (Sky::HalfDark, "half are dark")] {
        let mut mission = mission(sky, RegistrationMode::Correct, 1);
        mission.run_until(Span::from_secs(390));
        for (of, sensor, grade) in [(0, "radar0", 1), (1, "radar1", 2)] {
            for at in [0, 1] {
                let known = known(&mission, at, of, sensor).expect("told to both");
                show(&format!("{name}: {sensor}, n{at}"), &known);
                assert!(is_right(&known), "{sensor}, n{at}: {:?}", known.registration.biases());
                assert_eq!(known.registration.grade(), grade, "{sensor}");
                let [range, azimuth, _] = known.registration.biases();
                assert_eq!((range.state, azimuth.state), (BiasState::Applied, BiasState::Applied), "{sensor}");
            }
        }
        let taught = known(&mission, 0, 1, "radar1").map(|known| known.registration.targets());
        assert!(taught > Some(5), "{taught:?}: the dark ones teach too");
        assert_eq!(known(&mission, 1, 0, "ears").expect("told").registration.grade(), 0);
    }
}

#[test]
fn where_nothing_tells_its_place_nobody_learns_from_anybody() {
    let mut mission = mission(Sky::Silent, RegistrationMode::Correct, 2);
    mission.run_until(Span::from_secs(200));
    for at in [0, 1] {
        let station = &mission.nodes[at];
        let known = station.node.as_ref().expect("runs").registered(station.site.now(mission.now).validity);
        assert_eq!(known, [], "n{at}");
    }
}

#[test]
fn corrected_radars_make_a_better_picture() {
    println!("| sensors | node | error m (RMS) | ANEES | entries for each object |\n|---|---|---|---|---|");
    let mut errors = Vec::new();
    for (mode, name) in [(RegistrationMode::Report, "as they are"), (RegistrationMode::Correct, "corrected")] {
        let mut each = [Vec::new(), Vec::new()];
        for seed in 1..=SEEDS {
            let mut mission = mission(Sky::HalfDark, mode, seed);
            let figures = against::run(&mut mission, Span::from_secs(260), Span::from_secs(390));
            each.iter_mut().zip(figures).for_each(|(all, figures)| all.push(figures));
        }
        for (k, all) in each.iter().enumerate() {
            let mean = Figures::mean(all);
            println!("| {name} | n{k} | {:.0} | {:.2} | {:.2} |", mean.rms_m, mean.anees, mean.ambiguity);
            errors.push(mean.rms_m);
        }
    }
    assert!(errors[2] < 0.7 * errors[0] && errors[3] < 0.7 * errors[1], "{errors:.0?}");
}
