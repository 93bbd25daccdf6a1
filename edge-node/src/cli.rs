//! The command line: what can be asked, and what each answer's exit code means.
//!
//! Exit codes: 0 done; 1 it went wrong while running; 2 the command, the configuration or an input file is refused.

pub mod annotate;
pub mod answers;
pub mod ask;
pub mod check;
pub mod cut;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod info;
pub mod journal;
pub mod keys;
pub mod live;
pub mod log;
pub mod manual;
pub mod outlet;
pub mod reload;
pub mod replay;
pub mod run;
pub mod score;
pub mod service;
pub mod sim;
pub mod status;
pub mod stop;
pub mod top;
pub mod tracks;
pub mod trail;

#[cfg(test)]
mod samples;

use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Tactical edge ISR fusion: sensors in, one shared picture out. Situational awareness only.
#[derive(Debug, Parser)]
#[command(name = "copmesh", version, about, after_help = EXAMPLES)]
pub struct Cli {
    /// More detail on standard error: -v for debug, -vv for trace.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "Examples:
  copmesh demo                                   sixty seconds of simulated sensors, scored against truth
  copmesh sim coast --out coast.mcap             a simulated coast as a recording
  copmesh check node.toml                        validate a configuration
  copmesh run --config node.toml                 run a node
  copmesh status                                 how its sensors and neighbours are doing
  copmesh doctor --config node.toml              what is amiss with it, and what helps
  copmesh top                                    all of it, as it changes
  copmesh tracks --watch                         its picture, again and again
  copmesh annotate TV0VV --affiliation hostile   say whose a track is
  copmesh export geojson --out picture.geojson   the same for a map
  copmesh replay long_flight.csv --fast --tracks tracks.jsonl
  copmesh info day.mcap                          what is in a recording
  copmesh score tracks.jsonl truth.jsonl
  copmesh trail demo.mcap --track icao:48AD01    why a track is what it is";

/// What copmesh can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a built-in scenario: simulated sensors send real wire bytes over loopback through the real drivers.
    Demo(DemoArgs),
    /// Simulate the sensors of a scenario: their bytes to sockets or into a recording, and the truth beside them.
    Sim(SimArgs),
    /// Run a node as configured, until Ctrl-C or SIGTERM.
    Run(RunArgs),
    /// Validate a configuration without running it.
    Check(CheckArgs),
    /// Replay recordings: our own MCAP, or Mode S CSV, NDJSON plots, .ast, .ff, .tlog, NMEA, pcap, .ts (each .gz too).
    Replay(ReplayArgs),
    /// Tell what is in recordings: form, span, sensors with counts and rates, configuration; whole or cut.
    Info(InfoArgs),
    /// Copy a part of a recording, with its configuration.
    Cut(CutArgs),
    /// Copy several recordings into one, by time of receipt.
    Merge(MergeArgs),
    /// Score a tracks file against truth: GOSPA, T-GOSPA, OSPA, SIAP, identity switches, NEES.
    Score(ScoreArgs),
    /// Say why: replay a recording and print each decision about a track or a sensor, and how far errors are as told.
    Trail(TrailArgs),
    /// Ask a running node how its sensors are doing.
    Status(StatusArgs),
    /// Look at clock, interfaces, ports, keys, disk, sensors and neighbours; say what helps where something is amiss.
    Doctor(doctor::DoctorArgs),
    /// Watch a running node in a terminal: sensors, mesh, tracks, load.
    Top(top::TopArgs),
    /// Ask a running node for its picture.
    Tracks(tracks::TracksArgs),
    /// Say of a track of a running node whose it is, or remark on it: all nodes that may see it are told who said so.
    Annotate(annotate::AnnotateArgs),
    /// Write a running node's picture for maps, tables and other programs: GeoJSON, KML, CSV.
    Export(export::ExportArgs),
    /// Tell what a node keeps for its next start: segments, rows by writer, damage, what a restart brings back.
    Journal(journal::JournalArgs),
    /// Make a mission's own authority: what signs the keys of its nodes.
    Keygen(keys::KeygenArgs),
    /// Give a node its keys, in three steps between the box and the authority.
    Enrol(keys::EnrolArgs),
    /// Ask for another certificate before this one expires; `enrol sign` and `enrol install` follow.
    Renew(keys::RenewArgs),
    /// At the authority: deny a node that was lost, for good.
    Revoke(keys::RevokeArgs),
    /// Take over a newer deny-list.
    DenyList(keys::DenyListArgs),
    /// Tell which keys are installed, whom they name, and when they expire.
    Keys(keys::KeysArgs),
    /// Print what a shell needs to complete commands.
    Completions(manual::CompletionsArgs),
    /// Print the manual, or write its pages to a folder.
    Man(manual::ManArgs),
}

