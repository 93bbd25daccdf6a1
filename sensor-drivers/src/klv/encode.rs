//! MISB ST 0601 and ST 0903 as an aircraft sends them, bare or in a transport stream: for the simulator and for tests.

use fusion_core::time::Timestamp;

use super::ber::{Linear, low, write_length, write_oid, write_unsigned};
use super::st0601::{self, Uas, checksum};
use super::st0903::{self, Location, Target};
use super::transport_stream::{METADATA, PACKET_BYTES, PRIVATE, SYNC, crc32};

/// A frame's targets and its size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame<'a> {
    /// Width and height, pixels.
    pub size: Option<(u64, u64)>,
    /// The targets.
    pub targets: &'a [Target],
    /// What each target is called, by its place in the list; empty if nothing.
    pub classes: &'a [&'a str],
}

/// Appends a whole ST 0601 packet, with the frame's targets if there is one.
#[rustfmt::skip] // one line each
pub fn packet(uas: &Uas<'_>, frame: Option<&Frame<'_>>, out: &mut Vec<u8>) {
    let mut set = Vec::new();
    write_time(uas.time, &mut set);
    let fields = [
        (5, uas.heading_deg, st0601::HEADING),
        (13, uas.latitude_deg, st0601::LATITUDE),
        (14, uas.longitude_deg, st0601::LONGITUDE),
        (15, uas.altitude_m, st0601::HEIGHT),
        (16, uas.field_width_deg, st0601::FIELD),
        (17, uas.field_height_deg, st0601::FIELD),
        (18, uas.relative_azimuth_deg, st0601::ROUND),
        (19, uas.relative_elevation_deg, st0601::LONGITUDE),
        (20, uas.relative_roll_deg, st0601::ROUND),
        (21, uas.slant_range_m, st0601::RANGE),
        (23, uas.frame_centre_deg[0], st0601::LATITUDE),
        (24, uas.frame_centre_deg[1], st0601::LONGITUDE),
        (25, uas.frame_centre_altitude_m, st0601::HEIGHT),
        (40, uas.target_deg[0], st0601::LATITUDE),
        (41, uas.target_deg[1], st0601::LONGITUDE),
        (42, uas.target_altitude_m, st0601::HEIGHT),
        (45, uas.target_ce90_m, st0601::ERROR),
        (46, uas.target_le90_m, st0601::ERROR),
        (75, uas.height_m, st0601::HEIGHT),
        (78, uas.frame_centre_height_m, st0601::HEIGHT),
        (90, uas.pitch_deg, st0601::LATITUDE),
        (91, uas.roll_deg, st0601::LATITUDE),
    ];
    for (tag, value, scale) in fields {
        write_real(tag, value, scale, &mut set);
    }
    if let Some(call_sign) = uas.call_sign {
        item(59, call_sign.as_bytes(), &mut set);
    }
    item(65, &[low(uas.version.unwrap_or(17))], &mut set);
    if let Some(frame) = frame {
        item(74, &vmti(frame), &mut set);
    }
    close(st0601::KEY, &set, out);
}

/// Appends a packet that is an ST 0903 set alone.
pub fn vmti_packet(time: Timestamp, frame: &Frame<'_>, out: &mut Vec<u8>) {
    let mut set = Vec::new();
    write_time(Some(time), &mut set);
    set.extend(vmti(frame));
    close(st0903::KEY, &set, out);
}

/// Key, length, value and the checksum over them all.
fn close(key: [u8; 16], set: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend(key);
    write_length(set.len() + 4, out);
    out.extend(set);
    out.extend([1, 2]);
    let sum = checksum(&out[begin..]);
    out.extend(sum.to_be_bytes());
}

fn item(tag: u32, value: &[u8], out: &mut Vec<u8>) {
    write_oid(tag, out);
    write_length(value.len(), out);
    out.extend(value);
}

fn write_time(time: Option<Timestamp>, out: &mut Vec<u8>) {
    if let Some(micros) = time.and_then(|time| u64::try_from(time.as_nanos() / 1000).ok()) {
        item(2, &micros.to_be_bytes(), out);
    }
}

fn write_real(tag: u32, value: Option<f64>, scale: Linear, out: &mut Vec<u8>) {
    if let Some(value) = value {
        let mut octets = Vec::new();
        scale.write(value, &mut octets);
        item(tag, &octets, out);
    }
}

fn write_whole(tag: u32, value: Option<u64>, octets: usize, out: &mut Vec<u8>) {
    if let Some(value) = value {
        let mut written = Vec::new();
        write_unsigned(value, octets, &mut written);
        item(tag, &written, out);
    }
}

fn vmti(frame: &Frame<'_>) -> Vec<u8> {
    let (mut set, mut series) = (Vec::new(), Vec::new());
    item(4, &[6], &mut set);
    write_whole(5, Some(frame.targets.len() as u64), 2, &mut set);
    write_whole(8, frame.size.map(|size| size.0), 2, &mut set);
    write_whole(9, frame.size.map(|size| size.1), 2, &mut set);
    for (at, target) in frame.targets.iter().enumerate() {
        let pack = target_pack(target, frame.classes.get(at).copied().unwrap_or_default());
        write_length(pack.len(), &mut series);
        series.extend(pack);
    }
    item(101, &series, &mut set);
    set
}

