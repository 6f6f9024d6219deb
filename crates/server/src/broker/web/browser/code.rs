//! `/code`: shows a code to be pasted, where no program on this computer can take it.

use axum::response::{IntoResponse, Response};
use oarlock_oauth::parameters::Parameters;

use super::{Answered, Stop, show, visit::Visit};
use crate::broker::pages::{CodeToPaste, Notice, Page};

/// Longest code, and longest state, that is shown.
const LONGEST: usize = 512;

pub(super) async fn get(visit: Visit) -> Response {
    page(&visit).into_response()
}

fn page(visit: &Visit) -> Answered {
    let answer = Parameters::parse(visit.query())
        .map_err(|_| Stop::Notice(Notice::BadRequest("the address cannot be read")))?;
    if answer.get("error").is_some() {
        return Ok(show(&Page::Notice(Notice::Denied)));
    }
    let (Some(code), Some(state)) = (answer.get("code"), answer.get("state")) else {
        return Err(Notice::Expired.into());
    };
    // Nothing but what this server, and programs that make good states, send here.
    let is_plain = |text: &str| {
        text.len() <= LONGEST
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    if !is_plain(code) || !is_plain(state) {
        return Err(Notice::BadRequest("the code cannot be shown").into());
    }
    let code = zeroize::Zeroizing::new(format!("{code}#{state}"));
    Ok(show(&Page::Code(CodeToPaste { code: &code })))
}
