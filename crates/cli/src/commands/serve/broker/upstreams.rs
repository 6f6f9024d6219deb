//! Who knows the people: names, and what each stands for.

use std::{cell::OnceCell, collections::BTreeMap, time::Duration};

use oarlock::config::{
    Config, ConfigError, ENVIRONMENT_PROVIDER, nearest, profile_keys, variable_suffix,
};
use oarlock_io::{Directories, HttpConfig, directories::DirectoriesError};
use oarlock_oauth::{profile::ProviderProfile, text::Untrusted};
use oarlock_server::{
    broker::{
        upstream::allow::AllowRule,
        user::{Person, Profile},
    },
    config::broker::{UpstreamConfig, UpstreamKind},
};
use toml::Value;

use super::{
    super::{entry::Entry, sources::Sources, value},
    Place, profile,
};
use crate::{
    failure::Failure,
    settings::{self, DEV_USER_KEYS, UPSTREAM_KEYS},
};

/// The upstream for trying things.
const DEV: &str = "dev";
const DEADLINE: Duration = Duration::from_secs(10);
const LONGEST_DEADLINE: Duration = Duration::from_secs(60);
const CONFIG_FILE: &str = "config.toml";

/// All that are to be served, and how they are reached.
pub(super) struct Found {
    pub(super) upstreams: Vec<UpstreamConfig>,
    pub(super) network: HttpConfig,
}

struct Reader<'a> {
    sources: &'a Sources<'a>,
    place: &'a Place,
    entries: BTreeMap<&'a str, Entry<'a>>,
    /// `config.toml`, read when somebody needs it.
    config: OnceCell<Config>,
}

/// Reads them; `None` where none is named.
pub(super) fn read(sources: &Sources<'_>, place: &Place) -> Result<Option<Found>, Failure> {
    let reader = Reader {
        sources,
        place,
        entries: Entry::all(sources.document, "upstreams")?
            .into_iter()
            .collect(),
        config: OnceCell::new(),
    };
    for (name, entry) in &reader.entries {
        entry.check_keys(&keys(name))?;
    }
    let names = match sources.read(&settings::UPSTREAM, names)? {
        Some(names) => names,
        None => reader.entries.keys().map(ToString::to_string).collect(),
    };
    let upstreams: Vec<UpstreamConfig> = names
        .iter()
        .map(|name| reader.upstream(name))
        .collect::<Result<_, _>>()?;
    if upstreams.is_empty() {
        return Ok(None);
    }
    Ok(Some(Found {
        upstreams,
        network: reader.config.get().map(Config::http).unwrap_or_default(),
    }))
}

fn keys(name: &str) -> Vec<String> {
    let mut keys: Vec<String> = if name == DEV {
        vec!["users".into()]
    } else {
        profile_keys()
    };
    let own = UPSTREAM_KEYS.iter().map(|(key, _)| String::from(*key));
    keys.extend(own.filter(|key| name != DEV || key == "allow"));
    keys
}

fn names(value: &Value) -> Result<Vec<String>, String> {
    let names = value::list(value)?;
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|other| other == name) {
            return Err(format!("{name:?} is there twice; name each provider once"));
        }
    }
    Ok(names)
}

