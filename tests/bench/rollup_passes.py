"""What a pass of the rollups costs while a whole fleet sends: windows read, seconds, processor time.

usage: rollup_passes.py [--devices 2000] [--passes 4]      (WEIR_BIN, or build/bin)

A real store, and the aggregator with nothing else to do. Before each pass two windows of every
series are written as in a minute of traffic: one becomes final, one is new. The hour has 30 final
windows of each series at the beginning. Minutes are shortened to seconds here, and ROLLUP_OVERLAP
with them, so that a pass sees as many changes again as it does by default."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ in the checkout
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

import requests  # noqa: E402
from benchlib import machine  # noqa: E402
from bson import Int64  # noqa: E402
from pymongo import InsertOne, MongoClient, ReplaceOne  # noqa: E402
from pymongo.collection import Collection  # noqa: E402
from support.daemon import Daemon  # noqa: E402
from support.metrics_text import parse  # noqa: E402
from support.stack import Stack  # noqa: E402
from support.wait import let_pass, wait_until  # noqa: E402

SENSORS = "temperature_c", "humidity", "pressure_hpa"
INTERVAL_S = 20  # stands for a minute
THERE = 30  # windows of each series at the beginning
BATCH = 2000
COUNTS = {
    "changes": "weir_rollup_changes_total",
    "sources": "weir_rollup_sources_total",
    "written": "weir_rollups_written_total",
}


def window(
    device: str, sensor: str, start: datetime, rev: int, final: bool, age: timedelta = timedelta(0)
) -> dict:
    """As an aggregator writes one with a reading every ten seconds."""
    at = int(start.timestamp())
    times = {"first_ms": at * 1000, "last_ms": at * 1000 + 50_000}
    return {
        "_id": f"{sensor}/{at}/{device}",
        "device_id": device,
        "sensor_type": sensor,
        "timestamp": start,
        **{"count": Int64(6), "min": 19.5, "max": 22.0, "first": 20.0, "last": 21.0},
        **{"sum": 124.5, "average": 20.75, "stddev": 0.75},
        **{"late": Int64(0), "final": final, "rev": Int64(rev)},
        "last_updated": datetime.now(timezone.utc) - age,
        "src": {"p3": Int64(rev)},
        "acc": [{"p": 3, "o": Int64(rev)} | {name: Int64(ms) for name, ms in times.items()}
                | {"sum": [124.5], "squares": [2586.75]}],
    }


class Fleet:
    def __init__(self, windows: Collection, devices: int, start: datetime) -> None:
        self.windows, self.start = windows, start
        self.series = [(f"dev-{n}", sensor) for n in range(devices) for sensor in SENSORS]

    def write(self, operations: list) -> None:
        for at in range(0, len(operations), BATCH):
            self.windows.bulk_write(operations[at : at + BATCH], ordered=False)

    def fill(self) -> None:
        for minute in range(THERE):
            start = self.start + timedelta(minutes=minute)
            rows = (window(*s, start, 2, True, timedelta(hours=1)) for s in self.series)
            self.write([InsertOne(row) for row in rows])

    def minute(self, number: int) -> None:
        """The window before becomes final, one begins."""
        new = self.start + timedelta(minutes=THERE + number)
        operations: list = [InsertOne(window(*s, new, 1, False)) for s in self.series]
        if number > 0:
            rows = [window(*s, new - timedelta(minutes=1), 2, True) for s in self.series]
            operations += [ReplaceOne({"_id": row["_id"]}, row) for row in rows]
        self.write(operations)


class Passes:
    def __init__(self, stack: Stack, aggregator: Daemon, state: Collection) -> None:
        assert aggregator.process
        self.pids = {"aggregator": aggregator.process.pid, "store": stack.pid("store")}
        self.url, self.state = aggregator.url, state

    def stop(self) -> None:
        os.kill(self.pids["aggregator"], signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pids["aggregator"], signal.SIGCONT)

    def counts(self) -> dict[str, float]:
        samples = parse(requests.get(f"{self.url}/metrics", timeout=5).text)
        told = {
            f"{level} {what}": sample.value
            for what, name in COUNTS.items()
            for sample in samples
            if sample.name == name and (level := sample.label("level"))
        }
        return told | {name: machine.cpu_seconds(pid) for name, pid in self.pids.items()}

    def through(self, moment: datetime) -> bool:
        rows = list(self.state.find({"_id": {"$in": ["hours", "days"]}}))
        return len(rows) == 2 and all(row["through"] > moment for row in rows)

    def measure(self, name: str, prepare: Callable[[], None]) -> None:
        """From when the aggregator may look until the days are through."""
        self.stop()
        prepare()
        let_pass(INTERVAL_S / 4)  # the store is at rest again, and the next pass is due
        moment = datetime.now(timezone.utc).replace(tzinfo=None)
        self.go_on()
        before, begun = self.counts(), time.monotonic()
        wait_until(lambda: self.through(moment), 600, "the pass to end", 0.1)
        seconds, after = time.monotonic() - begun, self.counts()
        print(f"{name}: {seconds:.1f} s", *(f"{key} {after[key] - before[key]:.6g}" for key in after),
              sep=", ", flush=True)


def run(stack: Stack, devices: int, passes: int) -> None:
    db = MongoClient(stack.mongo).iotdb
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    fleet = Fleet(db.aggregated_data, devices, hour - timedelta(hours=1))
    env = {"ROLLUP_INTERVAL": f"{INTERVAL_S / 5:g}s", "ROLLUP_OVERLAP": f"{5 * INTERVAL_S}s"}
    with Daemon(stack, "aggregator", **env).start() as setter_up:
        assert setter_up.terminate() == 0  # indexes are there
    db.rollup_state.drop()
    fleet.fill()
    with Daemon(stack, "aggregator", **env).start() as aggregator:
        rollups = Passes(stack, aggregator, db.rollup_state)
        long_ago = datetime(2000, 1, 1)
        wait_until(lambda: rollups.through(long_ago), 900, "the windows to be folded")
        print(f"{len(fleet.series)} series, {db.aggregated_1h.estimated_document_count()} hours", flush=True)
        for number in range(passes):
            rollups.measure(f"pass {number + 1}", lambda n=number: fleet.minute(n))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--passes", type=int, default=4)
    args = parser.parse_args()
    stack = Stack(Path(tempfile.mkdtemp(prefix="weir-rollups-")))
    try:
        stack.tool("up", "--only", "kafka,store")
        run(stack, args.devices, args.passes)
    finally:
        stack.down()
        shutil.rmtree(stack.run)


if __name__ == "__main__":
    main()
