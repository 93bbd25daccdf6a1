//! Real daemons in network namespaces, and links between them that can be cut: what the simulated world cannot know.
//!
//! Each node has a namespace of its own; each link is two veth pairs that meet in a bridge in a namespace called the
//! air. A cut takes one of them off the bridge: nothing arrives, and nobody is told, as on a radio. Sensors are named
//! pipes; the picture is asked for with `copmesh tracks`. Needs root and `ip`.

pub mod cable;
pub mod captured;
pub mod flow;
pub mod keys;
pub mod node;
pub mod radio;
pub mod watch;

use std::net::{IpAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

pub use node::{Node, Way};
use radio::{Place, Radio};

use crate::world::channel::Quality;

/// A network that is taken down when it is dropped.
pub struct Network {
    prefix: String,
    folder: PathBuf,
    binary: PathBuf,
    /// Nodes, by index.
    pub nodes: Vec<Node>,
    links: usize,
}

/// Networks so far in this process: their names must differ.
static COUNT: AtomicU32 = AtomicU32::new(0);

impl Network {
    /// So many nodes without links, not yet running; `None` after saying that `test` is skipped.
    #[must_use]
    pub fn new(test: &str, nodes: usize) -> Option<Self> {
        let binary = crate::copmesh_binary(test)?;
        SWEPT.call_once(sweep);
        let prefix = format!("cm{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(&prefix);
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        let mut network = Self { prefix, folder, binary, nodes: vec![], links: 0 };
        if let Err(reason) = network.raise(nodes) {
            crate::skip(test, &format!("no network namespaces here ({reason}); they need root and `ip`"));
            return None;
        }
        Some(network)
    }

    fn raise(&mut self, nodes: usize) -> Result<(), String> {
        let air = self.air();
        ip(&format!("netns add {air}"))?;
        for index in 0..nodes {
            let space = self.space(index);
            ip(&format!("netns add {space}"))?;
            self.nodes.push(Node::new(index, Some(space.clone()), "127.0.0.1:8477", &self.folder, &self.binary));
            ip(&format!("-n {space} link set lo up"))?;
        }
        // A bridge is the last thing that a kernel may lack.
        ip(&format!("-n {air} link add trial type bridge"))
    }

    fn air(&self) -> String {
        format!("{}air", self.prefix)
    }

    /// Joins two nodes, which are told of each other, by a link for each way, the preferred first.
    pub fn join<const N: usize>(&mut self, a: usize, b: usize, ways: [Way; N]) -> [usize; N] {
        let links = ways.each_ref().map(|_| self.wire(&[a, b]));
        let [name_a, name_b] = [a, b].map(|node| self.nodes[node].name.clone());
        let to = |end: usize| links.iter().zip(&ways).map(move |(&link, way)| (way.clone(), Some(address(link, end))));
        self.nodes[a].add_neighbour(&name_b, &to(1).collect::<Vec<_>>());
        self.nodes[b].add_neighbour(&name_a, &to(0).collect::<Vec<_>>());
        links
    }

    /// Joins two nodes by a link that each has its own idea of.
    pub fn join_apart(&mut self, a: usize, b: usize, [way_a, way_b]: [Way; 2]) {
        let link = self.wire(&[a, b]);
        let [name_a, name_b] = [a, b].map(|node| self.nodes[node].name.clone());
        self.nodes[a].add_neighbour(&name_b, &[(way_a, Some(address(link, 1)))]);
        self.nodes[b].add_neighbour(&name_a, &[(way_b, Some(address(link, 0)))]);
    }

    /// Joins two nodes, of which the first dials, by a radio: it stands in the air, and nothing comes past it.
    pub fn join_by_radio(&mut self, a: usize, b: usize, way: &Way, quality: Quality, seed: u64) -> Radio {
        let air = self.air();
        let ends = [a, b].map(|node| self.wire(&[node]));
        for link in ends {
            run(&format!("-n {air} addr add {}/24 dev br{link}", address(link, 1)));
        }
        let [name_a, name_b] = [a, b].map(|node| self.nodes[node].name.clone());
        self.nodes[a].add_neighbour(&name_b, &[(way.clone(), Some(address(ends[0], 1)))]);
        self.nodes[b].add_neighbour(&name_a, &[(way.clone(), None)]);
        let at = |link: usize, end: usize| address(link, end).parse::<IpAddr>().expect("an address");
        let space = Some(Path::new("/run/netns").join(air));
        let place = Place { space, front: (at(ends[0], 1), way.port).into(), back: at(ends[1], 1) };
        Radio::at(place, (at(ends[1], 0), way.port).into(), quality, seed)
    }

    /// Puts nodes on one cable, where they find each other by themselves. It is cut at the second.
    pub fn camp(&mut self, nodes: &[usize]) -> usize {
        for &node in nodes {
            self.nodes[node].look_around();
        }
        self.wire(nodes)
    }

    fn wire(&mut self, nodes: &[usize]) -> usize {
        let (link, air) = (self.links, self.air());
        self.links += 1;
        run(&format!("-n {air} link add br{link} type bridge"));
        run(&format!("-n {air} link set br{link} up"));
        for (end, &node) in nodes.iter().enumerate() {
            let (space, port) = (self.space(node), port(link, end));
            run(&format!("-n {air} link add {port} type veth peer name l{link} netns {space}"));
            run(&format!("-n {air} link set {port} up master br{link}"));
            run(&format!("-n {space} addr add {}/24 dev l{link}", address(link, end)));
            run(&format!("-n {space} link set l{link} up"));
        }
        link
    }

    fn space(&self, node: usize) -> String {
        format!("{}n{node}", self.prefix)
    }

    /// From now on nothing comes through.
    pub fn cut(&self, link: usize) {
        run(&format!("-n {} link set {} nomaster", self.air(), port(link, 1)));
    }

    /// It does again.
    pub fn heal(&self, link: usize) {
        run(&format!("-n {} link set {} master br{link}", self.air(), port(link, 1)));
    }

    /// Where files may be put.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Nodes on this machine's loopback, without namespaces, for links that [`radio::Radio`] models. Taken down when
/// dropped.
pub struct Desk {
    folder: PathBuf,
    /// Nodes, by index.
    pub nodes: Vec<Node>,
}

impl Desk {
    /// So many nodes, not yet running; `None` after saying that `test` is skipped.
    #[must_use]
    pub fn new(test: &str, nodes: usize) -> Option<Self> {
        let binary = crate::copmesh_binary(test)?;
        let folder = std::env::temp_dir().join(format!("cm{}desk-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        let nodes = (0..nodes).map(|index| Node::new(index, None, &free_address(), &folder, &binary)).collect();
        Some(Self { folder, nodes })
    }
}

/// An address that nobody has now.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").to_string()
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(Node::stop);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(Node::stop);
        for space in (0..self.nodes.len()).map(|node| self.space(node)).chain([self.air()]) {
            let _ = ip(&format!("netns del {space}"));
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Once for each process.
static SWEPT: Once = Once::new();

/// Takes down what test programs that were killed have left, daemons included.
fn sweep() {
    let listed = Command::new("ip").args(["netns", "list"]).output().map(|output| output.stdout).unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed).into_owned();
    for space in listed.lines().filter_map(|line| line.split(' ').next()).filter(|space| is_orphan(space)) {
        let left = Command::new("ip").args(["netns", "pids", space]).output().map(|o| o.stdout).unwrap_or_default();
        for process in String::from_utf8_lossy(&left).lines() {
            let _ = Command::new("kill").args(["-9", process]).output();
        }
        let _ = ip(&format!("netns del {space}"));
    }
}

/// Whether this is a namespace of ours whose test program is no more.
fn is_orphan(space: &str) -> bool {
    let owner = space.strip_prefix("cm").and_then(|rest| rest.split_once('x')).map(|(owner, _)| owner);
    owner.is_some_and(|owner| owner.parse::<u32>().is_ok() && !Path::new("/proc").join(owner).exists())
}

fn port(link: usize, end: usize) -> String {
    format!("p{link}e{end}")
}

/// The address of one end of a link.
fn address(link: usize, end: usize) -> String {
    format!("10.200.{link}.{}", end + 1)
}

fn run(arguments: &str) {
    ip(arguments).unwrap_or_else(|e| panic!("ip {arguments}: {e}"));
}

/// Runs `ip`.
fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).output().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}
