//! `copmesh doctor`: looks at whatever a node needs, and says of each thing that is amiss what helps.
//!
//! Looks only: nothing is written, no port is kept, no sensor's line is opened that a running node may hold.

pub mod findings;
pub mod machine;
pub mod network;
pub mod papers;
pub mod running;
pub mod ways_out;

use std::path::{Path, PathBuf};

use clap::Args;
use fusion_core::time::Timestamp;
use serde_json::{Value, json};

use super::ask::NodeArgs;
use super::keys::by_hand;
use super::{Failure, check, say, say_json, wants_colours};
use crate::clock::Clock;
use crate::config::{Config, KeysConfig};
use crate::keys::Keys;
use findings::{Finding, State};
use machine::{ClockKeeper, Interface};

/// Where a node serves its console unless told otherwise.
const CONSOLE: &str = "127.0.0.1:8477";

/// Arguments of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh doctor                                 this machine, and the node that runs on it
  copmesh doctor --config node.toml              what that configuration needs, too: ports, receivers, keys, disk
  copmesh doctor --config node.toml --json | jq '.findings[] | select(.state == \"failing\")'

Exit codes: 0 nothing fails, 1 something does; what is doubtful may be so for good reason.")]
pub struct DoctorArgs {
    /// The configuration whose needs are looked at.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the running node serves its console [default: as configured, else 127.0.0.1:8477].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub console: Option<String>,
    /// Print the findings as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Looks at everything, and prints it.
///
/// # Errors
/// [`Failure`] if anything fails.
pub fn run(args: &DoctorArgs) -> Result<(), Failure> {
    let findings = look(args)?;
    let failing = findings::count(&findings, State::Failing);
    if args.json {
        let all: Vec<Value> = findings.iter().map(Finding::json).collect();
        say_json(&json!({ "well": failing == 0, "findings": all }))?;
    } else {
        say(findings::table(&findings, wants_colours(&std::io::stdout())))?;
    }
    if failing == 0 { Ok(()) } else { Err(Failure::failed(format!("{failing} of {} fail", findings.len()))) }
}

fn look(args: &DoctorArgs) -> Result<Vec<Finding>, Failure> {
    let now = Clock::start().now().validity;
    let mut findings = vec![machine::clock(now, ClockKeeper::of_this_machine())];
    findings.extend(machine::interfaces(&Interface::of_this_machine()));
    let (config, finding) = configuration(args);
    findings.push(finding);
    let (status, finding) = node(args, config.as_ref());
    findings.push(finding);
    if let Some(config) = &config {
        findings.extend(needs(config, status.as_ref(), now)?);
    }
    findings.extend(status.as_ref().map(running::findings).unwrap_or_default());
    Ok(findings)
}

fn configuration(args: &DoctorArgs) -> (Option<Config>, Finding) {
    let what = "configuration";
    let Some(path) = &args.config else {
        return (None, Finding::skipped(what, "none told: with --config FILE, its ports, keys and disk are looked at"));
    };
    match check::read(path) {
        Ok(config) => {
            let text = format!("{}: sound, {} sensor(s)", path.display(), config.sensors.len());
            (Some(config), Finding::well(what, text))
        }
        Err(failure) => {
            let remedy = format!("mend it, then copmesh check {}", path.display());
            (None, Finding::failing(what, failure.message.trim_end(), remedy))
        }
    }
}

/// What the running node answers, if one does.
fn node(args: &DoctorArgs, config: Option<&Config>) -> (Option<Value>, Finding) {
    let configured = || config.map_or_else(|| CONSOLE.to_owned(), |config| config.console.listen.clone());
    let console = args.console.clone().unwrap_or_else(configured);
    if args.console.is_none() && config.is_some_and(|config| !config.console.enabled) {
        return (None, Finding::skipped("node", "console.enabled is false, so it answers nobody"));
    }
    match (NodeArgs { console: console.clone(), config: None }).ask_json("/status.json") {
        Ok(status) => {
            let finding = answered(&status, &console, config);
            (Some(status), finding)
        }
        // Who looks at a machine before the first start finds no fault in that.
        Err(_) => {
            let text = format!("none answers at {console}: its sensors and neighbours are not looked at");
            (None, Finding::doubtful("node", text, "copmesh run --config node.toml, or systemctl status copmesh"))
        }
    }
}

fn answered(status: &Value, console: &str, config: Option<&Config>) -> Finding {
    let name = status["node"].as_str().unwrap_or("?");
    let mode = status["mode"].as_str().unwrap_or("?");
    match config.filter(|config| config.node.name != name) {
        Some(config) => Finding::failing(
            "node",
            format!("\"{name}\" answers at {console}, the configuration is of \"{}\"", config.node.name),
            "give each node of this machine a console.listen of its own",
        ),
        None => Finding::well("node", format!("\"{name}\" answers at {console}: {mode}, {} tracks", status["tracks"])),
    }
}

/// What a configuration needs of this machine.
fn needs(config: &Config, status: Option<&Value>, now: Timestamp) -> Result<Vec<Finding>, Failure> {
    let status = status.filter(|status| status["node"].as_str() == Some(config.node.name.as_str()));
    let sensors = status.into_iter().flat_map(|status| status["sensors"].as_array()).flatten();
    let held: Vec<String> = sensors.filter_map(|sensor| sensor["name"].as_str().map(str::to_owned)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    let mut findings = network::own_ports(config, status.is_some());
    let (sensors, outlets) =
        runtime.block_on(async { tokio::join!(network::sensors(config, &held), ways_out::look(config, status)) });
    // Whoever still asks for an address was given up on.
    runtime.shutdown_background();
    findings.extend(sensors.into_iter().chain(outlets));
    findings.extend(papers::look(config, now));
    let state = config.node.state_directory.as_deref();
    findings.push(config.keys.as_ref().map_or_else(no_keys, |config| keys(config, state, now)));
    findings.extend(machine::disk(config));
    Ok(findings)
}

fn no_keys() -> Finding {
    Finding::skipped("keys", "the configuration names none")
}

fn keys(config: &KeysConfig, state: Option<&Path>, now: Timestamp) -> Finding {
    let keys = match Keys::load(&by_hand(config), state) {
        Ok(keys) => keys,
        Err(e) => return Finding::failing("keys", e.to_string(), "copmesh enrol (docs/KEYS.md)"),
    };
    let remedy = "copmesh renew, then enrol sign and enrol install (docs/KEYS.md)";
    let health = keys.health(now, config.warning_days);
    match (keys.check(now), health.trouble) {
        (Err(e), _) => Finding::failing("keys", e.to_string(), remedy),
        (Ok(()), Some(trouble)) => Finding::doubtful("keys", trouble, remedy),
        (Ok(()), None) => Finding::well("keys", format!("of {}, {:.0} days left", health.name, health.days_left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";

    fn args(config: Option<PathBuf>) -> DoctorArgs {
        DoctorArgs { config, console: Some("127.0.0.1:1".into()), json: false }
    }

    #[test]
    fn whatever_is_amiss_has_a_remedy() {
        for finding in look(&args(None)).expect("looked at") {
            let is_amiss = matches!(finding.state, State::Doubtful | State::Failing);
            assert_eq!(finding.remedy.is_some(), is_amiss, "{finding:?}");
        }
    }

    #[test]
    fn a_configuration_that_cannot_be_read_fails_and_the_machine_is_looked_at_all_the_same() {
        let findings = look(&args(Some("/not/there.toml".into()))).expect("looked at");
        let of = |what: &str| findings.iter().find(|finding| finding.what == what).map(|finding| finding.state);
        assert_eq!(of("configuration"), Some(State::Failing));
        assert!(of("clock").is_some() && of("node") == Some(State::Doubtful));
    }

    #[test]
    fn a_node_of_another_name_is_not_taken_for_this_one() {
        let config = Config::parse(NODE).expect("valid");
        let state = |name: &str| answered(&json!({ "node": name }), CONSOLE, Some(&config)).state;
        assert_eq!((state("alpha"), state("bravo")), (State::Well, State::Failing));
    }

    #[test]
    fn keys_that_are_not_there_fail_with_where_to_get_them() {
        let config = KeysConfig { directory: Some("/not/there".into()), ..KeysConfig::default() };
        let finding = keys(&config, None, Timestamp::from_secs(1_800_000_000));
        assert!(finding.state == State::Failing && finding.text.contains("enrol"), "{finding:?}");
    }
}
