//! A day without a neighbour, with fifty thousand rows: what it costs in memory, and the longest that any one call to
//! the replica takes, before, meanwhile and while it heals. Times are those that this machine's core spent on the call,
//! whatever else it did meanwhile; beside them stands how many rows a call looks at, which is the same everywhere. A
//! call that took long is made again, with the whole day before it: what the machine did to it once, and not the call
//! itself, is told apart so.

use std::collections::BTreeMap;

use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::nalgebra::{Vector3, Vector6};
use fusion_core::time::Span;
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};
use proto::replica::{Bearer, LinkEvent, LinkId, Now, Replica, ReplicaConfig};
use rustix::time::{ClockId, clock_gettime};
use tests::resident_kb;
use tests::world::channel::{Channel, Quality};
use tests::world::node::{BEGIN, clearance};
use tests::world::random::Random;
use tests::world::tracks::{middle, open_label};

/// Two rows each.
const TRACKS: u16 = 25_000;
/// Each track is told anew after so many seconds.
const TURN_S: i64 = 480;
const LINK: LinkId = LinkId(0);

/// How long calls took, of each kind how many by the eighth of an octave of microseconds, and the most rows that one
/// looked at.
struct Calls {
    bins: [[u64; BINS]; 5],
    looked: [u64; 5],
    /// How many were made, of all parts of the day.
    made: u64,
    /// Those that took too long, by their place among all, microseconds.
    long: BTreeMap<u64, f64>,
}

/// Longer than this no call may take, microseconds.
const MICROS_MAX: f64 = 1e3;

const BINS: usize = 160;

const KINDS: [&str; 5] = ["publish", "timeout", "packet", "transmit", "change"];

impl Calls {
    fn new() -> Self {
        Self { bins: [[0; BINS]; 5], looked: [0; 5], made: 0, long: BTreeMap::new() }
    }

    fn clear(&mut self) {
        (self.bins, self.looked) = ([[0; BINS]; 5], [0; 5]);
    }

    fn time<T>(&mut self, kind: usize, node: &mut Replica, act: impl FnOnce(&mut Replica) -> T) -> T {
        let looked = node.tally().rows_looked_at;
        let began = spent_micros();
        let result = act(node);
        let micros = spent_micros() - began;
        if micros > MICROS_MAX {
            self.long.insert(self.made, micros);
        }
        self.made += 1;
        self.bins[kind][bin(micros)] += 1;
        self.looked[kind] = self.looked[kind].max(node.tally().rows_looked_at - looked);
        result
    }

    /// The longest call, microseconds, and its kind.
    fn longest(&self) -> (f64, &'static str) {
        let each = self.bins.iter().zip(KINDS).map(|(calls, kind)| (micros_within(calls, 1.0), kind));
        each.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, ""))
    }

    fn tell(&self, when: &str) {
        println!("  {when}: RSS {:.0} MB", 1e-3 * resident_kb());
        for ((name, calls), looked) in KINDS.iter().zip(&self.bins).zip(self.looked) {
            let count: u64 = calls.iter().sum();
            let within = |share: f64| micros_within(calls, share);
            let (half, rare, longest) = (within(0.5), within(0.999), within(1.0));
            println!(
                "    {name:9} {count:9} calls, µs: half within {half:6.1}, 99.9 % {rare:7.1}, all {longest:7.0}; \
                 rows looked at ≤ {looked}"
            );
        }
    }
}

/// What this thread has computed so far, microseconds.
#[expect(clippy::cast_precision_loss, reason = "seconds and nanoseconds")]
fn spent_micros() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 * 1e6 + spent.tv_nsec as f64 * 1e-3
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index, clamped")]
fn bin(micros: f64) -> usize {
    ((fusion_core::maths::ln(micros.max(0.1) * 10.0) * 8.0 / core::f64::consts::LN_2) as usize).min(BINS - 1)
}

