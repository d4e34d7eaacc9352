"""The oracle itself: whatever is wrong in the store, it must see."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from support.client import ingest
from support.load import OK, Attempt, Load, Request, check_delivery
from support.log import ALERTS, produce
from support.oracle import Oracle
from support.readings import id_of, now_ms, reading
from support.stack import Stack

Change = Callable[[dict], dict | None]


def tamper(oracle: Oracle, name: str, where: dict, change: Change, check: Callable) -> None:
    """Changes (or removes) one document, expects the check to fail, and puts it back."""
    collection = oracle.db.get_collection(name)
    good = collection.find_one(where)
    assert good, where
    key = {"_id": good["_id"]}
    bad = change(dict(good))
    if bad is None:
        collection.delete_one(key)
    else:
        collection.replace_one(key, bad)
    try:
        with pytest.raises(AssertionError):
            check()
    finally:
        collection.replace_one(key, good, upsert=True)
    check()


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row | {"count": row["count"] + 1},
        lambda row: row | {"sum": math.nextafter(row["sum"], math.inf)},
        lambda row: row | {"min": row["max"]},
        lambda row: row | {"last": row["first"]},
        lambda row: row | {"average": row["average"] + 1e-9},
        lambda row: row | {"stddev": row["stddev"] * 1.01},
        lambda row: None,
    ],
    ids=["count", "sum", "min", "last", "average", "stddev", "missing"],
)
def test_it_sees_a_wrong_window(
    stack: Stack, oracle: Oracle, device: str, change: Change
) -> None:
    start = now_ms() // 60_000 * 60_000 - 60_000
    ingest(stack, [reading(device, start + i, 20 + i / 10) for i in range(5)])
    oracle.check()
    where = {"device_id": device, "sensor_type": "temperature_c"}
    tamper(oracle, "aggregated_data", where, change, oracle.check_windows)


def test_it_sees_a_window_of_no_reading(stack: Stack, oracle: Oracle, device: str) -> None:
    ingest(stack, reading(device))
    oracle.check()
    change = lambda row: row | {"sensor_type": "phantom"}  # noqa: E731
    tamper(oracle, "aggregated_data", {"device_id": device}, change, oracle.check_windows)


def test_it_sees_a_lost_reading(stack: Stack, oracle: Oracle, device: str) -> None:
    ingest(stack, reading(device))
    oracle.check()
    where = {"device_id": device}
    tamper(oracle, "telemetry_raw", where, lambda row: None, oracle.check_conservation)
    tamper(oracle, "telemetry_raw", where, lambda row: None, oracle.check_windows)


@pytest.mark.parametrize("field", ["first", "stored", "duplicate", "next_offset"])
def test_it_sees_a_wrong_account(stack: Stack, oracle: Oracle, device: str, field: str) -> None:
    ingest(stack, reading(device))
    oracle.check()
    change = lambda row: row | {field: row[field] + 1}  # noqa: E731
    where = {"next_offset": {"$gt": 0}}
    tamper(oracle, "ledger", where, change, oracle.check_conservation)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row | {"severity": "critical"},
        lambda row: row | {"count": row["count"] + 1},
        lambda row: row | {"status": "active"},
        lambda row: None,
    ],
    ids=["severity", "count", "status", "missing"],
)
def test_it_sees_a_wrong_alert(
    stack: Stack, oracle: Oracle, device: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = oracle.marks()
    start = now_ms() - 5000
    ingest(stack, [reading(device, start + i, value) for i, value in enumerate((55, 56, 20))])
    oracle.check_alerts(device, since)
    monkeypatch.setattr("support.oracle.ALERTS_DEADLINE_S", 0.1)
    tamper(
        oracle,
        "alerts",
        {"device_id": device},
        change,
        lambda: oracle.check_alerts(device, since),
    )


def test_it_sees_an_event_told_in_two_ways(stack: Stack, oracle: Oracle, device: str) -> None:
    since = oracle.marks()
    ingest(stack, reading(device, temperature=55))
    oracle.check_alerts(device, since)
    (event,) = [r for r in oracle.log.read(ALERTS, since[ALERTS])]
    repeat = {"topic": ALERTS, "key": event.key, "partition": event.partition}
    produce(stack.kafka, [repeat | {"value": event.value}])
    oracle.check_alerts(device, since)
    produce(stack.kafka, [repeat | {"value": event.value + b" "}])
    with pytest.raises(AssertionError, match="other contents"):
        oracle.check_alerts(device, since)


def test_it_sees_loss_and_phantoms_of_a_load() -> None:
    load = Load("http://127.0.0.1:1", "none", threads=1)
    sent = reading("none-0-0", seq=1)
    load.requests.append(Request(sent, [Attempt(OK, 200, 0.0, 0.0)]))
    check_delivery(load, {id_of(sent): sent})
    for stored in (
        {},
        {id_of(sent): sent, "phantom": sent},
        {id_of(sent): sent | {"humidity": 1}},
    ):
        with pytest.raises(AssertionError):
            check_delivery(load, stored)
