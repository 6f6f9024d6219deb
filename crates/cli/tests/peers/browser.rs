//! A real Chromium without a window, driven through its driver (W3C WebDriver).
//!
//! The dozen commands that are needed are plain JSON over HTTP, so no WebDriver crate is: those bring
//! an HTTP client and a TLS stack of their own.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, Request, header};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_client;

/// How long a page may take to show what is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser of its own, with a fresh profile; it ends when this is dropped.
pub(crate) struct Chromium {
    driver: Child,
    session: String,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// In CSS pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
}

/// An entry of the browser's console.
#[derive(Clone, Debug)]
pub(crate) struct ConsoleEntry {
    pub(crate) source: String,
    pub(crate) message: String,
}

impl Chromium {
    /// Starts the driver on a free port and a browser with it.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with these further arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (driver, address) = start_driver(profile.path());
        let mut browser = Self {
            driver,
            session: address,
            _profile: profile,
        };
        let binary = find("chromium");
        let home = browser._profile.path().join("profile");
        let home = format!("--user-data-dir={}", home.display());
        let mut all = vec![
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--window-size=1280,900",
            &home,
        ];
        all.extend(arguments);
        let options = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // Pages are polled: a load that hangs must not hang the driver.
            "pageLoadStrategy": "none",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "binary": binary, "args": all },
        } } });
        let begun = browser.command(Method::POST, "/session", Some(&options));
        let id = begun["sessionId"].as_str().unwrap();
        browser.session = format!("{}/session/{id}", browser.session);
        browser
    }

    /// Goes to an address; does not wait for the page.
    pub(crate) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// The back button.
    pub(crate) fn back(&self) {
        self.post("/back", &json!({}));
    }

    /// The reload button.
    pub(crate) fn reload(&self) {
        self.post("/refresh", &json!({}));
    }

    /// The address in the address bar.
    pub(crate) fn address(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    /// The title of the page.
    pub(crate) fn title(&self) -> String {
        self.get("/title").as_str().unwrap().to_owned()
    }

    /// The visible text of the first element that matches, once there is one.
    pub(crate) fn text(&self, selector: &str) -> String {
        self.wait_for(selector, || {
            let element = self.element(selector)?;
            let text = self.try_get(&format!("/element/{element}/text")).ok()?;
            text.as_str().map(str::to_owned)
        })
    }

    /// Waits until the page is loaded and its heading is this one.
    pub(crate) fn wait_for_heading(&self, heading: &str) {
        self.wait_for(&format!("the heading {heading:?}"), || {
            let ready = self.script(
                "return document.readyState + ' ' + document.querySelector('h1')?.innerText.replace(/\\s+/g, ' ')",
            );
            (ready == format!("complete {heading}")).then_some(())
        });
    }

    /// Presses a button, once it is there.
    pub(crate) fn click(&self, selector: &str) {
        self.wait_for(selector, || {
            let element = self.element(selector)?;
            self.try_post(&format!("/element/{element}/click"), &json!({}))
                .ok()
        });
    }

    /// Types into a field, once it is there.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        self.wait_for(selector, || {
            let element = self.element(selector)?;
            self.try_post(
                &format!("/element/{element}/value"),
                &json!({ "text": text }),
            )
            .ok()
        });
    }

    /// Presses a button a second time before the first press is answered, once it is there.
    ///
    /// By script: the driver itself would wait for the page that the first press brings.
    pub(crate) fn double_click(&self, selector: &str) {
        self.wait_for(selector, || self.element(selector));
        let twice = format!(
            "const it = document.querySelector({}); it.click(); setTimeout(() => it.click())",
            Value::from(selector)
        );
        self.script(&twice);
    }

    /// Presses keys one after the other, wherever the focus is.
    pub(crate) fn press(&self, keys: &str) {
        let steps: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        self.act(&json!({ "type": "key", "id": "keyboard", "actions": steps }));
    }

    /// The cookies of the page's site, as WebDriver has them.
    pub(crate) fn cookies(&self) -> Vec<Value> {
        std::mem::take(self.get("/cookie").as_array_mut().unwrap())
    }

    /// Forgets all cookies of the page's site.
    pub(crate) fn forget_cookies(&self) {
        self.command(Method::DELETE, "/cookie", None);
    }

    /// Runs a script in the page; `Null` where the page is just changing.
    pub(crate) fn script(&self, script: &str) -> Value {
        let script = json!({ "script": script, "args": [] });
        self.try_post("/execute/sync", &script)
            .unwrap_or(Value::Null)
    }

    /// What was written to the console since the last call, the pages of other origins left out.
    pub(crate) fn console(&self, origin: &str) -> Vec<ConsoleEntry> {
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        self.log("browser")
            .iter()
            .map(|entry| ConsoleEntry {
                source: text(entry, "source"),
                message: text(entry, "message"),
            })
            .filter(|entry| entry.message.contains(origin))
            .collect()
    }

    /// What its page has asked of the network since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        let asked = |entry: &Value| {
            let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let event = &event["message"];
            let url = event["params"]["request"]["url"].as_str()?;
            (event["method"] == "Network.requestWillBeSent" && url.starts_with("http"))
                .then(|| url.to_owned())
        };
        self.log("performance").iter().filter_map(asked).collect()
    }

    /// Looks at the page so from now on.
    pub(crate) fn view(&self, view: View) {
        let View {
            width,
            height,
            dark,
        } = view;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.cdp("Emulation.setEmulatedMedia", &features);
    }

    /// A picture of the page, as PNG.
    pub(crate) fn screenshot(&self, file: &Path) {
        let picture = self.get("/screenshot");
        let picture = STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, picture).unwrap();
    }

    /// Asks again and again until there is something.
    pub(crate) fn wait_for<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            if begun.elapsed() > PATIENCE {
                let address = self.address();
                let page = self.script("return document.documentElement.innerText");
                panic!("{what} did not come; the browser is at {address}, which says: {page}");
            }
            thread::sleep(PAUSE);
        }
    }

    /// What was written to a log since it was read last.
    fn log(&self, kind: &str) -> Vec<Value> {
        let mut entries = self.post("/se/log", &json!({ "type": kind }));
        std::mem::take(entries.as_array_mut().unwrap())
    }

    fn element(&self, selector: &str) -> Option<String> {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.try_post("/element", &wanted).ok()?;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    /// What a mouse or a keyboard does.
    fn act(&self, device: &Value) {
        self.post("/actions", &json!({ "actions": [device] }));
    }

    fn cdp(&self, command: &str, parameters: &Value) {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        );
    }

    fn get(&self, path: &str) -> Value {
        self.command(Method::GET, path, None)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.command(Method::POST, path, Some(body))
    }

    fn try_get(&self, path: &str) -> Result<Value, String> {
        self.try_command(Method::GET, path, None)
    }

    fn try_post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.try_command(Method::POST, path, Some(body))
    }

    fn command(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        self.try_command(method, path, body)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn try_command(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.session))
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map(Value::to_string).unwrap_or_default();
        let response = http_client::send(request.body(body.into_bytes()).unwrap());
        let mut answer = http_client::json(&response);
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"])),
            None => Ok(value),
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The driver ends its browser; what is left over of both goes with their process group.
        drop(self.try_command(Method::DELETE, "", None));
        let group = Pid::from_child(&self.driver);
        // Gone already, or it goes now.
        let _gone = kill_process_group(group, Signal::KILL);
        drop(self.driver.wait());
    }
}

/// The driver in a process group of its own, and where it listens.
fn start_driver(home: &Path) -> (Child, String) {
    let mut driver = Command::new(find("chromedriver"))
        .arg("--port=0")
        .env_clear()
        .env("PATH", path())
        .env("HOME", home)
        .env("TMPDIR", home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(driver.stdout.take().unwrap());
    let port = loop {
        let mut line = String::new();
        assert_ne!(
            said.read_line(&mut line).unwrap(),
            0,
            "chromedriver ended at once"
        );
        // "ChromeDriver was started successfully on port 12345."
        if let Some((_, port)) = line.trim().rsplit_once("successfully on port ") {
            break port.trim_end_matches('.').to_owned();
        }
    };
    // Read on, so that the pipe never fills.
    thread::spawn(move || drop(said.read_to_end(&mut Vec::new())));
    (driver, format!("http://127.0.0.1:{port}"))
}

/// A program of the machine.
fn find(name: &str) -> PathBuf {
    let path = path();
    let folders = std::env::split_paths(&path).chain(["/usr/bin".into()]);
    folders
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is missing; run: cargo xtask setup"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "where programs are is the machine's to say"
)]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
