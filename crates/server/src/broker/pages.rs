//! The pages a person meets while signing in. No script, nothing from outside; every word of strangers is inert (`Untrusted`, escaped by askama).
//!
//! Every form posts to this server, carries the form token ([`Form`]), and says in its button what it does.

mod answer;
mod asker;
mod device;
mod drawn;
mod leave;
mod sessions;
mod span;
mod words;

use std::{fmt, net::IpAddr, time::Duration};

use oarlock_oauth::{secret::FormToken, text::Untrusted};
use url::Url;

use super::{session::SessionKind, upstream::Choice};

/// A page.
#[derive(Debug)]
pub enum Page<'a> {
    /// Who asks, and by which provider to sign in. Posts to `/login`: `request`, and `upstream=NAME`, `continue=USER` or `cancel=yes`.
    SignIn(SignIn<'a>),
    /// Whether the program may have what it asks for. Posts to `/consent`: `login`, and `decision=allow` or `deny`.
    Consent(Consent<'a>),
    /// Enter a device's code. Posts to `/device`: `user_code`.
    Device(Device<'a>),
    /// Pick a person of the `dev` upstream. Posts to `/dev`: `state`, `subject`.
    Dev(Dev<'a>),
    /// The code to be pasted into a program.
    Code(CodeToPaste<'a>),
    /// The person's sessions. Posts to `/sessions`: `revoke=ID`, `revoke=others` or `sign_out=yes`.
    Sessions(Sessions<'a>),
    /// On to somewhere else, by `<meta http-equiv="refresh">` and a link: Chrome applies `form-action` to the redirects after a form too, and the
    /// providers' own redirects are not known beforehand.
    Leave(Leave<'a>),
    /// It is over, well or not.
    Notice(Notice<'a>),
}

/// See [`Page::Leave`].
pub struct Leave<'a> {
    /// Where to: a provider, or a redirect URI that was checked, with a code or an error. Never logged.
    pub to: &'a Url,
    /// Whom to: the provider's title or the program's name.
    pub whom: Untrusted,
}

/// What every form carries.
#[derive(Debug)]
pub struct Form<'a> {
    /// In the field `form_token`.
    pub token: &'a FormToken,
}

/// Who asks.
#[derive(Debug)]
pub struct Asker {
    /// The program's name; `None` for this server's own pages.
    pub program: Option<Untrusted>,
    /// What is known of that name.
    pub standing: Standing,
    /// Its page, as text.
    pub site: Option<Untrusted>,
    /// Where the answer goes.
    pub place: Place,
    /// The address the request came from.
    pub from: IpAddr,
    /// Whether that is the address of the browser too: if not, the page says so.
    pub is_from_here: bool,
    /// How long ago it came.
    pub age: Duration,
    /// The code to compare.
    pub comparison: Option<Comparison>,
    /// What it asks for, in the words of its scopes.
    pub scopes: Vec<Untrusted>,
    /// Where for.
    pub resources: Vec<Untrusted>,
}

/// The code to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// As `WDJB-MJHT`.
    pub code: String,
    /// Whether the program surely shows it too: ours, and devices. Others may know nothing of it.
    pub is_shown: bool,
}

/// What is known of a program's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The operator of this server answers for it.
    Known,
    /// The name is known, but whoever asks can say it: a public client whose answer goes to a page or terminal anywhere. Nothing is said of it.
    Borrowed,
    /// It named itself: the page says that nobody checked the name.
    SelfNamed,
    /// It has no name (a pairing): there is none to be checked.
    Unnamed,
}

/// Where the answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// To a program on the computer with this browser.
    ThisComputer,
    /// To a site: its host (punycode).
    Site(String),
    /// To an application that claims this scheme.
    Application(String),
    /// To a page here, that shows a code to be pasted.
    CodePage,
    /// To the terminal or device that waits, wherever it is.
    Elsewhere,
    /// Nowhere: these are this server's own pages.
    Here,
}

/// See [`Page::SignIn`].
#[derive(Debug)]
pub struct SignIn<'a> {
    /// Who asks.
    pub asker: Asker,
    /// The sealed request, in the field `request`.
    pub request: &'a str,
    /// Providers.
    pub choices: Vec<Choice>,
    /// Who is signed in in this browser already: may go on without a provider.
    pub signed_in: Option<SignedIn>,
    /// The form.
    pub form: Form<'a>,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The id, in the field `continue`: somebody else may sign in in another tab meanwhile.
    pub user: String,
    /// What people call them.
    pub name: Untrusted,
}

/// See [`Page::Consent`].
#[derive(Debug)]
pub struct Consent<'a> {
    /// Who asks.
    pub asker: Asker,
    /// In the field `login`.
    pub login: &'a str,
    /// Who is signed in.
    pub person: Untrusted,
    /// By which provider.
    pub provider: String,
    /// The form.
    pub form: Form<'a>,
}

