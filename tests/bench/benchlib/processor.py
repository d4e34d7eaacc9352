"""Processor time of a reading: single POSTs, pipelined ones and batches, against their yardsticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from . import machine, server
from .burst import NDJSON, PIPELINED, SINGLE, ProduceLoop, closed
from .goals import Row, at_least, at_most, median

WARM_UP_SECONDS = 1


@dataclass
class Rounds:
    """What each contestant did, round by round, all within one run."""

    contestants: dict[str, Callable[[float], dict]]
    done: dict[str, list[dict]] = field(default_factory=dict)

    def play(self, rounds: int, seconds: float) -> None:
        for contest in self.contestants.values():
            contest(WARM_UP_SECONDS)
        for _ in range(rounds):
            for name, contest in self.contestants.items():
                self.done.setdefault(name, []).append(contest(seconds))

    def cpu_us(self, name: str) -> float:
        return median(self.done[name], "cpu_us")

    def rate(self, name: str) -> float:
        return median(self.done[name], "rate")

    def spread(self, name: str) -> str:
        low = min(r["cpu_us"] for r in self.done[name])
        high = max(r["cpu_us"] for r in self.done[name])
        return f"{low:.2f}-{high:.2f}"


def contestants(ingest: server.Server, yards: dict, produce: ProduceLoop) -> dict:
    return {
        "epoll single": lambda s: closed(yards["yard_epoll"], SINGLE, s),
        "evhttp single": lambda s: closed(yards["yard_evhttp"], SINGLE, s),
        "http layer single": lambda s: closed(yards["bench_http"], SINGLE, s),
        "produce single": lambda s: produce.closed(SINGLE, s),
        "ingest single": lambda s: closed(ingest, SINGLE, s),
        "evhttp pipelined": lambda s: closed(yards["yard_evhttp"], PIPELINED, s),
        "ingest pipelined": lambda s: closed(ingest, PIPELINED, s),
        "produce ndjson": lambda s: produce.closed(NDJSON, s),
        "ingest ndjson": lambda s: closed(ingest, NDJSON, s),
    }


def measure(build: Path, ingest: server.Server, produce: ProduceLoop, args) -> Rounds:
    names = ["yard_epoll", "yard_evhttp", "bench_http"]
    yards = {name: server.yardstick(build, name) for name in names}
    try:
        rounds = Rounds(contestants(ingest, yards, produce))
        rounds.play(args.rounds, args.seconds)
    finally:
        for yard in yards.values():
            yard.stop()
    return rounds


def single_rows(r: Rounds, decode_us: float) -> list[Row]:
    ours, bare = r.cpu_us("ingest single"), r.cpu_us("evhttp single")
    epoll, produce = r.cpu_us("epoll single"), r.cpu_us("produce single")
    parts = epoll + produce + decode_us
    work = "single POST, 256 connections, acknowledged"
    return [
        at_most(
            work,
            "CPU <= sum of its parts",
            ours / parts,
            1.0,
            f"{ours / parts:.2f} ({ours:.1f} us; epoll {epoll:.1f} + produce {produce:.1f}"
            f" + decode {decode_us:.2f})",
        ),
        at_least(
            work,
            ">= 1.5 times cheaper than bare evhttp",
            bare / ours,
            1.5,
            f"{bare / ours:.2f} ({ours:.1f} us, evhttp {bare:.1f})",
        ),
    ]


def rows(r: Rounds, decode_us: float) -> list[Row]:
    pipelined, evhttp = r.cpu_us("ingest pipelined"), r.cpu_us("evhttp pipelined")
    batched, produce = r.cpu_us("ingest ndjson"), r.cpu_us("produce ndjson")
    single = r.cpu_us("ingest single")
    batches = "NDJSON of 100, 16 connections"
    return single_rows(r, decode_us) + [
        at_least(
            "10 pipelined POSTs, 64 connections",
            ">= 5 times cheaper than bare evhttp",
            evhttp / pipelined,
            5,
            f"{evhttp / pipelined:.2f} ({pipelined:.2f} us, evhttp {evhttp:.1f})",
        ),
        at_most(
            batches,
            "CPU <= 1.2 times a bare produce loop",
            batched / produce,
            1.2,
            f"{batched / produce:.2f} ({batched:.2f} us, produce {produce:.2f})",
        ),
        at_least(
            batches,
            ">= 10 times cheaper than single POSTs",
            single / batched,
            10,
            f"{single / batched:.1f}",
        ),
    ]


def figures(r: Rounds, servers: list[server.Server]) -> str:
    """The medians behind the ratios, for the page of figures."""
    lines = [f"{'':20}{'readings/s':>12}{'CPU us':>9}  lowest-highest"]
    for name in r.done:
        lines.append(f"{name:20}{r.rate(name):12.0f}{r.cpu_us(name):9.2f}  {r.spread(name)}")
    for one in servers:
        lines.append(f"{one.name} resident, at most: {machine.memory_mib(one.pid, 'VmHWM'):.1f} MiB")
    return "\n".join(lines)
