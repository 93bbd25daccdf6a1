//! What commands that do something answer: to people in words, to programs as one JSON object with the same facts.
//!
//! Commands that tell what is there (`info`, `journal`, `keys`, `status`, …) keep their answers beside themselves.

use core::fmt;
use std::path::Path;

use serde::Serialize;

use super::keys::KEYS;
use super::{Failure, say, say_json};

/// Prints an answer, in words or as JSON.
///
/// # Errors
/// [`Failure`] if standard output cannot be written.
pub fn answer(answer: &(impl Serialize + fmt::Display), json: bool) -> Result<(), Failure> {
    if json { say_json(answer) } else { say(answer) }
}

/// Of `check`: a configuration is sound.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The configuration.
    pub file: String,
    /// The name of its node.
    pub node: String,
    /// How many sensors it has.
    pub sensors: usize,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, node, sensors } = self;
        writeln!(f, "{file}: good, node \"{node}\" with {sensors} sensor(s)")
    }
}

/// Of `cut` and `merge`: a recording was made of others.
#[derive(Clone, Debug, Serialize)]
pub struct Copied {
    /// The new recording.
    pub file: String,
    /// Entries in it.
    pub written: u64,
    /// Entries that were read.
    pub read: u64,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} of {} entries", self.file, self.written, self.read)
    }
}

/// Of `annotate`: a node was told.
#[derive(Clone, Debug, Serialize)]
pub struct Annotated {
    /// Where the node was told.
    pub console: String,
    /// The id of the track.
    pub track: String,
    /// Who said so.
    pub who: String,
}

impl fmt::Display for Annotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} was told of {}, as {}", self.console, self.track, self.who)
    }
}

/// Of `keygen`: there is an authority.
#[derive(Clone, Debug, Serialize)]
pub struct Founded {
    /// Its number.
    pub authority: String,
    /// What it is for.
    pub mission: String,
    /// Where it is.
    pub folder: String,
}

impl fmt::Display for Founded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { authority, mission, folder } = self;
        writeln!(f, "authority {authority} of mission {mission} in {folder}: keep a copy, and both away from the mesh")
    }
}

/// Of `enrol request` and `renew`: a request waits to be carried.
#[derive(Clone, Debug, Serialize)]
pub struct Requested {
    /// The request.
    pub file: String,
    /// Of which node.
    pub name: String,
}

impl fmt::Display for Requested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, name } = self;
        writeln!(f, "{file}: carry it to the authority, copmesh enrol sign {file} --name {name} …")
    }
}

/// Of `enrol sign`: an answer waits to be carried.
#[derive(Clone, Debug, Serialize)]
pub struct Signed {
    /// The answer.
    pub file: String,
    /// To which node.
    pub name: String,
    /// The number of its key.
    pub key: String,
    /// For how long.
    pub days: u32,
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, name, key, days } = self;
        writeln!(f, "{file}: {name} with key {key} for {days} days; carry it to the box")
    }
}

/// Of `enrol install`: keys are in place.
#[derive(Clone, Debug, Serialize)]
pub struct Installed {
    /// The node's name.
    pub name: String,
    /// The number of its authority.
    pub authority: String,
    /// For how long from now.
    pub days_left: f64,
    /// Where the keys are.
    pub directory: String,
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, authority, days_left, directory } = self;
        writeln!(f, "{name} is enrolled with authority {authority} for {days_left:.0} days; in its configuration:\n")?;
        writeln!(f, "[node]\nname = \"{name}\"\n\n[keys]")?;
        if is_of_the_service(directory) {
            writeln!(f, "# no directory: the packaged service is handed copies of what is in {directory}")?;
        } else {
            writeln!(f, "directory = \"{directory}\"")?;
        }
        writeln!(f, "\n{}", taken_up(directory))
    }
}

/// Of `revoke`: a newer deny-list waits to be carried.
#[derive(Clone, Debug, Serialize)]
pub struct Revoked {
    /// The deny-list.
    pub file: String,
    /// Which issue.
    pub version: u64,
    /// How many keys are on it.
    pub denied: usize,
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, version, denied } = self;
        writeln!(f, "{file}: deny-list {version} with {denied} key(s); on each box that can be reached by hand:")?;
        writeln!(f, "  copmesh deny-list install {file}")
    }
}

/// Of `deny-list install`: which deny-list counts from now on.
#[derive(Clone, Debug, Serialize)]
pub struct DenyListTaken {
    /// Which issue.
    pub version: u64,
    /// Whether it was taken over; if not, it was there already, or a newer one.
    pub installed: bool,
    /// Where the keys are.
    pub directory: String,
}

