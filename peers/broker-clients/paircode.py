"""A stand-in for the scripts of FastHTML's CLI example: it sends the requests that they send, in their order.

    python paircode.py client-login.py|client-do.py|cli-client.py [--host HOST] [--scripts FOLDER]

With a folder it runs the script of that name there instead, as it is.
"""

import argparse
import http.client
import json
import pathlib
import runpy
import secrets
import sys
import time
import webbrowser
from http.cookies import SimpleCookie

INTERVAL = 1
PATIENCE = 60
FILE = pathlib.Path("auth_token.txt")


class Connection:
    """Keeps cookies, follows no redirects, and takes nothing but a 200 for an answer."""

    def __init__(self, host):
        self.connection = http.client.HTTPConnection(host, timeout=PATIENCE)
        self.cookies = {}

    def ask(self, target, expected=200):
        headers = {"Accept": "*/*", "User-Agent": "python-httpx/0.28.1"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request("GET", target, headers=headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        if expected and response.status != expected:
            raise SystemExit(f"{target.partition('?')[0]}: HTTP {response.status}")
        for cookie in response.headers.get_all("Set-Cookie", []):
            self.cookies.update((name, morsel.value) for name, morsel in SimpleCookie(cookie).items())
        return text


def pair(host, connect):
    """Sends the person to the browser, and polls until there is a body: that, and the cookies that came with it."""
    paircode = secrets.token_urlsafe(16)
    webbrowser.open(Connection(host).ask(f"/cli_login?paircode={paircode}"))
    kept = connect()
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE:
        polling = kept or Connection(host)
        text = polling.ask(f"/token?paircode={paircode}")
        if text.strip():
            return text, polling.cookies
        time.sleep(INTERVAL)
    raise SystemExit("Authentication timed out")


def log_in(host):
    """One connection for all polls; the cookies are what is saved."""
    _, cookies = pair(host, lambda: Connection(host))
    FILE.write_text(json.dumps(cookies))
    print(f"Token saved to {FILE}")


def fetch_token(host):
    """A connection for each poll; the body is what is saved."""
    token, _ = pair(host, lambda: None)
    FILE.write_text(token)
    print(f"Authentication successful! Token saved to {FILE}")


def do(host):
    """Shows the cookies, and prints what it is told."""
    connection = Connection(host)
    connection.cookies = json.loads(FILE.read_text())
    print(connection.ask("/secured", expected=None))


def run_as_it_is(script, host):
    import builtins

    from fastcore.script import call_parse

    # One of them uses it and does not import it.
    builtins.call_parse = call_parse
    sys.argv = [str(script), "--host", host]
    runpy.run_path(str(script), run_name="__main__")


def main():
    parser = argparse.ArgumentParser()
    stand_ins = {"client-login.py": log_in, "client-do.py": do, "cli-client.py": fetch_token}
    parser.add_argument("script", choices=stand_ins)
    parser.add_argument("--host", default="localhost:5001")
    parser.add_argument("--scripts", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.scripts:
        run_as_it_is(arguments.scripts / arguments.script, arguments.host)
    else:
        stand_ins[arguments.script](arguments.host)


if __name__ == "__main__":
    main()
