//! Clients that register themselves (RFC 7591).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, StatusCode};
use oarlock_io::entropy;
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::{
        client::{ClientMetadata, GrantType},
        error::EndpointRefusal,
    },
    client_auth::ClientAuthentication,
    secret::{ClientSecret, RegistrationAccessToken},
    text::Untrusted,
};
use serde_json::{Value, json};
use subtle::{Choice, ConstantTimeEq as _};

use super::{Clients, RegisteredClient, store_refusal};
use crate::{
    broker::{
        digest::{Digest, Purpose},
        store::Begun,
    },
    config::broker::{ClientConfig, RegistrationPolicy},
};

/// Ids that are tried; a second is never needed, for they have 128 random bits.
const TRIES: usize = 3;

impl Clients {
    /// Registers a client (RFC 7591) and answers the body of section 3.2.1.
    ///
    /// # Errors
    /// The policy, the metadata or the number of clients forbid it.
    pub async fn register(
        &self,
        body: &[u8],
        token: Option<&RegistrationAccessToken>,
    ) -> Result<Value, EndpointRefusal> {
        self.may_register(token)?;
        let metadata = ClientMetadata::from_registration(body)?;
        let secret = match metadata.token_endpoint_auth_method {
            ClientAuthentication::None => None,
            ClientAuthentication::Basic | ClientAuthentication::Post => {
                Some(ClientSecret::from_random(random()?))
            }
        };
        let now = self.clock.now();
        let mut client = RegisteredClient {
            id: new_id()?,
            metadata,
            secret: secret.as_ref().map(ClientConfig::secret_digest),
            created_at: now,
            last_used_at: now,
        };
        for _ in 0..TRIES {
            let kept = self.store.register(client.clone(), self.most).await;
            match kept.map_err(|error| store_refusal(&error))? {
                Begun::Yes => return answer(&client, secret.as_ref()),
                Begun::Taken => client.id = new_id()?,
                Begun::Full => {
                    tracing::warn!(
                        most = self.most,
                        "a client was turned away: as many have registered as may"
                    );
                    return Err(EndpointRefusal::new(
                        ErrorCode::TemporarilyUnavailable,
                        "as many clients have registered here as may; ask the operator",
                    ));
                }
            }
        }
        Err(no_randomness())
    }

    fn may_register(&self, token: Option<&RegistrationAccessToken>) -> Result<(), EndpointRefusal> {
        match &self.registration {
            RegistrationPolicy::Open => Ok(()),
            RegistrationPolicy::Off => Err(EndpointRefusal {
                status: StatusCode::FORBIDDEN,
                ..EndpointRefusal::new(
                    ErrorCode::AccessDenied,
                    "clients do not register themselves here; the operator puts them into the configuration",
                )
            }),
            RegistrationPolicy::Token(known) => match token {
                Some(token) if is_among(known, token) => Ok(()),
                shown => Err(no_token(shown.is_some())),
            },
        }
    }
}

/// All of them are compared, whichever it is.
fn is_among(known: &[Digest], token: &RegistrationAccessToken) -> bool {
    let shown = Digest::of(Purpose::InitialAccessToken, token.expose());
    let found = known.iter().fold(Choice::from(0), |found, digest| {
        found | digest.0.ct_eq(&shown.0)
    });
    found.into()
}

/// RFC 6750, section 3: without a token nothing is said of an error.
fn no_token(was_shown: bool) -> EndpointRefusal {
    let challenge = if was_shown {
        HeaderValue::from_static("Bearer realm=\"oarlock\", error=\"invalid_token\"")
    } else {
        HeaderValue::from_static("Bearer realm=\"oarlock\"")
    };
    EndpointRefusal {
        status: StatusCode::UNAUTHORIZED,
        challenge: Some(challenge),
        ..EndpointRefusal::new(
            ErrorCode::Other(Untrusted::new("invalid_token")),
            "an initial access token is needed to register here; the operator has one",
        )
    }
}

fn random() -> Result<[u8; 32], EndpointRefusal> {
    entropy::random().map_err(|error| {
        tracing::error!(%error, "no randomness");
        no_randomness()
    })
}

fn no_randomness() -> EndpointRefusal {
    EndpointRefusal::new(
        ErrorCode::ServerError,
        "this server has no randomness; try again later",
    )
}

/// 128 random bits; none looks like an address.
fn new_id() -> Result<String, EndpointRefusal> {
    let random = random()?;
    let (half, _) = random.split_at(16);
    Ok(URL_SAFE_NO_PAD.encode(half))
}

/// What was registered, in full, because it may be less than what was asked for.
fn answer(
    client: &RegisteredClient,
    secret: Option<&ClientSecret>,
) -> Result<Value, EndpointRefusal> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(&client.metadata) else {
        return Err(EndpointRefusal::new(
            ErrorCode::ServerError,
            "the client's metadata cannot be written",
        ));
    };
    let uses_code = client.metadata.uses(GrantType::AuthorizationCode);
    let response_types = if uses_code {
        json!(["code"])
    } else {
        json!([])
    };
    members.insert("response_types".into(), response_types);
    members.insert("client_id".into(), json!(client.id));
    let issued_at = client.created_at.as_second();
    members.insert("client_id_issued_at".into(), json!(issued_at));
    if let Some(secret) = secret {
        members.insert("client_secret".into(), json!(secret.expose()));
        // It does not expire.
        members.insert("client_secret_expires_at".into(), json!(0));
    }
    Ok(Value::Object(members))
}
