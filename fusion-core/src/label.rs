//! Who may receive a thing: level, releasable-to set, caveats, originators. A lattice under [`Label::join`].
//!
//! Fusing two things gives the stricter of each part: the higher level, the communities that *both* may go to, the
//! caveats and originators of *either*. The join is associative, commutative and idempotent, so the order in which
//! measurements are fused never changes who may see the result.

/// Codes in one set at the most; a union that would not fit becomes [`Label::STRICTEST`], never a shorter set.
///
/// No counter: the strictest label is there for all to see.
pub const LABEL_CODES_MAX: usize = 16;

/// A short upper-case code: a country or community (`POL`, `NATO`), a caveat (`NOFORN`), an originator. 1 to 8 of
/// `A–Z 0–9 - _`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code([u8; 8]);

impl Code {
    /// A code from text; `None` if it is empty, longer than eight bytes, or has other characters.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let allowed = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-' || *b == b'_';
        if bytes.is_empty() || bytes.len() > 8 || !bytes.iter().all(allowed) {
            return None;
        }
        let mut code = [0; 8];
        code[..bytes.len()].copy_from_slice(bytes);
        Some(Self(code))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|&b| b == 0).unwrap_or(8);
        core::str::from_utf8(&self.0[..length]).expect("a code is ASCII: its constructor checked it")
    }
}

/// A small sorted set of codes.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Codes {
    length: u8,
    codes: [Code; LABEL_CODES_MAX],
}

/// By the codes that are there: mostly none.
impl PartialEq for Codes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl core::hash::Hash for Codes {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl Default for Codes {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Codes {
    /// No code at all.
    pub const EMPTY: Self = Self { length: 0, codes: [Code([0; 8]); LABEL_CODES_MAX] };

    /// The codes, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[Code] {
        &self.codes[..usize::from(self.length)]
    }

    /// Whether the code is in the set.
    #[must_use]
    pub fn contains(&self, code: Code) -> bool {
        self.as_slice().binary_search(&code).is_ok()
    }

    /// Puts a code in; `false` if the set is full and the code is not in it already.
    #[must_use]
    pub fn insert(&mut self, code: Code) -> bool {
        let Err(at) = self.as_slice().binary_search(&code) else { return true };
        let length = usize::from(self.length);
        if length == LABEL_CODES_MAX {
            return false;
        }
        self.codes.copy_within(at..length, at + 1);
        self.codes[at] = code;
        self.length += 1;
        true
    }

    /// The codes in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = Self::EMPTY;
        for &code in self.as_slice() {
            if other.contains(code) {
                let fits = both.insert(code);
                debug_assert!(fits, "an intersection is no larger than either set");
            }
        }
        both
    }

    /// The codes in either set; `None` if they do not fit.
    #[must_use]
    pub fn union(&self, other: &Self) -> Option<Self> {
        let mut either = *self;
        other.as_slice().iter().all(|&code| either.insert(code)).then_some(either)
    }
}

/// Level of classification, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Unclassified.
    Unclassified,
    /// Restricted.
    Restricted,
    /// Confidential.
    Confidential,
    /// Secret.
    Secret,
    /// Top secret.
    TopSecret,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 5] =
        [Self::Unclassified, Self::Restricted, Self::Confidential, Self::Secret, Self::TopSecret];

    /// The word on a banner.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unclassified => "UNCLASSIFIED",
            Self::Restricted => "RESTRICTED",
            Self::Confidential => "CONFIDENTIAL",
            Self::Secret => "SECRET",
            Self::TopSecret => "TOP SECRET",
        }
    }
}

/// Who may receive a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// Level of classification.
    pub level: Level,
    /// Communities that may receive it. Empty: nobody but its originators.
    pub releasable_to: Codes,
    /// Handling caveats: a receiver must be cleared for every one of them.
    pub caveats: Codes,
    /// Whose information is in it.
    pub originators: Codes,
}

