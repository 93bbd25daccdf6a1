//! A carrier without a node: whatever is behind its pipes speaks to the neighbours, with the keys of the configuration.
//! Tests put a captured node there. `cargo run -p edge-node --example carrier -- node.toml`.
//!
//! | line | from | meaning |
//! |---|---|---|
//! | `up LINK OCTETS` | the carrier | the neighbour of this number is reached, with packets of so many octets |
//! | `down LINK` | the carrier | it no longer is |
//! | `packet LINK HEXADECIMAL` | both | it sent this, or is to be sent this |

use std::error::Error;
use std::io::BufRead as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edge_node::cli::check;
use edge_node::clock::Clock;
use edge_node::inbox::{FromLink, Heard, Inbox, Taken};
use edge_node::keys::in_use::Papers;
use edge_node::keys::text::{from_hex, hex};
use edge_node::mesh::carrier::Carrier;
use edge_node::mesh::threads;
use edge_node::pulse::Beat;
use proto::replica::{LinkEvent, LinkId};

/// How long to wait for something before waiting again.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which configuration?")?;
    let config = check::read(Path::new(&path)).map_err(|e| e.message)?;
    threads::settle(&config.mesh)?;
    let papers = Papers::open(&config)?.map(Arc::new);
    let inbox = Arc::new(Inbox::new(0));
    let runtime = tokio::runtime::Runtime::new()?;
    let (heard, clock, beat) = (Arc::clone(&inbox), Clock::start(), Beat::default());
    let open = Carrier::open(&config.node.name, &config.mesh, papers, heard, clock, beat);
    let carrier = runtime.block_on(open)?;
    std::thread::spawn(move || {
        loop {
            match inbox.take(PATIENCE) {
                Taken::Heard(heard) => tell(&heard),
                Taken::Closed => return,
                Taken::Entry(_) | Taken::Saying(_) | Taken::TimedOut => {}
            }
        }
    });
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (link, packet) = understood(&line).ok_or_else(|| format!("\"{line}\" is no packet for a link"))?;
        carrier.send(link, packet);
    }
    runtime.block_on(carrier.close());
    Ok(())
}

fn tell(heard: &Heard) {
    let link = heard.link.0;
    match &heard.what {
        FromLink::Packet(packet) => println!("packet {link} {}", hex(packet)),
        FromLink::Event(LinkEvent::Up(bearer)) => println!("up {link} {}", bearer.mtu),
        FromLink::Event(LinkEvent::Down) => println!("down {link}"),
    }
}

fn understood(line: &str) -> Option<(LinkId, Vec<u8>)> {
    let (link, packet) = line.strip_prefix("packet ")?.split_once(' ')?;
    Some((LinkId(link.parse().ok()?), from_hex(packet)?))
}
