//! `oarlock request`: curl with the token, and only where the token may go.

use std::{
    io::{IsTerminal as _, Read},
    process::ExitCode,
};

use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{self, AUTHORIZATION},
};
use oarlock::{ErrorKind, TokenQuery, request::Response};
use oarlock_io::http_client;

use crate::{arguments::RequestArguments, failure, failure::Failure, output, runtime};

pub(super) fn run(arguments: RequestArguments) -> Result<ExitCode, Failure> {
    let client = super::client()?;
    let include = arguments.include;
    let request = build(&arguments)?;
    let mut query = TokenQuery::default();
    query.provider = arguments.selection.provider;
    query.account = arguments.selection.account;
    runtime::block_on(&client, async {
        let response = client.send(query, request).await?;
        print(response, include).await
    })
}

fn build(arguments: &RequestArguments) -> Result<http::Request<Vec<u8>>, Failure> {
    let body = body(arguments.data.as_deref())?;
    let default = if arguments.data.is_some() {
        Method::POST
    } else {
        Method::GET
    };
    let method = match &arguments.method {
        Some(name) => Method::from_bytes(name.as_bytes())
            .map_err(|_| Failure::usage(format!("{name:?} is not a method")))?,
        None => default,
    };
    let url =
        oarlock::oauth::endpoint::Endpoint::parse(&arguments.url).map_err(oarlock::Error::from)?;
    let mut request = http::Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = url
        .url()
        .as_str()
        .parse()
        .map_err(|_| Failure::usage("the address cannot be used for a request"))?;
    for line in &arguments.header {
        let (name, value) = header(line)?;
        request.headers_mut().append(name, value);
    }
    if arguments.data.is_some() && !request.headers().contains_key(header::CONTENT_TYPE) {
        let json = serde_json::from_slice::<serde_json::Value>(request.body()).is_ok();
        let guess = if json {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(guess));
    }
    Ok(request)
}

fn header(line: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let wrong = || Failure::usage("a header is written `Name: value`, without line breaks");
    let (name, value) = line.split_once(':').ok_or_else(wrong)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
    if name == AUTHORIZATION {
        return Err(Failure::usage(
            "the Authorization header is oarlock's to set; choose the credential with -p and -a",
        ));
    }
    if http_client::CONNECTION_HEADERS.contains(&name) {
        return Err(Failure::usage(format!(
            "the header {name} belongs to the connection, and oarlock sets it; leave it out"
        )));
    }
    Ok((
        name,
        HeaderValue::from_str(value.trim()).map_err(|_| wrong())?,
    ))
}

fn body(data: Option<&str>) -> Result<Vec<u8>, Failure> {
    match data {
        None => Ok(Vec::new()),
        Some("@-") => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        Some(text) => match text.strip_prefix('@') {
            Some(file) => std::fs::read(file)
                .map_err(|error| Failure::usage(format!("cannot read {file:?}: {error}"))),
            None => Ok(text.as_bytes().to_vec()),
        },
    }
}

async fn print(response: Response, include: bool) -> Result<ExitCode, Failure> {
    let (parts, mut body) = response.into_parts();
    if include {
        let mut head = format!("{:?} {}\n", parts.version, parts.status);
        for (name, value) in &parts.headers {
            head.push_str(&format!(
                "{name}: {}\n",
                String::from_utf8_lossy(value.as_bytes())
            ));
        }
        head.push('\n');
        output::write(&head)?;
    }
    let mut last = None;
    while let Some(chunk) = body.next().await.map_err(oarlock::Error::from)? {
        if !output::bytes(&chunk)? {
            break;
        }
        last = chunk.last().copied().or(last);
    }
    if last.is_some_and(|byte| byte != b'\n') && std::io::stdout().is_terminal() {
        // What comes next would stand on the same line.
        output::line("")?;
    }
    Ok(verdict(parts.status, include))
}

/// What the status means for a script, said where the head of the answer is not shown.
fn verdict(status: StatusCode, include: bool) -> ExitCode {
    let failed = status.is_client_error() || status.is_server_error();
    if !include && failed {
        output::notice(&format!("HTTP {status}"));
    }
    if !include && status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        output::notice(&format!(
            "HTTP {status}: redirects are not followed, so that the token goes nowhere else; -i shows where it leads"
        ));
    }
    let passing = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        );
    match (failed, passing) {
        (false, _) => ExitCode::SUCCESS,
        (true, true) => ExitCode::from(failure::code(ErrorKind::Network)),
        (true, false) => ExitCode::FAILURE,
    }
}
