use std::{collections::VecDeque, io, sync::Mutex};

use super::*;
use crate::{
    interaction::PasteFuture,
    login::{
        callback::tests::{authorization, good},
        desk::DeskOutput,
    },
};

/// Pastes what it was given, then says that there is no more.
struct Script {
    pastes: Mutex<VecDeque<io::Result<String>>>,
    refused: Mutex<Vec<String>>,
    warned: Mutex<Vec<String>>,
    terminal: bool,
}

impl Script {
    fn new(pastes: impl IntoIterator<Item = String>) -> Self {
        Self {
            pastes: Mutex::new(pastes.into_iter().map(Ok).collect()),
            refused: Mutex::default(),
            warned: Mutex::default(),
            terminal: true,
        }
    }

    fn refused(&self) -> usize {
        self.refused.lock().unwrap().len()
    }
}

impl Interaction for Script {
    fn notify(&self, event: &Event<'_>) {
        match event {
            Event::PasteRefused { reason } => {
                self.refused.lock().unwrap().push((*reason).to_owned())
            }
            Event::Warning { message } => self.warned.lock().unwrap().push((*message).to_owned()),
            other => panic!("unexpected: {other:?}"),
        }
    }

    fn paste(&self) -> PasteFuture<'_> {
        let next = self.pastes.lock().unwrap().pop_front();
        Box::pin(async { next.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into())) })
    }

    fn can_paste(&self) -> bool {
        self.terminal
    }
}

fn desk() -> (Desk, DeskOutput) {
    Desk::new(authorization(1), "Example")
}

fn address() -> String {
    format!(
        "http://127.0.0.1:50123/callback?{}",
        good(&authorization(1))
    )
}

#[tokio::test]
async fn a_pasted_address_is_the_answer() {
    let (desk, output) = desk();
    let script = Script::new([address()]);
    assert_eq!(read(&script, &desk).await.unwrap(), Reading::HandedIn);
    assert_eq!(output.answer.await.unwrap().unwrap().code.expose(), "abc");
}

#[tokio::test]
async fn a_refused_paste_can_be_tried_again() {
    let (desk, output) = desk();
    let foreign = format!(
        "http://127.0.0.1:50123/callback?{}",
        good(&authorization(2))
    );
    let script = Script::new([foreign, authorization(1).url().to_string(), address()]);
    assert_eq!(read(&script, &desk).await.unwrap(), Reading::HandedIn);
    assert_eq!(script.refused(), 2);
    output.answer.await.unwrap().unwrap();
}

#[tokio::test]
async fn pressing_enter_on_nothing_is_no_try() {
    let (desk, _output) = desk();
    let script = Script::new(std::iter::repeat_n(String::new(), 20).chain([address()]));
    assert_eq!(read(&script, &desk).await.unwrap(), Reading::HandedIn);
    assert_eq!(script.refused(), 0);
}

#[tokio::test]
async fn an_input_that_is_forever_empty_ends() {
    let (desk, _output) = desk();
    let script = Script::new(std::iter::repeat_n(String::new(), 10_000));
    assert_eq!(
        read(&script, &desk).await.unwrap(),
        Reading::GaveUp(PastedError::Empty)
    );
}

#[tokio::test]
async fn five_refused_pastes_are_enough() {
    let (desk, mut output) = desk();
    let wrong = || {
        format!(
            "http://127.0.0.1:50123/callback?{}",
            good(&authorization(2))
        )
    };
    let script = Script::new(std::iter::repeat_with(wrong).take(10));
    assert!(matches!(
        read(&script, &desk).await.unwrap(),
        Reading::GaveUp(PastedError::Refused(_))
    ));
    assert_eq!(
        script.refused(),
        TRIES - 1,
        "the last refusal is the result"
    );
    assert!(output.answer.try_recv().is_err());
}

#[tokio::test]
async fn what_no_terminal_gives_is_read_once() {
    let (desk, _output) = desk();
    let wrong = format!(
        "http://127.0.0.1:50123/callback?{}",
        good(&authorization(2))
    );
    let script = Script {
        terminal: false,
        ..Script::new([wrong, address()])
    };
    assert!(matches!(
        read(&script, &desk).await.unwrap(),
        Reading::GaveUp(_)
    ));
    assert_eq!(script.refused(), 0);
}

#[tokio::test]
async fn beside_a_listener_pasting_may_lead_nowhere() {
    let (desk, _output) = desk();
    beside(&Script::new([]), &desk).await.unwrap();
    let script = Script::new(std::iter::repeat_with(|| "?code=x&state=wrong".to_owned()).take(10));
    beside(&script, &desk).await.unwrap();
    assert_eq!(script.warned.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn ctrl_c_cancels() {
    let (desk, _output) = desk();
    let script = Script::new([]);
    script
        .pastes
        .lock()
        .unwrap()
        .push_back(Err(io::ErrorKind::Interrupted.into()));
    assert!(matches!(read(&script, &desk).await, Err(Error::Cancelled)));
}

#[tokio::test]
async fn hostile_12_a_pasted_answer_of_another_issuer_is_refused_for_good() {
    let (desk, output) = desk();
    let script = Script::new([
        address().replace("op.example.com", "evil.example"),
        address(),
    ]);
    assert_eq!(read(&script, &desk).await.unwrap(), Reading::HandedIn);
    assert_eq!(
        output.answer.await.unwrap().unwrap_err(),
        AuthorizationError::WrongIssuer
    );
}

#[tokio::test]
async fn a_pasted_refusal_ends_the_login() {
    let (desk, output) = desk();
    let denied = format!(
        "http://127.0.0.1:50123/callback?error=access_denied&state={}&iss=https%3A%2F%2Fop.example.com",
        authorization(1).state().expose()
    );
    assert_eq!(
        read(&Script::new([denied]), &desk).await.unwrap(),
        Reading::HandedIn
    );
    assert!(matches!(
        output.answer.await.unwrap(),
        Err(AuthorizationError::Refused(_))
    ));
}

#[tokio::test]
async fn hostile_21_an_attackers_answer_cannot_be_pasted() {
    let (desk, mut output) = desk();
    let attackers = format!(
        "http://127.0.0.1:50123/callback?{}",
        good(&authorization(2))
    );
    let script = Script::new([attackers]);
    assert_eq!(read(&script, &desk).await.unwrap(), Reading::Ended);
    assert!(script.refused.lock().unwrap()[0].contains("another login"));
    assert!(output.answer.try_recv().is_err());
}
