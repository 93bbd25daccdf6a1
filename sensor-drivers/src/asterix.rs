//! ASTERIX, the surveillance data exchange format of EUROCONTROL: data blocks of records of items.
//!
//! Three layers, each usable by itself:
//!
//! 1. **Structure**: [`blocks`] and [`records`] walk a datagram by the static tables in [`spec`], so that every item is
//!    skipped correctly whether anybody wants it or not. No allocation; every refusal names the byte.
//! 2. **Types**: [`cat048`] (monoradar target reports) and [`cat034`] (their service messages) as structs, decoded and
//!    encoded, with accessors in SI units; excerpts of [`cat010`], [`cat019`], [`cat020`], [`cat021`], decoded only.
//! 3. **Names**: [`describe`] shows any record of any known category as JSON by the mnemonics of the standard, and
//!    [`compose`] builds one from such JSON. Tools and the oracle test speak this.
//!
//! [`Framer`] finds block boundaries in a byte stream (TCP, concatenated files), where no datagram marks them.
//!
//! Of [`cat015`] (drone radars), [`cat205`] (direction finders) and [`cat062`], [`cat063`], [`cat065`] (system tracks
//! and the state of their system) the structs hold what is wanted, in SI units; the first two are encoded as well:
//! `write_block(&[report], &mut out)` appends a data block, a pure function of the reports.
//!
//! Source: EUROCONTROL-SPEC-0149 part 1 (blocks, FSPEC, item formats), part 2b (CAT034 edition 1.29), part 4 (CAT048
//! edition 1.32), and of the other categories the editions named in `spec/`. A later edition of a category only ever
//! appends to a table, so older streams decode as well; CAT021 before its second edition is the exception.

pub mod adsb;
mod block;
pub mod cat010;
pub mod cat015;
pub mod cat019;
pub mod cat020;
pub mod cat021;
pub mod cat021_early;
pub mod cat034;
pub mod cat048;
pub mod cat062;
pub mod cat063;
pub mod cat065;
pub mod cat205;
pub mod common;
mod compose;
mod describe;
pub mod direction_finder;
pub mod drone_radar;
pub mod excerpt;
mod fault;
pub mod framer;
mod fspec;
pub mod ground_station;
mod local;
mod look;
mod octets;
pub mod radar;
pub mod reception;
pub mod record;
#[cfg(test)]
mod samples;
pub mod spec;
pub mod surface;
pub mod system_tracks;
pub mod target;
pub mod wire;

pub use block::{Block, Blocks, HEADER_OCTETS, blocks};
pub use compose::{ComposeError, ComposeReason, compose, compose_block, compose_block_by};
pub use describe::{describe, describe_by};
pub use fault::{Fault, Reason};
pub use framer::Framer;
pub use record::{Record, Records, records};
pub use spec::{CATALOGUE, Catalogue, Spec};
pub use wire::{Unencodable, block_of, write_block};
