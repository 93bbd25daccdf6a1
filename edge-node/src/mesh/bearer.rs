//! A bearer and its zenoh session, which is replaced where it is connected and yet nothing is heard.
//!
//! That happens where one side has given a connection up, or never knew of it, and the other keeps it: zenoh refuses
//! another until the lease is over, or joins the two, and neither tells what the other has forgotten. A session under a
//! new name is greeted anew by everybody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use fusion_core::time::Span;
use tracing::warn;
use zenoh::Session;
use zenoh::liveliness::LivelinessToken;

use super::gate::Gate;
use super::hearing::{Hearing, times};
use super::waits::waits;
use super::{MeshError, session};
use crate::config::mesh::BearerConfig;

/// Whoever connects is heard sooner than this, on any machine.
const FIRST_WORD: Span = Span::from_secs(6);
/// What was heard and is connected is heard again within so many leases.
const LEASES: i64 = 2;
/// And within so many silences.
const SILENCES: i64 = 3;
/// Between attempts to open a session, where what it listens on is not there.
const PAUSE: Duration = Duration::from_secs(2);
/// Doublings of that patience while opening anew changes nothing: those who connect may be strangers to us.
///
/// No counter: a bound of arithmetic only.
const DOUBLINGS_MAX: u32 = 6;

/// A bearer and its session.
pub(super) struct BearerSession {
    pub(super) config: BearerConfig,
    /// Where it connects to.
    connect: Vec<String>,
    /// Who is let in; everybody, where there is none.
    pub(super) gate: Option<Gate>,
    session: RwLock<Session>,
    /// Of those who are connected, so many may say nothing here: that they are not heard is no fault of the session.
    pub(super) strangers: AtomicUsize,
    /// Tells who we are, where the bearer looks around.
    pub(super) token: tokio::sync::Mutex<Option<LivelinessToken>>,
    company: Mutex<Company>,
}

/// Who is connected.
#[derive(Clone, Copy, Debug, Default)]
struct Company {
    connected: usize,
    /// When their number grew last.
    grown: Span,
    /// Sessions opened since anything was heard.
    vain: u32,
    /// Another session is being opened.
    opening: bool,
}

/// What [`BearerSession::look`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// So many are connected.
    pub(super) connected: usize,
    /// More than before.
    pub(super) grown: bool,
    /// The session is to be opened anew. Told once.
    pub(super) deaf: bool,
}

impl BearerSession {
    /// Opens the session.
    pub(super) async fn open(
        config: BearerConfig,
        connect: Vec<String>,
        gate: Option<Gate>,
    ) -> Result<Self, MeshError> {
        let session = RwLock::new(session::open(&config, &connect, gate.as_ref()).await?);
        Ok(Self {
            config,
            connect,
            gate,
            session,
            strangers: AtomicUsize::new(0),
            token: tokio::sync::Mutex::default(),
            company: Mutex::default(),
        })
    }

    /// The session as it is now.
    pub(super) fn session(&self) -> Session {
        self.session.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn company(&self) -> MutexGuard<'_, Company> {
        self.company.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks who is connected, given what is known of the wires over it.
    pub(super) async fn look(&self, wires: &[Hearing], now: Span) -> Seen {
        let connected = self.session().info().peers_zid().await.count();
        let connected = connected.saturating_sub(self.strangers.load(Ordering::Relaxed));
        let settings = self.config.settings();
        let silence = Span::from_secs_f64(settings.silence_s);
        // Where nodes are looked for, strangers connect too.
        let first = if settings.scouting { Span::from_nanos(i64::MAX) } else { FIRST_WORD };
        let lease = Span::from_secs_f64(waits(&self.config, &self.connect).lease.as_secs_f64());
        let again = times(lease, LEASES).max(times(silence, SILENCES));
        self.company().look(connected, wires, [first, again], now)
    }

    /// Closes the session, which takes some seconds, and opens another.
    pub(super) async fn open_anew(&self, now: Span) -> Session {
        *self.token.lock().await = None;
        if let Err(e) = self.session().close().await {
            warn!("bearer {} did not close: {e}", self.config.name);
        }
        let mut session = session::open(&self.config, &self.connect, self.gate.as_ref()).await;
        if let Err(e) = &session {
            warn!("{e}; trying again every {} s", PAUSE.as_secs());
        }
        while session.is_err() {
            tokio::time::sleep(PAUSE).await;
            session = session::open(&self.config, &self.connect, self.gate.as_ref()).await;
        }
        let session = session.expect("the loop ends with one");
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = session.clone();
        let vain = self.company().vain.saturating_add(1);
        *self.company() = Company { connected: 0, grown: now, vain, opening: false };
        session
    }
}

impl Company {
    /// `patience` with those who were never heard since somebody connected, and with those who were.
    fn look(&mut self, connected: usize, wires: &[Hearing], patience: [Span; 2], now: Span) -> Seen {
        let grown = connected > self.connected;
        if grown {
            self.grown = now;
        }
        self.connected = connected;
        let heard = wires.iter().filter_map(Hearing::heard).max().filter(|&heard| heard >= self.grown);
        if heard.is_some() {
            self.vain = 0;
        }
        let (since, patience) = (heard.unwrap_or(self.grown), patience[usize::from(heard.is_some())]);
        let patience = times(patience, 1 << self.vain.min(DOUBLINGS_MAX));
        let deaf = !self.opening && connected > 0 && !wires.is_empty() && now - since >= patience;
        self.opening |= deaf;
        Seen { connected, grown, deaf }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hearing::Word;
    use super::*;

    const PATIENCE: [Span; 2] = [Span::from_secs(5), Span::from_secs(40)];

    const fn at(s: i64) -> Span {
        Span::from_secs(s)
    }

    fn heard(s: i64) -> Hearing {
        let mut hearing = Hearing::new(at(8), at(0));
        hearing.handle_word(Word::Understood, at(s));
        hearing
    }

    #[test]
    fn a_session_whose_company_never_says_a_word_is_deaf_soon_and_then_less_soon() {
        let mut company = Company::default();
        let silent = [Hearing::new(at(8), at(0))];
        assert_eq!(company.look(1, &silent, PATIENCE, at(10)), Seen { connected: 1, grown: true, deaf: false });
        assert!(!company.look(1, &silent, PATIENCE, at(14)).deaf && company.look(1, &silent, PATIENCE, at(15)).deaf);
        assert!(!company.look(1, &silent, PATIENCE, at(99)).deaf, "told once");
        (company.vain, company.opening) = (1, false);
        assert!(!company.look(1, &silent, PATIENCE, at(19)).deaf && company.look(1, &silent, PATIENCE, at(20)).deaf);
    }

    #[test]
    fn a_session_that_was_heard_is_not_taken_for_deaf_in_a_cut() {
        let mut company = Company::default();
        let _ = company.look(1, &[heard(1)], PATIENCE, at(0));
        assert!(!company.look(1, &[heard(1)], PATIENCE, at(40)).deaf);
        assert!(company.look(1, &[heard(1)], PATIENCE, at(41)).deaf, "the lease should have ended it");
        assert!(!company.look(0, &[heard(1)], PATIENCE, at(99)).deaf, "nobody is there");
    }

    #[test]
    fn one_neighbour_that_is_heard_keeps_the_session_for_all() {
        let mut company = Company::default();
        let wires = |s| [heard(s), Hearing::new(at(8), at(0))];
        assert!(!(0..200).any(|s| company.look(2, &wires(s), PATIENCE, at(s)).deaf));
    }
}
