//! The steps. Each is done with the same library calls as the command it names, and checked before it is told.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use jiff::Timestamp;
use oarlock::{
    Browser, Client, Credential, Error, Flow, LoginOptions, Revocation, TokenQuery,
    account::{AccountKey, DEFAULT_ACCOUNT},
    oauth::{endpoint::Issuer, profile::ProviderProfile, secret::AccessToken},
};
use oarlock_io::{Clock, Environment};

use super::{clock::DemoClock, folder::Folder, server::DemoServer, stage::Stage, visitor::Visitor};
use crate::failure::Failure;

/// Name of the provider in this story.
const PROVIDER: &str = "demo";
/// Variables that would bring the user's own settings and tokens into the story.
const LEFT_OUT: [&str; 2] = ["OARLOCK_", "FMCP_OAUTH_"];
/// How long a person has in the browser before the demo goes on by itself.
const PATIENCE: Duration = Duration::from_secs(90);
/// Longer than an access token lives.
const HOUR: Duration = Duration::from_secs(3600);

struct Story<'a> {
    stage: Arc<Stage>,
    clock: Arc<DemoClock>,
    server: DemoServer,
    client: Client,
    key: AccountKey,
    folder: &'a Folder,
    no_browser: bool,
}

/// Tells the story to its end.
pub(super) async fn tell(folder: &Folder, no_browser: bool) -> Result<(), Failure> {
    let stage = Arc::new(Stage::default());
    stage.say("This shows how Oarlock works, on this machine alone. Nothing of yours is touched: it happens in a folder of its own, which is removed at the end.");
    let clock = Arc::new(DemoClock::default());
    let server = DemoServer::start(folder, Arc::clone(&clock) as Arc<dyn Clock>).await?;
    stage.step(&format!(
        "A broker of our own starts at {}, as with: oarlock serve --upstream dev",
        server.issuer()
    ));
    stage.add("It signs people in for programs. Here it knows two people who are made up; yours would ask Google, GitHub or your company.");
    let client = client(folder, &server, &clock, &stage)?;
    let key = AccountKey::new(PROVIDER, DEFAULT_ACCOUNT).map_err(Error::from)?;
    let story = Story {
        stage,
        clock,
        server,
        client,
        key,
        folder,
        no_browser,
    };
    let first = story.log_in().await?;
    story.show_what_is_stored()?;
    story.let_it_expire(&first).await?;
    let second = story.ask_for_a_token(&first).await?;
    story.make_a_request().await?;
    story.log_out(&second).await?;
    story.stage.space();
    story.stage.say("That was all of it. Now with a provider of your own: oarlock login https://login.example.com");
    story.stage.failure()
}

