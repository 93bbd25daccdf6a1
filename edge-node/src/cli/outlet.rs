//! Wires that simulated and recorded sensors speak through: sockets and pseudo terminals. Nobody listening is nothing
//! bad: what is not taken is counted.

use std::fs::File;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::cli::Failure;

/// How long a connection may take to be made or to take bytes, before it is given up.
const PATIENCE: Duration = Duration::from_millis(250);
/// After an attempt in vain, so many messages pass before the next.
const PAUSE: u32 = 20;
/// Listeners to one sensor at once.
///
/// No counter: who comes after is let in when another has gone.
const CLIENTS_MAX: usize = 32;

const REMEDY: &str = "write udp://HOST:PORT, tcp://HOST:PORT, tcp-listen://ADDRESS:PORT or pty";

/// Where the bytes of each sensor go.
pub struct Outlets {
    outlets: Vec<Option<(String, Outlet)>>,
}

/// Where the bytes of one sensor go.
enum Outlet {
    Udp(UdpSocket, SocketAddr),
    Connecting {
        to: SocketAddr,
        stream: Option<TcpStream>,
        pause: u32,
    },
    Listening(TcpListener, Vec<TcpStream>),
    /// The side that we write to; the other stays open, so that readers may come and go.
    Terminal {
        ours: File,
        _theirs: File,
    },
}

impl Outlets {
    /// Opens what the sensors, by name, have for an endpoint, and what the arguments (`SENSOR=ENDPOINT`) say over it.
    ///
    /// # Errors
    /// [`Failure`] naming the argument or key and the remedy.
    pub fn open(sensors: &[(&str, Option<&str>)], told: &[String]) -> Result<Self, Failure> {
        let mut endpoints: Vec<Option<String>> =
            sensors.iter().map(|(_, endpoint)| endpoint.map(str::to_owned)).collect();
        for one in told {
            let (name, endpoint) =
                one.split_once('=').ok_or_else(|| Failure::refused(format!("--to {one}: write SENSOR=ENDPOINT")))?;
            let place = sensors.iter().position(|(known, _)| *known == name).ok_or_else(|| {
                let names: Vec<&str> = sensors.iter().map(|(name, _)| *name).collect();
                Failure::refused(format!("--to {one}: no sensor of that name; there are {}", names.join(", ")))
            })?;
            endpoints[place] = Some(endpoint.to_owned());
        }
        let open = |endpoint: Option<String>| endpoint.map(|text| Outlet::open(&text)).transpose();
        Ok(Self { outlets: endpoints.into_iter().map(open).collect::<Result<_, _>>()? })
    }

    /// Whether no sensor has a socket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outlets.iter().all(Option::is_none)
    }

    /// Where a sensor's bytes go, as it was told.
    #[must_use]
    pub fn name(&self, sensor: usize) -> Option<&str> {
        self.outlets.get(sensor)?.as_ref().map(|(name, _)| name.as_str())
    }

    /// Sends bytes of a sensor; false if there is a socket, but nobody took them.
    pub fn send(&mut self, sensor: usize, bytes: &[u8]) -> bool {
        self.outlets.get_mut(sensor).and_then(Option::as_mut).is_none_or(|(_, outlet)| outlet.send(bytes))
    }
}

impl Outlet {
    /// The outlet, and how people call it: a pseudo terminal by the path that it got.
    fn open(text: &str) -> Result<(String, Self), Failure> {
        let refused = |reason: String| Failure::refused(format!("endpoint \"{text}\": {reason}; {REMEDY}"));
        if text == "pty" {
            return terminal().map_err(|e| refused(e.to_string()));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| refused("is none".into()))?;
        let address = || {
            let found = rest.to_socket_addrs().map_err(|e| refused(e.to_string()))?.next();
            found.ok_or_else(|| refused("has no address".into()))
        };
        let outlet = match scheme {
            "udp" => udp(address()?).map_err(|e| refused(e.to_string())),
            "tcp" => Ok(Self::Connecting { to: address()?, stream: None, pause: 0 }),
            "tcp-listen" => listening(address()?).map_err(|e| refused(e.to_string())),
            _ => Err(refused("is none".into())),
        };
        outlet.map(|outlet| (text.to_owned(), outlet))
    }

