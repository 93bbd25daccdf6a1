//! The web console: the built page and one WebSocket per viewer, on loopback unless configured otherwise.
//!
//! Each viewer's task compares the board with what it sent last, so a slow viewer misses steps in between and slows
//! nobody. Nothing a viewer sends changes anything but its own stream.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::debug;

use super::console_json::{self, Hello};
use super::health::Wellbeing;
use super::{geojson, kml, metrics};
use crate::board::Board;
use crate::clock::Clock;

/// Viewers at once at the most; the next one is refused with 503.
///
/// No counter: the refusal is told to the one it happens to.
pub const VIEWERS_MAX: usize = 32;
/// Longest message taken from a viewer, in bytes.
///
/// No counter: the connection that sends a longer one is closed.
pub const VIEWER_MESSAGE_BYTES_MAX: usize = 1024;

const UPDATE_PERIOD: Duration = Duration::from_millis(250);
const UPDATES_PER_STATUS: u32 = 4;

include!(concat!(env!("OUT_DIR"), "/console_assets.rs"));

/// Whether the page was built into this program.
#[must_use]
pub fn has_page() -> bool {
    !CONSOLE_ASSETS.is_empty()
}

#[derive(Clone)]
struct Viewing {
    hello: Arc<Hello>,
    board: watch::Receiver<Arc<Board>>,
    seats: Arc<tokio::sync::Semaphore>,
    clock: Clock,
}

/// Serves the console until the task is dropped.
///
/// # Errors
/// If the listener fails.
pub async fn serve(listener: TcpListener, hello: Hello, board: watch::Receiver<Arc<Board>>) -> std::io::Result<()> {
    let seats = Arc::new(tokio::sync::Semaphore::new(VIEWERS_MAX));
    let viewing = Viewing { hello: Arc::new(hello), board, seats, clock: Clock::start() };
    let app = Router::new()
        .route("/ws", get(upgrade))
        .route("/status.json", get(status))
        .route("/picture.json", get(picture))
        .route("/picture.geojson", get(picture_geojson))
        .route("/picture.kml", get(picture_kml))
        .route("/link.kml", get(link_kml))
        .route("/metrics", get(measured))
        .route("/health", get(health))
        .fallback(get(asset))
        .with_state(viewing);
    axum::serve(listener, app).await
}

async fn asset(State(viewing): State<Viewing>, uri: Uri) -> Response {
    let path = match uri.path() {
        "/" => "index.html",
        other => other.trim_start_matches('/'),
    };
    let found = CONSOLE_ASSETS.iter().find(|(name, _, _)| *name == path);
    let Some((_, content_type, bytes)) = found else {
        let text = if has_page() { "not found" } else { NO_PAGE };
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, *content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, &content_security_policy(&viewing.hello)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, *bytes).into_response()
}

/// The page needs nothing but its own files, and stands in no frame but one that is configured.
fn content_security_policy(hello: &Hello) -> String {
    let frame = hello.config.console.framed_by.as_deref().unwrap_or("'none'");
    format!("default-src 'self'; frame-ancestors {frame}; base-uri 'none'")
}

const NO_PAGE: &str = "This copmesh was built without the console page, because node or npm was missing. \
                       Install nodejs and npm and build again; the picture is on /ws and on zenoh all the same.\n";

async fn status(State(viewing): State<Viewing>, headers: HeaderMap) -> Response {
    tell(&viewing, &headers, |board| axum::Json(console_json::node_status(&viewing.hello, board)).into_response())
}

async fn picture(State(viewing): State<Viewing>, headers: HeaderMap) -> Response {
    tell(&viewing, &headers, |board| axum::Json(console_json::snapshot(&viewing.hello, board)).into_response())
}

async fn picture_geojson(State(viewing): State<Viewing>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let areas = query.as_deref() == Some("areas");
    if query.is_some() && !areas {
        return (StatusCode::BAD_REQUEST, "the only setting is ?areas, for areas of 95 %\n").into_response();
    }
    tell(&viewing, &headers, |board| {
        let text = geojson::collection(&viewing.hello, board, areas).to_string();
        typed(geojson::MEDIA_TYPE, text)
    })
}

async fn picture_kml(State(viewing): State<Viewing>, headers: HeaderMap) -> Response {
    tell(&viewing, &headers, |board| typed(kml::MEDIA_TYPE, kml::document(&viewing.hello, board)))
}

/// Who asks for the link fetches the picture from where the link was.
async fn link_kml(State(viewing): State<Viewing>, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let address = format!("http://{host}/picture.kml");
    tell(&viewing, &headers, |_| typed(kml::MEDIA_TYPE, kml::link(&viewing.hello, &address)))
}

