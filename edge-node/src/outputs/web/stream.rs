//! What one page is told: the part of the picture that it looks at, as often as it wants, and what changed since.
//!
//! Nothing waits in a queue. A page that is slow, or asked to be told seldom, is told the newest state; what lay
//! between is left out. What a page sends changes nothing but its own stream. Every message has the next number of its
//! connection in `seq`, so that a page knows when it has missed one.

use std::collections::BTreeMap;
use std::sync::Arc;

use fusion_core::gaussian::ellipse;
use fusion_core::geodesy::{Geodetic, course_and_speed};
use fusion_core::track::TrackId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::console_json::{self, Hello};
use crate::outputs::release::Released;
use crate::picture::{SystemTrack, text_id};

/// As often as a page is told if it asks for nothing else, per second.
pub const USUAL_HZ: f64 = 4.0;

/// As often as it can be told: the board itself changes no more often.
const HZ: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// How far around what a page looks at it is told of tracks too, as a part of its width and height.
const MARGIN: f64 = 0.1;

/// What a page may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Wish {
    /// Look there, so often, in this form.
    View {
        bbox: Option<[f64; 4]>,
        hz: Option<f64>,
        #[serde(default)]
        deltas: bool,
    },
    /// Tell this track whatever it looks at; none: no track any more.
    Select { track: Option<String> },
    /// Say nothing, since nobody looks.
    Pause,
    /// Go on.
    Resume,
    /// Tell everything anew.
    Resync,
}

/// What a page looks at: degrees, west may be greater than east.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    west: f64,
    width: f64,
    south: f64,
    north: f64,
}

impl Area {
    /// From west, south, east, north, with a margin; `None` if that is no area.
    #[must_use]
    pub fn of([west, south, east, north]: [f64; 4]) -> Option<Self> {
        let sound = [west, south, east, north].iter().all(|edge| edge.abs() <= 540.0) && south <= north;
        let width = if east < west { east - west + 360.0 } else { east - west };
        let (aside, above) = (MARGIN * width, MARGIN * (north - south));
        sound.then_some(Self {
            west: west - aside,
            width: width + 2.0 * aside,
            south: south - above,
            north: north + above,
        })
    }

    fn holds(&self, place: &Geodetic) -> bool {
        let (latitude, longitude) = (place.latitude_deg(), place.longitude_deg());
        (self.south..=self.north).contains(&latitude) && (longitude - self.west).rem_euclid(360.0) <= self.width
    }
}

/// What a page was told, and what it wants to be told.
#[derive(Debug)]
pub struct Stream {
    area: Option<Area>,
    hz: f64,
    deltas: bool,
    selected: Option<String>,
    is_paused: bool,
    wants_all: bool,
    refusal: Option<String>,
    /// The tracks that it holds, each with its number on this connection.
    held: BTreeMap<TrackId, u32>,
    newest: u32,
    seq: u64,
    seen: Option<Released>,
    banner: Option<String>,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            area: None,
            hz: USUAL_HZ,
            deltas: false,
            selected: None,
            is_paused: false,
            wants_all: true,
            refusal: None,
            held: BTreeMap::new(),
            newest: 0,
            seq: 0,
            seen: None,
            banner: None,
        }
    }
}

