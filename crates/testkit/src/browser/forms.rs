//! Fills plain HTML forms as a person would.
use super::{
    html::{Tag, tags},
    step::Step,
};
use http::Method;
use url::Url;

/// What the person wants.
pub(crate) struct Answer<'a> {
    pub(crate) user: &'a str,
    pub(crate) deny: bool,
    /// Names and values of buttons, each pressed once, where it is offered.
    pub(crate) presses: Vec<(String, String)>,
    /// Whether anything else is pressed.
    pub(crate) acts: bool,
}

/// A form with its controls, those named by `form=` elsewhere on the page too.
#[derive(Default)]
struct Form {
    id: Option<String>,
    action: String,
    method: String,
    inputs: Vec<Tag>,
    buttons: Vec<Tag>,
}

/// Words on a button or link that say no.
const NO: [&str; 6] = ["deny", "cancel", "abort", "reject", "decline", "refuse"];

/// The request of the page's form, or of its link that says no; `None` when there is nothing to do.
pub(crate) fn submit(html: &str, page: &Url, answer: &mut Answer<'_>) -> Option<Step> {
    let all = tags(html);
    if let Some(step) = press(&all, page, answer) {
        return Some(step);
    }
    if !answer.acts {
        return None;
    }
    if answer.deny
        && !offers_no(&all)
        && let Some(url) = no_link(&all, page)
    {
        return Some(Step {
            refused: true,
            ..Step::get(url)
        });
    }
    let form = chosen(forms(all))?;
    let button = form.button(answer);
    let refused = answer.deny && button.is_some_and(says_no);
    let step = form.sent(page, answer, button)?;
    Some(Step { refused, ..step })
}

/// A button that is to be pressed, if the page offers one.
fn press(all: &[Tag], page: &Url, answer: &mut Answer<'_>) -> Option<Step> {
    let forms = forms(all.to_vec());
    let offered = |(name, value): &(String, String)| {
        forms.iter().find_map(|form| {
            let mut buttons = form.buttons.iter();
            let button = buttons.find(|button| {
                button.get("name") == Some(name) && button.get("value") == Some(value)
            })?;
            form.sent(page, answer, Some(button))
        })
    };
    let mut presses = answer.presses.iter().enumerate();
    let (place, step) = presses.find_map(|(place, wanted)| Some((place, offered(wanted)?)))?;
    answer.presses.remove(place);
    Some(step)
}

impl Form {
    /// The request that a browser makes of it.
    fn sent(&self, page: &Url, answer: &Answer<'_>, button: Option<&Tag>) -> Option<Step> {
        let mut url = page.join(&self.action).ok()?;
        let pairs = self.filled(answer, button);
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        if !self.method.eq_ignore_ascii_case("post") {
            url.set_query(Some(&encoded));
            return Some(Step::get(url));
        }
        Some(Step {
            method: Method::POST,
            url,
            body: Some(encoded),
            from: Some(page.clone()),
            nameless: false,
            refused: false,
        })
    }
}

fn says_no(tag: &Tag) -> bool {
    let words = [
        tag.get("name"),
        tag.get("value"),
        Some(tag.text.as_str()),
        tag.get("href"),
    ];
    words.into_iter().flatten().any(|word| {
        let word = word.to_ascii_lowercase();
        NO.iter().any(|no| word.contains(no))
    })
}

fn offers_no(tags: &[Tag]) -> bool {
    tags.iter().any(|tag| is_button(tag) && says_no(tag))
}

fn no_link(tags: &[Tag], page: &Url) -> Option<Url> {
    let link = tags.iter().find(|tag| tag.name == "a" && says_no(tag))?;
    page.join(link.get("href")?).ok()
}

fn is_button(tag: &Tag) -> bool {
    match tag.name.as_str() {
        "button" => tag
            .get("type")
            .is_none_or(|kind| kind.eq_ignore_ascii_case("submit")),
        "input" => tag
            .get("type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("submit")),
        _ => false,
    }
}

fn forms(tags: Vec<Tag>) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    let mut strays = Vec::new();
    for tag in tags {
        match tag.name.as_str() {
            "form" => {
                inside = true;
                forms.push(Form {
                    id: tag.get("id").map(str::to_owned),
                    action: tag.get("action").unwrap_or_default().to_owned(),
                    method: tag.get("method").unwrap_or("get").to_owned(),
                    ..Form::default()
                });
            }
            "/form" => inside = false,
            "input" | "button" if tag.has("form") => strays.push(tag),
            "input" | "button" if inside => {
                if let Some(form) = forms.last_mut() {
                    form.add(tag);
                }
            }
            _ => {}
        }
    }
    for tag in strays {
        let owner = tag.get("form").map(str::to_owned);
        if let Some(form) = forms.iter_mut().find(|form| form.id == owner) {
            form.add(tag);
        }
    }
    forms
}

/// The first that posts, else the first that asks something we can know.
fn chosen(forms: Vec<Form>) -> Option<Form> {
    let (posts, others): (Vec<_>, Vec<_>) = forms
        .into_iter()
        .partition(|form| form.method.eq_ignore_ascii_case("post"));
    let known = |form: &Form| {
        form.inputs
            .iter()
            .all(|input| input.get("type") == Some("hidden") || input.has("value"))
    };
    posts
        .into_iter()
        .next()
        .or_else(|| others.into_iter().find(known))
}

impl Form {
    fn add(&mut self, tag: Tag) {
        if is_button(&tag) {
            self.buttons.push(tag);
        } else if tag.name == "input" {
            self.inputs.push(tag);
        }
    }

