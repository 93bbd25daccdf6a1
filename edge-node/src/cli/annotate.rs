//! `copmesh annotate`: what a person says of a track, to a running node.

use clap::Args;
use clap::builder::PossibleValuesParser;
use fusion_core::identity::Affiliation;
use serde_json::json;

use super::answers::{Annotated, answer};
use super::{Failure, ask};
use crate::words;

/// Arguments of `annotate`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh annotate TV0VV --affiliation hostile --remark \"turned off its transponder\"
  copmesh annotate TV0VV --remark \"\"                 take back what was remarked
  copmesh annotate TV0VV --remark seen --by \"mast 2\"")]
pub struct AnnotateArgs {
    /// The track: its name, as the map shows it, or its id.
    #[arg(value_name = "TRACK")]
    pub track: String,
    /// Whose it is.
    #[arg(long, value_name = "WHOSE")]
    #[arg(value_parser = PossibleValuesParser::new(Affiliation::ALL.map(words::affiliation)))]
    #[arg(required_unless_present = "remark")]
    pub affiliation: Option<String>,
    /// What there is to say of it: one line of up to 120 octets; an empty one takes back what was said.
    #[arg(long, value_name = "TEXT")]
    pub remark: Option<String>,
    /// Who says so.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Whom to tell.
    #[command(flatten)]
    pub node: ask::NodeArgs,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub json: bool,
}

/// Tells a node.
///
/// # Errors
/// [`Failure`] if it does not answer, or refuses: with why.
pub fn run(args: &AnnotateArgs) -> Result<(), Failure> {
    let AnnotateArgs { track, affiliation, remark, by, node, json } = args;
    let told = json!({ "track": track, "affiliation": affiliation, "remark": remark, "by": by });
    let said = node.send_json("/annotations", &told)?;
    let said: serde_json::Value = serde_json::from_slice(&said).map_err(Failure::failed)?;
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    answer(&Annotated { console: node.address()?, track: text("track"), who: text("who") }, *json)
}
