//! Base maps in one file: PMTiles version 3, read where the tile lies, nothing kept but the root directory.
//!
//! Format: <https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md>. Tiles are numbered along Hilbert curves,
//! one zoom after the other; directories map numbers to places in the file, and may lead to further directories.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

/// Octets of a directory at the most, as it lies in the file and unpacked.
///
/// No counter: a file with a larger one is no map, and said to be none.
pub const DIRECTORY_BYTES_MAX: u64 = 8 << 20;

/// Octets of a tile at the most.
///
/// Counter: `tiles_failed`.
pub const TILE_BYTES_MAX: u64 = 4 << 20;

/// Directories on the way to a tile at the most, as the format has it.
///
/// Counter: `tiles_failed`.
const DEPTH_MAX: usize = 4;

/// The largest zoom of which tiles have numbers of 64 bits. No counter: there are no such tiles.
const ZOOM_MAX: u8 = 31;

const HEADER_BYTES: usize = 127;
const MAGIC: &[u8] = b"PMTiles\x03";

/// How octets are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// As gzip does.
    Gzip,
}

/// A map in a file.
#[derive(Debug)]
pub struct Pmtiles {
    file: File,
    root: Vec<Entry>,
    leaves: u64,
    tiles: u64,
    directories: Packing,
    /// How each tile is packed.
    pub packing: Packing,
    /// What tiles are: `mvt`, `png`, `jpeg`, `webp` or `avif`.
    pub format: &'static str,
    /// From which zoom to which there are tiles.
    pub zooms: (u8, u8),
    /// West, south, east, north, degrees.
    pub bounds: [f64; 4],
    /// Whom to name.
    pub attribution: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tile: u64,
    offset: u64,
    length: u64,
    /// Tiles in a row that are alike; 0 for a directory.
    run: u64,
}

impl Pmtiles {
    /// Opens a map.
    ///
    /// # Errors
    /// What the system says, or what of the file is not as it should be.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0)?;
        if !header.starts_with(MAGIC) {
            return Err(broken("is no PMTiles of version 3"));
        }
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight octets"));
        let degrees = |at: usize| f64::from(i32::from_le_bytes(header[at..at + 4].try_into().expect("four"))) / 1e7;
        let directories = packing(header[97])?;
        let root = directory(&unpacked(&file, number(8), number(16), directories)?)?;
        let about = unpacked(&file, number(24), number(32), directories).unwrap_or_default();
        let about: Value = serde_json::from_slice(&about).unwrap_or_default();
        Ok(Self {
            root,
            leaves: number(40),
            tiles: number(56),
            directories,
            packing: packing(header[98])?,
            format: format(header[99])?,
            zooms: (header[100], header[101]),
            bounds: [102, 106, 110, 114].map(degrees),
            attribution: about["attribution"].as_str().map(str::to_owned),
            file,
        })
    }

    /// A tile as it lies in the file; none where the map has none.
    ///
    /// # Errors
    /// What the system says, or what of the file is not as it should be.
    pub fn tile(&self, zoom: u8, x: u32, y: u32) -> io::Result<Option<Vec<u8>>> {
        let Some(number) = tile_number(zoom, x, y) else { return Ok(None) };
        let mut found = nearest(&self.root, number);
        for _ in 0..DEPTH_MAX {
            let Some(entry) = found else { return Ok(None) };
            if entry.run > 0 {
                let is_in_run = number - entry.tile < entry.run;
                return is_in_run.then(|| self.octets(&entry)).transpose();
            }
            let at = self.leaves.checked_add(entry.offset).ok_or_else(|| broken("has a directory beyond its end"))?;
            found = nearest(&directory(&unpacked(&self.file, at, entry.length, self.directories)?)?, number);
        }
        Err(broken("has directories within directories without an end"))
    }

    fn octets(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        let at = self.tiles.checked_add(entry.offset).ok_or_else(|| broken("has a tile beyond its end"))?;
        piece(&self.file, at, entry.length, TILE_BYTES_MAX)
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn packing(code: u8) -> io::Result<Packing> {
    match code {
        1 => Ok(Packing::Plain),
        2 => Ok(Packing::Gzip),
        _ => Err(broken("is packed neither plainly nor with gzip; write it anew with `pmtiles convert`")),
    }
}

fn format(code: u8) -> io::Result<&'static str> {
    let known = ["mvt", "png", "jpeg", "webp", "avif"];
    let of = usize::from(code).checked_sub(1).and_then(|at| known.get(at));
    of.copied().ok_or_else(|| broken("has tiles of an unknown kind"))
}

