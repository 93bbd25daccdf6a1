//! What the picture costs: microseconds for a change, and for a call that lets time pass, by the number of records.
//!
//! `cargo run --release -p tests --example picture_cost`

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a table for people")]

use std::time::Instant;

use edge_node::picture::Picture;
use fusion_core::frame::Velocity;
use fusion_core::gaussian::{Covariance, StateVector};
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::label::Label;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber, TrackStatus};
use proto::record::{Estimate, Seq, TrackRecord};
use proto::replica::Change;
use proto::row::gate::GateWidth;

const NOON: Timestamp = Timestamp::from_secs(1_700_049_600);
const NODES: u64 = 4;

fn origin(node: u64) -> Origin {
    Origin { node: NodeId(node), incarnation: 1 }
}

fn id(node: u64, object: u64) -> TrackId {
    TrackId { origin: origin(node), number: TrackNumber(object * 16 + node) }
}

/// Objects 300 m apart on a square, each told of by four nodes.
fn change(node: u64, object: u64, seconds: i64, claimed: bool) -> Change {
    let (row, column) = (object / 32, object % 32);
    let latitude = 52.0 + row as f64 * 0.0027 + node as f64 * 1e-5;
    let place = Geodetic::from_degrees(latitude, 21.0 + column as f64 * 0.0044, 300.0).unwrap();
    let record = TrackRecord {
        id: id(node, object),
        version: Seq(seconds.unsigned_abs()),
        status: Some(TrackStatus::Confirmed),
        estimate: Estimate {
            time: NOON + Span::from_secs(seconds),
            position: place.to_ecef(),
            velocity: Velocity::ZERO,
            covariance: Covariance::from_sigmas(&StateVector::new(10.0, 10.0, 20.0, 1.0, 1.0, 1.0)).unwrap(),
        },
        identity: Identity { class: ObjectClass::Uav, ..Identity::UNKNOWN },
        label: Label::STRICTEST,
        sensors: vec![format!("radar-{node}")],
        updates: 1,
        source_track: false,
        in_common: proto::record::InCommon::UNKNOWN,
    };
    Change::Track { record: Box::new(record), claim: claimed.then(|| id(1, object)), gate: GateWidth::Two }
}

struct Times(Vec<f64>);

impl Times {
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    fn of(&mut self, act: impl FnOnce()) {
        let begin = Instant::now();
        act();
        self.0.push(begin.elapsed().as_secs_f64() * 1e6);
    }

    fn told(&mut self) -> String {
        self.0.sort_by(f64::total_cmp);
        let at = |share: usize| self.0[(self.0.len() - 1) * share / 1000];
        format!("{:>7.1} {:>7.1} {:>8.1}", at(500), at(990), at(1000))
    }
}

fn main() {
    println!("                        a change, µs             a call of handle_timeout, µs");
    println!("records  claimed        p50     p99      max       p50     p99      max");
    for records in [100, 1_000, 4_000, 16_000_u64] {
        for claimed in [false, true] {
            let mut picture = Picture::shared(origin(1));
            let (mut changes, mut calls) = (Times(Vec::new()), Times(Vec::new()));
            for seconds in [1, 5, 10] {
                for n in 0..records {
                    let change = change(1 + n % NODES, n / NODES, seconds, claimed);
                    changes.of(|| picture.handle_change(&change));
                    while picture.poll_change().is_some() {}
                }
                for quarter in 0..80 {
                    let now = NOON + Span::from_secs(seconds) + Span::from_millis(50 * quarter);
                    calls.of(|| picture.handle_timeout(now));
                    while picture.poll_change().is_some() {}
                }
            }
            println!("{records:>7}  {claimed:<7}  {}  {}", changes.told(), calls.told());
        }
    }
}
