//! The order p of a metric: an integer, so that its powers are plain multiplications.

use serde::Serialize;

use fusion_core::maths::{powf, sqrt};

/// The order p of GOSPA and OSPA: 1 adds distances, 2 adds their squares, more punishes outliers harder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Order(u8);

/// The largest order: beyond it the metric is the largest distance for every practical purpose.
///
/// No counter: a larger one is refused where it is asked for.
pub const ORDER_MAX: u8 = 16;

impl Order {
    /// Distances are added.
    pub const ONE: Self = Self(1);
    /// Squares of distances are added: the usual choice.
    pub const TWO: Self = Self(2);

    /// An order from 1 to [`ORDER_MAX`].
    #[must_use]
    pub const fn new(p: u8) -> Option<Self> {
        if p >= 1 && p <= ORDER_MAX { Some(Self(p)) } else { None }
    }

    /// p itself.
    #[must_use]
    pub const fn p(self) -> u8 {
        self.0
    }

    /// xᵖ.
    #[must_use]
    pub fn raise(self, x: f64) -> f64 {
        (1..self.0).fold(x, |power, _| power * x)
    }

    /// The p-th root of a number that is not negative; exact for p = 1 and rounded once for p = 2.
    #[must_use]
    pub fn root(self, x: f64) -> f64 {
        match self.0 {
            1 => x,
            2 => sqrt(x),
            p => powf(x, 1.0 / f64::from(p)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_undoes_the_power() {
        for p in 1..=ORDER_MAX {
            let order = Order::new(p).expect("in range");
            assert!((order.root(order.raise(7.5)) - 7.5).abs() < 1e-12, "p = {p}");
        }
        assert_eq!([Order::new(0), Order::new(ORDER_MAX + 1)], [None, None]);
    }
}
