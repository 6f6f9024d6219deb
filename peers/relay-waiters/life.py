"""One state: the programs that wait for it one after the other, and the browsers that bring its callback."""

import asyncio
import os
import random
import secrets
import signal
import time
from dataclasses import dataclass, replace
from typing import Any, Optional

from browser import PATIENCE, Browser
from evidence import Evidence
from program import Conduct, start

POLL = 0.003
"""Seconds between two looks at how far a program is."""


@dataclass
class Relay:
    """Where it is."""

    http: str
    place: str


class Stuck(Exception):
    """A program did not come as far as it should."""


class Process:
    """A program, and how it ended."""

    def __init__(self, owner: str, conduct: Conduct) -> None:
        self._owner = owner
        self._evidence = Evidence()
        self._ready = conduct.ready
        self._born = time.monotonic()
        self._signal: Optional[int] = None
        self._pid = start(conduct, self._evidence)

    def kill(self) -> None:
        """Kills it, if that was not done yet. It is gone when this returns, and its socket closed."""
        if self._signal is not None:
            return
        os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        self._signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0

    async def until(self, step: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._evidence.has_reached(step):
            if self._evidence.fault or time.monotonic() > deadline:
                raise Stuck(f"{self._evidence.step} in place of {step}")
            await asyncio.sleep(POLL)

    async def until_ready(self) -> None:
        await self.until(self._ready)

    def record(self) -> dict[str, Any]:
        return {
            "owner": self._owner,
            "born": self._born,
            "signal": self._signal,
            "step": self._evidence.step,
            "kept": self._evidence.kept,
            "fault": self._evidence.fault,
            "lines": self._evidence.lines,
        }


class Life:
    """Everything that happens to one state."""

    def __init__(self, relay: Relay, index: int, dice: random.Random, protocol: int) -> None:
        self.relay = relay
        self.dice = dice
        self.protocol = protocol
        self.scene = ""
        self.fault = ""
        self._processes: list[Process] = []
        self._browsing: list[asyncio.Task[dict[str, Any]]] = []
        length = 0 if dice.random() < 0.6 else dice.randrange(1000, 6000)
        # Unlike those of every other run: the same relay may have seen this seed before.
        self._code = f"code-{index}-{secrets.token_hex(8)}{'x' * length}"
        self._state = f"state-{index}-{secrets.token_hex(8)}"
        self._kind = dice.choice(("get", "form", "json"))
        self._conducts = {
            owner: Conduct(protocol=protocol, place=relay.place, state=self._state, secret=secrets.token_hex(16))
            for owner in ("own", "impostor")
        }

    @property
    def ready(self) -> str:
        """The step from which on a program waits."""
        return self._conducts["own"].ready

    @property
    def length(self) -> int:
        """About how long the line of DELIVER is."""
        return 60 + len(self._code) * self.protocol

    def start(self, owner: str = "own", **conduct: Any) -> Process:
        behaviour = replace(self._conducts[owner], place=self.relay.place, **conduct)
        process = Process(owner, behaviour)
        self._processes.append(process)
        return process

    async def browser(self) -> Browser:
        """One that is about to bring the callback."""
        browser = Browser(self.relay.http, {"code": self._code, "state": self._state}, self._kind)
        await browser.connect()
        return browser

    def ask(self, browser: Browser) -> None:
        """The callback is on its way when this returns."""
        self._browsing.append(browser.ask())

    async def answers(self) -> None:
        """Waits until every browser so far has its answer."""
        await asyncio.wait(self._browsing)

    async def browse(self, after: float = 0.0) -> None:
        """Brings the callback and waits for the answer."""
        await asyncio.sleep(after)
        self.ask(await self.browser())
        await self.answers()

    def kill(self) -> None:
        """Kills every program that is left."""
        for process in self._processes:
            process.kill()

    async def end(self) -> dict[str, Any]:
        """What happened."""
        answers = await asyncio.gather(*self._browsing)
        self.kill()
        processes = [process.record() for process in self._processes]
        # Their memory goes with them, or each further fork would copy the maps of all.
        self._processes.clear()
        return {
            "scene": self.scene,
            "fault": self.fault,
            "protocol": self.protocol,
            "state": self._state,
            "code": self._code,
            "processes": processes,
            "answers": answers,
        }
