"""Bad input: the right code, a reason that names the field, and no effect."""

from __future__ import annotations

import json

import pytest
import requests

from support.readings import now_ms, rfc3339
from support.stack import Stack

JSON = {"Content-Type": "application/json"}
GOOD = {"device_id": "bad-1", "temperature_c": 21.5, "humidity": 48.0}


def without(field: str) -> str:
    return json.dumps({name: value for name, value in GOOD.items() if name != field})


def having(**fields: object) -> str:
    return json.dumps(GOOD | fields)


def literal(field: str, text: str) -> str:
    """The field with a value that json.dumps would not write."""
    return having(**{field: "@"}).replace('"@"', text)


# (name, body, code, field named in the reason; None: it is about the whole body)
TABLE = [
    ("not json", "temperature is fine", 400, None),
    ("empty", "", 400, None),
    ("half a document", '{"device_id":"bad-1","temperature_c":2', 400, None),
    ("two documents", having() + having(), 400, None),
    ("single quotes", "{'device_id':'bad-1'}", 400, None),
    ("comment", having() + " // fine", 400, None),
    ("byte order mark", "\ufeff" + having(), 400, None),
    ("nan", literal("humidity", "NaN"), 400, None),
    ("infinity", literal("humidity", "-Infinity"), 400, None),
    ("leading zero", literal("humidity", "048"), 400, None),
    ("plus sign", literal("humidity", "+48"), 400, None),
    ("duplicate key", having()[:-1] + ',"humidity":1}', 400, "humidity"),
    ("2000 levels", literal("extra", "[" * 2000 + "]" * 2000), 400, None),
    ("lone surrogate", literal("device_id", r'"bad-\ud800"'), 400, None),
    ("escaped NUL", having(device_id="a\0b"), 400, "device_id"),
    ("raw NUL", literal("device_id", '"bad\0"'), 400, None),
    ("raw control", literal("device_id", '"bad\x01"'), 400, None),
    ("not utf-8", having().encode().replace(b"bad-1", b"bad-\xff\xfe"), 400, None),
    ("overlong utf-8", having().encode().replace(b"bad-1", b"bad-\xc0\xaf"), 400, None),
    ("1e400", literal("temperature_c", "1e400"), 422, "temperature_c"),
    ("humidity string", having(humidity="48"), 422, "humidity"),
    ("humidity null", having(humidity=None), 422, "humidity"),
    ("temperature bool", having(temperature_c=True), 422, "temperature_c"),
    ("temperature object", having(temperature_c={"v": 1}), 422, "temperature_c"),
    ("temperature array", having(temperature_c=[1]), 422, "temperature_c"),
    ("no temperature", without("temperature_c"), 422, "temperature_c"),
    ("no humidity", without("humidity"), 422, "humidity"),
    ("no device", without("device_id"), 422, "device_id"),
    ("device number", having(device_id=7), 422, "device_id"),
    ("device empty", having(device_id=""), 422, "device_id"),
    ("device too long", having(device_id="x" * 129), 422, "device_id"),
    ("device too long in bytes", having(device_id="\u20ac" * 43), 422, "device_id"),
    ("device control", having(device_id="a\nb"), 422, "device_id"),
    ("ts nonsense", having(ts="yesterday"), 422, "ts"),
    ("ts no such day", having(ts="2026-02-30T00:00:00Z"), 422, "ts"),
    ("ts bool", having(ts=True), 422, "ts"),
    ("timestamp nonsense", having(timestamp="10:00"), 422, "timestamp"),
    ("future", having(ts=rfc3339(now_ms() + 3_600_000)), 422, "ts"),
    ("lat without lon", having(lat=32.1), 422, "lon"),
    ("lon without lat", having(lon=34.9), 422, "lat"),
    ("lat range", having(lat=91, lon=0), 422, "lat"),
    ("lon range", having(lat=0, lon=-180.5), 422, "lon"),
    ("battery range", having(battery_level=101), 422, "battery_level"),
    ("battery fraction", having(battery_level=50.5), 422, "battery_level"),
    ("online number", having(online=1), 422, "online"),
    ("seq fraction", having(seq=1.5), 422, "seq"),
    ("array", "[" + having() + "]", 422, None),
    ("string", '"hello"', 422, None),
    ("null", "null", 422, None),
]


@pytest.mark.parametrize(("name", "body", "code", "field"), TABLE, ids=[row[0] for row in TABLE])
def test_ingest_refuses(
    stack: Stack, untouched: None, name: str, body: str | bytes, code: int, field: str | None
) -> None:
    data = body if isinstance(body, bytes) else body.encode()
    answer = requests.post(f"{stack.ingest}/ingest", data=data, headers=JSON, timeout=10)
    assert answer.status_code == code, answer.text
    detail = answer.json()["detail"]
    if code == 400:
        assert isinstance(detail, str) and detail
        assert field is None or field in detail
        return
    first = detail[0]
    assert first.keys() >= {"type", "loc", "msg"}, first
    assert first["msg"] and first["loc"][0] == "body"
    assert first["loc"] == (["body"] if field is None else ["body", field])


def test_all_problems_are_told_at_once(stack: Stack, untouched: None) -> None:
    body = {"device_id": "", "temperature_c": "x", "lat": 99, "lon": 0}
    answer = requests.post(f"{stack.ingest}/ingest", json=body, timeout=10)
    assert answer.status_code == 422
    places = {problem["loc"][-1] for problem in answer.json()["detail"]}
    assert places == {"device_id", "temperature_c", "humidity", "lat"}


def test_a_body_of_two_mebibytes_is_too_large(stack: Stack, untouched: None) -> None:
    body = having(filler="x" * (2 << 20)).encode()
    try:
        answer = requests.post(f"{stack.ingest}/ingest", data=body, headers=JSON, timeout=10)
    except requests.ConnectionError:
        # The server may answer and close before it has read it all; then ask as a careful client.
        headers = JSON | {"Content-Length": str(len(body)), "Expect": "100-continue"}
        answer = requests.post(f"{stack.ingest}/ingest", data=b"", headers=headers, timeout=10)
    assert answer.status_code == 413
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "code"),
    [
        ("POST", "/ingest", {"Content-Type": "text/xml"}, 415),
        ("POST", "/ingest", JSON | {"Content-Encoding": "br"}, 415),
        ("POST", "/nowhere", JSON, 404),
        ("POST", "/ingest/", JSON, 404),
        ("GET", "/ingest", {}, 405),
        ("DELETE", "/ingest", {}, 405),
    ],
)
def test_wrong_place_or_kind(
    stack: Stack, untouched: None, method: str, path: str, headers: dict[str, str], code: int
) -> None:
    data = having().encode() if method == "POST" else None
    answer = requests.request(
        method, stack.ingest + path, data=data, headers=headers, timeout=10
    )
    assert answer.status_code == code, answer.text
    assert answer.json()["detail"]
    if code == 405:
        assert "POST" in answer.headers["Allow"]
    if path != "/ingest":
        assert answer.headers["Content-Type"].startswith("application/problem+json")
