//! How emitters are told apart by their frequency: the same number for the same channel, whichever driver heard it.
//!
//! Below 1 GHz channels are 12.5 kHz wide, as those of voice radios are; above, 5 MHz, as those of video links and
//! radars are, whose centre nobody measures to the kilohertz. Two emitters may share a channel, and one may change it:
//! how often is the fingerprint's confusion.

use fusion_core::identity::{Fingerprint, FingerprintKind};
use fusion_core::maths::round;

use crate::fnv::fnv1a;

/// From here on channels are wide, hertz.
const WIDE_FROM_HZ: f64 = 1e9;
/// Width of a channel below, hertz.
const NARROW_HZ: f64 = 12_500.0;
/// Width of a channel above, hertz.
const WIDE_HZ: f64 = 5e6;
/// Number of the first wide channel.
const FIRST_WIDE: f64 = WIDE_FROM_HZ / NARROW_HZ;
/// Nothing that is listened to lies higher, hertz.
const HIGHEST_HZ: f64 = 1e12;

/// How often two emitters share a channel or one leaves it, where nobody says otherwise.
pub const CHANNEL_CONFUSION: f64 = 0.2;

/// The number of the channel that a frequency lies in; `None` if it is no frequency.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least zero, and below 2³²")]
pub fn channel(hz: f64) -> Option<u64> {
    if !(hz > 0.0 && hz <= HIGHEST_HZ) {
        return None;
    }
    let steps = if hz < WIDE_FROM_HZ { hz / NARROW_HZ } else { FIRST_WIDE + (hz - WIDE_FROM_HZ) / WIDE_HZ };
    Some(round(steps) as u64)
}

/// The middle of a channel, hertz; `None` if it is none.
#[must_use]
pub fn middle_hz(channel: u64) -> Option<f64> {
    let steps = f64::from(u32::try_from(channel).ok()?);
    let hz = if steps < FIRST_WIDE { steps * NARROW_HZ } else { WIDE_FROM_HZ + (steps - FIRST_WIDE) * WIDE_HZ };
    (hz > 0.0 && hz <= HIGHEST_HZ).then_some(hz)
}

/// What a frequency tells of an emitter; nothing if it is no frequency.
#[must_use]
pub fn fingerprint(hz: f64, confusion: f64) -> Option<Fingerprint> {
    channel(hz).map(|channel| Fingerprint::of(FingerprintKind::Channel, channel, confusion))
}

/// What the name of a channel tells of an emitter: its frequency, where the name is one in megahertz, so that all
/// direction finders mean the same; else the name stands for itself.
#[must_use]
pub fn named(channel: &str, confusion: f64) -> Fingerprint {
    let frequency = channel.parse::<f64>().ok().and_then(|mhz| fingerprint(mhz * 1e6, confusion));
    frequency.unwrap_or_else(|| Fingerprint::of(FingerprintKind::ChannelName, fnv1a(channel.as_bytes()), confusion))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voice_channels_are_narrow_and_video_links_wide() {
        let same = |a: f64, b: f64| channel(a * 1e6) == channel(b * 1e6);
        assert!(same(148.400, 148.404) && !same(148.400, 148.4125));
        assert!(same(2437.0, 2437.4) && !same(2437.0, 2442.0));
        assert_eq!(channel(433.92e6), Some(34_714));
    }

    #[test]
    fn the_middle_of_a_channel_lies_in_it() {
        for number in [1, 34_714, 79_999, 80_000, 80_287, 279_800] {
            assert_eq!(middle_hz(number).and_then(channel), Some(number));
        }
        assert_eq!(middle_hz(u64::MAX), None);
    }

    #[test]
    fn a_name_that_is_a_frequency_means_that_frequency() {
        assert_eq!(Some(named("118.100", 0.2)), fingerprint(118.1e6, 0.2));
        assert!(named("TWR", 0.2) != named("GND", 0.2) && named("TWR", 0.2).kind() != named("118.100", 0.2).kind());
    }

    #[test]
    fn what_is_no_frequency_tells_nothing() {
        for hz in [0.0, -1.0, f64::NAN, f64::INFINITY, 2e12] {
            assert_eq!(channel(hz), None, "{hz}");
        }
    }
}
