"""How a waiting program may end.

The line is received by `recv_into` straight into a shared mapping of the evidence file. The kernel copies it there
within the system call, which a SIGKILL does not cut short: either the bytes are in the file and gone from the socket,
or neither.
"""

import argparse
import json
import mmap
import os
import select
import signal
import socket
import time
from typing import Any, Callable, NoReturn, Optional

LINE = 65_536
Say = Callable[[dict[str, Any]], None]


class Waiter:
    """A connection, and what came over it."""

    def __init__(self, options: argparse.Namespace, say: Say) -> None:
        self.options = options
        self.say = say
        self.deadline = time.monotonic() + options.timeout
        self.received = 0
        self.memory = _mapped(options.evidence)
        self.socket = _connected(options)
        self.say({"event": "connected"})

    def register(self) -> None:
        frame = {"type": "REGISTER"}
        if self.options.state is not None:
            frame["state"] = self.options.state
        self.socket.sendall(json.dumps(frame).encode() + b"\n")
        self.say({"event": "registered"})

    def peek(self) -> None:
        """Waits until something has arrived, and leaves it in the kernel."""
        self._patience()
        self.socket.recv(1, socket.MSG_PEEK)
        self.say({"event": "arrived"})

    def peek_end(self) -> None:
        """Waits until the relay has closed, and leaves everything in the kernel."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        poll.poll(1000 * max(0.0, self.deadline - time.monotonic()))

    def read(self, most: int = LINE) -> bool:
        """Receives once; False at the end."""
        self._patience()
        count = self.socket.recv_into(memoryview(self.memory)[self.received :], min(most, LINE - self.received))
        self.received += count
        return count > 0

    def read_line(self) -> dict[str, Any]:
        while b"\n" not in self.memory[: self.received]:
            if self.received == LINE:
                return {"error": "a line of more than 64 KiB"}
            if not self.read():
                return {"closed": True}
        return _result(self.memory[: self.received])

    def die(self) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    def linger(self) -> None:
        """Until standard input is closed or the time is up."""
        self.say({"event": "lingers"})
        signal.alarm(max(1, int(self.deadline - time.monotonic())))
        os.read(0, 1)

    def _patience(self) -> None:
        self.socket.settimeout(max(0.001, self.deadline - time.monotonic()))


def closes(waiter: Waiter) -> dict[str, Any]:
    """As it should be: reads the line, closes, says the result."""
    waiter.register()
    result = waiter.read_line()
    waiter.socket.close()
    return result


def dies_before_register(waiter: Waiter) -> NoReturn:
    waiter.die()


def dies_within_register(waiter: Waiter) -> NoReturn:
    waiter.socket.sendall(b'{"type":"REG')
    waiter.say({"event": "registering"})
    waiter.die()


def dies_after_register(waiter: Waiter) -> NoReturn:
    waiter.register()
    waiter.die()


def dies_unread(waiter: Waiter) -> NoReturn:
    """The line is in the kernel; the program never has it."""
    waiter.register()
    waiter.peek()
    waiter.die()


def dies_mid_read(waiter: Waiter) -> NoReturn:
    """Has the first bytes of the line."""
    waiter.register()
    waiter.read(waiter.options.bytes)
    waiter.say({"event": "read", "bytes": waiter.received})
    waiter.die()


def dies_after_read(waiter: Waiter) -> NoReturn:
    """Has the line, and did not close."""
    waiter.register()
    waiter.read_line()
    waiter.say({"event": "read", "bytes": waiter.received})
    waiter.die()


def closes_unread(waiter: Waiter) -> dict[str, Any]:
    """Closes in order, with the line unread."""
    waiter.register()
    waiter.peek()
    waiter.socket.close()
    return {"closed": True}


def never_closes(waiter: Waiter) -> dict[str, Any]:
    """Has the line and keeps the connection."""
    waiter.register()
    result = waiter.read_line()
    waiter.linger()
    return result


def half_closes(waiter: Waiter) -> dict[str, Any]:
    """Ends its own direction at once, and goes on reading."""
    waiter.register()
    waiter.socket.shutdown(socket.SHUT_WR)
    waiter.say({"event": "half-closed"})
    return waiter.read_line()


def half_closes_unread(waiter: Waiter) -> NoReturn:
    """Ends its own direction as soon as the line is in the kernel, and dies without having read it."""
    waiter.register()
    waiter.peek()
    waiter.socket.shutdown(socket.SHUT_WR)
    waiter.say({"event": "half-closed"})
    waiter.peek_end()
    waiter.die()


def stops(waiter: Waiter) -> dict[str, Any]:
    """Is stopped (SIGSTOP) before it reads; goes on when somebody sends SIGCONT."""
    waiter.register()
    os.kill(os.getpid(), signal.SIGSTOP)
    return waiter.read_line()


def unregisters(waiter: Waiter) -> dict[str, Any]:
    """Takes its registration back."""
    waiter.register()
    waiter.socket.sendall(b'{"type":"UNREGISTER"}\n')
    return waiter.read_line()


ENDINGS: dict[str, Callable[[Waiter], dict[str, Any]]] = {
    ending.__name__.replace("_", "-"): ending
    for ending in (
        closes,
        closes_unread,
        dies_after_read,
        dies_after_register,
        dies_before_register,
        dies_mid_read,
        dies_unread,
        dies_within_register,
        half_closes,
        half_closes_unread,
        never_closes,
        stops,
        unregisters,
    )
}


def run(options: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Waits, and ends as the options say."""
    return ENDINGS[options.ending](Waiter(options, say))


def _mapped(evidence: Optional[str]) -> mmap.mmap:
    if evidence is None:
        return mmap.mmap(-1, LINE)
    with open(evidence, "w+b") as file:
        file.truncate(LINE)
        return mmap.mmap(file.fileno(), LINE, mmap.MAP_SHARED)


def _connected(options: argparse.Namespace) -> socket.socket:
    if options.socket is not None:
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(options.socket)
        return connected
    host, _, port = options.tcp.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def _result(line: bytes) -> dict[str, Any]:
    frame = json.loads(line)
    unknown = set(frame) - {"type", "state", "code", "raw", "error"}
    if unknown:
        return {"error": f"members that protocol 1 does not have: {sorted(unknown)}"}
    if frame["type"] != "DELIVER":
        return {"error": frame.get("error", frame["type"])}
    return {"code": frame["code"]} if "code" in frame else {"raw": frame["raw"]}
