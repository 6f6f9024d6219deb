//! Building of HTTP requests: fields once each, secrets marked, an `Accept` that asks for JSON.

use crate::{
    client_auth::{ClientAuthentication, basic},
    endpoint::Endpoint,
    profile::{ProfileError, ProviderProfile},
};
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use url::form_urlencoded;
use zeroize::Zeroize as _;

/// Fields of a request body, in order. Values are wiped on drop.
#[derive(Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// `application/x-www-form-urlencoded` (RFC 6749, appendix B).
    pub(crate) fn form(&self) -> Vec<u8> {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
            .into_bytes()
    }

    /// A JSON object of strings; a repeated field (`resource`) becomes a list.
    pub(crate) fn json(&self) -> Vec<u8> {
        use serde_json::{Map, Value};
        let mut object = Map::new();
        for (name, value) in &self.0 {
            let value = Value::String(value.clone());
            match object.get_mut(name) {
                None => drop(object.insert(name.clone(), value)),
                Some(Value::Array(list)) => list.push(value),
                Some(single) => *single = Value::Array(vec![single.take(), value]),
            }
        }
        Value::Object(object).to_string().into_bytes()
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

/// A POST of a form.
pub(crate) fn post_form(
    endpoint: &Endpoint,
    fields: &Fields,
    authorization: Option<HeaderValue>,
) -> http::Result<Request<Vec<u8>>> {
    post(
        endpoint,
        "application/x-www-form-urlencoded",
        fields.form(),
        authorization,
    )
}

/// A POST of JSON.
pub(crate) fn post_json(
    endpoint: &Endpoint,
    body: Vec<u8>,
    authorization: Option<HeaderValue>,
) -> http::Result<Request<Vec<u8>>> {
    post(endpoint, "application/json", body, authorization)
}

fn post(
    endpoint: &Endpoint,
    content_type: &'static str,
    body: Vec<u8>,
    authorization: Option<HeaderValue>,
) -> http::Result<Request<Vec<u8>>> {
    let mut request = request(Method::POST, endpoint, body, authorization)?;
    request
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(request)
}

/// A GET.
pub(crate) fn get(
    endpoint: &Endpoint,
    authorization: Option<HeaderValue>,
) -> http::Result<Request<Vec<u8>>> {
    request(Method::GET, endpoint, Vec::new(), authorization)
}

fn request(
    method: Method,
    endpoint: &Endpoint,
    body: Vec<u8>,
    authorization: Option<HeaderValue>,
) -> http::Result<Request<Vec<u8>>> {
    let mut request = Request::builder()
        .method(method)
        .uri(endpoint.url().as_str())
        .body(body)?;
    // Without it GitHub answers with a form.
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(mut value) = authorization {
        // Kept out of `Debug` and of the header compression table.
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Adds the client's identity to a request: fields of the body, or the `Authorization` header.
pub(crate) fn authenticate(
    profile: &ProviderProfile,
    fields: &mut Fields,
) -> Result<Option<HeaderValue>, ProfileError> {
    let id = profile.client_id()?;
    let method = profile.authentication();
    let secret = || {
        let missing = || ProfileError::NoClientSecret {
            name: profile.name.clone(),
            method: method.as_str(),
        };
        profile.client_secret.as_ref().ok_or_else(missing)
    };
    match method {
        ClientAuthentication::None => fields.push("client_id", id),
        ClientAuthentication::Post => {
            fields.push("client_id", id);
            fields.push("client_secret", secret()?.expose());
        }
        // One method a request (RFC 6749, section 2.3): no client id in the body beside it.
        ClientAuthentication::Basic => return Ok(basic(id, secret()?)),
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ClientSecret;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    fn profile(secret: Option<&str>, method: Option<ClientAuthentication>) -> ProviderProfile {
        ProviderProfile {
            client_id: Some("id:1 é".into()),
            client_secret: secret.map(ClientSecret::new),
            client_authentication: method,
            ..ProviderProfile::named("test")
        }
    }

    fn sent(profile: &ProviderProfile) -> (String, Option<String>) {
        let mut fields = Fields::default();
        let header = authenticate(profile, &mut fields).unwrap();
        (
            String::from_utf8(fields.form()).unwrap(),
            header.map(|value| value.to_str().unwrap().to_owned()),
        )
    }

    #[test]
    fn public_clients_name_themselves() {
        let expected = ("client_id=id%3A1+%C3%A9".to_owned(), None);
        assert_eq!(sent(&profile(None, None)), expected);
        assert_eq!(sent(&profile(Some(""), None)), expected);
        assert_eq!(
            sent(&profile(Some("s"), Some(ClientAuthentication::None))),
            expected
        );
    }

    #[test]
    fn a_secret_goes_by_basic_form_encoded_first() {
        let header = format!("Basic {}", STANDARD.encode("id%3A1+%C3%A9:p%3Aw+%2B%25"));
        assert_eq!(
            sent(&profile(Some("p:w +%"), None)),
            (String::new(), Some(header))
        );
    }

    #[test]
    fn a_secret_goes_by_post_where_asked_for() {
        let (body, header) = sent(&profile(Some("p:w"), Some(ClientAuthentication::Post)));
        assert_eq!(
            (body.as_str(), header),
            ("client_id=id%3A1+%C3%A9&client_secret=p%3Aw", None)
        );
    }

    #[test]
    fn a_missing_secret_or_id_is_an_error() {
        let error = authenticate(
            &profile(None, Some(ClientAuthentication::Basic)),
            &mut Fields::default(),
        )
        .unwrap_err();
        assert!(matches!(
            error,
            ProfileError::NoClientSecret {
                method: "client_secret_basic",
                ..
            }
        ));
        let error = authenticate(&ProviderProfile::named("x"), &mut Fields::default()).unwrap_err();
        assert!(matches!(error, ProfileError::NoClientId { .. }));
    }

    #[test]
    fn a_repeated_field_becomes_a_json_list() {
        let mut fields = Fields::default();
        for (name, value) in [
            ("resource", "a"),
            ("code", "\"x"),
            ("resource", "b"),
            ("resource", "c"),
        ] {
            fields.push(name, value);
        }
        let json: serde_json::Value = serde_json::from_slice(&fields.json()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"code": "\"x", "resource": ["a", "b", "c"]})
        );
        assert_eq!(fields.form(), b"resource=a&code=%22x&resource=b&resource=c");
    }
}
