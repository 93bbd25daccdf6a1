//! What cannot be, of sensors, of what goes wrong with them, and of the network behind them.

use super::super::{
    DroneCamera, Faults, LINKS_MAX, LinkSpec, NODES_MAX, NodeSpec, SPELLS_MAX, Scenario, ScenarioError, Sector,
    SensorSpec, Spell,
};
use super::{Checked, all, at_most, that, within};

impl Scenario {
    pub(super) fn check_sensor(&self, sensor: &SensorSpec) -> Checked {
        let namesakes = self.sensors.iter().filter(|other| other.name() == sensor.name()).count();
        that(namesakes == 1, "name", "another sensor has the same name")?;
        that(is_name(sensor.name()), "name", "wants 1 to 32 of a–z, 0–9 and '-'")?;
        if let Some(position) = sensor.position() {
            self.check_place("position", position)?;
        }
        check_figures(sensor)?;
        if let SensorSpec::DroneCamera(camera) = sensor {
            let carried = self.targets.iter().any(|target| target.name == camera.carrier);
            that(carried, "carrier", &format!("there is no target called \"{}\"", camera.carrier))?;
        }
        if let Some(endpoint) = sensor.endpoint() {
            let known = ["udp://", "tcp://", "tcp-listen://"].iter().any(|scheme| endpoint.starts_with(scheme));
            that(known, "endpoint", "wants udp://HOST:PORT, tcp://HOST:PORT or tcp-listen://ADDRESS:PORT")?;
        }
        check_faults(sensor.faults()).map_err(|error| error.under("faults"))
    }

    pub(super) fn check_network(&self) -> Checked {
        at_most("node", self.nodes.len(), NODES_MAX)?;
        at_most("link", self.links.len(), LINKS_MAX)?;
        for (place, node) in self.nodes.iter().enumerate() {
            self.check_node(node).map_err(|error| error.under(&format!("node[{place}] ({})", node.name)))?;
        }
        for (place, link) in self.links.iter().enumerate() {
            self.check_link(link).map_err(|error| error.under(&format!("link[{place}]")))?;
        }
        Ok(())
    }

    fn check_node(&self, node: &NodeSpec) -> Checked {
        that(is_name(&node.name), "name", "wants 1 to 32 of a–z, 0–9 and '-'")?;
        let namesakes = self.nodes.iter().filter(|other| other.name == node.name).count();
        that(namesakes == 1, "name", "another node has the same name")?;
        self.check_place("position", &node.position)?;
        let stranger = node.sensors.iter().find(|name| !self.sensors.iter().any(|sensor| sensor.name() == *name));
        let text = stranger.map(|name| format!("there is no sensor called \"{name}\"")).unwrap_or_default();
        that(stranger.is_none(), "sensors", &text)
    }

    fn check_link(&self, link: &LinkSpec) -> Checked {
        let [one, other] = &link.between;
        that(one != other, "between", "wants two different nodes")?;
        for name in &link.between {
            let known = self.nodes.iter().any(|node| node.name == *name);
            that(known, "between", &format!("there is no node called \"{name}\""))?;
        }
        within("rate-kbit-s", link.rate_kbit_s.unwrap_or(1.0), 0.001, 1e9)?;
        within("delay-ms", link.delay_ms, 0.0, 600_000.0)?;
        within("loss", link.loss, 0.0, 1.0)?;
        check_spells("cuts", &link.cuts)
    }
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(plain)
}

fn check_figures(sensor: &SensorSpec) -> Checked {
    match sensor {
        SensorSpec::Radar(radar) => {
            check_sector(radar.field_of_view)?;
            let (low, high) = (radar.elevation_min_deg, radar.elevation_max_deg);
            that(low < high, "elevation-min-deg", "must be below elevation-max-deg")?;
            all(&[
                ("period-s", radar.period_s, 0.5, 60.0),
                ("range-max-m", radar.range_max_m, 1.0, 470e3),
                ("elevation-min-deg", low, -90.0, 90.0),
                ("elevation-max-deg", high, -90.0, 90.0),
                ("detection-probability", radar.detection_probability, 0.0, 1.0),
                ("primary-detection-probability", radar.primary_detection_probability, 0.0, 1.0),
                ("range-sigma-m", radar.range_sigma_m, 1e-3, 1e5),
                ("azimuth-sigma-deg", radar.azimuth_sigma_deg, 1e-4, 90.0),
                ("primary-range-sigma-m", radar.primary_range_sigma_m, 1e-3, 1e5),
                ("primary-azimuth-sigma-deg", radar.primary_azimuth_sigma_deg, 1e-4, 90.0),
                ("clutter-per-scan", radar.clutter_per_scan, 0.0, 1000.0),
                ("latency-ms", radar.latency_ms, 0.0, 10_000.0),
            ])
        }
        SensorSpec::AdsbReceiver(one) => check_receiver(one.range_max_m, one.message_loss, one.latency_ms),
        SensorSpec::AisReceiver(one) => check_receiver(one.range_max_m, one.message_loss, one.latency_ms),
        SensorSpec::RemoteIdReceiver(one) => check_receiver(one.range_max_m, one.message_loss, one.latency_ms),
        SensorSpec::DroneRadar(radar) => {
            check_sector(radar.field_of_view)?;
            let (low, high) = (radar.elevation_min_deg, radar.elevation_max_deg);
            that(low < high, "elevation-min-deg", "must be below elevation-max-deg")?;
            all(&[
                ("period-s", radar.period_s, 0.05, 60.0),
                ("range-max-m", radar.range_max_m, 1.0, 1e6),
                ("elevation-min-deg", low, -90.0, 90.0),
                ("elevation-max-deg", high, -90.0, 90.0),
                ("detection-probability", radar.detection_probability, 0.0, 1.0),
                ("range-sigma-m", radar.range_sigma_m, 1e-3, 1e5),
                ("azimuth-sigma-deg", radar.azimuth_sigma_deg, 1e-4, 90.0),
                ("elevation-sigma-deg", radar.elevation_sigma_deg, 1e-4, 90.0),
                ("range-rate-sigma-m-s", radar.range_rate_sigma_m_s, 1e-3, 1e3),
                ("clutter-per-scan", radar.clutter_per_scan, 0.0, 100.0),
                ("classified-share", radar.classified_share, 0.0, 1.0),
                ("latency-ms", radar.latency_ms, 0.0, 10_000.0),
            ])
        }
        SensorSpec::DroneCamera(camera) => check_camera(camera),
        SensorSpec::DirectionFinder(finder) => {
            check_sector(finder.field_of_view)?;
            let [low, high] = finder.band_mhz.unwrap_or([0.0, 1.0]);
            that(0.0 <= low && low < high, "band-mhz", "wants the lower frequency first, both from 0 on")?;
            all(&[
                ("period-s", finder.period_s, 0.05, 60.0),
                ("range-max-m", finder.range_max_m, 1.0, 1e6),
                ("detection-probability", finder.detection_probability, 0.0, 1.0),
                ("azimuth-sigma-deg", finder.azimuth_sigma_deg, 1e-4, 90.0),
                ("outlier-share", finder.outlier_share, 0.0, 1.0),
                ("latency-ms", finder.latency_ms, 0.0, 10_000.0),
            ])
        }
    }
}

