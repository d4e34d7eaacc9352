"""What must be true when everything is whole again, from the log and the store alone."""

from __future__ import annotations

from collections import Counter, defaultdict

from support.load import Load, check_delivery
from support.log import DLQ, RAW, Log, Record
from support.weirctl import Operator
from support.oracle import AGGREGATOR_GROUP, Oracle
from support.readings import id_of
from support.wait import wait_until

Place = tuple[int, int]  # partition and offset
VERDICTS = ("stored", "duplicate", "dead", "gap")


def check_all(oracle: Oracle, loads: list[Load], prefix: str, since: dict) -> dict[str, int]:
    """Returns how much there was to check."""
    oracle.wait_aggregated(180)
    wait_committed(oracle)
    for load in loads:
        check_delivery(load, oracle.raw(load.prefix))
    oracle.check_windows()
    oracle.check_rollups()
    records = oracle.log.read(RAW)
    raw = oracle.raw("")
    check_accounts(oracle, records, raw)
    check_letters(oracle.log, {place(record) for record in records if is_poison(record)})
    oracle.check_conservation()
    oracle.check_alerts(prefix, since)
    Operator(oracle.stack).must(0, "verify")  # what an operator is told is the same
    return {
        "accepted": sum(load.accepted() for load in loads),
        "records": len(records),
        "stored": len(raw),
        "poison": sum(map(is_poison, records)),
    }


def wait_committed(oracle: Oracle) -> None:
    """Progress: what the ledger has the group has too, before long."""

    def behind() -> dict[int, int]:
        committed = oracle.log.committed(AGGREGATOR_GROUP)
        ends = oracle.log.ends()
        return {p: end for p, end in ends.items() if committed.get(p, 0) < end}

    wait_until(lambda: not behind(), 60, lambda: f"not committed: {behind()}", 0.5)


def place(record: Record) -> Place:
    return record.partition, record.offset


def is_poison(record: Record) -> bool:
    return record.key is not None and record.key.startswith(b"poison-")


def check_accounts(oracle: Oracle, records: list[Record], raw: dict[str, dict]) -> None:
    """Each ledger is what one gets by walking the log and looking every record up in the store."""
    want: dict[int, Counter[str]] = defaultdict(Counter)
    origins = {key: (d["origin"]["p"], d["origin"]["o"]) for key, d in raw.items()}
    claimed: Counter[str] = Counter()
    for record in records:
        key = "" if is_poison(record) else id_of(record.json)
        assert not key or key in raw, f"lost: {place(record)} {key}"
        verdict = "dead" if not key else "stored" if origins[key] == place(record) else "duplicate"
        want[record.partition][verdict] += 1
        claimed[key] += verdict == "stored"
    strangers = [key for key in raw if claimed[key] != 1]
    assert not strangers, f"stored under an origin that does not hold them: {strangers[:3]}"
    for p, end in oracle.log.ends().items():
        if end == 0:
            continue
        row = oracle.ledger()[p]
        want[p]["gap"] = end - sum(want[p].values())
        have = {verdict: row[verdict] for verdict in VERDICTS}
        assert have == {verdict: want[p][verdict] for verdict in VERDICTS}, f"{p}: {row}, {want[p]}"


def check_letters(log: Log, poison: set[Place]) -> None:
    """Poison and nothing else, each at least once, and for what is wrong with it."""
    letters = [record.json for record in log.read(DLQ)]
    told = {(item["origin"]["partition"], item["origin"]["offset"]) for item in letters}
    assert told == poison, f"no letter: {list(poison - told)[:3]}, no poison: {list(told - poison)[:3]}"
    reasons = {(item["class"], item["failure_reason"]) for item in letters}
    blamed = [reason for kind, reason in reasons if kind != "poison" or "store" in reason]
    assert not blamed, f"letters for trouble that was not the record's: {blamed[:3]}"
