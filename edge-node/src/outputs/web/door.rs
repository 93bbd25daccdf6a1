//! Who is let in: on this machine whoever asks for it by its own name, from the network whoever shows a token.
//!
//! A page of another site must not read the picture through its visitor's browser. Browsers tell the page's origin, and
//! that must be the host that is asked; where they tell none, the host must be no name that somebody rented and made
//! to point here (DNS rebinding).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::health::{ConsoleHealth, count};
use super::pace::Pace;
use super::secret::Token;
use crate::config::console::{LanConfig, ViewerConfig};
use crate::config::{Config, ConfigError};
use crate::outputs::release::Receiver;

/// How long whoever shows a wrong token waits for the answer.
const WRONG_TOKEN_PAUSE: Duration = Duration::from_secs(1);

/// Answers to wrong tokens that one address may wait for at once. Meanwhile nothing more from there is looked at.
///
/// Counter: `tokens_unread`.
pub const WRONG_TOKENS_MAX: u8 = 4;

/// Addresses that wait for such answers at once. To the next one it is told without a pause that its token is wrong.
///
/// Counter: `tokens_refused`.
pub const WRONG_ADDRESSES_MAX: usize = 256;

/// Somebody who is let in: by name, with what they may see and do.
#[derive(Debug)]
pub struct Viewer {
    /// As configured; of this machine, `console`.
    pub name: String,
    /// What they may see.
    pub receiver: Receiver,
    /// Whether they may say something of tracks.
    pub annotates: bool,
    /// Whether they are on this machine, and may tell in whose name they say it.
    pub is_local: bool,
    /// How fast they may.
    pub(super) pace: Pace,
    /// Of what in the configuration this was made.
    of: Option<ViewerConfig>,
    is_over: AtomicBool,
}

impl Viewer {
    /// Whether they are let in no longer, or to see something else: pages that are open are to be closed.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// From where a request comes.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// One door: of this machine, or of the network.
#[derive(Debug)]
pub struct Door {
    keyholders: RwLock<Arc<Keyholders>>,
    health: Arc<ConsoleHealth>,
    waiting: Mutex<BTreeMap<IpAddr, u8>>,
}

/// Who is let in by a door.
#[derive(Debug)]
pub(super) enum Keyholders {
    /// Everybody who asks for this machine by its address or one of these names.
    Here { viewer: Arc<Viewer>, hosts: Vec<String> },
    /// Those with a token.
    Lan { viewers: Vec<(Token, Arc<Viewer>)>, cookie: String },
}

impl Keyholders {
    /// Those of this machine.
    ///
    /// # Errors
    /// [`ConfigError`] for a label or a clearance that is none.
    pub(super) fn here(config: &Config) -> Result<Self, ConfigError> {
        let console = &config.console;
        let clearance = console.clearance.as_ref().map(|of| of.clearance("console.clearance")).transpose()?;
        let viewer = Viewer {
            name: "console".to_owned(),
            receiver: Receiver::new(config, clearance, true)?,
            annotates: true,
            is_local: true,
            pace: Pace::default(),
            of: None,
            is_over: AtomicBool::new(false),
        };
        Ok(Self::Here { viewer: Arc::new(viewer), hosts: console.hosts.clone() })
    }

    /// Those of the network.
    ///
    /// # Errors
    /// [`ConfigError`] for a label or a clearance that is none, or a file with a token that cannot be used.
    pub(super) fn lan(config: &Config, lan: &LanConfig) -> Result<Self, ConfigError> {
        let mut viewers = Vec::with_capacity(lan.viewers.len());
        for (i, of) in lan.viewers.iter().enumerate() {
            let key = format!("console.lan.viewers[{i}]");
            let token = Token::read(&of.token_file).map_err(|e| ConfigError::at(format!("{key}.token-file"), e))?;
            let clearance = of.clearance.clearance(&format!("{key}.clearance"))?;
            let viewer = Viewer {
                name: of.name.clone(),
                receiver: Receiver::new(config, Some(clearance), of.health)?,
                annotates: of.annotate,
                is_local: false,
                pace: Pace::default(),
                of: Some(of.clone()),
                is_over: AtomicBool::new(false),
            };
            viewers.push((token, Arc::new(viewer)));
        }
        Ok(Self::Lan { viewers, cookie: format!("__Host-copmesh-{}", config.node.name) })
    }

