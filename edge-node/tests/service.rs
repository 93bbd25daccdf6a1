//! What the built daemon tells a service manager: ready once, alive while it moves, stopping when it is asked to.
#![cfg(feature = "shell")]

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon with one sensor in datagrams, and the socket on which a service manager would listen.
struct Service {
    child: Child,
    manager: UnixDatagram,
    folder: PathBuf,
}

impl Service {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("copmesh-service-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let manager = UnixDatagram::bind(folder.join("notify")).expect("a socket");
        manager.set_read_timeout(Some(PATIENCE)).expect("a time");
        let config = folder.join("node.toml");
        std::fs::write(&config, text()).expect("a file");
        let child = Command::new(Path::new(env!("CARGO_BIN_EXE_copmesh")))
            .args(["run", "--config"])
            .arg(config)
            .env("NOTIFY_SOCKET", folder.join("notify"))
            .env("WATCHDOG_USEC", "600000")
            .env_remove("WATCHDOG_PID")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the built daemon starts");
        Self { child, manager, folder }
    }

    /// What it tells next.
    fn told(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.manager.recv(&mut buffer).expect("it tells something");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// What it tells until something with this in it.
    fn told_until(&self, wanted: &str) -> Vec<String> {
        let mut all = vec![self.told()];
        while !all.last().is_some_and(|last| last.contains(wanted)) {
            all.push(self.told());
        }
        all
    }

    /// Whether the system has stopped it.
    fn stands_still(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it is there");
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
    }

    fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(kill.expect("kill is there").success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn text() -> String {
    let port = UdpSocket::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port();
    format!(
        "[node]\nname = \"box\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
         [console]\nenabled = false\n[mesh]\nenabled = false\n\
         [[sensors]]\nname = \"plots\"\nkind = \"plots\"\nendpoint = \"udp://127.0.0.1:{port}\"\n\
         label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n"
    )
}

#[test]
fn it_is_ready_once_then_alive_and_says_that_it_stops() {
    let mut service = Service::start("whole");
    let begin = service.told();
    assert!(begin.starts_with("READY=1\n"), "{begin}");
    assert!(begin.contains("STATUS=0 tracks, 0 of 1 sensors well"), "{begin}");
    service.told_until("WATCHDOG=1");
    service.told_until("WATCHDOG=1");
    service.signal("-TERM");
    let end = service.told_until("STOPPING=1");
    assert!(end.iter().all(|told| !told.contains("READY=1")), "{end:?}");
    assert!(service.child.wait().expect("it ends").success());
}

#[test]
fn a_process_that_stands_still_is_not_alive() {
    let service = Service::start("stopped");
    service.told_until("WATCHDOG=1");
    service.signal("-STOP");
    while !service.stands_still() {
        std::thread::yield_now();
    }
    service.manager.set_nonblocking(true).expect("a socket");
    while service.manager.recv(&mut [0; 4096]).is_ok() {}
    service.manager.set_nonblocking(false).expect("a socket");
    service.manager.set_read_timeout(Some(Duration::from_secs(2))).expect("a time");
    assert!(service.manager.recv(&mut [0; 4096]).is_err(), "nothing speaks for it");
    service.signal("-CONT");
    service.manager.set_read_timeout(Some(PATIENCE)).expect("a time");
    service.told_until("WATCHDOG=1");
}

/// A kernel that knows no huge pages says nothing of them.
#[test]
fn of_the_memory_that_it_sets_aside_no_huge_pages_become_resident() {
    let service = Service::start("pages");
    service.told_until("READY=1");
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.child.id())).expect("it is there");
    let told = status.lines().find_map(|line| line.strip_prefix("THP_enabled:"));
    assert!(told.is_none_or(|told| told.trim() == "0"), "{told:?}");
}
