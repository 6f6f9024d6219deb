//! Every page there is, for people, at its best and at its worst.

use std::net::IpAddr;

use super::*;
use crate::broker::pages::{Comparison, SignedIn};

pub(super) const TOKEN: &str = "form-token-4711";
pub(super) const REQUEST: &str = "sealed-request-4712";

/// What a stranger might call itself: HTML, an attribute's end, bidi and ANSI escapes.
pub(super) const HOSTILE: &str =
    "\u{202e}<script>alert(1)</script>\" onload='x' \u{1b}[31m</title><img src=//a.example>&amp;";

/// Owners of what pages borrow.
pub(super) struct Owner {
    token: FormToken,
    code: String,
    provider: Url,
    client: Url,
    application: Url,
}

impl Owner {
    pub(super) fn new() -> Self {
        Self {
            token: FormToken::new(TOKEN),
            code: "AY3Lk0vQxX5zTq9bJ8hR2mW7nC4dF6gS1pE0uKiVoZs#Tn4cV8xZ1qW5eR7tY2uI9oP3aS6dF0gH-jK_lQwErTy"
                .to_owned(),
            provider: Url::parse("https://provider.example/authorize?client_id=a&state=b&scope=x%20y")
                .unwrap(),
            client: Url::parse("http://127.0.0.1:41234/callback?code=c&state=s&iss=https%3A%2F%2Flogin.example").unwrap(),
            application: Url::parse("com.example.tool:/cb?code=c").unwrap(),
        }
    }

