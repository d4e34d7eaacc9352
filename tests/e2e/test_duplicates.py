"""Sending twice never counts twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support.client import ingest, need_route, post_readings
from support.metrics_text import parse
from support.oracle import Oracle
from support.readings import keyed_id, now_ms, reading, reading_id
from support.stack import Stack
from support.wait import wait_until


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


BATCH = 300


def crash_in_flight(stack: Stack, items: list[dict], headers: dict[str, str]) -> None:
    """The batch is on its way to a broker that does not answer when ingest is killed."""

    def queued() -> bool:
        samples = parse(requests.get(f"{stack.ingest}/metrics", timeout=5).text)
        waiting = [s.value for s in samples if s.name == "weir_producer_queue_messages"]
        return sum(waiting) >= len(items)

    with ThreadPoolExecutor(1) as pool:
        stack.pause("kafka")
        try:
            request = pool.submit(post_readings, stack, items, **headers)
            wait_until(queued, 4, "the batch is not in flight")
            stack.kill("ingest")
            with pytest.raises(requests.ConnectionError):
                request.result(10)
        finally:
            stack.resume("kafka")
    stack.start("ingest")


@pytest.mark.parametrize("stamped", [True, False], ids=["with times", "with a key"])
def test_a_batch_sent_again_after_crashes_of_ingest(
    stack: Stack, oracle: Oracle, device: str, stamped: bool
) -> None:
    start = now_ms() - 60_000
    if stamped:
        headers: dict[str, str] = {}
        items = [reading(f"{device}-{i % 7}", start + i) for i in range(BATCH)]
        wanted = {reading_id(item["device_id"], start + i) for i, item in enumerate(items)}
    else:
        headers = {"Idempotency-Key": device}
        items = [
            {"device_id": f"{device}-{i % 7}", "temperature_c": i, "humidity": 50}
            for i in range(BATCH)
        ]
        wanted = {keyed_id(item["device_id"], f"{device}/{i}") for i, item in enumerate(items)}
    crash_in_flight(stack, items, headers)
    crash_in_flight(stack, items, headers)
    for _ in range(2):
        answer = post_readings(stack, items, **headers)
        assert answer.status_code == 202, answer.text
    oracle.check()
    assert oracle.raw(device).keys() == wanted
