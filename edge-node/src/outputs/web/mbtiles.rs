//! Base maps as MBTiles: a SQLite file with a table `metadata` and tiles by zoom, column and row from the south.
//!
//! Format: <https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md>. `tiles` may be a table or a view: SQLite
//! answers either way, within so many steps.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Params, Row};

use super::pmtiles::{Packing, TILE_BYTES_MAX};

/// The largest zoom that is looked for. No counter: the page asks for no larger one.
const ZOOM_MAX: u8 = 30;

/// Entries of `metadata` that are read at the most. No counter: a map has some twenty, and what comes after is not
/// asked for.
const METADATA_MAX: u32 = 1024;

/// Steps of SQLite's machine for one answer at the most, in thousands: room for any tile that an index leads to, and an
/// end to looking through all of a large map.
///
/// Counter: `tiles_failed`; while a file is opened, it is said to be no map.
const KILOSTEPS_MAX: u32 = 1000;

const GZIP: &[u8] = &[0x1F, 0x8B];

/// A map in a database.
#[derive(Debug)]
pub struct Mbtiles {
    database: Mutex<Connection>,
    /// Taken for the answer that is being given, in thousands.
    steps: Arc<AtomicU32>,
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
    /// Opens a map, which nobody changes as long as it is open.
    ///
    /// # Errors
    /// What SQLite says, or what of the file is not as it should be.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (database, steps) = connect(path).map_err(explained)?;
        let database = Mutex::new(database);
        let mut map = Self { database, steps, format: "png", zooms: (0, 0), bounds: None, attribution: None };
        let about = map.about()?;
        let told = |key: &str| about.get(key).map(String::as_str);
        let zoom = |key: &str| told(key).and_then(|text| text.trim().parse::<u8>().ok());
        map.zooms = match (zoom("minzoom"), zoom("maxzoom")) {
            (Some(least), Some(most)) => (least, most),
            _ => map.zooms_found()?,
        };
        map.format = match told("format") {
            Some(word) => format(word),
            None => map.format_found()?,
        }
        .ok_or_else(|| broken("has tiles of an unknown kind"))?;
        map.bounds = told("bounds").and_then(bounds);
        map.attribution = told("attribution").map(str::to_owned);
        // Whether tiles can be found in time is known before the first is asked for.
        map.tile(map.zooms.1, 0, 0)?;
        Ok(map)
    }

    /// A tile as it lies in the file, and how it is packed; none where the map has none. Rows count from the north.
    ///
    /// # Errors
    /// What SQLite says, or that the tile is none.
    pub fn tile(&self, zoom: u8, x: u32, y: u32) -> io::Result<Option<(Vec<u8>, Packing)>> {
        let side = 1_i64 << zoom.min(ZOOM_MAX);
        let (column, row) = (i64::from(x), side - 1 - i64::from(y));
        if zoom > ZOOM_MAX || column >= side || row < 0 {
            return Ok(None);
        }
        let query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ? LIMIT 1";
        let octets = self.one(query, [i64::from(zoom), column, row], |row| octets(row.get_ref(0)?))?;
        match octets.flatten() {
            Some(octets) if octets.len() as u64 > TILE_BYTES_MAX => Err(broken("has a tile that is far too large")),
            None => Ok(None),
            Some(octets) => {
                let packing = if octets.starts_with(GZIP) { Packing::Gzip } else { Packing::Plain };
                Ok(Some((octets, packing)))
            }
        }
    }

    fn about(&self) -> io::Result<BTreeMap<String, String>> {
        let read = |database: &Connection| -> rusqlite::Result<_> {
            let mut query = database.prepare("SELECT name, value FROM metadata LIMIT ?")?;
            let rows = query.query_map([METADATA_MAX], |row| Ok((row.get(0)?, row.get(1)?)))?;
            // What is no text is nothing that we ask for.
            Ok(rows.filter_map(Result::ok).collect())
        };
        read(&self.database()).map_err(explained)
    }

    fn zooms_found(&self) -> io::Result<(u8, u8)> {
        let query = "SELECT min(zoom_level), max(zoom_level) FROM tiles";
        let found = self.one(query, [], |row| Ok(row.get(0).ok().zip(row.get(1).ok())))?;
        found.flatten().ok_or_else(|| broken("has no tiles"))
    }

    /// What the first tile looks like, where nobody says.
    fn format_found(&self) -> io::Result<Option<&'static str>> {
        let query = "SELECT tile_data FROM tiles WHERE zoom_level = ? LIMIT 1";
        let first = self.one(query, [i64::from(self.zooms.0)], |row| octets(row.get_ref(0)?))?.flatten();
        let first = first.ok_or_else(|| broken("has no tiles"))?;
        let known: [(&[u8], &str); 4] =
            [(b"\x89PNG", "png"), (b"\xFF\xD8\xFF", "jpeg"), (b"RIFF", "webp"), (GZIP, "mvt")];
        Ok(known.into_iter().find(|(begin, _)| first.starts_with(begin)).map(|(_, format)| format))
    }

    fn one<T>(
        &self,
        query: &str,
        wanted: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> io::Result<Option<T>> {
        let database = self.database();
        let found = database.prepare(query).and_then(|mut query| query.query_row(wanted, read).optional());
        found.map_err(explained)
    }

    /// The database, with all steps before it.
    fn database(&self) -> MutexGuard<'_, Connection> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        self.steps.store(0, Ordering::Relaxed);
        database
    }
}

/// Opens a database that may come from anywhere: nothing is written, not even a lock, and nothing that its schema calls
/// does more than to answer.
fn connect(path: &Path) -> rusqlite::Result<(Connection, Arc<AtomicU32>)> {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut database = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let length = i32::try_from(2 * TILE_BYTES_MAX).unwrap_or(i32::MAX);
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, length)?;
    let steps = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&steps);
    let enough = move || counted.fetch_add(1, Ordering::Relaxed) >= KILOSTEPS_MAX;
    database.progress_handler(1000, Some(enough))?;
    Ok((database, steps))
}

fn octets(value: ValueRef<'_>) -> rusqlite::Result<Option<Vec<u8>>> {
    Ok(value.as_blob_or_null()?.map(<[u8]>::to_vec))
}

fn explained(fault: rusqlite::Error) -> io::Error {
    match fault.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => broken(
            "takes too long to look a tile up: CREATE UNIQUE INDEX tile_index ON tiles \
             (zoom_level, tile_column, tile_row), or `pmtiles convert`",
        ),
        _ => io::Error::other(fault),
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
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
