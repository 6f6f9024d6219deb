//! `/dev`: anybody is whoever they pick, for trying things on loopback.

use axum::response::{IntoResponse, Response};
use oarlock_oauth::{parameters::Parameters, secret::State};

use super::{
    Answered, Stop, redirect_to, show,
    visit::{Form, Visit},
};
use crate::broker::pages::{self, Dev, Notice, Page};

pub(super) async fn get(visit: Visit) -> Response {
    page(&visit).into_response()
}

pub(super) async fn post(form: Form) -> Response {
    let Form { visit, fields } = &form;
    let state = State::new(fields.get("state").unwrap_or_default());
    let subject = fields.get("subject").unwrap_or_default();
    let answer = match visit.broker.parts().upstreams.dev_return(subject, &state) {
        Some(location) => redirect_to(location.as_str()),
        None => Err(Stop::from(Notice::Expired)),
    };
    answer.into_response()
}

fn page(visit: &Visit) -> Answered {
    let query = Parameters::parse(visit.query())
        .map_err(|_| Stop::Notice(Notice::BadRequest("the address cannot be read")))?;
    let people = visit.broker.parts().upstreams.dev_people();
    let (Some(people), Some(state)) = (people, query.get("state")) else {
        return Err(Notice::Expired.into());
    };
    let people = people
        .iter()
        .map(|person| (person.subject.clone(), person.display_name()))
        .collect();
    let token = visit.form_token();
    Ok(show(&Page::Dev(Dev {
        state,
        people,
        form: pages::Form { token: &token },
    })))
}
