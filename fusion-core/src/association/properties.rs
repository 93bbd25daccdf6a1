//! What [`marginals`](super::marginals) promises, tested from outside.

#![cfg(test)]

extern crate std;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::oracle::{Answer, Case, Draws};
use super::{Budget, Edge, Method, Sizes, Workspace, marginals};

/// Reals for tables, enough for every case here.
const TABLES: usize = 1 << 17;

/// A budget that leaves everything to belief propagation.
const NOTHING: Budget = Budget { cost_max: 0, cut_max: 0.0, sweeps: 100, damping: 0.0 };

/// Cases of every shape up to 6 × 6, from sparse to full, with weights of up to ± `octaves`.
fn small_cases(octaves: f64, count: u64) -> impl Iterator<Item = Case> {
    (0..count).map(move |seed| {
        let (mut shape, mut draws) = (Draws(seed), Draws(!seed));
        let mut size = || if shape.below(2) == 0 { 6 } else { 1 + shape.below(6) };
        let (rows, columns) = (size(), size());
        let density = 1.2 * shape.uniform();
        Case::drawn(rows, columns, |_, _| shape.uniform() < density, || draws.weight(octaves))
    })
}

/// Every row gates the next `width` columns: one long cluster.
fn chain(rows: u16, width: u16) -> Case {
    let mut draws = Draws(u64::from(rows));
    Case::drawn(rows, rows + width - 1, |row, column| (row..row + width).contains(&column), || draws.weight(6.0))
}

fn full(rows: u16, columns: u16) -> Case {
    let mut draws = Draws(u64::from(rows));
    Case::drawn(rows, columns, |_, _| true, || draws.weight(4.0))
}

#[test]
fn equals_enumeration_on_every_graph_of_three_by_four() {
    for graph in 0..1_u32 << 12 {
        let mut draws = Draws(graph.into());
        let case = Case::drawn(3, 4, |row, column| graph >> (4 * row + column) & 1 == 1, || draws.weight(6.0));
        let (outcome, answer) = case.solve();
        assert_eq!(outcome.method(), Method::Exact);
        assert!(answer.distance(&case.enumerate()) < 1e-14, "{case:?}");
    }
}

#[test]
fn equals_enumeration_on_graphs_up_to_six_by_six() {
    for case in small_cases(12.0, 2000) {
        let (outcome, answer) = case.solve();
        assert_eq!(outcome.method(), Method::Exact);
        assert!(answer.distance(&case.enumerate()) < 1e-13, "{case:?}");
        assert!(answer.inconsistency(&case) < 1e-14, "{case:?}");
    }
}

#[test]
fn equals_enumeration_for_weights_of_any_size() {
    let mut balanced = 0;
    for case in small_cases(995.0, 1000) {
        let (outcome, answer) = case.solve();
        balanced += outcome.balanced;
        assert_eq!(outcome.method(), Method::Exact);
        assert!(answer.distance(&case.enumerate()) < 1e-13, "{case:?}");
    }
    assert!(balanced > 100, "the test is to reach the balancing");
}

#[test]
fn equals_enumeration_for_certainties_that_contradict_each_other() {
    let levels = [1e-300, 1e-150, 1e-20, 1.0, 1e20, 1e150, 1e300];
    let mut balanced = 0;
    for seed in 0..1000 {
        let (mut shape, mut draws) = (Draws(seed), Draws(!seed));
        let (rows, columns) = (2 + shape.below(5), 1 + shape.below(4));
        let (distinct, first) = (2 + shape.below(6), shape.below(7));
        let draw = || levels[usize::from((3 * draws.below(distinct) + first) % 7)];
        let case = Case::drawn(rows, columns, |_, _| shape.below(4) > 0, draw);
        let (outcome, answer) = case.solve();
        balanced += outcome.balanced;
        assert_eq!(outcome.method(), Method::Exact);
        assert!(answer.distance(&case.enumerate()) < 1e-13, "{case:?}");
    }
    assert!(balanced > 100, "the test is to reach the balancing");
}

#[test]
fn a_lone_track_has_the_closed_form() {
    let case = Case::new(3, &[(0.2, &[(0, 1.0), (2, 0.8)])]);
    let (outcome, answer) = case.solve();
    assert_eq!((outcome.clusters, outcome.cost), (0, 0));
    assert!(answer.distance(&Answer { beta: vec![0.5, 0.4], missed: vec![0.1] }) < 1e-15);
}

