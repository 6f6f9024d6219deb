//! `oarlock token`: one fresh access token and nothing else.
//!
//! With a valid credential this starts no runtime and no TLS, and opens no connection.

use std::process::ExitCode;

use oarlock::{Client, Token, TokenNow, TokenQuery, tokens::PendingRenewal};
use serde::Serialize;

use crate::{arguments::TokenArguments, failure::Failure, output, runtime};

#[derive(Serialize)]
struct TokenJson<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_at: Option<String>,
    provider: &'a str,
    source: String,
}

pub(super) fn run(arguments: TokenArguments) -> Result<ExitCode, Failure> {
    let client = super::client()?;
    let mut query = TokenQuery::default();
    query.provider = arguments.provider;
    query.account = arguments.account;
    query.min_ttl = arguments.min_ttl.unwrap_or_default();
    query.force_refresh = arguments.force_refresh;
    let token = fresh(&client, &query)?;
    if arguments.json {
        output::json(&TokenJson {
            access_token: token.access_token.expose(),
            token_type: &token.token_type,
            expires_at: token.expires_at.map(|at| at.to_string()),
            provider: &token.profile.name,
            source: token.source.to_string(),
        })?;
    } else if arguments.header {
        output::line(&format!(
            "Authorization: Bearer {}",
            token.access_token.expose()
        ))?;
    } else {
        output::line(token.access_token.expose())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A token that serves now; the network is reached only when a renewal is due.
pub(super) fn fresh(client: &Client, query: &TokenQuery) -> Result<Token, Failure> {
    let token = match client.token_now(query)? {
        TokenNow::Ready(token) => *token,
        TokenNow::Due(pending) => renewed(client, pending)?,
    };
    if let Some(warning) = &token.warning {
        output::warning(warning);
    }
    Ok(token)
}

/// Apart, so that the way of a fresh token has a small stack frame.
#[inline(never)]
fn renewed(client: &Client, pending: PendingRenewal) -> Result<Token, Failure> {
    runtime::block_on(client, client.renew(pending))
}
