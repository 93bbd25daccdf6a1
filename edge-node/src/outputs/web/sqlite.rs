//! As much of SQLite's file format as it takes to look rows up: version 3, read only, nothing kept but the schema.
//!
//! Format: <https://www.sqlite.org/fileformat2.html>. A file is pages of one size; each table and each index is a tree
//! of pages that begins at its root. Interior pages lead to others, leaves hold records; what does not fit in a page
//! goes on in a chain of its own. A file that somebody is writing has its latest pages elsewhere (`-wal`, `-journal`)
//! and is refused; so is text in UTF-16.

use std::cmp::Ordering;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::schema::{Key, Table, tables};

/// Octets of a record at the most.
///
/// Counter: `tiles_failed`; while a file is opened, it is said to be no map.
pub const RECORD_BYTES_MAX: u64 = 8 << 20;

/// Pages on the way from a root to a leaf at the most, as SQLite has it.
///
/// Counter: `tiles_failed`; while a file is opened, it is said to be no map.
const DEPTH_MAX: usize = 20;

/// Rows of a table that is read whole, at the most.
///
/// No counter: a file with more in its schema or its metadata is no map, and said to be none.
const ROWS_MAX: usize = 4_096;

const HEADER_BYTES: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";
const UTF_8: u32 = 1;

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// Text.
    Text(String),
    /// Octets.
    Blob(Vec<u8>),
}

impl Value {
    /// As text, if it is that.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The order of keys: nothing, numbers, text, octets.
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Blob(a), Self::Blob(b)) => a.cmp(b),
            #[expect(clippy::cast_precision_loss, reason = "keys of maps are small numbers")]
            (Self::Real(a), Self::Integer(b)) => a.total_cmp(&(*b as f64)),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Blob(_) => 3,
        }
    }
}

/// A database.
#[derive(Debug)]
pub struct Sqlite {
    file: File,
    page_bytes: usize,
    /// Of each page, what is used.
    usable: usize,
    tables: Vec<Table>,
}

/// A page, and where its own header begins in it.
struct Page {
    octets: Vec<u8>,
    head: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    InteriorIndex,
    InteriorTable,
    LeafIndex,
    LeafTable,
}

/// One entry of a page.
struct Cell<'p> {
    child: u32,
    rowid: i64,
    /// The length of its record, and where that begins.
    bytes: u64,
    rest: &'p [u8],
    is_in_table: bool,
}

