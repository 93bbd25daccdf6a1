//! One direction of a link: a rate, a queue, a delay, bursts of loss (Gilbert 1960, Elliott 1963), reordering,
//! doubling, damage, cuts.

use fusion_core::time::Span;

use super::random::Random;

/// What a direction of a link does to packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Bits per second.
    pub rate: f64,
    /// Octets that wait at the most; what comes to a full queue is dropped.
    pub queue: f64,
    /// Time on the way, seconds.
    pub delay_s: f64,
    /// Time on the way may be longer by up to this.
    pub jitter_s: f64,
    /// Share of packets lost over time.
    pub loss: f64,
    /// How many are lost in a row on average; 1: each by itself.
    pub burst: f64,
    /// Share that comes twice.
    pub doubled: f64,
    /// Share of which a bit is turned.
    pub damaged: f64,
    /// Octets added to each packet by what carries it.
    pub overhead: f64,
}

impl Quality {
    /// A good line of this rate and queue: 20 ms, one packet in a hundred lost, UDP over Ethernet.
    #[must_use]
    pub const fn good(rate: f64, queue: f64) -> Self {
        Self {
            rate,
            queue,
            delay_s: 0.02,
            jitter_s: 0.0,
            loss: 0.01,
            burst: 1.0,
            doubled: 0.0,
            damaged: 0.0,
            overhead: 41.0,
        }
    }
}

/// A direction of a link.
#[derive(Clone, Debug)]
pub struct Channel {
    /// What it does.
    pub quality: Quality,
    /// Whether it carries anything.
    pub open: bool,
    /// Octets that were given to it, with what carries them.
    pub octets: f64,
    /// Packets that were given to it.
    pub packets: u64,
    free_at: Span,
    bad: bool,
}

impl Channel {
    /// An open one.
    #[must_use]
    pub const fn new(quality: Quality) -> Self {
        Self { quality, open: true, octets: 0.0, packets: 0, free_at: Span::ZERO, bad: false }
    }

    /// Puts a packet in; when it comes out, and as what: never, once or twice.
    #[expect(clippy::cast_precision_loss, reason = "packets are small")]
    pub fn carry(&mut self, bytes: &[u8], now: Span, random: &mut Random) -> Vec<(Span, Vec<u8>)> {
        let size = bytes.len() as f64 + self.quality.overhead;
        self.octets += size;
        self.packets += 1;
        let start = self.free_at.max(now);
        let waiting = (start - now).as_secs_f64() * self.quality.rate / 8.0;
        if waiting + size > self.quality.queue.max(size) {
            return Vec::new();
        }
        self.free_at = start + Span::from_secs_f64(size * 8.0 / self.quality.rate);
        if !self.open || self.loses(random) {
            return Vec::new();
        }
        let copies = 1 + usize::from(random.chance(self.quality.doubled));
        (0..copies).map(|_| (self.free_at + self.way(random), self.damage(bytes, random))).collect()
    }

    /// When all that was put in has left.
    #[must_use]
    pub const fn free_at(&self) -> Span {
        self.free_at
    }

    fn way(&self, random: &mut Random) -> Span {
        Span::from_secs_f64(self.quality.delay_s + self.quality.jitter_s * random.unit())
    }

    /// Two states: in the bad one everything is lost. Its share is the loss, its length the burst.
    fn loses(&mut self, random: &mut Random) -> bool {
        let Quality { loss, burst, .. } = self.quality;
        if burst <= 1.0 {
            return random.chance(loss);
        }
        let leave = 1.0 / burst;
        let enter = leave * loss / (1.0 - loss).max(0.01);
        self.bad = if self.bad { !random.chance(leave) } else { random.chance(enter) };
        self.bad
    }

    fn damage(&self, bytes: &[u8], random: &mut Random) -> Vec<u8> {
        let mut copy = bytes.to_vec();
        if random.chance(self.quality.damaged) && !copy.is_empty() {
            let at = random.index(copy.len());
            copy[at] ^= 1 << random.below(8);
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality() -> Quality {
        Quality {
            rate: 8000.0,
            queue: 1e9,
            delay_s: 0.1,
            jitter_s: 0.0,
            loss: 0.0,
            burst: 1.0,
            doubled: 0.0,
            damaged: 0.0,
            overhead: 0.0,
        }
    }

    #[test]
    fn a_packet_takes_its_size_over_the_rate_and_the_delay() {
        let (mut channel, mut random) = (Channel::new(quality()), Random::new(1));
        assert_eq!(channel.carry(&[0; 500], Span::ZERO, &mut random)[0].0, Span::from_millis(600));
        assert_eq!(channel.carry(&[0; 500], Span::ZERO, &mut random)[0].0, Span::from_millis(1100));
        channel.open = false;
        assert!(channel.carry(&[0; 500], Span::ZERO, &mut random).is_empty());
    }

    #[test]
    fn bursts_lose_as_much_as_they_should() {
        let mut channel = Channel::new(Quality { loss: 0.2, burst: 5.0, ..quality() });
        let mut random = Random::new(7);
        let came = (0..20_000).filter(|_| !channel.carry(&[0; 1], Span::ZERO, &mut random).is_empty()).count();
        assert!((15_000..17_000).contains(&came), "{came}");
    }

    #[test]
    fn a_full_queue_drops() {
        let mut channel = Channel::new(Quality { queue: 1200.0, ..quality() });
        let mut random = Random::new(7);
        let came = (0..5).filter(|_| !channel.carry(&[0; 500], Span::ZERO, &mut random).is_empty()).count();
        assert_eq!(came, 2);
    }
}
