"""POST /api/v1/readings: batches, where each bad item is named and the good ones are taken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support.client import ingest, need_route, post_readings
from support.daemon import Daemon
from support.log import Log
from support.metrics_text import parse
from support.oracle import Oracle
from support.readings import now_ms, reading
from support.stack import Stack
from support.wait import wait_until

LINES = "application/x-ndjson"
MAX_ITEMS = 10_000


@pytest.fixture(autouse=True)
def _route(stack: Stack) -> None:
    need_route(f"{stack.ingest}/api/v1/readings")


@pytest.fixture
def added(stack: Stack) -> Iterator[list[int]]:
    """Put in how many records the test must add to the log; checked at its end."""
    log = Log(stack.kafka)
    before, wanted = sum(log.ends().values()), [0]
    yield wanted
    after = sum(log.ends().values())
    log.close()
    assert after - before == wanted[0]


def test_object_array_and_lines(stack: Stack, device: str, added: list[int]) -> None:
    items = [reading(device, now_ms() - i) for i in range(6)]
    lines = "\n".join(json.dumps(item) for item in items[3:]).encode()
    for body, kind, count in (
        (items[0], "application/json", 1),
        (items[1:3], "application/json", 2),
        (lines, "application/x-ndjson", 3),
    ):
        answer = post_readings(stack, body, kind)
        assert answer.status_code == 202, answer.text
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (count, 0)
    added[0] = 6


def test_a_problem_document_says_where_and_why(
    stack: Stack, device: str, added: list[int]
) -> None:
    answer = post_readings(stack, reading(device) | {"humidity": "48"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem.keys() >= {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert problem["status"] == 422
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert [error["pointer"] for error in problem["errors"]] == ["/humidity"]


def test_unknown_types_are_refused_here_and_ignored_there(
    stack: Stack, device: str, added: list[int]
) -> None:
    body = reading(device, name="kitchen")
    answer = post_readings(stack, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"
    ingest(stack, body)
    added[0] = 1


def test_a_mixed_batch_takes_the_good_and_names_the_bad(
    stack: Stack, device: str, added: list[int]
) -> None:
    items = [reading(device, now_ms() - i) for i in range(5)]
    items[1]["humidity"] = "wet"
    del items[3]["device_id"]
    answer = post_readings(stack, items)
    assert answer.status_code == 207
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (3, 2)
    places = [(error["index"], error["pointer"].rpartition("/")[2]) for error in body["errors"]]
    assert places == [(1, "humidity"), (3, "device_id")]
    assert all(error["code"] and error["detail"] for error in body["errors"])
    added[0] = 3


def test_lines_with_a_bad_one(stack: Stack, device: str, added: list[int]) -> None:
    lines = [json.dumps(reading(device)), "{oops", json.dumps(reading(device, now_ms() - 5))]
    answer = post_readings(stack, "\n".join(lines).encode(), "application/x-ndjson")
    assert answer.status_code == 207, answer.text
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert body["errors"][0]["index"] == 1
    assert body["errors"][0]["detail"].startswith("the item is not JSON: expected a key")
    added[0] = 2


def test_none_valid_is_422(stack: Stack, added: list[int]) -> None:
    assert post_readings(stack, [{"device_id": "bad-1"}, 7]).status_code == 422


def test_too_many_items(stack: Stack, added: list[int]) -> None:
    item = '{"device_id":"bad-1","temperature_c":1}'
    body = f"[{','.join([item] * (MAX_ITEMS + 1))}]".encode()
    lines = "\n".join([item] * (MAX_ITEMS + 1)).encode()
    for answer in (post_readings(stack, body), post_readings(stack, lines, LINES)):
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_many_items"
        assert "10000" in answer.json()["detail"]


def test_more_blank_lines_than_a_body_may_have(stack: Stack, added: list[int]) -> None:
    answer = post_readings(stack, b"\n" * 70_000, LINES)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"", LINES, 422),
        (b"\r\n  \n", LINES, 422),
        (b"7", "application/json", 422),
        (b"[7]", "application/json", 422),
    ],
)
def test_nothing_in_it(stack: Stack, added: list[int], body: bytes, kind: str, code: int) -> None:
    answer = post_readings(stack, body, kind)
    assert answer.status_code == code
    assert answer.json()["detail"]


def test_an_array_with_a_mistake_at_its_end_is_refused_whole(
    stack: Stack, device: str, added: list[int]
) -> None:
    good = json.dumps([reading(device, now_ms() - i) for i in range(50)])
    for bad in (good[:-1], good + "]", good[:-1] + ",]", good[:-2] + "]", good + "\n" + good):
        answer = post_readings(stack, bad.encode())
        assert answer.status_code == 400, answer.text
        assert "at byte " in answer.json()["detail"]


def test_blank_lines_count_for_the_index(stack: Stack, device: str, added: list[int]) -> None:
    text = f"\n\r\n{json.dumps(reading(device))}\r\n \n[1,2]\n{{oops\n"
    answer = post_readings(stack, text.encode(), LINES)
    assert answer.status_code == 207, answer.text
    assert [error["index"] for error in answer.json()["errors"]] == [4, 5]
    assert [error["code"] for error in answer.json()["errors"]] == ["not_an_object", "syntax"]
    added[0] = 1


def test_wrong_utf8_is_a_matter_of_its_line(stack: Stack, device: str, added: list[int]) -> None:
    bad = json.dumps(reading("@")).encode().replace(b"@", b"bad-\xff\xfe")
    good = json.dumps(reading(device)).encode()
    answer = post_readings(stack, b"\n".join([bad, good]), LINES)
    assert answer.status_code == 207, answer.text
    (error,) = answer.json()["errors"]
    assert (error["index"], error["code"]) == (0, "syntax")
    assert "UTF-8" in error["detail"]
    assert post_readings(stack, b"[" + bad + b"," + good + b"]").status_code == 400
    added[0] = 1


def test_a_hundred_errors_are_listed(stack: Stack, device: str, added: list[int]) -> None:
    items = [reading(device) if i == 77 else {"device_id": device} for i in range(151)]
    answer = post_readings(stack, items)
    assert answer.status_code == 207
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (1, 150)
    assert [error["index"] for error in body["errors"]] == [i for i in range(101) if i != 77]
    del items[77]
    answer = post_readings(stack, items)
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["accepted"], problem["rejected"]) == (0, 150)
    assert len(problem["errors"]) == 100
    assert problem["code"] and "150" in problem["detail"]
    added[0] = 1


def compact(device: str, ts_ms: int, value: int) -> str:
    return f'{{"device_id":"{device}","ts":{ts_ms},"x":{value}}}'


def test_order_within_a_device(stack: Stack, device: str, added: list[int]) -> None:
    name, start = f"order-{device[-8:]}", now_ms() - 60_000
    log = Log(stack.kafka)
    marks = log.ends()
    body = "\n".join(compact(name, start + i, i) for i in range(MAX_ITEMS)).encode()
    answer = post_readings(stack, body, LINES)
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"accepted": MAX_ITEMS, "rejected": 0}
    records = [r for r in log.read("telemetry.raw", marks) if r.key == name.encode()]
    log.close()
    assert len({record.partition for record in records}) == 1
    assert [record.json["x"] for record in records] == list(range(MAX_ITEMS))
    added[0] = MAX_ITEMS


def test_a_full_body_of_many_devices_is_stored(
    stack: Stack, oracle: Oracle, device: str, added: list[int]
) -> None:
    prefix, ts = f"many-{device[-8:]}", now_ms()
    items = [compact(f"{prefix}-{i % 1000:03}", ts - i, i) for i in range(MAX_ITEMS)]
    answer = post_readings(stack, f"[{','.join(items)}]".encode())
    assert answer.status_code == 202, answer.text
    added[0] = MAX_ITEMS
    oracle.check()
    names = {"$regex": f"^{prefix}-"}
    assert oracle.db.telemetry_raw.count_documents({"device_id": names}) == MAX_ITEMS
    assert len(oracle.db.telemetry_raw.distinct("device_id", {"device_id": names})) == 1000


def test_a_batch_that_can_never_fit_is_not_begun(
    stack: Stack, device: str, added: list[int]
) -> None:
    items = [reading(device, now_ms() - i) for i in range(11)]
    with Daemon(stack, "ingest", QUEUE_MESSAGES="10").start() as small:
        path = f"{small.url}/api/v1/readings"
        answer = requests.post(path, json=items, timeout=10)
        assert answer.status_code == 413, answer.text
        assert answer.json()["code"] == "batch_too_large"
        assert requests.post(path, json=items[1:], timeout=10).status_code == 202
    added[0] = 10


def test_too_many_sensors(stack: Stack, device: str, added: list[int]) -> None:
    body = reading(device) | {f"s{i}": i for i in range(33)}
    assert post_readings(stack, body).status_code == 422


def test_gzip_and_a_gzip_bomb(stack: Stack, device: str, added: list[int]) -> None:
    gzipped = {"Content-Encoding": "gzip"}
    good = gzip.compress(json.dumps(reading(device)).encode())
    assert post_readings(stack, good, **gzipped).status_code == 202
    bomb = gzip.compress(json.dumps(reading(device) | {"x": "x" * (4 << 20)}).encode())
    assert post_readings(stack, bomb, **gzipped).status_code == 413
    assert post_readings(stack, b"no gzip", **gzipped).status_code == 400
    for bad in (good[:-1], good + b"more", good[:20] + b"\0" + good[21:]):
        answer = post_readings(stack, bad, **gzipped)
        assert answer.status_code == 400, answer.text
        assert "gzip" in answer.json()["detail"]
    added[0] = 1


def test_gzip_is_for_every_route(stack: Stack, device: str, added: list[int]) -> None:
    ts = now_ms()
    items = [reading(device, ts - i) for i in range(500)]
    lines = "\n".join(json.dumps(item) for item in items).encode()
    two = gzip.compress(lines[:1000]) + gzip.compress(lines[1000:])
    answer = post_readings(stack, two, LINES, **{"Content-Encoding": "x-gzip"})
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] == 500
    body = gzip.compress(json.dumps(reading(device)).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = requests.post(f"{stack.ingest}/ingest", data=body, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    bad = requests.post(f"{stack.ingest}/ingest", data=body[:-2], headers=headers, timeout=10)
    assert bad.status_code == 400 and "gzip" in bad.json()["detail"]
    added[0] = 501


def test_a_batch_without_room_is_not_begun(
    stack: Stack, device: str, added: list[int]
) -> None:
    stack.needs_own("kafka")
    items = [reading(device, now_ms() - i) for i in range(10)]
    small = Daemon(stack, "ingest", QUEUE_MESSAGES="15")
    with small.start(), ThreadPoolExecutor(1) as pool:

        def waiting() -> float:
            samples = parse(requests.get(f"{small.url}/metrics", timeout=5).text)
            return sum(s.value for s in samples if s.name == "weir_producer_queue_messages")

        def post() -> requests.Response:
            return requests.post(f"{small.url}/api/v1/readings", json=items, timeout=15)

        assert post().status_code == 202
        stack.pause("kafka")
        try:
            first = pool.submit(post)
            wait_until(lambda: waiting() == 10, 4, "the first batch is not in flight")
            second = post()
            still = waiting()
        finally:
            stack.resume("kafka")
        assert (second.status_code, second.json()["code"]) == (503, "queue_full")
        assert int(second.headers["Retry-After"]) >= 1
        assert still == 10
        assert first.result(20).status_code == 202
    added[0] = 20


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "gzip, br", "zstd"])
def test_other_codings_are_named(
    stack: Stack, device: str, added: list[int], coding: str
) -> None:
    answer = post_readings(stack, reading(device), **{"Content-Encoding": coding})
    assert answer.status_code == 415
    assert "gzip" in answer.headers["Accept-Encoding"]
    assert "gzip" in answer.json()["detail"]


def test_wrong_kind_and_method(stack: Stack, added: list[int]) -> None:
    answer = post_readings(stack, b"{}", "text/html")
    assert answer.status_code == 415
    assert answer.headers["Content-Type"].startswith("application/problem+json")
