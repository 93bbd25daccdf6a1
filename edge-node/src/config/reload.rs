//! Which changes of the configuration a running node takes, and which need a start.
//!
//! Where sensors' bytes come from, who is told and who may look can change while the node runs: no track is lost by it,
//! and none gets another number. What the node thinks with, and what neighbours know it by, it is built on. A
//! configuration that changes anything of that is refused as a whole, so that what runs is always what some file said.

use toml::Value;

use super::console::LanConfig;
use super::{Config, ConfigError};

/// The sensors, by their places, whose endpoints are different.
///
/// # Errors
/// [`ConfigError`] with every key whose change needs a start.
pub fn changed_endpoints(running: &Config, wanted: &Config) -> Result<Vec<usize>, ConfigError> {
    let rest = with_what_needs_a_start(running, wanted);
    if rest != *running {
        let (mut keys, of) = (Vec::new(), |config: &Config| Value::try_from(config).ok());
        differences("", of(running).as_ref(), of(&rest).as_ref(), &mut keys);
        let message = format!("{}: a change of this needs a start; nothing was changed", keys.join(", "));
        return Err(ConfigError::at("", message));
    }
    let both = running.sensors.iter().zip(&wanted.sensors).enumerate();
    let changed = both.filter(|(_, (a, b))| (&a.endpoint, &a.endpoint_b) != (&b.endpoint, &b.endpoint_b));
    Ok(changed.map(|(place, _)| place).collect())
}

/// What runs, with what of the other cannot be changed while it does.
fn with_what_needs_a_start(running: &Config, wanted: &Config) -> Config {
    let mut rest = wanted.clone();
    for (sensor, before) in rest.sensors.iter_mut().zip(&running.sensors) {
        sensor.endpoint.clone_from(&before.endpoint);
        sensor.endpoint_b.clone_from(&before.endpoint_b);
    }
    rest.tak.clone_from(&running.tak);
    rest.cat062.clone_from(&running.cat062);
    rest.sapient_out.clone_from(&running.sapient_out);
    rest.console.clearance.clone_from(&running.console.clearance);
    rest.console.hosts.clone_from(&running.console.hosts);
    if let (Some(lan), Some(before)) = (&mut rest.console.lan, &running.console.lan) {
        *lan = LanConfig { listen: std::mem::take(&mut lan.listen), ..before.clone() };
    }
    rest.node.log = running.node.log;
    rest
}

/// The paths of what is not the same in both.
fn differences(path: &str, a: Option<&Value>, b: Option<&Value>, keys: &mut Vec<String>) {
    match (a, b) {
        (Some(Value::Table(a)), Some(Value::Table(b))) => {
            let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            names.for_each(|name| differences(&join(name), a.get(name), b.get(name), keys));
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            let both = a.iter().zip(b).enumerate();
            both.for_each(|(k, (a, b))| differences(&format!("{path}[{k}]"), Some(a), Some(b), keys));
        }
        _ if a != b => keys.push(path.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogLevel;

    const RUNNING: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n
[[sensors]]\nname = \"adsb\"\nkind = \"beast\"\nendpoint = \"tcp://127.0.0.1:30005\"
label = { level = \"unclassified\", originator = \"TEST\" }\n";

    fn config(text: &str) -> Config {
        Config::parse(text).expect("valid")
    }

    #[test]
    fn where_bytes_come_from_may_change() {
        let wanted = config(&RUNNING.replace("30005", "30006"));
        assert_eq!(changed_endpoints(&config(RUNNING), &wanted), Ok(vec![0]));
        assert_eq!(changed_endpoints(&config(RUNNING), &config(RUNNING)), Ok(vec![]));
    }

    #[test]
    fn who_is_told_who_may_look_and_what_is_logged_may_change() {
        let lan = |certificate: &str, viewer: &str| {
            let clearance = "clearance = { level = \"restricted\", communities = [\"POL\"] }\n";
            let tak = format!("[[tak]]\nname = \"{viewer}\"\nendpoint = \"udp://127.0.0.1:1\"\n{clearance}");
            let sapient =
                format!("[[sapient-out]]\nname = \"{viewer}\"\nendpoint = \"tcp://127.0.0.1:1\"\n{clearance}");
            let lan = format!("[console.lan]\nlisten = \"0.0.0.0:1\"\ncertificate = \"{certificate}\"\nkey = \"k\"\n");
            let viewer = format!("[[console.lan.viewers]]\nname = \"{viewer}\"\ntoken-file = \"t\"\n{clearance}");
            config(&format!("{RUNNING}{tak}{sapient}[console]\nhosts = [\"{certificate}\"]\n{lan}{viewer}"))
        };
        let (running, mut wanted) = (lan("a.pem", "ops"), lan("b.pem", "guest"));
        wanted.node.log = Some(LogLevel::Debug);
        assert_eq!(changed_endpoints(&running, &wanted), Ok(vec![]));
        wanted.tak.clear();
        assert_eq!(changed_endpoints(&running, &wanted), Ok(vec![]));
        wanted.console.lan.as_mut().expect("it has one").listen = "0.0.0.0:2".into();
        let said = changed_endpoints(&running, &wanted).expect_err("an address that is bound").to_string();
        assert!(said.starts_with("console.lan.listen: "), "{said}");
        wanted.console.lan = None;
        let said = changed_endpoints(&running, &wanted).expect_err("nobody listens any more").to_string();
        assert!(said.starts_with("console.lan: "), "{said}");
    }

    #[test]
    fn what_needs_a_start_is_refused_by_key_and_with_it_all_the_rest() {
        let other = RUNNING.replace("30005", "30006").replace("52.0", "52.5");
        let said = changed_endpoints(&config(RUNNING), &config(&other)).expect_err("it moves").to_string();
        assert!(said.starts_with("node.latitude-deg: "), "{said}");
        let second = RUNNING.split_once("\n\n").expect("two parts").1.replace("adsb", "more");
        let said = changed_endpoints(&config(RUNNING), &config(&format!("{RUNNING}\n{second}"))).expect_err("one more");
        assert!(said.to_string().starts_with("sensors: "), "{said}");
    }
}
