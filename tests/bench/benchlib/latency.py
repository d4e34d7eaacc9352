"""An open loop at half capacity, against the broker's own latency at the same rate."""

from __future__ import annotations

from pathlib import Path

from .burst import ProduceLoop, open_loop
from .goals import Row, at_most, median
from .server import Server

DEVICES = 1000


def measure(build: Path, ingest: Server, produce: ProduceLoop, capacity: float, args) -> list[Row]:
    rate = capacity / 2
    ours, brokers = [], []
    for _ in range(max(args.rounds // 2, 2)):
        brokers.append(produce.paced(rate, args.seconds))
        ours.append(open_loop(build, ingest, DEVICES, rate / DEVICES, args.seconds))
    lost = sum(r["lost"] for r in ours)
    if lost:
        raise SystemExit(f"bench: {lost} requests were not accepted at half capacity")
    p50, p99 = median(ours, "p50"), median(ours, "p99")
    broker, broker99 = median(brokers, "p50"), median(brokers, "p99")
    work = f"open loop, {rate:.0f} readings/s (half capacity)"
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
            f"{broker99:.2f} ms; generator late p99 {median(ours, 'late_p99_ms'):.2f} ms)",
        ),
    ]
