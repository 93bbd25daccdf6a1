//! The picture as system tracks of ASTERIX: CAT062, and CAT065 for the state of who sends them.
//!
//! What is told is pure and takes time as an argument: [`describe`] (a track as a record), [`feed`] (which tracks,
//! under which numbers, in which datagrams). One task per way out sends it.

pub mod describe;
pub mod feed;
#[cfg(test)]
mod tests;
mod wire;

pub use wire::{Cat062Health, Cat062Output};
