"""A fleet of devices: most are well, some too hot, some send everything twice, some send late."""

from __future__ import annotations

import http.client
import json
import math
import queue
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

KINDS = ("well", "hot", "double", "late")
LATE_S = 2 * 3600


@dataclass
class Device:
    name: str
    kind: str
    seq: int = 0


@dataclass
class Answer:
    """One request: which reading, how it ended, how long it took since it was due."""

    body: dict
    status: int
    latency_s: float
    answered_at: float  # time.monotonic()


@dataclass
class Journal:
    answers: list[Answer] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, answer: Answer) -> None:
        with self.lock:
            self.answers.append(answer)

    def accepted(self) -> list[Answer]:
        return [a for a in self.answers if a.status == 200]


def make_fleet(run: str, size: int) -> list[Device]:
    """A tenth of the fleet is hot, a tenth doubles, a tenth is late, the others are well."""
    tenth = max(1, size // 10)
    kinds = ["hot"] * tenth + ["double"] * tenth + ["late"] * tenth
    kinds += ["well"] * (size - len(kinds))
    return [Device(f"{run}-{kind}-{i:02d}", kind) for i, kind in enumerate(kinds)]


def reading(device: Device, now: float, progress: float, noise: random.Random) -> dict:
    """What the device says at `now` (epoch seconds); `progress` runs from 0 to 1 over the demo."""
    device.seq += 1
    temperature = 21 + 3 * math.sin(now / 7 + len(device.name)) + noise.gauss(0, 0.2)
    if device.kind == "hot" and 0.2 < progress < 0.7:
        temperature += 45  # too hot for half of the time, then well again
    ts = now - LATE_S if device.kind == "late" else now
    return {
        "device_id": device.name,
        "ts": datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "temperature_c": round(temperature, 2),
        "humidity": round(45 + noise.gauss(0, 2), 1),
        "seq": device.seq,
    }


class Sender(threading.Thread):
    """One connection; takes what is due from the queue and notes the answer."""

    def __init__(self, url: str, due: queue.Queue, journal: Journal) -> None:
        super().__init__(daemon=True)
        self.host = urlsplit(url).netloc
        self.due, self.journal = due, journal

    def run(self) -> None:
        connection = http.client.HTTPConnection(self.host, timeout=15)
        while (item := self.due.get()) is not None:
            due_at, body = item
            status = self.post(connection, body)
            now = time.monotonic()
            self.journal.add(Answer(body, status, now - due_at, now))
        connection.close()

    def post(self, connection: http.client.HTTPConnection, body: dict) -> int:
        try:
            connection.request(
                "POST", "/ingest", json.dumps(body), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            response.read()
            return response.status
        except OSError:
            connection.close()
            return 0


def run_fleet(
    url: str, fleet: list[Device], seconds: float, rate: float, tick, answers: list[Answer]
) -> Journal:
    """Sends `rate` readings a second for each device, on schedule whatever the answers do; every
    answer is appended to `answers` as it comes."""
    journal, due, noise = Journal(answers), queue.Queue(), random.Random(1)
    senders = [Sender(url, due, journal) for _ in range(8)]
    for sender in senders:
        sender.start()
    start, total = time.monotonic(), int(seconds * rate * len(fleet))
    for i in range(total):
        at = start + i / (rate * len(fleet))
        if (wait := at - time.monotonic()) > 0:
            time.sleep(wait)
        device = fleet[i % len(fleet)]
        body = reading(device, time.time(), i / total, noise)
        for _ in range(2 if device.kind == "double" else 1):
            due.put((at, body))
        if i % 50 == 0:
            tick(i / total, len(journal.answers))
    for _ in senders:
        due.put(None)
    for sender in senders:
        sender.join()
    return journal
