"""Load with a memory: threads that send readings and note what became of every request."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from .readings import id_of, now_ms, reading
from .workers import Workers

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"


@dataclass
class Attempt:
    outcome: str
    status: int | None  # None: no answer
    took_s: float
    ended: float  # time.monotonic()


@dataclass
class Request:
    """One reading and all attempts to send it."""

    reading: dict
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        outcomes = {attempt.outcome for attempt in self.attempts}
        return OK if OK in outcomes else REFUSED if REFUSED in outcomes else UNKNOWN


def gentle(device: str, n: int, ts_ms: int, rng: random.Random) -> dict:
    """Numbers within every threshold, whose sums show whether they were added exactly."""
    return reading(
        device,
        ts_ms,
        round(rng.uniform(-9, 49), 3),
        humidity=round(rng.uniform(1, 99), 2),
        pressure_hpa=1013 + rng.random(),
        battery_level=rng.randint(20, 100),
        seq=n,
    )


def swinging(device: str, n: int, ts_ms: int, rng: random.Random) -> dict:
    """In and out of every threshold: many short episodes."""
    temperature = rng.choice((20, 20, 50, 55.5, 60, 65.25, -10, -11, -14))
    humidity = rng.choice((48, 48, 48, 101, 0, -25))
    return reading(device, ts_ms, temperature, humidity=humidity, seq=n)


class Load(Workers):
    """Sends `rate` readings a second until stopped. What was not answered with 2xx or 4xx is sent
    again, as a device does, so that a reading is unknown only when the load ended first."""

    def __init__(
        self,
        url: str,
        prefix: str,
        make: Callable[[str, int, int, random.Random], dict] = gentle,
        threads: int = 4,
        devices: int = 4,
        rate: float = 200,
        seed: int = 1,
        age_ms: int = 1_800_000,
        step_ms: int = 100,
    ) -> None:
        super().__init__(partial(self._run, index) for index in range(threads))
        self.address = urlsplit(url).netloc
        self.prefix, self.make, self.seed = prefix, make, seed
        self.devices, self.pause_s = devices, threads / rate
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._base_ms, self.step_ms = now_ms() - age_ms, step_ms

    # --- what is known of it -----------------------------------------------------------------

    def attempts(self) -> list[Attempt]:
        with self._lock:
            return [attempt for request in self.requests for attempt in request.attempts]

    def accepted(self) -> int:
        """Readings that got a 2xx so far."""
        with self._lock:
            return sum(request.outcome == OK for request in self.requests)

    def readings(self, outcome: str) -> dict[str, dict]:
        """By reading id."""
        with self._lock:
            chosen = [r.reading for r in self.requests if r.outcome == outcome]
        return {id_of(item): item for item in chosen}

    # --- the sending -------------------------------------------------------------------------

    def _run(self, index: int) -> None:
        rng = random.Random(self.seed * 1000 + index)
        connection = http.client.HTTPConnection(self.address, timeout=20)
        due, n = time.monotonic(), 0
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            # Behind after an outage: go on from now, do not make up for it in one burst.
            due = max(due, time.monotonic() - 1) + self.pause_s
            request = Request(self._make(index, n, rng))
            n += 1
            with self._lock:
                self.requests.append(request)
            self._send(connection, request)
        connection.close()

    def _make(self, index: int, n: int, rng: random.Random) -> dict:
        """Each thread has devices of its own, and each device's time always goes forward."""
        device = f"{self.prefix}-{index}-{n % self.devices}"
        return self.make(device, n, self._base_ms + n * self.step_ms, rng)

    def _send(self, connection: http.client.HTTPConnection, request: Request) -> None:
        while True:
            attempt = self._attempt(connection, request.reading)
            with self._lock:
                request.attempts.append(attempt)
            if attempt.outcome != UNKNOWN or self._stop.wait(0.1):
                return

    def _attempt(self, connection: http.client.HTTPConnection, item: dict) -> Attempt:
        begun = time.monotonic()
        status = None
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/ingest", json.dumps(item), headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request opens it again
        ended = time.monotonic()
        return Attempt(_outcome(status), status, ended - begun, ended)


def _outcome(status: int | None) -> str:
    if status == 200:
        return OK
    return REFUSED if status is not None and 400 <= status < 500 else UNKNOWN


def check_delivery(load: Load, stored: dict[str, dict]) -> None:
    """No loss, no phantom, and what is stored is what was sent."""
    accepted, unknown = load.readings(OK), load.readings(UNKNOWN)
    assert accepted, "the load got nothing through"
    assert not load.readings(REFUSED)
    assert not (lost := accepted.keys() - stored.keys()), f"{len(lost)} lost: {sorted(lost)[:3]}"
    phantoms = stored.keys() - accepted.keys() - unknown.keys()
    assert not phantoms, f"{len(phantoms)} that nobody sent: {sorted(phantoms)[:3]}"
    for key, document in stored.items():
        sent = accepted.get(key) or unknown[key]
        for name in ("device_id", "temperature_c", "humidity", "seq"):
            assert document[name] == sent[name], f"{document} of {sent}"
