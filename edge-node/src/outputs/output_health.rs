//! How a way out is doing, as far as that is the same of all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

/// How a way out is doing.
#[derive(Debug, Default)]
pub struct OutputHealth {
    name: String,
    endpoint: String,
    /// Messages told.
    pub told: AtomicU64,
    /// Octets of them.
    pub octets: AtomicU64,
    /// How often a track had to wait for its turn.
    pub deferred: AtomicU64,
    /// Tracks of the picture that receivers may not see.
    pub withheld: AtomicU64,
    /// How often it ended, or could not be opened.
    pub failed: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl OutputHealth {
    /// Of one that has told nothing yet.
    #[must_use]
    pub fn new(name: &str, endpoint: &str) -> Self {
        Self { name: name.to_owned(), endpoint: endpoint.to_owned(), ..Self::default() }
    }

    /// For programs, with what only ways out of its kind have. `trouble`: why nothing leaves, `null` if all is well.
    #[must_use]
    pub fn json(&self, own: &[(&str, Value)], counters: &[(&str, &AtomicU64)]) -> Value {
        let common = [
            ("told", &self.told),
            ("octets", &self.octets),
            ("deferred", &self.deferred),
            ("withheld", &self.withheld),
            ("failed", &self.failed),
        ];
        let all = common.iter().chain(counters);
        let counters: Map<String, Value> =
            all.map(|(name, counter)| ((*name).to_owned(), json!(counter.load(Ordering::Relaxed)))).collect();
        let told = [
            ("name", json!(self.name)),
            ("endpoint", json!(self.endpoint)),
            ("trouble", json!(*self.lock())),
            ("counters", Value::Object(counters)),
        ];
        told.iter().chain(own).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// Sets what is amiss; whether that is news.
    pub(super) fn set_trouble(&self, trouble: Option<&str>) -> bool {
        let mut held = self.lock();
        let is_news = held.as_deref() != trouble;
        *held = trouble.map(str::to_owned);
        is_news
    }

    /// It ended, or could not be opened.
    pub(super) fn fail(&self, why: &str) {
        add(&self.failed, 1);
        self.set_trouble(Some(why));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts so many more.
pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_have_and_what_one_kind_has_are_told_as_one() {
        let health = OutputHealth::new("hq", "tcp://127.0.0.1:9");
        add(&health.told, 3);
        health.fail("refused");
        let told = health.json(&[("registered", json!(false))], &[("stuck", &AtomicU64::new(2))]);
        let counters = json!({ "told": 3, "octets": 0, "deferred": 0, "withheld": 0, "failed": 1, "stuck": 2 });
        let expected = json!({ "name": "hq", "endpoint": "tcp://127.0.0.1:9", "trouble": "refused",
                               "registered": false, "counters": counters });
        assert_eq!(told, expected);
        assert!(!health.set_trouble(Some("refused")) && health.set_trouble(None));
    }
}