/// The upper edge of the bin within which this share of calls lies.
#[expect(clippy::cast_precision_loss, reason = "counts and indexes")]
fn micros_within(calls: &[u64; BINS], share: f64) -> f64 {
    let (count, mut sum) = (calls.iter().sum::<u64>() as f64, 0.0);
    for (k, calls) in calls.iter().enumerate() {
        sum += *calls as f64;
        if count > 0.0 && sum >= share * count {
            return 0.1 * fusion_core::maths::exp((k as f64 + 1.0) / 8.0 * core::f64::consts::LN_2);
        }
    }
    0.0
}

/// Two replicas, of which one has much to say.
struct Pair {
    nodes: [Replica; 2],
    channels: [Channel; 2],
    arriving: Vec<(Span, usize, Vec<u8>)>,
    random: Random,
    at: Span,
    calls: Calls,
    worst: Worst,
    tells: bool,
}

/// The most that anything took, of all parts of the day.
#[derive(Clone, Copy, Default)]
struct Worst {
    resident_mb: f64,
    longest: (f64, &'static str, &'static str),
    looked: u64,
}

impl Pair {
    fn new(tells: bool) -> Self {
        let quality = Quality::good(1e6, 1e5);
        let node = |k: u64| {
            let me = Origin { node: NodeId(k), incarnation: 1 };
            Replica::new(me, ReplicaConfig::default(), now(Span::ZERO))
        };
        Self {
            nodes: [node(1), node(2)],
            channels: [Channel::new(quality), Channel::new(quality)],
            arriving: Vec::new(),
            random: Random::new(5),
            at: Span::ZERO,
            calls: Calls::new(),
            worst: Worst::default(),
            tells,
        }
    }

    fn link(&mut self, up: bool) {
        let bearer = Bearer { rate_hint: 125e3, mtu: 1400, overhead: 41, clearance: clearance(true), layer: 0 };
        let event = if up { LinkEvent::Up(bearer) } else { LinkEvent::Down };
        self.nodes.iter_mut().for_each(|node| node.handle_link(LINK, event, now(self.at)));
    }

    /// One second: a share of the tracks is told anew, and both talk in steps of 20 ms if they can.
    fn second(&mut self, linked: bool) {
        let second = self.at.as_nanos() / 1_000_000_000;
        let steps = if linked { 50 } else { 1 };
        for step in 0..steps {
            let each = i64::from(TRACKS);
            let of_turn = (second % TURN_S) * steps + step;
            let (from, to) = (each * of_turn / (TURN_S * steps), each * (of_turn + 1) / (TURN_S * steps));
            for k in from..to {
                let (record, now) = (record(k, self.at), now(self.at));
                self.calls.time(0, &mut self.nodes[0], |node| node.handle_publish(&record, None, now));
            }
            self.step();
            let next = self.at + Span::from_nanos(1_000_000_000 / steps);
            if !linked {
                self.wait(next);
            }
            self.at = next;
        }
    }

    /// Gives the replicas their turns when they ask for them, and not only at the next step.
    fn wait(&mut self, until: Span) {
        while let Some(due) = self.nodes.iter().filter_map(Replica::poll_timeout).min().filter(|due| *due < until) {
            self.at = self.at.max(due);
            for node in &mut self.nodes {
                let now = now(self.at);
                if node.poll_timeout().is_some_and(|due| due <= self.at) {
                    self.calls.time(1, node, |node| node.handle_timeout(now));
                    while self.calls.time(4, node, Replica::poll_change).is_some() {}
                }
            }
        }
    }

    fn step(&mut self) {
        let due: Vec<_> = self.arriving.extract_if(.., |(time, ..)| *time <= self.at).collect();
        for (_, to, bytes) in due {
            let (node, now) = (&mut self.nodes[to], now(self.at));
            let _ = self.calls.time(2, node, |node| node.handle_packet(LINK, &bytes, now));
        }
        for k in 0..2 {
            let (node, now) = (&mut self.nodes[k], now(self.at));
            self.calls.time(1, node, |node| node.handle_timeout(now));
            while self.calls.time(4, node, Replica::poll_change).is_some() {}
            while let Some(bytes) = self.calls.time(3, node, |node| node.poll_transmit(LINK)) {
                let carried = self.channels[k].carry(&bytes, self.at, &mut self.random);
                self.arriving.extend(carried.into_iter().map(|(time, bytes)| (time, 1 - k, bytes)));
            }
        }
    }

