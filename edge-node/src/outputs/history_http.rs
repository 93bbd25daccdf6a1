//! What the picture was, over HTTP: for the page's time slider and for programs. Answers as docs/FORMATS.md has them.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use fusion_core::geodesy::{Geodetic, course_and_speed};
use fusion_core::time::Timestamp;
use fusion_core::track::TrackId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::console_json;
use super::history_keeper::Keeper;
use super::web::{Asking, Serving, Viewer};
use crate::board::Board;
use crate::history::{PastPoint, Said, Way};
use crate::picture::{id_of, short_name, text_id};
use crate::words;

/// Points of a track that are told unless more or fewer are asked for.
const POINTS_USUAL: usize = 1_000;

/// The pages; the door before them has found out who asks.
pub(super) fn routes() -> Router<Serving> {
    Router::new()
        .route("/history/span", get(span))
        .route("/history/picture", get(picture))
        .route("/history/track/{number}", get(track))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    /// Milliseconds since the Unix epoch.
    at: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Between {
    from: Option<i64>,
    to: Option<i64>,
    max: Option<usize>,
}

/// The answer, unless nothing is kept.
fn answer(serving: &Serving, what: impl FnOnce(&Keeper) -> Result<Value, String>) -> Response {
    let kept = serving.history().ok_or_else(|| "no history is kept: history.enabled = false\n".to_owned());
    match kept.and_then(what) {
        Ok(value) => axum::Json(value).into_response(),
        Err(why) => (StatusCode::NOT_FOUND, why).into_response(),
    }
}

async fn span(State(serving): State<Serving>) -> Response {
    answer(&serving, |keeper| {
        let (from, to) = keeper.read().span().unzip();
        Ok(json!({ "from": from.map(Timestamp::as_millis), "to": to.map(Timestamp::as_millis) }))
    })
}

async fn picture(State(serving): State<Serving>, Extension(viewer): Asking, Query(At { at }): Query<At>) -> Response {
    answer(&serving, |keeper| {
        let then = keeper.read().picture(of_millis(at), |label| viewer.receiver.may_have(label));
        let (time, tracks) = then.ok_or("nothing was shown yet\n")?;
        let tracks = tracks.into_iter().map(|(id, track)| (id, Arc::new(track))).collect();
        let board = Board { time, tracks: Arc::new(tracks), ..Board::default() };
        let board = viewer.receiver.sift(&Arc::new(board));
        let mut value = console_json::snapshot(serving.hello(), &board);
        value["classification"] = json!(console_json::banner(&board));
        Ok(value)
    })
}

async fn track(
    State(serving): State<Serving>,
    Extension(viewer): Asking,
    Path(number): Path<String>,
    Query(asked): Query<Between>,
) -> Response {
    answer(&serving, |keeper| {
        let id = id_of(&number).ok_or("that is no track's id\n")?;
        // What was first shown a moment ago is kept with the next look at the picture.
        let shown = || serving.released(&viewer).tracks.contains_key(&id).then(Way::default);
        let way = kept(keeper, id, &asked, &viewer).or_else(shown);
        let mut way = way.ok_or("nothing is kept of this track in that time\n")?;
        for (_, said) in &mut way.said {
            Arc::make_mut(said).sensors.retain(|sensor| viewer.receiver.names_sensor(sensor));
        }
        let mut value = told(&way);
        (value["id"], value["name"]) = (json!(text_id(id)), json!(short_name(id)));
        Ok(value)
    })
}

fn kept(keeper: &Keeper, id: TrackId, asked: &Between, viewer: &Viewer) -> Option<Way> {
    let history = keeper.read();
    let (first, last) = history.span()?;
    let between = (asked.from.map_or(first, of_millis), asked.to.map_or(last, of_millis));
    history.way(id, between, asked.max.unwrap_or(POINTS_USUAL), |label| viewer.receiver.may_have(label))
}

fn of_millis(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms.saturating_mul(1_000_000))
}

/// A track's way as JSON.
#[must_use]
pub fn told(way: &Way) -> Value {
    let points: Vec<Value> = way.points.iter().map(point).collect();
    let said: Vec<Value> = way.said.iter().map(|(since, said)| identity(*since, said)).collect();
    json!({ "kept": way.kept, "points": points, "identities": said })
}

fn point(point: &PastPoint) -> Value {
    let estimate = &point.estimate;
    let place = Geodetic::from_ecef(estimate.position);
    let (course, speed) = course_and_speed(&(place.enu_axes() * estimate.velocity.vector()));
    let p = estimate.covariance.matrix();
    json!({ "time_ms": estimate.time.as_millis(), "shown_ms": point.shown.as_millis(),
            "lat_deg": place.latitude_deg(), "lon_deg": place.longitude_deg(), "height_m": place.height_m,
            "course_deg": course.compass_degrees(), "speed_m_s": speed,
            "sigma_m": (0.5 * (p[(0, 0)] + p[(1, 1)])).sqrt(),
            "status": words::status(point.status), "stale": point.stale })
}

fn identity(since: Timestamp, said: &Said) -> Value {
    let identity = &said.identity;
    json!({ "since_ms": since.as_millis(), "class": words::class(identity.class),
            "affiliation": words::affiliation(identity.affiliation),
            "address": identity.address.map(|address| address.to_string()),
            "callsign": identity.name.as_ref().map(|name| name.as_str()),
            "sensors": said.sensors, "label": said.label.to_string(), "source_track": said.source_track })
}

#[cfg(test)]
mod tests {
    use fusion_core::label::Level;
    use fusion_core::time::Span;
    use tokio::net::TcpListener;
    use tokio::sync::watch;

    use super::*;
    use crate::board::Mode;
    use crate::history::Limits;
    use crate::ingest::http;
    use crate::outputs::samples::{board, hello, track};
    use crate::outputs::web::Console;

    #[tokio::test]
    async fn what_is_not_kept_yet_has_an_empty_span_and_an_empty_way() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound").to_string();
        let board = Arc::new(board([track(1, Level::Restricted)]));
        let shown = *board.tracks.keys().next().expect("one");
        let keeper = Arc::new(Keeper::new(Limits { bytes: 1 << 20, age: Span::from_secs(3600) }));
        let (_sender, boards) = watch::channel(board);
        let console = Console::new(hello(Mode::Live), boards, Some(keeper), None).expect("sound");
        let asking = async {
            let way = http::get(&address, &format!("/history/track/{}?from=0", text_id(shown)), 1 << 10).await;
            let way: Value = serde_json::from_slice(&way.expect("an answer")).expect("JSON");
            let (name, none) = (short_name(shown), Vec::<Value>::new());
            assert_eq!(
                way,
                json!({ "id": text_id(shown), "name": name, "kept": 0, "points": none, "identities": none })
            );
            let span = http::get(&address, "/history/span", 1 << 10).await.expect("an answer");
            let span: Value = serde_json::from_slice(&span).expect("JSON");
            assert_eq!(span, json!({ "from": null, "to": null }), "nothing was shown yet");
            let absent = http::get(&address, "/history/track/0000000000000000-1-0000000000000000", 1 << 10).await;
            assert!(matches!(absent, Err(http::NoPage::Refused(status)) if status == 404), "{absent:?}");
        };
        tokio::select! {
            () = console.serve_here(listener) => panic!("it serves for ever"),
            () = asking => {}
        }
    }
}
