//! Base maps as MBTiles: a SQLite file with a table `metadata` and tiles by zoom, column and row from the south.
//!
//! Format: <https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md>. `tiles` may be a table, or a view that
//! joins two so that tiles which are alike lie there once; views are not run, but the two ways in which they are made
//! are known: `map` with `images`, and `tiles_shallow` with `tiles_data`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::pmtiles::{Packing, TILE_BYTES_MAX};
use super::sqlite::{Sqlite, Value, broken};

/// The largest zoom that is looked for. No counter: the page asks for no larger one.
const ZOOM_MAX: u8 = 30;

const BY: [&str; 3] = ["zoom_level", "tile_column", "tile_row"];

const GZIP: &[u8] = &[0x1F, 0x8B];

/// Where tiles lie.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// The table by zoom, column and row.
    places: &'static str,
    /// The column with the tile, or with what leads to it.
    holds: &'static str,
    /// The table that it leads to.
    tiles: Option<&'static str>,
}

const LAYOUTS: [Layout; 3] = [
    Layout { places: "tiles", holds: "tile_data", tiles: None },
    Layout { places: "map", holds: "tile_id", tiles: Some("images") },
    Layout { places: "tiles_shallow", holds: "tile_data_id", tiles: Some("tiles_data") },
];

/// A map in a database.
#[derive(Debug)]
pub struct Mbtiles {
    database: Sqlite,
    layout: Layout,
    /// What tiles are: `mvt`, `png`, `jpeg`, `webp` or `avif`.
    pub format: &'static str,
    /// From which zoom to which there are tiles.
    pub zooms: (u8, u8),
    /// West, south, east, north, degrees, if it is told.
    pub bounds: Option<[f64; 4]>,
    /// Whom to name.
    pub attribution: Option<String>,
}

impl Mbtiles {
    /// Opens a map.
    ///
    /// # Errors
    /// What the system says, or what of the file is not as it should be.
    pub fn open(path: &Path) -> io::Result<Self> {
        let database = Sqlite::open(path)?;
        let layout = LAYOUTS.into_iter().find(|layout| layout.is_in(&database)).ok_or_else(|| {
            broken(
                "has no tiles by an index: CREATE UNIQUE INDEX tile_index ON tiles \
                 (zoom_level, tile_column, tile_row), or `pmtiles convert`",
            )
        })?;
        let about = about(&database)?;
        let told = |key: &str| about.get(key).map(String::as_str);
        let mut map = Self {
            layout,
            format: "png",
            zooms: (0, 0),
            bounds: told("bounds").and_then(bounds),
            attribution: told("attribution").map(str::to_owned),
            database,
        };
        let zoom = |key: &str| told(key).and_then(|text| text.trim().parse::<u8>().ok());
        map.zooms = match (zoom("minzoom"), zoom("maxzoom")) {
            (Some(least), Some(most)) => (least, most),
            _ => map.zooms_found()?,
        };
        map.format = match told("format") {
            Some(word) => format(word).ok_or_else(|| broken("has tiles of an unknown kind"))?,
            None => map.format_found()?,
        };
        Ok(map)
    }

    /// A tile as it lies in the file, and how it is packed; none where the map has none. Rows count from the north.
    ///
    /// # Errors
    /// What the system says, or what of the file is not as it should be.
    pub fn tile(&self, zoom: u8, x: u32, y: u32) -> io::Result<Option<(Vec<u8>, Packing)>> {
        let side = 1_i64 << zoom.min(ZOOM_MAX);
        let (column, row) = (i64::from(x), side - 1 - i64::from(y));
        if zoom > ZOOM_MAX || column >= side || row < 0 {
            return Ok(None);
        }
        self.octets(&[i64::from(zoom), column, row].map(Value::Integer))
    }

    /// The tile of a place, or of any place that begins so.
    fn octets(&self, place: &[Value]) -> io::Result<Option<(Vec<u8>, Packing)>> {
        let Layout { places, holds, tiles } = self.layout;
        let found = self.look(places, &BY[..place.len()], place, holds)?;
        let found = match (tiles, found) {
            (Some(tiles), Some(id)) => self.look(tiles, &[holds], &[id], "tile_data")?,
            (_, found) => found,
        };
        match found {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Blob(octets)) if octets.len() as u64 <= TILE_BYTES_MAX => {
                let packing = if octets.starts_with(GZIP) { Packing::Gzip } else { Packing::Plain };
                Ok(Some((octets, packing)))
            }
            Some(_) => Err(broken("has a tile that is none, or far too large")),
        }
    }

    fn look(&self, table: &str, by: &[&str], wanted: &[Value], column: &str) -> io::Result<Option<Value>> {
        let table = self.database.table(table).ok_or_else(|| broken("lacks a table"))?;
        self.database.find(table, by, wanted, column)
    }

    fn zooms_found(&self) -> io::Result<(u8, u8)> {
        let mut zooms = Vec::new();
        for zoom in 0..=ZOOM_MAX {
            if self.octets(&[Value::Integer(zoom.into())])?.is_some() {
                zooms.push(zoom);
            }
        }
        zooms.first().copied().zip(zooms.last().copied()).ok_or_else(|| broken("has no tiles"))
    }

    /// What the first tile looks like, where nobody says.
    fn format_found(&self) -> io::Result<&'static str> {
        let first = self.octets(&[Value::Integer(self.zooms.0.into())])?;
        let (octets, _) = first.ok_or_else(|| broken("has no tiles"))?;
        let known: [(&[u8], &str); 4] =
            [(b"\x89PNG", "png"), (b"\xFF\xD8\xFF", "jpeg"), (b"RIFF", "webp"), (GZIP, "mvt")];
        let found = known.into_iter().find(|(begin, _)| octets.starts_with(begin));
        found.map(|(_, format)| format).ok_or_else(|| broken("has tiles of an unknown kind"))
    }
}

impl Layout {
    /// Whether all that is looked for has an index.
    fn is_in(self, database: &Sqlite) -> bool {
        let has = |table: &str, by: &[&str]| database.table(table).is_some_and(|table| table.key(by).is_some());
        has(self.places, &BY) && self.tiles.is_none_or(|tiles| has(tiles, &[self.holds]))
    }
}

fn about(database: &Sqlite) -> io::Result<BTreeMap<String, String>> {
    let Some(table) = database.table("metadata") else { return Ok(BTreeMap::new()) };
    let pair = |row: Vec<Value>| Some((row.first()?.text()?.to_owned(), row.get(1)?.text()?.to_owned()));
    Ok(database.all(table)?.into_iter().filter_map(pair).collect())
}

fn bounds(text: &str) -> Option<[f64; 4]> {
    let degrees: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    degrees.try_into().ok().filter(|all: &[f64; 4]| all.iter().all(|degrees| degrees.is_finite()))
}

fn format(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "png" | "png8" | "image/png" => Some("png"),
        "jpg" | "jpeg" | "image/jpeg" => Some("jpeg"),
        "webp" | "image/webp" => Some("webp"),
        "avif" | "image/avif" => Some("avif"),
        "pbf" | "mvt" | "application/vnd.mapbox-vector-tile" => Some("mvt"),
        _ => None,
    }
}
