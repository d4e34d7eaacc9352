"""Threads for as long as a block lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Self


class Workers:
    """Threads that work within a `with` block or until stop(); each looks at `_stop` itself."""

    def __init__(self, works: Iterable[Callable[[], None]]) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work) for work in works]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
