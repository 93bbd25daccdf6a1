//! One daemon in its namespace, with a sensor that reports what it is told to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge_node::clock::Clock;
use serde_json::Value;

/// A way between two neighbours: a bearer and the protocol that it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Name of the bearer.
    pub bearer: String,
    /// Its profile.
    pub profile: String,
    /// `tcp`, `udp`, `tls`, `quic` or `serial`.
    pub protocol: String,
    /// The port; a serial line has none.
    pub port: u16,
    /// What stands behind the address, such as where certificates are.
    pub options: String,
}

impl Way {
    /// A bearer of a profile over a protocol.
    #[must_use]
    pub fn new(profile: &str, protocol: &str, port: u16) -> Self {
        let options = String::new();
        Self {
            bearer: format!("{profile}-{protocol}"),
            profile: profile.into(),
            protocol: protocol.into(),
            port,
            options,
        }
    }

    /// Where it is reached: at an address of the network, or a path for a serial line.
    #[must_use]
    pub fn endpoint(&self, address: &str) -> String {
        match self.protocol.as_str() {
            "serial" => format!("serial/{address}{}", self.options),
            protocol => format!("{protocol}/{address}:{}{}", self.port, self.options),
        }
    }
}

/// What a node's sensor sees, by callsign.
type Targets = BTreeMap<String, Target>;

/// Something to be seen.
#[derive(Clone, Copy, Debug)]
struct Target {
    latitude_deg: f64,
    longitude_deg: f64,
    sways: bool,
}

/// One daemon.
pub struct Node {
    /// Its name.
    pub name: String,
    space: Option<String>,
    console: String,
    folder: PathBuf,
    binary: PathBuf,
    /// Each with where it listens.
    bearers: Vec<(Way, Option<String>)>,
    neighbours: String,
    looks_around: bool,
    /// Where its keys are; without any its bearers are open to everybody.
    pub keys: Option<PathBuf>,
    /// Whether it believes its neighbours in what they say of others, though it has keys.
    pub believes: bool,
    process: Option<Child>,
    targets: Arc<Mutex<Option<Targets>>>,
}

/// How often the sensor looks.
const LOOK: Duration = Duration::from_millis(250);
/// Some thirty metres.
const SWAY_DEG: f64 = 0.0003;

impl Node {
    pub(super) fn new(index: usize, space: Option<String>, console: &str, folder: &Path, binary: &Path) -> Self {
        let name = char::from(b'a' + u8::try_from(index).expect("few nodes")).to_string();
        Self {
            name,
            space,
            console: console.into(),
            folder: folder.into(),
            binary: binary.into(),
            bearers: vec![],
            neighbours: String::new(),
            looks_around: false,
            keys: None,
            believes: false,
            process: None,
            targets: Arc::new(Mutex::new(Some(Targets::new()))),
        }
    }

    /// Tells it of a neighbour: the ways to it, each with its address, or without if it is to be waited for.
    pub fn add_neighbour(&mut self, name: &str, ways: &[(Way, Option<String>)]) {
        let told: Vec<String> = ways
            .iter()
            .map(|(way, address)| {
                let endpoint = address.as_ref().map(|address| format!(", endpoint = \"{}\"", way.endpoint(address)));
                format!("{{ bearer = \"{}\"{} }}", way.bearer, endpoint.unwrap_or_default())
            })
            .collect();
        let _ = write!(
            self.neighbours,
            "[[mesh.neighbours]]\nname = \"{name}\"\nclearance = {CLEARANCE}\nways = [{}]\n",
            told.join(", ")
        );
        for (way, _) in ways {
            if !self.bearers.iter().any(|(bearer, _)| bearer == way) {
                self.bearers.push((way.clone(), Some(way.endpoint(LISTEN))));
            }
        }
    }

    /// It listens there instead of everywhere; nowhere, if it only dials.
    pub fn listen(&mut self, endpoint: Option<&str>) {
        self.bearers.iter_mut().for_each(|(_, listen)| *listen = endpoint.map(str::to_owned));
    }

    pub(super) const fn look_around(&mut self) {
        self.looks_around = true;
    }

    /// A command in its namespace.
    fn command(&self) -> Command {
        self.command_of(&self.binary)
    }

    fn command_of(&self, program: &Path) -> Command {
        let Some(space) = &self.space else { return Command::new(program) };
        let mut command = Command::new("ip");
        command.args(["netns", "exec", space]).arg(program);
        command
    }

    /// Its carrier alone, in its namespace and with its keys: who has captured it stands behind the pipes. `None` after
    /// saying that `test` is skipped.
    pub fn carrier(&mut self, test: &str) -> Option<Child> {
        let example = self.binary.with_file_name("examples").join("carrier");
        if !example.is_file() {
            crate::skip(test, "no built example; `cargo build -p edge-node --example carrier` makes it");
            return None;
        }
        let config = self.file("toml");
        std::fs::write(&config, self.config(&self.file("plots"))).expect("a file for the configuration");
        let log = File::create(self.file("log")).expect("a file for the log");
        let mut command = self.command_of(&example);
        command.arg(&config).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        Some(command.spawn().expect("the built example starts"))
    }

