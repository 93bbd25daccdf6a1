//! Labels as an operator writes them.

use fusion_core::label::{Code, Codes, Label, Level};
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Who may receive what a sensor says. Mandatory for every sensor: what nobody labelled must not leak.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LabelConfig {
    /// `unclassified`, `restricted`, `confidential`, `secret` or `top-secret`.
    pub level: LevelName,
    /// Communities that may receive it, e.g. `["POL", "GBR"]`.
    #[serde(default)]
    pub releasable_to: Vec<String>,
    /// Handling caveats, e.g. `["NOFORN"]`.
    #[serde(default)]
    pub caveats: Vec<String>,
    /// Whose information it is, e.g. `"POL"`.
    pub originator: String,
}

/// Level of classification as written in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words are their own meaning")]
pub enum LevelName {
    Unclassified,
    Restricted,
    Confidential,
    Secret,
    TopSecret,
}

impl LabelConfig {
    /// The label.
    ///
    /// # Errors
    /// [`ConfigError`] at the code that is none, or where there are too many.
    pub fn label(&self, key: &str) -> Result<Label, ConfigError> {
        Ok(Label {
            level: self.level.into(),
            releasable_to: codes(&self.releasable_to, &format!("{key}.releasable-to"))?,
            caveats: codes(&self.caveats, &format!("{key}.caveats"))?,
            originators: codes(core::slice::from_ref(&self.originator), &format!("{key}.originator"))?,
        })
    }
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Unclassified => Self::Unclassified,
            LevelName::Restricted => Self::Restricted,
            LevelName::Confidential => Self::Confidential,
            LevelName::Secret => Self::Secret,
            LevelName::TopSecret => Self::TopSecret,
        }
    }
}

/// A set of codes, checked.
pub(super) fn codes(texts: &[String], key: &str) -> Result<Codes, ConfigError> {
    let mut set = Codes::EMPTY;
    for text in texts {
        let code = Code::new(text).ok_or_else(|| {
            ConfigError::at(key, format!("\"{text}\" is no code; write 1 to 8 of A–Z, 0–9, '-' and '_'"))
        })?;
        if !set.insert(code) {
            return Err(ConfigError::at(key, format!("more than {} codes", fusion_core::label::LABEL_CODES_MAX)));
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_code_is_named() {
        let label = LabelConfig {
            level: LevelName::Restricted,
            releasable_to: vec!["pol".into()],
            caveats: vec![],
            originator: "POL".into(),
        };
        let error = label.label("sensors[0].label").expect_err("lower case is no code");
        assert!(error.to_string().starts_with("sensors[0].label.releasable-to: \"pol\""), "{error}");
    }
}
