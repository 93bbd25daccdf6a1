//! What is known of each node that was heard: what it registered, where it is, in which mode it works.

use fusion_core::geodesy::Geodetic;
use fusion_core::time::{Span, Timestamp};
use heapless::Vec as Bounded;

use super::ident::{Uuid, hash};
use super::message::along;
use super::place::speed_unit;
use super::view::View;
use crate::decoder::{NAVIGATION_ERROR_LASTS, OwnedScan};
use crate::protobuf::Parts;

/// Nodes that are remembered. The one that was silent longest is forgotten for a new one.
///
/// Counter: `nodes_forgotten`.
pub const NODES_MAX: usize = 64;

/// Modes of a node that are remembered. Of a mode beyond, nothing is known: it tells measurements.
///
/// Counter: `modes_beyond_bound`.
pub const MODES_MAX: usize = 16;

/// `NodeType`: a node that fuses what others saw.
const FUSION_NODE: u32 = 20;
/// `ScanType` of what stares.
const SCANS_FIXED: u32 = 1;
/// `NodeType`s that act upon their targets: they may come and report, and are asked for nothing.
const EFFECTORS: core::ops::RangeInclusive<u32> = 13..=17;

/// A node.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub id: Uuid,
    pub heard: Timestamp,
    pub registered: bool,
    /// Where it says it stands, with one sigma of it across and in height.
    pub place: Option<Told>,
    /// What it looks at.
    pub view: View,
    /// Whether it ever told another place than before.
    moves: bool,
    kind: u32,
    modes: Bounded<Mode, MODES_MAX>,
    /// Hash of the name of the mode in which it works.
    active: Option<u64>,
}

impl Node {
    /// Takes in where it says it stands.
    pub(super) fn stand(&mut self, told: Told) {
        self.moves |= self.place.is_some_and(|before| before.position != told.position);
        self.place = Some(told);
    }

    /// How long the error of its place lasts. What tells the same place for ever was set up with it and is off by the
    /// same for ever; else a receiver tells it.
    pub(super) fn place_error_lasts(&self) -> Option<Span> {
        self.moves.then_some(NAVIGATION_ERROR_LASTS)
    }

    /// A short number by which it is told from others: its identifier folded.
    pub(super) fn number(&self) -> u16 {
        let octets = self.id.0.to_le_bytes();
        octets.as_chunks::<2>().0.iter().fold(0, |sum, pair| sum ^ u16::from_le_bytes(*pair))
    }
}

/// A place that a node told of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    pub position: Geodetic,
    pub horizontal_sigma_m: f64,
    pub vertical_sigma_m: f64,
}

/// What of a mode matters here.
#[derive(Clone, Copy, Debug)]
struct Mode {
    name: u64,
    /// `TrackingType`.
    tracking: u32,
    /// Whether it stares.
    fixed: bool,
    /// Metres per second of one unit of its horizontal and of its vertical speeds.
    speed_units: [f64; 2],
}

impl Node {
    /// Takes in a registration that has been checked; how many modes were too many.
    pub(super) fn register(&mut self, registration: &[u8]) -> u64 {
        self.registered = true;
        self.kind = along(registration, &[1, 1]).and_then(|part| part.value.word()).unwrap_or_default();
        self.modes.clear();
        self.active = None;
        let modes = Parts::checked(registration).filter(|part| part.number == 7);
        modes
            .filter_map(|part| part.value.octets())
            .map(|mode| u64::from(self.modes.push(Mode::of(mode)).is_err()))
            .sum()
    }

    pub(super) fn set_mode(&mut self, name: &str) {
        self.active = Some(name_hash(name.as_bytes()));
    }

    /// Whether it registered that its reports are states of tracks.
    pub(super) fn tells_tracks(&self) -> bool {
        self.kind == FUSION_NODE || self.mode().is_some_and(|mode| mode.tracking >= 2)
    }

    /// Whether it registered that it stares at what it says that it looks at.
    pub(super) fn stares(&self) -> bool {
        self.mode().is_some_and(|mode| mode.fixed)
    }

    pub(super) fn is_effector(&self) -> bool {
        EFFECTORS.contains(&self.kind)
    }

    pub(super) fn speed_units(&self) -> [f64; 2] {
        self.mode().map_or([1.0; 2], |mode| mode.speed_units)
    }

