"""weirctl dlq: dead letters by cause, in full, and once more into the log, counted once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from support.log import RAW, produce
from support.weirctl import Operator
from support.oracle import Oracle
from support.readings import now_ms, reading
from support.stack import Stack
from support.wait import wait_until

HOUR = 3_600_000


@pytest.fixture
def operator(stack: Stack) -> Operator:
    return Operator(stack)


@pytest.fixture
def patient(stack: Stack) -> Iterator[Stack]:
    """Changes the aggregator's rules for a while."""
    yield stack
    stack.stop("aggregator")
    stack.start("aggregator")


def send(stack: Stack, oracle: Oracle, device: str, *values: bytes) -> list[tuple[int, int]]:
    places = produce(stack.kafka, [{"key": device.encode(), "value": v} for v in values])
    oracle.wait_aggregated()
    return places


def early(device: str) -> bytes:
    """Refused for its time, and only for that."""
    return json.dumps(reading(device, now_ms() + HOUR)).encode()


def wet(device: str, value: str) -> bytes:
    return json.dumps(reading(device) | {"humidity": value}).encode()


def test_causes_are_counted(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    send(stack, oracle, device, *(wet(device, f"w{n}") for n in range(3)), b"no json")
    rows = operator.rows(0, "dlq", "list", "--device", device)
    assert sorted(row["count"] for row in rows) == [1, 3]
    (three,) = (row for row in rows if row["count"] == 3)
    assert three["cause"].startswith("type: humidity") and three["first"] <= three["last"]
    (one,) = operator.rows(0, "dlq", "list", "--device", device, "--reason", "syntax")
    assert one["count"] == 1
    assert "type: humidity" in operator.must(0, "dlq", "list", "--device", device)
    assert not operator.rows(0, "dlq", "list", "--device", device, "--to", "-1h")


def test_a_letter_is_shown_in_full(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    value = b"\x00binary\xff" + device.encode()
    ((partition, offset),) = send(stack, oracle, device, value)
    (row,) = operator.rows(0, "dlq", "list", "--device", device, "--each")
    assert row["origin"] == f"{RAW}/{partition}/{offset}" and row["replays"] == 0
    page = operator.must(0, "dlq", "show", row["id"])
    assert f"{RAW}/{partition}/{offset}" in page and row["message"] in page
    assert "\x00" not in page
    assert json.loads(operator.must(0, "dlq", "show", row["id"], "--json"))["code"] == row["code"]
    text = operator.must(0, "dlq", "list", "--device", device, "--each")
    assert row["id"] in text and device in text
    assert "are not there" in operator.call("dlq", "show", "0/999999999").stderr


def test_a_replayed_reading_counts_once(
    operator: Operator, patient: Stack, oracle: Oracle, device: str
) -> None:
    send(patient, oracle, device, early(device))
    send(patient, oracle, device + "-other", early(device + "-other"))
    assert not oracle.raw(device)
    patient.stop("aggregator")
    patient.start("aggregator", MAX_FUTURE_SKEW="2h")
    dry = operator.rows(0, "dlq", "replay", "--device", device, "--dry-run")
    assert dry == [dry[0] | {"replayed": 1, "dry_run": True}]
    assert not oracle.raw_when_aggregated(device)
    for _ in range(3):
        (summary,) = operator.rows(0, "dlq", "replay", "--device", device)
        assert summary["replayed"] == 1
    (document,) = oracle.raw_when_aggregated(device).values()
    assert document["device_id"] == device and document["temperature_c"] == 21.5
    assert all(row["count"] == 1 for row in oracle.windows(device))
    oracle.check_conservation()
    operator.must(0, "verify")
    audit = list(oracle.db.audit.find({"details.device": device}))
    assert [row["result"]["replayed"] for row in audit] == [1, 1, 1]
    assert all(row["by"] and row["done_at"] >= row["at"] for row in audit)


def test_what_stays_poison_comes_back_and_is_given_up(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    ((partition, offset),) = send(stack, oracle, device, b"no json")
    arguments = "dlq", "replay", "--device", device, "--rounds", "2"
    for round_ in (1, 2):
        (summary,) = operator.rows(0, *arguments)
        assert (summary["replayed"], summary["superseded"]) == (1, round_ - 1)
        oracle.wait_aggregated()
        letters = operator.rows(0, "dlq", "list", "--device", device, "--each")
        assert sorted(row["replays"] for row in letters) == list(range(round_ + 1))
    (summary,) = operator.rows(0, *arguments)
    assert (summary["replayed"], summary["exhausted"]) == (0, 1)
    newest = max(letters, key=lambda row: row["replays"])
    assert f"weir-replay: 2 {RAW}/{partition}/{offset}" in operator.must(
        0, "dlq", "show", newest["id"]
    )
    oracle.check_conservation()


def test_the_rate_is_kept(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    send(stack, oracle, device, *(wet(device, f"w{n}") for n in range(30)))
    before = oracle.log.ends()
    (summary,) = operator.rows(0, "dlq", "replay", "--device", device, "--rate", "20")
    assert summary["replayed"] == 30
    replayed = [r for r in oracle.log.read(RAW, before) if r.key == device.encode()]
    assert len(replayed) == 30
    assert {r.headers["weir-replay"].split()[0] for r in replayed} == {b"1"}
    span_ms = max(r.timestamp for r in replayed) - min(r.timestamp for r in replayed)
    assert span_ms >= 1300, "30 records at 20 a second, two at a time"
    wait_until(
        lambda: sum(r["count"] for r in operator.rows(0, "dlq", "list", "--device", device)) == 60,
        10,
        "letters of the second round",
    )
