//! TLS with certificates on both sides. Whoever shows none, or one of another authority, is not spoken to.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::TakConfig;
use crate::keys::files;

/// What this node shows, and whom it believes.
struct Papers {
    authority: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Reads the files again at each call: certificates are renewed while a node runs.
fn papers(config: &TakConfig) -> Result<Papers, String> {
    let [authority, certificate, key] = named(config);
    Ok(Papers { authority: authorities(authority)?, certificates: certificates(certificate)?, key: private_key(key)? })
}

/// Where authority, certificate and key are; the configuration was refused if it needs one and does not name it.
pub(crate) fn named(config: &TakConfig) -> [&Path; 3] {
    [&config.authority, &config.certificate, &config.key].map(|path| path.as_deref().unwrap_or(Path::new("")))
}

/// Those whose certificates are believed.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for root in certificates(path)? {
        roots.add(root).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(roots)
}

/// The private key in a file that nobody else may read.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&files::secret(path)?).map_err(|e| format!("{}: no private key: {e}", path.display()))
}

/// What a node shows: its certificate first, then those that lead to its authority.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |e: &dyn core::fmt::Display| format!("{}: no certificate: {e}", path.display());
    let all = CertificateDer::pem_file_iter(path).map_err(|e| fault(&e))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|e| fault(&e))?;
    if all.is_empty() { Err(fault(&"the file holds none")) } else { Ok(all) }
}

pub(in crate::outputs) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Why this certificate and this key cannot be shown together.
pub(in crate::outputs) fn unfit(certificate: &Path, key: &Path, e: &Error) -> String {
    if matches!(e, Error::InconsistentKeys(_)) {
        return format!("{} is not the key to {}", key.display(), certificate.display());
    }
    format!("{}: {e}", certificate.display())
}

/// The name that a server at `HOST:PORT` must show.
///
/// # Errors
/// Why it is none.
pub(crate) fn server_name(config: &TakConfig, server: &str) -> Result<ServerName<'static>, String> {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host).trim_matches(['[', ']']);
    let name = config.server_name.as_deref().unwrap_or(host).to_owned();
    ServerName::try_from(name.clone()).map_err(|e| format!("\"{name}\": {e}"))
}

/// Connects as a client of a server at `HOST:PORT`.
///
/// # Errors
/// Which file cannot be used, or why the name is none.
pub(crate) fn connector(config: &TakConfig, server: &str) -> Result<(TlsConnector, ServerName<'static>), String> {
    let (papers, [_, certificate, key]) = (papers(config)?, named(config));
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_root_certificates(papers.authority).with_client_auth_cert(papers.certificates, papers.key)
        })
        .map_err(|e| unfit(certificate, key, &e))?;
    Ok((TlsConnector::from(Arc::new(client)), server_name(config, server)?))
}

/// Says in a fault of TLS what helps. Each side tells the other by an alert only that it is refused; why, it says here.
pub(super) fn refused(e: io::Error) -> io::Error {
    if e.kind() != io::ErrorKind::InvalidData {
        return e;
    }
    let text = e.to_string();
    let remedy = if text.contains("received fatal alert") {
        "the other side does not accept our `certificate`: it must be signed by an authority that is known there"
    } else {
        "the other side must show a certificate that is valid now and signed by an `authority` of ours"
    };
    io::Error::new(e.kind(), format!("TLS: {text}; {remedy}"))
}

/// Accepts clients that show a certificate.
///
/// # Errors
/// Which file cannot be used.
pub(crate) fn acceptor(config: &TakConfig) -> Result<TlsAcceptor, String> {
    let (papers, [_, certificate, key]) = (papers(config)?, named(config));
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(papers.authority), provider());
    let verifier = verifier.build().map_err(|e| e.to_string())?;
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_client_cert_verifier(verifier).with_single_cert(papers.certificates, papers.key)
        })
        .map_err(|e| unfit(certificate, key, &e))?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    /// A configuration whose certificate and key are in this folder, signed by itself.
    fn config(folder: &Path) -> TakConfig {
        let key = rcgen::KeyPair::generate().expect("randomness");
        let certificate = rcgen::CertificateParams::new(["box".to_owned()]).expect("a name").self_signed(&key);
        fs::create_dir_all(folder).expect("a temporary folder");
        let [pem, key_file]: [PathBuf; 2] = ["tak.pem", "tak.key"].map(|name| folder.join(name));
        fs::write(&pem, certificate.expect("signed").pem()).expect("a file");
        fs::write(&key_file, key.serialize_pem()).expect("a file");
        let text = format!(
            "name = \"hq\"\nendpoint = \"tls://127.0.0.1:8089\"\nauthority = {pem:?}\ncertificate = {pem:?}\n\
             key = {key_file:?}\nclearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
        );
        toml::from_str(&text).expect("sound")
    }

    #[test]
    fn a_key_that_others_may_read_is_shown_to_nobody_and_named_with_the_remedy() {
        let folder = std::env::temp_dir().join(format!("copmesh-tak-key-{}", std::process::id()));
        let config = config(&folder);
        let chmod = |mode| fs::set_permissions(folder.join("tak.key"), Permissions::from_mode(mode)).expect("ours");
        chmod(0o640);
        for fault in [acceptor(&config).err(), connector(&config, "localhost:8089").err()] {
            let fault = fault.expect("the group may read it");
            assert!(["tak.key", "0640", "chmod 600"].iter().all(|word| fault.contains(word)), "{fault}");
        }
        chmod(0o600);
        assert!(acceptor(&config).is_ok() && connector(&config, "localhost:8089").is_ok());
        fs::remove_dir_all(&folder).expect("ours");
    }
}
