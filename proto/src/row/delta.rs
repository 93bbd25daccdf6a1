//! A motion row as its difference from an earlier version that the receiver is known to hold.
//!
//! The base is moved on in a straight line to the row's time, by arithmetic that gives the same bits everywhere; what
//! is left over is small and takes few bits. Nothing is lost: the receiver ends with the very numbers of the row. What
//! does not fit is told in full.

use super::bits::{BitReader, BitWriter, Classes, unzigzag, zigzag};
use super::gate::GateWidth;
use super::kinematic::{AZIMUTH_BITS, Axis, CORRELATION_BITS, Kinematic, LONGITUDE_BITS, PLACE_BITS, SPEED_BITS};
use super::quantise::Tick;

/// What a receiver knows of the version that a difference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// It is held.
    Held(Base),
    /// It is not (any more), and the row is wanted: whole, then.
    Unknown,
    /// There is no room for the row, whatever it says.
    NoRoom,
}

impl From<Option<Base>> for Basis {
    fn from(base: Option<Base>) -> Self {
        base.map_or(Self::Unknown, Self::Held)
    }
}

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
const BODY_BITS_MAX: usize = 72;

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

/// What is left over between a row and its base moved on, as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    ground: [i64; 2],
    height: i64,
    rates: [i64; 2],
    climb: i64,
    shape: Option<Shape>,
    gate: Option<GateWidth>,
}

/// The direction of the ellipse, and of each axis place, speed and correlation.
type Shape = (Step, [[Step; 3]; 3]);

/// How a small number differs from what it was.
#[derive(Clone, Copy, Debug)]
enum Step {
    Same,
    Less,
    More,
    Is(u8),
}

impl Difference {
    /// Reads it, whether or not the base is at hand; `None` if the bits end.
    #[must_use]
    pub fn get(r: &mut BitReader<'_>) -> Option<Self> {
        let ground = get_group(r, GROUND)?;
        let [height] = get_group(r, HEIGHT)?;
        let rates = get_group(r, RATES)?;
        let [climb] = get_group(r, CLIMB)?;
        let shape = if r.bit()? { Some(get_shape(r)?) } else { None };
        let gate = if r.bit()? { Some(*GateWidth::ALL.get(r.narrow::<usize>(2)?)?) } else { None };
        Some(Self { ground, height, rates, climb, shape, gate })
    }

    /// The row that differs so from a base; `None` if that leads out of the ranges.
    #[must_use]
    pub fn applied(&self, base: &Base, tick: Tick) -> Option<Kinematic> {
        let from = base.kinematic.predicted(tick.seconds_since(base.tick));
        let ([north, east], [faster_east, faster_north]) = (self.ground, self.rates);
        let (azimuth, axes) =
            self.shape.map_or(Some((from.azimuth, from.axes)), |shape| applied_shape(&shape, &from))?;
        let row = Kinematic {
            latitude: u32::try_from(i64::from(from.latitude) + north).ok()?,
            longitude: u32::try_from((i64::from(from.longitude) + east).rem_euclid(1 << LONGITUDE_BITS)).ok()?,
            height: u16::try_from(i64::from(from.height) + self.height).ok()?,
            east: i16::try_from(i64::from(from.east) + faster_east).ok()?,
            north: i16::try_from(i64::from(from.north) + faster_north).ok()?,
            up: i16::try_from(i64::from(from.up) + self.climb).ok()?,
            azimuth,
            axes,
            gate: self.gate.unwrap_or(from.gate),
            ..from
        };
        row.is_in_range().then_some(row)
    }
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

fn get_shape(r: &mut BitReader<'_>) -> Option<Shape> {
    let azimuth = get_step(r, AZIMUTH_BITS)?;
    let mut axes = [[Step::Same; 3]; 3];
    for (k, [place, speed, correlation]) in axes.iter_mut().enumerate() {
        *place = get_step(r, PLACE_BITS)?;
        *speed = get_step(r, SPEED_BITS[k])?;
        *correlation = get_step(r, CORRELATION_BITS)?;
    }
    Some((azimuth, axes))
}

fn applied_shape(&(azimuth, steps): &Shape, from: &Kinematic) -> Option<(u8, [Axis; 3])> {
    let mut axes = from.axes;
    for (k, (axis, [place, speed, correlation])) in axes.iter_mut().zip(steps).enumerate() {
        axis.place = place.applied(axis.place, PLACE_BITS)?;
        axis.speed = speed.applied(axis.speed, SPEED_BITS[k])?;
        axis.correlation = correlation.applied(axis.correlation, CORRELATION_BITS)?;
    }
    Some((azimuth.applied(from.azimuth, AZIMUTH_BITS)?, axes))
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

fn get_step(r: &mut BitReader<'_>, bits: u32) -> Option<Step> {
    if !r.bit()? {
        return Some(Step::Same);
    }
    if r.bit()? {
        return Some(Step::Is(r.narrow(bits)?));
    }
    Some(if r.bit()? { Step::More } else { Step::Less })
}

impl Step {
    /// The number that differs so from an old one; `None` if it does not fit into its bits.
    fn applied(self, old: u8, bits: u32) -> Option<u8> {
        let new = match self {
            Self::Same => return Some(old),
            Self::Is(new) => return Some(new),
            Self::More => old.checked_add(1)?,
            Self::Less => old.checked_sub(1)?,
        };
        (u32::from(new) >> bits == 0).then_some(new)
    }
}