    pub(super) fn form(&self) -> Form<'_> {
        Form { token: &self.token }
    }

    pub(super) fn sign_in(&self, asker: Asker, choices: Vec<Choice>) -> SignIn<'_> {
        SignIn {
            asker,
            request: REQUEST,
            choices,
            signed_in: None,
            form: self.form(),
        }
    }

    fn consent(&self, asker: Asker) -> Consent<'_> {
        Consent {
            asker,
            login: "login-1",
            person: "ada@example.com".into(),
            provider: "GitHub".to_owned(),
            form: self.form(),
        }
    }

    fn device(&self, user_code: Option<&str>, problem: Option<DeviceProblem>) -> Page<'_> {
        Page::Device(Device {
            user_code: user_code.map(Untrusted::new),
            problem,
            form: self.form(),
        })
    }

    fn sessions(&self, sessions: Vec<Listed>, revoked: bool) -> Page<'_> {
        Page::Sessions(Sessions {
            person: "ada@example.com".into(),
            provider: "GitHub".to_owned(),
            sessions,
            revoked,
            form: self.form(),
        })
    }

    fn dev(&self, people: &[(&str, &str)]) -> Page<'_> {
        Page::Dev(Dev {
            state: "state-1",
            people: people
                .iter()
                .map(|(subject, name)| ((*subject).to_owned(), Untrusted::new(*name)))
                .collect(),
            form: self.form(),
        })
    }

    fn leave<'a>(&'a self, to: &'a Url, whom: &str) -> Page<'a> {
        Page::Leave(Leave {
            to,
            whom: whom.into(),
        })
    }

    /// Names and pages, as people meet them.
    pub(super) fn ordinary(&self) -> Vec<(&'static str, Page<'_>)> {
        let mut again = self.sign_in(asker(), choices(&["GitHub", "Google", "Example Inc."]));
        again.signed_in = Some(SignedIn {
            user: "user-1".to_owned(),
            name: "ada@example.com".into(),
        });
        let mut ours = self.sign_in(ours(), choices(&["GitHub", "Google"]));
        ours.signed_in = None;
        vec![
            (
                "sign-in",
                Page::SignIn(self.sign_in(asker(), choices(&["GitHub"]))),
            ),
            ("sign-in-again", Page::SignIn(again)),
            (
                "sign-in-elsewhere",
                Page::SignIn(self.sign_in(elsewhere(), choices(&["GitHub", "Google"]))),
            ),
            ("sign-in-ours", Page::SignIn(ours)),
            (
                "sign-in-pairing",
                Page::SignIn(self.sign_in(pairing(), choices(&["GitHub"]))),
            ),
            ("consent", Page::Consent(self.consent(web()))),
            (
                "consent-elsewhere",
                Page::Consent(self.consent(elsewhere())),
            ),
            ("device", self.device(None, None)),
            ("device-prefilled", self.device(Some("WDJB-MJHT"), None)),
            (
                "device-nothing",
                self.device(Some("WDJB-MJHX"), Some(DeviceProblem::Nothing)),
            ),
            (
                "device-too-many",
                self.device(
                    Some("WDJB-MJHX"),
                    Some(DeviceProblem::TooMany(Duration::from_secs(250))),
                ),
            ),
            (
                "dev",
                self.dev(&[("ada", "Ada Example"), ("bob", "Bob Example")]),
            ),
            ("code", Page::Code(CodeToPaste { code: &self.code })),
            ("sessions", self.sessions(some_sessions(), false)),
            ("sessions-revoked", self.sessions(some_sessions(), true)),
            (
                "sessions-one",
                self.sessions(some_sessions().into_iter().take(1).collect(), false),
            ),
            ("leave-provider", self.leave(&self.provider, "GitHub")),
            ("leave-client", self.leave(&self.client, "My tool")),
            (
                "leave-application",
                self.leave(&self.application, "My tool"),
            ),
        ]
    }

    /// Pages with as much as possible, and with words of people who mean harm.
    pub(super) fn extreme(&self) -> Vec<(&'static str, Page<'_>)> {
        let mut many = self.sign_in(endless(), twelve());
        many.signed_in = Some(SignedIn {
            user: "user-1".to_owned(),
            name: Untrusted::new("a".repeat(300)),
        });
        let mut consent = self.consent(impostor());
        consent.person = HOSTILE.into();
        consent.provider = HOSTILE.to_owned();
        let listed = |index: usize| Listed {
            id: format!("session-{index}"),
            program: Some(if index.is_multiple_of(3) {
                HOSTILE.into()
            } else {
                "My tool".into()
            }),
            scopes: (0..index % 7).map(|n| format!("scope:{n}")).collect(),
            ..listed(index == 0)
        };
        let wall: String = "x".repeat(300);
        let crowd = [
            (HOSTILE, HOSTILE),
            (wall.as_str(), wall.as_str()),
            ("c", "C"),
        ];
        vec![
            ("many-sign-in", Page::SignIn(many)),
            (
                "hostile-sign-in",
                Page::SignIn(self.sign_in(impostor(), choices(&[HOSTILE]))),
            ),
            ("hostile-consent", Page::Consent(consent)),
            (
                "hostile-device",
                self.device(Some(HOSTILE), Some(DeviceProblem::Nothing)),
            ),
            ("hostile-dev", self.dev(&crowd)),
            (
                "many-sessions",
                self.sessions((0..40).map(listed).collect(), false),
            ),
            ("hostile-leave", self.leave(&self.client, HOSTILE)),
            (
                "hostile-bad-request",
                Page::Notice(Notice::BadRequest(HOSTILE)),
            ),
        ]
    }

    /// All of them.
    pub(super) fn pages(&self) -> Vec<(&'static str, Page<'_>)> {
        let mut pages = self.ordinary();
        pages.extend(self.extreme());
        pages.extend(
            NOTICES
                .iter()
                .map(|(name, notice)| (*name, Page::Notice(*notice))),
        );
        pages
    }
}

