//! Clients on real sockets: what they read, what they hear of each other, and what becomes of one that reads nothing.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use fusion_core::time::Span;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::conversation::{Conversation, Role};
use super::event::{Element, Event};
use super::tests::{board, track};
use super::{TakHealth, TakOutput, xml};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::Config;

/// What anybody waits for at the most; nothing depends on how long it takes.
const LONG: Duration = Duration::from_secs(60);

/// A way out for handhelds, and the picture that it tells.
struct Outside {
    runtime: Runtime,
    address: SocketAddr,
    health: Arc<TakHealth>,
    picture: watch::Sender<Arc<Board>>,
    clock: Clock,
    seconds: i64,
}

impl Outside {
    fn new(patience: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("loopback");
        let text = format!(
            "[node]\nname = \"box\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
             [[tak]]\nname = \"handhelds\"\nendpoint = \"tcp-listen://{address}\"\nperiod-s = 0.1\n\
             events-per-second = 10000\nclearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
        );
        let config = Config::parse(&text).expect("sound");
        let (picture, reader) = watch::channel(Arc::new(Board::default()));
        let clock = Clock::start();
        let outputs = TakOutput::all(&config, Mode::Live, &reader, clock).expect("sound");
        let output = outputs.into_iter().next().expect("one").with_patience(patience);
        let health = Arc::clone(output.health());
        runtime.spawn(output.run());
        Self { runtime, address, health, picture, clock, seconds: 0 }
    }

    /// A new state of so many tracks.
    fn show(&mut self, tracks: u64) {
        self.seconds += 1;
        let shown = board((1..=tracks).map(|number| track(number, self.seconds, 40.0)));
        self.picture.send_replace(Arc::new(shown));
    }

