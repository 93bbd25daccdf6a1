//! Sockets that datagrams leave by.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::config::endpoint::UdpEndpoint;
use crate::ingest::udp;

/// A socket that sends to an address, or to a group over the interface that was named.
///
/// # Errors
/// What the system says, such as that there is no such interface.
pub fn sender(endpoint: &UdpEndpoint) -> io::Result<UdpSocket> {
    let address = endpoint.address;
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    let any = match address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    socket.bind(&SocketAddr::new(any, 0).into())?;
    if let Some(interface) = endpoint.interface.as_ref().filter(|_| address.ip().is_multicast()) {
        udp::send_over(&socket, address, interface)?;
    }
    UdpSocket::from_std(socket.into())
}
