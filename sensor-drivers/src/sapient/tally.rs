//! What became of every message. Each ends in exactly one counter of the first group.

/// Counters of a SAPIENT driver, from the beginning on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages of whole length, of every kind.
    pub messages: u64,
    /// Detection reports that became measurements.
    pub detections: u64,
    /// Detection reports that became states of source tracks.
    pub track_states: u64,
    /// Detection reports that are sound but cannot be used as the driver is configured.
    pub unusable: u64,
    /// Registrations taken in.
    pub registrations: u64,
    /// Answers to our own registration.
    pub registration_acks: u64,
    /// Status reports taken in.
    pub status_reports: u64,
    /// Alerts taken in.
    pub alerts: u64,
    /// Answers to alerts.
    pub alert_acks: u64,
    /// Tasks, to whomever: never acted upon.
    pub tasks: u64,
    /// Answers to tasks.
    pub task_acks: u64,
    /// Errors that the other side reports.
    pub errors_told: u64,
    /// Our own messages, sent back to us.
    pub own: u64,
    /// Messages that break the rules of the edition.
    pub refused: u64,

    /// Answers to our registration that say no.
    pub rejected_us: u64,
    /// Alerts that say critical, error or fatal.
    pub grave_alerts: u64,
    /// Fields of view that are no cone, have no width, count from a north that nobody knows, or are obscured in part.
    pub views_unusable: u64,
    /// Looks of nodes that stare which did not follow each other in the configured rhythm: their silence says nothing.
    pub looks_out_of_rhythm: u64,
    /// Detection reports of nodes that did not register.
    pub unregistered: u64,
    /// Registrations of nodes that act upon targets; they are asked for nothing.
    pub effectors: u64,
    /// Registrations for another edition.
    pub other_editions: u64,
    /// Modes of a registration for which there was no room.
    pub modes_beyond_bound: u64,
    /// Detections that were said to belong with others.
    pub associated: u64,
    /// Detections that were made from others.
    pub derived: u64,
    /// Lines of bearing of nodes that tell tracks.
    pub track_bearings: u64,
    /// Positions of nodes that cannot be read.
    pub node_places_unusable: u64,
    /// Fields that the edition does not know.
    pub unknown_fields: u64,
    /// Names of objects that were too long to be kept.
    pub names_cut: u64,
    /// Lengths that cannot be.
    pub lost_places: u64,
    /// Octets of the stream that belong to no message.
    pub stray_octets: u64,
    /// Octets of messages that a closed connection left unfinished.
    pub unfinished_octets: u64,
    /// Reports for which the queue had no room, the oldest first.
    pub reports_dropped: u64,
    /// Errors for which the queue had no room; each is counted as refused or unusable as well.
    pub errors_dropped: u64,
    /// Answers for which the queue had no room.
    pub transmits_dropped: u64,
}

impl Tally {
    /// Whether every message is accounted for exactly once.
    #[must_use]
    pub const fn balances(&self) -> bool {
        let reports = self.detections + self.track_states + self.unusable + self.status_reports + self.alerts;
        let answers = self.registration_acks + self.alert_acks + self.task_acks + self.errors_told;
        self.messages == reports + answers + self.registrations + self.tasks + self.own + self.refused
    }

    /// Names every counter, in a fixed order.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named = [
            ("messages", self.messages),
            ("detections", self.detections),
            ("track_states", self.track_states),
            ("unusable", self.unusable),
            ("registrations", self.registrations),
            ("registration_acks", self.registration_acks),
            ("status_reports", self.status_reports),
            ("alerts", self.alerts),
            ("alert_acks", self.alert_acks),
            ("tasks", self.tasks),
            ("task_acks", self.task_acks),
            ("errors_told", self.errors_told),
            ("own", self.own),
            ("refused", self.refused),
            ("rejected_us", self.rejected_us),
            ("grave_alerts", self.grave_alerts),
            ("unregistered", self.unregistered),
            ("effectors", self.effectors),
            ("other_editions", self.other_editions),
            ("modes_beyond_bound", self.modes_beyond_bound),
            ("associated", self.associated),
            ("derived", self.derived),
            ("track_bearings", self.track_bearings),
            ("node_places_unusable", self.node_places_unusable),
            ("views_unusable", self.views_unusable),
            ("looks_out_of_rhythm", self.looks_out_of_rhythm),
            ("unknown_fields", self.unknown_fields),
            ("names_cut", self.names_cut),
            ("lost_places", self.lost_places),
            ("stray_octets", self.stray_octets),
            ("unfinished_octets", self.unfinished_octets),
            ("reports_dropped", self.reports_dropped),
            ("errors_dropped", self.errors_dropped),
            ("transmits_dropped", self.transmits_dropped),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
    }
}
