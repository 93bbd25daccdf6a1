//! Covariances that are symmetric positive definite by construction, and Gaussian states made with them.
//!
//! There is no public way to hold a covariance that is not one: every constructor factors the matrix (Cholesky) and
//! refuses what does not factor.

use nalgebra::{ArrayStorage, Matrix3, SMatrix, SVector, Vector3};

use crate::frame::{Enu, Position, Velocity};
use crate::maths::{ln, sqrt};
use crate::time::Timestamp;

/// Does something for each column j below n, spelt out up to the ninth, so that loops which begin at j have a length
/// that the compiler knows and become straight code.
macro_rules! for_each_column {
    ($j:ident < $n:expr, $body:block) => {
        for_each_column!($j < $n, $body, 0 1 2 3 4 5 6 7 8);
        for $j in 9..$n $body
    };
    ($j:ident < $n:expr, $body:block, $($column:literal)+) => {
        $({
            let $j: usize = $column;
            if $j < $n $body
        })+
    };
}
pub(crate) use for_each_column;

/// Components of a state that every motion model has: the [`StateVector`]. Measurements depend on these alone.
pub const KINEMATIC: usize = 6;

/// East, north, up, and their rates, in the node's tangent plane: metres and metres per second.
pub type StateVector = SVector<f64, KINEMATIC>;

/// Why a matrix is no covariance: it is not finite, or not positive definite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPositiveDefinite;

impl core::fmt::Display for NotPositiveDefinite {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the matrix is not a covariance: it is not finite or not positive definite")
    }
}

impl core::error::Error for NotPositiveDefinite {}

/// A symmetric positive definite matrix.
#[derive(Clone, Copy, Debug)]
pub struct Covariance<const N: usize>(SMatrix<f64, N, N>);

/// Without loops and branches: whether two measurements have one noise is asked for every pair.
impl<const N: usize> PartialEq for Covariance<N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.data.0.iter().flatten().zip(other.0.data.0.iter().flatten());
        pairs.fold(true, |same, (a, b)| same & (a == b))
    }
}

impl<const N: usize> Covariance<N> {
    /// Independent errors of variance one.
    pub(crate) const UNIT: Self = {
        let mut p = [[0.0; N]; N];
        let mut k = 0;
        while k < N {
            p[k][k] = 1.0;
            k += 1;
        }
        Self(SMatrix::from_array_storage(ArrayStorage(p)))
    };

    /// Takes the symmetric part of `m` and proves it positive definite.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if `m` is not finite or has no Cholesky factor.
    #[inline]
    pub fn new(mut m: SMatrix<f64, N, N>) -> Result<Self, NotPositiveDefinite> {
        make_symmetric(&mut m.data.0);
        if is_positive_definite(&m.data.0) { Ok(Self(m)) } else { Err(NotPositiveDefinite) }
    }

    /// Becomes what is symmetric by the way it was worked out, and proves that: only its diagonal and what is below
    /// counts, so that whoever makes it need make no more.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if it is not finite or has no Cholesky factor; then the covariance is as it was.
    #[inline]
    pub(crate) fn become_lower(&mut self, lower: &SMatrix<f64, N, N>) -> Result<(), NotPositiveDefinite> {
        if !is_positive_definite(&lower.data.0) {
            return Err(NotPositiveDefinite);
        }
        self.fill_with(&lower.data.0);
        Ok(())
    }

    /// Becomes a sum of covariances with weights above zero, or F P Fᵀ + Q, which is positive definite because P is.
    /// So it is not proven anew, only that its numbers are still finite; what a measurement makes of it is proven
    /// before it is kept. `write` writes its diagonal and what is below.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow: then it means nothing any more, and must be given up.
    #[inline]
    pub(crate) fn become_sum(
        &mut self,
        write: impl FnOnce(&mut SMatrix<f64, N, N>),
    ) -> Result<(), NotPositiveDefinite> {
        write(&mut self.0);
        if !is_finite(&self.0.data.0) {
            return Err(NotPositiveDefinite);
        }
        mirror(&mut self.0.data.0);
        Ok(())
    }

    /// The same of a sum that lies elsewhere.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; then it is as it was.
    #[inline]
    pub(crate) fn become_sum_of(&mut self, lower: &SMatrix<f64, N, N>) -> Result<(), NotPositiveDefinite> {
        if !is_finite(&lower.data.0) {
            return Err(NotPositiveDefinite);
        }
        self.fill_with(&lower.data.0);
        Ok(())
    }

