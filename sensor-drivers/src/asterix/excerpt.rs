//! Excerpts: the items of a record that somebody wants, decoded from where they lie, without a list on the heap.
//!
//! A whole record as a struct (`compound!`) holds every item, lists included, and can be written again. A receiver
//! wants a dozen items of it. `excerpt!` names them with their field reference numbers, and a test of each category
//! compares both with its table.

use super::record::Record;
use super::wire::Wire;

/// What can be taken out of the octets of an item: every [`Wire`], and views of a part of an item.
pub trait Excerpt: Sized {
    /// The value in the octets of one item; `None` if they cannot be one.
    fn of_item(octets: &[u8]) -> Option<Self>;
}

impl<T: Wire> Excerpt for T {
    fn of_item(mut octets: &[u8]) -> Option<Self> {
        T::decode(&mut octets)
    }
}

impl Record<'_> {
    /// The item with this field reference number (from 1), decoded; `None` if it is absent or cannot be one.
    #[must_use]
    pub fn typed<T: Excerpt>(&self, frn: usize) -> Option<T> {
        T::of_item(self.item(frn)?)
    }
}

/// Declares an excerpt of the records of some tables: `number "name" field: type`, in any order.
macro_rules! excerpt {
    ($(#[$doc:meta])* $name:ident of $($spec:ident)|+ {
        $($(#[$field_doc:meta])* $frn:literal $item:literal $field:ident: $type:ty,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)+
        }

        impl $name {
            /// What a record tells of it; `None` when the record was read by another table.
            #[must_use]
            pub fn of(record: &$crate::asterix::record::Record<'_>) -> Option<Self> {
                let ours = false $(|| std::ptr::eq(record.spec, &raw const $spec))+;
                ours.then(|| Self { $($field: record.typed($frn),)+ })
            }
        }

        #[cfg(test)]
        impl $name {
            /// Panics unless every item has this number and name in the table, if the table has the number in use.
            fn check(spec: &'static $crate::asterix::spec::Spec) {
                for (frn, name) in [$(($frn, $item),)+] {
                    assert!(spec.item(frn).is_none_or(|item| item.name == name), "FRN {frn} is no {name}");
                    assert!(spec.by_name(name).is_none_or(|(there, _)| there == frn), "{name} is not FRN {frn}");
                }
            }
        }
    };
}
pub(super) use excerpt;