impl Reader<'_> {
    fn upstream(&self, name: &str) -> Result<UpstreamConfig, Failure> {
        let kind = if name == DEV {
            UpstreamKind::Dev(self.people()?)
        } else {
            UpstreamKind::Provider(Box::new(self.provider(name)?))
        };
        let entry = self.entries.get(name);
        let read = |key| entry.map_or(Ok(None), |entry| entry.read(key, value::boolean));
        let deadline =
            |value: &Value| value::duration(value, Duration::from_secs(1), LONGEST_DEADLINE);
        Ok(UpstreamConfig {
            name: name.into(),
            kind,
            allow: match entry {
                Some(entry) => entry.read("allow", allow)?.unwrap_or_default(),
                None => Vec::new(),
            },
            deadline: match entry {
                Some(entry) => entry.read("deadline", deadline)?.unwrap_or(DEADLINE),
                None => DEADLINE,
            },
            hand_out_tokens: read("hand_out_tokens")?.unwrap_or(false),
        })
    }

    /// Whoever comes picks who they are, so nobody may come but who has this machine.
    fn people(&self) -> Result<Vec<Person>, Failure> {
        if !self.place.is_loopback() {
            let message = "dev lets anybody sign in as anybody, so it is for loopback alone; take a provider, or leave out --public-url and listen on 127.0.0.1";
            return Err(self.sources.error(&settings::UPSTREAM, message).into());
        }
        let people = match self.entries.get(DEV) {
            Some(entry) => entry
                .list("users")?
                .iter()
                .map(person)
                .collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let mut subjects: Vec<&str> = people.iter().map(|it| it.subject.as_str()).collect();
        subjects.sort_unstable();
        if let Some([twice, _]) = subjects.array_windows().find(|[a, b]| a == b) {
            let message = format!("two people have the subject {twice:?}; give each their own");
            return Err(self
                .entries
                .get(DEV)
                .map_or_else(
                    || self.sources.error(&settings::UPSTREAM, &message),
                    |entry| entry.error("users", &message),
                )
                .into());
        }
        if people.is_empty() {
            return Ok(["Ada", "Grace"].map(somebody).into());
        }
        Ok(people)
    }

    fn provider(&self, name: &str) -> Result<ProviderProfile, Failure> {
        let found = match self.entries.get(name) {
            Some(entry) => {
                let known = |base: &str| self.known(base);
                Some(profile::read(name, entry, self.sources.environment, known)?)
            }
            None => self.known(name)?,
        };
        let profile = found.ok_or_else(|| self.unknown(name))?;
        if let Some(lack) = profile::lack(&profile) {
            let message = format!("the provider {name} cannot be an upstream: {lack}");
            return Err(self.sources.error(&settings::UPSTREAM, &message).into());
        }
        if profile.client_id().is_err() {
            return Err(self.no_client_id(&profile));
        }
        Ok(profile)
    }

    /// What a name stands for without an entry of its own.
    fn known(&self, name: &str) -> Result<Option<ProviderProfile>, ConfigError> {
        self.config()?.provider(name, self.sources.environment)
    }

    fn config(&self) -> Result<&Config, ConfigError> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let environment = self.sources.environment;
        let directories =
            Directories::from_environment(environment, super::super::super::APPLICATION);
        let path = match (directories, self.sources.document) {
            (Ok(directories), _) => directories.config_file,
            // A service need not have a home.
            (Err(DirectoriesError::NoHome), Some(document)) => {
                document.path().with_file_name(CONFIG_FILE)
            }
            (Err(error), _) => {
                return Err(self.sources.error(&settings::UPSTREAM, &error.to_string()));
            }
        };
        let config = Config::read(&path, environment)?;
        Ok(self.config.get_or_init(|| config))
    }

    fn unknown(&self, name: &str) -> ConfigError {
        let known = self.config.get().map(Config::provider_names);
        let names = known.into_iter().flatten();
        let names = names.chain(self.entries.keys().map(ToString::to_string));
        let suggestion = nearest(name, names.chain([DEV.into()]));
        let suggestion = suggestion.map(|near| format!("; did you mean {near:?}?"));
        let message = match (name, suggestion) {
            (ENVIRONMENT_PROVIDER, _) => "the environment defines no provider; set OARLOCK_OAUTH_AUTH_ENDPOINT, OARLOCK_OAUTH_TOKEN_ENDPOINT, OARLOCK_OAUTH_USERINFO_ENDPOINT, OARLOCK_OAUTH_CLIENT_ID and OARLOCK_OAUTH_CLIENT_SECRET".into(),
            (_, suggestion) => format!(
                "there is no provider {name:?}{}; `oarlock provider list` shows them, and [upstreams.{name}] with an issuer makes one",
                suggestion.unwrap_or_default()
            ),
        };
        self.sources.error(&settings::UPSTREAM, &message)
    }

    fn no_client_id(&self, profile: &ProviderProfile) -> Failure {
        let name = &profile.name;
        let page = match &profile.registration_page {
            Some(page) => format!(" at {page}"),
            None => " there".into(),
        };
        let suffix = variable_suffix(name);
        let hint = format!(
            "Register an application{page}, with the redirect URI {}\nThen put its client id into server.toml:\n  [upstreams.{name}]\n  client_id = \"…\"\n  client_secret_file = \"/etc/oarlock/{name}.secret\"\nor into the environment: OARLOCK_CLIENT_ID_{suffix}, OARLOCK_CLIENT_SECRET_{suffix}\n(a provider of the environment's own, `env`, has them in OARLOCK_OAUTH_CLIENT_ID and OARLOCK_OAUTH_CLIENT_SECRET)",
            self.place.redirect_uri()
        );
        let message = format!("the provider {name} has no client id for this server");
        let error = self.sources.error(&settings::UPSTREAM, &message);
        Failure::from(error).with_hint(hint)
    }
}

/// Whom the configuration lets in.
fn allow(value: &Value) -> Result<Vec<String>, String> {
    let words = value::list(value)?;
    for word in &words {
        AllowRule::parse(word).map_err(|error| error.to_string())?;
    }
    // A list that was meant to shut out must not let everybody in.
    if words.is_empty() {
        return Err(
            "this lets everybody in; leave it out, or name somebody: \"*@example.com\"".into(),
        );
    }
    Ok(words)
}

fn person(entry: &Entry<'_>) -> Result<Person, ConfigError> {
    let keys: Vec<&str> = DEV_USER_KEYS.iter().map(|(key, _)| *key).collect();
    entry.check_keys(&keys)?;
    let text = |key| {
        let text = entry.read(key, value::text)?;
        Ok::<_, ConfigError>(text.filter(|text| !text.is_empty()))
    };
    let subject = text("subject")?
        .ok_or_else(|| entry.error("subject", "this is missing; write such as \"ada\""))?;
    let email = text("email")?;
    Ok(Person {
        provider: DEV.into(),
        subject,
        profile: Profile {
            name: text("name")?.map(Untrusted::new),
            username: text("username")?.map(Untrusted::new),
            email_verified: email.is_some(),
            email: email.map(Untrusted::new),
        },
    })
}

/// Somebody made up.
fn somebody(name: &str) -> Person {
    let subject = name.to_lowercase();
    Person {
        provider: DEV.into(),
        profile: Profile {
            name: Some(Untrusted::new(format!("{name} Example"))),
            username: Some(Untrusted::new(subject.clone())),
            email: Some(Untrusted::new(format!("{subject}@example.com"))),
            email_verified: true,
        },
        subject,
    }
}
