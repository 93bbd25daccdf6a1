//! `copmesh journal`: what a node keeps for its next life, and what a restart would bring back.

use core::fmt;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use proto::replica::{KeptSummary, summary};
use serde::Serialize;

use super::{Failure, say, say_json};
use crate::journal::disk::Disk;
use crate::journal::recovery::{self, Damage, Recovered};
use crate::journal::segment::{Kind, Name};

/// Arguments of `journal`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh journal /var/lib/copmesh
  copmesh journal                                  the folder where the service keeps it
  copmesh journal --json | jq '.damage[]'

The node may run meanwhile: what it is just writing then shows as cut.")]
pub struct JournalArgs {
    /// The folder: `node.state-directory` of the configuration.
    #[arg(default_value = "/var/lib/copmesh", value_name = "DIR")]
    pub folder: PathBuf,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Reads a journal and prints what it holds.
///
/// # Errors
/// [`Failure`] if the folder cannot be read, or the answer not be written.
pub fn run(args: &JournalArgs) -> Result<(), Failure> {
    let journal = Journal::of(&args.folder)?;
    if args.json { say_json(&journal) } else { say(&journal) }
}

/// What a folder holds.
#[derive(Clone, Debug, Serialize)]
pub struct Journal {
    /// The folder.
    pub folder: String,
    /// Its segments, oldest first.
    pub segments: Vec<Segment>,
    /// Who wrote the rows in them.
    pub writers: Vec<Writer>,
    /// What is damaged.
    pub damage: Vec<Damaged>,
    /// What a restart would read.
    pub restart: Restart,
}

/// A segment.
#[derive(Clone, Debug, Serialize)]
pub struct Segment {
    /// Its file.
    pub file: String,
    /// The life that wrote it.
    pub incarnation: u32,
    /// The numbers of its first and its last record.
    pub numbers: Option<(u64, u64)>,
    /// Entries with rows.
    pub entries: u64,
    /// How often all rows were there anew.
    pub wholes: u64,
    /// Octets of entries.
    pub octets: u64,
}

/// A life of a node that wrote rows.
#[derive(Clone, Debug, Serialize)]
pub struct Writer {
    /// The node's number, sixteen hexadecimal digits.
    pub node: String,
    /// Which of its lives.
    pub incarnation: u32,
    /// Entries with its rows.
    pub entries: u64,
    /// Rows by kind, each version counted.
    pub rows: BTreeMap<&'static str, u64>,
}

/// Damage.
#[derive(Clone, Debug, Serialize)]
pub struct Damaged {
    /// In which file.
    pub file: String,
    /// Where.
    pub offset: usize,
    /// How much.
    pub octets: usize,
    /// In words.
    pub text: String,
}

/// What the next life would begin with.
#[derive(Clone, Debug, Serialize)]
pub struct Restart {
    /// No smaller incarnation than this.
    pub incarnation: u32,
    /// Segments that it would read.
    pub segments: usize,
    /// From which record on all rows are there.
    pub since: Option<u64>,
    /// Entries.
    pub entries: usize,
    /// So many of them have nothing missing before them.
    pub believed: usize,
    /// Different rows in them.
    pub rows: usize,
}

impl Journal {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be read.
    pub fn of(folder: &Path) -> Result<Self, Failure> {
        let refused = |error| Failure::refused(format!("{}: {error}", folder.display()));
        let mut disk = Disk::look_at(folder).map_err(refused)?;
        let found = recovery::recover(&mut disk).map_err(refused)?;
        let (mut segments, mut writers, mut damage) = (Vec::new(), BTreeMap::new(), Vec::new());
        for &name in &found.segments {
            let records = recovery::load(&mut disk, name, &mut damage);
            segments.push(segment(name, &records));
            let entries = records.iter().filter(|record| record.kind == Kind::Rows);
            entries.filter_map(|record| summary(&record.content)).for_each(|entry| count(&mut writers, &entry));
        }
        let writers = writers.into_values().collect();
        let damage = damage.iter().map(Damaged::of).collect();
        Ok(Self { folder: folder.display().to_string(), segments, writers, damage, restart: Restart::of(&found) })
    }
}

fn segment(name: Name, records: &[recovery::Kept]) -> Segment {
    let of = |kind| records.iter().filter(move |record| record.kind == kind);
    Segment {
        file: name.to_string(),
        incarnation: name.incarnation,
        numbers: records.first().zip(records.last()).map(|(first, last)| (first.number, last.number)),
        entries: of(Kind::Rows).count() as u64,
        wholes: of(Kind::Whole).count() as u64,
        octets: of(Kind::Rows).map(|record| record.content.len() as u64).sum(),
    }
}

fn count(writers: &mut BTreeMap<(u64, u32), Writer>, entry: &KeptSummary) {
    let (node, incarnation) = (entry.origin.node.0, entry.origin.incarnation);
    let writer = writers.entry((node, incarnation)).or_insert_with(|| Writer {
        node: format!("{node:016x}"),
        incarnation,
        entries: 0,
        rows: BTreeMap::new(),
    });
    writer.entries += 1;
    entry.rows.iter().for_each(|key| *writer.rows.entry(key.kind.as_str()).or_default() += 1);
}

impl Damaged {
    fn of(damage: &Damage) -> Self {
        let (file, text) = (damage.segment.to_string(), damage.to_string());
        Self { file, offset: damage.offset, octets: damage.octets, text }
    }
}

impl Restart {
    fn of(found: &Recovered) -> Self {
        let summaries = found.entries.iter().filter_map(|(_, entry)| summary(entry));
        let rows = summaries.flat_map(|entry| entry.rows.into_iter().map(move |row| (entry.stream, row)));
        Self {
            incarnation: found.incarnation.saturating_add(1),
            segments: found.read,
            since: found.since,
            entries: found.entries.len(),
            believed: found.believed,
            rows: rows.collect::<std::collections::BTreeSet<_>>().len(),
        }
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return writeln!(f, "{}: no journal", self.folder);
        }
        writeln!(f, "{:<34} {:>21} {:>9} {:>7} {:>10}", "segment", "records", "entries", "wholes", "octets")?;
        for each in &self.segments {
            let numbers = each.numbers.map_or_else(|| "-".to_owned(), |(first, last)| format!("{first} to {last}"));
            let Segment { file, entries, wholes, octets, .. } = each;
            writeln!(f, "{file:<34} {numbers:>21} {entries:>9} {wholes:>7} {octets:>10}")?;
        }
        writeln!(f, "\n{:<18} {:>11} {:>9}  rows", "writer", "incarnation", "entries")?;
        for each in &self.writers {
            let rows: Vec<String> = each.rows.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            writeln!(f, "{:<18} {:>11} {:>9}  {}", each.node, each.incarnation, each.entries, rows.join(", "))?;
        }
        if !self.damage.is_empty() {
            writeln!(f)?;
        }
        self.damage.iter().try_for_each(|each| writeln!(f, "damage: {}", each.text))?;
        let Restart { incarnation, segments, since, entries, believed, rows } = self.restart;
        let from = since.map_or_else(|| "nowhere are all".to_owned(), |since| format!("all are there since {since}"));
        writeln!(
            f,
            "\na restart reads {segments} segment(s): {rows} rows in {entries} entries, {believed} of which have \
             nothing missing before ({from}); its incarnation is {incarnation} or more"
        )
    }
}