#[test]
fn two_tracks_on_one_measurement_share_it_by_their_odds() {
    let case = Case::new(1, &[(1.0, &[(0, 2.0)]), (1.0, &[(0, 3.0)])]);
    let (_, answer) = case.solve();
    let third = 1.0 / 6.0;
    let expected = Answer { beta: vec![2.0 * third, 3.0 * third], missed: vec![4.0 * third, 3.0 * third] };
    assert!(answer.distance(&expected) < 1e-15);
}

#[test]
fn nothing_is_associated_when_nothing_is_detected() {
    let mut last = f64::INFINITY;
    for detection in [1e-3, 1e-6, 1e-9, 1e-200] {
        let mut case = full(6, 6);
        case.nulls.fill(1.0 - detection);
        case.edges.iter_mut().for_each(|edge| edge.weight *= detection);
        let (_, answer) = case.solve();
        let largest = answer.beta.iter().copied().fold(0.0, f64::max);
        assert!(largest < 100.0 * detection && largest < last);
        assert!(answer.missed.iter().all(|&missed| missed >= 1.0 - 1000.0 * detection));
        last = largest;
    }
}

#[test]
fn edges_of_weight_zero_are_no_edges() {
    for case in small_cases(6.0, 200) {
        let mut with = case.clone();
        with.edges.iter_mut().step_by(3).for_each(|edge| edge.weight = 0.0);
        let mut without = with.clone();
        without.edges.retain(|edge| edge.weight > 0.0);
        let (outcome, mut a) = with.solve();
        let b = without.solve().1;
        assert_eq!(outcome.refused, 0);
        assert!(with.edges.iter().zip(&a.beta).all(|(edge, &beta)| (edge.weight > 0.0) == (beta > 0.0)));
        a.beta.retain(|&beta| beta > 0.0);
        assert_eq!(a, b);
    }
}

#[test]
fn rows_without_edges_are_missed() {
    let case = Case::new(2, &[(0.3, &[]), (0.5, &[(0, 1.0), (1, 1.0)]), (0.4, &[]), (0.5, &[(0, 2.0), (1, 1.0)])]);
    let (outcome, answer) = case.solve();
    assert_eq!((outcome.clusters, outcome.largest_cluster), (1, 2));
    assert!(answer.missed[0] >= 1.0 && answer.missed[2] >= 1.0);
    assert!(answer.distance(&case.enumerate()) < 1e-15);
}

#[test]
fn a_chain_of_a_thousand_tracks_is_exact_and_finite() {
    for width in [2, 4, 6] {
        let case = chain(1000, width);
        let (outcome, answer) = case.solve();
        assert_eq!((outcome.method(), outcome.largest_cluster), (Method::Exact, 1000));
        assert!(answer.inconsistency(&case) < 1e-12);
    }
}

#[test]
fn trees_cost_nothing() {
    let path = chain(1000, 2);
    let star = Case::drawn(500, 499, |row, column| row == 0 || row == column + 1, || 1.0);
    for case in [path, star] {
        let (outcome, answer) = case.solve();
        assert_eq!((outcome.method(), outcome.clusters, outcome.cost), (Method::Exact, 1, 0));
        assert!(answer.inconsistency(&case) < 1e-12);
    }
}

#[test]
fn separators_are_as_wide_as_the_problem_is_tangled() {
    let widest = |case: &Case| case.solve().0.widest_separator;
    assert_eq!(widest(&full(8, 8)), 8);
    assert_eq!((widest(&full(6, 12)), widest(&full(12, 6))), (6, 6));
    assert!(widest(&chain(300, 4)) <= 4);
    assert!(widest(&chain(300, 6)) <= 6);
}

#[test]
fn a_cluster_beyond_the_separator_limit_is_left_to_belief_propagation() {
    let case = full(60, 60);
    let (outcome, answer) = case.solve();
    assert_eq!((outcome.method(), outcome.belief, outcome.cost), (Method::Belief, 1, 0));
    assert!(answer.inconsistency(&case) < 1e-12);
}

#[test]
fn over_budget_pairs_are_cut_and_the_error_stays_within_its_bound() {
    let mut cut = 0;
    for case in small_cases(10.0, 1000) {
        let (exact, _) = case.solve();
        for share in [2, 4, 8] {
            let budget = Budget { cost_max: exact.cost / share, cut_max: 0.3, ..Budget::default() };
            let (outcome, answer) = case.solve_within(&budget, TABLES);
            assert!(outcome.cost <= budget.cost_max);
            assert!(answer.inconsistency(&case) < 1e-12);
            if outcome.method() == Method::EdgeCut {
                cut += 1;
                assert!(answer.distance(&case.enumerate()) <= outcome.error_bound + 1e-13, "{outcome:?} {case:?}");
            }
        }
    }
    assert!(cut > 500, "the test is to reach the cutting");
}

