//! Where the clients of one endpoint hear each other: positions, chat, markers, whatever they say. Who comes hears who
//! is there; who leaves is taken off the others' screens.
//!
//! What bears a uid of our own is not passed on: it is our picture come back through somebody's gateway, and older.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sensor_drivers::cot::OWN_UID_PREFIX;
use tokio::sync::broadcast::{self, error::TryRecvError};
use tracing::debug;

use super::event::Event;

/// What was said that waits for the slowest client at the most.
///
/// Counter: `lost`; who is slower misses the oldest.
const RELAYED_MAX: usize = 256;

/// What is passed on.
#[derive(Debug)]
pub(super) enum Said {
    /// What a client said.
    Event(Box<Event>),
    /// A client of this uid is no longer there.
    Left(String),
}

/// The room of one endpoint.
pub(super) struct Room {
    said: broadcast::Sender<(u64, Arc<Said>)>,
    present: Mutex<Present>,
}

/// Who is there.
#[derive(Default)]
struct Present {
    seats: u64,
    /// By seat, its client's latest event about itself.
    clients: BTreeMap<u64, Arc<Said>>,
}

/// A client's place in it.
pub(super) struct Seat<'a> {
    room: &'a Room,
    number: u64,
    said: broadcast::Receiver<(u64, Arc<Said>)>,
    /// Who was there before, until this client was told.
    there: Vec<Arc<Said>>,
    missed: u64,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { said: broadcast::channel(RELAYED_MAX).0, present: Mutex::default() }
    }

    pub(super) fn enter(&self) -> Seat<'_> {
        let said = self.said.subscribe();
        let mut present = self.present();
        present.seats += 1;
        let there = present.clients.values().cloned().collect();
        Seat { room: self, number: present.seats, said, there, missed: 0 }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat<'_> {
    /// Passes on what the client here said; `false` if it is what we said ourselves.
    pub(super) fn say(&self, event: Event) -> bool {
        if event.uid.starts_with(OWN_UID_PREFIX) {
            return false;
        }
        let is_about_itself = is_about_itself(&event);
        let said = Arc::new(Said::Event(Box::new(event)));
        if is_about_itself {
            self.room.present().clients.insert(self.number, Arc::clone(&said));
        }
        // Nobody else may be there.
        let _ = self.room.said.send((self.number, said));
        true
    }

    /// The next thing that others said to everybody or to the client here.
    pub(super) fn hear(&mut self) -> Option<Arc<Said>> {
        if let Some(said) = self.there.pop() {
            return Some(said);
        }
        loop {
            match self.said.try_recv() {
                Ok((from, said)) if from != self.number && self.is_meant(&said) => return Some(said),
                Ok(_) => {}
                Err(TryRecvError::Lagged(count)) => self.missed += count,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }

    /// How much the client here has missed since this was asked last.
    pub(super) fn missed(&mut self) -> u64 {
        core::mem::take(&mut self.missed)
    }

    fn is_meant(&self, said: &Said) -> bool {
        let Said::Event(event) = said else { return true };
        let addressed = event.element("marti").map(|marti| &marti.children).filter(|names| !names.is_empty());
        let Some(names) = addressed else { return true };
        let present = self.room.present();
        let Some(Said::Event(me)) = present.clients.get(&self.number).map(AsRef::as_ref) else { return false };
        let callsign = me.element("contact").and_then(|contact| contact.attribute("callsign"));
        names.iter().any(|name| {
            name.attribute("uid") == Some(&me.uid) || (callsign.is_some() && name.attribute("callsign") == callsign)
        })
    }
}

impl Drop for Seat<'_> {
    /// A client that has come again over another connection has not left.
    fn drop(&mut self) {
        let mut present = self.room.present();
        let Some(said) = present.clients.remove(&self.number) else { return };
        let Said::Event(event) = said.as_ref() else { return };
        let is_here = |said: &Arc<Said>| matches!(said.as_ref(), Said::Event(other) if other.uid == event.uid);
        if !present.clients.values().any(is_here) {
            debug!(uid = %event.uid, "is no longer here");
            let _ = self.room.said.send((self.number, Arc::new(Said::Left(event.uid.clone()))));
        }
    }
}

