//! Certificates of the tests' own: an authority, and servers that it vouches for, or that nobody does.

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;

/// An authority.
pub struct Authority {
    /// What is trusted.
    pub certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A server's certificate, and its key.
pub struct Own {
    /// What it shows.
    pub certificate: Certificate,
    /// What it keeps.
    pub key: KeyPair,
}

impl Default for Authority {
    fn default() -> Self {
        let (params, key) = (of_an_authority(CertificateParams::default()), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }
}

impl Authority {
    /// A certificate for `localhost` and 127.0.0.1.
    pub fn sign(&self) -> Own {
        self.sign_as(for_loopback())
    }

    /// A certificate that says this.
    pub fn sign_as(&self, params: CertificateParams) -> Own {
        let key = KeyPair::generate().unwrap();
        Own { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }
}

impl Own {
    /// One that vouches for itself.
    pub fn by_itself(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    /// What a server is made with.
    pub fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_no_client_auth().with_single_cert(vec![self.certificate.der().clone()], key).unwrap())
    }
}

/// What the certificate of a server here says.
pub fn for_loopback() -> CertificateParams {
    for_names(&["localhost", "127.0.0.1"])
}

/// What that of a server with other names says.
pub fn for_names(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap()
}

/// The same as [`for_loopback`], from the first day of one year to that of another.
pub fn of_years(from: i32, to: i32) -> CertificateParams {
    let mut params = for_loopback();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params
}

/// With an authority's rights: what many tools make for a server that vouches for itself.
pub fn of_an_authority(mut params: CertificateParams) -> CertificateParams {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params
}
