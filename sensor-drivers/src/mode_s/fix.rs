//! From encoded positions to believed ones: one aircraft's recent messages, and what may follow from them.
//!
//! A first position needs an even and an odd message close together. Later ones need the last position and one
//! message only; but where a pair is at hand the pair is asked, because it does not depend on the last position being
//! right. A position that nothing could fly to is refused; after [`REFUSALS_BEFORE_RESTART`] in a row the last
//! position, rather than the new ones, is taken to be the mistake, and everything begins again.

use fusion_core::frame::{Ecef, Position};
use fusion_core::geodesy::Geodetic;
use fusion_core::time::{Span, Timestamp};

use super::cpr::{self, Cpr, CprError, Format, LatLon, Parity};

/// Positions refused in a row before the last accepted one is given up.
pub const REFUSALS_BEFORE_RESTART: u8 = 3;

/// Where the receiver stands and how far it can hear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Receiver {
    place: LatLon,
    ecef: Position<Ecef>,
    range_max_m: f64,
}

/// Why a position message gives no position (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The first of a pair: nothing is wrong with it.
    AwaitsPair,
    /// The pair lies across a transition of zones: the next message will do.
    ZoneStraddled,
    /// The pair does not belong together.
    BeyondPole,
    /// A surface position, and neither the receiver's place nor an earlier position tells in which quadrant.
    NoReference,
    /// Farther from the receiver than it can hear.
    OutOfRange,
    /// Farther from the last position than anything flies in that time.
    TooFast,
    /// A good position of which the aircraft tells no accuracy at all.
    AccuracyUnknown,
}