/// See [`Page::Device`].
#[derive(Debug)]
pub struct Device<'a> {
    /// What the address has already, or was typed wrong; shown in the field.
    pub user_code: Option<Untrusted>,
    /// What was wrong with the last try.
    pub problem: Option<DeviceProblem>,
    /// The form.
    pub form: Form<'a>,
}

/// What was wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceProblem {
    /// Nothing waits for it: unknown, expired, done: the same words for all.
    Nothing,
    /// Too many tries; so long to wait.
    TooMany(Duration),
}

/// See [`Page::Dev`].
pub struct Dev<'a> {
    /// In the field `state`.
    pub state: &'a str,
    /// Subject and name.
    pub people: Vec<(String, Untrusted)>,
    /// The form.
    pub form: Form<'a>,
}

/// See [`Page::Code`].
pub struct CodeToPaste<'a> {
    /// `CODE#STATE`: to be copied whole.
    pub code: &'a str,
}

/// See [`Page::Sessions`].
#[derive(Debug)]
pub struct Sessions<'a> {
    /// Who is signed in.
    pub person: Untrusted,
    /// By which provider.
    pub provider: String,
    /// All that are alive.
    pub sessions: Vec<Listed>,
    /// Whether one was just revoked.
    pub revoked: bool,
    /// The form.
    pub form: Form<'a>,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// In the field `revoke`.
    pub id: String,
    /// Who acts.
    pub kind: SessionKind,
    /// The program's name.
    pub program: Option<Untrusted>,
    /// Whether it is this browser.
    pub is_this: bool,
    /// Where its holder was when it began.
    pub from: IpAddr,
    /// How long ago it began.
    pub age: Duration,
    /// How long ago it was last used.
    pub idle: Duration,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// It is over, well or not. Each has a status, a heading, what happened, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// The program (device, pairing) has its login, or fetches it in a moment: 200.
    Done,
    /// The person said no: 200.
    Denied,
    /// The provider said no: 403.
    ProviderDenied,
    /// The configuration does not let this person in: 403.
    NotAllowed,
    /// The provider cannot be reached: 502.
    ProviderUnavailable,
    /// The provider's answer is refused: 502.
    ProviderRefused,
    /// Nothing (any more) belongs to this: expired, unknown, or another browser's: 400. The same for all.
    Expired,
    /// A process died while the provider was asked: start again: 409.
    Interrupted,
    /// The form is old, of another browser or page: go back, reload: 403.
    Forged,
    /// The request itself cannot be trusted; why, in our words: 400.
    BadRequest(&'a str),
    /// Too many from one address: 429 with `Retry-After`.
    TooMany(Duration),
    /// Too many logins under way, or for this provider: 503 with `Retry-After`.
    Full(Duration),
    /// The store cannot be used now: 503 with `Retry-After`.
    Unavailable,
    /// The browser sends no cookies: 400.
    NoCookies,
    /// Signed out of this browser: 200.
    SignedOut,
    /// The front page of this address: 200.
    Front,
}

impl fmt::Debug for Leave<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = &self.whom;
        f.debug_struct("Leave")
            .field("whom", whom)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Dev<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let people = &self.people;
        f.debug_struct("Dev")
            .field("people", people)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CodeToPaste<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeToPaste").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
