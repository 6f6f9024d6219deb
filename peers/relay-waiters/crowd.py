"""Thousands of waiting programs of protocol 1 in one process.

    python3 crowd.py (--socket PATH | --tcp HOST:PORT) --count N [--prefix P] [--timeout SECONDS]

Number i waits for the state P-i and expects the code `code-of-P-i`. Standard output has
`{"event":"registered","count":N}` when every REGISTER is sent, and at the end
`{"delivered":…,"wrong":…,"closed":…,"waiting":…}`, where each waiter is counted once. It ends when nobody waits any
more, after the timeout, or when standard input is closed. Exit code 0: all delivered.
"""

import argparse
import json
import os
import resource
import selectors
import socket
import sys
import time
from typing import Union


class Crowd:
    """The connections and how they ended."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.selector = selectors.DefaultSelector()
        self.partial: dict[int, bytes] = {}
        self.ended = {"delivered": 0, "wrong": 0, "closed": 0}

    def register(self) -> None:
        for number in range(self.options.count):
            connected = self._connect()
            state = f"{self.options.prefix}-{number}"
            connected.sendall(json.dumps({"type": "REGISTER", "state": state}).encode() + b"\n")
            connected.setblocking(False)
            self.selector.register(connected, selectors.EVENT_READ, state)
        print(json.dumps({"event": "registered", "count": self.options.count}), flush=True)

    def wait(self) -> int:
        try:
            self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        except PermissionError:
            pass  # A file or /dev/null is never closed by anybody.
        deadline = time.monotonic() + self.options.timeout
        waiting: int = self.options.count
        while waiting and time.monotonic() < deadline:
            for key, _ in self.selector.select(max(0.0, deadline - time.monotonic())):
                if key.data is None:
                    if not os.read(sys.stdin.fileno(), 4096):
                        return waiting
                elif self._read(key.fileobj, key.data):
                    waiting -= 1
        return waiting

    def _read(self, connected: "Union[int, socket.socket, object]", state: str) -> bool:
        """Whether this waiter has ended."""
        assert isinstance(connected, socket.socket)
        line = self.partial.pop(connected.fileno(), b"")
        try:
            data = connected.recv(65_536)
        except ConnectionError:
            data = b""
        line += data
        if data and not line.endswith(b"\n"):
            self.partial[connected.fileno()] = line
            return False
        self.ended[_verdict(line, state)] += 1
        self.selector.unregister(connected)
        connected.close()
        return True

    def _connect(self) -> socket.socket:
        if self.options.socket is not None:
            connected = socket.socket(socket.AF_UNIX)
            connected.connect(self.options.socket)
            return connected
        host, _, port = self.options.tcp.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=30)


def _verdict(line: bytes, state: str) -> str:
    if not line:
        return "closed"
    try:
        frame = json.loads(line)
    except ValueError:
        return "wrong"
    right = {"type": "DELIVER", "state": state, "code": f"code-of-{state}"}
    return "delivered" if frame == right else "wrong"


def main() -> int:
    parser = argparse.ArgumentParser(description="many waiting programs of protocol 1")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", metavar="PATH")
    where.add_argument("--tcp", metavar="HOST:PORT")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--prefix", default="crowd")
    parser.add_argument("--timeout", type=float, default=60.0)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(options)
    crowd.register()
    waiting = crowd.wait()
    print(json.dumps({**crowd.ended, "waiting": waiting}), flush=True)
    return 0 if crowd.ended["delivered"] == options.count else 1


if __name__ == "__main__":
    sys.exit(main())
