//! The types generated from `schema/*.proto`: what goes to consoles. Units and meanings stand in the schema.
#![allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated code; the schema carries the documentation")]

include!(concat!(env!("OUT_DIR"), "/copmesh.v1.rs"));