/// Arguments of `status`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh status
  copmesh status --config node.toml              where that configuration serves its console
  copmesh status --json | jq '.sensors[] | select(.state != \"ok\")'")]
pub struct StatusArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub node: ask::NodeArgs,
    /// Print what the node answers, as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh demo --duration 30 --seed 7
  copmesh demo --scenario coast        another one; `copmesh sim --list` names them
  copmesh demo --nodes 4               four nodes, each with a part of the sensors; links are cut and healed
  copmesh demo --duration 0            until Ctrl-C; look at the console meanwhile
  copmesh demo --json > result.json    the final table as JSON")]
pub struct DemoArgs {
    /// A scenario that comes with the program, or a file (docs/SCENARIOS.md).
    #[arg(long, default_value = "demo", value_name = "NAME|FILE")]
    pub scenario: String,
    /// How many nodes share the sensors; with several, links between them are cut and healed on a schedule.
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..))]
    pub nodes: u8,
    /// How long to run, seconds; 0 runs until Ctrl-C.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub duration: u32,
    /// Seed of all chance: the same seed gives the same bytes. The scenario's own, if not told.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Print the result as one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Address and port of the console page; port 0 takes a free one. With several nodes, of a page with the consoles
    /// of all, which are on the ports behind it.
    #[arg(long, default_value = "127.0.0.1:8477", value_name = "ADDRESS:PORT")]
    pub console: String,
    /// zenoh endpoint to publish on, of the first node; `none` publishes nothing.
    #[arg(long, default_value = "tcp/127.0.0.1:7447", value_name = "ENDPOINT")]
    pub zenoh: String,
    /// Tell the picture in Cursor on Target there (docs/CONFIG.md): tcp-listen://0.0.0.0:8087 for handhelds. Every
    /// event says that it is simulated. With several nodes, the first one tells.
    #[arg(long, value_name = "ENDPOINT")]
    pub tak: Option<String>,
    /// Record what the sensors sent to this MCAP file.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write the truth as JSON lines, for `copmesh score`.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Write every picture update as JSON lines, for `copmesh score`.
    #[arg(long, value_name = "FILE")]
    pub tracks: Option<PathBuf>,
}

/// Arguments of `sim`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh sim --list                                       the scenarios that come with the program
  copmesh sim airfield --out airfield.mcap --truth truth.jsonl && copmesh replay airfield.mcap
  copmesh sim my.toml --to radar=udp://10.0.0.7:8600 --to adsb=tcp://0.0.0.0:30005
  copmesh sim border --out border.mcap --seed 7 --duration 60

Where a sensor's bytes go:
  udp://HOST:PORT             a datagram each, to a node or a multicast group
  tcp://HOST:PORT             as a client: connects there, again and again until somebody listens
  tcp-listen://ADDRESS:PORT   as a server: to whoever connects, as ADS-B receivers serve it")]
