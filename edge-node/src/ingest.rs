//! One task per sensor: bytes from its endpoint, stamped with the time of receipt, into the inbox. Nothing is decoded
//! here, so that a recording of what came in replays exactly what was fused.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fusion_core::measurement::SensorId;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpStream, UdpSocket};
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::Endpoint;
use crate::inbox::{Inbox, Received};

/// Largest datagram, and largest piece of a stream read at once, in bytes.
///
/// No counter: it is the largest that UDP can carry.
pub const DATAGRAM_BYTES_MAX: usize = 65_536;

const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_LAST: Duration = Duration::from_secs(10);
/// A stream that says nothing for so long is taken for dead and connected anew.
const STREAM_IDLE_MAX: Duration = Duration::from_secs(60);

/// What whoever started a sensor's task can see of it.
#[derive(Debug, Default)]
pub struct LinkCounters {
    /// Times that the endpoint was opened.
    pub opened: AtomicU64,
}

/// One sensor's way in.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// Whose bytes these are.
    pub sensor: SensorId,
    /// Its name, for the log.
    pub name: String,
    /// Where they go.
    pub inbox: Arc<Inbox>,
    /// Who tells the time of receipt.
    pub clock: Clock,
    /// What is counted.
    pub counters: Arc<LinkCounters>,
}

impl Ingest {
    /// Reads the endpoint until the task is dropped (or, for a file, until its end).
    pub async fn run(self, endpoint: Endpoint) {
        let mut backoff = BACKOFF_FIRST;
        loop {
            let outcome = match &endpoint {
                Endpoint::None => return,
                Endpoint::Udp(address) => self.udp(*address).await,
                Endpoint::Tcp(server) => self.tcp(server, &mut backoff).await,
                Endpoint::File(path) => self.file(path).await,
            };
            match outcome {
                Ok(()) if matches!(endpoint, Endpoint::File(_)) => return,
                Ok(()) => info!(sensor = %self.name, "stream ended; connecting again in {backoff:?}"),
                Err(e) => warn!(sensor = %self.name, "{e}; trying again in {backoff:?}"),
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_LAST);
        }
    }

    async fn udp(&self, address: SocketAddr) -> std::io::Result<()> {
        let socket = bind(address).await?;
        self.opened();
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let (length, _) = socket.recv_from(&mut buffer).await?;
            self.push(&buffer[..length]);
        }
    }

    async fn tcp(&self, server: &str, backoff: &mut Duration) -> std::io::Result<()> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        self.opened();
        *backoff = BACKOFF_FIRST;
        self.stream(stream, STREAM_IDLE_MAX).await
    }

    async fn file(&self, path: &Path) -> std::io::Result<()> {
        let file = tokio::fs::File::open(path).await?;
        self.opened();
        self.stream(file, Duration::MAX).await
    }

    async fn stream(&self, mut from: impl AsyncRead + Unpin, idle_max: Duration) -> std::io::Result<()> {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let length = tokio::time::timeout(idle_max, from.read(&mut buffer)).await??;
            if length == 0 {
                return Ok(());
            }
            self.push(&buffer[..length]);
        }
    }

    fn opened(&self) {
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        info!(sensor = %self.name, "listening");
    }

    fn push(&self, bytes: &[u8]) {
        self.inbox.push(Received { sensor: self.sensor, at: self.clock.now(), bytes: bytes.to_vec() });
    }
}

async fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address).await?;
    match address.ip() {
        IpAddr::V4(group) if group.is_multicast() => socket.join_multicast_v4(group, Ipv4Addr::UNSPECIFIED)?,
        IpAddr::V6(group) if group.is_multicast() => socket.join_multicast_v6(&group, 0)?,
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    Ok(socket)
}
