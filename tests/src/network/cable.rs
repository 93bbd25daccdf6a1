//! A serial line between two pseudo terminals: eight bits, no parity, one stop bit, at the speed that it has. When it
//! comes back it begins with noise, which damages a frame.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// A line with an end for each of two nodes.
pub struct Cable {
    ends: [PathBuf; 2],
    open: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One pseudo terminal: what is written to it at `path` comes out of `ours`.
struct Terminal {
    path: PathBuf,
    ours: File,
    /// Without it the line would hang up whenever a node closes its end.
    _kept: File,
}

/// How often octets are passed on.
const TICK: Duration = Duration::from_millis(2);

impl Cable {
    /// A line that carries so many octets in a second.
    #[must_use]
    pub fn new(octets_s: usize) -> Self {
        let terminals = [Terminal::new(), Terminal::new()];
        let ends = terminals.each_ref().map(|terminal| terminal.path.clone());
        let (open, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let (opened, stopped) = (Arc::clone(&open), Arc::clone(&stop));
        let [mut a, mut b] = terminals;
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; octets_s * 2 / 1000];
            let mut was_open = true;
            while !stopped.load(Ordering::Relaxed) {
                let open = opened.load(Ordering::Relaxed);
                if open && !was_open {
                    noise(&mut a.ours);
                    noise(&mut b.ours);
                }
                was_open = open;
                pass(&mut a.ours, &mut b.ours, &mut buffer, open);
                pass(&mut b.ours, &mut a.ours, &mut buffer, open);
                std::thread::sleep(TICK);
            }
        });
        Self { ends, open, stop, thread: Some(thread) }
    }

    /// The device at one end.
    #[must_use]
    pub fn end(&self, end: usize) -> String {
        self.ends[end].display().to_string()
    }

    /// Whether anything comes through.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Terminal {
    fn new() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("it is ours");
        let path = PathBuf::from(ptsname(&ours, Vec::new()).expect("it has a name").to_string_lossy().into_owned());
        let kept = File::options().read(true).write(true).open(&path).expect("its other side");
        let mut modes = tcgetattr(&kept).expect("a terminal");
        modes.make_raw();
        tcsetattr(&kept, OptionalActions::Now, &modes).expect("a terminal");
        fcntl_setfl(&ours, OFlags::NONBLOCK).expect("a descriptor");
        Self { path, ours: File::from(ours), _kept: kept }
    }
}

/// What a line that was cut in the midst of a frame, or is plugged in again, says first: no frame.
fn noise(to: &mut File) {
    let _ = to.write(&[0x55; 3]);
}

/// Passes on what has come, or loses it. What does not fit is lost, as where nobody reads.
fn pass(from: &mut File, to: &mut File, buffer: &mut [u8], open: bool) {
    if let Ok(count) = from.read(buffer)
        && open
    {
        let _ = to.write(&buffer[..count]);
    }
}
