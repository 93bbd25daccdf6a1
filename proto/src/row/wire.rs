//! Rows in bits: many of one stream behind one another, each told against a common version and time.

use fusion_core::track::TrackStatus;

use super::bits::{BitReader, BitWriter, Classes};
use super::delta::{self, Base, Basis, Difference};
use super::gate::GateWidth;
use super::kinematic::{
    AZIMUTH_BITS, CLIMB_BITS, CORRELATION_BITS, HEIGHT_BITS, LATITUDE_BITS, LONGITUDE_BITS, PLACE_BITS, RATE_BITS,
    SPEED_BITS,
};
use super::{
    Assertion, Attributes, Bearing, Body, Kind, Kinematic, Lifetime, Refinement, Registration, Row, RowKey, Seal, Tick,
    text,
};

/// Widths of a version's distance from the row before.
const GAP: Classes<4> = Classes([5, 9, 16, 32]);
/// Widths of a row's age against the newest of its list, in ticks.
const AGE: Classes<4> = Classes([8, 12, 18, Tick::BITS]);

/// Rows in one list at the most.
///
/// No counter: its count has one octet.
pub const ROWS_MAX: usize = 255;

/// Why bits are no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowError {
    /// They end early, or say what cannot be.
    Malformed,
    /// A difference from a version that is not held (any more).
    BaseUnknown,
}

/// A row on its way into a list: everything but what depends on its neighbours.
#[derive(Clone, Debug)]
pub struct Packed {
    key: RowKey,
    version: u32,
    tick: Tick,
    tag: Tag,
    body: BitWriter,
}

/// What stands first in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Delta,
    Full,
    Other(u64),
}

/// Codes after the two bits `11`.
const GONE_TRACK: u64 = 0;
const ATTRIBUTES: u64 = 1;
const REFINEMENT: u64 = 2;
const BEARING: u64 = 3;
const SENSOR: u64 = 4;
const ASSERTION: u64 = 5;
/// The end of another row than a track, whose kind follows; or, in the place of a kind that never ends so, a seal.
const OTHER: u64 = 6;
const REGISTRATION: u64 = 7;

impl Packed {
    /// A row, told against a base where that is shorter.
    #[must_use]
    pub fn new(row: &Row, base: Option<&Base>) -> Self {
        let difference = match (&row.body, base) {
            (Body::Track(kinematic), Some(base)) => delta::encode(base, row.version, row.tick, kinematic),
            _ => None,
        };
        let (tag, body) = difference.map_or_else(|| whole(row), |body| (Tag::Delta, body));
        Self { key: row.key, version: row.version, tick: row.tick, tag, body }
    }

    /// Whether it is told as a difference.
    #[must_use]
    pub fn is_delta(&self) -> bool {
        self.tag == Tag::Delta
    }

    /// Whether it is a motion told whole.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.tag == Tag::Full
    }

    /// Bits that it takes among neighbours, hardly ever more.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.body.len() + self.tag_bits() + 16 + 19 + 21
    }

    /// Bits that it takes behind a row of the version just before, of the newest time.
    #[must_use]
    pub fn bits_at_least(&self) -> usize {
        self.body.len() + self.tag_bits() + 16 + 6 + 9
    }

    const fn tag_bits(&self) -> usize {
        match self.tag {
            Tag::Delta => 1,
            Tag::Full => 2,
            Tag::Other(_) => 5,
        }
    }
}

/// The list of rows: the version of its first and the time of its newest, and the bits.
#[must_use]
pub fn encode(rows: Vec<Packed>) -> (u32, Tick, Vec<u8>) {
    encode_telling(rows, |_, _| {})
}

/// The same, which tells of each row how many bits it took.
#[must_use]
pub fn encode_telling(mut rows: Vec<Packed>, mut tell: impl FnMut(&Packed, usize)) -> (u32, Tick, Vec<u8>) {
    rows.sort_by_key(|row| row.version);
    let newest = rows.iter().map(|row| row.tick).max().unwrap_or_default();
    let first = rows.first().map_or(0, |row| row.version);
    let (mut w, mut before) = (BitWriter::new(), first);
    for row in &rows {
        let begins = w.len();
        match row.tag {
            Tag::Delta => w.put(0, 1),
            Tag::Full => w.put(0b10, 2),
            Tag::Other(code) => w.put(0b11 << 3 | code, 5),
        }
        w.put(row.key.handle.into(), 16);
        GAP.put(&mut w, (row.version - before).into());
        AGE.put(&mut w, newest.number() - row.tick.number());
        w.append(&row.body);
        tell(row, w.len() - begins);
        before = row.version;
    }
    (first, newest, w.into_bytes())
}