    fn run(&mut self, seconds: i64, linked: bool, when: &'static str) {
        self.calls.clear();
        (0..seconds).for_each(|_| self.second(linked));
        if self.tells {
            self.calls.tell(when);
        }
        let Worst { resident_mb: most, longest, looked } = self.worst;
        let (micros, kind) = self.calls.longest();
        self.worst = Worst {
            resident_mb: most.max(1e-3 * resident_kb()),
            longest: if micros > longest.0 { (micros, kind, when) } else { longest },
            looked: self.calls.looked.iter().copied().fold(looked, u64::max),
        };
    }
}

fn now(elapsed: Span) -> Now {
    Now { validity: BEGIN + elapsed, elapsed }
}

/// A track that is somewhere else whenever it is told.
fn record(k: i64, at: Span) -> TrackRecord {
    let number = u16::try_from(k).expect("fewer than 65,536");
    let (row, column) = (f64::from(number / 200), f64::from(number % 200));
    let turn = at.as_nanos() / 1_000_000_000 / TURN_S % 2;
    let place = Vector3::new(column * 300.0, row * 300.0, if turn == 0 { 500.0 } else { 900.0 });
    let estimate = Estimate {
        time: BEGIN + at,
        position: Position::from_vector(middle().to_ecef().vector() + middle().enu_axes().tr_mul(&place)),
        velocity: Velocity::new(10.0, 5.0, 0.0),
        covariance: Covariance::from_sigmas(&Vector6::new(15.0, 15.0, 15.0, 2.0, 2.0, 2.0)).expect("positive"),
    };
    let origin = Origin { node: NodeId(1), incarnation: 1 };
    TrackRecord {
        id: TrackId { origin, number: TrackNumber(u64::from(number) + 1) },
        version: Seq(u64::try_from(at.as_nanos()).unwrap_or(0)),
        status: Some(TrackStatus::Confirmed),
        estimate,
        identity: Identity { class: ObjectClass::Uav, ..Identity::UNKNOWN },
        label: open_label(),
        sensors: vec!["radar".to_owned()],
        updates: 4,
        source_track: false,
        in_common: InCommon::UNKNOWN,
    }
}

/// The day, told or only lived through.
fn live(tells: bool) -> Pair {
    let mut pair = Pair::new(tells);
    let tell_held = |pair: &Pair| {
        if tells {
            println!("    held there: {} rows", pair.nodes[1].table().len());
        }
    };
    pair.run(TURN_S, false, "8 min alone");
    pair.link(true);
    pair.run(180, true, "met, 3 min");
    tell_held(&pair);
    pair.link(false);
    pair.run(24 * 3600, false, "cut, 24 h");
    tell_held(&pair);
    pair.link(true);
    pair.run(180, true, "healed, 3 min");
    tell_held(&pair);
    pair
}

/// The table.
pub fn day() {
    println!("{} rows, cut for 24 h, then healed over 1 Mbit/s, every row written every 8 min", 2 * u32::from(TRACKS));
    println!("  before anything: RSS {:.0} MB", 1e-3 * resident_kb());
    let pair = live(true);
    let Worst { resident_mb, longest: (micros, kind, when), looked } = pair.worst;
    println!(
        "  both replicas: RSS {resident_mb:.0} MB (≤ 64 each), still waiting {}; {looked} rows looked at",
        pair.nodes[0].waiting(LINK)
    );
    let long = &pair.calls.long;
    let again = if long.is_empty() { BTreeMap::new() } else { live(false).calls.long };
    let both = long.iter().filter_map(|(place, micros)| Some(micros.min(*again.get(place)?)));
    let (count, longest) = both.fold((0, 0.0), |(count, most), micros: f64| (count + 1, micros.max(most)));
    println!(
        "  calls of more than 1 ms (0): {count}{}; {} were so once, the longest {:.2} ms ({kind}, {when}), and not \
         when the same day was lived again",
        if count > 0 { format!(", {:.2} ms", longest / 1e3) } else { String::new() },
        long.len() - count,
        micros / 1e3
    );
}
