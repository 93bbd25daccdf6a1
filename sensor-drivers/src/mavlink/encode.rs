//! Writes frames of version 2, unsigned: for simulated drones and for tests.

use ::mavlink::{MAVLinkV2MessageRaw, MavHeader, MessageData};

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its number on the link.
    pub system: u8,
    /// Which part of it: 1 the autopilot, 100 a camera, 154 a gimbal.
    pub component: u8,
    /// Count of its frames.
    pub sequence: u8,
}

/// Appends a frame.
pub fn frame<D: MessageData>(from: Sender, message: &D, out: &mut Vec<u8>) {
    let header = MavHeader { system_id: from.system.into(), component_id: from.component, sequence: from.sequence };
    let mut raw = MAVLinkV2MessageRaw::new();
    raw.serialize_message_data(header, message);
    out.extend_from_slice(raw.raw_bytes());
}
