// The provider's pages: plain HTML, no scripts, no outside resources, every button inside its form, so that
// a fake browser that reads forms and a real one that is driven by its driver get on alike.

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);

function page(ctx, title, body) {
  ctx.type = 'html';
  ctx.body = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 24rem; margin: 3rem auto; padding: 0 1rem; }
button, input { font: inherit; padding: .4rem .8rem; }
</style>
</head>
<body>
<h1>${escape(title)}</h1>
${body}
</body>
</html>
`;
}

export function loginPage(ctx, { uid, client }) {
  page(ctx, 'Sign in', `<p>to <strong>${escape(client)}</strong></p>
<form id="login-form" method="post" action="/interaction/${escape(uid)}/login">
<p><label for="login">Name</label> <input id="login" name="login" autocomplete="off" required></p>
<p><button id="submit" type="submit" name="decision" value="allow">Sign in</button>
<button id="deny" type="submit" name="decision" value="deny" formnovalidate>Cancel</button></p>
</form>`);
}

export function consentPage(ctx, { uid, client, account, scopes }) {
  const wanted = scopes.map((scope) => `<li>${escape(scope)}</li>`).join('');
  page(ctx, 'Allow access', `<p><strong>${escape(client)}</strong> asks for access to the account of <strong>${escape(account)}</strong>:</p>
<ul>${wanted}</ul>
<form id="consent-form" method="post" action="/interaction/${escape(uid)}/consent">
<p><button id="submit" type="submit" name="decision" value="allow">Allow</button>
<button id="deny" type="submit" name="decision" value="deny">Deny</button></p>
</form>`);
}

export async function deviceCodeInput(ctx, form, _out, error) {
  const said = error?.name === 'AbortedError' ? 'The sign-in was cancelled.'
    : error?.userCode || error?.name === 'NoCodeError' ? 'This code is wrong, or it has expired.'
    : error ? 'There was an error.' : 'Enter the code that your device shows.';
  page(ctx, 'Connect a device', `<p id="said">${escape(said)}</p>
${withButtons(form, '<button id="submit" type="submit">Continue</button>')}`);
}

export async function deviceCodeConfirmation(ctx, form, client, _device, userCode) {
  page(ctx, 'Confirm the device', `<p><strong>${escape(client.clientName ?? client.clientId)}</strong> shows this code:</p>
<p id="user-code"><code>${escape(userCode)}</code></p>
${withButtons(form, `<button id="submit" type="submit">Continue</button>
<button id="deny" type="submit" name="abort" value="yes">Cancel</button>`)}`);
}

export async function deviceDone(ctx) {
  page(ctx, 'Device connected', '<p id="done">You can close this page.</p>');
}

export async function errorPage(ctx, out) {
  const lines = Object.entries(out).map(([key, value]) => `<p><strong>${escape(key)}</strong>: ${escape(value)}</p>`);
  page(ctx, 'Something went wrong', `<div id="error">${lines.join('\n')}</div>`);
}

function withButtons(form, buttons) {
  return form.replace('</form>', `<p>${buttons}</p>\n</form>`);
}