    /// What the daemon says of its configuration without running.
    #[must_use]
    pub fn check(&self) -> String {
        let config = self.file("toml");
        std::fs::write(&config, self.config(&self.file("plots"))).expect("a file for the configuration");
        let output = self.command().arg("check").arg(&config).output().expect("the built program starts");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Starts the daemon and its sensor.
    pub fn start(&mut self) {
        let (config, pipe) = (self.file("toml"), self.file("plots"));
        if !pipe.exists() {
            let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is everywhere");
            assert!(made.success(), "mkfifo {}", pipe.display());
        }
        std::fs::write(&config, self.config(&pipe)).expect("a file for the configuration");
        let log = File::create(self.file("log")).expect("a file for the log");
        let process = self
            .command()
            .args(["run", "-v", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the built daemon starts");
        self.process = Some(process);
        // Opened for reading too, so that it opens at once and stays open whoever reads it.
        let sensor = OpenOptions::new().read(true).write(true).open(&pipe).expect("the pipe was made");
        let targets = Arc::clone(&self.targets);
        std::thread::spawn(move || look(sensor, &targets));
    }

    fn config(&self, pipe: &Path) -> String {
        let mut text = format!(
            "[node]\nname = \"{}\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n[console]\nlisten = \"{}\"\n\
             [[sensors]]\nname = \"sensor-{}\"\nkind = \"plots\"\nendpoint = \"file://{}\"\nscan-period-s = 0.25\n\
             label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n\
             [mesh]\nenabled = false\n",
            self.name,
            self.console,
            self.name,
            pipe.display()
        );
        let protection = if self.keys.is_some() { "keys" } else { "none" };
        if let Some(keys) = &self.keys {
            let signatures = if self.believes { "off" } else { "required" };
            let _ = writeln!(text, "[keys]\ndirectory = \"{}\"\nsignatures = \"{signatures}\"", keys.display());
        }
        for (way, listen) in &self.bearers {
            let listen = listen.as_ref().map_or_else(String::new, |endpoint| format!("\"{endpoint}\""));
            let _ = write!(
                text,
                "[[mesh.bearers]]\nname = \"{}\"\nprofile = \"{}\"\nlisten = [{listen}]\nscouting = false\n\
                 protection = \"{protection}\"\n",
                way.bearer, way.profile,
            );
        }
        if self.looks_around {
            let _ = write!(
                text,
                "[[mesh.bearers]]\nname = \"camp\"\nprofile = \"lan\"\nlisten = [\"tcp/{LISTEN}:7460\"]\n\
                 protection = \"none\"\nfound = {CLEARANCE}\n"
            );
        }
        text + &self.neighbours
    }

    /// Its sensor sees this target from now on. One that sways gives rise to news several times a second.
    pub fn show(&self, callsign: &str, latitude_deg: f64, longitude_deg: f64, sways: bool) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let target = Target { latitude_deg, longitude_deg, sways };
        targets.as_mut().expect("the sensor looks").insert(callsign.into(), target);
    }

    /// What the daemon answers: `status` or `tracks`; `None` while it does not.
    #[must_use]
    pub fn ask(&self, what: &str) -> Option<Value> {
        let mut command = self.command();
        let output = command.args([what, "--json", "--console", &self.console]).output();
        let output = output.expect("the built daemon starts");
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Its picture: by id the callsign and the place, to some fifty metres.
    #[must_use]
    pub fn picture(&self) -> BTreeMap<String, String> {
        let picture = self.ask("tracks").unwrap_or_default();
        let tracks = picture["tracks"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let coarse = |value: &Value| value.as_f64().map_or_else(String::new, |degrees| format!("{degrees:.2}"));
        let place = |track: &Value| format!("{} {}", coarse(&track["lat_deg"]), coarse(&track["lon_deg"]));
        tracks.iter().map(|t| (text(&t["id"]), format!("{} {}", text(&t["callsign"]), place(t)))).collect()
    }

    /// Octets that a neighbour's packets have brought so far.
    #[must_use]
    pub fn bytes_in(&self, neighbour: &str) -> Option<u64> {
        self.neighbour(neighbour)?["bytes_in"].as_u64()
    }

    /// What it tells of a neighbour.
    #[must_use]
    pub fn neighbour(&self, name: &str) -> Option<Value> {
        let status = self.ask("status")?;
        status["neighbours"].as_array()?.iter().find(|neighbour| neighbour["name"] == name).cloned()
    }

    /// The names of the daemon's threads; none where the system does not tell.
    #[must_use]
    pub fn threads(&self) -> Vec<String> {
        let tasks = self.process.as_ref().map(|process| format!("/proc/{}/task", process.id()));
        let tasks = tasks.and_then(|tasks| std::fs::read_dir(tasks).ok()).into_iter().flatten().flatten();
        let named = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        named.map(|name| name.trim_end().to_owned()).collect()
    }

    /// What the daemon has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Ends the daemon and its sensor.
    pub fn stop(&mut self) {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.name))
    }
}

/// What neighbours may see: everything that sensors here say.
const CLEARANCE: &str = "{ level = \"secret\", communities = [\"POL\"] }";
/// Every address of a namespace.
const LISTEN: &str = "0.0.0.0";

/// Reports all targets again and again, until there is no sensor any more.
fn look(mut pipe: File, targets: &Mutex<Option<Targets>>) {
    let clock = Clock::start();
    loop {
        let Some(seen) = targets.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let now = clock.now().validity.as_nanos();
        let (seconds, nanos) = (now / 1_000_000_000, now % 1_000_000_000);
        let mut lines = String::new();
        for (callsign, Target { latitude_deg, longitude_deg, sways }) in seen {
            let latitude_deg = if sways && seconds % 2 == 0 { latitude_deg + SWAY_DEG } else { latitude_deg };
            let _ = writeln!(
                lines,
                "{{\"time\":{seconds}.{nanos:09},\"latitude_deg\":{latitude_deg},\"longitude_deg\":{longitude_deg},\
                 \"horizontal_sigma_m\":5,\
                 \"height_m\":100,\"height_sigma_m\":5,\"identity\":{{\"name\":\"{callsign}\"}}}}"
            );
        }
        if pipe.write_all(lines.as_bytes()).is_err() {
            return;
        }
        std::thread::sleep(LOOK);
    }
}