    fn filled(&self, answer: &Answer<'_>, button: Option<&Tag>) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for input in &self.inputs {
            let Some(name) = input.get("name") else {
                continue;
            };
            let value = input.get("value").unwrap_or_default();
            let filled = match input.get("type").unwrap_or("text") {
                "radio" => self.radio(name, answer).filter(|chosen| *chosen == value),
                "checkbox" => {
                    input
                        .has("checked")
                        .then_some(if value.is_empty() { "on" } else { value })
                }
                "password" => Some("password"),
                "hidden" => Some(value),
                _ if value.is_empty() => Some(answer.user),
                _ => Some(value),
            };
            pairs.extend(filled.map(|value| (name.to_owned(), value.to_owned())));
        }
        if let Some((name, button)) = button.and_then(|button| Some((button.get("name")?, button)))
        {
            pairs.push((
                name.to_owned(),
                button.get("value").unwrap_or_default().to_owned(),
            ));
        }
        pairs
    }

    /// The one that names the user, else the one that says what the person wants; where none says no, the next page may ask.
    fn button(&self, answer: &Answer<'_>) -> Option<&Tag> {
        let wanted = self
            .buttons
            .iter()
            .find(|button| says_no(button) == answer.deny);
        let own = self
            .buttons
            .iter()
            .find(|button| button.get("value") == Some(answer.user));
        own.or(wanted).or_else(|| self.buttons.first())
    }

    /// The value of a group of radio buttons: the user's, else the checked one, else the first.
    fn radio(&self, name: &str, answer: &Answer<'_>) -> Option<&str> {
        let group: Vec<&Tag> = self
            .inputs
            .iter()
            .filter(|input| input.get("type") == Some("radio") && input.get("name") == Some(name))
            .collect();
        let own = group
            .iter()
            .find(|input| input.get("value") == Some(answer.user));
        let chosen = own
            .or_else(|| group.iter().find(|input| input.has("checked")))
            .or_else(|| group.first());
        chosen.and_then(|input| input.get("value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(html: &str, deny: bool) -> Option<(Method, String, Option<String>)> {
        let page = Url::parse("http://127.0.0.1:1/interaction/x").unwrap();
        let mut answer = Answer {
            user: "bob",
            deny,
            presses: Vec::new(),
            acts: true,
        };
        submit(html, &page, &mut answer)
            .map(|step| (step.method, step.url.path().to_owned(), step.body))
    }

    #[test]
    fn the_users_radio_button_and_the_right_button_are_sent() {
        let html = "<form method=post action=/authorize><input type=hidden name=i value=7>\
            <input type=radio name=user value=alice checked><input type=radio name=user value=bob>\
            <button name=decision value=allow>Allow</button><button name=decision value=deny>Deny</button></form>";
        let body = |deny| step(html, deny).unwrap().2.unwrap();
        assert_eq!(body(false), "i=7&user=bob&decision=allow");
        assert_eq!(body(true), "i=7&user=bob&decision=deny");
    }

    #[test]
    fn a_button_can_name_the_user() {
        let html = "<form method=post action=/dev><button name=subject value=ada>Ada</button>\
            <button name=subject value=bob>Bob</button></form>";
        assert_eq!(step(html, false).unwrap().2.unwrap(), "subject=bob");
    }

    #[test]
    fn a_named_button_is_pressed_in_its_own_form_and_once() {
        let html = "<form method=post action=/a><button name=x value=1>One</button></form>\
            <form method=post action=/login><input type=hidden name=request value=r>\
            <button name=continue value=yes>Continue as Ada</button><button name=upstream value=dev>dev</button></form>";
        let page = Url::parse("http://127.0.0.1:1/authorize").unwrap();
        let mut answer = Answer {
            user: "bob",
            deny: false,
            presses: vec![
                ("upstream".into(), "other".into()),
                ("upstream".into(), "dev".into()),
            ],
            acts: false,
        };
        let step = submit(html, &page, &mut answer).unwrap();
        assert_eq!(step.url.path(), "/login");
        assert_eq!(step.body.as_deref(), Some("request=r&upstream=dev"));
        assert_eq!(step.from, Some(page.clone()));
        assert!(
            submit(html, &page, &mut answer).is_none(),
            "and nothing else"
        );
        answer.acts = true;
        let step = submit(html, &page, &mut answer).unwrap();
        assert_eq!(step.body.as_deref(), Some("x=1"));
    }

    #[test]
    fn names_and_passwords_are_typed_and_a_link_can_say_no() {
        let html = "<form action='/interaction/x/login' method='post'><input type=hidden name=prompt value=login>\
            <input required type=text name=login><input required type=password name=password>\
            <button type=submit>Sign-in</button></form><a href='/interaction/x/abort'>[ Cancel ]</a>";
        let (_, path, body) = step(html, false).unwrap();
        assert_eq!(path, "/interaction/x/login");
        assert_eq!(body.unwrap(), "prompt=login&login=bob&password=password");
        assert_eq!(
            step(html, true).unwrap(),
            (Method::GET, "/interaction/x/abort".into(), None)
        );
    }

    #[test]
    fn buttons_outside_of_their_form_belong_to_it() {
        let html = "<form id=f method=post action=/device><input type=hidden name=xsrf value=1></form>\
            <button type=submit form=f>Continue</button>\
            <button type=submit form=f name=abort value=yes>[ Abort ]</button>";
        assert_eq!(step(html, false).unwrap().2.unwrap(), "xsrf=1");
        assert_eq!(step(html, true).unwrap().2.unwrap(), "xsrf=1&abort=yes");
    }

    #[test]
    fn a_page_without_forms_or_with_a_question_nobody_can_answer_is_the_end() {
        assert!(step("<p>Done</p>", false).is_none());
        assert!(
            step(
                "<form method=get action=/device><input name=user_code></form>",
                false
            )
            .is_none()
        );
    }
}
