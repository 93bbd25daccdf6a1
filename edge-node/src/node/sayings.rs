//! What people at this node say of tracks: into the replica, from which all nodes have it; alone, into the picture.

use fusion_core::identity::Affiliation;
use fusion_core::track::TrackId;
use proto::replica::Now;
use proto::row::assertion::{Hybrid, PersonName, RemarkText};
use proto::row::{Assertion, assertion};

use super::Node;
use crate::picture::SystemTrack;

/// What a person says of a track of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// Of which.
    pub subject: TrackId,
    /// Whose it is said to be.
    pub affiliation: Option<Affiliation>,
    /// What is remarked; empty takes back what was.
    pub remark: Option<RemarkText>,
    /// Who says so.
    pub by: PersonName,
}

impl Node {
    /// A person said something. It bears the label of the track, so it goes where that may go; of a track that is no
    /// longer there, nothing is said.
    pub fn handle_saying(&mut self, saying: &Saying, now: Now) {
        let Some(label) = self.picture.entry(saying.subject).map(|track| track.record.label) else { return };
        let Saying { subject, affiliation, ref remark, ref by } = *saying;
        let (remark, by) = (remark.clone(), Some(by.clone()));
        let assertion = Assertion { subject, said: Hybrid::default(), affiliation, remark, by };
        if self.mesh.is_some() {
            self.with_replica(now, |replica, now| replica.handle_assertion(assertion, label, now));
        } else {
            self.picture.handle_alone(self.origin.node, &label, assertion, now.validity.as_millis());
            self.take_picture();
        }
    }

    /// What people say of an entry of the picture; `None` if nothing.
    #[must_use]
    pub fn said_of(&self, track: &SystemTrack) -> Option<assertion::Said> {
        self.picture.said_of(track)
    }
}
