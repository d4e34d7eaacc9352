"""What `make bench PEERS=1` counts after its kills: it finds a loss, a double and a wrong window."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from support.client import ingest, post_readings
from support.log import RAW, Log
from support.oracle import Oracle
from support.readings import now_ms, reading
from support.stack import ROOT, Stack

sys.path.insert(0, str(ROOT / "tests/bench"))
from benchlib import account  # noqa: E402

NONE_WRONG = account.Account(readings=20, lost=0, doubled=0, surplus=0, strangers=0)
OURS: dict[str, Any] = {"projection": {"_id": 0}}


@pytest.fixture
def scratch(oracle: Oracle) -> Iterator[Database]:
    """A database as a peer fills it."""
    name = f"peer_{uuid.uuid4().hex[:8]}"
    yield oracle.client[name]
    oracle.client.drop_database(name)


@pytest.fixture
def sent(stack: Stack, oracle: Oracle, log: Log, device: str) -> dict[str, dict]:
    """Twenty readings as the log has them, one of them sent twice and one with a key of its own."""
    since, start = log.ends(), now_ms() // 60_000 * 60_000
    items = [reading(device, start + i * 7_000, 20 + i / 8, seq=i) for i in range(18)]
    items.append(reading(device, start))  # the time of the first, and no seq
    assert post_readings(stack, [*items, items[3]]).status_code == 202
    ingest(stack, {"device_id": device, "temperature_c": 1, "humidity": 2})
    oracle.wait_aggregated()
    return account.by_identity(record.json for record in log.read(RAW, since))


def test_what_was_stored_as_it_was_sent_is_right(
    oracle: Oracle, scratch: Database, sent: dict[str, dict], device: str
) -> None:
    of_device = {"device_id": device}
    scratch.telemetry_raw.insert_many(dict(item) for item in sent.values())
    assert account.of_documents(sent, scratch.telemetry_raw) == NONE_WRONG
    for name in ("telemetry_raw", "aggregated_data"):  # the same of our own documents
        scratch.drop_collection(name)
        scratch[name].insert_many(oracle.db[name].find(of_device, **OURS))
    assert account.of_documents(sent, scratch.telemetry_raw) == NONE_WRONG
    windows = account.of_windows(sent.values(), scratch.aggregated_data)
    assert windows.wrong == 0 and windows.all >= 4


def test_it_finds_a_loss_doubles_and_a_stranger(scratch: Database, sent: dict[str, dict]) -> None:
    documents = [dict(item) for item in sent.values()]
    lost, twice, thrice = documents.pop(), documents[0], documents[1]
    more = [twice, thrice, thrice, lost | {"key": "another"}]
    scratch.telemetry_raw.insert_many(dict(d) for d in [*documents, *more])
    found = account.of_documents(sent, scratch.telemetry_raw)
    assert found == account.Account(readings=20, lost=1, doubled=2, surplus=3, strangers=1)
    assert not found.exact


def test_it_finds_each_wrong_window(
    oracle: Oracle, scratch: Database, sent: dict[str, dict], device: str
) -> None:
    rows = list(oracle.db.aggregated_data.find({"device_id": device}, **OURS))
    for wrong in (
        [rows[0] | {"count": rows[0]["count"] + 1}, *rows[1:]],
        [rows[0] | {"sum": rows[0]["sum"] + 0.001}, *rows[1:]],
        rows[1:],
        [*rows, rows[0]],
        [*rows, rows[0] | {"sensor_type": "phantom"}],
    ):
        scratch.drop_collection("aggregated_data")
        scratch.aggregated_data.insert_many(dict(row) for row in wrong)
        assert account.of_windows(sent.values(), scratch.aggregated_data).wrong == 1
