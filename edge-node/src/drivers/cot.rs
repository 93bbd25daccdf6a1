//! Cursor on Target: from configuration to decoder.

use fusion_core::time::Span;
use sensor_drivers::cot::{CotConfig, CotDecoder, Take};

use crate::config::SensorConfig;
use crate::config::cot::TakeConfig;
use crate::config::intake::ClockConfig;
use crate::node::sensor_clock::AHEAD_MAX;

/// The decoder of a feed. Many clocks speak over it, so each event's times are judged by the driver; what it lets
/// through the node judges like those of any sensor.
pub(super) fn cot(config: &SensorConfig) -> CotDecoder {
    let section = &config.source_tracks;
    CotDecoder::new(CotConfig {
        datagrams: super::is_whole(config),
        take: match config.cot.take {
            TakeConfig::OwnForces => Take::OwnForces,
            TakeConfig::All => Take::All,
        },
        refuse_uids: config.cot.refuse_uids.clone(),
        keep_simulated: section.keep_simulated,
        horizontal_sigma_m: section.horizontal_sigma_m,
        height_sigma_m: config.sigma.height_m,
        velocity_sigma_m_s: section.velocity_sigma_m_s,
        trust_times: config.clock != ClockConfig::ReceiveTime,
        ahead_max: AHEAD_MAX,
        age_max: section.lifetime(),
        latency: Span::from_secs_f64(config.latency_s),
    })
}
