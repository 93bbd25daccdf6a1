//! The files of the page, which lie packed in this program and are sent so: a third of the size, over thin links too.

use std::io::Read;

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;

include!(concat!(env!("OUT_DIR"), "/console_assets.rs"));

const NO_PAGE: &str = "This copmesh was built without the console page, because node or npm was missing. \
                       Install nodejs and npm and build again; the picture is on /ws and on zenoh all the same.\n";

/// Whether the page was built into this program.
#[must_use]
pub fn has_page() -> bool {
    !CONSOLE_ASSETS.is_empty()
}

/// `GET` of whatever nothing else answers to.
pub(super) async fn asset(uri: Uri, headers: HeaderMap) -> Response {
    let path = match uri.path() {
        "/" => "index.html",
        other => other.trim_start_matches('/'),
    };
    let found = CONSOLE_ASSETS.iter().find(|(name, _, _)| *name == path);
    let Some((_, content_type, packed)) = found else {
        let text = if has_page() { "not found" } else { NO_PAGE };
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let about = [
        (header::CONTENT_TYPE, *content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, header::ACCEPT_ENCODING.as_str()),
    ];
    if takes_gzip(&headers) {
        return (about, [(header::CONTENT_ENCODING, "gzip")], *packed).into_response();
    }
    (about, unpacked(packed)).into_response()
}

/// RFC 9110, 12.5.3: what is said of `gzip` counts, or else what is said of `*`; a quality of zero refuses it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let quality_of = |wanted: &str| {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).find_map(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_wanted = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            is_wanted.then(|| quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
        })
    };
    quality_of("gzip").or_else(|| quality_of("*")).is_some_and(|quality: f64| quality > 0.0)
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut octets).expect("this program was built with it");
    octets
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asking(accepted: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))])
    }

    #[test]
    fn gzip_is_sent_to_those_who_say_that_they_take_it() {
        let takes = ["gzip", "deflate, gzip, br", "GZIP;q=0.5", "*", "br;q=1.0, gzip; q=0.2"];
        let does_not = ["", "identity", "br, deflate", "gzip;q=0, *", "gzip; q=0.0, br", "gzip;q=much"];
        assert_eq!(takes.map(|accepted| takes_gzip(&asking(accepted))), [true; 5]);
        assert_eq!(does_not.map(|accepted| takes_gzip(&asking(accepted))), [false; 6]);
        assert!(!takes_gzip(&HeaderMap::new()), "an old tool says nothing");
    }

    #[tokio::test]
    async fn each_file_is_the_same_packed_and_plain() {
        for (name, content_type, packed) in CONSOLE_ASSETS {
            let uri: Uri = format!("/{name}").parse().expect("a path");
            let (plain, none) = (unpacked(packed), HeaderMap::new());
            for (headers, coding, sent) in [(asking("gzip"), Some("gzip"), packed.to_vec()), (none, None, plain)] {
                let response = asset(uri.clone(), headers).await;
                assert_eq!(response.headers()[header::CONTENT_TYPE], *content_type);
                assert_eq!(
                    response.headers().get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes),
                    coding.map(str::as_bytes)
                );
                let body = axum::body::to_bytes(response.into_body(), 16 << 20).await.expect("all of it");
                assert_eq!(body, sent, "{name}");
            }
        }
    }
}
