//! Captured datagrams (pcap, pcapng): the payload of every UDP datagram, at the time it was captured.
//!
//! Where several sensors were captured at once, the datagrams are told apart by where they went: to the port that is
//! asked for, or to the endpoints of a configuration.
//!
//! What is not a whole UDP datagram (ARP, TCP, fragments) is counted and passed over.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError};

use super::{Entry, RecordingError, Refused, Request, Source};
use crate::config::{Config, Endpoint};
use crate::engine::sensor_id;

/// Largest block of a capture that is read, in bytes.
///
/// No counter: a file with a larger one is refused there with an error.
pub const CAPTURE_BLOCK_BYTES_MAX: usize = 1 << 20;

/// Datagrams looked at for one that a sensor of the configuration listens to.
///
/// No counter: beyond them a capture counts as one sensor's.
pub const CAPTURE_PROBED_MAX: usize = 10_000;

/// Which datagrams are whose.
#[derive(Clone, Debug)]
pub enum Routes {
    /// All are one sensor's.
    All,
    /// Those to a port are one sensor's.
    Port(u16),
    /// Each is that of the sensor that listens there. Without an address, whoever it was sent to.
    Configured(Vec<(Option<IpAddr>, u16, SensorId)>),
}

/// How the datagrams of a capture are told apart: as is asked for, and by a configuration only if a sensor of it
/// listens to any of them.
///
/// # Errors
/// [`RecordingError`] if the file cannot be read.
pub fn routes(path: &Path, request: Request<'_>) -> Result<Routes, RecordingError> {
    if let Some(port) = request.port {
        return Ok(Routes::Port(port));
    }
    let endpoints = request.config.map(endpoints).unwrap_or_default();
    if endpoints.is_empty() {
        return Ok(Routes::All);
    }
    let routes = Routes::Configured(endpoints);
    let (source, _) = super::source(path)?;
    let heard = Reader::open(path, source, routes.clone(), Arc::default())?.take(CAPTURE_PROBED_MAX).any(|e| e.is_ok());
    Ok(if heard { routes } else { Routes::All })
}

fn endpoints(config: &Config) -> Vec<(Option<IpAddr>, u16, SensorId)> {
    let mut endpoints = Vec::new();
    for (i, sensor) in config.sensors.iter().enumerate() {
        for endpoint in [Some(&sensor.endpoint), sensor.endpoint_b.as_ref()].into_iter().flatten() {
            if let Ok(Endpoint::Udp(udp)) = endpoint.parse() {
                let group = Some(udp.address.ip()).filter(IpAddr::is_multicast);
                endpoints.push((group, udp.address.port(), sensor_id(i)));
            }
        }
    }
    endpoints
}

impl Routes {
    fn sensor(&self, to: SocketAddr) -> Option<SensorId> {
        match self {
            Self::All => Some(SensorId(0)),
            Self::Port(port) => (to.port() == *port).then_some(SensorId(0)),
            Self::Configured(endpoints) => {
                let hears = |(group, port, _): &&(Option<IpAddr>, u16, SensorId)| {
                    *port == to.port() && group.is_none_or(|group| group == to.ip())
                };
                endpoints.iter().find(hears).map(|(_, _, sensor)| *sensor)
            }
        }
    }
}

pub(super) struct Reader {
    routes: Routes,
    path: PathBuf,
    blocks: Box<dyn PcapReaderIterator + Send>,
    refused: Arc<Refused>,
    interfaces: Vec<Interface>,
    packets: u64,
    ended: bool,
}

/// How one interface of a capture tells time and wraps datagrams.
#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    units_per_second: u64,
    offset_s: i64,
}

/// One captured packet.
struct Packet {
    received: Timestamp,
    payload: Option<(SocketAddr, Vec<u8>)>,
}

/// A packet that tells no time, or not in which units.
const UNUSABLE: Packet = Packet { received: Timestamp::EPOCH, payload: None };

