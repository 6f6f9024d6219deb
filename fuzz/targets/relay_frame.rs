#![no_main]
//! What a relay says to our client: a frame or an error, and the same when written and read again.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{assert_hidden, assert_inert};
use oarlock_oauth::relay::{MAX_LINE, RelayFrame};

fuzz_target!(|line: &[u8]| {
    let frame = match RelayFrame::parse(line) {
        Ok(frame) => frame,
        Err(error) => return assert_inert(&error.to_string()),
    };
    let shown = format!("{frame:?}");
    match &frame {
        RelayFrame::Deliver(deliver) => {
            assert!(deliver.code.is_some() || deliver.parameters.is_some());
            let names = deliver
                .parameters
                .iter()
                .flat_map(|parameters| parameters.0.keys());
            if let Some(code) = &deliver.code
                && !names.into_iter().any(|name| name.contains(code.expose()))
            {
                assert_hidden(code.expose(), &shown);
            }
            assert_inert(&shown);
        }
        RelayFrame::Error { description, .. } => assert_inert(&description.to_string()),
        _ => {}
    }
    let again = read_again(&frame);
    // What people see of an ERROR is cut and made inert once.
    if !matches!(frame, RelayFrame::Error { .. }) {
        assert!(
            again.as_ref().is_none_or(|again| *again == frame),
            "reading what was written gives something else"
        );
    }
    if let Some(again) = again {
        assert!(read_again(&again) == Some(again));
    }
});

/// Numbers can become longer when they are written; what is no line any more is not compared.
fn read_again(frame: &RelayFrame) -> Option<RelayFrame> {
    let written = frame.to_line();
    let (end, written) = written.split_last().expect("a line has an end");
    assert!(*end == b'\n' && !written.contains(&b'\n'));
    (written.len() < MAX_LINE)
        .then(|| RelayFrame::parse(written).expect("what is written is a frame"))
}
