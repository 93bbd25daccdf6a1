//! The picture in Cursor on Target: to TAK servers, to handhelds that connect here as if this were their server, and
//! into networks as datagrams.
//!
//! What events say is pure and takes time as an argument: [`describe`] (what), [`feed`] (to whom, and when),
//! [`conversation`] (in which language), [`xml`] and [`protobuf`] (which octets). One task per endpoint, and one per
//! client, moves octets. Each compares the board with what its receiver was told, so a slow one misses steps in
//! between, and slows nobody.

pub mod conversation;
pub mod describe;
pub mod event;
pub mod feed;
pub mod protobuf;
mod room;
#[cfg(test)]
mod sockets;
pub mod symbols;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
mod wire;
pub mod xml;

pub use wire::{TakHealth, TakOutput};
