//! The summary as plain text: one figure a line, with its unit, and with the parameters beside the metric.

use core::fmt;

use super::gospa::{Cut, GospaSummary};
use super::identity::IdentitySummary;
use super::nees::{ConsistencySummary, NeesSummary};
use super::ospa::OspaSummary;
use super::params::Params;
use super::point::Dimensions;
use super::siap::SiapSummary;
use super::summary::{FrameSummary, Summary, TruthSummary};
use super::trajectory::TrajectorySummary;

/// A line of the table: a heading has no value.
type Row = (String, String);

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            frame_rows(&self.frames, &self.params),
            gospa_rows(&self.gospa),
            trajectory_rows(&self.trajectory_gospa),
            ospa_rows(&self.ospa),
            siap_rows(&self.siap),
            identity_rows(&self.identity),
            nees_rows(&self.nees),
        ];
        for (place, rows) in parts.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            rows.iter().try_for_each(|row| write_row(f, row))?;
        }
        Ok(())
    }
}

impl Summary {
    /// One line for each truth: how long it was held, and by how many numbers.
    #[must_use]
    pub fn truth_table(&self) -> String {
        let width = self.truths.iter().map(|truth| truth.id.chars().count()).max().unwrap_or(0).max("truth".len());
        let heading = format!(
            "{:<width$} {:>8} {:>6} {:>7} {:>9} {:>10} {:>8}\n",
            "truth", "frames", "held", "tracks", "switches", "fragments", "longest"
        );
        self.truths.iter().fold(heading, |table, truth| table + &truth_line(truth, width))
    }
}

fn truth_line(truth: &TruthSummary, width: usize) -> String {
    let TruthSummary { id, frames, held, tracks, switches, fragmentations, longest } = truth;
    format!("{id:<width$} {frames:>8} {held:>6} {tracks:>7} {switches:>9} {fragmentations:>10} {longest:>8}\n")
}

const LABEL_WIDTH: usize = 34;

fn write_row(f: &mut fmt::Formatter<'_>, (label, value): &Row) -> fmt::Result {
    if value.is_empty() { writeln!(f, "{label}") } else { writeln!(f, "{label:<LABEL_WIDTH$} {value}") }
}

fn frame_rows(frames: &FrameSummary, params: &Params) -> Vec<Row> {
    let distances = match params.dimensions {
        Dimensions::Horizontal => "over the ground, without height",
        Dimensions::Spatial => "in space",
    };
    let statuses = if params.count_tentative { "tentative, confirmed, coasted" } else { "confirmed, coasted" };
    let mut rows = vec![
        row("tracks against truth", format!("{} frames, one each {} s", frames.count, params.interval_s)),
        row("  truths", format!("{} per frame, {} in all", number(frames.truths_per_frame), frames.truths)),
        row(
            "  tracks",
            format!("{} per frame, {} in all ({statuses})", number(frames.tracks_per_frame), frames.tracks),
        ),
        row("  distances", distances),
    ];
    if frames.refused > 0 {
        rows.push(row("  REFUSED", format!("{} frames, which are in no figure", frames.refused)));
    }
    rows
}

fn gospa_rows(gospa: &GospaSummary) -> Vec<Row> {
    let parts = [gospa.localisation_cost, gospa.missed_cost, gospa.false_cost];
    let whole = parts.iter().copied().sum::<Option<f64>>().filter(|whole| *whole > 0.0);
    let [localisation, missed, falsely] = parts.map(|part| percent(part.zip(whole).map(|(part, whole)| part / whole)));
    let pairs = number(gospa.assigned_per_frame);
    vec![
        row(
            format!("GOSPA ({}, alpha={})", cut(gospa.cut), gospa.alpha),
            format!("mean {}, rms {}", metres(gospa.mean_m), metres(gospa.rms_m)),
        ),
        row(
            "  localisation",
            format!(
                "{} rms over {pairs} pairs per frame ({localisation} of the cost)",
                metres(gospa.localisation_rms_m)
            ),
        ),
        row("  missed", format!("{} per frame ({missed} of the cost)", number(gospa.missed_per_frame))),
        row("  false", format!("{} per frame ({falsely} of the cost)", number(gospa.false_per_frame))),
    ]
}

fn trajectory_rows(summary: &TrajectorySummary) -> Vec<Row> {
    let parts = [summary.localisation_cost, summary.missed_cost, summary.false_cost, summary.switch_cost];
    let whole = parts.iter().copied().sum::<Option<f64>>().filter(|whole| *whole > 0.0);
    let [localisation, missed, falsely, switching] =
        parts.map(|part| percent(part.zip(whole).map(|(part, whole)| part / whole)));
    let bound = format!("at least {}", metres(summary.at_least_m));
    vec![
        row(
            format!("T-GOSPA ({}, switch={} m)", cut(summary.cut), summary.switch_m),
            format!("rms {} per frame ({bound}), {:.2} m in all", metres(summary.per_frame_m), summary.distance_m),
        ),
        row("  localisation, missed, false", format!("{localisation}, {missed}, {falsely} of the cost")),
        row("  track switches", format!("{:.1} ({switching} of the cost)", summary.switches)),
    ]
}

