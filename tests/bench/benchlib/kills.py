"""kill -9 while readings come in, several times; then every reading of the log is looked for.

All suffer at once, from one log: each reads it in a group of its own into a database of its own, and is
killed a moment after it has been seen to work.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from support.log import Log

from . import account, machine, server
from .account import Account, Windows
from .burst import load_command
from .goals import Row
from .obtain import NotAvailable
from .sinks import CONNECT_GROUP, Sink, Task, ours, through_bento, through_connect

KILLS, SEED = 5, 1
DEVICES, RATE = 500, 1000  # readings a second of all devices together
LOAD_SECONDS = 240  # at most; it ends with the last kill
WORKING_SECONDS = (0.3, 3.0)  # between the sight of work and the kill
REVIVE_SECONDS = 90
DRAIN_SECONDS = 120
LOOK_SECONDS = 0.5

PEERS = [
    Sink("Kafka Connect, defaults", through_connect(), group=CONNECT_GROUP),
    Sink(
        "Kafka Connect, _id by place in the log",
        through_connect("by-place.properties"),
        group=CONNECT_GROUP,
    ),
    Sink("bento, defaults", through_bento("store-killed.yaml")),
]


@dataclass(frozen=True)
class Outcome:
    kills: int
    done: bool  # it has committed the whole log
    readings: Account
    windows: Windows | None = None  # None: makes none

    @property
    def exact(self) -> bool:
        whole = self.windows is None or self.windows.wrong == 0
        return self.kills == KILLS and self.done and self.readings.exact and whole

    def __str__(self) -> str:
        of, windows = self.readings, self.windows
        return (
            f"{self.kills} kills, {of.readings:,} readings: {of.lost:,} lost, {of.doubled:,} doubled "
            f"({of.surplus:,} documents too many), "
            + ("no windows" if windows is None else f"{windows.wrong} of {windows.all} windows wrong")
            + (f", {of.strangers} of no reading" if of.strangers else "")
            + ("" if self.done else f"; not done after {DRAIN_SECONDS} s")
        )


def documents(task: Task) -> int:
    return task.db.telemetry_raw.estimated_document_count()


def wait_work(one: server.Server, task: Task) -> None:
    """Until there are more documents than soon after its start: what the dead one sent has come."""
    deadline = time.monotonic() + REVIVE_SECONDS
    time.sleep(LOOK_SECONDS)
    before = documents(task)
    while documents(task) <= before:
        if one.process.poll() is not None or time.monotonic() > deadline:
            raise NotAvailable(f"stored nothing for {REVIVE_SECONDS} s; see {one.log}")
        time.sleep(LOOK_SECONDS)


def wait_done(sink: Sink, task: Task, log: Log) -> bool:
    """Whether its group has committed all of the log in time; Connect does that once a minute."""
    deadline = time.monotonic() + DRAIN_SECONDS
    ends = {p: end for p, end in log.ends(task.topic).items() if end}
    group = sink.group.format(name=task.name)
    while time.monotonic() < deadline:
        committed = log.committed(group, task.topic)
        if all(committed.get(p, 0) >= end for p, end in ends.items()):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def suffer(sink: Sink, task: Task, until: float) -> tuple[server.Server, int]:
    """Returns the last one, which works, and how many were killed before it."""
    rng = random.Random(f"{SEED} {sink.name}")
    kills, one = 0, sink.start(task)
    try:
        wait_work(one, task)
        while kills < KILLS and time.monotonic() < until:
            time.sleep(rng.uniform(*WORKING_SECONDS))
            one.process.kill()
            one.process.wait()
            kills, one = kills + 1, sink.start(task)
            wait_work(one, task)
    except BaseException:
        one.stop()
        raise
    return one, kills


class Load:
    """weir-load and weir-ingest, until the end of the block."""

    def __init__(self, build: Path, env: dict[str, str], topic: str) -> None:
        self.front = server.ingest(build, env | {"TELEMETRY_TOPIC": topic}, "ingest-" + topic)
        command = load_command(build, self.front, DEVICES, RATE / DEVICES, LOAD_SECONDS)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        self.report = json.loads(self.process.communicate()[0])
        self.front.stop()


def play(sinks: list[Sink], tasks: list[Task], load: Load) -> list:
    """For each what suffer() returned, or why it could not."""
    until = time.monotonic() + LOAD_SECONDS - REVIVE_SECONDS

    def one_of(pair: tuple[Sink, Task]) -> tuple[server.Server, int] | NotAvailable:
        try:
            return suffer(*pair, until)
        except NotAvailable as e:
            return e

    with load, ThreadPoolExecutor(len(sinks)) as pool:
        return list(pool.map(one_of, zip(sinks, tasks)))


def judge(sink: Sink, task: Task, played: tuple, log: Log, readings: dict[str, dict]) -> Outcome:
    one, kills = played
    try:
        done = wait_done(sink, task, log)
    finally:
        one.stop()
    found = account.of_documents(readings, task.db.telemetry_raw)
    values, windows = readings.values(), task.db.aggregated_data
    return Outcome(kills, done, found, account.of_windows(values, windows) if sink.windows else None)


def row(sink: Sink, outcome: Outcome | NotAvailable) -> Row:
    work = f"kill -9 at {RATE:,} readings/s: {sink.name}"
    goal = "0 lost, 0 doubled, 0 windows wrong" if sink.windows else "-"
    if isinstance(outcome, NotAvailable):
        return Row(work, goal, f"not available: {outcome}", False if sink.windows else None)
    return Row(work, goal, str(outcome), outcome.exact if sink.windows else None)


def measure(build: Path, env: dict[str, str]) -> list[Row]:
    topic = f"kills_{int(time.time())}"
    sinks = [ours(build), *PEERS]
    tasks = [Task(env, topic, f"{topic}_{n}", machine.ALL) for n in range(len(sinks))]
    load = Load(build, env, topic)
    played = play(sinks, tasks, load)
    log = Log(env["KAFKA_BOOTSTRAP_SERVERS"])
    readings = account.by_identity(record.json for record in log.read(topic))
    if len(readings) < load.report["accepted"]:  # more: what had no answer at the end
        raise SystemExit(f"bench: accepted {load.report['accepted']}, in the log {len(readings)}")
    rows = []
    for sink, task, one in zip(sinks, tasks, played):
        good = not isinstance(one, NotAvailable)
        rows.append(row(sink, judge(sink, task, one, log, readings) if good else one))
        task.db.client.drop_database(task.name)
    log.close()
    return rows
