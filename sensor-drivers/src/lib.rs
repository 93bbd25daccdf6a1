//! Bytes of real sensors in, scans and source tracks out; and simulated sensors that emit the same bytes.
//!
//! | driver | standard | yields |
//! |---|---|---|
//! | [`asterix`] | EUROCONTROL ASTERIX CAT048 ed. 1.32, CAT034 ed. 1.29 | polar scans by sector, radar status |
//! | [`asterix::surface`] | ASTERIX CAT010 ed. 1.1, CAT020 ed. 1.11, CAT019 ed. 1.3 | positions with address |
//! | [`asterix::adsb`] | ASTERIX CAT021 ed. 0.23, 0.26, 2.7 | positions with velocity and address |
//! | [`asterix::drone_radar`] | ASTERIX CAT015 ed. 1.2 | looks of a drone radar, its tracks |
//! | [`asterix::direction_finder`] | ASTERIX CAT205 ed. 1.0 | lines of bearing, points |
//! | [`asterix::system_tracks`] | ASTERIX CAT062 ed. 1.16 to 1.21, CAT063, CAT065 | tracks of another system, its status |
//! | [`mavlink`] | MAVLink 2, dialect `common` | lines of sight, ground points, own and relayed positions |
//! | [`mode_s`] | ICAO Annex 10, DO-260B: Beast, AVR or recorded | positions with velocity and address |
//! | [`ais`] | ITU-R M.1371-5, NMEA 0183 / IEC 61162 sentences | positions with velocity and MMSI |
//! | [`klv`] | MISB ST 0601 and ST 0903, in MPEG transport streams | points and lines of sight of video targets |
//! | [`kraken`] | KrakenSDR page and push | lines of bearing |
//! | [`cot`] | Cursor on Target: XML, TAK protocol version 1 | source tracks of own forces and others |
//! | [`sbs`] | SBS-1 lines | positions by address |
//! | [`plots`] | copmesh plots, NDJSON (docs/FORMATS.md) | polar, bearing and position scans |
//! | [`sapient`] | SAPIENT, BSI Flex 335 v2.0 | measurements, lines of bearing, source tracks, status |
//! | [`remote_id`] | ASTM F3411-22a, EN 4709-002 | positions with velocity, serial number or session |
//!
//! Every driver is a [`decoder::Decoder`]: bytes in, reports out, no socket and no clock.

pub mod ais;
pub mod asterix;
pub mod cot;
pub mod decoder;
pub mod emission;
pub mod error;
pub mod fnv;
pub mod geoid;
pub mod heard;
pub mod klv;
pub mod kraken;
mod lines;
pub mod mavlink;
pub mod mode_s;
pub mod outbox;
pub mod plots;
mod protobuf;
pub mod remote_id;
pub mod sapient;
pub mod sbs;
pub mod sim;