fn piece(file: &File, at: u64, length: u64, most: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length.min(most + 1)).expect("far fewer than memory has");
    if length as u64 > most {
        return Err(broken("has a piece that is far too large"));
    }
    let mut octets = vec![0; length];
    file.read_exact_at(&mut octets, at)?;
    Ok(octets)
}

fn unpacked(file: &File, at: u64, length: u64, packing: Packing) -> io::Result<Vec<u8>> {
    let octets = piece(file, at, length, DIRECTORY_BYTES_MAX)?;
    if packing == Packing::Plain {
        return Ok(octets);
    }
    let mut plain = Vec::new();
    let length = GzDecoder::new(octets.as_slice()).take(DIRECTORY_BYTES_MAX + 1).read_to_end(&mut plain)?;
    if length as u64 > DIRECTORY_BYTES_MAX { Err(broken("has a piece that is far too large")) } else { Ok(plain) }
}

/// Entries column by column: differences of numbers, runs, lengths, offsets (0: behind the one before).
fn directory(octets: &[u8]) -> io::Result<Vec<Entry>> {
    let mut rest = octets;
    let mut next = || variable(&mut rest).ok_or_else(|| broken("has a directory that ends early"));
    let count = usize::try_from(next()?).unwrap_or(usize::MAX);
    // Each entry takes four octets at the least.
    if count > octets.len() / 4 {
        return Err(broken("has a directory that ends early"));
    }
    let mut entries = vec![Entry { tile: 0, offset: 0, length: 0, run: 0 }; count];
    let mut tile = 0_u64;
    for entry in &mut entries {
        tile = tile.checked_add(next()?).ok_or_else(|| broken("has a directory out of order"))?;
        entry.tile = tile;
    }
    for entry in &mut entries {
        entry.run = next()?;
    }
    for entry in &mut entries {
        entry.length = next()?;
    }
    let mut behind = 0_u64;
    for entry in &mut entries {
        entry.offset = next()?.checked_sub(1).unwrap_or(behind);
        behind = entry.offset.checked_add(entry.length).ok_or_else(|| broken("has a tile beyond its end"))?;
    }
    Ok(entries)
}

/// The last entry that does not begin behind a tile.
fn nearest(entries: &[Entry], tile: u64) -> Option<Entry> {
    entries[..entries.partition_point(|entry| entry.tile <= tile)].last().copied()
}

