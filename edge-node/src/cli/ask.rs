//! Asking a running node, over its console's address.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::{Failure, check};
use crate::ingest::http::{self, NoPage};

/// Bytes of an answer at the most: far more than a full picture has.
///
/// No counter: the command fails and says so.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Whom to ask.
#[derive(Args, Debug)]
pub struct NodeArgs {
    /// Where the node serves its console.
    #[arg(long, default_value = "127.0.0.1:8477", value_name = "ADDRESS:PORT")]
    pub console: String,
    /// Ask where this configuration says.
    #[arg(long, value_name = "FILE", conflicts_with = "console")]
    pub config: Option<PathBuf>,
}

impl NodeArgs {
    /// What the node answers to a question.
    ///
    /// # Errors
    /// [`Failure`] if nobody answers there.
    pub fn ask(&self, question: &str) -> Result<Vec<u8>, Failure> {
        let address = self.address()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        runtime.block_on(http::get(&address, question, ANSWER_BYTES_MAX)).map_err(|e| unanswered(&address, &e))
    }

    /// Sends JSON, and gives what the node answers.
    ///
    /// # Errors
    /// [`Failure`] if nobody answers there, or the node refuses: with why.
    pub fn send_json(&self, path: &str, value: &Value) -> Result<Vec<u8>, Failure> {
        let address = self.address()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        let answer = runtime.block_on(http::post(&address, path, value.to_string()));
        let (status, body) = answer.map_err(|e| unanswered(&address, &e))?;
        if status.is_success() {
            return Ok(body);
        }
        let why = String::from_utf8_lossy(&body).trim().to_owned();
        Err(Failure::refused(if why.is_empty() { format!("the node answers {status}") } else { why }))
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// [`Failure`] if nobody answers there, or not as a node does.
    pub fn ask_json(&self, question: &str) -> Result<Value, Failure> {
        let foreign = |e| Failure::failed(format!("what answers at {} is no copmesh: {e}", self.console));
        serde_json::from_slice(&self.ask(question)?).map_err(foreign)
    }

    /// Where it is asked.
    ///
    /// # Errors
    /// [`Failure`] if the configuration cannot be read, or serves no console.
    pub fn address(&self) -> Result<String, Failure> {
        let Some(path) = &self.config else { return Ok(self.console.clone()) };
        let console = check::read(path)?.console;
        if console.enabled {
            return Ok(console.listen);
        }
        Err(Failure::refused(format!("{}: console.enabled is false, so the node answers nobody", path.display())))
    }
}

fn unanswered(address: &str, cause: &NoPage) -> Failure {
    let remedy = match cause {
        NoPage::Unreachable(_) => "is `copmesh run` running, and is this its console.listen? Tell it with --console",
        NoPage::Broken(_) | NoPage::Torn | NoPage::TooLong(_) | NoPage::Refused(_) | NoPage::NoRequest => {
            "something else than this copmesh listens there; tell the node's console.listen with --console"
        }
        NoPage::TooSlow => "the node does not answer in time",
    };
    Failure::failed(format!("no answer from {address}: {cause}; {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_does_not_run_is_told_with_a_remedy() {
        let nobody = NodeArgs { console: "127.0.0.1:1".into(), config: None };
        let failure = nobody.ask_json("/status.json").expect_err("nobody listens on port 1");
        assert!(failure.message.starts_with("no answer from 127.0.0.1:1") && failure.message.contains("copmesh run"));
        assert_eq!(failure.code, 1);
    }
}
