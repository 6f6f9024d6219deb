//! A person with a browser, and their programs, from the first login to the curtain.

use std::{net::Ipv4Addr, sync::atomic::Ordering};

use super::{
    PEOPLE, Stage,
    browser::Browser,
    chance::Chance,
    holding::Holding,
    program::Program,
    wire::{Asking, Party},
};

/// The client that is built in.
const BUILT_IN: &str = "oarlock";

pub(super) struct Actor<'a> {
    stage: &'a Stage,
    number: usize,
    chance: Chance,
    browser: Browser,
    /// A client that registered itself.
    client: String,
    programs: u16,
    holdings: Vec<Holding>,
}

impl<'a> Actor<'a> {
    pub(super) fn new(stage: &'a Stage, number: usize, chance: Chance) -> Self {
        let own = u8::try_from(number).unwrap();
        let party = Party {
            server: stage.url.strip_prefix("http://").unwrap().parse().unwrap(),
            from: Ipv4Addr::new(10, 200, 0, own),
            luck: stage.luck.clone(),
        };
        let mut of_browser = chance.clone();
        of_browser.next();
        Self {
            stage,
            number,
            browser: Browser::new(party, format!("p{}", number % PEOPLE), of_browser),
            chance,
            client: String::new(),
            programs: 0,
            holdings: Vec::new(),
        }
    }

    /// Until the curtain, and then to the end of what was begun.
    pub(super) fn act(&mut self) {
        self.register();
        while !self.stage.curtain.load(Ordering::SeqCst) {
            let holding = self.logs_in();
            self.holdings.extend(holding);
            for _ in 0..self.chance.below(12) {
                self.does_something();
            }
        }
    }

    fn register(&mut self) {
        let metadata = serde_json::json!({
            "client_name": format!("Program {}", self.number),
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": [
                "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
            ],
            "token_endpoint_auth_method": "none",
        });
        let asking = Asking {
            method: "POST",
            target: "/register".into(),
            headers: vec![("content-type", "application/json".into())],
            body: metadata.to_string(),
        };
        let (reply, _) = self.browser.party.insist(&asking);
        assert_eq!(reply.status, 201, "{reply:?}");
        self.client = reply.text("client_id");
        self.stage.ledger.count("client registered");
    }

    fn logs_in(&mut self) -> Option<Holding> {
        self.programs += 1;
        let [high, low] = self.programs.to_be_bytes();
        let own = u8::try_from(self.number).unwrap();
        let program = Program {
            stage: self.stage,
            party: Party {
                from: Ipv4Addr::new(10, own, high, low),
                ..self.browser.party.clone()
            },
            client: match self.chance.one_in(2) {
                true => &self.client,
                false => BUILT_IN,
            },
            name: self.chance.name(),
        };
        let browser = &mut self.browser;
        match self.chance.below(4) {
            0 => program.by_device(browser),
            1 => program.by_paircode(browser, self.chance.one_in(2)),
            _ => program.by_code(browser),
        }
    }

    fn does_something(&mut self) {
        let alive = self
            .holdings
            .iter_mut()
            .filter(|holding| holding.is_alive());
        let mut alive: Vec<_> = alive.collect();
        if alive.is_empty() {
            return;
        }
        let which = self.chance.next() % u64::try_from(alive.len()).unwrap();
        let holding = &mut alive[usize::try_from(which).unwrap()];
        match self.chance.below(24) {
            0 => holding.is_revoked(self.stage),
            1 => holding.last_is_revoked(self.stage),
            2 => holding.refresh_token_is_stolen(self.stage),
            3 => holding.is_asked_for_again(self.stage),
            4..=9 => holding.is_used(self.stage),
            _ => holding.is_refreshed(self.stage),
        }
    }

    /// At the end, when nobody is killed any more.
    pub(super) fn still_has_everything(&mut self) {
        for holding in &mut self.holdings {
            holding.stands(self.stage);
        }
        if self.browser.was_signed_in() {
            let asking = Asking::get("/sessions");
            let reply = self.browser.asks(self.stage, &asking).unwrap();
            assert_eq!(
                reply.heading().as_deref(),
                Some("Your sessions"),
                "{reply:?}"
            );
        }
        // And another login goes as if nothing had been.
        let mut holding = self.logs_in().unwrap();
        holding.stands(self.stage);
    }
}
