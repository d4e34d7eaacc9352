"""An open loop at half capacity: latency over the broker's own, and processor time of the parts at
the same rate, where nothing is saturated and every server wakes up as often as the work comes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import server
from .burst import ProduceLoop, open_loop
from .goals import Row, at_least, at_most, median

DEVICES = 1000


@dataclass
class Rounds:
    ingest: list[dict]
    broker: list[dict]  # the bare produce loop
    epoll: list[dict]
    evhttp: list[dict]


def play(build: Path, ingest: server.Server, produce: ProduceLoop, rate: float, args) -> Rounds:
    r = Rounds([], [], [], [])
    epoll, evhttp = (server.yardstick(build, name) for name in ("yard_epoll", "yard_evhttp"))
    try:
        for _ in range(max(args.rounds // 2, 2)):
            r.broker.append(produce.paced(rate, args.seconds))
            for one, results in ((ingest, r.ingest), (epoll, r.epoll), (evhttp, r.evhttp)):
                results.append(open_loop(build, one, DEVICES, rate / DEVICES, args.seconds))
    finally:
        epoll.stop()
        evhttp.stop()
    return r


def latency_rows(r: Rounds, work: str) -> list[Row]:
    p50, p99 = median(r.ingest, "p50"), median(r.ingest, "p99")
    broker, broker99 = median(r.broker, "p50"), median(r.broker, "p99")
    bare = median(r.epoll, "p99")
    return [
        at_most(
            work,
            "p50 <= 3 ms over the broker's own",
            p50 - broker,
            3,
            f"{p50 - broker:.2f} ms over (p50 {p50:.2f}, broker {broker:.2f})",
        ),
        at_most(
            work,
            "p99 <= 2 times p50",
            p99 / p50,
            2,
            f"{p99 / p50:.2f} (p99 {p99:.2f} ms; broker alone {broker99 / broker:.2f}, p99 "
            f"{broker99:.2f} ms; bare epoll, p99 {bare:.2f} ms)",
        ),
    ]


def cpu_rows(r: Rounds, work: str, decode_us: float) -> list[Row]:
    ours, bare = median(r.ingest, "cpu_us"), median(r.evhttp, "cpu_us")
    epoll, produce = median(r.epoll, "cpu_us"), median(r.broker, "cpu_us")
    parts = epoll + produce + decode_us
    return [
        at_most(
            work,
            "CPU <= sum of its parts at this rate",
            ours / parts,
            1.0,
            f"{ours / parts:.2f} ({ours:.1f} us; epoll {epoll:.1f} + produce {produce:.1f}"
            f" + decode {decode_us:.2f})",
        ),
        at_least(
            work,
            ">= 1.5 times cheaper than bare evhttp at this rate",
            bare / ours,
            1.5,
            f"{bare / ours:.2f} ({ours:.1f} us, evhttp {bare:.1f})",
        ),
    ]


def rows(r: Rounds, rate: float, decode_us: float) -> list[Row]:
    lost = sum(one["lost"] for one in r.ingest)
    work = f"open loop, {rate:.0f} readings/s (half capacity)"
    none = at_most(work, "every reading is accepted", lost, 0, f"{lost} lost")
    return latency_rows(r, work) + [none] + cpu_rows(r, work, decode_us)
