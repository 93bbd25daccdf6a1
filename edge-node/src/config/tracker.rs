//! The tracker's settings as an operator writes them. Defaults suit a mix of aircraft and small unmanned ones.

use fusion_core::capacity::{TRACKS_DEFAULT, TRACKS_MAX};
use fusion_core::filter::linearise::Linearisation;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::motion::MotionSet;
use fusion_core::sequencer::{HORIZON_DEFAULT, REACH_DEFAULT};
use fusion_core::time::Span;
use fusion_core::track::height::HeightPrior;
use fusion_core::tracker::{LooksRule, TrackerConfig};
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// What confirms and deletes a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmBy {
    /// Its probability of existence alone.
    Existence,
    /// That, and so many hits among so many looks.
    Looks,
}

/// The ways in which a confirmed target may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Movement {
    /// Whatever may come: straight on, circling, pushed, on station.
    Mixed,
    /// Airliners and the like.
    Aircraft,
    /// Small drones.
    Drones,
    /// Straight on only, disturbed as the accelerations say.
    Single,
}

/// How measurements are made linear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// By their slope.
    Extended,
    /// By points.
    Unscented,
    /// By points where they bend within what is known of the target, else by their slope.
    Auto,
}

impl Filter {
    const fn linearisation(self) -> Linearisation {
        match self {
            Self::Extended => Linearisation::Extended,
            Self::Unscented => Linearisation::Unscented,
            Self::Auto => Linearisation::Auto,
        }
    }
}

impl Movement {
    fn motions(self) -> Option<MotionSet> {
        match self {
            Self::Mixed => Some(MotionSet::mixed()),
            Self::Aircraft => Some(MotionSet::aircraft()),
            Self::Drones => Some(MotionSet::drones()),
            Self::Single => None,
        }
    }
}

/// How this node tracks.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TrackerSettings {
    /// How confirmed targets may move.
    pub movement: Movement,
    /// How measurements are made linear.
    pub filter: Filter,
    /// Of targets not yet confirmed: spectral density of the white-noise acceleration, east and north, m²/s³.
    pub acceleration_horizontal_m2_s3: f64,
    /// Spectral density of the white-noise acceleration, up, m²/s³.
    pub acceleration_vertical_m2_s3: f64,
    /// One sigma of east and north velocity where none was measured, m/s.
    pub velocity_sigma_horizontal_m_s: f64,
    /// One sigma of vertical velocity where none was measured, m/s.
    pub velocity_sigma_vertical_m_s: f64,
    /// Height of a target whose height nobody measured, metres above the ellipsoid.
    pub height_m: f64,
    /// One sigma of that height, metres.
    pub height_sigma_m: f64,
    /// P_G: probability that a target's own measurement passes its gate.
    pub gate_probability: f64,
    /// A measurement founds a track if at least this share of it is explained by no track.
    pub founding_mass: f64,
    /// New targets expected in one scan of a sensor's whole field of view.
    pub new_per_scan: f64,
    /// Mean time that a target stays in view, seconds.
    pub lifetime_s: f64,
    /// A track is confirmed when it exists at least this probably, …
    pub confirm_existence: f64,
    /// … deleted, once confirmed, when it exists less probably than this, …
    pub delete_existence: f64,
    /// … and before that when less probably than this.
    pub prune_existence: f64,
    /// Power to which the weights of confirmed tracks are raised, so that close ones stay apart.
    pub sharpness: u8,
    /// What a track must show.
    pub confirm_by: ConfirmBy,
    /// By looks, a track is confirmed by this many hits …
    pub confirm_hits: u32,
    /// … among this many looks.
    pub confirm_looks: u32,
    /// By looks, a confirmed track is deleted by this many misses …
    pub delete_misses: u32,
    /// … among this many looks.
    pub delete_looks: u32,
    /// A track is deleted after this long without a measurement, seconds.
    pub silence_limit_s: f64,
    /// The same for a track that lives on reports (ADS-B and the like), seconds.
    pub report_silence_limit_s: f64,
    /// A track that lives on reports is shown as coasted after this long without one, seconds.
    pub report_coast_after_s: f64,
    /// A track is deleted when its horizontal sigma exceeds this, metres.
    pub horizontal_sigma_limit_m: f64,
    /// Nothing whose bearing is taken is nearer than this, metres.
    pub nearest_emitter_m: f64,
    /// Whether transmitted addresses take part in association.
    pub use_identity: bool,
    /// A measurement with a track's own address is that track's up to this many sigmas.
    pub address_gate_sigmas: f64,
    /// Two tracks that coincide for this many looks in a row are one.
    pub duplicate_looks: u8,
    /// Tracks at once at the most.
    pub tracks_max: usize,
    /// A scan that comes late by no more than this is put where it belongs, seconds.
    pub late_horizon_s: f64,
    /// Up to so much later still, what admits no doubt is taken, seconds.
    pub late_reach_s: f64,
    /// Whether consoles are given smoothed trails.
    pub smoothed_trails: bool,
}

