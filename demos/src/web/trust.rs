//! **Whom does the scraper believe?** For `https`, the authorities that Mozilla trusts
//! (the crate webpki-roots), or those in `--ca-file` and no others. One set for both
//! clients, and rustls with the ciphers of ring under each.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The certificates in a file that was named.
#[derive(Clone)]
pub(crate) struct Authorities {
    file: PathBuf,
    certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads a PEM file: for the command line.
    ///
    /// # Errors
    ///
    /// A sentence that says why it can't be used.
    pub(crate) fn in_file(file: &str) -> Result<Self, String> {
        let pem = std::fs::read(file).map_err(|error| format!("it can't be read: {error}"))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates = certificates.map_err(|error| format!("its PEM is damaged: {error}"))?;
        let mut usable = RootCertStore::empty();
        if usable
            .add_parsable_certificates(certificates.iter().cloned())
            .0
            == 0
        {
            return Err("there is no certificate in it: it should be a PEM file".to_owned());
        }
        Ok(Self {
            file: file.into(),
            certificates,
        })
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt(f)
    }
}

impl Serialize for Authorities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.file.display())
    }
}

impl<'de> Deserialize<'de> for Authorities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::in_file(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// TLS for the clients that await.
pub(crate) fn connector(authorities: Option<&Authorities>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(Authorities { certificates, .. }) => {
            roots.add_parsable_certificates(certificates.iter().cloned());
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has ciphers for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// TLS for the client that blocks.
pub(crate) fn blocking(authorities: Option<&Authorities>) -> TlsConfig {
    let roots = match authorities {
        Some(Authorities { certificates, .. }) => certificates
            .iter()
            .map(|der| Certificate::from_der(der).to_owned())
            .collect::<Vec<_>>()
            .into(),
        None => RootCerts::WebPki,
    };
    TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build()
}
