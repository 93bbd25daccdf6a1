//! Exact association beside pyehm: the same problems, how long, how far apart, how often memory was allocated.

use fusion_core::association::{Budget, Method, Sizes, Workspace, marginals};

use crate::allocations::allocations;
use crate::cases::{Case, cases};
use crate::measure::{median, timed};
use crate::options::Options;
use crate::peer::{Python, folder, read, write};
use crate::problems;
use crate::recorded::EHM2_US;
use crate::table::{Table, fixed, unknown, whole};

/// A case is solved again and again for so many seconds, of which the shortest run counts.
const RUN_FOR_S: f64 = 0.1;
/// Cases up to so many tracks and measurements are also solved by enumeration.
const ENUMERATED: usize = 6;
/// Reals lent to the elimination tables, enough for every case.
const TABLES: usize = 1 << 18;

/// What somebody made of a case: P(missed) by track, then β by gated pair.
struct Answer {
    seconds: f64,
    probabilities: Vec<f64>,
}

/// What the peer made of it.
enum Theirs {
    Answer(Answer),
    /// It took too long, or failed.
    None(String),
    /// It is not there; microseconds of another draw of the same family.
    Recorded(Option<f64>),
}

pub fn table(options: &Options) -> Table {
    let cases: Vec<Case> = match &options.matrices {
        Some(file) => read_cases(&read(file), &file.display().to_string()),
        None => cases().collect(),
    };
    let theirs = solve_by_peer(&cases);
    let mut table = Table::new(
        "marginals",
        "exact marginals of joint association, beside pyehm's EHM2 (shortest of many runs)",
        &[
            "case",
            "tracks",
            "meas.",
            "pairs",
            "ours µs",
            "pyehm µs",
            "ratio",
            "difference",
            "to brute force",
            "allocations",
            "method",
        ],
    );
    let mut sums = Sums::default();
    for (case, theirs) in cases.iter().zip(&theirs) {
        table.row(compare(case, theirs, &mut sums));
    }
    sums.tell(&mut table);
    table
}

fn read_cases(text: &str, file: &str) -> Vec<Case> {
    let written = problems::read(text).unwrap_or_else(|line| panic!("{file}:{line}: no line of a problem"));
    written.into_iter().map(|written| written.case).collect()
}

/// Lets pyehm solve all cases.
fn solve_by_peer(cases: &[Case]) -> Vec<Theirs> {
    let Some(python) = Python::with(&["numpy", "pyehm"], "marginals by pyehm") else {
        let of = |case: &Case| EHM2_US.iter().find(|(name, _)| *name == case.name).and_then(|(_, us)| *us);
        return cases.iter().map(|case| Theirs::Recorded(of(case))).collect();
    };
    let (given, answered) = (folder().join("problems.txt"), folder().join("answers.txt"));
    write(&given, &problems::write(cases));
    python.run("ehm2.py", [&given, &answered]);
    let answers = problems::read(&read(&answered)).expect("the script writes what is read here");
    answers.into_iter().map(their_answer).collect()
}

fn their_answer(written: problems::Written) -> Theirs {
    let remark = written.remark.expect("the script tells seconds");
    let Ok(seconds) = remark.parse() else { return Theirs::None(remark) };
    let mut probabilities = written.case.nulls;
    probabilities.extend(written.case.edges.iter().map(|edge| edge.weight));
    Theirs::Answer(Answer { seconds, probabilities })
}

/// The figures of one case.
fn compare(case: &Case, theirs: &Theirs, sums: &mut Sums) -> [String; 11] {
    let (ours, method, allocated) = solve(case);
    let small = case.nulls.len() <= ENUMERATED && case.columns <= ENUMERATED;
    let enumerated = small.then(|| difference(&ours.probabilities, &enumerate(case)));
    sums.apart = sums.apart.max(enumerated.unwrap_or(0.0));
    sums.unsound = sums.unsound.max(unsound(case, &ours.probabilities));
    sums.allocated += allocated;
    let [their_us, ratio, apart] = against(case, &ours, theirs, sums);
    [
        case.name.clone(),
        case.nulls.len().to_string(),
        case.columns.to_string(),
        case.edges.len().to_string(),
        fixed(1e6 * ours.seconds, 2),
        their_us,
        ratio,
        apart,
        tiny(enumerated),
        whole(allocated),
        format!("{method:?}"),
    ]
}

/// The peer's microseconds, the ratio to ours, the largest difference.
fn against(case: &Case, ours: &Answer, theirs: &Theirs, sums: &mut Sums) -> [String; 3] {
    match theirs {
        Theirs::Answer(theirs) => {
            let ratio = theirs.seconds / ours.seconds;
            sums.ratios.push((case.nulls.len(), ratio, case.name.clone()));
            let apart = if theirs.probabilities.iter().any(|p| p.is_nan()) {
                "pyehm: NaN".to_owned()
            } else {
                let apart = difference(&ours.probabilities, &theirs.probabilities);
                sums.apart = sums.apart.max(apart);
                tiny(Some(apart))
            };
            [fixed(1e6 * theirs.seconds, 0), fixed(ratio, 0), apart]
        }
        Theirs::None(why) => [why.clone(), unknown(), unknown()],
        Theirs::Recorded(None) => [unknown(), unknown(), unknown()],
        Theirs::Recorded(Some(us)) => {
            let ratio = us / (1e6 * ours.seconds);
            [format!("{us:.0} recorded"), format!("{ratio:.0} recorded"), unknown()]
        }
    }
}

