//! A connection that is closed once its other end has taken nothing for long: else whoever asks and does not read the
//! answer would keep a seat for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::health::{ConsoleHealth, count};

/// Longer than the page's own socket waits for a viewer, so that each is counted as what it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// The connection.
pub(super) struct Patient<S> {
    stream: S,
    health: Arc<ConsoleHealth>,
    patience: Duration,
    /// While it takes nothing.
    waits: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) const fn new(stream: S, health: Arc<ConsoleHealth>) -> Self {
        Self { stream, health, patience: PATIENCE, waits: None }
    }

    fn judge<T>(&mut self, taken: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if taken.is_ready() {
            self.waits = None;
            return taken;
        }
        let patience = self.patience;
        ready!(self.waits.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx));
        self.waits = None;
        count(&self.health.connections_stuck);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, format!("it took nothing for {patience:?}"))))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let taken = Pin::new(&mut this.stream).poll_write(cx, octets);
        this.judge(taken, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let taken = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        this.judge(taken, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let taken = Pin::new(&mut this.stream).poll_flush(cx);
        this.judge(taken, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let taken = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.judge(taken, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn who_takes_nothing_is_closed_and_counted_and_who_reads_slowly_is_not() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let health = Arc::new(ConsoleHealth::default());
        let patience = Duration::from_millis(400);
        let mut patient = Patient { patience, ..Patient::new(ours, Arc::clone(&health)) };
        let slow = tokio::spawn(async move {
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                theirs.read_exact(&mut [0; 16]).await.expect("it writes");
            }
            theirs
        });
        patient.write_all(&[7; 128]).await.expect("it is read all the while");
        let _theirs = slow.await.expect("it ends");
        assert_eq!(health.connections_stuck.load(Ordering::Relaxed), 0);
        let ended = patient.write_all(&[7; 64]).await.expect_err("nobody reads");
        assert_eq!((ended.kind(), health.connections_stuck.load(Ordering::Relaxed)), (io::ErrorKind::TimedOut, 1));
    }
}
