//! The mathematics of copmesh: frames, filters, association, tracks, picture.
//!
//! Nothing here allocates, reads a clock, logs, or owns a socket; memory is lent, time is an argument. All elementary
//! functions run in software ([`maths`]), so the same scans in the same order give the same bits on every machine.
//!
//! A scan's way: [`measurement`] (z and R, in the sensor's own axes) → `tracker` (predict, gate, associate, update) →
//! tracks, whose numbers come from their founding measurement.
#![no_std]
#![forbid(unsafe_code)]

pub mod angle;
pub mod association;
pub mod capacity;
pub mod filter;
pub mod frame;
pub mod gaussian;
pub mod geodesy;
pub mod identity;
pub mod label;
pub mod maths;
pub mod measurement;
pub mod model;
pub mod sensor;
pub mod sequencer;
pub mod source_track;
pub mod tally;
pub mod time;
pub mod track;
pub mod tracker;

/// The linear algebra of every public signature here, so that callers use the same version and features.
pub use nalgebra;
