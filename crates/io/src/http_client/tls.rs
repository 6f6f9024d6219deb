//! TLS settings: the platform's roots and those of a CA file, loaded when first needed.

use super::HttpError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Where certificates must lead to.
pub(super) struct Roots {
    extra: Vec<CertificateDer<'static>>,
    loaded: Mutex<Option<ClientConfig>>,
}

impl Roots {
    /// Reads the CA file at once, so that a mistake in it is found before anything is sent.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, HttpError> {
        let extra = match ca_file {
            Some(path) => read(path)?,
            None => Vec::new(),
        };
        Ok(Self {
            extra,
            loaded: Mutex::new(None),
        })
    }

    /// The settings for https, or, where there will be no TLS, settings without any roots.
    pub(super) fn client_config(&self, tls: bool) -> Result<ClientConfig, HttpError> {
        if !tls {
            return Ok(builder()?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth());
        }
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*loaded {
            return Ok(config.clone());
        }
        let config = self.load()?;
        *loaded = Some(config.clone());
        Ok(config)
    }

    fn load(&self) -> Result<ClientConfig, HttpError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = if self.extra.is_empty() {
            Verifier::new(provider)
        } else {
            self.with_extra(provider)
        };
        let verifier = verifier.map_err(|error| {
            HttpError::Configuration(format!(
                "the certificates of trusted authorities cannot be loaded ({error}); install ca-certificates, or name a file of them as ca_file under [network]"
            ))
        })?;
        let mut config = builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    #[cfg(not(target_os = "android"))]
    fn with_extra(
        &self,
        provider: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Verifier, rustls::Error> {
        Verifier::new_with_extra_roots(self.extra.iter().cloned(), provider)
    }

    #[cfg(target_os = "android")]
    fn with_extra(
        &self,
        _: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Verifier, rustls::Error> {
        Err(rustls::Error::General(
            "ca_file is not supported on Android".to_owned(),
        ))
    }
}

/// Names the provider instead of installing one for the process: an embedder may have installed another.
fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, HttpError> {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Configuration(format!("TLS cannot be set up: {error}")))
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let wrong = |why: String| {
        HttpError::Configuration(format!("ca_file {} cannot be used: {why}", path.display()))
    };
    let content = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&content)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(format!("it is not PEM ({error})")))?;
    if certificates.is_empty() {
        return Err(wrong(
            "there is no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        let added = store.add(certificate.clone());
        added.map_err(|error| wrong(format!("a certificate in it is broken ({error})")))?;
    }
    Ok(certificates)
}
