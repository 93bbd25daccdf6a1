//! `GET /about.json`: which program this is, and whose work is in the page.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Serving;

include!(concat!(env!("OUT_DIR"), "/console_libraries.rs"));

/// Tells it.
pub(super) async fn about(State(serving): State<Serving>) -> Response {
    let mut told = told();
    told["node"] = json!(serving.hello.config.node.name);
    axum::Json(told).into_response()
}

fn told() -> Value {
    let libraries = CONSOLE_LIBRARIES.iter().map(
        |(name, version, licence, text)| json!({ "name": name, "version": version, "licence": licence, "text": text }),
    );
    json!({
        "program": "copmesh",
        "version": env!("CARGO_PKG_VERSION"),
        "licence": env!("CARGO_PKG_LICENSE"),
        "build": { "target": BUILD_TARGET, "profile": BUILD_PROFILE, "page": super::has_page() },
        "libraries": libraries.collect::<Vec<Value>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_work_is_in_the_page_is_told_with_its_licence() {
        let told = told();
        let libraries = told["libraries"].as_array().expect("a list");
        assert_eq!(libraries.is_empty(), !super::super::has_page(), "a page comes with libraries");
        for library in libraries {
            assert!(library["licence"].as_str().is_some_and(|licence| !licence.is_empty()), "{library}");
            assert!(library["text"].as_str().is_some_and(|text| text.len() > 100), "{library}");
        }
    }
}
