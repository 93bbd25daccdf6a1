//! What the tests that cross crates share. Nothing here ships.
//!
//! [`outside`] is the door to whatever the tree does not hold: recordings, the Python oracles, the built daemon. A test
//! that does not find what it needs says so with [`skip`] and returns; it never passes in silence.
//! [`daemon`] is the built daemon with a sensor that the test plays.
//! [`disk`] is a disk that fails on purpose.
//! [`oracle`] asks other people's implementations.
//! [`fuzzed`] is what libFuzzer runs, and what the committed corpora are replayed through.
//! [`network`] runs real daemons in network namespaces, over links that can be cut.
//! [`tidy`] holds the house rules as functions over source text; `tests/tidy.rs` applies them to the tree.
//! [`world`] simulates nodes and links in virtual time, and judges what nodes come to hold.
//! [`mission`] runs whole nodes with simulated sensors in the same virtual time.
//! [`truth`] makes recordings of real things into truth, simulates sensors over it and judges trackers by it.

pub mod daemon;
pub mod disk;
pub mod fuzzed;
pub mod mission;
pub mod network;
pub mod oracle;
pub mod outside;
pub mod tidy;
pub mod truth;
pub mod world;

pub use oracle::{hex, unhex};
pub use outside::{copmesh_binary, oracle_python, recording, resident_kb, skip};
