"""The aggregator: a backlog of readings, from its start to the last one in the ledger."""

from __future__ import annotations

import time
from pathlib import Path

import pymongo
from confluent_kafka import Producer

from . import machine
from .goals import Row
from .server import Server

LIMIT_SECONDS = 120


def produce(servers: str, topic: str, count: int) -> None:
    producer = Producer(
        {"bootstrap.servers": servers, "linger.ms": 20, "queue.buffering.max.messages": 1000000}
    )
    start_ms = int(time.time() * 1000) - 3600_000
    for i in range(count):
        device = f"bench-{i % 500}"
        value = (
            f'{{"device_id":"{device}","ts":{start_ms + i},"temperature_c":{20 + i % 100 / 10},'
            f'"humidity":{40 + i % 50 / 10},"seq":{i}}}'
        )
        producer.produce(topic, value, key=device)
        if i % 10000 == 0:
            producer.poll(0)
    producer.flush(60)


def wait_ledger(db, readings: int) -> int:
    started = time.monotonic()
    accounted = 0
    while accounted < readings:
        if time.monotonic() - started > LIMIT_SECONDS:
            raise SystemExit(f"bench: the aggregator took only {accounted} of {readings} readings")
        time.sleep(0.05)
        accounted = sum(d["next_offset"] - d["first"] for d in db.ledger.find())
    return accounted


def measure(build: Path, env: dict[str, str], readings: int) -> list[Row]:
    db_name = topic = f"bench_{int(time.time())}"
    port = machine.free_port()
    own = {"TELEMETRY_TOPIC": topic, "MONGO_DB": db_name, "LISTEN": f"127.0.0.1:{port}"}
    env = env | own | {"DLQ_TOPIC": topic + ".dlq"}
    command = [str(build / "bin/weir-aggregator")]
    # A first, empty run makes the topic; the backlog comes after it.
    Server("aggregator", command, port, env).wait("/readyz").stop()
    produce(env["KAFKA_BOOTSTRAP_SERVERS"], topic, readings)
    db = pymongo.MongoClient(env["MONGO_URL"])[db_name]
    started = time.monotonic()
    server = Server("aggregator", command, port, env)
    try:
        accounted = wait_ledger(db, readings)
        seconds = time.monotonic() - started
        cpu_us = machine.cpu_seconds(server.pid) / accounted * 1e6
        resident = machine.memory_mib(server.pid, "VmHWM")
    finally:
        server.stop()
    db.client.drop_database(db_name)
    measured = f"{accounted / seconds:.0f} readings/s, {cpu_us:.2f} us each, {resident:.0f} MiB"
    return [Row(f"aggregator, a backlog of {readings}, start included", "-", measured)]
