//! The picture to SAPIENT middlewares (BSI Flex 335 v2.0), to which this node is a fusion node.
//!
//! What is said is pure and takes time as an argument: [`describe`] (what), [`feed`] (when), [`conversation`] (whether
//! it may be said at all). One task per way out moves octets. It compares the board with what the middleware was told,
//! so a slow one misses steps in between, and slows nobody.

pub mod conversation;
pub mod describe;
pub mod feed;
#[cfg(test)]
mod tests;
mod wire;

pub use wire::{SapientHealth, SapientOutput};
