"""Ids of new items: UUID version 7 (RFC 9562), whose order as text is the order in which one process made them."""

from __future__ import annotations

import secrets
import threading
import time

_COUNTER_BITS = 74  # what version 7 leaves after the time, the version and the variant


class _Clock:
    """The last id of this process, so that the next one is greater even within one millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._counter = 0

    def tick(self) -> tuple[int, int]:
        now = time.time_ns() // 1_000_000
        with self._lock:
            if now > self._milliseconds:
                self._milliseconds = now
                self._counter = secrets.randbits(_COUNTER_BITS - 1)  # the upper half is room to count
            else:
                self._counter += 1 + secrets.randbits(32)
                if self._counter >> _COUNTER_BITS:
                    self._milliseconds += 1
                    self._counter = secrets.randbits(_COUNTER_BITS - 1)
            return self._milliseconds, self._counter


_clock = _Clock()


def uuid7() -> str:
    """Return a new UUIDv7 as text, greater than every one that this process made before."""
    milliseconds, counter = _clock.tick()
    number = milliseconds << 80 | 0x7 << 76 | (counter >> 62) << 64 | 0b10 << 62 | counter & (1 << 62) - 1
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
