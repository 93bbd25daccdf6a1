//! The twelve-bit altitude field of airborne positions.
//!
//! With the Q bit set, the other eleven bits count 25 ft from −1000 ft. Without it, they are the pulses of a Mode C
//! reply: a Gray code of 500-ft steps (D2 D4 A1 A2 A4 B1 B2 B4) and one of 100-ft steps within them (C1 C2 C4), from
//! −1200 ft to 126,700 ft.
//! Source: ICAO Annex 10 Vol. IV, 3.1.2.6.5.4 and the appendix to chapter 3; Doc 9871, A.2.3.2.4.

/// Altitude in feet, a multiple of 25; `None` if the field says nothing (all zero) or no altitude (an unused code).
#[must_use]
pub fn decode_feet(field: u32) -> Option<i32> {
    if field & 0xFFF == 0 {
        None
    } else if field & Q_BIT != 0 {
        Some(25 * small(high_bits(field) | field & 0xF) - 1000)
    } else {
        gillham_feet(field)
    }
}

/// The field for an altitude in metres: to the nearest 25 ft up to 50,175 ft, else to the nearest 100 ft.
#[must_use]
pub fn encode_m(altitude_m: f64) -> u32 {
    let feet = altitude_m / super::FOOT_M;
    let steps_of_25 = super::nearest((feet + 1000.0) / 25.0, 0xFFF);
    if steps_of_25 <= 0x7FF && feet > -1012.5 {
        (steps_of_25 & 0x7F0) << 1 | Q_BIT | steps_of_25 & 0xF
    } else {
        gillham_field(super::nearest((feet + 1200.0) / 100.0, GILLHAM_STEPS_MAX))
    }
}

/// The seven bits above Q, moved down over it.
const fn high_bits(field: u32) -> u32 {
    (field & 0xFE0) >> 1
}

fn gillham_feet(field: u32) -> Option<i32> {
    let pulse = |position: u32| field >> position & 1;
    let gather = |positions: &[u32]| positions.iter().fold(0, |all, &position| all << 1 | pulse(position));
    let five_hundreds = small(binary_of_gray(gather(&FIVE_HUNDREDS)));
    let hundreds = match binary_of_gray(gather(&HUNDREDS)) {
        7 => 5,
        step @ 1..=4 => small(step),
        _ => return None,
    };
    // The 100-ft code runs backwards in every other 500-ft step, so that one pulse changes at a time.
    let hundreds = if five_hundreds % 2 == 1 { 6 - hundreds } else { hundreds };
    Some(500 * five_hundreds + 100 * hundreds - 1300)
}

/// The pulses for a number of 100-ft steps above −1200 ft.
fn gillham_field(steps: u32) -> u32 {
    let (five_hundreds, hundreds) = (steps / 5, steps % 5 + 1);
    let hundreds = if five_hundreds % 2 == 1 { 6 - hundreds } else { hundreds };
    let hundreds = if hundreds == 5 { 7 } else { hundreds };
    scatter(gray_of_binary(five_hundreds), &FIVE_HUNDREDS) | scatter(gray_of_binary(hundreds), &HUNDREDS)
}

fn scatter(value: u32, positions: &[u32]) -> u32 {
    positions.iter().rev().enumerate().fold(0, |all, (index, &position)| all | (value >> index & 1) << position)
}

const fn binary_of_gray(gray: u32) -> u32 {
    let once = gray ^ gray >> 4;
    let twice = once ^ once >> 2;
    twice ^ twice >> 1
}

const fn gray_of_binary(binary: u32) -> u32 {
    binary ^ binary >> 1
}

/// A few bits as a signed number.
fn small(bits: u32) -> i32 {
    i32::try_from(bits).unwrap_or(i32::MAX)
}

const Q_BIT: u32 = 0x10;
/// Positions in the field (0 the last bit) of D2 D4 A1 A2 A4 B1 B2 B4.
/// The field is C1 A1 C2 A2 C4 A4 B1 Q B2 D2 B4 D4.
const FIVE_HUNDREDS: [u32; 8] = [2, 0, 10, 8, 6, 5, 3, 1];
/// Positions of C1 C2 C4.
const HUNDREDS: [u32; 3] = [11, 9, 7];
/// 126,700 ft: all 256 steps of 500 ft.
///
/// No counter: a value of the code, no bound.
const GILLHAM_STEPS_MAX: u32 = 1279;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_altitude_is_read() {
        assert_eq!(decode_feet(0b1100_0011_1000), Some(38_000));
        assert_eq!(decode_feet(0), None);
    }

    #[test]
    fn every_step_of_25_ft_comes_back() {
        for feet in (-1000..=50_175).step_by(25) {
            assert_eq!(decode_feet(encode_m(f64::from(feet) * 0.3048)), Some(feet));
        }
    }

    #[test]
    fn every_step_of_100_ft_comes_back() {
        for steps in 0..=GILLHAM_STEPS_MAX {
            let feet = 100 * small(steps) - 1200;
            assert_eq!(decode_feet(gillham_field(steps)), Some(feet), "{steps}");
        }
        assert_eq!(decode_feet(encode_m(60_000.0 * 0.3048)), Some(60_000));
    }

    #[test]
    fn one_pulse_changes_at_a_time() {
        for steps in 0..GILLHAM_STEPS_MAX {
            assert_eq!((gillham_field(steps) ^ gillham_field(steps + 1)).count_ones(), 1, "{steps}");
        }
    }

    #[test]
    fn published_mode_c_codes_are_read() {
        for (code, feet) in [(0o0040, -1200), (0o0020, -1000), (0o0620, 0), (0o0630, 100), (0o0610, 200), (0o0210, 300)]
        {
            assert_eq!(decode_feet(pulses(code >> 9, code >> 6 & 7, code >> 3 & 7, code & 7)), Some(feet), "{code:o}");
        }
    }

    fn pulses(a: u32, b: u32, c: u32, d: u32) -> u32 {
        scatter(reversed(a), &[10, 8, 6])
            | scatter(reversed(b), &[5, 3, 1])
            | scatter(reversed(c), &HUNDREDS)
            | scatter(reversed(d) & 3, &[2, 0])
    }

    /// A digit's pulses weigh 1, 2, 4 in the order of their names.
    fn reversed(digit: u32) -> u32 {
        (digit & 1) << 2 | digit & 2 | digit >> 2
    }
}