    /// The same, with those who were let in before under the same conditions in their places.
    fn after(mut self, before: &Self) -> Self {
        match (&mut self, before) {
            (Self::Here { viewer, .. }, Self::Here { viewer: old, .. }) if viewer.receiver.is_like(&old.receiver) => {
                *viewer = Arc::clone(old);
            }
            (Self::Lan { viewers, .. }, Self::Lan { viewers: old, .. }) => {
                for (token, viewer) in viewers {
                    let same = old.iter().find(|(of, old)| of == token && old.of == viewer.of);
                    *viewer = same.map_or_else(|| Arc::clone(viewer), |(_, old)| Arc::clone(old));
                }
            }
            _ => {}
        }
        self
    }

    fn viewers(&self) -> Vec<&Arc<Viewer>> {
        match self {
            Self::Here { viewer, .. } => vec![viewer],
            Self::Lan { viewers, .. } => viewers.iter().map(|(_, viewer)| viewer).collect(),
        }
    }
}

impl Door {
    /// That of this machine.
    ///
    /// # Errors
    /// [`ConfigError`] for a label or a clearance that is none.
    pub fn here(config: &Config, health: Arc<ConsoleHealth>) -> Result<Self, ConfigError> {
        Ok(Self::of(Keyholders::here(config)?, health))
    }

    /// That of the network, if there is to be one.
    ///
    /// # Errors
    /// [`ConfigError`] for a label or a clearance that is none, or a file with a token that cannot be used.
    pub fn lan(config: &Config, health: Arc<ConsoleHealth>) -> Result<Option<Self>, ConfigError> {
        let Some(lan) = &config.console.lan else { return Ok(None) };
        Ok(Some(Self::of(Keyholders::lan(config, lan)?, health)))
    }

    fn of(keyholders: Keyholders, health: Arc<ConsoleHealth>) -> Self {
        Self { keyholders: RwLock::new(Arc::new(keyholders)), health, waiting: Mutex::default() }
    }

    fn keyholders(&self) -> Arc<Keyholders> {
        Arc::clone(&self.keyholders.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these are let in and no others.
    pub(super) fn admit_only(&self, keyholders: Keyholders) {
        let before = self.keyholders();
        let now = keyholders.after(&before);
        for viewer in before.viewers() {
            let stays = now.viewers().iter().any(|other| Arc::ptr_eq(other, viewer));
            viewer.is_over.store(!stays, Ordering::Relaxed);
        }
        *self.keyholders.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
    }

    /// How pages are fetched through it.
    pub(super) fn scheme(&self) -> &'static str {
        match *self.keyholders() {
            Keyholders::Here { .. } => "http",
            Keyholders::Lan { .. } => "https",
        }
    }

    fn is_own_host(&self, host: &str) -> bool {
        match &*self.keyholders() {
            Keyholders::Here { hosts, .. } => is_no_rented_name(host) || hosts.iter().any(|own| own == name_of(host)),
            // Nobody sees anything without a token, and browsers keep that for the name that it was told to.
            Keyholders::Lan { .. } => true,
        }
    }

    fn keyholder(&self, headers: &HeaderMap, in_query: Option<&str>) -> Option<Arc<Viewer>> {
        match &*self.keyholders() {
            Keyholders::Here { viewer, .. } => Some(Arc::clone(viewer)),
            Keyholders::Lan { viewers, cookie } => {
                let told = in_query.or_else(|| bearer(headers)).or_else(|| baked(headers, cookie))?;
                // All are looked at, so that the time tells nothing.
                viewers
                    .iter()
                    .fold(None, |found, (token, viewer)| if token.is(told) { Some(viewer) } else { found })
                    .cloned()
            }
        }
    }

    fn is_pressed_by(&self, peer: IpAddr) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(&peer).is_some_and(|waiting| *waiting >= WRONG_TOKENS_MAX)
    }