pub(super) const NOTICES: [(&str, Notice<'_>); 16] = [
    ("notice-done", Notice::Done),
    ("notice-denied", Notice::Denied),
    ("notice-provider-denied", Notice::ProviderDenied),
    ("notice-not-allowed", Notice::NotAllowed),
    ("notice-provider-unavailable", Notice::ProviderUnavailable),
    ("notice-provider-refused", Notice::ProviderRefused),
    ("notice-expired", Notice::Expired),
    ("notice-interrupted", Notice::Interrupted),
    ("notice-forged", Notice::Forged),
    (
        "notice-bad-request",
        Notice::BadRequest(
            "the request has no code challenge (PKCE), which this server insists on",
        ),
    ),
    (
        "notice-too-many",
        Notice::TooMany(Duration::from_millis(59_500)),
    ),
    ("notice-full", Notice::Full(Duration::from_secs(10))),
    ("notice-unavailable", Notice::Unavailable),
    ("notice-no-cookies", Notice::NoCookies),
    ("notice-signed-out", Notice::SignedOut),
    ("notice-front", Notice::Front),
];

pub(super) fn choices(titles: &[&str]) -> Vec<Choice> {
    let choice = |title: &&str| Choice {
        name: title.to_lowercase(),
        title: (*title).to_owned(),
    };
    titles.iter().map(choice).collect()
}

fn twelve() -> Vec<Choice> {
    let titles: Vec<_> = (0..12)
        .map(|index| format!("Provider {}", "Ltd. ".repeat(index * 2)))
        .collect();
    choices(&titles.iter().map(String::as_str).collect::<Vec<_>>())
}

fn words(list: &[&str]) -> Vec<Untrusted> {
    list.iter().map(|word| Untrusted::new(*word)).collect()
}

/// A configured program on this computer.
pub(super) fn asker() -> Asker {
    Asker {
        program: Some("My tool".into()),
        standing: Standing::Known,
        site: None,
        place: Place::ThisComputer,
        from: IpAddr::from([203, 0, 113, 7]),
        is_from_here: true,
        age: Duration::from_secs(3),
        comparison: None,
        scopes: words(&["openid", "profile", "email", "offline_access"]),
        resources: vec![],
    }
}

/// A device on another network that nobody knows.
fn elsewhere() -> Asker {
    Asker {
        program: Some("deploy-bot".into()),
        standing: Standing::SelfNamed,
        site: Some("https://deploy-bot.example".into()),
        place: Place::Elsewhere,
        from: "2001:db8:85a3::8a2e:370:7334".parse().unwrap(),
        is_from_here: false,
        age: Duration::from_secs(130),
        comparison: Some(Comparison {
            code: "WDJB-MJHT".to_owned(),
            is_shown: true,
        }),
        scopes: words(&["openid", "deploy", "logs:read"]),
        resources: words(&["https://api.example.com"]),
    }
}

/// A site that registered itself.
fn web() -> Asker {
    Asker {
        place: Place::Site("app.example.org".to_owned()),
        standing: Standing::SelfNamed,
        site: Some("https://app.example.org/about".into()),
        scopes: words(&["openid", "email", "mcp:tools"]),
        resources: words(&["https://mcp.example.com/mcp"]),
        ..asker()
    }
}

/// A program of the older face, which has no name and shows no code.
fn pairing() -> Asker {
    Asker {
        program: None,
        standing: Standing::Unnamed,
        place: Place::Elsewhere,
        comparison: Some(Comparison {
            code: "WDJB-MJHT".to_owned(),
            is_shown: false,
        }),
        scopes: vec![],
        ..asker()
    }
}

fn ours() -> Asker {
    Asker {
        program: None,
        place: Place::Here,
        scopes: vec![],
        ..asker()
    }
}

fn impostor() -> Asker {
    Asker {
        program: Some(HOSTILE.into()),
        site: Some(HOSTILE.into()),
        place: Place::Site(HOSTILE.to_owned()),
        comparison: Some(Comparison {
            code: HOSTILE.to_owned(),
            is_shown: false,
        }),
        scopes: words(&["openid", HOSTILE, "javascript:alert(1)"]),
        resources: words(&[HOSTILE]),
        ..elsewhere()
    }
}

/// Everything as long as it gets.
fn endless() -> Asker {
    let scopes: Vec<_> = (0..30)
        .map(|index| format!("https://api.example.com/auth/scope.{index}"))
        .collect();
    Asker {
        program: Some(Untrusted::new("W".repeat(400))),
        site: Some(Untrusted::new("s".repeat(400))),
        place: Place::Application(format!("com.{}", "example.".repeat(30))),
        scopes: words(&scopes.iter().map(String::as_str).collect::<Vec<_>>()),
        resources: words(&["https://api.example.com/a/very/long/address/of/a/resource"; 6]),
        ..elsewhere()
    }
}

fn listed(is_this: bool) -> Listed {
    Listed {
        id: "session-0".to_owned(),
        kind: if is_this {
            SessionKind::Browser
        } else {
            SessionKind::Client
        },
        program: None,
        is_this,
        from: IpAddr::from([203, 0, 113, 7]),
        age: Duration::from_secs(400_000),
        idle: Duration::from_secs(125),
        scopes: vec![],
    }
}

fn some_sessions() -> Vec<Listed> {
    let tool = Listed {
        id: "session-1".to_owned(),
        program: Some("My tool".into()),
        scopes: vec!["openid".to_owned(), "deploy".to_owned()],
        ..listed(false)
    };
    let paired = Listed {
        id: "session-2".to_owned(),
        kind: SessionKind::Pairing,
        from: "2001:db8:85a3::8a2e:370:7334".parse().unwrap(),
        ..listed(false)
    };
    let phone = Listed {
        id: "session-3".to_owned(),
        kind: SessionKind::Browser,
        idle: Duration::from_secs(90_000),
        ..listed(false)
    };
    vec![listed(true), tool, paired, phone]
}
