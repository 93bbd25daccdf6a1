//! ASTERIX CAT205: lines of bearing of one sensor, each with the channel that it was heard on.

use fusion_core::angle::Angle;
use fusion_core::maths::round;

use super::{Look, LookEncoder, Means, Seen};
use crate::asterix::cat205::{BearingReport, Channel, MessageType};
use crate::asterix::common::{DataSource, TimeOfDay};
use crate::asterix::write_block;
use crate::decoder::Place;

/// CAT205 of one direction finder.
#[derive(Debug)]
pub(super) struct Cat205 {
    source: DataSource,
    detections: u8,
}

impl Cat205 {
    pub(super) const fn new(sac: u8, sic: u8) -> Self {
        Self { source: DataSource { sac, sic }, detections: 0 }
    }

    fn report(&mut self, seen: &Seen) -> BearingReport {
        self.detections = self.detections.wrapping_add(1);
        let Place::Polar(polar) = &seen.what.place else { return BearingReport::default() };
        BearingReport {
            source: Some(self.source),
            message_type: MessageType::SensorData,
            time_of_day: Some(TimeOfDay::at(seen.time)),
            number: Some(self.detections),
            channel: channel(seen.means),
            local_bearing: Some(Angle::from_radians(polar.azimuth.value).turn()),
            ..BearingReport::default()
        }
    }
}

impl LookEncoder for Cat205 {
    fn look(&mut self, look: &Look, out: &mut Vec<u8>) {
        if look.seen.is_empty() {
            return;
        }
        let reports: Vec<BearingReport> = look.seen.iter().map(|seen| self.report(seen)).collect();
        write_block(&reports, out).expect("there are fewer emitters than a block has room for");
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a frequency is at most 300 GHz")]
fn channel(means: Means) -> Option<Channel> {
    match means {
        Means::Emission(mhz) => Channel::of_hz(round(mhz * 1e6) as u64),
        Means::Echo | Means::Answer | Means::EchoAndAnswer => None,
    }
}
