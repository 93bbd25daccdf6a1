//! One line of a receiver: `\TAG block\!AIVDM,2,1,3,A,payload,0*hh` (IEC 61162-1, NMEA 0183 TAG blocks).
//!
//! Any talker is taken (AI, AB, BS, SA …), VDM from others and VDO of the own transponder. An empty channel field is
//! accepted: some receivers never fill it. So is what stands before the sentence on its line, as loggers write it.

use fusion_core::time::{Span, Timestamp};

use crate::error::Reason;

/// A sentence, borrowed from its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// How many sentences the message has, 1 to 9.
    pub total: u8,
    /// Which of them this is, from 1.
    pub number: u8,
    /// What the sentences of one message share; absent in a message of one.
    pub message_id: Option<u8>,
    /// The radio channel, `A` or `B`, if it was told.
    pub channel: u8,
    /// Six bits each.
    pub payload: &'a [u8],
    /// Bits that only fill up the last character.
    pub fill: usize,
    /// The own transponder said so (VDO).
    pub own: bool,
    /// When it was received, by its TAG block.
    pub tagged: Option<Timestamp>,
}

/// Why a line is no sentence: where, which field, what.
pub type Fault = (usize, &'static str, Reason);

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A message or a part of one.
    Sentence(Sentence<'a>),
    /// A sentence of another kind: position of the own ship, wind, a query, a proprietary one.
    Other,
}

/// Reads a line.
///
/// # Errors
/// [`Fault`] for what begins like a sentence and is none.
pub fn read(line: &[u8]) -> Result<Line<'_>, Fault> {
    let Some(start) = line.iter().position(|&c| matches!(c, b'!' | b'$' | b'\\')) else {
        return Err((0, "sentence", Reason::NotThisFormat));
    };
    let (tagged, start) = if line[start] == b'\\' { tag_block(line, start)? } else { (None, start) };
    match line.get(start) {
        Some(b'!') => {}
        Some(b'$') | None => return Ok(Line::Other),
        Some(_) => return Err((start, "sentence", Reason::NotThisFormat)),
    }
    let body = checked(&line[start + 1..]).map_err(|(at, field, reason)| (start + 1 + at, field, reason))?;
    let formatter = body.get(2..5);
    if formatter != Some(b"VDM") && formatter != Some(b"VDO") {
        return Ok(Line::Other);
    }
    fields(body, tagged).map(Line::Sentence).map_err(|(field, reason)| (start, field, reason))
}

fn fields(body: &[u8], tagged: Option<Timestamp>) -> Result<Sentence<'_>, (&'static str, Reason)> {
    let mut fields = body.split(|&c| c == b',');
    let mut next = |name| fields.next().ok_or((name, Reason::Missing));
    let own = next("talker")?.ends_with(b"VDO");
    let total = digit(next("sentence count")?).ok_or(("sentence count", Reason::BadText))?;
    let number = digit(next("sentence number")?).ok_or(("sentence number", Reason::BadText))?;
    let message_id = digit(next("message id")?);
    let channel = next("channel")?.first().copied().unwrap_or(0);
    let payload = next("payload")?;
    let fill = digit(next("fill bits")?).ok_or(("fill bits", Reason::BadText))?;
    if !(1..=9).contains(&total) || !(1..=total).contains(&number) {
        return Err(("sentence number", Reason::OutOfRange));
    }
    if payload.is_empty() && total == 1 {
        return Err(("payload", Reason::Missing));
    }
    if fill > 5 {
        return Err(("fill bits", Reason::OutOfRange));
    }
    Ok(Sentence { total, number, message_id, channel, payload, fill: usize::from(fill), own, tagged })
}

/// Reads `\…*hh\`: the time that it tells, and where the sentence begins.
fn tag_block(line: &[u8], start: usize) -> Result<(Option<Timestamp>, usize), Fault> {
    let end = line[start + 1..].iter().position(|&c| c == b'\\').ok_or((start, "TAG block", Reason::BadText))?;
    let block = checked(&line[start + 1..=start + end]).map_err(|(at, _, why)| (start + 1 + at, "TAG block", why))?;
    let time = block.split(|&c| c == b',').find_map(|field| field.strip_prefix(b"c:"));
    Ok((time.and_then(unix_time), start + end + 2))
}

