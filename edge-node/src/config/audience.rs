//! What consoles on zenoh may see.
//!
//! Whoever is on this machine sees what its operator sees on the page. Who comes from another sees what he is cleared
//! for, and without a clearance nothing.

use fusion_core::label::{Clearance, Codes, Level};

use super::ConfigError;
use super::mesh::MeshConfig;

/// Who may see what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a node has one")]
pub enum Audience {
    /// Whatever there is.
    All,
    /// What this permits.
    Cleared(Clearance),
    /// Nothing that bears a label.
    Nobody,
}

impl Audience {
    /// What it may see of what bears a label; `None` for everything.
    #[must_use]
    pub const fn clearance(&self) -> Option<Clearance> {
        let nobody = Clearance { level: Level::Unclassified, communities: Codes::EMPTY, caveats: Codes::EMPTY };
        match self {
            Self::All => None,
            Self::Cleared(clearance) => Some(*clearance),
            Self::Nobody => Some(nobody),
        }
    }
}

impl MeshConfig {
    /// What consoles may see.
    ///
    /// # Errors
    /// [`ConfigError`] at a code that is none.
    pub fn audience(&self) -> Result<Audience, ConfigError> {
        match &self.console_clearance {
            Some(clearance) => clearance.clearance("mesh.console-clearance").map(Audience::Cleared),
            None if self.strangers().is_none() => Ok(Audience::All),
            None => Ok(Audience::Nobody),
        }
    }

    /// By which of its settings consoles of other machines reach this node.
    fn strangers(&self) -> Option<&str> {
        let far = |endpoint: &&String| !is_of_this_machine(endpoint);
        let endpoint = self.listen.iter().chain(&self.connect).find(far).map(String::as_str);
        endpoint.or_else(|| self.scouting.then_some("scouting"))
    }

    pub(super) fn check_audience(&self) -> Result<(), ConfigError> {
        self.audience()?;
        match self.strangers().filter(|_| self.enabled && self.console_clearance.is_none()) {
            Some(how) => Err(ConfigError::at(
                "mesh.console-clearance",
                format!(
                    "must be there, for consoles may come from other machines ({how}); \
                     write {{ level = \"unclassified\", communities = [\"…\"] }}"
                ),
            )),
            None => Ok(()),
        }
    }
}

/// Whether an endpoint of zenoh leads nowhere but to this machine.
fn is_of_this_machine(endpoint: &str) -> bool {
    let Some((protocol, rest)) = endpoint.split_once('/') else { return false };
    let address = rest.split(['#', '?']).next().unwrap_or_default();
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let loops = |host: &str| host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    protocol == "unixsock-stream" || host == "localhost" || loops(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn parsed(mesh: &str) -> Result<Audience, String> {
        let node = "[node]\nname = \"a\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
        let config = Config::parse(&format!("{node}[mesh]\n{mesh}")).map_err(|e| e.to_string())?;
        config.mesh.audience().map_err(|e| e.to_string())
    }

    #[test]
    fn who_is_on_this_machine_sees_everything() {
        for listen in ["", "listen = [\"tcp/127.0.0.1:7447\", \"tcp/[::1]:7447\", \"unixsock-stream//run/cop\"]\n"] {
            assert_eq!(parsed(listen), Ok(Audience::All), "{listen}");
        }
    }

    #[test]
    fn who_may_come_from_elsewhere_must_be_cleared() {
        let ways = ["listen = [\"tcp/0.0.0.0:7447\"]", "connect = [\"tcp/10.0.0.2:7447\"]", "scouting = true"];
        for way in ways {
            let refusal = parsed(way).expect_err(way);
            assert!(refusal.starts_with("mesh.console-clearance: must be there"), "{refusal}");
            let clearance = "console-clearance = { level = \"restricted\", communities = [\"POL\"] }";
            assert!(matches!(parsed(&format!("{way}\n{clearance}\n")), Ok(Audience::Cleared(_))), "{way}");
        }
        // What a command line bends is not checked again.
        let bent = MeshConfig { listen: vec!["tcp/0.0.0.0:7447".into()], ..MeshConfig::default() };
        assert_eq!(bent.audience(), Ok(Audience::Nobody));
        assert_eq!(Audience::All.clearance(), None);
        let nothing = Audience::Nobody.clearance().expect("it may not see everything");
        assert!(nothing.communities.as_slice().is_empty(), "of no community, nothing is released to it");
    }

    #[test]
    fn what_is_not_published_needs_no_clearance() {
        assert!(parsed("enabled = false\nlisten = [\"tcp/0.0.0.0:7447\"]\n").is_ok());
    }
}
