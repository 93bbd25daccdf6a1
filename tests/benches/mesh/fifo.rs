//! A first-in-first-out replay: every update is a message of one size, queued without bound, repeated until it has
//! come. Generous: it writes as seldom as the gate lets our rows be written, and needs no acknowledgements.

use std::collections::{BTreeMap, VecDeque};

use fusion_core::time::Span;
use proto::row::RowKey;

use super::lag::quantile;

/// Messages of peers: name and octets per update.
pub const MESSAGES: [(&str, f64); 2] = [("CoT XML", 463.0), ("TAK protobuf", 204.0)];

/// A link as it serves a queue.
#[derive(Clone, Copy)]
pub struct Line {
    /// Bits per second.
    pub rate: f64,
    /// Share lost, and sent again.
    pub loss: f64,
    /// Octets around each message.
    pub overhead: f64,
    /// When it carries nothing.
    pub cut: Option<(Span, Span)>,
}

/// When each message has come.
fn serve(updates: &[(Span, RowKey)], octets: f64, line: Line) -> Vec<Span> {
    let each = Span::from_secs_f64((octets + line.overhead) * 8.0 / line.rate / (1.0 - line.loss));
    let mut free = Span::ZERO;
    let come = |time: Span| {
        let start = free.max(time);
        let start = match line.cut {
            Some((from, to)) if start >= from && start < to => to,
            _ => start,
        };
        free = start + each;
        free
    };
    updates.iter().map(|(time, _)| *time).map(come).collect()
}

/// Staleness, p95 over tracks and seconds between two times.
pub fn p95(updates: &[(Span, RowKey)], octets: f64, line: Line, from: Span, to: Span) -> f64 {
    let come = serve(updates, octets, line);
    let mut lags = Vec::new();
    let mut at = from;
    while at < to {
        let mut first: BTreeMap<RowKey, Span> = BTreeMap::new();
        let lacking = updates.iter().zip(&come).filter(|((time, _), came)| *time <= at && **came > at);
        for ((time, row), _) in lacking {
            first.entry(*row).or_insert(*time);
        }
        let tracks: std::collections::BTreeSet<_> = updates.iter().map(|(_, row)| *row).collect();
        lags.extend(tracks.iter().map(|row| first.get(row).map_or(0.0, |time| (at - *time).as_secs_f64())));
        at = at + Span::from_secs(10);
    }
    quantile(&mut lags, 0.95)
}

/// Seconds after a cut until everything written before its end has come.
pub fn heal_s(updates: &[(Span, RowKey)], octets: f64, line: Line) -> f64 {
    let Some((_, end)) = line.cut else { return 0.0 };
    let come = serve(updates, octets, line);
    let before = updates.iter().zip(come).filter(|((time, _), _)| *time <= end);
    let last: VecDeque<Span> = before.map(|(_, came)| came).collect();
    last.back().map_or(0.0, |last| (*last - end).as_secs_f64())
}
