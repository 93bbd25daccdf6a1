//! A queue for small priorities: one doubly linked list for each; everything in constant time, nothing moves.

use super::workspace::Carver;
use super::{NONE, word};

/// Items with priorities below `N`; the last one, `N - 1`, also stands for all above it.
pub(super) struct Queue<'a, const N: usize> {
    head: [u32; N],
    /// Items in the queue; no list before the `lowest` holds any.
    len: usize,
    lowest: usize,
    /// By item: its list, and its neighbours there.
    list: &'a mut [u32],
    previous: &'a mut [u32],
    next: &'a mut [u32],
}

impl<'a, const N: usize> Queue<'a, N> {
    pub(super) fn carve(carver: &mut Carver<'a>, items: usize) -> Option<Self> {
        let (list, previous, next) = (carver.words(items)?, carver.words(items)?, carver.words(items)?);
        Some(Self { head: [NONE; N], len: 0, lowest: 0, list, previous, next })
    }

    /// Makes the queue empty; none of the first `items` is in it.
    pub(super) fn clear(&mut self, items: usize) {
        self.head.fill(NONE);
        (self.len, self.lowest) = (0, 0);
        self.list[..items].fill(NONE);
    }

    pub(super) fn contains(&self, item: usize) -> bool {
        self.list[item] != NONE
    }

    /// Takes out the item of lowest priority, of several the last to come; returns it with its list.
    pub(super) fn pop(&mut self) -> Option<(usize, usize)> {
        if self.len == 0 {
            return None;
        }
        while self.head[self.lowest] == NONE {
            self.lowest += 1;
        }
        let item = self.head[self.lowest] as usize;
        self.remove(item);
        Some((item, self.lowest))
    }

    pub(super) fn push(&mut self, item: usize, priority: u32) {
        let list = (priority as usize).min(N - 1);
        let after = core::mem::replace(&mut self.head[list], word(item));
        if after != NONE {
            self.previous[after as usize] = word(item);
        }
        self.list[item] = word(list);
        self.previous[item] = NONE;
        self.next[item] = after;
        self.lowest = self.lowest.min(list);
        self.len += 1;
    }

    /// Gives an item of the queue another priority; if it is the same, the item keeps its place.
    pub(super) fn change(&mut self, item: usize, priority: u32) {
        if self.list[item] as usize != (priority as usize).min(N - 1) {
            self.remove(item);
            self.push(item, priority);
        }
    }

    fn remove(&mut self, item: usize) {
        let (previous, next) = (self.previous[item], self.next[item]);
        if next != NONE {
            self.previous[next as usize] = previous;
        }
        if previous == NONE {
            self.head[self.list[item] as usize] = next;
        } else {
            self.next[previous as usize] = next;
        }
        self.list[item] = NONE;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec;
    use std::vec::Vec;

    use super::*;

    fn drain(queue: &mut Queue<'_, 4>) -> Vec<(usize, usize)> {
        core::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn gives_the_lowest_priority_first_and_of_several_the_last_to_come() {
        let mut words = vec![7; 15];
        let mut queue = Queue::carve(&mut Carver::of(&mut words, &mut []), 5).expect("three words an item");
        queue.clear(5);
        for (item, priority) in [(0, 2), (1, 1), (2, 2), (3, 100), (4, 1)] {
            queue.push(item, priority);
        }
        assert_eq!(drain(&mut queue), [(4, 1), (1, 1), (2, 2), (0, 2), (3, 3)]);
        assert!((0..5).all(|item| !queue.contains(item)));
    }

    #[test]
    fn a_change_of_priority_moves_an_item_and_the_same_priority_does_not() {
        let mut words = vec![7; 12];
        let mut queue = Queue::carve(&mut Carver::of(&mut words, &mut []), 4).expect("three words an item");
        queue.clear(4);
        (0..4).for_each(|item| queue.push(item, 2));
        queue.change(1, 0);
        queue.change(2, 2);
        queue.change(3, 3);
        assert_eq!(drain(&mut queue), [(1, 0), (2, 2), (0, 2), (3, 3)]);
    }
}
