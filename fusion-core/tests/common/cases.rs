//! Association problems to measure with: 47 of six families, the same every time, and how more of them are made.
//!
//! * `doc`: eleven tracks and nine measurements, about half of the pairs gated, weights close together: as much of a
//!   tangle as the example in the documentation of pyehm;
//! * `rand`: each track gates a Poisson number of measurements drawn from all;
//! * `geo`: tracks on a jittered grid, its spacing given in gate radii, each detected with probability 0.9, in clutter
//!   of 0.3 a gate; weights are the Gaussian likelihoods themselves;
//! * `line`: tracks abreast, each gating its k nearest measurements;
//! * `full`: everything gated by everything;
//! * `grp`: groups of s tracks that gate four fifths of their group's measurements, beside measurements nobody gates.
//!
//! Weights of all but `geo` are log-normal, spread over some four decades. Needs `common` at the root of the program.
#![allow(dead_code, unreachable_pub, reason = "each program uses a part")]

use core::f64::consts::{PI, TAU};

use fusion_core::association::Edge;
use fusion_core::maths::exp;

use crate::common::Chance;

/// One problem: null weights, gated pairs by track and then by measurement, and the number of measurements.
pub struct Case {
    pub name: String,
    pub nulls: Vec<f64>,
    pub edges: Vec<Edge>,
    pub columns: usize,
}

/// The 47.
pub fn cases() -> impl Iterator<Item = Case> {
    let rands = [(10, 20, 2.0), (20, 40, 2.0), (20, 40, 3.0), (50, 150, 1.0), (50, 150, 2.0), (200, 600, 1.0)];
    let rands = rands.into_iter().chain([(1000, 3000, 0.5)]).map(|(n, m, degree)| rand(n, m, degree));
    let geos = [10, 50, 200].into_iter().flat_map(|n| [2.0, 1.5, 1.2, 1.0].map(|spacing| (n, spacing)));
    let geos = geos.chain([(1000, 2.0), (1000, 1.7)]).map(|(n, spacing)| geo(n, spacing));
    let lines = [10, 50, 200, 1000].into_iter().flat_map(|n| [2, 4, 6].map(|k| line(n, k)));
    let fulls = [(4, 4), (6, 6), (8, 8), (10, 10), (6, 12)].map(|(n, m)| full(n, m));
    let grps = [(50, 4), (200, 4), (1000, 4), (50, 6), (200, 6), (1000, 6), (200, 8), (200, 10)];
    [doc()].into_iter().chain(rands).chain(geos).chain(lines).chain(fulls).chain(grps.map(|(n, s)| grp(n, s)))
}

pub fn doc() -> Case {
    let mut chance = Chance::new(11);
    let pairs = (0..11).flat_map(|i| (0..9).map(move |j| (i, j))).filter(|_| chance.uniform() < 0.52).collect();
    weighted("doc_11x9".to_owned(), 11, 9, pairs, 1.0)
}

pub fn rand(tracks: u16, columns: u16, degree: f64) -> Case {
    let mut chance = Chance::new(u64::from(tracks));
    let mut pairs = Vec::new();
    let mut all: Vec<u16> = (0..columns).collect();
    for i in 0..tracks {
        let gated = usize::try_from(chance.poisson(degree).max(1)).expect("few").min(all.len());
        chance.shuffle(&mut all);
        pairs.extend(all[..gated].iter().map(|&j| (i, j)));
    }
    pairs.sort_unstable();
    weighted(format!("rand_{tracks}x{columns}_d{degree}"), tracks, columns, pairs, SPREAD)
}

pub fn line(tracks: u16, k: u16) -> Case {
    let pairs = (0..tracks).flat_map(|i| (i..i + k).map(move |j| (i, j))).collect();
    weighted(format!("line_{tracks}_k{k}"), tracks, tracks + k - 1, pairs, SPREAD)
}