    /// The mode that it said last; before it said one, the first.
    fn mode(&self) -> Option<&Mode> {
        let named = |name| self.modes.iter().find(|mode| mode.name == name);
        self.active.and_then(named).or(self.modes.first())
    }
}

impl Mode {
    fn of(mode: &[u8]) -> Self {
        let number = |path: &[u32]| along(mode, path).and_then(|part| part.value.word()).unwrap_or_default();
        // detection_definition, velocity_type, enu_velocity_units
        let [horizontal, vertical] = [1, 2].map(|unit| number(&[10, 6, 4, unit]));
        let vertical = if vertical == 0 { horizontal } else { vertical };
        Self {
            name: name_hash(along(mode, &[1]).and_then(|part| part.value.octets()).unwrap_or_default()),
            fixed: number(&[6]) == SCANS_FIXED,
            tracking: number(&[7]),
            speed_units: [speed_unit(horizontal), speed_unit(vertical)],
        }
    }
}

fn name_hash(name: &[u8]) -> u64 {
    hash(0xcbf2_9ce4_8422_2325, name)
}

/// All nodes heard over one connection.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    pub nodes_forgotten: u64,
}

impl Nodes {
    /// The node of this name, new if it was never heard.
    pub(super) fn hear(&mut self, id: Uuid, now: Timestamp) -> &mut Node {
        let at = self.nodes.iter().position(|node| node.id == id).unwrap_or_else(|| self.add(id));
        let node = &mut self.nodes[at];
        node.heard = node.heard.max(now);
        node
    }

    fn add(&mut self, id: Uuid) -> usize {
        let node = Node { id, ..Node::default() };
        if self.nodes.len() < NODES_MAX {
            self.nodes.push(node);
            return self.nodes.len() - 1;
        }
        self.nodes_forgotten += 1;
        let silent = (0..NODES_MAX).min_by_key(|at| self.nodes[*at].heard).expect("there are some");
        self.nodes[silent] = node;
        silent
    }

    /// How many are known, and how many of them are registered.
    pub(super) fn count(&self) -> (u64, u64) {
        (self.nodes.len() as u64, self.nodes.iter().filter(|node| node.registered).count() as u64)
    }

    /// The looks that are over.
    pub(super) fn close_looks(&mut self, now: Timestamp) -> impl Iterator<Item = OwnedScan> {
        self.nodes.iter_mut().filter_map(move |node| node.view.close(now))
    }

    pub(super) fn clear(&mut self) {
        self.nodes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sapient::encode::{About, sample_registration};
    use prost::Message as _;

    fn registered(about: &About<'_>) -> Node {
        let mut node = Node::default();
        assert_eq!(node.register(&sample_registration(about).encode_to_vec()), 0);
        node
    }

    #[test]
    fn a_node_that_registered_tracks_tells_tracks() {
        let about = About::default();
        assert!(!registered(&about).tells_tracks());
        assert!(registered(&About { tracks: true, ..about }).tells_tracks());
    }

    #[test]
    fn what_a_fusion_node_tells_is_an_estimate_whatever_it_calls_it() {
        assert!(registered(&About { node_type: 20, ..About::default() }).tells_tracks());
    }

    #[test]
    fn a_node_that_never_tells_another_place_is_off_by_the_same_for_ever() {
        let at = |latitude| Told {
            position: Geodetic::from_degrees(latitude, 5.0, 0.0).expect("a place"),
            horizontal_sigma_m: 5.0,
            vertical_sigma_m: 10.0,
        };
        let mut node = Node::default();
        node.stand(at(52.0));
        node.stand(at(52.0));
        assert_eq!(node.place_error_lasts(), None);
        node.stand(at(52.000_001));
        node.stand(at(52.000_001));
        assert_eq!(node.place_error_lasts(), Some(NAVIGATION_ERROR_LASTS));
    }

    #[test]
    fn the_silent_node_makes_room_for_a_new_one() {
        let mut nodes = Nodes::default();
        for (id, second) in (0..).zip(0..).take(NODES_MAX + 1) {
            nodes.hear(Uuid(id), Timestamp::from_secs(second));
        }
        assert_eq!((nodes.count().0, nodes.nodes_forgotten), (NODES_MAX as u64, 1));
        assert!(nodes.nodes.iter().all(|node| node.id != Uuid(0)), "the first was silent longest");
    }
}
