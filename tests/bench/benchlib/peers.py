"""Other programs that take readings over HTTP, beside weir-ingest in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from support.ports import free_port
from support.wait import let_pass

from . import machine
from .burst import SINGLE, closed
from .goals import Row, at_least, median
from .obtain import NotAvailable, bento, python_service, telegraf
from .server import Server

SETTLE_SECONDS = 15
IDLE_SHARE = 0.02  # of a processor


@dataclass(frozen=True)
class Peer:
    name: str
    times: int  # the goal: how much cheaper a single POST is with us
    command: Callable[[], list[str]]
    ready: str | None = None  # path that answers 200


PEERS = [
    Peer("FastAPI, uvicorn, confluent-kafka", 10, python_service, "/healthz"),
    Peer("bento", 6, lambda: bento("bento.yaml")),
    Peer("telegraf (answers before Kafka has it)", 4, telegraf),
]


def start(peer: Peer, kafka: str, topic: str) -> Server:
    port = free_port()
    env = {"PORT": str(port), "KAFKA": kafka, "TOPIC": topic}
    name = "peer " + peer.name.split()[0].strip(",")
    server = Server(name, peer.command(), port, env)
    try:
        server.wait(peer.ready)
        closed(server, SINGLE, 1)  # warms up, and shows that it takes readings
        settle(server)
    except (AssertionError, SystemExit) as e:
        server.stop()
        raise NotAvailable(str(e).removeprefix("bench: ")) from None
    return server


def settle(server: Server) -> None:
    """Until it is idle: who answers before Kafka has the data has work left after the burst."""
    used = machine.cpu_seconds(server.pid)
    for _ in range(SETTLE_SECONDS):
        let_pass(1)
        before, used = used, machine.cpu_seconds(server.pid)
        if used - before <= IDLE_SHARE:
            return


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
