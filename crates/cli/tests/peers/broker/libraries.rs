//! OAuth libraries of other people, in programs of a few lines: `peers/broker-clients/README.md` says what each does.

use super::Broker;
use crate::{
    call::{Call, Finished},
    provider::peers,
    relay_python::repository,
    sandbox::{Sandbox, fake_browser},
};

const RESOURCE: &str = "https://api.example.com/";

/// A broker with clients of its configuration, at which programs can register themselves, and what its programs are told.
struct Scene {
    broker: Broker,
    algorithm: &'static str,
    secret: String,
}

impl Scene {
    fn new(algorithm: &'static str) -> Self {
        let made = Sandbox::new()
            .run(["serve", "--new-client-secret", "backend"])
            .ended_with(0);
        let (_, table) = made.stderr.split_once("\n\n").unwrap();
        let redirect = "redirect_uris = [\"http://127.0.0.1/callback\"]";
        let grants = "grant_types = [\"authorization_code\", \"refresh_token\", \"urn:ietf:params:oauth:grant-type:device_code\"]";
        let broker = Broker::of_made_up_people(&format!(
            "resources = [\"{RESOURCE}\"]\n\
             [registration]\npolicy = \"open\"\n\
             [keys]\nalgorithm = \"{algorithm}\"\n\
             [lifetimes]\ndevice_interval = 1\n\
             [clients.mytool]\n{redirect}\n{grants}\n{}\n{redirect}\n",
            table.trim_end()
        ));
        Self {
            broker,
            algorithm,
            secret: made.stdout.trim().to_owned(),
        }
    }

    fn run(&self, mut program: Call) -> Finished {
        for (name, value) in [
            ("BROKER", self.broker.url().as_str()),
            ("ALGORITHM", self.algorithm),
            ("BACKEND_SECRET", &self.secret),
            ("RESOURCE", RESOURCE),
            ("BROWSER", &fake_browser("--user ada")),
            ("OARLOCK_PEERS", peers().to_str().unwrap()),
        ] {
            program.environment(name, value);
        }
        let finished = program.run().ended_with(0);
        finished.keeps_secret(&self.secret);
        finished
    }

    /// The whole of what openid-client does.
    fn is_used_by_openid_client(&self) {
        let script = repository("peers/broker-clients/openid_client.test.mjs");
        let mut node = Call::new(&peers().join("bin/node"));
        node.arguments(["--test", "--test-reporter=tap", &script]);
        let finished = self.run(node);
        assert!(finished.stdout.contains("# pass 15\n"), "{finished:?}");
    }

    /// The same of Authlib.
    fn is_used_by_authlib(&self) {
        let mut python = python();
        python.arguments([repository("peers/broker-clients/authlib_client.py").as_str()]);
        let finished = self.run(python);
        assert!(finished.stderr.contains("Ran 4 tests"), "{finished:?}");
    }
}

/// The interpreter that has the packages of `peers/broker-clients/requirements.txt`.
pub(super) fn python() -> Call {
    let python = peers().join("broker-clients/python/bin/python");
    assert!(
        python.exists(),
        "{} is missing; run: cargo xtask setup",
        python.display()
    );
    let mut call = Call::new(&python);
    call.environment("PYTHONDONTWRITEBYTECODE", "1");
    call
}

#[test]
fn openid_client_logs_in_by_every_way_and_finds_everything_as_the_standards_say() {
    Scene::new("ES256").is_used_by_openid_client();
}

#[test]
fn openid_client_does_so_with_eddsa() {
    Scene::new("EdDSA").is_used_by_openid_client();
}

#[test]
fn authlib_logs_in_renews_asks_and_revokes() {
    for algorithm in ["ES256", "EdDSA"] {
        Scene::new(algorithm).is_used_by_authlib();
    }
}
