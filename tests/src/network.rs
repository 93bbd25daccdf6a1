//! Real daemons in network namespaces, and links between them that can be cut: what the simulated world cannot know.
//!
//! Each node has a namespace of its own; each link is two veth pairs that meet in a bridge in a namespace called the
//! air. A cut takes one of them off the bridge: nothing arrives, and nobody is told, as on a radio. Sensors are named
//! pipes; the picture is asked for with `copmesh tracks`. Needs root and `ip`.

pub mod node;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

pub use node::{Node, Way};

/// A network that is taken down when it is dropped.
pub struct Network {
    prefix: String,
    folder: PathBuf,
    binary: PathBuf,
    /// Nodes, by index.
    pub nodes: Vec<Node>,
    links: Vec<Link>,
}

/// A link between two nodes.
#[derive(Clone, Copy, Debug)]
struct Link {
    ends: [usize; 2],
}

/// Networks so far in this process: their names must differ.
static COUNT: AtomicU32 = AtomicU32::new(0);

impl Network {
    /// So many nodes without links, not yet running; `None` after saying that `test` is skipped.
    #[must_use]
    pub fn new(test: &str, nodes: usize) -> Option<Self> {
        let binary = crate::copmesh_binary(test)?;
        let prefix = format!("cm{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(&prefix);
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        let mut network = Self { prefix, folder, binary, nodes: vec![], links: vec![] };
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
            let space = format!("{}n{index}", self.prefix);
            ip(&format!("netns add {space}"))?;
            ip(&format!("-n {space} link set lo up"))?;
            self.nodes.push(Node::new(index, space, &self.folder, &self.binary));
        }
        // A bridge is the last thing that a kernel may lack.
        ip(&format!("-n {air} link add trial type bridge"))
    }

    fn air(&self) -> String {
        format!("{}air", self.prefix)
    }

    /// Joins two nodes, which are told of each other. `ways` are the bearers and protocols, the preferred first; all go
    /// over this link.
    pub fn join(&mut self, a: usize, b: usize, ways: &[Way]) -> usize {
        let (link, air) = (self.links.len(), self.air());
        run(&format!("-n {air} link add br{link} type bridge"));
        run(&format!("-n {air} link set br{link} up"));
        for (end, node) in [a, b].into_iter().enumerate() {
            let (space, port) = (&self.nodes[node].space, port(link, end));
            run(&format!("-n {air} link add {port} type veth peer name l{link} netns {space}"));
            run(&format!("-n {air} link set {port} up master br{link}"));
            run(&format!("-n {space} addr add {}/24 dev l{link}", address(link, end)));
            run(&format!("-n {space} link set l{link} up"));
        }
        let [name_a, name_b] = [a, b].map(|node| self.nodes[node].name.clone());
        self.nodes[a].add_neighbour(&name_b, &address(link, 1), ways);
        self.nodes[b].add_neighbour(&name_a, &address(link, 0), ways);
        self.links.push(Link { ends: [a, b] });
        link
    }

    /// From now on nothing comes through.
    pub fn cut(&self, link: usize) {
        run(&format!("-n {} link set {} nomaster", self.air(), port(link, 1)));
    }

    /// It does again.
    pub fn heal(&self, link: usize) {
        run(&format!("-n {} link set {} master br{link}", self.air(), port(link, 1)));
    }

    /// Which nodes a link joins.
    #[must_use]
    pub fn ends(&self, link: usize) -> [usize; 2] {
        self.links[link].ends
    }

    /// Where files may be put.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(Node::stop);
        for space in self.nodes.iter().map(|node| node.space.clone()).chain([self.air()]) {
            let _ = ip(&format!("netns del {space}"));
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
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