/// What a receiver may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clearance {
    /// Highest level.
    pub level: Level,
    /// Communities that the receiver belongs to.
    pub communities: Codes,
    /// Caveats that the receiver is cleared for.
    pub caveats: Codes,
}

impl Label {
    /// Nobody may receive it: the top of the lattice, and the fallback wherever a label cannot be told.
    pub const STRICTEST: Self =
        Self { level: Level::TopSecret, releasable_to: Codes::EMPTY, caveats: Codes::EMPTY, originators: Codes::EMPTY };

    /// The least upper bound: what is at least as strict as both. Where the sets do not fit, [`Label::STRICTEST`].
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        if self == Self::STRICTEST || other == Self::STRICTEST {
            return Self::STRICTEST;
        }
        match (self.caveats.union(&other.caveats), self.originators.union(&other.originators)) {
            (Some(caveats), Some(originators)) => Self {
                level: self.level.max(other.level),
                releasable_to: self.releasable_to.intersection(&other.releasable_to),
                caveats,
                originators,
            },
            _ => Self::STRICTEST,
        }
    }

    /// Whether a receiver may have it: level high enough, cleared for every caveat, and either in the releasable-to
    /// set or the sole originator.
    #[must_use]
    pub fn permits(&self, receiver: &Clearance) -> bool {
        let level = self.level <= receiver.level;
        let caveats = self.caveats.as_slice().iter().all(|&c| receiver.caveats.contains(c));
        let released = self.releasable_to.as_slice().iter().any(|&c| receiver.communities.contains(c));
        let originators = self.originators.as_slice();
        let own = !originators.is_empty() && originators.iter().all(|&c| receiver.communities.contains(c));
        level && caveats && (released || own)
    }

    /// Whether whoever this label releases a thing to may also have what bears the other. Where it releases to nobody,
    /// that is its originators.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let within = |some: &Codes, all: &Codes| some.as_slice().iter().all(|&code| all.contains(code));
        let levels = other.level <= self.level && within(&other.caveats, &self.caveats);
        if !self.releasable_to.as_slice().is_empty() {
            return levels && within(&self.releasable_to, &other.releasable_to);
        }
        let originators = self.originators.as_slice();
        let released = originators.iter().any(|&code| other.releasable_to.contains(code));
        let own = !other.originators.as_slice().is_empty() && within(&other.originators, &self.originators);
        originators.is_empty() || levels && (released || own)
    }
}

impl core::fmt::Display for Label {
    /// As on a banner: `RESTRICTED//NOFORN//REL TO GBR, POL`.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.level.as_str())?;
        list(f, "//", &self.caveats)?;
        list(f, "//REL TO ", &self.releasable_to)
    }
}

