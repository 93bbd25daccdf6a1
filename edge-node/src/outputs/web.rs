//! The web console: the built page, what it and other programs fetch, and one WebSocket per page.
//!
//! On this machine it is served to whoever is there, on the network over TLS to whoever has a token (`door`). What is
//! served to a viewer is made from what of the board is released to them ([`super::release`]) and from nothing else.
//! Each page's task compares the board with what it sent last, so a slow one misses steps in between and slows nobody.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, Extension, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::console_json::{self, Hello};
use super::health::Wellbeing;
use super::history_keeper::Keeper;
use super::release::Released;
use super::{geojson, history_http, kml, metrics};
use crate::board::Board;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::inbox::Inbox;
use door::{Door, Keyholders};
use health::count;
use maps::Maps;
use stream::Stream;

mod about;
mod annotate;
pub mod door;
pub mod health;
pub mod maps;
pub mod mbtiles;
mod pace;
mod page;
mod patient;
pub mod pmtiles;
mod secret;
mod serve;
pub mod stream;

pub use annotate::ANNOTATION_BYTES_MAX;
pub use door::Viewer;
pub use page::has_page;
pub(crate) use secret::Token;
pub use serve::CONNECTIONS_MAX;
pub(crate) use serve::acceptor;

/// Pages at once at the most; the next one is refused with 503.
///
/// Counter: `viewers_full`.
pub const VIEWERS_MAX: usize = 32;
/// Longest message taken from a page, in bytes.
///
/// No counter: the connection that sends a longer one is closed.
pub const VIEWER_MESSAGE_BYTES_MAX: usize = 1024;

const STATUS_PERIOD: Duration = Duration::from_secs(1);

/// A page that does not read for so long loses its seat.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// What is served, through either door.
#[derive(Clone)]
pub(super) struct Serving {
    hello: Arc<Hello>,
    board: watch::Receiver<Arc<Board>>,
    history: Option<Arc<Keeper>>,
    inbox: Option<Arc<Inbox>>,
    maps: Arc<Maps>,
    seats: Arc<Semaphore>,
    clock: Clock,
}

/// What is served, and to whom. Made before anything listens, so that what is wrong with files is told at the start.
pub struct Console {
    serving: Serving,
    here: Arc<Door>,
    lan: Option<(Arc<Door>, watch::Sender<TlsAcceptor>)>,
}

/// Who is let in from now on, and what this node shows itself with on the network.
pub struct Admission {
    here: Keyholders,
    lan: Option<(Keyholders, TlsAcceptor)>,
}

impl Console {
    /// Reads tokens, certificate and key. What people say of tracks goes into the inbox; without one, nothing is said.
    ///
    /// # Errors
    /// [`ConfigError`] for the file that cannot be used, with the remedy.
    pub fn new(
        hello: Hello,
        board: watch::Receiver<Arc<Board>>,
        history: Option<Arc<Keeper>>,
        inbox: Option<Arc<Inbox>>,
    ) -> Result<Self, ConfigError> {
        let (config, health) = (&hello.config, &hello.console);
        let here = Arc::new(Door::here(config, Arc::clone(health))?);
        let lan = Door::lan(config, Arc::clone(health))?.zip(config.console.lan.as_ref()).map(|(door, lan)| {
            let acceptor = serve::acceptor(lan).map_err(|e| ConfigError::at("console.lan", e))?;
            Ok((Arc::new(door), watch::channel(acceptor).0))
        });
        let lan = lan.transpose()?;
        let maps = config.console.maps.as_deref().map(|folder| {
            Maps::of(folder).map_err(|e| ConfigError::at("console.maps", format!("{}: {e}", folder.display())))
        });
        let maps = Arc::new(maps.transpose()?.unwrap_or_default());
        let (seats, clock) = (Arc::new(Semaphore::new(VIEWERS_MAX)), Clock::start());
        Ok(Self { serving: Serving { hello: Arc::new(hello), board, history, inbox, maps, seats, clock }, here, lan })
    }

    /// Serves those on this machine until the task is dropped.
    pub async fn serve_here(&self, listener: TcpListener) {
        serve::run(listener, None, self.app(&self.here), Arc::clone(&self.serving.hello.console)).await;
    }

    /// Serves those on the network until the task is dropped; at once over where none is configured.
    pub async fn serve_lan(&self, listener: TcpListener) {
        if let Some((door, tls)) = &self.lan {
            serve::run(listener, Some(tls.subscribe()), self.app(door), Arc::clone(&self.serving.hello.console)).await;
        }
    }

