//! What copmesh nodes and consoles say to each other: records, schemas, codecs. No socket, no clock.

pub mod codec;
pub mod convert;
pub mod packet;
pub mod passport;
pub mod pb;
pub mod record;
pub mod replica;
pub mod row;
