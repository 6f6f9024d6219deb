// A certified OpenID provider for Oarlock's tests, on a free port of loopback.
// It prints one line of JSON on standard output when it is ready, and ends when standard input closes,
// so that it never outlives the test that started it. README.md beside this file lists what it offers.
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { configuration } from './configuration.mjs';
import { Counts } from './counts.mjs';
import { interactions } from './interactions.mjs';
import { readSwitches } from './switches.mjs';

// The provider logs notices with console.info, which would mix with the ready line.
console.info = console.warn = console.error;

async function loadProvider() {
  // The packages are installed under target/, beside what cargo builds, by `cargo xtask setup`.
  const peers = process.env.OARLOCK_PEERS
    ? pathToFileURL(`${process.env.OARLOCK_PEERS}/`)
    : new URL('../../target/peers/', import.meta.url);
  const require = createRequire(new URL('oidc-provider/', peers));
  let entry;
  try {
    entry = require.resolve('oidc-provider');
  } catch {
    throw new Error(`npm package oidc-provider is not installed in ${peers.pathname}; run: cargo xtask setup`);
  }
  return import(pathToFileURL(entry));
}

function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(server.address().port));
  });
}

// The provider names no polling interval, which means 5 s (RFC 8628, section 3.2).
function deviceInterval(interval) {
  return async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === 'device_authorization' && ctx.status === 200) ctx.body = { ...ctx.body, interval };
  };
}

async function main() {
  const switches = readSwitches(process.argv[2] ?? process.env.OIDC_PEER ?? '{}');
  const { Provider } = await loadProvider();

  const server = http.createServer();
  const port = await listen(server);
  const issuer = `http://127.0.0.1:${port}`;

  const provider = new Provider(issuer, await configuration(switches));
  const counts = new Counts();
  provider.use(counts.middleware());
  provider.use(interactions(provider));
  if (switches.device_interval !== null) provider.use(deviceInterval(switches.device_interval));
  provider.on('server_error', (ctx, error) => console.error(`${ctx.method} ${ctx.path}:`, error));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url === '/peer/counts') return counts.answer(response);
    return answer(request, response);
  });

  process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();
  process.stdout.write(`${JSON.stringify({ issuer, port })}\n`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
