"""Kills, stops and cuts off real processes under load, and then counts.

usage: main.py [--faults N] [--seed N] [--stop-seconds N] [--scenario frozen-broker] [--keep]
Defaults: CHAOS_FAULTS or 60 faults, CHAOS_SEED or a new seed; whatever is stopped (SIGSTOP) stands
still for at most CHAOS_STOP_SECONDS or 9 s, and no other fault lasts longer either.
Ends with 0 when everything holds, 1 when not, 2 when it could not be tried."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ in the checkout
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from check import check_all  # noqa: E402
from confluent_kafka import KafkaException  # noqa: E402
from plan import Fault, plan  # noqa: E402
from support.load import swinging  # noqa: E402
from support.oracle import Oracle, PositionMonitor  # noqa: E402
from support.wait import let_pass, wait_until  # noqa: E402
from traffic import Devices, Poison  # noqa: E402
from yard import NotTried, Yard  # noqa: E402

RECOVERY_S = 60.0  # backoffs end after 30

# A broker that says nothing for longer than a delivery may take, and hardly any room to wait.
FROZEN_BROKER = [Fault("pause", "kafka", 7.0, 0.5, False, 0, "")]
TIGHT_INGEST = {"WORKERS": "1", "QUEUE_MESSAGES": "2", "DELIVERY_TIMEOUT": "2s"}


def say(text: object) -> None:
    print(text, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    env = os.environ.get
    parser.add_argument("--faults", type=int, default=int(env("CHAOS_FAULTS") or 60))
    parser.add_argument("--seed", type=int, default=int(env("CHAOS_SEED") or random.randrange(2**31)))
    parser.add_argument(
        "--stop-seconds", type=float, default=float(env("CHAOS_STOP_SECONDS") or 9)
    )
    parser.add_argument("--scenario", choices=("frozen-broker",))
    parser.add_argument("--keep", action="store_true", help="keep logs and data in any case")
    return parser.parse_args()


def replay(args: argparse.Namespace) -> str:
    what = f"--scenario {args.scenario}" if args.scenario else (
        f"--faults {args.faults} --seed {args.seed} --stop-seconds {args.stop_seconds:g}"
    )
    return f".deps/venv/bin/python tests/chaos/main.py {what}"


def suffer(yard: Yard, faults: list[Fault]) -> None:
    """One after the other; one that joins begins in the middle of the one before it."""
    begun = time.monotonic()
    number = 0
    while number < len(faults):
        group = faults[number : number + 1 + (number + 1 < len(faults) and faults[number + 1].joins)]
        for fault in group:
            number += 1
            say(f"{time.monotonic() - begun:6.1f} s  {number}/{len(faults)} {fault}")
            yard.begin(fault)
            let_pass(fault.lasts_s / len(group))
        for fault in group:
            yard.end(fault)
        let_pass(group[-1].gap_s)
        yard.check_alive()


def wait_for_progress(yard: Yard, loads: list[Devices]) -> None:
    """Readings are accepted; after a fault without help, and soon."""
    before = [load.accepted() for load in loads]
    wait_until(
        lambda: all(load.accepted() > n + 20 for load, n in zip(loads, before, strict=True)),
        RECOVERY_S,
        lambda: f"readings to be accepted: {yard.daemons['ingest'].tail()}",
    )


def first_marks(oracle: Oracle) -> dict:
    """Partitions that were made just now may have no leader yet."""
    found: dict = {}

    def told() -> bool:
        try:
            found.update(oracle.marks())
        except KafkaException:
            return False
        return True

    wait_until(told, RECOVERY_S, "every partition to have a leader", 0.5)
    return found


def begin(yard: Yard, loads: list[Devices]) -> None:
    """Before anything goes wrong: what does not work now is not what is tested here."""
    try:
        wait_for_progress(yard, loads)
    except AssertionError as error:
        raise NotTried(str(error)) from error


def torment(yard: Yard, faults: list[Fault], seed: int) -> dict[str, int]:
    oracle = Oracle(yard)
    since = first_marks(oracle)
    loads = [
        Devices(yard.url("ingest"), "calm", rate=60, seed=seed),
        Devices(yard.url("ingest"), "ill", make=swinging, threads=2, devices=2, rate=20, seed=seed),
    ]
    try:
        with PositionMonitor(yard), ExitStack() as traffic:
            for source in (*loads, Poison(yard)):
                traffic.enter_context(source)
            begin(yard, loads)
            suffer(yard, faults)
            wait_for_progress(yard, loads)
        return check_all(oracle, loads, "ill", since)
    finally:
        oracle.close()
        for load in loads:
            load.save(yard.run / f"{load.prefix}.ndjson")


def main() -> int:
    args = arguments()
    frozen = args.scenario == "frozen-broker"
    faults = FROZEN_BROKER if frozen else plan(args.seed, args.faults, args.stop_seconds)
    run = Path(tempfile.mkdtemp(prefix="weir-chaos-"))
    say(f"chaos: {len(faults)} faults, replay: {replay(args)}")
    begun = time.monotonic()
    wrong = None
    with Yard(run, **(TIGHT_INGEST if frozen else {})) as yard:
        try:
            found = torment(yard, faults, args.seed)
        except AssertionError as error:
            wrong = str(error) or repr(error)
    if not args.keep and (not wrong or os.environ.get("BREAKAGE")):
        shutil.rmtree(run)
    if wrong:
        say(f"chaos: BROKEN: {wrong[:4000]}")
        say(f"replay: {replay(args)}\nlogs and data, if kept: {run}")
        return 1
    text = ", ".join(f"{number} {name}" for name, number in found.items())
    say(f"chaos: {len(faults)} faults in {time.monotonic() - begun:.0f} s; holds: {text}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (AssertionError, NotTried) as error:
        say(f"chaos: it could not be tried: {error}")
        sys.exit(2)
