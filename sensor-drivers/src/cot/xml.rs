//! The little of XML that events need, read where it lies: elements, attributes, references to characters. Nothing is
//! copied and nothing is expanded.
//!
//! From *Extensible Markup Language 1.0*, fifth edition. A document type declaration is refused, and with it every
//! entity but the five that XML itself names: they are what attacks on readers of XML are made of. Elements must nest
//! and end; what no caller looks at is checked for its form no further than that.

use core::str;

use crate::error::Reason;

/// Elements within elements at the most.
///
/// Counter: `refused`; the event is not taken.
pub(super) const DEPTH_MAX: usize = 16;

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Offset in what was read, in bytes.
    pub at: usize,
    /// What was being read.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What a document consists of, as far as anybody looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    /// An element begins.
    Open(&'a [u8], Attributes<'a>),
    /// The innermost element ends.
    Close,
}

/// Reads tokens one after the other. After a fault nothing more should be asked of it.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    open: [&'a [u8]; DEPTH_MAX],
    depth: usize,
    /// The element that was just opened has no content: it ends next.
    empty: bool,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, open: [&[]; DEPTH_MAX], depth: 0, empty: false }
    }

    /// Elements that are open.
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    /// Name of the element around the innermost one.
    pub(super) fn parent(&self) -> &'a [u8] {
        self.depth.checked_sub(2).map_or(&[], |parent| self.open[parent])
    }

    /// The next token; `None` at the end of a text in which all elements have ended.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Fault> {
        if core::mem::take(&mut self.empty) {
            self.depth -= 1;
            return Ok(Some(Token::Close));
        }
        loop {
            if !self.skip_text()? {
                return if self.depth == 0 { Ok(None) } else { Err(self.cut(self.text.len(), "element")) };
            }
            match self.text.get(self.at + 1) {
                Some(b'/') => return self.close().map(Some),
                Some(b'?') => self.skip_past(b"?>", "processing instruction")?,
                Some(b'!') => self.skip_declaration()?,
                Some(_) => return self.open().map(Some),
                None => return Err(self.cut(self.at, "element")),
            }
        }
    }

    /// Goes to the next `<`; false if there is none.
    fn skip_text(&mut self) -> Result<bool, Fault> {
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.iter().position(|octet| matches!(octet, b'<' | b'&'));
            let text = &rest[..stop.unwrap_or(rest.len())];
            if self.depth == 0 && !text.iter().all(u8::is_ascii_whitespace) {
                return Err(Fault { at: self.at, field: "text", reason: Reason::NotThisFormat });
            }
            self.at += text.len();
            match rest.get(text.len()) {
                None => return Ok(false),
                Some(b'<') => return Ok(true),
                Some(_) => self.at += self.reference(self.at)?,
            }
        }
    }

    /// Length of the reference that stands here.
    fn reference(&self, at: usize) -> Result<usize, Fault> {
        let reference = reference(&self.text[at..]).map(|(_, length)| length);
        reference.ok_or(Fault { at, field: "entity", reason: Reason::BadText })
    }

    /// Comments and character data are passed over; a document type is refused.
    fn skip_declaration(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"<!--") {
            self.skip_past(b"-->", "comment")
        } else if rest.starts_with(b"<![CDATA[") && self.depth > 0 {
            self.skip_past(b"]]>", "CDATA")
        } else {
            Err(Fault { at: self.at, field: "<!DOCTYPE", reason: Reason::NotThisFormat })
        }
    }

    fn skip_past(&mut self, end: &[u8], field: &'static str) -> Result<(), Fault> {
        let found = self.text[self.at..].windows(end.len()).position(|window| window == end);
        let fault = Fault { at: self.at, field, reason: Reason::Truncated { missing: end.len() } };
        self.at += found.ok_or(fault)? + end.len();
        Ok(())
    }

    fn open(&mut self) -> Result<Token<'a>, Fault> {
        let begin = self.at;
        let name = self.name(begin + 1)?;
        let attributes = Attributes { text: self.text, at: begin + 1 + name.len() };
        self.at = attributes.end()?;
        if self.text[self.at..].starts_with(b"/>") {
            self.at += 2;
            self.empty = true;
        } else {
            self.at += 1;
        }
        let bound = Fault { at: begin, field: "element", reason: Reason::TooLarge { bound: DEPTH_MAX } };
        *self.open.get_mut(self.depth).ok_or(bound)? = name;
        self.depth += 1;
        Ok(Token::Open(name, attributes))
    }

    fn close(&mut self) -> Result<Token<'a>, Fault> {
        let begin = self.at;
        let name = self.name(begin + 2)?;
        let end = begin + 2 + name.len();
        let blanks = blanks(&self.text[end..]);
        if self.text.get(end + blanks) != Some(&b'>') {
            return Err(self.cut(end, "end of an element"));
        }
        if self.depth == 0 || self.open[self.depth - 1] != name {
            return Err(Fault { at: begin, field: "end of an element", reason: Reason::BadText });
        }
        self.at = end + blanks + 1;
        self.depth -= 1;
        Ok(Token::Close)
    }

    fn name(&self, at: usize) -> Result<&'a [u8], Fault> {
        let name = name(&self.text[at..]);
        if name.is_empty() { Err(self.cut(at, "name of an element")) } else { Ok(name) }
    }

    /// Whether the text ends there or something else stands there, it is not what it must be.
    const fn cut(&self, at: usize, field: &'static str) -> Fault {
        let reason = if at >= self.text.len() { Reason::Truncated { missing: 1 } } else { Reason::BadText };
        Fault { at, field, reason }
    }
}

