//! A picture for tests of what is made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, NAME_BYTES_MAX, ObjectClass};
use fusion_core::label::{Code, Codes, Label, Level};
use fusion_core::nalgebra::{Vector3, Vector6};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};

use super::console_json::Hello;
use super::release::Released;
use crate::board::{Board, Mode};
use crate::config::Config;
use crate::picture::SystemTrack;

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(super) fn codes(text: &str) -> Codes {
    let mut codes = Codes::EMPTY;
    assert!(codes.insert(Code::new(text).expect("a code")));
    codes
}

pub(super) fn place() -> Geodetic {
    Geodetic::from_degrees(52.1, 20.9, 120.0).expect("a place")
}

pub(super) fn name(text: &str) -> Option<heapless::String<NAME_BYTES_MAX>> {
    heapless::String::try_from(text).ok()
}

/// A drone that flies at 14 m/s to the north-east and was there two seconds ago.
pub(crate) fn track(number: u64, level: Level) -> SystemTrack {
    let covariance = Covariance::from_sigmas(&Vector6::new(20.0, 10.0, 30.0, 1.0, 2.0, 0.5)).expect("positive");
    let velocity = place().enu_axes().transpose() * Vector3::new(10.0, 10.0, -1.0);
    let record = TrackRecord {
        id: TrackId { origin: Origin { node: NodeId(7), incarnation: 3 }, number: TrackNumber(number) },
        version: Seq(1),
        status: Some(TrackStatus::Confirmed),
        estimate: Estimate {
            time: NOW - Span::from_secs(2),
            position: place().to_ecef(),
            velocity: Velocity::from_vector(velocity),
            covariance,
        },
        identity: Identity {
            address: Some(Address::Icao(0x48_1000)),
            name: name("DRONE 1"),
            mode_3a: Some(0o7000),
            class: ObjectClass::Uav,
            ..Identity::UNKNOWN
        },
        label: Label { level, releasable_to: codes("POL"), caveats: Codes::EMPTY, originators: codes("POL") },
        sensors: vec!["radar".to_owned()],
        updates: 12,
        source_track: false,
        in_common: InCommon::UNKNOWN,
    };
    SystemTrack { record, members: vec![], formerly: vec![], own: None, stale: false }
}

pub(super) fn board(tracks: impl IntoIterator<Item = SystemTrack>) -> Board {
    let tracks: BTreeMap<_, _> = tracks.into_iter().map(|track| (track.id(), Arc::new(track))).collect();
    Board { time: NOW, tracks: Arc::new(tracks), ..Board::default() }
}

pub(super) fn hello(mode: Mode) -> Hello {
    let text = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
    let config = Config::parse(text).expect("a configuration");
    Hello { config, mode, keys: None, ways_out: Arc::default(), console: Arc::default() }
}

/// What those see who may see everything.
pub(super) fn whole(board: Board) -> Released {
    Released::whole(Arc::new(board))
}
