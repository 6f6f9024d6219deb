//! A person with a browser at a broker: cookies, forms, and nothing else.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use url::{Url, form_urlencoded};

const PATIENCE: Duration = Duration::from_secs(30);
/// More pages than any login has.
const MOST_STEPS: usize = 20;

/// A browser of its own.
#[derive(Default)]
pub(crate) struct Person {
    cookies: Vec<(String, String)>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: String,
    pub(crate) body: String,
}

impl Person {
    /// Opens an address at a broker and does what its pages ask: signs in as `who`, and says yes. The last page is returned.
    pub(crate) fn sign_in(&mut self, address: &str, who: &str) -> Answer {
        let home = Url::parse(address).unwrap();
        let mut url = home.clone();
        let mut answer = self.ask(&home, &url, None);
        for _ in 0..MOST_STEPS {
            if let Some(next) = answer.next() {
                url = url.join(&next).unwrap();
                answer = self.ask(&home, &url, None);
                continue;
            }
            let Some((action, fields)) = form(&answer.body, who).filter(|_| is(&home, &url)) else {
                return answer;
            };
            url = url.join(&action).unwrap();
            answer = self.ask(&home, &url, Some(&fields));
        }
        panic!("the pages have no end: {}", answer.body);
    }

    fn ask(&mut self, home: &Url, url: &Url, fields: Option<&[(String, String)]>) -> Answer {
        let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let query = url.query().map(|query| format!("?{query}"));
        let target = format!("{}{}", url.path(), query.unwrap_or_default());
        let mut head = format!("Host: {host}\r\nConnection: close\r\n");
        if is(home, url) && !self.cookies.is_empty() {
            let pairs = self.cookies.iter();
            let pairs: Vec<String> = pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            head.push_str(&format!("Cookie: {}\r\n", pairs.join("; ")));
        }
        let mut body = String::new();
        let method = match fields {
            None => "GET",
            Some(fields) => {
                body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                head.push_str(&format!(
                    "Origin: http://{host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                    body.len()
                ));
                "POST"
            }
        };
        let mut stream = TcpStream::connect(&host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!("{method} {target} HTTP/1.1\r\n{head}\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (headers, body) = text.split_once("\r\n\r\n").unwrap();
        let answer = Answer {
            status: headers.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: headers.into(),
            body: body.into(),
        };
        if is(home, url) {
            self.keep(&answer);
        }
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.values("set-cookie") {
            let pair = cookie.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.into(), value.into()));
        }
    }
}

impl Answer {
    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.lines().filter_map(move |line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Where it leads by itself.
    fn next(&self) -> Option<String> {
        let location = self.values("location").next().map(String::from);
        location.or_else(|| {
            let rest = self.body.split_once("http-equiv=\"refresh\"")?.1;
            let url = rest.split_once("url=")?.1.split('"').next()?;
            Some(unescaped(url))
        })
    }
}

fn is(home: &Url, url: &Url) -> bool {
    home.origin() == url.origin()
}

/// The first form: what is hidden in it, and the button with this value, else the first.
fn form(page: &str, wanted: &str) -> Option<(String, Vec<(String, String)>)> {
    let form = page.split_once("<form")?.1.split("</form>").next()?;
    let named = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value")?));
    let tags = || form.split('<').skip(1);
    let buttons: Vec<_> = tags()
        .filter(|tag| tag.starts_with("button"))
        .filter_map(named)
        .collect();
    let button = buttons
        .iter()
        .find(|(_, value)| value == wanted)
        .or(buttons.first())?;
    let hidden = tags().filter(|tag| tag.starts_with("input type=\"hidden\""));
    let fields = hidden.filter_map(named).chain([button.clone()]).collect();
    Some((attribute(form, "action")?, fields))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1;
    Some(unescaped(value.split('"').next()?))
}

fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
