//! The browser walks through pages as a broker has them: buttons, forms that say where they come from, pages that lead on.
use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use http::{Method, header};
use http_body_util::BodyExt as _;
use oarlock_testkit::FakeBrowser;
use std::sync::{Arc, Mutex};
use url::Url;

/// A site, and what was posted to it: path, body, origin, cookie.
struct Site {
    at: Url,
    posted: Arc<Mutex<Vec<[String; 4]>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Site {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let posted = Arc::default();
        let router = Router::new()
            .fallback(any(page))
            .with_state(Arc::clone(&posted));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { at, posted, task }
    }

    fn page(&self, path: &str) -> Url {
        self.at.join(path).unwrap()
    }

    fn posted(&self) -> Vec<[String; 4]> {
        std::mem::take(&mut self.posted.lock().unwrap())
    }

    fn origin(&self) -> String {
        self.at.origin().ascii_serialization()
    }
}

async fn page(
    State(posted): State<Arc<Mutex<Vec<[String; 4]>>>>,
    request: Request,
) -> Response<String> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if parts.method == Method::POST {
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name| {
            let value = parts.headers.get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or("none").to_owned()
        };
        posted.lock().unwrap().push([
            path.clone(),
            String::from_utf8(body.to_vec()).unwrap(),
            header(header::ORIGIN),
            header(header::COOKIE),
        ]);
    }
    let mut answer = Response::builder().header(header::CONTENT_TYPE, "text/html");
    let text = match path.as_str() {
        "/authorize" | "/hidden" => {
            if path == "/hidden" {
                answer = answer.header(header::REFERRER_POLICY, "no-referrer");
            }
            answer = answer
                .header(
                    header::SET_COOKIE,
                    "__Host-browser=b; Secure; Path=/; SameSite=Lax",
                )
                .header(header::SET_COOKIE, "__Host-loose=l; Path=/");
            "<form method=post action='/login'><input type=hidden name=request value=r>\
             <button name=upstream value=company>Company</button>\
             <button name=upstream value=dev>dev</button><button name=cancel value=yes>Cancel</button></form>"
        }
        "/login" => {
            "<meta http-equiv=refresh content='0;url=/dev?state=s&amp;x=1'><a href='/nowhere'>Continue</a>"
        }
        "/dev" => {
            "<form method=post action=/chosen><button name=subject value=ada>Ada</button>\
                   <button name=subject value=grace>Grace</button></form>"
        }
        "/chosen" => {
            answer = answer.status(303).header(header::LOCATION, "/done");
            ""
        }
        "/later" => "<meta http-equiv=refresh content='60;url=/authorize'>",
        _ => "<p>Done</p>",
    };
    answer.body(text.to_owned()).unwrap()
}

#[tokio::test]
async fn buttons_pages_that_lead_on_and_cookies() {
    let site = Site::start().await;
    let browser = FakeBrowser::new().user("grace").press("upstream", "dev");
    let visit = browser.visit(&site.page("/authorize")).await.unwrap();
    assert_eq!(
        (visit.url.path(), visit.page.as_str()),
        ("/done", "<p>Done</p>")
    );
    let [login, chosen] = &site.posted()[..] else {
        panic!("two forms")
    };
    let origin = site.origin();
    let words = [
        "/login",
        "request=r&upstream=dev",
        &origin,
        "__Host-browser=b",
    ];
    assert_eq!(login, &words);
    assert_eq!(chosen[..2], ["/chosen", "subject=grace"]);
    let asked: Vec<&str> = visit.trail.iter().map(Url::path).collect();
    assert_eq!(asked, ["/authorize", "/login", "/dev", "/chosen", "/done"]);
    assert_eq!(visit.trail[2].query(), Some("state=s&x=1"));
}

#[tokio::test]
async fn a_page_can_be_looked_at_and_the_next_visit_has_the_cookies() {
    let site = Site::start().await;
    let looks = FakeBrowser::new().remembering().only_press();
    let visit = looks.visit(&site.page("/authorize")).await.unwrap();
    assert!(site.posted().is_empty() && visit.page.contains("upstream"));
    let later = looks.visit(&site.page("/later")).await.unwrap();
    assert_eq!(later.url.path(), "/later", "not at once is not at all");
    let pressing = looks.clone().press("subject", "ada");
    pressing.visit(&site.page("/dev")).await.unwrap();
    assert_eq!(site.posted()[0][3], "__Host-browser=b");
    let stranger = FakeBrowser::new();
    stranger.visit(&site.page("/dev")).await.unwrap();
    assert_eq!(site.posted()[0][3], "none");
}

#[tokio::test]
async fn a_page_that_hides_where_its_form_came_from_is_nobody() {
    let site = Site::start().await;
    let browser = FakeBrowser::new().press("upstream", "dev");
    browser.visit(&site.page("/hidden")).await.unwrap();
    let [login, chosen] = &site.posted()[..] else {
        panic!("two forms")
    };
    assert_eq!(login[2], "null");
    assert_eq!(chosen[2], site.origin());
}
