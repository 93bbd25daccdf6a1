//! Habits of connections, whoever speaks over them: how long is waited before another try, for an opening, and for
//! someone who takes nothing; how many come in at once.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tracing::warn;

/// Connecting, and the greeting of TLS, may take so long.
const OPEN_PATIENCE: Duration = Duration::from_secs(10);
/// Who takes nothing for so long is left.
pub(crate) const WRITE_PATIENCE: Duration = Duration::from_secs(15);
/// A client may be silent for as long as it likes; whether it is still there, TCP asks this often.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// After a client could not be accepted, which is mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// The pause before another try: twice as long each time, to a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    last: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, last: Duration) -> Self {
        Self { first, last, next: first }
    }

    /// What the next pause is.
    pub(crate) const fn next(&self) -> Duration {
        self.next
    }

    /// It worked.
    pub(crate) const fn reset(&mut self) {
        self.next = self.first;
    }

    /// What was tried stood for so long before it ended. A server that takes a connection only to end it is none to be
    /// asked often: it did not work unless it stood longer than the longest pause.
    pub(crate) fn stood(&mut self, time: Duration) {
        if time > self.last {
            self.reset();
        }
    }

    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.step()).await;
    }

    fn step(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.last);
        pause
    }
}

/// What is opened, unless it takes too long.
pub(crate) async fn patiently<T>(opening: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let opened = tokio::time::timeout(OPEN_PATIENCE, opening).await;
    opened.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))?
}

/// The next client. A failure to accept one is told, and waited out.
pub(crate) async fn accept(listener: &TcpListener, name: &str) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(e) => warn!(name, "a client could not be accepted: {e}"),
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// What is said is sent at once, and whoever went without a word is found out.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Writes what comes, piece by piece, until no more will come. Whoever takes nothing for so long as `patience` is
/// counted and left.
pub(crate) async fn write_pieces(
    mut writer: impl AsyncWrite + Unpin,
    mut pieces: mpsc::Receiver<Vec<u8>>,
    patience: Duration,
    stuck: &AtomicU64,
) -> io::Result<()> {
    while let Some(piece) = pieces.recv().await {
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            let taken = while_it_reads(writer.write(rest), patience, stuck).await?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[taken..];
        }
        while_it_reads(writer.flush(), patience, stuck).await?;
    }
    Ok(())
}

async fn while_it_reads<T>(
    writing: impl Future<Output = io::Result<T>>,
    patience: Duration,
    stuck: &AtomicU64,
) -> io::Result<T> {
    tokio::time::timeout(patience, writing).await.unwrap_or_else(|_| {
        stuck.fetch_add(1, Ordering::Relaxed);
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("it took nothing for {patience:?}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[test]
    fn each_pause_is_twice_as_long_until_something_stood() {
        const SECOND: Duration = Duration::from_secs(1);
        let mut backoff = Backoff::new(SECOND, 5 * SECOND);
        let mut pause = |stood| {
            backoff.stood(stood * SECOND);
            backoff.step().as_secs()
        };
        assert_eq!([0, 0, 0, 5, 6, 0].map(&mut pause), [1, 2, 4, 5, 1, 2]);
    }

    #[tokio::test]
    async fn who_takes_nothing_more_is_counted_and_left() {
        let (stuck, patience) = (AtomicU64::new(0), Duration::from_millis(200));
        let (sender, receiver) = mpsc::channel(1);
        sender.try_send(vec![7; 64]).expect("room");
        let (ours, mut theirs) = tokio::io::duplex(16);
        let writing = tokio::spawn(async move {
            let ended = write_pieces(ours, receiver, patience, &stuck).await;
            (ended.expect_err("three of four are not taken").kind(), stuck.into_inner())
        });
        theirs.read_exact(&mut [0; 16]).await.expect("it writes");
        assert_eq!(writing.await.expect("it ends"), (io::ErrorKind::TimedOut, 1));
    }
}