fn tiny(x: Option<f64>) -> String {
    x.map_or_else(unknown, |x| format!("{x:.1e}"))
}

/// Our answer, how it was found, and the allocations on the way.
fn solve(case: &Case) -> (Answer, Method, u64) {
    let sizes = Sizes::for_maxima(case.nulls.len(), case.columns, case.edges.len(), TABLES);
    let (mut words, mut reals) = (vec![0; sizes.words], vec![0.0; sizes.reals]);
    let mut workspace = Workspace::new(&mut words, &mut reals);
    let (mut beta, mut missed) = (vec![0.0; case.edges.len()], vec![0.0; case.nulls.len()]);
    let budget = Budget::default();
    let before = allocations();
    let mut run = || marginals(&case.nulls, &case.edges, case.columns, &budget, &mut workspace, &mut beta, &mut missed);
    let (outcome, mut shortest) = timed(&mut run);
    let mut spent = shortest;
    while spent < RUN_FOR_S {
        let (_, seconds) = timed(&mut run);
        shortest = shortest.min(seconds);
        spent += seconds;
    }
    let allocated = allocations() - before;
    missed.extend(beta);
    (Answer { seconds: shortest, probabilities: missed }, outcome.method(), allocated)
}

/// The largest difference, infinite if anything is not a number.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "answers to the same problem");
    let apart = |(x, y): (&f64, &f64)| if x.is_finite() && y.is_finite() { (x - y).abs() } else { f64::INFINITY };
    a.iter().zip(b).map(apart).fold(0.0, f64::max)
}

/// How far the probabilities of any track are from adding up to one; infinite if one is not finite.
fn unsound(case: &Case, probabilities: &[f64]) -> f64 {
    let (missed, beta) = probabilities.split_at(case.nulls.len());
    let mut sums = missed.to_vec();
    for (edge, p) in case.edges.iter().zip(beta) {
        sums[usize::from(edge.row)] += p;
    }
    sums.iter().map(|sum| if sum.is_finite() { (sum - 1.0).abs() } else { f64::INFINITY }).fold(0.0, f64::max)
}

/// The marginals as sums over all joint events, one by one.
fn enumerate(case: &Case) -> Vec<f64> {
    let mut sums = vec![0.0; case.nulls.len() + case.edges.len()];
    let total = visit(case, 0, 0, 1.0, &mut sums);
    sums.iter().map(|sum| sum / total).collect()
}

/// Adds the weight of every way to go on from a track, with these measurements used, to what it contains; returns the
/// sum of them.
fn visit(case: &Case, row: usize, used: u64, weight: f64, sums: &mut [f64]) -> f64 {
    if row == case.nulls.len() {
        return weight;
    }
    let missed = visit(case, row + 1, used, weight * case.nulls[row], sums);
    sums[row] += missed;
    let mut total = missed;
    for (k, edge) in case.edges.iter().enumerate().filter(|(_, edge)| usize::from(edge.row) == row) {
        let bit = 1 << edge.column;
        if used & bit == 0 {
            let taken = visit(case, row + 1, used | bit, weight * edge.weight, sums);
            sums[case.nulls.len() + k] += taken;
            total += taken;
        }
    }
    total
}

/// What is said of all cases together.
#[derive(Default)]
struct Sums {
    /// Tracks, ratio and name of every case that the peer solved.
    ratios: Vec<(usize, f64, String)>,
    apart: f64,
    unsound: f64,
    allocated: u64,
}

impl Sums {
    fn tell(&self, table: &mut Table) {
        match median(self.ratios.iter().map(|(_, ratio, _)| *ratio).collect()) {
            Some(middle) => table.note(format!("median ratio: {middle:.0} (wanted: 100)")),
            None => table.note("pyehm is not installed: its times were recorded elsewhere, on other draws"),
        }
        for (tracks, wanted) in [(10, 40), (1000, 1000)] {
            let large = self.ratios.iter().filter(|(n, ..)| *n >= tracks);
            if let Some((_, ratio, name)) = large.min_by(|a, b| a.1.total_cmp(&b.1)) {
                table.note(format!("least ratio from {tracks} tracks on: {ratio:.0} ({name}; wanted: {wanted})"));
            }
        }
        let to = if self.ratios.is_empty() { "brute force" } else { "pyehm or brute force" };
        table.note(format!("largest difference to {to}: {:.1e} (wanted: 1e-12)", self.apart));
        table.note(format!("largest |Σβ − 1| of a track, infinite if a β is not finite: {:.1e}", self.unsound));
        table.note(format!("allocations: {} (wanted: 0)", self.allocated));
    }
}
