"""kill -9 while readings come in, several times; then every reading of the log is looked for.

All suffer at once, from one log: each reads it in a group of its own into a database of its own, and is
killed a moment after it has been seen to work.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from support.log import Log
from support.wait import came_true, let_pass

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
GHOST_SECONDS = 0.5  # what a dead one sent has been stored by then

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


@dataclass
class Victim:
    sink: Sink
    task: Task
    enough: threading.Event  # the trial ends, with or without a result
    kills: int = 0
    problem: str = ""
    one: server.Server | None = None

    def documents(self) -> int:
        return self.task.db.telemetry_raw.estimated_document_count()

    def start(self) -> None:
        """Until it stores: there are more documents than a moment after its start."""
        one = self.one = self.sink.start(self.task)
        let_pass(GHOST_SECONDS)
        before = self.documents()

        def works() -> bool:
            return self.documents() > before

        came_true(lambda: works() or one.ended or self.enough.is_set(), REVIVE_SECONDS)
        if not works():
            raise NotAvailable(f"stored nothing for {REVIVE_SECONDS} s; see {one.log}")

    def kill(self) -> None:
        self.one.process.kill()
        self.one.process.wait()
        self.kills += 1

    def stop(self) -> None:
        if self.one:
            self.one.stop()


def suffer(victim: Victim, until: float) -> None:
    """At the end it runs, and works; or its problem is known."""
    rng = random.Random(f"{SEED} {victim.sink.name}")
    try:
        victim.start()
        while victim.kills < KILLS and time.monotonic() < until:
            if victim.enough.wait(rng.uniform(*WORKING_SECONDS)):
                break
            victim.kill()
            victim.start()
    except NotAvailable as e:
        victim.problem = f"not available: {e}"


def wait_done(victim: Victim, log: Log) -> bool:
    """Whether its group has committed all of the log in time; Connect does that once a minute."""
    topic = victim.task.topic
    ends = {p: end for p, end in log.ends(topic).items() if end}
    group = victim.sink.group.format(name=victim.task.name)

    def done() -> bool:
        committed = log.committed(group, topic)
        return all(committed.get(p, 0) >= end for p, end in ends.items())

    return came_true(done, DRAIN_SECONDS)


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


def play(victims: list[Victim], load: Load) -> None:
    until = time.monotonic() + LOAD_SECONDS - REVIVE_SECONDS
    with load, ThreadPoolExecutor(len(victims)) as pool:
        try:
            list(pool.map(lambda victim: suffer(victim, until), victims))
        finally:
            victims[0].enough.set()


def judge(victim: Victim, log: Log, readings: dict[str, dict]) -> Outcome:
    done = wait_done(victim, log)
    victim.stop()
    db = victim.task.db
    found = account.of_documents(readings, db.telemetry_raw)
    whole = account.of_windows(readings.values(), db.aggregated_data) if victim.sink.windows else None
    return Outcome(victim.kills, done, found, whole)


def row(victim: Victim, log: Log, readings: dict[str, dict]) -> Row:
    """Only we have a goal."""
    work, ours = f"kill -9 at {RATE:,} readings/s: {victim.sink.name}", victim.sink.windows
    goal = "0 lost, 0 doubled, 0 windows wrong" if ours else "-"
    if victim.problem:
        return Row(work, goal, victim.problem, False if ours else None)
    outcome = judge(victim, log, readings)
    return Row(work, goal, str(outcome), outcome.exact if ours else None)


def measure(build: Path, env: dict[str, str]) -> list[Row]:
    topic = f"kills_{int(time.time())}"
    sinks = [ours(build), *PEERS]
    enough = threading.Event()
    victims = [
        Victim(sink, Task(env, topic, f"{topic}_{n}", machine.ALL), enough)
        for n, sink in enumerate(sinks)
    ]
    log = Log(env["KAFKA_BOOTSTRAP_SERVERS"])
    try:
        load = Load(build, env, topic)
        play(victims, load)
        readings = account.by_identity(record.json for record in log.read(topic))
        accepted = load.report["accepted"]
        if len(readings) < accepted:  # more: what had no answer at the end
            raise SystemExit(f"bench: accepted {accepted}, in the log {len(readings)}")
        return [row(victim, log, readings) for victim in victims]
    finally:
        log.close()
        for victim in victims:
            victim.stop()
            victim.task.db.client.drop_database(victim.task.name)
