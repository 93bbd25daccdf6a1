//! Base maps that SQLite itself wrote, through the built daemon; and the same files damaged.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tests::daemon::Daemon;

/// Makes a map of each form in a folder. Each tile says where it is, counted from the south as the format has it, and
/// is as long as it takes to fill several pages now and then.
const MAKE: &str = r#"
import hashlib, sqlite3, sys
folder = sys.argv[1]
def tile(z, x, y):
    return b"RIFF" + f"{z}/{x}/{y}".encode().ljust(40, b".") + bytes(((x * 7 + y * 13) % 40) ** 2)
places = [(z, x, y) for z in range(2, int(sys.argv[2])) for x in range(2**z) for y in range(2**z)]
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
about(plain, name="plain", format="webp", minzoom="2", maxzoom="4", bounds="-10,0,20.5,60", attribution="nobody")
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
    "CREATE VIEW tiles AS SELECT map.zoom_level AS zoom_level, map.tile_column AS tile_column,"
    " map.tile_row AS tile_row, images.tile_data AS tile_data FROM map JOIN images ON images.tile_id = map.tile_id")
for p in places:
    name = hashlib.md5(tile(*p)).hexdigest()
    once.execute("INSERT INTO map VALUES (?, ?, ?, ?, NULL)", (*p, name))
    once.execute("INSERT OR IGNORE INTO images VALUES (?, ?)", (tile(*p), name))
about(once, name="once", format="webp", minzoom="2", maxzoom="4")
shallow = made("shallow", 65536, METADATA,
    "CREATE TABLE tiles_shallow (zoom_level integer, tile_column integer, tile_row integer, tile_data_id integer,"
    " primary key(zoom_level, tile_column, tile_row)) without rowid",
    "CREATE TABLE tiles_data (tile_data_id integer primary key, tile_data blob)",
    "CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data"
    " FROM tiles_shallow JOIN tiles_data USING (tile_data_id)")
for number, p in enumerate(places):
    shallow.execute("INSERT INTO tiles_shallow VALUES (?, ?, ?, ?)", (*p, number * 1000))
    shallow.execute("INSERT INTO tiles_data VALUES (?, ?)", (number * 1000, tile(*p)))
about(shallow, name="shallow", format="webp", minzoom="2", maxzoom="4")
bare = made("bare", 4096, METADATA,
    "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
about(bare, format="webp")
slow = made("slow", 4096, METADATA,
    "CREATE VIEW tiles AS WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n)"
    " SELECT k % 5 AS zoom_level, k AS tile_column, k / 2 AS tile_row, zeroblob(k) AS tile_data FROM n")
about(slow, format="webp", minzoom="2", maxzoom="5")
"#;

const FORMS: [&str; 4] = ["gdal", "once", "plain", "shallow"];

/// The maps of zooms from two on in a folder; `None` without an interpreter.
fn maps(name: &str, zoom_end: u8) -> Option<PathBuf> {
    let python = tests::oracle_python(name)?;
    let folder = std::env::temp_dir().join(format!("copmesh-maps-of-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a temporary folder");
    let made = Command::new(python).args(["-c", MAKE]).arg(&folder).arg(zoom_end.to_string()).status();
    assert!(made.expect("it was found").success(), "the maps could not be made");
    Some(folder)
}

/// The maps that a node has, once it answers.
fn listed(daemon: &Daemon) -> Vec<Value> {
    let list = (0..300).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        daemon.page("/maps.json")
    });
    let list: Value = serde_json::from_str(&list.expect("it runs").1).expect("JSON");
    list["maps"].as_array().expect("a list").clone()
}

fn has(daemon: &Daemon, path: &str, status: &str) -> String {
    let (head, body) = daemon.page(path).unwrap_or_else(|| panic!("{path}: no answer"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {head}");
    body
}

#[test]
fn every_tile_is_where_sqlite_put_it_in_whatever_form() {
    const NAME: &str = "oracle_mbtiles";
    let (Some(binary), Some(folder)) = (tests::copmesh_binary(NAME), maps(NAME, 5)) else { return };
    let daemon = Daemon::start_with_maps(&binary, NAME, &folder);
    let maps = listed(&daemon);
    assert_eq!(maps.iter().filter_map(|map| map["name"].as_str()).collect::<Vec<_>>(), FORMS);
    for map in &maps {
        assert_eq!((&map["format"], &map["min_zoom"], &map["max_zoom"]), (&"webp".into(), &2.into(), &4.into()));
        let form = map["name"].as_str().expect("text");
        for (zoom, x, y) in (2..5_u8).flat_map(|z| (0..1_u32 << (2 * z)).map(move |k| (z, k >> z, k & ((1 << z) - 1))))
        {
            let body = has(&daemon, &format!("/maps/{form}/{zoom}/{x}/{y}"), "200");
            let south = (1_u32 << zoom) - 1 - y;
            assert!(body[4..].starts_with(&format!("{zoom}/{x}/{south}.")), "{form} {zoom}/{x}/{y}");
            assert_eq!(body.len(), 44 + ((x * 7 + south * 13) % 40).pow(2) as usize, "{form} {zoom}/{x}/{y}");
        }
        for nowhere in ["1/0/0", "5/0/0", "4/16/0", "4/0/16", "31/0/0", "255/0/0"] {
            let _ = has(&daemon, &format!("/maps/{form}/{nowhere}"), "404");
        }
    }
    let plain = &maps[2];
    assert_eq!((&plain["bounds"], &plain["attribution"]), (&json!([-10.0, 0.0, 20.5, 60.0]), &json!("nobody")));
    let log = daemon.log();
    assert!(log.contains("bare.mbtiles: no map: has no tiles"), "{log}");
    assert!(log.contains("slow.mbtiles: no map: takes too long to look a tile up: CREATE UNIQUE INDEX"), "{log}");
    fs::remove_dir_all(folder).expect("ours");
}

/// Each is passed over, or its tiles are other ones, none, or told to be damaged; and soon.
#[test]
fn damaged_maps_harm_nobody() {
    const NAME: &str = "damaged_mbtiles";
    let (Some(binary), Some(made)) = (tests::copmesh_binary(NAME), maps(NAME, 4)) else { return };
    let folder = made.join("damaged");
    fs::create_dir_all(&folder).expect("ours");
    for form in FORMS {
        let whole = fs::read(made.join(form).with_extension("mbtiles")).expect("just made");
        for at in (16..512).step_by(7).chain((512..whole.len()).step_by(whole.len() / 60)) {
            let mut bad = whole.clone();
            bad[at] ^= 0xFF;
            // Maps at the end by name are left out, so each form has a turn at the beginning.
            fs::write(folder.join(format!("{:03}-{form}.mbtiles", at % 251)), bad).expect("ours");
        }
        fs::write(folder.join(format!("cut-{form}.mbtiles")), &whole[..whole.len() / 2]).expect("ours");
    }
    let daemon = Daemon::start_with_maps(&binary, NAME, &folder);
    let maps = listed(&daemon);
    assert!(!maps.is_empty(), "most damage is to tiles");
    for name in maps.iter().filter_map(|map| map["name"].as_str()) {
        for place in ["2/0/0", "3/5/2", "3/7/7"] {
            let path = format!("/maps/{name}/{place}");
            // A tile that is no text is an answer too.
            let told = daemon.page(&path).map_or_else(|| "other octets".to_owned(), |(head, _)| head);
            assert!(!told.contains("HTTP/1.1 503"), "{path}: {told}");
        }
    }
    let _ = has(&daemon, "/status.json", "200");
    fs::remove_dir_all(made).expect("ours");
}
