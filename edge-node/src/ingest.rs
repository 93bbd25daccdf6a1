//! What sensors send, over whatever they send it: stamped with the time of receipt, into the inbox. Nothing is decoded
//! here, so that a recording of what came in replays exactly what was fused.
//!
//! One task per endpoint, which opens it again and again; for a listening endpoint one more per client. What the
//! sensor's decoder answers goes back over the connection that it came by.

mod bucket;
pub mod http;
pub mod http_push;
pub mod links;
pub(crate) mod udp;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fusion_core::measurement::SensorId;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_serial::{SerialPortBuilderExt, SerialStream};
use tracing::{debug, info, warn};

use crate::clock::Clock;
use crate::config::Endpoint;
use crate::config::endpoint::{HttpEndpoint, SerialEndpoint, UdpEndpoint};
use crate::config::intake::IntakeConfig;
use crate::inbox::{Inbox, Received};
use crate::node::{Arrival, Link};
use crate::streams::{self, Backoff};
use bucket::TokenBucket;
use http::NoPage;
use links::{Links, count};

/// Largest datagram, and largest piece of a stream read at once, in bytes.
///
/// No counter: it is the largest that UDP can carry.
pub const DATAGRAM_BYTES_MAX: usize = 65_536;

const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_LAST: Duration = Duration::from_secs(10);
/// A server that says nothing for so long is taken for dead and connected anew.
const SERVER_IDLE: Duration = Duration::from_secs(60);
/// A connection that does not take an answer for so long is closed.
const REPLY_PATIENCE: Duration = Duration::from_secs(5);

/// One sensor's way in.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// Whose bytes these are.
    sensor: SensorId,
    /// Its name, for the log.
    name: String,
    /// Where they go.
    inbox: Arc<Inbox>,
    /// Who tells the time of receipt.
    clock: Clock,
    /// How much is taken in, and how often is asked.
    intake: IntakeConfig,
    /// What is counted, and where answers go.
    links: Arc<Links>,
    bucket: Arc<Mutex<TokenBucket>>,
}

impl Ingest {
    /// The way in of a sensor by its number and name.
    #[must_use]
    pub fn new(sensor: SensorId, name: String, intake: IntakeConfig, inbox: Arc<Inbox>, clock: Clock) -> Self {
        let bucket = TokenBucket::new(intake.bytes_max, intake.messages_max, clock.now().monotonic);
        let (links, bucket) = (Arc::new(Links::default()), Arc::new(Mutex::new(bucket)));
        Self { sensor, name, inbox, clock, intake, links, bucket }
    }

    /// What is counted, and where answers go.
    #[must_use]
    pub const fn links(&self) -> &Arc<Links> {
        &self.links
    }

    /// Reads an endpoint until the task is dropped (or, for a file, until its end).
    pub async fn run(self, endpoint: Endpoint) {
        let mut backoff = Backoff::new(BACKOFF_FIRST, BACKOFF_LAST);
        loop {
            let outcome = match &endpoint {
                Endpoint::None => return,
                Endpoint::Udp(endpoint) => self.udp(endpoint).await,
                Endpoint::Tcp(server) => self.tcp(server, &mut backoff).await,
                Endpoint::TcpListen(address) => self.tcp_listen(*address).await,
                Endpoint::Serial(line) => self.serial(line, &mut backoff).await,
                Endpoint::Http(page) => self.http(page, &mut backoff).await,
                Endpoint::HttpListen(push) => self.http_listen(push).await,
                Endpoint::File(path) => self.file(path).await,
            };
            match outcome {
                Ok(()) if matches!(endpoint, Endpoint::File(_)) => return,
                Ok(()) => info!(sensor = %self.name, "stream ended; connecting again in {:?}", backoff.next()),
                Err(e) => warn!(sensor = %self.name, "{e}; trying again in {:?}", backoff.next()),
            }
            count(&self.links.counters.failed);
            backoff.pause().await;
        }
    }

    /// Reads an endpoint until another is to be read, and then that.
    pub async fn follow(self, mut endpoint: watch::Receiver<Endpoint>) {
        loop {
            let now = endpoint.borrow_and_update().clone();
            let reading = async {
                self.clone().run(now).await;
                std::future::pending::<()>().await;
            };
            let other = async {
                if endpoint.changed().await.is_err() {
                    // Nobody is left who could change it.
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = reading => {}
                () = other => info!(sensor = %self.name, "listens elsewhere"),
            }
        }
    }

    async fn udp(&self, endpoint: &UdpEndpoint) -> std::io::Result<()> {
        let socket = udp::bind(endpoint)?;
        self.opened();
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let (length, _) = socket.recv_from(&mut buffer).await?;
            self.take(Link::default(), &buffer[..length]);
        }
    }

    async fn tcp(&self, server: &str, backoff: &mut Backoff) -> std::io::Result<()> {
        let stream = TcpStream::connect(server).await?;
        streams::prepare(&stream)?;
        self.opened();
        backoff.reset();
        self.only_link(stream, SERVER_IDLE).await
    }