    /// Takes over the diagonal of a matrix and what is below it, and repeats that above.
    #[inline]
    #[expect(clippy::needless_range_loop, reason = "a row and a column are walked at once")]
    fn fill_with(&mut self, lower: &[[f64; N]; N]) {
        for_each_column!(j < N, {
            for i in j..N {
                self.0.data.0[j][i] = lower[j][i];
                self.0.data.0[i][j] = lower[j][i];
            }
        });
    }

    /// The diagonal covariance of independent errors.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] unless every sigma is finite and above zero.
    pub fn from_sigmas(sigmas: &SVector<f64, N>) -> Result<Self, NotPositiveDefinite> {
        let variances = sigmas.component_mul(sigmas);
        // What is diagonal is proven by the numbers there. One so small that it has no inverse could not be factored.
        let factors = variances.iter().all(|variance| *variance >= f64::MIN_POSITIVE);
        let holds = factors && variances.sum() < f64::INFINITY;
        if holds { Ok(Self(SMatrix::from_diagonal(&variances))) } else { Err(NotPositiveDefinite) }
    }

    /// The covariance of errors whose variances are so many times as large: the factor is above zero and finite.
    #[must_use]
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        Self(self.0 * factor)
    }

    /// The matrix itself.
    #[inline]
    #[must_use]
    pub const fn matrix(&self) -> &SMatrix<f64, N, N> {
        &self.0
    }

    /// The diagonal and what is below it, column by column: all that it is made of, since a covariance is symmetric to
    /// the bit.
    pub(crate) fn lower(&self) -> impl Iterator<Item = f64> {
        let columns = &self.0.data.0;
        let whole = |j: usize, i: usize| columns[j][i].to_bits() == columns[i][j].to_bits();
        debug_assert!((0..N).all(|j| (0..j).all(|i| whole(j, i))), "a covariance is symmetric to the bit");
        columns.iter().enumerate().flat_map(|(j, column)| column[j..].iter().copied())
    }

    /// A covariance of what [`lower`](Self::lower) told of it. Not proven anew.
    pub(crate) fn of_lower(mut lower: impl FnMut() -> f64) -> Self {
        let mut p = [[0.0; N]; N];
        for (j, column) in p.iter_mut().enumerate() {
            column[j..].iter_mut().for_each(|entry| *entry = lower());
        }
        mirror(&mut p);
        Self(SMatrix::from_array_storage(ArrayStorage(p)))
    }

    /// The covariance of the first `K` components alone.
    ///
    /// Not proven anew: the factors of a leading block are the leading factors of the whole.
    #[must_use]
    pub fn leading<const K: usize>(&self) -> Covariance<K> {
        const { assert!(K <= N, "a leading block is no larger than the whole") };
        Covariance(SMatrix::from_fn(|i, k| self.0[(i, k)]))
    }

    /// Standard deviation of one component.
    ///
    /// # Panics
    /// If `index` is not below `N`: a bug of the caller.
    #[must_use]
    pub fn sigma(&self, index: usize) -> f64 {
        sqrt(self.0[(index, index)])
    }

    /// The lower triangular factor L with L Lᵀ = P.
    #[must_use]
    pub fn factor(&self) -> Factor<N> {
        Factor(lower_factor(self.0.data.0).expect("a covariance factors: its constructor proved it"))
    }
}

impl Covariance<KINEMATIC> {
    /// The covariance of a position and of a velocity that have nothing to do with each other. Not proven anew: its
    /// factors are those of its blocks.
    #[must_use]
    pub fn of_independent(position: &Covariance<3>, velocity: &Covariance<3>) -> Self {
        let mut whole = Self::UNIT;
        whole.become_independent(position, velocity);
        whole
    }

    /// The same where it lies.
    #[inline]
    pub(crate) fn become_independent(&mut self, position: &Covariance<3>, velocity: &Covariance<3>) {
        let columns = &mut self.0.data.0;
        for (k, (p, v)) in position.0.data.0.iter().zip(&velocity.0.data.0).enumerate() {
            columns[k] = [p[0], p[1], p[2], 0.0, 0.0, 0.0];
            columns[k + 3] = [0.0, 0.0, 0.0, v[0], v[1], v[2]];
        }
    }
}

/// The Cholesky factor of a covariance: solves, squared Mahalanobis distances and determinants come from here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor<const N: usize>(SMatrix<f64, N, N>);

