//! The limit of open files, in a process of its own.

use crate::child;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A child of these tests.
pub(crate) fn raise_the_limit() {
    let maximum = getrlimit(Resource::Nofile)
        .maximum
        .map(|most| most.min(500));
    let few = Rlimit {
        current: Some(64),
        maximum,
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let raised = oarlock_io::open_files::raise().unwrap();
    assert_eq!(Some(raised), maximum);
    assert_eq!(getrlimit(Resource::Nofile).current, maximum);
    let files: Vec<_> = (0..100)
        .map(|_| std::fs::File::open("/dev/null").unwrap())
        .collect();
    drop(files);
    assert_eq!(oarlock_io::open_files::raise().unwrap(), raised);
    println!("raised");
}

#[test]
fn hostile_37_as_many_files_as_the_administrator_allows() {
    let output = child::command("raise the limit", &[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("raised"));
}
