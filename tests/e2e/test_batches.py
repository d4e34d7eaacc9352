"""POST /api/v1/readings: batches, where each bad item is named and the good ones are taken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from support.client import ingest, need_route, post_readings
from support.log import Log
from support.readings import now_ms, reading
from support.stack import Stack


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
    added[0] = 2


def test_none_valid_is_422(stack: Stack, added: list[int]) -> None:
    assert post_readings(stack, [{"device_id": "bad-1"}, 7]).status_code == 422


def test_too_many_items(stack: Stack, added: list[int]) -> None:
    item = '{"device_id":"bad-1","temperature_c":1}'
    body = f"[{','.join([item] * 10_001)}]".encode()
    assert post_readings(stack, body).status_code in (413, 422)


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
    added[0] = 1


def test_wrong_kind_and_method(stack: Stack, added: list[int]) -> None:
    answer = post_readings(stack, b"{}", "text/html")
    assert answer.status_code == 415
    assert answer.headers["Content-Type"].startswith("application/problem+json")