fn ospa_rows(ospa: &OspaSummary) -> Vec<Row> {
    let parts = format!("localisation {}, cardinality {}", metres(ospa.localisation_m), metres(ospa.cardinality_m));
    vec![row(format!("OSPA ({})", cut(ospa.cut)), format!("mean {} ({parts})", metres(ospa.mean_m)))]
}

fn siap_rows(siap: &SiapSummary) -> Vec<Row> {
    let changes = format!("{} per truth second ({} in all)", small(siap.number_changes_per_s), siap.number_changes);
    vec![
        row(format!("SIAP (gate {} m)", siap.gate_m), ""),
        row("  completeness C", ratio(siap.completeness)),
        row("  ambiguity A", ratio(siap.ambiguity)),
        row("  spuriousness S", ratio(siap.spuriousness)),
        row("  position accuracy PA", format!("{} rms", metres(siap.position_rms_m))),
        row("  velocity accuracy VA", format!("{} rms", unit(siap.velocity_rms_m_s, "m/s"))),
        row("  track number changes R", changes),
        row("  longest track segment LS", ratio(siap.longest_segment)),
    ]
}

fn identity_rows(identity: &IdentitySummary) -> Vec<Row> {
    let mut rows = vec![
        row(format!("identity (CLEAR-MOT, gate {} m)", identity.gate_m), ""),
        row("  identity switches", identity.switches.to_string()),
        row("  fragmentations", identity.fragmentations.to_string()),
        row("  truth held", percent(identity.held)),
        row("  longest segment", percent(identity.longest_segment)),
        row("  tracks per truth", ratio(identity.tracks_per_truth)),
        row(
            "  truths per track",
            format!("{} ({} tracks held several)", ratio(identity.truths_per_track), identity.mixed_tracks),
        ),
        row("  mostly tracked, mostly lost", format!("{}, {} truths", identity.mostly_tracked, identity.mostly_lost)),
        row("  MOTA, MOTP", format!("{}, {}", ratio(identity.mota), metres(identity.motp_m))),
    ];
    if identity.pairings_over_bound > 0 {
        rows.push(row("  NOT REMEMBERED", format!("{} pairings", identity.pairings_over_bound)));
    }
    rows
}

fn nees_rows(nees: &NeesSummary) -> Vec<Row> {
    let mut rows = vec![row("NEES (per component, 1 is consistent)", "")];
    for (label, summary) in [("  position", &nees.position), ("  position and velocity", &nees.state)] {
        rows.extend(consistency_rows(label, summary));
    }
    rows
}

fn consistency_rows(label: &str, summary: &ConsistencySummary) -> Vec<Row> {
    let (by_sample, by_track) = (band(summary.band_by_sample), band(summary.band_by_track));
    let mut rows = vec![
        row(label, format!("{} ({} samples, {} tracks)", ratio(summary.anees), summary.samples, summary.tracks)),
        row("    95 % band", format!("{by_sample} if samples were independent, {by_track} if only tracks")),
        row("    inside their own 95 %", percent(summary.inside)),
    ];
    if summary.refused > 0 {
        rows.push(row("    REFUSED", format!("{} covariances that are not positive definite", summary.refused)));
    }
    rows
}

fn row(label: impl Into<String>, value: impl Into<String>) -> Row {
    (label.into(), value.into())
}

fn cut(cut: Cut) -> String {
    format!("p={}, c={} m", cut.order.p(), cut.cutoff_m)
}

fn metres(value: Option<f64>) -> String {
    unit(value, "m")
}

fn unit(value: Option<f64>, unit: &str) -> String {
    known(value, |value| format!("{value:.2} {unit}"))
}

fn number(value: Option<f64>) -> String {
    known(value, |value| format!("{value:.2}"))
}

fn ratio(value: Option<f64>) -> String {
    known(value, |value| format!("{value:.3}"))
}

fn small(value: Option<f64>) -> String {
    known(value, |value| format!("{value:.5}"))
}

fn percent(value: Option<f64>) -> String {
    known(value, |value| format!("{:.1} %", 100.0 * value))
}

fn band(value: Option<[f64; 2]>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |[low, high]| format!("[{low:.3}, {high:.3}]"))
}

/// What nothing was measured of is unknown.
fn known(value: Option<f64>, format: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "unknown".to_owned(), format)
}

#[cfg(test)]
mod tests {
    use super::super::{Params, Score};

    #[test]
    fn the_table_names_every_metric_with_its_parameters() {
        let table = Score::new(Params::default()).expect("sensible").summary().to_string();
        for words in [
            "GOSPA (p=2, c=100 m, alpha=2)",
            "T-GOSPA (p=2, c=100 m, switch=20 m)",
            "OSPA (p=2, c=100 m)",
            "SIAP (gate 100 m)",
            "identity switches",
            "NEES",
        ] {
            assert!(table.contains(words), "{words} in\n{table}");
        }
        assert!(table.contains("mean unknown"), "no frames, no figures:\n{table}");
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let table = Score::new(Params::default()).expect("sensible").summary().to_string();
        assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    }
}
