//! `copmesh score`: how good are these tracks against this truth?

use super::{Failure, ScoreArgs, say, say_json};
use crate::score::{self, Cut, Dimensions, Order, Params};

/// Scores two files and prints the table.
///
/// # Errors
/// [`Failure`] with the file, the line and the remedy.
pub fn run(args: &ScoreArgs) -> Result<(), Failure> {
    let params = params(args)?;
    let summary = score::files(&args.tracks, &args.truth, params).map_err(Failure::refused)?;
    if args.json { say_json(&summary) } else { say(summary) }
}

fn params(args: &ScoreArgs) -> Result<Params, Failure> {
    let order = u8::try_from(args.order)
        .ok()
        .and_then(Order::new)
        .ok_or_else(|| Failure::refused(format!("--order {}: choose 1 to {}", args.order, score::ORDER_MAX)))?;
    let cut = Cut { order, cutoff_m: args.cutoff };
    let dimensions = if args.three_d { Dimensions::Spatial } else { Dimensions::Horizontal };
    let switch_m = args.switch.unwrap_or(score::SWITCH_SHARE * args.cutoff);
    let (gate_m, interval_s) = (args.cutoff, args.every);
    Ok(Params { dimensions, gospa: cut, switch_m, ospa: cut, gate_m, interval_s, ..Params::default() })
}
