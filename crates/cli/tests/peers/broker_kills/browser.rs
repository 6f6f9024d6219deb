//! A person with a browser, who does what the pages say: reloads when nothing comes, starts again when a page says so.

use std::{collections::BTreeMap, thread, time::Duration};

use url::Url;

use super::{
    Stage,
    chance::Chance,
    wire::{Asking, Lost, Party, Reply},
};

/// Before a page that did not come is asked for again.
const PAUSE: Duration = Duration::from_millis(40);
/// Nobody reloads the way back from a provider more often.
const RELOADS: usize = 3;
/// Pages of one login, with all that had to be asked for again.
const STEPS: usize = 2_000;

/// One browser of one person.
pub(super) struct Browser {
    pub(super) party: Party,
    /// Who has it, as providers know them.
    pub(super) subject: String,
    cookies: BTreeMap<String, String>,
    chance: Chance,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Came {
    /// The browser was sent to a program.
    To(Url),
    /// "You are signed in."
    Done,
    /// The page says that this came to nothing, or the person thinks so: to be started again.
    Over,
}

impl Browser {
    pub(super) fn new(party: Party, subject: String, chance: Chance) -> Self {
        Self {
            party,
            subject,
            cookies: BTreeMap::new(),
            chance,
        }
    }

    /// Follows a link until it ends. At the page that asks for a device's code this one is typed.
    pub(super) fn follows(&mut self, stage: &Stage, link: &str, user_code: &str) -> Came {
        let mut next = Asking::get(path(stage, link));
        let mut reloads = 0;
        for _ in 0..STEPS {
            let reply = match self.asks(stage, &next) {
                Ok(reply) if reply.status != 503 => reply,
                Err(Lost::Unanswered) if next.target.starts_with("/redirect") => {
                    reloads += 1;
                    if reloads > RELOADS {
                        stage.ledger.count("page: never came, login given up");
                        return Came::Over;
                    }
                    continue;
                }
                Ok(_) | Err(_) => {
                    thread::sleep(PAUSE);
                    continue;
                }
            };
            next = match self.next(stage, &reply, user_code) {
                Ok(next) => next,
                Err(came) => return came,
            };
        }
        panic!("a login without end, at {next:?}");
    }

    /// Sends it once, as browsers do.
    pub(super) fn asks(&mut self, stage: &Stage, asking: &Asking) -> Result<Reply, Lost> {
        let cookies = self.cookies.iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut asking = asking.clone();
        if !cookies.is_empty() {
            asking = asking.with("cookie", cookies.join("; "));
        }
        if asking.method == "POST" {
            asking = asking.with("origin", stage.url.clone());
        }
        let reply = self.party.send(&asking);
        if matches!(reply, Err(Lost::Unanswered)) {
            stage.ledger.count("request without its answer");
        }
        let reply = reply?;
        for (name, value) in &reply.headers {
            if name == "set-cookie" {
                let pair = value.split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(reply)
    }

    /// Whether it was told that somebody is signed in in it.
    pub(super) fn was_signed_in(&self) -> bool {
        self.cookies.contains_key("oarlock-session")
    }

    fn next(&mut self, stage: &Stage, reply: &Reply, user_code: &str) -> Result<Asking, Came> {
        if let Some(location) = reply.location() {
            return self.goes_to(stage, &location);
        }
        let heading = reply.heading();
        let heading = heading.unwrap_or_else(|| panic!("no page: {reply:?}"));
        let token = reply.field("form_token");
        let token = token.as_deref();
        let filled = |target: &str, fields: &[(&str, &str)]| {
            let mut all = vec![("form_token", token.unwrap())];
            all.extend_from_slice(fields);
            Ok(Asking::form(target, &all))
        };
        if let Some(request) = reply.field("request") {
            let named = reply.field("continue").filter(|_| self.chance.one_in(2));
            let upstream = reply.field("upstream").unwrap();
            let button = match &named {
                Some(user) => ("continue", user.as_str()),
                None => ("upstream", upstream.as_str()),
            };
            return filled("/login", &[("request", &request), button]);
        }
        if let Some(state) = reply.field("state") {
            return filled("/dev", &[("state", &state), ("subject", &self.subject)]);
        }
        if let Some(login) = reply.field("login") {
            return filled("/consent", &[("login", &login), ("decision", "allow")]);
        }
        if reply.field("user_code").is_some() && reply.status == 200 {
            return filled("/device", &[("user_code", user_code)]);
        }
        stage.ledger.count(&format!("page: {heading}"));
        match heading.as_str() {
            // Nothing waits for the code any more.
            "Enter the code" | "Is this the code on your device?" => Err(Came::Over),
            "You are signed in" => Err(Came::Done),
            "This login is over"
            | "This login was interrupted"
            | "Your provider does not answer" => Err(Came::Over),
            _ => panic!("a page that says nothing of use: {reply:?}"),
        }
    }

    fn goes_to(&self, stage: &Stage, location: &str) -> Result<Asking, Came> {
        if location.starts_with(&format!("{}/", stage.url)) {
            return Ok(Asking::get(path(stage, location)));
        }
        let url = Url::parse(location).unwrap();
        match &stage.provider {
            Some(provider) if provider.is_at(&url) => Ok(Asking::get(path(
                stage,
                &provider.signs_in(&url, &self.subject),
            ))),
            _ => Err(Came::To(url)),
        }
    }
}

fn path(stage: &Stage, link: &str) -> String {
    link.strip_prefix(&stage.url)
        .unwrap_or_else(|| panic!("not ours: {link}"))
        .to_owned()
}