    async fn refuse(&self, peer: IpAddr) -> Response {
        count(&self.health.tokens_refused);
        if let Some(_waiting) = Waiting::begin(self, peer) {
            tokio::time::sleep(WRONG_TOKEN_PAUSE).await;
        }
        let text = "This console is shown to those with a token. Open it once as https://…/?token=TOKEN, or send \
                    `Authorization: Bearer TOKEN`. Whoever runs this node has it: console.lan.viewers.\n";
        ([(header::WWW_AUTHENTICATE, "Bearer")], plain(StatusCode::UNAUTHORIZED, text)).into_response()
    }
}

/// An answer that is waited for.
struct Waiting<'a> {
    door: &'a Door,
    peer: IpAddr,
}

impl<'a> Waiting<'a> {
    fn begin(door: &'a Door, peer: IpAddr) -> Option<Self> {
        let mut waiting = door.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WRONG_ADDRESSES_MAX && !waiting.contains_key(&peer) {
            return None;
        }
        let of = waiting.entry(peer).or_default();
        *of = of.saturating_add(1);
        Some(Self { door, peer })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.door.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = waiting.get_mut(&self.peer) {
            *of -= 1;
            if *of == 0 {
                waiting.remove(&self.peer);
            }
        }
    }
}

/// Lets a request through that may come in, with its [`Viewer`], or says why not.
pub(super) async fn admit(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !door.is_own_host(host) || !same_origin(headers, host) {
        count(&door.health.sites_refused);
        let text = "The page of another site may not read this. If this machine is rightly called so, put the name \
                    into console.hosts.\n";
        return plain(StatusCode::FORBIDDEN, text);
    }
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    if door.is_pressed_by(peer) {
        count(&door.health.tokens_unread);
        return plain(StatusCode::TOO_MANY_REQUESTS, "Too many wrong tokens from this address; wait a second.\n");
    }
    let (token, clean) = token_in(request.uri());
    let viewer = door.keyholder(headers, token.as_deref());
    let Some(viewer) = viewer else { return door.refuse(peer).await };
    if let (Some(token), Keyholders::Lan { cookie, .. }) = (token, &*door.keyholders()) {
        return with_cookie(cookie, &token, &clean);
    }
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, headers, text).into_response()
}

