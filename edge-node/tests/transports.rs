//! Each way in, over real sockets: two networks, clients, a serial line, a page, a push.
#![cfg(feature = "shell")]

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use edge_node::clock::Clock;
use edge_node::config::intake::IntakeConfig;
use edge_node::config::{Config, Endpoint};
use edge_node::inbox::{Inbox, Received, Taken};
use edge_node::ingest::Ingest;
use edge_node::ingest::links::Links;
use edge_node::node::{Arrival, Link, Node, node_id};
use fusion_core::measurement::SensorId;
use fusion_core::track::Origin;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_serial::SerialStream;

const PATIENCE: Duration = Duration::from_secs(5);
const SENSOR: SensorId = SensorId(0);

/// A sensor's tasks, and where what they take in waits.
struct Station {
    inbox: Arc<Inbox>,
    links: Arc<Links>,
}

impl Station {
    async fn start(endpoints: &[&str], intake: IntakeConfig) -> Self {
        let inbox = Arc::new(Inbox::new(1));
        let ingest = Ingest::new(SENSOR, "test".into(), intake, Arc::clone(&inbox), Clock::start());
        let links = Arc::clone(ingest.links());
        for endpoint in endpoints {
            tokio::spawn(ingest.clone().run(endpoint.parse::<Endpoint>().expect("an endpoint")));
        }
        let station = Self { inbox, links };
        let wanted = u64::try_from(endpoints.len()).expect("few");
        station.until(|links| &links.counters.opened, wanted).await;
        station
    }

    /// What comes next.
    async fn next(&self) -> Received {
        for _ in 0..500 {
            match self.inbox.take(Duration::ZERO) {
                Taken::Entry(received) => return received,
                Taken::Heard(_) | Taken::Saying(_) | Taken::TimedOut | Taken::Closed => {
                    tokio::time::sleep(Duration::from_millis(10)).await
                }
            }
        }
        panic!("nothing came")
    }

    async fn next_arrival(&self) -> (Link, Arrival) {
        let received = self.next().await;
        (received.link, received.arrival)
    }

    /// Waits until something was counted so often; a page is fetched only then.
    async fn until(&self, counter: impl Fn(&Links) -> &AtomicU64, wanted: u64) {
        for _ in 0..500 {
            if counter(&self.links).load(Ordering::Relaxed) >= wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("counted {} instead of {wanted}", counter(&self.links).load(Ordering::Relaxed));
    }
}

fn bytes(text: &str) -> Arrival {
    Arrival::Bytes(text.into())
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback");
    socket.local_addr().expect("bound").port()
}

// --- Datagrams ---

/// The endpoints of a sensor that sends over two networks, and the node that takes both in.
async fn over_two_networks(a: &str, b: &str, send: impl AsyncFn(&[u8])) {
    let text = format!(
        "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n[[sensors]]\nname = \"radar\"\n\
         kind = \"plots\"\nendpoint = \"{a}\"\nendpoint-b = \"{b}\"\n\
         label = {{ level = \"unclassified\", originator = \"TEST\" }}\n"
    );
    let config = Config::parse(&text).expect("a valid configuration");
    let mut node = Node::new(&config, Origin { node: node_id("a"), incarnation: 1 }).expect("valid");
    let station = Station::start(&[a, b], IntakeConfig::default()).await;
    for message in ["{\"one\":1}\n", "{\"two\":2}\n"] {
        send(message.as_bytes()).await;
        for _ in 0..2 {
            let Received { at, link, arrival, .. } = station.next().await;
            assert_eq!(arrival, bytes(message));
            node.handle_arrival(SENSOR, link, &arrival, at.validity);
        }
    }
    while node.poll().is_some() {}
    let mut counted = Vec::new();
    node.sensor_counters(SENSOR, &mut |name, count| counted.push((name, count)));
    assert!(counted.contains(&("datagrams_duplicate", 2)), "{counted:?}");
    assert!(counted.contains(&("decode_errors", 2)), "each was decoded once: {counted:?}");
}

#[tokio::test]
async fn a_datagram_that_comes_over_two_networks_counts_once() {
    let [a, b]: [SocketAddr; 2] = [([127, 0, 0, 1], free_port()).into(), ([127, 0, 0, 2], free_port()).into()];
    let sender = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
    over_two_networks(&format!("udp://{a}"), &format!("udp://{b}"), async |message| {
        sender.send_to(message, a).await.expect("sent");
        sender.send_to(message, b).await.expect("sent");
    })
    .await;
}

#[tokio::test]
async fn two_groups_are_joined_on_the_interface_that_was_chosen() {
    let port = free_port();
    let groups: [SocketAddr; 2] = [([239, 255, 77, 1], port).into(), ([239, 255, 77, 2], port).into()];
    let sender = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).expect("a socket");
    sender.set_multicast_if_v4(&std::net::Ipv4Addr::LOCALHOST).expect("loopback");
    let [a, b] = groups;
    over_two_networks(&format!("udp://{a}?interface=lo"), &format!("udp://{b}?interface=127.0.0.1"), async |message| {
        for group in groups {
            sender.send_to(message, &group.into()).expect("loopback carries multicast");
        }
    })
    .await;
}

