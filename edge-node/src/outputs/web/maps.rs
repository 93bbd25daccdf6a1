//! Base maps from a folder: PMTiles and MBTiles files, and folders of tiles as `ZOOM/X/Y.png`. No map comes from
//! anywhere else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Path as Named, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tracing::warn;

use super::Serving;
use super::health::count;
use super::mbtiles::Mbtiles;
use super::pmtiles::{Packing, Pmtiles, TILE_BYTES_MAX};

/// Maps at the most; what comes after by name is left out, which is said in the log.
///
/// No counter: maps are looked for once, at the start.
pub const MAPS_MAX: usize = 64;

/// Endings of tiles in folders, with what they are.
const FORMATS: [(&str, &str); 5] =
    [("png", "png"), ("jpg", "jpeg"), ("jpeg", "jpeg"), ("webp", "webp"), ("avif", "avif")];

/// All maps, by name.
#[derive(Debug, Default)]
pub struct Maps(BTreeMap<String, Map>);

#[derive(Debug)]
enum Map {
    File(Pmtiles),
    Database(Mbtiles),
    Folder { path: PathBuf, ending: &'static str, format: &'static str, zooms: (u8, u8) },
}

/// A tile, ready to be sent.
struct Tile {
    octets: Vec<u8>,
    format: &'static str,
    packing: Packing,
}

impl Maps {
    /// Those of a folder. What is no map there is told in the log and passed over.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut maps = BTreeMap::new();
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).filter(|name| is_plain(name)) else {
                warn!("{}: a map is called by A–Z a–z 0–9 - _ alone", path.display());
                continue;
            };
            match Map::open(&path) {
                _ if maps.len() >= MAPS_MAX => warn!("{}: more than {MAPS_MAX} maps", path.display()),
                Ok(map) => {
                    maps.insert(name.to_owned(), map);
                }
                Err(e) => warn!("{}: no map: {e}", path.display()),
            }
        }
        Ok(Self(maps))
    }

    fn json(&self) -> Value {
        let each = |(name, map): (&String, &Map)| {
            let mut told = map.json();
            told["name"] = json!(name);
            told["url"] = json!(format!("/maps/{name}/{{z}}/{{x}}/{{y}}"));
            told
        };
        json!({ "maps": self.0.iter().map(each).collect::<Vec<Value>>() })
    }

    fn tile(&self, name: &str, zoom: u8, x: u32, y: u32) -> io::Result<Option<Tile>> {
        self.0.get(name).map_or(Ok(None), |map| map.tile(zoom, x, y))
    }
}

