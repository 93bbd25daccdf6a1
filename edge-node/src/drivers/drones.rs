//! The decoders of links to drones and of receivers of Remote ID.

use fusion_core::time::Span;
use sensor_drivers::mavlink::sight::FieldOfView;
use sensor_drivers::mavlink::{self, MavlinkDecoder, OwnPosition};
use sensor_drivers::remote_id::{Form, RemoteIdConfig, RemoteIdDecoder};

use crate::config::SensorConfig;
use crate::config::sensors_drones::{OwnPositionConfig, RemoteIdForm};

pub(super) fn mavlink(config: &SensorConfig) -> MavlinkDecoder {
    let told = config.mavlink;
    let view = told.view_across_deg.zip(told.view_down_deg);
    MavlinkDecoder::new(mavlink::MavlinkConfig {
        own_position: match told.own_position {
            OwnPositionConfig::Ignored => OwnPosition::Ignored,
            OwnPositionConfig::SourceTrack => OwnPosition::SourceTrack,
            OwnPositionConfig::Measurement => OwnPosition::Measurement,
        },
        own_period: Span::from_secs_f64(told.own_period_s),
        tilt_sigma: told.tilt_sigma_deg.to_radians(),
        heading_sigma: told.heading_sigma_deg.to_radians(),
        gimbal_sigma: told.gimbal_sigma_deg.to_radians(),
        time_sigma: Span::from_secs_f64(told.time_sigma_s),
        view: view.and_then(|(across, down)| FieldOfView::from_degrees(across, down)),
        undulation_m: told.undulation_m,
        latency: Span::from_secs_f64(config.latency_s),
        remote_id: receiver(config),
        ..mavlink::MavlinkConfig::default()
    })
}

pub(super) fn remote_id(config: &SensorConfig) -> RemoteIdDecoder {
    RemoteIdDecoder::new(receiver(config)).expect("the sigmas are the driver's own")
}

fn receiver(config: &SensorConfig) -> RemoteIdConfig {
    RemoteIdConfig {
        form: match config.remote_id.form {
            RemoteIdForm::Lines => Form::Lines,
            RemoteIdForm::Datagrams => Form::Datagrams,
        },
        datagrams: super::is_whole(config),
        show_operators: config.remote_id.show_operators,
        latency: Span::from_secs_f64(config.latency_s),
        ..RemoteIdConfig::default()
    }
}
