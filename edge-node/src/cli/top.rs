//! `copmesh top`: a running node in a terminal, over a slow line too: only what changed is sent.

pub mod state;
pub mod view;

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use ratatui::layout::Rect;
use serde_json::{Value, json};

use super::ask::NodeArgs;
use super::{Failure, say, say_json};
use crate::clock::{Clock, Monotonic};
use state::{Answer, Next, State};

/// The time between two questions to the node.
const PERIOD: Duration = Duration::from_secs(1);

/// Columns and rows of a frame where there is no terminal to ask for them.
const SIZE: (u16, u16) = (120, 40);

/// Arguments of `top`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh top
  copmesh top --config node.toml        where that configuration serves its console
  ssh -t box copmesh top                over SSH
  copmesh top --once > frame.txt        one frame as text
  copmesh top --json | jq '.status.counters'    what that frame is drawn from

Keys: q quits, s sorts by age or name, / searches, arrows and pages scroll.")]
pub struct TopArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub node: NodeArgs,
    /// Print one frame as text, and end.
    #[arg(long)]
    pub once: bool,
    /// Print what a frame is drawn from as one JSON object, and end.
    #[arg(long, conflicts_with = "once")]
    pub json: bool,
}

/// Shows the node until the viewer has seen enough.
///
/// # Errors
/// [`Failure`] if there is no terminal, or with `--once` or `--json` no node.
pub fn run(args: &TopArgs) -> Result<(), Failure> {
    let mut state = State::new(args.node.address()?);
    if args.json {
        return say_json(&json(&ask(&args.node)?));
    }
    if args.once {
        return once(args, &mut state);
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::refused(
            "this is no terminal: copmesh top --once prints one frame as text, --json as JSON",
        ));
    }
    let mut terminal = ratatui::try_init().map_err(|e| Failure::failed(format!("the terminal: {e}")))?;
    let outcome = watch(args, &mut state, &mut terminal);
    ratatui::restore();
    outcome.map_err(|e| Failure::failed(format!("the terminal: {e}")))
}

/// The node's answers as they are, and the latency that its metrics tell.
fn json(answer: &Answer) -> Value {
    json!({ "status": answer.status, "picture": answer.picture, "latency_p99_s": answer.latency_s })
}

fn once(args: &TopArgs, state: &mut State) -> Result<(), Failure> {
    state.take(Ok(ask(&args.node)?));
    let is_terminal = std::io::stdout().is_terminal();
    let (width, height) = ratatui::crossterm::terminal::size().ok().filter(|_| is_terminal).unwrap_or(SIZE);
    say(view::text(&view::view(state, Rect::new(0, 0, width, height))))
}

/// Asks once a period, draws after each answer and each key.
fn watch(args: &TopArgs, state: &mut State, terminal: &mut DefaultTerminal) -> std::io::Result<()> {
    let clock = Clock::start();
    let mut asked: Option<Monotonic> = None;
    loop {
        terminal.draw(|frame| {
            let drawn = view::view(state, frame.area());
            frame.buffer_mut().merge(&drawn);
        })?;
        let waited = asked.map_or(PERIOD, |asked| clock.now().monotonic.since(asked));
        if waited >= PERIOD {
            state.take(ask(&args.node).map_err(|failure| failure.message));
            asked = Some(clock.now().monotonic);
        } else if event::poll(PERIOD.saturating_sub(waited))?
            && let Event::Key(key) = event::read()?
            && state.press(key) == Next::Quit
        {
            return Ok(());
        }
    }
}

fn ask(node: &NodeArgs) -> Result<Answer, Failure> {
    let metrics = node.ask("/metrics").ok();
    let latency_s = metrics.and_then(|text| latency(&String::from_utf8_lossy(&text)));
    Ok(Answer { status: node.ask_json("/status.json")?, picture: node.ask_json("/picture.json")?, latency_s })
}

/// Among the node's metrics, the latency that 99 of 100 changes of the picture stay below.
fn latency(metrics: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.contains("fusion_latency_seconds{") && line.contains("\"0.99\""))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
