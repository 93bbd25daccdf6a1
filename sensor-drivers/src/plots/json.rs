//! A reader of one line of JSON that builds no tree: it knows at which byte every key and value stands, keeps numbers
//! as they were written, and never goes deeper than its caller asks, so nesting is no attack.
//!
//! Source of the grammar: RFC 8259.

use std::borrow::Cow;

use super::fault;
use crate::error::{DecodeError, Reason};

/// Reads one JSON text from front to back. Offsets are bytes from the start of the line.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// A key and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    /// As written, without quotes; escapes are not resolved, for no key of the format needs one.
    pub(super) name: &'a str,
    /// Byte of its opening quote.
    pub(super) offset: usize,
}

/// A number as it was written, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numeral<'a> {
    /// A number by the grammar of JSON.
    pub(super) text: &'a str,
    /// Its first byte.
    pub(super) offset: usize,
}

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Object,
    Array,
    String,
    Number,
    Null,
    /// Anything else, `true` and `false` included: the format has no use for them.
    Other,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the next value starts.
    pub(super) fn offset(&mut self) -> usize {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.at
    }

    /// The kind of the next value.
    pub(super) fn next(&mut self) -> Next {
        self.offset();
        match self.byte() {
            Some(b'{') => Next::Object,
            Some(b'[') => Next::Array,
            Some(b'"') => Next::String,
            Some(b'-' | b'0'..=b'9') => Next::Number,
            Some(_) if self.text[self.at..].starts_with("null") => Next::Null,
            _ => Next::Other,
        }
    }

    /// Skips `null` if it comes next: an absent value, written out.
    pub(super) fn null(&mut self) -> bool {
        let null = self.next() == Next::Null;
        if null {
            self.at += "null".len();
        }
        null
    }

    /// An object: `member` reads the value of every key.
    pub(super) fn object(
        &mut self,
        field: &'static str,
        mut member: impl FnMut(&mut Self, Key<'a>) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.expect(b'{', field)?;
        if self.skip(b'}') {
            return Ok(());
        }
        loop {
            let offset = self.offset();
            let name = self.quoted(field)?;
            self.expect(b':', field)?;
            member(self, Key { name, offset })?;
            if self.skip(b'}') {
                return Ok(());
            }
            self.expect(b',', field)?;
        }
    }

    /// An array: `element` reads every value.
    pub(super) fn array(
        &mut self,
        field: &'static str,
        mut element: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.expect(b'[', field)?;
        if self.skip(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.skip(b']') {
                return Ok(());
            }
            self.expect(b',', field)?;
        }
    }

    /// A string with its escapes resolved.
    pub(super) fn string(&mut self, field: &'static str) -> Result<Cow<'a, str>, DecodeError> {
        let start = self.offset() + 1;
        let raw = self.quoted(field)?;
        if !raw.contains('\\') {
            return Ok(Cow::Borrowed(raw));
        }
        unescape(raw).map(Cow::Owned).map_err(|at| fault(start + at, field, Reason::BadText))
    }

    /// A number, checked against the grammar but not yet read.
    pub(super) fn numeral(&mut self, field: &'static str) -> Result<Numeral<'a>, DecodeError> {
        let offset = self.offset();
        self.skip_here(b'-');
        let leading_zero = self.byte() == Some(b'0');
        let whole = self.digits(field)?;
        if leading_zero && whole > 1 {
            return Err(fault(offset, field, Reason::BadText));
        }
        if self.skip_here(b'.') {
            self.digits(field)?;
        }
        if self.skip_here(b'e') || self.skip_here(b'E') {
            let _ = self.skip_here(b'+') || self.skip_here(b'-');
            self.digits(field)?;
        }
        Ok(Numeral { text: &self.text[offset..self.at], offset })
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), DecodeError> {
        let offset = self.offset();
        if offset == self.text.len() { Ok(()) } else { Err(fault(offset, "end of line", Reason::BadText)) }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_here(&mut self, byte: u8) -> bool {
        let here = self.byte() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn skip(&mut self, byte: u8) -> bool {
        self.offset();
        self.skip_here(byte)
    }

    fn expect(&mut self, byte: u8, field: &'static str) -> Result<(), DecodeError> {
        if self.skip(byte) { Ok(()) } else { Err(self.unexpected(field)) }
    }

    /// What is here is not what must be.
    fn unexpected(&self, field: &'static str) -> DecodeError {
        let ended = self.at >= self.text.len();
        fault(self.at, field, if ended { Reason::Truncated { missing: 1 } } else { Reason::BadText })
    }

    fn digits(&mut self, field: &'static str) -> Result<usize, DecodeError> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(self.at - start) } else { Err(self.unexpected(field)) }
    }

    /// What stands between two quotes, escapes as written.
    fn quoted(&mut self, field: &'static str) -> Result<&'a str, DecodeError> {
        self.expect(b'"', field)?;
        let start = self.at;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(0..=0x1F) | None => return Err(self.unexpected(field)),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(&self.text[start..self.at - 1])
    }
}

/// Resolves escapes, or tells at which byte one is wrong.
fn unescape(raw: &str) -> Result<String, usize> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(before) = rest.find('\\') {
        out.push_str(&rest[..before]);
        let at = raw.len() - rest.len() + before;
        let (character, length) = escape(&rest[before + 1..]).ok_or(at)?;
        out.push(character);
        rest = &rest[before + 1 + length..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The character that an escape (without its backslash) means, and its length.
fn escape(rest: &str) -> Option<(char, usize)> {
    let simple = match rest.as_bytes().first()? {
        b'u' => return unicode_escape(rest),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        &quote @ (b'"' | b'\\' | b'/') => char::from(quote),
        _ => return None,
    };
    Some((simple, 1))
}

/// `uXXXX`, or two of them that make one character beyond the basic plane.
fn unicode_escape(rest: &str) -> Option<(char, usize)> {
    let first = hex4(rest.get(1..5)?)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first)?, 5));
    }
    let second = hex4(rest.get(5..11)?.strip_prefix("\\u")?)?;
    let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + low)?, 11))
}

fn hex4(text: &str) -> Option<u32> {
    let all_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all_hex { u32::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Result<&str, DecodeError> {
        let mut reader = Reader::new(text);
        let numeral = reader.numeral("x")?;
        reader.end().map(|()| numeral.text)
    }

    #[test]
    fn only_numbers_of_the_grammar_are_numbers() {
        for good in ["0", "-0", "12", "0.5", "-1.25e+7", "1E9", "1717236000.123456789"] {
            assert_eq!(number(good), Ok(good));
        }
        for bad in ["", "-", "01", ".5", "5.", "1e", "+1", "0x10", "NaN", "1 2", "--1", "1.e5"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn escapes_mean_what_the_standard_says() {
        let mut reader = Reader::new(r#" "a\n\"\\\/\u00E9\uD83D\uDE81z" "#);
        assert_eq!(reader.string("x").unwrap(), "a\n\"\\/é🚁z");
        for (bad, at) in [(r#""ab\x""#, 3), (r#""\uD83D""#, 1), (r#""\u12"#, 5), ("\"a\u{1}b\"", 2), (r#""\u+123""#, 1)]
        {
            assert_eq!(Reader::new(bad).string("x").unwrap_err().offset, at, "{bad}");
        }
    }

    #[test]
    fn a_fault_names_its_byte() {
        let mut reader = Reader::new(r#"{"a":1,,"b":2}"#);
        let error = reader.object("plot", |reader, _| reader.numeral("a").map(|_| ())).unwrap_err();
        assert_eq!((error.offset, error.field, error.reason), (7, "plot", Reason::BadText));
        let error = Reader::new("[1, 2").array("returns", |reader| reader.numeral("x").map(|_| ())).unwrap_err();
        assert_eq!((error.offset, error.reason), (5, Reason::Truncated { missing: 1 }));
    }

    proptest! {
        #[test]
        fn strings_agree_with_another_reader(text in ".{0,20}") {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(Reader::new(&written).string("x").unwrap().into_owned(), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[\\"u0-9A-Fa-f{}\[\]:,e.+\- né]{0,30}"#) {
            let _ = Reader::new(&text).string("x");
            let _ = Reader::new(&text).numeral("x");
            let _ = Reader::new(&text).array("x", |r| r.string("x").map(|_| ()));
            let _ = Reader::new(&text).object("x", |r, _| r.string("x").map(|_| ()));
        }
    }
}