#[test]
fn without_budget_and_cuts_belief_propagation_says_so() {
    let case = full(5, 5);
    let (outcome, answer) = case.solve_within(&NOTHING, TABLES);
    assert_eq!((outcome.method(), outcome.belief, outcome.cut, outcome.cost), (Method::Belief, 1, 0, 0));
    assert!(answer.inconsistency(&case) < 1e-12);
    assert!(answer.distance(&case.enumerate()) < 0.1);
}

#[test]
fn belief_propagation_is_near_exact_on_sparse_graphs() {
    let mut draws = Draws(1);
    let near = |row: u16, column: u16| column == row || column == (row + 1) % 12;
    let ring = Case::drawn(12, 12, near, || draws.weight(2.0));
    let (outcome, answer) = ring.solve_within(&NOTHING, TABLES);
    assert_eq!(outcome.method(), Method::Belief);
    assert!(answer.distance(&ring.solve().1) < 1e-3);
}

#[test]
fn tables_that_do_not_fit_the_memory_are_cut_or_estimated() {
    let case = full(8, 8);
    for tables in [0, 1, 100, 1000, 4000] {
        let (outcome, answer) = case.solve_within(&Budget::default(), tables);
        assert!(outcome.method() == if tables < 4000 { Method::Belief } else { Method::Exact }, "{tables}");
        assert!(answer.inconsistency(&case) < 1e-12);
    }
}

#[test]
fn in_too_little_memory_every_track_is_taken_by_itself() {
    let case = full(3, 3);
    let sizes = Sizes::for_maxima(3, 3, 9, TABLES);
    for (words, reals) in [(0, sizes.reals), (sizes.words - 1, sizes.reals), (sizes.words, 10)] {
        let (mut words, mut reals) = (vec![0; words], vec![0.0; reals]);
        let (mut beta, mut missed) = (vec![0.0; 9], vec![0.0; 3]);
        let mut workspace = Workspace::new(&mut words, &mut reals);
        let budget = Budget::default();
        let outcome = marginals(&case.nulls, &case.edges, 3, &budget, &mut workspace, &mut beta, &mut missed);
        assert_eq!((outcome.alone, outcome.method()), (3, Method::Alone));
        let total = case.nulls[1] + case.edges[3..6].iter().map(|edge| edge.weight).sum::<f64>();
        assert!((beta[4] - case.edges[4].weight / total).abs() < 1e-15);
        assert!((missed[1] - case.nulls[1] / total).abs() < 1e-15);
    }
}

#[test]
fn what_is_no_weight_counts_as_zero_and_is_counted() {
    let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0];
    for weight in strange {
        let mut case = full(3, 3);
        case.edges[4].weight = weight;
        let (outcome, answer) = case.solve();
        case.edges[4].weight = 0.0;
        assert_eq!((outcome.refused, answer), (1, case.solve().1));
    }
    for null in [0.0, -1.0] {
        let mut case = full(2, 3);
        case.nulls[0] = null;
        let (outcome, answer) = case.solve();
        case.nulls[0] = 1e-300;
        assert_eq!((outcome.refused, answer), (1, case.solve().1));
    }
    for null in [f64::NAN, f64::INFINITY] {
        let mut case = full(2, 3);
        case.nulls[0] = null;
        let (outcome, answer) = case.solve();
        assert_eq!(outcome.refused, 1);
        assert!(answer.missed[0] >= 1.0 && answer.beta[..3].iter().all(|&beta| beta <= 0.0));
    }
}

#[test]
fn edges_out_of_order_repeated_or_out_of_range_are_refused() {
    let good = Case::new(2, &[(1.0, &[(0, 2.0), (1, 3.0)]), (1.0, &[(0, 1.0)])]);
    let mut bad = good.clone();
    bad.edges.insert(1, Edge { row: 0, column: 0, weight: 7.0 });
    bad.edges.insert(3, Edge { row: 1, column: 2, weight: 7.0 });
    bad.edges.push(Edge { row: 0, column: 1, weight: 7.0 });
    bad.edges.push(Edge { row: 2, column: 1, weight: 7.0 });
    let (outcome, answer) = bad.solve();
    assert_eq!(outcome.refused, 4);
    let kept: Vec<f64> = [0, 2, 4].map(|k| answer.beta[k]).into();
    assert_eq!((kept, answer.missed), (good.solve().1.beta, good.solve().1.missed));
}

