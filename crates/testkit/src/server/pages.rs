//! The pages a person sees. No script, one style, everything from strangers escaped.
use super::parties::User;
use aws_lc_rs::digest;
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, StatusCode, header};
use oarlock_oauth::text::Untrusted;
use url::Url;

const STYLE: &str = include_str!("pages.css");

/// The page on which a person picks who they are, and allows or denies.
pub(crate) struct SignIn<'a> {
    pub(crate) action: &'a str,
    pub(crate) interaction: &'a str,
    pub(crate) client: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) users: &'a [User],
    /// `login_hint`.
    pub(crate) hint: Option<&'a str>,
    pub(crate) redirect_uri: Option<&'a str>,
    /// To compare with the device's.
    pub(crate) user_code: Option<&'a str>,
}

impl SignIn<'_> {
    pub(crate) fn response(&self) -> Response {
        let body = format!(
            "<p class=\"who\"><strong>{client}</strong> asks for access to your account.</p>\n\
             {code}{scopes}\
             <form method=\"post\" action=\"{action}\">\n\
             <input type=\"hidden\" name=\"interaction\" value=\"{interaction}\">\n\
             <fieldset><legend>Sign in as</legend>\n{users}</fieldset>\n\
             <div class=\"buttons\">\
             <button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\" class=\"quiet\" formnovalidate>Deny</button>\
             </div>\n</form>\n{target}",
            client = inert(self.client),
            code = self.code(),
            scopes = self.scopes(),
            action = inert(self.action),
            interaction = inert(self.interaction),
            users = self.users(),
            target = self.target(),
        );
        page(StatusCode::OK, "Sign in", &body, self.redirect_uri)
    }

    fn code(&self) -> String {
        self.user_code.map_or_else(String::new, |code| {
            format!(
                "<p>Go on only if your device shows this code:</p>\n<p class=\"code\">{}</p>\n",
                inert(code)
            )
        })
    }

    fn scopes(&self) -> String {
        if self.scopes.is_empty() {
            return String::new();
        }
        let items = self
            .scopes
            .iter()
            .map(|scope| format!("<li>{}</li>", inert(scope)));
        format!(
            "<ul class=\"scopes\" aria-label=\"Scopes\">{}</ul>\n",
            items.collect::<String>()
        )
    }

    fn users(&self) -> String {
        let hinted = |user: &User| {
            self.hint
                .is_some_and(|hint| hint == user.login || hint == user.email)
        };
        let chosen = self.users.iter().position(hinted).unwrap_or_default();
        self.users
            .iter()
            .enumerate()
            .map(|(position, user)| {
                format!(
                    "<label><input type=\"radio\" name=\"user\" value=\"{login}\" required{checked}>\
                     <span>{name}<small>{email}</small></span></label>\n",
                    login = inert(&user.login),
                    checked = if position == chosen { " checked" } else { "" },
                    name = inert(&user.name),
                    email = inert(&user.email),
                )
            })
            .collect()
    }

    fn target(&self) -> String {
        let host = self
            .redirect_uri
            .and_then(|uri| Url::parse(uri).ok())
            .and_then(|url| {
                let host = url.host_str()?.to_owned();
                Some(
                    url.port()
                        .map_or(host.clone(), |port| format!("{host}:{port}")),
                )
            });
        host.map_or_else(String::new, |host| {
            format!(
                "<p class=\"small\">Afterwards your browser goes to {}.</p>\n",
                inert(&host)
            )
        })
    }
}

/// The page on which a person types a user code (RFC 8628, section 3.3).
pub(crate) fn code_entry(problem: Option<&str>) -> Response {
    let problem = problem.map_or_else(String::new, |text| {
        format!("<p class=\"problem\">{}</p>\n", inert(text))
    });
    let body = format!(
        "{problem}<p>Type the code that your device shows.</p>\n\
         <form method=\"get\" action=\"/device\">\n\
         <input class=\"code\" name=\"user_code\" required autofocus autocomplete=\"off\" \
         autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"20\" aria-label=\"Code\">\n\
         <div class=\"buttons\"><button>Continue</button></div>\n</form>\n"
    );
    page(StatusCode::OK, "Connect a device", &body, None)
}

/// The end of a device sign-in.
pub(crate) fn device_done(allowed: bool) -> Response {
    let (title, text) = if allowed {
        (
            "Device connected",
            "You can close this page and go back to your device.",
        )
    } else {
        (
            "Access denied",
            "Nothing was given to the device. You can close this page.",
        )
    };
    page(StatusCode::OK, title, &format!("<p>{text}</p>\n"), None)
}

/// Something that cannot go on, and goes back to nobody.
pub(crate) fn failure(text: &str) -> Response {
    let body = format!("<p class=\"problem\">{}</p>\n", inert(text));
    page(StatusCode::BAD_REQUEST, "This cannot go on", &body, None)
}

/// What is here.
pub(crate) fn front(issuer: &str) -> Response {
    let body = format!(
        "<p>This is a small authorization server for tests and demonstrations. \
         It runs on this machine only, and forgets everything when it ends.</p>\n\
         <p>Issuer: <code>{issuer}</code></p>\n\
         <p><a href=\"/.well-known/openid-configuration\">Metadata</a> · \
         <a href=\"/device\">Connect a device</a></p>\n",
        issuer = inert(issuer)
    );
    page(StatusCode::OK, "Oarlock test server", &body, None)
}

fn page(status: StatusCode, title: &str, body: &str, redirect_uri: Option<&str>) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Oarlock</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n{body}</main>\n\
         <footer>Test authorization server on this machine. No password is asked for here.</footer>\n\
         </body>\n</html>\n"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in fixed_headers() {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(redirect_uri)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn fixed_headers() -> [(HeaderName, &'static str); 5] {
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: browsers would then send `Origin: null` with the form.
        (header::REFERRER_POLICY, "same-origin"),
    ]
}

/// Nothing but our style. Browsers apply `form-action` to the redirect after the form as well,
/// so the place where the answer goes must be in it.
fn content_security_policy(redirect_uri: Option<&str>) -> String {
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let target = redirect_uri
        .and_then(|uri| Url::parse(uri).ok())
        .map(|url| match url.host() {
            // An address in brackets is no source expression of CSP.
            Some(url::Host::Ipv6(_)) | None => format!(" {}:", url.scheme()),
            Some(_) => format!(" {}", url.origin().ascii_serialization()),
        });
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'{}; \
         frame-ancestors 'none'; base-uri 'none'",
        target.unwrap_or_default()
    )
}

/// Control and invisible characters replaced, then escaped for text and attribute values.
fn inert(text: &str) -> String {
    let shown = Untrusted::new(text).to_string();
    let mut escaped = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
