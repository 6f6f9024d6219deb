//! The examples for authors, unmodified: a command-line tool in Rust with our library, one in Python with Authlib.

use super::{Broker, libraries::python};
use crate::{
    call::{Call, Finished},
    relay_python::repository,
    sandbox::{Sandbox, fake_browser},
};

/// The Python example; its person is told so.
fn python_example(broker: &Broker, person: &str) -> Finished {
    let mut call = python();
    call.arguments([
        repository("clients/python/examples/mytool.py").as_str(),
        &broker.url(),
    ]);
    // Python puts the address where %s is.
    let browser = format!("{} %s", fake_browser(person));
    call.environment("BROWSER", &browser);
    call.run()
}

#[test]
fn the_python_example_logs_its_person_in() {
    let broker = Broker::of_made_up_people("");
    let done = python_example(&broker, "--user grace").ended_with(0);
    assert!(
        done.stdout.contains(r#""email":"grace@example.com""#),
        "{done:?}"
    );
    let denied = python_example(&broker, "--deny").ended_with(1);
    assert!(
        denied.stderr.contains("Not logged in: access_denied"),
        "{denied:?}"
    );
    assert_eq!(broker.sessions_of_programs().len(), 1);
}

#[test]
fn the_rust_example_logs_its_person_in_once() {
    let broker = Broker::of_made_up_people("");
    let home = Sandbox::new();
    let mytool = || {
        let program = oarlock_testkit::program("examples/mytool")
            .expect("build it first: cargo build -p oarlock --example mytool");
        let mut call = Call::new(&program);
        call.arguments([broker.url().as_str(), &broker.at("/userinfo")]);
        call.environment("OARLOCK_HOME", home.home().to_str().unwrap());
        call.environment("BROWSER", &fake_browser("--user ada"));
        call.run().ended_with(0)
    };
    for _ in 0..2 {
        assert_eq!(mytool().json()["email"], "ada@example.com");
    }
    assert_eq!(broker.sessions_of_programs().len(), 1, "it stays logged in");
}
