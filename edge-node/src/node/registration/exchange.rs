//! What nodes tell each other of their sensors' errors: own ones go into rows when there is news, others' come from
//! rows, and tracks of others become references.

use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use proto::record::TrackRecord;
use proto::replica::Registered;

use crate::node::Node;

/// News of one sensor are told no oftener than this.
pub const NEWS_PERIOD: Span = Span::from_secs(15);

impl Node {
    /// What is known of the errors of all nodes' sensors: this node's as they are at a time, others' as they were told
    /// last.
    #[must_use]
    pub fn registered(&self, at: Timestamp) -> Vec<Registered> {
        let own = (0..self.sensors.len()).filter_map(|k| self.own_registered(SensorId(u16::try_from(k).ok()?), at));
        own.chain(self.registrar.neighbours().cloned()).collect()
    }

    fn own_registered(&self, id: SensorId, time: Timestamp) -> Option<Registered> {
        let sensor = self.sensors.get(usize::from(id.0))?;
        let site = sensor.site.geodetic.unwrap_or_else(|| self.plane.to_geodetic(ORIGIN));
        Some(Registered {
            origin: self.origin,
            sensor: self.sensor_name(id).to_owned(),
            registration: self.registrar.row(id, site)?,
            time,
            label: sensor.model.label,
        })
    }

    /// Tells neighbours what is new of own sensors, and takes in what they tell of theirs.
    pub(in crate::node) fn exchange_registrations(&mut self, now: Span, at: Timestamp) {
        for k in 0..self.sensors.len() {
            let own = u16::try_from(k).ok().and_then(|k| self.own_registered(SensorId(k), at));
            if let (Some(own), Some(mesh)) = (own, &mut self.mesh) {
                mesh.handle_registered(k, &own, now);
            }
        }
        if let Some(replica) = self.mesh.as_ref().map(|mesh| mesh.replica()) {
            self.registrar.handle_registered(self.origin.node, replica.registered());
        }
    }

    /// A record of another node may tell own sensors what they are off by. Lives of this node are not another.
    pub(in crate::node) fn learn_of(&mut self, record: &TrackRecord) {
        let Origin { node, .. } = record.id.origin;
        if node != self.origin.node {
            self.registrar.handle_record(&self.plane, record, self.picture.own_of(record.id));
        }
    }
}

const ORIGIN: fusion_core::frame::Position<fusion_core::frame::Enu> = fusion_core::frame::Position::new(0.0, 0.0, 0.0);
