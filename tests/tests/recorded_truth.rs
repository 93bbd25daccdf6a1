//! Trackers against things that really flew: a UAV, gliders, a tanker, dense traffic.
//!
//! `cargo test -p tests --test recorded_truth -- --nocapture` prints the table; `tests::truth::assess` says what stands
//! in it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tests::truth::assess::{Figures, Row, assess, table};
use tests::truth::scenarios::{self, Scenario};

/// A consistent tracker's ANEES, allowing for motion that no model has.
const ANEES: std::ops::RangeInclusive<f64> = 0.8..=1.2;

/// The folder of the recordings, or `None` after saying that `test` is skipped.
fn folder(test: &str) -> Option<PathBuf> {
    let paths: Option<Vec<PathBuf>> = scenarios::files().iter().map(|file| tests::recording(test, file)).collect();
    paths?.first()?.parent().map(Path::to_owned)
}

/// All scenarios, read once.
fn scenarios(folder: &Path) -> &'static [Scenario] {
    static SCENARIOS: OnceLock<Vec<Scenario>> = OnceLock::new();
    SCENARIOS.get_or_init(|| scenarios::all(folder).expect("recordings of the pinned sha256 can be read"))
}

/// The table, made and printed once.
fn rows(folder: &Path) -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let scenarios = scenarios(folder);
        let rows: Vec<Row> = std::thread::scope(|scope| {
            let runs: Vec<_> = scenarios.iter().map(|scenario| scope.spawn(|| assess(scenario))).collect();
            runs.into_iter().flat_map(|run| run.join().expect("a tracker does not panic")).collect()
        });
        scenarios.iter().for_each(|scenario| println!("{}", scenario.summary()));
        println!("\n{}", table(&rows));
        rows
    })
}

/// The rows of each scenario.
fn by_scenario(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| a.scenario == b.scenario)
}

/// The least of a figure over the single models.
fn best_single(rows: &[Row], figure: fn(&Figures) -> f64) -> &Row {
    let singles = rows.iter().filter(|row| !row.is_imm);
    singles.min_by(|a, b| figure(&a.figures).total_cmp(&figure(&b.figures))).expect("single models compete everywhere")
}

fn assert_consistent(row: &Row) {
    let Figures { anees_horizontal, anees_spatial, .. } = row.figures;
    assert!(ANEES.contains(&anees_horizontal), "{} {}: ANEES {anees_horizontal:.2}", row.scenario, row.tracker);
    assert!(ANEES.contains(&anees_spatial), "{} {}: ANEES {anees_spatial:.2} in space", row.scenario, row.tracker);
}

#[test]
fn every_recorded_path_can_be_flown() {
    let Some(folder) = folder("recorded_truth::every_recorded_path_can_be_flown") else { return };
    for scenario in scenarios(&folder) {
        let moments = || scenario.paths.iter().flat_map(|path| &path.moments);
        let (mut count, mut hard) = (0_u32, 0_u32);
        for moment in moments() {
            count += 1;
            hard += u32::from(moment.acceleration.norm() > 8.0);
            assert!(moment.velocity.norm() < 300.0, "{}: {} m/s", scenario.name, moment.velocity.norm());
            assert!(moment.acceleration.norm() < 15.0, "{}: {} m/s²", scenario.name, moment.acceleration.norm());
        }
        assert!(count > 900 && hard * 100 < count, "{}: {hard} of {count} beyond 8 m/s²", scenario.name);
    }
}

#[test]
fn the_best_single_model_is_consistent_in_every_scenario() {
    let Some(folder) = folder("recorded_truth::the_best_single_model_is_consistent_in_every_scenario") else { return };
    for rows in by_scenario(rows(&folder)) {
        assert_consistent(best_single(rows, |figures| figures.position_rmse_m));
    }
}

#[test]
fn several_models_are_consistent_and_beat_every_single_one() {
    const NAME: &str = "recorded_truth::several_models_are_consistent_and_beat_every_single_one";
    let Some(folder) = folder(NAME) else { return };
    for rows in by_scenario(rows(&folder)) {
        let Some(imm) = rows.iter().find(|row| row.is_imm) else {
            tests::skip(NAME, "no tracker of several models competes; truth::assess::trackers names those that do");
            return;
        };
        assert_consistent(imm);
        assert_less(imm, rows, "position RMSE", |figures| figures.position_rmse_m);
        assert_less(imm, rows, "velocity RMSE", |figures| figures.velocity_rmse_m_s);
    }
}

fn assert_less(imm: &Row, rows: &[Row], what: &str, figure: fn(&Figures) -> f64) {
    let single = best_single(rows, figure);
    let (ours, theirs) = (figure(&imm.figures), figure(&single.figures));
    assert!(
        ours < theirs,
        "{}: {what} {ours:.2} with {}, {theirs:.2} with {}",
        imm.scenario,
        imm.tracker,
        single.tracker
    );
}