/// Reads so many rows; `base` finds versions that differences refer to. Returns them without those for which there is
/// no room, and how many octets all of them took.
///
/// # Errors
/// [`RowError`]; nothing is returned in part.
pub fn decode(
    bytes: &[u8],
    count: u8,
    first: u32,
    newest: Tick,
    base: &mut dyn FnMut(u16, u32) -> Basis,
) -> Result<(Vec<Row>, usize), RowError> {
    let mut reader = BitReader::new(bytes);
    let (mut rows, mut before) = (Vec::new(), first);
    for _ in 0..count {
        rows.extend(read(&mut reader, &mut before, newest, base)?);
    }
    Ok((rows, reader.position().div_ceil(8)))
}

fn read(
    r: &mut BitReader<'_>,
    before: &mut u32,
    newest: Tick,
    base: &mut dyn FnMut(u16, u32) -> Basis,
) -> Result<Option<Row>, RowError> {
    let (tag, handle, version, tick) = head(r, *before, newest).ok_or(RowError::Malformed)?;
    *before = version;
    let (kind, body) = match tag {
        Tag::Delta => {
            let distance = delta::distance(r).ok_or(RowError::Malformed)?;
            let from = version.checked_sub(distance).ok_or(RowError::Malformed)?;
            let difference = Difference::get(r).ok_or(RowError::Malformed)?;
            let base = match base(handle, from) {
                Basis::Held(base) => base,
                Basis::Unknown => return Err(RowError::BaseUnknown),
                Basis::NoRoom => return Ok(None),
            };
            (Kind::Track, Body::Track(difference.applied(&base, tick).ok_or(RowError::Malformed)?))
        }
        Tag::Full => (Kind::Track, Body::Track(get_kinematic(r).ok_or(RowError::Malformed)?)),
        Tag::Other(code) => other(r, code).ok_or(RowError::Malformed)?,
    };
    Ok(Some(Row { key: RowKey { kind, handle }, version, tick, body }))
}

fn head(r: &mut BitReader<'_>, before: u32, newest: Tick) -> Option<(Tag, u16, u32, Tick)> {
    let tag = match (r.bit()?, ()) {
        (false, ()) => Tag::Delta,
        (true, ()) if !r.bit()? => Tag::Full,
        (true, ()) => Tag::Other(r.get(3)?),
    };
    let handle = r.narrow(16)?;
    let version = before.checked_add(u32::try_from(GAP.get(r)?).ok()?)?;
    let tick = Tick::new(newest.number().checked_sub(AGE.get(r)?)?);
    Some((tag, handle, version, tick))
}

fn other(r: &mut BitReader<'_>, code: u64) -> Option<(Kind, Body)> {
    Some(match code {
        GONE_TRACK => (Kind::Track, Body::Gone(Lifetime::of_code(r.narrow(2)?))),
        ATTRIBUTES => (Kind::Attributes, Body::Attributes(Box::new(Attributes::get(r)?))),
        REFINEMENT => (Kind::Refinement, Body::Refinement(Box::new(Refinement::get(r)?))),
        BEARING => (Kind::Bearing, Body::Bearing(Bearing::get(r)?)),
        SENSOR => (Kind::Sensor, Body::Sensor(Box::new(text::get(r, 5)?))),
        ASSERTION => (Kind::Assertion, Body::Assertion(Box::new(Assertion::get(r)?))),
        REGISTRATION => (Kind::Registration, Body::Registration(Registration::get(r)?)),
        OTHER => {
            let kind = *Kind::ALL.get(r.narrow::<usize>(3)?)?;
            let is_seal = kind == Kind::Seal;
            let ended = |r: &mut BitReader<'_>| Some(Body::Gone(Lifetime::of_code(r.narrow(2)?)));
            (kind, if is_seal { Body::Seal(Box::new(Seal::get(r)?)) } else { ended(r)? })
        }
        _ => return None,
    })
}

