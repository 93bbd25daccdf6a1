//! Whether this node may tell: it registers, waits for the answer, and answers tasks, by refusing them.
//!
//! | state | says | until |
//! |---|---|---|
//! | registering | its registration | the answer; without one for 20 s, the end |
//! | taken | what the feed has | the connection ends, or it is refused after all |
//! | refused | nothing | a minute has passed, then it registers again |

use std::collections::VecDeque;
use std::time::Duration;

use sensor_drivers::sapient::answers::{Answer, Answers};
use sensor_drivers::sapient::{Ulid, Uuid};

use super::describe::Describer;
use crate::clock::{Monotonic, Now};
use sensor_drivers::sapient::encode::framed;

/// An answer to a registration may take so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Who was refused asks again after so long.
pub const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// Refusals of tasks that wait to be sent.
///
/// Counter: `unanswered`; a further task is not answered.
pub const ANSWERS_MAX: usize = 64;

/// Reasons are cut at this length, characters.
///
/// No counter: it is a line for people.
const REASON_MAX: usize = 300;

/// How the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Registering { since: Monotonic },
    Taken,
    Refused { since: Monotonic },
}

/// What was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that were understood.
    pub heard: u64,
    /// What was no message.
    pub faults: u64,
    /// Tasks, each of which is refused.
    pub tasks: u64,
    /// Tasks that were not answered, because too many answers waited.
    pub unanswered: u64,
    /// Messages of ours that the middleware sent back.
    pub sent_back: u64,
}

/// One connection to a middleware.
#[derive(Debug)]
pub struct Conversation {
    state: State,
    answers: Answers,
    tasks: VecDeque<(Ulid, Uuid)>,
    trouble: Option<String>,
    tally: Tally,
}

impl Conversation {
    /// Over a connection that has just been opened.
    #[must_use]
    pub fn new(me: Uuid) -> Self {
        Self {
            state: State::New,
            answers: Answers::new(me),
            tasks: VecDeque::new(),
            trouble: None,
            tally: Tally::default(),
        }
    }

    /// What was heard.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Whether the middleware has taken this node.
    #[must_use]
    pub fn may_tell(&self) -> bool {
        self.state == State::Taken
    }

    /// Why it has not, or what it sent back last.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Takes what came.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Now) {
        let Self { state, answers, tasks, trouble, tally } = self;
        answers.handle_bytes(bytes, &mut |answer| {
            tally.heard += u64::from(answer.is_ok());
            match answer {
                Ok(Answer::Registration { accepted: true, .. }) => (*state, *trouble) = (State::Taken, None),
                Ok(Answer::Registration { accepted: false, reasons }) => {
                    *state = State::Refused { since: now.monotonic };
                    *trouble = Some(told("the registration was refused", &reasons));
                }
                Ok(Answer::Refusal(reasons)) => {
                    tally.sent_back += 1;
                    *trouble = Some(told("a message was sent back", &reasons));
                }
                Ok(Answer::Task { id, from }) => {
                    tally.tasks += 1;
                    if tasks.len() < ANSWERS_MAX {
                        tasks.push_back((id, from));
                    } else {
                        tally.unanswered += 1;
                    }
                }
                Ok(Answer::Other) => {}
                Err(_) => tally.faults += 1,
            }
        });
    }

    /// What is to be said now, framed: the registration when it is due, refusals of tasks.
    ///
    /// # Errors
    /// The middleware does not answer; in words.
    pub fn poll_transmit(&mut self, by: &Describer, now: Now) -> Result<Vec<u8>, String> {
        let mut octets = Vec::new();
        let is_due = match self.state {
            State::New => true,
            State::Refused { since } => now.monotonic.since(since) >= REFUSED_PAUSE,
            State::Registering { since } if now.monotonic.since(since) >= PATIENCE => {
                return Err(format!("the registration was not answered within {PATIENCE:?}"));
            }
            State::Registering { .. } | State::Taken => false,
        };
        if is_due {
            self.state = State::Registering { since: now.monotonic };
            octets.extend(framed(&by.registration(now.validity)));
        }
        for (task, to) in self.tasks.drain(..) {
            octets.extend(framed(&by.task_refusal(task, to, now.validity)));
        }
        Ok(octets)
    }
}

/// What happened, and the reasons for it that were told.
fn told(what: &str, reasons: &[String]) -> String {
    let reasons = if reasons.is_empty() { "no reason was told".to_owned() } else { reasons.join("; ") };
    format!("{what}: {}", reasons.chars().take(REASON_MAX).collect::<String>())
}
