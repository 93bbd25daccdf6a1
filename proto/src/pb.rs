//! The types generated from `schema/*.proto`: what goes to consoles, and what SAPIENT nodes are told. Units and
//! meanings stand in the schemas.
#![allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated code; the schema carries the documentation")]

include!(concat!(env!("OUT_DIR"), "/copmesh.v1.rs"));

/// Which revision of the schema for consoles this is: one more with every addition. What came with which stands in
/// docs/CONSOLE-API.md.
pub const REVISION: u32 = 4;

/// SAPIENT, BSI Flex 335 v2.0.
pub mod sapient {
    include!(concat!(env!("OUT_DIR"), "/sapient.v2.rs"));
}

/// TAK protocol, version 1: Cursor on Target as protobuf.
pub mod tak {
    include!(concat!(env!("OUT_DIR"), "/tak.v1.rs"));
}
