//! What must hold of whole nodes: at every look, and once everything has come to rest.

use std::collections::BTreeMap;

use edge_node::picture::{PICTURE_TRACKS_MAX, SystemTrack};
use fusion_core::label::{Clearance, Codes, Level};
use fusion_core::time::Span;
use fusion_core::track::TrackId;
use proto::packet::item::StreamKey;
use proto::replica::Replica;
use proto::row::Body;

use super::Mission;
use super::station::{BEGIN, Station};
use crate::world::resident::Resident;
use crate::world::tracks::codes;

/// What nodes of a mission may see: all that its sensors say.
#[must_use]
pub fn clearance() -> Clearance {
    Clearance { level: Level::Unclassified, communities: codes("NATO"), caveats: Codes::EMPTY }
}

/// Looks at one node: its numbers, its console, lifetimes, memory.
pub fn look_at(mission: &mut Mission, k: usize) {
    let mut found = core::mem::take(&mut mission.nodes[k].ledger.found);
    console(mission, k, &mut found);
    if let Some(replica) = mission.nodes[k].replica() {
        lifetimes(replica, &mut found);
        memory(replica, &mut found);
    }
    mission.note_found(found.into_iter().map(|line| format!("n{k}: {line}")).collect());
}

/// What a console was told is what the picture holds, and the picture has room.
fn console(mission: &Mission, k: usize, found: &mut Vec<String>) {
    let station = &mission.nodes[k];
    if station.node.is_none() {
        return;
    }
    let held: Vec<TrackId> = station.picture().map(SystemTrack::id).collect();
    let told: Vec<TrackId> = station.ledger.shown.iter().copied().collect();
    if held != told {
        found.push(format!("the picture holds {held:?}, the console was told {told:?}"));
    }
    if held.len() > PICTURE_TRACKS_MAX / 4 {
        found.push(format!("a picture of {} entries", held.len()));
    }
}

/// No row outlives its lifetime; nor does an entry of the picture outlive the longest that a track's row may have.
fn lifetimes(replica: &Replica, found: &mut Vec<String>) {
    let fence = replica.table().fence();
    for (key, stream) in replica.table().streams() {
        for (row, held) in stream.rows() {
            let late = held.tick.time() + held.body.lifetime().span() + Span::from_secs(63);
            if late < fence {
                found.push(format!("{key:?} {row:?} beyond its lifetime"));
            }
        }
    }
}

/// What is remembered stays within its bounds: of each row a few entries for each link.
fn memory(replica: &Replica, found: &mut Vec<String>) {
    let (rows, remembered) = (replica.table().len(), replica.remembered());
    if remembered > 2 * (rows + 200) * 8 {
        found.push(format!("{remembered} entries remembered for {rows} rows"));
    }
}

/// Whether all nodes hold the same rows and show the same of what others said; where not, what differs first.
#[must_use]
pub fn difference(mission: &Mission) -> Option<String> {
    let running: Vec<usize> = (0..mission.nodes.len()).filter(|k| mission.nodes[*k].node.is_some()).collect();
    let pairs = running.iter().flat_map(|a| running.iter().map(move |b| (*a, *b))).filter(|(a, b)| a != b);
    let differ = |(a, b)| rows_differ(mission, a, b).or_else(|| pictures_differ(mission, a, b));
    pairs.into_iter().find_map(differ)
}

/// A row that one holds and another does not, or otherwise; not what is about to end, by either's clock.
fn rows_differ(mission: &Mission, a: usize, b: usize) -> Option<String> {
    let (one, other) = (mission.nodes[a].replica()?.table(), mission.nodes[b].replica()?.table());
    let soon = one.fence().max(other.fence()) + Span::from_secs(90);
    one.streams().find_map(|(key, stream)| {
        let lasting = |body: &Body, time| time + body.lifetime().span() > soon && !left_behind(mission, key);
        let rows = stream.rows().filter(|(_, held)| lasting(&held.body, held.tick.time()));
        let mut unlike = rows.filter(|(row, held)| {
            let there = other.row(key, *row);
            there.is_none_or(|t| (t.version, t.tick, &t.body) != (held.version, held.tick, &held.body))
        });
        unlike.next().map(|(row, held)| format!("n{a} has {key:?} {row:?} version {}, n{b} not", held.version))
    })
}

fn left_behind(mission: &Mission, key: StreamKey) -> bool {
    let mut origins = mission.nodes.iter().map(Station::origin);
    origins.any(|origin| origin.node == key.origin.node && origin.incarnation > key.origin.incarnation)
}

/// Objects under the same numbers; and what is agreed of each, bit for bit.
fn pictures_differ(mission: &Mission, a: usize, b: usize) -> Option<String> {
    let (one, other) = (mission.nodes[a].node.as_ref()?, mission.nodes[b].node.as_ref()?);
    let at = BEGIN + mission.now;
    let (here, there) = (one.agreed(at), other.agreed(at));
    let of_live = |id: &TrackId| mission.nodes.iter().any(|s| s.origin() == id.origin);
    let numbers =
        |agreed: &BTreeMap<TrackId, SystemTrack>| -> Vec<TrackId> { agreed.keys().copied().filter(of_live).collect() };
    if numbers(&here) != numbers(&there) {
        return Some(format!("n{a} shows {:?}, n{b} {:?}", numbers(&here), numbers(&there)));
    }
    let unlike = here.iter().find(|&(id, track)| of_live(id) && there.get(id) != Some(track));
    unlike.map(|(id, track)| format!("n{a} shows {track:?}, n{b} {:?}", there.get(id)))
}
