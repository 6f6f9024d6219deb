//! Programs that log in: by code, by device, by paircode. What they ask they ask again until they are answered.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use oarlock_oauth::{authorization_server::paircode::PaircodeDigest, pkce, secret::CodeVerifier};

use super::{
    Stage,
    browser::{Browser, Came},
    holding::{Holding, Key},
    provider::Provider,
    wire::{Asking, Party, Reply},
};

const REDIRECT_URI: &str = "http://127.0.0.1:7/callback";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Nobody starts a login again more often.
const STARTS: usize = 20;
/// Between two questions whether it is done.
const INTERVAL: Duration = Duration::from_millis(1_050);
/// What was granted is there at once; programs ask a few times more.
const MORE: Duration = Duration::from_secs(5);

/// A program of one client, for one login.
pub(super) struct Program<'a> {
    pub(super) stage: &'a Stage,
    pub(super) party: Party,
    pub(super) client: &'a str,
    /// A name of this login that nobody else has.
    pub(super) name: String,
}

/// How a program that asks again and again stands with its person.
#[derive(Default)]
struct Pairing {
    /// The person was told that it is done.
    is_done: AtomicBool,
    /// The person has given up.
    is_over: AtomicBool,
    /// Answers that did not come.
    unanswered: AtomicUsize,
}

