//! What nodes have to say: tracks that move, turn, end, change their label; estimates with errors of known size.

use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Affiliation, Identity, ObjectClass};
use fusion_core::label::{Code, Codes, Label, Level};
use fusion_core::measurement::SensorId;
use fusion_core::nalgebra::{Matrix6, Vector3};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId, TrackNumber, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};

use super::random::Random;

/// A thing that a node tracks, and its filter as far as records show it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its number.
    pub number: TrackNumber,
    /// Who may know of it.
    pub label: Label,
    /// Whether it is important.
    pub high: bool,
    /// East, north, up from the middle of the world, metres.
    pub place: Vector3<f64>,
    velocity: Vector3<f64>,
    error: Vector3<f64>,
    faster: Vector3<f64>,
    turning: f64,
    sigma_m: f64,
    sigma_m_s: f64,
    updates: u32,
    slow: bool,
}

/// What everybody may see.
#[must_use]
pub fn open_label() -> Label {
    label(Level::Unclassified, "ALL")
}

/// What only some may.
#[must_use]
pub fn close_label() -> Label {
    label(Level::Secret, "FEW")
}

fn label(level: Level, community: &str) -> Label {
    Label { level, releasable_to: codes(community), caveats: Codes::EMPTY, originators: codes("ORG") }
}

/// A set of one code.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn codes(text: &str) -> Codes {
    let mut codes = Codes::EMPTY;
    assert!(codes.insert(Code::new(text).expect("a code")));
    codes
}

impl Target {
    /// A new one, founded at a time by a sensor of its node.
    pub fn found(time: Timestamp, ordinal: u16, label: Label, random: &mut Random) -> Self {
        let slow = random.chance(0.5);
        let speed = if slow { 8.0 } else { 60.0 };
        let mut toward = || random.between(-1.0, 1.0);
        let place = Vector3::new(toward() * 30e3, toward() * 30e3, 500.0 + 400.0 * toward());
        let velocity = Vector3::new(toward() * speed, toward() * speed, 0.0);
        let sigma_m = random.between(8.0, 40.0);
        Self {
            number: TrackNumber::founding(time, SensorId(1), ordinal),
            label,
            high: random.chance(0.2),
            place,
            velocity,
            error: Vector3::zeros(),
            faster: Vector3::zeros(),
            turning: 0.0,
            sigma_m,
            sigma_m_s: sigma_m * 0.12,
            updates: 0,
            slow,
        }
    }

    /// Lets it move, and its filter err anew.
    pub fn advance(&mut self, seconds: f64, random: &mut Random) {
        if random.chance(seconds / 25.0) {
            self.turning = if random.chance(0.5) { 0.0 } else { random.between(-0.05, 0.05) };
        }
        let angle = self.turning * seconds;
        let (x, y) = (self.velocity.x, self.velocity.y);
        self.velocity.x = x - angle * y;
        self.velocity.y = y + angle * x;
        self.place += self.velocity * seconds;
        // Errors of a filter are correlated in time; so are those of place and speed.
        let keep = (1.0 - seconds / 6.0).max(0.0);
        let renew = fusion_core::maths::sqrt(1.0 - keep * keep);
        for k in 0..3 {
            self.error[k] = keep * self.error[k] + renew * self.sigma_m * random.normal();
            self.faster[k] = keep * self.faster[k] + renew * self.sigma_m_s * random.normal();
        }
        self.updates += 1;
    }

    /// What its node would publish.
    #[must_use]
    pub fn record(&self, origin: Origin, time: Timestamp) -> TrackRecord {
        let class = if self.slow { ObjectClass::Ground } else { ObjectClass::Uav };
        let affiliation = if self.high { Affiliation::Hostile } else { Affiliation::Unknown };
        TrackRecord {
            id: TrackId { origin, number: self.number },
            version: Seq(self.updates.into()),
            status: Some(TrackStatus::Confirmed),
            estimate: self.estimate(time),
            identity: Identity { class, affiliation, ..Identity::UNKNOWN },
            label: self.label,
            sensors: vec!["radar north".to_owned()],
            updates: self.updates,
            source_track: false,
            in_common: InCommon::UNKNOWN,
        }
    }

    /// Where it truly is, in ECEF.
    #[must_use]
    pub fn truth(&self) -> Position<fusion_core::frame::Ecef> {
        let middle = middle();
        Position::from_vector(middle.to_ecef().vector() + middle.enu_axes().tr_mul(&self.place))
    }

    fn estimate(&self, time: Timestamp) -> Estimate {
        let axes = middle().enu_axes();
        let (p, v) = (self.sigma_m * self.sigma_m, self.sigma_m_s * self.sigma_m_s);
        let covariance = Matrix6::from_diagonal(&[p, p, p, v, v, v].into());
        Estimate {
            time,
            position: Position::from_vector(self.truth().vector() + axes.tr_mul(&self.error)),
            velocity: Velocity::from_vector(axes.tr_mul(&(self.velocity + self.faster))),
            covariance: Covariance::new(covariance).expect("variances above zero"),
        }
    }
}

/// The record that ends a track.
#[must_use]
pub fn end(target: &Target, origin: Origin, time: Timestamp) -> TrackRecord {
    TrackRecord { status: None, ..target.record(origin, time) }
}

/// The middle of the world.
///
/// # Panics
/// Never: it is a plausible place.
#[must_use]
pub fn middle() -> Geodetic {
    Geodetic::from_degrees(52.0, 20.0, 100.0).expect("plausible")
}

/// How often nodes publish.
pub const SCAN: Span = Span::from_secs(1);