async fn measured(State(viewing): State<Viewing>, headers: HeaderMap) -> Response {
    tell(&viewing, &headers, |board| typed(metrics::MEDIA_TYPE, metrics::text(&viewing.hello, board)))
}

async fn health(State(viewing): State<Viewing>, headers: HeaderMap) -> Response {
    tell(&viewing, &headers, |board| {
        let state = Wellbeing::of(viewing.hello.mode, board, viewing.clock.now().validity);
        let code = if state.works() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (code, axum::Json(state.json())).into_response()
    })
}

fn typed(media_type: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body).into_response()
}

fn tell(viewing: &Viewing, headers: &HeaderMap, what: impl FnOnce(&Arc<Board>) -> Response) -> Response {
    if !same_origin(headers) || !asks_by_address(headers) {
        return (StatusCode::FORBIDDEN, "the page of another site may not read this").into_response();
    }
    let board = viewing.board.borrow().clone();
    let mut response = what(&board);
    for (name, value) in [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Browsers tell no origin when they fetch from what they take for the page's own site.
fn asks_by_address(headers: &HeaderMap) -> bool {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_some_and(is_no_rented_name)
}

async fn upgrade(State(viewing): State<Viewing>, headers: HeaderMap, ws: WebSocketUpgrade) -> Response {
    if !same_origin(&headers) {
        return (StatusCode::FORBIDDEN, "the page of another site may not open this socket").into_response();
    }
    let Ok(seat) = viewing.seats.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many viewers").into_response();
    };
    ws.max_message_size(VIEWER_MESSAGE_BYTES_MAX).on_upgrade(move |socket| async move {
        if let Err(e) = view(socket, viewing).await {
            debug!("a viewer left: {e}");
        }
        drop(seat);
    })
}

/// Browsers tell the page's origin; a page of another site must not read the picture through its visitor's browser.
fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, rest)| rest == host) && is_no_rented_name(host)
        }
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// A foreign name can be made to point at this machine (DNS rebinding); an address or `localhost` cannot.
fn is_no_rented_name(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host });
    name == "localhost" || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

async fn view(mut socket: WebSocket, viewing: Viewing) -> Result<(), axum::Error> {
    let mut seen = viewing.board.borrow().clone();
    let mut banner = console_json::banner(&seen);
    send(&mut socket, &console_json::hello(&viewing.hello, &banner)).await?;
    send(&mut socket, &console_json::snapshot(&viewing.hello, &seen)).await?;
    let mut tick = tokio::time::interval(UPDATE_PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut ticks = 0_u32;
    loop {
        tokio::select! {
            _ = tick.tick() => {
                let board = viewing.board.borrow().clone();
                let now = console_json::banner(&board);
                if now != banner {
                    banner = now;
                    send(&mut socket, &console_json::hello(&viewing.hello, &banner)).await?;
                }
                if let Some(update) = console_json::update(&viewing.hello, &board, &seen) {
                    send(&mut socket, &update).await?;
                }
                seen = board;
                if ticks.is_multiple_of(UPDATES_PER_STATUS) {
                    send(&mut socket, &console_json::status(&seen)).await?;
                }
                ticks = ticks.wrapping_add(1);
            }
            message = socket.recv() => match message {
                None => return Ok(()),
                Some(Err(e)) => return Err(e),
                Some(Ok(Message::Text(text))) if text.contains("resync") => {
                    seen = viewing.board.borrow().clone();
                    send(&mut socket, &console_json::snapshot(&viewing.hello, &seen)).await?;
                }
                Some(Ok(_)) => {}
            },
        }
    }
}

/// A viewer that does not read for so long loses its seat.
const SEND_MAX: Duration = Duration::from_secs(10);

async fn send(socket: &mut WebSocket, value: &Value) -> Result<(), axum::Error> {
    let sending = socket.send(Message::Text(value.to_string().into()));
    tokio::time::timeout(SEND_MAX, sending).await.map_err(axum::Error::new)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8477"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn a_page_of_another_site_may_not_read_the_picture() {
        assert!(same_origin(&headers(Some("http://127.0.0.1:8477"))));
        assert!(same_origin(&headers(None)), "a program that is no browser");
        for foreign in ["http://evil.example", "http://127.0.0.1:8478", "null"] {
            assert!(!same_origin(&headers(Some(foreign))), "{foreign}");
        }
    }

    #[test]
    fn a_name_that_was_made_to_point_here_opens_nothing() {
        let mut rebound = headers(Some("http://evil.example:8477"));
        rebound.insert(header::HOST, HeaderValue::from_static("evil.example:8477"));
        assert!(!same_origin(&rebound));
        assert!(
            is_no_rented_name("localhost:8477") && is_no_rented_name("[::1]:8477") && is_no_rented_name("10.0.0.7")
        );
    }
}
