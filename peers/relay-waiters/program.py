"""A program that waits under either protocol, as a forked process that stays until it is killed."""

import json
import os
import signal
import socket
import time
import traceback
from dataclasses import dataclass, field
from typing import Any, NoReturn, Optional

from evidence import LINES, Evidence

LIFE = 100
"""Seconds after which a program ends that nobody has killed."""
HERD_READS, HERD_WRITES = os.pipe()
"""Ends with the herd, so that what stays does not outlive it."""


@dataclass(frozen=True)
class Conduct:
    """How it behaves."""

    protocol: int
    place: str
    """A path, or host and port."""
    state: str
    secret: str = ""
    pauses: dict[str, float] = field(default_factory=dict)
    """Seconds to sleep at a step; while reading, after each piece."""
    halt: Optional[str] = None
    """The step it does not go beyond."""
    looks: bool = False
    """Whether it sees that something has arrived before it reads."""
    piece: int = LINES
    """How much of DELIVER it reads at once."""
    receive_buffer: int = 0
    """Bytes, if not the system's own."""

    @property
    def ready(self) -> str:
        """The step from which on it waits."""
        return "asked" if self.protocol == 1 else "registered"


def start(conduct: Conduct, evidence: Evidence) -> int:
    """Forks it."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.alarm(LIFE)
        # Neither the browsers' connections nor the herd's streams are a waiting program's.
        os.dup2(HERD_READS, 0)
        os.closerange(1, 1024)
        evidence.prepare()
        _Program(conduct, evidence).run()
    except OSError as error:
        evidence.fail(f"{type(error).__name__}: {error}")
    except BaseException:
        evidence.fail(traceback.format_exc())
    finally:
        _stay()


def _stay() -> NoReturn:
    os.read(0, 1)
    os._exit(1)


class _Program:
    def __init__(self, conduct: Conduct, evidence: Evidence) -> None:
        self.conduct = conduct
        self.evidence = evidence
        self.read = 0

    def run(self) -> None:
        self.at("born")
        self.socket = self.connect()
        self.at("connected")
        self.say_in_two(self.register(), "registering")
        self.at("asked")
        if self.conduct.protocol == 2:
            if self.hear().get("type") != "REGISTERED":
                return self.close()
            self.at("registered")
        if self.conduct.looks and self.evidence.received == self.read:
            self.socket.recv(1, socket.MSG_PEEK)
            self.at("arrived")
        frame = self.hear(self.conduct.piece)
        if frame.get("type") == "DELIVER":
            if self.conduct.protocol == 2:
                self.evidence.keep(time.monotonic())
            self.at("read")
            if self.conduct.protocol == 2:
                self.acknowledge(frame["delivery"])
        return self.close()

    def at(self, step: str) -> None:
        self.evidence.reach(step)
        if self.conduct.halt == step:
            _stay()
        pause = self.conduct.pauses.get(step, 0.0)
        if pause:
            time.sleep(pause)

    def connect(self) -> socket.socket:
        is_path = self.conduct.place.startswith("/")
        connected = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        if self.conduct.receive_buffer:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.conduct.receive_buffer)
        host, _, port = self.conduct.place.rpartition(":")
        connected.connect(self.conduct.place if is_path else (host, int(port)))
        return connected

    def register(self) -> dict[str, Any]:
        frame = {"type": "REGISTER", "state": self.conduct.state}
        if self.conduct.protocol == 1:
            return frame
        return {**frame, "protocol": 2, "secret": self.conduct.secret}

    def acknowledge(self, delivery: str) -> None:
        self.say_in_two({"type": "ACK", "delivery": delivery}, "acknowledging")
        self.at("acknowledged")
        if self.hear().get("type") == "CLOSE":
            self.at("told")

    def close(self) -> None:
        self.socket.close()
        self.at("closed")

    def say_in_two(self, frame: dict[str, Any], step: str) -> None:
        line = json.dumps(frame).encode() + b"\n"
        middle = len(line) // 2
        self.socket.sendall(line[:middle])
        self.at(step)
        self.socket.sendall(line[middle:])

    def hear(self, piece: int = LINES) -> dict[str, Any]:
        """The next frame, PINGs answered; nothing at the end."""
        while True:
            line = self.line(piece)
            frame: dict[str, Any] = json.loads(line) if line else {}
            if frame.get("type") != "PING":
                return frame
            self.socket.sendall(b'{"type":"PONG"}\n')

    def line(self, piece: int) -> bytes:
        while True:
            line = self.evidence.line(self.read)
            if line is not None:
                self.read += len(line)
                return line
            if self.evidence.received > self.read:
                self.at("reading")
            count = self.socket.recv_into(self.evidence.room(piece))
            if count == 0:
                return b""
            self.evidence.received += count
