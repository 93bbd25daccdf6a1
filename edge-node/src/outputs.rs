//! Everything that people and programs subscribe with. Each reads the board at its own pace.

pub mod cat062;
pub mod console_json;
pub mod datagrams;
pub mod geojson;
pub mod health;
pub mod history_disk;
pub mod history_http;
pub mod history_keeper;
pub mod kml;
pub mod metrics;
pub mod moment;
pub mod output_health;
pub mod release;
pub mod sapient;
pub mod shapes;
pub mod tak;
pub mod ways_out;
pub mod web;

#[cfg(test)]
pub(crate) mod samples;
