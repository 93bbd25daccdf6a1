//! The scenarios that come with the program.

use super::Scenario;

/// A scenario that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Its text, as an example to start from.
    pub text: &'static str,
}

/// All of them, the demonstration first.
pub const SHIPPED: [Shipped; 7] = [
    Shipped { name: "demo", text: include_str!("../scenarios/demo.toml") },
    Shipped { name: "airfield", text: include_str!("../scenarios/airfield.toml") },
    Shipped { name: "coast", text: include_str!("../scenarios/coast.toml") },
    Shipped { name: "convoy", text: include_str!("../scenarios/convoy.toml") },
    Shipped { name: "emitters", text: include_str!("../scenarios/emitters.toml") },
    Shipped { name: "crossing", text: include_str!("../scenarios/crossing.toml") },
    Shipped { name: "border", text: include_str!("../scenarios/border.toml") },
];

/// One by its name.
#[must_use]
pub fn shipped(name: &str) -> Option<Shipped> {
    SHIPPED.into_iter().find(|shipped| shipped.name == name)
}

/// The scenario of the demonstration: the air around a regional airfield, with traffic, helicopters and drones.
///
/// # Panics
/// Never: a test reads it.
#[must_use]
pub fn demo() -> Scenario {
    SHIPPED[0].scenario()
}

impl Shipped {
    /// As read.
    ///
    /// # Panics
    /// Never: a test reads each.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        Scenario::from_toml(self.text).expect("a test reads every scenario that is shipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_is_sound_bears_its_name_and_says_what_it_shows() {
        for one in SHIPPED {
            let scenario = Scenario::from_toml(one.text).unwrap_or_else(|error| panic!("{}: {error}", one.name));
            assert_eq!(scenario.name, one.name);
            assert!((20..=110).contains(&scenario.about.chars().count()), "{}: {}", one.name, scenario.about);
        }
    }
}
