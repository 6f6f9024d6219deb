//! `oarlock serve` as a broker, as a process of the test.

use std::fs;

use http::{Request, Response, header};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::{
    call::Running,
    http_client::{json, send},
    sandbox::Sandbox,
};

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
    url: String,
}

impl Broker {
    /// One with the upstream `dev`.
    pub(super) fn start() -> Self {
        Self::with("upstream = [\"dev\"]", "")
    }

    /// One with a provider beside it that is somebody else's: `company`.
    pub(super) fn with_company(issuer: &str) -> Self {
        let company = format!(
            "[upstreams.company]\ntitle = \"Example Inc.\"\nissuer = \"{issuer}\"\nclient_id = \"oarlock-broker\"\nclient_secret = \"p+ss w:rd%25&=/\"\n"
        );
        Self::with("upstream = [\"dev\", \"company\"]", &company)
    }

    fn with(top: &str, end: &str) -> Self {
        let sandbox = Sandbox::new();
        let audit = sandbox.path("audit.jsonl");
        let text = format!(
            "listen = \"127.0.0.1:0\"\nscopes = [\"deploy\", \"logs:read\"]\n{top}\n[relay]\nenabled = false\n[audit]\nfile = \"{}\"\n{CLIENTS}\n{end}",
            audit.display()
        );
        sandbox.secret_file("home/server.toml", &text);
        let running = sandbox.oarlock(["serve"]).spawn();
        let url = running.told(|line| Some(line.strip_prefix("  Broker")?.trim().to_owned()));
        Self {
            _running: running,
            sandbox,
            url,
        }
    }

    /// Its address, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
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
