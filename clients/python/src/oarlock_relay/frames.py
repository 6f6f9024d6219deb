"""Frames: JSON objects, one on a line (docs/relay-protocol.md, "Frames")."""

import json
from typing import Any, NoReturn

from .errors import OAuthRelayError


class Frame(dict[str, Any]):
    """A frame. Its ``repr`` shows its type alone: debuggers and error reporters print local variables."""

    def __repr__(self) -> str:
        return f"Frame(type={self.get('type')!r})"


MAX_LINE = 65_536
"""The longest line, its end included, in bytes."""

_MAX_DEPTH = 16


def encode(frame: Frame) -> bytes:
    """The frame as a line."""
    return json.dumps(frame, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Frame:
    """Reads a line or a body.

    Errors quote nothing and carry no other error that does: the text may hold a code.
    """
    frame: Any = None
    if len(line) <= MAX_LINE:
        try:
            frame = json.loads(line.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
        except (ValueError, RecursionError):
            frame = None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str) or _depth(frame) > _MAX_DEPTH:
        raise OAuthRelayError("the relay sent something that is not a frame of its protocol")
    return Frame(frame)


def seconds(frame: Frame, name: str, default: float) -> float:
    """A member that is a duration; the default where it is missing or none."""
    value = frame.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1e6:
        return default
    return float(value)


def word(frame: Frame, name: str) -> str:
    """A member that is a text for a log or a person: short, and nothing in it that moves a terminal."""
    value = frame.get(name)
    text = value if isinstance(value, str) else ""
    return "".join(character for character in text[:300] if character.isprintable())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _refuse(_constant: str) -> NoReturn:
    raise ValueError


def _depth(value: Any) -> int:
    """How deep a value nests; not recursive, so that no depth is too much for it."""
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        value, depth = open_values.pop()
        if isinstance(value, (dict, list)):
            deepest = max(deepest, depth)
            inner = value.values() if isinstance(value, dict) else value
            open_values.extend((member, depth + 1) for member in inner)
    return deepest
