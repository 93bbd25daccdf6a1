//! What is asked for on the command line.

use std::path::PathBuf;
use std::str::FromStr;

pub const HELP: &str = "usage: cargo bench -p tests --bench peers -- [TABLE]... [OPTION]...

Prints figures of copmesh beside those of its peers. TABLE, all without one:
  marginals     exact association: time, difference to pyehm and to brute force, allocations
  scans         whole scans over five scenarios: GOSPA, identity, time, beside Stone Soup
  williams      the published crossing of four targets
  late          late scans: the same bits within the buffer, what is lost beyond it
  growth        time per scan from 50 to 10 000 targets at constant density
  day           a whole node over 24 h: memory and time of its calls, hour by hour
  instructions  instructions per detection at 200 targets and four sensors, counted by callgrind

OPTION:
  --matrices FILE   association problems from a file instead of our own: `case NAME TRACKS MEASUREMENTS`, then for
                    each track a line with its null weight and `j:w` for each measurement
  --scenarios LIST  some of s10, s50, s200, s1000, dense50, by commas
  --seeds N         seeds of each scenario, its own first (20)
  --trackers LIST   which of Stone Soup's: gnn, ehm2, pyehm, by commas (gnn); none: recorded figures only
  --peer-seeds N    how many of the seeds they track too (1; of s1000 each takes some five minutes)
  --runs N          runs of the published crossing (100)
  --peer-runs N     how many of them Stone Soup tracks too (5)
  --hours N         hours of the day (24)
  --json            one JSON array of tables instead of text

The peers are Python packages; tests/run installs them with the other oracles.";

const SCENARIOS: [&str; 5] = ["s10", "s50", "s200", "s1000", "dense50"];
const TRACKERS: [&str; 3] = ["gnn", "ehm2", "pyehm"];

/// What to show and how thoroughly.
pub struct Options {
    pub tables: Vec<String>,
    pub seeds: u64,
    pub peer_seeds: u64,
    pub scenarios: Vec<String>,
    pub trackers: Vec<String>,
    pub runs: u64,
    pub peer_runs: u64,
    pub matrices: Option<PathBuf>,
    pub hours: u32,
    pub json: bool,
}

/// What the program was started for.
pub enum Request {
    Tables(Options),
    /// Started by itself under callgrind.
    Work,
    Help,
}

/// Reads the arguments.
///
/// # Errors
/// What is wrong with them, in words.
pub fn parse(arguments: impl Iterator<Item = String>, tables: &[&str]) -> Result<Request, String> {
    let mut options = Options {
        tables: Vec::new(),
        seeds: 20,
        peer_seeds: 1,
        scenarios: SCENARIOS.map(str::to_owned).to_vec(),
        trackers: vec!["gnn".to_owned()],
        runs: 100,
        peer_runs: 5,
        matrices: None,
        hours: 24,
        json: false,
    };
    let mut rest = arguments;
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--help" | "-h" => return Ok(Request::Help),
            "--work" => return Ok(Request::Work),
            "--json" => options.json = true,
            "--hours" => options.hours = number(&argument, rest.next())?,
            "--seeds" => options.seeds = number(&argument, rest.next())?,
            "--peer-seeds" => options.peer_seeds = number(&argument, rest.next())?,
            "--runs" => options.runs = number(&argument, rest.next())?,
            "--peer-runs" => options.peer_runs = number(&argument, rest.next())?,
            "--scenarios" => options.scenarios = some_of(&SCENARIOS, &argument, rest.next())?,
            "--trackers" => options.trackers = some_of(&TRACKERS, &argument, rest.next())?,
            "--matrices" => options.matrices = Some(rest.next().ok_or("--matrices wants a file")?.into()),
            table if tables.contains(&table) => options.tables.push(argument),
            other => return Err(format!("there is no table and no option {other}")),
        }
    }
    Ok(Request::Tables(options))
}

fn number<T: FromStr>(option: &str, value: Option<String>) -> Result<T, String> {
    value.and_then(|text| text.parse().ok()).ok_or_else(|| format!("{option} wants a number"))
}

/// Names by commas, of those that there are; `none` stands for none.
fn some_of(known: &[&str], option: &str, list: Option<String>) -> Result<Vec<String>, String> {
    let list = list.ok_or_else(|| format!("{option} wants a list"))?;
    let names: Vec<String> = list.split(',').filter(|name| *name != "none").map(str::to_owned).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(format!("{option}: there is no {unknown}")),
        None => Ok(names),
    }
}
