//! A person with a browser: cookies, forms, and nothing else.

use url::Url;

use super::scene::{Reply, Scene, encode, exchange};

/// A browser of its own: other people's have other cookies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub(crate) cookies: Vec<(String, String)>,
    /// What a proxy before the server says of where they are.
    pub(crate) from: Option<&'static str>,
}

impl Person {
    pub(crate) fn at(from: &'static str) -> Self {
        Self {
            from: Some(from),
            ..Self::default()
        }
    }

    fn headers(&self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            headers.push(("cookie".to_owned(), pairs.join("; ")));
        }
        headers.extend(
            self.from
                .map(|from| ("x-forwarded-for".to_owned(), from.to_owned())),
        );
        headers
    }

    fn keep(&mut self, reply: &Reply) {
        for (name, value) in &reply.headers {
            if name != "set-cookie" {
                continue;
            }
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Follows a link: a path, or an address of this server.
    pub(crate) async fn get(&mut self, scene: &Scene, address: &str) -> Reply {
        self.send(scene, "GET", address, &[], "").await
    }

    /// Sends a form of ours.
    pub(crate) async fn post(
        &mut self,
        scene: &Scene,
        address: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        let origin = scene.url();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
        ];
        self.send(scene, "POST", address, &headers, &encode(fields))
            .await
    }

    pub(crate) async fn send(
        &mut self,
        scene: &Scene,
        method: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let target = match Url::parse(address) {
            Ok(url) => {
                assert_eq!(url.port(), Some(scene.address.port()), "{address}");
                match url.query() {
                    Some(query) => format!("{}?{query}", url.path()),
                    None => url.path().to_owned(),
                }
            }
            Err(_) => address.to_owned(),
        };
        let own = self.headers();
        let mut all: Vec<(&str, &str)> = own
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.extend_from_slice(headers);
        let reply = exchange(scene.address, method, &target, &all, body).await;
        self.keep(&reply);
        reply
    }

    /// On a sign-in page: chooses the `dev` upstream, picks somebody there, and comes back. What follows the provider's answer is returned.
    pub(crate) async fn sign_in(&mut self, scene: &Scene, page: &Reply, who: &str) -> Reply {
        let back = self.go_until_the_way_back(scene, page, who).await;
        self.get(scene, &back).await
    }

    /// The same up to the provider's answer, whose address is returned.
    pub(crate) async fn go_until_the_way_back(
        &mut self,
        scene: &Scene,
        page: &Reply,
        who: &str,
    ) -> String {
        let leaving = self.press(scene, page, "upstream", "dev").await;
        let dev = leaving.location().unwrap_or_else(|| panic!("{leaving:?}"));
        let dev = self.get(scene, &dev).await;
        assert_eq!(dev.status, 200, "{dev:?}");
        let state = dev.field("state").unwrap();
        let token = dev.field("form_token").unwrap();
        let fields = [
            ("state", state.as_str()),
            ("subject", who),
            ("form_token", &token),
        ];
        let picked = self.post(scene, "/dev", &fields).await;
        picked.location().unwrap_or_else(|| panic!("{picked:?}"))
    }

    /// Presses a button of a sign-in page.
    pub(crate) async fn press(
        &mut self,
        scene: &Scene,
        page: &Reply,
        name: &str,
        value: &str,
    ) -> Reply {
        let request = page.field("request").unwrap_or_else(|| panic!("{page:?}"));
        let token = page.field("form_token").unwrap();
        // Whoever the page names.
        let named = page.field(name).filter(|_| name == "continue");
        let value = named.as_deref().unwrap_or(value);
        let fields = [
            ("request", request.as_str()),
            ("form_token", &token),
            (name, value),
        ];
        self.post(scene, "/login", &fields).await
    }

    /// Decides on the consent page that a redirect leads to.
    pub(crate) async fn consent(
        &mut self,
        scene: &Scene,
        redirect: &Reply,
        decision: &str,
    ) -> Reply {
        let page = self.get(scene, &redirect.location().unwrap()).await;
        assert_eq!(page.status, 200, "{page:?}");
        let login = page.field("login").unwrap();
        let token = page.field("form_token").unwrap();
        let fields = [
            ("login", login.as_str()),
            ("decision", decision),
            ("form_token", &token),
        ];
        self.post(scene, "/consent", &fields).await
    }
}
