//! What consoles are answered when they ask, on a thread of its own: an answer waits for the one who asked to take it,
//! for five seconds at the most; then zenoh closes that console's connection. Nobody waits for it but others who ask.
//! Before the picture is answered, all are told what they do not know of it yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fusion_core::time::Timestamp;
use prost::Message;
use tokio::sync::mpsc;
use tracing::debug;
use zenoh::bytes::ZBytes;
use zenoh::query::{Query, Queryable};
use zenoh::{Session, Wait};

use super::console::Teller;
use super::telling::Telling;
use super::{MeshError, error};
use crate::board::Counts;
use crate::outputs::history_keeper::Keeper;
use crate::picture::id_of;

/// Queries that wait for their answer at the most. A further one ends without an answer, and may be asked again.
///
/// Counter: `Tally::queries_dropped`.
pub(super) const QUERIES_WAITING_MAX: usize = 64;

/// Points of a track that are told unless more or fewer are asked for.
const POINTS_USUAL: usize = 1_000;

/// What is counted of consoles on zenoh.
#[derive(Debug, Default)]
pub struct Tally {
    /// Queries that were answered.
    pub answered: AtomicU64,
    /// Queries that could not be answered as they were put.
    pub refused: AtomicU64,
    /// Queries that found no place to wait.
    pub queries_dropped: AtomicU64,
    /// Answers that who asked did not take.
    pub answers_lost: AtomicU64,
    /// How often what was published found a console's way full: from then on it loses what does not fit.
    pub stuck: AtomicU64,
    /// Tracks that consoles may not see now.
    pub withheld: AtomicU64,
}

impl Counts for Tally {
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let all = [
            ("console_answered", &self.answered),
            ("console_refused", &self.refused),
            ("console_queries_dropped", &self.queries_dropped),
            ("console_answers_lost", &self.answers_lost),
            ("console_stuck", &self.stuck),
            ("console_withheld", &self.withheld),
        ];
        all.into_iter().for_each(|(name, count)| each(name, count.load(Ordering::Relaxed)));
    }
}

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Picture,
    Sensors,
    Neighbours,
    Health,
    Span,
    PastPicture,
    Track,
}

impl What {
    const ALL: [Self; 7] =
        [Self::Picture, Self::Sensors, Self::Neighbours, Self::Health, Self::Span, Self::PastPicture, Self::Track];

    /// The end of its key.
    const fn key(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Sensors => "sensors",
            Self::Neighbours => "neighbours",
            Self::Health => "health",
            Self::Span => "history/span",
            Self::PastPicture => "history/picture",
            Self::Track => "history/track/*",
        }
    }
}

/// Who answers.
pub(super) struct Answers {
    pub(super) telling: Arc<Telling>,
    pub(super) history: Option<Arc<Keeper>>,
}

impl Answers {
    /// Answers until what is given back is dropped.
    ///
    /// # Errors
    /// [`MeshError`] if something cannot be declared, or there is no thread.
    pub(super) async fn start(self, session: &Session) -> Result<Vec<Queryable<()>>, MeshError> {
        let (sender, receiver) = mpsc::channel(QUERIES_WAITING_MAX);
        let mut declared = Vec::with_capacity(What::ALL.len());
        for what in What::ALL {
            let (sender, tally) = (sender.clone(), Arc::clone(&self.telling.tally));
            let ask = move |query: Query| {
                if sender.try_send((what, query)).is_err() {
                    tally.queries_dropped.fetch_add(1, Ordering::Relaxed);
                }
            };
            let key = self.key(what.key());
            let queryable = session.declare_queryable(key).callback(ask).await;
            declared.push(queryable.map_err(error("declaring what may be asked"))?);
        }
        let thread = std::thread::Builder::new().name("copmesh-answers".into());
        thread.spawn(move || self.run(receiver)).map_err(|e| MeshError(format!("no thread for answers: {e}")))?;
        Ok(declared)
    }

