//! What consoles have been told of the picture, and the one place where they are told more.
//!
//! A change goes out on the tick, and before a snapshot is answered: who asks is never told less than whoever looked at
//! the board before, and the numbers stay in order because one lock is held from the counting to the sending.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prost::Message;
use tokio::sync::watch;
use tracing::warn;
use zenoh::Wait;
use zenoh::pubsub::Publisher as Way;

use super::answers::Tally;
use super::console::{Teller, Told};
use crate::board::Board;

/// How long what is published waits for room on the way to a console, once, before that console loses it; then that one
/// is not waited for again until it reads.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// The picture on its way to those who subscribe.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) teller: Teller,
    pub(super) board: watch::Receiver<Arc<Board>>,
    pub(super) tally: Arc<Tally>,
    way: Way<'static>,
    told: Mutex<Told>,
}

impl Telling {
    pub(super) fn new(
        teller: Teller,
        board: watch::Receiver<Arc<Board>>,
        tally: Arc<Tally>,
        way: Way<'static>,
    ) -> Self {
        Self { teller, board, tally, way, told: Mutex::default() }
    }

    /// Tells what the board shows and nobody was told yet; what all have been told then. Waits for [`PATIENCE`] at the
    /// most, and as long for whoever tells just now.
    pub(super) fn tell(&self) -> Told {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let board = self.teller.released(&self.board.borrow().clone());
        if let Some(message) = self.teller.changes(&told, &board) {
            *told = Told { board, sequence: message.sequence };
            self.put(&self.way, &message);
        }
        told.clone()
    }

    /// What takes as long as [`PATIENCE`] met a console that did not read.
    pub(super) fn put(&self, way: &Way<'static>, message: &impl Message) {
        let (payload, before) = (message.encode_to_vec(), self.teller.clock.now().monotonic);
        if let Err(e) = way.put(payload).wait() {
            warn!("zenoh refused a publication: {e}");
        }
        if self.teller.clock.now().monotonic.since(before) >= PATIENCE {
            self.tally.stuck.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fusion_core::label::Level;
    use proto::pb::Picture;
    use zenoh::Session;

    use super::super::answers::Answers;
    use super::*;
    use crate::board::Mode;
    use crate::clock::Clock;
    use crate::config::MeshConfig;
    use crate::outputs::release::Receiver;
    use crate::outputs::samples::track;

    const KEY: &str = "copmesh/1/box/picture";

    fn board(tracks: u64) -> Arc<Board> {
        let tracks: BTreeMap<_, _> = (0..tracks).map(|number| track(number, Level::Unclassified)).map(by_id).collect();
        Arc::new(Board { tracks: Arc::new(tracks), ..Board::default() })
    }

    fn by_id(track: crate::picture::SystemTrack) -> (fusion_core::track::TrackId, Arc<crate::picture::SystemTrack>) {
        (track.id(), Arc::new(track))
    }

    fn picture(payload: &zenoh::bytes::ZBytes) -> Picture {
        Picture::decode(&*payload.to_bytes()).expect("a picture")
    }

    fn asked(session: &Session) -> Picture {
        let reply = session.get(KEY).wait().expect("asked").recv().expect("an answer");
        picture(reply.result().expect("no error").payload())
    }

    /// No tick goes by here, so whatever is told is told because somebody asks.
    #[test]
    fn who_asks_is_told_what_the_board_shows_now_and_who_subscribes_loses_no_number() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        let config = MeshConfig { listen: vec![], ..MeshConfig::default() };
        let session = runtime.block_on(super::super::open(&config)).expect("a session");
        let (sender, shown) = watch::channel(Arc::new(Board::default()));
        let receiver = Arc::new(Receiver::new(&crate::config::Config::default(), None, true).expect("no labels"));
        let teller = Teller { node: "box".into(), mode: Mode::Live, receiver, clock: Clock::start() };
        let way = session.declare_publisher(KEY).wait().expect("declared");
        let telling = Arc::new(Telling::new(teller, shown, Arc::default(), way));
        let answers = Answers { telling: Arc::clone(&telling), history: None };
        let _answers = runtime.block_on(answers.start(&session)).expect("declared");
        let changes = session.declare_subscriber(KEY).wait().expect("declared");
        assert_eq!((asked(&session).sequence, asked(&session).tracks.len()), (0, 0));
        sender.send_replace(board(3));
        let first = asked(&session);
        assert_eq!((first.sequence, first.tracks.len(), first.snapshot), (1, 3, true));
        assert_eq!(asked(&session).sequence, 1, "nothing has changed since");
        sender.send_replace(board(2));
        assert_eq!((telling.tell().sequence, asked(&session).tracks.len()), (2, 2));
        let told: Vec<Picture> = changes.drain().map(|sample| picture(sample.payload())).collect();
        let told: Vec<_> = told.iter().map(|each| (each.sequence, each.tracks.len(), each.gone.len())).collect();
        assert_eq!(told, [(1, 3, 0), (2, 0, 1)]);
    }
}
