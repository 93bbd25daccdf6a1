//! A path as a table: a head line that names `time`, `lat`, `lon` and `h` in any order, then a point a line.
//!
//! Times are seconds since whenever, or RFC 3339; heights may be absent; further columns are passed over.

use super::{PathFault, RawPoint, rfc3339_seconds};

/// Where the columns are.
struct Columns {
    time: usize,
    lat: usize,
    lon: usize,
    height: Option<usize>,
}

pub(super) fn read(text: &str) -> Result<Vec<RawPoint>, PathFault> {
    let mut lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
    let refused = || PathFault::at(1, "wants the columns time,lat,lon,h by these names in the first line");
    let (_, head) = lines.next().ok_or_else(refused)?;
    let columns = Columns::of(head).ok_or_else(refused)?;
    lines.map(|(line, row)| columns.point(line, row)).collect()
}

impl Columns {
    fn of(head: &str) -> Option<Self> {
        let names: Vec<String> = head.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        Some(Self { time: place("time")?, lat: place("lat")?, lon: place("lon")?, height: place("h") })
    }

    fn point(&self, line: usize, row: &str) -> Result<RawPoint, PathFault> {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let cell = |name: &str, place: usize| {
            cells.get(place).copied().ok_or_else(|| PathFault::at(line, format!("has no {name}")))
        };
        let number = |name: &str, text: &str| {
            let read = text.parse::<f64>().ok().filter(|value| value.is_finite());
            read.ok_or_else(|| PathFault::at(line, format!("{name} is \"{text}\", which is no number")))
        };
        let time = cell("time", self.time)?;
        let time = rfc3339_seconds(time).map_or_else(|| number("time", time), Ok)?;
        let height = self.height.and_then(|place| cells.get(place)).filter(|text| !text.is_empty());
        Ok(RawPoint {
            line,
            time: Some(time),
            latitude_deg: number("lat", cell("lat", self.lat)?)?,
            longitude_deg: number("lon", cell("lon", self.lon)?)?,
            height_m: height.map(|text| number("h", text)).transpose()?,
        })
    }
}