    fn run(self, mut queries: mpsc::Receiver<(What, Query)>) {
        let (mut snapshot, tally) = (None, Arc::clone(&self.telling.tally));
        while let Some((what, query)) = queries.blocking_recv() {
            let (counted, sent) = match self.answer(what, &query, &mut snapshot) {
                Ok(Some((key, payload))) => (&tally.answered, query.reply(key, payload).wait()),
                Ok(None) => (&tally.answered, Ok(())),
                Err(why) => (&tally.refused, query.reply_err(why).wait()),
            };
            counted.fetch_add(1, Ordering::Relaxed);
            if let Err(e) = sent {
                tally.answers_lost.fetch_add(1, Ordering::Relaxed);
                debug!("an answer was not taken: {e}");
            }
        }
    }

    /// Key and content of an answer; nothing where there is nothing to tell. `snapshot` is the last one, for those who
    /// come together.
    fn answer(
        &self,
        what: What,
        query: &Query,
        snapshot: &mut Option<(u64, ZBytes)>,
    ) -> Result<Option<(String, ZBytes)>, String> {
        let board = self.teller().released(&self.telling.board.borrow().clone());
        let message = match what {
            What::Picture => return Ok(Some((self.key(what.key()), self.snapshot(snapshot)))),
            What::Sensors => self.teller().sensors(&board).encode_to_vec(),
            What::Neighbours => match self.teller().neighbours(&board) {
                Some(neighbours) => neighbours.encode_to_vec(),
                None => return Ok(None),
            },
            What::Health => self.teller().health(&board).encode_to_vec(),
            What::Span | What::PastPicture | What::Track => return self.past(what, query).map(Some),
        };
        Ok(Some((self.key(what.key()), message.into())))
    }

    fn snapshot(&self, last: &mut Option<(u64, ZBytes)>) -> ZBytes {
        let told = self.telling.tell();
        if let Some((sequence, payload)) = last
            && *sequence == told.sequence
        {
            return payload.clone();
        }
        let payload = ZBytes::from(self.teller().snapshot(&told).encode_to_vec());
        *last = Some((told.sequence, payload.clone()));
        payload
    }

    /// The same of the past.
    fn past(&self, what: What, query: &Query) -> Result<(String, ZBytes), String> {
        let history = self.history.as_ref().ok_or("no history is kept: history.enabled = false")?.read();
        let span = history.span().ok_or("nothing was shown yet")?;
        let permits = |label: &fusion_core::label::Label| self.teller().receiver.may_have(label);
        if what == What::Span {
            return Ok((self.key(what.key()), self.teller().span(span).encode_to_vec().into()));
        }
        let time = |name| number(query, name).map(|ns| ns.map(Timestamp::from_nanos));
        if what == What::PastPicture {
            let at = time("at")?.ok_or("at is missing: nanoseconds since the Unix epoch")?;
            let (time, tracks) = history.picture(at, permits).ok_or("nothing was shown yet")?;
            drop(history);
            return Ok((self.key(what.key()), self.teller().past(time, &tracks).encode_to_vec().into()));
        }
        let name = query.key_expr().as_str().rsplit('/').next().unwrap_or_default();
        let id = id_of(name).ok_or_else(|| format!("\"{name}\" is no track's id"))?;
        let between = (time("from")?.unwrap_or(span.0), time("to")?.unwrap_or(span.1));
        let max = number(query, "max")?.map_or(POINTS_USUAL, |max| usize::try_from(max).unwrap_or(1));
        let way = history.way(id, between, max, permits).ok_or("nothing is kept of this track in that time")?;
        drop(history);
        let key = self.key(&format!("history/track/{name}"));
        Ok((key, self.teller().way(id, &way).encode_to_vec().into()))
    }

    fn teller(&self) -> &Teller {
        &self.telling.teller
    }

    fn key(&self, end: &str) -> String {
        super::key(&self.teller().node, end)
    }
}

/// A parameter of a selector; an error if it is no whole number.
fn number(query: &Query, name: &str) -> Result<Option<i64>, String> {
    let text = query.parameters().get(name);
    text.map(|text| text.parse().map_err(|_| format!("{name}={text} is no whole number"))).transpose()
}
