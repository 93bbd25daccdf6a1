//! What lies apart from a track as words, where it is copied: only the modes that there are, of a covariance one half,
//! and of common errors those that are known. Every bit comes back.

use crate::filter::consider::Considered;
use crate::filter::imm::Modes;

/// Words that a track takes at the most.
pub const PACKED_WORDS: usize = Modes::MOST_WORDS + Considered::MOST_WORDS;

/// Writes words one after the other.
pub(crate) struct Packer<'a> {
    words: &'a mut [u64],
    at: usize,
}

impl<'a> Packer<'a> {
    /// From a place on; there is room for what will be written.
    pub(crate) const fn new(words: &'a mut [u64], at: usize) -> Self {
        Self { words, at }
    }

    /// Where the next word goes.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn word(&mut self, word: u64) {
        self.words[self.at] = word;
        self.at += 1;
    }

    pub(crate) fn real(&mut self, real: f64) {
        self.word(real.to_bits());
    }
}

/// Reads them in the same order.
pub(crate) struct Unpacker<'a> {
    words: core::slice::Iter<'a, u64>,
}

impl<'a> Unpacker<'a> {
    /// From a place on.
    pub(crate) fn new(words: &'a [u64], at: usize) -> Self {
        Self { words: words[at..].iter() }
    }

    pub(crate) fn word(&mut self) -> u64 {
        *self.words.next().expect("what is read was written")
    }

    pub(crate) fn real(&mut self) -> f64 {
        f64::from_bits(self.word())
    }
}