impl Default for TrackerSettings {
    fn default() -> Self {
        let core = TrackerConfig::default();
        Self {
            movement: Movement::Mixed,
            filter: Filter::Auto,
            acceleration_horizontal_m2_s3: core.motion.horizontal,
            acceleration_vertical_m2_s3: core.motion.vertical,
            velocity_sigma_horizontal_m_s: core.velocity_sigma_horizontal_m_s,
            velocity_sigma_vertical_m_s: core.velocity_sigma_vertical_m_s,
            height_m: core.height_prior.height_m,
            height_sigma_m: core.height_prior.sigma_m,
            gate_probability: core.gate_probability,
            founding_mass: core.founding_mass,
            new_per_scan: core.new_per_scan,
            lifetime_s: core.lifetime.as_secs_f64(),
            confirm_existence: core.confirm_existence,
            delete_existence: core.delete_existence,
            prune_existence: core.prune_existence,
            sharpness: core.sharpness,
            confirm_by: ConfirmBy::Existence,
            confirm_hits: 3,
            confirm_looks: 5,
            delete_misses: 5,
            delete_looks: 6,
            silence_limit_s: core.silence_limit.as_secs_f64(),
            report_silence_limit_s: core.report_silence_limit.as_secs_f64(),
            report_coast_after_s: core.report_coast_after.as_secs_f64(),
            horizontal_sigma_limit_m: core.horizontal_sigma_limit_m,
            nearest_emitter_m: core.nearest_emitter_m,
            use_identity: core.use_identity,
            address_gate_sigmas: core.address_gate_sigmas,
            duplicate_looks: core.duplicate_looks,
            tracks_max: TRACKS_DEFAULT,
            late_horizon_s: HORIZON_DEFAULT.as_secs_f64(),
            late_reach_s: REACH_DEFAULT.as_secs_f64(),
            smoothed_trails: false,
        }
    }
}

impl TrackerSettings {
    /// The settings as the core takes them.
    #[must_use]
    pub fn core(&self) -> TrackerConfig {
        TrackerConfig {
            motion: NearlyConstantVelocity {
                horizontal: self.acceleration_horizontal_m2_s3,
                vertical: self.acceleration_vertical_m2_s3,
            },
            motions: self.movement.motions(),
            filter: self.filter.linearisation(),
            velocity_sigma_horizontal_m_s: self.velocity_sigma_horizontal_m_s,
            velocity_sigma_vertical_m_s: self.velocity_sigma_vertical_m_s,
            height_prior: HeightPrior { height_m: self.height_m, sigma_m: self.height_sigma_m },
            gate_probability: self.gate_probability,
            founding_mass: self.founding_mass,
            new_per_scan: self.new_per_scan,
            lifetime: Span::from_secs_f64(self.lifetime_s),
            confirm_existence: self.confirm_existence,
            delete_existence: self.delete_existence,
            prune_existence: self.prune_existence,
            sharpness: self.sharpness,
            looks: (self.confirm_by == ConfirmBy::Looks).then_some(self.looks_rule()),
            silence_limit: Span::from_secs_f64(self.silence_limit_s),
            report_silence_limit: Span::from_secs_f64(self.report_silence_limit_s),
            report_coast_after: Span::from_secs_f64(self.report_coast_after_s),
            horizontal_sigma_limit_m: self.horizontal_sigma_limit_m,
            nearest_emitter_m: self.nearest_emitter_m,
            use_identity: self.use_identity,
            address_gate_sigmas: self.address_gate_sigmas,
            duplicate_looks: self.duplicate_looks,
            ..TrackerConfig::default()
        }
    }

    const fn looks_rule(&self) -> LooksRule {
        LooksRule {
            confirm_hits: self.confirm_hits,
            confirm_looks: self.confirm_looks,
            delete_misses: self.delete_misses,
            delete_looks: self.delete_looks,
        }
    }

    /// Checks ranges and needed combinations.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        // The rule by looks must make sense even where it is not asked for.
        let core = TrackerConfig { looks: Some(self.looks_rule()), ..self.core() };
        core.check().map_err(|fault| {
            let must = fault.must.replace('_', "-");
            ConfigError::at(format!("tracker.{}", key_of(fault.field)), format!("must be {must}"))
        })?;
        if !(1..=TRACKS_MAX).contains(&self.tracks_max) {
            return Err(ConfigError::at("tracker.tracks-max", format!("must be 1 to {TRACKS_MAX}")));
        }
        if !(0.0..=60.0).contains(&self.late_horizon_s) {
            return Err(ConfigError::at("tracker.late-horizon-s", "must be 0 to 60 s"));
        }
        if !(0.0..=60.0).contains(&self.late_reach_s) {
            return Err(ConfigError::at("tracker.late-reach-s", "must be 0 to 60 s"));
        }
        Ok(())
    }
}

/// The operator's key for a setting of the core.
fn key_of(field: &str) -> String {
    match field {
        "motion.horizontal" => "acceleration-horizontal-m2-s3".into(),
        "motion.vertical" => "acceleration-vertical-m2-s3".into(),
        "height_prior.height_m" => "height-m".into(),
        "height_prior.sigma_m" => "height-sigma-m".into(),
        "lifetime" | "silence_limit" | "report_silence_limit" | "report_coast_after" => {
            format!("{}-s", field.replace('_', "-"))
        }
        _ => field.replace('_', "-"),
    }
}
