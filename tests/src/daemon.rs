//! The built daemon with one sensor, which the test plays: for tests of what the daemon tells others.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use edge_node::clock::Clock;
use serde_json::{Value, json};

/// All of its own crates, and of the others what `node.log = "debug"` says.
const TALKATIVE: &str = "debug,zenoh=info,edge_node=trace,copmesh=trace";

/// What the sensor sees four times a second: something that stands somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it calls itself.
    pub callsign: &'static str,
    /// Its ICAO address, six hexadecimal digits.
    pub icao: &'static str,
    /// Where it is, degrees.
    pub latitude_deg: f64,
    /// Where it is, degrees.
    pub longitude_deg: f64,
}

/// A port of loopback that nobody has at this moment.
///
/// # Panics
/// If loopback cannot be had.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port()
}

/// A running daemon. It ends with the value.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    folder: PathBuf,
    console: u16,
    stop: Arc<AtomicBool>,
    sensing: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Starts the daemon with what the configuration says beside its sensor, which sees these.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(binary: &Path, name: &str, targets: &'static [Target], more: &str) -> Self {
        Self::start_with_state(binary, name, targets, "", more)
    }

    /// The same with what the configuration says of the node beside its name and place.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start_with_state(binary: &Path, name: &str, targets: &'static [Target], node: &str, more: &str) -> Self {
        Self::configured(binary, name, targets, ["box", node, "", more], None)
    }

    /// The same with a name of its own among nodes, and all in its log that it can say.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start_talkative(binary: &Path, name: &str, targets: &'static [Target], called: &str, more: &str) -> Self {
        Self::configured(binary, name, targets, [called, "", "", more], Some(TALKATIVE))
    }

    /// The same without a target, with the maps of a folder.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start_with_maps(binary: &Path, name: &str, maps: &Path) -> Self {
        Self::configured(binary, name, &[], ["box", "", &format!("maps = {maps:?}"), ""], None)
    }

    fn configured(
        binary: &Path,
        name: &str,
        targets: &'static [Target],
        [called, node, shown, more]: [&str; 4],
        levels: Option<&str>,
    ) -> Self {
        let folder = std::env::temp_dir().join(format!("copmesh-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let (console, sensor) = (free_port(), free_port());
        let mesh = if more.contains("[mesh]") { "" } else { "[mesh]\nenabled = false\n" };
        let text = format!(
            "[node]\nname = \"{called}\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n{node}\n\
             [console]\nlisten = \"127.0.0.1:{console}\"\n{shown}\n\
             {mesh}\
             [[sensors]]\nname = \"plots\"\nkind = \"plots\"\nendpoint = \"udp://127.0.0.1:{sensor}\"\n\
             scan-period-s = 0.25\n\
             label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n{more}"
        );
        let path = folder.join("box.toml");
        std::fs::write(&path, text).expect("a file");
        let log = File::create(folder.join("log")).expect("a file");
        let mut command = Command::new(binary);
        command.args(["run", "--config"]).arg(&path).stdout(Stdio::null()).stderr(log);
        command.envs(levels.map(|levels| ("RUST_LOG", levels)));
        let child = command.spawn().expect("the built daemon starts");
        let stop = Arc::new(AtomicBool::new(false));
        let sensing = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || look(sensor, targets, &stop)
        });
        Self { child, folder, console, stop, sensing: Some(sensing) }
    }

    /// Where it serves its console.
    #[must_use]
    pub fn console(&self) -> String {
        format!("127.0.0.1:{}", self.console)
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Changes its configuration, and has it read that again.
    ///
    /// # Panics
    /// If the file cannot be written, or nobody can be told.
    pub fn reload(&self, change: impl FnOnce(String) -> String) {
        let path = self.folder.join("box.toml");
        let text = std::fs::read_to_string(&path).expect("it was started with it");
        std::fs::write(&path, change(text)).expect("a file");
        let told = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status();
        assert!(told.expect("kill is everywhere").success());
    }

    /// Has it stop in an orderly way, and waits until it has.
    ///
    /// # Panics
    /// If nobody can be told, or it ends with a failure.
    pub fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.expect("kill is everywhere").success());
        let ended = self.child.wait().expect("it is our child");
        assert!(ended.success(), "{ended}:\n{}", self.log());
    }

    /// What it holds in memory, kB; nothing once it has ended.
    #[must_use]
    pub fn resident_kb(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// The headers and the body of a page; `None` while nobody answers.
    #[must_use]
    pub fn page(&self, path: &str) -> Option<(String, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.console)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let host = self.console();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.to_owned(), body.to_owned()))
    }

    /// The picture as the console has it, once it has so many confirmed tracks; waits for half a minute.
    ///
    /// # Panics
    /// If they do not come.
    #[must_use]
    pub fn picture_of(&self, tracks: usize) -> Value {
        for _ in 0..300 {
            let picture = self.page("/picture.json").and_then(|(_, body)| serde_json::from_str::<Value>(&body).ok());
            let is_confirmed = |track: &&Value| track["status"] == "confirmed";
            if let Some(picture) = picture
                && picture["tracks"].as_array().is_some_and(|all| all.iter().filter(is_confirmed).count() == tracks)
            {
                return picture;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("no {tracks} tracks after half a minute:\n{}", self.log());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(sensing) = self.sensing.take() {
            let _ = sensing.join();
        }
        // What a failed test leaves tells why.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn look(port: u16, targets: &[Target], stop: &AtomicBool) {
    let (socket, clock) = (UdpSocket::bind("127.0.0.1:0").expect("loopback"), Clock::start());
    while !stop.load(Ordering::Relaxed) {
        for target in targets {
            let nanos = clock.now().validity.as_nanos();
            let time = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            let plot = json!({ "latitude_deg": target.latitude_deg, "longitude_deg": target.longitude_deg,
                               "horizontal_sigma_m": 5.0, "height_m": 300.0, "height_sigma_m": 10.0,
                               "identity": { "name": target.callsign, "icao": target.icao } });
            let plot = plot.to_string().replacen('{', &format!("{{\"time\":{time},"), 1);
            // Before the daemon listens nobody takes it.
            let _ = socket.send_to(format!("{plot}\n").as_bytes(), ("127.0.0.1", port));
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}
