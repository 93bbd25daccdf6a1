//! What the machine itself must bring: a clock, network interfaces, room on the disk.

use std::fs;
use std::path::Path;

use fusion_core::time::Timestamp;
use rustix::fs::Access;

use super::findings::Finding;
use crate::config::Config;

/// No clock is right that shows a time before this program was written: 2025-01-01.
const WRITTEN: Timestamp = Timestamp::from_secs(1_735_689_600);

const MIB: u64 = 1 << 20;

/// What is known of who keeps the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockKeeper {
    /// systemd says that it has been set by a server.
    Synchronised,
    /// chrony runs, and tells others only over its own socket.
    Chrony,
    /// Nobody is known.
    Unknown,
}

impl ClockKeeper {
    /// Who keeps the clock of this machine, by what they leave under `/run`.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let chrony = ["/run/chrony/chronyd.pid", "/run/chronyd.pid", "/var/run/chrony/chronyd.pid"];
        if Path::new("/run/systemd/timesync/synchronized").exists() {
            Self::Synchronised
        } else if chrony.iter().any(|path| Path::new(path).exists()) {
            Self::Chrony
        } else {
            Self::Unknown
        }
    }
}

/// The clock.
#[must_use]
pub fn clock(now: Timestamp, keeper: ClockKeeper) -> Finding {
    if now < WRITTEN {
        let text = "it shows a time before this program was written, so every track and certificate is off";
        return Finding::failing("clock", text, "timedatectl set-ntp true, or set it by hand: date --utc --set …");
    }
    match keeper {
        ClockKeeper::Synchronised => Finding::well("clock", "set by a time server"),
        ClockKeeper::Chrony => Finding::doubtful(
            "clock",
            "chrony keeps it; from here it cannot be seen whether it is synchronised",
            "chronyc tracking",
        ),
        ClockKeeper::Unknown => Finding::doubtful(
            "clock",
            "nobody is known to keep it; sensors whose times differ from it are taken for late",
            "timedatectl set-ntp true, or run chrony with a time server or GNSS receiver",
        ),
    }
}

/// A network interface as the system tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// `IFF_*`, as in linux/if.h.
    pub flags: u32,
    /// Whether there is a device behind it.
    pub is_hardware: bool,
}

impl Interface {
    const UP: u32 = 0x1;
    const LOOPBACK: u32 = 0x8;
    const RUNNING: u32 = 0x40;
    const MULTICAST: u32 = 0x1000;

