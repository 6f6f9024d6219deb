//! `oarlock serve` as a broker, as a process of the test.

use std::fs;

use http::{Request, Response, header};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::{
    call::Running,
    http_client::{json, send},
    sandbox::Sandbox,
};

/// A name of its own, as browsers know it.
pub(super) const NAME: &str = "login.example.com";

/// Programs of the operator's, and one that is not trusted.
const CLIENTS: &str = r#"
[clients.mytool]
client_name = "My tool"
redirect_uris = ["http://127.0.0.1/callback"]
trusted = true

[clients.printer]
client_name = "Photo Printer"
client_uri = "https://printer.example"
redirect_uris = ["http://127.0.0.1/callback"]

[clients.app]
client_name = "Field Notes"
redirect_uris = ["com.example.notes:/callback"]
trusted = true
"#;

/// A running broker; it ends when this is dropped.
pub(super) struct Broker {
    _running: Running,
    sandbox: Sandbox,
    listens: String,
    url: String,
}

impl Broker {
    /// One with the upstream `dev`.
    pub(super) fn start() -> Self {
        Self::with("upstream = [\"dev\"]", "")
    }

    /// One with a provider beside it that is somebody else's: `company`.
    pub(super) fn with_company(issuer: &str) -> Self {
        let company = company(issuer, "oarlock-broker", "p+ss w:rd%25&=/");
        Self::with("upstream = [\"dev\", \"company\"]", &company)
    }

    /// One that browsers call by a name of its own, with that provider alone.
    pub(super) fn at_a_public_name(issuer: &str, client: &str, secret: &str) -> Self {
        let sandbox = Sandbox::new();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let certificate = sandbox.secret_file("certificate.pem", &cert.pem());
        let key = sandbox.secret_file("key.pem", &signing_key.serialize_pem());
        let top = format!("public_url = \"https://{NAME}\"\nupstream = [\"company\"]");
        let tls = format!("[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n");
        Self::within(sandbox, &top, &(company(issuer, client, secret) + &tls))
    }

    fn with(top: &str, end: &str) -> Self {
        Self::within(Sandbox::new(), top, end)
    }

    fn within(sandbox: Sandbox, top: &str, end: &str) -> Self {
        let audit = sandbox.path("audit.jsonl");
        let text = format!(
            "listen = \"127.0.0.1:0\"\nscopes = [\"deploy\", \"logs:read\"]\n{top}\n[relay]\nenabled = false\n[audit]\nfile = \"{}\"\n{CLIENTS}\n{end}",
            audit.display()
        );
        sandbox.secret_file("home/server.toml", &text);
        let running = sandbox.oarlock(["serve"]).spawn();
        let place = |name: &'static str| {
            running.told(move |line| {
                Some(
                    line.strip_prefix("  ")?
                        .strip_prefix(name)?
                        .trim()
                        .to_owned(),
                )
            })
        };
        Self {
            listens: place("HTTP"),
            url: place("Broker"),
            _running: running,
            sandbox,
        }
    }

    /// Its address, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens: address and port.
    pub(super) fn listens(&self) -> &str {
        &self.listens
    }

    /// The address of a path here.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A form that a program sends.
    pub(super) fn post(&self, path: &str, form: &[(&str, &str)]) -> Response<Vec<u8>> {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(self.at(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        send(request.body(body.into_bytes()).unwrap())
    }

    /// Who a token speaks of.
    pub(super) fn userinfo(&self, token: &str) -> Value {
        let request = Request::get(self.at("/userinfo"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        json(&send(request.body(Vec::new()).unwrap()))
    }

    /// How often the audit log tells of this.
    pub(super) fn audited(&self, what: &str) -> usize {
        let log = fs::read_to_string(self.sandbox.path("audit.jsonl")).unwrap_or_default();
        let what = format!("\"what\":\"{what}\"");
        log.lines().filter(|line| line.contains(&what)).count()
    }
}

fn company(issuer: &str, client: &str, secret: &str) -> String {
    format!(
        "[upstreams.company]\ntitle = \"Example Inc.\"\nissuer = \"{issuer}\"\nclient_id = \"{client}\"\nclient_secret = \"{secret}\"\n"
    )
}
