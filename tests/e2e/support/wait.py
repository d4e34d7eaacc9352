"""Waiting for a condition, with a deadline and a description of what was missing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T],
    deadline_s: float,
    describe: str | Callable[[], object],
    interval_s: float = 0.03,
) -> T:
    """Returns the first truthy value of condition(); after the deadline says what it waited for."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = describe if isinstance(describe, str) else describe()
            raise AssertionError(f"not within {deadline_s:g} s: {text} (last: {value!r})")
        time.sleep(interval_s)
