"""One device that sends at 100 times its rate, beside 999 others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from .burst import load_command, open_loop
from .goals import Row, at_most, median
from .server import Server

DEVICES = 1000
RPS = 4.0  # readings a second of each
TIMES = 100
# Two runs of the same work differ by as much on a shared machine.
TOLERANCE = 1.25


def beside_noise(build: Path, ingest: Server, seconds: float) -> dict:
    """The first of the devices is the noisy one too, for one in a thousand of the samples."""
    command = load_command(build, ingest, 1, RPS * TIMES, seconds + 1)
    noise = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    result = open_loop(build, ingest, DEVICES, RPS, seconds)
    heard = json.loads(noise.communicate()[0])
    if heard["accepted"] == 0:
        raise SystemExit("bench: the noisy device was not heard")
    return result


def measure(build: Path, ingest: Server, args) -> list[Row]:
    alone, beside = [], []
    open_loop(build, ingest, DEVICES, RPS, args.seconds)  # warms up
    for _ in range(args.rounds):
        alone.append(open_loop(build, ingest, DEVICES, RPS, args.seconds))
        beside.append(beside_noise(build, ingest, args.seconds))
    before, after = median(alone, "p99"), median(beside, "p99")
    lost = sum(r["lost"] for r in beside)
    work = f"one device at {TIMES} times its rate beside 999"
    return [
        at_most(
            work,
            f"p99 of the others <= {TOLERANCE} times without it",
            after / before,
            TOLERANCE,
            f"{after / before:.2f} (p99 {before:.2f} ms without, {after:.2f} with)",
        ),
        at_most(work, "no reading of the others is lost", lost, 0, f"{lost} lost"),
    ]
