//! Pairs of tables F + ε G with ε² = 0: a part of the cluster out of which the row has taken nothing yet, or something.

use super::table::{add_scaled, dot};

/// A pair, to be read.
#[derive(Clone, Copy)]
pub(super) struct Pair<'t> {
    pub(super) f: &'t [f64],
    pub(super) g: &'t [f64],
}

/// A pair, to be written.
pub(super) struct PairMut<'t> {
    pub(super) f: &'t mut [f64],
    pub(super) g: &'t mut [f64],
}

impl<'t> Pair<'t> {
    /// The pair of tables of length `len` at the start of `memory`.
    pub(super) fn of(memory: &'t [f64], len: usize) -> Self {
        Self { f: &memory[..len], g: &memory[len..2 * len] }
    }
}

impl<'t> PairMut<'t> {
    /// The pair of tables of length `len` at the start of `memory`, and the rest of it.
    pub(super) fn split(memory: &'t mut [f64], len: usize) -> (Self, &'t mut [f64]) {
        let (pair, rest) = memory.split_at_mut(2 * len);
        let (f, g) = pair.split_at_mut(len);
        (Self { f, g }, rest)
    }

    pub(super) fn read(&self) -> Pair<'_> {
        Pair { f: self.f, g: self.g }
    }
}

/// The whole product: (F + ε G)(F' + ε G'), over the columns of both; those of `lower` have the lower bits.
pub(super) fn multiply(upper: Pair<'_>, lower: Pair<'_>, product: &mut PairMut<'_>) {
    let len = lower.f.len();
    for ((pf, pg), (f, g)) in
        product.f.chunks_exact_mut(len).zip(product.g.chunks_exact_mut(len)).zip(upper.f.iter().zip(upper.g))
    {
        for (((pf, pg), lf), lg) in pf.iter_mut().zip(pg).zip(lower.f).zip(lower.g) {
            *pf = f * lf;
            *pg = g * lf + f * lg;
        }
    }
}

/// The ε-part of the product.
pub(super) fn combine(upper: Pair<'_>, lower: Pair<'_>, product: &mut [f64]) {
    for ((product, f), g) in product.chunks_exact_mut(lower.f.len()).zip(upper.f).zip(upper.g) {
        for ((product, lf), lg) in product.iter_mut().zip(lower.f).zip(lower.g) {
            *product = g * lf + f * lg;
        }
    }
}

/// The adjoint of a product: of its F-part (absent if only the ε-part was used) and of its ε-part.
#[derive(Clone, Copy)]
pub(super) struct Bar<'t> {
    pub(super) f: Option<&'t [f64]>,
    pub(super) g: &'t [f64],
}

/// The transpose of [`multiply`]: the adjoint of the lower factor.
pub(super) fn lower_adjoint(bar: Bar<'_>, upper: Pair<'_>, lower_bar: &mut PairMut<'_>) {
    let len = lower_bar.f.len();
    lower_bar.f.fill(0.0);
    lower_bar.g.fill(0.0);
    for ((g_bar, &f), &g) in bar.g.chunks_exact(len).zip(upper.f).zip(upper.g) {
        add_scaled(lower_bar.f, g, g_bar);
        add_scaled(lower_bar.g, f, g_bar);
    }
    for (f_bar, &f) in bar.f.into_iter().flat_map(|f_bar| f_bar.chunks_exact(len)).zip(upper.f) {
        add_scaled(lower_bar.f, f, f_bar);
    }
}

/// The transpose of [`multiply`]: the adjoint of the upper factor. Its F-part is computed only if `with_f`; it needs
/// the ε-part of `lower`.
pub(super) fn upper_adjoint<'t>(bar: Bar<'_>, lower: Pair<'_>, upper_bar: PairMut<'t>, with_f: bool) -> Bar<'t> {
    let len = lower.f.len();
    for (upper, g_bar) in upper_bar.g.iter_mut().zip(bar.g.chunks_exact(len)) {
        *upper = dot(g_bar, lower.f);
    }
    if !with_f {
        return Bar { f: None, g: upper_bar.g };
    }
    for (upper, g_bar) in upper_bar.f.iter_mut().zip(bar.g.chunks_exact(len)) {
        *upper = dot(g_bar, lower.g);
    }
    for (upper, f_bar) in upper_bar.f.iter_mut().zip(bar.f.into_iter().flat_map(|f_bar| f_bar.chunks_exact(len))) {
        *upper += dot(f_bar, lower.f);
    }
    Bar { f: Some(upper_bar.f), g: upper_bar.g }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::Draws;
    use super::*;

    /// Two random pairs, of length 2 and 4.
    fn factors(draws: &mut Draws) -> ([f64; 4], [f64; 8]) {
        (core::array::from_fn(|_| draws.uniform()), core::array::from_fn(|_| draws.uniform()))
    }

    #[test]
    fn a_product_takes_something_from_one_factor_at_most() {
        let (a, b) = factors(&mut Draws(0));
        let (a, b) = (Pair::of(&a, 2), Pair::of(&b, 4));
        let (mut memory, mut part) = ([0.0; 16], [0.0; 8]);
        let mut product = PairMut::split(&mut memory, 8).0;
        multiply(a, b, &mut product);
        combine(a, b, &mut part);
        for (u, v) in (0..2).flat_map(|u| (0..4).map(move |v| (u, v))) {
            let at = 4 * u + v;
            assert!((product.f[at] - a.f[u] * b.f[v]).abs() < 1e-15);
            assert!((product.g[at] - (a.f[u] * b.g[v] + a.g[u] * b.f[v])).abs() < 1e-15);
            assert!((part[at] - product.g[at]).abs() < 1e-15);
        }
    }

    #[test]
    fn adjoints_are_transposes() {
        let mut draws = Draws(1);
        let ((a, b), (x, y)) = (factors(&mut draws), factors(&mut draws));
        let bars: [f64; 16] = core::array::from_fn(|_| draws.uniform());
        let bar = Bar { f: Some(&bars[..8]), g: &bars[8..] };
        let (mut upper_memory, mut lower_memory) = ([0.0; 4], [0.0; 8]);
        upper_adjoint(bar, Pair::of(&b, 4), PairMut::split(&mut upper_memory, 2).0, true);
        lower_adjoint(bar, Pair::of(&a, 2), &mut PairMut::split(&mut lower_memory, 4).0);

        let (mut of_upper, mut of_lower) = ([0.0; 16], [0.0; 16]);
        multiply(Pair::of(&x, 2), Pair::of(&b, 4), &mut PairMut::split(&mut of_upper, 8).0);
        multiply(Pair::of(&a, 2), Pair::of(&y, 4), &mut PairMut::split(&mut of_lower, 8).0);
        assert!((dot(&bars, &of_upper) - dot(&upper_memory, &x)).abs() < 1e-14);
        assert!((dot(&bars, &of_lower) - dot(&lower_memory, &y)).abs() < 1e-14);
    }
}