impl Stream {
    /// One that begins with what the address of the socket asks for: `bbox=W,S,E,N`, `hz=1`, `deltas`.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn asked(query: &str) -> Result<Self, String> {
        let mut stream = Self::default();
        let (mut bbox, mut hz, mut deltas) = (None, None, false);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let wrong = || format!("{part}: write bbox=WEST,SOUTH,EAST,NORTH, hz=1 or deltas");
            match name {
                "bbox" => bbox = Some(edges(value).ok_or_else(wrong)?),
                "hz" => hz = Some(value.parse().map_err(|_| wrong())?),
                "deltas" => deltas = true,
                _ => return Err(wrong()),
            }
        }
        stream.look(bbox, hz, deltas)?;
        Ok(stream)
    }

    /// Takes in what a page says. What makes no sense is answered with why.
    pub fn handle(&mut self, text: &str) {
        let done = match serde_json::from_str(text) {
            Ok(Wish::View { bbox, hz, deltas }) => self.look(bbox, hz, deltas),
            Ok(Wish::Select { track }) => {
                self.selected = track;
                // So that it is told whole, even if it has not changed.
                self.forget_selected();
                Ok(())
            }
            Ok(Wish::Pause) => {
                self.is_paused = true;
                Ok(())
            }
            Ok(Wish::Resume) => {
                self.is_paused = false;
                Ok(())
            }
            Ok(Wish::Resync) => {
                self.wants_all = true;
                Ok(())
            }
            Err(e) => Err(format!("{e}; write view, select, pause, resume or resync")),
        };
        self.refusal = done.err().or_else(|| self.refusal.take());
    }

    /// How often it wants to be told, per second.
    #[must_use]
    pub const fn hz(&self) -> f64 {
        self.hz
    }

    /// The messages that are due now.
    pub fn advance(&mut self, hello: &Hello, board: &Released) -> Vec<Value> {
        let mut messages = Vec::new();
        if let Some(why) = self.refusal.take() {
            messages.push(json!({ "type": "refused", "why": why }));
        }
        if !self.is_paused {
            let banner = console_json::banner(board);
            if self.banner.as_ref() != Some(&banner) {
                self.banner = Some(banner);
                messages.push(console_json::hello(hello, board));
            }
            messages.extend(if self.wants_all { Some(self.snapshot(hello, board)) } else { self.update(hello, board) });
        }
        self.numbered(messages)
    }

    /// How the node is doing.
    pub fn status(&mut self, board: &Released) -> Vec<Value> {
        if self.is_paused {
            return Vec::new();
        }
        let status = console_json::status(board, self.held.len());
        self.numbered(vec![status])
    }

    fn numbered(&mut self, mut messages: Vec<Value>) -> Vec<Value> {
        for message in &mut messages {
            self.seq += 1;
            message["seq"] = json!(self.seq);
        }
        messages
    }

    fn look(&mut self, bbox: Option<[f64; 4]>, hz: Option<f64>, deltas: bool) -> Result<(), String> {
        let area = match bbox {
            Some(edges) => Some(Area::of(edges).ok_or("bbox: write [west, south, east, north] in degrees")?),
            None => None,
        };
        let hz = hz.unwrap_or(USUAL_HZ);
        if !HZ.contains(&hz) {
            return Err(format!("hz: write {} to {}", HZ.start(), HZ.end()));
        }
        (self.area, self.hz, self.deltas) = (area, hz, deltas);
        Ok(())
    }

    fn forget_selected(&mut self) {
        if let Some(selected) = &self.selected
            && let Some(id) = self.held.keys().copied().find(|id| text_id(*id) == *selected)
        {
            self.held.remove(&id);
        }
    }

    fn snapshot(&mut self, hello: &Hello, board: &Released) -> Value {
        self.wants_all = false;
        self.held.clear();
        let shown: Vec<&SystemTrack> =
            board.tracks.values().map(Arc::as_ref).filter(|track| self.shows(track)).collect();
        let tracks: Vec<Value> = shown.into_iter().map(|track| self.whole(board, track)).collect();
        self.seen = Some(board.clone());
        json!({ "type": "snapshot", "time_ms": board.time.as_millis(), "tracks": tracks,
                "bearings": console_json::bearings(hello, board) })
    }

    /// What changed since it was told last; `None` if nothing did.
    fn update(&mut self, hello: &Hello, board: &Released) -> Option<Value> {
        let before = self.seen.replace(board.clone())?;
        let (gone, left) = self.lost(board);
        let (mut tracks, mut moves) = (Vec::new(), Vec::new());
        for track in board.tracks.values().filter(|track| self.shows(track)) {
            let old = before.tracks.get(&track.id());
            match (self.held.get(&track.id()), old) {
                (Some(_), Some(old)) if old.record.version == track.record.version => {}
                (Some(number), Some(old)) if self.deltas && is_as_before(track, old, board, &before) => {
                    moves.push(motion(*number, track, board));
                }
                _ => tracks.push(track),
            }
        }
        let bearings = console_json::fresh_bearings(hello, board, &before);
        let silent = tracks.is_empty() && moves.is_empty() && gone.is_empty() && left.is_empty() && bearings.is_empty();
        if silent && board.time == before.time {
            return None;
        }
        let tracks: Vec<Value> = tracks.into_iter().map(|track| self.whole(board, track)).collect();
        let mut update = json!({ "type": "update", "time_ms": board.time.as_millis(), "tracks": tracks, "gone": gone,
                                 "bearings": bearings });
        if self.area.is_some() {
            update["left"] = json!(left);
        }
        if self.deltas {
            update["moves"] = json!(moves);
        }
        Some(update)
    }

    /// Of what it holds: the ids of what is gone, and of what it no longer looks at.
    fn lost(&mut self, board: &Released) -> (Vec<String>, Vec<String>) {
        let (mut gone, mut left) = (Vec::new(), Vec::new());
        let mut held = core::mem::take(&mut self.held);
        held.retain(|id, _| match board.tracks.get(id) {
            None => {
                gone.push(text_id(*id));
                false
            }
            Some(track) if !self.shows(track) => {
                left.push(text_id(*id));
                false
            }
            Some(_) => true,
        });
        self.held = held;
        (gone, left)
    }

    fn shows(&self, track: &SystemTrack) -> bool {
        let Some(area) = &self.area else { return true };
        area.holds(&Geodetic::from_ecef(track.record.estimate.position)) || self.is_selected(track)
    }

    fn is_selected(&self, track: &SystemTrack) -> bool {
        self.selected.as_ref().is_some_and(|selected| text_id(track.id()) == *selected)
    }

    /// A track with everything that is told of it, and its number on this connection.
    fn whole(&mut self, board: &Released, track: &SystemTrack) -> Value {
        let mut value = console_json::track(board, track);
        let known = self.held.get(&track.id()).copied();
        let number = known.unwrap_or_else(|| {
            self.newest = self.newest.wrapping_add(1);
            self.newest
        });
        self.held.insert(track.id(), number);
        if self.deltas {
            value["n"] = json!(number);
            if !self.is_selected(track)
                && let Some(fields) = value.as_object_mut()
            {
                fields.remove("trail");
            }
        }
        value
    }
}

