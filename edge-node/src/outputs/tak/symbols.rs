//! What a thing is in the words of Cursor on Target: `a-AFFILIATION-DIMENSION-FUNCTION`, whose capital letters are
//! those of MIL-STD-2525B, and whose small ones Cursor on Target added.

use fusion_core::identity::{Affiliation, Identity, ObjectClass};

use crate::config::tak::Dimension;

/// The type of an event about a thing.
#[must_use]
pub fn kind(identity: &Identity, unknown: Dimension) -> String {
    let civil = identity.affiliation == Affiliation::Neutral;
    let function = match (identity.class, civil) {
        (ObjectClass::Air, true) => "A-C-F",
        (ObjectClass::Air, false) => "A",
        (ObjectClass::Rotary, true) => "A-C-H",
        (ObjectClass::Rotary, false) => "A-M-H",
        (ObjectClass::Uav, true) => "A-C-F-q",
        (ObjectClass::Uav, false) => "A-M-F-Q",
        (ObjectClass::Surface, true) => "S-X",
        (ObjectClass::Surface, false) => "S",
        (ObjectClass::Ground, _) => "G",
        (ObjectClass::Unknown | ObjectClass::Emitter, _) => dimension(unknown),
    };
    format!("a-{}-{function}", letter(identity.affiliation))
}

const fn dimension(unknown: Dimension) -> &'static str {
    match unknown {
        Dimension::Air => "A",
        Dimension::Ground => "G",
        Dimension::Surface => "S",
    }
}

const fn letter(affiliation: Affiliation) -> char {
    match affiliation {
        Affiliation::Pending => 'p',
        Affiliation::Unknown => 'u',
        Affiliation::AssumedFriend => 'a',
        Affiliation::Friend => 'f',
        Affiliation::Neutral => 'n',
        Affiliation::Suspect => 's',
        Affiliation::Hostile => 'h',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_typed_by_whose_it_is_and_what_it_is() {
        let of = |affiliation, class| kind(&Identity { affiliation, class, ..Identity::UNKNOWN }, Dimension::default());
        assert_eq!(of(Affiliation::Unknown, ObjectClass::Uav), "a-u-A-M-F-Q");
        assert_eq!(of(Affiliation::Neutral, ObjectClass::Uav), "a-n-A-C-F-q");
        assert_eq!(of(Affiliation::Neutral, ObjectClass::Rotary), "a-n-A-C-H");
        assert_eq!(of(Affiliation::Friend, ObjectClass::Surface), "a-f-S");
        assert_eq!(of(Affiliation::Pending, ObjectClass::Unknown), "a-p-A");
        assert_eq!(of(Affiliation::Hostile, ObjectClass::Ground), "a-h-G");
    }

    #[test]
    fn what_nobody_said_a_kind_of_is_where_the_operator_expects_it() {
        assert_eq!(kind(&Identity::UNKNOWN, Dimension::Surface), "a-p-S");
    }
}
