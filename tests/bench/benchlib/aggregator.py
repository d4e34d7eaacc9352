"""The aggregator: a backlog of readings, from its start to the last one in the ledger."""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

import pymongo
from confluent_kafka import Producer
from support.ports import free_port
from support.wait import wait_until

from . import freshness, machine
from .goals import Row, at_most
from .readings import Readings
from .server import Server

LIMIT_SECONDS = 120
TICK_SECONDS = 0.01  # of a feeder


class Source:
    """Puts readings straight into the log."""

    def __init__(self, servers: str, topic: str) -> None:
        self.topic, self.made, self.readings = topic, 0, Readings()
        self.producer = Producer(
            {"bootstrap.servers": servers, "linger.ms": 20, "queue.buffering.max.messages": 1000000}
        )

    def send(self, count: int) -> None:
        for i in range(self.made, self.made + count):
            device = self.readings.device(i)
            self.producer.produce(self.topic, self.readings.text(i), key=device)
        self.producer.poll(0)
        self.made += count


def produce(servers: str, topic: str, count: int) -> None:
    source = Source(servers, topic)
    for at in range(0, count, 10000):
        source.send(min(10000, count - at))
    source.producer.flush(60)


class Feeder(threading.Thread):
    """Sends `rate` readings a second until stop()."""

    def __init__(self, servers: str, topic: str, rate: float) -> None:
        super().__init__()
        self.source, self.rate = Source(servers, topic), rate
        self.ended = threading.Event()
        self.start()

    def run(self) -> None:
        started = time.monotonic()
        while not self.ended.wait(TICK_SECONDS):
            due = int((time.monotonic() - started) * self.rate)
            self.source.send(due - self.source.made)

    def stop(self) -> None:
        self.ended.set()
        self.join()
        self.source.producer.flush(60)


def in_ledger(db) -> int:
    return sum(d["next_offset"] - d["first"] for d in db.ledger.find())


def wait_ledger(db, readings: int) -> int:
    def enough() -> int:
        found = in_ledger(db)
        return found if found >= readings else 0

    return wait_until(enough, LIMIT_SECONDS, f"{readings} readings in the ledger")


def run_alone(build: Path, *words: str | int) -> dict:
    command = [str(build / "bench/bench_aggregator"), *map(str, words)]
    return machine.run_json(command, machine.MEASURED)


def alone(build: Path, *words: str | int) -> float:
    """Processor time of a reading, in microseconds."""
    return run_alone(build, *words)["cpu_us"]


class Daemon:
    """weir-aggregator with a topic and a database of its own."""

    def __init__(self, build: Path, env: dict[str, str], name: str) -> None:
        self.name = f"{name}_{int(time.time())}"
        self.port = free_port()
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


def service_pid(name: str) -> int:
    return int((machine.RUN / f"{name}.pid").read_text().split()[0])


def backlog(daemon: Daemon, readings: int) -> dict:
    """As a whole, and from the first reading in the ledger on: who is busy then."""
    started = time.monotonic()
    server = daemon.start()
    pids = {"store": service_pid("store"), "broker": service_pid("kafka"), "aggregator": server.pid}
    try:
        first, begun = wait_ledger(daemon.db, 1), time.monotonic()
        cpu = {name: machine.cpu_seconds(pid) for name, pid in pids.items()}
        accounted = wait_ledger(daemon.db, readings)
        seconds = time.monotonic() - begun
        busy = {name: (machine.cpu_seconds(pid) - cpu[name]) / seconds for name, pid in pids.items()}
        return {
            "seconds": time.monotonic() - started,
            "cpu_us": machine.cpu_seconds(server.pid) / accounted * 1e6,
            "mib": machine.memory_mib(server.pid, "VmHWM"),
            "sustained": (accounted - first) / seconds,
            "busy": busy,
        }
    finally:
        server.stop()