/// The attributes of an element, in order. What stands between them was checked when the element was opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes<'a> {
    text: &'a [u8],
    at: usize,
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value as it was written, without the quotes.
    pub value: &'a [u8],
    /// Offset of the value in what was read.
    pub at: usize,
}

impl<'a> Attributes<'a> {
    /// Checks all of them; the offset of the `>` or `/>` behind them.
    fn end(mut self) -> Result<usize, Fault> {
        while let Some(attribute) = self.attribute()? {
            check_value(attribute)?;
        }
        Ok(self.at)
    }

    fn attribute(&mut self) -> Result<Option<Attribute<'a>>, Fault> {
        let text = self.text;
        let blank = blanks(&text[self.at..]);
        let begin = self.at + blank;
        if text[begin..].starts_with(b">") || text[begin..].starts_with(b"/>") {
            self.at = begin;
            return Ok(None);
        }
        let fault = |at: usize| {
            let reason = if at >= text.len() { Reason::Truncated { missing: 1 } } else { Reason::BadText };
            Fault { at, field: "attribute", reason }
        };
        let name = name(&text[begin..]);
        if name.is_empty() || blank == 0 {
            return Err(fault(begin));
        }
        let behind = begin + name.len();
        let equals = behind + blanks(&text[behind..]);
        if text.get(equals) != Some(&b'=') {
            return Err(fault(equals));
        }
        let open = equals + 1 + blanks(&text[equals + 1..]);
        let quote = text.get(open).copied().filter(|octet| matches!(octet, b'"' | b'\'')).ok_or(fault(open))?;
        let at = open + 1;
        let length = text[at..].iter().position(|octet| *octet == quote).ok_or(fault(text.len()))?;
        self.at = at + length + 1;
        Ok(Some(Attribute { name, value: &text[at..at + length], at }))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        self.attribute().ok().flatten()
    }
}

/// A value holds no `<`, and no reference but to characters.
fn check_value(attribute: Attribute<'_>) -> Result<(), Fault> {
    let Attribute { value, at, .. } = attribute;
    let mut checked = 0;
    while let Some(found) = value[checked..].iter().position(|octet| matches!(octet, b'<' | b'&')) {
        checked += found;
        let fault = |field| Fault { at: at + checked, field, reason: Reason::BadText };
        if value[checked] == b'<' {
            return Err(fault("attribute"));
        }
        checked += reference(&value[checked..]).ok_or(fault("entity"))?.1;
    }
    Ok(())
}

/// A text whose references to characters may still have to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    rest: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// A text that is meant as it stands.
    pub(super) const fn plain(text: &'a str) -> Self {
        Self { rest: text, escaped: false }
    }

    /// The value of an attribute.
    pub(super) fn of(attribute: Attribute<'a>, field: &'static str) -> Result<Self, Fault> {
        let rest = utf8(attribute, field)?;
        Ok(Self { rest, escaped: rest.contains('&') })
    }

    /// Whether it begins with these words.
    pub(super) fn starts_with(self, words: &str) -> bool {
        let mut characters = self;
        words.chars().all(|word| characters.next() == Some(word))
    }
}

impl Iterator for Text<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let (character, length) = if self.escaped && self.rest.starts_with('&') {
            reference(self.rest.as_bytes())?
        } else {
            let character = self.rest.chars().next()?;
            (character, character.len_utf8())
        };
        self.rest = &self.rest[length..];
        Some(character)
    }
}

/// The value of an attribute as it was written.
pub(super) fn utf8<'a>(attribute: Attribute<'a>, field: &'static str) -> Result<&'a str, Fault> {
    let Attribute { value, at, .. } = attribute;
    str::from_utf8(value).map_err(|e| Fault { at: at + e.valid_up_to(), field, reason: Reason::BadText })
}

