"""From the answer to a reading until the store has it, and the window that counts it."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pymongo
from support.ports import free_port
from support.wait import pace, wait_until

from . import server
from .goals import Row, at_most
from .server import Server

RATE, SECONDS, SENDERS = 200, 15, 4
SAMPLE = 8  # every eighth is looked for: more would be load of its own
PATIENCE_SECONDS = 10
WATCHERS = RATE // SAMPLE * PATIENCE_SECONDS  # at most so many are looked for at once
LOOK_SECONDS = 0.001  # finer than what is measured


def watch(db, device: str, accepted: float) -> float:
    """Milliseconds until the reading and its window are there."""
    for collection in (db.telemetry_raw, db.aggregated_data):
        wait_until(
            lambda rows=collection: rows.find_one({"device_id": device}, {"_id": 1}),
            PATIENCE_SECONDS,
            f"{device}, which was accepted, in {collection.name}",
            LOOK_SECONDS,
        )
    return (time.monotonic() - accepted) * 1000


def send(port: int, index: int, db, watchers: ThreadPoolExecutor) -> list[Future[float]]:
    """Sends on a fixed plan; each sampled reading is of a device of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    started, watched = time.monotonic(), []
    for n in range(RATE * SECONDS // SENDERS):
        pace(started + n * SENDERS / RATE)
        sampled = n % SAMPLE == index % SAMPLE
        device = f"fresh-{index}-{n if sampled else 'many'}"
        body = {"device_id": device, "temperature_c": 20, "humidity": 40, "seq": n}
        connection.request("POST", "/ingest", json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: a reading was not taken: {text!r}")
        if sampled:
            watched.append(watchers.submit(watch, db, device, time.monotonic()))
    connection.close()
    return watched


def play(build: Path, env: dict[str, str]) -> list[float]:
    name = f"fresh_{int(time.time())}"
    own = {"TELEMETRY_TOPIC": name, "MONGO_DB": name, "DLQ_TOPIC": name + ".dlq"}
    env, port = env | own, free_port()
    db = pymongo.MongoClient(env["MONGO_URL"])[name]
    front = server.ingest(build, env, "ingest-fresh")
    command = [str(build / "bin/weir-aggregator")]
    back = Server("aggregator-fresh", command, port, env | {"LISTEN": f"127.0.0.1:{port}"})
    try:
        back.wait("/readyz")
        with ThreadPoolExecutor(WATCHERS) as watchers, ThreadPoolExecutor(SENDERS) as senders:
            plans = [senders.submit(send, front.port, i, db, watchers) for i in range(SENDERS)]
            return sorted(watched.result() for plan in plans for watched in plan.result())
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
