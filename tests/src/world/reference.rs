//! Everything that was ever written, in the plainest form: of each stream, each row's versions with their times.

use std::collections::BTreeMap;

use fusion_core::label::Label;
use fusion_core::time::Timestamp;
use proto::packet::item::StreamKey;
use proto::replica::Replica;
use proto::row::{Body, Kind, RowKey, Tick};

/// One version: its number, when it ends, whether it ends a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// When its lifetime is over.
    pub ends: Timestamp,
    /// Whether it is an end.
    pub gone: bool,
    /// When it was true, and what it says.
    pub says: (Tick, Body),
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// By stream and row, in order.
    pub written: BTreeMap<StreamKey, BTreeMap<RowKey, Vec<Version>>>,
    /// Who may see each stream.
    pub labels: BTreeMap<StreamKey, Label>,
    top: BTreeMap<StreamKey, u32>,
}

impl Reference {
    /// Notes what a node has written since it was last noted. To be called after every act: of each row, one version.
    pub fn note(&mut self, replica: &Replica) {
        for (key, stream) in replica.table().streams().filter(|(key, _)| key.origin == replica.me()) {
            let top = self.top.entry(key).or_default();
            if stream.top == *top {
                continue;
            }
            self.labels.insert(key, stream.label);
            for (row, held) in stream.rows().filter(|(_, held)| held.version > *top) {
                let ends = held.tick.time() + held.body.lifetime().span();
                let gone = matches!(held.body, Body::Gone(_));
                let versions = self.written.entry(key).or_default().entry(row).or_default();
                versions.push(Version { number: held.version, ends, gone, says: (held.tick, held.body.clone()) });
            }
            *top = stream.top;
        }
    }

    /// The newest version of a row not above a floor.
    #[must_use]
    pub fn newest(&self, stream: StreamKey, row: RowKey, floor: u32) -> Option<&Version> {
        let versions = self.written.get(&stream)?.get(&row)?;
        versions.iter().rev().find(|version| version.number <= floor)
    }

    /// Whether a track's attributes were ended by a version of its motion row after this one.
    #[must_use]
    pub fn ended_after(&self, stream: StreamKey, row: RowKey, version: u32) -> bool {
        let key = RowKey { kind: Kind::Track, ..row };
        let versions = self.written.get(&stream).and_then(|rows| rows.get(&key));
        row.kind == Kind::Attributes
            && versions.is_some_and(|versions| versions.iter().any(|v| v.gone && v.number > version))
    }
}
