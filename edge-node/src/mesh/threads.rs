//! Which of zenoh's threads does what, where a link over TLS makes it matter.
//!
//! zenoh 1.10 reads a TLS stream on one thread while it writes it on another, which the stream is not made for: a
//! daemon that loses such a link dies of it now and then (eclipse-zenoh/zenoh, issue 2557). On one thread the two take
//! turns. zenoh is told about its threads by its environment, before it first starts, and in no other way; so a daemon
//! with TLS links starts itself anew with that set.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::config::MeshConfig;

/// What zenoh reads.
const VARIABLE: &str = "ZENOH_RUNTIME";

/// Sending where receiving is done, and that on one thread.
const ONE_THREAD: &str = "(tx: (handover: rx), rx: (worker_threads: 1))";

/// Starts this program anew if links over TLS need it, with the same arguments as the same process.
///
/// # Errors
/// What the system says if it cannot.
pub fn settle(mesh: &MeshConfig) -> std::io::Result<()> {
    // Who has set it knows why, or has been started anew already.
    if std::env::var_os(VARIABLE).is_some() || !has_tls(mesh) {
        return Ok(());
    }
    let program = std::env::current_exe()?;
    Err(Command::new(program).args(std::env::args_os().skip(1)).env(VARIABLE, ONE_THREAD).exec())
}

fn has_tls(mesh: &MeshConfig) -> bool {
    let listened = mesh.bearers.iter().flat_map(|bearer| &bearer.listen);
    let dialled = mesh.neighbours.iter().flat_map(|neighbour| &neighbour.ways).filter_map(|way| way.endpoint.as_ref());
    let mut all = listened.chain(dialled).chain(&mesh.listen).chain(&mesh.connect);
    all.any(|endpoint| endpoint.starts_with("tls/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn links_over_tls_are_found_wherever_they_are_told() {
        let node = "[keys]\n[node]\nname = \"a\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
        let has_tls = |mesh: &str| has_tls(&Config::parse(&format!("{node}{mesh}")).expect("good").mesh);
        let neighbour = |endpoint: &str| {
            format!(
                "[[mesh.neighbours]]\nname = \"b\"\nclearance = {{ level = \"restricted\", communities = [] }}\n\
                 ways = [{{ bearer = \"lan\", endpoint = \"{endpoint}\" }}]\n"
            )
        };
        assert!(has_tls(&neighbour("tls/10.0.0.2:7450")) && !has_tls(&neighbour("quic/10.0.0.2:7450")));
        assert!(has_tls("[mesh]\nlisten = [\"tls/127.0.0.1:7447\"]\n") && !has_tls(""));
        let bearer = "[[mesh.bearers]]\nname = \"mast\"\nprofile = \"lan\"\nlisten = [\"tls/0.0.0.0:7450\"]\n";
        assert!(has_tls(bearer));
    }
}