fn list(f: &mut core::fmt::Formatter<'_>, before: &str, codes: &Codes) -> core::fmt::Result {
    for (i, code) in codes.as_slice().iter().enumerate() {
        f.write_str(if i == 0 { before } else { ", " })?;
        f.write_str(code.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(names: &[&str]) -> Codes {
        let mut set = Codes::EMPTY;
        for name in names {
            assert!(set.insert(Code::new(name).expect("a code")));
        }
        set
    }

    fn label(level: Level, releasable_to: &[&str], caveats: &[&str], originators: &[&str]) -> Label {
        Label { level, releasable_to: codes(releasable_to), caveats: codes(caveats), originators: codes(originators) }
    }

    fn any_codes() -> impl Strategy<Value = Codes> {
        proptest::collection::vec(0_u8..26, 0..12).prop_map(|letters| {
            let mut set = Codes::EMPTY;
            for letter in letters {
                let text = [b'A' + letter];
                let code = Code::new(core::str::from_utf8(&text).expect("ASCII")).expect("a code");
                assert!(set.insert(code));
            }
            set
        })
    }

    fn few_codes() -> impl Strategy<Value = Codes> {
        proptest::collection::vec(0_usize..3, 0..3)
            .prop_map(|chosen| codes(&chosen.into_iter().map(|k| ["A", "B", "C"][k]).collect::<Vec<_>>()))
    }

    prop_compose! {
        fn few_label()(
            level in 0_usize..2, r in few_codes(), c in few_codes(), o in few_codes(),
        ) -> Label {
            Label { level: Level::ALL[level], releasable_to: r, caveats: c, originators: o }
        }
    }

    prop_compose! {
        fn any_label()(level in 0_usize..5, r in any_codes(), c in any_codes(), o in any_codes()) -> Label {
            Label { level: Level::ALL[level], releasable_to: r, caveats: c, originators: o }
        }
    }

    proptest! {
        #[test]
        fn joining_is_a_lattice(a in any_label(), b in any_label(), c in any_label()) {
            prop_assert_eq!(a.join(a), a);
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(b).join(a), a.join(b));
        }

        #[test]
        fn what_permits_a_join_permits_each_part_unless_by_own_origin(
            a in any_label(), b in any_label(), r in any_codes(), k in any_codes(),
        ) {
            let receiver = Clearance { level: Level::Secret, communities: r, caveats: k };
            if a.join(b).permits(&receiver) {
                prop_assert!(a.permits(&receiver) || a.originators.as_slice().is_empty());
                prop_assert!(b.permits(&receiver) || b.originators.as_slice().is_empty());
            }
        }
    }

    proptest! {
        #[test]
        fn whoever_may_have_what_covers_another_may_have_that_too(
            a in few_label(), b in few_label(), r in few_codes(), k in few_codes(),
        ) {
            let receiver = Clearance { level: Level::TopSecret, communities: r, caveats: k };
            // Who has it only because it is his own is no one whom it is released to.
            let is_released = a.releasable_to.as_slice().iter().any(|&code| r.contains(code));
            let receives = a.permits(&receiver) && (is_released || a.releasable_to.as_slice().is_empty());
            prop_assert!(!a.covers(&b) || !receives || b.permits(&receiver));
            prop_assert!(a.covers(&a) && Label::STRICTEST.covers(&a));
        }
    }

    #[test]
    fn what_two_nations_release_to_the_same_covers_each_other_and_the_narrower_covers_the_wider() {
        let ours = label(Level::Restricted, &["NATO", "POL"], &[], &["POL"]);
        let theirs = label(Level::Restricted, &["NATO", "POL"], &[], &["GBR"]);
        assert!(ours.covers(&theirs) && theirs.covers(&ours));
        let narrow = label(Level::Restricted, &["POL"], &[], &["POL"]);
        assert!(narrow.covers(&ours) && !ours.covers(&narrow));
    }

    #[test]
    fn fusing_takes_the_stricter_of_each_part() {
        let a = label(Level::Restricted, &["POL", "GBR"], &[], &["POL"]);
        let b = label(Level::Unclassified, &["GBR", "USA"], &["NOFORN"], &["USA"]);
        assert_eq!(a.join(b), label(Level::Restricted, &["GBR"], &["NOFORN"], &["POL", "USA"]));
        assert_eq!(format!("{}", a.join(b)), "RESTRICTED//NOFORN//REL TO GBR");
    }

    #[test]
    fn a_set_that_does_not_fit_becomes_the_strictest_label() {
        let names: Vec<String> = (0..LABEL_CODES_MAX).map(|i| format!("C{i}")).collect();
        let full = label(Level::Unclassified, &["POL"], &names.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        assert_eq!(full.join(label(Level::Unclassified, &["POL"], &["MORE"], &[])), Label::STRICTEST);
    }

    #[test]
    fn nobody_receives_the_strictest() {
        let all = Clearance { level: Level::TopSecret, communities: codes(&["POL", "GBR"]), caveats: Codes::EMPTY };
        assert!(!Label::STRICTEST.permits(&all));
    }

    #[test]
    fn codes_refuse_what_is_no_code() {
        for text in ["", "pol", "TOOLONGCODE", "A B", "Ż"] {
            assert!(Code::new(text).is_none(), "{text}");
        }
    }

    extern crate std;
    use std::{format, string::String, vec::Vec};
}
