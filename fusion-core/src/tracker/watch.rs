//! Whether a track's innovations keep what its S promises: its own monitor, told of every certain hit.

use super::update::{Pairs, Updating};
use crate::filter::extended::Expectation;
use crate::gaussian::GaussianState;
use crate::measurement::Measurement;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::track::Track;

/// A hit is certain if it is more likely than all the rest together.
const CERTAIN: f64 = 0.5;

impl Updating<'_> {
    /// Tells a confirmed track's monitor of the measurement that is most likely its own, weighed by how likely; before
    /// the state moves. Of a tentative track nobody knows whether it is a target, so its innovations tell nothing.
    pub(super) fn watch(&self, track: &mut Track, pairs: &Pairs<'_>) {
        if !track.is_confirmed() {
            return;
        }
        let Some((column, beta)) = pairs.used().find(|(_, beta)| *beta >= CERTAIN) else { return };
        let measurement = &self.look.measurements[usize::from(column)];
        let nis = Nis { measurement, state: &track.state };
        if let Some((nis, dimension)) = visit(Kind::of(&measurement.observation), &self.look.scan.pose, nis) {
            track.monitor.handle(nis, dimension, beta);
        }
    }
}

/// νᵀ S⁻¹ ν of a measurement and a predicted state, and its dimension.
struct Nis<'a> {
    measurement: &'a Measurement,
    state: &'a GaussianState,
}

impl KindVisitor for Nis<'_> {
    type Output = Option<(f64, u32)>;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Self::Output {
        let reading = model.reading(&self.measurement.observation)?;
        let expectation = Expectation::of(model, &self.state.mean, self.state.covariance.matrix());
        let innovation = expectation.innovate(model, reading).ok()?;
        Some((innovation.factor.mahalanobis_squared(&innovation.nu), u32::try_from(M).ok()?))
    }
}
