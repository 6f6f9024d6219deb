//! The provider's signing key, and what it signs.

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::Fault;

/// Of the broker's configuration.
const CLIENT: &str = "broker";
const KEY: &str = "one";
/// The same in every run: a broker that saw the provider before keeps its keys. It guards nothing.
const SECRET: [u8; 32] = [7; 32];

pub(crate) struct Signer {
    issuer: String,
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    pub(crate) fn new(issuer: String) -> Result<Self, Fault> {
        let public = PrivateKey::from_private_key(&ECDH_P256, &SECRET)?.compute_public_key()?;
        let key = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &SECRET,
            public.as_ref(),
        )?;
        Ok(Self {
            issuer,
            key,
            random: SystemRandom::new(),
        })
    }

    pub(crate) fn metadata(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["openid", "profile", "email"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
        })
    }

    pub(crate) fn keys(&self) -> Value {
        // An uncompressed point: 4, x, y.
        let point = self.key.public_key().as_ref();
        let coordinate = |from, to| URL_SAFE_NO_PAD.encode(point.get(from..to).unwrap_or_default());
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY,
            "x": coordinate(1, 33), "y": coordinate(33, 65),
        }]})
    }

    /// An ID token with these claims.
    pub(crate) fn id_token(&self, mut claims: Value, nonce: &str) -> Option<String> {
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        let own = json!({"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce});
        if let (Value::Object(all), Value::Object(own)) = (&mut claims, own) {
            all.extend(own);
        }
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": KEY}).to_string();
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
