//! axe-core, in both colour schemes and at both sizes.

use std::{fs, sync::LazyLock};

use serde_json::Value;

use crate::{browser::Chromium, chromium::VIEWS, provider::peers};

static AXE: LazyLock<String> = LazyLock::new(|| {
    let file = peers().join("axe-core/node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; run: cargo xtask setup", file.display()))
});

/// Whatever it cannot decide by itself counts too.
const RUN: &str = "
    return axe.run(document, { preload: false, resultTypes: ['violations', 'incomplete'] }).then(found =>
        [...found.violations, ...found.incomplete].flatMap(rule =>
            rule.nodes.map(node => rule.id + ': ' + node.target + ': ' + node.failureSummary)));";

/// Insists that it finds nothing in the page that is there now.
#[track_caller]
pub(super) fn insist(browser: &Chromium, page: &str) {
    browser.script(&AXE);
    for (name, view) in [VIEWS[0], VIEWS[3]] {
        browser.view(view);
        let found = browser.script(RUN);
        assert_eq!(found, Value::Array(Vec::new()), "{page}, {name}");
    }
    browser.view(VIEWS[0].1);
}