    async fn tcp_listen(&self, address: SocketAddr) -> std::io::Result<()> {
        let listener = TcpListener::bind(address).await?;
        self.opened();
        let mut clients = JoinSet::new();
        loop {
            while clients.try_join_next().is_some() {}
            let (stream, peer) = streams::accept(&listener, &self.name).await;
            let Some((link, replies)) = self.links.claim(self.intake.clients_max) else {
                count(&self.links.counters.clients_refused);
                debug!(sensor = %self.name, "no place for a client from {peer}");
                continue;
            };
            let ingest = self.clone();
            clients.spawn(async move {
                let outcome = match streams::prepare(&stream) {
                    Ok(()) => ingest.converse(link, replies, stream, Duration::MAX).await,
                    Err(e) => ingest.released(link, Err(e)),
                };
                debug!(sensor = %ingest.name, "the client from {peer} left: {outcome:?}");
            });
        }
    }

    async fn serial(&self, line: &SerialEndpoint, backoff: &mut Backoff) -> std::io::Result<()> {
        let port: SerialStream = tokio_serial::new(line.path.to_string_lossy(), line.baud).open_native_async()?;
        self.opened();
        backoff.reset();
        self.only_link(port, Duration::MAX).await
    }

    /// Fetches a page again and again. That the server rewrites it meanwhile is no fault of anybody.
    async fn http(&self, page: &HttpEndpoint, backoff: &mut Backoff) -> std::io::Result<()> {
        let mut tick = tokio::time::interval(Duration::from_secs_f64(self.intake.poll_period_s));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut fetched = false;
        loop {
            tick.tick().await;
            match http::get(&page.authority, &page.path, http::PAGE_BYTES_MAX).await {
                Ok(bytes) => {
                    if !fetched {
                        self.opened();
                    }
                    fetched = true;
                    backoff.reset();
                    self.take(Link::default(), &bytes);
                }
                Err(NoPage::Torn) => count(&self.links.counters.pages_torn),
                Err(e @ (NoPage::TooLong(_) | NoPage::Refused(_) | NoPage::NoRequest)) => {
                    count(&self.links.counters.pages_refused);
                    return Err(std::io::Error::other(e));
                }
                Err(e @ (NoPage::Unreachable(_) | NoPage::Broken(_) | NoPage::TooSlow)) => {
                    return Err(std::io::Error::other(e));
                }
            }
        }
    }

    async fn file(&self, path: &Path) -> std::io::Result<()> {
        let mut file = tokio::fs::File::open(path).await?;
        self.opened();
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            match file.read(&mut buffer).await? {
                0 => return Ok(()),
                length => self.push(Link::default(), Arrival::Bytes(buffer[..length].to_vec())),
            }
        }
    }

    /// A connection that is the only one of its sensor.
    async fn only_link(&self, stream: impl AsyncRead + AsyncWrite, idle: Duration) -> std::io::Result<()> {
        let (link, replies) = self.links.claim(1).expect("the one before has been given back");
        self.converse(link, replies, stream, idle).await
    }

    /// Takes what comes and sends what is answered, until either ends.
    async fn converse(
        &self,
        link: Link,
        replies: Receiver<Vec<u8>>,
        stream: impl AsyncRead + AsyncWrite,
        idle: Duration,
    ) -> std::io::Result<()> {
        self.push(link, Arrival::Opened);
        let _open = Open { ingest: self, link };
        self.exchange(link, replies, stream, idle).await
    }

    fn released(&self, link: Link, outcome: std::io::Result<()>) -> std::io::Result<()> {
        self.links.release(link);
        outcome
    }

    async fn exchange(
        &self,
        link: Link,
        mut replies: Receiver<Vec<u8>>,
        stream: impl AsyncRead + AsyncWrite,
        idle: Duration,
    ) -> std::io::Result<()> {
        let (reader, writer) = tokio::io::split(stream);
        tokio::pin!(reader, writer);
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let silence = tokio::time::sleep(idle);
            tokio::pin!(silence);
            let length = loop {
                tokio::select! {
                    read = reader.read(&mut buffer) => break read?,
                    Some(reply) = replies.recv() => {
                        tokio::time::timeout(REPLY_PATIENCE, writer.write_all(&reply)).await??;
                        writer.flush().await?;
                    }
                    () = &mut silence => return Err(std::io::ErrorKind::TimedOut.into()),
                }
            };
            if length == 0 {
                return Ok(());
            }
            self.take(link, &buffer[..length]);
        }
    }

    fn opened(&self) {
        count(&self.links.counters.opened);
        info!(sensor = %self.name, "listening");
    }

    /// Takes bytes in, unless the sensor sends more than it may; whether they were.
    fn take(&self, link: Link, bytes: &[u8]) -> bool {
        let now = self.clock.now().monotonic;
        let admitted = self.bucket.lock().unwrap_or_else(PoisonError::into_inner).admits(bytes.len(), now);
        if admitted {
            self.push(link, Arrival::Bytes(bytes.to_vec()));
        } else {
            count(&self.links.counters.rate_limited);
        }
        admitted
    }

    fn push(&self, link: Link, arrival: Arrival) {
        self.inbox.push(Received { sensor: self.sensor, at: self.clock.now(), link, arrival });
    }
}

/// A connection that is open. However its task ends, the node learns of it and the link is free again.
struct Open<'a> {
    ingest: &'a Ingest,
    link: Link,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.ingest.push(self.link, Arrival::Closed);
        self.ingest.links.release(self.link);
    }
}
