//! How fast a link may be sent to: measured by what comes of what was sent, so that no queue below us fills.
//!
//! After BBR (Cardwell et al. 2016), for links that lose packets at any load: what is known to have come **or to be
//! lost** counts as carried, since noise, not a full queue, is what loses packets on radio. A full queue shows as time:
//! when round trips take much longer than the shortest, the rate is lowered. The rate is the highest of late; packets
//! leave at that pace, now and then a little faster to find out whether more would go. What is under way is held to the
//! rate times the shortest round trip and a quarter of a second.

use fusion_core::time::Span;

use super::sack::Sent;

/// Rates beyond these are faults of measurement, bytes per second.
const RATE_LOW: f64 = 60.0;
const RATE_HIGH: f64 = 100e6;
/// A round trip so much longer than the shortest means that a queue is filling, seconds.
const QUEUED_S: f64 = 0.6;
/// What may wait in queues below, seconds.
const WAITING_S: f64 = 0.25;
/// How long the highest rate is remembered, in slots of a second each.
const SLOTS: usize = 10;
/// Gains by turns of a round trip each: faster once, slower once, then as measured.
const GAINS: [f64; 8] = [1.2, 0.85, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];

/// The pace of one link.
#[derive(Clone, Debug)]
pub struct Pace {
    hint: f64,
    highest: [f64; SLOTS],
    slot: i64,
    smoothed_s: Option<f64>,
    deviation_s: f64,
    shortest_s: f64,
    shortest_before_s: f64,
    lowered: Span,
    resolved: u64,
    resolved_at: Span,
    next: Span,
}

impl Pace {
    /// Begins with what is believed of the link, bytes per second.
    #[must_use]
    pub const fn new(hint: f64, now: Span) -> Self {
        Self {
            hint: hint.clamp(RATE_LOW, RATE_HIGH),
            highest: [0.0; SLOTS],
            slot: 0,
            smoothed_s: None,
            deviation_s: 0.0,
            shortest_s: f64::INFINITY,
            shortest_before_s: f64::INFINITY,
            lowered: now,
            resolved: 0,
            resolved_at: now,
            next: now,
        }
    }

    /// Bytes per second that the link is taken to carry.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let measured = self.highest.iter().copied().fold(0.0, f64::max);
        if measured > 0.0 { measured.clamp(RATE_LOW, RATE_HIGH) } else { self.hint }
    }

    /// The shortest round trip of late, seconds; a guess before there was any.
    #[must_use]
    pub const fn shortest_s(&self) -> f64 {
        let shortest = self.shortest_s.min(self.shortest_before_s);
        if shortest.is_finite() { shortest } else { 0.5 }
    }

    /// Bytes that may be under way.
    #[must_use]
    pub fn flight_bytes(&self, packet: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a packet's size")]
        let two = 2.0 * packet as f64;
        (self.rate() * (self.shortest_s() + WAITING_S)).max(two)
    }

    /// When the next packet may leave.
    #[must_use]
    pub const fn next(&self) -> Span {
        self.next
    }

    /// How long to wait for an acknowledgement.
    #[must_use]
    pub fn patience(&self, packet: usize) -> Span {
        let round = self.smoothed_s.unwrap_or(1.0) + 4.0 * self.deviation_s.max(0.02);
        #[expect(clippy::cast_precision_loss, reason = "a packet's size")]
        let sending = 2.0 * packet as f64 / self.rate();
        Span::from_secs_f64((round + sending + 0.1).clamp(0.15, 20.0))
    }

    /// What a packet sent now has to remember.
    #[must_use]
    pub const fn mark(&self) -> (u64, Span) {
        (self.resolved, self.resolved_at)
    }

    /// Notes that so many bytes leave now.
    pub fn handle_sent(&mut self, bytes: u32, now: Span) {
        let turn = now.as_secs_f64() / self.shortest_s().max(0.1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a remainder below eight")]
        let gain = GAINS[(turn % 8.0).max(0.0) as usize % 8];
        let from = if self.next > now { self.next } else { now };
        self.next = from + Span::from_secs_f64(f64::from(bytes) / (self.rate() * gain));
    }

    /// Notes that nothing was to be sent: time that passes so says nothing of the link.
    pub const fn handle_idle(&mut self, now: Span) {
        self.resolved_at = now;
    }

    /// Notes what became of a packet: it came, or is taken for lost.
    pub fn handle_resolved<C>(&mut self, sent: &Sent<C>, came: bool, now: Span) {
        self.resolved += u64::from(sent.bytes);
        self.resolved_at = now;
        self.roll(now);
        if came {
            self.note_round((now - sent.time).as_secs_f64(), now);
        }
        let elapsed = (now - sent.resolved.1).as_secs_f64().max(1e-3).max((now - sent.time).as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "bytes of a round trip")]
        let rate = (self.resolved - sent.resolved.0) as f64 / elapsed;
        if !sent.idle || rate > self.rate() {
            let slot = usize::try_from(self.slot.rem_euclid(10)).unwrap_or(0);
            self.highest[slot] = self.highest[slot].max(rate);
        }
    }

    fn note_round(&mut self, round_s: f64, now: Span) {
        let off = round_s - self.smoothed_s.unwrap_or(round_s);
        self.deviation_s = if self.smoothed_s.is_none() { 0.5 * round_s } else { 0.75 * self.deviation_s + 0.25 * off.abs() };
        self.smoothed_s = Some(self.smoothed_s.unwrap_or(round_s) + 0.125 * off);
        self.shortest_s = self.shortest_s.min(round_s);
        let pause = Span::from_secs_f64(round_s);
        if round_s > self.shortest_s() + QUEUED_S && now - self.lowered > pause {
            self.lowered = now;
            let lower = 0.85 * self.rate();
            self.highest = [0.0; SLOTS];
            self.highest[usize::try_from(self.slot.rem_euclid(10)).unwrap_or(0)] = lower;
        }
    }

    /// Forgets what is older than ten seconds, and the shortest round trip of half a minute ago.
    fn roll(&mut self, now: Span) {
        let slot = now.as_nanos() / 1_000_000_000;
        let last = self.rate();
        let passed = slot - self.slot;
        for k in 0..passed.clamp(0, 10) {
            self.highest[usize::try_from((slot - k).rem_euclid(10)).unwrap_or(0)] = 0.0;
        }
        if passed > 0 && slot / 30 != self.slot / 30 {
            (self.shortest_before_s, self.shortest_s) = (self.shortest_s, f64::INFINITY);
        }
        self.slot = slot.max(self.slot);
        // After silence there is nothing better than what was known before.
        if self.highest.iter().all(|&rate| rate <= 0.0) {
            self.hint = last;
        }
    }
}
