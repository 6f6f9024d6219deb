"""Every mode that poast-relay's OAUTH_RELAY.md documents, against a running relay.

    python3 poast_modes.py --url http://127.0.0.1:PORT (--socket PATH | --tcp HOST:PORT)
                           [--client-dir DIR] [--callback-path /oauth/callback] [--code-keys code,authorization_code]

DIR holds poast-relay's `app/oauth/client.py` and `app/config.py`; without it the stand-in beside this file is used.
Prints a table; exit code 1 if any mode fails. The modes are in modes.py.
"""

import argparse
import asyncio
import importlib
import os
import sys
import time
import traceback
from typing import Any

import modes
from callbacks import Callbacks

DEADLINE = 30.0
"""Seconds for one mode."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="poast-relay's documented modes against a running relay")
    parser.add_argument("--url", required=True, help="the relay's public side, without a path")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", metavar="PATH")
    where.add_argument("--tcp", metavar="HOST:PORT")
    parser.add_argument("--client-dir", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_in"))
    parser.add_argument("--callback-path", default="/oauth/callback")
    parser.add_argument("--code-keys", default="code,authorization_code", help="what the relay was started with")
    return parser.parse_args()


async def attempt(mode: Any, stage: modes.Stage) -> str:
    """Runs one mode; returns what went wrong."""
    try:
        await asyncio.wait_for(mode(stage), DEADLINE)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} (line {at.lineno} of {os.path.basename(at.filename)})"
    return ""


async def run(stage: modes.Stage) -> int:
    failed = 0
    print(f"{'mode':<58} {'seconds':>7}  result")
    for mode in modes.MODES:
        started = time.monotonic()
        problem = await attempt(mode, stage)
        failed += bool(problem)
        name = mode.__name__.replace("_", " ")
        print(f"{name:<58} {time.monotonic() - started:>7.2f}  {problem or 'ok'}", flush=True)
    print(f"{len(modes.MODES)} modes, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    options = arguments()
    # A .env file of the working directory, which the module reads, is none of these tests' business.
    for name in [name for name in os.environ if name.startswith("OAUTH_")]:
        del os.environ[name]
    sys.path.insert(0, os.path.abspath(options.client_dir))
    client = importlib.import_module("app.oauth.client")
    print(f"client: {client.__file__}\nrelay: {options.url} and {options.socket or options.tcp}")
    callbacks = Callbacks(options.url.rstrip("/") + options.callback_path)
    return asyncio.run(run(modes.Stage(client, callbacks, options)))


if __name__ == "__main__":
    sys.exit(main())
