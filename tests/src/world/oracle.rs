//! What must hold: at every look, and once everything has come to rest.

use std::collections::BTreeSet;

use fusion_core::time::Span;
use proto::packet::item::StreamKey;
use proto::replica::Replica;
use proto::replica::table::Stream;
use proto::row::{Body, Kind};

use super::World;
use super::reference::Version;
use super::tracks::{close_label, open_label};

/// Looks at one node: versions, lifetimes, floors, labels, memory.
pub fn look_at(world: &mut World, k: usize) {
    let mut found = Vec::new();
    if world.nodes[k].forger.is_some() {
        return;
    }
    if let Some(replica) = world.nodes[k].replica.as_ref() {
        floors(world, k, replica, &mut found);
        labels(world, k, replica, &mut found);
        memory(k, replica, &mut found);
    }
    history(world, k, &mut found);
    world.note_found(found);
}

/// A floor claims no row that is missing.
fn floors(world: &World, k: usize, replica: &Replica, found: &mut Vec<String>) {
    let fence = replica.table().fence();
    for (key, stream) in replica.table().streams().filter(|(key, _)| key.origin != replica.me()) {
        let Some(rows) = world.stage.reference.written.get(&key) else { continue };
        for row in rows.keys() {
            let Some(claimed) = world.stage.reference.newest(key, *row, stream.floor) else { continue };
            let holds = stream.row(*row).is_some_and(|held| held.version >= claimed.number);
            // A clock that is behind keeps what another has let go; it was never sent that.
            let over = claimed.ends <= fence + Span::from_secs(130) || left_behind(world, key);
            let over = over || is_old_seal(stream, claimed);
            if !holds && !over && !world.stage.reference.ended_after(key, *row, claimed.number) {
                let floor = stream.floor;
                found.push(format!("n{k} claims {key:?} up to {floor}, lacks {row:?} version {}", claimed.number));
            }
        }
    }
}

/// Whether a seal is held that says that this one is none any more.
fn is_old_seal(stream: &Stream, claimed: &Version) -> bool {
    let count = claimed.says.1.seal().map(|seal| seal.count);
    let seals = stream.rows_of(Kind::Seal).filter_map(|(_, held)| held.body.seal());
    count.is_some_and(|count| seals.into_iter().any(|seal| seal.oldest > count))
}

fn left_behind(world: &World, key: StreamKey) -> bool {
    world.nodes.iter().any(|node| node.id == key.origin.node && node.site.incarnation > key.origin.incarnation)
}

/// Nobody holds what it may not see, unless it wrote it.
fn labels(world: &World, k: usize, replica: &Replica, found: &mut Vec<String>) {
    let node = &world.nodes[k];
    let foreign = replica.table().streams().filter(|(key, _)| key.origin.node != node.id);
    for (key, stream) in foreign.filter(|(_, stream)| !stream.label.permits(&node.site.clearance)) {
        found.push(format!("n{k} holds {key:?} labelled {}", stream.label));
    }
    for (key, stream) in replica.table().streams().filter(|(_, stream)| !stream.is_empty()) {
        let written = world.stage.reference.labels.get(&key);
        if written != Some(&stream.label) {
            found.push(format!("n{k} holds {key:?} as {}, written as {written:?}", stream.label));
        }
    }
}

/// Memory stays within its bounds.
fn memory(k: usize, replica: &Replica, found: &mut Vec<String>) {
    let (rows, remembered) = (replica.table().len(), replica.remembered());
    if remembered > 2 * (rows + 200) * 8 {
        found.push(format!("n{k} remembers {remembered} entries for {rows} rows"));
    }
}

/// Versions never go back; what went does not come again; nothing outlives its lifetime; what is held was written.
fn history(world: &mut World, k: usize, found: &mut Vec<String>) {
    let World { nodes, stage, .. } = world;
    let node = &mut nodes[k];
    let Some(replica) = node.replica.as_ref() else { return };
    let fence = replica.table().fence();
    let mut present = BTreeSet::new();
    for (key, stream) in replica.table().streams() {
        for (row, held) in stream.rows() {
            let place = (key, row);
            present.insert(place);
            let (newest, there) = node.seen.get(&place).copied().unwrap_or((0, true));
            if held.version < newest || held.version == newest && !there {
                found.push(format!("n{k} holds {place:?} version {} again, had {newest}", held.version));
            }
            node.seen.insert(place, (held.version, true));
            let late = held.tick.time() + held.body.lifetime().span() + Span::from_secs(63);
            if late < fence {
                found.push(format!("n{k} holds {place:?} beyond its lifetime"));
            }
            let written = stage.reference.newest(key, row, held.version);
            if written.is_none_or(|written| written.number != held.version) {
                found.push(format!("n{k} holds {place:?} version {}, which nobody wrote", held.version));
            } else if written.is_some_and(|written| written.says != (held.tick, held.body.clone())) {
                found.push(format!("n{k} holds {place:?} version {}, which says something else", held.version));
            }
        }
    }
    for (place, (_, there)) in &mut node.seen {
        *there = present.contains(place);
    }
}

