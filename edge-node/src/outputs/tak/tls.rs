//! TLS with certificates on both sides. Whoever shows none, or one of another authority, is not spoken to.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::TakConfig;

/// What this node shows, and whom it believes.
struct Papers {
    authority: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Reads the files again at each call: certificates are renewed while a node runs.
fn papers(config: &TakConfig) -> Result<Papers, String> {
    let file = |path: &Option<std::path::PathBuf>| path.clone().unwrap_or_default();
    let (authority, certificate, key) = (file(&config.authority), file(&config.certificate), file(&config.key));
    let mut roots = RootCertStore::empty();
    for root in certificates(&authority)? {
        roots.add(root).map_err(|e| format!("{}: {e}", authority.display()))?;
    }
    let key = PrivateKeyDer::from_pem_file(&key).map_err(|e| format!("{}: no private key: {e}", key.display()))?;
    Ok(Papers { authority: roots, certificates: certificates(&certificate)?, key })
}

pub(in crate::outputs) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |e: &dyn core::fmt::Display| format!("{}: no certificate: {e}", path.display());
    let all = CertificateDer::pem_file_iter(path).map_err(|e| fault(&e))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|e| fault(&e))?;
    if all.is_empty() { Err(fault(&"the file holds none")) } else { Ok(all) }
}

pub(in crate::outputs) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Connects as a client of the server with this name.
///
/// # Errors
/// Which file cannot be used, or why the name is none.
pub(super) fn connector(config: &TakConfig, host: &str) -> Result<(TlsConnector, ServerName<'static>), String> {
    let papers = papers(config)?;
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_root_certificates(papers.authority).with_client_auth_cert(papers.certificates, papers.key)
        })
        .map_err(|e| e.to_string())?;
    let name = config.server_name.as_deref().unwrap_or(host).to_owned();
    let name = ServerName::try_from(name.clone()).map_err(|e| format!("\"{name}\": {e}"))?;
    Ok((TlsConnector::from(Arc::new(client)), name))
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
pub(super) fn acceptor(config: &TakConfig) -> Result<TlsAcceptor, String> {
    let papers = papers(config)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(papers.authority), provider());
    let verifier = verifier.build().map_err(|e| e.to_string())?;
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_client_cert_verifier(verifier).with_single_cert(papers.certificates, papers.key)
        })
        .map_err(|e| e.to_string())?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}
