"""What a program had, kept where a SIGKILL cannot take it.

A program writes into a mapping that it shares with the herd. A line is received by `recv_into` straight into it: the
kernel copies within the system call, which a SIGKILL does not cut short, so the bytes are either here and gone from the
socket, or neither.
"""

import mmap
import struct
from typing import Optional

STEPS = (
    "unborn",
    "born",  # runs
    "connected",
    "registering",  # sent a part of REGISTER
    "asked",  # sent REGISTER
    "registered",  # protocol 2: read REGISTERED
    "arrived",  # the line lies in the kernel, unread
    "reading",  # read a part of the line
    "read",  # read the line; under protocol 2 it is put away
    "acknowledging",  # protocol 2: sent a part of ACK
    "acknowledged",  # protocol 2: sent ACK
    "told",  # protocol 2: read CLOSE
    "closed",
)

PAGE = 4096
LINES = 7 * PAGE
SIZE = PAGE + LINES
_STEP, _KEPT, _FAULT = 0, 8, 16
_FAULT_LENGTH = 1024


class Evidence:
    """That of one program; made before the program is."""

    def __init__(self) -> None:
        self._mapping = mmap.mmap(-1, SIZE)
        self.received = 0
        """Counted by the program alone; whoever outlives it asks `lines`."""

    def prepare(self) -> None:
        """Has every page there, so that receiving never waits for one."""
        for start in range(0, SIZE, PAGE):
            self._mapping[start] = 0

    def reach(self, step: str) -> None:
        self._mapping[_STEP] = STEPS.index(step)

    @property
    def step(self) -> str:
        return STEPS[self._mapping[_STEP]]

    def has_reached(self, step: str) -> bool:
        return self._mapping[_STEP] >= STEPS.index(step)

    def keep(self, now: float) -> None:
        """Protocol 2: the callback is put away; from here on the program can acknowledge it."""
        struct.pack_into("d", self._mapping, _KEPT, now)

    @property
    def kept(self) -> Optional[float]:
        (moment,) = struct.unpack_from("d", self._mapping, _KEPT)
        return float(moment) or None

    def fail(self, fault: str) -> None:
        text = fault.encode()[-_FAULT_LENGTH:]
        self._mapping[_FAULT : _FAULT + len(text)] = text

    @property
    def fault(self) -> str:
        return self._mapping[_FAULT : _FAULT + _FAULT_LENGTH].partition(b"\0")[0].decode(errors="replace")

    def room(self, most: int) -> memoryview:
        """Where the next bytes go."""
        start = PAGE + self.received
        return memoryview(self._mapping)[start : min(start + most, SIZE)]

    def line(self, start: int) -> Optional[bytes]:
        """The line that begins there, if it is whole."""
        end = self._mapping.find(b"\n", PAGE + start, PAGE + self.received)
        return None if end < 0 else self._mapping[PAGE + start : end + 1]

    @property
    def lines(self) -> str:
        """Everything that was received. JSON has no NUL."""
        return self._mapping[PAGE:SIZE].partition(b"\0")[0].decode("latin-1")