impl Program<'_> {
    fn insist(&self, asking: &Asking) -> (Reply, usize) {
        let (reply, unanswered) = self.party.insist(asking);
        for _ in 0..unanswered {
            self.stage.ledger.count("request without its answer");
        }
        (reply, unanswered)
    }

    /// By code, which a browser of this computer brings. `None`: it came to a clear end.
    pub(super) fn by_code(&self, browser: &mut Browser) -> Option<Holding> {
        let verifier = CodeVerifier::new(&self.name);
        let challenge = pkce::challenge(&verifier);
        let fields = [
            ("response_type", "code"),
            ("client_id", self.client),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile deploy"),
            ("state", &self.name),
            ("nonce", &self.name),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let query = Asking::form("", &fields).body;
        let link = format!("{}/authorize?{query}", self.stage.url);
        let code = self.code(browser, &link)?;
        let key = Key::of(&[
            ("grant_type", "authorization_code"),
            ("client_id", self.client),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", &self.name),
        ]);
        let (reply, unanswered) = self.insist(&key.asking());
        if reply.status == 200 {
            self.stage.ledger.count("code: tokens");
            let subject = browser.subject.clone();
            return Some(Holding::of(self, &reply, key, subject, Some(&self.name)));
        }
        assert_eq!(reply.text("error"), "invalid_grant", "{reply:?}");
        assert!(unanswered > 0, "a fresh code is refused: {reply:?}");
        self.stage
            .ledger
            .count("code: the answer was lost, then refused");
        None
    }

    /// What the browser brings.
    fn code(&self, browser: &mut Browser, link: &str) -> Option<String> {
        for _ in 0..STARTS {
            let url = match browser.follows(self.stage, link, "") {
                Came::To(url) => url,
                Came::Over => continue,
                Came::Done => panic!("signed in, says the page, and the program was told nothing"),
            };
            assert!(url.as_str().starts_with(REDIRECT_URI), "{url}");
            let told = |name: &str| {
                let mut pairs = url.query_pairs();
                pairs
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.into_owned())
            };
            assert_eq!(told("state").as_deref(), Some(self.name.as_str()), "{url}");
            assert_eq!(
                told("iss").as_deref(),
                Some(self.stage.url.as_str()),
                "{url}"
            );
            if let Some(error) = told("error") {
                assert_eq!(error, "temporarily_unavailable", "{url}");
                self.stage.ledger.count("code: temporarily_unavailable");
                return None;
            }
            return told("code");
        }
        panic!("{STARTS} starts, and no end");
    }

    /// By a code that is typed elsewhere.
    pub(super) fn by_device(&self, browser: &mut Browser) -> Option<Holding> {
        let fields = [("client_id", self.client), ("scope", "openid deploy")];
        let asking = Asking::form("/device_authorization", &fields);
        let (device, _) = self.insist(&asking);
        assert_eq!(device.status, 200, "{device:?}");
        let key = Key::of(&[
            ("grant_type", DEVICE),
            ("client_id", self.client),
            ("device_code", &device.text("device_code")),
        ]);
        let pairing = Pairing::default();
        let reply = thread::scope(|scope| {
            let polling = scope.spawn(|| {
                self.poll(&key.asking(), &pairing, |reply| {
                    let error = (reply.status != 200).then(|| reply.text("error"));
                    match error.as_deref() {
                        Some("authorization_pending" | "slow_down") => None,
                        Some("expired_token") | None => Some(error.is_none()),
                        Some(_) => panic!("{reply:?}"),
                    }
                })
            });
            let link = format!("{}/device", self.stage.url);
            self.person(browser, &link, &device.text("user_code"), &pairing);
            polling.join().unwrap()
        })?;
        self.stage.ledger.count("device: tokens");
        let subject = browser.subject.clone();
        Some(Holding::of(self, &reply, key, subject, None))
    }

    /// By a paircode, plain or as its digest.
    pub(super) fn by_paircode(&self, browser: &mut Browser, is_hashed: bool) -> Option<Holding> {
        let paircode = &self.name;
        let digest = PaircodeDigest::of(paircode).unwrap().challenge();
        let shown = match is_hashed {
            true => format!("S256.{digest}"),
            false => paircode.clone(),
        };
        let (link, _) = self.insist(&Asking::get(format!("/cli_login?paircode={shown}")));
        assert_eq!(link.status, 200, "{link:?}");
        let key = Key::Paircode(paircode.clone());
        let pairing = Pairing::default();
        let reply = thread::scope(|scope| {
            let polling = scope.spawn(|| {
                self.poll(&key.asking(), &pairing, |reply| {
                    assert_eq!(reply.status, 200, "{reply:?}");
                    (!reply.body.is_empty()).then_some(true)
                })
            });
            self.person(browser, &link.body, "", &pairing);
            polling.join().unwrap()
        })?;
        self.stage.ledger.count("pairing: fetched");
        if self.stage.provider.is_some() {
            let subject = Provider::subject_of(&reply.body);
            assert_eq!(subject, Some(browser.subject.as_str()), "{reply:?}");
        }
        let subject = browser.subject.clone();
        Some(Holding::of_paircode(self, &reply, key, subject))
    }

    /// Asks until something makes an end: what was fetched, if it was.
    fn poll(
        &self,
        asking: &Asking,
        pairing: &Pairing,
        ends: impl Fn(&Reply) -> Option<bool>,
    ) -> Option<Reply> {
        let ledger = &self.stage.ledger;
        let mut done_since = None;
        loop {
            let was_done = pairing.is_done.load(Ordering::SeqCst);
            let (reply, unanswered) = self.insist(asking);
            pairing.unanswered.fetch_add(unanswered, Ordering::SeqCst);
            let is_lost = pairing.unanswered.load(Ordering::SeqCst) > 0;
            match ends(&reply) {
                Some(true) => return Some(reply),
                Some(false) => {
                    assert!(
                        is_lost,
                        "it is over, and the program has nothing: {reply:?}"
                    );
                    ledger.count("device: the answer was lost, then expired");
                    return None;
                }
                // The login is in the store before its person is told so.
                None if was_done && !is_lost => {
                    panic!("done, says the page, and the program gets nothing: {reply:?}")
                }
                None => {}
            }
            if pairing.is_over.load(Ordering::SeqCst) {
                ledger.count("device or pairing: its person was told to start again");
                return None;
            }
            if was_done && done_since.get_or_insert_with(Instant::now).elapsed() > MORE {
                ledger.count("pairing: the answer was lost");
                return None;
            }
            thread::sleep(INTERVAL);
        }
    }

    /// The person's part.
    fn person(&self, browser: &mut Browser, link: &str, user_code: &str, pairing: &Pairing) {
        for _ in 0..STARTS {
            match browser.follows(self.stage, link, user_code) {
                Came::Done => return pairing.is_done.store(true, Ordering::SeqCst),
                // A device's login is over when its code is; a pairing's link can be followed again.
                Came::Over if !user_code.is_empty() => break,
                Came::Over => {}
                Came::To(url) => panic!("where should it go: {url}"),
            }
        }
        pairing.is_over.store(true, Ordering::SeqCst);
    }
}
