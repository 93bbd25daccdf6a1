//! What all nodes' sensors are known to be off by, as people and programs see it: in `copmesh status`, on zenoh.

use proto::pb;
use proto::replica::Registered;
use proto::row::registration::Bias;
use serde_json::{Value, json};

/// One sensor of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationHealth {
    /// The node's name; of one that is no neighbour, the beginning of its number.
    pub node: String,
    /// Whether it is a sensor of this node: then it is as it is now, else as it was told last.
    pub own: bool,
    /// What is known of it.
    pub known: Registered,
}

impl RegistrationHealth {
    /// As JSON: each error with its sigma, and what becomes of it.
    #[must_use]
    pub fn json(&self) -> Value {
        let Registered { sensor, registration, time, label, .. } = &self.known;
        let [range, azimuth, time_s] = registration.biases();
        let bias = |bias: Bias, unit: f64| {
            let (value, sigma) = (bias.value * unit, bias.sigma * unit);
            json!({ "bias": value, "sigma": sigma, "state": bias.state.as_str() })
        };
        json!({ "node": self.node, "own": self.own, "sensor": sensor, "grade": registration.grade(),
                "pairs": registration.pairs(), "targets": registration.targets(), "range_m": bias(range, 1.0),
                "azimuth_deg": bias(azimuth, 1_f64.to_degrees()), "time_s": bias(time_s, 1.0),
                "time_ms": time.as_millis(), "label": label.to_string() })
    }

    /// As protobuf.
    #[must_use]
    pub fn protobuf(&self) -> pb::Registration {
        let Registered { sensor, registration, time, label, .. } = &self.known;
        let [range, azimuth, time_s] = registration.biases();
        let bias = |bias: Bias, unit: f64| pb::Bias {
            value: bias.value * unit,
            sigma: bias.sigma * unit,
            state: bias.state.as_str().to_owned(),
        };
        pb::Registration {
            node: self.node.clone(),
            own: self.own,
            sensor: sensor.clone(),
            grade: registration.grade().into(),
            pairs: registration.pairs(),
            targets: registration.targets().into(),
            range_m: Some(bias(range, 1.0)),
            azimuth_deg: Some(bias(azimuth, 1_f64.to_degrees())),
            time_s: Some(bias(time_s, 1.0)),
            time_ns: time.as_nanos(),
            label: Some(proto::convert::label(label)),
        }
    }
}