impl Reader {
    pub(super) fn open(
        path: &Path,
        source: Source,
        routes: Routes,
        refused: Arc<Refused>,
    ) -> Result<Self, RecordingError> {
        let blocks = pcap_parser::create_reader(CAPTURE_BLOCK_BYTES_MAX, source)
            .map_err(|e| RecordingError::new(path, format!("not a pcap or pcapng file: {e}")))?;
        let path = path.to_owned();
        Ok(Self { routes, path, blocks, refused, interfaces: Vec::new(), packets: 0, ended: false })
    }

    /// The next packet; `None` at the end.
    fn packet(&mut self) -> Result<Option<Packet>, String> {
        loop {
            let (length, packet) = match self.blocks.next() {
                Ok((length, block)) => (length, take(&block, &mut self.interfaces)),
                Err(PcapError::Eof) => return Ok(None),
                Err(PcapError::Incomplete(_)) => {
                    self.refill()?;
                    continue;
                }
                Err(e) => return Err(format!("damaged after packet {}: {e:?}", self.packets)),
            };
            self.blocks.consume(length);
            if packet.is_some() {
                return Ok(packet);
            }
        }
    }
}

impl Reader {
    fn refill(&mut self) -> Result<(), String> {
        if self.blocks.reader_exhausted() {
            return Err(format!("cut short after packet {}", self.packets));
        }
        self.blocks.refill().map_err(|e| e.to_string())
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.packet() {
                Ok(None) => self.ended = true,
                Ok(Some(Packet { received, payload })) => {
                    self.packets += 1;
                    match payload {
                        Some((to, bytes)) => match self.routes.sensor(to) {
                            Some(sensor) => return Some(Ok(Entry::of(received, sensor, bytes))),
                            None => self.refused.add(|| format!("packet {} went to {to}, nobody's", self.packets)),
                        },
                        None => self.refused.add(|| format!("packet {} holds no whole UDP datagram", self.packets)),
                    }
                }
                Err(message) => {
                    self.ended = true;
                    return Some(Err(RecordingError::new(&self.path, message)));
                }
            }
        }
        None
    }
}

fn take(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<Interface>) -> Option<Packet> {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let units_per_second = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
            interfaces.push(Interface { link: header.network, units_per_second, offset_s: 0 });
            None
        }
        PcapBlockOwned::Legacy(packet) => {
            let interface = interfaces.first()?;
            let nanos = u64::from(packet.ts_usec) * (1_000_000_000 / interface.units_per_second);
            let seconds = Timestamp::from_secs(i64::from(packet.ts_sec)).as_nanos();
            let received = Timestamp::from_nanos(seconds.saturating_add(i64::try_from(nanos).unwrap_or(0)));
            Some(Packet { received, payload: datagram(interface.link, packet.data) })
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(described)) => {
            interfaces.push(Interface {
                link: described.linktype,
                units_per_second: described.ts_resolution().unwrap_or(1_000_000),
                offset_s: described.ts_offset(),
            });
            None
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            // Interfaces are numbered anew in each section.
            interfaces.clear();
            None
        }
        PcapBlockOwned::NG(Block::SimplePacket(_)) => Some(UNUSABLE),
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let known = usize::try_from(packet.if_id).ok().and_then(|id| interfaces.get(id).copied());
            let Some(interface) = known else { return Some(UNUSABLE) };
            let units = (u128::from(packet.ts_high) << 32) | u128::from(packet.ts_low);
            let nanos = units * 1_000_000_000 / u128::from(interface.units_per_second.max(1));
            let base = Timestamp::from_secs(interface.offset_s).as_nanos();
            let received = Timestamp::from_nanos(base.saturating_add(i64::try_from(nanos).unwrap_or(i64::MAX)));
            let length = usize::try_from(packet.caplen).unwrap_or(0).min(packet.data.len());
            Some(Packet { received, payload: datagram(interface.link, &packet.data[..length]) })
        }
        PcapBlockOwned::NG(_) => None,
    }
}

