//! The templates.

use askama::Template;
use oarlock_oauth::text::Untrusted;

use super::{
    Asker, CodeToPaste, Consent, Dev, Device, Leave, Page, Sessions, SignIn, Standing,
    leave::destination, words::Words,
};
use crate::page::Tone;

#[derive(Template)]
#[template(path = "broker/sign_in.html")]
struct SignInTemplate<'a> {
    page: &'a SignIn<'a>,
    asker: &'a Asker,
}

#[derive(Template)]
#[template(path = "broker/consent.html")]
struct ConsentTemplate<'a> {
    page: &'a Consent<'a>,
    asker: &'a Asker,
}

#[derive(Template)]
#[template(path = "broker/device.html")]
struct DeviceTemplate<'a> {
    page: &'a Device<'a>,
}

#[derive(Template)]
#[template(path = "broker/dev.html")]
struct DevTemplate<'a> {
    page: &'a Dev<'a>,
}

#[derive(Template)]
#[template(path = "broker/code.html")]
struct CodeTemplate<'a> {
    page: &'a CodeToPaste<'a>,
}

#[derive(Template)]
#[template(path = "broker/sessions.html")]
struct SessionsTemplate<'a> {
    page: &'a Sessions<'a>,
}

#[derive(Template)]
#[template(path = "broker/leave.html")]
struct LeaveTemplate<'a> {
    page: &'a Leave<'a>,
    destination: Untrusted,
}

#[derive(Template)]
#[template(path = "broker/notice.html")]
struct NoticeTemplate {
    words: Words,
}

impl Page<'_> {
    /// As HTML.
    pub(super) fn draw(&self) -> askama::Result<String> {
        match self {
            Page::SignIn(page) => SignInTemplate {
                page,
                asker: &page.asker,
            }
            .render(),
            Page::Consent(page) => ConsentTemplate {
                page,
                asker: &page.asker,
            }
            .render(),
            Page::Device(page) => DeviceTemplate { page }.render(),
            Page::Dev(page) => DevTemplate { page }.render(),
            Page::Code(page) => CodeTemplate { page }.render(),
            Page::Sessions(page) => SessionsTemplate { page }.render(),
            Page::Leave(page) => LeaveTemplate {
                page,
                destination: destination(page.to),
            }
            .render(),
            Page::Notice(notice) => NoticeTemplate {
                words: notice.words(),
            }
            .render(),
        }
    }
}