impl<const N: usize> Factor<N> {
    /// The factor of the symmetric part of `m`: what a covariance made of it would have, proven and factored at once.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if `m` is not finite or has none.
    #[inline]
    pub fn of(mut m: SMatrix<f64, N, N>) -> Result<Self, NotPositiveDefinite> {
        make_symmetric(&mut m.data.0);
        lower_factor(m.data.0).map(Self).ok_or(NotPositiveDefinite)
    }

    /// νᵀ S⁻¹ ν, the squared Mahalanobis distance.
    #[inline]
    #[must_use]
    pub fn mahalanobis_squared(&self, nu: &SVector<f64, N>) -> f64 {
        self.forward(nu).norm_squared()
    }

    /// ln det S.
    #[inline]
    #[must_use]
    pub fn log_determinant(&self) -> f64 {
        let mut product = 1.0;
        for i in 0..N {
            product *= self.0[(i, i)];
        }
        2.0 * ln(product)
    }

    /// S⁻¹ b for each column b.
    #[must_use]
    pub fn solve<const M: usize>(&self, b: &SMatrix<f64, N, M>) -> SMatrix<f64, N, M> {
        let mut x = *b;
        for mut column in x.column_iter_mut() {
            for i in 0..N {
                for k in 0..i {
                    column[i] -= self.0[(i, k)] * column[k];
                }
                column[i] /= self.0[(i, i)];
            }
            for i in (0..N).rev() {
                for k in i + 1..N {
                    column[i] -= self.0[(k, i)] * column[k];
                }
                column[i] /= self.0[(i, i)];
            }
        }
        x
    }

    /// b S⁻¹ for each row b: the same the other way round, all rows at once.
    #[inline]
    #[must_use]
    pub fn solve_rows<const K: usize>(&self, b: &SMatrix<f64, K, N>) -> SMatrix<f64, K, N> {
        let (l, mut x) = (&self.0.data.0, b.data.0);
        for i in 0..N {
            for k in 0..i {
                let known = x[k];
                (0..K).for_each(|row| x[i][row] -= l[k][i] * known[row]);
            }
            x[i].iter_mut().for_each(|x| *x /= l[i][i]);
        }
        for i in (0..N).rev() {
            for k in i + 1..N {
                let known = x[k];
                (0..K).for_each(|row| x[i][row] -= l[i][k] * known[row]);
            }
            x[i].iter_mut().for_each(|x| *x /= l[i][i]);
        }
        SMatrix::from_array_storage(ArrayStorage(x))
    }

    /// The lower triangular matrix.
    #[inline]
    #[must_use]
    pub const fn matrix(&self) -> &SMatrix<f64, N, N> {
        &self.0
    }

    #[inline]
    fn forward(&self, nu: &SVector<f64, N>) -> SVector<f64, N> {
        let mut y = *nu;
        for i in 0..N {
            for k in 0..i {
                y[i] -= self.0[(i, k)] * y[k];
            }
            y[i] /= self.0[(i, i)];
        }
        y
    }
}

/// Each pair across the diagonal becomes its mean.
#[inline]
fn make_symmetric<const N: usize>(m: &mut [[f64; N]; N]) {
    for j in 1..N {
        let (before, from_j) = m.split_at_mut(j);
        for (above, before) in from_j[0].iter_mut().zip(before) {
            let mean = 0.5 * (*above + before[j]);
            (*above, before[j]) = (mean, mean);
        }
    }
}

/// What is below the diagonal is repeated above it.
#[inline]
#[expect(clippy::needless_range_loop, reason = "a row and a column are walked at once")]
pub(crate) fn mirror<const N: usize>(m: &mut [[f64; N]; N]) {
    for_each_column!(j < N, {
        (j + 1..N).for_each(|i| m[i][j] = m[j][i]);
    });
}

/// Whether all of these are numbers: what is none or infinite is none times zero.
#[inline]
pub(crate) fn are_finite<const N: usize>(x: &SVector<f64, N>) -> bool {
    x.data.0[0].iter().fold(0.0, |sum, x| sum + x * 0.0) == 0.0
}

/// Whether the numbers of what is positive definite have not overflowed: none is larger than the largest on its
/// diagonal.
#[inline]
fn is_finite<const N: usize>(a: &[[f64; N]; N]) -> bool {
    let sum = (0..N).fold(0.0, |sum, k| sum + a[k][k]);
    sum > 0.0 && sum < f64::INFINITY
}

