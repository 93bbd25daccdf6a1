//! Whether a track's innovations keep what its S promises: its own monitor, told of every certain hit.

use nalgebra::SMatrix;

use super::look::Look;
use super::update::{Pairs, Updating};
use crate::filter::consider::Consideration;
use crate::filter::extended::Outlook;
use crate::filter::imm::Modes;
use crate::filter::monitor::NoiseScale;
use crate::gaussian::{GaussianState, KINEMATIC, StateVector};
use crate::measurement::Measurement;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::track::Track;
use crate::track::table::Beside;

/// A hit is certain if it is more likely than all the rest together.
const CERTAIN: f64 = 0.5;

impl Updating<'_> {
    /// Tells a confirmed track's monitor of the measurement that is most likely its own, weighed by how likely; before
    /// the state moves. Of a tentative track nobody knows whether it is a target, so its innovations tell nothing.
    ///
    /// The sensor's own monitor is told as well, which may move the factor on its R.
    pub(super) fn watch(&self, track: &mut Track, beside: &Beside<'_>, pairs: &Pairs<'_>, noise: &mut NoiseScale) {
        if !track.is_confirmed() {
            return;
        }
        let Some((column, beta)) = pairs.used().find(|(_, beta)| *beta >= CERTAIN) else { return };
        let measurement = &self.look.measurements[usize::from(column)];
        let (modes, common) = (beside.modes.as_ref(), self.common.to(beside.considered, pairs.blur));
        let surprise = Surprise { look: self.look, measurement, state: &track.state, modes, common };
        if let Some(told) = visit(Kind::of(&measurement.observation), &self.look.scan.pose, surprise) {
            track.monitor.handle(told.nis, told.dimension, beta);
            noise.handle(told.nis, told.dimension, beta, told.noise_share, self.look.sensor.noise_limits);
        }
    }
}

/// What an innovation tells.
struct Told {
    /// νᵀ S⁻¹ ν.
    nis: f64,
    dimension: u32,
    /// tr R S⁻¹ / m.
    noise_share: f64,
}

/// How surprising a measurement is to a predicted state.
struct Surprise<'a> {
    look: &'a Look<'a>,
    measurement: &'a Measurement,
    state: &'a GaussianState,
    modes: Option<&'a Modes>,
    common: Consideration<'a>,
}

impl Surprise<'_> {
    /// What all modes together expect; only as much of their covariance is worked out as the model sees.
    fn outlook<const M: usize, H: ObservationModel<M>>(&self, model: &H) -> Outlook<M> {
        match self.modes {
            None => self.common.outlook(model, &self.state.mean, self.state.covariance.matrix()),
            Some(modes) if H::SEEN <= 3 => {
                let ((place, block), (mut mean, mut p)) = (
                    modes.combined_first::<3>(),
                    (StateVector::zeros(), SMatrix::<f64, KINEMATIC, KINEMATIC>::zeros()),
                );
                mean.fixed_rows_mut::<3>(0).copy_from(&place);
                p.fixed_view_mut::<3, 3>(0, 0).copy_from(&block);
                self.common.outlook(model, &mean, &p)
            }
            Some(modes) => {
                let combined = modes.combined();
                self.common.outlook(model, &combined.mean, &combined.p)
            }
        }
    }
}

impl KindVisitor for Surprise<'_> {
    type Output = Option<Told>;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Self::Output {
        let reading = model.reading(&self.measurement.observation)?;
        let noise = self.look.noise(reading);
        let outlook = self.outlook(model);
        let factor = outlook.innovation_factor(&noise).ok()?;
        let dimension = u32::try_from(M).ok()?;
        Some(Told {
            nis: factor.mahalanobis_squared(&model.residual(&reading.z, &outlook.z_hat)),
            dimension,
            noise_share: factor.solve(noise.matrix()).trace() / f64::from(dimension),
        })
    }
}
