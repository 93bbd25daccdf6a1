//! Where a sensor's bytes come from, as one line of the configuration.

use core::str::FromStr;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Where bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Nowhere: fed by a replay or a simulator.
    None,
    /// Datagrams to this address; joined if it is a multicast group.
    Udp(UdpEndpoint),
    /// A stream from a server, reconnected with backoff.
    Tcp(String),
    /// Streams from clients that connect to this address.
    TcpListen(SocketAddr),
    /// A serial line, opened again with backoff.
    Serial(SerialEndpoint),
    /// A page of a server, fetched again and again.
    Http(HttpEndpoint),
    /// Messages that are posted to this address and path.
    HttpListen(PushEndpoint),
    /// A file or named pipe, read to its end.
    File(PathBuf),
}

/// Datagrams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpEndpoint {
    /// Our address, or a multicast group; and the port.
    pub address: SocketAddr,
    /// The interface on which the group is joined; without it the system chooses.
    pub interface: Option<Interface>,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    /// By its name, such as `eth0`.
    Name(String),
    /// By an address that it has.
    Address(IpAddr),
}

/// A serial line: eight bits, no parity, one stop bit, no flow control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialEndpoint {
    /// The device.
    pub path: PathBuf,
    /// Symbols a second.
    pub baud: u32,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpEndpoint {
    /// `HOST:PORT`.
    pub authority: String,
    /// Path and query, from its first slash on.
    pub path: String,
}

/// Where messages are posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushEndpoint {
    /// Our address and port.
    pub address: SocketAddr,
    /// The path, from its first slash on.
    pub path: String,
}

/// The usual speed of AIS receivers and of many others.
const BAUD_DEFAULT: u32 = 38_400;

const REMEDY: &str = "write udp://ADDRESS:PORT, udp://GROUP:PORT?interface=NAME, tcp://HOST:PORT, \
                      tcp-listen://ADDRESS:PORT, serial:///DEVICE?baud=38400, http://HOST:PORT/PATH, \
                      http-listen://ADDRESS:PORT/PATH, file:///PATH or none";

impl Endpoint {
    /// Whether it gives a stream that may be cut anywhere, rather than messages whole.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::TcpListen(_) | Self::Serial(_) | Self::File(_) => true,
            Self::None | Self::Udp(_) | Self::Http(_) | Self::HttpListen(_) => false,
        }
    }

    /// Whether it is an address of this machine, which is had at once or not at all.
    #[must_use]
    pub const fn is_bound_here(&self) -> bool {
        match self {
            Self::Udp(_) | Self::TcpListen(_) | Self::HttpListen(_) => true,
            Self::None | Self::Tcp(_) | Self::Serial(_) | Self::Http(_) | Self::File(_) => false,
        }
    }

    /// Whether what comes at once is whole: a datagram, a page, a message that was pushed.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        match self {
            Self::Udp(_) | Self::Http(_) | Self::HttpListen(_) => true,
            Self::None | Self::Tcp(_) | Self::TcpListen(_) | Self::Serial(_) | Self::File(_) => false,
        }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            None if text == "none" => Ok(Self::None),
            Some(("udp", rest)) => udp(rest).map(Self::Udp),
            Some(("tcp", rest)) if is_authority(rest) => Ok(Self::Tcp(rest.to_owned())),
            Some(("tcp-listen", rest)) => address(rest).map(Self::TcpListen),
            Some(("serial", rest)) if rest.starts_with('/') => serial(rest).map(Self::Serial),
            Some(("http", rest)) => http(rest).map(Self::Http),
            Some(("http-listen", rest)) => push(rest).map(Self::HttpListen),
            Some(("file", rest)) if rest.starts_with('/') => Ok(Self::File(rest.into())),
            _ => Err(format!("\"{text}\" is no endpoint; {REMEDY}")),
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("\"{text}\" is no address and port; {REMEDY}"))
}

fn is_authority(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn udp(text: &str) -> Result<UdpEndpoint, String> {
    let (place, setting) = text.split_once('?').map_or((text, None), |(place, setting)| (place, Some(setting)));
    let address = address(place)?;
    let Some(setting) = setting else { return Ok(UdpEndpoint { address, interface: None }) };
    let name = setting.strip_prefix("interface=").filter(|name| is_interface(name));
    let name = name.ok_or_else(|| format!("\"?{setting}\" is no setting of udp; {REMEDY}"))?;
    let interface = name.parse().map_or_else(|_| Interface::Name(name.to_owned()), Interface::Address);
    Ok(UdpEndpoint { address, interface: Some(interface) })
}

/// Names of interfaces become part of a path: no more than Linux allows in one.
fn is_interface(name: &str) -> bool {
    (1..=45).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic() && b != b'/') && name != ".."
}

fn serial(text: &str) -> Result<SerialEndpoint, String> {
    let (path, setting) = text.split_once('?').map_or((text, None), |(path, setting)| (path, Some(setting)));
    let baud = match setting {
        None => Some(BAUD_DEFAULT),
        Some(setting) => setting.strip_prefix("baud=").and_then(|baud| baud.parse().ok()).filter(|baud| *baud > 0),
    };
    let baud = baud.ok_or_else(|| format!("\"{text}\" does not tell a speed; {REMEDY}"))?;
    Ok(SerialEndpoint { path: path.into(), baud })
}

