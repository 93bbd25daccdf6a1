//! Against coalescence: the same exact marginals once more, of weights raised to a power.
//!
//! Exact JPDA lets close tracks grow together (Fitzgerald 1986): where two tracks and two measurements may be paired
//! both ways, each track moves to the middle. The cures in the literature prune joint events (JPDA*, Blom & Bloem
//! 2000) or permute them (set JPDA, Svensson et al. 2011). Here every joint event keeps its place in the sum, but the
//! weights of believed tracks are raised to a power κ: one is JPDA, infinity the single best assignment, and in
//! between close tracks stay apart without a measurement ever being given to one track for good. What is explained,
//! hence what is born, comes from the marginals of κ = 1; a track that hardly exists is never sharpened, since its miss
//! would win and it would not learn.

use super::associate::Row;
use crate::association::Edge;
use crate::track::Existence;

/// Tracks that exist at least this probably are sharpened: early, so that the members of a formation fall in with one
/// measurement each before they have mixed.
const BELIEVED: f64 = 0.3;

/// Whether a track's association is sharpened.
pub(super) fn is_believed(existence: Existence) -> bool {
    existence.probability() >= BELIEVED
}

/// The weights of a scan, and the power κ to which those of believed tracks are raised.
pub(super) struct Sharpening<'a> {
    pub(super) nulls: &'a [f64],
    pub(super) edges: &'a [Edge],
    pub(super) kappa: u8,
}

impl Sharpening<'_> {
    /// Writes the weights of missed detections and of pairs as they are sharpened.
    pub(super) fn sharpen(&self, rows: &[Row], nulls: &mut [f64], weights: &mut [f64]) {
        for ((row, &null), sharpened) in rows.iter().zip(self.nulls).zip(nulls) {
            let kappa = if row.believed { self.kappa } else { 1 };
            *sharpened = power(null, kappa);
            for (edge, weight) in self.edges[row.edges()].iter().zip(&mut weights[row.edges()]) {
                *weight = power(edge.weight, kappa);
            }
        }
    }
}

/// wᵏ by multiplication.
fn power(w: f64, kappa: u8) -> f64 {
    (1..kappa).fold(w, |product, _| product * w)
}
