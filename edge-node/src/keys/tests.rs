//! Enrolment from nothing to a pair, and what must not come of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use fusion_core::time::Span;

use super::authority::Authority;
use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

struct Bench(PathBuf);

impl Bench {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("copmesh-keys-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn authority(&self, name: &str) -> Authority {
        Authority::create(&self.at(name), "exercise", NOW).unwrap()
    }

    fn enrolled(&self, authority: &Authority, name: &str) -> Keys {
        let request = enrolment::request(&self.at(name), name).unwrap();
        let (bundle, _) = authority.sign(&request, 30, NOW).unwrap();
        enrolment::install(&self.at(name), bundle, NOW).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_box_that_was_enrolled_has_keys_that_count_for_so_many_days() {
    let bench = Bench::new("enrolled");
    let authority = bench.authority("hq");
    let keys = bench.enrolled(&authority, "a");
    let health = keys.health(NOW, 14);
    assert_eq!((health.name.as_str(), health.authority, health.trouble), ("a", authority.id(), None));
    assert!((health.days_left - 30.0).abs() < 1e-6);
    let soon = keys.health(NOW + Span::from_secs(20 * 86_400), 14).trouble.unwrap();
    assert!(soon.starts_with("expires in 10.0 days"), "{soon}");
    let late = keys.health(NOW + Span::from_secs(31 * 86_400), 14).trouble.unwrap();
    assert!(late.contains("expired"), "{late}");
    assert!(Authority::create(&bench.at("hq"), "exercise", NOW).is_err(), "never overwritten");
    let mode = fs::metadata(bench.at("a").join(INSTALLED)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn keys_that_others_may_read_are_refused_with_what_to_type() {
    let bench = Bench::new("exposed");
    let _ = bench.enrolled(&bench.authority("hq"), "a");
    let path = bench.at("a").join(INSTALLED);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let said = Keys::read(&bench.at("a")).unwrap_err().to_string();
    assert!(said.contains("mode 0640") && said.ends_with(&format!("chmod 600 {}", path.display())), "{said}");
}

#[test]
fn an_answer_to_another_box_is_not_installed() {
    let bench = Bench::new("misfit");
    let authority = bench.authority("hq");
    let [a, b] = ["a", "b"].map(|name| enrolment::request(&bench.at(name), name).unwrap());
    let (for_b, _) = authority.sign(&b, 30, NOW).unwrap();
    let said = enrolment::install(&bench.at("a"), for_b, NOW).unwrap_err().to_string();
    assert!(said.contains("the passport names b, this box is a"), "{said}");
    let (for_a, _) = authority.sign(&a, 30, NOW).unwrap();
    assert!(enrolment::install(&bench.at("a"), for_a, NOW + Span::from_secs(40 * 86_400)).is_err(), "expired");
}

#[test]
fn renewed_keys_replace_the_old_and_another_authority_does_not() {
    let bench = Bench::new("renewed");
    let (authority, other) = (bench.authority("hq"), bench.authority("elsewhere"));
    let before = bench.enrolled(&authority, "a");
    let later = NOW + Span::from_secs(10 * 86_400);
    for new_keys in [false, true] {
        let request = enrolment::renew(&bench.at("a"), new_keys).unwrap();
        let foreign = other.sign(&request, 30, later).unwrap().0;
        assert!(enrolment::install(&bench.at("a"), foreign, later).is_err());
        let keys = enrolment::install(&bench.at("a"), authority.sign(&request, 30, later).unwrap().0, later).unwrap();
        assert_eq!(keys.passport.key != before.passport.key, new_keys);
        assert!((keys.health(NOW, 14).days_left - 40.0).abs() < 1e-6);
    }
}

#[test]
fn a_revoked_name_is_denied_everywhere_and_never_given_again() {
    let bench = Bench::new("revoked");
    let authority = bench.authority("hq");
    let (_, b) = (bench.enrolled(&authority, "a"), bench.enrolled(&authority, "b"));
    assert_eq!(authority.revoke("b").unwrap().version, 1);
    assert!(authority.revoke("c").is_err(), "nobody of that name");
    let denied: Denied = files::read(&authority.deny_list(), Readers::All).unwrap();
    assert!(enrolment::install_deny_list(&bench.at("a"), &denied).unwrap());
    assert!(!enrolment::install_deny_list(&bench.at("a"), &denied).unwrap(), "no newer");
    let a = Keys::read(&bench.at("a")).unwrap();
    assert_eq!(a.denied_names, ["b"]);
    assert!(a.deny_list.permits(&b.passport).is_err() && a.check(NOW).is_ok());
    let request = enrolment::request(&bench.at("b-again"), "b").unwrap();
    let said = authority.sign(&request, 30, NOW).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("name the box b-2"), "{said}");
    let other = bench.authority("elsewhere");
    let foreign: Denied = files::read(&other.deny_list(), Readers::All).unwrap();
    assert!(enrolment::install_deny_list(&bench.at("a"), &foreign).is_err());
}

#[test]
fn a_request_that_was_changed_is_not_signed() {
    let bench = Bench::new("changed");
    let authority = bench.authority("hq");
    let mut request = enrolment::request(&bench.at("a"), "a").unwrap();
    request.name = "b".into();
    let said = authority.sign(&request, 30, NOW).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("changed on the way"), "{said}");
    assert!(authority.sign(&request, 0, NOW).is_err());
}
