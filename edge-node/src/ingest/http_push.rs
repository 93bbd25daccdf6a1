//! What sensors push: an HTTP/1.1 server with one path, to which each message is posted as the body of a request.
//!
//! Answers: 204 taken; 400 nothing in it; 403 sent by a web page (whoever visits a page of a stranger must not become
//! a sensor); 404 another path; 405 neither POST nor PUT; 408 not all there in time; 413 larger than
//! [`PAGE_BYTES_MAX`]; 429 more than is taken in from this sensor. Plain HTTP, no names checked: it belongs on a
//! network of sensors.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::debug;

use super::Ingest;
use super::http::PAGE_BYTES_MAX;
use super::links::count;
use crate::config::endpoint::PushEndpoint;
use crate::node::Link;
use crate::streams;

/// A client that has not sent its message by then is given up; one that asks nothing for as long, too.
const PATIENCE: Duration = Duration::from_secs(10);

impl Ingest {
    /// Takes what is pushed, until the task is dropped.
    pub(super) async fn http_listen(&self, endpoint: &PushEndpoint) -> std::io::Result<()> {
        let listener = TcpListener::bind(endpoint.address).await?;
        self.opened();
        let places = Arc::new(Semaphore::new(self.intake.clients_max.into()));
        let mut clients = JoinSet::new();
        loop {
            while clients.try_join_next().is_some() {}
            let (stream, peer) = streams::accept(&listener, &self.name).await;
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                count(&self.links.counters.clients_refused);
                debug!(sensor = %self.name, "no place for a client from {peer}");
                continue;
            };
            let (ingest, path) = (self.clone(), endpoint.path.clone());
            clients.spawn(async move {
                let outcome = ingest.serve(stream, &path).await;
                debug!(sensor = %ingest.name, "the client from {peer} left: {outcome:?}");
                drop(place);
            });
        }
    }

    async fn serve(&self, stream: TcpStream, path: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        streams::prepare(&stream)?;
        let answer = service_fn(|request| async move { Ok::<_, Infallible>(self.answer(request, path).await) });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD_BYTES_MAX);
        Ok(server.serve_connection(TokioIo::new(stream), answer).await?)
    }

    async fn answer(&self, request: Request<Incoming>, path: &str) -> Response<String> {
        let status = match self.message(request, path).await {
            Ok(message) if self.take(Link::default(), &message) => StatusCode::NO_CONTENT,
            // What is above the rate is counted where it is judged.
            Ok(_) => StatusCode::TOO_MANY_REQUESTS,
            Err(status) => {
                count(&self.links.counters.pushes_refused);
                status
            }
        };
        let mut answer = Response::new(String::new());
        *answer.status_mut() = status;
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST, PUT"));
            }
            _ => {}
        }
        answer
    }

    /// The message of a request, or why it is refused.
    async fn message(&self, request: Request<Incoming>, path: &str) -> Result<Vec<u8>, StatusCode> {
        if request.uri().path() != path {
            return Err(StatusCode::NOT_FOUND);
        }
        if ![Method::POST, Method::PUT].contains(request.method()) {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        // Browsers say so when a page of theirs posts something.
        if request.headers().contains_key(header::ORIGIN) {
            return Err(StatusCode::FORBIDDEN);
        }
        let body = tokio::time::timeout(PATIENCE, whole(request.into_body())).await;
        body.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
    }
}

/// Bytes of the head of a request at the most; the least that hyper allows.
///
/// No counter: hyper answers 431 and closes the connection.
pub const HEAD_BYTES_MAX: usize = 8192;

async fn whole(mut body: Incoming) -> Result<Vec<u8>, StatusCode> {
    if body.size_hint().lower() > PAGE_BYTES_MAX as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut message = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        if message.len() + data.len() > PAGE_BYTES_MAX {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        message.extend_from_slice(&data);
    }
    if message.is_empty() { Err(StatusCode::BAD_REQUEST) } else { Ok(message) }
}
