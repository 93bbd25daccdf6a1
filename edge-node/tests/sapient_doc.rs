//! The examples of SAPIENT in docs/SENSORS.md are good, and what goes wrong in them is refused by its key.

use edge_node::config::{Config, SensorKind};
use edge_node::drivers::decoder;

const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52\nlongitude-deg = 21\n";

/// The fenced examples of the section. Which transports there are is held elsewhere: whoever listens, listens nowhere.
fn examples() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/SENSORS.md");
    let text = std::fs::read_to_string(path).expect("the document");
    let section = text.split("\n## SAPIENT\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a section");
    let blocks = section.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| format!("{NODE}{}", block.replace("tcp-listen://0.0.0.0:5020", "none"))).collect()
}

#[test]
fn the_examples_are_read_and_have_a_driver() {
    let examples = examples();
    assert_eq!(examples.len(), 2, "a server and a client");
    for example in examples {
        let config = Config::parse(&example).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(config.sensors[0].kind, SensorKind::Sapient);
        let mut counters = 0;
        decoder(&config.sensors[0]).counters(&mut |_, _| counters += 1);
        assert!(counters > 20);
    }
}

#[test]
fn a_client_without_a_name_or_with_a_wrong_one_is_told_what_to_write() {
    let client = examples().pop().expect("two");
    let refused = |text: &str| Config::parse(text).expect_err(text).to_string();
    let nameless = client.replace(", node-id = \"6f582b41-6c88-481c-bb0f-6021a1739f57\"", "");
    assert!(
        refused(&nameless).starts_with("sensors[0].sapient.node-id: a client needs a UUID"),
        "{}",
        refused(&nameless)
    );
    let wrong = client.replace("6f582b41-6c88-481c-bb0f-6021a1739f57", "me");
    assert!(refused(&wrong).starts_with("sensors[0].sapient.node-id: \"me\" is no UUID; write e.g. \""));
}