    const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Those of this machine, by name. `flags` under `/sys` lacks what the system knows of the carrier: that stands
    /// beside it.
    #[must_use]
    pub fn of_this_machine() -> Vec<Self> {
        let entries = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
        let mut all: Vec<Self> = entries.filter_map(|entry| Self::read(&entry.path())).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn read(folder: &Path) -> Option<Self> {
        let told = |file: &str| fs::read_to_string(folder.join(file)).map(|text| text.trim().to_owned());
        let flags = u32::from_str_radix(told("flags").ok()?.strip_prefix("0x")?, 16).ok()?;
        let running = if told("carrier").is_ok_and(|carrier| carrier == "1") { Self::RUNNING } else { 0 };
        let is_hardware = folder.join("device").exists();
        Some(Self { name: folder.file_name()?.to_str()?.to_owned(), flags: flags | running, is_hardware })
    }
}

/// One finding for each interface to others; loopback is not worth a line.
#[must_use]
pub fn interfaces(all: &[Interface]) -> Vec<Finding> {
    let outward: Vec<&Interface> = all.iter().filter(|one| !one.has(Interface::LOOPBACK)).collect();
    if outward.is_empty() {
        let text = "there is none but loopback: nobody else can be heard or told";
        return vec![Finding::doubtful("interfaces", text, "ip link")];
    }
    outward.into_iter().map(interface).collect()
}

fn interface(one: &Interface) -> Finding {
    let (what, name) = (format!("interface {}", one.name), &one.name);
    if !one.has(Interface::UP) && !one.is_hardware {
        Finding::skipped(what, "it is switched off, and has no device behind it")
    } else if !one.has(Interface::UP) {
        Finding::doubtful(what, "it is switched off", format!("ip link set {name} up"))
    } else if !one.has(Interface::RUNNING) {
        Finding::doubtful(what, "no carrier", format!("look at cable or radio; ip link show {name}"))
    } else if !one.has(Interface::MULTICAST) {
        Finding::doubtful(what, "up, without multicast", format!("ip link set {name} multicast on"))
    } else {
        Finding::well(what, "up, with multicast")
    }
}

/// The folders that the configuration names, and the room in them.
#[must_use]
pub fn disk(config: &Config) -> Vec<Finding> {
    let state = match &config.node.state_directory {
        Some(folder) => state_folder(folder, u64::from(config.journal.total_mib)),
        None => Finding::doubtful(
            "state directory",
            "none is configured: a restart begins with an empty picture",
            "node.state-directory = \"/var/lib/copmesh\"",
        ),
    };
    let recorder = config.recorder.file.as_deref().map(|file| {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let limits = &config.recorder;
        recordings(folder, u64::from(limits.disk_reserve_mib), u64::from(limits.file_size_mib))
    });
    [Some(state), recorder].into_iter().flatten().collect()
}

fn state_folder(folder: &Path, journal_mib: u64) -> Finding {
    let what = "state directory";
    let free = match free_mib(what, folder) {
        Ok(free) => free,
        Err(finding) => return finding,
    };
    let missing = journal_mib.saturating_sub(held_bytes(folder) / MIB);
    let path = folder.display();
    if free < missing {
        let text = format!("{path} has {free} MiB left, and the journal may still take {missing} MiB");
        return Finding::failing(what, text, "make room there, or a smaller journal.total-mib");
    }
    Finding::well(what, format!("{path} can be written, {free} MiB left, {missing} MiB at the most still to take"))
}

fn recordings(folder: &Path, reserve_mib: u64, file_mib: u64) -> Finding {
    let what = "recordings";
    let free = match free_mib(what, folder) {
        Ok(free) => free,
        Err(finding) => return finding,
    };
    let path = folder.display();
    let remedy = "make room there, or a smaller recorder.disk-reserve-mib";
    if free < reserve_mib {
        let text =
            format!("{path} has {free} MiB left, less than the reserve of {reserve_mib} MiB: nothing is recorded");
        Finding::failing(what, text, remedy)
    } else if free < reserve_mib + file_mib {
        let text = format!("{path} has {free} MiB left, not enough for another file above the reserve");
        Finding::doubtful(what, text, remedy)
    } else {
        Finding::well(what, format!("{path} can be written, {free} MiB left"))
    }
}

/// The room for us in a folder that we may write in.
fn free_mib(what: &str, folder: &Path) -> Result<u64, Finding> {
    let path = folder.display();
    if !folder.is_dir() {
        return Err(Finding::failing(what, format!("{path} is no folder"), format!("mkdir -p {path}")));
    }
    if let Err(e) = rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK) {
        return Err(Finding::failing(what, format!("{path} cannot be written: {e}"), format!("chown copmesh: {path}")));
    }
    let room = rustix::fs::statvfs(folder)
        .map_err(|e| Finding::failing(what, format!("{path}: {e}"), format!("df {path}")))?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize) / MIB)
}

/// What the files in a folder have been given already.
fn held_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::findings::State;

    #[test]
    fn a_clock_from_before_this_program_is_wrong_whoever_keeps_it() {
        let state = |secs, keeper| clock(Timestamp::from_secs(secs), keeper).state;
        assert_eq!(state(0, ClockKeeper::Synchronised), State::Failing);
        assert_eq!(state(1_800_000_000, ClockKeeper::Synchronised), State::Well);
        assert_eq!(state(1_800_000_000, ClockKeeper::Chrony), State::Doubtful);
        assert_eq!(state(1_800_000_000, ClockKeeper::Unknown), State::Doubtful);
    }

    #[test]
    fn an_interface_is_well_only_up_with_carrier_and_multicast() {
        let one = |flags, is_hardware| Interface { name: "eth0".into(), flags, is_hardware };
        let of = |flags| interfaces(&[one(flags, true)]).remove(0);
        assert_eq!(interfaces(&[one(0, false)])[0].state, State::Skipped, "nobody misses what was never there");
        assert_eq!(of(0x1041).state, State::Well);
        assert_eq!(of(0x1000).remedy.as_deref(), Some("ip link set eth0 up"));
        assert_eq!(of(0x1001).text, "no carrier");
        assert_eq!(of(0x41).remedy.as_deref(), Some("ip link set eth0 multicast on"));
        assert_eq!(of(0x49).what, "interfaces", "loopback reaches nobody");
    }

    #[test]
    fn a_folder_that_is_missing_or_too_small_is_told_with_its_remedy() {
        let missing = state_folder(Path::new("/nowhere/at/all"), 64);
        assert_eq!(missing.remedy.as_deref(), Some("mkdir -p /nowhere/at/all"));
        let here = std::env::temp_dir();
        assert_eq!(state_folder(&here, u64::MAX).state, State::Failing);
        assert_eq!(recordings(&here, u64::MAX, 0).state, State::Failing);
        assert_eq!(recordings(&here, 0, 0).state, State::Well);
        assert_eq!(recordings(&here, 0, u64::MAX).state, State::Doubtful);
    }
}
