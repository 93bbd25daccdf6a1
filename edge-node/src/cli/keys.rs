//! `copmesh keygen`, `enrol`, `renew`, `revoke`, `deny-list` and `keys`: a node's keys, from nothing to lost
//! (docs/KEYS.md). Nothing here needs a network: files are carried.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use fusion_core::time::Timestamp;

use super::answers::{DenyListTaken, Founded, Installed, Requested, Revoked, Signed, answer};
use super::{Failure, check, say, say_json};
use crate::clock::Clock;
use crate::config::{Config, KeysConfig};
use crate::keys::authority::Authority;
use crate::keys::files::{self, Readers};
use crate::keys::papers::{Bundle, Denied, Request};
use crate::keys::{self, Keys, KeysError, enrolment};

/// Where keys are, unless told otherwise: what is there is handed to the packaged service (systemd/copmesh.service).
pub(super) const KEYS: &str = "/etc/copmesh/keys";

/// Arguments of `keygen`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh keygen --out authority --mission exercise-24")]
pub struct KeygenArgs {
    /// A folder for the authority: made if it is not there, never overwritten. Keep it away from the mesh.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// What the authority is for.
    #[arg(long, value_name = "NAME", default_value = "mission")]
    pub mission: String,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `enrol`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh enrol request --name alpha --keys keys --out /media/usb/alpha.request      on the box
  copmesh enrol sign /media/usb/alpha.request --authority authority --name alpha --days 30 --out /media/usb/alpha.bundle
  copmesh enrol install /media/usb/alpha.bundle --keys keys                          on the box")]
pub struct EnrolArgs {
    /// Which of the steps.
    #[command(subcommand)]
    pub step: Step,
    /// Print one JSON object instead of words.
    #[arg(long, global = true)]
    pub json: bool,
}

/// The steps of enrolment.
#[derive(Debug, Subcommand)]
pub enum Step {
    /// On the box: make its keys, which never leave it, and a request to carry to the authority.
    Request(RequestArgs),
    /// At the authority: sign a request.
    Sign(SignArgs),
    /// On the box: check the answer against its keys and install it.
    Install(InstallArgs),
}

/// Arguments of `enrol request`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh enrol request --name alpha --keys keys --out /media/usb/alpha.request")]
pub struct RequestArgs {
    /// The node's name, as in `node.name`.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// The folder for the keys.
    #[arg(long, value_name = "FOLDER", default_value = KEYS)]
    pub keys: PathBuf,
    /// The request to carry to the authority.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `enrol sign`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh enrol sign /media/usb/alpha.request --authority authority --name alpha --out /media/usb/alpha.bundle")]
pub struct SignArgs {
    /// The request.
    #[arg(value_name = "FILE")]
    pub request: PathBuf,
    /// The authority's folder.
    #[arg(long, value_name = "FOLDER")]
    pub authority: PathBuf,
    /// Whom you mean to enrol: a request of another name is refused.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// For how long.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub days: u32,
    /// From this day on, YYYY-MM-DD, instead of from now: for an exercise to come.
    #[arg(long, value_name = "DATE", value_parser = super::replay::parse_date)]
    pub from: Option<Timestamp>,
    /// The answer to carry to the box.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `enrol install`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh enrol install /media/usb/alpha.bundle --keys keys")]
pub struct InstallArgs {
    /// The authority's answer.
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,
    /// The folder where the request was made.
    #[arg(long, value_name = "FOLDER", default_value = KEYS)]
    pub keys: PathBuf,
}

/// Arguments of `renew`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh renew --out /media/usb/alpha.request       then enrol sign and enrol install, as at first;
  systemctl restart copmesh                          the packaged service reads its keys when it starts")]
pub struct RenewArgs {
    /// The folder with the keys.
    #[arg(long, value_name = "FOLDER", default_value = KEYS)]
    pub keys: PathBuf,
    /// Make new keys, too.
    #[arg(long)]
    pub new_keys: bool,
    /// The request to carry to the authority.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `revoke`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh revoke bravo --authority authority --out /media/usb/deny-list.toml")]
pub struct RevokeArgs {
    /// The node's name: it is never given again.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The authority's folder.
    #[arg(long, value_name = "FOLDER")]
    pub authority: PathBuf,
    /// The deny-list to carry to the boxes.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `deny-list`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh deny-list install /media/usb/deny-list.toml")]
pub struct DenyListArgs {
    /// What to do with one.
    #[command(subcommand)]
    pub step: DenyListStep,
    /// Print one JSON object instead of words.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What can be done with a deny-list.
#[derive(Debug, Subcommand)]
pub enum DenyListStep {
    /// Take it over, if it is newer than the one here.
    ///
    /// A running node that reads its keys there notices within seconds; the packaged service is handed them when it
    /// starts: systemctl restart copmesh. A list that the mesh brings counts at once.
    Install(DenyListInstallArgs),
}

/// Arguments of `deny-list install`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh deny-list install /media/usb/deny-list.toml --keys keys")]
pub struct DenyListInstallArgs {
    /// The deny-list.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The folder with the keys.
    #[arg(long, value_name = "FOLDER", default_value = KEYS)]
    pub keys: PathBuf,
}

/// Arguments of `keys`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  copmesh keys --json | jq .days_left")]
pub struct KeysArgs {
    /// The folder with the keys.
    #[arg(long, value_name = "FOLDER", default_value = KEYS)]
    pub keys: PathBuf,
    /// Those that this configuration names.
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    pub config: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn now() -> Timestamp {
    Clock::start().now().validity
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    files::read(path, Readers::All).map_err(refused)
}

fn write_new(path: &Path, content: &impl serde::Serialize) -> Result<(), Failure> {
    files::write_new(path, content, Readers::All).map_err(refused)
}

fn refused(e: KeysError) -> Failure {
    Failure::refused(e)
}

/// Makes an authority.
///
/// # Errors
/// [`Failure`] if there is one there already.
pub fn keygen(args: &KeygenArgs) -> Result<(), Failure> {
    let authority = Authority::create(&args.out, &args.mission, now()).map_err(refused)?;
    let (authority, mission) = (authority.id().to_string(), authority.mission().to_owned());
    answer(&Founded { authority, mission, folder: text(&args.out) }, args.json)
}

/// One of the steps of enrolment.
///
/// # Errors
/// [`Failure`] with what does not fit, and what helps.
pub fn enrol(args: &EnrolArgs) -> Result<(), Failure> {
    let json = args.json;
    match &args.step {
        Step::Request(args) => {
            free(&args.out)?;
            let request = enrolment::request(&args.keys, &args.name).map_err(refused)?;
            answer(&requested(&args.out, request)?, json)
        }
        Step::Sign(args) => answer(&sign(args)?, json),
        Step::Install(args) => answer(&install(args)?, json),
    }
}

/// Asks for another certificate.
///
/// # Errors
/// [`Failure`] if no keys are installed.
pub fn renew(args: &RenewArgs) -> Result<(), Failure> {
    free(&args.out)?;
    let request = enrolment::renew(&args.keys, args.new_keys).map_err(refused)?;
    answer(&requested(&args.out, request)?, args.json)
}

/// Before keys are made that would wait for an answer to nothing.
fn free(out: &Path) -> Result<(), Failure> {
    if out.exists() { Err(refused(KeysError::There(out.to_owned()))) } else { Ok(()) }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn absolute(folder: &Path) -> String {
    text(&std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()))
}

fn requested(out: &Path, request: Request) -> Result<Requested, Failure> {
    write_new(out, &request)?;
    Ok(Requested { file: text(out), name: request.name })
}

fn sign(args: &SignArgs) -> Result<Signed, Failure> {
    free(&args.out)?;
    let request: Request = read(&args.request)?;
    if request.name != args.name {
        let (file, name, wanted) = (args.request.display(), &request.name, &args.name);
        return Err(Failure::refused(format!("{file} is of {name}, not of {wanted}: which do you mean to enrol?")));
    }
    let authority = Authority::open(&args.authority).map_err(refused)?;
    let (bundle, passport) = authority.sign(&request, args.days, args.from.unwrap_or_else(now)).map_err(refused)?;
    write_new(&args.out, &bundle)?;
    let key = passport.key_id().to_string();
    Ok(Signed { file: text(&args.out), name: args.name.clone(), key, days: args.days })
}

fn install(args: &InstallArgs) -> Result<Installed, Failure> {
    let bundle: Bundle = read(&args.bundle)?;
    let keys = enrolment::install(&args.keys, bundle, now()).map_err(refused)?;
    let days_left = keys.health(now(), 0).days_left;
    let directory = absolute(&args.keys);
    let (name, authority) = (keys.passport.name.to_string(), keys.authority_id().to_string());
    Ok(Installed { name, authority, days_left, directory })
}

/// Denies a node.
///
/// # Errors
/// [`Failure`] if nobody of that name was enrolled.
pub fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    free(&args.out)?;
    let authority = Authority::open(&args.authority).map_err(refused)?;
    let list = authority.revoke(&args.name).map_err(refused)?;
    let denied: Denied = read(&authority.deny_list())?;
    write_new(&args.out, &denied)?;
    answer(&Revoked { file: text(&args.out), version: list.version, denied: list.denied().len() }, args.json)
}

/// Takes over a deny-list.
///
/// # Errors
/// [`Failure`] if it is not of this node's authority.
pub fn deny_list(args: &DenyListArgs) -> Result<(), Failure> {
    let json = args.json;
    let DenyListStep::Install(args) = &args.step;
    let denied: Denied = read(&args.file)?;
    let installed = enrolment::install_deny_list(&args.keys, &denied).map_err(refused)?;
    let version = Keys::read(&args.keys).map_err(refused)?.deny_list.version;
    answer(&DenyListTaken { version, installed, directory: absolute(&args.keys) }, json)
}

/// Tells what is installed.
///
/// # Errors
/// [`Failure`] if nothing is, or it cannot be used.
pub fn run(args: &KeysArgs) -> Result<(), Failure> {
    let (config, state) = match &args.config {
        Some(path) => of(check::read(path)?)?,
        None => (KeysConfig { directory: Some(args.keys.clone()), ..KeysConfig::default() }, None),
    };
    let keys = Keys::load(&config, state.as_deref()).map_err(refused)?;
    let health = keys.health(now(), config.warning_days);
    if args.json {
        return say_json(&health.json());
    }
    let denied = if health.denied.is_empty() { "nobody".to_owned() } else { health.denied.join(", ") };
    say(format_args!(
        "node       {}\nkey        {}\nauthority  {}\ndays left  {:.1}\ndeny-list  version {}: {denied}\n",
        health.name, health.key, health.authority, health.days_left, health.deny_list_version
    ))?;
    health.trouble.map_or(Ok(()), |trouble| say(format_args!("trouble    {trouble}\n")))
}

/// What a configuration says of keys, and where its node keeps its state.
fn of(config: Config) -> Result<(KeysConfig, Option<PathBuf>), Failure> {
    let keys = config.keys.ok_or_else(|| Failure::refused("the configuration names no [keys]"))?;
    Ok((by_hand(&keys), config.node.state_directory))
}

/// The same, as whoever looks by hand finds the keys: the copies that the service is handed are for it alone.
pub(super) fn by_hand(config: &KeysConfig) -> KeysConfig {
    let directory = keys::folder(config).unwrap_or_else(|_| KEYS.into());
    KeysConfig { directory: Some(directory), ..config.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_the_service_is_handed_are_looked_at_where_they_were_installed() {
        let handed = KeysConfig::default();
        assert_eq!(by_hand(&handed).directory.as_deref(), Some(Path::new(KEYS)));
        let named = KeysConfig { directory: Some("/srv/keys".into()), warning_days: 3, ..handed };
        assert_eq!(by_hand(&named), named);
    }
}
