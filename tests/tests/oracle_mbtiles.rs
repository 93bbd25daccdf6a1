//! Base maps that SQLite itself wrote, through the built daemon; and the same files damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use edge_node::outputs::web::mbtiles::Mbtiles;
use serde_json::Value;
use tests::daemon::Daemon;

/// Makes a map of each form in a folder. Each tile says where it is, counted from the south as the format has it, and is
/// as long as it takes to fill several pages now and then.
const MAKE: &str = r#"
import hashlib, sqlite3, sys
folder = sys.argv[1]
def tile(z, x, y):
    return b"\x89PNG" + f"{z}/{x}/{y}".encode().ljust(40, b".") + bytes(((x * 7 + y * 13) % 90) ** 2)
places = [(z, x, y) for z in range(2, 6) for x in range(2**z) for y in range(2**z)]
def made(name, page, *statements):
    base = sqlite3.connect(f"{folder}/{name}.mbtiles")
    base.execute(f"PRAGMA page_size={page}")
    for statement in statements:
        base.execute(statement)
    return base
METADATA = "CREATE TABLE metadata (name text, value text)"
def about(base, **said):
    base.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
    base.commit()
    base.close()
plain = made("plain", 512, METADATA,
    "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)",
    "CREATE UNIQUE INDEX tile_index on tiles (zoom_level, tile_column, tile_row)")
plain.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", [(*p, tile(*p)) for p in places])
about(plain, name="plain", format="png", minzoom="2", maxzoom="5", bounds="-10,0,20.5,60", attribution="nobody")
gdal = made("gdal", 4096, METADATA,
    "CREATE TABLE tiles (zoom_level INTEGER NOT NULL, tile_column INTEGER NOT NULL, tile_row INTEGER NOT NULL,"
    " tile_data BLOB NOT NULL, UNIQUE (zoom_level, tile_column, tile_row))")
gdal.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", [(*p, tile(*p)) for p in places])
about(gdal, name="gdal")
once = made("once", 1024, METADATA,
    "CREATE TABLE map (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_id TEXT, grid_id TEXT)",
    "CREATE TABLE images (tile_data blob, tile_id text)",
    "CREATE UNIQUE INDEX map_index ON map (zoom_level, tile_column, tile_row)",
    "CREATE UNIQUE INDEX images_id ON images (tile_id)",
    "CREATE VIEW tiles AS SELECT map.zoom_level AS zoom_level, map.tile_column AS tile_column, map.tile_row AS tile_row,"
    " images.tile_data AS tile_data FROM map JOIN images ON images.tile_id = map.tile_id")
for p in places:
    name = hashlib.md5(tile(*p)).hexdigest()
    once.execute("INSERT INTO map VALUES (?, ?, ?, ?, NULL)", (*p, name))
    once.execute("INSERT OR IGNORE INTO images VALUES (?, ?)", (tile(*p), name))
about(once, name="once", format="png", minzoom="2", maxzoom="5")
shallow = made("shallow", 65536, METADATA,
    "CREATE TABLE tiles_shallow (zoom_level integer, tile_column integer, tile_row integer, tile_data_id integer,"
    " primary key(zoom_level, tile_column, tile_row)) without rowid",
    "CREATE TABLE tiles_data (tile_data_id integer primary key, tile_data blob)")
for number, p in enumerate(places):
    shallow.execute("INSERT INTO tiles_shallow VALUES (?, ?, ?, ?)", (*p, number * 1000))
    shallow.execute("INSERT INTO tiles_data VALUES (?, ?)", (number * 1000, tile(*p)))
