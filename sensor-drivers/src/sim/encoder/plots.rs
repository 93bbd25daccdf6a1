//! Generic plots: a line a look, or a line a report.

use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::measurement::Coverage;
use fusion_core::time::Timestamp;

use super::{Heard, Look, LookEncoder, Means, ReportEncoder, Seen, serial};
use crate::decoder::{OwnedScan, Place, Return, TimeQuality};
use crate::emission::{CHANNEL_CONFUSION, fingerprint};
use crate::plots::encode;

/// Generic plots.
#[derive(Debug)]
pub(super) struct Plots;

impl LookEncoder for Plots {
    fn look(&mut self, look: &Look, out: &mut Vec<u8>) {
        let said_nothing = look.coverage == Coverage::Reports && look.seen.is_empty();
        if said_nothing {
            return;
        }
        let returns = look.seen.iter().map(one).collect();
        append(scan(look.time, look.coverage, returns), out);
    }
}

/// What was seen; of an emission, its frequency too.
fn one(seen: &Seen) -> Return {
    let mut one = seen.what.clone();
    if let Means::Emission(mhz) = seen.means {
        one.identity.fingerprint = fingerprint(mhz * 1e6, CHANNEL_CONFUSION);
    }
    one
}

impl ReportEncoder for Plots {
    fn report(&mut self, heard: &Heard<'_>, out: &mut Vec<u8>) {
        let returns = vec![Return::unnamed(Place::Geodetic(heard.point), identity(heard))];
        append(scan(heard.time, Coverage::Reports, returns), out);
    }
}

const fn scan(time: Timestamp, coverage: Coverage, returns: Vec<Return>) -> OwnedScan {
    OwnedScan { time, time_quality: TimeQuality::Sensor, from: None, coverage, returns }
}

fn identity(heard: &Heard<'_>) -> Identity {
    let sample = heard.live.sample(heard.time);
    let (actor, instance) = (heard.live.actor, heard.live.id.instance);
    let name = actor.ais.as_ref().and_then(|ais| ais.name.as_str().try_into().ok());
    let address = match (&actor.ais, &actor.remote_id) {
        (Some(ais), _) => Some(Address::Mmsi(ais.mmsi + instance)),
        (None, Some(remote_id)) => serial(&remote_id.serial, instance).map(Address::RemoteId),
        (None, None) => None,
    };
    let class = if sample.class == ObjectClass::Uav { ObjectClass::Uav } else { ObjectClass::Surface };
    Identity { address, name, class, ..Identity::UNKNOWN }
}

/// A line holds some three hundred returns: more are told in several scans of the same time.
fn append(scan: OwnedScan, out: &mut Vec<u8>) {
    const RETURNS_A_LINE: usize = 200;
    if scan.returns.len() <= RETURNS_A_LINE {
        encode(&scan, out).expect("what is simulated has values that a plot may carry");
        return;
    }
    for part in scan.returns.chunks(RETURNS_A_LINE) {
        append(OwnedScan { returns: part.to_vec(), coverage: Coverage::Reports, ..scan }, out);
    }
}
