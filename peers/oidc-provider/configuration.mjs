// What the provider is configured to do. Where a switch does not say otherwise, its own defaults hold:
// they are what makes it a fair judge.
import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

import { deviceCodeConfirmation, deviceCodeInput, deviceDone, errorPage } from './pages.mjs';

const LOOPBACK_REDIRECTS = [
  'http://127.0.0.1/callback',
  'http://[::1]/callback',
  'http://localhost/callback',
];
const ODD_SECRET = 'p+ss w:rd%25&=/';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

export async function configuration(switches) {
  return {
    clients: clients(switches),
    jwks: { keys: await signingKeys() },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    findAccount: (_ctx, sub) => account(sub),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    scopes: ['openid', 'offline_access', 'api:read', 'api:write'],
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' || client.grantTypes.includes('authorization_code') },
    features: features(switches),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError: (ctx, out) => errorPage(ctx, out),
    // The default of 15 s would let expired tokens through where a test gives them short lives.
    clockTolerance: 0,
    ttl: {
      AccessToken: switches.access_token_ttl,
      AuthorizationCode: switches.authorization_code_ttl,
      ClientCredentials: switches.access_token_ttl,
      DeviceCode: switches.device_code_ttl,
      Grant: 14 * 24 * 3600,
      IdToken: switches.id_token_ttl,
      Interaction: 600,
      RefreshToken: switches.refresh_token_ttl,
      Session: 14 * 24 * 3600,
    },
    ...(switches.rotate === null ? {} : { rotateRefreshToken: switches.rotate }),
    ...(switches.refresh_without_offline_access
      ? {
          issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
          // Else the refresh token would die with the browser's session.
          expiresWithSession: () => false,
        }
      : {}),
  };
}

function clients({ id_token_alg }) {
  const native = {
    application_type: 'native',
    response_types: ['code'],
    redirect_uris: LOOPBACK_REDIRECTS,
    id_token_signed_response_alg: id_token_alg,
  };
  return [
    {
      ...native,
      client_id: 'oarlock-test',
      client_name: 'Oarlock test client',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', DEVICE],
    },
    {
      // A native client with a secret (Google's kind), sent in an HTTP Basic header.
      ...native,
      client_id: 'oarlock-secret',
      client_secret: 'secret',
      client_name: 'Oarlock confidential client',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE],
    },
    {
      // An id and a secret that are wrong unless both are form-encoded first (RFC 6749, section 2.3.1).
      ...native,
      client_id: 'oarlock:odd',
      client_secret: ODD_SECRET,
      client_name: '<b>Odd</b> & "client"',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
    {
      // The secret in the body.
      ...native,
      client_id: 'oarlock-post',
      client_secret: ODD_SECRET,
      client_name: 'Oarlock post client',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    },
    {
      // Our broker, to which this provider is the upstream.
      ...native,
      client_id: 'oarlock-broker',
      client_secret: ODD_SECRET,
      client_name: 'Oarlock broker',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1/redirect'],
    },
  ];
}

function features(switches) {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: deviceCodeInput,
      userCodeConfirmSource: deviceCodeConfirmation,
      successSource: deviceDone,
    },
    introspection: { enabled: true },
    registration: { enabled: switches.registration },
    resourceIndicators: {
      enabled: true,
      // Any absolute https URI is a resource here: tokens for it are JWTs (RFC 9068) with that audience.
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'api:read api:write',
        audience: resource,
        accessTokenTTL: switches.access_token_ttl,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
    revocation: { enabled: true },
    userinfo: { enabled: true },
  };
}

// The name typed into the login page is the subject.
function account(sub) {
  return {
    accountId: sub,
    claims: async () => ({
      sub,
      name: `${sub.charAt(0).toUpperCase()}${sub.slice(1)} Example`,
      preferred_username: sub,
      email: `${sub}@example.test`,
      email_verified: true,
    }),
  };
}

async function signingKeys() {
  const generate = promisify(generateKeyPair);
  const pairs = [
    ['RS256', await generate('rsa', { modulusLength: 2048 })],
    ['ES256', await generate('ec', { namedCurve: 'P-256' })],
    ['EdDSA', await generate('ed25519')],
  ];
  return pairs.map(([name, { privateKey }]) => ({
    ...privateKey.export({ format: 'jwk' }),
    use: 'sig',
    kid: `test-${name.toLowerCase()}`,
  }));
}
