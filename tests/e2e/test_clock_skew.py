"""How far the clocks of devices are off, as one histogram over all of them."""

from __future__ import annotations

import requests

from support import metrics_text
from support.daemon import Daemon
from support.readings import now_ms, reading
from support.stack import Stack

NAME = "weir_device_clock_skew_seconds"


def buckets(url: str) -> dict[str, float]:
    """Readings at or below each bound, in seconds; negative is a clock that is ahead."""
    samples = metrics_text.parse(requests.get(f"{url}/metrics", timeout=10).text)
    return {dict(s.labels)["le"]: s.value for s in samples if s.name == f"{NAME}_bucket"}


def test_each_reading_falls_where_its_clock_is(stack: Stack, device: str) -> None:
    with Daemon(stack, "ingest") as daemon:
        daemon.start()
        ahead, right, behind = -120_000, 0, 7_200_000
        times = [now_ms() - skew for skew in (ahead, right, behind)]
        items = [reading(device, ts) for ts in times]
        assert send(daemon, items) == 202
        unstamped = reading(f"{device}-unstamped")
        del unstamped["ts"]  # the server's own clock tells nothing
        assert send(daemon, [unstamped]) == 202
        assert send(daemon, [reading(device) | {"humidity": "wet"}]) == 422
        found = buckets(daemon.url)
    assert (found["-300"], found["-60"], found["-1"]) == (0, 1, 1)
    assert (found["3600"], found["86400"], found["+Inf"]) == (2, 3, 3)


def send(daemon: Daemon, items: list[dict]) -> int:
    return requests.post(f"{daemon.url}/api/v1/readings", json=items, timeout=15).status_code
