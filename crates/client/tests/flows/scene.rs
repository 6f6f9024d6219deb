//! A server, a client of it, and a person who can be watched.

use std::{
    collections::VecDeque,
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use oarlock::{
    Browser, Client, Credential, Error, Flow, Interaction, LoginOptions,
    interaction::{Event, PasteFuture},
};
use oarlock_io::{Clock, Environment, SystemClock, environment::Place};
use oarlock_oauth::{endpoint::Issuer, profile::ProviderProfile};
use oarlock_testkit::{
    AuthorizationServer, AuthorizationServerBuilder, DEFAULT_CLIENT_ID, FakeBrowser, FakeClock,
    Server, Visit,
};
use tokio::{sync::watch, task::JoinHandle};
use url::Url;

/// Longer than anything here takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a browser is near.
pub(crate) const DESKTOP: Place = Place {
    ssh: false,
    container: false,
    wsl: false,
    display: true,
    ci: false,
};

/// What a test sets up.
pub(crate) struct Setup {
    pub(crate) server: AuthorizationServerBuilder,
    pub(crate) place: Place,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) terminal: bool,
    pub(crate) frozen: bool,
}

impl Default for Setup {
    /// A desktop without a terminal, by the machine's clock.
    fn default() -> Self {
        Self {
            server: AuthorizationServer::builder(),
            place: DESKTOP,
            variables: Vec::new(),
            terminal: false,
            frozen: false,
        }
    }
}

/// Everything there is.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) person: Arc<Person>,
    pub(crate) profile: ProviderProfile,
    pub(crate) clock: Arc<FakeClock>,
    _home: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let home = tempfile::tempdir().unwrap();
        let fake = Arc::new(FakeClock::default());
        let clock: Arc<dyn Clock> = if setup.frozen {
            fake.clone()
        } else {
            Arc::new(SystemClock)
        };
        let server = setup
            .server
            .clock(Arc::clone(&clock))
            .start()
            .await
            .unwrap();
        let mut profile = ProviderProfile::named("example");
        profile.title = Some("Example".into());
        profile.issuer = Some(Issuer::parse(server.issuer()).unwrap());
        profile.client_id = Some(DEFAULT_CLIENT_ID.into());
        let path = home.path().to_str().unwrap().to_owned();
        let variables = setup.variables.into_iter().chain([("OARLOCK_HOME", path)]);
        let person = Arc::new(Person::new(setup.terminal));
        let client = Client::builder("oarlock-flows")
            .environment(Environment::from_pairs(variables).with_place(setup.place))
            .clock(clock)
            .interaction(Arc::clone(&person) as Arc<dyn Interaction>)
            .build()
            .unwrap();
        Self {
            server,
            client,
            person,
            profile,
            clock: fake,
            _home: home,
        }
    }

    /// Starts a login and lets it run.
    pub(crate) fn login(&self, options: LoginOptions) -> JoinHandle<Result<Credential, Error>> {
        let (client, profile) = (self.client.clone(), self.profile.clone());
        tokio::spawn(async move {
            let login = client.login_with(profile, &options);
            tokio::time::timeout(PATIENCE, login)
                .await
                .expect("the login does not end")
        })
    }

    /// Starts a login, goes through it with a browser, and waits for both.
    pub(crate) async fn login_with(
        &self,
        flow: Flow,
        browser: FakeBrowser,
    ) -> (Result<Credential, Error>, Visit) {
        let login = self.login(options(flow));
        let visit = browser.visit(&self.person.url().await).await.unwrap();
        (login.await.unwrap(), visit)
    }

    /// Lets the fake clock run, a second each 10 ms, while something is waited for.
    pub(crate) async fn while_time_flies<T>(&self, work: impl Future<Output = T>) -> T {
        let flying = async {
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                self.clock.advance(Duration::from_secs(1));
            }
        };
        tokio::select! {
            done = work => done,
            () = flying => unreachable!(),
        }
    }
}

/// A flow without a browser of its own: the test is the browser.
pub(crate) fn options(flow: Flow) -> LoginOptions {
    let mut options = LoginOptions::default();
    options.flow = flow;
    options.browser = Browser::Never;
    options
}

/// Somebody at a terminal, or nobody.
pub(crate) struct Person {
    terminal: bool,
    seen: watch::Sender<Seen>,
    pastes: watch::Sender<VecDeque<Result<String, io::ErrorKind>>>,
    readers: Arc<AtomicUsize>,
}

/// What was shown, in words that tests compare.
#[derive(Clone, Default)]
struct Seen {
    events: Vec<String>,
    urls: VecDeque<Url>,
    codes: VecDeque<(String, Url)>,
}

impl Person {
    fn new(terminal: bool) -> Self {
        Self {
            terminal,
            seen: watch::Sender::default(),
            pastes: watch::Sender::default(),
            readers: Arc::default(),
        }
    }

    /// The address to open, when it is shown; each once.
    pub(crate) async fn url(&self) -> Url {
        self.wait(|seen| seen.urls.pop_front()).await
    }

