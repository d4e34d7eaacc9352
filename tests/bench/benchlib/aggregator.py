"""The aggregator: a backlog of readings, from its start to the last one in the ledger."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pymongo
from confluent_kafka import Producer

from . import freshness, machine
from .goals import Row, at_most
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


def alone(build: Path, *words: str | int) -> float:
    """Processor time of a reading, in microseconds."""
    command = [str(build / "bench/bench_aggregator"), *map(str, words)]
    return machine.run_json(command, machine.MEASURED)["cpu_us"]


class Daemon:
    """weir-aggregator with a topic and a database of its own."""

    def __init__(self, build: Path, env: dict[str, str], name: str) -> None:
        self.name = f"{name}_{int(time.time())}"
        self.port = machine.free_port()
        self.command = [str(build / "bin/weir-aggregator")]
        own = {"TELEMETRY_TOPIC": self.name, "MONGO_DB": self.name}
        self.env = env | own | {"DLQ_TOPIC": self.name + ".dlq"}
        self.db = pymongo.MongoClient(env["MONGO_URL"])[self.name]
        # A first, empty run makes the topic; whatever is sent comes after it.
        self.start().wait("/readyz").stop()

    def start(self) -> Server:
        env = self.env | {"LISTEN": f"127.0.0.1:{self.port}"}
        return Server("aggregator", self.command, self.port, env)

    def drop(self) -> None:
        self.db.client.drop_database(self.name)


def backlog(daemon: Daemon, readings: int) -> dict[str, float]:
    started = time.monotonic()
    server = daemon.start()
    try:
        accounted = wait_ledger(daemon.db, readings)
        return {
            "seconds": time.monotonic() - started,
            "cpu_us": machine.cpu_seconds(server.pid) / accounted * 1e6,
            "mib": machine.memory_mib(server.pid, "VmHWM"),
        }
    finally:
        server.stop()


def cost_rows(build: Path, daemon: Daemon, cpu_us: float, readings: int, rounds: int) -> list[Row]:
    """The daemon and its pipeline against the bare calls that nobody can do without."""
    servers, store = daemon.env["KAFKA_BOOTSTRAP_SERVERS"], daemon.env["MONGO_URL"]
    parts: dict[str, list[float]] = {"consume": [], "windows": [], "insert": [], "table": []}
    for _ in range(rounds):
        for mode in ("consume", "windows"):
            parts[mode].append(alone(build, mode, servers, daemon.name, readings))
        parts["insert"].append(alone(build, "insert", store, daemon.name, readings))
        parts["table"].append(alone(build, "table", 500, readings))
    bare = {mode: statistics.median(values) for mode, values in parts.items()}
    windows = bare["windows"] / bare["consume"]
    sum_us = bare["consume"] + bare["insert"] + bare["table"]
    whole = cpu_us / sum_us
    return [
        at_most(
            "aggregator, windows only, against a bare consume loop",
            "at most 2.2 times",
            windows,
            2.2,
            f"{windows:.2f} times ({bare['windows']:.2f} us, {bare['consume']:.2f} us)",
        ),
        at_most(
            "aggregator, against consume + decode + insert + table",
            "at most 1.4 times",
            whole,
            1.4,
            f"{whole:.2f} times ({cpu_us:.2f} us, {bare['consume']:.2f} + {bare['insert']:.2f} + "
            f"{bare['table']:.2f} us)",
        ),
    ]


def scale_row(build: Path) -> Row:
    """A steady state: every device has open windows, and any of them may speak next."""
    cost = {n: alone(build, "memory", n, 1_000_000) for n in (1000, 30_000, 1_000_000)}
    ratio = max(cost.values()) / min(cost.values())
    text = ", ".join(f"{us:.2f} us at {n:,}" for n, us in cost.items())
    return at_most(
        "aggregator, a reading by devices", "at most 1.15 times", ratio, 1.15, f"{ratio:.2f}: {text}"
    )


def kill_row(daemon: Daemon, readings: int) -> Row:
    """Killed with a quarter done; the broker misses the dead one only after its session ended."""
    server = daemon.start()
    wait_ledger(daemon.db, readings // 4)
    server.process.kill()
    server.process.wait()
    started = time.monotonic()
    server = daemon.start()
    try:
        wait_ledger(daemon.db, readings)
        seconds = time.monotonic() - started
    finally:
        server.stop()
    work = f"aggregator, the rest of {readings} after a kill -9"
    return Row(work, "-", f"{seconds:.1f} s, up to 6 of them the session of the dead one")


def measure(build: Path, env: dict[str, str], readings: int, rounds: int) -> list[Row]:
    daemon = Daemon(build, env, "bench")
    produce(env["KAFKA_BOOTSTRAP_SERVERS"], daemon.name, readings)
    done = backlog(daemon, readings)
    measured = (
        f"{readings / done['seconds']:.0f} readings/s, {done['cpu_us']:.2f} us each, "
        f"{done['mib']:.0f} MiB"
    )
    rows = [Row(f"aggregator, a backlog of {readings}, start included", "-", measured)]
    rows += cost_rows(build, daemon, done["cpu_us"], readings, rounds)
    daemon.drop()
    killed = Daemon(build, env, "killed")
    produce(env["KAFKA_BOOTSTRAP_SERVERS"], killed.name, readings)
    rows.append(kill_row(killed, readings))
    killed.drop()
    return [*rows, scale_row(build), *freshness.measure(build, env)]
