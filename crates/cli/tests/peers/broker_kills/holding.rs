//! What a program was told: its tokens, and what became of them.

use serde_json::Value;

use super::{
    Stage,
    program::Program,
    provider::Provider,
    wire::{Asking, Party, Reply},
};

/// What bought it, and must buy nothing again.
#[derive(Clone, Debug)]
pub(super) enum Key {
    /// A code or device code: the whole token request.
    Request(String),
    Paircode(String),
}

/// A session that a program has.
pub(super) struct Holding {
    party: Party,
    client: String,
    /// Who, to the provider, and to the server.
    subject: String,
    user: String,
    key: Key,
    held: Held,
    /// Access tokens that were revoked one by one.
    revoked: Vec<String>,
    is_alive: bool,
}

enum Held {
    Tokens {
        first: String,
        last: String,
        refresh: String,
    },
    Cookie(String),
}

impl Key {
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        Self::Request(Asking::form("", fields).body)
    }

    pub(super) fn asking(&self) -> Asking {
        match self {
            Self::Request(body) => Asking {
                body: body.clone(),
                ..Asking::form("/token", &[])
            },
            Self::Paircode(paircode) => Asking::get(format!("/token?paircode={paircode}")),
        }
    }
}

/// The claims of a token, whose signature the server is asked about.
pub(super) fn claims(token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

impl Holding {
    /// What `/token` answered.
    pub(super) fn of(
        program: &Program<'_>,
        reply: &Reply,
        key: Key,
        subject: String,
        nonce: Option<&str>,
    ) -> Self {
        let (access, refresh) = (reply.text("access_token"), reply.text("refresh_token"));
        let ledger = &program.stage.ledger;
        let told = claims(&access);
        let session = told["sid"].as_str().unwrap();
        ledger.granted(program.party.from, Some(session));
        ledger.issued(&access, &refresh);
        ledger.id_token(reply.text("id_token"), program.client, nonce);
        let user = told["sub"].as_str().unwrap().to_owned();
        ledger.user(&subject, &user);
        Self {
            party: program.party.clone(),
            client: program.client.to_owned(),
            subject,
            user,
            key,
            held: Held::Tokens {
                first: access.clone(),
                last: access,
                refresh,
            },
            revoked: Vec::new(),
            is_alive: true,
        }
    }

    /// What `/token?paircode=` answered.
    pub(super) fn of_paircode(
        program: &Program<'_>,
        reply: &Reply,
        key: Key,
        subject: String,
    ) -> Self {
        let ledger = &program.stage.ledger;
        ledger.granted(program.party.from, None);
        let cookie = reply.header("set-cookie").unwrap().split(';').next();
        let cookie = cookie.unwrap().to_owned();
        let mut holding = Self {
            party: program.party.clone(),
            client: String::new(),
            subject,
            user: String::new(),
            key,
            held: Held::Cookie(cookie),
            revoked: Vec::new(),
            is_alive: true,
        };
        let (secured, _) = holding.insist(program.stage, &holding.shown(None));
        let told = secured.body.strip_prefix("You are authenticated as: ");
        holding.user = told.unwrap_or_else(|| panic!("{secured:?}")).to_owned();
        if Provider::subject_of(&reply.body).is_none() {
            assert_eq!(reply.body, holding.user);
        }
        ledger.user(&holding.subject, &holding.user);
        holding
    }

    fn insist(&self, stage: &Stage, asking: &Asking) -> (Reply, usize) {
        let (reply, unanswered) = self.party.insist(asking);
        for _ in 0..unanswered {
            stage.ledger.count("request without its answer");
        }
        (reply, unanswered)
    }

    /// A request that shows what is held, or another token of it.
    fn shown(&self, token: Option<&str>) -> Asking {
        let last = match &self.held {
            Held::Tokens { last, .. } => last,
            Held::Cookie(cookie) => return Asking::get("/secured").with("cookie", cookie.clone()),
        };
        let token = token.unwrap_or(last);
        Asking::get("/userinfo").with("authorization", format!("Bearer {token}"))
    }

    fn refreshing(&self) -> Option<Asking> {
        let Held::Tokens { refresh, .. } = &self.held else {
            return None;
        };
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", self.client.as_str()),
            ("refresh_token", refresh),
        ];
        Some(Asking::form("/token", &fields))
    }

    /// Whether something can still be done with it.
    pub(super) fn is_alive(&self) -> bool {
        self.is_alive
    }

    /// Uses it as its program does.
    pub(super) fn is_used(&self, stage: &Stage) {
        let Held::Tokens { last, .. } = &self.held else {
            return self.is_good(stage, None);
        };
        // The last one may be revoked, and the next is fetched when somebody refreshes.
        if !self.revoked.contains(last) {
            self.is_good(stage, None);
        }
    }

    #[track_caller]
    fn is_good(&self, stage: &Stage, token: Option<&str>) {
        let (reply, _) = self.insist(stage, &self.shown(token));
        assert_eq!(reply.status, 200, "{}: {reply:?}", self.user);
        assert!(reply.body.contains(&self.user), "{}: {reply:?}", self.user);
    }

    #[track_caller]
    fn is_bad(&self, stage: &Stage, token: Option<&str>) {
        let (reply, _) = self.insist(stage, &self.shown(token));
        assert_eq!(reply.status, 401, "{}: {reply:?}", self.user);
    }

    /// The next tokens; or the end, where an answer to this was lost before.
    pub(super) fn is_refreshed(&mut self, stage: &Stage) {
        let Some(asking) = self.refreshing() else {
            return;
        };
        let (reply, unanswered) = self.insist(stage, &asking);
        if reply.status != 200 {
            assert_eq!(reply.text("error"), "invalid_grant", "{reply:?}");
            assert!(
                unanswered > 0,
                "a present refresh token is refused: {reply:?}"
            );
            stage
                .ledger
                .count("refresh: the answer was lost, then refused");
            self.is_alive = false;
            return;
        }
        let (access, next) = (reply.text("access_token"), reply.text("refresh_token"));
        stage.ledger.issued(&access, &next);
        stage
            .ledger
            .id_token(reply.text("id_token"), &self.client, None);
        stage.ledger.count("refreshed");
        let told = claims(&access);
        assert_eq!(told["sub"], self.user.as_str());
        if let Held::Tokens {
            first,
            last,
            refresh,
        } = &mut self.held
        {
            assert_eq!(told["sid"], claims(first)["sid"]);
            *last = access;
            *refresh = next;
        }
    }

    /// Its program logs out.
    pub(super) fn is_revoked(&mut self, stage: &Stage) {
        if let Held::Tokens { refresh, .. } = &self.held {
            self.revoke(stage, &refresh.clone());
            stage.ledger.count("session revoked");
            self.is_alive = false;
        }
    }

    /// Its program is done with one access token.
    pub(super) fn last_is_revoked(&mut self, stage: &Stage) {
        if let Held::Tokens { first, last, .. } = &self.held
            && first != last
        {
            let last = last.clone();
            self.revoke(stage, &last);
            stage.ledger.count("access token revoked");
            self.revoked.push(last);
        }
    }

    fn revoke(&self, stage: &Stage, token: &str) {
        let fields = [("client_id", self.client.as_str()), ("token", token)];
        let (reply, _) = self.insist(stage, &Asking::form("/revoke", &fields));
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// Somebody shows the present refresh token after it was changed.
    pub(super) fn refresh_token_is_stolen(&mut self, stage: &Stage) {
        let Some(old) = self.refreshing() else {
            return;
        };
        self.is_refreshed(stage);
        if self.is_alive {
            let (reply, _) = self.insist(stage, &old);
            assert_eq!(reply.text("error"), "invalid_grant", "{reply:?}");
            stage.ledger.count("old refresh token: session ended");
            self.is_alive = false;
        }
    }

    /// Somebody shows what bought it: that buys nothing.
    pub(super) fn is_asked_for_again(&mut self, stage: &Stage) {
        let (reply, _) = self.insist(stage, &self.key.asking());
        match &self.key {
            Key::Paircode(_) => {
                assert_eq!((reply.status, reply.body.as_str()), (200, ""), "{reply:?}");
                assert_eq!(reply.header("set-cookie"), None);
                stage.ledger.count("old paircode: nothing");
            }
            Key::Request(body) if body.contains("device_code=") => {
                assert_eq!(reply.text("error"), "expired_token", "{reply:?}");
                stage.ledger.count("old device code: refused");
            }
            Key::Request(_) => {
                assert_eq!(reply.text("error"), "invalid_grant", "{reply:?}");
                stage.ledger.count("old code: session ended");
                self.is_alive = false;
            }
        }
    }

    /// At the end: what was good is, what was ended is not, and nothing is to be had again.
    pub(super) fn stands(&mut self, stage: &Stage) {
        for token in &self.revoked {
            self.is_bad(stage, Some(token));
        }
        let refreshing = self.refreshing();
        if !self.is_alive {
            self.is_bad(stage, None);
            let (reply, _) = self.insist(stage, &refreshing.unwrap());
            assert_eq!(reply.text("error"), "invalid_grant", "{reply:?}");
            return;
        }
        self.is_used(stage);
        if let Held::Tokens { first, .. } = &self.held {
            self.is_good(stage, Some(first));
        }
        self.is_refreshed(stage);
        assert!(self.is_alive);
        self.is_good(stage, None);
        self.is_asked_for_again(stage);
    }
}
