//! Numbers for the objects of nodes that tell tracks: a ULID has 128 bits, a source track's number 32.

use fusion_core::time::Timestamp;

use super::ident::{Ulid, Uuid};
use crate::decoder::ObjectName;

/// Objects that keep their number. The one that was silent longest is forgotten for a new one.
///
/// Counter: `objects_forgotten`.
pub const OBJECTS_MAX: usize = 4096;

#[derive(Clone, Copy, Debug)]
struct Object {
    name: (Uuid, Ulid),
    number: u32,
    heard: Timestamp,
}

/// The objects heard, sorted by name.
#[derive(Debug, Default)]
pub(super) struct Objects {
    objects: Vec<Object>,
    last: u32,
    pub objects_forgotten: u64,
}

impl Objects {
    /// The number of an object, new if it was never heard; numbers are never used twice in the life of the driver.
    pub(super) fn number(&mut self, node: Uuid, object: Ulid, now: Timestamp) -> u32 {
        let name = (node, object);
        match self.objects.binary_search_by_key(&name, |object| object.name) {
            Ok(at) => {
                self.objects[at].heard = now;
                self.objects[at].number
            }
            Err(_) => self.add(name, now),
        }
    }

    /// The object that has a number.
    pub(super) fn name(&self, number: u32) -> Option<ObjectName> {
        let (node, object) = self.objects.iter().find(|object| object.number == number)?.name;
        Some(ObjectName { node, object })
    }

    fn add(&mut self, name: (Uuid, Ulid), now: Timestamp) -> u32 {
        if self.objects.len() >= OBJECTS_MAX {
            let silent = (0..OBJECTS_MAX).min_by_key(|at| self.objects[*at].heard).expect("there are some");
            self.objects.remove(silent);
            self.objects_forgotten += 1;
        }
        self.last = self.last.wrapping_add(1);
        let at = self.objects.partition_point(|object| object.name < name);
        self.objects.insert(at, Object { name, number: self.last, heard: now });
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_keeps_its_number_and_shares_it_with_no_other() {
        let mut objects = Objects::default();
        let mut number = |node, object| objects.number(Uuid(node), Ulid(object), Timestamp::EPOCH);
        let first = number(1, 7);
        assert_ne!(number(1, 3), first);
        assert_ne!(number(2, 7), first, "another node's");
        assert_eq!(number(1, 7), first);
        assert_eq!(objects.name(first), Some(ObjectName { node: Uuid(1), object: Ulid(7) }));
        assert_eq!(objects.name(first + 100), None);
    }

    #[test]
    fn without_end_of_objects_the_memory_ends() {
        let mut objects = Objects::default();
        for (object, second) in (0..).zip(0..).take(OBJECTS_MAX + 10) {
            objects.number(Uuid(0), Ulid(object), Timestamp::from_secs(second));
        }
        assert_eq!((objects.objects.len(), objects.objects_forgotten), (OBJECTS_MAX, 10));
    }
}
