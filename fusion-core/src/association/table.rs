//! Arithmetic on tables over subsets: entry U of a table is the value for the set of columns whose bits are set in U.
//!
//! Everything here is a sum of products of numbers that are not negative: nothing cancels. Sums run in a fixed order
//! over four lanes, so that the same bits come out wherever and however the loops are vectorised.

/// g(V) += w f(V ∪ b) for every V without the column b.
pub(super) fn add_shifted(g: &mut [f64], f: &[f64], bit: u32, w: f64) {
    match bit {
        0 => add_shifted_near::<1>(g, f, w),
        1 => add_shifted_near::<2>(g, f, w),
        _ => {
            let half = 1 << bit;
            for (g, f) in g.chunks_exact_mut(2 * half).zip(f.chunks_exact(2 * half)) {
                add_scaled(&mut g[..half], w, &f[half..]);
            }
        }
    }
}

/// [`add_shifted`] where the entries with and without the column are closer than a lane's width.
fn add_shifted_near<const HALF: usize>(g: &mut [f64], f: &[f64], w: f64) {
    let ((g, g_rest), (f, f_rest)) = (g.as_chunks_mut::<8>(), f.as_chunks::<8>());
    for (g, f) in g.iter_mut().zip(f) {
        for at in WITHOUT[HALF - 1] {
            g[at] += w * f[at + HALF];
        }
    }
    for at in WITHOUT[HALF - 1].into_iter().take(g_rest.len() / 2) {
        g_rest[at] += w * f_rest[at + HALF];
    }
}

/// Of eight consecutive entries, those without column 0, and those without column 1.
const WITHOUT: [[usize; 4]; 2] = [[0, 2, 4, 6], [0, 1, 4, 5]];

/// The transpose of [`add_shifted`]: f̄(V ∪ b) += w ḡ(V), and returns Σ ḡ(V) f(V ∪ b), over every V without b.
pub(super) fn take_shifted(g_bar: &[f64], f: &[f64], f_bar: &mut [f64], bit: u32, w: f64) -> f64 {
    match bit {
        0 => take_shifted_near::<1>(g_bar, f, f_bar, w),
        1 => take_shifted_near::<2>(g_bar, f, f_bar, w),
        _ => {
            let half = 1 << bit;
            let chunks = g_bar.chunks_exact(2 * half).zip(f.chunks_exact(2 * half));
            let mut lanes = [0.0; 4];
            for ((g_bar, f), f_bar) in chunks.zip(f_bar.chunks_exact_mut(2 * half)) {
                let (g_bar, f) = (g_bar[..half].as_chunks::<4>().0, f[half..].as_chunks::<4>().0);
                for ((g_bar, f), f_bar) in g_bar.iter().zip(f).zip(f_bar[half..].as_chunks_mut::<4>().0) {
                    for i in 0..4 {
                        lanes[i] += g_bar[i] * f[i];
                        f_bar[i] += w * g_bar[i];
                    }
                }
            }
            sum(lanes)
        }
    }
}

/// [`take_shifted`] where the entries with and without the column are closer than a lane's width.
fn take_shifted_near<const HALF: usize>(g_bar: &[f64], f: &[f64], f_bar: &mut [f64], w: f64) -> f64 {
    let mut lanes = [0.0; 4];
    let ((g_bar, g_rest), (f, f_rest)) = (g_bar.as_chunks::<8>(), f.as_chunks::<8>());
    let (f_bar, f_bar_rest) = f_bar.as_chunks_mut::<8>();
    for ((g_bar, f), f_bar) in g_bar.iter().zip(f).zip(f_bar) {
        for (lane, at) in lanes.iter_mut().zip(WITHOUT[HALF - 1]) {
            *lane += g_bar[at] * f[at + HALF];
            f_bar[at + HALF] += w * g_bar[at];
        }
    }
    for (lane, at) in lanes.iter_mut().zip(WITHOUT[HALF - 1]).take(g_rest.len() / 2) {
        *lane += g_rest[at] * f_rest[at + HALF];
        f_bar_rest[at + HALF] += w * g_rest[at];
    }
    sum(lanes)
}

fn sum(lanes: [f64; 4]) -> f64 {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// Σ a(V) b(V).
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (a_blocks, a_rest) = a.as_chunks::<4>();
    let (b_blocks, b_rest) = b.as_chunks::<4>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum(lanes) + rest
}

/// y(V) += w x(V).
pub(super) fn add_scaled(y: &mut [f64], w: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += w * x;
    }
}

/// The part of a table where all columns of `mask` are absent but those of `present`: a table of its own, over the
/// other columns in the same order.
#[derive(Clone, Copy)]
pub(super) struct Part {
    mask: usize,
    present: usize,
}

impl Part {
    /// The part of a table where the columns of `mask` are absent.
    pub(super) const fn without(mask: usize) -> Self {
        Self { mask, present: 0 }
    }

    /// The same with one of those columns present.
    pub(super) const fn with(self, bit: u32) -> Self {
        Self { mask: self.mask, present: 1 << bit }
    }

