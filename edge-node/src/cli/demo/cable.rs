//! A cable between two nodes of a demo: real connections over loopback, as slow as a radio, which can be cut and
//! healed.
//!
//! While it is cut nothing passes and nothing is lost: what was under way waits, as TCP has it on a radio that is out
//! of reach, and both ends find out by themselves. Connections are carried whole, so loss is not shown: TCP would
//! repeat what is lost, and so it only costs time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Sleep, sleep};

/// What is under way at once at the most, in pieces of half a kilobyte; a sender finds its buffer full.
///
/// No counter: nothing is lost, it waits with the sender.
pub const PIECES_MAX: usize = 64;

const PIECE_BYTES: usize = 512;

/// What a cable does to what it carries.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Bits per second each way; without it, as much as there is.
    pub rate_bit_s: Option<f64>,
    /// How long a byte is under way.
    pub delay: Duration,
}

/// A cable, with an end to connect to.
#[derive(Debug)]
pub struct Cable {
    /// Where the one who dials connects.
    pub near: SocketAddr,
    whole: watch::Sender<bool>,
    carried: Arc<AtomicU64>,
}

impl Cable {
    /// Lays a cable from a free port on loopback to one who listens. To be called within a runtime.
    ///
    /// # Errors
    /// If loopback has no port to give.
    pub async fn lay(far: SocketAddr, quality: Quality) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let near = listener.local_addr()?;
        let (whole, watched) = watch::channel(true);
        let carried = Arc::new(AtomicU64::new(0));
        tokio::spawn(accept(listener, far, Core { quality, whole: watched, carried: Arc::clone(&carried) }));
        Ok(Self { near, whole, carried })
    }

    /// Cuts it, or heals it.
    pub fn set_whole(&self, whole: bool) {
        self.whole.send_replace(whole);
    }

    /// Whether it is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self.whole.borrow()
    }

    /// Bytes that came out of it, both ways together.
    #[must_use]
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

/// What all connections through a cable share.
#[derive(Clone)]
struct Core {
    quality: Quality,
    whole: watch::Receiver<bool>,
    carried: Arc<AtomicU64>,
}

async fn accept(listener: TcpListener, far: SocketAddr, core: Core) {
    while let Ok((near, _)) = listener.accept().await {
        let mut core = core.clone();
        tokio::spawn(async move {
            core.until_whole().await;
            // Nobody there: whoever dialled sees the connection close, and dials again.
            if let Ok(far) = TcpStream::connect(far).await {
                core.carry(near, far).await;
            }
        });
    }
}

impl Core {
    /// Waits while it is cut; for ever, once the cable is gone.
    async fn until_whole(&mut self) {
        if self.whole.wait_for(|whole| *whole).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Carries both ways until either end closes; then both are closed.
    async fn carry(self, near: TcpStream, far: TcpStream) {
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::select! {
            () = self.clone().one_way(near_in, far_out) => {}
            () = self.one_way(far_in, near_out) => {}
        }
    }

    async fn one_way(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let (sender, mut under_way) = mpsc::channel::<(Pin<Box<Sleep>>, Vec<u8>)>(PIECES_MAX);
        let quality = self.quality;
        let mut sending = self.clone();
        let enter = async move {
            let mut piece = [0; PIECE_BYTES];
            loop {
                sending.until_whole().await;
                let Ok(length @ 1..) = from.read(&mut piece).await else { return };
                if let Some(rate) = quality.rate_bit_s {
                    #[expect(clippy::cast_precision_loss, reason = "a piece is short")]
                    sleep(Duration::from_secs_f64(length as f64 * 8.0 / rate)).await;
                }
                // It counts from now, not from when it is waited for.
                let way = Box::pin(sleep(quality.delay));
                if sender.send((way, piece[..length].to_vec())).await.is_err() {
                    return;
                }
            }
        };
        let leave = async move {
            while let Some((way, piece)) = under_way.recv().await {
                way.await;
                self.until_whole().await;
                if to.write_all(&piece).await.is_err() {
                    return;
                }
                self.carried.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
        };
        tokio::join!(enter, leave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ends of a connection through a cable to a listener.
    async fn through(quality: Quality) -> (Cable, TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback");
        let cable = Cable::lay(listener.local_addr().expect("bound"), quality).await.expect("loopback");
        let near = TcpStream::connect(cable.near).await.expect("a cable accepts");
        let (far, _) = listener.accept().await.expect("the cable connects");
        (cable, near, far)
    }

    async fn reads(stream: &mut TcpStream, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await.expect("what was sent");
        bytes
    }

    #[tokio::test]
    async fn what_is_sent_into_a_cut_cable_comes_when_it_is_whole_again() {
        let (cable, mut near, mut far) = through(Quality::default()).await;
        near.write_all(b"before").await.expect("sent");
        assert_eq!(reads(&mut far, 6).await, b"before");
        cable.set_whole(false);
        near.write_all(b"during").await.expect("the system takes it");
        let mut none = [0; 6];
        let waited = tokio::time::timeout(Duration::from_millis(200), far.read(&mut none)).await;
        assert!(waited.is_err(), "nothing passes a cut cable");
        cable.set_whole(true);
        assert_eq!(reads(&mut far, 6).await, b"during");
        far.write_all(b"back").await.expect("sent");
        assert_eq!(reads(&mut near, 4).await, b"back");
        assert_eq!(cable.carried(), 16);
    }

    #[tokio::test]
    async fn an_end_that_closes_closes_the_other() {
        let (_cable, near, mut far) = through(Quality::default()).await;
        drop(near);
        assert_eq!(far.read(&mut [0]).await.expect("closed in order"), 0);
    }
}
