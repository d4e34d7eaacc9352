"""Sending twice never counts twice."""

from __future__ import annotations

from support.client import ingest, need_route, post_readings
from support.oracle import Oracle
from support.readings import keyed_id, now_ms, reading, reading_id
from support.stack import Stack


def duplicates(oracle: Oracle) -> int:
    return sum(row["duplicate"] for row in oracle.ledger().values())


def counts(oracle: Oracle, device: str) -> dict[str, int]:
    return {row["sensor_type"]: row["count"] for row in oracle.windows(device)}


def test_twice_and_again_later(stack: Stack, oracle: Oracle, device: str) -> None:
    oracle.wait_aggregated()
    before = duplicates(oracle)
    item = reading(device, now_ms())
    ingest(stack, [item, item])
    oracle.wait_aggregated()
    ingest(stack, [item, reading(device, now_ms() - 7_200_000), item])
    oracle.check()
    assert len(oracle.raw(device)) == 2
    assert {row["count"] for row in oracle.windows(device)} == {1}
    assert duplicates(oracle) == before + 3


def test_twice_in_one_batch_and_in_two(stack: Stack, oracle: Oracle, device: str) -> None:
    need_route(f"{stack.ingest}/api/v1/readings")
    oracle.wait_aggregated()
    before = duplicates(oracle)
    item = reading(device, now_ms())
    for body in ([item, item], item, [item, reading(device, now_ms() - 7_200_000)]):
        assert post_readings(stack, body).status_code == 202
    oracle.check()
    assert len(oracle.raw(device)) == 2
    assert {row["count"] for row in oracle.windows(device)} == {1}
    assert duplicates(oracle) == before + 3


def test_before_and_after_a_crash_of_the_aggregator(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    start = now_ms() - 1000
    items = [reading(device, start + i, seq=i) for i in range(50)]
    ingest(stack, items)
    oracle.wait_aggregated()
    stack.kill("aggregator")
    ingest(stack, items)
    stack.start("aggregator")
    ingest(stack, items[10:20])
    oracle.check()
    assert len(oracle.raw(device)) == 50
    assert sum(row["count"] for row in oracle.windows(device)) == 100  # two sensors


def test_the_id_is_the_one_of_the_contract(stack: Stack, oracle: Oracle, device: str) -> None:
    ts = now_ms()
    ingest(stack, [reading(device, ts), reading(device, ts, seq=42)])
    oracle.wait_aggregated()
    assert oracle.raw(device).keys() == {reading_id(device, ts), reading_id(device, ts, 42)}


def test_the_answer_names_the_id(stack: Stack, device: str) -> None:
    need_route(f"{stack.ingest}/api/v1/readings")
    ts = now_ms()
    answer = post_readings(stack, reading(device, ts, seq=42))
    assert answer.status_code == 202
    wanted = {"accepted": 1, "rejected": 0, "id": reading_id(device, ts, 42)}
    assert answer.json() == wanted


def test_seq_tells_two_readings_of_one_millisecond_apart(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    ts = now_ms()
    ingest(stack, [reading(device, ts, seq=1), reading(device, ts, seq=2)])
    oracle.check()
    assert len(oracle.raw(device)) == 2
    assert counts(oracle, device) == {"temperature_c": 2, "humidity": 2}


def test_an_idempotency_key_holds_without_a_time(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    item = {"device_id": device, "temperature_c": 20.5, "humidity": 50}
    key = f"retry-{device}"
    for _ in range(3):
        ingest(stack, item, **{"Idempotency-Key": key})
    oracle.check()
    assert oracle.raw(device).keys() == {keyed_id(device, key)}
    ingest(stack, item)  # without a key it is another reading each time
    ingest(stack, item)
    oracle.check()
    assert len(oracle.raw(device)) == 3


def test_of_two_contents_of_one_id_the_first_stays(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    ts = now_ms()
    ingest(stack, [reading(device, ts, 20), reading(device, ts, 30)])
    oracle.check()
    (document,) = oracle.raw(device).values()
    assert document["temperature_c"] == 20
    (window,) = [w for w in oracle.windows(device) if w["sensor_type"] == "temperature_c"]
    assert (window["count"], window["max"]) == (1, 20)
