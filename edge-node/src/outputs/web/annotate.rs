//! `POST /annotations`: whose a person says that a track is, and what they remark on it.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fusion_core::identity::Affiliation;
use fusion_core::track::TrackId;
use proto::row::assertion::{PersonName, REMARK_BYTES_MAX, RemarkText};
use proto::row::text;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

use super::health::count;
use super::{Serving, Viewer};
use crate::node::sayings::Saying;
use crate::outputs::release::Released;
use crate::picture::{short_name, text_id};
use crate::words;

/// Octets of a request at the most.
///
/// No counter: a longer one is refused with 413.
pub const ANNOTATION_BYTES_MAX: usize = 2048;

/// What is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotation {
    /// Id or name of a track.
    track: String,
    affiliation: Option<String>,
    remark: Option<String>,
    /// In whose name; only on this machine, where nobody has one of their own.
    by: Option<String>,
}

type Refusal = (StatusCode, String);

pub(super) async fn annotate(
    State(serving): State<Serving>,
    Extension(viewer): Extension<Arc<Viewer>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    match said(&serving, &viewer, &headers, &body) {
        Ok(saying) => {
            count(&serving.hello.console.sayings);
            let told = json!({ "track": text_id(saying.subject), "who": saying.by.as_str() });
            (StatusCode::ACCEPTED, axum::Json(told)).into_response()
        }
        Err((status, why)) => {
            count(&serving.hello.console.sayings_refused);
            (status, format!("{why}\n")).into_response()
        }
    }
}

fn said(serving: &Serving, viewer: &Viewer, headers: &HeaderMap, body: &str) -> Result<Saying, Refusal> {
    if !viewer.annotates {
        let why = format!("{} may not annotate: set annotate = true at [[console.lan.viewers]]", viewer.name);
        return Err((StatusCode::FORBIDDEN, why));
    }
    let is_json =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "send it as application/json".into()));
    }
    let Some(inbox) = &serving.inbox else {
        return Err((StatusCode::CONFLICT, "this picture is of the past: nobody would hear what is said of it".into()));
    };
    if !viewer.pace.take(serving.clock.now().monotonic) {
        return Err((StatusCode::TOO_MANY_REQUESTS, "too fast: one in two seconds, ten at once".into()));
    }
    let annotation = serde_json::from_str(body).map_err(|e| unsound(format!("{e}")))?;
    let board = viewer.receiver.released(&serving.board.borrow().clone());
    let saying = saying(annotation, viewer, &board)?;
    if !inbox.push_saying(saying.clone()) {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "the node does not keep up; say it again later".into()));
    }
    Ok(saying)
}

fn saying(told: Annotation, viewer: &Viewer, board: &Released) -> Result<Saying, Refusal> {
    if told.affiliation.is_none() && told.remark.is_none() {
        return Err(unsound("nothing is said: give affiliation, remark, or both".into()));
    }
    let affiliation = told.affiliation.map(|word| affiliation(&word)).transpose()?;
    let remark = told.remark.map(|remark| remark_text(&remark)).transpose()?;
    let by = match told.by {
        Some(by) if viewer.is_local => person(&by)?,
        Some(_) => return Err(unsound("by: who says it is told by the token; leave it out".into())),
        None => text::cut(&viewer.name),
    };
    Ok(Saying { subject: subject(&told.track, board)?, affiliation, remark, by })
}

fn subject(track: &str, board: &Released) -> Result<TrackId, Refusal> {
    let mut named = board.tracks.keys().filter(|id| text_id(**id) == track || short_name(**id) == track);
    match (named.next(), named.next()) {
        (Some(id), None) => Ok(*id),
        (Some(_), Some(_)) => {
            Err((StatusCode::CONFLICT, format!("several tracks are called {track}; give the id of one")))
        }
        (None, _) => {
            let why = "no track of that id or name is in what you see; /picture.json tells which are";
            Err((StatusCode::NOT_FOUND, why.into()))
        }
    }
}

fn affiliation(word: &str) -> Result<Affiliation, Refusal> {
    let all = Affiliation::ALL;
    all.into_iter().find(|affiliation| words::affiliation(*affiliation) == word).ok_or_else(|| {
        let known: Vec<&str> = all.into_iter().map(words::affiliation).collect();
        unsound(format!("affiliation: write one of {}", known.join(", ")))
    })
}

fn remark_text(told: &str) -> Result<RemarkText, Refusal> {
    let told = told.trim();
    if told.chars().any(char::is_control) {
        return Err(unsound("remark: one line of plain text".into()));
    }
    let long = || unsound(format!("remark: {} octets, of which {REMARK_BYTES_MAX} go over the mesh", told.len()));
    RemarkText::try_from(told).map_err(|_| long())
}

fn person(told: &str) -> Result<PersonName, Refusal> {
    let sound = !told.trim().is_empty() && !told.chars().any(char::is_control);
    let name = PersonName::try_from(told.trim()).ok().filter(|_| sound);
    name.ok_or_else(|| unsound("by: a name of 1 to 31 octets".into()))
}

const fn unsound(why: String) -> Refusal {
    (StatusCode::BAD_REQUEST, why)
}
