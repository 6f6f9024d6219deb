#![no_main]
//! Device authorization responses, and the interval that a `slow_down` names.

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{answer, assert_hidden, assert_inert, profile};
use oarlock_oauth::device::{DevicePoll, DeviceStep, PollAnswer, interval_in, response};
use oarlock_oauth::token;

fuzz_target!(|data: &[u8]| {
    let Some(answer) = answer(data) else { return };
    let interval = interval_in(answer.body());
    let authorization = match response(&profile(), &answer) {
        Ok(authorization) => authorization,
        Err(error) => return assert_inert(&error.to_string()),
    };
    assert_hidden(
        authorization.device_code.expose(),
        // Not of the whole: its other fields are the server's words, and may repeat the code.
        &format!("{:?}", authorization.device_code),
    );
    assert_inert(&authorization.user_code.to_string());
    assert!(
        authorization.interval >= Duration::from_secs(1),
        "polling without a pause"
    );

    // However often and whatever the server answers, polling never becomes faster, and ends.
    let mut poll = DevicePoll::new(&authorization);
    for _ in 0..64 {
        let (at, pause) = (poll.next_poll(), poll.next_poll());
        let result = token::response(&profile(), &answer, oarlock_fuzz::now());
        match poll.answer(at, PollAnswer::Answered { result, interval }) {
            Ok(DeviceStep::Wait(next)) => {
                assert!(next.next_poll() > pause, "time stands still");
                poll = next;
            }
            Ok(DeviceStep::Done(_)) => return,
            Err(error) => return assert_inert(&error.to_string()),
        }
    }
});