/// A client whose configuration and credentials are in the folder.
fn client(
    folder: &Folder,
    server: &DemoServer,
    clock: &Arc<DemoClock>,
    stage: &Arc<Stage>,
) -> Result<Client, Failure> {
    let ours = Environment::capture();
    let pairs = ours
        .iter()
        .filter(|(name, _)| !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let home = (
        "OARLOCK_HOME".to_owned(),
        folder.path().display().to_string(),
    );
    let environment = Environment::from_pairs(pairs.chain([home])).with_place(ours.place());
    let mut profile = ProviderProfile::named(PROVIDER);
    profile.title = Some("the demo's server".into());
    profile.issuer = Some(Issuer::parse(server.issuer()).map_err(Error::from)?);
    let client = Client::builder(super::super::APPLICATION)
        .environment(environment)
        .clock(Arc::clone(clock) as Arc<dyn Clock>)
        .interaction(Arc::clone(stage) as Arc<dyn oarlock::Interaction>)
        .provider(profile)
        .build()?;
    Ok(client)
}

impl Story<'_> {
    async fn log_in(&self) -> Result<Credential, Failure> {
        self.stage.step(&format!(
            "Log in, as with: oarlock login {}",
            self.server.issuer()
        ));
        self.stage
            .add("Its address is all that is needed: it says where everything is, and has a client ready for programs.");
        let mut options = LoginOptions::default();
        options.flow = Flow::Loopback;
        options.browser = if self.no_browser {
            Browser::Never
        } else {
            Browser::Auto
        };
        let credential = tokio::select! {
            biased;
            credential = self.client.login(PROVIDER, &options) => credential?,
            failure = self.visit() => match failure? {},
        };
        let who = credential
            .identity
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        self.stage.add(&format!("Logged in as {who}."));
        Ok(credential)
    }

    /// Goes to the login's address where no person does.
    async fn visit(&self) -> Result<Infallible, Failure> {
        let Some(invitation) = self.stage.invitation().await else {
            return pending().await;
        };
        let nobody = if invitation.opened {
            tokio::time::sleep(PATIENCE).await;
            "Nobody seems to be there"
        } else {
            "No browser was opened"
        };
        self.stage.add(&format!(
            "{nobody}, so the demo presses the buttons itself: it signs in as the first person on the list."
        ));
        match Visitor::new(self.server.url())?
            .visit(&invitation.url)
            .await
        {
            // A person may have been faster after all.
            Err(error) if !invitation.opened => Err(error),
            _ => pending().await,
        }
    }

    fn show_what_is_stored(&self) -> Result<(), Failure> {
        let Some(credential) = self.client.store().load(&self.key).map_err(Error::from)? else {
            return Err(Failure::failed("the login was not stored"));
        };
        self.stage
            .step("This is stored now, in a file that only you can read:");
        let file = self
            .client
            .store()
            .directory()
            .join(format!("{}.json", self.key.stem()));
        self.stage.add(&file.display().to_string());
        let not_shown = |length: usize| format!("{length} characters, not shown");
        let refresh = credential
            .refresh_token
            .as_ref()
            .map(|token| not_shown(token.expose().len()));
        let fields = [
            (
                "access_token",
                not_shown(credential.access_token.expose().len()),
            ),
            ("refresh_token", refresh.unwrap_or_else(|| "none".into())),
            (
                "expires_at",
                credential
                    .expires_at
                    .map_or_else(|| "not said".into(), whole_seconds),
            ),
            ("scope", credential.scope.join(' ')),
            ("provider", credential.provider),
            ("account", credential.account),
        ];
        for (name, value) in fields {
            self.stage.add(&format!("{name}: {value}"));
        }
        Ok(())
    }

    async fn let_it_expire(&self, first: &Credential) -> Result<(), Failure> {
        expect(
            self.server.takes(&first.access_token).await?,
            "the access token is not taken",
        )?;
        self.clock.turn(HOUR);
        self.stage
            .step("An hour passes (the demo turns its clock).");
        expect(
            !self.server.takes(&first.access_token).await?,
            "the access token outlived its time",
        )?;
        self.stage
            .add("The access token has expired; the server takes it no more.");
        Ok(())
    }

    async fn ask_for_a_token(&self, first: &Credential) -> Result<AccessToken, Failure> {
        self.stage
            .step("A script asks for a token, as with: oarlock token");
        let token = self
            .client
            .token_for(TokenQuery::of(PROVIDER))
            .await?
            .access_token;
        expect(token != first.access_token, "the token was not renewed")?;
        expect(
            self.server.takes(&token).await?,
            "the new token is not taken",
        )?;
        self.stage
            .add("Nobody has to log in: the refresh token bought a new access token.");
        let stored = self.client.store().load(&self.key).map_err(Error::from)?;
        if stored.is_some_and(|second| second.refresh_token != first.refresh_token) {
            self.stage.add("The server gave a new refresh token too, and the old one is spent. Fifty scripts at once would share this one renewal.");
        }
        Ok(token)
    }

    async fn make_a_request(&self) -> Result<(), Failure> {
        let url = self.server.userinfo();
        self.stage.step(&format!(
            "A request with the token, as with: oarlock request {url}"
        ));
        let response = self.client.get(PROVIDER, &url).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await.map_err(Error::from)? {
            bytes.extend_from_slice(&chunk);
        }
        expect(
            status.is_success(),
            &format!("the server answered {status}"),
        )?;
        let answer: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| Failure::failed(error.to_string()))?;
        let name = answer
            .get("email")
            .and_then(serde_json::Value::as_str)
            .unwrap_or("somebody");
        self.stage
            .add(&format!("The server answers {status}: this is {name}."));
        self.stage
            .add("The token goes to its own provider only; other addresses would be refused.");
        Ok(())
    }

    async fn log_out(&self, token: &AccessToken) -> Result<(), Failure> {
        self.stage.step("Log out, as with: oarlock logout");
        match self.client.logout(&self.key, true).await? {
            Some(Revocation::Revoked) => {}
            Some(Revocation::Failed(error)) => return Err((*error).into()),
            _ => return Err(Failure::failed("the tokens were not taken back")),
        }
        expect(
            !self.server.takes(token).await?,
            "the token is taken after the logout",
        )?;
        expect(
            self.client
                .store()
                .load(&self.key)
                .map_err(Error::from)?
                .is_none(),
            "the credential is still there",
        )?;
        self.stage
            .add("The server took the tokens back, and the file is gone.");
        self.stage.add(&format!(
            "The folder {} goes next.",
            self.folder.path().display()
        ));
        Ok(())
    }
}

fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// The story is only told where it is true.
fn expect(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::failed(otherwise))
    }
}