pub struct SimArgs {
    /// A scenario that comes with the program, or a file (docs/SCENARIOS.md).
    #[arg(value_name = "NAME|FILE", required_unless_present = "list")]
    pub scenario: Option<String>,
    /// List the scenarios that come with the program.
    #[arg(long)]
    pub list: bool,
    /// Print the text of the scenario, as an example to start from.
    #[arg(long, conflicts_with_all = ["out", "to", "truth"])]
    pub print: bool,
    /// Seed of all chance: the same seed gives the same bytes. The scenario's own, if not told.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Stop after so many seconds of the scenario.
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<f64>,
    /// Times real time. The default is 1 to sockets, and as fast as it goes where only files are written.
    #[arg(long, value_name = "FACTOR", conflicts_with = "fast")]
    pub speed: Option<f64>,
    /// As fast as the machine goes, to sockets too.
    #[arg(long)]
    pub fast: bool,
    /// Write a recording with its configuration, for `copmesh replay`.
    #[arg(long, value_name = "FILE.mcap")]
    pub out: Option<PathBuf>,
    /// Write the truth as JSON lines, for `copmesh score`.
    #[arg(long, value_name = "FILE.jsonl")]
    pub truth: Option<PathBuf>,
    /// Where a sensor's bytes go; wins over the scenario's `endpoint`. May be given for several sensors.
    #[arg(long, value_name = "SENSOR=ENDPOINT")]
    pub to: Vec<String>,
    /// Print the result as one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh run --config node.toml -v")]
pub struct RunArgs {
    /// The configuration (docs/CONFIG.md).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Arguments of `check`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh check node.toml && echo good")]
pub struct CheckArgs {
    /// The configuration (docs/CONFIG.md).
    #[arg(value_name = "FILE")]
    pub config: PathBuf,
    /// Print the configuration with all defaults filled in.
    #[arg(long)]
    pub print: bool,
    /// Print one JSON object instead of words; with --print, the configuration as one.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `replay`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh replay demo.mcap                               at the speed it was recorded, with the console
  copmesh replay long_flight.csv --fast --tracks t.jsonl as fast as it goes
  copmesh replay long_flight.csv --fast --blind          addresses hidden from association, then compared with
  copmesh replay radar.pcap --config node.toml --rate 10
  copmesh replay lan.pcap --port 8600 --fast             one port of a capture of several sensors
  copmesh replay flight.ts --fast                        what a drone's video tracker found
  copmesh replay day.mcap --to adsb=tcp-listen://127.0.0.1:30005 --to radar=udp://239.1.1.1:8600 --speed 4
  copmesh replay day.mcap --deterministic --tracks t.jsonl   same input, same bytes, on every machine")]
pub struct ReplayArgs {
    /// Recordings; several are merged by time of receipt.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Configuration to use instead of the one in the recording; imported forms use its first sensor of their kind.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Send a sensor's bytes there instead of into a node: udp://HOST:PORT, tcp://HOST:PORT, tcp-listen://ADDRESS:PORT
    /// or pty. May be given for several sensors.
    #[arg(long, value_name = "SENSOR=ENDPOINT")]
    #[arg(conflicts_with_all = ["deterministic", "tracks", "again", "console", "zenoh"])]
    pub to: Vec<String>,
    /// Times the recorded speed.
    #[arg(long, visible_alias = "speed", default_value_t = 1.0, value_name = "FACTOR", conflicts_with = "fast")]
    pub rate: f64,
    /// As fast as the machine goes.
    #[arg(long)]
    pub fast: bool,
    /// Skip so many seconds of the recording.
    #[arg(long, default_value_t = 0.0, value_name = "SECONDS")]
    pub start: f64,
    /// Stop at so many seconds of the recording.
    #[arg(long, value_name = "SECONDS")]
    pub end: Option<f64>,
    /// Begin again at the end, until Ctrl-C.
    #[arg(long = "loop", conflicts_with = "deterministic")]
    pub again: bool,
    /// Nothing but the input may matter: implies --fast, no console, no zenoh; with --tracks, prints their hash.
    #[arg(long)]
    pub deterministic: bool,
    /// Hide addresses from association, then compare tracks with them.
    #[arg(long)]
    pub blind: bool,
    /// Write every picture update as JSON lines (docs/FORMATS.md).
    #[arg(long, value_name = "FILE")]
    pub tracks: Option<PathBuf>,
    /// What an imported recording does not tell.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Address and port of the console page; `none` serves none. With --fast the default is none.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub console: Option<String>,
    /// zenoh endpoint to publish on. The default is not to publish.
    #[arg(long, value_name = "ENDPOINT")]
    pub zenoh: Option<String>,
    /// Tell the picture, as a replay, to the way out to TAK of this name in the configuration. May be given for
    /// several. The default is to tell nobody: those who look at the present there did not ask for the past.
    #[arg(long, value_name = "NAME", conflicts_with = "deterministic")]
    pub tak: Vec<String>,
    /// Likewise to the way out as ASTERIX of this name.
    #[arg(long, value_name = "NAME", conflicts_with = "deterministic")]
    pub cat062: Vec<String>,
    /// Likewise to the way out to SAPIENT of this name.
    #[arg(long, value_name = "NAME", conflicts_with = "deterministic")]
    pub sapient: Vec<String>,
    /// Print the result as one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What has to be told of recordings of others' forms.
#[derive(Args, Clone, Copy, Debug)]
pub struct ImportArgs {
    /// Of captures, only the datagrams to this port.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// The day of recordings that only hold times of day, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", default_value = "1970-01-01", value_parser = replay::parse_date)]
    pub date: fusion_core::time::Timestamp,
}

/// Arguments of `info`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh info day.mcap day-2.mcap
  copmesh info radar.ast --date 2024-06-01
  copmesh info lan.pcap --port 8600                  what was sent to one port
  copmesh info flight.ts                             the metadata of a drone's video
  copmesh info day.mcap --show-config
  copmesh info *.mcap --json | jq '.[] | select(.whole | not) | .file'")]
pub struct InfoArgs {
    /// Recordings, of any form that can be replayed.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the configuration that is in each, too.
    #[arg(long, conflicts_with = "json")]
    pub show_config: bool,
    /// What an imported recording does not tell.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Print a JSON list with one object for each file; the configuration is in it.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `cut`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh cut day.mcap --from 2024-06-01T10:00:00Z --to 2024-06-01T10:05:00Z --out five.mcap
  copmesh cut day.mcap --from +3600 --to +3660 --out minute.mcap
  copmesh cut radar.pcap --config node.toml --out radar.mcap     an import as a recording of our own")]
pub struct CutArgs {
    /// The recording, of any form that can be replayed.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What was received from here on: RFC 3339, or +SECONDS after the first entry.
    #[arg(long, value_name = "TIME", value_parser = cut::parse_moment)]
    pub from: Option<cut::Moment>,
    /// What was received before this.
    #[arg(long, value_name = "TIME", value_parser = cut::parse_moment)]
    pub to: Option<cut::Moment>,
    /// The new recording, MCAP. A file that is there is not written over.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Configuration to use and keep instead of the one in the recording.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What an imported recording does not tell.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `merge`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh merge day.mcap day-2.mcap day-3.mcap --out day-whole.mcap
  copmesh merge radar.mcap flights.csv --out both.mcap
  copmesh merge lan.pcap --port 8600 --out radar.mcap

Sensors of one name are one sensor; where two recordings declare it differently, tell by --config how it is.")]
pub struct MergeArgs {
    /// Recordings, of any form that can be replayed.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The new recording, MCAP. A file that is there is not written over.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Configuration to use and keep instead of those in the recordings.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What an imported recording does not tell.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `score`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh score tracks.jsonl truth.jsonl
  copmesh score tracks.jsonl truth.jsonl --cutoff 200 --json")]
pub struct ScoreArgs {
    /// Tracks, as written by `copmesh replay --tracks`.
    pub tracks: PathBuf,
    /// Truth: JSON lines with time_ns, id, lat_deg, lon_deg, height_m.
    pub truth: PathBuf,
    /// Cut-off distance c of GOSPA, T-GOSPA and OSPA, metres.
    #[arg(long, default_value_t = 100.0, value_name = "METRES")]
    pub cutoff: f64,
    /// Order p of GOSPA, T-GOSPA and OSPA.
    #[arg(long, default_value_t = 2)]
    pub order: u32,
    /// What a change of track number costs in T-GOSPA, metres [default: a fifth of the cut-off].
    #[arg(long, value_name = "METRES")]
    pub switch: Option<f64>,
    /// Time between two scorings, seconds.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS")]
    pub every: f64,
    /// Score in three dimensions instead of on the ground plane.
    #[arg(long)]
    pub three_d: bool,
    /// Print the result as one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `trail`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh trail demo.mcap                                   the last 100 decisions, and the consistency of each sensor
  copmesh trail demo.mcap --track TV0VV                     a track by the name that the map shows
  copmesh trail demo.mcap --track icao:48AD01 --last 1000   by an address that it transmits
  copmesh trail demo.mcap --track 081d31eeee800003          by its number: the end of the id in tracks files
  copmesh trail radar.pcap --config node.toml --sensor radar-n --json

A line reads: when, whose plot, which plot of the scan, and what became of it:
  12:03:04.120  radar-n  plot 17    refused by track 081d31eeee800003: 6.2 sigma away, gate 3.9")]
pub struct TrailArgs {
    /// Recordings; several are merged by time of receipt.
    #[arg(required = true, value_name = "RECORDING")]
    pub files: Vec<PathBuf>,
    /// Configuration to use instead of the one in the recording; imported forms use its first sensor of their kind.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only what concerns this track: its name, number or id, or an address that it transmits.
    #[arg(long, value_name = "NAME|NUMBER|ADDRESS")]
    pub track: Option<String>,
    /// Only what this sensor gave rise to.
    #[arg(long, value_name = "NAME")]
    pub sensor: Option<String>,
    /// Only so many decisions, the latest.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    pub last: usize,
    /// What an imported recording does not tell.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Print one JSON object instead of lines and tables.
    #[arg(long)]
    pub json: bool,
}

/// Why a command ended without doing what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// What to say.
    pub message: String,
    /// What to return to the shell.
    pub code: u8,
}

impl Failure {
    /// The command or its input is refused.
    #[must_use]
    pub fn refused(message: impl ToString) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// Something went wrong while running.
    #[must_use]
    pub fn failed(message: impl ToString) -> Self {
        Self { message: message.to_string(), code: 1 }
    }
}

/// Does what the command line asks.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = log::Log::start(cli.verbose, matches!(cli.command, Command::Run(_)));
    let outcome = match &cli.command {
        Command::Demo(args) => demo::run(args),
        Command::Sim(args) => sim::run(args),
        Command::Run(args) => run::run(args, log),
        Command::Check(args) => check::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Info(args) => info::run(args),
        Command::Cut(args) => cut::run(args),
        Command::Merge(args) => cut::merge(args),
        Command::Score(args) => score::run(args),
        Command::Status(args) => status::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Top(args) => top::run(args),
        Command::Tracks(args) => tracks::run(args),
        Command::Annotate(args) => annotate::run(args),
        Command::Export(args) => export::run(args),
        Command::Journal(args) => journal::run(args),
        Command::Keygen(args) => keys::keygen(args),
        Command::Enrol(args) => keys::enrol(args),
        Command::Renew(args) => keys::renew(args),
        Command::Revoke(args) => keys::revoke(args),
        Command::DenyList(args) => keys::deny_list(args),
        Command::Keys(args) => keys::run(args),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::run(args),
        Command::Trail(args) => trail::run(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { message, code }) => {
            log::last_words(message);
            ExitCode::from(code)
        }
    }
}

/// Prints a result. Whoever closes the pipe early has read enough: that is no failure.
///
/// # Errors
/// [`Failure`] if standard output cannot be written for another reason.
pub fn say(text: impl core::fmt::Display) -> Result<(), Failure> {
    match std::io::stdout().lock().write_fmt(format_args!("{text}")) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(format!("standard output: {e}"))),
        _ => Ok(()),
    }
}

/// Prints a result as one JSON object.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub fn say_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    say(format_args!("{text}\n"))
}

/// Whether what is written there may have colours: someone sees it, and has not said that they want none
/// (`NO_COLOR`).
pub fn wants_colours(output: &impl IsTerminal) -> bool {
    output.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
