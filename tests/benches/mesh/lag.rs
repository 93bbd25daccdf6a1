//! How far readers are behind writers: of each track, for how long a version has been written that a reader lacks.

use std::collections::BTreeMap;

use fusion_core::time::Span;
use proto::packet::item::StreamKey;
use proto::row::{Body, Kind, RowKey};
use tests::world::World;

/// Versions of motion rows with the times at which they were written.
#[derive(Default)]
pub struct Written {
    rows: BTreeMap<(StreamKey, RowKey), Vec<(u32, Span)>>,
}

impl Written {
    /// Notes what has been written since the last time: to be called once a second.
    pub fn note(&mut self, world: &World) {
        for node in world.nodes.iter().filter_map(|node| node.replica.as_ref()) {
            for (key, stream) in node.table().streams().filter(|(key, _)| key.origin == node.me()) {
                for (row, held) in stream.rows().filter(|(row, _)| row.kind == Kind::Track) {
                    let versions = self.rows.entry((key, row)).or_default();
                    if versions.last().is_none_or(|(last, _)| *last < held.version) {
                        versions.push((held.version, world.now));
                    }
                }
            }
        }
    }

    /// Seconds by which a reader is behind, per track: (high priority, of others). Tracks never heard of count from
    /// their first version.
    pub fn lags(&self, world: &World, reader: usize) -> [Vec<f64>; 2] {
        let mut lags = [Vec::new(), Vec::new()];
        let Some(replica) = world.nodes[reader].replica.as_ref() else { return lags };
        for ((stream, row), versions) in self.rows.iter().filter(|((stream, _), _)| stream.origin != replica.me()) {
            let held = replica.table().row(*stream, *row).map_or(0, |held| held.version);
            let lacking = versions.iter().find(|(version, _)| *version > held);
            let lag = lacking.map_or(0.0, |(_, time)| (world.now - *time).as_secs_f64());
            lags[usize::from(!high(world, *stream, *row))].push(lag);
        }
        lags
    }

    /// How many versions were written.
    pub fn count(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }

    /// When each version of a writer was written, and of which track.
    pub fn by_time(&self, writer: fusion_core::track::NodeId) -> Vec<(Span, RowKey)> {
        let of = self.rows.iter().filter(|((stream, _), _)| stream.origin.node == writer);
        let mut all: Vec<_> = of.flat_map(|((_, row), all)| all.iter().map(|(_, time)| (*time, *row))).collect();
        all.sort();
        all
    }
}

fn high(world: &World, stream: StreamKey, row: RowKey) -> bool {
    let writer = world.nodes.iter().find(|node| node.origin() == stream.origin);
    let key = RowKey { kind: Kind::Attributes, ..row };
    let held = writer.and_then(|node| node.replica.as_ref()?.table().row(stream, key));
    matches!(held.map(|held| &held.body), Some(Body::Attributes(a))
        if a.identity.affiliation == fusion_core::identity::Affiliation::Hostile)
}

/// The value below which a share of them lies; zero of none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index")]
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (share * values.len().saturating_sub(1) as f64).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}
