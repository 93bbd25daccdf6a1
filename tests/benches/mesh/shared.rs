//! Four nodes with a sensor each that see the same objects: the picture that they share, beside that of one tracker
//! which is given all four sensors' scans, and beside that of each node alone.

use std::ops::RangeInclusive;

use fusion_core::time::Span;
use proto::replica::ReplicaConfig;
use tests::mission::Mission;
use tests::mission::against::{self, Figures};
use tests::mission::scene::{Look, Scene};
use tests::world::channel::Quality;
use tests::world::random::Random;

/// Pictures are judged from here …
const FROM: Span = Span::from_secs(60);
/// … to here.
const TO: Span = Span::from_secs(180);
/// Scenes by which the rules were chosen: what is vouched for, and for how long; see decision 0016.
const CHOSEN_BY: RangeInclusive<u64> = 1..=4;
/// Scenes that chose nothing.
const FRESH: RangeInclusive<u64> = 101..=112;
const NODES: usize = 4;

fn mission(scene: Scene, rate: Option<f64>, seed: u64) -> Mission {
    let config = ReplicaConfig { refine: rate.is_some_and(|rate| rate > 5e5), ..ReplicaConfig::default() };
    let mut mission = Mission::new(scene, config, Vec::new(), Random::new(seed));
    if let Some(rate) = rate {
        let quality = Quality::good(rate, rate / 4.0);
        (0..NODES).for_each(|k| mission.link(k, (k + 1) % NODES, quality, 600));
    }
    mission
}

fn figures(look: Look, smooth: bool, rate: Option<f64>, central: bool, seeds: RangeInclusive<u64>) -> Figures {
    let of = |seed: u64| {
        let scene = Scene::shared(look, smooth, seed);
        let scene = if central { scene.centralised() } else { scene };
        against::run(&mut mission(scene, rate, seed), FROM, TO)
    };
    Figures::mean(&seeds.flat_map(of).collect::<Vec<_>>())
}

/// The table.
pub fn shared() {
    println!("4 nodes in a ring, a sensor each, 8 objects that all see; scenes of 2 min; over the ground");
    println!("at 1 Mbit/s with both layers, as in the profiles lan and wifi; at 9.6 kbit/s with the lower one");
    println!("  {:44} rms m  ratio  ANEES  GOSPA m  entries/object  changes/h", "");
    for (look, smooth, name) in [
        (Look::Turning, true, "radars of 4 s, answering, smooth"),
        (Look::Staring, true, "3D radars of 2 s, dark, smooth"),
        (Look::Turning, false, "radars of 4 s, answering, turning"),
        (Look::Staring, false, "3D radars of 2 s, dark, turning"),
    ] {
        let of = |rate, central| figures(look, smooth, rate, central, CHOSEN_BY);
        let central = of(None, true);
        tell(&format!("{name}: one tracker"), &central, &central);
        for (rate, link) in [(Some(1e6), "1 Mbit/s"), (Some(9600.0), "9.6 kbit/s")] {
            tell(&format!("  shared over {link}"), &of(rate, false), &central);
        }
        tell("  each alone", &of(None, false), &central);
        if smooth {
            let central = figures(look, smooth, None, true, FRESH);
            tell("  one tracker, 12 other scenes", &central, &central);
            tell("  shared over 1 Mbit/s, 12 other scenes", &figures(look, smooth, Some(1e6), false, FRESH), &central);
        }
    }
    println!(
        "  bars on smooth targets: ratio ≤ 1.45, ANEES 0.8–1.1; 9.6 kbit/s carries no full covariances (decision 16)"
    );
}

fn tell(name: &str, figures: &Figures, central: &Figures) {
    println!(
        "  {name:44} {:5.1}  {:5.2}  {:5.2}  {:7.1}  {:14.2}  {:9.1}",
        figures.rms_m,
        figures.rms_m / central.rms_m,
        figures.anees,
        figures.gospa_m,
        figures.ambiguity,
        figures.changes_per_h
    );
}
