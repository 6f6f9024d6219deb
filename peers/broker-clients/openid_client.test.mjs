// npm's openid-client, which the OpenID Foundation has certified, logs in at a running broker; README.md says what it is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Listener, load, open, told } from './party.mjs';

const client = await load('openid-client');
const resourceServer = await load('oauth4webapi');

const BROKER = new URL(told('BROKER'));
const ISSUER = BROKER.origin;
const ALGORITHM = told('ALGORITHM');
const insecure = { execute: [client.allowInsecureRequests] };

// A program without a secret, known to the configuration.
const mytool = () => discovered('mytool', client.None());
// One with a secret.
const backend = () => discovered('backend', client.ClientSecretBasic(told('BACKEND_SECRET')));

async function discovered(id, authentication, options = insecure) {
  const config = await client.discovery(BROKER, id, { id_token_signed_response_alg: ALGORITHM }, authentication, options);
  // It fetches the keys and checks every ID token's signature.
  client.enableNonRepudiationChecks(config);
  return config;
}

// Sends the person to the broker: where the browser came back, and what has to be checked there.
async function authorize(config, parameters = {}, ...person) {
  const listener = await Listener.start();
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: listener.redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  });
  await open(url, ...person);
  return { url: await listener.answer(), checks };
}

async function logIn(config, parameters = {}, tokenParameters = {}) {
  const { url, checks } = await authorize(config, parameters);
  return client.authorizationCodeGrant(config, url, checks, tokenParameters);
}

// What a resource server makes of an access token (RFC 9068).
function accepted(config, token, audience) {
  const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } });
  const options = { signingAlgorithms: [ALGORITHM], [resourceServer.allowInsecureRequests]: true };
  return resourceServer.validateJwtAccessToken(config.serverMetadata(), request, audience, options);
}

function header(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'));
}

const refused = (error) => (thrown) => {
  assert.equal(thrown.error, error, thrown.stack);
  return true;
};

// An access token that was revoked is refused with a challenge (RFC 6750).
async function isDead(config, token, subject) {
  await assert.rejects(client.fetchUserInfo(config, token, subject), (thrown) => {
    assert.equal(thrown.code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', thrown.stack);
    assert.equal(thrown.cause[0].parameters.error, 'invalid_token');
    return true;
  });
}

test('both metadata documents are for this issuer and say the same', async () => {
  const openid = (await mytool()).serverMetadata();
  const oauth = (await discovered('mytool', client.None(), { ...insecure, algorithm: 'oauth2' })).serverMetadata();
  assert.equal(openid.issuer, ISSUER);
  assert.deepEqual(JSON.parse(JSON.stringify(openid)), JSON.parse(JSON.stringify(oauth)));
  assert.deepEqual(openid.code_challenge_methods_supported, ['S256']);
  assert.equal(openid.authorization_response_iss_parameter_supported, true);
});

test('a code with PKCE, nonce and iss brings tokens that it and a resource server accept', async () => {
  const config = await mytool();
  const { url, checks } = await authorize(config);
  assert.equal(url.searchParams.get('iss'), ISSUER);
  const tokens = await client.authorizationCodeGrant(config, url, checks);
  const claims = tokens.claims();
  assert.deepEqual([claims.iss, claims.aud, claims.email], [ISSUER, 'mytool', 'ada@example.com']);
  assert.deepEqual([header(tokens.id_token).alg, header(tokens.access_token).alg], [ALGORITHM, ALGORITHM]);
  assert.equal(header(tokens.access_token).typ, 'at+jwt');
  const access = await accepted(config, tokens.access_token, ISSUER);
  assert.deepEqual([access.sub, access.client_id], [claims.sub, 'mytool']);
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.deepEqual([person.name, person.email], ['Ada Example', 'ada@example.com']);
});

test('an answer with another state or of another issuer is not the answer to its request', async () => {
  const config = await mytool();
  const { url, checks } = await authorize(config);
  for (const name of ['state', 'iss']) {
    const other = new URL(url);
    other.searchParams.set(name, 'https://elsewhere.example');
    await assert.rejects(client.authorizationCodeGrant(config, other, checks), { code: 'OAUTH_INVALID_RESPONSE' });
  }
  // And the code is still good.
  await client.authorizationCodeGrant(config, url, checks);
});

test('a code is good for the verifier, the redirect URI and the client that asked', async () => {
  const config = await mytool();
  const wrong = { pkceCodeVerifier: client.randomPKCECodeVerifier() };
  const first = await authorize(config);
  await assert.rejects(client.authorizationCodeGrant(config, first.url, { ...first.checks, ...wrong }), refused('invalid_grant'));
  const second = await authorize(config);
  const elsewhere = new URL(second.url);
  elsewhere.port = '1';
  await assert.rejects(client.authorizationCodeGrant(config, elsewhere, second.checks), refused('invalid_grant'));
  const third = await authorize(config);
  await assert.rejects(client.authorizationCodeGrant(await backend(), third.url, third.checks), refused('invalid_grant'));
});

test('a code that is used twice buys nothing the second time, and what it bought is revoked', async () => {
  const config = await mytool();
  const { url, checks } = await authorize(config);
  const tokens = await client.authorizationCodeGrant(config, url, checks);
  await assert.rejects(client.authorizationCodeGrant(config, url, checks), refused('invalid_grant'));
  await isDead(config, tokens.access_token, tokens.claims().sub);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), refused('invalid_grant'));
});

