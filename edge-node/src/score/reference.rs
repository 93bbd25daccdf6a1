//! Agreement with other people's scorers, on a made-up run that has every kind of fault.
//!
//! The figures were made once from the same points by two independent programs in Python: GOSPA, OSPA and SIAP by a
//! scorer over the whole cost matrix with scipy's `linear_sum_assignment`, CLEAR-MOT by the package `motmetrics` 1.4
//! (given squared distances, so that it pairs as we do).

use super::pairing::within;
use super::point::{Frame, Seen};
use super::summary::Summary;
use super::{Order, Params, Score};

/// Knuth's linear congruential generator: the same noise on every machine.
pub(super) struct Noise(pub(super) u64);

impl Noise {
    /// Uniform in [0, 1), in steps of 2⁻³².
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).expect("32 bits are left")) / 4_294_967_296.0
    }

    /// Zero mean, variance one, nearly normal.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A point of the plane off by some standard deviations.
    fn near(&mut self, point: [f64; 3], sigma: f64) -> [f64; 3] {
        [point[0] + sigma * self.normal(), point[1] + sigma * self.normal(), 0.0]
    }
}

/// Eight truths that criss-cross a square kilometre, coming and going, and the numbers that their tracks bear now.
struct World {
    noise: Noise,
    numbers: [usize; 8],
}

const FRAMES: u32 = 60;

impl World {
    /// One frame: tracks noisy, some missing, renumbered or exchanged with a neighbour's, some second and some false
    /// ones.
    fn frame(&mut self, k: u32) -> Frame {
        let mut frame = Frame::default();
        for who in 0..8 {
            let truth = truth(who, k);
            let is_there = k >= who && k < FRAMES - who;
            let chance = self.noise.uniform();
            self.upset_numbers(truth.who, chance);
            if is_there {
                frame.truths.push(truth);
            }
            for (number, probability, sigma) in [(self.numbers[truth.who], 0.9, 20.0), (1000 + truth.who, 0.05, 40.0)] {
                let position = self.noise.near(truth.position, sigma);
                let velocity = truth.velocity.map(|v| self.noise.near(v, 3.0));
                if self.noise.uniform() < probability && (is_there || chance > 0.9) {
                    frame.tracks.push(Seen { who: number, position, velocity });
                }
            }
        }
        frame
    }

    fn upset_numbers(&mut self, who: usize, chance: f64) {
        if chance < 0.02 {
            self.numbers[who] += 100;
        } else if chance < 0.06 {
            self.numbers.swap(who, (who + 1) % 8);
        }
    }
}

fn truth(who: u32, k: u32) -> Seen {
    let (i, t) = (f64::from(who), f64::from(k) - 30.0);
    let velocity = [20.0 - 5.0 * i, 4.0 * i - 12.0, 0.0];
    let position = [100.0 * i - 400.0 + velocity[0] * t, 60.0 * i + velocity[1] * t, 0.0];
    Seen { who: usize::try_from(who).expect("small"), position, velocity: Some(velocity) }
}

fn run(params: Params) -> Summary {
    let mut world = World { noise: Noise(2), numbers: [0, 1, 2, 3, 4, 5, 6, 7] };
    let mut score = Score::new(params).expect("sensible");
    for k in 0..FRAMES {
        let frame = world.frame(k);
        let near = within(&frame.truth_positions(), &frame.track_positions(), 100.0).expect("few pairs");
        score.handle_pairs(&frame, &near, |_| None);
    }
    score.summary()
}

fn assert_agree(figures: &[(&str, Option<f64>, f64)]) {
    for (name, ours, theirs) in figures {
        let ours = ours.expect("a run with everything in it");
        assert!((ours - theirs).abs() < 1e-12 * theirs, "{name}: {ours} against {theirs}");
    }
}

#[test]
fn gospa_and_ospa_agree_with_an_independent_scorer() {
    let mut params = Params::default();
    let squares = run(params);
    params.ospa.order = Order::ONE;
    assert_agree(&[
        ("GOSPA mean", squares.gospa.mean_m, 97.670_471_780_094_57),
        ("GOSPA rms", squares.gospa.rms_m, 100.951_932_408_848_28),
        ("localisation", squares.gospa.localisation_rms_m, 28.104_992_742_826_51),
        ("missed", squares.gospa.missed_per_frame, 0.6),
        ("false", squares.gospa.false_per_frame, 0.416_666_666_666_666_7),
        ("OSPA p=1", run(params).ospa.mean_m, 35.343_436_507_141_05),
        ("OSPA p=2", squares.ospa.mean_m, 42.908_476_851_427_36),
    ]);
}

#[test]
fn siap_agrees_with_an_independent_scorer() {
    let siap = run(Params::default()).siap;
    assert_agree(&[
        ("C", siap.completeness, 0.915_094_339_622_641_5),
        ("A", siap.ambiguity, 1.043_814_432_989_690_8),
        ("S", siap.spuriousness, 0.019_370_460_048_426_15),
        ("PA", siap.position_rms_m, 28.104_992_742_826_514),
        ("VA", siap.velocity_rms_m_s, 4.344_719_796_994_159),
        ("R", siap.number_changes_per_s, 0.134_433_962_264_150_94),
        ("LS", siap.longest_segment, 0.202_830_188_679_245_3),
    ]);
    assert_eq!(siap.number_changes, 57);
}

#[test]
fn identity_agrees_with_motmetrics() {
    let identity = run(Params::default()).identity;
    assert_eq!((identity.switches, identity.fragmentations), (45, 36));
    assert_eq!((identity.mostly_tracked, identity.mostly_lost), (8, 0));
    assert_agree(&[
        ("MOTA", identity.mota, 1.0 - f64::from(41 + 30 + 45) / 424.0),
        ("MOTP", identity.motp_m, 25.827_200_183_942_91),
    ]);
}