/// The longest reference that is read: `&#x10FFFF;` with some zeros.
const REFERENCE_BYTES: usize = 16;

/// The character that a reference stands for, and its length: one of the five names, or a number.
fn reference(octets: &[u8]) -> Option<(char, usize)> {
    let end = octets.iter().take(REFERENCE_BYTES).position(|octet| *octet == b';')?;
    let name = str::from_utf8(octets.get(1..end)?).ok()?;
    let number = |digits: &str, radix| {
        let plain = digits.bytes().all(|octet| octet.is_ascii_hexdigit());
        u32::from_str_radix(digits, radix).ok().filter(|_| plain).and_then(char::from_u32)
    };
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16)?,
            (None, Some(digits)) => number(digits, 10)?,
            (None, None) => return None,
        },
    };
    (character != '\0').then_some((character, end + 1))
}

fn blanks(octets: &[u8]) -> usize {
    octets.iter().take_while(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// The name at the beginning of some octets; empty if there is none.
fn name(octets: &[u8]) -> &[u8] {
    &octets[..octets.iter().take_while(|octet| is_of_name(**octet)).count()]
}

/// Letters, digits and whatever is not ASCII: narrower than XML's rule where it matters, wider where it does not.
const fn is_of_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.' | b':') || octet >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens in a few letters: `(name` and its attributes, `)` for an end.
    fn read(text: &str) -> Result<String, (usize, &'static str, Reason)> {
        let mut scanner = Scanner::new(text.as_bytes());
        let mut out = String::new();
        loop {
            match scanner.next().map_err(|fault| (fault.at, fault.field, fault.reason))? {
                None => return Ok(out),
                Some(Token::Close) => out.push(')'),
                Some(Token::Open(name, attributes)) => {
                    out.push('(');
                    out.push_str(str::from_utf8(name).expect("the tests'"));
                    for attribute in attributes {
                        let name = str::from_utf8(attribute.name).expect("the tests'");
                        let value: String = Text::of(attribute, "x").expect("the tests'").collect();
                        out.push_str(&format!(" {name}={value}@{}", attribute.at));
                    }
                }
            }
        }
    }

    #[test]
    fn elements_and_attributes_are_read_with_their_offsets() {
        let text =
            "<?xml version='1.0'?>\n<a b='1' c = \"&lt;&#65;&#x42;'\"><!-- <x> --><d/>t &amp; u<![CDATA[<]]></a > <e/>";
        assert_eq!(read(text).as_deref(), Ok("(a b=1@28 c=<AB'@36(d))(e)"));
    }

    #[test]
    fn what_could_be_an_attack_or_is_no_xml_is_refused_where_it_stands() {
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        let cases = [
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", 0, "<!DOCTYPE", Reason::NotThisFormat),
            ("<a>&x;</a>", 3, "entity", Reason::BadText),
            ("<a b='&x;'/>", 6, "entity", Reason::BadText),
            ("<a b='&#0;'/>", 6, "entity", Reason::BadText),
            ("<a b='<'/>", 6, "attribute", Reason::BadText),
            ("<a b=1/>", 5, "attribute", Reason::BadText),
            ("<a b='1'c='2'/>", 8, "attribute", Reason::BadText),
            ("<a b='1", 7, "attribute", Reason::Truncated { missing: 1 }),
            ("<a><b></a></b>", 6, "end of an element", Reason::BadText),
            ("</a>", 0, "end of an element", Reason::BadText),
            ("x<a/>", 0, "text", Reason::NotThisFormat),
            ("<a><!--", 3, "comment", Reason::Truncated { missing: 3 }),
            ("<a>", 3, "element", Reason::Truncated { missing: 1 }),
            ("<", 0, "element", Reason::BadText),
            ("< a/>", 1, "name of an element", Reason::BadText),
            (deep.as_str(), 48, "element", Reason::TooLarge { bound: 16 }),
        ];
        for (text, at, field, reason) in cases {
            assert_eq!(read(text), Err((at, field, reason)), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_cut_or_bent_anywhere_never_panics() {
        let text = "<?xml version='1.0'?><a b='1&amp;2'><c d=\"x\"/><!-- y --><![CDATA[z]]></a>";
        for end in 0..text.len() {
            assert!(read(&text[..end]).is_err() || text[..end].starts_with("<?xml version='1.0'?>") || end == 0);
            for bent in ["<", ">", "&", "'", "/", "!", " "] {
                let _ = read(&format!("{}{bent}{}", &text[..end], &text[end + 1..]));
            }
        }
    }
}
