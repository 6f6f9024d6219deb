//! The ways to come to a redirect URI.
use super::Callback;
use crate::plain;
use http::{Method, Request, Response, header};
use std::io;
use url::Url;

/// What the redirect URI answered.
pub(crate) struct Delivered {
    /// To the proper request; `None` when it was not read.
    pub(crate) response: Option<Response<Vec<u8>>>,
    /// Statuses of the wrong ones; 0 where the connection was closed.
    pub(crate) wrong: Vec<u16>,
}

/// A request that is not quite the browser's.
struct Odd {
    method: Method,
    url: Url,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
}

pub(crate) async fn deliver(redirect: &Url, callback: Callback) -> io::Result<Delivered> {
    let mut wrong = Vec::new();
    if callback == Callback::DropEarly {
        plain::send_and_leave(proper(redirect)?).await?;
        return Ok(Delivered {
            response: None,
            wrong,
        });
    }
    for odd in before(redirect, callback) {
        wrong.push(odd.status().await);
    }
    let response = plain::send(proper(redirect)?).await?;
    if callback == Callback::Twice {
        wrong.push(Odd::get(redirect.clone()).status().await);
    }
    Ok(Delivered {
        response: Some(response),
        wrong,
    })
}

fn proper(redirect: &Url) -> io::Result<Request<Vec<u8>>> {
    Request::builder()
        .uri(redirect.as_str())
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-site", "cross-site")
        .body(Vec::new())
        .map_err(io::Error::other)
}

fn before(redirect: &Url, callback: Callback) -> Vec<Odd> {
    let get = || Odd::get(redirect.clone());
    match callback {
        Callback::Deliver | Callback::Twice | Callback::DropEarly => Vec::new(),
        Callback::HeadFirst => vec![Odd {
            method: Method::HEAD,
            ..get()
        }],
        Callback::PrefetchFirst => {
            let headers = vec![
                ("sec-purpose", "prefetch;prerender"),
                ("purpose", "prefetch"),
            ];
            vec![Odd { headers, ..get() }]
        }
        Callback::WrongStateFirst => {
            let (mut other, mut none) = (redirect.clone(), redirect.clone());
            set_state(&mut other, Some("a-guess"));
            set_state(&mut none, None);
            vec![Odd::get(other), Odd::get(none)]
        }
        Callback::WrongHost => vec![Odd {
            headers: vec![("host", "evil.example")],
            ..get()
        }],
        Callback::ForeignOrigin => vec![
            Odd {
                headers: vec![("origin", "https://evil.example")],
                ..get()
            },
            Odd {
                headers: vec![("origin", "null")],
                ..get()
            },
        ],
        Callback::ForeignPost => vec![Odd {
            method: Method::POST,
            headers: vec![
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "cross-site"),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            body: "code=guessed&state=guessed",
            ..get()
        }],
        Callback::StrayFirst => {
            let (mut bare, mut icon) = (redirect.clone(), redirect.clone());
            bare.set_query(None);
            icon.set_query(None);
            icon.set_path("/favicon.ico");
            vec![Odd::get(bare), Odd::get(icon)]
        }
    }
}

/// Rewrites or drops `state` and leaves the rest.
fn set_state(url: &mut Url, state: Option<&str>) {
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "state")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut query = url.query_pairs_mut();
    query.clear().extend_pairs(pairs);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
}

impl Odd {
    fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: "",
        }
    }

    /// Its answer; 0 when there is none.
    async fn status(self) -> u16 {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.url.as_str());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(self.body.as_bytes().to_vec()) else {
            return 0;
        };
        plain::send(request)
            .await
            .map_or(0, |response| response.status().as_u16())
    }
}