/// Whether everybody holds what everybody reachable wrote; where not, what differs first.
#[must_use]
pub fn difference(world: &World) -> Option<String> {
    (0..world.nodes.len()).find_map(|writer| {
        let origin = world.nodes[writer].replica.as_ref().filter(|_| is_honest(world, writer))?;
        let streams = origin.table().streams().filter(|(key, _)| key.origin == origin.me());
        streams.into_iter().find_map(|(key, stream)| {
            let readers = reachable(world, writer, &stream.label);
            readers.into_iter().find_map(|reader| unlike(world, writer, reader, key))
        })
    })
}

fn is_honest(world: &World, k: usize) -> bool {
    world.nodes[k].forger.is_none()
}

/// The honest nodes that a stream can come to: over honest ones that may all see it.
fn reachable(world: &World, from: usize, label: &fusion_core::label::Label) -> BTreeSet<usize> {
    let (mut reached, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(node) = open.pop() {
        for &next in world.nodes[node].site.neighbours.keys() {
            let may = label.permits(&world.nodes[next].site.clearance) && is_honest(world, next);
            if may && world.nodes[next].replica.is_some() && reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached.remove(&from);
    reached
}

fn unlike(world: &World, writer: usize, reader: usize, key: StreamKey) -> Option<String> {
    let own = world.nodes[writer].replica.as_ref()?.table().stream(key)?;
    let table = world.nodes[reader].replica.as_ref()?.table();
    // What is about to end may have ended for one and not for the other.
    let soon = table.fence() + Span::from_secs(90);
    for (row, held) in own.rows() {
        let brief = held.tick.time() + held.body.lifetime().span() <= soon;
        let other = table.row(key, row);
        if !brief
            && other
                .is_none_or(|other| (other.version, other.tick, &other.body) != (held.version, held.tick, &held.body))
        {
            let has = other.map(|other| other.version);
            return Some(format!("n{reader} has {key:?} {row:?} as {has:?}, n{writer} wrote {}", held.version));
        }
    }
    let others = table.stream(key)?.rows();
    let more = others
        .into_iter()
        .find(|(row, held)| own.row(*row).is_none() && held.tick.time() + held.body.lifetime().span() > soon);
    more.map(|(row, held)| format!("n{reader} has {key:?} {row:?} version {}, n{writer} nothing", held.version))
}

/// Whether each console shows exactly the tracks that are alive and that it may see; where not, what differs first.
#[must_use]
pub fn shown_difference(world: &World) -> Option<String> {
    for (writer, node) in world.nodes.iter().enumerate() {
        let Some(replica) = node.replica.as_ref().filter(|_| is_honest(world, writer)) else { continue };
        for target in &node.targets {
            let id = fusion_core::track::TrackId { origin: replica.me(), number: target.number };
            for reader in reachable(world, writer, &target.label) {
                if !world.nodes[reader].shown.tracks.contains_key(&id) {
                    return Some(format!("n{reader} does not show {id:?} of n{writer}"));
                }
            }
        }
        for (reader, other) in world.nodes.iter().enumerate().filter(|(k, _)| hears_of_ends(world, writer, *k)) {
            let alive = |number| node.targets.iter().any(|target| target.number == number);
            let of_writer = other.shown.tracks.keys().filter(|id| id.origin == replica.me());
            if let Some(id) = of_writer.into_iter().find(|id| !alive(id.number)) {
                return Some(format!("n{reader} shows {id:?} of n{writer}, which has ended"));
            }
        }
    }
    None
}

/// Whether ends of all tracks that a node may see come to it, whatever forgers withhold.
fn hears_of_ends(world: &World, writer: usize, reader: usize) -> bool {
    let over = |label| reachable(world, writer, &label).contains(&reader);
    let close = close_label().permits(&world.nodes[reader].site.clearance);
    world.nodes.iter().all(|node| node.forger.is_none())
        || is_honest(world, reader) && over(open_label()) && (!close || over(close_label()))
}

/// Motion rows of lives that were left behind, at nodes that can know of the present one: by a stream of it that they
/// may see.
#[must_use]
pub fn left_over(world: &World) -> Option<String> {
    world.nodes.iter().enumerate().find_map(|(writer, node)| {
        let honest = is_honest(world, writer);
        let present = world.stage.reference.labels.iter().filter(|(key, _)| honest && key.origin == node.origin());
        let knowing: BTreeSet<usize> = present.flat_map(|(_, label)| reachable(world, writer, label)).collect();
        knowing.into_iter().find_map(|reader| {
            let table = world.nodes[reader].replica.as_ref()?.table();
            let old = table.streams().find(|(key, stream)| {
                let former = key.origin.node == node.id && key.origin != node.origin();
                former && stream.rows().any(|(row, h)| row.kind == Kind::Track && matches!(h.body, Body::Track(_)))
            });
            old.map(|(key, _)| format!("n{reader} holds rows of {key:?}, a life long over"))
        })
    })
}
