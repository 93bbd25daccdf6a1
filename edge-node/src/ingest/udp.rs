//! Sockets for datagrams: unicast, or a multicast group on a chosen interface.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::config::endpoint::{Interface, UdpEndpoint};

/// What the system is asked to hold of datagrams that nobody has read yet; it may give less.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Opens a socket. A group is joined on the interface, and on that one only: the same group on another network is
/// another endpoint.
pub(crate) fn bind(endpoint: &UdpEndpoint) -> io::Result<UdpSocket> {
    let address = endpoint.address;
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // Less is no reason not to listen.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    if address.ip().is_multicast() {
        // A group may be listened to by several sockets, one for each network.
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    join(&socket, address, endpoint.interface.as_ref())?;
    UdpSocket::from_std(socket.into())
}

fn join(socket: &Socket, address: SocketAddr, interface: Option<&Interface>) -> io::Result<()> {
    match address.ip() {
        IpAddr::V4(group) if group.is_multicast() => {
            let interface = match interface {
                None => InterfaceIndexOrAddress::Address(Ipv4Addr::UNSPECIFIED),
                Some(Interface::Name(name)) => InterfaceIndexOrAddress::Index(index(name)?),
                Some(Interface::Address(IpAddr::V4(address))) => InterfaceIndexOrAddress::Address(*address),
                Some(Interface::Address(IpAddr::V6(_))) => return Err(wrong_interface()),
            };
            // Linux otherwise delivers what any socket of this machine has joined on any interface.
            #[cfg(target_os = "linux")]
            socket.set_multicast_all_v4(false)?;
            socket.join_multicast_v4_n(&group, &interface)
        }
        IpAddr::V6(group) if group.is_multicast() => {
            let interface = match interface {
                None => 0,
                Some(Interface::Name(name)) => index(name)?,
                Some(Interface::Address(_)) => return Err(wrong_interface()),
            };
            socket.join_multicast_v6(&group, interface)
        }
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(()),
    }
}

/// What the socket sends to the group goes out over this interface.
pub(crate) fn send_over(socket: &Socket, group: SocketAddr, interface: &Interface) -> io::Result<()> {
    match (group.ip(), interface) {
        (IpAddr::V4(_), Interface::Address(IpAddr::V4(address))) => socket.set_multicast_if_v4(address),
        (IpAddr::V4(_), Interface::Name(name)) => socket.bind_device(Some(name.as_bytes())),
        (IpAddr::V6(_), Interface::Name(name)) => socket.set_multicast_if_v6(index(name)?),
        (IpAddr::V4(_) | IpAddr::V6(_), Interface::Address(_)) => Err(wrong_interface()),
    }
}

fn wrong_interface() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the interface of this group cannot be told by that address; name it")
}

/// The number by which Linux knows an interface.
fn index(name: &str) -> io::Result<u32> {
    let path = format!("/sys/class/net/{name}/ifindex");
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("there is no network interface \"{name}\""));
    let text = std::fs::read_to_string(path).map_err(|_| missing())?;
    text.trim().parse().map_err(|_| missing())
}
