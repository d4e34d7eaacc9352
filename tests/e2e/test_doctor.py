"""weirctl doctor: all is well, or a line that says what is not and what to do."""

from __future__ import annotations

import json

import pytest
import requests

from support import metrics_text
from support.client import ingest
from support.weirctl import Operator
from support.oracle import Oracle
from support.readings import reading
from support.ports import free_port
from support.stack import DAEMONS, Stack
from support.wait import wait_until

WELL, BROKEN, LOOK = 0, 1, 3


@pytest.fixture
def operator(stack: Stack) -> Operator:
    operator = Operator(stack)
    for name in DAEMONS:
        operator.env[f"{name.upper()}_URL"] = stack.url(name)
    return operator


def examined(operator: Operator, status: int, *args: str, **env: str) -> dict[str, dict]:
    rows = operator.must(status, "doctor", "--json", *args, **env).splitlines()
    return {row["check"]: row for row in map(json.loads, rows)}


def test_a_whole_stack_is_well(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    ingest(stack, reading(device))
    oracle.wait_aggregated()
    oracle.wait_alerted()
    found = examined(operator, WELL)
    assert {row["grade"] for row in found.values()} == {"ok"}
    topics = {f"topic {t}" for t in ("telemetry.raw", "telemetry.dlq", "alerts.triggered")}
    store = {"store", "schema", "indexes", "ledgers", "clock", "disk"}
    lag = {"lag of weir-aggregator", "lag of weir-alerter"}
    assert found.keys() == {"kafka", *topics, *store, *lag, *(f"weir-{d}" for d in DAEMONS)}
    assert "0 broken" in operator.must(WELL, "doctor")


def test_what_is_away_is_named(operator: Operator, stack: Stack) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    found = examined(operator, BROKEN, ALERTER_URL=f"http://{nobody}")
    assert [c for c, row in found.items() if row["grade"] == "failed"] == ["weir-alerter"]
    assert found["weir-alerter"]["todo"]
    found = examined(operator, BROKEN, MONGO_URL=f"mongodb://{nobody}")
    assert [c for c, row in found.items() if row["grade"] == "failed"] == ["store"]
    found = examined(operator, BROKEN, KAFKA_BOOTSTRAP_SERVERS=nobody)
    assert [c for c, row in found.items() if row["grade"] == "failed"] == ["kafka"]


def test_what_deserves_a_look_is_no_failure(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    found = examined(operator, LOOK, TOPIC_PARTITIONS="24", ALERTS_TOPIC="no.such.topic")
    looked_at = {c for c, row in found.items() if row["grade"] == "warning"}
    assert looked_at == {"topic telemetry.raw", "topic telemetry.dlq", "topic no.such.topic"}
    found = examined(operator, LOOK, MONGO_DB="nobodys")
    assert found["schema"]["grade"] == found["indexes"]["grade"] == "warning"

    stack.stop("aggregator")
    ingest(stack, [reading(device) for _ in range(3)])
    found = examined(operator, BROKEN, "--max-lag", "1")
    assert found["lag of weir-aggregator"]["grade"] == "warning"
    assert found["weir-aggregator"]["grade"] == "failed"
    stack.start("aggregator")
    oracle.wait_aggregated()


def test_a_ledger_that_does_not_add_up_is_noticed(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    ingest(stack, reading(device))
    oracle.wait_aggregated()
    row = oracle.db.ledger.find_one({"next_offset": {"$gt": 0}})
    assert row
    oracle.db.ledger.update_one({"_id": row["_id"]}, {"$inc": {"gap": 1}})
    found = examined(operator, BROKEN)
    oracle.db.ledger.replace_one({"_id": row["_id"]}, row)
    assert found["ledgers"]["grade"] == "failed" and "weirctl verify" in found["ledgers"]["todo"]


# --- what the aggregator itself says of its ledgers ----------------------------------------------


def samples(stack: Stack) -> dict[tuple, float]:
    text = requests.get(f"{stack.url('aggregator')}/metrics", timeout=5).text
    return {(s.name, *dict(s.labels).values()): s.value for s in metrics_text.parse(text)}


def test_the_metrics_of_the_ledgers_are_those_of_the_store(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    same = reading(device)
    ingest(stack, [same, same])
    oracle.wait_aggregated()

    def stored() -> dict[str, float]:
        rows = oracle.ledger().values()
        return {s: sum(r[s] for r in rows) for s in ("stored", "duplicate", "dead", "gap")}

    def told() -> dict[str, float]:
        return {s: samples(stack)["weir_ledger_readings", s] for s in stored()}

    wait_until(lambda: told() == stored(), 10, lambda: f"{told()}, {stored()} in the store")
    assert stored()["stored"] >= 1 and stored()["duplicate"] >= 1
    assert samples(stack)["weir_unaccounted_readings",] == 0


def test_a_ledger_that_does_not_add_up_is_exported(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    """The aggregator takes what is stored for granted, and shows that it does not add up."""
    ingest(stack, reading(device))
    oracle.wait_aggregated()
    stack.stop("aggregator")
    row = oracle.db.ledger.find_one({"next_offset": {"$gt": 0}})
    assert row
    oracle.db.ledger.update_one({"_id": row["_id"]}, {"$inc": {"stored": -1}})
    stack.start("aggregator")
    wait_until(lambda: samples(stack)["weir_unaccounted_readings",] == 1, 20, "one unaccounted")
    stack.stop("aggregator")
    oracle.db.ledger.update_one({"_id": row["_id"]}, {"$inc": {"stored": 1}})
    stack.start("aggregator")
    wait_until(lambda: samples(stack)["weir_unaccounted_readings",] == 0, 20, "none unaccounted")
    oracle.check_conservation()
