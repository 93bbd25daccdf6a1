//! A mission's authority and the keys of its nodes, made by the commands that an operator types.

use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// An authority in a folder of its own.
pub struct Mission {
    binary: PathBuf,
    folder: PathBuf,
}

/// Days that certificates count for.
const DAYS: &str = "30";

impl Mission {
    /// A new one.
    #[must_use]
    pub fn new(binary: &Path, folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).expect("a folder");
        let mission = Self::of(binary, folder);
        mission.run(&["keygen", "--out", &mission.at("authority")]);
        mission
    }

    /// The one that was made in a folder.
    #[must_use]
    pub fn of(binary: &Path, folder: PathBuf) -> Self {
        Self { binary: binary.into(), folder }
    }

    /// A path in its folder.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// What a command says, which must succeed.
    ///
    /// # Panics
    /// If it does not.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.binary).args(arguments).output().expect("the built program starts");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "copmesh {}: {said}", arguments.join(" "));
        said
    }

    /// Enrols a node; where its keys are.
    #[must_use]
    pub fn enrol(&self, name: &str) -> PathBuf {
        let (keys, bundle) = (self.at(&format!("{name}.keys")), self.ask(name, &[]));
        self.run(&["enrol", "install", &bundle, "--keys", &keys]);
        keys.into()
    }

    /// The answer to what a node asks for.
    fn ask(&self, name: &str, more: &[&str]) -> String {
        let [keys, request, bundle] = ["keys", "request", "bundle"].map(|what| self.at(&format!("{name}.{what}")));
        self.run(&["enrol", "request", "--name", name, "--keys", &keys, "--out", &request]);
        let authority = self.at("authority");
        let sign = ["enrol", "sign", &request, "--authority", &authority, "--name", name, "--out", &bundle];
        self.run(&[&sign[..], &["--days", DAYS], more].concat());
        bundle
    }

    /// Keys that counted long ago: put together by hand, since nobody installs such.
    #[must_use]
    pub fn expired(&self, name: &str) -> PathBuf {
        let bundle = self.ask(name, &["--from", "2024-06-01"]);
        let keys = PathBuf::from(self.at(&format!("{name}.keys")));
        let table = |path: &Path| -> Value {
            Value::Table(std::fs::read_to_string(path).expect("a file").parse::<Table>().expect("TOML"))
        };
        let pending = keys.join("pending.toml");
        let installed = Table::from_iter([
            ("private".to_owned(), table(&pending)),
            ("bundle".to_owned(), table(Path::new(&bundle))),
        ]);
        // Keeps the mode of a private file.
        std::fs::write(&pending, installed.to_string()).expect("written");
        std::fs::rename(&pending, keys.join("keys.toml")).expect("renamed");
        keys
    }

    /// Denies a node; the list to install elsewhere.
    #[must_use]
    pub fn revoke(&self, name: &str) -> String {
        let (authority, list) = (self.at("authority"), self.at("denied"));
        self.run(&["revoke", name, "--authority", &authority, "--out", &list]);
        list
    }

    /// The authority's certificate, which is no secret: a PEM file.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn certificate(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("authority/authority.toml")).expect("a file");
        let authority: Table = text.parse().expect("TOML");
        let path = self.at("authority.pem");
        std::fs::write(&path, authority["certificate"].as_str().expect("a text")).expect("written");
        path
    }
}
