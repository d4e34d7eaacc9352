"""Measures Weir against yardsticks in one run of interleaved rounds; prints a table, writes JSON.

Every ratio is of medians over the rounds. Processor time is the kernel's accounting of the measured
process alone, all its threads, on a processor of its own; broker and generator share another one.
Machines are noisy: believe the ratios, not the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ in the checkout
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))  # its log and its oracle

from benchlib import (  # noqa: E402
    aggregator,
    calls,
    codec,
    goals,
    kills,
    latency,
    machine,
    memory,
    neighbour,
    peers,
    processor,
    server,
    sinks,
)
from benchlib.burst import ProduceLoop  # noqa: E402
from support.ports import free_ports  # noqa: E402

PARTS = ("processor", "latency", "memory", "neighbour", "calls", "aggregator")
# Not by themselves: other programs are fetched and built first, which takes minutes.
PEERS = ("peers", "sinks", "kills")
STORES = {"aggregator", "sinks", "kills"}  # the parts that need a store
TOPIC = "telemetry.raw"


def parts_of(text: str) -> list[str]:
    wanted = text.split(",")
    for name in wanted:
        if name not in (*PARTS, *PEERS):
            known = ", ".join((*PARTS, *PEERS))
            raise argparse.ArgumentTypeError(f"no part '{name}' (there are: {known})")
    return wanted


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", type=Path, default=Path("build/gcc"), help="tree with bin/, bench/")
    p.add_argument("--only", type=parts_of, default=list(PARTS), help=", ".join((*PARTS, *PEERS)))
    p.add_argument("--peers", action="store_true", help="measure peers too")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=int, default=2, help="of one burst")
    p.add_argument("--readings", type=int, default=100000, help="the aggregator's backlog")
    p.add_argument("--json", type=Path, default=Path("build/bench.json"))
    args = p.parse_args()
    args.only = set(args.only) | set(PEERS if args.peers else ())
    return args


def stack(*words: str, env: dict[str, str]) -> None:
    command = machine.pinned(machine.OTHERS, [str(machine.ROOT / "tools/stack"), *words])
    subprocess.run(command, env=os.environ | env, check=True, stdout=subprocess.DEVNULL)


class Bench:
    def __init__(self, args: argparse.Namespace, env: dict[str, str]) -> None:
        self.args, self.env = args, env
        self.rows: list[goals.Row] = []
        self.capacity = 0.0

    def measure_ingest(self, wanted: set[str]) -> None:
        args, build = self.args, self.args.build
        ingest = server.ingest(build, self.env)
        produce = ProduceLoop(build, self.env["KAFKA_BOOTSTRAP_SERVERS"], TOPIC)
        try:
            alone = codec.measure(build)
            # Half capacity is of this run too, so latency alone has to look for it.
            if wanted & {"processor", "latency"}:
                self.say("processor time")
                rounds = processor.measure(build, ingest, produce, args)
                self.rows += processor.rows(rounds, alone["decode_ns"] / 1000) + codec.rows(alone)
                print(processor.figures(rounds, [ingest]), flush=True)
            if "latency" in wanted:
                self.say("latency")
                half = rounds.rate("ingest single") / 2
                played = latency.play(build, ingest, produce, half, args)
                self.rows += latency.rows(played, half, alone["decode_ns"] / 1000)
            if "neighbour" in wanted:
                self.say("one noisy device")
                self.rows += neighbour.measure(build, ingest, args)
            if "calls" in wanted:
                self.say("system calls")
                self.rows += calls.measure(ingest)
            if "peers" in wanted:
                self.say("peers")
                self.rows += peers.measure(ingest, self.env["KAFKA_BOOTSTRAP_SERVERS"], TOPIC, args)
        finally:
            ingest.stop()

    def say(self, what: str) -> None:
        print(f"bench: {time.monotonic() - self.started:4.0f} s  {what}", flush=True)

    def measure(self) -> None:
        self.started = time.monotonic()
        wanted = self.args.only
        if wanted - STORES - {"memory"}:
            self.measure_ingest(wanted)
        if "memory" in wanted:
            self.say("memory")
            seconds = float(os.environ.get("BENCH_MEMORY_SECONDS", "15"))
            self.rows += memory.measure(self.args.build, self.env, seconds)
        if "aggregator" in wanted:
            self.say("the aggregator")
            args = self.args
            self.rows += aggregator.measure(args.build, self.env, args.readings, args.rounds)
        if "sinks" in wanted:
            self.say("from the log to the store, beside others")
            self.rows += sinks.measure(self.args.build, self.env, self.args)
        if "kills" in wanted:
            self.say("kill -9")
            self.rows += kills.measure(self.args.build, self.env)


def tell(rows: list[goals.Row], figures: Path) -> None:
    print("\n" + goals.table(rows))
    figures.write_text(json.dumps(goals.as_json(rows), indent=1) + "\n")
    print(f"\nfigures in {figures}")


def main() -> int:
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then too
    shutil.rmtree(machine.RUN, ignore_errors=True)
    machine.RUN.mkdir()
    kafka, store = free_ports(2)
    env = {"WEIR_RUN": str(machine.RUN), "KAFKA_PORT": str(kafka), "STORE_PORT": str(store)}
    daemon = {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka}",
        "MONGO_URL": f"mongodb://127.0.0.1:{store}",
        "MONGOC_DISABLE_SHM": "1",
    }
    services = ["kafka", "store"] if STORES & args.only else ["kafka"]
    bench = Bench(args, daemon)
    try:
        stack("up", "--only", ",".join(services), env=env)
        bench.measure()
    except AssertionError as missing:  # of support.wait
        raise SystemExit(f"bench: {missing}") from missing
    finally:
        stack("down", env=env)
        shutil.rmtree(machine.RUN / "data", ignore_errors=True)
        tell(bench.rows, args.json)  # what was measured before a part failed, too
    return 0


if __name__ == "__main__":
    sys.exit(main())
