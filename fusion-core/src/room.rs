//! Lent memory that is made for a bound which few ever come near: whoever lends it may leave what nobody has reached
//! yet as it found it, and what was never touched takes none of a machine's memory.

/// Places for things, of which the first are used before the last.
pub trait Room<T> {
    /// How many places there are at the most.
    fn bound(&self) -> usize;

    /// All that was ever reached, and at least the first so many, as far as there are so many.
    fn reaching(&mut self, places: usize) -> &mut [T];

    /// Those that were reached.
    fn reached(&self) -> &[T];
}

/// What lies there whole, as an array does.
impl<T, B: AsRef<[T]> + AsMut<[T]>> Room<T> for B {
    fn bound(&self) -> usize {
        self.as_ref().len()
    }

    fn reaching(&mut self, _: usize) -> &mut [T] {
        self.as_mut()
    }

    fn reached(&self) -> &[T] {
        self.as_ref()
    }
}