fn check_camera(camera: &DroneCamera) -> Checked {
    let [across, down] = camera.view_deg;
    that(camera.system > 0, "system", "0 is not within 1 to 255")?;
    all(&[
        ("period-s", camera.period_s, 0.05, 60.0),
        ("range-max-m", camera.range_max_m, 1.0, 1e5),
        ("view-deg[0]", across, 0.5, 120.0),
        ("view-deg[1]", down, 0.5, 120.0),
        ("detection-probability", camera.detection_probability, 0.0, 1.0),
        ("position-sigma-m", camera.position_sigma_m, 0.01, 1e3),
        ("heading-sigma-deg", camera.heading_sigma_deg, 1e-3, 45.0),
        ("tilt-sigma-deg", camera.tilt_sigma_deg, 1e-3, 45.0),
        ("gimbal-sigma-deg", camera.gimbal_sigma_deg, 1e-3, 45.0),
        ("latency-ms", camera.latency_ms, 0.0, 10_000.0),
    ])
}

fn check_receiver(range_max_m: f64, message_loss: f64, latency_ms: f64) -> Checked {
    all(&[
        ("range-max-m", range_max_m, 1.0, 1e6),
        ("message-loss", message_loss, 0.0, 1.0),
        ("latency-ms", latency_ms, 0.0, 10_000.0),
    ])
}

fn check_sector(sector: Option<Sector>) -> Checked {
    let Some(sector) = sector else { return Ok(()) };
    within("field-of-view.from-deg", sector.from_deg, -360.0, 360.0)?;
    within("field-of-view.width-deg", sector.width_deg, 0.1, 360.0)
}

fn check_faults(faults: &Faults) -> Checked {
    all(&[
        ("clock-offset-s", faults.clock_offset_s, -1e6, 1e6),
        ("clock-drift-ppm", faults.clock_drift_ppm, -1e5, 1e5),
        ("range-bias-m", faults.range_bias_m, -1e5, 1e5),
        ("azimuth-bias-deg", faults.azimuth_bias_deg, -180.0, 180.0),
        ("duplicate-share", faults.duplicate_share, 0.0, 1.0),
        ("duplicate-after-ms", faults.duplicate_after_ms, 0.0, 60_000.0),
        ("reorder-share", faults.reorder_share, 0.0, 1.0),
        ("reorder-by-s", faults.reorder_by_s, 0.0, 60.0),
        ("garbage-share", faults.garbage_share, 0.0, 1.0),
        ("truncated-share", faults.truncated_share, 0.0, 1.0),
    ])?;
    if let Some(step) = faults.clock_step {
        within("clock-step.at-s", step.at_s, 0.0, super::super::DURATION_S_MAX)?;
        within("clock-step.by-s", step.by_s, -1e6, 1e6)?;
    }
    let delayed = faults.reorder_share <= 0.0 || faults.reorder_by_s > 0.0;
    that(delayed, "reorder-by-s", "wants to be above 0 where reorder-share is")?;
    check_spells("outages", &faults.outages)
}

pub(super) fn check_spells(key: &str, spells: &[Spell]) -> Result<(), ScenarioError> {
    at_most(key, spells.len(), SPELLS_MAX)?;
    for (place, spell) in spells.iter().enumerate() {
        let forward = spell.from_s >= 0.0 && spell.from_s < spell.to_s && spell.to_s.is_finite();
        that(forward, &format!("{key}[{place}].to-s"), "wants to be after from-s, and from-s from 0 on")?;
    }
    Ok(())
}