/// Seconds since 1970, or milliseconds, as some receivers write.
fn unix_time(text: &[u8]) -> Option<Timestamp> {
    let number: i64 = core::str::from_utf8(text).ok()?.parse().ok()?;
    match number {
        0..=9_999_999_999 => Some(Timestamp::from_secs(number)),
        10_000_000_000..=9_999_999_999_999 => Some(Timestamp::EPOCH + Span::from_millis(number)),
        _ => None,
    }
}

/// What stands before `*hh`, if the sum is right.
fn checked(text: &[u8]) -> Result<&[u8], Fault> {
    let star = text.iter().position(|&c| c == b'*').ok_or((text.len(), "checksum", Reason::Missing))?;
    let told = text.get(star + 1..star + 3).and_then(|hex| {
        let hex = core::str::from_utf8(hex).ok()?;
        u8::from_str_radix(hex, 16).ok()
    });
    if told == Some(checksum(&text[..star])) { Ok(&text[..star]) } else { Err((star, "checksum", Reason::BadChecksum)) }
}

/// The exclusive or of all octets.
#[must_use]
pub fn checksum(text: &[u8]) -> u8 {
    text.iter().fold(0, |sum, octet| sum ^ octet)
}

fn digit(field: &[u8]) -> Option<u8> {
    match field {
        [digit @ b'0'..=b'9'] => Some(digit - b'0'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(line: &str) -> Sentence<'_> {
        match read(line.as_bytes()) {
            Ok(Line::Sentence(sentence)) => sentence,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn with_sum(body: &str) -> String {
        format!("!{body}*{:02X}", checksum(body.as_bytes()))
    }

    #[test]
    fn an_empty_channel_is_a_channel_that_nobody_told() {
        let line = with_sum("AIVDM,1,1,,,13u?etPv2;0n:dDPwUM1U1Cb069D,0");
        assert_eq!((sentence(&line).channel, sentence(&line).total, sentence(&line).own), (0, 1, false));
    }

    #[test]
    fn a_tag_block_tells_the_time_in_seconds_or_milliseconds() {
        for (told, expected) in [
            ("1000", Timestamp::from_secs(1000)),
            ("1700000000123", Timestamp::from_secs(1_700_000_000) + Span::from_millis(123)),
        ] {
            let block = format!("g:1-2-73874,s:r003669945,c:{told}");
            let line = format!("\\{block}*{:02X}\\{}", checksum(block.as_bytes()), with_sum("AIVDM,1,1,,B,1,0"));
            assert_eq!(sentence(&line).tagged, Some(expected));
        }
    }

    #[test]
    fn what_a_logger_wrote_before_the_sentence_is_passed_over() {
        let line = format!("2016-01-12T13:02:11 {}", with_sum("BSVDO,1,1,,A,1,0"));
        assert!(sentence(&line).own);
    }

    #[test]
    fn faults_name_their_place_and_field() {
        let fault = |line: &str| read(line.as_bytes()).expect_err("a fault");
        assert_eq!(fault("!AIVDM,1,1,,A,1,0*00"), (17, "checksum", Reason::BadChecksum));
        assert_eq!(fault("!AIVDM,1,1,,A,1,0"), (17, "checksum", Reason::Missing));
        assert_eq!(fault("nothing at all"), (0, "sentence", Reason::NotThisFormat));
        assert_eq!(fault(&with_sum("AIVDM,1,2,,A,1,0")).1, "sentence number");
        assert_eq!(fault(&with_sum("AIVDM,1,1,,A,,0")).1, "payload");
        assert_eq!(fault(&with_sum("AIVDM,1,1,,A,1,7")).1, "fill bits");
        assert_eq!(fault("\\c:1*00\\!AIVDM").1, "TAG block");
        assert_eq!(read(b"$GPGGA,whatever*00"), Ok(Line::Other));
    }
}
