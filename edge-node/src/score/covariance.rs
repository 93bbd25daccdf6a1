//! What NEES needs of a covariance: unpack it, carry it forward, measure an error with it.

use std::array;

/// A 6 × 6 matrix over east, north, up (m) and their rates (m/s).
pub(super) type Matrix6 = [[f64; 6]; 6];

/// The whole symmetric matrix from its upper triangle, row by row.
pub(super) fn from_upper(upper: &[f64; 21]) -> Matrix6 {
    array::from_fn(|i| array::from_fn(|j| upper[place(i.min(j), i.max(j))]))
}

/// The upper triangle of a symmetric matrix, row by row.
fn to_upper(p: &Matrix6) -> [f64; 21] {
    let mut upper = [0.0; 21];
    for (i, row) in p.iter().enumerate() {
        upper[place(i, i)..=place(i, 5)].copy_from_slice(&row[i..]);
    }
    upper
}

/// Where row i ≤ column j stands in the upper triangle: rows of 6, 5, 4 … come before it.
const fn place(i: usize, j: usize) -> usize {
    i * (11 - i) / 2 + j
}

/// F P Fᵀ of a constant velocity over `seconds`, without process noise, which a scorer does not know.
pub(super) fn coasted(upper: &[f64; 21], seconds: f64) -> [f64; 21] {
    let mut p = from_upper(upper);
    // F adds to each coordinate its rate times the seconds: first down the rows, then along the columns.
    for i in 0..3 {
        p[i] = array::from_fn(|j| p[i][j] + seconds * p[i + 3][j]);
    }
    for row in &mut p {
        for j in 0..3 {
            row[j] += seconds * row[j + 3];
        }
    }
    to_upper(&p)
}

/// The rows and columns of some axes.
pub(super) fn block<const N: usize>(p: &Matrix6, axes: [usize; N]) -> [[f64; N]; N] {
    axes.map(|i| axes.map(|j| p[i][j]))
}

/// eᵀ P⁻¹ e by Cholesky: P = L Lᵀ, L y = e, yᵀ y. `None` if P is not positive definite.
pub(super) fn squared_distance<const N: usize>(p: &[[f64; N]; N], e: &[f64; N]) -> Option<f64> {
    let mut l = [[0.0; N]; N];
    let mut y = [0.0; N];
    for i in 0..N {
        for j in 0..i {
            let known: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            l[i][j] = (p[i][j] - known) / l[j][j];
        }
        let pivot = p[i][i] - (0..i).map(|k| l[i][k] * l[i][k]).sum::<f64>();
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        l[i][i] = pivot.sqrt();
        y[i] = (e[i] - (0..i).map(|k| l[i][k] * y[k]).sum::<f64>()) / l[i][i];
    }
    let squared = y.iter().map(|x| x * x).sum::<f64>();
    squared.is_finite().then_some(squared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_a_correlated_error_by_hand() {
        // P = [4 2; 2 3], P⁻¹ = [3 −2; −2 4] / 8; e = (1, 1): (3 − 4 + 4) / 8.
        let d2 = squared_distance(&[[4.0, 2.0], [2.0, 3.0]], &[1.0, 1.0]).expect("positive definite");
        assert!((d2 - 0.375).abs() < 1e-15);
    }

    #[test]
    fn a_matrix_that_is_no_covariance_measures_nothing() {
        assert_eq!(squared_distance(&[[1.0, 2.0], [2.0, 1.0]], &[1.0, 1.0]), None);
        assert_eq!(squared_distance(&[[0.0]], &[1.0]), None);
        assert_eq!(squared_distance(&[[f64::NAN]], &[1.0]), None);
    }

    #[test]
    fn the_upper_triangle_is_read_row_by_row() {
        let upper = array::from_fn(|i| f64::from(u8::try_from(i).expect("below 21")));
        let p = from_upper(&upper);
        assert_eq!(p[0].map(f64::to_bits), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(f64::to_bits));
        assert_eq!(p[3].map(f64::to_bits), [3.0, 8.0, 12.0, 15.0, 16.0, 17.0].map(f64::to_bits));
        assert_eq!(block(&p, [0, 3]), [[0.0, 3.0], [3.0, 15.0]]);
        assert_eq!(to_upper(&p).map(f64::to_bits), upper.map(f64::to_bits));
    }

    #[test]
    fn coasting_carries_the_uncertainty_of_velocity_into_position() {
        // East: variances 9 m² and 4 m²/s², covariance 1 m²/s. After 2 s: 9 + 2·2·1 + 4·4 = 29, and 1 + 2·4 = 9.
        let mut upper = [0.0; 21];
        (upper[0], upper[3], upper[15]) = (9.0, 1.0, 4.0);
        let p = from_upper(&coasted(&upper, 2.0));
        assert_eq!((p[0][0], p[0][3], p[3][3]), (29.0, 9.0, 4.0));
    }
}