impl Sqlite {
    /// Opens a database and reads its schema.
    ///
    /// # Errors
    /// What the system says, or what of the file is not as it should be.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0)?;
        if !header.starts_with(MAGIC) {
            return Err(broken("is no SQLite of version 3"));
        }
        refuse_unfinished(path)?;
        let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            bytes => usize::from(bytes),
        };
        let usable = page_bytes.saturating_sub(usize::from(header[20]));
        if !page_bytes.is_power_of_two() || usable < 480 {
            return Err(broken("has pages of no size that there is"));
        }
        if u32_at(&header, 56)? != UTF_8 {
            return Err(broken("has text in UTF-16; write it anew with `pmtiles convert`"));
        }
        let mut opened = Self { file, page_bytes, usable, tables: vec![] };
        opened.tables = tables(&opened.rows(1)?);
        Ok(opened)
    }

    /// A table by its name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// All rows of a table, column by column as its schema has them.
    ///
    /// # Errors
    /// What the system says, or what of the file is not as it should be.
    pub fn all(&self, table: &Table) -> io::Result<Vec<Vec<Value>>> {
        self.rows(table.root)
    }

    /// The values of a column in a row whose columns `by` hold these; none if there is no such row. A key that begins
    /// so is enough: then it is one of the rows.
    ///
    /// # Errors
    /// What the system says, what of the file is not as it should be, or that no index leads there.
    pub fn find(&self, table: &Table, by: &[&str], wanted: &[Value], column: &str) -> io::Result<Option<Value>> {
        let key = table.key(by).ok_or_else(|| broken("has no index by what is looked for"))?;
        let at = table.place(column, key).ok_or_else(|| broken("lacks a column"))?;
        let record = match key {
            Key::Rowid => match wanted {
                [Value::Integer(rowid)] => self.by_rowid(table.root, *rowid)?,
                _ => None,
            },
            Key::Rows { .. } => self.by_key(table.root, wanted)?,
            Key::Index { root, .. } => match self.by_key(*root, wanted)?.and_then(|mut record| record.pop()) {
                Some(Value::Integer(rowid)) => self.by_rowid(table.root, rowid)?,
                _ => None,
            },
        };
        Ok(record.and_then(|record| record.into_iter().nth(at)))
    }

    /// The row of a number: keys left of an entry are no higher than its own.
    fn by_rowid(&self, root: u32, rowid: i64) -> io::Result<Option<Vec<Value>>> {
        let mut number = root;
        for _ in 0..DEPTH_MAX {
            let page = self.page(number)?;
            let at = self.first(&page, |cell| Ok(cell.rowid >= rowid))?;
            if page.kind()? == Kind::InteriorTable {
                number = self.child(&page, at)?;
                continue;
            }
            let cell = if at < page.cells()? { self.cell(&page, at)? } else { return Ok(None) };
            return if cell.rowid == rowid { self.values(&cell).map(Some) } else { Ok(None) };
        }
        Err(broken("has pages within pages without an end"))
    }

    /// The record that begins so: an interior entry is a record itself, between those of its child and of the next.
    fn by_key(&self, root: u32, wanted: &[Value]) -> io::Result<Option<Vec<Value>>> {
        let mut number = root;
        for _ in 0..DEPTH_MAX {
            let page = self.page(number)?;
            let at = self.first(&page, |cell| Ok(compare(&self.values(cell)?, wanted) != Ordering::Less))?;
            if at < page.cells()? {
                let record = self.values(&self.cell(&page, at)?)?;
                if compare(&record, wanted) == Ordering::Equal {
                    return Ok(Some(record));
                }
            }
            if page.kind()? != Kind::InteriorIndex {
                return Ok(None);
            }
            number = self.child(&page, at)?;
        }
        Err(broken("has pages within pages without an end"))
    }

    /// The first entry of a page that is far enough; their count if none is.
    fn first(&self, page: &Page, is_far: impl Fn(&Cell<'_>) -> io::Result<bool>) -> io::Result<usize> {
        let (mut low, mut high) = (0, page.cells()?);
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_far(&self.cell(page, middle)?)? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// The rows of a small table, in order.
    fn rows(&self, root: u32) -> io::Result<Vec<Vec<Value>>> {
        let (mut rows, mut left, mut looked) = (Vec::new(), vec![root], 0);
        while let Some(number) = left.pop() {
            let page = self.page(number)?;
            looked += 1;
            if looked + left.len() + rows.len() + page.cells()? > ROWS_MAX {
                return Err(broken("has far too many rows where a map has few"));
            }
            if matches!(page.kind()?, Kind::LeafTable | Kind::LeafIndex) {
                let records = (0..page.cells()?).map(|at| self.values(&self.cell(&page, at)?));
                rows.extend(records.collect::<io::Result<Vec<_>>>()?);
            } else {
                let children = (0..=page.cells()?).rev().map(|at| self.child(&page, at));
                left.extend(children.collect::<io::Result<Vec<_>>>()?);
            }
        }
        Ok(rows)
    }

    fn page(&self, number: u32) -> io::Result<Page> {
        let before = u64::from(number).checked_sub(1).ok_or_else(|| broken("leads to no page"))?;
        let mut octets = vec![0; self.page_bytes];
        self.file.read_exact_at(&mut octets, before * self.page_bytes as u64)?;
        Ok(Page { octets, head: if number == 1 { HEADER_BYTES } else { 0 } })
    }

    fn child(&self, page: &Page, at: usize) -> io::Result<u32> {
        if at < page.cells()? { Ok(self.cell(page, at)?.child) } else { u32_at(&page.octets, page.head + 8) }
    }

    fn cell<'p>(&self, page: &'p Page, at: usize) -> io::Result<Cell<'p>> {
        let kind = page.kind()?;
        let is_interior = matches!(kind, Kind::InteriorIndex | Kind::InteriorTable);
        let pointers = page.head + if is_interior { 12 } else { 8 };
        let place = usize::from(u16_at(&page.octets, pointers + 2 * at)?);
        let mut rest = page.octets.get(place..self.usable).ok_or_else(early)?;
        let child = if is_interior { u32_at(rest, 0)? } else { 0 };
        rest = &rest[if is_interior { 4 } else { 0 }..];
        let bytes = if kind == Kind::InteriorTable { 0 } else { variable(&mut rest)? };
        let is_in_table = matches!(kind, Kind::InteriorTable | Kind::LeafTable);
        let rowid = if is_in_table { variable(&mut rest)?.cast_signed() } else { 0 };
        Ok(Cell { child, rowid, bytes, rest, is_in_table })
    }

    /// The columns of an entry: their kinds first, then what they hold.
    fn values(&self, cell: &Cell<'_>) -> io::Result<Vec<Value>> {
        let record = self.record(cell)?;
        let mut rest = record.as_slice();
        let head = usize::try_from(variable(&mut rest)?).unwrap_or(usize::MAX);
        let mut kinds = record.get(record.len() - rest.len()..head).ok_or_else(early)?;
        let mut body = &record[head..];
        let mut values = Vec::new();
        while !kinds.is_empty() {
            values.push(value(variable(&mut kinds)?, &mut body)?);
        }
        Ok(values)
    }

    /// Its record, of which the first octets lie in its page.
    fn record(&self, cell: &Cell<'_>) -> io::Result<Vec<u8>> {
        if cell.bytes > RECORD_BYTES_MAX {
            return Err(broken("has a record that is far too large"));
        }
        let bytes = usize::try_from(cell.bytes).expect("no more than the bound above");
        let here = self.octets_here(bytes, cell.is_in_table);
        let mut record = cell.rest.get(..here).ok_or_else(early)?.to_vec();
        let mut next = if here < bytes { u32_at(cell.rest, here)? } else { 0 };
        while record.len() < bytes {
            let page = self.page(next)?;
            let take = (bytes - record.len()).min(self.usable - 4);
            record.extend_from_slice(&page.octets[4..4 + take]);
            next = u32_at(&page.octets, 0)?;
        }
        Ok(record)
    }

    /// How much of a record lies in its page: all that fits; of a longer one, what fills its last page elsewhere.
    const fn octets_here(&self, bytes: usize, is_table: bool) -> usize {
        let most = if is_table { self.usable - 35 } else { (self.usable - 12) * 64 / 255 - 23 };
        if bytes <= most {
            return bytes;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let filled = least + (bytes - least) % (self.usable - 4);
        if filled <= most { filled } else { least }
    }
}