    /// Reads tokens, certificate and key anew, as another configuration has them.
    ///
    /// # Errors
    /// [`ConfigError`] for the file that cannot be used, with the remedy.
    pub fn admission(&self, config: &Config) -> Result<Admission, ConfigError> {
        let lan = config.console.lan.as_ref().filter(|_| self.lan.is_some()).map(|lan| {
            let acceptor = serve::acceptor(lan).map_err(|e| ConfigError::at("console.lan", e))?;
            Ok((Keyholders::lan(config, lan)?, acceptor))
        });
        Ok(Admission { here: Keyholders::here(config)?, lan: lan.transpose()? })
    }

    /// From now on these are let in. Whoever may look no longer, or at other things, has his page closed.
    pub fn admit(&self, admission: Admission) {
        self.here.admit_only(admission.here);
        if let (Some((door, tls)), Some((keyholders, acceptor))) = (&self.lan, admission.lan) {
            door.admit_only(keyholders);
            tls.send_replace(acceptor);
        }
    }

    fn app(&self, door: &Arc<Door>) -> Router {
        let policy = content_security_policy(&self.serving.hello);
        Router::new()
            .route("/ws", get(upgrade))
            .route("/status.json", get(status))
            .route("/picture.json", get(picture))
            .route("/picture.geojson", get(picture_geojson))
            .route("/picture.kml", get(picture_kml))
            .route("/link.kml", get(link_kml))
            .route("/metrics", get(measured))
            .route("/health", get(health_state))
            .route("/maps.json", get(maps::list))
            .route("/maps/{name}/{z}/{x}/{y}", get(maps::tile))
            .route("/about.json", get(about::about))
            .route("/annotations", post(annotate::annotate).layer(DefaultBodyLimit::max(ANNOTATION_BYTES_MAX)))
            .merge(history_http::routes())
            .fallback(get(page::asset))
            .layer(middleware::map_response(move |response| ready(dressed(response, policy.clone()))))
            .layer(Extension(Scheme(door.scheme())))
            .layer(middleware::from_fn_with_state(Arc::clone(door), door::admit))
            .with_state(self.serving.clone())
    }
}

/// How pages are fetched through the door that a request came by.
#[derive(Clone, Copy)]
struct Scheme(&'static str);

/// What every answer says to a browser; that nothing is kept, unless it says otherwise itself.
fn dressed(mut response: Response, policy: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The page needs nothing but its own files, and stands in no frame but one that is configured.
fn content_security_policy(hello: &Hello) -> HeaderValue {
    let frame = hello.config.console.framed_by.as_deref().unwrap_or("'none'");
    let policy = format!("default-src 'self'; frame-ancestors {frame}; base-uri 'none'; form-action 'none'");
    HeaderValue::from_str(&policy).expect("a site has only plain characters: the configuration was checked")
}

/// Who asks, as the door has found.
pub(super) type Asking = Extension<Arc<Viewer>>;

impl Serving {
    /// What of the picture is for a viewer, as it is now.
    pub(super) fn released(&self, viewer: &Viewer) -> Released {
        let board = self.board.borrow().clone();
        viewer.receiver.released(&board)
    }

    /// What does not change while the node runs.
    pub(super) fn hello(&self) -> &Hello {
        &self.hello
    }

    /// What the picture was, if it is kept.
    pub(super) fn history(&self) -> Option<&Keeper> {
        self.history.as_deref()
    }
}

async fn status(State(serving): State<Serving>, Extension(viewer): Asking) -> Response {
    axum::Json(console_json::node_status(&serving.hello, &serving.released(&viewer))).into_response()
}

async fn picture(State(serving): State<Serving>, Extension(viewer): Asking) -> Response {
    axum::Json(console_json::snapshot(&serving.hello, &serving.released(&viewer))).into_response()
}

async fn picture_geojson(
    State(serving): State<Serving>,
    Extension(viewer): Asking,
    RawQuery(query): RawQuery,
) -> Response {
    let areas = query.as_deref() == Some("areas");
    if query.is_some() && !areas {
        return (StatusCode::BAD_REQUEST, "the only setting is ?areas, for areas of 95 %\n").into_response();
    }
    let text = geojson::collection(&serving.hello, &serving.released(&viewer), areas).to_string();
    typed(geojson::MEDIA_TYPE, text)
}

async fn picture_kml(State(serving): State<Serving>, Extension(viewer): Asking) -> Response {
    typed(kml::MEDIA_TYPE, kml::document(&serving.hello, &serving.released(&viewer)))
}

/// Who asks for the link fetches the picture from where the link was.
async fn link_kml(
    State(serving): State<Serving>,
    Extension(Scheme(scheme)): Extension<Scheme>,
    headers: HeaderMap,
) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    typed(kml::MEDIA_TYPE, kml::link(&serving.hello, &format!("{scheme}://{host}/picture.kml")))
}

async fn measured(State(serving): State<Serving>, Extension(viewer): Asking) -> Response {
    typed(metrics::MEDIA_TYPE, metrics::text(&serving.hello, &serving.released(&viewer)))
}

async fn health_state(State(serving): State<Serving>, Extension(viewer): Asking) -> Response {
    let board = serving.released(&viewer);
    let state = Wellbeing::of(serving.hello.mode, &board, serving.clock.now().validity);
    let code = if state.works() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, axum::Json(state.json())).into_response()
}

