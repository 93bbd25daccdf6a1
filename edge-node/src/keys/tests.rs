//! Enrolment from nothing to a pair, and what must not come of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use fusion_core::time::Span;

use fusion_core::track::Origin;
use proto::replica::Now;

use super::authority::Authority;
use super::exchange::Exchange;
use super::in_use::Papers;
use super::*;
use crate::config::Config;
use crate::node::{Node, node_id};

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
    assert_eq!(a.denied_names(), ["b"]);
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

/// A node with keys in a folder, and its state beside.
fn config(bench: &Bench, name: &str) -> Config {
    let [keys, state] = [name, "state"].map(|folder| bench.at(folder).display().to_string());
    fs::create_dir_all(&state).unwrap();
    Config::parse(&format!(
        "[node]\nname = \"{name}\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\nstate-directory = \"{state}\"\n\
         [keys]\ndirectory = \"{keys}\"\n"
    ))
    .unwrap()
}

fn papers(config: &Config) -> Arc<Papers> {
    Arc::new(Papers::open(config).unwrap().unwrap())
}

/// What the authority denies, as the mesh would bring it.
fn denied(authority: &Authority, by: &Keys) -> (DenyList, Vec<Passport>) {
    let file: Denied = files::read(&authority.deny_list(), Readers::All).unwrap();
    file.verified(&by.authority).unwrap()
}

#[test]
fn a_list_that_came_over_the_mesh_is_in_force_at_once_and_at_the_next_start() {
    let bench = Bench::new("came");
    let authority = bench.authority("hq");
    let (a, _) = (bench.enrolled(&authority, "a"), bench.enrolled(&authority, "b"));
    let config = config(&bench, "a");
    let running = papers(&config);
    authority.revoke("b").unwrap();
    let (list, passports) = denied(&authority, &a);
    running.handle_deny_list(&list, passports);
    assert!(running.keys().denies("b") && !papers(&config).keys().denies("b"), "not kept yet");
    running.look().unwrap();
    assert_eq!(papers(&config).keys().denied_names(), ["b"]);
    let beside = Keys::read(&bench.at("a")).unwrap();
    assert_eq!(beside.deny_list.version, 0, "a service may not write where its keys are");
}

#[test]
fn keys_that_are_replaced_forget_nobody_whom_the_mesh_denied() {
    let bench = Bench::new("forget");
    let authority = bench.authority("hq");
    let (a, _) = (bench.enrolled(&authority, "a"), bench.enrolled(&authority, "b"));
    let request = enrolment::renew(&bench.at("a"), false).unwrap();
    let (bundle, _) = authority.sign(&request, 60, NOW).unwrap();
    let running = papers(&config(&bench, "a"));
    authority.revoke("b").unwrap();
    let (list, passports) = denied(&authority, &a);
    running.handle_deny_list(&list, passports);
    enrolment::install(&bench.at("a"), bundle, NOW).unwrap();
    running.look().unwrap();
    assert!(running.keys().passport.not_after > a.passport.not_after, "renewed");
    assert!(running.keys().denies("b"));
}

#[test]
fn keys_and_replica_tell_each_other_what_is_new() {
    let bench = Bench::new("exchange");
    let authority = bench.authority("hq");
    let keys = bench.enrolled(&authority, "a");
    let (_, _) = (bench.enrolled(&authority, "b"), bench.enrolled(&authority, "c"));
    let config = config(&bench, "a");
    let running = papers(&config);
    let now = Now { validity: NOW, elapsed: Span::ZERO };
    let replica = running.config().applied_to(proto::replica::ReplicaConfig::default());
    let origin = Origin { node: node_id("a"), incarnation: 1 };
    let mut node = Node::new(&config, origin).unwrap().with_signed_mesh(replica, &keys.of_replica(true), now);
    let mut exchange = Exchange::new(Arc::clone(&running));
    exchange.tend(&mut node, now);
    assert_eq!(node.replica().unwrap().deny_list().map(|list| list.version), Some(0));

    authority.revoke("b").unwrap();
    let installed: Denied = files::read(&authority.deny_list(), Readers::All).unwrap();
    enrolment::install_deny_list(&bench.at("a"), &installed).unwrap();
    running.look().unwrap();
    exchange.tend(&mut node, now);
    let names =
        |node: &Node| node.replica().unwrap().denied().map(|passport| passport.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&node), ["b"], "whoever is told of the list is told the name");

    authority.revoke("c").unwrap();
    let (list, passports) = denied(&authority, &keys);
    node.handle_deny_list(list, now).unwrap();
    exchange.tend(&mut node, now);
    assert_eq!((running.keys().deny_list.version, running.keys().denies("c")), (2, false), "nobody told the name yet");
    passports.into_iter().for_each(|passport| node.handle_passport(passport, now).unwrap());
    exchange.tend(&mut node, now);
    assert_eq!(running.keys().denied_names(), ["b", "c"]);
}

#[test]
fn keys_replaced_before_the_clock_of_the_file_system_moves_on_are_seen() {
    let bench = Bench::new("tick");
    let authority = bench.authority("hq");
    let keys = bench.enrolled(&authority, "a");
    let running = papers(&config(&bench, "a"));
    let installed = bench.at("a").join(INSTALLED);
    let written = fs::metadata(&installed).unwrap().modified().unwrap();
    let request = enrolment::renew(&bench.at("a"), false).unwrap();
    let (bundle, _) = authority.sign(&request, 60, NOW).unwrap();
    enrolment::install(&bench.at("a"), bundle, NOW).unwrap();
    fs::File::options().append(true).open(&installed).unwrap().set_modified(written).unwrap();
    running.look().unwrap();
    assert!(running.keys().passport.not_after > keys.passport.not_after);
}

#[test]
fn a_renewed_passport_goes_out_and_one_with_a_new_key_waits_for_the_next_start() {
    let bench = Bench::new("goes-out");
    let authority = bench.authority("hq");
    let keys = bench.enrolled(&authority, "a");
    let config = config(&bench, "a");
    let running = papers(&config);
    let now = Now { validity: NOW, elapsed: Span::ZERO };
    let origin = Origin { node: node_id("a"), incarnation: 1 };
    let replica = running.config().applied_to(proto::replica::ReplicaConfig::default());
    let mut node = Node::new(&config, origin).unwrap().with_signed_mesh(replica, &keys.of_replica(true), now);
    let mut exchange = Exchange::new(Arc::clone(&running));
    for (new_keys, days) in [(false, 60), (true, 90)] {
        let later = NOW + Span::from_secs(i64::from(days) * 60);
        let request = enrolment::renew(&bench.at("a"), new_keys).unwrap();
        let (bundle, passport) = authority.sign(&request, days, later).unwrap();
        enrolment::install(&bench.at("a"), bundle, later).unwrap();
        running.look().unwrap();
        exchange.tend(&mut node, now);
        let told = node.replica().unwrap().passport(node_id("a")).unwrap();
        assert_eq!(told == &passport, !new_keys);
        assert_eq!(told.key, keys.passport.key, "what it signs with");
    }
}