impl Page {
    fn kind(&self) -> io::Result<Kind> {
        match self.octets[self.head] {
            2 => Ok(Kind::InteriorIndex),
            5 => Ok(Kind::InteriorTable),
            10 => Ok(Kind::LeafIndex),
            13 => Ok(Kind::LeafTable),
            _ => Err(broken("has a page of no kind that there is")),
        }
    }

    fn cells(&self) -> io::Result<usize> {
        u16_at(&self.octets, self.head + 3).map(usize::from)
    }
}

fn value(kind: u64, body: &mut &[u8]) -> io::Result<Value> {
    let mut take = |bytes: u64| {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let (taken, rest) = body.split_at_checked(bytes).ok_or_else(early)?;
        *body = rest;
        Ok::<_, io::Error>(taken)
    };
    match kind {
        0 => Ok(Value::Null),
        1..=4 => take(kind).map(integer),
        5 => take(6).map(integer),
        6 => take(8).map(integer),
        7 => take(8).map(|octets| Value::Real(f64::from_be_bytes(octets.try_into().expect("eight octets")))),
        8 | 9 => Ok(Value::Integer(i64::from(kind == 9))),
        10 | 11 => Err(broken("has a value of no kind that there is")),
        _ if kind.is_multiple_of(2) => take((kind - 12) / 2).map(|octets| Value::Blob(octets.to_vec())),
        _ => take((kind - 13) / 2).map(|octets| Value::Text(String::from_utf8_lossy(octets).into_owned())),
    }
}

/// A number of up to eight octets, the highest first, with its sign.
fn integer(octets: &[u8]) -> Value {
    let sign = if octets.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    Value::Integer(octets.iter().fold(sign, |number, octet| number << 8 | i64::from(*octet)))
}

/// A number of seven bits to the octet, highest first; a ninth octet has eight.
fn variable(rest: &mut &[u8]) -> io::Result<u64> {
    let mut number = 0;
    for place in 0..9 {
        let (octet, behind) = rest.split_first().ok_or_else(early)?;
        *rest = behind;
        if place == 8 {
            return Ok(number << 8 | u64::from(*octet));
        }
        number = number << 7 | u64::from(octet & 0x7F);
        if octet & 0x80 == 0 {
            break;
        }
    }
    Ok(number)
}

fn u16_at(octets: &[u8], at: usize) -> io::Result<u16> {
    let taken = octets.get(at..at + 2).ok_or_else(early)?;
    Ok(u16::from_be_bytes(taken.try_into().expect("two octets")))
}

fn u32_at(octets: &[u8], at: usize) -> io::Result<u32> {
    let taken = octets.get(at..at + 4).ok_or_else(early)?;
    Ok(u32::from_be_bytes(taken.try_into().expect("four octets")))
}

/// By as many columns as are wanted.
fn compare(record: &[Value], wanted: &[Value]) -> Ordering {
    let each = record.iter().zip(wanted).map(|(held, wanted)| held.order(wanted));
    each.fold(Ordering::Equal, Ordering::then)
}

/// Somebody writes it, or has died while doing so.
fn refuse_unfinished(path: &Path) -> io::Result<()> {
    for ending in ["-wal", "-journal"] {
        let mut beside: OsString = path.into();
        beside.push(ending);
        if fs::metadata(&beside).is_ok_and(|about| about.len() > 0) {
            return Err(broken("is being written; close it there, or `sqlite3 FILE 'PRAGMA journal_mode=delete'`"));
        }
    }
    Ok(())
}

fn early() -> io::Error {
    broken("has a page that ends early")
}

pub(super) fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