/// What is remembered of one aircraft's positions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PositionHistory {
    even: Option<Sighting>,
    odd: Option<Sighting>,
    last: Option<Fix>,
    refused_in_a_row: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sighting {
    cpr: Cpr,
    time: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Fix {
    place: LatLon,
    /// On the ellipsoid: plausibility needs no height.
    ecef: Position<Ecef>,
    time: Timestamp,
}

impl Receiver {
    /// A receiver at a place, hearing as far as `range_max_m`.
    #[must_use]
    pub fn at(place: Geodetic, range_max_m: f64) -> Self {
        let lat_lon = LatLon { latitude_deg: place.latitude_deg(), longitude_deg: place.longitude_deg() };
        Self { place: lat_lon, ecef: place.to_ecef(), range_max_m }
    }
}

impl PositionHistory {
    /// Takes one position message and tells the position, if it may be believed.
    ///
    /// # Errors
    /// See [`Refusal`]. The message is kept for a pair, unless everything begins again.
    pub fn handle(&mut self, cpr: Cpr, time: Timestamp, receiver: Option<&Receiver>) -> Result<LatLon, Refusal> {
        let place = self.decode(cpr, time, receiver);
        let sighting = Some(Sighting { cpr, time });
        match cpr.parity {
            Parity::Even => self.even = sighting,
            Parity::Odd => self.odd = sighting,
        }
        self.accept(place?, time, receiver)
    }

    fn decode(&self, cpr: Cpr, time: Timestamp, receiver: Option<&Receiver>) -> Result<LatLon, Refusal> {
        let from_pair = self.decode_pair(cpr, time, receiver);
        if from_pair.is_ok() {
            return from_pair;
        }
        let near = self.last.filter(|fix| age(fix.time, time) <= local_age_max(cpr.format));
        near.and_then(|fix| cpr::decode_local(cpr, fix.place))
            .ok_or_else(|| from_pair.err().unwrap_or(Refusal::AwaitsPair))
    }

    fn decode_pair(&self, cpr: Cpr, time: Timestamp, receiver: Option<&Receiver>) -> Result<LatLon, Refusal> {
        let other = match cpr.parity {
            Parity::Even => self.odd,
            Parity::Odd => self.even,
        };
        let fits =
            |other: &Sighting| other.cpr.format == cpr.format && age(other.time, time) <= pair_age_max(cpr.format);
        let other = other.filter(fits).ok_or(Refusal::AwaitsPair)?;
        cpr::decode_global(cpr, other.cpr, self.quadrant_reference(time, receiver)).map_err(Refusal::from)
    }

    /// Any point nearer to the aircraft than 45°.
    fn quadrant_reference(&self, time: Timestamp, receiver: Option<&Receiver>) -> Option<LatLon> {
        let last = self.last.filter(|fix| age(fix.time, time) <= QUADRANT_AGE_MAX);
        receiver.map(|receiver| receiver.place).or(last.map(|fix| fix.place))
    }

    fn accept(&mut self, place: LatLon, time: Timestamp, receiver: Option<&Receiver>) -> Result<LatLon, Refusal> {
        let fix = Fix::new(place, time).ok_or(Refusal::BeyondPole)?;
        if let Some(refusal) = self.implausibility(&fix, receiver) {
            self.refuse();
            return Err(refusal);
        }
        self.last = Some(fix);
        self.refused_in_a_row = 0;
        Ok(place)
    }

    fn implausibility(&self, fix: &Fix, receiver: Option<&Receiver>) -> Option<Refusal> {
        if receiver.is_some_and(|receiver| (fix.ecef - receiver.ecef).length() > receiver.range_max_m) {
            return Some(Refusal::OutOfRange);
        }
        let last = self.last?;
        let reach_m = SPEED_MAX_M_S * (age(last.time, fix.time) + TIME_SLACK).as_secs_f64();
        ((fix.ecef - last.ecef).length() > reach_m).then_some(Refusal::TooFast)
    }

    fn refuse(&mut self) {
        self.refused_in_a_row += 1;
        if self.refused_in_a_row >= REFUSALS_BEFORE_RESTART {
            *self = Self::default();
        }
    }
}

impl Fix {
    fn new(place: LatLon, time: Timestamp) -> Option<Self> {
        let ecef = Geodetic::from_degrees(place.latitude_deg, place.longitude_deg, 0.0)?.to_ecef();
        Some(Self { place, ecef, time })
    }
}

impl From<CprError> for Refusal {
    fn from(error: CprError) -> Self {
        match error {
            CprError::NotAPair => Self::AwaitsPair,
            CprError::ZoneStraddled => Self::ZoneStraddled,
            CprError::BeyondPole => Self::BeyondPole,
            CprError::NoReference => Self::NoReference,
        }
    }
}

/// How long ago; a clock that was set back makes things old, not young.
fn age(then: Timestamp, now: Timestamp) -> Span {
    (now - then).abs()
}

/// How far apart in time the two messages of a pair may be: what the standard allows.
const fn pair_age_max(format: Format) -> Span {
    match format {
        Format::Airborne => Span::from_secs(10),
        Format::Surface => Span::from_secs(25),
    }
}

/// How old a position may be and still be nearer than half a zone, at [`SPEED_MAX_M_S`].
const fn local_age_max(format: Format) -> Span {
    match format {
        Format::Airborne => Span::from_secs(300),
        Format::Surface => Span::from_secs(60),
    }
}

/// Mach 3, and a little wind.
const SPEED_MAX_M_S: f64 = 1_050.0;
/// Messages wait in the receiver and on the network for different times.
const TIME_SLACK: Span = Span::from_secs(1);
/// Nothing flies 45° in that time.
const QUADRANT_AGE_MAX: Span = Span::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    const SINGAPORE: LatLon = LatLon { latitude_deg: 1.36, longitude_deg: 103.99 };

    fn message(place: LatLon, format: Format, second: i64) -> Cpr {
        cpr::encode(place, format, if second % 2 == 0 { Parity::Even } else { Parity::Odd })
    }

    /// What becomes of messages from these places, one a second.
    fn walk(
        history: &mut PositionHistory,
        places: &[LatLon],
        format: Format,
        from: i64,
    ) -> Vec<Result<LatLon, Refusal>> {
        let seconds = from..;
        let each = places.iter().zip(seconds);
        each.map(|(&place, s)| history.handle(message(place, format, s), Timestamp::from_secs(s), None)).collect()
    }

    fn north_by(degrees: f64) -> LatLon {
        LatLon { latitude_deg: SINGAPORE.latitude_deg + degrees, ..SINGAPORE }
    }

    #[test]
    fn the_second_message_gives_the_first_position() {
        let mut history = PositionHistory::default();
        let fates = walk(&mut history, &[SINGAPORE; 3], Format::Airborne, 0);
        assert_eq!(fates[0], Err(Refusal::AwaitsPair));
        assert!(fates[1..].iter().all(|fate| fate.is_ok_and(|p| (p.latitude_deg - 1.36).abs() < 1e-4)));
    }

    #[test]
    fn two_messages_too_far_apart_in_time_are_no_pair() {
        let mut history = PositionHistory::default();
        walk(&mut history, &[SINGAPORE], Format::Airborne, 0);
        assert_eq!(walk(&mut history, &[SINGAPORE], Format::Airborne, 11), [Err(Refusal::AwaitsPair)]);
    }

    #[test]
    fn after_a_gap_one_message_is_enough() {
        let mut history = PositionHistory::default();
        walk(&mut history, &[SINGAPORE; 2], Format::Airborne, 0);
        assert!(walk(&mut history, &[north_by(0.4)], Format::Airborne, 200)[0].is_ok());
    }

    #[test]
    fn a_leap_is_refused_and_the_next_good_position_accepted() {
        let mut history = PositionHistory::default();
        walk(&mut history, &[SINGAPORE; 2], Format::Airborne, 0);
        let fates = walk(&mut history, &[north_by(0.5), SINGAPORE, SINGAPORE, SINGAPORE], Format::Airborne, 2);
        assert_eq!(fates[0], Err(Refusal::TooFast));
        assert!(fates[3].is_ok(), "{fates:?}");
    }

    #[test]
    fn a_wrong_first_position_is_given_up_after_repeated_refusals() {
        let mut history = PositionHistory::default();
        walk(&mut history, &[north_by(3.0); 2], Format::Airborne, 0);
        let fates = walk(&mut history, &[SINGAPORE; 8], Format::Airborne, 4);
        assert_eq!(
            fates.iter().filter(|fate| **fate == Err(Refusal::TooFast)).count(),
            usize::from(REFUSALS_BEFORE_RESTART)
        );
        assert!(fates[7].is_ok_and(|p| (p.latitude_deg - 1.36).abs() < 1e-4), "{fates:?}");
    }

    #[test]
    fn a_surface_position_needs_a_reference_once() {
        let mut history = PositionHistory::default();
        let fates = walk(&mut history, &[SINGAPORE; 2], Format::Surface, 0);
        assert_eq!(fates, [Err(Refusal::AwaitsPair), Err(Refusal::NoReference)]);
        walk(&mut history, &[SINGAPORE; 2], Format::Airborne, 2);
        let landed = walk(&mut history, &[SINGAPORE], Format::Surface, 4);
        assert!(landed[0].is_ok_and(|p| (p.latitude_deg - 1.36).abs() < 1e-4));
    }

    #[test]
    fn what_is_out_of_earshot_is_refused() {
        let place = Geodetic::from_degrees(1.3, 104.0, 20.0).expect("a place");
        let receiver = Receiver::at(place, 400e3);
        let mut history = PositionHistory::default();
        let fates: Vec<_> = (0..2)
            .map(|s| {
                let cpr = message(north_by(4.0), Format::Airborne, s);
                history.handle(cpr, Timestamp::from_secs(s), Some(&receiver))
            })
            .collect();
        assert_eq!(fates, [Err(Refusal::AwaitsPair), Err(Refusal::OutOfRange)]);
    }

    #[test]
    fn a_clock_set_back_makes_things_old_not_young() {
        let mut history = PositionHistory::default();
        walk(&mut history, &[SINGAPORE; 2], Format::Airborne, 10_000);
        let fates = walk(&mut history, &[north_by(2.0); 2], Format::Airborne, 0);
        assert_eq!(fates[0], Err(Refusal::AwaitsPair));
        assert!(fates[1].is_ok());
    }
}
