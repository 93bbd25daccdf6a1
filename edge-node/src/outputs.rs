//! Everything that people and programs subscribe with. Each reads the board at its own pace.

pub mod cat062;
pub mod console_json;
pub mod tak;
pub mod datagrams;
pub mod moment;
pub mod web;