def sustained_row(done: dict) -> Row:
    busy = done["busy"]
    shares = ", ".join(f"{name} {share:.2f}" for name, share in busy.items())
    return at_most(
        "aggregator, sustained, and who is busy",
        "less than the store",
        busy["aggregator"],
        busy["store"],
        f"{done['sustained']:.0f} readings/s; processors: {shares}",
    )


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


DEVICES = (1000, 30_000, 1_000_000)


def scale_row(build: Path, each: int) -> Row:
    """Every device has its turn once a minute, and says so much then: as many windows for each
    reading, however many devices there are."""
    cost = {n: alone(build, "memory", n, each, 2_000_000) for n in DEVICES}
    ratio = max(cost.values()) / min(cost.values())
    text = ", ".join(f"{us:.2f} us at {n:,}" for n, us in cost.items())
    work = f"aggregator, a reading by devices, {each} a window"
    return at_most(work, "at most 1.15 times", ratio, 1.15, f"{ratio:.2f}: {text}")


def crowd_rows(build: Path) -> list[Row]:
    """A million readings of one minute, of any of so many devices: the more devices, the fewer
    readings for each window, and the more writes."""
    done = {n: run_alone(build, "memory", n, 0, 1_000_000) for n in (1000, 10_000, 100_000, 1_000_000)}
    cost = ", ".join(f"{d['cpu_us']:.2f} us" for d in done.values())
    writes = ", ".join(f"{d['writes']:.3f}" for d in done.values())
    work = "aggregator, 1000, 100, 10 and 1 readings a window at random"
    return [Row(f"{work}: a reading", "-", cost), Row(f"{work}: window writes a reading", "-", writes)]


def kill_row(daemon: Daemon, rate: float) -> Row:
    """Killed while it keeps up with a third of what it could, for who feeds it takes a share of the same
    processors; an outage lasts until it counts again."""
    server = daemon.start()
    feeder = Feeder(daemon.env["KAFKA_BOOTSTRAP_SERVERS"], daemon.name, rate)

    def keeps_up() -> bool:
        return in_ledger(daemon.db) >= feeder.source.made - rate

    def under_load() -> bool:
        return feeder.source.made > 2 * rate and keeps_up()

    def counts_again() -> bool:
        return in_ledger(daemon.db) > before

    try:
        wait_until(under_load, LIMIT_SECONDS, "two seconds of load, kept up with")
        server.process.kill()
        server.process.wait()
        killed, before = time.monotonic(), in_ledger(daemon.db)
        server = daemon.start()
        wait_until(counts_again, LIMIT_SECONDS, "counting again after a kill")
        back = time.monotonic()
        wait_until(keeps_up, LIMIT_SECONDS, "caught up after a kill")
        outage, again = back - killed, time.monotonic() - back
    finally:
        feeder.stop()
        server.stop()
    return at_most(
        f"aggregator, kill -9 at {rate:.0f} readings/s",
        "caught up in the time of the outage",
        again,
        outage,
        f"{again:.1f} s after {outage:.1f} s, up to 6 of them the session of the dead one",
    )


def measure(build: Path, env: dict[str, str], readings: int, rounds: int) -> list[Row]:
    daemon = Daemon(build, env, "bench")
    produce(env["KAFKA_BOOTSTRAP_SERVERS"], daemon.name, readings)
    done = backlog(daemon, readings)
    measured = (
        f"{readings / done['seconds']:.0f} readings/s, {done['cpu_us']:.2f} us each, "
        f"{done['mib']:.0f} MiB"
    )
    rows = [Row(f"aggregator, a backlog of {readings}, start included", "-", measured)]
    rows.append(sustained_row(done))
    rows += cost_rows(build, daemon, done["cpu_us"], readings, rounds)
    daemon.drop()
    killed = Daemon(build, env, "killed")
    rows.append(kill_row(killed, done["sustained"] / 3))
    killed.drop()
    return [*rows, scale_row(build, 1), scale_row(build, 10), *crowd_rows(build), *freshness.measure(build, env)]
