//! From a whole frame to a report: parity, message, aircraft, position; and a count of whatever happens on the way.

use fusion_core::measurement::Coverage;
use fusion_core::time::Timestamp;

use super::ModeSConfig;
use super::adsb::Message;
use super::aircraft::{Aircraft, Circumstances};
use super::beast::Payload;
use super::fix::Receiver;
use super::frame::{Checked, Damage, ExtendedSquitter, ModeSFrame};
use super::table::{AIRCRAFT_MAX, AircraftTable};
use super::tally::Tally;
use crate::decoder::{OwnedScan, Place, Report, Return, TimeQuality};
use crate::error::{DecodeError, Reason};
use crate::outbox::Outbox;

/// What happens to a frame once it is whole.
#[derive(Debug)]
pub(super) struct Listener {
    config: ModeSConfig,
    around: Circumstances,
    aircraft: AircraftTable,
    tally: Tally,
    out: Outbox,
}

impl Listener {
    pub(super) fn new(config: ModeSConfig) -> Self {
        let receiver = config.receiver.map(|place| Receiver::at(place, config.range_max_m));
        Self {
            config,
            around: Circumstances { receiver, latency_sigma: config.latency_sigma },
            aircraft: AircraftTable::new(AIRCRAFT_MAX),
            tally: Tally::default(),
            out: Outbox::default(),
        }
    }

    /// Takes one frame; `offset` is where it ended in what was handed in.
    pub(super) fn handle_payload(&mut self, payload: &Payload, received: Timestamp, offset: usize) {
        self.tally.frames += 1;
        match payload {
            Payload::ModeAc(_) => self.tally.ignored_mode_ac += 1,
            Payload::Status(_) => self.tally.ignored_receiver_status += 1,
            Payload::ModeS(frame) => self.handle_mode_s(frame, received, offset),
        }
    }

    fn handle_mode_s(&mut self, frame: &ModeSFrame, received: Timestamp, offset: usize) {
        match frame.check() {
            Ok(Checked::ExtendedSquitter(squitter)) => self.handle_squitter(&squitter, received),
            Ok(Checked::OtherControl(control)) => self.tally.ignored_by_control[usize::from(control)] += 1,
            Ok(Checked::OtherFormat(format)) => self.tally.ignored_by_format[usize::from(format)] += 1,
            Ok(Checked::AllCallReply(_)) => self.tally.ignored_by_format[11] += 1,
            Err(damage) => {
                self.tally.count_damaged(damage);
                let (field, reason) = match damage {
                    Damage::Length => ("downlink format", Reason::BadLength { told: frame.bytes().len() }),
                    Damage::Parity => ("parity", Reason::BadChecksum),
                };
                self.refuse(offset, field, reason);
            }
        }
    }

    fn handle_squitter(&mut self, squitter: &ExtendedSquitter, received: Timestamp) {
        let Some(message) = Message::decode(squitter.me) else {
            self.tally.ignored_by_type_code[usize::from(squitter.me.type_code())] += 1;
            return;
        };
        let time = received - self.config.latency;
        let aircraft = self.aircraft.hear(squitter.address, time, || Aircraft::new(squitter.address));
        if aircraft.is_repeat(squitter.me, time, self.config.repeat_window) {
            self.tally.duplicates += 1;
            return;
        }
        self.tally.count_decoded(&message);
        match aircraft.handle(&message, time, &self.around) {
            None => {}
            Some(Err(refusal)) => self.tally.count_refused(refusal),
            Some(Ok(point)) => {
                let seen = Return::unnamed(Place::Geodetic(point), aircraft.identity().clone());
                let report = report(seen, time, self.out.list());
                self.tally.positions_reported += 1;
                self.out.push(report);
            }
        }
    }

    /// What waits to be polled: reports first.
    pub(super) fn poll(&mut self) -> Option<Result<Report, DecodeError>> {
        self.out.poll()
    }

    pub(super) fn recycle(&mut self, scan: OwnedScan) {
        self.out.recycle(scan);
    }

    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) const fn aircraft(&self) -> &AircraftTable {
        &self.aircraft
    }

    /// Names the counters of the queues.
    pub(super) fn queue_counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.out.counters(each);
    }

    /// Remembers an error for whoever polls.
    pub(super) fn refuse(&mut self, offset: usize, field: &'static str, reason: Reason) {
        self.out.refuse(DecodeError { format: "mode-s", offset, field, reason });
    }
}

fn report(seen: Return, time: Timestamp, mut returns: Vec<Return>) -> Report {
    returns.push(seen);
    let coverage = Coverage::Reports;
    Report::Scan(OwnedScan { time, time_quality: TimeQuality::Received, from: None, coverage, returns })
}
