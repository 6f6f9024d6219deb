//! Whether a program is who it says it is (RFC 6749, section 2.3).

use http::HeaderValue;
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::{error::EndpointRefusal, token::PresentedClient},
    client_auth::ClientAuthentication,
};
use subtle::ConstantTimeEq as _;

use super::{Client, ClientError, Clients, documents::DocumentError, store_refusal};
use crate::{broker::digest::Digest, config::broker::ClientConfig};

impl Clients {
    /// The client that a program says it is, if it proves it: by the method it is known for, secrets compared in constant time.
    ///
    /// # Errors
    /// `invalid_client`, the same for unknown clients and wrong secrets; `temporarily_unavailable`.
    pub async fn authenticate(
        &self,
        presented: &PresentedClient,
    ) -> Result<Client, EndpointRefusal> {
        let found = match self.find(&presented.client_id).await {
            Ok(client) => Some(client),
            Err(ClientError::Unknown | ClientError::Document(DocumentError::Refused(_))) => None,
            Err(ClientError::Document(DocumentError::Unreachable | DocumentError::Busy)) => {
                return Err(EndpointRefusal::new(
                    ErrorCode::TemporarilyUnavailable,
                    "the client's metadata document cannot be fetched now; try again in a minute",
                ));
            }
            Err(ClientError::Store(error)) => return Err(store_refusal(&error)),
        };
        let proven = is_proven(found.as_ref(), presented);
        found
            .filter(|_| proven)
            .ok_or_else(|| refusal(presented.method))
    }
}

/// As much is reckoned for a client that does not exist as for one whose secret is wrong.
fn is_proven(client: Option<&Client>, presented: &PresentedClient) -> bool {
    const NONE: Digest = Digest([0; 32]);
    let method = client.map(|client| client.metadata.token_endpoint_auth_method);
    let known = client.and_then(|client| client.secret);
    let shown = presented.secret.as_ref().map(ClientConfig::secret_digest);
    let is_same = shown.unwrap_or(NONE).0.ct_eq(&known.unwrap_or(NONE).0);
    let is_method = method == Some(presented.method);
    match presented.method {
        ClientAuthentication::None => is_method && known.is_none() && shown.is_none(),
        ClientAuthentication::Basic | ClientAuthentication::Post => {
            bool::from(is_same) && is_method && known.is_some() && shown.is_some()
        }
    }
}

/// Whoever tried Basic is told that it is Basic that failed (RFC 6749, section 5.2).
fn refusal(method: ClientAuthentication) -> EndpointRefusal {
    let mut refusal = EndpointRefusal::new(
        ErrorCode::InvalidClient,
        "no such client, or it does not prove who it is by the method it is registered with",
    );
    if method == ClientAuthentication::Basic {
        refusal.challenge = Some(HeaderValue::from_static("Basic realm=\"oarlock\""));
    }
    refusal
}
