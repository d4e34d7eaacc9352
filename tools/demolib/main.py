"""The demo: ten seconds of a small fleet, then one table that has to add up."""

from __future__ import annotations

import argparse
import os
import sys
import time

import pymongo
from fleet import make_fleet, run_fleet
from proof import (
    DLQ,
    RAW,
    Freshness,
    Kafka,
    caught_up,
    dead_letters,
    ledger_totals,
    unaccounted,
    wrong_windows,
)

CATCH_UP_S = 60


class Table:
    """Lines of the result; remembers whether one did not add up."""

    def __init__(self) -> None:
        self.good = True

    def line(self, name: str, value: object, holds: bool = True, note: str = "") -> None:
        self.good = self.good and holds
        mark = " " if holds else "!"
        print(f" {mark} {name:<24} {value!s:>12}   {note}".rstrip())


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else float("nan")


def milliseconds(values: list[float]) -> str:
    parts = ", ".join(f"p{int(q * 100)} {quantile(values, q) * 1e3:.1f}" for q in (0.9, 0.99))
    return f"ms at the median ({parts})"


def show_progress(fraction: float, answered: int) -> None:
    if sys.stdout.isatty():
        bar = "#" * int(fraction * 30)
        print(f"\r   [{bar:<30}] {answered} answered", end="", flush=True)


def wait_until_caught_up(db, kafka: Kafka) -> bool:
    deadline = time.monotonic() + CATCH_UP_S
    while not caught_up(db, kafka):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def send(args, db):
    fleet = make_fleet(f"demo-{int(time.time())}", args.devices)
    answers: list = []
    freshness = Freshness(db.telemetry_raw, lambda: answers)
    freshness.start()
    journal = run_fleet(
        os.environ["INGEST_URL"], fleet, args.seconds, args.rate, show_progress, answers
    )
    freshness.done = True
    freshness.join(35)
    if sys.stdout.isatty():
        print("\r" + " " * 60 + "\r", end="")
    return fleet, journal, freshness.delays


def report(db, kafka, fleet, journal, delays, before, poisoned) -> bool:
    table = Table()
    devices = [d.name for d in fleet]
    accepted = len(journal.accepted())
    stored = db.telemetry_raw.count_documents({"device_id": {"$in": devices}})
    ledger = ledger_totals(db)
    duplicates = ledger["duplicate"] - before["ledger"]["duplicate"]
    windows, samples, wrong = wrong_windows(db, devices)
    opened = db.alerts.count_documents({"device_id": {"$in": devices}})
    resolved = db.alerts.count_documents({"device_id": {"$in": devices}, "status": "resolved"})
    hot = sum(d.kind == "hot" for d in fleet)
    reasons, whole = dead_letters(kafka, before["dlq"])
    refused = len(journal.answers) - accepted

    table.line("accepted", accepted, refused == 0, f"answered 200; {refused} not")
    table.line("stored", stored, stored + duplicates == accepted, "documents")
    table.line("duplicates dropped", duplicates, duplicates > 0, "stored + duplicates = accepted")
    table.line("windows", windows, wrong == 0, f"{wrong} differ from the ones recomputed from raw")
    table.line("total count in windows", samples, samples == 2 * stored, "two sensors a reading")
    table.line("alerts opened", opened, opened == hot, f"{hot} devices were too hot")
    table.line("alerts resolved", resolved, resolved == hot, "they cooled down again")
    table.line("dead letters", sum(reasons.values()), whole == poisoned, f"{poisoned} poison records")
    for reason, count in sorted(reasons.items()):
        table.line(f"  {reason}", count)
    missing = unaccounted(db, kafka)
    table.line("unaccounted", missing, missing == 0, "log - (stored + duplicate + dead + gap)")
    latency = [a.latency_s for a in journal.accepted()]
    table.line("answer", f"{quantile(latency, 0.5) * 1e3:.1f}", True, milliseconds(latency))
    table.line(
        "accepted to queryable", f"{quantile(delays, 0.5) * 1e3:.1f}", True, milliseconds(delays)
    )
    return table.good


def addresses() -> None:
    dashboard, ingest = os.environ["DASHBOARD_URL"], os.environ["INGEST_URL"]
    print()
    print("   It goes on running; `make down` ends it. To look at:")
    for url in (
        f"{dashboard}/devices",
        f"{dashboard}/alerts/recent",
        f"{dashboard}/stats",
        f"{ingest}/metrics",
        f"{os.environ['AGGREGATOR_URL']}/metrics",
    ):
        print(f"     {url}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--devices", type=int, default=40, help="size of the fleet (40)")
    parser.add_argument("--rate", type=float, default=5, help="readings a second for each (5)")
    parser.add_argument("--seconds", type=float, default=10, help="how long (10)")
    args = parser.parse_args()
    db = pymongo.MongoClient(os.environ["MONGO_URL"], tz_aware=True)[
        os.environ.get("MONGO_DB", "iotdb")
    ]
    kafka = Kafka(os.environ["KAFKA_BOOTSTRAP_SERVERS"])
    before = {"ledger": ledger_totals(db), "dlq": kafka.ends(DLQ)}

    print(f"\n   {args.devices} devices, {args.rate:g} readings a second each, {args.seconds:g} s")
    poisoned = kafka.poison()
    fleet, journal, delays = send(args, db)
    if not wait_until_caught_up(db, kafka):
        print(f" ! the pipeline has not caught up with {RAW} in {CATCH_UP_S} s")
        return 1
    good = report(db, kafka, fleet, journal, delays, before, poisoned)
    addresses()
    if not good:
        print("\n   Lines marked ! do not add up.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
