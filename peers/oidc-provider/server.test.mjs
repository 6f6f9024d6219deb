// Checks that the peer does what README.md says of it: `node --test peers/oidc-provider`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const REDIRECT = 'http://127.0.0.1:49152/callback';

async function start(t, switches = {}) {
  const child = spawn(process.execPath, [new URL('server.mjs', import.meta.url).pathname, JSON.stringify(switches)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stderr = [];
  child.stderr.on('data', (chunk) => stderr.push(chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  t.after(async () => {
    child.stdin.end();
    await ended;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { issuer } = JSON.parse(line);
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    return { issuer, metadata, child, ended };
  }
  throw new Error(`the peer did not start: ${Buffer.concat(stderr)}`);
}

// A browser as far as these pages need one: cookies, redirects, forms.
class Browser {
  #cookies = new Map();

  async open(url, init = {}) {
    for (;;) {
      if (url.startsWith(REDIRECT)) return { url, body: '' };
      const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie: cookies } });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
        if (value) this.#cookies.set(name, value);
        else this.#cookies.delete(name);
      }
      if (response.status < 300 || response.status > 399) return { url, status: response.status, body: await response.text() };
      url = new URL(response.headers.get('location'), url).href;
      init = {};
    }
  }

  submit({ url, body }, fields) {
    const action = new URL(/<form[^>]*action="([^"]*)"/.exec(body)[1], url).href;
    const form = new URLSearchParams();
    for (const [tag] of body.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      form.set(/name="([^"]*)"/.exec(tag)[1], /value="([^"]*)"/.exec(tag)[1]);
    }
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    return this.open(action, { method: 'POST', body: form });
  }
}

function authorization(metadata, extra = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(metadata.authorization_endpoint);
  const parameters = {
    client_id: 'oarlock-test',
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid email offline_access',
    prompt: 'consent',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...extra,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { url: url.href, verifier };
}

async function post(url, form, headers = {}) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

const token = (metadata, form) => post(metadata.token_endpoint, { client_id: 'oarlock-test', ...form });
const refresh = (metadata, refresh_token) => token(metadata, { grant_type: 'refresh_token', refresh_token });

async function login(metadata, extra) {
  const browser = new Browser();
  const { url, verifier } = authorization(metadata, extra);
  const consent = await browser.submit(await browser.open(url), { login: 'ada', decision: 'allow' });
  const done = await browser.submit(consent, { decision: 'allow' });
  const callback = new URL(done.url);
  const tokens = await token(metadata, {
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code'),
    redirect_uri: REDIRECT,
    code_verifier: verifier,
    ...(extra?.resource ? { resource: extra.resource } : {}),
  });
  return { callback, tokens };
}

test('discovery names what the README lists', async (t) => {
  const { issuer, metadata } = await start(t);
  assert.equal(metadata.issuer, issuer);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  for (const name of ['authorization', 'token', 'device_authorization', 'revocation', 'introspection', 'userinfo', 'registration']) {
    assert.ok(metadata[`${name}_endpoint`], name);
  }
  const { keys } = await (await fetch(metadata.jwks_uri)).json();
  assert.deepEqual(keys.map(({ kty, crv }) => crv ?? kty), ['RSA', 'P-256', 'Ed25519']);
});

test('code flow: iss, tokens, userinfo, rotation, and reuse ends the family', async (t) => {
  const { issuer, metadata } = await start(t);
  const { callback, tokens } = await login(metadata);
  assert.equal(callback.searchParams.get('iss'), issuer);
  assert.equal(callback.searchParams.get('state'), 'state-1');
  assert.equal(tokens.status, 200);
  const userinfo = await (await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.body.access_token}` } })).json();
  assert.deepEqual(userinfo, { sub: 'ada', email: 'ada@example.test', email_verified: true });

  const second = await refresh(metadata, tokens.body.refresh_token);
  assert.equal(second.status, 200);
  assert.notEqual(second.body.refresh_token, tokens.body.refresh_token);
  const replayed = await refresh(metadata, tokens.body.refresh_token);
  assert.deepEqual([replayed.status, replayed.body.error], [400, 'invalid_grant']);
  const afterwards = await refresh(metadata, second.body.refresh_token);
  assert.deepEqual([afterwards.status, afterwards.body.error], [400, 'invalid_grant']);

  const counts = await (await fetch(`${issuer}/peer/counts`)).json();
  assert.equal(counts['token refresh_token 200'], 1);
  assert.equal(counts['token refresh_token 400'], 2);
});

test('offline_access without prompt=consent gets no refresh token', async (t) => {
  const { metadata } = await start(t);
  const { tokens } = await login(metadata, { prompt: undefined });
  assert.equal(tokens.status, 200);
  assert.equal(tokens.body.refresh_token, undefined);
  assert.equal(tokens.body.scope, 'openid email');
});

test('a denied login and a denied consent come back as access_denied', async (t) => {
  const { metadata } = await start(t);
  for (const steps of [[{ decision: 'deny' }], [{ login: 'ada', decision: 'allow' }, { decision: 'deny' }]]) {
    const browser = new Browser();
    let page = await browser.open(authorization(metadata).url);
    for (const fields of steps) page = await browser.submit(page, fields);
    assert.equal(new URL(page.url).searchParams.get('error'), 'access_denied');
  }
});

test('PKCE is required', async (t) => {
  const { metadata } = await start(t);
  const { url } = authorization(metadata, { code_challenge: undefined, code_challenge_method: undefined });
  const refused = await new Browser().open(url);
  assert.equal(new URL(refused.url).searchParams.get('error'), 'invalid_request');
});

test('device grant: pending, allowed, denied', async (t) => {
  const { metadata } = await start(t, { device_interval: 1 });
  const begin = () => post(metadata.device_authorization_endpoint, { client_id: 'oarlock-test', scope: 'openid offline_access' });
  const poll = (device_code) => token(metadata, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code });

  const allowed = (await begin()).body;
  assert.equal(allowed.interval, 1);
  assert.equal((await poll(allowed.device_code)).body.error, 'authorization_pending');
  const browser = new Browser();
  let page = await browser.submit(await browser.open(allowed.verification_uri), { user_code: allowed.user_code });
  assert.match(page.body, new RegExp(allowed.user_code));
  page = await browser.submit(page, {});
  page = await browser.submit(page, { login: 'ada', decision: 'allow' });
  page = await browser.submit(page, { decision: 'allow' });
  assert.match(page.body, /id="done"/);
  const tokens = await poll(allowed.device_code);
  assert.equal(tokens.status, 200);
  assert.ok(tokens.body.refresh_token);

  const denied = (await begin()).body;
  const other = new Browser();
  page = await other.submit(await other.open(denied.verification_uri_complete), {});
  page = await other.submit(page, { abort: 'yes' });
  assert.equal((await poll(denied.device_code)).body.error, 'access_denied');
});

test('registration of a public native client', async (t) => {
  const { metadata } = await start(t);
  const response = await fetch(metadata.registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'A program',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback'],
    }),
  });
  assert.equal(response.status, 201);
  const registered = await response.json();
  assert.equal(registered.client_secret, undefined);
  const page = await new Browser().open(authorization(metadata, { client_id: registered.client_id }).url);
  assert.match(page.body, /A program/);
});

test('client credentials: basic, form-encoded basic, post, wrong secret', async (t) => {
  const { metadata } = await start(t);
  const odd = 'p+ss w:rd%25&=/';
  const basic = (id, secret) => ({ authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}` });
  const form = { grant_type: 'client_credentials', scope: 'api:read', resource: 'https://api.example.test/' };
  for (const [extra, headers, status] of [
    [{}, basic('oarlock-secret', 'secret'), 200],
    [{}, basic('oarlock:odd', odd), 200],
    [{ client_id: 'oarlock-post', client_secret: odd }, {}, 200],
    [{}, basic('oarlock-secret', 'wrong'), 401],
  ]) {
    assert.equal((await post(metadata.token_endpoint, { ...form, ...extra }, headers)).status, status);
  }
});

