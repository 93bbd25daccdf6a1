//! A console in fifty lines: the whole picture, then what changes. How it works is told in docs/CONSOLE-API.md.
//! `cargo run -p edge-node --example console -- ENDPOINT CHANGES`, beside `copmesh demo`.

use std::collections::BTreeMap;

use prost::Message;
use proto::pb::{Picture, SystemTrack};
use zenoh::{Session, Wait};

const KEY: &str = "copmesh/1/*/picture";

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let endpoint = arguments.next().unwrap_or_else(|| "tcp/127.0.0.1:7447".to_owned());
    let count: usize = arguments.next().map_or(Ok(usize::MAX), |text| text.parse())?;
    let mut config = zenoh::Config::default();
    config.insert_json5("connect/endpoints", &format!("[\"{endpoint}\"]"))?;
    config.insert_json5("scouting/multicast/enabled", "false")?;
    let session = zenoh::open(config).wait()?;
    // Subscribe first, then ask: what comes in between waits, and its number tells whether the snapshot knew of it.
    let changes = session.declare_subscriber(KEY).wait()?;
    let mut held = snapshot(&session)?;
    for _ in 0..count {
        let sample = changes.recv()?;
        let change = Picture::decode(&*sample.payload().to_bytes())?;
        if change.sequence == held.0 + 1 {
            held.0 = change.sequence;
            held.1.extend(change.tracks.into_iter().map(|track| (track.id.clone(), track)));
            held.1.retain(|id, _| !change.gone.contains(id));
        } else if change.sequence > held.0 {
            held = snapshot(&session)?;
        }
        println!("{} {} tracks", held.0, held.1.len());
    }
    Ok(())
}

/// The number of the picture, and its tracks by id.
fn snapshot(
    session: &Session,
) -> Result<(u64, BTreeMap<String, SystemTrack>), Box<dyn std::error::Error + Send + Sync>> {
    loop {
        if let Ok(reply) = session.get(KEY).wait()?.recv()
            && let Ok(sample) = reply.result()
        {
            let picture = Picture::decode(&*sample.payload().to_bytes())?;
            let tracks = picture.tracks.into_iter().map(|track| (track.id.clone(), track));
            return Ok((picture.sequence, tracks.collect()));
        }
    }
}