fn datagram(link: Linktype, frame: &[u8]) -> Option<(SocketAddr, Vec<u8>)> {
    let sliced = match link {
        Linktype::ETHERNET => SlicedPacket::from_ethernet(frame),
        Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(frame),
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => SlicedPacket::from_ip(frame),
        _ => return None,
    };
    let sliced = sliced.ok()?;
    let to = match sliced.net {
        Some(NetSlice::Ipv4(ip)) => ip.header().destination_addr().into(),
        Some(NetSlice::Ipv6(ip)) => ip.header().destination_addr().into(),
        Some(NetSlice::Arp(_)) | None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    match sliced.transport? {
        TransportSlice::Udp(udp) => Some((SocketAddr::new(to, udp.destination_port()), udp.payload().to_vec())),
        TransportSlice::Tcp(_) | TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) => None,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;
    use std::io::Cursor;

    const PAYLOAD: &[u8] = b"\x30\x00\x04\x00";

    fn udp_frame() -> Vec<u8> {
        udp_frame_to([239, 1, 1, 1], 8600)
    }

    fn udp_frame_to(address: [u8; 4], port: u16) -> Vec<u8> {
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4([10, 0, 0, 1], address, 8).udp(4000, port);
        let mut frame = Vec::new();
        builder.write(&mut frame, PAYLOAD).expect("into memory");
        frame
    }

    /// A classic pcap file with microseconds, of Ethernet frames.
    fn pcap(frames: &[&[u8]]) -> Vec<u8> {
        let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
        let mut file = words(&[0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 1]);
        for frame in frames {
            let length = u32::try_from(frame.len()).expect("short");
            file.extend(words(&[1_700_000_000, 250_000, length, length]));
            file.extend_from_slice(frame);
        }
        file
    }

    fn read(file: Vec<u8>) -> (Vec<Result<Entry, RecordingError>>, u64) {
        read_by(Routes::All, file)
    }

    fn read_by(routes: Routes, file: Vec<u8>) -> (Vec<Result<Entry, RecordingError>>, u64) {
        let refused = Arc::new(Refused::default());
        let opened = Reader::open(Path::new("x.pcap"), Box::new(Cursor::new(file)), routes, Arc::clone(&refused));
        (opened.expect("a pcap file").collect(), refused.summary().0)
    }

    #[test]
    fn a_datagram_comes_out_with_its_time_and_nothing_around_it() {
        let (entries, refused) = read(pcap(&[&udp_frame(), &[0xFF; 20]]));
        let entry = entries[0].as_ref().expect("whole");
        assert_eq!((entries.len(), refused), (1, 1));
        assert_eq!(entry.arrival.bytes(), PAYLOAD);
        assert_eq!(entry.received, Timestamp::from_nanos(1_700_000_000_250_000_000));
    }

    #[test]
    fn sensors_captured_together_are_told_apart_by_port_or_by_the_endpoints_of_a_configuration() {
        let frames = [([239, 1, 1, 1], 8600), ([239, 1, 1, 2], 8600), ([10, 0, 0, 9], 30003), ([10, 0, 0, 9], 9)];
        let frames = frames.map(|(address, port)| udp_frame_to(address, port));
        let file = pcap(&frames.each_ref().map(Vec::as_slice));
        assert_eq!(read_by(Routes::Port(8600), file.clone()).0.len(), 2);
        let sensors = [("b", "udp://239.1.1.2:8600"), ("a", "udp://239.1.1.1:8600"), ("c", "udp://0.0.0.0:30003")];
        let sensors = sensors.map(|(name, endpoint)| {
            format!(
                "[[sensors]]\nname = \"{name}\"\nkind = \"plots\"\nendpoint = \"{endpoint}\"\n\
                 label = {{ level = \"unclassified\", originator = \"TEST\" }}\n"
            )
        });
        let node = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
        let config = Config::parse(&format!("{node}{}", sensors.concat())).expect("valid");
        let (entries, refused) = read_by(Routes::Configured(endpoints(&config)), file);
        let whose: Vec<u16> = entries.iter().map(|e| e.as_ref().expect("whole").sensor.0).collect();
        assert_eq!((whose, refused), (vec![1, 0, 2], 1));
    }

    #[test]
    fn a_file_cut_anywhere_gives_what_came_before_the_cut() {
        let whole = pcap(&[&udp_frame(), &udp_frame()]);
        for end in 24..whole.len() {
            let (entries, _) = read(whole[..end].to_vec());
            let good = entries.iter().filter(|e| e.is_ok()).count();
            assert!(good < 2 && entries.len() <= 2, "cut at {end}");
        }
    }
}