/// A number of seven bits to the octet, lowest first.
fn variable(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (octet, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(octet & 0x7F).checked_shl(shift)?;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The number of a tile: those of all lower zooms, and how far along the Hilbert curve of its own.
fn tile_number(zoom: u8, x: u32, y: u32) -> Option<u64> {
    let side = 1_u64.checked_shl(u32::from(zoom)).filter(|_| zoom <= ZOOM_MAX)?;
    let (mut x, mut y) = (u64::from(x), u64::from(y));
    if x >= side || y >= side {
        return None;
    }
    let below = (side * side - 1) / 3;
    let mut along = 0;
    for bit in (0..zoom).rev() {
        let half = 1_u64 << bit;
        let (right, down) = (x >> bit & 1, y >> bit & 1);
        along += half * half * ((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            core::mem::swap(&mut x, &mut y);
        }
    }
    Some(below + along)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::*;

    fn put(out: &mut Vec<u8>, mut number: u64) {
        while number >= 0x80 {
            out.push(u8::try_from(number & 0x7F).expect("seven bits") | 0x80);
            number >>= 7;
        }
        out.push(u8::try_from(number).expect("seven bits"));
    }

    fn gzip(octets: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(octets).expect("memory");
        packer.finish().expect("memory")
    }

    /// (number, run, offset, length) each.
    fn packed(entries: &[(u64, u64, u64, u64)]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, entries.len() as u64);
        let mut before = 0;
        for entry in entries {
            put(&mut out, entry.0 - before);
            before = entry.0;
        }
        entries.iter().for_each(|entry| put(&mut out, entry.1));
        entries.iter().for_each(|entry| put(&mut out, entry.3));
        entries.iter().for_each(|entry| put(&mut out, entry.2 + 1));
        gzip(&out)
    }

    /// A map with a tile at zoom 0, one for all four of zoom 1, and one of zoom 2 behind a directory of its own.
    pub(in crate::outputs::web) fn sample(folder: &Path) -> PathBuf {
        let tiles = b"zero.one..deep";
        let leaf = packed(&[(tile_number(2, 3, 1).expect("there"), 1, 10, 4)]);
        let root = packed(&[(0, 1, 0, 5), (1, 4, 5, 5), (5, 0, 0, leaf.len() as u64)]);
        let about = gzip(br#"{"attribution":"nobody"}"#);
        let mut file = vec![0; HEADER_BYTES];
        file[..8].copy_from_slice(MAGIC);
        let mut at = HEADER_BYTES as u64;
        for (place, piece) in [(8, root.as_slice()), (24, &about), (40, &leaf), (56, tiles)] {
            file[place..place + 8].copy_from_slice(&at.to_le_bytes());
            file[place + 8..place + 16].copy_from_slice(&(piece.len() as u64).to_le_bytes());
            at += piece.len() as u64;
            file.extend_from_slice(piece);
        }
        (file[97], file[98], file[99], file[100], file[101]) = (2, 1, 2, 0, 2);
        for (place, degrees_e7) in [(102, -100_000_000_i32), (106, 0), (110, 200_000_000), (114, 600_000_000)] {
            file[place..place + 4].copy_from_slice(&degrees_e7.to_le_bytes());
        }
        let path = folder.join("sample.pmtiles");
        std::fs::write(&path, file).expect("a temporary file");
        path
    }

    pub(in crate::outputs::web) fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("copmesh-maps-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    }

    #[test]
    fn tiles_are_numbered_along_hilbert_curves_as_the_format_says() {
        let numbers = [(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0), (2, 0, 0)];
        assert_eq!(numbers.map(|(z, x, y)| tile_number(z, x, y)), [0, 1, 2, 3, 4, 5].map(Some));
        let mut fourth: Vec<u64> = (0..256).filter_map(|k| tile_number(4, k % 16, k / 16)).collect();
        fourth.sort_unstable();
        assert_eq!(fourth, (85..341).collect::<Vec<u64>>(), "each number once");
        assert_eq!((tile_number(2, 4, 0), tile_number(200, 0, 0)), (None, None));
    }

    #[test]
    fn tiles_are_found_in_runs_and_behind_directories() {
        let map = Pmtiles::open(&sample(&folder("found"))).expect("a map");
        let tile = |z, x, y| map.tile(z, x, y).expect("sound").map(|t| String::from_utf8(t).expect("text"));
        assert_eq!((tile(0, 0, 0).as_deref(), tile(1, 1, 0).as_deref()), (Some("zero."), Some("one..")));
        assert_eq!((tile(2, 3, 1).as_deref(), tile(2, 0, 0), tile(3, 0, 0)), (Some("deep"), None, None));
        assert_eq!((map.format, map.zooms, map.attribution.as_deref()), ("png", (0, 2), Some("nobody")));
        assert_eq!(map.bounds.map(f64::to_bits), [-10.0_f64, 0.0, 20.0, 60.0].map(f64::to_bits));
    }

    #[test]
    fn a_damaged_map_is_refused_or_has_no_tile() {
        let folder = folder("damaged");
        let whole = std::fs::read(sample(&folder)).expect("just written");
        let path = folder.join("damaged.pmtiles");
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0xFF;
            for octets in [&bad[..], &whole[..at]] {
                std::fs::write(&path, octets).expect("a temporary file");
                if let Ok(map) = Pmtiles::open(&path) {
                    let _ = (map.tile(0, 0, 0), map.tile(1, 1, 1), map.tile(2, 3, 1));
                }
            }
        }
    }
}