fn http(text: &str) -> Result<HttpEndpoint, String> {
    let (authority, path) = text.split_at(text.find('/').unwrap_or(text.len()));
    let path = if path.is_empty() { "/" } else { path };
    let plain = |b: u8| b.is_ascii_graphic() && b != b'#';
    if !is_authority(authority) || !authority.bytes().all(plain) || authority.contains('@') || !path.bytes().all(plain)
    {
        return Err(format!("\"{text}\" is no host, port and path; {REMEDY}"));
    }
    Ok(HttpEndpoint { authority: authority.to_owned(), path: path.to_owned() })
}

fn push(text: &str) -> Result<PushEndpoint, String> {
    let (place, path) = text.split_at(text.find('/').unwrap_or(text.len()));
    let address = address(place)?;
    let path = if path.is_empty() { "/" } else { path };
    if path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#')) {
        Ok(PushEndpoint { address, path: path.to_owned() })
    } else {
        Err(format!("\"{text}\" is no address, port and path; {REMEDY}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(interface: Option<Interface>) -> Endpoint {
        Endpoint::Udp(UdpEndpoint { address: ([239, 1, 1, 1], 8600).into(), interface })
    }

    #[test]
    fn endpoints_say_what_they_want_to_be_written() {
        assert_eq!("tcp://radio.local:30005".parse(), Ok(Endpoint::Tcp("radio.local:30005".into())));
        assert_eq!("tcp-listen://0.0.0.0:5000".parse(), Ok(Endpoint::TcpListen(([0, 0, 0, 0], 5000).into())));
        let bad = ["udp://radio", "tcp://:1", "file://relative", "tcp-listen://x:1", "", "ftp://x:1", "serial://tty"];
        for bad in bad {
            let error = bad.parse::<Endpoint>().expect_err(bad);
            assert!(error.contains("write udp://"), "{error}");
        }
    }

    #[test]
    fn an_interface_is_told_by_name_or_by_address() {
        assert_eq!("udp://239.1.1.1:8600".parse(), Ok(udp(None)));
        let named = "udp://239.1.1.1:8600?interface=eth0".parse();
        assert_eq!(named, Ok(udp(Some(Interface::Name("eth0".into())))));
        let by_address = "udp://239.1.1.1:8600?interface=10.0.0.7".parse();
        assert_eq!(by_address, Ok(udp(Some(Interface::Address([10, 0, 0, 7].into())))));
        assert!("udp://239.1.1.1:8600?interface=../../x".parse::<Endpoint>().is_err());
        assert!("udp://239.1.1.1:8600?ttl=3".parse::<Endpoint>().is_err());
    }

    #[test]
    fn a_serial_line_has_a_speed() {
        let line = |baud| Ok(Endpoint::Serial(SerialEndpoint { path: "/dev/ttyUSB0".into(), baud }));
        assert_eq!("serial:///dev/ttyUSB0".parse(), line(38_400));
        assert_eq!("serial:///dev/ttyUSB0?baud=115200".parse(), line(115_200));
        assert!("serial:///dev/ttyUSB0?baud=fast".parse::<Endpoint>().is_err());
    }

    #[test]
    fn a_page_has_a_host_a_port_and_a_path() {
        let page = |path: &str| Ok(Endpoint::Http(HttpEndpoint { authority: "kraken:8081".into(), path: path.into() }));
        assert_eq!("http://kraken:8081/DOA_value.html?x=1".parse(), page("/DOA_value.html?x=1"));
        assert_eq!("http://kraken:8081".parse(), page("/"));
        for bad in ["http://kraken/x", "http://user@kraken:1/", "http://kraken:1/a b", "http://kraken:1/\r\nx"] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_pushed_has_an_address_a_port_and_a_path() {
        let push = |path: &str| {
            Ok(Endpoint::HttpListen(PushEndpoint { address: ([0, 0, 0, 0], 9010).into(), path: path.into() }))
        };
        assert_eq!("http-listen://0.0.0.0:9010/kraken".parse(), push("/kraken"));
        assert_eq!("http-listen://0.0.0.0:9010".parse(), push("/"));
        for bad in ["http-listen://kraken:1/", "http-listen://0.0.0.0:1/a?b", "http-listen://0.0.0.0/x"] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_may_be_cut_anywhere_is_a_stream() {
        let stream = |text: &str| text.parse::<Endpoint>().expect("an endpoint").is_stream();
        assert!(stream("tcp://a:1") && stream("tcp-listen://0.0.0.0:1") && stream("serial:///dev/x"));
        assert!(!stream("udp://0.0.0.0:1") && !stream("http://a:1/") && !stream("none"));
        let whole = |text: &str| text.parse::<Endpoint>().expect("an endpoint").is_whole();
        assert!(whole("udp://0.0.0.0:1") && whole("http://a:1/") && whole("http-listen://0.0.0.0:1/x"));
        assert!(!whole("tcp://a:1") && !whole("none"), "recorded pieces of a stream come from nowhere");
    }
}