#[test]
fn the_same_input_gives_the_same_bits_whatever_the_memory_held_before() {
    let case = chain(40, 5);
    let sizes = Sizes::for_maxima(100, 100, 1000, TABLES);
    let (mut words, mut reals) = (vec![0; sizes.words], vec![0.0; sizes.reals]);
    let (mut beta, mut missed) = (vec![0.0; case.edges.len()], vec![0.0; 40]);
    let (_, expected) = case.solve();
    for other in [full(8, 6), chain(90, 3), full(30, 30)] {
        let mut workspace = Workspace::new(&mut words, &mut reals);
        let mut both = |case: &Case, beta: &mut [f64], missed: &mut [f64]| {
            marginals(&case.nulls, &case.edges, case.columns, &Budget::default(), &mut workspace, beta, missed)
        };
        both(&other, &mut vec![0.0; other.edges.len()], &mut vec![0.0; other.nulls.len()]);
        both(&case, &mut beta, &mut missed);
        assert_eq!((&beta, &missed), (&expected.beta, &expected.missed));
    }
}

/// Cases up to 30 × 40 with some structure: every row gates columns near its own place, more or less densely.
fn cases() -> impl Strategy<Value = Case> {
    (1..30_u16, 1..40_u16, 1..8_u16, any::<u64>(), 0.0..12.0_f64).prop_map(|(rows, columns, reach, seed, octaves)| {
        let (mut shape, mut draws) = (Draws(seed), Draws(!seed));
        let near = |row: u16, column: u16| (row * columns / rows).abs_diff(column) <= reach;
        Case::drawn(rows, columns, |row, column| near(row, column) && shape.below(2) == 0, || draws.weight(octaves))
    })
}

/// Cases whose every number is any 64 bits.
fn garbage() -> impl Strategy<Value = Case> {
    let number = prop_oneof![any::<u64>().prop_map(f64::from_bits), any::<f64>(), Just(1.0), Just(0.0)];
    let edge = (0..9_u16, 0..9_u16, number.clone()).prop_map(|(row, column, weight)| Edge { row, column, weight });
    let nulls = prop::collection::vec(number, 0..8);
    (nulls, prop::collection::vec(edge, 0..40), any::<bool>(), 0..9_usize).prop_map(
        |(nulls, mut edges, sorted, columns)| {
            if sorted {
                edges.sort_by_key(|edge| (edge.row, edge.column));
            }
            Case { nulls, edges, columns }
        },
    )
}

proptest! {
    #[test]
    fn rows_sum_to_one_and_columns_to_one_at_most(case in cases(), cost_max in 0..1_u64 << 20) {
        for budget in [Budget::default(), Budget { cost_max, ..Budget::default() }] {
            let (_, answer) = case.solve_within(&budget, TABLES);
            prop_assert!(answer.inconsistency(&case) < 1e-12);
        }
    }

    #[test]
    fn order_does_not_matter(case in cases(), seed in any::<u64>()) {
        let mut draws = Draws(seed);
        let rows = draws.permutation(case.nulls.len());
        let columns = draws.permutation(case.columns);
        let (other, places) = case.permuted(&rows, &columns);
        let (outcome, answer) = case.solve();
        let (other_outcome, other) = other.solve();
        let back = Answer {
            beta: places.iter().map(|&place| other.beta[place]).collect(),
            missed: rows.iter().map(|&row| other.missed[usize::from(row)]).collect(),
        };
        let exact = outcome.method().max(other_outcome.method()) == Method::Exact;
        prop_assert!(!exact || answer.distance(&back) < 1e-13);
    }

    #[test]
    fn no_input_panics_and_every_answer_is_a_distribution(
        case in garbage(), cost_max in any::<u64>(), cut_max in any::<f64>(), sweeps in 0..20_u32,
        damping in any::<f64>(), tables in 0..5000_usize,
    ) {
        let tight = Budget { sweeps, damping, ..NOTHING };
        for budget in [Budget::default(), Budget { cost_max, cut_max, sweeps, damping }, tight] {
            let (_, answer) = case.solve_within(&budget, tables);
            prop_assert!(answer.inconsistency(&case) < 1e-12, "{answer:?}");
        }
    }
}
