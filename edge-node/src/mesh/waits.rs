//! How long a bearer's session waits: for a word on a connection, for an attempt to connect, until the next.
//!
//! What is configured holds. Else it depends on what is spoken. A stream that is cut repeats itself ever later, so it
//! is given up soon. Datagrams need nothing but the link, and a handshake of four may be lost, so theirs is kept for
//! long. On a serial line the end that reads a damaged frame ends its link, and the other is told nothing; where that
//! is the one that dials, nothing goes over the line until its lease is over. And of its handshake the first word is
//! said once in each attempt, so one made while the line is cut only takes up time.

use std::time::Duration;

use crate::config::mesh::BearerConfig;

/// Cuts shorter than this need no handshake. Not longer, since a side that lost the last datagram of a handshake can
/// only connect when the other, which believes in the connection, has given it up.
const DATAGRAM_LEASE_S: f64 = 20.0;
/// Three exchanges over a serial line, its modems included, and what the handshake takes beside other traffic.
const LINE_TURNS_S: f64 = 0.45;
const LINE_HANDSHAKE_BITS: f64 = 18_000.0;
const LINE_PAUSE_S: f64 = 0.1;

/// All of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waits {
    /// After so long without a word a connection is given up.
    pub(super) lease: Duration,
    /// What an attempt to connect may take.
    pub(super) attempt: Duration,
    /// After the first attempt that failed, and at the most.
    pub(super) pauses: [Duration; 2],
}

/// That of a bearer which connects to these endpoints.
pub(super) fn waits(bearer: &BearerConfig, connect: &[String]) -> Waits {
    let endpoints = || bearer.listen.iter().chain(connect);
    let (mut default, s) = (BearerConfig::of(bearer.profile).settings(), bearer.settings());
    if is_serial(endpoints()) {
        default.lease_s = s.silence_s / 4.0;
        default.open_timeout_s = LINE_TURNS_S + LINE_HANDSHAKE_BITS / s.rate_bit_s;
        (default.retry_first_s, default.retry_longest_s) = (LINE_PAUSE_S, LINE_PAUSE_S);
    } else if endpoints().all(|endpoint| endpoint.starts_with("udp/")) {
        default.lease_s = DATAGRAM_LEASE_S;
    }
    let first_s = bearer.retry_first_s.unwrap_or(default.retry_first_s);
    let longest_s = bearer.retry_longest_s.unwrap_or(default.retry_longest_s).max(first_s);
    Waits {
        lease: Duration::from_secs_f64(bearer.lease_s.unwrap_or(default.lease_s)),
        attempt: Duration::from_secs_f64(bearer.open_timeout_s.unwrap_or(default.open_timeout_s)),
        pauses: [first_s, longest_s].map(Duration::from_secs_f64),
    }
}

/// Whether a serial line is among these.
pub(super) fn is_serial<'a>(mut endpoints: impl Iterator<Item = &'a String>) -> bool {
    endpoints.any(|endpoint| endpoint.starts_with("serial/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::mesh::Profile;

    fn of(profile: Profile, listen: &str, connect: &[&str]) -> Waits {
        let bearer = BearerConfig { listen: vec![listen.into()], ..BearerConfig::of(profile) };
        waits(&bearer, &connect.iter().map(|&endpoint| endpoint.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn connections_of_datagrams_outlive_cuts_that_would_stall_a_stream() {
        let lease_s = |listen, connect| of(Profile::Radio9k6, listen, connect).lease.as_secs();
        assert_eq!(lease_s("udp/0.0.0.0:1", &["udp/10.0.0.1:1"]), 20);
        assert_eq!(lease_s("udp/0.0.0.0:1", &["tcp/10.0.0.1:1"]), 10, "one stream is enough");
    }

    #[test]
    fn a_serial_line_is_given_up_soon_and_dialled_without_pause() {
        let fast = of(Profile::Radio64k, "serial//dev/ttyS0", &[]);
        assert_eq!((fast.lease.as_millis(), fast.attempt.as_millis()), (1000, 731));
        assert_eq!(fast.pauses.map(|pause| pause.as_millis()), [100, 100]);
        let slow = of(Profile::Radio9k6, "serial//dev/ttyS0", &["udp/10.0.0.1:1"]);
        assert_eq!((slow.lease.as_millis(), slow.attempt.as_millis()), (2000, 2325), "a handshake needs a second");
    }

    #[test]
    fn what_is_configured_holds() {
        let listen = vec!["serial//dev/ttyS0".to_owned()];
        let told =
            BearerConfig { listen, lease_s: Some(5.0), retry_first_s: Some(3.0), ..BearerConfig::of(Profile::Lan) };
        let waits = waits(&told, &[]);
        assert_eq!((waits.lease.as_secs(), waits.pauses.map(|pause| pause.as_secs())), (5, [3, 3]));
    }
}