#[tokio::test]
async fn a_sensor_that_babbles_is_cut_short_and_counted() {
    let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let intake = IntakeConfig { messages_max: 1, ..IntakeConfig::default() };
    let station = Station::start(&[&format!("udp://{address}")], intake).await;
    let sender = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
    for _ in 0..10 {
        sender.send_to(b"babble", address).await.expect("sent");
    }
    station.until(|links| &links.counters.rate_limited, 8).await;
    assert_eq!((station.next().await.arrival, station.next().await.arrival), (bytes("babble"), bytes("babble")));
}

// --- Streams ---

async fn connect(address: SocketAddr) -> TcpStream {
    tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await.expect("in time").expect("somebody listens")
}

#[tokio::test]
async fn two_clients_speak_side_by_side_and_each_gets_its_own_answers() {
    let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let intake = IntakeConfig { clients_max: 2, ..IntakeConfig::default() };
    let station = Station::start(&[&format!("tcp-listen://{address}")], intake).await;
    let mut first = connect(address).await;
    assert_eq!(station.next_arrival().await, (Link(0), Arrival::Opened));
    let mut second = connect(address).await;
    assert_eq!(station.next_arrival().await, (Link(1), Arrival::Opened));

    second.write_all(b"two").await.expect("sent");
    assert_eq!(station.next_arrival().await, (Link(1), bytes("two")));
    first.write_all(b"one").await.expect("sent");
    assert_eq!(station.next_arrival().await, (Link(0), bytes("one")));

    let mut third = connect(address).await;
    assert_eq!(third.read(&mut [0]).await.unwrap_or(0), 0, "closed at once");
    station.until(|links| &links.counters.clients_refused, 1).await;

    station.links.reply(Link(1), b"ack 2".to_vec());
    station.links.reply(Link(0), b"ack 1".to_vec());
    for (client, answer) in [(&mut first, b"ack 1"), (&mut second, b"ack 2")] {
        let mut got = [0; 5];
        tokio::time::timeout(PATIENCE, client.read_exact(&mut got)).await.expect("in time").expect("whole");
        assert_eq!(&got, answer);
    }

    drop(first);
    assert_eq!(station.next_arrival().await, (Link(0), Arrival::Closed));
    station.links.reply(Link(0), vec![]);
    assert_eq!(station.links.counters.replies_dropped.load(Ordering::Relaxed), 1);
    let _fourth = connect(address).await;
    assert_eq!(station.next_arrival().await, (Link(0), Arrival::Opened), "its place is free again");
}

#[tokio::test]
async fn a_server_gets_answers_and_is_connected_to_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("bound"));
    let station = Station::start(&[&endpoint], IntakeConfig::default()).await;
    for _ in 0..2 {
        let (mut server, _) = tokio::time::timeout(PATIENCE, listener.accept()).await.expect("in time").expect("asked");
        assert_eq!(station.next_arrival().await, (Link(0), Arrival::Opened));
        station.links.reply(Link(0), b"hello".to_vec());
        let mut got = [0; 5];
        server.read_exact(&mut got).await.expect("whole");
        assert_eq!(&got, b"hello");
        drop(server);
        assert_eq!(station.next_arrival().await, (Link(0), Arrival::Closed));
    }
}

#[tokio::test]
async fn a_serial_line_is_read_and_answered() {
    let (mut sensor, line) = SerialStream::pair().expect("a pseudo terminal");
    let path = std::fs::read_link(format!("/proc/self/fd/{}", line.as_raw_fd())).expect("it has a name");
    // Whoever opens a line has it to himself.
    drop(line);
    let endpoint = format!("serial://{}?baud=115200", path.display());
    let station = Station::start(&[&endpoint], IntakeConfig::default()).await;
    assert_eq!(station.next_arrival().await, (Link(0), Arrival::Opened));
    sensor.write_all(b"!AIVDM").await.expect("sent");
    assert_eq!(station.next_arrival().await, (Link(0), bytes("!AIVDM")));
    station.links.reply(Link(0), b"\xB5b".to_vec());
    let mut got = [0; 2];
    tokio::time::timeout(PATIENCE, sensor.read_exact(&mut got)).await.expect("in time").expect("whole");
    assert_eq!(&got, b"\xB5b", "octets pass as they are");
}