fn is_positive_definite<const N: usize>(a: &[[f64; N]; N]) -> bool {
    let mut work = *a;
    decompose(&mut work)
}

/// L D Lᵀ = A with unit L, in place and column by column, by what is on the diagonal and to one side of it: D on the
/// diagonal, L below it. False unless every pivot is finite and above zero, which is what positive definite means.
///
/// Written out rather than taken from nalgebra, whose generic bounds infect every signature that mixes dimensions; and
/// without square roots, because covariances are proven far more often than factored.
#[inline]
fn decompose<const N: usize>(a: &mut [[f64; N]; N]) -> bool {
    let mut sum = 0.0;
    for_each_column!(j < N, {
        let column = a[j];
        if column[j] <= 0.0 || column[j].is_nan() {
            return false;
        }
        sum += column[j];
        let inverse = 1.0 / column[j];
        for i in j + 1..N {
            let multiple = column[i] * inverse;
            a[j][i] = multiple;
            for k in i..N {
                a[i][k] -= multiple * column[k];
            }
        }
    });
    sum < f64::INFINITY
}

/// The Cholesky factor L √D.
#[inline]
fn lower_factor<const N: usize>(mut columns: [[f64; N]; N]) -> Option<SMatrix<f64, N, N>> {
    if !decompose(&mut columns) {
        return None;
    }
    for j in 0..N {
        let root = sqrt(columns[j][j]);
        columns[j][..j].fill(0.0);
        columns[j][j] = root;
        columns[j][j + 1..].iter_mut().for_each(|below| *below *= root);
    }
    Some(SMatrix::from_array_storage(ArrayStorage(columns)))
}

/// What is believed of a target at one time of validity: its kinematics, and after them, if `N` is above six, what
/// its motion model knows beside (an acceleration, a rate of turn).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianState<const N: usize = KINEMATIC> {
    /// x̂: a [`StateVector`], then the rest.
    pub mean: SVector<f64, N>,
    /// P.
    pub covariance: Covariance<N>,
    /// When it holds.
    pub time: Timestamp,
}

impl<const N: usize> GaussianState<N> {
    /// At rest at the origin at the epoch, each component with variance one.
    pub(crate) const STANDARD: Self = Self {
        mean: SVector::from_array_storage(ArrayStorage([[0.0; N]])),
        covariance: Covariance::UNIT,
        time: Timestamp::EPOCH,
    };

    /// The mean position.
    #[must_use]
    pub fn position(&self) -> Position<Enu> {
        Position::new(self.mean[0], self.mean[1], self.mean[2])
    }

    /// The mean velocity.
    #[must_use]
    pub fn velocity(&self) -> Velocity<Enu> {
        Velocity::new(self.mean[3], self.mean[4], self.mean[5])
    }

    /// The 3 × 3 position block of P.
    #[must_use]
    pub fn position_covariance(&self) -> Matrix3<f64> {
        *self.covariance.leading::<3>().matrix()
    }

    /// Root of the mean horizontal position variance: one figure for how well the place is known.
    #[must_use]
    pub fn horizontal_sigma_m(&self) -> f64 {
        let p = self.covariance.matrix();
        sqrt(0.5 * (p[(0, 0)] + p[(1, 1)]))
    }

    /// Position and velocity alone: the marginal over the first six components.
    #[must_use]
    pub fn kinematics(&self) -> GaussianState {
        GaussianState { mean: kinematic_part(&self.mean), covariance: self.covariance.leading(), time: self.time }
    }
}

impl GaussianState {
    /// The state with further components of mean zero, independent of it and of each other.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] unless every variance is finite and above zero, and there are `N` − 6 of them.
    pub fn augmented<const N: usize>(&self, variances: &[f64]) -> Result<GaussianState<N>, NotPositiveDefinite> {
        let mean = SVector::from_fn(|k, _| if k < KINEMATIC { self.mean[k] } else { 0.0 });
        let mut p = SMatrix::<f64, N, N>::zeros();
        p.fixed_view_mut::<KINEMATIC, KINEMATIC>(0, 0).copy_from(self.covariance.matrix());
        for (k, variance) in (KINEMATIC..N).zip(variances) {
            p[(k, k)] = *variance;
        }
        Ok(GaussianState { mean, covariance: Covariance::new(p)?, time: self.time })
    }
}

/// The first six components of a state.
#[inline]
#[must_use]
pub fn kinematic_part<const N: usize>(x: &SVector<f64, N>) -> StateVector {
    const { assert!(N >= KINEMATIC, "every state begins with position and velocity") };
    StateVector::from_fn(|k, _| x[k])
}