test('a refresh token is rotated, and reuse of an old one ends the whole family', async () => {
  const config = await mytool();
  const first = await logIn(config);
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.claims().sub, first.claims().sub);
  const third = await client.refreshTokenGrant(config, second.refresh_token);
  await client.fetchUserInfo(config, third.access_token, first.claims().sub);
  await assert.rejects(client.refreshTokenGrant(config, first.refresh_token), refused('invalid_grant'));
  await assert.rejects(client.refreshTokenGrant(config, third.refresh_token), refused('invalid_grant'));
  await isDead(config, third.access_token, first.claims().sub);
});

test('a refresh may ask for less, and never for more', async () => {
  const config = await mytool();
  const first = await logIn(config, { scope: 'openid email offline_access' });
  const less = await client.refreshTokenGrant(config, first.refresh_token, { scope: 'openid' });
  assert.equal(less.scope, 'openid');
  const more = client.refreshTokenGrant(config, less.refresh_token, { scope: 'openid profile' });
  await assert.rejects(more, refused('invalid_scope'));
});

test('a device logs in, with its code in the address and with the code typed', async () => {
  const config = await mytool();
  for (const typed of [false, true]) {
    const device = await client.initiateDeviceAuthorization(config, { scope: 'openid email offline_access' });
    // Whoever types it writes it as they like.
    if (typed) await open(device.verification_uri, '--user', device.user_code.toLowerCase().replace('-', ' '));
    else await open(device.verification_uri_complete);
    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 });
    assert.equal(tokens.claims().email, 'ada@example.com');
    await client.refreshTokenGrant(config, tokens.refresh_token);
  }
});

test('a device that polls before anybody came is told to wait, then to wait longer, and its code buys once', async () => {
  const config = await mytool();
  const device = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
  const grant = 'urn:ietf:params:oauth:grant-type:device_code';
  const poll = () => client.genericGrantRequest(config, grant, { device_code: device.device_code });
  await assert.rejects(poll(), refused('authorization_pending'));
  await assert.rejects(poll(), refused('slow_down'));
  await open(device.verification_uri_complete);
  // It has not heard that slow_down, so it hears another one first.
  await client.pollDeviceAuthorizationGrant(config, device);
  await assert.rejects(poll(), refused('expired_token'));
});

test('a person who says no is an answer too, of both flows', async () => {
  const config = await mytool();
  const { url, checks } = await authorize(config, {}, '--deny');
  await assert.rejects(client.authorizationCodeGrant(config, url, checks), refused('access_denied'));
  const device = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
  await open(device.verification_uri_complete, '--deny');
  await assert.rejects(client.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 }), refused('access_denied'));
});

test('nobody is signed in without a page', async () => {
  const config = await mytool();
  const { url, checks } = await authorize(config, { prompt: 'none' });
  await assert.rejects(client.authorizationCodeGrant(config, url, checks), refused('interaction_required'));
});

test('a program with a secret asks about its tokens and revokes them', async () => {
  const config = await backend();
  const tokens = await logIn(config);
  const known = await client.tokenIntrospection(config, tokens.access_token);
  assert.deepEqual([known.active, known.client_id, known.sub], [true, 'backend', tokens.claims().sub]);
  // What is another program's is nobody's business.
  const other = await logIn(await mytool());
  assert.deepEqual(await client.tokenIntrospection(config, other.access_token), { active: false });
  await client.tokenRevocation(config, other.refresh_token);
  await client.fetchUserInfo(config, other.access_token, other.claims().sub);
  // A refresh token takes the whole login with it.
  await client.tokenRevocation(config, tokens.refresh_token);
  assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
  await isDead(config, tokens.access_token, tokens.claims().sub);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), refused('invalid_grant'));
  // Nobody learns whether there was such a token.
  await client.tokenRevocation(config, 'no-such-token');
});

test('a wrong secret is refused', async () => {
  const config = await discovered('backend', client.ClientSecretBasic('wrong'));
  await assert.rejects(client.tokenIntrospection(config, 'x'), (thrown) => {
    assert.equal(thrown.status ?? thrown.cause?.status ?? thrown.response?.status, 401, thrown.stack);
    return true;
  });
});

test('a token for a resource is for it alone', async () => {
  const config = await mytool();
  const resource = told('RESOURCE');
  const tokens = await logIn(config, { resource }, { resource });
  const access = await accepted(config, tokens.access_token, resource);
  assert.equal(access.aud, resource);
  await assert.rejects(accepted(config, tokens.access_token, ISSUER));
  const unknown = await authorize(config, { resource: 'https://elsewhere.example' });
  await assert.rejects(client.authorizationCodeGrant(config, unknown.url, unknown.checks), refused('invalid_target'));
});

test('programs register themselves, with a secret and without', async () => {
  const ways = { none: client.None(), client_secret_basic: client.ClientSecretBasic(), client_secret_post: client.ClientSecretPost() };
  for (const [method, authentication] of Object.entries(ways)) {
    const said = {
      client_name: `A tool with ${method}`,
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: method,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: ALGORITHM,
    };
    const config = await client.dynamicClientRegistration(BROKER, said, authentication, insecure);
    client.enableNonRepudiationChecks(config);
    const metadata = config.clientMetadata();
    assert.equal(metadata.client_name, said.client_name);
    assert.equal(Boolean(metadata.client_secret), method !== 'none');
    const tokens = await logIn(config);
    assert.equal(tokens.claims().aud, metadata.client_id);
    await client.refreshTokenGrant(config, tokens.refresh_token);
  }
});
