"""Clients behind a load balancer: they send to an instance that says it is ready, and go elsewhere
when an answer says "Connection: close"."""

from __future__ import annotations

import http.client
import itertools
import json
from collections import Counter
from functools import partial
from urllib.parse import urlsplit

from .readings import now_ms, reading
from .stack import is_ready
from .workers import Workers

PROBE_S = 0.05
REQUESTS_A_CONNECTION = 40  # then another instance may be picked


class Balancer(Workers):
    """Knows which instances are ready, from a probe every 50 ms."""

    def __init__(self, urls: list[str]) -> None:
        self.ready = {urlsplit(url).netloc: True for url in urls}
        self._turn = itertools.count()
        super().__init__(partial(self._probe, url) for url in urls)

    def _probe(self, url: str) -> None:
        while not self._stop.wait(PROBE_S):
            self.ready[urlsplit(url).netloc] = is_ready(url)

    def pick(self) -> str | None:
        """None while nobody is ready."""
        able = [address for address, ready in self.ready.items() if ready]
        return able[next(self._turn) % len(able)] if able else None


class Clients(Workers):
    """Each sends readings of its own over a kept connection, and none a second time. Every other one
    looks at readiness before each request, the rest only before they connect."""

    def __init__(self, balancer: Balancer, prefix: str, count: int, pause_s: float = 0.02) -> None:
        self.balancer, self.prefix, self.pause_s = balancer, prefix, pause_s
        self.accepted: list[tuple[str, int]] = []  # (device, seq); list.append is atomic
        self.failures: list[str] = []
        self.closes = 0
        self.served: Counter[str] = Counter()
        super().__init__(partial(self._run, i) for i in range(count))

    def _run(self, index: int) -> None:
        device, careful = f"{self.prefix}-{index}", index % 2 == 0
        address, connection = None, None
        for n in itertools.count():
            if self._stop.wait(self.pause_s):
                break
            stale = careful and address and not self.balancer.ready[address]
            worn = n % REQUESTS_A_CONNECTION == 0
            if connection is None or connection.sock is None or stale or worn:
                if connection:
                    connection.close()
                    connection = None
                address = self.balancer.pick()
                if address is None:
                    continue
                connection = http.client.HTTPConnection(address, timeout=20)
            self._send(connection, address, reading(device, now_ms(), 20, seq=n))
        if connection:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, address: str, item: dict) -> None:
        headers = {"Content-Type": "application/json"}
        try:
            connection.request("POST", "/ingest", json.dumps(item), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{address} {item['device_id']} {item['seq']}: {error!r}")
            connection.close()
            return
        if answer.status != 200:
            self.failures.append(f"{address}: {answer.status} {body!r}")
            return
        self.accepted.append((item["device_id"], item["seq"]))
        self.served[address] += 1
        self.closes += answer.will_close
