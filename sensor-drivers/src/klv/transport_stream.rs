//! KLV in an MPEG transport stream (ISO/IEC 13818-1, MISB ST 1402): programme tables, the streams that they say carry
//! KLV, packetised elementary streams put together again.
//!
//! Asynchronous KLV is stream type 0x06 with the registration descriptor KLVA, its packets bare in the payload;
//! synchronous is stream type 0x15, its packets in access units with a header of five octets each.

/// Octets of a transport packet.
pub const PACKET_BYTES: usize = 188;
/// The first octet of every transport packet.
pub const SYNC: u8 = 0x47;

/// Programmes whose tables are read.
///
/// Counter: `programmes_beyond_bound`.
pub const PROGRAMMES_MAX: usize = 8;
/// Streams of KLV that are put together at once.
///
/// Counter: `streams_beyond_bound`.
pub const STREAMS_MAX: usize = 4;
/// Octets of a packetised elementary stream's packet, or of an access unit in pieces. One that would be larger is
/// dropped.
///
/// Counter: `oversized`.
pub const UNIT_BYTES_MAX: usize = 64 * 1024;
/// Octets of a table's section: the standard allows no more.
///
/// Counter: `oversized`.
const SECTION_BYTES_MAX: usize = 1024;

/// Stream type of data in private packets.
pub const PRIVATE: u8 = 0x06;
/// Stream type of metadata in access units.
pub const METADATA: u8 = 0x15;

/// Counters of a demultiplexer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TsTally {
    /// Transport packets taken in.
    pub packets: u64,
    /// Of them, those of streams that carry no KLV.
    pub other: u64,
    /// Packets that came too few between two of one stream, by their continuity counter; what was half is dropped.
    pub gaps: u64,
    /// Packets, sections or units that contradict themselves.
    pub damaged: u64,
    /// Units beyond the bound.
    pub oversized: u64,
    /// Programmes beyond the bound.
    pub programmes_beyond_bound: u64,
    /// Streams beyond the bound.
    pub streams_beyond_bound: u64,
}

/// Finds the KLV in a transport stream.
#[derive(Debug, Default)]
pub struct Demux {
    tally: TsTally,
    programmes: Vec<Gathering>,
    streams: Vec<Stream>,
    tables: Gathering,
}

/// Octets of one packet identifier that belong together, on their way.
#[derive(Debug, Default)]
struct Gathering {
    pid: u16,
    bytes: Vec<u8>,
    /// Whether the beginning was seen.
    open: bool,
    continuity: Option<u8>,
}

#[derive(Debug)]
struct Stream {
    packets: Gathering,
    /// In access units.
    metadata: bool,
    /// The access unit so far.
    unit: Vec<u8>,
}

/// The useful part of a transport packet.
struct Part<'a> {
    pid: u16,
    begins: bool,
    continuity: u8,
    payload: &'a [u8],
}

impl Demux {
    /// What became of every packet.
    #[must_use]
    pub const fn tally(&self) -> &TsTally {
        &self.tally
    }

    /// Takes one transport packet and hands every whole payload of KLV to `each`.
    pub fn handle_packet(&mut self, packet: &[u8; PACKET_BYTES], mut each: impl FnMut(&[u8])) {
        self.tally.packets += 1;
        let Some(part) = Part::read(packet) else {
            self.tally.damaged += 1;
            return;
        };
        if part.payload.is_empty() {
            return;
        }
        let Self { tally, programmes, streams, tables } = self;
        if part.pid == 0 {
            return tables.section(&part, tally, |section, tally| read_programmes(section, programmes, tally));
        }
        if let Some(programme) = programmes.iter_mut().find(|programme| programme.pid == part.pid) {
            return programme.section(&part, tally, |section, tally| read_streams(section, streams, tally));
        }
        match streams.iter_mut().find(|stream| stream.packets.pid == part.pid) {
            Some(stream) => stream.take(&part, tally, &mut each),
            None => tally.other += 1,
        }
    }
}

