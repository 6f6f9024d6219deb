//! Whether programs may register themselves, and `--new-registration-token`.

use std::process::ExitCode;

use oarlock::config::ConfigError;
use oarlock_oauth::secret::{CookieSecret, RegistrationAccessToken};
use oarlock_server::{
    broker::digest::{Digest, Purpose},
    config::broker::RegistrationPolicy,
};
use toml::Value;

use super::super::{sources::Sources, value};
use crate::{failure::Failure, output, settings};

const MAKER: &str = "oarlock serve --new-registration-token";

/// The policy, and whether metadata documents are taken.
pub(super) fn read(sources: &Sources<'_>) -> Result<(RegistrationPolicy, bool), ConfigError> {
    let tokens = sources.read(&settings::INITIAL_ACCESS_TOKENS, digests)?;
    let tokens = tokens.unwrap_or_default();
    let word = sources.read(&settings::REGISTRATION_POLICY, value::text)?;
    let policy = match word.as_deref() {
        None if !tokens.is_empty() => RegistrationPolicy::Token(tokens),
        None | Some("off") => RegistrationPolicy::Off,
        Some("open") => RegistrationPolicy::Open,
        Some("token") if tokens.is_empty() => {
            let message = format!(
                "nobody has a token: put one into registration.initial_access_tokens_sha256; `{MAKER}` makes one"
            );
            return Err(sources.error(&settings::REGISTRATION_POLICY, &message));
        }
        Some("token") => RegistrationPolicy::Token(tokens),
        Some(_) => {
            let message = "write \"off\", \"open\" or \"token\"";
            return Err(sources.error(&settings::REGISTRATION_POLICY, message));
        }
    };
    let documents = sources.read(&settings::METADATA_DOCUMENTS, value::boolean)?;
    Ok((policy, documents.unwrap_or(true)))
}

fn digests(value: &Value) -> Result<Vec<Digest>, String> {
    value::list(value)?
        .into_iter()
        .map(|text| value::sha256(&Value::String(text), MAKER).map(Digest))
        .collect()
}

/// The token goes to standard output, what the file needs to standard error.
pub(in super::super) fn new_token() -> Result<ExitCode, Failure> {
    let random = CookieSecret::from_random(oarlock_io::entropy::random()?);
    let token = RegistrationAccessToken::new(random.expose());
    let digest = Digest::of(Purpose::InitialAccessToken, token.expose());
    output::line(token.expose())?;
    output::notice(&format!(
        "This is the token; it is shown once. Put this into server.toml and start the broker again:\n\n[registration]\npolicy = \"token\"\ninitial_access_tokens_sha256 = [\"{}\"]",
        value::hexadecimal(&digest.0)
    ));
    Ok(ExitCode::SUCCESS)
}
