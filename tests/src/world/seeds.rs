//! Many seeds, on as many threads as one likes.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came of a world, of whatever kind.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was found.
    pub found: Vec<String>,
    /// How long after the last fault everybody held the same, seconds.
    pub rest_s: f64,
    /// Packets sent.
    pub packets: u64,
    /// Octets sent.
    pub octets: f64,
    /// A digest of everything that is held at the end: the same for the same seed.
    pub digest: u64,
    /// Rows that nodes saw to be forged.
    pub forged: u64,
    /// Rows that nodes let go unsealed.
    pub unsealed: u64,
    /// Lies that forgers told.
    pub lies: u64,
}

impl Outcome {
    /// What to say of a seed of which something was found.
    #[must_use]
    pub fn complaint(&self, seed: u64) -> Option<String> {
        let first = self.found.first()?;
        Some(format!("seed {seed}: {} found, first: {first}", self.found.len()))
    }
}

/// Runs seeds on some threads, none if it is to be as many as there are cores. Each outcome is given out when it is
/// there, one at a time, in whatever order they come.
///
/// # Panics
/// If a run does.
pub fn each<T: Send>(
    seeds: Range<u64>,
    threads: Option<usize>,
    run: impl Fn(u64) -> T + Sync,
    take: impl FnMut(u64, T) + Send,
) {
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let (next, take) = (AtomicU64::new(seeds.start), Mutex::new(take));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let outcome = run(seed);
            take.lock().expect("nobody panics with it")(seed, outcome);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

/// The outcomes of seeds, in their order, on all cores.
#[must_use]
pub fn all<T: Send>(seeds: Range<u64>, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let mut all = Vec::new();
    each(seeds, None, run, |seed, outcome| all.push((seed, outcome)));
    all.sort_by_key(|(seed, _)| *seed);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}
