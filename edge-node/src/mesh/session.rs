//! A bearer's zenoh session: peer mode, one hop, everything small and impatient.
//!
//! | setting | value | why |
//! |---|---|---|
//! | scouting | off, on a LAN on | on a radio it is a cost, and a betrayal |
//! | batch, queues | one packet each | what waits below us is late, and cannot be taken back |
//! | send buffer | small on radio | likewise |
//! | lease, attempts to connect | `waits.rs` | it depends on what is spoken |
//! | admin space, timestamps | off | nobody asks |

use fusion_core::label::Clearance;
use proto::replica::Bearer;
use zenoh::Session;

use super::gate::Gate;
use super::waits::{Waits, is_serial, waits};
use super::{MeshError, error};
use crate::config::mesh::BearerConfig;

/// What zenoh puts before a packet, at the most: while a key is not yet numbered it is spelt out.
const HEADER_BYTES: u32 = 120;
/// zenoh reads no serial line into less than a whole frame.
const SERIAL_BYTES: u32 = 1500;
/// What a datagram or a frame of a stream may hold at the most; packets are far smaller.
const MESSAGE_BYTES: u32 = 65_536;
/// Where nodes look for each other: not where consoles are looked for.
const SCOUTING_ADDRESS: &str = "224.0.0.225:7446";

// With the ten seconds that zenoh has otherwise, closing a connection that is cut stops a thread of its runtime for as
// long; two such, and no bearer hears anything.
const _: () = assert!(
    is_zero(option_env!("TCP_LINGER_TIMEOUT")) && is_zero(option_env!("TLS_LINGER_TIMEOUT")),
    "zenoh must be compiled with the environment that .cargo/config.toml sets: build inside the workspace"
);

const fn is_zero(value: Option<&str>) -> bool {
    matches!(value, Some(text) if matches!(text.as_bytes(), b"0"))
}

/// Opens the session of a bearer that connects to these endpoints, and lets in whom the gate does.
///
/// # Errors
/// [`MeshError`] that names the bearer, and the endpoint or key at fault.
pub(super) async fn open(bearer: &BearerConfig, connect: &[String], gate: Option<&Gate>) -> Result<Session, MeshError> {
    let mut config = zenoh::Config::default();
    let guarded = gate.map(|gate| gate.settings(bearer)).into_iter().flatten();
    for (key, value) in settings(bearer, connect).into_iter().chain(guarded) {
        config.insert_json5(key, &value).map_err(error(&format!("bearer {}, setting {key} = {value}", bearer.name)))?;
    }
    for (key, value) in gate.map(Gate::secrets).into_iter().flatten() {
        config.insert_json5(key, &value).map_err(|_| MeshError(format!("bearer {}, setting {key}", bearer.name)))?;
    }
    let listen = bearer.listen.join(", ");
    zenoh::open(config).await.map_err(error(&format!("bearer {} cannot be had; does {listen} exist?", bearer.name)))
}

fn settings(bearer: &BearerConfig, connect: &[String]) -> Vec<(&'static str, String)> {
    let s = bearer.settings();
    let list = |list: &[String]| serde_json::to_string(list).expect("a list of strings is JSON");
    let serial = is_serial(bearer.listen.iter().chain(connect));
    let batch = (u32::from(s.packet_bytes) + HEADER_BYTES).max(if serial { SERIAL_BYTES } else { 0 });
    let Waits { lease, attempt, pauses: [first, longest] } = waits(bearer, connect);
    let [lease, attempt, first, longest] = [lease, attempt, first, longest].map(|wait| wait.as_millis().to_string());
    let retry = format!("{{ period_init_ms: {first}, period_max_ms: {longest}, period_increase_factor: 1.5 }}");
    let mut all = vec![
        ("mode", "\"peer\"".into()),
        ("listen/endpoints", list(&bearer.listen)),
        ("connect/endpoints", list(connect)),
        ("connect/timeout_ms", "-1".into()),
        ("connect/exit_on_failure", "false".into()),
        ("connect/retry", retry),
        ("open/return_conditions/connect_scouted", "false".into()),
        ("open/return_conditions/declares", "false".into()),
        ("scouting/multicast/enabled", s.scouting.to_string()),
        ("scouting/multicast/address", format!("\"{SCOUTING_ADDRESS}\"")),
        ("scouting/gossip/enabled", s.scouting.to_string()),
        ("adminspace/enabled", "false".into()),
        ("timestamping/enabled", "false".into()),
        ("transport/unicast/open_timeout", attempt.clone()),
        ("transport/unicast/accept_timeout", attempt),
        ("transport/link/tx/lease", lease),
        ("transport/link/tx/keep_alive", KEEP_ALIVES.into()),
        ("transport/link/tx/batch_size", batch.to_string()),
        ("transport/link/tx/queue/size", QUEUES.into()),
        ("transport/link/rx/max_message_size", MESSAGE_BYTES.to_string()),
    ];
    if s.send_buffer_bytes > 0 {
        all.push(("transport/link/tcp/so_sndbuf", s.send_buffer_bytes.to_string()));
        all.push(("transport/link/tls/so_sndbuf", s.send_buffer_bytes.to_string()));
    }
    all
}

/// Signs of life of zenoh's own in a lease.
const KEEP_ALIVES: &str = "5";

const QUEUES: &str = "{ control: 1, real_time: 1, interactive_high: 1, interactive_low: 1, data_high: 1, data: 1, \
                      data_low: 1, background: 1 }";

/// What the replica is told of a bearer. `protocol` is that of the way to the neighbour, for whom keys have so many
/// octets.
pub(super) fn bearer(config: &BearerConfig, protocol: &str, key_bytes: usize, clearance: Clearance) -> Bearer {
    let s = config.settings();
    Bearer {
        rate_hint: s.rate_bit_s / 8.0,
        mtu: usize::from(s.packet_bytes),
        overhead: config.overhead_bytes.map_or_else(|| overhead(protocol) + key_bytes, usize::from),
        clearance,
        layer: s.layer,
    }
}

/// Octets around a packet and its key, those of zenoh, IP and below IP included; streams cost acknowledgements besides.
/// Measured with packets of 64 octets on Ethernet, less its own 14.
fn overhead(protocol: &str) -> usize {
    match protocol {
        "udp" => 41,
        "tls" => 92,
        "quic" => 95,
        "serial" => 25,
        _ => 70,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::mesh::Profile;

    #[test]
    fn zenoh_knows_every_setting_of_every_profile() {
        for profile in Profile::ALL {
            let mut config = zenoh::Config::default();
            for (key, value) in settings(&BearerConfig::of(profile), &["tcp/127.0.0.1:1".into()]) {
                config.insert_json5(key, &value).unwrap_or_else(|e| panic!("{profile}: {key} = {value}: {e}"));
                assert!(config.get_json(key).is_ok(), "{key} does not exist");
            }
        }
    }

    #[test]
    fn a_serial_line_has_room_for_the_frames_that_zenoh_reads() {
        let batch = |connect: &str| {
            let all = settings(&BearerConfig::of(Profile::Radio9k6), &[connect.into()]);
            all.into_iter().find(|(key, _)| *key == "transport/link/tx/batch_size").map(|(_, value)| value)
        };
        assert_eq!(batch("serial//dev/ttyS0").as_deref(), Some("1500"));
        assert_eq!(batch("udp/10.0.0.1:1").as_deref(), Some("420"));
    }
}