about(shallow, name="shallow", format="png", minzoom="2", maxzoom="5")
bare = made("bare", 4096, METADATA,
    "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
about(bare, format="png")
"#;

const FORMS: [&str; 4] = ["gdal", "once", "plain", "shallow"];

/// The maps in a folder; `None` without an interpreter.
fn maps(name: &str) -> Option<PathBuf> {
    let python = tests::oracle_python(name)?;
    let folder = std::env::temp_dir().join(format!("copmesh-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a temporary folder");
    let made = Command::new(python).args(["-c", MAKE]).arg(&folder).status().expect("it was found");
    assert!(made.success(), "the maps could not be made");
    Some(folder)
}

/// What a tile begins with where rows count from the north.
fn begins(zoom: u8, x: u32, y: u32) -> String {
    format!("{zoom}/{x}/{}.", (1_u32 << zoom) - 1 - y)
}

#[test]
fn every_tile_is_where_sqlite_put_it_in_whatever_form() {
    let Some(folder) = maps("oracle_mbtiles") else { return };
    for form in FORMS {
        let map = Mbtiles::open(&folder.join(form).with_extension("mbtiles")).expect(form);
        assert_eq!((map.format, map.zooms), ("png", (2, 5)), "{form}");
        let all = (2..=5_u8).flat_map(|z| (0..1_u32 << z).flat_map(move |x| (0..1_u32 << z).map(move |y| (z, x, y))));
        for (zoom, x, y) in all {
            let (octets, _) = map.tile(zoom, x, y).expect(form).unwrap_or_else(|| panic!("{form} {zoom}/{x}/{y}"));
            assert!(octets[4..].starts_with(begins(zoom, x, y).as_bytes()), "{form} {zoom}/{x}/{y}");
            let south = (1_u32 << zoom) - 1 - y;
            assert_eq!(octets.len(), 44 + ((x * 7 + south * 13) % 90).pow(2) as usize, "{form} {zoom}/{x}/{y}");
        }
        for (zoom, x, y) in [(1, 0, 0), (6, 0, 0), (5, 32, 0), (5, 0, 32), (31, 0, 0), (255, 0, 0)] {
            assert!(map.tile(zoom, x, y).expect(form).is_none(), "{form} {zoom}/{x}/{y}");
        }
    }
    let plain = Mbtiles::open(&folder.join("plain.mbtiles")).expect("a map");
    assert_eq!(plain.bounds, Some([-10.0, 0.0, 20.5, 60.0]));
    assert_eq!(plain.attribution.as_deref(), Some("nobody"));
    let refused = Mbtiles::open(&folder.join("bare.mbtiles")).expect_err("no index");
    assert!(refused.to_string().contains("CREATE UNIQUE INDEX"), "{refused}");
    fs::write(folder.join("plain.mbtiles-wal"), "pages that are not in the file yet").expect("ours");
    let refused = Mbtiles::open(&folder.join("plain.mbtiles")).expect_err("it is being written");
    assert!(refused.to_string().contains("journal_mode=delete"), "{refused}");
    fs::remove_dir_all(folder).expect("ours");
}

#[test]
fn the_node_serves_them_beside_its_other_maps() {
    const NAME: &str = "e2e_mbtiles";
    let (Some(binary), Some(folder)) = (tests::copmesh_binary(NAME), maps(NAME)) else { return };
    let daemon = Daemon::start_with_maps(&binary, NAME, &folder);
    let list = (0..300).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        daemon.page("/maps.json")
    });
    let list: Value = serde_json::from_str(&list.expect("it runs").1).expect("JSON");
    let names: Vec<&str> = list["maps"].as_array().expect("a list").iter().filter_map(|m| m["name"].as_str()).collect();
    assert_eq!(names, FORMS, "{list}");
    let (head, body) = daemon.page("/maps/once/5/3/7").expect("it runs");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("image/png"), "{head}");
    assert!(body.contains(&begins(5, 3, 7)));
    assert!(daemon.page("/maps/once/9/3/7").is_some_and(|(head, _)| head.starts_with("HTTP/1.1 404")));
    fs::remove_dir_all(folder).expect("ours");
}

/// Nothing but an error, no tile or another tile comes of it, and soon.
#[test]
fn a_damaged_map_is_refused_or_has_no_tile() {
    let Some(folder) = maps("damaged_mbtiles") else { return };
    for form in ["plain", "once", "shallow"] {
        let whole = fs::read(folder.join(form).with_extension("mbtiles")).expect("just made");
        let path = folder.join("damaged.mbtiles");
        let step = whole.len() / 400;
        let places = (0..600).chain((600..whole.len()).step_by(step));
        for at in places {
            let mut bad = whole.clone();
            bad[at] ^= 0xFF;
            look(&path, &bad);
            if at % 7 == 0 {
                look(&path, &whole[..at]);
            }
        }
    }
    fs::remove_dir_all(folder).expect("ours");
}

fn look(path: &Path, octets: &[u8]) {
    fs::write(path, octets).expect("a temporary file");
    if let Ok(map) = Mbtiles::open(path) {
        let _ = (map.tile(2, 0, 0), map.tile(4, 7, 9), map.tile(5, 31, 31));
    }
}
