"""A herd of waiting programs, each a process of its own, that die by SIGKILL while browsers bring their callbacks.

    python3 herd.py MODE --http HOST:PORT --place PLACE --amount N [--seed S]

PLACE is the relay's socket: a path, or host and port.

| Mode | |
|---|---|
| `random` | N states whose programs die at random moments |
| `steps` | N whose programs die at each step, and N with a program that comes back |
| `fall` | N at each step while the relay is killed; on standard input follows `HTTP PLACE` of the next one |
| `storm` | N while the relay is killed at a random moment of their callbacks |

When the relay is to be killed, standard error has `fall`.

Standard output has an object for each state: what happened to its programs and what they had, and what the browsers
were told. Nothing is judged here. After each hundred, standard error has `N over`.
"""

import argparse
import asyncio
import gc
import json
import random
import sys
from collections.abc import Awaitable
from functools import partial
from typing import Any, Callable

import scenes
from life import POLL, Life, Relay, Stuck

AT_ONCE = 80
"""States that are under way at the same time."""

Play = Callable[[Life], Awaitable[Any]]


class Herd:
    def __init__(self, options: argparse.Namespace) -> None:
        self.relay = Relay(options.http, options.place)
        self.dice = random.Random(options.seed)
        self._seed = options.seed
        self._lives: list[Life] = []
        self.over = 0
        self._room = asyncio.Semaphore(AT_ONCE)

    def life(self, protocol: int) -> Life:
        index = len(self._lives)
        # Of its own, so that what it does hangs on its number alone.
        dice = random.Random(f"{self._seed}/{index}")
        life = Life(self.relay, index, dice, protocol)
        self._lives.append(life)
        return life

    async def play(self, life: Life, play: Play) -> None:
        async with self._room:
            try:
                await play(life)
            except (Stuck, OSError) as error:
                life.fault = f"{type(error).__name__}: {error}"
            print(json.dumps(await life.end()), flush=True)
            self.over += 1
            if self.over % 100 == 0:
                print(f"{self.over} over", file=sys.stderr, flush=True)

    def kill(self) -> None:
        for life in self._lives:
            life.kill()


async def at_random(herd: Herd, amount: int) -> None:
    lives = [herd.life(1 if index % 5 < 3 else 2) for index in range(amount)]
    await asyncio.gather(*(herd.play(life, scenes.at_random) for life in lives))


async def at_steps(herd: Herd, amount: int) -> None:
    cases = [(protocol, step) for protocol, steps in scenes.STEPS.items() for step in steps]
    plays = []
    for protocol, step in cases * amount:
        for comes_back in (False, True):
            life = herd.life(protocol)
            plays.append(herd.play(life, partial(scenes.at_step, step=step, comes_back=comes_back)))
    await asyncio.gather(*plays)


async def under_a_fall(herd: Herd, amount: int) -> None:
    cases = [(protocol, step) for protocol, steps in scenes.FALLS.items() for step in steps] * amount
    lives = [(herd.life(protocol), step) for protocol, step in cases]
    await asyncio.gather(*(scenes.before_the_fall(life, step) for life, step in lives))
    print("fall", file=sys.stderr, flush=True)
    # Nothing else is to be done before the next relay is there.
    herd.relay.http, herd.relay.place = sys.stdin.readline().split()
    await asyncio.gather(*(herd.play(life, scenes.after_the_fall) for life, _ in lives))


async def in_a_storm(herd: Herd, amount: int) -> None:
    lives = [herd.life(1 + index % 2) for index in range(amount)]
    browsers = await asyncio.gather(*(scenes.before_the_storm(life) for life in lives))
    storm = [herd.play(life, partial(scenes.in_the_storm, browser=browser)) for life, browser in zip(lives, browsers)]
    under_way = asyncio.gather(*storm)
    # Some have their answer, and others are still to come, however slow all of it is.
    answered = herd.dice.randrange(amount // 2)
    while herd.over < answered:
        await asyncio.sleep(POLL)
    print("fall", file=sys.stderr, flush=True)
    await under_way


MODES: "dict[str, Callable[[Herd, int], Awaitable[None]]]" = {
    "random": at_random,
    "steps": at_steps,
    "fall": under_a_fall,
    "storm": in_a_storm,
}


async def run(options: argparse.Namespace) -> None:
    herd = Herd(options)
    try:
        await MODES[options.mode](herd, options.amount)
    finally:
        herd.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description="waiting programs that are killed")
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--http", required=True, metavar="HOST:PORT")
    parser.add_argument("--place", required=True)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--amount", type=int, required=True)
    options = parser.parse_args()
    # What is here stays; a collection in a forked program would only copy it.
    gc.freeze()
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
