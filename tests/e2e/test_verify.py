"""weirctl verify: silent when all is equal, and exact about every document that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from bson import ObjectId

from support.client import ingest
from support.load import Load, gentle
from support.weirctl import Operator
from support.oracle import Oracle
from support.readings import now_ms, reading, rfc3339
from support.ports import free_port
from support.stack import Stack
from support.wait import wait_until

MINUTE = 60_000
EQUAL, NOT_CHECKED, DIFFERS, REPAIRED = 0, 1, 3, 4


@pytest.fixture
def operator(stack: Stack) -> Operator:
    return Operator(stack)


@pytest.fixture
def start(stack: Stack, oracle: Oracle, device: str) -> Iterator[int]:
    """The device has readings in minutes that are over, and their windows are final, so that the
    aggregator has no reason to write them again; this is the beginning of the first."""
    start = now_ms() // MINUTE * MINUTE - 10 * MINUTE
    for minute in range(3):
        for n in range(4):
            ts = start + minute * MINUTE + n * 1000
            ingest(stack, reading(device, ts, 20.1 + n / 7, battery_level=50 + n))
    ingest(stack, reading(device, start + 6 * MINUTE))
    oracle.wait_aggregated()
    wait_until(lambda: all(w["final"] for w in oracle.windows(device)), 30, "final windows")
    assert len(oracle.windows(device)) == 3 * 3 + 2
    yield start
    oracle.check_windows()  # whatever a test has damaged is whole again
    oracle.check_conservation()


def test_equal_stores_are_told_so(operator: Operator, start: int) -> None:
    (summary,) = operator.rows(EQUAL, "verify")
    assert summary["differences"] == 0 and summary["readings"] >= 13
    assert summary["windows"] >= 11 and summary["devices"] >= 1 and summary["ledgers"] >= 1
    assert "all equal" in operator.must(EQUAL, "verify")


def test_part_of_it_is_enough(operator: Operator, start: int, device: str) -> None:
    (one,) = operator.rows(EQUAL, "verify", "--device", device)
    assert (one["readings"], one["windows"], one["devices"]) == (13, 11, 1)
    times = "--from", rfc3339(start + MINUTE + 500), "--to", str(start + MINUTE + 1500)
    (one,) = operator.rows(EQUAL, "verify", "--device", device, *times)
    assert (one["readings"], one["windows"], one["devices"]) == (4, 3, 0)


def damages(oracle: Oracle, device: str, start: int) -> dict[str, Callable[[], object]]:
    windows, devices = oracle.db.aggregated_data, oracle.db.devices
    ids = [f"temperature_c/{(start + n * MINUTE) // 1000}/{device}" for n in range(3)]
    stranger = f"pressure_hpa/{start // 1000}/{device}"

    def invent() -> None:
        row = windows.find_one({"_id": ids[0]})
        assert row
        windows.insert_one(row | {"_id": stranger, "sensor_type": "pressure_hpa"})

    return {
        f"window {device} temperature_c {rfc3339(start)}: average": lambda: windows.update_one(
            {"_id": ids[0]}, {"$set": {"average": 99.5}}
        ),
        f"window {device} temperature_c {rfc3339(start + MINUTE)}: document": lambda: (
            windows.delete_one({"_id": ids[1]})
        ),
        f"window {device} temperature_c {rfc3339(start + 2 * MINUTE)}: count": lambda: (
            windows.update_one({"_id": ids[2]}, {"$set": {"count": 3}})
        ),
        f"window {device} pressure_hpa {rfc3339(start)}: document": invent,
        f"device {device}: readings": lambda: devices.update_one(
            {"_id": device}, {"$set": {"acc.0.n": 12}}
        ),
    }


def test_each_difference_is_named_and_repaired(
    operator: Operator, oracle: Oracle, start: int, device: str
) -> None:
    wanted = damages(oracle, device, start)
    for damage in wanted.values():
        damage()
    *rows, summary = operator.rows(DIFFERS, "verify")
    assert {f"{r['what']} {r['where']}: {r['field']}" for r in rows} == wanted.keys()
    assert all(not row["repaired"] and row["stored"] != row["expected"] for row in rows)
    assert (summary["differences"], summary["repaired"]) == (5, 0)
    text = operator.must(DIFFERS, "verify", "--device", device)
    assert f"temperature_c {rfc3339(start)}: average: stored 99.5, expected 20.3" in text
    assert f"{rfc3339(start + MINUTE)}: document: stored nothing, expected one" in text

    *rows, summary = operator.rows(REPAIRED, "verify", "--repair")
    assert len(rows) == 5 and all(row["repaired"] for row in rows)
    assert operator.rows(EQUAL, "verify")[0]["differences"] == 0
    assert oracle.db.devices.find_one({"_id": device})["counts"]["readings"] == 13


def test_a_repair_does_not_disturb_the_aggregator(
    operator: Operator, stack: Stack, oracle: Oracle, start: int, device: str
) -> None:
    for damage in damages(oracle, device, start).values():
        damage()
    operator.must(REPAIRED, "verify", "--repair")
    for minute in range(3):
        ingest(stack, reading(device, start + minute * MINUTE + 30_000, 31.5))
    oracle.wait_aggregated()
    oracle.check_windows()
    operator.must(EQUAL, "verify")


def test_rollups_are_compared_with_their_sources(
    operator: Operator, oracle: Oracle, start: int, device: str
) -> None:
    hours, days = oracle.db.aggregated_1h, oracle.db.aggregated_1d
    key = {"device_id": device, "sensor_type": "humidity"}

    def counted() -> bool:
        return all(sum(r["count"] for r in c.find(key)) == 13 for c in (hours, days))

    def folded() -> bool:
        """All of it, and after the windows were written last: nothing is folded once more."""
        newest = [max(w["last_updated"] for w in oracle.windows(device))]
        for collection in (hours, days):
            newest += [max(r["last_updated"] for r in collection.find(key))]
        return newest == sorted(newest)

    told = lambda: f"rollups: {list(hours.find(key))}, {list(days.find(key))}"  # noqa: E731
    wait_until(lambda: counted() and folded(), 30, told)
    assert operator.rows(EQUAL, "verify")[0]["rollups"] >= 6
    hours.update_one(key, {"$set": {"average": 99.5}})
    hours.update_one(key | {"sensor_type": "temperature_c"}, {"$set": {"settled.late": 7}})
    days.update_one(key, {"$set": {"count": 12}})
    *rows, _ = operator.rows(DIFFERS, "verify", "--device", device)
    told = sorted((r["what"], r["field"]) for r in rows)
    assert told == [("day", "count"), ("hour", "average"), ("hour", "settled")]
    operator.must(REPAIRED, "verify", "--repair")
    operator.must(EQUAL, "verify")
    assert counted()


def test_a_lost_reading_is_missed(
    operator: Operator, oracle: Oracle, start: int, device: str
) -> None:
    row = oracle.db.telemetry_raw.find_one({"device_id": device, "battery_level": 50})
    assert row
    oracle.db.telemetry_raw.delete_one({"_id": row["_id"]})
    *rows, _ = operator.rows(DIFFERS, "verify")
    oracle.db.telemetry_raw.insert_one(row)
    told = {(r["what"], r["field"]) for r in rows}
    assert told == {("window", "count"), ("device", "readings"), ("ledger", "stored")}
    operator.must(EQUAL, "verify")


def test_foreign_documents_are_named(operator: Operator, oracle: Oracle, start: int) -> None:
    id_ = ObjectId()
    oracle.db.telemetry_raw.insert_one({"_id": id_, "device_id": "somebody", "ts": 1})
    *rows, _ = operator.rows(DIFFERS, "verify")
    oracle.db.telemetry_raw.delete_one({"_id": id_})
    assert [(r["what"], r["where"]) for r in rows] == [("reading", str(id_))]


def test_rollups_that_nobody_made_are_named(
    operator: Operator, oracle: Oracle, start: int, device: str
) -> None:
    oracle.wait_rolled_up()
    for what, collection in ("hour", oracle.db.aggregated_1h), ("day", oracle.db.aggregated_1d):
        row = collection.find_one({"device_id": device})
        assert row
        collection.insert_one(row | {"_id": f"copy of {row['_id']}"})
        told, _ = operator.rows(DIFFERS, "verify")
        collection.delete_one({"_id": f"copy of {row['_id']}"})
        assert (told["what"], told["where"]) == (what, f"copy of {row['_id']}")


def test_accounts_that_do_not_add_up(operator: Operator, oracle: Oracle, start: int) -> None:
    ledger = oracle.db.ledger
    row = ledger.find_one({"next_offset": {"$gt": 0}})
    assert row
    damage = {"duplicate": row["duplicate"] + 1}, {"next_offset": row["next_offset"] + 1000}
    for change in damage:
        ledger.update_one({"_id": row["_id"]}, {"$set": change})
        *rows, _ = operator.rows(DIFFERS, "verify", "--repair")  # an account is never made up
        ledger.replace_one({"_id": row["_id"]}, row)
        assert {(r["what"], r["where"], r["repaired"]) for r in rows} == {
            ("ledger", row["_id"], False)
        }
        assert "stored + duplicate + dead + gap" in {r["field"] for r in rows}
    assert rows[-1]["field"] == "next_offset" and "end of the log" in rows[-1]["expected"]


def test_what_is_being_written_is_never_wrong(
    operator: Operator, stack: Stack, oracle: Oracle, device: str
) -> None:
    with Load(stack.ingest, device, gentle) as load:
        for _ in range(4):
            operator.must(EQUAL, "verify")
        oracle.wait_aggregated()
    assert load.requests
    operator.must(EQUAL, "verify")


def test_not_checked_is_told_apart_from_equal(operator: Operator) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    away = operator.call("verify", KAFKA_BOOTSTRAP_SERVERS=nobody)
    assert away.returncode == NOT_CHECKED and "telemetry.raw" in away.stderr, away
    away = operator.call("verify", MONGO_URL=f"mongodb://{nobody}")
    assert away.returncode == NOT_CHECKED and "the store does not answer" in away.stderr, away
    away = operator.call("verify", TELEMETRY_TOPIC="no.such.topic")
    assert away.returncode == NOT_CHECKED and "no topic no.such.topic" in away.stderr, away
