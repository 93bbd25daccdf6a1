//! How soon flow comes back after a link does, with real daemons over real zenoh: the one table in real time.

use tests::network::flow::{CUTS_MS, Flow, measured};

/// The table.
pub fn flow() {
    let Some(daemon) = tests::copmesh_binary("flow") else { return };
    println!(
        "flow after a link returns, real daemons over real zenoh in network namespaces: {} cuts each, of {} to {} ms;",
        CUTS_MS.len(),
        CUTS_MS[0],
        CUTS_MS[CUTS_MS.len() - 1],
    );
    println!("  seconds from the return until both have heard the other, what a look takes included; profile lan, but");
    println!("  for serial, a line of 115200 baud between pseudo terminals; daemon: {}", daemon.display());
    println!("  {:7} {:10} {:>6} {:>8} {:>5} {:>7}", "link", "profile", "p50", "longest", "bar", "a look");
    for (link, flow) in measured("flow") {
        let figures = flow.as_ref().map_or_else(|| "SKIPPED, as was said above".into(), figures);
        println!("  {:7} {:10} {figures}", link.protocol, link.profile);
    }
}

fn figures(flow: &Flow) -> String {
    let bar_s = flow.link.bar_s;
    let missed = if flow.longest_s() > bar_s { "  missed" } else { "" };
    format!("{:6.2} {:8.2} {bar_s:5.1} {:7.2}{missed}", flow.p50_s(), flow.longest_s(), flow.look_s)
}