    /// The user code and where to enter it, when they are shown; each once.
    pub(crate) async fn code(&self) -> (String, Url) {
        self.wait(|seen| seen.codes.pop_front()).await
    }

    /// Waits for an event that starts so.
    pub(crate) async fn event(&self, start: &str) -> String {
        self.wait(|seen| {
            seen.events
                .iter()
                .find(|event| event.starts_with(start))
                .cloned()
        })
        .await
    }

    async fn wait<T>(&self, mut take: impl FnMut(&mut Seen) -> Option<T>) -> T {
        let mut changes = self.seen.subscribe();
        let waiting = async {
            loop {
                let mut taken = None;
                changes.mark_unchanged();
                self.seen.send_if_modified(|seen| {
                    taken = take(seen);
                    false
                });
                match taken {
                    Some(taken) => return taken,
                    None => changes.changed().await.unwrap(),
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("not shown; shown was: {:#?}", self.events()))
    }

    /// What was shown so far.
    pub(crate) fn events(&self) -> Vec<String> {
        self.seen.borrow().events.clone()
    }

    /// Whether something that starts so was shown.
    pub(crate) fn saw(&self, start: &str) -> bool {
        self.events().iter().any(|event| event.starts_with(start))
    }

    /// Pastes.
    pub(crate) fn paste(&self, text: impl Into<String>) {
        self.pastes
            .send_modify(|pastes| pastes.push_back(Ok(text.into())));
    }

    /// Ends the input: Ctrl-C, Ctrl-D.
    pub(crate) fn end_input(&self, kind: io::ErrorKind) {
        self.pastes
            .send_modify(|pastes| pastes.push_back(Err(kind)));
    }

    /// How many read the terminal at this moment.
    pub(crate) fn readers(&self) -> usize {
        self.readers.load(Ordering::SeqCst)
    }
}

impl Interaction for Person {
    fn notify(&self, event: &Event<'_>) {
        self.seen.send_modify(|seen| match event {
            Event::OpenUrl { url } => {
                seen.events.push("open-url".into());
                seen.urls.push_back((*url).clone());
            }
            Event::DeviceCode {
                user_code,
                verification_uri,
                verification_uri_complete,
                qr,
                ..
            } => {
                let url = verification_uri_complete.unwrap_or(verification_uri.url());
                let qr = if qr.is_some() { " with-qr" } else { "" };
                seen.events.push(format!("device-code{qr}"));
                seen.codes.push_back((user_code.to_string(), url.clone()));
            }
            Event::Compare { code } => seen.events.push(format!("compare {code}")),
            Event::BrowserOpened => seen.events.push("browser-opened".into()),
            Event::BrowserFailed { reason } => {
                seen.events.push(format!("browser-failed {reason}"));
            }
            Event::PasteInvited { hosted_page } => {
                seen.events
                    .push(format!("paste-invited hosted={hosted_page}"));
            }
            Event::PasteRefused { reason } => seen.events.push(format!("paste-refused {reason}")),
            Event::DeviceOffered => seen.events.push("device-offered".into()),
            Event::Waiting { timeout } => {
                seen.events.push(format!("waiting {}", timeout.as_secs()));
            }
            Event::ForeignAnswer { reason } => seen.events.push(format!("foreign {reason}")),
            Event::Exchanging => seen.events.push("exchanging".into()),
            Event::Warning { message } => seen.events.push(format!("warning {message}")),
            other => seen.events.push(format!("{other:?}")),
        });
    }

    fn paste(&self) -> PasteFuture<'_> {
        let reader = Reader::new(&self.readers);
        let mut changes = self.pastes.subscribe();
        Box::pin(async move {
            let _reader = reader;
            loop {
                let mut next = None;
                changes.mark_unchanged();
                self.pastes.send_if_modified(|pastes| {
                    next = pastes.pop_front();
                    false
                });
                match next {
                    Some(next) => return next.map_err(io::Error::from),
                    None if changes.changed().await.is_err() => pending().await,
                    None => {}
                }
            }
        })
    }

    fn can_paste(&self) -> bool {
        self.terminal
    }
}

/// Counts who reads.
struct Reader(Arc<AtomicUsize>);

impl Reader {
    fn new(readers: &Arc<AtomicUsize>) -> Self {
        readers.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(readers))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A parameter of an address.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The redirect URI of an authorization request.
pub(crate) fn redirect_uri(url: &Url) -> Url {
    Url::parse(&parameter(url, "redirect_uri").unwrap()).unwrap()
}

/// A GET of an address, as a browser's navigation.
pub(crate) async fn get(url: &Url) -> io::Result<http::Response<Vec<u8>>> {
    let request = http::Request::builder()
        .uri(url.as_str())
        .header("sec-fetch-mode", "navigate");
    oarlock_testkit::plain::send(request.body(Vec::new()).unwrap()).await
}

/// The text of a page.
pub(crate) fn text(response: &http::Response<Vec<u8>>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}