impl<'a> Part<'a> {
    /// `None` for what the transport marks as damaged, scrambles, or contradicts itself.
    fn read(packet: &'a [u8; PACKET_BYTES]) -> Option<Self> {
        let [sync, a, b, c, ..] = *packet;
        if sync != SYNC || a & 0x80 != 0 || c & 0xC0 != 0 {
            return None;
        }
        let begin = match c >> 4 & 3 {
            1 => 4,
            3 => 5 + usize::from(packet[4]),
            _ => PACKET_BYTES,
        };
        let pid = u16::from_be_bytes([a & 0x1F, b]);
        Some(Self { pid, begins: a & 0x40 != 0, continuity: c & 0x0F, payload: packet.get(begin..)? })
    }
}

impl Gathering {
    fn of(pid: u16) -> Self {
        Self { pid, ..Self::default() }
    }

    /// Whether this part follows the last; one sent twice does not, and after a gap what was half is dropped.
    fn follows(&mut self, part: &Part<'_>, tally: &mut TsTally) -> bool {
        let last = self.continuity.replace(part.continuity);
        match last {
            Some(last) if last == part.continuity => return false,
            Some(last) if (last + 1) & 0x0F != part.continuity => {
                tally.gaps += 1;
                self.close();
            }
            _ => {}
        }
        true
    }

    fn close(&mut self) {
        self.open = false;
        self.bytes.clear();
    }

    fn append(&mut self, bytes: &[u8], bound: usize, tally: &mut TsTally) {
        if !self.open {
            return;
        }
        if self.bytes.len() + bytes.len() > bound {
            tally.oversized += 1;
            return self.close();
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Gathers a section of a table and hands it on without its checksum, if that is right.
    fn section(&mut self, part: &Part<'_>, tally: &mut TsTally, each: impl FnOnce(&[u8], &mut TsTally)) {
        if !self.follows(part, tally) {
            return;
        }
        let mut bytes = part.payload;
        if part.begins {
            self.close();
            self.open = true;
            bytes = bytes.get(1 + usize::from(bytes[0])..).unwrap_or(&[]);
        }
        // What is stuffed behind the section may exceed the bound; the section does not.
        self.append(bytes, SECTION_BYTES_MAX + PACKET_BYTES, tally);
        let &[_, high, low, ..] = self.bytes.as_slice() else { return };
        let length = 3 + usize::from(u16::from_be_bytes([high & 0x0F, low]));
        let Some(section) = self.bytes.get(..length) else { return };
        match section.split_last_chunk::<4>() {
            Some((told, crc)) if crc32(told) == u32::from_be_bytes(*crc) => each(told, tally),
            _ => tally.damaged += 1,
        }
        self.close();
    }
}

/// Programme association table: which packet identifiers carry the tables of programmes.
fn read_programmes(section: &[u8], programmes: &mut Vec<Gathering>, tally: &mut TsTally) {
    if section.first() != Some(&0) {
        return;
    }
    for entry in section.get(8..).unwrap_or(&[]).chunks_exact(4) {
        let (number, pid) = ([entry[0], entry[1]], u16::from_be_bytes([entry[2] & 0x1F, entry[3]]));
        if number == [0, 0] || programmes.iter().any(|known| known.pid == pid) {
            continue;
        }
        if programmes.len() < PROGRAMMES_MAX {
            programmes.push(Gathering::of(pid));
        } else {
            tally.programmes_beyond_bound += 1;
        }
    }
}

/// Programme map table: which packet identifiers carry KLV.
fn read_streams(section: &[u8], streams: &mut Vec<Stream>, tally: &mut TsTally) {
    let &[2, _, _, _, _, _, _, _, _, _, high, low, ..] = section else { return };
    let mut rest = section.get(12 + usize::from(u16::from_be_bytes([high & 0x0F, low]))..).unwrap_or(&[]);
    while let &[kind, a, b, c, d, ref after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([c & 0x0F, d]));
        let Some((descriptors, next)) = after.split_at_checked(length) else {
            tally.damaged += 1;
            return;
        };
        rest = next;
        let pid = u16::from_be_bytes([a & 0x1F, b]);
        let carries = kind == METADATA || kind == PRIVATE && is_klva(descriptors);
        if !carries || streams.iter().any(|known| known.packets.pid == pid) {
            continue;
        }
        if streams.len() < STREAMS_MAX {
            let packets = Gathering::of(pid);
            streams.push(Stream { packets, metadata: kind == METADATA, unit: Vec::new() });
        } else {
            tally.streams_beyond_bound += 1;
        }
    }
}

/// Whether a registration descriptor among these says KLVA.
fn is_klva(mut descriptors: &[u8]) -> bool {
    while let &[tag, length, ref after @ ..] = descriptors {
        let Some((body, next)) = after.split_at_checked(usize::from(length)) else { return false };
        if tag == 0x05 && body.starts_with(b"KLVA") {
            return true;
        }
        descriptors = next;
    }
    false
}

impl Stream {
    fn take(&mut self, part: &Part<'_>, tally: &mut TsTally, each: &mut impl FnMut(&[u8])) {
        if !self.packets.follows(part, tally) {
            return;
        }
        if part.begins {
            self.give(tally, each);
            self.packets.open = true;
        }
        self.packets.append(part.payload, UNIT_BYTES_MAX, tally);
        let told = match *self.packets.bytes {
            [_, _, _, _, high, low, ..] => usize::from(u16::from_be_bytes([high, low])),
            _ => 0,
        };
        if told > 0 && self.packets.bytes.len() >= 6 + told {
            self.packets.bytes.truncate(6 + told);
            self.give(tally, each);
        }
    }