fn typed(media_type: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body).into_response()
}

async fn upgrade(
    State(serving): State<Serving>,
    Extension(viewer): Asking,
    RawQuery(query): RawQuery,
    ws: WebSocketUpgrade,
) -> Response {
    let stream = match Stream::asked(query.as_deref().unwrap_or_default()) {
        Ok(stream) => stream,
        Err(why) => return (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    };
    let Ok(seat) = Arc::clone(&serving.seats).try_acquire_owned() else {
        count(&serving.hello.console.viewers_full);
        return (StatusCode::SERVICE_UNAVAILABLE, "too many viewers").into_response();
    };
    ws.max_message_size(VIEWER_MESSAGE_BYTES_MAX).on_upgrade(move |socket| async move {
        let counters = &serving.hello.console;
        count(&counters.viewers);
        let page = Page { socket, serving: &serving, viewer: &viewer, stream };
        if let Err(e) = page.run().await {
            debug!("a viewer left: {e}");
        }
        counters.viewers.fetch_sub(1, Ordering::Relaxed);
        drop(seat);
    })
}

/// One page that is open somewhere.
struct Page<'a> {
    socket: WebSocket,
    serving: &'a Serving,
    viewer: &'a Viewer,
    stream: Stream,
}

impl Page<'_> {
    async fn run(mut self) -> Result<(), axum::Error> {
        let mut hz = self.stream.hz();
        let (mut looks, mut statuses) = (beats(period(hz)), beats(STATUS_PERIOD));
        let mut last = None;
        loop {
            tokio::select! {
                at = looks.tick() => {
                    if self.viewer.is_over() {
                        return Ok(());
                    }
                    self.count_skipped(last.replace(at), at, looks.period());
                    let board = self.serving.released(self.viewer);
                    let messages = self.stream.advance(&self.serving.hello, &board);
                    self.send(messages).await?;
                }
                _ = statuses.tick() => {
                    let board = self.serving.released(self.viewer);
                    let messages = self.stream.status(&board);
                    self.send(messages).await?;
                }
                message = self.socket.recv() => match message {
                    None => return Ok(()),
                    Some(message) => if let Message::Text(text) = message? {
                        self.stream.handle(&text);
                    },
                },
            }
            if self.stream.hz().to_bits() != hz.to_bits() {
                hz = self.stream.hz();
                (looks, last) = (beats(period(hz)), None);
            }
        }
    }

    /// Beats that passed while it was being sent to: what they would have told goes with the next.
    fn count_skipped(&self, last: Option<Instant>, at: Instant, period: Duration) {
        let Some(last) = last else { return };
        let passed = (at - last).as_nanos() / period.as_nanos().max(1);
        let skipped = u64::try_from(passed).unwrap_or(u64::MAX).saturating_sub(1);
        self.serving.hello.console.frames_conflated.fetch_add(skipped, Ordering::Relaxed);
    }

    async fn send(&mut self, messages: Vec<Value>) -> Result<(), axum::Error> {
        let counters = &self.serving.hello.console;
        for message in messages {
            let text = message.to_string();
            counters.octets.fetch_add(text.len() as u64, Ordering::Relaxed);
            let sending = tokio::time::timeout(STUCK_AFTER, self.socket.send(Message::Text(text.into())));
            sending.await.inspect_err(|_| count(&counters.viewers_stuck)).map_err(axum::Error::new)??;
            count(&counters.frames);
        }
        Ok(())
    }
}

fn beats(period: Duration) -> Interval {
    let mut beats = tokio::time::interval(period);
    beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    beats
}

fn period(hz: f64) -> Duration {
    Duration::from_secs_f64(1.0 / hz)
}