fn target_pack(target: &Target, class: &str) -> Vec<u8> {
    let mut pack = Vec::new();
    write_oid(target.number, &mut pack);
    write_whole(1, target.pixel, 4, &mut pack);
    write_whole(5, target.confidence, 1, &mut pack);
    for (tag, offset) in [(10, target.offset_deg[0]), (11, target.offset_deg[1])] {
        if let Some(offset) = offset {
            let mut octets = Vec::new();
            st0903::OFFSET.write(offset, 3, &mut octets);
            item(tag, &octets, &mut pack);
        }
    }
    if let Some(height) = target.height_m {
        let mut octets = Vec::new();
        st0903::HEIGHT.write(height, 2, &mut octets);
        item(12, &octets, &mut pack);
    }
    if let Some(location) = &target.location {
        item(17, &location_pack(location), &mut pack);
    }
    write_whole(19, target.row_column[0], 2, &mut pack);
    write_whole(20, target.row_column[1], 2, &mut pack);
    if !class.is_empty() {
        let mut object = Vec::new();
        item(2, class.as_bytes(), &mut object);
        item(102, &object, &mut pack);
    }
    tracker(target, &mut pack);
    pack
}

fn location_pack(location: &Location) -> Vec<u8> {
    let mut pack = Vec::new();
    st0903::LATITUDE.write(location.latitude_deg, 4, &mut pack);
    st0903::LONGITUDE.write(location.longitude_deg, 4, &mut pack);
    st0903::HEIGHT.write(location.height_m.unwrap_or(f64::NAN), 2, &mut pack);
    if let Some(sigmas) = location.sigma_m {
        sigmas.iter().for_each(|&sigma| st0903::SIGMA.write(sigma, 2, &mut pack));
        [location.correlation, 0.0, 0.0].iter().for_each(|&rho| st0903::CORRELATION.write(rho, 2, &mut pack));
    }
    pack
}

fn tracker(target: &Target, pack: &mut Vec<u8>) {
    let mut tracker = Vec::new();
    if let Some(track) = target.track {
        item(1, &track, &mut tracker);
    }
    if let Some((velocity, sigmas)) = target.velocity {
        let mut octets = Vec::new();
        velocity.iter().for_each(|&speed| st0903::VELOCITY.write(speed, 2, &mut octets));
        sigmas.iter().flatten().for_each(|&sigma| st0903::SIGMA.write(sigma, 2, &mut octets));
        item(10, &octets, &mut tracker);
    }
    if !tracker.is_empty() {
        item(104, &tracker, pack);
    }
}

/// Carries KLV packets in a transport stream of one programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mux {
    /// In access units with a header (stream type 0x15), rather than bare (0x06).
    synchronous: bool,
    tables: u8,
    packets: u8,
    units: u8,
}

const TABLE_PID: u16 = 0x100;
const KLV_PID: u16 = 0x101;

impl Mux {
    /// A stream that has not begun.
    #[must_use]
    pub const fn new(synchronous: bool) -> Self {
        Self { synchronous, tables: 0, packets: 0, units: 0 }
    }

    /// Appends the tables: which programmes there are, and that this one carries KLV.
    pub fn tables(&mut self, out: &mut Vec<u8>) {
        let [table_high, table_low] = TABLE_PID.to_be_bytes();
        let programmes = [0x00, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xE0 | table_high, table_low];
        let [klv_high, klv_low] = KLV_PID.to_be_bytes();
        let kind = if self.synchronous { METADATA } else { PRIVATE };
        let mut streams = vec![0x02, 0xB0, 24, 0, 1, 0xC1, 0, 0, 0xE0 | klv_high, klv_low, 0xF0, 0];
        streams.extend([kind, 0xE0 | klv_high, klv_low, 0xF0, 6, 0x05, 4, b'K', b'L', b'V', b'A']);
        for (pid, section) in [(0, &programmes[..]), (TABLE_PID, &streams)] {
            let payload = [&[0][..], section, &crc32(section).to_be_bytes()].concat();
            let mut continuity = self.tables;
            carry(pid, &mut continuity, &payload, out);
        }
        self.tables = (self.tables + 1) & 0x0F;
    }

    /// Appends a packet of KLV of up to some 65,000 octets.
    pub fn packet(&mut self, klv: &[u8], out: &mut Vec<u8>) {
        let mut unit = Vec::new();
        if self.synchronous {
            unit.extend([0, self.units, 0xDF]);
            write_unsigned(klv.len() as u64, 2, &mut unit);
            self.units = self.units.wrapping_add(1);
        }
        unit.extend(klv);
        let mut pes = vec![0, 0, 1, if self.synchronous { 0xFC } else { 0xBD }];
        write_unsigned(unit.len() as u64 + 3, 2, &mut pes);
        pes.extend([0x80, 0, 0]);
        pes.extend(unit);
        carry(KLV_PID, &mut self.packets, &pes, out);
    }
}

/// Cuts a payload into transport packets; the last is filled up by an adaptation field.
fn carry(pid: u16, continuity: &mut u8, payload: &[u8], out: &mut Vec<u8>) {
    for (at, part) in payload.chunks(PACKET_BYTES - 4).enumerate() {
        let [high, low_pid] = pid.to_be_bytes();
        let begin = if at == 0 { 0x40 } else { 0 };
        let fill = PACKET_BYTES - 4 - part.len();
        let control = if fill > 0 { 0x30 } else { 0x10 };
        out.extend([SYNC, begin | high, low_pid, control | *continuity]);
        if fill > 0 {
            out.push(low(fill as u64 - 1));
        }
        if fill > 1 {
            out.push(0);
            out.extend(core::iter::repeat_n(0xFF, fill - 2));
        }
        out.extend(part);
        *continuity = (*continuity + 1) & 0x0F;
    }
}
