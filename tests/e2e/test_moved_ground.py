"""The ground moves under running daemons: more partitions, an empty store, another topic. A stack of its
own, and in this order, for each test leaves it changed."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from support import metrics_text
from support.client import ingest
from support.load import Load, check_delivery
from support.log import DLQ, RAW, produce
from support.oracle import Oracle, PositionMonitor
from support.readings import now_ms, reading
from support.stack import Stack
from support.wait import wait_until
from test_crash import wait_progress

GROUP = "aggregator_worker"


@pytest.fixture(scope="module")
def ground(request: pytest.FixtureRequest) -> Iterator[Stack]:
    run = Path(tempfile.mkdtemp(prefix="weir-ground-"))
    stack = Stack(run)
    stack.up()
    yield stack
    stack.down()
    if request.session.testsfailed:
        print(f"\nlogs and data of the moved ground: {run}")
    else:
        shutil.rmtree(run)


@pytest.fixture
def truth(ground: Stack) -> Iterator[Oracle]:
    oracle = Oracle(ground)
    yield oracle
    oracle.close()


def raise_partitions(stack: Stack, count: int) -> None:
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    for future in admin.create_partitions([NewPartitions(RAW, count)]).values():
        future.result(30)


def test_twice_as_many_partitions_change_no_result(
    ground: Stack, truth: Oracle, device: str
) -> None:
    letters = sum(truth.log.ends(DLQ).values())
    with Load(ground.ingest, device, devices=40) as load, PositionMonitor(ground):
        wait_progress(truth, GROUP)
        assert len(truth.log.partitions(RAW)) == 12
        raise_partitions(ground, 24)
        wait_until(
            lambda: any(p >= 12 and row["stored"] for p, row in truth.ledger().items()),
            60,
            lambda: f"readings in the new partitions: {truth.ledger()}",
            0.2,
        )
        produce(ground.kafka, [{"value": b"poison", "key": b"somebody", "partition": 20}])
        wait_progress(truth, GROUP)
        load.stop()
        truth.wait_aggregated()
    check_delivery(load, truth.raw(device))
    truth.check()
    # A device that changed its partition is one device: shares of both, in one window. It says once
    # more what it said first, of the time before it changed.
    said = sorted(((int(doc["ts"]), doc["device_id"]) for doc in truth.raw(device).values()))
    first = {name: ts_ms for ts_ms, name in reversed(said)}
    ingest(ground, [reading(name, ts_ms, seq=10**9) for name, ts_ms in first.items()])
    truth.wait_aggregated()
    truth.check()
    moved = [w for w in truth.windows(device) if len(w["src"]) > 1]
    assert moved, "no device changed its partition"
    assert sum(truth.log.ends(DLQ).values()) == letters + 1


def test_windows_that_a_crash_left_open_become_final(
    ground: Stack, truth: Oracle, device: str
) -> None:
    old = [reading(device, now_ms() - 1_200_000 + n * 60_000, 20 + n) for n in range(3)]
    produce(ground.kafka, [record(item) for item in old])
    truth.wait_aggregated()
    ground.kill("aggregator")
    assert [row["final"] for row in truth.windows(device)].count(False) >= 2
    ground.start("aggregator")
    wait_until(
        lambda: all(row["final"] for row in truth.windows(device)),
        60,
        lambda: f"final windows: {truth.windows(device)}",
    )
    assert all(row["late"] == 0 for row in truth.windows(device))


def test_an_emptied_store_is_filled_again(ground: Stack, truth: Oracle, device: str) -> None:
    with Load(ground.ingest, device, devices=8) as load:
        wait_progress(truth, GROUP)
        before = {i["name"] for i in truth.db.aggregated_data.list_indexes()}
        truth.client.drop_database("iotdb")
        wait_identity(truth)
        wait_progress_of_ledger(truth)
        load.stop()
        truth.wait_aggregated()
    check_delivery(load, truth.raw(device))
    assert {i["name"] for i in truth.db.aggregated_data.list_indexes()} == before
    assert {row["first"] for row in truth.ledger().values()} == {0}
    truth.check()
    log = (ground.run / "log" / "aggregator.log").read_text()
    assert "store_replaced" in log and "store_behind" in log
    assert metric(ground, "weir_store_replaced_total") == 1
    assert metric(ground, "weir_store_behind_readings_total") > 0


def test_a_store_emptied_in_the_night_is_filled_again(
    ground: Stack, truth: Oracle, device: str
) -> None:
    with Load(ground.ingest, device, devices=8) as load:
        wait_progress(truth, GROUP)
        ground.kill("aggregator")
        truth.client.drop_database("iotdb")
        ground.start("aggregator")
        wait_progress_of_ledger(truth)
        load.stop()
        truth.wait_aggregated()
    check_delivery(load, truth.raw(device))
    truth.check()


def wait_identity(truth: Oracle) -> None:
    wait_until(lambda: truth.db.meta.find_one("store") is not None, 30, "the store is set up again")


def wait_progress_of_ledger(truth: Oracle) -> None:
    wait_until(
        lambda: sum(row["stored"] for row in truth.ledger().values()) > 100,
        60,
        lambda: f"readings in new ledgers: {truth.ledger()}",
        0.2,
    )


def metric(stack: Stack, name: str) -> float:
    text = requests.get(f"{stack.url('aggregator')}/metrics", timeout=5).text
    return sum(s.value for s in metrics_text.parse(text) if s.name == name)


def record(item: dict) -> dict:
    return {"key": item["device_id"].encode(), "value": json.dumps(item).encode()}


def make_topic_anew(stack: Stack) -> None:
    """Whoever is first: the daemons create what is missing too."""
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    admin.delete_topics([RAW])[RAW].result(30)

    def created() -> bool:
        try:
            admin.create_topics([NewTopic(RAW, 24, 1)])[RAW].result(30)
        except KafkaException as error:
            return error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS and bool(
                admin.list_topics(RAW, timeout=10).topics[RAW].partitions
            )
        return True

    wait_until(created, 30, "the topic is there again")


def refusal(stack: Stack) -> str:
    try:
        answer = requests.get(f"{stack.url('aggregator')}/readyz", timeout=5)
    except requests.ConnectionError:
        return ""
    return "" if answer.status_code == 200 else answer.text


def test_a_topic_made_anew_is_not_read_into_the_old_store(
    ground: Stack, truth: Oracle, device: str
) -> None:
    """Its offsets mean other readings. Its end tells, and when it has grown past that, its records."""
    before = {p: row["next_offset"] for p, row in truth.ledger().items()}
    make_topic_anew(ground)
    few = [record(reading(device, now_ms(), 20, seq=n)) | {"partition": n} for n in range(24)]
    wait_until(lambda: fill(ground, few), 60, "the new topic takes records", 0.5)
    wait_refusal(ground, "ends at")
    assert fill(ground, [item for item in few for _ in range(before[item["partition"]])])
    wait_refusal(ground, "holds another record")
    ground.kill("aggregator")
    starting = ground.popen("start", "aggregator")  # which would wait for it to be ready
    wait_refusal(ground, "holds another record")
    starting.terminate()
    starting.communicate(timeout=20)
    assert {p: row["next_offset"] for p, row in truth.ledger().items()} == before
    assert not truth.raw(device)
    assert metric(ground, "weir_blocked_seconds") > 0


def wait_refusal(stack: Stack, words: str) -> None:
    def said() -> bool:
        return words in refusal(stack) and "made anew" in refusal(stack)

    wait_until(said, 90, lambda: f"{words!r} in {refusal(stack)!r}", 0.2)


def fill(stack: Stack, items: list[dict]) -> bool:
    try:
        produce(stack.kafka, items)
    except (KafkaException, AssertionError):
        return False
    return True
