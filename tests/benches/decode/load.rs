//! One load: the same messages for our decoder and for a peer.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::{Decoder, Report};

use crate::allocations::allocations;
use crate::table::{Table, fixed, unknown, whole};

/// How long our decoder is run.
const RUN: Duration = Duration::from_secs(2);

pub const COLUMNS: [&str; 7] =
    ["load", "messages", "messages/s", "MB/s", "allocations/message", "peer, messages/s", "ratio"];

/// What arrives together: a datagram, or a piece of a stream.
pub type Pieces = Vec<Vec<u8>>;

pub struct Load {
    /// What is decoded, in a few words.
    pub name: &'static str,
    /// Messages in all pieces.
    pub messages: usize,
    /// The bytes, 1 ms apart.
    pub pieces: Pieces,
    /// Our decoder.
    pub decoder: Box<dyn Decoder>,
    /// The peer, if there is one.
    pub peer: Option<Peer>,
}

/// A program in another's language that decodes the same messages.
pub struct Peer {
    /// Its name and version.
    pub name: &'static str,
    /// Python source. It finds the pieces on standard input as lines of hexadecimal and prints how many messages it
    /// decoded and in how many seconds.
    pub script: &'static str,
}

impl Load {
    /// Adds the row of this load.
    #[expect(clippy::cast_precision_loss, reason = "figures to be read")]
    pub fn measure(mut self, table: &mut Table) {
        let octets: usize = self.pieces.iter().map(Vec::len).sum();
        let mut clock = Timestamp::from_secs(1_717_236_000);
        pass(&mut *self.decoder, &self.pieces, &mut clock);
        let before = allocations();
        let reports = pass(&mut *self.decoder, &self.pieces, &mut clock);
        let allocated = allocations() - before;
        assert!(reports > 0, "{}: nothing was decoded", self.name);
        let ours = self.messages as f64 / fastest(|| pass(&mut *self.decoder, &self.pieces, &mut clock)).as_secs_f64();
        let peers = self.peer.as_ref().and_then(|peer| peer.rate(&self.pieces));
        table.row([
            self.name.to_owned(),
            whole(self.messages as u64),
            fixed(ours, 0),
            fixed(ours * octets as f64 / self.messages as f64 / 1e6, 1),
            fixed(allocated as f64 / self.messages as f64, 3),
            fixed(peers, 0),
            peers.map_or_else(unknown, |rate| fixed(ours / rate, 0)),
        ]);
        match (&self.peer, peers) {
            (Some(peer), Some(_)) => table.note(format!("{}: beside {}", self.name, peer.name)),
            (Some(peer), None) => table.note(format!("{}: {} is not installed here", self.name, peer.name)),
            (None, _) => {}
        }
    }
}

/// Feeds everything, and counts the reports. Time goes on from pass to pass, since no decoder likes it to step back.
fn pass(decoder: &mut dyn Decoder, pieces: &Pieces, clock: &mut Timestamp) -> usize {
    let mut reports = 0;
    for piece in pieces {
        decoder.handle_bytes(piece, *clock);
        *clock = *clock + Span::from_millis(1);
        while let Some(report) = decoder.poll_report() {
            reports += 1;
            if let Ok(Report::Scan(scan)) = report {
                decoder.recycle(scan);
            }
        }
    }
    reports
}

/// Repeats for a while and tells the fastest time.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn fastest(mut pass: impl FnMut() -> usize) -> Duration {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < RUN {
        let pass_begin = Instant::now();
        std::hint::black_box(pass());
        best = best.min(pass_begin.elapsed());
    }
    best
}

impl Peer {
    /// Messages per second; `None` if the peer is not there.
    fn rate(&self, pieces: &Pieces) -> Option<f64> {
        let python = tests::oracle_python("decode")?;
        let mut child = Command::new(python)
            .args(["-c", self.script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut lines = String::new();
        for piece in pieces {
            piece.iter().for_each(|octet| lines.push_str(&format!("{octet:02x}")));
            lines.push('\n');
        }
        child.stdin.take()?.write_all(lines.as_bytes()).ok()?;
        let said = child.wait_with_output().ok()?;
        let text = String::from_utf8(said.stdout).ok()?;
        let mut numbers = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
        let (messages, seconds) = (numbers.next()?, numbers.next()?);
        (messages > 0.0 && seconds > 0.0).then(|| messages / seconds)
    }
}