/// Whether a client tells of itself rather than of something that it sees.
fn is_about_itself(event: &Event) -> bool {
    let is_contact = event.element("contact").is_some_and(|contact| contact.attribute("endpoint").is_some());
    is_contact || event.element("takv").is_some() || event.element("__group").is_some()
}

#[cfg(test)]
mod tests {
    use super::super::event::{Element, Marks, Point};
    use super::*;
    use fusion_core::time::Timestamp;

    fn event(uid: &str, detail: Vec<Element>) -> Event {
        let time = Timestamp::from_secs(1_700_000_000);
        Event {
            uid: uid.to_owned(),
            kind: "a-f-G-U-C".to_owned(),
            how: "m-g".to_owned(),
            time,
            start: time,
            stale: time,
            point: Point::NOWHERE,
            marks: Marks::default(),
            detail,
        }
    }

    fn itself(uid: &str) -> Event {
        let contact = Element::new("contact").with("callsign", uid.to_uppercase()).with("endpoint", "*:-1:stcp");
        event(uid, vec![contact])
    }

    fn to(callsign: &str) -> Event {
        let dest = Element::new("dest").with("callsign", callsign);
        event("chat", vec![Element::new("marti").containing(dest)])
    }

    /// All that a client hears: uids, of those who left with a minus before.
    fn heard(seat: &mut Seat<'_>) -> Vec<String> {
        core::iter::from_fn(|| seat.hear())
            .map(|said| match said.as_ref() {
                Said::Event(event) => event.uid.clone(),
                Said::Left(uid) => format!("-{uid}"),
            })
            .collect()
    }

    #[test]
    fn each_hears_the_others_whoever_came_first_and_never_itself() {
        let room = Room::new();
        let mut kilo = room.enter();
        assert!(kilo.say(itself("kilo")));
        let mut lima = room.enter();
        assert!(lima.say(itself("lima")));
        assert_eq!((heard(&mut kilo), heard(&mut lima)), (vec!["lima".to_owned()], vec!["kilo".to_owned()]));
    }

    #[test]
    fn what_is_addressed_reaches_whom_it_names() {
        let room = Room::new();
        let [mut kilo, mut lima, mike] = [room.enter(), room.enter(), room.enter()];
        assert!(kilo.say(itself("kilo")) && lima.say(itself("lima")));
        heard(&mut kilo);
        heard(&mut lima);
        assert!(mike.say(to("LIMA")));
        assert_eq!((heard(&mut kilo), heard(&mut lima)), (vec![], vec!["chat".to_owned()]));
    }

    #[test]
    fn the_others_are_told_who_left_but_not_of_who_only_came_again() {
        let room = Room::new();
        let mut kilo = room.enter();
        let (lima, again) = (room.enter(), room.enter());
        assert!(lima.say(itself("lima")) && again.say(itself("lima")));
        drop(lima);
        assert_eq!(heard(&mut kilo), ["lima", "lima"]);
        drop(again);
        assert_eq!(heard(&mut kilo), ["-lima"]);
    }

    #[test]
    fn our_own_picture_does_not_come_back_to_the_others() {
        let room = Room::new();
        let (mut kilo, gateway) = (room.enter(), room.enter());
        assert!(!gateway.say(event("copmesh.17-1-5", vec![])));
        assert!(heard(&mut kilo).is_empty());
    }

    #[test]
    fn who_does_not_listen_misses_the_oldest_and_it_is_counted() {
        let room = Room::new();
        let (mut kilo, lima) = (room.enter(), room.enter());
        (0..300).for_each(|k| assert!(lima.say(event(&format!("m{k}"), vec![]))));
        let all = heard(&mut kilo);
        assert_eq!((all.len(), all.last().map(String::as_str), kilo.missed()), (256, Some("m299"), 44));
    }
}
