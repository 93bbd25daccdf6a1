//! What the messages of a SAPIENT connection leave open.

use fusion_core::geodesy::Geodetic;
use fusion_core::time::Span;

use super::ident::Uuid;

/// Who opens the connection, and so who registers with whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Sensor nodes come to us and register with us. One connection has one node, as a rule.
    #[default]
    Server,
    /// We go to a middleware, register as a fusion node, and hear the nodes behind it.
    Client,
}

/// Whether detection reports are measurements or states of tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reporting {
    /// As the node registered its mode: `tracking_type`. Fusion nodes always tell tracks.
    #[default]
    Declared,
    /// Measurements, whatever was registered.
    Detections,
    /// Tracks, whatever was registered.
    Tracks,
}

/// One sigma each, for what a message tells without its error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmas {
    /// Slant range, metres.
    pub range_m: f64,
    /// Azimuth, radians.
    pub azimuth_rad: f64,
    /// Elevation, radians.
    pub elevation_rad: f64,
    /// East and north of a location, metres.
    pub horizontal_m: f64,
    /// Height of a location, metres.
    pub height_m: f64,
    /// Each component of a velocity, metres per second.
    pub velocity_m_s: f64,
}

/// What the messages of a SAPIENT connection leave open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SapientConfig {
    /// Who opens the connection.
    pub role: Role,
    /// Who we are to the others.
    pub node_id: Uuid,
    /// Where the node stands; wins over what it tells. Not used as a client: several nodes are heard.
    pub site: Option<Geodetic>,
    /// Farther than this from its node nothing is believed, metres.
    pub range_max_m: f64,
    /// What counts where no error is told.
    pub sigmas: Sigmas,
    /// Whether x is the latitude or northing and y the longitude or easting, against the standard.
    pub swap_xy: bool,
    /// Whether errors of latitudes and longitudes are told in metres rather than in their own unit.
    pub errors_in_metres: bool,
    /// From true north clockwise to magnetic north, radians.
    pub declination_rad: Option<f64>,
    /// From true north clockwise to where the platform heads, radians.
    pub heading_rad: Option<f64>,
    /// Height of the geoid above the ellipsoid, metres; without it as modelled.
    pub geoid_m: Option<f64>,
    /// Whether reports are measurements or tracks.
    pub reporting: Reporting,
    /// How often we say how we are, as a client.
    pub status_period: Span,
    /// Time from look to look of a node that stares: where its looks come so, its silence counts.
    pub look_period: Span,
}

impl Default for SapientConfig {
    /// A server; sigmas of a small drone radar.
    fn default() -> Self {
        Self {
            role: Role::Server,
            node_id: Uuid::of_name("copmesh"),
            site: None,
            range_max_m: 400_000.0,
            sigmas: Sigmas {
                range_m: 5.0,
                azimuth_rad: 0.017,
                elevation_rad: 0.026,
                horizontal_m: 10.0,
                height_m: 20.0,
                velocity_m_s: 2.0,
            },
            swap_xy: false,
            errors_in_metres: false,
            declination_rad: None,
            heading_rad: None,
            geoid_m: None,
            reporting: Reporting::Declared,
            status_period: Span::from_secs(5),
            look_period: Span::from_secs(1),
        }
    }
}