test('a resource gets a JWT with its audience', async (t) => {
  const { issuer, metadata } = await start(t);
  const resource = 'https://api.example.test/mcp';
  const { tokens } = await login(metadata, { resource, scope: 'openid api:read offline_access' });
  assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
  const claims = JSON.parse(Buffer.from(tokens.body.access_token.split('.')[1], 'base64url'));
  assert.deepEqual([claims.iss, claims.aud, claims.sub, claims.scope], [issuer, resource, 'ada', 'api:read']);
});

test('revocation and introspection', async (t) => {
  const { metadata } = await start(t);
  const { tokens } = await login(metadata);
  const introspect = async () => (await post(metadata.introspection_endpoint, { client_id: 'oarlock-test', token: tokens.body.access_token })).body.active;
  assert.equal(await introspect(), true);
  const revoked = await post(metadata.revocation_endpoint, { client_id: 'oarlock-test', token: tokens.body.refresh_token });
  assert.equal(revoked.status, 200);
  assert.equal(await introspect(), false);
});

test('switches: lifetimes, refresh without offline_access, algorithm, no registration', async (t) => {
  for (const alg of ['RS256', 'ES256', 'EdDSA', 'PS256']) {
    const { metadata } = await start(t, { access_token_ttl: 1, refresh_without_offline_access: true, id_token_alg: alg, registration: false });
    assert.equal(metadata.registration_endpoint, undefined);
    const { tokens } = await login(metadata, { scope: 'openid', prompt: undefined });
    assert.equal(tokens.body.expires_in, 1);
    assert.ok(tokens.body.refresh_token);
    assert.equal(JSON.parse(Buffer.from(tokens.body.id_token.split('.')[0], 'base64url')).alg, alg);
  }
});

test('an unknown switch is an error', async (t) => {
  await assert.rejects(start(t, { acess_token_ttl: 1 }), /unknown switch "acess_token_ttl"/);
});

test('it ends when standard input closes', async (t) => {
  const { child, ended } = await start(t);
  child.stdin.end();
  assert.equal(await ended, 0);
});
