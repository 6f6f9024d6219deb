//! npm's certified OpenID provider as a process of the test; `peers/oidc-provider/README.md` says what it offers.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
};

use http::{Request, header};
use serde_json::Value;

use crate::http_client::{json, send};

/// A running provider; it ends when this is dropped.
pub(crate) struct OidcProvider {
    child: Child,
    complaints: Option<JoinHandle<String>>,
    issuer: String,
}

/// What the provider answered to the test itself.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl OidcProvider {
    /// Starts with the switches (`{}` for none) on a free port.
    pub(crate) fn start(switches: &Value) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let peers = peers();
        let node = peers.join("bin/node");
        assert!(
            node.exists(),
            "{} is missing; run: cargo xtask setup",
            node.display()
        );
        let mut child = Command::new(node)
            .arg(root.join("peers/oidc-provider/server.mjs"))
            .arg(switches.to_string())
            .env_clear()
            .env("OARLOCK_PEERS", &peers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let complaints = thread::spawn(move || {
            let mut text = String::new();
            drop(stderr.read_to_string(&mut text));
            text
        });
        let mut line = String::new();
        let mut ready = BufReader::new(child.stdout.take().unwrap());
        ready.read_line(&mut line).unwrap();
        if line.is_empty() {
            // It says itself what is missing and what to run.
            panic!(
                "the OpenID provider did not start: {}",
                complaints.join().unwrap()
            );
        }
        let said: Value = serde_json::from_str(&line).unwrap();
        Self {
            child,
            complaints: Some(complaints),
            issuer: said["issuer"].as_str().unwrap().to_owned(),
        }
    }

    /// The issuer, without a slash at the end.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address of a path here.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// How often it answered so, for example `token refresh_token 200`.
    pub(crate) fn count(&self, what: &str) -> u64 {
        let counts = json(&send(
            Request::get(self.at("/peer/counts"))
                .body(Vec::new())
                .unwrap(),
        ));
        counts[what].as_u64().unwrap_or(0)
    }

    /// A form sent by somebody who is not the program under test; `client` authenticates by Basic.
    pub(crate) fn post(&self, path: &str, client: Option<&str>, form: &[(&str, &str)]) -> Answer {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = Request::post(self.at(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(client) = client {
            request = request.header(
                header::AUTHORIZATION,
                format!("Basic {}", STANDARD.encode(client)),
            );
        }
        answer(&send(request.body(body.into_bytes()).unwrap()))
    }

    /// What userinfo says to whoever has this token.
    pub(crate) fn userinfo(&self, token: &str) -> Answer {
        let request =
            Request::get(self.at("/me")).header(header::AUTHORIZATION, format!("Bearer {token}"));
        answer(&send(request.body(Vec::new()).unwrap()))
    }

    /// Whether the provider still takes a token of either kind (RFC 7662).
    pub(crate) fn is_active(&self, token: &str) -> bool {
        let answer = self.post(
            "/token/introspection",
            Some("oarlock-secret:secret"),
            &[("token", token)],
        );
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["active"].as_bool().unwrap()
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        let said = self.complaints.take().map(JoinHandle::join);
        if let (true, Some(Ok(said))) = (thread::panicking(), said) {
            println!("the OpenID provider said:\n{said}");
        }
    }
}

/// What people read where only the issuer is known.
pub(crate) fn title_of(issuer: &str) -> &str {
    issuer.strip_prefix("http://").unwrap()
}

/// `cargo xtask setup` installs there; the test's own program is in `TARGET/PROFILE/deps`.
pub(crate) fn peers() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let beside = test
        .ancestors()
        .map(|folder| folder.join("peers"))
        .find(|peers| peers.join("bin/node").exists());
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers");
    beside.unwrap_or_else(usual)
}

fn answer(response: &http::Response<Vec<u8>>) -> Answer {
    let body = match response.body().as_slice() {
        [] => Value::Null,
        _ => json(response),
    };
    Answer {
        status: response.status().as_u16(),
        body,
    }
}
