"""How the programs of a herd die, and what happens around it."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, Callable

from browser import Browser
from evidence import LINES
from life import Life, Process

MILLISECOND = 0.001

STEPS = {
    1: ("born", "connected", "registering", "asked", "arrived", "reading", "read", "closed"),
    2: (
        "born",
        "connected",
        "registering",
        "asked",
        "registered",
        "arrived",
        "reading",
        "read",
        "acknowledging",
        "acknowledged",
        "told",
        "closed",
    ),
}
"""Those that a program of each protocol goes through."""

FIRST_OF_DELIVERY = "arrived"


def halting(step: str) -> dict[str, Any]:
    """A conduct that comes to this step and no further."""
    return {"halt": step, "looks": step == "arrived", "piece": 10 if step == "reading" else LINES}


def _is_of_delivery(step: str) -> bool:
    return step in STEPS[2][STEPS[2].index(FIRST_OF_DELIVERY) :]


# At random


async def anywhere(life: Life) -> None:
    """A program that takes its time with everything is killed at any moment; the callback comes at any moment."""
    length = life.dice.uniform(0.1, 0.8)
    browsing = asyncio.create_task(life.browse(life.dice.uniform(0.0, length) ** 2))
    program = life.start(**_slow(life, length))
    await asyncio.sleep(life.dice.uniform(0.0, length))
    await _aftermath(life, program)
    await browsing


async def on_the_way(life: Life) -> None:
    """The program is killed within milliseconds of the callback."""
    program = life.start(**_quick(life))
    await program.until_ready()
    life.ask(await life.browser())
    # Nothing else happens in this process meanwhile: that is as exact as it gets.
    time.sleep(life.dice.uniform(0.0, life.dice.choice((1.0, 4.0, 12.0))) * MILLISECOND)
    await _aftermath(life, program)
    await life.answers()


async def at_birth(life: Life) -> None:
    """The callback is there first; the program is killed within milliseconds of its start."""
    life.ask(await life.browser())
    await asyncio.sleep(life.dice.uniform(0.0, 5.0) * MILLISECOND)
    program = life.start(**_quick(life))
    time.sleep(life.dice.uniform(0.0, 15.0) * MILLISECOND)
    await _aftermath(life, program)
    await life.answers()


async def in_the_end(life: Life) -> None:
    """The program is killed when the browser has its answer."""
    program = life.start(**_quick(life))
    await life.browse(life.dice.uniform(0.0, 0.1))
    await _aftermath(life, program)


RANDOM: "tuple[tuple[int, Callable[[Life], Awaitable[None]]], ...]" = (
    (45, anywhere),
    (35, on_the_way),
    (12, at_birth),
    (8, in_the_end),
)


async def at_random(life: Life) -> None:
    weights, scenes = zip(*RANDOM)
    (scene,) = life.dice.choices(scenes, weights)
    life.scene = scene.__name__
    await scene(life)
    if life.dice.random() < 0.3:
        # Somebody reloads the page.
        await life.browse()
    await asyncio.sleep(life.dice.uniform(0.0, 0.1))


async def _aftermath(life: Life, program: Process) -> None:
    """The program dies; somebody else may try for its state, and it may come back, and die again."""
    program.kill()
    if life.protocol == 2 and life.dice.random() < 0.2:
        life.start("impostor", **_quick(life))
    for _ in range(3):
        if life.dice.random() < 0.4:
            return
        await asyncio.sleep(life.dice.choice((0.0, 0.0, life.dice.uniform(0.0, 0.2), life.dice.uniform(0.2, 1.5))))
        program = life.start(**(_quick(life) if life.dice.random() < 0.7 else _slow(life, 0.2)))
        if life.dice.random() < 0.6:
            return
        await asyncio.sleep(life.dice.uniform(0.0, 0.1))
        program.kill()


def _quick(life: Life) -> dict[str, Any]:
    pauses = {}
    if life.dice.random() < 0.5:
        pauses = {step: life.dice.uniform(0.0, 2.0) * MILLISECOND for step in STEPS[life.protocol]}
    return {**_reading(life), "pauses": pauses}


def _slow(life: Life, length: float) -> dict[str, Any]:
    """Pauses at every step, most of them once the line is there."""
    steps = STEPS[life.protocol]
    weights = {step: life.dice.random() * (3.0 if _is_of_delivery(step) else 1.0) for step in steps}
    whole = sum(weights.values())
    pauses = {step: length * weight / whole for step, weight in weights.items()}
    reading = _reading(life)
    pauses["reading"] /= max(1.0, life.length / reading["piece"])
    return {**reading, "looks": True, "pauses": pauses}


def _reading(life: Life) -> dict[str, Any]:
    return {
        "looks": life.dice.random() < 0.5,
        "piece": LINES if life.dice.random() < 0.5 else max(1, int(life.length / life.dice.uniform(1.0, 6.0))),
        # The smallest there is, so that a long line does not fit.
        "receive_buffer": life.dice.choice((0, 0, 1)),
    }


# At each step


async def at_step(life: Life, step: str, comes_back: bool) -> None:
    """The program is killed at this step, with the callback there where the step needs it and after it where not."""
    life.scene = f"{step}{', comes back' if comes_back else ''}"
    program = life.start(**halting(step))
    if _is_of_delivery(step):
        await program.until_ready()
        life.ask(await life.browser())
        await program.until(step)
        program.kill()
    else:
        await program.until(step)
        program.kill()
        life.ask(await life.browser())
    if comes_back:
        life.start()
    await life.answers()
    # For what should not come any more.
    await asyncio.sleep(0.05)


# Under a relay that dies

AWAY = "away"
STORM = 0.4
"""Seconds in which the callbacks come."""
FALLS = {1: (AWAY, "arrived", "reading", "read"), 2: (AWAY, "arrived", "reading", "read", "acknowledging")}
"""The steps at which the relay is killed, between callback and acknowledgement."""


async def before_the_fall(life: Life, step: str) -> None:
    """The callback is at the relay, the program at this step, or away."""
    life.scene = step
    program = life.start(**halting(life.ready if step == AWAY else step))
    await program.until_ready()
    if step == AWAY:
        program.kill()
    life.ask(await life.browser())
    if step == AWAY:
        # Longer than the relay needs to take it in, shorter than it waits for the program.
        await asyncio.sleep(0.3)
    else:
        await program.until(step)


async def after_the_fall(life: Life) -> None:
    """The browser hears what became of it; the program comes back to the new relay, and the callback is repeated."""
    await life.answers()
    life.kill()
    program = life.start()
    await program.until_ready()
    await life.browse()


async def before_the_storm(life: Life) -> Browser:
    """A quick program waits, and its browser is about to come."""
    life.scene = "storm"
    program = life.start(**_quick(life))
    await program.until_ready()
    return await life.browser()


async def in_the_storm(life: Life, browser: Browser) -> None:
    """The callback comes at some moment before or after the relay's end."""
    await asyncio.sleep(life.dice.uniform(0.0, STORM))
    life.ask(browser)
    await life.answers()