impl fmt::Display for DenyListTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, installed, directory } = self;
        if *installed {
            writeln!(f, "deny-list {version} installed in {directory}; {}", taken_up(directory))
        } else {
            writeln!(f, "deny-list {version} is in {directory} already, or a newer one")
        }
    }
}

/// Whether what is there comes to the packaged service as a credential of systemd's, which it may read, and that alone.
fn is_of_the_service(directory: &str) -> bool {
    Path::new(directory) == Path::new(KEYS)
}

/// When a running node goes by what was put there.
fn taken_up(directory: &str) -> &'static str {
    if is_of_the_service(directory) {
        "the packaged service is handed it when it starts: systemctl restart copmesh"
    } else {
        "a running node that reads its keys there notices within seconds"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Both forms of an answer: the names of its members, and that people are told each of their values.
    fn members(answer: &(impl Serialize + fmt::Display)) -> Vec<String> {
        let (text, json) = (answer.to_string(), serde_json::to_value(answer).expect("JSON"));
        let Value::Object(members) = json else { panic!("no object: {json}") };
        for (name, value) in &members {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let is_told = text.contains(&value) || value == "true" || value == "false";
            assert!(is_told, "{name} is {value}, and people read {text}");
        }
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
        members.into_iter().map(|(name, _)| name).collect()
    }

    fn t(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn programs_are_told_what_people_are_told() {
        let (file, name) = (t("a.file"), t("alpha"));
        let checked = Checked { file: file.clone(), node: name.clone(), sensors: 3 };
        assert_eq!(members(&checked), ["file", "node", "sensors"]);
        let copied = Copied { file: file.clone(), written: 71, read: 84 };
        assert_eq!(members(&copied), ["file", "read", "written"]);
        let annotated = Annotated { console: t("[::1]:8477"), track: t("7-1-8"), who: t("mast 2") };
        assert_eq!(members(&annotated), ["console", "track", "who"]);
        let founded = Founded { authority: t("0f1e"), mission: t("exercise"), folder: t("authority") };
        assert_eq!(members(&founded), ["authority", "folder", "mission"]);
        assert_eq!(members(&Requested { file: file.clone(), name: name.clone() }), ["file", "name"]);
        let signed = Signed { file: file.clone(), name: name.clone(), key: t("ab12"), days: 30 };
        assert_eq!(members(&signed), ["days", "file", "key", "name"]);
        let revoked = Revoked { file, version: 4, denied: 2 };
        assert_eq!(members(&revoked), ["denied", "file", "version"]);
        for installed in [true, false] {
            let taken = DenyListTaken { version: 4, installed, directory: t("/keys") };
            assert_eq!(members(&taken), ["directory", "installed", "version"]);
        }
    }

    #[test]
    fn whoever_enrolled_reads_what_to_write_into_the_configuration() {
        let installed = Installed { name: t("alpha"), authority: t("0f1e"), days_left: 29.96, directory: t("/keys") };
        let text = installed.to_string();
        assert!(text.starts_with("alpha is enrolled with authority 0f1e for 30 days;"), "{text}");
        assert!(text.contains("\n[node]\nname = \"alpha\"\n\n[keys]\ndirectory = \"/keys\"\n"), "{text}");
        let json = serde_json::to_value(&installed).expect("JSON");
        assert_eq!(json["days_left"], 29.96);
    }

    #[test]
    fn for_the_packaged_service_no_directory_is_named_that_it_cannot_read() {
        let directory = t("/etc/copmesh/keys/");
        let installed = Installed { name: t("alpha"), authority: t("0f1e"), days_left: 30.0, directory };
        let text = installed.to_string();
        let (_, written) = text.split_once("in its configuration:\n").expect("what to write");
        let (written, to_do) = written.rsplit_once("\n\n").expect("and what to do then");
        let config: toml::Table = written.parse().expect("it can be copied as it stands");
        assert_eq!(config["keys"], toml::Value::Table(toml::Table::new()), "{text}");
        assert!(to_do.contains("systemctl restart copmesh"), "{text}");
    }

    #[test]
    fn it_is_told_when_a_deny_list_counts_in_a_running_node() {
        let taken = |directory| DenyListTaken { version: 4, installed: true, directory: t(directory) }.to_string();
        assert!(taken(KEYS).ends_with("systemctl restart copmesh\n"), "{}", taken(KEYS));
        assert!(taken("/keys").ends_with("notices within seconds\n"), "{}", taken("/keys"));
    }
}
