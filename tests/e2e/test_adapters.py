"""POST /telemetry and /status: the routes of the older systems, their names, answers and errors."""

from __future__ import annotations

import gzip
import json

import pytest
import requests

from support.oracle import Oracle
from support.readings import keyed_id, now_ms, parse_time_ms, reading_id, rfc3339
from support.stack import Stack

TELEMETRY = {"message": "Telemetry received successfully", "status": "data received"}


def post(stack: Stack, path: str, body: object, **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = {"Content-Type": "application/json"} | headers
    return requests.post(stack.ingest + path, data=data, headers=head, timeout=10)


def status(device: str, ts_ms: int, **fields: object) -> dict:
    body = {"device_id": device, "timestamp": rfc3339(ts_ms), "battery_level": 80}
    return body | {"rssi": -60, "online": True} | fields


def test_telemetry_by_either_name(stack: Stack, oracle: Oracle, device: str) -> None:
    ts = now_ms() - 10_000
    bodies = [
        {"source": device, "temperature": 1, "humidity_pct": 2},
        {"device_id": device, "temperature_c": 1, "humidity": 2},
        {"source": "gateway", "device_id": device, "temperature": 70, "temperature_c": 1}
        | {"humidity": 2, "status": "ok", "pressure": 990},
    ]
    for i, body in enumerate(bodies):
        answer = post(stack, "/telemetry", body | {"timestamp": rfc3339(ts + i)})
        assert answer.status_code == 200, answer.text
        assert answer.json() == TELEMETRY
    oracle.check()
    documents = oracle.raw(device)
    assert documents.keys() == {reading_id(device, ts + i) for i in range(3)}
    for document in documents.values():
        assert (document["temperature_c"], document["humidity"]) == (1, 2)
        assert "temperature" not in document and "status" not in document
    assert documents[reading_id(device, ts + 2)]["pressure"] == 990


def test_telemetry_may_lack_humidity_and_time(stack: Stack, oracle: Oracle, device: str) -> None:
    body = {"source": device, "temperature": 20.25}
    for _ in range(2):
        answer = post(stack, "/telemetry", body, **{"Idempotency-Key": "once"})
        assert answer.status_code == 200, answer.text
    oracle.check()
    ((key, document),) = oracle.raw(device).items()
    assert key == keyed_id(device, "once")
    assert document["temperature_c"] == 20.25 and "humidity" not in document


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("/telemetry", {"source": None}, "source"),
        ("/telemetry", {"source": ""}, "source"),
        ("/telemetry", {"temperature": "hot"}, "temperature"),
        ("/telemetry", {"humidity_pct": [1]}, "humidity_pct"),
        ("/telemetry", {"timestamp": "yesterday"}, "timestamp"),
        ("/status", {"battery_level": -1}, "battery_level"),
        ("/status", {"battery_level": 50.5}, "battery_level"),
        ("/status", {"rssi": "-60"}, "rssi"),
        ("/status", {"online": 1}, "online"),
        ("/status", {"timestamp": None}, "timestamp"),
    ],
)
def test_bad_values_are_named(
    stack: Stack, untouched: None, path: str, change: dict, field: str
) -> None:
    good = {"source": "bad-1", "timestamp": rfc3339(now_ms()), "temperature": 1, "humidity_pct": 2}
    body = (good if path == "/telemetry" else status("bad-1", now_ms())) | change
    answer = post(stack, path, body)
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", field]
    assert problem["type"] and problem["msg"].startswith(field)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/telemetry", ["device_id", "temperature_c"]),
        ("/status", ["device_id", "timestamp", "battery_level", "rssi", "online"]),
    ],
)
def test_what_is_missing_is_listed(
    stack: Stack, untouched: None, path: str, fields: list[str]
) -> None:
    answer = post(stack, path, {})
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert [problem["loc"] for problem in detail] == [["body", field] for field in fields]
    assert {problem["type"] for problem in detail} == {"missing"}


@pytest.mark.parametrize("path", ["/telemetry", "/status"])
def test_errors_have_the_shape_of_the_older_systems(
    stack: Stack, untouched: None, path: str
) -> None:
    for answer, code in (
        (post(stack, path, b"{oops"), 400),
        (post(stack, path, b"[]"), 422),
        (post(stack, path, {}, **{"Content-Type": "text/html"}), 415),
        (post(stack, path, {}, **{"Content-Encoding": "br"}), 415),
        (post(stack, path, b"x" * 50, **{"Content-Encoding": "gzip"}), 400),
        (requests.get(stack.ingest + path, timeout=10), 405),
    ):
        assert answer.status_code == code, answer.text
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.json().keys() == {"detail"}


def test_a_status_is_answered_as_it_is_kept(stack: Stack, oracle: Oracle, device: str) -> None:
    ts = now_ms() - 5000
    name = f'{device} "\u20ac'
    body = status(name, ts, rssi=-6e1, firmware="1.2")
    answer = post(
        stack,
        "/status",
        gzip.compress(json.dumps(body).encode()),
        **{"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 201, answer.text
    created = answer.json()
    assert abs(parse_time_ms(created.pop("created_at")) - now_ms()) < 60_000
    assert created == status(name, ts, id=reading_id(name, ts))
    oracle.check()
    shown = requests.get(
        f"{stack.dashboard}/status/{requests.utils.quote(name, safe='')}", timeout=10
    )
    assert shown.json() == answer.json()
