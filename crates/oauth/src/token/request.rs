use super::Grant;
use crate::{
    outgoing::{Fields, authenticate, post_form, post_json},
    profile::{BodyFormat, ProfileError, ProviderProfile},
    scope::Scopes,
};

/// The HTTP request of a token request, with every deviation the profile names.
///
/// A POST of a form or JSON that accepts JSON. The client authenticates as the profile says; resource indicators
/// (RFC 8707, section 2.2) and the profile's `token_parameters` go along. A refresh carries no `scope` unless
/// `refresh_without_scope` is false. The body carries secrets: not for logs.
///
/// # Errors
/// The profile lacks a client id, a token endpoint or a secret that its client authentication needs, or its extra
/// parameters touch a reserved one.
pub fn request(
    profile: &ProviderProfile,
    grant: &Grant<'_>,
) -> Result<http::Request<Vec<u8>>, ProfileError> {
    profile.check_token_parameters()?;
    let endpoint = profile.token_endpoint()?;
    let mut fields = Fields::default();
    add_grant(profile, grant, &mut fields);
    let authorization = authenticate(profile, &mut fields)?;
    let extra = &profile.token_parameters;
    for (name, value) in extra {
        // What the profile says of, say, `scope` replaced it already.
        fields.push(name, value);
    }
    if !extra.contains_key("resource") {
        profile
            .resources
            .iter()
            .for_each(|resource| fields.push("resource", resource));
    }
    match profile.token_request_format {
        BodyFormat::Form => post_form(endpoint, &fields, authorization),
        BodyFormat::Json => post_json(endpoint, fields.json(), authorization),
    }
    .map_err(|_| profile.unusable("token_endpoint", endpoint))
}

fn add_grant(profile: &ProviderProfile, grant: &Grant<'_>, fields: &mut Fields) {
    let add_scope = |fields: &mut Fields, scopes: &Scopes| {
        if !scopes.is_empty() && !profile.token_parameters.contains_key("scope") {
            fields.push("scope", &scopes.join(profile.scope_separator));
        }
    };
    match grant {
        Grant::Code(code) => {
            fields.push("grant_type", "authorization_code");
            fields.push("code", code.code.expose());
            fields.push("redirect_uri", &code.redirect_uri);
            if let Some(verifier) = &code.verifier {
                fields.push("code_verifier", verifier.expose());
            }
            if profile.state_in_token_request {
                fields.push("state", code.state.expose());
            }
        }
        Grant::Refresh { token, scopes } => {
            fields.push("grant_type", "refresh_token");
            fields.push("refresh_token", token.expose());
            if let Some(scopes) = scopes.filter(|_| !profile.refresh_without_scope) {
                add_scope(fields, scopes);
            }
        }
        Grant::Device(code) => {
            fields.push("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
            fields.push("device_code", code.expose());
        }
        Grant::ClientCredentials { scopes } => {
            fields.push("grant_type", "client_credentials");
            add_scope(fields, scopes);
        }
    }
}