impl Map {
    fn open(path: &Path) -> io::Result<Self> {
        if path.is_dir() {
            return Self::folder(path);
        }
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("pmtiles") => Pmtiles::open(path).map(Self::File),
            Some("mbtiles") => Mbtiles::open(path).map(Self::Database),
            _ => {
                let remedy = "neither NAME.pmtiles nor NAME.mbtiles nor a folder of tiles";
                Err(io::Error::new(io::ErrorKind::InvalidInput, remedy))
            }
        }
    }

    /// Looks at one tile of each zoom.
    fn folder(path: &Path) -> io::Result<Self> {
        let (mut zooms, mut found) = (Vec::new(), None);
        for zoom in fs::read_dir(path)?.filter_map(Result::ok) {
            let Some(number) = zoom.file_name().to_str().and_then(|name| name.parse::<u8>().ok()) else { continue };
            zooms.push(number);
            found = found.or_else(|| ending_below(&zoom.path()));
        }
        let zooms = zooms.iter().min().copied().zip(zooms.iter().max().copied());
        let (Some(zooms), Some((ending, format))) = (zooms, found) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no ZOOM/X/Y.png in it"));
        };
        Ok(Self::Folder { path: path.to_owned(), ending, format, zooms })
    }

    fn json(&self) -> Value {
        match self {
            Self::File(map) => json!({
                "format": map.format, "min_zoom": map.zooms.0, "max_zoom": map.zooms.1, "bounds": map.bounds,
                "attribution": map.attribution,
            }),
            Self::Database(map) => json!({
                "format": map.format, "min_zoom": map.zooms.0, "max_zoom": map.zooms.1, "bounds": map.bounds,
                "attribution": map.attribution,
            }),
            Self::Folder { format, zooms, .. } => json!({
                "format": format, "min_zoom": zooms.0, "max_zoom": zooms.1, "bounds": null, "attribution": null,
            }),
        }
    }

    fn tile(&self, zoom: u8, x: u32, y: u32) -> io::Result<Option<Tile>> {
        match self {
            Self::File(map) => {
                let (format, packing) = (map.format, map.packing);
                Ok(map.tile(zoom, x, y)?.map(|octets| Tile { octets, format, packing }))
            }
            Self::Database(map) => {
                let format = map.format;
                Ok(map.tile(zoom, x, y)?.map(|(octets, packing)| Tile { octets, format, packing }))
            }
            Self::Folder { path, ending, format, .. } => {
                let path = path.join(format!("{zoom}/{x}/{y}.{ending}"));
                match fs::metadata(&path) {
                    Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(e) => Err(e),
                    Ok(about) if !about.is_file() || about.len() > TILE_BYTES_MAX => {
                        Err(io::Error::new(io::ErrorKind::InvalidData, "no file, or far too large"))
                    }
                    Ok(_) => Ok(Some(Tile { octets: fs::read(&path)?, format, packing: Packing::Plain })),
                }
            }
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The ending of the tiles in the first column of a zoom.
fn ending_below(zoom: &Path) -> Option<(&'static str, &'static str)> {
    let column = fs::read_dir(zoom).ok()?.filter_map(Result::ok).find(|entry| entry.path().is_dir())?;
    let files = fs::read_dir(column.path()).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    files
        .filter_map(|path| path.extension()?.to_str().map(str::to_owned))
        .find_map(|ending| FORMATS.iter().copied().find(|(known, _)| *known == ending))
}

/// `GET /maps.json`.
pub(super) async fn list(State(serving): State<Serving>) -> Response {
    axum::Json(serving.maps.json()).into_response()
}

/// `GET /maps/NAME/Z/X/Y`.
pub(super) async fn tile(
    State(serving): State<Serving>,
    Named((name, zoom, x, y)): Named<(String, u8, u32, String)>,
) -> Response {
    let Ok(y) = y.split('.').next().unwrap_or_default().parse() else {
        return (StatusCode::NOT_FOUND, "no tile is called so\n").into_response();
    };
    let maps = Arc::clone(&serving.maps);
    let read = tokio::task::spawn_blocking(move || maps.tile(&name, zoom, x, y)).await;
    match read.map_err(io::Error::from).and_then(|read| read) {
        Ok(Some(tile)) => sent(tile),
        Ok(None) => (StatusCode::NOT_FOUND, "no such tile\n").into_response(),
        Err(_) => {
            count(&serving.hello.console.tiles_failed);
            (StatusCode::INTERNAL_SERVER_ERROR, "the map is damaged\n").into_response()
        }
    }
}

fn sent(tile: Tile) -> Response {
    let kind = match tile.format {
        "mvt" => "application/vnd.mapbox-vector-tile",
        "png" => "image/png",
        "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        _ => "image/avif",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, max-age=86400")];
    let mut response = (headers, tile.octets).into_response();
    if tile.packing == Packing::Gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::super::pmtiles::tests::{folder, sample};
    use super::*;

    #[test]
    fn a_folder_gives_its_files_and_folders_of_tiles_and_passes_over_the_rest() {
        let folder = folder("all");
        let _ = sample(&folder);
        fs::create_dir_all(folder.join("harbour/7/71")).expect("ours");
        fs::write(folder.join("harbour/7/71/42.jpg"), "a tile").expect("ours");
        fs::write(folder.join("broken.pmtiles"), "nothing").expect("ours");
        fs::write(folder.join("notes.txt"), "nothing").expect("ours");
        let maps = Maps::of(&folder).expect("a folder");
        let told = maps.json();
        let names: Vec<&str> =
            told["maps"].as_array().expect("a list").iter().filter_map(|m| m["name"].as_str()).collect();
        assert_eq!(names, ["harbour", "sample"]);
        assert_eq!(told["maps"][0]["url"], "/maps/harbour/{z}/{x}/{y}");
        let tile = maps.tile("harbour", 7, 71, 42).expect("readable").expect("there");
        assert_eq!((tile.octets.as_slice(), tile.format), (b"a tile".as_slice(), "jpeg"));
        assert!(maps.tile("harbour", 7, 71, 43).expect("readable").is_none());
        assert!(maps.tile("elsewhere", 0, 0, 0).expect("readable").is_none());
        assert_eq!(maps.tile("sample", 0, 0, 0).expect("readable").expect("there").octets, b"zero.");
    }
}
