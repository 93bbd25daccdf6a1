//! A motion row as its difference from an earlier version that the receiver is known to hold.
//!
//! The base is moved on in a straight line to the row's time, by arithmetic that gives the same bits everywhere; what
//! is left over is small and takes few bits. Nothing is lost: the receiver ends with the very numbers of the row. What
//! does not fit is told in full.

use super::bits::{BitReader, BitWriter, Classes, unzigzag, zigzag};
use super::gate::GateWidth;
use super::kinematic::{AZIMUTH_BITS, Axis, CORRELATION_BITS, Kinematic, LONGITUDE_BITS, PLACE_BITS, SPEED_BITS};
use super::quantise::Tick;

/// An earlier version of a motion row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its version.
    pub version: u32,
    /// Its time.
    pub tick: Tick,
    /// Its numbers.
    pub kinematic: Kinematic,
}

/// Bits that a difference may take before the whole row is the better choice: thirteen octets with all that stands
/// before it.
///
/// No counter: what needs more is told whole.
const BODY_BITS_MAX: usize = 75;

/// How many versions ago the base was.
const DISTANCE: Classes<3> = Classes([8, 12, 32]);
/// Widths of what is left over: by the place along the ground, the height, the speeds, the climb.
const GROUND: [u32; 4] = [6, 9, 12, 16];
const HEIGHT: [u32; 4] = [0, 4, 7, 12];
const RATES: [u32; 4] = [3, 5, 7, 12];
const CLIMB: [u32; 4] = [0, 3, 5, 9];

/// The difference of a row from a base; `None` if it cannot be told in few bits.
#[must_use]
pub fn encode(base: &Base, version: u32, tick: Tick, row: &Kinematic) -> Option<BitWriter> {
    let from = base.kinematic.predicted(tick.seconds_since(base.tick));
    let manner = |row: &Kinematic| (row.fast, row.status, row.lifetime, row.steady);
    let unlike = manner(&from) != manner(row);
    if unlike || version <= base.version {
        return None;
    }
    let mut w = BitWriter::new();
    DISTANCE.put(&mut w, (version - base.version).into());
    let north = i64::from(row.latitude) - i64::from(from.latitude);
    put_group(&mut w, GROUND, &[north, eastward(from.longitude, row.longitude)])?;
    put_group(&mut w, HEIGHT, &[i64::from(row.height) - i64::from(from.height)])?;
    put_group(&mut w, RATES, &[(row.east - from.east).into(), (row.north - from.north).into()])?;
    put_group(&mut w, CLIMB, &[(row.up - from.up).into()])?;
    put_shape(&mut w, &from, row);
    w.put_bit(from.gate != row.gate);
    if from.gate != row.gate {
        w.put(row.gate as u64, 2);
    }
    (w.len() <= BODY_BITS_MAX).then_some(w)
}

/// How many versions ago the base was, read first so that the base can be found.
pub fn distance(r: &mut BitReader<'_>) -> Option<u32> {
    u32::try_from(DISTANCE.get(r)?).ok()
}

/// The row that differs so from a base; `None` if the bits end or lead out of the ranges.
#[must_use]
pub fn decode(r: &mut BitReader<'_>, base: &Base, tick: Tick) -> Option<Kinematic> {
    let from = base.kinematic.predicted(tick.seconds_since(base.tick));
    let [north, east] = get_group(r, GROUND)?;
    let [up] = get_group(r, HEIGHT)?;
    let [faster_east, faster_north] = get_group(r, RATES)?;
    let [climb] = get_group(r, CLIMB)?;
    let (azimuth, axes) = get_shape(r, &from)?;
    let gate = if r.bit()? { *GateWidth::ALL.get(r.narrow::<usize>(2)?)? } else { from.gate };
    let row = Kinematic {
        latitude: u32::try_from(i64::from(from.latitude) + north).ok()?,
        longitude: u32::try_from((i64::from(from.longitude) + east).rem_euclid(1 << LONGITUDE_BITS)).ok()?,
        height: u16::try_from(i64::from(from.height) + up).ok()?,
        east: i16::try_from(i64::from(from.east) + faster_east).ok()?,
        north: i16::try_from(i64::from(from.north) + faster_north).ok()?,
        up: i16::try_from(i64::from(from.up) + climb).ok()?,
        azimuth,
        axes,
        gate,
        ..from
    };
    row.is_in_range().then_some(row)
}

/// The shorter way round from one longitude to another.
fn eastward(from: u32, to: u32) -> i64 {
    let (turn, half) = (1_i64 << LONGITUDE_BITS, 1_i64 << (LONGITUDE_BITS - 1));
    (i64::from(to) - i64::from(from) + half).rem_euclid(turn) - half
}

/// Numbers that share one width, chosen by two bits; `None` if the widest is too narrow.
fn put_group(w: &mut BitWriter, widths: [u32; 4], values: &[i64]) -> Option<()> {
    let class = widths.iter().position(|&width| values.iter().all(|&value| zigzag(value) >> width == 0))?;
    w.put(class as u64, 2);
    values.iter().for_each(|&value| w.put(zigzag(value), widths[class]));
    Some(())
}

fn get_group<const N: usize>(r: &mut BitReader<'_>, widths: [u32; 4]) -> Option<[i64; N]> {
    let width = widths[r.narrow::<usize>(2)?];
    let mut values = [0; N];
    for value in &mut values {
        *value = unzigzag(r.get(width)?);
    }
    Some(values)
}

/// The direction of the ellipse and the steps of the axes: one bit if all are as they were.
fn put_shape(w: &mut BitWriter, from: &Kinematic, row: &Kinematic) {
    let same = (from.azimuth, from.axes) == (row.azimuth, row.axes);
    w.put_bit(!same);
    if same {
        return;
    }
    put_step(w, from.azimuth, row.azimuth, AZIMUTH_BITS);
    for (k, (old, new)) in from.axes.iter().zip(&row.axes).enumerate() {
        put_step(w, old.place, new.place, PLACE_BITS);
        put_step(w, old.speed, new.speed, SPEED_BITS[k]);
        put_step(w, old.correlation, new.correlation, CORRELATION_BITS);
    }
}

fn get_shape(r: &mut BitReader<'_>, from: &Kinematic) -> Option<(u8, [Axis; 3])> {
    if !r.bit()? {
        return Some((from.azimuth, from.axes));
    }
    let azimuth = get_step(r, from.azimuth, AZIMUTH_BITS)?;
    let mut axes = from.axes;
    for (k, axis) in axes.iter_mut().enumerate() {
        axis.place = get_step(r, axis.place, PLACE_BITS)?;
        axis.speed = get_step(r, axis.speed, SPEED_BITS[k])?;
        axis.correlation = get_step(r, axis.correlation, CORRELATION_BITS)?;
    }
    Some((azimuth, axes))
}

/// `0` as it was, `100` one less, `101` one more, `11` and the number itself.
fn put_step(w: &mut BitWriter, old: u8, new: u8, bits: u32) {
    match i16::from(new) - i16::from(old) {
        0 => w.put(0, 1),
        -1 => w.put(0b100, 3),
        1 => w.put(0b101, 3),
        _ => {
            w.put(0b11, 2);
            w.put(new.into(), bits);
        }
    }
}

fn get_step(r: &mut BitReader<'_>, old: u8, bits: u32) -> Option<u8> {
    if !r.bit()? {
        return Some(old);
    }
    if r.bit()? {
        return r.narrow(bits);
    }
    let new = if r.bit()? { old.checked_add(1)? } else { old.checked_sub(1)? };
    (u32::from(new) >> bits == 0).then_some(new)
}
