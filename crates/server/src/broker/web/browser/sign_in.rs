//! The sign-in page: who asks, from where, how long ago, the code to compare, and by which provider to sign in.

use std::{net::IpAddr, time::Duration};

use jiff::SignedDuration;
use oarlock_oauth::{
    Timestamp,
    authorization_server::{comparison, redirect_uri::RedirectUri},
    text::Untrusted,
};
use url::Url;

use super::{Answered, Stop, show, visit::Visit};
use crate::broker::{
    Broker,
    clients::{BUILT_IN, Client, ClientOrigin},
    pages::{Asker, Comparison, Form, Page, Place, SignIn, SignedIn, Standing},
    request::{Asked, LoginRequest},
    seal::Use,
    session::Session,
    web::address::is_same_place,
};

/// The page for a request that is sealed into it.
pub(super) async fn page(
    visit: &Visit,
    request: &LoginRequest,
    client: Option<&Client>,
) -> Answered {
    let parts = visit.broker.parts();
    let sealed = parts.seal.seal(Use::Request, request)?;
    let signed_in = visit.signed_in().await?;
    let signed_in = signed_in
        .filter(|(session, _)| may_continue(&visit.broker, request, session, visit.now))
        .map(|(_, user)| SignedIn {
            name: user.display_name(),
            user: user.id.to_string(),
        });
    let token = visit.form_token();
    Ok(show(&Page::SignIn(SignIn {
        asker: asker(&visit.broker, request, client, visit.from, visit.now),
        request: &sealed,
        choices: parts.upstreams.choices(),
        signed_in,
        form: Form { token: &token },
    })))
}

/// Whether somebody who is signed in already may go on as who they are.
pub(super) fn may_continue(
    broker: &Broker,
    request: &LoginRequest,
    session: &Session,
    now: Timestamp,
) -> bool {
    match &request.asked {
        Asked::Code(code) => {
            let is_fresh = code
                .max_age
                .is_none_or(|most| age(session.auth_time, now) < Duration::from_secs(most));
            is_fresh && !code.prompt.login
        }
        // A provider's token comes from signing in there alone.
        Asked::Pairing(_) => !broker.pairing_returns_tokens(),
        Asked::Device(_) => true,
        Asked::Sessions => false,
    }
}

/// Who asks, for pages.
pub(super) fn asker(
    broker: &Broker,
    request: &LoginRequest,
    client: Option<&Client>,
    browser: IpAddr,
    now: Timestamp,
) -> Asker {
    let place = place(broker, &request.asked);
    let (program, standing) = match (&request.asked, client) {
        (Asked::Sessions, _) => (None, Standing::Known),
        (Asked::Pairing(_), _) => (None, Standing::Unnamed),
        (_, Some(client)) => (Some(client.display_name()), standing(client, &place)),
        (_, None) => (
            request.asked.client_id().map(Untrusted::new),
            Standing::SelfNamed,
        ),
    };
    let resources = match &request.asked {
        Asked::Code(code) => code.resources.as_slice(),
        Asked::Device(device) => device.resources.as_slice(),
        Asked::Pairing(_) | Asked::Sessions => &[],
    };
    Asker {
        program,
        standing,
        site: client.and_then(site),
        place,
        from: request.from,
        is_from_here: is_same_place(request.from, browser),
        age: age(request.at, now),
        comparison: comparison(&request.asked),
        scopes: request.asked.scopes().iter().map(Untrusted::new).collect(),
        resources: resources.iter().map(Untrusted::new).collect(),
    }
}

/// Where a program is at home, as far as somebody answers for it: what a program says of itself could be anybody's address, while the
/// document of one that is named by its address was fetched from there.
fn site(client: &Client) -> Option<Untrusted> {
    match client.origin {
        ClientOrigin::BuiltIn | ClientOrigin::Configured { .. } => client
            .metadata
            .client_uri
            .as_ref()
            .map(|site| Untrusted::new(site.as_str())),
        ClientOrigin::Document => Some(Untrusted::new(client.id.as_str())),
        ClientOrigin::Registered => None,
    }
}

/// What is known of a name. That of a public client is anybody's to use, unless the answer goes where its program alone can take it.
fn standing(client: &Client, place: &Place) -> Standing {
    let is_anywhere = matches!(place, Place::CodePage | Place::Elsewhere);
    match client.standing() {
        Standing::Known if is_anywhere && !client.is_confidential() => Standing::Borrowed,
        known => known,
    }
}

fn comparison(asked: &Asked) -> Option<Comparison> {
    let (code, is_shown) = match asked {
        Asked::Code(code) => {
            let is_ours = code.client_id == BUILT_IN;
            (comparison::code(&code.code_challenge), is_ours)
        }
        Asked::Device(device) => (device.user_code.clone(), true),
        Asked::Pairing(digest) => (comparison::code(&digest.challenge()), false),
        Asked::Sessions => return None,
    };
    Some(Comparison { code, is_shown })
}

fn place(broker: &Broker, asked: &Asked) -> Place {
    let redirect_uri = match asked {
        Asked::Code(code) => &code.redirect_uri,
        Asked::Device(_) | Asked::Pairing(_) => return Place::Elsewhere,
        Asked::Sessions => return Place::Here,
    };
    if *redirect_uri == broker.code_page() {
        return Place::CodePage;
    }
    let is_loopback = RedirectUri::parse(redirect_uri).is_ok_and(|uri| uri.is_loopback());
    match Url::parse(redirect_uri) {
        _ if is_loopback => Place::ThisComputer,
        Ok(url) if url.scheme() == "https" => {
            Place::Site(url.host_str().unwrap_or_default().to_owned())
        }
        Ok(url) => Place::Application(url.scheme().to_owned()),
        Err(_) => Place::Elsewhere,
    }
}

/// How long ago; nothing for what a clock says is still to come.
pub(super) fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// A time that lies so far ahead.
pub(super) fn after(now: Timestamp, lasts: Duration) -> Result<Timestamp, Stop> {
    let lasts = SignedDuration::try_from(lasts).map_err(|error| Stop::Fault(error.to_string()))?;
    now.checked_add(lasts)
        .map_err(|error| Stop::Fault(error.to_string()))
}
