//! Names of objects as small numbers, in the order in which they were first heard.

use std::collections::BTreeMap;

/// Numbers given to names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeMap<Box<str>, usize>);

impl Names {
    /// The number of a name; `None` if it is new and there are `names_max` already.
    pub(super) fn number(&mut self, name: &str, names_max: usize) -> Option<usize> {
        if let Some(&number) = self.0.get(name) {
            return Some(number);
        }
        let number = self.0.len();
        (number < names_max).then(|| {
            self.0.insert(name.into(), number);
            number
        })
    }

    /// Every name with its number, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(name, &number)| (&**name, number))
    }

    /// How many names have a number.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.0.len()).expect("a length fits 64 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_the_bound_holds() {
        let mut names = Names::default();
        let numbers = ["b", "a", "b", "c", "a"].map(|name| names.number(name, 2));
        assert_eq!(numbers, [Some(0), Some(1), Some(0), None, Some(1)]);
        assert_eq!(names.iter().collect::<Vec<_>>(), [("a", 1), ("b", 0)]);
    }
}