    fn send(&mut self, bytes: &[u8]) -> bool {
        match self {
            Self::Udp(socket, to) => socket.send_to(bytes, *to).is_ok(),
            Self::Connecting { to, stream, pause } => {
                if stream.is_none() && *pause == 0 {
                    *stream = TcpStream::connect_timeout(to, PATIENCE).and_then(patient).ok();
                    *pause = if stream.is_none() { PAUSE } else { 0 };
                }
                *pause = pause.saturating_sub(1);
                let sent = stream.as_mut().is_some_and(|stream| stream.write_all(bytes).is_ok());
                if !sent {
                    *stream = None;
                }
                sent
            }
            Self::Listening(listener, clients) => {
                while clients.len() < CLIENTS_MAX
                    && let Ok((client, _)) = listener.accept()
                {
                    clients.extend(patient(client));
                }
                clients.retain_mut(|client| client.write_all(bytes).is_ok());
                !clients.is_empty()
            }
            Self::Terminal { ours, .. } => patiently(ours, bytes),
        }
    }
}

fn udp(to: SocketAddr) -> io::Result<Outlet> {
    let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    Ok(Outlet::Udp(UdpSocket::bind(any)?, to))
}

fn listening(at: SocketAddr) -> io::Result<Outlet> {
    let listener = TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    Ok(Outlet::Listening(listener, Vec::new()))
}

/// A pseudo terminal that passes bytes as they are, and its path.
fn terminal() -> io::Result<(String, Outlet)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let path = ptsname(&ours, Vec::new())?.to_string_lossy().into_owned();
    let theirs = open(path.as_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
    let mut settings = tcgetattr(&theirs)?;
    settings.make_raw();
    tcsetattr(&theirs, OptionalActions::Now, &settings)?;
    fcntl_setfl(&ours, OFlags::NONBLOCK)?;
    Ok((path, Outlet::Terminal { ours: ours.into(), _theirs: theirs.into() }))
}

/// Writes all of it, giving up on a reader who does not read.
fn patiently(ours: &mut File, mut bytes: &[u8]) -> bool {
    let step = Duration::from_millis(5);
    let mut left = PATIENCE;
    while !bytes.is_empty() {
        match ours.write(bytes) {
            Ok(taken) => bytes = &bytes[taken..],
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && !left.is_zero() => {
                std::thread::sleep(step);
                left = left.saturating_sub(step);
            }
            Err(_) => return false,
        }
    }
    true
}

/// A stream that gives up on a peer who does not read.
fn patient(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const SENSORS: [(&str, Option<&str>); 3] = [("radar-airfield", None), ("drones", None), ("adsb", None)];

    #[test]
    fn bytes_reach_whoever_listens_by_each_way() {
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        let server = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let told = [
            format!("radar-airfield=udp://{}", receiver.local_addr().expect("bound")),
            format!("adsb=tcp://{}", server.local_addr().expect("bound")),
        ];
        let mut outlets = Outlets::open(&SENSORS, &told).expect("sound");
        assert!(outlets.send(0, b"plot") && outlets.send(2, b"frame") && outlets.send(1, b"nowhere"));
        let mut got = [0; 8];
        assert_eq!(receiver.recv(&mut got).expect("a datagram"), 4);
        let (mut stream, _) = server.accept().expect("connected");
        stream.read_exact(&mut got[..5]).expect("bytes");
        assert_eq!(&got[..5], b"frame");
    }

    #[test]
    fn bytes_reach_a_pseudo_terminal_as_they_are_and_a_reader_who_sleeps_holds_nothing_up() {
        let mut outlets = Outlets::open(&SENSORS, &["adsb=pty".to_owned()]).expect("a terminal");
        let mut reader = File::open(outlets.name(2).expect("its path")).expect("there");
        let sent = b"\x1a2\r\n\x03\x11\xff";
        assert!(outlets.send(2, sent));
        let mut got = [0; 7];
        reader.read_exact(&mut got).expect("bytes");
        assert_eq!(&got, sent);
        assert!(!outlets.send(2, &[7; 1 << 20]), "more than a terminal holds");
    }

    #[test]
    fn an_argument_that_is_wrong_is_answered_with_what_would_be_right() {
        let cases = [
            ("adsb", "write SENSOR=ENDPOINT"),
            ("nobody=udp://127.0.0.1:1", "there are radar-airfield"),
            ("adsb=http://x", "write udp://HOST:PORT"),
            ("adsb=udp://127.0.0.1", "write udp://HOST:PORT"),
        ];
        for (told, remedy) in cases {
            let refusal = Outlets::open(&SENSORS, &[told.to_owned()]).map(|_| ()).expect_err(told).message;
            assert!(refusal.contains(remedy), "{refusal}");
        }
    }
}
