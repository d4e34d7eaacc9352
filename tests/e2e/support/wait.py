"""Waiting: for a condition, with a deadline and a description of what was missing; or for time to
pass, where time is what is meant. Nothing else in the tests sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL_S = 0.03


def came_true(condition: Callable[[], T], deadline_s: float, interval_s: float = INTERVAL_S) -> T:
    """The first truthy value of condition(), or the last one before the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(interval_s)


def wait_until(
    condition: Callable[[], T],
    deadline_s: float,
    describe: str | Callable[[], object],
    interval_s: float = INTERVAL_S,
) -> T:
    """The same where it must come true: after the deadline it says what it waited for."""
    value = came_true(condition, deadline_s, interval_s)
    if value:
        return value
    text = describe if isinstance(describe, str) else describe()
    raise AssertionError(f"not within {deadline_s:g} s: {text} (last: {value!r})")


def let_pass(seconds: float) -> None:
    """The distance of two samples, how long a fault lasts: no condition would end it earlier."""
    time.sleep(seconds)


def pace(due: float) -> None:
    """Until a moment of time.monotonic() at which something is to be sent; at once when it is past."""
    time.sleep(max(0.0, due - time.monotonic()))
