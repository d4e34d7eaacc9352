"""Other programs that do the same work, side by side in the same run.

What a peer is made of is fetched and built once, into .deps/peers; where that does not work, the
bench says why and goes on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import machine
from .burst import SINGLE, closed
from .goals import Row, at_least, median
from .server import Server

FILES = machine.ROOT / "tests/bench/peers"
INTO = machine.ROOT / ".deps/peers"
BUILD_SECONDS = 3000
SETTLE_SECONDS = 15
IDLE_SHARE = 0.02  # of a processor
TELEGRAF = "github.com/influxdata/telegraf/cmd/telegraf@v1.37.2"
TELEGRAF_TAGS = "custom,inputs.http_listener_v2,outputs.kafka,parsers.json,serializers.json"


class NotAvailable(Exception):
    """Why a peer cannot be measured here."""


def build(command: list[str], env: dict[str, str] | None = None, at: Path = INTO) -> None:
    """At low priority; the end of what it printed is the reason when it fails."""
    at.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            ["nice", "-n", "10", *command],
            cwd=at,
            env=os.environ | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"not built within {BUILD_SECONDS} s") from None
    if done.returncode != 0:
        raise NotAvailable((done.stdout.strip().splitlines() or ["failed"])[-1].strip())


def build_once(name: str, pins: str, make: Callable[[Path], None]) -> Path:
    """The folder of a peer; made anew when what it is made of has changed."""
    place = INTO / name
    stamp = place / "stamp"
    if not stamp.exists() or stamp.read_text() != pins:
        shutil.rmtree(place, ignore_errors=True)
        make(place)
        stamp.write_text(pins)
    return place


def python_service() -> list[str]:
    wanted = FILES / "requirements.txt"

    def make(place: Path) -> None:
        build([sys.executable, "-m", "venv", str(place)])
        build([str(place / "bin/pip"), "-q", "install", "-r", str(wanted)])

    place = build_once("python", wanted.read_text(), make)
    return [str(place / "bin/python"), str(FILES / "service.py")]


def go(words: list[str], place: Path) -> None:
    if not shutil.which("go"):
        raise NotAvailable("there is no Go compiler")
    flags = {"GOBIN": str(place), "GOFLAGS": "-mod=mod -buildvcs=false -trimpath"}
    build(["go", *words], flags, place)


def bento() -> list[str]:
    """A program of its own, with the parts that are used: the whole takes far longer to build."""
    source = FILES / "bento"
    pins = (source / "go.mod").read_text()

    def make(place: Path) -> None:
        shutil.copytree(source, place)
        go(["build", "-o", "bento", "."], place)

    place = build_once("bento", pins, make)
    return [str(place / "bento"), "-c", str(source / "bento.yaml")]


def telegraf() -> list[str]:
    def make(place: Path) -> None:
        go(["install", "-tags", TELEGRAF_TAGS, TELEGRAF], place)

    place = build_once("telegraf", TELEGRAF + TELEGRAF_TAGS, make)
    return [str(place / "telegraf"), "--config", str(FILES / "telegraf.conf")]


@dataclass(frozen=True)
class Peer:
    name: str
    times: int  # the goal: how much cheaper a single POST is with us
    command: Callable[[], list[str]]
    ready: str | None = None  # path that answers 200


PEERS = [
    Peer("FastAPI, uvicorn, confluent-kafka", 10, python_service, "/healthz"),
    Peer("bento", 6, bento),
    Peer("telegraf (answers before Kafka has it)", 4, telegraf),
]


def start(peer: Peer, kafka: str, topic: str) -> Server:
    port = machine.free_port()
    env = {"PORT": str(port), "KAFKA": kafka, "TOPIC": topic}
    name = "peer " + peer.name.split()[0].strip(",")
    server = Server(name, peer.command(), port, env)
    try:
        server.wait(peer.ready)
        closed(server, SINGLE, 1)  # warms up, and shows that it takes readings
        settle(server)
    except SystemExit as e:
        server.stop()
        raise NotAvailable(str(e).removeprefix("bench: ")) from None
    return server


def settle(server: Server) -> None:
    """Until it is idle: who answers before Kafka has the data has work left after the burst."""
    deadline = time.monotonic() + SETTLE_SECONDS
    before, now = -1.0, machine.cpu_seconds(server.pid)
    while now - before > IDLE_SHARE and time.monotonic() < deadline:
        time.sleep(1)
        before, now = now, machine.cpu_seconds(server.pid)


def cost(server: Server, args) -> dict:
    """CPU of the burst and of what it left to do."""
    before = machine.cpu_seconds(server.pid)
    result = closed(server, SINGLE, args.seconds)
    settle(server)
    used = machine.cpu_seconds(server.pid) - before
    return result | {"cpu_us": used / result["requests"] * 1e6}


def compare(peer: Peer, ingest: Server, server: Server, args) -> Row:
    ours, theirs = [], []
    for _ in range(max(args.rounds // 2, 2)):
        ours.append(cost(ingest, args))
        theirs.append(cost(server, args))
    mine, other = median(ours, "cpu_us"), median(theirs, "cpu_us")
    text = f"{other / mine:.1f} ({mine:.1f} us, {other:.0f}; {median(theirs, 'rate'):.0f} readings/s)"
    goal = f">= {peer.times} times cheaper"
    return at_least(f"single POST beside {peer.name}", goal, other / mine, peer.times, text)


def measure(ingest: Server, kafka: str, topic: str, args) -> list[Row]:
    rows = []
    for peer in PEERS:
        try:
            server = start(peer, kafka, topic)
        except NotAvailable as e:
            goal = f">= {peer.times} times cheaper"
            rows.append(Row(f"single POST beside {peer.name}", goal, f"not available: {e}"))
            continue
        try:
            rows.append(compare(peer, ingest, server, args))
        finally:
            server.stop()
    return rows
