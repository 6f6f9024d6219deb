//! `oarlock logout`.

use std::process::ExitCode;

use oarlock::{Client, Revocation, account::AccountKey};

use crate::{arguments::LogoutArguments, failure::Failure, output, runtime, selector};

pub(super) fn run(arguments: &LogoutArguments) -> Result<ExitCode, Failure> {
    let client = super::client()?;
    let keys = if arguments.all {
        client.store().accounts().map_err(oarlock::Error::from)?
    } else {
        vec![
            chosen(&client, arguments)
                .map_err(|error| error.with_hint("See every login with: oarlock status"))?,
        ]
    };
    if keys.is_empty() {
        output::notice("Nobody is logged in.");
    }
    // One that cannot be removed does not keep the others.
    let mut failed = None;
    for key in &keys {
        match runtime::block_on(&client, client.logout(key, !arguments.local)) {
            Ok(revocation) => report(key, revocation),
            Err(failure) if failure.is_cancelled() => return Err(failure),
            Err(failure) => {
                if let Some(earlier) = failed.replace(failure) {
                    output::failure(&earlier);
                }
            }
        }
    }
    failed.map_or(Ok(ExitCode::SUCCESS), Err)
}

fn chosen(client: &Client, arguments: &LogoutArguments) -> Result<AccountKey, Failure> {
    let named = arguments
        .account
        .as_deref()
        .or_else(|| client.environment().get("OARLOCK_ACCOUNT"));
    let provider = match &arguments.provider {
        Some(address) if address.contains("://") => {
            return Ok(client.account_at(address, arguments.account.as_deref())?);
        }
        // A login outlives its configuration: the stored name is enough.
        Some(name) => name.clone(),
        None => {
            let mut keys = client.store().accounts().map_err(oarlock::Error::from)?;
            // The only login is meant only where it is of the account that is named.
            keys.retain(|key| named.is_none_or(|named| key.account() == named));
            if let [only] = keys.as_slice() {
                return Ok(only.clone());
            }
            if keys.is_empty() || !selector::is_possible(client) {
                client.default_provider()?
            } else {
                return selector::choose_logout(client);
            }
        }
    };
    Ok(client.account(&provider, arguments.account.as_deref())?)
}

fn report(key: &AccountKey, revocation: Option<Revocation>) {
    match revocation {
        None => output::notice(&format!("Nobody was logged in to {key}.")),
        Some(Revocation::Failed(error)) => {
            output::notice(&format!("Logged out of {key}."));
            output::warning(&format!(
                "the provider could not take the tokens back ({error}); they may live on there until they expire"
            ));
        }
        Some(Revocation::Revoked) => output::notice(&format!(
            "Logged out of {key}; the provider took the tokens back."
        )),
        Some(Revocation::NotOffered) => {
            output::notice(&format!(
                "Logged out of {key}. The provider offers no revocation: its access token lives on until it expires."
            ));
        }
        Some(_) => output::notice(&format!(
            "Logged out of {key} here; the provider was not asked."
        )),
    }
}
