"""From the answer to a reading until the store has it, and the window that counts it."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from pathlib import Path

import pymongo

from . import machine, server
from .goals import Row, at_most
from .server import Server

RATE, SECONDS, THREADS = 200, 15, 4
SAMPLE = 8  # every eighth is looked for: more would be load of its own
PATIENCE_SECONDS = 10


class Sender(threading.Thread):
    """Sends on a fixed plan; each sampled reading is of a device of its own."""

    def __init__(self, port: int, index: int, db) -> None:
        super().__init__()
        self.port, self.index, self.db = port, index, db
        self.took_ms: list[float] = []
        self.watchers: list[threading.Thread] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        started = time.monotonic()
        for n in range(RATE * SECONDS // THREADS):
            time.sleep(max(0.0, started + n * THREADS / RATE - time.monotonic()))
            sampled = n % SAMPLE == self.index % SAMPLE
            device = f"fresh-{self.index}-{n if sampled else 'many'}"
            body = {"device_id": device, "temperature_c": 20, "humidity": 40, "seq": n}
            connection.request("POST", "/ingest", json.dumps(body))
            if connection.getresponse().read() and sampled:
                watcher = threading.Thread(target=self.watch, args=(device, time.monotonic()))
                watcher.start()
                self.watchers.append(watcher)
        connection.close()
        for watcher in self.watchers:
            watcher.join()

    def watch(self, device: str, accepted: float) -> None:
        wanted = {"device_id": device}
        for collection in (self.db.telemetry_raw, self.db.aggregated_data):
            while not collection.find_one(wanted, {"_id": 1}):
                if time.monotonic() > accepted + PATIENCE_SECONDS:
                    raise SystemExit(f"bench: {device} was accepted and cannot be found")
                time.sleep(0.001)
        self.took_ms.append((time.monotonic() - accepted) * 1000)


def play(build: Path, env: dict[str, str]) -> list[float]:
    name = f"fresh_{int(time.time())}"
    own = {"TELEMETRY_TOPIC": name, "MONGO_DB": name, "DLQ_TOPIC": name + ".dlq"}
    env, port = env | own, machine.free_port()
    db = pymongo.MongoClient(env["MONGO_URL"])[name]
    front = server.ingest(build, env, "ingest-fresh")
    command = [str(build / "bin/weir-aggregator")]
    back = Server("aggregator-fresh", command, port, env | {"LISTEN": f"127.0.0.1:{port}"})
    try:
        back.wait("/readyz")
        senders = [Sender(front.port, i, db) for i in range(THREADS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        return sorted(ms for sender in senders for ms in sender.took_ms)
    finally:
        front.stop()
        back.stop()
        db.client.drop_database(name)


def measure(build: Path, env: dict[str, str]) -> list[Row]:
    took = play(build, env)
    half, p99 = statistics.median(took), took[len(took) * 99 // 100]
    work = f"accepted to queryable, window too, {RATE} readings/s"
    return [
        at_most(f"{work}, median", "at most 50 ms", half, 50, f"{half:.1f} ms"),
        at_most(f"{work}, p99", "at most 250 ms", p99, 250, f"{p99:.1f} ms of {len(took)}"),
    ]
