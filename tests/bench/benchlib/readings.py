"""The readings of a backlog: 500 devices in turn, a millisecond apart, from an hour ago on."""

from __future__ import annotations

import time

DEVICES = 500


class Readings:
    def __init__(self) -> None:
        self.begin_ms = int(time.time() * 1000) - 3600_000

    @staticmethod
    def device(number: int) -> str:
        return f"bench-{number % DEVICES}"

    def text(self, number: int) -> str:
        return (
            f'{{"device_id":"{self.device(number)}","ts":{self.begin_ms + number},'
            f'"temperature_c":{20 + number % 100 / 10},"humidity":{40 + number % 50 / 10},'
            f'"seq":{number}}}'
        )
