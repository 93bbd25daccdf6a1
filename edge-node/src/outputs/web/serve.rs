//! Connections: so many at once, with TLS or without, each with little time to say what it wants.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tracing::debug;

use super::door::Peer;
use super::health::{ConsoleHealth, count};
use super::patient::Patient;
use crate::config::console::LanConfig;
use crate::outputs::tak::tls;
use crate::streams;

/// Connections at once at the most, at each of both addresses. The next one is closed.
///
/// Counter: `connections_full`.
pub const CONNECTIONS_MAX: usize = 128;

/// Whoever has not agreed upon TLS or told a whole request after so long is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Accepts connections and answers them, until the task is dropped; each with the certificate of its time.
pub(super) async fn run(
    listener: TcpListener,
    tls: Option<watch::Receiver<TlsAcceptor>>,
    app: Router,
    health: Arc<ConsoleHealth>,
) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let (stream, peer) = streams::accept(&listener, "console").await;
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            count(&health.connections_full);
            continue;
        };
        let app = app.clone().layer(Extension(Peer(peer.ip().to_canonical())));
        let (tls, health) = (tls.as_ref().map(|tls| tls.borrow().clone()), Arc::clone(&health));
        tokio::spawn(async move {
            if let Err(e) = talk(stream, tls, app, health).await {
                debug!("a connection ended: {e}");
            }
            drop(seat);
        });
    }
}

async fn talk(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    app: Router,
    health: Arc<ConsoleHealth>,
) -> Result<(), Box<dyn core::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(answer(Patient::new(stream, health), app).await?) };
    let agreed = tokio::time::timeout(PATIENCE, tls.accept(stream)).await;
    match agreed.map_err(io::Error::from).and_then(|agreed| agreed) {
        Ok(stream) => Ok(answer(Patient::new(stream, health), app).await?),
        Err(e) => {
            count(&health.handshakes_failed);
            Err(e.into())
        }
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, app: Router) -> hyper::Result<()> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades()
        .await
}

/// TLS with this node's certificate. Viewers show a token, not one of theirs.
///
/// # Errors
/// Which file cannot be used, why, and the remedy.
pub(crate) fn acceptor(lan: &LanConfig) -> Result<TlsAcceptor, String> {
    let certificates = tls::certificates(&lan.certificate)?;
    let key = tls::private_key(&lan.key)?;
    let mut server = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|e| tls::unfit(&lan.certificate, &lan.key, &e))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}