// --- Pages ---

/// Serves these answers, one a connection, the last one for ever; each as it is, however broken.
async fn serve(listener: TcpListener, answers: Vec<&'static str>) {
    for number in 0.. {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let mut request = [0; 1024];
        let length = stream.read(&mut request).await.unwrap_or(0);
        assert!(request[..length].starts_with(b"GET /DOA_value.html?x=1 HTTP/1.1\r\n"));
        let answer = answers[number.min(answers.len() - 1)];
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

#[tokio::test]
async fn a_page_that_is_torn_or_empty_is_counted_and_the_next_one_is_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let endpoint = format!("http://{}/DOA_value.html?x=1", listener.local_addr().expect("bound"));
    let answers = vec![
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1700000",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n1700000000,42",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ];
    tokio::spawn(serve(listener, answers));
    let intake = IntakeConfig { poll_period_s: 0.05, ..IntakeConfig::default() };
    let station = Station::start(&[&endpoint], intake).await;
    assert_eq!(station.next_arrival().await, (Link(0), bytes("1700000000,42")));
    assert_eq!(station.next_arrival().await, (Link(0), bytes("ab")));
    assert_eq!(station.links.counters.pages_torn.load(Ordering::Relaxed), 3);
    assert_eq!(station.links.counters.failed.load(Ordering::Relaxed), 0, "no reason to wait");
}

#[tokio::test]
async fn a_page_without_end_is_given_up_at_its_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let endpoint = format!("http://{}/", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
        }
    });
    let station = Station::start(&[], IntakeConfig::default()).await;
    let clock = Clock::start();
    let ingest = Ingest::new(SENSOR, "test".into(), IntakeConfig::default(), Arc::clone(&station.inbox), clock);
    let station = Station { links: Arc::clone(ingest.links()), ..station };
    tokio::spawn(ingest.run(endpoint.parse().expect("an endpoint")));
    station.until(|links| &links.counters.pages_refused, 1).await;
    assert_eq!(station.inbox.take(Duration::ZERO), Taken::TimedOut);
}

// --- What is pushed ---

/// Sends a request as it stands and returns the status that it is answered with.
async fn ask(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("somebody listens");
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer");
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

fn post(path: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n{body}")
        .into()
}

#[tokio::test]
async fn what_is_pushed_is_taken_whole_and_what_is_not_a_push_is_refused_with_its_reason() {
    let port = free_port();
    let station = Station::start(&[&format!("http-listen://127.0.0.1:{port}/plots")], IntakeConfig::default()).await;
    assert_eq!(ask(port, &post("/plots", "", "{}\n{}\n")).await, "204");
    assert_eq!(station.next_arrival().await, (Link(0), bytes("{}\n{}\n")));
    let chunked = b"PUT /plots?x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
                    2\r\nab\r\n0\r\n\r\n";
    assert_eq!(ask(port, chunked).await, "204");
    assert_eq!(station.next_arrival().await, (Link(0), bytes("ab")));
    let too_large = b"POST /plots HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1048577\r\n\r\n";
    let endless = [
        &b"POST /plots HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n110000\r\n"[..],
        &vec![b'x'; 0x11_0000],
    ];
    let refused = [
        ("400", post("/plots", "", "")),
        ("403", post("/plots", "Origin: http://elsewhere\r\n", "{}")),
        ("404", post("/other", "", "{}")),
        ("405", b"GET /plots HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("413", too_large.to_vec()),
        ("413", endless.concat()),
    ];
    for (number, (status, request)) in (1..).zip(refused) {
        assert_eq!(ask(port, &request).await, status);
        assert_eq!(station.links.counters.pushes_refused.load(Ordering::Relaxed), number);
    }
    assert_eq!(station.inbox.take(Duration::ZERO), Taken::TimedOut);
}

#[tokio::test]
async fn who_pushes_more_than_it_may_is_told_to_wait() {
    let port = free_port();
    let intake = IntakeConfig { messages_max: 1, ..IntakeConfig::default() };
    let station = Station::start(&[&format!("http-listen://127.0.0.1:{port}/")], intake).await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(ask(port, &post("/", "", "x")).await);
    }
    assert_eq!(&answers[..2], ["204", "204"], "two seconds' worth at once");
    assert!(answers[2..].contains(&"429".to_owned()), "{answers:?}");
    assert!(station.links.counters.rate_limited.load(Ordering::Relaxed) >= 1);
}
