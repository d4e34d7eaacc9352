"""From the log to the store: weir-aggregator, and other programs that do the first part of its work.

A peer writes one document for each record and nothing else; the aggregator also checks each reading,
knows it again, and keeps windows, last states and its ledger.
"""

from __future__ import annotations

import http.client
import string
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pymongo
from support.ports import free_port
from support.wait import let_pass

from . import machine, server
from .goals import Row, at_least, median
from .obtain import FILES, NotAvailable, bento, connect
from .peers import settle
from .readings import Readings
from .server import Server

READINGS = 200_000
WARM = 50_000  # what comes before is not counted: a virtual machine compiles as it goes
BATCH = 1000
LIMIT_SECONDS = 120
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """Who reads which topic into which database."""

    env: dict[str, str]  # of a daemon: broker and store
    topic: str
    name: str  # of the group, the database and the log: nobody else's
    processor: str = machine.MEASURED

    @property
    def settings(self) -> dict[str, str]:
        return {
            "KAFKA": self.env["KAFKA_BOOTSTRAP_SERVERS"],
            "STORE": self.env["MONGO_URL"],
            "TOPIC": self.topic,
            "DB": self.name,
            "NAME": self.name,
            "FOLDER": str(self.folder),
        }

    @property
    def folder(self) -> Path:
        place = machine.RUN / self.name
        place.mkdir(exist_ok=True)
        return place

    @property
    def db(self):
        return pymongo.MongoClient(self.env["MONGO_URL"])[self.name]


CONNECT_GROUP = "connect-{name}"
Start = Callable[[Task], Server]


@dataclass(frozen=True)
class Sink:
    name: str
    start: Start
    times: int = 0  # the goal: how much cheaper we are; 0 = none
    group: str = "{name}"  # of the broker, by the name of the task
    windows: bool = False  # makes them


def ours(build: Path) -> Sink:
    def start(task: Task) -> Server:
        command, port = [str(build / "bin/weir-aggregator")], free_port()
        own = {"TELEMETRY_TOPIC": task.topic, "MONGO_DB": task.name, "LISTEN": f"127.0.0.1:{port}"}
        env = task.env | own | {"DLQ_TOPIC": task.topic + ".dlq"}
        return Server(task.name, command, port, env, task.processor)

    return Sink("weir-aggregator", start, group="aggregator_worker", windows=True)


def through_bento(config: str) -> Start:
    def start(task: Task) -> Server:
        return Server(task.name, bento(config), free_port(), task.settings, task.processor)

    return start


def through_connect(*more: str) -> Start:
    """`more` are files beside sink.properties whose lines come after its own."""

    def start(task: Task) -> Server:
        command, plugins = connect()
        port = free_port()
        known = task.settings | {"PLUGINS": str(plugins), "PORT": str(port)}
        files = {"worker.properties": [], "sink.properties": more}
        for name, others in files.items():
            text = "".join((FILES / "connect" / one).read_text() for one in (name, *others))
            (task.folder / name).write_text(string.Template(text).substitute(known))
        command += [str(task.folder / name) for name in files]
        return Server(task.name, command, port, {}, task.processor)

    return start


CONNECT = Sink("Kafka Connect 4.1.1, MongoDB connector 2.0.1", through_connect(), 5)
BENTO = Sink("bento 1.8.2", through_bento("store.yaml"), 20)


def fill(build: Path, env: dict[str, str], topic: str, readings: int) -> None:
    """Through weir-ingest, so that the records are those that it writes."""
    front = server.ingest(build, env | {"TELEMETRY_TOPIC": topic}, "ingest-" + topic)
    made = Readings()
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=30)
    try:
        for first in range(0, readings, BATCH):
            lines = map(made.text, range(first, min(first + BATCH, readings)))
            kind = {"Content-Type": "application/x-ndjson"}
            connection.request("POST", "/api/v1/readings", "\n".join(lines), kind)
            answer = connection.getresponse()
            if answer.status != 202:
                raise SystemExit(f"bench: readings were not taken: {answer.read()!r}")
            answer.read()
    finally:
        connection.close()
        front.stop()


