//! The copmesh daemon: a pure node in a thin shell.
//!
//! Without the feature `shell` only the brain remains: [`config`], [`node`], [`picture`] and [`score`], which read no
//! clock, open no socket and spawn no task. With it, the shell wraps sockets, zenoh, the web console and the terminal
//! around one thread that owns the node.

pub mod clock;
pub mod config;
pub mod decisions;
pub mod drivers;
pub mod history;
pub mod journal;
pub mod node;
pub mod picture;
pub mod pulse;
pub mod score;
pub mod simulated;
pub mod tracks_file;
pub mod words;

#[cfg(feature = "shell")]
pub mod addresses;
#[cfg(feature = "shell")]
pub mod board;
#[cfg(feature = "shell")]
pub mod cli;
#[cfg(feature = "shell")]
pub mod engine;
#[cfg(feature = "shell")]
pub mod inbox;
#[cfg(feature = "shell")]
pub mod ingest;
#[cfg(feature = "shell")]
pub mod keys;
#[cfg(feature = "shell")]
pub mod latency;
#[cfg(feature = "shell")]
pub mod mesh;
#[cfg(feature = "shell")]
pub mod neighbour_health;
#[cfg(feature = "shell")]
pub mod outputs;
#[cfg(feature = "shell")]
pub mod recording;
#[cfg(feature = "shell")]
pub mod registration_health;
#[cfg(feature = "shell")]
pub mod sensor_health;
#[cfg(feature = "shell")]
pub(crate) mod streams;
