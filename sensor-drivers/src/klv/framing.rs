//! Finds KLV packets: bare or in a transport stream, in datagrams or in any pieces of a stream, and back again after
//! octets that are neither.

use super::PACKET_BYTES_MAX;
use super::ber;
use super::transport_stream::{Demux, PACKET_BYTES, SYNC};
use crate::error::Reason;

/// How every universal key begins.
const UNIVERSAL: [u8; 4] = [0x06, 0x0E, 0x2B, 0x34];
const KEY_BYTES: usize = 16;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed<'a> {
    /// A whole KLV packet: key, length, value.
    Packet(&'a [u8]),
    /// What cannot be read: offset in what was handed in, why.
    Fault(usize, Reason),
}

/// What begins at an octet.
enum Begins {
    Transport,
    Packet(usize),
    /// More octets are needed to tell: so many at the least.
    Unfinished(usize),
    TooLong,
    Nothing,
}

/// Cuts octets into packets.
#[derive(Debug)]
pub(super) struct Framer {
    demux: Demux,
    held: Vec<u8>,
    datagrams: bool,
    /// The last thing was a transport packet: another is expected.
    transport: bool,
    skipped: u64,
    oversized: u64,
    truncated: u64,
}

impl Framer {
    pub(super) fn new(datagrams: bool) -> Self {
        let demux = Demux::default();
        Self { demux, held: Vec::new(), datagrams, transport: false, skipped: 0, oversized: 0, truncated: 0 }
    }

    /// Takes octets and hands every packet that is whole to `each`.
    pub(super) fn handle_bytes(&mut self, bytes: &[u8], mut each: impl FnMut(Framed<'_>)) {
        if self.held.is_empty() {
            let used = self.consume(bytes, &mut each);
            self.keep(&bytes[used..], used, &mut each);
            return;
        }
        let mut held = core::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let used = self.consume(&held, &mut each);
        held.drain(..used);
        self.held = held;
    }

    /// A new stream begins.
    pub(super) fn forget(&mut self) {
        self.held.clear();
        self.transport = false;
    }

    pub(super) fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let ts = self.demux.tally();
        each("skipped_bytes", self.skipped);
        each("oversized", self.oversized);
        each("truncated", self.truncated);
        each("ts_packets", ts.packets);
        each("ts_other", ts.other);
        each("ts_gaps", ts.gaps);
        each("ts_damaged", ts.damaged);
        each("ts_oversized", ts.oversized);
        each("programmes_beyond_bound", ts.programmes_beyond_bound);
        each("streams_beyond_bound", ts.streams_beyond_bound);
    }

    /// Keeps the beginning of what is not whole; a datagram has no more to come.
    fn keep(&mut self, rest: &[u8], offset: usize, each: &mut impl FnMut(Framed<'_>)) {
        if rest.is_empty() {
            return;
        }
        if !self.datagrams {
            return self.held.extend_from_slice(rest);
        }
        self.truncated += 1;
        let missing = match self.begins(rest) {
            Begins::Unfinished(needed) => needed.saturating_sub(rest.len()),
            Begins::Transport | Begins::Packet(_) | Begins::TooLong | Begins::Nothing => 1,
        };
        each(Framed::Fault(offset, Reason::Truncated { missing }));
    }

    /// How many octets have been dealt with.
    fn consume(&mut self, bytes: &[u8], each: &mut impl FnMut(Framed<'_>)) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.begins(rest) {
                Begins::Unfinished(_) => break,
                Begins::Packet(length) => {
                    each(Framed::Packet(&rest[..length]));
                    self.transport = false;
                    at += length;
                }
                Begins::Transport => {
                    self.transport = true;
                    let packet = rest.first_chunk::<PACKET_BYTES>().expect("as many octets are there");
                    self.demux.handle_packet(packet, |payload| packets(payload, each));
                    at += PACKET_BYTES;
                }
                Begins::TooLong => {
                    self.oversized += 1;
                    each(Framed::Fault(at, Reason::TooLarge { bound: PACKET_BYTES_MAX }));
                    at += self.skip();
                }
                Begins::Nothing => at += self.skip(),
            }
        }
        at
    }

    fn skip(&mut self) -> usize {
        self.transport = false;
        self.skipped += 1;
        1
    }

    fn begins(&self, bytes: &[u8]) -> Begins {
        match bytes.first() {
            Some(&SYNC) => self.transport_begins(bytes),
            Some(_) => packet_begins(bytes),
            None => Begins::Unfinished(1),
        }
    }

    /// A transport packet follows another, or another follows it, or it is a datagram's last.
    fn transport_begins(&self, bytes: &[u8]) -> Begins {
        if bytes.len() < PACKET_BYTES {
            return Begins::Unfinished(PACKET_BYTES);
        }
        match bytes.get(PACKET_BYTES) {
            _ if self.transport => Begins::Transport,
            Some(&SYNC) => Begins::Transport,
            Some(_) => Begins::Nothing,
            None if self.datagrams => Begins::Transport,
            None => Begins::Unfinished(PACKET_BYTES + 1),
        }
    }
}

fn packet_begins(bytes: &[u8]) -> Begins {
    let known = bytes.len().min(UNIVERSAL.len());
    if bytes[..known] != UNIVERSAL[..known] {
        return Begins::Nothing;
    }
    let Some(rest) = bytes.get(KEY_BYTES..) else { return Begins::Unfinished(KEY_BYTES + 1) };
    match ber::length(rest) {
        Ok((length, _)) if length > PACKET_BYTES_MAX => Begins::TooLong,
        Ok((length, octets)) if rest.len() < octets + length => Begins::Unfinished(KEY_BYTES + octets + length),
        Ok((length, octets)) => Begins::Packet(KEY_BYTES + octets + length),
        Err(Reason::Truncated { missing }) => Begins::Unfinished(bytes.len() + missing),
        Err(_) => Begins::Nothing,
    }
}

/// The packets in a payload of KLV, whose beginning is one; what is none ends it.
pub(super) fn packets(payload: &[u8], each: &mut impl FnMut(Framed<'_>)) {
    let mut at = 0;
    while at < payload.len() {
        match packet_begins(&payload[at..]) {
            Begins::Packet(length) => {
                each(Framed::Packet(&payload[at..at + length]));
                at += length;
            }
            Begins::Unfinished(needed) => {
                let missing = needed.saturating_sub(payload.len() - at);
                return each(Framed::Fault(at, Reason::Truncated { missing }));
            }
            Begins::TooLong => return each(Framed::Fault(at, Reason::TooLarge { bound: PACKET_BYTES_MAX })),
            Begins::Nothing | Begins::Transport => return each(Framed::Fault(at, Reason::NotThisFormat)),
        }
    }
}