/// The one-sigma ellipse of a 2 × 2 covariance given by its east and north variances and their covariance.
///
/// Returns the semi-major axis, the semi-minor axis, and the azimuth of the major axis in radians clockwise from north.
#[must_use]
pub fn ellipse(east_east: f64, east_north: f64, north_north: f64) -> (f64, f64, f64) {
    let middle = 0.5 * (east_east + north_north);
    let half_gap = 0.5 * (north_north - east_east);
    let radius = crate::maths::hypot(half_gap, east_north);
    let azimuth = 0.5 * crate::maths::atan2(east_north, half_gap);
    (sqrt((middle + radius).max(0.0)), sqrt((middle - radius).max(0.0)), azimuth)
}

/// A 6-vector from a position and a velocity.
#[must_use]
pub fn state_vector(position: &Vector3<f64>, velocity: &Vector3<f64>) -> StateVector {
    StateVector::new(position.x, position.y, position.z, velocity.x, velocity.y, velocity.z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Matrix2, Vector2};

    #[test]
    fn what_is_not_positive_definite_cannot_be_held() {
        assert!(Covariance::new(Matrix2::new(1.0, 2.0, 2.0, 1.0)).is_err());
        assert!(Covariance::new(Matrix2::new(f64::NAN, 0.0, 0.0, 1.0)).is_err());
        assert!(Covariance::new(Matrix2::new(f64::INFINITY, 0.0, 0.0, 1.0)).is_err());
        assert!(Covariance::from_sigmas(&Vector2::new(0.0, 1.0)).is_err());
    }

    #[test]
    fn distance_and_determinant_agree_with_the_inverse_by_hand() {
        let s = Covariance::new(Matrix2::new(4.0, 1.0, 1.0, 3.0)).expect("positive definite");
        let nu = Vector2::new(1.0, -2.0);
        // S⁻¹ = [3 −1; −1 4] / 11
        assert!((s.factor().mahalanobis_squared(&nu) - (3.0 + 4.0 + 16.0) / 11.0).abs() < 1e-12);
        assert!((s.factor().log_determinant() - ln(11.0)).abs() < 1e-12);
        assert!((s.factor().solve(&nu) - Vector2::new(5.0, -9.0) / 11.0).norm() < 1e-12);
    }

    #[test]
    fn a_marginal_is_a_covariance_without_proof() {
        let l = SMatrix::<f64, 9, 9>::from_fn(|i, k| [0.0, 1.0, 0.3][usize::from(i >= k) + usize::from(i > k)]);
        let whole = GaussianState {
            mean: SVector::from_fn(|k, _| [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0][k]),
            covariance: Covariance::new(l * l.transpose()).expect("positive definite"),
            time: Timestamp::EPOCH,
        };
        let part = whole.kinematics();
        assert_eq!(Covariance::new(*part.covariance.matrix()), Ok(part.covariance));
        assert_eq!(part.mean, StateVector::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
        assert_eq!((part.position(), part.velocity()), (whole.position(), whole.velocity()));
    }

    #[test]
    fn what_is_added_to_a_state_leaves_its_kinematics() {
        let covariance = Covariance::from_sigmas(&StateVector::repeat(2.0)).expect("positive");
        let state = GaussianState { mean: StateVector::repeat(1.0), covariance, time: Timestamp::EPOCH };
        let turning = state.augmented::<7>(&[0.25]).expect("positive");
        assert_eq!(turning.kinematics(), state);
        assert!((turning.covariance.sigma(6) - 0.5).abs() < 1e-12 && turning.mean[6].abs() < 1e-12);
        assert!(state.augmented::<7>(&[0.0]).is_err() && state.augmented::<9>(&[1.0]).is_err());
    }

    #[test]
    fn the_long_axis_of_an_ellipse_points_where_the_error_is_large() {
        let (major, minor, azimuth) = ellipse(100.0, 0.0, 4.0);
        assert!((major - 10.0).abs() < 1e-12 && (minor - 2.0).abs() < 1e-12);
        assert!((azimuth.abs() - core::f64::consts::FRAC_PI_2).abs() < 1e-12);
        let (_, _, diagonal) = ellipse(5.0, 4.0, 5.0);
        assert!((diagonal - core::f64::consts::FRAC_PI_4).abs() < 1e-12);
    }
}
