//! What a sensor's tasks and the node's thread share: counters one way, answers the other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::node::{LINKS_MAX, Link};

/// Answers to a sensor that wait for its connection at the most.
///
/// Counter: `replies_dropped`; the answer is not sent.
pub const REPLIES_MAX: usize = 64;

/// The connections of one sensor, as whoever started its tasks can see them.
#[derive(Debug, Default)]
pub struct Links {
    /// What is counted.
    pub counters: LinkCounters,
    /// By link: where answers go while it is open.
    outlets: Mutex<[Option<Sender<Vec<u8>>>; LINKS_MAX]>,
}

/// What is counted of a sensor's way in.
#[derive(Debug, Default)]
pub struct LinkCounters {
    /// Times that the endpoint was opened.
    pub opened: AtomicU64,
    /// Times that it could not be opened, or failed.
    pub failed: AtomicU64,
    /// Messages dropped because the sensor sent more than is taken in.
    pub rate_limited: AtomicU64,
    /// Clients that found no place.
    pub clients_refused: AtomicU64,
    /// Pages that were empty or ended before their end.
    pub pages_torn: AtomicU64,
    /// Pages that were too long, or that the server refused.
    pub pages_refused: AtomicU64,
    /// Requests to push something that were refused: too large, slow, elsewhere, by a web page.
    pub pushes_refused: AtomicU64,
    /// Answers handed to a connection.
    pub replies: AtomicU64,
    /// Answers for which there was no connection, or no room.
    pub replies_dropped: AtomicU64,
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl LinkCounters {
    /// Whether the endpoint was opened, or could not be.
    #[must_use]
    pub fn tried(&self) -> bool {
        self.opened.load(Ordering::Relaxed) + self.failed.load(Ordering::Relaxed) > 0
    }

    /// Counters by name, in a fixed order.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let all = [
            ("opened", &self.opened),
            ("failed", &self.failed),
            ("rate_limited", &self.rate_limited),
            ("clients_refused", &self.clients_refused),
            ("pages_torn", &self.pages_torn),
            ("pages_refused", &self.pages_refused),
            ("pushes_refused", &self.pushes_refused),
            ("replies", &self.replies),
            ("replies_dropped", &self.replies_dropped),
        ];
        all.into_iter().for_each(|(name, count)| each(name, count.load(Ordering::Relaxed)));
    }
}

impl Links {
    /// Sends an answer over a link if it is open and has room. Never waits.
    pub fn reply(&self, link: Link, bytes: Vec<u8>) {
        let outlets = self.outlets.lock().unwrap_or_else(PoisonError::into_inner);
        let outlet = outlets.get(usize::from(link.0)).and_then(Option::as_ref);
        let sent = outlet.is_some_and(|outlet| outlet.try_send(bytes).is_ok());
        count(if sent { &self.counters.replies } else { &self.counters.replies_dropped });
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.outlets.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().count()
    }

    /// Takes the first free link of so many; `None` if all are taken.
    pub(super) fn claim(&self, links: u8) -> Option<(Link, Receiver<Vec<u8>>)> {
        let mut outlets = self.outlets.lock().unwrap_or_else(PoisonError::into_inner);
        let free = (0..links).zip(outlets.iter_mut()).find(|(_, outlet)| outlet.is_none());
        free.map(|(link, outlet)| {
            let (sender, receiver) = channel(REPLIES_MAX);
            *outlet = Some(sender);
            (Link(link), receiver)
        })
    }

    /// Gives a link back.
    pub(super) fn release(&self, link: Link) {
        let mut outlets = self.outlets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outlet) = outlets.get_mut(usize::from(link.0)) {
            *outlet = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_given_out_once_and_again_when_given_back() {
        let links = Links::default();
        let (first, _open) = links.claim(2).expect("free");
        let (second, _open_too) = links.claim(2).expect("free");
        assert_eq!((first, second), (Link(0), Link(1)));
        assert!(links.claim(2).is_none());
        links.release(first);
        assert_eq!(links.claim(2).map(|(link, _)| link), Some(Link(0)));
    }

    #[test]
    fn an_answer_without_connection_or_room_is_dropped_and_counted() {
        let links = Links::default();
        links.reply(Link(0), vec![1]);
        let (link, receiver) = links.claim(1).expect("free");
        (0..=REPLIES_MAX).for_each(|_| links.reply(link, vec![2]));
        assert_eq!(links.counters.replies_dropped.load(Ordering::Relaxed), 2);
        assert_eq!(receiver.len(), REPLIES_MAX);
    }
}
