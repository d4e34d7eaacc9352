"""weirctl purge: one device and nothing else, and the accounts still add up."""

from __future__ import annotations

import hashlib
import json

import pytest

from support.client import ingest
from support.log import produce
from support.weirctl import Operator
from support.oracle import Oracle
from support.readings import now_ms, reading, rfc3339
from support.stack import Stack

MINUTE = 60_000
UNKNOWN = 3  # exit status
PLACES = "telemetry_raw", "aggregated_data", "devices", "alerts", "alert_state"


@pytest.fixture
def operator(stack: Stack) -> Operator:
    return Operator(stack)


def send_old(stack: Stack, device: str, count: int) -> None:
    """Readings of an hour ago, also by the time of their receipt; the first is an alert."""
    start = now_ms() - 60 * MINUTE
    messages = []
    for n in range(count):
        ts = start + n * 30_000
        body = reading(device, ts, 65.0 if n == 0 else 20.0 + n) | {"received_at": rfc3339(ts)}
        messages.append({"key": device.encode(), "value": json.dumps(body).encode()})
    produce(stack.kafka, messages)


def documents(oracle: Oracle, device: str) -> dict[str, int]:
    return {
        name: oracle.db[name].count_documents({"_id" if name == "devices" else "device_id": device})
        for name in PLACES
    }


@pytest.fixture
def fleet(stack: Stack, oracle: Oracle, device: str) -> tuple[str, str]:
    """One to be removed, and one with nearly the same name."""
    other = device + "0"
    send_old(stack, device, 8)
    send_old(stack, other, 8)
    oracle.wait_aggregated()
    oracle.wait_alerted()
    return device, other


def digest(device: str) -> str:
    return hashlib.sha256(device.encode()).hexdigest()


def test_one_device_goes_and_the_accounts_add_up(
    operator: Operator, oracle: Oracle, fleet: tuple[str, str]
) -> None:
    device, other = fleet
    there, others = documents(oracle, device), documents(oracle, other)
    assert there["telemetry_raw"] == 8 and there["aggregated_data"] >= 8 and there["devices"] == 1
    (dry,) = operator.rows(0, "purge", "--device", device, "--dry-run")
    assert {name: dry[name] for name in PLACES} == there and dry["dry_run"]
    assert documents(oracle, device) == there

    (done,) = operator.rows(0, "purge", "--device", device, "--yes")
    assert {name: done[name] for name in PLACES} == there and not done["dry_run"]
    assert not any(documents(oracle, device).values())
    assert documents(oracle, other) == others
    operator.must(0, "verify")

    operator.must(UNKNOWN, "purge", "--device", device, "--dry-run")

    (record,) = oracle.db.purges.find({"device": digest(device)})
    assert sum(record["origins"].values()) == 8 and record["state"] == "done"
    (audit,) = oracle.db.audit.find({"what": "purge", "details.device": digest(device)})
    assert audit["result"]["telemetry_raw"] == 8 and audit["result"]["outcome"] == "done"


def test_a_purge_that_ended_half_way_is_finished(
    operator: Operator, oracle: Oracle, fleet: tuple[str, str]
) -> None:
    device, _ = fleet
    operator.must(0, "purge", "--device", device, "--yes")
    oracle.db.purges.update_one({"device": digest(device)}, {"$set": {"state": "begun"}})
    (row, _) = operator.rows(3, "verify")
    assert (row["what"], row["stored"]) == ("purge", "begun")
    operator.must(0, "purge", "--device", device, "--yes")
    operator.must(0, "verify")


def test_a_device_that_comes_back_is_a_new_one(
    operator: Operator, stack: Stack, oracle: Oracle, fleet: tuple[str, str]
) -> None:
    device, _ = fleet
    operator.must(0, "purge", "--device", device, "--yes")
    ingest(stack, reading(device))
    oracle.wait_aggregated()
    assert documents(oracle, device)["telemetry_raw"] == 1
    operator.call("verify", "--device", device, "--repair")  # what was held of its last state
    operator.must(0, "verify")
    state = oracle.db.devices.find_one({"_id": device})
    assert state and state["counts"]["readings"] == 1


def test_what_is_not_meant_is_not_done(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    ingest(stack, reading(device))
    oracle.wait_aggregated()
    assert "cannot be undone" in operator.call("purge", "--device", device).stderr
    active = operator.call("purge", "--device", device, "--yes")
    assert active.returncode == 1 and "was heard of" in active.stderr, active
    assert documents(oracle, device)["telemetry_raw"] == 1


def test_an_unknown_device_is_told_so(operator: Operator, stack: Stack, oracle: Oracle) -> None:
    unknown = "nobody-ever-heard-of-it"
    for what in "--dry-run", "--yes":
        done = operator.call("purge", "--device", unknown, what)
        assert done.returncode == UNKNOWN and not done.stdout, done
        assert f'unknown device "{unknown}": nothing is stored of it' in done.stderr, done
        (row,) = operator.rows(UNKNOWN, "purge", "--device", unknown, what)
        assert not row["known"] and not any(row[name] for name in PLACES)
    assert not oracle.db.purges.find_one({"device": digest(unknown)})
    assert not oracle.db.audit.find_one({"details.device": digest(unknown)})

    produce(stack.kafka, [{"key": unknown.encode(), "value": b"poison"}])
    oracle.wait_aggregated()
    done = operator.call("purge", "--device", unknown, "--yes")
    assert done.returncode == UNKNOWN and "1 dead letters stay" in done.stdout, done
