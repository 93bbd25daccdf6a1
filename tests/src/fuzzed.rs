//! What is fuzzed: one function per decoder, from arbitrary bytes to whatever it makes of them.
//!
//! `tests/fuzz` runs them under libFuzzer, which looks for panics, hangs and growth; `tests/fuzz_corpus.rs` replays the
//! committed corpora on every run. The first octet of an input chooses how the rest is cut into pieces: decoders of
//! streams must not care.

pub mod ais;
pub mod asterix;
pub mod asterix_direction_finder;
pub mod asterix_drone_radar;
pub mod asterix_system_tracks;
pub mod asterix_targets;
pub mod cot;
pub mod journal;
pub mod klv;
pub mod kraken;
pub mod mavlink;
pub mod mesh;
pub mod mode_s;
pub mod past;
pub mod plots;
pub mod remote_id;
pub mod sapient;
pub mod sbs;

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::{Decoder, Report};

/// One decoder under fuzz.
pub type Target = fn(&[u8]);

/// The targets by name: the name of the binary in `tests/fuzz/fuzz_targets` and of its corpus.
#[rustfmt::skip] // one line each
pub const TARGETS: &[(&str, Target)] = &[
    ("ais", ais::target),
    ("asterix", asterix::target),
    ("asterix_targets", asterix_targets::target),
    ("asterix_direction_finder", asterix_direction_finder::target),
    ("asterix_drone_radar", asterix_drone_radar::target),
    ("asterix_system_tracks", asterix_system_tracks::target),
    ("cot", cot::target),
    ("journal", journal::target),
    ("klv", klv::target),
    ("kraken", kraken::target),
    ("mavlink", mavlink::target),
    ("mesh", mesh::target),
    ("mode_s", mode_s::target),
    ("past", past::target),
    ("plots", plots::target),
    ("remote_id", remote_id::target),
    ("sbs", sbs::target),
    ("sapient", sapient::target),
];

/// Reports that a decoder may hold back at the most: what is beyond was not bounded.
const REPORTS_MAX_PER_INPUT: usize = 1 << 20;

/// Feeds a decoder with bytes in pieces, lets time pass, and takes all that comes out.
///
/// # Panics
/// If a decoder reports without end, or reports what no decoder may: a value that is not finite, a list beyond its
/// bound.
pub fn feed(decoder: &mut dyn Decoder, input: &[u8]) {
    let Some((&cut, bytes)) = input.split_first() else { return };
    let mut now = Timestamp::from_secs(1_700_000_000);
    for piece in bytes.chunks(if cut == 0 { usize::MAX } else { usize::from(cut) }) {
        decoder.handle_bytes(piece, now);
        drain(decoder);
        now = now + Span::from_millis(50);
    }
    decoder.handle_timeout(now + Span::from_secs(60));
    drain(decoder);
    decoder.counters(&mut |name, _| assert!(!name.is_empty()));
}

fn drain(decoder: &mut dyn Decoder) {
    for _ in 0..REPORTS_MAX_PER_INPUT {
        match decoder.poll_report() {
            None => return,
            Some(Ok(Report::Scan(scan))) => {
                assert!(scan.returns.len() <= sensor_drivers::decoder::SCAN_RETURNS_MAX, "a scan beyond its bound");
                decoder.recycle(scan);
            }
            Some(Ok(Report::SourceTrack(_) | Report::SourceTrackEnd(_) | Report::Status(_))) => {}
            Some(Err(error)) => assert!(!error.to_string().is_empty()),
        }
    }
    panic!("a decoder reports without end");
}
