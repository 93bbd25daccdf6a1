//! What a middleware says to a node that tells it something: whether it takes the node, what it wants done, what it did
//! not understand. All else that comes over the connection is read and passed over.

use super::framing::{Framed, Framer};
use super::ident::{Ulid, Uuid};
use super::message::{self, Envelope};
use super::{FORMAT, check};
use crate::error::{DecodeError, Reason};
use crate::protobuf::Parts;

/// One message, as far as it concerns us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Our registration is answered.
    Registration {
        /// Whether we are taken.
        accepted: bool,
        /// Why not, in words.
        reasons: Vec<String>,
    },
    /// We are to do something.
    Task {
        /// Which task.
        id: Ulid,
        /// Who wants it done.
        from: Uuid,
    },
    /// Something that we sent is no message of the edition, in words.
    Refusal(Vec<String>),
    /// Anything else, or for somebody else.
    Other,
}

/// Reads what comes over one connection.
#[derive(Debug)]
pub struct Answers {
    me: Uuid,
    framer: Framer,
}

impl Answers {
    /// To this node.
    #[must_use]
    pub fn new(me: Uuid) -> Self {
        Self { me, framer: Framer::default() }
    }

    /// Takes a piece of the stream, and gives out each message that it ends, or what is wrong with it.
    pub fn handle_bytes(&mut self, bytes: &[u8], each: &mut dyn FnMut(Result<Answer, DecodeError>)) {
        let me = self.me;
        self.framer.split(bytes, &mut |framed| match framed {
            Framed::Message(message) => each(check(message).map(|()| read(message, me))),
            Framed::Lost { told } => {
                each(Err(DecodeError {
                    format: FORMAT,
                    offset: 0,
                    field: "length",
                    reason: Reason::BadLength { told },
                }));
            }
            Framed::Stray(_) => {}
        });
    }
}

/// What a checked message is to us. One without an addressee is for everybody.
fn read(message: &[u8], me: Uuid) -> Answer {
    let envelope = Envelope::of(message).expect("a checked message has time, node and content");
    let addressee = message::along(message, &[3]).and_then(|part| Uuid::parse(part.value.octets()?));
    if addressee.is_some_and(|addressee| addressee != me) {
        return Answer::Other;
    }
    let (content, body) = envelope.content;
    match content {
        5 => {
            let accepted = message::along(body, &[1]).and_then(|part| part.value.word()) == Some(1);
            Answer::Registration { accepted, reasons: texts(body, 3) }
        }
        8 => {
            let id = message::along(body, &[1]).and_then(|part| Ulid::parse(part.value.octets()?));
            id.map_or(Answer::Other, |id| Answer::Task { id, from: envelope.node })
        }
        12 => Answer::Refusal(texts(body, 3)),
        _ => Answer::Other,
    }
}

fn texts(body: &[u8], number: u32) -> Vec<String> {
    let all = Parts::checked(body).filter(|part| part.number == number);
    all.filter_map(|part| part.value.text().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::encode::Sender;
    use super::*;
    use fusion_core::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_secs(1_717_236_000);

    fn heard(bytes: &[u8]) -> Vec<Result<Answer, DecodeError>> {
        let (mut answers, mut heard) = (Answers::new(Uuid::of_name("us")), Vec::new());
        bytes.chunks(7).for_each(|piece| answers.handle_bytes(piece, &mut |answer| heard.push(answer)));
        heard
    }

    #[test]
    fn whether_we_are_taken_is_heard_with_the_reasons_and_only_if_we_are_meant() {
        let mut middleware = Sender::new(Uuid::of_name("them"), 1);
        let mut bytes = middleware.registration_ack(Uuid::of_name("us"), false, vec!["no room".to_owned()], NOW);
        bytes.extend(middleware.registration_ack(Uuid::of_name("others"), true, vec![], NOW));
        bytes.extend(middleware.registration_ack(Uuid::of_name("us"), true, vec![], NOW));
        let refused = Answer::Registration { accepted: false, reasons: vec!["no room".to_owned()] };
        let taken = Answer::Registration { accepted: true, reasons: vec![] };
        assert_eq!(heard(&bytes), [Ok(refused), Ok(Answer::Other), Ok(taken)]);
    }

    #[test]
    fn what_was_not_understood_is_heard_and_what_we_do_not_understand_is_a_fault() {
        let mut middleware = Sender::new(Uuid::of_name("them"), 1);
        let mut bytes = middleware.error(None, b"x", "no ULID".to_owned(), NOW);
        bytes.extend([3, 0, 0, 0, 1, 2, 3]);
        bytes.extend(middleware.alert("look", NOW));
        let heard = heard(&bytes);
        assert_eq!(heard[0], Ok(Answer::Refusal(vec!["no ULID".to_owned()])));
        assert!(heard[1].is_err());
        assert_eq!(heard[2], Ok(Answer::Other));
    }
}
