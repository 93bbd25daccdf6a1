//! The clutter maps of a tracker's sensors: those that learn, in the order in which they were first heard.

use super::look::{Column, Look};
use crate::capacity::CLUTTER_MAPS_MAX;
use crate::clutter::{ClutterMap, Place};
use crate::measurement::{Coverage, SensorId};
use crate::tally::Tally;

/// One map for each of the first sensors that learn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClutterMaps([(Option<SensorId>, ClutterMap); CLUTTER_MAPS_MAX]);

impl Default for ClutterMaps {
    fn default() -> Self {
        Self([const { (None, ClutterMap::EMPTY) }; CLUTTER_MAPS_MAX])
    }
}

impl ClutterMaps {
    /// The map of a sensor; `None` if it has none yet.
    pub(super) fn of(&self, sensor: SensorId) -> Option<&ClutterMap> {
        self.0.iter().find(|(owner, _)| *owner == Some(sensor)).map(|(_, map)| map)
    }

    /// Learns from what no track explains of a scan.
    pub(super) fn learn(&mut self, look: &Look<'_>, columns: &[Column], tally: &mut Tally) {
        if !look.sensor.learn_clutter || look.scan.coverage == Coverage::Reports {
            return;
        }
        let sensor = look.scan.sensor;
        let own = |owner: &Option<SensorId>| owner.is_none_or(|owner| owner == sensor);
        let Some((owner, map)) = self.0.iter_mut().find(|(owner, _)| own(owner)) else {
            tally.clutter_maps_full += 1;
            return;
        };
        *owner = Some(sensor);
        let plausible = look.measurements.iter().zip(columns).filter(|(_, column)| column.log_clutter.is_some());
        let unexplained = plausible.map(|(measurement, column)| {
            (Place::of(&measurement.observation, &look.scan.pose), 1.0 - column.explained)
        });
        map.handle_scan(look.sensor, &look.scan.coverage, unexplained);
    }
}