@dataclass(frozen=True)
class Look:
    seconds: float
    documents: int
    cpu: float


def look(one: Server, raw, started: float) -> Look:
    """Counting takes a while, in which work goes on: the mean of before and after."""
    before = machine.cpu_seconds(one.pid)
    documents = raw.estimated_document_count()
    seconds = time.monotonic() - started
    return Look(seconds, documents, (before + machine.cpu_seconds(one.pid)) / 2)


def watch(one: Server, raw, readings: int) -> list[Look]:
    """From the start of the process until it has stored everything."""
    started = time.monotonic()
    looks = [look(one, raw, started)]
    while looks[-1].documents < readings:
        if one.ended or looks[-1].seconds > LIMIT_SECONDS:
            raise NotAvailable(f"stored {looks[-1].documents} of {readings} readings; see {one.log}")
        let_pass(LOOK_SECONDS)
        looks.append(look(one, raw, started))
    return looks


def cost(sink: Sink, task: Task, readings: int) -> dict:
    one = sink.start(task)
    try:
        looks = watch(one, task.db.telemetry_raw, readings)
        settle(one)
        last, end = looks[-1], machine.cpu_seconds(one.pid)
        warm = next(seen for seen in looks if seen.documents >= min(WARM, readings // 4))
        rest = last.documents - warm.documents
        return {
            "steady_us": (end - warm.cpu) / rest * 1e6,
            "whole_us": end / last.documents * 1e6,
            "rate": rest / (last.seconds - warm.seconds),
            "mib": machine.memory_mib(one.pid, "VmHWM"),
        }
    finally:
        one.stop()
        task.db.client.drop_database(task.name)


def play(sinks: list[Sink], build: Path, env: dict[str, str], args) -> dict[str, list[dict] | str]:
    """What each did, round by round, or why it could not."""
    done: dict[str, list[dict] | str] = {sink.name: [] for sink in sinks}
    for turn in range(max(args.rounds // 2, 2)):
        topic = f"sinks_{int(time.time())}"
        fill(build, env, topic, READINGS)
        for number, sink in enumerate(sinks):
            rounds = done[sink.name]
            if isinstance(rounds, str):
                continue
            try:
                rounds.append(cost(sink, Task(env, topic, f"{topic}_{number}"), READINGS))
            except NotAvailable as e:
                done[sink.name] = f"not available: {e}"
    return done


def figures(rounds: list[dict]) -> str:
    return (
        f"{median(rounds, 'steady_us'):.2f} CPU s a million after the first {WARM:,}, "
        f"{median(rounds, 'whole_us'):.2f} from the start; {median(rounds, 'rate'):.0f} readings/s, "
        f"{median(rounds, 'mib'):.0f} MiB"
    )


def goal_row(sink: Sink, mine: list[dict], theirs: list[dict] | str) -> Row:
    work, goal = f"log to store, beside {sink.name}", f">= {sink.times} times cheaper"
    if isinstance(theirs, str):
        return Row(work, goal, theirs)
    times = median(theirs, "steady_us") / median(mine, "steady_us")
    whole = median(theirs, "whole_us") / median(mine, "whole_us")
    return at_least(work, goal, times, sink.times, f"{times:.1f} (from the start {whole:.1f})")


def measure(build: Path, env: dict[str, str], args) -> list[Row]:
    us, them = ours(build), [CONNECT, BENTO]
    done = play([us, *them], build, env, args)
    rows = [
        Row(f"log to store, {READINGS:,} readings: {name}", "-", figures(rounds))
        for name, rounds in done.items()
        if not isinstance(rounds, str)
    ]
    mine = done[us.name]
    if isinstance(mine, str):
        raise SystemExit(f"bench: {us.name}: {mine}")
    return rows + [goal_row(sink, mine, done[sink.name]) for sink in them]
