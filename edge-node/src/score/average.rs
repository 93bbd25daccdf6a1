//! Sums that know how many terms they have, so that "no samples" is never printed as zero.

/// A running sum and its number of terms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Average {
    pub(super) sum: f64,
    pub(super) terms: u64,
}

impl Average {
    pub(super) fn add(&mut self, term: f64) {
        self.sum += term;
        self.terms += 1;
    }

    /// The mean; `None` of nothing.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.terms > 0).then(|| self.sum / real(self.terms))
    }

    /// The square root of the mean: the RMS, where the terms are squares.
    pub(super) fn root_mean(&self) -> Option<f64> {
        self.mean().map(f64::sqrt)
    }
}

/// Part over whole; `None` if the whole is nothing.
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| real(part) / real(whole))
}

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "counts of points stay far below 2⁵³")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

/// The length of a list as a count.
pub(super) fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).expect("a length fits 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!((Average::default().mean(), ratio(1, 0)), (None, None));
        let mut squares = Average::default();
        squares.add(9.0);
        squares.add(16.0);
        assert_eq!((squares.mean(), squares.root_mean()), (Some(12.5), Some(12.5_f64.sqrt())));
    }
}
