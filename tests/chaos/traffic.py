"""What is sent while things go wrong: readings, some of them twice, and poison."""

from __future__ import annotations

import http.client
import json
import random
from pathlib import Path

from confluent_kafka import Producer
from support.load import OK, Load, Request
from support.log import RAW
from support.workers import Workers
from yard import Yard

AGAIN = 0.1  # share of the readings that are sent once more after they were accepted
POISON_EVERY_S = 0.4


class Devices(Load):
    """Devices that now and then send again what was accepted long ago."""

    def _send(self, connection: http.client.HTTPConnection, request: Request) -> None:
        super()._send(connection, request)
        rng = random.Random(len(self.requests))
        if rng.random() < AGAIN:
            with self._lock:
                old = rng.choice(self.requests)
            if old.outcome == OK:
                super()._send(connection, Request(old.reading))

    def save(self, path: Path) -> None:
        """For who looks into a run that failed."""
        with self._lock, path.open("w") as file:
            for request in self.requests:
                outcomes = [attempt.outcome for attempt in request.attempts]
                print(json.dumps({"reading": request.reading, "outcomes": outcomes}), file=file)


class Poison(Workers):
    """Records that no aggregator can read, straight into the log."""

    def __init__(self, yard: Yard) -> None:
        self.producer = Producer(
            {"bootstrap.servers": yard.kafka, "enable.idempotence": True, "log_level": 0}
        )
        super().__init__([self._run])

    def stop(self) -> None:
        super().stop()
        assert self.producer.flush(60) == 0, "the poison was not taken"

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(POISON_EVERY_S):
            number += 1
            value = (
                f'{{"device_id":"poison-{number}",',
                f'{{"device_id":"poison-{number}","ts":"yesterday","temperature_c":1,"humidity":2}}',
                f'["poison-{number}"]',
                b"\xff\xfe poison",
            )[number % 4]
            self.producer.produce(RAW, value, key=f"poison-{number}")
            self.producer.poll(0)
