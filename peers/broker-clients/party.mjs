// What the tests of this folder share: a broker, a person, and a program's loopback listener.
import { spawn } from 'node:child_process';
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const peers = process.env.OARLOCK_PEERS
  ? pathToFileURL(`${process.env.OARLOCK_PEERS}/`)
  : new URL('../../target/peers/', import.meta.url);
const require = createRequire(new URL('broker-clients/', peers));

/** A package that `cargo xtask setup` has installed. */
export function load(name) {
  return import(pathToFileURL(require.resolve(name)));
}

/** What the test that runs us says. */
export function told(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** The person opens an address and does what the pages ask; `arguments_` say how. What their browser says of it is returned. */
export async function open(url, ...arguments_) {
  const [program, ...options] = told('BROWSER').split(' ');
  const browser = spawn(program, [...options, ...arguments_, String(url)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of browser.stdout) said += chunk;
  const visit = JSON.parse(said);
  if (visit.error) throw new Error(`the browser: ${visit.error}`);
  return visit;
}

/** A program that waits for its browser to come back, on a port of its own. */
export class Listener {
  #server = http.createServer((request, response) => this.#take(request, response));
  #answer = Promise.withResolvers();

  static async start() {
    const listener = new Listener();
    await new Promise((ready) => listener.#server.listen({ host: '127.0.0.1', port: 0 }, ready));
    return listener;
  }

  get redirectUri() {
    return `http://127.0.0.1:${this.#server.address().port}/callback`;
  }

  /** The address at which the browser came back. */
  async answer() {
    const url = await this.#answer.promise;
    this.#server.close();
    this.#server.closeAllConnections();
    return url;
  }

  #take(request, response) {
    response.setHeader('content-type', 'text/plain').end('You can close this page.\n');
    this.#answer.resolve(new URL(request.url, this.redirectUri));
  }
}
