//! The consoles of several nodes on one page, side by side, under a line that tells how the links are.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;
use tracing::error;

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// The consoles.
    pub panes: Vec<Pane>,
    /// The links.
    pub links: Vec<LinkRow>,
    /// System tracks that all nodes have, and that any has.
    pub common: (usize, usize),
}

/// One console.
#[derive(Clone, Debug, Serialize)]
pub struct Pane {
    /// The node's name.
    pub name: String,
    /// Where its console is.
    pub url: String,
    /// Entries of its picture.
    pub tracks: usize,
}

/// One link.
#[derive(Clone, Debug, Serialize)]
pub struct LinkRow {
    /// Which two nodes.
    pub between: [String; 2],
    /// `whole`, `cut` or `healing`.
    pub state: &'static str,
    /// What it carried, both ways, bytes.
    pub carried_bytes: u64,
    /// How long it took to heal last, seconds.
    pub healed_s: Option<f64>,
}

/// Serves the page until the runtime ends; where.
///
/// # Errors
/// If the address cannot be had.
pub async fn serve(address: &str, screen: Arc<Mutex<Screen>>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let here = listener.local_addr()?;
    let app = Router::new()
        .route("/", get(async || page("text/html; charset=utf-8", include_str!("abreast/page.html"))))
        .route("/page.css", get(async || page("text/css", include_str!("abreast/page.css"))))
        .route("/icon.svg", get(async || page("image/svg+xml", include_str!("../../../console/src/icon.svg"))))
        .route("/page.js", get(async || page("text/javascript", include_str!("abreast/page.js"))))
        .route("/state.json", get(state))
        .with_state(screen);
    tokio::spawn(async move {
        if let Err(e) = axum::serve(listener, app).await {
            error!("the page of all consoles stopped: {e}");
        }
    });
    Ok(here)
}

fn page(kind: &'static str, text: &'static str) -> Response {
    let policy = "default-src 'self'; frame-src http:; frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}

async fn state(State(screen): State<Arc<Mutex<Screen>>>) -> Response {
    let Screen { panes, links, common } = screen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let state = json!({ "panes": panes, "links": links, "common": common.0, "all": common.1 });
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(state)).into_response()
}
