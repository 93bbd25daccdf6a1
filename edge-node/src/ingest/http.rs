//! Fetching a page: one connection, one plain HTTP/1.1 GET, a bounded body. And sending one, to a node.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::http::request::Builder;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Bytes of a sensor's page at the most.
///
/// Counter: `pages_refused`; the page is not taken.
pub const PAGE_BYTES_MAX: usize = 1 << 20;

/// A server that has not sent its page by then is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no page.
#[derive(Debug)]
pub enum NoPage {
    /// Nobody answers there.
    Unreachable(std::io::Error),
    /// Whoever answered broke off, or speaks no HTTP.
    Broken(hyper::Error),
    /// It ended before the end that was announced, or has nothing in it.
    Torn,
    /// It has more than so many bytes.
    TooLong(usize),
    /// The server refuses.
    Refused(StatusCode),
    /// Host or path cannot be asked for.
    NoRequest,
    /// It took too long.
    TooSlow,
}

impl core::fmt::Display for NoPage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unreachable(e) => e.fmt(f),
            Self::Broken(e) => write!(f, "no HTTP: {e}"),
            Self::Torn => f.write_str("the page is empty or ends before its end"),
            Self::TooLong(most) => write!(f, "the page has more than {most} bytes"),
            Self::Refused(status) => write!(f, "the server answers {status}"),
            Self::NoRequest => f.write_str("host or path cannot be asked for"),
            Self::TooSlow => write!(f, "no page after {} s", PATIENCE.as_secs()),
        }
    }
}

impl core::error::Error for NoPage {}

/// Fetches `http://AUTHORITY/PATH`, if it has no more than so many bytes.
///
/// # Errors
/// [`NoPage`] for whatever stands in the way.
pub async fn get(authority: &str, path: &str, bytes_max: usize) -> Result<Vec<u8>, NoPage> {
    tokio::time::timeout(PATIENCE, fetch(authority, path, bytes_max)).await.unwrap_or(Err(NoPage::TooSlow))
}

/// Sends JSON to `http://AUTHORITY/PATH`; what is answered, with which status.
///
/// # Errors
/// [`NoPage`] if nothing is answered.
pub async fn post(authority: &str, path: &str, json: String) -> Result<(StatusCode, Vec<u8>), NoPage> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    let asked = ask(authority, request, json, PAGE_BYTES_MAX);
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(NoPage::TooSlow))
}

async fn fetch(authority: &str, path: &str, bytes_max: usize) -> Result<Vec<u8>, NoPage> {
    match ask(authority, Request::get(path), String::new(), bytes_max).await? {
        (StatusCode::OK, page) => Ok(page),
        (status, _) => Err(NoPage::Refused(status)),
    }
}

async fn ask(
    authority: &str,
    request: Builder,
    body: String,
    bytes_max: usize,
) -> Result<(StatusCode, Vec<u8>), NoPage> {
    let stream = TcpStream::connect(authority).await.map_err(NoPage::Unreachable)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let request = request
        .header(header::HOST, authority)
        .header(header::CONNECTION, "close")
        .header(header::USER_AGENT, "copmesh")
        .body(body)
        .map_err(|_| NoPage::NoRequest)?;
    let page = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        match whole(response.into_body(), bytes_max).await {
            Err(NoPage::Torn) if status != StatusCode::OK => Ok((status, Vec::new())),
            page => page.map(|page| (status, page)),
        }
    };
    // The connection has to be driven while the page comes; its end after the page is no news.
    tokio::pin!(page);
    tokio::select! {
        page = &mut page => page,
        _ = connection => page.await,
    }
}

async fn whole(mut body: Incoming, bytes_max: usize) -> Result<Vec<u8>, NoPage> {
    let mut page = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        // Whatever breaks off here is a page that somebody was about to write.
        let frame = frame.map_err(|_| NoPage::Torn)?;
        let Ok(data) = frame.into_data() else { continue };
        if page.len() + data.len() > bytes_max {
            return Err(NoPage::TooLong(bytes_max));
        }
        page.extend_from_slice(&data);
    }
    if page.is_empty() { Err(NoPage::Torn) } else { Ok(page) }
}

fn broken(error: hyper::Error) -> NoPage {
    if error.is_incomplete_message() { NoPage::Torn } else { NoPage::Broken(error) }
}
