#![no_main]
//! What programs say to the relay: a frame, or an answer that says why not; and the same when written and read again.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{assert_hidden, assert_inert};
use oarlock_oauth::text::Untrusted;
use oarlock_oauth::relay::{
    Delivery, MAX_LINE, MAX_STATE, ProgramFrame, Protocol, Register, RelayFrame,
};

fuzz_target!(|line: &[u8]| {
    match ProgramFrame::parse(line) {
        Ok(frame) => {
            if let ProgramFrame::Register(register) = &frame {
                check(register);
            }
            let written = frame.to_line();
            assert!(written.len() <= MAX_LINE);
            let written = written.strip_suffix(b"\n").expect("a line has an end");
            assert!(!written.contains(&b'\n'));
            assert!(
                ProgramFrame::parse(written) == Ok(frame),
                "reading what was written gives something else"
            );
        }
        Err(error) => {
            assert_inert(&error.to_string());
            let answer = RelayFrame::Error {
                word: match Protocol::meant_by(line) {
                    Protocol::One => None,
                    Protocol::Two => Some(error.word()),
                },
                description: Untrusted::new(error.to_string()),
                retry_after: None,
            };
            let written = answer.to_line();
            let written = written.strip_suffix(b"\n").expect("a line has an end");
            assert_eq!(RelayFrame::parse(written), Ok(answer));
        }
    }
    if let Ok(register) = Register::from_body(line) {
        assert!(register.state.is_none() && register.token.is_none());
        check(&register);
    }
    if let Ok(delivery) = Delivery::from_body(line) {
        assert_eq!(Delivery::parse(delivery.as_str()), Some(delivery));
    }
});

fn check(register: &Register) {
    let shown = format!("{register:?}");
    if let Some(state) = &register.state {
        assert!(!state.expose().is_empty() && state.expose().len() <= MAX_STATE);
        assert!(!state.expose().contains(char::is_control));
        assert_hidden(state.expose(), &shown);
    }
    assert_eq!(
        register.secret.is_some(),
        register.protocol == Protocol::Two
    );
    if let Some(secret) = &register.secret {
        assert!((22..=256).contains(&secret.expose().len()));
        assert_hidden(secret.expose(), &shown);
    }
    if let Some(token) = &register.token {
        assert_hidden(token.expose(), &shown);
    }
    assert!(register.timeout.is_none_or(|timeout| !timeout.is_zero()));
}
