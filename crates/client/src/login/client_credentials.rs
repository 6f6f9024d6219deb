//! The program logs in as itself (RFC 6749, section 4.4).

use oarlock_io::provider;
use oarlock_oauth::token::Grant;

use super::{LoginContext, LoginTokens, unavailable};
use crate::error::Error;

/// One token request; nobody is asked anything.
pub(super) async fn tokens(context: &LoginContext<'_>) -> Result<LoginTokens, Error> {
    if context.profile.client_secret.is_none() {
        // RFC 6749, section 4.4: only confidential clients may use this grant.
        return Err(unavailable(
            context,
            "client credentials",
            "this flow needs a client secret",
        ));
    }
    let grant = Grant::ClientCredentials {
        scopes: context.scopes,
    };
    let request = provider::tokens(context.http, &**context.clock, context.profile, &grant);
    let (tokens, clock_offset) = match tokio::time::timeout(context.options.timeout, request).await
    {
        Ok(answered) => answered?,
        Err(_) => {
            return Err(Error::TimedOut {
                after: context.options.timeout,
            });
        }
    };
    Ok(LoginTokens {
        tokens,
        clock_offset,
        nonce: None,
    })
}