    fn connect(&self) -> Client {
        let begun = self.clock.now().monotonic;
        let stream = loop {
            match TcpStream::connect(self.address) {
                Ok(stream) => break stream,
                Err(e) => assert!(self.clock.now().monotonic.since(begun) < LONG, "{e}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket");
        let conversation = Conversation::new(Role::Client { asks: false }, "phone".to_owned(), self.clock.now());
        Client { stream, conversation, clock: self.clock, heard: Vec::new() }
    }

    fn count(&self, name: &str) -> u64 {
        let json = self.health.json();
        json.get(name).or_else(|| json["counters"].get(name)).and_then(serde_json::Value::as_u64).expect("a counter")
    }

    /// Shows new states until something has happened.
    fn show_until(&mut self, tracks: u64, what: &str, mut happened: impl FnMut(&Self) -> bool) {
        let begun = self.clock.now().monotonic;
        while !happened(self) {
            assert!(self.clock.now().monotonic.since(begun) < LONG, "in vain: {what}; {}", self.health.json());
            self.show(tracks);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

struct Client {
    stream: TcpStream,
    conversation: Conversation,
    clock: Clock,
    heard: Vec<Event>,
}

impl Client {
    fn say(&mut self, event: &Event) {
        self.stream.write_all(xml::write(event).as_bytes()).expect("the node reads");
    }

    /// Reads what is there.
    fn read(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(length) => {
                let (heard, now) = (&mut self.heard, self.clock.now());
                self.conversation.handle_bytes(&buffer[..length], now, |event| heard.push(event));
            }
            Err(e) => assert!(matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{e}"),
        }
    }

    fn read_until(&mut self, what: &str, mut is_there: impl FnMut(&[Event]) -> bool) {
        let begun = self.clock.now().monotonic;
        while !is_there(&self.heard) {
            let uids: Vec<&str> = self.heard.iter().map(|event| event.uid.as_str()).collect();
            assert!(self.clock.now().monotonic.since(begun) < LONG, "in vain: {what}; {uids:?}");
            self.read();
        }
    }
}

/// What a handheld says of itself.
fn itself(uid: &str, clock: Clock) -> Event {
    let now = clock.now().validity;
    let contact = Element::new("contact").with("callsign", uid).with("endpoint", "*:-1:stcp");
    Event {
        uid: uid.to_owned(),
        kind: "a-f-G-U-C".to_owned(),
        how: "m-g".to_owned(),
        time: now,
        start: now,
        stale: now + Span::from_secs(60),
        point: super::event::Point::NOWHERE,
        marks: super::event::Marks::default(),
        detail: vec![contact],
    }
}

fn has(uid: &str) -> impl Fn(&[Event]) -> bool + '_ {
    move |events| events.iter().any(|event| event.uid == uid)
}

#[test]
fn two_clients_see_the_picture_and_each_other_until_one_leaves() {
    let mut outside = Outside::new(LONG);
    outside.show(3);
    let (mut kilo, mut lima) = (outside.connect(), outside.connect());
    let tracks = |events: &[Event]| events.iter().filter(|event| event.kind.starts_with("a-p-")).count() == 3;
    kilo.read_until("the picture", tracks);
    lima.read_until("the picture", tracks);
    assert_eq!(kilo.heard.first().map(|event| event.uid.as_str()), Some("copmesh.box"), "who speaks comes first");
    kilo.say(&itself("kilo", outside.clock));
    lima.read_until("kilo", has("kilo"));
    lima.say(&itself("lima", outside.clock));
    kilo.read_until("lima", has("lima"));
    drop(lima);
    kilo.read_until("lima's end", has("lima.gone"));
    let gone = kilo.heard.iter().find(|event| event.uid == "lima.gone").expect("told");
    assert_eq!(gone.kind, "t-x-d-d");
    assert_eq!(gone.element("link").and_then(|link| link.attribute("uid")), Some("lima"));
}

#[test]
fn a_client_that_reads_nothing_is_left_and_counted_while_others_are_told() {
    let mut outside = Outside::new(Duration::from_secs(1));
    let stuck = outside.connect();
    let mut reader = outside.connect();
    outside.show_until(500, "the stuck one is left", |outside| {
        reader.read();
        outside.count("stuck") == 1
    });
    outside.show_until(500, "only the reader is there", |outside| {
        reader.read();
        outside.count("receivers") == 1
    });
    let newest = outside.clock.now().validity;
    outside.show(1);
    reader.read_until("what is new", |events| events.last().is_some_and(|event| event.time >= newest));
    drop(stuck);
}

#[test]
fn noise_between_events_and_questions_beyond_all_answers_are_counted_where_people_see_them() {
    let outside = Outside::new(LONG);
    let mut client = outside.connect();
    let ping = Event { kind: "t-x-c-t".to_owned(), detail: vec![], ..itself("kilo", outside.clock) };
    // Many fit what is read at once, and answers leave only between two reads.
    let questions = format!("oh!{}", xml::write(&ping).repeat(200));
    client.stream.write_all(questions.as_bytes()).expect("the node reads");
    let begun = outside.clock.now().monotonic;
    while outside.count("unanswered") == 0 {
        assert!(outside.clock.now().monotonic.since(begun) < LONG, "in vain: {}", outside.health.json());
        client.read();
    }
    assert_eq!(outside.count("garbage_bytes"), 3);
    assert!(outside.count("unanswered") < 200, "some were answered: {}", outside.health.json());
}

#[test]
fn who_pauses_is_told_what_is_then_newest_and_not_all_that_it_missed() {
    let mut outside = Outside::new(LONG);
    let mut client = outside.connect();
    // So many states of so many tracks as buffers of sockets do not hold.
    (0..60).for_each(|_| {
        outside.show(1_000);
        std::thread::sleep(Duration::from_millis(50));
    });
    let last = outside.seconds;
    let newest = super::tests::at(last);
    client.read_until("the newest state", |events| {
        events.iter().rev().take(2_000).filter(|event| event.start == newest).count() >= 1_000
    });
    let states: std::collections::BTreeSet<_> = client.heard.iter().map(|event| event.start).collect();
    println!("{} states of {last} were told to one who read nothing in between", states.len());
    assert!(states.len() < usize::try_from(last).expect("small") / 2);
    let _ = &outside.runtime;
}
