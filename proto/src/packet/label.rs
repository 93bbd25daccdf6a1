//! A label in octets: the level, then three sets of codes, each a count and codes with their lengths.

use fusion_core::label::{Code, Codes, Label, Level};

use super::octets::{Octets, Reader};

/// Writes a label.
pub fn put(out: &mut Octets, label: &Label) {
    out.u8(u8::try_from(Level::ALL.iter().position(|level| *level == label.level).unwrap_or(4)).unwrap_or(4));
    for codes in [&label.releasable_to, &label.caveats, &label.originators] {
        out.u8(u8::try_from(codes.as_slice().len()).unwrap_or(0));
        for code in codes.as_slice() {
            let text = code.as_str().as_bytes();
            out.u8(u8::try_from(text.len()).unwrap_or(0));
            out.bytes(text);
        }
    }
}

/// Reads a label; `None` if it is none: nothing is guessed of who may see a thing.
pub fn get(r: &mut Reader<'_>) -> Option<Label> {
    let level = *Level::ALL.get(usize::from(r.u8()?))?;
    Some(Label { level, releasable_to: codes(r)?, caveats: codes(r)?, originators: codes(r)? })
}

fn codes(r: &mut Reader<'_>) -> Option<Codes> {
    let mut codes = Codes::EMPTY;
    for _ in 0..r.u8()? {
        let length = usize::from(r.u8()?);
        let text = core::str::from_utf8(r.bytes(length)?).ok()?;
        if !codes.insert(Code::new(text)?) {
            return None;
        }
    }
    Some(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_comes_back_and_none_is_guessed() {
        let mut label = Label::STRICTEST;
        label.level = Level::Secret;
        assert!(label.releasable_to.insert(Code::new("POL").expect("a code")));
        assert!(label.originators.insert(Code::new("GBR-MOD").expect("a code")));
        let mut out = Octets::default();
        put(&mut out, &label);
        assert_eq!(out.as_slice(), [3, 1, 3, b'P', b'O', b'L', 0, 1, 7, b'G', b'B', b'R', b'-', b'M', b'O', b'D']);
        assert_eq!(get(&mut Reader::new(out.as_slice())), Some(label));
        for end in 0..out.len() {
            assert_eq!(get(&mut Reader::new(&out.as_slice()[..end])), None, "cut at {end}");
        }
        assert_eq!(get(&mut Reader::new(&[9, 0, 0, 0])), None);
    }
}