    /// y(V) ← `f`(y(V), table(V)) over this part of `table`, in runs of consecutive entries.
    fn zip_with(self, y: &mut [f64], table: &[f64], f: impl Fn(&mut f64, f64)) {
        let run = self.run(y.len());
        let mut offset = 0;
        for y in y.chunks_exact_mut(run) {
            let begin = offset + self.present;
            for (y, &x) in y.iter_mut().zip(&table[begin..begin + run]) {
                f(y, x);
            }
            offset = self.next(offset, run);
        }
    }

    /// Entries that are consecutive both in the part and in the table.
    const fn run(self, len: usize) -> usize {
        if self.mask == 0 { len } else { 1 << self.mask.trailing_zeros() }
    }

    /// The next subset without the columns of the mask, a run further: adding to the mask carries over its bits.
    const fn next(self, offset: usize, run: usize) -> usize {
        ((offset | self.mask) + run) & !self.mask
    }

    /// y = this part of `table`.
    pub(super) fn copy(self, table: &[f64], y: &mut [f64]) {
        self.zip_with(y, table, |y, x| *y = x);
    }

    /// y += w times this part of `table`.
    pub(super) fn add(self, table: &[f64], w: f64, y: &mut [f64]) {
        self.zip_with(y, table, |y, x| *y += w * x);
    }

    /// Σ y · this part of `table`.
    pub(super) fn dot(self, table: &[f64], y: &[f64]) -> f64 {
        let run = self.run(y.len());
        let (mut offset, mut sum) = (0, 0.0);
        for y in y.chunks_exact(run) {
            let begin = offset + self.present;
            sum += dot(y, &table[begin..begin + run]);
            offset = self.next(offset, run);
        }
        sum
    }

    /// This part of `table` = w x.
    pub(super) fn write(self, table: &mut [f64], w: f64, x: &[f64]) {
        let run = self.run(x.len());
        let mut offset = 0;
        for x in x.chunks_exact(run) {
            let begin = offset + self.present;
            for (y, x) in table[begin..begin + run].iter_mut().zip(x) {
                *y = w * x;
            }
            offset = self.next(offset, run);
        }
    }
}

/// Largest entry.
pub(super) fn peak(table: &[f64]) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    let (blocks, rest) = table.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = larger(x, *lane);
        }
    }
    rest.iter().chain(&lanes).fold(0.0, |a, &b| larger(b, a))
}

#[cfg(test)]
mod tests {
    use super::super::oracle::Draws;
    use super::*;

    fn table<const N: usize>(draws: &mut Draws) -> [f64; N] {
        core::array::from_fn(|_| draws.uniform())
    }

    #[test]
    fn shifting_adds_the_entry_with_the_column() {
        let mut draws = Draws(0);
        for bit in 0..5 {
            let (f, mut g) = (table::<32>(&mut draws), table::<32>(&mut draws));
            let before = g;
            add_shifted(&mut g, &f, bit, 0.7);
            for v in 0..32 {
                let b = 1 << bit;
                let expected = before[v] + if v & b == 0 { 0.7 * f[v | b] } else { 0.0 };
                assert!((g[v] - expected).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn taking_is_the_transpose_of_shifting() {
        let mut draws = Draws(1);
        for bit in 0..5 {
            let (f, g_bar) = (table::<32>(&mut draws), table::<32>(&mut draws));
            let (mut shifted, mut f_bar) = ([0.0; 32], [0.0; 32]);
            add_shifted(&mut shifted, &f, bit, 0.7);
            let sum = take_shifted(&g_bar, &f, &mut f_bar, bit, 0.7);
            assert!((dot(&g_bar, &shifted) - dot(&f_bar, &f)).abs() < 1e-14);
            assert!((0.7 * sum - dot(&f_bar, &f)).abs() < 1e-14);
        }
    }

    #[test]
    fn a_part_is_the_entries_without_some_columns_in_order() {
        let mut draws = Draws(2);
        let whole = table::<16>(&mut draws);
        // Columns 0 and 2 out of four: what is left counts 1, 3.
        let part = Part::without(0b0101);
        let places = [0b0000, 0b0010, 0b1000, 0b1010];
        let mut y = [0.0; 4];
        part.copy(&whole, &mut y);
        assert!(y.iter().zip(places).all(|(y, v)| (y - whole[v]).abs() < 1e-15));
        part.with(2).add(&whole, 2.0, &mut y);
        assert!(y.iter().zip(places).all(|(y, v)| (y - whole[v] - 2.0 * whole[v | 0b0100]).abs() < 1e-15));
        let with = places.map(|v| whole[v | 0b0001]);
        assert!((part.with(0).dot(&whole, &y) - dot(&with, &y)).abs() < 1e-15);
        let mut written = whole;
        part.with(2).write(&mut written, 3.0, &y);
        for v in 0..16 {
            let place = places.iter().position(|&place| place | 0b0100 == v);
            assert!((written[v] - place.map_or(whole[v], |at| 3.0 * y[at])).abs() < 1e-15);
        }
    }

    #[test]
    fn the_peak_is_the_largest_entry_wherever_it_is() {
        for len in 1..20 {
            for at in 0..len {
                let mut entries = [0.25; 20];
                entries[at] = 0.5;
                assert!((peak(&entries[..len]) - 0.5).abs() < 1e-15);
            }
        }
    }
}