pub fn full(tracks: u16, columns: u16) -> Case {
    let pairs = (0..tracks).flat_map(|i| (0..columns).map(move |j| (i, j))).collect();
    weighted(format!("full_{tracks}x{columns}"), tracks, columns, pairs, SPREAD)
}

pub fn grp(tracks: u16, size: u16) -> Case {
    let mut chance = Chance::new(u64::from(tracks) + u64::from(size));
    let (mut pairs, mut columns) = (Vec::new(), 0);
    for first in (0..tracks).step_by(size.into()) {
        let members = first..tracks.min(first + size);
        let detected = members.clone().filter(|_| chance.uniform() < 0.9).count();
        let seen = columns..columns + small(detected) + small(chance.poisson(0.5));
        columns = seen.end;
        pairs.extend(members.flat_map(|i| seen.clone().map(move |j| (i, j))).filter(|_| chance.uniform() < 0.8));
    }
    weighted(format!("grp_{tracks}_s{size}"), tracks, columns + 300, pairs, SPREAD)
}

/// Tracks and measurements in the plane; the gate has radius one and holds 99 % of what a track gives.
pub fn geo(tracks: u16, spacing: f64) -> Case {
    let mut chance = Chance::new(u64::from(tracks));
    let side = (1..).find(|side| side * side >= tracks).expect("some number is large enough");
    let grid = |i: u16| [spacing * f64::from(i % side), spacing * f64::from(i / side)];
    let places: Vec<_> = (0..tracks).map(|i| near(grid(i), 0.1 * spacing, &mut chance)).collect();
    let mut measured: Vec<_> = places.iter().map(|&place| near(place, 0.7 * SIGMA, &mut chance)).collect();
    measured.retain(|_| chance.uniform() < 0.9);
    let extent = spacing * f64::from(side - 1) + 2.0;
    for _ in 0..chance.poisson(CLUTTER * extent * extent) {
        measured.push([extent * chance.uniform() - 1.0, extent * chance.uniform() - 1.0]);
    }
    chance.shuffle(&mut measured);
    let mut edges = Vec::new();
    for (row, place) in (0..).zip(&places) {
        for (column, at) in (0..).zip(&measured) {
            let square = (place[0] - at[0]) * (place[0] - at[0]) + (place[1] - at[1]) * (place[1] - at[1]);
            let density = exp(-square / (2.0 * SIGMA * SIGMA)) / (TAU * SIGMA * SIGMA);
            if square < 1.0 {
                edges.push(Edge { row, column, weight: 0.9 * density / CLUTTER });
            }
        }
    }
    let nulls = vec![1.0 - 0.9 * 0.99; tracks.into()];
    Case { name: format!("geo_{tracks}_s{spacing:.1}"), nulls, edges, columns: measured.len() }
}

/// Standard deviation of a measurement of `geo`, and clutter per area there, in gate radii.
const SIGMA: f64 = 1.0 / 3.03;
const CLUTTER: f64 = 0.3 / PI;

/// Standard deviation of the logarithm of a weight.
const SPREAD: f64 = 2.0;

fn near(place: [f64; 2], sigma: f64, chance: &mut Chance) -> [f64; 2] {
    place.map(|x| x + sigma * chance.normal())
}

/// Gives each pair a weight by chance.
fn weighted(name: String, tracks: u16, columns: u16, pairs: Vec<(u16, u16)>, spread: f64) -> Case {
    let mut chance = Chance::new(u64::from(tracks) * 65_536 + u64::from(columns));
    let mut weight = || 0.9 * exp(0.5 + spread * chance.normal());
    let edges = pairs.into_iter().map(|(row, column)| Edge { row, column, weight: weight() }).collect();
    Case { name, nulls: vec![0.1; tracks.into()], edges, columns: columns.into() }
}

fn small(count: impl TryInto<u16>) -> u16 {
    count.try_into().unwrap_or_else(|_| panic!("a group has few measurements"))
}