fn edges(text: &str) -> Option<[f64; 4]> {
    let edges: Vec<f64> = text.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    edges.try_into().ok()
}

/// Whether nothing is different but where it is, how it moves and how surely.
fn is_as_before(track: &SystemTrack, old: &SystemTrack, board: &Released, before: &Released) -> bool {
    let (id, now, then) = (track.id(), &track.record, &old.record);
    !track.stale
        && !old.stale
        && (now.status, &now.identity, &now.label) == (then.status, &then.identity, &then.label)
        && (&now.sensors, now.source_track, &track.formerly) == (&then.sensors, then.source_track, &old.formerly)
        && board.remarks.get(&id) == before.remarks.get(&id)
        && board.declared.get(&id) == before.declared.get(&id)
}

/// `[n, time, latitude, longitude, height, course, speed, major, minor, azimuth]`: the time less that of the message,
/// all in the units of the fields and to what a screen can show.
fn motion(number: u32, track: &SystemTrack, board: &Released) -> Value {
    let estimate = &track.record.estimate;
    let place = Geodetic::from_ecef(estimate.position);
    let (course, speed) = course_and_speed(&(place.enu_axes() * estimate.velocity.vector()));
    let p = estimate.covariance.matrix();
    let (major, minor, azimuth) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
    let age_ms = estimate.time.as_millis() - board.time.as_millis();
    json!([
        number,
        age_ms,
        rounded(place.latitude_deg(), 1e6),
        rounded(place.longitude_deg(), 1e6),
        rounded(place.height_m, 1.0),
        rounded(course.compass_degrees(), 10.0),
        rounded(speed, 10.0),
        rounded(major, 10.0),
        rounded(minor, 10.0),
        rounded(azimuth.to_degrees(), 1.0),
    ])
}

/// A number without what nobody sees; whole ones as such.
fn rounded(value: f64, per_unit: f64) -> Value {
    let rounded = (value * per_unit).round() / per_unit;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and far from the end of the range")]
    let whole = rounded as i64;
    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "whether it is whole is the question")]
    let is_whole = whole.abs() < 1 << 52 && whole as f64 == rounded;
    if is_whole { json!(whole) } else { json!(rounded) }
}

#[cfg(test)]
mod tests;
