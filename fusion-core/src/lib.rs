//! The mathematics of copmesh: frames, filters, association, tracks, picture.
//!
//! Nothing here allocates, reads a clock, logs, or owns a socket; memory is lent, time is an argument. All elementary
//! functions run in software ([`maths`]), so the same scans in the same order give the same bits on every machine.
//!
//! # A scan's way
//!
//! 1. A driver hands over a [`Scan`](measurement::Scan): one look of one sensor, its measurements z with noise R in the
//!    sensor's own axes, and beside it what is known of the sensor ([`sensor::SensorModel`]: P_D, clutter, field of
//!    view).
//! 2. The [`sequencer`] puts it into its place in time. In order it goes straight on; late, the recent past is run
//!    again with it, to the same bits as if it had come in time.
//! 3. The [`tracker`] lets time pass for its [`track`]s ([`track::deleter`]), predicts them ([`model`], [`filter`]),
//!    [gates](association::gate) and [weighs](association::likelihood) every neighbouring measurement, solves the joint
//!    [`association`] for the marginal probabilities β, and moves each state to the mixture of what may have happened.
//! 4. Tracks that turn out to be one are merged, tracks that were missed too often are deleted, and what no track
//!    explains founds new ones ([`track::initiator`]), numbered by their founding measurement ([`track::number`]).
//! 5. What was refused on the way, and which bound was met, is in the [`tally`]; the bounds are in [`capacity`].
//!
//! An estimate that another tracker made is no measurement: it travels as a [`source_track`].
#![no_std]
#![forbid(unsafe_code)]

pub mod angle;
pub mod association;
pub mod capacity;
pub mod clutter;
pub mod filter;
pub mod frame;
pub mod gaussian;
pub mod geodesy;
pub mod identity;
pub mod label;
pub mod maths;
pub mod measurement;
pub mod model;
pub mod registration;
pub mod room;
pub mod sensor;
pub mod sequencer;
pub mod source_track;
pub mod tally;
pub mod time;
pub mod track;
pub mod tracker;
pub mod trail;
pub mod triangulation;

/// The linear algebra of every public signature here, so that callers use the same version and features.
pub use nalgebra;
