//! Tokens, in files that nobody else may read.

use std::path::Path;

use crate::keys::files;

/// The shortest token, octets: what `openssl rand -hex 16` gives has 32.
const TOKEN_BYTES_MIN: usize = 24;

/// The longest token, octets.
///
/// No counter: a longer one in a file is refused at the start, and one that is told is wrong.
const TOKEN_BYTES_MAX: usize = 128;

/// What a viewer shows to be let in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(Vec<u8>);

impl Token {
    /// The token in a file that nobody else may read.
    ///
    /// # Errors
    /// Which file, what is wrong with it, and the remedy.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let content = files::secret(path)?;
        let text = content.trim_ascii();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
        if !(TOKEN_BYTES_MIN..=TOKEN_BYTES_MAX).contains(&text.len()) || !text.iter().all(plain) {
            return Err(format!(
                "{}: holds no token of {TOKEN_BYTES_MIN} to {TOKEN_BYTES_MAX} of A–Z a–z 0–9 - . _ ~; \
                 do `openssl rand -hex 32 > {}`",
                path.display(),
                path.display()
            ));
        }
        Ok(Self(text.to_vec()))
    }

    /// Whether it is this one, in a time that does not depend on where they differ.
    pub(super) fn is(&self, told: &str) -> bool {
        let (held, told) = (&self.0, told.as_bytes());
        let octet = |text: &[u8], at: usize| text.get(at).copied().unwrap_or(0);
        let differing = (0..TOKEN_BYTES_MAX).fold(0_u8, |all, at| all | (octet(held, at) ^ octet(told, at)));
        let same = std::hint::black_box(differing) == 0;
        same & (held.len() == told.len())
    }
}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(name: &str, content: &str, mode: u32) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("copmesh-secret-{name}-{}", std::process::id()));
        std::fs::write(&path, content).expect("a temporary file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("ours");
        path
    }

    #[test]
    fn a_token_that_others_may_read_is_none() {
        let text = "0123456789abcdef0123456789abcdef\n";
        let open = Token::read(&file("open", text, 0o640)).expect_err("the group may read it");
        assert!(open.contains("0640") && open.contains("chmod 600"), "{open}");
        assert!(Token::read(&file("closed", text, 0o600)).is_ok());
    }

    #[test]
    fn what_is_no_token_is_told_with_how_to_make_one() {
        for text in ["", "short", "0123456789abcdef 0123456789abcdef", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            let fault = Token::read(&file("bad", text, 0o600)).expect_err(text);
            assert!(fault.contains("openssl rand"), "{fault}");
        }
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let token = Token(b"0123456789abcdef0123456789abcdef".to_vec());
        assert!(token.is("0123456789abcdef0123456789abcdef"));
        for wrong in ["", "0123456789abcdef0123456789abcdee", "0123456789abcdef0123456789abcdef\0", "0"] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token", "it is in no log");
    }
}
