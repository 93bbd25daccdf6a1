//! Times as people and programs write them, exact to the nanosecond, to and from [`Timestamp`].
//!
//! Two forms: RFC 3339 text, and a JSON number of seconds since the Unix epoch. The number is read digit by digit: as
//! a binary fraction, a time of this century would be good to a quarter of a microsecond only. Dates follow the
//! proleptic Gregorian calendar, counted in eras of 400 years that begin in March, so that the leap day is the last of
//! its year.

use core::fmt::{self, Display, Formatter};

use fusion_core::time::Timestamp;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const DAYS_PER_ERA: i64 = 146_097;
/// Days from the beginning of the era of year 0 (0000-03-01) to the Unix epoch.
const EPOCH_DAYS: i64 = 719_468;

/// Reads `2024-06-01T10:00:00.123456789Z`, or an offset in place of `Z`, or a space in place of `T`. Digits beyond the
/// nanosecond are dropped; second 60 is the next minute's first, as clocks that know no leap second have it.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<Timestamp> {
    let mut rest = text.as_bytes();
    let (year, month, day) = (digits(&mut rest, 4)?, after(&mut rest, b"-", 2)?, after(&mut rest, b"-", 2)?);
    let (hour, minute) = (after(&mut rest, b"Tt ", 2)?, after(&mut rest, b":", 2)?);
    let second = after(&mut rest, b":", 2)?;
    let nanos = if rest.first() == Some(&b'.') { fraction(&mut rest)? } else { 0 };
    let offset = offset_seconds(rest)?;
    let valid = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    if valid { timestamp(seconds, nanos) } else { None }
}

/// Reads a JSON number of seconds since the Unix epoch. Digits beyond the nanosecond are dropped.
#[must_use]
pub fn from_unix_seconds(numeral: &str) -> Option<Timestamp> {
    let (mantissa, exponent) = numeral.split_once(['e', 'E']).unwrap_or((numeral, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // The decimal point stands behind so many digits.
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let wanted = point.checked_add(9)?;
    let mut nanos: i64 = 0;
    let mut place: i64 = 0;
    for digit in whole.bytes().chain(decimals.bytes()).take(usize::try_from(wanted.max(0)).ok()?) {
        nanos = nanos.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
        place += 1;
    }
    if nanos != 0 {
        for _ in place..wanted {
            nanos = nanos.checked_mul(10)?;
        }
    }
    Some(Timestamp::from_nanos(if negative { -nanos } else { nanos }))
}

/// Shows a time as RFC 3339 in UTC, with no more decimals than it has.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339(pub Timestamp);

impl Display for Rfc3339 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let (seconds, nanos) = (nanos.div_euclid(NANOS_PER_SECOND), nanos.rem_euclid(NANOS_PER_SECOND));
        let (year, month, day) = date(seconds.div_euclid(86_400));
        let of_day = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if nanos != 0 {
            let digits = format!("{nanos:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

fn timestamp(seconds: i64, nanos: i64) -> Option<Timestamp> {
    Some(Timestamp::from_nanos(seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)?))
}

/// Takes exactly `count` digits off the front.
fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (number, after) = rest.split_at_checked(count)?;
    *rest = after;
    number.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// Takes one of the separators and then `count` digits off the front.
fn after(rest: &mut &[u8], separators: &[u8], count: usize) -> Option<i64> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    if separators.contains(first) { digits(rest, count) } else { None }
}

/// Takes `.` and at least one digit off the front: nanoseconds.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    let decimals = &rest[1..];
    let count = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (decimals, behind) = decimals.split_at(count);
    *rest = behind;
    let padded = decimals.iter().copied().chain(core::iter::repeat(b'0')).take(9);
    (count > 0).then(|| padded.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// `Z` or `+01:30`, and nothing behind it.
fn offset_seconds(mut rest: &[u8]) -> Option<i64> {
    if matches!(rest, b"Z" | b"z") {
        return Some(0);
    }
    let sign = match rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    rest = &rest[1..];
    let (hours, minutes) = (digits(&mut rest, 2)?, after(&mut rest, b":", 2)?);
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let years = year - i64::from(month <= 2);
    let era = years.div_euclid(400);
    let of_era = years.rem_euclid(400);
    // 153 days in every five months from March on.
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS
}

/// Year, month and day of a count of days since the Unix epoch.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let era = days.div_euclid(DAYS_PER_ERA);
    let of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nanos(text: &str) -> Option<i64> {
        from_rfc3339(text).map(Timestamp::as_nanos)
    }

    #[test]
    fn known_instants_read_as_they_should() {
        assert_eq!(nanos("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(nanos("2024-06-01T10:00:00.123456789Z"), Some(1_717_236_000_123_456_789));
        assert_eq!(nanos("2024-06-01T12:00:00+02:00"), Some(1_717_236_000_000_000_000));
        assert_eq!(nanos("2024-06-01t05:29:59.5-04:30"), Some(1_717_235_999_500_000_000));
        assert_eq!(nanos("2024-02-29 23:59:60z"), nanos("2024-03-01T00:00:00Z"));
        assert_eq!(nanos("2024-06-01T10:00:00.1234567899Z"), nanos("2024-06-01T10:00:00.123456789Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2024-06-01",
            "2024-06-01T10:00:00",
            "2024-13-01T10:00:00Z",
            "2023-02-29T10:00:00Z",
            "2024-06-01T24:00:00Z",
            "2024-06-01T10:60:00Z",
            "2024-06-01T10:00:61Z",
            "2024-06-01T10:00:00.Z",
            "2024-06-01T10:00:00Zz",
            "2024-06-01T10:00:00+2:00",
            "24-06-01T10:00:00Z",
            "2024-06-01T10:00:00é",
            "9999-01-01T00:00:00Z",
            "+024-06-01T10:00:00Z",
        ] {
            assert_eq!(nanos(bad), None, "{bad}");
        }
    }

    #[test]
    fn unix_seconds_keep_every_nanosecond() {
        let read = |text| from_unix_seconds(text).map(Timestamp::as_nanos);
        assert_eq!(read("1717236000.123456789"), Some(1_717_236_000_123_456_789));
        assert_eq!(read("1717236000"), Some(1_717_236_000_000_000_000));
        assert_eq!(read("1.717236000123456789e9"), Some(1_717_236_000_123_456_789));
        assert_eq!(read("1717236000123E-3"), Some(1_717_236_000_123_000_000));
        assert_eq!(read("-0.5"), Some(-500_000_000));
        assert_eq!(read("0.0000000019"), Some(1));
        assert_eq!((read("0e99999"), read("1e-99999"), read("1e99999")), (Some(0), Some(0), None));
        assert_eq!((read("9223372036.854775807"), read("9223372036.854775808")), (Some(i64::MAX), None));
        assert_eq!(read("1e99999999999"), None);
    }

    proptest! {
        #[test]
        fn every_timestamp_reads_back_from_its_text(nanos in any::<i64>()) {
            let time = Timestamp::from_nanos(nanos);
            prop_assert_eq!(from_rfc3339(&Rfc3339(time).to_string()), Some(time));
            let (sign, size) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
            let seconds = format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000);
            prop_assert_eq!(from_unix_seconds(&seconds), if nanos == i64::MIN { None } else { Some(time) });
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZ:. +\\-é]{0,40}") {
            let _ = from_rfc3339(&text);
        }
    }
}
