//! Compares running pictures with truth, once a second, and shows how it goes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use fusion_core::time::{Span, Timestamp};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sensor_drivers::sim::{Simulation, TruthSample};

use crate::board::Board;
use crate::cli::{DemoArgs, Failure};
use crate::clock::Clock;
use crate::engine::STOP_PERIOD;
use crate::score::Score;
use crate::simulated::{Coverage, frames};

/// What is watched.
pub trait Stage {
    /// The picture of each node.
    fn boards(&self) -> Vec<Arc<Board>>;
    /// Whether somebody asked to stop.
    fn stopping(&self) -> bool;
    /// Does what is due so long after the beginning; asked fifty times a second.
    fn tend(&mut self, since: Span);
    /// How it goes, in a line.
    fn message(&self, boards: &[Arc<Board>], scores: &[Score]) -> String;
}

/// Whoever compares.
pub struct Referee<'a> {
    args: &'a DemoArgs,
    simulation: Simulation,
    coverage: Coverage,
    start: Timestamp,
    scores: Vec<Score>,
    truth: Option<BufWriter<File>>,
}

impl<'a> Referee<'a> {
    /// One who compares the pictures of so many nodes with what is simulated from `start` on.
    ///
    /// # Errors
    /// [`Failure`] if truth is to be written and cannot be.
    pub fn new(args: &'a DemoArgs, simulation: Simulation, start: Timestamp, nodes: usize) -> Result<Self, Failure> {
        let truth = match &args.truth {
            Some(path) => {
                let file = File::create(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        let score = || Score::new(frames::params()).map_err(Failure::failed);
        let scores = (0..nodes).map(|_| score()).collect::<Result<_, _>>()?;
        let coverage = Coverage::of(simulation.scenario());
        Ok(Self { args, simulation, coverage, start, scores, truth })
    }

    /// Watches until the time is up or somebody asks to stop; the scores, and how long it was.
    ///
    /// # Errors
    /// [`Failure`] if truth cannot be written.
    pub fn watch(mut self, stage: &mut impl Stage, clock: Clock) -> Result<(Vec<Score>, f64), Failure> {
        let bar = status_line(self.args);
        let mut second = 0_u32;
        while self.args.duration == 0 || second < self.args.duration {
            let time = self.start + Span::from_secs(i64::from(second) + 1);
            while clock.now().validity < time && !stage.stopping() {
                stage.tend(clock.now().validity - self.start);
                std::thread::sleep(STOP_PERIOD.min(Duration::from_millis(20)));
            }
            if stage.stopping() {
                break;
            }
            let boards = stage.boards();
            self.judge(time, &boards)?;
            second += 1;
            bar.set_position(second.into());
            bar.set_message(stage.message(&boards, &self.scores));
        }
        bar.finish_and_clear();
        if let Some(truth) = &mut self.truth {
            truth.flush().map_err(Failure::failed)?;
        }
        Ok((self.scores, f64::from(second)))
    }

    fn judge(&mut self, time: Timestamp, boards: &[Arc<Board>]) -> Result<(), Failure> {
        let samples: Vec<TruthSample> =
            self.simulation.truth(time).into_iter().filter(|sample| self.coverage.includes(sample)).collect();
        if let Some(file) = &mut self.truth {
            for sample in &samples {
                writeln!(file, "{}", frames::truth_line(sample)).map_err(Failure::failed)?;
            }
        }
        for (score, board) in self.scores.iter_mut().zip(boards) {
            frames::judge(score, time, &samples, board.tracks.values().map(Arc::as_ref)).map_err(Failure::failed)?;
        }
        Ok(())
    }
}

fn status_line(args: &DemoArgs) -> ProgressBar {
    let target = if args.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let (length, template) = match args.duration {
        0 => (None, "{spinner} {elapsed} {msg}"),
        seconds => (Some(u64::from(seconds)), "{bar:24} {pos:>3}/{len} s {msg}"),
    };
    let bar = ProgressBar::with_draw_target(length, target);
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