fn whole(row: &Row) -> (Tag, BitWriter) {
    let mut w = BitWriter::new();
    let tag = match &row.body {
        Body::Track(kinematic) => {
            put_kinematic(&mut w, kinematic);
            Tag::Full
        }
        Body::Attributes(attributes) => {
            attributes.put(&mut w);
            Tag::Other(ATTRIBUTES)
        }
        Body::Refinement(refinement) => {
            refinement.put(&mut w);
            Tag::Other(REFINEMENT)
        }
        Body::Bearing(bearing) => {
            bearing.put(&mut w);
            Tag::Other(BEARING)
        }
        Body::Sensor(name) => {
            text::put(&mut w, name, 5);
            Tag::Other(SENSOR)
        }
        Body::Assertion(assertion) => {
            assertion.put(&mut w);
            Tag::Other(ASSERTION)
        }
        Body::Registration(registration) => {
            registration.put(&mut w);
            Tag::Other(REGISTRATION)
        }
        Body::Seal(seal) => {
            w.put(Kind::Seal as u64, 3);
            seal.put(&mut w);
            Tag::Other(OTHER)
        }
        Body::Gone(lifetime) => {
            let track = row.key.kind == Kind::Track;
            if !track {
                w.put(row.key.kind as u64, 3);
            }
            w.put(lifetime.code().into(), 2);
            Tag::Other(if track { GONE_TRACK } else { OTHER })
        }
    };
    (tag, w)
}

/// What a track that is told can be, tentative ones are not, and whether it goes steadily.
const CONDUCTS: [(TrackStatus, bool); 3] =
    [(TrackStatus::Confirmed, false), (TrackStatus::Coasted, false), (TrackStatus::Confirmed, true)];

/// How long motion rows live.
const LIFETIMES: [Lifetime; 2] = [Lifetime::Air, Lifetime::Ground];

fn conduct(row: &Kinematic) -> u64 {
    CONDUCTS.iter().position(|each| *each == (row.status, row.steady)).unwrap_or(1) as u64
}

fn put_kinematic(w: &mut BitWriter, row: &Kinematic) {
    w.put(row.latitude.into(), LATITUDE_BITS);
    w.put(row.longitude.into(), LONGITUDE_BITS);
    w.put(row.height.into(), HEIGHT_BITS);
    w.put_bit(row.fast);
    put_signed(w, row.east, RATE_BITS);
    put_signed(w, row.north, RATE_BITS);
    put_signed(w, row.up, CLIMB_BITS);
    w.put(row.azimuth.into(), AZIMUTH_BITS);
    for (k, axis) in row.axes.iter().enumerate() {
        w.put(axis.place.into(), PLACE_BITS);
        w.put(axis.speed.into(), SPEED_BITS[k]);
        w.put(axis.correlation.into(), CORRELATION_BITS);
    }
    let ground = u64::from(row.lifetime == Lifetime::Ground);
    w.put(conduct(row) * 8 + ground * 4 + row.gate as u64, 5);
}

fn get_kinematic(r: &mut BitReader<'_>) -> Option<Kinematic> {
    let (latitude, longitude) = (r.narrow(LATITUDE_BITS)?, r.narrow(LONGITUDE_BITS)?);
    let (height, fast) = (r.narrow(HEIGHT_BITS)?, r.bit()?);
    let (east, north) = (get_signed(r, RATE_BITS)?, get_signed(r, RATE_BITS)?);
    let (up, azimuth) = (get_signed(r, CLIMB_BITS)?, r.narrow(AZIMUTH_BITS)?);
    let mut axes = [super::kinematic::Axis::default(); 3];
    for (k, axis) in axes.iter_mut().enumerate() {
        axis.place = r.narrow(PLACE_BITS)?;
        axis.speed = r.narrow(SPEED_BITS[k])?;
        axis.correlation = r.narrow(CORRELATION_BITS)?;
    }
    let meta = r.narrow::<usize>(5)?;
    let (status, steady) = *CONDUCTS.get(meta / 8)?;
    let (lifetime, gate) = (LIFETIMES[meta / 4 % 2], GateWidth::ALL[meta % 4]);
    let row =
        Kinematic { latitude, longitude, height, fast, east, north, up, azimuth, axes, status, lifetime, gate, steady };
    row.is_in_range().then_some(row)
}

pub(super) fn put_signed(w: &mut BitWriter, value: i16, bits: u32) {
    let low = u64::from(value.cast_unsigned()) & ((1 << bits) - 1);
    w.put(low, bits);
}

