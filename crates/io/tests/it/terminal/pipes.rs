//! Input and output that are no terminal.

use super::{long_text, report};
use crate::child;
use oarlock_io::{Environment, terminal};
use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    process::Stdio,
    time::Duration,
};

/// What a child says that reads `input` from a pipe.
fn piped(input: &[u8]) -> String {
    let mut command = child::command("read pasted", &[]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_pipe_gives_its_first_line() {
    let text = long_text(60 * 1024);
    assert!(piped(format!("\n  \r\n{text}\nsecond\n").as_bytes()).contains("whole text of 61440"));
    assert!(piped(b"no line break").contains("text of 13"));
    assert!(piped(b"").contains("error UnexpectedEof"));
    assert!(piped(b"\n\n").contains("error UnexpectedEof"));
    assert!(piped(&[b'x'; 64 * 1024]).contains("text of 65536"));
    assert!(piped(&[b'x'; 64 * 1024 + 1]).contains("error InvalidData"));
}

#[test]
fn a_pipe_that_stays_open_does_not_keep_the_process() {
    let mut command = child::command("read pasted", &[("GIVE_UP_AFTER", "0".as_ref())]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let open = child.stdin.take().unwrap();
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(said.contains("gave up"), "{said}");
    assert!(child.wait().unwrap().success());
    drop(open);
}

/// The child of [`a_line_that_comes_late_is_not_lost`].
pub(crate) fn read_twice() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let first = tokio::time::timeout(Duration::from_millis(50), terminal::read_pasted()).await;
        assert!(first.is_err());
        println!("gave up once");
        report(terminal::read_pasted().await);
        report(terminal::read_pasted().await);
    });
}

#[test]
fn a_line_that_comes_late_is_not_lost() {
    let mut command = child::command("read twice", &[]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut said = String::new();
    let mut buffer = [0; 1024];
    while !said.contains("gave up once") {
        let count = output.read(&mut buffer).unwrap();
        assert!(count > 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"one\ntwo\n")
        .unwrap();
    output.read_to_string(&mut said).unwrap();
    assert!(
        said.contains("text of 3: eno") && said.contains("text of 3: owt"),
        "{said}"
    );
    child.wait().unwrap();
}

/// The child of the tests of output: more than a pipe holds.
pub(crate) fn print_much() {
    // The test program has said its own words by then.
    println!("ready");
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
    if let Some(path) = Environment::capture().get("STDOUT") {
        let file = File::options().write(true).open(path).unwrap();
        rustix::stdio::dup2_stdout(file).unwrap();
    }
    let written = terminal::output(&"x".repeat(1 << 20));
    let all = terminal::output_bytes(b"more");
    terminal::notice(&format!(
        "output {:?}",
        written.map_err(|error| error.kind())
    ));
    terminal::notice(&format!("more {:?}", all.map_err(|error| error.kind())));
}

#[test]
fn output_that_nobody_reads_is_no_error_and_a_full_disk_is() {
    let said = |arguments: &[_]| {
        let mut command = child::command("print much", arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("ready")));
        // Closes the reading end, and then lets the child go on.
        drop(lines);
        drop(child.stdin.take());
        String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap()
    };
    let closed = said(&[]);
    assert!(
        closed.contains("output Ok(())") && closed.contains("more Ok(false)"),
        "{closed}"
    );
    let full = said(&[("STDOUT", "/dev/full".as_ref())]);
    assert!(full.contains("output Err(StorageFull)"), "{full}");
    let null = said(&[("STDOUT", "/dev/null".as_ref())]);
    assert!(
        null.contains("output Ok(())") && null.contains("more Ok(true)"),
        "{null}"
    );
}

#[test]
fn notices_that_nobody_reads_are_no_error() {
    let mut command = child::command("print much", &[]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
}
