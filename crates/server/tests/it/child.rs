//! This program as a child of its tests: with another user, or with less of everything.

use std::{
    ffi::OsStr,
    process::{Command, Output},
};

use oarlock_io::Environment;

use crate::hostile;

const ROLE: &str = "OARLOCK_TEST_ROLE";
const TARGET: &str = "OARLOCK_TEST_TARGET";
const ANSWER: &str = "answer: ";

/// Not a test: the entry of the children. As a test of its own it only sees that it has no role.
#[test]
fn entry() {
    let environment = Environment::capture();
    let Some(role) = environment.get(ROLE) else {
        return;
    };
    match role {
        "be a stranger" => hostile::be_a_stranger(environment.get(TARGET).unwrap()),
        "serve with few descriptors" => hostile::serve_with_few_descriptors(),
        other => panic!("no role {other:?}"),
    }
}

/// Makes a command that starts this program start it in a role.
pub(crate) fn as_role(command: &mut Command, role: &str, target: &OsStr) {
    command
        .args(["--exact", "child::entry", "--nocapture"])
        .env(ROLE, role)
        .env(TARGET, target);
}

/// What a child says, in a line of its own.
pub(crate) fn answer(text: &str) {
    println!("{ANSWER}{text}");
}

/// What a child has said in a line; `None`: the line is the test harness's.
pub(crate) fn heard(line: &str) -> Option<&str> {
    line.split_once(ANSWER).map(|(_, answer)| answer.trim_end())
}

/// What a child said that has ended.
pub(crate) fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let said = text.lines().find_map(heard);
    said.unwrap_or_else(|| panic!("it said nothing: {output:?}"))
        .to_owned()
}