pub(super) fn get_signed(r: &mut BitReader<'_>, bits: u32) -> Option<i16> {
    let low = r.narrow::<u16>(bits)?;
    Some((low << (16 - bits)).cast_signed() >> (16 - bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::kinematic::Axis;
    use crate::row::seal::{Covered, SIGNATURE_BYTES};
    use fusion_core::angle::Angle;
    use fusion_core::geodesy::Geodetic;
    use fusion_core::identity::{Address, Affiliation, Identity, ObjectClass};
    use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber};
    use proptest::prelude::*;

    const NEWEST: Tick = Tick::new(20_000_000_000);

    fn motion() -> Kinematic {
        let axis = |place, speed, correlation| Axis { place, speed, correlation };
        Kinematic {
            latitude: 26_500_000,
            longitude: 37_400_000,
            height: 1000,
            fast: false,
            east: 320,
            north: -120,
            up: 4,
            azimuth: 9,
            axes: [axis(22, 30, 5), axis(17, 26, 4), axis(21, 12, 3)],
            status: TrackStatus::Confirmed,
            lifetime: Lifetime::Air,
            gate: GateWidth::Three,
            steady: true,
        }
    }

    fn row(kind: Kind, handle: u16, version: u32, age: u64, body: Body) -> Row {
        Row { key: RowKey { kind, handle }, version, tick: Tick::new(NEWEST.number() - age), body }
    }

    fn attributes() -> Attributes {
        let mut identity = Identity { class: ObjectClass::Uav, affiliation: Affiliation::Hostile, ..Identity::UNKNOWN };
        identity.address = Some(Address::Icao(0x48_9A_BC));
        identity.name = Some(text::cut("LOT123"));
        identity.mode_3a = Some(0o7000);
        let mut attributes = Attributes::new(TrackNumber(0x0123_4567_89AB_CDEF), &identity);
        attributes.sensors = heapless::Vec::from_slice(&[2, 5]).expect("two");
        attributes.updates_log2 = 6;
        attributes.own_word = false;
        let origin = Origin { node: NodeId(0xFEED), incarnation: 7 };
        attributes.claim = Some(TrackId { origin, number: TrackNumber(99) });
        attributes
    }

    fn one_of_each() -> Vec<Row> {
        let place = Geodetic::from_degrees(52.2, 20.9, 120.0).expect("plausible");
        let bearing = Bearing::new(place, Angle::from_degrees(211.0), 0.03, 3, 17);
        let covariance = motion().estimate(NEWEST).covariance;
        let refinement = Refinement::of(&covariance).expect("an ordinary covariance");
        let subject = TrackId { origin: Origin { node: NodeId(5), incarnation: 1 }, number: TrackNumber(8) };
        let assertion = Assertion {
            subject,
            said: crate::row::assertion::Hybrid(1_700_000_000_000 << 16 | 3),
            affiliation: Some(Affiliation::Friend),
            remark: Some(text::cut("ours, seen")),
            by: Some(text::cut("ops")),
        };
        vec![
            row(Kind::Track, 7, 1000, 20, Body::Track(motion())),
            row(Kind::Attributes, 7, 1001, 0, Body::Attributes(Box::new(attributes()))),
            row(Kind::Refinement, 7, 1002, 30, Body::Refinement(Box::new(refinement))),
            row(Kind::Bearing, 2, 1005, 40, Body::Bearing(bearing)),
            row(Kind::Sensor, 2, 1025, 400, Body::Sensor(Box::new(text::cut("radar north")))),
            row(Kind::Assertion, 1, 1100, 0, Body::Assertion(Box::new(assertion))),
            row(Kind::Track, 8, 1101, 0, Body::Gone(Lifetime::Air)),
            row(Kind::Bearing, 3, 1102, 0, Body::Gone(Lifetime::Brief)),
            row(Kind::Registration, 2, 1103, 0, Body::Registration(registration(place))),
            row(Kind::Seal, 3, 1104, 0, Body::Seal(Box::new(seal()))),
        ]
    }

    fn seal() -> Seal {
        let covered = |kind, handle, version, mark| Covered { key: RowKey { kind, handle }, version, mark };
        let all = vec![covered(Kind::Track, 7, 1000, 0x0123_4567_89AB_CDEF), covered(Kind::Track, 8, 1101, u64::MAX)];
        Seal {
            count: 3,
            oldest: 1,
            last: true,
            lifetime: Lifetime::Ground,
            covered: all,
            signature: [0x55; SIGNATURE_BYTES],
        }
    }

    fn registration(site: Geodetic) -> Registration {
        use crate::row::registration::{Bias, BiasState};
        let bias = |value, sigma, state| Bias { value, sigma, state };
        let biases = [
            bias(-81.0, 3.5, BiasState::Applied),
            bias(0.008_726, 0.000_122, BiasState::Settled),
            bias(0.4, 0.15, BiasState::Estimating),
        ];
        Registration::new(1, site, &biases, 400, 8)
    }

    fn through(rows: &[Row], base: Option<&Base>) -> Result<(Vec<Row>, usize), RowError> {
        let (first, newest, bytes) = encode(rows.iter().map(|row| Packed::new(row, base)).collect());
        let count = u8::try_from(rows.len()).expect("few");
        let mut find = |_, version| base.copied().filter(|base| base.version == version).into();
        let (read, used) = decode(&bytes, count, first, newest, &mut find)?;
        assert_eq!(used, bytes.len());
        Ok((read, used))
    }

    #[test]
    fn every_kind_of_row_comes_back_bit_for_bit() {
        let rows = one_of_each();
        assert_eq!(through(&rows, None).expect("ours").0, rows);
    }

    /// Octets, as `docs/WIRE.md` shows them: a change here is a change of the protocol.
    #[test]
    fn the_bits_are_those_of_the_document() {
        let hex = |row: &Row| -> String {
            let (.., bytes) = encode(vec![Packed::new(row, None)]);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let all: Vec<String> = one_of_each().iter().map(hex).collect();
        assert_eq!(all, GOLDEN);
    }

    /// Over two rows; its signature is of no key.
    const SEAL: &str = concat!(
        "f00018000e00000006000581000001f400007002468acf13579bde0002300cbfffffffffffffffeaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0",
    );

    const GOLDEN: [&str; 10] = [
        "8001c0006516e823aadc01f40a0788044acf545a8ab1c8",
        "c800380000123456789abcdef7832085891357932627aa189919f8008000000000007f7680000003800000000000003180",
        "d00038000817f81646256e1f7f775fc6e7e77dfbdf7c",
        "d80010000ca3d7476e5c23960c030011",
        "e000100005b930b230b9103737b93a3400",
        "e800080000000000000000005000000010000000000000008018bcfe568000003b8a6f7572732c207365656e8dbdc1cc",
        "c000400004",
        "f00018000600",
        "f80010000728f63b73f5e3e05b108282a208",
        SEAL,
    ];

    #[test]
    fn rows_are_as_small_as_promised() {
        let octets = |packed: &Packed| packed.bits_at_least().div_ceil(8);
        let sizes: Vec<usize> = one_of_each().iter().map(|row| octets(&Packed::new(row, None))).collect();
        println!(
            "motion, attributes, refinement, bearing, sensor, assertion, two ends, registration: {sizes:?} octets"
        );
        assert!(
            sizes[0] <= 24 && sizes[2] <= 22 && sizes[3] <= 16 && sizes[6] <= 7 && sizes[7] <= 7 && sizes[8] <= 18,
            "{sizes:?}"
        );
        let wide = Packed::new(&one_of_each()[0], None).bits_at_least() + 5 + 5;
        assert!(wide <= 24 * 8, "with a gap up to 511 and an age up to 40 s: {wide} bits");
    }

    #[test]
    fn a_difference_takes_half_of_a_row_and_needs_its_base() {
        let base = Base { version: 900, tick: Tick::new(NEWEST.number() - 500), kinematic: motion() };
        let mut moved = motion().predicted(5.0);
        (moved.latitude, moved.longitude, moved.height) = (moved.latitude - 90, moved.longitude + 60, moved.height + 3);
        (moved.east, moved.north, moved.up) = (moved.east + 9, moved.north - 14, moved.up - 2);
        let row = row(Kind::Track, 7, 1000, 0, Body::Track(moved));
        let packed = Packed::new(&row, Some(&base));
        assert!(packed.is_delta() && packed.bits_at_least() <= 13 * 8, "{} bits", packed.bits_at_least());
        assert_eq!(through(std::slice::from_ref(&row), Some(&base)).expect("held").0, vec![row]);
        let (first, newest, bytes) = encode(vec![packed]);
        let lost = decode(&bytes, 1, first, newest, &mut |_, _| Basis::Unknown);
        assert_eq!(lost, Err(RowError::BaseUnknown));
    }

    #[test]
    fn a_difference_for_which_there_is_no_room_takes_no_other_row_with_it() {
        let base = Base { version: 900, tick: Tick::new(NEWEST.number() - 500), kinematic: motion() };
        let moved = row(Kind::Track, 7, 1000, 0, Body::Track(motion().predicted(5.0)));
        let rows = [moved, one_of_each().remove(3), one_of_each().remove(6)];
        let (first, newest, bytes) = encode(rows.iter().map(|row| Packed::new(row, Some(&base))).collect());
        let (read, used) = decode(&bytes, 3, first, newest, &mut |_, _| Basis::NoRoom).expect("readable");
        assert_eq!((read.as_slice(), used), (&rows[1..], bytes.len()));
    }

    prop_compose! {
        fn any_motion()(
            latitude in 0_u32..1 << 25, longitude in 0_u32..1 << 26, height in 0_u16..1 << 13, fast in any::<bool>(),
            east in -1023_i16..=1023, north in -1023_i16..=1023, up in -127_i16..=127, azimuth in 0_u8..32,
            places in prop::array::uniform3(0_u8..64), speeds in prop::array::uniform3(0_u8..32),
            correlations in prop::array::uniform3(0_u8..8), conduct in 0_usize..3,
            (ground, gate) in (0_usize..2, 0_usize..4),
        ) -> Kinematic {
            let axes = [0, 1, 2].map(|k| Axis {
                place: places[k], speed: speeds[k], correlation: correlations[k],
            });
            let (lifetime, gate, (status, steady)) = (LIFETIMES[ground], GateWidth::ALL[gate], CONDUCTS[conduct]);
            Kinematic { latitude, longitude, height, fast, east, north, up, azimuth, axes, status, lifetime, gate,
                steady }
        }
    }

    proptest! {
        #[test]
        fn any_motion_comes_back_whole_or_as_a_difference(
            base in any_motion(), other in any_motion(), near in any::<bool>(), ticks in 0_u64..6000,
            steps in prop::collection::vec(-2_i16..=2, 12),
        ) {
            let base = Base { version: 500, tick: NEWEST, kinematic: base };
            let mut told = other;
            if near {
                #[expect(clippy::cast_precision_loss, reason = "few")]
                let seconds = ticks as f64 / 100.0;
                told = base.kinematic.predicted(seconds);
                told.latitude = told.latitude.saturating_add_signed(steps[0].into()).min((1 << 25) - 1);
                told.longitude = told.longitude.wrapping_add_signed(steps[1].into()) & ((1 << 26) - 1);
                told.east = (told.east + steps[2]).clamp(-1023, 1023);
                told.azimuth = told.azimuth.saturating_add_signed(i8::try_from(steps[3]).unwrap_or(0)).min(31);
            }
            let key = RowKey { kind: Kind::Track, handle: 3 };
            let tick = Tick::new(NEWEST.number() + ticks);
            let row = Row { key, version: 510, tick, body: Body::Track(told) };
            let packed = Packed::new(&row, Some(&base));
            prop_assert!(!near || packed.is_delta());
            prop_assert!(!packed.is_delta() || packed.bits_at_least() <= 13 * 8);
            prop_assert_eq!(through(std::slice::from_ref(&row), Some(&base)).expect("held").0, vec![row]);
        }

        #[test]
        fn any_bits_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), count in any::<u8>()) {
            let base = Base { version: 0, tick: NEWEST, kinematic: motion() };
            let mut find = |_: u16, version| match version % 3 {
                0 => Basis::Held(Base { version, ..base }),
                1 => Basis::NoRoom,
                _ => Basis::Unknown,
            };
            if let Ok((rows, used)) = decode(&bytes, count, 7, NEWEST, &mut find) {
                prop_assert!(rows.len() <= usize::from(count) && used <= bytes.len());
                for row in rows {
                    if let Body::Track(motion) = row.body {
                        let _ = motion.estimate(row.tick);
                    }
                }
            }
        }
    }
}