/// The browser keeps the token, and goes where it is not in the address.
fn with_cookie(cookie: &str, token: &str, clean: &str) -> Response {
    let kept = format!("{cookie}={token}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Strict");
    let headers = [
        (header::LOCATION, clean),
        (header::SET_COOKIE, &kept),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The token in an address, and the address without it.
fn token_in(uri: &Uri) -> (Option<String>, String) {
    let mut token = None;
    let mut rest = Vec::new();
    for part in uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
        match part.strip_prefix("token=") {
            Some(told) => token = Some(told.to_owned()),
            None => rest.push(part),
        }
    }
    // Two slashes at the beginning would name another host.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    let clean = if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) };
    (token, clean)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers.get(header::AUTHORIZATION)?)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn baked<'a>(headers: &'a HeaderMap, cookie: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(text).flat_map(|all| all.split(';'));
    all.filter_map(|one| one.trim().split_once('=')).find(|(name, _)| *name == cookie).map(|(_, value)| value)
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

fn same_origin(headers: &HeaderMap, host: &str) -> bool {
    headers.get(header::ORIGIN).is_none_or(|origin| {
        text(origin).and_then(|origin| origin.split_once("://")).is_some_and(|(_, rest)| rest == host)
    })
}

/// An address or `localhost` cannot be made to point elsewhere.
fn is_no_rented_name(host: &str) -> bool {
    let name = name_of(host);
    name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn here(hosts: &[&str]) -> Door {
        let text = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
        let mut config = Config::parse(text).expect("a configuration");
        config.console.hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Door::here(&config, Arc::default()).expect("sound")
    }

    fn origin(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))])
    }

    #[test]
    fn a_page_of_another_site_may_not_read_the_picture() {
        assert!(same_origin(&origin("http://127.0.0.1:8477"), "127.0.0.1:8477"));
        assert!(same_origin(&HeaderMap::new(), "127.0.0.1:8477"), "a program that is no browser");
        for foreign in ["http://evil.example", "http://127.0.0.1:8478", "null"] {
            assert!(!same_origin(&origin(foreign), "127.0.0.1:8477"), "{foreign}");
        }
    }

    #[test]
    fn a_name_that_was_made_to_point_here_opens_nothing_unless_it_is_configured() {
        for own in ["localhost:8477", "[::1]:8477", "127.0.0.1", "10.0.0.7:80"] {
            assert!(here(&[]).is_own_host(own), "{own}");
        }
        for rented in ["evil.example:8477", "evil.example", "", "localhost.evil.example"] {
            assert!(!here(&[]).is_own_host(rented), "{rented}");
        }
        assert!(here(&["box.local"]).is_own_host("box.local:8477"));
    }

    /// A door of the network to which viewers of these names and levels have tokens, made of their letters.
    fn lan(viewers: &[(&str, char, &str)]) -> Config {
        let mut text = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n[console.lan]\n\
                        listen = \"0.0.0.0:1\"\ncertificate = \"c\"\nkey = \"k\"\n"
            .to_owned();
        for (name, letter, level) in viewers {
            let file = std::env::temp_dir().join(format!("copmesh-door-{letter}-{}", std::process::id()));
            std::fs::write(&file, letter.to_string().repeat(32)).expect("a temporary file");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("ours");
            text += &format!(
                "[[console.lan.viewers]]\nname = \"{name}\"\ntoken-file = {file:?}\n\
                 clearance = {{ level = \"{level}\", communities = [\"POL\"] }}\n"
            );
        }
        Config::parse(&text).expect("sound")
    }

    #[test]
    fn who_may_look_no_longer_is_shut_out_and_whoever_still_may_notices_nothing() {
        let config = lan(&[("ops", 'a', "secret"), ("guest", 'b', "secret"), ("chief", 'c', "secret")]);
        let door = Door::lan(&config, Arc::default()).expect("sound").expect("there is one");
        let by = |letter: char| door.keyholder(&HeaderMap::new(), Some(&letter.to_string().repeat(32)));
        let [ops, guest, chief] = ['a', 'b', 'c'].map(|letter| by(letter).expect("has a token"));
        let config = lan(&[("ops", 'a', "secret"), ("guest", 'b', "restricted"), ("chief", 'd', "secret")]);
        let lan = config.console.lan.as_ref().expect("there is one");
        door.admit_only(Keyholders::lan(&config, lan).expect("sound"));
        assert!(Arc::ptr_eq(&by('a').expect("still there"), &ops) && !ops.is_over());
        assert!(guest.is_over() && by('b').is_some_and(|now| !now.is_over()), "may see less");
        assert!(chief.is_over() && by('c').is_none() && by('d').is_some(), "has another token");
    }

    #[test]
    fn a_token_leaves_the_address() {
        let take = |uri: &str| token_in(&uri.parse().expect("an address"));
        assert_eq!(take("/?token=abc"), (Some("abc".into()), "/".into()));
        assert_eq!(take("/a?x=1&token=abc&y=2"), (Some("abc".into()), "/a?x=1&y=2".into()));
        assert_eq!(take("//evil.example/?token=abc").1, "/evil.example/");
        assert_eq!(take("/picture.json"), (None, "/picture.json".into()));
    }

    #[test]
    fn a_token_is_told_in_a_header_or_a_cookie() {
        let headers = |name, value| HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        assert_eq!(bearer(&headers(header::AUTHORIZATION, "Bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers(header::AUTHORIZATION, "Basic abc")), None);
        assert_eq!(baked(&headers(header::COOKIE, "a=b; __Host-copmesh-x=abc"), "__Host-copmesh-x"), Some("abc"));
        assert_eq!(baked(&headers(header::COOKIE, "__Host-copmesh-y=abc"), "__Host-copmesh-x"), None);
    }
}
