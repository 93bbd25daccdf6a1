//! What the type of an event says: `a-AFFILIATION-DIMENSION-FUNCTION…`, whose letters are those of MIL-STD-2525B; lower
//! case marks what Cursor on Target added.

use fusion_core::identity::{Affiliation, ObjectClass};

/// A thing that is somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Whose it is.
    pub affiliation: Affiliation,
    /// What it is.
    pub class: ObjectClass,
}

impl Kind {
    /// What a type says; `None` if it is not that of a thing ("atom") but of a message, a drawing, a task.
    pub(super) fn of(kind: &str) -> Option<Self> {
        let mut parts = kind.split('-');
        if parts.next() != Some("a") {
            return None;
        }
        let affiliation = affiliation(parts.next()?)?;
        let class = match parts.next() {
            Some("A") => air(parts),
            Some("G" | "F") => ObjectClass::Ground,
            Some("S") => ObjectClass::Surface,
            _ => ObjectClass::Unknown,
        };
        Some(Self { affiliation, class })
    }
}

/// Jokers and fakers are friends that play suspects and enemies in an exercise: shown as what they play.
fn affiliation(letter: &str) -> Option<Affiliation> {
    match letter {
        "f" => Some(Affiliation::Friend),
        "a" => Some(Affiliation::AssumedFriend),
        "n" => Some(Affiliation::Neutral),
        "s" | "j" => Some(Affiliation::Suspect),
        "h" | "k" => Some(Affiliation::Hostile),
        "p" => Some(Affiliation::Pending),
        "u" | "o" | "x" => Some(Affiliation::Unknown),
        _ => None,
    }
}

/// `…-M-F-Q` and `…-C-F-q` are drones, `…-M-H` and `…-C-H` helicopters.
fn air<'a>(mut functions: impl Iterator<Item = &'a str>) -> ObjectClass {
    let (_, what) = (functions.next(), functions.next());
    if functions.any(|function| matches!(function, "Q" | "q")) {
        ObjectClass::Uav
    } else if what == Some("H") {
        ObjectClass::Rotary
    } else {
        ObjectClass::Air
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_says_whose_a_thing_is_and_what() {
        let cases = [
            ("a-f-G-U-C", Affiliation::Friend, ObjectClass::Ground),
            ("a-u-A-M-F-Q", Affiliation::Unknown, ObjectClass::Uav),
            ("a-h-A-M-H-Q", Affiliation::Hostile, ObjectClass::Uav),
            ("a-n-A-C-F-q", Affiliation::Neutral, ObjectClass::Uav),
            ("a-n-A-C-H", Affiliation::Neutral, ObjectClass::Rotary),
            ("a-f-A-M-F-R-Z", Affiliation::Friend, ObjectClass::Air),
            ("a-a-S", Affiliation::AssumedFriend, ObjectClass::Surface),
            ("a-s-U", Affiliation::Suspect, ObjectClass::Unknown),
            ("a-p", Affiliation::Pending, ObjectClass::Unknown),
        ];
        for (kind, affiliation, class) in cases {
            assert_eq!(Kind::of(kind), Some(Kind { affiliation, class }), "{kind}");
        }
    }

    #[test]
    fn what_is_no_thing_has_no_kind() {
        for kind in ["", "a", "b-m-p-s-m", "t-x-c-t", "u-d-f", "a-.-G", "A-f-G"] {
            assert_eq!(Kind::of(kind), None, "{kind}");
        }
    }
}
