//! Packets between neighbours over real zenoh on loopback: a link comes up by itself, carries both ways, and is told of
//! when it goes.
#![cfg(feature = "shell")]

use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use edge_node::clock::Clock;
use edge_node::config::{Config, MeshConfig};
use edge_node::inbox::{FromLink, Heard, Inbox, Taken};
use edge_node::mesh::carrier::Carrier;
use edge_node::pulse::Beat;
use proto::replica::{LinkEvent, LinkId};
use tokio::runtime::Runtime;

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn free_port(protocol: &str) -> u16 {
    let any = "127.0.0.1:0";
    let address = match protocol {
        "udp" => UdpSocket::bind(any).expect("loopback").local_addr(),
        _ => TcpListener::bind(any).expect("loopback").local_addr(),
    };
    address.expect("bound").port()
}

/// The mesh of a node that listens here, and whose only neighbour is there.
fn mesh(neighbour: &str, bearers: &[(&str, &str, &str)]) -> MeshConfig {
    let mut text = "[node]\nname = \"x\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n".to_owned();
    let mut ways = Vec::new();
    for (name, listen, connect) in bearers {
        text += &format!("[[mesh.bearers]]\nname = \"{name}\"\nprofile = \"lan\"\nlisten = [\"{listen}\"]\n");
        text += "scouting = false\n";
        ways.push(format!("{{ bearer = \"{name}\", endpoint = \"{connect}\" }}"));
    }
    text += &format!("[[mesh.neighbours]]\nname = \"{neighbour}\"\nways = [{}]\n", ways.join(", "));
    text += "clearance = { level = \"secret\", communities = [\"POL\"] }\n";
    Config::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}")).mesh
}

struct Party {
    carrier: Arc<Carrier>,
    inbox: Arc<Inbox>,
}

impl Party {
    fn open(runtime: &Runtime, name: &str, config: &MeshConfig) -> Self {
        let inbox = Arc::new(Inbox::new(0));
        let carrier =
            runtime.block_on(Carrier::open(name, config, None, Arc::clone(&inbox), Clock::start(), Beat::default()));
        Self { carrier: carrier.expect("a carrier"), inbox }
    }

    fn next(&self) -> FromLink {
        match self.inbox.take(PATIENCE) {
            Taken::Heard(Heard { link: LinkId(0), what, .. }) => what,
            other @ (Taken::Heard(_) | Taken::Entry(_) | Taken::Saying(_) | Taken::TimedOut | Taken::Closed) => {
                panic!("{other:?}")
            }
        }
    }

    fn is_up(&self) {
        let event = self.next();
        assert!(matches!(event, FromLink::Event(LinkEvent::Up(_))), "{event:?}");
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn a_link_over(protocol: &str) {
    let [a, b] = [0, 1].map(|_| format!("{protocol}/127.0.0.1:{}", free_port(protocol)));
    let runtime = runtime();
    let alpha = Party::open(&runtime, "alpha", &mesh("bravo", &[("wire", &a, &b)]));
    for life in 0..2 {
        let bravo = Party::open(&runtime, "bravo", &mesh("alpha", &[("wire", &b, &a)]));
        alpha.is_up();
        bravo.is_up();
        alpha.carrier.send(LinkId(0), vec![life; 300]);
        assert_eq!(bravo.next(), FromLink::Packet(vec![life; 300]));
        bravo.carrier.send(LinkId(0), vec![life; 1400]);
        assert_eq!(alpha.next(), FromLink::Packet(vec![life; 1400]));
        let [reach] = &alpha.carrier.reach()[..] else { panic!("one neighbour") };
        assert_eq!((reach.bytes_out, reach.bytes_in), (300 * (u64::from(life) + 1), 1400 * (u64::from(life) + 1)));
        assert_eq!(reach.bearer.as_deref(), Some("wire"));
        runtime.block_on(bravo.carrier.close());
        assert_eq!(alpha.next(), FromLink::Event(LinkEvent::Down));
    }
}

#[test]
fn packets_go_both_ways_over_tcp_and_again_after_a_restart() {
    a_link_over("tcp");
}

#[test]
fn packets_go_both_ways_over_udp_and_again_after_a_restart() {
    a_link_over("udp");
}