    /// Hands on what has been gathered, and begins anew.
    fn give(&mut self, tally: &mut TsTally, each: &mut impl FnMut(&[u8])) {
        if self.packets.open && !self.packets.bytes.is_empty() {
            let (metadata, unit) = (self.metadata, &mut self.unit);
            match payload(&self.packets.bytes) {
                Some(payload) if metadata => access_units(payload, unit, tally, each),
                Some(payload) => each(payload),
                None => tally.damaged += 1,
            }
        }
        self.packets.close();
    }
}

/// The payload of a packet of a packetised elementary stream that is as long as it says.
fn payload(packet: &[u8]) -> Option<&[u8]> {
    let &[0, 0, 1, _, high, low, flags, _, header, ..] = packet else { return None };
    let told = usize::from(u16::from_be_bytes([high, low]));
    if flags & 0xC0 != 0x80 || told > 0 && packet.len() != 6 + told {
        return None;
    }
    packet.get(9 + usize::from(header)..)
}

/// Puts access units together from their cells.
fn access_units(mut cells: &[u8], unit: &mut Vec<u8>, tally: &mut TsTally, each: &mut impl FnMut(&[u8])) {
    while let &[_, _, flags, high, low, ref after @ ..] = cells {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some((cell, next)) = after.split_at_checked(length) else {
            tally.damaged += 1;
            return unit.clear();
        };
        cells = next;
        let (first, last) = (flags & 0x80 != 0, flags & 0x40 != 0);
        if first && last {
            each(cell);
            continue;
        }
        if first {
            unit.clear();
        }
        if unit.len() + cell.len() > UNIT_BYTES_MAX {
            tally.oversized += 1;
            unit.clear();
            continue;
        }
        unit.extend_from_slice(cell);
        if last {
            each(unit);
            unit.clear();
        }
    }
}

/// The checksum of sections: CRC-32 with the polynomial 0x04C11DB7, highest bit first, beginning with ones.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &octet| {
        (0..8).fold(
            crc ^ u32::from(octet) << 24,
            |crc, _| {
                if crc & 1 << 31 == 0 { crc << 1 } else { crc << 1 ^ 0x04C1_1DB7 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_the_nine_digits_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0x0376_E6E7);
    }

    #[test]
    fn a_registration_is_found_behind_other_descriptors() {
        assert!(is_klva(&[0x0A, 2, 1, 2, 0x05, 4, b'K', b'L', b'V', b'A']));
        assert!(!is_klva(&[0x05, 4, b'H', b'D', b'M', b'V']));
        assert!(!is_klva(&[0x05, 9, b'K']));
    }
}
